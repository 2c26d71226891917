//! Moves passes back out of the delete queue. It never overwrites: if a day exists again, its events are moved one by
//! one, and an event whose name is taken stays in the queue and is reported. The numbered procedure is in
//! `doc/retention.md`; the numbers in the comments here are its steps. Step 1, which protects what comes back from the
//! next pass, belongs to the expirer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::day_dir::DayDir;
use super::dir::{Dir, join};
use super::event_dir::MAX_DEPTH;
use super::flat::FlatSource;
use super::home::{Changed, Home, make_path};
use super::queue::{
    FLAT_ENDING, MANIFEST, Manifest, PassPart, PassParts, Place, QUEUE, RETIRING, Stage, is_unfinished,
};
use super::retire::{Touched, open_or_make, rename, restore_flat};
use super::{QueuedPass, Report, Tree};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventName, Item};
use crate::fault::crash;
use crate::time::rfc3339;

/// The days of a pass that are at least partly in the queue.
pub(crate) type Days = BTreeSet<(Camera, Day)>;

/// A pass that is being restored. Nothing of it may be reaped meanwhile.
#[derive(Debug)]
pub struct RestoringPass<'a> {
    tree: &'a Tree,
    manifest: Manifest,
    parts: PassParts,
    /// Directories in which names changed, to be synced once at the end.
    touched: Touched,
}

/// The result for one day of a pass.
#[derive(Debug, Default)]
pub struct Restored {
    /// Events that are in the archive again.
    pub events: Vec<EventName>,
    /// What stays in the queue, and why.
    pub left: Vec<Report>,
}

/// The result of restoring a pass.
#[derive(Debug, Default)]
pub struct Finished {
    /// Whether the queue no longer contains any part of the pass.
    pub is_gone: bool,
    /// What could not be done. What was restored before stays restored.
    pub failures: Vec<Report>,
}

impl Tree {
    /// Finds a pass that can be restored. Fails with [`Error::Unknown`] if there is none of that name.
    pub fn begin_restore(&self, pass: &str) -> Result<RestoringPass<'_>> {
        self.verify_identity()?;
        self.verify_writable()?;
        // A pass of another archive too, if a user names it: nothing is overwritten.
        let found = self.parts_of(pass)?.or_else(|| self.parts_of_another(pass));
        let (manifest, parts) = found.ok_or_else(|| Error::Unknown { what: "queued pass", name: pass.to_owned() })?;
        Ok(RestoringPass { tree: self, manifest, parts, touched: Touched::default() })
    }

    /// Step 1 of recovering: the passes that were interrupted while they were made. Their contents were not compared
    /// yet, so they are to be moved back by the steps 2 to 5. If another part of such a pass is finished, this one is
    /// finished here: its renames were durable.
    pub fn unfinished_passes(&self) -> Result<Vec<RestoringPass<'_>>> {
        self.verify_identity()?;
        let mut found: BTreeMap<String, Vec<QueuedPass>> = BTreeMap::new();
        for pass in self.passes()?.0 {
            found.entry(pass.manifest.pass.clone()).or_default().push(pass);
        }
        let mut unfinished = Vec::new();
        for passes in found.into_values() {
            let is_cut_off = |pass: &QueuedPass| pass.stage == Stage::Retiring;
            if !passes.iter().any(is_cut_off) {
                continue;
            }
            let is_finished = !passes.iter().all(is_cut_off);
            let mut parts = PassParts::new();
            for pass in passes.iter().filter(|pass| is_cut_off(pass)) {
                let done = match self.part(pass) {
                    Ok(part) if is_finished => finish(&part),
                    part => part.map(|part| parts.push(part)),
                };
                if let Err(error) = done {
                    tracing::error!("{}", error.chain());
                }
            }
            if let Some(pass) = passes.into_iter().next().filter(|_| !parts.is_empty()) {
                unfinished.push(RestoringPass {
                    tree: self,
                    manifest: pass.manifest,
                    parts,
                    touched: Touched::default(),
                });
            }
        }
        crash("recover-1");
        Ok(unfinished)
    }
}

/// Gives a part the manifest of a waiting pass.
fn finish(part: &PassPart) -> Result<()> {
    let renamed = rustix::fs::renameat(&part.dir, RETIRING, &part.dir, MANIFEST);
    renamed.map_err(|e| Error::io("finish", part.dir.path(), e))?;
    part.dir.sync()
}

