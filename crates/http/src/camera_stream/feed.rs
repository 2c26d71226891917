//! The present picture of a camera, shared by its clients. Each client takes the newest one whenever it can send: a slow client
//! skips pictures, and holds up no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use bytes::{BufMut, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use crate::event::Camera;
use crate::live::Disconnect;

/// The boundary between the pictures of our own streams.
pub(super) const BOUNDARY: &str = "owlery";

/// A picture.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    number: u64,
    at: Instant,
    /// As a part of a stream, with the boundary behind it: so that a browser shows it at once, and not when the next one comes.
    pub part: Bytes,
    /// Its own bytes.
    pub jpeg: Bytes,
}

impl Picture {
    fn new(number: u64, jpeg: &[u8]) -> Self {
        let head = format!("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
        let tail = format!("\r\n--{BOUNDARY}\r\n");
        let mut part = BytesMut::with_capacity(head.len() + jpeg.len() + tail.len());
        part.put_slice(head.as_bytes());
        part.put_slice(jpeg);
        part.put_slice(tail.as_bytes());
        let part = part.freeze();
        let jpeg = part.slice(head.len()..part.len() - tail.len());
        Self { number, at: Instant::now(), part, jpeg }
    }
}

/// What clients see.
#[derive(Debug, Clone)]
enum Shown {
    /// No picture has come yet.
    Nothing,
    Picture(Picture),
    /// None will come any more.
    Over(Failure),
}

/// The pictures of a camera, and who takes them.
#[derive(Debug)]
pub(super) struct Feed {
    pub camera: Camera,
    shown: watch::Sender<Shown>,
    clients: Mutex<Clients>,
}

#[derive(Debug)]
struct Clients {
    positions: HashMap<u64, Position>,
    /// The number of the next client.
    next: u64,
    /// When the last client left; `None` while there are clients.
    idle_since: Option<Instant>,
}

/// What a client has taken.
#[derive(Debug)]
struct Position {
    /// The number of the last picture; pictures count from 1.
    taken: u64,
    at: Instant,
    /// Whether it waits for a picture, rather than for its connection.
    is_waiting: bool,
    disconnect: Option<Disconnect>,
}

impl Feed {
    /// A feed without pictures and clients.
    pub(super) fn new(camera: Camera) -> Self {
        let clients = Clients { positions: HashMap::new(), next: 0, idle_since: Some(Instant::now()) };
        Self { camera, shown: watch::Sender::new(Shown::Nothing), clients: Mutex::new(clients) }
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a client, which holds the permit. `disconnect` closes its connection.
    pub(super) fn subscribe(self: &Arc<Self>, disconnect: Option<Disconnect>, permit: OwnedSemaphorePermit) -> Client {
        let mut clients = self.lock();
        let number = clients.next;
        clients.next += 1;
        clients.idle_since = None;
        let position = Position { taken: 0, at: Instant::now(), is_waiting: true, disconnect };
        clients.positions.insert(number, position);
        Client { feed: Arc::clone(self), number, shown: self.shown.subscribe(), _permit: permit }
    }

    /// Shows a picture to all clients.
    pub(super) fn show(&self, jpeg: &[u8]) {
        let picture = Picture::new(self.pictures() + 1, jpeg);
        self.shown.send_replace(Shown::Picture(picture));
    }

    /// How many pictures were shown.
    pub(super) fn pictures(&self) -> u64 {
        match &*self.shown.borrow() {
            Shown::Picture(picture) => picture.number,
            Shown::Nothing | Shown::Over(_) => 0,
        }
    }

    /// Ends the streams of all clients; the first reason counts.
    pub(super) fn end(&self, failure: Failure) {
        self.shown.send_if_modified(|shown| {
            let is_open = !matches!(shown, Shown::Over(_));
            if is_open {
                *shown = Shown::Over(failure);
            }
            is_open
        });
    }

    /// Whether no picture will come any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(&*self.shown.borrow(), Shown::Over(_))
    }

    /// Closes the connections of clients that have read nothing for `timeout` although a newer picture waits; returns their number.
    /// Their sockets are full, so their bodies are not polled and cannot end by themselves.
    pub(super) fn drop_stalled(&self, timeout: Duration) -> usize {
        let newest = self.pictures();
        let mut clients = self.lock();
        let before = clients.positions.len();
        clients.positions.retain(|_, position| {
            let is_stalled = !position.is_waiting && position.taken < newest && position.at.elapsed() > timeout;
            if is_stalled && let Some(disconnect) = &position.disconnect {
                disconnect.close();
            }
            !is_stalled
        });
        let dropped = before - clients.positions.len();
        if dropped > 0 && clients.positions.is_empty() {
            clients.idle_since = Some(Instant::now());
        }
        dropped
    }

    /// Whether it has had no client for `linger`.
    pub(super) fn is_idle(&self, linger: Duration) -> bool {
        self.lock().idle_since.is_some_and(|since| since.elapsed() >= linger)
    }
}

/// A client of a feed; dropping it ends its subscription.
#[derive(Debug)]
pub(super) struct Client {
    feed: Arc<Feed>,
    number: u64,
    shown: watch::Receiver<Shown>,
    _permit: OwnedSemaphorePermit,
}

impl Client {
    /// Waits for the first picture that is not older than `max_age`, at most for `limit`.
    pub(super) async fn first(&mut self, max_age: Duration, limit: Duration) -> Result<Picture, Failure> {
        let end = Instant::now() + limit;
        loop {
            let shown = self.shown.borrow_and_update().clone();
            match shown {
                Shown::Picture(picture) if picture.at.elapsed() <= max_age => {
                    self.note(Some(picture.number));
                    return Ok(picture);
                }
                Shown::Over(failure) => return Err(failure),
                Shown::Picture(_) | Shown::Nothing => {}
            }
            match timeout_at(end, self.shown.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(Failure::Stopped),
                Err(_) => return Err(Failure::Silent(limit)),
            }
        }
    }

    /// Waits for a picture that this client has not taken; `None` at the end, also if it was disconnected for being too slow.
    pub(super) async fn next(&mut self) -> Option<Picture> {
        let taken = self.note(None)?;
        loop {
            let shown = self.shown.borrow_and_update().clone();
            match shown {
                Shown::Picture(picture) if picture.number > taken => {
                    self.note(Some(picture.number))?;
                    return Some(picture);
                }
                Shown::Over(_) => return None,
                Shown::Picture(_) | Shown::Nothing => {}
            }
            self.shown.changed().await.ok()?;
        }
    }

    /// Notes that it waits, or what it has taken; returns the number of its last picture, `None` if it was disconnected.
    fn note(&self, taken: Option<u64>) -> Option<u64> {
        let mut clients = self.feed.lock();
        let position = clients.positions.get_mut(&self.number)?;
        position.is_waiting = taken.is_none();
        if let Some(taken) = taken {
            (position.taken, position.at) = (taken, Instant::now());
        }
        Some(position.taken)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut clients = self.feed.lock();
        if clients.positions.remove(&self.number).is_some() && clients.positions.is_empty() {
            clients.idle_since = Some(Instant::now());
        }
    }
}
