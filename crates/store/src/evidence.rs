//! Frames of events that are still being recorded: the first picture leaves the host long before the event can be copied. No manifest
//! names them until then. A frame never changes, and its object has the frame's name, so nothing is ever replaced by something else. Encrypted,
//! the same frame has other bytes each time, so these have names that no manifest has.

use owlery_model::event::EventId;

use crate::client::Client;
use crate::encrypt::{Recipients, SUFFIX};
use crate::error::{Error, Result};
use crate::keys::{HostName, Keys, best_frame, early_frame};
use crate::manifest::HostIndex;

/// The place of this host in a store, for single frames.
#[derive(Debug)]
pub struct Evidence {
    client: Client,
    keys: Keys,
    encrypt: Option<Recipients>,
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
        Ok(Some(Self { client, keys, encrypt: None }))
    }

    /// The same with recipients, to whom the frames are encrypted; `None` leaves them plain.
    #[must_use]
    pub fn encrypting(self, recipients: Option<Recipients>) -> Self {
        Self { encrypt: recipients, ..self }
    }

    /// Sends a frame of an event, by the frame's name.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn send(&self, event: &EventId, name: &str, frame: Vec<u8>) -> Result<()> {
        let (name, frame) = match &self.encrypt {
            None => (best_frame(name), frame),
            Some(recipients) => {
                let name = format!("{}{SUFFIX}", early_frame(name));
                let encrypted = recipients.encrypt(&name, &frame)?;
                (name, encrypted)
            }
        };
        let (key, bytes) = (self.keys.file(event, &name), frame.len() as u64);
        self.client.write(&key, frame).await?;
        self.client.check_size(&key, bytes).await
    }
}
