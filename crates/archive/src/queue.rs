//! The delete queue: `delete_queue/<pass>/` directories with a manifest `pass.json` of ours. Anything else in there
//! belongs to somebody else (other tools use that folder too) and is only ever listed.

use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::dir::{Dir, join};
use super::{Report, StuckPass, Tree};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Actor, Camera, Item};

pub(super) const QUEUE: &[u8] = b"delete_queue";
pub(super) const MANIFEST: &[u8] = b"pass.json";
/// The manifest's name while the pass is made: only its last step, a rename that takes no space, makes it one that waits.
pub(super) const RETIRING: &[u8] = b"retiring.json";
/// The manifest's name once the reaper has taken the pass up.
pub(super) const TAKEN_UP: &[u8] = b"reaping.json";
/// Manifests list days, so they stay small; one larger than this is not believed.
const LARGEST_MANIFEST: usize = 64 * 1024 * 1024;

/// One line of a manifest.
pub type ManifestItem = Item;

/// What `pass.json` says: it makes a directory in the queue ours, and tells what was to be retired, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this file's form.
    pub owlery: u32,
    /// The identity of the archive that it was retired from.
    pub archive: String,
    /// The pass, which is the directory's name too.
    pub pass: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// Who wanted it.
    #[serde(default)]
    pub by: Actor,
    /// Until when it can be taken back, RFC 3339; the reaper may take it after that. `None`: at once.
    pub undo_until: Option<String>,
    /// Whether a person confirmed the pass, whose items a rule chose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
    /// What went wrong with the pass, for whoever looks at the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What was planned. What was really moved is what lies beside this file.
    pub items: Vec<ManifestItem>,
}

/// What a manifest of any version has.
#[derive(Deserialize)]
struct Form {
    owlery: u32,
}

impl Manifest {
    /// As it is written.
    pub(super) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest is texts and numbers")
    }

    /// Whether the time in which it can be taken back is over. A time that cannot be read is never over.
    pub fn is_due(&self, now: Now) -> bool {
        let Some(until) = &self.undo_until else { return true };
        DateTime::parse_from_rfc3339(until).is_ok_and(|until| now.utc >= until)
    }
}

/// How far a pass, or a part of it, has come. Its manifest's name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is being made, or was cut off while it was made. Never reaped.
    Retiring,
    /// It waits, and can be restored.
    Waiting,
    /// The reaper has taken it up: it cannot be restored any more.
    Reaping,
}

impl Stage {
    /// In the order in which manifests are looked for: one of a later stage counts, and most passes wait.
    const ALL: [Self; 3] = [Self::Waiting, Self::Reaping, Self::Retiring];

    /// The manifest's name.
    pub(super) fn file(self) -> &'static [u8] {
        match self {
            Self::Retiring => RETIRING,
            Self::Waiting => MANIFEST,
            Self::Reaping => TAKEN_UP,
        }
    }
}

/// In which queue a pass, or a part of it, lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// `ROOT/delete_queue`.
    Root,
    /// `ROOT/CAMERA/delete_queue`: a camera on a disk of its own.
    Camera(Camera),
}

/// The part of a pass that lies in one queue.
#[derive(Debug)]
pub(super) struct PassPart {
    pub place: Place,
    pub dir: Dir,
    pub stage: Stage,
}

/// The directories of a pass, one in each queue that it lies in.
pub(super) type PassParts = Vec<PassPart>;

/// A pass of ours that waits in a queue.
#[derive(Debug, Clone, Serialize)]
pub struct QueuedPass {
    /// Its manifest.
    pub manifest: Manifest,
    /// Where its directory is.
    #[serde(serialize_with = "crate::printable::serialize_path")]
    pub path: PathBuf,
    /// How far it has come.
    pub stage: Stage,
    /// What of it could not be removed when the reaper last tried: such a pass frees no space.
    pub stuck: Option<StuckPass>,
    /// Whether its queue is on the root's disk: only then does it free space there.
    pub is_on_root: bool,
    #[serde(skip)]
    pub(super) place: Place,
}

impl QueuedPass {
    /// What is the matter with it, for a person who looks at the queue; `None` if nothing is.
    pub fn problem(&self) -> Option<String> {
        match self.stage {
            Stage::Retiring => Some(
                "it was cut off while it was made, and is put back at the next start or pass; owlery restore does so now"
                    .to_owned(),
            ),
            _ => self.stuck.as_ref().map(|stuck| stuck.problem.clone()).or_else(|| self.manifest.problem.clone()),
        }
    }

