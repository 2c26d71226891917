//! What the watcher tells to whoever runs it, and asks of it.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::event::DayStamps;
use crate::scan::Summary;

/// How the archive is watched, for people to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By the kernel's notifications.
    Notify,
    /// By looking at this interval.
    Poll(Duration),
}

/// When what a look has found came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When the kernel first told of it; `None` where nobody did.
    pub noticed: Option<Instant>,
    /// The time on the directory that changed, in nanoseconds since 1970, where that can tell.
    pub changed: Option<i64>,
}

/// What the watcher tells to whoever runs it.
pub trait Observer: Send {
    /// The stamps by which a walk knows what is unchanged.
    fn known(&self) -> Result<DayStamps>;
    /// The way in which the archive is watched has changed.
    fn mode(&self, mode: Mode);
    /// Notifications were lost: everything is about to be looked at.
    fn overflowed(&self);
    /// A look at a directory brought changes, which have all been sent.
    fn seen(&self, seen: Seen);
    /// The recent days have been read for the first time.
    fn recent_done(&self);
    /// The archive cannot be looked at: its root is gone, or is another's.
    fn lost(&self, error: &Error);
    /// A reconcile has ended. If it went well, nothing is lost any more.
    fn reconciled(&self, result: &Result<Summary>);
}
