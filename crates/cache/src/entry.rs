//! An entry of a cache: the record in memory, and the description that callers get.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::Serialize;

use crate::index::Row;
use crate::media::Label;
use crate::name::Hash;
use crate::parts::PartMap;
use crate::sidecar::Sidecar;
use crate::time::Use;

/// The description of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The media type.
    #[serde(rename = "type")]
    pub mime_type: String,
    /// The file name.
    pub file_name: String,
    /// The bytes on disk. Of an entry that is being filled part by part, those of the parts that are there.
    pub size: u64,
    /// How often the entry was read.
    pub hits: u64,
    /// When it was stored, in seconds since 1970.
    pub created: u64,
    /// When its bytes were written, in seconds since 1970.
    pub modified: u64,
    /// The last use, in seconds since 1970.
    pub accessed: u64,
    /// Whether all of its bytes are there.
    pub whole: bool,
}

/// An entry in memory. The table owns it; readers, the memory tier and open contents share it.
#[derive(Debug)]
pub(crate) struct Record {
    pub key: Arc<str>,
    pub stem: Hash,
    pub label: Label,
    pub created: u64,
    pub modified: u64,
    pub sha256: Option<Hash>,
    pub is_synced: bool,
    /// The parts that are there; `None` of a whole entry.
    pub parts: Option<Box<PartMap>>,
    /// The bytes on disk. Written under the table's lock.
    size: AtomicU64,
    /// The last use. Every reader writes it.
    used: AtomicU64,
    /// The use by which the table has placed it in the order. Only the table reads and writes it, under its lock.
    placed: AtomicU64,
    /// Every reader writes it.
    hits: AtomicU64,
    /// Whether its use is to be written to index and sidecar. Readers set it, the background thread clears it.
    is_touched: AtomicBool,
    /// Whether the bytes need not be compared with the SHA-256. The first reader sets it.
    is_verified: AtomicBool,
    /// Set under the table's lock when the entry is removed; its bytes may still be read.
    is_removed: AtomicBool,
}

impl Record {
    /// The record of an entry whose sidecar is this.
    pub(crate) fn new(sidecar: Sidecar, stem: Hash, size: u64, fallback_time: u64, is_verified: bool) -> Self {
        Self {
            stem,
            label: sidecar.label,
            created: sidecar.created.unwrap_or(fallback_time),
            modified: sidecar.modified.unwrap_or(fallback_time),
            sha256: sidecar.sha256,
            is_synced: sidecar.is_synced,
            parts: None,
            size: AtomicU64::new(size),
            used: AtomicU64::new(sidecar.used.0),
            placed: AtomicU64::new(0),
            hits: AtomicU64::new(sidecar.hits),
            is_touched: AtomicBool::new(false),
            is_verified: AtomicBool::new(is_verified || sidecar.is_synced || sidecar.sha256.is_none()),
            is_removed: AtomicBool::new(false),
            key: sidecar.key,
        }
    }

    /// The record of an entry that is filled part by part.
    pub(crate) fn partial(key: Arc<str>, stem: Hash, label: Label, parts: PartMap, used: Use) -> Self {
        let (size, created) = (parts.bytes(), used.seconds());
        let sidecar = Sidecar {
            key,
            label,
            size: None,
            used,
            created: Some(created),
            modified: Some(created),
            hits: 0,
            sha256: None,
            is_synced: true,
        };
        Self { parts: Some(Box::new(parts)), ..Self::new(sidecar, stem, size, created, true) }
    }

    /// A whole entry, for tests.
    #[cfg(test)]
    pub(crate) fn example(key: &str, used: Use, size: u64) -> Self {
        let row = Row {
            key: key.to_owned(),
            mime_type: String::new(),
            file_name: String::new(),
            size,
            created: 0,
            modified: 0,
            used: used.0,
            hits: 0,
            sha256: None,
            is_synced: true,
        };
        Self::from_row(&row, row.stem(), Label::default())
    }

    /// The record of an index row with this label.
    pub(crate) fn from_row(row: &Row, stem: Hash, label: Label) -> Self {
        let size = row.size;
        let sidecar = Sidecar {
            key: (&*row.key).into(),
            label,
            size: Some(size),
            used: Use(row.used),
            created: Some(row.created),
            modified: Some(row.modified),
            hits: row.hits,
            sha256: row.sha256.map(Hash),
            is_synced: row.is_synced,
        };
        Self::new(sidecar, stem, size, 0, false)
    }

    pub(crate) fn to_row(&self) -> Row {
        Row {
            key: self.key.to_string(),
            mime_type: self.label.mime_type.to_string(),
            file_name: self.label.file_name.to_string(),
            size: self.size(),
            created: self.created,
            modified: self.modified,
            used: self.used().0,
            hits: self.hits(),
            sha256: self.sha256.map(|hash| hash.0),
            is_synced: self.is_synced,
        }
    }

    pub(crate) fn to_sidecar(&self) -> Sidecar {
        Sidecar {
            key: Arc::clone(&self.key),
            label: self.label.clone(),
            size: Some(self.size()),
            used: self.used(),
            created: Some(self.created),
            modified: Some(self.modified),
            hits: self.hits(),
            sha256: self.sha256,
            is_synced: self.is_synced,
        }
    }

    pub(crate) fn describe(&self) -> Entry {
        Entry {
            key: self.key.to_string(),
            mime_type: self.label.mime_type.to_string(),
            file_name: self.label.file_name.to_string(),
            size: self.size(),
            hits: self.hits(),
            created: self.created,
            modified: self.modified,
            accessed: self.used().seconds(),
            whole: self.parts.is_none(),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Relaxed)
    }

    /// Sets the bytes on disk. Only the table calls it, which sums them.
    pub(crate) fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Relaxed);
    }

    pub(crate) fn used(&self) -> Use {
        Use(self.used.load(Ordering::Relaxed))
    }

    /// Notes a use. True for the first one since the last [`Record::clear_touch`].
    pub(crate) fn touch(&self, used: Use) -> bool {
        if used.0 > self.used.load(Ordering::Relaxed) {
            self.used.store(used.0, Ordering::Relaxed);
        }
        !self.is_touched.load(Ordering::Relaxed) && !self.is_touched.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn placed(&self) -> Use {
        Use(self.placed.load(Ordering::Relaxed))
    }

    pub(crate) fn set_placed(&self, used: Use) {
        self.placed.store(used.0, Ordering::Relaxed);
    }

    /// The use is about to be written.
    pub(crate) fn clear_touch(&self) {
        self.is_touched.store(false, Ordering::Relaxed);
    }

    pub(crate) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    pub(crate) fn count_hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.is_verified.load(Ordering::Relaxed)
    }

    pub(crate) fn set_verified(&self) {
        self.is_verified.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.is_removed.load(Ordering::SeqCst)
    }

    pub(crate) fn set_removed(&self) {
        self.is_removed.store(true, Ordering::SeqCst);
    }
}
