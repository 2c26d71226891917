//! The stream of an archive in a temporary directory, through the router, for users with different cameras and with short timeouts.

use std::fs;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::FromRef;
use axum::http::Request;
use axum::routing::get;
use tempfile::TempDir;
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

use super::log::Bounds;
use super::*;
use crate::auth::{Access, Account, AccountKind, Auth, Role};
use crate::engine::{Archive, Options, Query, Service};
use crate::event::EventId;

/// The longest wait for a message.
const PATIENCE: Duration = Duration::from_secs(60);

/// The state of the stream's handler.
#[derive(Clone)]
struct StreamState {
    live: Arc<Live>,
    auth: Arc<Auth>,
}

impl FromRef<StreamState> for Arc<Live> {
    fn from_ref(state: &StreamState) -> Self {
        Arc::clone(&state.live)
    }
}

impl FromRef<StreamState> for Arc<Auth> {
    fn from_ref(state: &StreamState) -> Self {
        Arc::clone(&state.auth)
    }
}

/// A running service, with one event of each of two cameras.
struct World {
    service: Option<Service>,
    state: StreamState,
    _folder: TempDir,
}

const ONE: &str = "Camera1/2026-11-10/10-00-00";
const TWO: &str = "Camera2/2026-11-10/10-00-00";

impl World {
    fn new(settings: Settings) -> Self {
        let folder = tempfile::Builder::new().prefix("owlery-live-").tempdir().unwrap();
        for id in [ONE, TWO] {
            fs::create_dir_all(folder.path().join(id)).unwrap();
            fs::write(folder.path().join(id).join("10-00-00-00.jpg"), "x").unwrap();
            for written in [folder.path().join(id).join("10-00-00-00.jpg"), folder.path().join(id)] {
                let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 56); // nothing is open
                fs::File::open(written).unwrap().set_modified(long_ago).unwrap();
            }
        }
        let service = Archive::open(Options::new(folder.path())).unwrap().start().unwrap();
        assert!(service.wait_ready(PATIENCE));
        // Measuring would send notifications as well.
        let is_measured =
            || service.events(&Query::new()).unwrap().events.iter().all(|event| event.details.bytes.is_some());
        let begun = Instant::now();
        while !is_measured() {
            assert!(begun.elapsed() < PATIENCE, "it is not measured");
            std::thread::yield_now();
        }
        let live = Live::with(Arc::clone(service.handle()), settings);
        let auth = Auth::new(Arc::clone(service.handle()), service.state_dir(), Access::default(), String::new());
        let state = StreamState { live, auth: Arc::new(auth) };
        Self { service: Some(service), state, _folder: folder }
    }

    fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    /// Causes one notification: saves or unsaves an event.
    fn save(&self, id: &str, is_saved: bool) {
        let id: EventId = id.parse().unwrap();
        self.service().set_saved(&id, is_saved).unwrap();
    }

    /// Waits until the encoder has checked its clients some more times.
    async fn checks_clients(&self) {
        let checks = || self.state.live.runs.checks.load(Ordering::Relaxed);
        let enough = checks() + 5;
        wait_until("the encoder checks its clients", || checks() >= enough).await;
    }

    /// Requests the stream for a user with these cameras; without any, for all cameras.
    async fn request(&self, viewer: &[&str], query: &str, last: Option<&str>) -> Response {
        let cameras = viewer.iter().map(|name| name.parse().unwrap()).collect();
        let cameras = (!viewer.is_empty()).then_some(cameras);
        let account =
            Arc::new(Account { name: "anna".to_owned(), kind: AccountKind::User, role: Role::Viewer, cameras });
        let mut request = Request::get(format!("/stream{query}")).extension(Viewer::new(account));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let router = Router::new().route("/stream", get(stream)).with_state(self.state.clone());
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The same for an unrestricted user of a router that is mounted below a path.
    async fn listen_below(&self, prefix: &str, last: Option<&str>) -> Listener {
        let router = Router::new().route("/stream", get(stream)).layer(Extension(Viewer::unrestricted()));
        let router = Router::new().nest("/below", router.clone()).nest("/other", router).with_state(self.state.clone());
        let request = Request::get(format!("{prefix}/stream")).header("Last-Event-ID", last.unwrap_or_default());
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Listener { body: response.into_body(), text: String::new() }
    }

    /// The same, for reading.
    async fn listen(&self, viewer: &[&str], query: &str, last: Option<&str>) -> Listener {
        let response = self.request(viewer, query, last).await;
        assert_eq!(response.status(), StatusCode::OK);
        Listener { body: response.into_body(), text: String::new() }
    }
}

/// Waits until `check` is true, and lets the others on this thread work meanwhile.
async fn wait_until(what: &str, check: impl Fn() -> bool) {
    let waits = async {
        while !check() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waits).await.expect(what);
}

/// A client of the stream.
struct Listener {
    body: Body,
    text: String,
}

