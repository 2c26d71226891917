//! The flat files of one day of a camera, grouped into events, and where they are read from.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::fs::AtFlags;

use super::index::{IndexCache, Noted, Place, Query};
use super::{Entry, FlatEvent, open_parent};
use crate::dir::Dir;
use crate::error::Result;
use crate::event::{Camera, Day, EventName, Stamp};
use crate::layout::{FileKind, FlatFile, Grouped, Layout, Parsed, group};

/// The flat files of one day, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlatDay {
    entries: Vec<Entry>,
    grouped: Grouped,
}

impl FlatDay {
    /// Groups the files of one day of one camera.
    pub(crate) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let files: Vec<FlatFile> = entries.iter().map(|entry| entry.file.clone()).collect();
        Self { grouped: group(&files), entries }
    }

    /// All files, sorted by path.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its events, sorted.
    pub(crate) fn names(&self) -> impl DoubleEndedIterator<Item = EventName> {
        self.grouped.events.iter().map(|event| event.name)
    }

    /// The files of an event by their names alone, in the order of time; `None` if there is no such event.
    pub(crate) fn members(&self, name: EventName) -> Option<Vec<&Entry>> {
        let at = self.position(name)?;
        Some(self.grouped.events.get(at)?.members.iter().filter_map(|at| self.entries.get(*at)).collect())
    }

    /// The event before this one.
    pub(crate) fn before(&self, name: EventName) -> Option<EventName> {
        let at = self.position(name)?.checked_sub(1)?;
        self.grouped.events.get(at).map(|event| event.name)
    }

    fn position(&self, name: EventName) -> Option<usize> {
        self.grouped.events.binary_search_by_key(&name, |event| event.name).ok()
    }

    /// The files that belong to no event by their names.
    pub(crate) fn loose(&self) -> impl Iterator<Item = &Entry> {
        self.grouped.loose.iter().filter_map(|at| self.entries.get(*at))
    }

    /// Markers that protect an event that is gone.
    pub(crate) fn orphaned_marks(&self) -> impl Iterator<Item = &Entry> {
        self.loose().filter(|entry| entry.file.kind == FileKind::Saved)
    }

    /// The event that a file belongs to by its name.
    pub(crate) fn event_of(&self, path: &str) -> Option<EventName> {
        let at = self.entries.binary_search_by(|entry| (*entry.path).cmp(path)).ok()?;
        self.grouped.events.iter().find(|event| event.members.contains(&at)).map(|event| event.name)
    }

    /// A digest of the names: while it is the same, no file was added or removed. FNV-1a, below the present time in
    /// nanoseconds, as a modification time would be.
    fn digest(&self) -> Stamp {
        let hash = fnv(self.entries.iter().flat_map(|entry| entry.path.bytes().chain([b'\n'])));
        Stamp { mtime: i64::try_from(hash >> 4).unwrap_or(0), inode: self.entries.len() as u64 }
    }
}

/// FNV-1a: a digest that stays the same between versions of the standard library.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Where the flat files of one day are.
#[derive(Debug)]
pub(crate) struct FlatSource {
    /// The day's own directory, or the directory with the files of all days.
    base: Dir,
    layout: Arc<Layout>,
    /// The path of `base` that the patterns describe, with a slash at its end, or nothing.
    prefix: String,
    /// The camera, if the names separate it from others.
    camera: Option<Camera>,
    day: Day,
    /// Whether the base has the files of many days.
    is_shared: bool,
    /// Listings of directories; none for a directory in a pass.
    cache: Option<Arc<IndexCache>>,
    /// A listing since then is recent enough for `list`.
    since: Option<Instant>,
    /// The files as last listed through this handle. Written by `list`.
    listed: Mutex<Option<Arc<FlatDay>>>,
    /// Names in the directory of the day that no pattern describes, as last listed. Written by `list`.
    unknown: Mutex<Arc<[String]>>,
}

