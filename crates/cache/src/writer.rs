//! Writing an entry: into a file with a temporary name, which becomes the entry when it is complete.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use crate::checksum::{Expected, Verifier};
use crate::entry::Record;
use crate::error::{Error, Result};
use crate::folder::Temporary;
use crate::media::Label;
use crate::name::{Hash, Kind};
use crate::options::Durability;
use crate::shared::{Busy, Evicted, Shared, check_key, lock};
use crate::sidecar::Sidecar;
use crate::stats::Counters;

/// What became of data that were to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// They are an entry now.
    New,
    /// There was an entry of the key. Its bytes are kept, and it counts as used now.
    Kept,
    /// They are empty; nothing is stored.
    Empty,
    /// They are larger than the cache; nothing is stored.
    TooLarge,
}

/// Writes an entry. [`Writer::commit`] stores it; dropped before that, nothing is stored. Methods block.
#[derive(Debug)]
pub struct Writer {
    verifier: Verifier,
    file: FileWriter,
    why: Option<String>,
}

impl Writer {
    pub(crate) fn new(shared: &Arc<Shared>, key: &str, label: Label, expected: Expected) -> Result<Self> {
        Ok(Self { verifier: Verifier::new(expected), file: FileWriter::new(shared, key, label)?, why: None })
    }

    /// Stores what was written. An entry of the key that is there already is kept as it is.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if it is not what was expected; or the disk is full, or fails. Nothing is stored then.
    pub fn commit(self) -> Result<Stored> {
        let mismatch = |why| Error::Mismatch { key: self.file.key.to_string(), why };
        if let Some(why) = self.why {
            return Err(mismatch(why));
        }
        let sha256 = self.verifier.finish().map_err(mismatch)?;
        self.file.publish(sha256)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(why) = self.verifier.update(bytes) {
            self.why = Some(why.clone());
            return Err(io::Error::other(why));
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the file of an entry, without checks.
#[derive(Debug)]
pub(crate) struct FileWriter {
    shared: Arc<Shared>,
    key: Arc<str>,
    stem: Hash,
    label: Label,
    file: File,
    temporary: Temporary,
    written: u64,
    _busy: Busy,
}

impl FileWriter {
    pub(crate) fn new(shared: &Arc<Shared>, key: &str, label: Label) -> Result<Self> {
        let key = check_key(key)?;
        let stem = Hash::of(key.as_bytes());
        let (file, temporary) = shared.folder.temporary(stem)?;
        let busy = shared.busy(&key);
        Ok(Self { shared: Arc::clone(shared), key, stem, label, file, temporary, written: 0, _busy: busy })
    }

    /// Writes the next bytes. Those of an entry that is too large are dropped.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let max = self.shared.options.max_bytes;
        let was_too_large = self.written > max;
        self.written = self.written.saturating_add(bytes.len() as u64);
        if self.written <= max {
            let written = self.file.write_all(bytes);
            if written.is_err() {
                // Frees the room at once: a process that is being started may have the file open after its name is gone.
                let _ = self.file.set_len(0);
            }
            written
        } else if was_too_large {
            Ok(())
        } else {
            self.file.set_len(0)
        }
    }

    /// Makes the file an entry.
    pub(crate) fn publish(self, sha256: Hash) -> Result<Stored> {
        if self.written == 0 {
            return Ok(Stored::Empty);
        }
        if self.written > self.shared.options.max_bytes {
            return Ok(Stored::TooLarge);
        }
        let durability = self.shared.options.durability;
        if durability != Durability::None {
            let synced = self.file.sync_data();
            synced.map_err(|error| Error::io("sync", self.temporary.path(), error))?;
        }
        drop(self.file);
        let used = self.shared.uses.now();
        let now = used.seconds();
        let sidecar = Sidecar {
            key: Arc::clone(&self.key),
            label: self.label,
            size: Some(self.written),
            used,
            created: Some(now),
            modified: Some(now),
            hits: 0,
            sha256: Some(sha256),
            is_synced: durability != Durability::None,
        };
        let text = sidecar.to_json(None);
        let beside = self.shared.folder.write_temporary(self.stem, &text, durability == Durability::Full)?;
        let record = Arc::new(Record::new(sidecar, self.stem, self.written, now, true));
        self.shared.publish(&record, self.temporary, beside)
    }
}

impl Shared {
    /// Makes two temporary files an entry, unless there is one of the key.
    fn publish(&self, record: &Arc<Record>, data: Temporary, beside: Temporary) -> Result<Stored> {
        let mut evicted = Evicted::default();
        {
            let mut table = lock(&self.table);
            if let Some(existing) = self.find(&mut table, &record.key) {
                if existing.parts.is_none() && self.is_sound(&existing) {
                    drop(table);
                    self.touch(&existing);
                    self.unqueue(&record.key);
                    return Ok(Stored::Kept);
                }
                self.remove_records(&mut table, &[existing], &mut evicted);
            }
            self.folder.publish(data, record.stem, Kind::Data)?;
            if let Err(error) = self.folder.publish(beside, record.stem, Kind::Sidecar) {
                self.folder.remove(record.stem, Kind::Data)?;
                return Err(error);
            }
            table.add(Arc::clone(record));
            self.with_index(|index| index.add(&[record.to_row()]));
        }
        drop(evicted);
        if self.options.durability == Durability::Full {
            self.folder.sync()?;
        }
        self.unqueue(&record.key);
        self.enforce();
        Ok(Stored::New)
    }

    /// Whether a key is cached as a whole, and its bytes are where they should be. It then counts as used now.
    pub(crate) fn keeps(&self, key: &str) -> bool {
        let record = self.find(&mut lock(&self.table), key).filter(|record| record.parts.is_none());
        let sound = record.filter(|record| self.is_sound(record));
        sound.inspect(|record| self.touch(record)).is_some()
    }

    /// Whether the bytes of an entry are where they should be, by their size.
    fn is_sound(&self, record: &Record) -> bool {
        let stat = self.folder.stat(record.stem, Kind::Data);
        matches!(stat, Ok(Some(stat)) if stat.is_file && stat.bytes == record.size())
    }

    /// Takes a key that is cached out of the queue.
    pub(crate) fn unqueue(&self, key: &str) {
        let mut queue = lock(&self.queue);
        if queue.contains(key)
            && let Err(error) = queue.remove(&self.folder, &[key])
        {
            tracing::warn!("{error}; {key:?} may be queued again after a restart");
        }
    }

    /// Counts a read that found no entry.
    pub(crate) fn count_miss(&self) {
        Counters::add(&self.counters.misses, 1);
    }
}
