//! Sprites: one JPEG with many small frames of an event, for scrubbing, and where each of them is.

use std::fs::File;

use image::{Rgb, RgbImage, imageops};
use owlery_model::clock::Stop;
use serde::Serialize;

use crate::movie_frames::{Take, frames};
use crate::{Error, Ffmpeg, Picture, Result};

/// How many tiles a sprite has at most.
pub const MAX_TILES: u32 = 100;

/// The greatest width of a tile in pixels.
const TILE: u32 = 160;

const COLUMNS: u32 = 10;
const QUALITY: u8 = 70;

/// How many tiles there are for each second of a movie, at most.
const TILES_A_SECOND: f64 = 2.0;

/// How long a movie is thought to be that does not say it, in seconds.
const UNKNOWN_LENGTH: f64 = 100.0;

/// Of movies longer than this, in seconds, only the key frames are decoded.
const LONG: f64 = 120.0;

/// A sprite.
#[derive(Debug, Clone)]
pub struct Sprite {
    /// The picture: tiles in rows, from the left to the right.
    pub jpeg: Vec<u8>,
    /// Where they are.
    pub index: SpriteIndex,
}

/// The tiles of a sprite: what `sprite.json` contains.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpriteIndex {
    /// The width of a tile in pixels.
    pub tile_width: u32,
    /// The height of a tile in pixels.
    pub tile_height: u32,
    /// How many tiles a row has.
    pub columns: u32,
    /// How many rows there are; the last one may not be full.
    pub rows: u32,
    /// The time of each tile, in seconds from the beginning.
    pub times: Vec<f64>,
}

/// The sprite of an event's frames: up to [`MAX_TILES`], evenly chosen. `times` are in seconds, `read` returns the bytes of
/// a frame by its index; frames that cannot be decoded are left out.
///
/// # Errors
/// [`Error::NoFrame`] if no frame can be decoded; those of `read`.
pub fn sprite_of_frames(times: &[f64], mut read: impl FnMut(usize) -> Result<Vec<u8>>) -> Result<Sprite> {
    let step = times.len().div_ceil(MAX_TILES as usize).max(1);
    let mut pictures = Vec::new();
    for index in (0..times.len()).step_by(step) {
        if let Ok(picture) = Picture::decode(&read(index)?, TILE) {
            pictures.push((times[index], picture));
        }
    }
    compose(pictures)
}

/// The sprite of a movie that is `secs` seconds long.
///
/// # Errors
/// [`Error::NoFrame`] if no frame can be decoded. The errors of `ffmpeg`.
pub fn sprite_of_movie(ffmpeg: &Ffmpeg, movie: &File, secs: Option<f64>, stop: &Stop) -> Result<Sprite> {
    let secs = secs.filter(|secs| *secs > 0.0).unwrap_or(UNKNOWN_LENGTH);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the bounds
    let count = (secs * TILES_A_SECOND).clamp(1.0, f64::from(MAX_TILES)) as u32;
    let take = Take { start: 0.0, span: Some(secs), count, width: TILE, only_keys: secs > LONG };
    let pictures = frames(ffmpeg, movie, take, stop)?;
    let times = (0..count).map(|tile| f64::from(tile) * secs / f64::from(count));
    compose(times.zip(pictures).collect())
}

/// Puts pictures of these times beside each other, all in the size of the first.
fn compose(pictures: Vec<(f64, Picture)>) -> Result<Sprite> {
    let (width, height) = pictures.first().map(|(_, first)| (first.width(), first.height())).ok_or(Error::NoFrame)?;
    let count = u32::try_from(pictures.len()).unwrap_or(MAX_TILES);
    let columns = count.min(COLUMNS);
    let rows = count.div_ceil(columns.max(1));
    let mut all = RgbImage::from_pixel(columns * width, rows * height, Rgb([0; 3]));
    let mut times = Vec::with_capacity(pictures.len());
    for ((time, picture), place) in pictures.into_iter().zip(0u32..) {
        let (x, y) = (place % columns * width, place / columns * height);
        imageops::replace(&mut all, &picture.resized(width, height)?.into_image(), i64::from(x), i64::from(y));
        times.push((time * 1000.0).round() / 1000.0);
    }
    let jpeg = Picture::of_image(all).jpeg(QUALITY)?;
    Ok(Sprite { jpeg, index: SpriteIndex { tile_width: width, tile_height: height, columns, rows, times } })
}

#[cfg(test)]
mod tests;
