//! Which days a camera has, and where their files are: a directory `2026-11-20`, a directory with another form of the date,
//! or names with the date among the files of other days.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::dir::{Dir, join};
use super::flat::{FlatSource, Place, Query};
use super::layouts::CameraLayout;
use super::{CameraDir, DayDir, Report};
use crate::error::{Error, Result};
use crate::event::Day;
use crate::layout::{DatePlace, Parsed, Pattern};

impl CameraDir {
    /// Its days, newest first, and reports of links or files with a day's name.
    pub fn days(&self) -> Result<(Vec<Day>, Vec<Report>)> {
        let (mut days, mut refused) = (Vec::new(), Vec::new());
        if self.has_directory() {
            self.dir.list(|name, kind| {
                let day = std::str::from_utf8(name).ok().and_then(|name| name.parse::<Day>().ok());
                let Some(day) = day else { return };
                if self.dir.is_dir(name, kind) {
                    days.push(day);
                } else {
                    refused.push(Report::failure(
                        join(self.path(), name),
                        "refused: it has a day's name but is not a directory",
                    ));
                }
            })?;
        }
        if let Some(layout) = &self.layout {
            let now = Instant::now();
            self.add_flat_days(layout, &mut days)?;
            let _ = self.listed.set(now); // the first listing counts
        }
        days.sort_unstable_by(|a, b| b.cmp(a));
        days.dedup();
        Ok((days, refused))
    }

    fn add_flat_days(&self, layout: &CameraLayout, days: &mut Vec<Day>) -> Result<()> {
        if let (DatePlace::Directory { levels }, Some(pattern)) = (layout.date(), layout.layout.patterns().first()) {
            return add_dated(&self.dir, pattern, (levels, ""), days);
        }
        let index = layout.cache.current(self.files_of_all_days(layout), None)?;
        let own = layout.names_camera.then_some(&self.camera);
        days.extend(index.days.keys().filter(|(of, _)| of.as_ref() == own).map(|(_, day)| *day));
        Ok(())
    }

    pub(super) fn files_of_all_days<'a>(&'a self, layout: &'a CameraLayout) -> Place<'a> {
        let query = Query { layout: &layout.layout, prefix: "", names_camera: layout.names_camera };
        Place { base: &self.dir, query, is_shared: true }
    }

    /// Whether any file is of its layout, or may be.
    pub(super) fn has_flat_files(&self) -> bool {
        let Some(layout) = &self.layout else { return false };
        if layout.date() == DatePlace::File {
            let recent = layout.cache.recent(self.files_of_all_days(layout));
            if recent.is_ok_and(|index| !index.days.is_empty()) {
                return true; // without listing a directory that is being written to
            }
        }
        let mut days = Vec::new();
        self.add_flat_days(layout, &mut days).is_ok() && !days.is_empty()
    }

    /// Names that are neither days nor hidden nor the queue, nor described by its layout: Motion's `lastsnap.jpg` and other
    /// strays.
    pub fn strays(&self) -> Result<Vec<PathBuf>> {
        let mut strays = Vec::new();
        if let Some(layout) = self.layout.as_ref().filter(|layout| layout.date() == DatePlace::File) {
            let index = layout.cache.current(self.files_of_all_days(layout), self.listed.get().copied())?;
            let is_stray = |name: &&String| {
                let first = name.split('/').next().unwrap_or_default();
                let is_other = first.starts_with('.') || matches!(first, "delete_queue" | "queue" | "lost+found");
                if layout.in_root && name.ends_with('/') {
                    return false; // it may be a camera's directory; others are reported for the root
                }
                let is_of_others = layout.in_root && layout.of_root.iter().any(|of| of.parse(name) != Parsed::None);
                !is_other && first.parse::<Day>().is_err() && !is_of_others
            };
            let names = index.unknown.iter().filter(is_stray).map(|name| name.trim_end_matches('/'));
            strays.extend(names.map(|name| join(self.path(), name.as_bytes())));
            return Ok(strays);
        }
        self.dir.list(|name, kind| {
            let text = std::str::from_utf8(name);
            let is_day = text.is_ok_and(|name| name.parse::<Day>().is_ok() || self.may_lead_to_days(name));
            // In the root, a directory may be a camera's; others are reported for the root.
            let is_of_root = !self.has_directory() && self.dir.is_dir(name, kind);
            if !is_day && !is_of_root && name != b"delete_queue" && !name.starts_with(b".") {
                strays.push(join(self.path(), name));
            }
        })?;
        strays.sort_unstable();
        Ok(strays)
    }

