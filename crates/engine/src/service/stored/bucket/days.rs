//! What the indexes of all hosts say of each camera's day, and which days a query has to load: the ones that may have an event which belongs on
//! its page. Nothing here sends a request or reads the view.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, TimeDelta};
use owlery_store::{DaySums, HostIndex, HostName};

use super::super::{ShownHosts, source_stamp};
use crate::catalog::{CameraSummary, DaySummary, Order, Query};
use crate::event::{Camera, Day, EventId};

const HOURS: usize = 24;

/// How far an event may begin before or after its day: frames were captured before midnight, or the clock was set.
const DRIFT: TimeDelta = TimeDelta::days(1);

/// All known days.
#[derive(Debug, Default)]
pub(super) struct Days {
    cameras: BTreeMap<Camera, CameraDays>,
}

/// The days of a camera.
#[derive(Debug)]
struct CameraDays {
    host: HostName,
    /// Its name on that host.
    camera: Camera,
    /// By date.
    days: Vec<KnownDay>,
}

/// A day. There are a hundred thousand and more, so it is kept small.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownDay {
    day: Day,
    state: State,
    /// What its index says of it, as a number.
    version: u64,
    /// Whether its hours and the number of saved events are known. The index of an older Owlery does not tell.
    has_hours: bool,
    /// As the index says; once it was loaded, as its events are.
    events: u32,
    bytes: u64,
    saved: u32,
    hours: [u16; HOURS],
}

/// Whether the events of a day are in the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unloaded,
    Loading,
    Loaded,
}

/// A day to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub host: HostName,
    /// The camera's name on that host.
    pub camera: Camera,
    /// The name under which it is shown.
    pub shown: Camera,
    pub day: Day,
    /// What the index says of it: another number after each change.
    pub version: u64,
}

/// The days that a query still needs.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// The first of those that are not being loaded.
    pub batch: Vec<Place>,
    /// Where the events of the first one that is not loaded may begin: the page is right up to there. `None` if all are loaded.
    pub edge: Option<NaiveDateTime>,
}

/// What a new index has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Whether anything is other than before.
    pub is_changed: bool,
    /// Loaded days that are gone.
    pub gone: Vec<(HostName, Camera, Day)>,
}

impl KnownDay {
    fn new(day: Day, sums: &DaySums) -> Self {
        let mut known = Self {
            day,
            state: State::Unloaded,
            version: source_stamp((sums.events, sums.bytes, sums.saved, sums.hours)),
            has_hours: sums.hours.is_some() && sums.saved.is_some(),
            events: 0,
            bytes: 0,
            saved: 0,
            hours: [0; HOURS],
        };
        known.set((sums.events, sums.bytes, sums.saved.unwrap_or(0)), &sums.hours.unwrap_or_default());
        known
    }

    /// Takes over sums, and hours.
    fn set(&mut self, (events, bytes, saved): (u64, u64, u64), hours: &[u32; HOURS]) {
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        (self.events, self.bytes, self.saved) = (small(events), bytes, small(saved));
        self.hours = hours.map(|count| u16::try_from(count).unwrap_or(u16::MAX));
    }

    /// Between which moments its events begin.
    fn span(&self) -> (NaiveDateTime, NaiveDateTime) {
        let at = |hour: usize| self.day.at(i64::try_from(hour).unwrap_or(0) * 3600);
        let has_events = |count: &u16| *count > 0;
        let (first, last) = if self.has_hours {
            (
                self.hours.iter().position(has_events).unwrap_or(0),
                self.hours.iter().rposition(has_events).unwrap_or(HOURS - 1),
            )
        } else {
            (0, HOURS - 1)
        };
        // The first and the last hour also count what is before and after the day.
        let first = if first == 0 { self.day.at(0) - DRIFT } else { at(first) };
        let last = if last == HOURS - 1 { at(HOURS) + DRIFT } else { at(last + 1) - TimeDelta::seconds(1) };
        (first, last)
    }

    fn summary(&self, camera: &Camera) -> DaySummary {
        DaySummary {
            camera: camera.clone(),
            day: self.day,
            events: self.events.into(),
            saved: self.saved.into(),
            loose: 0,
            bytes: Some(self.bytes),
            hours: self.hours.map(u32::from),
        }
    }
}

impl CameraDays {
    fn day(&mut self, day: Day) -> Option<&mut KnownDay> {
        let at = self.days.binary_search_by_key(&day, |known| known.day).ok()?;
        self.days.get_mut(at)
    }

    fn place(&self, shown: &Camera, day: &KnownDay) -> Place {
        let (host, camera) = (self.host.clone(), self.camera.clone());
        Place { host, camera, shown: shown.clone(), day: day.day, version: day.version }
    }
}

