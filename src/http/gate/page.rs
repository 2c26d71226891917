//! Which page makes a browser ask: one of ours, one that was named, or a foreign one. Where no header tells of a page it is no
//! browser, or one that reads from an address without TLS.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};

use super::{Access, Host, Problem, forbidden};

/// Which pages a browser may show an answer in (a picture, say).
pub(super) const RESOURCE_POLICY: &str = "cross-origin-resource-policy";

/// What that is for whoever asks; `None` where that is the embedding program's to say.
pub(super) fn shown_in(access: &Access, headers: &HeaderMap) -> Option<HeaderValue> {
    let policy = if is_named(access, headers) { "cross-origin" } else { "same-site" };
    (!access.is_unchecked()).then(|| HeaderValue::from_static(policy))
}

/// Refuses what a foreign page makes a browser ask.
pub(super) fn check(access: &Access, request: &Request, host: Option<&Host>) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        not_embedded(access, request)
    } else {
        not_foreign(access, request.headers(), host)
    }
}

/// Refuses what a page of another site only reads: that it cannot see the answer does not make it cheap. It may lead here, in
/// a window of ours. Pages of this host's other ports are of the same site.
fn not_embedded(access: &Access, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let tells = |name: &str, is: fn(&[u8]) -> bool| headers.get_all(name).iter().any(|value| is(value.as_bytes()));
    let is_framed = |dest: &[u8]| matches!(dest, b"iframe" | b"frame" | b"fencedframe" | b"object" | b"embed");
    let leads = tells("sec-fetch-mode", |mode| mode == b"navigate") && !tells("sec-fetch-dest", is_framed);
    if leads
        || is_allowed_frame(access, request)
        || !tells("sec-fetch-site", |site| site == b"cross-site")
        || is_named(access, headers)
    {
        return Ok(());
    }
    Err(forbidden("a page of another site may not ask this (Sec-Fetch-Site), but one that --allow-host names"))
}

/// Whether this is the page or the login page for a frame, and frames are allowed. The browser compares the page around it with
/// the policy in the response.
fn is_allowed_frame(access: &Access, request: &Request) -> bool {
    let has = |name: &str, value: &str| request.headers().get(name).is_some_and(|told| told == value);
    access.framing().is_allowed()
        && matches!(request.uri().path(), "/" | "/login")
        && has("sec-fetch-mode", "navigate")
        && (has("sec-fetch-dest", "iframe") || has("sec-fetch-dest", "frame"))
}

/// Whether the page was named: by its origin, or where a browser does not tell that (for a picture), by its address.
fn is_named(access: &Access, headers: &HeaderMap) -> bool {
    let told = headers.get(header::ORIGIN).or_else(|| headers.get(header::REFERER));
    let Some(page) = told.and_then(|value| value.to_str().ok()) else { return false };
    let origin = page.match_indices('/').nth(2).map_or(page, |(end, _)| &page[..end]);
    Host::of_origin(origin).is_some_and(|host| access.hosts().name(&host))
}

/// Refuses what a page of another origin would change.
fn not_foreign(access: &Access, headers: &HeaderMap, host: Option<&Host>) -> Result<(), Problem> {
    let is_ours = |value: &HeaderValue| matches!(value.as_bytes(), b"same-origin" | b"none");
    if !headers.get_all("sec-fetch-site").iter().all(is_ours) {
        return Err(forbidden("a page of another site may not ask this (Sec-Fetch-Site)"));
    }
    let is_ours = |value: &HeaderValue| {
        let origin = value.to_str().ok().and_then(Host::of_origin);
        origin.is_some_and(|origin| Some(&origin) == host || access.hosts().name(&origin))
    };
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (first, second) = (origins.next(), origins.next());
    if second.is_some() || first.is_some_and(|origin| !is_ours(origin)) {
        return Err(forbidden(
            "a page of another origin may not ask this (Origin); a reverse proxy has to pass on Host as it was asked, \
             or --allow-host to name it",
        ));
    }
    Ok(())
}
