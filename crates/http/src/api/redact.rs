//! Removes what a user may not see from plans, passes, the delete queue and the audit log: other cameras, and data of the whole archive.
//! A pass without visible items is removed.

use std::collections::BTreeSet;

use crate::auth::Viewer;
use crate::engine::AuditPage;
use crate::event::Item;
use crate::protocol::{GuardStatus, Plan, Queue, Refusal, WaitingPass};

/// Replaces messages that may concern invisible cameras.
const REDACTED: &str = "concerns the whole archive; visible to users with access to all cameras";

fn keep(items: &mut Vec<Item>, viewer: &Viewer) {
    items.retain(|item| viewer.sees(&item.camera));
    for item in items {
        viewer.redact(&mut item.reason);
    }
}

/// The query of the catalog leaves out other cameras.
pub(super) fn audit(mut page: AuditPage, viewer: &Viewer) -> AuditPage {
    page.entries.iter_mut().for_each(|entry| viewer.redact_entry(entry));
    page
}

/// Removes passes without visible items. A pass with parts in several queues appears once, since the paths of its parts name cameras.
pub(super) fn queue(mut queue: Queue, viewer: &Viewer) -> Queue {
    if viewer.sees_all() {
        return queue;
    }
    let mut seen = BTreeSet::new();
    queue.passes.retain_mut(|pass| {
        keep(&mut pass.items, viewer);
        pass.path = None;
        pass.problem.iter_mut().for_each(|problem| REDACTED.clone_into(problem)); // it may name files of any camera
        !pass.items.is_empty() && seen.insert(pass.pass.clone())
    });
    queue.others.clear();
    queue
}

pub(super) fn plan(mut plan: Plan, viewer: &Viewer) -> Plan {
    if !viewer.sees_all() {
        keep(&mut plan.items, viewer);
        keep(&mut plan.kept, viewer);
        plan.alerts.clear();
        plan.wrong_date = None; // a user of some cameras cannot confirm it
        if let Some(held) = &mut plan.held {
            hide(held);
        }
    }
    plan
}

pub(super) fn guards(mut guards: Vec<GuardStatus>, viewer: &Viewer) -> Vec<GuardStatus> {
    if !viewer.sees_all() {
        guards.iter_mut().flat_map(|guard| &mut guard.message).for_each(|message| REDACTED.clone_into(message));
    }
    guards
}

pub(super) fn waiting(mut passes: Vec<WaitingPass>, viewer: &Viewer) -> Vec<WaitingPass> {
    if !viewer.sees_all() {
        passes.retain_mut(|pass| {
            keep(&mut pass.items, viewer);
            pass.refused.iter_mut().for_each(hide);
            !pass.items.is_empty()
        });
    }
    passes
}

fn hide(refusal: &mut Refusal) {
    REDACTED.clone_into(&mut refusal.message);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::auth::{Account, AccountKind, Role};
    use crate::event::Camera;

    fn user(cameras: Option<BTreeSet<Camera>>) -> Viewer {
        Viewer::new(Arc::new(Account { name: "anna".to_owned(), kind: AccountKind::User, role: Role::Viewer, cameras }))
    }

    /// Items whose sentences tell the archive's size: in words that no version of Owlery has used, without a type, and with one
    /// of a later version.
    fn items() -> Value {
        let item = |reason: &str, rule: Value| json!({"camera": "Camera1", "day": "2026-09-30", "events": "all", "count": 1, "bytes": 1, "reason": reason, "rule": rule});
        json!([
            item("there are 987 kB too many", json!({"kind": "archive-over", "limit": 987_000, "excess": 987_000})),
            item(
                "987 kB to go",
                json!({"kind": "free-space-under", "free": 987_000, "wanted": 987_001, "missing": 987_001})
            ),
            item("archive over 987 kB by 987 kB", Value::Null),
            item("a total of 987 kB", json!({"kind": "of-a-later-version", "size": 987_000})),
        ])
    }

    #[test]
    fn reworded_reasons_leak_no_size() {
        let refused = json!({"guard": "share", "message": "987"});
        let plan = json!({"items": items(), "kept": items(), "alerts": ["987"], "held": refused, "has_rule": true,
            "wrong_date": {"pass": "987", "items": items()}});
        let pass = json!({"pass": "p", "started": "s", "by": "rule", "undo_until": null, "items": items(), "path": "/987",
            "reaping": false, "problem": "987"});
        let queue = json!({"passes": [pass], "others": [{"path": "/987", "problem": "987"}]});
        let entries: Vec<Value> = items()
            .as_array()
            .unwrap()
            .iter()
            .zip(1..)
            .map(|(item, id)| {
                let mut entry = item.clone();
                let what = if id % 2 == 0 { "item" } else { "of-a-later-version" };
                entry.as_object_mut().unwrap().extend([
                    ("id".to_owned(), json!(id)),
                    ("at".to_owned(), json!("2026-11-21T10:00:00Z")),
                    ("what".to_owned(), json!(what)),
                ]);
                entry
            })
            .collect();
        let shown = |viewer: &Viewer| {
            let plan: Plan = serde_json::from_value(plan.clone()).unwrap();
            let queued = || serde_json::from_value::<Queue>(queue.clone()).unwrap();
            let passes = queued().passes.into_iter().map(WaitingPass::from).collect();
            let page = AuditPage { entries: serde_json::from_value(json!(entries)).unwrap(), next: None };
            json!([
                super::plan(plan, viewer),
                super::queue(queued(), viewer),
                waiting(passes, viewer),
                audit(page, viewer),
            ])
        };
        let limited = shown(&user(Some(["Camera1".parse().unwrap()].into()))).to_string();
        assert!(!limited.contains("987"), "{limited}");
        assert!(limited.matches("by a rule of the whole archive").count() >= 8, "{limited}");
        assert!(shown(&user(None)).to_string().matches("987").count() > 20);
    }
}
