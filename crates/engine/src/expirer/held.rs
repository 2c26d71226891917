//! The held pass: a refused plan, kept exactly until a user confirms it or another plan replaces it. There is at most
//! one. It is a file of the state directory.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::event::{EventName, Guard, Item, Reason, RecordedGuard};
use crate::state_file::{IfUnusable, StateContent, StateFile};

/// A held plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPass {
    /// The plan's id, which confirms it.
    pub id: String,
    /// The guard that holds it.
    pub guard: RecordedGuard,
    /// What the guard found.
    pub message: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// For how many seconds it was to be restorable.
    #[serde(default)]
    pub(super) undo_seconds: u64,
    /// What would be retired, and the events of each item.
    pub items: Vec<(Item, Vec<EventName>)>,
}

impl StateContent for HeldPass {
    const NAME: &'static str = "held.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::StartOver("no pass can be confirmed until the next one is held");
}

impl HeldPass {
    /// The held pass of a state directory, if there is one and it can be read.
    pub fn read(state_dir: &Path) -> Option<Self> {
        StateFile::<Self>::new(state_dir).load().ok().flatten()
    }

    /// Keeps only the events that an older plan of the same id has too, the longer undo window, and since when the
    /// guard holds it.
    pub(super) fn keep_common(&mut self, before: &Self) {
        if self.guard == before.guard {
            self.since.clone_from(&before.since);
        }
        self.undo_seconds = self.undo_seconds.max(before.undo_seconds);
        // Of one day there may be an item with copies and one without.
        let of_day = |item: &Item| (item.camera.clone(), item.day, matches!(item.reason, Reason::WithoutCopy { .. }));
        let names: HashMap<_, HashSet<&EventName>> =
            before.items.iter().map(|(item, names)| (of_day(item), names.iter().collect())).collect();
        for (item, left) in &mut self.items {
            left.retain(|name| names.get(&of_day(item)).is_some_and(|names| names.contains(name)));
        }
    }

    /// For how long it can be restored once it is confirmed: as when it was planned.
    pub fn undo_window(&self) -> Duration {
        Duration::from_secs(self.undo_seconds)
    }
}

/// Where it is stored. The file is written and read under the lock of the passes.
#[derive(Debug)]
pub(super) struct Held {
    file: StateFile<HeldPass>,
    /// The guard that holds it and what it found, for reads during a pass: updated with the file, even if writing that
    /// fails.
    by: Mutex<Option<(RecordedGuard, String)>>,
}

impl Held {
    pub(super) fn new(state_dir: &Path) -> Self {
        let held = Self { file: StateFile::new(state_dir), by: Mutex::default() };
        *held.lock() = held.get().map(|pass| (pass.guard, pass.message));
        held
    }

    fn lock(&self) -> MutexGuard<'_, Option<(RecordedGuard, String)>> {
        self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this guard found, if it is the one that holds the pass.
    pub(super) fn by(&self, guard: Guard) -> Option<String> {
        self.lock().as_ref().filter(|(by, _)| *by == guard).map(|(_, message)| message.clone())
    }

    /// The held pass, if there is one. An invalid file holds nothing that could be confirmed.
    pub(super) fn get(&self) -> Option<HeldPass> {
        self.file.load().ok().flatten()
    }

    /// Holds this pass in place of another.
    pub(super) fn set(&self, held: &HeldPass) -> Result<()> {
        *self.lock() = Some((held.guard.clone(), held.message.clone()));
        self.file.write(held)
    }

    /// Holds nothing any more.
    pub(super) fn clear(&self) {
        *self.lock() = None;
        if let Err(error) = self.file.remove() {
            tracing::warn!("{}; the state of the held pass stays", error.chain());
        }
    }
}
