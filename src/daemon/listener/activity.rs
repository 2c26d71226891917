//! The state of a connection, waiting for a request or responding to one, and the timeout of its client.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};

use super::timeouts::{Deadline, Timeouts};

/// The state of a connection, which handles one request at a time. [`InFlight`] and the stream write it, [`ClientTimeout`]
/// reads it, all in one task.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Requests whose head has arrived.
    begun: AtomicU64,
    /// Requests that got a whole response, or were given up.
    finished: AtomicU64,
    /// Whether the current response lasts until the client closes.
    is_endless: AtomicBool,
    /// Whether a byte of the next request has arrived.
    has_head_begun: AtomicBool,
    /// Whether the client has shut down its sending side.
    is_at_end: AtomicBool,
    /// Whether a request got its response before its body had arrived.
    is_cut_short: AtomicBool,
}

impl Activity {
    /// Begins a request, which lasts until the result is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.begun.fetch_add(1, Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Whether a request is in flight.
    pub(super) fn is_responding(&self) -> bool {
        self.begun.load(Relaxed) > self.finished.load(Relaxed)
    }

    /// Whether the current response has no end of its own.
    pub(super) fn is_endless(&self) -> bool {
        self.is_endless.load(Relaxed)
    }

    /// Whether the client is sending bytes that are not read: too long a head, or an unwanted body.
    pub(super) fn is_sending(&self) -> bool {
        self.has_head_begun.load(Relaxed) || self.is_cut_short.load(Relaxed)
    }

    /// Notes that the client has sent bytes.
    pub(super) fn note_bytes(&self) {
        if !self.is_responding() {
            self.has_head_begun.store(true, Relaxed);
        }
    }

    /// Notes that the client has shut down its sending side.
    pub(super) fn note_end(&self) {
        self.is_at_end.store(true, Relaxed);
    }
}

/// A request in flight.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl InFlight {
    /// Notes that the response has no end of its own.
    pub(super) fn set_endless(&self) {
        self.0.is_endless.store(true, Relaxed);
    }

    /// Notes that the response comes before the body of the request has arrived.
    pub(super) fn set_cut_short(&self) {
        self.0.is_cut_short.store(true, Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.is_endless.store(false, Relaxed);
        self.0.has_head_begun.store(false, Relaxed);
        self.0.finished.fetch_add(1, Relaxed);
    }
}

/// The body of a response, which ends its request when it is dropped.
#[derive(Debug)]
pub(super) struct TrackedBody {
    pub body: Body,
    pub _in_flight: InFlight,
}

impl hyper::body::Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// No request is in flight: the connection ends in order.
    Idle,
    /// The head of a request stays incomplete, or the client of an endless response is gone.
    TimedOut,
}

/// Decides when to close a connection because of its client.
#[derive(Debug)]
pub(super) struct ClientTimeout {
    activity: Arc<Activity>,
    timeouts: Timeouts,
    /// For the head of the next request.
    head: Deadline,
    /// What the deadline is set for: the number of finished requests, and whether the next one has begun.
    waits_for: (u64, bool),
}

impl ClientTimeout {
    pub(super) fn new(activity: Arc<Activity>, timeouts: Timeouts) -> Self {
        Self { activity, timeouts, head: Deadline::after(timeouts.head), waits_for: (0, false) }
    }

    /// Ready when the connection is to be closed. Poll it after every poll of the connection, which does not wake it.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<CloseReason> {
        let activity = &self.activity;
        let is_at_end = activity.is_at_end.load(Relaxed);
        if activity.is_responding() {
            // A client that only shut down its sending side still gets its response, unless that is endless.
            return if is_at_end && activity.is_endless() { Poll::Ready(CloseReason::TimedOut) } else { Poll::Pending };
        }
        if is_at_end {
            return Poll::Ready(CloseReason::Idle);
        }
        let (finished, has_begun) = (activity.finished.load(Relaxed), activity.has_head_begun.load(Relaxed));
        if self.waits_for != (finished, has_begun) {
            self.waits_for = (finished, has_begun);
            if finished > 0 {
                self.head.set(if has_begun { self.timeouts.head } else { self.timeouts.idle });
            } // the time for the first one runs from the start of the connection
        }
        if !self.head.has_passed(context) {
            return Poll::Pending;
        }
        Poll::Ready(if has_begun { CloseReason::TimedOut } else { CloseReason::Idle })
    }
}
