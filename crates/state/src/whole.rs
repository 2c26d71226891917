//! Writing a file as a whole: a temporary file beside it, synced, then renamed over it. A crash leaves the old file or the new
//! one. A file that root makes gets the owner of its directory.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use owlery_model::error::{Error, Result};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};

/// Opens a directory by its path, following links.
pub(crate) fn open_folder(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|e| Error::io("open", path, e))
}

/// Writes the file `name` in the directory `folder`, whose path is only for messages. The caller syncs the directory.
///
/// # Errors
/// The directory is not writable, or the disk has no room. The old file is unchanged.
pub fn write_whole(folder: impl AsFd, path: &Path, name: &[u8], bytes: &[u8], mode: u32) -> Result<()> {
    let folder = folder.as_fd();
    let target = path.join(OsStr::from_bytes(name));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let prefix = format!(".{}.", String::from_utf8_lossy(name).trim_start_matches('.'));
    // The file is made by handle. tempfile only finds a free name, and must not clean up by a path that is relative to the handle.
    let temporary = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".tmp")
        .disable_cleanup(true)
        .make_in("", |path| {
            let name = path.file_name().unwrap_or_default();
            Ok(rustix::fs::openat(folder, name, flags, Mode::from_raw_mode(mode))?)
        })
        .map_err(|e| Error::io("write beside", &target, e))?;
    let beside = temporary.path().file_name().unwrap_or_default().to_owned();
    let (file, _) = temporary.keep().map_err(|e| Error::io("write beside", &target, e.error))?;
    let mut file = File::from(file);
    give_to_owner_of(folder, &file);
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| Ok(rustix::fs::renameat(folder, &beside, folder, name)?));
    renamed.map_err(|e| {
        let _ = rustix::fs::unlinkat(folder, &beside, AtFlags::empty());
        Error::io("write", &target, e)
    })
}

/// Gives a file to the owner of a directory, if this process is root and the owner is not. A failure is logged.
pub fn give_to_owner_of(folder: impl AsFd, file: impl AsFd) {
    let Ok(owner) = rustix::fs::fstat(folder) else { return };
    if rustix::process::geteuid().is_root() && owner.st_uid != 0 {
        let (uid, gid) = (Uid::from_raw(owner.st_uid), Gid::from_raw(owner.st_gid));
        if let Err(error) = rustix::fs::fchown(file, Some(uid), Some(gid)) {
            tracing::debug!("cannot give a state file to uid {}: {error}", owner.st_uid);
        }
    }
}

/// Writes a file of a state directory as a whole, with this mode. When it returns, a power cut does not undo it.
pub fn write_state(folder: &Path, name: &str, bytes: &[u8], mode: u32) -> Result<()> {
    let handle = open_folder(folder)?;
    write_whole(&handle, folder, name.as_bytes(), bytes, mode)?;
    rustix::fs::fsync(&handle).map_err(|e| Error::io("sync", folder, e))
}

/// Gives what lies in a directory of our own files to the owner of the directory, if this process is root and the owner is not.
/// Only regular files with one name are given away: a link could lead to any file of the host. Failures are logged.
pub fn give_contents(path: &Path) {
    let Ok(folder) = open_folder(path) else { return };
    let is_foreign = rustix::fs::fstat(&folder).is_ok_and(|stat| stat.st_uid != 0);
    if !rustix::process::geteuid().is_root() || !is_foreign {
        return;
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let is_plain = |stat: rustix::fs::Stat| {
        stat.st_uid == 0 && stat.st_nlink == 1 && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
    };
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if !rustix::fs::statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(is_plain) {
            continue; // most belong to the owner already, and are not opened
        }
        let Ok(file) = rustix::fs::openat(&folder, &name, flags, Mode::empty()) else { continue };
        if rustix::fs::fstat(&file).is_ok_and(is_plain) {
            give_to_owner_of(&folder, &file);
        }
    }
}

/// Gives a file of a state directory to the owner of that directory, as [`give_to_owner_of`] does.
pub fn give_state(folder: &Path, file: impl AsFd) {
    if let Ok(folder) = open_folder(folder) {
        give_to_owner_of(folder, file);
    }
}
