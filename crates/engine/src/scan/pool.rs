//! The threads that read the tree: a few while the disk responds from memory, many while they wait for it.
//!
//! A cold disk is bound by latency, so it needs many concurrent requests; a warm one is bound by the processors, and
//! more threads only compete. So the pool begins small and grows while reads are slow and the processors idle.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number of threads at the beginning, and the maximum.
const MIN_THREADS: usize = 4;
const MAX_THREADS: usize = 48;
/// By how much a reader's priority is lower than that of the rest of the process. With less, the catalog's writer falls
/// behind four readers on two cores, and they wait for it.
const NICE: i32 = 10;
/// How often the pool checks how slow reads are.
const CHECK_INTERVAL: Duration = Duration::from_millis(4);
/// A read that takes longer than this on average waits for the disk, or for a processor. In nanoseconds.
const SLOW_READ: u64 = 300_000;
/// If it uses less than this share of the processors, the process waits for the disk.
const IDLE_SHARE: f64 = 0.5;

/// Work, which may produce more work.
#[derive(Debug)]
pub(super) struct Pool<T> {
    queue: Mutex<Queue<T>>,
    changed: Condvar,
    /// Units of work read so far, and the nanoseconds that took, summed over all threads.
    units: AtomicU64,
    nanos: AtomicU64,
}

#[derive(Debug)]
struct Queue<T> {
    /// Taken from the front. Work that came from work is added at the front: what was begun is finished first.
    waiting: VecDeque<T>,
    /// Pieces that were taken and not finished: they may add more.
    under_way: usize,
}

impl<T: Send> Pool<T> {
    /// A pool with these pieces of work.
    pub(super) fn new(work: impl Iterator<Item = T>) -> Self {
        Self {
            queue: Mutex::new(Queue { waiting: work.collect(), under_way: 0 }),
            changed: Condvar::new(),
            units: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds work that came from the current piece.
    pub(super) fn add(&self, work: impl DoubleEndedIterator<Item = T>) {
        let mut queue = self.queue();
        for piece in work.rev() {
            queue.waiting.push_front(piece);
        }
        self.changed.notify_all();
    }

    /// Reads `units` units, and records how long that took.
    pub(super) fn timed<R>(&self, units: usize, read: impl FnOnce() -> R) -> R {
        let begun = Instant::now();
        let result = read();
        let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        self.units.fetch_add(units as u64, Ordering::Relaxed);
        result
    }

    /// Does all work, including added work, on threads named `name`. Returns when nothing is left.
    pub(super) fn run(&self, name: &str, work: impl Fn(T) + Sync) {
        std::thread::scope(|scope| {
            let worker = || {
                while let Some(piece) = self.take() {
                    let _done = Done(self);
                    work(piece);
                }
            };
            let spawn = |count: usize| {
                for _ in 0..count {
                    let thread = std::thread::Builder::new().name(name.to_owned());
                    let reader = move || {
                        // The catalog's writer has to write what all of these threads find, so it takes precedence, and
                        // so does Motion. The priority is that of this thread alone (nice(2) on Linux); if setting it
                        // fails, all are equal.
                        let _ = rustix::process::nice(NICE);
                        worker();
                    };
                    if let Err(error) = thread.spawn_scoped(scope, reader) {
                        tracing::warn!("cannot start another thread to read with: {error}");
                    }
                }
            };
            let mut threads = MIN_THREADS;
            spawn(threads - 1);
            let (mut units, mut nanos, mut busy) = (0, 0, Busy::new());
            while !self.wait_until_done(CHECK_INTERVAL) {
                let (units_now, nanos_now) = (self.units.load(Ordering::Relaxed), self.nanos.load(Ordering::Relaxed));
                let is_idle = busy.share() < IDLE_SHARE;
                let is_slow = match units_now - units {
                    0 => true,
                    done => (nanos_now - nanos) / done > SLOW_READ,
                };
                (units, nanos) = (units_now, nanos_now);
                if is_slow && is_idle && threads < MAX_THREADS {
                    let more = threads.min(MAX_THREADS - threads);
                    spawn(more);
                    threads += more;
                }
            }
            tracing::debug!("read with {threads} threads");
            worker(); // nothing is left, or no thread could be started
        });
    }

    fn take(&self) -> Option<T> {
        let mut queue = self.queue();
        loop {
            if let Some(piece) = queue.waiting.pop_front() {
                queue.under_way += 1;
                return Some(piece);
            }
            if queue.under_way == 0 {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn wait_until_done(&self, time: Duration) -> bool {
        let queue = self.queue();
        let is_done = |queue: &Queue<T>| queue.waiting.is_empty() && queue.under_way == 0;
        if is_done(&queue) {
            return true;
        }
        let (queue, _) = self.changed.wait_timeout(queue, time).unwrap_or_else(PoisonError::into_inner);
        is_done(&queue)
    }
}

/// How busy this process keeps the processors.
struct Busy {
    cores: f64,
    checked: Instant,
    used: Duration,
}

impl Busy {
    fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let cores = f64::from(cores);
        Self { cores, checked: Instant::now(), used: used_so_far() }
    }

    /// The share of all processors' time that was used since the last call.
    fn share(&mut self) -> f64 {
        let (now, used) = (Instant::now(), used_so_far());
        let elapsed = now.duration_since(self.checked).as_secs_f64() * self.cores;
        let share = used.saturating_sub(self.used).as_secs_f64() / elapsed.max(1e-9);
        (self.checked, self.used) = (now, used);
        share
    }
}

/// The processor time that this process has used.
fn used_so_far() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Marks a piece as finished when dropped, also when its work panics, so that the other threads end and the panic is
/// reported.
struct Done<'a, T: Send>(&'a Pool<T>);

impl<T: Send> Drop for Done<'_, T> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.under_way -= 1;
        if queue.under_way == 0 && queue.waiting.is_empty() {
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_work_and_added_work_is_done() {
        let pool = Pool::new(0..10u64);
        let sum = AtomicU64::new(0);
        pool.run("test", |piece| {
            pool.timed(1, || sum.fetch_add(piece, Ordering::Relaxed));
            if piece < 10 {
                pool.add((0..3).map(|_| 100));
            }
        });
        assert_eq!(sum.into_inner(), 45 + 10 * 3 * 100);
        Pool::new(std::iter::empty::<u8>()).run("test", |_| unreachable!());
    }
}
