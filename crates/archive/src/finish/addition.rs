//! Adds a file that was made for an event to its directory: a hidden file first, synced, then renamed to its name, which must be free.

use std::io::{self, Read, Write};

use rustix::fs::{Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};

use super::{DEBUG, Unfinished, make_debug};
use crate::dir::{Dir, join};
use crate::error::{Error, Result};
use crate::fault::crash;
use crate::restore::is_taken;
use crate::retire::rename;

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

    fn temporary_name(self) -> String {
        format!(".finishing-{}.tmp", self.file_name())
    }

    fn is_in_debug(self) -> bool {
        self == Self::DebugMovie
    }
}

impl Unfinished {
    /// The directory for an addition; `None` if there is none yet.
    fn place(&self, addition: Addition) -> Result<Option<Dir>> {
        if addition.is_in_debug() { self.dir.open_dir_if_there(DEBUG) } else { self.dir.again().map(Some) }
    }

    /// Whether the event has this, or for a movie, any movie: Motion may have recorded one.
    pub fn has(&self, addition: Addition) -> Result<bool> {
        let Some(place) = self.place(addition)? else { return Ok(false) };
        if addition == Addition::Thumbnail {
            return place.has(addition.file_name().as_bytes());
        }
        let mut has_movie = false;
        place.list(|name, _| has_movie |= crate::event::MovieName::parse(name).is_some())?;
        Ok(has_movie)
    }

    /// Steps 5 to 7: adds a file with these contents and this modification time (nanoseconds since 1970). If its name is taken
    /// meanwhile, that file stays, and false is returned. An error leaves nothing behind.
    pub fn add(&self, addition: Addition, contents: &mut dyn Read, time: i64) -> Result<bool> {
        let place = if addition.is_in_debug() { make_debug(&self.dir, &self.dir)? } else { self.dir.again()? };
        let (temporary, name) = (addition.temporary_name(), addition.file_name());
        let added = (|| {
            write(&place, temporary.as_bytes(), contents, time)?;
            match rename(&place, temporary.as_bytes(), &place, name.as_bytes()) {
                Err(error) if is_taken(&error) => Ok(false),
                renamed => renamed.map(|()| true),
            }
        })();
        if !matches!(added, Ok(true)) {
            place.remove_own(temporary.as_bytes())?;
        }
        place.sync()?;
        crash(addition.step());
        added
    }

    /// Removes what an addition that was interrupted left behind.
    pub fn remove_leftovers(&self) -> Result<()> {
        for addition in Addition::ALL {
            if let Some(place) = self.place(addition)? {
                place.remove_own(addition.temporary_name().as_bytes())?;
            }
        }
        Ok(())
    }
}

fn write(place: &Dir, name: &[u8], contents: &mut dyn Read, time: i64) -> Result<()> {
    let fail = |e: io::Error| Error::io("write", join(place.path(), name), e);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(place, name, flags, Mode::from_raw_mode(0o644)).map_err(|e| fail(e.into()))?;
    place.give_owner_to(&file);
    let mut file = std::fs::File::from(file);
    io::copy(contents, &mut file).and_then(|_| file.flush()).map_err(fail)?;
    let last_modification =
        Timespec { tv_sec: time.div_euclid(1_000_000_000), tv_nsec: time.rem_euclid(1_000_000_000) };
    let times = Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification };
    rustix::fs::futimens(&file, &times).map_err(|e| fail(e.into()))?;
    file.sync_all().map_err(fail)
}
