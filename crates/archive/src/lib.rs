//! The only crate that touches the media tree. It works through directory handles, one path component at a time, and
//! follows no link below a camera directory. It does not use the catalog and decides nothing.
//!
//! The root is opened by its path for every operation. So an unmounted or replaced disk is noticed, and no handle keeps
//! a disk busy.

mod adopt;
mod cameras;
mod contents;
mod day_dir;
mod day_inspection;
mod day_pictures;
mod days;
mod dir;
mod emptied;
mod event_dir;
mod exif;
mod filesystem;
mod finish;
mod flat;
mod home;
mod inspection;
mod layouts;
pub mod marker;
mod media;
mod movie_file;
mod numbered;
mod paths;
mod queue;
mod reap;
mod recall;
mod restore;
mod retire;
mod room;
mod save;
mod sidecar;
mod stalled;
mod strangers;
mod stuck;
mod survey;
mod unknown;
mod unread;
mod volume;
mod watched;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use regex::Regex;

pub use cameras::{CameraDir, Cameras};
pub use day_dir::{DayDir, DayList};
pub use day_inspection::{BEING_WRITTEN, Stay, WhyStays};
pub use emptied::{Contents, Left};
pub use event_dir::{Depth, Facts, Measured};
pub use exif::{Motion, motion_of};
pub use finish::{Addition, MadeOf, Unfinished};
pub use inspection::{EarlyInspections, Inspection};
pub use layouts::Layouts;
pub use marker::RootSign;
pub use media::{EventFiles, MediaFile, MediaPath};
pub use movie_file::{AudioCodec, MovieContents, MovieForm, VideoCodec, read_movie, read_movie_by};
pub use paths::{MovieOf, day_path, event_path};
pub use queue::{Manifest, QueuedPass, RetiredLayout, Stage, printable_id};
pub use reap::{RateLimiter, Reaped, Tally};
pub use recall::{Gathering, Placed, Recall, Shape};
pub use restore::{Finished, Restored, RestoringPass};
pub use retire::{InPlace, Retired, RetiringPass};
pub use room::Room;
pub use save::Unsynced;
pub use sidecar::SIDECAR;
pub use stalled::{OPENER, RESPONSE_LIMIT};
pub use stuck::StuckPass;
pub use survey::{Survey, survey};
pub use volume::{Filesystem, Volume};
pub use watched::Hint;
pub use weigh::Weight;

use owlery_model::{clock, command_line, error, event, fault, finishing, layout, printable, retention, time};
use owlery_state::state_file;

use crate::command_line::CommandLine;
use crate::error::{Error, Operation, Result};
use crate::event::{Camera, QueueMarker};
use dir::Dir;

/// The entry, of any kind, that protects an event.
pub const SAVED: &str = ".saved";

/// What a user can do if a directory cannot be moved into or out of the delete queue.
fn cure_of_rename(error: &std::io::Error) -> &'static str {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::XDEV) => {
            "; this filesystem moves no directory there: with mergerfs use a policy that does not preserve paths \
             (category.create=mfs), with overlayfs redirect_dir=on"
        }
        Some(Errno::BUSY) => "; something is mounted there: unmount it",
        Some(Errno::PERM | Errno::ACCESS) => {
            "; let owlery's user write in both directories, or remove their attributes (chattr -R -i -a)"
        }
        Some(Errno::ROFS) => "; mount the filesystem writable",
        _ => "",
    }
}

/// A problem, or something remarkable: where, and what.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// The path. Serialized as text, in which bytes that are not UTF-8 are replaced.
    #[serde(serialize_with = "crate::printable::serialize_path")]
    pub path: PathBuf,
    /// The description.
    pub problem: String,
    /// Whether this is a failure rather than a note.
    #[serde(skip)]
    pub unreadable: bool,
    /// The kind of error behind a failure.
    #[serde(skip)]
    pub cause: Cause,
}

/// The kinds of errors that have a cure of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// The disk is full, or a quota used up.
    NoRoom,
    /// Owner, mode or attributes of a file forbid it.
    NotPermitted,
    /// The filesystem is mounted read-only.
    ReadOnly,
    /// Any other cause.
    #[default]
    Other,
}

