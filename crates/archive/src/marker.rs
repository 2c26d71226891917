//! `.owlery/archive.json` in the root: the archive's id. It proves that the right disk is mounted.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::Tree;
use super::dir::Dir;
use crate::command_line::CommandLine;
use crate::error::{Error, Result};
use crate::event::Guard;

/// The path of the marker below the root.
pub(super) const MARKER: &str = ".owlery/archive.json";
const FOLDER: &[u8] = b".owlery";
const FILE: &[u8] = b"archive.json";
/// An upper bound for the size of a marker, in bytes.
const MAX_BYTES: usize = 4096;

#[derive(Serialize, Deserialize)]
struct Marker {
    /// The version of the format.
    owlery: u32,
    /// The archive's id: random, created once.
    archive: String,
}

/// What distinguishes a root directory without a marker from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootSign {
    /// The filesystem's id from statvfs(2).
    id: u64,
    inode: u64,
    /// The directory's birth time in nanoseconds since 1970.
    born: i64,
}

/// The id in a marker, or why the marker is invalid.
pub fn parse(bytes: &[u8]) -> std::result::Result<String, String> {
    let marker: Marker = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if marker.owlery != 1 {
        return Err(format!("its format is {}, and this owlery supports format 1: use a newer owlery", marker.owlery));
    }
    if marker.archive.is_empty() {
        return Err("it names no archive".to_owned());
    }
    Ok(marker.archive)
}

/// A new archive id.
pub(super) fn random_id() -> std::io::Result<String> {
    let mut random = [0u8; 16];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}

/// The contents of a marker.
pub fn text_of(archive: &str) -> Vec<u8> {
    let marker = Marker { owlery: 1, archive: archive.to_owned() };
    serde_json::to_vec(&marker).expect("a struct of a number and a string is JSON")
}

/// An error's message without the guard's name.
fn message_of(error: &Error) -> String {
    match error {
        Error::Refused { message, .. } => message.clone(),
        other => other.chain(),
    }
}

impl Tree {
    /// The id in the root's marker now; `None` if there is no marker. Never follows links. A marker that cannot be
    /// parsed is an error, and is never replaced automatically.
    pub fn marker(&self) -> Result<Option<String>> {
        let root = self.root_dir()?;
        let Some(folder) = root.open_dir_if_there(FOLDER)? else { return Ok(None) };
        let bytes = match folder.read_small(FILE, MAX_BYTES) {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => bytes,
            Err(error) => return Err(self.unreadable(error)),
        };
        parse(&bytes).map(Some).map_err(|why| self.broken(&why))
    }

    fn broken(&self, why: &str) -> Error {
        let message = format!(
            "{} is broken ({why}); put the archive's own file back, or make a new one with: {}",
            self.root.join(MARKER).display(),
            self.accept_command()
        );
        Error::Refused { guard: Guard::Marker, message }
    }

