//! Queries over the archive's catalog and the views of stores.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::camera_info::{CameraInfo, Streams};
use super::super::located::LocatedPage;
use super::merge::{Source, merge};
use super::view::View;
use crate::catalog::{CameraSummary, Catalog, Cursor, DaySummary, Page, Query};
use crate::error::Result;
use crate::event::{Camera, Day, Details, Event, EventId, Located, Location, Stamp};

/// The days of cameras: from the first to the last, both included.
pub(in crate::service) type DayRange = (Option<Day>, Option<Day>);

/// The sums of days.
pub(in crate::service) type StoredDays = BTreeMap<(Day, Camera), DaySummary>;

/// The archive's catalog, as a source of a query.
struct Local<'a>(&'a Catalog, &'a Query);

/// A store's events, as a source of a query.
struct Stored<'a>(&'a View, &'a Query);

fn page_query(query: &Query, after: Option<&Cursor>, limit: usize) -> Query {
    let query = query.clone().limit(limit);
    match after {
        Some(after) => query.cursor(after.clone()),
        None => query,
    }
}

impl Source for Local<'_> {
    fn page(&self, after: Option<&Cursor>, limit: usize) -> Result<Page> {
        self.0.events(&page_query(self.1, after, limit))
    }

    fn present(&self, events: &BTreeSet<EventId>) -> Result<BTreeSet<EventId>> {
        self.0.present(events)
    }
}

impl Source for Stored<'_> {
    fn page(&self, after: Option<&Cursor>, limit: usize) -> Result<Page> {
        Ok(self.0.events(&page_query(self.1, after, limit)))
    }

    fn present(&self, events: &BTreeSet<EventId>) -> Result<BTreeSet<EventId>> {
        Ok(self.0.or_none(self.0.catalog().present(events)))
    }
}

/// A page of the archive's events and those of these views.
pub(in crate::service) fn events(local: &Catalog, views: &[Arc<View>], query: &Query) -> Result<LocatedPage> {
    let stored: Vec<Stored> = views.iter().map(|view| Stored(view, query)).collect();
    let local = Local(local, query);
    let mut sources: Vec<&dyn Source> = vec![&local];
    sources.extend(stored.iter().map(|source| source as &dyn Source));
    let (order, limit, after) = query.position();
    let (events, next) = merge(&sources, order, limit, after)?;
    let location = |nth: usize| {
        let view = nth.checked_sub(1).and_then(|nth| views.get(nth));
        view.map_or(Location::Local, |view| view.location())
    };
    let located = |(nth, event): (usize, Event)| Located { event, location: location(nth) };
    Ok(LocatedPage { events: events.into_iter().map(located).collect(), next })
}

/// An event of these views.
pub(in crate::service) fn event(views: &[Arc<View>], id: &EventId) -> Option<Located> {
    views.iter().find_map(|view| Some(Located { event: view.event(id)?, location: view.location() }))
}

/// The archive's days and stored ones, newest first, then by camera.
pub(in crate::service) fn days(
    local: Vec<DaySummary>,
    stored: &StoredDays,
    cameras: Option<&BTreeSet<Camera>>,
    (first, last): DayRange,
) -> Vec<DaySummary> {
    let mut days: StoredDays = keyed(local).collect();
    let is_asked = |((day, camera), _): &(&(Day, Camera), &DaySummary)| {
        first.is_none_or(|first| *day >= first)
            && last.is_none_or(|last| *day <= last)
            && cameras.is_none_or(|cameras| cameras.contains(camera))
    };
    for (key, stored) in stored.iter().filter(is_asked) {
        match days.entry(key.clone()) {
            Entry::Occupied(day) => add(day.into_mut(), stored),
            Entry::Vacant(place) => _ = place.insert(stored.clone()),
        }
    }
    let mut days: Vec<DaySummary> = days.into_values().collect();
    days.sort_unstable_by(|a, b| (b.day, &a.camera).cmp(&(a.day, &b.camera)));
    days
}

