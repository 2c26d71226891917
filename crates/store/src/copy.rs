//! Copies events into a store: their files first, then the manifest of their day, then the index of the host. What is interrupted
//! in between leaves objects that no manifest names, and the next copy writes them again.

mod encrypted;

use std::collections::BTreeSet;

use object_store::path::Path;
use owlery_model::event::{Camera, Day, Event, EventId};

use crate::client::Client;
use crate::encrypt::Recipients;
use crate::error::{Error, Result};
use crate::frames_zip;
use crate::keys::{FRAMES, HostName, Keys};
use crate::manifest::{CopiedEvent, CopiedFile, CopiedState, Encrypted, HostIndex, Manifest};
use crate::proofs::Proofs;
use crate::recorded::{Begin, Recording};
use crate::resume::UploadRecord;
use crate::source::{FileKind, Found, Source, digest, objects_of};
use crate::spool::Spooled;
use crate::upload::{Sink, Sums, Upload, Written};
use encrypted::tidy_spool;

/// What was done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// So many files were sent, with so many bytes.
    Sent {
        /// The number of objects.
        objects: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The store had all of it.
    Known,
}

/// After so many bytes a manifest is written: what a copy that is stopped has sent since is sent again.
const MOST_UNSAID: u64 = 32 << 20;

/// How it is found out what a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// By the manifest of the day alone: no request for each event.
    AtManifest,
    /// By the manifest, and by the size of each object.
    AtObjects,
}

/// The place of this host in a store, open for copying. Only one may be open at a time: the caller holds a lock.
#[derive(Debug)]
pub struct Host {
    client: Client,
    keys: Keys,
    archive: String,
    index: HostIndex,
    /// Whether the index has to be written.
    is_index_changed: bool,
    /// The bytes that were sent since a manifest was written.
    unsaid: u64,
    /// The day that is being copied, and whether its manifest has to be written.
    day: Option<(Manifest, bool)>,
    /// Where what is proved is kept.
    proofs: Option<Proofs>,
    /// Where uploads in parts are recorded.
    record: Option<UploadRecord>,
    /// The keys of objects that the record has as complete, and the manifest that is written next names.
    named: Vec<String>,
    /// To whom what is sent is encrypted.
    encrypt: Option<Recipients>,
}

impl Host {
    /// Opens the place of a host for the archive with this id. The first archive that does so owns it.
    ///
    /// # Errors
    /// Another archive owns it, or the store cannot be used.
    pub async fn open(client: Client, host: &HostName, archive: &str) -> Result<Self> {
        let keys = Keys::new(&client, host);
        let (index, is_new) = match HostIndex::read(&client, host).await? {
            Some(index) => (index, false),
            None => (rebuilt(&client, &keys, archive).await?, true),
        };
        let archive = archive.to_owned();
        let mut opened = Self {
            client,
            keys,
            archive,
            index,
            is_index_changed: is_new,
            unsaid: 0,
            day: None,
            proofs: None,
            record: None,
            named: Vec::new(),
            encrypt: None,
        };
        opened.check_owner(&opened.index.archive)?;
        opened.finish().await?;
        Ok(opened)
    }

    /// Keeps what is proved to be in the store.
    #[must_use]
    pub fn proving(self, proofs: Proofs) -> Self {
        Self { proofs: Some(proofs), ..self }
    }

    /// The same with a record of uploads in parts: one that was interrupted, also by the end of its process, goes on in the next
    /// copy of the same file, with at most one part of 5 MiB sent again. A store of a folder starts over.
    #[must_use]
    pub fn resuming(self, record: UploadRecord) -> Self {
        Self { record: Some(record), ..self }
    }

    /// The same with recipients, to whom all files are encrypted that are sent from now on; `None` leaves them plain.
    #[must_use]
    pub fn encrypting(self, recipients: Option<Recipients>) -> Self {
        Self { encrypt: recipients, ..self }
    }

