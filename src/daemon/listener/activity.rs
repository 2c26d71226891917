//! What a connection is at: waiting for a request, or answering one.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};

/// What a connection is at. Requests on one connection are answered one after the other. Everything is written by the
/// connection's [`Turn`]s and read by its stream and its driver, all of them in one task.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Requests whose head has come.
    begun: AtomicU64,
    /// Requests that were answered to the end, or given up.
    answered: AtomicU64,
    /// Whether the present answer goes on until the client leaves.
    is_endless: AtomicBool,
}

impl Activity {
    /// Begins to answer a request; that lasts until the turn is dropped.
    pub fn begin(self: &Arc<Self>) -> Turn {
        self.begun.fetch_add(1, Relaxed);
        Turn(Arc::clone(self))
    }

    /// How many requests were answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Relaxed)
    }

    /// Whether a request is being answered.
    pub fn is_answering(&self) -> bool {
        self.begun.load(Relaxed) > self.answered()
    }

    /// Whether what is being answered has no end of its own.
    pub fn is_endless(&self) -> bool {
        self.is_endless.load(Relaxed)
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
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.is_endless.store(false, Relaxed);
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
