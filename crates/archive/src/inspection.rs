//! Inspects one event just before it is moved: whether it is saved, and when something in it was last written. Lists
//! the event and reads the times of what Motion may still write, not of every frame.

use std::collections::HashMap;

use super::day_dir::DayDir;
use super::dir::{Dir, Inode, Statx, mtime};
use super::event_dir::MAX_DEPTH;
use super::flat::{FlatEvent, stat_below};
use super::{SAVED, dir};
use crate::error::Result;
use crate::event::frames::Frame;
use crate::event::{EventName, Thumbnail};
use crate::layout::FileKind;

/// The result of inspecting an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Whether it is saved.
    pub saved: bool,
    /// The newest modification time found in it, nanoseconds since 1970. If it is saved, only the directory's own time.
    pub newest: i64,
    /// The directory as it was: entries that are added or removed change it.
    seal: Seal,
    /// What may grow without a change of the directory, as it was.
    growing: Vec<Growing>,
    saved_since: SavedSince,
    /// The files of a flat event, the movies last; empty for a directory.
    pub(super) flat: Vec<FlatSeen>,
}

/// A file of a flat event, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FlatSeen {
    /// Below the base.
    pub path: Box<str>,
    pub stem: Box<str>,
    inode: u64,
    mtime: i64,
    bytes: u64,
}

impl FlatSeen {
    /// Whether a file is unchanged.
    pub(super) fn is_same(&self, now: &Statx) -> bool {
        self.inode == now.stx_ino && self.mtime == mtime(now) && self.bytes == now.stx_size
    }
}

/// What shows whether an event was saved since its inspection. If that was made long before the move, a program that
/// keeps times (`rsync -a`) may have added `.saved` without a trace in the directory's modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SavedSince {
    Time,
    /// The directory is read anyway, so this costs nothing.
    ChangeTime,
    /// Where change times cannot be relied on, `.saved` is looked for.
    Name,
}

/// What changes if an entry of a directory is added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Seal {
    mtime: i64,
    /// Unlike `mtime`, no program can set it.
    ctime: i64,
}

impl Seal {
    fn of(stat: &Statx) -> Self {
        Self { mtime: mtime(stat), ctime: stat.stx_ctime }
    }
}

/// A file to which Motion or another program may append (a movie), or a folder of an event (`debug`).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Growing {
    /// Below the event's directory.
    path: Vec<u8>,
    mtime: i64,
    bytes: u64,
}

impl Growing {
    /// Whether it is as it was; `stat` returns what is there now.
    fn is_unchanged(&self, stat: impl FnOnce(&[u8]) -> Result<Statx>) -> Result<bool> {
        let now = stat(&self.path)?;
        Ok(mtime(&now) == self.mtime && now.stx_size == self.bytes)
    }
}

/// Inspections of events of a day that were made some time before the move. Later changes are found when the event is
/// compared after the move.
#[derive(Debug, Default)]
pub struct EarlyInspections {
    /// The day's directory.
    day: Option<Inode>,
    has_change_times: bool,
    inspections: HashMap<EventName, Inspection>,
}

impl EarlyInspections {
    /// Empty, for events of this day.
    pub fn of(day: &DayDir) -> Result<Self> {
        let has_change_times = day.dir.has_change_times();
        Ok(Self { day: Some(day.dir.inode()?), has_change_times, inspections: HashMap::new() })
    }

    /// Adds an inspection.
    pub fn add(&mut self, name: EventName, inspection: Inspection) {
        self.inspections.insert(name, inspection);
    }

    /// These inspections, if they were made in this directory; else none.
    pub(super) fn if_of(self, day: &DayDir) -> Self {
        let is_same = self.day.is_some() && day.dir.inode().ok() == self.day;
        if is_same { self } else { Self::default() }
    }

    /// The inspection of this event. It is returned once: an event that changed since is inspected again.
    pub(super) fn take(&mut self, name: EventName) -> Option<Inspection> {
        let saved_since = if self.has_change_times { SavedSince::ChangeTime } else { SavedSince::Name };
        self.inspections.remove(&name).map(|inspection| Inspection { saved_since, ..inspection })
    }
}

