//! The movies of an event by name: which files are movies, and what a web server calls them.

/// The container of a movie, told by its file name's ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
}

impl Container {
    /// All, in the order of preference where an event has several.
    pub const ALL: [Self; 5] = [Self::Mp4, Self::M4v, Self::Webm, Self::Ogg, Self::Mkv];

    /// The ending of the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::M4v => "m4v",
            Self::Webm => "webm",
            Self::Ogg => "ogg",
            Self::Mkv => "mkv",
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
        }
    }

    /// The container of `video.EXT`; `None` for any other name.
    pub fn of(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|container| container.file_name().as_bytes() == name)
    }

    /// Whether the index (the moov box) must be there for the movie to play.
    pub fn needs_moov(self) -> bool {
        matches!(self, Self::Mp4 | Self::M4v)
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
        let extension = path.strip_prefix(b"videom.")?;
        Container::ALL.into_iter().find(|c| c.extension().as_bytes() == extension).map(Self::Beside)
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
        for bad in ["video.mp4.part", "video.avi", "VIDEO.mp4", "debug/../video.mp4", "videomp4", "video.", "video"] {
            assert_eq!((Container::of(bad.as_bytes()), DebugMovie::of(bad.as_bytes())), (None, None), "{bad}");
        }
    }
}