impl FlatSource {
    /// Of a directory with the files of this day alone.
    pub(crate) fn new(
        base: Dir,
        layout: Arc<Layout>,
        prefix: String,
        (camera, day): (Option<Camera>, Day),
        cache: Option<Arc<IndexCache>>,
    ) -> Self {
        let (listed, unknown) = (Mutex::default(), Mutex::default());
        Self { base, layout, prefix, camera, day, is_shared: false, cache, since: None, listed, unknown }
    }

    /// The same source in a directory with the files of many days.
    pub(crate) fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }

    /// The same source, for which a listing since then is recent enough.
    pub(crate) fn listed_since(self, since: Option<Instant>) -> Self {
        Self { since, ..self }
    }

    /// The same source below another directory: that of the day after it was moved.
    pub(crate) fn moved_to(&self, base: Dir) -> Self {
        // What was moved is of this camera.
        Self::new(base, Arc::clone(&self.layout), self.prefix.clone(), (None, self.day), None)
    }

    /// The directory that paths of files begin in.
    pub(crate) fn base(&self) -> &Dir {
        &self.base
    }

    /// The path of the base that the patterns describe, with a slash at its end, or nothing.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether the directory holds files of other days too.
    pub(crate) fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn place(&self) -> Place<'_> {
        Place { base: &self.base, query: self.query(), is_shared: self.is_shared }
    }

    /// A digest of the patterns, below 2⁶³.
    pub(crate) fn layout_digest(&self) -> u64 {
        fnv(self.layout.text().bytes()) >> 1
    }

    /// Whether the list of names can change without a change of the day's own directory.
    pub(crate) fn has_other_directories(&self, is_whole: bool) -> bool {
        let levels = self.prefix.matches('/').count();
        !is_whole || self.layout.patterns().iter().any(|pattern| pattern.dirs() > levels)
    }

    /// Whether an entry of the base is a flat file, or a directory of them.
    pub(crate) fn describes(&self, name: &[u8]) -> bool {
        let parsed = std::str::from_utf8(name).map(|name| self.layout.parse(&format!("{}{name}", self.prefix)));
        self.leads(name) || matches!(parsed, Ok(Parsed::File(_)))
    }

    /// Whether a directory at this path below the day's may hold flat files: that of an hour.
    pub(crate) fn leads(&self, name: &[u8]) -> bool {
        let Ok(name) = std::str::from_utf8(name) else { return false };
        let path = format!("{}{name}", self.prefix);
        !self.is_shared() && self.layout.patterns().iter().any(|pattern| pattern.may_lead(&path))
    }

    fn query(&self) -> Query<'_> {
        Query { layout: &self.layout, prefix: &self.prefix, names_camera: self.camera.is_some() }
    }

    /// Lists the files as they are now.
    pub(crate) fn list(&self) -> Result<Arc<FlatDay>> {
        let mut listed = self.lock();
        self.read(&mut listed)
    }

    /// The files as last listed through this handle, or through any other; lists them the first time.
    pub(crate) fn recent(&self) -> Result<Arc<FlatDay>> {
        let mut listed = self.lock();
        if let Some(day) = &*listed {
            return Ok(Arc::clone(day));
        }
        match &self.cache {
            Some(cache) => {
                let index = cache.recent(self.place())?;
                Ok(self.keep(&index, &mut listed))
            }
            None => self.read(&mut listed),
        }
    }

    /// Held while the base is listed: a handle has one position in its directory.
    fn lock(&self) -> MutexGuard<'_, Option<Arc<FlatDay>>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, listed: &mut Option<Arc<FlatDay>>) -> Result<Arc<FlatDay>> {
        let index = match &self.cache {
            Some(cache) => cache.current(self.place(), self.since)?,
            None => Arc::new(super::Index::read(&self.base, self.query())?),
        };
        Ok(self.keep(&index, listed))
    }

    fn keep(&self, index: &super::Index, listed: &mut Option<Arc<FlatDay>>) -> Arc<FlatDay> {
        let own = (self.camera.clone(), self.day);
        let day = index.days.get(&own).cloned();
        let day = day.unwrap_or_else(|| Arc::new(FlatDay::new(Vec::new())));
        if !self.is_shared {
            let days = index.days.iter().filter(|(of, _)| **of != own);
            let mut others =
                days.flat_map(|(_, day)| day.entries().iter().map(|entry| entry.path.to_string())).peekable();
            let unknown = match others.peek() {
                Some(_) => index.unknown.iter().cloned().chain(others).collect(),
                None => Arc::clone(&index.unknown),
            };
            *self.unknown.lock().unwrap_or_else(PoisonError::into_inner) = unknown;
        }
        *listed = Some(Arc::clone(&day));
        day
    }

    /// What no pattern describes in the directory of the day, as last listed. Empty for a directory of many days: what
    /// else is in it belongs to no day.
    pub(crate) fn unknown(&self) -> Arc<[String]> {
        Arc::clone(&self.unknown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads one name again, after a hint that it changed. Returns the events that this may have changed, those that
    /// appeared and those that are gone included; `None` if the listing at hand does not help.
    pub(crate) fn note(&self, path: &str) -> Option<Vec<EventName>> {
        let Noted { camera, day, before, after } = self.cache.as_ref()?.note(self.place(), path)?;
        if camera != self.camera || day != self.day {
            return None;
        }
        *self.lock() = None;
        let names = |day: &Option<Arc<FlatDay>>| day.as_ref().map(|day| day.names().collect()).unwrap_or_default();
        let (old, new): (BTreeSet<EventName>, BTreeSet<EventName>) = (names(&before), names(&after));
        let mut changed: BTreeSet<EventName> = old.symmetric_difference(&new).copied().collect();
        for day in [before, after].iter().flatten() {
            let event = day.event_of(path);
            changed.extend(event);
            // The pictures before a new movie may have counted as the previous event's.
            changed.extend(event.and_then(|event| day.before(event)));
        }
        Some(changed.into_iter().collect())
    }

    /// What changes with the list of names.
    pub(crate) fn stamp(&self) -> Result<Stamp> {
        Ok(self.list()?.digest())
    }

    /// An event as last listed; `None` if there is no such event. One that is not in an old listing is looked for on
    /// the disk.
    pub(crate) fn event(&self, name: EventName) -> Result<Option<FlatEvent<'_>>> {
        let mut day = self.recent()?;
        if day.members(name).is_none() && self.cache.is_some() && self.since.is_none() {
            day = self.list()?;
        }
        Ok(day.members(name).is_some().then(|| FlatEvent::new(&self.base, day, name)))
    }

    /// The directories below the base that may hold its files, as paths, each before those in it: those of hours.
    pub(crate) fn inner_dirs(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        if !self.is_shared {
            self.add_inner_dirs(&self.base, "", &mut found)?;
        }
        Ok(found)
    }

    fn add_inner_dirs(&self, dir: &Dir, below: &str, found: &mut Vec<String>) -> Result<()> {
        let mut here = Vec::new();
        dir.list(|name, kind| {
            let path = std::str::from_utf8(name).map(|name| format!("{below}{name}"));
            here.extend(path.ok().filter(|path| self.leads(path.as_bytes()) && dir.is_dir(name, kind)));
        })?;
        for path in here {
            found.push(path.clone());
            match dir.open_dir(&path.as_bytes()[below.len()..]) {
                Err(error) if error.is_no_directory() => {} // removed since it was listed
                inner => self.add_inner_dirs(&inner?, &format!("{path}/"), found)?,
            }
        }
        Ok(())
    }

    /// Removes the directories of hours that are empty; `rmdir` itself is the check. Calls `changed` with each directory
    /// that lost one.
    pub(crate) fn remove_empty_dirs(&self, mut changed: impl FnMut(&Dir) -> Result<()>) -> Result<()> {
        for path in self.inner_dirs()?.iter().rev() {
            let Ok((parent, name)) = open_parent(&self.base, path) else { continue };
            let parent = parent.as_ref().unwrap_or(&self.base);
            if rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR).is_ok() {
                changed(parent)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
