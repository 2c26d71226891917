//! Identifies the volume of a camera's directory so that it is recognized after a restart. The guard `disk` compares
//! it. The expirer stores it and decides what follows from a change.
//!
//! Disks can look alike: FUSE and NFS report neither a filesystem id nor a birth time, and two filesystems made in the
//! same second report the same. So a camera on a volume of its own gets a mark, a random id in
//! `CAMERA/.owlery/volume.json`, which decides. Without a mark, only what is certainly unique to a filesystem proves
//! that it is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use rustix::fs::{AtFlags, StatxFlags};
use serde::{Deserialize, Serialize};

use super::dir::{Dir, is_forbidden_call, nanos};
use super::{CameraDir, Report, Tree};
use crate::error::{Error, Result};
use crate::event::{Camera, Guard};

/// The volume of a camera's directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Volume {
    /// The volume of the root. The marker proves that it is the right one, also after the whole archive has moved.
    Root,
    /// One of its own: a mount point, or the target of a link.
    Own(Filesystem),
}

/// What identifies a filesystem. The device number does not: it may change with every boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filesystem {
    /// `f_fsid` (statfs(2)): derived from the UUID by ext4, Btrfs and F2FS, from the device number by XFS and FAT; 0
    /// over NFS.
    id: u64,
    /// The inode number of the mounted directory.
    top: u64,
    /// The birth time of that directory, usually that of the filesystem, in nanoseconds since 1970. `None` if it is not
    /// reported.
    born: Option<i64>,
    /// Our mark in the camera's directory. `None` if there is none, and in records of earlier builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    /// Set if a mark could not be written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unmarked: bool,
}

/// The result of comparing two volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    Other,
    /// They look alike, but two different ones would too.
    Unknown,
}

impl Volume {
    /// Compares the stored volume with the present one.
    fn compare(&self, now: &Self) -> Likeness {
        match (self, now) {
            (Self::Root, Self::Root) => Likeness::Same,
            (Self::Own(known), Self::Own(now)) => known.compare(now),
            _ => Likeness::Other,
        }
    }
}

impl Filesystem {
    fn compare(&self, now: &Self) -> Likeness {
        match (&self.mark, &now.mark) {
            (Some(known), Some(now)) if known == now => return Likeness::Same,
            (Some(_), _) => return Likeness::Other,
            (None, _) => {}
        }
        let has_looks = match (self.born, now.born) {
            (Some(known), Some(now_born)) => (self.top, known) == (now.top, now_born),
            _ => (self.id, self.top) == (now.id, now.top),
        };
        if !has_looks {
            return Likeness::Other;
        }
        // A whole second is shared by filesystems that one script makes; an id comes from the UUID, or from the device
        // number.
        let is_own = self.born.is_some_and(|born| born % 1_000_000_000 != 0 || (self.id != 0 && self.id == now.id));
        // An earlier build wrote no marks: its record stays valid, and the volume gets a mark.
        if is_own || !self.unmarked { Likeness::Same } else { Likeness::Unknown }
    }

    /// The filesystem of a directory.
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
        Ok(Self { id: stat.f_fsid, top: inode.ino, born: born(&top)?, mark: read_mark(dir)?, unmarked: false })
    }
}

impl Tree {
    fn known_volumes(&self) -> MutexGuard<'_, BTreeMap<Camera, Volume>> {
        self.volumes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The volume of each known camera: the first one seen, or the one accepted last.
    pub fn volumes(&self) -> BTreeMap<Camera, Volume> {
        self.known_volumes().clone()
    }

    /// Sets the volumes that an earlier run stored.
    pub fn expect_volumes(&self, volumes: BTreeMap<Camera, Volume>) {
        self.known_volumes().extend(volumes);
    }

