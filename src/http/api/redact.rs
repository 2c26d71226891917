//! What of plans, passes, the delete queue and the audit exists for whoever asks. What is about other cameras is left out, and with it
//! what tells of the archive as a whole; a pass of which nothing is left is none.

use std::collections::BTreeSet;

use crate::catalog::AuditPage;
use crate::event::Item;
use crate::http::viewer::Viewer;
use crate::http::wire::{GuardWire, PlanWire, QueueWire, RefusalWire, WaitingWire};

/// Said in place of what concerns cameras that whoever asks does not see.
const MORE: &str = "this is about the whole archive; whoever sees all cameras is told more";

fn keep(items: &mut Vec<Item>, viewer: &Viewer) {
    items.retain(|item| viewer.sees(&item.camera));
    for item in items {
        viewer.cover(&mut item.reason);
    }
}

/// The catalog has left out what is of other cameras.
pub(super) fn audit(mut page: AuditPage, viewer: &Viewer) -> AuditPage {
    page.entries.iter_mut().for_each(|entry| viewer.cover(&mut entry.reason));
    page
}

/// The queue without the passes of which nothing is seen. One that lies in several queues is told once: where its parts lie
/// names cameras.
pub(super) fn queue(mut queue: QueueWire, viewer: &Viewer) -> QueueWire {
    if viewer.sees_all() {
        return queue;
    }
    let mut told = BTreeSet::new();
    queue.passes.retain_mut(|pass| {
        keep(&mut pass.items, viewer);
        pass.path = None;
        pass.problem.iter_mut().for_each(|problem| MORE.clone_into(problem)); // it may name files of any camera
        !pass.items.is_empty() && told.insert(pass.pass.clone())
    });
    queue.others.clear();
    queue
}

pub(super) fn plan(mut plan: PlanWire, viewer: &Viewer) -> PlanWire {
    if !viewer.sees_all() {
        keep(&mut plan.items, viewer);
        keep(&mut plan.kept, viewer);
        plan.alerts.clear();
        if let Some(held) = &mut plan.held {
            hide(held);
        }
    }
    plan
}

pub(super) fn guards(mut guards: Vec<GuardWire>, viewer: &Viewer) -> Vec<GuardWire> {
    if !viewer.sees_all() {
        guards.iter_mut().flat_map(|guard| &mut guard.message).for_each(|message| MORE.clone_into(message));
    }
    guards
}

pub(super) fn waiting(mut passes: Vec<WaitingWire>, viewer: &Viewer) -> Vec<WaitingWire> {
    if !viewer.sees_all() {
        passes.retain_mut(|pass| {
            keep(&mut pass.items, viewer);
            pass.refused.iter_mut().for_each(hide);
            !pass.items.is_empty()
        });
    }
    passes
}

fn hide(refusal: &mut RefusalWire) {
    MORE.clone_into(&mut refusal.message);
}
