//! `/api/v1/queue`: the delete queue, and restoring passes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::redact;
use crate::auth::Viewer;
use crate::convert;
use crate::engine::Handle;
use crate::extract::{Names, NoParams};
use crate::limits::blocking;
use crate::problem::{CommonResponses, Problem};
use crate::protocol::{Queue, Restoration};
use crate::response::json;

/// The passes in the delete queue, oldest first.
#[utoipa::path(get, path = "/api/v1/queue", tag = "retention", responses(
    (status = 200, description = "the passes, and entries of the queue that are not Owlery's", body = Queue),
    CommonResponses
))]
pub(crate) async fn queue(State(handle): State<Arc<Handle>>, viewer: Viewer, _: NoParams) -> Result<Response, Problem> {
    let queue = blocking(move || handle.queue().map(convert::queue)).await?;
    Ok(json(&redact::queue(queue, &viewer)))
}

/// Restores a pass to the archive. It never overwrites: events whose place is taken stay in the queue and are listed in `left`.
#[utoipa::path(post, path = "/api/v1/queue/{pass}/restore", tag = "retention", params(
    ("pass" = String, Path, description = "the name of the pass in the queue", example = "20261121T101500Z-Xk2pQa")
), responses(
    (status = 200, description = "what is restored, and what stays", body = Restoration),
    (status = 404, description = "no such pass", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "the pass is being removed", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn restore(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Names(pass): Names<String>,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    viewer.may_change()?;
    params?;
    if !viewer.sees_all() {
        let (handle, pass) = (Arc::clone(&handle), pass.clone());
        let queue = blocking(move || handle.queue().map(convert::queue)).await?;
        may_restore(&queue, &pass, &viewer)?;
    }
    let done = blocking(move || handle.restore(&pass)).await?;
    Ok(json(&convert::restoration(done)))
}

/// Refuses a pass with cameras that the user cannot see; 404 if it has only such cameras. The content of a pass never changes, so
/// the check still holds when the pass is restored.
fn may_restore(queue: &Queue, pass: &str, viewer: &Viewer) -> Result<(), Problem> {
    let visible = || {
        let parts = queue.passes.iter().filter(|queued| queued.pass == pass);
        parts.flat_map(|part| &part.items).map(|item| viewer.sees(&item.camera))
    };
    if !visible().any(|visible| visible) {
        return Err(Problem::not_found());
    }
    if !visible().all(|visible| visible) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "admin role for all cameras of this pass required"));
    }
    Ok(())
}