    /// The guard `disk`: fails if a camera's directory is not on its known volume. After a failed mount, or with
    /// another disk, the same path has other recordings than those that the rules are meant for. A new camera is
    /// remembered.
    pub fn check_disk(&self, camera: &CameraDir) -> Result<()> {
        let now = self.volume_of(camera)?;
        let mut volumes = self.known_volumes();
        let known = volumes.entry(camera.camera().clone()).or_insert_with(|| now.clone());
        let likeness = known.compare(&now);
        let is_confirmed = || self.confirmed_disks().contains(camera.camera());
        if likeness == Likeness::Same || (likeness == Likeness::Unknown && is_confirmed()) {
            return Ok(());
        }
        let message = match (&*known, now) {
            (Volume::Own(_), Volume::Root) => "was on its own disk and is now on the archive's: is its disk mounted?",
            (Volume::Root, Volume::Own(_)) => "was on the archive's disk and is now on another",
            _ if likeness == Likeness::Unknown => {
                "is on a disk that cannot be distinguished from others, since no mark can be written to its .owlery folder (let Owlery write \
                 there)"
            }
            (Volume::Own(Filesystem { mark: Some(_), .. }), Volume::Own(Filesystem { mark: None, .. })) => {
                "is on another disk than before, or its mark, .owlery/volume.json in the camera's directory, is gone or broken"
            }
            _ => "is on another disk than before",
        };
        Err(Error::Refused { guard: Guard::Disk, message: format!("{} {message}", camera.camera()) })
    }

    /// Cameras whose own disk is not mounted: their directory is on the archive's disk, or is a link that leads
    /// nowhere. Nothing of such a camera expires, and nothing is recorded on its disk.
    pub fn missing_disks(&self) -> Result<Vec<Report>> {
        let cameras = self.cameras()?;
        let was_apart = |camera: &Camera| matches!(self.known_volumes().get(camera), Some(Volume::Own(_)));
        let mut missing = Vec::new();
        for camera in cameras.open.iter().filter(|camera| was_apart(camera.camera())) {
            if self.volume_of(camera)? == Volume::Root {
                let why = "it was on a disk of its own, which is not there: mount it, or remove this directory if it is gone for \
                           good";
                missing.push(Report::failure(camera.path(), why));
            }
        }
        Ok(missing)
    }

    /// Accepts the camera's present volume, at a user's request. One that takes no mark could be another one at any time, so
    /// it is accepted until `end_confirmation`.
    pub fn accept_volume(&self, camera: &Camera) -> Result<()> {
        let camera_dir = self.camera(camera)?;
        let now = marked(&camera_dir, self.volume_of(&camera_dir)?);
        self.known_volumes().insert(camera.clone(), now);
        self.confirmed_disks().insert(camera.clone());
        Ok(())
    }

    /// Ends what `accept_volume` began: called at the end of the pass that was confirmed.
    pub fn end_confirmation(&self) {
        self.confirmed_disks().clear();
    }

    fn confirmed_disks(&self) -> MutexGuard<'_, BTreeSet<Camera>> {
        self.confirmed_disks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the volumes of cameras that have no mark yet, are not the root's, and are unchanged.
    pub fn mark_volumes(&self) -> Result<()> {
        for camera in self.cameras()?.open {
            let known = self.known_volumes().get(camera.camera()).cloned();
            let Some(known @ Volume::Own(_)) = known else { continue };
            if matches!(&known, Volume::Own(of) if of.mark.is_some()) || self.check_disk(&camera).is_err() {
                continue;
            }
            let now = marked(&camera, self.volume_of(&camera)?);
            self.known_volumes().insert(camera.camera().clone(), now);
        }
        Ok(())
    }

    fn volume_of(&self, camera: &CameraDir) -> Result<Volume> {
        if camera.dir.mount()? == self.root_dir()?.mount()? {
            return Ok(Volume::Root);
        }
        Filesystem::of(&camera.dir).map(Volume::Own)
    }
}

/// The birth time of a directory in nanoseconds since 1970; `None` if the filesystem or the kernel does not report it.
pub(super) fn born(dir: &Dir) -> Result<Option<i64>> {
    match rustix::fs::statx(dir, c"", AtFlags::EMPTY_PATH, StatxFlags::BTIME) {
        Ok(stat) => {
            let is_told = stat.stx_mask & StatxFlags::BTIME.bits() != 0 && stat.stx_btime.tv_sec > 0;
            Ok(is_told.then(|| nanos(stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec)))
        }
        Err(error) if is_forbidden_call(error) => Ok(None),
        Err(error) => Err(Error::io("stat", dir.path(), error)),
    }
}

/// The path of a camera's mark.
const MARK_FOLDER: &[u8] = b".owlery";
const FILE: &[u8] = b"volume.json";

/// The mark of a volume.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// The version of the format.
    owlery: u32,
    /// Random, created once.
    volume: String,
}

