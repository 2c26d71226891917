//! A little space for bad times: a file of the state directory that is given up when its disk is full, so that the lock, the
//! catalog and a pass's manifest can still be written. Without it, an archive whose state lies on its own disk could not
//! expire anything once the disk is full.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

use crate::error::{Error, Result};

const FILE: &str = "reserve";
/// The reserve is this part of the disk, within these bounds in bytes.
const PART: u64 = 64;
const LEAST: u64 = 256 * 1024;
const MOST: u64 = 16 * 1024 * 1024;

/// The reserve of a state directory.
#[derive(Debug)]
pub(super) struct Reserve(PathBuf);

impl Reserve {
    pub fn new(state_dir: &Path) -> Self {
        Self(state_dir.join(FILE))
    }

    /// Gives the reserve up if the disk is nearly full; makes it anew, with `may_fill`, once there is ample room.
    pub fn look(&self, may_fill: bool) {
        let Some((total, free)) = self.space() else { return };
        let size = (total / PART).clamp(LEAST, MOST);
        if free < size / 8 {
            self.give_up();
        } else if may_fill
            && free >= 4 * size
            && !self.0.exists()
            && let Err(error) = self.fill(size)
        {
            tracing::debug!("{}", error.chain());
            let _ = std::fs::remove_file(&self.0);
        }
    }

    /// Gives the reserve up; false if there is none.
    pub fn give_up(&self) -> bool {
        let is_given = std::fs::remove_file(&self.0).is_ok();
        if is_given {
            tracing::warn!("the disk is full: the reserve {} is given up", self.0.display());
        }
        is_given
    }

    fn space(&self) -> Option<(u64, u64)> {
        let stat = rustix::fs::statvfs(self.0.parent()?).ok()?;
        Some((stat.f_blocks.saturating_mul(stat.f_frsize), stat.f_bavail.saturating_mul(stat.f_frsize)))
    }

    fn fill(&self, size: u64) -> Result<()> {
        let fail = |e: std::io::Error| Error::io("make the reserve", &self.0, e);
        let file = File::options().write(true).create_new(true).open(&self.0).map_err(fail)?;
        rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, size).map_err(|e| fail(e.into()))
    }
}
