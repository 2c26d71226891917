//! The gate that every request passes first: is it meant for this host, is it no foreign page's (`page`), and whose is it?
//! Signing in and out is `login`'s.

mod page;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, OriginalUri, Request};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::access::Access;
use super::access::hosts::Host;
use super::access::proxy::Proxy;
use super::error::Problem;
use super::limiter::TooMany;
use super::prefix::{self, Prefix};
use super::secret::Digest;
use super::viewer::{Account, Viewer};
use super::web::Web;

/// The cookie that holds a session's secret.
pub(super) const COOKIE: &str = "owlery_session";
/// How many cookies of that name are looked at: another Owlery on this host may have set one for a shorter path.
const MOST_COOKIES: usize = 4;
/// For how long a proxy's word holds for an answer that goes on.
const NAMED: Duration = Duration::from_mins(15);

/// Said where a name is not believed: a foreign page can make its own lead to this address.
const UNKNOWN_HOST: &str =
    "this is not known as a name of this host; if it is one, start owlery with --allow-host and that name";

/// In the extensions of a request that came over TLS of our own; put there by the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverTls;

/// By what the gate has recognised whoever asks. In a request's extensions beside the `Viewer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nobody has to be.
    NotAsked,
    /// By nothing: he has not signed in.
    Not,
    /// By the session of a cookie whose secret has this digest.
    BySession(Digest),
    ByToken,
    ByProxy,
}

/// Recognises whoever asks, or refuses.
pub(super) async fn gate<F: Future<Output = Response>>(
    web: &Web,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let shown_in = page::shown_in(&web.access, request.headers());
    let mut response = match admit(web, &request) {
        Ok((viewer, known)) => {
            request.extensions_mut().insert(viewer);
            request.extensions_mut().insert(known);
            let response = next(request).await;
            match known {
                Known::BySession(_) | Known::ByProxy if is_stream(&response) => {
                    as_long_as_known(web.clone(), known, response)
                }
                _ => response,
            }
        }
        Err(refusal) => *refusal,
    };
    if let Some(pages) = shown_in {
        response.headers_mut().insert(page::RESOURCE_POLICY, pages);
    }
    if web.access.asks_who() { kept_private(&web.access, response) } else { response }
}

/// Whether an answer goes on for as long as somebody listens.
fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Ends such an answer when whoever asked for it is not known any more: the next message, if only a heartbeat, is not sent. He
/// asks again and is recognised, or not.
fn as_long_as_known(web: Web, known: Known, response: Response) -> Response {
    let begun = Instant::now();
    let lasts = move |_: &Result<_, _>| std::future::ready(is_still_known(&web, known, begun.elapsed()));
    response.map(|body| Body::from_stream(body.into_data_stream().take_while(lasts)))
}

/// Whether somebody is still who he was so long ago. Tokens and users are those of the start, but sessions end, and whom a proxy
/// names it may have signed out.
fn is_still_known(web: &Web, known: Known, after: Duration) -> bool {
    match known {
        Known::BySession(secret) => web.sessions.find(&secret, web.handle.now()).is_some(),
        Known::ByProxy => after < NAMED,
        Known::NotAsked | Known::Not | Known::ByToken => true,
    }
}

fn admit(web: &Web, request: &Request) -> Result<(Viewer, Known), Box<Response>> {
    let access = &web.access;
    if access.is_unchecked() {
        return Ok((Viewer::anybody(), Known::NotAsked));
    }
    let refuse = |problem: Problem| Box::new(problem.into_response());
    let host = host_of(request).map_err(refuse)?;
    page::check(access, request, host.as_ref()).map_err(refuse)?;
    let is_for_us = host.is_none_or(|host| access.hosts().serve(&host));
    if !access.asks_who() {
        let anybody = is_for_us.then(|| (Viewer::anybody(), Known::NotAsked));
        return anybody.ok_or_else(|| refuse(forbidden(UNKNOWN_HOST)));
    }
    match recognise(web, request, is_for_us) {
        Found::Account(account, known) => Ok((Viewer::new(account), known)),
        _ if is_open(request.uri().path()) => Ok((Viewer::nobody(), Known::Not)),
        Found::Nobody if is_page(request) => Err(Box::new(to_login(access, request))),
        Found::Nobody => Err(Box::new(unauthorised("sign in at login, or show a token"))),
        Found::WrongToken => match web.limiter.wrong_token(address_of(access, request), web.handle.now()) {
            Ok(()) => Err(Box::new(unauthorised("nobody has this token"))),
            Err(too_many) => Err(Box::new(told_to_wait(too_many))),
        },
        Found::Refused(why) => Err(refuse(forbidden(why))),
    }
}

