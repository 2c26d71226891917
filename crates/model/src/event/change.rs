//! The changes that flow from the disk to the catalog. Each is the result of a scan, never a guess.

use std::collections::{HashMap, HashSet};

use super::{Camera, Day, Details, EventId, EventName};

/// Identifies the state of a day directory's list of names: while it is the same, no event directory was added or
/// removed. (It does not show changes inside an event.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Modification time of the directory, nanoseconds since 1970.
    pub mtime: i64,
    /// Inode number.
    pub inode: u64,
}

/// The recordings of a day that belong to no event: snapshots, timelapses, stills of other times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loose {
    /// The number of files.
    pub files: u64,
    /// The sum of their sizes; `None` if they were not measured.
    pub bytes: Option<u64>,
}

/// All events of one day, as just listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayScan {
    /// The camera.
    pub camera: Camera,
    /// The day.
    pub day: Day,
    /// The stamp of the directory before it was listed; `None` if it was modified too recently for the stamp to prove
    /// anything (a change within the clock's tick leaves the same mtime).
    pub stamp: Option<Stamp>,
    /// Every event in it. Other events of the catalog are gone.
    pub events: Vec<(EventName, Details)>,
    /// Events that exist but could not be read this time: their details stay.
    pub unread: Vec<EventName>,
    /// What belongs to no event. Known bytes of an earlier scan stay if this one did not measure.
    pub loose: Loose,
    /// When every readable event was read completely, in seconds since 1970; `None` if less was read.
    pub measured_at: Option<i64>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A camera directory exists.
    Camera(Camera),
    /// A camera directory is gone.
    CameraGone(Camera),
    /// A day was listed.
    Day(DayScan),
    /// The recordings of a day that belong to no event were counted.
    Loose(Camera, Day, Loose),
    /// A day directory is gone.
    DayGone(Camera, Day),
    /// An event was read.
    Event(EventId, Details),
    /// An event's directory is gone.
    Gone(EventId),
}

/// The stamps of days in the catalog: a walk skips a day with the same stamp.
#[derive(Debug, Default)]
pub struct DayStamps {
    /// The stamp of each day, if it had one that proves anything, and its number of events.
    pub days: HashMap<(Camera, Day), (Option<Stamp>, u64)>,
    /// Days with events that were being written: they are measured, whatever their stamps.
    pub open_days: HashSet<(Camera, Day)>,
    /// The cameras.
    pub cameras: Vec<Camera>,
    /// Whether today's and yesterday's days may be skipped too, because the watcher scans them.
    pub covers_recent: bool,
}

impl DayStamps {
    /// Like this, but no day is skipped. Days that are gone are still found.
    #[must_use]
    pub fn without_stamps(mut self) -> Self {
        self.days.values_mut().for_each(|(stamp, _)| *stamp = None);
        self
    }
}
