//! What Motion wrote into a frame's EXIF: with `picture_exif %D-%N-%i-%J-%K-%L` the image description begins with the
//! number of pixels that changed (`3068-8-58-54-47-139`: changed, noise, width, height, x, y).

use std::io::Cursor;

/// The number of changed pixels that the beginning of a JPEG file tells, if it tells one.
pub(super) fn changed_pixels(head: &[u8]) -> Option<u32> {
    let exif = exif::Reader::new().read_from_container(&mut Cursor::new(head)).ok()?;
    let field = exif.get_field(exif::Tag::ImageDescription, exif::In::PRIMARY)?;
    let exif::Value::Ascii(texts) = &field.value else { return None };
    let text = std::str::from_utf8(texts.first()?).ok()?;
    let mut numbers = text.trim().split('-').map(str::parse::<u32>);
    let changed = numbers.next()?.ok()?;
    // Six numbers, or the description is somebody else's.
    (numbers.by_ref().take(5).filter(Result::is_ok).count() == 5 && numbers.next().is_none()).then_some(changed)
}
