//! The media types of the files of an event, by their names.

use super::Container;

/// The media type of a picture or a movie of an event; `None` for a name of anything else.
pub fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "jpg" | "thumb" => Some("image/jpeg"), // motionEye names its thumbnails so
        "webp" => Some("image/webp"),
        "ppm" => Some("image/x-portable-pixmap"),
        other => Container::of_extension(other.as_bytes()).map(Container::mime),
    }
}
