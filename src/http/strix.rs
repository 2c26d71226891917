//! The two routes that the strix web UI asks, to the letter: `/api/cameras/list` and `/api/events/{cameras}`.

mod pieces;

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use chrono::NaiveDateTime;
use serde::Serialize;

use super::api::{Common, answer, json};
use super::described::{Moment, StrixCamera};
use super::error::Problem;
use super::no_body;
use super::params::{Names, Params, RawParams};
use super::viewer::Viewer;
use super::web::Web;
use super::wire::{event_path, segments};
use crate::archive::{MISSING, TIME, title};
use crate::catalog::NamedRange;
use crate::event::text::Text;
use crate::event::{Camera, Day, DebugMovie, Event, EventName, MovieName, Thumbnail};
use crate::service::Handle;
use crate::time::End;

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
    Common
))]
pub(super) async fn cameras(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    raw: RawParams,
) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    let cameras = handle.cameras()?.into_iter().filter(|info| viewer.sees(&info.summary.camera));
    Ok(json(&Cameras { cameras: cameras.map(|info| (info.summary.camera.to_string(), info.port)).collect() }))
}

/// A page of events, in strix's shape; written camera by camera, since it may be the whole archive.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StrixEvents)]
struct Answer {
    start: String,
    end: String,
    offset: u64,
    limit: u64,
    /// The events of each camera, in the order in which the cameras were asked for.
    #[serde(skip)]
    #[schema(value_type = std::collections::BTreeMap<String, Vec<EventWire>>)]
    #[allow(dead_code)] // only described: `render` writes it
    events: (),
}

/// An event, in strix's shape.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StrixEvent)]
struct EventWire {
    start: String,
    end: String,
    title: String,
    video: String,
    debug_video: String,
    thumbnail: String,
    #[schema(value_type = Vec<String>, max_items = 0)]
    images: [String; 0],
    saved: bool,
    event_path: String,
}

/// After every event that has a time.
const LAST: (Day, EventName) = (Day::LAST, EventName::Time(86_399));

/// strix's own beginning of time.
const EPOCH: &str = "1985-10-26 01:22:00";

/// Events of some cameras, for strix: of each the newest `limit` after `offset`, oldest first.
#[utoipa::path(get, path = "/api/events/{cameras}", tag = "strix", operation_id = "strix_events", params(
    ("cameras" = String, Path, description = "cameras, separated by commas", example = "Camera1,Camera2"),
    ("start" = Option<Moment>, Query, description = "only events whose directories are named for then or later"),
    ("end" = Option<Moment>, Query, description = "only events whose directories are named for then or earlier"),
    ("offset" = Option<u64>, Query, description = "how many of the newest to leave out", minimum = 0, maximum = 18_446_744_073_709_551_615u64),
    ("limit" = Option<u64>, Query, description = "the most of each camera; 0 for all; 10 by default", minimum = 0, maximum = 18_446_744_073_709_551_615u64)
), responses(
    (status = 200, description = "the events of each camera that was asked for", body = Answer),
    (status = 404, description = "there is nothing here", body = Problem, content_type = "application/problem+json"),
    Common
))]
pub(super) async fn events(
    State(web): State<Web>,
    viewer: Viewer,
    method: Method,
    Names(cameras): Names<String>,
    raw: RawParams,
) -> Result<Response, Problem> {
    let mut params = Params::new(raw)?;
    let now = web.handle.now();
    let epoch = NaiveDateTime::parse_from_str(EPOCH, TIME).unwrap_or_default();
    let start = params.time("start", End::From, now)?.unwrap_or(epoch);
    let end = params.time("end", End::To, now)?;
    let offset = params.parsed("offset", "a number")?.unwrap_or(0u64);
    let limit = params.parsed("limit", "a number")?.unwrap_or(10u64);
    params.end()?;
    let is_open = end.is_none();
    let range = NamedRange {
        from: bound("start", start)?,
        // Without an end, all there is: Motion's clock may be ahead of ours.
        to: end.map_or(Ok(LAST), |end| bound("end", end))?,
        offset,
        limit: (limit > 0).then_some(limit),
    };
    let time = |time: NaiveDateTime| Text::of_time(time, b' ').to_string();
    let mut head = Answer { start: time(start), end: time(end.unwrap_or(now.local)), offset, limit, events: () };
    let mut seen = HashSet::new();
    let names = cameras.split(',').filter(|name| seen.insert(*name));
    // An unknown camera has no events.
    let asked = names.map(|name| (name.to_owned(), name.parse().ok().filter(|camera| viewer.sees(camera))));
    let asked: Vec<(String, Option<Camera>)> = asked.collect();
    let scope = Scope { range, shows_root: viewer.sees_all() };
    // The usual question is answered at once; what may be long is read and sent in pieces, as fast as its client takes it.
    let is_short = limit > 0 && limit.saturating_mul(asked.len() as u64) <= SHORT;
    if is_short {
        let handle = Arc::clone(&web.handle);
        let render = move || {
            if is_open {
                head.end = time(open_end(&handle, &asked, now.local)?);
            }
            render(&handle, &head, &asked, &scope)
        };
        return Ok(answer(web.read_long(render).await?));
    }
    if method == Method::HEAD {
        return Ok(answer(no_body()));
    }
    if is_open {
        let (handle, cameras) = (Arc::clone(&web.handle), asked.clone());
        head.end = time(web.read_long(move || open_end(&handle, &cameras, now.local)).await?);
    }
    Ok(answer(pieces::body(web, begin(&head), asked, scope)))
}

