//! Uploads one object: a small one with one request, a larger one in parts of 5 MiB, which are the smallest that S3 takes. What was
//! sent is hashed on the way, and the store proves by its size that it has the whole. Uploads in parts that outlive this process are
//! in `recorded`.

use std::collections::VecDeque;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, PutPayload};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::hashing::Hashing;
use crate::manifest::PART;
use crate::recorded::{Recorded, Recording, forget};

/// The size of a part of an upload, in bytes.
const SENT: usize = 5 << 20;

/// How many parts are sent at a time: one is on its way while the next one is read and hashed.
const AT_A_TIME: usize = 2;

/// What was written: the facts of an object that a manifest keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) parts: Vec<String>,
}

/// What the bytes of an object are written into.
pub(crate) trait Sink: Send {
    /// Adds bytes.
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;
}

impl Sink for Upload<'_> {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.add(bytes).await
    }
}

/// Sends nothing.
impl Sink for Sums {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.add(&bytes);
        Ok(())
    }
}

/// An upload under way. Without [`Upload::finish`] the object does not exist. After an error, [`Upload::close`] removes what was sent,
/// unless the next attempt can go on with it.
pub(crate) struct Upload<'a> {
    client: &'a Client,
    key: Path,
    recording: Option<Recording>,
    /// Begun with the first part that is full.
    way: Option<Way>,
    waiting: Waiting,
    hashing: Hashing,
}

/// What is not sent yet, in the pieces in which it came.
#[derive(Default)]
struct Waiting {
    pieces: Vec<Bytes>,
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, piece: Bytes) {
        self.bytes += piece.len();
        self.pieces.push(piece);
    }

    fn take(&mut self) -> PutPayload {
        std::mem::take(self).pieces.into_iter().collect()
    }
}

/// How parts are sent.
enum Way {
    /// By the engine, for this process alone.
    Engine(InParts),
    /// With a record.
    Recorded(Box<Recorded>),
}

impl<'a> Upload<'a> {
    /// An upload that outlives this process if there is a recording, and the store can.
    pub(crate) fn new(client: &'a Client, key: Path, recording: Option<Recording>) -> Self {
        Self { client, key, recording, way: None, waiting: Waiting::default(), hashing: Hashing::new() }
    }

    /// Adds bytes, and sends each part that is full and not the last one.
    async fn add(&mut self, mut bytes: Bytes) -> Result<()> {
        while !bytes.is_empty() {
            if self.waiting.bytes == SENT {
                self.send().await?;
            }
            let piece = bytes.split_to(bytes.len().min(SENT - self.waiting.bytes));
            self.hashing.add(piece.clone()).await;
            self.waiting.push(piece);
        }
        Ok(())
    }

    /// Sends what is waiting as the next part.
    async fn send(&mut self) -> Result<()> {
        let part = self.waiting.take();
        let way = match &mut self.way {
            Some(way) => way,
            None => self.way.insert(Way::begin(self.client, &self.key, self.recording.as_ref()).await?),
        };
        match way {
            Way::Engine(parts) => parts.send(part).await,
            Way::Recorded(parts) => parts.send(part, self.hashing.so_far(self.client, &self.key).await?).await,
        }
    }

    /// Ends the object, and checks that the store has all of it. The last bytes are written while they are hashed.
    pub(crate) async fn finish(&mut self) -> Result<Written> {
        let (client, key) = (self.client, self.key.clone());
        if self.way.is_some() && self.waiting.bytes > 0 {
            self.send().await?;
        }
        let written = match &mut self.way {
            Some(Way::Recorded(parts)) => {
                let written = self.hashing.end(client, &key).await?;
                parts.finish(&written).await?;
                written
            }
            Some(Way::Engine(parts)) => tokio::try_join!(self.hashing.end(client, &key), parts.finish())?.0,
            None => {
                if let Some(recording) = &self.recording {
                    forget(client, &recording.record, &key).await?;
                }
                let whole = self.waiting.take();
                tokio::try_join!(self.hashing.end(client, &key), client.write(&key, whole))?.0
            }
        };
        client.check_size(&key, written.bytes).await.map(|()| written)
    }

    /// Whether the error only says that an earlier upload cannot go on: another one may begin.
    pub(crate) fn is_refused(&self, error: &Error) -> bool {
        matches!(&self.way, Some(Way::Recorded(parts)) if parts.is_refused(error))
    }

