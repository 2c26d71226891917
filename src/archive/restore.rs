//! The way back out of the delete queue. It never overwrites: a day that exists again takes its events one by one, and
//! what has no place any more stays in the queue and is named. The numbered procedure is in `doc/retention.md`; the
//! numbers in the comments here are its steps. Step 1, which keeps what comes back from being taken again by the next
//! pass, is the expirer's.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::dir::{Dir, join};
use super::queue::{MANIFEST, Manifest, Parts, Place, QUEUE, RETIRING, is_unfinished, retiring_manifest};
use super::retire::{Touched, open_or_make, rename, rfc3339};
use super::{Report, Tree};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventName};
use crate::fault::crash;

/// The days of which something lies in a pass.
pub(crate) type Days = BTreeSet<(Camera, Day)>;

/// A pass that is being taken back. Nothing of it may be reaped meanwhile.
#[derive(Debug)]
pub struct RestoringPass<'a> {
    tree: &'a Tree,
    manifest: Manifest,
    /// The manifest's name: it tells whether the pass was ever finished.
    file: &'static [u8],
    parts: Parts,
    /// Directories in which names came or went, to be synced once at the end.
    touched: Touched,
}

/// What became of one day of a pass.
#[derive(Debug, Default)]
pub struct Restored {
    /// Events that are in the archive again.
    pub events: Vec<EventName>,
    /// What stays in the queue, and why.
    pub left: Vec<Report>,
}

impl Tree {
    /// Finds a pass that can be taken back. Fails with [`Error::Unknown`] if none of that name waits.
    pub fn begin_restore(&self, pass: &str) -> Result<RestoringPass<'_>> {
        self.verify_identity()?;
        let found = self.parts_of(pass)?;
        let (manifest, parts) =
            found.ok_or_else(|| Error::Unknown { what: "pass in the delete queue", name: pass.to_owned() })?;
        Ok(RestoringPass { tree: self, manifest, file: MANIFEST, parts, touched: Touched::default() })
    }

    /// Step 1 of recovering: the passes that were cut off while they were made. Nobody has looked again at what was moved into
    /// them, so they are to be put back by the steps 2 to 5. One of which another part is finished is finished here: its
    /// renames were durable.
    pub fn unfinished_passes(&self) -> Result<Vec<RestoringPass<'_>>> {
        let archive = self.verify_identity()?.to_owned();
        let mut found: BTreeMap<String, (Manifest, Parts)> = BTreeMap::new();
        let mut places = vec![Place::Root];
        places.extend(self.cameras()?.open.iter().map(|camera| Place::Camera(camera.camera().clone())));
        for place in places {
            let Ok(Some(queue)) = self.queue_base(&place).and_then(|base| base.open_dir_if_there(QUEUE)) else {
                continue;
            };
            for name in queue.names().unwrap_or_default() {
                let Ok(dir) = queue.open_dir(&name) else { continue };
                if let Ok(Some(manifest)) = retiring_manifest(&dir, &archive) {
                    let (_, parts) = found.entry(manifest.pass.clone()).or_insert((manifest, Parts::new()));
                    parts.push((place.clone(), dir));
                }
            }
        }
        let mut unfinished = Vec::new();
        for (pass, (manifest, parts)) in found {
            match self.parts_of(&pass) {
                Ok(None) => {
                    let touched = Touched::default();
                    unfinished.push(RestoringPass { tree: self, manifest, file: RETIRING, parts, touched });
                    continue;
                }
                Ok(Some(_)) | Err(Error::Refused { .. }) => {} // the other part waits, or is being reaped already
                Err(error) => return Err(error),
            }
            for (_, part) in parts {
                let renamed = rustix::fs::renameat(&part, RETIRING, &part, MANIFEST);
                let finished = renamed.map_err(|e| Error::io("finish", part.path(), e)).and_then(|()| part.sync());
                if let Err(error) = finished {
                    tracing::error!("{}", error.chain());
                }
            }
        }
        crash("recover-1");
        Ok(unfinished)
    }
}

