//! Which events a user has reviewed: everyone's own state, which users without the role admin change too.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::events::located;
use crate::auth::{Prefix, Viewer};
use crate::engine::{Handle, Marks, Query, Reviewer};
use crate::event::EventId;
use crate::extract::schema::{EventPath, ReviewBody};
use crate::extract::values::TimeText;
use crate::extract::{Names, NoParams, body};
use crate::limits::blocking;
use crate::problem::{CommonResponses, NoSuchEvent, Problem};
use crate::protocol::{Directory, Event, ReviewRequest, ReviewedCount};
use crate::response::json;
use crate::time::End;

/// The most events that a request may name.
pub(super) const MAX_EVENTS: usize = 1000;

/// Whose review a response depends on, as it was, and whether it has only reviewed events, or only others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Review {
    reviewer: Reviewer,
    version: u64,
    pub wanted: Option<bool>,
}

impl Review {
    /// As it is now. What is read afterwards is at least as new.
    pub(super) fn of(marks: &Marks, wanted: Option<bool>) -> Self {
        Self { reviewer: marks.reviewer().clone(), version: marks.version(), wanted }
    }
}

#[cfg(test)]
impl Default for Review {
    fn default() -> Self {
        Self { reviewer: Reviewer::Anonymous, version: 0, wanted: None }
    }
}

/// What the user has reviewed. The first request of a user reads it from the disk.
pub(super) async fn marks_of(handle: &Arc<Handle>, viewer: &Viewer) -> Result<Arc<Marks>, Problem> {
    let reviewer = viewer.reviewer();
    if let Some(marks) = handle.known_reviewed_by(&reviewer) {
        return Ok(marks);
    }
    let handle = Arc::clone(handle);
    blocking(move || Ok(handle.reviewed_by(&reviewer))).await
}

/// Notes that the user has reviewed an event. Nothing changes if it was noted before.
#[utoipa::path(put, path = "/api/v1/events/{camera}/{date}/{time}/reviewed", tag = "events", params(EventPath), responses(
    (status = 200, description = "the event after the change", body = Event),
    NoSuchEvent, CommonResponses
))]
pub(crate) async fn review(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    prefix: Prefix,
    Names(names): Names<(String, String, String)>,
    _: NoParams,
) -> Result<Response, Problem> {
    set_reviewed(handle, (&viewer, &prefix), &names, true).await
}

/// Notes that the user has not reviewed an event. Nothing changes if it is not reviewed.
#[utoipa::path(delete, path = "/api/v1/events/{camera}/{date}/{time}/reviewed", tag = "events", params(EventPath), responses(
    (status = 200, description = "the event after the change", body = Event),
    NoSuchEvent, CommonResponses
))]
pub(crate) async fn unreview(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    prefix: Prefix,
    Names(names): Names<(String, String, String)>,
    _: NoParams,
) -> Result<Response, Problem> {
    set_reviewed(handle, (&viewer, &prefix), &names, false).await
}

async fn set_reviewed(
    handle: Arc<Handle>,
    (viewer, prefix): (&Viewer, &Prefix),
    (camera, date, time): &(String, String, String),
    reviewed: bool,
) -> Result<Response, Problem> {
    let id = viewer.event_id(camera, date, time)?;
    let (marks, stores) = (marks_of(&handle, viewer).await?, viewer.usable_stores(&handle));
    let (changer, marked) = (Arc::clone(&handle), Arc::clone(&marks));
    let events = BTreeSet::from([id.clone()]);
    blocking(move || changer.set_reviewed(&marked, &events, reviewed, &stores)).await?;
    let event = located(&handle, viewer, &id).await?;
    Ok(json(&Event::new(&event, &Directory::new(prefix.as_str(), &id)).reviewed(marks.has(&id))))
}

/// Notes that the user has reviewed many events, or has not: up to 1000 named ones, or all of cameras and a range of starts. Events that do not
/// exist are passed over.
#[utoipa::path(post, path = "/api/v1/reviewed", tag = "events", request_body = ReviewBody, responses(
    (status = 200, description = "how many events changed", body = ReviewedCount),
    (status = 413, description = "the body is too large", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn review_many(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    _: NoParams,
    request: Request,
) -> Result<Response, Problem> {
    let request: ReviewRequest = body::json(request).await?;
    let (reviewed, stores) = (request.reviewed, viewer.usable_stores(&handle));
    let selection = Selection::of(request, &viewer, &handle)?;
    let marks = marks_of(&handle, &viewer).await?;
    let changed = blocking(move || match selection {
        Selection::Events(events) => handle.set_reviewed(&marks, &events, reviewed, &stores),
        Selection::All(query) => handle.set_all_reviewed(&marks, &query, reviewed, &stores),
    });
    Ok(json(&ReviewedCount { events: changed.await? }))
}

/// The events of a request.
enum Selection {
    Events(BTreeSet<EventId>),
    All(Query),
}

impl Selection {
    /// Those that the user can see; 400 for a request that names none.
    fn of(request: ReviewRequest, viewer: &Viewer, handle: &Handle) -> Result<Self, Problem> {
        let ReviewRequest { events, camera, from, to, .. } = request;
        let is_range = camera.is_some() || from.is_some() || to.is_some();
        let bad = |why: &str| Err(Problem::new(StatusCode::BAD_REQUEST, why));
        match (events, is_range) {
            (Some(_), true) => bad("name either events, or camera, from and to"),
            (None, false) => bad("name events, or at least one of camera, from and to"),
            (Some(events), false) => visible(events, viewer).map(Self::Events),
            (None, true) => {
                let mut query =
                    camera.iter().flatten().fold(Query::new(), |query, camera| query.camera(camera.as_str()));
                if camera.is_some_and(|cameras| cameras.is_empty()) {
                    query = query.within(&BTreeSet::new());
                }
                if let Some(from) = from {
                    query = query.from(TimeText::from(from).resolve("from", End::From, handle.now())?);
                }
                if let Some(to) = to {
                    query = query.to(TimeText::from(to).resolve("to", End::To, handle.now())?);
                }
                if let Some(cameras) = viewer.cameras() {
                    query = query.within(cameras);
                }
                Ok(Self::All(query))
            }
        }
    }
}

/// Those of these events whose cameras the user can see; 400 if there are too many.
pub(super) fn visible(events: Vec<EventId>, viewer: &Viewer) -> Result<BTreeSet<EventId>, Problem> {
    at_most(&events)?;
    Ok(events.into_iter().filter(|id| viewer.sees(&id.camera)).collect())
}

/// 400 for more events than a request may name.
pub(super) fn at_most(events: &[EventId]) -> Result<(), Problem> {
    if events.len() <= MAX_EVENTS {
        return Ok(());
    }
    Err(Problem::new(StatusCode::BAD_REQUEST, format!("events: at most {MAX_EVENTS} in a request")))
}
