//! A person's word that an event is to be kept: the entry `.saved` in its directory, written and taken away.

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::dir::{Dir, join};
use super::{SAVED, Tree};
use crate::error::{Error, Result};
use crate::event::EventId;

impl Tree {
    /// Makes an event saved. Nothing changes if it is already.
    pub fn save(&self, id: &EventId) -> Result<()> {
        let event = self.named_event(id)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&event, SAVED, flags, Mode::from_raw_mode(0o644)) {
            Ok(file) => event.give_owner_to(&file),
            Err(Errno::EXIST) => {}
            Err(e) => return Err(Error::io("save", event.path(), e)),
        }
        event.sync()
    }

    /// Makes an event one like others. Nothing changes if it is already. What is named `.saved` is removed whatever it
    /// is, but for a directory with something in it.
    pub fn unsave(&self, id: &EventId) -> Result<()> {
        let event = self.named_event(id)?;
        let removed = match rustix::fs::unlinkat(&event, SAVED, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => rustix::fs::unlinkat(&event, SAVED, AtFlags::REMOVEDIR),
            other => other,
        };
        match removed {
            Ok(()) | Err(Errno::NOENT) => event.sync(),
            Err(e) => Err(Error::io("remove", join(event.path(), SAVED.as_bytes()), e)),
        }
    }

    /// Whether an event is saved right now; when it cannot be told, it is.
    pub fn is_saved(&self, id: &EventId) -> Result<bool> {
        Ok(self.named_event(id)?.has(SAVED.as_bytes()).unwrap_or(true))
    }

    /// Opens an event's directory; [`Error::Unknown`] if there is none.
    fn named_event(&self, id: &EventId) -> Result<Dir> {
        let opened = self.event_dir(id);
        opened.map_err(|error| {
            if error.is_no_directory() { Error::Unknown { what: "event", name: id.to_string() } } else { error }
        })
    }
}
