//! The router inside another program: below a mount path, with a manual clock, and with the extensions that a listener adds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{Request, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::get as get_route;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::authenticate::{authenticate, is_still_authenticated, make_private};
use super::credentials::{AuthMethod, SESSION_COOKIE};
use super::secret::Digest;
use super::{Access, Auth, Grant, Role};
use crate::clock::ManualClock;
use crate::engine::{Archive, Options, Service};
use crate::router_with;

/// The hash of the password, with as little work as is allowed.
const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$b3dscyBieSBkYXlsaWdodA$VRKIi/tHEwKsF6ERLz6x7s6WzzRnloh+oOSsB0mPeb4";
const PASSWORD: &str = "correct horse & battery = staple";

/// A program that embeds a service with a manual clock.
struct Embedding {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    service: Service,
    runtime: tokio::runtime::Runtime,
}

fn noon() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap()
}

impl Embedding {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("Camera1")).unwrap();
        let clock = Arc::new(ManualClock::new(noon()));
        let service = Archive::open(Options::new(folder.path()).clock(clock.clone())).unwrap().start().unwrap();
        assert!(service.wait_ready(Duration::from_mins(1)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { _folder: folder, clock, service, runtime }
    }

    /// The state of authentication with one user, Anna.
    fn auth(&self) -> Arc<Auth> {
        let handle = Arc::clone(self.service.handle());
        Arc::new(Auth::new(handle, self.service.state_dir(), anna(), String::new()))
    }

    fn router(&self, access: Access) -> Router {
        router_with(&self.service, access)
    }

    fn send(&self, router: &Router, request: Request<Body>) -> Response<Body> {
        self.runtime.block_on(router.clone().oneshot(request)).unwrap()
    }

    fn json(&self, response: Response<Body>) -> Value {
        let bytes = self.runtime.block_on(to_bytes(response.into_body(), 1 << 20)).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Signs Anna in with this password; returns the status and the cookie with its attributes.
    fn log_in(&self, router: &Router, path: &str, password: &str) -> (StatusCode, Option<String>) {
        let body = json!({"name": "anna", "password": password}).to_string();
        let request = Request::post(path).header("host", "localhost").header("content-type", "application/json");
        let response = self.send(router, request.body(body.into()).unwrap());
        let cookie = response.headers().get(header::SET_COOKIE).map(|value| value.to_str().unwrap().to_owned());
        (response.status(), cookie)
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).header("host", "localhost").body(Body::empty()).unwrap()
}

fn with_cookie(path: &str, cookie: &str) -> Request<Body> {
    let cookie = cookie.split(';').next().unwrap();
    Request::get(path).header("host", "localhost").header("cookie", cookie).body(Body::empty()).unwrap()
}

fn anna() -> Access {
    Access::default().user("anna", Some(HASH), Grant { role: Role::Admin, cameras: None }).unwrap()
}

#[test]
fn a_session_lasts_thirty_days() {
    let program = Embedding::new();
    let router = program.router(anna());
    let (_, cookie) = program.log_in(&router, "/login", PASSWORD);
    let cookie = cookie.unwrap();
    let status = || program.send(&router, with_cookie("/api/v1/me", &cookie)).status();
    assert_eq!(status(), StatusCode::OK);
    program.clock.set(noon() + TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(status(), StatusCode::OK);
    program.clock.set(noon() + TimeDelta::days(30));
    assert_eq!(status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn sign_in_is_possible_again_after_the_window() {
    let program = Embedding::new();
    let router = program.router(anna());
    for _ in 0..10 {
        assert_eq!(program.log_in(&router, "/login", "wrong").0, StatusCode::UNAUTHORIZED);
    }
    program.clock.set(noon() + TimeDelta::seconds(299));
    assert_eq!(program.log_in(&router, "/login", PASSWORD).0, StatusCode::TOO_MANY_REQUESTS);
    program.clock.set(noon() + TimeDelta::seconds(300));
    assert_eq!(program.log_in(&router, "/login", PASSWORD).0, StatusCode::NO_CONTENT);
}

#[test]
fn redirects_and_cookies_stay_below_the_mount() {
    let program = Embedding::new();
    let router = Router::new().nest("/motion/owlery", program.router(anna()));
    let (status, cookie) = program.log_in(&router, "/motion/owlery/login", PASSWORD);
    let cookie = cookie.unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(cookie.contains("; Path=/motion/owlery; "), "{cookie}");
    assert_eq!(program.send(&router, with_cookie("/motion/owlery/api/v1/me", &cookie)).status(), StatusCode::OK);
    let page = program.send(&router, get("/motion/owlery"));
    assert_eq!((page.status(), &page.headers()["location"]), (StatusCode::SEE_OTHER, &"owlery/login".parse().unwrap()));
    let alone = program.router(anna());
    assert_eq!(program.send(&alone, get("/")).headers()["location"], "login");
}

#[test]
fn cookies_are_secure_over_tls() {
    let program = Embedding::new();
    let router = program.router(anna());
    let cookie = |tls| {
        let body = json!({"name": "anna", "password": PASSWORD}).to_string();
        let request = Request::post("/login").header("host", "localhost").header("content-type", "application/json");
        let mut request = request.body(Body::from(body)).unwrap();
        if tls {
            request.extensions_mut().insert(super::OverTls);
        }
        program.send(&router, request).headers()["set-cookie"].to_str().unwrap().to_owned()
    };
    assert!(cookie(true).ends_with("; Secure"));
    assert!(!cookie(false).contains("Secure"));
}

#[test]
fn an_embedding_program_can_disable_all_checks() {
    let program = Embedding::new();
    let without_host = || Request::post("/api/v1/me").header("origin", "null").body(Body::empty()).unwrap();
    let unchecked = program.router(Access::unchecked());
    assert_eq!(
        program.send(&unchecked, without_host()).status(),
        StatusCode::METHOD_NOT_ALLOWED,
        "the request reached the route"
    );
    let me = Request::get("/api/v1/me").body(Body::empty()).unwrap();
    assert_eq!(program.json(program.send(&unchecked, me))["role"], "admin");
    let checked = program.router(Access::default());
    assert_eq!(program.send(&checked, without_host()).status(), StatusCode::BAD_REQUEST);
    let named = program.router(Access::default().allow_host("owl.example").unwrap());
    let by_target = || Request::get("http://owl.example/api/v1/me").body(Body::empty()).unwrap();
    assert_eq!(program.send(&named, by_target()).status(), StatusCode::OK, "the host of HTTP/2");
    assert_eq!(program.send(&checked, by_target()).status(), StatusCode::FORBIDDEN);
}

#[test]
fn the_proxy_header_counts_only_from_its_address() {
    let program = Embedding::new();
    let from = ["2001:db8::/32".to_owned(), "10.0.0.1".to_owned()];
    let router = program.router(anna().proxy(&from, Some("X-User")).unwrap());
    let status = |peer: Option<&str>| {
        let mut request = Request::get("/api/v1/me").header("host", "localhost").header("x-user", "anna");
        if let Some(peer) = peer {
            request = request.extension(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        }
        program.send(&router, request.body(Body::empty()).unwrap()).status()
    };
    assert_eq!(status(Some("[2001:db8::7]:1234")), StatusCode::OK);
    assert_eq!(status(Some("[::ffff:10.0.0.1]:1234")), StatusCode::OK);
    assert_eq!(status(Some("10.0.0.2:1234")), StatusCode::UNAUTHORIZED);
    assert_eq!(status(None), StatusCode::UNAUTHORIZED);
}

#[test]
fn dns_rebinding_cannot_use_the_proxy_header() {
    let program = Embedding::new();
    let from = ["127.0.0.1".to_owned()];
    let digest = Digest::of("secret").to_string();
    let access = || anna().proxy(&from, Some("X-User")).unwrap().token("home", &digest, Grant::default()).unwrap();
    let send = |access: Access, host: &str, (name, value): (&str, &str)| {
        let peer = ConnectInfo::<SocketAddr>("127.0.0.1:1234".parse().unwrap());
        let request = Request::get("/api/v1/me").header("host", host).header(name, value).extension(peer);
        program.send(&program.router(access), request.body(Body::empty()).unwrap())
    };
    let by_proxy = ("x-user", "anna");
    let named = || access().allow_host("owl.example").unwrap();
    for ours in ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"] {
        assert_eq!(send(access(), ours, by_proxy).status(), StatusCode::OK, "{ours}");
    }
    assert_eq!(send(named(), "owl.example", by_proxy).status(), StatusCode::OK);
    for access in [access(), named()] {
        let refused = send(access.clone(), "evil.example:8000", by_proxy);
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(
            program.json(refused)["detail"].as_str().unwrap().contains("--allow-host"),
            "the message names the option"
        );
        let by_token = send(access, "evil.example:8000", ("authorization", "Bearer secret"));
        assert_eq!(by_token.status(), StatusCode::OK, "a foreign page does not have the token");
    }
}

#[test]
fn a_token_alone_requires_authentication() {
    let program = Embedding::new();
    let grant = || Grant { role: Role::Viewer, cameras: Some(["Camera1".parse().unwrap()].into()) };
    let router = program.router(Access::default().token("home", &Digest::of("secret").to_string(), grant()).unwrap());
    assert_eq!(program.send(&router, get("/api/v1/me")).status(), StatusCode::UNAUTHORIZED);
    assert_eq!(program.log_in(&router, "/login", "secret").0, StatusCode::UNAUTHORIZED, "no user is configured");
    let shown = Request::get("/api/v1/me").header("host", "x").header("authorization", "Bearer secret");
    let me = program.json(program.send(&router, shown.body(Body::empty()).unwrap()));
    assert_eq!((&me["name"], &me["cameras"]), (&json!("home"), &json!(["Camera1"])));
}

#[test]
fn responses_are_kept_out_of_shared_caches() {
    let caching = |value: Option<&'static str>| {
        let mut response = Response::new(Body::empty());
        if let Some(value) = value {
            response.headers_mut().insert(header::CACHE_CONTROL, value.parse().unwrap());
        }
        let response = make_private(&anna(), response);
        response.headers()[header::CACHE_CONTROL].to_str().unwrap().to_owned()
    };
    assert_eq!(caching(None), "private, no-cache");
    assert_eq!(caching(Some("no-cache")), "private, no-cache");
    assert_eq!(caching(Some("public, max-age=31536000, immutable")), "private, max-age=31536000, immutable");
    assert_eq!(caching(Some("max-age=60")), "private, max-age=60");
    assert_eq!(caching(Some("private, max-age=60")), "private, max-age=60");
    assert_eq!(caching(Some("no-store")), "no-store");
}

#[test]
fn a_stream_ends_with_its_session() {
    let program = Embedding::new();
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<&str>();
    let receiver = Arc::new(std::sync::Mutex::new(Some(receiver)));
    let stream = async move || {
        let receiver = receiver.lock().unwrap().take().unwrap();
        let next = async |mut receiver: tokio::sync::mpsc::UnboundedReceiver<_>| {
            receiver.recv().await.map(|text| (Ok::<_, std::convert::Infallible>(text), receiver))
        };
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(futures_util::stream::unfold(receiver, next)))
    };
    let auth = program.auth();
    let layer = async |State(auth): State<Arc<Auth>>, request: Request<Body>, next: Next| {
        authenticate(&auth, request, |request| next.run(request)).await
    };
    let layer = middleware::from_fn_with_state(Arc::clone(&auth), layer);
    let router = Router::new().route("/stream", get_route(stream)).layer(layer);
    let line = auth.access.user_named("anna").unwrap().line;
    let secret = auth.sessions.begin("anna", line, auth.handle.now()).unwrap();
    let response = program.send(&router, with_cookie("/stream", &format!("{SESSION_COOKIE}={secret}")));
    assert_eq!(response.status(), StatusCode::OK);
    let mut messages = response.into_body().into_data_stream();
    let mut next = || program.runtime.block_on(messages.next()).map(|message| message.unwrap());
    sender.send("data: 1").unwrap();
    assert_eq!(next().as_deref(), Some(&b"data: 1"[..]));
    assert!(auth.sessions.end(&secret));
    sender.send("data: 2").unwrap();
    assert_eq!(next(), None, "the session has ended");
}

#[test]
fn streams_by_proxy_end_after_15_minutes() {
    let program = Embedding::new();
    let auth = program.auth();
    let holds = |method, minutes| is_still_authenticated(&auth, method, Duration::from_mins(minutes));
    assert!(holds(AuthMethod::Proxy, 14) && !holds(AuthMethod::Proxy, 15));
    assert!(holds(AuthMethod::Token, 1_000_000) && holds(AuthMethod::NotRequired, 1_000_000));
}
