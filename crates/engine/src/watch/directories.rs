//! Scans one watched directory: the root, a camera, a day or an open event. Compares its names with those of the last
//! scan, and watches what is new in it.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::observer::Observer;
use super::targets::Target;
use super::{Watch, log_error};
use crate::archive::{CameraDir, DayDir, Depth};
use crate::error::{Error, Result};
use crate::event::{Camera, Change, Day, EventId, EventName, State};
use crate::scan::{Occasion, Scanner};

/// The minimum time between two scans of the same open event.
const EVENT_INTERVAL: Duration = Duration::from_millis(250);
/// After the scan of an open event, it rests for this multiple of the scan's duration: an event of hours has tens of
/// thousands of files, and following it must stay a small share of a processor.
const REST_FACTOR: u32 = 20;
/// The longest rest.
const MAX_REST: Duration = Duration::from_mins(1);

/// How a camera is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// At the start, or when everything is scanned again: the walk handles its old days.
    AtStart,
    /// It appeared: all its days are new.
    New,
    /// It existed: days that appear are new.
    Known,
}

/// Like `log_error`, in a sequence of steps that ends only when the service stops.
fn continue_unless_stopped(result: Result<()>) -> Result<()> {
    if let Err(Error::Stopped) = result {
        return result;
    }
    log_error(result);
    Ok(())
}

impl<O: Observer> Watch<O> {
    /// Handles cameras that were added or removed.
    pub(super) fn scan_root(&mut self) -> Result<()> {
        if let Err(error) = self.scanner.tree.check_still_there() {
            self.observer.lost(&error);
            return Err(error);
        }
        let cameras = self.scanner.tree.cameras()?;
        let known: HashSet<Camera> = self.targets.cameras();
        cameras.closed.iter().for_each(|(_, report)| self.scanner.warn_once(report));
        for camera in &cameras.open {
            if !known.contains(camera.camera()) {
                self.scan_camera(camera.camera(), Met::New)?;
            }
        }
        let is_there = |camera: &Camera| {
            cameras.open.iter().any(|open| open.camera() == camera)
                || cameras.closed.iter().any(|(closed, _)| closed == camera)
        };
        for gone in known.iter().filter(|camera| !is_there(camera)) {
            self.scanner.send(Change::CameraGone(gone.clone()))?;
            self.targets.forget_camera(gone);
            self.silent.remove(gone);
            self.days.retain(|(camera, _), _| camera != gone);
            self.open.retain(|id| id.camera != *gone);
            self.strays.retain(|id| id.camera != *gone);
        }
        Ok(())
    }

    /// Handles days that were added or removed. Returns the time of the directory's change, if there was one.
    pub(super) fn scan_camera(&mut self, camera: &Camera, met: Met) -> Result<Option<i64>> {
        let dir = self.scanner.tree.camera(camera)?;
        let path = dir.path().canonicalize().map_err(|e| Error::io("resolve", dir.path(), e))?;
        self.note_disk(camera, dir.notifies());
        if met != Met::Known {
            self.watch(Target::Camera(camera.clone()), path.clone());
            self.scanner.send(Change::Camera(camera.clone()))?;
        }
        let changed = dir.changed()?;
        let (listed, _) = dir.days()?;
        let known = self.targets.set_days(camera, &listed);
        self.watch_above(&dir, &path, &listed);
        for day in listed.iter().filter(|day| !known.contains(day)) {
            if met == Met::Known {
                self.appeared.insert((camera.clone(), *day));
            }
            if self.is_watched_day(camera, *day, &listed) {
                let folder = dir.day_folder(*day)?.map(|below| path.join(below));
                continue_unless_stopped(self.begin_day(camera, *day, (folder, &path)))?;
            } else if met == Met::New {
                continue_unless_stopped(self.scanner.scan_day(camera, *day, Depth::NamesOnly).map(drop))?;
            }
        }
        for gone in known.iter().filter(|day| !listed.contains(day)) {
            continue_unless_stopped(self.scanner.scan_day(camera, *gone, Depth::NamesOnly).map(drop))?;
            self.end_day(camera, *gone);
        }
        let is_same = listed.len() == known.len() && listed.iter().all(|day| known.contains(day));
        Ok((!is_same).then_some(changed))
    }

    /// Whether it is today, yesterday, one of the camera's two newest days, or a day that appeared lately.
    fn is_watched_day(&self, camera: &Camera, day: Day, listed: &[Day]) -> bool {
        Scanner::is_recent(day, self.now())
            || listed.iter().take(2).any(|newest| *newest == day)
            || self.appeared.contains(&(camera.clone(), day))
    }

    /// Watches the directories above those of the newest days: a new month or day appears there.
    fn watch_above(&mut self, dir: &CameraDir, path: &Path, listed: &[Day]) {
        for folder in dir.folders_of_days(&listed[..listed.len().min(2)]) {
            let target = Target::Above(dir.camera().clone(), folder.clone());
            if !self.targets.has(&target) {
                self.watch(target, path.join(folder));
            }
        }
    }

    /// Watches the directories of hours.
    fn watch_hours(&mut self, day: &DayDir) {
        let folders = day.folders().unwrap_or_default(); // the scan reports what cannot be read
        let path = self.targets.path(&Target::Day(day.camera().clone(), day.day())).map(Path::to_path_buf);
        let Some(path) = path else { return };
        for folder in folders {
            let target = Target::Hour(day.camera().clone(), day.day(), PathBuf::from(&folder));
            if !self.targets.has(&target) {
                self.watch(target, path.join(folder));
            }
        }
    }

