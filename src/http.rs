//! The HTTP service as one axum router, to be served alone or mounted in another program. Every answer comes
//! from the service.

pub(crate) mod access;
mod api;
mod assets;
mod body;
mod budget;
mod closer;
mod described;
mod error;
mod files;
mod gate;
mod limiter;
mod limits;
mod live;
mod login;
mod meter;
mod metrics;
mod openapi;
mod pages;
mod params;
mod prefix;
pub(crate) mod secret;
mod sessions;
mod states;
mod strix;
mod viewer;
mod web;
pub(crate) mod wire;
mod zip;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post, put};

pub use access::{Access, Grant};
pub(crate) use closer::Closer;
pub(crate) use gate::OverTls;
pub use viewer::Role;

use crate::service::Service;
use web::Web;

/// The router of a service, for whoever reaches it. It can be mounted under any path, by axum's `nest` or `nest_service`:
/// every URL in its answers begins with that path. `examples/embed.rs` does so. It is to be served by a tokio runtime with
/// timers (`enable_all`).
pub fn router(service: &Service) -> Router {
    router_with(service, Access::default())
}

/// The same for those who may ask.
pub fn router_with(service: &Service, access: Access) -> Router {
    let web = Web::new(Arc::clone(service.handle()), service.state_dir(), access);
    // One layer, for axum puts each into a box for every request.
    routes().layer(middleware::from_fn_with_state(web.clone(), around)).with_state(web)
}

/// The router of a program of its own. With a configured base path, a request is the same with and without it: some proxies take
/// the path away and others do not.
#[cfg(feature = "cli")]
pub(crate) fn router_at_base(service: &Service, access: Access) -> Router {
    use tower::ServiceExt;

    let base = access.get_base_path().unwrap_or_default().to_owned();
    let router = router_with(service, access);
    let first = base.trim_start_matches('/').split('/').next().unwrap_or_default();
    // Below a path that begins like one of ours, the two could not be told apart.
    if first.is_empty() || OWN.contains(&first) {
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

/// What the paths of routes begin with.
#[cfg(feature = "cli")]
const OWN: &[&str] = &["api", "healthz", "images", "live", "login", "logout", "media", "metrics", "motion", "readyz"];

/// What is around the routes, from the outside in: the meter counts what others refuse, and the gate comes before a body is
/// taken.
async fn around(State(web): State<Web>, request: Request, next: Next) -> Response {
    let inside = async |request| {
        let client = gate::address_of(&web.access, &request);
        let limited = |request| limits::limit(limits::Limits::usual(), request, |request| next.run(request));
        web.budget.within(client, limits::caught(gate::gate(&web, request, limited)).await)
    };
    let mut response = meter::meter(web.clone(), request, inside).await;
    harden(response.headers_mut(), web.access.framing().policy());
    response
}

/// What is behind the gate.
fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(assets::page))
        .route("/app.js", get(assets::file))
        .route("/elements.js", get(assets::file))
        .route("/list.js", get(assets::file))
        .route("/player.js", get(assets::file))
        .route("/words.js", get(assets::file))
        .route("/style.css", get(assets::file))
        .route("/icon.svg", get(assets::file))
        .route("/images/missing.jpg", get(assets::file))
        .route("/api/cameras/list", get(strix::cameras))
        .route("/api/events/{cameras}", get(strix::events))
        .route("/motion/{*path}", get(files::motion))
        .route("/media/{*path}", get(files::media))
        .route("/api/v1/cameras", get(api::cameras))
        .route("/api/v1/events", get(api::events))
        .route("/api/v1/events/{camera}/{date}/{time}", get(zip::event).delete(zip::delete))
        .route("/api/v1/events/{camera}/{date}/{time}/saved", put(api::save).delete(api::unsave))
        .route("/api/v1/export", get(zip::export))
        .route("/api/v1/days", get(api::days))
        .route("/api/v1/queue", get(api::queue))
        .route("/api/v1/queue/{pass}/restore", post(api::restore))
        .route("/api/v1/retention", get(api::retention))
        .route("/api/v1/retention/run", post(api::run))
        .route("/api/v1/retention/confirm", post(api::confirm))
        .route("/api/v1/audit", get(api::audit))
        .route("/api/v1/me", get(login::me))
        .route("/login", get(login::page).post(login::sign_in))
        .route("/login.css", get(assets::file))
        .route("/logout", post(login::sign_out))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/api/v1/stream", get(live::stream))
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(metrics::metrics))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
}

/// What every response carries: nothing is guessed to be a script, and the policy says which pages may frame it.
fn harden(headers: &mut HeaderMap, policy: HeaderValue) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: a browser would send `Origin: null` with a form.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
}

/// The body of an answer to HEAD where nobody knows how long that to GET would be: an empty one would be told as 0.
fn no_body() -> Body {
    Body::from_stream(futures_util::stream::empty::<Result<Vec<u8>, Infallible>>())
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
