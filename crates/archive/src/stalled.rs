//! The disks that do not respond: a network share whose server is off, a failing drive. Every access to the tree checks
//! this first, so that an operation fails at once instead of waiting for ever. `service::pulse` detects them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Tree;
use super::dir::Dir;
use crate::error::{Error, Result};
use crate::event::Camera;
use crate::retention::Disk;

/// The state of the archive's disks. Written by the service's disk monitor, read by every operation.
#[derive(Debug, Default)]
pub(crate) struct Stalled {
    /// Whether `paths` is not empty; read without the lock.
    any: AtomicBool,
    paths: Mutex<BTreeSet<PathBuf>>,
    /// The root's disk and the cameras on other disks, from the last check that returned.
    last: Mutex<Option<(Disk, BTreeSet<Camera>)>>,
    /// Cameras that are opened on threads of their own: those on other disks than the root's. Written by `note_disk`.
    apart: Mutex<BTreeSet<Camera>>,
}

/// A disk that takes longer to open a directory does not respond. A sleeping disk needs up to ten seconds to spin up.
pub const RESPONSE_LIMIT: Duration = Duration::from_secs(15);
/// The name of the threads that open directories of disks that may hang.
pub const OPENER: &str = "owlery-open";
/// How often a thread that waits for a disk checks whether that is known to hang.
const CHECK_PERIOD: Duration = Duration::from_millis(100);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stalled {
    /// Fails if the disk at `path` does not respond.
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        if self.any.load(Ordering::Acquire) && lock(&self.paths).contains(path) {
            return Err(no_response(path));
        }
        Ok(())
    }
}

fn no_response(path: &Path) -> Error {
    let why = "its disk does not respond; it is retried when it does";
    Error::io("open", path, io::Error::new(io::ErrorKind::TimedOut, why))
}

impl Tree {
    /// Sets the directories (the root, cameras) whose disks do not respond.
    pub fn set_stalled(&self, paths: BTreeSet<PathBuf>) {
        let is_any = !paths.is_empty();
        *lock(&self.stalled.paths) = paths;
        self.stalled.any.store(is_any, Ordering::Release);
    }

    /// Runs `open`, which opens the directory of a camera. In a service, for a camera on another disk than the root's, on a
    /// thread of its own: if that disk hangs, this fails after a while, and the calling thread goes on with other cameras.
    pub(super) fn open_unless_hung<T: Send + 'static>(
        &self,
        camera: &Camera,
        open: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let path = self.root.join(camera.as_str());
        self.stalled.check(&path)?;
        if !lock(&self.stalled.apart).contains(camera) {
            return open();
        }
        let (done, opened) = sync_channel(1);
        let thread = std::thread::Builder::new().name(OPENER.to_owned());
        let started = thread.spawn(move || {
            let _ = done.send(open()); // an error means that the caller has given up
        });
        started.map_err(|e| Error::io("start a thread for", &path, e))?;
        let begun = Instant::now();
        loop {
            match opened.recv_timeout(CHECK_PERIOD) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) if begun.elapsed() < RESPONSE_LIMIT => self.stalled.check(&path)?,
                Err(_) => return Err(no_response(&path)),
            }
        }
    }

    /// Whether any disk of the archive does not respond.
    pub fn is_stalled(&self) -> bool {
        self.stalled.any.load(Ordering::Acquire)
    }

    /// Whether the root's disk, or that of this camera, does not respond.
    pub fn is_stalled_for(&self, camera: Option<&Camera>) -> bool {
        let paths = std::iter::once(self.root.clone()).chain(camera.map(|camera| self.root.join(camera.as_str())));
        self.is_stalled() && paths.into_iter().any(|path| self.stalled.check(&path).is_err())
    }

    /// The root's disk, and the cameras on other disks. In a running service from its last check, without waiting for
    /// the disk; else read now.
    pub fn last_disk(&self) -> Result<(Disk, BTreeSet<Camera>)> {
        let last = lock(&self.stalled.last).clone();
        last.map_or_else(|| Ok((self.disk()?, self.cameras_apart().unwrap_or_default())), Ok)
    }

    /// The directories of the cameras, listed even while the root's disk does not respond: this shows whether it
    /// responds again.
    pub fn camera_paths(&self) -> Result<Vec<PathBuf>> {
        let root = Dir::open_root(&self.root)?;
        Ok(self.camera_names(&root)?.into_iter().map(|camera| self.root.join(camera.as_str())).collect())
    }

    /// Stores the disk for [`Tree::last_disk`]. If it cannot be read, nothing is stored: an error is a response, and
    /// older values say nothing about a disk that is gone.
    pub fn note_disk(&self) -> Result<()> {
        let read = || {
            let open = self.cameras()?.open;
            let apart = self.apart_among(&open)?;
            let mut known = lock(&self.stalled.apart);
            known.retain(|camera| !open.iter().any(|open| open.camera() == camera)); // its disk may hang just now
            known.extend(apart.iter().cloned());
            Ok((self.disk()?, apart))
        };
        let found = read();
        let (last, result) = match found {
            Ok(found) => (Some(found), Ok(())),
            Err(error) => (None, Err(error)),
        };
        *lock(&self.stalled.last) = last;
        result
    }
}
