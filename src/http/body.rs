//! Bodies of requests: JSON of a known shape and size, or a refusal that says what is wrong.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::error::Problem;

/// The most bytes of a body. What can be asked for takes a few hundred.
const MOST: usize = 64 * 1024;

/// Reads a body as `T`, which should refuse unknown fields.
pub(super) async fn json<T: DeserializeOwned>(mut request: Request) -> Result<T, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json"));
    }
    DefaultBodyLimit::max(MOST).apply(&mut request);
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {MOST} bytes"))
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "the body could not be read to its end"),
    })?;
    serde_json::from_slice(&body).map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}
