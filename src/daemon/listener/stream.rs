//! The stream of a client, monitored for timeouts: it notes received bytes in the [`Activity`], and fails where the client
//! accepts no bytes of its response.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::timeouts::{Deadline, Timeouts};

/// A monitored stream.
#[derive(Debug)]
pub(super) struct MonitoredStream<S> {
    stream: S,
    activity: Arc<Activity>,
    timeouts: Timeouts,
    /// Set while the client accepts no bytes.
    stall: Option<Deadline>,
    /// Whether the client has shut down its sending side.
    is_at_end: bool,
    /// For the client to stop sending. Set if it still sends when the stream is shut down.
    linger: Option<Deadline>,
}

impl<S> MonitoredStream<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>, timeouts: Timeouts) -> Self {
        Self { stream, activity, timeouts, stall: None, is_at_end: false, linger: None }
    }

    /// Checks the result of a write, which must not be pending for ever.
    fn sent<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stall = None;
            return result;
        }
        let stall = self.stall.get_or_insert_with(|| Deadline::after(self.timeouts.stall));
        if stall.has_passed(context) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client accepts no data")));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MonitoredStream<S> {
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
        // At the end of input hyper would give up the response, or the rest of it (`stall` is set then). `ClientTimeout` decides
        // that instead.
        if this.activity.is_responding() || this.stall.is_some() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for MonitoredStream<S> {
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

    /// Shuts down the sending side. From a client that still sends (too long a head, an unwanted body) it reads on for a moment:
    /// closing with unread data resets the connection, and the response could be lost.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            let result = Pin::new(&mut this.stream).poll_shutdown(context);
            ready!(this.sent(context, result))?;
            if this.activity.is_sending() {
                this.linger = Some(Deadline::after(this.timeouts.linger));
            }
        }
        let mut space = [0; 8192];
        loop {
            let mut unread = ReadBuf::new(&mut space);
            match Pin::new(&mut this.stream).poll_read(context, &mut unread) {
                Poll::Ready(Ok(())) if !unread.filled().is_empty() => {
                    let span = this.timeouts.linger;
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
