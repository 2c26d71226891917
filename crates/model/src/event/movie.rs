//! The movies of an event, as far as their names tell: which files are movies, which are debug movies, in which order they
//! were recorded, and their media types.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::frames::is_before;
use super::{EventName, Movies};

/// The container format of a movie, by the extension of its file name. Serialized as that extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
    /// `.mkv`, playable even if it was cut off.
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
    /// All containers. An event with movies in several containers shows the first of this order.
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

    /// The extension of the file name, without the dot.
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

    /// Its media type, for `Content-Type`.
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

    /// The container of an extension such as `mp4` or `MP4`.
    pub fn of_extension(extension: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|container| extension.eq_ignore_ascii_case(container.extension().as_bytes()))
    }

    /// The container of `video.EXT`; `None` for any other name.
    pub fn of(name: &[u8]) -> Option<Self> {
        let extension = name.strip_prefix(b"video.")?;
        Self::ALL.into_iter().find(|container| container.extension().as_bytes() == extension)
    }
}

/// The file name of a movie in its event's directory: any name that has the extension of a container and can be part of a URL.
/// Serialized as that name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MovieName {
    container: Container,
    /// `None` for `video.EXT`, the name of nearly every movie.
    other: Option<Box<OtherName>>,
}

/// A name that is not `video.EXT`. Boxed as a whole, so that the details of an event stay small.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OtherName(Box<str>);

impl MovieName {
    /// Parses a file name. `None` if it has no extension of a movie, is hidden, is not UTF-8 or has control characters.
    pub fn parse(name: &[u8]) -> Option<Self> {
        if let Some(container) = Container::of(name) {
            return Some(container.into()); // the usual name costs no allocation
        }
        let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
        let container = Container::of_extension(&name[dot + 1..])?;
        let name = std::str::from_utf8(name).ok()?;
        let is_plain = !name.starts_with('.') && !name.contains(|c: char| c == '/' || c.is_control());
        is_plain.then(|| Self { container, other: Some(Box::new(OtherName(name.into()))) })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.other.as_ref().map_or(self.container.file_name(), |other| &other.0)
    }

    /// The container of its extension.
    pub fn container(&self) -> Container {
        self.container
    }

    /// Whether it is `video.EXT`.
    pub fn is_usual(&self) -> bool {
        self.other.is_none()
    }

    /// The name without its extension.
    pub fn stem(&self) -> &str {
        self.as_str().rsplit_once('.').map_or("", |(stem, _)| stem)
    }

    /// Whether this is the movie that Motion makes beside the other with `movie_output_motion on`: its name with an `m`.
    pub(crate) fn is_debug_of(&self, other: &Self) -> bool {
        self.stem().strip_suffix('m') == Some(other.stem()) && self.container == other.container
    }

    /// Whether the name looks like that of a debug movie, whatever lies beside it: `videom.mp4`, `10-04-36m.mp4`.
    pub fn looks_like_debug(&self) -> bool {
        self.stem()
            .strip_suffix('m')
            .is_some_and(|stem| stem == "video" || stem.ends_with(|c: char| c.is_ascii_digit()))
    }
}

/// By the name.
impl Ord for MovieName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for MovieName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<Container> for MovieName {
    fn from(container: Container) -> Self {
        Self { container, other: None }
    }
}

impl Serialize for MovieName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for MovieName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        Self::parse(name.as_bytes()).ok_or_else(|| serde::de::Error::custom(format!("{name:?} is not a movie's name")))
    }
}

/// A movie of an event. Serialized as `{"name": "video.mp4", "bytes": 102637}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Movie {
    /// Its file.
    pub name: MovieName,
    /// Its size; `None` until measured.
    pub bytes: Option<u64>,
}

impl Movie {
    /// A movie that was not measured.
    pub fn new(name: impl Into<MovieName>) -> Self {
        Self { name: name.into(), bytes: None }
    }
}

