//! The runs of a router: one for each prefix under which clients reach it, usually one. The first client adds a run; its encoder
//! removes it when it ends.

#[cfg(test)]
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disconnect::Disconnect;
use super::run::{Run, Subscriber};
use crate::engine::Subscription;

/// The most runs.
const MAX_RUNS: usize = 8;

/// The runs of a router.
#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: Mutex<Vec<Arc<Run>>>,
    /// How often encoders have checked their clients.
    #[cfg(test)]
    pub checks: AtomicU64,
}

/// The limit of clients or runs is reached.
#[derive(Debug)]
pub(super) struct Full;

/// A new run, which needs an encoder, and the notifications to encode.
pub(super) struct NewRun {
    pub run: Arc<Run>,
    pub notifications: Subscription,
}

impl Runs {
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Arc<Run>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to the run of this prefix. If there is none, `make` makes one. `last` is the id of the last message that the
    /// client has.
    pub(super) fn subscribe(
        &self,
        prefix: &str,
        last: Option<&str>,
        disconnect: Option<Disconnect>,
        max_clients: usize,
        make: impl FnOnce() -> NewRun,
    ) -> Result<(Subscriber, Option<NewRun>), Full> {
        let mut runs = self.lock();
        if runs.iter().map(|run| run.subscribers()).sum::<usize>() >= max_clients {
            return Err(Full);
        }
        if let Some(run) = runs.iter().find(|run| run.prefix == prefix) {
            return Ok((run.subscribe(last, disconnect), None));
        }
        if runs.len() >= MAX_RUNS {
            // A client can send arbitrary prefixes: a run without subscribers makes room.
            let Some(idle) = runs.iter().position(|run| run.subscribers() == 0) else { return Err(Full) };
            runs.remove(idle).retire();
        }
        let new = make();
        let subscriber = new.run.subscribe(last, disconnect);
        runs.push(Arc::clone(&new.run));
        Ok((subscriber, Some(new)))
    }

    /// Removes a run that has ended.
    pub(super) fn remove(&self, run: &Arc<Run>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, run));
    }

    /// Removes a run without subscribers; returns whether it had none.
    pub(super) fn remove_idle(&self, run: &Arc<Run>) -> bool {
        let mut runs = self.lock();
        let is_idle = run.subscribers() == 0;
        runs.retain(|other| !(is_idle && Arc::ptr_eq(other, run)));
        is_idle
    }

    /// The number of clients.
    pub(super) fn clients(&self) -> usize {
        self.lock().iter().map(|run| run.subscribers()).sum()
    }
}
