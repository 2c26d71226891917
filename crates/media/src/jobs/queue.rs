//! The jobs of a pool: which is next, which share a key, which failed.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use owlery_model::clock::{Stop, StopHandle};

use super::ticket::Slot;
use super::{Job, JobState, JobsOptions, Outcome, Ticket, Urgency};
use crate::{Error, Result};

/// How many errors are remembered.
const MAX_ERRORS: usize = 1000;

/// By how much the time before the next attempt grows.
const GROWTH: u32 = 4;

/// What a job does.
pub(super) type Work<T> = Box<dyn FnMut(&Job) -> Result<T> + Send>;

/// A job to be done now.
pub(super) struct Task<K, T> {
    pub key: K,
    pub id: u64,
    pub work: Work<T>,
    pub job: Job,
}

/// A job that waits or runs.
struct Entry<T> {
    /// Tells it from an earlier job of the same key.
    id: u64,
    urgency: Urgency,
    /// Grows with every request: the newest comes first.
    rank: u64,
    /// `None` while it runs.
    work: Option<Work<T>>,
    failures: u32,
    /// It is not tried again before.
    not_before: Option<Instant>,
    slot: Arc<Slot<T>>,
    stop: Stop,
    /// Dropping it sets `stop`.
    _handle: StopHandle,
}

struct State<K, T> {
    jobs: HashMap<K, Entry<T>>,
    errors: HashMap<K, (Instant, Arc<Error>)>,
    requests: u64,
    is_stopped: bool,
}

pub(super) struct Queue<K, T> {
    options: JobsOptions,
    state: Mutex<State<K, T>>,
    wake: Condvar,
}

impl<K, T> Debug for Queue<K, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("options", &self.options).finish_non_exhaustive()
    }
}

impl<K, T> Queue<K, T> {
    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels all jobs; no thread gets another.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.is_stopped = true;
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        self.wake.notify_all();
        let cancelled = Err(Arc::new(Error::Cancelled));
        for entry in jobs.into_values() {
            let slot = Arc::clone(&entry.slot);
            drop(entry);
            slot.end(&cancelled);
        }
    }
}

impl<K: Eq + Hash + Clone, T> Queue<K, T> {
    pub(super) fn new(options: JobsOptions) -> Self {
        let state = State { jobs: HashMap::new(), errors: HashMap::new(), requests: 0, is_stopped: false };
        Self { options, state: Mutex::new(state), wake: Condvar::new() }
    }

    pub(super) fn submit(&self, key: K, urgency: Urgency, work: Work<T>) -> Ticket<T> {
        let mut state = self.lock();
        state.requests += 1;
        let rank = state.requests;
        if let Some(entry) = state.jobs.get_mut(&key) {
            entry.urgency = entry.urgency.max(urgency);
            entry.rank = rank;
            return Ticket(Arc::clone(&entry.slot));
        }
        let slot = Slot::new();
        let refusal = if state.is_stopped { Some(Arc::new(Error::Cancelled)) } else { state.error(&key) };
        let (refusal, displaced) = match refusal {
            Some(error) => (Some(error), None),
            None => match state.make_room(self.options.queue, urgency) {
                Ok(displaced) => (None, displaced),
                Err(error) => (Some(Arc::new(error)), None),
            },
        };
        if refusal.is_none() {
            let (handle, stop) = Stop::new();
            let (slot, work) = (Arc::clone(&slot), Some(work));
            let entry =
                Entry { id: rank, urgency, rank, work, failures: 0, not_before: None, slot, stop, _handle: handle };
            state.jobs.insert(key, entry);
        }
        drop(state);
        self.wake.notify_one();
        if let Some(error) = refusal {
            slot.end(&Err(error));
        }
        if let Some(displaced) = displaced {
            displaced.end(&Err(Arc::new(Error::Busy)));
        }
        Ticket(slot)
    }

