//! Decides whether a directory with a number for its name is an event (Motion's `%v`) or something else, such as the
//! directory of an hour (`%Y-%m-%d/%H/%M-%S.mp4`). Both can be named `08`, so the contents decide. Where they leave it
//! open, other events or Motion's configuration can prove an event. In doubt it is not one, so that no rule removes it.
//! Motion's markers prove nothing: a host with hour directories has markers of the same numbers.

use super::SAVED;
use super::day_dir::{DayDir, DayList};
use super::emptied::is_own;
use crate::error::Result;
use crate::event::frames::Frame;
use crate::event::{EventName, MovieName, Thumbnail};

/// What is known about the numbered directories of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// They can be events or hours.
    Unknown,
    /// Motion's configuration gives numbers to events.
    OfEvents,
    /// They are in a pass, so they were events when they were retired.
    Retired,
}

/// What the names in a numbered directory show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is an event.
    Event,
    /// An event or an hour: everything in it was recorded in the hour that is its name.
    Either,
    /// Nothing shows that it is an event, or something shows that it may not be.
    Unknown,
}

/// What a numbered directory is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// An event.
    Event,
    /// An event, as long as Motion's configuration gives numbers to events.
    EventIfConfigured,
    /// Something else, until something shows that it is an event.
    InDoubt,
    /// Something else.
    NoEvent,
}

impl Judged {
    fn is_event(self) -> bool {
        matches!(self, Self::Event | Self::EventIfConfigured)
    }
}

/// What there is beside Owlery's own files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Contents {
    #[default]
    Nothing,
    /// Only hidden files: a backup of a home directory may have no others.
    Hidden,
    Files,
}

/// Collects evidence from names. Each bit of a mask is an hour.
#[derive(Debug, Default)]
struct Evidence {
    /// A movie or a picture that Owlery knows by its whole name: no other layout has these.
    is_sure: bool,
    /// The hours of frames and of names with the day's date.
    hours: u32,
    /// The first numbers of `NN-NN-NN.jpg` and the like: hours, or minutes within an hour directory.
    three: u32,
    /// A name that begins with a digit and has no hour.
    others: bool,
    contents: Contents,
}

impl Evidence {
    fn take(&mut self, name: &[u8], day: &[u8]) {
        if name == SAVED.as_bytes() || is_own(name) {
            return;
        }
        if name.starts_with(b".") {
            if self.contents == Contents::Nothing {
                self.contents = Contents::Hidden;
            }
            return;
        }
        self.contents = Contents::Files;
        if is_of_event(name) {
            self.is_sure = true;
        } else if let Some(frame) = Frame::parse(name) {
            self.hours |= 1 << (frame.secs / 3600);
        } else if let Some(hour) = dated(name, day) {
            self.hours |= 1 << hour;
        } else if let Some(secs) = name.get(..8).and_then(EventName::from_bytes).and_then(EventName::secs) {
            self.three |= 1 << (secs / 3600);
        } else if name.first().is_some_and(u8::is_ascii_digit) {
            self.others = true;
        }
    }

    fn verdict(&self, number: u32, width: usize) -> Verdict {
        let own = if width == 2 && number < 24 { 1u32 << number } else { 0 };
        match self.contents {
            Contents::Nothing => return Verdict::Event, // there is nothing to lose, and Motion has just made it
            Contents::Hidden => return Verdict::Unknown,
            Contents::Files => {}
        }
        if self.is_sure || (own == 0 && self.hours != 0) {
            return Verdict::Event;
        }
        let may_be_minutes = self.three & !self.hours != 0;
        match self.hours {
            0 => Verdict::Unknown,
            _ if self.others || may_be_minutes => Verdict::Unknown,
            hours if hours == own => Verdict::Either,
            _ => Verdict::Event,
        }
    }
}

