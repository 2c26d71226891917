//! Changes of one event: save, unsave, delete.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::reviewed::marks_of;
use crate::auth::Prefix;
use crate::auth::Viewer;
use crate::convert;
use crate::engine::Handle;
use crate::error::Error;
use crate::event::{EventId, Located, Location};
use crate::extract::schema::EventPath;
use crate::extract::{Names, NoParams};
use crate::limits::blocking;
use crate::problem::{CommonResponses, NoSuchEvent, Problem};
use crate::protocol::{Directory, Event, Pass};
use crate::response::json;

/// Saves an event, which protects it from all rules. Nothing changes if it is saved already.
#[utoipa::path(put, path = "/api/v1/events/{camera}/{date}/{time}/saved", tag = "events", params(EventPath), responses(
    (status = 200, description = "the event after the change", body = Event),
    (status = 409, description = "the event is only in a store", body = Problem, content_type = "application/problem+json"),
    NoSuchEvent, CommonResponses
))]
pub(crate) async fn save(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    prefix: Prefix,
    Names(names): Names<(String, String, String)>,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    set_saved(handle, (&viewer, &prefix), &names, params, true).await
}

/// Removes the protection of a saved event. Nothing changes if it is not saved.
#[utoipa::path(delete, path = "/api/v1/events/{camera}/{date}/{time}/saved", tag = "events", params(EventPath), responses(
    (status = 200, description = "the event after the change", body = Event),
    (status = 409, description = "the event is only in a store", body = Problem, content_type = "application/problem+json"),
    NoSuchEvent, CommonResponses
))]
pub(crate) async fn unsave(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    prefix: Prefix,
    Names(names): Names<(String, String, String)>,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    set_saved(handle, (&viewer, &prefix), &names, params, false).await
}

async fn set_saved(
    handle: Arc<Handle>,
    (viewer, prefix): (&Viewer, &Prefix),
    names: &(String, String, String),
    params: Result<NoParams, Problem>,
    is_saved: bool,
) -> Result<Response, Problem> {
    let id = changeable(&handle, viewer, names, params).await?;
    let changer = Arc::clone(&handle);
    let event = blocking(move || {
        match changer.set_saved(&id, is_saved) {
            Err(Error::Unrecorded { .. }) => {} // the change is done; an alert reports the audit log
            other => other?,
        }
        changer.event(&id)
    });
    let event = event.await?.ok_or_else(Problem::not_found)?; // it was removed meanwhile
    let (event, marks) = (Located::local(event), marks_of(&handle, viewer).await?);
    let directory = Directory::new(prefix.as_str(), &event.event.id);
    Ok(json(&Event::new(&event, &directory).reviewed(marks.has(&event.event.id))))
}

/// Moves an event into the delete queue, from which it can be restored for a day or the undo window, whichever is longer.
#[utoipa::path(delete, path = "/api/v1/events/{camera}/{date}/{time}", tag = "events", params(EventPath), responses(
    (status = 200, description = "the pass, which can be restored", body = Pass),
    (status = 409, description = "the event is saved, Motion still writes it, or it is only in a store", body = Problem, content_type = "application/problem+json"),
    NoSuchEvent, CommonResponses
))]
pub(crate) async fn delete(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(names): Names<(String, String, String)>,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    let id = changeable(&handle, &viewer, &names, params).await?;
    let pass = blocking(move || handle.delete(&[id])).await?;
    if pass.pass.is_some() {
        return Ok(json(&convert::pass(&pass)));
    }
    // Nothing was moved. The log and the audit log have the reason.
    Err(match pass.failures.first() {
        Some(failure) if failure.is_full() => Problem::full(),
        Some(failure) if failure.unreadable => Problem::internal("cannot move the event; see the log"),
        _ => Problem::new(StatusCode::CONFLICT, "the event was saved or removed meanwhile"),
    })
}

/// The event to change, if the user may change it, and it is not only in a store.
async fn changeable(
    handle: &Arc<Handle>,
    viewer: &Viewer,
    (camera, date, time): &(String, String, String),
    params: Result<NoParams, Problem>,
) -> Result<EventId, Problem> {
    viewer.may_change()?;
    params?;
    let id = viewer.event_id(camera, date, time)?;
    let stores = viewer.usable_stores(handle);
    if stores.is_empty() {
        return Ok(id);
    }
    let (reader, event) = (Arc::clone(handle), id.clone());
    match blocking(move || reader.located_event(&event, &stores)).await? {
        Some(Located { location: Location::Store(store), .. }) => Err(only_in_store(&store)),
        _ => Ok(id), // one that is not in the catalog yet may be in the archive
    }
}

/// 409: an event of a store is not changed.
pub(super) fn only_in_store(store: &str) -> Problem {
    let detail = format!(
        "the event is only in the store {store}, where nothing is changed; owlery recall brings it back into the archive"
    );
    Problem::new(StatusCode::CONFLICT, detail)
}
