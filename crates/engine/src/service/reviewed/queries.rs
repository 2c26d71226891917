//! The methods of a handle about reviewed events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::counts::Basis;
use super::marks::by_day;
use super::{Marks, OfDay, Reviewer};
use crate::catalog::{Catalog, Choice, Chooser, DaySummary, NamesByDay, Query};
use crate::error::Result;
use crate::event::{Camera, Day, EventId, EventName};
use crate::service::handle::Handle;
use crate::service::located::{LocatedPage, UsableStores};

/// Chooses the events that a user has reviewed, or the others.
struct ByMarks {
    marks: Arc<Marks>,
    reviewed: bool,
    /// The days of which the user has reviewed every event: they need not be read for the others.
    whole: BTreeSet<OfDay>,
}

impl Chooser for ByMarks {
    fn has(&self, camera: &Camera, day: Day, name: EventName) -> bool {
        self.marks.has_name(camera, day, name) == self.reviewed
    }

    fn may_have(&self, camera: &Camera, day: Day) -> bool {
        if self.reviewed { self.marks.has_day(camera, day) } else { !self.whole.contains(&(camera.clone(), day)) }
    }
}

impl Handle {
    /// What a user has reviewed. Reads it from the disk the first time; a million events take a fraction of a second.
    pub fn reviewed_by(&self, reviewer: &Reviewer) -> Arc<Marks> {
        self.reviewed.of(reviewer)
    }

    /// The same, if it was read already.
    pub fn known_reviewed_by(&self, reviewer: &Reviewer) -> Option<Arc<Marks>> {
        self.reviewed.loaded(reviewer)
    }

    /// Notes that a user has reviewed these events of the archive and of these stores, or with `reviewed` false that not; durable on return. Others are passed over. Returns how many changed.
    ///
    /// # Errors
    /// The state directory cannot be written; nothing has changed then. Or the events cannot be queried.
    pub fn set_reviewed(
        &self,
        marks: &Marks,
        events: &BTreeSet<EventId>,
        reviewed: bool,
        stores: &UsableStores,
    ) -> Result<u64> {
        marks.set(by_day(self.located_present(events, stores)?), reviewed)
    }

    /// The same for all events of a query, whatever its order, limit and cursor.
    ///
    /// # Errors
    /// Those of [`Handle::set_reviewed`].
    pub fn set_all_reviewed(&self, marks: &Marks, query: &Query, reviewed: bool, stores: &UsableStores) -> Result<u64> {
        marks.set(self.located_names(query, stores)?, reviewed)
    }

    /// A page of the events that a user has reviewed, or of the others.
    ///
    /// # Errors
    /// The events cannot be queried.
    pub fn located_events_by_review(
        &self,
        query: &Query,
        marks: &Arc<Marks>,
        reviewed: bool,
        stores: &UsableStores,
    ) -> Result<LocatedPage> {
        let whole = if reviewed { BTreeSet::new() } else { self.whole_days(query, marks, stores)? };
        let choice = Choice::new(ByMarks { marks: Arc::clone(marks), reviewed, whole });
        self.located_events(&query.clone().choice(choice), stores)
    }

    /// The days that may be on the pages of a query, and of which a user has reviewed every event.
    fn whole_days(&self, query: &Query, marks: &Marks, stores: &UsableStores) -> Result<BTreeSet<OfDay>> {
        let (first, last) = query.remaining();
        // An event can begin a little before or after the day of its directory.
        let first = first.and_then(|first| Day::try_from(first.date()).ok()).map(|day| day.back(1));
        let last = last.and_then(|last| Day::try_from(last.date().succ_opt()?).ok());
        let mut days = self.located_days(None, (first, last), stores)?;
        days.retain(|day| query.concerns(&day.camera) && marks.count_all(&day.camera, day.day) >= day.events);
        let counts = self.reviewed_counts(marks, &days, stores)?;
        let is_whole = |(day, count): (DaySummary, u64)| (count == day.events).then_some((day.camera, day.day));
        Ok(days.into_iter().zip(counts).filter_map(is_whole).collect())
    }

    /// How many events of each of these days a user has reviewed. The days are those that [`Handle::located_days`] returned.
    ///
    /// # Errors
    /// The events cannot be queried.
    pub fn reviewed_counts(&self, marks: &Marks, days: &[DaySummary], stores: &UsableStores) -> Result<Vec<u64>> {
        #[cfg(feature = "stores")]
        let basis: Basis = (stores.clone(), self.stored.generation());
        #[cfg(not(feature = "stores"))]
        let basis: Basis = (stores.clone(), 0);
        let (known, since) = self.reviewed.counts.known(marks.reviewer(), &basis);
        let (mut counts, mut found) = (Vec::with_capacity(days.len()), Vec::new());
        for summary in days {
            let day = (summary.camera.clone(), summary.day);
            let count = match known.get(&day) {
                Some(count) => *count,
                None if !marks.has_day(&day.0, day.1) => 0,
                None => {
                    let count = self.count_reviewed(marks, summary, stores)?;
                    found.push((day, count));
                    count
                }
            };
            counts.push(count);
        }
        self.reviewed.counts.keep(marks.reviewer(), &basis, since, found);
        Ok(counts)
    }

