//! The pass that is held: a plan that a guard would not let through, kept word for word until a person confirms it or
//! another plan takes its place. There is at most one. It is a file of the state directory.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::event::{EventName, Guard, Item, RecordedGuard};
use crate::state_file;

const FILE: &str = "held.json";

/// A plan that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPass {
    /// The version of this file's form.
    pub(super) owlery: u32,
    /// The plan's id, which confirms it.
    pub id: String,
    /// The guard that holds it.
    pub guard: RecordedGuard,
    /// What the guard saw.
    pub message: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// For how many seconds it was to be undoable.
    #[serde(default)]
    pub(super) undo_seconds: u64,
    /// What would be retired, and the events that each item stands for.
    pub items: Vec<(Item, Vec<EventName>)>,
}

impl HeldPass {
    /// The pass that is held in a state directory, if one is and can be read.
    pub fn read(state_dir: &Path) -> Option<Self> {
        state_file::read::<Self>(&state_dir.join(FILE)).ok().flatten().filter(|held| held.owlery == 1)
    }

    /// For how long it can be taken back once it is confirmed: what was promised when it was planned.
    pub fn undo_window(&self) -> Duration {
        Duration::from_secs(self.undo_seconds)
    }
}

/// Where it is kept. The file is written and read under the lock of the passes.
#[derive(Debug)]
pub(super) struct Held {
    path: PathBuf,
    /// The guard that holds it and what that saw, for whoever asks while a pass is at work: written with the file, also
    /// where that fails.
    by: Mutex<Option<(RecordedGuard, String)>>,
}

impl Held {
    pub fn new(state_dir: &Path) -> Self {
        let held = Self { path: state_dir.join(FILE), by: Mutex::default() };
        *held.lock() = held.get().map(|pass| (pass.guard, pass.message));
        held
    }

    fn lock(&self) -> MutexGuard<'_, Option<(RecordedGuard, String)>> {
        self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this guard saw, if it is the one that holds the pass.
    pub fn by(&self, guard: Guard) -> Option<String> {
        self.lock().as_ref().filter(|(by, _)| *by == guard).map(|(_, message)| message.clone())
    }

    /// The pass that is held, if one is. A file that cannot be understood holds nothing that could be confirmed.
    pub fn get(&self) -> Option<HeldPass> {
        match state_file::read::<HeldPass>(&self.path) {
            Ok(held) => held.filter(|held| held.owlery == 1),
            Err(error) => {
                tracing::warn!("{}", error.chain());
                None
            }
        }
    }

    /// Holds this pass in place of another.
    pub fn set(&self, held: &HeldPass) -> Result<()> {
        *self.lock() = Some((held.guard.clone(), held.message.clone()));
        state_file::write(&self.path, held)
    }

    /// Holds nothing any more.
    pub fn clear(&self) {
        *self.lock() = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(path = %self.path.display(), "cannot remove the state of the held pass: {error}");
            }
            _ => {}
        }
    }
}
