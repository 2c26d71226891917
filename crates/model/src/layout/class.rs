//! What a file's extension says.

use crate::event::Container;
use crate::event::frames::Format;

/// The class of a file by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Movie(Container),
    /// motionEye's thumbnail beside a movie.
    Thumb,
    Picture(Format),
    /// Our marker.
    Saved,
}

impl Class {
    /// The class and the path without extension. The stem of a marker still has its dot.
    pub(super) fn of(path: &str) -> Option<(Self, &str)> {
        let (stem, extension) = path.rsplit_once('.')?;
        match extension {
            "saved" => Some((Self::Saved, stem)),
            "thumb" => {
                let (stem, extension) = stem.rsplit_once('.')?;
                container(extension).map(|_| (Self::Thumb, stem))
            }
            "jpg" => Some((Self::Picture(Format::Jpg), stem)),
            "webp" => Some((Self::Picture(Format::Webp), stem)),
            "ppm" => Some((Self::Picture(Format::Ppm), stem)),
            other => container(other).map(|container| (Self::Movie(container), stem)),
        }
    }
}

/// Strict: Motion writes lower case.
fn container(extension: &str) -> Option<Container> {
    Container::ALL.into_iter().find(|container| container.extension() == extension)
}
