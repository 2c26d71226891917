//! The forms in which the strix web UI writes and expects values: in sidecars and in its API.

use chrono::NaiveDateTime;

/// The value of a file that does not exist.
pub const MISSING_FILE: &str = "images/missing.jpg";

/// The time format.
pub const TIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// An event's title: `Fri Nov 20 10:04:35 AM`.
pub fn title(start: NaiveDateTime) -> String {
    start.format("%a %b %d %I:%M:%S %p").to_string()
}
