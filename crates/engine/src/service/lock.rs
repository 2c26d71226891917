//! The archive's lock: `flock` on the root directory, on `ROOT/.owlery/lock` and on `<state>/lock`. A crash leaves no
//! lock behind, and two processes with different state directories exclude each other.
//!
//! Locking the root directory writes nothing, so it works on a full disk. But every user who may read a directory may
//! lock it: a lock held by a user who could not manage this archive is logged and ignored. The files are closed to
//! other users (mode 0600); a foreign lock on one of them is left behind with the replaced file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::clock::Stop;
use crate::error::{Error, Result};

/// Only users who may manage the archive may open the file.
const FILE_MODE: u32 = 0o600;

/// The process that holds a lock, as far as the kernel reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    pid: u32,
    uid: u32,
    /// The program's name.
    name: String,
}

/// How long a lock is waited for whose holder is gone.
const RELEASED_WITHIN: Duration = Duration::from_secs(1);

/// Locks an open file or directory, if that is possible now. A process that was killed while it started a program leaves its locks to
/// that program for a moment, until it runs.
fn lock(file: &File) -> rustix::io::Result<()> {
    let (_handle, stop) = Stop::new();
    let until = Instant::now() + RELEASED_WITHIN;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if owner(file).is_none() && Instant::now() < until => {
                stop.wait(Duration::from_millis(20));
            }
            other => return other,
        }
    }
}

/// Locks the root directory. `None` if it cannot be locked or the lock is foreign; then only the files count.
pub(super) fn root(root: &Path) -> Result<Option<File>> {
    let dir = File::open(root).map_err(|e| Error::io("open", root, e))?;
    match lock(&dir) {
        Ok(()) => Ok(Some(dir)),
        Err(Errno::WOULDBLOCK) => match foreign_owner(&dir, root) {
            Some(owner) => {
                tracing::warn!(
                    "process {} ({}) of uid {} holds a lock on {} although it cannot manage this archive; it is ignored",
                    owner.pid,
                    owner.name,
                    owner.uid,
                    root.display()
                );
                Ok(None)
            }
            None => Err(taken(&dir, root)),
        },
        // Some network filesystems cannot lock directories.
        Err(Errno::NOLCK | Errno::NOTSUP | Errno::BADF | Errno::INVAL | Errno::NOSYS) => Ok(None),
        Err(e) => Err(Error::io("lock", root, e)),
    }
}

/// Locks a file, creates it if needed, and keeps it open for writing. `None` if it does not exist and the disk has no
/// room for it.
pub(super) fn file(path: &Path) -> Result<Option<File>> {
    held(path, open)
}

/// Like `file`, but not open for writing, so that its disk can still be remounted read-only.
pub(super) fn file_to_read(path: &Path) -> Result<Option<File>> {
    held(path, |path| {
        drop(open(path)?);
        let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        OpenOptions::new().read(true).custom_flags(nofollow).open(path)
    })
}

fn held(path: &Path, open: impl Fn(&Path) -> io::Result<File>) -> Result<Option<File>> {
    for _ in 0..3 {
        let file = match open(path) {
            Err(error) if crate::error::is_full(&error) || is_missing(&error) => return Ok(None),
            other => other.map_err(|e| Error::io("open", path, e))?,
        };
        match lock(&file) {
            Ok(()) if is_at(&file, path) => return Ok(Some(file)),
            Ok(()) => {} // replaced meanwhile
            Err(Errno::WOULDBLOCK) => match foreign_owner(&file, path) {
                Some(owner) => {
                    tracing::warn!(
                        "process {} ({}) of uid {} holds {}; the file is replaced",
                        owner.pid,
                        owner.name,
                        owner.uid,
                        path.display()
                    );
                    owlery_state::remove_file(path).map_err(|e| Error::io("replace", path, e))?;
                }
                None => return Err(taken(&file, path)),
            },
            Err(e) => return Err(Error::io("lock", path, e)),
        }
    }
    Err(Error::io("lock", path, io::Error::other("it is being replaced repeatedly")))
}

