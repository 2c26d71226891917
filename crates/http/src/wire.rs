//! The JSON of `doc/http.md`. The command line prints the same.

mod days;
mod retention;
mod schema;

use std::fmt::{Display, Write};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::catalog::Page;
use crate::event::text::Text;
use crate::event::{Container, DebugMovie, Event, MovieName, Thumbnail};
use crate::retention::{ArchiveForecast, CameraForecast};
use crate::service::{CameraInfo, Stats};

pub use days::{DayWire, DaysWire};
pub use retention::{GuardWire, RetentionWire, WaitingWire};
pub use retention::{PassWire, PlanWire, ProblemWire, QueueWire, QueuedWire, RefusalWire, RestorationWire};
pub use schema::{EventSchema, EventWithImagesSchema, PageSchema, StateSchema, VideoSchema};

/// The characters to encode in a segment of a path (RFC 3986, section 3.3). With the colon, since a relative URL such as `a:b.jpg`
/// would have the scheme `a` (section 4.2); with the ampersand and the quote, so that HTML needs no further escaping.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b':')
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

/// The characters to encode in a path of several segments.
const SEGMENTS: &AsciiSet = &SEGMENT.remove(b'/');

/// The path of an event below some prefix, encoded.
pub fn event_path(event: &Event) -> String {
    let mut path = String::with_capacity(40);
    path.extend(utf8_percent_encode(event.id.camera.as_str(), SEGMENT));
    let _ = write!(path, "/{}/{}", event.id.day, event.id.name); // writing to a string cannot fail
    path
}

/// One segment of a path, encoded.
pub fn segment(name: &str) -> impl Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}

/// A path below an event's directory, its segments encoded.
pub fn segments(path: &str) -> impl Display + '_ {
    utf8_percent_encode(path, SEGMENTS)
}

/// The approximate bytes of an event.
const EVENT_BYTES: usize = 560;

/// A page of events, whose URLs begin with `prefix`: the path under which clients reach the router, or
/// nothing. Written without serde: a busy page is made thousands of times a second.
pub fn page_json(page: &Page, prefix: &str) -> String {
    let mut out = String::with_capacity((page.events.len() + 1) * (EVENT_BYTES + 3 * prefix.len()));
    out.push_str("{\"events\":[");
    for (n, event) in page.events.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        push_event(&mut out, event, prefix);
    }
    out.push_str("],\"next\":");
    match &page.next {
        Some(next) => push_text(&mut out, &next.to_string()),
        None => out.push_str("null"),
    }
    out.push('}');
    out
}

/// One event; its URLs begin with `prefix`.
pub fn one_json(event: &Event, prefix: &str) -> String {
    let mut out = String::with_capacity(EVENT_BYTES);
    push_event(&mut out, event, prefix);
    out
}

/// One event with its pictures; its URLs begin with `prefix`.
pub fn event_json(event: &Event, images: &[ImageWire], prefix: &str) -> String {
    let mut out = String::with_capacity(EVENT_BYTES + images.len() * 120);
    push_event(&mut out, event, prefix);
    out.pop();
    out.push_str(",\"images\":");
    out.push_str(&serde_json::to_string(images).expect("texts and numbers are JSON"));
    out.push('}');
    out
}

/// One event.
pub fn push_event(out: &mut String, event: &Event, prefix: &str) {
    let details = &event.details;
    let (camera, day, name) = (event.id.camera.as_str(), Text::of_date(event.id.day.date()), event.id.name.text());
    let key = |out: &mut String, key: &str| out.extend([",\"", key, "\":"]);
    // RFC 3339 without a zone, since it is the camera's wall time.
    let time = |out: &mut String, time| out.extend(["\"", &*Text::of_time(time, b'T'), "\""]);
    let number = |out: &mut String, number: Option<u64>| match number {
        Some(number) => out.push_str(itoa::Buffer::new().format(number)),
        None => out.push_str("null"),
    };
    let mut directory = String::with_capacity(prefix.len() + 48);
    directory.extend([prefix, "/media/"]);
    directory.extend(utf8_percent_encode(camera, SEGMENT));
    directory.extend(["/", &*day, "/", &*name, "/"]);
    let url = |out: &mut String, file: &str| {
        out.extend(["\"", &directory]);
        out.extend(utf8_percent_encode(file, SEGMENTS));
        out.push('"');
    };
    let media = |out: &mut String, file: Option<&str>| match file {
        Some(file) => url(out, file),
        None => out.push_str("null"),
    };
    out.push_str("{\"id\":");
    push_text(out, camera);
    out.pop(); // the quote; the rest needs no escaping
    out.extend(["/", &*day, "/", &*name, "\""]);
    key(out, "camera");
    push_text(out, camera);
    key(out, "start");
    time(out, details.start);
    key(out, "end");
    time(out, details.end);
    key(out, "state");
    push_text(out, details.state.as_str());
    key(out, "saved");
    out.push_str(if details.saved { "true" } else { "false" });
    key(out, "frames");
    number(out, details.frames.map(u64::from));
    key(out, "bytes");
    number(out, details.bytes);
    key(out, "video");
    media(out, details.video().map(MovieName::as_str));
    key(out, "container");
    match details.container().map(Container::extension) {
        Some(extension) => out.extend(["\"", extension, "\""]),
        None => out.push_str("null"),
    }
    key(out, "videos");
    out.push('[');
    for (n, movie) in details.videos.iter().enumerate() {
        out.push_str(if n > 0 { ",{\"name\":" } else { "{\"name\":" });
        push_text(out, movie.name.as_str());
        key(out, "bytes");
        number(out, movie.bytes);
        key(out, "url");
        url(out, movie.name.as_str());
        out.push('}');
    }
    out.push(']');
    key(out, "debug_video");
    media(out, details.debug_video.as_ref().map(DebugMovie::path).as_deref());
    key(out, "thumbnail");
    media(out, details.thumbnail.as_ref().map(Thumbnail::file_name).as_deref());
    key(out, "peak_change");
    number(out, details.peak_change.map(u64::from));
    key(out, "problems");
    if details.problems.is_empty() {
        out.push_str("[]}");
    } else {
        out.push_str(&serde_json::to_string(&details.problems).expect("a list of texts is JSON"));
        out.push('}');
    }
}

