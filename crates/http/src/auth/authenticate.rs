//! The middleware before every route: it checks the host (`hosts`), the origin (`origin`) and the credentials
//! (`credentials`) of a request, and adds the [`Viewer`] to it. Signing in and out is in `login`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::access::Access;
use super::client::address_of;
use super::credentials::{self, AuthMethod, Authentication, UNKNOWN_HOST};
use super::hosts::Host;
use super::origin;
use super::prefix::{self, Prefix};
use super::rate_limit::TooMany;
use super::state::Auth;
use super::viewer::Viewer;
use crate::problem::Problem;
use crate::response::is_endless;

/// How long a stream may go on that was authenticated by the proxy's header.
const PROXY_STREAM_LIFETIME: Duration = Duration::from_mins(15);

/// Authenticates a request and calls `next`, or refuses it.
pub(crate) async fn authenticate<F: Future<Output = Response>>(
    auth: &Arc<Auth>,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let resource_policy = origin::resource_policy(&auth.access, request.headers());
    let mut response = match admit(auth, &request) {
        Ok((viewer, method)) => {
            request.extensions_mut().insert(viewer);
            request.extensions_mut().insert(method);
            let response = next(request).await;
            match method {
                AuthMethod::Session(_) | AuthMethod::Proxy if is_endless(response.headers()) => {
                    while_authenticated(Arc::clone(auth), method, response)
                }
                _ => response,
            }
        }
        Err(refusal) => *refusal,
    };
    if let Some(policy) = resource_policy {
        response.headers_mut().insert(origin::RESOURCE_POLICY, policy);
    }
    if auth.access.requires_authentication() { make_private(&auth.access, response) } else { response }
}

/// Ends a stream before its next message, heartbeat or picture once its client is not authenticated any more. The client reconnects and
/// is authenticated again, or refused.
fn while_authenticated(auth: Arc<Auth>, method: AuthMethod, response: Response) -> Response {
    let begun = Instant::now();
    let lasts = move |_: &Result<_, _>| std::future::ready(is_still_authenticated(&auth, method, begun.elapsed()));
    response.map(|body| Body::from_stream(body.into_data_stream().take_while(lasts)))
}

/// Whether an authentication holds after `elapsed`. Tokens and users do not change while the program runs; sessions end, and the
/// proxy may have signed the user out.
pub(super) fn is_still_authenticated(auth: &Auth, method: AuthMethod, elapsed: Duration) -> bool {
    match method {
        AuthMethod::Session(secret) => auth.sessions.find(&secret, auth.handle.now()).is_some(),
        AuthMethod::Proxy => elapsed < PROXY_STREAM_LIFETIME,
        AuthMethod::NotRequired | AuthMethod::Anonymous | AuthMethod::Token => true,
    }
}

fn admit(auth: &Auth, request: &Request) -> Result<(Viewer, AuthMethod), Box<Response>> {
    let access = &auth.access;
    if access.is_unchecked() {
        return Ok((Viewer::unrestricted(), AuthMethod::NotRequired));
    }
    let refuse = |problem: Problem| Box::new(problem.into_response());
    let host = host_of(request).map_err(refuse)?;
    origin::check(access, request, host.as_ref()).map_err(refuse)?;
    let is_known_host = host.is_none_or(|host| access.hosts().serve(&host));
    if !access.requires_authentication() {
        let viewer = is_known_host.then(|| (Viewer::unrestricted(), AuthMethod::NotRequired));
        return viewer.ok_or_else(|| refuse(Problem::forbidden(UNKNOWN_HOST)));
    }
    match credentials::check(auth, request, is_known_host) {
        Authentication::Account(account, method) => Ok((Viewer::new(account), method)),
        _ if is_public(request.uri().path()) => Ok((Viewer::without_access(), AuthMethod::Anonymous)),
        Authentication::None if is_page(request) => Err(Box::new(redirect_to_login(access, request))),
        Authentication::None => {
            Err(Box::new(unauthorized("authentication required: sign in at login, or send a token")))
        }
        Authentication::InvalidToken => {
            match auth.rate_limiter.invalid_token(address_of(access, request), auth.handle.now()) {
                Ok(()) => Err(Box::new(unauthorized("invalid token"))),
                Err(too_many) => Err(Box::new(too_many_attempts(too_many))),
            }
        }
        Authentication::Refused(why) => Err(refuse(Problem::forbidden(why))),
    }
}

