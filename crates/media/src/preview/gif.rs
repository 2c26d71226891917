//! Animated GIF: one palette for all frames, and in each frame only what changed.

use std::borrow::Cow;

use color_quant::NeuQuant;
use gif::{DisposalMethod, Encoder, Frame, Repeat};

use super::{Clip, Quality};
use crate::{Error, Picture, Result};

/// The palette is trained with one pixel in so many.
const SAMPLE: i32 = 20;

/// How well a clip is encoded.
struct Steps {
    /// Colours of the palette. The quantizer needs at least 64; one place more is for transparency.
    colours: usize,
    /// A pixel is left as it is if each of its values changed by no more than this.
    tolerance: u8,
}

impl Quality {
    fn of_gif(self) -> Steps {
        match self {
            Self::Good => Steps { colours: 255, tolerance: 8 },
            Self::Fair => Steps { colours: 128, tolerance: 14 },
            Self::Poor => Steps { colours: 64, tolerance: 24 },
        }
    }
}

/// Encodes a clip that is repeated without end.
pub(super) fn encode(clip: &Clip, quality: Quality) -> Result<Vec<u8>> {
    let failed = |error: gif::EncodingError| Error::Picture(format!("cannot encode GIF: {error}"));
    let (width, height) = clip.size()?;
    let too_large = |_| Error::Picture("too large for a GIF".to_owned());
    let width = u16::try_from(width).map_err(too_large)?;
    let height = u16::try_from(height).map_err(too_large)?;
    let steps = quality.of_gif();
    let all: Vec<u8> = clip.pictures.iter().flat_map(rgba).collect();
    let colours = NeuQuant::new(SAMPLE, steps.colours, &all);
    let mut palette = colours.color_map_rgb();
    palette.truncate(steps.colours * 3);
    let transparent = u8::try_from(palette.len() / 3).unwrap_or(u8::MAX);
    palette.extend([0; 3]);

    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height, &palette).map_err(failed)?;
    encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
    // What a viewer sees: the pixels that were encoded last.
    let mut shown: Option<Vec<u8>> = None;
    for (picture, delay) in clip.pictures.iter().zip(&clip.delays) {
        let buffer = indexes(picture, &mut shown, &colours, &steps, transparent);
        let frame = Frame {
            width,
            height,
            buffer: Cow::Owned(buffer),
            delay: u16::try_from(delay / 10).unwrap_or(u16::MAX),
            dispose: DisposalMethod::Keep,
            transparent: Some(transparent),
            ..Frame::default()
        };
        encoder.write_frame(&frame).map_err(failed)?;
    }
    drop(encoder);
    Ok(bytes)
}

/// A picture in four bytes a pixel.
fn rgba(picture: &Picture) -> impl Iterator<Item = u8> {
    picture.pixels().chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], u8::MAX])
}

/// The places in the palette of a picture's pixels; transparent where hardly anything changed.
fn indexes(
    picture: &Picture,
    shown: &mut Option<Vec<u8>>,
    colours: &NeuQuant,
    steps: &Steps,
    transparent: u8,
) -> Vec<u8> {
    let index = |pixel: &[u8]| {
        let place = colours.index_of(&[pixel[0], pixel[1], pixel[2], u8::MAX]);
        u8::try_from(place).unwrap_or(0).min(transparent.saturating_sub(1))
    };
    let Some(shown) = shown else {
        *shown = Some(picture.pixels().to_vec());
        return picture.pixels().chunks_exact(3).map(index).collect();
    };
    let pixels = picture.pixels().chunks_exact(3).zip(shown.chunks_exact_mut(3));
    pixels
        .map(|(new, old)| {
            if new.iter().zip(old.iter()).all(|(new, old)| new.abs_diff(*old) <= steps.tolerance) {
                return transparent;
            }
            old.copy_from_slice(new);
            index(new)
        })
        .collect()
}
