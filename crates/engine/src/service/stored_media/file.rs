//! A file of an event of a store: its size, its version, and ranges of its bytes, through the media cache.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use owlery_cache::{Label, Whole};
use owlery_store::{CopiedFile, FrameAt, HostName, PART};
use tokio::task::JoinHandle;

use super::files::{Pieces, of_read};
use super::{StoredError, StoredReader};
use crate::archive::{MovieContents, read_movie_by};
use crate::event::{EventId, media_type};
use crate::service::derived::STORED;

/// How many digits of a checksum tell versions of a file apart.
const DIGITS: usize = 16;

/// A file of an event of a store. Nothing of it is read before [`StoredFile::read`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StoredFile(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    reader: Arc<StoredReader>,
    object: Object,
    contents: Contents,
    modified: i64,
    /// Where a frame begins in its object; known once it was read.
    start: Mutex<Option<u64>>,
}

/// What of an object a file is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contents {
    /// All of it.
    Whole,
    /// A frame among others.
    Frame(FrameAt),
}

/// An object with a file, or with frames.
#[derive(Debug)]
pub(super) struct Object {
    store: Arc<str>,
    host: HostName,
    /// The event, as the host names it.
    event: EventId,
    file: CopiedFile,
    key: String,
    whole: Whole,
    /// The part that was read last, where no cache keeps it.
    last: Mutex<Option<(u64, Bytes)>>,
    /// How it begins if it is encrypted: each range needs that.
    header: Mutex<Option<Bytes>>,
}

impl Object {
    pub(super) fn new((store, host, event): (Arc<str>, HostName, EventId), file: CopiedFile) -> Self {
        let name = file.own_name();
        let version = file.sha256.get(..DIGITS).unwrap_or_default();
        let key = format!("{STORED}{store}/{host}/{event}/{}?v={version}", file.name);
        // What is encrypted stays so in the cache.
        let name = if file.encrypted.is_some() { &file.name } else { name };
        let whole =
            Whole { size: file.bytes, label: Label::new(mime_of(name), name.rsplit('/').next().unwrap_or(name)) };
        Self { store, host, event, file, key, whole, last: Mutex::default(), header: Mutex::default() }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The size of the object as it lies there.
    pub(super) fn size(&self) -> u64 {
        self.file.bytes
    }

    /// The size of the file, or of the zip file of the frames.
    fn bytes(&self) -> u64 {
        self.file.plain().0
    }

    /// Bytes of the file, decrypted if it is encrypted.
    async fn read(&self, reader: &StoredReader, range: Range<u64>) -> Result<Bytes, StoredError> {
        if self.file.encrypted.is_none() {
            return self.read_object(reader, range).await;
        }
        let ranges = self.file.sealed_ranges(&range);
        let ranges =
            ranges.ok_or_else(|| StoredError::Unreadable(format!("{} has sizes that do not fit", self.key)))?;
        let known = self.header().clone();
        let header = if let Some(header) = known {
            header
        } else {
            // Not a slice of its part, which would be kept too.
            let read = Bytes::copy_from_slice(&self.read_object(reader, ranges.header).await?);
            *self.header() = Some(read.clone());
            read
        };
        let chunks = self.read_object(reader, ranges.chunks).await?;
        let file = (&self.event, &self.file);
        Ok(reader.stores.decrypt(&self.store, file, range, [header, chunks]).await?)
    }

    /// Bytes of the object as it lies there: of the cache, else of the store.
    pub(super) async fn read_object(&self, reader: &StoredReader, range: Range<u64>) -> Result<Bytes, StoredError> {
        let fetch = |part: Range<u64>| self.fetch(reader, part.start / PART);
        let cache = reader.cache.get().ok().filter(|cache| self.file.bytes <= cache.options().max_bytes);
        let bytes = match cache {
            Some(cache) => cache.read_parts(&self.key, &self.whole, range.clone(), fetch).await?,
            None => self.read_uncached(reader, range.clone()).await?,
        };
        if bytes.len() as u64 == range.end.saturating_sub(range.start) {
            return Ok(bytes);
        }
        Err(StoredError::Unreadable(format!("{}/{} was not read to its end", self.event, self.file.name)))
    }

    async fn fetch(&self, reader: &StoredReader, part: u64) -> Result<Bytes, StoredError> {
        let file = (&self.event, &self.file);
        // The manifest names it, so an object that is not there is a damaged copy.
        let read = reader.stores.read_part(&self.store, &self.host, file, part).await;
        read.map_err(|error| StoredError::Store(Arc::new(error)))
    }

    async fn read_uncached(&self, reader: &StoredReader, range: Range<u64>) -> Result<Bytes, StoredError> {
        let mut pieces = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let part = at / PART;
            let known = self.last().clone().filter(|(last, _)| *last == part);
            let bytes = match known {
                Some((_, bytes)) => bytes,
                None => self.fetch(reader, part).await?,
            };
            *self.last() = Some((part, bytes.clone()));
            let from = part * PART;
            let index = |place: u64| usize::try_from(place - from).unwrap_or(usize::MAX).min(bytes.len());
            let end = range.end.min(from + PART);
            pieces.push(bytes.slice(index(at)..index(end)));
            at = end;
        }
        Ok(match pieces.len() {
            1 => pieces.pop().unwrap_or_default(),
            _ => pieces.concat().into(),
        })
    }

