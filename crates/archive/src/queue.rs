//! The delete queue: directories `delete_queue/<pass>/` with our manifest `pass.json`. Anything else in there belongs
//! to other programs and is only listed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::dir::{Dir, join};
use super::{CameraDir, Report, StuckPass, Tree};
use crate::clock::Now;
use crate::command_line::{CommandLine, quote};
use crate::error::{Error, Result};
use crate::event::{Actor, Camera, Guard, Item};
use crate::layout::Pattern;
use crate::printable::printable;

pub(super) const QUEUE: &[u8] = b"delete_queue";
pub(super) const MANIFEST: &[u8] = b"pass.json";
/// The manifest's name while the pass is made. The last step renames it, which takes no space; then the pass waits.
pub(super) const RETIRING: &[u8] = b"retiring.json";
/// The manifest's name once the reaper has begun with the pass.
pub(super) const TAKEN_UP: &[u8] = b"reaping.json";
/// Manifests list days, so they stay small; a larger one is not accepted.
const MAX_MANIFEST_BYTES: usize = 64 * 1024 * 1024;

/// An item of a manifest.
pub(crate) type ManifestItem = Item;

/// The contents of `pass.json`: it marks a directory in the queue as ours, and has what was to be retired, when and
/// why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub owlery: u32,
    /// The id of the archive that it was retired from.
    pub archive: String,
    /// The name of the pass, which is also the directory's.
    pub pass: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// The actor that requested it.
    #[serde(default)]
    pub by: Actor,
    /// Until when it can be restored, RFC 3339; the reaper may remove it after that. `None`: at once.
    pub undo_until: Option<String>,
    /// Whether a person confirmed the pass, whose items a rule chose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
    /// What went wrong with the pass, for the listing of the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// How the flat files of its cameras are named, so that they can be taken back whatever the configuration is then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub layouts: BTreeMap<Camera, RetiredLayout>,
    /// What was planned. What was really moved is what lies beside this file.
    pub items: Vec<ManifestItem>,
}

/// The layout of a camera's flat files in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredLayout {
    /// Motion's patterns.
    pub patterns: Vec<Pattern>,
    /// Whether the files were in the root instead of the camera's directory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_root: bool,
}

/// What ends the name of the directory in a pass with the flat files of a day that were moved one by one.
pub(super) const FLAT_ENDING: &str = ".flat";

/// The fields of a manifest of any version.
#[derive(Deserialize)]
struct Form {
    owlery: u32,
}

impl Manifest {
    /// The file's contents.
    pub(super) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest is texts and numbers")
    }

    /// Whether it may be reaped now. A time that cannot be parsed never ends.
    pub fn is_due(&self, now: Now) -> bool {
        let Some(until) = &self.undo_until else { return true };
        DateTime::parse_from_rfc3339(until).is_ok_and(|until| now.utc >= until)
    }
}

/// The stage of a pass, or of a part of it, given by the name of its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is being made, or making it was interrupted. Never reaped.
    Retiring,
    /// It waits, and can be restored.
    Waiting,
    /// The reaper has begun with it, so it cannot be restored any more.
    Reaping,
}

impl Stage {
    /// In the order in which manifests are searched: a later stage takes precedence, and most passes wait.
    const ALL: [Self; 3] = [Self::Waiting, Self::Reaping, Self::Retiring];

    /// The manifest's file name.
    pub(super) fn file(self) -> &'static [u8] {
        match self {
            Self::Retiring => RETIRING,
            Self::Waiting => MANIFEST,
            Self::Reaping => TAKEN_UP,
        }
    }
}

/// The queue that has a pass, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// `ROOT/delete_queue`.
    Root,
    /// `ROOT/CAMERA/delete_queue`: a camera on a disk of its own.
    Camera(Camera),
}

/// The part of a pass in one queue.
#[derive(Debug)]
pub(super) struct PassPart {
    pub place: Place,
    pub dir: Dir,
    pub stage: Stage,
}

/// The directories of a pass, one in each queue that has a part of it.
pub(super) type PassParts = Vec<PassPart>;

/// A pass of ours in a queue.
#[derive(Debug, Clone, Serialize)]
pub struct QueuedPass {
    /// Its manifest.
    pub manifest: Manifest,
    /// The path of its directory.
    #[serde(serialize_with = "crate::printable::serialize_path")]
    pub path: PathBuf,
    /// Its stage.
    pub stage: Stage,
    /// What could not be removed at the reaper's last try: such a pass frees no space.
    pub stuck: Option<StuckPass>,
    /// Whether its queue is on the root's disk: only then does it free space there.
    pub is_on_root: bool,
    #[serde(skip)]
    pub(super) place: Place,
}

impl QueuedPass {
    /// The problem of the pass, as a sentence for users; `None` if there is none.
    pub fn problem(&self) -> Option<String> {
        match self.stage {
            Stage::Retiring => Some(
                "it was interrupted while it was made, and is moved back at the next start or pass; owlery restore does so now"
                    .to_owned(),
            ),
            _ => self.stuck.as_ref().map(|stuck| stuck.problem.clone()).or_else(|| self.manifest.problem.clone()),
        }
    }

    /// The camera whose own queue has the pass.
    pub fn camera(&self) -> Option<&Camera> {
        match &self.place {
            Place::Root => None,
            Place::Camera(camera) => Some(camera),
        }
    }
}

