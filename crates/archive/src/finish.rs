//! Changes an event's directory while the event is finished: moves a second event out of it, moves debug frames, adds a movie
//! and a thumbnail, and renames it. The numbered procedure is in `doc/finishing.md`; the numbers in the comments here are its
//! steps. What belongs together is planned by `owlery_model::finishing`, and what is added is made by the caller. Nothing is
//! overwritten.

mod addition;

use std::time::Duration;

use rustix::fs::FileType;

use super::day_dir::DayDir;
use super::dir::{Dir, file_type, join, mtime};
use super::restore::is_taken;
use super::retire::{open_or_make_like, rename};
use super::{SAVED, Tree, exif};
use crate::error::{Error, Result};
use crate::event::frames::{Frame, Shows};
use crate::event::{EventId, EventName};
use crate::fault::crash;
use crate::finishing::{File, Part, names, parts};
pub use addition::{Addition, MadeOf};

/// In a directory that was split off and is not finished yet: the name of the directory that it was split off from.
const SPLIT_OFF: &[u8] = b".finishing";
/// A larger file of that name is not ours.
const MAX_SPLIT_OFF: usize = 4096;
const DEBUG: &[u8] = b"debug";
/// No frame is larger, in bytes.
const MAX_FRAME: usize = 64 * 1024 * 1024;

/// An event's directory that is to be finished. It is open, so all steps work on the same directory.
#[derive(Debug)]
pub struct Unfinished {
    day: DayDir,
    dir: Dir,
    name: EventName,
}

impl Tree {
    /// Opens an event that is to be finished. Fails with a refusal if the archive, or the camera's disk, is another one than
    /// before or cannot be written.
    pub fn unfinished(&self, id: &EventId) -> Result<Unfinished> {
        self.verify_identity()?;
        self.verify_writable()?;
        let camera = self.camera(&id.camera)?;
        self.check_disk(&camera)?;
        let day = camera.day(id.day)?;
        let dir = day.dir.open_dir(id.name.text().as_bytes())?;
        Ok(Unfinished { day, dir, name: id.name })
    }

    /// Step 9: removes the marker of an event from `queue/` if it is still the one that was modified at `mtime` (nanoseconds since
    /// 1970). Returns whether it is gone.
    pub fn remove_queue_marker(&self, id: &EventId, mtime_seen: i64) -> Result<bool> {
        self.verify_identity()?;
        let Some(queue) = self.root_dir()?.open_dir_if_there(b"queue")? else { return Ok(true) };
        let name = crate::event::QueueMarker(id.clone()).to_string();
        let stat = match queue.stat(name.as_bytes()) {
            Err(error) if error.is_not_found() => return Ok(true),
            stat => stat?,
        };
        if mtime(&stat) != mtime_seen {
            return Ok(false); // Motion has touched it again, for another event
        }
        queue.remove_own(name.as_bytes())?;
        queue.sync()?;
        crash("finish-9");
        Ok(true)
    }
}

impl Dir {
    /// Removes a file that Owlery made, or a marker; does nothing if there is none.
    fn remove_own(&self, name: &[u8]) -> Result<()> {
        match rustix::fs::unlinkat(self, name, rustix::fs::AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(e) => Err(Error::io("remove", join(self.path(), name), e)),
        }
    }
}

impl Unfinished {
    /// Its id.
    pub fn id(&self) -> EventId {
        self.day.id(self.name)
    }

