//! Flat layouts: recordings without a directory for each event, named by Motion's conversion specifiers. A [`Pattern`]
//! describes the names, [`Layout::parse`] reads one, [`group`] makes events of a day's files.

mod class;
mod group;
mod matching;
mod pattern;
pub mod recognise;
#[cfg(test)]
mod tests;
mod token;

pub use group::{Group, Grouped, group};
pub use pattern::{DatePlace, Pattern};

use std::sync::Arc;

use crate::error::Error;
use crate::event::frames::Frame;
use crate::event::{Camera, Container, Day};
use class::Class;

/// How long before the start of its movie a picture can be a frame of an event, in seconds.
pub const PRE_CAPTURE: u32 = 60;

/// The longest pause between two pictures of one event, in seconds, where no movie has a length that tells.
pub const MAX_PAUSE: u32 = 60;

/// The longest time between two files of one number in one event, in seconds: Motion begins again at 01 when it starts.
pub const MAX_GAP: u32 = 7200;

/// The patterns of one camera, or of all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    patterns: Vec<Pattern>,
    /// The patterns as lines of text.
    text: Arc<str>,
}

/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// No pattern describes it.
    None,
    /// Two patterns, or two ways to read one of them, give different results.
    Ambiguous,
    /// A file of the layout.
    File(FlatFile),
}

/// A file of a flat layout, as far as its path tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlatFile {
    /// The camera, if the name tells it (`%t`, `%$`).
    pub camera: Option<Camera>,
    /// The day in the path.
    pub day: Day,
    /// The time in the path, in seconds since midnight; 0 for a timelapse.
    pub secs: u32,
    /// Motion's event number (`%v`).
    pub number: Option<u32>,
    /// Which movie of its event it is (`%{movienbr}`). Never set for [`FileKind::Saved`].
    pub part: Option<u32>,
    /// What the file is.
    pub kind: FileKind,
}

/// What a file of a flat layout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A movie.
    Movie(Container),
    /// What moved, as a movie (`movie_output_motion on`): the name of its movie with an `m`.
    DebugMovie(Container),
    /// The thumbnail that motionEye makes of a movie: `X.mp4.thumb`.
    Thumb,
    /// The thumbnail that motionEye makes of a debug movie: `Xm.mp4.thumb`.
    DebugThumb,
    /// A picture. [`Frame::file_name`] is its name in an event's directory; without `%q` its number is 0.
    Picture(Frame),
    /// What moved in a picture: `…m.jpg`, `…r.jpg`.
    DebugPicture(Frame),
    /// `…-snapshot.jpg`, which belongs to no event.
    Snapshot,
    /// `20261128-timelapse.mpg`, Motion's default name; it belongs to no event.
    Timelapse,
    /// Our marker `.STEM.saved`, where STEM is the stem of a movie or picture.
    Saved,
}

impl Layout {
    /// A layout of these patterns. Fails if their dates are in different places: a day must be in one place.
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, Error> {
        if let Some(pair) = patterns.windows(2).find(|pair| !agree(&pair[0], &pair[1])) {
            return Err(Error::Config(format!(
                "the layouts {:?} and {:?} cannot be used together: their dates are in different places; a camera's \
                 files of one day must be in one directory",
                pair[0].to_string(),
                pair[1].to_string()
            )));
        }
        let text = patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into();
        Ok(Self { patterns, text })
    }

    /// The patterns as they were given, as lines of text: what tells layouts apart.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The patterns, as they were given.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Whether the names of some pattern have Motion's event number.
    pub fn is_numbered(&self) -> bool {
        self.patterns.iter().any(Pattern::is_numbered)
    }

    /// Parses a path relative to the base directory, with `/` between its components and the file's whole name. No text
    /// panics, and nothing is repaired.
    pub fn parse(&self, path: &str) -> Parsed {
        let Some((class, stem)) = Class::of(path) else { return Parsed::None };
        let shown; // a marker's stem without its dot
        let stem = if class == Class::Saved {
            let (dir, name) = stem.rfind('/').map_or(("", stem), |slash| stem.split_at(slash + 1));
            let Some(name) = name.strip_prefix('.') else { return Parsed::None };
            shown = format!("{dir}{name}");
            &shown
        } else {
            stem
        };
        let mut found = Parsed::None;
        for pattern in &self.patterns {
            pattern.read(class, stem, &mut found);
            if found == Parsed::Ambiguous {
                break;
            }
        }
        found
    }
}

/// Whether two patterns have the date in the same place.
fn agree(a: &Pattern, b: &Pattern) -> bool {
    a.date() == b.date() && a.day_tokens() == b.day_tokens()
}

impl Parsed {
    /// Adds a reading; one that differs from the known one makes the file ambiguous.
    fn add(&mut self, file: FlatFile) {
        match self {
            Self::None => *self = Self::File(file),
            Self::File(known) if *known == file => {}
            Self::File(_) | Self::Ambiguous => *self = Self::Ambiguous,
        }
    }
}
