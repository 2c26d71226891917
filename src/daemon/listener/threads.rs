//! The threads that answer, each with a runtime of its own: a connection stays on the thread that it was given to, and no
//! thread wakes another for a request.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The threads that answer.
#[derive(Debug)]
pub(in crate::daemon) struct Threads {
    runtimes: Vec<Handle>,
    running: Vec<JoinHandle<()>>,
    /// Ends all of them when it is dropped.
    end: DropGuard,
}

impl Threads {
    /// One for each processor, two at most: Motion is to have some too, and what takes long has threads of its own. Work that is
    /// under way at the end may still take `last`.
    pub fn start(last: Duration) -> io::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, |processors| processors.get().clamp(1, 2));
        let end = CancellationToken::new();
        let mut started = Self { runtimes: Vec::new(), running: Vec::new(), end: end.clone().drop_guard() };
        for _ in 0..count {
            let runtime = Builder::new_current_thread().thread_name("owlery-disk").enable_all().build()?;
            started.runtimes.push(runtime.handle().clone());
            let end = end.clone();
            let answer = move || {
                runtime.block_on(end.cancelled());
                runtime.shutdown_timeout(last);
            };
            started.running.push(std::thread::Builder::new().name("owlery-http".to_owned()).spawn(answer)?);
        }
        Ok(started)
    }

    /// The one that takes the next connection: each in its turn.
    pub fn turns(&self) -> Turns {
        Turns { runtimes: self.runtimes.clone(), next: AtomicUsize::new(0) }
    }

    /// Ends them. Connections that are still there are cut off.
    pub fn stop(self) {
        drop(self.end);
        for thread in self.running {
            if thread.join().is_err() {
                tracing::error!("HTTP: a thread that answers had failed");
            }
        }
    }
}

/// Whose turn it is.
#[derive(Debug)]
pub(in crate::daemon) struct Turns {
    runtimes: Vec<Handle>,
    /// Counts connections. Written by whoever accepts.
    next: AtomicUsize,
}

impl Turns {
    /// All on the runtime that calls this.
    #[cfg(test)]
    pub fn here() -> Self {
        Self { runtimes: vec![Handle::current()], next: AtomicUsize::new(0) }
    }

    pub fn next(&self) -> &Handle {
        &self.runtimes[self.next.fetch_add(1, Ordering::Relaxed) % self.runtimes.len()]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn every_thread_has_its_turn_and_at_the_end_none_is_left() {
        let threads = Threads::start(Duration::ZERO).unwrap();
        let (turns, count) = (threads.turns(), threads.running.len());
        let ask = |_| turns.next().spawn(async { std::thread::current().id() });
        let answers: Vec<_> = (0..2 * count).map(ask).collect();
        let seen = Handle::block_on(turns.next(), futures_util::future::join_all(answers));
        let ids: BTreeSet<String> = seen.into_iter().map(|id| format!("{:?}", id.unwrap())).collect();
        assert_eq!(ids.len(), count, "as many connections for each");
        let (held, is_cut_off) = oneshot::channel::<()>();
        turns.next().spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        threads.stop();
        assert!(is_cut_off.blocking_recv().is_err(), "its connection is gone with it");
    }
}