fn open(path: &Path) -> io::Result<File> {
    let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE).custom_flags(nofollow);
    let file = options.open(path)?;
    // An earlier build created it readable and writable for all users.
    if file.metadata()?.mode() & 0o077 != 0
        && let Err(error) = file.set_permissions(std::fs::Permissions::from_mode(FILE_MODE))
    {
        tracing::debug!(path = %path.display(), "cannot close a state file to other users: {error}");
    }
    Ok(file)
}

/// Whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(ours), Ok(there)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

/// The error for a lock that is held, with its holder if that can be found.
fn taken(file: &File, path: &Path) -> Error {
    let holder = match owner(file) {
        Some(owner) if owner.name == "owlery" => format!("process {}", owner.pid),
        Some(owner) => {
            format!(
                "process {} ({}) holds the lock on {}; end that process if it is not an owlery",
                owner.pid,
                owner.name,
                path.display()
            )
        }
        None => format!(
            "the lock on {} is held by a process that is not visible here (another container or host)",
            path.display()
        ),
    };
    Error::Locked { holder }
}

/// The holder of a lock, if that user can manage neither this archive nor its state: not root, not this user, and not
/// the owner of the locked file.
fn foreign_owner(file: &File, path: &Path) -> Option<Owner> {
    let owner = owner(file)?;
    let meta = file.metadata().ok()?;
    let mut known = vec![0, rustix::process::geteuid().as_raw(), meta.uid()];
    if !meta.is_dir() {
        known.extend(path.parent().and_then(|folder| folder.metadata().ok()).map(|folder| folder.uid()));
    }
    (!known.contains(&owner.uid)).then_some(owner)
}

/// How often `/proc/locks` is read. It is no snapshot: while other locks come and go, one reading may miss a line or
/// have it twice.
const READINGS: u32 = 10;

/// The holder of a lock on this file, from `/proc/locks`; `None` if it is not listed.
fn owner(file: &File) -> Option<Owner> {
    (0..READINGS).find_map(|_| owner_once(file))
}

fn owner_once(file: &File) -> Option<Owner> {
    let inode = file.metadata().ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let mut pids: Vec<u32> = locks.lines().filter_map(|line| holder_in(line, inode)).collect();
    pids.sort_unstable();
    pids.dedup();
    let [pid] = pids[..] else { return None };
    let status = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/status"))).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let uid = field("Uid:")?.split_whitespace().nth(1)?.parse().ok()?;
    Some(Owner { pid, uid, name: field("Name:")?.to_owned() })
}

/// The process in a line of `/proc/locks`, if the line is a held `flock` on this inode.
fn holder_in(line: &str, inode: u64) -> Option<u32> {
    // 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF; waiting ones have an arrow after the number.
    let mut fields = line.split_whitespace().skip(1);
    if fields.next()? != "FLOCK" {
        return None;
    }
    let pid = fields.nth(2)?.parse().ok()?;
    let of = fields.next()?.rsplit(':').next()?.parse::<u64>().ok()?;
    (of == inode && pid > 0).then_some(pid)
}

/// Whether the parent directory of a file could not be created.
fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_held_flock_on_the_inode_counts() {
        assert_eq!(holder_in("1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", 5678), Some(1234));
        assert_eq!(holder_in("1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", 567), None);
        assert_eq!(holder_in("1: -> FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", 5678), None);
        assert_eq!(holder_in("1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF", 5678), None);
        assert_eq!(holder_in("nonsense", 1), None);
    }

    /// The lock of a process that was killed while it started a program: the program has it until it runs.
    #[test]
    fn a_lock_whose_holder_is_gone_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        // The lock belongs to `flock`, which has ended; `sleep` has the open file for a moment.
        let script = "exec 8>\"$0\"; flock 8; sleep 0.2 & exit";
        let started = std::process::Command::new("sh").args(["-c", script]).arg(&path).status().unwrap();
        assert!(started.success());
        assert!(file(&path).unwrap().is_some());
    }

    #[test]
    fn a_holder_is_named_by_pid() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = file(&path).unwrap().unwrap();
        assert_eq!(held.metadata().unwrap().mode() & 0o777, 0o600);
        let Err(Error::Locked { holder }) = file(&path) else { panic!("it is held") };
        assert!(holder.contains(&format!("process {}", std::process::id())), "{holder}");
    }
}
