//! Uploads one object: a small one with one request, a larger one in parts of 5 MiB, which are the smallest that S3 takes. What was
//! sent is hashed on the way, and the store proves by its size that it has the whole.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{MultipartUpload, PutPayload};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::error::Result;
use crate::manifest::PART;

/// The size of a part of an upload, in bytes.
const SENT: usize = 5 << 20;

/// How many parts are sent at a time: one is on its way while the next one is read and hashed.
const AT_A_TIME: usize = 2;

/// What was written: the facts of an object that a manifest keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) parts: Vec<String>,
}

/// An upload under way. Without [`Upload::finish`] the object does not exist; [`Upload::abort`] removes what was sent.
pub(crate) struct Upload<'a> {
    client: &'a Client,
    key: Path,
    /// Begun with the first part that is full.
    parts: Option<Box<dyn MultipartUpload>>,
    /// The parts on their way, the first one first, and how long each may take.
    sending: VecDeque<(Duration, JoinHandle<object_store::Result<()>>)>,
    /// What is not sent yet.
    waiting: BytesMut,
    sums: Sums,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(client: &'a Client, key: Path) -> Self {
        Self { client, key, parts: None, sending: VecDeque::new(), waiting: BytesMut::new(), sums: Sums::default() }
    }

    /// Adds bytes, and sends each part that is full.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sums.add(bytes);
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() > SENT {
            let part = self.waiting.split_to(SENT).freeze();
            self.send(part).await?;
        }
        Ok(())
    }

    async fn send(&mut self, part: Bytes) -> Result<()> {
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => self.parts.insert(self.client.begin_upload(&self.key).await?),
        };
        let limit = self.client.limit_of(part.len() as u64);
        self.sending.push_back((limit, tokio::spawn(parts.put_part(PutPayload::from(part)))));
        while self.sending.len() >= AT_A_TIME {
            self.sent().await?;
        }
        Ok(())
    }

    /// Waits until the first part that is on its way has arrived.
    async fn sent(&mut self) -> Result<()> {
        let Some((limit, sending)) = self.sending.pop_front() else { return Ok(()) };
        let key = &self.key;
        let arrived = async { sending.await.unwrap_or_else(|source| Err(object_store::Error::JoinError { source })) };
        self.client.in_time_of(limit, || format!("write {key}"), arrived).await
    }

    /// Ends the object, and checks that the store has all of it.
    pub(crate) async fn finish(mut self) -> Result<Written> {
        match self.end().await {
            Ok(()) => Ok(self.sums.end()),
            Err(error) => {
                self.abort().await;
                Err(error)
            }
        }
    }

    async fn end(&mut self) -> Result<()> {
        let rest = self.waiting.split().freeze();
        if self.parts.is_none() {
            self.client.write(&self.key, rest).await?;
        } else {
            if !rest.is_empty() {
                self.send(rest).await?;
            }
            while !self.sending.is_empty() {
                self.sent().await?;
            }
            if let Some(parts) = &mut self.parts {
                let key = &self.key;
                self.client.in_time(|| format!("write {key}"), parts.complete()).await?;
            }
        }
        self.client.check_size(&self.key, self.sums.bytes).await
    }

    /// Gives up: the store removes the parts. What it cannot remove now, its own rule for incomplete uploads does.
    pub(crate) async fn abort(mut self) {
        for (_, sending) in self.sending.drain(..) {
            sending.abort();
        }
        if let Some(parts) = &mut self.parts {
            let key = &self.key;
            if let Err(error) = self.client.in_time(|| format!("give up the upload of {key}"), parts.abort()).await {
                tracing::debug!("{error}");
            }
        }
    }
}

/// The SHA-256 of the whole and of each part of 4 MiB.
#[derive(Default)]
pub(crate) struct Sums {
    bytes: u64,
    whole: Sha256,
    part: Sha256,
    /// How many bytes are in `part`.
    in_part: u64,
    parts: Vec<String>,
}

impl Sums {
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.whole.update(bytes);
        while !bytes.is_empty() {
            let room = usize::try_from(PART - self.in_part).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.part.update(now);
            self.in_part += now.len() as u64;
            if self.in_part == PART {
                self.end_part();
            }
            bytes = later;
        }
    }

    fn end_part(&mut self) {
        self.parts.push(hex(&std::mem::take(&mut self.part).finalize()));
        self.in_part = 0;
    }

    pub(crate) fn end(mut self) -> Written {
        if self.in_part > 0 {
            self.end_part();
        }
        Written { bytes: self.bytes, sha256: hex(&self.whole.finalize()), parts: self.parts }
    }
}

/// The SHA-256 of bytes, as hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use proptest::prelude::*;

    use super::*;

    fn client() -> Client {
        Client::new("test".parse().unwrap(), Arc::new(InMemory::new()), Path::default())
    }

    async fn uploaded(client: &Client, pieces: &[&[u8]]) -> Written {
        let mut upload = Upload::new(client, Path::from("a/b"));
        for piece in pieces {
            upload.write(piece).await.unwrap();
        }
        upload.finish().await.unwrap()
    }

    /// Around the sizes at which a request, a part of the upload or a part of the checksums begins.
    #[tokio::test]
    async fn every_size_arrives_whole() {
        let client = client();
        for size in [0, 1, SENT - 1, SENT, SENT + 1, 2 * SENT, 2 * SENT + 7, 2 * usize::try_from(PART).unwrap()] {
            let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let (first, rest) = bytes.split_at(size / 3);
            let written = uploaded(&client, &[first, rest]).await;
            assert_eq!(client.read(&Path::from("a/b")).await.unwrap().unwrap(), bytes, "{size}");
            assert_eq!((written.bytes, written.sha256), (size as u64, sha256(&bytes)));
            let parts: Vec<String> = bytes.chunks(usize::try_from(PART).unwrap()).map(sha256).collect();
            assert_eq!(written.parts, parts, "{size}");
        }
    }

    #[tokio::test]
    async fn what_is_given_up_is_no_object() {
        let client = client();
        let mut upload = Upload::new(&client, Path::from("a/b"));
        upload.write(&vec![1; SENT + 1]).await.unwrap();
        upload.abort().await;
        assert_eq!(client.read(&Path::from("a/b")).await.unwrap(), None);
    }

    proptest! {
        /// The sums do not depend on how the bytes come.
        #[test]
        fn pieces_make_the_same_sums(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
            let mut one = Sums::default();
            for piece in &pieces {
                one.add(piece);
            }
            let whole = pieces.concat();
            let mut other = Sums::default();
            other.add(&whole);
            let one = one.end();
            prop_assert_eq!(&one, &other.end());
            prop_assert_eq!(one.sha256, sha256(&whole));
        }
    }
}