    /// Proves that the store responds: then the event that could not be copied is to blame.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn reach(&self) -> Result<()> {
        self.client.list_folder(self.keys.base()).await.map(drop)
    }

    /// What the host has copied so far.
    pub fn index(&self) -> &HostIndex {
        &self.index
    }

    fn check_owner(&self, theirs: &str) -> Result<()> {
        if theirs == self.archive {
            return Ok(());
        }
        let (store, prefix) = (self.client.name().clone(), self.keys.base().to_string());
        Err(Error::OfAnotherArchive { store, prefix, theirs: theirs.to_owned() })
    }

    /// Copies an event that is not being recorded: the kinds of its files in `kinds`, and whatever else is in its directory. Files that
    /// the store has, as far as `look` finds out, are not sent again. The manifest of the day is written when an event of another
    /// day comes, and by [`Host::finish`].
    ///
    /// # Errors
    /// A file cannot be read or changes meanwhile, or the store cannot be used. Other events can still be copied.
    pub async fn copy(
        &mut self,
        event: &Event,
        source: &dyn Source,
        kinds: &BTreeSet<FileKind>,
        look: Look,
    ) -> Result<Copied> {
        let details = &event.details;
        let state = CopiedState::of(details.state).ok_or_else(|| Error::BeingRecorded(event.id.clone()))?;
        self.begin_day(&event.id.camera, event.id.day).await?;
        let known = self.known(event);
        let mut files = known.as_ref().map(|known| known.files.clone()).unwrap_or_default();
        let (mut objects, mut bytes, mut recorded) = (0u64, 0u64, Vec::new());
        for (name, group) in objects_of(source, kinds)? {
            let identity = digest(&group);
            let before = files.iter().position(|file| file.plain_name() == name);
            if let Some(at) = before
                && (look == Look::AtManifest || self.is_as_configured(&files[at]))
                && (files[at].source == identity || is_copy(&files[at], &group, source).await?)
                && (look == Look::AtManifest || self.has(&event.id, &files[at]).await?)
            {
                files[at].source = identity;
                continue;
            }
            let object = self.object_of(&name);
            if files.iter().any(|file| file.name == object) {
                self.forget(event, &object).await?;
            }
            let (file, key) = self.send(&event.id, (&name, identity), &group, source).await?;
            recorded.extend(key);
            (objects, bytes) = (objects + 1, bytes.saturating_add(file.bytes));
            files.retain(|other| other.name != file.name && other.plain_name() != name);
            files.push(file);
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let copied = CopiedEvent {
            name: event.id.name,
            start: details.start,
            end: details.end,
            state,
            saved: details.saved,
            frames: details.frames,
            peak_change: details.peak_change,
            motion_mask: details.motion_mask,
            whole: true,
            files,
        };
        self.set(copied);
        self.named.append(&mut recorded);
        self.unsaid = self.unsaid.saturating_add(bytes);
        if self.unsaid >= MOST_UNSAID {
            self.finish().await?;
        }
        Ok(if objects == 0 { Copied::Known } else { Copied::Sent { objects, bytes } })
    }

    /// What the manifest of the day knows of an event.
    fn known(&self, event: &Event) -> Option<CopiedEvent> {
        self.day.as_ref().and_then(|(manifest, _)| manifest.event(event.id.name)).cloned()
    }

    fn set(&mut self, copied: CopiedEvent) {
        if let Some((manifest, is_changed)) = &mut self.day
            && manifest.event(copied.name) != Some(&copied)
        {
            manifest.set(copied);
            *is_changed = true;
        }
    }

    /// Takes a file out of the manifest in the store, before its object is replaced: in between, the manifest would name bytes that
    /// are not there. The index goes first: until the event is whole again, its day must not look so.
    async fn forget(&mut self, event: &Event, name: &str) -> Result<()> {
        if let Some(mut known) = self.known(event) {
            known.files.retain(|file| file.name != name);
            known.whole = false;
            self.set(known);
        }
        self.count_day();
        self.write_index().await?;
        self.finish().await
    }

    /// Enters the sums of the day that is being copied in the index.
    fn count_day(&mut self) {
        let Some((manifest, _)) = &self.day else { return };
        let sums = manifest.sums();
        if !manifest.events.is_empty() {
            let days = self.index.cameras.entry(manifest.camera.clone()).or_default();
            self.is_index_changed |= days.insert(manifest.day, sums) != Some(sums);
        }
    }

    async fn write_index(&mut self) -> Result<()> {
        if self.is_index_changed {
            self.index.write(&self.client, &self.keys).await?;
            self.is_index_changed = false;
        }
        Ok(())
    }

    /// Whether the store has a file of the manifest, by its size.
    async fn has(&self, event: &EventId, file: &CopiedFile) -> Result<bool> {
        let found = self.client.head(&self.keys.file(event, &file.name)).await?;
        Ok(found.is_some_and(|found| found.size == file.bytes))
    }

    /// Sends one object: a file, or the frames. `name` comes with the digest of what it is made of. Returns its key too if the
    /// record has it as complete.
    async fn send(
        &self,
        event: &EventId,
        (name, source): (&str, String),
        group: &[Found],
        files: &dyn Source,
    ) -> Result<(CopiedFile, Option<String>)> {
        let key = self.keys.file(event, &self.object_of(name));
        let plain = Plain { name, group, files };
        if let Some(recipients) = &self.encrypt {
            return self.send_encrypted(key, recipients, source, &plain).await;
        }
        let contents = Contents::Plain(plain);
        let mut sent = self.completed(&key, &source).await?.map(|written| (written, true));
        for begin in [Begin::Resume, Begin::Over] {
            if sent.is_none() {
                sent = self.upload(&key, &source, begin, &contents).await?;
            }
        }
        let (written, is_recorded) =
            sent.ok_or_else(|| self.client.wrong(&key, "its upload does not begin; copy the event again"))?;
        let file = copied_file(name.to_owned(), written, source, None);
        Ok((file, is_recorded.then(|| key.to_string())))
    }

    /// Uploads one object, and returns whether the record has it as complete; `None` if it has to start over.
    async fn upload(
        &self,
        key: &Path,
        source: &str,
        begin: Begin,
        contents: &Contents<'_>,
    ) -> Result<Option<(Written, bool)>> {
        let record = self.record.clone();
        let recording = record.map(|record| Recording { record, source: source.to_owned(), begin });
        let mut upload = Upload::new(&self.client, key.clone(), recording);
        let written = match contents.write(&mut upload).await {
            Ok(()) => upload.finish().await,
            Err(error) => Err(error),
        };
        match written {
            Ok(written) => Ok(Some((written, upload.is_recorded()))),
            Err(error) if begin == Begin::Resume && upload.is_refused(&error) => {
                tracing::info!("the upload starts over: {error}");
                Ok(None)
            }
            Err(error) => {
                upload.close(&error).await;
                Err(error)
            }
        }
    }

    /// What the record says of an object that was complete when the copying was interrupted.
    async fn completed(&self, key: &Path, source: &str) -> Result<Option<Written>> {
        let Some(record) = &self.record else { return Ok(None) };
        let uploads = record.read().await;
        let Some(written) = uploads.completed(key.as_ref(), source) else { return Ok(None) };
        let found = self.client.head(key).await?;
        Ok(found.filter(|found| found.size == written.bytes).map(|_| written.clone()))
    }

    /// Reads the manifest of a day, after that of the day before is written.
    async fn begin_day(&mut self, camera: &Camera, day: Day) -> Result<()> {
        if self.day.as_ref().is_some_and(|(manifest, _)| manifest.camera == *camera && manifest.day == day) {
            return Ok(());
        }
        self.finish().await?;
        let found = Manifest::read(&self.client, &self.keys, camera, day).await?;
        if let Some(manifest) = &found {
            self.check_owner(&manifest.archive)?;
            self.proofs.iter().for_each(|proofs| proofs.keep(manifest));
        }
        let manifest = found.unwrap_or_else(|| Manifest::new(&self.archive, camera.clone(), day));
        self.day = Some((manifest, false));
        Ok(())
    }

    /// Writes the manifest of the day that was copied last, then the index. Until it returns, the last day's events are not copied.
    ///
    /// # Errors
    /// The store cannot be used. It can be called again.
    pub async fn finish(&mut self) -> Result<()> {
        if let Some((manifest, is_changed)) = &mut self.day
            && *is_changed
        {
            manifest.write(&self.client, &self.keys).await?;
            self.proofs.iter().for_each(|proofs| proofs.keep(manifest));
            *is_changed = false;
        }
        self.count_day();
        self.write_index().await?;
        self.unsaid = 0;
        if let Some(record) = &self.record {
            if !self.named.is_empty() {
                record.forget(&self.named).await;
            }
            tidy_spool(record, &self.named).await;
            self.named.clear();
        }
        Ok(())
    }
}

