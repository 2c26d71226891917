//! Files of events: `/media/…` and, for strix, `/motion/…`. Names are parsed from the undecoded path, so that an encoded character
//! cannot become a separator; the archive opens files without following links. `response` evaluates ranges and conditions, `body`
//! sends the bytes.

pub(crate) mod body;
pub(crate) mod listing;
mod range;
pub(crate) mod response;

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use percent_encoding::percent_decode_str;

use super::state_cache::StateCache;
use crate::api::named;
use crate::auth::Viewer;
use crate::engine::{Handle, MediaFile, MediaPath};
use crate::event::{Camera, Day, EventId, EventName, State as EventState, media_type};
use crate::extract::schema::{EventPath, FileName};
use crate::limits::{Reads, blocking};
use crate::problem::{CommonResponses, Problem};
use response::{FileResponse, Version};

/// The bytes of a file, for the OpenAPI document.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code)] // only its description is used
pub(crate) struct Binary(Vec<u8>);

/// A frame, a thumbnail or a movie of an event.
#[utoipa::path(get, operation_id = "media", path = "/media/{camera}/{date}/{time}/{file}", tag = "files", params(
    EventPath,
    ("file" = FileName, Path),
    ("Range" = Option<String>, Header, description = "of several ranges, the response has the first"),
    ("If-Range" = Option<String>, Header, description = "a tag or a time"),
    ("If-None-Match" = Option<String>, Header, description = "tags"),
), responses(
    (status = 200, description = "the file", content(
        (Binary = "image/jpeg"), (Binary = "video/mp4"), (Binary = "video/webm"), (Binary = "video/ogg"),
        (Binary = "video/x-matroska"), (Binary = "video/quicktime"), (Binary = "video/x-msvideo"), (Binary = "application/octet-stream")
    ), headers(("ETag", description = "of these bytes"), ("Last-Modified", description = "when it was written"))),
    (status = 206, description = "the part that `Range` requests", content(
        (Binary = "image/jpeg"), (Binary = "video/mp4"), (Binary = "video/webm"), (Binary = "video/ogg"),
        (Binary = "video/x-matroska"), (Binary = "video/quicktime"), (Binary = "video/x-msvideo"), (Binary = "application/octet-stream")
    )),
    (status = 304, description = "the client has this version"),
    (status = 404, description = "there is no such file of an event", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "the file is another version", body = Problem, content_type = "application/problem+json"),
    (status = 416, description = "the file has no such part", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn file(
    State(handle): State<Arc<Handle>>,
    State(states): State<Arc<StateCache>>,
    viewer: Viewer,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = decode(uri.path(), "/media/")?;
    send(&handle, &states, &viewer, &path, (&method, &headers)).await
}

/// The same for strix, and the list of pictures of an event's directory. `openapi` derives its description from that of `file`.
pub(crate) async fn motion(
    State(handle): State<Arc<Handle>>,
    State(states): State<Arc<StateCache>>,
    State(reads): State<Arc<Reads>>,
    viewer: Viewer,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = decode(uri.path(), "/motion/")?;
    let (dir, has_slash) = path.strip_suffix('/').map_or((&*path, false), |dir| (dir, true));
    if dir.split('/').count() != 3 {
        return send(&handle, &states, &viewer, &path, (&method, &headers)).await;
    }
    let event: EventId = dir.parse().map_err(|_| Problem::not_found())?;
    viewer.check_visible(&event.camera)?;
    listing::page(&handle, &viewer, &reads, event, has_slash).await
}

/// A picture of a day that belongs to no event.
#[utoipa::path(get, path = "/api/v1/days/{camera}/{date}/pictures/{file}", tag = "files", params(
    ("camera" = Camera, Path), ("date" = Day, Path), ("file" = FileName, Path),
), responses(
    (status = 200, description = "the file", content((Binary = "image/jpeg"), (Binary = "application/octet-stream"))),
    (status = 206, description = "the part that `Range` requests", content((Binary = "image/jpeg"), (Binary = "application/octet-stream"))),
    (status = 304, description = "the client has this version"),
    (status = 404, description = "there is no such picture", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "the file is another version", body = Problem, content_type = "application/problem+json"),
    (status = 416, description = "the file has no such part", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn day_picture(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = decode(uri.path(), "/api/v1/days/")?;
    let mut parts = path.splitn(4, '/');
    let (Some(camera), Some(date), Some(_), Some(file)) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Problem::not_found());
    };
    let (camera, day) = named(&viewer, camera, date)?;
    let (kind, file) = (content_type(file), file.to_owned());
    let media = blocking(move || handle.open_day_picture(&camera, day, &file)).await.map_err(Problem::or_not_found)?;
    let response = FileResponse::new(file_version(&media), media.len, &method, &headers);
    response.respond(|from, count| body::of(media, from, count), kind, HeaderValue::from_static("no-cache")).await
}

/// The path below a prefix. Segments are decoded one by one, so an encoded character cannot become a separator.
pub(super) fn decode<'a>(path: &'a str, prefix: &str) -> Result<Cow<'a, str>, Problem> {
    let rest = path.strip_prefix(prefix).ok_or_else(Problem::not_found)?;
    if !rest.contains('%') {
        return Ok(rest.into()); // the usual case
    }
    let decode = |segment: &'a str| {
        let name = percent_decode_str(segment).decode_utf8().ok()?;
        (!name.contains(['/', '\0'])).then_some(name)
    };
    let names: Option<Vec<_>> = rest.split('/').map(decode).collect();
    Ok(names.ok_or_else(Problem::not_found)?.join("/").into())
}

