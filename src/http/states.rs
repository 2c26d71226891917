//! In what state events are, as far as it was asked lately: a page of pictures asks for the same event again and again, and
//! a query costs more than sending a small one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::event::{EventId, State};
use crate::service::Handle;

/// The most events that are remembered; then all are forgotten.
const MOST: usize = 256;

/// The states of events at one generation of the catalog. Written and read by every request for a file.
#[derive(Debug, Default)]
pub(super) struct States(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    generation: u64,
    states: HashMap<EventId, Option<State>>,
}

impl States {
    /// The event's state; `None` if the catalog does not know it, or cannot be asked.
    pub fn state(&self, handle: &Handle, event: &EventId) -> Option<State> {
        let generation = handle.generation();
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.generation == generation
                && let Some(state) = known.states.get(event)
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
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation || known.states.len() >= MOST {
            *known = Known { generation, states: HashMap::new() };
        }
        known.states.insert(event.clone(), state);
        state
    }
}
