//! Handles a disk without room for the catalog. The catalog is derived, so it leaves such a disk for a temporary
//! folder, is filled there again, and returns when there is room.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use rusqlite::ErrorCode;

use super::{Catalog, Place, Readers, damage, schema, write};
use crate::error::{Error, Operation, Result, is_full};
use crate::state_file::{give, make_folder};
use crate::temporary_folder::TemporaryFolder;

/// Whether the catalog's disk is full, or the user's quota is used up. If SQLite does not report that (a quota, no
/// inode for a file beside the catalog), the disk is tested.
pub fn lacks_room(error: &Error) -> bool {
    match error {
        Error::Catalog { path, source, .. } => match damage::code(source.as_ref()) {
            Some(ErrorCode::DiskFull) => true,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => takes_nothing(path),
            _ => false,
        },
        other => other.is_full(),
    }
}

/// Whether a file that cannot be used could not be set aside either: an immutable one.
pub(super) fn is_in_the_way(error: &Error) -> bool {
    matches!(error, Error::Io { op: Operation::SetAside, .. })
}

/// Whether no file can be created beside this one, or no block written to it, for lack of room. Leaves nothing behind.
fn takes_nothing(beside: &Path) -> bool {
    const BLOCK: [u8; 4096] = [0; 4096];
    // The state directory itself cannot be created on a full disk.
    let Some(folder) = beside.ancestors().skip(1).find(|folder| folder.is_dir()) else { return false };
    let tried = tempfile::tempfile_in(folder).and_then(|mut file| {
        file.write_all(&BLOCK)?;
        file.sync_all()
    });
    tried.is_err_and(|error| is_full(&error))
}

/// Whether a catalog on this disk could end the process. SQLite maps a file beside the catalog into memory. If blocks
/// are smaller than memory pages (ext4 below 512 MB has blocks of 1 KiB), writing to such a page allocates new blocks,
/// and on a full disk the kernel then sends SIGBUS.
pub(super) fn is_dangerous(file: &Path) -> bool {
    const PAGE: u64 = 4096;
    let Some(folder) = file.ancestors().skip(1).find(|folder| folder.is_dir()) else { return false };
    rustix::fs::statvfs(folder)
        .is_ok_and(|stat| stat.f_frsize < PAGE && stat.f_bavail.saturating_mul(stat.f_frsize) < SPARE_BYTES)
}

/// Before the catalog returns, this multiple of its own size must be free, plus [`SPARE_BYTES`].
const SIZE_FACTOR: u64 = 4;
/// In bytes.
const SPARE_BYTES: u64 = 1 << 20;

impl Catalog {
    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is in a temporary folder because its disk is full.
    pub fn is_away(&self) -> bool {
        self.place().away.is_some()
    }

    /// Whether it was started empty since the last call.
    pub fn take_emptied(&self) -> bool {
        self.emptied.swap(false, Ordering::AcqRel)
    }

    /// Starts an empty catalog in a temporary folder and removes the file from its full disk to free its space. Returns
    /// false if it is in such a folder already.
    pub fn leave_disk(&self) -> Result<bool> {
        let mut writer = self.writer();
        if self.is_away() {
            return Ok(false);
        }
        let folder = TemporaryFolder::new()?;
        let path = folder.path().join("catalog.db");
        let home = self.path();
        *writer = self.begin_at(&path, Some((folder, home.clone())))?;
        schema::remove(&home);
        self.damaged.store(false, Ordering::Release);
        self.emptied.store(true, Ordering::Release);
        self.rebuilt.fetch_add(1, Ordering::AcqRel);
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.reader_back.notify_all();
        Ok(true)
    }

    /// Leaves a disk on which it could end the process; false if there is no such danger.
    pub fn leave_danger(&self) -> Result<bool> {
        Ok(!self.is_away() && is_dangerous(&self.path()) && self.leave_disk()?)
    }

    /// Copies it back to its regular path, if it is away and there is ample room. Changes wait meanwhile. Returns
    /// whether it did; after an error it stays where it is.
    pub fn return_to_disk(&self) -> Result<bool> {
        let Some(home) = self.place().away.as_ref().map(|(_, home)| home.clone()) else { return Ok(false) };
        let Some(folder) = home.parent() else { return Ok(false) };
        let size = std::fs::metadata(self.path()).map_or(0, |meta| meta.len());
        let has_room = |folder: &Path| {
            rustix::fs::statvfs(folder).is_ok_and(|stat| {
                stat.f_bavail.saturating_mul(stat.f_frsize)
                    >= size.saturating_mul(SIZE_FACTOR).saturating_add(SPARE_BYTES)
            })
        };
        if !folder.ancestors().find(|folder| folder.is_dir()).is_some_and(has_room) {
            return Ok(false);
        }
        make_folder(folder)?;
        let mut writer = self.writer();
        if self.is_damaged() {
            return Ok(false); // it is rebuilt first
        }
        schema::remove(&home);
        if home.symlink_metadata().is_ok() {
            return Ok(false); // the regular path is obstructed
        }
        let copied =
            schema::copy(&writer.connection, &home).map_err(|source| self.failed("copy", source)).and_then(|()| {
                give(&home);
                self.begin_at(&home, None)
            });
        match copied {
            Ok(new) => *writer = new,
            Err(error) => {
                schema::remove(&home);
                return Err(error);
            }
        }
        self.reader_back.notify_all();
        Ok(true)
    }

    /// Opens the file at `path` for reading and writing in place of the one in use.
    fn begin_at(&self, path: &Path, away: Option<(TemporaryFolder, PathBuf)>) -> Result<write::WriteConnection> {
        let (connection, _) = schema::open_writer(path).map_err(|trouble| trouble.into_error(path))?;
        let epoch = self.readers().epoch + 1;
        let fresh = Readers::open(path, epoch)?;
        *self.readers() = fresh;
        *self.place() = Place { path: path.to_path_buf(), away };
        Ok(write::WriteConnection::new(connection))
    }
}
