//! Looks at directories, each on a thread of its own, which a disk that hangs keeps for as long as it hangs: nothing here
//! waits for one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

/// What a look at a directory has returned: the directory, and those that are to be looked at from now on, if it tells.
type Looked = (PathBuf, Option<Vec<PathBuf>>);

/// The looks that are under way.
pub struct Looks {
    /// Since when each look that has not returned waits.
    waiting: BTreeMap<PathBuf, Instant>,
    /// What the looks have told, directory by directory.
    below: BTreeMap<PathBuf, Vec<PathBuf>>,
    done: Sender<Looked>,
    looked: Receiver<Looked>,
}

impl Looks {
    /// None yet.
    pub fn new() -> Self {
        let (done, looked) = unbounded(); // one message a look, and one look a directory at a time
        Self { waiting: BTreeMap::new(), below: BTreeMap::new(), done, looked }
    }

    /// Begins to look at `path`, unless a look at it is under way. `how` opens it, and may name directories below it.
    pub fn begin(&mut self, path: &Path, how: impl FnOnce(&Path) -> Option<Vec<PathBuf>> + Send + 'static) {
        if self.waiting.contains_key(path) {
            return;
        }
        let (done, at) = (self.done.clone(), path.to_path_buf());
        let look = std::thread::Builder::new().name("owlery-pulse".to_owned()).spawn(move || {
            let below = how(&at);
            let _ = done.send((at, below)); // an error means that all has ended
        });
        match look {
            Ok(_) => _ = self.waiting.insert(path.to_path_buf(), Instant::now()),
            Err(error) => tracing::debug!("cannot look at {}: {error}", path.display()),
        }
    }

    /// The directories below `path`, as the last look that returned has told.
    pub fn below(&self, path: &Path) -> Vec<PathBuf> {
        self.below.get(path).cloned().unwrap_or_default()
    }

    /// The directories whose looks have not returned for longer than `patience`.
    pub fn late(&mut self, patience: Duration) -> BTreeSet<PathBuf> {
        while let Ok((path, below)) = self.looked.try_recv() {
            self.waiting.remove(&path);
            if let Some(below) = below {
                self.below.insert(path, below);
            }
        }
        let now = Instant::now();
        let is_late = |since: &Instant| now.saturating_duration_since(*since) > patience;
        self.waiting.iter().filter(|(_, since)| is_late(since)).map(|(path, _)| path.clone()).collect()
    }
}

/// Opens and lists a directory. An error is a response too.
pub fn open(path: &Path) -> Option<Vec<PathBuf>> {
    let _ = std::fs::read_dir(path).map(|mut entries| entries.next());
    None
}
