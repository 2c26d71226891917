//! What is encrypted before it is sent in parts: one file `spool.age` for each store in `stores/NAME.state/` of the state directory, and what
//! it is, in `encrypted.json`. An upload that was interrupted goes on with the same bytes, and encrypting again would give others. All of it
//! is for the host's convenience: without it, uploads start over.
//!
//! The file is not synced: most of them are removed before they reach the disk. Its bytes are compared with what was encrypted before an
//! upload ends, so that one that a power cut has damaged is no copy.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use owlery_model::fault;
use owlery_state::remove_file;
use owlery_state::state_file::{IfUnusable, StateContent, StateFile, give};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::manifest::Encrypted;
use crate::name::StoreName;
use crate::resume::{UploadRecord, Uploads};
use crate::upload::{Sink, Sums, Written};
use crate::vault::Vault;

/// The file's name.
const FILE: &str = "spool.age";

/// How many bytes are read at a time.
const PIECE: u64 = 1 << 20;

/// The spool takes at most this share of the free space: recordings come first.
const SHARE: u64 = 2;

/// After this time an upload is given up: stores remove the parts of old ones.
const OLDEST: Duration = Duration::from_hours(7 * 24);

/// How many objects are remembered that are complete and that no manifest names yet, as in the record of uploads.
const MOST_SENT: usize = 100;

/// The spool of a store. Used by the one process that copies to it.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    vault: Vault,
    store: StoreName,
}

/// What is known of the spool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// What is in the file.
    here: Option<Made>,
    /// What was sent whole, and may be in no manifest yet.
    #[serde(default)]
    sent: Vec<Made>,
}

impl StateContent for Known {
    const NAME: &'static str = "encrypted.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::StartOver("encrypted uploads that were interrupted start over");
}

/// An object that was encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) key: String,
    /// The digest of what it was made of.
    pub(crate) source: String,
    pub(crate) encrypted: Encrypted,
    /// What it is, encrypted.
    pub(crate) written: Written,
}

impl Made {
    /// What the record of uploads has as the source: other encrypted bytes are another upload.
    pub(crate) fn identity(&self) -> String {
        format!("age:{}", self.written.sha256)
    }
}

impl Known {
    /// What was made of this source, for these recipients.
    pub(crate) fn find(&self, key: &str, source: &str, to: &[String]) -> Option<Made> {
        let is_it = |made: &&Made| made.key == key && made.source == source && made.encrypted.to == to;
        self.here.iter().chain(&self.sent).find(is_it).cloned()
    }
}

impl Spool {
    /// The spool beside a record of uploads. Reads and makes nothing.
    pub(crate) fn of(record: &UploadRecord) -> Self {
        let (vault, store) = record.place();
        Self { vault: vault.clone(), store: store.clone() }
    }

    fn path(&self) -> PathBuf {
        self.vault.folder_of(&self.store).join(FILE)
    }