impl RestoringPass<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.manifest.pass
    }

    /// The days that lie in the pass, and what else does.
    pub fn days(&self) -> Result<(Days, Vec<Report>)> {
        let (mut days, mut others) = (Days::new(), Vec::new());
        for (_, part) in &self.parts {
            let names = part.names()?;
            for name in names.iter().filter(|name| !is_manifest(name)) {
                let camera = std::str::from_utf8(name).ok().and_then(|name| self.tree.is_camera(name));
                let (Some(camera), Ok(dir)) = (camera, part.open_dir(name)) else {
                    others.push(Report::failure(join(part.path(), name), "it is no camera's; it stays"));
                    continue;
                };
                for name in dir.names()? {
                    match std::str::from_utf8(&name).ok().and_then(|name| name.parse::<Day>().ok()) {
                        Some(day) => _ = days.insert((camera.clone(), day)),
                        None => others.push(Report::failure(join(dir.path(), &name), "it is no day; it stays")),
                    }
                }
            }
        }
        Ok((days, others))
    }

    /// Step 2 for one day: back as a whole where there is no such day, else its events one by one.
    pub fn restore_day(&mut self, camera: &Camera, day: Day) -> Result<Restored> {
        let mut restored = Restored::default();
        let (camera_name, day_name) = (camera.as_str().as_bytes(), day.to_string());
        for at in 0..self.parts.len() {
            let part = self.parts[at].1.again()?;
            let Some(from) = part.open_dir_if_there(camera_name)? else { continue };
            let Some(retired) = from.open_dir_if_there(day_name.as_bytes())? else { continue };
            let to = match &self.parts[at].0 {
                Place::Root => self.tree.camera_to_fill(camera)?,
                Place::Camera(_) => self.tree.camera(camera)?.dir,
            };
            for dir in [&from, &retired, &to] {
                self.touched.add(dir)?;
            }
            let events = events_in(&retired)?;
            match rename(&from, day_name.as_bytes(), &to, day_name.as_bytes()) {
                Ok(()) => restored.events.extend(events),
                Err(error) if error.is_taken() => {
                    let there = to.open_dir(day_name.as_bytes())?;
                    self.touched.add(&there)?;
                    restore_events(&retired, &there, &mut restored)?;
                }
                Err(error) => return Err(error),
            }
            crash("restore-2");
        }
        Ok(restored)
    }

    /// Steps 3 to 5: makes the renames durable, and removes the pass if nothing is left in it; else it is kept until
    /// `keep_until`. Answers whether it is gone.
    pub fn finish(mut self, keep_until: DateTime<Utc>) -> Result<bool> {
        self.touched.sync()?;
        crash("restore-3");
        let mut is_gone = true;
        if self.manifest.undo_until.is_none() || self.manifest.is_due(crate::clock::Now::at(keep_until)) {
            self.manifest.undo_until = Some(rfc3339(keep_until));
        }
        for (place, part) in &self.parts {
            remove_emptied(part)?;
            let is_empty = part.names()?.iter().all(|name| is_manifest(name));
            if !is_empty {
                is_gone = false;
                part.write_whole(MANIFEST, &self.manifest.text())?;
                if self.file != MANIFEST {
                    let removed = rustix::fs::unlinkat(part, self.file, AtFlags::empty());
                    removed.map_err(|e| Error::io("finish", part.path(), e))?;
                }
                part.sync()?;
                continue;
            }
            let queue = self.tree.queue_base(place)?.open_dir(QUEUE)?;
            let removed = rustix::fs::unlinkat(part, self.file, AtFlags::empty()).and_then(|()| {
                crash("restore-4");
                rustix::fs::unlinkat(&queue, self.manifest.pass.as_bytes(), AtFlags::REMOVEDIR)
            });
            removed.map_err(|e| Error::io("remove the emptied", part.path(), e))?;
            queue.sync()?;
        }
        crash("restore-5");
        Ok(is_gone)
    }
}

impl Tree {
    /// A camera's directory, made anew if somebody has removed it.
    fn camera_to_fill(&self, camera: &Camera) -> Result<Dir> {
        match self.camera(camera) {
            Err(error) if error.is_not_found() => open_or_make(&self.root_dir()?, camera.as_str().as_bytes()),
            other => Ok(other?.dir),
        }
    }
}

pub(super) fn restore_events(from: &Dir, to: &Dir, restored: &mut Restored) -> Result<()> {
    for name in from.names()? {
        let path = join(from.path(), &name);
        let Some(event) = EventName::from_bytes(&name) else {
            restored
                .left
                .push(Report::failure(path, "it is no event, and its day exists again; it stays in the queue"));
            continue;
        };
        match rename(from, &name, to, &name) {
            Ok(()) => restored.events.push(event),
            Err(error) if error.is_taken() => {
                let why = "an event of that name exists again; it stays in the queue";
                restored.left.push(Report::failure(path, why));
            }
            Err(error) => restored.left.push(Report::of(&error, &path)),
        }
    }
    Ok(())
}

/// Removes directories of days and cameras in which nothing is left; `rmdir` itself is the check.
fn remove_emptied(part: &Dir) -> Result<()> {
    for camera in part.names()?.iter().filter(|name| !is_manifest(name)) {
        let Ok(dir) = part.open_dir(camera) else { continue };
        for day in dir.names()? {
            let _ = rustix::fs::unlinkat(&dir, &day, AtFlags::REMOVEDIR);
        }
        let _ = rustix::fs::unlinkat(part, camera, AtFlags::REMOVEDIR);
    }
    Ok(())
}

fn is_manifest(name: &[u8]) -> bool {
    name == MANIFEST || name == RETIRING || is_unfinished(name)
}

pub(super) fn events_in(day: &Dir) -> Result<Vec<EventName>> {
    Ok(day.names()?.iter().filter_map(|name| EventName::from_bytes(name)).collect())
}

impl Error {
    /// Whether the cause is that the name is taken.
    fn is_taken(&self) -> bool {
        let taken = [Errno::EXIST, Errno::NOTEMPTY].map(|errno| Some(errno.raw_os_error()));
        matches!(self, Self::Io { source, .. } if taken.contains(&source.raw_os_error()))
    }
}
