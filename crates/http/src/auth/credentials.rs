//! The credentials of a request: a bearer token, a user named by a trusted proxy, or the cookie of a session, in this order.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, header};

use super::access::Access;
use super::client::peer;
use super::secret::Digest;
use super::state::Auth;
use super::viewer::Account;

/// The cookie that holds a session's secret.
pub(super) const SESSION_COOKIE: &str = "owlery_session";
/// The most cookies of that name that are checked: another Owlery on this host may have set one for a shorter path.
const MAX_SESSION_COOKIES: usize = 4;

/// The message for a `Host` that is not allowed: a foreign page can make its own name resolve to this address.
pub(super) const UNKNOWN_HOST: &str =
    "unknown host name; if it is a name of this host, start owlery with --allow-host and that name";

/// How a request was authenticated. Part of the request's extensions, beside the `Viewer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    /// Authentication is not required.
    NotRequired,
    /// The request has no valid credentials.
    Anonymous,
    /// The session whose secret has this digest.
    Session(Digest),
    /// A bearer token.
    Token,
    /// A user named by the trusted proxy.
    Proxy,
}

/// The result of checking a request's credentials.
pub(super) enum Authentication {
    Account(Arc<Account>, AuthMethod),
    /// There are no credentials, or they have expired.
    None,
    InvalidToken,
    /// The credentials are ambiguous or not accepted.
    Refused(&'static str),
}

/// Checks the credentials of a request. `is_known_host`: whether its `Host` is a name of this host.
pub(super) fn check(auth: &Auth, request: &Request, is_known_host: bool) -> Authentication {
    let (access, headers) = (&auth.access, request.headers());
    match bearer(headers) {
        Ok(None) => {}
        Ok(Some(token)) => {
            let account = access.account_of_token(token);
            let accept = |account| Authentication::Account(Arc::clone(account), AuthMethod::Token);
            return account.map_or(Authentication::InvalidToken, accept);
        }
        Err(why) => return Authentication::Refused(why),
    }
    match user_of_proxy(access, request) {
        Ok(None) => {}
        // A page whose name resolves to this address can send this header. It has neither our tokens nor our cookies.
        Ok(Some(_)) if !is_known_host => return Authentication::Refused(UNKNOWN_HOST),
        Ok(Some(name)) => {
            let refused = Authentication::Refused("unknown user in the proxy's header");
            return access
                .user_named(name)
                .map_or(refused, |user| Authentication::Account(Arc::clone(&user.account), AuthMethod::Proxy));
        }
        Err(why) => return Authentication::Refused(why),
    }
    let now = auth.handle.now();
    let account = |secret: Digest| {
        let session = auth.sessions.find(&secret, now)?;
        let user = access.user_named(&session.user)?;
        let is_unchanged = user.line == session.line;
        is_unchanged.then(|| Authentication::Account(Arc::clone(&user.account), AuthMethod::Session(secret)))
    };
    session_cookies(headers).map(Digest::of).find_map(account).unwrap_or(Authentication::None)
}

/// The token of `Authorization: Bearer`. Other schemes are ignored: they may be credentials for a proxy.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, &'static str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err("more than one Authorization header");
    }
    Ok(first.and_then(|value| {
        let text = std::str::from_utf8(value.as_bytes()).ok()?;
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }))
}

/// The user that the trusted proxy names. The header is ignored on other connections.
fn user_of_proxy<'a>(access: &Access, request: &'a Request) -> Result<Option<&'a str>, &'static str> {
    let Some(proxy) = access.trusted_proxy() else { return Ok(None) };
    let Some(name) = &proxy.user_header else { return Ok(None) };
    if !peer(request.extensions()).is_some_and(|peer| proxy.is_at(peer)) {
        return Ok(None);
    }
    let mut values = request.headers().get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err("more than one user in the proxy's header");
    }
    let Some(value) = first.filter(|value| !value.is_empty()) else { return Ok(None) };
    std::str::from_utf8(value.as_bytes()).map(Some).map_err(|_| "unknown user in the proxy's header")
}

/// The secrets in the session cookies of a request.
pub(super) fn session_cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == SESSION_COOKIE).map(|(_, secret)| secret).take(MAX_SESSION_COOKIES)
}