    fn header(&self) -> std::sync::MutexGuard<'_, Option<Bytes>> {
        self.header.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<(u64, Bytes)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoredFile {
    pub(super) fn new(reader: &Arc<StoredReader>, object: Object, contents: Contents, modified: i64) -> Self {
        let (reader, start) = (Arc::clone(reader), Mutex::default());
        Self(Arc::new(Opened { reader, object, contents, modified, start }))
    }

    pub(super) fn reader(&self) -> &StoredReader {
        &self.0.reader
    }

    /// Its size in bytes.
    pub fn len(&self) -> u64 {
        match self.0.contents {
            Contents::Whole => self.0.object.bytes(),
            Contents::Frame(frame) => frame.bytes,
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When it was written, in nanoseconds since 1970: the end of the event, since stores do not keep more.
    pub fn modified(&self) -> i64 {
        self.0.modified
    }

    /// What tells its bytes from all others: letters, digits and hyphens.
    pub fn tag(&self) -> String {
        let sha256 = &self.0.object.file.sha256;
        match self.0.contents {
            Contents::Whole => sha256.clone(),
            Contents::Frame(frame) => format!("{sha256}-{:x}", frame.header().start),
        }
    }

    /// A range in pieces, none of which has bytes of two parts; a frame, which is small and lies anywhere in its object, may have.
    pub fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> + Send + use<> {
        let end = range.end.min(self.len());
        let mut at = range.start;
        std::iter::from_fn(move || {
            let next = (at / PART + 1).saturating_mul(PART).min(end);
            let piece = at..next;
            at = next;
            (piece.start < piece.end).then_some(piece)
        })
    }

    /// What a movie has in it. Blocks; reads only the parts that tell.
    pub(in crate::service) fn contents(&self) -> Result<MovieContents, StoredError> {
        let mut pieces = Pieces::of(self.clone());
        let read = read_movie_by(self.len(), |buffer, at| pieces.read_at(buffer, at));
        read.map_err(|error| of_read(&error, "the movie"))
    }

    /// The piece with this byte.
    pub(super) fn piece_at(&self, at: u64) -> Range<u64> {
        let from = at / PART * PART;
        from..from.saturating_add(PART).min(self.len())
    }

    /// Begins to read a range, which is held in memory: read long ones by [`StoredFile::pieces`]. The result need not be awaited for
    /// that, and the parts are kept in the cache also if it is dropped. Each of them was compared with its checksum.
    ///
    /// # Errors
    /// The store cannot be used, or has other bytes than were copied.
    pub fn read(&self, range: Range<u64>) -> Reading {
        let this = Arc::clone(&self.0);
        let read = async move { this.read(range).await };
        Reading(self.0.reader.runtime().map(|runtime| runtime.spawn(read)))
    }
}

impl Opened {
    async fn read(&self, range: Range<u64>) -> Result<Bytes, StoredError> {
        let frame = match self.contents {
            Contents::Whole => return self.object.read(&self.reader, range).await,
            Contents::Frame(frame) => frame,
        };
        let known = *self.start();
        let start = match known {
            Some(start) => start,
            None => self.find(frame).await?,
        };
        *self.start() = Some(start);
        self.object.read(&self.reader, start.saturating_add(range.start)..start.saturating_add(range.end)).await
    }

    /// Where a frame begins in its object.
    async fn find(&self, frame: FrameAt) -> Result<u64, StoredError> {
        let header = self.object.read(&self.reader, frame.header()).await?;
        let is_within = |start: &u64| start.saturating_add(frame.bytes) <= self.object.bytes();
        let broken =
            || StoredError::Unreadable(format!("{}/{} is no file of frames", self.object.event, self.object.file.name));
        frame.start(&header).filter(is_within).ok_or_else(broken)
    }

    fn start(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.start.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of a file that are being read. They can be awaited on any runtime, and without one.
#[derive(Debug)]
pub struct Reading(Result<JoinHandle<Result<Bytes, StoredError>>, StoredError>);

impl Future for Reading {
    type Output = Result<Bytes, StoredError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Ok(task) => Pin::new(task).poll(context).map(|done| done.unwrap_or(Err(StoredError::Stopped))),
            Err(error) => Poll::Ready(Err(error.clone())),
        }
    }
}

/// The media type of an object, by its name.
fn mime_of(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "zip")) => "application/zip",
        _ => media_type(name).unwrap_or("application/octet-stream"),
    }
}
