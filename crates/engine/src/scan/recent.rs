//! What is remembered of recent events to judge whether they are over: what Motion said, which of a camera's events
//! was written last, and when a time in the future was first seen. It is memory only; a restart begins anew.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDateTime;

use crate::archive::{Facts, Report};
use crate::clock::Now;
use crate::event::state::MovieCheck;
use crate::event::{Camera, EventId};

/// How long Motion's word on an event is remembered, in nanoseconds.
const REMEMBERED: i64 = 2 * DAY;
/// Within what time an event is written that is copied to its place, in nanoseconds.
const AT_ONCE: i64 = 10_000_000_000;
/// How many events that came at once are remembered before those are forgotten that are old by now.
const MOST_ARRIVED: usize = 4096;
/// In nanoseconds.
const DAY: i64 = 86_400_000_000_000;

/// Whether a time in the future cannot be of now, also where the clock of a server is some hours ahead: it is more than a day
/// ahead, in a day that is over. Else what a wrong clock has written would be open until that time comes, which may be years.
fn is_of_a_wrong_clock(id: &EventId, newest: i64, now: Now) -> bool {
    newest > now.nanos().saturating_add(DAY) && id.day.date() < now.yesterday()
}

/// Whether an event of a day that is over came to its place at once: it has frames, its movie is whole or was never written to,
/// and all of it was modified within a few seconds. A copy that kept no times looks like that. What Motion writes under a wrong date does not:
/// either something in it is older than the rest, or it goes on, or its movie is unfinished.
fn came_at_once(id: &EventId, facts: &Facts, now: Now) -> bool {
    let is_whole = facts.frames.is_some_and(|frames| frames > 0)
        && matches!(facts.movie, None | Some(MovieCheck::Whole | MovieCheck::Blank));
    let (Some(oldest), Some(newest)) = (facts.oldest, facts.newest) else { return false };
    is_whole && id.day.date() < now.yesterday() && newest.saturating_sub(oldest) < AT_ONCE
}

/// How many messages are remembered; then they may be repeated.
const TOLD: usize = 10_000;

/// The memory. All of it is written and read by whoever scans, under one lock that is never held over I/O.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// Events with a marker in `queue/`, and when it was touched; replaced at each look.
    markers: HashMap<EventId, i64>,
    /// Events whose end Motion told us of, and when; forgotten with the event or two days after that.
    ended: HashMap<EventId, i64>,
    /// Of each camera, the event that was written last.
    latest: HashMap<Camera, Latest>,
    /// Times in the future that were met: the time, and when it was first seen.
    ahead: HashMap<EventId, (i64, i64)>,
    /// Events that came to a day that is over at once, and their newest time when they were first read.
    arrived: HashMap<EventId, i64>,
    /// Events that were open when they were last read, whoever read them.
    open: HashSet<EventId>,
    /// What the log has said of paths, so that it says each once.
    told: HashSet<(PathBuf, String)>,
}

impl Memory {
    /// Whether an event that came at once is as it was when it was first read.
    fn is_as_it_came(&mut self, id: &EventId, newest: i64, now: Now) -> bool {
        if self.arrived.len() >= MOST_ARRIVED {
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

    /// Whether the log has not said this yet.
    pub fn is_news(&self, report: &Report) -> bool {
        let mut memory = self.memory();
        if memory.told.len() >= TOLD {
            memory.told.clear();
        }
        memory.told.insert((report.path.clone(), report.problem.clone()))
    }

    /// Replaces the markers; answers the events of those that are new.
    pub fn set_markers(&self, found: impl Iterator<Item = (EventId, i64)>, now: Now) -> Vec<EventId> {
        let found: HashMap<EventId, i64> = found.collect();
        let mut memory = self.memory();
        let new = found.iter().filter(|(id, time)| memory.markers.get(*id) != Some(*time));
        let new = new.map(|(id, _)| id.clone()).collect();
        // A marker that a manager has taken away still said that the event was over.
        let before = std::mem::replace(&mut memory.markers, found);
        memory.ended.extend(before);
        let since = now.nanos().saturating_sub(REMEMBERED);
        memory.ended.retain(|_, told| *told >= since);
        new
    }

    /// Motion said that the event is over.
    pub fn note_ended(&self, id: EventId, now: Now) {
        self.memory().ended.insert(id, now.nanos());
    }

    pub fn has_marker(&self, id: &EventId) -> bool {
        self.memory().markers.contains_key(id)
    }

    /// Whether Motion said that the event is over, and nothing was written to it since: directory `01` is written again
    /// when Motion's count begins anew.
    pub fn is_ended(&self, id: &EventId, newest: i64) -> bool {
        let memory = self.memory();
        [&memory.markers, &memory.ended].iter().any(|told| told.get(id).is_some_and(|time| *time >= newest))
    }

    /// Remembers whether the event was open just now; answers whether it was before.
    pub fn set_open(&self, id: &EventId, is_open: bool) -> bool {
        let mut memory = self.memory();
        if is_open { !memory.open.insert(id.clone()) } else { memory.open.remove(id) }
    }

    /// The events that were open when they were last read.
    pub fn open(&self) -> Vec<EventId> {
        self.memory().open.iter().cloned().collect()
    }

    pub fn forget(&self, id: &EventId) {
        let mut memory = self.memory();
        memory.ended.remove(id);
        memory.ahead.remove(id);
        memory.arrived.remove(id);
        memory.open.remove(id);
        memory.latest.retain(|_, latest| &latest.id != id);
    }

    /// Remembers an event that was measured. Returns its newest time, where a time in the future counts as the moment
    /// it was first seen. One that a wrong clock has written long ago counts as 1970, and so does a copy that kept no times,
    /// unless it was seen to change since.
    pub fn note(&self, id: &EventId, facts: &Facts, now: Now) -> Option<i64> {
        let found = facts.newest?;
        if is_of_a_wrong_clock(id, found, now) {
            return Some(0);
        }
        let mut memory = self.memory();
        if came_at_once(id, facts, now) && memory.is_as_it_came(id, found, now) {
            return Some(0);
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
            memory.latest.insert(id.camera.clone(), Latest { id: id.clone(), start: facts.start, newest });
        }
        Some(newest)
    }

    /// Whether the camera has an event that began after this one's last frame and was written after it. The second
    /// condition keeps a directory with a later name from ending an event that Motion still writes (a clock set back).
    pub fn has_newer(&self, id: &EventId, facts: &Facts) -> bool {
        let memory = self.memory();
        memory.latest.get(&id.camera).is_some_and(|latest| {
            latest.id != *id && latest.start > facts.end && facts.newest.is_some_and(|newest| latest.newest > newest)
        })
    }
}
