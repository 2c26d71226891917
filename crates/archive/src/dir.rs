//! Directory handles: the system calls on which this crate is built. Their errors name the path. This module does not
//! interpret names.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags, StatxFlags};
use rustix::fs::{Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// An open directory. The path is for messages only; all work uses the handle.
#[derive(Debug)]
pub(super) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
    /// Whether it was listed through this handle, so that another listing must rewind. Set by `list`.
    was_listed: AtomicBool,
}

const DIR_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

const FILE_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// Appends a name as it came from the disk.
pub(super) fn join(path: &Path, name: &[u8]) -> PathBuf {
    let mut joined = PathBuf::with_capacity(path.as_os_str().len() + 1 + name.len());
    joined.push(path);
    joined.push(OsStr::from_bytes(name));
    joined
}

/// Identifies a file while it exists, on one host between two boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Inode {
    pub dev: (u32, u32),
    pub ino: u64,
}

impl Inode {
    pub(crate) fn of(stat: &Statx) -> Self {
        Self { dev: (stat.stx_dev_major, stat.stx_dev_minor), ino: stat.stx_ino }
    }
}

/// The metadata of an entry, with the names of statx(2).
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_field_names)]
pub(crate) struct Statx {
    pub stx_nlink: u32,
    pub stx_uid: u32,
    pub stx_mode: u32,
    pub stx_ino: u64,
    pub stx_size: u64,
    /// In units of 512 bytes.
    pub stx_blocks: u64,
    /// In nanoseconds since 1970.
    pub stx_mtime: i64,
    /// In nanoseconds since 1970.
    pub stx_ctime: i64,
    pub stx_dev_major: u32,
    pub stx_dev_minor: u32,
    /// 0 if the kernel does not report it.
    pub stx_mnt_id: u64,
}

/// Nanoseconds since 1970.
pub(super) fn nanos(seconds: i64, nanos: impl Into<i64>) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos.into())
}

pub(super) fn mtime(stat: &Statx) -> i64 {
    stat.stx_mtime
}

pub(super) fn file_type(stat: &Statx) -> FileType {
    FileType::from_raw_mode(stat.stx_mode)
}

impl Dir {
    /// Opens a directory by its path, following links. For the root, which the user named.
    pub(crate) fn open_root(path: &Path) -> Result<Self> {
        let fd = rustix::fs::open(path, DIR_FLAGS, Mode::empty()).map_err(|e| Error::io("open", path, e))?;
        Ok(Self::new(fd, path.to_path_buf()))
    }

