//! The listener with routers of its own and real sockets: endless responses, closers, the peer's address.

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
use crate::http::{Disconnect, OverTls};

/// A limit that no test reaches.
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
        let mut listener = Listener::new(socket, router, tls, Access::default(), RoundRobin::on_current());
        listener.timeouts.drain = 2 * PATIENCE; // nothing ends because of the drain
        let task = tokio::spawn(listener.serve(closed));
        Self { address, closing, task }
    }

    /// A connection with a request, whose response head has arrived.
    async fn request(&self, path: &str) -> TcpStream {
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

/// Reads until the end of the connection.
async fn rest(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, client.read_to_end(&mut bytes)).await.expect("an end in time");
    bytes
}

/// A body without data and without end; dropping it drops the guard.
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
fn event_streams_close_when_the_daemon_stops() {
    run(async {
        let served = Served::start(Router::new().route("/", get(|| async { events(()) }))).await;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(served.request("/").await);
        }
        served.closing.send_replace(true);
        for client in &mut clients {
            rest(client).await;
        }
        timeout(PATIENCE, served.task).await.expect("no connection is left").unwrap();
    });
}

#[test]
fn a_stream_ends_when_its_client_closes() {
    run(async {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let served = Served::start(Router::new().route("/", get(move || async move { events(held) }))).await;
        let client = served.request("/").await;
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
fn a_handler_can_close_its_connection() {
    run(async {
        let (sender, handler_closer) = watch::channel(None::<Disconnect>);
        let router = Router::new()
            .route(
                "/",
                get(async move |Extension(closer): Extension<Disconnect>| {
                    sender.send_replace(Some(closer));
                    endless(())
                }),
            )
            .route("/who", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()));
        let served = Served::start(router).await;
        let mut client = served.request("/").await;
        let mut other = served.request("/who").await;
        let expected = other.local_addr().unwrap().to_string();
        let mut who = vec![0; expected.len()];
        other.read_exact(&mut who).await.unwrap();
        assert_eq!(String::from_utf8(who).unwrap(), expected);

        handler_closer.borrow().as_ref().unwrap().close();
        rest(&mut client).await;
        other.write_all(b"GET /who HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        assert!(rest(&mut other).await.ends_with(expected.as_bytes()), "others stay");
    });
}

#[test]
fn a_handler_sees_whether_tls_is_used() {
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
        let mut client = served.request("/").await;
        let mut how = [0; 11];
        client.read_exact(&mut how).await.unwrap();
        assert_eq!(&how, b"in the open");

        let tls = Tls::open(certificate, key).unwrap();
        let served = Served::start_with(router(), Some(Arc::new(tls))).await;
        let client = TcpStream::connect(served.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let mut client = connector.connect("localhost".try_into().unwrap(), client).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut response = Vec::new();
        timeout(PATIENCE, client.read_to_end(&mut response)).await.expect("an end in time").unwrap();
        assert!(response.ends_with(b"over TLS"), "{}", String::from_utf8_lossy(&response));
    });
}
