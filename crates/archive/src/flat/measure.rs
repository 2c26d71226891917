//! Reads a flat event: the facts that its names show, or every file.

use std::collections::HashSet;

use chrono::TimeDelta;
use rustix::fs::FileType;

use super::event::probe;
use super::{Entry, FlatEvent, open_below};
use crate::dir::{Statx, file_type, mtime};
use crate::error::Result;
use crate::event::frames::{Early, Frame, Span};
use crate::event::state::MovieCheck;
use crate::event::{Day, DebugMovie, Details, Movie, MovieName, Movies, State, Thumbnail, movie};
use crate::event_dir::{Depth, Facts, Measured};
use crate::exif;
use crate::layout::FileKind;
use crate::movie_file::Lengths;
use crate::weigh::{Weight, blocks};

/// What the names of an event's files show.
#[derive(Default)]
struct Names {
    frames: Vec<Frame>,
    videos: Movies,
    debug: Option<DebugMovie>,
    /// Movies that have a picture of motionEye.
    thumbs: Vec<MovieName>,
    debug_frames: u32,
    saved: bool,
}

impl Names {
    fn of(entries: &[&Entry]) -> Self {
        let mut names = Self::default();
        for entry in entries {
            let movie = |name: &str| MovieName::parse(name.as_bytes());
            match entry.file.kind {
                FileKind::Movie(_) => names.videos.extend(movie(entry.disk_name()).map(Movie::new)),
                FileKind::DebugMovie(_) => {
                    names.debug = names.debug.take().or_else(|| movie(entry.disk_name()).map(DebugMovie::Beside));
                }
                FileKind::Thumb => names.thumbs.extend(entry.disk_name().strip_suffix(".thumb").and_then(movie)),
                FileKind::Picture(frame) => names.frames.push(frame),
                FileKind::DebugPicture(_) => names.debug_frames += 1,
                FileKind::Saved => names.saved = true,
                FileKind::DebugThumb | FileKind::Snapshot | FileKind::Timelapse => {}
            }
        }
        names
    }
}

