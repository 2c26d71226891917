//! The directory of a cache: the one module that opens, lists, renames and removes files. It knows names and kinds of files, and
//! leaves their meaning to others.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags, ResolveFlags};

use crate::error::{Error, Result};
use crate::name::{self, Hash, Kind, Temporaries};
use crate::shared::lock;

/// The file whose lock says that the directory is in use.
const LOCK: &str = ".lock";
/// A link is not followed, and a pipe not waited for.
const SAFE: i32 = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();

/// The directory of a cache, locked against other processes.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    temporaries: Temporaries,
    /// The names of temporary files that are in use. Their owners add and remove them.
    live: Arc<Mutex<HashSet<String>>>,
    /// Locked as long as the cache is open.
    lock: File,
}

/// A file that a listing found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed {
    pub stem: Hash,
    pub kind: Kind,
}

/// A file with a temporary name. Dropped without [`Folder::publish`], it is removed.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
    name: String,
    live: Arc<Mutex<HashSet<String>>>,
    is_kept: bool,
}

impl Temporary {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file with a temporary name, which is in use from now on.
    fn new(folder: &Folder, name: String) -> Self {
        lock(&folder.live).insert(name.clone());
        Self { path: folder.path.join(&name), name, live: Arc::clone(&folder.live), is_kept: false }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = remove(&self.path)
        {
            tracing::warn!("cannot remove {}: {error}; clean removes it later", self.path.display());
        }
        lock(&self.live).remove(&self.name);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started has the file open too, until it executes its program.
        if let Err(error) = self.lock.unlock() {
            tracing::debug!("cannot unlock {}: {error}", self.path.display());
        }
    }
}

