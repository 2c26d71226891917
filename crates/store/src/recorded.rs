//! An upload in parts that goes on after a crash or an outage, by the record that this host keeps of it. Its parts are sent one after
//! the other, and each is recorded when it has arrived: at most one is sent again.

use std::sync::Arc;

use object_store::PutPayload;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use owlery_model::fault;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::resume::{ArrivedPart, Complete, UnderWay, UploadRecord, Uploads};
use crate::upload::Written;

/// What a store says of an upload that it does not know, or whose parts it does not; the last two are those of the engine's memory.
const GONE: [&str; 5] =
    ["NoSuchUpload", "InvalidPart", "EntityTooSmall", "MultipartUpload not found", "Missing part at index"];

/// What some stores say in its place. A new upload shows whether it is the credentials.
const DENIED: &str = "AccessDenied";

/// What is in the engine's errors where a store has answered, and where it says that the request is to blame.
const ANSWERED: &str = "non-2xx status code";
const TO_BLAME: &str = "non-2xx status code: 4";

/// After so many attempts whose requests were refused, and that sent no part, an upload starts over: there are stores with other words.
const MOST_REFUSED: u32 = 3;

/// How many objects the record has as complete at most. Those of events that were never copied whole stay until then.
const MOST_COMPLETE: usize = 100;

/// What an upload is a part of: the record, and the digest of what it is made of.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) record: UploadRecord,
    pub(crate) source: String,
    pub(crate) begin: Begin,
}

/// How an upload begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Where the record says that it was interrupted.
    Resume,
    /// From its first byte, because the store or the file has refused the other way.
    Over,
}

/// An upload under way that is recorded.
pub(crate) struct Recorded {
    client: Client,
    key: Path,
    store: Arc<dyn MultipartStore>,
    record: UploadRecord,
    now: UnderWay,
    complete: Vec<Complete>,
    /// Whether it was interrupted before.
    is_resumed: bool,
    /// How many parts the store had when it began.
    before: usize,
    /// How many parts it has been given, those among them that the store had.
    given: usize,
    /// The part on its way, with the SHA-256 of the object up to its end.
    sending: Option<(String, JoinHandle<Result<PartId>>)>,
    /// Whether the bytes are others than those that have arrived.
    is_other: bool,
}

impl Recorded {
    /// Begins an upload, or goes on with the one in the record. Another one there is given up.
    pub(crate) async fn begin(
        client: &Client,
        store: Arc<dyn MultipartStore>,
        key: &Path,
        recording: &Recording,
    ) -> Result<Self> {
        let Uploads { under_way, complete } = recording.record.read().await;
        let is_ours = |found: &UnderWay| {
            recording.begin == Begin::Resume
                && found.key == key.as_ref()
                && found.source == recording.source
                && found.refused < MOST_REFUSED
        };
        let (now, is_resumed) = match under_way {
            Some(found) if is_ours(&found) => (found, true),
            found => {
                if let Some(found) = found {
                    let given_up = give_up(client, &*store, &found).await;
                    // A store that refuses the upload may well refuse this too.
                    given_up.or_else(|error| if recording.begin == Begin::Over { Ok(()) } else { Err(error) })?;
                }
                let replaces = client.head(key).await?.and_then(|found| found.e_tag);
                let id = client.in_time(|| format!("write {key}"), store.create_multipart(key)).await?;
                let (key, source) = (key.to_string(), recording.source.clone());
                (UnderWay { key, id, source, replaces, parts: Vec::new(), written: None, refused: 0 }, false)
            }
        };
        let begun = Self {
            client: client.clone(),
            key: key.clone(),
            store,
            record: recording.record.clone(),
            is_resumed,
            before: now.parts.len(),
            now,
            complete,
            given: 0,
            sending: None,
            is_other: false,
        };
        if is_resumed {
            tracing::info!("{key}: {} parts of it have arrived already, the upload goes on", begun.before);
        } else {
            begun.save().await;
        }
        Ok(begun)
    }

    /// Takes the next part, with the SHA-256 of the object up to its end. Sends it, unless the store has it.
    pub(crate) async fn send(&mut self, part: PutPayload, sha256: String) -> Result<()> {
        let nth = self.given;
        self.given += 1;
        if let Some(arrived) = self.now.parts.get(nth) {
            if arrived.sha256 == sha256 {
                return Ok(());
            }
            return Err(self.other());
        }
        self.arrive().await?;
        let (client, store, key, id) =
            (self.client.clone(), Arc::clone(&self.store), self.key.clone(), self.now.id.clone());
        let bytes = part.content_length() as u64;
        let sent = async move { client.send(&key, bytes, store.put_part(&key, &id, nth, part)).await };
        self.sending = Some((sha256, tokio::spawn(sent)));
        Ok(())
    }

    /// The bytes are not those of the parts that have arrived.
    fn other(&mut self) -> Error {
        self.is_other = true;
        self.client.wrong(&self.key, "the parts that were sent before are of other bytes; copy the event again")
    }

