//! The details of an event.

use chrono::NaiveDateTime;
use serde::Serialize;

use super::frames::{Frame, Shows};
use super::{Container, DebugMovie, EventId, MotionMask, MovieName, Movies, State};

/// The thumbnail of an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Thumbnail {
    /// `thumbnail.jpg`
    File,
    /// `video.mp4.thumb`, which motionEye makes for a movie: the movie's name. A JPEG.
    OfMovie(MovieName),
    /// One of its frames.
    Frame(Frame),
}

/// The file's name.
impl Serialize for Thumbnail {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.file_name())
    }
}

impl Thumbnail {
    /// The file's name within the event's directory.
    pub fn file_name(&self) -> String {
        match self {
            Self::File => FILE.to_owned(),
            Self::OfMovie(movie) => format!("{}{THUMB}", movie.as_str()),
            Self::Frame(frame) => frame.to_string(),
        }
    }

    /// The thumbnail of this name; `None` if it is neither a thumbnail nor a (camera's) frame.
    pub fn of(name: &[u8]) -> Option<Self> {
        if name == FILE.as_bytes() {
            return Some(Self::File);
        }
        if let Some(movie) = name.strip_suffix(THUMB.as_bytes()) {
            return MovieName::parse(movie).map(Self::OfMovie);
        }
        Frame::parse(name).filter(|frame| frame.shows == Shows::Camera).map(Self::Frame)
    }
}

/// strix's name.
pub const FILE: &str = "thumbnail.jpg";

/// What motionEye appends to a movie's name for its picture.
const THUMB: &str = ".thumb";

/// The details of an event. Times are the camera's wall time in whole seconds.
///
/// Serialized as an object of its fields: times as `2026-11-20T10:04:36`, the state as `complete`, movies as a list,
/// the debug movie as its path and the thumbnail as its file's name; null for unknown values. The HTTP API has its own
/// form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Details {
    /// When the first frame was taken, which may be before the directory's name (pre-capture).
    pub start: NaiveDateTime,
    /// The start plus the time until the last frame; never before the start.
    pub end: NaiveDateTime,
    /// Whether Motion is still writing it.
    pub state: State,
    /// Whether it is saved: there is an entry `.saved` of any kind in its directory, or that is unknown.
    pub saved: bool,
    /// The number of camera frames, without debug frames; `None` until counted.
    pub frames: Option<u32>,
    /// The sum of the sizes of its files in bytes; `None` until measured.
    pub bytes: Option<u64>,
    /// Its movies: the main one first, the others as they were recorded.
    pub videos: Movies,
    /// Its debug movie.
    pub debug_video: Option<DebugMovie>,
    /// Its thumbnail.
    pub thumbnail: Option<Thumbnail>,
    /// The largest number of pixels that changed between two frames, from Motion's `%D` in a frame's EXIF data; `None`
    /// until measured, or if no frame has it.
    pub peak_change: Option<u32>,
    /// Where in the picture something moved, from what Motion recorded in its frames; `None` until measured, or if
    /// no frame has it.
    pub motion_mask: Option<MotionMask>,
    /// What is wrong with it, as sentences.
    pub problems: Vec<String>,
}

impl Details {
    /// Whether its files were read, not only their names.
    pub fn is_measured(&self) -> bool {
        self.bytes.is_some()
    }

    /// Its main movie: `video.EXT`, or the first that was recorded.
    pub fn video(&self) -> Option<&MovieName> {
        self.videos.first().map(|movie| &movie.name)
    }

    /// The file type of its main movie.
    pub fn container(&self) -> Option<Container> {
        self.video().map(MovieName::container)
    }
}

/// An event with its details. Serialized as `{"id": "Camera1/2026-11-20/10-04-36", "details": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its details.
    pub details: Details,
}
