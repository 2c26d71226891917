//! Whether a movie was finished, how long it is and how it is coded, from its container. `FFmpeg`, which writes Motion's movies, fills
//! a field at the beginning or adds an entry at the end when it closes the file. If that is missing, the movie is being
//! written or was cut off.
//!
//! Crates that read containers need whole files and reject truncated ones. This module reads a bounded number of blocks
//! of any file, and accepts all bytes.

mod avi;
mod contents;
mod flv;
mod fragments;
mod matroska;
mod matroska_tracks;
mod mp4;
mod mp4_tracks;
mod mpeg;
mod ogg;
mod source;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;

use crate::event::Container;
use crate::event::state::MovieCheck;
pub use contents::{AudioCodec, MovieContents, MovieForm, VideoCodec, read_movie, read_movie_by};
use source::Source;

/// The result of reading a movie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Probe {
    pub check: MovieCheck,
    /// Its length in seconds, rounded, at least one; `None` if the file does not have it. For a truncated movie, the
    /// length of what is left.
    pub secs: Option<u32>,
}

/// The largest accepted length: two days in seconds.
const MAX_SECONDS: f64 = 2.0 * 86_400.0;

impl Probe {
    fn of(check: MovieCheck) -> Self {
        Self { check, secs: None }
    }

    /// A length of zero, below, or above the maximum counts as unknown.
    fn new(check: MovieCheck, secs: Option<f64>) -> Self {
        let believed = secs.filter(|secs| *secs > 0.0 && *secs <= MAX_SECONDS);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within two days
        let secs = believed.map(|secs| (secs.round() as u32).max(1));
        Self { check, secs }
    }
}

/// Converts units of a scale (units in a second) to seconds; `None` without a scale.
#[allow(clippy::cast_precision_loss)] // seconds are wanted
fn seconds(units: u64, scale: u64) -> Option<f64> {
    (scale > 0).then(|| units as f64 / scale as f64)
}

/// The lengths of an event's movies together. The same movie may exist in two containers: then the longer one counts.
#[derive(Debug, Default)]
pub(super) struct Lengths<'a>(BTreeMap<&'a str, u32>);

impl<'a> Lengths<'a> {
    /// Adds a movie by its name without the extension, with its length in seconds if that is known.
    pub(super) fn add(&mut self, stem: &'a str, secs: Option<u32>) {
        let known = self.0.entry(stem).or_default();
        *known = secs.unwrap_or(0).max(*known);
    }

    /// The sum in seconds: Motion begins a new movie where it ends one.
    pub(super) fn sum(&self) -> u32 {
        self.0.values().fold(0, |sum, secs| sum.saturating_add(*secs))
    }
}

/// Reads an open movie of `len` bytes.
pub(super) fn probe(file: &OwnedFd, len: u64, container: Container) -> io::Result<Probe> {
    probe_by(len, container, |buffer, at| Ok(rustix::io::pread(file, buffer, at)?))
}

fn probe_by(
    len: u64,
    container: Container,
    mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<Probe> {
    if len == 0 {
        return Ok(Probe::of(MovieCheck::Empty));
    }
    let mut source = Source::new(len, &mut read);
    let form = Form::of(&mut source, container)?;
    match form {
        Form::Mp4 => mp4::probe(&mut source),
        Form::Matroska => matroska::probe(&mut source),
        Form::Avi => avi::probe(&mut source),
        Form::Flv => flv::probe(&mut source),
        Form::Ogg => ogg::probe(&mut source),
        Form::Transport => mpeg::probe_transport(&mut source),
        Form::Program => mpeg::probe_program(&mut source),
        Form::Video => mpeg::probe_video(&mut source),
        Form::Zeros => Ok(Probe::of(MovieCheck::Blank)),
        // No sign of a missing end was found.
        Form::Unknown => Ok(Probe::of(MovieCheck::Whole)),
    }
}

/// The file format by its first bytes: `movie_extpipe` may write another one than the extension says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Mp4,
    Matroska,
    Avi,
    Flv,
    Ogg,
    Transport,
    Program,
    /// A bare stream of MPEG video, as Motion's time-lapse movies are.
    Video,
    /// Space that was allocated and never written: a power loss.
    Zeros,
    Unknown,
}

impl Form {
    fn of(source: &mut Source<'_>, container: Container) -> io::Result<Self> {
        let head = source.window(0, 512)?;
        let has = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
        let is_packet = |at: usize| head.get(at).is_none_or(|byte| *byte == 0x47);
        Ok(if has(0, &[0x1A, 0x45, 0xDF, 0xA3]) {
            Self::Matroska
        } else if has(0, b"RIFF") && has(8, b"AVI ") {
            Self::Avi
        } else if has(0, b"FLV") {
            Self::Flv
        } else if has(0, b"OggS") {
            Self::Ogg
        } else if has(0, &[0, 0, 1, 0xBA]) {
            Self::Program
        } else if has(0, &[0, 0, 1, 0xB3]) {
            Self::Video
        } else if has(0, &[0x47]) && head.len() > 188 && is_packet(188) && is_packet(376) {
            Self::Transport
        } else if head.iter().all(|byte| *byte == 0) {
            Self::Zeros // before mp4, which would wait for its moov box
        } else if mp4::is_box(&head) || matches!(container, Container::Mp4 | Container::M4v | Container::Mov) {
            Self::Mp4
        } else {
            Self::Unknown
        })
    }
}

#[cfg(test)]
mod tests;
