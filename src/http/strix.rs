//! The two routes that the strix web UI asks, to the letter: `/api/cameras/list` and `/api/events/{cameras}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDateTime;
use serde::Serialize;
use serde::ser::SerializeMap;

use super::api::{Common, json};
use super::described::{Moment, StrixCamera};
use super::error::Problem;
use super::params::{Names, Params, RawParams};
use super::viewer::Viewer;
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

/// A page of events, in strix's shape.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StrixEvents)]
struct Answer {
    start: String,
    end: String,
    offset: u64,
    limit: u64,
    #[schema(value_type = std::collections::BTreeMap<String, Vec<EventWire>>)]
    events: ByCamera,
}

/// The events of each camera, in the order in which the cameras were asked for.
struct ByCamera(Vec<(String, Vec<EventWire>)>);

impl Serialize for ByCamera {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (camera, events) in &self.0 {
            map.serialize_entry(camera, events)?;
        }
        map.end()
    }
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
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(cameras): Names<String>,
    raw: RawParams,
) -> Result<Response, Problem> {
    let mut params = Params::new(raw)?;
    let now = handle.now();
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
    let mut by_camera: Vec<(String, Vec<EventWire>)> = Vec::new();
    for name in cameras.split(',') {
        if by_camera.iter().any(|(seen, _)| seen == name) {
            continue;
        }
        let events = match name.parse::<Camera>() {
            Ok(camera) if viewer.sees(&camera) => handle.named(&camera, &range)?,
            _ => Vec::new(), // an unknown camera has no events
        };
        by_camera.push((name.to_owned(), events.iter().map(|event| wire(&handle, event)).collect()));
    }
    let time = |time: NaiveDateTime| Text::of_time(time, b' ').to_string();
    Ok(json(&Answer { start: time(start), end: time(end), offset, limit, events: ByCamera(by_camera) }))
}

fn bound(parameter: &str, time: NaiveDateTime) -> Result<(Day, EventName), Problem> {
    let day = Day::try_from(time.date()).map_err(|error| Problem::parameter(parameter, error.to_string()))?;
    Ok((day, EventName::Time(chrono::Timelike::num_seconds_from_midnight(&time))))
}

fn wire(handle: &Handle, event: &Event) -> EventWire {
    let details = &event.details;
    let path = |name: Option<String>| name.map_or(MISSING.to_owned(), |name| format!("motion/{}/{name}", event.id));
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
