//! `/api/v1/audit`: what was done with recordings, or refused, and why.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::{limit_of, redact};
use crate::catalog::AuditPage;
use crate::http::auth::Viewer;
use crate::http::extract::{Params, RawParams};
use crate::http::limits::blocking;
use crate::http::problem::{CommonResponses, Problem};
use crate::http::response::json;
use crate::service::Handle;

/// Entries of a page unless asked otherwise.
const USUAL: usize = 50;

/// No entry has a larger number.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// A page of the audit, newest first. Whoever may see only some cameras is told the entries about these.
#[utoipa::path(get, path = "/api/v1/audit", tag = "retention", params(
    ("limit" = Option<u32>, Query, description = "the most entries of the page; 50 by default", minimum = 1, maximum = 1000),
    ("cursor" = Option<u64>, Query, description = "the `next` of the page before", minimum = 0, maximum = 9_223_372_036_854_775_807u64)
), responses(
    (status = 200, description = "the page", body = AuditPage),
    CommonResponses
))]
pub(crate) async fn audit(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    raw: RawParams,
) -> Result<Response, Problem> {
    let mut params = Params::new(raw)?;
    let limit = limit_of(&mut params)?.unwrap_or(USUAL);
    let before: Option<u64> = params.parsed("cursor", "a cursor of an earlier page")?;
    if before.is_some_and(|before| before > LARGEST) {
        return Err(Problem::parameter("cursor", "cursor is not one of an earlier page"));
    }
    params.end()?;
    let scope = viewer.clone();
    let page = blocking(move || handle.audit_of(scope.cameras(), limit, before)).await?;
    Ok(json(&redact::audit(page, &viewer)))
}
