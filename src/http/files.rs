//! Files of events: `/media/…` and, for strix, `/motion/…`. Names are parsed strictly from the undecoded path, so that
//! nothing encoded can turn into a separator; the archive opens the file without following links.

use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfModifiedSince, IfNoneMatch, IfRange, LastModified, Range};
use percent_encoding::percent_decode_str;

use super::blocking;
use super::error::Problem;
use super::wire::segment;
use crate::archive::{MediaFile, MediaPath};
use crate::event::EventId;
use crate::service::Handle;

/// How much of a file is read at a time.
const CHUNK: u64 = 256 * 1024;

pub(super) async fn media(
    State(handle): State<Arc<Handle>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let names = decode(uri.path(), "/media/")?;
    file(handle, &names, &headers).await
}

pub(super) async fn motion(
    State(handle): State<Arc<Handle>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let names = decode(uri.path(), "/motion/")?;
    let is_dir = |names: &[String]| names.len() == 3 || (names.len() == 4 && names[3].is_empty());
    if is_dir(&names) { listing(handle, &names).await } else { file(handle, &names, &headers).await }
}

/// The segments of a path, decoded one by one.
fn decode(path: &str, prefix: &str) -> Result<Vec<String>, Problem> {
    let rest = path.strip_prefix(prefix).ok_or_else(Problem::not_found)?;
    let decode = |segment: &str| {
        let name = percent_decode_str(segment).decode_utf8().ok()?;
        (!name.contains(['/', '\0'])).then(|| name.into_owned())
    };
    rest.split('/').map(|segment| decode(segment).ok_or_else(Problem::not_found)).collect()
}

async fn file(handle: Arc<Handle>, names: &[String], headers: &HeaderMap) -> Result<Response, Problem> {
    let path: MediaPath = names.join("/").parse().map_err(|_| Problem::not_found())?;
    let kind = content_type(&path.file);
    let media = blocking(move || handle.open_media(&path)).await.map_err(super::error::Problem::or_not_found)?;
    Answer::new(&media, headers).respond(media, kind).await
}

/// What a file is, by its name.
fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("jpg") => "image/jpeg",
        Some("mp4" | "m4v") => "video/mp4",
        Some("webm") => "video/webm",
        Some("ogg") => "video/ogg",
        Some("mkv") => "video/x-matroska",
        _ => "application/octet-stream",
    })
}

/// Which part of a file is answered, and with which headers.
struct Answer {
    status: StatusCode,
    /// First byte and number of bytes.
    part: (u64, u64),
    len: u64,
    etag: Option<ETag>,
    modified: LastModified,
}

impl Answer {
    fn new(media: &MediaFile, headers: &HeaderMap) -> Self {
        let secs = u64::try_from(media.modified.div_euclid(1_000_000_000)).unwrap_or(0);
        let modified = LastModified::from(SystemTime::UNIX_EPOCH + Duration::from_secs(secs));
        let etag: Option<ETag> = format!("\"{:x}-{:x}-{:x}\"", media.inode, media.len, media.modified).parse().ok();
        let whole = Self { status: StatusCode::OK, part: (0, media.len), len: media.len, etag, modified };
        if whole.is_known(headers) {
            return Self { status: StatusCode::NOT_MODIFIED, part: (0, 0), ..whole };
        }
        let applies = match headers.typed_get::<IfRange>() {
            None => true,
            Some(condition) => !condition.is_modified(whole.etag.as_ref(), Some(&whole.modified)),
        };
        match headers.typed_get::<Range>().filter(|_| applies) {
            Some(range) => whole.of_range(&range),
            None => whole,
        }
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        if let Some(known) = headers.typed_get::<IfNoneMatch>() {
            return self.etag.as_ref().is_some_and(|etag| !known.precondition_passes(etag));
        }
        let since = headers.typed_get::<IfModifiedSince>();
        since.is_some_and(|since| !since.is_modified(self.modified.into()))
    }