impl Days {
    /// Takes over the index of a host. `loaded` says which version of a day the view has from an earlier run.
    pub(super) fn set_host(
        &mut self,
        host: &HostName,
        index: &HostIndex,
        loaded: impl Fn(&Camera, Day) -> Option<u64>,
    ) -> Changed {
        let mut changed = Changed::default();
        let mut there = BTreeSet::new();
        for (camera, sums) in &index.cameras {
            let Some(shown) = ShownHosts::All.shown(host, camera) else {
                tracing::debug!("the name {host}:{camera} is too long for a camera; its events are not listed");
                continue;
            };
            there.insert(shown.clone());
            let known = self.cameras.entry(shown.clone()).or_insert_with(|| CameraDays {
                host: host.clone(),
                camera: camera.clone(),
                days: Vec::new(),
            });
            let mut days: Vec<KnownDay> = sums.iter().map(|(day, sums)| KnownDay::new(*day, sums)).collect();
            for day in &mut days {
                changed.is_changed |= if let Some(old) = known.day(day.day) {
                    take_over(day, old)
                } else {
                    if loaded(&shown, day.day) == Some(day.version) {
                        day.state = State::Loaded;
                    }
                    true
                };
            }
            let gone = known.days.iter().filter(|old| !sums.contains_key(&old.day));
            let gone: Vec<_> = gone.map(|old| (host.clone(), camera.clone(), old.day)).collect();
            changed.is_changed |= !gone.is_empty();
            changed.gone.extend(gone);
            known.days = days;
        }
        let others = changed_by_loss(self.remove(|name, days| days.host == *host && !there.contains(name)));
        changed.is_changed |= others.is_changed;
        changed.gone.extend(others.gone);
        changed
    }

    /// Forgets all hosts but these.
    pub(super) fn keep_hosts(&mut self, hosts: &BTreeSet<HostName>) -> Changed {
        changed_by_loss(self.remove(|_, days| !hosts.contains(&days.host)))
    }

    fn remove(&mut self, is_gone: impl Fn(&Camera, &CameraDays) -> bool) -> Vec<CameraDays> {
        let gone: Vec<Camera> =
            self.cameras.iter().filter(|(name, days)| is_gone(name, days)).map(|(name, _)| name.clone()).collect();
        gone.iter().filter_map(|name| self.cameras.remove(name)).collect()
    }

    /// Whether any host has copied anything.
    pub(super) fn is_empty(&self) -> bool {
        self.cameras.is_empty()
    }

    /// The names under which cameras are shown, sorted.
    pub(super) fn names(&self) -> Vec<Camera> {
        self.cameras.keys().cloned().collect()
    }

