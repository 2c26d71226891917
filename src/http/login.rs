//! Signing in and out: the login page, the sessions that it begins, and who one is. Who may, `access` says; how often one may
//! try, `limiter`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::access::Access;
use super::access::password::Password;
use super::api::json;
use super::error::Problem;
use super::gate::{self, Known};
use super::limiter::TooMany;
use super::params::{Params, RawParams};
use super::prefix::Prefix;
use super::sessions::LASTS;
use super::viewer::{Role, Viewer};
use super::web::Web;
use super::{assets, blocking, body};

/// How many passwords are compared at once: each takes the memory that its hash was made with.
const AT_ONCE: usize = 2;
/// How many wait for that.
const WAITING: usize = 64;

/// What keeps the comparing of passwords within bounds.
#[derive(Debug)]
pub(super) struct Comparing {
    at_once: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

impl Default for Comparing {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), all: Arc::new(Semaphore::new(AT_ONCE + WAITING)) }
    }
}

impl Comparing {
    /// Whether this is the password, found out on another thread; `None` while too many ask.
    async fn is(&self, password: Password, typed: String) -> Result<Option<bool>, Problem> {
        let Ok(waits) = Arc::clone(&self.all).try_acquire_owned() else { return Ok(None) };
        let Ok(turn) = Arc::clone(&self.at_once).acquire_owned().await else { return Ok(None) };
        // They go along: whoever hangs up does not end the work.
        let held = (waits, turn);
        let is = blocking(move || {
            let is = password.is(&typed);
            drop(held);
            Ok(is)
        });
        is.await.map(Some)
    }
}

/// What somebody signs in with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    name: String,
    password: String,
    /// Where to go then: a path below the page.
    next: Option<String>,
}

/// Why somebody is not signed in.
enum Denied {
    Wrong,
    TooMany(TooMany),
    /// Too many others are at it.
    Busy,
}

/// Whoever asks.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Me {
    /// The name of the user or the token; empty where nobody has to sign in.
    name: String,
    role: Role,
    /// The cameras that exist for him; null: all.
    cameras: Option<Vec<String>>,
    /// Whether he was recognised. False where nobody has to sign in.
    signed_in: bool,
    /// Whether that was by the login page, so that he can sign out.
    session: bool,
}

/// Who you are, and what exists for you.
#[utoipa::path(get, path = "/api/v1/me", responses(
    (status = 200, description = "whoever asks", body = Me),
    (status = 400, description = "a parameter that does not exist", content_type = "application/problem+json"),
    (status = 401, description = "not signed in", content_type = "application/problem+json"),
    (status = 403, description = "not meant for this host, or not allowed in", content_type = "application/problem+json"),
    (status = 429, description = "too many wrong tokens", content_type = "application/problem+json"),
))]
pub(super) async fn me(
    viewer: Viewer,
    Extension(known): Extension<Known>,
    raw: RawParams,
) -> Result<Response, Problem> {
    Params::new(raw)?.end()?;
    let account = viewer.account();
    Ok(json(&Me {
        name: account.name.clone(),
        role: account.role,
        cameras: account.cameras.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
        signed_in: !matches!(known, Known::NotAsked | Known::Not),
        session: matches!(known, Known::BySession(_)),
    }))
}

/// The login page.
#[utoipa::path(get, path = "/login", params(("next" = Option<String>, Query, description = "where to go then")), responses(
    (status = 200, description = "the page", body = String, content_type = "text/html"),
    (status = 303, description = "signed in already, or nobody has to"),
    (status = 400, description = "a parameter that does not exist", content_type = "application/problem+json"),
    (status = 403, description = "not meant for this host", content_type = "application/problem+json"),
))]
pub(super) async fn page(Extension(known): Extension<Known>, raw: RawParams) -> Result<Response, Problem> {
    let mut params = Params::new(raw)?;
    let next = way(params.text("next")?.as_deref());
    params.end()?;
    if known == Known::Not { Ok(shown(StatusCode::OK, "", &next)) } else { Ok(gate::see_other(&relative(&next))) }
}

/// Signs in: by the form of the page, or by a JSON document.
#[utoipa::path(post, path = "/login",
    request_body(content((Credentials = "application/json"), (Credentials = "application/x-www-form-urlencoded"))),
    responses(
        (status = 204, description = "signed in; the cookie owlery_session is set"),
        (status = 303, description = "the same for a form"),
        (status = 400, description = "the body cannot be read", content_type = "application/problem+json"),
        (status = 401, description = "nobody has this name and password", content_type = "application/problem+json"),
        (status = 403, description = "a foreign page, or not meant for this host", content_type = "application/problem+json"),
        (status = 404, description = "nobody has to sign in", content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", content_type = "application/problem+json"),
        (status = 415, description = "neither a form nor JSON", content_type = "application/problem+json"),
        (status = 429, description = "too many attempts failed", content_type = "application/problem+json"),
        (status = 503, description = "too many others are at it", content_type = "application/problem+json"),
    ))]
