//! A cache of the states of events: a page of pictures requests many files of the same event, and a query costs more than sending a
//! small file.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::engine::Handle;
use crate::event::{EventId, State};

/// The most events of the cache; it is cleared when they are exceeded.
const MAX_EVENTS: usize = 256;

/// The states of events at one generation of the catalog.
#[derive(Debug, Default)]
pub(crate) struct StateCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    generation: u64,
    states: HashMap<EventId, Option<State>>,
}

impl StateCache {
    /// The state of an event; `None` if it is not in the catalog, or the query fails.
    pub(crate) fn state(&self, handle: &Handle, event: &EventId) -> Option<State> {
        let generation = handle.generation();
        {
            let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if entries.generation == generation
                && let Some(state) = entries.states.get(event)
            {
                return *state;
            }
        }
        let state = match handle.event(event) {
            Ok(event) => event.map(|event| event.details.state),
            Err(error) => {
                tracing::debug!("{}", error.chain());
                return None;
            }
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.generation != generation || entries.states.len() >= MAX_EVENTS {
            *entries = Entries { generation, states: HashMap::new() };
        }
        entries.states.insert(event.clone(), state);
        state
    }
}
