//! What the components of a service share, and its public queries. All methods may be called from any thread; queries
//! are short and block.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::Archive;
use super::camera_info::{CameraInfo, Streams};
use super::change_sender::ChangeSender;
use super::counters::Counters;
use super::notifications::{Broadcaster, Notification, Subscription};
use super::retention::Queue;
use super::reviewed::Reviewed;
use super::status::Status;
use crate::archive::{Depth, MovieOf, Report, Tally, Tree};
use crate::catalog::{Applied, AuditPage, Catalog, DaySummary, Named, NamedRange, Page, Query};
use crate::clock::{Clock, Now, Stop};
use crate::error::{Error, Result};
use crate::event::{Actor, Camera, Day, Event, EventId, Guard};
use crate::expirer::{Expirer, GuardState, Pass, Reserve, Restoration, emptied};
use crate::reaper::Pace;
use crate::retention::{Plan, Policy};
use crate::scan::{Scanner, Summary};
use crate::stream_url::StreamUrl;
use crate::watch::Backlog;

/// How long a pass waits for the catalog to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(30);

/// The methods of a service, shared by its threads, the HTTP router and the embedding program.
///
/// Methods read the catalog, some also the disk, so they block. In async code use `tokio::task::spawn_blocking` with an
/// `Arc::clone` of [`Service::handle`](super::Service::handle).
#[derive(Debug)]
pub struct Handle {
    /// The directory tree.
    pub(crate) tree: Arc<Tree>,
    /// The index of the tree.
    pub(crate) catalog: Arc<Catalog>,
    /// Turns directories into changes of the catalog.
    pub(crate) scanner: Arc<Scanner>,
    /// Plans and makes passes.
    pub(crate) expirer: Expirer,
    pub(super) changes: ChangeSender,
    /// How the service's components do.
    pub(crate) status: Status,
    pub(super) reserve: Arc<Reserve>,
    /// Which events each user has reviewed.
    pub(super) reviewed: Reviewed,
    /// What the components count, for metrics.
    pub(crate) counters: Counters,
    /// What the watcher still has to scan.
    pub(crate) backlog: Arc<Backlog>,
    /// What the reaper has removed.
    pub(crate) reaped: Arc<Tally>,
    /// The pace of the running reaper.
    pub(crate) pace: Arc<Pace>,
    #[cfg(feature = "media")]
    pub(super) media_cache: super::media_cache::MediaCache,
    #[cfg(feature = "media")]
    pub(super) derivation: super::derived::Derivation,
    #[cfg(feature = "media")]
    pub(super) finishing: super::finisher::Figures,
    #[cfg(feature = "stores")]
    pub(super) stores: Arc<owlery_store::Stores>,
    #[cfg(all(feature = "media", feature = "stores"))]
    pub(super) stored_reader: Arc<super::stored_media::StoredReader>,
    #[cfg(feature = "stores")]
    pub(super) copying: Arc<super::copier::AllFigures>,
    /// The events of stores that the archive lacks.
    #[cfg(feature = "stores")]
    pub(crate) stored: super::stored::StoredEvents,
    /// Wakes the expirer's timer, which then hands waiting passes to the reaper.
    pub(super) reap_now: (Sender<()>, Receiver<()>),
    pub(super) broadcaster: Broadcaster,
    /// Held during a walk over the whole archive that a user requested.
    walking: Mutex<()>,
    streams: Streams,
    /// Whether the root was writable at the start.
    was_writable: bool,
    state_dir: PathBuf,
    clock: Arc<dyn Clock>,
    epoch: u64,
    stop: Stop,
}

impl Handle {
    pub(super) fn new(
        archive: &Archive,
        catalog: Arc<Catalog>,
        scanner: Arc<Scanner>,
        expirer: Expirer,
        (changes, reserve, state_dir): (ChangeSender, Arc<Reserve>, &Path),
    ) -> Self {
        let (options, tree) = (&archive.options, Arc::clone(&archive.tree));
        #[cfg(feature = "media")]
        let media_cache = super::media_cache::MediaCache::default();
        let usual_dir = archive.state_path();
        Self {
            was_writable: tree.can_be_marked(),
            reviewed: Reviewed::new(state_dir, &usual_dir),
            state_dir: usual_dir,
            tree,
            catalog,
            scanner,
            expirer,
            stop: changes.stop(),
            changes,
            status: Status::new(),
            reserve,
            counters: Counters::default(),
            backlog: Arc::default(),
            reaped: Arc::default(),
            pace: Arc::new(Pace::new(options.reap_rate, options.window, Arc::clone(&options.clock))),
            #[cfg(feature = "media")]
            derivation: super::derived::Derivation::default(),
            #[cfg(feature = "media")]
            finishing: super::finisher::Figures::new(options.finish),
            #[cfg(feature = "stores")]
            stores: Arc::clone(&archive.stores),
            #[cfg(all(feature = "media", feature = "stores"))]
            stored_reader: Arc::new(super::stored_media::StoredReader::new(&archive.stores, &media_cache)),
            #[cfg(feature = "media")]
            media_cache,
            #[cfg(feature = "stores")]
            copying: Arc::default(),
            #[cfg(feature = "stores")]
            stored: super::stored::StoredEvents::default(),
            reap_now: bounded(1),
            broadcaster: Broadcaster::new(),
            walking: Mutex::new(()),
            streams: Streams::of(options),
            epoch: options.clock.now().nanos().cast_unsigned() ^ u64::from(std::process::id()).rotate_left(48),
            clock: Arc::clone(&options.clock),
        }
    }

