//! Reads what a host has copied to a store, without writing anything there: its days, their manifests, and its files, of which no byte
//! is passed on before the checksum of its part was compared. The place of any host can be read, by any archive.

use std::fs::File;
use std::io::{self, BufReader, Read};

use futures_util::{StreamExt, stream};
use owlery_model::event::{Camera, Day, EventId};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::client::Client;
use crate::copy::rebuilt;
use crate::encrypt::{Decrypting, Identities, SUFFIX};
use crate::error::{Error, Result};
use crate::host_files::HostFiles;
use crate::keys::{BEST_FRAME, FRAMES, HostName};
use crate::manifest::{CopiedFile, HostIndex, Manifest};
use crate::source::FileKind;
use crate::upload::hex;

/// How many parts of an object are asked for at a time.
const AT_A_TIME: usize = 3;

/// What a host has copied to a store.
#[derive(Debug)]
pub struct Copies {
    files: HostFiles,
    index: HostIndex,
}

impl Copies {
    /// Opens the place of a host. Without its index, which is written after all else, the manifests say what is there.
    ///
    /// # Errors
    /// [`Error::NothingCopied`] if nothing is there, with the hosts that have a place; or the store cannot be used.
    pub async fn open(client: Client, host: &HostName) -> Result<Self> {
        let files = HostFiles::new(client, host);
        let client = files.client();
        let index = match HostIndex::read(client, host).await? {
            Some(index) => index,
            None => rebuilt(client, files.keys(), "").await?,
        };
        if index.cameras.is_empty() {
            let there = client.list_folder(client.prefix()).await?.common_prefixes;
            let there = there.iter().filter_map(|folder| folder.filename()).filter(|name| *name != host.as_str());
            let there = there.map(str::to_owned).collect();
            return Err(Error::NothingCopied { store: client.name().clone(), host: host.clone(), there });
        }
        Ok(Self { files, index })
    }

    /// Its days, and the id of the archive that it has copied; empty if that is not known.
    pub fn index(&self) -> &HostIndex {
        &self.index
    }

    /// Proves that the store responds: then the event that could not be read is to blame.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn reach(&self) -> Result<()> {
        self.files.client().list_folder(self.files.keys().base()).await.map(drop)
    }

    /// The manifest of a day; `None` if there is none.
    ///
    /// # Errors
    /// It is not a manifest of this day, or the store cannot be used.
    pub async fn manifest(&self, camera: &Camera, day: Day) -> Result<Option<Manifest>> {
        self.files.manifest(camera, day).await
    }

    /// Reads a file of an event, and passes each part on once it is what the manifest says.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Wrong`] for an object that is not what was written, [`Error::Io`] of `take`, or the store
    /// cannot be used. Parts that were passed on before are right, but not the whole.
    pub async fn read(
        &self,
        event: &EventId,
        file: &CopiedFile,
        take: &mut (dyn FnMut(&[u8]) -> io::Result<()> + Send),
    ) -> Result<()> {
        let parts = (0..file.part_count()).map(|nth| self.files.read_part(event, file, nth));
        let (mut read, mut whole) = (stream::iter(parts).buffered(AT_A_TIME), Sha256::new());
        while let Some(bytes) = read.next().await {
            let bytes = bytes?;
            whole.update(&bytes);
            take(&bytes).map_err(|error| Error::io("write", &file.name, error))?;
        }
        if hex(&whole.finalize()) != file.sha256 {
            let why = "the whole of it is not what its manifest says, although its parts are";
            return Err(self.files.client().wrong(&self.files.keys().file(event, &file.name), why));
        }
        Ok(())
    }
}

impl Copies {
    /// Reads a file of an event as it was when it was copied: like [`Copies::read`], and decrypted if it is encrypted. Before this returns,
    /// the whole was compared with what was encrypted.
    ///
    /// # Errors
    /// Those of [`Copies::read`]; [`Error::Encrypted`] if it is encrypted and none of the identities decrypts it, before anything is read
    /// where there are none.
    pub async fn read_plain(
        &self,
        event: &EventId,
        file: &CopiedFile,
        identities: Option<&Identities>,
        take: &mut (dyn FnMut(&[u8]) -> io::Result<()> + Send),
    ) -> Result<()> {
        let Some(was) = &file.encrypted else { return self.read(event, file, take).await };
        let (client, key) = (self.files.client(), self.files.keys().file(event, &file.name));
        let mut decrypting = Decrypting::new(client.identities_for(&key, was, identities)?);
        let mut failed = None;
        let mut feed = |bytes: &[u8]| {
            decrypting.feed(bytes, take).map_err(|error| {
                failed = Some(error);
                io::ErrorKind::Other.into()
            })
        };
        let read = self.read(event, file, &mut feed).await;
        let done = match (failed, read) {
            (Some(error), _) => Err(error),
            (None, read) => read.map(|()| decrypting.end(was, take))?,
        };
        done.map_err(|error| client.undecrypted(&key, was, identities, error))
    }
}

impl CopiedFile {
    /// Whether it is the strongest frame of its event by itself. `frames.zip`, if there is one, has it too.
    pub fn is_best_frame(&self) -> bool {
        self.name.starts_with(BEST_FRAME)
    }

    /// The name that its object has, or would have, without encryption.
    pub fn plain_name(&self) -> &str {
        if self.encrypted.is_none() {
            return &self.name;
        }
        self.name.strip_suffix(SUFFIX).unwrap_or(&self.name)
    }

    /// The name of the file of the event that it was made of.
    pub fn own_name(&self) -> &str {
        let name = self.plain_name();
        name.strip_prefix(BEST_FRAME).unwrap_or(name)
    }

    /// Its size and its SHA-256 without encryption.
    pub fn plain(&self) -> (u64, &str) {
        self.encrypted.as_ref().map_or((self.bytes, &self.sha256), |was| (was.bytes, &was.sha256))
    }

    /// Whether it holds all frames of its event; see [`unpack_frames`].
    pub fn is_frames(&self) -> bool {
        self.plain_name() == FRAMES
    }
}

/// Takes a frame by its name in the event, with its size and its contents.
pub type TakeFrame<'a> = dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<()> + 'a;

/// Takes the frames out of a `frames.zip`, each by its name in the event: `NAME`, or `debug/NAME`.
///
/// # Errors
/// It is no such file, or `take` fails.
pub fn unpack_frames(zip: File, take: &mut TakeFrame<'_>) -> Result<()> {
    let fail = |error: io::Error| Error::io("unpack", FRAMES, error);
    let mut zip = ZipArchive::new(BufReader::new(zip)).map_err(|error| fail(error.into()))?;
    for nth in 0..zip.len() {
        let mut entry = zip.by_index(nth).map_err(|error| fail(error.into()))?;
        let name = entry.name().map_err(|error| fail(error.into()))?.into_owned();
        let own = name.strip_prefix("debug/").unwrap_or(&name);
        if own.contains('/') || FileKind::of(own) != FileKind::Frame {
            return Err(fail(io::Error::other(format!("it has {name:?}, which is no frame"))));
        }
        let size = entry.size();
        take(&name, size, &mut entry).map_err(fail)?;
    }
    Ok(())
}
