//! How a cache is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::convert::Converter;
use crate::index::Index;

/// How a cache is kept. The defaults suit derived media of one host.
#[derive(Clone)]
pub struct Options {
    /// The directory of the files. It is made if it does not exist.
    pub dir: PathBuf,
    /// The most bytes on disk. An entry that is larger is served and not stored.
    pub max_bytes: u64,
    /// The most bytes in memory.
    pub memory_bytes: u64,
    /// The most entries in memory.
    pub memory_items: u64,
    /// What is synced when an entry is stored.
    pub durability: Durability,
    /// Where the metadata of entries are read from when the cache is opened.
    pub driver: Driver,
    /// What changes fetched media before they are stored.
    pub converter: Option<Arc<dyn Converter>>,
}

/// What is synced to the disk when an entry is stored. A process that is killed loses or garbles nothing in any case; this is
/// about power cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing. After a restart every entry is compared with its SHA-256 before it is served for the first time.
    None,
    /// The bytes of the entry, before it gets its name. A power cut may lose the newest entries and garbles none.
    #[default]
    Data,
    /// The bytes, the sidecar and the directory. What was stored survives a power cut.
    Full,
}

/// Where the metadata of entries are read from when the cache is opened. The sidecars are complete in any case; an index is
/// faster to read than 100,000 files.
#[derive(Debug, Clone, Copy, Default)]
pub enum Driver {
    /// The database `index.db` in the cache's directory. If it cannot be opened or is damaged, the sidecars are used, and it is
    /// made again from them.
    #[default]
    Sqlite,
    /// The sidecars.
    Sidecars,
    /// An index of the program's own. If it fails, the sidecars are used.
    Custom(fn(&Path) -> std::io::Result<Box<dyn Index>>),
}

impl Options {
    /// A cache in this directory with 500 MB on disk, and 64 MiB and 64 entries in memory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            max_bytes: 500_000_000,
            memory_bytes: 64 * 1024 * 1024,
            memory_items: 64,
            durability: Durability::default(),
            driver: Driver::default(),
            converter: None,
        }
    }

    /// Sets the most bytes on disk.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets the most bytes and entries in memory. Either 0 keeps nothing in memory.
    #[must_use]
    pub fn memory(mut self, bytes: u64, items: u64) -> Self {
        (self.memory_bytes, self.memory_items) = (bytes, items);
        self
    }

    /// Sets what is synced.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets where metadata are read from.
    #[must_use]
    pub fn driver(mut self, driver: Driver) -> Self {
        self.driver = driver;
        self
    }

    /// Sets what changes fetched media before they are stored.
    #[must_use]
    pub fn converter(mut self, converter: impl Converter) -> Self {
        self.converter = Some(Arc::new(converter));
        self
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("dir", &self.dir).field("max_bytes", &self.max_bytes).finish_non_exhaustive()
    }
}
