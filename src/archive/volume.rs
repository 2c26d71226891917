//! On which volume a camera's directory lies, told so that it is known again after a restart: what the guard `disk`
//! compares. Who keeps that on disk, and what is done where it has changed, is the expirer's.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use rustix::fs::{AtFlags, StatxFlags};
use serde::{Deserialize, Serialize};

use super::dir::{Dir, nanos};
use super::{CameraDir, Tree};
use crate::error::{Error, Result};
use crate::event::Camera;

/// The volume of a camera's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Volume {
    /// That of the root. Whether it is the right one the marker tells, also after the whole archive has moved.
    Root,
    /// One of its own: a mount point, or what a link leads to.
    Own(Filesystem),
}

/// What a filesystem is known by. The device's number is not among it: it may be another after every boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filesystem {
    /// `f_fsid` (statfs(2)): made from its UUID by ext4, Btrfs and F2FS, from the device's number by XFS and FAT; 0 over NFS.
    id: u64,
    /// The inode number of the directory that is mounted.
    top: u64,
    /// When that directory was made, in nanoseconds since 1970: with the filesystem, as a rule. `None` where none tells.
    born: Option<i64>,
}

impl Volume {
    /// Whether both are the same volume.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Root, Self::Root) => true,
            (Self::Own(a), Self::Own(b)) if a.born.is_some() && b.born.is_some() => (a.top, a.born) == (b.top, b.born),
            (Self::Own(a), Self::Own(b)) => (a.id, a.top) == (b.id, b.top),
            _ => false,
        }
    }
}

impl Filesystem {
    /// The one that a directory lies on.
    fn of(dir: &Dir) -> Result<Self> {
        let stat = rustix::fs::fstatvfs(dir).map_err(|e| Error::io("look at the disk of", dir.path(), e))?;
        let mut top = dir.again()?;
        let mut inode = top.inode()?;
        loop {
            let above = top.enter(b"..")?;
            let is_root = above.inode()? == inode;
            if is_root || above.mount()? != top.mount()? {
                break;
            }
            (inode, top) = (above.inode()?, above);
        }
        let born = rustix::fs::statx(&top, c"", AtFlags::EMPTY_PATH, StatxFlags::BTIME)
            .map_err(|e| Error::io("stat", top.path(), e))?;
        let is_told = born.stx_mask & StatxFlags::BTIME.bits() != 0 && born.stx_btime.tv_sec > 0;
        Ok(Self { id: stat.f_fsid, top: inode.ino, born: is_told.then(|| nanos(&born.stx_btime)) })
    }
}

impl Tree {
    fn known_volumes(&self) -> MutexGuard<'_, BTreeMap<Camera, Volume>> {
        self.volumes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The volume of each camera that was seen so far: where it was first, or where that was accepted last.
    pub fn volumes(&self) -> BTreeMap<Camera, Volume> {
        self.known_volumes().clone()
    }

    /// Where cameras were when another run looked.
    pub fn expect_volumes(&self, volumes: BTreeMap<Camera, Volume>) {
        self.known_volumes().extend(volumes);
    }

    /// Whether a camera's directory is on the volume that it was on: the guard `disk`. A mount that failed, or another disk at
    /// its place, holds recordings that no rule was made for. A camera that was not seen before is remembered.
    pub fn check_disk(&self, camera: &CameraDir) -> Result<()> {
        let now = self.volume_of(camera)?;
        let mut volumes = self.known_volumes();
        let known = volumes.entry(camera.camera().clone()).or_insert(now);
        if known.is(&now) {
            return Ok(());
        }
        let message = match (known, now) {
            (Volume::Own(_), Volume::Root) => "was on a disk of its own and is on the archive's: is its disk mounted?",
            (Volume::Root, Volume::Own(_)) => "was on the archive's disk and is on another",
            _ => "is on another disk than before",
        };
        Err(Error::Refused { guard: "disk", message: format!("{} {message}", camera.camera()) })
    }

    /// A person says that the camera is rightly where it is now.
    pub fn accept_volume(&self, camera: &Camera) -> Result<()> {
        let now = self.volume_of(&self.camera(camera)?)?;
        self.known_volumes().insert(camera.clone(), now);
        Ok(())
    }

    fn volume_of(&self, camera: &CameraDir) -> Result<Volume> {
        if camera.dir.mount()? == self.root_dir()?.mount()? {
            return Ok(Volume::Root);
        }
        Filesystem::of(&camera.dir).map(Volume::Own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_known_by_its_top_and_where_that_tells_no_time_by_its_id() {
        let own = |id, top, born| Volume::Own(Filesystem { id, top, born });
        let disk = own(7, 2, Some(100));
        assert!(disk.is(&disk) && Volume::Root.is(&Volume::Root));
        assert!(disk.is(&own(8, 2, Some(100))), "XFS after another boot, its device under another number");
        assert!(!disk.is(&own(7, 2, Some(101))), "another XFS under the same device's number");
        assert!(!disk.is(&own(7, 3, Some(100))), "another directory of it is mounted");
        assert!(!disk.is(&Volume::Root) && !Volume::Root.is(&disk));
        let timeless = own(7, 1, None);
        assert!(timeless.is(&own(7, 1, None)) && !timeless.is(&own(8, 1, None)) && !timeless.is(&own(7, 2, None)));
        assert!(own(7, 2, None).is(&disk), "a kernel that tells less");
    }
}
