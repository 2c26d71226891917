//! The walk over the whole archive, newest day first, in parallel. A day whose stamp is unchanged is not read;
//! everything else is read and sent. A bad entry is reported, counted and skipped.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::day_locks::DayLock;
use super::pool::Pool;
use super::{DayRead, Occasion, Scanner};
use crate::archive::{CameraDir, Depth, Report};
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::{Camera, Change, Day, DayStamps, EventName};

/// How many events one thread reads at a time.
const CHUNK_EVENTS: usize = 32;

/// The progress of a walk. Written by the walk.
#[derive(Debug, Default)]
pub struct Progress {
    days: AtomicU64,
    days_done: AtomicU64,
    events: AtomicU64,
}

impl Progress {
    /// The number of days to scan; 0 until the cameras are listed.
    pub fn days(&self) -> u64 {
        self.days.load(Ordering::Relaxed)
    }

    /// The number of days scanned.
    pub fn days_done(&self) -> u64 {
        self.days_done.load(Ordering::Relaxed)
    }

    /// The number of events found.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}

/// The result of a walk. Serialized as an object of its fields, the time as `{"secs": 1, "nanos": 0}`.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Summary {
    /// Usable cameras.
    pub cameras: u64,
    /// Day directories.
    pub days: u64,
    /// Days that were unchanged and not read.
    pub unchanged_days: u64,
    /// Events, including those of unchanged days.
    pub events: u64,
    /// What could not be read, was refused, or is remarkable.
    pub reports: Vec<Report>,
    /// The duration.
    pub elapsed: Duration,
    /// Whether it was stopped before its end.
    pub was_stopped: bool,
}

impl Summary {
    /// How many entries could not be read.
    pub fn failures(&self) -> usize {
        self.reports.iter().filter(|report| report.unreadable).count()
    }
}

/// A piece of work: a day to list, or some of its events to read.
enum Piece {
    Day(Arc<CameraDir>, Day),
    Events(Arc<OpenDay>, Vec<EventName>),
}

/// A day whose events are being read by several threads.
struct OpenDay {
    /// Filled by the readers, taken by the last.
    read: Mutex<Option<DayRead>>,
    /// The same directory, for reading without the lock.
    dir: crate::archive::DayDir,
    /// The number of chunks not yet read.
    rest: AtomicUsize,
    depth: Depth,
    _lock: DayLock,
}

struct Walk<'a> {
    scanner: &'a Scanner,
    known: &'a DayStamps,
    depth: Depth,
    stop: &'a Stop,
    progress: &'a Progress,
    /// Written by every reader.
    summary: Mutex<Summary>,
}

impl Scanner {
    /// Walks the archive. With [`Depth::NamesOnly`], only names and sidecars are read of days before yesterday.
    pub(crate) fn preload(&self, known: &DayStamps, depth: Depth, stop: &Stop, progress: &Progress) -> Result<Summary> {
        let begun = Instant::now();
        self.tree.check_still_there()?;
        self.look_for_markers()?;
        let summary = Mutex::new(Summary::default());
        let walk = Walk { scanner: self, known, depth, stop, progress, summary };
        let days = walk.list_days()?;
        progress.days.store(days.len() as u64, Ordering::Relaxed);
        let pool = Pool::new(days.into_iter().map(|(camera, day)| Piece::Day(camera, day)));
        pool.run("owlery-scan", |piece| {
            if stop.is_set() {
                walk.summary().was_stopped = true;
                return;
            }
            let done = match piece {
                Piece::Day(camera, day) => walk.begin_day(&pool, &camera, day),
                Piece::Events(day, names) => walk.read_events(&pool, &day, &names),
            };
            if let Err(Error::Stopped) = done {
                walk.summary().was_stopped = true;
            } else if let Err(error) = done {
                walk.report([Report::of(&error, self.tree.root())]);
            }
        });
        let mut summary = walk.summary.into_inner().unwrap_or_else(PoisonError::into_inner);
        if summary.was_stopped {
            return Err(Error::Stopped);
        }
        summary.reports.extend(self.tree.flat_cameras(|_| true)?);
        summary.reports.extend(self.tree.unread_in_root()?);
        summary.reports.sort_by(|a, b| a.path.cmp(&b.path));
        summary.elapsed = begun.elapsed();
        Ok(summary)
    }
}

