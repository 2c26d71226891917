//! Inspects the events that a pass will come to next, on a few threads: a cold disk handles many requests in the time
//! of one, and a second processor halves the pass. The pass uses these inspections, decides, and compares each event
//! with its inspection after the move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Planned;
use crate::archive::{CameraDir, EarlyInspections, Tree};

/// How many days are inspected ahead of the pass: enough to keep a disk busy, and few enough that inspections are
/// recent.
const MAX_DAYS_AHEAD: usize = 32;
/// The number of inspecting threads.
const THREADS: usize = 4;
/// By how much their priority is lower than the pass's own, and Motion's. The pass never waits for them.
const NICE: i32 = 19;

/// The days of a pass that are inspected ahead. The threads end when it is dropped.
pub(super) struct ReadAhead<'a> {
    days: &'a [Planned],
    work: Sender<(&'a Planned, Arc<DayInspections>)>,
    /// The days that were handed out and that the pass has not come to.
    waiting: BTreeMap<usize, Arc<DayInspections>>,
    /// How many days were handed out.
    begun: usize,
}

/// The inspections of one day: written by an inspecting thread, until the pass takes them.
#[derive(Default)]
struct DayInspections(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Waiting,
    Begun(EarlyInspections),
    /// The pass has come to the day.
    Over,
}

impl DayInspections {
    /// Changes the state, unless the pass has come to the day; false if it has.
    fn change(&self, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = !matches!(*state, State::Over);
        if is_wanted {
            change(&mut state);
        }
        is_wanted
    }

    /// Takes the inspections so far. No more are made.
    fn end(&self) -> EarlyInspections {
        match std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), State::Over) {
            State::Begun(inspections) => inspections,
            State::Waiting | State::Over => EarlyInspections::default(),
        }
    }

    /// Inspects the events of a day, until the pass comes to it.
    fn make(&self, cameras: &[CameraDir], (item, names): &Planned) {
        let camera = cameras.iter().find(|camera| *camera.camera() == item.camera);
        // Errors here happen again in the pass, which reports them.
        let Some(Ok(day)) = camera.map(|camera| camera.day(item.day)) else { return };
        let Ok(inspections) = EarlyInspections::of(&day) else { return };
        if !self.change(|state| *state = State::Begun(inspections)) {
            return;
        }
        for name in names {
            let inspection = day.inspect_event(*name);
            let is_wanted = self.change(|state| {
                if let (State::Begun(inspections), Ok(inspection)) = (state, inspection) {
                    inspections.add(*name, inspection);
                }
            });
            if !is_wanted {
                return;
            }
        }
    }
}

impl<'a> ReadAhead<'a> {
    /// Begins with the second day: the first is the pass's own.
    pub(super) fn begin<'scope>(scope: &'scope Scope<'scope, '_>, tree: &Tree, days: &'a [Planned]) -> Self
    where
        'a: 'scope,
    {
        let (work, waiting) = bounded(MAX_DAYS_AHEAD);
        let cameras = Arc::new(tree.cameras().map(|cameras| cameras.open).unwrap_or_default());
        for _ in 0..THREADS.min(days.len().saturating_sub(1)) {
            let waiting: Receiver<(&'a Planned, Arc<DayInspections>)> = waiting.clone();
            let cameras = Arc::clone(&cameras);
            let inspect = move || {
                let _ = rustix::process::nice(NICE); // of this thread alone (nice(2)); if it fails, all are equal
                for (day, inspections) in waiting {
                    inspections.make(&cameras, day);
                }
            };
            let started: std::io::Result<ScopedJoinHandle<'_, ()>> =
                std::thread::Builder::new().name("owlery-ahead".to_owned()).spawn_scoped(scope, inspect);
            if let Err(error) = started {
                tracing::debug!("no thread inspects ahead: {error}");
            }
        }
        Self { days, work, waiting: BTreeMap::new(), begun: 0 }
    }

    /// Returns the inspections for this day, which the pass has come to. Hands out further days as far as there is
    /// room; a day without inspections only costs time.
    pub(super) fn reached(&mut self, at: usize) -> EarlyInspections {
        self.begun = self.begun.max(at + 1);
        while self.begun < self.days.len().min(at + MAX_DAYS_AHEAD) {
            let inspections = Arc::new(DayInspections::default());
            if self.work.try_send((&self.days[self.begun], Arc::clone(&inspections))).is_err() {
                break;
            }
            self.waiting.insert(self.begun, inspections);
            self.begun += 1;
        }
        self.waiting.remove(&at).map(|inspections| inspections.end()).unwrap_or_default()
    }
}
