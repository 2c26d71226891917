//! What all handles and the background thread of a cache share, and the operations on single entries.
//!
//! Locks are taken in the order: upkeep, table, index. The queue and the list of touched entries are taken alone.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::content::Content;
use crate::entry::Record;
use crate::error::{Error, Result};
use crate::fetch::Flights;
use crate::folder::{Folder, Temporary};
use crate::index::{self, Index, SidecarIndex};
use crate::memory::{Item, Memory};
use crate::name::{Hash, Kind};
use crate::options::Options;
use crate::queue::Queue;
use crate::sidecar;
use crate::stats::{Counters, Stats};
use crate::table::Table;
use crate::time::{self, Uses};

/// The most entries that are removed under one lock.
const BATCH: usize = 256;

/// A cache, as all its handles share it.
pub(crate) struct Shared {
    pub options: Options,
    pub folder: Folder,
    pub memory: Memory,
    pub counters: Counters,
    pub uses: Uses,
    pub flights: Flights,
    /// The entries. Readers, writers, the loader and upkeep take it briefly.
    pub table: Mutex<Table>,
    /// Signalled when the metadata are loaded.
    pub loaded: Condvar,
    /// The index. Written under the table's lock, so that rows follow the files.
    index: Mutex<Box<dyn Index>>,
    /// Keys to prefetch.
    pub queue: Mutex<Queue>,
    /// Woken when a key is queued.
    pub queued: Arc<tokio::sync::Notify>,
    /// Keys that are being cached, with the number of writers.
    busy: Mutex<HashMap<Arc<str>, usize>>,
    /// Entries whose use is not written to the index. Readers add, the background thread takes.
    pub touched: Mutex<Vec<Arc<Record>>>,
    /// Held by prune, clean and clear, which never run at once.
    pub upkeep: Mutex<()>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("dir", &self.options.dir).finish_non_exhaustive()
    }
}

/// Takes a lock. A thread that panicked left complete values behind: nothing here panics between two related writes.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was removed to make room.
#[derive(Debug, Default)]
pub(crate) struct Evicted {
    pub files: u64,
    pub bytes: u64,
    /// Files without a name, which are removed when this is dropped.
    discarded: Vec<Temporary>,
}

/// A key that is being cached; it is no longer when this is dropped.
#[derive(Debug)]
pub(crate) struct Busy {
    shared: Arc<Shared>,
    key: Arc<str>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut busy = lock(&self.shared.busy);
        if let Some(writers) = busy.get_mut(&self.key) {
            *writers -= 1;
            if *writers == 0 {
                busy.remove(&self.key);
            }
        }
    }
}

impl Shared {
    /// Locks the directory and opens the index; reads no metadata.
    pub(crate) fn open(options: Options) -> Result<Self> {
        let folder = Folder::open(&options.dir)?;
        let queue = Queue::load(&folder)?;
        let index = index::open(options.driver, &options.dir);
        let counters = Counters::from_totals(crate::upkeep::read_totals(&folder));
        Ok(Self {
            memory: Memory::new(options.memory_bytes, options.memory_items),
            counters,
            uses: Uses::default(),
            flights: Flights::default(),
            table: Mutex::new(Table::loading()),
            loaded: Condvar::new(),
            index: Mutex::new(index),
            queue: Mutex::new(queue),
            queued: Arc::default(),
            busy: Mutex::default(),
            touched: Mutex::default(),
            upkeep: Mutex::new(()),
            folder,
            options,
        })
    }

