//! `/api/v1/events`: pages of events, and one event with its pictures.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::page_cache::{Key, PageCache};
use super::reviewed::{Review, marks_of};
use super::tagged::tagged;
use crate::auth::Viewer;
use crate::auth::{Prefix, vary_on_prefix};
use crate::convert;
use crate::engine::{Handle, LocatedPage, Marks, Order, Query};
use crate::event::{Camera, EventId, Located, State as EventState};
use crate::extract::schema::{CursorText, Direction, EventPath, Moment, RegionText};
use crate::extract::values::{EventCursor, Flag, Limit, Pixels, Rectangle, Seconds, TimeText};
use crate::extract::{Names, NoParams, Params};
use crate::limits::{Reads, blocking};
use crate::media::images_of;
use crate::problem::{CommonResponses, NoSuchEvent, Problem};
use crate::protocol::{Directory, Event, EventPage, EventWithImages, Image};
use crate::response::{json, json_text};
use crate::time::End;

/// The parameters of a page of events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsParams {
    /// only events of this camera; repeats
    #[serde(default)]
    #[param(value_type = Option<Vec<Camera>>)]
    camera: Vec<Camera>,
    /// only events that start then or later
    #[param(value_type = Option<Moment>)]
    from: Option<TimeText>,
    /// only events that start then or earlier; a bare day is included
    #[param(value_type = Option<Moment>)]
    to: Option<TimeText>,
    /// only saved events, or only others
    #[param(value_type = Option<bool>)]
    saved: Option<Flag>,
    /// only events that the user has reviewed, or only others
    #[param(value_type = Option<bool>)]
    reviewed: Option<Flag>,
    /// only events at least this long
    #[param(value_type = Option<u32>, minimum = 0, maximum = 4_294_967_295u32)]
    min_seconds: Option<Seconds>,
    /// only events in which at least so many pixels changed from one frame to the next
    #[param(value_type = Option<u32>, minimum = 0, maximum = 4_294_967_295u32)]
    min_change: Option<Pixels>,
    /// only events in which something moved in this rectangle, to an eighth of the picture's width and height; events
    /// without motion information never match
    #[param(value_type = Option<RegionText>)]
    region: Option<Rectangle>,
    /// only events in this state
    state: Option<EventState>,
    /// newest first, which is the default, or oldest first
    order: Option<Direction>,
    /// the most events of the page; 50 by default
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<Limit>,
    /// the `next` of the page before
    #[param(value_type = Option<CursorText>)]
    cursor: Option<EventCursor>,
}

/// A page of events.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventsParams), responses(
    (status = 200, description = "the page", body = EventPage, headers(("ETag", description = "holds until something changes"))),
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
    Params(params): Params<EventsParams>,
) -> Result<Response, Problem> {
    let wanted = params.reviewed.map(|Flag(reviewed)| reviewed);
    let mut query = query(params, &handle)?;
    if let Some(cameras) = viewer.cameras() {
        query = query.within(cameras); // so a cached page holds only cameras that the user can see
    }
    let stores = viewer.usable_stores(&handle);
    let marks = marks_of(&handle, &viewer).await?;
    let key: Key = (prefix, query, stores, Review::of(&marks, wanted));
    // Most queries take a fraction of a millisecond, less than a switch to another thread.
    tagged(&handle, &viewer, &key, &headers, async {
        let generation = handle.generation();
        if let Some(page) = pages.get(generation, &key) {
            return Ok(json_text(page));
        }
        let page = page(&handle, &reads, &key, &marks).await?;
        let next = page.next.map(|next| next.to_string());
        let reviewed = marks.has_each(page.events.iter().map(|located| &located.event.id));
        let body = Bytes::from(EventPage::new(&page.events, Some(&reviewed), next, key.0.as_str()).to_json());
        pages.put(generation, key.clone(), body.clone());
        Ok(json_text(body))
    })
    .await
}

