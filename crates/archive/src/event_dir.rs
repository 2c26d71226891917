//! Reads one event directory: its names and sidecar only, or every file. It returns facts. The caller decides whether the
//! event is over, since that depends on the time and on the neighbouring events.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use rustix::fs::FileType;

use super::day_dir::DayDir;
use super::dir::{Dir, Statx, file_type, join, mtime};
use super::exif::{self, Motion};
use super::sidecar::{MAX_SIDECAR_BYTES, SIDECAR, Sidecar};
use super::{SAVED, movie_file};
use crate::error::{Error, Result};
use crate::event::frames::{Early, Frame, Shows, Span, has_early, is_early};
use crate::event::state::MovieCheck;
use crate::event::{
    Container, Day, DebugMovie, Details, EventId, EventName, Movie, MovieName, Movies, State, Thumbnail, details, movie,
};
use crate::movie_file::Lengths;

/// How closely an event is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The sidecar if there is a plausible one, else the names.
    NamesOnly,
    /// Every file: sizes, times, the movie's end.
    Measure,
    /// Also the EXIF data of the frames, which means opening each.
    Full,
}

/// What was read of an event.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its details. The state is `Complete`: whether Motion still writes it also depends on other events and the clock.
    pub details: Details,
    /// What only reading every file shows.
    pub measured: Option<Box<Measured>>,
    /// If only names were read: the newest of the few times that were read to find what is being written.
    pub touched: Option<i64>,
    /// Whether there is a sidecar that is used.
    pub has_sidecar: bool,
    /// Why the existing sidecar is ignored.
    pub disbelief: Option<String>,
}

/// What reading every file of an event shows, beside its details. Times are modification times in nanoseconds since 1970.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The worst check among its movies.
    pub movie: Option<MovieCheck>,
    /// Its movies that are not whole.
    pub unfinished: Vec<(MovieName, MovieCheck)>,
    /// The newest time in it.
    pub newest: i64,
    /// The oldest time of it and of its contents.
    pub oldest: i64,
    /// The newest time of the camera's frames.
    pub newest_frame: Option<i64>,
    /// The newest time of its movies.
    pub newest_movie: Option<i64>,
    /// The camera's frames.
    pub frames: Vec<Frame>,
}

/// What the names in an event's directory say.
#[derive(Default)]
pub(super) struct Names {
    pub frames: Vec<Frame>,
    debug_frames: u32,
    saved: bool,
    /// An entry with the sidecar's name exists, of any kind.
    has_sidecar: bool,
    has_thumbnail: bool,
    pub videos: Movies,
    debug_video: Option<DebugMovie>,
    /// Movies that have a `.thumb` picture of motionEye.
    thumbs: Vec<MovieName>,
    /// The frame at a quarter of the event, if frames were sorted.
    quarter: Option<Frame>,
    /// All names, if files are to be read.
    all: Vec<Vec<u8>>,
}

/// How deep below an event's directory sizes are summed.
pub(super) const MAX_DEPTH: u32 = 8;

/// An event with fewer frames than this may be written for minutes without a new one; then its movie decides.
const FEW_FRAMES: usize = 3;

impl DayDir {
    /// Reads one event of this day.
    pub fn read_event(&self, name: EventName, depth: Depth) -> Result<Facts> {
        if let Some(flat) = self.flat_event(name)? {
            return flat.read(self.day, depth);
        }
        let file = name.text();
        // If the previous event had a sidecar, this one probably has; if not, the names are needed anyway and show it.
        let expects_sidecar = depth == Depth::NamesOnly && self.had_sidecar.load(Ordering::Relaxed);
        if expects_sidecar && let Some(facts) = self.read_sidecar_alone(&file, name) {
            return Ok(facts);
        }
        let dir = self.dir.open_dir(file.as_bytes())?;
        let mut names = Names::read(&dir, depth, name)?;
        // Written only if it differs: several threads read a day.
        if self.had_sidecar.load(Ordering::Relaxed) != names.has_sidecar {
            self.had_sidecar.store(names.has_sidecar, Ordering::Relaxed);
        }
        if depth == Depth::NamesOnly
            && !expects_sidecar
            && names.has_sidecar
            && let Some(facts) = self.read_sidecar_alone(&file, name)
        {
            return Ok(facts);
        }
        let (sidecar, disbelief) = if names.has_sidecar { read_sidecar(&dir, &self.id(name)) } else { (None, None) };
        let mut facts = from_names(&dir, (self.day, name), &mut names)?;
        facts.disbelief = disbelief;
        if let Some(sidecar) = sidecar {
            match contradiction(&dir, &sidecar, &facts.details.videos) {
                Some(why) => facts.disbelief = Some(why),
                None => facts.take(&sidecar),
            }
        }
        if depth == Depth::NamesOnly {
            facts.touched = Some(touched(&dir, &facts.details.videos, names.frames.len())?);
        } else {
            facts.measured = Some(Box::new(measure(&dir, names, &mut facts)?));
        }
        Ok(facts)
    }

