//! The guard "clock": whether the wall clock can be believed, which `retention::clock` decides. This reads the clocks,
//! keeps the record (`clock.json` in the state directory) and listens to the kernel's word on a clock that is held.
//!
//! A clock that is held is never recorded: the next run would believe it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::{Boot, Clock, Now};
use crate::error::{Error, Result};
use crate::retention::clock::{Reading, Record, at_least, judge, next};
use crate::state_file;

const FILE: &str = "clock.json";
/// For how long the kernel must report a held clock as synchronised, at every look, until it is believed.
const SYNCHRONISED: Duration = Duration::from_mins(10);
/// Two looks further apart than this do not tell of the time between them.
const UNSEEN: Duration = Duration::from_mins(1);
/// A record of this run is written anew when it is this old, in seconds.
const STALE: u64 = 60;

/// The record as it lies on disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// The form's version, 1.
    owlery: u32,
    clock: Record,
}

/// What the state directory tells of the clock.
#[derive(Debug)]
enum ClockMark {
    /// Nothing: this is the first run.
    Nothing,
    /// When it was last believed.
    Record(Record),
    /// There is a record, but it cannot be read; why.
    Damaged(String),
}

/// Judges the host's clock for one run of the program.
#[derive(Debug)]
pub struct ClockGuard {
    clock: Arc<dyn Clock>,
    state_dir: PathBuf,
    /// Whether the state directory is ours to write.
    writes: bool,
    state: Mutex<State>,
}

/// Written and read by whoever asks the guard: the expirer's thread, and those that plan or confirm.
#[derive(Debug)]
struct State {
    known: ClockMark,
    /// The first reading of this run, until the run has recorded one.
    first: Option<Reading>,
    /// While the clock is held and every look found it synchronised: the first of these looks, and the last.
    synchronised: Option<(Duration, Duration)>,
    /// Whether the last look found it held; what changes is logged.
    was_held: bool,
}

impl ClockGuard {
    /// Reads the record of a state directory and judges the clock for the first time; with `writes`, records it if it is
    /// believed.
    pub fn open(state_dir: &Path, clock: Arc<dyn Clock>, writes: bool) -> Self {
        let known = read(&state_dir.join(FILE));
        let first = clock.boot().map(|boot| reading(clock.now(), boot));
        let state = State { known, first, synchronised: None, was_held: false };
        let guard = Self { clock, state_dir: state_dir.to_path_buf(), writes, state: Mutex::new(state) };
        guard.check();
        guard
    }

    /// Why the clock is not believed now; `None` if it is.
    pub fn held(&self) -> Option<String> {
        self.moment().1
    }

    /// The time, and why it is not believed, both by one look at the clock: what is planned for a wrong time must not be
    /// carried out because the clock was put right meanwhile.
    pub fn moment(&self) -> (Now, Option<String>) {
        let now = self.clock.now();
        let held = self.clock.boot().and_then(|boot| self.lock().held(&reading(now, boot)));
        (now, held)
    }

    /// From when an undo time counts: from now, or by a clock that is held from the moment that it must be at least by what
    /// was last believed, if that is later. Else it would be over once the clock is put right.
    pub fn undo_from(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let Some(reading) = self.reading() else { return now };
        let state = self.lock();
        match &state.known {
            ClockMark::Record(record) if state.held(&reading).is_some() => {
                DateTime::from_timestamp(at_least(record, &reading), 0).map_or(now, |least| least.max(now))
            }
            _ => now,
        }
    }

    /// Judges the clock, and records it if it is believed. An error in writing is logged: the clock is none the worse.
    pub fn check(&self) {
        let Some(reading) = self.reading() else { return };
        let mut state = self.lock();
        if state.held(&reading).is_none()
            && state.is_stale(&reading)
            && let Err(error) = self.record(&mut state, &reading)
        {
            log_unrecorded(&error);
        }
    }

    /// Believes the clock as it is from now on: a person has said so. Fails if that cannot be recorded.
    pub fn accept(&self) -> Result<()> {
        let Some(reading) = self.reading() else { return Ok(()) };
        self.record(&mut self.lock(), &reading)
    }

    /// To be called every few seconds. While the clock is held it asks the kernel; true when that has reported the clock
    /// as synchronised long enough, which ends the hold.
    pub fn look(&self) -> bool {
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
            "the kernel reports the clock as synchronised for {} minutes: it is believed",
            SYNCHRONISED.as_secs() / 60
        );
        state.was_held = false;
        if let Err(error) = self.record(&mut state, &reading) {
            tracing::warn!("{}", error.chain());
        }
        true
    }

    /// The clocks now; `None` if this clock is believed whatever it shows.
    fn reading(&self) -> Option<Reading> {
        self.clock.boot().map(|boot| reading(self.clock.now(), boot))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Believes a reading and writes that down. Where it cannot be written this run believes it all the same.
    fn record(&self, state: &mut State, reading: &Reading) -> Result<()> {
        let before = if let ClockMark::Record(record) = &state.known { Some(record) } else { None };
        let record = next(before, state.first.as_ref(), reading);
        let stored = Stored { owlery: 1, clock: record.clone() };
        state.known = ClockMark::Record(record);
        state.first = None;
        state.synchronised = None;
        if !self.writes {
            return Ok(());
        }
        state_file::write(&self.state_dir.join(FILE), &stored)
    }
}

/// Says that the clock could not be recorded; a state directory that a full disk does not take yet was told of before.
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
                Some(format!("what is known of the clock cannot be used ({why}), so it is not known to be right"))
            }
        }
    }

    fn is_stale(&self, reading: &Reading) -> bool {
        let is_fresh = matches!(&self.known, ClockMark::Record(record) if reading.boottime < record.boottime.saturating_add(STALE));
        self.first.is_some() || !is_fresh
    }

    /// Notes a look at a clock that is held; whether it was synchronised at every look for long enough.
    fn is_synchronised(&mut self, now: Duration, is_synchronised: bool) -> bool {
        let unbroken = self.synchronised.filter(|(_, last)| now.saturating_sub(*last) <= UNSEEN);
        self.synchronised = is_synchronised.then(|| (unbroken.map_or(now, |(since, _)| since), now));
        self.synchronised.is_some_and(|(since, now)| now.saturating_sub(since) >= SYNCHRONISED)
    }
}

/// The clocks at one moment.
fn reading(now: Now, boot: Boot) -> Reading {
    Reading { wall: now.utc.timestamp(), boottime: boot.elapsed.as_secs(), boot_id: boot.id }
}

fn read(path: &Path) -> ClockMark {
    match state_file::read::<Stored>(path) {
        Ok(None) => ClockMark::Nothing,
        Ok(Some(Stored { owlery: 1, clock })) => ClockMark::Record(clock),
        Ok(Some(Stored { owlery, .. })) => ClockMark::Damaged(format!("{} is of version {owlery}", path.display())),
        Err(error) => ClockMark::Damaged(error.chain()),
    }
}

#[cfg(test)]
mod tests;
