//! Entries of the media cache: `GET` and `PUT /api/v1/cache/entries/{key}`. They are sent like files of events. What a user has stored
//! is never interpreted by a browser as a page or a script of this origin.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::files::Binary;
use super::files::body::{self, Source};
use super::files::response::{FileResponse, Version};
use crate::api::{check_key, may_see, open_cache, with_cache};
use crate::auth::Viewer;
use crate::convert;
use crate::engine::cache::{
    self, Cache, Checksum, Content, DEFAULT_NAME, DEFAULT_TYPE, Expected, Label, Stored, Writer,
};
use crate::engine::{Handle, store_of_key};
use crate::extract::schema::CacheKey;
use crate::extract::{Names, NoParams, Params};
use crate::limits::Upload;
use crate::problem::{CommonResponses, NoCache, Problem};
use crate::protocol::StoredMedia;
use crate::response::{Disposition, disposition, json};

/// The longest type or file name, in bytes.
const MAX_LABEL: usize = 255;
/// How many bytes are written at a time.
const PIECE: usize = 256 * 1024;

/// An entry of the media cache.
#[utoipa::path(get, operation_id = "cache_get", path = "/api/v1/cache/entries/{key}", tag = "cache", params(
    ("key" = CacheKey, Path),
    ("Range" = Option<String>, Header, description = "of several ranges, the response has the first"),
    ("If-Range" = Option<String>, Header, description = "a tag or a time"),
    ("If-None-Match" = Option<String>, Header, description = "tags"),
), responses(
    (status = 200, description = "the bytes, with the type they were stored with if it is harmless", body = Binary,
        content_type = "*/*", headers(("ETag", description = "of these bytes"), ("Content-Disposition", description = "the file name"))),
    (status = 206, description = "the part that `Range` requests", body = Binary, content_type = "*/*"),
    (status = 304, description = "the client has this version"),
    (status = 404, description = "the key is not cached", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "the entry is another version", body = Problem, content_type = "application/problem+json"),
    (status = 416, description = "the entry has no such part", body = Problem, content_type = "application/problem+json"),
    NoCache, CommonResponses
))]
pub(crate) async fn cached(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(key): Names<String>,
    params: Result<NoParams, Problem>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cache = open_cache(&handle, &viewer)?;
    params?;
    check_key(&key)?;
    if !may_see(&handle, &viewer, &key) {
        return Err(not_cached());
    }
    let content = match cache.get_at_once(&key) {
        Some(content) => Some(content),
        None => with_cache(cache, move |cache| Ok(cache.get(&key))).await?,
    };
    let content = content.ok_or_else(not_cached)?;
    let (kind, shown) = harmless(&content.label().mime_type);
    let name = disposition(shown, safe_name(&content.label().file_name));
    let response = FileResponse::new(version(&content), content.size(), &method, &headers);
    let caching = HeaderValue::from_static("private, no-cache");
    let mut response = response.respond(|from, count| send(content, from, count), kind, caching).await?;
    if response.status().is_success() {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn not_cached() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "the key is not cached")
}

/// The version of an entry: its SHA-256, or where another program stored it, its size and time.
pub(super) fn version(content: &Content) -> Version {
    let modified = content.modified();
    match content.sha256() {
        Some(sha256) => {
            let [high, low] =
                [0, 16].map(|at| sha256[at..at + 16].iter().fold(0u128, |all, byte| all << 8 | u128::from(*byte)));
            Version::new(format_args!("{high:032x}{low:032x}"), modified)
        }
        None => Version::new(format_args!("{:x}-{modified:x}", content.size()), modified),
    }
}

/// A part of an entry as a body. Bytes in memory are sent as they are.
pub(super) async fn send(content: Content, from: u64, count: u64) -> Result<Body, Problem> {
    match content.body() {
        cache::Body::Memory(bytes) => {
            let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            Ok(Body::from(bytes.slice(index(from)..index(from.saturating_add(count)))))
        }
        cache::Body::File(file) => {
            let file = Arc::clone(file);
            let reaches_end = from.saturating_add(count) >= content.size();
            body::of(CachedFile { file, content, reaches_end }, from, count).await
        }
    }
}

/// The file of an entry. The hit is counted when its last byte was read.
struct CachedFile {
    file: Arc<File>,
    content: Content,
    reaches_end: bool,
}

