//! The API, version 1, a file for each resource; the API of strix; the health of the service. Shared by them: the event
//! of a path, and responses with an ETag.

mod audit;
mod cameras;
mod days;
mod event;
mod events;
mod health;
mod page_cache;
mod queue;
mod redact;
mod retention;
pub(crate) mod strix;

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};

use super::auth::{Viewer, vary_on_prefix};
use super::problem::Problem;
use crate::event::EventId;
use crate::service::Handle;

pub(super) use audit::*;
pub(super) use cameras::*;
pub(super) use days::*;
pub(super) use event::*;
pub(super) use events::*;
pub(super) use health::*;
pub(super) use page_cache::PageCache;
pub(super) use queue::*;
pub(super) use retention::*;

/// The random keys of ETags: a tag does not reveal its content.
static TAG_KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The event of a path; 404 for invalid names and for cameras that the user cannot see.
fn event_id((camera, date, time): &(String, String, String), viewer: &Viewer) -> Result<EventId, Problem> {
    let parse = || -> crate::error::Result<EventId> {
        Ok(EventId { camera: camera.parse()?, day: date.parse()?, name: time.parse()? })
    };
    parse().ok().filter(|id| viewer.sees(&id.camera)).ok_or_else(Problem::not_found)
}

/// A response with an ETag, or 304. It changes only with the catalog and with `parameters`, which hold times and not spans back
/// from now. For users who cannot see all cameras the tag is a hash of the response: a tag of the catalog's generation would reveal
/// changes of other cameras.
async fn tagged(
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

#[cfg(test)]
mod tests;
