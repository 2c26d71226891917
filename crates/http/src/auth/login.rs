//! Signing in and out: the login page, the sessions that it begins, and `/api/v1/me`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use serde::{Deserialize, Serialize};

use super::access::Access;
use super::authenticate::{see_other, too_many_attempts, unauthorized};
use super::client::{address_of, is_over_tls};
use super::credentials::{AuthMethod, SESSION_COOKIE, session_cookies};
use super::prefix::Prefix;
use super::rate_limit::TooMany;
use super::sessions::SESSION_LIFETIME;
use super::state::Auth;
use super::viewer::{Role, Viewer};
use crate::extract::{NoParams, Params, body};
use crate::limits::blocking;
use crate::problem::Problem;
use crate::response::json;

/// The credentials for signing in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    name: String,
    password: String,
    /// The path to go to afterwards, below the page.
    next: Option<String>,
}

/// Why signing in failed.
enum Denied {
    InvalidCredentials,
    TooMany(TooMany),
    /// Too many passwords are being checked.
    Busy,
}

/// The user or token of a request.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Me {
    /// The name of the user or the token; empty where authentication is not required.
    name: String,
    role: Role,
    /// The cameras that the user can see; null: all.
    cameras: Option<Vec<String>>,
    /// Whether the request was authenticated. False where authentication is not required.
    signed_in: bool,
    /// Whether it was authenticated by a session, which can be signed out.
    session: bool,
}

/// The authenticated user, and the cameras that the user can see.
#[utoipa::path(get, path = "/api/v1/me", tag = "login", responses(
    (status = 200, description = "the user or token", body = Me),
    (status = 400, description = "unknown parameter", content_type = "application/problem+json"),
    (status = 401, description = "authentication required", content_type = "application/problem+json"),
    (status = 403, description = "unknown host name, or access denied", content_type = "application/problem+json"),
    (status = 429, description = "too many invalid tokens", content_type = "application/problem+json"),
))]
pub(crate) async fn me(
    viewer: Viewer,
    Extension(method): Extension<AuthMethod>,
    _: NoParams,
) -> Result<Response, Problem> {
    let account = viewer.account();
    Ok(json(&Me {
        name: account.name.clone(),
        role: account.role,
        cameras: account.cameras.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
        signed_in: !matches!(method, AuthMethod::NotRequired | AuthMethod::Anonymous),
        session: matches!(method, AuthMethod::Session(_)),
    }))
}

/// The parameters of the login page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoginParams {
    /// the path to go to after signing in
    next: Option<String>,
}

/// The login page.
#[utoipa::path(get, path = "/login", tag = "login", operation_id = "page", params(LoginParams), responses(
    (status = 200, description = "the page", body = String, content_type = "text/html"),
    (status = 303, description = "signed in already, or authentication is not required"),
    (status = 400, description = "unknown parameter", content_type = "application/problem+json"),
    (status = 403, description = "unknown host name", content_type = "application/problem+json"),
))]
pub(crate) async fn login_page(
    State(auth): State<Arc<Auth>>,
    Extension(method): Extension<AuthMethod>,
    Params(params): Params<LoginParams>,
) -> Result<Response, Problem> {
    let next = next_path(params.next.as_deref());
    if method == AuthMethod::Anonymous {
        Ok(login_form(&auth, StatusCode::OK, "", &next))
    } else {
        Ok(see_other(&relative(&next)))
    }
}

/// Signs in with the form of the page or a JSON document.
#[utoipa::path(post, path = "/login", tag = "login",
    request_body(content((Credentials = "application/json"), (Credentials = "application/x-www-form-urlencoded"))),
    responses(
        (status = 204, description = "signed in; sets the cookie owlery_session"),
        (status = 303, description = "the same for a form"),
        (status = 400, description = "the body cannot be read", content_type = "application/problem+json"),
        (status = 401, description = "wrong name or password", content_type = "application/problem+json"),
        (status = 403, description = "foreign origin, or unknown host name", content_type = "application/problem+json"),
        (status = 404, description = "authentication is not required", content_type = "application/problem+json"),
        (status = 413, description = "the body is too large", content_type = "application/problem+json"),
        (status = 415, description = "neither a form nor JSON", content_type = "application/problem+json"),
        (status = 429, description = "too many failed attempts", content_type = "application/problem+json"),
        (status = 503, description = "too many passwords are being checked", content_type = "application/problem+json"),
    ))]
