//! The only way into the delete queue: a rename that never overwrites. The numbered procedure is in `doc/retention.md`;
//! the numbers in the comments here are its steps.

mod flat;
mod in_place;
mod midnight;
mod moves;
mod pass_dirs;
mod touched;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::AtFlags;

use super::day_dir::DayDir;
use super::day_inspection::{DayInspection, Found, WhyStays};
use super::dir::{Dir, join};
use super::queue::{MANIFEST, Manifest, Place, RETIRING};
use super::restore::{Restored, restore_events};
use super::{CameraDir, EarlyInspections, Inspection, Report, SAVED, Tree};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Actor, Camera, EventName, EventSelection, Guard, Item};
use crate::fault::crash;
use crate::time::rfc3339;
pub(super) use flat::restore_flat;
pub use in_place::InPlace;
pub(super) use in_place::empty;
use moves::{Goal, Source, retired_name};
pub(super) use moves::{open_or_make, open_or_make_like, rename};
pub(super) use touched::Touched;

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

/// The result for one item.
#[derive(Debug, Default)]
pub struct Retired {
    /// Events that are in the queue now.
    pub events: Vec<EventName>,
    /// How many files of no event are in the queue now.
    pub loose: u64,
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
        if let Some(message) = self.layouts().doubt().filter(|_| by == Actor::Rule) {
            return Err(Error::Refused { guard: Guard::Configuration, message });
        }
        crash("retire-1");
        let cameras = self.cameras()?.open;
        let of_items = |camera: &&CameraDir| items.iter().any(|item| item.camera == *camera.camera());
        let layouts = cameras.iter().filter(of_items).filter_map(CameraDir::retired_layout).collect();
        let manifest = Manifest {
            owlery: 1,
            archive,
            pass: String::new(),
            started: rfc3339(now.utc),
            by,
            undo_until: undo_until.map(rfc3339),
            confirmed: false,
            problem: None,
            layouts,
            items,
        };
        Ok(RetiringPass {
            tree: self,
            now,
            root: self.root_dir()?,
            cameras,
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
    pub fn set_early(&mut self, inspections: EarlyInspections) {
        self.early = inspections;
    }

    /// Steps 4 to 6 for one item. `expected` are the events that the plan saw in that day. Events that it did not see,
    /// that are saved by now, or for which `why_stays` has a reason stay. A day that was moved back is tried once
    /// more, since the second inspection sees what changed. An error means that no part of the item was moved.
    pub fn retire(&mut self, item: &Item, expected: &[EventName], why_stays: &WhyStays<'_>) -> Result<Retired> {
        let first = self.try_to_retire(item, expected, why_stays)?;
        if !first.put_back || !first.events.is_empty() || first.loose > 0 || !first.failures.is_empty() {
            return Ok(first);
        }
        let mut second = self.try_to_retire(item, expected, why_stays)?;
        if second.put_back {
            let fail = |report: Report| Report { unreadable: true, ..report };
            second.failures.extend(second.kept.drain(..).map(fail));
        }
        Ok(second)
    }

    fn try_to_retire(&mut self, item: &Item, expected: &[EventName], why_stays: &WhyStays<'_>) -> Result<Retired> {
        // Step 4: the day as it is now.
        let Some((at, day)) = self.open_day(item)? else { return Ok(Retired { day_gone: true, ..Retired::default() }) };
        self.touched.relieve();
        let list = day.list()?;
        let wanted = Self::wanted(item, expected);
        let mut inspected = DayInspection::at(&day, &list, &wanted, std::mem::take(&mut self.early), why_stays);
        let spared = self.cameras[at].files_of_saved_neighbours(&day)?;
        inspected.spare(&day, &spared);
        crash("retire-4");
        let is_as_planned = item.events == EventSelection::All
            && list.foreign.is_empty()
            && list.refused.is_empty()
            && list.events.iter().all(|name| wanted.contains(name));
        if is_as_planned && list.events.is_empty() {
            let mut retired = Retired::default();
            if self.manifest.by == Actor::Rule {
                self.retire_loose(at, &day, &spared, &mut retired);
            }
            self.end_day(at, &day, &mut retired);
            return Ok(retired);
        }
        if is_as_planned && day.is_whole && spared.is_empty() && inspected.free.len() == list.events.len() {
            return match self.retire_day(at, &day, &inspected) {
                // Another program removed the day since it was listed.
                Err(error) if error.is_not_found() && self.cameras[at].day(item.day).is_err() => {
                    Ok(Retired { day_gone: true, ..Retired::default() })
                }
                other => other,
            };
        }
        let mut retired = Retired { kept: inspected.kept, failures: inspected.failures, ..Retired::default() };
        let is_all = is_as_planned && inspected.free.len() == list.events.len();
        self.retire_events(at, &day, &inspected.free, &mut retired)?;
        if is_all && self.manifest.by == Actor::Rule {
            self.retire_loose(at, &day, &spared, &mut retired);
        }
        self.end_day(at, &day, &mut retired);
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
    fn end_day(&mut self, at: usize, day: &DayDir, retired: &mut Retired) {
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
        for (name, inspection) in free {
            let done = if inspection.flat.is_empty() {
                self.retire_event(at, day, (*name, inspection), &mut target, retired)
            } else {
                self.retire_flat_event(at, day, (*name, inspection), retired)
            };
            match done {
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
                Some("some of it changed while it was being retired, and could not be moved back".to_owned());
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
    fn retire_day(&mut self, at: usize, day: &DayDir, inspected: &DayInspection) -> Result<Retired> {
        let (parent, own) = self.place_of_day(at, day)?;
        let name = retired_name(day.day, &own);
        let mut target = None;
        let from = Source { dir: &parent, name: own.as_bytes() };
        let target = self.move_in(at, Goal::Camera, &from, name.as_bytes(), &mut target)?;
        crash("retire-5");
        // Step 6: what was moved must be what was inspected, with nothing added, removed, saved or written meanwhile.
        // An unknown counts as a difference. It is listed through a new handle: mergerfs lists an old one by the path
        // that it had.
        let moved = target.open_dir(name.as_bytes()).and_then(|dir| day.moved_to(dir));
        let found = moved.and_then(|moved| inspected.compare(day, &moved));
        crash("retire-6");
        match found {
            Ok(Found::All) => {
                let events = inspected.free.keys().copied().collect();
                let mut retired = Retired { events, day_gone: true, ..Retired::default() };
                // A pool of disks may move the part of an event on one disk and leave that on another.
                if parent.has(own.as_bytes())? {
                    retired.day_gone = false;
                    let why = "only the part on some disks of the pool was moved; the next pass retries the rest";
                    retired.failures.push(Report::failure(day.path(), why));
                } else {
                    self.remove_empty_parents(at, day.day);
                }
                return Ok(retired);
            }
            Ok(Found::Part(events)) => return self.go_on_with_the_rest(at, inspected, &events),
            Ok(Found::Changed) | Err(_) => {}
        }
        match rename(target, name.as_bytes(), &parent, own.as_bytes()) {
            Ok(()) => {
                let note =
                    Report::note(day.path(), "it changed while it was being retired; moved back until the next pass");
                Ok(Retired { kept: vec![note], put_back: true, ..Retired::default() })
            }
            Err(error) => Ok(self.put_back_events((&parent, own.as_bytes()), target, day, error)),
        }
    }

    /// Continues after a partial move. A pool of disks (mergerfs) renames a directory on each disk that has it, and may
    /// leave it on some of them: then these events are in the pass, and the day still exists with the others, which are
    /// tried one by one.
    fn go_on_with_the_rest(
        &mut self,
        at: usize,
        inspected: &DayInspection,
        moved: &BTreeSet<EventName>,
    ) -> Result<Retired> {
        let mut retired = Retired { events: moved.iter().copied().collect(), ..Retired::default() };
        let day = self.cameras[at].day(inspected.day)?;
        day.list()?;
        let rest = inspected.free.iter().filter(|(name, _)| !moved.contains(name));
        let rest = rest.map(|(name, inspection)| (*name, inspection.clone())).collect();
        self.retire_events(at, &day, &rest, &mut retired)?;
        self.end_day(at, &day, &mut retired);
        Ok(retired)
    }

    /// Moves a changed day back event by event, since it cannot be as a whole; usually another program has created it
    /// again. An event whose name is taken stays in the pass, which can then be restored for a while.
    fn put_back_events(&mut self, (parent, own): (&Dir, &[u8]), target: &Dir, day: &DayDir, error: Error) -> Retired {
        let mut back = Restored::default();
        let name = retired_name(day.day, &String::from_utf8_lossy(own));
        let moved = target.open_dir(name.as_bytes()).and_then(|dir| day.moved_to(dir));
        let put_back = moved.as_ref().map_err(|_| error).and_then(|moved| {
            let there = open_or_make(parent, own)?;
            self.touched.add(&moved.dir)?;
            self.touched.add(&there)?;
            restore_events(moved, &there, &mut back, &mut |dir| self.touched.add(dir))
        });
        if let Err(error) = put_back {
            back.left.push(Report::of(&error, &join(target.path(), name.as_bytes())));
        }
        let events = moved.and_then(|moved| Ok(moved.list()?.events)).unwrap_or_default();
        let is_empty = rustix::fs::unlinkat(target, name.as_bytes(), AtFlags::REMOVEDIR).is_ok();
        self.is_spared |= !is_empty;
        let day = join(parent.path(), own);
        let note = Report::note(day, "it changed while it was being retired; moved back as far as its names were free");
        Retired { events, kept: vec![note], failures: back.left, put_back: true, ..Retired::default() }
    }

    /// Steps 5 and 6 for one event: if it was saved or written at the last moment, it is moved back.
    fn retire_event(
        &mut self,
        at: usize,
        day: &DayDir,
        (name, inspection): (EventName, &Inspection),
        target: &mut Option<Dir>,
        retired: &mut Retired,
    ) -> Result<()> {
        let text = name.text();
        let event = day.dir.enter(text.as_bytes())?;
        let before = inspection.before_move(&event);
        let from = Source { dir: &day.dir, name: text.as_bytes() };
        let target = self.move_in(at, Goal::Day(day), &from, text.as_bytes(), target)?;
        crash("retire-5");
        let is_as_inspected = inspection.is_of_moved(&event, target, text.as_bytes(), before);
        crash("retire-6");
        if is_as_inspected.unwrap_or(false) {
            retired.events.push(name);
            return Ok(());
        }
        let why = match event.has(SAVED.as_bytes()) {
            Ok(true) => "saved at the last moment",
            Ok(false) | Err(_) => "it changed while it was being retired; moved back until the next pass",
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
}
