//! Changes of many events in one request: each for itself when they are saved, and as one pass when they are deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::event::only_in_store;
use super::reviewed::at_most;
use crate::auth::Viewer;
use crate::convert;
use crate::engine::{Handle, UsableStores};
use crate::error::Error;
use crate::event::{EventId, Located, Location};
use crate::extract::{NoParams, body};
use crate::limits::blocking;
use crate::problem::{CommonResponses, Problem};
use crate::protocol::{DeleteRequest, DeletedEvents, SaveRequest, SavedEvents, UnchangedEvent};
use crate::response::json;

/// Saves up to 1000 events, or removes their protection; each for itself.
#[utoipa::path(post, path = "/api/v1/events/save", tag = "events", request_body = SaveRequest, responses(
    (status = 200, description = "what became of each event, also if some failed", body = SavedEvents),
    (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn save_many(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<NoParams, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    viewer.may_change()?;
    params?;
    let SaveRequest { events, saved } = body::json(request).await?;
    at_most(&events)?;
    let done = blocking(move || {
        let Selected { events, mut others } = Selected::of(events, &viewer, &handle);
        let events: Vec<EventId> = events.into_iter().collect();
        let results = handle.set_saved_each(&events, saved)?;
        let mut changed = Vec::with_capacity(events.len());
        for (event, result) in events.into_iter().zip(results) {
            match result {
                Ok(()) => changed.push(event),
                Err(error) => others.push(unchanged(event, error.into())),
            }
        }
        Ok(SavedEvents { changed, failed: others })
    });
    Ok(json(&done.await?))
}

/// Moves up to 1000 events into the delete queue as one pass, from which they can be restored for a day or the undo window, whichever is longer. Events that
/// may not be deleted stay and are listed in `left`.
#[utoipa::path(post, path = "/api/v1/events/delete", tag = "events", request_body = DeleteRequest, responses(
    (status = 200, description = "the pass, and what stays", body = DeletedEvents),
    (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn delete_many(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<NoParams, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    viewer.may_change()?;
    params?;
    let DeleteRequest { events } = body::json(request).await?;
    at_most(&events)?;
    let (pass, left) = blocking(move || {
        let Selected { events, others: mut left } = Selected::of(events, &viewer, &handle);
        let (pass, stay) = handle.delete_each(&events)?;
        left.extend(stay.into_iter().map(|(event, error)| unchanged(event, error.into())));
        Ok((pass, left))
    })
    .await?;
    if pass.pass.is_none() && pass.failures.iter().any(crate::engine::Report::is_full) {
        return Err(Problem::full());
    }
    Ok(json(&DeletedEvents { pass: convert::pass(&pass), left }))
}

/// The events of a request.
struct Selected {
    /// Those that the archive may have.
    events: BTreeSet<EventId>,
    /// Those that the user cannot see, and those that are only in a store.
    others: Vec<UnchangedEvent>,
}

impl Selected {
    fn of(events: Vec<EventId>, viewer: &Viewer, handle: &Handle) -> Self {
        let stores = viewer.usable_stores(handle);
        let mut selected = Self { events: BTreeSet::new(), others: Vec::new() };
        for id in events.into_iter().collect::<BTreeSet<_>>() {
            match check(&id, viewer, handle, &stores) {
                Ok(()) => _ = selected.events.insert(id),
                Err(problem) => selected.others.push(unchanged(id, problem)),
            }
        }
        selected
    }
}

/// Whether an event may be one of the archive that the user may change.
fn check(id: &EventId, viewer: &Viewer, handle: &Handle, stores: &UsableStores) -> Result<(), Problem> {
    viewer.check_visible(&id.camera)?;
    if stores.is_empty() {
        return Ok(());
    }
    match handle.located_event(id, stores)? {
        Some(Located { location: Location::Store(store), .. }) => Err(only_in_store(&store)),
        _ => Ok(()), // one that is not in the catalog yet may be in the archive
    }
}

fn unchanged(event: EventId, problem: Problem) -> UnchangedEvent {
    let problem =
        if problem.is_not_found() { Error::Unknown { what: "event", name: event.to_string() }.into() } else { problem };
    UnchangedEvent { event, status: problem.status().as_u16(), problem: problem.into_detail() }
}
