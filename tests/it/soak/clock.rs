//! The simulated clock: real programs whose wall clock libfaketime sets, in a zone with daylight saving time. Only the wall
//! clock is simulated; `CLOCK_MONOTONIC` and `CLOCK_BOOTTIME` stay real.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::clock::faked;

pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;

/// The zone of the simulated host.
const ZONE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
/// Three days before the change to summer time, so that even a short story contains it.
const BEGIN: &str = "2035-03-22T05:00:00Z";
/// That change.
const SUMMER: &str = "2035-03-25T01:00:00Z";

/// Seconds since 1970 (UTC) of the moment at which every story begins.
pub fn begin() -> i64 {
    seconds(BEGIN)
}

/// Seconds since 1970 of an RFC 3339 time.
pub fn seconds(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text:?}: {error}")).timestamp()
}

/// The wall time in the simulated zone.
pub fn local(at: i64) -> NaiveDateTime {
    let hours = if at >= seconds(SUMMER) { 2 } else { 1 };
    DateTime::<Utc>::from_timestamp(at, 0).unwrap().naive_utc() + TimeDelta::hours(hours)
}

/// The date in the simulated zone.
pub fn date(at: i64) -> NaiveDate {
    local(at).date()
}

/// A moment as file times have it.
pub fn file_time(at: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at).unwrap())
}

/// The clock that all faked programs read.
pub struct SimClock {
    file: PathBuf,
    /// The planned time: a function of the seed alone. The programs see it run on in real time from here.
    planned: i64,
    /// Simulated less real time, in seconds.
    offset: i64,
}

impl SimClock {
    pub fn new(folder: &Path, at: i64) -> Self {
        let mut clock = Self { file: folder.join("time"), planned: at, offset: 0 };
        clock.set(at);
        clock
    }

    /// Sets the clock of all running programs.
    pub fn set(&mut self, at: i64) {
        self.planned = at;
        self.offset = at - real();
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{:+}", self.offset)).unwrap();
        fs::rename(new, &self.file).unwrap();
    }

    /// The time that was set last.
    pub fn planned(&self) -> i64 {
        self.planned
    }

    /// The time that the programs see now.
    pub fn now(&self) -> i64 {
        real() + self.offset
    }

    /// The command with this clock.
    pub fn faked(&self, command: Command) -> Command {
        let mut command = faked(command);
        command.env("FAKETIME_TIMESTAMP_FILE", &self.file).env("FAKETIME_NO_CACHE", "1").env("TZ", ZONE);
        command
    }
}

#[allow(clippy::disallowed_methods)]
fn real() -> i64 {
    Utc::now().timestamp()
}

/// Sets a file's or a directory's modification time; false if it is not there.
pub fn touch(path: &Path, at: i64) -> bool {
    File::open(path).is_ok_and(|file| file.set_modified(file_time(at)).is_ok())
}
