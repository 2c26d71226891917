//! Measures an event on the disk: the sizes of its files, and the space that removing them would free.

use std::collections::BTreeSet;

use rustix::fs::FileType;

use super::day_dir::DayDir;
use super::dir::{Statx, file_type};
use super::event_dir::MAX_DEPTH;
use super::{CameraDir, Tree};
use crate::error::{Error, Result};
use crate::event::{Camera, EventName};
use crate::retention::Disk;

/// The measured size of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// The sum of the sizes of its files, in bytes.
    pub bytes: u64,
    /// The bytes that removing it frees. A file with other names frees nothing.
    pub frees: u64,
}

impl DayDir {
    /// Measures one event. One that is gone has size zero.
    pub fn weigh(&self, name: EventName) -> Result<Weight> {
        if let Some(flat) = self.flat_event(name)? {
            return flat.weigh();
        }
        let mut weight = Weight::default();
        let dir = match self.dir.open_dir(name.text().as_bytes()) {
            Err(error) if error.is_no_directory() => return Ok(weight),
            dir => dir?,
        };
        dir.walk(MAX_DEPTH, &mut |stat| {
            let is_file = file_type(stat) == FileType::RegularFile;
            if is_file {
                weight.bytes = weight.bytes.saturating_add(stat.stx_size);
            }
            if !is_file || stat.stx_nlink == 1 {
                weight.frees = weight.frees.saturating_add(blocks(stat));
            }
        })?;
        Ok(weight)
    }
}

/// The allocated bytes of a file or a directory. `stx_blocks` counts in units of 512 bytes (statx(2)).
pub(super) fn blocks(stat: &Statx) -> u64 {
    stat.stx_blocks.saturating_mul(512)
}

impl Tree {
    /// The disk of the root.
    pub fn disk(&self) -> Result<Disk> {
        let root = self.root_dir()?;
        let stat = rustix::fs::fstatvfs(&root).map_err(|e| Error::io("ask for the free space of", root.path(), e))?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Disk { total: bytes(stat.f_blocks), free: bytes(stat.f_bavail) })
    }

    /// The cameras on other disks than the root's, or possibly so: removing their days frees nothing on the root's
    /// disk.
    pub fn cameras_apart(&self) -> Result<BTreeSet<Camera>> {
        self.apart_among(&self.cameras()?.open)
    }

    /// Those of these cameras that are on other disks than the root, or possibly so.
    pub(super) fn apart_among(&self, cameras: &[CameraDir]) -> Result<BTreeSet<Camera>> {
        let root = self.root_dir()?.inode()?.dev;
        let is_apart = |camera: &&CameraDir| camera.dir.inode().map_or(true, |inode| inode.dev != root);
        Ok(cameras.iter().filter(is_apart).map(|camera| camera.camera().clone()).collect())
    }
}
