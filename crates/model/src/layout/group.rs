//! Makes events of the files of one day.
//!
//! With event numbers, an event is a run of one number. Without them every movie begins an event, which has the pictures
//! up to the next; where it ends only the movie's length tells, which this module does not know.

use std::collections::{BTreeMap, HashMap};

use super::{FileKind, FlatFile, MAX_GAP, PRE_CAPTURE};
use crate::event::EventName;

/// An event, by its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The second of its first movie, or of its first picture if it has no movie. Always [`EventName::Time`].
    pub name: EventName,
    /// Its files as indexes into the slice, by time.
    pub members: Vec<usize>,
}

/// The files of a day, each in one event or loose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grouped {
    /// The events by name; no two have the same.
    pub events: Vec<Group>,
    /// The files of no event as indexes into the slice, by time: snapshots, timelapses, debug files and markers without
    /// their event, pictures that no movie covers.
    pub loose: Vec<usize>,
}

/// [`MAX_GAP`] for the number 1, which may be that of the next event.
const RESTART_GAP: u32 = 300;

/// For so many seconds after its last file an event's number may come back: the first pictures of the next event are
/// older than the last of this one (pre-capture).
const COMES_BACK: u32 = 10;

/// An event while it is put together.
#[derive(Debug)]
struct Draft {
    number: Option<u32>,
    first: u32,
    last: u32,
    members: Vec<usize>,
}

impl Draft {
    fn new(number: Option<u32>, secs: u32) -> Self {
        Self { number, first: secs, last: secs, members: Vec::new() }
    }

    fn add(&mut self, index: usize, secs: u32) {
        self.first = self.first.min(secs);
        self.last = self.last.max(secs);
        self.members.push(index);
    }

    fn contains(&self, secs: u32) -> bool {
        (self.first..=self.last).contains(&secs)
    }

    /// The second of the first movie, or of the first picture; `None` if it has neither.
    fn named(&self, files: &[FlatFile]) -> Option<u32> {
        let first = |wanted: fn(FileKind) -> bool| {
            let matching = self.members.iter().map(|index| &files[*index]).filter(|file| wanted(file.kind));
            matching.map(|file| file.secs).min()
        };
        first(|kind| matches!(kind, FileKind::Movie(_))).or_else(|| first(|kind| matches!(kind, FileKind::Picture(_))))
    }
}

/// Groups the files of one day of one camera into events. Every index is in exactly one place.
///
/// - Files with a number (`%v`): an event is a run of the same number, which no other number interrupts and in which no
///   gap is longer than two hours; for the number 1, with which Motion starts again, five minutes.
/// - Files without: every second with a movie is an event. Debug movies and thumbnails belong to the movie of their
///   second; pictures to the latest event that has begun, or to the first if it begins within a minute.
/// - A marker belongs to the event during which its stem's second is, or with its number and within two hours of it.
pub fn group(files: &[FlatFile]) -> Grouped {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|index| (files[*index].secs, sub(files[*index].kind), files[*index].part));

    let mut loose = Vec::new();
    let mut drafts = Vec::new();
    for draft in runs(files, &order) {
        if draft.named(files).is_some() { drafts.push(draft) } else { loose.extend(draft.members) }
    }
    drafts.extend(seconds_of_movies(files, &order));
    let mut events = merge(drafts, files);
    add_unnumbered(files, &order, &mut events, &mut loose);
    add_markers(files, &order, &mut events, &mut loose);
    for index in &order {
        if matches!(files[*index].kind, FileKind::Snapshot | FileKind::Timelapse) {
            loose.push(*index);
        }
    }

    let mut rank = vec![0; files.len()];
    for (n, index) in order.iter().enumerate() {
        rank[*index] = n;
    }
    let by_time = |mut members: Vec<usize>| {
        members.sort_unstable_by_key(|index| rank[*index]);
        members
    };
    let events = events
        .into_iter()
        .map(|(secs, draft)| Group { name: EventName::Time(secs), members: by_time(draft.members) })
        .collect();
    Grouped { events, loose: by_time(loose) }
}

/// The frame within its second.
fn sub(kind: FileKind) -> u16 {
    match kind {
        FileKind::Picture(frame) | FileKind::DebugPicture(frame) => frame.sub,
        _ => 0,
    }
}

/// Whether a file can be part of an event by its own number and time.
fn is_of_event(kind: FileKind) -> bool {
    !matches!(kind, FileKind::Snapshot | FileKind::Timelapse | FileKind::Saved)
}

