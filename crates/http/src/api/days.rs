//! `/api/v1/days`: the sums of each day, which the catalog keeps up to date.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::reviewed::marks_of;
use super::tagged::tagged;
use crate::auth::Viewer;
use crate::convert;
use crate::engine::Handle;
use crate::event::{Camera, Day};
use crate::extract::Params;
use crate::extract::schema::Moment;
use crate::extract::values::TimeText;
use crate::limits::blocking;
use crate::problem::{CommonResponses, Problem};
use crate::protocol::Days;
use crate::response::json;
use crate::time::End;

/// The parameters of days.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysParams {
    /// only days of this camera; repeats
    #[serde(default)]
    #[param(value_type = Option<Vec<Camera>>)]
    camera: BTreeSet<Camera>,
    /// the first day, or a time of it
    #[param(value_type = Option<Moment>)]
    from: Option<TimeText>,
    /// the last day, or a time of it
    #[param(value_type = Option<Moment>)]
    to: Option<TimeText>,
}

/// The days that have events or loose files, with their sums and a count for each hour.
#[utoipa::path(get, path = "/api/v1/days", tag = "events", params(DaysParams), responses(
    (status = 200, description = "newest first, then by the cameras' names", body = Days, headers(("ETag", description = "holds until something changes"))),
    (status = 304, description = "nothing has changed"),
    CommonResponses
))]
pub(crate) async fn days(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    headers: HeaderMap,
    Params(params): Params<DaysParams>,
) -> Result<Response, Problem> {
    let requested = params.camera;
    let first = day(params.from, "from", End::From, &handle)?;
    let last = day(params.to, "to", End::To, &handle)?;
    let cameras = match viewer.cameras() {
        None => (!requested.is_empty()).then_some(requested),
        Some(visible) if requested.is_empty() => Some(visible.clone()),
        Some(visible) => Some(requested.intersection(visible).cloned().collect()),
    };
    let reader = Arc::clone(&handle);
    let stores = viewer.usable_stores(&handle);
    let marks = marks_of(&handle, &viewer).await?;
    let range = (cameras.clone(), first, last, stores.clone(), viewer.reviewer(), marks.version());
    tagged(&handle, &viewer, &range, &headers, async {
        // Years of many cameras are thousands of rows.
        let (days, reviewed) = blocking(move || {
            let days = reader.located_days(cameras.as_ref(), (first, last), &stores)?;
            let reviewed = reader.reviewed_counts(&marks, &days, &stores)?;
            Ok((days, reviewed))
        })
        .await?;
        Ok(json(&convert::days(days, reviewed)))
    })
    .await
}

/// The day of a time.
fn day(text: Option<TimeText>, name: &str, end: End, handle: &Handle) -> Result<Option<Day>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let time = text.resolve(name, end, handle.now())?;
    let day = Day::try_from(time.date());
    day.map(Some).map_err(|error| Problem::parameter(name, format!("{name}: {error}")))
}
