//! The audit entries of passes: created here, stored by `audit`.

use std::collections::BTreeSet;

use super::Pass;
use crate::archive::{QueuedPass, Report, Stage, Tree};
use crate::audit::Audit;
use crate::clock::Now;
use crate::error::Error;
use crate::event::{Actor, AuditAction, Camera, Day, Entry, EventId, EventName, EventSelection, Item};
use crate::retention::Refusal;

/// A pass and each of its items, then what stays.
pub(super) fn of(pass: &Pass, by: Actor, left: Vec<Entry>) -> Vec<Entry> {
    let entries = pass.pass.as_ref().map(|name| {
        let of = |entry: Entry| Entry { pass: Some(name.clone()), undo_until: pass.undo_until.clone(), ..entry };
        let mut entries = vec![of(Entry { by, ..sums(&pass.items, "retired") })];
        entries.extend(pass.items.iter().map(|item| of(Entry::of(AuditAction::Item, item))));
        entries
    });
    let mut entries = entries.unwrap_or_default();
    entries.extend(left.into_iter().map(|entry| Entry { pass: pass.pass.clone(), ..entry }));
    entries
}

/// The totals of a pass.
fn sums(items: &[Item], done: &str) -> Entry {
    let count = items.iter().map(|item| item.count).sum();
    let days = items.len();
    let reason = format!(
        "{done} {count} {} of {days} {}",
        if count == 1 { "event" } else { "events" },
        if days == 1 { "day" } else { "days" }
    );
    let bytes = items.iter().map(|item| item.bytes).sum();
    Entry { count, bytes, ..Entry::new(AuditAction::Pass, reason) }
}

/// A refused plan: one of the rules, or one that a user tried to confirm.
pub(super) fn refused(id: &str, items: &[Item], refusal: &Refusal, by: Actor) -> Entry {
    Entry {
        by,
        pass: Some(id.to_owned()),
        guard: Some(refusal.guard.into()),
        count: items.iter().map(|item| item.count).sum(),
        bytes: items.iter().map(|item| item.bytes).sum(),
        ..Entry::new(AuditAction::Refused, refusal.message.clone())
    }
}

/// Whether an entry says that this event was removed in place.
pub(super) fn is_removal_of(entry: &Entry, id: &EventId) -> bool {
    entry.what == AuditAction::Removed
        && entry.camera.as_ref() == Some(&id.camera)
        && entry.day == Some(id.day)
        && entry.events == Some(EventSelection::Some(vec![id.name]))
}

/// Each item of a user's action on a pass: deleted, restored.
pub(super) fn by_hand(what: AuditAction, pass: Option<&str>, items: &[Item]) -> Vec<Entry> {
    let of = |item| Entry { pass: pass.map(str::to_owned), by: Actor::Hand, ..Entry::of(what, item) };
    items.iter().map(of).collect()
}

/// A user's action on one event.
pub(super) fn about(what: AuditAction, id: &EventId, reason: &str) -> Entry {
    Entry {
        camera: Some(id.camera.clone()),
        day: Some(id.day),
        events: Some(EventSelection::Some(vec![id.name])),
        count: 1,
        by: Actor::Hand,
        ..Entry::new(what, reason)
    }
}

/// A user's action on one event that failed.
pub(super) fn failed(id: &EventId, asked: &str, error: &Error) -> Entry {
    about(AuditAction::Failed, id, &format!("{asked}: {}", error.chain()))
}

/// Something of a pass's day that was to be restored and stays in the queue.
pub(super) fn left_of_day(camera: &Camera, day: Day, report: &Report) -> Entry {
    let name = report.path.file_name().and_then(|name| name.to_str()?.parse::<EventName>().ok());
    Entry {
        camera: Some(camera.clone()),
        day: Some(day),
        events: Some(name.map_or(EventSelection::All, |name| EventSelection::Some(vec![name]))),
        count: name.is_some().into(),
        by: Actor::Hand,
        ..Entry::new(AuditAction::Left, report.problem.clone())
    }
}

/// Something of an item that stays: the event that the report names, or the whole item.
pub(super) fn left(item: &Item, report: &Report, by: Actor) -> Entry {
    let name = report.path.file_name().and_then(|name| name.to_str()?.parse::<EventName>().ok());
    let about = match name {
        Some(name) => Item { events: EventSelection::Some(vec![name]), count: 1, bytes: None, ..item.clone() },
        None => item.clone(),
    };
    Entry { reason: report.problem.clone().into(), by, ..Entry::of(AuditAction::Left, &about) }
}

/// Records the waiting passes that are missing in the audit log: a crash came before their entries were written. What
/// is in the queue was retired; the manifest has the reason and the actor.
pub(super) fn found(audit: &Audit, tree: &Tree, passes: &[QueuedPass], now: Now) {
    let names: BTreeSet<&str> = passes.iter().map(|pass| pass.manifest.pass.as_str()).collect();
    for name in names.into_iter().filter(|name| !audit.has_pass(name)) {
        let parts = || passes.iter().filter(|pass| pass.manifest.pass == name);
        let Some(manifest) = parts().map(|part| &part.manifest).next_back() else { continue };
        let mut items = Vec::new();
        for part in parts() {
            match tree.retired_in(part) {
                Ok(found) => items.extend(found),
                Err(error) => tracing::warn!("{}", error.chain()),
            }
        }
        if items.is_empty() {
            continue; // it ended before anything was moved
        }
        let undo_until = &manifest.undo_until;
        let of = |entry: Entry| Entry { pass: Some(name.to_owned()), undo_until: undo_until.clone(), ..entry };
        if manifest.by == Actor::Hand {
            audit.note(now, by_hand(AuditAction::Deleted, Some(name), &items).into_iter().map(of));
            continue;
        }
        let by = if manifest.confirmed { Actor::Hand } else { manifest.by };
        let done = if parts().all(|part| part.stage == Stage::Retiring) {
            "cut off while it was made, and it cannot be put back yet; it holds"
        } else {
            "cut off before this was noted; it had retired"
        };
        let sums = of(Entry { by, ..sums(&items, done) });
        audit.note(now, std::iter::once(sums).chain(items.iter().map(|item| of(Entry::of(AuditAction::Item, item)))));
    }
}
