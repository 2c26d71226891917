//! Puts events back that come from elsewhere, such as a store: their files are gathered in a hidden directory of their camera, on
//! the same filesystem, and one rename puts a whole event in place. Nothing is overwritten. The numbered procedure is in
//! `doc/stores.md`; the numbers in the comments here are its steps. Where the files come from, and whether they are right, is for the
//! caller; step 4, which protects the day from the next pass, belongs to the expirer.

mod flat;

use std::fs::File;

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::dir::{Dir, file_type, join, modified_at, mtime};
use super::queue::FLAT_ENDING;
use super::restore::is_taken;
use super::retire::{empty, open_or_make, open_or_make_like, rename};
use super::save::mark;
use super::{CameraDir, Report, Tree};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId, EventName};
use crate::fault::crash;

/// The directory of a camera in which events are gathered. Hidden: no program takes it for a day.
const GATHERED: &[u8] = b".owlery-recall";
/// What the name of an event ends with there until it is whole.
const PARTIAL: &str = ".part";
/// A file without a name for long: removed as soon as it is open.
const SCRATCH: &[u8] = b"scratch";
const DEBUG: &[u8] = b"debug";
/// Events have a folder for debug frames.
const MAX_DEPTH: u32 = 1;
/// How often the directory is opened again because another process has just removed it.
const TRIES: usize = 10;

/// How the files of an event lie in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// In a directory of its own.
    Directory,
    /// By their own names among the files of a flat layout.
    Flat,
    /// Not known: only some of its files are of the camera's layout.
    Unclear,
}

/// A camera whose events come back. Only one process at a time has it; dropping it gives it free.
#[derive(Debug)]
pub struct Recall {
    camera: CameraDir,
    dir: Dir,
}

/// An event that is being gathered. No program sees it yet.
#[derive(Debug)]
pub struct Gathering<'a> {
    recall: &'a Recall,
    dir: Dir,
    /// Its name once it is whole.
    name: String,
}

/// What came of putting an event in place.
#[derive(Debug, Default)]
pub struct Placed {
    /// Whether the archive did not have the event.
    pub is_new: bool,
    /// How many of its files are in the archive now that were not.
    pub files: u64,
    /// Files that are there already with another size. They stay.
    pub left: Vec<Report>,
    /// Whether its files are flat, so that its whole day is to be read again.
    pub is_flat: bool,
}

fn name_of(day: Day, name: EventName, shape: Shape) -> String {
    format!("{day}-{name}{}", if shape == Shape::Flat { FLAT_ENDING } else { "" })
}

impl Tree {
    /// Step 1: makes the camera's directory if it is missing, and the hidden one in it, and removes from it what an interrupted
    /// recall has left. Fails with a refusal if the archive, or the camera's disk, is another one than before or cannot be written;
    /// and if another process is recalling events of the camera.
    pub fn begin_recall(&self, camera: &Camera) -> Result<Recall> {
        self.verify_identity()?;
        self.verify_writable()?;
        let camera = self.camera_to_recall(camera)?;
        for _ in 0..TRIES {
            let dir = open_or_make(&camera.dir, GATHERED)?;
            if !lock(&dir)? {
                let busy = std::io::Error::other("another owlery is recalling events of this camera; wait for its end");
                return Err(Error::io("lock", dir.path(), busy));
            }
            // The process that had the lock before may have removed the directory.
            if camera.dir.open_dir_if_there(GATHERED)?.is_some_and(|now| is_same(&now, &dir)) {
                let recall = Recall { camera, dir };
                remove_all(&recall.dir)?;
                crash("recall-1");
                return Ok(recall);
            }
        }
        Err(Error::io("make", join(camera.dir.path(), GATHERED), std::io::Error::from(std::io::ErrorKind::NotFound)))
    }

