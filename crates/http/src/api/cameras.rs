//! `/api/v1/cameras`: the cameras with their totals and the forecast.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::tagged::tagged;
use crate::auth::Viewer;
use crate::convert;
use crate::engine::Handle;
use crate::extract::NoParams;
use crate::limits::blocking;
use crate::problem::{CommonResponses, Problem};
use crate::protocol::Cameras;
use crate::response::json;

/// The cameras and the forecast. For users who cannot see all cameras the forecast is of theirs, without the disk.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "archive", responses(
    (status = 200, description = "every camera, by name", body = Cameras, headers(("ETag", description = "holds until something changes"))),
    (status = 304, description = "nothing has changed"),
    CommonResponses
))]
pub(crate) async fn cameras(
    State(handle): State<Arc<Handle>>,
    viewer: Viewer,
    headers: HeaderMap,
    _: NoParams,
) -> Result<Response, Problem> {
    let (reader, scope) = (Arc::clone(&handle), viewer.clone());
    let stores = viewer.usable_stores(&handle);
    tagged(&handle, &viewer, &stores.clone(), &headers, async {
        let stats = move || {
            let mut stats = reader.stats_of(scope.cameras())?; // reads the size of the disk
            if !stores.is_empty() {
                stats.cameras = reader.located_cameras(&stores)?;
                stats.cameras.retain(|info| scope.sees(&info.summary.camera));
            }
            Ok(stats)
        };
        Ok(json(&convert::cameras(blocking(stats).await?)))
    })
    .await
}
