//! The last way to make room on a disk that is full to its last byte or inode and holds nothing of ours that could go: one
//! event that a rule has planned is removed where it lies, so that the delete queue can be made for all others.

use std::collections::BTreeSet;

use rustix::fs::{AtFlags, FileType};

use super::dir::{Dir, join};
use super::looked::{IsOpen, Looked};
use super::{CameraDir, SAVED, Tree};
use crate::error::{Error, Result};
use crate::event::{Day, EventName};

/// Events have a folder for debug frames, and nothing deeper is theirs.
const DEPTH: u32 = 1;

impl Tree {
    /// Removes an event of a day that a rule has planned, by handles, its files first. Calls `note` before the
    /// first removal. Returns false, with nothing done, if the event is gone, saved, or being written. What is no file stays, and is an error.
    pub(crate) fn sacrifice(
        &self,
        camera: &CameraDir,
        day: Day,
        name: EventName,
        is_open: &IsOpen<'_>,
        note: impl FnOnce(),
    ) -> Result<bool> {
        self.verify_identity()?;
        self.check_disk(camera)?;
        let day = match camera.day(day) {
            Err(error) if error.is_not_found() => return Ok(false),
            other => other?,
        };
        let text = name.text();
        let event = match day.dir.open_dir(text.as_bytes()) {
            Err(error) if error.is_not_found() => return Ok(false),
            other => other?,
        };
        check_mount(&camera.dir, &day.dir)?;
        check_mount(&day.dir, &event)?;
        if event.has(SAVED.as_bytes()).unwrap_or(true) {
            return Ok(false);
        }
        let looked = Looked::at(&day, &day.list()?, &BTreeSet::from([name]), is_open);
        if !looked.free.contains_key(&name) {
            return Ok(false);
        }
        note();
        empty(&event, DEPTH)?;
        rustix::fs::unlinkat(&day.dir, text.as_bytes(), AtFlags::REMOVEDIR)
            .map_err(|e| Error::io("remove", day.event_path(name), e))?;
        Ok(true)
    }
}

/// Nothing is removed on another mount.
fn check_mount(above: &Dir, dir: &Dir) -> Result<()> {
    if above.mount()? == dir.mount()? {
        return Ok(());
    }
    Err(Error::io("remove", dir.path(), std::io::Error::other("another filesystem is mounted there")))
}

fn empty(dir: &Dir, depth: u32) -> Result<()> {
    let mut names = Vec::new();
    dir.list(|name, kind| names.push((name.to_vec(), kind)))?;
    for (name, kind) in names {
        let flags = if kind == FileType::Directory || (kind == FileType::Unknown && dir.is_dir(&name, kind)) {
            if depth == 0 {
                return Err(Error::io(
                    "remove",
                    join(dir.path(), &name),
                    std::io::Error::other("it is a folder of no event"),
                ));
            }
            let below = dir.open_dir(&name)?;
            check_mount(dir, &below)?;
            empty(&below, depth - 1)?;
            AtFlags::REMOVEDIR
        } else {
            AtFlags::empty()
        };
        rustix::fs::unlinkat(dir, &name, flags).map_err(|e| Error::io("remove", join(dir.path(), &name), e))?;
    }
    Ok(())
}
