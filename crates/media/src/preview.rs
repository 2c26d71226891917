//! Previews: short animations of the strongest motion, as WebP or GIF.

mod gif;
mod webp;

use std::fs::File;

use owlery_model::clock::Stop;

use crate::movie_frames::{Take, frames};
use crate::{Error, Ffmpeg, Picture, Result};

/// How many bytes a preview may have.
pub const MAX_PREVIEW: usize = 400_000;

/// The greatest width of a preview in pixels, and of one that would be too large otherwise.
const WIDTH: u32 = 320;
const NARROW: u32 = 160;

/// How many frames a preview has at most, and how many of them before the strongest motion if there are enough.
const MAX_FRAMES: usize = 12;
const BEFORE: usize = 4;

/// Frames that follow sooner, in seconds, are left out.
const MIN_GAP: f64 = 0.19;

/// How many seconds of a movie a preview shows, and how many of them before the strongest motion.
const SPAN: f64 = 4.0;
const LEAD: f64 = 1.3;

/// The shortest and the longest time of a frame, in milliseconds.
const MIN_DELAY: f64 = 100.0;
const MAX_DELAY: f64 = 500.0;

/// A format of animations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Animation {
    /// Animated WebP.
    WebP,
    /// GIF.
    Gif,
}

impl Animation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::WebP, Self::Gif];

    /// Its media type, for `Content-Type`.
    pub fn mime(self) -> &'static str {
        match self {
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }
}

/// What is known of a frame before it is opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameInfo {
    /// Its time, in seconds since any moment. Frames are in the order of their times.
    pub secs: f64,
    /// How many pixels changed; 0 if unknown.
    pub changed: u32,
}

/// Pictures of one size, and for how many milliseconds each is shown.
struct Clip {
    pictures: Vec<Picture>,
    delays: Vec<u32>,
}

/// How much of a clip is encoded, and how well.
#[derive(Debug, Clone, Copy)]
struct Effort {
    frames: usize,
    width: u32,
    quality: Quality,
}

/// The quality of the pictures, from the best on.
#[derive(Debug, Clone, Copy)]
enum Quality {
    Good,
    Fair,
    Poor,
}

/// What is tried until the result is small enough.
const EFFORTS: [Effort; 7] = [
    Effort { frames: 12, width: WIDTH, quality: Quality::Good },
    Effort { frames: 12, width: WIDTH, quality: Quality::Fair },
    Effort { frames: 8, width: WIDTH, quality: Quality::Fair },
    Effort { frames: 8, width: WIDTH, quality: Quality::Poor },
    Effort { frames: 4, width: WIDTH, quality: Quality::Poor },
    Effort { frames: 4, width: NARROW, quality: Quality::Poor },
    Effort { frames: 1, width: NARROW, quality: Quality::Poor },
];

/// The preview of an event's frames: up to 12 around the one with the most changed pixels, at most 320 pixels wide and
/// [`MAX_PREVIEW`] bytes long. `read` returns the bytes of a frame by its index; frames that cannot be decoded are left
/// out.
///
/// # Errors
/// [`Error::NoFrame`] if no frame can be decoded; those of `read`.
pub fn preview_of_frames(
    frames: &[FrameInfo],
    mut read: impl FnMut(usize) -> Result<Vec<u8>>,
    animation: Animation,
) -> Result<Vec<u8>> {
    let (mut pictures, mut times) = (Vec::new(), Vec::new());
    for index in choose(frames) {
        // A damaged frame, as a full disk leaves it, spoils no preview.
        if let Ok(picture) = Picture::decode(&read(index)?, WIDTH) {
            pictures.push(picture);
            times.push(frames[index].secs);
        }
    }
    encode(&Clip::new(pictures, &times)?, animation)
}

