//! The future of an archive at the present rate of recording, as a pure function of totals, rules, the disk and the
//! time. It touches neither disk nor clock, and decides nothing: `plan` does that.
//!
//! The rate is that of the complete days, from yesterday back. A camera counts from its first day on; a day without
//! recordings counts as zero. Unmeasured events are assumed to be as large as the measured ones of the same days on
//! average; if none is measured, the rate is unknown.

mod expiry;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use expiry::{Candidate, Expiry, Sight, expiry};

use super::planner::text_of;
use super::{Disk, Keep, Policy};
use crate::clock::Now;
use crate::event::{Camera, Day};

/// How many days the present rate is taken from.
const WEEK: u64 = 7;
/// How many days the long-term rate is taken from; older days are not requested.
const MONTH: u64 = 30;

/// A camera in a forecast's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraSums {
    /// The camera.
    pub camera: Camera,
    /// The number of its events.
    pub events: u64,
    /// The bytes of its measured events and loose files.
    pub bytes: u64,
    /// The number of unmeasured events.
    pub unmeasured: u64,
    /// The first day with loose files or an event that is not saved, else the first with any: if a saved event is all that the rules
    /// have left of a day, it does not show how much was recorded.
    pub since: Option<Day>,
    /// Whether it is on another disk than the root.
    pub apart: bool,
    /// The days of [`days_asked`], in any order; a missing day has no recordings.
    pub days: Vec<DaySums>,
}

/// A camera's day in a forecast's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySums {
    /// The day.
    pub day: Day,
    /// The number of its events.
    pub events: u64,
    /// The bytes of its measured events and loose files.
    pub bytes: u64,
    /// The number of unmeasured events.
    pub unmeasured: u64,
}

/// The future of the archive at the present rate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Of every camera.
    pub cameras: BTreeMap<Camera, CameraForecast>,
    /// Of all together.
    pub archive: ArchiveForecast,
}

/// What a camera records, and what its rules keep of that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CameraForecast {
    /// Bytes a day over the last 7 complete days; `None` without such a day, or if none of their events is measured.
    pub bytes_per_day_7: Option<u64>,
    /// The same over the last 30.
    pub bytes_per_day_30: Option<u64>,
    /// What each rule for this camera keeps: its `--keep-days`, its own `--max-size`.
    pub kept: Vec<Kept>,
}

/// What the archive records, when that fills its disk, and what the rules keep of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ArchiveForecast {
    /// Bytes a day of all cameras over the last 7 complete days; `None` if that of a camera is unknown, or none has a
    /// complete day. A camera that began today adds nothing yet.
    pub bytes_per_day_7: Option<u64>,
    /// The same over the last 30.
    pub bytes_per_day_30: Option<u64>,
    /// The archive's disk, if it can be read.
    pub disk: Option<Disk>,
    /// In how many days that disk is full at the rate of the last 7 days if nothing expires; `None` if one of them is
    /// unknown, or nothing is recorded there.
    pub days_until_full: Option<u64>,
    /// What each rule keeps of all cameras together.
    pub kept: Vec<Kept>,
    /// Rules that do not fit this disk at the rate of the last 7 days, as sentences.
    pub warnings: Vec<String>,
}

/// What a rule keeps, by itself and at the rate of the last 7 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Kept {
    /// The rule.
    pub rule: Rule,
    /// How many days of recordings; `None` if unknown, unlimited, or different from camera to camera.
    pub days: Option<u64>,
    /// How many bytes that is; `None` if unknown.
    pub bytes: Option<u64>,
}

/// A kind of rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `--keep-days`: the days, and their bytes.
    KeepDays,
    /// `--max-size`: the bytes, and how many days fit.
    MaxSize,
    /// `--min-free`: what recordings may take of the disk, and how many days fit.
    MinFree,
}

impl Rule {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeepDays => "keep-days",
            Self::MaxSize => "max-size",
            Self::MinFree => "min-free",
        }
    }
}

/// The first and the last of the days that a forecast needs.
pub fn days_asked(now: Now) -> Option<(Day, Day)> {
    let today = Day::try_from(now.today()).ok()?;
    Some((today.back(MONTH), today.back(1)))
}

/// Computes the forecast. Without a `disk`, what depends on it is left out.
pub fn forecast(cameras: &[CameraSums], disk: Option<Disk>, policy: &Policy, now: Now) -> Forecast {
    let Ok(today) = Day::try_from(now.today()) else { return Forecast::default() };
    let cameras: Vec<Rated> = cameras.iter().map(|sums| Rated::of(sums, policy, today)).collect();
    let all: Vec<&Rated> = cameras.iter().collect();
    let here: Vec<&Rated> = cameras.iter().filter(|camera| !camera.sums.apart).collect();
    let outlook = Outlook { all, here, disk, policy };
    Forecast { archive: outlook.archive(), cameras: cameras.iter().map(Rated::forecast).collect() }
}

