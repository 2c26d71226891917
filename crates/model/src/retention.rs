//! Decides what expires, as a pure function of a view of the archive, a policy and the time; the result is a plan. It
//! touches neither disk nor clock. The same plan is shown, recorded and carried out.

pub mod clock;
mod forecast;
mod planner;
mod policy;

use serde::{Deserialize, Serialize};

pub use forecast::{
    ArchiveForecast, CameraForecast, CameraSums, Candidate, DaySums, Expiry, Forecast, Kept, Rule, Sight, days_asked,
    expiry, forecast,
};
pub use planner::{have_copies, plan};
pub use policy::{Keep, MinFree, Policy, Rules};

use crate::clock::Now;
use crate::event::{Camera, Day, EventName, EventSelection, Guard, Item, Reason};

/// The input of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The existing cameras.
    pub cameras: Vec<CameraView>,
    /// The number of all events of the archive.
    pub events: u64,
    /// The bytes of all measured events and loose files.
    pub bytes: u64,
    /// The number of events that were not measured.
    pub unmeasured: u64,
    /// The days that might expire, oldest first; with a rule of size, all days.
    pub days: Vec<DayView>,
    /// Days that are kept because of a restore.
    pub restored: Vec<(Camera, Day)>,
    /// The stores that must have copies of events before a rule takes them; none if nothing is copied.
    pub stores: Vec<String>,
    /// The archive's disk, or why it cannot be read; `None` if no rule needs it.
    pub disk: Option<Result<Disk, String>>,
    /// Bytes on the archive's disk that wait in the delete queue: they count as free.
    pub queued: u64,
    /// Whether space has been short since an earlier check: then the plan continues until [`enough`] is free.
    pub pressed: bool,
    /// Whether space became short while sizes were measured: rules of size wait, so that the rule of free space can act.
    pub became_short: bool,
}

/// A camera in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraView {
    /// The camera.
    pub camera: Camera,
    /// The number of its events.
    pub events: u64,
    /// The bytes of its measured events and loose files.
    pub bytes: u64,
    /// Whether it is on another disk than the root, so that removing its events frees nothing there.
    pub apart: bool,
}

/// A disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Disk {
    /// Its size in bytes.
    pub total: u64,
    /// What an ordinary user may still write, in bytes.
    pub free: u64,
}

/// A day in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayView {
    /// The camera.
    pub camera: Camera,
    /// The day.
    pub day: Day,
    /// The number of events.
    pub events: u64,
    /// The number of saved events.
    pub saved: u64,
    /// The number of events that Motion may still write.
    pub open: u64,
    /// The number of loose files: recordings that belong to no event and go with the day.
    pub loose: u64,
    /// The sum of the sizes of events and loose files, if all are measured.
    pub bytes: Option<u64>,
    /// The sum of the sizes of the measured ones.
    pub measured: u64,
    /// Whether `measured` was found on the disk lately: it may come from a sidecar, from a damaged catalog, or from before a
    /// file changed in place.
    pub measured_on_disk: bool,
    /// Whether their sizes were measured on the disk for this plan.
    pub weighed: bool,
    /// The space that removing them would free, if it was measured.
    pub frees: Option<u64>,
    /// The number of its events that a store lacks; `None` if that was not requested. The events are known then, if there
    /// are any.
    pub uncopied: Option<u64>,
    /// Its single events, if they were requested.
    pub mixed: Option<Vec<EventView>>,
    /// Its other entries, if it has no events and they were requested.
    pub foreign: Option<Foreign>,
}

/// What happens to an event that a store still lacks, if its disk is full and nothing else may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenFull {
    /// It stays until the store has its copy.
    Keep,
    /// The rule of free space takes it, oldest first.
    Expire,
}

/// The entries of a day directory that are not event directories. They are never removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreign {
    /// The number of entries.
    pub count: u64,
    /// The name of one of them, as text.
    pub example: String,
}

