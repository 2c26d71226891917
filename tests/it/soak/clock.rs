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
///
/// It jumps while threads of the programs are at work, so what they did in one go may belong to two settings. The clock keeps
/// all its settings: then a time in the audit can be traced to the real moment at which a program read it.
pub struct SimClock {
    file: PathBuf,
    /// The planned time: a function of the seed alone. The programs see it run on in real time from here.
    planned: i64,
    /// All settings so far, oldest first; the last one is in force.
    settings: Vec<Setting>,
}

/// What the clock showed between two jumps.
#[derive(Debug, Clone, Copy)]
struct Setting {
    /// The real seconds at which a program could first, and could last, read it; `None`: still.
    from: i64,
    until: Option<i64>,
    /// Simulated less real time, in seconds.
    offset: i64,
}

impl SimClock {
    pub fn new(folder: &Path, at: i64) -> Self {
        let mut clock = Self { file: folder.join("time"), planned: at, settings: Vec::new() };
        clock.set(at);
        clock
    }

    /// Sets the clock of all running programs.
    pub fn set(&mut self, at: i64) {
        self.planned = at;
        let from = real();
        let offset = at - from;
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{offset:+}")).unwrap();
        fs::rename(new, &self.file).unwrap();
        if let Some(last) = self.settings.last_mut() {
            last.until = Some(real());
        }
        self.settings.push(Setting { from, until: None, offset });
    }

    /// The real moment at which the clock last showed this time; `None` if it never did.
    pub fn shown(&self, at: i64) -> Option<i64> {
        let shows = |setting: &Setting| {
            let moment = at - setting.offset;
            (setting.from..=setting.until.unwrap_or_else(real)).contains(&moment).then_some(moment)
        };
        self.settings.iter().rev().find_map(shows)
    }

    /// The latest time that the clock has shown since a real moment.
    pub fn latest_since(&self, moment: i64) -> i64 {
        let later = self.settings.iter().rev().take_while(|setting| setting.until.is_none_or(|until| until >= moment));
        later.map(|setting| setting.until.unwrap_or_else(real) + setting.offset).max().unwrap()
    }

    /// The time that was set last.
    pub fn planned(&self) -> i64 {
        self.planned
    }

    /// The time that the programs see now.
    pub fn now(&self) -> i64 {
        real() + self.settings.last().unwrap().offset
    }

    /// The command with this clock.
    pub fn faked(&self, command: Command) -> Command {
        let mut command = faked(command);
        command.env("FAKETIME_TIMESTAMP_FILE", &self.file).env("FAKETIME_NO_CACHE", "1").env("TZ", ZONE);
        command
    }
}

/// Real seconds since 1970.
#[allow(clippy::disallowed_methods)]
pub fn real() -> i64 {
    Utc::now().timestamp()
}

/// Sets a file's or a directory's modification time; false if it is not there.
pub fn touch(path: &Path, at: i64) -> bool {
    File::open(path).is_ok_and(|file| file.set_modified(file_time(at)).is_ok())
}
