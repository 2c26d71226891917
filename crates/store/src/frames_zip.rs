//! The frames of an event as one object: a zip file without compression, so that one request brings many small files, and a range of
//! it is a frame. Its directory says which: it lies at the end, and is read without the rest.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, Read, Seek, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use moka::future::Cache;
use zip::read::{ArchiveOffset, Config};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::error::{Error, Result};
use crate::keys::FRAMES;
use crate::source::{Found, Source};
use crate::upload::Sink;

/// How many bytes are passed on at a time, or a little more.
const PIECE: usize = 256 << 10;

/// Writes the frames as one zip file. Only the table of contents is kept in memory, and a few frames.
pub(crate) async fn write(frames: &[Found], source: &dyn Source, sink: &mut impl Sink) -> Result<()> {
    let made = Made::default();
    let mut zip = ZipWriter::new_stream(made.clone());
    for frame in frames {
        let large = frame.bytes >= u64::from(u32::MAX);
        // The time is that of the name; zip has no time zone, and a copy must not depend on one, nor on the time of the copy: an
        // upload that was interrupted goes on with the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .large_file(large);
        zip.start_file(&*frame.name, options).map_err(|error| failed(io::Error::from(error)))?;
        let opened = frame.open(source)?;
        for piece in opened.pieces() {
            zip.write_all(&opened.read(piece).await?).map_err(failed)?;
            if made.bytes() >= PIECE {
                sink.write(made.take()).await?;
            }
        }
        opened.check_unchanged()?;
    }
    let end = zip.finish().map(StreamWriter::into_inner);
    end.map_err(|error| failed(io::Error::from(error)))?;
    sink.write(made.take()).await
}

fn failed(error: io::Error) -> Error {
    Error::io("make", FRAMES, error)
}

/// What the zip writer has made and [`write`] has not sent yet. Used by one task at a time; the lock only lets the task move between threads.
#[derive(Debug, Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.lock()).into()
    }

    fn bytes(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of what lies before a frame, without its name: a local header of the format.
const HEADER: u64 = 30;
/// What it begins with.
const SIGNATURE: &[u8] = b"PK\x03\x04";
/// The most bytes of directories that are kept, roughly.
const MAX_DIRECTORIES: u64 = 4 << 20;

/// Which frames a `frames.zip` has, and where.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FramesDirectory {
    frames: BTreeMap<Box<str>, FrameAt>,
}

/// Where a frame lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameAt {
    header: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

impl FrameAt {
    /// The range of the zip file that [`FrameAt::start`] needs.
    pub fn header(&self) -> std::ops::Range<u64> {
        self.header..self.header.saturating_add(HEADER)
    }

    /// Where the frame's bytes begin in the zip file, by the bytes of [`FrameAt::header`]. `None` if these are none.
    pub fn start(&self, header: &[u8]) -> Option<u64> {
        let length = |at: usize| Some(u64::from(u16::from_le_bytes(header.get(at..at + 2)?.try_into().ok()?)));
        if !header.starts_with(SIGNATURE) {
            return None;
        }
        self.header.checked_add(HEADER)?.checked_add(length(26)?)?.checked_add(length(28)?)
    }
}

impl FramesDirectory {
    /// Reads the directory of a `frames.zip`, and nothing before it.
    ///
    /// # Errors
    /// It cannot be read, or is none: a frame is compressed, or lies elsewhere than in the event's directory and its `debug/`.
    pub fn read(zip: impl Read + Seek) -> io::Result<Self> {
        // Without it, the reader looks for the beginning too.
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let zip = ZipArchive::with_config(config, zip)?;
        let (mut frames, end) = (BTreeMap::new(), zip.central_directory_start());
        for nth in 0..zip.len() {
            let entry = zip.by_index_data(nth)?;
            let name = entry.name()?;
            let own = name.strip_prefix("debug/").unwrap_or(&name);
            let (header, bytes) = (entry.header_start(), entry.size());
            let is_within = header.checked_add(bytes).is_some_and(|at| at <= end);
            if entry.compression() != CompressionMethod::Stored || own.contains('/') || !is_within {
                return Err(io::Error::other(format!("it has {name:?}, which is no frame")));
            }
            frames.insert(name.into(), FrameAt { header, bytes });
        }
        Ok(Self { frames })
    }

    /// The frames by name, `NAME` or `debug/NAME`, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, FrameAt)> {
        self.frames.iter().map(|(name, at)| (&**name, *at))
    }

    /// Where a frame lies; `None` if there is none of this name.
    pub fn get(&self, name: &str) -> Option<FrameAt> {
        self.frames.get(name).copied()
    }
}

/// Directories that were read, by the checksums of their zip files. Cheap to clone; the clones share them.
#[derive(Debug, Clone)]
pub struct FramesCache(Cache<Box<str>, Arc<FramesDirectory>>);

impl Default for FramesCache {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MAX_DIRECTORIES).weigher(|_, directory| weight(directory)).build())
    }
}

/// About how many bytes a directory takes.
fn weight(directory: &Arc<FramesDirectory>) -> u32 {
    u32::try_from(directory.frames.len()).unwrap_or(u32::MAX).saturating_mul(100).saturating_add(200)
}

impl FramesCache {
    /// The directory of the zip file with this SHA-256: a known one, or that of `read`, which callers share.
    ///
    /// # Errors
    /// Those of `read`, for all who waited for it. They are not kept.
    pub async fn get<E: Send + Sync + 'static>(
        &self,
        sha256: &str,
        read: impl Future<Output = std::result::Result<FramesDirectory, E>>,
    ) -> std::result::Result<Arc<FramesDirectory>, Arc<E>> {
        self.0.try_get_with(sha256.into(), async { read.await.map(Arc::new) }).await
    }
}
