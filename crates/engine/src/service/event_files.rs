//! The files of events, for those who send or read them.

use super::handle::Handle;
use crate::archive::{EventFiles, MediaFile, MediaPath};
use crate::error::Result;
use crate::event::{Camera, Day, EventId};

impl Handle {
    /// Opens a file of an event.
    pub fn open_media(&self, path: &MediaPath) -> Result<MediaFile> {
        self.tree.open_media(path)
    }

    /// Opens a file of an event if that does not wait for a disk; `None` says nothing about the file.
    pub fn open_media_at_once(&self, path: &MediaPath) -> Option<MediaFile> {
        self.tree.open_media_at_once(path)
    }

    /// The files of an event, opened so that they can be listed and read later.
    pub fn event_files(&self, id: &EventId) -> Result<EventFiles> {
        self.tree.event_files(id)
    }

    /// The pictures of a day that belong to no event, by their paths below the day, and their sizes in bytes.
    pub fn day_pictures(&self, camera: &Camera, day: Day) -> Result<Vec<(String, u64)>> {
        self.tree.day_pictures(camera, day)
    }

    /// Opens a picture of a day by that path.
    pub fn open_day_picture(&self, camera: &Camera, day: Day, path: &str) -> Result<MediaFile> {
        self.tree.open_day_picture(camera, day, path)
    }

    /// The pictures of an event and their sizes in bytes, by name.
    pub fn images(&self, id: &EventId) -> Result<Vec<(String, u64)>> {
        self.tree.images(id)
    }
}
