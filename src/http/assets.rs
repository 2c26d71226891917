//! The page and what belongs to it, compiled in.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;

/// The login page, with places for a message and for where to go then.
pub(super) const LOGIN: &str = include_str!("../../ui/login.html");

const JPEG: &[u8] = include_bytes!("../../ui/missing.jpg");

fn typed(kind: &'static str) -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ]
}

pub(super) async fn page() -> impl IntoResponse {
    (typed("text/html; charset=utf-8"), include_str!("../../ui/index.html"))
}

pub(super) async fn script() -> impl IntoResponse {
    (typed("text/javascript; charset=utf-8"), include_str!("../../ui/app.js"))
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
