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
use headers::{ETag, HeaderMapExt, IfModifiedSince, IfNoneMatch, IfRange, LastModified};
use percent_encoding::percent_decode_str;

use super::blocking;
use super::error::Problem;
use super::viewer::Viewer;
use super::wire::segment;
use crate::archive::{MediaFile, MediaPath};
use crate::event::EventId;
use crate::service::Handle;

/// How much of a file is read at a time.
const CHUNK: u64 = 256 * 1024;

pub(super) async fn media(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let names = decode(uri.path(), "/media/")?;
    exists_for(&viewer, &names)?;
    file(handle, &names, &headers).await
}

pub(super) async fn motion(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let names = decode(uri.path(), "/motion/")?;
    exists_for(&viewer, &names)?;
    let is_dir = |names: &[String]| names.len() == 3 || (names.len() == 4 && names[3].is_empty());
    if is_dir(&names) { listing(handle, &names).await } else { file(handle, &names, &headers).await }
}

/// Refuses the files of a camera that does not exist for whoever asks, as if there were none.
fn exists_for(viewer: &Viewer, names: &[String]) -> Result<(), Problem> {
    let camera = names.first().and_then(|name| name.parse().ok());
    if camera.is_some_and(|camera| viewer.sees(&camera)) { Ok(()) } else { Err(Problem::not_found()) }
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
        let range = headers.get(header::RANGE).filter(|_| applies).and_then(|value| value.to_str().ok());
        match range.and_then(|range| single_range(range, media.len)) {
            None => whole,
            Some((from, _)) if from >= media.len => {
                Self { status: StatusCode::RANGE_NOT_SATISFIABLE, part: (0, 0), ..whole }
            }
            Some((from, to)) => Self { status: StatusCode::PARTIAL_CONTENT, part: (from, to - from + 1), ..whole },
        }
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        if let Some(known) = headers.typed_get::<IfNoneMatch>() {
            return self.etag.as_ref().is_some_and(|etag| !known.precondition_passes(etag));
        }
        let since = headers.typed_get::<IfModifiedSince>();
        since.is_some_and(|since| !since.is_modified(self.modified.into()))
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
            // Of what is not sent, or a HEAD would be told that the file is empty (RFC 9110, section 8.6).
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.len));
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

/// The first and the last byte of the single range that a header asks for of a file of `len` bytes; the first is not
/// below `len` if there are no such bytes. Several ranges, other units and what is no range are left unheeded, which a server may
/// (RFC 9110, section 14.2).
fn single_range(header: &str, len: u64) -> Option<(u64, u64)> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    // A number too large for 64 bits is past the end of any file.
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (from, to) = match (number(first), number(last)) {
        (Some(from), Some(to)) if from <= to => (from, to),
        (Some(from), None) if last.is_empty() => (from, u64::MAX),
        (None, Some(suffix)) if first.is_empty() => {
            (if suffix == 0 { len } else { len.saturating_sub(suffix) }, u64::MAX)
        }
        _ => return None,
    };
    Some((from, to.min(len.saturating_sub(1))))
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
    fn a_range_is_understood_or_left_unheeded() {
        let past = Some("past the end".to_owned());
        let asked = |header, len| {
            single_range(header, len)
                .map(|(from, to)| if from < len { format!("{from} to {to}") } else { "past the end".to_owned() })
        };
        for (header, expected) in [
            ("bytes=0-0", "0 to 0"),
            ("bytes=3-", "3 to 9"),
            ("bytes=3-99", "3 to 9"),
            ("bytes=3-99999999999999999999999", "3 to 9"),
            ("bytes=-4", "6 to 9"),
            ("bytes=-99", "0 to 9"),
            ("bytes=10-", "past the end"),
            ("bytes=-0", "past the end"),
            ("bytes=99999999999999999999999-", "past the end"),
        ] {
            assert_eq!(asked(header, 10).as_deref(), Some(expected), "{header}");
        }
        for header in ["bytes=5-4", "bytes=-", "bytes=", "bytes=+1-2", "bytes=0-1,3-4", "lines=0-1"] {
            assert_eq!(asked(header, 10), None, "{header}");
        }
        assert_eq!((asked("bytes=0-", 0), asked("bytes=-5", 0)), (past.clone(), past));
    }

    #[test]
    fn nothing_encoded_becomes_a_separator() {
        let names = decode("/media/Camera%201/2026-11-20/01/x.jpg", "/media/").unwrap();
        assert_eq!(names, ["Camera 1", "2026-11-20", "01", "x.jpg"]);
        for bad in ["/media/a%2fb", "/media/a%2Fb", "/media/a%00", "/media/%ff"] {
            assert!(decode(bad, "/media/").is_err(), "{bad}");
        }
    }
}
