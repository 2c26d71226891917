//! A pipe from a writing thread to the body of a response. It holds a few chunks; the writer waits while it is full. Writing fails
//! at once when the client disconnects or the service stops, and after a timeout when the client reads nothing. Only `finish` ends
//! the response properly; otherwise it is aborted, so that a partial file never looks complete.

use std::cell::Cell;
use std::io::{self, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use crossbeam_channel::{Receiver, Sender, bounded, select};
use tokio::sync::mpsc;

use crate::clock::Stop;

/// The size of a chunk, in bytes.
const CHUNK: usize = 128 * 1024;
/// The most chunks in the pipe.
const MAX_CHUNKS: usize = 4;

/// The writing end.
pub(super) struct Pipe {
    buffer: Vec<u8>,
    /// Chunks, and `None` at the end. The capacity includes the end.
    chunks: mpsc::Sender<Option<Bytes>>,
    /// A permit for each chunk that may be sent.
    permits: Receiver<()>,
    /// How long the client may read nothing.
    timeout: Duration,
    stop: Stop,
    /// Whether sending has ended; later writes are discarded.
    is_closed: Cell<bool>,
}

/// A pipe, and the body that reads from it. The client may pause for `timeout`.
pub(super) fn new(timeout: Duration, stop: Stop) -> (Pipe, Body) {
    let (chunks, read) = mpsc::channel(MAX_CHUNKS + 1);
    let (taken, permits) = bounded(MAX_CHUNKS);
    for _ in 0..MAX_CHUNKS {
        let _ = taken.try_send(()); // the capacity is sufficient
    }
    let pipe = Pipe { buffer: Vec::new(), chunks, permits, timeout, stop, is_closed: Cell::new(false) };
    (pipe, body(read, taken))
}

fn body(read: mpsc::Receiver<Option<Bytes>>, taken: Sender<()>) -> Body {
    Body::from_stream(futures_util::stream::unfold(Some((read, taken)), |pipe| async {
        let (mut read, taken) = pipe?;
        match read.recv().await {
            Some(Some(chunk)) => {
                let _ = taken.try_send(()); // fails if the writer has ended
                Some((Ok(chunk), Some((read, taken))))
            }
            Some(None) => None,
            None => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
        }
    }))
}

impl Pipe {
    /// Ends sending without a proper end.
    pub(super) fn close(&self) {
        self.is_closed.set(true);
    }

    /// Sends the rest and the end.
    pub(super) fn finish(mut self) {
        if self.send().is_ok() && !self.is_closed.get() {
            let _ = self.chunks.try_send(None); // fails if the client has disconnected
        }
    }

    /// Sends the buffer when a permit is free.
    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() || self.is_closed.get() {
            return Ok(());
        }
        let permit = select! {
            recv(self.permits) -> permit => permit.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe)),
            recv(self.stop.receiver()) -> _ => Err(io::Error::other(crate::error::Error::Stopped)),
            default(self.timeout) => Err(io::ErrorKind::TimedOut.into()),
        };
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        let sent = permit.and_then(|()| self.chunks.try_send(Some(chunk.into())).map_err(gone));
        if sent.is_err() {
            self.close();
        }
        sent
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed.get() {
            return Ok(bytes.len());
        }
        let count = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..count]);
        if self.buffer.len() >= CHUNK {
            self.send()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: Body) -> Result<Bytes, axum::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(axum::body::to_bytes(body, usize::MAX))
    }

    #[test]
    fn only_a_finished_pipe_ends_properly() {
        let bytes: Vec<u8> = (0..400_000u32).flat_map(u32::to_le_bytes).collect();
        for is_finished in [true, false] {
            let (_running, stop) = Stop::new();
            let (mut pipe, body) = new(Duration::from_secs(60), stop);
            let written = bytes.clone();
            let writing = std::thread::spawn(move || {
                pipe.write_all(&written).unwrap();
                if is_finished {
                    pipe.finish();
                }
            });
            let read = read(body);
            writing.join().unwrap();
            match read {
                Ok(read) => assert!(is_finished && read == bytes),
                Err(_) => assert!(!is_finished),
            }
        }
    }

    #[test]
    fn a_stalled_reader_times_out() {
        let (_running, stop) = Stop::new();
        let (mut pipe, body) = new(Duration::from_millis(1), stop);
        pipe.write_all(&vec![0; MAX_CHUNKS * CHUNK]).unwrap();
        let refused = pipe.write_all(&vec![0; CHUNK]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        pipe.finish();
        assert!(read(body).is_err(), "the response is aborted");
    }

    #[test]
    fn a_waiting_writer_fails_on_disconnect_or_stop() {
        for stops in [true, false] {
            let (running, stop) = Stop::new();
            let (mut pipe, body) = new(Duration::from_secs(60), stop);
            let (begun, has_begun) = bounded::<()>(0);
            let writing = std::thread::spawn(move || {
                pipe.write_all(&vec![0; MAX_CHUNKS * CHUNK]).unwrap();
                drop(begun);
                let refused = pipe.write_all(&vec![0; CHUNK]).unwrap_err();
                pipe.write_all(&vec![0; 100 * CHUNK]).unwrap(); // discarded without waiting
                refused
            });
            let _ = has_begun.recv();
            if stops {
                drop(running);
            } else {
                drop(body);
            }
            let refused = writing.join().unwrap();
            assert_eq!(refused.kind() == io::ErrorKind::BrokenPipe, !stops, "{refused}");
        }
    }
}
