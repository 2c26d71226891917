//! Finds out whether the archive's disks respond. Each directory (the root, every camera) is opened on a thread of its own,
//! which a disk that hangs keeps for as long as it hangs; the one here never waits for them. What follows from it is decided
//! where the disk is used: `archive::stalled` refuses, the status shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::handle::Handle;
use super::status::Part;
use crate::archive::Tree;
use crate::clock::Stop;
use crate::error::Result;

/// How often to look.
const EVERY: Duration = Duration::from_secs(3);
/// A disk that took so long to open a directory does not respond. A sleeping one needs up to ten seconds to spin up.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a look at a directory has returned; for the root also the cameras.
type Looked = (PathBuf, Option<Vec<PathBuf>>);

/// The looks that are under way.
struct Pulse {
    shared: Arc<Handle>,
    /// Since when each look that has not returned waits.
    waiting: BTreeMap<PathBuf, Instant>,
    cameras: Vec<PathBuf>,
    done: Sender<Looked>,
    looked: Receiver<Looked>,
    told: BTreeSet<PathBuf>,
}

/// Looks until told to stop.
pub(super) fn run(shared: &Arc<Handle>, stop: &Stop) -> Result<()> {
    let (done, looked) = unbounded(); // one message a look, and one look a directory at a time
    let mut pulse = Pulse {
        shared: Arc::clone(shared),
        waiting: BTreeMap::new(),
        cameras: Vec::new(),
        done,
        looked,
        told: BTreeSet::new(),
    };
    let mut due = Instant::now();
    loop {
        if Instant::now() >= due {
            pulse.begin();
            due = Instant::now() + EVERY;
        }
        while let Ok((path, cameras)) = pulse.looked.try_recv() {
            pulse.waiting.remove(&path);
            pulse.cameras = cameras.unwrap_or(std::mem::take(&mut pulse.cameras));
        }
        pulse.judge();
        if stop.wait(Duration::from_millis(500)) {
            return Ok(());
        }
    }
}

impl Pulse {
    /// Looks at every directory at which no look is under way.
    fn begin(&mut self) {
        let root = self.shared.tree.root().to_path_buf();
        let paths: Vec<PathBuf> = std::iter::once(root.clone()).chain(self.cameras.iter().cloned()).collect();
        for path in paths.into_iter().filter(|path| !self.waiting.contains_key(path)).collect::<Vec<_>>() {
            let (done, tree, at) = (self.done.clone(), Arc::clone(&self.shared.tree), path.clone());
            let is_root = path == root;
            let look = std::thread::Builder::new().name("owlery-pulse".to_owned()).spawn(move || {
                let cameras = if is_root { look_at_root(&tree) } else { look(&at) };
                let _ = done.send((at, cameras)); // an error means that the service has stopped
            });
            match look {
                Ok(_) => _ = self.waiting.insert(path, Instant::now()),
                Err(error) => tracing::debug!("cannot look at {}: {error}", path.display()),
            }
        }
    }

    /// Says which disks do not respond, and which do again.
    fn judge(&mut self) {
        let now = Instant::now();
        let is_late = |since: &Instant| now.saturating_duration_since(*since) > PATIENCE;
        let mut stalled: BTreeSet<PathBuf> =
            self.waiting.iter().filter(|(_, since)| is_late(since)).map(|(path, _)| path.clone()).collect();
        let root = self.shared.tree.root();
        if stalled.contains(root) {
            stalled.retain(|path| path == root); // what is below it waits for it
        }
        if stalled == self.told {
            return;
        }
        for path in stalled.difference(&self.told) {
            tracing::error!("ALERT {}", trouble(path));
        }
        for path in self.told.difference(&stalled) {
            tracing::info!("the disk of {} responds again", path.display());
        }
        let troubles: Vec<String> = stalled.iter().map(|path| trouble(path)).collect();
        self.shared.status.set(Part::Disk, (!troubles.is_empty()).then(|| troubles.join("; ")).as_deref());
        self.shared.tree.set_stalled(stalled.clone());
        self.told = stalled;
    }
}

fn trouble(path: &Path) -> String {
    let path = path.display();
    format!(
        "the disk of {path} does not respond (a network share that is off, a failing drive?); what is known is still shown"
    )
}

/// Opens and lists the root; returns the cameras. An error is a response too.
fn look_at_root(tree: &Tree) -> Option<Vec<PathBuf>> {
    let cameras = tree.camera_paths();
    if let Err(error) = tree.note_disk() {
        tracing::debug!("{}", error.chain());
    }
    cameras.ok()
}

fn look(path: &Path) -> Option<Vec<PathBuf>> {
    let _ = std::fs::read_dir(path).map(|mut entries| entries.next());
    None
}