    /// Facts from a plausible sidecar; `None` if the names must be listed. Whether the files that it names exist is
    /// checked when the event is measured: checking here would make a walk half as slow again.
    ///
    /// The event's directory is not opened. The sidecar is opened by a path that must not contain a link, and `.saved`
    /// is checked beside it. Only a user who may write in the day's directory could replace a component in between, and
    /// would gain nothing that the files themselves do not give.
    fn read_sidecar_alone(&self, file: &str, name: EventName) -> Option<Facts> {
        let mut path = PathBuffer::of(file);
        let bytes = self.dir.read_below(path.to(SIDECAR), MAX_SIDECAR_BYTES).ok()??;
        let sidecar = Sidecar::parse(&bytes, &self.id(name)).ok()?;
        // A sidecar without a movie would be wrong if there is one by now.
        let (video, thumbnail) = (sidecar.video?, sidecar.thumbnail?);
        // Its debug movie may be the wrong file.
        let debug_video =
            if sidecar.has_debug { debug_movie(&self.dir.enter(file.as_bytes()).ok()?, name) } else { None };
        let mut own = sidecar.own;
        let videos = own.as_mut().map(|own| std::mem::take(&mut own.videos)).filter(|videos| !videos.is_empty());
        let details = Details {
            start: sidecar.start,
            end: sidecar.end,
            state: State::Complete,
            saved: self.dir.has(path.to(SAVED)).ok()?, // if that fails, the list of names is used
            frames: own.as_ref().map(|own| own.frames),
            bytes: own.as_ref().map(|own| own.bytes.saturating_add(bytes.len() as u64)),
            videos: videos.unwrap_or_else(|| Movie::new(video).into()),
            debug_video,
            thumbnail: Some(thumbnail),
            peak_change: own.as_ref().and_then(|own| own.peak_change),
            motion_mask: own.as_ref().and_then(|own| own.motion_mask),
            problems: own.map(|own| own.problems).unwrap_or_default(),
        };
        Some(Facts { details, measured: None, touched: None, has_sidecar: true, disbelief: None })
    }

    /// What Motion recorded in the EXIF data of `frames`, together. Reads the beginning of every frame.
    pub fn motion(&self, name: EventName, frames: &[Frame]) -> Motion {
        if let Ok(Some(flat)) = self.flat_event(name) {
            return flat.motion(frames);
        }
        let Ok(dir) = self.dir.open_dir(name.text().as_bytes()) else { return Motion::default() };
        let motion = |frame: &Frame| {
            let file = dir.open_file(frame.to_string().as_bytes()).ok()?;
            let mut head = [0u8; 1024];
            let len = rustix::io::read(&file, &mut head).ok()?;
            Some(exif::motion(&head[..len]))
        };
        frames.iter().filter_map(motion).fold(Motion::default(), Motion::with)
    }
}