impl RestoringPass<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.manifest.pass
    }

    /// The days in the pass, and reports of everything else or unreadable.
    pub fn days(&self) -> (Days, Vec<Report>) {
        let (mut days, mut others) = (Days::new(), Vec::new());
        for PassPart { dir: part, .. } in &self.parts {
            let names = part.names().unwrap_or_else(|error| {
                others.push(Report::of(&error, part.path()));
                Vec::new()
            });
            for name in names.iter().filter(|name| !is_manifest(name)) {
                let camera = std::str::from_utf8(name).ok().and_then(|name| {
                    let of_flat = name.parse().ok().filter(|camera| self.manifest.layouts.contains_key(camera));
                    self.tree.is_camera(name).or(of_flat)
                });
                let Some(camera) = camera else {
                    others.push(Report::failure(join(part.path(), name), "it does not belong to a camera; it stays"));
                    continue;
                };
                match part.open_dir(name).and_then(|dir| Ok((dir.names()?, dir))) {
                    Ok((names, dir)) => {
                        for name in names {
                            match std::str::from_utf8(&name).ok().and_then(day_of) {
                                Some(day) => _ = days.insert((camera.clone(), day)),
                                None => others.push(Report::failure(join(dir.path(), &name), "it is no day; it stays")),
                            }
                        }
                    }
                    Err(error) => others.push(Report::of(&error, &join(part.path(), name))),
                }
            }
        }
        (days, others)
    }

    /// Step 2 for one day: back as a whole if there is no such day, else its events one by one. A failure in one part
    /// does not hide what was restored before, nor what the other parts do.
    pub fn restore_day(&mut self, camera: &Camera, day: Day) -> Restored {
        let mut restored = Restored::default();
        if let Err(error) = self.begin_files() {
            restored.left.push(Report::of(&error, self.tree.root()));
            return restored;
        }
        self.touched.relieve();
        for at in 0..self.parts.len() {
            if let Err(error) = self.restore_part(at, camera, day, &mut restored) {
                let path = self.parts[at].dir.path().join(camera.as_str()).join(day.to_string());
                restored.left.push(Report::of(&error, &path));
            }
        }
        restored
    }

    /// Before flat files move back one by one, gives the pass the manifest of an interrupted one: if this process ends in
    /// the middle of an event, the next one moves the rest back, and the reaper does not take it.
    fn begin_files(&mut self) -> Result<()> {
        if self.manifest.layouts.is_empty() {
            return Ok(());
        }
        for part in self.parts.iter_mut().filter(|part| part.stage == Stage::Waiting) {
            let renamed = rustix::fs::renameat(&part.dir, MANIFEST, &part.dir, RETIRING);
            renamed.map_err(|e| Error::io("begin to restore", part.dir.path(), e))?;
            part.dir.sync()?;
            part.stage = Stage::Retiring;
        }
        Ok(())
    }

    fn restore_part(&mut self, at: usize, camera: &Camera, day: Day, restored: &mut Restored) -> Result<()> {
        let part = self.parts[at].dir.again()?;
        let Some(from) = part.open_dir_if_there(camera.as_str().as_bytes())? else { return Ok(()) };
        let home = Home::of(self.manifest.layouts.get(camera), day)?;
        self.touched.add(&from)?;
        if let Some(retired) = from.open_dir_if_there(day.to_string().as_bytes())? {
            self.restore_directory(at, (&from, retired), (camera, day), &home, restored)?;
        }
        if let Some(files) = from.open_dir_if_there(format!("{day}{FLAT_ENDING}").as_bytes())?
            && let Some(flat) = home.source(files)
        {
            let to = self.camera_to_fill(at, camera, &home)?;
            let name = format!("{day}{FLAT_ENDING}");
            self.restore_files(&to, (&from, name.as_bytes()), &flat, &home, restored)?;
        }
        crash("restore-2");
        Ok(())
    }

    /// Moves the flat files of a day back: with their directory if that was moved and its place is free, else one by one.
    fn restore_files(
        &mut self,
        to: &Dir,
        (from, name): (&Dir, &[u8]),
        flat: &FlatSource,
        home: &Home,
        restored: &mut Restored,
    ) -> Result<()> {
        let events: Vec<EventName> = flat.list()?.names().collect();
        if let Some(path) = home.day_dir() {
            let (above, own) = path.rsplit_once('/').unwrap_or(("", path));
            let parent =
                if above.is_empty() { to.again()? } else { make_path(to, above, &mut |dir| self.touched.add(dir))? };
            self.touched.add(&parent)?;
            match rename(from, name, &parent, own.as_bytes()) {
                Err(error) if is_taken(&error) => {}
                other => return other.map(|()| restored.events.extend(events)),
            }
        }
        let base = home.make_base(to, &mut |dir| self.touched.add(dir))?;
        restore_flat(flat, &base, restored, &mut |dir| self.touched.add(dir))?;
        if let Err(error) = rustix::fs::unlinkat(from, name, AtFlags::REMOVEDIR) {
            tracing::debug!("{}: it stays in the pass: {error}", flat.base().path().display());
        }
        Ok(())
    }

    /// Moves a day's own directory back: as a whole if its place is free, else what it contains.
    fn restore_directory(
        &mut self,
        at: usize,
        (from, retired): (&Dir, Dir),
        (camera, day): (&Camera, Day),
        home: &Home,
        restored: &mut Restored,
    ) -> Result<()> {
        let to = self.camera_to_fill(at, camera, home)?;
        let day_name = day.to_string();
        let moved = home.retired_day(retired, camera, day)?;
        for dir in [&moved.dir, &to] {
            self.touched.add(dir)?;
        }
        let events = moved.list()?.events;
        match rename(from, day_name.as_bytes(), &to, day_name.as_bytes()) {
            Ok(()) => restored.events.extend(events),
            Err(error) if is_taken(&error) => {
                let there = to.open_dir(day_name.as_bytes())?;
                self.touched.add(&there)?;
                if merge(from, day_name.as_bytes(), &to, &there, &moved.dir)? {
                    restored.events.extend(events);
                } else {
                    restore_events(&moved, &there, restored, &mut |dir| self.touched.add(dir))?;
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The directory that a camera's days go back to, created again if it was removed.
    fn camera_to_fill(&mut self, at: usize, camera: &Camera, home: &Home) -> Result<Dir> {
        if home.is_root() {
            return self.tree.root_dir();
        }
        match &self.parts[at].place {
            Place::Root => match self.tree.camera(camera) {
                Err(error) if error.is_not_found() => {
                    let root = self.tree.root_dir()?;
                    self.touched.add(&root)?;
                    open_or_make(&root, camera.as_str().as_bytes())
                }
                other => Ok(other?.dir),
            },
            Place::Camera(_) => Ok(self.tree.camera(camera)?.dir),
        }
    }

    /// Steps 3 to 5: makes the renames durable, and removes the pass if nothing is left in it. Otherwise it is kept
    /// until `keep_until`, with a manifest that lists what is left and `problem`.
    pub fn finish(mut self, keep_until: DateTime<Utc>, problem: Option<String>) -> Finished {
        if let Err(error) = self.touched.sync() {
            // What was restored may not survive a power cut, so the manifest has to list all of it.
            return Finished { is_gone: false, failures: vec![Report::of(&error, self.tree.root())] };
        }
        crash("restore-3");
        if self.manifest.undo_until.is_none() || self.manifest.is_due(crate::clock::Now::at(keep_until)) {
            self.manifest.undo_until = Some(rfc3339(keep_until));
        }
        for part in &self.parts {
            remove_emptied(&part.dir);
        }
        self.manifest.items = self.left();
        self.manifest.problem = problem.or(self.manifest.problem.take());
        let mut finished = Finished { is_gone: true, failures: Vec::new() };
        for part in &self.parts {
            match self.finish_part(part) {
                Ok(is_gone) => finished.is_gone &= is_gone,
                Err(error) => {
                    finished.is_gone = false;
                    finished.failures.push(Report::of(&error, part.dir.path()));
                }
            }
        }
        crash("restore-5");
        finished
    }

    /// The manifest's items that are still in the pass.
    fn left(&self) -> Vec<Item> {
        let mut left: Vec<Item> = Vec::new();
        for part in &self.parts {
            let found = super::contents::items_in(&part.dir, &self.manifest).unwrap_or_else(|error| {
                tracing::warn!("{}", error.chain());
                self.manifest.items.clone() // all of it may be there
            });
            for item in found {
                if !left.contains(&item) {
                    left.push(item);
                }
            }
        }
        left
    }

    /// Steps 4 and 5 for one part; returns whether it is gone.
    fn finish_part(&self, part: &PassPart) -> Result<bool> {
        let PassPart { place, dir, stage } = part;
        if !dir.names()?.iter().all(|name| is_manifest(name)) {
            dir.write_whole(MANIFEST, &self.manifest.text())?;
            if *stage != Stage::Waiting {
                let removed = rustix::fs::unlinkat(dir, stage.file(), AtFlags::empty());
                removed.map_err(|e| Error::io("finish", dir.path(), e))?;
            }
            dir.sync()?;
            return Ok(false);
        }
        let queue = self.tree.queue_base(place)?.open_dir(QUEUE)?;
        let removed = rustix::fs::unlinkat(dir, stage.file(), AtFlags::empty()).and_then(|()| {
            crash("restore-4");
            rustix::fs::unlinkat(&queue, self.manifest.pass.as_bytes(), AtFlags::REMOVEDIR)
        });
        removed.map_err(|e| Error::io("remove the emptied", dir.path(), e))?;
        queue.sync()?;
        Ok(true)
    }
}

/// Merges the two parts of a day on a pool of disks. mergerfs renames a directory on each disk that has it. A day that
/// was retired from one disk can go back beside its part on another, although its events alone cannot, since they would
/// change disks. An event may be on both, with different files. Tried only if no file name is taken; elsewhere the
/// rename fails, because the day is not empty. Returns whether all of it is back.
fn merge(from: &Dir, day: &[u8], to: &Dir, there: &Dir, retired: &Dir) -> Result<bool> {
    if !is_disjoint(retired, there, MAX_DEPTH)? {
        return Ok(false);
    }
    Ok(rustix::fs::renameat(from, day, to, day).is_ok())
}

/// Whether two directories have only directories of the same name in common, down to `depth`, for which the same is
/// true.
fn is_disjoint(one: &Dir, other: &Dir, depth: u32) -> Result<bool> {
    for name in one.names()? {
        if !other.has(&name)? {
            continue;
        }
        let (Ok(one), Ok(other)) = (one.open_dir(&name), other.open_dir(&name)) else { return Ok(false) };
        if depth == 0 || !is_disjoint(&one, &other, depth - 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Moves the events of a day back into its directory, one by one.
pub(super) fn restore_events(
    from: &DayDir,
    to: &Dir,
    restored: &mut Restored,
    changed: &mut Changed<'_>,
) -> Result<()> {
    let is_flat = |name: &[u8]| from.flat.as_ref().is_some_and(|flat| flat.describes(name));
    for name in from.dir.names()? {
        let path = join(from.dir.path(), &name);
        if is_flat(&name) {
            continue;
        }
        let Some(event) = EventName::from_bytes(&name) else {
            restored
                .left
                .push(Report::failure(path, "it is not an event, and its day exists again; it stays in the queue"));
            continue;
        };
        match rename(&from.dir, &name, to, &name) {
            Ok(()) => restored.events.push(event),
            Err(error) if is_taken(&error) => {
                let why = "an event of that name exists again; it stays in the queue";
                restored.left.push(Report::failure(path, why));
            }
            Err(error) => restored.left.push(Report::of(&error, &path)),
        }
    }
    match &from.flat {
        Some(flat) => restore_flat(flat, to, restored, changed),
        None => Ok(()),
    }
}

/// Removes directories of days and cameras that are empty; `rmdir` itself is the check.
fn remove_emptied(part: &Dir) {
    for camera in part.names().unwrap_or_default().iter().filter(|name| !is_manifest(name)) {
        let Ok(dir) = part.open_dir(camera) else { continue };
        for day in dir.names().unwrap_or_default() {
            let _ = rustix::fs::unlinkat(&dir, &day, AtFlags::REMOVEDIR);
        }
        let _ = rustix::fs::unlinkat(part, camera, AtFlags::REMOVEDIR);
    }
}

fn is_manifest(name: &[u8]) -> bool {
    name == MANIFEST || name == RETIRING || is_unfinished(name)
}

/// The day of a directory in a pass: `2026-11-20`, or `2026-11-20.flat` with flat files that were moved one by one.
pub(super) fn day_of(name: &str) -> Option<Day> {
    name.strip_suffix(FLAT_ENDING).unwrap_or(name).parse().ok()
}

/// Whether the cause is that the name is taken.
pub(super) fn is_taken(error: &Error) -> bool {
    let taken = [Errno::EXIST, Errno::NOTEMPTY].map(|errno| Some(errno.raw_os_error()));
    matches!(error, Error::Io { source, .. } if taken.contains(&source.raw_os_error()))
}
