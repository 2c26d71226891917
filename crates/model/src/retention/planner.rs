//! Makes a plan: rule after rule, each taking the oldest days first, until the rule is satisfied. What events without a copy
//! change is in `copies`.

mod copies;

use std::collections::{BTreeMap, BTreeSet};

use super::{DayView, EARLIEST, EventView, Foreign, Keep, Need, Plan, Policy, View, enough, newest_candidate};
use crate::clock::Now;
use crate::event::{Camera, Day, EventName, EventSelection, Item, Reason};
pub use copies::have_copies;

/// How many days are requested at a time while their sizes are unknown.
const ASKED: usize = 32;
/// How many days are requested at a time instead while it is unknown what stores lack: that needs no look at the recordings.
const ASKED_COPIES: usize = 1024;

/// Decides what to retire. If [`Plan::needs`] is not empty, the view must be completed and the plan made again.
pub fn plan(view: &View, policy: &Policy, now: Now) -> Plan {
    let Ok(today) = Day::try_from(now.today()) else { return Plan::default() };
    let mut planner = Planner {
        view,
        policy,
        today,
        newest: newest_candidate(now),
        plan: Plan::default(),
        handled: BTreeMap::new(),
        needs: BTreeSet::new(),
    };
    planner.by_age();
    for camera in &view.cameras {
        if let Some(limit) = policy.camera_sizes.get(&camera.camera) {
            planner.by_size(Some(&camera.camera), camera.bytes, *limit);
        }
    }
    if let Some(limit) = policy.max_size {
        planner.by_size(None, view.bytes, limit);
    }
    planner.by_free_space();
    planner.look_at_days_without_events();
    planner.finish()
}

pub(super) use crate::event::size_text as text_of;

/// What must be known of a removal before a rule may count on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gain {
    /// Nothing, for a rule of age.
    Any,
    /// The sum of sizes.
    Bytes,
    /// The space on the disk.
    Frees,
}

/// This must be known first.
struct Blocked(Need);

struct Planner<'a> {
    view: &'a View,
    policy: &'a Policy,
    today: Day,
    /// The newest day that may be taken.
    newest: Day,
    plan: Plan,
    /// The days that a rule has come to, by their index in the view, and the item made of each.
    handled: BTreeMap<usize, Option<usize>>,
    needs: BTreeSet<(usize, Need)>,
}

