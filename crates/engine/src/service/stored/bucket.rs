//! A bucket as an archive: the events of all hosts below a store's prefix, of which a day is read only when a page may need it. The indexes of
//! the hosts are read at the start and then every minute (`refresh`); what they say of each day stays in memory (`days`), and the events
//! of the days that were read (`load`) are in the view, on the disk.

mod days;
mod load;
mod refresh;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use owlery_store::{StoreName, Stores};
use tokio::sync::Semaphore;

use super::super::camera_info::{CameraInfo, Streams};
use super::super::located::LocatedPage;
use super::view::View;
use crate::catalog::{Cursor, DaySummary, Order, Page, Query};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, Event, EventId, Located};
use crate::time::rfc3339;
use chrono::{NaiveDateTime, TimeDelta};
use days::Days;
pub(in crate::service) use refresh::Refresher;

/// How many objects are asked for at a time, by all queries together.
const AT_A_TIME: usize = 32;
/// How many days are loaded before the page is looked at for the first time; each time after that, twice as many.
const FIRST_BATCH: usize = 64;
const LARGEST_BATCH: usize = 512;
/// For how long a query loads days. What it has found until then is its page.
const LIMIT: Duration = Duration::from_secs(5);
/// For how long a query waits for the indexes after a start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A store whose hosts are all shown.
#[derive(Debug)]
pub(crate) struct Bucket {
    store: StoreName,
    stores: Arc<Stores>,
    view: Arc<View>,
    /// Where requests run.
    requests: tokio::runtime::Handle,
    /// Taken for each day from its request until its events are in the view: so many are in memory at most.
    permits: Arc<Semaphore>,
    known: Mutex<Known>,
    /// Notified when days were loaded or given up, and when the indexes were read or could not be.
    moved: Condvar,
    /// The number of changes of the indexes.
    changes: AtomicU64,
}

#[derive(Debug, Default)]
struct Known {
    days: Days,
    /// Whether the indexes of all hosts were read.
    is_read: bool,
}

impl Bucket {
    /// The bucket of a store, with the view that its events come into.
    pub(in crate::service) fn new(stores: Arc<Stores>, view: Arc<View>, requests: tokio::runtime::Handle) -> Self {
        Self {
            store: view.store().clone(),
            stores,
            view,
            requests,
            permits: Arc::new(Semaphore::new(AT_A_TIME)),
            known: Mutex::default(),
            moved: Condvar::new(),
            changes: AtomicU64::new(0),
        }
    }

    /// The store's name.
    pub(in crate::service) fn store(&self) -> &StoreName {
        &self.store
    }

    /// Grows with each change of the indexes. Those of the view are counted there.
    pub(in crate::service) fn changes(&self) -> u64 {
        self.changes.load(Relaxed)
    }

    /// A page of events. Loads the days that it needs.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store does not respond.
    pub(in crate::service) fn events(&self, query: &Query) -> Result<LocatedPage> {
        self.wait_read()?;
        let until = Instant::now() + crate::fault::span("bucket-query", LIMIT);
        let (order, limit, _) = query.position();
        let (mut most, mut loaded) = (FIRST_BATCH, 0);
        loop {
            // Before the page: what is loaded in between makes it better than the edge says.
            let wanted = self.known().days.wanted(query, most);
            let page = self.view.events(query);
            let Some(edge) = wanted.edge else { return Ok(self.located(page)) };
            let is_before = |event: &Event| is_before(event, edge, order);
            if page.events.len() >= limit && page.events.last().is_some_and(is_before) {
                let next = page.events.last().map(Cursor::after);
                return Ok(self.located(Page { next, ..page }));
            }
            if Instant::now() >= until {
                return if loaded > 0 { Ok(self.located(cut(page, edge, query))) } else { Err(self.unavailable()) };
            }
            loaded += self.load(wanted.batch, until)?;
            most = (most * 2).min(LARGEST_BATCH);
        }
    }

    /// One event; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store does not respond.
    pub(in crate::service) fn event(&self, id: &EventId) -> Result<Option<Located>> {
        self.wait_read()?;
        let until = Instant::now() + crate::fault::span("bucket-query", LIMIT);
        loop {
            let Some(place) = self.known().days.unloaded(id) else { break };
            if Instant::now() >= until {
                return Err(self.unavailable());
            }
            self.load(vec![place], until)?;
        }
        Ok(self.view.event(id).map(|event| Located { event, location: self.view.location() }))
    }

    /// The days with events, newest first, by the indexes alone.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the indexes could not be read since the start.
    pub(in crate::service) fn days(
        &self,
        cameras: Option<&BTreeSet<Camera>>,
        range: (Option<Day>, Option<Day>),
    ) -> Result<Vec<DaySummary>> {
        self.wait_read()?;
        Ok(self.known().days.summaries(cameras, range))
    }