pub(crate) async fn sign_in(State(auth): State<Arc<Auth>>, request: Request) -> Result<Response, Problem> {
    if !auth.access.requires_authentication() {
        return Err(Problem::not_found());
    }
    let (address, tls) = (address_of(&auth.access, &request), is_over_tls(&auth.access, &request));
    let path = cookie_path(&auth.access, &request);
    let is_form = is_form(request.headers());
    let before: Vec<String> = session_cookies(request.headers()).map(str::to_owned).collect();
    let credentials = read(request, is_form).await?;
    let next = next_path(credentials.next.as_deref());
    match begin_session(&auth, credentials, address, &before).await? {
        Ok(secret) => {
            let cookie = cookie(&secret, SESSION_LIFETIME, &path, tls);
            let done = if is_form { see_other(&relative(&next)) } else { StatusCode::NO_CONTENT.into_response() };
            Ok(([(header::SET_COOKIE, cookie)], done).into_response())
        }
        Err(denied) => Ok(refused(&auth, &denied, is_form, &next)),
    }
}

/// Signs out.
#[utoipa::path(post, path = "/logout", tag = "login", responses(
    (status = 204, description = "signed out; deletes the cookie"),
    (status = 303, description = "the same for a form"),
    (status = 403, description = "foreign origin, or unknown host name", content_type = "application/problem+json"),
))]
pub(crate) async fn sign_out(State(auth): State<Arc<Auth>>, request: Request) -> Result<Response, Problem> {
    let ended = session_cookies(request.headers()).filter(|secret| auth.sessions.end(secret)).count();
    let cookie = cookie("", 0, &cookie_path(&auth.access, &request), is_over_tls(&auth.access, &request));
    if ended > 0 {
        save_sessions(&auth).await?;
    }
    let is_form = is_form(request.headers());
    let done = if is_form { see_other("login") } else { StatusCode::NO_CONTENT.into_response() };
    Ok(([(header::SET_COOKIE, cookie)], done).into_response())
}

/// Checks the password and begins a session; returns its secret. Ends the sessions of the cookies `before`, which the new cookie
/// replaces.
async fn begin_session(
    auth: &Arc<Auth>,
    credentials: Credentials,
    address: Option<IpAddr>,
    before: &[String],
) -> Result<Result<String, Denied>, Problem> {
    let (access, now) = (&auth.access, auth.handle.now());
    if let Err(too_many) = auth.rate_limiter.begin(&credentials.name, address, now) {
        return Ok(Err(Denied::TooMany(too_many)));
    }
    let user = access.user_named(&credentials.name);
    let own = user.and_then(|user| user.password.as_ref());
    // An unknown name is checked against a password as well, so that the time does not reveal which names exist.
    let Some(password) = own.or_else(|| access.slowest_password()) else { return Ok(Err(Denied::InvalidCredentials)) };
    let Some(matches) = auth.verifier.verify(password.clone(), credentials.password).await? else {
        auth.rate_limiter.withdraw(&credentials.name, address);
        return Ok(Err(Denied::Busy));
    };
    let from = address.map_or("an unknown address".to_owned(), |address| address.to_string());
    let Some(user) = user.filter(|_| matches && own.is_some()) else {
        // An unknown name is not logged: it may be a password typed into the wrong field.
        let name = user.map_or("an unknown user", |user| user.account.name.as_str());
        tracing::warn!("failed sign-in of {name} from {from}");
        return Ok(Err(Denied::InvalidCredentials));
    };
    auth.rate_limiter.succeeded(&credentials.name, address);
    for old in before {
        auth.sessions.end(old);
    }
    let secret = auth.sessions.begin(&user.account.name, user.line, now)?;
    tracing::info!("{} signed in from {from}", user.account.name);
    save_sessions(auth).await?;
    Ok(Ok(secret))
}

/// Saves the sessions. If that fails they last until the program stops.
async fn save_sessions(auth: &Arc<Auth>) -> Result<(), Problem> {
    let auth = Arc::clone(auth);
    blocking(move || {
        if let Err(error) = auth.sessions.save() {
            tracing::warn!("{}: new sessions end when the program stops", error.chain());
        }
        Ok(())
    })
    .await
}

fn is_form(headers: &HeaderMap) -> bool {
    body::has_type(body::FORM, headers)
}

async fn read(request: Request, is_form: bool) -> Result<Credentials, Problem> {
    // Without details: the response may be logged, and the body may hold a password.
    let bad = || Problem::new(StatusCode::BAD_REQUEST, "the body is not a name and a password");
    if is_form {
        return Form::from_request(request, &()).await.map(|Form(credentials)| credentials).map_err(|_| bad());
    }
    if !body::has_type(body::JSON, request.headers()) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be a form or application/json"));
    }
    let bytes = Bytes::from_request(request, &()).await.map_err(|_| bad())?;
    serde_json::from_slice(&bytes).map_err(|_| bad())
}

