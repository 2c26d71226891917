//! The checksums of an object while it is sent: from a certain size on they are made on a thread of their own, beside reading and writing.

use bytes::Bytes;
use object_store::path::Path;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::error::Result;
use crate::upload::{Sums, Written};

/// How many bytes are hashed where they come: it takes less time than to begin a thread.
const AT_ONCE: u64 = 128 << 10;

/// How many pieces may wait for the thread: some MiB.
const WAITING: usize = 3;

/// The checksums of the bytes so far.
pub(crate) enum Hashing {
    /// No thread has them.
    Here(Box<Sums>),
    /// A thread takes pieces, until there is no sender any more.
    There(mpsc::Sender<Bytes>, JoinHandle<Sums>),
}

impl Hashing {
    pub(crate) fn new() -> Self {
        Self::Here(Box::default())
    }

    /// Takes the next bytes.
    pub(crate) async fn add(&mut self, bytes: Bytes) {
        if let Self::Here(sums) = self {
            if sums.bytes() + bytes.len() as u64 <= AT_ONCE {
                return sums.add(&bytes);
            }
            *self = Self::there(std::mem::take(&mut **sums));
        }
        if let Self::There(sender, _) = self {
            // Without a receiver its thread has panicked, which `so_far` and `end` report.
            let _ = sender.send(bytes).await;
        }
    }

    fn there(mut sums: Sums) -> Self {
        let (sender, mut pieces) = mpsc::channel::<Bytes>(WAITING);
        let hash = move || {
            while let Some(bytes) = pieces.blocking_recv() {
                sums.add(&bytes);
            }
            sums
        };
        Self::There(sender, tokio::task::spawn_blocking(hash))
    }

    /// The SHA-256 of all bytes until now.
    pub(crate) async fn so_far(&mut self, client: &Client, key: &Path) -> Result<String> {
        let sums = self.settled(client, key).await?;
        let sha256 = sums.so_far();
        *self = Self::Here(Box::new(sums));
        Ok(sha256)
    }

    /// What was written.
    pub(crate) async fn end(&mut self, client: &Client, key: &Path) -> Result<Written> {
        self.settled(client, key).await.map(Sums::end)
    }

    async fn settled(&mut self, client: &Client, key: &Path) -> Result<Sums> {
        match std::mem::replace(self, Self::new()) {
            Self::Here(sums) => Ok(*sums),
            Self::There(sender, hashed) => {
                drop(sender);
                hashed.await.map_err(|error| client.stopped(key, error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;
    use crate::upload::sha256;

    /// On a thread or not, and looked at in between or not.
    #[tokio::test]
    async fn the_sums_are_those_without_a_thread() {
        let (client, key) =
            (Client::new("test".parse().unwrap(), Arc::new(InMemory::new()), Path::default()), Path::from("a"));
        let bytes: Vec<u8> = (0..9 << 18u32).flat_map(u32::to_le_bytes).collect();
        for piece in [1000, 100_000, 3 << 20] {
            for size in [0, 1, 100_000, 1_000_000, bytes.len()] {
                let (mut hashing, mut given) = (Hashing::new(), 0);
                for piece in bytes[..size].chunks(piece) {
                    hashing.add(Bytes::copy_from_slice(piece)).await;
                    given += piece.len();
                    if given % 7 == 0 {
                        assert_eq!(hashing.so_far(&client, &key).await.unwrap(), sha256(&bytes[..given]));
                    }
                }
                let mut sums = Sums::default();
                sums.add(&bytes[..size]);
                assert_eq!(hashing.end(&client, &key).await.unwrap(), sums.end(), "{piece} {size}");
            }
        }
    }
}
