//! Puts events back that were gathered from a store. The steps are numbered in `doc/stores.md`; those that touch the disk are in
//! the archive's `recall`.

use chrono::TimeDelta;
use serde::Serialize;

use super::manual::KEPT_DAYS;
use super::restored::RestoredDay;
use super::{Expirer, audit_entries};
use crate::archive::{Depth, Report};
use crate::error::Result;
use crate::event::{AuditAction, EventId};
use crate::fault::crash;
use crate::scan::Occasion;
use crate::time::rfc3339;

/// A day that is kept for nearly as long as it should be needs no new time: each is a write to the disk.
const NEARLY_HOURS: i64 = 1;

/// The result of putting an event back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recalled {
    /// Whether the archive did not have the event.
    pub is_new: bool,
    /// How many of its files are in the archive now that were not.
    pub files: u64,
    /// Until when no rule takes it, RFC 3339.
    pub kept_until: String,
    /// Files that could not be put back, and why; and what else could not be done.
    pub left: Vec<Report>,
}

impl Expirer {
    /// Puts an event in place that was gathered from `store`. Never overwrites. The day is kept as a restored one is.
    pub(crate) fn place_recalled(&self, id: &EventId, store: &str) -> Result<Recalled> {
        let _queue = self.tree.lock_queue();
        let (now, doubt) = self.clock.moment();
        let until = self.clock.undo_from(now.utc) + TimeDelta::days(KEPT_DAYS).max(self.undo_window);
        // Step 4: no pass from now on takes what comes back.
        if !self.restored.keeps(&id.camera, id.day, until - TimeDelta::hours(NEARLY_HOURS))? {
            let kept = RestoredDay { camera: id.camera.clone(), day: id.day, until };
            self.restored.add(&[kept], doubt.is_none().then_some(now))?;
        }
        crash("recall-4");
        let placed = {
            let _lock = self.scanner.day_locks.take(&id.camera, id.day);
            self.tree.place_recalled(id)
        };
        let placed = placed.inspect_err(|error| self.audit.note(now, [audit_entries::failed(id, "recall", error)]))?;
        // Flat files say only together which events there are.
        let scanned = if placed.is_flat {
            self.scanner.scan_day(&id.camera, id.day, Depth::Measure).map(drop)
        } else {
            self.scanner.scan_event(id, Occasion::Found).map(drop)
        };
        if let Err(error) = scanned {
            tracing::warn!("{}", error.chain()); // the next scan of the day updates the catalog
        }
        let kept_until = rfc3339(until);
        let reason = format!("recalled from the store {store}, {} files; kept until {kept_until}", placed.files);
        if placed.files > 0 {
            self.audit.note(now, [audit_entries::about(AuditAction::Restored, id, &reason)]);
        }
        tracing::info!(event = %id, store, files = placed.files, "recalled");
        Ok(Recalled { is_new: placed.is_new, files: placed.files, kept_until, left: placed.left })
    }
}
