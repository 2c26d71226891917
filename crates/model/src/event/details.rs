//! What is known of an event.

use chrono::NaiveDateTime;
use serde::Serialize;

use super::frames::{Frame, Shows};
use super::{Container, DebugMovie, EventId, Movie, MovieName, State};

/// The picture that stands for an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Thumbnail {
    /// `thumbnail.jpg`
    File,
    /// `video.mp4.thumb`, which motionEye makes of a movie: the movie's name. A JPEG.
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

    /// What `name` is; `None` if it is neither a thumbnail nor a (camera's) frame.
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

/// What strix writes.
pub const FILE: &str = "thumbnail.jpg";

/// What motionEye adds to a movie's name for its picture.
const THUMB: &str = ".thumb";

/// What is known of an event. Times are the camera's wall time in whole seconds.
///
/// Serialized as an object of its fields: times as `2026-11-20T10:04:36`, the state as `complete`, movies as a list, the
/// debug movie as its path and the thumbnail as its file's name; null for what is not known. The HTTP API has its own form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Details {
    /// When the first frame was taken, which may be before the directory's name (pre-capture).
    pub start: NaiveDateTime,
    /// The start and what elapsed until the last frame; never before the start.
    pub end: NaiveDateTime,
    /// Whether Motion still writes it.
    pub state: State,
    /// Whether a person asked to keep it: any entry named `.saved` in its directory, or none could be told.
    pub saved: bool,
    /// How many frames the camera took, without debug frames; `None` until counted.
    pub frames: Option<u32>,
    /// The sum of the sizes of its files in bytes; `None` until measured.
    pub bytes: Option<u64>,
    /// Its movies: the main one first, the others as they were recorded.
    pub videos: Vec<Movie>,
    /// Its debug movie.
    pub debug_video: Option<DebugMovie>,
    /// The picture that stands for it.
    pub thumbnail: Option<Thumbnail>,
    /// The most pixels that changed between two frames, as Motion's `%D` wrote it into a frame's EXIF; `None` until
    /// measured, or where no frame tells.
    pub peak_change: Option<u32>,
    /// What is wrong with it, in words.
    pub problems: Vec<String>,
}

impl Details {
    /// Whether its files have been looked at, not only their names.
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

/// An event: which, and what is known of it. Serialized as `{"id": "Camera1/2026-11-20/10-04-36", "details": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Which.
    pub id: EventId,
    /// What is known.
    pub details: Details,
}