/// Sorts the movies of an event: first `video.EXT`, then the others in the order of recording, which the numbers in their names
/// give. A name that begins with a time well before the event's name belongs to the next day.
pub(crate) fn sort(movies: &mut [Movie], event: EventName) {
    if movies.len() < 2 {
        return;
    }
    let is_next_day = |name: &str| {
        let time = name.get(..8).and_then(|time| EventName::from_bytes(time.as_bytes())).and_then(EventName::secs);
        time.is_some_and(|secs| is_before(event, secs))
    };
    movies.sort_by(|a, b| {
        let (a, b) = (&a.name, &b.name);
        b.is_usual()
            .cmp(&a.is_usual())
            .then_with(|| if a.is_usual() { a.container.cmp(&b.container) } else { Ordering::Equal })
            .then_with(|| is_next_day(a.as_str()).cmp(&is_next_day(b.as_str())))
            .then_with(|| by_numbers(a.as_str(), b.as_str()))
    });
}

/// Compares names so that `video-2.mp4` comes before `video-10.mp4`.
fn by_numbers(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    loop {
        let (digits, others) = (leading_digits(left), leading_digits(right));
        if digits > 0 && others > 0 {
            let by_value = compare_numbers(&left[..digits], &right[..others]);
            if by_value != Ordering::Equal {
                return by_value;
            }
            (left, right) = (&left[digits..], &right[others..]);
            continue;
        }
        match (left.split_first(), right.split_first()) {
            (Some((first, rest)), Some((second, remaining))) if first == second => (left, right) = (rest, remaining),
            (first, second) => {
                let by_byte = first.map(|(byte, _)| byte).cmp(&second.map(|(byte, _)| byte));
                return by_byte.then_with(|| one.cmp(other)); // `1.mp4` and `01.mp4`
            }
        }
    }
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Compares numbers of any length by their digits.
fn compare_numbers(one: &[u8], other: &[u8]) -> Ordering {
    let zeros = |digits: &[u8]| digits.iter().take_while(|digit| **digit == b'0').count();
    let (one, other) = (&one[zeros(one)..], &other[zeros(other)..]);
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// Removes the debug movies from the movies of an event and returns them: first that of the first movie, if it has one, then the
/// others in order.
pub fn take_debug(movies: &mut Movies, event: EventName) -> Option<DebugMovie> {
    if !movies.iter().any(|movie| movie.name.stem().ends_with('m')) {
        sort(movies, event); // as for nearly every event
        return None;
    }
    let is_debug = |movie: &Movie| {
        let name = &movie.name;
        name.stem().ends_with('m')
            && (name.looks_like_debug() || movies.iter().any(|other| name.is_debug_of(&other.name)))
    };
    let is_debug: Vec<bool> = movies.iter().map(is_debug).collect();
    let mut is_debug = is_debug.into_iter();
    let (mut debug, mut rest): (Movies, Movies) =
        std::mem::take(movies).into_iter().partition(|_| is_debug.next() == Some(true));
    sort(&mut rest, event);
    sort(&mut debug, event);
    *movies = rest;
    let of_main = movies.first().and_then(|main| debug.iter().position(|movie| movie.name.is_debug_of(&main.name)));
    (!debug.is_empty()).then(|| DebugMovie::Beside(debug[of_main.unwrap_or(0)].name.clone()))
}

/// The debug movie, which shows the pixels in which Motion found movement (`movie_output_motion on`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DebugMovie {
    /// `debug/video.EXT`, which the strix web UI makes of the `m.jpg` frames.
    InDebug(Container),
    /// A file beside the others, made by Motion: the movie's name with an `m`.
    Beside(MovieName),
}

/// The path below the event's directory.
impl Serialize for DebugMovie {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.path())
    }
}

