//! Thumbnails: small JPEGs of a picture. The thumbnail of a movie is in `movie_frames`.

use crate::{Picture, Result};

/// The quality of the JPEGs.
const QUALITY: u8 = 80;

/// The width of a thumbnail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// 160 pixels.
    W160,
    /// 240 pixels.
    W240,
    /// 320 pixels.
    W320,
    /// 640 pixels.
    W640,
}

impl Width {
    /// All, from the smallest on.
    pub const ALL: [Self; 4] = [Self::W160, Self::W240, Self::W320, Self::W640];

    /// The width in pixels.
    pub fn pixels(self) -> u32 {
        match self {
            Self::W160 => 160,
            Self::W240 => 240,
            Self::W320 => 320,
            Self::W640 => 640,
        }
    }

    /// The width of this number of pixels, if there is one.
    pub fn of_pixels(pixels: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|width| width.pixels() == pixels)
    }
}

/// The thumbnail of a picture: a JPEG of at most this width, in the picture's aspect ratio, upright. It is never larger
/// than the picture, and at most four times as high as `width`.
///
/// # Errors
/// The bytes are not a whole JPEG, PNG, WebP or PNM picture, or one beyond the limits of [`Picture::decode`].
pub fn thumbnail(picture: &[u8], width: Width) -> Result<Vec<u8>> {
    of_picture(&Picture::decode(picture, width.pixels())?)
}

/// The thumbnail of a picture that fits into a box of `width` × `height` pixels: a JPEG in the picture's aspect ratio,
/// upright, never larger than the picture.
///
/// # Errors
/// Those of [`thumbnail`].
pub fn thumbnail_in(picture: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    of_picture(&Picture::decode_in(picture, width, height)?)
}

/// A picture, which was shrunk, as a thumbnail.
pub(crate) fn of_picture(picture: &Picture) -> Result<Vec<u8>> {
    picture.jpeg(QUALITY)
}
