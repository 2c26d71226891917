//! Frames by their names, `HH-MM-SS-FF.jpg` (or `.webp`, `.ppm`), and the duration of an event by its frames.
//!
//! A name has only the time of day. Past midnight, and in the hour that the end of daylight saving repeats, later
//! frames have earlier names; [`Span::of`] sorts them in the order in which they were taken.

use std::fmt;

use chrono::NaiveDateTime;

use super::parse::digits;
use super::text::Text;
use super::{Day, EventName};

/// A frame's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame {
    /// Seconds since midnight.
    pub secs: u32,
    /// The frame within its second (Motion's `%q`).
    pub sub: u16,
    /// The number of digits of `sub`: two, or more at a hundred frames a second and over.
    pub width: u8,
    /// What it shows.
    pub shows: Shows,
    /// The format of the file.
    pub format: Format,
}

/// What a frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shows {
    /// The camera's picture.
    Camera,
    /// What moved (`…m.jpg`, of `picture_output_motion on`): a debug frame.
    Motion,
    /// Only the part in which something moved (`…r.jpg`, of `picture_output_motion roi`): a debug frame too.
    Region,
}

/// The format of a frame's file, as Motion's `picture_type` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `.jpg`
    Jpg,
    /// `.webp`
    Webp,
    /// `.ppm`, which browsers do not show.
    Ppm,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jpg, Self::Webp, Self::Ppm];

    /// The extension of the file's name, with its dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jpg => ".jpg",
            Self::Webp => ".webp",
            Self::Ppm => ".ppm",
        }
    }
}

impl Frame {
    /// Parses a file's name; `None` if it is not a frame.
    pub fn parse(name: &[u8]) -> Option<Self> {
        let of = |format: Format| Some((name.strip_suffix(format.ending().as_bytes())?, format));
        let (stem, format) = Format::ALL.into_iter().find_map(of)?;
        let (stem, shows) = match stem.split_last() {
            Some((b'm', stem)) => (stem, Shows::Motion),
            Some((b'r', stem)) => (stem, Shows::Region),
            _ => (stem, Shows::Camera),
        };
        let (time, sub) = stem.split_at_checked(9)?;
        let secs = EventName::from_bytes(time.strip_suffix(b"-")?)?.secs()?;
        if !(2..=4).contains(&sub.len()) {
            return None;
        }
        let number = u16::try_from(digits(sub)?).ok()?;
        Some(Self { secs, sub: number, width: u8::try_from(sub.len()).ok()?, shows, format })
    }
}

impl Frame {
    /// Its file's name.
    pub fn file_name(self) -> Text {
        let mut name = EventName::Time(self.secs).text();
        name.push(b'-');
        name.push_padded(self.sub.into(), self.width);
        match self.shows {
            Shows::Camera => {}
            Shows::Motion => name.push(b'm'),
            Shows::Region => name.push(b'r'),
        }
        self.format.ending().bytes().for_each(|byte| name.push(byte));
        name
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_name())
    }
}

/// How far before its directory's name a frame may be taken by pre-capture alone.
const PRE_CAPTURE: i64 = 60;

/// The meaning of a frame's name that is well before the directory's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Early {
    /// It was taken after midnight, or after the clock was set back: the default, unless file times show otherwise.
    Wrapped,
    /// It was taken before: its file is older than the others.
    Before,
}

/// Whether some frame has such an early name that only file times can show its meaning.
pub fn has_early(name: EventName, frames: &[Frame]) -> bool {
    frames.iter().any(|frame| is_early(name, *frame))
}

/// Whether the frame's name is well before the directory's.
pub fn is_early(name: EventName, frame: Frame) -> bool {
    is_before(name, frame.secs)
}

/// Whether a time of day is well before the one in the directory's name.
pub(super) fn is_before(name: EventName, secs: u32) -> bool {
    name.secs().is_some_and(|dir| i64::from(secs) < i64::from(dir) - PRE_CAPTURE)
}