    /// Whether a directory at this path below its own may hold days of its layout, or their files.
    pub(super) fn may_lead_to_days(&self, path: &str) -> bool {
        let mut patterns = self.layout.iter().flat_map(|layout| layout.layout.patterns());
        patterns.any(|pattern| pattern.may_lead(path))
    }

    /// Opens one day as it is now.
    pub fn day(&self, day: Day) -> Result<DayDir> {
        let name = day.to_string();
        let new = |dir: Dir| DayDir::new(dir, self.camera.clone(), day, self.numbers);
        let Some(layout) = &self.layout else { return self.dir.open_dir(name.as_bytes()).map(new) };
        let own = if self.has_directory() { self.dir.open_dir_if_there(name.as_bytes())? } else { None };
        let missing = || Error::io("open", join(self.path(), name.as_bytes()), std::io::ErrorKind::NotFound);
        let Some(path) = layout.day_dir(day) else {
            let flat = self.flat_source(layout, self.dir.again()?, String::new(), day).shared();
            let has_files = !flat.recent()?.entries().is_empty() || !flat.list()?.entries().is_empty();
            return match own {
                Some(own) if has_files => Ok(new(own).with_flat(flat, false)),
                Some(own) => Ok(new(own)),
                None if has_files => Ok(new(self.dir.again()?).with_flat(flat, false).without_directory()),
                None => Err(missing()),
            };
        };
        let prefix = format!("{path}/");
        if path == name
            && let Some(own) = own
        {
            let flat = self.flat_source(layout, own.again()?, prefix, day);
            return Ok(new(own).with_flat(flat, true));
        }
        let dated = match open_path(&self.dir, &path) {
            Err(error) if error.is_no_directory() => None,
            other => Some(other?),
        };
        match (own, dated) {
            (Some(own), None) => Ok(new(own)),
            (Some(own), Some(dated)) => Ok(new(own).with_flat(self.flat_source(layout, dated, prefix, day), false)),
            (None, Some(dated)) => {
                let flat = self.flat_source(layout, dated.again()?, prefix, day);
                Ok(new(dated).with_flat(flat, true))
            }
            (None, None) => Err(missing()),
        }
    }

    /// The flat files of a day in this directory, which the patterns describe by `prefix`.
    fn flat_source(&self, layout: &CameraLayout, base: Dir, prefix: String, day: Day) -> FlatSource {
        let camera = layout.names_camera.then(|| self.camera.clone());
        let cache = Some(Arc::clone(&layout.cache));
        FlatSource::new(base, Arc::clone(&layout.layout), prefix, (camera, day), cache)
            .listed_since(self.listed.get().copied())
    }
}

/// Adds the days of directories whose path has a date, `levels` more levels down; `below` is the path so far.
fn add_dated(dir: &Dir, pattern: &Pattern, (levels, below): (usize, &str), days: &mut Vec<Day>) -> Result<()> {
    let mut inner = Vec::new();
    dir.list(|name, kind| {
        let Ok(name) = std::str::from_utf8(name) else { return };
        let path = format!("{below}{name}");
        if levels == 1 {
            days.extend(pattern.day_of_dir(&path).filter(|_| dir.is_dir(name.as_bytes(), kind)));
        } else if pattern.may_lead(&path) && dir.is_dir(name.as_bytes(), kind) {
            inner.push(name.to_owned());
        }
    })?;
    for name in inner {
        match dir.open_dir(name.as_bytes()) {
            Err(error) if error.is_no_directory() => {} // removed since it was listed
            inner => add_dated(&inner?, pattern, (levels - 1, &format!("{below}{name}/")), days)?,
        }
    }
    Ok(())
}

/// Opens a directory by a path of several names, refusing links.
pub(super) fn open_path(base: &Dir, path: &str) -> Result<Dir> {
    let mut dir: Option<Dir> = None;
    for part in path.split('/') {
        dir = Some(dir.as_ref().unwrap_or(base).open_dir(part.as_bytes())?);
    }
    dir.map_or_else(|| base.again(), Ok)
}

#[cfg(test)]
mod tests;