    /// Whether it is in the record as complete.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(self.way, Some(Way::Recorded(_)))
    }

    /// Ends it after an error. What the store cannot remove now, its own rule for incomplete uploads does.
    pub(crate) async fn close(mut self, error: &Error) {
        match &mut self.way {
            Some(Way::Recorded(parts)) => parts.close(error).await,
            Some(Way::Engine(parts)) => parts.abort().await,
            None => {}
        }
    }
}

impl Way {
    async fn begin(client: &Client, key: &Path, recording: Option<&Recording>) -> Result<Self> {
        if let (Some(recording), Some(store)) = (recording, client.parts()) {
            let recorded = Recorded::begin(client, store, key, recording).await?;
            return Ok(Self::Recorded(Box::new(recorded)));
        }
        let (client, key) = (client.clone(), key.clone());
        let upload = client.begin_upload(&key).await?;
        Ok(Self::Engine(InParts { client, key, upload, sending: VecDeque::new() }))
    }
}

/// An upload in parts that ends with this process.
struct InParts {
    client: Client,
    key: Path,
    upload: Box<dyn MultipartUpload>,
    /// The parts on their way, the first one first.
    sending: VecDeque<JoinHandle<Result<()>>>,
}

impl InParts {
    async fn send(&mut self, part: PutPayload) -> Result<()> {
        let (client, key, bytes) = (self.client.clone(), self.key.clone(), part.content_length() as u64);
        let part = self.upload.put_part(part);
        self.sending.push_back(tokio::spawn(async move { client.send(&key, bytes, part).await }));
        while self.sending.len() >= AT_A_TIME {
            self.arrive().await?;
        }
        Ok(())
    }

    /// Waits until the first part that is on its way has arrived.
    async fn arrive(&mut self) -> Result<()> {
        let Some(sending) = self.sending.front_mut() else { return Ok(()) };
        let arrived = sending.await;
        self.sending.pop_front();
        arrived.map_err(|error| self.client.stopped(&self.key, error))?
    }

    async fn finish(&mut self) -> Result<()> {
        while !self.sending.is_empty() {
            self.arrive().await?;
        }
        let key = &self.key;
        self.client.in_time(|| format!("write {key}"), self.upload.complete()).await.map(drop)
    }

    async fn abort(&mut self) {
        self.stop();
        let key = &self.key;
        if let Err(error) = self.client.in_time(|| format!("give up the upload of {key}"), self.upload.abort()).await {
            tracing::debug!("{error}");
        }
    }

    /// Ends what is on its way.
    fn stop(&mut self) {
        for sending in self.sending.drain(..) {
            sending.abort();
        }
    }
}

impl Drop for InParts {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The SHA-256 of the whole and of each part of 4 MiB.
#[derive(Clone, Default)]
pub(crate) struct Sums {
    bytes: u64,
    whole: Sha256,
    /// Of the part that has begun, but for the first one, which is hashed with the whole.
    part: Sha256,
    /// How many bytes the part that has begun has.
    in_part: u64,
    parts: Vec<String>,
}

impl Sums {
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = usize::try_from(PART - self.in_part).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.whole.update(now);
            if !self.parts.is_empty() {
                self.part.update(now);
            }
            self.in_part += now.len() as u64;
            if self.in_part == PART {
                self.end_part();
            }
            bytes = later;
        }
    }

    fn end_part(&mut self) {
        let part = if self.parts.is_empty() { self.whole.clone() } else { std::mem::take(&mut self.part) };
        self.parts.push(hex(&part.finalize()));
        self.in_part = 0;
    }

    /// How many bytes were added.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The SHA-256 of all bytes until now.
    pub(crate) fn so_far(&self) -> String {
        hex(&self.whole.clone().finalize())
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

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
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
        let mut upload = Upload::new(client, Path::from("a/b"), None);
        for piece in pieces {
            upload.add(Bytes::copy_from_slice(piece)).await.unwrap();
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
        let mut upload = Upload::new(&client, Path::from("a/b"), None);
        upload.add(vec![1; SENT + 1].into()).await.unwrap();
        upload.close(&Error::Changed { file: "b".into() }).await;
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