impl Cause {
    fn of(error: &Error) -> Self {
        match error {
            error if error.is_full() => Self::NoRoom,
            Error::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied => Self::NotPermitted,
                std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

impl Report {
    /// Something that could not be read or done.
    pub fn failure(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), unreadable: true, cause: Cause::Other }
    }

    /// Whether the cause is a full disk or a used-up quota.
    pub fn is_full(&self) -> bool {
        self.cause == Cause::NoRoom
    }

    /// Something remarkable.
    pub fn note(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), unreadable: false, cause: Cause::Other }
    }

    /// Converts an error.
    pub fn of(error: &Error, fallback: &Path) -> Self {
        let report = match error {
            Error::Io { op, path, source } => {
                let cure = if *op == Operation::Rename { cure_of_rename(source) } else { "" };
                Self::failure(path, format!("cannot {op}: {source}{cure}"))
            }
            other => Self::failure(fallback, other.chain()),
        };
        Self { cause: Cause::of(error), ..report }
    }
}

/// The regular expression of a `--camera-pattern`, which matches whole names.
///
/// Fails with [`Error::Config`] if it is none.
pub fn camera_regex(pattern: &str) -> Result<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
        let text = error.to_string(); // it draws the position on several lines; the last line has the reason
        let why = text.lines().last().unwrap_or_default();
        Error::Config(format!("--camera-pattern {pattern:?}: {}", why.trim_start_matches("error: ")))
    })
}

/// An archive on disk: its root and the pattern of its camera directories.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    pattern: Regex,
    /// The archive's id at the start of this process, or why there is none. Written once, by `identify`.
    identity: OnceLock<std::result::Result<String, String>>,
    /// The id that a root without a marker is to get. Written once, by `expect_identity`.
    expected: OnceLock<String>,
    /// The root directory, while its disk is too full for the marker; the first pass that makes room writes it. Written
    /// by `identify` and `settle_identity`.
    unwritten: Mutex<Option<dir::Inode>>,
    /// The volume of each camera's directory when it was first seen. Written by `check_disk` and by the expirer, which
    /// loads it from earlier runs; read by `check_disk`.
    volumes: Mutex<BTreeMap<Camera, Volume>>,
    /// Cameras whose disk a user confirmed for the pass that is being carried out.
    confirmed_disks: Mutex<BTreeSet<Camera>>,
    /// Whether files of a camera can be opened without waiting when their names are cached. Written by `open_media`,
    /// read by `open_media_at_once`; one entry for each camera of which a file was opened.
    at_once: Mutex<BTreeMap<Camera, bool>>,
    /// Held while passes of the delete queue are made, restored, listed or taken by the reaper.
    queue: Mutex<()>,
    /// Passes of which something could not be removed at the reaper's last try. Written by the reaper, read when passes
    /// are listed.
    stuck: stuck::Stuck,
    stalled: stalled::Stalled,
    /// Directories of the root that are not cameras. Written and read by `strangers`.
    strangers: Mutex<strangers::Strangers>,
    /// The cameras to whose events Motion's configuration gives numbers. Written once, by `set_numbered`.
    numbered: OnceLock<BTreeSet<Camera>>,
    /// How flat files are named.
    layouts: Layouts,
    /// Whether it was empty when it was opened.
    was_blank: bool,
    /// Listings of directories with the flat files of many days.
    flat_indexes: std::sync::Arc<flat::IndexCache>,
    /// How `owlery` is run on this archive, for messages. Written once, by `set_command`.
    command: OnceLock<CommandLine>,
}

impl Tree {
    /// Opens the archive at `root`, whose camera directories match `pattern` as a whole. Changes nothing.
    ///
    /// Fails with [`Error::NoArchive`] if the root is missing or unreadable, or has neither a marker nor a camera
    /// directory: it may be the wrong folder, or a disk that is not mounted.
    pub fn open(root: &Path, pattern: &str) -> Result<Self> {
        Self::open_with(root, pattern, false, Layouts::default())
    }

    /// Like `open`, but also accepts an empty root: Motion creates the first camera directory with its first event.
    pub fn open_blank(root: &Path, pattern: &str) -> Result<Self> {
        Self::open_with(root, pattern, true, Layouts::default())
    }

