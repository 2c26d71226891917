//! The routes, and the layers around them.

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post, put};

use super::problem::Problem;
use super::state::AppState;
use super::{api, auth, camera_stream, compress, limits, live, media, metrics, openapi, ui};

/// The first segments of the routes' paths.
pub(super) const FIRST_SEGMENTS: &[&str] =
    &["api", "healthz", "images", "live", "login", "logout", "media", "metrics", "motion", "readyz"];

/// All layers, from the outside in: the meter counts refused requests as well, and a request is authenticated before its body is
/// read. They are one function, since axum boxes every layer for every request.
pub(super) async fn layers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let metered = async |request| {
        let client = auth::address_of(&state.auth.access, &request);
        let accepts_gzip = compress::accepts(request.headers(), compress::GZIP);
        let limited = async |request: Request| {
            if is_upload(&request) {
                return next.run(request).await;
            }
            limits::limit(limits_of(&request), request, |request| next.run(request)).await
        };
        let response = limits::catch_panic(auth::authenticate(&state.auth, request, limited)).await;
        state.budget.within(client, compress::compressed(accepts_gzip, response).await)
    };
    let mut response = metrics::meter(&state.meters, request, metered).await;
    add_security_headers(response.headers_mut(), state.auth.access.framing().policy());
    response
}

/// The routes behind authentication.
pub(super) fn routes() -> Router<AppState> {
    with_stores(ui::routes())
        .route("/api/cameras/list", get(api::strix::cameras))
        .route("/api/events/{cameras}", get(api::strix::events))
        .route("/motion/{*path}", get(media::motion))
        .route("/media/{*path}", get(file_or_derived))
        .route("/api/v1/cameras", get(api::cameras))
        .route("/api/v1/events", get(api::events))
        .route("/api/v1/events/{camera}/{date}/{time}", get(event_or_zip).delete(delete_event))
        .route("/api/v1/events/{camera}/{date}/{time}/saved", put(api::save).delete(api::unsave))
        .route("/api/v1/events/{camera}/{date}/{time}/reviewed", put(api::review).delete(api::unreview))
        .route("/api/v1/events/save", post(api::save_many))
        .route("/api/v1/events/delete", post(api::delete_many))
        .route("/api/v1/reviewed", post(api::review_many))
        .route("/api/v1/export", get(media::export))
        .route("/api/v1/export.mp4", get(media::export_movie))
        .route("/api/v1/days", get(api::days))
        .route("/api/v1/days/{camera}/{date}/pictures", get(api::day_pictures))
        .route("/api/v1/days/{camera}/{date}/pictures/{*file}", get(media::day_picture))
        .route("/api/v1/queue", get(api::queue))
        .route("/api/v1/queue/{pass}/restore", post(api::restore))
        .route("/api/v1/retention", get(api::retention))
        .route("/api/v1/retention/run", post(api::run))
        .route("/api/v1/retention/confirm", post(api::confirm))
        .route("/api/v1/audit", get(api::audit))
        .route("/api/v1/cache", get(api::cache_stats))
        .route("/api/v1/cache/entries", get(api::cache_entries).delete(api::cache_clear))
        .route("/api/v1/cache/entries/{key}", get(media::cached).put(media::cache_put).delete(api::cache_remove))
        .route("/api/v1/cache/prune", post(api::cache_prune))
        .route("/api/v1/cache/clean", post(api::cache_clean))
        .route("/api/v1/cache/queue", get(api::cache_queue).delete(api::cache_queue_clear))
        .route("/api/v1/cache/queue/{key}", put(api::cache_queue_add).delete(api::cache_queue_remove))
        .route("/api/v1/me", get(auth::me))
        .route("/login", get(auth::login_page).post(auth::sign_in))
        .route("/logout", post(auth::sign_out))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/api/v1/stream", get(live::stream))
        .route("/live/{camera}", get(camera_stream::live_pictures))
        .route("/live/{camera}/still.jpg", get(camera_stream::live_still))
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(metrics::metrics))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(method_not_allowed)
}

#[cfg(feature = "stores")]
fn with_stores(router: Router<AppState>) -> Router<AppState> {
    router
        .route("/api/v1/stores", get(api::stores))
        .route("/api/v1/stores/{name}/browse", get(api::browse))
        .route("/api/v1/stores/{name}/prefetch", post(api::prefetch))
}

#[cfg(not(feature = "stores"))]
fn with_stores(router: Router<AppState>) -> Router<AppState> {
    router
}

/// The limits of a request that is not an upload.
fn limits_of(request: &Request) -> limits::RequestLimits {
    let path = request.uri().path();
    if ["/api/v1/reviewed", "/api/v1/events/save", "/api/v1/events/delete"].contains(&path) {
        return limits::RequestLimits::of_lists();
    }
    if ["/api/v1/stores/", "/api/v1/events/", "/media/", "/motion/"].iter().any(|prefix| path.starts_with(prefix)) {
        return limits::RequestLimits::of_stores();
    }
    limits::RequestLimits::usual()
}

/// Whether the body of a request is read by its handler, piece by piece, and not before.
fn is_upload(request: &Request) -> bool {
    request.method() == Method::PUT && request.uri().path().starts_with("/api/v1/cache/entries/")
}

/// Whether the path of an event is that of its zip file. A segment of a route cannot be a name with a suffix, so both share one
/// route.
#[allow(clippy::case_sensitive_file_extension_comparisons)] // a URL, not a file
fn is_zip(uri: &Uri) -> bool {
    uri.path().ends_with(".zip")
}

async fn event_or_zip(State(state): State<AppState>, request: Request) -> Response {
    if is_zip(request.uri()) {
        media::event_zip.call(request, state).await
    } else {
        api::event.call(request, state).await
    }
}

/// Derived media have paths like files of an event, and parameters.
async fn file_or_derived(State(state): State<AppState>, request: Request) -> Response {
    if media::is_derived(request.uri().path()) {
        media::derived.call(request, state).await
    } else {
        media::file.call(request, state).await
    }
}

async fn delete_event(State(state): State<AppState>, request: Request) -> Response {
    if is_zip(request.uri()) {
        method_not_allowed(request.uri().clone()).await
    } else {
        api::delete.call(request, state).await
    }
}

async fn method_not_allowed(uri: Uri) -> Response {
    use axum::response::IntoResponse;

    let problem = Problem::method_not_allowed();
    if is_zip(&uri) {
        // axum would list DELETE, which the route has for the event.
        return ([(header::ALLOW, HeaderValue::from_static("GET,HEAD"))], problem).into_response();
    }
    problem.into_response()
}

/// The headers of every response: browsers must not guess content types, and the policy limits scripts and framing.
fn add_security_headers(headers: &mut HeaderMap, policy: HeaderValue) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`, with which a browser would send `Origin: null` with a form.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
}