/// Whether Owlery knows a file by its whole name: `video.mp4`, `videom.mp4`, `video-2.mp4`, `video.mp4.thumb`.
fn is_of_event(name: &[u8]) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_usual = |movie: &MovieName| {
        let rest = movie.stem().strip_prefix("video");
        rest.is_some_and(|rest| matches!(rest, "" | "m") || rest.strip_prefix('-').is_some_and(is_number))
    };
    matches!(name, b"thumbnail.jpg" | b"debug")
        || MovieName::parse(name).is_some_and(|movie| is_usual(&movie))
        || matches!(Thumbnail::of(name), Some(Thumbnail::OfMovie(movie)) if is_usual(&movie))
}

/// The hour of a name that has the day's date and a time, with any separators; `day` is the date in digits.
fn dated(name: &[u8], day: &[u8]) -> Option<u32> {
    let digits: Vec<u8> = name.iter().copied().filter(u8::is_ascii_digit).collect();
    let at = digits.windows(day.len()).position(|window| window == day)? + day.len();
    let [h0, h1, m0, _, s0, _] = *digits.get(at..at + 6)? else { return None };
    let hour = u32::from(h0 - b'0') * 10 + u32::from(h1 - b'0');
    (hour < 24 && m0 < b'6' && s0 < b'6').then_some(hour)
}

impl DayDir {
    /// Whether the directory of that name is an event. Free for a name that is a time; else it costs a listing. A
    /// number that could also be the hour of its contents is an event if the numbers before or after it lead to one that
    /// certainly is one, since Motion counts without gaps, or if Motion's configuration says so and all other numbers of the day are
    /// events: the configuration may be newer than the day.
    pub fn is_event(&self, name: EventName) -> Result<bool> {
        self.judge(name).map(Judged::is_event)
    }

    /// Whether the contents of a numbered directory can be an event's or an hour's.
    pub(super) fn is_in_doubt(&self, name: EventName) -> Result<bool> {
        Ok(self.verdict(name)? == Verdict::Either)
    }

    fn judge(&self, name: EventName) -> Result<Judged> {
        Ok(match self.verdict(name)? {
            Verdict::Event => Judged::Event,
            Verdict::Unknown => Judged::NoEvent,
            Verdict::Either if self.numbers == Numbers::Retired => Judged::Event,
            Verdict::Either if self.is_beside_a_sure_one(name) => Judged::Event,
            Verdict::Either if self.numbers == Numbers::OfEvents && self.is_only_doubt(name) => {
                Judged::EventIfConfigured
            }
            Verdict::Either => Judged::InDoubt,
        })
    }

    /// Whether every other number of this day is an event. Several doubts are hours rather than events that all happened
    /// in the hour of their number, and a number that cannot be read may be an hour.
    fn is_only_doubt(&self, name: EventName) -> bool {
        let Ok(names) = self.dir.names() else { return false };
        let mut others = names.iter().filter_map(|other| EventName::from_bytes(other)).filter(|other| *other != name);
        others.all(|other| matches!(self.verdict(other), Ok(Verdict::Event)))
    }

    /// Whether the numbers before it, or those after it, lead without a gap to one that is certainly an event: Motion counts
    /// without gaps.
    fn is_beside_a_sure_one(&self, name: EventName) -> bool {
        [-1, 1].into_iter().any(|step| {
            let others = std::iter::successors(neighbour(name, step), |name| neighbour(*name, step));
            others.map(|name| self.beside(name)).find(|beside| *beside != Beside::Doubt) == Some(Beside::Event)
        })
    }

    /// What a number shows about the next one.
    fn beside(&self, name: EventName) -> Beside {
        let EventName::Number { number, .. } = name else { return Beside::Nothing };
        match self.evidence(name) {
            Ok(evidence) if evidence.contents != Contents::Files => Beside::Nothing, // Motion did not record it
            Ok(evidence) => match evidence.verdict(number, name.text().len()) {
                Verdict::Event => Beside::Event,
                Verdict::Either => Beside::Doubt,
                Verdict::Unknown => Beside::Nothing,
            },
            Err(_) => Beside::Nothing,
        }
    }

