//! One run of the stream, from the first client to some minutes after the last: the log, and who sits there and how far
//! each has come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::log::{Bounds, Log, Taken};
use super::message::{Message, Scope};
use crate::http::closer::Closer;

/// A run. Shared by its encoder and its clients.
#[derive(Debug)]
pub(super) struct Run {
    /// Where the router is mounted for its clients: the URLs in its messages begin with it.
    pub prefix: String,
    state: Mutex<State>,
    /// Set by the encoder when there is more; waited for by the clients.
    pulse: watch::Sender<Pulse>,
}

/// What wakes clients.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Nothing will be added any more.
    pub is_over: bool,
}

/// Written and read by the encoder and by every client, each for a moment.
#[derive(Debug)]
struct State {
    log: Log,
    seats: HashMap<u64, Seat>,
    /// How many have ever sat here.
    seated: u64,
    /// When the last one left; `None` while somebody sits here.
    empty_since: Option<Instant>,
    /// Whether another run has taken its place.
    is_retired: bool,
}

/// A client's place.
#[derive(Debug)]
struct Seat {
    /// The number of the next message that it has not taken.
    next: u64,
    /// When it last took something.
    taken: Instant,
    closer: Option<Closer>,
}

impl Run {
    pub fn new(prefix: &str, epoch: String, bounds: Bounds) -> Self {
        let now = Instant::now();
        let state = State {
            log: Log::new(epoch, bounds),
            seats: HashMap::new(),
            seated: 0,
            empty_since: Some(now),
            is_retired: false,
        };
        Self { prefix: prefix.to_owned(), state: Mutex::new(state), pulse: watch::Sender::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat. `last` is the id of the last message that the client has.
    pub fn sit(self: &Arc<Self>, last: Option<&str>, closer: Option<Closer>) -> Sitter {
        let mut state = self.lock();
        let (greeting, next) = state.log.greet(last);
        let number = state.seated;
        state.seated += 1;
        state.empty_since = None;
        state.seats.insert(number, Seat { next, taken: Instant::now(), closer });
        Sitter { run: Arc::clone(self), number, pulse: self.pulse.subscribe(), greeting: Some(greeting) }
    }

    /// Adds what `make` makes for an id to the log, if it makes anything. The clients are not woken yet.
    pub fn add(&self, make: impl FnOnce(&str) -> Option<Message>) {
        let mut state = self.lock();
        if let Some(message) = make(&state.log.next_id()) {
            state.log.push(message);
        }
    }

    /// The same for a `reset`, which takes the place of everything before it.
    pub fn begin_anew(&self, make: impl FnOnce(&str) -> Message) {
        let mut state = self.lock();
        let reset = make(&state.log.next_id());
        state.log.begin_anew(reset);
    }

    /// Wakes everybody.
    pub fn wake(&self) {
        self.pulse.send_replace(Pulse::default());
    }

    /// Nothing comes any more: everybody is sent what waits and then the end.
    pub fn end(&self) {
        self.pulse.send_replace(Pulse { is_over: true });
    }

    /// Closes the connections of those for whom something has waited for longer than `stall`, and answers how many. They
    /// are not polled, since their sockets are full: so nothing else can reach them.
    pub fn drop_stalled(&self, stall: Duration) -> usize {
        let now = Instant::now();
        let mut state = self.lock();
        let State { log, seats, .. } = &mut *state;
        let before = seats.len();
        seats.retain(|_, seat| {
            let waits = log.waits_since(seat.next, seat.taken).map(|since| now - since.max(seat.taken));
            let is_stalled = waits.is_some_and(|waits| waits > stall);
            if is_stalled && let Some(closer) = &seat.closer {
                closer.close();
            }
            !is_stalled
        });
        let dropped = before - seats.len();
        if dropped > 0 && seats.is_empty() {
            state.empty_since = Some(now);
        }
        dropped
    }

    /// Whether nobody has sat here for `linger`.
    pub fn is_deserted(&self, linger: Duration) -> bool {
        let state = self.lock();
        state.empty_since.is_some_and(|since| state.is_retired || since.elapsed() >= linger)
    }

    /// Ends an empty run at the encoder's next look: another has its place.
    pub fn retire(&self) {
        self.lock().is_retired = true;
    }

    /// How many sit here.
    pub fn seats(&self) -> usize {
        self.lock().seats.len()
    }
}

/// One who sits there; leaves when dropped.
#[derive(Debug)]
pub(super) struct Sitter {
    run: Arc<Run>,
    number: u64,
    pub pulse: watch::Receiver<Pulse>,
    /// What it is sent first.
    pub greeting: Option<Bytes>,
}

impl Sitter {
    /// What waits for it. `Taken::Lost` also if it was too slow and has lost its seat.
    pub fn take(&self, scope: &Scope) -> Taken {
        let mut state = self.run.lock();
        let State { log, seats, .. } = &mut *state;
        let Some(seat) = seats.get_mut(&self.number) else { return Taken::Lost };
        let taken = log.take(seat.next, scope);
        if let Taken::Some(_, next) = &taken {
            (seat.next, seat.taken) = (*next, Instant::now());
        }
        taken
    }
}

impl Drop for Sitter {
    fn drop(&mut self) {
        let mut state = self.run.lock();
        if state.seats.remove(&self.number).is_some() && state.seats.is_empty() {
            state.empty_since = Some(Instant::now());
        }
    }
}
