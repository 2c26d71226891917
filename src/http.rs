//! The HTTP service as one axum router, to be served alone or mounted in another program. Every answer comes
//! from the service.

mod access;
mod api;
mod assets;
mod body;
mod described;
mod error;
mod files;
mod gate;
mod openapi;
mod pages;
mod params;
mod strix;
mod viewer;
mod web;
pub(crate) mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post, put};

pub use access::Access;
pub use viewer::Role;

use crate::service::Service;
use web::Web;

/// The router of a service, to be mounted under any path: for whoever reaches it.
pub fn router(service: &Service) -> Router {
    router_with(service, Access::default())
}

/// The same for those who may ask.
pub fn router_with(service: &Service, access: Access) -> Router {
    let web = Web::new(Arc::clone(service), access);
    routes()
        .layer(middleware::from_fn_with_state(web.clone(), gate::gate))
        .layer(middleware::from_fn(harden))
        .with_state(web)
}

/// What is behind the gate.
fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(assets::page))
        .route("/app.js", get(assets::script))
        .route("/style.css", get(assets::style))
        .route("/icon.svg", get(assets::icon))
        .route("/images/missing.jpg", get(assets::missing))
        .route("/api/cameras/list", get(strix::cameras))
        .route("/api/events/{cameras}", get(strix::events))
        .route("/motion/{*path}", get(files::motion))
        .route("/media/{*path}", get(files::media))
        .route("/api/v1/cameras", get(api::cameras))
        .route("/api/v1/events", get(api::events))
        .route("/api/v1/events/{camera}/{date}/{time}", get(api::event).delete(api::delete))
        .route("/api/v1/events/{camera}/{date}/{time}/saved", put(api::save).delete(api::unsave))
        .route("/api/v1/days", get(api::days))
        .route("/api/v1/queue", get(api::queue))
        .route("/api/v1/queue/{pass}/restore", post(api::restore))
        .route("/api/v1/retention", get(api::retention))
        .route("/api/v1/retention/run", post(api::run))
        .route("/api/v1/retention/confirm", post(api::confirm))
        .route("/api/v1/audit", get(api::audit))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
}

/// What every answer carries: nothing is guessed to be a script, nothing is framed by a foreign page.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
    );
    response
}

/// The one way in which blocking I/O leaves async.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> crate::Result<T> + Send + 'static,
) -> Result<T, error::Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(error::Problem::from),
        Err(_) => Err(error::Problem::from(crate::Error::Stopped)),
    }
}
