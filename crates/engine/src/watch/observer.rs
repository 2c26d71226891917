//! The interface between the watcher and its owner.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::event::DayStamps;
use crate::scan::Summary;

/// How the archive is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// With the kernel's notifications.
    Notify,
    /// By polling at this interval.
    Poll(Duration),
}

/// When the changes of a scan were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// When the kernel first notified of it; `None` without a notification.
    pub noticed: Option<Instant>,
    /// The modification time of the changed directory in nanoseconds since 1970, if it is meaningful.
    pub changed: Option<i64>,
}

/// Receives the watcher's reports, and provides its input.
pub(crate) trait Observer: Send {
    /// The stamps by which a walk recognizes unchanged days.
    fn known(&self) -> Result<DayStamps>;
    /// The mode has changed.
    fn mode(&self, mode: Mode);
    /// Notifications were lost: everything is about to be scanned.
    fn overflowed(&self);
    /// A scan of a directory found changes, which have all been sent.
    fn seen(&self, seen: Seen);
    /// The recent days have been read for the first time.
    fn recent_done(&self);
    /// The archive cannot be read: its root is gone, or is another archive's.
    fn lost(&self, error: &Error);
    /// A reconcile has ended. If it succeeded, nothing is lost any more.
    fn reconciled(&self, result: &Result<Summary>);
}