/// The bytes of these events, with the loose files of their days, if the `unmeasured` ones are like the others.
fn estimated(bytes: u64, events: u64, unmeasured: u64) -> Option<u64> {
    let measured = events.saturating_sub(unmeasured);
    match (events, measured) {
        (0, _) => Some(bytes),
        (_, 0) => None,
        _ => u64::try_from(u128::from(bytes) * u128::from(events) / u128::from(measured)).ok().or(Some(u64::MAX)),
    }
}

/// A sum that is known if all of its parts are, and saturates.
fn sum(parts: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    parts.into_iter().try_fold(0u64, |sum, part| Some(sum.saturating_add(part?)))
}

/// How many days of recordings these bytes hold; `None` at an unknown rate or zero.
fn days_in(bytes: u64, rate: Option<u64>) -> Option<u64> {
    bytes.checked_div(rate?)
}

/// "1 day", "2 days".
fn days_text(days: u64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// A camera, how much it records, and its rules.
struct Rated<'a> {
    sums: &'a CameraSums,
    /// Whether it has a complete day.
    has_begun: bool,
    /// Bytes a day over the last week.
    week: Option<u64>,
    /// Bytes a day over the last month.
    month: Option<u64>,
    /// The days of its `--keep-days`.
    days: Option<u64>,
    /// Its own `--max-size`.
    size: Option<u64>,
}

impl<'a> Rated<'a> {
    fn of(sums: &'a CameraSums, policy: &Policy, today: Day) -> Self {
        let days = match policy.keep_of(&sums.camera) {
            Some(Keep::Days(days)) => Some(u64::from(days)),
            _ => None,
        };
        Self {
            sums,
            has_begun: sums.since.is_some_and(|since| since < today),
            week: rate(sums, WEEK, today),
            month: rate(sums, MONTH, today),
            days,
            size: policy.camera_sizes.get(&sums.camera).copied(),
        }
    }

    /// The bytes of its `--keep-days`.
    fn aged(&self) -> Option<u64> {
        Some(self.week?.saturating_mul(self.days?))
    }

    /// The bytes that its rules of age and size allow, if it has such a rule.
    fn bound(&self) -> Option<u64> {
        if self.has_begun { self.aged().into_iter().chain(self.size).min() } else { Some(0) }
    }

    fn is_bounded(&self) -> bool {
        self.days.is_some() || self.size.is_some()
    }

    /// Its present bytes.
    fn taken(&self) -> Option<u64> {
        estimated(self.sums.bytes, self.sums.events, self.sums.unmeasured)
    }

    fn forecast(&self) -> (Camera, CameraForecast) {
        let aged = self.days.map(|days| Kept { rule: Rule::KeepDays, days: Some(days), bytes: self.aged() });
        let size =
            self.size.map(|size| Kept { rule: Rule::MaxSize, days: days_in(size, self.week), bytes: Some(size) });
        let kept = aged.into_iter().chain(size).collect();
        let forecast = CameraForecast { bytes_per_day_7: self.week, bytes_per_day_30: self.month, kept };
        (self.sums.camera.clone(), forecast)
    }
}

/// Bytes a day over the last `span` complete days, or those that exist.
fn rate(camera: &CameraSums, span: u64, today: Day) -> Option<u64> {
    let first = camera.since?.max(today.back(span));
    let count = u64::try_from(today.number() - first.number()).ok().filter(|count| *count > 0)?;
    let days = camera.days.iter().filter(|day| day.day >= first && day.day < today);
    let (mut bytes, mut events, mut unmeasured) = (0u64, 0u64, 0u64);
    for day in days {
        bytes = bytes.saturating_add(day.bytes);
        events = events.saturating_add(day.events);
        unmeasured = unmeasured.saturating_add(day.unmeasured);
    }
    Some(estimated(bytes, events, unmeasured)? / count)
}

/// All cameras before the rules and the disk.
struct Outlook<'a> {
    all: Vec<&'a Rated<'a>>,
    /// Those on the archive's disk.
    here: Vec<&'a Rated<'a>>,
    disk: Option<Disk>,
    policy: &'a Policy,
}

/// Bytes a day of these cameras together.
fn rate_of(cameras: &[&Rated], of: fn(&Rated) -> Option<u64>) -> Option<u64> {
    let mut begun = cameras.iter().filter(|camera| camera.has_begun).peekable();
    begun.peek()?;
    sum(begun.map(|camera| of(camera)))
}

fn week_of(cameras: &[&Rated]) -> Option<u64> {
    rate_of(cameras, |camera| camera.week)
}

/// The days that all of these keep, if they keep the same.
fn same_days(cameras: &[&Rated]) -> Option<u64> {
    let first = cameras.first()?.days?;
    cameras.iter().all(|camera| camera.days == Some(first)).then_some(first)
}

