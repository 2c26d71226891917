//! The two routes of the strix web UI: `/api/cameras/list` and `/api/events/{cameras}`. Their format is exactly that of strix.

mod event;
mod pieces;

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::auth::Viewer;
use crate::engine::{Handle, NamedRange};
use crate::event::strix::TIME_FORMAT;
use crate::event::text::Text;
use crate::event::{Camera, Day, EventName};
use crate::extract::schema::{Moment, StrixCamera};
use crate::extract::values::{Count, TimeText};
use crate::extract::{Names, NoParams, Params};
use crate::limits::Reads;
use crate::problem::{CommonResponses, Problem};
use crate::response::{json, json_text, no_body};
use crate::time::End;
use event::StrixEvent;
use pieces::{JSON, MAX_PIECE, Scope};

/// The cameras and the ports of their live streams.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StrixCameras)]
struct Cameras {
    #[schema(value_type = Vec<StrixCamera>)]
    cameras: Vec<(String, u16)>,
}

/// The cameras, for strix.
#[utoipa::path(get, path = "/api/cameras/list", tag = "strix", operation_id = "strix_cameras", responses(
    (status = 200, description = "every camera with the port of its live stream", body = Cameras),
    CommonResponses
))]
pub(crate) async fn cameras(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    _: NoParams,
) -> Result<Response, Problem> {
    let cameras = handle.cameras()?.into_iter().filter(|info| viewer.sees(&info.summary.camera));
    Ok(json(&Cameras { cameras: cameras.map(|info| (info.summary.camera.to_string(), info.port)).collect() }))
}

/// A page of events in strix's format. Written camera by camera, since it may be the whole archive.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StrixEvents)]
struct EventPage {
    start: String,
    end: String,
    offset: u64,
    limit: u64,
    /// The events of each camera, in the requested order of the cameras.
    #[serde(skip)]
    #[schema(value_type = std::collections::BTreeMap<String, Vec<StrixEvent>>)]
    #[allow(dead_code)] // only its description is used: `render` writes it
    events: (),
}

/// After every event that has a time.
const LAST: (Day, EventName) = (Day::LAST, EventName::Time(86_399));

/// The start of strix's default range.
const DEFAULT_START: &str = "1985-10-26 01:22:00";

/// The parameters of a page of events for strix.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StrixParams {
    /// only events whose directories are named for then or later
    #[param(value_type = Option<Moment>)]
    start: Option<TimeText>,
    /// only events whose directories are named for then or earlier
    #[param(value_type = Option<Moment>)]
    end: Option<TimeText>,
    /// how many of the newest to leave out
    #[param(value_type = Option<u64>, minimum = 0, maximum = 18_446_744_073_709_551_615u64)]
    offset: Option<Count>,
    /// the most events of each camera; 0 for all; 10 by default
    #[param(value_type = Option<u64>, minimum = 0, maximum = 18_446_744_073_709_551_615u64)]
    limit: Option<Count>,
}

