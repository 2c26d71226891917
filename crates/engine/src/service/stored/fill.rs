//! Keeps the view of a store up to date with what this host has copied there: a thread for each active store. It reads the store's index now and
//! then, and the manifest of a day only if the day may have events that the archive lacks; what a day was computed from is kept with it, so that
//! neither a restart nor an idle service reads anything again. The view's changes are not sent to subscribers: copiers listen there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use owlery_store::{Copies, DaySums, Error as StoreError, HostName, Proofs};

use super::super::handle::Handle;
use super::super::notifications::{Notification, Stopping, Subscription};
use super::super::status::Component;
use super::super::store_thread::{Delay, stopped};
use super::details::listed;
use super::view::View;
use super::{source_stamp, stamp_of_day};
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::{Camera, Change, Day, EventId, EventName, Stamp};

/// How often it is looked whether the archive has been read.
const PRELOAD_PERIOD: Duration = Duration::from_millis(200);
/// For how long changes of the archive are gathered: a day that is retired is read once.
const GATHER: Duration = Duration::from_secs(1);
/// How often it is looked whether the list is damaged, or its disk full.
const PERIOD: Duration = Duration::from_secs(10);
/// How soon after the archive's catalog was made again it may be known to be read again.
const REBUILT: Duration = Duration::from_secs(30);

/// A camera's day; the newest is the last.
type DayKey = (Day, Camera);

/// Fills the view of one store. Used by its own thread only.
pub(in crate::service) struct Filler {
    handle: Arc<Handle>,
    view: Arc<View>,
    host: HostName,
    /// What this host knows of the store without asking it, if it copies there as this archive.
    proofs: Option<Proofs>,
    /// How often the store's index is read.
    interval: Duration,
    due: Due,
    /// How often the archive's catalog was rebuilt, and when that was noticed.
    rebuilt: (u64, Option<Instant>),
    /// Whether the store could not be used the last time.
    is_away: bool,
}

/// What is to be done.
#[derive(Debug, Default)]
struct Due {
    /// Days in which the archive lost events, and since when that is known.
    changed: BTreeSet<DayKey>,
    since: Option<Instant>,
    /// Days to compute, at once and after those.
    urgent: BTreeSet<DayKey>,
    rest: BTreeSet<DayKey>,
    /// When all days were last compared with the index; `None` if that is to be done.
    compared: Option<Instant>,
}

/// Why a day, or the whole, cannot be computed now.
enum FillError {
    /// The store cannot be used.
    Store(StoreError),
    /// The archive's catalog or the view cannot be used.
    Local(Error),
    /// The archive is being read again.
    NotRead,
}

impl From<StoreError> for FillError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for FillError {
    fn from(error: Error) -> Self {
        Self::Local(error)
    }
}

impl Due {
    /// Takes the days of which the changes were gathered, as those that are computed first; true if there are some.
    fn take_changed(&mut self) -> bool {
        let is_gathered = self.since.is_some_and(|since| since.elapsed() >= GATHER);
        if is_gathered {
            self.since = None;
            self.urgent.append(&mut self.changed);
        }
        is_gathered
    }

    /// For how long there is nothing to do unless the archive changes.
    fn idle(&self, interval: Duration) -> Duration {
        let left = |since: Option<Instant>, time: Duration| since.map(|since| time.saturating_sub(since.elapsed()));
        let compare = left(self.compared, interval).unwrap_or_default();
        left(self.since, GATHER).into_iter().fold(compare, Duration::min)
    }

    fn pop(&mut self) -> Option<DayKey> {
        self.urgent.pop_last().or_else(|| self.rest.pop_last())
    }
}

impl Filler {
    pub(in crate::service) fn new(
        handle: &Arc<Handle>,
        view: Arc<View>,
        host: HostName,
        proofs: Option<Proofs>,
        interval: Duration,
    ) -> Self {
        let rebuilt = (handle.catalog.rebuilt(), None);
        let (handle, due) = (Arc::clone(handle), Due::default());
        Self { handle, view, host, proofs, interval, due, rebuilt, is_away: false }
    }