impl Planner<'_> {
    fn by_age(&mut self) {
        for at in 0..self.view.days.len() {
            let day = &self.view.days[at];
            let Some(Keep::Days(keep)) = self.policy.keep_of(&day.camera) else { continue };
            if day.day <= self.newest && day.day < self.today.back(u64::from(keep)) {
                let reason = Reason::OlderThan { days: keep, ended: day.day };
                let _ = self.take(at, &reason, Gain::Any); // its needs are recorded
            }
        }
    }

    /// `measured` bytes of one camera, or of all, must not be more than `limit`.
    fn by_size(&mut self, camera: Option<&Camera>, measured: u64, limit: u64) {
        let is_meant = |of: &Camera| camera.is_none_or(|camera| camera == of);
        let items = self.plan.items.iter().filter(|item| is_meant(&item.camera));
        let taken: u64 = items.filter_map(|item| item.bytes).sum();
        let Some(excess) = measured.checked_sub(limit.saturating_add(taken)).filter(|excess| *excess > 0) else {
            return;
        };
        // What the catalog says may be wrong by any amount, also of a day that no rule takes. All that counts is measured before
        // anything is taken for the total.
        let is_believed = |day: &DayView| is_meant(&day.camera) && day.has_recordings() && !day.measured_on_disk;
        let believed = (0..self.view.days.len()).filter(|at| is_believed(&self.view.days[*at]));
        let believed: Vec<_> = believed.map(|at| (at, Need::Bytes)).collect();
        let reason = match camera {
            Some(camera) => Reason::CameraOver { camera: camera.clone(), limit, excess },
            None => Reason::ArchiveOver { limit, excess },
        };
        if !believed.is_empty() {
            if self.view.became_short {
                let text = format!("{reason}: it waits until the sizes of {} days are measured", believed.len());
                self.plan.alerts.push(text);
            } else {
                self.needs.extend(believed);
            }
            return;
        }
        let is_meant = |day: &DayView| is_meant(&day.camera);
        if let Some(rest) = self.cover(excess, &reason, Gain::Bytes, &is_meant) {
            self.tell_what_is_kept(rest, &reason, &is_meant);
        }
    }

    fn by_free_space(&mut self) {
        let (Some(min_free), Some(disk)) = (self.policy.min_free, &self.view.disk) else { return };
        let disk = match disk {
            Ok(disk) => *disk,
            Err(why) => return self.plan.alerts.push(format!("free space cannot be read: {why}")),
        };
        let mark = min_free.mark(disk.total);
        let goal = if self.view.pressed { enough(mark) } else { mark };
        let free = disk.free.saturating_add(self.view.queued);
        let Some(missing) = goal.checked_sub(free).filter(|missing| *missing > 0) else { return };
        let is_here = |camera: &Camera| self.view.cameras.iter().any(|view| &view.camera == camera && !view.apart);
        // What other rules take frees space too.
        let mut coming: u64 = 0;
        for (at, item) in &self.handled {
            let Some(item) = item.map(|item| &self.plan.items[item]).filter(|item| is_here(&item.camera)) else {
                continue;
            };
            match item.frees {
                Some(frees) => coming = coming.saturating_add(frees),
                None => _ = self.needs.insert((*at, Need::Frees)),
            }
        }
        if missing <= coming {
            return;
        }
        // A little more than the mark: otherwise every new recording would start it again.
        let missing = missing - coming + (enough(mark) - goal);
        let reason = Reason::FreeSpaceUnder { free: disk.free, wanted: goal, missing: goal.saturating_sub(disk.free) };
        let is_meant = |day: &DayView| is_here(&day.camera);
        let rest = self.cover(missing, &reason, Gain::Frees, &is_meant);
        if let Some(rest) = rest.and_then(|rest| self.take_without_copies(rest, &reason, &is_meant)) {
            self.tell_what_is_kept(rest, &reason, &is_meant);
        }
    }

    /// The newest day that a rule of size or space may take.
    fn newest_for_space(&self) -> Day {
        self.newest.min(self.today.back(u64::from(self.policy.floor_days)))
    }

    /// Takes days, oldest first, until they free `missing` bytes. Returns what is still missing if no more may be taken;
    /// `None` if it is enough, or something must be known first.
    fn cover(&mut self, missing: u64, reason: &Reason, gain: Gain, is_meant: &dyn Fn(&DayView) -> bool) -> Option<u64> {
        let newest = self.newest_for_space();
        let (mut gained, mut expected, mut asked) = (0u64, 0u64, 0);
        for at in 0..self.view.days.len() {
            let day = &self.view.days[at];
            if gained >= missing || (asked > 0 && (expected >= missing || asked >= ASKED_COPIES)) {
                return None;
            }
            let is_free = !self.handled.contains_key(&at) && !self.policy.is_kept_forever(&day.camera);
            if day.day > newest || !day.has_recordings() || !is_free || !is_meant(day) {
                continue;
            }
            if asked > 0 {
                // The order must hold: nothing younger is taken before it is known what this one frees.
                asked += self.ask(at, gain).map_or(0, cost);
                expected = expected.saturating_add(day.bytes.unwrap_or(0));
                continue;
            }
            match self.take(at, reason, gain) {
                Ok(more) => gained = gained.saturating_add(more),
                Err(Blocked(need)) => {
                    asked = cost(need);
                    expected = gained.saturating_add(day.bytes.unwrap_or(0));
                }
            }
        }
        (asked == 0 && gained < missing).then(|| missing - gained)
    }

    /// A rule takes all that it may, and `rest` bytes are still missing.
    fn tell_what_is_kept(&mut self, rest: u64, reason: &Reason, is_meant: &dyn Fn(&DayView) -> bool) {
        self.keep_by_floor(self.newest_for_space(), is_meant);
        let kept = self.what_is_kept();
        let rest = text_of(rest);
        self.plan.alerts.push(format!("{reason}: {rest} cannot be freed, since nothing more may be deleted{kept}"));
    }

    /// Records what must be known of a day, and returns it.
    fn ask(&mut self, at: usize, gain: Gain) -> Option<Need> {
        let day = &self.view.days[at];
        let lacks = |bytes: Option<u64>, frees: Option<u64>| match gain {
            Gain::Any => None,
            Gain::Bytes => bytes.is_none().then_some(Need::Bytes),
            Gain::Frees => frees.is_none().then_some(Need::Frees),
        };
        let need = match &day.mixed {
            _ if self.lacks_copies(day) => Some(Need::Copies),
            Some(events) if day.is_mixed() && !events.iter().any(EventView::may_go) => None,
            _ if gain == Gain::Bytes && !day.weighed => Some(Need::Bytes),
            _ if !day.is_mixed() => lacks(day.bytes, day.frees),
            None => Some(Need::Events),
            Some(events) => {
                let mut free = events.iter().filter(|event| event.may_go());
                free.find_map(|event| lacks(event.bytes, event.frees))
            }
        };
        self.needs.extend(need.map(|need| (at, need)));
        need
    }

    /// Takes what may be taken of a day; returns how much that frees.
    fn take(&mut self, at: usize, reason: &Reason, gain: Gain) -> Result<u64, Blocked> {
        let day = &self.view.days[at];
        let whole = |reason: &Reason| item(day, EventSelection::All, day.events, (day.bytes, day.frees), reason);
        if self.handled.contains_key(&at) {
            return Ok(0);
        }
        let is_kept = if self.view.restored.contains(&(day.camera.clone(), day.day)) {
            Some(Reason::Restored)
        } else {
            (day.events > 0 && day.saved == day.events).then_some(Reason::Saved)
        };
        if let Some(why) = is_kept {
            self.plan.kept.push(whole(&why));
            self.handled.insert(at, None);
            return Ok(0);
        }
        if day.events == 0 {
            return self.take_without_events(at, reason, gain);
        }
        if let Some(need) = self.ask(at, gain) {
            return Err(Blocked(need));
        }
        let Some(events) = day.mixed.as_ref().filter(|_| day.is_mixed()) else {
            return Ok(self.add(at, whole(reason), gain));
        };
        let some = |is_meant: &dyn Fn(&EventView) -> bool, why: &Reason| {
            some_item(day, events.iter().filter(|event| is_meant(event)), why)
        };
        let taken = some(&EventView::may_go, reason);
        let mut kept = [
            some(&|event| event.saved, &Reason::Saved),
            some(&|event| !event.saved && event.open, &Reason::Open),
            some(&EventView::waits_for_copy, &Reason::NotCopied),
        ];
        if kept[2].count == day.events {
            kept[2].events = EventSelection::All; // a store that is far behind lacks thousands
        }
        self.plan.kept.extend(kept.into_iter().filter(|kept| kept.count > 0));
        if taken.count == 0 {
            self.handled.insert(at, None);
            return Ok(0);
        }
        Ok(self.add(at, taken, gain))
    }

    /// Takes a day that is empty or has loose files alone; one with other files stays, and is reported.
    fn take_without_events(&mut self, at: usize, reason: &Reason, gain: Gain) -> Result<u64, Blocked> {
        let day = &self.view.days[at];
        let item = |reason: &Reason| item(day, EventSelection::All, 0, (day.bytes, day.frees), reason);
        match &day.foreign {
            None => {
                self.needs.insert((at, Need::Foreign));
                return Err(Blocked(Need::Foreign));
            }
            Some(Foreign { count: 0, .. }) => match self.ask(at, gain) {
                Some(need) => return Err(Blocked(need)),
                None => return Ok(self.add(at, item(reason), gain)),
            },
            Some(_) => self.plan.kept.push(item(&Reason::NoEvents)),
        }
        self.handled.insert(at, None);
        Ok(0)
    }

    /// Rules of size skip days without recordings; those with other files are reported, since they fill the disk.
    fn look_at_days_without_events(&mut self) {
        if !self.policy.looks_at_space() {
            return;
        }
        let newest = self.newest.min(self.today.back(u64::from(self.policy.floor_days)));
        for at in 0..self.view.days.len() {
            let day = &self.view.days[at];
            let is_asked = day.day <= newest && day.events == 0 && !self.policy.is_kept_forever(&day.camera);
            if !is_asked || self.handled.contains_key(&at) {
                continue;
            }
            match &day.foreign {
                None => _ = self.needs.insert((at, Need::Foreign)),
                Some(Foreign { count: 0, .. }) => {}
                Some(_) => {
                    self.plan.kept.push(item(day, EventSelection::All, 0, (None, None), &Reason::NoEvents));
                    self.handled.insert(at, None);
                }
            }
        }
    }

    fn add(&mut self, at: usize, item: Item, gain: Gain) -> u64 {
        if self.view.days[at].day.number() < EARLIEST {
            self.handled.insert(at, None);
            self.plan.kept.push(Item { reason: Reason::WrongDate, ..item });
            return 0;
        }
        let brings = match gain {
            Gain::Any => None,
            Gain::Bytes => item.bytes,
            Gain::Frees => item.frees,
        };
        self.handled.insert(at, Some(self.plan.items.len()));
        self.plan.items.push(item);
        brings.unwrap_or(0)
    }

    /// Lists the days that only the floor keeps.
    fn keep_by_floor(&mut self, newest: Day, is_meant: &dyn Fn(&DayView) -> bool) {
        for (at, day) in self.view.days.iter().enumerate() {
            if day.day > newest
                && day.day <= self.newest
                && day.has_recordings()
                && is_meant(day)
                && !self.handled.contains_key(&at)
            {
                self.handled.insert(at, None);
                self.plan.kept.push(item(day, EventSelection::All, day.events, (day.bytes, day.frees), &Reason::Floor));
            }
        }
    }

    /// What holds the space, as a sentence.
    fn what_is_kept(&self) -> String {
        let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for kept in &self.plan.kept {
            let sum = sums.entry(kept.reason.to_string()).or_default();
            *sum = (sum.0 + kept.count, sum.1.saturating_add(kept.bytes.unwrap_or(0)));
        }
        for camera in self.view.cameras.iter().filter(|camera| self.policy.is_kept_forever(&camera.camera)) {
            sums.insert(format!("{} (forever)", camera.camera), (camera.events, camera.bytes));
        }
        let parts: Vec<String> = sums
            .iter()
            .map(|(reason, (events, bytes))| format!("{reason}: {events} events, {}", text_of(*bytes)))
            .collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
    }

    /// Reports the days that stay because they contain nothing that Owlery may remove.
    fn tell_of_days_without_events(&mut self) {
        for camera in &self.view.cameras {
            let is_its = |item: &&Item| item.reason == Reason::NoEvents && item.camera == camera.camera;
            let kept: Vec<&Item> = self.plan.kept.iter().filter(is_its).collect();
            let days: BTreeSet<Day> = kept.iter().map(|item| item.day).collect();
            let here = self.view.days.iter().filter(|day| day.camera == camera.camera && days.contains(&day.day));
            let found: Vec<&Foreign> = here.filter_map(|day| day.foreign.as_ref()).collect();
            let Some(example) = found.first().map(|foreign| &foreign.example) else { continue };
            let files: u64 = found.iter().map(|foreign| foreign.count).sum();
            let text = format!(
                "{}: nothing expires here, since there are no events but {files} files that are none, such as {example}{}; \
                 Owlery never removes them: owlery layout ROOT says whether a --layout describes them, else remove them by \
                 other means",
                some_of(&kept),
                layout_of(example)
            );
            self.plan.alerts.push(text);
        }
    }

    fn finish(mut self) -> Plan {
        self.tell_of_days_without_events();
        self.tell_of_missing_copies();
        self.plan.items.sort_by(|a, b| (a.day, &a.camera).cmp(&(b.day, &b.camera)));
        self.plan.kept.sort_by(|a, b| (a.day, &a.camera).cmp(&(b.day, &b.camera)));
        let days = &self.view.days;
        self.plan.needs =
            self.needs.iter().map(|(at, need)| (days[*at].camera.clone(), days[*at].day, *need)).collect();
        self.plan
    }
}

