//! `.owlery/archive.json` in the root: the archive's identity. It proves that the right disk is mounted.

use serde::{Deserialize, Serialize};

use super::Tree;
use super::dir::Dir;
use crate::command_line::quote;
use crate::error::{Error, Result};

/// Where the marker lies below the root.
pub(super) const MARKER: &str = ".owlery/archive.json";
const FOLDER: &[u8] = b".owlery";
const FILE: &[u8] = b"archive.json";
/// More than any marker has, in bytes.
const LONGEST: usize = 4096;

#[derive(Serialize, Deserialize)]
struct Marker {
    /// The version of this file's form.
    owlery: u32,
    /// The identity: random, made once.
    archive: String,
}

/// What tells a root directory without a marker from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootSign {
    /// That of its filesystem, as statvfs(2) has it.
    id: u64,
    inode: u64,
    /// Its time of birth, in nanoseconds since 1970.
    born: i64,
}

/// The identity in a marker's text, or why it is none.
pub fn parse(bytes: &[u8]) -> std::result::Result<String, String> {
    let marker: Marker = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if marker.owlery != 1 {
        return Err(format!("it is of form {}, and this owlery knows form 1: use a newer one", marker.owlery));
    }
    if marker.archive.is_empty() {
        return Err("it names no archive".to_owned());
    }
    Ok(marker.archive)
}

/// A new identity.
pub(super) fn random_id() -> std::io::Result<String> {
    let mut random = [0u8; 16];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}

/// A marker's text.
pub fn text_of(archive: &str) -> Vec<u8> {
    let marker = Marker { owlery: 1, archive: archive.to_owned() };
    serde_json::to_vec(&marker).expect("a struct of a number and a string is JSON")
}

/// What an error says, without the guard's name in front.
fn message_of(error: &Error) -> String {
    match error {
        Error::Refused { message, .. } => message.clone(),
        other => other.chain(),
    }
}