    /// Waits until all metadata are loaded.
    pub(crate) fn wait_loaded(&self) -> MutexGuard<'_, Table> {
        let table = lock(&self.table);
        self.loaded.wait_while(table, |table| table.is_loading()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Works with the index. If it fails, the sidecars take its place until the cache is opened again.
    pub(crate) fn with_index<T>(&self, work: impl FnOnce(&mut dyn Index) -> io::Result<T>) -> Option<T> {
        let mut index = lock(&self.index);
        match work(index.as_mut()) {
            Ok(done) => Some(done),
            Err(error) => {
                let failed = std::mem::replace(&mut *index, Box::new(SidecarIndex));
                tracing::warn!(
                    "the index of the cache {} failed: {error}; its sidecars are used",
                    self.folder.path().display()
                );
                if let Err(error) = failed.destroy() {
                    tracing::warn!("cannot remove the index of the cache {}: {error}", self.folder.path().display());
                }
                None
            }
        }
    }

    /// Notes that a key is being cached.
    pub(crate) fn busy(self: &Arc<Self>, key: &Arc<str>) -> Busy {
        *lock(&self.busy).entry(Arc::clone(key)).or_default() += 1;
        Busy { shared: Arc::clone(self), key: Arc::clone(key) }
    }

    pub(crate) fn is_busy(&self, key: &str) -> bool {
        lock(&self.busy).contains_key(key)
    }

    /// The record of a key. While the metadata are loaded it is looked for on disk as well.
    pub(crate) fn find(&self, table: &mut Table, key: &str) -> Option<Arc<Record>> {
        if let Some(record) = table.get(key) {
            return Some(Arc::clone(record));
        }
        if !table.is_loading() {
            return None;
        }
        let stem = Hash::of(key.as_bytes());
        if table.has_changed(stem) {
            return None;
        }
        let record = Arc::new(self.read_record(stem).ok().flatten()?);
        table.add(Arc::clone(&record));
        self.uses.after(record.used());
        self.with_index(|index| index.add(&[record.to_row()]));
        Some(record)
    }

    /// Reads the sidecar of an entry and the size of its bytes; `None` if either file is missing.
    ///
    /// # Errors
    /// The files are no entry; the error says why.
    pub(crate) fn read_record(&self, stem: Hash) -> std::result::Result<Option<Record>, String> {
        let text = |error: io::Error| error.to_string();
        let sidecar = self.folder.read_small(stem, Kind::Sidecar, sidecar::MAX_BYTES).map_err(text)?;
        let Some(bytes) = sidecar else { return Ok(None) };
        let Some((_, stat)) = self.folder.open_file(stem, Kind::Data).map_err(text)? else { return Ok(None) };
        let sidecar = sidecar::parse(&bytes)?;
        if Hash::of(sidecar.key.as_bytes()) != stem {
            return Err("its name is not that of its \"url\"".to_owned());
        }
        let size = sidecar.size.unwrap_or(stat.bytes);
        if size != stat.bytes || size == 0 {
            return Err(format!("{size} bytes are expected, and the data have {}", stat.bytes));
        }
        Ok(Some(Record::new(sidecar, stem, size, time::seconds(stat.modified), false)))
    }

    /// Reads an entry; `None` if there is none.
    pub(crate) fn get(self: &Arc<Self>, key: &str) -> Option<Content> {
        if let Some(content) = self.get_from_memory(key) {
            return Some(content);
        }
        let content = self.get_from_disk(key);
        if content.is_none() {
            self.count_miss();
        }
        content
    }

    /// Reads an entry whose bytes are in memory, without blocking.
    pub(crate) fn get_from_memory(&self, key: &str) -> Option<Content> {
        let item = self.memory.get(key)?;
        self.touch(&item.record);
        self.count_hit(&item.record);
        Some(Content::in_memory(item))
    }

    /// Reads an entry if that waits for no disk and no other thread; `None` says nothing about the entry.
    pub(crate) fn get_at_once(self: &Arc<Self>, key: &str) -> Option<Content> {
        if let Some(content) = self.get_from_memory(key) {
            return Some(content);
        }
        let record = Arc::clone(self.table.try_lock().ok()?.get(key)?);
        if record.parts.is_some() || !record.is_verified() {
            return None;
        }
        let (file, stat) = self.folder.open_cached(record.stem, Kind::Data)?;
        if stat.bytes != record.size() || record.is_removed() {
            return None; // `get` finds out what happened
        }
        self.touch(&record);
        if !self.memory.takes(stat.bytes) {
            return Some(Content::in_file(record, file, stat.bytes, self));
        }
        let bytes = read_cached(&file, stat.bytes)?;
        self.count_hit(&record);
        let item = Arc::new(Item::new(record, bytes));
        self.memory.add(Arc::clone(&item));
        Some(Content::in_memory(item))
    }

    /// Reads an entry from the disk; does not count a miss.
    pub(crate) fn get_from_disk(self: &Arc<Self>, key: &str) -> Option<Content> {
        loop {
            let record = self.find(&mut lock(&self.table), key).filter(|record| record.parts.is_none())?;
            let opened = self.open_data(&record);
            // Removed since it was found: the file that was opened may be that of the next entry of the key.
            if record.is_removed() {
                continue;
            }
            match opened {
                Ok(Some(file)) => return self.read_data(record, file),
                Ok(None) => self.look_again(&record),
                Err(error) => {
                    tracing::warn!("cannot read {}: {error}", self.folder.path_of(record.stem, Kind::Data).display());
                    return None;
                }
            }
        }
    }

    /// Opens the bytes of an entry; `None` if they are gone or are not those that were stored.
    fn open_data(&self, record: &Record) -> io::Result<Option<File>> {
        let Some((file, stat)) = self.folder.open_file(record.stem, Kind::Data)? else { return Ok(None) };
        let is_same = stat.bytes == record.size() && verify(record, &file)?;
        Ok(is_same.then_some(file))
    }

    fn read_data(self: &Arc<Self>, record: Arc<Record>, file: File) -> Option<Content> {
        self.touch(&record);
        let size = record.size();
        let content = Content::in_file(Arc::clone(&record), file, size, self);
        if !self.memory.takes(size) {
            return Some(content);
        }
        match content.bytes() {
            Ok(bytes) => {
                let item = Arc::new(Item::new(record, bytes));
                self.memory.add(Arc::clone(&item));
                Some(Content::in_memory(item))
            }
            Err(error) => {
                tracing::warn!("cannot read {}: {error}", self.folder.path_of(record.stem, Kind::Data).display());
                None
            }
        }
    }

    /// Notes a use of an entry.
    pub(crate) fn touch(&self, record: &Arc<Record>) {
        if record.touch(self.uses.now()) {
            lock(&self.touched).push(Arc::clone(record));
        }
    }

    pub(crate) fn count_hit(&self, record: &Record) {
        record.count_hit();
        Counters::add(&self.counters.hits, 1);
    }

    /// Looks at the files of an entry again, which are not what they were: another program may have written it anew. Otherwise it is
    /// removed.
    fn look_again(&self, record: &Arc<Record>) {
        let mut table = lock(&self.table);
        let found = self.read_record(record.stem).ok().flatten();
        let is_other = |found: &Record| found.size() != record.size() || found.sha256 != record.sha256;
        match found.filter(is_other) {
            Some(found) if table.remove(record) => {
                self.memory.remove(record);
                let found = Arc::new(found);
                self.with_index(|index| index.add(&[found.to_row()]));
                table.add(found);
            }
            Some(_) => {}
            None => {
                tracing::warn!("the bytes of {:?} have changed on disk; the entry is removed", record.key);
                self.remove_records(&mut table, &[Arc::clone(record)], &mut Evicted::default());
            }
        }
    }

    /// Removes an entry whose files are not what they were.
    pub(crate) fn forget(&self, record: &Arc<Record>) {
        let mut evicted = Evicted::default();
        self.remove_records(&mut lock(&self.table), &[Arc::clone(record)], &mut evicted);
    }

    /// Removes entries: from the table, then from the index, then their files.
    pub(crate) fn remove_records(&self, table: &mut Table, records: &[Arc<Record>], evicted: &mut Evicted) {
        let removed = records.iter().filter(|record| table.remove(record)).cloned();
        self.remove_files(&removed.collect::<Vec<_>>(), evicted);
    }

    /// Removes the rows and the files of entries that are no longer in the table, whose lock the caller holds.
    fn remove_files(&self, removed: &[Arc<Record>], evicted: &mut Evicted) {
        if removed.is_empty() {
            return;
        }
        let keys: Vec<&str> = removed.iter().map(|record| &*record.key).collect();
        self.with_index(|index| index.remove(&keys));
        for record in removed {
            self.memory.remove(record);
            evicted.files += 1;
            evicted.bytes += record.size();
            let (data, beside) = match record.parts {
                Some(_) => (Kind::PartData, Kind::PartList),
                None => (Kind::Data, Kind::Sidecar),
            };
            let discarded = self.folder.discard(record.stem, data).and_then(|discarded| {
                evicted.discarded.extend(discarded);
                self.folder.remove(record.stem, beside)
            });
            if let Err(error) = discarded {
                tracing::warn!("{error}; it is an entry again when the cache is opened next");
            }
        }
    }

    /// Removes the least recently used entries down to `cap` bytes, at most one batch. False if more are to be removed.
    pub(crate) fn evict(&self, table: &mut Table, cap: u64, evicted: &mut Evicted) -> bool {
        let mut victims = Vec::new();
        while table.bytes() > cap && victims.len() < BATCH {
            let Some(oldest) = table.oldest() else { break };
            table.remove(&oldest);
            victims.push(oldest);
        }
        self.remove_files(&victims, evicted);
        victims.len() < BATCH || table.bytes() <= cap
    }

    /// Removes the least recently used entries down to the configured size. Does nothing while the metadata are loaded.
    pub(crate) fn enforce(&self) {
        loop {
            let mut evicted = Evicted::default();
            let mut table = lock(&self.table);
            if table.is_loading() {
                return;
            }
            let is_done = self.evict(&mut table, self.options.max_bytes, &mut evicted);
            drop(table);
            Counters::add(&self.counters.evictions, evicted.files);
            if is_done {
                return;
            }
        }
    }

    /// The figures now.
    pub(crate) fn stats(&self) -> Stats {
        let (entries, total_bytes, is_loaded) = {
            let table = lock(&self.table);
            (table.len() as u64, table.bytes(), !table.is_loading())
        };
        let totals = self.counters.totals();
        Stats {
            entries,
            entries_in_memory: self.memory.len() as u64,
            total_bytes,
            max_bytes: self.options.max_bytes,
            hits: totals.hits,
            misses: totals.misses,
            evictions: totals.evictions,
            queued: lock(&self.queue).len() as u64,
            is_loaded,
        }
    }
}

/// Compares bytes that may not have reached the disk with their SHA-256, once.
fn verify(record: &Record, file: &File) -> io::Result<bool> {
    let Some(expected) = record.sha256.filter(|_| !record.is_verified()) else { return Ok(true) };
    let same = hash_file(file)? == expected;
    if same {
        record.set_verified();
    }
    Ok(same)
}

/// Reads a file whose bytes are in the page cache; `None` if they are not, or the filesystem cannot tell.
fn read_cached(file: &File, size: u64) -> Option<Bytes> {
    let mut bytes = vec![0; usize::try_from(size).ok()?];
    let flags = rustix::io::ReadWriteFlags::NOWAIT;
    let read = rustix::io::preadv2(file, &mut [io::IoSliceMut::new(&mut bytes)], 0, flags).ok()?;
    (read == bytes.len()).then(|| bytes.into())
}

/// The SHA-256 of a file, from its first byte.
pub(crate) fn hash_file(file: &File) -> io::Result<Hash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    loop {
        match file.read_at(&mut buffer, at) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                at += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Hash(hasher.finalize().into()))
}

/// Refuses a key that no file could be named for.
pub(crate) fn check_key(key: &str) -> Result<Arc<str>> {
    if crate::is_valid_key(key) { Ok(key.into()) } else { Err(Error::InvalidKey(key.len())) }
}
