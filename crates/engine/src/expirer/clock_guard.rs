//! The guard `clock`: whether the wall clock is plausible, which `retention::clock` decides. This module reads the
//! clocks, keeps the record (`clock.json` in the state directory) and reads the kernel's synchronisation state while
//! the clock is held.
//!
//! A held clock is never recorded: the next run would accept it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::{Boot, Clock, Now};
use crate::error::{Error, Result};
use crate::retention::clock::{Reading, Record, at_least, judge, next};
use crate::state_file::{IfUnusable, StateContent, StateFile};

/// For how long the kernel must report a held clock as synchronised, at every check, until it is accepted.
const SYNCHRONISED_FOR: Duration = Duration::from_mins(10);
/// Two checks further apart than this say nothing about the time between them.
const MAX_CHECK_GAP: Duration = Duration::from_mins(1);
/// A record of this run is rewritten when it is this old, in seconds.
const STALE: u64 = 60;

/// The record on disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    clock: Record,
}

impl StateContent for Stored {
    const NAME: &'static str = "clock.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::Refuse;
}

/// The clock record of a state directory.
#[derive(Debug)]
enum ClockMark {
    /// None: this is the first run.
    Nothing,
    /// The clocks when the wall clock was last accepted.
    Record(Record),
    /// There is a record, but it cannot be read; why.
    Damaged(String),
}

/// Judges the host's clock for one run of the program.
#[derive(Debug)]
pub(crate) struct ClockGuard {
    clock: Arc<dyn Clock>,
    file: StateFile<Stored>,
    /// Whether this process may write the state directory.
    writes: bool,
    state: Mutex<State>,
}

/// Written and read by the expirer's thread, and by threads that plan or confirm.
#[derive(Debug)]
struct State {
    known: ClockMark,
    /// The first reading of this run, until the run has recorded one.
    first: Option<Reading>,
    /// While the clock is held and every check found it synchronised: the first of these checks, and the last.
    synchronised: Option<(Duration, Duration)>,
    /// Whether the last check found it held; changes are logged.
    was_held: bool,
}

impl ClockGuard {
    /// Reads the record of a state directory and judges the clock for the first time; with `writes`, records it if it
    /// is accepted.
    pub(crate) fn open(state_dir: &Path, clock: Arc<dyn Clock>, writes: bool) -> Self {
        let file = StateFile::new(state_dir);
        let known = ClockMark::of(&file);
        let first = clock.boot().map(|boot| reading(clock.now(), boot));
        let state = State { known, first, synchronised: None, was_held: false };
        let guard = Self { clock, file, writes, state: Mutex::new(state) };
        guard.check();
        guard
    }

    /// Why the clock is not accepted now; `None` if it is.
    pub(crate) fn held(&self) -> Option<String> {
        self.moment().1
    }

    /// The time, and why it is not accepted, both from one reading: a plan for a wrong time must not be carried out
    /// because the clock was corrected meanwhile.
    pub(crate) fn moment(&self) -> (Now, Option<String>) {
        let now = self.clock.now();
        let held = self.clock.boot().and_then(|boot| self.lock().held(&reading(now, boot)));
        (now, held)
    }

    /// When an undo window starts: now, or with a held clock the earliest moment that is possible by the record, if
    /// that is later. Otherwise the window would be over once the clock is corrected.
    pub(crate) fn undo_from(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let Some(reading) = self.reading() else { return now };
        let state = self.lock();
        match &state.known {
            ClockMark::Record(record) if state.held(&reading).is_some() => {
                DateTime::from_timestamp(at_least(record, &reading), 0).map_or(now, |least| least.max(now))
            }
            _ => now,
        }
    }

    /// Judges the clock, and records it if it is accepted. An error in writing is only logged.
    pub(crate) fn check(&self) {
        let Some(reading) = self.reading() else { return };
        let mut state = self.lock();
        if state.held(&reading).is_none()
            && state.is_stale(&reading)
            && let Err(error) = self.record(&mut state, &reading)
        {
            log_unrecorded(&error);
        }
    }

