//! JSON compressed with gzip for clients that accept it. Files, zip files and event streams are sent as they are, and the page compresses its
//! own files.

use std::io::Write as _;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::problem::Problem;

/// Smaller bodies are sent as they are: they fit into a packet or two.
const SMALLEST: usize = 1024;
/// Larger bodies are compressed on a thread that may work for long.
const LARGE: usize = 128 << 10;

/// The names of gzip.
pub(crate) const GZIP: &[&str] = &["gzip", "x-gzip"];

/// Whether the client accepts a coding, by one of its names or by `*`, with a weight above 0.
pub(crate) fn accepts(headers: &HeaderMap, names: &[&str]) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut accepts_any = false;
    for coding in values.flat_map(|value| value.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if names.contains(&name.as_str()) {
            return weight > 0.0;
        }
        if name == "*" {
            accepts_any = weight > 0.0;
        }
    }
    accepts_any
}

/// The response, compressed if the client accepts that and it is worth it. Tags are weak where this is done, so they hold for both forms.
pub(crate) async fn compressed(accepts: bool, mut response: Response) -> Response {
    if !may_vary(response.status(), response.headers()) {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let size = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
    let Some(size) = size.filter(|size| accepts && *size >= SMALLEST) else { return response };
    let (mut head, body) = response.into_parts();
    let plain = match to_bytes(body, size).await {
        Ok(plain) => plain,
        Err(error) => return Problem::internal(error).into_response(),
    };
    let gzipped = if size > LARGE {
        let plain = plain.clone();
        tokio::task::spawn_blocking(move || gzip(&plain)).await.ok().flatten()
    } else {
        gzip(&plain)
    };
    let Some(gzipped) = gzipped else { return Response::from_parts(head, plain.into()) };
    head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(gzipped))
}

/// Whether a response has another form for clients that accept gzip: it is JSON, whole, and without a strong tag, which names one sequence of bytes.
/// The 304 for such a response is meant too.
fn may_vary(status: StatusCode, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    let tag = text(header::ETAG);
    let is_weak = tag.starts_with(b"W/");
    if status == StatusCode::NOT_MODIFIED {
        return is_weak;
    }
    let kind = text(header::CONTENT_TYPE);
    let is_json = kind.starts_with(b"application/json") || kind.starts_with(b"application/problem+json");
    let is_fixed = [header::CONTENT_ENCODING, header::CONTENT_RANGE, header::ACCEPT_RANGES];
    is_json && (tag.is_empty() || is_weak) && !is_fixed.iter().any(|name| headers.contains_key(name))
}

/// `None` if it does not get smaller.
fn gzip(plain: &[u8]) -> Option<Bytes> {
    // Twice as fast as the default, and a page of events still shrinks to a tenth.
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    let gzipped = encoder.write_all(plain).and_then(|()| encoder.finish()).ok()?;
    (gzipped.len() < plain.len()).then(|| gzipped.into())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn gzip_is_sent_to_clients_that_accept_it() {
        let accepts = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            super::accepts(&headers, GZIP)
        };
        for yes in ["gzip", "br, GZIP;q=0.1", "*", "x-gzip", "deflate, gzip;q=1.0, *;q=0.5"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "gzip;q=0, *", "*;q=0", "identity", "gzip;q=x"] {
            assert!(!accepts(no), "{no}");
        }
        assert!(!super::accepts(&HeaderMap::new(), GZIP));
    }

    /// The response with these headers and as many bytes: whether it is compressed, and whether it varies.
    fn outcome(accepts: bool, status: u16, headers: &[(&str, &str)], size: usize) -> (bool, bool) {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let plain: Vec<u8> = b"event ".iter().copied().cycle().take(size).collect();
        let response = response.body(Body::from(plain.clone())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (head, body) = compressed(accepts, response).await.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let is_gzip = head.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
            let mut text = Vec::new();
            if is_gzip {
                flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut text).unwrap();
            }
            assert_eq!(if is_gzip { &text } else { body.as_ref() }, plain);
            (is_gzip, head.headers.contains_key(header::VARY))
        })
    }

    #[test]
    fn only_json_is_compressed() {
        let json = ("Content-Type", "application/json");
        for (status, headers, size, expected) in [
            (200, &[json][..], 2000, (true, true)),
            (200, &[json], 300_000, (true, true)),
            (200, &[json], 1000, (false, true)),
            (200, &[json, ("ETag", "W/\"a\"")], 2000, (true, true)),
            (304, &[("ETag", "W/\"a\"")], 0, (false, true)),
            (304, &[("ETag", "\"a\"")], 0, (false, false)),
            (409, &[("Content-Type", "application/problem+json")], 2000, (true, true)),
            (200, &[json, ("ETag", "\"a\"")], 2000, (false, false)),
            (206, &[json, ("Content-Range", "bytes 0-1999/4000")], 2000, (false, false)),
            (200, &[json, ("Accept-Ranges", "bytes")], 2000, (false, false)),
            (200, &[("Content-Type", "text/event-stream")], 2000, (false, false)),
            (200, &[("Content-Type", "video/mp4")], 2000, (false, false)),
            (200, &[("Content-Type", "application/zip")], 2000, (false, false)),
            (200, &[], 2000, (false, false)),
        ] {
            assert_eq!(outcome(true, status, headers, size), expected, "{status} {headers:?} {size}");
            assert_eq!(outcome(false, status, headers, size), (false, expected.1), "{status} {headers:?} {size}");
        }
    }

    #[test]
    fn what_does_not_shrink_is_sent_as_it_is() {
        use std::hash::{BuildHasher, RandomState};

        let random = RandomState::new();
        let noise: Vec<u8> = (0..4000).map(|nth| random.hash_one(nth).to_le_bytes()[0]).collect();
        assert_eq!(gzip(&noise), None);
    }
}
