//! A calendar day as Motion's `%Y-%m-%d` names it: the cameras' local date, without a zone.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};

use super::parse::digits;
use super::text::Text;
use crate::error::Error;

/// A day, parsed strictly from `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// The date itself.
    pub fn date(self) -> NaiveDate {
        self.0
    }

    /// The moment `secs` seconds after the day's midnight; more than a day's seconds lead into the days after.
    pub fn at(self, secs: i64) -> NaiveDateTime {
        self.0.and_time(NaiveTime::MIN) + chrono::TimeDelta::seconds(secs)
    }

    /// The hour of this day, 0 to 23, to which an event counts that begins at this moment. What was captured before midnight counts to the
    /// first hour, and what begins after the day to the last.
    pub fn hour_of(self, start: NaiveDateTime) -> usize {
        Self::hour_of_second((start - self.at(0)).num_seconds())
    }

    /// The same for so many seconds after the day's midnight, which may be negative.
    pub fn hour_of_second(secs: i64) -> usize {
        usize::try_from(secs.div_euclid(3600).clamp(0, 23)).unwrap_or(0)
    }

    /// The day `days` before this one, or the first day there is.
    #[must_use]
    pub fn back(self, days: u64) -> Self {
        Self(self.0.checked_sub_days(Days::new(days)).filter(|date| date.year() >= 0).unwrap_or(Self::FIRST.0))
    }

    /// Days since 1970-01-01, negative before.
    pub fn number(self) -> i64 {
        i64::from(self.0.num_days_from_ce()) - 719_163
    }

    /// The inverse of [`Day::number`]; `None` outside the years 0 to 9999.
    pub fn from_number(number: i64) -> Option<Self> {
        let days = i32::try_from(number.checked_add(719_163)?).ok()?;
        NaiveDate::from_num_days_from_ce_opt(days).and_then(|date| Self::try_from(date).ok())
    }

    /// The last day that four digits of a year can write.
    pub const LAST: Self = Self(match NaiveDate::from_ymd_opt(9999, 12, 31) {
        Some(date) => date,
        None => NaiveDate::MAX,
    });

    const FIRST: Self = Self(match NaiveDate::from_ymd_opt(0, 1, 1) {
        Some(date) => date,
        None => NaiveDate::MIN,
    });
}

impl TryFrom<NaiveDate> for Day {
    type Error = Error;

    /// Refuses years that four digits cannot write.
    fn try_from(date: NaiveDate) -> Result<Self, Error> {
        if (0..=9999).contains(&date.year()) {
            Ok(Self(date))
        } else {
            Err(Error::Name { what: "a day of the years 0 to 9999", text: date.to_string() })
        }
    }
}

impl FromStr for Day {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let bytes = text.as_bytes();
            let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = bytes else { return None };
            let year = i32::try_from(digits(&[y0, y1, y2, y3])?).ok()?;
            NaiveDate::from_ymd_opt(year, digits(&[m0, m1])?, digits(&[d0, d1])?)
        };
        parse().map(Self).ok_or_else(|| Error::Name { what: "a day such as 2026-11-20", text: text.to_owned() })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Text::of_date(self.0))
    }
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::parse::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_strict_form_is_a_day() {
        for bad in ["2026-2-03", "2026-02-30", "26-02-03", "2026-02-03 ", "+026-02-03", "2026/02/03", "20260203", ""] {
            assert!(bad.parse::<Day>().is_err(), "{bad:?}");
        }
        assert_eq!("1970-01-01".parse::<Day>().unwrap().number(), 0);
    }

    proptest! {
        #[test]
        fn text_and_number_round_trip_in_order(a in -719_000i64..2_900_000, b in -719_000i64..2_900_000) {
            let (x, y) = (Day::from_number(a).unwrap(), Day::from_number(b).unwrap());
            prop_assert_eq!(x.number(), a);
            prop_assert_eq!(x.to_string().parse::<Day>().unwrap(), x);
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.to_string().cmp(&y.to_string()), a.cmp(&b));
        }

        #[test]
        fn no_text_panics(text in ".{0,14}") {
            if let Ok(day) = text.parse::<Day>() {
                prop_assert_eq!(day.to_string(), text);
            }
        }

        #[test]
        fn going_back_never_leaves_the_calendar(a in -719_000i64..2_900_000, days in any::<u64>()) {
            let day = Day::from_number(a).unwrap();
            prop_assert!(day.back(days) <= day);
        }
    }

    #[test]
    fn hours_are_those_of_the_day() {
        let day: Day = "2026-11-20".parse().unwrap();
        let hours = [-1, 0, 3599, 3600, 86_399, 86_400].map(|secs| day.hour_of(day.at(secs)));
        assert_eq!(hours, [0, 0, 0, 1, 23, 23]);
    }
}
