//! The renames of a pass: into it, and the removal of what they leave empty.

use std::io;

use rustix::fs::{AtFlags, RenameFlags};
use rustix::io::Errno;

use super::RetiringPass;
use crate::day_dir::DayDir;
use crate::days::open_path;
use crate::dir::{Dir, join};
use crate::error::{Error, Operation, Result};
use crate::event::Day;
use crate::queue::{FLAT_ENDING, Place};

impl RetiringPass<'_> {
    /// Renames a day, an event or a flat file into the pass, under the name `new`. Returns the directory that it is in
    /// now, which is also kept in `target` for the next one with the same goal. If the root's queue turns out to be on
    /// another filesystem, the camera's own queue is used.
    pub(super) fn move_in<'t>(
        &mut self,
        at: usize,
        goal: Goal<'_>,
        from: &Source<'_>,
        new: &[u8],
        target: &'t mut Option<Dir>,
    ) -> Result<&'t Dir> {
        loop {
            let to = match target.take() {
                Some(to) => to,
                None => self.target_of(at, goal).map_err(|error| self.name_full_queue(error, at))?,
            };
            self.touched.add(from.dir)?;
            match rename(from.dir, from.name, &to, new) {
                Err(Error::Io { source, .. }) if is(&source, Errno::XDEV) && self.place_of(at)? == Place::Root => {
                    self.apart.insert(self.cameras[at].camera().clone());
                }
                // A failing network can report a failure although the server has done the rename. The pass is new, so
                // an entry of this name in it came by this rename.
                Err(error)
                    if !error.is_not_found()
                        && matches!((from.dir.has(from.name), to.has(new)), (Ok(false), Ok(true))) =>
                {
                    tracing::warn!("{}; it was done all the same", error.chain());
                    self.has_moved = true;
                    return Ok(&*target.insert(to));
                }
                other => {
                    self.has_moved |= other.is_ok();
                    let to = target.insert(to);
                    return other.map(|()| &*to).map_err(|error| self.name_full_queue(error, at));
                }
            }
        }
    }

    /// The directory that contains the day's own directory, and the name in it.
    pub(super) fn place_of_day(&self, at: usize, day: &DayDir) -> Result<(Dir, String)> {
        let camera = &self.cameras[at];
        let path = camera.day_folder(day.day)?.unwrap_or_else(|| day.day.to_string());
        match path.rsplit_once('/') {
            None => Ok((camera.dir.again()?, path)),
            Some((above, name)) => Ok((open_path(&camera.dir, above)?, name.to_owned())),
        }
    }

    /// Removes the day's directory if it is empty; `rmdir` itself is the check. Returns whether the day is gone: one
    /// without a directory is gone with its last file.
    pub(super) fn remove_empty_day(&mut self, at: usize, day: &DayDir) -> Result<bool> {
        if day.day.date() >= self.now.yesterday() {
            return Ok(false); // Motion may be about to write there
        }
        if !day.is_whole
            && let Some(flat) = &day.flat
        {
            let is_empty = flat.list()?.entries().is_empty();
            if !is_empty || !day.has_directory {
                return Ok(is_empty);
            }
        }
        self.remove_empty_hours(day)?;
        let (parent, name) = self.place_of_day(at, day)?;
        self.touched.add(&parent)?;
        match rustix::fs::unlinkat(&parent, name.as_bytes(), AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => {
                self.remove_empty_parents(at, day.day);
                Ok(true)
            }
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(e) => Err(Error::io("remove the empty", join(parent.path(), name.as_bytes()), e)),
        }
    }
}

/// The name in a pass of a day that moves as a whole. Only the usual `2026-11-20` says where it goes back to; for other
/// names the layout in the manifest does, as for files.
pub(super) fn retired_name(day: Day, own: &str) -> String {
    let usual = day.to_string();
    if own == usual { usual } else { format!("{usual}{FLAT_ENDING}") }
}

/// Where an entry is that moves into a pass.
pub(super) struct Source<'a> {
    pub dir: &'a Dir,
    pub name: &'a [u8],
}

/// Where in a pass something goes.
#[derive(Clone, Copy)]
pub(super) enum Goal<'a> {
    /// To the camera's days: a whole day.
    Camera,
    /// To the day: an event's directory.
    Day(&'a DayDir),
    /// To the flat files of the day, in this directory below (or none): a file.
    Flat(&'a DayDir, &'a str),
}

pub(crate) fn open_or_make(parent: &Dir, name: &[u8]) -> Result<Dir> {
    if let Some(dir) = parent.open_dir_if_there(name)? {
        return Ok(dir);
    }
    parent.make_dir_if_missing(name)?;
    let dir = parent.open_dir(name)?;
    dir.take_owner_of(parent);
    Ok(dir)
}

/// Like `open_or_make`; one that is made has the mode of `like`.
pub(crate) fn open_or_make_like(parent: &Dir, name: &[u8], like: &Dir) -> Result<Dir> {
    if let Some(dir) = parent.open_dir_if_there(name)? {
        return Ok(dir);
    }
    let mode = rustix::fs::Mode::from_raw_mode(like.stat_self()?.stx_mode & 0o7777);
    let dir = open_or_make(parent, name)?;
    if let Err(error) = rustix::fs::fchmod(&dir, mode) {
        tracing::debug!("{}: its mode cannot be set: {error}", dir.path().display());
    }
    Ok(dir)
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// Renames without ever overwriting. Where the filesystem cannot guarantee that (NFS, many FUSE mounts), it checks
/// first and does a plain rename: a directory can replace only an empty one.
pub(crate) fn rename(from: &Dir, old: &[u8], to: &Dir, new: &[u8]) -> Result<()> {
    let fail = |e: Errno| Error::io(Operation::Rename, join(from.path(), old), e);
    match rustix::fs::renameat_with(from, old, to, new, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM) => {
            if to.has(new)? {
                return Err(fail(Errno::EXIST));
            }
            rustix::fs::renameat(from, old, to, new).map_err(fail)
        }
        other => other.map_err(fail),
    }
}
