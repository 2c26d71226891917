//! Converts an event to a row of numbers and back. A row that cannot be converted back is damage, not an event.

use chrono::DateTime;
use rusqlite::Row;
use rusqlite::types::Type;

use super::cameras::Cameras;
use super::movies::{self, Cell};
use crate::event::{Day, Details, Event, EventId, EventName, MotionMask, State};

/// The columns of an event without its key, in the order of [`bind`] and [`Columns::read`].
pub(super) const COLUMNS: &str =
    "start, length, state, saved, frames, bytes, peak, motion, video, debug_video, thumbnail, problems";

/// How many parameters [`bind`] takes: the name and the columns.
pub(super) const WIDTH: usize = 13;

/// Raw numbers come after the times of a day, each multiplied by [`WIDTHS`] plus the number of digits in its
/// directory's name.
pub(super) const NUMBERS: i64 = 100_000;

/// Larger than the number of digits.
pub(super) const WIDTHS: i64 = 16;

pub(super) fn name_to_sql(name: EventName) -> i64 {
    match name {
        EventName::Time(secs) => i64::from(secs),
        EventName::Number { number, width } => NUMBERS + i64::from(number) * WIDTHS + i64::from(width),
    }
}

pub(super) fn name_from_sql(value: i64) -> Option<EventName> {
    if value < NUMBERS {
        u32::try_from(value).ok().filter(|secs| *secs < 86_400).map(EventName::Time)
    } else {
        let (number, width) = ((value - NUMBERS) / WIDTHS, (value - NUMBERS) % WIDTHS);
        EventName::of_number(u32::try_from(number).ok()?, u8::try_from(width).ok()?)
    }
}

/// The moment of a directory's name, in seconds since 1970. A raw number gives only its day, and counts as its end,
/// since numbers come after times. It never decreases while names increase.
pub(super) fn moment(day: i64, name: i64) -> i64 {
    day.saturating_mul(86_400).saturating_add(name.min(86_399))
}

/// The day and the first and last names that have a moment.
pub(super) fn names_of_moment(moment: i64) -> (i64, (i64, i64)) {
    let (day, secs) = (moment.div_euclid(86_400), moment.rem_euclid(86_400));
    (day, (secs, if secs == 86_399 { i64::MAX } else { secs }))
}

/// The columns of an event without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub start: i64,
    pub length: i64,
    pub state: i64,
    pub saved: bool,
    pub frames: Option<u32>,
    pub bytes: Option<i64>,
    pub peak: Option<u32>,
    /// The bits of the motion mask.
    pub motion: Option<i64>,
    pub video: Option<Cell>,
    pub debug_video: Option<Cell>,
    pub thumbnail: Option<i64>,
    pub problems: Option<String>,
}

pub(super) const OPEN: i64 = State::Open.code();

impl Columns {
    pub(crate) fn of(details: &Details) -> Self {
        let start = details.start.and_utc().timestamp();
        Self {
            start,
            length: details.end.and_utc().timestamp() - start,
            state: details.state.code(),
            saved: details.saved,
            frames: details.frames,
            bytes: details.bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            peak: details.peak_change,
            motion: details.motion_mask.map(|mask| mask.bits().cast_signed()),
            video: movies::of_videos(&details.videos),
            debug_video: details.debug_video.as_ref().map(movies::of_debug),
            thumbnail: details
                .thumbnail
                .as_ref()
                .and_then(|thumbnail| movies::of_thumbnail(thumbnail, &details.videos)),
            problems: (!details.problems.is_empty())
                .then(|| serde_json::to_string(&details.problems).expect("a list of texts is JSON")),
        }
    }

    /// Reads the columns that begin at `at`.
    pub(crate) fn read(row: &Row<'_>, at: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            start: row.get(at)?,
            length: row.get(at + 1)?,
            state: row.get(at + 2)?,
            saved: row.get(at + 3)?,
            frames: row.get(at + 4)?,
            bytes: row.get(at + 5)?,
            peak: row.get(at + 6)?,
            motion: row.get(at + 7)?,
            video: row.get(at + 8)?,
            debug_video: row.get(at + 9)?,
            thumbnail: row.get(at + 10)?,
            problems: row.get(at + 11)?,
        })
    }

    /// Keeps measured values that a read of names only does not have.
    pub(crate) fn keep_measured(&mut self, before: &Self) {
        self.peak = self.peak.or(before.peak);
        self.motion = self.motion.or(before.motion);
        // Names do not show how long a movie is.
        if self.bytes.is_none() && self.start == before.start && self.frames.is_none_or(|frames| frames <= 1) {
            self.length = self.length.max(before.length);
        }
        if self.bytes.is_none() && movies::are_same(self.video.as_ref(), before.video.as_ref()) {
            self.video.clone_from(&before.video);
        }
        if self.bytes.is_none() && before.bytes.is_some() {
            self.bytes = before.bytes;
            self.frames = self.frames.or(before.frames);
            self.state = before.state;
            self.problems.clone_from(&before.problems);
        }
    }

    pub(crate) fn details(&self) -> Option<Details> {
        let time = |secs: i64| DateTime::from_timestamp(secs, 0).map(|time| time.naive_utc());
        let videos = self.video.as_ref().map(movies::videos).unwrap_or_default();
        Some(Details {
            start: time(self.start)?,
            end: time(self.start.checked_add(self.length)?)?,
            state: State::of_code(self.state)?,
            saved: self.saved,
            frames: self.frames,
            bytes: self.bytes.and_then(|bytes| u64::try_from(bytes).ok()),
            debug_video: self.debug_video.as_ref().and_then(movies::debug),
            thumbnail: self.thumbnail.and_then(|code| movies::thumbnail(code, &videos)),
            videos,
            peak_change: self.peak,
            motion_mask: self.motion.and_then(|bits| MotionMask::of_bits(bits.cast_unsigned())),
            problems: self
                .problems
                .as_ref()
                .map(|text| serde_json::from_str(text).unwrap_or_default())
                .unwrap_or_default(),
        })
    }
}

