//! The movies of an event by name: which files are movies, and what a web server calls them.

use serde::Serialize;

/// The container of a movie, told by its file name's ending. Serialized as that ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// `.mp4`, Motion's default.
    Mp4,
    /// `.m4v`, as the strix web UI makes them; the same container as mp4.
    M4v,
    /// `.webm`
    Webm,
    /// `.ogg`
    Ogg,
    /// `.mkv`, playable even when it was cut off.
    Mkv,
    /// `.mov`; like mp4 it needs its moov box.
    Mov,
    /// `.avi`, as Motion 4 writes mpeg4 and msmpeg4.
    Avi,
    /// `.flv`.
    Flv,
    /// `.mpg`.
    Mpg,
    /// `.mpeg`.
    Mpeg,
    /// `.ts`, an MPEG transport stream.
    Ts,
}

impl Container {
    /// All, in the order of preference where an event has several.
    pub const ALL: [Self; 11] = [
        Self::Mp4,
        Self::M4v,
        Self::Webm,
        Self::Ogg,
        Self::Mkv,
        Self::Mov,
        Self::Avi,
        Self::Flv,
        Self::Mpg,
        Self::Mpeg,
        Self::Ts,
    ];

    /// The ending of the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::M4v => "m4v",
            Self::Webm => "webm",
            Self::Ogg => "ogg",
            Self::Mkv => "mkv",
            Self::Mov => "mov",
            Self::Avi => "avi",
            Self::Flv => "flv",
            Self::Mpg => "mpg",
            Self::Mpeg => "mpeg",
            Self::Ts => "ts",
        }
    }

    /// The name of an event's movie: `video.mp4`.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Mp4 => "video.mp4",
            Self::M4v => "video.m4v",
            Self::Webm => "video.webm",
            Self::Ogg => "video.ogg",
            Self::Mkv => "video.mkv",
            Self::Mov => "video.mov",
            Self::Avi => "video.avi",
            Self::Flv => "video.flv",
            Self::Mpg => "video.mpg",
            Self::Mpeg => "video.mpeg",
            Self::Ts => "video.ts",
        }
    }

    /// What a web server calls it.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Mp4 | Self::M4v => "video/mp4",
            Self::Webm => "video/webm",
            Self::Ogg => "video/ogg",
            Self::Mkv => "video/x-matroska",
            Self::Mov => "video/quicktime",
            Self::Avi => "video/x-msvideo",
            Self::Flv => "video/x-flv",
            Self::Mpg | Self::Mpeg => "video/mpeg",
            Self::Ts => "video/mp2t",
        }
    }

    /// The container that an ending such as `mp4` tells.
    pub fn of_extension(extension: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|container| container.extension().as_bytes() == extension)
    }

    /// The container of `video.EXT`; `None` for any other name.
    pub fn of(name: &[u8]) -> Option<Self> {
        Self::of_extension(name.strip_prefix(b"video.")?)
    }

    /// Whether the index (the moov box) must be there for the movie to play.
    pub fn needs_moov(self) -> bool {
        matches!(self, Self::Mp4 | Self::M4v | Self::Mov)
    }
}

/// The movie of what Motion saw move, where it was told to make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DebugMovie {
    /// `debug/video.EXT`, as the strix web UI makes it of the `m.jpg` frames.
    InDebug(Container),
    /// `videom.EXT`, as Motion makes it with `movie_output_motion on`: the movie's name with an `m`.
    Beside(Container),
}

/// The path below the event's directory.
impl Serialize for DebugMovie {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.path())
    }
}

impl DebugMovie {
    /// The path below the event's directory.
    pub fn path(self) -> String {
        match self {
            Self::InDebug(container) => format!("debug/{}", container.file_name()),
            Self::Beside(container) => format!("videom.{}", container.extension()),
        }
    }

    /// What `path` names below an event's directory; `None` if it is no debug movie.
    pub fn of(path: &[u8]) -> Option<Self> {
        if let Some(name) = path.strip_prefix(b"debug/") {
            return Container::of(name).map(Self::InDebug);
        }
        Container::of_extension(path.strip_prefix(b"videom.")?).map(Self::Beside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_round_and_nothing_else_is_a_movie() {
        for container in Container::ALL {
            assert_eq!(Container::of(container.file_name().as_bytes()), Some(container));
            for debug in [DebugMovie::InDebug(container), DebugMovie::Beside(container)] {
                assert_eq!(DebugMovie::of(debug.path().as_bytes()), Some(debug));
            }
        }
        for bad in ["video.mp4.part", "video.doc", "VIDEO.mp4", "debug/../video.mp4", "videomp4", "video.", "video"] {
            assert_eq!((Container::of(bad.as_bytes()), DebugMovie::of(bad.as_bytes())), (None, None), "{bad}");
        }
    }
}