impl DebugMovie {
    /// The path below the event's directory.
    pub fn path(&self) -> Cow<'_, str> {
        match self {
            Self::InDebug(container) => format!("debug/{}", container.file_name()).into(),
            Self::Beside(name) => name.as_str().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn movies(names: &[&str]) -> Movies {
        names.iter().map(|name| Movie::new(MovieName::parse(name.as_bytes()).unwrap())).collect()
    }

    fn names(movies: &[Movie]) -> Vec<&str> {
        movies.iter().map(|movie| movie.name.as_str()).collect()
    }

    /// The movies of the event `10-04-36`, and its debug movie.
    fn split(files: &[&str]) -> (Vec<String>, Option<String>) {
        let mut movies = movies(files);
        let debug = take_debug(&mut movies, EventName::from_bytes(b"10-04-36").unwrap());
        (names(&movies).iter().map(ToString::to_string).collect(), debug.map(|debug| debug.path().into_owned()))
    }

    #[test]
    fn any_name_with_an_ending_is_a_movie() {
        for container in Container::ALL {
            assert_eq!(Container::of(container.file_name().as_bytes()), Some(container));
            let name = MovieName::parse(container.file_name().as_bytes()).unwrap();
            assert_eq!((name.container(), name.is_usual()), (container, true));
        }
        for (good, container) in [
            ("10-04-36.mp4", Container::Mp4),
            ("video-2.mkv", Container::Mkv),
            ("Tür.1.MOV", Container::Mov),
            ("VIDEO.mp4", Container::Mp4),
            ("video.MP4", Container::Mp4),
        ] {
            let name = MovieName::parse(good.as_bytes()).unwrap();
            assert_eq!((name.as_str(), name.container(), name.is_usual()), (good, container, false));
        }
        for bad in [
            "video.mp4.part",
            "video.doc",
            "debug/video.mp4",
            "videomp4",
            "video.",
            "video",
            ".mp4",
            ".a.mp4",
            "a\n.ts",
        ] {
            assert_eq!(MovieName::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(MovieName::parse(b"\xff.mp4"), None);
    }

    #[test]
    fn movies_come_in_the_order_of_recording() {
        let told = |event: &str, files: &[&str]| {
            let mut movies = movies(files);
            sort(&mut movies, EventName::from_bytes(event.as_bytes()).unwrap());
            names(&movies).join(" ")
        };
        assert_eq!(
            told("10-04-36", &["video-10.mp4", "video-9.mp4", "video-1.mp4"]),
            "video-1.mp4 video-9.mp4 video-10.mp4"
        );
        assert_eq!(told("23-59-58", &["00-00-03.mp4", "23-59-58.mp4"]), "23-59-58.mp4 00-00-03.mp4");
        assert_eq!(told("00-00-01", &["00-00-03.mp4", "00-00-01.mp4"]), "00-00-01.mp4 00-00-03.mp4");
        assert_eq!(told("10-04-36", &["a.mp4", "video.mkv", "video.mp4"]), "video.mp4 video.mkv a.mp4");
        assert_eq!(
            told("01", &["01-20261129000003.mp4", "01-20261128235958.mp4"]),
            "01-20261128235958.mp4 01-20261129000003.mp4"
        );
    }

    #[test]
    fn names_with_an_m_are_debug_movies() {
        let none = |files: &[&str]| assert_eq!(split(files).1, None, "{files:?}");
        none(&["video.mp4", "film.mp4", "steam.mp4"]);
        none(&["film.mp4", "fil.mkv"]);
        let both = |files: &[&str], movies: &[&str], debug: &str| {
            let movies = movies.iter().map(ToString::to_string).collect();
            assert_eq!(split(files), (movies, Some(debug.to_owned())), "{files:?}");
        };
        both(&["videom.mp4", "video.mp4"], &["video.mp4"], "videom.mp4");
        both(&["10-04-36m.mp4", "10-04-36.mp4"], &["10-04-36.mp4"], "10-04-36m.mp4");
        both(&["10-04-36m.mp4"], &[], "10-04-36m.mp4");
        both(&["am.mp4", "a.mp4", "bm.mp4", "b.mp4"], &["a.mp4", "b.mp4"], "am.mp4");
        both(&["video-1m.mp4", "video-2.mp4", "video-2m.mp4"], &["video-2.mp4"], "video-2m.mp4");
    }

    proptest! {
        #[test]
        fn no_names_panic(files in proptest::collection::vec("[0-9m-]{0,6}(video)?[0-9m-]{0,3}\\.(mp4|mkv|MP4)", 0..8)) {
            let mut movies: Movies = files.iter().filter_map(|name| MovieName::parse(name.as_bytes())).map(Movie::new).collect();
            let count = movies.len();
            let debug = take_debug(&mut movies, EventName::from_bytes(b"10-04-36").unwrap());
            prop_assert!(movies.len() + usize::from(debug.is_some()) <= count);
            let sorted = movies.clone();
            movies.reverse();
            sort(&mut movies, EventName::from_bytes(b"10-04-36").unwrap());
            prop_assert_eq!(names(&movies), names(&sorted));
        }

        #[test]
        fn no_bytes_panic(name in proptest::collection::vec(any::<u8>(), 0..24)) {
            if let Some(parsed) = MovieName::parse(&name) {
                prop_assert_eq!(parsed.as_str().as_bytes(), &name[..]);
            }
        }
    }
}