    /// The camera in whose own queue it lies.
    pub fn camera(&self) -> Option<&Camera> {
        match &self.place {
            Place::Root => None,
            Place::Camera(camera) => Some(camera),
        }
    }
}

impl Tree {
    /// Keeps others off the delete queue: passes that are made, taken back, listed, or taken up by the reaper.
    pub fn lock_queue(&self) -> MutexGuard<'_, ()> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes of which something could not be removed when the reaper last tried, and are still there.
    pub fn stuck(&self) -> Vec<StuckPass> {
        self.stuck.retain(self.root(), |path| path.symlink_metadata().is_ok());
        self.stuck.all()
    }

    /// Reads from a state directory what an earlier process could not remove; with `writes`, keeps it there from now on.
    pub fn recall_stuck(&self, state_dir: &Path, writes: bool) {
        self.stuck.recall(self.root(), state_dir, writes);
    }

    /// Has the reaper try again at once what it could not remove.
    pub fn try_stuck_again(&self) {
        self.stuck.try_again();
    }

    /// Every pass of ours that waits, oldest first, and what else lies in the queues.
    pub fn passes(&self) -> Result<(Vec<QueuedPass>, Vec<Report>)> {
        // Where nothing may be written, the queue is shown as it will be when the root is marked again.
        let archive = self.identify().map(str::to_owned).or_else(|| self.adoptable()).unwrap_or_default();
        let (mut passes, mut others) = (Vec::new(), Vec::new());
        let root = self.root_dir()?;
        self.passes_below(&root, &Place::Root, &archive, &mut passes, &mut others);
        for camera in self.cameras()?.open {
            let place = Place::Camera(camera.camera().clone());
            self.passes_below(&camera.dir, &place, &archive, &mut passes, &mut others);
        }
        passes.sort_by(|a, b| a.manifest.pass.cmp(&b.manifest.pass));
        Ok((passes, others))
    }

    fn passes_below(
        &self,
        base: &Dir,
        place: &Place,
        archive: &str,
        passes: &mut Vec<QueuedPass>,
        others: &mut Vec<Report>,
    ) {
        let queue = match base.open_dir_if_there(QUEUE) {
            Ok(Some(queue)) => queue,
            Ok(None) => return,
            Err(error) => return others.push(Report::of(&error, self.root())),
        };
        let names = match queue.names() {
            Ok(names) => names,
            Err(error) => return others.push(Report::of(&error, queue.path())),
        };
        let device = |dir: Result<Dir>| dir.and_then(|dir| dir.inode()).map(|inode| inode.dev);
        let is_on_root = device(self.root_dir()).is_ok_and(|root| device(queue.again()).is_ok_and(|here| here == root));
        for name in names {
            let path = join(queue.path(), &name);
            match queue.open_dir(&name).and_then(|dir| read_manifest(&dir, archive)) {
                Ok(Ok((manifest, stage))) => {
                    let stuck = self.stuck.get(&path);
                    passes.push(QueuedPass { manifest, path, stage, stuck, is_on_root, place: place.clone() });
                }
                Ok(Err(why @ NotOurs::NoManifest)) => {
                    others.push(Report::note(path, format!("not a pass of ours ({why}); it is never touched")));
                }
                Ok(Err(why)) => others.push(Report::failure(path, format!("{why}; {}", why.cure()))),
                Err(_) => others.push(Report::note(path, "not a directory we can read; it is never touched")),
            }
        }
    }

    /// Every part of a pass, and what its manifest says; `None` if none of that name waits. Refuses one that is being
    /// reaped.
    pub(super) fn parts_of(&self, pass: &str) -> Result<Option<(Manifest, PassParts)>> {
        let (mut manifest, mut parts) = (None, Vec::new());
        for found in self.passes()?.0.into_iter().filter(|found| found.manifest.pass == pass) {
            if found.stage == Stage::Reaping {
                let message = format!("pass {pass} is being removed; it cannot be taken back any more");
                return Err(Error::Refused { guard: "reaping", message });
            }
            parts.push(self.part(&found)?);
            manifest = Some(found.manifest);
        }
        Ok(manifest.map(|manifest| (manifest, parts)))
    }

