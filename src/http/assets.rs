//! The page and what belongs to it, compiled in.

use axum::extract::OriginalUri;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::prefix::{self, Prefix};

/// The login page, with places for a message and for where to go then.
pub(super) const LOGIN: &str = include_str!("../../ui/login.html");

const PAGE: &str = include_str!("../../ui/index.html");
const JPEG: &[u8] = include_bytes!("../../ui/missing.jpg");

fn typed(kind: &'static str) -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ]
}

/// The page. What it asks for is relative to its own path. Behind a proxy, or where the router is mounted, that path may lack
/// the slash at its end; then the page says what its URLs are relative to.
pub(super) async fn page(prefix: Prefix, OriginalUri(asked): OriginalUri) -> Response {
    let base = match asked.path().rsplit_once('/') {
        _ if prefix.is_proxied() => format!("{prefix}/"),
        // Relative to the page itself, whose path may be longer where a proxy shows it.
        Some((_, last)) if !last.is_empty() => prefix::below(last),
        _ => String::new(),
    };
    let kind = typed("text/html; charset=utf-8");
    let mut response = match base.as_str() {
        "" => (kind, PAGE).into_response(),
        base => (kind, PAGE.replacen("<head>", &format!("<head>\n  <base href=\"{base}\">"), 1)).into_response(),
    };
    prefix::vary(response.headers_mut());
    response
}

pub(super) async fn script() -> impl IntoResponse {
    module(include_str!("../../ui/app.js"))
}

pub(super) async fn elements() -> impl IntoResponse {
    module(include_str!("../../ui/elements.js"))
}

pub(super) async fn list() -> impl IntoResponse {
    module(include_str!("../../ui/list.js"))
}

pub(super) async fn player() -> impl IntoResponse {
    module(include_str!("../../ui/player.js"))
}

pub(super) async fn words() -> impl IntoResponse {
    module(include_str!("../../ui/words.js"))
}

/// A part of the script.
fn module(text: &'static str) -> impl IntoResponse {
    (typed("text/javascript; charset=utf-8"), text)
}

pub(super) async fn style() -> impl IntoResponse {
    (typed("text/css; charset=utf-8"), include_str!("../../ui/style.css"))
}

pub(super) async fn login_style() -> impl IntoResponse {
    (typed("text/css; charset=utf-8"), include_str!("../../ui/login.css"))
}

pub(super) async fn icon() -> impl IntoResponse {
    (typed("image/svg+xml"), include_str!("../../ui/icon.svg"))
}

pub(super) async fn missing() -> impl IntoResponse {
    (typed("image/jpeg"), JPEG)
}
