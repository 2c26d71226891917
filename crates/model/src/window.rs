//! The hours of the day in which something may work, by the wall clock. It reads no clock.

use std::str::FromStr;
use std::time::Duration;

use chrono::{NaiveDateTime, NaiveTime, Timelike};

use crate::error::Error;

/// Hours of the day, such as `01:00-05:30`; `22:00-04:00` crosses midnight. The end itself is excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// In minutes since midnight, as is `to`; the two differ.
    from: u32,
    to: u32,
}

impl Window {
    /// Whether a wall time is within the window.
    pub fn is_open(&self, local: NaiveDateTime) -> bool {
        let minute = local.num_seconds_from_midnight() / 60;
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }

    /// How long it takes from the wall time `local` until the window begins.
    pub fn until_open(&self, local: NaiveDateTime) -> Duration {
        const DAY: u32 = 24 * 60 * 60;
        let now = local.num_seconds_from_midnight();
        Duration::from_secs(u64::from((self.from * 60 + DAY - now) % DAY))
    }
}

impl FromStr for Window {
    type Err = Error;

    /// Parses two times of day with two digits each; anything else, and two equal ones, is an [`Error::Config`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let (from, to) = text
            .split_once('-')
            .and_then(|(from, to)| Some((minute_of_day(from)?, minute_of_day(to)?)))
            .ok_or_else(|| Error::Config(format!("{text:?} is not a window such as 01:00-05:30")))?;
        if from == to {
            return Err(Error::Config(format!("the window {text:?} begins when it ends")));
        }
        Ok(Self { from, to })
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// Parses exactly `HH:MM`.
fn minute_of_day(text: &str) -> Option<u32> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
    (text == time.format("%H:%M").to_string()).then(|| time.hour() * 60 + time.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> NaiveDateTime {
        format!("2026-11-20T{time}").parse().unwrap()
    }

    #[test]
    fn a_window_includes_its_start_not_its_end() {
        let window: Window = "01:00-05:30".parse().unwrap();
        for (time, is_open) in
            [("00:59:59", false), ("01:00:00", true), ("05:29:59", true), ("05:30:00", false), ("23:00:00", false)]
        {
            assert_eq!(window.is_open(at(time)), is_open, "{time}");
        }
        assert_eq!(window.until_open(at("00:59:59")), Duration::from_secs(1));
        assert_eq!(window.until_open(at("05:30:00")), Duration::from_secs(19 * 3600 + 1800));
    }

    #[test]
    fn a_window_may_go_over_midnight() {
        let window: Window = "22:00-04:00".parse().unwrap();
        for (time, is_open) in
            [("21:59:59", false), ("22:00:00", true), ("00:00:00", true), ("03:59:59", true), ("04:00:00", false)]
        {
            assert_eq!(window.is_open(at(time)), is_open, "{time}");
        }
        assert_eq!(window.until_open(at("21:00:00")), Duration::from_secs(3600));
        let window: Window = "22:00-00:00".parse().unwrap();
        assert!(window.is_open(at("23:59:59")) && !window.is_open(at("00:00:00")));
    }

    /// They are written in the same form.
    #[test]
    fn windows_are_parsed_strictly() {
        for good in ["01:00-05:30", "23:59-00:00", "00:00-23:59"] {
            assert_eq!(good.parse::<Window>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "-",
            "01:00",
            "01:00-",
            "1:00-05:30",
            "01:00-5:30",
            "01:00 - 05:30",
            " 01:00-05:30",
            "01:00-05:30 ",
            "01:00-24:00",
            "01:60-05:30",
            "01:00-05:30-06:00",
            "01:00:00-05:30",
            "+1:00-05:30",
            "01.00-05.30",
            "night",
            "02:00-02:00",
        ] {
            assert!(bad.parse::<Window>().is_err(), "{bad:?}");
        }
    }
}
