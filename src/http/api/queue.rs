//! `/api/v1/queue`: what waits in the delete queue, and the way back out of it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::redact;
use crate::http::auth::Viewer;
use crate::http::extract::{Names, Params, RawParams};
use crate::http::limits::blocking;
use crate::http::problem::{CommonResponses, Problem};
use crate::http::response::json;
use crate::http::wire::{QueueWire, RestorationWire};
use crate::service::Handle;

/// What waits in the delete queue, oldest first.
#[utoipa::path(get, path = "/api/v1/queue", tag = "retention", responses(
    (status = 200, description = "the passes that wait, and what lies there and is not Owlery's", body = QueueWire),
    CommonResponses
))]
pub(crate) async fn queue(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    raw: RawParams,
) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    let queue = blocking(move || QueueWire::of(&handle)).await?;
    Ok(json(&redact::queue(queue, &viewer)))
}

/// Takes a pass back into the archive. It never overwrites: what has no place any more stays and is told in `left`.
#[utoipa::path(post, path = "/api/v1/queue/{pass}/restore", tag = "retention", params(
    ("pass" = String, Path, description = "the pass, as the queue names it", example = "20261121T101500Z-Xk2pQa")
), responses(
    (status = 200, description = "what is back, and what stays", body = RestorationWire),
    (status = 404, description = "no such pass waits", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "it is being removed", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn restore(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(pass): Names<String>,
    raw: RawParams,
) -> Result<Response, Problem> {
    viewer.may_change()?;
    Params::new(raw)?.end()?;
    if !viewer.sees_all() {
        let (handle, pass) = (Arc::clone(&handle), pass.clone());
        let queue = blocking(move || QueueWire::of(&handle)).await?;
        may_restore(&queue, &pass, &viewer)?;
    }
    let done = blocking(move || handle.restore(&pass)).await?;
    Ok(json(&RestorationWire::from(done)))
}

/// Refuses a pass that is not all of cameras that whoever asks sees: as unknown if nothing of it is. What a pass holds is
/// written once, before its first rename, so that is still true when it is taken back.
fn may_restore(queue: &QueueWire, pass: &str, viewer: &Viewer) -> Result<(), Problem> {
    let is_seen = || {
        let parts = queue.passes.iter().filter(|queued| queued.pass == pass);
        parts.flat_map(|part| &part.items).map(|item| viewer.sees(&item.camera))
    };
    if !is_seen().any(|is_seen| is_seen) {
        return Err(Problem::not_found());
    }
    if !is_seen().all(|is_seen| is_seen) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this pass takes an admin of all of its cameras"));
    }
    Ok(())
}
