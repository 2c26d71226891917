//! Opens directories, each on a thread of its own, which a hung disk blocks for as long as it hangs. Nothing here waits
//! for such a thread.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

/// The result of opening a directory: its path, and the directories below it to open from now on, if known.
type Checked = (PathBuf, Option<Vec<PathBuf>>);

/// Directories that are being opened, each on a thread of its own, to find disks that do not respond.
pub struct DirectoryChecks {
    /// When each opening began that has not returned.
    waiting: BTreeMap<PathBuf, Instant>,
    /// The directories below each directory, from the last opening that returned.
    below: BTreeMap<PathBuf, Vec<PathBuf>>,
    done: Sender<Checked>,
    checked: Receiver<Checked>,
}

impl DirectoryChecks {
    /// No directories yet.
    #[allow(clippy::new_without_default)] // a channel is not a plain value
    pub fn new() -> Self {
        let (done, checked) = unbounded(); // one message for each opening, and one opening at a time for each directory
        Self { waiting: BTreeMap::new(), below: BTreeMap::new(), done, checked }
    }

    /// Begins to open `path` with `how`, unless that is under way. `how` may return directories below it.
    pub fn begin(&mut self, path: &Path, how: impl FnOnce(&Path) -> Option<Vec<PathBuf>> + Send + 'static) {
        if self.waiting.contains_key(path) {
            return;
        }
        let (done, at) = (self.done.clone(), path.to_path_buf());
        let started = std::thread::Builder::new().name(super::OPENER.to_owned()).spawn(move || {
            let below = how(&at);
            let _ = done.send((at, below)); // an error means that the receiver is gone
        });
        match started {
            Ok(_) => _ = self.waiting.insert(path.to_path_buf(), Instant::now()),
            Err(error) => tracing::debug!(path = %path.display(), "cannot start the check of a disk: {error}"),
        }
    }

    /// The directories below `path`, from the last opening that returned.
    pub fn below(&self, path: &Path) -> Vec<PathBuf> {
        self.below.get(path).cloned().unwrap_or_default()
    }

    /// The directories that have been opening for longer than `patience`.
    pub fn late(&mut self, patience: Duration) -> BTreeSet<PathBuf> {
        while let Ok((path, below)) = self.checked.try_recv() {
            self.waiting.remove(&path);
            if let Some(below) = below {
                self.below.insert(path, below);
            }
        }
        let now = Instant::now();
        let is_late = |since: &Instant| now.saturating_duration_since(*since) > patience;
        self.waiting.iter().filter(|(_, since)| is_late(since)).map(|(path, _)| path.clone()).collect()
    }

    /// Opens and lists a directory; for [`DirectoryChecks::begin`]. An error is a response too.
    pub fn open(path: &Path) -> Option<Vec<PathBuf>> {
        let _ = std::fs::read_dir(path).map(|mut entries| entries.next());
        None
    }
}
