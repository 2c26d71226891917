//! The bytes of a file, read as the client takes them. What is in memory is read at once, on the thread that sends it;
//! what must come from a disk is read on a thread of the blocking pool, so that a slow disk holds up nobody else.

use std::collections::VecDeque;
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

use super::super::blocking;
use super::super::error::Problem;
use crate::archive::MediaFile;

/// How much of a file is read at a time; what is not larger is read in one go.
const CHUNK: usize = 512 * 1024;
/// How far ahead of a read that had to wait the disk is asked to go on.
const AHEAD: u64 = 4 * CHUNK as u64;
/// So many chunks are kept to be filled again: one is read into while the other is sent.
const UNDER_WAY: usize = 2;

/// A body of `count` bytes from byte `from` on.
pub(super) async fn of(media: MediaFile, from: u64, count: u64) -> Result<Body, Problem> {
    match usize::try_from(count) {
        Ok(count) if count <= CHUNK => small(media, from, count).await.map(Body::from),
        _ => Ok(Body::new(Streamed::new(media, from, count))),
    }
}

/// All of it, before the head is sent: a file that was cut off meanwhile is still an error and no broken answer.
async fn small(media: MediaFile, from: u64, count: usize) -> Result<Bytes, Problem> {
    let mut bytes = vec![0; count];
    if read_at_once(&media, &mut bytes, from) == Some(count) {
        return Ok(bytes.into());
    }
    blocking(move || {
        media.file.read_exact_at(&mut bytes, from).map_err(|e| crate::Error::io("read", "a file of an event", e))?;
        Ok(bytes.into())
    })
    .await
}

/// Reads what is in memory, without waiting for a disk: how many bytes, 0 at the file's end, `None` if that cannot be done
/// (it is not in memory, or the filesystem does not know how).
fn read_at_once(media: &MediaFile, buffer: &mut [u8], at: u64) -> Option<usize> {
    rustix::io::preadv2(&media.file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT).ok()
}

/// A part of a file that is read while it is sent. It ends with an error, which breaks the answer off, where the file is
/// shorter than it was; what is added to the file meanwhile is not sent.
struct Streamed {
    at: u64,
    end: u64,
    /// Chunks that were handed out, to be used again when they have been sent.
    sent: VecDeque<Bytes>,
    reading: Reading,
}

/// Who has the file.
enum Reading {
    Here(MediaFile),
    /// A thread that waits for the disk: it brings the file back, and what it read.
    There(JoinHandle<(MediaFile, io::Result<BytesMut>)>),
    /// Nobody any more: all was read, or there was an error.
    Done,
}

impl Streamed {
    fn new(media: MediaFile, from: u64, count: u64) -> Self {
        Self { at: from, end: from + count, sent: VecDeque::new(), reading: Reading::Here(media) }
    }

    /// The size of the next chunk.
    fn next(&self) -> usize {
        usize::try_from(self.end - self.at).unwrap_or(CHUNK).min(CHUNK)
    }

    /// A buffer of the size of the next chunk. What is in it is written over; one that was sent is not wiped before.
    fn buffer(&mut self) -> BytesMut {
        let size = self.next();
        let free = self.sent.pop_front().map(Bytes::try_into_mut);
        match free {
            Some(Ok(mut used)) if used.len() >= size => {
                used.truncate(size);
                used
            }
            Some(Err(still_needed)) => {
                self.sent.push_front(still_needed);
                BytesMut::zeroed(size)
            }
            _ => BytesMut::zeroed(size),
        }
    }

    /// Hands out what was read.
    fn send(&mut self, chunk: BytesMut) -> Bytes {
        self.at += chunk.len() as u64;
        let chunk = chunk.freeze();
        if self.at >= self.end {
            self.reading = Reading::Done;
            self.sent.clear();
        } else if self.sent.len() < UNDER_WAY {
            self.sent.push_back(chunk.clone());
        }
        chunk
    }

    /// Has the next chunk read by a thread that may wait.
    fn wait_for_disk(&mut self, media: MediaFile, mut buffer: BytesMut) {
        let (at, end) = (self.at, self.end);
        self.reading = Reading::There(tokio::task::spawn_blocking(move || {
            let read = read_some(&media, &mut buffer, at).map(|count| {
                buffer.truncate(count);
                // The disk goes on while this is sent; only a hint, so that it fails is nobody's concern.
                let next = at + count as u64;
                if let Some(ahead) = NonZeroU64::new(AHEAD.min(end - next)) {
                    let _ = rustix::fs::fadvise(&media.file, next, Some(ahead), Advice::WillNeed);
                }
                buffer
            });
            (media, read)
        }));
    }
}

/// At least one byte; the end of the file is an error, since a part of it is still owed.
fn read_some(media: &MediaFile, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match media.file.read_at(buffer, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            match std::mem::replace(&mut self.reading, Reading::Done) {
                Reading::Done => return Poll::Ready(None),
                Reading::Here(media) => {
                    let mut buffer = self.buffer();
                    match read_at_once(&media, &mut buffer, self.at) {
                        Some(0) => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
                        Some(count) => {
                            buffer.truncate(count);
                            self.reading = Reading::Here(media);
                            return Poll::Ready(Some(Ok(Frame::data(self.send(buffer)))));
                        }
                        None => self.wait_for_disk(media, buffer),
                    }
                }
                Reading::There(mut thread) => {
                    let Poll::Ready(read) = Pin::new(&mut thread).poll(context) else {
                        self.reading = Reading::There(thread);
                        return Poll::Pending;
                    };
                    let chunk = read.map_err(io::Error::other).and_then(|(media, read)| {
                        self.reading = Reading::Here(media);
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