    /// Its path, for messages.
    pub fn path(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The events that its files belong to, in the order of time; see [`parts`].
    pub fn parts(&self, gap: Duration) -> Result<Vec<Part>> {
        let mut files = Vec::new();
        list_files(&self.dir, b"", &mut files)?;
        if let Some(debug) = self.dir.open_dir_if_there(DEBUG)? {
            list_files(&debug, b"debug/", &mut files)?;
        }
        Ok(parts(&files, gap))
    }

    /// Whether its number says only that it may be an event: it could also be the directory of an hour.
    pub fn is_in_doubt(&self) -> Result<bool> {
        self.day.is_in_doubt(self.name)
    }

    /// The directories that were split off from this one and are not finished, in the order of time.
    pub fn split_off(&self) -> Result<Vec<EventId>> {
        let mut names = Vec::new();
        self.day.dir.list(|name, _| names.extend(EventName::from_bytes(name).filter(|name| name.secs().is_some())))?;
        names.sort_unstable();
        // What cannot be read was not split off from here.
        let is_own =
            |name: &EventName| self.day.dir.open_dir(name.text().as_bytes()).is_ok_and(|dir| self.is_own(&dir));
        Ok(names.into_iter().filter(is_own).map(|name| self.day.id(name)).collect())
    }

    /// Whether a directory was split off from this one.
    fn is_own(&self, dir: &Dir) -> bool {
        let text = dir.read_small(SPLIT_OFF, MAX_SPLIT_OFF);
        matches!(text, Ok(Some(text)) if text == self.name.text().as_bytes())
    }

    /// Steps 1 to 3: moves all parts but the last to directories of their own. Goes on where it was interrupted. Returns the ids of
    /// the new directories. A file whose name is taken there stays.
    pub fn split(&self, parts: &[Part]) -> Result<Vec<EventId>> {
        let is_saved = self.dir.has(SAVED.as_bytes())?;
        let Some((_, earlier)) = parts.split_last() else { return Ok(Vec::new()) };
        let mut made = Vec::new();
        for part in earlier {
            let Some(first) = part.name() else { continue };
            let (name, target) = self.make_split_off(first, is_saved)?;
            for file in &part.files {
                self.move_file(file, &target)?;
                crash("finish-2");
            }
            if let Some(debug) = target.open_dir_if_there(DEBUG)? {
                debug.sync()?;
            }
            target.sync()?;
            self.dir.sync()?;
            crash("finish-3");
            made.push(self.day.id(name));
        }
        Ok(made)
    }

    /// Step 1: makes a directory for a part, or finds the one that was made before. An empty one is taken too: a crash leaves it.
    fn make_split_off(&self, first: EventName, is_saved: bool) -> Result<(EventName, Dir)> {
        for name in names(first) {
            let text = name.text();
            let dir = match self.day.dir.open_dir_if_there(text.as_bytes()) {
                Ok(None) => open_or_make_like(&self.day.dir, text.as_bytes(), &self.dir)?,
                Ok(Some(dir)) if self.is_own(&dir) || dir.names().is_ok_and(|names| names.is_empty()) => dir,
                _ => continue, // another event, a file, a link, or what only its owner may read
            };
            dir.write_whole(SPLIT_OFF, self.name.text().as_bytes())?;
            if is_saved && !dir.has(SAVED.as_bytes())? {
                dir.write_whole(SAVED.as_bytes(), b"")?;
            }
            dir.sync()?;
            self.day.dir.sync()?;
            crash("finish-1");
            return Ok((name, dir));
        }
        Err(self.no_free_name(first))
    }

    fn no_free_name(&self, first: EventName) -> Error {
        let taken =
            std::io::Error::other(format!("the names from {first} on are taken: move one of these events away"));
        Error::io("rename", self.dir.path(), taken)
    }

    fn move_file(&self, file: &[u8], target: &Dir) -> Result<()> {
        let moved = match file.strip_prefix(b"debug/") {
            Some(name) => rename(&self.dir.open_dir(DEBUG)?, name, &open_or_make_like(target, DEBUG, &self.dir)?, name),
            None => rename(&self.dir, file, target, file),
        };
        self.unless_taken(file, moved)
    }

    /// A name that is taken, or is gone meanwhile, stops nothing.
    fn unless_taken(&self, file: &[u8], moved: Result<()>) -> Result<()> {
        match moved {
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) if is_taken(&error) => {
                let path = join(self.dir.path(), file);
                tracing::warn!(path = %path.display(), "it stays where it is, since its new place is taken");
                Ok(())
            }
            other => other,
        }
    }

