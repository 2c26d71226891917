//! Writes events into a zip file under their paths in the archive, `Camera1/2026-11-20/10-04-36/…`, uncompressed, since pictures
//! and movies are compressed already. A growing file is cut at its size when it was opened. A last entry, `PROBLEMS.txt`, lists what
//! could not be read.

use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use chrono::{DateTime, Datelike, Local, NaiveDateTime, Timelike};
use rustix::fs::Advice;
use zip::result::{ZipError, ZipResult};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::pipe::Pipe;
use crate::engine::{Handle, MediaFile, MediaFiles, Query, UsableStores};
use crate::event::{EventId, Located};

/// The events of a zip file.
pub(super) enum Content {
    /// One event.
    One(EventId, MediaFiles),
    /// Every event of the archive and of these stores that a query finds, page by page.
    Many(Query, UsableStores),
}

/// The most files of a zip file, whose table of contents is kept in memory: about 220 bytes each.
pub(super) const MAX_FILES: u64 = 200_000;
/// How many bytes are read at a time.
const CHUNK: usize = 256 * 1024;
/// The name of the entry that lists problems.
const PROBLEMS: &str = "PROBLEMS.txt";
/// The most lines of that entry; the rest is counted.
const MAX_PROBLEMS: usize = 1000;

/// Writes a zip file; returns when all of it is in the pipe, or when the pipe has failed.
pub(super) fn write(handle: &Handle, content: Content, pipe: Pipe) {
    let mut writer = EventWriter {
        zip: ZipWriter::new_stream(pipe),
        buffer: vec![0; CHUNK],
        files: 0,
        problems: Vec::new(),
        away: None,
        more_problems: 0,
    };
    let written = writer.events(handle, content).and_then(|()| writer.add_problems(handle));
    match written {
        Ok(()) => match writer.zip.finish() {
            Ok(stream) => stream.into_inner().finish(),
            Err(error) => tracing::debug!("aborted a zip file: {error}"),
        },
        Err(error) => {
            if let Some(stream) = writer.zip.get_ref() {
                stream.get_ref().close(); // dropping the writer would complete the zip file
            }
            tracing::debug!("aborted a zip file: {error}");
        }
    }
}

/// A zip file in progress. The methods fail only for errors of the pipe or the catalog, which end it.
struct EventWriter {
    zip: ZipWriter<StreamWriter<Pipe>>,
    buffer: Vec<u8>,
    files: u64,
    /// The lines of `PROBLEMS.txt`.
    problems: Vec<String>,
    /// A store that could not be used.
    away: Option<String>,
    more_problems: usize,
}

impl EventWriter {
    fn events(&mut self, handle: &Handle, content: Content) -> ZipResult<()> {
        let (mut query, stores) = match content {
            Content::One(id, files) => return self.event(&id, &files),
            Content::Many(query, stores) => (query, stores),
        };
        loop {
            let page = handle.located_events(&query, &stores).map_err(io::Error::other)?;
            for Located { event, location } in page.events {
                if self.files >= MAX_FILES {
                    self.problem(format!(
                        "{} and later events: left out, the limit is {MAX_FILES} files; choose a shorter period",
                        event.id
                    ));
                    return Ok(());
                }
                if self.away.is_some() && self.away.as_deref() == location.store() {
                    self.problem(format!("{}: left out, its store cannot be used", event.id));
                    continue;
                }
                match handle.files_of(&event.id, &location) {
                    Ok(files) => self.event(&event.id, &files)?,
                    Err(error) if error.is_not_found() => {
                        self.problem(format!("{}: removed meanwhile", event.id));
                    }
                    Err(error) => self.failed(event.id, &error),
                }
                // Each further event would wait for it in vain, for as long as this one.
                if let Some(store) = location.store().filter(|store| is_away(handle, store)) {
                    self.away = Some(store.to_owned());
                }
            }
            match page.next {
                Some(next) => query = query.cursor(next),
                None => return Ok(()),
            }
        }
    }

    fn event(&mut self, id: &EventId, files: &MediaFiles) -> ZipResult<()> {
        for name in files.was_odd() {
            self.problem(format!("{id}/{name}: left out, its name is invalid"));
        }
        let names = match files.names() {
            Ok(names) => names,
            Err(error) => {
                self.failed(id, &error);
                return Ok(());
            }
        };
        for file in &*names {
            let (in_debug, name) = file;
            // A backslash separates directories on Windows.
            let path = format!("{id}/{}{name}", if *in_debug { "debug/" } else { "" }).replace('\\', "_");
            match files.open(file) {
                Ok(media) => self.file(&path, &media)?,
                // The file was removed, or replaced by a link.
                Err(error) if error.is_not_found() => self.problem(format!("{path}: removed meanwhile")),
                Err(error) => self.failed(&path, &error),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, media: &MediaFile) -> ZipResult<()> {
        let _ = rustix::fs::fadvise(&media.file, 0, None, Advice::Sequential); // a hint
        match self.start(path, local(media.modified), media.len) {
            // Two names that differ only in replaced characters.
            Err(ZipError::InvalidArchive(_)) => {
                self.problem(format!("{path}: left out, the name exists already"));
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
                    self.problem(format!(
                        "{path}: cut off at byte {at} of {}, the file was truncated meanwhile",
                        media.len
                    ));
                    break;
                }
                Ok(count) => {
                    self.zip.write_all(&self.buffer[..count])?;
                    at += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::warn!("cannot read {path} for a zip file: {error}");
                    self.problem(format!("{path}: cut off at byte {at} of {}, cannot be read", media.len));
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
        // The format has the years 1980 to 2107; other times become its first.
        let part = |number: u32| u8::try_from(number).unwrap_or(0);
        let (month, day) = (part(time.month()), part(time.day()));
        let (hour, minute, second) = (part(time.hour()), part(time.minute()), part(time.second()));
        let year = u16::try_from(time.year()).unwrap_or(0);
        options = options.last_modified_time(
            zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default(),
        );
        self.zip.start_file(path, options)
    }

    /// A read error. The log has the path and the message of the system.
    fn failed(&mut self, subject: impl std::fmt::Display, error: &crate::error::Error) {
        tracing::warn!("{} (for a zip file)", error.chain());
        self.problem(format!("{subject}: left out, cannot be read"));
    }

    fn problem(&mut self, line: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(line);
        } else {
            self.more_problems += 1;
        }
    }

    fn add_problems(&mut self, handle: &Handle) -> ZipResult<()> {
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

/// Whether the last request to a store has failed.
fn is_away(handle: &Handle, store: &str) -> bool {
    #[cfg(feature = "stores")]
    return store.parse().is_ok_and(|store| handle.stores().outage(&store).is_some());
    #[cfg(not(feature = "stores"))]
    {
        let _ = (handle, store);
        false
    }
}

/// A file's local time.
fn local(nanos: i64) -> NaiveDateTime {
    DateTime::from_timestamp_nanos(nanos).with_timezone(&Local).naive_local()
}
