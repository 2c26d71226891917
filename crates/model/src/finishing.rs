//! Plans how the directory of an event number (Motion's `%v`) is finished: which of its files belong to one event, in which order
//! its frames were taken, what the event is called, and when each frame is shown in its movie. Pure functions of names and
//! times; the archive moves files, and the service makes movies.

use std::time::Duration;

use crate::event::EventName;
use crate::event::frames::{Frame, Shows};

/// An event that is longer becomes a timelapse.
pub const LONGEST: Duration = Duration::from_mins(5);
/// How long a timelapse is.
pub const TIMELAPSE: Duration = Duration::from_mins(1);
/// How many frames a timelapse shows in a second.
const TIMELAPSE_RATE: u32 = 25;

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// How exact the time of a frame is: Motion writes the frames of a second when it is over, and a disk may be slow.
const TOLERANCE: i64 = 2 * SECOND;

/// A file in an event's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name below the directory; with `debug/` before it for a file of that subdirectory.
    pub name: Vec<u8>,
    /// Its modification time in nanoseconds since 1970.
    pub mtime: i64,
}

/// A frame, and when it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shot {
    /// Its name.
    pub frame: Frame,
    /// Milliseconds since the midnight that begins the directory's day, by elapsed time: more than a day after midnight.
    pub at: i64,
    /// Its file's modification time in nanoseconds since 1970.
    pub mtime: i64,
}

/// What belongs to one event: all of a directory, unless Motion began its numbers anew and wrote a second event into it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The camera's frames and the debug frames, in the order in which they were taken.
    pub shots: Vec<Shot>,
    /// The names of its files, frames included, in the order in which they may be moved to a directory of their own: the camera's
    /// first frame comes last, so that what is left behind by an interruption is still recognised as the same event.
    pub files: Vec<Vec<u8>>,
}

impl Part {
    /// The name of its directory by the time of its first frame; of its first debug frame, if it has no other.
    pub fn name(&self) -> Option<EventName> {
        let first = self.frames(Shows::Camera).next().or(self.shots.first())?;
        Some(EventName::Time(first.frame.secs))
    }

    /// The frames of this kind, in the order in which they were taken.
    pub fn frames(&self, shows: Shows) -> impl Iterator<Item = &Shot> {
        self.shots.iter().filter(move |shot| shot.frame.shows == shows)
    }

    /// The debug frames that were taken during the event, or at most `gap` before or after it; all, if it has no other frames.
    pub fn debug_frames(&self, gap: Duration) -> impl Iterator<Item = &Shot> {
        let gap = i64::try_from(gap.as_millis()).unwrap_or(i64::MAX);
        let times = || self.frames(Shows::Camera).map(|shot| shot.at);
        let first = times().min().map_or(i64::MIN, |at| at.saturating_sub(gap));
        let last = times().max().map_or(i64::MAX, |at| at.saturating_add(gap));
        self.frames(Shows::Motion).filter(move |shot| (first..=last).contains(&shot.at))
    }

    /// When its last frame was written, in nanoseconds since 1970; `None` without frames.
    pub fn ended(&self) -> Option<i64> {
        let of_camera = self.frames(Shows::Camera).map(|shot| shot.mtime).max();
        of_camera.or_else(|| self.shots.iter().map(|shot| shot.mtime).max())
    }
}

/// How far apart two frames of one event are at most. Motion ends an event when `event_gap` has passed without movement, by a clock of
/// whole seconds.
pub fn longest_silence(event_gap: Duration) -> Duration {
    event_gap.saturating_add(Duration::from_secs(1))
}

