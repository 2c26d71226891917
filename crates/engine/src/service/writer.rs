//! The thread that applies changes to the catalog. A batch that cannot be written (a full disk) is kept and retried; a
//! damaged catalog is rebuilt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, select};

use super::change_sender::Message;
use super::handle::Handle;
use super::status::Component;
use crate::catalog::lacks_room;
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::event::Change;
use crate::watch::Seen;

/// The approximate number of events in one transaction.
const BATCH_EVENTS: usize = 4096;
/// How long changes are gathered for one transaction. Each transaction rewrites pages of the catalog, which changes share. The
/// delay is too short to be noticed, and a flush does not wait for it.
const GATHER: Duration = Duration::from_millis(20);
/// How long to wait before a batch is retried.
const RETRY: Duration = Duration::from_secs(1);

/// The receiving end of the channel of changes.
pub(super) struct CatalogWriter {
    shared: Arc<Handle>,
    messages: Receiver<Message>,
    /// Requests a walk over everything, after the catalog was rebuilt.
    again: Sender<()>,
    /// Whether to retry until it works; otherwise a flush fails.
    insists: Arc<AtomicBool>,
}

impl CatalogWriter {
    pub(super) fn new(
        shared: Arc<Handle>,
        messages: Receiver<Message>,
        again: Sender<()>,
        insists: Arc<AtomicBool>,
    ) -> Self {
        Self { shared, messages, again, insists }
    }

    /// Applies changes until stopped and nothing waits any more.
    pub(super) fn run(&self, stop: &Stop) -> Result<()> {
        loop {
            crate::fault::point("catalog");
            if self.shared.catalog.is_damaged() {
                self.rebuild();
            }
            if self.insists.load(Ordering::Acquire) && self.shared.catalog.take_emptied() {
                self.ask_for_a_walk(); // a pass needed the room
            }
            let first = select! {
                recv(self.messages) -> message => message.map_err(|_| RecvTimeoutError::Disconnected),
                recv(stop.receiver()) -> _ => self.messages.try_recv().map_err(|_| RecvTimeoutError::Disconnected),
                default(RETRY) => Err(RecvTimeoutError::Timeout),
            };
            match first {
                Ok(first) => self.batch(first, stop),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Takes what waits, applies it as one transaction, and notifies subscribers.
    fn batch(&self, first: Message, stop: &Stop) {
        let (mut changes, mut flushes, mut seen, mut size) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let until = Instant::now() + GATHER;
        let mut may_wait = true;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Change(change) => {
                    size += if let Change::Day(scan) = &change { 1 + scan.events.len() } else { 1 };
                    changes.push(change);
                }
                Message::Seen(timing) => {
                    size += 1;
                    seen.push(timing);
                }
                Message::Flush(done) => {
                    may_wait = false;
                    flushes.push(done);
                }
            }
            next = if size >= BATCH_EVENTS {
                None
            } else if may_wait {
                self.messages.recv_deadline(until).ok()
            } else {
                self.messages.try_recv().ok()
            };
        }
        if changes.is_empty() {
            seen.drain(..).for_each(|seen| self.measure(seen)); // the previous batch contained its changes
        }
        while !changes.is_empty() {
            let has_subscribers = self.shared.has_subscribers();
            self.shared.reviewed.counts.change(&changes);
            let applied = self.shared.catalog.apply(&changes, has_subscribers);
            self.shared.reviewed.counts.changed();
            match applied {
                Ok(applied) => {
                    self.shared.status.set(Component::Catalog, None);
                    self.shared.publish(applied, has_subscribers);
                    seen.drain(..).for_each(|seen| self.measure(seen));
                    break;
                }
                Err(error) => {
                    if lacks_room(&error) && self.leave_disk(&error) {
                        continue;
                    }
                    if self.shared.status.set(Component::Catalog, Some(&error.chain())) {
                        tracing::error!("{}; queries return older data until a retry succeeds", error.chain());
                    }
                    if self.rebuild() {
                        continue;
                    }
                    if !self.insists.load(Ordering::Acquire) {
                        return; // dropping `flushes` makes their callers fail
                    } else if stop.wait(RETRY) {
                        tracing::warn!("{} changes are not in the catalog; the next start finds them", changes.len());
                        break;
                    }
                }
            }
        }
        for done in flushes {
            let _ = done.send(()); // the caller may have given up
        }
    }

    /// Measures the time until a change can be queried, which is now.
    fn measure(&self, seen: Seen) {
        if let Some(noticed) = seen.noticed {
            self.shared.counters.noticed.observe(noticed.elapsed());
        }
        if let Some(changed) = seen.changed {
            let nanos = self.shared.now().nanos().saturating_sub(changed);
            // File times tick in milliseconds, so one may seem to lie in the future.
            self.shared.counters.changed.observe(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)));
        }
    }

    /// Continues with a catalog in a temporary folder; false if it is in one already, or none can be created.
    fn leave_disk(&self, why: &Error) -> bool {
        match self.shared.catalog.leave_disk() {
            Ok(true) => {
                tracing::warn!("{}; the catalog is rebuilt in a temporary folder until the next start", why.chain());
                if self.insists.load(Ordering::Acquire) && self.shared.catalog.take_emptied() {
                    self.ask_for_a_walk();
                }
                true
            }
            Ok(false) => false,
            Err(error) => {
                tracing::error!("{}", error.chain());
                false
            }
        }
    }

    /// Requests a walk over everything, since the catalog is empty.
    fn ask_for_a_walk(&self) {
        self.shared.status.set(Component::Preload, Some("the archive is being read again"));
        self.shared.expirer.audit.catch_up();
        let _ = self.again.try_send(()); // full means that it was already requested
    }

    /// Rebuilds a damaged catalog, if it is time to; true if it is empty now.
    fn rebuild(&self) -> bool {
        match self.shared.catalog.mend() {
            Ok(None) => false,
            Ok(Some(aside)) => {
                tracing::warn!("the catalog was damaged; it is set aside as {} and rebuilt", aside.display());
                self.shared.expirer.audit.catch_up();
                let _ = self.again.try_send(()); // full means that it was already requested
                true
            }
            Err(error) => {
                self.shared.status.set(Component::Catalog, Some(&error.chain()));
                tracing::error!("{}", error.chain());
                false
            }
        }
    }
}
