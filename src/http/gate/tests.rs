//! The router inside another program: mounted below a path, with a clock that is moved by hand, and with whatever the listener
//! tells of a connection.

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

use crate::clock::ManualClock;
use crate::http::secret::Digest;
use crate::http::web::Web;
use crate::http::{Access, Grant, Role, router_with};
use crate::service::{Archive, Options, Service};

/// The hash of the password, with as little work as is allowed.
const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$b3dscyBieSBkYXlsaWdodA$VRKIi/tHEwKsF6ERLz6x7s6WzzRnloh+oOSsB0mPeb4";
const PASSWORD: &str = "correct horse & battery = staple";

/// A program that has a service in it, whose clock stands.
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

    fn router(&self, access: Access) -> Router {
        router_with(&self.service, access)
    }

    fn ask(&self, router: &Router, request: Request<Body>) -> Response<Body> {
        self.runtime.block_on(router.clone().oneshot(request)).unwrap()
    }

    fn json(&self, response: Response<Body>) -> Value {
        let bytes = self.runtime.block_on(to_bytes(response.into_body(), 1 << 20)).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Signs Anna in with this password; answers the status and the cookie's attributes.
    fn log_in(&self, router: &Router, path: &str, password: &str) -> (StatusCode, Option<String>) {
        let body = json!({"name": "anna", "password": password}).to_string();
        let request = Request::post(path).header("host", "localhost").header("content-type", "application/json");
        let response = self.ask(router, request.body(body.into()).unwrap());
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
    let status = || program.ask(&router, with_cookie("/api/v1/me", &cookie)).status();
    assert_eq!(status(), StatusCode::OK);
    program.clock.set(noon() + TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(status(), StatusCode::OK);
    program.clock.set(noon() + TimeDelta::days(30));
    assert_eq!(status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn who_was_told_to_wait_may_try_again_when_the_time_is_over() {
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
fn below_a_path_of_another_router_everything_leads_below_it() {
    let program = Embedding::new();
    let router = Router::new().nest("/motion/owlery", program.router(anna()));
    let (status, cookie) = program.log_in(&router, "/motion/owlery/login", PASSWORD);
    let cookie = cookie.unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(cookie.contains("; Path=/motion/owlery; "), "{cookie}");
    assert_eq!(program.ask(&router, with_cookie("/motion/owlery/api/v1/me", &cookie)).status(), StatusCode::OK);
    let page = program.ask(&router, get("/motion/owlery"));
    assert_eq!((page.status(), &page.headers()["location"]), (StatusCode::SEE_OTHER, &"owlery/login".parse().unwrap()));
    let alone = program.router(anna());
    assert_eq!(program.ask(&alone, get("/")).headers()["location"], "login");
}

#[test]
fn a_cookie_is_for_tls_alone_where_the_listener_says_that_it_is_tls() {
    let program = Embedding::new();
    let router = program.router(anna());
    let cookie = |tls| {
        let body = json!({"name": "anna", "password": PASSWORD}).to_string();
        let request = Request::post("/login").header("host", "localhost").header("content-type", "application/json");
        let mut request = request.body(Body::from(body)).unwrap();
        if tls {
            request.extensions_mut().insert(super::OverTls);
        }
        program.ask(&router, request).headers()["set-cookie"].to_str().unwrap().to_owned()
    };
    assert!(cookie(true).ends_with("; Secure"));
    assert!(!cookie(false).contains("Secure"));
}

#[test]
fn a_program_that_has_checked_everything_itself_can_say_so() {
    let program = Embedding::new();
    let without_host = || Request::post("/api/v1/me").header("origin", "null").body(Body::empty()).unwrap();
    let unchecked = program.router(Access::unchecked());
    assert_eq!(
        program.ask(&unchecked, without_host()).status(),
        StatusCode::METHOD_NOT_ALLOWED,
        "it came to the route"
    );
    let me = Request::get("/api/v1/me").body(Body::empty()).unwrap();
    assert_eq!(program.json(program.ask(&unchecked, me))["role"], "admin");
    let checked = program.router(Access::default());
    assert_eq!(program.ask(&checked, without_host()).status(), StatusCode::BAD_REQUEST);
    let named = program.router(Access::default().allow_host("owl.example").unwrap());
    let asked = || Request::get("http://owl.example/api/v1/me").body(Body::empty()).unwrap();
    assert_eq!(program.ask(&named, asked()).status(), StatusCode::OK, "as HTTP/2 tells the host");
    assert_eq!(program.ask(&checked, asked()).status(), StatusCode::FORBIDDEN);
}

#[test]
fn a_proxy_is_believed_by_the_address_of_its_connection_and_not_without_one() {
    let program = Embedding::new();
    let from = ["2001:db8::/32".to_owned(), "10.0.0.1".to_owned()];
    let router = program.router(anna().proxy(&from, Some("X-User")).unwrap());
    let status = |peer: Option<&str>| {
        let mut request = Request::get("/api/v1/me").header("host", "localhost").header("x-user", "anna");
        if let Some(peer) = peer {
            request = request.extension(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        }
        program.ask(&router, request.body(Body::empty()).unwrap()).status()
    };
    assert_eq!(status(Some("[2001:db8::7]:1234")), StatusCode::OK);
    assert_eq!(status(Some("[::ffff:10.0.0.1]:1234")), StatusCode::OK);
    assert_eq!(status(Some("10.0.0.2:1234")), StatusCode::UNAUTHORIZED);
    assert_eq!(status(None), StatusCode::UNAUTHORIZED);
}

#[test]
fn a_page_whose_name_leads_here_signs_nobody_in_by_the_proxy_s_header() {
    let program = Embedding::new();
    let from = ["127.0.0.1".to_owned()];
    let digest = Digest::of("secret").to_string();
    let access = || anna().proxy(&from, Some("X-User")).unwrap().token("home", &digest, Grant::default()).unwrap();
    let ask = |access: Access, host: &str, (name, value): (&str, &str)| {
        let peer = ConnectInfo::<SocketAddr>("127.0.0.1:1234".parse().unwrap());
        let request = Request::get("/api/v1/me").header("host", host).header(name, value).extension(peer);
        program.ask(&program.router(access), request.body(Body::empty()).unwrap())
    };
    let by_proxy = ("x-user", "anna");
    let named = || access().allow_host("owl.example").unwrap();
    for ours in ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"] {
        assert_eq!(ask(access(), ours, by_proxy).status(), StatusCode::OK, "{ours}");
    }
    assert_eq!(ask(named(), "owl.example", by_proxy).status(), StatusCode::OK);
    for access in [access(), named()] {
        let refused = ask(access.clone(), "evil.example:8000", by_proxy);
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(program.json(refused)["detail"].as_str().unwrap().contains("--allow-host"), "it says what to do");
        let by_token = ask(access, "evil.example:8000", ("authorization", "Bearer secret"));
        assert_eq!(by_token.status(), StatusCode::OK, "no page has a token that it was not given");
    }
}

#[test]
fn only_tokens_make_it_private_too() {
    let program = Embedding::new();
    let grant = || Grant { role: Role::Viewer, cameras: Some(["Camera1".parse().unwrap()].into()) };
    let router = program.router(Access::default().token("home", &Digest::of("secret").to_string(), grant()).unwrap());
    assert_eq!(program.ask(&router, get("/api/v1/me")).status(), StatusCode::UNAUTHORIZED);
    assert_eq!(program.log_in(&router, "/login", "secret").0, StatusCode::UNAUTHORIZED, "nobody has a password");
    let shown = Request::get("/api/v1/me").header("host", "x").header("authorization", "Bearer secret");
    let me = program.json(program.ask(&router, shown.body(Body::empty()).unwrap()));
    assert_eq!((&me["name"], &me["cameras"]), (&json!("home"), &json!(["Camera1"])));
}

#[test]
fn what_may_be_kept_is_kept_by_the_browser_alone() {
    let kept = |told: Option<&'static str>| {
        let mut response = Response::new(Body::empty());
        if let Some(told) = told {
            response.headers_mut().insert(header::CACHE_CONTROL, told.parse().unwrap());
        }
        let response = super::kept_private(&anna(), response);
        response.headers()[header::CACHE_CONTROL].to_str().unwrap().to_owned()
    };
    assert_eq!(kept(None), "private, no-cache");
    assert_eq!(kept(Some("no-cache")), "private, no-cache");
    assert_eq!(kept(Some("public, max-age=31536000, immutable")), "private, max-age=31536000, immutable");
    assert_eq!(kept(Some("max-age=60")), "private, max-age=60");
    assert_eq!(kept(Some("private, max-age=60")), "private, max-age=60");
    assert_eq!(kept(Some("no-store")), "no-store");
}

#[test]
fn a_stream_ends_with_the_session_that_asked_for_it() {
    let program = Embedding::new();
    let (say, heard) = tokio::sync::mpsc::unbounded_channel::<&str>();
    let heard = Arc::new(std::sync::Mutex::new(Some(heard)));
    let stream = async move || {
        let heard = heard.lock().unwrap().take().unwrap();
        let next = async |mut heard: tokio::sync::mpsc::UnboundedReceiver<_>| {
            heard.recv().await.map(|text| (Ok::<_, std::convert::Infallible>(text), heard))
        };
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(futures_util::stream::unfold(heard, next)))
    };
    let web = Web::new(Arc::clone(program.service.handle()), program.service.state_dir(), anna());
    let gate = async |State(web): State<Web>, request: Request<Body>, next: Next| {
        super::gate(&web, request, |request| next.run(request)).await
    };
    let gated = middleware::from_fn_with_state(web.clone(), gate);
    let router = Router::new().route("/stream", get_route(stream)).layer(gated);
    let secret = web.sessions.begin("anna", web.access.user_named("anna").unwrap().line, web.handle.now()).unwrap();
    let answer = program.ask(&router, with_cookie("/stream", &format!("{}={secret}", super::COOKIE)));
    assert_eq!(answer.status(), StatusCode::OK);
    let mut messages = answer.into_body().into_data_stream();
    let mut next = || program.runtime.block_on(messages.next()).map(|message| message.unwrap());
    say.send("data: 1").unwrap();
    assert_eq!(next().as_deref(), Some(&b"data: 1"[..]));
    assert!(web.sessions.end(&secret));
    say.send("data: 2").unwrap();
    assert_eq!(next(), None, "he has signed out");
}

#[test]
fn a_proxy_s_word_holds_for_a_quarter_of_an_hour_and_a_token_as_long_as_we_run() {
    let program = Embedding::new();
    let web = Web::new(Arc::clone(program.service.handle()), program.service.state_dir(), anna());
    let is_known = |known, minutes| super::is_still_known(&web, known, Duration::from_mins(minutes));
    assert!(is_known(super::Known::ByProxy, 14) && !is_known(super::Known::ByProxy, 15));
    assert!(is_known(super::Known::ByToken, 1_000_000) && is_known(super::Known::NotAsked, 1_000_000));
}
