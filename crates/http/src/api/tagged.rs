//! Responses with an ETag.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};

use crate::auth::{Viewer, vary_on_prefix};
use crate::engine::Handle;
use crate::problem::Problem;

/// The random keys of ETags: a tag does not reveal its content.
static TAG_KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A response with an ETag, or 304. It changes only with the catalog and with `parameters`, which hold times and not spans back
/// from now. For users who cannot see all cameras the tag is a hash of the response: a tag of the catalog's generation would reveal
/// changes of other cameras.
pub(super) async fn tagged(
    handle: &Handle,
    viewer: &Viewer,
    parameters: &impl Hash,
    headers: &HeaderMap,
    body: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    let tag = |hash: u64| format!("W/\"{hash:016x}\"");
    let has = |tag: &str| {
        let (known, tag) = (headers.typed_get::<IfNoneMatch>(), tag.parse::<ETag>().ok());
        known.is_some_and(|known| tag.is_some_and(|tag| !known.precondition_passes(&tag)))
    };
    let (tag, response) = if viewer.sees_all() {
        let tag = tag(TAG_KEYS.hash_one((handle.epoch(), handle.generation(), parameters)));
        let response = if has(&tag) { None } else { Some(body.await?) };
        (tag, response)
    } else {
        let (head, body) = body.await?.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(Problem::internal)?;
        let tag = tag(TAG_KEYS.hash_one((viewer.cameras(), &body)));
        let response = (!has(&tag)).then(|| Response::from_parts(head, body.into()));
        (tag, response)
    };
    let mut response = response.unwrap_or_else(|| StatusCode::NOT_MODIFIED.into_response());
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    vary_on_prefix(response.headers_mut());
    Ok(response)
}
