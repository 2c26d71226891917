//! The JSON that programs read: the shapes of `doc/http.md`, and nothing else. The command line prints the same.

use std::fmt::{Display, Write};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::catalog::Page;
use crate::event::Event;
use crate::event::text::Text;
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
    let mut path = String::with_capacity(40);
    path.extend(utf8_percent_encode(event.id.camera.as_str(), SEGMENT));
    let _ = write!(path, "/{}/{}", event.id.day, event.id.name); // writing to a string cannot fail
    path
}

/// One segment of a path, encoded.
pub(super) fn segment(name: &str) -> impl Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}

/// An event.
#[derive(Debug)]
pub(crate) struct EventWire<'a>(pub &'a Event);

impl Serialize for EventWire<'_> {
    /// Written straight from the event: a page is made ten thousand times a second.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let EventWire(event) = self;
        let details = &event.details;
        let path = event_path(event);
        let media = |name: &str| ["/media/", path.as_str(), "/", name].concat();
        // RFC 3339 without a zone, since it is the camera's wall time.
        let time = |time| Text::of_time(time, b'T');
        let mut json = serializer.serialize_struct("Event", 13)?;
        json.serialize_field("id", &event.id)?;
        json.serialize_field("camera", event.id.camera.as_str())?;
        json.serialize_field("start", &time(details.start))?;
        json.serialize_field("end", &time(details.end))?;
        json.serialize_field("state", details.state.as_str())?;
        json.serialize_field("saved", &details.saved)?;
        json.serialize_field("frames", &details.frames)?;
        json.serialize_field("bytes", &details.bytes)?;
        json.serialize_field("video", &details.video.map(|video| media(video.file_name())))?;
        json.serialize_field("debug_video", &details.debug_video.map(|movie| media(&movie.path())))?;
        json.serialize_field("thumbnail", &details.thumbnail.map(|picture| media(&picture.file_name())))?;
        json.serialize_field("peak_change", &details.peak_change)?;
        json.serialize_field("problems", &details.problems)?;
        json.end()
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
        Self { events: page.events.iter().map(EventWire).collect(), next: page.next.as_ref().map(ToString::to_string) }
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
