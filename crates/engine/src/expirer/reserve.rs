//! Reserved space: a file that is removed when a pass has something to retire and its disk has no room for the delete
//! queue. Nothing else uses it: the lock needs no write, and the catalog can be elsewhere.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

use crate::archive::Tree;
use crate::error::{Error, Result};
use owlery_state::give_state;

const FILE: &str = "reserve";
/// The size of the reserve: this part of the disk, within these bounds in bytes.
const DISK_DIVISOR: u64 = 64;
const MIN_BYTES: u64 = 256 * 1024;
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The reserves of an archive: one in its state directory, and one beside the marker in its root if that is another
/// place, since a pass's manifest is on the archive's disk.
#[derive(Debug)]
pub(crate) struct Reserve(Vec<PathBuf>);

impl Reserve {
    /// The reserves of an archive with this state directory.
    pub(crate) fn new(state_dir: &Path, tree: &Tree) -> Self {
        let marked = tree.root().join(".owlery");
        let mut places = vec![state_dir.join(FILE)];
        // A link could lead the file, written as root, anywhere.
        if marked != state_dir && marked.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            places.push(marked.join(FILE));
        }
        Self(places)
    }

    /// Creates the reserves again, with `may_fill`, once there is ample room.
    pub(crate) fn refill(&self, may_fill: bool) {
        for file in &self.0 {
            let Some((total, free)) = space(file) else { continue };
            let size = (total / DISK_DIVISOR).clamp(MIN_BYTES, MAX_BYTES);
            if may_fill
                && free >= 4 * size
                && !file.exists()
                && let Err(error) = fill(file, size)
            {
                tracing::debug!("{}", error.chain());
                let _ = owlery_state::remove_file(file);
            }
        }
    }

    /// Removes the reserve on the same disk as this path; false if there is none.
    pub(crate) fn give_up(&self, on: &Path) -> bool {
        self.0.iter().filter(|file| is_same_disk(file, on)).any(|file| give_up(file))
    }
}

fn give_up(file: &Path) -> bool {
    let is_given = matches!(owlery_state::remove_file(file), Ok(true));
    if is_given {
        tracing::warn!(path = %file.display(), "the disk is full: the reserve is released");
    }
    is_given
}

/// Whether two paths, which need not exist, are on one disk: on one device, or (subvolumes) on filesystems with the
/// same room.
pub(crate) fn is_same_disk(a: &Path, b: &Path) -> bool {
    let there = |path: &Path| path.ancestors().find_map(|path| Some((path.metadata().ok()?.dev(), path.to_path_buf())));
    let (Some((a, at)), Some((b, other))) = (there(a), there(b)) else { return false };
    let room = |path: &Path| rustix::fs::statvfs(path).map(|stat| (stat.f_blocks, stat.f_bfree, stat.f_bavail)).ok();
    a == b || (room(&at).is_some() && room(&at) == room(&other))
}

/// The size of the disk of a file's folder, and its free space. None if there is no such folder.
fn space(file: &Path) -> Option<(u64, u64)> {
    let stat = rustix::fs::statvfs(file.parent()?).ok()?;
    Some((stat.f_blocks.saturating_mul(stat.f_frsize), stat.f_bavail.saturating_mul(stat.f_frsize)))
}

fn fill(path: &Path, size: u64) -> Result<()> {
    let fail = |e: std::io::Error| Error::io("make the reserve", path, e);
    let file = File::options().write(true).create_new(true).mode(0o600).open(path).map_err(fail)?;
    if let Some(dir) = path.parent() {
        give_state(dir, &file);
    }
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, size).map_err(|e| fail(e.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_follows_no_link_in_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let [root, state, outside] = ["root", "state", "outside"].map(|name| folder.path().join(name));
        for dir in [&root.join("Camera1"), &state, &outside] {
            std::fs::create_dir_all(dir).unwrap();
        }
        std::os::unix::fs::symlink(&outside, root.join(".owlery")).unwrap();
        let tree = Tree::open(&root, "Camera.*").unwrap();
        Reserve::new(&state, &tree).refill(true);
        assert!(state.join(FILE).is_file());
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    }
}