pub(super) async fn sign_in(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    if !web.access.asks_who() {
        return Err(Problem::not_found());
    }
    let (address, tls) = (gate::address_of(&web.access, &request), gate::is_over_tls(&web.access, &request));
    let path = cookie_path(&web.access, &request);
    let is_form = is_form(request.headers());
    let before: Vec<String> = gate::session_cookies(request.headers()).map(str::to_owned).collect();
    let credentials = read(request, is_form).await?;
    let next = way(credentials.next.as_deref());
    match enter(&web, credentials, address, &before).await? {
        Ok(secret) => {
            let cookie = cookie(&secret, LASTS, &path, tls);
            let done = if is_form { gate::see_other(&relative(&next)) } else { StatusCode::NO_CONTENT.into_response() };
            Ok(([(header::SET_COOKIE, cookie)], done).into_response())
        }
        Err(denied) => Ok(refused(&denied, is_form, &next)),
    }
}

/// Signs out.
#[utoipa::path(post, path = "/logout", responses(
    (status = 204, description = "signed out; the cookie is taken back"),
    (status = 303, description = "the same for a form"),
    (status = 403, description = "a foreign page, or not meant for this host", content_type = "application/problem+json"),
))]
pub(super) async fn sign_out(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let ended = gate::session_cookies(request.headers()).filter(|secret| web.sessions.end(secret)).count();
    let cookie = cookie("", 0, &cookie_path(&web.access, &request), gate::is_over_tls(&web.access, &request));
    if ended > 0 {
        remember(&web).await?;
    }
    let is_form = is_form(request.headers());
    let done = if is_form { gate::see_other("login") } else { StatusCode::NO_CONTENT.into_response() };
    Ok(([(header::SET_COOKIE, cookie)], done).into_response())
}

/// Compares the password and begins a session; answers its secret. The sessions of the cookies `before` end: their browser has
/// another now.
async fn enter(
    web: &Web,
    asked: Credentials,
    address: Option<IpAddr>,
    before: &[String],
) -> Result<Result<String, Denied>, Problem> {
    let (access, now) = (&web.access, web.handle.now());
    if let Err(too_many) = web.limiter.begin(&asked.name, address, now) {
        return Ok(Err(Denied::TooMany(too_many)));
    }
    let user = access.user_named(&asked.name);
    let own = user.and_then(|user| user.password.as_ref());
    // A name that nobody has is compared too, so that it takes no less time than one that somebody has.
    let Some(password) = own.or_else(|| access.slowest_password()) else { return Ok(Err(Denied::Wrong)) };
    let Some(is) = web.comparing.is(password.clone(), asked.password).await? else {
        web.limiter.withdraw(&asked.name, address);
        return Ok(Err(Denied::Busy));
    };
    let from = address.map_or("somewhere".to_owned(), |address| address.to_string());
    let Some(user) = user.filter(|_| is && own.is_some()) else {
        // A name that nobody has may be a password in the wrong field.
        let name = user.map_or("somebody unknown", |user| user.account.name.as_str());
        tracing::warn!("{name} from {from} could not sign in");
        return Ok(Err(Denied::Wrong));
    };
    web.limiter.succeeded(&asked.name, address);
    for old in before {
        web.sessions.end(old);
    }
    let secret = web.sessions.begin(&user.account.name, user.line, now)?;
    tracing::info!("{} signed in from {from}", user.account.name);
    remember(web).await?;
    Ok(Ok(secret))
}

/// Writes the sessions down. Where that cannot be done they last until the end of this run.
async fn remember(web: &Web) -> Result<(), Problem> {
    let web = web.clone();
    blocking(move || {
        if let Err(error) = web.sessions.save() {
            tracing::warn!("{}: who signs in now has to again after a restart", error.chain());
        }
        Ok(())
    })
    .await
}

fn is_form(headers: &HeaderMap) -> bool {
    body::is_said_to_be(body::FORM, headers)
}

async fn read(request: Request, is_form: bool) -> Result<Credentials, Problem> {
    // What is wrong with it is not told: the answer may be logged somewhere, and a password may be in it.
    let bad = || Problem::new(StatusCode::BAD_REQUEST, "the body is not a name and a password");
    if is_form {
        return Form::from_request(request, &()).await.map(|Form(credentials)| credentials).map_err(|_| bad());
    }
    if !body::is_said_to_be(body::JSON, request.headers()) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a name and a password as a form or as JSON"));
    }
    let bytes = Bytes::from_request(request, &()).await.map_err(|_| bad())?;
    serde_json::from_slice(&bytes).map_err(|_| bad())
}

