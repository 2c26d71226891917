//! Watches the tree. A kernel notification marks a directory dirty; shortly afterwards the directory itself is scanned,
//! and its contents decide. A lost notification costs time until the next reconcile, never an event.
//!
//! Only the root, the camera directories, the recent day directories and the open events are watched: an archive has a
//! million directories, and the kernel's limit is often 8,192. The watch is added before the directory is read.

mod directories;
mod dirty;
mod files;
mod loose;
mod observer;
mod targets;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use crate::archive::Depth;
use crate::clock::{Now, Stop};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, DayStamps, EventId, EventName, state};
use crate::scan::{Occasion, Progress, Scanner};
use directories::Met;
pub(crate) use dirty::Backlog;
use dirty::{Dirty, Hints};
use loose::Uncounted;
pub use observer::Mode;
pub(crate) use observer::{Observer, Seen};
use targets::{Target, Targets};

/// From the first hint to the scan: a burst of writes becomes one scan.
const DEBOUNCE: Duration = Duration::from_millis(30);
/// How often to poll where notifications are not available.
const FALLBACK_POLL: Duration = Duration::from_secs(2);
/// How often markers in `queue/` are checked while an event is open.
const MARKER_INTERVAL: Duration = Duration::from_secs(1);
/// The same while none is: Motion may have used a number again.
const IDLE_MARKER_INTERVAL: Duration = Duration::from_secs(5);

/// Logs an error and continues. That the service stops is not logged.
fn log_error(result: Result<()>) {
    if let Err(error) = result
        && !matches!(error, Error::Stopped)
    {
        tracing::warn!("{}", error.chain());
    }
}

/// A directory that waits for its scan.
#[derive(Debug, Clone, Copy)]
struct Pending {
    not_before: Instant,
    noticed: Option<Instant>,
}

/// The watcher. All fields except `dirty` are used by its own thread only.
pub(crate) struct Watch<O> {
    scanner: Arc<Scanner>,
    observer: O,
    interval: Duration,
    poll: Option<Duration>,
    /// The cameras to poll while the others are watched: on a disk of their own without notifications.
    silent: BTreeSet<Camera>,
    /// Whether a disk did not respond in the last round.
    was_stalled: bool,
    targets: Targets,
    /// Filled by the notification thread, emptied by this one.
    dirty: Arc<Dirty>,
    wake: Receiver<()>,
    /// The names that were read in each watched day.
    days: HashMap<(Camera, Day), BTreeSet<EventName>>,
    /// Days that appeared since the last reconcile: watched although they are not new by name.
    appeared: HashSet<(Camera, Day)>,
    open: BTreeSet<EventId>,
    /// Numbered events that are watched although they are not open: Motion may use their directories for its next events.
    strays: BTreeSet<EventId>,
    /// Directories to scan.
    pending: HashMap<Target, Pending>,
    /// The number of waiting directories.
    backlog: Arc<Backlog>,
    /// When each open event may be scanned again.
    rested: HashMap<EventId, Instant>,
    /// The days whose loose files are to be counted.
    uncounted: Uncounted,
}

impl<O: Observer> Watch<O> {
    /// A watcher that reconciles every `interval`, and polls every `poll` instead of using notifications if that is
    /// given.
    pub(crate) fn new(
        scanner: Arc<Scanner>,
        observer: O,
        interval: Duration,
        poll: Option<Duration>,
        backlog: Arc<Backlog>,
    ) -> Self {
        let (dirty, wake) = Dirty::new(Arc::clone(&backlog));
        let poll = poll.or_else(|| (!scanner.tree.notifies()).then_some(FALLBACK_POLL));
        let targets = Targets::new(&dirty, poll.is_none());
        Self {
            scanner,
            observer,
            interval,
            poll,
            silent: BTreeSet::new(),
            was_stalled: false,
            targets,
            dirty,
            wake,
            days: HashMap::new(),
            appeared: HashSet::new(),
            open: BTreeSet::new(),
            strays: BTreeSet::new(),
            pending: HashMap::new(),
            backlog,
            rested: HashMap::new(),
            uncounted: Uncounted::default(),
        }
    }

