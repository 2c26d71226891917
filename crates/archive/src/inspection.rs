//! Inspects one event just before it is moved: whether it is saved, and when something in it was last written. Lists
//! the event and reads the times of what Motion may still write, not of every frame.

use std::collections::HashMap;

use super::dir::{DayDir, Dir, Inode, mtime};
use super::event_dir::MAX_DEPTH;
use super::{SAVED, dir};
use crate::error::Result;
use crate::event::EventName;
use crate::event::frames::Frame;

/// The result of inspecting an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection {
    /// Whether it is saved.
    pub saved: bool,
    /// The newest modification time found in it, nanoseconds since 1970. If it is saved, only the directory's own time.
    pub newest: i64,
    /// The directory as it was: entries that are added or removed change it.
    seal: Seal,
    /// Whether it was made so long before the move that a program that keeps times (`rsync -a`) may have added `.saved`
    /// without a trace. Then `.saved` is checked again.
    is_early: bool,
}

/// What changes if an entry of a directory is added or removed, or if another directory takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seal {
    inode: Inode,
    mtime: i64,
}

impl Seal {
    fn of(stat: &super::dir::Statx) -> Self {
        Self { inode: Inode::of(stat), mtime: mtime(stat) }
    }

    fn is(&self, other: &Self, by_inode: bool) -> bool {
        self.mtime == other.mtime && (!by_inode || self.inode == other.inode)
    }
}

/// Inspections of events of a day that were made some time before the move. Later changes are found when the event is
/// compared after the move.
#[derive(Debug, Default)]
pub struct EarlyInspections {
    /// The day's directory.
    day: Option<Inode>,
    inspections: HashMap<EventName, Inspection>,
}

impl EarlyInspections {
    /// Empty, for events of this day.
    pub fn of(day: &DayDir) -> Result<Self> {
        Ok(Self { day: Some(day.dir.inode()?), inspections: HashMap::new() })
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
        self.inspections.remove(&name).map(|inspection| Inspection { is_early: true, ..inspection })
    }
}

impl DayDir {
    /// Inspects one event of this day. An error means that it is unknown whether the event is saved or being written.
    pub fn inspect_event(&self, name: EventName) -> Result<Inspection> {
        let event = self.dir.open_dir(name.text().as_bytes())?;
        let stat = event.stat_self()?;
        let mut inspection = Inspection { saved: false, newest: mtime(&stat), seal: Seal::of(&stat), is_early: false };
        let names = Written::list(&event, &mut inspection.saved)?;
        if !inspection.saved {
            names.newest(&event, MAX_DEPTH, &mut inspection.newest)?;
        }
        Ok(inspection)
    }

    /// Whether no entry of an event was added or removed since `inspection`. `by_inode`: whether the directory must also have
    /// the same inode number, which a pool of disks (mergerfs) may change with a rename.
    pub(super) fn is_as_inspected(&self, name: EventName, inspection: &Inspection, by_inode: bool) -> Result<bool> {
        let text = name.text();
        let is_same = inspection.seal.is(&Seal::of(&self.dir.stat(text.as_bytes())?), by_inode);
        let was_saved = || self.dir.has(&[text.as_bytes(), b"/", SAVED.as_bytes()].concat());
        Ok(is_same && !(inspection.is_early && was_saved()?))
    }
}

impl Inspection {
    /// Like `is_as_inspected`, for one event that was moved: `event` is it, opened before, and `name` in `target` its new
    /// place.
    pub(super) fn is_of_moved(&self, event: &Dir, target: &Dir, name: &[u8]) -> Result<bool> {
        let (opened, moved) = (Seal::of(&event.stat_self()?), Seal::of(&target.stat(name)?));
        let is_same = opened.inode == moved.inode && self.seal.is(&moved, false);
        Ok(is_same && !(self.is_early && event.has(SAVED.as_bytes())?))
    }
}

/// The newest modification time in an event's directory; `None` if it is empty.
pub(super) fn newest_in(event: &Dir) -> Result<Option<i64>> {
    let mut newest = i64::MIN;
    Written::list(event, &mut false)?.newest(event, MAX_DEPTH, &mut newest)?;
    Ok((newest != i64::MIN).then_some(newest))
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

    /// Raises `newest` to the newest time of these entries, and of directories below as deep as `depth`.
    fn newest(self, dir: &Dir, depth: u32, newest: &mut i64) -> Result<()> {
        let last = self.last_frame.filter(|last| self.first_frame.as_ref() != Some(last));
        for name in self.first_frame.iter().chain(&last).chain(&self.others) {
            let stat = match dir.stat(name) {
                Err(error) if error.is_not_found() => continue, // gone since it was listed
                other => other?,
            };
            *newest = (*newest).max(mtime(&stat));
            if depth > 0 && dir::file_type(&stat) == rustix::fs::FileType::Directory {
                let below = dir.open_dir(name)?;
                Self::list(&below, &mut false)?.newest(&below, depth - 1, newest)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
