//! The scanner: reads the tree and sends what it finds as [`Change`]s, newest day first. It does not use the catalog
//! and decides nothing about retention. The watcher reads single days and events through it too, so that one place
//! turns what is on disk into details.

mod day_locks;
mod finishing;
mod loose;
mod pool;
mod preload;
mod recent;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

pub(crate) use day_locks::DayLocks;
#[cfg(feature = "media")]
pub(crate) use finishing::BeingFinished;
pub use preload::{Progress, Summary};

use crate::archive::{CameraDir, DayDir, Depth, Facts, Measured, Motion, Report, Tree};
use crate::clock::{Clock, Now, Stop};
use crate::error::{Error, Result};
use crate::event::state::{MovieCheck, QUIET_MOVIE, Signs, judge, patience};
use crate::event::{
    Actor, Camera, Change, Container, Day, DayScan, Details, EventId, EventName, MovieName, Stamp, State,
};
use finishing::Finishing;
use recent::Recent;

/// For which events a sidecar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sidecars {
    /// For events that complete while Owlery runs.
    #[default]
    New,
    /// For all events that may have one, when they are measured.
    All,
    /// For none.
    Off,
}

impl Sidecars {
    /// The value of the flag.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::All => "all",
            Self::Off => "off",
        }
    }
}

/// The output of changes. A full channel blocks the sender, so nothing is dropped.
pub(crate) type Out = Box<dyn Fn(Change) -> Result<()> + Send + Sync>;

/// Reads the tree.
pub(crate) struct Scanner {
    pub(crate) tree: Arc<Tree>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) day_locks: Arc<DayLocks>,
    pub(crate) finishing: Finishing,
    event_gap: Duration,
    sidecars: Sidecars,
    recent: Recent,
    out: Out,
    /// Interrupts the scan of a day: a big one on a slow disk takes longer than a stop may.
    stop: Stop,
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanner").field("root", &self.tree.root()).finish_non_exhaustive()
    }
}

/// The result of scanning a day: each event's state, and reports.
pub(crate) type DayLook = (Vec<(EventName, State)>, Vec<Report>);

/// Why an event is read, which decides whether its sidecar may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// It existed before.
    Found,
    /// It arrived while Owlery ran.
    Arrived,
    /// Owlery has just finished it, whenever it was recorded.
    #[cfg_attr(not(feature = "media"), expect(dead_code, reason = "only events of a service with media are finished"))]
    Finished,
}

/// A modification time this short ago does not prove that a directory has not changed since: file times tick in
/// milliseconds. In nanoseconds.
const RACY_TIME: i64 = 2_000_000_000;

/// Anything modified within this time is read completely before it is retired: a movie may be written although nothing
/// of it has reached the disk for minutes, since `FFmpeg` writes 256 KiB at a time.
const WRITING_HORIZON: Duration = QUIET_MOVIE;

fn nanos_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

impl Scanner {
    /// A scanner that sends what it finds to `out`.
    pub(crate) fn new(
        tree: Arc<Tree>,
        clock: Arc<dyn Clock>,
        event_gap: Duration,
        sidecars: Sidecars,
        out: Out,
        stop: Stop,
    ) -> Self {
        let (day_locks, finishing, recent) = (Arc::default(), Finishing::default(), Recent::default());
        Self { tree, clock, day_locks, finishing, event_gap, sidecars, recent, out, stop }
    }

    /// Sends a change.
    pub(crate) fn send(&self, change: Change) -> Result<()> {
        (self.out)(change)
    }

    /// Logs a report unless the same was logged before: open events and recent days are scanned repeatedly.
    pub(crate) fn warn_once(&self, report: &Report) {
        if self.recent.is_news(report) {
            tracing::warn!(path = %report.path.display(), "{}", report.problem);
        }
    }

