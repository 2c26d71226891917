//! The days whose sizes this process measured on the disk lately. The catalog's sizes come from sidecars, from an earlier
//! process or from a damaged file, and files change in place. So before a rule of size takes anything, all days that count
//! are measured; how often is bounded by how long that takes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::event::{Camera, Day};
use crate::retention::DayView;

/// All days are measured for at most this part of the time.
const PART: u32 = 20;
/// After this time a day is measured again in any case.
const MAX_AGE: Duration = Duration::from_hours(24);

/// When a day was measured.
#[derive(Debug)]
struct Mark {
    at: Instant,
    took: Duration,
    bytes: u64,
}

/// The days that were measured. Written by every plan with a rule of size or space.
#[derive(Debug, Default)]
pub(super) struct MeasuredDays(Mutex<HashMap<(Camera, Day), Mark>>);

impl MeasuredDays {
    /// Records that a day was measured.
    pub(super) fn note(&self, camera: &Camera, day: Day, bytes: u64, took: Duration) {
        let mark = Mark { at: Instant::now(), took, bytes };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((camera.clone(), day), mark);
    }

    /// Sets [`DayView::measured_on_disk`]: if a day was measured lately, and the catalog says what was found.
    pub(super) fn mark(&self, days: &mut [DayView]) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Duration = marks.values().map(|mark| mark.took).sum();
        let most = all.saturating_mul(PART).min(MAX_AGE);
        marks.retain(|_, mark| mark.at.elapsed() < most);
        for view in days {
            let mark = marks.get(&(view.camera.clone(), view.day));
            view.measured_on_disk = mark.is_some_and(|mark| mark.bytes == view.measured);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(day: Day, measured: u64) -> DayView {
        DayView {
            camera: "Camera1".parse().unwrap(),
            day,
            events: 1,
            saved: 0,
            open: 0,
            loose: 0,
            bytes: Some(measured),
            measured,
            measured_on_disk: false,
            weighed: false,
            frees: None,
            uncopied: None,
            mixed: None,
            foreign: None,
        }
    }

    /// A size that the catalog tells otherwise is not known, nor one that was measured quickly enough to do so again.
    #[test]
    fn only_what_was_found_lately_is_known() {
        let [first, second]: [Day; 2] = ["2026-11-20", "2026-11-21"].map(|day| day.parse().unwrap());
        let known = |took: Duration| {
            let (measured, mut days) = (MeasuredDays::default(), [view(first, 100), view(second, 100)]);
            measured.note(&days[0].camera, first, 100, took);
            measured.note(&days[1].camera, second, 99, took);
            measured.mark(&mut days);
            days.map(|day| day.measured_on_disk)
        };
        assert_eq!(known(Duration::from_mins(10)), [true, false]);
        assert_eq!(known(Duration::ZERO), [false, false]);
    }
}
