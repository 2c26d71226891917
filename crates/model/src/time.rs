//! Parses times as users write them (a day, a moment, or a span back from now), and formats the times of JSON and files.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};

use crate::clock::Now;
use crate::error::{Error, Result};

/// Which end of a range a time is: a day alone begins at its midnight and ends with its last second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The range begins there.
    From,
    /// The range ends there.
    To,
}

/// The time as RFC 3339 in whole seconds, as in manifests, the audit log and JSON.
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Parses `2026-11-20`, `2026-11-20 10:04:36`, `2026-11-20T10:04:36`, or a span back from now (`3d`, `90m`).
pub fn parse(text: &str, end: End, now: Now) -> Result<NaiveDateTime> {
    const WHAT: &str = "a time such as 2026-11-20, 2026-11-20 10:04:36 or 3d";
    let is_like = |form: &str| {
        let fits = |(byte, like): (u8, u8)| if like == b'0' { byte.is_ascii_digit() } else { byte == like };
        text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
    };
    for (like, form) in [("0000-00-00 00:00:00", "%Y-%m-%d %H:%M:%S"), ("0000-00-00T00:00:00", "%Y-%m-%dT%H:%M:%S")] {
        // No day has a 61st second for a camera.
        if is_like(like)
            && !text.ends_with(":60")
            && let Ok(time) = NaiveDateTime::parse_from_str(text, form)
        {
            return Ok(time);
        }
    }
    if is_like("0000-00-00")
        && let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d")
    {
        return Ok(match end {
            End::From => day.and_time(NaiveTime::MIN),
            End::To => day.and_time(NaiveTime::MIN) + TimeDelta::seconds(86_399),
        });
    }
    let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
    humantime::parse_duration(text)
        .ok()
        .filter(|_| has_unit)
        .and_then(|span| TimeDelta::from_std(span).ok())
        .and_then(|span| now.local.checked_sub_signed(span))
        .ok_or_else(|| Error::Name { what: WHAT, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Now {
        let local = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
        Now { utc: local.and_utc(), local }
    }

    #[test]
    fn every_documented_form_is_parsed() {
        for (text, end, expected) in [
            ("2026-11-20", End::From, "2026-11-20 00:00:00"),
            ("2026-11-20", End::To, "2026-11-20 23:59:59"),
            ("2026-11-20 10:04:36", End::To, "2026-11-20 10:04:36"),
            ("2026-11-20T10:04:36", End::From, "2026-11-20 10:04:36"),
            ("3d", End::From, "2026-11-17 12:00:00"),
            ("90m", End::To, "2026-11-20 10:30:00"),
        ] {
            assert_eq!(parse(text, end, now()).unwrap().to_string(), expected, "{text}");
        }
        for bad in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-11-20T10:04:36Z",
            "2026-11-20T10:04:36+01:00",
            "-3d",
            "0",
            "2026-1-2",
            "+2026-11-20",
            "2026-11-20T10:04:60",
        ] {
            assert!(parse(bad, End::From, now()).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,30}", years in any::<u64>()) {
            let _ = parse(&text, End::To, now());
            let _ = parse(&format!("{years}y"), End::To, now());
        }
    }
}
