//! Which specifiers the numbers before a stamp are: `01-1-…` is `%v-%{movienbr}-…`, `1-01-…` is `%t-%v-…`, and
//! `10-10-…` alone decides nothing.

use super::shape::{Numbers, ONE, TWO};

/// How the numbers of all movies of one shape can be read.
#[derive(Debug, Default)]
pub(super) struct Readings {
    /// With the first reading only: `%v` of one number, `%v-%{movienbr}` of two.
    event_first: u64,
    /// With the second only: `%t`, `%t-%v`.
    camera_first: u64,
    /// With both.
    both: u64,
    /// With none.
    neither: u64,
    /// The length of the shortest, if numbers have leading zeros.
    width: Option<usize>,
    has_zeros: bool,
}

/// What the numbers are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// This pattern.
    Sure(String),
    /// Either of these, the one with the event number first.
    Either(String, String),
    /// Some names have one, some the other.
    Mixed(String, String),
    /// None that Motion writes.
    None,
}

impl Readings {
    /// Adds the numbers of one movie.
    pub(super) fn add(&mut self, numbers: Numbers<'_>) {
        let (is_event_first, is_camera_first) = match numbers {
            Numbers::None => return,
            Numbers::One(number) => (is_padded(number), is_unpadded(number)),
            Numbers::Two(first, second) => {
                (is_padded(first) && is_unpadded(second), is_unpadded(first) && is_padded(second))
            }
        };
        if let Numbers::One(number) = numbers {
            self.width = Some(self.width.map_or(number.len(), |width| width.min(number.len())));
            self.has_zeros |= number.starts_with('0');
        }
        *match (is_event_first, is_camera_first) {
            (true, true) => &mut self.both,
            (true, false) => &mut self.event_first,
            (false, true) => &mut self.camera_first,
            (false, false) => &mut self.neither,
        } += 1;
    }

    /// Whether there are no numbers.
    pub(super) fn is_empty(&self) -> bool {
        self.event_first + self.camera_first + self.both + self.neither == 0
    }

    /// The pattern of a shape's key.
    pub(super) fn resolve(&self, key: &str) -> Reading {
        let event = match self.width {
            Some(width @ 3..=9) if self.has_zeros => format!("%{width}v"),
            _ => "%v".to_owned(),
        };
        let (event, camera) = if key.contains(TWO) {
            (key.replace(TWO, "%v-%{movienbr}"), key.replace(TWO, "%t-%v"))
        } else if key.contains(ONE) {
            (key.replace(ONE, &event), key.replace(ONE, "%t"))
        } else {
            return Reading::Sure(key.to_owned());
        };
        match (self.event_first, self.camera_first, self.both) {
            _ if self.neither > 0 => Reading::None,
            (0, 0, _) => Reading::Either(event, camera),
            (_, 0, _) => Reading::Sure(event),
            (0, _, _) => Reading::Sure(camera),
            _ => Reading::Mixed(event, camera),
        }
    }
}

/// Whether Motion can write it for `%v`: two digits or more, from 01. More than two with leading zeros are of `%3v`.
fn is_padded(digits: &str) -> bool {
    digits.len() >= 2 && digits.bytes().any(|byte| byte != b'0')
}

/// Whether Motion can write it for `%t` or `%{movienbr}`: without leading zeros. A single camera without a file of its own has
/// the id 0.
fn is_unpadded(digits: &str) -> bool {
    digits == "0" || !digits.starts_with('0')
}
