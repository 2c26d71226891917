//! A store of a story: what it has changes at random steps, and in the middle of a pass.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use crate::archive::Tree;
use crate::copy_proofs::CopyProofs;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId, EventName};
use crate::retention::WhenFull;

/// What the store has of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copy {
    /// What lies on the disk.
    Proved,
    /// Nothing.
    Lacking(WhenFull),
    /// What lay on the disk before the event changed; only a look at its files shows that.
    Outdated,
    /// Unknown: the proofs of its day cannot be read.
    Unknown,
}

/// The last answers about an event since a step began.
#[derive(Debug, Clone, Copy, Default)]
struct Answers {
    is_proved: bool,
    may_expire: bool,
}

#[derive(Debug, Default)]
struct State {
    copies: BTreeMap<EventId, Copy>,
    answers: BTreeMap<EventId, Answers>,
    /// After so many more questions the store loses this copy.
    vanishes: Option<(usize, EventId)>,
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Store(Mutex<State>);

impl Store {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn set(&self, id: &EventId, copy: Copy) {
        self.lock().copies.insert(id.clone(), copy);
    }

    pub(super) fn get(&self, id: &EventId) -> Copy {
        self.lock().copies[id]
    }

    /// Begins a step that may lose a copy in its middle.
    pub(super) fn begin(&self, vanishes: Option<(usize, EventId)>) {
        let mut state = self.lock();
        state.answers.clear();
        state.vanishes = vanishes;
    }

    /// Whether the last answer about an event in this step allowed that a rule takes it; `is_short`: of free space.
    pub(super) fn allowed(&self, id: &EventId, is_short: bool) -> bool {
        let answers = self.lock().answers.get(id).copied().unwrap_or_default();
        answers.is_proved || (is_short && answers.may_expire)
    }
}

impl State {
    fn asked(&mut self) {
        match self.vanishes.take() {
            Some((0, id)) => _ = self.copies.insert(id, Copy::Lacking(WhenFull::Keep)),
            Some((left, id)) => self.vanishes = Some((left - 1, id)),
            None => {}
        }
    }
}

impl CopyProofs for Store {
    fn lacking(&self, camera: &Camera, day: Day, names: &[EventName]) -> Result<BTreeMap<EventName, WhenFull>> {
        let mut state = self.lock();
        state.asked();
        let mut lacking = BTreeMap::new();
        for name in names {
            let id = EventId { camera: camera.clone(), day, name: *name };
            let lacks = match state.copies[&id] {
                Copy::Lacking(when_full) => Some(when_full),
                Copy::Proved | Copy::Outdated => None,
                Copy::Unknown => {
                    let is_asked = |id: &EventId| (&id.camera, id.day) == (camera, day) && names.contains(&id.name);
                    state.answers.retain(|id, _| !is_asked(id));
                    return Err(Error::Config("the proofs cannot be read".to_owned()));
                }
            };
            lacking.extend(lacks.map(|lacks| (*name, lacks)));
            let answers = Answers { is_proved: false, may_expire: lacks == Some(WhenFull::Expire) };
            state.answers.insert(id, answers);
        }
        Ok(lacking)
    }

    fn is_proved(&self, _: &Tree, id: &EventId) -> Result<bool> {
        let mut state = self.lock();
        state.asked();
        let is_proved = state.copies[id] == Copy::Proved;
        state.answers.insert(id.clone(), Answers { is_proved, may_expire: false });
        Ok(is_proved)
    }

    fn names(&self) -> Vec<String> {
        vec!["offsite".to_owned()]
    }
}