fn refused(denied: &Denied, is_form: bool, next: &str) -> Response {
    let (status, why) = match denied {
        Denied::Wrong => (StatusCode::UNAUTHORIZED, "This name and this password do not belong together."),
        Denied::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many attempts failed. Try again in a few minutes."),
        Denied::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Too many people sign in just now. Try again in a moment."),
    };
    let mut response = match denied {
        Denied::Wrong => gate::unauthorised(why),
        Denied::TooMany(too_many) => gate::told_to_wait(*too_many),
        Denied::Busy => Problem::new(status, why).retry_in(1),
    };
    if is_form {
        let page = shown(status, why, next);
        let (parts, body) = page.into_parts();
        response.headers_mut().extend(parts.headers);
        *response.body_mut() = body;
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// The page, with a sentence of ours if something went wrong.
fn shown(status: StatusCode, why: &str, next: &str) -> Response {
    let message = if why.is_empty() { String::new() } else { format!("<p class=\"bad\" role=\"alert\">{why}</p>") };
    let page = assets::LOGIN.replace("<!--message-->", &message).replace("<!--next-->", &next.replace('&', "&amp;"));
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let no_store = HeaderValue::from_static("no-store");
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, no_store)], page).into_response()
}

/// Where to go after signing in: a path below the page, `/` where none is asked for or it is not plainly one.
fn way(asked: Option<&str>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'\'' | b'<' | b'>' | b'`');
    let fits = |way: &&str| {
        way.starts_with('/')
            && !way.starts_with("//")
            && !way.contains("/..")
            && way.len() <= 2000
            && way.bytes().all(is_plain)
    };
    asked.filter(fits).unwrap_or("/").to_owned()
}

/// The same as seen from the login page: relative, so that it leads nowhere but to this host, below whatever path a reverse
/// proxy has put in front.
fn relative(way: &str) -> String {
    format!(".{way}")
}

/// Where the cookie is sent to: below the path that the router is mounted under.
fn cookie_path(access: &Access, request: &Request) -> String {
    let prefix = Prefix::of(access, request.extensions(), request.headers(), request.uri());
    let path = prefix.as_str();
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';' && byte != b',');
    if path.is_empty() || !is_plain { "/".to_owned() } else { path.to_owned() }
}

fn cookie(secret: &str, seconds: i64, path: &str, tls: bool) -> HeaderValue {
    let secure = if tls { "; Secure" } else { "" };
    let name = gate::COOKIE;
    let text = format!("{name}={secret}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).expect("digits, and a path that was looked at")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Grant;
    use crate::service::{Archive, Options};

    const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$b3dscyBieSBkYXlsaWdodA$VRKIi/tHEwKsF6ERLz6x7s6WzzRnloh+oOSsB0mPeb4";

    #[tokio::test]
    async fn so_many_wait_for_their_turn_and_no_more() {
        let (comparing, password) = (Comparing::default(), HASH.parse::<Password>().unwrap());
        let ask = async || comparing.is(password.clone(), "wrong".to_owned()).await.ok().flatten();
        assert_eq!(ask().await, Some(false));
        let others = comparing.all.acquire_many(66).await.unwrap();
        assert_eq!(ask().await, None);
        drop(others);
        assert_eq!(ask().await, Some(false));
        let turns = comparing.at_once.acquire_many(2).await.unwrap();
        let waits = tokio::time::timeout(std::time::Duration::from_millis(1), ask());
        assert!(waits.await.is_err(), "while two are compared the third waits");
        drop(turns);
        assert_eq!(ask().await, Some(false));
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_waits_for_its_turn_like_one_that_somebody_has() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("Camera1")).unwrap();
        let service = Archive::open(Options::new(root.path())).unwrap().start().unwrap();
        let access = Access::default().user("anna", Some(HASH), Grant::default()).unwrap();
        let web = Web::new(
            Arc::clone(service.handle()),
            service.state_dir(),
            access.user("carl", None, Grant::default()).unwrap(),
        );
        let turns = web.comparing.at_once.acquire_many(2).await.unwrap();
        let ask = async |name: &str| {
            let asked = Credentials { name: name.to_owned(), password: "wrong".to_owned(), next: None };
            enter(&web, asked, None, &[]).await.ok()
        };
        for name in ["anna", "carl", "nobody"] {
            let waits = tokio::time::timeout(std::time::Duration::from_millis(1), ask(name));
            assert!(waits.await.is_err(), "{name}: his password is compared");
        }
        drop(turns);
        for name in ["anna", "carl", "nobody"] {
            assert!(matches!(ask(name).await, Some(Err(Denied::Wrong))), "{name}");
        }
    }

    #[test]
    fn the_way_after_signing_in_stays_on_this_host() {
        for fine in ["/", "/?camera=a&saved=1", "/media/Camera1/2026-11-20/10-04-36/video.mp4", "/a%20b"] {
            assert_eq!(way(Some(fine)), fine);
        }
        for bad in
            ["", "x", "//x", "/\\x", "/..//x", "http://x", "/a b", "/\u{fc}", "/\"", &format!("/{}", "x".repeat(2000))]
        {
            assert_eq!(way(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(relative(&way(None)), "./");
    }
}