    fn camera_to_recall(&self, camera: &Camera) -> Result<CameraDir> {
        let path = || join(self.root(), camera.as_str().as_bytes());
        if self.is_camera(camera.as_str()).is_none() {
            let why = format!("it does not match --camera-pattern {}; set one that it matches", self.pattern());
            return Err(Error::io("make the camera", path(), std::io::Error::other(why)));
        }
        let is_in_root = self.may_be_in_root(camera.as_str()) && self.is_camera_directory(camera.as_str()).is_none();
        let open = match self.camera(camera) {
            Err(error) if error.is_not_found() && !is_in_root => {
                let root = self.root_dir()?;
                open_or_make(&root, camera.as_str().as_bytes())?;
                root.sync()?;
                self.camera(camera)?
            }
            other => other?,
        };
        self.check_disk(&open)?;
        Ok(open)
    }

    /// Steps 5 and 6: puts a gathered event in place by one rename; where its directory exists, the files that are missing in it.
    /// Nothing is overwritten. Fails with [`Error::Unknown`] if the event is not gathered, or not whole. The caller protects the
    /// day first, and holds its lock.
    pub fn place_recalled(&self, id: &EventId) -> Result<Placed> {
        self.verify_identity()?;
        self.verify_writable()?;
        let camera = self.camera(&id.camera)?;
        self.check_disk(&camera)?;
        let gathered = name_of(id.day, id.name, Shape::Directory);
        let unknown = || Error::Unknown { what: "recalled event", name: id.to_string() };
        let from = camera.dir.open_dir_if_there(GATHERED)?.ok_or_else(unknown)?;
        let flat = name_of(id.day, id.name, Shape::Flat);
        if let Some(files) = from.open_dir_if_there(flat.as_bytes())? {
            let placed = self.place_flat(&camera, id, &files)?;
            remove(&from, flat.as_bytes())?;
            return Ok(placed);
        }
        let event = from.open_dir_if_there(gathered.as_bytes())?.ok_or_else(unknown)?;
        Self::check_shape(&camera, id, &event)?;
        let time = mtime(&event.stat_self()?);
        let files = count(&event)?;
        let text = id.day.to_string();
        let day = open_or_make_like(&camera.dir, text.as_bytes(), &camera.dir)?;
        camera.dir.sync()?;
        let own = id.name.text();
        match rename(&from, gathered.as_bytes(), &day, own.as_bytes()) {
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
            Ok(()) => {
                crash("recall-5");
                event.set_mtime(time); // some filesystems change it
                day.sync()?;
                from.sync()?;
                crash("recall-6");
                return Ok(Placed { is_new: true, files, ..Placed::default() });
            }
        }
        let placed = merge(&event, &day.open_dir(own.as_bytes())?)?;
        remove(&from, gathered.as_bytes())?;
        Ok(placed)
    }

    /// Removes what interrupted recalls have left, but for cameras whose events are being recalled now.
    pub fn remove_recall_leftovers(&self) -> Result<()> {
        if self.verify_identity().is_err() {
            return Ok(()); // whose leftovers these are is not known
        }
        for camera in self.cameras()?.open.iter().filter(|camera| camera.has_directory()) {
            let Some(dir) = camera.dir.open_dir_if_there(GATHERED)? else { continue };
            if !lock(&dir)? {
                continue;
            }
            if !dir.names()?.is_empty() {
                tracing::info!(path = %dir.path().display(), "removing what an interrupted recall has left");
                remove_all(&dir)?;
            }
            remove_empty(&camera.dir);
        }
        Ok(())
    }
}

impl Recall {
    /// Begins to gather an event.
    pub fn gather(&self, day: Day, name: EventName, shape: Shape) -> Result<Gathering<'_>> {
        self.forget(day, name)?;
        let name = name_of(day, name, shape);
        let dir = open_or_make_like(&self.dir, format!("{name}{PARTIAL}").as_bytes(), &self.camera.dir)?;
        Ok(Gathering { recall: self, dir, name })
    }

    /// Removes a gathered event that could not be put in place.
    pub fn forget(&self, day: Day, name: EventName) -> Result<()> {
        for shape in [Shape::Directory, Shape::Flat] {
            let name = name_of(day, name, shape);
            remove(&self.dir, name.as_bytes())?;
            remove(&self.dir, format!("{name}{PARTIAL}").as_bytes())?;
        }
        Ok(())
    }
}

