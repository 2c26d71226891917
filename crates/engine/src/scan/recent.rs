//! State of recent events that decides whether they are over: which events Motion reported as ended, which of a
//! camera's events was written last, and when a time in the future was first seen. Kept in memory only; a restart begins without it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDateTime;

use crate::archive::{Measured, Report};
use crate::clock::Now;
use crate::event::state::MovieCheck;
use crate::event::{Camera, Details, EventId};

/// How long Motion's report of an event is remembered, in nanoseconds.
const REMEMBERED: i64 = 2 * DAY;
/// The time within which a copied event is written, in nanoseconds.
const COPY_TIME: i64 = 10_000_000_000;
/// How many copied events are remembered before old ones are forgotten.
const MAX_COPIED: usize = 4096;
/// In nanoseconds.
const DAY: i64 = 86_400_000_000_000;

/// Whether a time in the future is certainly wrong, even if a server's clock is some hours ahead: it is more than a day
/// ahead, in a day that is over. Otherwise what a wrong clock has written would be open until that time comes, which
/// may be years.
fn is_of_a_wrong_clock(id: &EventId, newest: i64, now: Now) -> bool {
    newest > now.nanos().saturating_add(DAY) && id.day.date() < now.yesterday()
}

/// Whether an event of a past day was copied to its place: it has frames, its movie is complete or was never written
/// to, and all of it was modified within a few seconds, as in a copy that kept no times. What Motion writes under a
/// wrong date differs: something in it is older than the rest, or it continues, or its movie is unfinished.
fn came_at_once(id: &EventId, details: &Details, measured: &Measured, now: Now) -> bool {
    let is_whole = details.frames.is_some_and(|frames| frames > 0)
        && matches!(measured.movie, None | Some(MovieCheck::Whole | MovieCheck::Blank));
    is_whole && id.day.date() < now.yesterday() && measured.newest.saturating_sub(measured.oldest) < COPY_TIME
}

/// How many logged messages are remembered; after that they may be repeated.
const MAX_LOGGED: usize = 10_000;

/// The state. Written and read by scanning threads, under one lock that is never held during I/O.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// Events with a marker in `queue/`, and its modification time; replaced by each check.
    markers: HashMap<EventId, i64>,
    /// Events whose end Motion reported, and when; forgotten with the event or after two days.
    ended: HashMap<EventId, i64>,
    /// For each camera, the event that was written last.
    latest: HashMap<Camera, Latest>,
    /// Times in the future: the time, and when it was first seen.
    ahead: HashMap<EventId, (i64, i64)>,
    /// Copied events of past days, and their newest time when they were first read.
    arrived: HashMap<EventId, i64>,
    /// Events that were open when they were last read, by any thread.
    open: HashSet<EventId>,
    /// Numbered events of recent days without frames and movies: Motion writes its debug frames under the number of the next event.
    strays: HashSet<EventId>,
    /// The messages logged for each path, so that each is logged once.
    logged: HashSet<(PathBuf, String)>,
}

impl Memory {
    /// Whether a copied event is unchanged since it was first read.
    fn is_as_it_came(&mut self, id: &EventId, newest: i64, now: Now) -> bool {
        if self.arrived.len() >= MAX_COPIED {
            let since = now.nanos().saturating_sub(DAY);
            self.arrived.retain(|_, time| *time >= since);
        }
        *self.arrived.entry(id.clone()).or_insert(newest) == newest
    }
}

#[derive(Debug)]
struct Latest {
    id: EventId,
    start: NaiveDateTime,
    newest: i64,
}

impl Recent {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this was not logged yet.
    pub(super) fn is_news(&self, report: &Report) -> bool {
        let mut memory = self.memory();
        if memory.logged.len() >= MAX_LOGGED {
            memory.logged.clear();
        }
        memory.logged.insert((report.path.clone(), report.problem.clone()))
    }

