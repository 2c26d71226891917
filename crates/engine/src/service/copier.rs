//! The copier: a worker for each store with a rule `copy`. It copies what the store lacks, the newest event first, and goes on after errors of
//! the store with growing delays. What is lacking is found by comparing the catalog with the proofs, so there is no list that could be lost.
//! `lacking` keeps account of it, `figures` shows it to others.

mod compare;
mod evidence;
mod figures;
mod gate;
mod lacking;
mod workers;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use owlery_store::{Client, CopyRule, Error as StoreError, Host, HostName, Look, Proofs, StoreOptions, UploadRecord};

use super::event_source::EventSource;
use super::handle::Handle;
use super::notifications::{Notification, Stopping, Subscription};
use super::status::Component;
use super::store_thread::{Delay, STOP_PERIOD, stopped};
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::{EventId, Reason};
pub(super) use compare::compare_all;
pub(super) use figures::{AllFigures, Figures};
pub use figures::{CopyActivity, CopyState};
pub(super) use gate::StoreProofs;
use lacking::Lacking;
pub(super) use workers::start;

/// How often the rules are asked what they would retire while space is short.
const PRESSURE_INTERVAL: Duration = Duration::from_mins(1);
/// How long it waits for news before it looks at the clock, at the window and at what is to be retried.
const PERIOD: Duration = Duration::from_secs(5);
/// How long the manifest of what was copied may take when the service stops. What is not said in time is copied again.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often a store is asked whether it still responds while something is sent to it.
const PROBE_PERIOD: Duration = Duration::from_secs(2);
/// How long it may take to respond to that.
const PROBE_TIME: Duration = Duration::from_secs(4);
/// How many requests in a row may fail for their object alone before the store is taken to be in trouble.
const MOST_DOUBTS: u32 = 3;

/// Copies events to one store. Used by its own thread only.
pub(super) struct Copier {
    handle: Arc<Handle>,
    options: StoreOptions,
    host: HostName,
    /// The id of the archive.
    archive: String,
    proofs: Proofs,
    figures: Arc<Figures>,
    lacking: Lacking,
    /// How often the rules are asked what they would retire.
    interval: Duration,
    /// When they were asked last, for a store that copies what expires.
    asked_rules: Option<Instant>,
    /// When the proofs were last compared with the store's index; `None` after trouble.
    compared: Option<Instant>,
    /// Whether the catalog has been compared with the proofs as a whole.
    has_read_all: bool,
    /// Whether another process has copied since.
    is_behind: bool,
    /// Requests in a row that failed for their object alone.
    doubts: u32,
}

/// Why copying ended for now.
enum Pause {
    /// The store lacks nothing.
    Done,
    /// The window has closed.
    Window,
    /// Another process copies to the store.
    Busy,
    /// The service stops.
    Stop,
}

impl Copier {
    /// A copier for a store, if this archive can have copies: it needs an id.
    pub(super) fn new(
        handle: &Arc<Handle>,
        options: StoreOptions,
        archive: &str,
        figures: Arc<Figures>,
        (interval, finishes): (Duration, bool),
    ) -> Result<Self> {
        let host = options.host_name().map_err(|error| Error::Config(error.to_string()))?;
        let proofs = Proofs::new(handle.state_dir(), &options.url, &host, archive);
        Ok(Self {
            lacking: Lacking::new(options.copy, options.kinds(), proofs.clone(), finishes),
            handle: Arc::clone(handle),
            options,
            host,
            archive: archive.to_owned(),
            proofs,
            figures,
            interval,
            asked_rules: None,
            compared: None,
            has_read_all: false,
            is_behind: false,
            doubts: 0,
        })
    }

