//! Writes events into a zip, file after file, as they are on disk: `Camera1/2026-11-20/10-04-36/…`, stored, since pictures
//! and movies do not get smaller. Of a file that grows it takes what there was at first; what could not be read is named
//! in a last entry, `PROBLEMS.txt`.

use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use chrono::{DateTime, Datelike, Local, NaiveDateTime, Timelike};
use rustix::fs::Advice;
use zip::result::{ZipError, ZipResult};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::MOST_FILES;
use super::pipe::Pipe;
use crate::archive::{EventFiles, MediaFile};
use crate::catalog::Query;
use crate::event::EventId;
use crate::service::Handle;

/// Content is written.
pub(super) enum Content {
    /// One event.
    One(EventId, EventFiles),
    /// Every event that a query finds, page by page.
    Many(Query),
}

/// How much is read at a time.
const CHUNK: usize = 256 * 1024;
/// The name of the entry that tells what is not as it should be.
const PROBLEMS: &str = "PROBLEMS.txt";
/// The most lines that it has; more are counted.
const MOST_PROBLEMS: usize = 1000;

/// Writes a zip; returns when all of it is in the pipe, or when nobody wants it any more.
pub(super) fn write(handle: &Handle, what: Content, pipe: Pipe) {
    let mut writer = Writer {
        zip: ZipWriter::new_stream(pipe),
        buffer: vec![0; CHUNK],
        files: 0,
        problems: Vec::new(),
        more_problems: 0,
    };
    let written = writer.events(handle, what).and_then(|()| writer.tell_problems(handle));
    match written {
        Ok(()) => match writer.zip.finish() {
            Ok(stream) => stream.into_inner().finish(),
            Err(error) => tracing::debug!("a zip was broken off: {error}"),
        },
        Err(error) => {
            if let Some(stream) = writer.zip.get_ref() {
                stream.get_ref().close(); // dropping the writer ends the zip, as if it were whole
            }
            tracing::debug!("a zip was broken off: {error}");
        }
    }
}

/// A zip on its way. Every error of its methods is one of the pipe, or of a catalog that cannot be read, and ends it.
struct Writer {
    zip: ZipWriter<StreamWriter<Pipe>>,
    buffer: Vec<u8>,
    files: u64,
    /// Content is not as it should be, one a line.
    problems: Vec<String>,
    more_problems: usize,
}

impl Writer {
    fn events(&mut self, handle: &Handle, what: Content) -> ZipResult<()> {
        let mut query = match what {
            Content::One(id, files) => return self.event(&id, &files),
            Content::Many(query) => query,
        };
        loop {
            let page = handle.events(&query).map_err(io::Error::other)?;
            for event in page.events {
                if self.files >= MOST_FILES {
                    self.problem(format!(
                        "{} and what follows: left out, {MOST_FILES} files are the most; ask for a shorter time",
                        event.id
                    ));
                    return Ok(());
                }
                match handle.event_files(&event.id) {
                    Ok(files) => self.event(&event.id, &files)?,
                    Err(error) if error.is_not_found() => {
                        self.problem(format!("{}: it is not there any more", event.id));
                    }
                    Err(error) => self.failed(event.id, &error),
                }
            }
            match page.next {
                Some(next) => query = query.cursor(next),
                None => return Ok(()),
            }
        }
    }

    fn event(&mut self, id: &EventId, files: &EventFiles) -> ZipResult<()> {
        for name in &files.was_odd {
            self.problem(format!("{id}/{name}: left out for its name"));
        }
        for file in &files.names {
            let (in_debug, name) = file;
            // A backslash separates directories where some will unpack this.
            let path = format!("{id}/{}{name}", if *in_debug { "debug/" } else { "" }).replace('\\', "_");
            match files.open(file) {
                Ok(media) => self.file(&path, &media)?,
                // Not even the name is told of a link that came in a file's place.
                Err(error) if error.is_not_found() => self.problem(format!("{path}: it is not there any more")),
                Err(error) => self.failed(&path, &error),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, media: &MediaFile) -> ZipResult<()> {
        let _ = rustix::fs::fadvise(&media.file, 0, None, Advice::Sequential); // a hint
        match self.start(path, local(media.modified), media.len) {
            // Two names that differ only in what had to be replaced.
            Err(ZipError::InvalidArchive(_)) => {
                self.problem(format!("{path}: left out, it is there already"));
                return Ok(());
            }
            other => other?,
        }
        self.files += 1;
        let mut at = 0;
        while at < media.len {
            let size = usize::try_from(media.len - at).unwrap_or(CHUNK).min(CHUNK);
            match media.file.read_at(&mut self.buffer[..size], at) {
                Ok(0) => {
                    self.problem(format!("{path}: cut off at byte {at} of {}, it was shortened meanwhile", media.len));
                    break;
                }
                Ok(count) => {
                    self.zip.write_all(&self.buffer[..count])?;
                    at += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::warn!("cannot read {path} for a zip: {error}");
                    self.problem(format!("{path}: cut off at byte {at} of {}, it cannot be read", media.len));
                    break;
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, path: &str, time: NaiveDateTime, size: u64) -> ZipResult<()> {
        let mut options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(0o644)
            .large_file(size >= u64::from(u32::MAX));
        // The years 1980 to 2107; others are told as the first.
        let part = |number: u32| u8::try_from(number).unwrap_or(0);
        let (month, day) = (part(time.month()), part(time.day()));
        let (hour, minute, second) = (part(time.hour()), part(time.minute()), part(time.second()));
        let year = u16::try_from(time.year()).unwrap_or(0);
        options = options.last_modified_time(
            zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default(),
        );
        self.zip.start_file(path, options)
    }

    /// Something that cannot be read. The paths and messages of the system are for the log.
    fn failed(&mut self, what: impl std::fmt::Display, error: &crate::Error) {
        tracing::warn!("{} (for a zip)", error.chain());
        self.problem(format!("{what}: left out, it cannot be read"));
    }

    fn problem(&mut self, line: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(line);
        } else {
            self.more_problems += 1;
        }
    }

    fn tell_problems(&mut self, handle: &Handle) -> ZipResult<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let mut text = self.problems.join("\n");
        if self.more_problems > 0 {
            text.push_str(&format!("\nand {} more", self.more_problems));
        }
        text.push('\n');
        self.start(PROBLEMS, handle.now().local, text.len() as u64)?;
        Ok(self.zip.write_all(text.as_bytes())?)
    }
}

/// A file's time on the wall.
fn local(nanos: i64) -> NaiveDateTime {
    DateTime::from_timestamp_nanos(nanos).with_timezone(&Local).naive_local()
}
