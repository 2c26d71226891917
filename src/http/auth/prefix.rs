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
use super::{Auth, client};

/// The header with the path that a proxy removed from the beginning of the URL.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The longest path that is accepted from a proxy or the configuration, in bytes.
const MAX_LENGTH: usize = 256;

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
pub(crate) struct Prefix {
    text: String,
    is_proxied: bool,
}

impl Prefix {
    /// The prefix of a request whose URL is `left` when it reaches the router.
    pub fn of(access: &Access, extensions: &Extensions, headers: &HeaderMap, left: &Uri) -> Self {
        let asked = extensions.get::<OriginalUri>();
        let mount = asked.map_or_else(String::new, |OriginalUri(asked)| mount(asked.path(), left.path()));
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
fn mount(asked: &str, left: &str) -> String {
    if asked.len() == left.len() {
        return String::new();
    }
    // The mount path itself may be requested without the slash at its end.
    let prefix = asked.strip_suffix(left).unwrap_or(if left == "/" { asked } else { "" });
    utf8_percent_encode(prefix.trim_end_matches('/'), UNSAFE).to_string()
}

/// The path that a trusted proxy names. A header that is repeated or is no plain path is ignored: it can only make URLs wrong.
fn forwarded(access: &Access, extensions: &Extensions, headers: &HeaderMap) -> Option<String> {
    let mut named = headers.get_all(FORWARDED).iter();
    let first = named.next()?;
    if named.next().is_some() || !client::may_name_prefix(access, extensions) {
        return None;
    }
    plain(first.to_str().ok()?)
}

/// A path of plain segments without the slash at its end, valid in every URL; `None` for anything else. `/` becomes the empty
/// path.
pub(crate) fn plain(path: &str) -> Option<String> {
    let path = path.trim_matches([' ', '\t']);
    let rest = path.strip_prefix('/').filter(|_| path.len() <= MAX_LENGTH)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() {
        return (path == "/").then(String::new);
    }
    rest.split('/').all(is_plain_segment).then(|| format!("/{rest}"))
}

/// Whether a segment needs no normalisation: not empty, no dot segment, no delimiter.
fn is_plain_segment(segment: &str) -> bool {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let is_plain = match byte {
            // Only spaces and bytes outside ASCII may be encoded: browsers treat an encoded dot like a dot.
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                matches!((digit(), digit()), (Some(2), Some(0)) | (Some(8..=15), Some(_)))
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~+@".contains(&byte),
        };
        if !is_plain {
            return false;
        }
    }
    !segment.is_empty() && segment != "." && segment != ".."
}

/// The last segment of a page's path as a relative URL for the paths below it. `./` keeps a colon from ending a scheme.
pub(crate) fn below(last: &str) -> String {
    format!("{}{}/", if last.contains(':') { "./" } else { "" }, utf8_percent_encode(last, UNSAFE))
}

/// Adds `X-Forwarded-Prefix` to `Vary`.
pub(crate) fn vary_on_prefix(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("X-Forwarded-Prefix"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_is_the_removed_prefix() {
        for (asked, left, prefix) in [
            ("/", "/", ""),
            ("/api/v1/events", "/api/v1/events", ""),
            ("/owlery/api/v1/events", "/api/v1/events", "/owlery"),
            ("/a/b/media/Camera%201/x", "/media/Camera%201/x", "/a/b"),
            ("/owlery", "/", "/owlery"),
            ("/owlery/", "/", "/owlery"),
            ("/a/a", "/a", "/a"),
            ("/some\"where\\/api", "/api", "/some%22where%5C"),
        ] {
            assert_eq!(mount(asked, left), prefix, "{asked}");
        }
    }

    /// A client can send this header through a proxy that passes it on: no such value may become part of a URL.
    #[test]
    fn a_prefix_is_a_path_of_plain_segments() {
        for (path, text) in [
            ("/", ""),
            ("/owlery", "/owlery"),
            ("/owlery/", "/owlery"),
            (" /a/b.c/d_e~f-g ", "/a/b.c/d_e~f-g"),
            ("/%C3%BCber/my%20house", "/%C3%BCber/my%20house"),
            ("/.well-known/...", "/.well-known/..."),
        ] {
            assert_eq!(plain(path).as_deref(), Some(text), "{path}");
        }
        let long = format!("/{}", "x".repeat(MAX_LENGTH));
        for bad in [
            "",
            "owlery",
            "//",
            "//evil.example",
            "/a//b",
            "/a//",
            "/..",
            "/a/../b",
            "/./a",
            "/%2e%2e/a",
            "/a%2fb",
            "/a%",
            "/a%4",
            "/%zz",
            "http://evil.example",
            "/\\evil",
            "/a?b",
            "/a#b",
            "/a;b",
            "/a,/b",
            "/a\"b",
            "/a'b",
            "/<b>",
            "/a b",
            "/a\tb",
            "/\u{fc}",
            "/a:b",
            "/{a}",
            "/a&b",
            "/%00",
            "/%0a",
            "/%7f",
            &long,
        ] {
            assert_eq!(plain(bad), None, "{bad:?}");
        }
    }
}
