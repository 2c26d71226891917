//! Which directories of the root are cameras, and which links are refused.
//!
//! A camera directory may be a mount point or a link to another disk. A link that leads to the root, above it, into the
//! archive, or to (or into, or above) another camera's directory is refused and reported: it would show the same events
//! twice, and one camera's rule would delete the other's recordings.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use rustix::fs::FileType;

use super::dir::{Dir, Inode, file_type, join, mtime};
use super::layouts::CameraLayout;
use super::numbered::Numbers;
use super::survey::LAST_SNAPSHOT;
use super::{Report, Tree};
use crate::error::{Error, Result};
use crate::event::Camera;

/// An open camera directory.
#[derive(Debug)]
pub struct CameraDir {
    pub(super) dir: Dir,
    pub(super) camera: Camera,
    /// What is known about its numbered directories.
    pub(super) numbers: Numbers,
    /// How its flat files are named, if they are read.
    pub(super) layout: Option<CameraLayout>,
    /// When its days were listed first: that listing is recent enough for them. Written by `days`.
    pub(super) listed: OnceLock<Instant>,
}

/// The cameras of the archive, sorted by name, and what was refused.
#[derive(Debug, Default)]
pub struct Cameras {
    /// The usable cameras.
    pub open: Vec<CameraDir>,
    /// Cameras that cannot be used now: refused links, and directories that cannot be opened.
    pub closed: Vec<(Camera, Report)>,
}

impl Tree {
    /// The directories and links in the root that match the pattern, or that a layout names, sorted.
    pub(super) fn camera_names(&self, root: &Dir) -> Result<Vec<Camera>> {
        let mut names = Vec::new();
        root.list(|name, kind| {
            if name == LAST_SNAPSHOT {
                return; // a link to a file, whatever the pattern matches
            }
            let Some(camera) = std::str::from_utf8(name).ok().and_then(|name| self.is_camera_directory(name)) else {
                return;
            };
            if kind == FileType::Symlink || root.is_dir(name, kind) {
                names.push(camera);
            }
        })?;
        names.sort_unstable();
        Ok(names)
    }

    /// Sets the cameras to whose events Motion's configuration gives numbers (`%v`).
    pub fn set_numbered(&self, cameras: BTreeSet<Camera>) {
        let _ = self.numbered.set(cameras); // the first one counts
    }

    fn numbers(&self, camera: &Camera) -> Numbers {
        let is_numbered = self.numbered.get().is_some_and(|cameras| cameras.contains(camera));
        if is_numbered { Numbers::OfEvents } else { Numbers::Unknown }
    }

    /// Opens every usable camera directory.
    pub fn cameras(&self) -> Result<Cameras> {
        let root = self.root_dir()?;
        let mut cameras = Cameras::default();
        let mut candidates = Vec::new();
        for camera in self.camera_names(&root)? {
            let path = self.root.join(camera.as_str());
            match self.candidate(&root, &camera) {
                Ok(candidate) => candidates.push(candidate),
                Err(error) => {
                    cameras.closed.push((camera, Report::of(&error, &path)));
                }
            }
        }
        let root_inode = root.inode()?;
        let mut above_root = root.ancestors()?;
        above_root.push(root_inode);
        // Real directories take precedence over links, so links are checked last.
        candidates.sort_by_key(|candidate| candidate.is_link);
        let mut used: Vec<Candidate> = Vec::new();
        for candidate in candidates {
            match candidate.refusal(root_inode, &above_root, &used) {
                Some(why) => {
                    let path = join(root.path(), candidate.camera.as_str().as_bytes());
                    cameras.closed.push((candidate.camera, Report::failure(path, why)));
                }
                None => used.push(candidate),
            }
        }
        used.sort_by(|a, b| a.camera.cmp(&b.camera));
        cameras.open.extend(used.into_iter().map(|c| self.with_layout(c.dir, c.camera)));
        if !self.layouts().is_empty() {
            let of_directories = cameras.open.iter().map(|camera| camera.camera.clone());
            let closed = cameras.closed.iter().map(|(camera, _)| camera.clone());
            let taken: Vec<Camera> = of_directories.chain(closed).collect();
            cameras.open.extend(self.cameras_in_root(&root, &taken)?);
            cameras.open.sort_by(|a, b| a.camera.cmp(&b.camera));
        }
        for camera in &cameras.open {
            let _ = self.check_disk(camera); // remembers a new camera; every deletion checks again
        }
        Ok(cameras)
    }

    fn with_layout(&self, dir: Dir, camera: Camera) -> CameraDir {
        let (numbers, layout) = (self.numbers(&camera), self.layout_of(&camera, false));
        CameraDir { dir, camera, numbers, layout, listed: OnceLock::new() }
    }