    /// Runs until stopped.
    pub(crate) fn run(mut self, stop: &Stop) -> Result<()> {
        self.publish_mode();
        self.resync();
        self.observer.recent_done();
        let started = Instant::now();
        let (mut reconcile_at, mut judge_at, mut markers_seen) = (started + self.interval, started, started);
        let mut poll_at = started;
        let judge_every =
            (state::patience(self.scanner.event_gap()) / 10).clamp(Duration::from_millis(100), Duration::from_secs(5));
        let mut today = self.now().today();
        loop {
            crate::fault::point("watch");
            let mut until = reconcile_at.min(Instant::now() + Duration::from_secs(5));
            until = until.min(markers_seen + self.marker_interval());
            if !self.open.is_empty() {
                until = until.min(judge_at);
            }
            if self.poll_every().is_some() {
                until = until.min(poll_at);
            }
            if let Some(first) = self.pending.values().map(|pending| pending.not_before).min() {
                until = until.min(first);
            }
            if let Some(first) = self.uncounted.first() {
                until = until.min(first);
            }
            select! {
                recv(stop.receiver()) -> _ => return Ok(()),
                recv(self.wake) -> _ => {
                    if stop.wait(DEBOUNCE) {
                        return Ok(());
                    }
                }
                default(until.saturating_duration_since(Instant::now())) => {}
            }
            self.take_hints(stop);
            let now = Instant::now();
            if let Some(every) = self.poll_every()
                && now >= poll_at
            {
                self.add_polled(now);
                poll_at = now + every;
            }
            let is_stalled = self.scanner.tree.is_stalled();
            if std::mem::replace(&mut self.was_stalled, is_stalled) && !is_stalled {
                reconcile_at = now; // nothing was seen meanwhile
            }
            if self.scanner.tree.is_stalled_for(None) {
                if stop.wait(Duration::from_millis(500)) {
                    return Ok(());
                }
                continue; // the disk monitor finds out when it responds again
            }
            self.scan_due(stop);
            self.count_loose(stop);
            if now >= markers_seen + self.marker_interval() {
                self.scan_markers();
                markers_seen = now;
            }
            if now >= judge_at {
                self.judge_open();
                judge_at = Instant::now() + judge_every;
            }
            if now >= reconcile_at || today != self.now().today() {
                today = self.now().today();
                match self.reconcile(stop) {
                    Err(Error::Stopped) => return Ok(()),
                    other => log_error(other),
                }
                reconcile_at = Instant::now() + self.interval;
            }
            if stop.is_set() {
                return Ok(());
            }
        }
    }

    fn marker_interval(&self) -> Duration {
        if self.open.is_empty() { IDLE_MARKER_INTERVAL } else { MARKER_INTERVAL }
    }

    /// Adds the targets for which the kernel sends no notifications to those that are to be scanned.
    fn add_polled(&mut self, now: Instant) {
        let is_all = self.poll.is_some();
        let is_polled = |target: &&Target| is_all || target.camera().is_some_and(|of| self.silent.contains(of));
        for target in self.targets.all().filter(is_polled) {
            let not_before = self.not_before(target, now);
            self.pending.entry(target.clone()).or_insert(Pending { not_before, noticed: None });
        }
    }

    fn now(&self) -> Now {
        self.scanner.clock.now()
    }

    /// How often to poll what has no notifications, if there is any.
    fn poll_every(&self) -> Option<Duration> {
        self.poll.or_else(|| (!self.silent.is_empty()).then_some(FALLBACK_POLL))
    }

    /// When a directory that is dirty `now` may be scanned.
    fn not_before(&self, target: &Target, now: Instant) -> Instant {
        match target {
            Target::Event(id) => self.rested.get(id).map_or(now, |until| now.max(*until)),
            _ => now,
        }
    }

    /// Records whether a camera has to be polled.
    fn note_disk(&mut self, camera: &Camera, notifies: bool) {
        if notifies {
            self.silent.remove(camera);
        } else if self.silent.insert(camera.clone()) && self.poll.is_none() {
            tracing::info!(
                %camera,
                "{camera} is on a filesystem without notifications (FUSE, a network or shared folder); it is polled \
                 every {}",
                humantime::format_duration(FALLBACK_POLL)
            );
        }
    }

    /// Turns hints into directories to scan.
    fn take_hints(&mut self, stop: &Stop) {
        let Hints { paths, rescan, limit } = self.dirty.take();
        if limit {
            self.fall_back("the kernel's limit of watches is reached", "fs.inotify.max_user_watches");
        }
        if rescan {
            self.observer.overflowed();
            tracing::warn!("the kernel lost notifications (or requested a rescan); everything is scanned");
            return log_error(self.reconcile(stop));
        }
        let (known, files) = self.hinted_files(&paths);
        for (target, noticed) in files {
            self.add_pending(target, noticed);
        }
        for (path, noticed) in paths.into_iter().filter(|(path, _)| !known.contains(path)) {
            for target in self.targets.of(&path).to_vec() {
                self.add_pending(target, noticed);
            }
        }
        self.publish_backlog();
    }

    fn add_pending(&mut self, target: Target, noticed: Instant) {
        let not_before = self.not_before(&target, Instant::now());
        let waiting = self.pending.entry(target).or_insert(Pending { not_before, noticed: None });
        waiting.noticed = Some(waiting.noticed.map_or(noticed, |first| first.min(noticed)));
    }

    fn publish_backlog(&self) {
        self.backlog.pending.store(self.pending.len() as u64, Ordering::Relaxed);
    }

