//! The content of an entry: bytes in memory or an open file. It stays readable when its entry is removed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;

use crate::entry::Record;
use crate::media::{Label, Media};
use crate::memory::Item;
use crate::name::Hash;
use crate::shared::Shared;

/// Where the bytes of a content are.
#[derive(Debug, Clone)]
pub enum Body {
    /// In memory.
    Memory(Bytes),
    /// In an open file, from its first byte to its last.
    File(Arc<File>),
}

/// The content of an entry. It stays readable when its entry is removed.
#[derive(Debug)]
pub struct Content(Source);

/// Where a content comes from.
#[derive(Debug)]
enum Source {
    /// The memory tier. The hit is counted.
    Memory(Arc<Item>),
    /// The disk.
    Disk(OpenEntry),
    /// A fetch. The media may be stored or not.
    Fetched { media: Media, body: Body, fetched: u64 },
}

/// An entry on disk that is open.
#[derive(Debug)]
struct OpenEntry {
    record: Arc<Record>,
    body: Body,
    size: u64,
    /// The cache that counts the hit once the content is read, if it is still open.
    shared: Weak<Shared>,
    /// Set by the first reader that reaches the end.
    is_counted: AtomicBool,
}

impl Content {
    pub(crate) fn in_memory(item: Arc<Item>) -> Self {
        Self(Source::Memory(item))
    }

    pub(crate) fn in_file(record: Arc<Record>, file: File, size: u64, shared: &Arc<Shared>) -> Self {
        let (body, shared) = (Body::File(Arc::new(file)), Arc::downgrade(shared));
        Self(Source::Disk(OpenEntry { record, body, size, shared, is_counted: AtomicBool::new(false) }))
    }

    /// The content of media that are in memory, and perhaps not stored.
    pub fn fetched(media: Media) -> Self {
        let body = Body::Memory(media.bytes.clone());
        Self(Source::Fetched { media, body, fetched: crate::time::now() })
    }

    /// The entry; `None` of media that were just fetched.
    fn record(&self) -> Option<&Record> {
        match &self.0 {
            Source::Memory(item) => Some(&item.record),
            Source::Disk(open) => Some(&open.record),
            Source::Fetched { .. } => None,
        }
    }

    /// The type and the file name.
    pub fn label(&self) -> &Label {
        match &self.0 {
            Source::Memory(item) => &item.record.label,
            Source::Disk(open) => &open.record.label,
            Source::Fetched { media, .. } => &media.label,
        }
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        match &self.0 {
            Source::Memory(item) => item.size(),
            Source::Disk(open) => open.size,
            Source::Fetched { media, .. } => media.bytes.len() as u64,
        }
    }

    /// The SHA-256 of the bytes; `None` if another program stored them. It is computed here for media that were just fetched.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        match &self.0 {
            Source::Fetched { media, .. } => Some(Hash::of(&media.bytes).0),
            Source::Memory(_) | Source::Disk(_) => Some(self.record()?.sha256?.0),
        }
    }

    /// When the bytes were written, or fetched, in seconds since 1970.
    pub fn modified(&self) -> u64 {
        match &self.0 {
            Source::Fetched { fetched, .. } => *fetched,
            Source::Memory(item) => item.record.modified,
            Source::Disk(open) => open.record.modified,
        }
    }

    /// Where the bytes are. Call [`Content::finish`] after reading a file by other means than this type's.
    pub fn body(&self) -> &Body {
        match &self.0 {
            Source::Memory(item) => &item.body,
            Source::Disk(OpenEntry { body, .. }) | Source::Fetched { body, .. } => body,
        }
    }

    /// Reads up to `len` bytes from `offset`; fewer at the end. Blocks if the content is a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_at(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        let left = usize::try_from(self.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = len.min(left);
        let bytes = match self.body() {
            Body::Memory(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                bytes.slice(from..from + len)
            }
            Body::File(file) => {
                let mut bytes = vec![0; len];
                file.read_exact_at(&mut bytes, offset)?;
                Bytes::from(bytes)
            }
        };
        if len == left {
            self.finish();
        }
        Ok(bytes)
    }

    /// All bytes. Blocks if the content is a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(&self) -> io::Result<Bytes> {
        self.read_at(0, usize::MAX)
    }

    /// Counts the hit, once: the content was read. [`Content::read_at`] does it when it reaches the end.
    pub fn finish(&self) {
        if let Source::Disk(open) = &self.0
            && !open.is_counted.swap(true, Ordering::Relaxed)
            && let Some(shared) = open.shared.upgrade()
        {
            shared.count_hit(&open.record);
        }
    }
}
