//! The pace of the reaper: entries per second, hours of the day, and hurry. It removes nothing.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::select;

use crate::archive::RateLimiter;
use crate::clock::{Clock, Stop, StopHandle};
use crate::window::Window;

/// After a delay (the disk or a processor was busy) at most this much time is made up for.
const MAX_BACKLOG: Duration = Duration::from_millis(200);
/// An entry that is due within this time is removed at once: at a high rate, waiting would mean a wake-up for every
/// entry.
const MIN_SLEEP: Duration = Duration::from_millis(5);
/// How often the wall clock is read outside the window, since it can be set.
const CLOCK_INTERVAL: Duration = Duration::from_secs(1);

/// The reaper's pace, shared with threads that may make it hurry.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Entries per second; `None`: no limit.
    rate: Option<NonZeroU32>,
    /// The hours of the day; `None`: always.
    window: Option<Window>,
    clock: Arc<dyn Clock>,
    /// Written by `hurry`, read before every entry.
    hurries: AtomicBool,
    /// Wakes waiting threads: `hurry(true)` drops the handle, `hurry(false)` creates a new pair.
    signal: Mutex<(Option<StopHandle>, Stop)>,
    /// When the next entry may be removed, if one was removed before; read and advanced by every removing thread.
    due: Mutex<Option<Instant>>,
}

impl Pace {
    /// A pace of this many entries per second (`None`: no limit), in these hours of `clock` (`None`: always).
    pub(crate) fn new(rate: Option<NonZeroU32>, window: Option<Window>, clock: Arc<dyn Clock>) -> Self {
        let (handle, stop) = Stop::new();
        Self {
            rate,
            window,
            clock,
            hurries: AtomicBool::new(false),
            signal: Mutex::new((Some(handle), stop)),
            due: Mutex::new(None),
        }
    }

    /// The same rate at all hours: for a user who waits for it.
    #[must_use]
    pub(crate) fn at_all_hours(&self) -> Self {
        Self::new(self.rate, None, Arc::clone(&self.clock))
    }

    /// Sets whether to ignore rate and window; setting it wakes a waiting reaper. Must be called when it is known
    /// whether space is short; idempotent.
    pub(crate) fn hurry(&self, now: bool) {
        let mut signal = lock(&self.signal);
        if self.hurries.swap(now, Ordering::AcqRel) == now {
            return;
        }
        if now {
            drop(signal.0.take());
        } else {
            let (handle, stop) = Stop::new();
            *signal = (Some(handle), stop);
        }
    }

    /// Whether to hurry.
    pub(crate) fn hurries(&self) -> bool {
        self.hurries.load(Ordering::Acquire)
    }

    /// Whether work may be done at this moment.
    pub(crate) fn is_open(&self) -> bool {
        self.window.is_none_or(|window| self.hurries() || window.is_open(self.clock.now().local))
    }

    /// Waits until work may be done; false when stopped.
    pub(crate) fn wait_open(&self, stop: &Stop) -> bool {
        if let Some(window) = self.window.filter(|_| !self.is_open()) {
            tracing::info!("the delete queue waits for the window {window}");
        }
        while let Some(window) = self.window.filter(|_| !self.is_open()) {
            if self.wait(window.until_open(self.clock.now().local).clamp(MIN_SLEEP, CLOCK_INTERVAL), stop) {
                return false;
            }
        }
        !stop.is_set()
    }

    /// A rate limiter for threads that stop with `stop`.
    pub(crate) fn turns<'a>(&'a self, stop: &'a Stop) -> impl RateLimiter + 'a {
        PacedTurns { pace: self, stop }
    }

    /// Waits for `time`, less in a hurry; true when stopped.
    fn wait(&self, time: Duration, stop: &Stop) -> bool {
        let hurry = lock(&self.signal).1.clone();
        select! {
            recv(stop.receiver()) -> _ => true,
            recv(hurry.receiver()) -> _ => stop.is_set(),
            default(time) => false,
        }
    }

