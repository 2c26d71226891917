//! Under which path the router is mounted, so that every URL in an answer leads back to it.

use std::convert::Infallible;
use std::fmt;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::Uri;
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What is not left as it came, so that the prefix can stand in JSON, HTML and headers as it is.
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

/// Where the router is mounted: empty at the root, else a path that begins with a slash and ends with none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Prefix(String);

impl Prefix {
    /// That of a request: what the client asked for, if another router has it, and what is left of that here.
    pub fn of(asked: Option<&OriginalUri>, left: &Uri) -> Self {
        asked.map_or_else(Self::default, |OriginalUri(asked)| Self::between(asked.path(), left.path()))
    }

    /// The path as the client asked for it begins with the prefix; what is left of it came to the router.
    fn between(asked: &str, left: &str) -> Self {
        if asked.len() == left.len() {
            return Self::default();
        }
        // A router that is asked for its very root may have been asked without the slash at the end.
        let prefix = asked.strip_suffix(left).unwrap_or(if left == "/" { asked } else { "" });
        Self(utf8_percent_encode(prefix.trim_end_matches('/'), UNSAFE).to_string())
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for Prefix {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.extensions.get(), &parts.uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_what_was_stripped() {
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
            assert_eq!(Prefix::between(asked, left).as_str(), prefix, "{asked}");
        }
    }
}