fn refused(auth: &Auth, denied: &Denied, is_form: bool, next: &str) -> Response {
    let (status, why) = match denied {
        Denied::InvalidCredentials => (StatusCode::UNAUTHORIZED, "Wrong name or password."),
        Denied::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many failed attempts. Try again in a few minutes."),
        Denied::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Too many sign-ins at the same time. Try again in a moment."),
    };
    let mut response = match denied {
        Denied::InvalidCredentials => unauthorized(why),
        Denied::TooMany(too_many) => too_many_attempts(*too_many),
        Denied::Busy => Problem::new(status, why).retry_in(1),
    };
    if is_form {
        let page = login_form(auth, status, why, next);
        let (parts, body) = page.into_parts();
        response.headers_mut().extend(parts.headers);
        *response.body_mut() = body;
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// The login page, with an error message if signing in failed.
fn login_form(auth: &Auth, status: StatusCode, why: &str, next: &str) -> Response {
    let message = if why.is_empty() { String::new() } else { format!("<p class=\"bad\" role=\"alert\">{why}</p>") };
    let page = auth.login_page.replace("<!--message-->", &message).replace("<!--next-->", &next.replace('&', "&amp;"));
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let no_store = HeaderValue::from_static("no-store");
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, no_store)], page).into_response()
}

/// The path to go to after signing in: below the page; `/` by default, and where the requested path could lead elsewhere.
fn next_path(requested: Option<&str>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'\'' | b'<' | b'>' | b'`');
    let fits = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains("/..")
            && path.len() <= 2000
            && path.bytes().all(is_plain)
    };
    requested.filter(fits).unwrap_or("/").to_owned()
}

/// The path relative to the login page, so that it stays on this host and below the path of a reverse proxy.
fn relative(path: &str) -> String {
    format!(".{path}")
}

/// The cookie's `Path`: where the router is mounted.
fn cookie_path(access: &Access, request: &Request) -> String {
    let prefix = Prefix::of(access, request.extensions(), request.headers(), request.uri());
    let path = prefix.as_str();
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';' && byte != b',');
    if path.is_empty() || !is_plain { "/".to_owned() } else { path.to_owned() }
}

fn cookie(secret: &str, seconds: i64, path: &str, tls: bool) -> HeaderValue {
    let secure = if tls { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={secret}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).expect("digits and a checked path")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Grant;
    use crate::engine::{Archive, Options};

    const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$b3dscyBieSBkYXlsaWdodA$VRKIi/tHEwKsF6ERLz6x7s6WzzRnloh+oOSsB0mPeb4";

    #[tokio::test]
    async fn unknown_names_take_as_long_as_known_ones() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("Camera1")).unwrap();
        let service = Archive::open(Options::new(root.path())).unwrap().start().unwrap();
        let access = Access::default().user("anna", Some(HASH), Grant::default()).unwrap();
        let access = access.user("carl", None, Grant::default()).unwrap();
        let auth = Auth::new(Arc::clone(service.handle()), service.state_dir(), access, String::new());
        let auth = Arc::new(auth);
        let permits = auth.verifier.occupy().await;
        let sign_in = async |name: &str| {
            let credentials = Credentials { name: name.to_owned(), password: "wrong".to_owned(), next: None };
            begin_session(&auth, credentials, None, &[]).await.ok()
        };
        for name in ["anna", "carl", "unknown"] {
            let waits = tokio::time::timeout(std::time::Duration::from_millis(1), sign_in(name));
            assert!(waits.await.is_err(), "{name}: a password is checked");
        }
        drop(permits);
        for name in ["anna", "carl", "unknown"] {
            assert!(matches!(sign_in(name).await, Some(Err(Denied::InvalidCredentials))), "{name}");
        }
    }

    #[test]
    fn the_path_after_signing_in_stays_on_this_host() {
        for fine in ["/", "/?camera=a&saved=1", "/media/Camera1/2026-11-20/10-04-36/video.mp4", "/a%20b"] {
            assert_eq!(next_path(Some(fine)), fine);
        }
        for bad in
            ["", "x", "//x", "/\\x", "/..//x", "http://x", "/a b", "/\u{fc}", "/\"", &format!("/{}", "x".repeat(2000))]
        {
            assert_eq!(next_path(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(relative(&next_path(None)), "./");
    }
}
