//! The handle of a cache: its operations, and the background thread's start and end.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::checksum::Expected;
use crate::clean::Cleaned;
use crate::content::Content;
use crate::entry::{Entry, Record};
use crate::error::{Error, Result};
use crate::media::{Label, Media};
use crate::options::Options;
use crate::queue::Queued;
use crate::shared::{Evicted, Shared, check_key, lock};
use crate::stats::Stats;
use crate::upkeep::{self, Pruned};
use crate::writer::{Stored, Writer};

/// Entries that are removed under one lock.
const BATCH: usize = 256;

/// A media cache: files on disk up to a size, and the bytes of those that are used most in memory. Clones share it; when the
/// last one is dropped, the last uses are written to the disk.
///
/// Methods that are not `async` block for as long as the disk takes, unless they say otherwise.
#[derive(Debug, Clone)]
pub struct Cache {
    shared: Arc<Shared>,
    /// `None` in the prefetcher, which does not keep the cache open.
    _worker: Option<Arc<Worker>>,
}

/// The background thread, which ends when this is dropped.
#[derive(Debug)]
struct Worker {
    /// Dropped to stop the thread.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the cache's thread panicked; the last uses of entries may be forgotten");
        }
    }
}

/// A page of entries, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The key to ask for the next page with; `None` on the last page.
    pub next: Option<String>,
}

impl Cache {
    /// Opens the cache of a directory, which is made if it does not exist. The metadata are loaded in the background; until then,
    /// single entries are looked for on disk, and pages, prune, clean and clear wait.
    ///
    /// # Errors
    /// [`Error::InUse`] if another process has it open; or the directory cannot be made or written to.
    pub fn open(options: Options) -> Result<Self> {
        let shared = Arc::new(Shared::open(options)?);
        let (stop, stopped) = sync_channel(0);
        let background = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("owlery-cache".to_owned())
            .spawn(move || upkeep::run(&background, &stopped))
            .map_err(|error| Error::io("start a thread for", shared.folder.path(), error))?;
        let worker = Worker { stop: Some(stop), thread: Some(thread) };
        Ok(Self { shared, _worker: Some(Arc::new(worker)) })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// A handle that does not keep the background thread running.
    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self { shared, _worker: None }
    }

    /// The options that the cache was opened with.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Waits until all metadata are loaded.
    pub fn wait_loaded(&self) {
        drop(self.shared.wait_loaded());
    }

    /// The content of a key, which then counts as used now; `None` if it is not cached. A hit is counted when the content has been
    /// read. An entry whose file is gone or has another size is removed.
    pub fn get(&self, key: &str) -> Option<Content> {
        self.shared.get(key)
    }

    /// As [`Cache::get`], but only if that waits neither for a disk nor for another thread: the bytes are in memory, or the file is
    /// in the kernel's cache. `None` says nothing about the entry, and no miss is counted; then call [`Cache::get`] where it may
    /// block.
    pub fn get_at_once(&self, key: &str) -> Option<Content> {
        self.shared.get_at_once(key)
    }

    /// As [`Cache::get`], but only if the bytes are in memory. Does not block, and counts no miss.
    pub fn get_from_memory(&self, key: &str) -> Option<Content> {
        self.shared.get_from_memory(key)
    }

    /// Stores media. If the key is cached, its bytes are kept, and it counts as used now.
    ///
    /// # Errors
    /// The key is invalid; or the disk is full, or fails. Nothing is stored then.
    pub fn put(&self, key: &str, media: &Media) -> Result<Stored> {
        self.shared.put(key, media)
    }

    /// Writes an entry piece by piece; it is there after [`Writer::commit`].
    ///
    /// # Errors
    /// The key is invalid, or the disk fails.
    pub fn writer(&self, key: &str, label: Label, expected: Expected) -> Result<Writer> {
        Writer::new(&self.shared, key, label, expected)
    }

    /// Whether a key is cached as a whole.
    pub fn contains(&self, key: &str) -> bool {
        self.whole(key).is_some()
    }

    /// The size of an entry in bytes; `None` if the key is not cached as a whole.
    pub fn size_of(&self, key: &str) -> Option<u64> {
        self.whole(key).map(|record| record.size())
    }

    /// How often an entry was read; `None` if the key is not cached as a whole.
    pub fn hits(&self, key: &str) -> Option<u64> {
        self.whole(key).map(|record| record.hits())
    }

