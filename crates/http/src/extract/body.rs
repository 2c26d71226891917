//! Bodies of requests. Their size and time are limited in `limits`.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Whether the `Content-Type` is this one, with any parameters.
pub(crate) fn has_type(kind: &str, headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}

/// Parses a JSON body. `T` should refuse unknown fields.
pub(crate) async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    if !has_type(JSON, request.headers()) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json"));
    }
    let bad = |why: String| Problem::new(StatusCode::BAD_REQUEST, why);
    let body = Bytes::from_request(request, &()).await.map_err(|why| bad(format!("cannot read the body: {why}")))?;
    serde_json::from_slice(&body).map_err(|error| bad(format!("invalid body: {error}")))
}
