//! Evidence first: sends the strongest frame so far of each event that is being recorded, so that a picture is off the host before a thief
//! can take it. It has a thread of its own and waits neither for other copies nor for the window.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use owlery_store::{Error as StoreError, Evidence, Host, HostName, Result as StoreResult, Source, StoreOptions};

use super::super::event_source::EventSource;
use super::super::handle::Handle;
use super::super::notifications::{Notification, Subscription};
use super::{LAST_WORDS, stopped_for};
use crate::catalog::Query;
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::frames::{Format, Frame};
use crate::event::{Event, EventId, State};

/// How long after a frame of an event was sent a stronger one is.
const BETWEEN: Duration = Duration::from_secs(3);
/// How often events are looked at of which a frame could not be sent, or was too early.
const AGAIN: Duration = Duration::from_secs(1);
/// The largest frame that is sent, in bytes.
const LARGEST: u64 = 32 << 20;
/// How a whole JPEG file ends.
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
/// How many of the newest events are looked at for those that are open.
const NEWEST: usize = 200;
/// How many events may be open at a time, as far as evidence is concerned.
const MOST_OPEN: usize = 1000;

/// Sends frames to one store. Used by its own thread only.
pub(in crate::service) struct EvidenceSender {
    handle: Arc<Handle>,
    options: StoreOptions,
    host: HostName,
    archive: String,
    open: BTreeMap<EventId, Seen>,
}

/// What is known of the frames of an open event.
#[derive(Debug, Default)]
struct Seen {
    names: BTreeSet<String>,
    /// The strongest frame so far, and how many pixels changed in it.
    best: Option<(String, Option<u32>)>,
    /// The frame that was sent last, and when.
    sent: Option<(String, Instant)>,
}

impl Seen {
    /// Looks at the frames that are new.
    fn look(&mut self, source: &EventSource) {
        for name in source.frames().filter(|name| !self.names.contains(*name)).map(str::to_owned).collect::<Vec<_>>() {
            let change = source.change(&name);
            if self.best.as_ref().is_none_or(|(_, best)| change > *best) {
                self.best = Some((name.clone(), change));
            }
            self.names.insert(name);
        }
    }

    /// The frame to send now.
    fn due(&self, now: Instant) -> Option<&str> {
        let (best, _) = self.best.as_ref()?;
        let is_due = |(sent, at): &(String, Instant)| sent != best && now.saturating_duration_since(*at) >= BETWEEN;
        self.sent.as_ref().is_none_or(is_due).then_some(best.as_str())
    }

    /// Whether the strongest frame is still to be sent.
    fn is_waiting(&self) -> bool {
        self.best.as_ref().map(|(best, _)| best) != self.sent.as_ref().map(|(sent, _)| sent)
    }
}

impl EvidenceSender {
    pub(super) fn new(handle: &Arc<Handle>, options: StoreOptions, archive: &str) -> Result<Self> {
        let host = options.host_name().map_err(|error| Error::Config(error.to_string()))?;
        Ok(Self { handle: Arc::clone(handle), options, host, archive: archive.to_owned(), open: BTreeMap::new() })
    }