    /// Waits until the part that is on its way has arrived, and records it.
    async fn arrive(&mut self) -> Result<()> {
        let Some((sha256, sending)) = &mut self.sending else { return Ok(()) };
        let arrived = sending.await;
        let sha256 = std::mem::take(sha256);
        self.sending = None;
        let arrived = arrived.map_err(|error| self.client.stopped(&self.key, error))?;
        let PartId { content_id: id } = arrived.map_err(|error| self.gone(error))?;
        fault::crash("upload-1"); // a part has arrived
        self.now.parts.push(ArrivedPart { id, sha256 });
        self.save().await;
        fault::crash("upload-2"); // and is recorded
        Ok(())
    }

    async fn save(&self) {
        let uploads = Uploads { under_way: Some(self.now.clone()), complete: self.complete.clone() };
        self.record.write(uploads).await;
    }

    /// Makes the object of its parts, and records that it is complete, for as long as the store has its size.
    pub(crate) async fn finish(&mut self, written: &Written) -> Result<()> {
        self.arrive().await?;
        if self.given != self.now.parts.len() {
            return Err(self.other());
        }
        if self.now.written.as_ref() != Some(written) {
            self.now.written = Some(written.clone());
            self.save().await;
        }
        let (key, id) = (&self.key, &self.now.id);
        let parts = self.now.parts.iter().map(|part| PartId { content_id: part.id.clone() }).collect();
        let completed = self.store.complete_multipart(key, id, parts);
        let completed = self.client.in_time(|| format!("write {key}"), completed).await;
        if let Err(error) = completed.map_err(|error| self.gone(error))
            && !(is_lasting(&error) && self.is_there(written).await?)
        {
            return Err(error);
        }
        fault::crash("upload-3"); // the object is complete
        let (key, source) = (self.now.key.clone(), self.now.source.clone());
        self.complete.retain(|other| other.key != key);
        self.complete.push(Complete { key, source, written: written.clone() });
        self.complete.drain(..self.complete.len().saturating_sub(MOST_COMPLETE));
        self.record.write(Uploads { under_way: None, complete: self.complete.clone() }).await;
        fault::crash("upload-4"); // which is recorded
        Ok(())
    }

    /// Whether the object was made of the parts before, and only the answer was lost.
    async fn is_there(&self, written: &Written) -> Result<bool> {
        let Some(found) = self.client.head(&self.key).await? else { return Ok(false) };
        Ok(found.size == written.bytes && found.e_tag.is_some() && found.e_tag != self.now.replaces)
    }

    /// Whether the error only says that this upload cannot go on where it was interrupted.
    pub(crate) fn is_refused(&self, error: &Error) -> bool {
        self.is_other || (self.is_resumed && is_lasting(error))
    }

    /// That there is no such upload is no missing object: the next attempt starts over.
    fn gone(&self, error: Error) -> Error {
        if error.is_not_found() { self.client.gone(&self.key) } else { error }
    }

    /// Ends it after an error. If that may pass, the next attempt goes on; else the store removes the parts.
    pub(crate) async fn close(&mut self, error: &Error) {
        self.stop();
        if error.may_pass() || matches!(error, Error::Refused { .. }) {
            if self.now.parts.len() == self.before && error.to_string().contains(TO_BLAME) {
                self.now.refused += 1;
                self.save().await;
            }
            return;
        }
        match give_up(&self.client, &*self.store, &self.now).await {
            Ok(()) => self.record.write(Uploads { under_way: None, complete: self.complete.clone() }).await,
            Err(error) => tracing::debug!("{error}"),
        }
    }

    /// Ends what is on its way.
    fn stop(&mut self) {
        if let Some((_, sending)) = self.sending.take() {
            sending.abort();
        }
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Gives up the upload of this object that the record may have.
pub(crate) async fn forget(client: &Client, record: &UploadRecord, key: &Path) -> Result<()> {
    let Uploads { under_way, complete } = record.read().await;
    if let (Some(found), Some(store)) = (under_way.filter(|found| found.key == key.as_ref()), client.parts()) {
        give_up(client, &*store, &found).await?;
        record.write(Uploads { under_way: None, complete }).await;
    }
    Ok(())
}

/// Has the store remove the parts of an upload. Where it cannot, its own rule for incomplete uploads does. Only an outage is an error.
async fn give_up(client: &Client, store: &dyn MultipartStore, upload: &UnderWay) -> Result<()> {
    let key = Path::parse(&upload.key).unwrap_or_default();
    let aborted = store.abort_multipart(&key, &upload.id);
    match client.in_time(|| format!("give up the upload of {key}"), aborted).await {
        Err(error) if error.may_pass() && !is_lasting(&error) && !error.to_string().contains(ANSWERED) => Err(error),
        Err(error) => {
            tracing::debug!("{error}");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Whether a store says of an upload what it will always say. Other refusals may be of one request: of a clock that is wrong, or of a
/// byte that was changed on the way.
fn is_lasting(error: &Error) -> bool {
    match error {
        Error::OutOfReach { why, .. } => GONE.iter().any(|text| why.contains(text)),
        Error::Refused { why, .. } => why.contains(DENIED),
        _ => false,
    }
}
