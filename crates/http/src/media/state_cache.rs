//! A cache of events: a page of pictures requests many files of the same events, and a query costs more than sending a small file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::Handle;
use crate::event::{Event, EventId, State};

/// The most events of the cache; it is cleared when they are exceeded.
const MAX_EVENTS: usize = 256;

/// Events at one generation of the catalog.
#[derive(Debug, Default)]
pub(crate) struct StateCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    generation: u64,
    events: HashMap<EventId, Option<Arc<Event>>>,
}

impl StateCache {
    /// The state of an event; `None` if it is not in the catalog, or the query fails.
    pub(crate) fn state(&self, handle: &Handle, event: &EventId) -> Option<State> {
        self.event(handle, event).map(|event| event.details.state)
    }

    /// An event; `None` if it is not in the catalog, or the query fails.
    pub(crate) fn event(&self, handle: &Handle, id: &EventId) -> Option<Arc<Event>> {
        let generation = handle.generation();
        {
            let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if entries.generation == generation
                && let Some(event) = entries.events.get(id)
            {
                return event.clone();
            }
        }
        let event = match handle.event(id) {
            Ok(event) => event.map(Arc::new),
            Err(error) => {
                tracing::debug!("{}", error.chain());
                return None;
            }
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.generation != generation || entries.events.len() >= MAX_EVENTS {
            *entries = Entries { generation, events: HashMap::new() };
        }
        entries.events.insert(id.clone(), event.clone());
        event
    }
}
