//! The files of an event, as stores copy them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use owlery_store::Source;

use crate::archive::EventFiles;
use crate::error::Error;

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

impl Source for EventSource {
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