impl Names {
    pub(crate) fn read(dir: &Dir, depth: Depth, event: EventName) -> Result<Self> {
        let mut names = Self { frames: Vec::with_capacity(16), ..Self::default() };
        let mut has_debug_dir = false;
        dir.list(|name, kind| {
            if depth != Depth::NamesOnly {
                names.all.push(name.to_vec());
            }
            if name == SAVED.as_bytes() {
                names.saved = true;
            } else if name == SIDECAR.as_bytes() {
                names.has_sidecar = true;
            } else if name == b"debug" {
                has_debug_dir = dir.is_dir(name, kind);
            } else if kind == FileType::RegularFile || kind == FileType::Unknown {
                names.take_file(name);
            }
        })?;
        names.debug_video = movie::take_debug(&mut names.videos, event);
        if has_debug_dir {
            let mut in_debug = None;
            dir.open_dir(b"debug")?.list(|name, _| in_debug = in_debug.or(Container::of(name)))?;
            names.debug_video = in_debug.map(DebugMovie::InDebug).or(names.debug_video);
        }
        Ok(names)
    }

    /// The thumbnail: strix's, else motionEye's of the first movie that has one, else a frame. motionEye leaves an
    /// empty file where it could not make one.
    fn thumbnail(&self, dir: &Dir) -> Option<Thumbnail> {
        if self.has_thumbnail {
            return Some(Thumbnail::File);
        }
        let of_movies = self.videos.iter().map(|movie| &movie.name).filter(|movie| self.thumbs.contains(movie));
        let mut thumbs = of_movies.cloned().map(Thumbnail::OfMovie);
        let made = thumbs.find(|thumb| dir.stat(thumb.file_name().as_bytes()).is_ok_and(|stat| stat.stx_size > 0));
        made.or(self.quarter.map(Thumbnail::Frame))
    }

    fn take_file(&mut self, name: &[u8]) {
        if name == details::FILE.as_bytes() {
            self.has_thumbnail = true;
        } else if let Some(frame) = Frame::parse(name) {
            match frame.shows {
                Shows::Camera => self.frames.push(frame),
                Shows::Motion | Shows::Region => self.debug_frames += 1,
            }
        } else if let Some(movie) = MovieName::parse(name) {
            self.videos.push(Movie::new(movie));
        } else if let Some(Thumbnail::OfMovie(movie)) = Thumbnail::of(name) {
            self.thumbs.push(movie);
        }
    }
}

/// A file of an event as a path below its day.
struct PathBuffer {
    bytes: [u8; 64],
    folder: usize,
}

impl PathBuffer {
    fn of(folder: &str) -> Self {
        let mut bytes = [0; 64];
        bytes[..folder.len()].copy_from_slice(folder.as_bytes());
        bytes[folder.len()] = b'/';
        Self { bytes, folder: folder.len() + 1 }
    }

    /// The path of `name`, which must be one of the short names used here.
    fn to(&mut self, name: &str) -> &[u8] {
        let end = self.folder + name.len();
        self.bytes[self.folder..end].copy_from_slice(name.as_bytes());
        &self.bytes[..end]
    }
}

/// The sidecar of an event, or why it is ignored.
fn read_sidecar(dir: &Dir, id: &EventId) -> (Option<Sidecar>, Option<String>) {
    match dir.read_small(SIDECAR.as_bytes(), MAX_SIDECAR_BYTES) {
        Ok(None) => (None, None),
        Ok(Some(bytes)) => match Sidecar::parse(&bytes, id) {
            Ok(sidecar) => (Some(sidecar), None),
            Err(why) => (None, Some(why)),
        },
        Err(error) => (None, Some(error.chain())),
    }
}

/// Finds the debug movie.
fn debug_movie(dir: &Dir, event: EventName) -> Option<DebugMovie> {
    if let Ok(Some(debug)) = dir.open_dir_if_there(b"debug")
        && let Some(found) = Container::ALL.into_iter().find(|c| debug.has(c.file_name().as_bytes()).unwrap_or(false))
    {
        return Some(DebugMovie::InDebug(found));
    }
    Names::read(dir, Depth::NamesOnly, event).ok()?.debug_video
}