    /// The cameras of all hosts, by name, by the indexes alone. Their bytes are those of the copies.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the indexes could not be read since the start.
    pub(in crate::service) fn cameras(&self) -> Result<Vec<CameraInfo>> {
        self.wait_read()?;
        Ok(self.known().days.totals().into_iter().map(|summary| Streams::default().info(summary)).collect())
    }

    fn located(&self, page: Page) -> LocatedPage {
        let located = |event| Located { event, location: self.view.location() };
        LocatedPage { events: page.events.into_iter().map(located).collect(), next: page.next }
    }

    /// Waits until the indexes of all hosts were read once.
    fn wait_read(&self) -> Result<()> {
        let until = Instant::now() + START_LIMIT;
        let mut known = self.known();
        while !known.is_read {
            let now = Instant::now();
            if now >= until || self.stores.outage(&self.store).is_some() {
                drop(known);
                return Err(self.unavailable());
            }
            known = self.moved.wait_timeout(known, until - now).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Why there is no page. The store's own words, which may name places, are shown by `/api/v1/stores` to those who may read them.
    fn unavailable(&self) -> Error {
        let store = &self.store;
        Error::Unavailable(match self.stores.outage(store) {
            Some(outage) => format!(
                "the store {store} has been out of reach since {}; it is tried again, and /api/v1/stores says why",
                rfc3339(outage.since)
            ),
            None => format!("the store {store} does not respond in time; try again"),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has changed that responses depend on.
    fn note_change(&self) {
        self.changes.fetch_add(1, Relaxed);
    }
}

/// Whether an event comes before all that begin at this moment.
fn is_before(event: &Event, edge: NaiveDateTime, order: Order) -> bool {
    match order {
        Order::Desc => event.details.start > edge,
        Order::Asc => event.details.start < edge,
    }
}

/// The part of a page that is right although some days are not loaded, and a cursor that goes on there.
fn cut(mut page: Page, edge: NaiveDateTime, query: &Query) -> Page {
    let (order, _, after) = query.position();
    let right = page.events.partition_point(|event| is_before(event, edge, order));
    page.events.truncate(right);
    let next = page.events.last().map(Cursor::after).or_else(|| {
        // No event begins before the edge, so every cursor right before it is right.
        let start = match order {
            Order::Desc => edge + TimeDelta::seconds(1),
            Order::Asc => edge - TimeDelta::seconds(1),
        };
        let begin = Cursor::at(start)?;
        let is_progress = after.is_none_or(|after| begin.compare(after, order).is_gt());
        if is_progress { Some(begin) } else { after.cloned() }
    });
    Page { next, ..page }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Details, Movies, State};

    fn at(secs: i64) -> NaiveDateTime {
        "2026-11-20".parse::<Day>().unwrap().at(secs)
    }

    fn event(secs: i64) -> Event {
        let id = format!("a:Camera1/2026-11-20/00-00-{secs:02}").parse().unwrap();
        let (start, videos, problems) = (at(secs), Movies::new(), Vec::new());
        let (debug_video, thumbnail, peak_change, motion_mask) = (None, None, None, None);
        let (state, saved, frames, bytes) = (State::Complete, false, None, None);
        Event {
            id,
            details: Details {
                start,
                end: start,
                state,
                saved,
                frames,
                bytes,
                videos,
                debug_video,
                thumbnail,
                peak_change,
                motion_mask,
                problems,
            },
        }
    }

    fn cut_at(edge: i64, events: &[i64], query: &Query) -> (Vec<i64>, String) {
        let page = Page { events: events.iter().map(|secs| event(*secs)).collect(), next: None };
        let page = cut(page, at(edge), query);
        let starts = page.events.iter().map(|event| (event.details.start - at(0)).num_seconds()).collect();
        (starts, page.next.unwrap().to_string())
    }

    /// What begins at the edge itself may come after an event that is not loaded.
    #[test]
    fn a_page_that_is_cut_goes_on() {
        let newest = Query::new();
        let (starts, next) = cut_at(20, &[40, 30, 20, 10], &newest);
        assert_eq!((starts, next.as_str()), (vec![40, 30], "2026-11-20T00:00:30/a:Camera1/2026-11-20/00-00-30"));
        let (starts, next) = cut_at(50, &[40, 30], &newest);
        assert!(starts.is_empty() && next.starts_with("2026-11-20T00:00:51/"), "{next}");
        let oldest = Query::new().order(Order::Asc);
        let (starts, next) = cut_at(30, &[10, 20, 30, 40], &oldest);
        assert!(starts == [10, 20] && next.starts_with("2026-11-20T00:00:20/"), "{next}");
        let (starts, next) = cut_at(5, &[10, 20], &oldest);
        assert!(starts.is_empty() && next.starts_with("2026-11-20T00:00:04/"), "{next}");
    }

    #[test]
    fn a_cursor_never_goes_back() {
        let after = Cursor::after(&event(40));
        let (starts, next) = cut_at(40, &[40, 30], &Query::new().cursor(after.clone()));
        assert!(starts.is_empty());
        assert_eq!(next, after.to_string());
    }
}