/// What an object is made of.
enum Contents<'a> {
    Plain(Plain<'a>),
    /// Bytes that were encrypted before.
    Spooled(&'a Spooled),
}

/// A file of an event, or all of its frames.
struct Plain<'a> {
    /// The name of the object, if it is not encrypted.
    name: &'a str,
    group: &'a [Found],
    files: &'a dyn Source,
}

impl Contents<'_> {
    async fn write(&self, sink: &mut impl Sink) -> Result<()> {
        match self {
            Self::Plain(plain) => plain.write(sink).await,
            Self::Spooled(spooled) => spooled.write(sink).await,
        }
    }
}

impl Plain<'_> {
    async fn write(&self, sink: &mut impl Sink) -> Result<()> {
        if self.name == FRAMES {
            return frames_zip::write(self.group, self.files, sink).await;
        }
        for file in self.group {
            let file = file.open(self.files)?;
            for piece in file.pieces() {
                sink.write(file.read(piece).await?).await?;
            }
            file.check_unchanged()?;
        }
        Ok(())
    }

    /// The bytes of its files.
    fn bytes(&self) -> u64 {
        self.group.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }
}

fn copied_file(name: String, written: Written, source: String, encrypted: Option<Encrypted>) -> CopiedFile {
    let Written { bytes, sha256, parts } = written;
    CopiedFile { name, bytes, sha256, parts, source, encrypted }
}

