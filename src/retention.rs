//! The decision what to expire, as a pure function: a view of the archive, a policy and the time go in, a plan comes
//! out. It touches neither disk nor clock. What is shown, audited and done is this same plan.

pub mod clock;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventName, Item, Which};

/// For how long recordings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// A day expires when it lies more than so many days (at least one) before today.
    Days(u32),
    /// Nothing expires.
    Forever,
}

/// The rules of an archive. Without a rule nothing expires.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// For cameras without a rule of their own.
    pub keep: Option<Keep>,
    /// For single cameras.
    pub cameras: BTreeMap<Camera, Keep>,
    /// A pass that would retire more than this share of the archive is held, from above 0 to 1; 1 never holds.
    pub max_share: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Self { keep: None, cameras: BTreeMap::new(), max_share: 0.5 }
    }
}

impl Policy {
    /// Whether any rule can expire anything.
    pub fn can_expire(&self) -> bool {
        self.keep.iter().chain(self.cameras.values()).any(|keep| matches!(keep, Keep::Days(_)))
    }

    /// The rules as users write them: each `[CAMERA=]N` or `[CAMERA=]forever`, and a share.
    pub fn parse(keep_days: &[String], max_share: Option<&str>) -> Result<Self> {
        let mut policy = Self::default();
        for text in keep_days {
            let wrong =
                || Error::Config(format!("--keep-days {text:?} is not a number of days from 1, or \"forever\""));
            let (camera, value) = match text.split_once('=') {
                Some((camera, value)) => {
                    let camera: Result<Camera> = camera.parse();
                    let camera = camera.map_err(|error| Error::Config(format!("--keep-days {text:?}: {error}")))?;
                    (Some(camera), value)
                }
                None => (None, text.as_str()),
            };
            let keep = match value {
                "forever" => Keep::Forever,
                days => days.parse().ok().filter(|days| *days > 0).map(Keep::Days).ok_or_else(wrong)?,
            };
            match camera {
                Some(camera) => {
                    policy.cameras.insert(camera, keep);
                }
                None => policy.keep = Some(keep),
            }
        }
        if let Some(text) = max_share {
            policy.max_share = text
                .parse()
                .map_err(|_| Error::Config(format!("--max-share {text:?} is not a share above 0, up to 1")))?;
        }
        policy.check()?;
        Ok(policy)
    }

    /// Refuses values that mean nothing.
    pub fn check(&self) -> Result<()> {
        if self.keep.iter().chain(self.cameras.values()).any(|keep| *keep == Keep::Days(0)) {
            return Err(Error::Config("--keep-days takes a number of days from 1, or \"forever\"".to_owned()));
        }
        if !(self.max_share > 0.0 && self.max_share <= 1.0) {
            return Err(Error::Config("--max-share takes a share above 0, up to 1".to_owned()));
        }
        Ok(())
    }

    fn keep_of(&self, camera: &Camera) -> Option<Keep> {
        self.cameras.get(camera).copied().or(self.keep)
    }
}

/// What the plan is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The cameras that there are.
    pub cameras: Vec<Camera>,
    /// All events of the archive.
    pub events: u64,
    /// The bytes of all measured events.
    pub bytes: u64,
    /// Events that were not measured.
    pub unmeasured: u64,
    /// The days that might expire, oldest first.
    pub days: Vec<DayView>,
}

/// A day as the plan sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayView {
    /// Whose.
    pub camera: Camera,
    /// Which.
    pub day: Day,
    /// How many events.
    pub events: u64,
    /// How many of them a person keeps.
    pub saved: u64,
    /// Their bytes, if all are measured.
    pub bytes: Option<u64>,
    /// All events of the day, if some of them are saved or open; empty if none or all are saved.
    pub mixed: Vec<EventView>,
}

/// An event as the plan sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// Which.
    pub name: EventName,
    /// Whether a person keeps it.
    pub saved: bool,
    /// Whether Motion may still write it.
    pub open: bool,
    /// Its bytes, if measured.
    pub bytes: Option<u64>,
}

/// What would be retired now, and what is kept though a rule's time is over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// To be retired, oldest day first.
    pub items: Vec<Item>,
    /// Kept, and why.
    pub kept: Vec<Item>,
}

/// Why a plan must not be carried out without a person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The guard's name.
    pub guard: &'static str,
    /// What it saw, and what to do.
    pub message: String,
}

/// The newest day that nothing forbids to take: yesterday and today never expire.
fn newest_candidate(now: Now) -> Day {
    Day::try_from(now.yesterday()).map_or(Day::from_number(0).expect("1970 is a year"), |day| day.back(1))
}