/// The mark in a camera's directory; `None` if there is none, or if it is invalid.
fn read_mark(camera: &Dir) -> Result<Option<String>> {
    let folder = match camera.open_dir_if_there(MARK_FOLDER) {
        Err(error) if error.is_no_directory() => return Ok(None),
        other => other?,
    };
    let Some(folder) = folder else { return Ok(None) };
    let Some(bytes) = folder.read_small(FILE, 4096)? else { return Ok(None) };
    let mark = serde_json::from_slice::<Mark>(&bytes).ok();
    Ok(mark.filter(|mark| mark.owlery == 1 && !mark.volume.is_empty()).map(|mark| mark.volume))
}

/// The volume with its mark, which is written if needed; if that fails, the volume counts as unmarked.
fn marked(camera: &CameraDir, volume: Volume) -> Volume {
    let Volume::Own(mut of) = volume else { return volume };
    if of.mark.is_none() {
        match write_mark(&camera.dir) {
            Ok(mark) => of.mark = Some(mark),
            Err(error) => {
                tracing::warn!("the disk of {} cannot be marked: {}", camera.camera(), error.chain());
                of.unmarked = true;
            }
        }
    }
    Volume::Own(of)
}

fn write_mark(camera: &Dir) -> Result<String> {
    camera.make_dir_if_missing(MARK_FOLDER)?;
    let folder = camera.open_dir(MARK_FOLDER)?;
    folder.take_owner_of(camera);
    let volume = super::marker::random_id().map_err(|e| Error::io("make an identity for", camera.path(), e))?;
    let mark = Mark { owlery: 1, volume: volume.clone() };
    folder.write_whole(FILE, &serde_json::to_vec(&mark).expect("a struct of a number and a string is JSON"))?;
    folder.sync()?;
    camera.sync()?;
    Ok(volume)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(id: u64, top: u64, born: Option<i64>, mark: Option<&str>) -> Volume {
        Volume::Own(Filesystem { id, top, born, mark: mark.map(str::to_owned), unmarked: false })
    }

    fn unmarked(volume: Volume) -> Volume {
        let Volume::Own(of) = volume else { return volume };
        Volume::Own(Filesystem { unmarked: true, ..of })
    }

    #[test]
    fn a_mark_decides_alone() {
        let known = own(7, 2, Some(100), Some("a"));
        assert_eq!(known.compare(&own(8, 3, None, Some("a"))), Likeness::Same);
        assert_eq!(known.compare(&own(7, 2, Some(100), Some("b"))), Likeness::Other);
        assert_eq!(known.compare(&own(7, 2, Some(100), None)), Likeness::Other);
        assert_eq!(known.compare(&Volume::Root), Likeness::Other);
        assert_eq!(Volume::Root.compare(&known), Likeness::Other);
        assert_eq!(Volume::Root.compare(&Volume::Root), Likeness::Same);
    }

    #[test]
    fn records_of_earlier_builds_stay_valid() {
        let old = own(7, 2, Some(100), None);
        assert_eq!(old.compare(&own(8, 2, Some(100), Some("x"))), Likeness::Same, "XFS after another boot");
        assert_eq!(old.compare(&own(7, 2, Some(101), None)), Likeness::Other);
        assert_eq!(old.compare(&own(7, 3, Some(100), None)), Likeness::Other, "another directory of it is mounted");
        let timeless = own(0, 5, None, None);
        assert_eq!(timeless.compare(&timeless), Likeness::Same);
        assert_eq!(timeless.compare(&own(1, 5, None, None)), Likeness::Other);
        let text = r#"{"own":{"id":7,"top":2,"born":100}}"#;
        assert_eq!(serde_json::from_str::<Volume>(text).unwrap(), old);
        assert_eq!(serde_json::to_string(&old).unwrap(), text);
    }

    #[test]
    fn without_a_mark_looking_alike_is_not_enough() {
        let fuse = unmarked(own(0, 5, None, None));
        assert_eq!(fuse.compare(&own(0, 5, None, None)), Likeness::Unknown);
        let second = unmarked(own(7, 2, Some(5_000_000_000), None));
        assert_eq!(second.compare(&own(8, 2, Some(5_000_000_000), None)), Likeness::Unknown);
        assert_eq!(second.compare(&own(7, 2, Some(5_000_000_000), None)), Likeness::Same);
        let precise = unmarked(own(7, 2, Some(5_000_000_123), None));
        assert_eq!(precise.compare(&own(8, 2, Some(5_000_000_123), None)), Likeness::Same);
    }
}
