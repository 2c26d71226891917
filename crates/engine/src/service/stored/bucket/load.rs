//! Loads days: reads their manifests, several at a time, and puts their events into the view. A day that another query is loading is waited for,
//! not read twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, unbounded};
use futures_util::{StreamExt, stream};
use owlery_store::{Client, Error as StoreError, Manifest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::details::listed;
use super::super::queries::sums_of;
use super::super::stamp_of_day;
use super::days::Place;
use super::{AT_A_TIME, Bucket};
use crate::error::{Error, Result};
use crate::event::{Change, DayScan, Details, EventName, Loose};

/// How often a query that waits for others looks whether it is late.
const PERIOD: Duration = Duration::from_millis(100);

/// The events of a day.
type Events = Vec<(EventName, Details)>;

/// A day that was read, or why it could not be, and the permit for its memory.
type Read = (Place, Result<Events, StoreError>, OwnedSemaphorePermit);

/// Gives up the days that were not loaded.
struct Begun<'a> {
    bucket: &'a Bucket,
    left: Vec<Place>,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut known = self.bucket.known();
        self.left.iter().for_each(|place| known.days.give_up(place));
        drop(known);
        self.bucket.moved.notify_all();
    }
}

impl Bucket {
    /// Loads days until a moment; days that others are loading are theirs. Returns how many were loaded. If there is nothing else to do, waits
    /// for the others.
    pub(super) fn load(&self, batch: Vec<Place>, until: Instant) -> Result<usize> {
        let mut known = self.known();
        let batch: Vec<Place> = batch.into_iter().filter(|place| known.days.is_unloaded(place)).collect();
        if batch.is_empty() {
            let (known, _) = self.moved.wait_timeout(known, PERIOD).unwrap_or_else(std::sync::PoisonError::into_inner);
            drop(known);
            return Ok(0);
        }
        known.days.begin(&batch);
        drop(known);
        let mut begun = Begun { bucket: self, left: batch.clone() };
        let client = self.stores.get(None, self.store.as_str()).map_err(|error| self.failed(error))?;
        let (send, days) = unbounded();
        let task = self.requests.spawn(read_all(client, Arc::clone(&self.permits), batch, send));
        let (mut loaded, mut result) = (0, Ok(()));
        while result.is_ok() && !begun.left.is_empty() {
            result = match days.recv_deadline(until) {
                Ok(first) => {
                    let read: Vec<Read> = std::iter::once(first).chain(days.try_iter().take(AT_A_TIME)).collect();
                    self.take(read, &mut begun, &mut loaded)
                }
                Err(RecvTimeoutError::Timeout) => break,
                // The thread of the requests is gone.
                Err(RecvTimeoutError::Disconnected) => Err(Error::Stopped),
            };
        }
        task.abort();
        result.map(|()| loaded)
    }

    /// Puts days that were read into the view.
    fn take(&self, read: Vec<Read>, begun: &mut Begun<'_>, loaded: &mut usize) -> Result<()> {
        let (mut changes, mut done, mut failed) = (Vec::new(), Vec::new(), None);
        for (place, events, permit) in read {
            match events {
                Ok(events) => {
                    let sums = sums_of(&place.shown, place.day, events.iter().map(|(_, details)| details));
                    done.push((sums, place.clone(), permit));
                    changes.push(change_of(&place, events));
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Err(error) = self.view.apply(&changes) {
            self.settle();
            return Err(error);
        }
        let mut known = self.known();
        for (sums, place, _) in &done {
            known.days.loaded(place, sums);
            begun.left.retain(|left| left != place);
        }
        drop(known);
        *loaded += done.len();
        self.note_change(); // a day without events changes nothing in the view, and yet what pages lack
        self.moved.notify_all();
        match failed {
            None => {
                self.stores.note(&self.store, &Ok(()));
                Ok(())
            }
            Some(error) => Err(self.failed(error)),
        }
    }

    /// Notes that the store could not be used, and returns what the user is told.
    fn failed(&self, error: StoreError) -> Error {
        tracing::debug!(store = %self.store, "{error}");
        self.stores.note::<()>(&self.store, &Err(error));
        self.unavailable()
    }

    /// Gives all cameras their places in the view, in the order of their names: between two that are there already, the catalog has room for
    /// a few alone.
    pub(super) fn name_cameras(&self) -> Result<()> {
        let names = self.known().days.names();
        self.view.apply(&names.into_iter().map(Change::Camera).collect::<Vec<_>>())
    }

    /// Makes a view that was damaged again, and forgets what it has lost.
    pub(super) fn settle(&self) {
        match self.view.settle() {
            Ok(false) => {}
            Ok(true) => {
                self.known().days.unload_all();
                if let Err(error) = self.name_cameras() {
                    tracing::warn!(store = %self.store, "{}", error.chain());
                }
                self.note_change();
            }
            Err(error) => tracing::warn!(store = %self.store, "{}", error.chain()),
        }
    }
}

/// Reads the manifests of days, and sends the events of each. Ends at the first error, or when the receiver is gone.
async fn read_all(client: Client, permits: Arc<Semaphore>, batch: Vec<Place>, send: Sender<Read>) {
    let mut reads = stream::iter(batch)
        .map(|place| {
            let (client, permits) = (&client, Arc::clone(&permits));
            async move {
                let permit = permits.acquire_owned().await.ok()?;
                let events = read(client, &place).await;
                Some((place, events, permit))
            }
        })
        .buffer_unordered(AT_A_TIME);
    while let Some(Some(read)) = reads.next().await {
        let is_error = read.1.is_err();
        if send.send(read).is_err() || is_error {
            return;
        }
    }
}

/// The events of a day. One whose manifest is missing or damaged has none.
async fn read(client: &Client, place: &Place) -> Result<Events, StoreError> {
    let without = |why: &dyn std::fmt::Display| {
        let (store, shown, day) = (client.name(), &place.shown, place.day);
        tracing::warn!(%store, "the events of {shown}/{day} are not listed: {why}");
    };
    match Manifest::of_day(client, &place.host, &place.camera, place.day).await {
        Ok(Some(manifest)) => Ok(listed(&manifest.events, |_| false)),
        Ok(None) => {
            without(&"its manifest is missing");
            Ok(Vec::new())
        }
        Err(error @ (StoreError::Wrong { .. } | StoreError::NameTooLong { .. })) => {
            without(&error);
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn change_of(place: &Place, events: Events) -> Change {
    Change::Day(DayScan {
        camera: place.shown.clone(),
        day: place.day,
        stamp: Some(stamp_of_day(&events, place.version)),
        events,
        unread: Vec::new(),
        loose: Loose { files: 0, bytes: Some(0) },
        measured_at: None,
    })
}
