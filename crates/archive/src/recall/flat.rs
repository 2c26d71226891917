//! Puts flat events back: the files by their own names among those of their layout. Only movies and their thumbnails have kept those
//! names; pictures have others within an event than on the disk.

use super::{Placed, Recall, Shape, move_file};
use crate::dir::{Dir, join};
use crate::error::{Error, Result};
use crate::event::{Day, EventId, EventName, MovieName};
use crate::fault::crash;
use crate::home::make_path;
use crate::layout::Parsed;
use crate::retire::Touched;
use crate::{CameraDir, SAVED, Tree};

impl Recall {
    /// How an event with files of these names lies in the archive of its camera.
    pub fn shape<'n>(&self, day: Day, event: EventName, names: impl Iterator<Item = &'n str>) -> Shape {
        if self.camera.layout.is_none() {
            return Shape::Directory;
        }
        let (mut fitting, mut others) = (0, 0);
        names.for_each(|name| match self.camera.flat_path(day, event, name) {
            Some(_) => fitting += 1,
            None => others += 1,
        });
        match (fitting, others) {
            (0, 1..) => Shape::Directory,
            (1.., 0) => Shape::Flat,
            _ => Shape::Unclear,
        }
    }
}

impl CameraDir {
    /// The path of an event's file of this name below the camera's directory; `None` if its layout has no such file, or its directory
    /// is not known: with directories of hours, only a file of the second at which the event began has one that is certain.
    fn flat_path(&self, day: Day, event: EventName, name: &str) -> Option<String> {
        let layout = self.layout.as_ref()?;
        let parsed = |path: &str| match layout.layout.parse(path) {
            Parsed::File(file) if file.day == day => {
                (!layout.names_camera || file.camera.as_ref() == Some(self.camera())).then_some(file)
            }
            _ => None,
        };
        let Some(dir) = layout.day_dir(day) else { return parsed(name).map(|_| name.to_owned()) };
        let path = format!("{dir}/{name}");
        if parsed(&path).is_some() {
            return Some(path);
        }
        let began = event.secs()?;
        let path = format!("{dir}/{:02}/{name}", began / 3600);
        parsed(&path).filter(|file| file.secs == began).map(|_| path)
    }
}

impl Tree {
    /// Fails if the movie of an event that was gathered as a directory is flat by the camera's layout, which the process that has
    /// gathered it did not know.
    pub(super) fn check_shape(camera: &CameraDir, id: &EventId, event: &Dir) -> Result<()> {
        let is_flat = |name: &Vec<u8>| {
            let name = std::str::from_utf8(name).ok().filter(|name| MovieName::parse(name.as_bytes()).is_some());
            name.is_some_and(|name| camera.flat_path(id.day, id.name, name).is_some())
        };
        if camera.layout.is_none() || !event.names()?.iter().any(is_flat) {
            return Ok(());
        }
        let why = "its camera has a flat layout; give owlery recall the same --layout as the running owlery";
        Err(Error::io("recall", event.path(), std::io::Error::other(why)))
    }

    /// Steps 5 and 6 for a flat event: the files one by one, movies last, since the event is where its movie is.
    pub(super) fn place_flat(&self, camera: &CameraDir, id: &EventId, files: &Dir) -> Result<Placed> {
        let mut names = files.names()?;
        let is_saved = files.has(SAVED.as_bytes())?;
        names.retain(|name| !name.starts_with(b"."));
        names.sort_by_key(|name| MovieName::parse(name).is_some());
        let mut moves = Vec::new();
        for name in &names {
            let path = std::str::from_utf8(name).ok().and_then(|name| camera.flat_path(id.day, id.name, name));
            let other = || std::io::Error::other("the layout of its camera has no file of this name");
            let path = path.ok_or_else(|| Error::io("recall", join(files.path(), name), other()))?;
            moves.push((name, path));
        }
        let mut touched = Touched::default();
        let mut placed = Placed { is_new: true, is_flat: true, ..Placed::default() };
        touched.add(files)?;
        for (name, path) in &moves {
            let above = path.rsplit_once('/').map(|(above, _)| above);
            let to = match above {
                Some(above) => make_path(&camera.dir, above, &mut |dir| touched.add(dir))?,
                None => camera.dir.again()?,
            };
            touched.add(&to)?;
            move_file((files, name), &to, &mut placed)?;
            crash("recall-5");
        }
        touched.sync()?;
        crash("recall-6");
        if is_saved {
            self.save(id)?.sync()?;
        }
        Ok(placed)
    }
}
