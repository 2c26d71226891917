//! The values of query parameters.

use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::de::{Deserialize, Deserializer, Error};

use crate::clock::Now;
use crate::engine::Cursor;
use crate::engine::derive::Width;
#[cfg(feature = "stores")]
use crate::engine::store::Folder;
use crate::event::Region;
use crate::problem::Problem;
use crate::time::{End, parse};

/// A value of type `T` from a text that `check` accepts; otherwise an error that says what is expected.
fn value<'de, D: Deserializer<'de>, T: FromStr>(
    deserializer: D,
    expected: &str,
    check: impl Fn(&T) -> bool,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let value = text.parse().ok().filter(check);
    value.ok_or_else(|| D::Error::custom(format_args!("expected {expected}")))
}

/// Defines the type of a parameter: its inner type, what is expected, and a check of the range.
macro_rules! value {
    ($(#[$doc:meta])* $name:ident($inner:ty), $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                value(deserializer, $expected, $check).map(Self)
            }
        }
    };
}

value!(/** The most entries of a page. */ Limit(usize), "a number from 1 to 1000", |limit| (1..=1000).contains(limit));
value!(/** A number of entries, 0 or more. */ Count(u64), "a number", |_| true);
value!(/** A number of bytes. */ Bytes(u64), "a number of bytes", |bytes| i64::try_from(*bytes).is_ok());
value!(/** A number of seconds. */ Seconds(u32), "a number of seconds", |_| true);
value!(/** A number of pixels. */ Pixels(u32), "a number of pixels", |_| true);
value!(
    /** A rectangle of the picture. */
    Rectangle(Region),
    "x0,y0,x1,y1: fractions of the picture from 0 to 1, with x0 < x1 and y0 < y1",
    |_| true
);
/// The width of a thumbnail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThumbnailWidth(pub Width);

impl<'de> Deserialize<'de> for ThumbnailWidth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pixels: u32 = value(deserializer, "160, 240, 320 or 640", |pixels| Width::of_pixels(*pixels).is_some())?;
        Width::of_pixels(pixels).map(Self).ok_or_else(|| D::Error::custom("expected 160, 240, 320 or 640"))
    }
}

value!(/** Yes or no. */ Flag(bool), "true or false", |_| true);
value!(
    /** The `next` of a page of the audit log. */
    AuditCursor(u64),
    "a cursor of an earlier page",
    |cursor| i64::try_from(*cursor).is_ok()
);

/// The `next` of a page of events.
#[derive(Debug, Clone)]
pub(crate) struct EventCursor(pub Cursor);

impl<'de> Deserialize<'de> for EventCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        value(deserializer, "a cursor of an earlier page", |_| true).map(Self)
    }
}

/// A folder of a store; by default its root.
#[cfg(feature = "stores")]
#[derive(Debug, Clone, Default)]
pub(crate) struct FolderPath(pub Folder);

#[cfg(feature = "stores")]
impl<'de> Deserialize<'de> for FolderPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "names with / between them, such as host/camera, without .. and of at most 1,024 bytes";
        value(deserializer, EXPECTED, |_| true).map(Self)
    }
}

/// A time as users write it: a day, a time of the cameras' wall clock, or a span back from now.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct TimeText(String);

impl From<String> for TimeText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl TimeText {
    /// The time that it means now, as one end of a range. `name` is the parameter's.
    pub(crate) fn resolve(&self, name: &str, end: End, now: Now) -> Result<NaiveDateTime, Problem> {
        parse(&self.0, end, now).map_err(|error| Problem::parameter(name, format!("{name}: {error}")))
    }
}
