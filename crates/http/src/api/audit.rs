//! `/api/v1/audit`: the entries of the audit log.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::redact;
use crate::auth::Viewer;
use crate::engine::{AuditPage, Handle};
use crate::extract::Params;
use crate::extract::values::{AuditCursor, Limit};
use crate::limits::blocking;
use crate::problem::{CommonResponses, Problem};
use crate::response::json;

/// The entries of a page by default.
const DEFAULT_LIMIT: usize = 50;

/// The parameters of the audit log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// the most entries of the page; 50 by default
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<Limit>,
    /// the `next` of the page before
    #[param(value_type = Option<u64>, minimum = 0, maximum = 9_223_372_036_854_775_807u64)]
    cursor: Option<AuditCursor>,
}

/// A page of the audit log, newest first. Users who cannot see all cameras get the entries of theirs.
#[utoipa::path(get, path = "/api/v1/audit", tag = "retention", params(AuditParams), responses(
    (status = 200, description = "the page", body = AuditPage),
    CommonResponses
))]
pub(crate) async fn audit(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    Params(params): Params<AuditParams>,
) -> Result<Response, Problem> {
    let limit = params.limit.map_or(DEFAULT_LIMIT, |limit| limit.0);
    let before = params.cursor.map(|cursor| cursor.0);
    let scope = viewer.clone();
    let page = blocking(move || handle.audit_of(scope.cameras(), limit, before)).await?;
    Ok(json(&redact::audit(page, &viewer)))
}
