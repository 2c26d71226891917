//! Folders for data that need not outlive a process: a catalog without a place of its own. They are removed at the end;
//! those of killed processes are removed by the next process that makes one.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// The room that a temporary folder must have, in bytes.
const NEEDED_ROOM: u64 = 4 * 1024 * 1024;

/// The prefix of temporary folders; six random characters follow.
const PREFIX: &str = "owlery-state-";
/// A folder younger than this may be about to be locked.
const MIN_AGE: Duration = Duration::from_mins(1);

/// A folder that is removed when this is dropped. It is locked meanwhile, so that the folders of killed processes can
/// be recognized.
#[derive(Debug)]
pub struct TemporaryFolder {
    dir: tempfile::TempDir,
    _lock: Option<File>,
}

impl TemporaryFolder {
    /// Creates one where there is room: in the system's temporary folder, or else in memory. Removes abandoned ones.
    pub fn new() -> Result<Self> {
        let mut failed = None;
        for place in [std::env::temp_dir(), "/dev/shm".into(), "/run".into()] {
            remove_abandoned(&place);
            if !has_room(&place) {
                continue;
            }
            let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&place);
            match made.map(|dir| (lock(dir.path()).unwrap_or(None), dir)) {
                Ok((lock, dir)) => return Ok(Self { dir, _lock: lock }),
                Err(error) => failed = Some(Error::io("make a temporary folder in", &place, error)),
            }
        }
        let full = || Error::io("make a temporary folder in", std::env::temp_dir(), Errno::NOSPC);
        Err(failed.unwrap_or_else(full))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

fn has_room(place: &Path) -> bool {
    rustix::fs::statvfs(place).is_ok_and(|stat| {
        stat.f_bavail.saturating_mul(stat.f_frsize) >= NEEDED_ROOM && (stat.f_files == 0 || stat.f_favail > 8)
    })
}

/// Locks a folder; `None` if another process has locked it.
fn lock(folder: &Path) -> std::io::Result<Option<File>> {
    let dir = File::open(folder)?;
    match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(dir)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Removes the temporary folders of this user that no process has locked; best effort.
fn remove_abandoned(place: &Path) {
    let uid = rustix::process::geteuid().as_raw();
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let is_named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let is_ours = |meta: &std::fs::Metadata| {
            let is_old = meta.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > MIN_AGE));
            meta.is_dir() && meta.uid() == uid && is_old
        };
        if is_named
            && entry.path().symlink_metadata().as_ref().is_ok_and(is_ours)
            && let Ok(Some(_lock)) = lock(&entry.path())
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::debug!("cannot remove {}: {error}", entry.path().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_abandoned_folders_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str, is_old: bool| {
            let path = place.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("catalog.db"), "").unwrap();
            let dir = File::open(&path).unwrap();
            if is_old {
                dir.set_modified(std::time::UNIX_EPOCH).unwrap();
            }
            path
        };
        let [abandoned, used] = ["owlery-state-aaaaaa", "owlery-state-bbbbbb"].map(|name| make(name, true));
        let [young, other] = [make("owlery-state-cccccc", false), make("owlery-it-dddddd", true)];
        let _lock = lock(&used).unwrap().unwrap();
        remove_abandoned(place.path());
        assert!(!abandoned.exists());
        assert!(used.exists() && young.exists() && other.exists());
    }
}