/// The host that a request is for. Exactly one must be told: two could be read differently by whoever stands between. Only
/// HTTP/1.0 may leave it out, which no browser speaks.
fn host_of(request: &Request) -> Result<Option<Host>, Problem> {
    let bad = |why: &str| Problem::new(StatusCode::BAD_REQUEST, why);
    let mut told = request.headers().get_all(header::HOST).iter();
    let header = told.next().map(|value| value.to_str().ok().and_then(Host::parse));
    let target = request.uri().authority().map(|authority| Host::parse(authority.as_str()));
    match (header, target, told.next()) {
        (_, _, Some(_)) => Err(bad("more than one Host is told")),
        (None, None, _) if request.version() == Version::HTTP_10 => Ok(None),
        (None, None, _) => Err(bad("no Host is told")),
        (Some(Some(host)), None, _) | (None, Some(Some(host)), _) => Ok(Some(host)),
        (Some(Some(host)), Some(Some(target)), _) if host == target => Ok(Some(host)),
        (Some(Some(_)), Some(Some(_)), _) => Err(bad("the target is of another host than Host")),
        _ => Err(bad("Host is not the name of a host")),
    }
}

/// Whom the credentials of a request are of.
enum Found {
    Account(Arc<Account>, Known),
    /// There are none, or they are over.
    Nobody,
    WrongToken,
    /// Somebody who may not come in.
    Refused(&'static str),
}

fn recognise(web: &Web, request: &Request, is_for_us: bool) -> Found {
    let (access, headers) = (&web.access, request.headers());
    match bearer(headers) {
        Ok(None) => {}
        Ok(Some(token)) => {
            let account = access.account_of_token(token);
            return account.map_or(Found::WrongToken, |account| Found::Account(Arc::clone(account), Known::ByToken));
        }
        Err(why) => return Found::Refused(why),
    }
    match named_by_proxy(access, request) {
        Ok(None) => {}
        // A page whose name leads here can tell this header itself. No page has a token or a cookie of ours to tell.
        Ok(Some(_)) if !is_for_us => return Found::Refused(UNKNOWN_HOST),
        Ok(Some(name)) => {
            let refused = Found::Refused("the proxy names somebody who is no user here");
            return access
                .user_named(name)
                .map_or(refused, |user| Found::Account(Arc::clone(&user.account), Known::ByProxy));
        }
        Err(why) => return Found::Refused(why),
    }
    let now = web.handle.now();
    let account = |secret: Digest| {
        let session = web.sessions.find(&secret, now)?;
        let user = access.user_named(&session.user)?;
        (user.line == session.line).then(|| Found::Account(Arc::clone(&user.account), Known::BySession(secret)))
    };
    session_cookies(headers).map(Digest::of).find_map(account).unwrap_or(Found::Nobody)
}

/// The token of `Authorization: Bearer`. Other schemes are left unheeded: a proxy may have asked for one of its own.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, &'static str> {
    let mut told = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (told.next(), told.next());
    if second.is_some() {
        return Err("more than one Authorization is told");
    }
    Ok(first.and_then(|value| {
        let text = std::str::from_utf8(value.as_bytes()).ok()?;
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }))
}

/// Whom a trusted proxy names. Nobody else is believed.
fn named_by_proxy<'a>(access: &Access, request: &'a Request) -> Result<Option<&'a str>, &'static str> {
    let Some(proxy) = access.trusted_proxy() else { return Ok(None) };
    let Some(name) = &proxy.user_header else { return Ok(None) };
    if !peer(request.extensions()).is_some_and(|peer| proxy.is_at(peer)) {
        return Ok(None);
    }
    let mut told = request.headers().get_all(name).iter();
    let (first, second) = (told.next(), told.next());
    if second.is_some() {
        return Err("more than one user is named");
    }
    let Some(value) = first.filter(|value| !value.is_empty()) else { return Ok(None) };
    std::str::from_utf8(value.as_bytes()).map(Some).map_err(|_| "the proxy names somebody who is no user here")
}

