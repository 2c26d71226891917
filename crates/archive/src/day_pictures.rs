//! The pictures of a day that belong to no event: snapshots, and stills of other times than an event's.

use std::io;

use super::media::{MediaFile, hide};
use super::{DayDir, Tree};
use crate::error::{Error, Result};
use crate::event::{Camera, Day};
use crate::flat::open_below;
use crate::layout::FileKind;

impl Tree {
    /// The pictures of a day that belong to no event, each as its path below the day and its size in bytes, sorted. None
    /// for a day that does not exist.
    pub fn day_pictures(&self, camera: &Camera, day: Day) -> Result<Vec<(String, u64)>> {
        let Some(day) = self.day_if_there(camera, day)? else { return Ok(Vec::new()) };
        let mut pictures = day.loose()?;
        pictures.retain(|(path, _)| is_picture(&day, path));
        Ok(pictures)
    }

    /// Opens a picture of a day by that path. Anything else is "not found".
    pub fn open_day_picture(&self, camera: &Camera, day: Day, path: &str) -> Result<MediaFile> {
        let missing = || Error::io("open", self.day_path(camera, day).join(path), io::ErrorKind::NotFound);
        let day = self.day_if_there(camera, day)?.filter(|day| is_picture(day, path)).ok_or_else(missing)?;
        let base = day.flat.as_ref().ok_or_else(missing)?.base();
        let file = open_below(base, path).map_err(hide)?;
        MediaFile::of(file).map_err(|e| Error::io("open", base.path().join(path), e))?.ok_or_else(missing)
    }

    fn day_if_there(&self, camera: &Camera, day: Day) -> Result<Option<DayDir>> {
        match self.camera(camera).and_then(|camera| camera.day(day)) {
            Err(Error::Unknown { .. }) => Ok(None),
            Err(error) if error.is_no_directory() => Ok(None),
            other => other.map_err(hide).map(Some),
        }
    }
}

/// Whether the path is that of a picture of the day, as last listed.
fn is_picture(day: &DayDir, path: &str) -> bool {
    let listed = day.flat.as_ref().and_then(|flat| flat.recent().ok());
    listed.is_some_and(|listed| {
        let entries = listed.entries();
        let found = entries.binary_search_by(|entry| (*entry.path).cmp(path)).ok().and_then(|at| entries.get(at));
        let is_it = |kind| matches!(kind, FileKind::Picture(_) | FileKind::DebugPicture(_) | FileKind::Snapshot);
        found.is_some_and(|entry| is_it(entry.file.kind))
    })
}
