//! What a person does with one event: save it, unsave it, delete it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::event_id;
use crate::error::Error;
use crate::event::{Camera, Day, EventId, EventName};
use crate::http::auth::Prefix;
use crate::http::auth::Viewer;
use crate::http::extract::{Names, Params, RawParams};
use crate::http::limits::blocking;
use crate::http::problem::{CommonResponses, Problem};
use crate::http::response::{json, json_text};
use crate::http::wire::{EventSchema, PassWire, one_json};
use crate::service::Handle;

/// Saves an event: no rule takes it. Nothing changes if it is already saved.
#[utoipa::path(put, path = "/api/v1/events/{camera}/{date}/{time}/saved", tag = "events", params(
    ("camera" = Camera, Path), ("date" = Day, Path), ("time" = EventName, Path)
), responses(
    (status = 200, description = "the event as it is now", body = EventSchema),
    (status = 404, description = "there is no such event", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn save(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    prefix: Prefix,
    Names(names): Names<(String, String, String)>,
    raw: RawParams,
) -> Result<Response, Problem> {
    set_saved(handle, (&viewer, &prefix), &names, raw, true).await
}

/// Makes an event one like others, which rules may take. Nothing changes if it is one.
#[utoipa::path(delete, path = "/api/v1/events/{camera}/{date}/{time}/saved", tag = "events", params(
    ("camera" = Camera, Path), ("date" = Day, Path), ("time" = EventName, Path)
), responses(
    (status = 200, description = "the event as it is now", body = EventSchema),
    (status = 404, description = "there is no such event", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn unsave(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    prefix: Prefix,
    Names(names): Names<(String, String, String)>,
    raw: RawParams,
) -> Result<Response, Problem> {
    set_saved(handle, (&viewer, &prefix), &names, raw, false).await
}

async fn set_saved(
    handle: Arc<Handle>,
    (viewer, prefix): (&Viewer, &Prefix),
    names: &(String, String, String),
    raw: RawParams,
    is_saved: bool,
) -> Result<Response, Problem> {
    let id = asked(viewer, names, raw)?;
    let event = blocking(move || {
        match handle.set_saved(&id, is_saved) {
            Err(Error::Unrecorded { .. }) => {} // it is done; an alert tells of the audit
            other => other?,
        }
        handle.event(&id)
    });
    let event = event.await?.ok_or_else(Problem::not_found)?; // it went away meanwhile
    Ok(json_text(one_json(&event, prefix.as_str())))
}

/// Moves an event into the delete queue, from where it can be taken back for a day or the undo window, whichever is longer.
#[utoipa::path(delete, path = "/api/v1/events/{camera}/{date}/{time}", tag = "events", params(
    ("camera" = Camera, Path), ("date" = Day, Path), ("time" = EventName, Path)
), responses(
    (status = 200, description = "the pass by which it can be taken back", body = PassWire),
    (status = 404, description = "there is no such event", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "it is saved, or still being written", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn delete(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(names): Names<(String, String, String)>,
    raw: RawParams,
) -> Result<Response, Problem> {
    let id = asked(&viewer, &names, raw)?;
    let pass = blocking(move || handle.delete(&[id])).await?;
    if pass.pass.is_some() {
        return Ok(json(&PassWire::from(&pass)));
    }
    // Nothing was moved. What failed is in the log and in the audit.
    Err(match pass.failures.first() {
        Some(failure) if failure.is_full => Problem::full(),
        Some(failure) if failure.unreadable => Problem::internal("the event could not be moved; the log says why"),
        _ => Problem::new(StatusCode::CONFLICT, "the event was saved, or went away, in the last moment"),
    })
}

/// The event that somebody wants to change, if he may.
fn asked(viewer: &Viewer, names: &(String, String, String), raw: RawParams) -> Result<EventId, Problem> {
    viewer.may_change()?;
    Params::new(raw)?.end()?;
    event_id(names, viewer)
}