/// The host that a request names. More than one is refused, since a proxy could read another of them. Only HTTP/1.0, which
/// browsers do not use, may leave it out.
fn host_of(request: &Request) -> Result<Option<Host>, Problem> {
    let bad = |why: &str| Problem::new(StatusCode::BAD_REQUEST, why);
    let mut values = request.headers().get_all(header::HOST).iter();
    let header = values.next().map(|value| value.to_str().ok().and_then(Host::parse));
    let target = request.uri().authority().map(|authority| Host::parse(authority.as_str()));
    match (header, target, values.next()) {
        (_, _, Some(_)) => Err(bad("more than one Host header")),
        (None, None, _) if request.version() == Version::HTTP_10 => Ok(None),
        (None, None, _) => Err(bad("the Host header is missing")),
        (Some(Some(host)), None, _) | (None, Some(Some(host)), _) => Ok(Some(host)),
        (Some(Some(host)), Some(Some(target)), _) if host == target => Ok(Some(host)),
        (Some(Some(_)), Some(Some(_)), _) => Err(bad("the request target and the Host header name different hosts")),
        _ => Err(bad("the Host header is not a host name")),
    }
}

/// Whether a path is served without authentication.
fn is_public(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/login" | "/login.css" | "/logout" | "/icon.svg")
}

/// Whether a browser requests the page.
fn is_page(request: &Request) -> bool {
    request.uri().path() == "/" && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Redirects from the page to the login page beside it, with the way back. Where the path of a reverse proxy is not known, the
/// location is relative to the page.
fn redirect_to_login(access: &Access, request: &Request) -> Response {
    let prefix = Prefix::of(access, request.extensions(), request.headers(), request.uri());
    let mut location = String::new();
    if prefix.is_proxied() {
        location = format!("{prefix}/");
    } else if let Some(OriginalUri(uri)) = request.extensions().get()
        && let Some((_, last)) = uri.path().rsplit_once('/').filter(|(_, last)| !last.is_empty())
    {
        location = prefix::below(last); // the mount path was requested without the slash at its end
    }
    location.push_str("login");
    if let Some(query) = request.uri().query().filter(|query| !query.is_empty()) {
        let next = format!("/?{query}");
        location.extend(["?next=", &utf8_percent_encode(&next, NON_ALPHANUMERIC).to_string()]);
    }
    see_other(&location)
}

/// 303 with `no-store`.
pub(super) fn see_other(location: &str) -> Response {
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("./"));
    let no_store = HeaderValue::from_static("no-store");
    (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::CACHE_CONTROL, no_store)]).into_response()
}

/// 401 with the scheme that programs can use.
pub(super) fn unauthorized(why: &str) -> Response {
    let scheme = HeaderValue::from_static("Bearer realm=\"owlery\"");
    ([(header::WWW_AUTHENTICATE, scheme)], Problem::new(StatusCode::UNAUTHORIZED, why)).into_response()
}

/// 429 with `Retry-After`.
pub(super) fn too_many_attempts(TooMany(seconds): TooMany) -> Response {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many failed attempts; try again later").retry_in(seconds)
}

/// Keeps a response out of shared caches, since its content depends on the user.
pub(super) fn make_private(access: &Access, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let caching = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or("no-cache");
    if !caching.contains("no-store") && !caching.contains("private") {
        let others = caching.split(',').map(str::trim).filter(|word| !word.eq_ignore_ascii_case("public"));
        let private = std::iter::once("private").chain(others).collect::<Vec<_>>().join(", ");
        if let Ok(value) = HeaderValue::from_str(&private) {
            headers.insert(header::CACHE_CONTROL, value);
        }
    }
    let others = headers.insert(header::VARY, HeaderValue::from_static("Cookie, Authorization"));
    headers.extend(others.map(|others| (header::VARY, others)));
    if let Some(name) = access.trusted_proxy().and_then(|proxy| proxy.user_header.as_ref()) {
        headers.append(header::VARY, HeaderName::clone(name).into());
    }
    response
}
