//! A bounded pool of threads for work that takes long: one job for each key, newest first, with retries and cancellation.
//! It knows nothing of media; the queue itself is in `queue`, what callers hold in `ticket`.

mod queue;
mod ticket;

use std::fmt::Debug;
use std::hash::Hash;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::ffmpeg::step_back;
use crate::{Error, Result};
use queue::{Queue, Task};
pub use ticket::{Job, JobState, Outcome, Ticket};

/// How soon a job is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Made ahead: no request waits for it.
    Background,
    /// A request waits for it.
    OnDemand,
}

/// How a pool works.
#[derive(Debug, Clone, Copy)]
pub struct JobsOptions {
    /// How many jobs run at once, at least one. By default half the processors.
    pub threads: usize,
    /// How many jobs wait, at most. 1,000 by default.
    pub queue: usize,
    /// How often a job that failed is tried again. Twice by default.
    pub retries: u32,
    /// How long after the first failure it is tried again; four times as long after each further one. 1 s by default.
    pub backoff: Duration,
    /// How long the error of a job is returned to new callers without trying again, except that a program is missing.
    /// Ten minutes by default.
    pub remember: Duration,
}

impl Default for JobsOptions {
    fn default() -> Self {
        Self {
            threads: (thread::available_parallelism().map_or(1, NonZero::get) / 2).max(1),
            queue: 1000,
            retries: 2,
            backoff: Duration::from_secs(1),
            remember: Duration::from_mins(10),
        }
    }
}

/// A pool of jobs that make a `T` for a key `K`. Its threads have the lowest priorities. Dropping it cancels all jobs and
/// waits for its threads; an `ffmpeg` that one of them runs is ended.
#[derive(Debug)]
pub struct Jobs<K: Debug, T: Debug> {
    queue: Arc<Queue<K, T>>,
    threads: Vec<JoinHandle<()>>,
}

impl<K, T> Jobs<K, T>
where
    K: Eq + Hash + Clone + Debug + Send + 'static,
    T: Debug + Send + Sync + 'static,
{
    /// Starts the threads.
    ///
    /// # Errors
    /// A thread cannot be started; those that were are stopped.
    pub fn start(options: JobsOptions) -> Result<Self> {
        let mut jobs = Self { queue: Arc::new(Queue::new(options)), threads: Vec::new() };
        for _ in 0..options.threads.max(1) {
            let queue = Arc::clone(&jobs.queue);
            let thread = thread::Builder::new().name("owlery-media".to_owned()).spawn(move || run(&queue));
            jobs.threads.push(thread.map_err(Error::io("start a thread"))?);
        }
        Ok(jobs)
    }

    /// Asks for the result of a key. If it is being made or waits, the caller shares that job, which comes first among
    /// those of its urgency; the higher urgency counts. If it failed a short while ago, the ticket has the error at
    /// once. Otherwise `work` is called on a thread of the pool, again if it fails with a temporary error.
    ///
    /// The result is not kept: `work` stores it.
    pub fn submit(&self, key: K, urgency: Urgency, work: impl FnMut(&Job) -> Result<T> + Send + 'static) -> Ticket<T> {
        self.queue.submit(key, urgency, Box::new(work))
    }

    /// The state of a key's job, or the error that is remembered; `None` if there is neither.
    pub fn state(&self, key: &K) -> Option<JobState<T>> {
        self.queue.state(key)
    }

    /// Cancels a key's job. Its tickets get [`Error::Cancelled`] at once, its [`Job::stop`] is set. Returns whether there
    /// was one.
    pub fn cancel(&self, key: &K) -> bool {
        self.queue.cancel(key)
    }

    /// Forgets the error of a key, so that it is tried again. Returns whether there was one.
    pub fn forget(&self, key: &K) -> bool {
        self.queue.forget(key)
    }

    /// How many jobs wait, and how many run.
    pub fn counts(&self) -> (usize, usize) {
        self.queue.counts()
    }
}

impl<K: Debug, T: Debug> Drop for Jobs<K, T> {
    fn drop(&mut self) {
        self.queue.stop();
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // panics of jobs were caught
        }
    }
}

/// The loop of a thread.
fn run<K: Eq + Hash + Clone + Debug, T: Debug>(queue: &Queue<K, T>) {
    step_back();
    while let Some(Task { key, id, mut work, job }) = queue.next() {
        let result = catch_unwind(AssertUnwindSafe(|| work(&job)));
        let result = result.unwrap_or_else(|panic| Err(Error::Panicked(text_of(panic.as_ref()))));
        queue.finish(key, id, work, result);
    }
}

/// The message of a panic.
fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}

#[cfg(test)]
mod tests;
