//! When the frames of a movie are shown.

use std::time::Duration;

/// For how long the only frame of a movie is shown, in milliseconds.
const ALONE: u64 = 1000;

/// The shortest time for which the last frame is shown, in milliseconds. It is also the rate for which a movie is made, and
/// few devices play more than a hundred frames a second.
const SHORTEST: u64 = 10;

/// The latest time, in milliseconds: 23 days. Later ones do not fit into the fields of an MP4.
const LATEST: u64 = 2_000_000_000;

/// When each frame is shown, and for how long the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    /// In milliseconds from the beginning. Each is greater than the one before.
    pub at: Vec<u64>,
    /// The median distance between two frames, in milliseconds.
    pub usual: u64,
}

impl Schedule {
    /// For frames of these times. Those that do not grow are moved to the next millisecond.
    pub(super) fn of(times: &[Duration]) -> Self {
        let mut next = 0;
        let at: Vec<u64> = times
            .iter()
            .map(|time| {
                let at = u64::try_from(time.as_millis()).map_or(LATEST, |at| at.min(LATEST)).max(next);
                next = at + 1;
                at
            })
            .collect();
        let mut distances: Vec<u64> = at.windows(2).map(|two| two[1] - two[0]).collect();
        let middle = distances.len() / 2;
        let usual = if distances.is_empty() { ALONE } else { *distances.select_nth_unstable(middle).1 };
        Self { at, usual: usual.max(SHORTEST) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(millis: &[u64]) -> (Vec<u64>, u64) {
        let times: Vec<_> = millis.iter().copied().map(Duration::from_millis).collect();
        let schedule = Schedule::of(&times);
        (schedule.at, schedule.usual)
    }

    #[test]
    fn times_grow_and_the_median_is_found() {
        assert_eq!(of(&[0, 100, 190, 300, 55_300]), (vec![0, 100, 190, 300, 55_300], 110));
        assert_eq!(of(&[0, 500, 500, 500, 400, 700]), (vec![0, 500, 501, 502, 503, 700], 10));
        assert_eq!(of(&[7]), (vec![7], 1000));
        assert_eq!(of(&[]), (vec![], 1000));
        assert_eq!(of(&[0, 7000]), (vec![0, 7000], 7000));
        assert_eq!(of(&[u64::MAX, 0]), (vec![2_000_000_000, 2_000_000_001], 10));
        assert_eq!(Schedule::of(&[Duration::MAX]).at, [2_000_000_000]);
    }

    proptest! {
        #[test]
        fn any_times_make_a_schedule(times in prop::collection::vec(any::<Duration>(), 0..50)) {
            let schedule = Schedule::of(&times);
            prop_assert_eq!(schedule.at.len(), times.len());
            prop_assert!(schedule.at.is_sorted_by(|one, next| one < next));
            prop_assert!((10..=2_000_000_100).contains(&schedule.usual));
        }
    }
}