/// Where a list ends that was asked for without an end: now, or at the newest event where that lies ahead.
fn open_end(handle: &Handle, asked: &[(String, Option<Camera>)], now: NaiveDateTime) -> crate::Result<NaiveDateTime> {
    let Ok(from) = bound("end", now) else { return Ok(now) };
    let range = NamedRange { from, to: LAST, offset: 0, limit: Some(1) };
    let mut end = now;
    for camera in asked.iter().filter_map(|(_, camera)| camera.as_ref()) {
        let ahead = handle.named(camera, &range)?;
        end = ahead.iter().filter_map(|event| event.id.named_time()).fold(end, NaiveDateTime::max);
    }
    Ok(end)
}

/// The most events that are sent in one piece.
const SHORT: u64 = 128;

/// Which events are asked for, and by whom.
#[derive(Debug, Clone)]
struct Scope {
    range: NamedRange,
    /// Whether the absolute path of the archive is told; not to users who see only some cameras.
    shows_root: bool,
}

/// The answer's beginning, up to the first camera.
fn begin(head: &Answer) -> Vec<u8> {
    let mut out = serde_json::to_vec(head).expect(JSON);
    out.pop(); // the brace; the events go before it
    out.extend_from_slice(b",\"events\":{");
    out
}

const JSON: &str = "texts and numbers are JSON";

/// The answer as JSON.
fn render(handle: &Handle, head: &Answer, asked: &[(String, Option<Camera>)], scope: &Scope) -> crate::Result<Vec<u8>> {
    let mut out = begin(head);
    for (at, (name, camera)) in asked.iter().enumerate() {
        let events = camera.as_ref().map(|camera| handle.named(camera, &scope.range)).transpose()?.unwrap_or_default();
        let events: Vec<EventWire> = events.iter().map(|event| wire(handle, event, scope.shows_root)).collect();
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

fn wire(handle: &Handle, event: &Event, shows_root: bool) -> EventWire {
    let details = &event.details;
    let below = event_path(event);
    let path =
        |name: Option<&str>| name.map_or(MISSING.to_owned(), |name| format!("motion/{below}/{}", segments(name)));
    EventWire {
        start: Text::of_time(details.start, b' ').to_string(),
        end: Text::of_time(details.end, b' ').to_string(),
        title: title(details.start),
        video: path(details.video().map(MovieName::as_str)),
        debug_video: path(details.debug_video.as_ref().map(DebugMovie::path).as_deref()),
        thumbnail: path(details.thumbnail.as_ref().map(Thumbnail::file_name).as_deref()),
        images: [],
        saved: details.saved,
        event_path: if shows_root {
            handle.root().join(event.id.to_string()).to_string_lossy().into_owned()
        } else {
            event.id.to_string()
        },
    }
}