    fn verdict(&self, name: EventName) -> Result<Verdict> {
        let EventName::Number { number, .. } = name else { return Ok(Verdict::Event) };
        Ok(self.evidence(name)?.verdict(number, name.text().len()))
    }

    fn evidence(&self, name: EventName) -> Result<Evidence> {
        let dir = self.dir.open_dir(name.text().as_bytes())?;
        let date: Vec<u8> = self.day.to_string().into_bytes().into_iter().filter(u8::is_ascii_digit).collect();
        let mut evidence = Evidence::default();
        dir.list(|name, _| evidence.take(name, &date))?;
        Ok(evidence)
    }

    /// Moves numbered directories that are not events to the foreign entries. One that cannot be read stays an event,
    /// so that reading it reports the error.
    pub(super) fn set_aside_no_events(&self, list: &mut DayList) {
        let mut doubts = 0;
        list.events.retain(|name| {
            if name.secs().is_some() {
                return true;
            }
            let judged = self.judge(*name).unwrap_or(Judged::Event);
            doubts += u32::from(matches!(judged, Judged::EventIfConfigured | Judged::InDoubt));
            if !judged.is_event() {
                list.foreign.push(name.to_string());
            }
            judged.is_event()
        });
        list.is_provisional = doubts == 1;
    }
}

/// What a number shows about the number beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// It is certainly an event.
    Event,
    /// It is an event or an hour as well.
    Doubt,
    /// There is no such directory, or it shows nothing.
    Nothing,
}

/// The number that is so many steps after this one.
fn neighbour(name: EventName, step: i32) -> Option<EventName> {
    match name {
        EventName::Number { number, width } => EventName::of_number(number.checked_add_signed(step)?, width),
        EventName::Time(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(number: u32, width: usize, names: &[&str]) -> Verdict {
        let mut evidence = Evidence::default();
        for name in names {
            evidence.take(name.as_bytes(), b"20260929");
        }
        evidence.verdict(number, width)
    }

    #[test]
    fn names_tell_events_from_hours() {
        use Verdict::{Either, Event, Unknown};
        let cases: [(u32, usize, &[&str], Verdict); 22] = [
            (1, 2, &[], Event),
            (1, 2, &[".saved"], Event),
            (1, 2, &[".details.json", ".details.json.x1.tmp"], Event),
            (1, 2, &[".bashrc"], Unknown),
            (100, 3, &[".config", ".saved"], Unknown),
            (1, 2, &["10-04-36-00.jpg", "10-04-37-00.jpg"], Event),
            (8, 2, &["video.mp4"], Event),
            (8, 2, &["thumbnail.jpg"], Event),
            (8, 2, &["08-59-59-00.jpg", "09-00-00-00.jpg", "notes.txt"], Event),
            (10, 2, &["10-04-36-00.jpg"], Either),
            (10, 2, &["10-04-36-00.jpg", "10-04-36.mp4"], Either),
            (8, 2, &["15-30.mp4", "15-30-00.jpg"], Unknown),
            (8, 2, &["15-30-00.jpg"], Unknown),
            (8, 2, &["15-30-00-01.jpg", "45-30-00-01.jpg"], Unknown),
            (8, 2, &["15", "30"], Unknown),
            (45, 2, &["15-30.mp4"], Unknown),
            (100, 3, &["notes.txt"], Unknown),
            (45, 2, &["10-04-36-00.jpg"], Event),
            (8, 2, &["2026-09-29_08-15-30.mp4"], Either),
            (8, 2, &["01-20260929101530-00.jpg"], Event),
            (8, 3, &["08-15-30-00.jpg"], Event),
            (8, 2, &["01-20260929081530.mp4", "02-20260929085530.mp4"], Either),
        ];
        for (number, width, names, expected) in cases {
            assert_eq!(verdict(number, width, names), expected, "{number} {names:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_names_panic(names in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..24), 0..8), number in 0u32..200) {
            let mut evidence = Evidence::default();
            for name in &names {
                evidence.take(name, b"20260929");
            }
            let _ = evidence.verdict(number, 2);
        }
    }
}
