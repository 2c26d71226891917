//! MP4s that browsers play: how `ffmpeg` encodes and writes them, where they are made, and whether a result is one. What
//! they are made of is up to `playable` and `frames_movie`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::Path;

use owlery_archive::{MovieForm, VideoCodec, read_movie};
use owlery_model::event::state::MovieCheck;
use tempfile::NamedTempFile;

use crate::{Error, Result};

/// H.264 as every browser plays it.
pub(crate) const H264: [&str; 10] =
    ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-threads", "1"];

/// The index is put in front; progress is printed.
const OUTPUT: [&str; 8] = ["-movflags", "+faststart", "-progress", "pipe:1", "-stats_period", "0.5", "-f", "mp4"];

/// How the name of a temporary file begins and ends.
const TEMPORARY: (&str, &str) = (".owlery-media-", ".mp4");

/// Whether this is the name of a temporary file in which this crate makes a movie. A process that is killed leaves it behind.
pub fn is_temporary_movie(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1))
}

/// A temporary file in `dir` for an MP4. It is removed when it is dropped.
pub(crate) fn temporary(dir: &Path) -> Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempfile_in(dir);
    file.map_err(Error::io("make a temporary file for a movie"))
}

/// The options of an output with the index in front, whose progress is printed, and the output.
pub(crate) fn output<'a>(options: impl IntoIterator<Item = &'a str>, path: &Path) -> Vec<OsString> {
    let mut name = OsString::from("file:"); // a path may look like an option or a protocol
    name.push(path);
    options.into_iter().chain(OUTPUT).map(OsString::from).chain([name]).collect()
}

/// Checks that a result is a whole MP4 that browsers play.
pub(crate) fn verify(made: &File) -> Result<()> {
    let found = read_movie(made).map_err(Error::io("read the movie that was made"))?;
    let plays = matches!(found.video, Some(VideoCodec::H264 | VideoCodec::Av1 | VideoCodec::Vp9));
    if found.form != MovieForm::Mp4 || found.check != MovieCheck::Whole || !plays || found.secs.is_none() {
        return Err(Error::Unplayable("no whole frame was found".to_owned()));
    }
    Ok(())
}
