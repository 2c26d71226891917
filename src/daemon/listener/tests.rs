//! What routes of other kinds than today's would see of the listener: endless answers, closers, who asks. Real sockets.

use std::convert::Infallible;
use std::net::Shutdown;

use axum::Extension;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::http::{Closer, OverTls};

/// More than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running listener.
struct Served {
    address: SocketAddr,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Served {
    async fn start(router: Router) -> Self {
        Self::start_with(router, None).await
    }

    async fn start_with(router: Router, tls: Option<Arc<Tls>>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (closing, closed) = watch::channel(false);
        let mut listener = Listener::new(socket, router, tls, Access::default(), Turns::here());
        listener.spans.drain = 2 * PATIENCE; // whatever ends before that has not waited for the drain's end
        let task = tokio::spawn(listener.serve(closed));
        Self { address, closing, task }
    }

    /// A connection on which a path was asked for, and the answer's head has come.
    async fn ask(&self, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, client.read_u8()).await.expect("a head in time").unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        client
    }
}

/// What comes until the other end closes, or breaks off.
async fn rest(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, client.read_to_end(&mut bytes)).await.expect("an end in time");
    bytes
}

/// A body that says nothing, for ever; dropping it drops the guard.
fn endless(guard: impl Send + 'static) -> Body {
    Body::from_stream(futures_util::stream::unfold(guard, |guard| async move {
        std::future::pending::<()>().await;
        Some((Ok::<_, Infallible>("never"), guard))
    }))
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}

fn events(guard: impl Send + 'static) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/event-stream")], endless(guard))
}

#[test]
fn an_event_stream_is_closed_as_soon_as_the_daemon_ends() {
    run(async {
        let served = Served::start(Router::new().route("/", get(|| async { events(()) }))).await;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(served.ask("/").await);
        }
        served.closing.send_replace(true);
        for client in &mut clients {
            rest(client).await;
        }
        timeout(PATIENCE, served.task).await.expect("nothing is left to wait for").unwrap();
    });
}

#[test]
fn whoever_follows_a_stream_and_leaves_is_noticed_while_nothing_happens() {
    run(async {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let served = Served::start(Router::new().route("/", get(move || async move { events(held) }))).await;
        let client = served.ask("/").await;
        let client = client.into_std().unwrap();
        assert!(Arc::strong_count(&alive) > 2, "the router holds one, the stream another");
        client.shutdown(Shutdown::Write).unwrap();
        timeout(PATIENCE, async {
            while Arc::strong_count(&alive) > 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("its stream is dropped");
    });
}

#[test]
fn a_handler_can_have_its_connection_closed() {
    run(async {
        let (tell, told) = watch::channel(None::<Closer>);
        let router = Router::new()
            .route(
                "/",
                get(async move |Extension(closer): Extension<Closer>| {
                    tell.send_replace(Some(closer));
                    endless(())
                }),
            )
            .route("/who", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()));
        let served = Served::start(router).await;
        let mut client = served.ask("/").await;
        let mut other = served.ask("/who").await;
        let expected = other.local_addr().unwrap().to_string();
        let mut who = vec![0; expected.len()];
        other.read_exact(&mut who).await.unwrap();
        assert_eq!(String::from_utf8(who).unwrap(), expected);

        told.borrow().as_ref().unwrap().close();
        rest(&mut client).await;
        other.write_all(b"GET /who HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        assert!(rest(&mut other).await.ends_with(expected.as_bytes()), "others stay");
    });
}

#[test]
fn a_handler_knows_whether_it_is_asked_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let router = || {
        let how = async |over: Option<Extension<OverTls>>| if over.is_some() { "over TLS" } else { "in the open" };
        Router::new().route("/", get(how))
    };
    run(async {
        let served = Served::start(router()).await;
        let mut client = served.ask("/").await;
        let mut how = [0; 11];
        client.read_exact(&mut how).await.unwrap();
        assert_eq!(&how, b"in the open");

        let tls = Tls::open(certificate, key).unwrap();
        let served = Served::start_with(router(), Some(Arc::new(tls))).await;
        let client = TcpStream::connect(served.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let mut client = connector.connect("localhost".try_into().unwrap(), client).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, client.read_to_end(&mut answer)).await.expect("an end in time").unwrap();
        assert!(answer.ends_with(b"over TLS"), "{}", String::from_utf8_lossy(&answer));
    });
}
