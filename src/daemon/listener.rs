//! The HTTP listener: accepts a limited number of connections, and drains them when the daemon stops. `connection` serves one
//! connection, `activity` times out idle clients, and the router authorizes requests.

mod activity;
mod addresses;
mod connection;
mod stream;
mod threads;
mod timeouts;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::tls::Tls;
use crate::http::Access;
use addresses::{Addresses, ConnectionPermit};
use connection::Connection;
pub(super) use threads::{RoundRobin, Threads};
use timeouts::Timeouts;

/// The limit of open connections. Others stay in the backlog of the socket.
const MAX_CONNECTIONS: usize = 2048;
/// Descriptors reserved for everything else: the catalog, scans, the control socket.
const RESERVED_DESCRIPTORS: u64 = 512;
/// The delay after a failed accept, which is most often a lack of resources.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// The response to a client at its connection limit.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n";

/// The listener, and what its connections share.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    router: Router,
    tls: Option<Arc<Tls>>,
    timeouts: Timeouts,
    /// One permit for each possible connection.
    slots: Arc<Semaphore>,
    connections: u32,
    /// The connections of each client.
    addresses: Addresses,
    /// Names the trusted proxies, which have no limit: their connections belong to many clients.
    access: Access,
    runtimes: RoundRobin,
    /// Cancelled at the end of the drain. Each connection has a child of it.
    all: CancellationToken,
}

impl Listener {
    pub(super) fn new(
        socket: TcpListener,
        router: Router,
        tls: Option<Arc<Tls>>,
        access: Access,
        runtimes: RoundRobin,
    ) -> Self {
        let connections = connection_limit(owlery_model::fault::number("connections", MAX_CONNECTIONS));
        Self {
            socket,
            router,
            tls,
            timeouts: Timeouts::standard(),
            slots: Arc::new(Semaphore::new(connections)),
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
            addresses: Addresses::new(owlery_model::fault::number("per-address", connections.div_ceil(2))),
            access,
            runtimes,
            all: CancellationToken::new(),
        }
    }

    /// Serves until the daemon stops. Then it accepts no more, closes idle connections, and gives running requests the time
    /// of the drain.
    pub(super) async fn serve(self, closed: watch::Receiver<bool>) {
        tokio::select! {
            () = self.accept(&closed) => {}
            () = super::until_closed(closed.clone()) => {}
        }
        let Self { socket, timeouts, slots, connections, all, .. } = self;
        drop(socket);
        // Every slot is free when all connections have ended.
        if timeout(timeouts.drain, slots.acquire_many(connections)).await.is_err() {
            let left = connections as usize - slots.available_permits();
            tracing::info!("HTTP: {left} requests under way are cut off");
            all.cancel();
        }
    }

    async fn accept(&self, closed: &watch::Receiver<bool>) {
        let (mut full, mut failing, mut at_limit) =
            (LogThrottle::default(), LogThrottle::default(), LogThrottle::default());
        loop {
            let Some(slot) = self.slot(&mut full).await else { return };
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    let place = self.addresses.acquire(peer.ip());
                    if place.is_none() && !self.access.is_proxy(peer.ip()) {
                        if at_limit.allows() {
                            tracing::warn!(
                                "HTTP: {} has {} connections, as many as one client may; more are refused (name a \
                                 proxy in [proxy])",
                                peer.ip(),
                                self.addresses.limit()
                            );
                        }
                        if self.tls.is_none() {
                            // With std: tokio does not know yet that the stream is writable. The write is best effort.
                            let _ = stream.into_std().and_then(|mut stream| stream.write(REFUSAL));
                        }
                        continue;
                    }
                    match stream.into_std() {
                        Ok(stream) => self.spawn(stream, peer, (place, slot), closed.clone()),
                        Err(error) => tracing::warn!("HTTP with {peer}: {error}"),
                    }
                }
                Err(error) if is_connection_error(&error) => {
                    tracing::debug!("HTTP: a connection failed at once: {error}");
                }
                Err(error) => {
                    if failing.allows() {
                        tracing::warn!("HTTP: cannot accept connections for now: {error}");
                    }
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    /// Waits for a free slot.
    async fn slot(&self, full: &mut LogThrottle) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(slot);
        }
        if full.allows() {
            tracing::warn!("HTTP: {} connections are open; more wait until one ends", self.connections);
        }
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    fn spawn(
        &self,
        stream: std::net::TcpStream,
        peer: SocketAddr,
        // Dropped in this order: the next one in the slot may be the same client.
        held: (Option<ConnectionPermit>, OwnedSemaphorePermit),
        closed: watch::Receiver<bool>,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("HTTP with {peer}: {error}"); // the connection is only slower
        }
        let connection = Connection {
            router: self.router.clone(),
            peer,
            is_tls: self.tls.is_some(),
            timeouts: self.timeouts,
            closer: self.all.child_token(),
            closed,
        };
        let tls = self.tls.clone();
        self.runtimes.next().spawn(async move {
            let stream = match TcpStream::from_std(stream) {
                Ok(stream) => stream,
                Err(error) => return tracing::warn!("HTTP with {peer}: {error}"),
            };
            match tls {
                None => connection.serve(stream).await,
                Some(tls) => {
                    let mut closing = std::pin::pin!(super::until_closed(connection.closed.clone()));
                    tokio::select! {
                        accepted = timeout(connection.timeouts.handshake, tls.accept(stream)) => match accepted {
                            Ok(Ok(stream)) => connection.serve(stream).await,
                            Ok(Err(error)) => tracing::debug!("TLS with {peer}: {error}"),
                            Err(_) => tracing::debug!("TLS with {peer}: no handshake in time"),
                        },
                        () = &mut closing => {}
                    }
                }
            }
            drop(held);
        });
    }
}

/// Whether the error belongs to one connection that ended before it was accepted, not to the listener.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// The number of connections, at most `connections`, that the descriptors suffice for: each needs one for its socket and one for
/// the file that it sends. Raises the process limit if needed, and keeps the reserve for everything else.
fn connection_limit(connections: usize) -> usize {
    let wanted = 2 * connections as u64 + RESERVED_DESCRIPTORS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut have = current.unwrap_or(wanted);
    if have < wanted {
        let more = maximum.unwrap_or(wanted).min(wanted);
        if more > have && setrlimit(Resource::Nofile, Rlimit { current: Some(more), maximum }).is_ok() {
            have = more;
        }
    }
    let room = usize::try_from(have.saturating_sub(RESERVED_DESCRIPTORS) / 2).unwrap_or(connections).max(16);
    if room < connections {
        tracing::warn!(
            "only {room} connections are possible instead of {connections}: the limit of open files is {have} (ulimit -n)"
        );
    }
    room.min(connections)
}

/// Limits a frequent log message to one a minute.
#[derive(Debug, Default)]
struct LogThrottle(Option<Instant>);

impl LogThrottle {
    /// Whether the message may be logged now; if so, the next minute begins.
    fn allows(&mut self) -> bool {
        let now = Instant::now();
        let may = self.0.is_none_or(|logged| now.duration_since(logged) >= Duration::from_secs(60));
        if may {
            self.0 = Some(now);
        }
        may
    }
}

#[cfg(test)]
mod tests;
