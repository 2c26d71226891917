//! One flat event: its files by the names that they have within it, and which pictures belong to it.
//!
//! Without event numbers only the length of the movie tells to which event a picture belongs: from 60 s before a movie's
//! start to its end it is a frame of the event, otherwise it is loose.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::{Entry, FlatDay, open_below, stat_below};
use crate::dir::{Dir, Statx, join};
use crate::error::{Error, Result};
use crate::event::frames::Frame;
use crate::event::{Container, EventName};
use crate::layout::{FileKind, MAX_PAUSE, PRE_CAPTURE};
use crate::movie_file::{self, Lengths, Probe};

/// The seconds from a picture to the next one of a series without a pause.
const NO_PAUSE: u32 = 1;

/// A flat event.
#[derive(Debug)]
pub(crate) struct FlatEvent<'a> {
    base: &'a Dir,
    day: Arc<FlatDay>,
    name: EventName,
}

impl<'a> FlatEvent<'a> {
    pub(super) fn new(base: &'a Dir, day: Arc<FlatDay>, name: EventName) -> Self {
        Self { base, day, name }
    }

    /// The directory that paths of its files begin in.
    pub(crate) fn base(&self) -> &'a Dir {
        self.base
    }

    /// Its name.
    pub(crate) fn name(&self) -> EventName {
        self.name
    }

    /// Its files by their names alone, in the order of time. Without event numbers, pictures after its end are among them.
    pub(crate) fn candidates(&self) -> Vec<&Entry> {
        self.day.members(self.name).unwrap_or_default()
    }

    /// Whether its files have an event number, so that the names decide.
    pub(crate) fn is_numbered(&self) -> bool {
        self.candidates().iter().any(|entry| entry.file.number.is_some())
    }

    /// Its files. Reads the movie's length if pictures depend on it.
    pub(crate) fn files(&self) -> Result<Vec<&Entry>> {
        let mut files = self.candidates();
        let is_picture = |entry: &&Entry| matches!(entry.file.kind, FileKind::Picture(_) | FileKind::DebugPicture(_));
        if self.is_numbered() || !files.iter().any(|entry| !is_picture(entry)) {
            return Ok(files);
        }
        let start = self.name.secs().unwrap_or(0);
        let before = self.day.before(self.name);
        let earlier = match before {
            Some(before) => self.day.members(before).unwrap_or_default(),
            None => Vec::new(),
        };
        let is_shortly_before =
            |entry: &&Entry| is_picture(entry) && entry.file.secs + PRE_CAPTURE >= start && entry.file.secs < start;
        let early: Vec<&Entry> = earlier.into_iter().filter(is_shortly_before).collect();
        if files.iter().any(is_picture) {
            let end = self.end(self.name)?;
            files.retain(|entry| !is_picture(entry) || entry.file.secs < start || entry.file.secs <= end);
        }
        if let Some(before) = before.filter(|_| !early.is_empty()) {
            let end = self.end(before)?;
            files.extend(early.into_iter().filter(|entry| entry.file.secs > end));
            files.sort_by_key(|entry| entry.file.secs);
        }
        Ok(files)
    }

    /// Its last second by its movies, in seconds since its day's midnight; beyond that of the next day if it lasts longer.
    pub(crate) fn last_second(&self) -> Result<u32> {
        self.end(self.name)
    }

    /// The last second of an event of this day by the length of its movies, in seconds since midnight. After it, and where
    /// there is no length, pictures follow as long as they have no pause.
    fn end(&self, name: EventName) -> Result<u32> {
        let members = self.day.members(name).unwrap_or_default();
        let start = name.secs().unwrap_or(0);
        let length = movie_seconds(self.base, members.iter().copied())?;
        let seconds = members.iter().map(|entry| entry.file.secs).filter(|secs| *secs >= start);
        // Lengths are rounded. Motion's movies leave out the pauses within an event, so its pictures may go on after that.
        let (mut end, pause) =
            if length > 0 { (start.saturating_add(length).saturating_add(1), NO_PAUSE) } else { (start, MAX_PAUSE) };
        let mut last = start;
        for secs in seconds {
            if secs > end.max(last.saturating_add(pause)) {
                break;
            }
            last = secs;
            end = end.max(secs);
        }
        Ok(end)
    }

    /// Its file of this name. A name that two files would have is that of the first by path.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        let frame = Frame::parse(name.as_bytes()).filter(|frame| *frame.file_name() == *name);
        let is_it = |entry: &&Entry| match entry.file.kind {
            FileKind::Picture(of) | FileKind::DebugPicture(of) => Some(of) == frame,
            FileKind::Saved => false,
            _ => entry.disk_name() == name,
        };
        let known = self.candidates().into_iter().find(is_it);
        // A frame from shortly before its start counts among the previous event's by its name.
        known.or_else(|| self.files().ok()?.into_iter().find(is_it))
    }

    /// The metadata of a file.
    pub(crate) fn stat(&self, entry: &Entry) -> Result<Statx> {
        stat_below(self.base, &entry.path)
    }

    /// Opens a file by its name within the event.
    pub(crate) fn open(&self, name: &str) -> Result<OwnedFd> {
        match self.find(name) {
            Some(entry) => open_below(self.base, &entry.path),
            None => Err(Error::io("open", join(self.base.path(), name.as_bytes()), io::ErrorKind::NotFound)),
        }
    }

    /// The path of its first file, for messages.
    pub(crate) fn path(&self) -> std::path::PathBuf {
        let candidates = self.candidates();
        let is_movie = |entry: &&&Entry| matches!(entry.file.kind, FileKind::Movie(_));
        let first = candidates.iter().find(is_movie).or(candidates.first());
        first.map_or_else(|| self.base.path().to_path_buf(), |entry| join(self.base.path(), entry.path.as_bytes()))
    }

    /// The stem that names the event's marker `.STEM.saved`: that of its first movie, else of its first file.
    pub(crate) fn stem(&self) -> Option<(String, String)> {
        let candidates = self.candidates();
        let is_movie = |entry: &&&Entry| matches!(entry.file.kind, FileKind::Movie(_));
        let is_recording = |entry: &&&Entry| entry.is_recording();
        let entry = candidates.iter().find(is_movie).or_else(|| candidates.iter().find(is_recording))?;
        let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Some((folder.to_owned(), entry.stem().to_owned()))
    }

    /// The markers that protect it.
    pub(crate) fn marks(&self) -> Vec<&Entry> {
        self.candidates().into_iter().filter(|entry| entry.file.kind == FileKind::Saved).collect()
    }
}

/// The length of these files' movies together, in seconds.
fn movie_seconds<'e>(base: &Dir, entries: impl Iterator<Item = &'e Entry>) -> Result<u32> {
    let mut lengths = Lengths::default();
    for entry in entries {
        let FileKind::Movie(container) = entry.file.kind else { continue };
        match stat_below(base, &entry.path).and_then(|stat| probe(base, entry, &stat, container)) {
            Err(error) if error.is_not_found() => {}
            probe => lengths.add(entry.stem(), probe?.secs),
        }
    }
    Ok(lengths.sum())
}

/// Reads one movie.
pub(super) fn probe(base: &Dir, entry: &Entry, stat: &Statx, container: Container) -> Result<Probe> {
    let file = open_below(base, &entry.path)?;
    let path = || join(base.path(), entry.path.as_bytes());
    movie_file::probe(&file, stat.stx_size, container).map_err(|e| Error::io("read", path(), e))
}
