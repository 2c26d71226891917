//! One connection: its requests, one after the other, to the router, until the client leaves, is left, or all end.

use std::convert::Infallible;
use std::error::Error as _;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::activity::{Activity, Answer, Over, Patience, Turn};
use super::spans::Spans;
use super::stream::Watched;
use crate::http::{Closer, OverTls};

/// The longest head of a request; a longer one is answered with 431. hyper takes at most 100 fields.
const LONGEST_HEAD: usize = 16 * 1024;
/// How much of what a client sends, and of what is to be sent to it, is held.
const BUFFER: usize = 64 * 1024;

/// How long an endless answer has to end by itself when the daemon does.
const FAREWELL: Duration = Duration::from_millis(300);

/// What a connection is told and tells.
#[derive(Debug)]
pub(super) struct Connection {
    pub router: Router,
    pub peer: SocketAddr,
    pub is_tls: bool,
    pub spans: Spans,
    /// Closes it at once.
    pub closer: CancellationToken,
    /// Becomes true when the daemon ends: no request is taken any more.
    pub closed: watch::Receiver<bool>,
}

impl Connection {
    /// Serves a client to the end of its connection.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Self { router, peer, is_tls, spans, closer, closed } = self;
        let activity = Arc::new(Activity::default());
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity), spans));
        let (answering, handed_on) = (Arc::clone(&activity), Closer::new(closer.clone()));
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            let extensions = request.extensions_mut();
            extensions.insert(ConnectInfo(peer));
            extensions.insert(handed_on.clone());
            if is_tls {
                extensions.insert(OverTls);
            }
            // Here and not when it is first polled: hyper may look for the client's end before that.
            answer(router.clone(), request, answering.begin())
        });
        let mut served = pin!(
            http1::Builder::new()
                .header_read_timeout(None) // that is a matter of our patience
                .max_header_size(LONGEST_HEAD)
                .max_buf_size(BUFFER)
                .serve_connection(io, service)
        );
        let mut closing = pin!(super::super::closing_of(closed));
        let mut patience = Patience::new(Arc::clone(&activity), spans);
        let mut is_last = false;
        loop {
            tokio::select! {
                biased; // whether it is over depends on what the connection has just done
                ended = served.as_mut() => {
                    if let Err(error) = ended {
                        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                        tracing::debug!("HTTP with {peer}: {error}{cause}");
                    }
                    return;
                }
                () = closer.cancelled() => return,
                () = &mut closing, if !is_last => {
                    is_last = true;
                    served.as_mut().graceful_shutdown();
                    if activity.is_endless() {
                        let _ = timeout(FAREWELL, served.as_mut()).await; // the service, which stops too, ends its streams
                        return;
                    }
                }
                over = poll_fn(|context| patience.poll(context)), if !is_last => {
                    if over == Over::Late {
                        tracing::debug!("HTTP with {peer}: the client is waited for no longer");
                        return;
                    }
                    is_last = true;
                    served.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

async fn answer(router: Router, request: Request<Body>, turn: Turn) -> Result<hyper::Response<Answer>, Infallible> {
    let answer: Response = router.oneshot(request).await?;
    if is_event_stream(answer.headers()) {
        turn.set_endless();
    }
    // The router closes where the request goes on and nobody reads it.
    if answer.headers().get(header::CONNECTION).is_some_and(|value| value == "close") {
        turn.set_cut_short();
    }
    Ok(answer.map(|body| Answer { body, _turn: turn }))
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}