    /// A single range is answered as such; several are not, which a server may (RFC 9110, section 14.2).
    fn of_range(self, range: &Range) -> Self {
        use std::ops::Bound;
        let mut ranges = range.satisfiable_ranges(self.len);
        let first = ranges.next();
        if first.is_some() && ranges.next().is_some() {
            return self;
        }
        let (from, to) = match first {
            Some((Bound::Included(from), Bound::Included(to))) => (from, to.min(self.len.saturating_sub(1))),
            Some((Bound::Included(from), Bound::Unbounded)) => (from, self.len.saturating_sub(1)),
            _ => (self.len, 0),
        };
        if from > to || from >= self.len {
            return Self { status: StatusCode::RANGE_NOT_SATISFIABLE, part: (0, 0), ..self };
        }
        Self { status: StatusCode::PARTIAL_CONTENT, part: (from, to - from + 1), ..self }
    }

    async fn respond(self, media: MediaFile, kind: HeaderValue) -> Result<Response, Problem> {
        let (from, count) = self.part;
        let body = if count == 0 {
            Body::empty()
        } else if count <= CHUNK {
            Body::from(blocking(move || read(&media, from, count)).await?)
        } else {
            stream(media, from, count)
        };
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        if let Some(etag) = self.etag {
            headers.typed_insert(etag);
        }
        headers.typed_insert(self.modified);
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if self.status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
        if self.status == StatusCode::RANGE_NOT_SATISFIABLE {
            headers.insert(header::CONTENT_RANGE, text(&format!("bytes */{}", self.len)));
            return Ok(response);
        }
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::PARTIAL_CONTENT {
            headers.insert(header::CONTENT_RANGE, text(&format!("bytes {from}-{}/{}", from + count - 1, self.len)));
        }
        Ok(response)
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

fn read(media: &MediaFile, at: u64, count: u64) -> crate::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
    media.file.read_exact_at(&mut bytes, at).map_err(|e| crate::Error::io("read", "a file of an event", e))?;
    Ok(bytes.into())
}

/// A body that reads as the client takes it. A file that was cut off meanwhile breaks the answer off.
fn stream(media: MediaFile, from: u64, count: u64) -> Body {
    let media = Arc::new(media);
    let end = from + count;
    Body::from_stream(futures_util::stream::unfold(from, move |at| {
        let media = Arc::clone(&media);
        async move {
            if at >= end {
                return None;
            }
            let count = CHUNK.min(end - at);
            let chunk = blocking(move || read(&media, at, count)).await;
            let chunk = chunk.map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof));
            let next = if chunk.is_ok() { at + count } else { end };
            Some((chunk, next))
        }
    }))
}

/// The directory of an event as a list of its pictures, which strix reads.
async fn listing(handle: Arc<Handle>, names: &[String]) -> Result<Response, Problem> {
    let id: EventId = names[..3].join("/").parse().map_err(|_| Problem::not_found())?;
    let base = if names.len() == 3 { format!("{}/", segment(&names[2])) } else { String::new() };
    let title = escape(&id.to_string());
    let images = blocking(move || handle.images(&id)).await.map_err(super::error::Problem::or_not_found)?;
    let mut page =
        format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>\n<h1>{title}</h1>\n<ul>\n");
    for (name, _) in images {
        let _ = writeln!(page, "<li><a href=\"{base}{}\">{}</a></li>", segment(&name), escape(&name));
    }
    page.push_str("</ul>\n</body></html>\n");
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], page).into_response())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Problem {
    /// To whoever asks for a file, one that cannot be opened for whatever reason of its name is not there.
    fn or_not_found(self) -> Self {
        if self.is_server_error() { self } else { Self::not_found() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_encoded_becomes_a_separator() {
        let names = decode("/media/Camera%201/2026-11-20/01/x.jpg", "/media/").unwrap();
        assert_eq!(names, ["Camera 1", "2026-11-20", "01", "x.jpg"]);
        for bad in ["/media/a%2fb", "/media/a%2Fb", "/media/a%00", "/media/%ff"] {
            assert!(decode(bad, "/media/").is_err(), "{bad}");
        }
    }
}