    /// The number of cameras, and of their days.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.cameras.len(), self.cameras.values().map(|camera| camera.days.len()).sum())
    }

    /// Whether there is such a day.
    pub(super) fn has(&self, shown: &Camera, day: Day) -> bool {
        self.find(shown, day).is_some()
    }

    fn find(&self, shown: &Camera, day: Day) -> Option<&KnownDay> {
        let days = &self.cameras.get(shown)?.days;
        days.get(days.binary_search_by_key(&day, |known| known.day).ok()?)
    }

    /// What has to be loaded for a page of a query, the first `most` of it.
    pub(super) fn wanted(&self, query: &Query, most: usize) -> Wanted {
        let (order, ..) = query.position();
        let (from, to) = query.remaining();
        let mut found: Vec<(NaiveDateTime, &Camera, &CameraDays, &KnownDay)> = Vec::new();
        for (shown, camera) in self.cameras.iter().filter(|(shown, _)| query.concerns(shown)) {
            for day in camera.days.iter().filter(|day| day.state != State::Loaded && day.events > 0) {
                let (first, last) = day.span();
                let is_in_time = from.is_none_or(|from| last >= from) && to.is_none_or(|to| first <= to);
                let is_saved = day.saved > 0 || !day.has_hours;
                if is_in_time && (is_saved || !query.wants_saved()) {
                    found.push((if order == Order::Desc { last } else { first }, shown, camera, day));
                }
            }
        }
        let (edge, limit) = match order {
            Order::Desc => (found.iter().map(|found| found.0).max(), to),
            Order::Asc => (found.iter().map(|found| found.0).min(), from),
        };
        // Beyond its own limit the query has no events.
        let edge = edge.map(|edge| match order {
            Order::Desc => limit.map_or(edge, |limit| edge.min(limit)),
            Order::Asc => limit.map_or(edge, |limit| edge.max(limit)),
        });
        found.retain(|(.., day)| day.state == State::Unloaded);
        match order {
            Order::Desc => found.sort_by_key(|found| std::cmp::Reverse(found.0)),
            Order::Asc => found.sort_by_key(|found| found.0),
        }
        found.truncate(most);
        Wanted { batch: found.into_iter().map(|(_, shown, camera, day)| camera.place(shown, day)).collect(), edge }
    }

    /// The day of an event, if it is not loaded.
    pub(super) fn unloaded(&self, id: &EventId) -> Option<Place> {
        let day = self.find(&id.camera, id.day).filter(|day| day.state != State::Loaded)?;
        Some(self.cameras.get(&id.camera)?.place(&id.camera, day))
    }

    /// Whether a day is neither loaded nor being loaded.
    pub(super) fn is_unloaded(&self, place: &Place) -> bool {
        self.find(&place.shown, place.day).is_some_and(|day| day.state == State::Unloaded)
    }

    /// Marks days as being loaded.
    pub(super) fn begin(&mut self, places: &[Place]) {
        for place in places {
            self.set(place, State::Loading);
        }
    }

    /// A day could not be loaded.
    pub(super) fn give_up(&mut self, place: &Place) {
        self.set(place, State::Unloaded);
    }

    /// A day was loaded, and has these sums: fewer than its index says if its manifest is missing. It stays unloaded if its index has changed
    /// meanwhile.
    pub(super) fn loaded(&mut self, place: &Place, sums: &DaySummary) {
        let Some(day) = self.cameras.get_mut(&place.shown).and_then(|camera| camera.day(place.day)) else { return };
        if day.version != place.version {
            day.state = State::Unloaded;
            return;
        }
        day.state = State::Loaded;
        day.has_hours = true;
        day.set((sums.events, sums.bytes.unwrap_or(0), sums.saved), &sums.hours);
    }

    /// The view has lost its events.
    pub(super) fn unload_all(&mut self) {
        let loaded = self.cameras.values_mut().flat_map(|camera| &mut camera.days);
        loaded.filter(|day| day.state == State::Loaded).for_each(|day| day.state = State::Unloaded);
    }

    fn set(&mut self, place: &Place, state: State) {
        if let Some(day) = self.cameras.get_mut(&place.shown).and_then(|camera| camera.day(place.day)) {
            day.state = state;
        }
    }

    /// The days with events, newest first, then by camera.
    pub(super) fn summaries(
        &self,
        cameras: Option<&BTreeSet<Camera>>,
        (first, last): (Option<Day>, Option<Day>),
    ) -> Vec<DaySummary> {
        let shown = self.cameras.iter().filter(|(shown, _)| cameras.is_none_or(|cameras| cameras.contains(*shown)));
        let is_within = |day: &&KnownDay| {
            day.events > 0 && first.is_none_or(|first| day.day >= first) && last.is_none_or(|last| day.day <= last)
        };
        let days =
            shown.flat_map(|(shown, camera)| camera.days.iter().filter(is_within).map(move |day| day.summary(shown)));
        let mut days: Vec<DaySummary> = days.collect();
        days.sort_by(|a, b| (b.day, &a.camera).cmp(&(a.day, &b.camera)));
        days
    }

    /// The cameras and their totals, by name. The bytes are those of the copies.
    pub(super) fn totals(&self) -> Vec<CameraSummary> {
        let total = |(shown, camera): (&Camera, &CameraDays)| {
            let days: Vec<&KnownDay> = camera.days.iter().filter(|day| day.events > 0).collect();
            CameraSummary {
                camera: shown.clone(),
                events: days.iter().map(|day| u64::from(day.events)).sum(),
                saved: days.iter().map(|day| u64::from(day.saved)).sum(),
                bytes: days.iter().fold(0, |sum, day| sum.saturating_add(day.bytes)),
                unmeasured: 0,
                day_count: days.len() as u64,
                days: days.first().zip(days.last()).map(|(first, last)| (first.day, last.day)),
            }
        };
        self.cameras.iter().map(total).collect()
    }
}

/// Keeps what is known of a day whose index was read again. Returns whether it has changed.
fn take_over(day: &mut KnownDay, old: &KnownDay) -> bool {
    let is_same = day.version == old.version;
    if is_same {
        *day = old.clone();
    } else if old.state == State::Loading {
        day.state = State::Loading; // until what is being loaded turns out to be of an older version
    }
    !is_same
}

fn changed_by_loss(gone: Vec<CameraDays>) -> Changed {
    let mut changed = Changed { is_changed: !gone.is_empty(), gone: Vec::new() };
    for CameraDays { host, camera, days } in gone {
        changed.gone.extend(days.into_iter().map(|day| (host.clone(), camera.clone(), day.day)));
    }
    changed
}

#[cfg(test)]
mod tests;
