//! Protects an event: creates and removes the entry `.saved` in its directory, or `.STEM.saved` beside its flat files.

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::day_dir::DayDir;
use super::dir::{Dir, join, mtime};
use super::flat::{open_parent, saved_name};
use super::inspection::newest_in;
use super::{SAVED, Tree};
use crate::error::{Error, Result};
use crate::event::EventId;

/// How close the times of a directory and of an entry that was made in it are, in nanoseconds; FAT counts in steps of 2
/// s.
const SAME_TIME: i64 = 2_000_000_000;

/// The time that an event's directory should have once `.saved` is removed.
struct Before(Option<i64>);

impl Before {
    /// The present time of the directory, or if that comes from creating `.saved`, the newest time of its contents.
    fn at(event: &Dir) -> Self {
        let time = || {
            let (changed, saved) = (mtime(&event.stat_self()?), mtime(&event.stat(SAVED.as_bytes())?));
            let is_by_us = (changed - saved).abs() <= SAME_TIME;
            Ok::<_, Error>(if is_by_us { newest_in(event)?.unwrap_or(changed) } else { changed })
        };
        Self(time().ok())
    }

    fn restore(&self, event: &Dir) {
        if let Some(time) = self.0 {
            event.set_mtime(time);
        }
    }
}

/// An event that was saved or unsaved. It may be undone by a power cut until [`Unsynced::sync`]. Of many events, one after the other is
/// changed first, and then all are synced: the first sync writes most of what the others would.
#[derive(Debug)]
#[must_use]
pub struct Unsynced(Option<Dir>);

impl Unsynced {
    /// Makes the change durable.
    ///
    /// # Errors
    /// The directory cannot be synced.
    pub fn sync(self) -> Result<()> {
        self.0.map_or(Ok(()), |dir| dir.sync())
    }
}

impl Tree {
    /// Protects an event. Does nothing if it is saved already.
    pub fn save(&self, id: &EventId) -> Result<Unsynced> {
        if let Some(day) = self.flat_day(id)? {
            return save_flat(&day, id).map(|()| Unsynced(None));
        }
        let event = self.named_event(id)?;
        create_mark(&event)?;
        Ok(Unsynced(Some(event)))
    }

    /// Removes an event's protection. Does nothing if it has none. Removes an entry `.saved` of any kind, except a
    /// directory with contents.
    pub fn unsave(&self, id: &EventId) -> Result<Unsynced> {
        if let Some(day) = self.flat_day(id)? {
            return unsave_flat(&day, id).map(|()| Unsynced(None));
        }
        let event = self.named_event(id)?;
        let before = Before::at(&event);
        let removed = match rustix::fs::unlinkat(&event, SAVED, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => rustix::fs::unlinkat(&event, SAVED, AtFlags::REMOVEDIR),
            other => other,
        };
        match removed {
            Ok(()) => {
                // The time of a directory shows whether Motion writes to it, and this change was not Motion's.
                before.restore(&event);
                Ok(Unsynced(Some(event)))
            }
            Err(Errno::NOENT) => Ok(Unsynced(Some(event))),
            Err(e) => Err(Error::io("remove", join(event.path(), SAVED.as_bytes()), e)),
        }
    }

    /// Whether an event is saved now. An error means that this is unknown.
    pub fn is_saved(&self, id: &EventId) -> Result<bool> {
        if let Some(day) = self.flat_day(id)? {
            return Ok(day.flat_event(id.name)?.is_some_and(|event| !event.marks().is_empty()));
        }
        self.named_event(id)?.has(SAVED.as_bytes())
    }

    /// The day of a flat event, listed now; `None` if the event has a directory, or does not exist.
    pub(super) fn flat_day(&self, id: &EventId) -> Result<Option<DayDir>> {
        if self.layouts().is_empty() {
            return Ok(None);
        }
        let day = match self.camera(&id.camera).and_then(|camera| camera.day(id.day)) {
            Err(error) if error.is_no_directory() => return Ok(None),
            other => other?,
        };
        if let Some(flat) = &day.flat {
            flat.list()?;
        }
        let is_flat = day.flat_event(id.name)?.is_some();
        Ok(is_flat.then_some(day))
    }

    /// Opens an event's directory; [`Error::Unknown`] if there is none.
    fn named_event(&self, id: &EventId) -> Result<Dir> {
        let opened = self.event_dir(id);
        opened.map_err(|error| {
            if error.is_no_directory() { Error::Unknown { what: "event", name: id.to_string() } } else { error }
        })
    }
}

/// Creates `.saved` in an event's directory.
pub(super) fn mark(event: &Dir) -> Result<()> {
    create_mark(event)?;
    event.sync()
}

fn create_mark(event: &Dir) -> Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(event, SAVED, flags, Mode::from_raw_mode(0o644)) {
        Ok(file) => event.give_owner_to(&file),
        Err(Errno::EXIST) => {}
        Err(e) => return Err(Error::io("save", event.path(), e)),
    }
    Ok(())
}

/// Creates `.STEM.saved` beside the event's files.
fn save_flat(day: &DayDir, id: &EventId) -> Result<()> {
    let unknown = || Error::Unknown { what: "event", name: id.to_string() };
    let event = day.flat_event(id.name)?.ok_or_else(unknown)?;
    if !event.marks().is_empty() {
        return Ok(());
    }
    let (folder, stem) = event.stem().ok_or_else(unknown)?;
    let path = if folder.is_empty() { saved_name(&stem) } else { format!("{folder}/{}", saved_name(&stem)) };
    let (dir, name) = open_parent(event.base(), &path)?;
    let dir = dir.as_ref().unwrap_or(event.base());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(dir, name, flags, Mode::from_raw_mode(0o644)) {
        Ok(file) => dir.give_owner_to(&file),
        Err(Errno::EXIST) => {}
        Err(e) => return Err(Error::io("save", event.path(), e)),
    }
    note(day, &path);
    dir.sync()
}

/// Updates the listing at hand with a marker, so that the event is read with it.
fn note(day: &DayDir, path: &str) {
    if let Some(flat) = &day.flat {
        flat.note(path);
    }
}

/// Removes every marker of a flat event.
fn unsave_flat(day: &DayDir, id: &EventId) -> Result<()> {
    let Some(event) = day.flat_event(id.name)? else { return Ok(()) };
    for mark in event.marks() {
        let (dir, name) = open_parent(event.base(), &mark.path)?;
        let dir = dir.as_ref().unwrap_or(event.base());
        let removed = match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR),
            other => other,
        };
        match removed {
            Ok(()) | Err(Errno::NOENT) => {
                note(day, &mark.path);
                dir.sync()?;
            }
            Err(e) => return Err(Error::io("remove", join(event.base().path(), mark.path.as_bytes()), e)),
        }
    }
    Ok(())
}
