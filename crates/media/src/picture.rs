//! Decoded pictures: reading within limits, shrinking, writing as JPEG. What is made of them is up to `thumbnail`,
//! `preview` and `sprite`.

use std::fs::File;
use std::io::{Cursor, Read};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, UnwindSafe, catch_unwind};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use jpeg_decoder::PixelFormat;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use owlery_model::printable::printable;

use crate::{Error, Result};

/// How many pixels a picture may have: those of an 8K camera, and some more.
pub const MAX_PIXELS: u64 = 36_000_000;

/// How many bytes the file of a picture may have.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How many bytes the buffers of a decoder may take.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;

/// The longest edge, in pixels.
const MAX_EDGE: u32 = 32_768;

/// The marker at the end of a JPEG. Its data contain it nowhere else.
const END_OF_JPEG: [u8; 2] = [0xFF, 0xD9];

/// How many times as high as wide a shrunk picture may be. A higher one becomes narrower.
const MAX_RATIO: u32 = 4;

/// A decoded picture of three bytes (red, green, blue) a pixel, as it is to be shown.
#[derive(Debug, Clone)]
pub struct Picture(RgbImage);

impl Picture {
    /// Decodes JPEG, PNG, WebP and PNM (PPM) by the contents, and shrinks it to at most `width` pixels in width; smaller
    /// pictures keep their size. The orientation in the EXIF data is applied.
    ///
    /// # Errors
    /// The picture is damaged, truncated, of another format, or larger than [`MAX_PIXELS`].
    pub fn decode(bytes: &[u8], width: u32) -> Result<Self> {
        let room = Room::of_width(width);
        Self::decode_in(bytes, room.width, room.height)
    }

    /// Like `decode`, and shrinks it until it fits into a box of `width` × `height` pixels.
    pub fn decode_in(bytes: &[u8], width: u32, height: u32) -> Result<Self> {
        guarded(|| {
            let stored = decode(bytes, Room { width, height })?;
            let mut small = DynamicImage::ImageRgb8(resize(stored.image, stored.fitted.0, stored.fitted.1)?);
            small.apply_orientation(stored.orientation);
            Ok(Self(small.into_rgb8()))
        })
    }

    /// Like `decode`, of a file. It is read from its beginning to its end.
    pub fn read(file: &File, width: u32) -> Result<Self> {
        Self::decode(&read_all(file)?, width)
    }

    /// A picture of these pixels; `None` if their number is not `width` × `height` × 3.
    pub(crate) fn of_pixels(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        RgbImage::from_raw(width, height, pixels).map(Self)
    }

    pub(crate) fn of_image(image: RgbImage) -> Self {
        Self(image)
    }

    pub(crate) fn into_image(self) -> RgbImage {
        self.0
    }

    /// Its width in pixels.
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// Its height in pixels.
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// Its pixels: red, green, blue, line by line.
    pub fn pixels(&self) -> &[u8] {
        self.0.as_raw()
    }

    /// The picture, at most `width` pixels wide.
    pub fn shrunk(self, width: u32) -> Result<Self> {
        let (width, height) = Room::of_width(width).fit(self.width(), self.height());
        self.resized(width, height)
    }

    /// The picture in this size, whatever its aspect ratio.
    pub(crate) fn resized(self, width: u32, height: u32) -> Result<Self> {
        resize(self.0, width, height).map(Self)
    }

    /// The picture as JPEG (4:2:0) of a quality of 1 to 100.
    pub fn jpeg(&self, quality: u8) -> Result<Vec<u8>> {
        let failed = |error: String| Error::Picture(format!("cannot encode it: {error}"));
        let edge = |edge: u32| u16::try_from(edge).map_err(|error| failed(error.to_string()));
        let (width, height) = (edge(self.width())?, edge(self.height())?);
        let mut bytes = Vec::with_capacity(self.pixels().len() / 8);
        let mut encoder = Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode(self.pixels(), width, height, ColorType::Rgb).map_err(|error| failed(error.to_string()))?;
        Ok(bytes)
    }
}

/// The bytes of a picture's file.
pub(crate) fn read_all(file: &File) -> Result<Vec<u8>> {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 256 * 1024]);
    loop {
        let got = file.read_at(&mut piece, bytes.len() as u64).map_err(Error::io("read the picture"))?;
        if got == 0 {
            return Ok(bytes);
        }
        if (bytes.len() + got) as u64 > MAX_BYTES {
            return Err(Error::TooManyBytes);
        }
        bytes.extend_from_slice(&piece[..got]);
    }
}

/// A picture as it is stored.
struct Stored {
    image: RgbImage,
    /// How it is to be turned, after it was shrunk.
    orientation: Orientation,
    /// The size to shrink it to.
    fitted: (u32, u32),
}

/// Decoders are not ours, and their input may be hostile: a panic in one is an error of the picture.
fn guarded<T>(decode: impl FnOnce() -> Result<T> + UnwindSafe) -> Result<T> {
    catch_unwind(decode).unwrap_or_else(|_| Err(Error::Picture("its decoder failed".to_owned())))
}

/// Decodes a picture that is to have room there.
fn decode(bytes: &[u8], room: Room) -> Result<Stored> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooManyBytes);
    }
    match image::guess_format(bytes).map_err(refused)? {
        ImageFormat::Jpeg => decode_jpeg(bytes, room),
        format @ (ImageFormat::Png | ImageFormat::WebP | ImageFormat::Pnm) => decode_other(bytes, format, room),
        format => Err(Error::Picture(format!("{format:?} is not a format of frames"))),
    }
}