    fn candidate(&self, root: &Dir, camera: &Camera) -> Result<Candidate> {
        let (root, of) = (root.again()?, camera.clone());
        self.open_unless_hung(camera, move || Candidate::open(&root, of))
    }

    /// Opens one camera directory. A link is allowed only if it would be among [`Tree::cameras`].
    pub fn camera(&self, camera: &Camera) -> Result<CameraDir> {
        let root = self.root_dir()?;
        let name = camera.as_str().as_bytes();
        let refuse =
            |problem: &str| Err(Error::io("open", join(root.path(), name), std::io::Error::other(problem.to_owned())));
        if self.is_camera(camera.as_str()).is_none() {
            return Err(Error::Unknown { what: "camera", name: camera.to_string() });
        }
        let has_directory = self.is_camera_directory(camera.as_str()).is_some();
        if self.may_be_in_root(camera.as_str()) && (!has_directory || root.stat(name).is_err()) {
            return self
                .camera_in_root(&root, camera)?
                .ok_or_else(|| Error::io("open", join(root.path(), name), std::io::ErrorKind::NotFound));
        }
        let (above, of) = (root.again()?, camera.clone());
        let opened = self.open_unless_hung(camera, move || {
            let name = of.as_str().as_bytes();
            let is_link = file_type(&above.stat(name)?) == FileType::Symlink;
            if is_link { Ok(None) } else { above.open_dir(name).map(Some) }
        })?;
        if let Some(dir) = opened {
            return Ok(self.with_layout(dir, camera.clone()));
        }
        let cameras = self.cameras()?;
        if let Some((_, report)) = cameras.closed.iter().find(|(closed, _)| closed == camera) {
            return refuse(&report.problem);
        }
        match cameras.open.into_iter().find(|open| &open.camera == camera) {
            Some(open) => Ok(open),
            None => Err(Error::io("open", join(root.path(), name), std::io::ErrorKind::NotFound)),
        }
    }
}

/// An open camera directory that was not checked yet.
struct Candidate {
    dir: Dir,
    camera: Camera,
    is_link: bool,
    inode: Inode,
    above: Vec<Inode>,
}

impl Candidate {
    fn open(root: &Dir, camera: Camera) -> Result<Self> {
        let name = camera.as_str().as_bytes();
        let is_link = file_type(&root.stat(name)?) == FileType::Symlink;
        let dir = if is_link { root.open_dir_following(name)? } else { root.open_dir(name)? };
        let (inode, above) = (dir.inode()?, if is_link { dir.ancestors()? } else { Vec::new() });
        Ok(Self { dir, camera, is_link, inode, above })
    }

    /// Why it must not be used; `None` if it may.
    fn refusal(&self, root: Inode, root_and_above: &[Inode], used: &[Self]) -> Option<String> {
        if let Some(other) = used.iter().find(|other| other.inode == self.inode) {
            return Some(format!("refused: it is the directory of {}", other.camera));
        }
        if !self.is_link {
            return None;
        }
        if root_and_above.contains(&self.inode) {
            return Some("refused: the link leads to the archive's root or above it".to_owned());
        }
        if self.above.contains(&root) {
            return Some("refused: the link leads into the archive".to_owned());
        }
        let overlaps = |other: &&Self| self.above.contains(&other.inode) || other.above.contains(&self.inode);
        used.iter()
            .find(overlaps)
            .map(|other| format!("refused: the link leads into or around the directory of {}", other.camera))
    }
}

impl CameraDir {
    /// Whether the kernel notifies of every write to this camera's disk; see [`Tree::notifies`].
    pub fn notifies(&self) -> bool {
        !self.dir.is_silent()
    }

    /// The camera.
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// Its path, for messages and for the watcher.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Whether it belongs to the user of this process.
    pub fn is_own(&self) -> bool {
        self.dir.stat_self().is_ok_and(|stat| stat.stx_uid == rustix::process::geteuid().as_raw())
    }

    /// The directory's modification time in nanoseconds since 1970: when a name was added or removed last.
    pub fn changed(&self) -> Result<i64> {
        Ok(mtime(&self.dir.stat_self()?))
    }

    /// The camera whose files lie in the root.
    pub(super) fn in_root(root: Dir, camera: Camera, layout: CameraLayout) -> Self {
        Self { dir: root, camera, numbers: Numbers::Unknown, layout: Some(layout), listed: OnceLock::new() }
    }

    /// Whether it has a directory of its own below the root.
    pub fn has_directory(&self) -> bool {
        self.layout.as_ref().is_none_or(|layout| !layout.in_root)
    }
}
