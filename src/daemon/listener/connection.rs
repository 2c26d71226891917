//! One connection: passes its requests to the router until the client closes, times out, or the daemon stops.

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
use axum::http::header;
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

use super::activity::{Activity, ClientTimeout, CloseReason, InFlight, TrackedBody};
use super::stream::MonitoredStream;
use super::timeouts::Timeouts;
use crate::http::{Disconnect, OverTls, is_endless};

/// The limit of a request head; a longer one gets status 431. hyper accepts at most 100 fields.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The limit of the read buffer and of the write buffer.
const MAX_BUFFER_BYTES: usize = 64 * 1024;

/// The time for a stream of events or pictures to end by itself when the daemon stops.
const STREAM_END_LIMIT: Duration = Duration::from_millis(300);

/// What one connection needs.
#[derive(Debug)]
pub(super) struct Connection {
    pub router: Router,
    pub peer: SocketAddr,
    pub is_tls: bool,
    pub timeouts: Timeouts,
    /// Closes it at once.
    pub closer: CancellationToken,
    /// Becomes true when the daemon stops: no further request is accepted.
    pub closed: watch::Receiver<bool>,
}

impl Connection {
    /// Serves a client to the end of its connection.
    pub(super) async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Self { router, peer, is_tls, timeouts, closer, closed } = self;
        let activity = Arc::new(Activity::default());
        let io = TokioIo::new(MonitoredStream::new(stream, Arc::clone(&activity), timeouts));
        let (responding, handler_closer) = (Arc::clone(&activity), Disconnect::new(closer.clone()));
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            let extensions = request.extensions_mut();
            extensions.insert(ConnectInfo(peer));
            extensions.insert(handler_closer.clone());
            if is_tls {
                extensions.insert(OverTls);
            }
            // Begun here, not at the first poll: hyper may check for the client's end before that.
            respond(router.clone(), request, responding.begin())
        });
        let mut served = pin!(
            http1::Builder::new()
                .header_read_timeout(None) // `ClientTimeout` does this
                .max_header_size(MAX_HEAD_BYTES)
                .max_buf_size(MAX_BUFFER_BYTES)
                .serve_connection(io, service)
        );
        let mut closing = pin!(super::super::until_closed(closed));
        let mut client_timeout = ClientTimeout::new(Arc::clone(&activity), timeouts);
        let mut is_last = false;
        loop {
            tokio::select! {
                biased; // the timeout depends on what the connection has just done
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
                        let _ = timeout(STREAM_END_LIMIT, served.as_mut()).await; // the stopping service ends its streams
                        return;
                    }
                }
                reason = poll_fn(|context| client_timeout.poll(context)), if !is_last => {
                    if reason == CloseReason::TimedOut {
                        tracing::debug!("HTTP with {peer}: the client timed out");
                        return;
                    }
                    is_last = true;
                    served.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

async fn respond(
    router: Router,
    request: Request<Body>,
    in_flight: InFlight,
) -> Result<hyper::Response<TrackedBody>, Infallible> {
    let response: Response = router.oneshot(request).await?;
    if is_endless(response.headers()) {
        in_flight.set_endless();
    }
    // The router closes the connection where it does not read the rest of the request.
    if response.headers().get(header::CONNECTION).is_some_and(|value| value == "close") {
        in_flight.set_cut_short();
    }
    Ok(response.map(|body| TrackedBody { body, _in_flight: in_flight }))
}
