//! The modification times of files that come back: those of the copy are not known, and the present would mean that Motion writes the
//! event. A frame has the time in its name, and all else the end of the event.

use chrono::{Local, NaiveDateTime, TimeDelta, TimeZone};
use owlery_model::event::frames::Frame;

use crate::store::CopiedEvent;
use crate::{Day, Now};

/// The times of an event's files.
pub(super) struct Times {
    day: Day,
    start: NaiveDateTime,
    end: NaiveDateTime,
    now: Now,
}

impl Times {
    pub(super) fn new(day: Day, event: &CopiedEvent, now: Now) -> Self {
        Self { day, start: event.start, end: event.end, now }
    }

    /// The time of a file, in nanoseconds since 1970.
    pub(super) fn of(&self, name: &str) -> i64 {
        Frame::parse(name.as_bytes()).map_or_else(|| self.end(), |frame| self.nanos(self.taken(frame)))
    }

    /// The end of the event.
    pub(super) fn end(&self) -> i64 {
        self.nanos(self.end)
    }

    /// When a frame was taken. Its name has no date: it is the day that brings it nearest to the event.
    fn taken(&self, frame: Frame) -> NaiveDateTime {
        let midnight = self.day.at(0);
        let within = TimeDelta::milliseconds(i64::from(frame.sub) * 1000 / 10_i64.pow(u32::from(frame.width)));
        let on = |days: i64| midnight + TimeDelta::days(days) + TimeDelta::seconds(frame.secs.into());
        let far = |time: &NaiveDateTime| (self.start - *time).max(*time - self.end).max(TimeDelta::zero());
        let nearest = [0, 1, -1, 2].map(on).into_iter().min_by_key(far);
        nearest.unwrap_or(self.end) + within
    }

    fn nanos(&self, local: NaiveDateTime) -> i64 {
        let at = Local.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |at| at.to_utc());
        at.timestamp_nanos_opt().unwrap_or(0).min(self.now.nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    /// Frames of pre-capture and of the time after midnight have the time at which they were taken.
    #[test]
    fn frames_are_as_old_as_they_say() {
        let now = Now { utc: at("2027-01-01 00:00:00").and_utc(), local: at("2027-01-01 00:00:00") };
        let times = Times {
            day: "2026-11-20".parse().unwrap(),
            start: at("2026-11-20 23:59:50"),
            end: at("2026-11-21 00:01:00"),
            now,
        };
        let taken = |name: &str| times.taken(Frame::parse(name.as_bytes()).unwrap());
        assert_eq!(taken("23-59-50-00.jpg"), at("2026-11-20 23:59:50"));
        assert_eq!(taken("00-00-07-50.jpg"), at("2026-11-21 00:00:07") + TimeDelta::milliseconds(500));
        assert_eq!(times.of("video.mp4"), times.end());
        assert!(times.of("00-00-30-00.jpg") < times.end() && times.of("23-59-50-00.jpg") < times.of("00-00-00-00.jpg"));
        let late =
            Times { now: Now { utc: at("1999-01-01 00:00:00").and_utc(), local: at("1999-01-01 00:00:00") }, ..times };
        assert_eq!(late.end(), late.now.nanos(), "nothing is from the future");
    }
}
