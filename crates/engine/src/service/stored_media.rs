//! The files of events that only a store has, for those who look at them. They are read part by part, each compared with the checksum in its
//! manifest, and kept in the media cache, whose parts have the same size. `files` has the files of an event, and `file` reads one.
//!
//! Stores are asked on threads of their own, which begin with the first request: what waits for a store holds up nothing else, and a part
//! that was asked for arrives also if who asked for it has gone. `prefetch` brings days into the cache before they are asked for.

mod file;
mod files;
mod prefetch;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use owlery_cache::FetchError;
use owlery_store::{FramesCache, HostName, Stores};
use tokio::runtime::{Builder, Handle as RuntimeHandle, Runtime};

pub use file::{Reading, StoredFile};
pub use files::StoredFiles;
pub use prefetch::{PrefetchCounts, PrefetchedDay};

use super::handle::Handle;
use super::media_cache::MediaCache;
use super::stored::ShownHosts;
use crate::error::Error;
use crate::event::{Camera, EventId};

/// The threads that ask stores. They wait for most of their time; what they do is to compare checksums.
const THREADS: usize = 2;

/// Why a file of an event of a store cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoredError {
    /// The event has no such file, or the store has no such event.
    #[error("there is no such file")]
    NoFile,
    /// The store cannot be used, or what it has is not what was copied.
    #[error(transparent)]
    Store(Arc<owlery_store::Error>),
    /// The object is right and not what it should be, such as a file of frames that has none; or it was not read to its end.
    #[error("{0}")]
    Unreadable(String),
    /// The service stops.
    #[error("owlery is stopping")]
    Stopped,
}

impl From<owlery_store::Error> for StoredError {
    fn from(error: owlery_store::Error) -> Self {
        Arc::new(error).into()
    }
}

impl From<Arc<owlery_store::Error>> for StoredError {
    fn from(error: Arc<owlery_store::Error>) -> Self {
        if error.is_not_found() { Self::NoFile } else { Self::Store(error) }
    }
}

impl From<FetchError> for StoredError {
    fn from(error: FetchError) -> Self {
        if let FetchError::Source(source) = &error
            && let Some(known) = source.downcast_ref::<Self>()
        {
            return known.clone();
        }
        Self::Unreadable(error.to_string())
    }
}

impl StoredError {
    /// Whether the copy is at fault, and not the store: it is not what was written.
    pub fn is_damage(&self) -> bool {
        use owlery_store::Error::{NotFound, Wrong};
        match self {
            Self::Store(error) => matches!(&**error, Wrong { .. } | NotFound { .. }),
            Self::Unreadable(_) => true,
            Self::NoFile | Self::Stopped => false,
        }
    }

    /// The same for callers that know the errors of files.
    pub(super) fn of_file(self, event: &EventId, name: &str) -> Error {
        match self {
            Self::NoFile => Error::io("open", format!("{event}/{name}"), std::io::ErrorKind::NotFound),
            Self::Stopped => Error::Stopped,
            Self::Unreadable(why) => Error::DamagedCopy(why),
            Self::Store(_) if self.is_damage() => Error::DamagedCopy(self.to_string()),
            Self::Store(_) => Error::Store(self.to_string()),
        }
    }
}

/// Reads what stores have for those who look at it.
#[derive(Debug)]
pub(crate) struct StoredReader {
    stores: Arc<Stores>,
    cache: MediaCache,
    frames: FramesCache,
    threads: Mutex<Threads>,
    prefetching: Mutex<prefetch::Prefetching>,
}

/// The threads that ask stores.
#[derive(Debug)]
enum Threads {
    /// Nothing was asked yet.
    None,
    Running(Runtime),
    Stopped,
}

impl StoredReader {
    pub(super) fn new(stores: &Arc<Stores>, cache: &MediaCache) -> Self {
        let (stores, cache) = (Arc::clone(stores), cache.clone());
        let (frames, prefetching) = (FramesCache::default(), Mutex::default());
        Self { stores, cache, frames, threads: Mutex::new(Threads::None), prefetching }
    }

    fn prefetching(&self) -> std::sync::MutexGuard<'_, prefetch::Prefetching> {
        self.prefetching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where work is spawned.
    fn runtime(&self) -> Result<RuntimeHandle, StoredError> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*threads, Threads::None) {
            let mut builder = Builder::new_multi_thread();
            let runtime = builder.worker_threads(THREADS).thread_name("owlery-stores").enable_all().build();
            *threads =
                Threads::Running(runtime.map_err(|error| {
                    StoredError::Unreadable(format!("cannot start threads that ask stores: {error}"))
                })?);
        }
        match &*threads {
            Threads::Running(runtime) => Ok(runtime.handle().clone()),
            Threads::None | Threads::Stopped => Err(StoredError::Stopped),
        }
    }

    /// Does work on the threads that ask stores. It goes on if the result is dropped.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoredError>> + Send + 'static,
    ) -> Result<T, StoredError> {
        let task = self.runtime()?.spawn(work);
        task.await.unwrap_or(Err(StoredError::Stopped))
    }

    /// The same for a thread that may wait.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoredError>> + Send + 'static,
    ) -> Result<T, StoredError> {
        let (done, is_done) = crossbeam_channel::bounded(1);
        self.runtime()?.spawn(async move { done.send(work.await) });
        is_done.recv().unwrap_or(Err(StoredError::Stopped))
    }

    /// Ends all that is under way. Who waits for it gets [`StoredError::Stopped`].
    pub(super) fn stop(&self) {
        let threads =
            std::mem::replace(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner), Threads::Stopped);
        if let Threads::Running(runtime) = threads {
            // A folder's disk may hang.
            runtime.shutdown_background();
        }
    }
}

impl Drop for StoredReader {
    /// A runtime must not be dropped where something is awaited.
    fn drop(&mut self) {
        self.stop();
    }
}

impl Handle {
    /// The files of an event that this store has. Whether a user may use the store was checked before. Needs no runtime.
    ///
    /// # Errors
    /// [`StoredError::NoFile`] if the store has no such event, or it cannot be used.
    pub async fn stored_files(&self, store: &str, id: &EventId) -> Result<StoredFiles, StoredError> {
        let place = self.place_of(store, &id.camera)?;
        StoredFiles::of(&self.stored_reader, store, place, id).await
    }

    /// The same for a thread that may wait.
    pub(super) fn stored_files_waiting(&self, store: &str, id: &EventId) -> Result<StoredFiles, StoredError> {
        let place = self.place_of(store, &id.camera)?;
        let (reader, store, id) = (Arc::clone(&self.stored_reader), store.to_owned(), id.clone());
        let files = async move { StoredFiles::of(&reader, &store, place, &id).await };
        self.stored_reader.wait(files)
    }

    /// The host, and the name there, of a camera that is shown.
    fn place_of(&self, store: &str, shown: &Camera) -> Result<(HostName, Camera), StoredError> {
        let hosts = match self.stored.hosts(store) {
            Some(hosts) => hosts,
            None => ShownHosts::Own(self.stores.options(None, store)?.host_name()?),
        };
        hosts.place(shown).ok_or(StoredError::NoFile)
    }
}