impl Drop for Recall {
    fn drop(&mut self) {
        remove_empty(&self.camera.dir);
    }
}

impl Gathering<'_> {
    /// Makes a file of the event, which must not exist yet; with `in_debug`, in its `debug/`.
    pub fn create(&self, in_debug: bool, name: &str) -> Result<File> {
        let debug = if in_debug { Some(open_or_make_like(&self.dir, DEBUG, &self.dir)?) } else { None };
        create(debug.as_ref().unwrap_or(&self.dir), name.as_bytes())
    }

    /// A file that has no name, to read and to write: it is gone when it is closed.
    pub fn scratch(&self) -> Result<File> {
        let dir = &self.recall.dir;
        remove(dir, SCRATCH)?;
        let file = create(dir, SCRATCH)?;
        remove(dir, SCRATCH)?;
        Ok(file)
    }

    /// Ends a file: it gets its modification time, in nanoseconds since 1970, and with `synced` it is durable when this returns. The
    /// others are by [`Gathering::finish`].
    pub fn end_file(&self, file: &File, modified: i64, synced: bool) -> Result<()> {
        let fail = |e: std::io::Error| Error::io("write", self.dir.path(), e);
        rustix::fs::futimens(file, &modified_at(modified)).map_err(|e| fail(e.into()))?;
        if synced {
            file.sync_all().map_err(fail)?;
        }
        crash("recall-2");
        Ok(())
    }

    /// Step 3: saves the event if `is_saved`, gives its directory its modification time, makes all of it durable, and marks it as
    /// whole. It can be put in place then.
    pub fn finish(self, modified: i64, is_saved: bool) -> Result<()> {
        if is_saved {
            mark(&self.dir)?;
        }
        if let Some(debug) = self.dir.open_dir_if_there(DEBUG)? {
            debug.set_mtime(modified);
        }
        self.dir.set_mtime(modified);
        // One call for what can be thousands of frames.
        rustix::fs::syncfs(&self.dir).map_err(|e| Error::io("sync", self.dir.path(), e))?;
        let (dir, own) = (&self.recall.dir, &self.name);
        rename(dir, format!("{own}{PARTIAL}").as_bytes(), dir, own.as_bytes())?;
        dir.sync()?;
        crash("recall-3");
        Ok(())
    }

    /// Removes what was gathered.
    pub fn discard(self) -> Result<()> {
        remove(&self.recall.dir, format!("{}{PARTIAL}", self.name).as_bytes())
    }
}

/// Takes the lock of a directory; false if another process has it. Where the filesystem has no locks, nothing excludes another process.
fn lock(dir: &Dir) -> Result<bool> {
    match rustix::fs::flock(dir, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Ok(false),
        Ok(()) | Err(Errno::NOTSUP | Errno::NOLCK | Errno::BADF | Errno::INVAL | Errno::NOSYS) => Ok(true),
        Err(e) => Err(Error::io("lock", dir.path(), e)),
    }
}

fn is_same(one: &Dir, other: &Dir) -> bool {
    matches!((one.inode(), other.inode()), (Ok(one), Ok(other)) if one == other)
}

fn create(dir: &Dir, name: &[u8]) -> Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, name, flags, Mode::from_raw_mode(0o644));
    let file = file.map_err(|e| Error::io("make", join(dir.path(), name), e))?;
    dir.give_owner_to(&file);
    Ok(file.into())
}

