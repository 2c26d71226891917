//! A day of a camera: its directory, its flat files, and the list of what is in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::dir::{Dir, mtime};
use super::flat::{FlatDay, FlatEvent, FlatSource, stat_below};
use super::numbered::Numbers;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId, EventName, Loose, Stamp};

/// An open day directory.
#[derive(Debug)]
pub struct DayDir {
    pub(super) dir: Dir,
    pub(super) camera: Camera,
    pub(super) day: Day,
    /// What is known about its numbered directories.
    pub(super) numbers: Numbers,
    /// Whether the previous event had a sidecar, which predicts the next one. Written by `read_event`.
    pub(super) had_sidecar: AtomicBool,
    /// Its flat files, if they are read.
    pub(super) flat: Option<Box<FlatSource>>,
    /// Whether `dir` is a directory of this day alone. If not, it is that of the files of all days.
    pub(super) has_directory: bool,
    /// Whether its flat files are in that directory, so that one rename moves all of the day.
    pub(super) is_whole: bool,
}

/// The contents of a day directory.
#[derive(Debug, Default)]
pub struct DayList {
    /// Event directories, sorted.
    pub events: Vec<EventName>,
    /// Names of an event that are not directories (links, files): refused.
    pub refused: Vec<String>,
    /// How many recordings belong to no event: snapshots, stills of other times, timelapses.
    pub loose: u64,
    /// Everything else, including numbered directories that are not events. Never touched.
    pub foreign: Vec<String>,
    /// Whether it may change without a change of the directory: Motion's configuration decides whether a number is an event.
    pub is_provisional: bool,
}

impl DayDir {
    pub(super) fn new(dir: Dir, camera: Camera, day: Day, numbers: Numbers) -> Self {
        let had_sidecar = AtomicBool::new(true);
        Self { dir, camera, day, numbers, had_sidecar, flat: None, has_directory: true, is_whole: true }
    }

    /// The same day with flat files; `is_whole`: all of them are in its directory.
    pub(super) fn with_flat(self, flat: FlatSource, is_whole: bool) -> Self {
        Self { flat: Some(Box::new(flat)), is_whole, ..self }
    }

    /// The same day without a directory of its own.
    pub(super) fn without_directory(self) -> Self {
        Self { has_directory: false, is_whole: false, ..self }
    }