impl Outlook<'_> {
    fn archive(&self) -> ArchiveForecast {
        ArchiveForecast {
            bytes_per_day_7: week_of(&self.all),
            bytes_per_day_30: rate_of(&self.all, |camera| camera.month),
            disk: self.disk,
            days_until_full: self.days_until_full(),
            kept: self.kept(),
            warnings: self.warnings(),
        }
    }

    fn days_until_full(&self) -> Option<u64> {
        days_in(self.disk?.free, week_of(&self.here))
    }

    /// The space for these cameras: their present bytes plus the free space; on the disk no more than its size,
    /// whatever the sizes of sparse files or files with several names add up to.
    fn room(&self, cameras: &[&Rated]) -> Option<u64> {
        let taken =
            |apart: bool| sum(cameras.iter().filter(|camera| camera.sums.apart == apart).map(|camera| camera.taken()));
        let disk = self.disk?;
        let here = taken(false)?.saturating_add(disk.free).min(disk.total);
        Some(here.saturating_add(taken(true)?))
    }

    /// What `--min-free` leaves for recordings.
    fn above_mark(&self) -> Option<u64> {
        let mark = self.policy.min_free?.mark(self.disk?.total);
        Some(self.room(&self.here)?.saturating_sub(mark))
    }

    fn kept(&self) -> Vec<Kept> {
        let aged: Vec<&Rated> = self.all.iter().copied().filter(|camera| camera.days.is_some()).collect();
        let by_age = (!aged.is_empty()).then(|| Kept {
            rule: Rule::KeepDays,
            days: same_days(&aged),
            bytes: sum(aged.iter().filter(|camera| camera.has_begun).map(|camera| camera.aged())),
        });
        let by_size = self.policy.max_size.map(|size| Kept {
            rule: Rule::MaxSize,
            days: days_in(size, week_of(&self.all)),
            bytes: Some(size),
        });
        let by_space = self.policy.min_free.map(|_| {
            let bytes = self.above_mark();
            let days = bytes.and_then(|bytes| days_in(bytes, week_of(&self.here)));
            Kept { rule: Rule::MinFree, days, bytes }
        });
        by_age.into_iter().chain(by_size).chain(by_space).collect()
    }

    fn warnings(&self) -> Vec<String> {
        let too_much = self.more_than_fits();
        too_much.into_iter().chain(self.less_than_is_never_taken()).collect()
    }

    /// Whether the rules keep more than the disk holds. `--min-free` makes everything fit. A camera without a limiting
    /// rule does not count: [`ArchiveForecast::days_until_full`] covers it.
    fn more_than_fits(&self) -> Option<String> {
        let days = self.days_until_full()?;
        if self.policy.min_free.is_some() {
            return None;
        }
        let full = format!("it will be full in {} at the earliest", days_text(days));
        let bounded: Vec<&Rated> = self.here.iter().copied().filter(|camera| camera.is_bounded()).collect();
        let need = sum(bounded.iter().map(|camera| camera.bound()))?;
        if let Some(size) = self.policy.max_size
            && (bounded.len() < self.here.len() || size < need)
        {
            let (room, rate) = (self.room(&self.all)?, text_of(week_of(&self.all)?));
            return (size > room).then(|| {
                let (size, room) = (text_of(size), text_of(room));
                format!("--max-size {size} is more than the {room} that the disk has: at {rate} a day {full}")
            });
        }
        let (room, rate) = (self.room(&bounded)?, week_of(&bounded)?);
        let what = match same_days(&bounded) {
            Some(days) if bounded.iter().all(|camera| camera.size.is_none()) => format!("keeping {}", days_text(days)),
            _ => "what the rules keep".to_owned(),
        };
        (need > room).then(|| {
            let (need, rate, room) = (text_of(need), text_of(rate), text_of(room));
            format!("{what} takes about {need} at {rate} a day, and the disk has {room}: {full}")
        })
    }

    /// Rules of size and space that demand what they may not take: today, yesterday and the days of `--floor-days`.
    fn less_than_is_never_taken(&self) -> Vec<String> {
        let days = u64::from(self.policy.floor_days).max(2);
        let short = |rule: &str, holds: Option<u64>, rate: Option<u64>| {
            let (holds, rate) = holds.zip(rate)?;
            let need = rate.saturating_mul(days);
            (need > holds).then(|| {
                format!(
                    "{rule} leaves {} for recordings, and the last {}, of which it takes nothing, need {} at {} a day",
                    text_of(holds),
                    days_text(days),
                    text_of(need),
                    text_of(rate)
                )
            })
        };
        let cameras = self.all.iter().filter_map(|camera| {
            let rule = format!("--max-size {}={}", camera.sums.camera, text_of(camera.size?));
            short(&rule, camera.size, camera.week)
        });
        let size = self.policy.max_size;
        let by_size =
            size.and_then(|size| short(&format!("--max-size {}", text_of(size)), Some(size), week_of(&self.all)));
        let by_space = short("--min-free", self.above_mark(), week_of(&self.here));
        cameras.chain(by_size).chain(by_space).collect()
    }
}

#[cfg(test)]
mod tests;
