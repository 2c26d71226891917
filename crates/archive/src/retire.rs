//! The only way into the delete queue: a rename that never overwrites. The numbered procedure is in `doc/retention.md`;
//! the numbers in the comments here are its steps.

mod in_place;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustix::fs::{AtFlags, Mode, RenameFlags};
use rustix::io::Errno;

use super::dir::{DayDir, Dir, Inode, join};
use super::looked::{Found, Inspected, IsOpen};
use super::queue::{MANIFEST, Manifest, Place, QUEUE, RETIRING, is_unfinished};
use super::restore::{Restored, events_in, restore_events};
use super::{CameraDir, EarlyInspections, Inspection, Report, SAVED, Tree};
use crate::clock::Now;
use crate::error::{Error, Operation, Result};
use crate::event::{Actor, Camera, Day, EventName, EventSelection, Guard, Item};
use crate::fault::crash;
pub use in_place::InPlace;

/// A pass that is being made. Nothing in it may be reaped before [`RetiringPass::finish`].
#[derive(Debug)]
pub struct RetiringPass<'a> {
    tree: &'a Tree,
    now: Now,
    root: Dir,
    cameras: Vec<CameraDir>,
    manifest: Manifest,
    /// The pass's directories, one in each queue that it needed so far.
    parts: Vec<(Place, Dir)>,
    /// Cameras whose renames to the root's queue failed with EXDEV, so that their own queue is used.
    apart: BTreeSet<Camera>,
    /// Directories in which names changed, to be synced once at the end.
    touched: Touched,
    /// Whether it contains something that was not planned and could not be moved back.
    is_spared: bool,
    /// Whether anything was moved in.
    has_moved: bool,
    /// Inspections of the events of the next item, until that is tried.
    early: EarlyInspections,
}

/// For how long a pass with something unplanned in it can be restored.
const MIN_RESTORE_TIME: TimeDelta = TimeDelta::hours(24);

/// Directories in which names changed, each once. Each is an open file, and a process may have few: after
/// [`Touched::MAX_OPEN`] they are synced early.
#[derive(Debug, Default)]
pub(super) struct Touched {
    dirs: HashMap<Inode, Dir>,
    /// The first sync that failed before the end.
    failure: Option<Error>,
}

impl Touched {
    const MAX_OPEN: usize = 64;

    pub(crate) fn add(&mut self, dir: &Dir) -> Result<()> {
        let inode = dir.inode()?;
        if let std::collections::hash_map::Entry::Vacant(entry) = self.dirs.entry(inode) {
            entry.insert(dir.again()?);
        }
        Ok(())
    }

    /// Makes what was done so far durable if that keeps many files open. Must not be called in the middle of an item:
    /// names that change later need their directories added again.
    pub(crate) fn relieve(&mut self) {
        if self.dirs.len() >= Self::MAX_OPEN {
            let synced = self.dirs.drain().try_for_each(|(_, dir)| sync_if_there(&dir));
            self.failure = self.failure.take().or(synced.err());
        }
    }

    /// Makes the changes in them durable. Fails if any sync failed, also an earlier one.
    pub(crate) fn sync(&mut self) -> Result<()> {
        match self.failure.take() {
            Some(error) => Err(error),
            None => self.dirs.values().try_for_each(sync_if_there),
        }
    }
}

