//! Reading what hosts have copied, for those who look at single events: manifests from a cache, and parts of files, a few at a time for
//! each store. The result of each request is noted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use owlery_model::event::{Camera, Day, EventId};
use tokio::sync::Semaphore;

use super::Stores;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::host_files::HostFiles;
use crate::keys::HostName;
use crate::manifest::{CopiedEvent, CopiedFile, Manifest};

/// How long a manifest is kept.
const TIME_TO_LIVE: Duration = Duration::from_secs(60);
/// The most bytes of the manifests of a store that are kept, roughly.
const MAX_BYTES: u64 = 8 << 20;
/// How many parts of a store are read at a time: each is in memory until it has been compared.
const AT_A_TIME: usize = 4;
/// How long a part waits for its turn. A store that is away lets none pass.
const TURN: Duration = Duration::from_secs(30);

/// What is kept of a store that is read.
#[derive(Debug)]
pub(super) struct Reads {
    manifests: Cache<(HostName, Camera, Day), Arc<Manifest>>,
    turns: Semaphore,
}

impl Default for Reads {
    fn default() -> Self {
        let manifests = Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(|_, manifest: &Arc<Manifest>| weight(manifest))
            .time_to_live(TIME_TO_LIVE)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { manifests, turns: Semaphore::new(AT_A_TIME) }
    }
}

impl Reads {
    /// Forgets all manifests: with other credentials they may be others.
    pub(super) fn forget(&self) {
        self.manifests.invalidate_all();
    }
}

/// About how many bytes a manifest takes.
fn weight(manifest: &Arc<Manifest>) -> u32 {
    let of_file = |file: &CopiedFile| 250 + file.name.len() + 90 * file.parts.len();
    let of_event = |event: &CopiedEvent| 200 + event.files.iter().map(of_file).sum::<usize>();
    u32::try_from(manifest.events.iter().map(of_event).sum::<usize>()).unwrap_or(u32::MAX).saturating_add(200)
}

impl Stores {
    /// [`Stores::get`] on a thread that may wait for a disk.
    pub(super) async fn opened(self: &Arc<Self>, user: Option<&str>, name: &str) -> Result<Client> {
        let store = self.find(user, name)?;
        let turn = Arc::clone(&store.turn).lock_owned().await;
        let (this, user, text) = (Arc::clone(self), user.map(str::to_owned), name.to_owned());
        let open = move || {
            let opened = this.get(user.as_deref(), &text);
            drop(turn); // which a caller that gives up must not do
            opened
        };
        let stopped = || {
            let (store, op) = (store.options.name.clone(), "open it".to_owned());
            Error::OutOfReach { store, op, why: "owlery is stopping".to_owned() }
        };
        tokio::task::spawn_blocking(open).await.unwrap_or_else(|_| Err(stopped()))
    }

    /// The manifest of a day of a host in a store: one that was read within the last minute, or that of the store. Callers of the same
    /// day share one request. For the administrator: whether a user may use the store was checked before. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::Unknown`], [`Error::Inactive`], or the store cannot be used. Errors are not kept.
    pub async fn manifest(
        self: &Arc<Self>,
        name: &str,
        (host, camera, day): (&HostName, &Camera, Day),
    ) -> Result<Arc<Manifest>, Arc<Error>> {
        let store = self.find(None, name)?;
        if !store.options.active {
            return Err(Arc::new(Error::Inactive(store.options.name.clone())));
        }
        let fetch = async {
            let files = HostFiles::new(self.opened(None, name).await?, host);
            let found = files.manifest(camera, day).await;
            self.note(&store.options.name, &found);
            found?.map(Arc::new).ok_or_else(|| files.no_manifest(camera, day))
        };
        store.reads.manifests.try_get_with((host.clone(), camera.clone(), day), fetch).await
    }

    /// Reads a part of a file that a host has copied, as [`HostFiles::read_part`] does, when it is its turn. For the administrator, as
    /// [`Stores::manifest`]. Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of [`HostFiles::read_part`], [`Error::Unknown`], [`Error::Inactive`]; [`Error::OutOfReach`] also if its turn does not come.
    pub async fn read_part(
        self: &Arc<Self>,
        name: &str,
        host: &HostName,
        (event, file): (&EventId, &CopiedFile),
        nth: u64,
    ) -> Result<Bytes> {
        let store = self.find(None, name)?;
        let late = || {
            let (store, op) = (store.options.name.clone(), format!("read {event}/{}", file.name));
            Error::OutOfReach { store, op, why: format!("others wait for it too, for {} s already", TURN.as_secs()) }
        };
        let turn = tokio::time::timeout(TURN, store.reads.turns.acquire()).await;
        let _turn = turn.map_err(|_| late())?.map_err(|_| late())?;
        let files = HostFiles::new(self.opened(None, name).await?, host);
        let read = files.read_part(event, file, nth).await;
        self.note(&store.options.name, &read);
        read
    }
}
