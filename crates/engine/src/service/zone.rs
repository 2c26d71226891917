//! Detects that Motion's wall clock is in another time zone than this program's (a container in UTC, for example). The
//! names of frames and of event directories show Motion's zone, the modification times of files the real time; a
//! difference of whole quarters of an hour is a zone.

use std::time::Duration;

use chrono::{DateTime, Local, NaiveDateTime, Offset, TimeDelta, TimeZone};

use crate::archive::{MediaFile, MediaPath, Tree};
use crate::catalog::{Catalog, Order, Query};
use crate::clock::Now;
use crate::error::Result;
use crate::event::{Event, State, Thumbnail};

/// How many of a camera's newest events are checked.
const CHECKED_EVENTS: usize = 3;
/// Files that were written longer ago say nothing about the present; they may have been copied.
const RECENT: TimeDelta = TimeDelta::days(2);
/// How far name and file may differ besides the zone, in seconds: the time in which Motion keeps and writes a frame. It is short,
/// because the times of copied files match a zone only by chance.
const TOLERANCE: i64 = 20;
/// Zones differ by multiples of this, in seconds.
const QUARTER: i64 = 900;
/// Half an hour, in seconds. Movies show no smaller difference: an `event_gap` of a quarter of an hour looks the same.
const HALF: i64 = 1800;
/// Zones differ by at most this, in seconds.
const MAX_DIFFERENCE: i64 = 26 * 3600;
/// The longest event gap with which the end of a movie shows a zone, in seconds.
const MAX_GAP: i64 = 300;

/// What the names of a sign are those of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Frames,
    Movies,
}

/// A moment by Motion's wall clock, and the time of a file that Motion wrote a known time later.
#[derive(Debug, Clone, Copy)]
struct Sign {
    what: Named,
    /// The moment, by the name.
    named: NaiveDateTime,
    /// When the file was written, in nanoseconds since 1970.
    written: i64,
    /// How many seconds after the moment it was written: at least and at most.
    after: (i64, i64),
    /// The smallest difference of zones that it shows, in seconds.
    step: i64,
    /// Whether it is enough if the moment lies in the future.
    is_certain: bool,
}

/// The offset of this program's zone from UTC, such as `+01:00`.
pub(super) fn offset(now: Now) -> String {
    let minutes = (now.local - now.utc.naive_utc()).num_minutes();
    format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
}

/// What is wrong with the zone, as a sentence; `None` if nothing is known to be. `gap` is Motion's `event_gap`.
pub(super) fn warning(catalog: &Catalog, tree: &Tree, gap: Duration, now: Now) -> Result<Option<String>> {
    for summary in catalog.cameras()? {
        let query = Query::new().camera(summary.camera.as_str()).order(Order::Desc).limit(CHECKED_EVENTS);
        let events = catalog.events(&query)?.events;
        let signs = events.iter().filter_map(|event| match frame(event, tree) {
            Some(sign) => Some(sign),
            None => movies(event, tree, i64::try_from(gap.as_secs()).unwrap_or(i64::MAX), now),
        });
        if let Some((what, seconds)) = difference(signs, now) {
            let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() % 3600 / 60);
            let by = if minutes == 0 { format!("{hours} h") } else { format!("{hours} h {minutes} min") };
            let what = match what {
                Named::Frames => "frames",
                Named::Movies => "movies",
            };
            return Ok(Some(format!(
                "time zone: {} names its {what} {by} {} the time at which they are written (this program's zone is UTC{}); \
                 give owlery Motion's zone (TZ, or /etc/localtime in a container), or rules count days by the wrong clock",
                summary.camera,
                if seconds > 0 { "ahead of" } else { "behind" },
                offset(now),
            )));
        }
    }
    Ok(None)
}

/// The sign of an event with a frame for its thumbnail.
fn frame(event: &Event, tree: &Tree) -> Option<Sign> {
    let Some(frame @ Thumbnail::Frame(_)) = &event.details.thumbnail else { return None };
    let file = frame.file_name();
    let name = chrono::NaiveTime::parse_from_str(file.get(..8)?, "%H-%M-%S").ok()?;
    let start = event.details.start;
    let named = [-1, 0, 1].map(|days| start.date().and_time(name) + TimeDelta::days(days));
    let named = named.into_iter().min_by_key(|time| (*time - start).abs())?;
    let written = open(event, file, tree)?.modified;
    let after = (-TOLERANCE, TOLERANCE);
    Some(Sign { what: Named::Frames, named, written, after, step: QUARTER, is_certain: true })
}

/// The sign of an event with movies and without frames: its start by its name, and the time of its last movie, which Motion
/// closes when nothing has moved for `gap` seconds since the end. An event that Motion may still be writing, that was cut off, or
/// whose movie was written for longer than it lasts (time-lapse) shows only that its start lies in the future.
fn movies(event: &Event, tree: &Tree, gap: i64, now: Now) -> Option<Sign> {
    let details = &event.details;
    event.id.name.secs()?;
    if details.frames != Some(0) {
        return None;
    }
    let [first, last] = [details.videos.first()?, details.videos.last()?];
    let files = [first, last].into_iter().filter_map(|movie| open(event, movie.name.as_str().to_owned(), tree));
    let file = files.max_by_key(|file| file.modified)?;
    let (start, end, written) = (details.start, details.end, file.modified);
    let length = (end - start).num_seconds();
    if start > now.local + TimeDelta::seconds(TOLERANCE) {
        let after = (-TOLERANCE, length.saturating_add(gap).saturating_add(TOLERANCE));
        return Some(Sign { what: Named::Movies, named: start, written, after, step: QUARTER, is_certain: true });
    }
    let is_whole = details.state == State::Complete && length > 0 && gap <= MAX_GAP;
    if !is_whole || written_for(&file).is_some_and(|seconds| seconds > length + gap + TOLERANCE) {
        return None;
    }
    let after = (-TOLERANCE, gap + TOLERANCE);
    Some(Sign { what: Named::Movies, named: end, written, after, step: HALF, is_certain: false })
}

