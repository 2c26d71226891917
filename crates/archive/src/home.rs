//! Where a day of a pass goes back to, by the layout that the pass's manifest has for its camera.

use std::sync::Arc;

use super::day_dir::DayDir;
use super::dir::Dir;
use super::flat::FlatSource;
use super::numbered::Numbers;
use super::queue::RetiredLayout;
use super::retire::open_or_make_like;
use crate::error::Result;
use crate::event::{Camera, Day};
use crate::layout::Layout;

/// The place of a camera's day in the archive.
#[derive(Debug)]
pub(super) struct Home {
    flat: Option<Flat>,
    day: Day,
}

#[derive(Debug)]
struct Flat {
    layout: Arc<Layout>,
    in_root: bool,
    /// The path of the day's directory below the camera's; `None` if the files of all days are in one.
    day_dir: Option<String>,
}

impl Home {
    /// Fails if the manifest's patterns contradict each other.
    pub(super) fn of(layout: Option<&RetiredLayout>, day: Day) -> Result<Self> {
        let flat = layout.map(|retired| {
            let layout = Layout::new(retired.patterns.clone())?;
            let day_dir = layout.patterns().first().and_then(|pattern| pattern.day_dir(day));
            Ok::<_, crate::error::Error>(Flat { layout: Arc::new(layout), in_root: retired.in_root, day_dir })
        });
        Ok(Self { flat: flat.transpose()?, day })
    }

    /// Whether the files were in the root.
    pub(super) fn is_root(&self) -> bool {
        self.flat.as_ref().is_some_and(|flat| flat.in_root)
    }

    /// The flat files of the day in a directory of a pass; `None` if the camera had no layout of such files.
    pub(super) fn source(&self, dir: Dir) -> Option<FlatSource> {
        let flat = self.flat.as_ref()?;
        let prefix = flat.day_dir.as_ref().map(|path| format!("{path}/")).unwrap_or_default();
        // All that is in the pass for a camera is that camera's, whatever the names say.
        Some(FlatSource::new(dir, Arc::clone(&flat.layout), prefix, (None, self.day), None))
    }

    /// The day of a directory in a pass, which was moved as a whole or holds the directories of events.
    pub(super) fn retired_day(&self, dir: Dir, camera: &Camera, day: Day) -> Result<DayDir> {
        let has_own = self.day_dir() == Some(day.to_string().as_str());
        let flat = if has_own { self.source(dir.again()?) } else { None };
        let retired = DayDir::new(dir, camera.clone(), day, Numbers::Retired);
        Ok(match flat {
            Some(flat) => retired.with_flat(flat, true),
            None => retired,
        })
    }

    /// Whether the flat files of the day were in a directory of that day, which may go back as a whole.
    pub(super) fn day_dir(&self) -> Option<&str> {
        self.flat.as_ref()?.day_dir.as_deref()
    }

    /// The directory in which the paths of flat files begin, made if it is missing.
    pub(super) fn make_base(&self, camera: &Dir, changed: &mut Changed<'_>) -> Result<Dir> {
        match self.day_dir() {
            Some(path) => make_path(camera, path, changed),
            None => camera.again(),
        }
    }
}

/// Takes each directory in which names changed, so that it is synced.
pub(super) type Changed<'a> = dyn FnMut(&Dir) -> Result<()> + 'a;

/// Opens a directory by a path of several names, and makes what is missing of it.
pub(super) fn make_path(base: &Dir, path: &str, changed: &mut Changed<'_>) -> Result<Dir> {
    let mut dir: Option<Dir> = None;
    for part in path.split('/').map(str::as_bytes) {
        let above = dir.as_ref().unwrap_or(base);
        if let Some(there) = above.open_dir_if_there(part)? {
            dir = Some(there);
            continue;
        }
        changed(above)?;
        // Motion made the directories of years, months and hours alike.
        dir = Some(open_or_make_like(above, part, above)?);
    }
    dir.map_or_else(|| base.again(), Ok)
}