/// The duration of an event, and its frame at a quarter of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When the first frame was taken.
    pub start: NaiveDateTime,
    /// When the last frame was taken, counted from the start.
    pub end: NaiveDateTime,
    /// The frame a quarter of the way, which usually shows what the event is about.
    pub quarter: Option<Frame>,
}

impl Span {
    /// The span of an event by its camera frames (without debug frames), which are sorted in the order in which they
    /// were taken.
    ///
    /// Without frames it is the moment of the directory's name; a raw number has only the day, so it is midnight.
    pub fn of(day: Day, name: EventName, frames: &mut [Frame], early: Early) -> Self {
        let dir = i64::from(name.secs().unwrap_or(0));
        frames.sort_unstable_by_key(|frame| (moment(name, *frame, early), frame.sub));
        // A single frame is the one that Motion chose (`picture_output best`), not the first.
        let is_picked = frames.len() == 1 && name.secs().is_some();
        let at = |frame: Option<&Frame>| day.at(frame.map_or(dir, |frame| moment(name, *frame, early)));
        let first = at(frames.first());
        let start = if is_picked { first.min(day.at(dir)) } else { first };
        Self { start, end: at(frames.last()), quarter: frames.get(frames.len() / 4).copied() }
    }
}

/// Seconds from the midnight that begins the directory's day to the frame.
fn moment(name: EventName, frame: Frame, early: Early) -> i64 {
    const HOUR: i64 = 3600;
    const DAY: i64 = 86_400;
    let secs = i64::from(frame.secs);
    let Some(dir) = name.secs().map(i64::from) else { return secs };
    if early == Early::Before || !is_early(name, frame) {
        // A pre-capture frame of an event that begins just after midnight is named by the evening before.
        return if secs - dir > DAY - PRE_CAPTURE { secs - DAY } else { secs };
    }
    let after_fall_back = secs + HOUR;
    let next_day = secs + DAY;
    let is_after = after_fall_back >= dir - PRE_CAPTURE;
    if is_after && (after_fall_back - dir).abs() < (next_day - dir).abs() { after_fall_back } else { next_day }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(names: &[&str]) -> Vec<Frame> {
        names.iter().map(|name| Frame::parse(name.as_bytes()).unwrap()).collect()
    }

    fn span(dir: &str, names: &[&str]) -> (String, String) {
        let id: super::super::EventId = format!("Camera1/{dir}").parse().unwrap();
        let span = Span::of(id.day, id.name, &mut frames(names), Early::Wrapped);
        (span.start.to_string(), span.end.to_string())
    }

    fn both(start: &str, end: &str) -> (String, String) {
        (start.to_owned(), end.to_owned())
    }

    #[test]
    fn pre_capture_frames_are_older_than_the_name() {
        let got = span("2026-11-21/05-44-52", &["05-44-53-00.jpg", "05-44-51-04.jpg", "05-45-00-00.jpg"]);
        assert_eq!(got, both("2026-11-21 05:44:51", "2026-11-21 05:45:00"));
    }

    #[test]
    fn midnight_leads_into_the_next_day() {
        let got = span("2026-12-31/23-59-54", &["00-00-00-00.jpg", "23-59-53-03.jpg", "00-00-03-00.jpg"]);
        assert_eq!(got, both("2026-12-31 23:59:53", "2027-01-01 00:00:03"));
    }

    #[test]
    fn pre_capture_before_midnight_stays_before_it() {
        let got = span("2027-01-01/00-00-01", &["23-59-59-03.jpg", "00-00-04-00.jpg"]);
        assert_eq!(got, both("2026-12-31 23:59:59", "2027-01-01 00:00:04"));
    }

    #[test]
    fn a_fall_back_adds_what_elapsed() {
        let got = span("2026-10-25/02-59-56", &["02-59-57-00.jpg", "02-00-00-00.jpg", "02-00-04-00.jpg"]);
        assert_eq!(got, both("2026-10-25 02:59:57", "2026-10-25 03:00:04"));
    }

    #[test]
    fn file_times_can_order_early_frames() {
        let id: super::super::EventId = "Camera1/2026-11-20/10-10-00".parse().unwrap();
        let mut list = frames(&["10-07-00-00.jpg", "10-10-05-00.jpg"]);
        assert!(has_early(id.name, &list));
        let span = Span::of(id.day, id.name, &mut list, Early::Before);
        assert_eq!((span.start.to_string(), span.end.to_string()), both("2026-11-20 10:07:00", "2026-11-20 10:10:05"));
    }

    #[test]
    fn without_frames_the_name_tells_the_time() {
        assert_eq!(span("2026-11-20/10-04-36", &[]), both("2026-11-20 10:04:36", "2026-11-20 10:04:36"));
        assert_eq!(span("2026-11-20/01", &[]), both("2026-11-20 00:00:00", "2026-11-20 00:00:00"));
    }

    /// `picture_output best` keeps one frame, from anywhere in the event.
    #[test]
    fn a_single_late_frame_is_not_the_start() {
        let got = span("2026-11-20/10-04-36", &["10-04-50-02.jpg"]);
        assert_eq!(got, both("2026-11-20 10:04:36", "2026-11-20 10:04:50"));
        let got = span("2026-11-20/10-04-36", &["10-04-35-02.jpg"]);
        assert_eq!(got, both("2026-11-20 10:04:35", "2026-11-20 10:04:35"));
    }

    #[test]
    fn the_quarter_frame_follows_the_order_of_time() {
        let id: super::super::EventId = "Camera1/2026-12-31/23-59-58".parse().unwrap();
        let mut list = frames(&["00-00-00-00.jpg", "00-00-01-00.jpg", "23-59-58-00.jpg", "23-59-59-00.jpg"]);
        let quarter = Span::of(id.day, id.name, &mut list, Early::Wrapped).quarter.unwrap();
        assert_eq!(quarter.to_string(), "23-59-59-00.jpg");
    }

    #[test]
    fn names_that_are_no_frames() {
        for bad in [
            "10-04-36.jpg",
            "10-04-36-1.jpg",
            "10-04-36-01.png",
            "10-04-36-01mm.jpg",
            "10-04-36-01rm.jpg",
            "10-04-36-01.jpeg",
            "10-04-36-01.jpg.thumb",
            "thumbnail.jpg",
            ".jpg",
            "24-00-00-00.jpg",
            "01-20261121054454-snapshot.jpg",
            "lastsnap.jpg",
            "10-04-36-99999.jpg",
        ] {
            assert_eq!(Frame::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn names_go_round(
            secs in 0u32..86_400,
            sub in 0u16..9999,
            shows in prop::sample::select(&[Shows::Camera, Shows::Motion, Shows::Region][..]),
            format in prop::sample::select(&Format::ALL[..]),
        ) {
            let width = if sub > 999 { 4 } else if sub > 99 { 3 } else { 2 };
            let frame = Frame { secs, sub, width, shows, format };
            prop_assert_eq!(Frame::parse(frame.to_string().as_bytes()), Some(frame));
        }

        #[test]
        fn no_bytes_panic(name in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = Frame::parse(&name);
        }

        #[test]
        fn the_end_is_never_before_the_start(
            dir in proptest::option::of(0u32..86_400),
            secs in proptest::collection::vec(0u32..86_400, 0..20),
            before: bool,
        ) {
            let mut frames: Vec<Frame> =
                secs.iter().map(|secs| Frame { secs: *secs, sub: 0, width: 2, shows: Shows::Camera, format: Format::Jpg }).collect();
            let name = dir.map_or(EventName::Number { number: 1, width: 2 }, EventName::Time);
            let early = if before { Early::Before } else { Early::Wrapped };
            let span = Span::of("2026-11-20".parse().unwrap(), name, &mut frames, early);
            prop_assert!(span.start <= span.end);
            prop_assert_eq!(span.quarter.is_some(), !frames.is_empty());
        }
    }
}
