//! What is answered of an open file: the whole, a part, or that whoever asks has it, by the conditions of his request in
//! the order of RFC 9110, section 13.2.2. Sending it is `body`'s.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::LastModified;
use headers::{Date, ETag, Header, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince};

use super::super::error::Problem;
use super::body;
use super::range::{Wanted, wanted};
use crate::archive::MediaFile;

/// About as many headers as the answer has in the end.
const HEADERS: usize = 12;

/// Which part of a file is answered, and with which headers.
pub(super) struct Answer {
    /// Whether only its head is asked for: nothing is read then.
    is_head: bool,
    status: StatusCode,
    /// First byte and number of bytes.
    part: (u64, u64),
    len: u64,
    tag: Tag,
}

/// What tells one version of a file from another.
struct Tag {
    etag: HeaderValue,
    modified: SystemTime,
}

impl Answer {
    pub fn new(media: &MediaFile, method: &Method, headers: &HeaderMap) -> Self {
        let tag = Tag::of(media);
        let status = tag.outcome(headers);
        let part = if status == StatusCode::OK { (0, media.len) } else { (0, 0) };
        let whole = Self { is_head: method == Method::HEAD, status, part, len: media.len, tag };
        // Ranges are defined for GET alone (RFC 9110, section 14.2).
        let range = headers.get(header::RANGE).filter(|_| method == Method::GET).and_then(|range| range.to_str().ok());
        match range.filter(|_| status == StatusCode::OK && whole.tag.is_range_of_this(headers)) {
            None => whole,
            Some(range) => match wanted(range, media.len) {
                Wanted::Whole => whole,
                Wanted::Nothing => Self { status: StatusCode::RANGE_NOT_SATISFIABLE, part: (0, 0), ..whole },
                Wanted::Part(from, to) => {
                    Self { status: StatusCode::PARTIAL_CONTENT, part: (from, to - from + 1), ..whole }
                }
            },
        }
    }

    /// What is said where nothing of this file is answered. It holds for this request, however long the file may be kept.
    fn refusal(&self) -> Option<Response> {
        let why = match self.status {
            StatusCode::PRECONDITION_FAILED => "the file is not the version that was asked for".to_owned(),
            StatusCode::RANGE_NOT_SATISFIABLE => {
                format!("the file has {} bytes, and none of those that were asked for", self.len)
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

    pub async fn respond(self, media: MediaFile, kind: HeaderValue, caching: HeaderValue) -> Result<Response, Problem> {
        if let Some(refusal) = self.refusal() {
            return Ok(refusal);
        }
        let (from, count) = self.part;
        let body = if count == 0 || self.is_head { Body::empty() } else { body::of(media, from, count).await? };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(header::ETAG, self.tag.etag);
        headers.typed_insert(LastModified::from(self.tag.modified));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(header::CACHE_CONTROL, caching);
        match self.status {
            StatusCode::NOT_MODIFIED => {
                // Of what is not sent, or a HEAD would be told that the file is empty (RFC 9110, section 8.6).
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

impl Tag {
    fn of(media: &MediaFile) -> Self {
        let secs = u64::try_from(media.modified.div_euclid(1_000_000_000)).unwrap_or(0);
        let etag = text(format_args!("\"{:x}-{:x}-{:x}\"", media.inode, media.len, media.modified));
        Self { etag, modified: SystemTime::UNIX_EPOCH + Duration::from_secs(secs) }
    }

    fn etag(&self) -> Option<ETag> {
        ETag::decode(&mut std::iter::once(&self.etag)).ok()
    }

    /// What the conditions of a request make of it. A list of tags outranks a time.
    fn outcome(&self, headers: &HeaderMap) -> StatusCode {
        let has = |name: HeaderName| headers.contains_key(name);
        let passes = |test: &dyn Fn(&ETag) -> bool| self.etag().as_ref().is_some_and(test);
        if has(header::IF_MATCH) {
            let wanted = headers.typed_get::<IfMatch>();
            if !wanted.is_some_and(|wanted| passes(&|etag| wanted.precondition_passes(etag))) {
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

    /// Whether a range is asked of this version, as far as the request tells.
    fn is_range_of_this(&self, headers: &HeaderMap) -> bool {
        let Some(condition) = headers.get(header::IF_RANGE) else { return true };
        // A time must be the very same (RFC 9110, section 13.1.5).
        if let Ok(time) = Date::decode(&mut std::iter::once(condition)) {
            return SystemTime::from(time) == self.modified;
        }
        // What is neither a tag nor a time names no version.
        let tag = headers.typed_get::<IfRange>();
        tag.is_some_and(|tag| !tag.is_modified(self.etag().as_ref(), None))
    }
}

/// A header's value of digits and punctuation.
fn text(value: std::fmt::Arguments<'_>) -> HeaderValue {
    let mut written = String::with_capacity(64);
    let _ = written.write_fmt(value); // writing to a string cannot fail
    HeaderValue::try_from(written).expect("digits and punctuation are a header's value")
}