    /// The description of an entry; `None` if nothing of the key is cached.
    pub fn entry(&self, key: &str) -> Option<Entry> {
        self.shared.find(&mut lock(&self.shared.table), key).map(|record| record.describe())
    }

    fn whole(&self, key: &str) -> Option<Arc<Record>> {
        let record = self.shared.find(&mut lock(&self.shared.table), key)?;
        record.parts.is_none().then_some(record)
    }

    /// [`Cache::contains`], off the runtime's threads.
    pub(crate) async fn is_stored(&self, key: &str) -> bool {
        let (shared, key) = (Arc::clone(&self.shared), key.to_owned());
        blocking(move || Self::from_shared(shared).contains(&key)).await.unwrap_or(false)
    }

    /// Up to `limit` entries with keys after `after`, in the order of their keys. Waits until the metadata are loaded.
    pub fn entries(&self, after: Option<&str>, limit: usize) -> EntryPage {
        let table = self.shared.wait_loaded();
        let mut records = table.after(after);
        let entries: Vec<Entry> = records.by_ref().take(limit).map(|record| record.describe()).collect();
        let has_more = records.next().is_some();
        let next = entries.last().filter(|_| has_more).map(|last| last.key.clone());
        EntryPage { entries, next }
    }

    /// The bytes of all entries on disk.
    pub fn total_bytes(&self) -> u64 {
        lock(&self.shared.table).bytes()
    }

    /// The figures now. Does not wait until the metadata are loaded.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Removes entries, and returns how many there were.
    pub fn remove(&self, keys: &[&str]) -> usize {
        let mut removed = Evicted::default();
        for keys in keys.chunks(BATCH) {
            let mut table = lock(&self.shared.table);
            let records: Vec<_> = keys.iter().filter_map(|key| self.shared.find(&mut table, key)).collect();
            self.shared.remove_records(&mut table, &records, &mut removed);
        }
        usize::try_from(removed.files).unwrap_or(usize::MAX)
    }

    /// Removes all entries, and returns how many there were. Waits until the metadata are loaded.
    pub fn clear(&self) -> usize {
        usize::try_from(self.prune(0).files).unwrap_or(usize::MAX)
    }

    /// Removes the least recently used entries until at most `cap` bytes are left. Contents that are being read stay readable.
    /// Waits until the metadata are loaded, and for a clean that runs.
    pub fn prune(&self, cap: u64) -> Pruned {
        self.shared.prune(cap)
    }

    /// Removes files of the directory that are no entry: invalid ones of any age, and incomplete ones to which nothing was written
    /// for `stall`, with 0 all of them. Files that this process is writing, and those of other kinds, are left alone. Waits until
    /// the metadata are loaded, and for a prune that runs.
    ///
    /// # Errors
    /// The directory cannot be listed. A file that cannot be removed is skipped and listed in the result.
    pub fn clean(&self, stall: Duration) -> Result<Cleaned> {
        self.shared.clean(stall, crate::time::system_now())
    }

    /// Adds a key to the queue of the prefetcher. False if it is cached, queued or being cached, or if the queue has 100,000 keys.
    ///
    /// # Errors
    /// The key is invalid, or the disk fails.
    pub fn enqueue(&self, key: &str) -> Result<bool> {
        check_key(key)?;
        if self.shared.keeps(key) || self.shared.is_busy(key) || self.shared.is_fetching(key) {
            return Ok(false);
        }
        let is_new = lock(&self.shared.queue).add(&self.shared.folder, key)?;
        if is_new {
            self.shared.queued.notify_one();
        }
        Ok(is_new)
    }

    /// Whether a key is in the queue.
    pub fn is_queued(&self, key: &str) -> bool {
        lock(&self.shared.queue).contains(key)
    }

    /// The keys of the queue, in the order of insertion.
    pub fn queued(&self) -> Vec<Queued> {
        lock(&self.shared.queue).all()
    }

    /// Removes keys from the queue, and returns how many were in it.
    ///
    /// # Errors
    /// The disk fails: after a restart, the keys may be queued again.
    pub fn remove_queued(&self, keys: &[&str]) -> Result<usize> {
        lock(&self.shared.queue).remove(&self.shared.folder, keys)
    }

    /// Removes all keys from the queue, and returns how many there were.
    ///
    /// # Errors
    /// The disk fails: after a restart, the keys may be queued again.
    pub fn clear_queue(&self) -> Result<usize> {
        lock(&self.shared.queue).clear(&self.shared.folder)
    }
}

/// Runs blocking work off the runtime's threads; `None` if it panicked, or the runtime ends.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
