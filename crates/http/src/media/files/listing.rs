//! The list of pictures of an event as HTML, for strix.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

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
    reads: &Reads,
    event: EventId,
    has_slash: bool,
) -> Result<Response, Problem> {
    let base = if has_slash { String::new() } else { format!("{}/", event.name) };
    let title = escape(&event.to_string());
    let handle = Arc::clone(handle);
    let images = reads.listing(move || handle.images(&event)).await.map_err(Problem::or_not_found)?;
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
