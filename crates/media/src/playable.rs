//! What a movie needs before browsers play it, by its contents. `make` does it.

mod make;

use std::fs::File;

use owlery_archive::{AudioCodec, MovieContents, MovieForm, VideoCodec, read_movie};
use owlery_model::clock::Stop;
use owlery_model::event::state::MovieCheck;

use crate::{Error, Ffmpeg, Result};
pub use make::make_playable;
pub(crate) use make::{PART_TIME_BASE, make_part};

/// A type of movie that browsers play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovieType {
    /// MP4.
    Mp4,
    /// `WebM`.
    WebM,
}

impl MovieType {
    /// Its media type, for `Content-Type`.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::WebM => "video/webm",
        }
    }
}

/// What happens to the sound of a movie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// There is none.
    Silent,
    /// It is copied.
    Copied,
    /// It is encoded as AAC.
    Encoded,
}

/// What a movie needs before browsers play it. All but the first and the last become an MP4 with its index in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Playable {
    /// Nothing: browsers play the file itself. H.264, AV1 or VP9 in MP4; VP8, VP9 or AV1 in `WebM`.
    AsIs(MovieType),
    /// Another container; its pictures are copied.
    Remux(Sound),
    /// Its pictures are encoded as H.264.
    Transcode(Sound),
    /// It was cut off: what is left of it is copied, or encoded.
    Salvage {
        /// Whether its pictures can be copied if they are whole.
        copies: bool,
        /// What happens to its sound.
        sound: Sound,
    },
    /// Nothing of it can be played.
    Nothing(Unusable),
}

/// Why nothing of a movie can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// The file has no bytes, or begins with zeros.
    Empty,
    /// It is an MP4 whose index (the moov box) was never written, or was cut off.
    NoIndex,
    /// It has no track of pictures.
    NoPictures,
}

impl Unusable {
    /// The reason as a text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Empty => "it is empty",
            Self::NoIndex => "its index (moov box) is missing: the recording was interrupted",
            Self::NoPictures => "it has no pictures",
        }
    }
}

/// A movie that was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Movie {
    /// What it needs.
    pub playable: Playable,
    /// Its length in seconds; `None` if the file does not say.
    pub secs: Option<f64>,
}

impl Playable {
    /// What a movie needs, by its container alone; `None` where only `ffprobe` knows.
    pub fn of_contents(movie: &MovieContents) -> Option<Self> {
        match (movie.check, movie.form, movie.video) {
            (MovieCheck::Empty | MovieCheck::Blank, ..) => Some(Self::Nothing(Unusable::Empty)),
            (_, MovieForm::Other, _) => None,
            (check, form, Some(video)) => Some(Self::of_tracks(check, form, video, movie.audio)),
            (MovieCheck::Unfinished, MovieForm::Mp4 | MovieForm::QuickTime, None) => {
                Some(Self::Nothing(Unusable::NoIndex))
            }
            (_, _, None) => Some(Self::Nothing(Unusable::NoPictures)),
        }
    }

    fn of_tracks(check: MovieCheck, form: MovieForm, video: VideoCodec, audio: Option<AudioCodec>) -> Self {
        let sound = match audio {
            None => Sound::Silent,
            Some(AudioCodec::Aac | AudioCodec::Mp3) => Sound::Copied,
            Some(AudioCodec::Opus | AudioCodec::Vorbis | AudioCodec::Flac | AudioCodec::Other) => Sound::Encoded,
        };
        let copies = matches!(video, VideoCodec::H264 | VideoCodec::Av1 | VideoCodec::Vp9);
        let plays_in_mp4 = !matches!(audio, Some(AudioCodec::Vorbis | AudioCodec::Other));
        let plays_in_webm = matches!(video, VideoCodec::Vp8 | VideoCodec::Vp9 | VideoCodec::Av1)
            && matches!(audio, None | Some(AudioCodec::Opus | AudioCodec::Vorbis));
        match form {
            _ if check == MovieCheck::Unfinished => Self::Salvage { copies, sound },
            MovieForm::Mp4 if copies && plays_in_mp4 => Self::AsIs(MovieType::Mp4),
            MovieForm::WebM if plays_in_webm => Self::AsIs(MovieType::WebM),
            _ if copies => Self::Remux(sound),
            _ => Self::Transcode(sound),
        }
    }
}

impl Movie {
    /// Looks at an open movie: its container's own structure for MP4, `QuickTime`, Matroska and `WebM`, `ffprobe` for others.
    ///
    /// # Errors
    /// The file cannot be read; or it is of another container, and `ffprobe` is missing or fails.
    pub fn inspect(movie: &File, ffmpeg: &Ffmpeg, stop: &Stop) -> Result<Self> {
        let contents = read_movie(movie).map_err(Error::io("read the movie"))?;
        let secs = contents.secs.map(f64::from);
        if let Some(playable) = Playable::of_contents(&contents) {
            return Ok(Self { playable, secs });
        }
        let tracks = ffmpeg.tracks(movie, stop)?;
        let playable = match tracks.video {
            Some(video) => Playable::of_tracks(contents.check, contents.form, video, tracks.audio),
            None => Playable::Nothing(Unusable::NoPictures),
        };
        Ok(Self { playable, secs: secs.or(tracks.secs) })
    }
}

#[cfg(test)]
mod motion;
#[cfg(test)]
mod tests;
