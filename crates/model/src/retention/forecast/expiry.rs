//! When a rule will take an event, and which: for a rule of age the first day of a plan that takes it, for rules of size and space an
//! estimate at the present rate of recording. Like the forecast it decides nothing.

use std::collections::BTreeMap;

use super::{CameraSums, Outlook, Rated, text_of, week_of};
use crate::clock::Now;
use crate::event::{Camera, Day, Reason};
use crate::retention::{Disk, EARLIEST, Keep, Policy};

/// An event of the archive, as far as rules look at it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its camera.
    pub camera: Camera,
    /// The day of its directory.
    pub day: Day,
    /// Whether it is saved.
    pub saved: bool,
    /// The first day on which rules may take its day again, if that was restored.
    pub restored_until: Option<Day>,
    /// Whether a store is to have a copy of it, and lacks it.
    pub lacks_copy: bool,
    /// What each camera has recorded since its day began, in bytes; `None` while some of it is not measured.
    pub newer: BTreeMap<Camera, Option<u64>>,
}

/// Whose eyes an [`Expiry`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Someone who may see the whole archive.
    Whole,
    /// Someone who may see some cameras: nothing tells the size of the archive or of its disk, or depends on it.
    Limited,
}

/// When a rule takes an event, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// The first day on which a pass may take it; `None` if no rule takes it, or if that day is unknown.
    pub at: Option<Day>,
    /// Which rule takes it, or why none does, or why the day is unknown; as a sentence.
    pub reason: String,
    /// The same for programs, as in plans. The figures are those of now. `None` if there is no rule.
    pub rule: Option<Reason>,
}

/// What one rule does.
struct Guess {
    at: Option<Day>,
    rule: Reason,
    words: String,
}

/// When an event will expire, and why. The `cameras` are those of the forecast: all, or those that are seen.
pub fn expiry(
    candidate: &Candidate,
    cameras: &[CameraSums],
    disk: Option<Disk>,
    (policy, sight): (&Policy, Sight),
    now: Now,
) -> Expiry {
    let never = |reason: String, rule: Option<Reason>| Expiry { at: None, reason, rule };
    let Ok(today) = Day::try_from(now.today()) else { return never("the clock is wrong".to_owned(), None) };
    if candidate.saved {
        return never("saved: no rule takes it".to_owned(), Some(Reason::Saved));
    }
    if policy.is_kept_forever(&candidate.camera) {
        return never(format!("no rule: {} is kept forever", candidate.camera), None);
    }
    let cameras: Vec<Rated> = cameras.iter().map(|sums| Rated::of(sums, policy, today)).collect();
    let all: Vec<&Rated> = cameras.iter().collect();
    let here: Vec<&Rated> = cameras.iter().filter(|camera| !camera.sums.apart).collect();
    let rules = Rules { candidate, outlook: Outlook { all, here, disk, policy }, sight, today };
    let guesses = [rules.by_age(), rules.by_camera_size(), rules.by_size(), rules.by_space()];
    let guesses: Vec<Guess> = guesses.into_iter().flatten().collect();
    let first = guesses.iter().filter(|guess| guess.at.is_some()).min_by_key(|guess| guess.at);
    let Some(first) = first.or(guesses.first()) else { return never("no rule".to_owned(), None) };
    if candidate.day.number() < EARLIEST {
        let words = "dated before 2001, so the clock was wrong: kept until a person decides";
        return never(words.to_owned(), Some(Reason::WrongDate));
    }
    let mut words = first.words.clone();
    let mut at = first.at;
    if let Some(until) = candidate.restored_until {
        words += &format!("; restored, so not before {until}");
        at = at.map(|at| at.max(until));
    }
    if candidate.lacks_copy {
        words += "; not before each store has its copy";
    }
    if first.rule != Reason::WholeArchive && guesses.iter().any(|guess| guess.rule == Reason::WholeArchive) {
        words += "; a rule of the whole archive may take it earlier";
    }
    Expiry { at, reason: words, rule: Some(first.rule.clone()) }
}

struct Rules<'a> {
    candidate: &'a Candidate,
    outlook: Outlook<'a>,
    sight: Sight,
    today: Day,
}

