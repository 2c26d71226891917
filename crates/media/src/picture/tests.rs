//! Pictures of every format and orientation, and hostile ones.

use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, Rgb};
use proptest::prelude::*;

use super::*;
use crate::Width;
use crate::testing::oriented;

const RED: [u8; 3] = [230, 20, 20];
const GREEN: [u8; 3] = [20, 200, 20];
const BLUE: [u8; 3] = [20, 20, 230];
const WHITE: [u8; 3] = [240, 240, 240];

/// Four quarters: red and green above, blue and white below.
fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    })
}

fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    if format == ImageFormat::WebP {
        let encoder = WebPEncoder::new_lossless(&mut bytes);
        encoder.encode(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8).unwrap();
    } else {
        image.write_to(&mut bytes, format).unwrap();
    }
    bytes.into_inner()
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(&quarters(width, height), ImageFormat::Jpeg)
}

/// The colours of the four quarters, in reading order.
fn corners(picture: &Picture) -> [[u8; 3]; 4] {
    let (w, h) = (picture.width(), picture.height());
    [(w / 4, h / 4), (w * 3 / 4, h / 4), (w / 4, h * 3 / 4), (w * 3 / 4, h * 3 / 4)].map(|(x, y)| {
        let Rgb(found) = *picture.0.get_pixel(x, y);
        let far = |colour: &[u8; 3]| -> u32 { (0..3).map(|i| u32::from(found[i].abs_diff(colour[i]))).sum() };
        let near = [RED, GREEN, BLUE, WHITE].into_iter().min_by_key(far).unwrap();
        assert!(far(&near) < 30, "{found:?} at {x}, {y}");
        near
    })
}

/// Motion writes JPEG, WebP and PPM; other programs write PNG.
#[test]
fn every_format_is_known_by_its_contents() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Pnm] {
        let picture = Picture::decode(&encoded(&quarters(400, 200), format), 160).unwrap();
        assert_eq!((picture.width(), picture.height()), (160, 80), "{format:?}");
        assert_eq!(corners(&picture), [RED, GREEN, BLUE, WHITE], "{format:?}");
    }
    let gif = encoded(&quarters(40, 20), ImageFormat::Gif);
    assert!(matches!(Picture::decode(&gif, 160), Err(Error::Picture(_))), "a GIF is a movie");
}

/// The table of the EXIF standard (tag 0x0112): where the first row and the first column are shown.
#[test]
fn every_orientation_is_applied() {
    let stored = jpeg(400, 200);
    let shown = [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ];
    for (orientation, colours) in shown {
        let picture = Picture::decode(&oriented(&stored, orientation), 100).unwrap();
        let size = if orientation < 5 { (100, 50) } else { (100, 200) };
        assert_eq!((picture.width(), picture.height()), size, "orientation {orientation}");
        assert_eq!(corners(&picture), colours, "orientation {orientation}");
    }
    for none in [0, 9, 255] {
        assert_eq!(corners(&Picture::decode(&oriented(&stored, none), 100).unwrap()), shown[0].1, "{none}");
    }
}

#[test]
fn small_pictures_keep_their_size() {
    for (width, height) in [(1, 1), (1, 9), (320, 240), (319, 3), (2, 1280)] {
        let picture = Picture::decode(&encoded(&quarters(width, height), ImageFormat::Png), 320).unwrap();
        assert_eq!((picture.width(), picture.height()), (width, height));
    }
}

/// A JPEG has at most 65,535 lines, and a page that shows thumbnails less room.
#[test]
fn extreme_ratios_stay_within_the_bounds() {
    for (size, expected) in
        [((5000, 1), (320, 1)), ((1, 5000), (1, 1280)), ((100, 5000), (26, 1280)), ((641, 480), (320, 240))]
    {
        let picture = Picture::decode(&encoded(&quarters(size.0, size.1), ImageFormat::Png), 320).unwrap();
        assert_eq!((picture.width(), picture.height()), expected, "of {size:?}");
        assert!(Picture::decode(&picture.jpeg(80).unwrap(), 320).is_ok());
    }
}

