//! Short texts of a fixed form without memory allocation: a walk and a page create thousands of them.

use std::ops::Deref;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

/// The maximum number of bytes; a time has 19.
const MAX_BYTES: usize = 24;

/// A text of digits and punctuation. More than fits is cut off; no text here is that long.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    bytes: [u8; MAX_BYTES],
    len: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

impl Text {
    /// An empty text.
    pub fn new() -> Self {
        Self { bytes: [0; MAX_BYTES], len: 0 }
    }

    /// `2026-11-20T10:04:36`, with `middle` between date and time.
    pub fn of_time(time: NaiveDateTime, middle: u8) -> Self {
        let mut text = Self::of_date(time.date());
        let ([h0, h1], [m0, m1], [s0, s1]) = (pair(time.hour()), pair(time.minute()), pair(time.second()));
        text.push_all([middle, h0, h1, b':', m0, m1, b':', s0, s1]);
        text
    }

    /// `2026-11-20`; the years 0 to 9999 have four digits.
    pub fn of_date(date: NaiveDate) -> Self {
        let mut text = Self::new();
        let year = u32::try_from(date.year()).unwrap_or(0);
        text.push_digits(year / 100);
        let ([y0, y1], [m0, m1], [d0, d1]) = (pair(year), pair(date.month()), pair(date.day()));
        text.push_all([y0, y1, b'-', m0, m1, b'-', d0, d1]);
        text
    }

    /// Appends a byte.
    pub fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    fn push_all<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + N) {
            place.copy_from_slice(&bytes);
            self.len += N;
        }
    }

    /// Numbers of at least two digits with something between them.
    pub fn push_parts<const N: usize>(&mut self, between: u8, parts: [u32; N]) {
        for (n, part) in parts.into_iter().enumerate() {
            if n > 0 {
                self.push(between);
            }
            self.push_digits(part);
        }
    }

    /// With zeros before it, as `{:0width$}` would; at least two digits.
    pub fn push_padded(&mut self, number: u32, width: u8) {
        let digits = number.checked_ilog10().map_or(1, |log| log + 1).max(2);
        for _ in digits..u32::from(width) {
            self.push(b'0');
        }
        self.push_digits(number);
    }

    /// At least two digits, as `{:02}` would.
    pub fn push_digits(&mut self, number: u32) {
        if number >= 100 {
            self.push_digits(number / 10);
            self.push(pair(number)[1]);
        } else {
            self.push_all(pair(number));
        }
    }
}

/// The last two digits of a number.
fn pair(number: u32) -> [u8; 2] {
    PAIRS[(number % 100) as usize]
}

/// The digits of the numbers below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [b"0123456789"[number / 10], b"0123456789"[number % 10]];
        number += 1;
    }
    pairs
};

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default() // digits and punctuation are ASCII
    }
}

impl serde::Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_written_as_chrono_writes_it(secs in 0i64..200_000_000_000) {
            let time = chrono::DateTime::from_timestamp(secs, 0).unwrap().naive_utc();
            prop_assert_eq!(&*Text::of_time(time, b'T'), time.format("%Y-%m-%dT%H:%M:%S").to_string());
            prop_assert_eq!(&*Text::of_date(time.date()), time.format("%Y-%m-%d").to_string());
        }

        #[test]
        fn numbers_have_two_digits_or_more(number: u32) {
            let mut text = Text::new();
            text.push_digits(number);
            prop_assert_eq!(&*text, format!("{number:02}"));
        }
    }
}