impl Rules<'_> {
    fn by_age(&self) -> Option<Guess> {
        let Some(Keep::Days(days)) = self.outlook.policy.keep_of(&self.candidate.camera) else { return None };
        let at = forward(self.candidate.day, u64::from(days) + 1).map(|at| at.max(self.today));
        let words = if at == Some(self.today) {
            format!("older than {days} days: the next pass takes it")
        } else {
            format!("kept for {days} days")
        };
        Some(Guess { at, rule: Reason::OlderThan { days, ended: self.candidate.day }, words })
    }

    fn by_camera_size(&self) -> Option<Guess> {
        let camera = self.camera()?;
        let limit = camera.size?;
        let excess = camera.taken().unwrap_or(0).saturating_sub(limit);
        let rule = Reason::CameraOver { camera: camera.sums.camera.clone(), limit, excess };
        let what = format!("{} takes more than {}", camera.sums.camera, text_of(limit));
        Some(self.full((limit, self.newer_of(camera)), camera.week, rule, &what))
    }

    fn by_size(&self) -> Option<Guess> {
        let limit = self.outlook.policy.max_size?;
        if self.sight == Sight::Limited {
            return Some(whole_archive());
        }
        let all = &self.outlook.all;
        let taken = super::sum(all.iter().map(|camera| camera.taken())).unwrap_or(0);
        let rule = Reason::ArchiveOver { limit, excess: taken.saturating_sub(limit) };
        let newer = super::sum(all.iter().map(|camera| self.newer_of(camera)));
        let what = format!("the archive takes more than {}", text_of(limit));
        Some(self.full((limit, newer), week_of(all), rule, &what))
    }

    fn by_space(&self) -> Option<Guess> {
        let min_free = self.outlook.policy.min_free?;
        if self.sight == Sight::Limited {
            return Some(whole_archive());
        }
        if self.camera().is_some_and(|camera| camera.sums.apart) {
            return None; // its disk is another one
        }
        let here = &self.outlook.here;
        let Some(disk) = self.outlook.disk else {
            let words = "the oldest days go when the disk has too little free space; it cannot be read now";
            let rule = Reason::FreeSpaceUnder { free: 0, wanted: 0, missing: 0 };
            return Some(Guess { at: None, rule, words: words.to_owned() });
        };
        let wanted = min_free.mark(disk.total);
        let rule = Reason::FreeSpaceUnder { free: disk.free, wanted, missing: wanted.saturating_sub(disk.free) };
        let newer = super::sum(here.iter().map(|camera| self.newer_of(camera)));
        let what = format!("the disk has less than {} of free space", text_of(wanted));
        let Some(room) = self.outlook.above_mark() else {
            return Some(self.full((0, None), None, rule, &what));
        };
        Some(self.full((room, newer), week_of(here), rule, &what))
    }

    /// When what is recorded from the event's day on fills this room, which takes all that is older, and then its day.
    fn full(&self, (room, newer): (u64, Option<u64>), rate: Option<u64>, rule: Reason, what: &str) -> Guess {
        let floor = u64::from(self.outlook.policy.floor_days).max(2);
        let left = newer.map(|newer| room.saturating_sub(newer));
        let days = match (left, rate) {
            (Some(0), _) => Some(0),
            (Some(left), Some(rate)) => left.checked_div(rate),
            _ => None,
        };
        let first = forward(self.candidate.day, floor);
        let at = days.and_then(|days| Some(forward(self.today, days)?.max(first?)));
        let words = match (at, left, rate) {
            (Some(at), Some(0), _) if at == self.today => format!("{what}: the next passes take the oldest days"),
            (Some(_), ..) => format!("the oldest days go when {what}; an estimate at the present rate"),
            (None, Some(_), Some(_)) => {
                format!("the oldest days go when {what}; at the present rate that is far ahead")
            }
            (None, None, _) => format!("the oldest days go when {what}; unknown until all sizes are measured"),
            (None, _, None) => {
                format!("the oldest days go when {what}; unknown until a whole day is recorded and measured")
            }
        };
        Guess { at, rule, words }
    }

    fn camera(&self) -> Option<&Rated<'_>> {
        self.outlook.all.iter().copied().find(|camera| camera.sums.camera == self.candidate.camera)
    }

    /// What a camera has that stays until the event's day is taken.
    fn newer_of(&self, camera: &Rated<'_>) -> Option<u64> {
        if self.outlook.policy.is_kept_forever(&camera.sums.camera) {
            return camera.taken();
        }
        self.candidate.newer.get(&camera.sums.camera).copied().unwrap_or(Some(0))
    }
}

fn whole_archive() -> Guess {
    Guess { at: None, rule: Reason::WholeArchive, words: Reason::WholeArchive.to_string() }
}

