//! What a movie contains, by its container: the codecs of its first video and audio track. Only mp4 and Matroska have
//! them in a place that is cheap to read; for the others, ask `ffprobe`.

use std::fs::File;
use std::io;

use super::source::Source;
use super::{Form, matroska_tracks, mp4_tracks};
use crate::event::Container;
use crate::event::state::MovieCheck;

/// The container of a movie, as its first bytes show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovieForm {
    /// MP4, also fragmented.
    Mp4,
    /// `QuickTime`, which is almost the same. Browsers need not play it.
    QuickTime,
    /// `WebM`, the part of Matroska that browsers play.
    WebM,
    /// Matroska.
    Matroska,
    /// Another one, or no movie at all. Its tracks are not read.
    Other,
}

/// How a track of pictures is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoCodec {
    /// H.264 in one of the profiles that browsers play: 8 bits, 4:2:0.
    H264,
    /// AV1, main profile.
    Av1,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// Anything else, among them other profiles of H.264 and AV1.
    Other,
}

/// How a track of sound is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioCodec {
    /// AAC, or another codec of MPEG-4 audio.
    Aac,
    /// MP3.
    Mp3,
    /// Opus.
    Opus,
    /// Vorbis.
    Vorbis,
    /// FLAC.
    Flac,
    /// Anything else.
    Other,
}

/// What a movie's container says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovieContents {
    /// The container.
    pub form: MovieForm,
    /// Whether it was finished.
    pub check: MovieCheck,
    /// Its length in seconds, if it is known. For a truncated movie, the length of what is left.
    pub secs: Option<u32>,
    /// The codec of its first video track; `None` if there is none, or if the form is `Other`.
    pub video: Option<VideoCodec>,
    /// The codec of its first audio track.
    pub audio: Option<AudioCodec>,
}

/// The tracks that a container lists.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tracks {
    pub video: Option<VideoCodec>,
    pub audio: Option<AudioCodec>,
}

/// The profiles of H.264 that browsers play: baseline, main, extended and high.
pub(super) fn h264(profile: u8) -> VideoCodec {
    if matches!(profile, 66 | 77 | 88 | 100) { VideoCodec::H264 } else { VideoCodec::Other }
}

/// AV1 by the second byte of its configuration, which begins with the profile.
pub(super) fn av1(byte: u8) -> VideoCodec {
    if byte >> 5 == 0 { VideoCodec::Av1 } else { VideoCodec::Other }
}

/// Reads an open movie: a bounded number of blocks, of any bytes.
///
/// # Errors
/// The file cannot be read.
pub fn read_movie(file: &File) -> io::Result<MovieContents> {
    let len = file.metadata()?.len();
    read_movie_by(len, |buffer, at| Ok(rustix::io::pread(file, buffer, at)?))
}

/// The same of `len` bytes that `read` reads, from an offset on and as many as it likes; none is the end.
///
/// # Errors
/// `read` fails.
pub fn read_movie_by(len: u64, mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>) -> io::Result<MovieContents> {
    // The contents decide: an extension would be a guess. That of a transport stream suggests none.
    let found = super::probe_by(len, Container::Ts, &mut read)?;
    let mut source = Source::new(len, &mut read);
    let (form, tracks) = match Form::of(&mut source, Container::Ts)? {
        _ if len == 0 => (MovieForm::Other, Tracks::default()),
        Form::Mp4 => mp4_tracks::tracks(&mut source)?,
        Form::Matroska => matroska_tracks::tracks(&mut source)?,
        _ => (MovieForm::Other, Tracks::default()),
    };
    Ok(MovieContents { form, check: found.check, secs: found.secs, video: tracks.video, audio: tracks.audio })
}
