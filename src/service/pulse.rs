//! Finds out whether the archive's disks respond. Each directory (the root, every camera) is opened on a thread of its own,
//! which a disk that hangs keeps for as long as it hangs; the one here never waits for them. What follows from it is decided
//! where the disk is used: `archive::stalled` refuses, the status shows it.

mod looks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use looks::{Looks, open};

use super::handle::Handle;
use super::status::Component;
use crate::archive::Tree;
use crate::clock::Stop;
use crate::error::Result;

/// How often to look.
const EVERY: Duration = Duration::from_secs(3);
/// A disk that took so long to open a directory does not respond. A sleeping one needs up to ten seconds to spin up.
const PATIENCE: Duration = Duration::from_secs(15);

/// The looks, and what has been said of them.
struct Pulse {
    shared: Arc<Handle>,
    state_dir: PathBuf,
    looks: Looks,
    told: BTreeSet<PathBuf>,
}

/// Looks until told to stop.
pub(super) fn run(shared: &Arc<Handle>, state_dir: &Path, stop: &Stop) -> Result<()> {
    let (shared, state_dir) = (Arc::clone(shared), state_dir.to_path_buf());
    let mut pulse = Pulse { shared, state_dir, looks: Looks::new(), told: BTreeSet::new() };
    let mut due = Instant::now();
    loop {
        if Instant::now() >= due {
            pulse.begin();
            due = Instant::now() + EVERY;
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
        let tree = Arc::clone(&self.shared.tree);
        self.looks.begin(&root, move |_| look_at_root(&tree));
        for path in self.looks.below(&root).into_iter().chain([self.state_dir.clone()]) {
            self.looks.begin(&path, open);
        }
    }

    /// Says which disks do not respond, and which do again.
    fn judge(&mut self) {
        let mut stalled = self.looks.late(PATIENCE);
        let root = self.shared.tree.root();
        if stalled.contains(root) {
            stalled.retain(|path| path == root || !path.starts_with(root)); // what is below it waits for it
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
        self.shared.status.set(Component::Disk, (!troubles.is_empty()).then(|| troubles.join("; ")).as_deref());
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
