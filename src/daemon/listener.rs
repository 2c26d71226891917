//! The HTTP listener: accepts connections, as many as there is room for, and on the daemon's end sees them to theirs. What
//! a connection does is `connection`'s, how long its client is waited for `activity`'s, and who may ask
//! what the router's.

mod activity;
mod addresses;
mod connection;
mod spans;
mod stream;
mod threads;

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
use addresses::{Addresses, Place};
use connection::Connection;
use spans::Spans;
pub(super) use threads::{Threads, Turns};

/// How many connections there may be; more wait, unaccepted, until one ends.
const CONNECTIONS: usize = 2048;
/// Descriptors that connections leave to everything else: the catalog, scans, the control socket.
const OTHERS: u64 = 512;
/// How long a failed accept waits for the next: what it lacks may come back.
const PAUSE: Duration = Duration::from_millis(100);

/// To a client that has as many connections as it may.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n";

/// A listener and what its connections need.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    router: Router,
    tls: Option<Arc<Tls>>,
    spans: Spans,
    /// One for each connection that there may be.
    slots: Arc<Semaphore>,
    connections: u32,
    /// What each client may take of them.
    addresses: Addresses,
    /// Who the trusted proxies are: their connections are many clients'.
    access: Access,
    turns: Turns,
    /// Cancelled when the drain is over; each connection has a child of it.
    all: CancellationToken,
}

impl Listener {
    pub fn new(socket: TcpListener, router: Router, tls: Option<Arc<Tls>>, access: Access, turns: Turns) -> Self {
        let connections = room_for(crate::fault::number("connections", CONNECTIONS));
        Self {
            socket,
            router,
            tls,
            spans: Spans::usual(),
            slots: Arc::new(Semaphore::new(connections)),
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
            addresses: Addresses::new(crate::fault::number("per-address", connections.div_ceil(2))),
            access,
            turns,
            all: CancellationToken::new(),
        }
    }

    /// Serves until told to close. Then nothing more is accepted, idle connections end, and requests under way may go on
    /// for a little.
    pub async fn serve(self, closed: watch::Receiver<bool>) {
        tokio::select! {
            () = self.accept(&closed) => {}
            () = super::closing_of(closed.clone()) => {}
        }
        let Self { socket, spans, slots, connections, all, .. } = self;
        drop(socket);
        // When every slot is free there is no connection any more.
        if timeout(spans.drain, slots.acquire_many(connections)).await.is_err() {
            let left = connections as usize - slots.available_permits();
            tracing::info!("HTTP: {left} requests under way are cut off");
            all.cancel();
        }
    }

    async fn accept(&self, closed: &watch::Receiver<bool>) {
        let (mut full, mut failing, mut greedy) = (Rarely::default(), Rarely::default(), Rarely::default());
        loop {
            let Some(slot) = self.slot(&mut full).await else { return };
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    let place = self.addresses.take(peer.ip());
                    if place.is_none() && !self.access.is_proxy(peer.ip()) {
                        if greedy.may_say() {
                            tracing::warn!(
                                "HTTP: {} has {} connections, as many as one client may; more are refused (a proxy is \
                                 to be named in [proxy])",
                                peer.ip(),
                                self.addresses.most()
                            );
                        }
                        if self.tls.is_none() {
                            // Tokio does not know yet whether it can be written to. A client that does not read it sees the end.
                            let _ = stream.into_std().and_then(|mut stream| stream.write(REFUSAL));
                        }
                        continue;
                    }
                    match stream.into_std() {
                        Ok(stream) => self.spawn(stream, peer, (place, slot), closed.clone()),
                        Err(error) => tracing::warn!("HTTP with {peer}: {error}"),
                    }
                }
                Err(error) if is_of_one(&error) => tracing::debug!("HTTP: a connection failed at once: {error}"),
                Err(error) => {
                    if failing.may_say() {
                        tracing::warn!("HTTP: cannot accept connections for now: {error}");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Waits for a slot.
    async fn slot(&self, full: &mut Rarely) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(slot);
        }
        if full.may_say() {
            tracing::warn!("HTTP: {} connections are open; more wait until one ends", self.connections);
        }
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    fn spawn(
        &self,
        stream: std::net::TcpStream,
        peer: SocketAddr,
        // In this order: who gets the slot next may be the same client.
        held: (Option<Place>, OwnedSemaphorePermit),
        closed: watch::Receiver<bool>,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("HTTP with {peer}: {error}"); // it is slower, and no more
        }
        let connection = Connection {
            router: self.router.clone(),
            peer,
            is_tls: self.tls.is_some(),
            spans: self.spans,
            closer: self.all.child_token(),
            closed,
        };
        let tls = self.tls.clone();
        self.turns.next().spawn(async move {
            let stream = match TcpStream::from_std(stream) {
                Ok(stream) => stream,
                Err(error) => return tracing::warn!("HTTP with {peer}: {error}"),
            };
            match tls {
                None => connection.serve(stream).await,
                Some(tls) => {
                    let mut closing = std::pin::pin!(super::closing_of(connection.closed.clone()));
                    tokio::select! {
                        accepted = timeout(connection.spans.handshake, tls.accept(stream)) => match accepted {
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

/// Whether the error is one connection's, which was gone before it was accepted, and not the listener's.
fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// How many connections, of those wanted, there are descriptors for: each needs one, and one for the file that it is
/// sent. Asks the system for as many as that takes; what connections use up must not be missed by anything else.
fn room_for(connections: usize) -> usize {
    let wanted = 2 * connections as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut have = current.unwrap_or(wanted);
    if have < wanted {
        let more = maximum.unwrap_or(wanted).min(wanted);
        if more > have && setrlimit(Resource::Nofile, Rlimit { current: Some(more), maximum }).is_ok() {
            have = more;
        }
    }
    let room = usize::try_from(have.saturating_sub(OTHERS) / 2).unwrap_or(connections).max(16);
    if room < connections {
        tracing::warn!("room for {room} connections, not {connections}: the limit of open files is {have} (ulimit -n)");
    }
    room.min(connections)
}

/// For what would fill the log if it were said whenever it happens.
#[derive(Debug, Default)]
struct Rarely(Option<Instant>);

impl Rarely {
    /// Whether it has not been said for a minute.
    fn may_say(&mut self) -> bool {
        let now = Instant::now();
        let may = self.0.is_none_or(|said| now.duration_since(said) >= Duration::from_secs(60));
        if may {
            self.0 = Some(now);
        }
        may
    }
}

#[cfg(test)]
mod tests;
