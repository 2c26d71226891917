//! Matches a path with the tokens of a pattern, without allocation. Strict: ASCII digits, values in their ranges, the
//! whole text, and one value for a specifier that appears twice.

use chrono::NaiveDate;

use super::token::{Field, Token, Width};
use crate::event::Day;

/// The values of a path's specifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values<'a> {
    numbers: [u32; SLOTS],
    /// The number of digits of `%q`.
    sub_width: u8,
    /// Empty if unset.
    camera_id: &'a str,
    camera_name: &'a str,
    event_id: &'a str,
}

const SLOTS: usize = 9;

/// No field has this value.
const UNSET: u32 = u32::MAX;

#[derive(Clone, Copy)]
enum Slot {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Number,
    Sub,
    Part,
}

/// The result of a match.
pub(super) enum Match<'a> {
    None,
    One(Values<'a>),
    /// There is more than one way to read it.
    Several,
}

impl<'a> Values<'a> {
    const NONE: Self = Self { numbers: [UNSET; SLOTS], sub_width: 2, camera_id: "", camera_name: "", event_id: "" };

    fn get(&self, slot: Slot) -> Option<u32> {
        Some(self.numbers[slot as usize]).filter(|value| *value != UNSET)
    }

    /// Whether the date is complete, and then a day of the calendar.
    pub(super) fn day(&self) -> Option<Day> {
        let year = i32::try_from(self.get(Slot::Year)?).ok()?;
        let date = NaiveDate::from_ymd_opt(year, self.get(Slot::Month)?, self.get(Slot::Day)?)?;
        Day::try_from(date).ok()
    }

    /// Whether the date is incomplete, or a day of the calendar.
    pub(super) fn may_be_day(&self) -> bool {
        let is_partial = [Slot::Year, Slot::Month, Slot::Day].into_iter().any(|slot| self.get(slot).is_none());
        is_partial || self.day().is_some()
    }

    /// Seconds since midnight.
    pub(super) fn secs(&self) -> Option<u32> {
        Some(self.get(Slot::Hour)? * 3600 + self.get(Slot::Minute)? * 60 + self.get(Slot::Second)?)
    }

    pub(super) fn number(&self) -> Option<u32> {
        self.get(Slot::Number)
    }

    pub(super) fn part(&self) -> Option<u32> {
        self.get(Slot::Part)
    }

    /// The value of `%q` and the number of its digits.
    pub(super) fn sub(&self) -> Option<(u16, u8)> {
        Some((u16::try_from(self.get(Slot::Sub)?).ok()?, self.sub_width))
    }

    /// The digits of `%t`.
    pub(super) fn camera_id(&self) -> Option<&'a str> {
        Some(self.camera_id).filter(|text| !text.is_empty())
    }

    /// The text of `%$`.
    pub(super) fn camera_name(&self) -> Option<&'a str> {
        Some(self.camera_name).filter(|text| !text.is_empty())
    }

    /// Records a value; `false` if it is out of range or differs from an earlier one.
    fn set(&mut self, field: Field, digits: &'a str, number: u32) -> bool {
        match field {
            Field::Year => self.put(Slot::Year, number, 0, 9999),
            Field::YearOfCentury => self.put(Slot::Year, 2000 + number, 2000, 2099),
            Field::Month => self.put(Slot::Month, number, 1, 12),
            Field::Day => self.put(Slot::Day, number, 1, 31),
            Field::Hour => self.put(Slot::Hour, number, 0, 23),
            Field::Minute => self.put(Slot::Minute, number, 0, 59),
            Field::Second => self.put(Slot::Second, number, 0, 59),
            Field::Number(min) => {
                // printf pads to the width and no further.
                let is_printed = digits.len() == usize::from(min) || !digits.starts_with('0');
                is_printed && self.put(Slot::Number, number, 0, UNSET - 1)
            }
            Field::Part => self.put(Slot::Part, number, 0, UNSET - 1),
            Field::Sub => {
                self.sub_width = u8::try_from(digits.len()).unwrap_or(2);
                self.put(Slot::Sub, number, 0, 9999)
            }
            Field::CameraId => put_text(&mut self.camera_id, digits),
            Field::EventId => put_text(&mut self.event_id, digits),
            Field::CameraName => put_text(&mut self.camera_name, digits),
        }
    }

    fn put(&mut self, slot: Slot, value: u32, min: u32, max: u32) -> bool {
        let place = &mut self.numbers[slot as usize];
        if !(min..=max).contains(&value) || (*place != UNSET && *place != value) {
            return false;
        }
        *place = value;
        true
    }
}

fn put_text<'a>(place: &mut &'a str, text: &'a str) -> bool {
    let fits = place.is_empty() || *place == text;
    *place = text;
    fits
}

/// Matches the whole text.
pub(super) fn whole<'a>(tokens: &[Token], text: &'a str) -> Match<'a> {
    from(tokens, text, 0, Values::NONE)
}

/// Matches the text from the byte `at` on.
fn from<'a>(tokens: &[Token], text: &'a str, mut at: usize, mut values: Values<'a>) -> Match<'a> {
    let bytes = text.as_bytes();
    for (n, token) in tokens.iter().enumerate() {
        let field = match token {
            Token::Text(literal) => {
                if !bytes[at..].starts_with(literal.as_bytes()) {
                    return Match::None;
                }
                at += literal.len();
                continue;
            }
            Token::Field(field) => *field,
        };
        let (len, number) = match field.width() {
            Width::Fixed(width) => digits(bytes, at, width, width),
            Width::Digits { min, max } => digits(bytes, at, min, max),
            Width::Text if values.camera_name.is_empty() => return names(&tokens[n + 1..], text, at, values),
            Width::Text => {
                bytes[at..].starts_with(values.camera_name.as_bytes()).then_some((values.camera_name.len(), 0))
            }
        }
        .unwrap_or((0, 0));
        if len == 0 {
            return Match::None;
        }
        if !text.get(at..at + len).is_some_and(|text| values.set(field, text, number)) {
            return Match::None;
        }
        at += len;
    }
    if at == bytes.len() { Match::One(values) } else { Match::None }
}

/// The length and the value of the digits at `at`, of which there must be `min` to `max`. Only the last digits count in
/// the value of more than nine, which no archive needs.
fn digits(bytes: &[u8], at: usize, min: usize, max: usize) -> Option<(usize, u32)> {
    let (mut len, mut value) = (0, 0u32);
    while len < max
        && let Some(digit) = bytes.get(at + len).filter(|byte| byte.is_ascii_digit())
    {
        value = value.wrapping_mul(10).wrapping_add(u32::from(digit - b'0'));
        len += 1;
    }
    (len >= min).then_some((len, value))
}

/// Tries every end of a camera's name that begins at `at`. Only the first `%$` of a pattern comes here.
fn names<'a>(rest: &[Token], text: &'a str, at: usize, values: Values<'a>) -> Match<'a> {
    let component = text[at..].find('/').map_or(text.len(), |slash| at + slash);
    let mut found = Match::None;
    for end in at + 1..=component {
        let Some(name) = text.get(at..end) else { continue };
        if let Some(Token::Text(literal)) = rest.first()
            && !text[end..].starts_with(&**literal)
        {
            continue;
        }
        found = match (found, from(rest, text, end, Values { camera_name: name, ..values })) {
            (found, Match::None) => found,
            (Match::None, new) => new,
            _ => return Match::Several,
        };
    }
    found
}
