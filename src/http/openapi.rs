//! The OpenAPI document, gathered from the annotations at the handlers and the shapes.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::response::Response;
use utoipa::OpenApi;

use super::{api, login};

#[derive(OpenApi)]
#[openapi(
    info(title = "Owlery", description = "The event archive of a Motion capture host."),
    paths(api::healthz, login::me, login::page, login::sign_in, login::sign_out)
)]
struct Document;

/// Made once: the annotations do not change while the program runs.
static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&Document::openapi()).expect("our own annotations are JSON").into());

pub(super) async fn document() -> Response {
    api::answer(DOCUMENT.clone())
}