    /// Accepts the present clock, at a user's request. Fails if that cannot be recorded.
    pub(crate) fn accept(&self) -> Result<()> {
        let Some(reading) = self.reading() else { return Ok(()) };
        self.record(&mut self.lock(), &reading)
    }

    /// Must be called every few seconds. While the clock is held it asks the kernel; returns true once the kernel has
    /// reported the clock as synchronised for long enough, which ends the hold.
    pub(crate) fn observe(&self) -> bool {
        let Some(reading) = self.reading() else { return false };
        let mut state = self.lock();
        let held = state.held(&reading);
        let was_held = std::mem::replace(&mut state.was_held, held.is_some());
        let Some(why) = held else {
            state.synchronised = None;
            return false;
        };
        if !was_held {
            tracing::warn!("{why}; nothing expires until it is confirmed or synchronised");
        }
        if !state.is_synchronised(Duration::from_secs(reading.boottime), self.clock.is_synchronised()) {
            return false;
        }
        tracing::info!(
            "the kernel has reported the clock as synchronised for {} minutes: it is accepted",
            SYNCHRONISED_FOR.as_secs() / 60
        );
        state.was_held = false;
        if let Err(error) = self.record(&mut state, &reading) {
            tracing::warn!("{}", error.chain());
        }
        true
    }

    /// The clocks now; `None` if this clock is accepted whatever it shows.
    fn reading(&self) -> Option<Reading> {
        self.clock.boot().map(|boot| reading(self.clock.now(), boot))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts a reading and records it. If it cannot be written, this run still accepts it.
    fn record(&self, state: &mut State, reading: &Reading) -> Result<()> {
        let before = if let ClockMark::Record(record) = &state.known { Some(record) } else { None };
        let record = next(before, state.first.as_ref(), reading);
        let stored = Stored { clock: record.clone() };
        state.known = ClockMark::Record(record);
        state.first = None;
        state.synchronised = None;
        if !self.writes {
            return Ok(());
        }
        self.file.write(&stored)
    }
}

/// Logs that the clock could not be recorded; a state directory that does not exist yet on a full disk was reported
/// before.
fn log_unrecorded(error: &Error) {
    if error.is_not_found() {
        tracing::debug!("{}", error.chain());
    } else {
        tracing::warn!("{}", error.chain());
    }
}

impl State {
    fn held(&self, reading: &Reading) -> Option<String> {
        match &self.known {
            ClockMark::Nothing => None,
            ClockMark::Record(record) => judge(record, reading).err(),
            ClockMark::Damaged(why) => {
                Some(format!("the record of the clock cannot be used ({why}), so the clock cannot be checked"))
            }
        }
    }

    fn is_stale(&self, reading: &Reading) -> bool {
        let is_fresh = matches!(&self.known, ClockMark::Record(record) if reading.boottime < record.boottime.saturating_add(STALE));
        self.first.is_some() || !is_fresh
    }

    /// Records a check of a held clock; returns whether it was synchronised at every check for long enough.
    fn is_synchronised(&mut self, now: Duration, is_synchronised: bool) -> bool {
        let unbroken = self.synchronised.filter(|(_, last)| now.saturating_sub(*last) <= MAX_CHECK_GAP);
        self.synchronised = is_synchronised.then(|| (unbroken.map_or(now, |(since, _)| since), now));
        self.synchronised.is_some_and(|(since, now)| now.saturating_sub(since) >= SYNCHRONISED_FOR)
    }
}

/// The clocks at one moment.
fn reading(now: Now, boot: Boot) -> Reading {
    Reading { wall: now.utc.timestamp(), boottime: boot.elapsed.as_secs(), boot_id: boot.id }
}

impl ClockMark {
    fn of(file: &StateFile<Stored>) -> Self {
        match file.load() {
            Ok(None) => Self::Nothing,
            Ok(Some(stored)) => Self::Record(stored.clock),
            Err(unusable) => Self::Damaged(unusable.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
