//! The movies and the thumbnail of an event as cells of its row. Nearly all events have one movie, `video.EXT`. It is
//! stored as a number, which takes few bytes; anything else is stored as text.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};

use crate::event::frames::{Format, Frame, Shows};
use crate::event::{Container, DebugMovie, Movie, MovieName, Movies, Thumbnail};

/// A cell that is a number or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// The usual names.
    Code(i64),
    /// Other names.
    Text(String),
}

impl FromSql for Cell {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Integer(code) => Ok(Self::Code(code)),
            ValueRef::Text(_) => value.as_str().map(|text| Self::Text(text.to_owned())),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Code(code) => ToSqlOutput::Owned(Value::Integer(*code)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// Larger than the number of containers. The number of a movie is its container's, plus this times its bytes and one;
/// or without the second term if its size is unknown.
pub(super) const CONTAINERS: i64 = 32;

fn code(container: Container) -> i64 {
    let at = Container::ALL.iter().position(|other| *other == container).unwrap_or(0);
    i64::try_from(at).unwrap_or(0)
}

fn container(code: i64) -> Option<Container> {
    usize::try_from(code).ok().and_then(|at| Container::ALL.get(at)).copied()
}

/// The cell of an event's movies.
pub(super) fn of_videos(videos: &[Movie]) -> Option<Cell> {
    if let [movie] = videos
        && movie.name.is_usual()
        && let Some(code) = of_bytes(movie)
    {
        return Some(Cell::Code(code));
    }
    (!videos.is_empty()).then(|| Cell::Text(serde_json::to_string(videos).expect("names and numbers are JSON")))
}

/// The number of a movie with the usual name; `None` if its size is too large for a number.
fn of_bytes(movie: &Movie) -> Option<i64> {
    let bytes = movie.bytes.map_or(Some(0), |bytes| i64::try_from(bytes).ok()?.checked_add(1))?;
    bytes.checked_mul(CONTAINERS)?.checked_add(code(movie.name.container()))
}

/// The movies of a cell; none if it is damaged.
pub(super) fn videos(cell: &Cell) -> Movies {
    match cell {
        Cell::Code(code) => {
            let Some(container) = container(code.rem_euclid(CONTAINERS)) else { return Movies::new() };
            let bytes = u64::try_from(code.div_euclid(CONTAINERS)).ok().and_then(|bytes| bytes.checked_sub(1));
            Movies::from(Movie { name: container.into(), bytes })
        }
        Cell::Text(text) => serde_json::from_str(text).unwrap_or_default(),
    }
}

/// Whether two cells have movies of the same names.
pub(super) fn are_same(a: Option<&Cell>, b: Option<&Cell>) -> bool {
    match (a, b) {
        (Some(Cell::Code(a)), Some(Cell::Code(b))) => a.rem_euclid(CONTAINERS) == b.rem_euclid(CONTAINERS),
        (Some(a), Some(b)) => videos(a).iter().map(|movie| &movie.name).eq(videos(b).iter().map(|movie| &movie.name)),
        (a, b) => a == b,
    }
}

/// The cell of a debug movie.
pub(super) fn of_debug(movie: &DebugMovie) -> Cell {
    match movie {
        DebugMovie::InDebug(container) => Cell::Code(code(*container)),
        DebugMovie::Beside(name) => Cell::Text(name.as_str().to_owned()),
    }
}

/// The debug movie of a cell; `None` if it is damaged.
pub(super) fn debug(cell: &Cell) -> Option<DebugMovie> {
    match cell {
        Cell::Code(code) => container(*code).map(DebugMovie::InDebug),
        Cell::Text(name) => MovieName::parse(name.as_bytes()).map(DebugMovie::Beside),
    }
}

/// The number of an event's thumbnail: 0 for strix's, lower for motionEye's of one of the movies, higher for a frame.
pub(super) fn of_thumbnail(thumbnail: &Thumbnail, videos: &[Movie]) -> Option<i64> {
    Some(match thumbnail {
        Thumbnail::File => 0,
        Thumbnail::OfMovie(name) => {
            let at = videos.iter().position(|movie| movie.name == *name)?;
            -1 - i64::try_from(at).ok()?
        }
        Thumbnail::Frame(frame) => {
            let form = i64::from(frame.width) + FORMATS * format_code(frame.format);
            1 + (i64::from(frame.secs) << 20 | i64::from(frame.sub) << 4 | form)
        }
    })
}

/// A frame's width is 2 to 4; the format adds a multiple of this.
const FORMATS: i64 = 4;

fn format_code(format: Format) -> i64 {
    match format {
        Format::Jpg => 0,
        Format::Webp => 1,
        Format::Ppm => 2,
    }
}

/// The thumbnail of a number; `None` if it is damaged.
pub(super) fn thumbnail(code: i64, videos: &[Movie]) -> Option<Thumbnail> {
    if code < 0 {
        let at = usize::try_from(-1 - code).ok()?;
        return videos.get(at).map(|movie| Thumbnail::OfMovie(movie.name.clone()));
    }
    let Some(code) = code.checked_sub(1).filter(|code| *code >= 0) else { return Some(Thumbnail::File) };
    let form = (code & 0xF).checked_sub(2).filter(|form| *form >= 0)?;
    Some(Thumbnail::Frame(Frame {
        secs: u32::try_from(code >> 20).ok()?,
        sub: u16::try_from(code >> 4 & 0xFFFF).ok()?,
        width: u8::try_from(form % FORMATS + 2).ok()?,
        shows: Shows::Camera,
        format: *Format::ALL.get(usize::try_from(form / FORMATS).ok()?)?,
    }))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Movies, a debug movie, and a thumbnail.
    pub(crate) fn any_media() -> impl Strategy<Value = (Movies, Option<DebugMovie>, Option<Thumbnail>)> {
        let container = prop::sample::select(&Container::ALL[..]);
        let other = "[a-z0-9\"\\\\ü-]{1,8}\\.(mp4|mkv|MOV)".prop_map(|name| MovieName::parse(name.as_bytes()).unwrap());
        let name = prop_oneof![container.clone().prop_map(MovieName::from), other];
        let movie = (name.clone(), prop::option::of(0u64..=u64::MAX)).prop_map(|(name, bytes)| Movie { name, bytes });
        let debug = prop_oneof![container.prop_map(DebugMovie::InDebug), name.prop_map(DebugMovie::Beside)];
        let format = prop::sample::select(&Format::ALL[..]);
        let frame = (0u32..86_400, 0u16..9999, 2u8..=4, format).prop_map(|(secs, sub, width, format)| Frame {
            secs,
            sub,
            width,
            shows: Shows::Camera,
            format,
        });
        let movies = prop::collection::vec(movie, 0..3).prop_filter("names are unique", |movies| {
            movies.iter().enumerate().all(|(at, movie)| movies[..at].iter().all(|other| other.name != movie.name))
        });
        (movies, prop::option::of(debug), prop::option::of(frame), any::<u8>()).prop_map(
            |(movies, debug, frame, at)| {
                let of_movie = movies.get(usize::from(at)).map(|movie| Thumbnail::OfMovie(movie.name.clone()));
                let file = (at > 100).then_some(Thumbnail::File);
                (movies.into_iter().collect(), debug, of_movie.or(file).or(frame.map(Thumbnail::Frame)))
            },
        )
    }

    #[test]
    fn the_usual_movie_is_a_small_number() {
        let cell = |bytes| of_videos(&[Movie { name: Container::Mp4.into(), bytes }]);
        assert_eq!(cell(None), Some(Cell::Code(0)));
        assert_eq!(cell(Some(0)), Some(Cell::Code(32)));
        assert!(matches!(cell(Some(60_000_000)), Some(Cell::Code(1..=0x7FFF_FFFF))));
        assert!(matches!(cell(Some(1 << 60)), Some(Cell::Text(_))), "a sparse file");
        assert_eq!(of_videos(&[]), None);
    }

    proptest! {
        #[test]
        fn no_cell_panics(code: i64, text in ".{0,20}|\\[\\{\"name\":\".{0,5}\",\"bytes\":[0-9]{1,25}\\}\\]") {
            for cell in [Cell::Code(code), Cell::Text(text)] {
                let movies = videos(&cell);
                let _ = (debug(&cell), thumbnail(code, &movies), are_same(Some(&cell), None));
            }
        }

        #[test]
        fn a_size_does_not_make_another_movie((movies, _, _) in any_media()) {
            let unmeasured: Vec<Movie> = movies.iter().map(|movie| Movie::new(movie.name.clone())).collect();
            prop_assert!(are_same(of_videos(&movies).as_ref(), of_videos(&unmeasured).as_ref()));
        }
    }
}
