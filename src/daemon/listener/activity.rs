//! What a connection is at: waiting for a request, or answering one; and when it has waited for its client long enough.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};

use super::spans::{Deadline, Spans};

/// What a connection is at. Requests on one connection are answered one after the other. Everything is written by the
/// connection's [`Turn`]s and its stream, and read by its [`Patience`], all of them in one task.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Requests whose head has come.
    begun: AtomicU64,
    /// Requests that were answered to the end, or given up.
    answered: AtomicU64,
    /// Whether the present answer goes on until the client leaves.
    is_endless: AtomicBool,
    /// Whether something of the next request has come.
    has_head_begun: AtomicBool,
    /// Whether the client has said that it sends nothing more.
    is_at_end: AtomicBool,
    /// Whether a request was answered before it had come to its end.
    is_cut_short: AtomicBool,
}

impl Activity {
    /// Begins to answer a request; that lasts until the turn is dropped.
    pub fn begin(self: &Arc<Self>) -> Turn {
        self.begun.fetch_add(1, Relaxed);
        Turn(Arc::clone(self))
    }

    /// Whether a request is being answered.
    pub fn is_answering(&self) -> bool {
        self.begun.load(Relaxed) > self.answered.load(Relaxed)
    }

    /// Whether what is being answered has no end of its own.
    pub fn is_endless(&self) -> bool {
        self.is_endless.load(Relaxed)
    }

    /// Whether the client is amidst sending what will not be read: too long a head, or a body that nobody wants.
    pub fn is_sending(&self) -> bool {
        self.has_head_begun.load(Relaxed) || self.is_cut_short.load(Relaxed)
    }

    /// Notes that the client has sent something.
    pub fn note_bytes(&self) {
        if !self.is_answering() {
            self.has_head_begun.store(true, Relaxed);
        }
    }

    /// Notes that the client sends nothing more.
    pub fn note_end(&self) {
        self.is_at_end.store(true, Relaxed);
    }
}

/// The answering of one request.
#[derive(Debug)]
pub(super) struct Turn(Arc<Activity>);

impl Turn {
    /// Notes that this answer has no end of its own.
    pub fn set_endless(&self) {
        self.0.is_endless.store(true, Relaxed);
    }

    /// Notes that the request is answered before it has come to its end.
    pub fn set_cut_short(&self) {
        self.0.is_cut_short.store(true, Relaxed);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.is_endless.store(false, Relaxed);
        self.0.has_head_begun.store(false, Relaxed);
        self.0.answered.fetch_add(1, Relaxed);
    }
}

/// An answer's body, and its turn with it.
#[derive(Debug)]
pub(super) struct Answer {
    pub body: Body,
    /// Held for its end.
    pub _turn: Turn,
}

impl hyper::body::Body for Answer {
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

/// Why a client is waited for no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing is under way: the connection ends in order.
    Idle,
    /// A head that does not come to its end, or an endless answer that nobody listens to.
    Late,
}

/// How long a client is still waited for.
#[derive(Debug)]
pub(super) struct Patience {
    activity: Arc<Activity>,
    spans: Spans,
    /// For the next request's head.
    head: Deadline,
    /// What the deadline was set for: the number of requests answered, and whether the next has begun.
    waits_for: (u64, bool),
}

impl Patience {
    pub fn new(activity: Arc<Activity>, spans: Spans) -> Self {
        Self { activity, spans, head: Deadline::after(spans.head), waits_for: (0, false) }
    }

    /// Whether it is over. To be asked whenever the connection has moved: that is not noticed by itself.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Over> {
        let activity = &self.activity;
        let is_at_end = activity.is_at_end.load(Relaxed);
        if activity.is_answering() {
            // A client that has only finished sending still gets its answer, but an endless one has nobody who would
            // wait for it.
            return if is_at_end && activity.is_endless() { Poll::Ready(Over::Late) } else { Poll::Pending };
        }
        if is_at_end {
            return Poll::Ready(Over::Idle);
        }
        let (answered, has_begun) = (activity.answered.load(Relaxed), activity.has_head_begun.load(Relaxed));
        if self.waits_for != (answered, has_begun) {
            self.waits_for = (answered, has_begun);
            if answered > 0 {
                self.head.set(if has_begun { self.spans.head } else { self.spans.idle });
            } // the first one's time runs since the connection was made
        }
        if !self.head.has_passed(context) {
            return Poll::Pending;
        }
        Poll::Ready(if has_begun { Over::Late } else { Over::Idle })
    }
}
