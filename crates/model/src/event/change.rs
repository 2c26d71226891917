//! The news that flows from the disk to the catalog. Whoever sends one has just looked; nobody sends a guess.

use std::collections::{HashMap, HashSet};

use super::{Camera, Day, Details, EventId, EventName};

/// What identifies the state of a day directory's list of names: when it is as recorded, no event directory was added
/// to or taken from it. (What changes inside an event does not show here.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Modification time of the directory, nanoseconds since 1970.
    pub mtime: i64,
    /// Inode number.
    pub inode: u64,
}

/// All events of one day, as just listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayScan {
    /// Whose day.
    pub camera: Camera,
    /// Which day.
    pub day: Day,
    /// The directory as it was before it was listed; `None` if it was touched too recently for the stamp to prove
    /// anything (a change within the clock's tick leaves the same mtime).
    pub stamp: Option<Stamp>,
    /// Every event in it. What the catalog has beyond these is gone.
    pub events: Vec<(EventName, Details)>,
    /// Events that are there but could not be read this time: what is known of them stays.
    pub unread: Vec<EventName>,
    /// When all was read of every event that can be read, in seconds since 1970; `None` if less was read.
    pub measured_at: Option<i64>,
}

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A camera directory is there.
    Camera(Camera),
    /// A camera directory is not there any more.
    CameraGone(Camera),
    /// A day was listed.
    Day(DayScan),
    /// A day directory is not there any more.
    DayGone(Camera, Day),
    /// An event was read.
    Event(EventId, Details),
    /// An event's directory is not there any more.
    Gone(EventId),
}

/// What is known of the days from before: a day that is as recorded is passed over.
#[derive(Debug, Default)]
pub struct DayStamps {
    /// The stamp of each day, if it had one that proves anything, and its number of events.
    pub days: HashMap<(Camera, Day), (Option<Stamp>, u64)>,
    /// Days with events that were being written: they are measured, whatever their stamps.
    pub open_days: HashSet<(Camera, Day)>,
    /// Cameras that were there.
    pub cameras: Vec<Camera>,
    /// Whether today's and yesterday's days may be passed over too, because somebody else looks at them.
    pub covers_recent: bool,
}

impl DayStamps {
    /// The same, but no day is passed over. What is gone is still missed.
    pub fn without_stamps(mut self) -> Self {
        self.days.values_mut().for_each(|(stamp, _)| *stamp = None);
        self
    }
}
