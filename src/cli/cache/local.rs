//! The cache that this process opens, where no daemon has it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::Access;
use crate::cache::Cache;
use crate::daemon::control::cache as operations;
use crate::protocol::StoredMedia;
use crate::protocol::control::{CachePut, CacheRequest};
use crate::{CacheOptions, Error, Result};

/// A cache of this process.
pub(super) struct Local {
    /// Closed first.
    cache: Cache,
    _owner: Owner,
    /// The empty cache of an archive that has none yet.
    _temporary: Option<tempfile::TempDir>,
}

impl Local {
    /// The cache in a directory. One that does not exist is made if `makes`, and else an error.
    pub(super) fn of_dir(dir: &Path, options: &CacheOptions, makes: bool) -> Result<Self> {
        if !makes && !dir.is_dir() {
            let why = if dir.exists() { "it is not a directory" } else { "it does not exist; `put` makes it" };
            return Err(Error::NoCache { path: dir.to_owned(), why: why.to_owned() });
        }
        let options = CacheOptions { dir: Some(dir.to_owned()), ..options.clone() };
        let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::open(&options, above, None)
    }

    /// The cache of an archive. One that does not exist is made if `makes`; else it is empty, and none is made.
    pub(super) fn of_archive(options: &CacheOptions, state_dir: &Path, makes: bool) -> Result<Self> {
        if makes || options.dir_of(state_dir).exists() {
            return Self::open(options, state_dir, None);
        }
        let made = tempfile::Builder::new().prefix("owlery-cache-").tempdir();
        let empty = made.map_err(|e| Error::io("make a temporary folder in", std::env::temp_dir(), e))?;
        let options = CacheOptions { dir: Some(empty.path().to_owned()), ..options.clone() };
        let above = empty.path().to_owned();
        Self::open(&options, &above, Some(empty))
    }

    fn open(options: &CacheOptions, state_dir: &Path, temporary: Option<tempfile::TempDir>) -> Result<Self> {
        let cache = crate::open_cache(options, state_dir).map_err(operations::error)?;
        let owner = Owner(cache.options().dir.clone());
        Ok(Self { cache, _owner: owner, _temporary: temporary })
    }
}

impl Access for Local {
    fn execute(&self, request: CacheRequest) -> Result<serde_json::Value> {
        operations::execute(&self.cache, &request)
    }

    fn get(&self, key: &str, to: &mut dyn Write) -> Result<bool> {
        let Some(content) = self.cache.get(key) else { return Ok(false) };
        operations::copy(&content, to)?;
        Ok(true)
    }

    fn put(&self, put: CachePut, from: &mut dyn Read) -> Result<StoredMedia> {
        operations::store(&self.cache, &put, from)
    }
}

/// Gives what root wrote to the owner of the directory, when the cache is closed.
struct Owner(PathBuf);

impl Drop for Owner {
    fn drop(&mut self) {
        crate::give_cache(&self.0);
    }
}
