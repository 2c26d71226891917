//! The paths of recordings: for messages, for the watcher, and to recognise a path from outside. No other module
//! builds such paths. Only the watcher opens files by them; all other code works by directory handle.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::dir::join;
use super::{CameraDir, DayDir, SIDECAR, Tree};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId, EventName, MovieName};
use crate::layout::{Parsed, Pattern};

/// The path of a day below the directory of its camera.
pub fn day_path(camera: &Path, day: Day) -> PathBuf {
    camera.join(day.to_string())
}

/// The path of an event below the directory of its camera.
pub fn event_path(camera: &Path, day: Day, name: EventName) -> PathBuf {
    join(&day_path(camera, day), name.text().as_bytes())
}

/// The event of a movie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovieOf {
    /// The event.
    pub event: EventId,
    /// Whether Motion writes no other movie of this event, so that the end of the movie is that of the event.
    pub is_only: bool,
}

impl Tree {
    /// The path of a day. It need not exist.
    pub fn day_path(&self, camera: &Camera, day: Day) -> PathBuf {
        day_path(&self.root().join(camera.as_str()), day)
    }

    /// The path of an event: its directory, which need not exist, or the first movie or file of a flat one.
    pub fn event_path(&self, id: &EventId) -> PathBuf {
        if !self.layouts().is_empty()
            && let Ok(day) = self.camera(&id.camera).and_then(|camera| camera.day(id.day))
        {
            return day.event_path(id.name);
        }
        event_path(&self.root().join(id.camera.as_str()), id.day, id.name)
    }

    /// The event that the movie at this path belongs to. Motion may use another path to the archive: the names identify
    /// the event, and the file itself proves that it is the same. Fails with [`Error::Name`] if it is not a movie of an
    /// event of this archive.
    pub fn event_of_movie(&self, path: &Path) -> Result<MovieOf> {
        if let Some(found) = self.flat_event_of_movie(path) {
            return Ok(found);
        }
        let refuse = || Error::Name { what: "a movie of an event of this archive", text: path.display().to_string() };
        let mut names = path.iter().rev().map(|name| name.to_str().ok_or_else(refuse));
        let mut name = || names.next().ok_or_else(refuse)?;
        let (file, event, day, camera) = (name()?, name()?, name()?, name()?);
        let movie = MovieName::parse(file.as_bytes()).filter(|movie| !movie.looks_like_debug()).ok_or_else(refuse)?;
        let id: EventId = format!("{camera}/{day}/{event}").parse()?;
        let identity = |path: &Path| {
            let stat = path.metadata().map_err(|e| Error::io("find", path, e))?;
            Ok::<_, Error>((stat.dev(), stat.ino()))
        };
        if identity(path)? != identity(&self.event_path(&id).join(file))? {
            return Err(refuse());
        }
        Ok(MovieOf { event: id, is_only: movie.is_usual() })
    }

    /// The flat event that the movie at this path belongs to. The end of the path is that of a file of one camera, and
    /// the file there is the same.
    fn flat_event_of_movie(&self, path: &Path) -> Option<MovieOf> {
        let is_same = |one: &Path, other: &Path| {
            let (Ok(one), Ok(other)) = (one.metadata(), other.metadata()) else { return false };
            (one.dev(), one.ino()) == (other.dev(), other.ino())
        };
        MovieName::parse(path.file_name()?.as_encoded_bytes()).filter(|movie| !movie.looks_like_debug())?;
        for camera in self.cameras().ok()?.open {
            let Some(layout) = &camera.layout else { continue };
            let levels: BTreeSet<usize> = layout.layout.patterns().iter().map(Pattern::dirs).collect();
            let read = |levels: usize| {
                let names: Vec<&str> = path.iter().rev().take(levels + 1).filter_map(|name| name.to_str()).collect();
                let below = names.into_iter().rev().collect::<Vec<_>>().join("/");
                let Parsed::File(file) = layout.layout.parse(&below) else { return None };
                let is_own = !layout.names_camera || file.camera.as_ref() == Some(camera.camera());
                (is_own && is_same(path, &camera.path().join(&below))).then_some((below, file))
            };
            let Some((below, file)) = levels.into_iter().find_map(read) else { continue };
            let day = camera.day(file.day).ok()?;
            let flat = day.flat.as_ref()?;
            let inner = below.strip_prefix(flat.prefix()).unwrap_or(&below);
            let event = flat.list().ok()?.event_of(inner)?;
            return Some(MovieOf { event: day.id(event), is_only: file.number.is_none() });
        }
        None
    }
}

impl CameraDir {
    /// The path of one of its days: its directory, or that of the files of all days.
    pub fn day_path(&self, day: Day) -> PathBuf {
        match self.day_folder(day) {
            Ok(folder) => folder.map_or_else(|| self.path().to_path_buf(), |folder| self.path().join(folder)),
            Err(_) => day_path(self.path(), day),
        }
    }
}

impl DayDir {
    /// The path of one of its events; of a flat one, that of its first movie or file.
    pub fn event_path(&self, name: EventName) -> PathBuf {
        if let Ok(Some(flat)) = self.flat_event(name) {
            return flat.path();
        }
        join(self.path(), name.text().as_bytes())
    }

    /// The path of an entry of its directory that is not an event.
    pub fn entry_path(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The path of an event's sidecar.
    pub fn sidecar_path(&self, name: EventName) -> PathBuf {
        self.event_path(name).join(SIDECAR)
    }
}

#[cfg(test)]
mod tests;
