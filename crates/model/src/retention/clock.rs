//! Whether the wall clock is plausible, as pure functions: from the last accepted record and the present reading follow
//! a verdict and the next record. The expirer reads the clocks and stores the record.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

/// The longest gap that is accepted without having been seen before, in seconds.
const USUAL_GAP: u64 = 7 * DAY;
/// A gap longer than this, in seconds, is not learned: it looks the same when a clock began in 1970 and was corrected.
const LONGEST_GAP: u64 = 366 * DAY;
const DAY: u64 = 24 * 3600;

/// The clocks at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock, in seconds since 1970 UTC.
    pub wall: i64,
    /// `CLOCK_BOOTTIME`, in seconds.
    pub boottime: u64,
    /// The boot that it counts from.
    pub boot_id: String,
}

/// The clocks when the wall clock was last accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The wall clock, in seconds since 1970 UTC.
    pub wall: i64,
    /// `CLOCK_BOOTTIME`, in seconds.
    pub boottime: u64,
    /// The boot that it counted from.
    pub boot_id: String,
    /// The longest time between the last record of a run and the first reading of the next so far, in seconds.
    pub longest_gap: u64,
}

/// Whether a reading is plausible after this record; if not, what is wrong with it.
pub fn judge(record: &Record, reading: &Reading) -> Result<(), String> {
    let seen = || format!("the clock shows {}, but it showed {}", moment(reading.wall), moment(record.wall));
    if reading.wall < record.wall.saturating_sub_unsigned(DAY) {
        return Err(format!("{} when it was last accepted: it was set back by more than a day", seen()));
    }
    if reading.boot_id == record.boot_id {
        let passed = reading.boottime.saturating_sub(record.boottime);
        if reading.wall > after(record.wall, passed.saturating_add(DAY)) {
            return Err(format!("{} only {} ago, by the time since the boot", seen(), span(passed)));
        }
        return Ok(());
    }
    let allowed = record.longest_gap.saturating_mul(2).max(USUAL_GAP);
    if reading.wall > after(record.wall, allowed) {
        return Err(format!(
            "{} when it was last accepted, before the last boot; a gap of more than {} between two runs is unusual here",
            seen(),
            span(allowed)
        ));
    }
    Ok(())
}

/// The earliest possible moment, in seconds since 1970 UTC, if the record was right.
pub fn at_least(record: &Record, reading: &Reading) -> i64 {
    let is_same_boot = reading.boot_id == record.boot_id;
    after(record.wall, reading.boottime.saturating_sub(if is_same_boot { record.boottime } else { 0 }))
}

/// The record of an accepted reading, by `judge` or by a user. `first` is the first reading of this run if the run has
/// recorded nothing yet: then there was a gap before it.
pub fn next(before: Option<&Record>, first: Option<&Reading>, reading: &Reading) -> Record {
    let longest_gap = match before {
        // A record that lies ahead was wrong, so the gaps that were measured with it may be wrong too.
        Some(before) if reading.wall >= before.wall.saturating_sub_unsigned(DAY) => {
            before.longest_gap.max(first.map_or(0, |first| gap(before, first, reading)))
        }
        _ => 0,
    };
    let Reading { wall, boottime, boot_id } = reading.clone();
    Record { wall, boottime, boot_id, longest_gap }
}

/// The gap before this run, as far as it can be learned from.
fn gap(before: &Record, first: &Reading, reading: &Reading) -> u64 {
    if first.boot_id == before.boot_id {
        return first.boottime.saturating_sub(before.boottime);
    }
    let in_this_run = reading.boottime.saturating_sub(first.boottime);
    let since = u64::try_from(reading.wall.saturating_sub(before.wall)).unwrap_or(0);
    Some(since.saturating_sub(in_this_run)).filter(|gap| *gap <= LONGEST_GAP).unwrap_or(0)
}

fn after(wall: i64, seconds: u64) -> i64 {
    wall.saturating_add_unsigned(seconds)
}

fn moment(wall: i64) -> String {
    DateTime::from_timestamp(wall, 0)
        .map_or_else(|| format!("{wall} s after 1970"), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn span(seconds: u64) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests;
