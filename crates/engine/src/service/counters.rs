//! What a service counts while it works: plain numbers for metrics. Each has one writing thread, can be read from any
//! thread, and decides nothing.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::event::Actor;
use crate::expirer::Pass;

/// The counters of a service, since its start.
#[derive(Debug)]
pub(crate) struct Counters {
    /// How long the last walk at a start took. Written by the preloader.
    pub preload: Took,
    /// How long the last reconcile took. Written by the watcher.
    pub verify: Took,
    /// The number of reconciles. Written by the watcher.
    pub verifies: AtomicU64,
    /// How often notifications were lost, so that everything was scanned. Written by the watcher.
    pub rescans: AtomicU64,
    /// From the first notification of a change in a directory until the change can be queried. Written by the catalog's
    /// writer.
    pub noticed: Histogram,
    /// From the change itself (the modification time of the day directory) until it can be queried, for events that
    /// were added or removed. Written by the catalog's writer.
    pub changed: Histogram,
    /// Passes by rules. Written by the thread that makes the pass.
    pub by_rule: Passes,
    /// Passes that users confirmed, and deletions. Written by the thread that makes them.
    pub by_hand: Passes,
    /// When the rules were last applied, whether a pass retired something or was refused: seconds since 1970, 0 for
    /// never. Written by the thread that makes the pass.
    pub checked: AtomicI64,
}

/// Passes that retired something.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    /// The number of passes.
    pub count: AtomicU64,
    /// The number of events in them.
    pub events: AtomicU64,
    /// The bytes of these events, where measured.
    pub bytes: AtomicU64,
}

/// Bounds in seconds, from a hint until its change can be queried. Hints are gathered for 30 ms, events are scanned
/// four times a second, and polls are seconds apart.
const DELAYS: &[f64] = &[0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

impl Default for Counters {
    fn default() -> Self {
        Self {
            preload: Took::default(),
            verify: Took::default(),
            verifies: AtomicU64::new(0),
            rescans: AtomicU64::new(0),
            noticed: Histogram::new(DELAYS),
            changed: Histogram::new(DELAYS),
            by_rule: Passes::default(),
            by_hand: Passes::default(),
            checked: AtomicI64::new(0),
        }
    }
}

impl Counters {
    /// Counts a pass if it retired something.
    pub(super) fn add(&self, by: Actor, pass: &Pass) {
        let sums = if by == Actor::Rule { &self.by_rule } else { &self.by_hand };
        if pass.pass.is_none() || pass.refused.is_some() {
            return;
        }
        sums.count.fetch_add(1, Ordering::Relaxed);
        sums.events.fetch_add(pass.count(), Ordering::Relaxed);
        sums.bytes.fetch_add(pass.items.iter().filter_map(|item| item.bytes).sum(), Ordering::Relaxed);
    }
}

/// The duration of the last run of something.
#[derive(Debug, Default)]
pub(crate) struct Took(AtomicU64);

impl Took {
    /// Records a run.
    pub(crate) fn set(&self, took: Duration) {
        self.0.store(nanos(took).max(1), Ordering::Relaxed);
    }

    /// The duration of the last run; `None` if there was none.
    pub(crate) fn get(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::Relaxed)).filter(|nanos| *nanos > 0).map(Duration::from_nanos)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The largest number of bounds of a histogram.
const MAX_BOUNDS: usize = 15;

/// A histogram of durations.
#[derive(Debug)]
pub struct Histogram {
    /// The upper bounds of all but the last bucket, in seconds, ascending.
    bounds: &'static [f64],
    /// Each observation is counted in the first bucket that it fits.
    buckets: [AtomicU64; MAX_BOUNDS + 1],
    /// The sum of all observations in nanoseconds: enough for 580 years.
    nanos: AtomicU64,
}

impl Histogram {
    /// An empty histogram.
    pub fn new(bounds: &'static [f64]) -> Self {
        debug_assert!(bounds.len() <= MAX_BOUNDS && bounds.is_sorted());
        Self { bounds, buckets: Default::default(), nanos: AtomicU64::new(0) }
    }

    /// Adds an observation.
    pub fn observe(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bounds = &self.bounds[..self.bounds.len().min(MAX_BOUNDS)];
        let at = bounds.iter().position(|bound| seconds <= *bound).unwrap_or(bounds.len());
        self.buckets[at].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }

    /// The observations so far.
    pub fn read(&self) -> HistogramSnapshot {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let counts = self.buckets.iter().map(|count| count.load(Ordering::Relaxed));
        HistogramSnapshot {
            sum: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64(),
            buckets: bounds.zip(counts).collect(),
        }
    }
}

/// The observations of a histogram at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSnapshot {
    /// The sum of all observations in seconds.
    pub sum: f64,
    /// For each bucket its upper bound in seconds, and how many observations fit in it and in no smaller one.
    pub buckets: Vec<(f64, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_observation_counts_in_one_bucket() {
        let histogram = Histogram::new(&[0.1, 1.0]);
        for millis in [100, 101, 1000, 2000, 30] {
            histogram.observe(Duration::from_millis(millis));
        }
        let HistogramSnapshot { sum, buckets } = histogram.read();
        assert!((sum - 3.231).abs() < 1e-9, "{sum}");
        assert_eq!(buckets, [(0.1, 2), (1.0, 2), (f64::INFINITY, 1)]);
    }

    #[test]
    fn a_run_of_no_duration_counts() {
        let took = Took::default();
        assert_eq!(took.get(), None);
        took.set(Duration::ZERO);
        assert_eq!(took.get(), Some(Duration::from_nanos(1)));
    }

    #[test]
    fn a_pass_that_retired_nothing_is_not_counted() {
        let counters = Counters::default();
        counters.add(Actor::Rule, &Pass::default());
        assert_eq!(counters.by_rule.count.load(Ordering::Relaxed), 0);
        counters.add(Actor::Hand, &Pass { pass: Some("x".to_owned()), ..Pass::default() });
        assert_eq!(counters.by_hand.count.load(Ordering::Relaxed), 1);
        assert_eq!(counters.by_rule.count.load(Ordering::Relaxed), 0);
    }
}