/// The events of a page.
async fn page(handle: &Arc<Handle>, reads: &Reads, key: &Key, marks: &Arc<Marks>) -> Result<LocatedPage, Problem> {
    let (_, query, stores, review) = key;
    if review.wanted.is_none() && !query.may_take_long() && !handle.may_wait_for_a_store(stores) {
        return Ok(handle.located_events(query, stores)?);
    }
    let (handle, marks) = (Arc::clone(handle), Arc::clone(marks));
    let (query, stores, wanted) = (query.clone(), stores.clone(), review.wanted);
    let read = move || match wanted {
        None => handle.located_events(&query, &stores),
        Some(reviewed) => handle.located_events_by_review(&query, &marks, reviewed, &stores),
    };
    reads.long(read).await
}

fn query(params: EventsParams, handle: &Handle) -> Result<Query, Problem> {
    let now = handle.now();
    let mut query = params.camera.iter().fold(Query::new(), |query, camera| query.camera(camera.as_str()));
    if let Some(from) = params.from {
        query = query.from(from.resolve("from", End::From, now)?);
    }
    if let Some(to) = params.to {
        query = query.to(to.resolve("to", End::To, now)?);
    }
    if let Some(Flag(saved)) = params.saved {
        query = query.saved(saved);
    }
    if let Some(Seconds(seconds)) = params.min_seconds {
        query = query.min_seconds(seconds);
    }
    if let Some(Pixels(change)) = params.min_change {
        query = query.min_change(change);
    }
    if let Some(Rectangle(region)) = params.region {
        query = query.region(region);
    }
    if let Some(state) = params.state {
        query = query.state(state);
    }
    if let Some(Direction::Asc) = params.order {
        query = query.order(Order::Asc);
    }
    if let Some(Limit(limit)) = params.limit {
        query = query.limit(limit);
    }
    if let Some(EventCursor(cursor)) = params.cursor {
        query = query.cursor(cursor);
    }
    Ok(query)
}

/// One event with its pictures, and when it will expire.
#[utoipa::path(get, path = "/api/v1/events/{camera}/{date}/{time}", tag = "events", params(EventPath), responses(
    (status = 200, description = "the event", body = EventWithImages),
    NoSuchEvent, CommonResponses
))]
pub(crate) async fn event(
    State(handle): State<Arc<Handle>>,
    State(reads): State<Arc<Reads>>,
    viewer: Viewer,
    prefix: Prefix,
    Names((camera, date, time)): Names<(String, String, String)>,
    _: NoParams,
) -> Result<Response, Problem> {
    let id = viewer.event_id(&camera, &date, &time)?;
    let event = located(&handle, &viewer, &id).await?;
    let (reader, scope, looked_at) = (Arc::clone(&handle), viewer.clone(), event.clone());
    let expires = blocking(move || reader.expiry(&looked_at, scope.cameras())).await?.map(convert::expires);
    let images = images_of(&handle, &viewer, &reads, &id).await?;
    let reviewed = marks_of(&handle, &viewer).await?.has(&id);
    let directory = Directory::new(prefix.as_str(), &event.event.id);
    let images = images.iter().map(|(name, bytes)| Image { name, bytes: *bytes, url: directory.file(name) });
    let images = images.collect();
    let mut response =
        json(&EventWithImages { event: Event::new(&event, &directory).reviewed(reviewed), images, expires });
    vary_on_prefix(response.headers_mut());
    Ok(response)
}

/// An event of the archive, or of a store that the user may use; 404 if there is none.
pub(crate) async fn located(handle: &Arc<Handle>, viewer: &Viewer, id: &EventId) -> Result<Located, Problem> {
    let stores = viewer.usable_stores(handle);
    let found = if handle.may_wait_for_a_store(&stores) {
        let (handle, id) = (Arc::clone(handle), id.clone());
        blocking(move || handle.located_event(&id, &stores)).await?
    } else {
        handle.located_event(id, &stores)?
    };
    found.ok_or_else(Problem::not_found)
}
