//! Recordings in a root, a camera's directory or a day that no layout describes: they are not read, and reported with the
//! remedy.

use rustix::fs::FileType;

use super::dir::Dir;
use super::{CameraDir, Report, Tree};
use crate::error::Result;
use crate::event::frames::Format;
use crate::event::{Camera, MovieName};
use crate::layout::{DatePlace, Parsed};
use crate::printable::printable;

/// How many days of a camera are checked, newest first. The newest may have just begun.
pub(super) const CHECKED_DAYS: usize = 3;

/// The remedy in messages.
const CURE: &str = "if they are Motion's, owlery layout ROOT says which layout they have, and the flag to use";

/// Recordings in one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flat {
    files: u64,
    /// The first movie by name, or the first picture.
    example: String,
}

impl Flat {
    /// The recordings directly in a directory; `None` if there are none.
    pub(crate) fn in_dir(dir: &Dir) -> Result<Option<Self>> {
        let (mut files, mut movie, mut picture) = (0, None::<Vec<u8>>, None::<Vec<u8>>);
        dir.list(|name, kind| {
            let is_movie = MovieName::parse(name).is_some();
            if (!is_movie && !is_picture(name)) || dir.is_dir(name, kind) {
                return;
            }
            files += 1;
            let example = if is_movie { &mut movie } else { &mut picture };
            if example.as_ref().is_none_or(|known| name < known.as_slice()) {
                *example = Some(name.to_vec());
            }
        })?;
        let example = movie.or(picture); // a movie is better evidence
        Ok(example.map(|example| Self { files, example: String::from_utf8_lossy(&example).into_owned() }))
    }

    /// Describes what was found below `place` (empty, or a directory with its slash).
    pub(crate) fn seen(&self, place: &str) -> String {
        let example = printable(&self.example);
        let count = if self.files == 1 { String::new() } else { format!("{} ", self.files) };
        format!("it contains {count}files such as {place}{example}: {CURE}")
    }
}

/// Pictures that Motion names by the time or a number.
fn is_picture(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_digit)
        && Format::ALL.into_iter().any(|format| name.ends_with(format.ending().as_bytes()))
}

impl Tree {
    /// Reports recordings in the root itself that no camera has; `None` if there are none. No layout describes them, or
    /// their names are of a camera that has a directory.
    pub fn unread_in_root(&self) -> Result<Option<Report>> {
        let cameras = self.cameras()?.open;
        let in_root: Vec<&CameraDir> = cameras.iter().filter(|camera| !camera.has_directory()).collect();
        if in_root.iter().any(|camera| camera.layout.as_ref().is_some_and(|layout| layout.date() != DatePlace::File)) {
            return Ok(None); // then their files are in directories
        }
        let (mut files, mut example) = (0u64, None::<String>);
        let root = self.root_dir()?;
        root.list(|name, kind| {
            let is_recording = (MovieName::parse(name).is_some() || is_picture(name))
                && root.kind_of(name, kind) == FileType::RegularFile;
            let Ok(name) = std::str::from_utf8(name) else { return };
            if is_recording && !in_root.iter().any(|camera| camera.describes(name)) {
                files += 1;
                if example.as_deref().is_none_or(|known| name < known) {
                    example = Some(name.to_owned());
                }
            }
        })?;
        Ok(example.map(|example| {
            let problem = format!(
                "{files} recordings in it are neither shown nor expired, such as {}: no layout describes them (owlery layout \
                 ROOT says more), or the camera in their names has a directory (give them another: --layout 'NAME=PATTERN')",
                printable(&example)
            );
            Report::note(self.root(), problem)
        }))
    }

    /// Reports the cameras accepted by `is_asked` whose newest days hold recordings and no event.
    pub fn flat_cameras(&self, is_asked: impl Fn(&Camera) -> bool) -> Result<Vec<Report>> {
        let cameras = self.cameras()?.open;
        let reports =
            cameras.iter().filter(|camera| is_asked(camera.camera())).filter_map(|camera| match flat(camera) {
                Ok(seen) => seen.map(|seen| Report::note(camera.path(), seen)),
                Err(_) => None, // the walk reports what cannot be read
            });
        Ok(reports.collect())
    }
}

/// Describes a camera's flat layout.
fn flat(camera: &CameraDir) -> Result<Option<String>> {
    let days = camera.days()?.0;
    for day in days.iter().take(CHECKED_DAYS) {
        let dir = camera.day(*day)?;
        if let Some(flat) = Flat::in_dir(&dir.dir)? {
            let list = dir.list()?;
            if !list.events.is_empty() || list.loose > 0 {
                return Ok(None);
            }
            let place = camera.day_folder(*day)?.map_or_else(String::new, |folder| format!("{folder}/"));
            return Ok(Some(flat.seen(&place) + "; they are not shown and never expire"));
        }
    }
    if !days.is_empty() {
        return Ok(None);
    }
    let flat = Flat::in_dir(&camera.dir)?;
    Ok(flat.map(|flat| flat.seen("") + "; they are not shown and never expire"))
}

impl CameraDir {
    /// Whether a file of this name, in the root or the camera's directory, is one of its own.
    fn describes(&self, name: &str) -> bool {
        self.layout.as_ref().is_some_and(|layout| match layout.layout.parse(name) {
            Parsed::File(file) => !layout.names_camera || file.camera.as_ref() == Some(self.camera()),
            Parsed::None | Parsed::Ambiguous => false,
        })
    }
}
