//! Events of the archive and of stores, as those who look at them see them: one list, in which an event that is in both is one of the
//! archive. Rules, copying and the audit log know only the archive's; they use `handle`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::camera_info::CameraInfo;
use super::handle::Handle;
#[cfg(feature = "stores")]
use super::stored::queries;
use crate::catalog::{Cursor, DaySummary, Query};
use crate::error::Result;
use crate::event::{Camera, Day, EventId, Located};

/// A page of events of the archive and of stores.
#[derive(Debug, Clone)]
pub struct LocatedPage {
    /// The events, in the requested order.
    pub events: Vec<Located>,
    /// The cursor of the next page; `None` if this is the last.
    pub next: Option<Cursor>,
}

/// The names of the stores whose events someone may see. The events of all others do not exist for him.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UsableStores(Arc<BTreeSet<Arc<str>>>);

impl UsableStores {
    /// Stores by name.
    pub fn new(names: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self(Arc::new(names.into_iter().collect()))
    }

    /// Whether there is none: only the events of the archive are seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this store is one of them.
    pub fn contains(&self, store: &str) -> bool {
        self.0.contains(store)
    }
}

impl Handle {
    /// The active stores that a user may use; `None` is the administrator, who may use each.
    pub fn usable_stores(&self, user: Option<&str>) -> UsableStores {
        #[cfg(feature = "stores")]
        {
            UsableStores::new(self.stores.active(user).iter().map(|name| name.as_str().into()))
        }
        #[cfg(not(feature = "stores"))]
        {
            let _ = user;
            UsableStores::default()
        }
    }

    /// A page of events of the archive and of these stores.
    pub fn located_events(&self, query: &Query, stores: &UsableStores) -> Result<LocatedPage> {
        #[cfg(feature = "stores")]
        if let Some(bucket) = self.stored.bucket(stores) {
            return bucket.events(query);
        }
        #[cfg(feature = "stores")]
        if let views @ [_, ..] = &*self.stored.usable(stores) {
            return queries::events(&self.catalog, views, query);
        }
        let _ = stores;
        let page = self.events(query)?;
        Ok(LocatedPage { events: page.events.into_iter().map(Located::local).collect(), next: page.next })
    }

    /// One event of the archive or of these stores; `None` if there is none.
    pub fn located_event(&self, id: &EventId, stores: &UsableStores) -> Result<Option<Located>> {
        if let Some(event) = self.event(id)? {
            return Ok(Some(Located::local(event)));
        }
        #[cfg(feature = "stores")]
        if let Some(bucket) = self.stored.bucket(stores) {
            return bucket.event(id);
        }
        #[cfg(feature = "stores")]
        return Ok(queries::event(&self.stored.usable(stores), id));
        #[cfg(not(feature = "stores"))]
        {
            let _ = stores;
            Ok(None)
        }
    }

    /// The days of the archive and of these stores with events or loose files, newest first, of `cameras` (`None`: of all), from
    /// `first` to `last`, both included.
    pub fn located_days(
        &self,
        cameras: Option<&BTreeSet<Camera>>,
        (first, last): (Option<Day>, Option<Day>),
        stores: &UsableStores,
    ) -> Result<Vec<DaySummary>> {
        #[cfg(feature = "stores")]
        if let Some(bucket) = self.stored.bucket(stores) {
            return bucket.days(cameras, (first, last));
        }
        let local = self.days(cameras, first, last)?;
        #[cfg(feature = "stores")]
        if let views @ [_, ..] = &*self.stored.usable(stores) {
            return Ok(queries::days(local, &self.stored.days(views), cameras, (first, last)));
        }
        let _ = stores;
        Ok(local)
    }

    /// All cameras of the archive and of these stores, by name. The totals count the events of both; the bytes are those of the archive.
    pub fn located_cameras(&self, stores: &UsableStores) -> Result<Vec<CameraInfo>> {
        #[cfg(feature = "stores")]
        if let Some(bucket) = self.stored.bucket(stores) {
            return bucket.cameras();
        }
        let local = self.cameras()?;
        #[cfg(feature = "stores")]
        if let views @ [_, ..] = &*self.stored.usable(stores) {
            return queries::cameras(local, &self.catalog, &self.stored.days(views), self.streams());
        }
        let _ = stores;
        Ok(local)
    }

    /// Whether the located queries may wait for a store: then they belong on a thread that may wait.
    pub fn may_wait_for_a_store(&self, stores: &UsableStores) -> bool {
        #[cfg(feature = "stores")]
        return self.stored.bucket(stores).is_some();
        #[cfg(not(feature = "stores"))]
        {
            let _ = stores;
            false
        }
    }
}