impl DayView {
    /// Whether it has recordings, in events or loose.
    pub fn has_recordings(&self) -> bool {
        self.events > 0 || self.loose > 0
    }

    /// Whether it is looked at event by event: some may be taken and others not, or a store lacks some.
    pub fn is_mixed(&self) -> bool {
        self.open > 0 || (self.saved > 0 && self.saved < self.events) || self.uncopied.is_some_and(|count| count > 0)
    }
}

/// An event in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// Its name.
    pub name: EventName,
    /// Whether it is saved.
    pub saved: bool,
    /// Whether Motion may still write it.
    pub open: bool,
    /// If a store lacks it, what happens to it when the disk is full.
    pub lacks_copy: Option<WhenFull>,
    /// Its bytes, if measured.
    pub bytes: Option<u64>,
    /// The space that removing it would free, if it was measured.
    pub frees: Option<u64>,
}

impl EventView {
    /// Whether a rule may take it.
    pub fn may_go(&self) -> bool {
        !self.saved && !self.open && self.lacks_copy.is_none()
    }

    /// Whether it stays for want of a copy alone.
    fn waits_for_copy(&self) -> bool {
        !self.saved && !self.open && self.lacks_copy.is_some()
    }

    /// Whether the rule of free space may take it without a copy if nothing else is left.
    fn is_last_resort(&self) -> bool {
        self.waits_for_copy() && self.lacks_copy == Some(WhenFull::Expire)
    }
}

/// What must be known before a plan can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The day's single events.
    Events,
    /// Their sizes.
    Bytes,
    /// The space that removing them would free.
    Frees,
    /// The day's other entries; it has no events.
    Foreign,
    /// Which of the day's events stores lack, and the events if there are such.
    Copies,
}

/// What would be retired now, and what is kept although a rule would take it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// To be retired, oldest day first.
    pub items: Vec<Item>,
    /// Kept, and why.
    pub kept: Vec<Item>,
    /// What a rule demands and cannot be done, as sentences.
    pub alerts: Vec<String>,
    /// What must be known first; a plan that needs something must not be carried out.
    #[serde(skip)]
    pub needs: Vec<(Camera, Day, Need)>,
}

/// Why a plan must not be carried out without a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The guard that refuses.
    pub guard: Guard,
    /// What it found, and what to do.
    pub message: String,
}

/// The first plausible day of a recording, by [`Day::number`]: 2001-01-01. Clocks without a battery start in 1970, 1980
/// or on the first day of 2000; Motion dates from 2000, its event directories are younger.
pub const EARLIEST: i64 = 11_323;

/// The newest day that may be taken at all: yesterday and today never expire.
fn newest_candidate(now: Now) -> Day {
    Day::try_from(now.yesterday()).map_or(Day::from_number(0).expect("1970 is a year"), |day| day.back(1))
}

/// How many bytes must be free until a disk that had less than `mark` is no longer short of space.
pub fn enough(mark: u64) -> u64 {
    mark.saturating_add(mark / 20)
}

/// The newest day that a rule of this policy could take, or counts; the view need not have younger ones. `None` if no rule
/// takes anything.
pub fn newest_needed(policy: &Policy, now: Now) -> Option<Day> {
    if policy.has_size_rule() {
        return Some(Day::LAST); // every day counts, also those that no rule takes
    }
    if policy.looks_at_space() {
        return Some(newest_candidate(now));
    }
    let days = |keep: &Keep| if let Keep::Days(days) = keep { Some(*days) } else { None };
    let shortest = policy.keep.iter().chain(policy.cameras.values()).filter_map(days).min()?;
    let stale = Day::try_from(now.today()).ok()?.back(u64::from(shortest) + 1);
    Some(stale.min(newest_candidate(now)))
}