    /// Runs until stopped.
    pub(super) fn run(mut self, stop: &Stop) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Error::io("start the runtime of", "the frames to a store", e))?;
        runtime.block_on(async {
            let work = pin!(self.work());
            tokio::select! {
                () = work => {}
                () = stopped_for(stop, LAST_WORDS) => {}
            }
        });
        runtime.shutdown_background();
        Ok(())
    }

    async fn work(&mut self) {
        let mut news = self.handle.subscribe();
        self.find_open();
        loop {
            self.send_all().await;
            if !self.wait(&mut news).await {
                return;
            }
        }
    }

    /// Waits for news, or until a frame is to be sent; false if the service ends.
    async fn wait(&mut self, news: &mut Subscription) -> bool {
        let wait = if self.open.values().any(Seen::is_waiting) { AGAIN } else { Duration::from_hours(1) };
        let notice = tokio::time::timeout(wait, news.next()).await;
        match notice {
            Err(_) => return true,
            Ok(None) => return false,
            Ok(Some(Notification::Added(event) | Notification::Changed(event))) => self.note(&event),
            Ok(Some(Notification::Removed(id))) => _ = self.open.remove(&id),
            Ok(Some(Notification::Reset)) => self.find_open(),
            Ok(Some(Notification::Pass(_) | Notification::Restored(_))) => {}
        }
        true
    }

    fn note(&mut self, event: &Event) {
        if event.details.state != State::Open {
            self.open.remove(&event.id);
        } else if self.open.len() < MOST_OPEN || self.open.contains_key(&event.id) {
            let seen = self.open.entry(event.id.clone()).or_default();
            match self.handle.event_files(&event.id) {
                Ok(files) => seen.look(&EventSource::from(files)),
                Err(error) => tracing::debug!("{}", error.chain()),
            }
        }
    }

    /// Finds the events that are being recorded, among the newest.
    fn find_open(&mut self) {
        let events = self.handle.events(&Query::new().limit(NEWEST));
        match events {
            Ok(page) => page.events.iter().for_each(|event| self.note(event)),
            Err(error) => tracing::debug!("{}", error.chain()),
        }
    }

    /// Sends the frames that are due. One that fails is tried again a second later.
    async fn send_all(&mut self) {
        let now = Instant::now();
        let due = |(id, seen): (&EventId, &Seen)| Some((id.clone(), seen.due(now)?.to_owned()));
        let due: Vec<(EventId, String)> = self.open.iter().filter_map(due).collect();
        if due.is_empty() {
            return;
        }
        let evidence = match self.open_store().await {
            Ok(Some(evidence)) => evidence.encrypting(self.options.encrypt.clone()),
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(store = %self.options.name, "{error}");
                self.handle.stores().note::<()>(&self.options.name, &Err(error));
                return;
            }
        };
        for (id, name) in due {
            let Some(frame) = self.read(&id, &name) else { continue };
            match evidence.send(&id, &name, frame).await {
                Ok(()) => {
                    self.handle.stores().note(&self.options.name, &Ok(()));
                    if let Some(seen) = self.open.get_mut(&id) {
                        seen.sent = Some((name, Instant::now()));
                    }
                }
                Err(error) => {
                    tracing::debug!(store = %self.options.name, event = %id, "{error}");
                    self.handle.stores().note::<()>(&self.options.name, &Err(error));
                    return;
                }
            }
        }
    }

    /// The place in the store; claims it for this archive if no archive has it. `None` while another process does so.
    async fn open_store(&self) -> StoreResult<Option<Evidence>> {
        let stores = self.handle.stores();
        let client = stores.get(None, self.options.name.as_str())?;
        if let Some(evidence) = Evidence::open(client.clone(), &self.host, &self.archive).await? {
            return Ok(Some(evidence));
        }
        let _lock = match stores.lock(&self.options) {
            Err(StoreError::Busy(_)) => return Ok(None),
            other => other?,
        };
        Host::open(client.clone(), &self.host, &self.archive).await?;
        Evidence::open(client, &self.host, &self.archive).await
    }

    /// A frame, once it is whole: Motion may still be writing it.
    fn read(&self, id: &EventId, name: &str) -> Option<Vec<u8>> {
        let source = EventSource::from(self.handle.event_files(id).ok()?);
        let mut frame = Vec::new();
        let read = source.open(name).and_then(|file| {
            use std::io::Read;
            file.take(LARGEST).read_to_end(&mut frame)
        });
        read.ok()?;
        let is_jpg = Frame::parse(name.as_bytes()).is_some_and(|frame| frame.format == Format::Jpg);
        let is_whole = !is_jpg || frame.ends_with(&END_OF_IMAGE);
        (is_whole && !frame.is_empty()).then_some(frame)
    }
}
