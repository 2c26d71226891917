//! The flat files of a day that belong to a saved event of the day before or after: an event that lasts beyond midnight has
//! files with stamps of two days. They stay with it.

use std::collections::BTreeSet;

use crate::CameraDir;
use crate::dir::DayDir;
use crate::error::Result;
use crate::event::Day;
use crate::flat::{Entry, FlatDay, FlatEvent};
use crate::layout::FileKind;

/// The seconds of a day.
const DAY: u32 = 86_400;

/// How long before the start of its movie a picture can be a frame of an event, in seconds.
const PRE_CAPTURE: u32 = 60;

impl CameraDir {
    /// The paths of those files of a day, below its base.
    pub(super) fn files_of_saved_neighbours(&self, day: &DayDir) -> Result<BTreeSet<String>> {
        let Some(flat) = &day.flat else { return Ok(BTreeSet::new()) };
        let listed = flat.list()?;
        let mut spared = BTreeSet::new();
        let neighbour = |days: i64| Day::from_number(day.day.number() + days).map(|day| self.day(day));
        if let Some(Ok(before)) = neighbour(-1)
            && let Some(saved) = edge_event(&before, Edge::Last)?
        {
            let first = listed.names().next().and_then(|name| listed.members(name)).unwrap_or_default();
            spared.extend(continued(&saved, &first));
            if let Some(rest) = saved.last_second()?.checked_sub(DAY).filter(|_| !saved.is_numbered()) {
                spared.extend(pictures(&listed, |entry| entry.file.secs <= rest));
            }
        }
        if let Some(Ok(after)) = neighbour(1)
            && let Some(saved) = edge_event(&after, Edge::First)?
        {
            let last = listed.names().last().and_then(|name| listed.members(name)).unwrap_or_default();
            spared.extend(continued(&saved, &last));
            let start = saved.name().secs().unwrap_or(DAY) + DAY;
            if !saved.is_numbered() {
                spared.extend(pictures(&listed, |entry| entry.file.secs + PRE_CAPTURE >= start));
            }
        }
        Ok(spared)
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

/// The files of an event without a movie that has the number of a saved one beside it: its other part.
fn continued(saved: &FlatEvent<'_>, other: &[&Entry]) -> Vec<String> {
    let number = saved.candidates().first().and_then(|entry| entry.file.number);
    let is_part = number.is_some()
        && other.iter().all(|entry| entry.file.number == number && !matches!(entry.file.kind, FileKind::Movie(_)));
    if is_part { other.iter().map(|entry| entry.path.to_string()).collect() } else { Vec::new() }
}

fn pictures(day: &FlatDay, is_wanted: impl Fn(&Entry) -> bool) -> Vec<String> {
    let is_picture = |entry: &&Entry| matches!(entry.file.kind, FileKind::Picture(_) | FileKind::DebugPicture(_));
    let wanted = day.entries().iter().filter(is_picture).filter(|entry| is_wanted(entry));
    wanted.map(|entry| entry.path.to_string()).collect()
}
