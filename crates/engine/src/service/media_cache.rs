//! The media cache of a service: opened when the service starts, opened again while that fails, and closed when the service
//! stops. A cache that cannot be used stops nothing else. What is cached, and why, is the business of others.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use owlery_cache::Cache;
use owlery_state::{give_contents, give_state, state_file};

use super::handle::Handle;
use crate::archive::Report;
use crate::error::{Error, Result};

/// The directory of the cache in a state directory.
const FOLDER: &str = "cache";
/// The most entries in memory.
const MEMORY_ITEMS: u64 = 64;

/// How long the start waits for the cache's disk. It is opened later if that takes longer.
const OPEN_LIMIT: Duration = Duration::from_secs(3);
/// How long the expirer's timer waits for it.
const RETRY_LIMIT: Duration = Duration::from_secs(1);
/// The time for closing it, within that of the stop.
const CLOSE_LIMIT: Duration = Duration::from_millis(1500);
const SILENT: &str = "the media cache cannot be used, so nothing is cached: its disk does not respond";

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

/// Refuses a cache in the tree of recordings: it would be counted, expired and served with them. Hidden directories of the root,
/// such as the state directory, are no part of that tree.
///
/// # Errors
/// [`Error::Config`] if the directory lies there.
pub fn check_cache_dir(options: &CacheOptions, root: &Path) -> Result<()> {
    let Some(dir) = &options.dir else { return Ok(()) };
    // What does not exist yet has no links.
    let existing = dir.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, real)) = existing else { return Ok(()) };
    let whole = dir.strip_prefix(above).map_or_else(|_| real.clone(), |rest| real.join(rest));
    let Ok(root) = root.canonicalize() else { return Ok(()) };
    let Ok(below) = whole.strip_prefix(&root) else { return Ok(()) };
    let first = below.components().next().map(|first| first.as_os_str().as_encoded_bytes().to_vec());
    if first.is_some_and(|first| first.starts_with(b".")) {
        return Ok(());
    }
    let why = "lies among the recordings; choose a directory outside of the archive";
    Err(Error::Config(format!("--cache-dir {}: it {why}", dir.display())))
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

/// In a process of root, gives the files of a cache that was closed to the owner of its directory.
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

impl Handle {
    /// The media cache. Does not block. Fails with [`Error::Unavailable`] if no service runs, or if its directory cannot be
    /// used now.
    pub fn cache(&self) -> Result<owlery_cache::Cache> {
        self.media_cache.get()
    }
}

/// The cache of a service; clones share it. Its disk may hang; neither the start, nor the expirer's timer, nor the stop waits for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct MediaCache {
    /// Written by the start, the thread that opens the cache, the expirer's timer and the stop.
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
enum State {
    /// No service runs.
    #[default]
    Closed,
    /// A thread opens it.
    Opening,
    Open(Cache),
    /// It could not be opened the last time.
    Unusable {
        why: String,
        place: Place,
    },
}

/// Where the cache is, and how it is kept.
#[derive(Debug, Clone)]
struct Place {
    options: CacheOptions,
    state_dir: PathBuf,
}

impl Place {
    fn open(self) -> State {
        open_cache(&self.options, &self.state_dir).map_or_else(
            |error| {
                let why = format!("the media cache cannot be used, so nothing is cached: {error}");
                State::Unusable { why, place: self }
            },
            State::Open,
        )
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on a thread of its own, and waits for its end, but no longer than this; false if it goes on.
fn within(limit: Duration, name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, is_done) = bounded::<()>(0);
    let work = move || {
        work();
        drop(done);
    };
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(_) => is_done.recv_timeout(limit) == Err(RecvTimeoutError::Disconnected),
        Err(error) => {
            tracing::warn!("cannot start the thread {name}: {error}");
            false
        }
    }
}

impl MediaCache {
    /// Opens it at the start of the service.
    pub(super) fn open(&self, options: &CacheOptions, state_dir: &Path) {
        let place = Place { options: options.clone(), state_dir: state_dir.to_owned() };
        *lock(&self.state) = State::Opening;
        self.try_open(place, OPEN_LIMIT);
        if let Some(why) = self.alert() {
            tracing::warn!("{why}");
        }
    }

    /// Opens it on a thread, and waits for that no longer than `limit`. The state must be `Opening`.
    fn try_open(&self, place: Place, limit: Duration) {
        let state = Arc::clone(&self.state);
        let _ = within(limit, "owlery-open-cache", move || {
            let opened = place.open();
            let mut state = lock(&state);
            // The service may have stopped meanwhile.
            if matches!(*state, State::Opening) {
                *state = opened;
            }
        });
    }

    /// Tries again to open it, if that failed before.
    pub(super) fn open_again(&self) {
        let (place, before) = {
            let mut state = lock(&self.state);
            match std::mem::take(&mut *state) {
                State::Unusable { why, place } => {
                    *state = State::Opening;
                    (place, why)
                }
                other => {
                    *state = other;
                    return;
                }
            }
        };
        let dir = place.options.dir_of(&place.state_dir);
        self.try_open(place, RETRY_LIMIT);
        match &*lock(&self.state) {
            State::Open(_) => tracing::info!(path = %dir.display(), "the media cache can be used now"),
            State::Unusable { why, .. } if *why != before => tracing::warn!("{why}"),
            State::Unusable { .. } | State::Opening | State::Closed => {}
        }
    }

    /// The cache. The error says why there is none.
    pub(super) fn get(&self) -> Result<Cache> {
        Err(Error::Unavailable(match &*lock(&self.state) {
            State::Open(cache) => return Ok(cache.clone()),
            State::Unusable { why, .. } => why.clone(),
            State::Opening => SILENT.to_owned(),
            State::Closed => "the media cache is closed: the service does not run".to_owned(),
        }))
    }

    /// Why it cannot be used, while the service runs.
    pub(super) fn alert(&self) -> Option<String> {
        match &*lock(&self.state) {
            State::Unusable { why, .. } => Some(why.clone()),
            State::Opening => Some(SILENT.to_owned()),
            State::Closed | State::Open(_) => None,
        }
    }

    /// Closes it: the last uses are written, and another process may open it as soon as no request reads from it any more.
    pub(super) fn close(&self) {
        let State::Open(cache) = std::mem::take(&mut *lock(&self.state)) else { return };
        let is_closed = within(CLOSE_LIMIT, "owlery-close-cache", move || {
            let dir = cache.options().dir.clone();
            drop(cache);
            give_contents(&dir);
        });
        if !is_closed {
            tracing::warn!("the media cache is not closed in time; the last uses of entries may be forgotten");
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

    /// A disk that hangs holds up neither the start nor the stop.
    #[test]
    fn work_that_hangs_is_left_behind() {
        let (_open, blocked) = bounded::<()>(0);
        let hang = move || _ = blocked.recv();
        assert!(!within(Duration::from_millis(20), "test", hang));
        assert!(within(Duration::from_secs(60), "test", || {}));
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