/// Whether the rules fit the archive. A rule for a camera that does not exist is a typo, and the camera that was meant
/// would fall under the general rule.
pub fn check_rules(view: &View, policy: &Policy) -> Option<Refusal> {
    let is_there = |camera: &&Camera| view.cameras.iter().any(|view| view.camera == **camera);
    let camera = policy.named().find(|camera| !is_there(camera))?;
    let known: Vec<&str> = view.cameras.iter().map(|camera| camera.camera.as_str()).collect();
    let message = format!(
        "there is a rule for {camera}, but no such camera (there are: {}); nothing expires until the rule is corrected",
        known.join(", ")
    );
    Some(Refusal { guard: Guard::Configuration, message })
}

/// Whether the plan may be carried out without a confirmation: not if the rules do not fit the archive, nor if it takes
/// too large a share.
pub fn hold(plan: &Plan, view: &View, policy: &Policy) -> Option<Refusal> {
    if let Some(refusal) = check_rules(view, policy) {
        return Some(refusal);
    }
    let share = plan.share(view);
    (share > policy.max_share).then(|| Refusal {
        guard: Guard::Share,
        message: format!(
            "this pass would retire {:.0} % of the archive ({} of {} events), more than --max-share {}",
            share * 100.0,
            plan.count(),
            view.events,
            policy.max_share
        ),
    })
}

impl Plan {
    /// The number of events that would be retired.
    pub fn count(&self) -> u64 {
        self.items.iter().map(|item| item.count).sum()
    }

    /// The share of the archive that would be retired, of events or of bytes, whichever is larger. An unmeasured event
    /// counts with the average bytes of the measured ones, or of loose files if there are none: otherwise a plan whose days were just measured would seem to
    /// be the whole archive.
    #[allow(clippy::cast_precision_loss)] // a share needs no more than 52 bits
    pub fn share(&self, view: &View) -> f64 {
        let bytes: u64 = self.items.iter().filter_map(|item| item.bytes).sum();
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let measured = view.events.saturating_sub(view.unmeasured) as f64;
        let all_bytes = if measured > 0.0 || view.events == 0 {
            view.bytes as f64 * share(view.events as f64, measured).max(1.0)
        } else {
            // All that is known are loose files, so an event counts with the average of those.
            let loose = view.days.iter().filter(|day| day.events == 0);
            let (files, sizes) = loose.fold((0, 0u64), |(files, sizes), day| {
                (files + day.loose, sizes.saturating_add(day.bytes.unwrap_or(0)))
            });
            view.bytes as f64 + view.events as f64 * share(sizes as f64, files as f64)
        };
        share(self.count() as f64, view.events as f64).max(share(bytes as f64, all_bytes))
    }

    /// The number of events that stay only because a store lacks a copy of them.
    pub fn not_copied(&self) -> u64 {
        self.kept.iter().filter(|item| item.reason == Reason::NotCopied).map(|item| item.count).sum()
    }

    /// What is kept for a wrong date alone, and would be retired otherwise: it can be confirmed under an id of its own.
    #[must_use]
    pub fn of_wrong_date(&self) -> Self {
        let items = self.kept.iter().filter(|item| item.reason == Reason::WrongDate).cloned().collect();
        Self { items, ..Self::default() }
    }

    /// An id of this plan: equal plans have the same id, plans of other days or counts another. It does not name the events
    /// of a whole day, which a plan does not know: a held pass keeps the names beside the id.
    pub fn id(&self) -> String {
        // FNV-1a over what would be retired. It identifies a plan and protects against nothing.
        let text = self.items.iter().flat_map(|item| {
            let events = match &item.events {
                EventSelection::All => format!("all {}", item.count),
                EventSelection::Some(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            };
            // Who confirms a pass that has copies does not confirm one without.
            let mark = if matches!(item.reason, Reason::WithoutCopy { .. }) { " without copies" } else { "" };
            format!("{}/{}/{events}{mark};", item.camera, item.day).into_bytes()
        });
        let hash = text
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        format!("{hash:016x}")
    }
}

#[cfg(test)]
mod tests;