/// Events of some cameras, for strix: of each camera the newest `limit` after `offset`, oldest first.
#[utoipa::path(get, path = "/api/events/{cameras}", tag = "strix", operation_id = "strix_events", params(
    ("cameras" = String, Path, description = "cameras, separated by commas", example = "Camera1,Camera2"),
    StrixParams
), responses(
    (status = 200, description = "the events of the requested cameras", body = EventPage),
    (status = 404, description = "not found", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn events(
    State(handle): State<Arc<Handle>>,
    State(reads): State<Arc<Reads>>,
    viewer: Viewer,
    method: Method,
    Names(cameras): Names<String>,
    Params(params): Params<StrixParams>,
) -> Result<Response, Problem> {
    let now = handle.now();
    let epoch = NaiveDateTime::parse_from_str(DEFAULT_START, TIME_FORMAT).unwrap_or_default();
    let start = params.start.map_or(Ok(epoch), |start| start.resolve("start", End::From, now))?;
    let end = params.end.map(|end| end.resolve("end", End::To, now)).transpose()?;
    let offset = params.offset.map_or(0, |offset| offset.0);
    let limit = params.limit.map_or(10, |limit| limit.0);
    let is_open = end.is_none();
    let range = NamedRange {
        from: bound("start", start)?,
        // Without an end, all events: Motion's clock may be ahead of ours.
        to: end.map_or(Ok(LAST), |end| bound("end", end))?,
        offset,
        limit: (limit > 0).then_some(limit),
    };
    let time = |time: NaiveDateTime| Text::of_time(time, b' ').to_string();
    let mut head = EventPage { start: time(start), end: time(end.unwrap_or(now.local)), offset, limit, events: () };
    let mut seen = HashSet::new();
    let names = cameras.split(',').filter(|name| seen.insert(*name));
    // An unknown camera has no events.
    let cameras = names.map(|name| (name.to_owned(), name.parse().ok().filter(|camera| viewer.sees(camera))));
    let cameras: Vec<(String, Option<Camera>)> = cameras.collect();
    let scope = Scope { range, shows_root: viewer.sees_all() };
    // A short page is made at once; a long one is read and sent in pieces, as fast as its client reads.
    let is_short = limit > 0 && limit.saturating_mul(cameras.len() as u64) <= MAX_PIECE;
    if is_short {
        let render = move || {
            if is_open {
                head.end = time(open_end(&handle, &cameras, now.local)?);
            }
            render(&handle, &head, &cameras, &scope)
        };
        return Ok(json_text(reads.long(render).await?));
    }
    if method == Method::HEAD {
        return Ok(json_text(no_body()));
    }
    if is_open {
        let (reader, cameras) = (Arc::clone(&handle), cameras.clone());
        head.end = time(reads.long(move || open_end(&reader, &cameras, now.local)).await?);
    }
    Ok(json_text(pieces::body((handle, reads), begin(&head), cameras, scope)))
}

/// The end of a list without a requested end: now, or the newest event if that is in the future.
fn open_end(
    handle: &Handle,
    cameras: &[(String, Option<Camera>)],
    now: NaiveDateTime,
) -> crate::error::Result<NaiveDateTime> {
    let Ok(from) = bound("end", now) else { return Ok(now) };
    let range = NamedRange { from, to: LAST, offset: 0, limit: Some(1) };
    let mut end = now;
    for camera in cameras.iter().filter_map(|(_, camera)| camera.as_ref()) {
        let ahead = handle.named(camera, &range)?;
        end = ahead.iter().filter_map(|event| event.id.named_time()).fold(end, NaiveDateTime::max);
    }
    Ok(end)
}

/// The beginning of the page, up to the first camera.
fn begin(head: &EventPage) -> Vec<u8> {
    let mut out = serde_json::to_vec(head).expect(JSON);
    out.pop(); // the brace; the events go before it
    out.extend_from_slice(b",\"events\":{");
    out
}

/// The page as JSON.
fn render(
    handle: &Handle,
    head: &EventPage,
    cameras: &[(String, Option<Camera>)],
    scope: &Scope,
) -> crate::error::Result<Vec<u8>> {
    let mut out = begin(head);
    for (at, (name, camera)) in cameras.iter().enumerate() {
        let events = camera.as_ref().map(|camera| handle.named(camera, &scope.range)).transpose()?.unwrap_or_default();
        let events: Vec<StrixEvent> =
            events.iter().map(|event| StrixEvent::of(handle, event, scope.shows_root)).collect();
        if at > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut out, name).expect(JSON);
        out.push(b':');
        serde_json::to_writer(&mut out, &events).expect(JSON);
    }
    out.extend_from_slice(b"}}");
    Ok(out)
}

fn bound(parameter: &str, time: NaiveDateTime) -> Result<(Day, EventName), Problem> {
    let day = Day::try_from(time.date()).map_err(|error| Problem::parameter(parameter, error.to_string()))?;
    Ok((day, EventName::Time(chrono::Timelike::num_seconds_from_midnight(&time))))
}