impl Source for CachedFile {
    fn file(&self) -> &File {
        &self.file
    }

    fn finish(&self) {
        if self.reaches_end {
            self.content.finish();
        }
    }
}

/// The type to send, and whether a browser may show it: pictures, movies, sounds and plain text. Anything else could be a page or a
/// script, and is a download without a type.
fn harmless(stored: &str) -> (HeaderValue, Disposition) {
    let essence = stored.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let is_shown = essence.split_once('/').is_some_and(|(kind, sub)| {
        let is_markup = sub.contains("svg") || sub.contains("xml") || sub.contains("html");
        is_token(sub) && !is_markup && matches!(kind, "image" | "video" | "audio")
    });
    if essence == "text/plain" {
        return (HeaderValue::from_static("text/plain; charset=utf-8"), Disposition::Inline);
    }
    match HeaderValue::try_from(essence) {
        Ok(kind) if is_shown => (kind, Disposition::Inline),
        _ => (HeaderValue::from_static(DEFAULT_TYPE), Disposition::Attachment),
    }
}

/// A file name without directories.
fn safe_name(stored: &str) -> &str {
    let name = stored.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.is_empty() || name == "." || name == ".." || name.chars().any(char::is_control) {
        DEFAULT_NAME
    } else {
        name
    }
}

/// The bytes of an entry, for the OpenAPI document.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary, min_length = 1)]
#[allow(dead_code)] // only its description is used
pub(crate) struct EntryBytes(Vec<u8>);

/// The parameters of an entry to store.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PutParams {
    /// the file name; `attachment` by default
    #[param(min_length = 1, max_length = 255, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    name: Option<String>,
    /// the SHA-256 that the bytes must have
    #[param(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
}