    /// Whether the service is stopping.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_set()
    }

    /// How long Motion waits without movement before it ends an event.
    pub(crate) fn event_gap(&self) -> Duration {
        self.event_gap
    }

    /// Whether Motion may still change events of this day.
    pub(crate) fn is_recent(day: Day, now: Now) -> bool {
        day.date() >= now.yesterday()
    }

    /// Records that Motion reported the end of this event's movie.
    pub(crate) fn note_ended(&self, id: EventId) {
        self.recent.note_ended(id, self.clock.now());
    }

    /// Reads the markers that Motion left in `queue/`; returns the events of new ones.
    pub(crate) fn look_for_markers(&self) -> Result<Vec<EventId>> {
        let markers = self.markers()?;
        Ok(self.recent.set_markers(markers.into_iter(), self.clock.now()))
    }

    /// The events that have a marker in `queue/`, and the markers' modification times in nanoseconds since 1970. A `queue/` that cannot
    /// be read has none.
    pub(crate) fn markers(&self) -> Result<Vec<(EventId, i64)>> {
        match self.tree.queue_markers() {
            Ok(markers) => Ok(markers.into_iter().map(|(marker, time)| (marker.0, time)).collect()),
            Err(error) => {
                self.tree.check_still_there()?;
                self.warn_once(&Report::of(&error, self.tree.root()));
                Ok(Vec::new())
            }
        }
    }

    /// Whether Motion may use the directory of this event for its next one: it has a number, and neither frames nor a movie.
    pub(crate) fn is_stray(&self, id: &EventId) -> bool {
        self.recent.is_stray(id)
    }

    /// The events that were open when they were last read, by any thread.
    pub(crate) fn found_open(&self) -> Vec<EventId> {
        self.recent.open()
    }

    /// Reads a day and sends it: as a whole, or as gone. Returns its events' states and reports.
    pub(crate) fn scan_day(&self, camera: &Camera, day: Day, depth: Depth) -> Result<DayLook> {
        let _lock = self.day_locks.take(camera, day);
        self.tree.check_still_there()?; // a day of another archive is not ours
        let Some(dir) = self.open_day(camera, day)? else { return Ok((Vec::new(), Vec::new())) };
        let mut read = DayRead::begin(self, dir)?;
        let since = self.fresh_since();
        for name in read.names.clone() {
            if self.stop.is_set() {
                return Err(Error::Stopped);
            }
            read.take(name, read_event(&read.dir, name, depth, since));
        }
        let (scan, reports) = read.finish(self, depth, Occasion::Found);
        if self.stop.is_set() {
            return Err(Error::Stopped); // not everything was read
        }
        let states = scan.events.iter().map(|(name, details)| (*name, details.state)).collect();
        self.send(Change::Day(scan))?;
        Ok((states, reports))
    }

    /// Reads one event and sends it: as it is, or as gone. Returns its state, if it exists.
    pub(crate) fn scan_event(&self, id: &EventId, occasion: Occasion) -> Result<Option<State>> {
        let _lock = self.day_locks.take(&id.camera, id.day);
        let Some(dir) = self.open_day(&id.camera, id.day)? else {
            self.recent.forget(id);
            return Ok(None);
        };
        let facts = match dir
            .is_event(id.name)
            .and_then(|is_event| is_event.then(|| dir.read_event(id.name, Depth::Measure)).transpose())
        {
            Err(error) if !error.is_no_directory() => return Err(error),
            Ok(Some(facts)) => facts,
            Ok(None) | Err(_) => {
                self.tree.check_still_there()?;
                self.recent.forget(id);
                self.send(Change::Gone(id.clone()))?;
                return Ok(None);
            }
        };
        let now = self.clock.now();
        let newest = self.note(&dir, id.name, &facts, now);
        let (details, report) = self.details(&dir, id.name, facts, newest, now, (Depth::Full, occasion));
        if let Some(report) = &report {
            self.warn_once(report);
        }
        let state = details.state;
        self.send(Change::Event(id.clone(), details))?;
        Ok(Some(state))
    }

    /// Whether Motion may still be writing an event, as it is on the disk now; sends nothing. `newest` is the newest
    /// time that a quick inspection found in it. A rule takes nothing that was modified within 1.5 times the event gap,
    /// even if Motion reported the event as over.
    pub(crate) fn is_being_written(&self, dir: &DayDir, name: EventName, newest: i64, by: Actor) -> Result<bool> {
        if self.finishing.is_running(&dir.id(name)) {
            return Ok(true); // by the finisher
        }
        let now = self.clock.now();
        let horizon = patience(self.event_gap).max(WRITING_HORIZON);
        if newest < now.nanos().saturating_sub(nanos_of(horizon)) {
            return Ok(false);
        }
        let Facts { details, measured: Some(measured), .. } = dir.read_event(name, Depth::Measure)? else {
            return Ok(false);
        };
        let id = dir.id(name);
        let newest = self.recent.note(&id, &details, &measured, now);
        let is_fresh = newest >= now.nanos().saturating_sub(nanos_of(patience(self.event_gap)));
        Ok((by == Actor::Rule && is_fresh) || self.judge(&id, &details, &measured, newest, now) == State::Open)
    }

    fn judge(&self, id: &EventId, details: &Details, measured: &Measured, newest: i64, now: Now) -> State {
        if self.finishing.is_running(id) {
            return State::Open; // so that no plan takes it
        }
        let ended = self.recent.is_ended(id, newest);
        let newer = self.recent.has_newer(id, details, measured);
        let went_on = measured.newest_movie.zip(measured.newest_frame).is_some_and(|(movie, frame)| {
            movie.saturating_sub(frame) > nanos_of(patience(self.event_gap)) // also without frames
        });
        let has_frames = details.frames.is_some_and(|frames| frames > 1) && !went_on;
        judge(&Signs { newest, ended, newer, has_frames, movie: measured.movie }, now, self.event_gap)
    }

    /// The time since which modified events may still be being written. Computed once for many events: the zone takes
    /// longer than the clock.
    fn fresh_since(&self) -> i64 {
        self.clock.now().nanos().saturating_sub(nanos_of(patience(self.event_gap)))
    }

    /// Opens a day. Sends a change if it or its camera is gone.
    fn open_day(&self, camera: &Camera, day: Day) -> Result<Option<DayDir>> {
        let dir: CameraDir = match self.tree.camera(camera) {
            Err(error) if error.is_not_found() => {
                self.tree.check_still_there()?;
                self.send(Change::CameraGone(camera.clone()))?;
                return Ok(None);
            }
            other => other?,
        };
        match dir.day(day) {
            Err(error) if error.is_no_directory() => {
                self.tree.check_still_there()?;
                self.send(Change::DayGone(camera.clone(), day))?;
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Records an event that was read. Returns its newest time, if every file was read.
    fn note(&self, dir: &DayDir, name: EventName, facts: &Facts, now: Now) -> Option<i64> {
        let measured = facts.measured.as_ref()?;
        Some(self.recent.note(&dir.id(name), &facts.details, measured, now))
    }

    /// Details from facts. For measured events this decides the state, reads what Motion recorded, and writes a sidecar.
    fn details(
        &self,
        dir: &DayDir,
        name: EventName,
        facts: Facts,
        newest: Option<i64>,
        now: Now,
        (depth, occasion): (Depth, Occasion),
    ) -> (Details, Option<Report>) {
        let report =
            facts.disbelief.as_ref().map(|why| Report::note(dir.sidecar_path(name), format!("sidecar ignored: {why}")));
        let Facts { mut details, measured, has_sidecar, .. } = facts;
        let (Some(measured), Some(newest)) = (measured, newest) else { return (details, report) };
        let id = dir.id(name);
        details.state = self.judge(&id, &details, &measured, newest, now);
        name_unfinished(&mut details, &measured);
        let was_open = self.recent.set_open(&id, details.state == State::Open);
        if details.state == State::Open {
            return (details, report);
        }
        if id.named_time().is_none() {
            let has_nothing = details.frames == Some(0) && details.videos.is_empty();
            self.recent.set_stray(&id, has_nothing && Self::is_recent(id.day, now));
            self.finishing.wake();
        }
        if details.peak_change.is_none() && depth == Depth::Full {
            let some = measured.frames.chunks(32).take_while(|_| !self.stop.is_set());
            let motion = some.map(|frames| dir.motion(name, frames)).fold(Motion::default(), Motion::with);
            (details.peak_change, details.motion_mask) = (motion.peak_change, motion.mask);
        }
        let may_write = match self.sidecars {
            Sidecars::Off => false,
            // The first scan that sees that it is over writes it. An old event that comes back (a restore, a copy) is
            // not new.
            Sidecars::New => match occasion {
                Occasion::Found => was_open,
                Occasion::Arrived => was_open || Self::is_recent(id.day, now),
                Occasion::Finished => true,
            },
            Sidecars::All => true,
        };
        if may_write && !has_sidecar && !self.recent.has_marker(&id) {
            match self.tree.write_sidecar(&id, &details) {
                Ok(false) => {}
                Ok(true) => {
                    if let Ok(Facts { details: mut again, measured: Some(measured), .. }) =
                        dir.read_event(name, Depth::Measure)
                    {
                        again.state = details.state;
                        again.peak_change = details.peak_change.or(again.peak_change);
                        again.motion_mask = details.motion_mask.or(again.motion_mask);
                        name_unfinished(&mut again, &measured);
                        return (again, None);
                    }
                }
                Err(error) => tracing::warn!("{}", error.chain()),
            }
        }
        (details, report)
    }
}

/// Describes a movie that was not closed.
fn movie_problem(movie: &MovieName, check: MovieCheck) -> &'static str {
    match (check, movie.container()) {
        (MovieCheck::Empty, _) => "is empty",
        (MovieCheck::Blank, _) => "holds zeros in place of a movie and does not play",
        (_, Container::Mp4 | Container::M4v | Container::Mov) => {
            "was never finished or is cut off (no moov box, or data is missing) and does not play"
        }
        _ => "was never finished or is cut off; players may show it as far as it goes",
    }
}

/// Adds the movies that are not whole to the problems of an interrupted event.
fn name_unfinished(details: &mut Details, measured: &Measured) {
    if details.state == State::Interrupted {
        let unfinished = measured.unfinished.iter();
        let problems = unfinished.map(|(movie, check)| format!("{} {}", movie.as_str(), movie_problem(movie, *check)));
        details.problems.extend(problems);
    }
}

/// A day that is being read.
#[derive(Debug)]
struct DayRead {
    dir: DayDir,
    stamp: Option<Stamp>,
    names: Vec<EventName>,
    /// The number of loose files by their names.
    loose: u64,
    facts: Vec<(EventName, Facts)>,
    unread: Vec<EventName>,
    reports: Vec<Report>,
}

impl DayRead {
    /// Lists the day. The stamp is read before, so that later changes are noticed.
    fn begin(scanner: &Scanner, dir: DayDir) -> Result<Self> {
        let stamp = dir.stamp()?;
        let is_old = stamp.mtime < scanner.clock.now().nanos().saturating_sub(RACY_TIME);
        let list = dir.list()?;
        let reports = list
            .refused
            .iter()
            .map(|name| Report::failure(dir.entry_path(name), "refused: it has an event's name but is not a directory"))
            .collect();
        let stamp = (is_old && !list.is_provisional).then_some(stamp);
        let facts = Vec::with_capacity(list.events.len());
        Ok(Self { dir, stamp, names: list.events, loose: list.loose, facts, unread: Vec::new(), reports })
    }

    fn take(&mut self, name: EventName, read: Result<Facts>) {
        match read {
            Ok(facts) => self.facts.push((name, facts)),
            Err(error) if error.is_not_found() => {} // gone since it was listed
            Err(error) => {
                self.reports.push(Report::of(&error, &self.dir.event_path(name)));
                self.unread.push(name);
            }
        }
    }

    /// Decides every event's state, which may depend on the others.
    fn finish(mut self, scanner: &Scanner, depth: Depth, occasion: Occasion) -> (DayScan, Vec<Report>) {
        let now = scanner.clock.now();
        self.facts.sort_unstable_by_key(|(name, _)| *name);
        let note = |(name, facts): &(EventName, Facts)| scanner.note(&self.dir, *name, facts, now);
        let newest: Vec<Option<i64>> = self.facts.iter().map(note).collect();
        let mut events = Vec::with_capacity(self.facts.len());
        for ((name, facts), newest) in std::mem::take(&mut self.facts).into_iter().zip(newest) {
            let (details, report) = scanner.details(&self.dir, name, facts, newest, now, (depth, occasion));
            self.reports.extend(report);
            events.push((name, details));
        }
        let loose = self.count_loose(depth);
        let measured_at = (depth == Depth::Full).then(|| now.utc.timestamp());
        let scan = DayScan {
            camera: self.dir.camera().clone(),
            day: self.dir.day(),
            stamp: self.stamp,
            events,
            unread: self.unread,
            loose,
            measured_at,
        };
        (scan, self.reports)
    }
}

/// Reads an event. If only names were read, and one of its times is not before `since`, reads all of it.
fn read_event(dir: &DayDir, name: EventName, depth: Depth, since: i64) -> Result<Facts> {
    let facts = dir.read_event(name, depth)?;
    if facts.touched.is_some_and(|touched| touched >= since) {
        return dir.read_event(name, Depth::Measure);
    }
    Ok(facts)
}
