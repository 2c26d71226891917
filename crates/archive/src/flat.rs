//! Flat layouts: events whose files lie side by side in a directory, without a directory for each event. The patterns of
//! `owlery_model::layout` decide which file belongs to which event. To the rest of the program a flat event looks like
//! one with a directory: its frames have the names that they would have there (`HH-MM-SS-FF.jpg`), its movies their own.

mod day;
mod event;
mod index;
mod measure;

pub(super) use day::{FlatDay, FlatSource};
pub(super) use event::FlatEvent;
pub(super) use index::{Index, IndexCache, Place, Query};

use std::borrow::Cow;

use super::dir::{Dir, Statx};
use crate::error::Result;
use crate::layout::{FileKind, FlatFile};

/// A file of a flat layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path below the base directory: that of the day, or that of all the camera's files.
    pub path: Box<str>,
    /// What its name says.
    pub file: FlatFile,
}

impl Entry {
    /// The name on disk, without directories.
    pub(super) fn disk_name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// The name that the file has within its event.
    pub(super) fn name(&self) -> Cow<'_, str> {
        match self.file.kind {
            FileKind::Picture(frame) | FileKind::DebugPicture(frame) => frame.to_string().into(),
            _ => self.disk_name().into(),
        }
    }

    /// The stem that all files of one recording share: the name without what Motion, motionEye and Owlery append.
    pub(super) fn stem(&self) -> &str {
        let name = self.disk_name();
        match self.file.kind {
            FileKind::Saved => name.strip_prefix('.').and_then(|name| name.strip_suffix(SAVED_ENDING)).unwrap_or(name),
            FileKind::Thumb | FileKind::DebugThumb => {
                let movie = name.rsplit_once('.').map_or(name, |(movie, _)| movie);
                movie.rsplit_once('.').map_or(movie, |(stem, _)| stem)
            }
            _ => name.rsplit_once('.').map_or(name, |(stem, _)| stem),
        }
    }

    /// Whether Motion wrote it: the camera's recordings, not what other programs added.
    pub(super) fn is_recording(&self) -> bool {
        !matches!(self.file.kind, FileKind::Saved)
    }
}

/// What ends the name of a marker that protects a flat event: `.STEM.saved`.
pub(super) const SAVED_ENDING: &str = ".saved";

/// The name of the marker that protects the event with a file of this stem.
pub(super) fn saved_name(stem: &str) -> String {
    format!(".{stem}{SAVED_ENDING}")
}

/// Splits a path below a base into the directory that holds the file, which is opened without following links, and the
/// file's name. `None` instead of a directory is the base itself.
pub(super) fn open_parent<'a>(base: &Dir, path: &'a str) -> Result<(Option<Dir>, &'a str)> {
    let Some((dirs, name)) = path.rsplit_once('/') else { return Ok((None, path)) };
    let mut dir: Option<Dir> = None;
    for part in dirs.split('/') {
        dir = Some(dir.as_ref().unwrap_or(base).open_dir(part.as_bytes())?);
    }
    Ok((dir, name))
}

/// The metadata of a file below a base.
pub(super) fn stat_below(base: &Dir, path: &str) -> Result<Statx> {
    let (dir, name) = open_parent(base, path)?;
    dir.as_ref().unwrap_or(base).stat(name.as_bytes())
}

/// Opens a regular file below a base.
pub(super) fn open_below(base: &Dir, path: &str) -> Result<std::os::fd::OwnedFd> {
    let (dir, name) = open_parent(base, path)?;
    dir.as_ref().unwrap_or(base).open_file(name.as_bytes())
}
