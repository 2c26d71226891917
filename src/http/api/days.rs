//! `/api/v1/days`: what each day holds, from sums that are kept; no event is counted.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::tagged;
use crate::event::{Camera, Day};
use crate::http::auth::Viewer;
use crate::http::extract::schema::Moment;
use crate::http::extract::{Params, RawParams};
use crate::http::limits::blocking;
use crate::http::problem::{CommonResponses, Problem};
use crate::http::response::json;
use crate::http::wire::DaysWire;
use crate::service::Handle;
use crate::time::End;

/// The days that have events, with their sums and a count for each hour.
#[utoipa::path(get, path = "/api/v1/days", tag = "events", params(
    ("camera" = Option<Vec<Camera>>, Query, description = "only days of this camera; repeats"),
    ("from" = Option<Moment>, Query, description = "the first day, or a time of it"),
    ("to" = Option<Moment>, Query, description = "the last day, or a time of it")
), responses(
    (status = 200, description = "newest first, then by the cameras' names", body = DaysWire, headers(("ETag", description = "holds until something changes"))),
    (status = 304, description = "nothing has changed"),
    CommonResponses
))]
pub(crate) async fn days(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    headers: HeaderMap,
    raw: RawParams,
) -> Result<Response, Problem> {
    let mut params = Params::new(raw)?;
    let asked: BTreeSet<Camera> = params.cameras("camera")?.into_iter().collect();
    let first = day(&mut params, "from", End::From, &handle)?;
    let last = day(&mut params, "to", End::To, &handle)?;
    params.end()?;
    let cameras = match viewer.cameras() {
        None => (!asked.is_empty()).then_some(asked),
        Some(seen) if asked.is_empty() => Some(seen.clone()),
        Some(seen) => Some(asked.intersection(seen).cloned().collect()),
    };
    let reader = Arc::clone(&handle);
    let asked = (cameras.clone(), first, last);
    tagged(&handle, &viewer, &asked, &headers, async {
        // Years of many cameras are thousands of rows.
        let days = blocking(move || reader.days(cameras.as_ref(), first, last)).await?;
        Ok(json(&DaysWire::from(days)))
    })
    .await
}

/// The day that a time lies in.
fn day(params: &mut Params, name: &str, end: End, handle: &Handle) -> Result<Option<Day>, Problem> {
    let Some(time) = params.time(name, end, handle.now())? else { return Ok(None) };
    let day = Day::try_from(time.date());
    day.map(Some).map_err(|error| Problem::parameter(name, format!("{name}: {error}")))
}