    /// Like `open`, or with `may_be_blank` like `open_blank`, with layouts of flat files: files that they describe in the
    /// root itself make it an archive too.
    pub fn open_with(root: &Path, pattern: &str, may_be_blank: bool, layouts: Layouts) -> Result<Self> {
        let pattern = camera_regex(pattern)?;
        let no_archive = |why: String| Error::NoArchive { path: root.to_path_buf(), why };
        let canonical = root.canonicalize().map_err(|error| no_archive(error.to_string()))?;
        let mut tree = Self {
            root: canonical,
            pattern,
            identity: OnceLock::new(),
            expected: OnceLock::new(),
            unwritten: Mutex::default(),
            volumes: Mutex::default(),
            confirmed_disks: Mutex::default(),
            at_once: Mutex::default(),
            queue: Mutex::new(()),
            stuck: stuck::Stuck::default(),
            stalled: stalled::Stalled::default(),
            strangers: Mutex::default(),
            numbered: OnceLock::new(),
            layouts,
            was_blank: false,
            flat_indexes: std::sync::Arc::default(),
            command: OnceLock::new(),
        };
        let dir = tree.root_dir().map_err(|error| match error {
            Error::Io { source, .. } => no_archive(source.to_string()),
            other => other,
        })?;
        let names = tree.camera_names(&dir).map_err(|error| no_archive(error.chain()))?;
        if names.is_empty() && tree.cameras_in_root(&dir, &[])?.is_empty() && matches!(tree.marker(), Ok(None)) {
            if may_be_blank && Self::is_blank(&dir)? {
                tree.was_blank = true;
                return Ok(tree);
            }
            return Err(no_archive(tree.why_unknown(&dir)));
        }
        Ok(tree)
    }

    /// Whether the root was empty when it was opened.
    pub fn was_blank(&self) -> bool {
        self.was_blank
    }

    /// Whether the root holds nothing except what Owlery, Motion's hooks, mkfs and file managers (`.Trash-1000`)
    /// create.
    fn is_blank(root: &Dir) -> Result<bool> {
        let mut is_blank = true;
        root.list(|name, _| {
            is_blank &= name.starts_with(b".") || matches!(name, b"queue" | b"delete_queue" | b"lost+found");
        })?;
        Ok(is_blank)
    }

    /// Whether any camera has an event in its newest days.
    pub fn has_events(&self) -> Result<bool> {
        for camera in self.cameras()?.open {
            for day in camera.days()?.0.into_iter().take(unread::CHECKED_DAYS) {
                if !camera.day(day)?.list()?.events.is_empty() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The absolute path of the root, links resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configured pattern of camera directories.
    pub fn pattern(&self) -> &str {
        let whole = self.pattern.as_str();
        whole.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$")).unwrap_or(whole)
    }

    fn root_dir(&self) -> Result<Dir> {
        self.stalled.check(&self.root)?;
        Dir::open_root(&self.root)
    }

    /// The markers in `queue/` with their modification times (nanoseconds since 1970); none if there is no such
    /// directory. Skips other names.
    pub fn queue_markers(&self) -> Result<Vec<(QueueMarker, i64)>> {
        let mut markers = Vec::new();
        let Some(queue) = self.root_dir()?.open_dir_if_there(b"queue")? else { return Ok(markers) };
        queue.list(|name, _| {
            if let Some(marker) = std::str::from_utf8(name).ok().and_then(|name| name.parse().ok())
                && let Ok(stat) = queue.stat(name)
            {
                markers.push((marker, dir::mtime(&stat)));
            }
        })?;
        Ok(markers)
    }

    /// The camera of this name, if `name` matches the pattern, or can be that of flat files in the root.
    pub fn is_camera(&self, name: &str) -> Option<Camera> {
        (self.pattern.is_match(name) || self.may_be_in_root(name)).then(|| name.parse().ok()).flatten()
    }

    /// The camera of this name, if a directory of the root with this name is one: it matches the pattern, or a layout is
    /// given for it. That a layout finds cameras in names of files makes no directory a camera.
    fn is_camera_directory(&self, name: &str) -> Option<Camera> {
        (self.pattern.is_match(name) || self.layouts.names(name)).then(|| name.parse().ok()).flatten()
    }

    /// Whether the kernel notifies of every write to the archive's disk. It does not on network filesystems and FUSE,
    /// where files can be written behind the mount. A camera can be on another disk: [`CameraDir::notifies`].
    pub fn notifies(&self) -> bool {
        self.root_dir().map_or(true, |dir| !dir.is_silent())
    }
}
