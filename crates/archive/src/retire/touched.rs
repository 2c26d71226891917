//! The directories that a pass changed, and making the changes durable.

use std::collections::HashMap;

use crate::dir::{Dir, Inode};
use crate::error::{Error, Result};

/// Directories in which names changed, each once. Each is an open file, and a process may have few: after
/// [`Touched::MAX_OPEN`] they are synced early.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    dirs: HashMap<Inode, Dir>,
    /// The first sync that failed before the end.
    failure: Option<Error>,
}

impl Touched {
    const MAX_OPEN: usize = 64;

    pub(crate) fn add(&mut self, dir: &Dir) -> Result<()> {
        let inode = dir.inode()?;
        if let std::collections::hash_map::Entry::Vacant(entry) = self.dirs.entry(inode) {
            entry.insert(dir.again()?);
        }
        Ok(())
    }

    /// Makes what was done so far durable if that keeps many files open. Must not be called in the middle of an item:
    /// names that change later need their directories added again.
    pub(crate) fn relieve(&mut self) {
        if self.dirs.len() >= Self::MAX_OPEN {
            let synced = self.dirs.drain().try_for_each(|(_, dir)| sync_if_there(&dir));
            self.failure = self.failure.take().or(synced.err());
        }
    }

    /// Makes the changes in them durable. Fails if any sync failed, also an earlier one.
    pub(crate) fn sync(&mut self) -> Result<()> {
        match self.failure.take() {
            Some(error) => Err(error),
            None => self.dirs.values().try_for_each(sync_if_there),
        }
    }
}

/// Syncs a directory. FUSE filesystems look it up by its path again: a directory that was removed meanwhile needs no
/// sync.
fn sync_if_there(dir: &Dir) -> Result<()> {
    match dir.sync() {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}
