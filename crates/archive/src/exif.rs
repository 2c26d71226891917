//! What Motion writes into a frame's EXIF data: the rectangle around the changed pixels (the tag `SubjectArea`: x, y, width,
//! height), and, with `picture_exif %D-%N-%i-%J-%K-%L`, an image description of six numbers (`3068-8-58-54-47-139`:
//! changed pixels, noise, width, height, x, y). Both give the rectangle by its centre.

use std::io::Cursor;

use exif::{Exif, In, Tag, Value};

use crate::event::{ChangedArea, MotionMask};

/// What Motion recorded in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Motion {
    /// The largest number of pixels that changed from one frame to the next.
    pub peak_change: Option<u32>,
    /// Where they are.
    pub mask: Option<MotionMask>,
}

impl Motion {
    /// What was recorded in these frames and in others.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let mask = self.mask.zip(other.mask).map(|(a, b)| a.union(b));
        Self { peak_change: self.peak_change.max(other.peak_change), mask: mask.or(self.mask).or(other.mask) }
    }
}

/// The bytes at the beginning of a frame that contain what Motion writes.
const HEAD: usize = 1024;

/// What Motion recorded in a frame. Reads its beginning; a file that cannot be read has nothing.
pub fn motion_of(frame: &std::fs::File) -> Motion {
    let mut head = [0; HEAD];
    rustix::io::pread(frame, &mut head, 0).map_or_else(|_| Motion::default(), |len| motion(&head[..len]))
}

/// The changed pixels and the cells in which they are, from the beginning of a JPEG file.
pub(super) fn motion(head: &[u8]) -> Motion {
    let Ok(exif) = exif::Reader::new().read_from_container(&mut Cursor::new(head)) else { return Motion::default() };
    let description = description(&exif);
    let described = description.map(|[_, _, width, height, x, y]| ChangedArea { x, y, width, height });
    // The tag does not depend on the configuration.
    let mask = subject_area(&exif).or(described).and_then(|area| MotionMask::of(area, picture_size(head)?));
    Motion { peak_change: description.map(|[changed, ..]| changed), mask }
}

/// The numbers of the description. Anything but six is not from Motion.
fn description(exif: &Exif) -> Option<[u32; 6]> {
    let Value::Ascii(texts) = &exif.get_field(Tag::ImageDescription, In::PRIMARY)?.value else { return None };
    let text = std::str::from_utf8(texts.first()?).ok()?;
    let mut numbers = text.trim().split('-').map(|number| number.parse().ok());
    let mut next = || numbers.next().flatten();
    let six = [next()?, next()?, next()?, next()?, next()?, next()?];
    numbers.next().is_none().then_some(six)
}

fn subject_area(exif: &Exif) -> Option<ChangedArea> {
    let Value::Short(numbers) = &exif.get_field(Tag::SubjectArea, In::PRIMARY)?.value else { return None };
    let [x, y, width, height] = numbers[..] else { return None };
    Some(ChangedArea { x: x.into(), y: y.into(), width: width.into(), height: height.into() })
}

