//! The path below which a client reaches the router, so that every URL in a response leads back to it. It has two parts: the
//! path at which a reverse proxy serves this program (`--base-path`, or `X-Forwarded-Prefix`), and the path at which an
//! embedding program mounts the router.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::access::Access;
use super::state::Auth;
use super::{base_path, client};

/// The header with the path that a proxy removed from the beginning of the URL.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The characters to encode in a mount path, so that JSON, HTML and headers need no further escaping.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'\'')
    .add(b'&')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The path below which the client reaches the router: empty at the root of the host, otherwise it begins with a slash and
/// ends with none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Prefix {
    text: String,
    is_proxied: bool,
}

impl Prefix {
    /// The prefix of a request whose URL is `left` when it reaches the router.
    pub fn of(access: &Access, extensions: &Extensions, headers: &HeaderMap, left: &Uri) -> Self {
        let requested = extensions.get::<OriginalUri>();
        let mount = requested.map_or_else(String::new, |OriginalUri(requested)| mount(requested.path(), left.path()));
        if let Some(base) = access.get_base_path() {
            // A proxy that passes the path on unchanged: see `http::router_at_base`.
            let text = if mount == base { mount } else { format!("{base}{mount}") };
            return Self { text, is_proxied: true };
        }
        match forwarded(access, extensions, headers) {
            Some(outer) if !outer.is_empty() => Self { text: outer + &mount, is_proxied: true },
            _ => Self { text: mount, is_proxied: false },
        }
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the prefix includes the path at which a proxy serves this program.
    pub fn is_proxied(&self) -> bool {
        self.is_proxied
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<S> FromRequestParts<S> for Prefix
where
    S: Send + Sync,
    Arc<Auth>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let auth = Arc::<Auth>::from_ref(state);
        Ok(Self::of(&auth.access, &parts.extensions, &parts.headers, &parts.uri))
    }
}

/// Where the router is mounted: the requested path without the part that reached the router.
fn mount(requested: &str, left: &str) -> String {
    if requested.len() == left.len() {
        return String::new();
    }
    // The mount path itself may be requested without the slash at its end.
    let prefix = requested.strip_suffix(left).unwrap_or(if left == "/" { requested } else { "" });
    utf8_percent_encode(prefix.trim_end_matches('/'), UNSAFE).to_string()
}

/// The path that a trusted proxy names. A header that is repeated or is no plain path is ignored: it can only make URLs wrong.
fn forwarded(access: &Access, extensions: &Extensions, headers: &HeaderMap) -> Option<String> {
    let mut named = headers.get_all(FORWARDED).iter();
    let first = named.next()?;
    if named.next().is_some() || !client::may_name_prefix(access, extensions) {
        return None;
    }
    base_path::plain(first.to_str().ok()?)
}

/// The last segment of a page's path as a relative URL for the paths below it. `./` keeps a colon from ending a scheme.
pub fn below(last: &str) -> String {
    format!("{}{}/", if last.contains(':') { "./" } else { "" }, utf8_percent_encode(last, UNSAFE))
}

/// Adds `X-Forwarded-Prefix` to `Vary`.
pub fn vary_on_prefix(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("X-Forwarded-Prefix"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_is_the_removed_prefix() {
        for (requested, left, prefix) in [
            ("/", "/", ""),
            ("/api/v1/events", "/api/v1/events", ""),
            ("/owlery/api/v1/events", "/api/v1/events", "/owlery"),
            ("/a/b/media/Camera%201/x", "/media/Camera%201/x", "/a/b"),
            ("/owlery", "/", "/owlery"),
            ("/owlery/", "/", "/owlery"),
            ("/a/a", "/a", "/a"),
            ("/some\"where\\/api", "/api", "/some%22where%5C"),
        ] {
            assert_eq!(mount(requested, left), prefix, "{requested}");
        }
    }
}
