//! Looks at the events that a pass will come to next, on a few threads: a cold disk answers many questions in the time of one,
//! and a second processor halves the pass. The looks go to the pass, which decides, and compares each event with its look after
//! the move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Planned;
use crate::archive::{CameraDir, EarlyLooks, Tree};

/// How many days the pass is looked ahead of: far enough for a disk, and not so far that looks are old when they are used.
const AHEAD: usize = 32;
/// How many threads look.
const THREADS: usize = 4;
/// By how much their priority is lower than the pass's own, and Motion's. The pass never waits for them.
const NICE: i32 = 19;

/// The days of a pass that are looked at ahead. The threads end when it is dropped.
pub(super) struct ReadAhead<'a> {
    days: &'a [Planned],
    work: Sender<(&'a Planned, Arc<DayLooks>)>,
    /// The days that were handed out and that the pass has not come to.
    waiting: BTreeMap<usize, Arc<DayLooks>>,
    /// How many days were handed out.
    begun: usize,
}

/// The looks at one day: written by the thread that takes them, until the pass takes them away.
#[derive(Default)]
struct DayLooks(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Waiting,
    Begun(EarlyLooks),
    /// The pass has come to the day.
    Over,
}

impl DayLooks {
    /// Changes the state, unless the pass has come to the day; false if it has.
    fn change(&self, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = !matches!(*state, State::Over);
        if is_wanted {
            change(&mut state);
        }
        is_wanted
    }

    /// The looks so far. No more are taken.
    fn end(&self) -> EarlyLooks {
        match std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), State::Over) {
            State::Begun(looks) => looks,
            State::Waiting | State::Over => EarlyLooks::default(),
        }
    }

    /// Looks at the events of a day, until the pass comes to it.
    fn look(&self, cameras: &[CameraDir], (item, names): &Planned) {
        let camera = cameras.iter().find(|camera| *camera.camera() == item.camera);
        // What goes wrong here goes wrong again in the pass, which reports it.
        let Some(Ok(day)) = camera.map(|camera| camera.day(item.day)) else { return };
        let Ok(looks) = EarlyLooks::of(&day) else { return };
        if !self.change(|state| *state = State::Begun(looks)) {
            return;
        }
        for name in names {
            let look = day.look(*name);
            let is_wanted = self.change(|state| {
                if let (State::Begun(looks), Ok(look)) = (state, look) {
                    looks.add(*name, look);
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
    pub fn begin<'scope>(scope: &'scope Scope<'scope, '_>, tree: &Tree, days: &'a [Planned]) -> Self
    where
        'a: 'scope,
    {
        let (work, waiting) = bounded(AHEAD);
        let cameras = Arc::new(tree.cameras().map(|cameras| cameras.open).unwrap_or_default());
        for _ in 0..THREADS.min(days.len().saturating_sub(1)) {
            let waiting: Receiver<(&'a Planned, Arc<DayLooks>)> = waiting.clone();
            let cameras = Arc::clone(&cameras);
            let look = move || {
                let _ = rustix::process::nice(NICE); // of this thread alone (nice(2)); where it fails, all are equal
                for (day, looks) in waiting {
                    looks.look(&cameras, day);
                }
            };
            let started: std::io::Result<ScopedJoinHandle<'_, ()>> =
                std::thread::Builder::new().name("owlery-ahead".to_owned()).spawn_scoped(scope, look);
            if let Err(error) = started {
                tracing::debug!("no thread looks ahead: {error}");
            }
        }
        Self { days, work, waiting: BTreeMap::new(), begun: 0 }
    }

    /// The pass has come to this day: returns the looks that there are at its events. Days ahead are handed out as far as there
    /// is room; one that is not costs time alone.
    pub fn reached(&mut self, at: usize) -> EarlyLooks {
        self.begun = self.begun.max(at + 1);
        while self.begun < self.days.len().min(at + AHEAD) {
            let looks = Arc::new(DayLooks::default());
            if self.work.try_send((&self.days[self.begun], Arc::clone(&looks))).is_err() {
                break;
            }
            self.waiting.insert(self.begun, looks);
            self.begun += 1;
        }
        self.waiting.remove(&at).map(|looks| looks.end()).unwrap_or_default()
    }
}