/// The width and the height of the picture in pixels.
fn picture_size(head: &[u8]) -> Option<(u32, u32)> {
    let size = imagesize::blob_size(head).ok()?;
    Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The beginning of a JPEG of 320 × 240 pixels with EXIF data, as Motion writes it: with an image description and an
    /// area, or without.
    fn jpeg(description: Option<&str>, area: Option<[u16; 4]>) -> Vec<u8> {
        let (mut tags, mut values) = (0u16, Vec::new());
        let (mut entries, mut below) = (Vec::new(), Vec::new());
        // The first directory has room for two entries, the second follows it with one, and the values come last.
        let first_value = 8 + 2 + 2 * 12 + 4 + 2 + 12 + 4;
        let entry = |tag: u16, kind: u16, count: usize, value: usize| {
            let mut bytes = tag.to_be_bytes().to_vec();
            bytes.extend(kind.to_be_bytes());
            bytes.extend(u32::try_from(count).unwrap().to_be_bytes());
            bytes.extend(u32::try_from(value).unwrap().to_be_bytes());
            bytes
        };
        if let Some(text) = description {
            // A text of at most four bytes would lie in the entry itself.
            let padded = format!("{text:\0<5}");
            entries.extend(entry(0x010e, 2, padded.len() + 1, first_value));
            values.extend(padded.bytes().chain([0]));
            tags += 1;
        }
        if let Some(area) = area {
            entries.extend(entry(0x8769, 4, 1, 8 + 2 + 2 * 12 + 4));
            below = entry(0x9214, 3, 4, first_value + values.len());
            values.extend(area.iter().flat_map(|number| number.to_be_bytes()));
            tags += 1;
        }
        let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
        tiff.extend(tags.to_be_bytes());
        tiff.extend(&entries);
        tiff.resize(8 + 2 + 2 * 12 + 4, 0);
        tiff.extend(u16::from(area.is_some()).to_be_bytes());
        tiff.extend(&below);
        tiff.resize(first_value, 0);
        tiff.extend(values);
        let mut bytes = b"\xff\xd8\xff\xe1".to_vec();
        bytes.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
        bytes.extend(b"Exif\0\0");
        bytes.extend(tiff);
        bytes.extend(b"\xff\xc0\0\x11\x08\0\xf0\x01\x40\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9");
        bytes
    }

    fn mask(bits: u64) -> Option<MotionMask> {
        MotionMask::of_bits(bits)
    }

    /// The forms of `picture_exif`, and texts that are not Motion's.
    #[test]
    fn six_numbers_give_pixels_and_place() {
        let found = motion(&jpeg(Some("3068-8-58-54-47-139"), None));
        assert_eq!((found.peak_change, found.mask), (Some(3068), mask(0x0000_00c0_c0c0_0000)));
        let padded = motion(&jpeg(Some("3068-08-58-54-47-139"), None)); // Motion 5
        assert_eq!(padded, found);
        let still = motion(&jpeg(Some("0-8-0-0-0-0"), Some([0; 4])));
        assert_eq!((still.peak_change, still.mask), (Some(0), None), "a frame of pre-capture");
        for other in ["", "holiday", "3068", "1-2-3-4-5", "1-2-3-4-5-6-7", "x-8-58-54-47-139", "1-2-3-4-5-"] {
            assert_eq!(motion(&jpeg(Some(other), None)), Motion::default(), "{other:?}");
        }
    }

    /// Motion records the rectangle also without `picture_exif`, and whatever the order of its numbers.
    #[test]
    fn the_subject_area_gives_the_place() {
        let found = motion(&jpeg(None, Some([47, 139, 58, 54])));
        assert_eq!((found.peak_change, found.mask), (None, mask(0x0000_00c0_c0c0_0000)));
        let both = motion(&jpeg(Some("3068-8-1-1-1-1"), Some([47, 139, 58, 54])));
        assert_eq!((both.peak_change, both.mask), (Some(3068), found.mask));
    }

    #[test]
    fn frames_are_joined() {
        let motion = |peak_change, bits| Motion { peak_change, mask: mask(bits) };
        let (still, a, b) = (Motion::default(), motion(Some(5), 3), motion(Some(7), 6));
        assert_eq!([a.with(b), b.with(a)], [motion(Some(7), 7); 2]);
        assert_eq!([a.with(still), still.with(a), still.with(still)], [a, a, still]);
    }

    /// Without the picture's size there is no scale.
    #[test]
    fn without_a_size_the_place_is_unknown() {
        let whole = jpeg(Some("3068-8-58-54-47-139"), Some([47, 139, 58, 54]));
        let cut = &whole[..whole.len() - 15];
        assert_eq!(motion(cut), Motion { peak_change: Some(3068), mask: None });
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..117, byte: u8) {
            let _ = motion(&bytes);
            let mut bytes = jpeg(Some("3068-8-58-54-47-139"), Some([47, 139, 58, 54]));
            bytes[at] = byte;
            let _ = motion(&bytes);
        }

        /// What was recorded of any picture is what the mask shows.
        #[test]
        fn recorded_numbers_are_read(changed: u32, area in any::<[u16; 4]>()) {
            let [x, y, width, height] = area;
            let text = format!("{changed}-8-{width}-{height}-{x}-{y}");
            let [x, y, width, height] = area.map(u32::from);
            let expected = MotionMask::of(ChangedArea { x, y, width, height }, (320, 240));
            let expected = Motion { peak_change: Some(changed), mask: expected };
            prop_assert_eq!(motion(&jpeg(Some(&text), None)), expected);
            prop_assert_eq!(motion(&jpeg(Some(&text), Some(area))), expected);
        }
    }
}
