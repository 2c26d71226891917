//! Handles passes whose making was interrupted by a crash or a failing disk: they are moved back into the archive,
//! since their contents were not compared. The next plan takes the expired days again.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use super::Expirer;
use crate::archive::{Depth, Report, RestoringPass};
use crate::event::{AuditAction, Entry, Interrupted, Item, Reason};

/// How long what cannot be moved back stays in the queue at least.
const MIN_RESTORE_TIME: TimeDelta = TimeDelta::hours(24);

impl Expirer {
    /// Moves back unfinished passes. Must be called before a pass is made, and before anything is reaped.
    pub(crate) fn recover(&self) {
        let _queue = self.tree.lock_queue();
        self.put_back_unfinished();
        if self.is_in_place_stuck.swap(false, Ordering::AcqRel) {
            self.has_in_place.store(true, Ordering::Release);
        }
        self.settle_in_place();
    }

    /// Like `recover`, for callers that hold the lock of the queue.
    pub(super) fn put_back_unfinished(&self) {
        let unfinished = match self.tree.unfinished_passes() {
            Ok(unfinished) => unfinished,
            Err(error) => return tracing::debug!("{}", error.chain()), // a missing root has no pass either
        };
        for pass in unfinished {
            let name = pass.name().to_owned();
            let (back, left) = self.put_back(pass);
            let events = back.iter().map(|item| item.count).sum::<u64>();
            tracing::warn!(pass = %name, "a pass was interrupted while it was made: {events} events are moved back");
            if let Some(first) = left.first() {
                tracing::error!(
                    pass = %name,
                    "a pass was interrupted and cannot be moved back as a whole; {} entries stay in the delete queue, \
                     the first: {}: {} (owlery queue lists the pass, `owlery restore` retries it)",
                    left.len(),
                    first.path.display(),
                    first.problem
                );
            }
        }
    }

    /// Tries every day, independently of the others. Returns what is in the archive again, and what is not.
    fn put_back(&self, mut pass: RestoringPass<'_>) -> (Vec<Item>, Vec<Report>) {
        let now = self.scanner.clock.now();
        let name = pass.name().to_owned();
        let (days, mut left) = pass.days();
        let mut back = Vec::new();
        for (camera, day) in days {
            let restored = {
                let _lock = self.scanner.day_locks.take(&camera, day);
                pass.restore_day(&camera, day)
            };
            left.extend(restored.left);
            back.extend(Item::restored(
                &camera,
                day,
                restored.events,
                Reason::PutBack { interrupted: Interrupted::Pass },
            ));
            if let Err(error) = self.scanner.scan_day(&camera, day, Depth::NamesOnly) {
                tracing::warn!("{}", error.chain()); // the next scan of the day updates the catalog
            }
        }
        let problem = (!left.is_empty()).then(|| {
            "it was interrupted while it was made, and this could not be moved back; `owlery restore` retries it"
                .to_owned()
        });
        left.extend(pass.finish(now.utc + MIN_RESTORE_TIME, problem).failures);
        if self.audit.has_pass(&name) {
            let of = |item: &Item| Entry { pass: Some(name.clone()), ..Entry::of(AuditAction::Restored, item) };
            self.audit.note(now, back.iter().map(of).collect::<Vec<_>>());
        }
        (back, left)
    }
}
