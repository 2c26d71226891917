//! Named, supervised threads. A panic or an error is reported at once, and every thread is joined.

use std::any::Any;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::error::{Error, Result};

/// The threads of a service.
#[derive(Debug)]
pub(super) struct Workers {
    kept: Vec<Worker>,
    failed: Sender<Error>,
    failures: Receiver<Error>,
}

/// One thread.
#[derive(Debug)]
pub(super) struct Worker {
    name: String,
    handle: JoinHandle<Result<()>>,
}

/// Reports a panic of its thread when dropped.
struct Alarm {
    name: String,
    failed: Sender<Error>,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let message = "it panicked".to_owned();
            let _ = self.failed.try_send(Error::Worker { worker: self.name.clone(), message });
        }
    }
}

/// The error that a panic becomes.
pub(super) fn panicked(name: &str, panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned());
    Error::Worker { worker: name.to_owned(), message }
}

impl Workers {
    pub(super) fn new() -> Self {
        let (failed, failures) = bounded(16); // more than there are workers
        Self { kept: Vec::new(), failed, failures }
    }

    /// Starts a thread.
    pub(super) fn spawn(&self, name: &str, work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<Worker> {
        let alarm = Alarm { name: name.to_owned(), failed: self.failed.clone() };
        let handle = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // A worker that was stopped, or whose neighbour is gone, has not failed: the neighbour reports why.
            let result = match work() {
                Err(Error::Stopped) => Ok(()),
                other => other,
            };
            if let Err(error) = &result {
                let message = error.chain();
                let _ = alarm.failed.try_send(Error::Worker { worker: alarm.name.clone(), message });
            }
            result
        });
        let handle = handle.map_err(|e| Error::io("start the thread", name, e))?;
        Ok(Worker { name: name.to_owned(), handle })
    }

    /// Keeps a thread, to join it with the others.
    pub(super) fn keep(&mut self, worker: Worker) {
        self.kept.push(worker);
    }

    /// Receives failures.
    pub(super) fn failures(&self) -> &Receiver<Error> {
        &self.failures
    }

    /// Waits for every kept thread; returns the first failure.
    pub(super) fn join_all(&mut self) -> Result<()> {
        let mut result = Ok(());
        for worker in self.kept.drain(..) {
            result = result.and(worker.join());
        }
        result
    }
}

impl Worker {
    /// Waits for the thread.
    pub(super) fn join(self) -> Result<()> {
        self.handle.join().map_err(|panic| panicked(&self.name, &*panic))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_reported_and_fails_the_join() {
        let mut workers = Workers::new();
        let worker = workers.spawn("test", || panic!("on purpose")).unwrap();
        workers.keep(worker);
        let failure = workers.failures().recv().unwrap();
        assert!(failure.to_string().contains("\"test\""), "{failure}");
        let joined = workers.join_all().unwrap_err();
        assert!(joined.to_string().contains("on purpose"), "{joined}");
    }
}