/// Why a well-formed sidecar contradicts the directory; `None` if it does not.
fn contradiction(dir: &Dir, sidecar: &Sidecar, videos: &[Movie]) -> Option<String> {
    match (&sidecar.video, videos.first()) {
        (None, Some(there)) => return Some(format!("it names no movie, but {} is there", there.name.as_str())),
        (Some(video), _) if !dir.has(video.as_str().as_bytes()).unwrap_or(true) => {
            return Some(format!("it names {}, which is gone", video.as_str()));
        }
        _ => {}
    }
    if let Some(own) = sidecar.own.as_ref().filter(|own| !own.videos.is_empty()) {
        let is_known = |movie: &&Movie| !own.videos.iter().any(|known| known.name == movie.name);
        if let Some(new) = videos.iter().find(is_known) {
            return Some(format!("it does not name {}, which is there", new.name.as_str()));
        }
    }
    let thumbnail = sidecar.thumbnail.as_ref()?.file_name();
    (!dir.has(thumbnail.as_bytes()).unwrap_or(true)).then(|| format!("it names {thumbnail}, which is gone"))
}

impl Facts {
    /// Takes the values that a believed sidecar has more exactly than the names.
    fn take(&mut self, sidecar: &Sidecar) {
        let details = &mut self.details;
        details.start = sidecar.start;
        details.end = sidecar.end;
        if let Some(video) = &sidecar.video {
            match details.videos.iter().position(|movie| movie.name == *video) {
                Some(at) => details.videos[..=at].rotate_right(1),
                None => details.videos.push_front(Movie::new(video.clone())),
            }
        }
        // A later picture of motionEye is better than a frame.
        let is_better = matches!(
            (&sidecar.thumbnail, &details.thumbnail),
            (Some(Thumbnail::Frame(_)), Some(Thumbnail::OfMovie(_)))
        );
        if !is_better {
            details.thumbnail = sidecar.thumbnail.clone().or(details.thumbnail.take());
        }
        self.has_sidecar = true;
    }
}

fn from_names(dir: &Dir, (day, name): (Day, EventName), names: &mut Names) -> Result<Facts> {
    let early = if has_early(name, &names.frames) { judge_early(dir, name, &names.frames)? } else { Early::Wrapped };
    let span = Span::of(day, name, &mut names.frames, early);
    let mut problems = Vec::new();
    names.quarter = span.quarter;
    if names.frames.is_empty() && names.videos.is_empty() {
        let debug = if names.debug_frames > 0 { ", only debug frames" } else { "" };
        problems.push(format!("it has neither frames nor a movie{debug}"));
    }
    let details = Details {
        start: span.start,
        end: span.end,
        state: State::Complete,
        saved: names.saved,
        frames: u32::try_from(names.frames.len()).ok(),
        bytes: None,
        thumbnail: names.thumbnail(dir),
        videos: std::mem::take(&mut names.videos),
        debug_video: names.debug_video.take(),
        peak_change: None,
        motion_mask: None,
        problems,
    };
    Ok(Facts { details, measured: None, touched: None, has_sidecar: false, disbelief: None })
}

/// Frames named well before the directory were taken after midnight, unless all their files are older than the
/// others.
fn judge_early(dir: &Dir, name: EventName, frames: &[Frame]) -> Result<Early> {
    let (mut newest_early, mut oldest_other) = (i64::MIN, i64::MAX);
    for frame in frames {
        let time = mtime(&dir.stat(frame.to_string().as_bytes())?);
        if is_early(name, *frame) {
            newest_early = newest_early.max(time);
        } else {
            oldest_other = oldest_other.min(time);
        }
    }
    let has_others = oldest_other != i64::MAX;
    Ok(if has_others && newest_early < oldest_other { Early::Before } else { Early::Wrapped })
}

