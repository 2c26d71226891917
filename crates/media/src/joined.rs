//! One movie of several, one after the other. Each is first made an MP4 of its own, as for browsers, which also finds out which cannot
//! be used. Where all of these are encoded alike, as those of one camera are, they are copied; else all are encoded anew.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use owlery_model::clock::Stop;
use tempfile::{NamedTempFile, TempPath};

use crate::ffmpeg::{Layout, Length, follow};
use crate::playable::{PART_TIME_BASE, make_part};
use crate::{Error, Ffmpeg, FramesMovie, Movie, Result, mp4};

/// How much longer `ffmpeg` may run for each second of movies that are encoded.
const TIME_A_SECOND: f64 = 3.0;

/// A movie that becomes a part of another: an MP4 in a temporary file, which is removed when this is dropped. It holds no file open.
#[derive(Debug)]
pub struct MoviePart {
    path: TempPath,
    layout: Layout,
}

impl MoviePart {
    /// Makes a part of a movie, in `dir`.
    ///
    /// # Errors
    /// Those of [`make_playable`](crate::make_playable).
    pub fn of_movie(ffmpeg: &Ffmpeg, movie: &File, inspected: &Movie, dir: &Path, stop: &Stop) -> Result<Self> {
        Self::of(ffmpeg, make_part(ffmpeg, movie, inspected, false, dir, stop)?, stop)
    }

    /// A part that was made of frames.
    ///
    /// # Errors
    /// `ffprobe` is missing or fails.
    pub fn of_frames(ffmpeg: &Ffmpeg, made: FramesMovie, stop: &Stop) -> Result<Self> {
        Self::of(ffmpeg, made.file, stop)
    }

    fn of(ffmpeg: &Ffmpeg, made: NamedTempFile, stop: &Stop) -> Result<Self> {
        let layout = ffmpeg.layout(made.as_file(), stop)?;
        Ok(Self { path: made.into_temp_path(), layout })
    }

    /// Its length in seconds.
    pub fn secs(&self) -> f64 {
        self.layout.secs
    }

    /// The same as H.264 with the time base of parts. ffmpeg reads parts of other codecs or time bases as if they were like the first.
    fn into_h264(self, ffmpeg: &Ffmpeg, dir: &Path, stop: &Stop) -> Result<Self> {
        let video = &self.layout.video;
        let is_h264 = video.codec_name.as_deref() == Some("h264");
        if is_h264 && video.time_base.as_deref() == Some(PART_TIME_BASE) {
            return Ok(self);
        }
        let movie = File::open(&self.path).map_err(Error::io("open a movie that was made"))?;
        let inspected = Movie::inspect(&movie, ffmpeg, stop)?;
        Self::of(ffmpeg, make_part(ffmpeg, &movie, &inspected, !is_h264, dir, stop)?, stop)
    }

    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

/// Joins parts, which lie in `dir`, in their order, into an MP4 there that browsers play. It is removed when the result is dropped,
/// unless it is kept or moved. The sound is kept if all have the same kind of it. Pictures of other sizes than the largest are shrunk or
/// enlarged into its size, with black edges where their aspect ratio is another. `progress` is called, on another thread, with
/// the part that is done, from 0 to 1.
///
/// # Errors
/// [`Error::NoFrame`] without parts. The errors of `ffmpeg`.
pub fn join_movies(
    ffmpeg: &Ffmpeg,
    parts: Vec<MoviePart>,
    dir: &Path,
    stop: &Stop,
    progress: &mut (dyn FnMut(f32) + Send),
) -> Result<NamedTempFile> {
    let first = parts.first().ok_or(Error::NoFrame)?;
    let is_alike = parts.iter().all(|part| part.layout.video == first.layout.video);
    let secs: f64 = parts.iter().map(MoviePart::secs).sum();
    let output = mp4::temporary(dir)?;
    if is_alike {
        let sound: &[&str] = if has_one_sound(&parts) { &["-map", "0:a:0", "-c:a", "copy"] } else { &["-an"] };
        let options = ["-map", "0:V:0", "-c:v", "copy"].iter().chain(sound).copied();
        match run(ffmpeg, &parts, options, &output, (secs, dir), stop, progress) {
            Ok(()) => return Ok(output),
            // Encoding may do better.
            Err(Error::Program { .. } | Error::Unplayable(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let parts = parts.into_iter().map(|part| part.into_h264(ffmpeg, dir, stop)).collect::<Result<Vec<_>>>()?;
    let sound: &[&str] =
        if has_one_sound(&parts) { &["-map", "0:a:0", "-c:a", "aac", "-b:a", "96k"] } else { &["-an"] };
    let filter = filter(&parts);
    let pictures = ["-map", "0:V:0", "-fps_mode", "vfr", "-vf", filter.as_str()];
    let options = pictures.iter().chain(&mp4::H264).chain(sound).copied();
    let ffmpeg = ffmpeg.with_more_time(Duration::try_from_secs_f64(secs * TIME_A_SECOND).unwrap_or_default());
    run(&ffmpeg, &parts, options, &output, (secs, dir), stop, progress)?;
    Ok(output)
}

fn has_one_sound(parts: &[MoviePart]) -> bool {
    let sounds: Vec<_> = parts.iter().map(|part| &part.layout.audio).collect();
    sounds.iter().all(|sound| sound.is_some() && *sound == sounds[0])
}

/// The filter that makes all pictures as large as the largest, in even sizes.
fn filter(parts: &[MoviePart]) -> String {
    let sizes = parts.iter().map(|part| (part.layout.video.width, part.layout.video.height));
    let (width, height) =
        sizes.max_by_key(|(width, height)| u64::from(*width) * u64::from(*height)).unwrap_or_default();
    let (width, height) = (width.next_multiple_of(2), height.next_multiple_of(2));
    format!(
        "scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1"
    )
}

fn run<'a>(
    ffmpeg: &Ffmpeg,
    parts: &[MoviePart],
    options: impl Iterator<Item = &'a str>,
    output: &NamedTempFile,
    (secs, dir): (f64, &Path),
    stop: &Stop,
    progress: &mut (dyn FnMut(f32) + Send),
) -> Result<()> {
    let names: Vec<&OsStr> = parts.iter().map(MoviePart::name).collect();
    let name = output.path().file_name().unwrap_or_default();
    let options = mp4::output(options, Path::new(name));
    ffmpeg.convert_all(dir, &names, options, stop, |lines| follow(lines, Length::Secs(Some(secs)), progress))?;
    mp4::verify(output.as_file())
}

#[cfg(test)]
mod tests;
