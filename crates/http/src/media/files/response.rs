//! The response for an open file: the whole file, a part, or 304, by the conditions of the request in the order of RFC 9110,
//! section 13.2.2. `body` sends the bytes. Entries of the media cache are sent like files.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::LastModified;
use headers::{Date, ETag, Header, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince};

use super::range::{RequestedRange, requested_range};
use crate::engine::MediaFile;
use crate::problem::Problem;

/// The approximate number of headers of a response.
const HEADERS: usize = 12;

/// A response for a file before it is sent.
pub(crate) struct FileResponse {
    /// For HEAD: the file is not read.
    is_head: bool,
    status: StatusCode,
    /// The first byte and the number of bytes.
    part: (u64, u64),
    len: u64,
    version: Version,
}

/// The version of a file.
pub(crate) struct Version {
    etag: HeaderValue,
    modified: SystemTime,
}

impl FileResponse {
    /// The response for a file of `len` bytes.
    pub(crate) fn new(version: Version, len: u64, method: &Method, headers: &HeaderMap) -> Self {
        let status = version.outcome(headers);
        let part = if status == StatusCode::OK { (0, len) } else { (0, 0) };
        let whole = Self { is_head: method == Method::HEAD, status, part, len, version };
        // Ranges are defined for GET alone (RFC 9110, section 14.2).
        let range = headers.get(header::RANGE).filter(|_| method == Method::GET).and_then(|range| range.to_str().ok());
        match range.filter(|_| status == StatusCode::OK && whole.version.is_range_of_this(headers)) {
            None => whole,
            Some(range) => match requested_range(range, len) {
                RequestedRange::Whole => whole,
                RequestedRange::Unsatisfiable => {
                    Self { status: StatusCode::RANGE_NOT_SATISFIABLE, part: (0, 0), ..whole }
                }
                RequestedRange::Part(from, to) => {
                    Self { status: StatusCode::PARTIAL_CONTENT, part: (from, to - from + 1), ..whole }
                }
            },
        }
    }

    /// The problem document if the file is not sent. It must not be cached like the file.
    fn refusal(&self) -> Option<Response> {
        let why = match self.status {
            StatusCode::PRECONDITION_FAILED => "the file is another version".to_owned(),
            StatusCode::RANGE_NOT_SATISFIABLE => {
                format!("the requested range is outside the file, which has {} bytes", self.len)
            }
            _ => return None,
        };
        let mut response = Problem::new(self.status, why).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::RANGE_NOT_SATISFIABLE {
            headers.insert(header::CONTENT_RANGE, text(format_args!("bytes */{}", self.len)));
        }
        Some(response)
    }

    /// Makes the response. `read` returns a body of so many bytes from this one on.
    pub(crate) async fn respond<F: Future<Output = Result<Body, Problem>>>(
        self,
        read: impl FnOnce(u64, u64) -> F,
        kind: HeaderValue,
        caching: HeaderValue,
    ) -> Result<Response, Problem> {
        if let Some(refusal) = self.refusal() {
            return Ok(refusal);
        }
        let (from, count) = self.part;
        let body = if count == 0 || self.is_head { Body::empty() } else { read(from, count).await? };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(header::ETAG, self.version.etag);
        headers.typed_insert(LastModified::from(self.version.modified));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(header::CACHE_CONTROL, caching);
        match self.status {
            StatusCode::NOT_MODIFIED => {
                // The length of the file (RFC 9110, section 8.6): a HEAD would get 0 otherwise.
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.len));
                return Ok(response);
            }
            StatusCode::PARTIAL_CONTENT => {
                let last = from + count - 1;
                headers.insert(header::CONTENT_RANGE, text(format_args!("bytes {from}-{last}/{}", self.len)));
                headers.insert(header::CONTENT_TYPE, kind);
            }
            _ => _ = headers.insert(header::CONTENT_TYPE, kind),
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
        Ok(response)
    }
}

impl Version {
    pub(super) fn of(media: &MediaFile) -> Self {
        let secs = u64::try_from(media.modified.div_euclid(1_000_000_000)).unwrap_or(0);
        Self::new(format_args!("{:x}-{:x}-{:x}", media.inode, media.len, media.modified), secs)
    }

    /// A version with this tag, of letters, digits and hyphens, and this time in seconds since 1970. A time that no header can
    /// have becomes the first second.
    pub(crate) fn new(tag: std::fmt::Arguments<'_>, modified: u64) -> Self {
        const YEAR_10000: u64 = 253_402_300_800;
        let modified = if modified < YEAR_10000 { modified } else { 0 };
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(modified);
        Self { etag: text(format_args!("\"{tag}\"")), modified }
    }

    fn etag(&self) -> Option<ETag> {
        ETag::decode(&mut std::iter::once(&self.etag)).ok()
    }

    /// Evaluates the conditions of a request. ETags take precedence over times.
    fn outcome(&self, headers: &HeaderMap) -> StatusCode {
        let has = |name: HeaderName| headers.contains_key(name);
        let passes = |test: &dyn Fn(&ETag) -> bool| self.etag().as_ref().is_some_and(test);
        if has(header::IF_MATCH) {
            let expected = headers.typed_get::<IfMatch>();
            if !expected.is_some_and(|expected| passes(&|etag| expected.precondition_passes(etag))) {
                return StatusCode::PRECONDITION_FAILED;
            }
        } else if let Some(since) = headers.typed_get::<IfUnmodifiedSince>()
            && !since.precondition_passes(self.modified)
        {
            return StatusCode::PRECONDITION_FAILED;
        }
        let is_known = if let Some(known) = headers.typed_get::<IfNoneMatch>() {
            passes(&|etag| !known.precondition_passes(etag))
        } else {
            headers.typed_get::<IfModifiedSince>().is_some_and(|since| !since.is_modified(self.modified))
        };
        if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK }
    }

    /// Evaluates `If-Range`.
    fn is_range_of_this(&self, headers: &HeaderMap) -> bool {
        let Some(condition) = headers.get(header::IF_RANGE) else { return true };
        // A time must match exactly (RFC 9110, section 13.1.5).
        if let Ok(time) = Date::decode(&mut std::iter::once(condition)) {
            return SystemTime::from(time) == self.modified;
        }
        // A value that is neither an ETag nor a time matches no version.
        let tag = headers.typed_get::<IfRange>();
        tag.is_some_and(|tag| !tag.is_modified(self.etag().as_ref(), None))
    }
}

/// A header value of digits and punctuation.
fn text(value: std::fmt::Arguments<'_>) -> HeaderValue {
    let mut written = String::with_capacity(64);
    let _ = written.write_fmt(value); // writing to a string cannot fail
    HeaderValue::try_from(written).expect("digits and punctuation are a valid header value")
}