    /// The next job for a thread; waits for one. `None` when the pool stops.
    pub(super) fn next(&self) -> Option<Task<K, T>> {
        let mut state = self.lock();
        loop {
            if state.is_stopped {
                return None;
            }
            let now = Instant::now();
            let ready = state.jobs.iter_mut().filter(|(_, entry)| entry.is_ready(now));
            if let Some((key, entry)) = ready.max_by_key(|(_, entry)| (entry.urgency, entry.rank))
                && let Some(work) = entry.work.take()
            {
                entry.slot.progress.set(0.0);
                let job = Job { stop: entry.stop.clone(), progress: Arc::clone(&entry.slot.progress) };
                return Some(Task { key: key.clone(), id: entry.id, work, job });
            }
            let soonest = state.jobs.values().filter(|entry| entry.work.is_some()).filter_map(|entry| entry.not_before);
            let rest = soonest.min().map_or(Duration::MAX, |soonest| soonest.saturating_duration_since(now));
            state = if rest == Duration::MAX {
                self.wake.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.wake.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }

    /// Takes the result of a job. The work is put back if it is to be tried again.
    pub(super) fn finish(&self, key: K, id: u64, work: Work<T>, result: Result<T>) {
        let mut state = self.lock();
        let Some(entry) = state.jobs.get_mut(&key).filter(|entry| entry.id == id) else {
            return; // it was cancelled: its callers know
        };
        let outcome: Outcome<T> = match result {
            Ok(made) => Ok(Arc::new(made)),
            Err(error) if error.is_temporary() && entry.failures < self.options.retries => {
                let wait = self.options.backoff.saturating_mul(GROWTH.saturating_pow(entry.failures));
                tracing::debug!("a job failed and is tried again in {wait:?}: {error}");
                entry.failures += 1;
                entry.not_before = Some(Instant::now() + wait);
                entry.work = Some(work);
                entry.slot.progress.queued();
                drop(state);
                self.wake.notify_one(); // a thread that waits without a limit takes this one
                return;
            }
            Err(error) => Err(Arc::new(error)),
        };
        let slot = state.jobs.remove(&key).map(|entry| entry.slot);
        // A missing program is noticed at once, and may be installed at any moment.
        if let Err(error) = &outcome
            && !matches!(**error, Error::Cancelled | Error::Missing { .. })
        {
            state.remember(key, Instant::now() + self.options.remember, Arc::clone(error));
        }
        drop(state);
        if let Some(slot) = slot {
            slot.end(&outcome);
        }
    }

    pub(super) fn state(&self, key: &K) -> Option<JobState<T>> {
        let mut state = self.lock();
        if let Some(entry) = state.jobs.get(key) {
            return Some(entry.slot.state());
        }
        state.error(key).map(|error| JobState::Ended(Err(error)))
    }

    pub(super) fn cancel(&self, key: &K) -> bool {
        let Some(entry) = self.lock().jobs.remove(key) else { return false };
        let slot = Arc::clone(&entry.slot);
        drop(entry);
        slot.end(&Err(Arc::new(Error::Cancelled)));
        true
    }

    pub(super) fn forget(&self, key: &K) -> bool {
        self.lock().errors.remove(key).is_some()
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        let waiting = state.waiting();
        (waiting, state.jobs.len() - waiting)
    }
}

impl<T> Entry<T> {
    fn is_ready(&self, now: Instant) -> bool {
        self.work.is_some() && self.not_before.is_none_or(|time| time <= now)
    }
}

impl<K: Eq + Hash + Clone, T> State<K, T> {
    fn waiting(&self) -> usize {
        self.jobs.values().filter(|entry| entry.work.is_some()).count()
    }

    /// Makes room for a job of this urgency: the oldest background job gives way to one on demand.
    fn make_room(&mut self, most: usize, urgency: Urgency) -> Result<Option<Arc<Slot<T>>>> {
        if self.waiting() < most {
            return Ok(None);
        }
        let mut waiting = self.jobs.iter().filter(|(_, entry)| entry.work.is_some() && entry.urgency < urgency);
        let Some(first) = waiting.next() else { return Err(Error::Busy) };
        let (key, _) = waiting.fold(first, |oldest, other| if other.1.rank < oldest.1.rank { other } else { oldest });
        let key = key.clone();
        Ok(self.jobs.remove(&key).map(|entry| entry.slot))
    }

    /// The error of a key, while it is remembered.
    fn error(&mut self, key: &K) -> Option<Arc<Error>> {
        let (until, error) = self.errors.get(key)?;
        if *until > Instant::now() {
            return Some(Arc::clone(error));
        }
        self.errors.remove(key);
        None
    }

    fn remember(&mut self, key: K, until: Instant, error: Arc<Error>) {
        if self.errors.len() >= MAX_ERRORS {
            let now = Instant::now();
            self.errors.retain(|_, (until, _)| *until > now);
        }
        if self.errors.len() < MAX_ERRORS {
            self.errors.insert(key, (until, error));
        }
    }
}
