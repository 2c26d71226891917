//! The files of an event, as stores copy them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use owlery_store::Source;

use crate::archive::{EventFiles, motion_of};
use crate::error::Error;
use crate::event::frames::{Frame, Shows};

/// The files of an event of the archive, by their names in the event's directory: `NAME` or `debug/NAME`.
#[derive(Debug)]
pub struct EventSource {
    files: EventFiles,
    /// Where each is.
    places: BTreeMap<String, (bool, String)>,
}

impl From<EventFiles> for EventSource {
    fn from(files: EventFiles) -> Self {
        let name = |(in_debug, name): &(bool, String)| if *in_debug { format!("debug/{name}") } else { name.clone() };
        let places = files.names.iter().map(|place| (name(place), place.clone())).collect();
        Self { files, places }
    }
}

impl EventSource {
    /// The names of the camera's frames, in the order of their names.
    pub(crate) fn frames(&self) -> impl Iterator<Item = &str> {
        let of_camera =
            |name: &&String| Frame::parse(name.as_bytes()).is_some_and(|frame| frame.shows == Shows::Camera);
        self.places.keys().filter(of_camera).map(String::as_str)
    }

    /// How many pixels changed in a frame, if that is known.
    pub(crate) fn change(&self, frame: &str) -> Option<u32> {
        motion_of(&self.open(frame).ok()?).peak_change
    }
}

impl Source for EventSource {
    fn best_frame(&self) -> Option<String> {
        // The first one, where it is equal or unknown.
        let frames = self.frames().map(|name| (self.change(name), name));
        frames.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name.to_owned())
    }

    fn names(&self) -> Vec<String> {
        self.places.keys().cloned().collect()
    }

    fn open(&self, name: &str) -> io::Result<File> {
        let place = self.places.get(name).ok_or(io::ErrorKind::NotFound)?;
        match self.files.open(place) {
            Ok(media) => Ok(media.file),
            Err(Error::Io { source, .. }) => Err(source),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
