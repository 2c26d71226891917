//! The bytes of a file, read as the client takes them. Bytes in the page cache are read on the async thread; bytes on a disk are read
//! on the blocking pool, so that a slow disk does not delay other requests.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use bytes::BytesMut;
use http_body::{Frame, SizeHint};
use rustix::fs::Advice;
use rustix::io::ReadWriteFlags;
use tokio::task::JoinHandle;

use crate::engine::MediaFile;
use crate::limits::blocking;
use crate::problem::Problem;

/// How many bytes are read at a time. A smaller file is read whole.
const CHUNK: usize = 512 * 1024;
/// The bytes to read ahead after a read that waited for the disk.
const READAHEAD: u64 = 4 * CHUNK as u64;
/// The most buffers that are reused: one is filled while the other is sent.
const MAX_REUSED_BUFFERS: usize = 2;

/// An open file whose bytes are sent.
pub(crate) trait Source: Send + Unpin + 'static {
    /// The file.
    fn file(&self) -> &File;

    /// Called when the last byte of a response has been read.
    fn finish(&self) {}
}

impl Source for MediaFile {
    fn file(&self) -> &File {
        &self.file
    }
}

/// A body of `count` bytes from byte `from` on.
pub(crate) async fn of<S: Source>(media: S, from: u64, count: u64) -> Result<Body, Problem> {
    match usize::try_from(count) {
        Ok(count) if count <= CHUNK => small(media, from, count).await.map(Body::from),
        _ => Ok(Body::new(Streamed::new(media, from, count))),
    }
}

/// Reads all bytes before the response begins, so that a truncated file becomes an error response and not a broken one.
async fn small<S: Source>(media: S, from: u64, count: usize) -> Result<Bytes, Problem> {
    let mut bytes = vec![0; count];
    if read_at_once(media.file(), &mut bytes, from) == Some(count) {
        media.finish();
        return Ok(bytes.into());
    }
    blocking(move || {
        let read = media.file().read_exact_at(&mut bytes, from);
        read.map_err(|e| crate::error::Error::io("read", "a file that is sent", e))?;
        media.finish();
        Ok(bytes.into())
    })
    .await
}

/// Reads bytes in the page cache without waiting for a disk: returns their number, 0 at the end of the file, `None` if they are not
/// in memory or the filesystem does not support this.
fn read_at_once(file: &File, buffer: &mut [u8], at: u64) -> Option<usize> {
    rustix::io::preadv2(file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT).ok()
}

/// A part of a file that is read while it is sent. A truncated file is an error, which aborts the response; bytes that are appended
/// meanwhile are not sent.
struct Streamed<S> {
    at: u64,
    end: u64,
    /// Chunks whose buffers are reused when they have been sent.
    sent: VecDeque<Bytes>,
    reading: Reading<S>,
}

/// The state of reading.
enum Reading<S> {
    Idle(S),
    /// A thread waits for the disk; it returns the file and what it read.
    Waiting(JoinHandle<(S, io::Result<BytesMut>)>),
    /// All bytes are read, or there was an error.
    Done,
}

impl<S: Source> Streamed<S> {
    fn new(media: S, from: u64, count: u64) -> Self {
        Self { at: from, end: from + count, sent: VecDeque::new(), reading: Reading::Idle(media) }
    }

    /// The size of the next chunk.
    fn next(&self) -> usize {
        usize::try_from(self.end - self.at).unwrap_or(CHUNK).min(CHUNK)
    }

    /// A buffer of the size of the next chunk, to be overwritten. Reused buffers are not cleared.
    fn buffer(&mut self) -> BytesMut {
        let size = self.next();
        let free = self.sent.pop_front().map(Bytes::try_into_mut);
        match free {
            Some(Ok(mut used)) if used.len() >= size => {
                used.truncate(size);
                used
            }
            Some(Err(in_use)) => {
                self.sent.push_front(in_use);
                BytesMut::zeroed(size)
            }
            _ => BytesMut::zeroed(size),
        }
    }

    /// Returns a chunk to be sent.
    fn send(&mut self, chunk: BytesMut) -> Bytes {
        self.at += chunk.len() as u64;
        let chunk = chunk.freeze();
        if self.at >= self.end {
            if let Reading::Idle(media) = std::mem::replace(&mut self.reading, Reading::Done) {
                media.finish();
            }
            self.sent.clear();
        } else if self.sent.len() < MAX_REUSED_BUFFERS {
            self.sent.push_back(chunk.clone());
        }
        chunk
    }

    /// Reads the next chunk on the blocking pool.
    fn wait_for_disk(&mut self, media: S, mut buffer: BytesMut) {
        let (at, end) = (self.at, self.end);
        self.reading = Reading::Waiting(tokio::task::spawn_blocking(move || {
            let read = read_some(media.file(), &mut buffer, at).map(|count| {
                buffer.truncate(count);
                // A hint: the disk reads on while this chunk is sent.
                let next = at + count as u64;
                if let Some(ahead) = NonZeroU64::new(READAHEAD.min(end - next)) {
                    let _ = rustix::fs::fadvise(media.file(), next, Some(ahead), Advice::WillNeed);
                }
                buffer
            });
            (media, read)
        }));
    }
}

/// Reads at least one byte. The end of the file is an error, since more bytes were announced.
fn read_some(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl<S: Source> HttpBody for Streamed<S> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            match std::mem::replace(&mut self.reading, Reading::Done) {
                Reading::Done => return Poll::Ready(None),
                Reading::Idle(media) => {
                    let mut buffer = self.buffer();
                    match read_at_once(media.file(), &mut buffer, self.at) {
                        Some(0) => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
                        Some(count) => {
                            buffer.truncate(count);
                            self.reading = Reading::Idle(media);
                            return Poll::Ready(Some(Ok(Frame::data(self.send(buffer)))));
                        }
                        None => self.wait_for_disk(media, buffer),
                    }
                }
                Reading::Waiting(mut thread) => {
                    let Poll::Ready(read) = Pin::new(&mut thread).poll(context) else {
                        self.reading = Reading::Waiting(thread);
                        return Poll::Pending;
                    };
                    let chunk = read.map_err(io::Error::other).and_then(|(media, read)| {
                        self.reading = Reading::Idle(media);
                        read
                    });
                    return Poll::Ready(Some(match chunk {
                        Ok(chunk) => Ok(Frame::data(self.send(chunk))),
                        Err(error) => {
                            self.reading = Reading::Done;
                            Err(error)
                        }
                    }));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}
