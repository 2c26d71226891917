//! The page and what belongs to it, compiled in. Each file has a tag, so that a browser asks for it once, and is compressed once for
//! all clients that take that.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::OriginalUri;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use sha2::{Digest, Sha256};

use super::error::Problem;
use super::prefix::{self, Prefix};

/// The login page, with places for a message and for where to go then.
pub(super) const LOGIN: &str = include_str!("../../ui/login.html");

const PAGE: &str = include_str!("../../ui/index.html");
const HTML: &str = "text/html; charset=utf-8";

/// The files by their paths: kind and content.
const FILES: &[(&str, &str, &[u8])] = &[
    ("/", HTML, PAGE.as_bytes()),
    ("/app.js", "text/javascript; charset=utf-8", include_bytes!("../../ui/app.js")),
    ("/elements.js", "text/javascript; charset=utf-8", include_bytes!("../../ui/elements.js")),
    ("/list.js", "text/javascript; charset=utf-8", include_bytes!("../../ui/list.js")),
    ("/player.js", "text/javascript; charset=utf-8", include_bytes!("../../ui/player.js")),
    ("/words.js", "text/javascript; charset=utf-8", include_bytes!("../../ui/words.js")),
    ("/style.css", "text/css; charset=utf-8", include_bytes!("../../ui/style.css")),
    ("/login.css", "text/css; charset=utf-8", include_bytes!("../../ui/login.css")),
    ("/icon.svg", "image/svg+xml", include_bytes!("../../ui/icon.svg")),
    ("/images/missing.jpg", "image/jpeg", include_bytes!("../../ui/missing.jpg")),
];

/// A file as it is sent.
struct Asset {
    kind: &'static str,
    plain: Bytes,
    /// `None` where that is no smaller.
    packed: Option<Bytes>,
    /// The hash of its content, for tags.
    hash: String,
}

static ASSETS: LazyLock<HashMap<&str, Asset>> = LazyLock::new(|| {
    FILES.iter().map(|&(path, kind, content)| (path, Asset::of(kind, Bytes::from_static(content)))).collect()
});

impl Asset {
    fn of(kind: &'static str, plain: Bytes) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let packed = encoder.write_all(&plain).and_then(|()| encoder.finish()).ok();
        let packed = packed.filter(|packed| packed.len() < plain.len()).map(Bytes::from);
        let hash = Sha256::digest(&plain).iter().take(8).fold(String::new(), |mut hash, byte| {
            let _ = write!(hash, "{byte:02x}"); // writing to a string cannot fail
            hash
        });
        Self { kind, plain, packed, hash }
    }

    fn respond(&self, asked: &HeaderMap) -> Response {
        let packed = self.packed.as_ref().filter(|_| takes_gzip(asked));
        let tag = format!("\"{}{}\"", self.hash, if packed.is_some() { "-gzip" } else { "" });
        let known = asked.typed_get::<IfNoneMatch>();
        let is_known = tag.parse::<ETag>().is_ok_and(|tag| known.is_some_and(|known| !known.precondition_passes(&tag)));
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            packed.unwrap_or(&self.plain).clone().into_response()
        };
        let headers = response.headers_mut();
        if !is_known {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
            if packed.is_some() {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        response
    }
}

/// Whether the client takes gzip: it is named, or everything is, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let told = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut takes = false;
    for coding in told.flat_map(|value| value.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => return weight > 0.0,
            "*" => takes = weight > 0.0,
            _ => {}
        }
    }
    takes
}

/// One of the files.
pub(super) async fn file(uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Ok(ASSETS.get(uri.path()).ok_or_else(Problem::not_found)?.respond(&headers))
}

/// The page. What it asks for is relative to its own path. Behind a proxy, or where the router is mounted, that path may lack
/// the slash at its end; then the page says what its URLs are relative to.
pub(super) async fn page(
    prefix: Prefix,
    OriginalUri(asked): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let base = match asked.path().rsplit_once('/') {
        _ if prefix.is_proxied() => format!("{prefix}/"),
        // Relative to the page itself, whose path may be longer where a proxy shows it.
        Some((_, last)) if !last.is_empty() => prefix::below(last),
        _ => String::new(),
    };
    let mut response = match base.as_str() {
        "" => ASSETS.get("/").ok_or_else(Problem::not_found)?.respond(&headers),
        base => {
            let page = PAGE.replacen("<head>", &format!("<head>\n  <base href=\"{base}\">"), 1);
            Asset::of(HTML, page.into()).respond(&headers)
        }
    };
    prefix::vary(response.headers_mut());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_clients_that_take_it() {
        let takes = |told: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, told.parse().unwrap());
            takes_gzip(&headers)
        };
        for yes in ["gzip", "br, GZIP;q=0.1", "*", "x-gzip", "deflate, gzip;q=1.0, *;q=0.5"] {
            assert!(takes(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "gzip;q=0, *", "*;q=0", "identity", "gzip;q=x"] {
            assert!(!takes(no), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
