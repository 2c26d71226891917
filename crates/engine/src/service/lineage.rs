//! The archive that a state directory belongs to. A state directory outside the root repeats the archive's id. So a
//! root without a marker (a mount failed, or another disk is there) is not mistaken for a new archive if the state
//! belongs to an existing one. A user accepts a change with `owlery accept`.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::state_dir::StateDir;
use crate::archive::{RootSign, Tree, printable_id};
use crate::error::{Error, Result};
use crate::event::Guard;
use crate::expirer::wait_again;
use crate::state_file::{IfUnusable, StateContent, StateFile};

/// Files of a state directory that were derived from one archive and are wrong for another.
const DERIVED_FILES: [&str; 5] = ["catalog.db", "catalog.db-wal", "catalog.db-shm", "volumes.json", "held.json"];

/// How many archives a message names.
const MAX_NAMED: usize = 5;

/// The contents of the file: those of a marker, and one field more.
#[derive(Serialize, Deserialize)]
struct StoredArchive {
    archive: String,
    /// The root that is to get this id and could not be marked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unmarked_root: Option<RootSign>,
}

impl StateContent for StoredArchive {
    const NAME: &'static str = "archive.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::Refuse;
}

/// What a state directory says about its archive.
#[derive(Debug, PartialEq, Eq)]
enum RecordedArchive {
    /// The state directory is unused.
    Nothing,
    /// The id of the archive.
    Archive(String),
    /// Like `Archive`, but the root had no marker yet because its disk was full.
    Unmarked(String, RootSign),
    /// An earlier build used the directory and did not record the archive.
    Unnamed,
    /// The file cannot be read, and why.
    Broken(String),
}

/// Fails with [`Error::Refused`] if the state directory belongs to another archive than the one at the root.
pub(super) fn check(tree: &Tree, state: &Path) -> Result<()> {
    if is_inside(tree, state) {
        return Ok(()); // the marker itself lies there
    }
    let root = tree.marker();
    let why = match (recorded_archive(state), &root) {
        // A broken marker: it is served, and every pass is refused.
        (RecordedArchive::Nothing, _) | (_, Err(_)) | (RecordedArchive::Unnamed, Ok(Some(_))) => return Ok(()),
        (RecordedArchive::Archive(known) | RecordedArchive::Unmarked(known, _), Ok(Some(found))) if known == *found => {
            return Ok(());
        }
        (RecordedArchive::Unmarked(_, sign), Ok(None)) if tree.root_sign() == Some(sign.clone()) => return Ok(()),
        // The root lost its marker, and its delete queue proves which archive it is.
        (RecordedArchive::Archive(known), Ok(None)) if tree.archives_of_passes().into_iter().eq([known.clone()]) => {
            return Ok(());
        }
        (RecordedArchive::Unnamed, Ok(None)) if !tree.can_be_marked() => return Ok(()), // it never could be marked
        (RecordedArchive::Archive(known) | RecordedArchive::Unmarked(known, _), Ok(Some(found))) => {
            format!("of the archive {known}, and this is {found}")
        }
        (RecordedArchive::Archive(known) | RecordedArchive::Unmarked(known, _), Ok(None)) => {
            format!("of the archive {known}, and {}", unmarked(tree))
        }
        (RecordedArchive::Unnamed, Ok(None)) => format!("of an archive, and {}", unmarked(tree)),
        (RecordedArchive::Broken(why), _) => format!("of an unknown archive ({why})"),
    };
    let (root, state, accept) = (tree.root().display(), state.display(), tree.accept_command());
    let message = format!(
        "the state directory {state} is that {why}: is the right disk mounted at {root}? If {root} is rightly another \
         archive, accept it with: {accept}"
    );
    Err(Error::Refused { guard: Guard::Marker, message })
}

/// Describes a root without a marker.
fn unmarked(tree: &Tree) -> String {
    let ids: Vec<String> = tree.archives_of_passes().iter().take(MAX_NAMED).map(|id| printable_id(id)).collect();
    match ids.len() {
        0 => "this root has no marker".to_owned(),
        1 => format!("this root has no marker, and the passes in its delete queue are of the archive {}", ids[0]),
        _ => {
            let ids = ids.join(", ");
            format!("this root has no marker, and the passes in its delete queue are of several archives: {ids}")
        }
    }
}

