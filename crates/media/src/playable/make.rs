//! Makes an MP4 that browsers play, by `ffmpeg`.

use std::fs::File;
use std::path::Path;

use owlery_model::clock::Stop;
use tempfile::NamedTempFile;

use super::{Movie, Playable, Sound};
use crate::ffmpeg::{Length, follow};
use crate::{Error, Ffmpeg, Result, mp4};

/// Times are made where a container has none, and packets that were cut off are left out.
const INPUT: [&str; 2] = ["-fflags", "+genpts+discardcorrupt"];

/// Sizes become even: a row or column is added. Frames keep their times: none is made up for a rate that a container
/// claims.
const FRAMES: [&str; 4] = ["-fps_mode", "vfr", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"];

/// One attempt.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    copies: bool,
    sound: Sound,
    /// Whether the result is decoded to its end before it counts.
    is_decoded: bool,
}

/// The time base of movies that are parts of another: the same for all, fine enough for every container's.
const PART: [&str; 2] = ["-video_track_timescale", "90000"];
/// The same as `ffprobe` prints it.
pub(crate) const PART_TIME_BASE: &str = "1/90000";

/// Like [`make_playable`], for a movie that becomes a part of another one. `encodes` is whether its pictures are encoded even where they
/// could be copied.
pub(crate) fn make_part(
    ffmpeg: &Ffmpeg,
    movie: &File,
    inspected: &Movie,
    encodes: bool,
    dir: &Path,
    stop: &Stop,
) -> Result<NamedTempFile> {
    let mut inspected = *inspected;
    if let (true, Playable::AsIs(_) | Playable::Remux(_)) = (encodes, inspected.playable) {
        inspected.playable = Playable::Transcode(Sound::Encoded);
    }
    make_with(ffmpeg, movie, &inspected, &PART, dir, stop, &mut |_| ())
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
    make_with(ffmpeg, movie, inspected, &[], dir, stop, progress)
}

/// The same with more options of the output.
fn make_with(
    ffmpeg: &Ffmpeg,
    movie: &File,
    inspected: &Movie,
    more: &[&str],
    dir: &Path,
    stop: &Stop,
    progress: &mut (dyn FnMut(f32) + Send),
) -> Result<NamedTempFile> {
    let attempts = attempts(inspected.playable)?;
    let output = mp4::temporary(dir)?;
    let mut failed = None;
    for attempt in attempts {
        let made = make(ffmpeg, movie, attempt, (more, output.path()), inspected.secs, stop, progress)
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
    (more, output): (&[&str], &Path),
    secs: Option<f64>,
    stop: &Stop,
    progress: &mut (dyn FnMut(f32) + Send),
) -> Result<()> {
    let mut options = vec!["-map", "0:V:0"];
    options.extend(more);
    if attempt.copies {
        options.extend(["-c:v", "copy"]);
    } else {
        options.extend(FRAMES.into_iter().chain(mp4::H264));
    }
    match attempt.sound {
        Sound::Silent => options.push("-an"),
        Sound::Copied => options.extend(["-map", "0:a:0?", "-c:a", "copy"]),
        Sound::Encoded => options.extend(["-map", "0:a:0?", "-c:a", "aac", "-b:a", "96k"]),
    }
    let options = mp4::output(options, output);
    ffmpeg.convert(movie, &INPUT, options, stop, |output| follow(output, Length::Secs(secs), progress)).map(drop)
}

/// Whether the result is a whole MP4 that browsers play.
fn verify(ffmpeg: &Ffmpeg, made: &File, attempt: Attempt, stop: &Stop) -> Result<()> {
    mp4::verify(made)?;
    if attempt.is_decoded {
        let strict = ["-xerror", "-err_detect", "explode"];
        ffmpeg.convert(made, &strict, ["-f", "null", "-"], stop, |_| ())?;
    }
    Ok(())
}
