//! Detects that Motion's wall clock is in another time zone than this program's (a container in UTC, for example). The
//! names of frames show Motion's zone, the modification times of their files the real time; a difference of whole
//! quarters of an hour is a zone.

use chrono::{Local, NaiveDateTime, Offset, TimeDelta, TimeZone};

use crate::archive::{MediaPath, Tree};
use crate::catalog::{Catalog, Order, Query};
use crate::clock::Now;
use crate::error::Result;
use crate::event::Thumbnail;

/// How many of a camera's newest events are checked.
const CHECKED_EVENTS: usize = 3;
/// Files that were written longer ago say nothing about the present; they may have been copied.
const RECENT: TimeDelta = TimeDelta::days(2);
/// How far name and file may differ besides the zone, in seconds: the time in which Motion keeps and writes a frame. It is short,
/// because the times of copied files match a zone only by chance.
const TOLERANCE: i64 = 20;
/// Zones differ by multiples of this, in seconds.
const QUARTER: i64 = 900;
/// Zones differ by at most this, in seconds.
const MAX_DIFFERENCE: i64 = 26 * 3600;

/// A frame: the camera's wall time in its name, and when it was written, in nanoseconds since 1970.
type Frame = (NaiveDateTime, i64);

/// The offset of this program's zone from UTC, such as `+01:00`.
pub(super) fn offset(now: Now) -> String {
    let minutes = (now.local - now.utc.naive_utc()).num_minutes();
    format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
}

/// What is wrong with the zone, as a sentence; `None` if nothing is known to be.
pub(super) fn warning(catalog: &Catalog, tree: &Tree, now: Now) -> Result<Option<String>> {
    for summary in catalog.cameras()? {
        let query = Query::new().camera(summary.camera.as_str()).order(Order::Desc).limit(CHECKED_EVENTS);
        let events = catalog.events(&query)?.events;
        let frames = events.iter().filter_map(|event| {
            let Some(frame @ Thumbnail::Frame(_)) = &event.details.thumbnail else { return None };
            let file = frame.file_name();
            let name = chrono::NaiveTime::parse_from_str(file.get(..8)?, "%H-%M-%S").ok()?;
            let start = event.details.start;
            let named = [-1, 0, 1].map(|days| start.date().and_time(name) + TimeDelta::days(days));
            let named = named.into_iter().min_by_key(|time| (*time - start).abs())?;
            let path = MediaPath { event: event.id.clone(), in_debug: false, file };
            Some((named, tree.open_media(&path).ok()?.modified))
        });
        if let Some(seconds) = difference(frames, now) {
            let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() % 3600 / 60);
            let by = if minutes == 0 { format!("{hours} h") } else { format!("{hours} h {minutes} min") };
            return Ok(Some(format!(
                "time zone: {} names its frames {by} {} the time at which they are written (this program's zone is UTC{}); \
                 give owlery Motion's zone (TZ, or /etc/localtime in a container), or rules count days by the wrong clock",
                summary.camera,
                if seconds > 0 { "ahead of" } else { "behind" },
                offset(now),
            )));
        }
    }
    Ok(None)
}

/// By how many seconds names are ahead of the files' times, if two frames of different minutes agree on it, or if one
/// name lies in the future.
fn difference(frames: impl Iterator<Item = Frame>, now: Now) -> Option<i64> {
    let mut found: Vec<(NaiveDateTime, i64)> = Vec::new();
    for (named, written) in frames {
        let written = chrono::DateTime::from_timestamp_nanos(written);
        if written > now.utc || now.utc - written > RECENT {
            continue;
        }
        // The zone as it was then: a change to summer time is no other zone.
        let local = |utc: NaiveDateTime| i64::from(Local.offset_from_utc_datetime(&utc).fix().local_minus_utc());
        let changed = local(written.naive_utc()) - local(now.utc.naive_utc());
        let wall = written.naive_utc() + (now.local - now.utc.naive_utc()) + TimeDelta::seconds(changed);
        let apart = (named - wall).num_seconds();
        let zone = (apart + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
        if (apart - zone).abs() > TOLERANCE || zone.abs() > MAX_DIFFERENCE {
            continue;
        }
        let is_ahead = zone > 0 && named > now.local + TimeDelta::seconds(TOLERANCE);
        let agrees = found.iter().any(|(other, same)| *same == zone && (*other - named).abs() >= TimeDelta::minutes(1));
        if zone != 0 && (is_ahead || agrees) {
            return Some(zone);
        }
        found.push((named, zone));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    /// Frames named so many seconds ahead of when they were written, so many minutes ago.
    fn difference_of(frames: &[(i64, i64)]) -> Option<i64> {
        let now = SystemClock.now();
        let frame = |&(ahead, ago): &(i64, i64)| {
            let age = TimeDelta::minutes(ago);
            let written = now.utc - age;
            (Now::at(written).local + TimeDelta::seconds(ahead), written.timestamp_nanos_opt().unwrap())
        };
        difference(frames.iter().map(frame), now)
    }

    #[test]
    fn whole_quarter_hours_are_another_zone() {
        assert_eq!(difference_of(&[(7200, 1)]), Some(7200), "one in the future");
        assert_eq!(difference_of(&[(20_699, 30)]), Some(20_700), "5:45");
        assert_eq!(difference_of(&[(-7200, 10), (-7201, 300)]), Some(-7200), "two agree");
        for none in [
            &[][..],
            &[(0, 1), (1, 30)],
            &[(-7200, 10)],
            &[(-7200, 10), (-3600, 300)],
            &[(-7200, 10), (-7200, 10)],
            &[(-7400, 10), (-7400, 300)],
            &[(7200, 5000), (7200, 5100)],
            &[(30 * 3600, 1)],
        ] {
            assert_eq!(difference_of(none), None, "{none:?}");
        }
    }
}
