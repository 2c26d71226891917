//! What Motion writes into a frame's EXIF data: with `picture_exif %D-%N-%i-%J-%K-%L` the image description begins with
//! the number of changed pixels (`3068-8-58-54-47-139`: changed, noise, width, height, x, y).

use std::io::Cursor;

/// The number of changed pixels in the beginning of a JPEG file, if it has one.
pub(super) fn changed_pixels(head: &[u8]) -> Option<u32> {
    let exif = exif::Reader::new().read_from_container(&mut Cursor::new(head)).ok()?;
    let field = exif.get_field(exif::Tag::ImageDescription, exif::In::PRIMARY)?;
    let exif::Value::Ascii(texts) = &field.value else { return None };
    let text = std::str::from_utf8(texts.first()?).ok()?;
    let numbers: Option<Vec<u32>> = text.trim().split('-').map(|number| number.parse().ok()).collect();
    // Anything but six numbers is not from Motion.
    numbers.filter(|numbers| numbers.len() == 6).map(|numbers| numbers[0])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The beginning of a JPEG whose EXIF data has one image description, little-endian.
    fn jpeg(description: &str) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0".to_vec();
        tiff.extend(u32::try_from(description.len() + 1).unwrap().to_le_bytes());
        tiff.extend(26u32.to_le_bytes());
        tiff.extend([0; 4]);
        tiff.extend(description.as_bytes());
        tiff.push(0);
        let mut bytes = b"\xff\xd8\xff\xe1".to_vec();
        bytes.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
        bytes.extend(b"Exif\0\0");
        bytes.extend(tiff);
        bytes.extend(b"\xff\xd9");
        bytes
    }

    #[test]
    fn the_first_of_six_numbers_is_returned() {
        assert_eq!(changed_pixels(&jpeg("3068-8-58-54-47-139")), Some(3068));
        for other in ["", "holiday", "3068", "1-2-3-4-5", "1-2-3-4-5-6-7", "x-8-58-54-47-139"] {
            assert_eq!(changed_pixels(&jpeg(other)), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..60, byte: u8) {
            let _ = changed_pixels(&bytes);
            let mut bytes = jpeg("3068-8-58-54-47-139");
            bytes[at] = byte;
            let _ = changed_pixels(&bytes);
        }
    }
}