impl DayDir {
    /// Inspects one event of this day. An error means that it is unknown whether the event is saved or being written.
    pub fn inspect_event(&self, name: EventName) -> Result<Inspection> {
        if let Some(flat) = self.flat_event(name)? {
            return inspect_flat(&flat);
        }
        let event = self.dir.open_dir(name.text().as_bytes())?;
        let stat = event.fstat()?;
        let mut saved = false;
        let mut look = Look { newest: mtime(&stat), growing: Vec::new() };
        let names = Written::list(&event, &mut saved)?;
        if !saved {
            names.look(&event, b"", MAX_DEPTH, &mut look)?;
        }
        let (newest, growing) = (look.newest, look.growing);
        let (seal, saved_since) = (Seal::of(&stat), SavedSince::Time);
        Ok(Inspection { saved, newest, seal, growing, saved_since, flat: Vec::new() })
    }

    /// Whether an event of a day that was moved is as it was inspected: no entry was added or removed, and no file has
    /// grown.
    pub(super) fn is_as_inspected(&self, name: EventName, inspection: &Inspection) -> Result<bool> {
        if !inspection.flat.is_empty() {
            return self.is_flat_as_inspected(name, inspection);
        }
        let text = name.text();
        let below = |path: &[u8]| [text.as_bytes(), b"/", path].concat();
        let (was, now) = (inspection.seal, Seal::of(&self.dir.stat(text.as_bytes())?));
        let is_same = was.mtime == now.mtime
            && match inspection.saved_since {
                SavedSince::Time => true,
                SavedSince::ChangeTime => was.ctime == now.ctime,
                SavedSince::Name => !self.dir.has(&below(SAVED.as_bytes()))?,
            };
        Ok(is_same && inspection.has_not_grown(|path| self.dir.stat(&below(path)))?)
    }
}

impl DayDir {
    fn is_flat_as_inspected(&self, name: EventName, inspection: &Inspection) -> Result<bool> {
        let Some(flat) = self.flat_event(name)? else { return Ok(false) };
        for seen in &inspection.flat {
            if !seen.is_same(&stat_below(flat.base(), &seen.path)?) {
                return Ok(false);
            }
        }
        Ok(flat.marks().is_empty())
    }
}

/// Reads the times of all files of a flat event: there is no directory whose time would show an added file.
fn inspect_flat(event: &FlatEvent<'_>) -> Result<Inspection> {
    let mut files: Vec<(u8, FlatSeen)> = Vec::new();
    let mut newest = i64::MIN;
    for entry in event.files()?.into_iter().filter(|entry| entry.is_recording()) {
        let stat = match event.stat(entry) {
            Err(error) if error.is_not_found() => continue,
            other => other?,
        };
        if dir::file_type(&stat) != rustix::fs::FileType::RegularFile {
            let error = std::io::Error::other("it is not a regular file");
            return Err(crate::error::Error::io("inspect", event.path(), error));
        }
        newest = newest.max(mtime(&stat));
        // A part of an event without its movie is not taken for an event without one: the movies go last.
        let order = match entry.file.kind {
            FileKind::Movie(_) => 2,
            FileKind::DebugMovie(_) => 1,
            _ => 0,
        };
        let (path, stem) = (entry.path.clone(), entry.stem().into());
        files.push((order, FlatSeen { path, stem, inode: stat.stx_ino, mtime: mtime(&stat), bytes: stat.stx_size }));
    }
    if files.is_empty() {
        return Err(crate::error::Error::io("inspect", event.path(), std::io::ErrorKind::NotFound));
    }
    files.sort_by_key(|(order, _)| *order);
    Ok(Inspection {
        saved: !event.marks().is_empty(),
        newest,
        seal: Seal::default(),
        growing: Vec::new(),
        saved_since: SavedSince::Time,
        flat: files.into_iter().map(|(_, seen)| seen).collect(),
    })
}

impl Inspection {
    /// For one event that will be moved, which changes its change time: its inode if that time shows that nothing was
    /// added so far. Then neither is asked again after the move.
    pub(super) fn before_move(&self, event: &Dir) -> Option<Inode> {
        if self.saved_since != SavedSince::ChangeTime {
            return None;
        }
        let stat = event.fstat().ok()?;
        (Seal::of(&stat) == self.seal).then(|| Inode::of(&stat))
    }

