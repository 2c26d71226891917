//! The HTTP service as one axum router, to be served alone or mounted in another program. All data comes from the service.
//!
//! Rooms, and what each may use (never the other way round): `problem` and `convert` use no other room; `response`, `extract`,
//! `compress` and `limits` use `problem`; `auth` uses these; `ui`, `api`, `media` and `live` use `auth` and what is below it; `camera_stream`
//! uses `live` too, `metrics` both; `openapi` collects the descriptions of all handlers. `state` composes the rooms' states, `routes` their handlers.

mod api;
pub mod auth;
mod camera_stream;
mod compress;
pub mod convert;
mod extract;
mod limits;
mod live;
mod media;
mod metrics;
mod openapi;
mod problem;
mod response;
mod routes;
mod state;
mod ui;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware;

pub use auth::OverTls;
pub use auth::{Access, Grant, Role};
pub use live::Disconnect;
pub use response::is_endless;

use owlery_engine as engine;
use owlery_model::{clock, error, event, fault, retention, stream_url, time};
use owlery_protocol as protocol;
use owlery_state::state_file;

use crate::engine::Service;
use state::AppState;

/// The router of a service with the default access: full access for every client. It can be mounted under any path with axum's
/// `nest` or `nest_service`; all URLs in its responses begin with that path (see `examples/embed.rs`). It needs a tokio runtime
/// with timers (`enable_all`).
pub fn router(service: &Service) -> Router {
    router_with(service, Access::default())
}

/// The router of a service with an access configuration.
pub fn router_with(service: &Service, access: Access) -> Router {
    let state = AppState::new(Arc::clone(service.handle()), service.state_dir(), access);
    routes::routes().layer(middleware::from_fn_with_state(state.clone(), routes::layers)).with_state(state)
}

/// The router of the daemon. With a configured base path, requests are served with and without it, since some proxies remove it
/// and others do not.
pub fn router_at_base(service: &Service, access: Access) -> Router {
    use tower::ServiceExt;

    let base = access.get_base_path().unwrap_or_default().to_owned();
    let router = router_with(service, access);
    let first = base.trim_start_matches('/').split('/').next().unwrap_or_default();
    // Below a base path that begins like a route, a request with it could not be distinguished from one without.
    if first.is_empty() || routes::FIRST_SEGMENTS.contains(&first) {
        return router;
    }
    let strip = move |mut request: Request| {
        let uri = request.uri();
        let left = uri.path_and_query().and_then(|path| path.as_str().strip_prefix(&base));
        let left = left.and_then(|left| match left.as_bytes().first() {
            None | Some(b'?') => Some(format!("/{left}")),
            Some(b'/') => Some(left.to_owned()),
            Some(_) => None,
        });
        if let Some(stripped) = left.and_then(|left| {
            let mut parts = uri.clone().into_parts();
            parts.path_and_query = Some(left.parse().ok()?);
            axum::http::Uri::from_parts(parts).ok()
        }) {
            *request.uri_mut() = stripped;
        }
        request
    };
    Router::new().fallback_service(router.map_request(strip))
}
