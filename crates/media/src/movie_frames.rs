//! Frames of a movie as pictures, by `ffmpeg`, and the thumbnail of a movie that has no frames beside it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::ChildStdout;

use owlery_model::clock::Stop;

use crate::thumbnail::of_picture;
use crate::{Error, Ffmpeg, Picture, Result, Width};

/// The longest header of a PPM picture, in bytes, and the longest edge of a picture, in pixels.
const MAX_HEADER: usize = 64;
const MAX_EDGE: u32 = 8192;

/// Which frames of a movie to take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Take {
    /// From which second on.
    pub start: f64,
    /// How many seconds they are spread over; `None` takes the frames one after the other.
    pub span: Option<f64>,
    /// How many, at most.
    pub count: u32,
    /// Their greatest width in pixels.
    pub width: u32,
    /// Whether only key frames are decoded. It is much faster; times are those of the key frame before.
    pub only_keys: bool,
}

/// Reads frames of a movie, in order; fewer than wanted if the movie ends before, and none if it has none there.
pub(crate) fn frames(ffmpeg: &Ffmpeg, movie: &File, take: Take, stop: &Stop) -> Result<Vec<Picture>> {
    let start = format!("{:.3}", take.start.max(0.0));
    let mut before = vec!["-ss", &start];
    if take.only_keys {
        before.extend(["-skip_frame", "nokey"]);
    }
    // Pixels that are not square become so before the width is measured.
    let mut filter = format!("scale=trunc(iw*sar):ih,setsar=1,scale='min({},iw)':-1", take.width);
    if let Some(span) = take.span {
        // The last key frame is shown for a while, but not for the rest of a movie that is shorter than it claims.
        let repeat = if take.only_keys { "tpad=stop_duration=60:stop_mode=clone," } else { "" };
        filter = format!("fps={}/{:.6}:start_time=0,{repeat}{filter}", take.count, span.max(0.001));
    }
    let count = take.count.to_string();
    let after = ["-map", "0:V:0", "-an", "-vf", &filter, "-frames:v", &count, "-threads", "1"];
    let format = ["-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1"];
    let read =
        ffmpeg.convert(movie, &before, after.into_iter().chain(format), stop, |output| read_all(output, take.count))?;
    read?.into_iter().map(|picture| picture.shrunk(take.width)).collect()
}

/// Reads pictures to the end of the output.
fn read_all(output: ChildStdout, most: u32) -> Result<Vec<Picture>> {
    let (mut output, mut pictures) = (BufReader::with_capacity(256 * 1024, output), Vec::new());
    for _ in 0..most {
        match read_picture(&mut output)? {
            Some(picture) => pictures.push(picture),
            None => break,
        }
    }
    Ok(pictures)
}

/// The next picture in the binary PPM format, as `ffmpeg` writes it; `None` at the end.
fn read_picture(output: &mut impl BufRead) -> Result<Option<Picture>> {
    let failed = || Error::Picture("ffmpeg wrote no PPM picture".to_owned());
    let mut header = Vec::new();
    // "P6", the size and the maximum, each on a line.
    for _ in 0..3 {
        let mut rest = output.by_ref().take(MAX_HEADER as u64);
        rest.read_until(b'\n', &mut header).map_err(Error::io("read a frame of a movie"))?;
    }
    if header.is_empty() {
        return Ok(None);
    }
    let header = String::from_utf8_lossy(&header);
    let mut words = header.split_whitespace();
    if words.next() != Some("P6") {
        return Err(failed());
    }
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok()).filter(|n| (1..=MAX_EDGE).contains(n));
    let (Some(width), Some(height), Some(255)) = (number(), number(), number()) else { return Err(failed()) };
    let mut pixels = vec![0; width as usize * height as usize * 3];
    output.read_exact(&mut pixels).map_err(Error::io("read a frame of a movie"))?;
    Picture::of_pixels(width, height, pixels).map(Some).ok_or_else(failed)
}

/// The thumbnail of a movie: its frame at a time in seconds, or else its first frame.
///
/// # Errors
/// [`Error::NoFrame`] if the movie has none that can be decoded. The errors of `ffmpeg`.
pub fn movie_thumbnail(ffmpeg: &Ffmpeg, movie: &File, at: Option<f64>, width: Width, stop: &Stop) -> Result<Vec<u8>> {
    let one = |start: f64| -> Result<Option<Picture>> {
        let take = Take { start, span: None, count: 1, width: width.pixels(), only_keys: false };
        Ok(frames(ffmpeg, movie, take, stop)?.pop())
    };
    let wanted = match at.filter(|at| *at > 0.0) {
        Some(at) => one(at)?,
        None => None,
    };
    match wanted {
        Some(picture) => of_picture(&picture),
        None => of_picture(&one(0.0)?.ok_or(Error::NoFrame)?),
    }
}

#[cfg(test)]
mod tests;