    /// The flat event of this name as last listed; `None` if there is none, or if a directory has that name.
    pub(super) fn flat_event(&self, name: EventName) -> Result<Option<FlatEvent<'_>>> {
        let Some(flat) = &self.flat else { return Ok(None) };
        if self.has_directory && self.dir.has(name.text().as_bytes())? {
            return Ok(None);
        }
        flat.event(name)
    }

    /// Its path, for messages.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Its camera.
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// Its date.
    pub fn day(&self) -> Day {
        self.day
    }

    /// The id of one of its events.
    pub fn id(&self, name: EventName) -> EventId {
        EventId { camera: self.camera.clone(), day: self.day, name }
    }

    /// The present stamp of its list of names. For flat files that are not all in its own directory, a digest of them.
    pub fn stamp(&self) -> Result<Stamp> {
        let stat = self.dir.stat_self()?;
        // What is made of the names depends on the layout: another one makes the day another.
        let layout = self.flat.as_ref().map_or(0, |flat| flat.layout_digest());
        let Some(flat) = self.flat.as_ref().filter(|flat| flat.has_other_directories(self.is_whole)) else {
            return Ok(Stamp { mtime: mtime(&stat), inode: stat.stx_ino ^ layout });
        };
        let digest = flat.stamp()?;
        let own = if self.has_directory { stat.stx_ino ^ mtime(&stat).unsigned_abs() } else { 0 };
        Ok(Stamp { mtime: digest.mtime, inode: digest.inode ^ own ^ layout })
    }

    /// Its recordings that belong to no event, with their paths below its base and their sizes in bytes: snapshots, stills of
    /// other times than an event's, timelapses. Reads the lengths of movies where pictures depend on them.
    pub fn loose(&self) -> Result<Vec<(String, u64)>> {
        self.flat.as_ref().map_or_else(|| Ok(Vec::new()), |flat| self.loose_among(flat, &*flat.list()?))
    }

    /// The number of these and the sum of their sizes, without listing the directory again.
    pub fn count_loose(&self) -> Result<Loose> {
        let Some(flat) = &self.flat else { return Ok(Loose { files: 0, bytes: Some(0) }) };
        Ok(sums_of(&self.loose_among(flat, &*flat.recent()?)?))
    }

    /// The same of the directory as it is now.
    pub fn measure_loose(&self) -> Result<Loose> {
        Ok(sums_of(&self.loose()?))
    }

    /// Whether it may have files of events without a directory, and so loose ones.
    pub fn has_flat_files(&self) -> bool {
        self.flat.is_some()
    }

    fn loose_among(&self, flat: &FlatSource, day: &FlatDay) -> Result<Vec<(String, u64)>> {
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for name in day.names() {
            if let Some(event) = self.flat_event(name)? {
                taken.extend(event.files()?.into_iter().map(|entry| entry.path.to_string()));
            }
        }
        let rest = day.entries().iter().filter(|entry| entry.is_recording() && !taken.contains(&*entry.path));
        let size = |path: &str| stat_below(flat.base(), path).map_or(0, |stat| stat.stx_size);
        Ok(rest.map(|entry| (entry.path.to_string(), size(&entry.path))).collect())
    }

    /// Lists it.
    pub fn list(&self) -> Result<DayList> {
        let mut list = DayList::default();
        let is_flat_place = self.flat.is_some() && self.is_whole;
        let flat = self.flat.as_ref().map(|flat| Ok::<_, Error>((flat.list()?, flat.unknown()))).transpose()?;
        if self.has_directory {
            let is_hour = |name: &[u8]| self.flat.as_ref().is_some_and(|flat| self.is_whole && flat.leads(name));
            self.dir.list(|name, kind| match EventName::from_bytes(name) {
                Some(_) if is_hour(name) => {}
                Some(event) if self.dir.is_dir(name, kind) => list.events.push(event),
                Some(_) => list.refused.push(String::from_utf8_lossy(name).into_owned()),
                None if is_flat_place => {}
                None => list.foreign.push(String::from_utf8_lossy(name).into_owned()),
            })?;
        }
        list.events.sort_unstable();
        self.set_aside_no_events(&mut list);
        if let Some((day, unknown)) = flat {
            list.take_flat(&day, &unknown);
        }
        Ok(list)
    }
}

fn sums_of(files: &[(String, u64)]) -> Loose {
    let bytes = files.iter().fold(0u64, |sum, (_, size)| sum.saturating_add(*size));
    Loose { files: files.len() as u64, bytes: Some(bytes) }
}

impl DayList {
    /// Adds the flat events of the day. A name that a directory has stays the directory's.
    fn take_flat(&mut self, day: &FlatDay, unknown: &[String]) {
        let mut flat = Vec::new();
        let is_event = |path: &str| {
            let name = EventName::from_bytes(path.as_bytes());
            name.is_some_and(|name| self.events.binary_search(&name).is_ok()) || self.refused.iter().any(|r| r == path)
        };
        let unknown = unknown.iter().map(|path| path.trim_end_matches('/'));
        let unknown: Vec<String> = unknown.filter(|path| !is_event(path)).map(str::to_owned).collect();
        self.foreign.extend(unknown);
        self.foreign.sort_unstable();
        self.foreign.dedup();
        self.foreign.extend(day.orphaned_marks().map(|mark| mark.path.to_string()));
        self.loose = day.loose().filter(|entry| entry.is_recording()).count() as u64;
        for name in day.names() {
            match self.events.binary_search(&name) {
                Ok(_) => self
                    .foreign
                    .extend(day.members(name).unwrap_or_default().iter().map(|entry| entry.path.to_string())),
                Err(_) => flat.push(name),
            }
        }
        self.events.append(&mut flat);
        self.events.sort_unstable();
    }
}

#[cfg(test)]
mod tests;
