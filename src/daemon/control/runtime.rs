//! Where the control socket lies when the state directory takes none: FAT and exFAT have no sockets, and a full disk has no
//! room for one. The name is derived from the state directory, so a command finds it without being told; directories are
//! used only if no other user could have put a socket there.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The directories that a process of this user may keep sockets in, the best first.
fn folders(uid: u32) -> Vec<PathBuf> {
    let own = PathBuf::from(format!("/tmp/owlery-{uid}"));
    if uid == 0 {
        return vec![PathBuf::from("/run/owlery"), own];
    }
    vec![PathBuf::from(format!("/run/user/{uid}/owlery")), own]
}

/// The socket's name for a state directory, which is known by its real path.
fn name(state_dir: &Path) -> Option<String> {
    // A full disk may have no room for the directory itself.
    let above = || Some(state_dir.parent()?.canonicalize().ok()?.join(state_dir.file_name()?));
    let path = state_dir.canonicalize().ok().or_else(above)?;
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    let number = digest.iter().take(12).fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    Some(format!("{number:024x}.sock"))
}

/// Where this process could make the socket of a state directory. A directory that is not there is made.
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

/// Where the socket of a state directory's daemon may be: made by root, by this user, or by the owner of the state directory.
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

/// Whether a directory is a real one that only these users can write to.
fn is_safe(folder: &Path, uids: &[u32]) -> bool {
    let is = |meta: std::fs::Metadata| meta.is_dir() && meta.mode() & 0o022 == 0 && uids.contains(&meta.uid());
    folder.symlink_metadata().is_ok_and(is)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_that_others_can_write_is_not_used() {
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
        assert_eq!(name(&folder.path().join("state")), before, "a full disk took it later");
        assert_eq!(name(&folder.path().join("missing/state")), None);
    }
}