/// The preview of a movie that is `secs` seconds long: four seconds around the second `around`, or its middle.
///
/// # Errors
/// [`Error::NoFrame`] if no frame can be decoded. The errors of `ffmpeg`.
pub fn preview_of_movie(
    ffmpeg: &Ffmpeg,
    movie: &File,
    secs: Option<f64>,
    around: Option<f64>,
    animation: Animation,
    stop: &Stop,
) -> Result<Vec<u8>> {
    let span = secs.map_or(SPAN, |secs| secs.clamp(0.1, SPAN));
    let middle = around.or(secs.map(|secs| secs / 2.0)).unwrap_or(0.0);
    let start = (middle - LEAD).min(secs.map_or(f64::MAX, |secs| secs - span)).max(0.0);
    let count = u32::try_from(MAX_FRAMES).unwrap_or(u32::MAX);
    let take = Take { start, span: Some(span), count, width: WIDTH, only_keys: false };
    let mut pictures = frames(ffmpeg, movie, take, stop)?;
    if pictures.is_empty() && start > 0.0 {
        pictures = frames(ffmpeg, movie, Take { start: 0.0, ..take }, stop)?; // it is shorter than it claims
    }
    let times: Vec<f64> = (0..count).map(|index| f64::from(index) * span / f64::from(count)).collect();
    encode(&Clip::new(pictures, &times)?, animation)
}

/// The indexes of the frames of a preview, in order.
fn choose(frames: &[FrameInfo]) -> Vec<usize> {
    let Some(peak) = (0..frames.len()).max_by_key(|index| (frames[*index].changed, std::cmp::Reverse(*index))) else {
        return Vec::new();
    };
    let thin = |indexes: &mut dyn Iterator<Item = usize>| {
        let (mut chosen, mut last) = (Vec::new(), frames[peak].secs);
        for index in indexes {
            if (frames[index].secs - last).abs() >= MIN_GAP && chosen.len() < MAX_FRAMES - 1 {
                last = frames[index].secs;
                chosen.push(index);
            }
        }
        chosen
    };
    let (mut before, mut after) = (thin(&mut (0..peak).rev()), thin(&mut (peak + 1..frames.len())));
    after.truncate((MAX_FRAMES - 1).saturating_sub(before.len().min(BEFORE)));
    before.truncate(MAX_FRAMES - 1 - after.len());
    before.into_iter().rev().chain([peak]).chain(after).collect()
}

impl Clip {
    /// The pictures in the size of the first, at these times in seconds.
    fn new(pictures: Vec<Picture>, times: &[f64]) -> Result<Self> {
        let size = pictures.first().map(|first| (first.width(), first.height())).ok_or(Error::NoFrame)?;
        let pictures: Result<Vec<_>> = pictures.into_iter().map(|picture| picture.resized(size.0, size.1)).collect();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        let mut delays: Vec<u32> = gaps.map(delay).collect();
        delays.push(delays.last().copied().unwrap_or(delay(f64::MAX)));
        Ok(Self { pictures: pictures?, delays })
    }

    /// The width and the height of all pictures.
    fn size(&self) -> Result<(u32, u32)> {
        self.pictures.first().map(|first| (first.width(), first.height())).ok_or(Error::NoFrame)
    }

    /// The same time in fewer and narrower pictures.
    fn reduced(&self, effort: Effort) -> Result<Self> {
        let step = self.pictures.len().div_ceil(effort.frames.max(1)).max(1);
        let pictures = self.pictures.iter().step_by(step).map(|picture| picture.clone().shrunk(effort.width));
        let delays = self.delays[..self.pictures.len()].chunks(step).map(|delays| delays.iter().sum()).collect();
        Ok(Self { pictures: pictures.collect::<Result<_>>()?, delays })
    }
}

/// A time in seconds as the delay of a frame.
fn delay(gap: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the bounds
    let millis = (gap * 1000.0).clamp(MIN_DELAY, MAX_DELAY).round() as u32;
    millis
}

/// Encodes with less and less effort until the result is small enough.
fn encode(clip: &Clip, animation: Animation) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for effort in EFFORTS {
        let reduced = clip.reduced(effort)?;
        bytes = match animation {
            Animation::WebP => webp::encode(&reduced, effort.quality)?,
            Animation::Gif => gif::encode(&reduced, effort.quality)?,
        };
        if bytes.len() <= MAX_PREVIEW {
            return Ok(bytes);
        }
    }
    Err(Error::Picture(format!("a preview of {} bytes is too large", bytes.len())))
}

#[cfg(test)]
mod tests;
