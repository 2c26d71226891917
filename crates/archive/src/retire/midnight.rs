//! The flat files of a day that belong to a saved event of the day before or after: an event that lasts beyond midnight has
//! files with stamps of two days. They stay with it.

use std::collections::BTreeSet;

use crate::CameraDir;
use crate::day_dir::DayDir;
use crate::error::Result;
use crate::event::Day;
use crate::flat::{Entry, FlatEvent};
use crate::layout::{FileKind, MAX_GAP, MAX_PAUSE, PRE_CAPTURE};

/// The seconds of a day.
const DAY: u32 = 86_400;

impl CameraDir {
    /// The paths of those files of a day, below its base.
    pub(super) fn files_of_saved_neighbours(&self, day: &DayDir) -> Result<BTreeSet<String>> {
        let Some(flat) = &day.flat else { return Ok(BTreeSet::new()) };
        let listed = flat.list()?;
        let mut spared = BTreeSet::new();
        if let Some(before) = self.neighbour(day.day, -1)?
            && let Some(saved) = edge_event(&before, Edge::Last)?
        {
            let first = listed.names().next().and_then(|name| listed.members(name)).unwrap_or_default();
            spared.extend(continued((&saved.candidates(), 0), (&first, DAY), &saved));
            if !saved.is_numbered() {
                // Its frames go on as long as there is no pause; more may stay than it has.
                let mut last = saved.last_second()?;
                let mut pictures: Vec<&Entry> = listed.entries().iter().filter(|entry| is_picture(entry)).collect();
                pictures.sort_by_key(|entry| entry.file.secs);
                for picture in pictures {
                    if picture.file.secs + DAY > last.saturating_add(MAX_PAUSE) {
                        break;
                    }
                    last = last.max(picture.file.secs + DAY);
                    spared.insert(picture.path.to_string());
                }
            }
        }
        if let Some(after) = self.neighbour(day.day, 1)?
            && let Some(saved) = edge_event(&after, Edge::First)?
        {
            let last = listed.names().last().and_then(|name| listed.members(name)).unwrap_or_default();
            spared.extend(continued((&last, 0), (&saved.candidates(), DAY), &saved));
            let start = saved.name().secs().unwrap_or(DAY) + DAY;
            if !saved.is_numbered() {
                let early = |entry: &&Entry| is_picture(entry) && entry.file.secs + PRE_CAPTURE >= start;
                spared.extend(listed.entries().iter().filter(early).map(|entry| entry.path.to_string()));
            }
        }
        Ok(spared)
    }

    /// The day so many days later; `None` if there is none. One that cannot be read may hold a saved event: that is an error.
    fn neighbour(&self, day: Day, later: i64) -> Result<Option<DayDir>> {
        let Some(day) = Day::from_number(day.number() + later) else { return Ok(None) };
        match self.day(day) {
            Err(error) if error.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }
}

/// Which event of a day is nearest to a midnight.
#[derive(Clone, Copy)]
enum Edge {
    First,
    Last,
}

/// That event of a day, if it is flat and saved.
fn edge_event(day: &DayDir, edge: Edge) -> Result<Option<FlatEvent<'_>>> {
    let Some(flat) = &day.flat else { return Ok(None) };
    let listed = flat.list()?;
    let name = match edge {
        Edge::First => listed.names().next(),
        Edge::Last => listed.names().last(),
    };
    let Some(name) = name else { return Ok(None) };
    Ok(flat.event(name)?.filter(|event| !event.marks().is_empty()))
}

/// The files of two events on both sides of midnight that are not the saved one's own, if both have one number and follow
/// each other: parts of one event. Each comes with the seconds to add to its stamps.
fn continued(first: (&[&Entry], u32), second: (&[&Entry], u32), saved: &FlatEvent<'_>) -> Vec<String> {
    let number = |files: &[&Entry]| files.first().and_then(|entry| entry.file.number);
    let last = first.0.iter().map(|entry| entry.file.secs + first.1).max();
    let next = second.0.iter().map(|entry| entry.file.secs + second.1).min();
    let (Some(last), Some(next)) = (last, next) else { return Vec::new() };
    let is_one = number(first.0).is_some()
        && first.0.iter().chain(second.0).all(|entry| entry.file.number == number(first.0))
        && next.saturating_sub(last) <= MAX_GAP;
    if !is_one {
        return Vec::new();
    }
    let own: BTreeSet<&str> = saved.candidates().iter().map(|entry| &*entry.path).collect();
    let other = first.0.iter().chain(second.0).filter(|entry| !own.contains(&*entry.path));
    other.map(|entry| entry.path.to_string()).collect()
}

fn is_picture(entry: &Entry) -> bool {
    matches!(entry.file.kind, FileKind::Picture(_) | FileKind::DebugPicture(_))
}

#[cfg(test)]
mod tests;
