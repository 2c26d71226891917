//! Brings files of events of stores into the media cache before they are asked for: those of a day, by the queue of the cache, one after the
//! other, part by part. The queue survives a restart, and can be seen and changed with the cache.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use owlery_cache::{Backoff, Cache, Prefetched, Prefetcher};
use owlery_store::{CopiedFile, FileKind, HostName, PART};

use super::file::Object;
use super::{StoredError, StoredFiles, StoredReader};
use crate::catalog::{Order, Query};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId};
use crate::service::derived::{STORED, store_of_key};
use crate::service::handle::Handle;
use crate::service::located::UsableStores;

/// How many events a query returns.
const PAGE: usize = 200;
/// How many seconds an event of a day may begin before it, or after: its first frame may be older than its name.
const AROUND: i64 = 3600;

/// What was asked to be brought back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrefetchedDay {
    /// The events of the day that only the store has.
    pub events: u64,
    /// Their files that were added to the queue: movies and thumbnails that are not in the cache yet.
    pub added: u64,
    /// The bytes of these.
    pub bytes: u64,
}

/// The figures of prefetching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrefetchCounts {
    /// Files in the queue.
    pub queued: u64,
    /// Files that were fetched since the start.
    pub fetched: u64,
    /// Attempts that failed since the start.
    pub failed: u64,
}

/// What fetches the files of the queue.
#[derive(Debug, Default)]
pub(super) struct Prefetching {
    running: Option<Prefetcher>,
    figures: Arc<Figures>,
}

#[derive(Debug, Default)]
struct Figures {
    fetched: AtomicU64,
    failed: AtomicU64,
}

impl StoredReader {
    /// Fetches the files of the queue from now on, as long as the cache is open. Does nothing if that has begun.
    pub(in crate::service) fn start_prefetching(self: &Arc<Self>) -> Result<(), StoredError> {
        let Ok(cache) = self.cache.get() else { return Ok(()) };
        let runtime = self.runtime()?;
        let mut prefetching = self.prefetching();
        if prefetching.running.is_none() {
            let (reader, figures) = (Arc::downgrade(self), Arc::clone(&prefetching.figures));
            let _inside = runtime.enter();
            prefetching.running = Some(cache.prefetcher_by(Backoff::default(), move |cache, key| {
                let (reader, figures) = (Weak::clone(&reader), Arc::clone(&figures));
                async move {
                    let Some(reader) = reader.upgrade() else { return Prefetched::Stays };
                    let fetched = fetch(&reader, &cache, &key).await;
                    let counter = if fetched.is_ok() { &figures.fetched } else { &figures.failed };
                    counter.fetch_add(1, Ordering::Relaxed);
                    fetched.map_or_else(|error| after(&key, &error), |()| Prefetched::Leaves)
                }
            }));
        }
        Ok(())
    }
}

/// What becomes of a key that could not be fetched.
fn after(key: &str, error: &StoredError) -> Prefetched {
    use owlery_store::Error::{Inactive, OutOfReach, Refused};
    let may_pass = match error {
        StoredError::Store(error) => matches!(&**error, OutOfReach { .. } | Refused { .. } | Inactive(_)),
        StoredError::Stopped => true,
        StoredError::NoFile | StoredError::Unreadable(_) => false,
    };
    if may_pass {
        tracing::debug!("{key:?} is fetched later: {error}");
        return Prefetched::Stays;
    }
    tracing::warn!("{key:?} is not fetched, and leaves the queue of the media cache: {error}");
    Prefetched::Leaves
}

/// Brings a file into the cache whole. Of its parts, one is in memory at a time.
async fn fetch(reader: &StoredReader, cache: &Cache, key: &str) -> Result<(), StoredError> {
    let object = find(reader, key).await?;
    let size = object.size();
    if size > cache.options().max_bytes {
        return Err(StoredError::Unreadable("it is larger than the cache (--cache-size)".to_owned()));
    }
    let mut at = 0;
    while at < size {
        let end = at.saturating_add(PART).min(size);
        object.read_object(reader, at..end).await?;
        at = end;
    }
    Ok(())
}

/// The object with this key, by its manifest.
async fn find(reader: &StoredReader, key: &str) -> Result<Object, StoredError> {
    let Place { store, host, id, name } = Place::of(key).ok_or(StoredError::NoFile)?;
    let manifest = reader.stores.manifest(store, (&host, &id.camera, id.day)).await?;
    let files = manifest.event(id.name).map_or(&[][..], |event| &event.files);
    let file = files.iter().find(|file| file.name == name).ok_or(StoredError::NoFile)?;
    let object = Object::new((store.into(), host, id), file.clone());
    // The event may have been copied again, with another content.
    if object.key() == key { Ok(object) } else { Err(StoredError::NoFile) }
}

/// What the key of an object says.
struct Place<'a> {
    store: &'a str,
    host: HostName,
    id: EventId,
    name: &'a str,
}

