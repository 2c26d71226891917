//! The API of Owlery's own, version 1, and the health of the service. The routes are in the parts; this is what they share.

mod audit;
mod cameras;
mod days;
mod event;
mod events;
mod queue;
mod redact;
mod retention;

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use serde::Serialize;

use super::error::Problem;
use super::params::{Params, RawParams};
use super::prefix;
use super::viewer::Viewer;
use crate::event::EventId;
use crate::service::Handle;

pub(super) use audit::*;
pub(super) use cameras::*;
pub(super) use days::*;
pub(super) use event::*;
pub(super) use events::*;
pub(super) use queue::*;
pub(super) use retention::*;

/// The most of anything on a page.
const MOST: usize = 1000;

/// What tags are made with, so that they tell nothing of what they were made of.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What every route may answer.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code)] // it is described, and answered by `Problem`
pub(super) enum Common {
    /// A parameter is unknown, doubled or of a wrong form.
    #[response(status = 400, content_type = "application/problem+json")]
    Wrong(Problem),
    /// Nobody has signed in.
    #[response(status = 401, content_type = "application/problem+json")]
    SignIn(Problem),
    /// Whoever asks may not, or asks from where he may not.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// It could not be done; the log says why.
    #[response(status = 500, content_type = "application/problem+json")]
    Failed(Problem),
    /// The disk has no room for it.
    #[response(status = 507, content_type = "application/problem+json")]
    Full(Problem),
    /// The service is stopping, or not ready for this.
    #[response(status = 503, content_type = "application/problem+json")]
    NotNow(Problem),
}

pub(super) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => answer(body),
        Err(error) => Problem::internal(error).into_response(),
    }
}

pub(super) fn answer(json: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json.into()).into_response()
}

/// The event that a path names, if it can be one of a camera that whoever asks sees.
fn event_id((camera, date, time): &(String, String, String), viewer: &Viewer) -> Result<EventId, Problem> {
    let parse = || -> crate::Result<EventId> {
        Ok(EventId { camera: camera.parse()?, day: date.parse()?, name: time.parse()? })
    };
    parse().ok().filter(|id| viewer.sees(&id.camera)).ok_or_else(Problem::not_found)
}

/// The parameter `limit`.
fn limit_of(params: &mut Params) -> Result<Option<usize>, Problem> {
    let limit = params.parsed("limit", "a number from 1 to 1000")?;
    match limit {
        Some(limit) if !(1..=MOST).contains(&limit) => {
            Err(Problem::parameter("limit", format!("limit={limit} is not a number from 1 to {MOST}")))
        }
        _ => Ok(limit),
    }
}

/// A list that is the same as long as the catalog is and the same is asked: answered with a tag, and with 304 to whoever has
/// it. `asked` is what it depends on: what is asked, with what a span back from now means now. For whoever does not see all
/// cameras the tag is that of the answer itself, or it would tell him of changes elsewhere.
async fn tagged(
    handle: &Handle,
    viewer: &Viewer,
    asked: &impl Hash,
    headers: &HeaderMap,
    body: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    let tag = |hash: u64| format!("W/\"{hash:016x}\"");
    let has = |tag: &str| {
        let (known, tag) = (headers.typed_get::<IfNoneMatch>(), tag.parse::<ETag>().ok());
        known.is_some_and(|known| tag.is_some_and(|tag| !known.precondition_passes(&tag)))
    };
    let (tag, answer) = if viewer.sees_all() {
        let tag = tag(KEYS.hash_one((handle.epoch(), handle.generation(), asked)));
        let answer = if has(&tag) { None } else { Some(body.await?) };
        (tag, answer)
    } else {
        let (head, body) = body.await?.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(Problem::internal)?;
        let tag = tag(KEYS.hash_one((viewer.cameras(), &body)));
        let answer = (!has(&tag)).then(|| Response::from_parts(head, body.into()));
        (tag, answer)
    };
    let mut response = answer.unwrap_or_else(|| StatusCode::NOT_MODIFIED.into_response());
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    prefix::vary(response.headers_mut());
    Ok(response)
}

/// Answers as long as the process does.
#[utoipa::path(get, path = "/healthz", tag = "health", responses(
    (status = 200, description = "it lives", body = String, content_type = "text/plain"),
    (status = 400, description = "a parameter was given", body = Problem, content_type = "application/problem+json")
))]
pub(super) async fn healthz(raw: RawParams) -> Result<&'static str, Problem> {
    crate::fault::point("healthz");
    Params::new(raw)?.end()?;
    Ok("ok\n")
}

/// How ready the service is. Whoever does not see all cameras is told which parts wait, and neither why nor of how much.
#[derive(Serialize, utoipa::ToSchema)]
struct Readiness {
    ready: bool,
    /// What is not ready, and why.
    waiting: std::collections::BTreeMap<&'static str, String>,
    /// What a rule of retention asks for and cannot be done.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Vec<String>>,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u64>,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    days_done: Option<u64>,
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
}

/// Whether every event can be queried and news arrive; 503 and the reasons if not.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "it is ready", body = Readiness),
    (status = 400, description = "a parameter was given", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "it is not ready, and why", body = Readiness)
))]
pub(super) async fn readyz(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    raw: RawParams,
) -> Result<Response, Problem> {
    use std::sync::atomic::Ordering::Relaxed;
    Params::new(raw)?.end()?;
    let (troubles, progress) = (handle.status.troubles(), &handle.status.progress);
    let sees_all = viewer.sees_all();
    let why = |trouble: String| if sees_all { trouble } else { String::new() };
    let count = |number: &std::sync::atomic::AtomicU64| sees_all.then(|| number.load(Relaxed));
    let ready = troubles.is_empty();
    let readiness = Readiness {
        ready,
        waiting: troubles.into_iter().map(|(part, trouble)| (part.as_str(), why(trouble))).collect(),
        alerts: sees_all.then(|| handle.alerts()),
        days: count(&progress.days),
        days_done: count(&progress.days_done),
        events: count(&progress.events),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, json(&readiness)).into_response())
}

#[cfg(test)]
mod tests;