/// Stores the body as an entry, with the type of the request. An entry of the key that is there is kept as it is.
#[utoipa::path(put, operation_id = "cache_put", path = "/api/v1/cache/entries/{key}", tag = "cache",
params(("key" = CacheKey, Path), PutParams),
request_body(content = EntryBytes, content_type = "application/octet-stream", description = "the bytes, at least one"),
responses(
    (status = 200, description = "the key is cached already", body = StoredMedia),
    (status = 201, description = "the entry is stored", body = StoredMedia),
    (status = 408, description = "the body does not arrive in time", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "the body does not have that SHA-256", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "the body is larger than the cache", body = Problem, content_type = "application/problem+json"),
    (status = 507, description = "the disk is full", body = Problem, content_type = "application/problem+json"),
    NoCache, CommonResponses
))]
pub(crate) async fn cache_put(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(key): Names<String>,
    params: Result<Params<PutParams>, Problem>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let stored = async {
        let cache = open_cache(&handle, &viewer)?;
        let Params(params) = params?;
        if store_of_key(&key).is_some() {
            return Err(Problem::forbidden("what stores have is cached by Owlery alone"));
        }
        let (label, expected) = (label(&headers, params.name)?, expected(params.sha256.as_deref())?);
        store(&cache, key, label, expected, body).await
    };
    match stored.await {
        Ok(Stored::New) => (StatusCode::CREATED, stored_json(Stored::New)).into_response(),
        Ok(stored) => stored_json(stored),
        Err(problem) => {
            let mut response = problem.into_response();
            // The rest of the body is not read, so no other request can follow on this connection.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

fn stored_json(stored: Stored) -> Response {
    json(&StoredMedia { stored: convert::stored(stored) })
}

/// The type and the file name to store.
fn label(headers: &HeaderMap, name: Option<String>) -> Result<Label, Problem> {
    let name = name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    if name.is_empty() || name.len() > MAX_LABEL || name.chars().any(char::is_control) {
        let rule = format!("name: expected 1 to {MAX_LABEL} bytes without control characters");
        return Err(Problem::parameter("name", rule));
    }
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str).transpose();
    let kind = kind.ok().map(|kind| kind.filter(|kind| !kind.is_empty()).unwrap_or(DEFAULT_TYPE));
    let kind = kind.filter(|kind| kind.len() <= MAX_LABEL && !kind.chars().any(char::is_control));
    let bad =
        || Problem::new(StatusCode::BAD_REQUEST, format!("the Content-Type is not ASCII of at most {MAX_LABEL} bytes"));
    Ok(Label::new(kind.ok_or_else(bad)?, &name))
}

fn expected(sha256: Option<&str>) -> Result<Expected, Problem> {
    let parse = |text| match Checksum::parse(text) {
        Some(sha256 @ Checksum::Sha256(_)) => Ok(sha256),
        _ => Err(Problem::parameter("sha256", "sha256: expected 64 hexadecimal digits")),
    };
    Ok(Expected { size: None, checksum: sha256.map(parse).transpose()? })
}

/// Stores a body. No thread waits for the client: a piece is collected first, then written.
async fn store(cache: &Cache, key: String, label: Label, expected: Expected, body: Body) -> Result<Stored, Problem> {
    let max = cache.options().max_bytes;
    let too_large = || {
        let detail = format!("the body is larger than the cache, which has {max} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    if axum::body::HttpBody::size_hint(&body).lower() > max {
        return Err(too_large());
    }
    let mut writer = with_cache(cache.clone(), move |cache| cache.writer(&key, label, expected)).await?;
    let (mut body, mut size, mut piece) = (Upload::new(body), 0, Vec::new());
    while let Some(bytes) = body.next().await? {
        size += bytes.len() as u64;
        if size > max {
            return Err(too_large());
        }
        piece.push(bytes);
        if piece.iter().map(Bytes::len).sum::<usize>() >= PIECE {
            writer = write(cache, writer, std::mem::take(&mut piece)).await?;
        }
    }
    writer = write(cache, writer, piece).await?;
    match with_cache(cache.clone(), move |_| writer.commit()).await? {
        Stored::Empty => Err(Problem::new(StatusCode::BAD_REQUEST, "the body is empty; nothing is stored")),
        Stored::TooLarge => Err(too_large()),
        stored @ (Stored::New | Stored::Kept) => Ok(stored),
    }
}

async fn write(cache: &Cache, mut writer: Writer, piece: Vec<Bytes>) -> Result<Writer, Problem> {
    with_cache(cache.clone(), move |cache| {
        let dir = || cache.options().dir.clone();
        let fail = |source| cache::Error::Io { operation: "write to", path: dir(), source };
        piece.iter().try_for_each(|bytes| writer.write_all(bytes)).map_err(fail)?;
        Ok(writer)
    })
    .await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A stored page or script must not run on this origin.
    #[test]
    fn only_harmless_types_are_shown() {
        for (stored, sent) in [
            ("image/jpeg", "image/jpeg"),
            ("IMAGE/JPEG; x=y", "image/jpeg"),
            ("video/mp4", "video/mp4"),
            ("text/plain; charset=utf-16", "text/plain; charset=utf-8"),
        ] {
            let (kind, shown) = harmless(stored);
            assert_eq!((kind.to_str().unwrap(), shown), (sent, Disposition::Inline), "{stored}");
        }
        for stored in [
            "text/html",
            "image/svg+xml",
            " Image/SVG+xml;a",
            "image/svg",
            "image/x.html",
            "application/xhtml+xml",
            "text/javascript",
            "application/javascript",
            "application/pdf",
            "application/json",
            "text/xml",
            "text/css",
            "multipart/x-mixed-replace",
            "image/",
            "image/a b",
            "image/a\r\nX: y",
            "image",
            "",
        ] {
            assert_eq!(
                harmless(stored),
                (HeaderValue::from_static(DEFAULT_TYPE), Disposition::Attachment),
                "{stored:?}"
            );
        }
    }

    #[test]
    fn file_names_have_no_directories() {
        for (stored, sent) in [
            ("1.jpg", "1.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\1.jpg", "1.jpg"),
            ("..", DEFAULT_NAME),
            ("a/", DEFAULT_NAME),
            ("a\nb", DEFAULT_NAME),
        ] {
            assert_eq!(safe_name(stored), sent);
        }
    }

    proptest! {
        /// Whatever another program wrote into a sidecar, the headers are valid, and no markup is shown.
        #[test]
        fn any_label_gives_valid_headers(kind in "\\PC{0,12}/?\\PC{0,12}", name in "(\\PC|[\\x00-\\x1f]){0,12}") {
            let (sent, shown) = harmless(&kind);
            let text = sent.to_str().unwrap();
            prop_assert!(!text.contains("html") && !text.contains("xml") && !text.contains("script"));
            prop_assert!(shown == Disposition::Inline || text == DEFAULT_TYPE);
            prop_assert!(disposition(shown, safe_name(&name)).to_str().is_ok());
        }
    }
}