impl<'a> Place<'a> {
    /// `None` for a key of something else.
    fn of(key: &'a str) -> Option<Self> {
        let (place, _) = key.strip_prefix(STORED)?.rsplit_once("?v=")?;
        let parts: Vec<&str> = place.splitn(6, '/').collect();
        let [store, host, camera, day, event, name] = parts[..] else { return None };
        let id = EventId { camera: camera.parse().ok()?, day: day.parse().ok()?, name: event.parse().ok()? };
        Some(Self { store, host: host.parse().ok()?, id, name })
    }
}

/// Whether a file is brought back with its day.
fn is_wanted(file: &CopiedFile) -> bool {
    matches!(FileKind::of(file.own_name()), FileKind::Movie | FileKind::Thumbnail) || file.is_best_frame()
}

impl Handle {
    /// Queues the movies and the thumbnails of a day's events that only this store has, of `cameras` (`None`: of all), to be fetched into
    /// the media cache. Whether a user may use the store was checked before. Blocks for as long as the store takes to show its manifests.
    ///
    /// # Errors
    /// The store, the cache or the catalog cannot be used.
    pub fn prefetch_day(
        &self,
        store: &str,
        day: Day,
        cameras: Option<&BTreeSet<Camera>>,
    ) -> Result<Result<PrefetchedDay, StoredError>> {
        let cache = self.cache()?;
        if let Err(error) = self.stored_reader.start_prefetching() {
            return Ok(Err(error));
        }
        let mut all = PrefetchedDay::default();
        for id in self.stored_on(store, day, cameras)? {
            all.events += 1;
            let files = match self.stored_files_waiting(store, &id) {
                Ok(files) => files,
                Err(StoredError::NoFile) => continue,
                Err(error) => return Ok(Err(error)),
            };
            for (key, bytes) in files.wanted(is_wanted) {
                if cache.enqueue(&key).map_err(|error| Error::Unavailable(error.to_string()))? {
                    all.added += 1;
                    all.bytes += bytes;
                }
            }
        }
        Ok(Ok(all))
    }

    /// The events of a day that only this store has.
    fn stored_on(&self, store: &str, day: Day, cameras: Option<&BTreeSet<Camera>>) -> Result<Vec<EventId>> {
        let stores = UsableStores::new([store.into()]);
        let mut query = Query::new().order(Order::Asc).limit(PAGE);
        query = query.from(day.at(-AROUND)).to(day.at(86_400 + AROUND));
        if let Some(cameras) = cameras {
            query = query.within(cameras);
        }
        let mut ids = Vec::new();
        loop {
            let page = self.located_events(&query, &stores)?;
            let of_store = page.events.into_iter().filter(|located| located.location.store() == Some(store));
            ids.extend(of_store.map(|located| located.event.id).filter(|id| id.day == day));
            match page.next {
                Some(next) => query = query.cursor(next),
                None => return Ok(ids),
            }
        }
    }

    /// The figures of prefetching from a store.
    pub fn prefetch_counts(&self, store: &str) -> PrefetchCounts {
        let queued = self.cache().map(|cache| cache.queued()).unwrap_or_default();
        let queued = queued.iter().filter(|queued| store_of_key(&queued.key) == Some(store)).count() as u64;
        let figures = Arc::clone(&self.stored_reader.prefetching().figures);
        let [fetched, failed] = [&figures.fetched, &figures.failed].map(|figure| figure.load(Ordering::Relaxed));
        PrefetchCounts { queued, fetched, failed }
    }

    /// Goes on with what is in the queue by itself, such as what an earlier run has left. Does nothing before the cache can be used.
    pub(in crate::service) fn resume_prefetching(&self) {
        if self.usable_stores(None).is_empty() || self.stored_reader.prefetching().running.is_some() {
            return;
        }
        let queued = self.cache().map(|cache| cache.queued()).unwrap_or_default();
        if queued.iter().any(|queued| store_of_key(&queued.key).is_some())
            && let Err(error) = self.stored_reader.start_prefetching()
        {
            tracing::debug!("{error}");
        }
    }
}

impl StoredFiles {
    /// The keys and sizes of the objects that are wanted.
    fn wanted(&self, is_wanted: impl Fn(&CopiedFile) -> bool) -> Vec<(String, u64)> {
        let files = self.copied_files().iter().filter(|file| is_wanted(file));
        files.map(|file| (self.object(file).key().to_owned(), file.bytes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_back_to_their_objects() {
        let id: EventId = "Camera 1/2026-11-20/10-04-36".parse().unwrap();
        for name in ["video.mp4", "debug/video.mp4?v=x", "best-frame/10-04-36-00.jpg"] {
            let file: CopiedFile = serde_json::from_value(
                serde_json::json!({"name": name, "bytes": 1, "sha256": "00112233445566778899", "parts": [], "source": ""}),
            )
            .unwrap();
            let object = Object::new(("nas".into(), "garage".parse().unwrap(), id.clone()), file);
            let place = Place::of(object.key()).unwrap();
            assert_eq!((place.store, place.host.as_str(), &place.id, place.name), ("nas", "garage", &id, name));
        }
        for other in ["owlery:store/nas/Camera1/2026-11-20/10-04-36/thumbnail?w=160&v=1", "http://a/b?v=1", ""] {
            assert!(Place::of(other).is_none(), "{other}");
        }
    }
}