    /// The pattern of camera directories.
    pub fn camera_pattern(&self) -> &str {
        self.tree.pattern()
    }

    /// The path of the state directory.
    pub(super) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Whether the root was writable at the start.
    pub(super) fn was_writable(&self) -> bool {
        self.was_writable
    }

    /// The archive's root.
    pub fn root(&self) -> &Path {
        self.tree.root()
    }

    /// The state of the components.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// How many entries and bytes the reaper removed since the start.
    pub fn reaped(&self) -> (u64, u64) {
        (self.reaped.entries.load(Ordering::Relaxed), self.reaped.bytes.load(Ordering::Relaxed))
    }

    /// Makes the reaper ignore its rate and window (for a disk that is nearly full), or obey them again. Idempotent.
    pub fn hurry(&self, now: bool) {
        self.pace.hurry(now);
    }

    /// The present moment of the service's clock.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// A number that grows with every change, also of the events that stores have. A response is still valid while the generation is the same.
    pub fn generation(&self) -> u64 {
        let generation = self.catalog.generation();
        #[cfg(feature = "stores")]
        let generation = generation.saturating_add(self.stored.generation());
        generation
    }

    /// A number of this run. Generations of different runs cannot be compared.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A page of events.
    pub fn events(&self, query: &Query) -> Result<Page> {
        self.catalog.events(query)
    }

    /// One event; `None` if it is not in the catalog.
    pub fn event(&self, id: &EventId) -> Result<Option<Event>> {
        self.catalog.event(id)
    }

    /// A camera's events in a range of directory names, oldest first.
    pub fn named(&self, camera: &Camera, range: &NamedRange) -> Result<Vec<Event>> {
        self.catalog.named(camera, range)
    }

    /// The oldest and the newest name in such a range.
    pub fn named_bounds(&self, camera: &Camera, range: &NamedRange) -> Result<Option<(Named, Named)>> {
        self.catalog.named_bounds(camera, range)
    }

    /// A part of such a range.
    pub fn named_piece(
        &self,
        camera: &Camera,
        between: (Named, Named),
        after: bool,
        most: usize,
    ) -> Result<Vec<Event>> {
        self.catalog.named_piece(camera, between, after, most)
    }

    /// All cameras, by name.
    pub fn cameras(&self) -> Result<Vec<CameraInfo>> {
        CameraInfo::of(&self.catalog, &self.streams)
    }

    /// The path of an event, for other programs. It need not exist.
    pub fn event_path(&self, id: &EventId) -> PathBuf {
        self.tree.event_path(id)
    }

    /// What is known of the cameras' live streams.
    pub(super) fn streams(&self) -> &Streams {
        &self.streams
    }

    /// The URL of a camera's live stream, if it is known; whether the camera exists does not matter.
    pub fn live_stream(&self, camera: &Camera) -> Option<&StreamUrl> {
        self.streams.url(camera)
    }

    /// Set when the service stops.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Subscribes to notifications from now until the service stops.
    pub fn subscribe(&self) -> Subscription {
        self.broadcaster.subscribe()
    }

    /// Whether there are subscribers.
    pub(super) fn has_subscribers(&self) -> bool {
        self.broadcaster.has_subscribers()
    }

    /// Tells subscribers to load everything again.
    #[cfg(feature = "stores")]
    pub(super) fn reset_subscribers(&self) {
        if self.has_subscribers() {
            self.broadcaster.send([Notification::Reset]);
        }
    }

    /// Ends all subscriptions.
    pub(super) fn end_subscriptions(&self) {
        self.broadcaster.close();
    }

    /// Sends what was applied. Subscribers that came while it was applied without notifications receive a `Reset`.
    pub(super) fn publish(&self, applied: Applied, had_subscribers: bool) {
        if had_subscribers {
            self.broadcaster.send(applied.updates.into_iter().map(Notification::from));
        } else if self.has_subscribers() {
            self.broadcaster.send([Notification::Reset]);
        }
    }

