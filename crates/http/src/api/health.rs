//! `/healthz` and `/readyz`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::auth::Viewer;
use crate::engine::Handle;
use crate::extract::NoParams;
use crate::problem::Problem;
use crate::protocol::Readiness;
use crate::response::json;

/// Responds while the process runs.
#[utoipa::path(get, path = "/healthz", tag = "health", responses(
    (status = 200, description = "the process runs", body = String, content_type = "text/plain"),
    (status = 400, description = "a parameter was given", body = Problem, content_type = "application/problem+json")
))]
pub(crate) async fn healthz(_: NoParams) -> Result<&'static str, Problem> {
    crate::fault::point("healthz");
    Ok("ok\n")
}

/// Whether all events can be queried and changes arrive; 503 with the reasons if not. A store that nothing can be copied to is listed and
/// leaves the status 200: the archive is served without it.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "the service is ready; `stores` that are in trouble do not change that", body = Readiness),
    (status = 400, description = "a parameter was given", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "the service is not ready, with the reasons", body = Readiness)
))]
pub(crate) async fn readyz(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    _: NoParams,
) -> Result<Response, Problem> {
    let (troubles, progress) = (handle.status().troubles(), handle.status().progress());
    let sees_all = viewer.sees_all();
    let why = |trouble: String| if sees_all { trouble } else { String::new() };
    let ready = troubles.is_empty();
    let readiness = Readiness {
        ready,
        waiting: troubles.into_iter().map(|(part, trouble)| (part.as_str(), why(trouble))).collect(),
        alerts: sees_all.then(|| handle.alerts()),
        #[cfg(feature = "stores")]
        stores: super::stores::troubles(&handle, &viewer),
        #[cfg(not(feature = "stores"))]
        stores: None,
        missing: sees_all.then(|| handle.missing_programs()).flatten().map(|missing| vec![missing]),
        days: sees_all.then(|| progress.days()),
        days_done: sees_all.then(|| progress.days_done()),
        events: sees_all.then(|| progress.events()),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, json(&readiness)).into_response())
}
