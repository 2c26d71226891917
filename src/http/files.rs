//! Files of events: `/media/…` and, for strix, `/motion/…`. Names are parsed strictly from the undecoded path, so that
//! nothing encoded can turn into a separator; the archive opens the file without following links. What is answered of it is
//! decided in `answer`; `body` sends it.

mod answer;
mod body;
pub(super) mod listing;
mod range;

use std::borrow::Cow;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use percent_encoding::percent_decode_str;

use super::api::Common;
use super::blocking;
use super::described::FileName;
use super::error::Problem;
use super::viewer::Viewer;
use super::web::Web;
use crate::archive::{MediaFile, MediaPath};
use crate::event::{Camera, Container, Day, EventId, EventName, State as EventState};
use answer::Answer;

/// The bytes of a file, for the OpenAPI document.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code)] // only described, never made
pub(super) struct Binary(Vec<u8>);

/// A frame, a picture or a movie of an event.
#[utoipa::path(get, path = "/media/{camera}/{date}/{time}/{file}", tag = "files", params(
    ("camera" = Camera, Path), ("date" = Day, Path), ("time" = EventName, Path),
    ("file" = FileName, Path),
    ("Range" = Option<String>, Header, description = "the first of several ranges is answered"),
    ("If-Range" = Option<String>, Header, description = "a tag or a time"),
    ("If-None-Match" = Option<String>, Header, description = "tags"),
), responses(
    (status = 200, description = "the file", content(
        (Binary = "image/jpeg"), (Binary = "video/mp4"), (Binary = "video/webm"), (Binary = "video/ogg"),
        (Binary = "video/x-matroska"), (Binary = "video/quicktime"), (Binary = "video/x-msvideo"), (Binary = "application/octet-stream")
    ), headers(("ETag", description = "of these bytes"), ("Last-Modified", description = "when it was written"))),
    (status = 206, description = "the part that `Range` asks for", content(
        (Binary = "image/jpeg"), (Binary = "video/mp4"), (Binary = "video/webm"), (Binary = "video/ogg"),
        (Binary = "video/x-matroska"), (Binary = "video/quicktime"), (Binary = "video/x-msvideo"), (Binary = "application/octet-stream")
    )),
    (status = 304, description = "whoever asks has it"),
    (status = 404, description = "there is no such file of an event", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "it is not the version asked for", body = Problem, content_type = "application/problem+json"),
    (status = 416, description = "the file has no such part", body = Problem, content_type = "application/problem+json"),
    Common
))]
pub(super) async fn media(
    State(web): State<Web>,
    viewer: Viewer,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = decode(uri.path(), "/media/")?;
    file(&web, &viewer, &path, (&method, &headers)).await
}

/// The same for strix, and for a directory itself the list of its pictures. It is described with the other (`openapi::Files`).
pub(super) async fn motion(
    State(web): State<Web>,
    viewer: Viewer,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = decode(uri.path(), "/motion/")?;
    let (dir, has_slash) = path.strip_suffix('/').map_or((&*path, false), |dir| (dir, true));
    if dir.split('/').count() != 3 {
        return file(&web, &viewer, &path, (&method, &headers)).await;
    }
    let event: EventId = dir.parse().map_err(|_| Problem::not_found())?;
    if !viewer.sees(&event.camera) {
        return Err(Problem::not_found());
    }
    listing::page(&web, event, has_slash).await
}

/// The path below a prefix, its segments decoded one by one: nothing encoded becomes a separator.
fn decode<'a>(path: &'a str, prefix: &str) -> Result<Cow<'a, str>, Problem> {
    let rest = path.strip_prefix(prefix).ok_or_else(Problem::not_found)?;
    if !rest.contains('%') {
        return Ok(rest.into()); // as nearly all are
    }
    let decode = |segment: &'a str| {
        let name = percent_decode_str(segment).decode_utf8().ok()?;
        (!name.contains(['/', '\0'])).then_some(name)
    };
    let names: Option<Vec<_>> = rest.split('/').map(decode).collect();
    Ok(names.ok_or_else(Problem::not_found)?.join("/").into())
}

async fn file(
    web: &Web,
    viewer: &Viewer,
    path: &str,
    (method, headers): (&Method, &HeaderMap),
) -> Result<Response, Problem> {
    let path: MediaPath = path.parse().map_err(|_| Problem::not_found())?;
    if !viewer.sees(&path.event.camera) {
        return Err(Problem::not_found());
    }
    let kind = content_type(&path.file);
    let event = path.event.clone();
    let media = if let Some(media) = web.handle.open_media_at_once(&path) {
        media
    } else {
        let handle = web.handle.clone();
        blocking(move || handle.open_media(&path)).await.map_err(Problem::or_not_found)?
    };
    let caching = caching(web, &event, &media);
    Answer::new(&media, method, headers).respond(media, kind, caching).await
}

/// How old a file must be to be taken as finished, in nanoseconds.
const SETTLED: i64 = 5_000_000_000;

/// How long an answer may be kept by whoever gets it.
///
/// Motion writes into a directory named after a time only while that event lasts, and whatever is made of its files later (a
/// thumbnail, another container) is another file: once the event is over and the file has rested, the file under this name
/// stays what it is until it is gone. A directory named by a number is used again after Motion's next start, with new movies
/// under the old names. An open event's files grow; a copy of one would be wrong at once. Of an event that the catalog does
/// not know yet nothing is promised.
fn caching(web: &Web, event: &EventId, media: &MediaFile) -> HeaderValue {
    HeaderValue::from_static(match (web.states.state(&web.handle, event), event.name) {
        (Some(EventState::Open), _) => "no-store",
        (Some(EventState::Complete | EventState::Interrupted), EventName::Time(_))
            if web.handle.now().nanos().saturating_sub(media.modified) >= SETTLED =>
        {
            "private, max-age=31536000, immutable"
        }
        _ => "no-cache",
    })
}

/// What a file is, by its name.
fn content_type(name: &str) -> HeaderValue {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let of_picture = match extension {
        "jpg" | "thumb" => Some("image/jpeg"), // motionEye names its thumbnails so
        "webp" => Some("image/webp"),
        "ppm" => Some("image/x-portable-pixmap"),
        _ => None,
    };
    let of_movie = || Container::of_extension(extension.as_bytes()).map(Container::mime);
    HeaderValue::from_static(of_picture.or_else(of_movie).unwrap_or("application/octet-stream"))
}

impl Problem {
    /// To whoever asks for a file, one that cannot be opened for whatever reason of its name is not there.
    pub(super) fn or_not_found(self) -> Self {
        if self.is_server_error() { self } else { Self::not_found() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_encoded_becomes_a_separator() {
        let path = decode("/media/Camera%201/2026-11-20/01/x.jpg", "/media/").unwrap();
        assert_eq!(path, "Camera 1/2026-11-20/01/x.jpg");
        for bad in ["/media/a%2fb", "/media/a%2Fb", "/media/a%00", "/media/%ff"] {
            assert!(decode(bad, "/media/").is_err(), "{bad}");
        }
    }
}
