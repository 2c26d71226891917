//! Removes an event on a disk that has no room for a delete queue: the event is renamed within its camera's directory,
//! which takes no space, and its files are removed there. The new name replaces the manifest. A flat event has no directory:
//! its files are removed where they are. The numbered procedure is in `doc/retention.md`.

use std::collections::BTreeSet;

use rustix::fs::{AtFlags, FileType};

use super::{RetiringPass, Touched, rename};
use crate::day_inspection::{DayInspection, WhyStays};
use crate::dir::{Dir, file_type, join};
use crate::error::{Error, Result};
use crate::event::{Actor, Day, EventId, EventName, Item};
use crate::fault::crash;
use crate::flat::open_parent;
use crate::{CameraDir, DayDir, EarlyInspections, Inspection, SAVED, Tree};

/// The prefix of an event that was renamed and may still be moved back.
const RETIRING_PREFIX: &str = ".owlery-retiring-";
/// The prefix of an event whose removal is decided. Its directory stays until the audit log has the entry.
const REMOVING_PREFIX: &str = ".owlery-removing-";
/// Events have a folder for debug frames. Anything nested deeper is not a file of an event.
const MAX_DEPTH: u32 = 1;

/// The stage of an event that has such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InPlace {
    /// It is whole, and is moved back.
    Moved,
    /// Its removal is decided, and may have begun.
    Removing,
}

impl InPlace {
    fn name(self, day: Day, name: EventName) -> String {
        let prefix = if self == Self::Moved { RETIRING_PREFIX } else { REMOVING_PREFIX };
        format!("{prefix}{day}-{name}")
    }

    fn parse(name: &[u8]) -> Option<(Self, Day, EventName)> {
        let name = std::str::from_utf8(name).ok()?;
        let (stage, rest) = match name.strip_prefix(RETIRING_PREFIX) {
            Some(rest) => (Self::Moved, rest),
            None => (Self::Removing, name.strip_prefix(REMOVING_PREFIX)?),
        };
        let (day, event) = rest.split_at_checked(10)?;
        Some((stage, day.parse().ok()?, event.strip_prefix('-')?.parse().ok()?))
    }
}

impl RetiringPass<'_> {
    /// Steps 1 to 5: removes the files of one event of a planned item, to gain room. Calls `note` once that is decided
    /// and before the first file is removed. Returns false, with nothing changed, for an event that must stay: no rule
    /// planned it, or it is gone, saved, being written, changed meanwhile, or contains anything that is not a file of
    /// an event. After an error the event is in its old place, or under a name that [`Tree::in_place`] finds.
    pub fn remove_in_place(
        &mut self,
        item: &Item,
        expected: &[EventName],
        name: EventName,
        why_stays: &WhyStays<'_>,
        note: impl FnOnce(),
    ) -> Result<bool> {
        let is_planned = self.manifest.by == Actor::Rule && self.manifest.items.contains(item);
        if !is_planned || !Self::wanted(item, expected).contains(&name) {
            return Ok(false);
        }
        self.tree.verify_identity()?;
        let Some((at, day)) = self.open_day(item)? else { return Ok(false) };
        let camera = &self.cameras[at].dir;
        let text = name.text();
        let inspected =
            DayInspection::at(&day, &day.list()?, &BTreeSet::from([name]), EarlyInspections::default(), why_stays);
        let Some(inspection) = inspected.free.get(&name) else { return Ok(false) };
        if !inspection.flat.is_empty() {
            return remove_flat(&day, name, inspection, note);
        }
        let event = match day.dir.open_dir(text.as_bytes()) {
            Err(error) if error.is_no_directory() => return Ok(false),
            other => other?,
        };
        if camera.mount()? != day.dir.mount()?
            || day.dir.mount()? != event.mount()?
            || !is_removable(&event, MAX_DEPTH)?
        {
            return Ok(false);
        }
        crash("in-place-1");
        let (moved, removing) = (InPlace::Moved.name(day.day, name), InPlace::Removing.name(day.day, name));
        rename(&day.dir, text.as_bytes(), camera, moved.as_bytes())?;
        crash("in-place-2");
        let is_as_inspected = inspection.is_of_moved(&event, camera, moved.as_bytes(), None);
        let may_go = is_as_inspected.and_then(|is_it| Ok(is_it && is_removable(&event, MAX_DEPTH)?));
        // The decision must survive a power cut before the first file is removed.
        let decided = match may_go {
            Ok(true) => camera.sync().and_then(|()| day.dir.sync()),
            Ok(false) => return rename(camera, moved.as_bytes(), &day.dir, text.as_bytes()).map(|()| false),
            Err(error) => Err(error),
        };
        if let Err(error) = decided {
            rename(camera, moved.as_bytes(), &day.dir, text.as_bytes())?;
            return Err(error);
        }
        note();
        crash("in-place-3");
        rename(camera, moved.as_bytes(), camera, removing.as_bytes())?;
        camera.sync()?;
        crash("in-place-4");
        empty(&event, MAX_DEPTH)?;
        crash("in-place-5");
        Ok(true)
    }
}