    /// What would be retired now, by the archive's rules or by `policy` instead.
    pub fn plan(&self, policy: Option<&Policy>) -> Result<Plan> {
        Ok(self.expirer.plan(policy)?.1)
    }

    /// A page of the audit log, newest first: at most `limit` entries with a number below `before`.
    pub fn audit(&self, limit: usize, before: Option<u64>) -> Result<AuditPage> {
        self.catalog.audit(limit, before)
    }

    /// All guards by name, and the present state of each. Makes no plan; costs some system calls for each camera. Fails
    /// if the catalog cannot be read.
    pub fn guards(&self) -> Result<Vec<GuardState>> {
        self.expirer.guards(self.status.may_expire())
    }

    /// Like `audit`, with only the entries about single cameras among `cameras` (`None`: all entries).
    pub fn audit_of(&self, cameras: Option<&BTreeSet<Camera>>, limit: usize, before: Option<u64>) -> Result<AuditPage> {
        match cameras {
            None => self.catalog.audit(limit, before),
            Some(cameras) => self.catalog.audit_of(cameras, limit, before),
        }
    }

    /// The days with events or loose files, newest first, of `cameras` (`None`: of all), from `first` to `last`, both included.
    pub fn days(
        &self,
        cameras: Option<&BTreeSet<Camera>>,
        first: Option<Day>,
        last: Option<Day>,
    ) -> Result<Vec<DaySummary>> {
        self.catalog.days(cameras, first, last)
    }

    /// When the expirer's timer runs next; `None` before the preload ended, or where no service runs.
    pub fn next_check(&self) -> Option<DateTime<Utc>> {
        let left = self.status.next_check()?.saturating_duration_since(Instant::now());
        TimeDelta::from_std(left).ok().and_then(|left| self.now().utc.checked_add_signed(left))
    }

    /// Makes a pass now: guards, plan, rename into the delete queue. `confirmed` is the id of a held plan that is to be
    /// carried out. The reaper receives what was retired.
    pub fn expire(&self, confirmed: Option<&str>) -> Result<Pass> {
        let pass = self.pass(confirmed)?;
        if confirmed.is_some() && pass.refused.is_none() {
            // Otherwise what was confirmed would be an alert until the timer runs.
            match self.expirer.plan(None) {
                Ok((_, plan)) => self.status.set_alerts(plan.alerts),
                Err(error) => tracing::debug!("alerts: {}", error.chain()), // the next pass tells them
            }
        }
        self.tree.try_stuck_again(); // a person may have solved the problem
        let _ = self.reap_now.0.try_send(()); // full means that it was already requested
        Ok(pass)
    }

    /// Like [`Handle::expire`], but makes no pass while the archive is still being read; `None` then.
    pub fn expire_when_read(&self, confirmed: Option<&str>) -> Result<Option<Pass>> {
        if !self.status.may_expire() {
            return Ok(None);
        }
        let rebuilt = self.catalog.rebuilt();
        let pass = self.expire(confirmed)?;
        // A rule's camera can be missing only because the catalog was set aside in the meantime.
        let lacks_camera = pass.refused.as_ref().is_some_and(|refused| refused.guard == Guard::Configuration);
        let is_read = self.catalog.rebuilt() == rebuilt && self.status.may_expire();
        Ok((is_read || !lacks_camera).then_some(pass))
    }

    /// Carries out the pass that is held under this id, or retires the days of a wrong date that have it
    /// ([`Plan::of_wrong_date`](crate::retention::Plan::of_wrong_date)). Fails with [`Error::Unknown`] if no such pass is held.
    pub fn confirm(&self, id: &str) -> Result<Pass> {
        let unknown = || Error::Unknown { what: "held pass", name: id.to_owned() };
        let is_held = self.expirer.held_pass().is_some_and(|held| held.id == id);
        if !is_held {
            let early = self.expirer.plan(None)?.1.of_wrong_date();
            if early.items.is_empty() || early.id() != id {
                return Err(unknown());
            }
        }
        let pass = self.expire(Some(id))?;
        // Another plan may have replaced it in the meantime; that one was not confirmed. A guard that holds everything holds days of a wrong
        // date too, and says why.
        if is_held && pass.refused.is_some() && pass.pass.as_deref() != Some(id) {
            return Err(unknown());
        }
        Ok(pass)
    }