/// Distributes the files of a directory to the events that they belong to, in the order of time. Two frames further apart than
/// `gap` ([`longest_silence`]) belong to two events. Other files belong to the event that was the last to begin before they were written; hidden files
/// to none. A directory without frames has no parts.
pub fn parts(files: &[File], gap: Duration) -> Vec<Part> {
    let gap = i64::try_from(gap.as_millis()).unwrap_or(i64::MAX);
    let (mut parts, mut begins, mut before) = (Vec::<Part>::new(), Vec::<i64>::new(), i64::MIN);
    for (shot, file) in shots(files) {
        let is_far = shot.at.saturating_sub(before) > gap;
        before = shot.at;
        // Motion writes a lone debug frame under the number of the next event: it begins no event of its own.
        let has_frames = parts.last().is_some_and(|part| part.frames(Shows::Camera).next().is_some());
        if parts.is_empty() || (is_far && has_frames) {
            parts.push(Part::default());
            begins.push(shot.mtime);
        }
        let at = parts.len() - 1;
        begins[at] = begins[at].min(shot.mtime);
        parts[at].shots.push(shot);
        parts[at].files.push(file.name.clone());
    }
    join_last_debug_frames(&mut parts);
    for part in &mut parts {
        part.files.reverse();
        let is_of_camera = |name: &Vec<u8>| frame_of(name).is_some_and(|frame| frame.shows == Shows::Camera);
        part.files.sort_by_key(is_of_camera); // keeps the order among them
    }
    if parts.is_empty() {
        return parts;
    }
    for file in files.iter().filter(|file| frame_of(&file.name).is_none() && !file.name.starts_with(b".")) {
        let owner = begins[..parts.len()].iter().rposition(|begin| *begin <= file.mtime).unwrap_or(0);
        parts[owner].files.insert(0, file.name.clone());
    }
    parts
}

/// Debug frames after the last event belong to it, if Motion has not begun the next one.
fn join_last_debug_frames(parts: &mut Vec<Part>) {
    if parts.len() > 1
        && let Some(last) = parts.pop_if(|last| last.frames(Shows::Camera).next().is_none())
        && let Some(before) = parts.last_mut()
    {
        before.shots.extend(last.shots);
        before.files.extend(last.files);
    }
}

/// A frame in the directory itself, or a debug frame that is in `debug/` already.
fn frame_of(name: &[u8]) -> Option<Frame> {
    match name.strip_prefix(b"debug/") {
        Some(name) => Frame::parse(name).filter(|frame| frame.shows != Shows::Camera),
        None => Frame::parse(name),
    }
}

/// The frames among these files in the order in which they were taken.
fn shots(files: &[File]) -> Vec<(Shot, &File)> {
    let frames = || files.iter().filter_map(|file| Some((frame_of(&file.name)?, file)));
    let in_a_second = frames().map(|(frame, _)| i64::from(frame.sub)).max().unwrap_or(0) + 1;
    let named = |frame: &Frame| i64::from(frame.secs) * SECOND + i64::from(frame.sub) * SECOND / in_a_second;
    let shot = |(frame, file): (Frame, &File)| Shot { at: named(&frame), frame, mtime: file.mtime };
    let mut shots: Vec<_> = frames().map(|(frame, file)| (shot((frame, file)), file)).collect();
    shots.sort_by_key(|(shot, _)| (shot.mtime, shot.at));
    give_days(&mut shots);
    count_elapsed(&mut shots);
    shots.sort_by_key(|(shot, _)| (shot.at, shot.frame));
    shots
}

/// A name has only the time of day: gives each frame the day that is nearest to what its file's time says. Where copying lost
/// these times, that is the day on which the frames are close together.
fn give_days(shots: &mut [(Shot, &File)]) {
    let Some(first) = shots.first().map(|(shot, _)| *shot) else { return };
    for (shot, _) in shots.iter_mut() {
        let elapsed = shot.mtime.saturating_sub(first.mtime) / 1_000_000;
        let off = first.at.saturating_add(elapsed).saturating_sub(shot.at);
        let days = off.saturating_add(DAY / 2).div_euclid(DAY);
        if (-1..=1).contains(&days) {
            shot.at += days * DAY; // anything else is no event, but a copy that kept only some times
        }
    }
    // Motion names the directory by the day of the first frame.
    let earliest = shots.iter().map(|(shot, _)| shot.at).min().unwrap_or(0);
    for (shot, _) in shots.iter_mut() {
        shot.at -= earliest.div_euclid(DAY) * DAY;
    }
}