    /// Step 4: moves debug frames to `debug/`.
    pub fn move_debug_frames(&self) -> Result<()> {
        let mut frames = Vec::new();
        self.dir.list(|name, _| frames.extend(Frame::parse(name).filter(|frame| frame.shows != Shows::Camera)))?;
        if frames.is_empty() {
            return Ok(());
        }
        let debug = open_or_make_like(&self.dir, DEBUG, &self.dir)?;
        for frame in frames {
            let name = frame.file_name();
            self.unless_taken(name.as_bytes(), rename(&self.dir, name.as_bytes(), &debug, name.as_bytes()))?;
            crash("finish-4");
        }
        debug.sync()?;
        self.dir.sync()
    }

    /// Reads a frame; a debug frame from `debug/`.
    pub fn read_frame(&self, frame: Frame) -> Result<Vec<u8>> {
        let name = frame.file_name();
        let read = |dir: &Dir| dir.read_small(name.as_bytes(), MAX_FRAME);
        let bytes = match frame.shows {
            Shows::Camera => read(&self.dir)?,
            Shows::Motion | Shows::Region => read(&self.dir.open_dir(DEBUG)?)?,
        };
        bytes.ok_or_else(|| Error::io("open", join(self.dir.path(), name.as_bytes()), rustix::io::Errno::NOENT))
    }

    /// These frames by how many pixels changed, most first; in their order where that is equal or unknown. Reads the beginning of
    /// each.
    pub fn by_change(&self, frames: impl Iterator<Item = Frame>) -> Vec<Frame> {
        let change = |frame: &Frame| {
            let file = self.dir.open_file(frame.file_name().as_bytes()).ok()?;
            exif::motion_of(&std::fs::File::from(file)).peak_change
        };
        let mut frames: Vec<_> = frames.map(|frame| (change(&frame), frame)).collect();
        frames.sort_by_key(|(change, _)| std::cmp::Reverse(*change));
        frames.into_iter().map(|(_, frame)| frame).collect()
    }

    /// Step 8 for a directory that was split off: it is an ordinary event now.
    pub fn end_split_off(&self, of: MadeOf) -> Result<()> {
        self.show_additions(of)?;
        self.dir.remove_own(SPLIT_OFF)?;
        self.set_time(of.ended); // removing it changed the time
        crash("finish-8");
        self.dir.sync()
    }

    /// Step 8 for the directory of a number: gives its additions their names, and it the name of its first frame's time, or of the next
    /// second that is free. Returns its new id. A directory that has a time for its name keeps it.
    pub fn rename(&self, part: &Part, of: MadeOf) -> Result<EventId> {
        let shown = self.show_additions(of)?;
        self.set_time(of.ended);
        let renamed = match (self.name, part.name()) {
            (EventName::Time(_), _) | (_, None) => return Ok(self.id()),
            (EventName::Number { .. }, Some(first)) => self.rename_to(first),
        };
        if renamed.is_err() {
            self.hide_additions(&shown, of);
            self.set_time(of.ended);
        }
        renamed
    }

    fn rename_to(&self, first: EventName) -> Result<EventId> {
        let own = self.name.text();
        for name in names(first) {
            match rename(&self.day.dir, own.as_bytes(), &self.day.dir, name.text().as_bytes()) {
                Err(error) if is_taken(&error) => continue,
                other => other?,
            }
            crash("finish-8");
            self.day.dir.sync()?;
            return Ok(self.day.id(name));
        }
        Err(self.no_free_name(first))
    }

    /// Gives the directory and its `debug/` the time at which the event ended: a new time would mean that Motion still writes.
    fn set_time(&self, ended: i64) {
        if ended == 0 {
            return; // it has no frames
        }
        if let Ok(Some(debug)) = self.dir.open_dir_if_there(DEBUG) {
            debug.set_mtime(ended);
        }
        self.dir.set_mtime(ended);
    }
}

/// Adds the regular files of a directory, with `below` before their names.
fn list_files(dir: &Dir, below: &[u8], files: &mut Vec<File>) -> Result<()> {
    for name in dir.names()? {
        let stat = match dir.stat(&name) {
            Err(error) if error.is_not_found() => continue,
            stat => stat?,
        };
        if file_type(&stat) == FileType::RegularFile {
            files.push(File { name: [below, &name].concat(), mtime: mtime(&stat) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
