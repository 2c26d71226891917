//! Bodies of requests: of which kind they are said to be, and JSON of a known shape, or a refusal that says what is wrong. How
//! long one may be, and how long it is waited for, is `limits`'s.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::error::Problem;

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Whether a body is said to be of this kind, whatever its parameters are.
pub(super) fn is_said_to_be(kind: &str, headers: &HeaderMap) -> bool {
    let told = headers.get(header::CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
    told.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}

/// Reads a body as `T`, which should refuse unknown fields.
pub(super) async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    if !is_said_to_be(JSON, request.headers()) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json"));
    }
    let bad = |why: String| Problem::new(StatusCode::BAD_REQUEST, why);
    let body = Bytes::from_request(request, &()).await.map_err(|why| bad(format!("the body cannot be read: {why}")))?;
    serde_json::from_slice(&body).map_err(|error| bad(format!("the body: {error}")))
}
