//! Makes an MP4 that browsers play, by `ffmpeg`.

use std::fs::File;
use std::path::Path;

use owlery_archive::{MovieForm, VideoCodec, read_movie};
use owlery_model::clock::Stop;
use owlery_model::event::state::MovieCheck;
use tempfile::NamedTempFile;

use super::{Movie, Playable, Sound};
use crate::ffmpeg::follow;
use crate::{Error, Ffmpeg, Result};

/// Times are made where a container has none, and packets that were cut off are left out.
const INPUT: [&str; 2] = ["-fflags", "+genpts+discardcorrupt"];

/// H.264 as every browser plays it. Sizes become even: a row or column is added. Frames keep their times: none is made up
/// for a rate that a container claims.
const ENCODED: [&str; 14] = [
    "-fps_mode",
    "vfr",
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-crf",
    "23",
    "-pix_fmt",
    "yuv420p",
    "-vf",
    "pad=ceil(iw/2)*2:ceil(ih/2)*2",
    "-threads",
    "1",
];

/// The index is put in front; progress is printed.
const OUTPUT: [&str; 8] = ["-movflags", "+faststart", "-progress", "pipe:1", "-stats_period", "0.5", "-f", "mp4"];

/// One attempt.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    copies: bool,
    sound: Sound,
    /// Whether the result is decoded to its end before it counts.
    is_decoded: bool,
}

/// Makes an MP4 of what a movie has, in a temporary file in `dir`. It is removed when the result is dropped, unless it is
/// kept or moved; nothing is left behind by an error. `progress` is called, on another thread, with the part that is done,
/// from 0 to 1, if the length is known. Copying that fails is followed by encoding, and that by encoding without the
/// sound; each begins at 0 again.
///
/// # Errors
/// [`Error::Unplayable`] if nothing can be played. The errors of `ffmpeg`.
pub fn make_playable(
    ffmpeg: &Ffmpeg,
    movie: &File,
    inspected: &Movie,
    dir: &Path,
    stop: &Stop,
    progress: &mut (dyn FnMut(f32) + Send),
) -> Result<NamedTempFile> {
    let attempts = attempts(inspected.playable)?;
    let output = tempfile::Builder::new().prefix(".owlery-media-").suffix(".mp4").tempfile_in(dir);
    let output = output.map_err(Error::io("make a temporary file for a movie"))?;
    let mut failed = None;
    for attempt in attempts {
        let made = make(ffmpeg, movie, attempt, output.path(), inspected.secs, stop, progress)
            .and_then(|()| verify(ffmpeg, output.as_file(), attempt, stop));
        match made {
            Ok(()) => return Ok(output),
            // Another attempt may do better.
            Err(error @ (Error::Program { .. } | Error::Unplayable(_))) => failed = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(match failed {
        Some(Error::Program { stderr, .. }) if matches!(inspected.playable, Playable::Salvage { .. }) => {
            Error::Unplayable(stderr)
        }
        Some(error) => error,
        None => Error::Unplayable("there is nothing to be done".to_owned()),
    })
}

/// What is tried, in order.
fn attempts(playable: Playable) -> Result<Vec<Attempt>> {
    let (copies, sound, is_decoded) = match playable {
        Playable::AsIs(_) => (true, Sound::Copied, false),
        Playable::Remux(sound) => (true, sound, false),
        Playable::Transcode(sound) => (false, sound, false),
        Playable::Salvage { copies, sound } => (copies, sound, true),
        Playable::Nothing(why) => return Err(Error::Unplayable(why.text().to_owned())),
    };
    let encoded = Attempt { copies: false, sound, is_decoded };
    let silent = Attempt { sound: Sound::Silent, ..encoded };
    let mut attempts = vec![encoded];
    if copies {
        attempts.insert(0, Attempt { copies, ..encoded });
    }
    if sound != Sound::Silent {
        attempts.push(silent);
    }
    Ok(attempts)
}

fn make(
    ffmpeg: &Ffmpeg,
    movie: &File,
    attempt: Attempt,
    output: &Path,
    secs: Option<f64>,
    stop: &Stop,
    progress: &mut (dyn FnMut(f32) + Send),
) -> Result<()> {
    let mut options = vec!["-map", "0:V:0"];
    if attempt.copies {
        options.extend(["-c:v", "copy"]);
    } else {
        options.extend(ENCODED);
    }
    match attempt.sound {
        Sound::Silent => options.push("-an"),
        Sound::Copied => options.extend(["-map", "0:a:0?", "-c:a", "copy"]),
        Sound::Encoded => options.extend(["-map", "0:a:0?", "-c:a", "aac", "-b:a", "96k"]),
    }
    options.extend(OUTPUT);
    let mut name = std::ffi::OsString::from("file:"); // a path may look like an option or a protocol
    name.push(output);
    let options = options.into_iter().map(Into::into).chain([name]);
    ffmpeg.convert(movie, &INPUT, options, stop, |output| follow(output, secs, progress))
}

/// Whether the result is a whole MP4 that browsers play.
fn verify(ffmpeg: &Ffmpeg, made: &File, attempt: Attempt, stop: &Stop) -> Result<()> {
    let found = read_movie(made).map_err(Error::io("read the movie that was made"))?;
    let plays = matches!(found.video, Some(VideoCodec::H264 | VideoCodec::Av1 | VideoCodec::Vp9));
    if found.form != MovieForm::Mp4 || found.check != MovieCheck::Whole || !plays || found.secs.is_none() {
        return Err(Error::Unplayable("no whole frame was found".to_owned()));
    }
    if attempt.is_decoded {
        let strict = ["-xerror", "-err_detect", "explode"];
        ffmpeg.convert(made, &strict, ["-f", "null", "-"], stop, |_| ())?;
    }
    Ok(())
}
