//! What callers hold of a job, and what its work gets.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use owlery_model::clock::Stop;

use crate::Error;

/// The result of a job, shared between its callers.
pub type Outcome<T> = Result<Arc<T>, Arc<Error>>;

/// Called with the result of a job.
type Notify<T> = Box<dyn FnOnce(Outcome<T>) + Send>;

/// The state of a job.
#[derive(Debug)]
pub enum JobState<T> {
    /// It waits, perhaps to be tried again.
    Queued,
    /// It runs; this part of it is done, from 0 to 1.
    Running(f32),
    /// It has ended.
    Ended(Outcome<T>),
}

/// What the work of a job gets.
#[derive(Debug)]
pub struct Job {
    pub(super) stop: Stop,
    pub(super) progress: Arc<Progress>,
}

impl Job {
    /// Set when the job is cancelled.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Sets the part that is done, from 0 to 1.
    pub fn report(&self, part: f32) {
        self.progress.set(part);
    }
}

/// Whether a job runs, and the part that is done.
#[derive(Debug)]
pub(super) struct Progress(AtomicU32);

/// No bits of a number from 0 to 1.
const QUEUED: u32 = u32::MAX;

impl Progress {
    pub(super) fn queued(&self) {
        self.0.store(QUEUED, Ordering::Relaxed);
    }

    pub(super) fn set(&self, part: f32) {
        let part = if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) };
        self.0.store(part.to_bits(), Ordering::Relaxed);
    }
}

/// Where the result of a job goes.
pub(super) struct Slot<T> {
    pub(super) progress: Arc<Progress>,
    result: Mutex<Waiters<T>>,
    ended: Condvar,
}

struct Waiters<T> {
    outcome: Option<Outcome<T>>,
    notify: Vec<Notify<T>>,
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl<T> Slot<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            progress: Arc::new(Progress(AtomicU32::new(QUEUED))),
            result: Mutex::new(Waiters { outcome: None, notify: Vec::new() }),
            ended: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiters<T>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the result, once, and calls those that wait. Hold no lock.
    pub(super) fn end(&self, outcome: &Outcome<T>) {
        let mut waiters = self.lock();
        if waiters.outcome.is_some() {
            return;
        }
        waiters.outcome = Some(outcome.clone());
        let notify = std::mem::take(&mut waiters.notify);
        drop(waiters);
        self.ended.notify_all();
        for notify in notify {
            notify(outcome.clone());
        }
    }

    pub(super) fn state(&self) -> JobState<T> {
        if let Some(outcome) = &self.lock().outcome {
            return JobState::Ended(outcome.clone());
        }
        match self.progress.0.load(Ordering::Relaxed) {
            QUEUED => JobState::Queued,
            bits => JobState::Running(f32::from_bits(bits)),
        }
    }
}

/// A share in a job. Dropping it does not cancel the job.
#[derive(Debug, Clone)]
pub struct Ticket<T>(pub(super) Arc<Slot<T>>);

impl<T> Ticket<T> {
    /// The state of the job.
    pub fn state(&self) -> JobState<T> {
        self.0.state()
    }

    /// Waits for the result, at most for `time`.
    pub fn wait(&self, time: Duration) -> Option<Outcome<T>> {
        let end = Instant::now() + time;
        let mut waiters = self.0.lock();
        while waiters.outcome.is_none() {
            let rest = end.checked_duration_since(Instant::now())?;
            waiters = self.0.ended.wait_timeout(waiters, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        waiters.outcome.clone()
    }

    /// Calls `notify` with the result: on the thread that ends the job, or at once if it has ended. It must not block.
    pub fn on_end(&self, notify: impl FnOnce(Outcome<T>) + Send + 'static) {
        let mut waiters = self.0.lock();
        match waiters.outcome.clone() {
            Some(outcome) => {
                drop(waiters);
                notify(outcome);
            }
            None => waiters.notify.push(Box::new(notify)),
        }
    }
}