/// The secrets in the cookies of a session.
pub(super) fn session_cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, secret)| secret).take(MOST_COOKIES)
}

/// The address at the other end of the connection.
fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical())
}

/// The trusted proxy, if it is what asks, and its address.
fn proxy_of<'a>(access: &'a Access, extensions: &Extensions) -> Option<(&'a Proxy, IpAddr)> {
    let peer = peer(extensions)?;
    access.trusted_proxy().filter(|proxy| proxy.is_at(peer)).map(|proxy| (proxy, peer))
}

/// Whether the path that `X-Forwarded-Prefix` names is believed: from the configured proxy alone; where none is configured, from
/// this host, and where the embedding program does not say who is asking. It changes nothing but the URLs in the response.
pub(super) fn may_name_prefix(access: &Access, extensions: &Extensions) -> bool {
    match (access.trusted_proxy(), peer(extensions)) {
        (Some(proxy), peer) => peer.is_some_and(|peer| proxy.is_at(peer)),
        (None, peer) => peer.is_none_or(|peer| peer.is_loopback()),
    }
}

/// Where a request comes from, as far as it is known: beyond a trusted proxy, if there is one.
pub(super) fn address_of(access: &Access, request: &Request) -> Option<IpAddr> {
    match proxy_of(access, request.extensions()) {
        Some((proxy, peer)) => Some(proxy.client(peer, request.headers())),
        None => peer(request.extensions()),
    }
}

/// Whether the browser asks over TLS.
pub(super) fn is_over_tls(access: &Access, request: &Request) -> bool {
    request.extensions().get::<OverTls>().is_some()
        || proxy_of(access, request.extensions()).is_some() && Proxy::is_over_tls(request.headers())
}

/// What whoever has not signed in gets too.
fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/login" | "/login.css" | "/logout" | "/icon.svg")
}

/// Whether a person's browser asks for the page.
fn is_page(request: &Request) -> bool {
    request.uri().path() == "/" && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// From the page to the login page beside it, and back afterwards. Where the path of a reverse proxy is not known, the location
/// is relative to the page.
fn to_login(access: &Access, request: &Request) -> Response {
    let prefix = Prefix::of(access, request.extensions(), request.headers(), request.uri());
    let mut location = String::new();
    if prefix.is_proxied() {
        location = format!("{prefix}/");
    } else if let Some(OriginalUri(uri)) = request.extensions().get()
        && let Some((_, last)) = uri.path().rsplit_once('/').filter(|(_, last)| !last.is_empty())
    {
        location = prefix::below(last); // mounted in another router, and asked for without the slash
    }
    location.push_str("login");
    if let Some(query) = request.uri().query().filter(|query| !query.is_empty()) {
        let next = format!("/?{query}");
        location.extend(["?next=", &utf8_percent_encode(&next, NON_ALPHANUMERIC).to_string()]);
    }
    see_other(&location)
}

/// 303, which no cache keeps.
pub(super) fn see_other(location: &str) -> Response {
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("./"));
    let no_store = HeaderValue::from_static("no-store");
    (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::CACHE_CONTROL, no_store)]).into_response()
}

fn forbidden(why: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, why)
}

/// 401, with the only scheme that a program can use.
pub(super) fn unauthorised(why: &str) -> Response {
    let scheme = HeaderValue::from_static("Bearer realm=\"owlery\"");
    ([(header::WWW_AUTHENTICATE, scheme)], Problem::new(StatusCode::UNAUTHORIZED, why)).into_response()
}

/// 429, and when to come back.
pub(super) fn told_to_wait(TooMany(seconds): TooMany) -> Response {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many attempts failed; try again later").retry_in(seconds)
}

/// What one user is answered is for nobody else, so no shared cache may keep it.
fn kept_private(access: &Access, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let told = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or("no-cache");
    if !told.contains("no-store") && !told.contains("private") {
        let others = told.split(',').map(str::trim).filter(|word| !word.eq_ignore_ascii_case("public"));
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

#[cfg(test)]
mod tests;
