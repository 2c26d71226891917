//! `/api/v1/days/{camera}/{date}/pictures`: the pictures of a day that belong to no event.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::auth::{Prefix, Viewer, vary_on_prefix};
use crate::engine::Handle;
use crate::event::{Camera, Day};
use crate::extract::{Names, NoParams};
use crate::limits::Reads;
use crate::problem::{CommonResponses, Problem};
use crate::protocol::{DayPicture, DayPictures, segment, segments};
use crate::response::json;

/// The snapshots of a day and other pictures that belong to no event.
#[utoipa::path(get, path = "/api/v1/days/{camera}/{date}/pictures", tag = "events", params(
    ("camera" = Camera, Path), ("date" = Day, Path),
), responses(
    (status = 200, description = "in the order of their names; none if there is no such day", body = DayPictures),
    (status = 404, description = "an invalid name, or a camera that is not visible", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn day_pictures(
    State(handle): State<Arc<Handle>>,
    State(reads): State<Arc<Reads>>,
    viewer: Viewer,
    prefix: Prefix,
    Names((camera, date)): Names<(String, String)>,
    _: NoParams,
) -> Result<Response, Problem> {
    let (camera, day) = named(&viewer, &camera, &date)?;
    let of_camera = camera.clone();
    let pictures = reads.listing(move || handle.day_pictures(&of_camera, day)).await?;
    let url = |name: &str| {
        format!("{}/api/v1/days/{}/{day}/pictures/{}", prefix.as_str(), segment(camera.as_str()), segments(name))
    };
    let pictures = pictures.into_iter().map(|(name, bytes)| DayPicture { url: url(&name), name, bytes }).collect();
    let mut response = json(&DayPictures { pictures });
    vary_on_prefix(response.headers_mut());
    Ok(response)
}

/// A visible camera and a day; 404 if one is invalid.
pub(crate) fn named(viewer: &Viewer, camera: &str, date: &str) -> Result<(Camera, Day), Problem> {
    let camera: Camera = camera.parse().map_err(|_| Problem::not_found())?;
    viewer.check_visible(&camera)?;
    Ok((camera, date.parse().map_err(|_| Problem::not_found())?))
}