/// Reads a whole event from `camera, day, name` and [`COLUMNS`].
pub(super) fn read_event(row: &Row<'_>, cameras: &Cameras) -> rusqlite::Result<Event> {
    let damaged =
        |at: usize, what: &str| rusqlite::Error::FromSqlConversionFailure(at, Type::Integer, what.to_owned().into());
    let camera = cameras.of_id(row.get(0)?).ok_or_else(|| damaged(0, "no camera"))?.camera.clone();
    let day = Day::from_number(row.get(1)?).ok_or_else(|| damaged(1, "no day"))?;
    let name = name_from_sql(row.get(2)?).ok_or_else(|| damaged(2, "no event's name"))?;
    let details = Columns::read(row, 3)?.details().ok_or_else(|| damaged(3, "no details"))?;
    Ok(Event { id: EventId { camera, day, name }, details })
}

/// Binds an event's name and columns to the [`WIDTH`] parameters that begin at `first`.
pub(super) fn bind(
    statement: &mut rusqlite::Statement<'_>,
    first: usize,
    name: i64,
    c: &Columns,
) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(first, name)?;
    statement.raw_bind_parameter(first + 1, c.start)?;
    statement.raw_bind_parameter(first + 2, c.length)?;
    statement.raw_bind_parameter(first + 3, c.state)?;
    statement.raw_bind_parameter(first + 4, c.saved)?;
    statement.raw_bind_parameter(first + 5, c.frames)?;
    statement.raw_bind_parameter(first + 6, c.bytes)?;
    statement.raw_bind_parameter(first + 7, c.peak)?;
    statement.raw_bind_parameter(first + 8, c.motion)?;
    statement.raw_bind_parameter(first + 9, c.video.as_ref())?;
    statement.raw_bind_parameter(first + 10, c.debug_video.as_ref())?;
    statement.raw_bind_parameter(first + 11, c.thumbnail)?;
    statement.raw_bind_parameter(first + 12, c.problems.as_deref())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::movies::tests::any_media;
    use super::*;

    fn any_details() -> impl Strategy<Value = Details> {
        let state = prop::sample::select(&[State::Open, State::Complete, State::Interrupted][..]);
        (
            (0i64..4_000_000_000, 0i64..200_000, state, any::<bool>()),
            (
                prop::option::of(any::<u32>()),
                prop::option::of(0u64..i64::MAX as u64),
                prop::option::of(any::<u32>()),
                any::<u64>().prop_map(MotionMask::of_bits),
            ),
            any_media(),
            prop::collection::vec(".{0,20}", 0..3),
        )
            .prop_map(
                |(
                    (start, length, state, saved),
                    (frames, bytes, peak_change, motion_mask),
                    (videos, debug_video, thumbnail),
                    problems,
                )| {
                    let time = |secs| DateTime::from_timestamp(secs, 0).unwrap().naive_utc();
                    let (start, end) = (time(start), time(start + length));
                    Details {
                        start,
                        end,
                        state,
                        saved,
                        frames,
                        bytes,
                        videos,
                        debug_video,
                        thumbnail,
                        peak_change,
                        motion_mask,
                        problems,
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn details_round_trip(details in any_details()) {
            prop_assert_eq!(Columns::of(&details).details(), Some(details));
        }

        #[test]
        fn names_round_trip_in_order(a in 0u32..86_400, b in 1u32..1_000_000, width in 6u8..10) {
            let (time, number) = (EventName::Time(a), EventName::Number { number: b, width });
            for name in [time, number] {
                prop_assert_eq!(name_from_sql(name_to_sql(name)), Some(name));
            }
            prop_assert!(name_to_sql(time) < name_to_sql(number));
        }
    }
}
