//! The events that are being finished, and the signal that there may be one to finish. What finishing does is up to
//! `service::finisher`.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::event::EventId;

/// What is being finished. Neither a rule nor a user retires it.
#[derive(Debug)]
pub(crate) struct Finishing {
    /// Written by the finisher; read before an event is moved.
    running: Arc<Mutex<HashSet<EventId>>>,
    wake: (Sender<()>, Receiver<()>),
}

impl Default for Finishing {
    fn default() -> Self {
        Self { running: Arc::default(), wake: bounded(1) }
    }
}

/// An event is being finished until this is dropped.
#[derive(Debug)]
pub(crate) struct BeingFinished {
    running: Arc<Mutex<HashSet<EventId>>>,
    id: EventId,
}

fn lock(running: &Mutex<HashSet<EventId>>) -> MutexGuard<'_, HashSet<EventId>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Finishing {
    /// Marks an event. The caller holds the lock of its day, so that nothing moves the event at this moment.
    #[cfg_attr(not(feature = "media"), expect(dead_code, reason = "only events of a service with media are finished"))]
    pub(crate) fn begin(&self, id: &EventId) -> BeingFinished {
        lock(&self.running).insert(id.clone());
        BeingFinished { running: Arc::clone(&self.running), id: id.clone() }
    }

    /// Whether an event is being finished.
    pub(super) fn is_running(&self, id: &EventId) -> bool {
        lock(&self.running).contains(id)
    }

    /// Says that there may be an event to finish.
    pub(super) fn wake(&self) {
        let _ = self.wake.0.try_send(()); // full means that it was said already
    }

    /// Receives something when there may be an event to finish.
    #[cfg_attr(not(feature = "media"), expect(dead_code, reason = "only events of a service with media are finished"))]
    pub(crate) fn woken(&self) -> &Receiver<()> {
        &self.wake.1
    }
}

impl Drop for BeingFinished {
    fn drop(&mut self) {
        lock(&self.running).remove(&self.id);
    }
}
