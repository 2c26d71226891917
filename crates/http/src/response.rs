//! What the handlers of several rooms share for their responses.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::problem::Problem;

/// A JSON response.
pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => json_text(body),
        Err(error) => Problem::internal(error).into_response(),
    }
}

/// A response whose body is JSON already.
pub(crate) fn json_text(json: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json.into()).into_response()
}

/// The body of a response to HEAD where the length of the response to GET is unknown: an empty body would send
/// `Content-Length: 0`.
pub(crate) fn no_body() -> Body {
    Body::from_stream(futures_util::stream::empty::<Result<Vec<u8>, Infallible>>())
}

/// Whether a response with these headers has no end of its own: events, or live pictures.
pub fn is_endless(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    kind.starts_with(b"text/event-stream") || kind.starts_with(b"multipart/x-mixed-replace")
}

/// What a browser does with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// It shows it.
    Inline,
    /// It saves it as a file.
    Attachment,
}

/// The characters that RFC 8187 does not encode.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// `Content-Disposition`: the name in ASCII, and encoded by RFC 8187 if it has other characters.
pub(crate) fn disposition(kind: Disposition, name: &str) -> HeaderValue {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let kind = match kind {
        Disposition::Inline => "inline",
        Disposition::Attachment => "attachment",
    };
    let mut value = format!("{kind}; filename=\"{plain}\"");
    if plain != name {
        value.extend(["; filename*=UTF-8''", &utf8_percent_encode(name, PLAIN).to_string()]);
    }
    HeaderValue::try_from(value).expect("ASCII letters are a valid header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_quoted_safely() {
        for (name, expected) in [
            ("Camera1_2026-11-20_10-04-36.zip", "attachment; filename=\"Camera1_2026-11-20_10-04-36.zip\""),
            ("a\"; x=\"b.zip", "attachment; filename=\"a___x__b.zip\"; filename*=UTF-8''a%22%3B%20x%3D%22b.zip"),
            ("Tür\\..zip", "attachment; filename=\"T_r_..zip\"; filename*=UTF-8''T%C3%BCr%5C..zip"),
        ] {
            assert_eq!(disposition(Disposition::Attachment, name).to_str().unwrap(), expected);
        }
    }
}