    /// A file without valid contents is a broken marker; one that cannot be read now may be intact.
    fn unreadable(&self, error: Error) -> Error {
        use rustix::io::Errno;
        let Error::Io { source, .. } = &error else { return error };
        match source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::LOOP) => self.broken("it is a link"),
            Some(Errno::ISDIR) => self.broken("it is a directory: remove that first"),
            Some(Errno::ACCESS | Errno::PERM) => {
                let why = "permission denied; run owlery as Motion's user, and give that user the file";
                Error::io("read", self.root.join(MARKER), std::io::Error::new(source.kind(), why))
            }
            Some(_) => error,
            None => self.broken(&source.to_string()),
        }
    }

    /// The command with which a user accepts the root as it is.
    pub fn accept_command(&self) -> String {
        self.command().accept()
    }

    /// The command line for messages.
    pub(super) fn command(&self) -> &CommandLine {
        self.command.get_or_init(|| CommandLine::new(&self.root, None, &[]))
    }

    /// Sets the command line for messages, if it needs more arguments than the root.
    pub fn set_command(&self, command: CommandLine) {
        let _ = self.command.set(command); // the first one counts
    }

    /// Makes sure that the root has a marker and remembers its id; `None` if the root cannot have one. Such an archive
    /// can be served and is never expired.
    pub fn identify(&self) -> Option<&str> {
        let identify = || match self.marker() {
            Ok(Some(id)) => Ok(id),
            Ok(None) => self.write_first_marker().or_else(|error| self.provisional(error)).map_err(|error| {
                tracing::warn!("the root cannot be marked, so nothing expires: {}", error.chain());
                format!("{} is not there and cannot be written: {}", self.root.join(MARKER).display(), error.chain())
            }),
            Err(error) => {
                let why = message_of(&error);
                tracing::error!("nothing expires: {why}");
                Err(why)
            }
        };
        self.identity.get_or_init(identify).as_ref().ok().map(String::as_str)
    }

    /// Like `identify`. With `false` nothing is written, and a root without a marker gets none.
    pub fn identify_if(&self, may_write: bool) -> Option<&str> {
        if may_write {
            return self.identify();
        }
        let read = || match self.marker() {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(format!("{} is not there", self.root.join(MARKER).display())),
            Err(error) => Err(message_of(&error)),
        };
        self.identity.get_or_init(read).as_ref().ok().map(String::as_str)
    }

    /// The path of the marker.
    pub fn marker_path(&self) -> std::path::PathBuf {
        self.root.join(MARKER)
    }

    /// Gives the root an id in place of a missing or broken marker: that of the passes in its delete queue, else a new
    /// one. Only at a user's request. Also returns the passes that wait again from the beginning.
    pub fn mark_anew(&self, now: DateTime<Utc>) -> Result<(String, BTreeSet<String>)> {
        let spared = self.spare(now)?;
        Ok((self.write_marker()?, spared))
    }

    /// Fails if the root had a marker at the start and has none now: another disk, or none, is mounted, so missing
    /// directories are not deleted ones.
    pub fn check_still_there(&self) -> Result<()> {
        match self.identity.get() {
            Some(Ok(_)) => self.verify_identity().map(|_| ()),
            _ => self.root_dir().map(|_| ()),
        }
    }

    /// Whether the root has a marker or can get one, and is on a writable disk.
    pub fn can_be_marked(&self) -> bool {
        let Ok(root) = self.root_dir() else { return false };
        let is_read_only =
            rustix::fs::fstatvfs(&root).is_ok_and(|stat| stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
        let takes = rustix::fs::access(&self.root, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok();
        !is_read_only && (takes || !matches!(self.marker(), Ok(None)))
    }

    /// Checks that the root is still the archive that this process began with. Must be called right before every pass.
    pub fn verify_identity(&self) -> Result<&str> {
        let refused = |message: String| Error::Refused { guard: Guard::Marker, message };
        let path = self.root.join(MARKER);
        self.identify();
        let expected = match self.identity.get() {
            Some(Ok(expected)) => expected.as_str(),
            Some(Err(why)) => return Err(refused(why.clone())),
            None => return Err(refused(format!("{} is not there", path.display()))),
        };
        match self.marker()? {
            Some(found) if found == expected => Ok(expected),
            Some(_) => Err(refused(format!("{} is that of another archive", path.display()))),
            None if self.is_provisional() => Ok(expected),
            None => Err(refused(format!("{} is gone: is the disk mounted?", path.display()))),
        }
    }

    /// Whether the id is that of a marker on the disk, and not one that is still to be written.
    pub fn is_marked(&self) -> bool {
        self.identify().is_some() && !self.is_provisional()
    }

    /// An id for a root whose disk has no room for a marker. It is written as soon as there is room.
    fn provisional(&self, error: Error) -> Result<String> {
        if !error.is_full() {
            return Err(error);
        }
        let id = self.new_identity()?;
        *self.unwritten() = Some(self.root_dir()?.inode()?);
        tracing::warn!("{}; the root is marked as soon as there is room", error.chain());
        Ok(id)
    }

    /// An id for a root without one. Passes in its delete queue may carry the lost id.
    fn new_identity(&self) -> Result<String> {
        let id = self.adoptable().or_else(|| self.expected.get().cloned()).map_or_else(random_id, Ok);
        id.map_err(|e| Error::io("make an identity for", self.root.join(MARKER), e))
    }

    /// Sets the id that a root without a marker is to get, because the state directory has it.
    pub fn expect_identity(&self, id: String) {
        let _ = self.expected.set(id); // the first one counts
    }

    /// What distinguishes this root from others, if its filesystem reports enough.
    pub fn root_sign(&self) -> Option<RootSign> {
        let root = self.root_dir().ok()?;
        let id = rustix::fs::fstatvfs(&root).ok()?.f_fsid;
        let sign = RootSign { id, inode: root.inode().ok()?.ino, born: super::volume::born(&root).ok()?? };
        // Without an id, two filesystems that one script made in the same second look alike.
        (id != 0 || sign.born % 1_000_000_000 != 0).then_some(sign)
    }

    fn unwritten(&self) -> std::sync::MutexGuard<'_, Option<super::dir::Inode>> {
        self.unwritten.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the marker is still to be written, and the root is still the same directory.
    pub fn is_provisional(&self) -> bool {
        let Some(meant) = *self.unwritten() else { return false };
        self.root_dir().and_then(|root| root.inode()).is_ok_and(|inode| inode == meant)
    }

    /// Writes the marker if the disk had no room for it at the start. Must be called before anything is moved into the
    /// delete queue.
    pub fn settle_identity(&self) -> Result<()> {
        if self.is_provisional()
            && let Some(Ok(id)) = self.identity.get()
        {
            if self.marker()?.is_none() {
                self.write_identity(id)?;
            }
            *self.unwritten() = None;
        }
        Ok(())
    }

    /// Marks a root that has no marker. Two processes that begin at the same time agree on one id.
    fn write_first_marker(&self) -> Result<String> {
        let root = self.root_dir()?;
        root.make_dir_if_missing(FOLDER)?;
        let folder = root.open_dir(FOLDER)?;
        // Where the filesystem has no locks, nothing excludes another process.
        let _ = rustix::fs::flock(&folder, FlockOperation::LockExclusive);
        match self.marker()? {
            Some(id) => Ok(id),
            None => self.write_marker(),
        }
    }

    fn write_marker(&self) -> Result<String> {
        let archive = self.new_identity()?;
        self.write_identity(&archive)?;
        Ok(archive)
    }

    fn write_identity(&self, archive: &str) -> Result<()> {
        let root = self.root_dir()?;
        root.make_dir_if_missing(FOLDER)?;
        let folder = root.open_dir(FOLDER)?;
        folder.take_owner_of(&root);
        folder.write_whole(FILE, &text_of(archive))?;
        folder.sync()
    }
}

impl Dir {
    /// Creates a directory unless an entry of that name exists.
    pub(super) fn make_dir_if_missing(&self, name: &[u8]) -> Result<()> {
        match rustix::fs::mkdirat(self, name, rustix::fs::Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
            Err(e) => Err(Error::io("make", super::dir::join(self.path(), name), e)),
        }
    }

    /// When run as root, gives this directory to the owner of `other`; best effort.
    pub(super) fn take_owner_of(&self, other: &Self) {
        owlery_state::give_to_owner_of(other, self);
    }

    /// When run as root, gives a file in this directory to the directory's owner; best effort.
    pub(super) fn give_owner_to(&self, file: impl std::os::fd::AsFd) {
        owlery_state::give_to_owner_of(self, file);
    }

    /// Writes a file atomically: a temporary file beside it, synced, then renamed over it.
    pub(super) fn write_whole(&self, name: &[u8], bytes: &[u8]) -> Result<()> {
        owlery_state::write_whole(self, self.path(), name, bytes, 0o644)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::Tree;

    /// Otherwise one of them copies, or retires, under an id that is not the archive's.
    #[test]
    fn processes_that_begin_at_once_agree_on_one_id() {
        for _ in 0..20 {
            let root = tempfile::tempdir().unwrap();
            std::fs::create_dir(root.path().join("Camera1")).unwrap();
            let barrier = Barrier::new(4);
            let identify = || {
                let tree = Tree::open(root.path(), "Camera.*").unwrap();
                barrier.wait();
                tree.identify().unwrap().to_owned()
            };
            let ids: Vec<String> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(identify)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        }
    }
}
