//! The web page: every file under `ui/dist/`, embedded in the binary. Each file has an ETag, and is compressed
//! once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, LazyLock, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRef, OriginalUri};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::auth::{Auth, Prefix, below, vary_on_prefix};
use super::compress::{self, GZIP};
use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "ui/"]
struct Files;

/// The page, served at `/`.
const INDEX: &str = "index.html";
/// The login page, a template of `auth`.
pub(crate) const LOGIN: &str = "login.html";

/// A file as it is sent.
struct Asset {
    content_type: HeaderValue,
    plain: Bytes,
    /// `None` if compression does not make it smaller.
    gzipped: Option<Bytes>,
    /// The same, an eighth smaller still. Made for the first client that accepts it, since it takes some milliseconds.
    brotli: OnceLock<Option<Bytes>>,
    /// A part of its SHA-256, for ETags.
    hash: String,
}

/// The files by their names below `ui/dist/`.
static ASSETS: LazyLock<HashMap<Cow<'static, str>, Asset>> = LazyLock::new(|| {
    let asset = |name: Cow<'static, str>| {
        let file = Files::get(&name)?;
        let content = match file.data {
            Cow::Borrowed(content) => Bytes::from_static(content),
            Cow::Owned(content) => content.into(),
        };
        // Of two kinds that the library does not know.
        let kind = match name.rsplit_once('.') {
            Some((_, "ftl")) => "text/plain",
            Some((_, "webmanifest")) => "application/manifest+json",
            _ => file.metadata.mimetype(),
        };
        let charset = if kind.starts_with("text/") { "; charset=utf-8" } else { "" };
        let content_type = HeaderValue::try_from(format!("{kind}{charset}")).ok()?;
        Some((name, Asset::new(content_type, content)))
    };
    Files::iter().filter_map(asset).collect()
});

impl Asset {
    fn new(content_type: HeaderValue, plain: Bytes) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let gzipped = encoder.write_all(&plain).and_then(|()| encoder.finish()).ok();
        let gzipped = gzipped.filter(|gzipped| gzipped.len() < plain.len()).map(Bytes::from);
        let hash = Sha256::digest(&plain).iter().take(8).fold(String::new(), |mut hash, byte| {
            let _ = write!(hash, "{byte:02x}"); // writing to a string cannot fail
            hash
        });
        Self { content_type, plain, gzipped, brotli: OnceLock::new(), hash }
    }

    /// The bytes in the best encoding that a client accepts, and its name; none for the plain ones.
    fn encoded(&self, request: &HeaderMap) -> (&Bytes, Option<&'static str>) {
        // What gzip makes no smaller, such as a picture, is not compressed at all.
        let Some(gzipped) = &self.gzipped else { return (&self.plain, None) };
        if compress::accepts(request, &["br"])
            && let Some(brotli) = self.brotli.get_or_init(|| brotli(&self.plain))
        {
            return (brotli, Some("br"));
        }
        if compress::accepts(request, GZIP) { (gzipped, Some("gzip")) } else { (&self.plain, None) }
    }

    fn respond(&self, request: &HeaderMap) -> Response {
        let (bytes, encoding) = self.encoded(request);
        let tag = format!("\"{}{}\"", self.hash, encoding.map(|name| format!("-{name}")).unwrap_or_default());
        let known = request.typed_get::<IfNoneMatch>();
        let is_known = tag.parse::<ETag>().is_ok_and(|tag| known.is_some_and(|known| !known.precondition_passes(&tag)));
        let mut response =
            if is_known { StatusCode::NOT_MODIFIED.into_response() } else { bytes.clone().into_response() };
        let headers = response.headers_mut();
        if !is_known {
            headers.insert(header::CONTENT_TYPE, self.content_type.clone());
            if let Some(name) = encoding {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            }
        }
        headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        response
    }
}

/// A file compressed with Brotli; `None` if that does not make it smaller.
fn brotli(plain: &[u8]) -> Option<Bytes> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: plain.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*plain, &mut compressed, &parameters).ok()?;
    (compressed.len() < plain.len()).then(|| compressed.into())
}

/// A text file of the page; empty if it does not exist.
pub(crate) fn text(name: &str) -> String {
    ASSETS.get(name).map(|asset| String::from_utf8_lossy(&asset.plain).into_owned()).unwrap_or_default()
}

/// A route for the page, and one for every other file under its own name.
pub(super) fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<Auth>: FromRef<S>,
{
    let names = ASSETS.keys().filter(|name| !matches!(name.as_ref(), INDEX | LOGIN));
    names.fold(Router::new().route("/", get(page)), |router, name| router.route(&format!("/{name}"), get(file)))
}

async fn file(uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let name = uri.path().trim_start_matches('/');
    Ok(ASSETS.get(name).ok_or_else(Problem::not_found)?.respond(&headers))
}

/// The page. Its URLs are relative to its path. Behind a proxy, and where the router is mounted, that path may lack the slash at its
/// end; then the page gets a `<base>`.
async fn page(prefix: Prefix, OriginalUri(requested): OriginalUri, headers: HeaderMap) -> Result<Response, Problem> {
    let base = match requested.path().rsplit_once('/') {
        _ if prefix.is_proxied() => format!("{prefix}/"),
        // Relative to the page, whose path may be longer behind a proxy.
        Some((_, last)) if !last.is_empty() => below(last),
        _ => String::new(),
    };
    let index = ASSETS.get(INDEX).ok_or_else(Problem::not_found)?;
    let mut response = if base.is_empty() {
        index.respond(&headers)
    } else {
        let page = text(INDEX).replacen("<head>", &format!("<head>\n  <base href=\"{base}\">"), 1);
        Asset::new(index.content_type.clone(), page.into()).respond(&headers)
    };
    vary_on_prefix(response.headers_mut());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accepted: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, accepted.parse().unwrap());
        headers
    }

    #[test]
    fn the_smallest_accepted_encoding_is_sent() {
        let asset = |plain: Vec<u8>| Asset::new(HeaderValue::from_static("text/plain"), plain.into());
        let text = asset("the same text again and again. ".repeat(99).into());
        for (accepted, encoding) in [("gzip, br", Some("br")), ("gzip, br;q=0", Some("gzip")), ("identity", None)] {
            let (bytes, name) = text.encoded(&headers(accepted));
            assert_eq!(name, encoding, "{accepted}");
            assert_eq!(bytes.len() < text.plain.len(), encoding.is_some(), "{accepted}");
        }
        let (brotli, _) = text.encoded(&headers("br"));
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &brotli[..], &mut plain).unwrap();
        assert_eq!(plain, text.plain);
        assert_eq!(asset(vec![1, 2, 3]).encoded(&headers("gzip, br")).1, None);
    }
}