    /// How long the next entry has to wait; counts it as removed.
    fn take_turn(&self, rate: NonZeroU32) -> Duration {
        let now = Instant::now();
        let mut due = lock(&self.due);
        let mine = due.map_or(now, |due| now.checked_sub(MAX_BACKLOG).map_or(due, |late| due.max(late)));
        *due = Some(mine + Duration::from_secs(1) / rate.get());
        mine.saturating_duration_since(now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct PacedTurns<'a> {
    pace: &'a Pace,
    stop: &'a Stop,
}

impl RateLimiter for PacedTurns<'_> {
    fn next(&self) -> bool {
        if let Some(rate) = self.pace.rate.filter(|_| !self.pace.hurries()) {
            let wait = self.pace.take_turn(rate);
            if wait > MIN_SLEEP && self.pace.wait(wait, self.stop) {
                return false;
            }
        }
        self.may_go_on()
    }

    fn may_go_on(&self) -> bool {
        !self.stop.is_set() && self.pace.is_open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const NIGHT: &str = "01:00-05:00";

    fn pace(rate: u32, window: Option<&str>, time: &str) -> Pace {
        let clock = ManualClock::new(format!("2026-11-20T{time}").parse().unwrap());
        Pace::new(NonZeroU32::new(rate), window.map(|window| window.parse().unwrap()), Arc::new(clock))
    }

    #[test]
    fn turns_come_at_the_rate_and_not_faster() {
        let (_handle, stop) = Stop::new();
        let pace = pace(1000, None, "12:00:00");
        let turns = pace.turns(&stop);
        let begun = Instant::now();
        let two = std::thread::scope(|scope| {
            let count = || (0..150).filter(|_| turns.next()).count();
            let other = scope.spawn(count);
            count() + other.join().unwrap()
        });
        assert_eq!(two, 300);
        assert!(begun.elapsed() + MIN_SLEEP >= Duration::from_millis(299), "{:?}", begun.elapsed());
    }

    #[test]
    fn pauses_are_made_up_for_only_a_little() {
        let (_handle, stop) = Stop::new();
        let pace = pace(100, None, "12:00:00");
        let turns = pace.turns(&stop);
        assert!(turns.next());
        *lock(&pace.due) = Instant::now().checked_sub(Duration::from_secs(10));
        let begun = Instant::now();
        assert_eq!((0..40).filter(|_| turns.next()).count(), 40);
        assert!(begun.elapsed() + MAX_BACKLOG + MIN_SLEEP >= Duration::from_millis(390), "{:?}", begun.elapsed());
    }

    #[test]
    fn who_hurries_heeds_neither_rate_nor_window() {
        let (_handle, stop) = Stop::new();
        let pace = pace(1, Some(NIGHT), "12:00:00");
        let turns = pace.turns(&stop);
        assert!(!turns.may_go_on());
        pace.hurry(true);
        let begun = Instant::now();
        assert_eq!((0..100).filter(|_| turns.next()).count(), 100);
        assert!(begun.elapsed() < Duration::from_secs(50));
        pace.hurry(false);
        assert!(!turns.may_go_on());
    }

    #[test]
    fn only_hurry_and_stop_end_a_closed_window() {
        let (handle, stop) = Stop::new();
        let pace = pace(0, Some(NIGHT), "12:00:00");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| pace.wait_open(&stop));
            assert!(!stop.wait(Duration::from_millis(50)) && !waiting.is_finished());
            pace.hurry(true);
            assert!(waiting.join().unwrap());
            pace.hurry(false);
            let waiting = scope.spawn(|| pace.wait_open(&stop));
            assert!(!stop.wait(Duration::from_millis(50)) && !waiting.is_finished());
            drop(handle);
            assert!(!waiting.join().unwrap());
        });
    }

    #[test]
    fn stop_ends_a_long_wait_for_a_turn() {
        let (handle, stop) = Stop::new();
        let pace = pace(1, None, "12:00:00");
        *lock(&pace.due) = Some(Instant::now() + Duration::from_secs(3600));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| pace.turns(&stop).next());
            drop(handle);
            assert!(!waiting.join().unwrap());
        });
    }
}
