//! The free room of the archive's disks, and whether they are writable.

use rustix::fs::StatVfsMountFlags;

use super::Tree;
use super::dir::Dir;
use crate::error::{Error, Result};
use crate::event::Guard;

/// A disk is full if less than this part of its size is free, within these bounds in bytes.
const FULL_DIVISOR: u64 = 1024;
const MIN_FULL_BYTES: u64 = 64 * 1024;
const MAX_FULL_BYTES: u64 = 8 * 1024 * 1024;

/// The room of a filesystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Its size in bytes.
    pub total: u64,
    /// How many bytes an ordinary user may still write.
    pub free: u64,
    /// How many files may still be created; `None` if the filesystem has no limit.
    pub inodes: Option<u64>,
    /// Whether it is mounted read-only.
    pub is_read_only: bool,
}

impl Room {
    /// From statvfs(2).
    pub fn of(stat: &rustix::fs::StatVfs) -> Self {
        Self {
            total: stat.f_blocks.saturating_mul(stat.f_frsize),
            free: stat.f_bavail.saturating_mul(stat.f_frsize),
            inodes: (stat.f_files > 0).then_some(stat.f_favail),
            is_read_only: stat.f_flag.contains(StatVfsMountFlags::RDONLY),
        }
    }

    /// Why the disk counts as full; `None` if it does not. A filesystem that reports no size is never full.
    pub fn full(&self) -> Option<String> {
        if self.total > 0
            && self.free < (self.total / FULL_DIVISOR).clamp(MIN_FULL_BYTES.min(self.total / 8), MAX_FULL_BYTES)
        {
            return Some(format!("{} bytes are free", self.free));
        }
        (self.inodes == Some(0)).then(|| "no file can be made: it has no inodes left".to_owned())
    }
}

impl Tree {
    fn room_of(dir: &Dir) -> Result<Room> {
        let stat = rustix::fs::fstatvfs(dir).map_err(|e| Error::io("ask for the room on", dir.path(), e))?;
        Ok(Room::of(&stat))
    }

    /// The disk of the root and the other disks of cameras, each once, with a name for messages. Skips disks that
    /// cannot be read.
    pub fn rooms(&self) -> Vec<(String, Room)> {
        let Ok(top) = self.root_dir() else { return Vec::new() };
        let mut seen = Vec::new();
        let mut rooms = Vec::new();
        let mut add = |dir: &Dir, what: String| {
            let (Ok(inode), Ok(of_disk)) = (dir.inode(), Self::room_of(dir)) else { return };
            if !seen.contains(&inode.dev) {
                seen.push(inode.dev);
                rooms.push((what, of_disk));
            }
        };
        add(&top, format!("the disk of {}", self.root.display()));
        for camera in self.cameras().map(|cameras| cameras.open).unwrap_or_default() {
            add(&camera.dir, format!("the disk of {}", camera.camera()));
        }
        rooms
    }

    /// Fails with a refusal if the root is mounted read-only: nothing can be moved there.
    pub fn verify_writable(&self) -> Result<()> {
        if !Self::room_of(&self.root_dir()?)?.is_read_only {
            return Ok(());
        }
        let root = self.root.display();
        let message = format!(
            "Read-only file system: {root} is mounted read-only (see the kernel's log); nothing can be retired"
        );
        Err(Error::Refused { guard: Guard::Marker, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_is_no_bytes_or_no_inodes() {
        let room = |total, free, inodes| Room { total, free, inodes, is_read_only: false }.full().is_some();
        assert!(room(1 << 40, 0, None) && room(1 << 40, 1 << 20, None));
        assert!(!room(1 << 40, 1 << 30, Some(1)) && room(1 << 40, 1 << 30, Some(0)));
        assert!(room(1 << 20, 0, None) && !room(1 << 20, 1 << 18, None));
        assert!(!room(0, 0, None), "the size is unknown");
    }
}