/// Whether files have the bytes of an object, although their times are others, such as those that a recall has brought back. Reads them.
async fn is_copy(copied: &CopiedFile, group: &[Found], files: &dyn Source) -> Result<bool> {
    let plain = Plain { name: copied.plain_name(), group, files };
    let (bytes, sha256) = copied.plain();
    let may_be = if copied.is_frames() { plain.bytes() < bytes } else { plain.bytes() == bytes };
    if !may_be {
        return Ok(false);
    }
    let mut sums = Sums::default();
    plain.write(&mut sums).await?;
    Ok(sums.end().sha256 == sha256)
}

/// The index as the manifests in the store say, for a host whose index is lost.
pub(crate) async fn rebuilt(client: &Client, keys: &Keys, archive: &str) -> Result<HostIndex> {
    let mut index = HostIndex::new(archive);
    for camera in client.list_folder(keys.base()).await?.common_prefixes {
        if camera.filename() == Some(".owlery") {
            continue;
        }
        for day in client.list_folder(&camera).await?.common_prefixes {
            let manifest = match Manifest::read_any(client, &day.join("manifest.json")).await {
                Ok(Some(manifest)) => manifest,
                // Copying an event of that day says what is wrong with its manifest.
                Ok(None) | Err(Error::Wrong { .. }) => continue,
                Err(error) => return Err(error),
            };
            index.archive.clone_from(&manifest.archive);
            index.cameras.entry(manifest.camera.clone()).or_default().insert(manifest.day, manifest.sums());
        }
    }
    Ok(index)
}