fn open(event: &Event, file: String, tree: &Tree) -> Option<MediaFile> {
    tree.open_media(&MediaPath { event: event.id.clone(), in_debug: false, file }).ok()
}

/// For how many seconds a file was written, if its filesystem reports when it was made. A copy is younger than its contents.
fn written_for(file: &MediaFile) -> Option<i64> {
    let made = DateTime::from(file.file.metadata().ok()?.created().ok()?);
    Some((DateTime::from_timestamp_nanos(file.modified) - made).num_seconds()).filter(|seconds| *seconds >= 0)
}

/// By how many seconds names are ahead of the files' times, if two signs of different minutes agree on it, or if the name of
/// a certain one lies in the future.
fn difference(signs: impl Iterator<Item = Sign>, now: Now) -> Option<(Named, i64)> {
    let mut found: Vec<(Sign, i64, i64)> = Vec::new();
    for sign in signs {
        let written = DateTime::from_timestamp_nanos(sign.written);
        if written > now.utc || now.utc - written > RECENT {
            continue;
        }
        // The offset at that time: a change to summer time is not a change of the zone.
        let local = |utc: NaiveDateTime| i64::from(Local.offset_from_utc_datetime(&utc).fix().local_minus_utc());
        let changed = local(written.naive_utc()) - local(now.utc.naive_utc());
        let wall = written.naive_utc() + (now.local - now.utc.naive_utc()) + TimeDelta::seconds(changed);
        let apart = (sign.named - wall).num_seconds();
        let Some(zone) = zone(&sign, apart) else { continue };
        let is_ahead = sign.is_certain && zone > 0 && sign.named > now.local + TimeDelta::seconds(TOLERANCE);
        let agrees = found.iter().any(|(other, same, other_apart)| {
            *same == zone
                && (*other_apart - apart).abs() <= 2 * TOLERANCE
                && (other.named - sign.named).abs() >= TimeDelta::minutes(1)
        });
        if zone != 0 && (is_ahead || agrees) {
            return Some((sign.what, zone));
        }
        found.push((sign, zone, apart));
    }
    None
}

/// The zone that explains why a name is `apart` seconds ahead of its file's time; `None` if none does.
fn zone(sign: &Sign, apart: i64) -> Option<i64> {
    let (least, most) = (apart.saturating_add(sign.after.0), apart.saturating_add(sign.after.1));
    let middle = least + (most - least) / 2;
    let zone = middle.saturating_add(sign.step / 2).div_euclid(sign.step) * sign.step;
    ((least..=most).contains(&zone) && zone.abs() <= MAX_DIFFERENCE).then_some(zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    /// Frames named so many seconds ahead of when they were written, so many minutes ago.
    fn difference_of(frames: &[(i64, i64)]) -> Option<i64> {
        let now = SystemClock.now();
        let frame = |&(ahead, ago): &(i64, i64)| {
            let written = now.utc - TimeDelta::minutes(ago);
            let named = Now::at(written).local + TimeDelta::seconds(ahead);
            let (written, after) = (written.timestamp_nanos_opt().unwrap(), (-TOLERANCE, TOLERANCE));
            Sign { what: Named::Frames, named, written, after, step: QUARTER, is_certain: true }
        };
        difference(frames.iter().map(frame), now).map(|(_, seconds)| seconds)
    }

    /// Movies whose ends by name were so many seconds ahead of when they were closed, so many minutes ago; the gap is 60 s.
    fn difference_of_movies(movies: &[(i64, i64)]) -> Option<i64> {
        let now = SystemClock.now();
        let movie = |&(ahead, ago): &(i64, i64)| {
            let written = now.utc - TimeDelta::minutes(ago);
            let named = Now::at(written).local + TimeDelta::seconds(ahead);
            let (written, after) = (written.timestamp_nanos_opt().unwrap(), (-TOLERANCE, 60 + TOLERANCE));
            Sign { what: Named::Movies, named, written, after, step: HALF, is_certain: false }
        };
        difference(movies.iter().map(movie), now).map(|(_, seconds)| seconds)
    }

    #[test]
    fn movies_show_half_hours_if_two_agree() {
        assert_eq!(difference_of_movies(&[(7200 - 61, 10), (7200 - 58, 300)]), Some(7200));
        assert_eq!(difference_of_movies(&[(-19_800 - 30, 10), (-19_800, 200), (-19_800 - 60, 300)]), Some(-19_800));
        for none in [
            &[(-60, 10), (-61, 300)][..],
            &[(7200 - 60, 1)],
            &[(7200, 10), (7200 - 60, 300)],
            &[(-900, 10), (-900, 300)],
            &[(-3700, 10), (-3700, 300)],
            &[(-1200, 10), (-1500, 100), (-1100, 300)],
        ] {
            assert_eq!(difference_of_movies(none), None, "{none:?}");
        }
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
