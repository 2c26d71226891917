//! What a service counts while it works: plain numbers, for whoever wants to show them. Each is written by one part and
//! read by anybody at any time; none of them decides anything.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::event::Actor;
use crate::expirer::Pass;

/// What a service counts. Everything is since the start.
#[derive(Debug)]
pub struct Counters {
    /// How long the last walk at a start took. Written by the preloader.
    pub preload: Took,
    /// How long the last comparison of everything with the disk took. Written by the watcher.
    pub verify: Took,
    /// How often that was done. Written by the watcher.
    pub verifies: AtomicU64,
    /// How often notifications were lost, so that everything had to be looked at. Written by the watcher.
    pub rescans: AtomicU64,
    /// From the first notification of a directory's change to the moment at which what it brought can be queried. Written by
    /// the catalog's writer.
    pub noticed: Histogram,
    /// The same from the change itself, by the time on the day's directory, for events that came or went. Written by the
    /// catalog's writer.
    pub changed: Histogram,
    /// What the passes of rules did. Written by whoever makes one: the expirer, and those that ask for one.
    pub by_rule: Passes,
    /// What persons have confirmed and deleted. Written by whoever does that for them.
    pub by_hand: Passes,
    /// When rules were last gone by, whether that retired something or was refused: seconds since 1970, 0 for never. Written
    /// by whoever makes a pass.
    pub checked: AtomicI64,
}

/// Passes that retired something.
#[derive(Debug, Default)]
pub struct Passes {
    /// How many.
    pub count: AtomicU64,
    /// Their events.
    pub events: AtomicU64,
    /// The bytes of these, as far as they were known.
    pub bytes: AtomicU64,
}

/// From hints to what can be queried, in seconds: hints are gathered for 30 ms, events looked at four times a
/// second, and polls are seconds apart.
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
    /// Counts a pass, if it retired something.
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

/// How long something took when it was last done.
#[derive(Debug, Default)]
pub struct Took(AtomicU64);

impl Took {
    /// It was done again.
    pub fn set(&self, took: Duration) {
        self.0.store(nanos(took).max(1), Ordering::Relaxed);
    }

    /// How long it took; `None` if it was never done.
    pub fn get(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::Relaxed)).filter(|nanos| *nanos > 0).map(Duration::from_nanos)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The most bounds that a histogram may have.
const MOST: usize = 15;

/// How often something took how long.
#[derive(Debug)]
pub struct Histogram {
    /// The upper bounds of all but the last bucket, in seconds, ascending.
    bounds: &'static [f64],
    /// Every observation is in the first bucket that it fits into.
    buckets: [AtomicU64; MOST + 1],
    /// The sum of all observations, in nanoseconds: enough for 580 years.
    nanos: AtomicU64,
}

impl Histogram {
    /// One that has seen nothing yet.
    pub fn new(bounds: &'static [f64]) -> Self {
        debug_assert!(bounds.len() <= MOST && bounds.is_sorted());
        Self { bounds, buckets: Default::default(), nanos: AtomicU64::new(0) }
    }

    /// It took so long this time.
    pub fn observe(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bounds = &self.bounds[..self.bounds.len().min(MOST)];
        let at = bounds.iter().position(|bound| seconds <= *bound).unwrap_or(bounds.len());
        self.buckets[at].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }

    /// The sum in seconds, and each bucket: its upper bound, and how many observations are in it and in none before.
    pub fn read(&self) -> (f64, Vec<(f64, u64)>) {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let counts = self.buckets.iter().map(|count| count.load(Ordering::Relaxed));
        (Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64(), bounds.zip(counts).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observation_is_in_the_first_bucket_it_fits_into() {
        let histogram = Histogram::new(&[0.1, 1.0]);
        for millis in [100, 101, 1000, 2000, 30] {
            histogram.observe(Duration::from_millis(millis));
        }
        let (sum, buckets) = histogram.read();
        assert!((sum - 3.231).abs() < 1e-9, "{sum}");
        assert_eq!(buckets, [(0.1, 2), (1.0, 2), (f64::INFINITY, 1)]);
    }

    #[test]
    fn what_took_no_time_was_done_all_the_same() {
        let took = Took::default();
        assert_eq!(took.get(), None);
        took.set(Duration::ZERO);
        assert_eq!(took.get(), Some(Duration::from_nanos(1)));
    }

    #[test]
    fn a_pass_that_retired_nothing_is_none() {
        let counters = Counters::default();
        counters.add(Actor::Rule, &Pass::default());
        assert_eq!(counters.by_rule.count.load(Ordering::Relaxed), 0);
        counters.add(Actor::Hand, &Pass { pass: Some("x".to_owned()), ..Pass::default() });
        assert_eq!(counters.by_hand.count.load(Ordering::Relaxed), 1);
        assert_eq!(counters.by_rule.count.load(Ordering::Relaxed), 0);
    }
}