/// The steps for a flat event: once it is decided, its files are removed one by one, the movie last, and each directory that
/// lost one is synced. After a crash what is left of it is still an event of its day, which the next pass takes.
fn remove_flat(day: &DayDir, name: EventName, inspection: &Inspection, note: impl FnOnce()) -> Result<bool> {
    let Some(flat) = &day.flat else { return Ok(false) };
    if !day.is_as_inspected(name, inspection)? {
        return Ok(false);
    }
    crash("in-place-1");
    note();
    crash("in-place-3");
    let mut touched = Touched::default();
    for seen in &inspection.flat {
        let (parent, file) = open_parent(flat.base(), &seen.path)?;
        let parent = parent.as_ref().unwrap_or(flat.base());
        if !seen.is_same(&parent.stat(file.as_bytes())?) {
            let why = "it changed while its event was being removed; it stays";
            return Err(Error::io("remove", join(parent.path(), file.as_bytes()), std::io::Error::other(why)));
        }
        touched.add(parent)?;
        rustix::fs::unlinkat(parent, file, AtFlags::empty())
            .map_err(|e| Error::io("remove", join(parent.path(), file.as_bytes()), e))?;
        crash("in-place-4");
    }
    touched.sync()?;
    crash("in-place-5");
    Ok(true)
}

impl Tree {
    /// Events that were renamed within their camera's directory and still exist, for whatever reason.
    pub fn in_place(&self) -> Result<Vec<(EventId, InPlace)>> {
        let mut found = Vec::new();
        for camera in self.cameras()?.open.iter().filter(|camera| camera.has_directory()) {
            camera.dir.list(|name, _| {
                if let Some((stage, day, name)) = InPlace::parse(name) {
                    found.push((EventId { camera: camera.camera().clone(), day, name }, stage));
                }
            })?;
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Moves an event back whose removal was not decided. Never overwrites.
    pub fn put_back_in_place(&self, id: &EventId) -> Result<()> {
        let camera = self.checked_camera(id)?;
        let day = super::open_or_make(&camera.dir, id.day.to_string().as_bytes())?;
        rename(&camera.dir, InPlace::Moved.name(id.day, id.name).as_bytes(), &day, id.name.text().as_bytes())?;
        day.sync()?;
        camera.dir.sync()
    }

    /// Removes the remaining files of an event whose removal was decided; its empty directory stays.
    pub fn go_on_in_place(&self, id: &EventId) -> Result<()> {
        let camera = self.checked_camera(id)?;
        let event = match camera.dir.open_dir(InPlace::Removing.name(id.day, id.name).as_bytes()) {
            Err(error) if error.is_not_found() => return Ok(()), // a flat event had no directory
            other => other?,
        };
        if camera.dir.mount()? != event.mount()? || !is_removable(&event, MAX_DEPTH)? {
            let why = "it contains files that are not an event's, or .saved; inspect it and move it yourself";
            return Err(Error::io("remove", event.path(), std::io::Error::other(why)));
        }
        empty(&event, MAX_DEPTH)
    }

    /// Step 6: removes the empty directory, once the audit log has the entry.
    pub fn forget_in_place(&self, id: &EventId) -> Result<()> {
        let camera = self.checked_camera(id)?;
        let name = InPlace::Removing.name(id.day, id.name);
        match rustix::fs::unlinkat(&camera.dir, name.as_bytes(), AtFlags::REMOVEDIR) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(e) => Err(Error::io("remove", join(camera.dir.path(), name.as_bytes()), e)),
        }
    }

    fn checked_camera(&self, id: &EventId) -> Result<CameraDir> {
        self.verify_identity()?;
        let camera = self.camera(&id.camera)?;
        self.check_disk(&camera)?;
        Ok(camera)
    }
}

/// Whether a directory contains only files, and folders of files `depth` levels down, on one mount and without
/// `.saved`.
fn is_removable(dir: &Dir, depth: u32) -> Result<bool> {
    for (name, kind) in entries(dir)? {
        if name == SAVED.as_bytes() {
            return Ok(false);
        }
        match kind {
            FileType::RegularFile => {}
            FileType::Directory if depth > 0 => {
                let below = dir.open_dir(&name)?;
                if dir.mount()? != below.mount()? || !is_removable(&below, depth - 1)? {
                    return Ok(false);
                }
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Removes the files of a removable directory, and its folders.
pub(crate) fn empty(dir: &Dir, depth: u32) -> Result<()> {
    for (name, kind) in entries(dir)? {
        let flags = match kind {
            FileType::Directory if depth > 0 => {
                let below = dir.open_dir(&name)?;
                empty(&below, depth - 1)?;
                AtFlags::REMOVEDIR
            }
            _ => AtFlags::empty(), // fails for a directory
        };
        match rustix::fs::unlinkat(dir, &name, flags) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(e) => return Err(Error::io("remove", join(dir.path(), &name), e)),
        }
    }
    Ok(())
}

/// The entries of a directory with their kinds, from the disk where the listing does not report them.
fn entries(dir: &Dir) -> Result<Vec<(Vec<u8>, FileType)>> {
    let mut entries = Vec::new();
    dir.list(|name, kind| entries.push((name.to_vec(), kind)))?;
    for (name, kind) in &mut entries {
        if *kind == FileType::Unknown {
            *kind = file_type(&dir.stat(name)?);
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
