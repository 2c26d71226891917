//! Connects the watcher to the service.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::handle::Handle;
use super::status::Component;
use crate::error::{Error, Result};
use crate::event::DayStamps;
use crate::scan::Summary;
use crate::watch::{Mode, Observer, Seen};

/// What the watcher reports to the service and asks it for.
pub(super) struct WatchObserver(pub Arc<Handle>);

impl Observer for WatchObserver {
    fn known(&self) -> Result<DayStamps> {
        self.0.changes.flush()?;
        self.0.catalog.known()
    }

    fn mode(&self, mode: Mode) {
        self.0.status.set_mode(mode);
    }

    fn overflowed(&self) {
        self.0.counters.rescans.fetch_add(1, Ordering::Relaxed);
    }

    fn seen(&self, seen: Seen) {
        self.0.changes.send_seen(seen);
    }

    fn recent_done(&self) {
        if self.0.changes.flush().is_ok() {
            self.0.status.set(Component::Watch, None);
        }
    }

    fn reconciled(&self, result: &Result<Summary>) {
        match result {
            Ok(summary) => {
                self.0.status.set_summary(summary);
                self.0.counters.verify.set(summary.elapsed);
                self.0.counters.verifies.fetch_add(1, Ordering::Relaxed);
                self.0.status.set(Component::Watch, None);
                tracing::debug!("reconciled: {} events, {} days unchanged", summary.events, summary.unchanged_days);
            }
            Err(Error::Stopped) => {}
            Err(error) => self.lost(error),
        }
    }

    fn lost(&self, error: &Error) {
        self.0.status.set(Component::Watch, Some(&error.chain()));
    }
}
