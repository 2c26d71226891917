//! The OpenAPI document, gathered from the annotations at the handlers and the shapes.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::response::Response;
use utoipa::OpenApi;
use utoipa::openapi::Server;

use super::api;
use super::prefix::Prefix;

#[derive(OpenApi)]
#[openapi(info(title = "Owlery", description = "The event archive of a Motion capture host."), paths(api::healthz))]
struct Document;

/// Made once: the annotations do not change while the program runs.
static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&Document::openapi()).expect("our own annotations are JSON").into());

pub(super) async fn document(prefix: Prefix) -> Response {
    if prefix.as_str().is_empty() {
        return api::answer(DOCUMENT.clone());
    }
    let mut document = Document::openapi();
    document.servers = Some(vec![Server::new(prefix.as_str())]);
    api::json(&document)
}
