//! Events that stores have and the archive lacks: which hosts' events are shown, and under which names of cameras. `view` has those of one store,
//! `details` makes them of a manifest, and `queries` and `merge` list them together with the archive's. Nothing that decides about
//! recordings knows them.

pub(crate) mod details;
mod fill;
mod merge;
pub(in crate::service) mod queries;
pub(crate) mod view;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use owlery_store::HostName;

use super::located::UsableStores;
use crate::event::{Camera, Details, EventName, Stamp};
pub(in crate::service) use fill::Filler;
use view::View;

/// The views of all stores whose events are listed.
#[derive(Debug, Default)]
pub(crate) struct StoredEvents {
    /// By the name of the store. Written when a service starts.
    views: RwLock<Vec<Arc<View>>>,
}

impl StoredEvents {
    /// Lists the events of a store from now on.
    pub(crate) fn add(&self, view: Arc<View>) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.retain(|known| known.store() != view.store());
        views.push(view);
        views.sort_by(|one, other| one.store().cmp(other.store()));
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
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views.iter().map(|view| view.catalog().generation().saturating_add(1)).sum()
    }
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
    #[cfg_attr(not(test), allow(dead_code, reason = "a bucket that is an archive shows them"))]
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

    #[cfg_attr(not(test), allow(dead_code, reason = "who reads a file of an event finds it by this"))]
    /// The host and the name there of a camera that is shown under this name; `None` for a name that no camera of a host has.
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
