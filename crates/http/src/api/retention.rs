//! `/api/v1/retention`: the rules, the plan, the guards; running a pass and confirming a held one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::redact;
use crate::auth::Viewer;
use crate::convert;
use crate::engine::Handle;
use crate::error::Error;
use crate::extract::NoParams;
use crate::extract::body;
use crate::limits::blocking;
use crate::problem::{CommonResponses, Problem};
use crate::protocol::{Pass, Retention};
use crate::response::json;
use crate::time::rfc3339;

/// The rules, the current plan, all guards, the forecast, and the queued and held passes.
#[utoipa::path(get, path = "/api/v1/retention", tag = "retention", responses(
    (status = 200, description = "the state of retention", body = Retention),
    CommonResponses
))]
pub(crate) async fn retention(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    _: NoParams,
) -> Result<Response, Problem> {
    let scope = viewer.clone();
    let mut state = blocking(move || handle.retention(scope.cameras()).map(convert::retention)).await?;
    state.plan = state.plan.map(|plan| redact::plan(plan, &viewer));
    state.guards = redact::guards(state.guards, &viewer);
    state.passes = redact::waiting(state.passes, &viewer);
    Ok(json(&state))
}

/// Runs a pass by the rules. If a guard refuses it, `refused` has the guard, and `pass` the id to confirm.
#[utoipa::path(post, path = "/api/v1/retention/run", tag = "retention", responses(
    (status = 200, description = "what was retired, or the guard that refused", body = Pass),
    CommonResponses
))]
pub(crate) async fn run(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<NoParams, Problem>,
) -> Result<Response, Problem> {
    viewer.may_change_all()?;
    params?;
    ready(&handle)?;
    let pass = blocking(move || match handle.expire(None) {
        // This guard prevents a plan, so there is no id to confirm.
        Err(Error::Refused { guard, message }) => Ok(Pass::refused(rfc3339(handle.now().utc), guard, message)),
        other => other.map(|pass| convert::pass(&pass)),
    });
    Ok(json(&pass.await?))
}

/// The pass to confirm.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// The id of the held pass.
    pass: String,
}

/// Runs the held pass as it was planned, without events that have been saved, opened, restored or removed since.
#[utoipa::path(post, path = "/api/v1/retention/confirm", tag = "retention", request_body = Confirmation, responses(
    (status = 200, description = "what was retired, or the guard that still refuses", body = Pass),
    (status = 404, description = "no held pass has this id", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "the body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn confirm(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    params: Result<NoParams, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    viewer.may_change_all()?;
    params?;
    let Confirmation { pass } = body::json(request).await?;
    ready(&handle)?;
    let pass = blocking(move || handle.confirm(&pass)).await?;
    Ok(json(&convert::pass(&pass)))
}

/// Refuses passes before the preload is complete.
fn ready(handle: &Handle) -> Result<(), Problem> {
    if handle.status().may_expire() {
        return Ok(());
    }
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the archive is still being read; see /readyz for the progress"))
}