    /// Watches a day's own directory, if it has one; its files may lie in that of the camera instead.
    fn begin_day(&mut self, camera: &Camera, day: Day, (folder, path): (Option<PathBuf>, &Path)) -> Result<()> {
        let target = Target::Day(camera.clone(), day);
        match folder {
            Some(folder) => self.watch(target, folder),
            None => self.targets.remember(target, path.to_path_buf()),
        }
        if let Ok(dir) = self.scanner.tree.camera(camera).and_then(|dir| dir.day(day)) {
            self.watch_hours(&dir);
        }
        let depth = if Scanner::is_recent(day, self.now()) { Depth::Measure } else { Depth::NamesOnly };
        let (states, reports) = self.scanner.scan_day(camera, day, depth)?;
        for report in &reports {
            self.scanner.warn_once(report);
        }
        self.days.insert((camera.clone(), day), states.iter().map(|(name, _)| *name).collect());
        for (name, state) in states {
            let id = EventId { camera: camera.clone(), day, name };
            if state == State::Open || self.scanner.is_stray(&id) {
                self.scan_event(&id, Occasion::Found)?;
            }
        }
        Ok(())
    }

    fn end_day(&mut self, camera: &Camera, day: Day) {
        self.targets.forget(&Target::Day(camera.clone(), day));
        self.days.remove(&(camera.clone(), day));
        self.targets.forget_hours(camera, day);
        let of_day = |id: &&EventId| id.camera == *camera && id.day == day;
        let of_day: Vec<EventId> = self.open.iter().chain(&self.strays).filter(of_day).cloned().collect();
        for id in of_day {
            self.close(&id);
        }
    }

    /// Handles events that were added or removed. Returns the time of the directory's change, if there was one.
    pub(super) fn scan_day(&mut self, camera: &Camera, day: Day) -> Result<Option<i64>> {
        let listed = {
            let _lock = self.scanner.day_locks.take(camera, day);
            let dir = self.scanner.tree.camera(camera).and_then(|dir| dir.day(day));
            match dir.and_then(|dir| Ok((dir.stamp()?, dir.list()?, dir))) {
                Ok((stamp, list, dir)) => {
                    self.watch_hours(&dir);
                    if dir.has_flat_files() {
                        self.uncounted.add(camera, day, Instant::now());
                    }
                    Some((stamp, list))
                }
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(error),
            }
        };
        let Some((stamp, list)) = listed else {
            self.scanner.scan_day(camera, day, Depth::NamesOnly)?; // sends that it is gone
            self.end_day(camera, day);
            self.targets.forget_day(camera, day);
            return Ok(None);
        };
        let known = self.days.remove(&(camera.clone(), day)).unwrap_or_default();
        let listed: BTreeSet<EventName> = list.events.into_iter().collect();
        let id = |name: &EventName| EventId { camera: camera.clone(), day, name: *name };
        let new: Vec<EventId> = listed.difference(&known).map(id).collect();
        let gone: Vec<EventId> = known.difference(&listed).map(id).collect();
        self.days.insert((camera.clone(), day), listed);
        for id in gone.iter().chain(&new) {
            log_error(self.scan_event(id, Occasion::Arrived));
        }
        if !new.is_empty() {
            // A newer event may show that the one before it is over.
            let others: Vec<EventId> =
                self.open.iter().filter(|open| open.camera == *camera && !new.contains(open)).cloned().collect();
            for id in others {
                self.scan_event(&id, Occasion::Arrived)?;
            }
        }
        Ok((!new.is_empty() || !gone.is_empty()).then_some(stamp.mtime))
    }

    /// Reads one event, and watches it as long as it is open or Motion may use its directory for its next event.
    pub(super) fn scan_event(&mut self, id: &EventId, occasion: Occasion) -> Result<()> {
        if self.scanner.is_stopped() {
            return Err(Error::Stopped); // checked here, since thousands may be scanned in a row
        }
        if !self.open.contains(id)
            && !self.strays.contains(id)
            && let Some(path) = self.targets.event_path(id)
        {
            let target = Target::Event(id.clone());
            if self.scanner.tree.has_directory(id) {
                self.watch(target, path);
            } else {
                self.targets.remember(target, path); // hints about its files name them
            }
        }
        let begun = Instant::now();
        let scanned = self.scanner.scan_event(id, occasion);
        let rest = (begun.elapsed() * REST_FACTOR).clamp(EVENT_INTERVAL, MAX_REST);
        self.rested.insert(id.clone(), begun + rest);
        if let (Ok(state), Some(names)) = (&scanned, self.days.get_mut(&(id.camera.clone(), id.day))) {
            let _ = if state.is_some() { names.insert(id.name) } else { names.remove(&id.name) };
        }
        match scanned {
            Ok(Some(State::Open)) => {
                self.open.insert(id.clone());
                Ok(())
            }
            Ok(Some(_)) if self.scanner.is_stray(id) => {
                self.open.remove(id);
                self.strays.insert(id.clone());
                Ok(())
            }
            Ok(Some(_) | None) => {
                self.close(id);
                Ok(())
            }
            Err(error) => Err(error), // still open as far as is known; the next scan may show more
        }
    }

    fn close(&mut self, id: &EventId) {
        self.open.remove(id);
        self.strays.remove(id);
        self.rested.remove(id);
        self.pending.remove(&Target::Event(id.clone()));
        self.targets.forget(&Target::Event(id.clone()));
    }
}
