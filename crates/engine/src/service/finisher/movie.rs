//! Makes what is added to an event: its movies and its thumbnail.

use std::path::Path;
use std::time::{Duration, Instant};

use owlery_media::{Ffmpeg, movie_of_frames, thumbnail_in};
use tempfile::NamedTempFile;

use super::{Figures, FinishError};
use crate::archive::{Addition, Unfinished};
use crate::clock::Stop;
use crate::error::Error;
use crate::event::frames::{Frame, Shows};
use crate::finishing::{Part, showing};

/// The box of a thumbnail, in pixels.
const THUMBNAIL: (u32, u32) = (640, 480);
/// How many frames are tried for a thumbnail: a full disk leaves some that are damaged.
const THUMBNAIL_TRIES: usize = 5;
/// How often the progress of a long movie is logged.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Makes additions for an event.
pub(super) struct Maker<'a> {
    pub event: &'a Unfinished,
    pub ffmpeg: &'a Ffmpeg,
    /// Where movies are made.
    pub work: &'a Path,
    pub figures: &'a Figures,
    pub stop: &'a Stop,
}

impl Maker<'_> {
    /// Makes an addition of a part, if it has frames for it, and adds it. Without a readable frame there is none, and the log says so.
    pub(super) fn add(&self, addition: Addition, part: &Part) -> Result<(), FinishError> {
        let Some(ended) = part.ended() else { return Ok(()) };
        let made = match addition {
            Addition::DebugMovie => self.movie(part, Shows::Motion)?.map(Made::Movie),
            Addition::Movie => self.movie(part, Shows::Camera)?.map(Made::Movie),
            Addition::Thumbnail => self.thumbnail(part).map(Made::Picture),
        };
        self.figures.set_progress(0.0);
        match made {
            Some(Made::Movie(file)) => {
                let mut file = file.reopen().map_err(|e| Error::io("open", file.path(), e))?;
                self.event.add(addition, &mut file, ended)?;
            }
            Some(Made::Picture(bytes)) => _ = self.event.add(addition, &mut &bytes[..], ended)?,
            None => {}
        }
        Ok(())
    }

    fn movie(&self, part: &Part, shows: Shows) -> Result<Option<NamedTempFile>, FinishError> {
        let frames = showing(part.frames(shows)).frames;
        if frames.is_empty() {
            return Ok(None);
        }
        let path = self.event.path().display().to_string();
        let (times, count) = (frames.iter().map(|(_, at)| *at).collect::<Vec<_>>(), frames.len());
        let mut logged = Instant::now();
        let mut progress = |done: f32| {
            self.figures.set_progress(done);
            if logged.elapsed() >= LOG_EVERY {
                tracing::info!(path, "{:.0} % of its movie of {count} frames are made", done * 100.0);
                logged = Instant::now();
            }
        };
        let read = |index: usize| self.frame(frames[index].0);
        match movie_of_frames(self.ffmpeg, &times, read, self.work, self.stop, &mut progress) {
            Ok(made) => {
                if made.left_out > 0 {
                    tracing::warn!(path, "its movie lacks {} of {count} frames, which are damaged", made.left_out);
                }
                Ok(Some(made.file))
            }
            Err(owlery_media::Error::NoFrame) => {
                tracing::warn!(path, "it gets no movie, since none of its {count} frames can be read");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes of a frame. One that is gone meanwhile counts as damaged.
    fn frame(&self, frame: Frame) -> owlery_media::Result<Vec<u8>> {
        match self.event.read_frame(frame) {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => {
                Err(owlery_media::Error::Io { operation: "read a frame", source: std::io::Error::other(error.chain()) })
            }
            bytes => Ok(bytes.unwrap_or_default()),
        }
    }

    /// The thumbnail of the frame with the most changed pixels that can be read.
    fn thumbnail(&self, part: &Part) -> Option<Vec<u8>> {
        let frames = self.event.by_change(part.frames(Shows::Camera).map(|shot| shot.frame));
        let (width, height) = THUMBNAIL;
        for frame in frames.into_iter().take(THUMBNAIL_TRIES) {
            match self.frame(frame).and_then(|bytes| thumbnail_in(&bytes, width, height)) {
                Ok(thumbnail) => return Some(thumbnail),
                Err(error) => tracing::debug!("{}/{frame}: {error}", self.event.path().display()),
            }
        }
        None
    }
}

/// What was made.
enum Made {
    Movie(NamedTempFile),
    Picture(Vec<u8>),
}
