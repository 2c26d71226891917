//! Ends a command whose disk hangs: a network share whose server is off, a failing drive. While the command runs, its
//! directories are opened again and again. If one does not respond for long, the process ends with a message that names it. Long
//! work on responding disks is not cut off.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use owlery_model::fault;
use owlery_model::printable;

use super::settings::Values;
use super::settings::declaration::{CACHE_DIR, CONFIG, MOTION_CONF, STATE_DIR};
use crate::{DirectoryChecks, Stop, StopHandle};

/// The time for a disk to open a directory. Longer than a sleeping disk, or the restart of a server, usually takes.
const RESPONSE_LIMIT: Duration = Duration::from_secs(30);
/// The interval of checks. Most commands end before the first one.
const CHECK_INTERVAL: Duration = Duration::from_millis(700);
/// The limit of directories to check below the root: each camera may be on its own disk.
const MAX_DIRECTORIES: usize = 256;

/// Checks the disks until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    _stop: StopHandle,
    paths: Arc<Mutex<Vec<PathBuf>>>,
}

impl Watch {
    /// Checks the root, and the directories in the flags.
    pub(super) fn start(root: &Path, typed: &Values) -> Self {
        let (handle, stop) = Stop::new();
        let files = [CONFIG, MOTION_CONF].into_iter().filter_map(|setting| typed.path(setting)?.parent());
        let state_dir = [STATE_DIR, CACHE_DIR].into_iter().filter_map(|setting| typed.path(setting));
        let paths = files.chain(state_dir).map(Path::to_path_buf).collect();
        let watch = Self { _stop: handle, paths: Arc::new(Mutex::new(paths)) };
        let (root, paths) = (root.to_path_buf(), Arc::clone(&watch.paths));
        let started =
            std::thread::Builder::new().name("owlery-hung".to_owned()).spawn(move || run(&root, &paths, &stop));
        if let Err(error) = started {
            tracing::debug!("cannot check for hung disks: {error}");
        }
        watch
    }

    /// Checks this directory too.
    pub(super) fn also(&self, path: &Path) {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_path_buf());
    }
}

fn run(root: &Path, paths: &Mutex<Vec<PathBuf>>, stop: &Stop) {
    let patience = fault::span("hung", RESPONSE_LIMIT);
    let mut checks = DirectoryChecks::new();
    while !stop.wait(CHECK_INTERVAL) {
        checks.begin(root, |root| Some(directories(root)));
        let named = paths.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for path in checks.below(root).iter().chain(&named).chain([&root.join(".owlery")]) {
            checks.begin(path, DirectoryChecks::open);
        }
        let late = checks.late(patience);
        let Some(path) = late.get(root).or_else(|| late.first()) else { continue };
        eprintln!(
            "owlery: cannot open {}: its disk has not responded for {} (a network share that is off, a failing drive?); check \
             that it can be listed (ls), then run the command again",
            printable::path(path),
            humantime::format_duration(patience)
        );
        std::process::exit(1);
    }
}

/// The directories in the root. An error counts as a response.
fn directories(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let is_dir = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink());
    entries.filter(is_dir).take(MAX_DIRECTORIES).map(|entry| entry.path()).collect()
}
