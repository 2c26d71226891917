//! The state directory: its path, who may write in it, and the locks that this process holds.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::lock;
use crate::archive::Tree;
use crate::command_line::quote;
use crate::error::{Error, Result};
use crate::temporary_folder::TemporaryFolder;

const LOCK: &str = "lock";
/// Prefixes of our file names in a state directory.
const OWN_PREFIXES: [&str; 12] = [
    "archive.json",
    "audit.jsonl",
    "catalog.db",
    "clock.json",
    "held.json",
    "lock",
    "reserve",
    "restored.json",
    "sessions.json",
    "stuck.json",
    "volumes.json",
    "waited.json",
];

/// The directory of the catalog, the lock and the control socket.
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    temporary: Option<TemporaryFolder>,
    /// Held for the lifetime of this value; filled by `lock`. The first is that of the state directory, if `has_file`.
    locks: Mutex<Vec<File>>,
    /// Whether there was room for a lock file. Written by `lock`.
    has_file: Mutex<bool>,
}

/// The contents of the lock file: who holds the lock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// The process id.
    pub pid: u32,
    /// The control socket, if the process listens and the path is UTF-8.
    pub socket: Option<PathBuf>,
}

impl StateDir {
    /// The state directory of an archive unless another is configured.
    pub(crate) fn default_path(tree: &Tree) -> PathBuf {
        tree.root().join(".owlery")
    }

    /// Opens or creates the state directory. If none is configured and the root takes none, it is temporary.
    pub(crate) fn open(tree: &Tree, named: Option<&Path>) -> Result<Self> {
        match Self::open_lasting(tree, named) {
            Err(error) if named.is_none() => {
                tracing::warn!("{}; the state is kept in a temporary folder and lost at the end", error.chain());
                Self::temporary()
            }
            other => other,
        }
    }

