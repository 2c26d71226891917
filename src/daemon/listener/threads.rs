//! The threads that serve connections, each with its own runtime. A connection stays on its thread, so no request wakes a
//! second thread.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The threads that serve connections.
#[derive(Debug)]
pub(in crate::daemon) struct Threads {
    runtimes: Vec<Handle>,
    running: Vec<JoinHandle<()>>,
    /// Stops all of them when it is dropped.
    end: DropGuard,
}

impl Threads {
    /// Starts one for each processor, at most two: Motion needs processors too, and long work has its own threads. At the stop,
    /// running blocking work gets `last`.
    pub(crate) fn start(last: Duration) -> io::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, |processors| processors.get().clamp(1, 2));
        let end = CancellationToken::new();
        let mut started = Self { runtimes: Vec::new(), running: Vec::new(), end: end.clone().drop_guard() };
        for _ in 0..count {
            let runtime = Builder::new_current_thread().thread_name("owlery-disk").enable_all().build()?;
            started.runtimes.push(runtime.handle().clone());
            let end = end.clone();
            let serve = move || {
                runtime.block_on(end.cancelled());
                runtime.shutdown_timeout(last);
            };
            started.running.push(std::thread::Builder::new().name("owlery-http".to_owned()).spawn(serve)?);
        }
        Ok(started)
    }

    /// Distributes connections over the threads.
    pub(crate) fn round_robin(&self) -> RoundRobin {
        RoundRobin { runtimes: self.runtimes.clone(), next: AtomicUsize::new(0) }
    }

    /// Stops them. Connections that are still open are cut off.
    pub(crate) fn stop(self) {
        drop(self.end);
        for thread in self.running {
            if thread.join().is_err() {
                tracing::error!("HTTP: a thread that serves connections panicked");
            }
        }
    }
}

/// Picks the runtime of each connection, one after the other.
#[derive(Debug)]
pub(in crate::daemon) struct RoundRobin {
    runtimes: Vec<Handle>,
    /// The number of connections so far.
    next: AtomicUsize,
}

impl RoundRobin {
    /// The current runtime alone.
    #[cfg(test)]
    pub(crate) fn on_current() -> Self {
        Self { runtimes: vec![Handle::current()], next: AtomicUsize::new(0) }
    }

    /// The runtime for the next connection.
    pub(crate) fn next(&self) -> &Handle {
        &self.runtimes[self.next.fetch_add(1, Ordering::Relaxed) % self.runtimes.len()]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn connections_are_spread_and_end_with_threads() {
        let threads = Threads::start(Duration::ZERO).unwrap();
        let (runtimes, count) = (threads.round_robin(), threads.running.len());
        let spawn = |_| runtimes.next().spawn(async { std::thread::current().id() });
        let tasks: Vec<_> = (0..2 * count).map(spawn).collect();
        let seen = Handle::block_on(runtimes.next(), futures_util::future::join_all(tasks));
        let ids: BTreeSet<String> = seen.into_iter().map(|id| format!("{:?}", id.unwrap())).collect();
        assert_eq!(ids.len(), count, "each thread has as many connections");
        let (held, is_cut_off) = oneshot::channel::<()>();
        runtimes.next().spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        threads.stop();
        assert!(is_cut_off.blocking_recv().is_err(), "the connection ended with its thread");
    }
}
