//! Decides when an event is over, as one pure function of Motion's behaviour.
//!
//! Motion writes frames and the movie under their final names, and is then silent for `event_gap` (60 s unless
//! configured) before it ends the event and finishes the movie. So a silence of a few seconds proves nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Now;

/// Whether Motion still writes the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Motion may still write it.
    Open,
    /// It is over and complete.
    Complete,
    /// It is over, and its movie was never finished.
    Interrupted,
}

impl State {
    /// The name in JSON and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
        }
    }

    const ALL: [Self; 3] = [Self::Open, Self::Complete, Self::Interrupted];

    /// The inverse of [`State::as_str`].
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Its number in the catalog.
    pub const fn code(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Complete => 1,
            Self::Interrupted => 2,
        }
    }

    /// The inverse of [`State::code`].
    pub fn of_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// The result of checking a movie's file; later variants are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MovieCheck {
    /// It has what it needs to be played.
    Whole,
    /// A stream that may end anywhere (MPEG, a fragmented mp4): more may come, and only silence shows that it is over.
    Endless,
    /// The end that is written when a movie is closed is missing: Motion has not finished it (yet), or it was cut off.
    Unfinished,
    /// It begins with zeros: space that was allocated and never written, as after a power loss. No program continues
    /// such a file.
    Blank,
    /// The file is empty.
    Empty,
}

/// The signs that show whether an event is over.
#[derive(Debug, Clone, Copy)]
pub struct Signs {
    /// The newest modification time in its directory, nanoseconds since 1970. For a time in the future, the moment when
    /// it was first seen.
    pub newest: i64,
    /// Motion reported its end: a marker in `queue/`, or `on_movie_end` for its movie.
    pub ended: bool,
    /// The same camera has an event that began after this one's last sign.
    pub newer: bool,
    /// Whether frames arrive as long as Motion writes it, so that silence counts: at least two (`picture_output best`,
    /// `first` and `center` make a single one), and its movie did not continue without them.
    pub has_frames: bool,
    /// The worst check among its movies, if it has any.
    pub movie: Option<MovieCheck>,
}

/// How long after its last sign of life an event is over: 1.5 times Motion's `event_gap`.
pub fn patience(event_gap: Duration) -> Duration {
    event_gap * 3 / 2
}

/// How long an unclosed movie without frames beside it may be silent. `FFmpeg` writes in pieces of 256 KiB, so the
/// file's time says little: half an hour is a piece at 150 bytes a second, far below what a camera delivers.
pub const QUIET_MOVIE: Duration = Duration::from_secs(30 * 60);

/// Judges an event by its signs. The name of its day is not one: a clock that was set while Motion recorded leaves an
/// open event in a day long past, and an event can last for days.
pub fn judge(signs: &Signs, now: Now, event_gap: Duration) -> State {
    let is_closed = matches!(signs.movie, None | Some(MovieCheck::Whole | MovieCheck::Blank));
    let is_quiet = !is_closed && !signs.has_frames && !signs.newer;
    let patience = if is_quiet { patience(event_gap).max(QUIET_MOVIE) } else { patience(event_gap) };
    let patience = i64::try_from(patience.as_nanos()).unwrap_or(i64::MAX);
    let silent = now.nanos().saturating_sub(signs.newest) > patience;
    let succeeded = signs.newer && matches!(signs.movie, None | Some(MovieCheck::Whole | MovieCheck::Endless));
    if !(signs.ended || succeeded || silent) {
        return State::Open;
    }
    match signs.movie {
        Some(MovieCheck::Unfinished | MovieCheck::Blank | MovieCheck::Empty) => State::Interrupted,
        Some(MovieCheck::Whole | MovieCheck::Endless) | None => State::Complete,
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    const GAP: Duration = Duration::from_secs(60);

    fn now() -> Now {
        let local = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
        Now { utc: local.and_utc(), local }
    }

    /// An event last touched `age` seconds ago.
    fn signs(age: i64, movie: Option<MovieCheck>) -> Signs {
        let newest = now().nanos() - age * 1_000_000_000;
        Signs { newest, ended: false, newer: false, has_frames: true, movie }
    }

    #[test]
    fn silence_within_the_gap_proves_nothing() {
        assert_eq!(judge(&signs(61, Some(MovieCheck::Whole)), now(), GAP), State::Open);
        assert_eq!(judge(&signs(90, None), now(), GAP), State::Open);
        assert_eq!(judge(&signs(91, None), now(), GAP), State::Complete);
        assert_eq!(judge(&signs(91, Some(MovieCheck::Unfinished)), now(), GAP), State::Interrupted);
        assert_eq!(judge(&signs(91, Some(MovieCheck::Empty)), now(), GAP), State::Interrupted);
    }

    #[test]
    fn a_newer_event_ends_only_whole_movies() {
        let newer = |movie| Signs { newer: true, ..signs(1, movie) };
        assert_eq!(judge(&newer(Some(MovieCheck::Whole)), now(), GAP), State::Complete);
        assert_eq!(judge(&newer(None), now(), GAP), State::Complete);
        assert_eq!(judge(&newer(Some(MovieCheck::Unfinished)), now(), GAP), State::Open);
        assert_eq!(judge(&newer(Some(MovieCheck::Empty)), now(), GAP), State::Open);
    }

    /// `FFmpeg` holds back 256 KiB, so the only file of such an event does not change for minutes.
    #[test]
    fn a_silent_unfinished_movie_is_open() {
        let only = |age, movie| Signs { has_frames: false, ..signs(age, Some(movie)) };
        for (movie, over) in [
            (MovieCheck::Unfinished, State::Interrupted),
            (MovieCheck::Empty, State::Interrupted),
            (MovieCheck::Endless, State::Complete),
        ] {
            assert_eq!(judge(&only(1799, movie), now(), GAP), State::Open);
            assert_eq!(judge(&only(1801, movie), now(), GAP), over);
            let newer = Signs { newer: true, ..only(91, movie) };
            assert_eq!(judge(&newer, now(), GAP), over, "Motion writes another event");
        }
        assert_eq!(judge(&only(91, MovieCheck::Whole), now(), GAP), State::Complete);
        assert_eq!(judge(&signs(91, Some(MovieCheck::Endless)), now(), GAP), State::Complete);
    }

    #[test]
    fn motions_word_ends_it_at_once() {
        assert_eq!(judge(&Signs { ended: true, ..signs(0, None) }, now(), GAP), State::Complete);
    }
}