/// Syncs a directory. FUSE filesystems look it up by its path again: a directory that was removed meanwhile needs no
/// sync.
fn sync_if_there(dir: &Dir) -> Result<()> {
    match dir.sync() {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

/// The result for one item.
#[derive(Debug, Default)]
pub struct Retired {
    /// Events that are in the queue now.
    pub events: Vec<EventName>,
    /// Whether the day's directory is gone from the archive.
    pub day_gone: bool,
    /// Events that the item named and that stay, and why.
    pub kept: Vec<Report>,
    /// What could not be done.
    pub failures: Vec<Report>,
    /// Whether something was moved and moved back, since it changed meanwhile.
    pub put_back: bool,
}

impl Tree {
    /// Step 1: checks that this is our archive, and sets the actor and times of the pass. Directories of the pass are
    /// made when the first item needs them. It can be restored until `undo_until`.
    pub fn begin_pass(
        &self,
        items: Vec<Item>,
        by: Actor,
        undo_until: Option<DateTime<Utc>>,
        now: Now,
    ) -> Result<RetiringPass<'_>> {
        let archive = self.verify_identity()?.to_owned();
        self.verify_writable()?;
        crash("retire-1");
        let manifest = Manifest {
            owlery: 1,
            archive,
            pass: String::new(),
            started: rfc3339(now.utc),
            by,
            undo_until: undo_until.map(rfc3339),
            confirmed: false,
            problem: None,
            items,
        };
        Ok(RetiringPass {
            tree: self,
            now,
            root: self.root_dir()?,
            cameras: self.cameras()?.open,
            manifest,
            parts: Vec::new(),
            apart: BTreeSet::new(),
            touched: Touched::default(),
            is_spared: false,
            has_moved: false,
            early: EarlyInspections::default(),
        })
    }
}

impl RetiringPass<'_> {
    /// Its name; empty while nothing was moved.
    pub fn name(&self) -> &str {
        &self.manifest.pass
    }

    /// Records that a person confirmed it. Must be called before the first item.
    #[must_use]
    pub fn confirmed(mut self, is_confirmed: bool) -> Self {
        self.manifest.confirmed = is_confirmed;
        self
    }

    /// Takes early inspections of the events of the next item, so that they need not be repeated.
    pub fn set_early(&mut self, looks: EarlyInspections) {
        self.early = looks;
    }

    /// Steps 4 to 6 for one item. `expected` are the events that the plan saw in that day. Events that it did not see,
    /// that are saved by now, or that `is_open` reports as being written stay. A day that was moved back is tried once
    /// more, since the second inspection sees what changed. An error means that nothing of the item was moved.
    pub fn retire(&mut self, item: &Item, expected: &[EventName], is_open: &IsOpen<'_>) -> Result<Retired> {
        let first = self.try_to_retire(item, expected, is_open)?;
        if !first.put_back || !first.events.is_empty() || !first.failures.is_empty() {
            return Ok(first);
        }
        let mut second = self.try_to_retire(item, expected, is_open)?;
        if second.put_back {
            let fail = |report: Report| Report { unreadable: true, ..report };
            second.failures.extend(second.kept.drain(..).map(fail));
        }
        Ok(second)
    }

    fn try_to_retire(&mut self, item: &Item, expected: &[EventName], is_open: &IsOpen<'_>) -> Result<Retired> {
        // Step 4: the day as it is now.
        let Some((at, day)) = self.open_day(item)? else { return Ok(Retired { day_gone: true, ..Retired::default() }) };
        self.touched.relieve();
        let list = day.list()?;
        let wanted = Self::wanted(item, expected);
        let looked = Inspected::at(&day, &list, &wanted, std::mem::take(&mut self.early), is_open);
        crash("retire-4");
        let is_as_planned = item.events == EventSelection::All
            && list.foreign.is_empty()
            && list.refused.is_empty()
            && list.events.iter().all(|name| wanted.contains(name));
        if is_as_planned && list.events.is_empty() {
            return Ok(Retired { day_gone: self.remove_empty_day(at, item.day)?, ..Retired::default() });
        }
        if is_as_planned && looked.free.len() == list.events.len() {
            return match self.retire_day(at, &day, &looked) {
                // Another program removed the day since it was listed.
                Err(error) if error.is_not_found() && !self.cameras[at].dir.has(item.day.to_string().as_bytes())? => {
                    Ok(Retired { day_gone: true, ..Retired::default() })
                }
                other => other,
            };
        }
        let mut retired = Retired { kept: looked.kept, failures: looked.failures, ..Retired::default() };
        self.retire_events(at, &day, &looked.free, &mut retired)?;
        self.end_day(at, item.day, &mut retired);
        Ok(retired)
    }

    /// Opens an item's day and returns the index of its camera, after the checks that apply to every item; `None` if
    /// the day is gone.
    fn open_day(&self, item: &Item) -> Result<Option<(usize, DayDir)>> {
        if self.manifest.by == Actor::Rule && item.day.date() >= self.now.yesterday() {
            let message = format!("{}/{} is today's or yesterday's", item.camera, item.day);
            return Err(Error::Refused { guard: Guard::Today, message });
        }
        let Some(at) = self.cameras.iter().position(|camera| camera.camera() == &item.camera) else {
            let path = self.tree.root().join(item.camera.as_str());
            return Err(Error::io("open", path, io::Error::other("the camera's directory cannot be used")));
        };
        if self.manifest.by == Actor::Rule {
            self.tree.check_disk(&self.cameras[at])?; // a user names what is there now
        }
        match self.cameras[at].day(item.day) {
            Err(error) if error.is_not_found() => Ok(None),
            other => Ok(Some((at, other?))),
        }
    }

    /// The events that an item names, among those that the plan saw.
    fn wanted(item: &Item, expected: &[EventName]) -> BTreeSet<EventName> {
        match &item.events {
            EventSelection::All => expected.iter().copied().collect(),
            EventSelection::Some(names) => names.iter().copied().filter(|name| expected.contains(name)).collect(),
        }
    }

    /// Removes a day that is empty by now. A failure is added to the result, which keeps what was moved.
    fn end_day(&mut self, at: usize, day: Day, retired: &mut Retired) {
        if !retired.failures.is_empty() {
            return; // what could not be moved is still in it
        }
        match self.remove_empty_day(at, day) {
            Ok(day_gone) => retired.day_gone = day_gone,
            Err(error) => retired.failures.push(Report::of(&error, self.cameras[at].path())),
        }
    }

    /// Steps 5 and 6 for single events of a day. Fails only for lack of room, with nothing moved.
    fn retire_events(
        &mut self,
        at: usize,
        day: &DayDir,
        free: &BTreeMap<EventName, Inspection>,
        retired: &mut Retired,
    ) -> Result<()> {
        let mut target = None;
        for (name, look) in free {
            match self.retire_event(at, day, (*name, look), &mut target, retired) {
                Ok(()) => {}
                Err(error) if error.is_not_found() => {}
                // Nothing was moved yet: with some room it can be done.
                Err(error) if error.is_full() && retired.events.is_empty() => return Err(error),
                Err(error) => retired.failures.push(Report::of(&error, day.path())),
            }
        }
        Ok(())
    }

    /// Steps 7 and 8: makes every rename durable, and then gives the pass the manifest of a waiting one. Before that
    /// the reaper does not see it, and after a crash it is moved back. Returns its manifest; `None` if nothing was
    /// moved.
    pub fn finish(mut self) -> Result<Option<Manifest>> {
        if !self.has_moved {
            self.remove_empty_parts();
        }
        self.touched.sync()?;
        crash("retire-7");
        if self.is_spared {
            self.manifest.problem =
                Some("some of it changed while it was being retired, and could not be put back".to_owned());
            let until = rfc3339(self.now.utc + MIN_RESTORE_TIME);
            let is_longer = self.manifest.undo_until.as_ref().is_some_and(|planned| *planned > until);
            if !is_longer {
                self.manifest.undo_until = Some(until);
            }
            self.parts.iter().try_for_each(|(_, part)| part.write_whole(RETIRING, &self.manifest.text()))?;
        }
        for (_, part) in &self.parts {
            let renamed = rustix::fs::renameat(part, RETIRING, part, MANIFEST);
            renamed.map_err(|e| Error::io("finish", part.path(), e))?;
            part.sync()?;
        }
        crash("retire-8");
        Ok((!self.parts.is_empty()).then_some(self.manifest))
    }

    /// Step 5 for the day as a whole, and step 6.
    fn retire_day(&mut self, at: usize, day: &DayDir, looked: &Inspected) -> Result<Retired> {
        let name = day.day.to_string();
        let mut target = None;
        let target = self.move_in(at, None, name.as_bytes(), &mut target)?;
        crash("retire-5");
        // Step 6: what was moved must be what was inspected, with nothing added, removed, saved or written meanwhile.
        // An unknown counts as a difference. It is listed through a new handle: mergerfs lists an old one by the path
        // that it had.
        let moved = target.open_dir(name.as_bytes()).map(|dir| DayDir::new(dir, day.camera.clone(), day.day));
        let found = moved.and_then(|moved| looked.compare(day, &moved));
        crash("retire-6");
        match found {
            Ok(Found::All) => {
                let events = looked.free.keys().copied().collect();
                let mut retired = Retired { events, day_gone: true, ..Retired::default() };
                // A pool of disks may move the part of an event on one disk and leave that on another.
                if self.cameras[at].dir.has(name.as_bytes())? {
                    retired.day_gone = false;
                    let why = "only what lies on some disks of the pool was moved; the next pass tries the rest";
                    retired.failures.push(Report::failure(day.path(), why));
                }
                return Ok(retired);
            }
            Ok(Found::Part(events)) => return self.go_on_with_the_rest(at, looked, &events),
            Ok(Found::Changed) | Err(_) => {}
        }
        match rename(target, name.as_bytes(), &self.cameras[at].dir, name.as_bytes()) {
            Ok(()) => {
                let note =
                    Report::note(day.path(), "it changed while it was being retired; put back until the next pass");
                Ok(Retired { kept: vec![note], put_back: true, ..Retired::default() })
            }
            Err(error) => Ok(self.put_back_events(at, target, name.as_bytes(), error)),
        }
    }

    /// Continues after a partial move. A pool of disks (mergerfs) renames a directory on each disk that has it, and may
    /// leave it on some of them: then these events are in the pass, and the day still exists with the others, which are
    /// tried one by one.
    fn go_on_with_the_rest(&mut self, at: usize, looked: &Inspected, moved: &BTreeSet<EventName>) -> Result<Retired> {
        let mut retired = Retired { events: moved.iter().copied().collect(), ..Retired::default() };
        let day = self.cameras[at].day(looked.day)?;
        let rest = looked.free.iter().filter(|(name, _)| !moved.contains(name));
        let rest = rest.map(|(name, look)| (*name, *look)).collect();
        self.retire_events(at, &day, &rest, &mut retired)?;
        self.end_day(at, looked.day, &mut retired);
        Ok(retired)
    }

    /// Moves a changed day back event by event, since it cannot be as a whole; usually another program has created it
    /// again. An event whose name is taken stays in the pass, which can then be restored for a while.
    fn put_back_events(&mut self, at: usize, target: &Dir, day: &[u8], error: Error) -> Retired {
        let mut back = Restored::default();
        let moved = target.open_dir(day);
        let put_back = moved.as_ref().map_err(|_| error).and_then(|moved| {
            let there = open_or_make(&self.cameras[at].dir, day)?;
            self.touched.add(moved)?;
            self.touched.add(&there)?;
            restore_events(moved, &there, &mut back)
        });
        if let Err(error) = put_back {
            back.left.push(Report::of(&error, &join(target.path(), day)));
        }
        let events = moved.and_then(|moved| events_in(&moved)).unwrap_or_default();
        let is_empty = rustix::fs::unlinkat(target, day, AtFlags::REMOVEDIR).is_ok();
        self.is_spared |= !is_empty;
        let day = join(self.cameras[at].dir.path(), day);
        let note = Report::note(day, "it changed while it was being retired; put back as far as its names were free");
        Retired { events, kept: vec![note], failures: back.left, put_back: true, ..Retired::default() }
    }

    /// Steps 5 and 6 for one event: if it was saved or written at the last moment, it is moved back.
    fn retire_event(
        &mut self,
        at: usize,
        day: &DayDir,
        (name, look): (EventName, &Inspection),
        target: &mut Option<Dir>,
        retired: &mut Retired,
    ) -> Result<()> {
        let text = name.text();
        let event = day.dir.enter(text.as_bytes())?;
        let target = self.move_in(at, Some(day), text.as_bytes(), target)?;
        crash("retire-5");
        let is_as_looked = look.is_of_moved(&event, target, text.as_bytes());
        crash("retire-6");
        if is_as_looked.unwrap_or(false) {
            retired.events.push(name);
            return Ok(());
        }
        let why = match event.has(SAVED.as_bytes()) {
            Ok(true) => "saved at the last moment",
            Ok(false) | Err(_) => "it changed while it was being retired; put back until the next pass",
        };
        match rename(target, text.as_bytes(), &day.dir, text.as_bytes()) {
            Ok(()) => {
                retired.put_back = true;
                retired.kept.push(Report::note(day.event_path(name), why));
            }
            Err(error) => {
                self.is_spared = true;
                retired.events.push(name);
                retired.failures.push(Report::of(&error, &day.event_path(name)));
            }
        }
        Ok(())
    }

    /// Renames `name`, a day of the camera or (with `day`) an event of it, into the pass. Returns the directory that it
    /// is in now, which is also kept in `target` for the next event of the same day. If the root's queue turns out to
    /// be on another filesystem, the camera's own queue is used.
    fn move_in<'t>(
        &mut self,
        at: usize,
        day: Option<&DayDir>,
        name: &[u8],
        target: &'t mut Option<Dir>,
    ) -> Result<&'t Dir> {
        loop {
            let to = match target.take() {
                Some(to) => to,
                None => self.target_of(at, day)?,
            };
            let from = day.map_or(&self.cameras[at].dir, |day| &day.dir);
            match rename(from, name, &to, name) {
                Err(Error::Io { source, .. }) if is(&source, Errno::XDEV) && self.place_of(at)? == Place::Root => {
                    self.apart.insert(self.cameras[at].camera().clone());
                }
                // A failing network can report a failure although the server has done the rename. The pass is new, so
                // an entry of this name in it came by this rename.
                Err(error)
                    if !error.is_not_found() && matches!((from.has(name), to.has(name)), (Ok(false), Ok(true))) =>
                {
                    tracing::warn!("{}; it was done all the same", error.chain());
                    self.has_moved = true;
                    return Ok(&*target.insert(to));
                }
                other => {
                    self.has_moved |= other.is_ok();
                    let to = target.insert(to);
                    return other.map(|()| &*to);
                }
            }
        }
    }

    /// The directory of the pass for a camera's days, or with `day` for that day's events.
    fn target_of(&mut self, at: usize, day: Option<&DayDir>) -> Result<Dir> {
        let place = self.place_of(at)?;
        let mut target = open_or_make(&self.part(&place)?, self.cameras[at].camera().as_str().as_bytes())?;
        self.touched.add(&target)?;
        if let Some(day) = day {
            target = open_or_make(&target, day.day.to_string().as_bytes())?;
            self.touched.add(&target)?;
        }
        self.touched.add(day.map_or(&self.cameras[at].dir, |day| &day.dir))?;
        Ok(target)
    }

    /// The queue for a camera's days: the root's if one filesystem holds both.
    fn place_of(&self, at: usize) -> Result<Place> {
        let camera = &self.cameras[at];
        if self.apart.contains(camera.camera()) {
            return Ok(Place::Camera(camera.camera().clone()));
        }
        let is_on_root = self.root.mount()? == camera.dir.mount()?;
        Ok(if is_on_root { Place::Root } else { Place::Camera(camera.camera().clone()) })
    }

    /// The pass's directory in a queue. If it does not exist yet, steps 2 and 3: created by mkdir, with a manifest that
    /// is on disk before anything is moved in.
    fn part(&mut self, place: &Place) -> Result<Dir> {
        if let Some((_, dir)) = self.parts.iter().find(|(made, _)| made == place) {
            return dir.again();
        }
        let base = match place {
            Place::Root => self.root.again()?,
            Place::Camera(_) => self.tree.queue_base(place)?,
        };
        self.tree.settle_identity()?;
        let queue = open_or_make(&base, QUEUE)?;
        let is_first = self.manifest.pass.is_empty();
        if is_first {
            self.manifest.pass = make_pass_dir(&queue, self.now)?;
        } else {
            make_dir(&queue, self.manifest.pass.as_bytes())?;
        }
        crash("retire-2");
        match self.begin_part(&base, &queue) {
            Ok((dir, kept)) => {
                crash("retire-3");
                self.parts.push((place.clone(), kept));
                Ok(dir)
            }
            Err(error) => {
                // Nothing was moved in yet: an unfinished pass must not stay behind, nor block the next item.
                let name = self.manifest.pass.as_bytes();
                if let Ok(dir) = queue.enter(name) {
                    let _ = rustix::fs::unlinkat(&dir, RETIRING, AtFlags::empty());
                }
                let _ = rustix::fs::unlinkat(&queue, name, AtFlags::REMOVEDIR);
                if is_first {
                    self.manifest.pass.clear();
                }
                Err(error)
            }
        }
    }

    /// Step 3: writes the manifest of a new pass directory. Returns two handles on it.
    fn begin_part(&self, base: &Dir, queue: &Dir) -> Result<(Dir, Dir)> {
        let dir = queue.open_dir(self.manifest.pass.as_bytes())?;
        let kept = dir.again()?;
        dir.take_owner_of(base);
        dir.write_whole(RETIRING, &self.manifest.text())?;
        dir.sync().and_then(|()| queue.sync()).and_then(|()| base.sync())?;
        Ok((dir, kept))
    }

    /// Removes the directories of a pass into which nothing was moved: the disk had room for them, and for nothing
    /// more. What cannot be removed stays an empty pass, which is reaped.
    fn remove_empty_parts(&mut self) {
        let (tree, pass) = (self.tree, self.manifest.pass.as_bytes());
        self.parts.retain(|(place, part)| {
            let remove_dirs = |dir: &Dir| {
                for name in dir.names().unwrap_or_default() {
                    // fails for a file, and for a directory that is not empty
                    let _ = rustix::fs::unlinkat(dir, &name, AtFlags::REMOVEDIR);
                }
            };
            for name in part.names().unwrap_or_default() {
                if let Ok(camera) = part.open_dir(&name) {
                    remove_dirs(&camera);
                }
            }
            remove_dirs(part);
            if !part.names().is_ok_and(|names| names == [RETIRING]) {
                return true;
            }
            let _ = rustix::fs::unlinkat(part, RETIRING, AtFlags::empty());
            let queue = tree.queue_base(place).and_then(|base| base.open_dir(QUEUE));
            if let Ok(queue) = queue {
                let _ = rustix::fs::unlinkat(&queue, pass, AtFlags::REMOVEDIR);
            }
            false
        });
    }

    /// Removes the day's directory if it is empty; `rmdir` itself is the check.
    fn remove_empty_day(&mut self, at: usize, day: Day) -> Result<bool> {
        if day.date() >= self.now.yesterday() {
            return Ok(false); // Motion may be about to write there
        }
        let camera = self.cameras[at].dir.again()?;
        self.touched.add(&camera)?;
        let name = day.to_string();
        match rustix::fs::unlinkat(&camera, name.as_bytes(), AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(e) => Err(Error::io("remove the empty", join(camera.path(), name.as_bytes()), e)),
        }
    }
}