/// The day so many days later; `None` more than ten years ahead.
fn forward(day: Day, days: u64) -> Option<Day> {
    const FAR: u64 = 3653;
    let days = i64::try_from(days).ok().filter(|days| *days <= i64::try_from(FAR).unwrap_or(i64::MAX))?;
    Day::from_number(day.number() + days)
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};
    use proptest::prelude::*;

    use super::*;
    use crate::retention::{CameraView, DaySums, DayView, MinFree, View, plan};

    const GB: u64 = 1_000_000_000;

    fn noon(days_later: i64) -> Now {
        let local = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
        let local = local + TimeDelta::days(days_later);
        Now { utc: local.and_utc(), local }
    }

    fn ago(days: u64) -> Day {
        Day::try_from(noon(0).today()).unwrap().back(days)
    }

    fn camera(number: u32) -> Camera {
        format!("Camera{number}").parse().unwrap()
    }

    /// A camera that has recorded a gigabyte a day for so many days.
    fn steady(number: u32, days: u64) -> CameraSums {
        let sums = |back| DaySums { day: ago(back), events: 10, bytes: GB, unmeasured: 0 };
        CameraSums {
            camera: camera(number),
            events: 10 * days,
            bytes: GB * days,
            unmeasured: 0,
            since: Some(ago(days)),
            apart: false,
            days: (1..=days.min(30)).map(sums).collect(),
        }
    }

    /// The expiry of an event of Camera1 that is so old, where two cameras have recorded for 40 days.
    fn of(policy: &Policy, sight: Sight, age: u64, change: impl FnOnce(&mut Candidate)) -> Expiry {
        let newer = [(camera(1), Some(GB * age)), (camera(2), Some(GB * age))].into();
        let mut candidate = Candidate {
            camera: camera(1),
            day: ago(age),
            saved: false,
            restored_until: None,
            lacks_copy: false,
            newer,
        };
        change(&mut candidate);
        let disk = Disk { total: 200 * GB, free: 50 * GB };
        expiry(&candidate, &[steady(1, 40), steady(2, 40)], Some(disk), (policy, sight), noon(0))
    }

    fn whole(policy: &Policy, age: u64) -> Expiry {
        of(policy, Sight::Whole, age, |_| ())
    }

    fn kind(expiry: &Expiry) -> String {
        expiry
            .rule
            .as_ref()
            .map_or_else(String::new, |rule| serde_json::to_value(rule).unwrap()["kind"].as_str().unwrap().to_owned())
    }

    #[test]
    fn without_a_rule_there_is_no_day() {
        let none = whole(&Policy::default(), 10);
        assert_eq!((none.at, none.reason.as_str(), none.rule), (None, "no rule", None));
        let forever =
            Policy { keep: Some(Keep::Days(5)), cameras: [(camera(1), Keep::Forever)].into(), ..Policy::default() };
        let forever = whole(&forever, 10);
        assert_eq!((forever.at, forever.reason.as_str()), (None, "no rule: Camera1 is kept forever"));
        let age = Policy { keep: Some(Keep::Days(5)), ..Policy::default() };
        let saved = of(&age, Sight::Whole, 10, |event| event.saved = true);
        assert_eq!(
            (saved.at, saved.reason.as_str(), saved.rule),
            (None, "saved: no rule takes it", Some(Reason::Saved))
        );
        let early = of(&age, Sight::Whole, 10, |event| event.day = "2000-12-31".parse().unwrap());
        assert_eq!((early.at, early.rule), (None, Some(Reason::WrongDate)));
    }

    #[test]
    fn rules_of_size_are_estimated() {
        // 40 GB each, a gigabyte a day. The event's day and what is newer take 10 GB of each camera.
        let size = Policy { camera_sizes: [(camera(1), 45 * GB)].into(), ..Policy::default() };
        let expiry = whole(&size, 10);
        assert_eq!(
            (expiry.at, kind(&expiry).as_str()),
            (Some(ago(0).number() + 35).map(|at| Day::from_number(at).unwrap()), "camera-over")
        );
        let total = whole(&Policy { max_size: Some(60 * GB), ..Policy::default() }, 10);
        assert_eq!((total.at.map(Day::number), kind(&total).as_str()), (Some(ago(0).number() + 20), "archive-over"));
        // 130 GB for recordings less the mark of 20 GB; 20 GB of that are newer, and two gigabytes come a day.
        let space = whole(&Policy { min_free: Some(MinFree::Bytes(20 * GB)), ..Policy::default() }, 10);
        assert_eq!(
            (space.at.map(Day::number), kind(&space).as_str()),
            (Some(ago(0).number() + 45), "free-space-under")
        );
        let due = whole(&Policy { max_size: Some(GB), ..Policy::default() }, 10);
        assert_eq!((due.at, due.reason.contains("the next passes")), (Some(ago(0)), true), "{due:?}");
        let young = whole(&Policy { max_size: Some(GB), floor_days: 7, ..Policy::default() }, 1);
        assert_eq!(young.at.map(Day::number), Some(ago(0).number() + 6), "the floor keeps it");
        let both = Policy { keep: Some(Keep::Days(20)), max_size: Some(60 * GB), ..Policy::default() };
        assert_eq!(kind(&whole(&both, 10)), "older-than", "the first rule counts");
        let far = whole(&Policy { max_size: Some(u64::MAX), ..Policy::default() }, 10);
        assert_eq!((far.at, far.reason.contains("far ahead")), (None, true), "{far:?}");
    }

    #[test]
    fn unknown_figures_have_no_day() {
        let policy = Policy { max_size: Some(60 * GB), ..Policy::default() };
        let unmeasured = of(&policy, Sight::Whole, 10, |event| event.newer = [(camera(1), None)].into());
        assert_eq!((unmeasured.at, unmeasured.reason.contains("measured")), (None, true), "{unmeasured:?}");
        let candidate = Candidate {
            camera: camera(1),
            day: ago(0),
            saved: false,
            restored_until: None,
            lacks_copy: false,
            newer: BTreeMap::new(),
        };
        let space = Policy { min_free: Some(MinFree::Bytes(GB)), ..Policy::default() };
        let unknown = expiry(&candidate, &[], None, (&space, Sight::Whole), noon(0));
        assert_eq!((unknown.at, unknown.reason.contains("cannot be read")), (None, true), "{unknown:?}");
    }

    #[test]
    fn what_was_restored_or_waits_stays() {
        let age = Policy { keep: Some(Keep::Days(5)), ..Policy::default() };
        let until = Day::from_number(ago(0).number() + 7).unwrap();
        let restored = of(&age, Sight::Whole, 10, |event| event.restored_until = Some(until));
        assert_eq!(
            (restored.at, restored.reason.contains("not before 2026-11-27")),
            (Some(until), true),
            "{restored:?}"
        );
        let lacks = of(&age, Sight::Whole, 10, |event| event.lacks_copy = true);
        assert!(lacks.reason.ends_with("not before each store has its copy"), "{lacks:?}");
    }

    #[test]
    fn limited_users_learn_no_size() {
        let policy = Policy { max_size: Some(987 * GB), min_free: Some(MinFree::Percent(98.7)), ..Policy::default() };
        let hidden = of(&policy, Sight::Limited, 10, |_| ());
        assert_eq!(
            (hidden.at, hidden.reason.as_str(), hidden.rule),
            (None, "by a rule of the whole archive", Some(Reason::WholeArchive))
        );
        let aged = of(&Policy { keep: Some(Keep::Days(20)), ..policy }, Sight::Limited, 10, |_| ());
        assert_eq!((aged.at.map(Day::number), kind(&aged).as_str()), (Some(ago(0).number() + 11), "older-than"));
        assert!(aged.reason.ends_with("may take it earlier") && !aged.reason.contains("987"), "{aged:?}");
    }

    proptest! {
        /// The day of a rule of age is the first one whose plan takes it.
        #[test]
        fn a_plan_of_that_day_takes_it(keep in 1u32..60, age in 0u64..90) {
            let policy = Policy { keep: Some(Keep::Days(keep)), ..Policy::default() };
            let day = DayView {
                camera: camera(1), day: ago(age), events: 1, saved: 0, open: 0, loose: 0, bytes: Some(1), measured: 1, measured_on_disk: true,
                weighed: true, frees: Some(1), uncopied: None, mixed: None, foreign: None,
            };
            let cameras = vec![CameraView { camera: camera(1), events: 1, bytes: 1, apart: false }];
            let view = View { cameras, events: 1, bytes: 1, days: vec![day], ..View::default() };
            let takes = |later: i64| plan(&view, &policy, noon(later)).count() == 1;
            let first = (0..200).find(|later| takes(*later)).unwrap();
            let at = whole(&policy, age).at.unwrap();
            prop_assert_eq!(at.number() - ago(0).number(), first);
        }
    }
}
