//! Detects disks that do not respond. Each directory (the root, every camera) is opened on a thread of its own, which a
//! hung disk blocks for as long as it hangs; the monitoring thread never waits for them. `archive::stalled` then
//! refuses operations on that disk, and the status shows it.

mod directory_checks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
pub use directory_checks::DirectoryChecks;

use super::handle::Handle;
use super::status::Component;
use crate::archive::{OPENER, RESPONSE_LIMIT};
use crate::clock::Stop;
use crate::error::Result;

/// How often the directories are opened.
const CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// The directories being opened, and the disks that were reported.
struct DiskMonitor {
    shared: Arc<Handle>,
    state_dir: PathBuf,
    checks: DirectoryChecks,
    /// The reading of the root's free space, which also opens the cameras: it may wait for a camera's disk.
    space: DirectoryChecks,
    reported: BTreeSet<PathBuf>,
}

/// Monitors the disks until stopped.
pub(super) fn run(shared: &Arc<Handle>, state_dir: &Path, stop: &Stop) -> Result<()> {
    let (shared, state_dir) = (Arc::clone(shared), state_dir.to_path_buf());
    let (checks, space) = (DirectoryChecks::new(), DirectoryChecks::new());
    let mut monitor = DiskMonitor { shared, state_dir, checks, space, reported: BTreeSet::new() };
    let mut due = Instant::now();
    loop {
        if Instant::now() >= due {
            monitor.begin();
            due = Instant::now() + CHECK_INTERVAL;
        }
        monitor.judge();
        if stop.wait(Duration::from_millis(500)) {
            return Ok(());
        }
    }
}

impl DiskMonitor {
    /// Opens every directory that is not being opened already.
    fn begin(&mut self) {
        let root = self.shared.tree.root().to_path_buf();
        let tree = Arc::clone(&self.shared.tree);
        self.checks.begin(&root, move |_| tree.camera_paths().ok()); // an error is a response too
        let tree = Arc::clone(&self.shared.tree);
        self.space.late(RESPONSE_LIMIT); // to take the result of the last one
        self.space.begin(&root, move |_| {
            if let Err(error) = tree.note_disk() {
                tracing::debug!("{}", error.chain());
            }
            None
        });
        for path in self.checks.below(&root).into_iter().chain([self.state_dir.clone()]) {
            self.checks.begin(&path, DirectoryChecks::open);
        }
    }

    /// Logs and publishes which disks do not respond, and which respond again.
    fn judge(&mut self) {
        let mut stalled = self.checks.late(RESPONSE_LIMIT);
        let root = self.shared.tree.root();
        if stalled.contains(root) {
            stalled.retain(|path| path == root || !path.starts_with(root)); // reported with the root
        }
        if stalled == self.reported {
            return;
        }
        for path in stalled.difference(&self.reported) {
            tracing::error!(path = %path.display(), "ALERT {}", trouble(path));
        }
        for path in self.reported.difference(&stalled) {
            tracing::info!(path = %path.display(), "the disk responds again");
        }
        let is_camera = |path: &PathBuf| path != root && *path != self.state_dir;
        self.shared.status.set_only_cameras_hang(stalled.iter().all(is_camera));
        let troubles: Vec<String> = stalled.iter().map(|path| trouble(path)).collect();
        self.shared.status.set(Component::Disk, (!troubles.is_empty()).then(|| troubles.join("; ")).as_deref());
        self.shared.tree.set_stalled(stalled.clone());
        self.reported = stalled;
    }
}

fn trouble(path: &Path) -> String {
    let path = path.display();
    format!(
        "the disk of {path} does not respond (a network share that is off, a failing drive?); known data is still shown"
    )
}

impl Handle {
    /// Whether the archive's disks respond within this time. The thread that opens the directories may never return.
    pub fn disks_respond(&self, within: Duration) -> bool {
        let (done, is_done) = bounded(1);
        let tree = Arc::clone(&self.tree);
        let thread = std::thread::Builder::new().name(OPENER.to_owned()).spawn(move || {
            let _ = tree.camera_paths(); // an error is a response too
            let _ = done.send(()); // the process may be ending
        });
        !self.tree.is_stalled() && (thread.is_err() || is_done.recv_timeout(within).is_ok())
    }
}
