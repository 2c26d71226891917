//! The frames of an event as one object: a zip file without compression, so that one request brings many small files, and a range of
//! it is a frame.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

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