/// The time format of manifests.
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Creates a pass directory named after the time in UTC, and keeps it: from here on only the reaper removes it.
fn make_pass_dir(queue: &Dir, now: Now) -> Result<String> {
    let fail = |e: io::Error| Error::io("make a pass in", queue.path(), e);
    let made = tempfile::Builder::new()
        .prefix(&now.utc.format("%Y%m%dT%H%M%SZ-").to_string())
        .disable_cleanup(true) // by path, which means nothing here
        .make_in("", |path| {
            let name = path.file_name().unwrap_or_default();
            Ok(rustix::fs::mkdirat(queue, name, Mode::from_raw_mode(0o755))?)
        })
        .map_err(fail)?;
    let name = made.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    made.keep().map_err(|e| fail(e.error))?;
    Ok(name)
}

/// Creates the directory of a pass. An earlier attempt may have left an empty one.
fn make_dir(parent: &Dir, name: &[u8]) -> Result<()> {
    let fail = |e| Error::io("make", join(parent.path(), name), e);
    match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Err(Errno::EXIST) => {
            let names = parent.open_dir(name)?.names()?;
            let is_ours = names.iter().all(|name| is_unfinished(name));
            if is_ours { Ok(()) } else { Err(fail(Errno::EXIST)) }
        }
        made => made.map_err(fail),
    }
}

pub(super) fn open_or_make(parent: &Dir, name: &[u8]) -> Result<Dir> {
    if let Some(dir) = parent.open_dir_if_there(name)? {
        return Ok(dir);
    }
    parent.make_dir_if_missing(name)?;
    let dir = parent.open_dir(name)?;
    dir.take_owner_of(parent);
    Ok(dir)
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// Renames without ever overwriting. Where the filesystem cannot guarantee that (NFS, many FUSE mounts), it checks
/// first and does a plain rename: a directory can replace only an empty one.
pub(super) fn rename(from: &Dir, old: &[u8], to: &Dir, new: &[u8]) -> Result<()> {
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
