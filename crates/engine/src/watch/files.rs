//! Hints about single files of flat layouts. The name says which event may have changed, so a directory of many thousands is
//! not listed again for each new file. A name that no layout describes, or that is not enough, leaves the hint to the
//! directory.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Instant;

use super::observer::Observer;
use super::targets::Target;
use super::{Watch, log_error};
use crate::archive::{CameraDir, Hint};
use crate::event::{Camera, EventId};
use crate::scan::Occasion;

impl<O: Observer> Watch<O> {
    /// The events that hints about files concern, and the directories that need not be listed for them.
    pub(super) fn hinted_files(
        &mut self,
        hints: &HashMap<PathBuf, Instant>,
    ) -> (HashSet<PathBuf>, Vec<(Target, Instant)>) {
        let (mut known, mut unknown, mut found) = (HashSet::new(), HashSet::new(), Vec::new());
        let mut cameras: HashMap<Camera, Option<CameraDir>> = HashMap::new();
        for (path, noticed) in hints {
            let Some(parent) = path.parent() else { continue };
            if self.targets.of(parent).is_empty() || !self.targets.of(path).is_empty() {
                continue; // a directory, or not in a watched one
            }
            let mut is_known = false;
            for (camera, below) in self.targets.cameras_of_file(path) {
                let open = cameras.entry(camera.clone()).or_insert_with(|| self.scanner.tree.camera(&camera).ok());
                let Some(dir) = open.as_ref().filter(|dir| dir.has_layout()) else { continue };
                match dir.note(&below) {
                    Hint::Events(day, names) if self.targets.is_listed(&camera, day) => {
                        is_known = true;
                        // It may be a file of no event, or one that an event has taken or left.
                        self.uncounted.add(&camera, day, *noticed);
                        let ids = names.into_iter().map(|name| EventId { camera: camera.clone(), day, name });
                        found.extend(ids.map(|id| (Target::Event(id), *noticed)));
                    }
                    Hint::Nothing => is_known = true,
                    Hint::Events(..) | Hint::Unknown => {}
                }
            }
            let places = if is_known { &mut known } else { &mut unknown };
            places.insert(parent.to_path_buf());
        }
        known.retain(|place| !unknown.contains(place));
        (known, found)
    }

    /// Scans an event after a hint. One that appeared may show that the one before it is over.
    pub(super) fn scan_hinted(&mut self, id: &EventId) -> crate::error::Result<()> {
        let day = (id.camera.clone(), id.day);
        let is_new = self.days.get(&day).is_some_and(|names| !names.contains(&id.name));
        self.scan_event(id, Occasion::Arrived)?;
        if is_new {
            let is_other = |open: &&EventId| open.camera == id.camera && *open != id;
            for other in self.open.iter().filter(is_other).cloned().collect::<Vec<_>>() {
                log_error(self.scan_event(&other, Occasion::Arrived));
            }
        }
        Ok(())
    }
}
