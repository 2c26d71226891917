//! The events of one store that the archive does not have, as a catalog of their own. It is derived from the store's manifests, and can be made
//! again at any time. Who fills it decides when; nothing here waits for the store.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use owlery_store::{HostName, StoreName, StoreOptions};

use super::ShownHosts;
use crate::catalog::{Catalog, DaySummary, Opened, Page, Query, lacks_room};
use crate::error::Result;
use crate::event::{Camera, Change, Day, DayScan, Details, Event, EventId, EventName, Location, Loose, Stamp};
use crate::state_file::make_folder;

/// The name of the catalog's folder begins with this.
const FOLDER: &str = "events-";

/// The events of a store that the archive lacks. Events in it have the names that are shown ([`ShownHosts`]).
#[derive(Debug)]
pub(crate) struct View {
    store: StoreName,
    /// The same name, for [`Location`].
    name: Arc<str>,
    hosts: ShownHosts,
    catalog: Catalog,
    /// Whether it has events, and of which generation that is known. Written by queries.
    has_events: Mutex<Option<(u64, bool)>>,
}

impl View {
    /// Opens what the state directory keeps of the store's events. Another place, or other hosts, have a folder of their own.
    ///
    /// # Errors
    /// The folder or the catalog cannot be opened.
    pub(crate) fn open(state_dir: &Path, options: &StoreOptions, hosts: ShownHosts) -> Result<Self> {
        let of_hosts = match &hosts {
            ShownHosts::Own(host) => host.as_str(),
            ShownHosts::All => "*", // no host has this name
        };
        let place = options.url.place_id(&[of_hosts]);
        let folder = state_dir.join("stores").join(format!("{}.state", options.name));
        let own = format!("{FOLDER}{place}");
        remove_others(&folder, &own);
        let folder = folder.join(own);
        make_folder(&folder)?;
        let (catalog, opened) = Catalog::open(&folder)?;
        give_files(&folder);
        if let Opened::SetAside(aside, why) = opened {
            let aside = aside.display();
            tracing::warn!(store = %options.name, "the list of its events could not be used ({why}); it is set aside as {aside} and made again");
        }
        let (store, name) = (options.name.clone(), options.name.as_str().into());
        Ok(Self { store, name, hosts, catalog, has_events: Mutex::default() })
    }

    /// The store.
    pub(crate) fn store(&self) -> &StoreName {
        &self.store
    }

    /// Where its events are.
    pub(crate) fn location(&self) -> Location {
        Location::Store(Arc::clone(&self.name))
    }

    /// The hosts whose events are shown.
    pub(crate) fn hosts(&self) -> &ShownHosts {
        &self.hosts
    }

    /// The catalog of its events, for the thread that fills it.
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Whether it has events. Costs nothing while nothing changes.
    pub(crate) fn has_events(&self) -> bool {
        let generation = self.catalog.generation();
        let mut known = self.has_events.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, has_events)) = *known
            && of == generation
        {
            return has_events;
        }
        let cameras = self.catalog.cameras();
        let has_events = self.or_none(cameras).iter().any(|camera| camera.events > 0);
        *known = Some((generation, has_events));
        has_events
    }

    /// A page of its events.
    pub(super) fn events(&self, query: &Query) -> Page {
        let none = Page { events: Vec::new(), next: None };
        self.catalog.events(query).unwrap_or_else(|error| {
            self.warn(&error);
            none
        })
    }

    /// One of its events.
    pub(super) fn event(&self, id: &EventId) -> Option<Event> {
        self.or_none(self.catalog.event(id))
    }

    /// Its days with events.
    pub(super) fn days(&self) -> Vec<DaySummary> {
        self.or_none(self.catalog.days(None, None, None))
    }

    /// The default if a list cannot be read: events of a store are nothing that anything else waits for.
    pub(in crate::service) fn or_none<T: Default>(&self, read: Result<T>) -> T {
        read.unwrap_or_else(|error| {
            self.warn(&error);
            T::default()
        })
    }

    fn warn(&self, error: &crate::error::Error) {
        tracing::warn!(store = %self.store, "{}; its events are not listed for now", error.chain());
    }

    /// The events of a host's day that are to be listed; the stamp says what they were computed from. Other events of the day are gone. Does
    /// nothing for a camera that is not shown.
    ///
    /// # Errors
    /// They cannot be written. On a full disk, or after damage, the list is empty then, and has to be filled again.
    pub(crate) fn set_day(
        &self,
        (host, camera, day): (&HostName, &Camera, Day),
        events: Vec<(EventName, Details)>,
        stamp: Option<Stamp>,
    ) -> Result<()> {
        let Some(camera) = self.hosts.shown(host, camera) else { return Ok(()) };
        let (loose, measured_at) = (Loose { files: 0, bytes: Some(0) }, None);
        self.apply(&[Change::Day(DayScan { camera, day, stamp, events, unread: Vec::new(), loose, measured_at })])
    }

    /// Applies changes, as [`View::set_day`] does.
    pub(crate) fn apply(&self, changes: &[Change]) -> Result<()> {
        self.catalog.apply(changes, false).map(drop).inspect_err(|error| {
            if lacks_room(error)
                && let Err(error) = self.catalog.leave_disk()
            {
                tracing::debug!(store = %self.store, "{}", error.chain());
            }
        })
    }

    /// Makes a damaged list again, leaves a disk that is nearly full, and returns to one with room. Returns whether it is empty since the last call.
    pub(crate) fn settle(&self) -> Result<bool> {
        let aside = self.catalog.mend()?;
        if let Some(aside) = &aside {
            let aside = aside.display();
            tracing::warn!(store = %self.store, "the list of its events was damaged; it is set aside as {aside} and made again");
        }
        self.catalog.leave_danger()?;
        self.catalog.return_to_disk()?;
        Ok(self.catalog.take_emptied() || aside.is_some())
    }

    /// Leaves the file ready for the next start.
    pub(super) fn close(&self) {
        if let Err(error) = self.catalog.checkpoint() {
            tracing::debug!(store = %self.store, "{}", error.chain());
        }
        self.catalog.leave();
    }
}

/// Gives what root has made to the owner of the folder. It opens no file: closing one would end the locks of the open catalog.
fn give_files(folder: &Path) {
    let Ok(owner) = folder.metadata() else { return };
    let is_of_another = rustix::process::geteuid().is_root() && owner.uid() != 0;
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten().filter(|_| is_of_another) {
        if let Err(error) = std::os::unix::fs::lchown(file.path(), Some(owner.uid()), Some(owner.gid())) {
            tracing::debug!("cannot give {} to its owner: {error}", file.path().display());
        }
    }
}

/// Removes the lists of places that the store had before. They can be made again.
fn remove_others(folder: &Path, own: &str) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_other = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with(FOLDER) && name != own);
    for other in entries.filter(|entry| is_other(&entry.file_name())).map(|entry| entry.path()) {
        let files = std::fs::read_dir(&other).into_iter().flatten().flatten().map(|file| file.path());
        let failed = files.map(|file| owlery_state::remove_file(&file)).find_map(std::result::Result::err);
        let removed = failed.map_or_else(|| owlery_state::remove_empty_folder(&other), Err);
        if let Err(error) = removed {
            tracing::debug!("cannot remove {}, which is not needed any more: {error}", other.display());
        }
    }
}