    /// Like `is_as_inspected`, for one event that was moved: `event` is it, opened before, `name` in `target` its new
    /// place, and `before` the result of `before_move`.
    pub(super) fn is_of_moved(&self, event: &Dir, target: &Dir, name: &[u8], before: Option<Inode>) -> Result<bool> {
        // Elsewhere the inode number is read after the move: mergerfs may derive a directory's number from its path.
        let was = before.map_or_else(|| event.inode(), Ok)?;
        let moved = target.stat(name)?;
        let is_same = was == Inode::of(&moved) && self.seal.mtime == mtime(&moved);
        let may_be_saved = before.is_none() && self.saved_since != SavedSince::Time;
        let is_same = is_same && !(may_be_saved && event.has(SAVED.as_bytes())?);
        Ok(is_same && self.has_not_grown(|path| event.stat(path))?)
    }

    /// Whether nothing that may grow has changed; `stat` returns what is at a path below the event now.
    fn has_not_grown(&self, stat: impl Fn(&[u8]) -> Result<Statx>) -> Result<bool> {
        for file in &self.growing {
            if !file.is_unchanged(&stat)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The newest modification time in an event's directory; `None` if it is empty.
pub(super) fn newest_in(event: &Dir) -> Result<Option<i64>> {
    let mut look = Look { newest: i64::MIN, growing: Vec::new() };
    Written::list(event, &mut false)?.look(event, b"", MAX_DEPTH, &mut look)?;
    Ok((look.newest != i64::MIN).then_some(look.newest))
}

/// What the entries of an event show.
struct Look {
    newest: i64,
    growing: Vec<Growing>,
}

/// The entries of a directory whose times show whether it is being written.
///
/// Motion writes a frame once, and a new frame changes the time of the directory. A movie grows without that, and so
/// may files that other programs add. So only the first and the last frame by name are checked, since there may be
/// thousands.
#[derive(Default)]
struct Written {
    first_frame: Option<Vec<u8>>,
    last_frame: Option<Vec<u8>>,
    others: Vec<Vec<u8>>,
}

impl Written {
    fn list(dir: &Dir, is_saved: &mut bool) -> Result<Self> {
        let mut written = Self::default();
        dir.list(|name, _| {
            if name == SAVED.as_bytes() {
                *is_saved = true;
            } else if Frame::parse(name).is_some() {
                written.take_frame(name);
            } else if !name.starts_with(b".") {
                written.others.push(name.to_vec()); // a hidden file is not Motion's
            }
        })?;
        Ok(written)
    }

    fn take_frame(&mut self, name: &[u8]) {
        if self.first_frame.as_deref().is_none_or(|first| name < first) {
            self.first_frame = Some(name.to_vec());
        }
        if self.last_frame.as_deref().is_none_or(|last| name > last) {
            self.last_frame = Some(name.to_vec());
        }
    }

    /// Reads the times of these entries, and of directories below as deep as `depth`. `below` is the path of `dir` below
    /// the event's directory, with a slash at its end, or empty.
    fn look(self, dir: &Dir, below: &[u8], depth: u32, look: &mut Look) -> Result<()> {
        let last = self.last_frame.filter(|last| self.first_frame.as_ref() != Some(last));
        for name in self.first_frame.iter().chain(&last) {
            if let Some(stat) = stat_if_there(dir, name)? {
                look.newest = look.newest.max(mtime(&stat));
            }
        }
        for name in self.others {
            let Some(stat) = stat_if_there(dir, &name)? else { continue };
            look.newest = look.newest.max(mtime(&stat));
            let is_written_once = Thumbnail::of(&name).is_some();
            let path = if below.is_empty() { name } else { [below, &name].concat() };
            if depth > 0 && dir::file_type(&stat) == rustix::fs::FileType::Directory {
                let inner = dir.open_dir(&path[below.len()..])?;
                Self::list(&inner, &mut false)?.look(&inner, &[&path, &b"/"[..]].concat(), depth - 1, look)?;
            }
            if !is_written_once {
                look.growing.push(Growing { path, mtime: mtime(&stat), bytes: stat.stx_size });
            }
        }
        Ok(())
    }
}

/// The metadata of an entry that was listed; `None` if it is gone since.
fn stat_if_there(dir: &Dir, name: &[u8]) -> Result<Option<Statx>> {
    match dir.stat(name) {
        Err(error) if error.is_not_found() => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests;