/// The newest day that a rule of this policy could take: what is younger need not be in the view. `None` if no rule
/// takes anything.
pub fn newest_stale(policy: &Policy, now: Now) -> Option<Day> {
    let days = |keep: &Keep| if let Keep::Days(days) = keep { Some(*days) } else { None };
    let shortest = policy.keep.iter().chain(policy.cameras.values()).filter_map(days).min()?;
    let stale = Day::try_from(now.today()).ok()?.back(u64::from(shortest) + 1);
    Some(stale.min(newest_candidate(now)))
}

/// Decides what to retire.
pub fn plan(view: &View, policy: &Policy, now: Now) -> Plan {
    let mut plan = Plan::default();
    let newest = newest_candidate(now);
    let Ok(today) = Day::try_from(now.today()) else { return plan };
    for day in view.days.iter().filter(|day| day.day <= newest) {
        let Some(Keep::Days(keep)) = policy.keep_of(&day.camera) else { continue };
        if day.day >= today.back(u64::from(keep)) {
            continue;
        }
        let reason = format!("older than {keep} days: ended {}", day.day);
        let item = |events: Which, count: u64, bytes: Option<u64>, reason: String| Item {
            camera: day.camera.clone(),
            day: day.day,
            events,
            count,
            bytes,
            reason,
        };
        if day.events > 0 && day.saved == day.events {
            plan.kept.push(item(Which::All, day.events, day.bytes, "saved".to_owned()));
            continue;
        }
        if day.mixed.is_empty() {
            plan.items.push(item(Which::All, day.events, day.bytes, reason));
            continue;
        }
        let some = |select: &dyn Fn(&EventView) -> bool| {
            let chosen: Vec<&EventView> = day.mixed.iter().filter(|event| select(event)).collect();
            let bytes = chosen.iter().map(|event| event.bytes).sum::<Option<u64>>();
            (Which::Some(chosen.iter().map(|event| event.name).collect()), chosen.len() as u64, bytes)
        };
        for (select, why) in [
            (&(|event: &EventView| event.saved) as &dyn Fn(&EventView) -> bool, "saved"),
            (&|event: &EventView| !event.saved && event.open, "open"),
        ] {
            let (events, count, bytes) = some(select);
            if count > 0 {
                plan.kept.push(item(events, count, bytes, why.to_owned()));
            }
        }
        let (events, count, bytes) = some(&|event| !event.saved && !event.open);
        if count > 0 {
            plan.items.push(item(events, count, bytes, reason));
        }
    }
    plan
}

/// Whether the plan may be carried out without asking: not if a rule names a camera that does not exist (the rule is
/// a typo, and the camera that was meant would fall to the general rule), nor if it takes too large a share.
pub fn hold(plan: &Plan, view: &View, policy: &Policy) -> Option<Refusal> {
    if let Some(camera) = policy.cameras.keys().find(|camera| !view.cameras.contains(camera)) {
        let message = format!("there is a rule for {camera}, but no such camera; nothing expires until that is mended");
        return Some(Refusal { guard: "configuration", message });
    }
    let share = plan.share(view);
    (share > policy.max_share).then(|| Refusal {
        guard: "share",
        message: format!(
            "this pass would retire {:.0} % of the archive ({} of {} events), more than --max-share {}; \
             if that is meant, confirm it with: owlery expire --confirm {}",
            share * 100.0,
            plan.count(),
            view.events,
            policy.max_share,
            plan.id()
        ),
    })
}

impl Plan {
    /// How many events would be retired.
    pub fn count(&self) -> u64 {
        self.items.iter().map(|item| item.count).sum()
    }

    /// The share of the archive that would be retired, of events or of measured bytes, the larger.
    pub fn share(&self, view: &View) -> f64 {
        let bytes: u64 = self.items.iter().filter_map(|item| item.bytes).sum();
        #[allow(clippy::cast_precision_loss)] // a share needs no more than 52 bits
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        share(self.count(), view.events).max(share(bytes, view.bytes))
    }

    /// A name for exactly this plan: the same plan has the same, another has another.
    pub fn id(&self) -> String {
        // FNV-1a over what would be retired; it names a plan to a person and protects against nothing.
        let text = self.items.iter().flat_map(|item| {
            let events = match &item.events {
                Which::All => format!("all {}", item.count),
                Which::Some(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            };
            format!("{}/{}/{events};", item.camera, item.day).into_bytes()
        });
        let hash = text
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        format!("{hash:016x}")
    }
}

#[cfg(test)]
mod tests;
