//! Adds a file that was made for an event to its directory. It is written whole under a hidden name that tells what it was made of,
//! and gets its own name when the event is renamed: frames may be added until then.

use std::io::{self, Read, Write};

use rustix::fs::{Mode, OFlags};

use super::{DEBUG, Unfinished};
use crate::dir::{Dir, join, modified_at};
use crate::error::{Error, Result};
use crate::event::MovieName;
use crate::event::state::MovieCheck;
use crate::fault::crash;
use crate::movie_file::MovieForm;
use crate::restore::is_taken;
use crate::retire::{open_or_make_like, rename};

/// A file that is made for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addition {
    /// `debug/video.mp4`, of the debug frames.
    DebugMovie,
    /// `video.mp4`.
    Movie,
    /// `thumbnail.jpg`.
    Thumbnail,
}

impl Addition {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 3] = [Self::DebugMovie, Self::Movie, Self::Thumbnail];

    /// The name of its file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::DebugMovie | Self::Movie => "video.mp4",
            Self::Thumbnail => "thumbnail.jpg",
        }
    }

    /// Its step of the procedure.
    fn step(self) -> &'static str {
        match self {
            Self::DebugMovie => "finish-5",
            Self::Movie => "finish-6",
            Self::Thumbnail => "finish-7",
        }
    }

    fn is_in_debug(self) -> bool {
        self == Self::DebugMovie
    }
}

/// What an addition was made of. One that was made of other frames is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeOf {
    /// How many frames the event had, debug frames included.
    pub frames: usize,
    /// When its last frame was written, in nanoseconds since 1970.
    pub ended: i64,
}

/// What hidden additions begin with.
const HIDDEN: &str = ".finishing-";
/// What one that is being written ends with.
const PARTIAL: &str = ".tmp";

impl MadeOf {
    /// The name of an addition until the event is renamed.
    fn hidden_name(self, addition: Addition) -> String {
        format!("{HIDDEN}{}-{}-{}", self.frames, self.ended, addition.file_name())
    }
}

impl Unfinished {
    /// The directory for an addition; `None` if there is none yet.
    fn place(&self, addition: Addition) -> Result<Option<Dir>> {
        if addition.is_in_debug() { self.dir.open_dir_if_there(DEBUG) } else { self.dir.again().map(Some) }
    }

    /// Whether the event has this, or for a movie, any movie that plays as far as its container shows: Motion may have recorded one.
    /// Also if the addition was made of these frames and is not visible yet.
    pub fn has(&self, addition: Addition, of: MadeOf) -> Result<bool> {
        let Some(place) = self.place(addition)? else { return Ok(false) };
        if place.has(of.hidden_name(addition).as_bytes())? {
            return Ok(true);
        }
        if addition == Addition::Thumbnail {
            return place.has(addition.file_name().as_bytes());
        }
        let mut movies = Vec::new();
        place.list(|name, _| movies.extend(MovieName::parse(name)))?;
        Ok(movies.iter().any(|movie| plays(&place, movie)))
    }

    /// Steps 5 to 7: adds a file with these contents, hidden until the event is renamed. An error leaves nothing behind.
    pub fn add(&self, addition: Addition, contents: &mut dyn Read, of: MadeOf) -> Result<()> {
        let place =
            if addition.is_in_debug() { open_or_make_like(&self.dir, DEBUG, &self.dir)? } else { self.dir.again()? };
        let name = of.hidden_name(addition);
        let partial = format!("{name}{PARTIAL}");
        let added = write(&place, partial.as_bytes(), contents, of.ended)
            .and_then(|()| rename(&place, partial.as_bytes(), &place, name.as_bytes()));
        if added.is_err() {
            place.remove_own(partial.as_bytes())?;
        }
        place.sync()?;
        crash(addition.step());
        added
    }

    /// Hides additions again whose event could not be renamed: frames may still be added.
    pub(super) fn hide_additions(&self, shown: &[Addition], of: MadeOf) {
        for addition in shown {
            let hidden = of.hidden_name(*addition);
            let hide = |place: Dir| rename(&place, addition.file_name().as_bytes(), &place, hidden.as_bytes());
            if let Err(error) = self.place(*addition).and_then(|place| place.map_or(Ok(()), hide)) {
                tracing::warn!("{}", error.chain());
            }
        }
    }

    /// Part of step 8: gives the additions their names, and returns those. If a name is taken, the addition is removed, and that file
    /// stays.
    pub(super) fn show_additions(&self, of: MadeOf) -> Result<Vec<Addition>> {
        let mut all = Vec::new();
        for addition in Addition::ALL {
            let Some(place) = self.place(addition)? else { continue };
            let hidden = of.hidden_name(addition);
            if !place.has(hidden.as_bytes())? {
                continue;
            }
            match rename(&place, hidden.as_bytes(), &place, addition.file_name().as_bytes()) {
                Ok(()) => all.push(addition),
                Err(error) if is_taken(&error) => {
                    let taken = join(place.path(), addition.file_name().as_bytes());
                    tracing::warn!(path = %taken.display(), "it stays, so what was made in its place is removed");
                    place.remove_own(hidden.as_bytes())?;
                }
                Err(error) => return Err(error),
            }
            place.sync()?;
        }
        Ok(all)
    }

    /// Removes additions that were interrupted, and those that were made of other frames.
    pub fn remove_outdated(&self, of: MadeOf) -> Result<()> {
        for place in [Some(self.dir.again()?), self.dir.open_dir_if_there(DEBUG)?].into_iter().flatten() {
            for name in place.names()?.iter().filter(|name| name.starts_with(HIDDEN.as_bytes())) {
                if !Addition::ALL.iter().any(|addition| of.hidden_name(*addition).as_bytes() == name) {
                    place.remove_own(name)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a file is a movie of which something plays.
fn plays(place: &Dir, movie: &MovieName) -> bool {
    let Ok(file) = place.open_file(movie.as_str().as_bytes()) else { return false };
    let Ok(contents) = crate::read_movie(&std::fs::File::from(file)) else { return false };
    match contents.check {
        MovieCheck::Empty | MovieCheck::Blank => false,
        // Without its index nothing of it plays.
        MovieCheck::Unfinished => {
            !matches!(contents.form, MovieForm::Mp4 | MovieForm::QuickTime) || contents.video.is_some()
        }
        _ => true,
    }
}

fn write(place: &Dir, name: &[u8], contents: &mut dyn Read, time: i64) -> Result<()> {
    let fail = |e: io::Error| Error::io("write", join(place.path(), name), e);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(place, name, flags, Mode::from_raw_mode(0o644)).map_err(|e| fail(e.into()))?;
    place.give_owner_to(&file);
    let mut file = std::fs::File::from(file);
    io::copy(contents, &mut file).and_then(|_| file.flush()).map_err(fail)?;
    rustix::fs::futimens(&file, &modified_at(time)).map_err(|e| fail(e.into()))?;
    file.sync_all().map_err(fail)
}