/// A JPEG whose header claims this size.
fn claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(64, 64);
    let at = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    bytes[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// The checksum of a part of a PNG.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// Small files that claim pixels for gigabytes of memory.
#[test]
fn decompression_bombs_are_refused() {
    let mut png = encoded(&quarters(64, 64), ImageFormat::Png);
    png[16..20].copy_from_slice(&30_000u32.to_be_bytes());
    png[20..24].copy_from_slice(&30_000u32.to_be_bytes());
    let sum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    let mut webp = encoded(&quarters(64, 64), ImageFormat::WebP);
    webp[21..25].copy_from_slice(&(0x3FFE_u32 | 0x3FFE << 14).to_le_bytes());
    let bombs: [(&str, Vec<u8>); 6] = [
        ("jpeg", claiming(32_000, 32_000)),
        ("wide jpeg", claiming(65_500, 500)),
        ("png", png),
        ("webp", webp),
        ("ppm", b"P6 30000 30000 255\n\0\0\0".to_vec()),
        ("grey", b"P5 32000 32000 255\n\0\0\0".to_vec()),
    ];
    for (name, bomb) in bombs {
        let result = Picture::decode(&bomb, 320);
        assert!(matches!(result, Err(Error::TooManyPixels)), "{name}: {result:?}");
    }
    assert!(Picture::decode(b"P6 4294967295 4294967295 255\n", 320).is_err());
    assert!(Picture::decode(&vec![0; usize::try_from(MAX_BYTES).unwrap() + 1], 320).is_err());
}

#[test]
fn pictures_without_pixels_are_refused() {
    let none: [&[u8]; 5] = [b"", b"P6 0 0 255\n", b"P6 9 0 255\n", &claiming(0, 9), b"no picture at all"];
    for bytes in none {
        assert!(Picture::decode(bytes, 320).is_err(), "{bytes:?}");
    }
}

/// A frame that was cut off when the disk was full, or when Motion was killed. Some decoders would make the rest grey.
#[test]
fn truncated_pictures_are_refused() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Pnm] {
        let whole = encoded(&quarters(300, 200), format);
        for len in [whole.len() / 4, whole.len() / 2, whole.len() - 16] {
            assert!(Picture::decode(&whole[..len], 320).is_err(), "{format:?}: {len} of {} bytes", whole.len());
            // After a power loss the rest of a file may be zeros.
            if format == ImageFormat::Jpeg {
                let zeros = [&whole[..len], &vec![0; whole.len() - len]].concat();
                assert!(Picture::decode(&zeros, 320).is_err(), "{format:?}: {len} of {} bytes", whole.len());
            }
        }
    }
    let with_preview = with_preview();
    assert!(Picture::decode(&with_preview, 320).is_ok());
    assert!(Picture::decode(&with_preview[..with_preview.len() - 16], 320).is_err());
}

/// A JPEG whose EXIF data have a JPEG of their own, with an end of its own.
fn with_preview() -> Vec<u8> {
    let whole = jpeg(300, 200);
    let inner = jpeg(16, 16);
    let len = u16::try_from(inner.len() + 2).unwrap().to_be_bytes();
    [&whole[..2], b"\xff\xe1", &len, &inner, &whole[2..]].concat()
}

/// Movies are made of frames that are not decoded here: only what is shown as it is stored may be passed on.
#[test]
fn plain_jpegs_are_known_by_their_header() {
    let whole = jpeg(300, 200);
    let mut grey = Cursor::new(Vec::new());
    GrayImage::from_pixel(300, 200, image::Luma([77])).write_to(&mut grey, ImageFormat::Jpeg).unwrap();
    let padded = [&whole[..], &[0; 100]].concat();
    for plain in [&whole, &grey.into_inner(), &padded, &oriented(&whole, 1), &with_preview()] {
        assert_eq!(plain_jpeg_size(plain), Some((300, 200)));
    }
    let preview = with_preview();
    let mut long = whole.clone();
    long.resize(usize::try_from(MAX_BYTES).unwrap(), 0);
    assert!(plain_jpeg_size(&long).is_some());
    long.push(0);
    let others: [(&str, &[u8]); 10] = [
        ("empty", b""),
        ("garbage", b"no picture at all"),
        ("turned", &oriented(&whole, 6)),
        ("cut in its header", &whole[..100]),
        ("cut in the middle", &whole[..whole.len() / 2]),
        ("cut before its end", &whole[..whole.len() - 1]),
        ("cut behind its preview", &preview[..preview.len() - 16]),
        ("too many pixels", &claiming(32_000, 32_000)),
        ("too many bytes", &long),
        ("another format", &encoded(&quarters(300, 200), ImageFormat::WebP)),
    ];
    for (name, bytes) in others {
        assert_eq!(plain_jpeg_size(bytes), None, "{name}");
    }
}

