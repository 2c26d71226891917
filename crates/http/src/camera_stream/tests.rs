//! Live pictures of a fake server of streams, through the handlers, with short times.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{HttpBody, to_bytes};
use axum::http::Request;
use axum::routing::get;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::settings::{MAX_CLIENTS, Settings};
use super::*;
use crate::auth::{Account, AccountKind, Role};
use crate::engine::{Archive, Options, Service};

/// The longest wait.
const PATIENCE: Duration = Duration::from_secs(60);
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=BoundaryString\r\n\r\n";

/// What the fake server does on a connection.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Sends pictures, `\xff\xd8` and a number, every few milliseconds: so many, or for ever.
    Stream(usize),
    /// The same with pictures of this many bytes.
    Large(usize),
    Send(&'static str),
    /// Sends nothing more.
    Hang,
    /// Asks for a login by `Digest` or `Basic`, and streams once there is one.
    Login(&'static str),
}

/// A fake of Motion's stream server: connection number N does the act number N, further ones the last.
struct Fake {
    address: String,
    open: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Fake {
    async fn start(acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (open, heads) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (acts, is_open, all) = (acts.to_vec(), Arc::clone(&open), Arc::clone(&heads));
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (acts, open, heads) = (acts.clone(), Arc::clone(&is_open), Arc::clone(&all));
                open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let head = read_head(&mut stream).await;
                    let number = {
                        let mut heads = heads.lock().unwrap();
                        heads.push(head.clone());
                        heads.len() - 1
                    };
                    let act = acts.get(number).or(acts.last()).copied().unwrap();
                    let _ = serve(&mut stream, act, &head).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, open, heads, task }
    }

    fn requests(&self) -> usize {
        self.heads.lock().unwrap().len()
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn serve(stream: &mut TcpStream, act: Act, head: &str) -> std::io::Result<()> {
    match act {
        Act::Stream(count) => pictures(stream, count, 0).await,
        Act::Large(bytes) => pictures(stream, usize::MAX, bytes).await,
        Act::Send(text) => stream.write_all(text.as_bytes()).await,
        Act::Hang => until_closed(stream).await,
        Act::Login(scheme) => {
            let has = |text: &str| head.to_ascii_lowercase().contains(text);
            let is_right = match scheme {
                "Basic" => head.contains("Basic YW5uYTpnZWhlaW0="),
                _ => has("authorization: digest username=\"anna\"") && has("uri=\"/\"") && has("response="),
            };
            if is_right {
                return pictures(stream, usize::MAX, 0).await;
            }
            let asks = format!("WWW-Authenticate: {scheme} realm=\"Motion\", nonce=\"1\", qop=\"auth\"\r\n");
            let text = format!("HTTP/1.1 401 No\r\n{asks}Connection: close\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(text.as_bytes()).await
        }
    }
}

/// Sends pictures until there are enough, or the connection is closed.
async fn pictures(stream: &mut TcpStream, count: usize, padding: usize) -> std::io::Result<()> {
    stream.write_all(HEAD.as_bytes()).await?;
    for number in 0..count {
        let picture = [b"\xff\xd8".as_slice(), format!("{number:08}").as_bytes(), &vec![b'x'; padding]].concat();
        let head =
            format!("--BoundaryString\r\nContent-type: image/jpeg\r\nContent-Length: {:9}\r\n\r\n", picture.len());
        stream.write_all(&[head.as_bytes(), &picture, b"\r\n"].concat()).await?;
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

async fn until_closed(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

/// A service whose Camera1 has a stream at `address`, and Camera2 none.
struct World {
    service: Option<Service>,
    streams: Arc<CameraStreams>,
    _folder: TempDir,
}

fn short() -> Settings {
    Settings {
        connect_limit: Duration::from_millis(500),
        picture_limit: Duration::from_secs(2),
        retry_for: Duration::from_millis(300),
        retry_pause: Duration::from_millis(20),
        first_limit: Duration::from_secs(5),
        still_limit: Duration::from_secs(5),
        check_interval: Duration::from_millis(10),
        linger: Duration::from_millis(100),
        ..Settings::default()
    }
}

impl World {
    fn new(place: &str, settings: Settings) -> Self {
        let folder = tempfile::Builder::new().prefix("owlery-pictures-").tempdir().unwrap();
        for camera in ["Camera1", "Camera2"] {
            std::fs::create_dir_all(folder.path().join(camera).join("2026-11-10/10-00-00")).unwrap();
        }
        let live = [("Camera1".parse().unwrap(), format!("http://{place}/").parse().unwrap())].into();
        let service = Archive::open(Options::new(folder.path()).live(live)).unwrap().start().unwrap();
        assert!(service.wait_ready(PATIENCE));
        let streams = CameraStreams::with(Arc::clone(service.handle()), settings);
        Self { service: Some(service), streams, _folder: folder }
    }

    /// Requests a path for an admin, or for a user with the role of a viewer.
    async fn get(&self, path: &str, role: Role, disconnect: &CancellationToken) -> Response {
        let account = Account { name: "anna".to_owned(), kind: AccountKind::User, role, cameras: None };
        let router = Router::new()
            .route("/live/{camera}", get(live_pictures))
            .route("/live/{camera}/still.jpg", get(live_still))
            .layer((Extension(Viewer::new(Arc::new(account))), Extension(Disconnect::new(disconnect.clone()))))
            .with_state(Arc::clone(&self.streams));
        router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn watch(&self) -> Watcher {
        let closer = CancellationToken::new();
        let response = self.get("/live/Camera1", Role::Admin, &closer).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "multipart/x-mixed-replace; boundary=owlery");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        Watcher { body: response.into_body(), closer }
    }

    /// The status and the detail of a refused request.
    async fn refused(&self, role: Role) -> (u16, String) {
        let response = self.get("/live/Camera1", role, &CancellationToken::new()).await;
        let status = response.status().as_u16();
        assert_eq!(response.headers().contains_key(header::RETRY_AFTER), status == 503);
        let text = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(problem["status"], status, "{problem}");
        (status, problem["detail"].as_str().unwrap().to_owned())
    }
}

/// A client of the stream.
struct Watcher {
    body: Body,
    closer: CancellationToken,
}

impl Watcher {
    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Option<Bytes> {
        let body = &mut self.body;
        let frame = std::future::poll_fn(|context| std::pin::Pin::new(&mut *body).poll_frame(context));
        let frame = timeout(PATIENCE, frame).await.expect("it takes too long");
        frame.map(|frame| frame.unwrap().into_data().unwrap())
    }

    /// The number of the next picture; `None` at the end.
    async fn number(&mut self) -> Option<usize> {
        let mut piece = self.piece().await?;
        if piece == "--owlery\r\n" {
            piece = self.piece().await?;
        }
        let text = String::from_utf8_lossy(&piece).into_owned();
        let (head, rest) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("Content-Type: image/jpeg\r\nContent-Length: "), "{head}");
        assert!(rest.ends_with("\r\n--owlery\r\n"), "a browser shows a picture when it sees the boundary");
        Some(rest.chars().skip(2).take(8).collect::<String>().parse().unwrap())
    }
}

async fn wait_until(what: &str, check: impl Fn() -> bool) {
    let begun = Instant::now();
    while !check() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// All clients share one connection, which is closed soon after the last has left.
#[tokio::test]
async fn a_stream_is_read_once_for_all() {
    let fake = Fake::start(&[Act::Stream(usize::MAX)]).await;
    let world = World::new(&fake.address, short());
    let mut watchers = Vec::new();
    for _ in 0..5 {
        watchers.push(world.watch().await);
    }
    for watcher in &mut watchers {
        let first = watcher.number().await.unwrap();
        assert!(watcher.number().await.unwrap() > first);
    }
    let still = world.get("/live/Camera1/still.jpg", Role::Viewer, &CancellationToken::new()).await;
    assert_eq!(
        (still.status(), &still.headers()[header::CONTENT_TYPE]),
        (StatusCode::OK, &"image/jpeg".parse().unwrap())
    );
    assert_eq!(still.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(to_bytes(still.into_body(), 100).await.unwrap().len(), 10);
    assert_eq!((fake.requests(), fake.open()), (1, 1));
    drop(watchers.pop());
    assert!(watchers[0].number().await.is_some());
    drop(watchers);
    wait_until("the connection is closed", || fake.open() == 0 && world.streams.running() == 0).await;
    let still = world.get("/live/Camera1/still.jpg", Role::Viewer, &CancellationToken::new()).await;
    assert_eq!((still.status(), fake.requests()), (StatusCode::OK, 2), "it is read again for a single picture");
}

/// A client that reads nothing holds up no other, and skips pictures.
#[tokio::test]
async fn slow_clients_skip_pictures() {
    let fake = Fake::start(&[Act::Stream(usize::MAX)]).await;
    let world = World::new(&fake.address, short());
    let (mut slow, mut fast) = (world.watch().await, world.watch().await);
    let first = slow.number().await.unwrap();
    let mut last = fast.number().await.unwrap();
    for _ in 0..20 {
        let next = fast.number().await.unwrap();
        assert!(next > last);
        last = next;
    }
    assert!(slow.number().await.unwrap() >= last && last >= first + 20, "it gets the newest");
    assert!(!slow.closer.is_cancelled());
}

/// Found by review: the body of a client that does not read is never polled, so it cannot end by itself.
#[tokio::test]
async fn clients_that_read_nothing_are_closed() {
    let fake = Fake::start(&[Act::Stream(usize::MAX)]).await;
    let world = World::new(&fake.address, Settings { stall_timeout: Duration::from_millis(60), ..short() });
    let (mut stalled, mut other) = (world.watch().await, world.watch().await);
    stalled.number().await.unwrap();
    while !stalled.closer.is_cancelled() {
        other.number().await.unwrap();
    }
    assert_eq!(stalled.number().await, None);
    assert!(!other.closer.is_cancelled() && other.number().await.is_some());
}

/// Motion restarts: the pictures go on for the same clients.
#[tokio::test]
async fn pictures_go_on_after_a_restart() {
    let fake = Fake::start(&[
        Act::Stream(3),
        Act::Send("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"),
        Act::Stream(usize::MAX),
    ])
    .await;
    let world = World::new(&fake.address, short());
    let mut watcher = world.watch().await;
    let mut last = 0;
    loop {
        let number = watcher.number().await.expect("the stream goes on");
        if number < last || number > 3 {
            break;
        }
        last = number;
    }
    assert_eq!((fake.requests(), fake.open()), (3, 1));
}

/// A stream that is lost for long ends for its clients; a later one is read again.
#[tokio::test]
async fn lost_streams_end_after_some_attempts() {
    let none = Act::Send("HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n");
    let mut acts = vec![Act::Stream(2)];
    acts.extend([none; 100]);
    let fake = Fake::start(&acts).await;
    let world = World::new(&fake.address, short());
    let mut watcher = world.watch().await;
    while watcher.number().await.is_some() {}
    assert!(fake.requests() > 3, "{} attempts", fake.requests());
    wait_until("the task ends", || world.streams.running() == 0).await;
    let (status, detail) = world.refused(Role::Admin).await;
    assert!(status == 502 && detail.contains("status 404"), "{detail}");
}

/// What is no stream is a problem that names the cause; only admins get the address, and nobody the login.
#[tokio::test]
async fn failures_are_problems() {
    let html = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let open =
        "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n--b\r\n\r\n<html>\r\n--b\r\n";
    for (act, status, parts) in [
        (Act::Send(html), 502, ["is no stream of pictures", "its Content-Type is text/html"]),
        (Act::Send(moved), 502, ["is no stream of pictures", "it redirects"]),
        (Act::Send("\x16\x03\x01 TLS"), 502, ["is no stream of pictures", "plain HTTP"]),
        (Act::Send(open), 502, ["cannot be read", "something else than JPEG"]),
        (Act::Send(HEAD), 503, ["cannot be reached", "closed the stream"]),
        (Act::Send(""), 503, ["cannot be reached", ""]),
        (Act::Hang, 503, ["sends no picture", "none in 0.5 s"]),
        (Act::Login("Bearer"), 502, ["wants a login", "USER:PASSWORD@"]),
    ] {
        let fake = Fake::start(&[act]).await;
        let world = World::new(&format!("anna:geheim@{}", fake.address), short());
        let (found, detail) = world.refused(Role::Admin).await;
        assert_eq!(found, status, "{act:?}: {detail}");
        assert!(
            detail.starts_with("the live stream of Camera1 ") && detail.contains(&fake.address),
            "{act:?}: {detail}"
        );
        assert!(parts.iter().all(|part| detail.contains(part)) && !detail.contains("geheim"), "{act:?}: {detail}");
        wait_until("the task ends", || world.streams.running() == 0).await;
        let (found, detail) = world.refused(Role::Viewer).await;
        assert_eq!(found, status, "{act:?}: {detail}");
        assert!(detail.contains(parts[0]) && !detail.contains("127.0.0.1"), "{act:?}: {detail}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let (status, detail) = World::new(&closed, short()).refused(Role::Admin).await;
    assert!(status == 503 && detail.contains("onnection refused"), "{detail}");
}

#[tokio::test]
async fn logins_are_sent_when_asked_for() {
    for scheme in ["Basic", "Digest"] {
        let fake = Fake::start(&[Act::Login(scheme)]).await;
        let world = World::new(&format!("anna:geheim@{}", fake.address), short());
        assert!(world.watch().await.number().await.is_some(), "{scheme}");
        let heads = fake.heads.lock().unwrap().clone();
        assert!(heads.len() == 2 && !heads[0].to_ascii_lowercase().contains("authorization"), "{heads:?}");
    }
}

/// Motion locks out an address after a few wrong logins.
#[tokio::test]
async fn refused_logins_are_not_repeated() {
    let fake = Fake::start(&[Act::Login("Basic")]).await;
    let world = World::new(&format!("anna:wrong@{}", fake.address), short());
    for _ in 0..3 {
        let (status, detail) = world.refused(Role::Admin).await;
        assert!(
            status == 502 && detail.contains("refuses the configured login") && !detail.contains("wrong"),
            "{detail}"
        );
        wait_until("the task ends", || world.streams.running() == 0).await;
    }
    assert_eq!(fake.requests(), 2, "one without a login, and one with it");
}

#[tokio::test]
async fn clients_are_limited() {
    let fake = Fake::start(&[Act::Stream(usize::MAX)]).await;
    let world = World::new(&fake.address, short());
    let mut watchers = Vec::new();
    for _ in 0..MAX_CLIENTS {
        watchers.push(world.watch().await);
    }
    let (status, detail) = world.refused(Role::Viewer).await;
    assert!(status == 503 && detail.contains("too many clients"), "{detail}");
    let still = world.get("/live/Camera1/still.jpg", Role::Viewer, &CancellationToken::new()).await;
    assert_eq!(still.status(), StatusCode::OK, "a single picture is still to be had");
    watchers.pop();
    world.watch().await;
}

/// Streams end with the service, also those that wait for a picture.
#[tokio::test]
async fn streams_end_with_the_service() {
    let fake = Fake::start(&[Act::Stream(usize::MAX)]).await;
    let mut world = World::new(&fake.address, short());
    let mut watcher = world.watch().await;
    let service = world.service.take().unwrap();
    tokio::task::spawn_blocking(move || service.shutdown().unwrap()).await.unwrap();
    while watcher.number().await.is_some() {}
    wait_until("the connection is closed", || fake.open() == 0).await;
}

#[tokio::test]
async fn other_cameras_have_no_stream() {
    let fake = Fake::start(&[Act::Hang]).await;
    let world = World::new(&fake.address, short());
    for (camera, status) in [("Camera2", 503), ("Camera3", 404), ("..", 404), ("%ff", 404)] {
        for path in [format!("/live/{camera}"), format!("/live/{camera}/still.jpg")] {
            let response = world.get(&path, Role::Admin, &CancellationToken::new()).await;
            assert_eq!(response.status(), status, "{path}");
            let text = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            let text = String::from_utf8(text.to_vec()).unwrap();
            assert_eq!(text.contains("--live 'Camera2=http://HOST:PORT/'"), status == 503, "{text}");
        }
    }
    assert_eq!(fake.requests(), 0);
}

/// A camera with large pictures, and a client that does not take them: only the newest is in memory.
#[tokio::test]
async fn pictures_do_not_queue() {
    let fake = Fake::start(&[Act::Large(1 << 20)]).await;
    let world = World::new(&fake.address, short());
    let (mut slow, mut fast) = (world.watch().await, world.watch().await);
    let first = slow.number().await.unwrap();
    while fast.number().await.unwrap() < first + 10 {}
    assert!(slow.number().await.unwrap() >= first + 10);
}