impl Tree {
    /// Locks the delete queue: held while passes are made, restored, listed, or begun by the reaper.
    pub fn lock_queue(&self) -> MutexGuard<'_, ()> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes of which something could not be removed at the reaper's last try, and that still exist.
    pub fn stuck(&self) -> Vec<StuckPass> {
        self.stuck.retain(self.root(), |path| path.symlink_metadata().is_ok());
        self.stuck.all()
    }

    /// Reads from a state directory what an earlier process could not remove; with `writes`, keeps that file up to
    /// date.
    pub fn recall_stuck(&self, state_dir: &Path, writes: bool) {
        self.stuck.recall(self.root(), state_dir, writes);
    }

    /// Lets the reaper retry at once what it could not remove.
    pub fn try_stuck_again(&self) {
        self.stuck.try_again();
    }

    /// All passes of ours, oldest first, and reports of everything else in the queues.
    pub fn passes(&self) -> Result<(Vec<QueuedPass>, Vec<Report>)> {
        // In a root that must not be written to, the queue is shown as it will be once the root is marked again.
        let archive = self.identify().map(str::to_owned).or_else(|| self.adoptable()).unwrap_or_default();
        let (mut passes, mut others) = (Vec::new(), Vec::new());
        let root = self.root_dir()?;
        self.passes_below(&root, &Place::Root, &archive, &mut passes, &mut others);
        for camera in self.cameras()?.open.into_iter().filter(CameraDir::has_directory) {
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
                Ok(Err(why)) => {
                    let cure = why.cure(self.command(), &name);
                    others.push(Report::failure(path, format!("{why}; {cure}")));
                }
                Err(_) => others.push(Report::note(path, "not a readable directory; it is never touched")),
            }
        }
    }

    /// All parts of a pass, and its manifest; `None` if there is no pass of that name. Refuses a pass that is being
    /// reaped.
    pub(super) fn parts_of(&self, pass: &str) -> Result<Option<(Manifest, PassParts)>> {
        let (mut manifest, mut parts) = (None, Vec::new());
        for found in self.passes()?.0.into_iter().filter(|found| found.manifest.pass == pass) {
            if found.stage == Stage::Reaping {
                let message = format!("pass {pass} is being removed; it can no longer be restored");
                return Err(Error::Refused { guard: Guard::Reaping, message });
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

    /// The directory that contains the queue of `place`.
    pub(super) fn queue_base(&self, place: &Place) -> Result<Dir> {
        match place {
            Place::Root => self.root_dir(),
            Place::Camera(camera) => Ok(self.camera(camera)?.dir),
        }
    }
}

/// Why a directory in a queue is not a pass of this archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotOurs {
    /// Other programs use that directory too.
    #[error("it has no pass.json")]
    NoManifest,
    /// It cannot be read or parsed.
    #[error("a pass whose {0}")]
    Broken(String),
    /// A later version wrote it.
    #[error("a pass of a newer owlery (form {0} of its manifest)")]
    Newer(u32),
    /// It was retired from another archive.
    #[error("a pass of another archive, {0}")]
    OtherArchive(String, Stage),
}

impl NotOurs {
    /// What a user can do about it. `pass` is the directory's name.
    fn cure(&self, command: &CommandLine, pass: &[u8]) -> Cow<'static, str> {
        let cure = match self {
            Self::NoManifest => "it is never touched",
            Self::Broken(_) => {
                "it is never removed: move its days back into their cameras' directories, or remove it yourself"
            }
            Self::Newer(_) => "it is never removed by this one: restore or remove it with the newer",
            Self::OtherArchive(_, Stage::Reaping) => {
                "it was being removed there, so it cannot be restored: let that archive's owlery go on, or remove it yourself"
            }
            Self::OtherArchive(_, Stage::Retiring | Stage::Waiting) => {
                let restore = command.restore(&quote(OsStr::from_bytes(pass)));
                return format!("it is never removed; restore it with: {restore}").into();
            }
        };
        cure.into()
    }
}

/// An archive id for messages. A manifest that another program wrote may have anything in its place, of any length.
pub fn printable_id(id: &str) -> String {
    printable(&id.chars().take(32).collect::<String>())
}

/// Whether this is the name of a manifest that was still being written.
pub(super) fn is_unfinished(name: &[u8]) -> bool {
    (name.starts_with(b".pass.json.") || name.starts_with(b".retiring.json.")) && name.ends_with(b".tmp")
}

/// The manifest of a pass directory and its stage, or why it is not ours.
pub(super) fn read_manifest(pass: &Dir, archive: &str) -> Result<Result<(Manifest, Stage), NotOurs>> {
    Ok(read_manifest_of_any(pass)?.and_then(|(manifest, stage)| {
        if manifest.archive != archive || archive.is_empty() {
            return Err(NotOurs::OtherArchive(printable_id(&manifest.archive), stage));
        }
        Ok((manifest, stage))
    }))
}

/// Like `read_manifest`, for passes of any archive.
pub(super) fn read_manifest_of_any(pass: &Dir) -> Result<Result<(Manifest, Stage), NotOurs>> {
    for stage in Stage::ALL {
        if let Some(read) = manifest_named(stage.file(), pass)? {
            return Ok(read.map(|manifest| (manifest, stage)));
        }
    }
    Ok(Err(NotOurs::NoManifest))
}

/// The manifest in a file of this name, or why it is not ours; `None` if there is no such file.
fn manifest_named(file: &[u8], pass: &Dir) -> Result<Option<Result<Manifest, NotOurs>>> {
    let bytes = match pass.read_small(file, MAX_MANIFEST_BYTES) {
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
            // A later form may lack fields that are required here.
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
