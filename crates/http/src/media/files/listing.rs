//! The list of pictures of an event as HTML, for strix.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::auth::Viewer;
use crate::engine::Handle;
use crate::event::EventId;
use crate::extract::schema::EventPath;
use crate::limits::Reads;
use crate::problem::{CommonResponses, NoSuchEvent, Problem};
use crate::protocol::segment;

/// The list, for the OpenAPI document; `motion` serves it.
#[utoipa::path(get, path = "/motion/{camera}/{date}/{time}/", tag = "strix", params(EventPath), responses(
    (status = 200, description = "a link to each picture", body = String, content_type = "text/html"),
    NoSuchEvent, CommonResponses
))]
#[allow(dead_code)] // only its description is used
pub(crate) fn listing() {}

/// The list. Its links are relative to the directory of the event, or of the day if the path does not end with a slash.
pub(super) async fn page(
    handle: &Arc<Handle>,
    viewer: &Viewer,
    reads: &Reads,
    event: EventId,
    has_slash: bool,
) -> Result<Response, Problem> {
    let base = if has_slash { String::new() } else { format!("{}/", event.name) };
    let title = escape(&event.to_string());
    let images = images_of(handle, viewer, reads, &event).await.map_err(Problem::or_not_found)?;
    let mut page =
        format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>\n<h1>{title}</h1>\n<ul>\n");
    for (name, _) in images {
        let _ = writeln!(page, "<li><a href=\"{base}{}\">{}</a></li>", segment(&name), escape(&name));
    }
    page.push_str("</ul>\n</body></html>\n");
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    // More pictures may follow, and the page has no ETag.
    let caching = HeaderValue::from_static("no-cache");
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, caching)], page).into_response())
}

/// The pictures of an event of the archive, or of a store that the user may use, and their sizes in bytes.
pub(crate) async fn images_of(
    handle: &Arc<Handle>,
    viewer: &Viewer,
    reads: &Reads,
    id: &EventId,
) -> Result<Vec<(String, u64)>, Problem> {
    let (reader, event) = (Arc::clone(handle), id.clone());
    let images = reads.listing(move || reader.images(&event)).await;
    #[cfg(feature = "stores")]
    if images.as_ref().is_err_and(Problem::is_not_found)
        && let Some(images) = Box::pin(crate::media::stored_images(handle, viewer, id)).await?
    {
        return Ok(images);
    }
    let _ = viewer;
    images
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
