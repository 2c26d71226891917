//! The id of an event: its path below the root.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;

use super::parse::{digits, from_text};
use super::text::Text;
use super::{Camera, Day};
use crate::error::Error;

/// The name of an event's directory within its day.
///
/// Ordered by time; the raw numbers come after the times of the same day, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventName {
    /// `HH-MM-SS`, in seconds since midnight.
    Time(u32),
    /// The event number that Motion's `%v` gives (`printf "%02d"`, from 01), or `%3v` and the like with more digits. It
    /// starts again at 01 with Motion, so one directory can hold frames of two events.
    Number {
        /// From 1.
        number: u32,
        /// How many digits the directory's name has, with its leading zeros: `01` and `001` are two directories.
        width: u8,
    },
}

impl EventName {
    /// The time in the name, if it has one: seconds since midnight.
    pub fn secs(self) -> Option<u32> {
        match self {
            Self::Time(secs) => Some(secs),
            Self::Number { .. } => None,
        }
    }

    /// The directory's name.
    pub fn text(self) -> Text {
        let mut text = Text::new();
        match self {
            Self::Time(secs) => text.push_parts(b'-', [secs / 3600, secs / 60 % 60, secs % 60]),
            Self::Number { number, width } => text.push_padded(number, width),
        }
        text
    }

    /// Parses the bytes of a directory entry.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            &[h0, h1, b'-', m0, m1, b'-', s0, s1] => {
                let (h, m, s) = (digits(&[h0, h1])?, digits(&[m0, m1])?, digits(&[s0, s1])?);
                (h < 24 && m < 60 && s < 60).then_some(Self::Time(h * 3600 + m * 60 + s))
            }
            [_, _, ..] => {
                let number = digits(bytes).filter(|number| *number > 0)?;
                Some(Self::Number { number, width: u8::try_from(bytes.len()).ok()? })
            }
            _ => None,
        }
    }

    /// The number in a directory's name of `width` digits; `None` if it has none.
    pub fn of_number(number: u32, width: u8) -> Option<Self> {
        let fits = (2..=9).contains(&width) && number > 0 && number < 10u32.pow(u32::from(width));
        fits.then_some(Self::Number { number, width })
    }
}

impl FromStr for EventName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_bytes(text.as_bytes())
            .ok_or_else(|| Error::Name { what: "an event's name such as 10-04-36 or 01", text: text.to_owned() })
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// An event: `Camera1/2026-11-20/10-04-36`. Ordered by camera, day and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The camera.
    pub camera: Camera,
    /// The day of its directory.
    pub day: Day,
    /// Its name.
    pub name: EventName,
}

impl EventId {
    /// The moment of the directory's name; `None` for a raw number.
    pub fn named_time(&self) -> Option<NaiveDateTime> {
        self.name.secs().map(|secs| self.day.at(i64::from(secs)))
    }
}

impl FromStr for EventId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(camera), Some(day), Some(name), None) => {
                Ok(Self { camera: camera.parse()?, day: day.parse()?, name: name.parse()? })
            }
            _ => Err(Error::Name { what: "an event such as Camera1/2026-11-20/10-04-36", text: text.to_owned() }),
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.camera.as_str())?;
        f.write_str("/")?;
        self.day.fmt(f)?;
        f.write_str("/")?;
        self.name.fmt(f)
    }
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer)
            }
        }
    )*};
}
as_text!(EventName, EventId);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_number() -> impl Strategy<Value = EventName> {
        (1u32..1_000_000_000, 2u8..10).prop_filter_map("fits", |(number, width)| {
            EventName::of_number(number % 10u32.pow(u32::from(width)), width)
        })
    }

    fn any_name() -> impl Strategy<Value = EventName> {
        prop_oneof![(0u32..86_400).prop_map(EventName::Time), any_number()]
    }

    fn any_id() -> impl Strategy<Value = EventId> {
        ("[A-Za-z][A-Za-z0-9 _-]{0,8}", 0i64..40_000, any_name())
            .prop_filter_map("a camera's name", |(camera, day, name)| {
                Some(EventId { camera: camera.parse().ok()?, day: Day::from_number(day)?, name })
            })
    }

    #[test]
    fn only_times_and_numbers_are_names() {
        for bad in [
            "",
            "0",
            "1",
            "00",
            "000",
            "0000000001",
            "24-00-00",
            "10-60-00",
            "23-59-60",
            "10-4-36",
            "10-04-36x",
            "-1",
            "1a",
        ] {
            assert!(bad.parse::<EventName>().is_err(), "{bad:?}");
        }
        assert_eq!("01".parse::<EventName>().unwrap(), EventName::Number { number: 1, width: 2 });
        assert_eq!("100".parse::<EventName>().unwrap(), EventName::Number { number: 100, width: 3 });
        assert_eq!("10-04-36".parse::<EventName>().unwrap(), EventName::Time(36_276));
    }

    /// `%3v` gives 001, which is another directory than 01.
    #[test]
    fn numbers_keep_their_width() {
        for name in ["01", "001", "0042", "100", "000000001"] {
            assert_eq!(name.parse::<EventName>().unwrap().to_string(), name);
        }
        assert_ne!("01".parse::<EventName>().unwrap(), "001".parse::<EventName>().unwrap());
        assert!("09".parse::<EventName>().unwrap() < "010".parse::<EventName>().unwrap());
    }

    #[test]
    fn only_paths_of_three_names_are_ids() {
        for bad in [
            "Camera1",
            "Camera1/2026-11-20",
            "/Camera1/2026-11-20/01",
            "Camera1/2026-11-20/01/",
            "Camera1//01",
            "../2026-11-20/01",
            "Camera1/../01",
            "Camera1/2026-11-20/..",
        ] {
            assert!(bad.parse::<EventId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn camera_1_is_not_camera_10() {
        let one: EventId = "Camera1/2026-11-20/10-04-36".parse().unwrap();
        let ten: EventId = "Camera10/2026-11-20/10-04-36".parse().unwrap();
        assert_ne!(one.camera, ten.camera);
        assert!(one < ten);
    }

    proptest! {
        #[test]
        fn ids_go_round(id in any_id()) {
            prop_assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        }

        #[test]
        fn ids_order_by_camera_then_day_then_name(a in any_id(), b in any_id()) {
            let expected = a.camera.as_str().cmp(b.camera.as_str())
                .then(a.day.number().cmp(&b.day.number()))
                .then(a.name.cmp(&b.name));
            prop_assert_eq!(a.cmp(&b), expected);
        }

        #[test]
        fn what_parses_prints_the_same(text in "[0-9-]{0,10}") {
            if let Ok(name) = text.parse::<EventName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<EventId>();
        }
    }
}
