//! A client's stream under watch: what comes is noted for the connection's patience, and a client that takes nothing
//! of its answer is treated as gone. What the bytes mean is hyper's.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::spans::{Deadline, Spans};

/// A client's stream under watch.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    spans: Spans,
    /// For the client to take something; set while it takes nothing.
    stall: Option<Deadline>,
    /// Whether the client has said that it sends nothing more.
    is_at_end: bool,
    /// For the client to stop sending; set once the stream is shut down while it still does.
    linger: Option<Deadline>,
}

impl<S> Watched<S> {
    pub fn new(stream: S, activity: Arc<Activity>, spans: Spans) -> Self {
        Self { stream, activity, spans, stall: None, is_at_end: false, linger: None }
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
        if !this.is_at_end {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
            if buffer.filled().len() > before {
                this.activity.note_bytes();
                return Poll::Ready(Ok(()));
            }
            this.is_at_end = true;
            this.activity.note_end();
        }
        // hyper would give up the answer, or what is still to be sent of it (`stall` is set then); whether it has to is for
        // the connection's patience to say.
        if this.activity.is_answering() || this.stall.is_some() { Poll::Pending } else { Poll::Ready(Ok(())) }
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
            if this.activity.is_sending() {
                this.linger = Some(Deadline::after(this.spans.linger));
            }
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
