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
