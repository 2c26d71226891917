//! Makes what is added to an event: its movies and its thumbnail.

use std::path::Path;
use std::time::{Duration, Instant};

use owlery_media::{Ffmpeg, movie_of_frames, thumbnail_in};
use tempfile::NamedTempFile;

use super::{Figures, FinishError};
use crate::archive::{Addition, MadeOf, Unfinished};
use crate::clock::Stop;
use crate::error::Error;
use crate::event::frames::Shows;
use crate::finishing::{Part, Shot, showing};

/// The box of a thumbnail, in pixels.
const THUMBNAIL: (u32, u32) = (640, 480);
/// How many frames are tried for a thumbnail: a full disk leaves some that are damaged.
const THUMBNAIL_TRIES: usize = 100;
/// How often the progress of a long movie is logged.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Makes additions for an event.
pub(super) struct Maker<'a> {
    pub event: &'a Unfinished,
    pub ffmpeg: &'a Ffmpeg,
    /// Where movies are made.
    pub work: &'a Path,
    /// How far from the event a debug frame may be to be a part of its movie.
    pub gap: Duration,
    pub figures: &'a Figures,
    pub stop: &'a Stop,
}

impl Maker<'_> {
    /// Makes an addition of a part, if it has frames for it, and adds it. Without a readable frame there is none, and the log says so.
    pub(super) fn add(&self, addition: Addition, part: &Part, of: MadeOf) -> Result<(), FinishError> {
        let made = match addition {
            Addition::DebugMovie => self.movie(part.debug_frames(self.gap))?.map(Made::Movie),
            Addition::Movie => self.movie(part.frames(Shows::Camera))?.map(Made::Movie),
            Addition::Thumbnail => self.thumbnail(part).map(Made::Picture),
        };
        self.figures.set_progress(0.0);
        match made {
            Some(Made::Movie(file)) => {
                let mut file = file.reopen().map_err(|e| Error::io("open", file.path(), e))?;
                self.event.add(addition, &mut file, of)?;
            }
            Some(Made::Picture(bytes)) => self.event.add(addition, &mut &bytes[..], of)?,
            None => {}
        }
        Ok(())
    }

    fn movie<'p>(&self, shots: impl Iterator<Item = &'p Shot>) -> Result<Option<NamedTempFile>, FinishError> {
        let frames = showing(shots).frames;
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
        let mut unread = None;
        let read = |index: usize| {
            let bytes = self.event.read_frame(frames[index].0);
            // One frame that cannot be read counts as damaged.
            Ok(bytes.unwrap_or_else(|error| {
                unread = unread.take().or(Some(error).filter(|error| !error.is_not_found()));
                Vec::new()
            }))
        };
        match movie_of_frames(self.ffmpeg, &times, read, self.work, self.stop, &mut progress) {
            Ok(made) => {
                if made.left_out > 0 {
                    let why = unread.map(|error| format!("; one of them: {}", error.chain())).unwrap_or_default();
                    tracing::warn!(
                        path,
                        "its movie lacks {} of {count} frames, which cannot be used{why}",
                        made.left_out
                    );
                }
                Ok(Some(made.file))
            }
            // Perhaps the disk does not respond: that is no reason to do without a movie.
            Err(owlery_media::Error::NoFrame) if unread.is_some() => Err(unread.unwrap_or(Error::Stopped).into()),
            Err(owlery_media::Error::NoFrame) => {
                tracing::warn!(path, "it gets no movie, since none of its {count} frames can be used");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The thumbnail of the frame with the most changed pixels that can be read.
    fn thumbnail(&self, part: &Part) -> Option<Vec<u8>> {
        let frames = self.event.by_change(part.frames(Shows::Camera).map(|shot| shot.frame));
        let (width, height) = THUMBNAIL;
        for frame in frames.into_iter().take(THUMBNAIL_TRIES) {
            let Ok(bytes) = self.event.read_frame(frame) else { continue };
            match thumbnail_in(&bytes, width, height) {
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
