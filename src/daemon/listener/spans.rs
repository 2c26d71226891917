//! How long a client may take, and the deadlines made of that.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spans {
    /// For the handshake of TLS.
    pub handshake: Duration,
    /// For the head of a request, from its first byte on; for the first one of a connection, from the connection on.
    pub head: Duration,
    /// Until the next request begins.
    pub idle: Duration,
    /// To take anything at all of an answer.
    pub stall: Duration,
    /// To stop sending when it has been told that nothing more is read.
    pub linger: Duration,
    /// For all that is under way, when the daemon ends.
    pub drain: Duration,
}

impl Spans {
    pub fn usual() -> Self {
        let span = |name, millis| crate::fault::span(name, Duration::from_millis(millis));
        Self {
            handshake: span("handshake", 10_000),
            head: span("head", 15_000),
            idle: span("idle", 75_000), // more than proxies keep theirs (nginx: 60 s), so that it is they who close
            stall: span("stall", 120_000),
            linger: span("linger", 1_000),
            drain: span("drain", 800),
        }
    }
}

/// A moment after which somebody is not waited for any more.
#[derive(Debug)]
pub(super) struct Deadline {
    at: Instant,
    /// Set to `at` only when somebody waits: most requests are there at once.
    sleep: Pin<Box<Sleep>>,
}

impl Deadline {
    pub fn after(span: Duration) -> Self {
        let at = Instant::now() + span;
        Self { at, sleep: Box::pin(sleep_until(at)) }
    }

    pub fn set(&mut self, span: Duration) {
        self.at = Instant::now() + span;
    }

    /// Whether it has passed; if not, the task is woken when it does.
    pub fn has_passed(&mut self, context: &mut Context<'_>) -> bool {
        if self.sleep.deadline() != self.at {
            self.sleep.as_mut().reset(self.at);
        }
        self.sleep.as_mut().poll(context).is_ready()
    }
}
