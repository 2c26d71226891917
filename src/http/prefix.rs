//! The path below which a client reaches the router, so that every URL in a response leads back to it. It has two parts: the
//! path at which a reverse proxy shows this program (`--base-path`, or `X-Forwarded-Prefix`), and the path at which an
//! embedding program mounts the router.

use std::convert::Infallible;
use std::fmt;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::access::Access;
use super::gate;
use super::web::Web;

/// The header by which a proxy says which path it has taken from the beginning of the URL.
pub(super) const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The longest path that is accepted from a proxy or the configuration, in bytes.
const LONGEST: usize = 256;

/// What is encoded in a mount path, so that the prefix can stand in JSON, HTML and headers as it is.
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
pub(super) struct Prefix {
    text: String,
    is_proxied: bool,
}

impl Prefix {
    /// The prefix of a request whose URL is `left` where the router gets it.
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

    /// Whether the path at which a proxy shows this program is known, so that the prefix is all of the client's path.
    pub fn is_proxied(&self) -> bool {
        self.is_proxied
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromRequestParts<Web> for Prefix {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        Ok(Self::of(&web.access, &parts.extensions, &parts.headers, &parts.uri))
    }
}

/// Where the router is mounted: the path as the client asked for it begins with that, and what is left came to the router.
fn mount(asked: &str, left: &str) -> String {
    if asked.len() == left.len() {
        return String::new();
    }
    // A router that is asked for its very root may have been asked without the slash at the end.
    let prefix = asked.strip_suffix(left).unwrap_or(if left == "/" { asked } else { "" });
    utf8_percent_encode(prefix.trim_end_matches('/'), UNSAFE).to_string()
}

/// The path that a trusted proxy names. A header that is repeated or is no plain path is ignored: it can only make URLs wrong.
fn forwarded(access: &Access, extensions: &Extensions, headers: &HeaderMap) -> Option<String> {
    let mut named = headers.get_all(FORWARDED).iter();
    let first = named.next()?;
    if named.next().is_some() || !gate::may_name_prefix(access, extensions) {
        return None;
    }
    plain(first.to_str().ok()?)
}

/// A path of plain segments without the slash at its end, as it can stand in every URL; `None` if it is anything else. `/` is
/// the empty path.
pub(super) fn plain(path: &str) -> Option<String> {
    let path = path.trim_matches([' ', '\t']);
    let rest = path.strip_prefix('/').filter(|_| path.len() <= LONGEST)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() {
        return (path == "/").then(String::new);
    }
    rest.split('/').all(is_plain_segment).then(|| format!("/{rest}"))
}

/// Whether a segment stands for itself: not empty, no dots that lead elsewhere, nothing that could end the path.
fn is_plain_segment(segment: &str) -> bool {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let is_plain = match byte {
            // Of what is encoded, only letters outside ASCII and the space: an encoded dot or slash is one for browsers.
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

/// The last segment of a page's own path as a relative URL of what lies below it. With a colon in it, it would begin with a
/// scheme but for the `./`.
pub(super) fn below(last: &str) -> String {
    format!("{}{}/", if last.contains(':') { "./" } else { "" }, utf8_percent_encode(last, UNSAFE))
}

/// Tells caches that the response depends on the proxy's header.
pub(super) fn vary(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("X-Forwarded-Prefix"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_is_what_was_stripped() {
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

    /// What a client could send through a proxy that passes it on: none of it may become part of a URL.
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
        let long = format!("/{}", "x".repeat(LONGEST));
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
