//! The paths of recordings: for messages, for the watcher, and to recognise a path from outside. No other module
//! builds such paths. Only the watcher opens files by them; all other code works by directory handle.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::dir::join;
use super::{CameraDir, DayDir, SIDECAR, Tree};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId, EventName, MovieName};

/// The path of a day below the directory of its camera.
pub fn day_path(camera: &Path, day: Day) -> PathBuf {
    camera.join(day.to_string())
}

/// The path of an event below the directory of its camera.
pub fn event_path(camera: &Path, day: Day, name: EventName) -> PathBuf {
    join(&day_path(camera, day), name.text().as_bytes())
}

impl Tree {
    /// The path of a day. It need not exist.
    pub fn day_path(&self, camera: &Camera, day: Day) -> PathBuf {
        day_path(&self.root().join(camera.as_str()), day)
    }

    /// The path of an event. It need not exist.
    pub fn event_path(&self, id: &EventId) -> PathBuf {
        event_path(&self.root().join(id.camera.as_str()), id.day, id.name)
    }

    /// The event that the movie at this path belongs to, and the movie's name. Motion may use another path to the
    /// archive: the names identify the event, and the file itself proves that it is the same. Fails with
    /// [`Error::Name`] if it is not a movie of an event of this archive.
    pub fn event_of_movie(&self, path: &Path) -> Result<(EventId, MovieName)> {
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
        Ok((id, movie))
    }
}

impl CameraDir {
    /// The path of one of its days.
    pub fn day_path(&self, day: Day) -> PathBuf {
        day_path(self.path(), day)
    }
}

impl DayDir {
    /// The path of one of its events.
    pub fn event_path(&self, name: EventName) -> PathBuf {
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