    /// Runs until stopped, on a thread of its own, at a low priority.
    pub(super) fn run(mut self, stop: &Stop) -> Result<()> {
        crate::reaper::step_back();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Error::io("start the runtime of", "the copies to a store", e))?;
        runtime.block_on(async {
            let work = pin!(self.work(stop));
            tokio::select! {
                () = work => {}
                () = stopped_for(stop, LAST_WORDS.saturating_add(STOP_PERIOD)) => {}
            }
        });
        // A request to a disk that hangs must not keep the process.
        runtime.shutdown_background();
        Ok(())
    }

    /// Copies, and waits for more, until the service ends.
    async fn work(&mut self, stop: &Stop) {
        let mut news = self.handle.subscribe();
        let mut delay = Delay::default();
        loop {
            crate::fault::point("copier");
            // News end a wait, unless the store is in trouble.
            let mut wait = Wait::ForNews;
            match self.copy_all(&mut news, stop).await {
                Ok(Pause::Done) => {
                    self.figures.set(CopyActivity::Idle);
                    self.check_next_day();
                    delay = Delay::default();
                }
                Ok(Pause::Window) => self.figures.set(CopyActivity::Window),
                Ok(Pause::Busy) => self.is_behind = true, // the other process proves copies
                Ok(Pause::Stop) => return,
                Err(CopyError::Store(error)) => {
                    let why = error.to_string();
                    if matches!(error, StoreError::OfAnotherArchive { .. }) {
                        self.figures.set_compared(false);
                    }
                    if self.trouble(error) {
                        tracing::warn!(store = %self.options.name, "{why}; copying goes on when it can be used");
                    }
                    self.figures.failed();
                    self.compared = None;
                    wait = Wait::Whole(delay.next());
                }
                Err(CopyError::Archive(error)) => {
                    if self.figures.set_trouble(self.handle.now().utc, error.chain()) {
                        tracing::warn!(store = %self.options.name, "nothing is copied: {}", error.chain());
                    }
                }
            }
            tokio::select! {
                goes_on = self.wait(&mut news, wait) => if !goes_on { return },
                () = stopped(stop) => return,
            }
        }
    }

    /// Notes that the store cannot be used; true if it could before.
    fn trouble(&self, error: StoreError) -> bool {
        let is_new = self.figures.set_trouble(self.handle.now().utc, error.to_string());
        self.handle.stores().note::<()>(&self.options.name, &Err(error));
        is_new
    }

    /// Notes that the store can be used.
    fn responded(&self) {
        self.figures.clear_trouble();
        self.handle.stores().note(&self.options.name, &Ok(()));
    }

    /// Waits; false if the service ends.
    async fn wait(&mut self, news: &mut Subscription, wait: Wait) -> bool {
        let (time, may_end_early) = match wait {
            Wait::ForNews => (PERIOD, true),
            Wait::Whole(time) => (time, false),
        };
        let until = tokio::time::Instant::now() + time;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return true,
                notice = news.next() => {
                    let Some(notice) = notice else { return false };
                    let is_relevant = self.note(notice);
                    if may_end_early && is_relevant {
                        return true;
                    }
                }
            }
        }
    }

    /// Notes what changed; returns whether there may be something to copy.
    fn note(&mut self, notice: Notification) -> bool {
        match notice {
            Notification::Added(event) => self.lacking.added(&event.id),
            Notification::Changed(event) => self.lacking.changed(&event.id),
            Notification::Removed(id) => self.lacking.removed(&id),
            Notification::Reset => self.has_read_all = false,
            Notification::Pass(_) | Notification::Restored(_) => return false,
        }
        true
    }

    /// Takes the news that have arrived; false if the service ends.
    fn take(&mut self, news: &mut Subscription) -> bool {
        loop {
            match news.try_next() {
                Ok(Some(notice)) => _ = self.note(notice),
                Ok(None) => return true,
                Err(Stopping) => return false,
            }
        }
    }

    /// Compares the catalog with the proofs, as far as something changed.
    fn compare(&mut self) -> Result<()> {
        let is_read = !self.handle.status().troubles().contains_key(&Component::Preload);
        if is_read && !self.has_read_all {
            let days = self.handle.days(None, None, None)?;
            self.lacking.read_all(days.into_iter().map(|day| (day.day, day.camera)));
            self.has_read_all = true;
        }
        let is_short = self.handle.expirer.is_pressed();
        let interval = if is_short { self.interval.min(PRESSURE_INTERVAL) } else { self.interval };
        if self.options.copy == CopyRule::Expire && is_read && is_due(self.asked_rules, interval) {
            self.asked_rules = Some(Instant::now());
            let plan = self.handle.plan(None)?;
            let waiting = plan.kept.into_iter().filter(|item| item.reason == Reason::NotCopied);
            self.lacking.expiring(waiting.map(|item| (item.day, item.camera)));
        }
        self.lacking.suspect(self.figures.take_suspects());
        self.lacking.update(&self.handle)?;
        self.figures.count(&self.lacking);
        Ok(())
    }

    /// Copies until the store lacks nothing.
    async fn copy_all(&mut self, news: &mut Subscription, stop: &Stop) -> std::result::Result<Pause, CopyError> {
        self.compare()?;
        // Also a store that lacks nothing is asked now and then whether it still has what it had.
        let is_to_compare = is_due(self.compared, self.interval);
        if !is_to_compare && self.lacking.next(&self.handle, Instant::now())?.is_none() {
            if self.lacking.sums().events == 0 {
                self.figures.clear_trouble(); // nothing waits for it
            }
            return Ok(Pause::Done);
        }
        if !is_to_compare && !self.is_open() {
            return Ok(Pause::Window);
        }
        if !self.handle.tree.is_marked() {
            let why = "the root's disk has no room for its marker, which says whose copies these are; free some space";
            return Err(Error::Store(why.to_owned()).into());
        }
        let stores = Arc::clone(self.handle.stores());
        let _lock = match stores.lock(&self.options) {
            Err(StoreError::Busy(_)) => return Ok(Pause::Busy),
            other => other?,
        };
        if std::mem::take(&mut self.is_behind) {
            self.has_read_all = false; // what it has copied is found in `copy_to`
        }
        let name = &self.options.name;
        let client = stores.get(None, name.as_str())?.with_rate(self.options.rate);
        let host = self.probing(&client, Host::open(client.clone(), &self.host, &self.archive)).await?;
        let record = UploadRecord::new(self.handle.state_dir(), name);
        let mut host = host.proving(self.proofs.clone()).resuming(record).encrypting(self.options.encrypt.clone());
        if is_to_compare {
            self.compare_with(&host)?;
        }
        let pause = tokio::select! {
            pause = self.copy_to(&mut host, &client, news) => pause,
            () = stopped(stop) => Ok(Pause::Stop),
        };
        // What was copied before an error counts, if the store can still be written. A stop does not wait long.
        let finished = match pause {
            Ok(Pause::Stop) => tokio::time::timeout(LAST_WORDS, host.finish()).await.unwrap_or(Ok(())),
            _ => self.probing(&client, host.finish()).await,
        };
        self.lacking.finished(finished.is_ok());
        let pause = pause?;
        finished?;
        if self.doubts == 0 {
            self.responded();
        }
        self.lacking.update(&self.handle)?;
        self.figures.count(&self.lacking);
        Ok(pause)
    }

    /// Looks at the files of another day that the store has.
    fn check_next_day(&mut self) {
        if self.has_read_all
            && let Err(error) = self.lacking.check_next_day(&self.handle)
        {
            tracing::debug!(store = %self.options.name, "{}", error.chain());
        }
    }

    /// Compares the proofs with the store's index: events that were removed there are copied again, and no rule counts on them.
    fn compare_with(&mut self, host: &Host) -> std::result::Result<(), CopyError> {
        let lost = self.proofs.compare(Some(host.index()))?;
        if !lost.is_empty() {
            let days = lost.len();
            tracing::warn!(store = %self.options.name, "the store has lost events of {days} days; they are copied again");
        }
        self.lacking.read_again(lost);
        self.compared = Some(Instant::now());
        self.figures.set_compared(true);
        Ok(())
    }

    async fn copy_to(
        &mut self,
        host: &mut Host,
        client: &Client,
        news: &mut Subscription,
    ) -> std::result::Result<Pause, CopyError> {
        loop {
            if !self.take(news) {
                return Ok(Pause::Done);
            }
            if self.lacking.needs_proofs() {
                self.probing(client, host.finish()).await?;
                self.lacking.finished(true);
            }
            self.compare()?;
            let Some(id) = self.lacking.next(&self.handle, Instant::now())? else { return Ok(Pause::Done) };
            if !self.is_open() {
                return Ok(Pause::Window);
            }
            self.figures.set(CopyActivity::Copying(id.clone()));
            self.copy(host, client, &id).await?; // the next comparison counts what waits
        }
    }

    /// Copies an event, and notes what it comes to.
    async fn copy(&mut self, host: &mut Host, client: &Client, id: &EventId) -> std::result::Result<(), CopyError> {
        let Some(event) = self.handle.event(id)? else {
            self.lacking.left_out(id);
            return Ok(());
        };
        let source = match self.handle.event_files(id) {
            Ok(files) => EventSource::from(files),
            Err(error) => {
                self.put_off(id, &error.chain());
                return Ok(());
            }
        };
        let kinds = self.options.kinds();
        let result = self.probing(client, host.copy(&event, &source, &kinds, Look::AtManifest)).await;
        match result {
            Ok(copied) => {
                self.doubts = 0;
                self.responded();
                self.figures.copied(copied);
                self.lacking.copied(id);
                Ok(())
            }
            Err(StoreError::BeingRecorded(_)) => {
                self.lacking.left_out(id); // its end is news
                Ok(())
            }
            Err(error) if error.is_of_one_event() => {
                self.put_off(id, &error.to_string());
                Ok(())
            }
            // A store that cannot be written may well respond to a listing.
            Err(error) if error.may_pass() && self.doubts < MOST_DOUBTS && client.check(&self.host).await.is_ok() => {
                self.doubts += 1;
                self.put_off(id, &error.to_string());
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for a request, and shows meanwhile whether the store responds.
    async fn probing<T>(&self, client: &Client, request: impl Future<Output = T>) -> T {
        let mut request = Box::pin(request);
        tokio::select! {
            biased;
            done = &mut request => done,
            never = self.probe(client) => match never {},
        }
    }

    /// Asks the store again and again whether it responds, and shows if it does not, long before a request has failed.
    async fn probe(&self, client: &Client) -> std::convert::Infallible {
        let client = client.clone().with_rate(None).with_stall(PROBE_TIME);
        loop {
            tokio::time::sleep(PROBE_PERIOD).await;
            match client.probe(&self.host).await {
                Ok(()) => self.figures.clear_trouble_of_probe(),
                Err(error) => self.figures.set_trouble_of_probe(self.handle.now().utc, error.to_string()),
            }
        }
    }

    fn put_off(&mut self, id: &EventId, problem: &str) {
        if self.lacking.put_off(id, problem, Instant::now()) {
            tracing::warn!(store = %self.options.name, event = %id, "not copied: {problem}; it is tried again");
        }
        self.figures.failed_event();
    }

    /// Whether the window is open.
    fn is_open(&self) -> bool {
        self.options.window.is_none_or(|window| window.is_open(self.handle.now().local))
    }
}

/// Why copying cannot go on.
enum CopyError {
    /// The store cannot be used.
    Store(StoreError),
    /// The archive cannot be read.
    Archive(Error),
}

impl From<StoreError> for CopyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for CopyError {
    fn from(error: Error) -> Self {
        Self::Archive(error)
    }
}

/// How to wait before the next attempt.
#[derive(Clone, Copy)]
enum Wait {
    /// Until something changed in the archive, or for a while.
    ForNews,
    /// For this time.
    Whole(Duration),
}

/// Whether what was last done at a time is to be done again.
fn is_due(last: Option<Instant>, interval: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= interval)
}

/// Ends so long after the service began to stop.
async fn stopped_for(stop: &Stop, time: Duration) {
    stopped(stop).await;
    tokio::time::sleep(time).await;
}
