//! The content of an entry: bytes in memory or an open file. It stays readable when its entry is removed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;

use crate::entry::Record;
use crate::media::{Label, Media};
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
pub struct Content {
    source: Source,
    body: Body,
    size: u64,
    /// The cache that counts the hit once the content is read, if it is still open; `None` where it is counted, or is none.
    uncounted: Option<Weak<Shared>>,
    is_counted: AtomicBool,
}

/// What describes a content.
#[derive(Debug)]
enum Source {
    Entry(Arc<Record>),
    /// Fetched, and perhaps not stored.
    Fetched(Label),
}

impl Content {
    pub(crate) fn in_memory(record: Arc<Record>, bytes: Bytes) -> Self {
        let size = bytes.len() as u64;
        let body = Body::Memory(bytes);
        Self { source: Source::Entry(record), body, size, uncounted: None, is_counted: AtomicBool::new(true) }
    }

    pub(crate) fn in_file(record: Arc<Record>, file: File, size: u64, shared: &Arc<Shared>) -> Self {
        let (source, body) = (Source::Entry(record), Body::File(Arc::new(file)));
        Self { source, body, size, uncounted: Some(Arc::downgrade(shared)), is_counted: AtomicBool::new(false) }
    }

    pub(crate) fn fetched(media: Media) -> Self {
        let size = media.bytes.len() as u64;
        let (source, body) = (Source::Fetched(media.label), Body::Memory(media.bytes));
        Self { source, body, size, uncounted: None, is_counted: AtomicBool::new(true) }
    }

    /// The type and the file name.
    pub fn label(&self) -> &Label {
        match &self.source {
            Source::Entry(record) => &record.label,
            Source::Fetched(label) => label,
        }
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The SHA-256 of the bytes, where the cache knows it: not for media that were just fetched, or that another program stored.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        match &self.source {
            Source::Entry(record) => record.sha256.map(|hash| hash.0),
            Source::Fetched(_) => None,
        }
    }

    /// When the bytes were written, in seconds since 1970; `None` for media that were just fetched.
    pub fn modified(&self) -> Option<u64> {
        match &self.source {
            Source::Entry(record) => Some(record.modified),
            Source::Fetched(_) => None,
        }
    }

    /// Where the bytes are. Call [`Content::finish`] after reading a file by other means than this type's.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Reads up to `len` bytes from `offset`; fewer at the end. Blocks if the content is a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_at(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = len.min(left);
        let bytes = match &self.body {
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
        if let (Some(shared), Source::Entry(record)) = (&self.uncounted, &self.source)
            && !self.is_counted.swap(true, Ordering::Relaxed)
            && let Some(shared) = shared.upgrade()
        {
            shared.count_hit(record);
        }
    }
}