/// A text as JSON. Most texts need no escaping.
pub fn push_text(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.extend(["\"", text, "\""]);
    } else {
        out.push_str(&serde_json::to_string(text).expect("a text is JSON"));
    }
}

/// A picture of an event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Image)]
pub struct ImageWire {
    pub name: String,
    pub bytes: u64,
    pub url: String,
}

/// The cameras and the forecast.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Cameras)]
pub struct CamerasWire {
    pub cameras: Vec<CameraWire>,
    pub forecast: ArchiveForecast,
    /// The zone in which days count and "now" is read, as an offset from UTC; all times of events are in it.
    #[serde(default)]
    pub zone: String,
}

/// A camera.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = CameraInfo)]
pub struct CameraWire {
    pub name: String,
    pub port: u16,
    pub events: u64,
    pub saved: u64,
    /// The bytes of its events; null until all are measured.
    pub bytes: Option<u64>,
    pub first_day: Option<String>,
    pub last_day: Option<String>,
    pub forecast: CameraForecast,
}

impl From<Stats> for CamerasWire {
    fn from(Stats { cameras, mut forecast, zone }: Stats) -> Self {
        let cameras = cameras.into_iter().map(|CameraInfo { summary, port }| CameraWire {
            name: summary.camera.to_string(),
            port,
            events: summary.events,
            saved: summary.saved,
            bytes: (summary.unmeasured == 0).then_some(summary.bytes),
            first_day: summary.days.map(|(first, _)| first.to_string()),
            last_day: summary.days.map(|(_, last)| last.to_string()),
            forecast: forecast.cameras.remove(&summary.camera).unwrap_or_default(),
        });
        Self { cameras: cameras.collect(), forecast: forecast.archive, zone }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::event::{Details, Movie, State};

    proptest! {
        #[test]
        fn an_event_is_json_for_every_camera_name(camera in "\\PC{1,12}", movie in "\\PC{1,6}", problem in "\\PC{0,20}|\"\\\\\n", n in any::<Option<u32>>()) {
            let Ok(id) = format!("{camera}/2026-11-20/10-04-36").parse::<crate::event::EventId>() else { return Ok(()) };
            let Some(other) = MovieName::parse(format!("{movie}.mkv").as_bytes()) else { return Ok(()) };
            let videos = vec![Movie::new(Container::Mp4), Movie { name: other.clone(), bytes: n.map(u64::from) }];
            let time = id.named_time().unwrap();
            let details = Details {
                start: time, end: time, state: State::Open, saved: true, frames: n, bytes: n.map(|n| u64::from(n) << 32),
                videos, debug_video: None, thumbnail: None, peak_change: n, problems: vec![problem.clone()],
            };
            let event = Event { id: id.clone(), details };
            let page = Page { events: vec![event.clone(), event.clone()], next: None };
            let json: Value = serde_json::from_str(&page_json(&page, "/below")).unwrap();
            let as_described: PageSchema = serde_json::from_value(json.clone()).unwrap();
            prop_assert_eq!(as_described.events.len(), 2);
            prop_assert_eq!(&serde_json::from_str::<Value>(&one_json(&event, "/below")).unwrap(), &json["events"][0]);
            let media = |file: &str| format!("/below/media/{}/2026-11-20/10-04-36/{}", segment(&camera), segment(file));
            let expected = json!({
                "id": id.to_string(), "camera": camera, "start": "2026-11-20T10:04:36", "end": "2026-11-20T10:04:36",
                "state": "open", "saved": true, "frames": n, "bytes": n.map(|n| u64::from(n) << 32),
                "video": media("video.mp4"), "debug_video": null, "container": "mp4", "videos": [
                    { "name": "video.mp4", "bytes": null, "url": media("video.mp4") },
                    { "name": other.as_str(), "bytes": n, "url": media(other.as_str()) },
                ],
                "thumbnail": null, "peak_change": n, "problems": [problem],
            });
            prop_assert_eq!(&json, &json!({ "events": [expected.clone(), expected.clone()], "next": null }));
            let image = ImageWire { name: "x".to_owned(), bytes: 1, url: "y".to_owned() };
            let one: Value = serde_json::from_str(&event_json(&event, &[image], "")).unwrap();
            prop_assert_eq!(&one["images"], &json!([{ "name": "x", "bytes": 1, "url": "y" }]));
            prop_assert_eq!(&one["id"], &expected["id"]);
        }
    }
}
