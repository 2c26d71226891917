//! The JSON that programs read: the shapes of `doc/http.md`, and nothing else. The command line prints the same.

use std::fmt::Display;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::catalog::Page;
use crate::event::{DebugMovie, Event, Thumbnail};
use crate::service::CameraInfo;

/// What has to be encoded in a path's segment (RFC 3986, section 3.3).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'/');

/// The path of an event below some prefix, encoded.
pub(super) fn event_path(event: &Event) -> String {
    let camera = utf8_percent_encode(event.id.camera.as_str(), SEGMENT);
    format!("{camera}/{}/{}", event.id.day, event.id.name)
}

/// One segment of a path, encoded.
pub(super) fn segment(name: &str) -> impl Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}

/// An event.
#[derive(Debug, Serialize)]
pub(crate) struct EventWire<'a> {
    id: String,
    camera: &'a str,
    start: String,
    end: String,
    state: &'static str,
    saved: bool,
    frames: Option<u32>,
    bytes: Option<u64>,
    video: Option<String>,
    debug_video: Option<String>,
    thumbnail: Option<String>,
    peak_change: Option<u32>,
    problems: &'a [String],
}

/// How the API writes a time: RFC 3339 without a zone, since it is the camera's wall time.
const TIME: &str = "%Y-%m-%dT%H:%M:%S";

impl<'a> From<&'a Event> for EventWire<'a> {
    fn from(event: &'a Event) -> Self {
        let details = &event.details;
        let path = event_path(event);
        let media = |name: String| format!("/media/{path}/{name}");
        Self {
            id: event.id.to_string(),
            camera: event.id.camera.as_str(),
            start: details.start.format(TIME).to_string(),
            end: details.end.format(TIME).to_string(),
            state: details.state.as_str(),
            saved: details.saved,
            frames: details.frames,
            bytes: details.bytes,
            video: details.video.map(|video| media(video.file_name().to_owned())),
            debug_video: details.debug_video.map(DebugMovie::path).map(media),
            thumbnail: details.thumbnail.map(Thumbnail::file_name).map(media),
            peak_change: details.peak_change,
            problems: &details.problems,
        }
    }
}

/// A page of events.
#[derive(Debug, Serialize)]
pub(crate) struct PageWire<'a> {
    events: Vec<EventWire<'a>>,
    next: Option<String>,
}

impl<'a> From<&'a Page> for PageWire<'a> {
    fn from(page: &'a Page) -> Self {
        Self {
            events: page.events.iter().map(EventWire::from).collect(),
            next: page.next.as_ref().map(ToString::to_string),
        }
    }
}

/// One event with its pictures.
#[derive(Debug, Serialize)]
pub(super) struct EventWithImages<'a> {
    #[serde(flatten)]
    pub event: EventWire<'a>,
    pub images: Vec<ImageWire>,
}

/// A picture of an event.
#[derive(Debug, Serialize)]
pub(super) struct ImageWire {
    pub name: String,
    pub bytes: u64,
    pub url: String,
}

/// The cameras.
#[derive(Debug, Serialize)]
pub(super) struct CamerasWire<'a> {
    cameras: Vec<CameraWire<'a>>,
}

#[derive(Debug, Serialize)]
struct CameraWire<'a> {
    name: &'a str,
    port: u16,
    events: u64,
    saved: u64,
    /// The bytes measured so far; null until some are, where there are events.
    bytes: Option<u64>,
    first_day: Option<String>,
    last_day: Option<String>,
}

impl<'a> From<&'a [CameraInfo]> for CamerasWire<'a> {
    fn from(cameras: &'a [CameraInfo]) -> Self {
        let cameras = cameras.iter().map(|CameraInfo { summary, port }| CameraWire {
            name: summary.camera.as_str(),
            port: *port,
            events: summary.events,
            saved: summary.saved,
            bytes: (summary.events == 0 || summary.unmeasured < summary.events).then_some(summary.bytes),
            first_day: summary.days.map(|(first, _)| first.to_string()),
            last_day: summary.days.map(|(_, last)| last.to_string()),
        });
        Self { cameras: cameras.collect() }
    }
}
