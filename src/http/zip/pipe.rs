//! A pipe from a thread that writes to a client that reads: a few chunks lie in it, and whoever writes waits until one
//! is taken. It ends at once when the client goes away or the service stops, and after a while when the client takes
//! nothing. What ended otherwise than by `finish` breaks the answer off, so that no half of a file looks like a whole.

use std::cell::Cell;
use std::io::{self, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use crossbeam_channel::{Receiver, Sender, bounded, select};
use tokio::sync::mpsc;

use crate::clock::Stop;

/// How much is gathered before it is sent on.
const CHUNK: usize = 128 * 1024;
/// How many chunks may wait for the client.
const WAITING: usize = 4;
/// The end that is written to.
pub(super) struct Pipe {
    gathered: Vec<u8>,
    /// A chunk, or `None` at the end. There is a place for every chunk that may wait, and for the end.
    chunks: mpsc::Sender<Option<Bytes>>,
    /// One for every chunk that may be sent.
    places: Receiver<()>,
    /// How long the client may take nothing.
    patience: Duration,
    stop: Stop,
    /// Set when nothing more can or shall be sent; what is written then is dropped.
    is_closed: Cell<bool>,
}

/// A pipe and the body that reads from it, which may rest for so long.
pub(super) fn new(patience: Duration, stop: Stop) -> (Pipe, Body) {
    let (chunks, read) = mpsc::channel(WAITING + 1);
    let (taken, places) = bounded(WAITING);
    for _ in 0..WAITING {
        let _ = taken.try_send(()); // there is room for them
    }
    let pipe = Pipe { gathered: Vec::new(), chunks, places, patience, stop, is_closed: Cell::new(false) };
    (pipe, body(read, taken))
}

fn body(read: mpsc::Receiver<Option<Bytes>>, taken: Sender<()>) -> Body {
    Body::from_stream(futures_util::stream::unfold(Some((read, taken)), |pipe| async {
        let (mut read, taken) = pipe?;
        match read.recv().await {
            Some(Some(chunk)) => {
                let _ = taken.try_send(()); // whoever writes may be gone: then the end follows
                Some((Ok(chunk), Some((read, taken))))
            }
            Some(None) => None,
            None => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
        }
    }))
}

impl Pipe {
    /// Lets nothing more through.
    pub fn close(&self) {
        self.is_closed.set(true);
    }

    /// Sends the rest, and that it was all.
    pub fn finish(mut self) {
        if self.send().is_ok() && !self.is_closed.get() {
            let _ = self.chunks.try_send(None); // a client that is gone has no use for it
        }
    }

    /// Sends what was gathered, when there is a place for it.
    fn send(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() || self.is_closed.get() {
            return Ok(());
        }
        let place = select! {
            recv(self.places) -> place => place.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe)),
            recv(self.stop.receiver()) -> _ => Err(io::Error::other(crate::Error::Stopped)),
            default(self.patience) => Err(io::ErrorKind::TimedOut.into()),
        };
        let chunk = std::mem::replace(&mut self.gathered, Vec::with_capacity(CHUNK));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        let sent = place.and_then(|()| self.chunks.try_send(Some(chunk.into())).map_err(gone));
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
        let count = bytes.len().min(CHUNK - self.gathered.len());
        self.gathered.extend_from_slice(&bytes[..count]);
        if self.gathered.len() >= CHUNK {
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
    fn what_is_written_and_finished_is_read_and_what_is_not_breaks_off() {
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
    fn a_reader_that_takes_nothing_is_not_waited_for() {
        let (_running, stop) = Stop::new();
        let (mut pipe, body) = new(Duration::from_millis(1), stop);
        pipe.write_all(&vec![0; WAITING * CHUNK]).unwrap();
        let refused = pipe.write_all(&vec![0; CHUNK]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        pipe.finish();
        assert!(read(body).is_err(), "when it comes back it learns that something is missing");
    }

    #[test]
    fn whoever_waits_for_a_reader_is_told_that_he_is_gone_or_that_all_stops() {
        for stops in [true, false] {
            let (running, stop) = Stop::new();
            let (mut pipe, body) = new(Duration::from_secs(60), stop);
            let (begun, has_begun) = bounded::<()>(0);
            let writing = std::thread::spawn(move || {
                pipe.write_all(&vec![0; WAITING * CHUNK]).unwrap();
                drop(begun);
                let refused = pipe.write_all(&vec![0; CHUNK]).unwrap_err();
                pipe.write_all(&vec![0; 100 * CHUNK]).unwrap(); // dropped: nothing waits any more
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