/// The size of the thumbnails that motionEye shows.
#[test]
fn thumbnails_fit_into_a_box() {
    for (size, turned, expected) in [
        ((1280, 720), 1, (640, 360)),
        ((720, 1280), 1, (270, 480)),
        ((1280, 960), 1, (640, 480)),
        ((1280, 720), 6, (270, 480)),
        ((320, 240), 1, (320, 240)),
        ((320, 240), 8, (240, 320)),
        ((641, 100), 1, (640, 100)),
        ((100, 481), 1, (100, 480)),
        ((2000, 1), 1, (640, 1)),
    ] {
        let stored = oriented(&jpeg(size.0, size.1), turned);
        let small = Picture::decode(&crate::thumbnail_in(&stored, 640, 480).unwrap(), 2000).unwrap();
        assert_eq!((small.width(), small.height()), expected, "{size:?}, orientation {turned}");
    }
    let small = crate::thumbnail_in(&oriented(&jpeg(1280, 720), 6), 640, 480).unwrap();
    assert_eq!(corners(&Picture::decode(&small, 640).unwrap()), [BLUE, RED, WHITE, GREEN]);
    assert!(crate::thumbnail_in(&jpeg(1280, 720)[..5000], 640, 480).is_err());
}

#[test]
fn a_panic_of_a_decoder_is_an_error() {
    let error = guarded::<()>(|| panic!("as a damaged picture might cause it")).unwrap_err();
    assert!(matches!(error, Error::Picture(_)), "{error}");
}

/// Cameras at night write pictures without colours.
#[test]
fn grey_pictures_are_decoded() {
    let grey = GrayImage::from_pixel(400, 200, image::Luma([77]));
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Pnm] {
        let mut bytes = Cursor::new(Vec::new());
        grey.write_to(&mut bytes, format).unwrap();
        let picture = Picture::decode(bytes.get_ref(), 160).unwrap();
        assert_eq!((picture.width(), picture.height()), (160, 80), "{format:?}");
        assert!(picture.pixels().iter().all(|value| value.abs_diff(77) < 3), "{format:?}");
    }
}

#[test]
fn files_are_read_wherever_their_offset_is() {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&jpeg(400, 200)).unwrap();
    assert_eq!(Picture::read(&file, 160).unwrap().width(), 160);
    file.seek(SeekFrom::Start(7)).unwrap();
    assert_eq!(Picture::read(&file, 160).unwrap().width(), 160);
    file.set_len(MAX_BYTES + 1).unwrap();
    assert!(matches!(Picture::read(&file, 160), Err(Error::TooManyBytes)));
}

/// Frames of real Motion daemons: JPEG with EXIF data, and WebP.
#[test]
fn frames_of_motion_become_thumbnails() {
    let jpeg = "Camera1/2026-11-21/05-44-39/05-44-45-01.jpg";
    let webp = "CameraWebp/2026-11-28/12-59-57/13-00-00-04.webp";
    for (fixture, path, prefix) in [
        ("motion-4.5.1-sample.tar.gz", jpeg, "direct"),
        ("versions/motion-5.0.0-pictures.tar.gz", webp, "motion-5.0.0-pictures"),
    ] {
        let dir = crate::testing::fixture(fixture, &[path]);
        let frame = std::fs::read(dir.path().join(prefix).join(path)).unwrap();
        for (width, size) in [(Width::W160, (160, 120)), (Width::W320, (320, 240)), (Width::W640, (320, 240))] {
            let small = Picture::decode(&crate::thumbnail(&frame, width).unwrap(), 2000).unwrap();
            assert_eq!((small.width(), small.height()), size, "{path}");
        }
    }
}

fn any_picture() -> impl Strategy<Value = Vec<u8>> {
    let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Pnm];
    let mut all: Vec<_> = formats.map(|format| encoded(&quarters(40, 30), format)).to_vec();
    all.push(oriented(&all[0], 6));
    prop::sample::select(all)
}

proptest! {
    #[test]
    fn no_changed_picture_panics(mut bytes in any_picture(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Picture::decode(&bytes, 160);
    }

    #[test]
    fn no_changed_header_panics(mut bytes in any_picture(), changes in prop::collection::vec((0usize..60, any::<u8>()), 1..4)) {
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let _ = Picture::decode(&bytes, 160);
    }

    #[test]
    fn a_fitted_size_is_within_both(width in 1u32..40_000, height in 1u32..40_000, to in 1u32..700) {
        let (w, h) = Room::of_width(to).fit(width, height);
        prop_assert!(w >= 1 && h >= 1 && w <= width.min(to) && h <= height.min(to * MAX_RATIO));
        // One edge is as long as it can be.
        prop_assert!(w == width.min(to) || h == height.min(to * MAX_RATIO));
    }

    #[test]
    fn a_header_never_panics(mut bytes in any_picture(), changes in prop::collection::vec((0usize..700, any::<u8>()), 1..6)) {
        for (at, byte) in changes {
            if let Some(changed) = bytes.get_mut(at) {
                *changed = byte;
            }
        }
        if let Some((width, height)) = plain_jpeg_size(&bytes) {
            prop_assert!(u64::from(width) * u64::from(height) <= MAX_PIXELS && width > 0 && height > 0);
        }
    }
}
