//! Counts the recordings of a day that belong to no event, with the day or alone.

use super::{DayRead, Scanner};
use crate::archive::{Depth, Report};
use crate::error::Result;
use crate::event::{Camera, Change, Day, Loose};

impl Scanner {
    /// Counts the loose files of a day as last listed, and sends what it finds. Nothing is sent of a day that is gone: a scan
    /// of the day says so.
    pub(crate) fn count_loose(&self, camera: &Camera, day: Day) -> Result<()> {
        let _lock = self.day_locks.take(camera, day);
        let dir = match self.tree.camera(camera).and_then(|camera| camera.day(day)) {
            Err(error) if error.is_no_directory() => return Ok(()),
            other => other?,
        };
        let loose = dir.count_loose()?;
        self.send(Change::Loose(camera.clone(), day, loose))
    }
}

impl DayRead {
    /// The loose files: by their names alone if only names are read.
    pub(super) fn count_loose(&mut self, depth: Depth) -> Loose {
        let by_name = Loose { files: self.loose, bytes: None };
        if depth == Depth::NamesOnly || !self.dir.has_flat_files() {
            return by_name;
        }
        self.dir.count_loose().unwrap_or_else(|error| {
            self.reports.push(Report::of(&error, self.dir.path()));
            by_name
        })
    }
}
