//! What the handlers of several rooms share for their responses.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
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