    /// Opens or creates the state directory. Fails where it cannot be written.
    pub(crate) fn open_lasting(tree: &Tree, named: Option<&Path>) -> Result<Self> {
        let path = named.map_or_else(|| Self::default_path(tree), Path::to_path_buf);
        let made = DirBuilder::new().recursive(true).mode(0o755).create(&path).map_err(|e| Error::io("make", &path, e));
        let usable = made.and_then(|()| {
            // A link could lead the state, and what is written as root, anywhere.
            let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
            if named.is_none() && is_link {
                return Err(Error::io("use", &path, std::io::Error::other("it is a link")));
            }
            rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).map_err(|e| Error::io("write to", &path, e))
        });
        if usable.is_ok() {
            close_to_others(&path, named.is_none());
        }
        match usable {
            // It is created when there is room, by the first pass at the latest; until then its files are kept in
            // memory.
            Err(error) if error.is_full() => {
                tracing::warn!("{}; what belongs there waits until there is room", error.chain());
            }
            Err(Error::Io { op, path, source }) if named.is_none() => {
                let cure = "run as the user that owns it, make it writable, or name another with --state-dir";
                let source = std::io::Error::new(source.kind(), format!("{source}; {cure}"));
                return Err(Error::Io { op, path, source });
            }
            other => other?,
        }
        Ok(Self { path, temporary: None, locks: Mutex::default(), has_file: Mutex::default() })
    }

    /// A state directory that is removed when this value is dropped.
    pub(crate) fn temporary() -> Result<Self> {
        let dir = TemporaryFolder::new()?;
        let path = dir.path().to_path_buf();
        Ok(Self { path, temporary: Some(dir), locks: Mutex::default(), has_file: Mutex::default() })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is removed at the end.
    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Locks the archive for this process, or returns an error that names the holder.
    pub(super) fn lock(&self, tree: &Tree) -> Result<()> {
        let here = self.path.join(LOCK);
        let in_root = StateDir::default_path(tree);
        let mut held: Vec<File> = lock::file(&here)?.into_iter().collect();
        *self.has_file.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = !held.is_empty();
        held.extend(lock::root(tree.root())?);
        // This one excludes processes with other state directories, if the root has the folder.
        let is_another = || self.path.canonicalize().ok() != in_root.canonicalize().ok();
        if in_root.symlink_metadata().is_ok_and(|meta| meta.is_dir()) && is_another() {
            match lock::file_to_read(&in_root.join(LOCK)) {
                Ok(file) => held.extend(file),
                Err(error @ Error::Locked { .. }) => return Err(error),
                Err(error) => tracing::debug!("{}", error.chain()), // a root that is not writable
            }
        }
        self.locks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(held);
        self.announce(None)
    }

    /// Writes this process and its control socket into the lock file. Does nothing on a full disk.
    pub(super) fn announce(&self, socket: Option<&Path>) -> Result<()> {
        let locks = self.locks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let has_file = *self.has_file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(mut file) = locks.first().filter(|_| has_file) else { return Ok(()) };
        let socket = socket.filter(|path| path.to_str().is_some()).map(Path::to_path_buf);
        let holder = Holder { pid: std::process::id(), socket };
        let text = serde_json::to_string(&holder).expect("a number and a path are JSON");
        // Overwrites what is there first: that needs no new block.
        let written =
            file.rewind().and_then(|()| file.write_all(text.as_bytes())).and_then(|()| file.set_len(text.len() as u64));
        match written {
            Err(error) if crate::error::is_full(&error) => {
                let _ = file.set_len(0);
                Ok(())
            }
            other => other.map_err(|e| Error::io("write", self.path.join(LOCK), e)),
        }
    }

    /// The last holder of the lock of a state directory, from its file.
    pub(crate) fn holder(state_dir: &Path) -> Option<Holder> {
        let mut text = String::new();
        File::open(state_dir.join(LOCK)).ok()?.take(4096).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// When run as root, gives the files of a state directory within the root to the root's owner.
    pub(super) fn give_to_owner(&self, tree: &Tree) {
        if !rustix::process::geteuid().is_root() || self.path != Self::default_path(tree) {
            return;
        }
        let Ok(root) = tree.root().metadata() else { return };
        let mut paths = vec![self.path.clone()];
        paths.extend(std::fs::read_dir(&self.path).into_iter().flatten().flatten().map(|entry| entry.path()));
        for path in paths {
            if let Err(error) = std::os::unix::fs::lchown(&path, Some(root.uid()), Some(root.gid())) {
                tracing::debug!(path = %path.display(), "cannot give a state file to its owner: {error}");
            }
        }
    }
}

/// Removes the write permission of other users, because Owlery trusts these files. Changes only our own files, and the
/// directory itself only if it is `own`: a configured one may be shared on purpose (`/tmp`).
fn close_to_others(dir: &Path, own: bool) {
    const OTHERS: u32 = 0o002;
    let close = |path: &Path, mode: u32| {
        match std::fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !OTHERS)) {
            Ok(()) => tracing::warn!(
                "{} could be written by every user; this permission was removed. If other people have accounts on this host, remove sessions.json",
                path.display()
            ),
            // FAT and exFAT have no modes of their own.
            Err(error) => tracing::warn!(path = %path.display(), "a state file can be written by every user: {error}"),
        }
    };
    let is_open = |meta: &std::fs::Metadata| meta.mode() & OTHERS != 0 && !meta.is_symlink();
    if let Ok(meta) = dir.symlink_metadata()
        && is_open(&meta)
    {
        if own {
            close(dir, meta.mode());
        } else {
            tracing::warn!(
                "the state directory {} can be written by every user; close it with: chmod o-w {}",
                dir.display(),
                quote(dir.as_ref())
            );
        }
    }
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| OWN_PREFIXES.iter().any(|ours| name.starts_with(ours)));
        if let Ok(meta) = entry.path().symlink_metadata()
            && is_ours
            && meta.is_file()
            && is_open(&meta)
        {
            close(&entry.path(), meta.mode());
        }
    }
}

impl Drop for StateDir {
    /// Releases the lock explicitly. Closing the files alone would leave it to a child process that another thread is
    /// just starting: until its `exec`, the child has all our files open.
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
    fn the_lock_is_released_despite_a_forked_child() {
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