    /// Opens the directory of a pass.
    pub(super) fn part(&self, pass: &QueuedPass) -> Result<PassPart> {
        let dir = self.queue_base(&pass.place)?.open_dir(QUEUE)?.open_dir(pass.manifest.pass.as_bytes())?;
        Ok(PassPart { place: pass.place.clone(), dir, stage: pass.stage })
    }

    /// The directory in which the queue of `place` lies.
    pub(super) fn queue_base(&self, place: &Place) -> Result<Dir> {
        match place {
            Place::Root => self.root_dir(),
            Place::Camera(camera) => Ok(self.camera(camera)?.dir),
        }
    }
}

/// Why a directory in a queue is no pass of this archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotOurs {
    /// Other programs use that folder too.
    #[error("it has no pass.json")]
    NoManifest,
    /// It cannot be read or understood.
    #[error("a pass whose {0}")]
    Broken(String),
    /// A later version wrote it.
    #[error("a pass of a newer owlery (form {0} of its manifest)")]
    Newer(u32),
    /// It was retired from another archive.
    #[error("a pass of another archive, {0}")]
    OtherArchive(String),
}

impl NotOurs {
    /// What a person can do about it.
    fn cure(&self) -> &'static str {
        match self {
            Self::NoManifest => "it is never touched",
            Self::Broken(_) => {
                "it is never removed: move its days back into their cameras' directories, or remove it, by hand"
            }
            Self::Newer(_) => "it is never removed by this one: restore or remove it with the newer",
            Self::OtherArchive(_) => "owlery restore takes it back by its name, and it is never removed",
        }
    }
}

/// Whether a name is that of a manifest that was still being written.
pub(super) fn is_unfinished(name: &[u8]) -> bool {
    (name.starts_with(b".pass.json.") || name.starts_with(b".retiring.json.")) && name.ends_with(b".tmp")
}

/// The manifest of a pass directory and how far the pass has come, or why it is not ours.
pub(super) fn read_manifest(pass: &Dir, archive: &str) -> Result<Result<(Manifest, Stage), NotOurs>> {
    Ok(read_manifest_of_any(pass)?.and_then(|(manifest, stage)| {
        if manifest.archive != archive || archive.is_empty() {
            return Err(NotOurs::OtherArchive(manifest.archive));
        }
        Ok((manifest, stage))
    }))
}

/// The same, of whatever archive.
pub(super) fn read_manifest_of_any(pass: &Dir) -> Result<Result<(Manifest, Stage), NotOurs>> {
    for stage in Stage::ALL {
        if let Some(read) = manifest_named(stage.file(), pass)? {
            return Ok(read.map(|manifest| (manifest, stage)));
        }
    }
    Ok(Err(NotOurs::NoManifest))
}

/// The manifest in a file of this name, or why it is not ours; `None` if there is none.
fn manifest_named(file: &[u8], pass: &Dir) -> Result<Option<Result<Manifest, NotOurs>>> {
    let bytes = match pass.read_small(file, LARGEST_MANIFEST) {
        Ok(None) => return Ok(None),
        Ok(Some(bytes)) => bytes,
        Err(Error::Io { op, source, .. }) => {
            let why = format!("{} cannot be read (cannot {op}: {source})", String::from_utf8_lossy(file));
            return Ok(Some(Err(NotOurs::Broken(why))));
        }
        Err(error) => return Err(error),
    };
    let file = String::from_utf8_lossy(file);
    let manifest: Manifest = match serde_json::from_slice(&bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            // A later form may lack what is expected here.
            let of_form = serde_json::from_slice::<Form>(&bytes).map(|form| form.owlery);
            let why = NotOurs::Broken(format!("{file} is not of our form: {error}"));
            return Ok(Some(Err(of_form.ok().filter(|form| *form > 1).map_or(why, NotOurs::Newer))));
        }
    };
    let name = pass.path().file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Some(if manifest.owlery != 1 {
        Err(NotOurs::Newer(manifest.owlery))
    } else if name.as_deref() != Some(&manifest.pass) {
        Err(NotOurs::Broken(format!("{file} names another pass, {}", manifest.pass)))
    } else {
        Ok(manifest)
    }))
}
