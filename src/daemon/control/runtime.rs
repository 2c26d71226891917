//! The place of the control socket where the state directory cannot hold one: FAT and exFAT have no sockets, and a full disk
//! has no room. The name is derived from the state directory, so that commands find it. A directory is used only if no other
//! user can have put a socket there.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The directories for sockets of a process of this user, the best first.
fn folders(uid: u32) -> Vec<PathBuf> {
    let own = PathBuf::from(format!("/tmp/owlery-{uid}"));
    if uid == 0 {
        return vec![PathBuf::from("/run/owlery"), own];
    }
    vec![PathBuf::from(format!("/run/user/{uid}/owlery")), own]
}

/// The name of the socket for a state directory, derived from its real path.
fn name(state_dir: &Path) -> Option<String> {
    // On a full disk the directory itself may be missing.
    let above = || Some(state_dir.parent()?.canonicalize().ok()?.join(state_dir.file_name()?));
    let path = state_dir.canonicalize().ok().or_else(above)?;
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    let number = digest.iter().take(12).fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    Some(format!("{number:024x}.sock"))
}

/// The paths where this process can make the socket of a state directory. Makes missing directories.
pub(super) fn places(state_dir: &Path) -> Vec<Result<PathBuf>> {
    let uid = rustix::process::geteuid().as_raw();
    let Some(name) = name(state_dir) else { return Vec::new() };
    let place = |folder: PathBuf| {
        let made = match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ if is_safe(&folder, &[uid]) => Ok(folder.join(&name)),
            _ => Err(io::Error::other("another user can write there")),
        };
        made.map_err(|e| Error::io("use the runtime directory", &folder, e))
    };
    folders(uid).into_iter().map(place).collect()
}

/// The paths where the socket of a state directory's daemon can be: made by root, this user, or the owner of the directory.
pub(super) fn addresses(state_dir: &Path) -> Vec<PathBuf> {
    let mut uids = vec![0, rustix::process::geteuid().as_raw()];
    uids.extend(state_dir.metadata().map(|meta| meta.uid()));
    uids.dedup();
    let Some(name) = name(state_dir) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = uids.iter().flat_map(|uid| folders(*uid)).collect();
    folders.dedup();
    folders.retain(|folder| is_safe(folder, &uids));
    folders.into_iter().map(|folder| folder.join(&name)).filter(|path| path.exists()).collect()
}

/// Whether this is a directory, no link, that only these users can write to.
fn is_safe(folder: &Path, uids: &[u32]) -> bool {
    let is = |meta: std::fs::Metadata| meta.is_dir() && meta.mode() & 0o022 == 0 && uids.contains(&meta.uid());
    folder.symlink_metadata().is_ok_and(is)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_writable_by_others_is_unsafe() {
        let folder = tempfile::tempdir().unwrap();
        let uid = rustix::process::geteuid().as_raw();
        assert!(is_safe(folder.path(), &[uid]));
        assert!(!is_safe(folder.path(), &[uid + 1]));
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(!is_safe(folder.path(), &[uid]));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(!is_safe(&link, &[uid]));
    }

    #[test]
    fn the_name_is_that_of_the_real_path() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert_eq!(name(folder.path()), name(&link));
        let before = name(&link.join("state"));
        std::fs::create_dir(folder.path().join("state")).unwrap();
        assert_eq!(name(&folder.path().join("state")), before, "the directory was missing on a full disk");
        assert_eq!(name(&folder.path().join("missing/state")), None);
    }
}