/// The size of a JPEG that is shown as it is stored: upright, within the limits, grey or coloured, with its end. `None` for
/// all else. Only the header is decoded.
pub(crate) fn plain_jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes;
    let header = guarded(AssertUnwindSafe(|| JpegHeader::read(&mut jpeg_decoder::Decoder::new(&mut rest)))).ok()?;
    let is_plain = header.orientation == Orientation::NoTransforms && check_size(header.size).is_ok();
    // Only behind the header: a small picture in it has an end of its own.
    let has_end = || rest.windows(2).rev().any(|two| two == END_OF_JPEG);
    (bytes.len() as u64 <= MAX_BYTES && is_plain && has_end()).then_some(header.size)
}

/// What is known of a JPEG before its pixels are decoded.
struct JpegHeader {
    size: (u32, u32),
    orientation: Orientation,
}

impl JpegHeader {
    /// Reads to the size and no further.
    fn read<R: Read>(decoder: &mut jpeg_decoder::Decoder<R>) -> Result<Self> {
        decoder.set_max_decoding_buffer_size(usize::try_from(MAX_MEMORY).unwrap_or(usize::MAX));
        decoder.read_info().map_err(|error| damaged(&error))?;
        let info = decoder.info().ok_or_else(no_pixels)?;
        let exif = decoder.exif_data().and_then(Orientation::from_exif_chunk);
        let size = (u32::from(info.width), u32::from(info.height));
        Ok(Self { size, orientation: exif.unwrap_or(Orientation::NoTransforms) })
    }
}

/// Decodes a JPEG at a half, a quarter or an eighth of its size where that is enough, which takes two thirds of the time.
fn decode_jpeg(bytes: &[u8], room: Room) -> Result<Stored> {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    let header = JpegHeader::read(&mut decoder)?;
    let fitted = fitted(header.size, header.orientation, room)?;
    let least = |edge: u32| u16::try_from(edge).unwrap_or(u16::MAX);
    decoder.scale(least(fitted.0), least(fitted.1)).map_err(|error| damaged(&error))?;
    let pixels = decoder.decode().map_err(|error| damaged(&error))?;
    let info = decoder.info().ok_or_else(no_pixels)?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let image = match info.pixel_format {
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, pixels),
        PixelFormat::L8 => GrayImage::from_raw(width, height, pixels).map(|grey| DynamicImage::from(grey).into_rgb8()),
        other => return Err(Error::Picture(format!("{other:?} is not a format of cameras"))),
    };
    Ok(Stored { image: image.ok_or_else(no_pixels)?, orientation: header.orientation, fitted })
}

fn decode_other(bytes: &[u8], format: ImageFormat, room: Room) -> Result<Stored> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::no_limits();
    limits.max_image_width = Some(MAX_EDGE);
    limits.max_image_height = Some(MAX_EDGE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let fitted = fitted(decoder.dimensions(), orientation, room)?;
    let image = DynamicImage::from_decoder(decoder).map_err(refused)?;
    Ok(Stored { image: image.into_rgb8(), orientation, fitted })
}

/// The size to shrink a picture to before it is turned, so that it has room after it.
fn fitted((width, height): (u32, u32), orientation: Orientation, room: Room) -> Result<(u32, u32)> {
    check_size((width, height))?;
    if turns(orientation) {
        let (width, height) = room.fit(height, width);
        return Ok((height, width));
    }
    Ok(room.fit(width, height))
}

/// Whether a picture of this size is decoded.
fn check_size((width, height): (u32, u32)) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(no_pixels());
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS || width > MAX_EDGE || height > MAX_EDGE {
        return Err(Error::TooManyPixels);
    }
    Ok(())
}

fn no_pixels() -> Error {
    Error::Picture("it has no pixels".to_owned())
}

fn damaged(error: &jpeg_decoder::Error) -> Error {
    Error::Picture(printable(&error.to_string()))
}

fn refused(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => Error::TooManyPixels,
        error => Error::Picture(printable(&error.to_string())),
    }
}

/// Whether an orientation exchanges width and height.
fn turns(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

/// The box into which a picture is shrunk, in pixels.
#[derive(Debug, Clone, Copy)]
struct Room {
    width: u32,
    height: u32,
}

impl Room {
    /// For pictures of at most this width.
    fn of_width(width: u32) -> Self {
        Self { width, height: width.saturating_mul(MAX_RATIO) }
    }

    /// The size of a picture that fits: never larger, with the same aspect ratio, at least 1 × 1.
    #[allow(clippy::cast_possible_truncation)] // not larger than the picture
    fn fit(self, width: u32, height: u32) -> (u32, u32) {
        let (w, h) = (u64::from(width.max(1)), u64::from(height.max(1)));
        let (most_w, most_h) = (u64::from(self.width.max(1)), u64::from(self.height.max(1)));
        let scaled = |value: u64, by: u64, of: u64| ((value * by + of / 2) / of).max(1) as u32;
        if w <= most_w && h <= most_h {
            (w as u32, h as u32)
        } else if w * most_h >= h * most_w {
            (most_w as u32, scaled(h, most_w, w))
        } else {
            (scaled(w, most_h, h), most_h as u32)
        }
    }
}

fn resize(image: RgbImage, width: u32, height: u32) -> Result<RgbImage> {
    if image.dimensions() == (width, height) {
        return Ok(image);
    }
    let failed = |error: String| Error::Picture(format!("cannot shrink it: {error}"));
    let source = ImageRef::new(image.width(), image.height(), image.as_raw(), PixelType::U8x3)
        .map_err(|error| failed(error.to_string()))?;
    let mut small = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&source, &mut small, &options).map_err(|error| failed(error.to_string()))?;
    RgbImage::from_raw(width, height, small.into_vec()).ok_or_else(|| failed("wrong size".to_owned()))
}

#[cfg(test)]
mod tests;