    /// Runs until stopped, on a thread of its own, at a low priority.
    pub(in crate::service) fn run(mut self, stop: &Stop) -> Result<()> {
        crate::reaper::step_back();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Error::io("start the runtime of", "the list of a store's events", e))?;
        runtime.block_on(self.work(stop));
        // A request to a disk that hangs must not keep the process.
        runtime.shutdown_background();
        self.view.close();
        Ok(())
    }

    async fn work(&mut self, stop: &Stop) {
        // Before that, everything seems to be missing; and without subscribers the archive is read faster.
        while !self.is_read() {
            if stop.is_set() {
                return;
            }
            tokio::time::sleep(PRELOAD_PERIOD).await;
        }
        let mut news = self.handle.subscribe();
        let mut delay = Delay::default();
        loop {
            crate::fault::point("stored");
            let filled = tokio::select! {
                filled = self.fill(&mut news) => filled,
                () = stopped(stop) => return,
            };
            let wait = match filled {
                Ok(Some(Stopping)) => return,
                Ok(None) => {
                    delay = Delay::default();
                    None
                }
                Err(FillError::NotRead) => Some(PRELOAD_PERIOD),
                Err(error) => {
                    self.trouble(error);
                    Some(delay.next())
                }
            };
            if !self.wait(&mut news, wait).await {
                return;
            }
        }
    }

    /// Whether the archive's catalog has what the archive has.
    fn is_read(&mut self) -> bool {
        let now = self.handle.catalog.rebuilt();
        if now != self.rebuilt.0 {
            self.rebuilt = (now, Some(Instant::now()));
        }
        // The walk begins some time after the catalog was made again.
        let is_settled = self.rebuilt.1.is_none_or(|since| since.elapsed() >= REBUILT);
        is_settled
            && !self.handle.catalog.is_damaged()
            && !self.handle.status().troubles().contains_key(&Component::Preload)
    }

    /// Notes that nothing can be read. What is known stays listed.
    fn trouble(&mut self, error: FillError) {
        let store = self.view.store();
        match error {
            FillError::Store(error) => {
                let why = error.to_string();
                if !std::mem::replace(&mut self.is_away, true) {
                    tracing::warn!(%store, "{why}; its events are listed as they were, and it is tried again");
                }
                self.handle.stores().note::<()>(store, &Err(error));
            }
            FillError::Local(error) => tracing::warn!(%store, "its events are listed as they were: {}", error.chain()),
            FillError::NotRead => {}
        }
    }

    /// Waits until there is something to do, or for this time; false if the service ends.
    async fn wait(&mut self, news: &mut Subscription, time: Option<Duration>) -> bool {
        let begun = Instant::now();
        loop {
            let left = match time {
                Some(time) => time.saturating_sub(begun.elapsed()),
                None => self.due.idle(self.interval).min(PERIOD.saturating_sub(begun.elapsed())),
            };
            tokio::select! {
                () = tokio::time::sleep(left) => return true,
                notice = news.next() => match notice {
                    Some(notice) => self.note(notice),
                    None => return false,
                },
            }
        }
    }

    /// Notes what changed in the archive.
    fn note(&mut self, notice: Notification) {
        match notice {
            Notification::Added(event) => {
                if let Err(error) = self.came_back(&event.id) {
                    tracing::debug!(store = %self.view.store(), "{}", error.chain());
                    self.due.compared = None;
                }
            }
            Notification::Removed(id) => {
                self.due.changed.insert((id.day, id.camera));
                self.due.since.get_or_insert_with(Instant::now);
            }
            Notification::Reset => self.due.compared = None,
            Notification::Changed(_) | Notification::Pass(_) | Notification::Restored(_) => {}
        }
    }

    /// An event is in the archive.
    fn came_back(&self, id: &EventId) -> Result<()> {
        if self.view.has_events() && !self.view.catalog().present([id])?.is_empty() {
            self.view.apply(&[Change::Gone(id.clone())])?;
        }
        Ok(())
    }

    /// Takes the news that have arrived.
    fn take(&mut self, news: &mut Subscription) -> Result<(), Stopping> {
        while let Some(notice) = news.try_next()? {
            self.note(notice);
        }
        Ok(())
    }

    /// Does what is to be done, the newest day first; what changed meanwhile comes before the rest.
    async fn fill(&mut self, news: &mut Subscription) -> Result<Option<Stopping>, FillError> {
        if self.view.settle()? {
            self.due.compared = None;
        }
        let mut copies: Option<Copies> = None;
        let mut is_open = false;
        loop {
            if let Err(stopping) = self.take(news) {
                return Ok(Some(stopping));
            }
            if !self.is_read() {
                return Err(FillError::NotRead);
            }
            let is_to_compare = self.due.compared.is_none_or(|compared| compared.elapsed() >= self.interval);
            // The index is read first by what changed since: an event may have been copied shortly before it left the archive.
            if self.due.take_changed() || is_to_compare || !is_open {
                if !is_to_compare && self.due.urgent.is_empty() && self.due.rest.is_empty() {
                    return Ok(None);
                }
                if is_to_compare {
                    self.drop_local()?;
                }
                copies = self.open().await?;
                is_open = true;
            }
            if is_to_compare {
                self.compare(copies.as_ref())?;
                self.due.compared = Some(Instant::now());
            }
            let Some(day) = self.due.pop() else { return Ok(None) };
            if let Err(error) = self.update_day(copies.as_ref(), &day).await {
                match error {
                    FillError::Store(error @ StoreError::Wrong { .. }) => {
                        tracing::warn!(store = %self.view.store(), "{error}; of the events of that day, those that are listed stay so");
                    }
                    error => {
                        self.due.urgent.insert(day);
                        return Err(error);
                    }
                }
            }
        }
    }

    /// What this host has copied; `None` if there is nothing.
    async fn open(&mut self) -> Result<Option<Copies>, FillError> {
        let stores = self.handle.stores();
        let name = self.view.store();
        let client = stores.get(None, name.as_str())?;
        let copies = match Copies::open(client, &self.host).await {
            Ok(copies) => Some(copies),
            Err(StoreError::NothingCopied { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        stores.note(name, &Ok(()));
        if std::mem::take(&mut self.is_away) {
            tracing::info!(store = %name, "it can be used again");
        }
        Ok(copies)
    }

    /// Drops what the archive has from the view. Asks no store.
    fn drop_local(&self) -> Result<()> {
        if !self.view.has_events() {
            return Ok(());
        }
        let local = self.handle.catalog.known()?.days;
        let days = self.view.catalog().known()?.days;
        let is_in_both = |(day, (_, events)): &(&(Camera, Day), &(Option<Stamp>, u64))| {
            *events > 0 && local.get(*day).is_some_and(|(_, events)| *events > 0)
        };
        for ((camera, day), _) in days.iter().filter(is_in_both) {
            let local: BTreeSet<EventName> = self.handle.catalog.names_of(camera, *day)?.into_iter().collect();
            let stored = self.view.catalog().names_of(camera, *day)?.into_iter().filter(|name| local.contains(name));
            let gone = stored.map(|name| Change::Gone(EventId { camera: camera.clone(), day: *day, name }));
            let gone: Vec<Change> = gone.collect();
            if !gone.is_empty() {
                self.view.apply(&gone)?;
            }
        }
        Ok(())
    }

    /// Finds the days that may have to be computed: those whose copies or whose local events are others than before.
    fn compare(&mut self, copies: Option<&Copies>) -> Result<(), FillError> {
        let local = self.handle.catalog.known()?;
        let known = self.view.catalog().known()?;
        self.add_cameras(copies, &known.cameras)?;
        let mut gone: BTreeSet<DayKey> = known.days.keys().map(|(camera, day)| (*day, camera.clone())).collect();
        for (camera, day, sums) in copies.map(|copies| copies.index().days()).unwrap_or_default() {
            let key = (camera.clone(), day);
            let (stamp, events) = local.days.get(&key).copied().unwrap_or_default();
            let source = self.source_of(&key, sums, (stamp, events))?;
            let is_same = known.days.get(&key).is_some_and(|(stamp, _)| is_from(*stamp, source));
            let key = (day, key.0);
            gone.remove(&key);
            if !is_same {
                self.due.rest.insert(key);
            }
        }
        self.due.rest.extend(gone);
        // Days that the index does not name yet.
        let index = copies.map(Copies::index);
        let is_new = |(camera, day): &(Camera, Day)| {
            index.is_some_and(|index| index.cameras.get(camera).is_none_or(|days| !days.contains_key(day)))
        };
        let proved = self.proofs.as_ref().map(Proofs::days).transpose()?.unwrap_or_default();
        self.due.rest.extend(proved.into_iter().filter(is_new).map(|(camera, day)| (day, camera)));
        Ok(())
    }

    /// Adds the store's cameras all at once: one that comes later may find no place between two others ([`Change::Camera`]).
    fn add_cameras(&self, copies: Option<&Copies>, known: &[Camera]) -> Result<()> {
        let cameras = copies.into_iter().flat_map(|copies| copies.index().cameras.keys());
        let shown = cameras.filter_map(|camera| self.view.hosts().shown(&self.host, camera));
        let new: BTreeSet<Camera> = shown.filter(|camera| !known.contains(camera)).collect();
        let new: Vec<Change> = new.into_iter().map(Change::Camera).collect();
        if new.is_empty() { Ok(()) } else { self.view.apply(&new) }
    }

    /// A digest of what a day is computed from. The stamp of a directory tells its names; without one, the names themselves do.
    fn source_of(&self, (camera, day): &(Camera, Day), sums: DaySums, local: (Option<Stamp>, u64)) -> Result<u64> {
        let (stamp, events) = local;
        let names = match stamp {
            None if events > 0 => self.handle.catalog.names_of(camera, *day)?,
            _ => Vec::new(),
        };
        let stamp = stamp.filter(|_| events > 0).map(|stamp| (stamp.mtime, stamp.inode));
        Ok(source_stamp((sums.events, sums.bytes, stamp, events, names)))
    }

    /// Computes the events of a day that the store has and the archive lacks.
    async fn update_day(&mut self, copies: Option<&Copies>, (day, camera): &DayKey) -> Result<(), FillError> {
        let known = self.view.catalog().stamp_of(camera, *day)?;
        let sums = copies.and_then(|copies| copies.index().cameras.get(camera)?.get(day).copied());
        // The index is written last: what was retired a moment ago may have its proof, and be in the manifest alone.
        let sums = sums.or_else(|| {
            self.is_proved(camera, *day).then_some(DaySums { events: 0, bytes: 0, saved: None, hours: None })
        });
        let Some((copies, sums)) = copies.zip(sums) else {
            if known.is_some() {
                self.view.apply(&[Change::DayGone(camera.clone(), *day)])?;
            }
            return Ok(());
        };
        let catalog = &self.handle.catalog;
        let key = (camera.clone(), *day);
        let source = self.source_of(&key, sums, catalog.stamp_of(camera, *day)?.unwrap_or_default())?;
        if known.is_some_and(|(stamp, _)| is_from(stamp, source)) {
            return Ok(());
        }
        let mut local = self.names_of(camera, *day)?;
        let mut events = Vec::new();
        if !self.is_all_local(&key, sums, &local) {
            if let Some(manifest) = copies.manifest(camera, *day).await? {
                local = self.names_of(camera, *day)?; // it may have taken long
                events = listed(&manifest.events, |name| local.contains(&name));
            } else if sums.events > 0 {
                let store = self.view.store();
                tracing::warn!(%store, "the events of {camera}/{day} are not listed: their manifest is missing");
            }
        }
        if !self.is_read() {
            return Err(FillError::NotRead);
        }
        let stamp = stamp_of_day(&events, source);
        Ok(self.view.set_day((&self.host, camera, *day), events, Some(stamp))?)
    }

    fn names_of(&self, camera: &Camera, day: Day) -> Result<BTreeSet<EventName>> {
        Ok(self.handle.catalog.names_of(camera, day)?.into_iter().collect())
    }

    /// Whether the proofs say that the store has something of a day.
    fn is_proved(&self, camera: &Camera, day: Day) -> bool {
        self.proofs.as_ref().is_some_and(|proofs| proofs.of_day(camera, day).names().len() > 0)
    }

    /// Whether it is known without the manifest that the archive has all that the store has of a day.
    fn is_all_local(&self, (camera, day): &(Camera, Day), sums: DaySums, local: &BTreeSet<EventName>) -> bool {
        let Some(proofs) = self.proofs.as_ref().filter(|_| local.len() as u64 >= sums.events) else {
            return sums.events == 0;
        };
        let proofs = proofs.of_day(camera, *day);
        proofs.names().len() as u64 >= sums.events && proofs.names().all(|name| local.contains(&name))
    }
}

/// Whether a day was computed from this.
fn is_from(stamp: Option<Stamp>, source: u64) -> bool {
    stamp.is_some_and(|stamp| stamp.inode == source)
}
