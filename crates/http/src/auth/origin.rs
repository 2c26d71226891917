//! The origin of a request: the page that makes a browser send it. Foreign pages are refused. Programs, and browsers at an address
//! without TLS, send no such headers.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};

use super::access::Access;
use super::hosts::Host;
use crate::problem::Problem;

/// The header that says which pages may embed a response, an image for example.
pub(super) const RESOURCE_POLICY: &str = "cross-origin-resource-policy";

/// The policy for a request's response; `None` where the embedding program sets it.
pub(super) fn resource_policy(access: &Access, headers: &HeaderMap) -> Option<HeaderValue> {
    let policy = if is_allowed_page(access, headers) { "cross-origin" } else { "same-site" };
    (!access.is_unchecked()).then(|| HeaderValue::from_static(policy))
}

/// Refuses the requests of foreign pages.
pub(super) fn check(access: &Access, request: &Request, host: Option<&Host>) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        not_embedded(access, request)
    } else {
        not_foreign(access, request.headers(), host)
    }
}

/// Refuses reads by a page of another site: it cannot see the response, but the request costs time. Links to this host are
/// allowed. Pages at other ports of this host belong to the same site.
fn not_embedded(access: &Access, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let has = |name: &str, is: fn(&[u8]) -> bool| headers.get_all(name).iter().any(|value| is(value.as_bytes()));
    let is_framed = |dest: &[u8]| matches!(dest, b"iframe" | b"frame" | b"fencedframe" | b"object" | b"embed");
    let is_link = has("sec-fetch-mode", |mode| mode == b"navigate") && !has("sec-fetch-dest", is_framed);
    if is_link
        || is_allowed_frame(access, request)
        || !has("sec-fetch-site", |site| site == b"cross-site")
        || is_allowed_page(access, headers)
    {
        return Ok(());
    }
    Err(Problem::forbidden(
        "requests from pages of another site are refused (Sec-Fetch-Site); allow its host with --allow-host",
    ))
}

/// Whether this is a request for the page or the login page in a frame, and framing is allowed. The browser checks the framing
/// page against the policy in the response.
fn is_allowed_frame(access: &Access, request: &Request) -> bool {
    let has = |name: &str, value: &str| request.headers().get(name).is_some_and(|sent| sent == value);
    access.framing().is_allowed()
        && matches!(request.uri().path(), "/" | "/login")
        && has("sec-fetch-mode", "navigate")
        && (has("sec-fetch-dest", "iframe") || has("sec-fetch-dest", "frame"))
}

/// Whether the page's host is allowed by name. Browsers send no `Origin` for images, but a `Referer`.
fn is_allowed_page(access: &Access, headers: &HeaderMap) -> bool {
    let url = headers.get(header::ORIGIN).or_else(|| headers.get(header::REFERER));
    let Some(page) = url.and_then(|value| value.to_str().ok()) else { return false };
    let origin = page.match_indices('/').nth(2).map_or(page, |(end, _)| &page[..end]);
    Host::of_origin(origin).is_some_and(|host| access.hosts().contains(&host))
}

/// Refuses changes by a page of another origin.
fn not_foreign(access: &Access, headers: &HeaderMap, host: Option<&Host>) -> Result<(), Problem> {
    let is_ours = |value: &HeaderValue| matches!(value.as_bytes(), b"same-origin" | b"none");
    if !headers.get_all("sec-fetch-site").iter().all(is_ours) {
        return Err(Problem::forbidden("changes from pages of another site are refused (Sec-Fetch-Site)"));
    }
    let is_ours = |value: &HeaderValue| {
        let origin = value.to_str().ok().and_then(Host::of_origin);
        origin.is_some_and(|origin| Some(&origin) == host || access.hosts().contains(&origin))
    };
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (first, second) = (origins.next(), origins.next());
    if second.is_some() || first.is_some_and(|origin| !is_ours(origin)) {
        return Err(Problem::forbidden(
            "changes from pages of another origin are refused (Origin); a reverse proxy has to pass on the Host header, or \
             --allow-host has to name the host",
        ));
    }
    Ok(())
}