/// At the end of daylight saving time an hour of names is repeated, at its beginning one is left out. If that explains the order and
/// the times in which the files were written, the frames after it are an hour later or earlier than their names.
fn count_elapsed(shots: &mut [(Shot, &File)]) {
    let (mut counted, mut before, mut shift) = (Vec::with_capacity(shots.len()), None, 0);
    for (shot, _) in shots.iter() {
        let mut at = shot.at + shift;
        if let Some((at_before, mtime_before)) = before {
            let step: i64 = at - at_before;
            let elapsed = shot.mtime.saturating_sub(mtime_before) / 1_000_000;
            let is_hour = |step: i64| (HOUR / 2..HOUR + HOUR / 2).contains(&step);
            if shift == 0 && is_hour(-step) {
                (shift, at) = (HOUR, at + HOUR);
            } else if shift == 0 && is_hour(step) && elapsed < HOUR / 4 {
                (shift, at) = (-HOUR, at - HOUR);
            }
            if at_before - at > TOLERANCE {
                return; // the order of the files means nothing
            }
            at = at.max(at_before);
        }
        before = Some((at, shot.mtime));
        counted.push(at);
    }
    let (Some(first), Some(last)) = (shots.first(), shots.last()) else { return };
    let span = counted.last().zip(counted.first()).map_or(0, |(last, first)| last - first);
    let written = last.0.mtime.saturating_sub(first.0.mtime) / 1_000_000;
    if shift < 0 && written < span / 2 {
        return; // a copy that kept no times
    }
    if shift != 0 {
        for ((shot, _), at) in shots.iter_mut().zip(counted) {
            shot.at = at;
        }
    }
}

/// When each frame is shown in a movie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Showing {
    /// The frames, each with its time since the movie's beginning.
    pub frames: Vec<(Frame, Duration)>,
    /// Whether it is a timelapse: time runs faster, and frames may be left out.
    pub is_timelapse: bool,
}

/// Shows frames, in the order in which they were taken, each at its own time; as a timelapse of [`TIMELAPSE`] if they took longer
/// than [`LONGEST`].
pub fn showing<'a>(shots: impl Iterator<Item = &'a Shot>) -> Showing {
    let shots: Vec<&Shot> = shots.collect();
    let (Some(first), Some(last)) = (shots.first(), shots.last()) else {
        return Showing { frames: Vec::new(), is_timelapse: false };
    };
    let since = |shot: &Shot| u64::try_from(shot.at.saturating_sub(first.at)).unwrap_or(0);
    let took = since(last);
    let is_timelapse = u128::from(took) > LONGEST.as_millis();
    if !is_timelapse {
        let frames = shots.iter().map(|shot| (shot.frame, Duration::from_millis(since(shot)))).collect();
        return Showing { frames, is_timelapse };
    }
    let steps = TIMELAPSE.as_secs() * u64::from(TIMELAPSE_RATE);
    let mut frames: Vec<(Frame, Duration)> = Vec::new();
    for shot in shots {
        let step = since(shot).saturating_mul(steps) / took;
        let at = Duration::from_millis(step * 1000 / u64::from(TIMELAPSE_RATE));
        if frames.last().is_none_or(|(_, before)| *before < at) {
            frames.push((shot.frame, at));
        }
    }
    Showing { frames, is_timelapse }
}

/// The names for an event of this day, best first: the time of its first frame, then the next seconds in case that name is taken.
pub fn names(first: EventName) -> impl Iterator<Item = EventName> {
    const TRIES: u32 = 600;
    let secs = first.secs().unwrap_or(0);
    (secs..secs.saturating_add(TRIES)).take_while(|secs| *secs < 86_400).map(EventName::Time)
}

#[cfg(test)]
mod tests;