/// Writes down that the state directory belongs to the archive at the root; best effort, since the disk may be full.
pub(super) fn note(tree: &Tree, state: &Path) {
    let Some(id) = tree.identify_if(false) else { return };
    let unmarked = tree.is_provisional().then(|| tree.root_sign());
    let now = match &unmarked {
        None => RecordedArchive::Archive(id.to_owned()),
        Some(Some(sign)) => RecordedArchive::Unmarked(id.to_owned(), sign.clone()),
        Some(None) => return, // another disk mounted there later would look the same
    };
    if is_inside(tree, state) || recorded_archive(state) == now {
        return;
    }
    let stored = StoredArchive { archive: id.to_owned(), unmarked_root: unmarked.flatten() };
    match StateFile::new(state).write(&stored) {
        Err(error) if error.is_full() || !state.is_dir() => tracing::debug!("{}", error.chain()),
        Err(error) => tracing::warn!("{}; it is tried again at the next start", error.chain()),
        Ok(()) => {}
    }
}

/// Gives a root that an earlier process could not mark the identity that the state directory has recorded.
pub(super) fn expect(tree: &Tree, state: &Path) {
    if let (RecordedArchive::Unmarked(id, sign), Ok(None)) = (recorded_archive(state), tree.marker())
        && tree.root_sign() == Some(sign)
    {
        tree.expect_identity(id);
    }
}

/// Makes the root's archive the one of the state directory, whatever that knew. Marks a root that carries no marker, or a
/// broken one. What was derived from another archive goes; the audit and the clock stay. Returns the identity.
pub(super) fn accept(tree: &Tree, state: &Path, now: DateTime<Utc>) -> Result<String> {
    let id = match tree.marker() {
        Ok(Some(id)) => id,
        Ok(None) | Err(Error::Refused { .. }) => {
            if let RecordedArchive::Archive(known) | RecordedArchive::Unmarked(known, _) = recorded_archive(state)
                && tree.archives_of_passes().contains(&known)
            {
                tree.expect_identity(known);
            }
            let (id, spared) = tree.mark_anew(now)?;
            wait_again(state, &spared);
            id
        }
        Err(error) => return Err(error),
    };
    if is_inside(tree, state) || recorded_archive(state) == RecordedArchive::Archive(id.clone()) {
        return Ok(id);
    }
    for name in DERIVED_FILES {
        let path = state.join(name);
        owlery_state::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
    }
    StateFile::new(state).write(&StoredArchive { archive: id.clone(), unmarked_root: None })?;
    Ok(id)
}

/// Whether the state lies where the marker does.
fn is_inside(tree: &Tree, state: &Path) -> bool {
    let default = StateDir::default_path(tree);
    let canonical = |path: &Path| path.canonicalize().ok();
    state == default || (canonical(state).is_some() && canonical(state) == canonical(&default))
}

fn recorded_archive(state: &Path) -> RecordedArchive {
    match StateFile::<StoredArchive>::new(state).load() {
        Ok(Some(stored)) if stored.archive.is_empty() => {
            RecordedArchive::Broken(format!("{} names no archive", state.join(StoredArchive::NAME).display()))
        }
        Ok(Some(StoredArchive { archive, unmarked_root: Some(sign) })) => RecordedArchive::Unmarked(archive, sign),
        Ok(Some(StoredArchive { archive, unmarked_root: None })) => RecordedArchive::Archive(archive),
        Ok(None) if state.join("catalog.db").exists() => RecordedArchive::Unnamed,
        Ok(None) => RecordedArchive::Nothing,
        Err(unusable) => RecordedArchive::Broken(unusable.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    const FILE: &str = StoredArchive::NAME;

    fn world() -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("root/Camera1")).unwrap();
        std::fs::create_dir(folder.path().join("state")).unwrap();
        let tree = Tree::open(&folder.path().join("root"), "Camera.*").unwrap();
        (folder, tree)
    }

    #[test]
    fn a_state_of_an_earlier_build_is_adopted() {
        let (folder, tree) = world();
        let state = folder.path().join("state");
        check(&tree, &state).unwrap();
        std::fs::write(state.join("catalog.db"), "").unwrap();
        assert!(matches!(check(&tree, &state), Err(Error::Refused { guard: Guard::Marker, .. })));
        tree.identify().unwrap();
        check(&tree, &state).unwrap();
        note(&tree, &state);
        assert_eq!(recorded_archive(&state), RecordedArchive::Archive(tree.identify().unwrap().to_owned()));
    }

    #[test]
    fn a_broken_name_of_the_archive_is_refused() {
        let (folder, tree) = world();
        let state = folder.path().join("state");
        for broken in ["", "{", r#"{"owlery":2,"archive":"a"}"#, r#"{"owlery":1,"archive":""}"#] {
            std::fs::write(state.join(FILE), broken).unwrap();
            assert!(check(&tree, &state).is_err(), "{broken:?}");
        }
        let id = accept(&tree, &state, SystemClock.now().utc).unwrap();
        assert_eq!(tree.marker().unwrap(), Some(id));
        check(&tree, &state).unwrap();
    }
}