    /// Runs what may wait for the disk.
    async fn run<T: Send + 'static>(&self, what: impl FnOnce(Self) -> T + Send + 'static) -> Option<T> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || what(this)).await.ok()
    }

    fn load(&self) -> Known {
        StateFile::<Known>::new(&self.vault.folder_of(&self.store)).load_or_default()
    }

    fn save(&self, known: &Known) {
        let save = || -> Result<(), String> {
            if *known == Known::default() {
                return StateFile::<Known>::new(&self.vault.folder_of(&self.store)).remove().map_err(|e| e.chain());
            }
            let folder = self.vault.make_folder_of(&self.store).map_err(|error| error.to_string())?;
            StateFile::new(&folder).write(known).map_err(|error| error.chain())
        };
        if let Err(error) = save() {
            tracing::warn!("an encrypted upload to the store {} starts over if it is interrupted: {error}", self.store);
        }
    }

    fn remove(&self) {
        if let Err(error) = remove_file(&self.path()) {
            tracing::warn!("cannot remove {}: {error}", self.path().display());
        }
    }

    /// Whether there is anything of it.
    pub(crate) async fn is_used(&self) -> bool {
        let is_used = |this: Self| {
            let folder = this.vault.folder_of(&this.store);
            [FILE, Known::NAME].iter().any(|name| folder.join(name).exists())
        };
        self.run(is_used).await.unwrap_or(false)
    }

    /// What is known of it.
    pub(crate) async fn read(&self) -> Known {
        self.run(|this| this.load()).await.unwrap_or_default()
    }

    /// The file, if this is what it has.
    pub(crate) async fn open(&self, made: Made) -> Option<Spooled> {
        let open = move |this: Self| {
            let file = File::open(this.path()).ok()?;
            let is_it = this.load().here.as_ref() == Some(&made) && file.metadata().ok()?.len() == made.written.bytes;
            is_it.then(|| Spooled { path: this.path(), file: Arc::new(file), made })
        };
        self.run(open).await.flatten()
    }

    /// Begins a new file for so many plain bytes, in place of the one that is there; `None` if there is no room for it, or no file can
    /// be made.
    pub(crate) async fn begin(&self, plain: u64) -> Option<SpoolWriter> {
        let begin = move |this: Self| {
            this.forget_here();
            let made = this.vault.make_folder_of(&this.store).map_err(|error| error.to_string());
            let made = made.and_then(|folder| create(&folder, plain, free_bytes).map_err(|error| error.to_string()));
            if let Err(why) = &made {
                tracing::info!("what is sent to the store {} is encrypted on its way: {why}", this.store);
            }
            made.ok().map(|file| (this.path(), file))
        };
        let (path, file) = self.run(begin).await.flatten()?;
        Some(SpoolWriter { path, file: Arc::new(file), at: 0, sums: Sums::default(), has_failed: false })
    }

    fn forget_here(&self) {
        let mut known = self.load();
        if known.here.take().is_some() {
            self.save(&known);
        }
        self.remove();
    }

    /// Ends the file. What it is becomes known.
    pub(crate) async fn end(&self, writer: SpoolWriter, made: impl FnOnce(Written) -> Made) -> Option<Spooled> {
        fault::crash("spool-1"); // the file is there, and nothing says what it is
        let made = made(writer.sums.end());
        let (path, file) = (writer.path, writer.file);
        let kept = made.clone();
        let keep = move |this: Self| {
            let mut known = this.load();
            known.here = Some(kept);
            this.save(&known);
        };
        self.run(keep).await?;
        fault::crash("spool-2"); // which is known
        Some(Spooled { path, file, made })
    }

    /// The object is in the store: its file is not needed any more.
    pub(crate) async fn sent(&self, made: Made, is_recorded: bool) {
        fault::crash("spool-3"); // it is sent
        let done = move |this: Self| {
            let mut known = this.load();
            let is_here = known.here.as_ref() == Some(&made);
            known.here.take_if(|_| is_here);
            known.sent.retain(|sent| sent.key != made.key);
            if is_recorded {
                known.sent.push(made);
                known.sent.drain(..known.sent.len().saturating_sub(MOST_SENT));
            }
            this.save(&known);
            fault::crash("spool-4"); // which is known, and the file is still there
            if is_here {
                this.remove();
            }
        };
        let _ = self.run(done).await; // a panic is no part of it
    }

    /// Removes the file, and what is known of it.
    pub(crate) async fn clear(&self) {
        let _ = self.run(|this| this.forget_here()).await;
    }

    /// Removes the file unless it belongs to the upload under way, and forgets what a manifest names now.
    pub(crate) async fn tidy(&self, uploads: Uploads, named: &[String]) {
        let named = named.to_vec();
        let tidy = move |this: Self| {
            let mut known = this.load();
            let before = known.clone();
            let is_of = |made: &Made, key: &str, source: &str| made.key == key && made.identity() == source;
            let is_complete =
                |made: &mut Made| uploads.complete.iter().any(|done| is_of(made, &done.key, &done.source));
            known.sent.extend(known.here.take_if(is_complete));
            known.sent.retain(|made| !named.contains(&made.key));
            let is_under_way =
                |made: &Made| uploads.under_way.as_ref().is_some_and(|now| is_of(made, &now.key, &now.source));
            known.here.take_if(|made| !(is_under_way(made) && is_young(&this.path())));
            if known != before {
                this.save(&known);
            }
            if known.here.is_none() {
                this.remove();
            }
        };
        let _ = self.run(tidy).await;
    }
}

