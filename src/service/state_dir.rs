//! The state directory and the lock. The lock is the kernel's (`flock` on the root's own directory and on a file in the
//! state directory), so a crash leaves none behind, and it holds also where two daemons have different state
//! directories.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::reserve::Reserve;
use crate::archive::Tree;
use crate::error::{Error, Result};

/// Where the catalog, the lock and the control socket lie.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    temporary: Option<tempfile::TempDir>,
    /// Held as long as this lives; filled by `lock`.
    locks: Mutex<Vec<File>>,
}

/// What the lock file tells about whoever holds the lock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// Where it can be reached, if it listens.
    pub socket: Option<PathBuf>,
}

impl StateDir {
    /// Where the state of an archive lies unless told otherwise.
    pub fn default_path(tree: &Tree) -> PathBuf {
        tree.root().join(".owlery")
    }

    /// Opens or makes the state directory. Where none is named and the root takes none, it is temporary.
    pub fn open(tree: &Tree, named: Option<&Path>) -> Result<Self> {
        let path = named.map_or_else(|| Self::default_path(tree), Path::to_path_buf);
        let made = std::fs::create_dir_all(&path).map_err(|e| Error::io("make", &path, e));
        let usable = made.and_then(|()| {
            // A link could lead the state, and what is written as root, anywhere.
            let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
            if named.is_none() && is_link {
                return Err(Error::io("use", &path, std::io::Error::other("it is a link")));
            }
            rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).map_err(|e| Error::io("write to", &path, e))
        });
        Reserve::new(&path, tree).look(false);
        match usable {
            Ok(()) => Ok(Self { path, temporary: None, locks: Mutex::default() }),
            Err(error) if named.is_none() => {
                tracing::warn!("{}; the state is kept in a temporary folder and lost at the end", error.chain());
                Self::temporary()
            }
            Err(error) => Err(error),
        }
    }

    /// A state directory that goes when this is dropped.
    pub fn temporary() -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("owlery-")
            .tempdir()
            .map_err(|e| Error::io("make a temporary folder in", std::env::temp_dir(), e))?;
        Ok(Self { path: dir.path().to_path_buf(), temporary: Some(dir), locks: Mutex::default() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes at the end.
    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Takes the archive for this process, or says who has it.
    pub(super) fn lock(&self, tree: &Tree) -> Result<()> {
        let file_path = self.path.join("lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file_path)
            .map_err(|e| Error::io("open", &file_path, e))?;
        let root = File::open(tree.root()).map_err(|e| Error::io("open", tree.root(), e))?;
        for (locked, path) in [(&root, tree.root()), (&file, &file_path)] {
            match flock(locked, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => {
                    let holder = Self::holder(&self.path).map_or_else(
                        || "its lock is held by another process".to_owned(),
                        |holder| format!("process {}", holder.pid),
                    );
                    return Err(Error::Locked { holder });
                }
                // Some network filesystems lock no directories; the file in the state directory still counts.
                Err(Errno::NOLCK | Errno::NOTSUP | Errno::BADF | Errno::INVAL) if path == tree.root() => {}
                Err(e) => return Err(Error::io("lock", path, e)),
            }
        }
        self.locks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend([file, root]);
        self.announce(None)
    }

    /// Writes who holds the lock, and where it can be reached.
    pub(super) fn announce(&self, socket: Option<&Path>) -> Result<()> {
        let locks = self.locks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(mut file) = locks.first() else { return Ok(()) };
        let holder = Holder { pid: std::process::id(), socket: socket.map(Path::to_path_buf) };
        let text = serde_json::to_string(&holder).expect("a number and a path are JSON");
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(|e| Error::io("write", self.path.join("lock"), e))
    }

    /// Who held the lock of a state directory last, as its file tells.
    pub fn holder(state_dir: &Path) -> Option<Holder> {
        let mut text = String::new();
        File::open(state_dir.join("lock")).ok()?.take(4096).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Gives what lies in a state directory within the root to the root's owner, when we are root.
    pub(super) fn give_to_owner(&self, tree: &Tree) {
        if !rustix::process::geteuid().is_root() || self.path != Self::default_path(tree) {
            return;
        }
        let Ok(root) = tree.root().metadata() else { return };
        let mut paths = vec![self.path.clone()];
        paths.extend(std::fs::read_dir(&self.path).into_iter().flatten().flatten().map(|entry| entry.path()));
        for path in paths {
            if let Err(error) = std::os::unix::fs::lchown(&path, Some(root.uid()), Some(root.gid())) {
                tracing::debug!("cannot give {} to its owner: {error}", path.display());
            }
        }
    }
}

impl Drop for StateDir {
    /// Says that the lock is free. Closing the files alone would leave it to a child process that another thread is just
    /// starting: until that has become another program, it has every file open that we have.
    fn drop(&mut self) {
        for file in self.locks.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner) {
            let _ = flock(&*file, FlockOperation::Unlock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_free_at_the_end_although_a_child_that_is_being_started_has_its_files_too() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("Camera1")).unwrap();
        let tree = Tree::open(root.path(), "Camera.*").unwrap();
        let state = StateDir::open(&tree, None).unwrap();
        state.lock(&tree).unwrap();
        let in_child: Vec<File> = state.locks.lock().unwrap().iter().map(|file| file.try_clone().unwrap()).collect();
        assert_eq!(in_child.len(), 2);
        let next = StateDir::open(&tree, None).unwrap();
        assert!(matches!(next.lock(&tree), Err(Error::Locked { .. })));
        drop(state);
        next.lock(&tree).unwrap();
    }
}
