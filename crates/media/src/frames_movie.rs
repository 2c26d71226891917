//! The movie of an event that has only frames: each frame at its own time. What is a frame of which event, and when it was
//! taken, is up to the caller. `ffmpeg` gets the frames through a pipe, so that few of them are in memory at a time.

mod matroska;
mod schedule;

use std::path::Path;
use std::time::Duration;

use owlery_model::clock::Stop;
use tempfile::NamedTempFile;

use crate::ffmpeg::{Length, follow};
use crate::picture::plain_jpeg_size;
use crate::{Error, Ffmpeg, Picture, Result, mp4};
use matroska::Stream;
use schedule::Schedule;

/// The quality of the JPEGs that frames of other formats become: hardly anything is lost.
const QUALITY: u8 = 95;

/// How much longer `ffmpeg` may run for each frame. One of 1280 × 720 takes 11 to 32 ms on a server's processor; small
/// computers, larger frames and the low priority need many times that.
const TIME_A_FRAME: Duration = Duration::from_secs(2);

/// Each frame is passed on with its time in milliseconds, none is repeated or dropped. Without frames that refer to later
/// ones no time has to be moved. The first that can be decoded is shown from the beginning on.
const TIMES: [&str; 10] = [
    "-fps_mode",
    "passthrough",
    "-enc_time_base",
    "1:1000",
    "-video_track_timescale",
    "1000",
    "-bf",
    "0",
    "-bsf:v",
    "setts=ts=if(eq(N\\,0)\\,0\\,TS)",
];

/// A movie that was made of frames.
#[derive(Debug)]
pub struct FramesMovie {
    /// The MP4. It is removed when it is dropped, unless it is kept or moved.
    pub file: NamedTempFile,
    /// How many frames it has.
    pub frames: usize,
    /// How many frames were left out, because they cannot be read as pictures.
    pub left_out: usize,
}

/// Makes an MP4 of an event's frames, in a temporary file in `dir`: H.264 that browsers play, with its index in front. Nothing
/// is left behind by an error. The same frames make the same bytes with the same `ffmpeg`.
///
/// `times` are those at which the frames are shown, since the movie's beginning, to the millisecond. One that is not later
/// than the one before is moved to the next millisecond. The first frame is shown from the beginning on, the last one for
/// the median distance between frames (at least 10 ms; a single frame for one second).
///
/// `read` returns the bytes of a frame by its index: JPEG, WebP, PNM or PNG. It is called once for each, in order, mostly on
/// another thread. Frames that are damaged, cut off or too large are left out, and so are those for which `read` returns
/// [`Error::Picture`], [`Error::TooManyPixels`] or [`Error::TooManyBytes`]. Frames of another size than the first are
/// shrunk or enlarged into its size, with black edges where their aspect ratio is another.
///
/// `ffmpeg` may run for two seconds more than its limit for each frame. `progress` is called, on another thread, with the
/// part of the frames that is done, from 0 to 1.
///
/// # Errors
/// [`Error::NoFrame`] if no frame can be read. Other errors of `read`, and those of `ffmpeg`.
pub fn movie_of_frames(
    ffmpeg: &Ffmpeg,
    times: &[Duration],
    mut read: impl FnMut(usize) -> Result<Vec<u8>> + Send,
    dir: &Path,
    stop: &Stop,
    progress: &mut (dyn FnMut(f32) + Send),
) -> Result<FramesMovie> {
    let Schedule { at, usual } = Schedule::of(times);
    let mut frames = at.iter().enumerate().filter_map(|(index, at)| {
        if stop.is_set() {
            return Some(Err(Error::Cancelled));
        }
        match read(index).and_then(Frame::of) {
            Ok(frame) => Some(Ok((*at, frame))),
            Err(error @ (Error::Picture(_) | Error::TooManyPixels | Error::TooManyBytes)) => {
                tracing::debug!("frame {index} is left out of the movie: {error}");
                None
            }
            Err(error) => Some(Err(error)),
        }
    });
    let (_, first) = frames.next().transpose()?.ok_or(Error::NoFrame)?;
    let (filter, sample) = (filter(first.size), first.jpeg.clone());
    let feed = move |pipe| {
        let failed = || Error::io("pass a frame to ffmpeg");
        let mut stream = Stream::begin(pipe, first.size, usual).map_err(failed())?;
        stream.frame(0, &first.jpeg).map_err(failed())?;
        drop(first);
        frames.try_for_each(|frame| {
            let (at, frame) = frame?;
            stream.frame(at, &frame.jpeg).map_err(failed())
        })
    };
    let file = mp4::temporary(dir)?;
    let options = ["-map", "0:V:0", "-an", "-vf", &filter].into_iter().chain(TIMES).chain(mp4::H264);
    let output = mp4::output(options, file.path());
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
    let written =
        ffmpeg
            .with_more_time(TIME_A_FRAME.saturating_mul(count))
            .convert_stream(feed, output, stop, |lines| follow(lines, Length::Frames(times.len()), progress))?;
    if written == 0 {
        // If the first one can be decoded, the fault is not that of the frames.
        let is_good = Picture::decode(&sample, 1).is_ok();
        return Err(if is_good { Error::Unplayable("ffmpeg made no frame of it".to_owned()) } else { Error::NoFrame });
    }
    mp4::verify(file.as_file())?;
    Ok(FramesMovie { file, frames: written, left_out: times.len().saturating_sub(written) })
}

/// A frame as a JPEG that `ffmpeg` can show.
struct Frame {
    jpeg: Vec<u8>,
    /// Its width and height in pixels.
    size: (u32, u32),
}

impl Frame {
    /// A whole JPEG remains as it is, without being decoded twice. All else is decoded here, which also finds out whether
    /// it can be.
    fn of(bytes: Vec<u8>) -> Result<Self> {
        if let Some(size) = plain_jpeg_size(&bytes) {
            return Ok(Self { jpeg: bytes, size });
        }
        let picture = Picture::decode_in(&bytes, u32::MAX, u32::MAX)?;
        Ok(Self { jpeg: picture.jpeg(QUALITY)?, size: (picture.width(), picture.height()) })
    }
}

/// The filter that makes all frames as large as the first, in even sizes: a row or column is added.
fn filter((width, height): (u32, u32)) -> String {
    let (even_width, even_height) = (width.next_multiple_of(2), height.next_multiple_of(2));
    format!(
        "scale={width}:{height}:force_original_aspect_ratio=decrease,pad={even_width}:{even_height}:(ow-iw)/2:(oh-ih)/2"
    )
}

#[cfg(test)]
mod tests;