/// The runs of numbered files.
fn runs(files: &[FlatFile], order: &[usize]) -> Vec<Draft> {
    let mut runs: Vec<Draft> = Vec::new();
    let mut latest: HashMap<u32, usize> = HashMap::new();
    for index in order {
        let file = &files[*index];
        let Some(number) = file.number.filter(|_| is_of_event(file.kind)) else { continue };
        let newest = runs.len().checked_sub(1);
        let known = latest.get(&number).copied().filter(|place| {
            // Motion counts from 01 when it starts again, so only this number can follow itself in another event. The pieces
            // of one event are numbered, if their names have it.
            let may_be_new = number == 1 && file.part.is_none_or(|part| part <= 1);
            let gap = if may_be_new { RESTART_GAP } else { MAX_GAP };
            let limit = if Some(*place) == newest { gap } else { COMES_BACK };
            file.secs.saturating_sub(runs[*place].last) <= limit
        });
        let place = known.unwrap_or_else(|| {
            runs.push(Draft::new(Some(number), file.secs));
            runs.len() - 1
        });
        latest.insert(number, place);
        runs[place].add(*index, file.secs);
    }
    runs
}

/// An event for each second with a movie that has no number.
fn seconds_of_movies(files: &[FlatFile], order: &[usize]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for index in order {
        let file = &files[*index];
        if file.number.is_some() || !matches!(file.kind, FileKind::Movie(_)) {
            continue;
        }
        if drafts.last().is_none_or(|draft| draft.first != file.secs) {
            drafts.push(Draft::new(None, file.secs));
        }
        if let Some(draft) = drafts.last_mut() {
            draft.add(*index, file.secs);
        }
    }
    drafts
}

/// The events by the second that names them; those of one second become one.
fn merge(drafts: Vec<Draft>, files: &[FlatFile]) -> BTreeMap<u32, Draft> {
    let mut events: BTreeMap<u32, Draft> = BTreeMap::new();
    for draft in drafts {
        let Some(name) = draft.named(files) else { continue };
        match events.get_mut(&name) {
            Some(event) => {
                event.first = event.first.min(draft.first);
                event.last = event.last.max(draft.last);
                event.number = event.number.or(draft.number);
                event.members.extend(draft.members);
            }
            None => drop(events.insert(name, draft)),
        }
    }
    events
}

/// Adds the files without a number to the events that have begun by then.
fn add_unnumbered(files: &[FlatFile], order: &[usize], events: &mut BTreeMap<u32, Draft>, loose: &mut Vec<usize>) {
    for index in order {
        let file = &files[*index];
        if file.number.is_some() || !is_of_event(file.kind) || matches!(file.kind, FileKind::Movie(_)) {
            continue;
        }
        let is_picture = matches!(file.kind, FileKind::Picture(_) | FileKind::DebugPicture(_));
        let name = if is_picture {
            let begun = events.range(..=file.secs).next_back().map(|(name, _)| *name);
            let first = events.keys().next().copied().filter(|first| *first <= file.secs + PRE_CAPTURE);
            begun.or(first)
        } else {
            Some(file.secs)
        };
        match name.and_then(|name| events.get_mut(&name)) {
            Some(event) => event.add(*index, file.secs),
            None => loose.push(*index),
        }
    }
}

/// Adds the markers to the events that contain their seconds.
fn add_markers(files: &[FlatFile], order: &[usize], events: &mut BTreeMap<u32, Draft>, loose: &mut Vec<usize>) {
    let mut of_number: HashMap<u32, Vec<u32>> = HashMap::new();
    for (name, event) in &*events {
        let numbers: std::collections::BTreeSet<u32> =
            event.members.iter().filter_map(|index| files[*index].number).collect();
        for number in numbers {
            of_number.entry(number).or_default().push(*name);
        }
    }
    for index in order {
        let file = &files[*index];
        if file.kind != FileKind::Saved {
            continue;
        }
        let contains = |name: &&u32| events[*name].contains(file.secs);
        let name = if let Some(number) = file.number {
            let names = of_number.get(&number).map_or(&[][..], Vec::as_slice);
            let (begun, later) = names.split_at(names.partition_point(|name| *name <= file.secs));
            let beside = || begun.last().into_iter().chain(later.first()); // its first pictures are before its name
            // Another program may have deleted the file that the marker was named after.
            let is_near = |name: &&u32| {
                let event = &events[*name];
                let (before, after) = (event.first.saturating_sub(file.secs), file.secs.saturating_sub(event.last));
                before.max(after) <= MAX_GAP
            };
            beside().find(contains).or_else(|| beside().find(is_near))
        } else {
            let (begun, later) = (events.range(..=file.secs).next_back(), events.range(file.secs..).next());
            begun.into_iter().chain(later).map(|(name, _)| name).find(contains)
        };
        match name.copied().and_then(|name| events.get_mut(&name)) {
            Some(event) => event.members.push(*index),
            None => loose.push(*index),
        }
    }
}
