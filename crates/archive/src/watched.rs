//! What the watcher needs to know about the places of days and events: which directories to watch, and what a hint about
//! one file of a flat layout means.

use std::path::PathBuf;

use super::{CameraDir, DayDir, Tree};
use crate::error::Result;
use crate::event::{Day, EventId, EventName};
use crate::layout::{DatePlace, Parsed};

/// What a hint about one file means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// These events of a day may have changed, appeared or gone.
    Events(Day, Vec<EventName>),
    /// Nothing that is listed: a file that no layout describes.
    Nothing,
    /// Only a listing shows what changed.
    Unknown,
}

impl CameraDir {
    /// The path of a day's own directory below the camera's; `None` if its files lie among those of other days.
    pub fn day_folder(&self, day: Day) -> Result<Option<String>> {
        let usual = day.to_string();
        match &self.layout {
            Some(layout) if !self.has_directory() || !self.dir.has(usual.as_bytes())? => Ok(layout.day_dir(day)),
            Some(_) | None => Ok(Some(usual)),
        }
    }

    /// The directories between the camera's and those of its days, as paths below the camera's: years and months.
    pub fn folders_of_days(&self, days: &[Day]) -> Vec<PathBuf> {
        let mut folders = std::collections::BTreeSet::new();
        for path in days.iter().filter_map(|day| self.layout.as_ref()?.day_dir(*day)) {
            let mut path = path.as_str();
            while let Some((above, _)) = path.rsplit_once('/') {
                folders.insert(PathBuf::from(above));
                path = above;
            }
        }
        folders.into_iter().collect()
    }

    /// Whether files of its days lie in the camera's directory itself.
    pub fn holds_files(&self) -> bool {
        self.layout.as_ref().is_some_and(|layout| layout.date() == DatePlace::File)
    }

    /// The meaning of a hint about a file at this path below the camera's directory. Reads that one name again, instead of
    /// listing the directory.
    pub fn note(&self, path: &str) -> Hint {
        let Some(layout) = &self.layout else { return Hint::Unknown };
        let Parsed::File(file) = layout.layout.parse(path) else { return self.note_other(path) };
        if layout.names_camera && file.camera.as_ref() != Some(self.camera()) {
            layout.cache.note(self.files_of_all_days(layout), path); // it may be a camera's first
            return Hint::Unknown;
        }
        let changed = || {
            let source = self.day(file.day).ok()?.flat?;
            let inner = path.strip_prefix(source.prefix()).unwrap_or(path);
            source.note(inner)
        };
        changed().map_or(Hint::Unknown, |events| Hint::Events(file.day, events))
    }

    /// The meaning of a hint about a name that no pattern describes: a day, an event's directory or a camera may have
    /// appeared or gone, but other files matter to nothing.
    fn note_other(&self, path: &str) -> Hint {
        let (folder, name) = path.rsplit_once('/').map_or((None, path), |(folder, name)| (Some(folder), name));
        let is_event_or_day = name.parse::<Day>().is_ok() || EventName::from_bytes(name.as_bytes()).is_some();
        let parent = folder.map_or_else(|| self.dir.again(), |folder| super::days::open_path(&self.dir, folder));
        let is_file = match parent.and_then(|parent| parent.stat(name.as_bytes())) {
            Ok(stat) => super::dir::file_type(&stat) != rustix::fs::FileType::Directory,
            Err(_) => name.contains('.'), // a temporary file that is gone, hardly a directory
        };
        if is_file && !is_event_or_day && !self.may_lead_to_days(path) { Hint::Nothing } else { Hint::Unknown }
    }

    /// Whether its flat files are read.
    pub fn has_layout(&self) -> bool {
        self.layout.is_some()
    }
}

impl DayDir {
    /// The directories below the day's that hold its files: those of hours.
    pub fn folders(&self) -> Result<Vec<String>> {
        self.flat.as_deref().map_or_else(|| Ok(Vec::new()), super::flat::FlatSource::inner_dirs)
    }
}

impl Tree {
    /// Whether an event has a directory that can be watched; without one, its files are hinted by their names.
    pub fn has_directory(&self, id: &EventId) -> bool {
        if self.layouts().is_empty() {
            return true;
        }
        let day = self.camera(&id.camera).and_then(|camera| camera.day(id.day));
        day.is_ok_and(|day| day.has_directory && day.dir.has(id.name.text().as_bytes()).unwrap_or(false))
    }
}
