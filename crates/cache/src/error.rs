//! What can go wrong in a cache.

use std::io;
use std::path::{Path, PathBuf};

/// The result of an operation of the cache.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation of the cache failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused an operation on a file.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process, or another [`Cache`](crate::Cache) of this one, has the directory.
    #[error("the cache {} is in use by another process; stop that one, or use its interface", .0.display())]
    InUse(PathBuf),
    /// A key is empty or longer than [`MAX_KEY`](crate::MAX_KEY).
    #[error("invalid key: a key has 1 to {} bytes, this one has {len}", crate::MAX_KEY, len = .0)]
    InvalidKey(usize),
    /// The data do not have the size or the checksum that was expected.
    #[error("the data of {key:?} are not what was expected: {why}")]
    Mismatch {
        /// The key.
        key: String,
        /// What differs.
        why: String,
    },
}

impl Error {
    pub(crate) fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { operation, path: path.to_owned(), source }
    }
}
