//! `/api/v1/retention`: the rules, what they would do now, what keeps them from it, and a person's word on that.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::redact;
use crate::archive::rfc3339;
use crate::error::Error;
use crate::http::auth::Viewer;
use crate::http::extract::body;
use crate::http::extract::{Params, RawParams};
use crate::http::limits::blocking;
use crate::http::problem::{CommonResponses, Problem};
use crate::http::response::json;
use crate::http::wire::{PassWire, RetentionWire};
use crate::service::Handle;

/// The rules, the plan as of now, every guard, the forecast, and the passes that wait or are held.
#[utoipa::path(get, path = "/api/v1/retention", tag = "retention", responses(
    (status = 200, description = "how retention stands", body = RetentionWire),
    CommonResponses
))]
pub(crate) async fn retention(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    raw: RawParams,
) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    let scope = viewer.clone();
    let mut wire = blocking(move || RetentionWire::of(&handle, scope.cameras())).await?;
    wire.plan = wire.plan.map(|plan| redact::plan(plan, &viewer));
    wire.guards = redact::guards(wire.guards, &viewer);
    wire.passes = redact::waiting(wire.passes, &viewer);
    Ok(json(&wire))
}

/// A pass now, by the rules. A guard that refuses it is told in `refused`, with the id that confirms it in `pass`.
#[utoipa::path(post, path = "/api/v1/retention/run", tag = "retention", responses(
    (status = 200, description = "what was retired, or which guard refused", body = PassWire),
    CommonResponses
))]
pub(crate) async fn run(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    raw: RawParams,
) -> Result<Response, Problem> {
    viewer.may_change_all()?;
    Params::new(raw)?.end()?;
    ready(&handle)?;
    let pass = blocking(move || match handle.expire(None) {
        // A guard that lets no plan be made: there is no id that could be confirmed.
        Err(Error::Refused { guard, message }) => Ok(PassWire::refused(rfc3339(handle.now().utc), guard, message)),
        other => other.map(|pass| PassWire::from(&pass)),
    });
    Ok(json(&pass.await?))
}

/// Which pass is confirmed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// The id of the held pass.
    pass: String,
}

/// Carries out the pass that is held, as it was told: less what has since been saved, opened, restored or vanished.
#[utoipa::path(post, path = "/api/v1/retention/confirm", tag = "retention", request_body = Confirmation, responses(
    (status = 200, description = "what was retired, or which guard still refuses", body = PassWire),
    (status = 404, description = "no pass is held under this id, any more or at all", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "the body is larger than 64 KiB", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "the body is not JSON", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn confirm(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    raw: RawParams,
    request: Request,
) -> Result<Response, Problem> {
    viewer.may_change_all()?;
    Params::new(raw)?.end()?;
    let Confirmation { pass } = body::json(request).await?;
    ready(&handle)?;
    let pass = blocking(move || handle.confirm(&pass)).await?;
    Ok(json(&PassWire::from(&pass)))
}

/// Refuses while not enough is known to expire by.
fn ready(handle: &Handle) -> Result<(), Problem> {
    if handle.status.may_expire() {
        return Ok(());
    }
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the archive is still being read; /readyz tells how far it is"))
}
