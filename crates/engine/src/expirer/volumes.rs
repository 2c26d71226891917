//! The guard `disk`: which volume each camera was on is a file of the state directory, so that a swap of disks is noticed by
//! the next run too. What a plan takes of a camera that is elsewhere now is held apart from the rest of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::Expirer;
use crate::archive::{Tree, Volume};
use crate::error::{Error, Result};
use crate::event::{Camera, Guard, Item};
use crate::retention::{Plan, Refusal};
use crate::state_file;

const FILE: &str = "volumes.json";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The version of this file's form.
    owlery: u32,
    cameras: BTreeMap<Camera, Volume>,
}

/// Where it is kept.
#[derive(Debug)]
pub(super) struct Volumes {
    path: PathBuf,
    /// As on disk, or why that is not known. Written by `keep`, read by every pass.
    known: Mutex<std::result::Result<BTreeMap<Camera, Volume>, String>>,
}

impl Volumes {
    /// Reads what other runs saw, and tells `tree`. A file that is there and cannot be read holds every pass.
    pub fn open(state_dir: &Path, tree: &Tree) -> Self {
        let path = state_dir.join(FILE);
        let known = match state_file::read::<File>(&path) {
            Ok(None) => Ok(BTreeMap::new()),
            Ok(Some(file)) if file.owlery == 1 => Ok(file.cameras),
            Ok(Some(file)) => Err(format!("{} is of version {}", path.display(), file.owlery)),
            Err(error) => Err(error.chain()),
        };
        if let Ok(known) = &known {
            tree.expect_volumes(known.clone());
        }
        Self { path, known: Mutex::new(known) }
    }

    fn lock(&self) -> MutexGuard<'_, std::result::Result<BTreeMap<Camera, Volume>, String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if it is not known where cameras were.
    pub fn check(&self) -> Result<()> {
        self.lock().as_ref().map(|_| ()).map_err(|why| Error::Refused {
            guard: Guard::Disk,
            message: format!("on which disks the cameras were is not known: {why}; mend or remove the file"),
        })
    }

    /// Keeps what is new. Where it cannot be written that is tried again at the next look; until then this run knows it.
    pub fn keep(&self, volumes: BTreeMap<Camera, Volume>) {
        let mut known = self.lock();
        if !known.as_ref().is_ok_and(|known| *known != volumes) {
            return;
        }
        let file = File { owlery: 1, cameras: volumes };
        match state_file::write(&self.path, &file) {
            Ok(()) => *known = Ok(file.cameras),
            Err(error) if error.is_not_found() => tracing::debug!("{}", error.chain()), // a full disk took no directory
            Err(error) => tracing::warn!("{}", error.chain()),
        }
    }
}

/// The part of a plan that lies elsewhere than before.
#[derive(Debug)]
pub(super) struct Moved {
    cameras: BTreeSet<Camera>,
    /// The id by which it is confirmed.
    pub id: String,
    pub refusal: Refusal,
}

impl Moved {
    /// Whether an item is of it.
    pub fn has(&self, item: &Item) -> bool {
        self.cameras.contains(&item.camera)
    }
}

impl Expirer {
    /// Looks at every camera of this archive, and remembers for later runs on which volume those are that are new.
    pub(crate) fn note_volumes(&self) {
        if self.tree.verify_identity().is_err() {
            return; // another archive's cameras are none of ours
        }
        match self.tree.mark_volumes() {
            Ok(()) => self.volumes.keep(self.tree.volumes()),
            Err(error) => tracing::warn!("{}", error.chain()),
        }
    }

    /// What of these items is on another volume than before. A camera that cannot be looked at is not among it: retiring
    /// something of it fails, and tells why.
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

    /// A person says that the cameras of these items are rightly where they are.
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
    fn what_cannot_be_understood_holds_and_is_not_written_over() {
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
