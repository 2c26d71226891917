//! Frames of events that are still being recorded: the first picture leaves the host long before the event can be copied. No manifest
//! names them until then. A frame never changes, and its object has the frame's name, so nothing is ever replaced by something else.

use owlery_model::event::EventId;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::keys::{HostName, Keys, best_frame};
use crate::manifest::HostIndex;

/// The place of this host in a store, for single frames.
#[derive(Debug)]
pub struct Evidence {
    client: Client,
    keys: Keys,
}

impl Evidence {
    /// The place of a host for the archive with this id; `None` if no archive has copied there yet: [`crate::Host::open`] makes the
    /// place its own.
    ///
    /// # Errors
    /// Another archive owns it, or the store cannot be used.
    pub async fn open(client: Client, host: &HostName, archive: &str) -> Result<Option<Self>> {
        let Some(index) = HostIndex::read(&client, host).await? else { return Ok(None) };
        let keys = Keys::new(&client, host);
        if index.archive != archive {
            let (store, prefix) = (client.name().clone(), keys.base().to_string());
            return Err(Error::OfAnotherArchive { store, prefix, theirs: index.archive });
        }
        Ok(Some(Self { client, keys }))
    }

    /// Sends a frame of an event, by the frame's name.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn send(&self, event: &EventId, name: &str, frame: Vec<u8>) -> Result<()> {
        let (key, bytes) = (self.keys.file(event, &best_frame(name)), frame.len() as u64);
        self.client.write(&key, frame).await?;
        self.client.check_size(&key, bytes).await
    }
}
