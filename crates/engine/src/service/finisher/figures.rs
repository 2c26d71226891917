//! What the finisher does, as numbers for metrics, and its alert.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::super::handle::Handle;

/// The figures. Written by the finisher.
#[derive(Debug, Default)]
pub(in super::super) struct Figures {
    /// Whether events are finished.
    is_on: bool,
    pub(super) finished: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) split: AtomicU64,
    pub(super) waiting: AtomicU64,
    /// How much of the movie that is being made is done, in thousandths.
    progress: AtomicU32,
    alert: Mutex<Option<String>>,
}

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
    /// How much of the movie that is being made is done, from 0 to 1; 0 while none is made.
    pub progress: f64,
}

impl Handle {
    /// What was finished since the start, and what waits; `None` unless the archive's options say that events are finished.
    pub fn finishing(&self) -> Option<FinishingFigures> {
        self.finishing.read()
    }
}

impl Figures {
    pub(in super::super) fn new(is_on: bool) -> Self {
        Self { is_on, ..Self::default() }
    }

    /// Sets how much of the movie that is being made is done, from 0 to 1.
    pub(super) fn set_progress(&self, done: f32) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1000")]
        let thousandths = (done.clamp(0.0, 1.0) * 1000.0) as u32;
        self.progress.store(thousandths, Ordering::Relaxed);
    }

    pub(super) fn set_alert(&self, alert: Option<String>) {
        *self.alert.lock().unwrap_or_else(PoisonError::into_inner) = alert;
    }

    /// What needs a person, as a sentence.
    pub(in super::super) fn alert(&self) -> Option<String> {
        self.alert.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The figures; `None` unless events are finished.
    pub(in super::super) fn read(&self) -> Option<FinishingFigures> {
        self.is_on.then(|| FinishingFigures {
            finished: self.finished.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            split: self.split.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            progress: f64::from(self.progress.load(Ordering::Relaxed)) / 1000.0,
        })
    }
}
