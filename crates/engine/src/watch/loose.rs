//! Counts the loose files of days after hints: recordings that belong to no event, such as a snapshot each second. A day may
//! have many thousands, so it rests between two counts.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::observer::Observer;
use super::{Watch, log_error};
use crate::clock::Stop;
use crate::event::{Camera, Day};

/// The minimum time between two counts of a day.
const INTERVAL: Duration = Duration::from_secs(10);

/// The days to count. Used by the watcher's thread only.
#[derive(Debug, Default)]
pub(super) struct Uncounted {
    /// When each may be counted.
    days: HashMap<(Camera, Day), Instant>,
    /// When each was counted, for as long as it rests.
    counted: HashMap<(Camera, Day), Instant>,
}

impl Uncounted {
    /// Adds a day in which a file appeared or is gone.
    pub(super) fn add(&mut self, camera: &Camera, day: Day, now: Instant) {
        let key = (camera.clone(), day);
        let rest = self.counted.get(&key).map(|at| *at + INTERVAL);
        self.days.entry(key).or_insert_with(|| rest.map_or(now, |rest| rest.max(now)));
    }

    /// When the first of them may be counted.
    pub(super) fn first(&self) -> Option<Instant> {
        self.days.values().min().copied()
    }

    /// Removes those that may be counted `now`.
    fn take_due(&mut self, now: Instant) -> Vec<(Camera, Day)> {
        self.counted.retain(|_, at| *at + INTERVAL > now);
        let mut due: Vec<_> = self.days.extract_if(|_, at| *at <= now).map(|(day, _)| day).collect();
        due.sort_unstable();
        self.counted.extend(due.iter().cloned().map(|day| (day, now)));
        due
    }
}

impl<O: Observer> Watch<O> {
    /// Counts the loose files of the days whose time has come.
    pub(super) fn count_loose(&mut self, stop: &Stop) {
        for (camera, day) in self.uncounted.take_due(Instant::now()) {
            if stop.is_set() {
                return;
            }
            // One on a disk that does not respond is counted by the reconcile that follows.
            if !self.scanner.tree.is_stalled_for(Some(&camera)) {
                log_error(self.scanner.count_loose(&camera, day));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A burst of hints is one count at once and one after the rest.
    #[test]
    fn a_day_rests_between_counts() {
        let (camera, day): (Camera, Day) = ("Camera1".parse().unwrap(), "2026-11-28".parse().unwrap());
        let (mut days, start) = (Uncounted::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        days.add(&camera, day, start);
        days.add(&camera, day, after(1));
        assert_eq!(days.take_due(after(1)), [(camera.clone(), day)]);
        assert_eq!((days.take_due(after(2)), days.first()), (Vec::new(), None));
        days.add(&camera, day, after(5_000));
        assert_eq!(days.first(), Some(after(10_001)));
        assert!(days.take_due(after(10_000)).is_empty());
        assert_eq!(days.take_due(after(10_001)), [(camera.clone(), day)]);
        days.add(&camera, day, after(60_000));
        assert_eq!(days.first(), Some(after(60_000)), "a rest ends");
    }
}