/// The number of files in an event's directory and its `debug/`, without hidden ones.
fn count(event: &Dir) -> Result<u64> {
    let mut files = 0;
    for dir in [Some(event.again()?), event.open_dir_if_there(DEBUG)?].into_iter().flatten() {
        dir.list(|name, kind| {
            files += u64::from(!name.starts_with(b".") && dir.kind_of(name, kind) == FileType::RegularFile);
        })?;
    }
    Ok(files)
}

/// Moves the files of a gathered event into the event's directory, each that is missing there.
fn merge(from: &Dir, event: &Dir) -> Result<Placed> {
    let mut placed = Placed::default();
    let time = mtime(&event.stat_self()?);
    if let Some(debug) = from.open_dir_if_there(DEBUG)? {
        let own = event.open_dir_if_there(DEBUG)?;
        let of_debug = mtime(&own.as_ref().unwrap_or(&debug).stat_self()?);
        let to = own.map_or_else(|| open_or_make_like(event, DEBUG, event), Ok)?;
        move_missing(&debug, &to, of_debug, &mut placed)?;
    }
    move_missing(from, event, time, &mut placed)?;
    Ok(placed)
}

/// The directory keeps its `time`: a new one would mean that Motion writes the event.
fn move_missing(from: &Dir, to: &Dir, time: i64, placed: &mut Placed) -> Result<()> {
    for name in from.names()? {
        let stat = from.stat(&name)?;
        // Whether an event that exists is saved is for its user.
        if name.starts_with(b".") || file_type(&stat) != FileType::RegularFile {
            continue;
        }
        move_file((from, &name), to, placed)?;
        crash("recall-5");
    }
    to.set_mtime(time);
    to.sync()?;
    crash("recall-6");
    Ok(())
}

/// Removes the hidden directory of a camera if it is empty. What is left there is removed by the next recall.
fn remove_empty(camera: &Dir) {
    let _ = rustix::fs::unlinkat(camera, GATHERED, AtFlags::REMOVEDIR);
}

/// Moves a file unless its name is taken. One of another size there is reported.
fn move_file((from, name): (&Dir, &[u8]), to: &Dir, placed: &mut Placed) -> Result<()> {
    match rename(from, name, to, name) {
        Ok(()) => placed.files += 1,
        Err(error) if is_taken(&error) => {
            let (stat, there) = (from.stat(name)?, to.stat(name)?);
            if file_type(&there) != FileType::RegularFile || there.stx_size != stat.stx_size {
                let why = "it is there already, and is another file; it stays";
                placed.left.push(Report::failure(join(to.path(), name), why));
            }
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn remove_all(gathered: &Dir) -> Result<()> {
    gathered.names()?.iter().try_for_each(|name| remove(gathered, name))
}

/// Removes a gathered event, or a file; does nothing if there is none. A whole event is marked as partial first: one that
/// is being removed is never put in place.
fn remove(gathered: &Dir, name: &[u8]) -> Result<()> {
    let fail = |e: Errno| Error::io("remove", join(gathered.path(), name), e);
    match gathered.stat(name) {
        Err(error) if error.is_not_found() => return Ok(()),
        Ok(stat) if file_type(&stat) == FileType::Directory => {}
        Ok(_) => return rustix::fs::unlinkat(gathered, name, AtFlags::empty()).map_err(fail),
        Err(error) => return Err(error),
    }
    let partial = [name, PARTIAL.as_bytes()].concat();
    if !name.ends_with(PARTIAL.as_bytes()) {
        remove(gathered, &partial)?;
        rename(gathered, name, gathered, &partial)?;
        return remove(gathered, &partial);
    }
    let event = gathered.open_dir(name)?;
    if event.mount()? != gathered.mount()? {
        return Err(fail(Errno::BUSY));
    }
    empty(&event, MAX_DEPTH)?;
    rustix::fs::unlinkat(gathered, name, AtFlags::REMOVEDIR).map_err(fail)
}

#[cfg(test)]
mod tests;