    /// Makes one pass, with the catalog up to date before and after. Leaves the delete queue to the caller. If the
    /// catalog cannot be written for a while (its disk is full), no pass is made, and neither the queue nor the caller
    /// waits for it.
    pub fn pass(&self, confirmed: Option<&str>) -> Result<Pass> {
        self.expirer.recover();
        let mut emptied = Vec::new();
        if self.expirer.policy().has_size_rule() {
            emptied = self.expirer.remove_emptied(emptied::SEARCH_TIME, &self.stop); // what cleaners removed no longer counts
        }
        let within = crate::fault::span("written", WRITTEN_WITHIN);
        let late = || {
            let why =
                io::Error::new(io::ErrorKind::TimedOut, "the catalog cannot be written, so its content may be old");
            Error::io("plan a pass over", self.tree.root(), why)
        };
        if !self.changes.flush_within(within)? {
            return Err(late());
        }
        let mut pass = self.expirer.pass(confirmed)?;
        pass.emptied = emptied;
        self.expirer.audit.retry();
        if !self.expirer.audit.lacks_room() {
            pass.failures.extend(self.unrecorded(!pass.items.is_empty())); // else they wait until the pass is removed
        }
        self.counters.checked.store(self.now().utc.timestamp(), Ordering::Relaxed);
        self.counters.add(if confirmed.is_some() { Actor::Hand } else { Actor::Rule }, &pass);
        if !self.changes.flush_within(within)? {
            tracing::warn!("{}", late().chain()); // the pass is complete; recording it is retried
        }
        self.broadcaster.send_pass(&pass);
        Ok(pass)
    }

    /// Does what waited for room while the disk was full. Returns what the audit log still lacks.
    pub(super) fn settle(&self) -> Option<Report> {
        self.expirer.settle();
        self.unrecorded(false)
    }

    /// Waits a limited time until what was done can be queried. It is done whether the catalog can be written or not.
    pub(super) fn written(&self) -> Result<()> {
        if !self.changes.flush_within(crate::fault::span("written", WRITTEN_WITHIN))? {
            tracing::warn!("the catalog cannot be written for now; the change is listed later");
        }
        Ok(())
    }

    /// What the delete queues contain.
    pub fn queue(&self) -> Result<Queue> {
        let (passes, others) = self.expirer.queue()?;
        Ok(Queue { passes, others })
    }

    /// Moves a pass back out of the delete queue. Never overwrites: what has no place any more stays in the queue.
    pub fn restore(&self, pass: &str) -> Result<Restoration> {
        let mut restored = self.expirer.restore(pass)?;
        restored.failures.extend(self.unrecorded(true));
        self.written()?;
        if !restored.items.is_empty() {
            self.broadcaster.send([Notification::Restored(Arc::new(restored.clone()))]);
        }
        Ok(restored)
    }

    /// A report for work that the audit log does not contain.
    pub(super) fn unrecorded(&self, has_done: bool) -> Option<Report> {
        let is_of_this = has_done || self.expirer.audit.is_lasting();
        let why = is_of_this.then(|| self.expirer.audit.lacks())??;
        Some(Report::failure(self.tree.root(), why))
    }

    /// Waits until a damaged catalog is rebuilt and filled; false after `within`.
    pub fn wait_rebuilt(&self, within: Duration) -> bool {
        let until = Instant::now() + within;
        while self.catalog.is_damaged() {
            if Instant::now() >= until || self.stop.wait(Duration::from_millis(50)) {
                return false;
            }
        }
        self.status.wait_ready(until.saturating_duration_since(Instant::now()))
    }

    /// Reads the whole archive again, changed or not; with `measure`, every file.
    pub fn rescan(&self, measure: bool) -> Result<Summary> {
        let depth = if measure { Depth::Full } else { Depth::NamesOnly };
        let _walking = self.walking.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = self.catalog.known()?.without_stamps();
        let summary = self.scanner.preload(&known, depth, &self.stop, &crate::scan::Progress::default())?;
        self.written()?;
        Ok(summary)
    }

    /// Handles Motion's `on_movie_end`: the movie at this path is finished, and so is its event. `None` if the path is
    /// not a movie of an event of this archive; Motion writes other files too.
    pub fn note_movie_ended(&self, path: &Path) -> Result<Option<EventId>> {
        let MovieOf { event: id, is_only } = match self.tree.event_of_movie(path) {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!("not an event's movie: {}", error.chain());
                return Ok(None);
            }
        };
        // Motion may begin the next movie of the same event under another name (`movie_max_time`): only this file is
        // inspected.
        if is_only {
            self.scanner.note_ended(id.clone());
        }
        self.scanner.scan_event(&id, crate::scan::Occasion::Arrived)?;
        self.written()?; // changes are gathered for a moment; the caller may query at once
        Ok(Some(id))
    }
}