impl Tree {
    /// The identity in the root's marker now; `None` where there is no marker. Never follows links. A marker that cannot be
    /// parsed is an error that says so, and is never replaced by a new one.
    pub fn marker(&self) -> Result<Option<String>> {
        let root = self.root_dir()?;
        let Some(folder) = root.open_dir_if_there(FOLDER)? else { return Ok(None) };
        let bytes = match folder.read_small(FILE, LONGEST) {
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
        Error::Refused { guard: "marker", message }
    }

    /// What is no file with a marker's text is a broken marker; what cannot be read now may be whole.
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

    /// The command by which a person accepts the root as it is.
    pub fn accept_command(&self) -> String {
        let usual = || format!("owlery accept {}", quote(self.root.as_ref()));
        self.accept.get().cloned().unwrap_or_else(usual)
    }

    /// The same where it needs more than the root.
    pub fn set_accept_command(&self, command: String) {
        let _ = self.accept.set(command);
    }

    /// Makes sure that the root carries a marker and remembers it; `None` where the root cannot take one. Such an
    /// archive can be served and is never expired.
    pub fn identify(&self) -> Option<&str> {
        let identify = || match self.marker() {
            Ok(Some(id)) => Ok(id),
            Ok(None) => self.write_marker().or_else(|error| self.provisional(error)).map_err(|error| {
                tracing::warn!("the root cannot be marked, so nothing here expires: {}", error.chain());
                format!("{} is not there and cannot be written: {}", self.root.join(MARKER).display(), error.chain())
            }),
            Err(error) => {
                let why = message_of(&error);
                tracing::error!("nothing here expires: {why}");
                Err(why)
            }
        };
        self.identity.get_or_init(identify).as_ref().ok().map(String::as_str)
    }

    /// The same, but with `false` nothing is written: a root without a marker stays without.
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

    /// Where the marker lies.
    pub fn marker_path(&self) -> std::path::PathBuf {
        self.root.join(MARKER)
    }

    /// Gives the root a new identity because a person says so, in place of a marker that is missing or broken.
    pub fn mark_anew(&self) -> Result<String> {
        self.write_marker()
    }

    /// Fails if the root carried a marker at the start and does not carry it now: another disk, or none, is mounted,
    /// and what is not there now is not gone.
    pub fn check_still_there(&self) -> Result<()> {
        match self.identity.get() {
            Some(Ok(_)) => self.verify_identity().map(|_| ()),
            _ => self.root_dir().map(|_| ()),
        }
    }

    /// Whether the root carries a marker or can take one, and is on a disk that can be written to.
    pub fn can_be_marked(&self) -> bool {
        let Ok(root) = self.root_dir() else { return false };
        let is_read_only =
            rustix::fs::fstatvfs(&root).is_ok_and(|stat| stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
        let takes = rustix::fs::access(&self.root, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok();
        !is_read_only && (takes || !matches!(self.marker(), Ok(None)))
    }

    /// Checks that the root is still the archive that this process began with: right before every pass.
    pub fn verify_identity(&self) -> Result<&str> {
        let refused = |message: String| Error::Refused { guard: "marker", message };
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

    /// An identity for a root whose disk has no room for a marker, to be written as soon as there is some.
    fn provisional(&self, error: Error) -> Result<String> {
        if !error.is_full() {
            return Err(error);
        }
        let id = self.new_identity()?;
        *self.unwritten() = Some(self.root_dir()?.inode()?);
        tracing::warn!("{}; the root is marked as soon as there is room", error.chain());
        Ok(id)
    }

    /// The identity for a root without one. A root that has lost its marker is known by what waits in its delete queue.
    fn new_identity(&self) -> Result<String> {
        let id = self.adoptable().or_else(|| self.expected.get().cloned()).map_or_else(random_id, Ok);
        id.map_err(|e| Error::io("make an identity for", self.root.join(MARKER), e))
    }

    /// Has a root without a marker be given this identity, which an earlier process could not write.
    pub fn expect_identity(&self, id: String) {
        let _ = self.expected.set(id); // the first one counts
    }

    /// What tells this root from others, where its filesystem says enough.
    pub fn root_sign(&self) -> Option<RootSign> {
        let root = self.root_dir().ok()?;
        let id = rustix::fs::fstatvfs(&root).ok()?.f_fsid;
        let sign = RootSign { id, inode: root.inode().ok()?.ino, born: super::volume::born(&root).ok()?? };
        // Two filesystems that one script made in the same second look alike without an id.
        (id != 0 || sign.born % 1_000_000_000 != 0).then_some(sign)
    }

    fn unwritten(&self) -> std::sync::MutexGuard<'_, Option<super::dir::Inode>> {
        self.unwritten.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the identity could not be written yet, and the root is still the directory that it is meant for.
    pub fn is_provisional(&self) -> bool {
        let Some(meant) = *self.unwritten() else { return false };
        self.root_dir().and_then(|root| root.inode()).is_ok_and(|inode| inode == meant)
    }

    /// Writes the marker if the disk had no room for it at the start: before anything is moved into the delete queue.
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
    /// Makes a directory unless something of that name is there.
    pub(super) fn make_dir_if_missing(&self, name: &[u8]) -> Result<()> {
        match rustix::fs::mkdirat(self, name, rustix::fs::Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
            Err(e) => Err(Error::io("make", super::dir::join(self.path(), name), e)),
        }
    }

    /// Gives this directory to the owner of `other`, if this process is root; best effort.
    pub(super) fn take_owner_of(&self, other: &Self) {
        owlery_state::give_to_owner_of(other, self);
    }

    /// Gives a file in this directory to the owner of the directory, if this process is root; best effort.
    pub(super) fn give_owner_to(&self, file: impl std::os::fd::AsFd) {
        owlery_state::give_to_owner_of(self, file);
    }

    /// Writes a file as a whole: a temporary file beside it, synced, then renamed over it.
    pub(super) fn write_whole(&self, name: &[u8], bytes: &[u8]) -> Result<()> {
        owlery_state::write_whole(self, self.path(), name, bytes, 0o644)
    }
}