    fn new(fd: OwnedFd, path: PathBuf) -> Self {
        Self { fd, path, was_listed: AtomicBool::new(false) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a subdirectory, refusing links.
    pub(crate) fn open_dir(&self, name: &[u8]) -> Result<Self> {
        self.open_dir_with(name, DIR_FLAGS | OFlags::NOFOLLOW)
    }

    /// Opens a subdirectory, following a link. For camera directories, whose targets are checked afterwards.
    pub(crate) fn open_dir_following(&self, name: &[u8]) -> Result<Self> {
        self.open_dir_with(name, DIR_FLAGS)
    }

    fn open_dir_with(&self, name: &[u8], flags: OFlags) -> Result<Self> {
        let path = join(&self.path, name);
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty()).map_err(|e| Error::io("open", &path, e))?;
        Ok(Self::new(fd, path))
    }

    /// Opens a subdirectory to access entries by name, refusing links. It cannot be listed, but opens faster.
    pub(crate) fn enter(&self, name: &[u8]) -> Result<Self> {
        self.open_dir_with(name, OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC)
    }

    pub(crate) fn open_dir_if_there(&self, name: &[u8]) -> Result<Option<Self>> {
        match self.open_dir(name) {
            Err(error) if error.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }

    /// Opens a regular file for reading, refusing links. Never waits on a FIFO.
    pub(crate) fn open_file(&self, name: &[u8]) -> Result<OwnedFd> {
        rustix::fs::openat(&self.fd, name, FILE_FLAGS, Mode::empty())
            .map_err(|e| Error::io("open", join(&self.path, name), e))
    }

    /// Reads a whole file of at most `limit` bytes; `None` if it does not exist.
    pub(crate) fn read_small(&self, name: &[u8], limit: usize) -> Result<Option<Vec<u8>>> {
        match self.open_file(name) {
            Err(error) if error.is_not_found() => Ok(None),
            file => self.read_open(&file?, name, limit).map(Some),
        }
    }

    /// Like `read_small`, for a file in a subdirectory; no component of the path may be a link. Fails on kernels before
    /// 5.6.
    pub(crate) fn read_below(&self, path: &[u8], limit: usize) -> Result<Option<Vec<u8>>> {
        match rustix::fs::openat2(&self.fd, path, FILE_FLAGS, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(Error::io("open", join(&self.path, path), e)),
            Ok(file) => self.read_open(&file, path, limit).map(Some),
        }
    }

    fn read_open(&self, file: &OwnedFd, name: &[u8], limit: usize) -> Result<Vec<u8>> {
        let fail = |e: io::Error| Error::io("read", join(&self.path, name), e);
        let mut bytes = Vec::with_capacity(1000.min(limit + 1)); // a sidecar has about 500
        loop {
            // A regular file returns less than requested only at its end.
            rustix::io::read(file, rustix::buffer::spare_capacity(&mut bytes)).map_err(|e| fail(e.into()))?;
            if bytes.len() > limit {
                return Err(fail(io::Error::other(format!("it is larger than {limit} bytes"))));
            }
            if bytes.len() < bytes.capacity() {
                return Ok(bytes);
            }
            bytes.reserve_exact((bytes.len() * 3).min(limit + 1 - bytes.len()));
        }
    }

    pub(crate) fn stat(&self, name: &[u8]) -> Result<Statx> {
        statx(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|e| Error::io("stat", join(&self.path, name), e))
    }

    pub(crate) fn stat_self(&self) -> Result<Statx> {
        statx(&self.fd, b"", AtFlags::EMPTY_PATH).map_err(|e| Error::io("stat", &self.path, e))
    }

    /// Like `stat_self` without the mount, a third cheaper.
    pub(crate) fn fstat(&self) -> Result<Statx> {
        rustix::fs::fstat(&self.fd).map(Statx::from).map_err(|e| Error::io("stat", &self.path, e))
    }

    /// Whether an entry of that name exists, of any kind.
    pub(crate) fn has(&self, name: &[u8]) -> Result<bool> {
        // A third cheaper than a stat, and a walk does it for each event.
        match rustix::fs::accessat(&self.fd, name, Access::EXISTS, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) if is_forbidden_call(e) => self.kind(name).map(|kind| kind.is_some()),
            Err(e) => Err(Error::io("look for", join(&self.path, name), e)),
        }
    }

    /// The kind of an entry; `None` if it does not exist.
    fn kind(&self, name: &[u8]) -> Result<Option<FileType>> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(Error::io("stat", join(&self.path, name), e)),
        }
    }

    /// Calls `entry` for every name except `.` and `..`, with its kind as the directory reports it (or `Unknown`).
    pub(crate) fn list(&self, mut entry: impl FnMut(&[u8], FileType)) -> Result<()> {
        if self.was_listed.swap(true, Ordering::AcqRel) {
            rustix::fs::seek(&self.fd, rustix::fs::SeekFrom::Start(0)).map_err(|e| Error::io("list", &self.path, e))?;
        }
        let mut buffer = [const { MaybeUninit::uninit() }; 8 * 1024]; // some 200 names
        let mut names = RawDir::new(&self.fd, &mut buffer);
        while let Some(next) = names.next() {
            let next = next.map_err(|e| Error::io("list", &self.path, e))?;
            let name = next.file_name().to_bytes();
            if name != b"." && name != b".." {
                entry(name, next.file_type());
            }
        }
        Ok(())
    }

    /// All names except `.` and `..`, sorted.
    pub(crate) fn names(&self) -> Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        self.list(|name, _| names.push(name.to_vec()))?;
        names.sort_unstable();
        Ok(names)
    }

    /// Calls `each` with the metadata of this directory and of every file and directory `depth` levels down. Skips
    /// entries that vanish meanwhile, and entries of other kinds.
    pub(crate) fn walk(&self, depth: u32, each: &mut dyn FnMut(&Statx)) -> Result<()> {
        each(&self.stat_self()?);
        for name in self.names()? {
            let stat = match self.stat(&name) {
                Err(error) if error.is_not_found() => continue,
                other => other?,
            };
            match file_type(&stat) {
                FileType::RegularFile => each(&stat),
                FileType::Directory if depth > 0 => self.open_dir(&name)?.walk(depth - 1, each)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The kind of a listed entry. Asks the disk if the listing did not report it; `Unknown` if that fails.
    pub(crate) fn kind_of(&self, name: &[u8], listed: FileType) -> FileType {
        match listed {
            FileType::Unknown => self.stat(name).map_or(FileType::Unknown, |stat| file_type(&stat)),
            kind => kind,
        }
    }

    /// Whether a listed entry is a real directory.
    pub(crate) fn is_dir(&self, name: &[u8], listed: FileType) -> bool {
        self.kind_of(name, listed) == FileType::Directory
    }

    pub(crate) fn inode(&self) -> Result<Inode> {
        Ok(Inode::of(&self.stat_self()?))
    }

    /// The mount of this directory: device and mount id. Two mounts of one filesystem differ, since no rename leads
    /// from one to the other.
    pub(crate) fn mount(&self) -> Result<(u32, u32, u64)> {
        let stat = self.stat_self()?;
        Ok((stat.stx_dev_major, stat.stx_dev_minor, stat.stx_mnt_id))
    }

    /// A second handle on the same directory.
    pub(crate) fn again(&self) -> Result<Self> {
        let fd = self.fd.try_clone().map_err(|e| Error::io("open", &self.path, e))?;
        self.was_listed.store(true, Ordering::Release); // both share their position in the list
        let was_listed = AtomicBool::new(true);
        Ok(Self { fd, path: self.path.clone(), was_listed })
    }

    /// The directories above, nearest first, up to `/`.
    pub(crate) fn ancestors(&self) -> Result<Vec<Inode>> {
        let mut chain = Vec::new();
        let mut here = self.inode()?;
        let mut dir = self.again()?;
        loop {
            // Not opened for reading: a user may pass through folders that are not readable.
            dir = dir.enter(b"..")?;
            let above = dir.inode()?;
            if above == here {
                return Ok(chain);
            }
            chain.push(above);
            here = above;
        }
    }

    /// Makes changes in this directory durable, if the filesystem can: some shared folders of virtual machines and
    /// network filesystems cannot sync a directory.
    pub(crate) fn sync(&self) -> Result<()> {
        match rustix::fs::fsync(&self.fd) {
            Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => Ok(()),
            synced => synced.map_err(|e| Error::io("sync", &self.path, e)),
        }
    }

    /// Sets the directory's modification time in nanoseconds since 1970. Does nothing where that is not allowed.
    pub(crate) fn set_mtime(&self, nanos: i64) {
        if let Err(error) = rustix::fs::futimens(&self.fd, &modified_at(nanos)) {
            tracing::debug!("{}: its time cannot be set back: {error}", self.path.display());
        }
    }
}

/// For `futimens`: this modification time, in nanoseconds since 1970, and no change of the access time.
pub(super) fn modified_at(nanos: i64) -> Timestamps {
    let seconds = nanos.div_euclid(1_000_000_000);
    let last_modification = Timespec { tv_sec: seconds, tv_nsec: nanos.rem_euclid(1_000_000_000) };
    Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification }
}

/// Opens a file by its whole path if all of it is cached and nothing on it is a link (`RESOLVE_CACHED`, kernels from
/// 5.12). Never waits for a disk.
pub(super) fn open_cached(path: &[u8]) -> Option<OwnedFd> {
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::CACHED;
    rustix::fs::openat2(rustix::fs::CWD, path, FILE_FLAGS, Mode::empty(), resolve).ok()
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether a system call failed as it does where it is not available: kernels before it return `ENOSYS`, and the filter
/// of an older container runtime returns `EPERM` for calls that it does not know. The caller then tries an older call,
/// which returns `EPERM` again if that was the file's own permission.
pub(super) fn is_forbidden_call(error: Errno) -> bool {
    matches!(error, Errno::NOSYS | Errno::PERM)
}

/// statx(2), or fstatat(2) where that is forbidden; the latter cannot distinguish mounts of one filesystem.
pub(super) fn statx(fd: impl AsFd, name: &[u8], flags: AtFlags) -> Result<Statx, Errno> {
    match rustix::fs::statx(&fd, name, flags, StatxFlags::BASIC_STATS | StatxFlags::MNT_ID) {
        Ok(stat) => Ok(Statx::from(stat)),
        Err(error) if is_forbidden_call(error) => rustix::fs::statat(&fd, name, flags).map(Statx::from),
        Err(error) => Err(error),
    }
}

impl From<rustix::fs::Statx> for Statx {
    fn from(stat: rustix::fs::Statx) -> Self {
        Self {
            stx_nlink: stat.stx_nlink,
            stx_uid: stat.stx_uid,
            stx_mode: stat.stx_mode.into(),
            stx_ino: stat.stx_ino,
            stx_size: stat.stx_size,
            stx_blocks: stat.stx_blocks,
            stx_mtime: nanos(stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec),
            stx_ctime: nanos(stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec),
            stx_dev_major: stat.stx_dev_major,
            stx_dev_minor: stat.stx_dev_minor,
            stx_mnt_id: stat.stx_mnt_id,
        }
    }
}

impl From<rustix::fs::Stat> for Statx {
    fn from(stat: rustix::fs::Stat) -> Self {
        Self {
            stx_nlink: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
            stx_uid: stat.st_uid,
            stx_mode: stat.st_mode,
            stx_ino: stat.st_ino,
            stx_size: u64::try_from(stat.st_size).unwrap_or(0),
            stx_blocks: u64::try_from(stat.st_blocks).unwrap_or(0),
            stx_mtime: nanos(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or(0)),
            stx_ctime: nanos(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).unwrap_or(0)),
            stx_dev_major: rustix::fs::major(stat.st_dev),
            stx_dev_minor: rustix::fs::minor(stat.st_dev),
            stx_mnt_id: 0,
        }
    }
}
