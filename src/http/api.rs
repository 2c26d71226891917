//! The API of Owlery's own, version 1, and the health of the service.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use serde::Serialize;

use super::blocking;
use super::error::Problem;
use super::params::{Params, RawParams};
use super::viewer::Viewer;
use super::web::Web;
use super::wire::{CamerasWire, ImageWire, event_json, event_path, page_json, segment};
use crate::catalog::{Cursor, Order, Query};
use crate::event::{self, EventId};
use crate::service::Handle;
use crate::time::End;

/// The most events of a page.
const MOST: usize = 1000;

pub(super) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => answer(body),
        Err(error) => Problem::internal(error).into_response(),
    }
}

pub(super) fn answer(json: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json.into()).into_response()
}

/// A list that is the same as long as the catalog is: answered with a tag, and with 304 to whoever has it.
async fn tagged(
    handle: &Handle,
    headers: &HeaderMap,
    body: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    let tag = format!("W/\"{:x}-{}\"", handle.epoch(), handle.generation());
    let etag: Option<ETag> = tag.parse().ok();
    let has_it = headers
        .typed_get::<IfNoneMatch>()
        .is_some_and(|known| etag.as_ref().is_some_and(|etag| !known.precondition_passes(etag)));
    let mut response = if has_it { StatusCode::NOT_MODIFIED.into_response() } else { body.await? };
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    Ok(response)
}

pub(super) async fn cameras(
    State(handle): State<Arc<Handle>>,
    headers: HeaderMap,
    raw: RawParams,
) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    let asked = Arc::clone(&handle);
    tagged(&handle, &headers, async {
        let stats = blocking(move || asked.stats(None)).await?; // it looks at the disk
        Ok(json(&CamerasWire::from(stats)))
    })
    .await
}

pub(super) async fn events(State(web): State<Web>, headers: HeaderMap, raw: RawParams) -> Result<Response, Problem> {
    let (handle, pages) = (&web.handle, &web.pages);
    let query = query(Params::new(raw)?, handle)?;
    // Queries take a fraction of a millisecond: less than handing them to another thread and back.
    tagged(handle, &headers, async {
        let generation = handle.generation();
        if let Some(page) = pages.get(generation, &query) {
            return Ok(answer(page));
        }
        let page = handle.events(&query)?;
        let body = Bytes::from(page_json(&page));
        pages.put(generation, query, body.clone());
        Ok(answer(body))
    })
    .await
}

fn query(mut params: Params, handle: &Handle) -> Result<Query, Problem> {
    let now = handle.now();
    let mut query = Query::new();
    for camera in params.all("camera") {
        let name: event::Camera = camera.parse().map_err(|error| Problem::parameter("camera", format!("{error}")))?;
        query = query.camera(name.as_str());
    }
    if let Some(from) = params.time("from", End::From, now)? {
        query = query.from(from);
    }
    if let Some(to) = params.time("to", End::To, now)? {
        query = query.to(to);
    }
    if let Some(saved) = params.parsed("saved", "true or false")? {
        query = query.saved(saved);
    }
    if let Some(seconds) = params.parsed("min_seconds", "a number of seconds")? {
        query = query.min_seconds(seconds);
    }
    if let Some(change) = params.parsed("min_change", "a number of pixels")? {
        query = query.min_change(change);
    }
    if let Some(word) = params.text("state")? {
        let state = event::State::of(&word);
        query =
            query.state(state.ok_or_else(|| Problem::parameter("state", "state is open, complete or interrupted"))?);
    }
    match params.text("order")?.as_deref() {
        None | Some("desc") => {}
        Some("asc") => query = query.order(Order::Asc),
        Some(_) => return Err(Problem::parameter("order", "order is asc or desc")),
    }
    if let Some(limit) = params.parsed("limit", "a number from 1 to 1000")? {
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::parameter("limit", format!("limit={limit} is not a number from 1 to {MOST}")));
        }
        query = query.limit(limit);
    }
    if let Some(cursor) = params.parsed::<Cursor>("cursor", "a cursor of an earlier page")? {
        query = query.cursor(cursor);
    }
    params.end()?;
    Ok(query)
}

pub(super) async fn event(
    State(handle): State<Arc<Handle>>,
    Path((camera, date, time)): Path<(String, String, String)>,
    raw: RawParams,
) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    let parse = || -> crate::Result<EventId> {
        Ok(EventId { camera: camera.parse()?, day: date.parse()?, name: time.parse()? })
    };
    let id = parse().map_err(|_| Problem::not_found())?;
    let event = handle.event(&id)?.ok_or_else(Problem::not_found)?;
    let images = blocking(move || handle.images(&id)).await?;
    let path = event_path(&event);
    let image = |(name, bytes): (String, u64)| {
        let url = format!("/media/{path}/{}", segment(&name));
        ImageWire { name, bytes, url }
    };
    let images: Vec<ImageWire> = images.into_iter().map(image).collect();
    Ok(answer(event_json(&event, &images)))
}

/// Answers as long as the process does.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "it lives", body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// What is not ready, and why.
    waiting: std::collections::BTreeMap<&'static str, String>,
    /// What a rule of retention asks for and cannot be done.
    alerts: Vec<String>,
    days: u64,
    days_done: u64,
    events: u64,
}

/// The same for whoever does not see all cameras.
#[derive(Serialize)]
struct ReadinessOnly {
    ready: bool,
    waiting: std::collections::BTreeMap<&'static str, &'static str>,
}

/// Whether every event can be queried and news arrive; 503 and the reasons if not.
pub(super) async fn readyz(State(handle): State<Arc<Handle>>, viewer: Viewer) -> Response {
    use std::sync::atomic::Ordering::Relaxed;
    let troubles = handle.status.troubles();
    let progress = &handle.status.progress;
    if !viewer.sees_all() {
        // Which parts wait is for everybody who may want to wait too; why, and for how much, tells of cameras.
        let ready = troubles.is_empty();
        let waiting = troubles.into_keys().map(|part| (part.as_str(), "")).collect();
        return (readiness_status(ready), json(&ReadinessOnly { ready, waiting })).into_response();
    }
    let readiness = Readiness {
        ready: troubles.is_empty(),
        waiting: troubles.into_iter().map(|(part, trouble)| (part.as_str(), trouble)).collect(),
        alerts: handle.status.alerts(),
        days: progress.days.load(Relaxed),
        days_done: progress.days_done.load(Relaxed),
        events: progress.events.load(Relaxed),
    };
    (readiness_status(readiness.ready), json(&readiness)).into_response()
}

fn readiness_status(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