impl Listener {
    /// The next block of lines; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = timeout(PATIENCE, self.chunk()).await.expect("something to read")?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn chunk(&mut self) -> Option<Bytes> {
        let mut body = std::pin::Pin::new(&mut self.body);
        let frame = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await?;
        Some(frame.unwrap().into_data().unwrap())
    }

    /// The next message (past comments and what only sets the id): its id, its name and its data.
    async fn message(&mut self) -> Option<(String, String, serde_json::Value)> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            if let (Some(id), Some(event), Some(data)) = (field("id"), field("event"), field("data")) {
                return Some((id.to_owned(), event.to_owned(), serde_json::from_str(data).unwrap()));
            }
        }
    }

    /// The next message's id and name.
    async fn name(&mut self) -> (String, String) {
        let (id, name, _) = self.message().await.expect("a message");
        (id, name)
    }
}

fn quick() -> Settings {
    Settings { check_interval: Duration::from_millis(20), ..Settings::default() }
}

#[tokio::test]
async fn clients_resume_or_get_a_reset() {
    let world = World::new(Settings { bounds: Bounds { messages: 5, bytes: 1 << 20 }, ..quick() });
    let mut always = world.listen(&[], "", None).await;
    let greeting = always.block().await.unwrap();
    let first = greeting.strip_prefix("retry: 2000\nid: ").expect("the present id").to_owned();
    let mut ids = vec![first];
    for n in 0..8 {
        world.save(ONE, n % 2 == 0);
        let (id, name, data) = always.message().await.unwrap();
        assert_eq!((name.as_str(), &data["saved"], &data["id"]), ("event-changed", &(n % 2 == 0).into(), &ONE.into()));
        ids.push(id);
    }
    for (missed, last) in ids.iter().rev().enumerate() {
        let mut back = world.listen(&[], "", Some(last)).await;
        if missed > 5 {
            assert_eq!(back.name().await, (ids[8].clone(), "reset".to_owned()), "{missed} were missed");
        }
        for id in &ids[9 - missed.min(if missed > 5 { 0 } else { 5 })..] {
            assert_eq!(back.name().await, (id.clone(), "event-changed".to_owned()), "{missed} were missed");
        }
    }
    for unknown in ["", "x", "-1", "0-0", &format!("{}0", ids[8]), &format!("0{}", ids[8]), &format!("{}x", ids[8])] {
        let mut back = world.listen(&[], "", Some(unknown)).await;
        let block = back.block().await.unwrap();
        let is_reset = block == format!("retry: 2000\nid: {}\nevent: reset\ndata: {{}}", ids[8]);
        assert_eq!(is_reset, !unknown.is_empty(), "{unknown:?}: {block}");
    }
}

#[tokio::test]
async fn streams_have_only_visible_cameras() {
    let mut world = World::new(quick());
    let mut limited = world.listen(&["Camera1"], "", None).await;
    let mut asking = world.listen(&["Camera1"], "?camera=Camera2&camera=Camera3", None).await;
    let mut filtered = world.listen(&[], "?camera=Camera2", None).await;
    let mut all = world.listen(&[], "", None).await;
    world.save(TWO, true);
    world.save(TWO, false);
    world.save(ONE, true);
    world.save(ONE, false);
    let ids: [EventId; 2] = [ONE.parse().unwrap(), TWO.parse().unwrap()];
    let two = world.service().delete(&ids[1..]).unwrap();
    let both = world.service().delete(&ids[..1]).unwrap();
    assert!(two.failures.is_empty() && both.failures.is_empty());
    world.service().restore(two.pass.as_deref().unwrap()).unwrap();
    world.service().restore(both.pass.as_deref().unwrap()).unwrap();
    world.service.take().unwrap().shutdown().unwrap(); // which ends the streams

    let mut seen = Vec::new();
    for listener in [&mut limited, &mut asking, &mut filtered, &mut all] {
        let mut messages = Vec::new();
        while let Some((_, name, data)) = listener.message().await {
            let of = if name == "pass" { &data["items"][0]["camera"] } else { &data["id"] };
            messages.push(format!("{name} {} {}", of.as_str().unwrap(), data["what"].as_str().unwrap_or_default()));
        }
        seen.push(messages);
    }
    let of = |camera: &str| -> Vec<String> {
        let id = if camera == "Camera1" { ONE } else { TWO };
        let event = ["changed", "changed", "removed"].map(|what| format!("event-{what} {id} "));
        let pass = |what| format!("pass {camera} {what}");
        event.into_iter().chain([pass("retired"), format!("event-added {id} "), pass("restored")]).collect()
    };
    assert_eq!(seen[0], of("Camera1"));
    assert_eq!(seen[1], [""; 0], "invisible cameras have no messages");
    assert_eq!(seen[2], of("Camera2"));
    assert_eq!(seen[3].len(), 12);
}

#[tokio::test]
async fn heartbeats_are_sent() {
    let world = World::new(Settings { heartbeat: Duration::from_millis(30), ..quick() });
    let mut listener = world.listen(&["Camera1"], "", None).await;
    assert!(listener.block().await.unwrap().starts_with("retry: 2000\nid: "));
    for _ in 0..3 {
        assert_eq!(listener.block().await.unwrap(), ":");
    }
    world.save(TWO, true);
    world.save(ONE, true);
    let message = loop {
        let block = listener.block().await.unwrap();
        if block != ":" {
            break block;
        }
    };
    assert!(message.contains("event: event-changed\ndata: {\"id\":\"Camera1/"), "{message}");
}

