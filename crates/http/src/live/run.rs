//! A run of the stream, from its first client until some minutes after its last: the log, and the position of each subscriber.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::disconnect::Disconnect;
use super::log::{Bounds, Log, Taken};
use super::message::{Message, Scope};

/// A run, shared by its encoder and its clients.
#[derive(Debug)]
pub(super) struct Run {
    /// The prefix of the URLs in its messages.
    pub prefix: String,
    state: Mutex<State>,
    /// Wakes the clients when there are new messages.
    pulse: watch::Sender<Pulse>,
}

/// The state that clients wait for.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// No message will be added any more.
    pub is_over: bool,
}

#[derive(Debug)]
struct State {
    log: Log,
    positions: HashMap<u64, Position>,
    /// The number of the next subscriber.
    next_subscriber: u64,
    /// When the last subscriber left; `None` while there are subscribers.
    idle_since: Option<Instant>,
    /// Whether another run has replaced it.
    is_retired: bool,
}

/// The position of a subscriber in the log.
#[derive(Debug)]
struct Position {
    /// The number of the next message to take.
    next: u64,
    /// When it last took messages.
    taken: Instant,
    disconnect: Option<Disconnect>,
}

impl Run {
    /// A run without messages and subscribers.
    pub(super) fn new(prefix: &str, epoch: String, bounds: Bounds) -> Self {
        let now = Instant::now();
        let state = State {
            log: Log::new(epoch, bounds),
            positions: HashMap::new(),
            next_subscriber: 0,
            idle_since: Some(now),
            is_retired: false,
        };
        Self { prefix: prefix.to_owned(), state: Mutex::new(state), pulse: watch::Sender::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a subscriber. `last` is the id of the last message that the client has.
    pub(super) fn subscribe(self: &Arc<Self>, last: Option<&str>, disconnect: Option<Disconnect>) -> Subscriber {
        let mut state = self.lock();
        let (greeting, next) = state.log.greet(last);
        let number = state.next_subscriber;
        state.next_subscriber += 1;
        state.idle_since = None;
        state.positions.insert(number, Position { next, taken: Instant::now(), disconnect });
        Subscriber { run: Arc::clone(self), number, pulse: self.pulse.subscribe(), greeting: Some(greeting) }
    }

    /// Adds the message that `make` returns for an id to the log, if any. Does not wake the clients.
    pub(super) fn add(&self, make: impl FnOnce(&str) -> Option<Message>) {
        let mut state = self.lock();
        if let Some(message) = make(&state.log.next_id()) {
            state.log.push(message);
        }
    }

    /// The same for a `reset`, which replaces all messages before it.
    pub(super) fn reset(&self, make: impl FnOnce(&str) -> Message) {
        let mut state = self.lock();
        let reset = make(&state.log.next_id());
        state.log.reset(reset);
    }

    /// Wakes all clients.
    pub(super) fn wake(&self) {
        self.pulse.send_replace(Pulse::default());
    }

    /// Ends the run: every client gets the messages that wait, and then the end.
    pub(super) fn end(&self) {
        self.pulse.send_replace(Pulse { is_over: true });
    }

    /// Closes the connections of subscribers whose messages have waited for longer than `timeout`; returns their number. Their
    /// sockets are full, so their bodies are not polled and cannot end by themselves.
    pub(super) fn drop_stalled(&self, timeout: Duration) -> usize {
        let now = Instant::now();
        let mut state = self.lock();
        let State { log, positions, .. } = &mut *state;
        let before = positions.len();
        positions.retain(|_, position| {
            let waits = log.waits_since(position.next, position.taken).map(|since| now - since.max(position.taken));
            let is_stalled = waits.is_some_and(|waits| waits > timeout);
            if is_stalled && let Some(disconnect) = &position.disconnect {
                disconnect.close();
            }
            !is_stalled
        });
        let dropped = before - positions.len();
        if dropped > 0 && positions.is_empty() {
            state.idle_since = Some(now);
        }
        dropped
    }

    /// Whether it has had no subscriber for `linger`.
    pub(super) fn is_idle(&self, linger: Duration) -> bool {
        let state = self.lock();
        state.idle_since.is_some_and(|since| state.is_retired || since.elapsed() >= linger)
    }

    /// Marks a run without subscribers as replaced: the encoder ends it at its next check.
    pub(super) fn retire(&self) {
        self.lock().is_retired = true;
    }

    /// The number of subscribers.
    pub(super) fn subscribers(&self) -> usize {
        self.lock().positions.len()
    }
}

/// A subscriber of a run; dropping it ends the subscription.
#[derive(Debug)]
pub(super) struct Subscriber {
    run: Arc<Run>,
    number: u64,
    pub pulse: watch::Receiver<Pulse>,
    /// The first bytes to send.
    pub greeting: Option<Bytes>,
}

impl Subscriber {
    /// Takes the messages that wait. `Taken::Lost` also if it was disconnected for being too slow.
    pub(super) fn take(&self, scope: &Scope) -> Taken {
        let mut state = self.run.lock();
        let State { log, positions, .. } = &mut *state;
        let Some(position) = positions.get_mut(&self.number) else { return Taken::Lost };
        let taken = log.take(position.next, scope);
        if let Taken::Some(_, next) = &taken {
            (position.next, position.taken) = (*next, Instant::now());
        }
        taken
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let mut state = self.run.lock();
        if state.positions.remove(&self.number).is_some() && state.positions.is_empty() {
            state.idle_since = Some(Instant::now());
        }
    }
}