/// Whether a file is there, and was written within the time in which its upload may go on.
fn is_young(path: &Path) -> bool {
    let modified = path.metadata().and_then(|meta| meta.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age < OLDEST))
}

/// Makes the file, which only its owner may read, if it leaves enough room.
fn create(folder: &Path, plain: u64, free_bytes: impl FnOnce(&Path) -> io::Result<u64>) -> io::Result<File> {
    let free = free_bytes(folder)?;
    if plain > free / SHARE {
        return Err(io::Error::other(format!(
            "{} has {free} bytes free, and {plain} would be too many",
            folder.display()
        )));
    }
    let path = folder.join(FILE);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    give(&path);
    Ok(file)
}

/// How many bytes more a disk takes.
fn free_bytes(folder: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    Ok(fault::number("spool-room", usize::try_from(free).unwrap_or(usize::MAX)) as u64)
}

/// What is written into the spool.
pub(crate) struct SpoolWriter {
    path: PathBuf,
    file: Arc<File>,
    at: u64,
    sums: Sums,
    has_failed: bool,
}

impl SpoolWriter {
    /// Whether it is the spool itself that could not be written.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed
    }
}

impl Sink for SpoolWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let (file, at) = (Arc::clone(&self.file), self.at);
        self.at += bytes.len() as u64;
        let owned = bytes.clone();
        let written = tokio::task::spawn_blocking(move || file.write_all_at(&owned, at));
        self.sums.add(&bytes);
        let written = written.await;
        written.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| {
            self.has_failed = true;
            Error::io("write", &self.path, error)
        })
    }
}

/// The file of the spool, open to be sent.
pub(crate) struct Spooled {
    path: PathBuf,
    file: Arc<File>,
    made: Made,
}

impl Spooled {
    pub(crate) fn made(&self) -> &Made {
        &self.made
    }

    /// Writes all of it; fails if it is not what was encrypted.
    pub(crate) async fn write(&self, sink: &mut impl Sink) -> Result<()> {
        let bytes = self.made.written.bytes;
        let mut sums = Sums::default();
        for nth in 0..bytes.div_ceil(PIECE) {
            let (file, at) = (Arc::clone(&self.file), nth * PIECE);
            let length = usize::try_from(PIECE.min(bytes - at)).unwrap_or(0);
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; length];
                file.read_exact_at(&mut piece, at).map(|()| Bytes::from(piece))
            });
            let piece = read.await.unwrap_or_else(|error| Err(io::Error::other(error)));
            let piece = piece.map_err(|error| Error::io("read", &self.path, error))?;
            sums.add(&piece);
            sink.write(piece).await?;
        }
        if sums.end() == self.made.written {
            return Ok(());
        }
        Err(Error::Changed { file: self.path.display().to_string() })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_spool_leaves_room_for_recordings() {
        let dir = tempfile::tempdir().unwrap();
        let error = create(dir.path(), 501, |_| Ok(1000)).unwrap_err();
        assert!(error.to_string().contains("1000 bytes free"), "{error}");
        assert!(!dir.path().join(FILE).exists());
        let file = create(dir.path(), 500, |_| Ok(1000)).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(create(dir.path(), 1, free_bytes).is_err(), "another one is there");
    }

    /// Another store's, and what an older or a newer Owlery has written, are none of it.
    #[tokio::test]
    async fn unusable_notes_are_no_spool() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::of(&UploadRecord::new(dir.path(), &"one".parse().unwrap()));
        assert!(!spool.is_used().await);
        let folder = dir.path().join("stores/one.state");
        std::fs::create_dir_all(&folder).unwrap();
        for text in ["", "{", r#"{"owlery":9}"#, r#"{"owlery":1,"here":7}"#] {
            std::fs::write(folder.join(Known::NAME), text).unwrap();
            std::fs::write(folder.join(FILE), "x").unwrap();
            assert_eq!(spool.read().await, Known::default(), "{text}");
            spool.tidy(Uploads::default(), &[]).await;
            assert!(!folder.join(FILE).exists(), "{text}");
        }
    }
}
