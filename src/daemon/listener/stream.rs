//! A client's stream under watch: whoever lets the server wait too long, for a request or for taking the answer, is
//! treated as gone. What the bytes mean is hyper's.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;

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
struct Deadline {
    at: Instant,
    /// Set to `at` only when somebody waits: most requests are there at once.
    sleep: Pin<Box<Sleep>>,
}

impl Deadline {
    fn after(span: Duration) -> Self {
        let at = Instant::now() + span;
        Self { at, sleep: Box::pin(sleep_until(at)) }
    }

    fn set(&mut self, span: Duration) {
        self.at = Instant::now() + span;
    }

    /// Whether it has passed; if not, the task is woken when it does.
    fn has_passed(&mut self, context: &mut Context<'_>) -> bool {
        if self.sleep.deadline() != self.at {
            self.sleep.as_mut().reset(self.at);
        }
        self.sleep.as_mut().poll(context).is_ready()
    }
}

/// A client's stream under watch.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    spans: Spans,
    /// For the next request's head.
    head: Deadline,
    /// Whether the next request has begun to come.
    has_begun: bool,
    /// How many requests had been answered when `head` was set.
    answered: u64,
    /// For the client to take something; set while it takes nothing.
    stall: Option<Deadline>,
    /// Whether the client has said that it sends nothing more.
    is_at_end: bool,
    /// For the client to stop sending; set once the stream is shut down while it still does.
    linger: Option<Deadline>,
}

impl<S> Watched<S> {
    pub fn new(stream: S, activity: Arc<Activity>, spans: Spans) -> Self {
        Self {
            stream,
            activity,
            spans,
            head: Deadline::after(spans.head),
            has_begun: false,
            answered: 0,
            stall: None,
            is_at_end: false,
            linger: None,
        }
    }

    /// Sets the deadline anew once an answer is over.
    fn await_next(&mut self) {
        let answered = self.activity.answered();
        if self.answered != answered {
            (self.answered, self.has_begun) = (answered, false);
            self.head.set(self.spans.idle);
        }
    }

    /// Notes what became of sending something: it cannot wait for ever.
    fn sent<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stall = None;
            return result;
        }
        let stall = self.stall.get_or_insert_with(|| Deadline::after(self.spans.stall));
        if stall.has_passed(context) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing any more")));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let is_answering = this.activity.is_answering();
        if !this.is_at_end {
            let before = buffer.filled().len();
            match Pin::new(&mut this.stream).poll_read(context, buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                    this.await_next();
                    if !is_answering && !this.has_begun {
                        this.has_begun = true;
                        // The first one's time runs since the connection was made.
                        if this.answered > 0 {
                            this.head.set(this.spans.head);
                        }
                    }
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(())) => this.is_at_end = true,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
        // To read nothing means the end to hyper, which then closes the connection. A client that has only finished
        // sending still gets its answer, but an endless one has nobody who would wait for it.
        let is_over = if is_answering {
            this.is_at_end && this.activity.is_endless()
        } else {
            this.await_next();
            this.is_at_end || this.head.has_passed(context)
        };
        if is_over { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.sent(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.sent(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.sent(context, result)
    }

    /// Says that nothing more is sent. A client that is still sending (too long a head, a body that nobody wants) is
    /// listened to a little: to close on what is unread would reset the connection, and the answer could be lost.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            let result = Pin::new(&mut this.stream).poll_shutdown(context);
            ready!(this.sent(context, result))?;
        }
        let mut space = [0; 8192];
        loop {
            let mut unread = ReadBuf::new(&mut space);
            match Pin::new(&mut this.stream).poll_read(context, &mut unread) {
                Poll::Ready(Ok(())) if !unread.filled().is_empty() => {
                    let span = this.spans.linger;
                    if this.linger.get_or_insert_with(|| Deadline::after(span)).has_passed(context) {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    let waits = this.linger.as_mut().is_some_and(|linger| !linger.has_passed(context));
                    return if waits { Poll::Pending } else { Poll::Ready(Ok(())) };
                }
            }
        }
    }
}