/// Reads every file: sizes, the newest time, empty frames, links, and the movie's end.
fn measure(dir: &Dir, names: Names, facts: &mut Facts) -> Result<Measured> {
    let Facts { details, has_sidecar, .. } = facts;
    let mut sum = Sum { bytes: 0, newest: i64::MIN, oldest: i64::MAX };
    let (mut empty_frames, mut hidden_bytes) = (0u32, 0u64);
    let (mut newest_frame, mut newest_movie) = (None, None);
    for name in &names.all {
        let stat = match dir.stat(name) {
            Err(error) if error.is_not_found() => continue, // a temporary file that is gone
            other => other?,
        };
        match file_type(&stat) {
            FileType::Directory => dir.open_dir(name)?.walk(MAX_DEPTH - 1, &mut |stat| sum.add(stat))?,
            // Motion writes neither sidecars nor `.saved`: their times do not show that it is still writing.
            FileType::RegularFile if name.starts_with(b".") => {
                hidden_bytes = hidden_bytes.saturating_add(stat.stx_size);
            }
            FileType::RegularFile => {
                sum.add(&stat);
                if let Some(movie) = details.videos.iter_mut().find(|movie| movie.name.as_str().as_bytes() == name) {
                    movie.bytes = Some(stat.stx_size);
                    newest_movie = newest_movie.max(Some(mtime(&stat)));
                } else if let Some(Thumbnail::Frame(_)) = Thumbnail::of(name) {
                    newest_frame = newest_frame.max(Some(mtime(&stat)));
                    empty_frames += u32::from(stat.stx_size == 0);
                }
            }
            _ => {
                details
                    .problems
                    .push(format!("{} is not a regular file and is ignored", String::from_utf8_lossy(name)));
            }
        }
    }
    if empty_frames > 0 {
        details.problems.push(format!("{empty_frames} of {} frames are empty", names.frames.len()));
    }
    let has_hidden = names.all.iter().any(|name| name.starts_with(b"."));
    let own = dir.stat_self()?;
    if !has_hidden || sum.newest == i64::MIN {
        sum.add(&own); // otherwise it may be the time at which the hidden file was added
    }
    details.bytes = Some(sum.bytes.saturating_add(hidden_bytes));
    // Frames give a better length than movies, except a single one, which may be from anywhere in the event.
    let length_from_movies = names.frames.len() <= 1 && !*has_sidecar;
    let (movie, unfinished) = probe_movies(dir, details, length_from_movies)?;
    let oldest = sum.oldest.min(mtime(&own));
    Ok(Measured { movie, unfinished, newest: sum.newest, oldest, newest_frame, newest_movie, frames: names.frames })
}

/// The worst check among an event's movies, and the movies that are not whole.
type MovieChecks = (Option<MovieCheck>, Vec<(MovieName, MovieCheck)>);

/// Checks whether the movies are whole. A movie that is gone, or is not a file, does not count. With `length_from_movies`, the
/// event is as long as its movies.
fn probe_movies(dir: &Dir, details: &mut Details, length_from_movies: bool) -> Result<MovieChecks> {
    details.videos.retain(|movie| movie.bytes.is_some());
    let (mut worst, mut unfinished) = (None, Vec::new());
    let mut lengths = Lengths::default();
    for movie in &details.videos {
        let probe = match probe_movie(dir, movie) {
            Err(error) if error.is_not_found() => continue,
            other => other?,
        };
        worst = worst.max(Some(probe.check));
        if probe.check >= MovieCheck::Unfinished {
            unfinished.push((movie.name.clone(), probe.check));
        }
        lengths.add(movie.name.stem(), probe.secs);
    }
    if length_from_movies {
        details.end = details.end.max(details.start + TimeDelta::seconds(lengths.sum().into()));
    }
    Ok((worst, unfinished))
}

/// The time of the directory, which every new frame changes; with few frames also that of the last movie.
fn touched(dir: &Dir, videos: &[Movie], frames: usize) -> Result<i64> {
    let changed = mtime(&dir.fstat()?);
    let movie = videos.last().filter(|_| frames < FEW_FRAMES);
    let movie = movie.and_then(|movie| dir.stat(movie.name.as_str().as_bytes()).ok());
    Ok(movie.map_or(changed, |stat| mtime(&stat).max(changed)))
}

fn probe_movie(dir: &Dir, movie: &Movie) -> Result<movie_file::Probe> {
    let name = movie.name.as_str().as_bytes();
    let len = dir.stat(name)?.stx_size;
    let file = dir.open_file(name)?;
    movie_file::probe(&file, len, movie.name.container()).map_err(|e| Error::io("read", join(dir.path(), name), e))
}

struct Sum {
    bytes: u64,
    newest: i64,
    oldest: i64,
}

impl Sum {
    /// Adds a file (its size and time) or a directory (its time).
    fn add(&mut self, stat: &Statx) {
        if file_type(stat) == FileType::RegularFile {
            self.bytes = self.bytes.saturating_add(stat.stx_size);
        }
        self.newest = self.newest.max(mtime(stat));
        self.oldest = self.oldest.min(mtime(stat));
    }
}