impl Walk<'_> {
    fn summary(&self) -> std::sync::MutexGuard<'_, Summary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, reports: impl IntoIterator<Item = Report>) {
        self.summary().reports.extend(reports);
    }

    /// All days of all cameras, newest first. Sends the changes of cameras, and of days that are gone.
    fn list_days(&self) -> Result<Vec<(Arc<CameraDir>, Day)>> {
        let cameras = self.scanner.tree.cameras()?;
        let there: HashSet<Camera> = cameras
            .open
            .iter()
            .map(CameraDir::camera)
            .chain(cameras.closed.iter().map(|(closed, _)| closed))
            .cloned()
            .collect();
        for gone in self.known.cameras.iter().filter(|camera| !there.contains(*camera)) {
            self.scanner.send(Change::CameraGone(gone.clone()))?;
        }
        self.report(cameras.closed.into_iter().map(|(_, report)| report));
        let (mut all, mut listed) = (Vec::new(), HashSet::new());
        let mut missing: HashSet<&(Camera, Day)> = self.known.days.keys().collect();
        for camera in cameras.open {
            self.scanner.send(Change::Camera(camera.camera().clone()))?;
            self.summary().cameras += 1;
            match camera.days() {
                Ok((days, refused)) => {
                    self.report(refused);
                    listed.insert(camera.camera().clone());
                    let camera = Arc::new(camera);
                    for day in days {
                        missing.remove(&(camera.camera().clone(), day));
                        all.push((Arc::clone(&camera), day));
                    }
                }
                Err(error) => self.report([Report::of(&error, camera.path())]),
            }
        }
        for (camera, day) in missing.into_iter().filter(|(camera, _)| listed.contains(camera)) {
            // Checked again under its lock, and sent as gone if it is.
            if let Err(error) = self.scanner.scan_day(camera, *day, Depth::NamesOnly) {
                self.report([Report::of(&error, self.scanner.tree.root())]);
            }
        }
        all.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.camera().cmp(b.camera())));
        Ok(all)
    }

    fn begin_day(&self, pool: &Pool<Piece>, camera: &CameraDir, day: Day) -> Result<()> {
        let lock = self.scanner.day_locks.take(camera.camera(), day);
        let dir = match camera.day(day) {
            Err(error) if error.is_not_found() => {
                return self.scanner.send(Change::DayGone(camera.camera().clone(), day));
            }
            other => other?,
        };
        let is_recent = Scanner::is_recent(day, self.scanner.clock.now());
        let was_open = self.known.open_days.contains(&(camera.camera().clone(), day));
        if !was_open
            && (!is_recent || self.known.covers_recent)
            && let Some((Some(stamp), events)) = self.known.days.get(&(camera.camera().clone(), day))
            && dir.stamp()? == *stamp
        {
            self.end_day(*events, true);
            return Ok(());
        }
        let depth = if (is_recent || was_open) && self.depth == Depth::NamesOnly { Depth::Measure } else { self.depth };
        let read = DayRead::begin(self.scanner, camera.day(day)?)?;
        let names = read.names.clone();
        let chunks: Vec<Vec<EventName>> = names.chunks(CHUNK_EVENTS).map(<[_]>::to_vec).collect();
        let rest = AtomicUsize::new(chunks.len().max(1));
        let open = Arc::new(OpenDay { read: Mutex::new(Some(read)), dir, rest, depth, _lock: lock });
        let mut chunks = chunks.into_iter();
        let first = chunks.next().unwrap_or_default();
        pool.add(chunks.map(|names| Piece::Events(Arc::clone(&open), names)));
        self.read_events(pool, &open, &first)
    }

    fn read_events(&self, pool: &Pool<Piece>, day: &OpenDay, names: &[EventName]) -> Result<()> {
        let since = self.scanner.fresh_since();
        let read = |name: &EventName| {
            (!self.stop.is_set()).then(|| (*name, super::read_event(&day.dir, *name, day.depth, since)))
        };
        let mut results = Vec::with_capacity(names.len());
        pool.timed(names.len(), || results.extend(names.iter().map_while(read)));
        if results.len() < names.len() {
            self.summary().was_stopped = true;
            return Ok(()); // the day is not sent
        }
        let mut read = day.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = read.as_mut() {
            for (name, result) in results {
                read.take(name, result);
            }
        }
        if day.rest.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(());
        }
        let Some(read) = read.take() else { return Ok(()) };
        let (scan, reports) = read.finish(self.scanner, day.depth, Occasion::Found);
        if self.stop.is_set() {
            self.summary().was_stopped = true;
            return Ok(());
        }
        self.end_day(scan.events.len() as u64, false);
        self.report(reports);
        self.scanner.send(Change::Day(scan))
    }

    fn end_day(&self, events: u64, is_unchanged: bool) {
        self.progress.days_done.fetch_add(1, Ordering::Relaxed);
        self.progress.events.fetch_add(events, Ordering::Relaxed);
        let mut summary = self.summary();
        summary.days += 1;
        summary.events += events;
        summary.unchanged_days += u64::from(is_unchanged);
    }
}
