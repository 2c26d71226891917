//! The index of a cache: a copy of all metadata that is read faster than the sidecars. The sidecars are the truth. An index row is
//! removed before the files of its entry change, and added after they are complete, so a process that is killed never leaves a
//! row that describes other bytes.

mod sidecars;
mod sqlite;

use std::io;

use crate::name::Hash;
use crate::options::Driver;

pub(crate) use sidecars::SidecarIndex;
pub(crate) use sqlite::SqliteIndex;

/// The metadata of one entry, as an index keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: String,
    /// The media type.
    pub mime_type: String,
    /// The file name.
    pub file_name: String,
    /// The size of the bytes.
    pub size: u64,
    /// When the entry was stored, in seconds since 1970.
    pub created: u64,
    /// When its bytes were written, in seconds since 1970.
    pub modified: u64,
    /// The last use, in microseconds since 1970; no two entries have the same.
    pub used: u64,
    /// How often the entry was read.
    pub hits: u64,
    /// The SHA-256 of the bytes, where it is known.
    pub sha256: Option<[u8; 32]>,
    /// Whether the bytes were synced to the disk.
    pub is_synced: bool,
}

/// A new time of use of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Touch<'a> {
    /// The key.
    pub key: &'a str,
    /// The last use, in microseconds since 1970.
    pub used: u64,
    /// How often the entry was read.
    pub hits: u64,
}

/// An index of the metadata. A method that fails makes the cache go on with the sidecars alone; the index is then removed, and
/// made again when the cache is opened next.
pub trait Index: Send {
    /// Calls `each` with every row, in any order. Returns false if the index is not complete and the sidecars must be read: it
    /// is new, or the system was not shut down in order since it was written.
    fn load(&mut self, each: &mut dyn FnMut(Row)) -> io::Result<bool>;

    /// Adds rows, and replaces those with the same key.
    fn add(&mut self, rows: &[Row]) -> io::Result<()>;

    /// Removes the rows with these keys.
    fn remove(&mut self, keys: &[&str]) -> io::Result<()>;

    /// Notes new times of use. Keys without a row are skipped.
    fn touch(&mut self, touches: &[Touch<'_>]) -> io::Result<()>;

    /// All rows are there now: [`Index::load`] may return true from now on.
    fn complete(&mut self) -> io::Result<()>;

    /// Closes the index and removes its files.
    fn destroy(self: Box<Self>) -> io::Result<()>;
}

/// Opens the index that the options name, else the sidecars, with a warning.
pub(crate) fn open(driver: Driver, dir: &std::path::Path) -> Box<dyn Index> {
    let opened: io::Result<Box<dyn Index>> = match driver {
        Driver::Sidecars => return Box::new(SidecarIndex),
        Driver::Sqlite => SqliteIndex::open(dir).map(|index| Box::new(index) as _),
        Driver::Custom(open) => open(dir),
    };
    opened.unwrap_or_else(|error| {
        tracing::warn!("cannot use the index of the cache {}: {error}; its sidecars are used", dir.display());
        Box::new(SidecarIndex)
    })
}

impl Row {
    /// The SHA-256 of the key: the stem of the entry's files.
    pub(crate) fn stem(&self) -> Hash {
        Hash::of(self.key.as_bytes())
    }
}
