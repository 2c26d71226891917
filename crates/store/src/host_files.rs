//! What a host has copied to a store, for those who know what they want of it: the manifest of a day, and files part by part. A part is
//! compared with its checksum before it is passed on. Nothing is listed, and no index is read.

use bytes::Bytes;
use owlery_model::event::{Camera, Day, EventId};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::keys::{HostName, Keys};
use crate::manifest::{CopiedFile, Manifest, PART};
use crate::upload::sha256;

/// The files that a host has copied. Cheap to make and to clone.
#[derive(Debug, Clone)]
pub struct HostFiles {
    client: Client,
    keys: Keys,
}

impl HostFiles {
    /// Those of this host. Sends nothing.
    pub fn new(client: Client, host: &HostName) -> Self {
        let keys = Keys::new(&client, host);
        Self { client, keys }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The manifest of a day; `None` if there is none.
    ///
    /// # Errors
    /// It is not a manifest of this day, or the store cannot be used.
    pub async fn manifest(&self, camera: &Camera, day: Day) -> Result<Option<Manifest>> {
        Manifest::read(&self.client, &self.keys, camera, day).await
    }

    /// Reads a part of a file of an event, numbered from 0, and compares it with the manifest. The camera is the one of the host.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Wrong`] for an object that is not what was written, or the store cannot be used.
    pub async fn read_part(&self, event: &EventId, file: &CopiedFile, nth: u64) -> Result<Bytes> {
        let key = self.keys.file(event, &file.name);
        let expected = usize::try_from(nth).ok().and_then(|nth| file.parts.get(nth));
        let Some(expected) = expected.filter(|_| file.parts.len() as u64 == file.part_count()) else {
            let (found, parts) = (file.parts.len(), file.part_count());
            return Err(self.client.wrong(&key, format!("its manifest has {found} checksums for {parts} parts")));
        };
        // The line may have changed it, so it is read twice.
        for _ in 0..2 {
            match self.client.read_range(&key, file.range_of(nth)).await {
                Ok(bytes) if sha256(&bytes) == *expected => return Ok(bytes),
                Ok(_) => {}
                // A store refuses a range beyond the end of the object, and does not say so in a way of its own.
                Err(error) if error.may_pass() => match self.client.head(&key).await {
                    Ok(Some(found)) if found.size != file.bytes => break,
                    _ => return Err(error),
                },
                Err(error) => return Err(error),
            }
        }
        let why = format!("the bytes of part {nth} are not those that were written; owlery store verify finds more");
        Err(self.client.wrong(&key, why))
    }

    /// There is no manifest of this day.
    pub(crate) fn no_manifest(&self, camera: &Camera, day: Day) -> Error {
        Error::NotFound { store: self.client.name().clone(), object: self.keys.manifest(camera, day).to_string() }
    }
}

impl CopiedFile {
    /// The number of its parts.
    pub fn part_count(&self) -> u64 {
        self.bytes.div_ceil(PART)
    }

    /// The bytes of a part.
    pub(crate) fn range_of(&self, nth: u64) -> std::ops::Range<u64> {
        let from = nth.saturating_mul(PART).min(self.bytes);
        from..from.saturating_add(PART).min(self.bytes)
    }
}