    /// Scans every dirty directory whose time has come.
    fn scan_due(&mut self, stop: &Stop) {
        let now = Instant::now();
        // Directories on a disk that does not respond are scanned when it does again.
        self.pending.retain(|target, _| !self.scanner.tree.is_stalled_for(target.camera()));
        let is_due = |(_, pending): &(&Target, &Pending)| pending.not_before <= now;
        let mut due: Vec<Target> = self.pending.iter().filter(is_due).map(|(target, _)| target.clone()).collect();
        due.sort_unstable();
        for target in due {
            if stop.is_set() {
                return;
            }
            let noticed = self.pending.remove(&target).and_then(|pending| pending.noticed);
            let scanned = match &target {
                Target::Root => self.scan_root().map(|()| None),
                Target::Camera(camera) | Target::Above(camera, _) => self.scan_camera(camera, Met::Known),
                Target::Day(camera, day) | Target::Hour(camera, day, _) => self.scan_day(camera, *day),
                Target::Event(id) => self.scan_hinted(id).map(|()| None),
            };
            // Writing into an event's files changes no directory's time.
            let is_hinted_event = noticed.is_some() && matches!(target, Target::Event(_));
            match scanned {
                Ok(changed) if changed.is_some() || is_hinted_event => self.observer.seen(Seen { noticed, changed }),
                other => log_error(other.map(drop)),
            }
            self.publish_backlog();
        }
    }

    /// Watches and scans all watched directories again, from the root.
    fn resync(&mut self) {
        self.targets.forget_all();
        self.days.clear();
        let before = std::mem::take(&mut self.open);
        self.strays.clear();
        self.watch(Target::Root, self.scanner.tree.root().to_path_buf());
        let cameras = match self.scanner.tree.cameras() {
            Ok(cameras) => cameras,
            Err(error) => return log_error(Err(error)),
        };
        if let Err(error) = self.scanner.look_for_markers() {
            tracing::warn!("{}", error.chain());
        }
        for camera in cameras.open {
            log_error(self.scan_camera(camera.camera(), Met::AtStart).map(drop));
        }
        // Events that were open before and are not any more have completed meanwhile.
        for id in before.into_iter().filter(|id| !self.open.contains(id)).collect::<Vec<_>>() {
            log_error(self.scan_event(&id, Occasion::Arrived));
        }
    }

    fn watch(&mut self, target: Target, path: PathBuf) {
        if self.poll.is_some() {
            return self.targets.remember(target, path);
        }
        match self.targets.watch(target, &path) {
            Ok(()) => {}
            Err(error) if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) => {
                self.fall_back("the kernel's limit of watches is reached", "fs.inotify.max_user_watches");
            }
            Err(error) => tracing::debug!("cannot watch: {error}"), // most likely gone again: the scan shows it
        }
    }

    fn fall_back(&mut self, why: &str, sysctl: &str) {
        if self.poll.is_none() {
            tracing::warn!(
                "{why}: new events are polled for every {} from now on; raise it with: sysctl {sysctl}=524288",
                humantime::format_duration(FALLBACK_POLL)
            );
            self.poll = Some(FALLBACK_POLL);
            self.publish_mode();
        }
    }

    fn publish_mode(&mut self) {
        if let Some(why) = self.targets.trouble() {
            self.fall_back(&format!("no kernel notifications ({why})"), "fs.inotify.max_user_instances");
        }
        self.observer.mode(self.poll.map_or(Mode::Notify, Mode::Poll));
    }

    fn scan_markers(&mut self) {
        match self.scanner.look_for_markers() {
            Ok(new) => {
                // Also of events that are not open: Motion may have used a number again, unnoticed.
                for id in new {
                    log_error(self.scan_event(&id, Occasion::Arrived));
                }
            }
            Err(error) => log_error(Err(error)),
        }
    }

    /// Events may end by time alone. One that another thread found open (the measuring, after files in it were written
    /// again) is followed from here on too.
    fn judge_open(&mut self) {
        self.open.extend(self.scanner.found_open());
        let now = Instant::now();
        let is_rested = |id: &&EventId| {
            self.rested.get(*id).is_none_or(|until| *until <= now)
                && !self.scanner.tree.is_stalled_for(Some(&id.camera))
        };
        for id in self.open.iter().filter(is_rested).cloned().collect::<Vec<_>>() {
            log_error(self.scan_event(&id, Occasion::Arrived));
        }
    }

    /// Compares every day directory with the catalog, and watches what is recent now.
    fn reconcile(&mut self, stop: &Stop) -> Result<()> {
        let result = self.observer.known().and_then(|known| {
            let known = DayStamps { covers_recent: true, ..known }; // a scan of everything that is watched follows
            self.scanner.preload(&known, Depth::NamesOnly, stop, &Progress::default())
        });
        self.observer.reconciled(&result);
        result?;
        self.appeared.clear();
        self.resync();
        Ok(())
    }
}