/// The cameras of the archive and of stored days, by name. The archive's bytes stay as they are.
pub(in crate::service) fn cameras(
    mut local: Vec<CameraInfo>,
    catalog: &Catalog,
    stored: &StoredDays,
    streams: &Streams,
) -> Result<Vec<CameraInfo>> {
    let of_stores: BTreeSet<Camera> = stored.keys().map(|(_, camera)| camera.clone()).collect();
    let known = catalog.days_with_events(&of_stores)?;
    for (key, sums) in stored {
        let (day, camera) = key;
        let at = match local.binary_search_by(|info| info.summary.camera.cmp(camera)) {
            Ok(at) => at,
            Err(at) => {
                local.insert(at, streams.info(without_events(camera)));
                at
            }
        };
        let Some(CameraInfo { summary, .. }) = local.get_mut(at) else { continue };
        summary.events = summary.events.saturating_add(sums.events);
        summary.saved = summary.saved.saturating_add(sums.saved);
        summary.day_count += u64::from(!known.contains(key));
        summary.days = Some(summary.days.map_or((*day, *day), |(first, last)| (first.min(*day), last.max(*day))));
    }
    Ok(local)
}

fn without_events(camera: &Camera) -> CameraSummary {
    CameraSummary { camera: camera.clone(), events: 0, saved: 0, bytes: 0, unmeasured: 0, day_count: 0, days: None }
}

fn keyed(days: Vec<DaySummary>) -> impl Iterator<Item = ((Day, Camera), DaySummary)> {
    days.into_iter().map(|day| ((day.day, day.camera.clone()), day))
}

fn add(day: &mut DaySummary, more: &DaySummary) {
    day.events = day.events.saturating_add(more.events);
    day.saved = day.saved.saturating_add(more.saved);
    day.bytes = day.bytes.zip(more.bytes).map(|(one, other)| one.saturating_add(other));
    for (hour, more) in day.hours.iter_mut().zip(more.hours) {
        *hour = hour.saturating_add(more);
    }
}

/// The days of the views with events, each event counted once.
pub(super) fn stored_days(views: &[Arc<View>]) -> StoredDays {
    let mut of_views = views.iter().map(|view| keyed(view.days()).collect::<StoredDays>());
    let mut merged = of_views.next().unwrap_or_default();
    let of_views: Vec<_> = of_views.collect();
    let is_repeated = of_views.iter().any(|days| days.keys().any(|day| merged.contains_key(day))) || of_views.len() > 1;
    let stamps = if is_repeated { stamps_of(views) } else { Vec::new() };
    for (nth, days) in of_views.into_iter().enumerate() {
        for (key, day) in days {
            let sums = match merged.entry(key.clone()) {
                Entry::Vacant(place) => {
                    place.insert(day);
                    continue;
                }
                Entry::Occupied(place) => place.into_mut(),
            };
            // Most often the stores have the same events, which then need not be read.
            let before = views.get(..=nth).unwrap_or_default();
            let names = |at: usize| stamps.get(at)?.get(&(key.1.clone(), key.0)).copied();
            let is_known = names(nth + 1).is_some() && (0..=nth).any(|at| names(at) == names(nth + 1));
            if let (false, Some(view)) = (is_known, views.get(nth + 1)) {
                add(sums, &of_this_alone(view, before, &key));
            }
        }
    }
    merged
}

/// What tells the sets of events of each view's days apart: see [`super::stamp_of_day`].
fn stamps_of(views: &[Arc<View>]) -> Vec<BTreeMap<(Camera, Day), i64>> {
    let known = |view: &Arc<View>| {
        let days = view.or_none(view.catalog().known()).days;
        let names = |(key, (stamp, _)): (_, (Option<Stamp>, u64))| Some((key, stamp?.mtime));
        days.into_iter().filter_map(names).collect()
    };
    views.iter().map(known).collect()
}

/// The sums of the events of a view's day that none of the others has.
fn of_this_alone(view: &View, others: &[Arc<View>], (day, camera): &(Day, Camera)) -> DaySummary {
    let mut events = view.or_none(view.catalog().details_of(camera, *day));
    for other in others {
        for name in other.or_none(other.catalog().names_of(camera, *day)) {
            events.remove(&name);
        }
    }
    sums_of(camera, *day, events.values())
}

/// The sums of a day with these events.
pub(super) fn sums_of<'a>(camera: &Camera, day: Day, events: impl Iterator<Item = &'a Details>) -> DaySummary {
    let mut sums =
        DaySummary { camera: camera.clone(), day, events: 0, saved: 0, loose: 0, bytes: Some(0), hours: [0; 24] };
    for details in events {
        sums.events += 1;
        sums.saved += u64::from(details.saved);
        sums.bytes = sums.bytes.zip(details.bytes).map(|(sum, bytes)| sum.saturating_add(bytes));
        if let Some(count) = sums.hours.get_mut(day.hour_of(details.start)) {
            *count += 1;
        }
    }
    sums
}