async fn send(
    handle: &Arc<Handle>,
    states: &StateCache,
    viewer: &Viewer,
    path: &str,
    (method, headers): (&Method, &HeaderMap),
) -> Result<Response, Problem> {
    let path: MediaPath = path.parse().map_err(|_| Problem::not_found())?;
    viewer.check_visible(&path.event.camera)?;
    let kind = content_type(&path.file);
    let event = path.event.clone();
    let media = if let Some(media) = handle.open_media_at_once(&path) {
        media
    } else {
        let reader = Arc::clone(handle);
        let name = if path.in_debug { format!("debug/{}", path.file) } else { path.file.clone() };
        match blocking(move || reader.open_media(&path)).await.map_err(Problem::or_not_found) {
            Ok(media) => media,
            Err(problem) => {
                return elsewhere(handle, viewer, (&event, &name), (kind, problem), (method, headers)).await;
            }
        }
    };
    let caching = caching(handle, states, &event, &media);
    let response = FileResponse::new(file_version(&media), media.len, method, headers);
    response.respond(|from, count| body::of(media, from, count), kind, caching).await
}

/// A file that the archive does not have: that of a store, if there is one, else the problem.
#[cfg_attr(not(feature = "stores"), allow(clippy::unused_async))] // without stores it has nothing to wait for
async fn elsewhere(
    handle: &Arc<Handle>,
    viewer: &Viewer,
    file: (&EventId, &str),
    (kind, problem): (HeaderValue, Problem),
    request: (&Method, &HeaderMap),
) -> Result<Response, Problem> {
    #[cfg(feature = "stores")]
    if problem.is_not_found() {
        return Box::pin(super::stored::file(handle, viewer, file, kind, request)).await;
    }
    let _ = (handle, viewer, file, kind, request);
    Err(problem)
}

/// The version of a file: its inode, size and time.
pub(super) fn file_version(media: &MediaFile) -> Version {
    Version::of(media)
}

/// The age of a file that counts as finished, in nanoseconds.
const FINISHED_AGE: i64 = 5_000_000_000;

/// The `Cache-Control` of a file.
///
/// Motion writes into a directory named after a time only during that event, and files made later (a thumbnail, another container)
/// have other names: a finished file of a finished event never changes. Motion reuses a directory named by a number after its next
/// start, with new movies under the old names. The files of an open event grow. For an event that is not in the catalog yet, the
/// client has to revalidate.
fn caching(handle: &Handle, states: &StateCache, event: &EventId, media: &MediaFile) -> HeaderValue {
    HeaderValue::from_static(match (states.state(handle, event), event.name) {
        (Some(EventState::Open), _) => "no-store",
        (Some(EventState::Complete | EventState::Interrupted), EventName::Time(_))
            if handle.now().nanos().saturating_sub(media.modified) >= FINISHED_AGE =>
        {
            "private, max-age=31536000, immutable"
        }
        _ => "no-cache",
    })
}

/// The content type of a file, from its name.
fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(media_type(name).unwrap_or("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_characters_never_become_separators() {
        let path = decode("/media/Camera%201/2026-11-20/01/x.jpg", "/media/").unwrap();
        assert_eq!(path, "Camera 1/2026-11-20/01/x.jpg");
        for bad in ["/media/a%2fb", "/media/a%2Fb", "/media/a%00", "/media/%ff"] {
            assert!(decode(bad, "/media/").is_err(), "{bad}");
        }
    }
}
