//! The guard `disk`: the volume of each camera is stored in a file of the state directory, so that the next run notices
//! swapped disks. The part of a plan on another volume is held apart from the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::Expirer;
use crate::archive::{Tree, Volume};
use crate::error::{Error, Result};
use crate::event::{Camera, Guard, Item};
use crate::retention::{Plan, Refusal};
use crate::state_file::{IfUnusable, StateContent, StateFile};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredVolumes {
    cameras: BTreeMap<Camera, Volume>,
}

impl StateContent for StoredVolumes {
    const NAME: &'static str = "volumes.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::Refuse;
}

/// Where the volumes are stored.
#[derive(Debug)]
pub(super) struct Volumes {
    file: StateFile<StoredVolumes>,
    /// As on disk, or why that is unknown. Written by `keep`, read by every pass.
    known: Mutex<std::result::Result<BTreeMap<Camera, Volume>, String>>,
}

impl Volumes {
    /// Reads what other runs stored, and passes it to `tree`. A file that exists and cannot be read holds every pass.
    pub(super) fn open(state_dir: &Path, tree: &Tree) -> Self {
        let file = StateFile::<StoredVolumes>::new(state_dir);
        let known = match file.load() {
            Ok(stored) => Ok(stored.map(|stored| stored.cameras).unwrap_or_default()),
            Err(unusable) => Err(unusable.to_string()),
        };
        if let Ok(known) = &known {
            tree.expect_volumes(known.clone());
        }
        Self { file, known: Mutex::new(known) }
    }

    fn lock(&self) -> MutexGuard<'_, std::result::Result<BTreeMap<Camera, Volume>, String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if the stored volumes are unknown.
    pub(super) fn check(&self) -> Result<()> {
        self.lock().as_ref().map(|_| ()).map_err(|why| Error::Refused {
            guard: Guard::Disk,
            message: format!("the record of the cameras' disks cannot be used: {why}; repair or remove the file"),
        })
    }

    /// Stores new volumes. If that fails it is retried at the next check; until then this run remembers them.
    pub(super) fn keep(&self, volumes: BTreeMap<Camera, Volume>) {
        let mut known = self.lock();
        if !known.as_ref().is_ok_and(|known| *known != volumes) {
            return;
        }
        let stored = StoredVolumes { cameras: volumes };
        match self.file.write(&stored) {
            Ok(()) => *known = Ok(stored.cameras),
            // the directory does not exist yet on a full disk
            Err(error) if error.is_not_found() => tracing::debug!("{}", error.chain()),
            Err(error) => tracing::warn!("{}", error.chain()),
        }
    }
}

/// The part of a plan that is on another volume than before.
#[derive(Debug)]
pub(super) struct Moved {
    cameras: BTreeSet<Camera>,
    /// The id that confirms it.
    pub id: String,
    pub refusal: Refusal,
}

impl Moved {
    /// Whether an item belongs to it.
    pub(super) fn has(&self, item: &Item) -> bool {
        self.cameras.contains(&item.camera)
    }
}

impl Expirer {
    /// Checks every camera of this archive, and stores the volumes of new ones for later runs.
    pub(crate) fn note_volumes(&self) {
        if self.tree.verify_identity().is_err() {
            return; // cameras of another archive are not ours
        }
        match self.tree.mark_volumes() {
            Ok(()) => self.volumes.keep(self.tree.volumes()),
            Err(error) => tracing::warn!("{}", error.chain()),
        }
    }

    /// Which of these items are on another volume than before. Cameras that cannot be checked are not included:
    /// retiring something of them fails, and reports why.
    pub(super) fn moved<'a>(&self, items: impl Iterator<Item = &'a Item> + Clone) -> Option<Moved> {
        let planned: BTreeSet<&Camera> = items.clone().map(|item| &item.camera).collect();
        let cameras = self.tree.cameras().ok()?.open;
        let mut whys = BTreeMap::new();
        for camera in cameras.iter().filter(|camera| planned.contains(camera.camera())) {
            if let Err(Error::Refused { message, .. }) = self.tree.check_disk(camera) {
                whys.insert(camera.camera().clone(), message);
            }
        }
        if whys.is_empty() {
            return None;
        }
        let of_them = items.filter(|item| whys.contains_key(&item.camera)).cloned().collect();
        let id = Plan { items: of_them, ..Plan::default() }.id();
        let (cameras, whys): (BTreeSet<Camera>, Vec<String>) = whys.into_iter().unzip();
        let message = format!(
            "{}; nothing there expires until it is as before, or until that is confirmed with: {}",
            whys.join(", "),
            self.command.confirm(&id)
        );
        Some(Moved { cameras, id, refusal: Refusal { guard: Guard::Disk, message } })
    }

    /// Accepts the present volumes of the cameras of these items, at a user's request.
    pub(super) fn accept_volumes<'a>(&self, items: impl Iterator<Item = &'a Item>) -> Result<()> {
        for camera in items.map(|item| &item.camera).collect::<BTreeSet<_>>() {
            self.tree.accept_volume(camera)?;
        }
        self.volumes.keep(self.tree.volumes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = StoredVolumes::NAME;

    fn tree() -> (tempfile::TempDir, Tree) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("Camera1")).unwrap();
        let tree = Tree::open(root.path(), "Camera.*").unwrap();
        (root, tree)
    }

    #[test]
    fn what_a_run_saw_the_next_one_expects() {
        let state = tempfile::tempdir().unwrap();
        let (_root, tree) = tree();
        let volumes = Volumes::open(state.path(), &tree);
        volumes.keep(tree.volumes());
        assert!(!state.path().join(FILE).exists(), "nothing was seen yet");
        tree.cameras().unwrap();
        volumes.keep(tree.volumes());
        let (_other_root, other) = self::tree();
        Volumes::open(state.path(), &other).check().unwrap();
        assert_eq!((other.volumes(), other.volumes().len()), (tree.volumes(), 1));
    }

    #[test]
    fn an_invalid_file_holds_and_is_kept() {
        let state = tempfile::tempdir().unwrap();
        let (_root, tree) = tree();
        for broken in ["", "{", "[]", r#"{"owlery":9,"cameras":{}}"#, r#"{"owlery":1,"cameras":{"../x":"root"}}"#] {
            std::fs::write(state.path().join(FILE), broken).unwrap();
            let volumes = Volumes::open(state.path(), &tree);
            assert!(matches!(volumes.check(), Err(Error::Refused { guard: Guard::Disk, .. })), "{broken:?}");
            tree.cameras().unwrap();
            volumes.keep(tree.volumes());
            assert_eq!(std::fs::read_to_string(state.path().join(FILE)).unwrap(), broken);
        }
    }
}
