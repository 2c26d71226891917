//! The events of a day that is about to be retired: which may be moved, which stay, and why. After the rename, what was
//! moved is compared with this.

use std::collections::{BTreeMap, BTreeSet};

use super::day_dir::{DayDir, DayList};
use super::flat::FlatSource;
use super::{EarlyInspections, Inspection, Report};
use crate::error::Result;
use crate::event::{Day, EventName};

/// Why an event stays that Motion may still be writing.
pub const BEING_WRITTEN: &str = "it is being written, or was a moment ago; it stays until the next pass";

/// Why an event stays whose copy is not of what it contains now.
const NOT_COPIED: &str = "a store has no copy of what it contains now; it stays until there is one";

/// Why an event stays that a pass wanted, for a reason that only the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Motion may still be writing it.
    BeingWritten,
    /// A store that is to have it lacks a copy of what it contains now.
    NotCopied,
}

/// Returns why an event stays, if it does; the number is its newest modification time. Called after the event was inspected,
/// so that a change after this answer is found when it was moved.
pub type WhyStays<'a> = dyn Fn(&DayDir, EventName, i64) -> Result<Option<Stay>> + 'a;

/// The requested events of a day.
pub(super) struct DayInspection {
    pub day: Day,
    /// May be moved.
    pub free: BTreeMap<EventName, Inspection>,
    /// Stay because they are saved, or have no copy.
    pub kept: Vec<Report>,
    /// Stay because they are being written, or because that is unknown.
    pub failures: Vec<Report>,
}

/// The comparison of a day after it was moved.
pub(super) enum Found {
    /// Everything inspected was moved, unchanged.
    All,
    /// Only these events were moved, unchanged; the others are still in the archive.
    Part(BTreeSet<EventName>),
    /// Anything else.
    Changed,
}

impl DayInspection {
    /// Inspects the requested ones among the listed events, except those that `early` has already.
    pub(crate) fn at(
        day: &DayDir,
        list: &DayList,
        wanted: &BTreeSet<EventName>,
        early: EarlyInspections,
        why_stays: &WhyStays<'_>,
    ) -> Self {
        let mut early = early.if_of(day);
        let mut inspected = Self { day: day.day, free: BTreeMap::new(), kept: Vec::new(), failures: Vec::new() };
        for name in list.events.iter().copied().filter(|name| wanted.contains(name)) {
            let path = || day.event_path(name);
            let inspection = early.take(name).map_or_else(|| day.inspect_event(name), Ok);
            let state = inspection.and_then(|inspection| {
                let why = if inspection.saved { None } else { why_stays(day, name, inspection.newest)? };
                Ok((inspection, why))
            });
            match state {
                Ok((inspection, _)) if inspection.saved => inspected.kept.push(Report::note(path(), "saved")),
                Ok((inspection, None)) => _ = inspected.free.insert(name, inspection),
                Ok((_, Some(Stay::NotCopied))) => inspected.kept.push(Report::note(path(), NOT_COPIED)),
                Ok((_, Some(Stay::BeingWritten))) => inspected.failures.push(Report::failure(path(), BEING_WRITTEN)),
                Err(error) if error.is_not_found() => {} // gone since it was listed
                Err(error) => {
                    let report = Report::of(&error, &path());
                    let problem = format!("cannot determine whether it is saved or being written: {}", report.problem);
                    inspected.failures.push(Report::failure(path(), problem));
                }
            }
        }
        inspected
    }

    /// Leaves these flat files, and the events that consist of nothing else, where they are: they belong to a saved event of
    /// the day before or after.
    pub(super) fn spare(&mut self, day: &DayDir, spared: &BTreeSet<String>) {
        if spared.is_empty() {
            return;
        }
        self.free.retain(|name, inspection| {
            let had_files = !inspection.flat.is_empty();
            inspection.flat.retain(|seen| !spared.contains(&*seen.path));
            let stays = had_files && inspection.flat.is_empty();
            if stays {
                self.kept.push(Report::note(day.event_path(*name), "saved: a part of an event of another day"));
            }
            !stays
        });
    }

    /// Compares the contents of `moved`, opened after the rename, with what was inspected through `day`, opened before.
    pub(crate) fn compare(&self, day: &DayDir, moved: &DayDir) -> Result<Found> {
        // Both inode numbers are read now: mergerfs may derive a directory's number from its path.
        if day.dir.inode()? != moved.dir.inode()? {
            return Ok(Found::Changed);
        }
        let list = moved.list()?;
        let flat = |day: &DayDir| day.flat.as_deref().map(FlatSource::recent).transpose();
        if flat(day)? != flat(moved)? {
            return Ok(Found::Changed); // a file was added or removed, also one that belongs to no event
        }
        let is_known = |name: &EventName| match self.free.get(name) {
            Some(inspection) => moved.is_as_inspected(*name, inspection),
            None => Ok(false),
        };
        for name in &list.events {
            if !is_known(name)? {
                return Ok(Found::Changed);
            }
        }
        if !list.foreign.is_empty() || !list.refused.is_empty() || list.events.is_empty() {
            return Ok(Found::Changed);
        }
        let is_all = list.events.len() == self.free.len();
        Ok(if is_all { Found::All } else { Found::Part(list.events.into_iter().collect()) })
    }
}
