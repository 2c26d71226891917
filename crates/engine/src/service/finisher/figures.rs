//! What the finisher does, as numbers for metrics, and its alert.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The figures. Written by the finisher.
#[derive(Debug, Default)]
pub(in super::super) struct Figures {
    pub(super) finished: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) split: AtomicU64,
    pub(super) waiting: AtomicU64,
    /// How much of the movie that is being made is done, in thousandths; `NONE` while none is made.
    progress: AtomicU32,
    alert: Mutex<Option<String>>,
}

/// Says that no movie is being made.
const NONE: u32 = 0;

/// What the finisher has done since the start, and what waits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct FinishingFigures {
    /// Events that were finished.
    pub finished: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Directories that held two events, or more.
    pub split: u64,
    /// Events that wait.
    pub waiting: u64,
    /// How much of the movie that is being made is done, from 0 to 1; `None` while none is made.
    pub progress: Option<f64>,
}

impl Figures {
    /// Sets how much of the present movie is done, from 0 to 1; `None` at its end.
    pub(super) fn set_progress(&self, done: Option<f32>) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1001")]
        let thousandths = done.map_or(NONE, |done| (done.clamp(0.0, 1.0) * 1000.0) as u32 + 1);
        self.progress.store(thousandths, Ordering::Relaxed);
    }

    pub(super) fn set_alert(&self, alert: Option<String>) {
        *self.alert.lock().unwrap_or_else(PoisonError::into_inner) = alert;
    }

    /// What needs a person, as a sentence.
    pub(in super::super) fn alert(&self) -> Option<String> {
        self.alert.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in super::super) fn read(&self) -> FinishingFigures {
        let progress = self.progress.load(Ordering::Relaxed);
        FinishingFigures {
            finished: self.finished.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            split: self.split.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            progress: (progress != NONE).then(|| f64::from(progress - 1) / 1000.0),
        }
    }
}
