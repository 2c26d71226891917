//! The timeouts of a connection, and deadlines.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The timeouts of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the head of a request, from its first byte; for the first request, from the start of the connection.
    pub head: Duration,
    /// Until the next request begins.
    pub idle: Duration,
    /// Until the client accepts any byte of a response.
    pub stall: Duration,
    /// Until the client stops sending after the response has ended.
    pub linger: Duration,
    /// For all running requests when the daemon stops.
    pub drain: Duration,
}

impl Timeouts {
    pub(super) fn standard() -> Self {
        let span = |name, millis| owlery_model::fault::span(name, Duration::from_millis(millis));
        Self {
            handshake: span("handshake", 10_000),
            head: span("head", 15_000),
            idle: span("idle", 75_000), // longer than that of proxies (nginx: 60 s), so that the proxy closes first
            stall: span("stall", 120_000),
            linger: span("linger", 1_000),
            drain: span("drain", 800),
        }
    }
}

/// The end of a wait.
#[derive(Debug)]
pub(super) struct Deadline {
    at: Instant,
    /// Set to `at` only at a poll: most waits end before that.
    sleep: Pin<Box<Sleep>>,
}

impl Deadline {
    pub(super) fn after(span: Duration) -> Self {
        let at = Instant::now() + span;
        Self { at, sleep: Box::pin(sleep_until(at)) }
    }

    pub(super) fn set(&mut self, span: Duration) {
        self.at = Instant::now() + span;
    }

    /// Whether it has passed. If not, the task wakes when it does.
    pub(super) fn has_passed(&mut self, context: &mut Context<'_>) -> bool {
        if self.sleep.deadline() != self.at {
            self.sleep.as_mut().reset(self.at);
        }
        self.sleep.as_mut().poll(context).is_ready()
    }
}