/// The first of these days and how many more there are, for an alert.
fn some_of(items: &[&Item]) -> String {
    let first = items.first().map(|item| format!("{}/{}", item.camera, item.day)).unwrap_or_default();
    if items.len() > 1 { format!("{first} and {} more days", items.len() - 1) } else { first }
}

/// Which program probably created an entry of a day directory, by its name.
fn layout_of(name: &str) -> &'static str {
    let is_time = name.get(..8).is_some_and(|begin| EventName::from_bytes(begin.as_bytes()).is_some());
    if is_time && name.get(8..).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("m.")) {
        " (motionEye's flat layout: movies and pictures are files in the day)"
    } else if matches!(name.as_bytes(), [b'0'..=b'1', b'0'..=b'9'] | [b'2', b'0'..=b'3']) {
        " (a directory for each hour)"
    } else {
        ""
    }
}

/// What it costs to find out something, in parts of what may be asked at a time.
fn cost(need: Need) -> usize {
    if need == Need::Copies { 1 } else { ASKED_COPIES / ASKED }
}

/// An item of some events of a day.
fn some_item<'a>(day: &DayView, events: impl Iterator<Item = &'a EventView>, why: &Reason) -> Item {
    let chosen: Vec<&EventView> = events.collect();
    let bytes = chosen.iter().map(|event| event.bytes).sum();
    let frees = chosen.iter().map(|event| event.frees).sum();
    let names = chosen.iter().map(|event| event.name).collect();
    item(day, EventSelection::Some(names), chosen.len() as u64, (bytes, frees), why)
}

fn item(
    day: &DayView,
    events: EventSelection,
    count: u64,
    (bytes, frees): (Option<u64>, Option<u64>),
    reason: &Reason,
) -> Item {
    let (camera, reason) = (day.camera.clone(), reason.clone());
    Item { camera, day: day.day, events, count, bytes, frees, reason }
}
impl Plan {
    /// Explains how days of a wrong date can be removed; `confirm` makes the command that confirms an id.
    pub fn tell_of_wrong_dates(&mut self, confirm: impl FnOnce(&str) -> String) {
        let early = self.of_wrong_date();
        if early.items.is_empty() {
            return;
        }
        let days = some_of(&early.items.iter().collect::<Vec<_>>());
        self.alerts.push(format!(
            "{days}: dated before 2001, so the clock was wrong; kept until a person decides: rename the day to its right \
             date, or remove it with: {}",
            confirm(&early.id())
        ));
    }
}