    fn count_reviewed(&self, marks: &Marks, summary: &DaySummary, stores: &UsableStores) -> Result<u64> {
        let DaySummary { camera, day, .. } = summary;
        #[cfg(feature = "stores")]
        if self.stored.bucket(stores).is_some() {
            // Nothing removes its events, and the names of a day may not be loaded.
            return Ok(marks.count_all(camera, *day).min(summary.events));
        }
        let mut names: BTreeSet<EventName> = self.catalog.names_of(camera, *day)?.into_iter().collect();
        self.read_stored(stores, |stored| {
            names.extend(stored.names_of(camera, *day)?);
            Ok(())
        });
        Ok(marks.count(camera, *day, &names))
    }

    /// Those of these events that the archive or one of these stores has.
    fn located_present(&self, events: &BTreeSet<EventId>, stores: &UsableStores) -> Result<BTreeSet<EventId>> {
        #[cfg(feature = "stores")]
        if let Some(bucket) = self.stored.bucket(stores) {
            let mut present = BTreeSet::new();
            for id in events {
                present.extend(bucket.event(id)?.map(|located| located.event.id));
            }
            return Ok(present);
        }
        let mut present = self.catalog.present(events)?;
        self.read_stored(stores, |stored| {
            present.extend(stored.present(events)?);
            Ok(())
        });
        Ok(present)
    }

    /// The names of all events of a query, of the archive and of these stores.
    fn located_names(&self, query: &Query, stores: &UsableStores) -> Result<NamesByDay> {
        #[cfg(feature = "stores")]
        if self.stored.bucket(stores).is_some() {
            return self.paged_names(query.clone(), stores);
        }
        let mut names = self.catalog.names(query)?;
        self.read_stored(stores, |stored| {
            for (day, more) in stored.names(query)? {
                names.entry(day).or_default().extend(more);
            }
            Ok(())
        });
        Ok(names)
    }

    /// Reads the lists of the events of these stores. One that cannot be read has none for now.
    fn read_stored(&self, stores: &UsableStores, mut read: impl FnMut(&Catalog) -> Result<()>) {
        #[cfg(feature = "stores")]
        for view in &*self.stored.usable(stores) {
            view.or_none(read(view.catalog()));
        }
        #[cfg(not(feature = "stores"))]
        let _ = (self, stores, &mut read);
    }

    /// The same, page by page, which loads the days.
    #[cfg(feature = "stores")]
    fn paged_names(&self, query: Query, stores: &UsableStores) -> Result<NamesByDay> {
        const PAGE: usize = 1000;
        let (mut ids, mut query) = (Vec::new(), query.limit(PAGE));
        loop {
            let page = self.located_events(&query, stores)?;
            ids.extend(page.events.into_iter().map(|located| located.event.id));
            match page.next {
                Some(next) => query = query.cursor(next),
                None => return Ok(by_day(ids)),
            }
        }
    }

    /// Drops the marks of days that have been gone for a while, for the users whose marks are in memory, and rewrites long journals. A day is not
    /// gone while the delete queue has events of it, nor if all events of its camera are: its disk may be away.
    pub(crate) fn tidy_reviewed(&self) {
        let users = self.reviewed.all_loaded();
        if users.is_empty() || !self.status.may_expire() {
            return;
        }
        let gone = self.days_without_events(&users).unwrap_or_else(|error| {
            tracing::debug!("{}", error.chain()); // tried again in the next round
            BTreeSet::new()
        });
        let gone = self.reviewed.gone_for_long(gone);
        for marks in &users {
            marks.tidy(&gone);
        }
    }

    /// Whether every event of a store is listed: those of a store that is not active exist, and are not.
    #[cfg(feature = "stores")]
    fn knows_all_stores(&self) -> bool {
        let active = self.usable_stores(None);
        self.stores.names(None).len() == self.stores.active(None).len() && self.stored.bucket(&active).is_none()
    }

    fn days_without_events(&self, users: &[Arc<Marks>]) -> Result<BTreeSet<OfDay>> {
        #[cfg(feature = "stores")]
        if !self.knows_all_stores() {
            return Ok(BTreeSet::new());
        }
        let queued = self.queue()?; // read first: what is restored meanwhile is in one or the other
        let items = queued.passes.iter().flat_map(|pass| &pass.manifest.items);
        let mut there: BTreeSet<OfDay> = items.map(|item| (item.camera.clone(), item.day)).collect();
        let days = self.located_days(None, (None, None), &self.usable_stores(None))?;
        let days = days.into_iter().filter(|day| day.events > 0).map(|day| (day.camera, day.day));
        let cameras: BTreeSet<Camera> = days
            .map(|day| {
                let camera = day.0.clone();
                there.insert(day);
                camera
            })
            .collect();
        let marked = users.iter().flat_map(|marks| marks.marked_days());
        Ok(marked.filter(|day| cameras.contains(&day.0) && !there.contains(day)).collect())
    }
}
