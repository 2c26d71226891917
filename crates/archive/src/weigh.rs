//! What an event takes on the disk: the sizes of its files, and the space that removing them would give back.

use std::collections::BTreeSet;

use rustix::fs::FileType;

use super::Tree;
use super::dir::{DayDir, Statx, file_type};
use super::event_dir::DEEPEST;
use crate::error::{Error, Result};
use crate::event::{Camera, EventName};
use crate::retention::Disk;

/// The weight of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// The sum of the sizes of its files.
    pub bytes: u64,
    /// The blocks that removing it gives back. A file that has other names too gives nothing.
    pub frees: u64,
}

impl DayDir {
    /// Weighs one event. One that is gone weighs nothing.
    pub fn weigh(&self, name: EventName) -> Result<Weight> {
        let mut weight = Weight::default();
        let dir = match self.dir.open_dir(name.text().as_bytes()) {
            Err(error) if error.is_no_directory() => return Ok(weight),
            dir => dir?,
        };
        dir.walk(DEEPEST, &mut |stat| {
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

/// The space that a file or a directory takes. `stx_blocks` counts in units of 512 bytes (statx(2)).
fn blocks(stat: &Statx) -> u64 {
    stat.stx_blocks.saturating_mul(512)
}

impl Tree {
    /// The disk that the root is on.
    pub fn disk(&self) -> Result<Disk> {
        let root = self.root_dir()?;
        let stat = rustix::fs::fstatvfs(&root).map_err(|e| Error::io("ask for the free space of", root.path(), e))?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Disk { total: bytes(stat.f_blocks), free: bytes(stat.f_bavail) })
    }

    /// The cameras whose directories are on another disk than the root, or that may be: what goes there frees nothing here.
    pub fn cameras_apart(&self) -> Result<BTreeSet<Camera>> {
        let root = self.root_dir()?.inode()?.dev;
        let mut cameras = self.cameras()?.open;
        cameras.retain(|camera| camera.dir.inode().map_or(true, |inode| inode.dev != root));
        Ok(cameras.iter().map(|camera| camera.camera().clone()).collect())
    }
}
