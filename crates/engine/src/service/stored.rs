//! Events that stores have and the archive lacks: which hosts' events are shown, and under which names of cameras. `view` has those of one store,
//! `details` makes them of a manifest, and `queries` and `merge` list them together with the archive's. Nothing that decides about
//! recordings knows them.

mod bucket;
pub(crate) mod details;
mod fill;
mod merge;
pub(in crate::service) mod queries;
pub(crate) mod view;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use owlery_store::{HostName, StoreName};

use super::located::UsableStores;
use crate::event::{Camera, Details, EventName, Stamp};
pub(in crate::service) use bucket::{Bucket, Refresher};
pub(in crate::service) use fill::Filler;
use queries::StoredDays;
use view::View;

/// The views of all stores whose events are listed.
#[derive(Debug, Default)]
pub(crate) struct StoredEvents {
    /// By the name of the store. Written when a service starts.
    views: RwLock<Vec<Arc<View>>>,
    /// The store that is an archive of all its hosts, if there is one: then it is the only one. Written when a service starts.
    bucket: OnceLock<Arc<Bucket>>,
    /// The sums of days that were asked for last: they seldom change, and there may be thousands of days. Written by queries.
    days: Mutex<Option<KnownDays>>,
}

/// The sums of the days of these stores, in this generation of their views.
type KnownDays = (Vec<StoreName>, u64, Arc<StoredDays>);

impl StoredEvents {
    /// Lists the events of a store from now on.
    pub(crate) fn add(&self, view: Arc<View>) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.retain(|known| known.store() != view.store());
        views.push(view);
        views.sort_by(|one, other| one.store().cmp(other.store()));
    }

    /// Lists the events of all hosts of a store from now on, read when they are asked for.
    pub(in crate::service) fn serve(&self, bucket: Arc<Bucket>) {
        let _ = self.bucket.set(bucket); // a service starts once
    }

    /// The store that is an archive, if it is one of these.
    pub(in crate::service) fn bucket(&self, stores: &UsableStores) -> Option<&Arc<Bucket>> {
        self.bucket.get().filter(|bucket| stores.contains(bucket.store().as_str()))
    }

    /// The views of these stores that have events.
    pub(in crate::service) fn usable(&self, stores: &UsableStores) -> Vec<Arc<View>> {
        if stores.is_empty() {
            return Vec::new();
        }
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        let is_usable = |view: &&Arc<View>| stores.contains(view.store().as_str()) && view.has_events();
        views.iter().filter(is_usable).cloned().collect()
    }

    /// The hosts of a store whose events are shown; `None` if none of its events is.
    #[cfg(feature = "media")]
    pub(in crate::service) fn hosts(&self, store: &str) -> Option<ShownHosts> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views.iter().find(|view| view.store().as_str() == store).map(|view| view.hosts().clone())
    }

    /// Grows with every change of a view.
    pub(in crate::service) fn generation(&self) -> u64 {
        let of_views = generation(&self.views.read().unwrap_or_else(PoisonError::into_inner));
        of_views.saturating_add(self.bucket.get().map_or(0, |bucket| bucket.changes()))
    }

    /// The sums of the days of these views.
    pub(in crate::service) fn days(&self, views: &[Arc<View>]) -> Arc<StoredDays> {
        let names: Vec<StoreName> = views.iter().map(|view| view.store().clone()).collect();
        let generation = generation(views);
        let known = self.days.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, _, days)) = known.filter(|(of, at, _)| (of, *at) == (&names, generation)) {
            return days;
        }
        let days = Arc::new(queries::stored_days(views));
        *self.days.lock().unwrap_or_else(PoisonError::into_inner) = Some((names, generation, Arc::clone(&days)));
        days
    }
}

fn generation(views: &[Arc<View>]) -> u64 {
    views.iter().map(|view| view.catalog().generation().saturating_add(1)).sum()
}

/// The stamp of a view's day: `mtime` tells which events are listed, so that stores are known to have the same ones without reading them,
/// and `inode` what the day was computed from, which need not be read again while it is the same. Another version of the program may
/// compute other numbers; then days are read once more.
pub(crate) fn stamp_of_day(events: &[(EventName, Details)], source: u64) -> Stamp {
    let mut names = DefaultHasher::new();
    for (name, _) in events {
        name.hash(&mut names);
    }
    Stamp { mtime: names.finish().cast_signed(), inode: source }
}

/// A digest of what a day is computed from, for [`stamp_of_day`].
pub(crate) fn source_stamp(source: impl Hash) -> u64 {
    let mut digest = DefaultHasher::new();
    (VERSION, source).hash(&mut digest);
    digest.finish()
}

/// Grows when the details of an event are made of its manifest in another way.
const VERSION: u32 = 1;

/// The hosts of a store whose events are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShownHosts {
    /// This host's: its cameras have the names that they have in the archive.
    Own(HostName),
    /// Those of each host that has a place below the prefix: a camera is shown as `HOST:CAMERA`. No name of a host has a colon.
    All,
}

impl ShownHosts {
    /// The name under which a camera of a host is shown; `None` if the host is not shown, or the name is too long.
    pub(crate) fn shown(&self, host: &HostName, camera: &Camera) -> Option<Camera> {
        match self {
            Self::Own(own) => (own == host).then(|| camera.clone()),
            Self::All => format!("{host}:{camera}").parse().ok(),
        }
    }

    /// The host and the name there of a camera that is shown under this name; `None` for a name that no camera of a host has.
    #[cfg(any(feature = "media", test))]
    pub(crate) fn place(&self, shown: &Camera) -> Option<(HostName, Camera)> {
        match self {
            Self::Own(own) => Some((own.clone(), shown.clone())),
            Self::All => {
                let (host, camera) = shown.as_str().split_once(':')?;
                Some((host.parse().ok()?, camera.parse().ok()?))
            }
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod name_tests {
    use super::*;

    #[test]
    fn names_of_shown_cameras_lead_back() {
        let (host, camera): (HostName, Camera) = ("front-door".parse().unwrap(), "Camera 1:2".parse().unwrap());
        let shown = ShownHosts::All.shown(&host, &camera).unwrap();
        assert_eq!(shown.as_str(), "front-door:Camera 1:2");
        assert_eq!(ShownHosts::All.place(&shown), Some((host.clone(), camera.clone())));
        let own = ShownHosts::Own(host.clone());
        assert_eq!(own.shown(&host, &camera), Some(camera.clone()));
        assert_eq!(own.place(&camera), Some((host, camera.clone())));
        assert_eq!(own.shown(&"other".parse().unwrap(), &camera), None);
        for no_host in ["Camera1", ":Camera1", "a b:Camera1", "a:"] {
            assert_eq!(ShownHosts::All.place(&no_host.parse().unwrap()), None, "{no_host}");
        }
    }
}
