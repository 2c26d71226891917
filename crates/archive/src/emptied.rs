//! Removes event directories that another program (Motion's `cleandir`, `find -delete`) emptied in place. Only files
//! with names of Owlery's own are removed, then directories with `rmdir`, which fails if anything else is in them. The
//! numbered procedure is in `doc/retention.md`.

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::day_dir::DayDir;
use super::dir::{Dir, file_type, join, mtime};
use super::event_dir::{Depth, MAX_DEPTH, Names};
use super::sidecar::SIDECAR;
use super::{CameraDir, SAVED, Tree};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Day, Details, EventName, Movie};
use crate::fault::crash;

/// What is left in the directory of an event without recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing, or only Owlery's own files and directories without files (Motion's `debug`).
    Nothing,
    /// `.saved`, and at most what `Nothing` allows.
    Saved,
    /// Files of other programs.
    Others,
}

/// The contents of an event's directory, by its names.
#[derive(Debug, Clone, Copy)]
pub struct Contents {
    /// What is left; `None` if there are recordings.
    pub left: Option<Left>,
    /// Whether the recordings differ from those in the catalog.
    pub differs: bool,
    /// When its names last changed, in nanoseconds since 1970.
    pub changed: i64,
}

impl Contents {
    fn of(dir: &Dir, event: EventName, known: Option<&Details>) -> Result<Self> {
        let names = Names::read(dir, Depth::NamesOnly, event)?;
        let (frames, is_emptied) = (names.frames.len() as u64, names.frames.is_empty() && names.videos.is_empty());
        let left = if is_emptied { Some(left_in(dir)?) } else { None };
        let differs = match known {
            None => false,
            Some(known) => {
                let counted = known.frames.map(u64::from);
                let is_listed = |movie: &&Movie| names.videos.iter().any(|there| there.name == movie.name);
                let mut lacks_movie = known.videos.is_empty() && !names.videos.is_empty();
                for movie in known.videos.iter().filter(|movie| !is_listed(movie)) {
                    lacks_movie |= !dir.has(movie.name.as_str().as_bytes())?;
                }
                lacks_movie || counted.map_or(is_emptied, |counted| counted != frames)
            }
        };
        Ok(Self { left, differs, changed: mtime(&dir.stat_self()?) })
    }
}

/// Whether this is the name of a sidecar, or of one that was being written.
pub(super) fn is_own(name: &[u8]) -> bool {
    name == SIDECAR.as_bytes() || (name.starts_with(b".details.json.") && name.ends_with(b".tmp"))
}

/// What is left in the directory of an event without recordings.
fn left_in(dir: &Dir) -> Result<Left> {
    let (mut is_saved, mut has_other) = (false, false);
    let mut below = Vec::new();
    dir.list(|name, kind| {
        if name == SAVED.as_bytes() {
            is_saved = true;
        } else if !is_own(name) {
            let is_dir = !has_other && dir.is_dir(name, kind);
            has_other |= !is_dir;
            if is_dir {
                below.push(name.to_vec());
            }
        }
    })?;
    if has_other {
        return Ok(Left::Others);
    }
    for name in below {
        if !has_no_files(&dir.open_dir(&name)?, MAX_DEPTH)? {
            return Ok(Left::Others);
        }
    }
    Ok(if is_saved { Left::Saved } else { Left::Nothing })
}

/// Whether a directory contains only directories, as deep as `depth`.
fn has_no_files(dir: &Dir, depth: u32) -> Result<bool> {
    for name in dir.names()? {
        let stat = dir.stat(&name)?;
        if depth == 0 || file_type(&stat) != FileType::Directory || !has_no_files(&dir.open_dir(&name)?, depth - 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes the directories below, deepest first, if they are empty; false if one is not.
fn remove_dirs_in(dir: &Dir, depth: u32) -> Result<bool> {
    for name in dir.names()? {
        if depth == 0 || file_type(&dir.stat(&name)?) != FileType::Directory {
            return Ok(false);
        }
        if !remove_dirs_in(&dir.open_dir(&name)?, depth - 1)? || !remove_dir(dir, &name)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl DayDir {
    /// The contents of an event's directory, by its names, compared with the event's known details.
    pub fn contents(&self, name: EventName, known: Option<&Details>) -> Result<Contents> {
        if let Some(flat) = self.flat_event(name)? {
            // A flat event without files does not exist, so nothing of it is left.
            let there = flat.read(self.day, Depth::NamesOnly)?.details;
            let is_listed = |movie: &Movie| there.videos.iter().any(|other| other.name == movie.name);
            let differs = known
                .is_some_and(|known| there.videos.len() != known.videos.len() || !known.videos.iter().all(is_listed));
            return Ok(Contents { left: None, differs, changed: 0 });
        }
        Contents::of(&self.dir.open_dir(name.text().as_bytes())?, name, known)
    }

    /// Steps 2 and 3: removes the directory of an emptied event. False if it contains anything else by now; then it
    /// stays.
    fn remove_emptied_event(&self, name: EventName) -> Result<bool> {
        let text = name.text();
        let dir = self.dir.open_dir(text.as_bytes())?;
        if left_in(&dir)? != Left::Nothing {
            return Ok(false);
        }
        for own in dir.names()?.iter().filter(|name| is_own(name)) {
            match rustix::fs::unlinkat(&dir, own, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(e) => return Err(Error::io("remove", join(dir.path(), own), e)),
            }
        }
        crash("emptied-2");
        Ok(remove_dirs_in(&dir, MAX_DEPTH)? && remove_dir(&self.dir, text.as_bytes())?)
    }
}

/// Removes a directory if it is empty; false if it is not.
fn remove_dir(parent: &Dir, name: &[u8]) -> Result<bool> {
    match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        Err(e) => Err(Error::io("remove the empty", join(parent.path(), name), e)),
    }
}

impl Tree {
    /// Steps 1 to 4: removes the directories of these emptied events, and the day's if that leaves it empty. Returns
    /// the removed events; one that cannot be removed is logged and does not stop the rest. Removes nothing of today or
    /// yesterday.
    pub fn remove_emptied(
        &self,
        camera: &CameraDir,
        day: Day,
        names: &[EventName],
        now: Now,
    ) -> Result<Vec<EventName>> {
        if day.date() >= now.yesterday() {
            return Ok(Vec::new());
        }
        self.verify_identity()?;
        self.check_disk(camera)?;
        let dir = camera.day(day)?;
        let mut gone = Vec::new();
        for name in names {
            match dir.remove_emptied_event(*name) {
                Ok(true) => gone.push(*name),
                Ok(false) => {}
                Err(error) => tracing::warn!("{}", error.chain()),
            }
        }
        crash("emptied-3");
        if !gone.is_empty() {
            dir.dir.sync()?;
            if let Err(error) = remove_dir(&camera.dir, day.to_string().as_bytes()) {
                tracing::warn!("{}", error.chain());
            }
        }
        crash("emptied-4");
        Ok(gone)
    }
}
