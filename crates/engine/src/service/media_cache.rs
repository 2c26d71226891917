//! The media cache of a service: opened when the service starts, opened again while that fails, and closed when the service
//! stops. A cache that cannot be used stops nothing else. What is cached, and why, is the business of others.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use owlery_cache::Cache;
use owlery_state::{give_contents, give_state, state_file};

use crate::archive::Report;
use crate::error::{Error, Result};

/// The directory of the cache in a state directory.
const FOLDER: &str = "cache";
/// The most entries in memory.
const MEMORY_ITEMS: u64 = 64;

/// How the media cache of an archive is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheOptions {
    /// Its directory; `cache` in the state directory if none.
    pub dir: Option<PathBuf>,
    /// The most bytes on disk.
    pub max_bytes: u64,
    /// The most bytes in memory, of at most 64 entries.
    pub memory_bytes: u64,
}

impl Default for CacheOptions {
    /// 500 MB on disk and 64 MiB in memory, in the state directory.
    fn default() -> Self {
        Self { dir: None, max_bytes: 500_000_000, memory_bytes: 64 * 1024 * 1024 }
    }
}

impl CacheOptions {
    /// The directory of the cache of an archive with this state directory.
    pub fn dir_of(&self, state_dir: &Path) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| state_dir.join(FOLDER))
    }
}

/// Opens the media cache of an archive with this state directory, which is made if it does not exist. In a process of root, a new
/// directory gets the owner of the state directory, and files in it get the owner of the directory.
///
/// # Errors
/// Another process has the cache open; or its directory cannot be made or written to.
pub fn open_cache(options: &CacheOptions, state_dir: &Path) -> owlery_cache::Result<Cache> {
    let dir = options.dir_of(state_dir);
    let is_new = !dir.exists();
    if is_new && options.dir.is_none() {
        // If this fails, the same error comes from the cache, with its path.
        let _ = state_file::make_folder(state_dir);
    }
    let cache = owlery_cache::Options::new(&dir).max_bytes(options.max_bytes);
    let cache = Cache::open(cache.memory(options.memory_bytes, MEMORY_ITEMS))?;
    if is_new && let Ok(made) = File::open(&dir) {
        give_state(state_dir, made);
    }
    give_contents(&dir);
    Ok(cache)
}

/// In a process of root, gives the files of a cache that was closed, or is about to be, to the owner of its directory.
pub fn give_cache(dir: &Path) {
    give_contents(dir);
}

/// The problem of a cache directory that cannot be used, for `check`, which opens nothing.
pub(super) fn problem(options: &CacheOptions, state_dir: &Path) -> Option<Report> {
    let dir = options.dir_of(state_dir);
    let why = match dir.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !dir.is_symlink() => return None,
        Err(error) => format!("the media cache cannot be used: {error}"),
        Ok(meta) if !meta.is_dir() => "the media cache cannot be used: it is not a directory".to_owned(),
        Ok(_) => {
            let disk = rustix::fs::statvfs(&dir).ok()?;
            if !disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
                return None;
            }
            "the media cache cannot be used: it is on a read-only filesystem; name another place with --cache-dir"
                .to_owned()
        }
    };
    Some(Report::failure(dir, why))
}

/// The cache of a service.
#[derive(Debug, Default)]
pub(crate) struct MediaCache {
    /// Written by the start, the expirer's timer and the stop.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    /// No service runs.
    #[default]
    Closed,
    Open(Cache),
    /// It could not be opened the last time.
    Unusable {
        why: String,
        options: CacheOptions,
        state_dir: PathBuf,
    },
}

impl MediaCache {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens it at the start of the service.
    pub(super) fn open(&self, options: &CacheOptions, state_dir: &Path) {
        let opened = Self::try_open(options, state_dir);
        if let State::Unusable { why, .. } = &opened {
            tracing::warn!("{why}");
        }
        *self.lock() = opened;
    }

    fn try_open(options: &CacheOptions, state_dir: &Path) -> State {
        match open_cache(options, state_dir) {
            Ok(cache) => State::Open(cache),
            Err(error) => {
                let why = format!("the media cache cannot be used, so nothing is cached: {error}");
                State::Unusable { why, options: options.clone(), state_dir: state_dir.to_owned() }
            }
        }
    }

    /// Tries again to open it, if that failed before. The state is not locked meanwhile.
    pub(super) fn open_again(&self) {
        let (options, state_dir) = match &*self.lock() {
            State::Unusable { options, state_dir, .. } => (options.clone(), state_dir.clone()),
            State::Closed | State::Open(_) => return,
        };
        let opened = Self::try_open(&options, &state_dir);
        let mut state = self.lock();
        if matches!(*state, State::Unusable { .. }) {
            if matches!(opened, State::Open(_)) {
                tracing::info!(path = %options.dir_of(&state_dir).display(), "the media cache can be used now");
            }
            *state = opened;
        }
    }

    /// The cache. The error says why there is none.
    pub(super) fn get(&self) -> Result<Cache> {
        match &*self.lock() {
            State::Open(cache) => Ok(cache.clone()),
            State::Unusable { why, .. } => Err(Error::Unavailable(why.clone())),
            State::Closed => Err(Error::Unavailable("the media cache is closed: the service does not run".to_owned())),
        }
    }

    /// Why it cannot be used, while the service runs.
    pub(super) fn alert(&self) -> Option<String> {
        match &*self.lock() {
            State::Unusable { why, .. } => Some(why.clone()),
            State::Closed | State::Open(_) => None,
        }
    }

    /// Closes it: the last uses are written, and another process may open it as soon as no request reads from it any more.
    pub(super) fn close(&self) {
        let before = std::mem::take(&mut *self.lock());
        if let State::Open(cache) = before {
            let dir = cache.options().dir.clone();
            drop(cache);
            give_contents(&dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why_not(cache: &MediaCache) -> String {
        cache.get().unwrap_err().to_string()
    }

    /// A cache in use does not stop the service; it is used as soon as it is free.
    #[test]
    fn a_cache_in_use_is_tried_again() {
        let state = tempfile::tempdir().unwrap();
        let options = CacheOptions::default();
        let other = open_cache(&options, state.path()).unwrap();
        let cache = MediaCache::default();
        assert!(why_not(&cache).contains("does not run"));
        cache.open(&options, state.path());
        let why = why_not(&cache);
        assert!(why.contains("in use by another process") && cache.alert() == Some(why.clone()), "{why}");
        cache.open_again();
        assert_eq!(why_not(&cache), why);
        drop(other);
        cache.open_again();
        assert!(cache.get().is_ok() && cache.alert().is_none());
        cache.close();
        assert!(why_not(&cache).contains("does not run"));
        drop(open_cache(&options, state.path()).unwrap());
    }

    /// `check` names a directory that cannot be used, and says nothing of one that does not exist yet.
    #[test]
    fn an_unusable_directory_is_a_problem() {
        let state = tempfile::tempdir().unwrap();
        let options = CacheOptions::default();
        assert!(problem(&options, state.path()).is_none());
        drop(open_cache(&options, state.path()).unwrap());
        assert!(problem(&options, state.path()).is_none());
        let file = state.path().join("file");
        std::fs::write(&file, "").unwrap();
        let elsewhere = CacheOptions { dir: Some(file.clone()), ..options };
        let found = problem(&elsewhere, state.path()).unwrap();
        assert!(found.unreadable && found.path == file && found.problem.contains("not a directory"), "{found:?}");
    }
}