impl FlatEvent<'_> {
    /// Reads the event. With [`Depth::NamesOnly`] nothing is read of the disk: pictures and lengths stay unknown where they
    /// depend on the movie.
    pub(crate) fn read(&self, day: Day, depth: Depth) -> Result<Facts> {
        let is_measured = depth != Depth::NamesOnly;
        let files = if is_measured { self.files()? } else { self.candidates() };
        let mut names = Names::of(&files);
        // The stamps of flat files have their date: none of them is of another day.
        let span = Span::of(day, self.name(), &mut names.frames, Early::Before);
        let (start, end) = if self.is_numbered() {
            (span.start, span.end)
        } else {
            let start = day.at(i64::from(self.name().secs().unwrap_or(0)));
            (start, if names.videos.is_empty() { span.end.max(start) } else { start })
        };
        let mut problems = Vec::new();
        if names.frames.is_empty() && names.videos.is_empty() {
            let debug = if names.debug_frames > 0 { ", only debug frames" } else { "" };
            problems.push(format!("it has neither frames nor a movie{debug}"));
        }
        names.debug = movie::take_debug(&mut names.videos, self.name()).or(names.debug.take());
        let of_movies = names.videos.iter().map(|movie| &movie.name).filter(|name| names.thumbs.contains(name));
        // motionEye leaves an empty file where it could not make a picture.
        let is_made = |movie: &&MovieName| {
            let thumb = self.find(&format!("{}.thumb", movie.as_str()));
            !is_measured || thumb.and_then(|thumb| self.stat(thumb).ok()).is_some_and(|found| found.stx_size > 0)
        };
        let thumb = of_movies.clone().find(is_made).cloned().map(Thumbnail::OfMovie);
        let are_frames_known = is_measured || self.is_numbered();
        let quarter = span.quarter.filter(|_| are_frames_known).map(Thumbnail::Frame);
        let details = Details {
            start,
            end,
            state: State::Complete,
            saved: names.saved,
            frames: u32::try_from(names.frames.len()).ok().filter(|_| are_frames_known),
            bytes: None,
            thumbnail: thumb.or(quarter),
            videos: names.videos,
            debug_video: names.debug,
            peak_change: None,
            motion_mask: None,
            problems,
        };
        let mut facts = Facts { details, measured: None, touched: None, has_sidecar: false, disbelief: None };
        if is_measured {
            facts.measured = Some(Box::new(self.measure(&files, names.frames, &mut facts.details)?));
        }
        Ok(facts)
    }

    /// Reads every file: sizes, times, empty frames, and the ends of the movies.
    fn measure(&self, files: &[&Entry], frames: Vec<Frame>, details: &mut Details) -> Result<Measured> {
        let mut measured = nothing_of(frames);
        let (mut bytes, mut empty_frames) = (0u64, 0u32);
        let mut lengths = Lengths::default();
        for entry in files {
            let Some(stat) = self.stat_if_there(entry)? else { continue };
            if entry.is_recording() && file_type(&stat) != FileType::RegularFile {
                details.problems.push(format!("{} is not a regular file and is ignored", entry.disk_name()));
                continue;
            }
            bytes = bytes.saturating_add(stat.stx_size);
            if !entry.is_recording() {
                continue; // our own marker: its time says nothing about Motion
            }
            measured.newest = measured.newest.max(mtime(&stat));
            measured.oldest = measured.oldest.min(mtime(&stat));
            match entry.file.kind {
                FileKind::Movie(container) => {
                    let probe = match probe(self.base(), entry, &stat, container) {
                        Err(error) if error.is_not_found() => continue, // gone meanwhile
                        probe => probe?,
                    };
                    measured.newest_movie = measured.newest_movie.max(Some(mtime(&stat)));
                    let of = |movie: &&mut Movie| movie.name.as_str() == entry.disk_name();
                    if let Some(movie) = details.videos.iter_mut().find(of) {
                        movie.bytes = Some(stat.stx_size);
                    }
                    measured.movie = measured.movie.max(Some(probe.check));
                    if probe.check >= MovieCheck::Unfinished
                        && let Some(name) = MovieName::parse(entry.disk_name().as_bytes())
                    {
                        measured.unfinished.push((name, probe.check));
                    }
                    lengths.add(entry.stem(), probe.secs);
                }
                FileKind::Picture(_) => {
                    measured.newest_frame = measured.newest_frame.max(Some(mtime(&stat)));
                    empty_frames += u32::from(stat.stx_size == 0);
                }
                _ => {}
            }
        }
        if empty_frames > 0 {
            details.problems.push(format!("{empty_frames} of {} frames are empty", measured.frames.len()));
        }
        details.videos.retain(|movie| movie.bytes.is_some());
        details.bytes = Some(bytes);
        if !self.is_numbered() || measured.frames.len() <= 1 {
            details.end = details.end.max(details.start + TimeDelta::seconds(lengths.sum().into()));
        }
        Ok(measured)
    }

    fn stat_if_there(&self, entry: &Entry) -> Result<Option<Statx>> {
        match self.stat(entry) {
            Err(error) if error.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }

    /// What Motion recorded in the EXIF data of these frames, together.
    pub(crate) fn motion(&self, frames: &[Frame]) -> exif::Motion {
        let wanted: HashSet<Frame> = frames.iter().copied().collect();
        let is_wanted = |entry: &&Entry| matches!(entry.file.kind, FileKind::Picture(frame) if wanted.contains(&frame));
        let motion = |entry: &Entry| {
            let file = open_below(self.base(), &entry.path).ok()?;
            let mut head = [0u8; 1024];
            let len = rustix::io::read(&file, &mut head).ok()?;
            Some(exif::motion(&head[..len]))
        };
        let files = self.files().unwrap_or_default();
        let read = files.into_iter().filter(is_wanted).filter_map(motion);
        read.fold(exif::Motion::default(), exif::Motion::with)
    }

    /// The size of its files, and the space that removing them frees.
    pub(crate) fn weigh(&self) -> Result<Weight> {
        let mut weight = Weight::default();
        for entry in self.files()? {
            let Some(stat) = self.stat_if_there(entry)? else { continue };
            weight.bytes = weight.bytes.saturating_add(stat.stx_size);
            if stat.stx_nlink == 1 {
                weight.frees = weight.frees.saturating_add(blocks(&stat));
            }
        }
        Ok(weight)
    }
}

/// The measurement of an event with these frames, before a file is read.
fn nothing_of(frames: Vec<Frame>) -> Measured {
    Measured {
        movie: None,
        unfinished: Vec::new(),
        newest: i64::MIN,
        oldest: i64::MAX,
        newest_frame: None,
        newest_movie: None,
        frames,
    }
}
