//! `/api/v1/events`: pages of events, and one event with its pictures.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::{PageCache, event_id, limit_of, tagged};
use crate::catalog::{Cursor, Order, Query};
use crate::event;
use crate::event::Camera;
use crate::http::auth::Viewer;
use crate::http::auth::{Prefix, vary_on_prefix};
use crate::http::extract::schema::{CursorText, Direction, Moment};
use crate::http::extract::{Names, Params, RawParams};
use crate::http::limits::Reads;
use crate::http::problem::{CommonResponses, Problem};
use crate::http::response::json_text;
use crate::http::wire::{
    EventWithImagesSchema, ImageWire, PageSchema, StateSchema, event_json, event_path, page_json, segment,
};
use crate::service::Handle;
use crate::time::End;

/// A page of events.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(
    ("camera" = Option<Vec<Camera>>, Query, description = "only events of this camera; repeats"),
    ("from" = Option<Moment>, Query, description = "only events that start then or later"),
    ("to" = Option<Moment>, Query, description = "only events that start then or earlier; a bare day is included"),
    ("saved" = Option<bool>, Query, description = "only saved events, or only others"),
    ("min_seconds" = Option<u32>, Query, description = "only events at least this long", minimum = 0, maximum = 4_294_967_295u32),
    ("min_change" = Option<u32>, Query, description = "only events in which at least so many pixels changed from one frame to the next", minimum = 0, maximum = 4_294_967_295u32),
    ("state" = Option<StateSchema>, Query, description = "only events in this state"),
    ("order" = Option<Direction>, Query, description = "newest first, which is the default, or oldest first"),
    ("limit" = Option<u32>, Query, description = "the most events of the page; 50 by default", minimum = 1, maximum = 1000),
    ("cursor" = Option<CursorText>, Query, description = "the `next` of the page before")
), responses(
    (status = 200, description = "the page", body = PageSchema, headers(("ETag", description = "holds until something changes"))),
    (status = 304, description = "nothing has changed"),
    CommonResponses
))]
pub(crate) async fn events(
    State(handle): State<Arc<Handle>>,
    State(pages): State<Arc<PageCache>>,
    State(reads): State<Arc<Reads>>,
    viewer: Viewer,
    prefix: Prefix,
    headers: HeaderMap,
    raw: RawParams,
) -> Result<Response, Problem> {
    let mut query = query(Params::new(raw)?, &handle)?;
    if let Some(cameras) = viewer.cameras() {
        query = query.within(cameras); // so a cached page holds only cameras that the user can see
    }
    let key = (prefix, query);
    // Most queries take a fraction of a millisecond, less than a switch to another thread.
    tagged(&handle, &viewer, &key, &headers, async {
        let generation = handle.generation();
        if let Some(page) = pages.get(generation, &key) {
            return Ok(json_text(page));
        }
        let page = if key.1.may_take_long() {
            let (handle, query) = (Arc::clone(&handle), key.1.clone());
            reads.long(move || handle.events(&query)).await?
        } else {
            handle.events(&key.1)?
        };
        let body = Bytes::from(page_json(&page, key.0.as_str()));
        pages.put(generation, key.clone(), body.clone());
        Ok(json_text(body))
    })
    .await
}

fn query(mut params: Params, handle: &Handle) -> Result<Query, Problem> {
    let now = handle.now();
    let mut query = Query::new();
    for camera in params.cameras("camera")? {
        query = query.camera(camera.as_str());
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
    if let Some(state) = params.state("state")? {
        query = query.state(state);
    }
    match params.text("order")?.as_deref() {
        None | Some("desc") => {}
        Some("asc") => query = query.order(Order::Asc),
        Some(_) => return Err(Problem::parameter("order", "order is asc or desc")),
    }
    if let Some(limit) = limit_of(&mut params)? {
        query = query.limit(limit);
    }
    if let Some(cursor) = params.parsed::<Cursor>("cursor", "a cursor of an earlier page")? {
        query = query.cursor(cursor);
    }
    params.end()?;
    Ok(query)
}

/// One event with its pictures.
#[utoipa::path(get, path = "/api/v1/events/{camera}/{date}/{time}", tag = "events", params(
    ("camera" = Camera, Path), ("date" = event::Day, Path), ("time" = event::EventName, Path)
), responses(
    (status = 200, description = "the event", body = EventWithImagesSchema),
    (status = 404, description = "there is no such event", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn event(
    State(handle): State<Arc<Handle>>,
    State(reads): State<Arc<Reads>>,
    viewer: Viewer,
    prefix: Prefix,
    Names(names): Names<(String, String, String)>,
    raw: RawParams,
) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    let id = event_id(&names, &viewer)?;
    let event = handle.event(&id)?.ok_or_else(Problem::not_found)?;
    let images = reads.listing(move || handle.images(&id)).await?;
    let path = event_path(&event);
    let image = |(name, bytes): (String, u64)| {
        let url = format!("{prefix}/media/{path}/{}", segment(&name));
        ImageWire { name, bytes, url }
    };
    let images: Vec<ImageWire> = images.into_iter().map(image).collect();
    let mut response = json_text(event_json(&event, &images, prefix.as_str()));
    vary_on_prefix(response.headers_mut());
    Ok(response)
}
