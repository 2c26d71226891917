//! The files of an event, wherever they are, for those who make something of them: derived media and zip files.

use std::borrow::Cow;

use super::handle::Handle;
#[cfg(feature = "stores")]
use super::stored_media::StoredFiles;
use crate::archive::{EventFiles, MediaFile};
#[cfg(not(feature = "stores"))]
use crate::error::Error;
use crate::error::Result;
use crate::event::{EventId, Location};

/// The files of an event by name. Its methods block for as long as the disk, or the store, takes.
#[derive(Debug)]
pub enum MediaFiles {
    /// Of the archive.
    Archive(EventFiles),
    /// Of a store.
    #[cfg(feature = "stores")]
    Store(StoredFiles),
}

impl From<EventFiles> for MediaFiles {
    fn from(files: EventFiles) -> Self {
        Self::Archive(files)
    }
}

impl MediaFiles {
    /// Whether each file is in `debug/`, and its name; the event's own files first, each group sorted. Of a store's event, this may read
    /// the directory of its frames.
    pub fn names(&self) -> Result<Cow<'_, [(bool, String)]>> {
        match self {
            Self::Archive(files) => Ok(Cow::Borrowed(&files.names)),
            #[cfg(feature = "stores")]
            Self::Store(files) => files.names_waiting().map(Cow::Owned),
        }
    }

    /// Names that are not UTF-8, with replaced bytes.
    pub fn was_odd(&self) -> &[String] {
        match self {
            Self::Archive(files) => &files.was_odd,
            #[cfg(feature = "stores")]
            Self::Store(_) => &[],
        }
    }

    /// Opens a file. One of a store is fetched whole first, each part compared with its checksum. A file that is gone is "not found".
    pub fn open(&self, place: &(bool, String)) -> Result<MediaFile> {
        match self {
            Self::Archive(files) => files.open(place),
            #[cfg(feature = "stores")]
            Self::Store(files) => files.fetch(place),
        }
    }
}

impl Handle {
    /// The files of an event. Blocks for as long as the disk, or the store, takes. Whether a user may use the store was checked before.
    ///
    /// # Errors
    /// There is no such event; or the disk, or the store, cannot be used.
    pub fn files_of(&self, id: &EventId, location: &Location) -> Result<MediaFiles> {
        match location.store() {
            None => self.event_files(id).map(MediaFiles::Archive),
            #[cfg(feature = "stores")]
            Some(store) => {
                let files = self.stored_files_waiting(store, id).map_err(|error| error.of_file(id, ""))?;
                Ok(MediaFiles::Store(files))
            }
            #[cfg(not(feature = "stores"))]
            Some(_) => Err(Error::io("open", id.to_string(), std::io::ErrorKind::NotFound)),
        }
    }
}