    /// Replaces the markers; returns the events of new ones.
    pub(super) fn set_markers(&self, found: impl Iterator<Item = (EventId, i64)>, now: Now) -> Vec<EventId> {
        let found: HashMap<EventId, i64> = found.collect();
        let mut memory = self.memory();
        let new = found.iter().filter(|(id, time)| memory.markers.get(*id) != Some(*time));
        let new = new.map(|(id, _)| id.clone()).collect();
        // A marker that a manager has removed still meant that the event was over.
        let before = std::mem::replace(&mut memory.markers, found);
        memory.ended.extend(before);
        let since = now.nanos().saturating_sub(REMEMBERED);
        memory.ended.retain(|_, reported| *reported >= since);
        new
    }

    /// Records that Motion reported the event as over.
    pub(super) fn note_ended(&self, id: EventId, now: Now) {
        self.memory().ended.insert(id, now.nanos());
    }

    pub(super) fn has_marker(&self, id: &EventId) -> bool {
        self.memory().markers.contains_key(id)
    }

    /// Whether Motion reported the event as over, and nothing was written to it since: directory `01` is written again
    /// when Motion's count restarts.
    pub(super) fn is_ended(&self, id: &EventId, newest: i64) -> bool {
        let memory = self.memory();
        [&memory.markers, &memory.ended].iter().any(|reports| reports.get(id).is_some_and(|time| *time >= newest))
    }

    /// Records whether the event is open; returns whether it was before.
    pub(super) fn set_open(&self, id: &EventId, is_open: bool) -> bool {
        let mut memory = self.memory();
        if is_open { !memory.open.insert(id.clone()) } else { memory.open.remove(id) }
    }

    /// Records whether an event is a stray.
    pub(super) fn set_stray(&self, id: &EventId, is_stray: bool) {
        let mut memory = self.memory();
        if is_stray {
            memory.strays.insert(id.clone());
        } else {
            memory.strays.remove(id);
        }
    }

    /// Whether an event was a stray when it was last read.
    pub(super) fn is_stray(&self, id: &EventId) -> bool {
        self.memory().strays.contains(id)
    }

    /// The events that were open when they were last read.
    pub(super) fn open(&self) -> Vec<EventId> {
        self.memory().open.iter().cloned().collect()
    }

    pub(super) fn forget(&self, id: &EventId) {
        let mut memory = self.memory();
        memory.ended.remove(id);
        memory.ahead.remove(id);
        memory.arrived.remove(id);
        memory.open.remove(id);
        memory.strays.remove(id);
        memory.latest.retain(|_, latest| &latest.id != id);
    }

    /// Records an event that was measured. Returns its newest time. A time in the future counts as the moment when it
    /// was first seen; a certainly wrong one counts as 1970, and so does a copied event unless it changed since.
    pub(super) fn note(&self, id: &EventId, details: &Details, measured: &Measured, now: Now) -> i64 {
        let found = measured.newest;
        if is_of_a_wrong_clock(id, found, now) {
            return 0;
        }
        let mut memory = self.memory();
        if came_at_once(id, details, measured, now) && memory.is_as_it_came(id, found, now) {
            return 0;
        }
        let newest = if found <= now.nanos() {
            memory.ahead.remove(id);
            found
        } else {
            match memory.ahead.get(id) {
                Some((time, seen)) if *time == found => *seen,
                _ => {
                    memory.ahead.insert(id.clone(), (found, now.nanos()));
                    now.nanos()
                }
            }
        };
        let is_later = memory.latest.get(&id.camera).is_none_or(|latest| latest.id == *id || latest.newest < newest);
        if is_later {
            memory.latest.insert(id.camera.clone(), Latest { id: id.clone(), start: details.start, newest });
        }
        newest
    }

    /// Whether the camera has an event that began after this one's last frame and was written after it. The second
    /// condition keeps a directory with a later name (a clock was set back) from ending an event that Motion still
    /// writes.
    pub(super) fn has_newer(&self, id: &EventId, details: &Details, measured: &Measured) -> bool {
        let memory = self.memory();
        memory
            .latest
            .get(&id.camera)
            .is_some_and(|latest| latest.id != *id && latest.start > details.end && latest.newest > measured.newest)
    }
}
