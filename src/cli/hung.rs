//! An end for commands on a disk that hangs: a network share whose server is off, a failing drive. While a command runs, the
//! directories that it works on are opened again and again; one that does not respond for long ends the process, with a
//! message that names it. What takes long on disks that respond is not cut off.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::settings::Values;
use super::settings::declaration::{CONFIG, MOTION_CONF, STATE_DIR};
use crate::clock::{Stop, StopHandle};
use crate::fault;
use crate::printable;
use crate::service::pulse::{Looks, open};

/// A disk that did not open a directory for so long does not respond. Longer than a sleeping disk or a server that is started
/// anew needs at worst, as a rule.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to look. Most commands have ended before the first look.
const EVERY: Duration = Duration::from_millis(700);
/// So many directories of the root are looked at: cameras may be on disks of their own.
const MOST: usize = 256;

/// Watches until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    _stop: StopHandle,
    paths: Arc<Mutex<Vec<PathBuf>>>,
}

impl Watch {
    /// Watches the root, and what the flags name, for a command on an archive.
    pub fn start(root: &Path, typed: &Values) -> Self {
        let (handle, stop) = Stop::new();
        let files = [CONFIG, MOTION_CONF].into_iter().filter_map(|setting| typed.path(setting)?.parent());
        let state_dir = typed.path(STATE_DIR).into_iter();
        let paths = files.chain(state_dir).map(Path::to_path_buf).collect();
        let watch = Self { _stop: handle, paths: Arc::new(Mutex::new(paths)) };
        let (root, paths) = (root.to_path_buf(), Arc::clone(&watch.paths));
        let begun = std::thread::Builder::new().name("owlery-hung".to_owned()).spawn(move || run(&root, &paths, &stop));
        if let Err(error) = begun {
            tracing::debug!("disks that hang are not noticed: {error}");
        }
        watch
    }

    /// Watches this directory too.
    pub fn also(&self, path: &Path) {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_path_buf());
    }
}

fn run(root: &Path, paths: &Mutex<Vec<PathBuf>>, stop: &Stop) {
    let patience = fault::span("hung", PATIENCE);
    let mut looks = Looks::new();
    while !stop.wait(EVERY) {
        looks.begin(root, |root| Some(directories(root)));
        let named = paths.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for path in looks.below(root).iter().chain(&named).chain([&root.join(".owlery")]) {
            looks.begin(path, open);
        }
        let late = looks.late(patience);
        let Some(path) = late.get(root).or_else(|| late.first()) else { continue };
        eprintln!(
            "owlery: cannot open {}: its disk has not responded for {} (a network share that is off, a failing drive?); see \
             that it can be listed (ls), then run the command again",
            printable::path(path),
            humantime::format_duration(patience)
        );
        std::process::exit(1);
    }
}

/// The directories in the root. An error is a response too.
fn directories(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let is_dir = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink());
    entries.filter(is_dir).take(MOST).map(|entry| entry.path()).collect()
}