#[tokio::test]
async fn clients_are_limited() {
    let world = World::new(Settings { max_clients: 2, ..quick() });
    let (first, second) = (world.listen(&[], "", None).await, world.listen(&[], "", None).await);
    assert_eq!(world.state.live.clients(), 2);
    let refused = world.request(&[], "", None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "10");
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    drop(first);
    let third = world.listen(&[], "", None).await;
    drop((second, third));
    assert_eq!(world.state.live.clients(), 0);
}

#[tokio::test]
async fn a_run_lingers_after_its_last_client() {
    let follows = |world: &World| !world.state.live.runs.lock().is_empty();
    let world = World::new(quick());
    assert!(!follows(&world), "no client yet");
    let mut listener = world.listen(&[], "", None).await;
    world.save(ONE, true);
    let (last, _) = listener.name().await;
    drop(listener);
    world.save(ONE, false);
    world.checks_clients().await;
    assert_eq!(world.listen(&[], "", Some(&last)).await.name().await.1, "event-changed", "no message is missing");

    let world = World::new(Settings { linger: Duration::from_millis(1), ..quick() });
    let mut listener = world.listen(&[], "", None).await;
    world.save(ONE, true);
    let (last, _) = listener.name().await;
    world.checks_clients().await;
    assert!(follows(&world), "there is a client");
    drop(listener);
    wait_until("it ends", || !follows(&world)).await;
    world.save(ONE, false); // without a run, no message records this
    let (present, name) = world.listen(&[], "", Some(&last)).await.name().await;
    assert_eq!(name, "reset");
    assert_ne!(present.split('-').next(), last.split('-').next(), "a new run has new ids");
}

#[test]
fn a_dropped_runtime_ends_only_its_clients() {
    let world = World::new(quick());
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let mut listener = first.block_on(world.listen(&[], "", None));
    first.block_on(listener.block()).unwrap();
    drop(first);
    runtime().block_on(async {
        assert_eq!(listener.chunk().await, None, "its clients get the end");
        let mut listener = world.listen(&[], "", None).await;
        world.save(ONE, true);
        assert_eq!(listener.name().await.1, "event-changed");
    });
}

/// A connection of a server, over a small pipe.
#[tokio::test]
async fn stalled_clients_are_disconnected() {
    use hyper_util::rt::TokioIo;
    use hyper_util::service::TowerToHyperService;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_util::sync::CancellationToken;

    let world = World::new(Settings { stall_timeout: Duration::from_millis(300), ..quick() });
    let (mut client, server) = tokio::io::duplex(1024);
    let token = CancellationToken::new();
    let extensions = (Extension(Disconnect::new(token.clone())), Extension(Viewer::unrestricted()));
    let router = Router::new().route("/stream", get(stream)).layer(extensions).with_state(world.state.clone());
    let serving = tokio::spawn(async move {
        let mut builder = hyper::server::conn::http1::Builder::new();
        let connection =
            builder.max_buf_size(8192).serve_connection(TokioIo::new(server), TowerToHyperService::new(router));
        tokio::select! {
            _ = connection => panic!("the connection ended by itself"),
            () = token.cancelled() => {}
        }
    });
    client.write_all(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut head = [0; 12];
    client.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");

    let mut listener = world.listen(&[], "", None).await;
    assert_eq!(world.state.live.clients(), 2);
    let (mut sent, mut last) = (0, None);
    while !serving.is_finished() {
        world.save(ONE, sent % 2 == 0);
        sent += 1;
        let (id, name) = listener.name().await;
        assert_eq!(name, "event-changed");
        let number: u64 = id.rsplit_once('-').unwrap().1.parse().unwrap();
        assert_eq!(last.replace(number).unwrap_or(number - 1) + 1, number);
        assert!(sent < 10_000, "it is still connected");
    }
    serving.await.unwrap();
    assert_eq!(world.state.live.clients(), 1);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.ends_with(b"0\r\n\r\n"), "the response was aborted");
}

#[tokio::test]
async fn streamed_urls_begin_with_the_mount() {
    let world = World::new(quick());
    let mut listeners = vec![world.listen(&[], "", None).await];
    for prefix in ["/below", "/other", "/below"] {
        listeners.push(world.listen_below(prefix, None).await);
    }
    assert_eq!((world.state.live.clients(), world.state.live.runs.lock().len()), (4, 3));
    world.save(ONE, true);
    for (listener, prefix) in listeners.iter_mut().zip(["", "/below", "/other", "/below"]) {
        let (id, _, data) = listener.message().await.unwrap();
        assert_eq!(data["thumbnail"], format!("{prefix}/media/{ONE}/10-00-00-00.jpg"));
        let elsewhere = if prefix == "/below" { "/other" } else { "/below" };
        assert_eq!(world.listen_below(elsewhere, Some(&id)).await.name().await.1, "reset", "an id of {prefix:?}");
    }
}