impl Folder {
    /// Makes the directory if there is none, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(|error| Error::io("make", path, error))?;
        let file = path.join(LOCK);
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).custom_flags(SAFE).open(&file);
        let lock = lock.map_err(|error| Error::io("open", &file, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(Error::InUse(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(Error::io("lock", &file, error)),
        }
        Ok(Self { path: path.to_owned(), temporaries: Temporaries::new(), live: Arc::default(), lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn path_of(&self, stem: Hash, kind: Kind) -> PathBuf {
        self.path.join(name::file_name(stem, kind))
    }

    /// Whether the name of a temporary file is of this session.
    pub(crate) fn is_current(&self, name: &str) -> bool {
        self.temporaries.is_current(name)
    }

    /// Whether a temporary file is in use.
    pub(crate) fn is_live(&self, name: &str) -> bool {
        lock(&self.live).contains(name)
    }

    /// Calls `each` with every file of the cache, and its name. Other files are skipped.
    pub(crate) fn list(&self, mut each: impl FnMut(&str, Listed)) -> Result<()> {
        let fail = |error| Error::io("list", &self.path, error);
        for entry in fs::read_dir(&self.path).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name();
            let Some(name) = name.to_str() else { continue };
            if let Some((stem, kind)) = name::parse(name) {
                each(name, Listed { stem, kind });
            }
        }
        Ok(())
    }

    /// Opens a regular file for reading; `None` if there is none.
    pub(crate) fn open_file(&self, stem: Hash, kind: Kind) -> io::Result<Option<(File, Stat)>> {
        let file = match OpenOptions::new().read(true).custom_flags(SAFE).open(self.path_of(stem, kind)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let stat = Stat::of(&file)?;
        Ok(Some((file, stat)))
    }

    /// Opens a file if its name is in the kernel's cache, so that no disk is waited for; `None` says nothing about the file.
    pub(crate) fn open_cached(&self, stem: Hash, kind: Kind) -> Option<(File, Stat)> {
        let flags = OFlags::RDONLY | OFlags::from_bits_retain(SAFE.cast_unsigned()) | OFlags::CLOEXEC;
        let path = self.path_of(stem, kind);
        let file = rustix::fs::openat2(rustix::fs::CWD, path, flags, Mode::empty(), ResolveFlags::CACHED).ok()?;
        let file = File::from(file);
        let stat = Stat::of(&file).ok()?;
        Some((file, stat))
    }

    /// Reads a small file; `None` if there is none.
    pub(crate) fn read_small(&self, stem: Hash, kind: Kind, max: u64) -> io::Result<Option<Vec<u8>>> {
        let Some((file, stat)) = self.open_file(stem, kind)? else { return Ok(None) };
        if stat.bytes > max {
            return Err(io::Error::other("it is too large"));
        }
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Opens a file of parts for reading and writing, and makes it if there is none.
    pub(crate) fn open_part(&self, stem: Hash, kind: Kind) -> io::Result<File> {
        let append = kind == Kind::PartList;
        let mut options = OpenOptions::new();
        options.read(true).create(true).mode(0o600).custom_flags(SAFE);
        if append {
            options.append(true)
        } else {
            options.write(true)
        };
        let file = options.open(self.path_of(stem, kind))?;
        Stat::of(&file)?;
        Ok(file)
    }

    /// Makes an empty file with a temporary name.
    pub(crate) fn temporary(&self, stem: Hash) -> Result<(File, Temporary)> {
        let temporary = Temporary::new(self, self.temporaries.name(stem));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary.path);
        let file = file.map_err(|error| Error::io("write", &temporary.path, error))?;
        Ok((file, temporary))
    }

    /// Writes a file with a temporary name.
    pub(crate) fn write_temporary(&self, stem: Hash, bytes: &[u8], is_synced: bool) -> Result<Temporary> {
        let (mut file, temporary) = self.temporary(stem)?;
        let written = file.write_all(bytes).and_then(|()| if is_synced { file.sync_all() } else { Ok(()) });
        written.map_err(|error| Error::io("write", temporary.path(), error))?;
        Ok(temporary)
    }

    /// Gives a temporary file its name. A file of that name is replaced.
    pub(crate) fn publish(&self, mut temporary: Temporary, stem: Hash, kind: Kind) -> Result<()> {
        let to = self.path_of(stem, kind);
        rename(&temporary.path, &to).map_err(|error| Error::io("rename to", &to, error))?;
        temporary.is_kept = true;
        Ok(())
    }

    /// Renames a file of an entry to another kind.
    pub(crate) fn change_kind(&self, stem: Hash, from: Kind, to: Kind) -> Result<()> {
        let path = self.path_of(stem, to);
        rename(&self.path_of(stem, from), &path).map_err(|error| Error::io("rename to", &path, error))
    }

    /// Takes a file's name away, at once however large it is. The file is removed when the result is dropped; `None` if there was
    /// none.
    pub(crate) fn discard(&self, stem: Hash, kind: Kind) -> Result<Option<Temporary>> {
        let from = self.path_of(stem, kind);
        let temporary = Temporary::new(self, self.temporaries.name(stem));
        match rename(&from, &temporary.path) {
            Ok(()) => Ok(Some(temporary)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("remove", &from, error)),
        }
    }

    /// Removes a file of an entry; false if there is none.
    pub(crate) fn remove(&self, stem: Hash, kind: Kind) -> Result<bool> {
        let path = self.path_of(stem, kind);
        remove(&path).map_err(|error| Error::io("remove", &path, error))
    }

    /// Removes a file by its name; false if there is none.
    pub(crate) fn remove_named(&self, name: &str) -> Result<bool> {
        let path = self.path.join(name);
        remove(&path).map_err(|error| Error::io("remove", &path, error))
    }

    /// Size and age of a file that [`Folder::list`] found, without following a link; `None` if it is gone.
    pub(crate) fn stat_named(&self, name: &str) -> io::Result<Option<Stat>> {
        match fs::symlink_metadata(self.path.join(name)) {
            Ok(found) => Ok(Some(Stat::from(&found))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Size and age of a file, without following a link; `None` if there is none.
    pub(crate) fn stat(&self, stem: Hash, kind: Kind) -> io::Result<Option<Stat>> {
        self.stat_named(&name::file_name(stem, kind))
    }

    /// Writes a file of the cache as a whole, such as the queue.
    pub(crate) fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let beside = self.path.join(format!("{name}.new"));
        // A new file: a link of that name is not followed.
        let written = remove(&beside).and_then(|_| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(bytes)?;
            rename(&beside, &path)
        });
        written.map_err(|error| {
            let _ = remove(&beside); // the error of the write is the one to report
            Error::io("write", &path, error)
        })
    }

    /// Opens a file of the cache that belongs to no entry, to append to it. A link is not followed.
    pub(crate) fn append_to(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600).custom_flags(SAFE).open(self.path.join(name))
    }

    /// Reads a file of the cache that belongs to no entry; `None` if there is none. A link is not followed.
    pub(crate) fn read_own(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut file = match OpenOptions::new().read(true).custom_flags(SAFE).open(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Syncs the directory: what has its name now, has it after a power cut.
    pub(crate) fn sync(&self) -> Result<()> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(|error| Error::io("sync", &self.path, error))
    }
}

/// Size and age of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stat {
    pub bytes: u64,
    pub modified: SystemTime,
    pub is_file: bool,
}

impl Stat {
    /// Of an open file. Anything but a regular file is an error.
    fn of(file: &File) -> io::Result<Self> {
        let stat = Self::from(&file.metadata()?);
        if stat.is_file { Ok(stat) } else { Err(io::Error::other("it is no regular file")) }
    }
}

impl From<&fs::Metadata> for Stat {
    fn from(found: &fs::Metadata) -> Self {
        Self {
            bytes: found.size(),
            modified: found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            is_file: found.is_file(),
        }
    }
}

#[allow(clippy::disallowed_methods)] // the one place
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Removes a file or a link; false if there is none.
#[allow(clippy::disallowed_methods)] // the one place
fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
