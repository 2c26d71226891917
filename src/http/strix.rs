//! The two routes that the strix web UI asks, to the letter: `/api/cameras/list` and `/api/events/{cameras}`.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDateTime;
use serde::Serialize;

use super::api::{Common, answer, json};
use super::described::{Moment, StrixCamera};
use super::error::Problem;
use super::params::{Names, Params, RawParams};
use super::viewer::Viewer;
use super::web::Web;
use super::wire::event_path;
use crate::archive::{MISSING, TIME, title};
use crate::catalog::NamedRange;
use crate::event::text::Text;
use crate::event::{Camera, Day, DebugMovie, Event, EventName, Thumbnail};
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
    Names(cameras): Names<String>,
    raw: RawParams,
) -> Result<Response, Problem> {
    let mut params = Params::new(raw)?;
    let now = web.handle.now();
    let epoch = NaiveDateTime::parse_from_str(EPOCH, TIME).unwrap_or_default();
    let start = params.time("start", End::From, now)?.unwrap_or(epoch);
    let end = params.time("end", End::To, now)?.unwrap_or(now.local);
    let offset = params.parsed("offset", "a number")?.unwrap_or(0u64);
    let limit = params.parsed("limit", "a number")?.unwrap_or(10u64);
    params.end()?;
    let range = NamedRange {
        from: bound("start", start)?,
        to: bound("end", end)?,
        offset,
        limit: (limit > 0).then_some(limit),
    };
    let time = |time: NaiveDateTime| Text::of_time(time, b' ').to_string();
    let head = Answer { start: time(start), end: time(end), offset, limit, events: () };
    let mut seen = HashSet::new();
    let names = cameras.split(',').filter(|name| seen.insert(*name));
    // An unknown camera has no events.
    let asked = names.map(|name| (name.to_owned(), name.parse().ok().filter(|camera| viewer.sees(camera))));
    let asked: Vec<(String, Option<Camera>)> = asked.collect();
    let handle = Arc::clone(&web.handle);
    Ok(answer(web.read_long(move || render(&handle, &head, &asked, &range)).await?))
}

/// The answer as JSON.
fn render(
    handle: &Handle,
    head: &Answer,
    asked: &[(String, Option<Camera>)],
    range: &NamedRange,
) -> crate::Result<Vec<u8>> {
    let json = "texts and numbers are JSON";
    let mut out = serde_json::to_vec(head).expect(json);
    out.pop(); // the brace; the events go before it
    out.extend_from_slice(b",\"events\":{");
    for (at, (name, camera)) in asked.iter().enumerate() {
        let events = camera.as_ref().map(|camera| handle.named(camera, range)).transpose()?.unwrap_or_default();
        let events: Vec<EventWire> = events.iter().map(|event| wire(handle, event)).collect();
        if at > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut out, name).expect(json);
        out.push(b':');
        serde_json::to_writer(&mut out, &events).expect(json);
    }
    out.extend_from_slice(b"}}");
    Ok(out)
}

fn bound(parameter: &str, time: NaiveDateTime) -> Result<(Day, EventName), Problem> {
    let day = Day::try_from(time.date()).map_err(|error| Problem::parameter(parameter, error.to_string()))?;
    Ok((day, EventName::Time(chrono::Timelike::num_seconds_from_midnight(&time))))
}

fn wire(handle: &Handle, event: &Event) -> EventWire {
    let details = &event.details;
    let below = event_path(event);
    let path = |name: Option<String>| name.map_or(MISSING.to_owned(), |name| format!("motion/{below}/{name}"));
    EventWire {
        start: Text::of_time(details.start, b' ').to_string(),
        end: Text::of_time(details.end, b' ').to_string(),
        title: title(details.start),
        video: path(details.video.map(|video| video.file_name().to_owned())),
        debug_video: path(details.debug_video.map(DebugMovie::path)),
        thumbnail: path(details.thumbnail.map(Thumbnail::file_name)),
        images: [],
        saved: details.saved,
        event_path: handle.root().join(event.id.to_string()).to_string_lossy().into_owned(),
    }
}
