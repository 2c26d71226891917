//! The files of an event of a store, by the names that they had in the event's directory.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{Local, NaiveDateTime, TimeZone};
use owlery_store::{CopiedEvent, CopiedFile, FileKind, FramesDirectory, HostName, Manifest};

use super::file::{Contents, Object, StoredFile};
use super::{StoredError, StoredReader};
use crate::archive::MediaFile;
use crate::event::frames::Format;
use crate::event::{Camera, EventId, EventName};
use crate::service::derived::WORK;

/// The folder of an event for what the camera did not see.
const DEBUG: &str = "debug/";

/// The files of an event that a store has. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StoredFiles(Arc<Found>);

#[derive(Debug)]
struct Found {
    reader: Arc<StoredReader>,
    store: Arc<str>,
    host: HostName,
    /// As the host names it.
    camera: Camera,
    /// As it is shown.
    shown: EventId,
    manifest: Arc<Manifest>,
    /// Its place in the manifest.
    nth: usize,
}

impl StoredFiles {
    /// The files of an event, by the manifest of its day.
    pub(super) async fn of(
        reader: &Arc<StoredReader>,
        store: &str,
        (host, camera): (HostName, Camera),
        shown: &EventId,
    ) -> Result<Self, StoredError> {
        let manifest = {
            let (stores, store) = (Arc::clone(&reader.stores), store.to_owned());
            let (host, camera, day) = (host.clone(), camera.clone(), shown.day);
            reader.run(async move { Ok(stores.manifest(&store, (&host, &camera, day)).await?) }).await?
        };
        let nth = manifest.events.binary_search_by_key(&shown.name, |event| event.name);
        let nth = nth.map_err(|_| StoredError::NoFile)?;
        let (reader, store, shown) = (Arc::clone(reader), store.into(), shown.clone());
        Ok(Self(Arc::new(Found { reader, store, host, camera, shown, manifest, nth })))
    }

    fn copied(&self) -> Option<&CopiedEvent> {
        self.0.manifest.events.get(self.0.nth)
    }

    pub(super) fn copied_files(&self) -> &[CopiedFile] {
        self.copied().map_or(&[], |event| &event.files)
    }

    /// The event, as it is shown.
    pub fn event(&self) -> &EventId {
        &self.0.shown
    }

    /// The name of the store.
    pub fn store(&self) -> &str {
        &self.0.store
    }

    /// Whether all files of the event are there, and none of them changes any more. Motion gives numbers again to other events.
    pub fn is_final(&self) -> bool {
        matches!(self.0.shown.name, EventName::Time(_)) && self.copied().is_some_and(|event| event.whole)
    }

    /// Opens a file by its name in the event's directory, `NAME` or `debug/NAME`. Reads nothing of it.
    ///
    /// # Errors
    /// [`StoredError::NoFile`] if there is none. A frame is looked up in the directory of all frames, which may have to be read.
    pub async fn open(&self, name: &str) -> Result<StoredFile, StoredError> {
        place_of(name).ok_or(StoredError::NoFile)?;
        let of_this_name = |file: &&CopiedFile| !file.is_frames() && file.own_name() == name;
        if let Some(file) = self.copied_files().iter().find(of_this_name) {
            return Ok(self.file(self.object(file), Contents::Whole));
        }
        let zip = self.frames_zip().filter(|_| FileKind::of(name) == FileKind::Frame);
        let zip = zip.ok_or(StoredError::NoFile)?;
        let frame = self.frames(zip).await?.get(name).ok_or(StoredError::NoFile)?;
        Ok(self.file(self.object(zip), Contents::Frame(frame)))
    }

    /// The places and the sizes of all files: whether it is in `debug/`, and its name; the event's own files first, each group sorted.
    ///
    /// # Errors
    /// The directory of its frames cannot be read.
    pub async fn list(&self) -> Result<Vec<((bool, String), u64)>, StoredError> {
        let files = self.copied_files().iter().filter(|file| !file.is_frames());
        let mut all: Vec<_> = files.map(|file| (place_of(file.own_name()), file.plain().0)).collect();
        if let Some(zip) = self.frames_zip() {
            let frames = self.frames(zip).await?;
            all.extend(frames.iter().map(|(name, frame)| (place_of(name), frame.bytes)));
        }
        let mut all: Vec<_> = all.into_iter().filter_map(|(place, bytes)| Some((place?, bytes))).collect();
        all.sort_unstable();
        all.dedup_by(|one, other| one.0 == other.0);
        Ok(all)
    }

    /// The pictures of the event and their sizes in bytes, by name, as the archive has them.
    ///
    /// # Errors
    /// The directory of its frames cannot be read.
    pub async fn images(&self) -> Result<Vec<(String, u64)>, StoredError> {
        let is_picture = |name: &str| Format::ALL.into_iter().any(|format| name.ends_with(format.ending()));
        let own = self.list().await?.into_iter().filter(|((in_debug, name), _)| !in_debug && is_picture(name));
        Ok(own.map(|((_, name), bytes)| (name, bytes)).collect())
    }

    fn frames_zip(&self) -> Option<&CopiedFile> {
        self.copied_files().iter().find(|file| file.is_frames())
    }

    /// The directory of the frames.
    async fn frames(&self, zip: &CopiedFile) -> Result<Arc<FramesDirectory>, StoredError> {
        let reader = Arc::clone(&self.0.reader);
        let file = self.file(self.object(zip), Contents::Whole);
        let sha256 = zip.sha256.clone();
        let work = async move {
            let read = async move {
                let open = move || {
                    let broken = |error: io::Error| of_read(&error, "the frames");
                    FramesDirectory::read(Pieces::of(file)).map_err(broken)
                };
                tokio::task::spawn_blocking(open).await.unwrap_or(Err(StoredError::Stopped))
            };
            reader.frames.get(&sha256, read).await.map_err(|error| StoredError::clone(&error))
        };
        self.0.reader.run(work).await
    }

    pub(super) fn object(&self, file: &CopiedFile) -> Object {
        let Found { store, host, camera, shown, .. } = &*self.0;
        let id = EventId { camera: camera.clone(), day: shown.day, name: shown.name };
        Object::new((Arc::clone(store), host.clone(), id), file.clone())
    }

    fn file(&self, object: Object, contents: Contents) -> StoredFile {
        let end = self.copied().map_or_else(|| self.0.shown.day.at(0), |event| event.end);
        StoredFile::new(&self.0.reader, object, contents, nanos(end))
    }

    /// Fetches a file whole, into a file without a name, for programs that read files. Blocks; not on a thread that serves others.
    ///
    /// # Errors
    /// As those of files of the archive; [`crate::error::Error::Store`] if the store cannot be used.
    pub(in crate::service) fn fetch(&self, (in_debug, name): &(bool, String)) -> crate::error::Result<MediaFile> {
        let name = if *in_debug { format!("{DEBUG}{name}") } else { name.clone() };
        let fail = |error: io::Error| crate::error::Error::io("keep", &name, error);
        let file = self.open_waiting(&name)?;
        let mut kept = self.temporary().map_err(fail)?;
        for range in file.pieces(0..file.len()) {
            let bytes = self.0.reader.wait(file.read(range)).map_err(|error| error.of_file(&self.0.shown, &name))?;
            kept.write_all(&bytes).map_err(fail)?;
        }
        kept.rewind().map_err(fail)?;
        Ok(MediaFile { file: kept, len: file.len(), modified: file.modified(), inode: 0 })
    }

    /// [`StoredFiles::open`] for a thread that may wait.
    pub(in crate::service) fn open_waiting(&self, name: &str) -> crate::error::Result<StoredFile> {
        let (this, wanted) = (self.clone(), name.to_owned());
        let opened = self.0.reader.wait(async move { this.open(&wanted).await });
        opened.map_err(|error| error.of_file(&self.0.shown, name))
    }

    /// [`StoredFiles::list`] for a thread that may wait, without the sizes.
    pub(in crate::service) fn names_waiting(&self) -> crate::error::Result<Vec<(bool, String)>> {
        let this = self.clone();
        let listed = self.0.reader.wait(async move { this.list().await });
        let listed = listed.map_err(|error| error.of_file(&self.0.shown, ""))?;
        Ok(listed.into_iter().map(|(place, _)| place).collect())
    }

    /// A file that is gone with its last handle: beside the cache, which may be large, or in the system's folder.
    fn temporary(&self) -> io::Result<std::fs::File> {
        if let Ok(cache) = self.0.reader.cache.get() {
            let work = cache.options().dir.join(WORK);
            if std::fs::create_dir_all(&work).is_ok() {
                return tempfile::tempfile_in(work);
            }
        }
        tempfile::tempfile()
    }
}

/// Whether a file is in `debug/`, and its name. `None` for a name that no file of an event has: a manifest may be another program's.
fn place_of(name: &str) -> Option<(bool, String)> {
    let (in_debug, own) = name.strip_prefix(DEBUG).map_or((false, name), |own| (true, own));
    let is_plain = !own.is_empty() && own.len() <= 255 && !own.starts_with('.');
    (is_plain && !own.chars().any(|char| char == '/' || char.is_control())).then(|| (in_debug, own.to_owned()))
}

/// A wall time in nanoseconds since 1970.
fn nanos(local: NaiveDateTime) -> i64 {
    let at = Local.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |at| at.to_utc());
    at.timestamp_nanos_opt().unwrap_or(0)
}

/// The error of a file of a store that was read through [`Pieces`].
pub(in crate::service) fn of_read(error: &io::Error, what: &str) -> StoredError {
    let mut cause = error.get_ref().map(|cause| cause as &(dyn std::error::Error + 'static));
    while let Some(found) = cause {
        if let Some(known) = found.downcast_ref::<StoredError>() {
            return known.clone();
        }
        // A reader of the format may have wrapped the error of what it reads, and an error of a file hides the one in it.
        let within = found.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = within.map(|within| within as &(dyn std::error::Error + 'static)).or_else(|| found.source());
    }
    StoredError::Unreadable(format!("{what} cannot be read: {error}"))
}

/// A file of a store that is read as a file is, on a thread that may wait. It holds the piece that it reads.
#[derive(Debug)]
pub(in crate::service) struct Pieces {
    file: StoredFile,
    at: u64,
    /// Where the piece begins.
    from: u64,
    piece: Bytes,
}

impl Pieces {
    pub(in crate::service) fn of(file: StoredFile) -> Self {
        Self { file, at: 0, from: 0, piece: Bytes::new() }
    }

    /// Reads bytes from this one on, as `pread` does.
    pub(in crate::service) fn read_at(&mut self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        if at >= self.file.len() || buffer.is_empty() {
            return Ok(0);
        }
        let is_held = at >= self.from && at - self.from < self.piece.len() as u64;
        if !is_held {
            let piece = self.file.piece_at(at);
            let read = self.file.reader().wait(self.file.read(piece.clone()));
            self.piece = read.map_err(io::Error::other)?;
            self.from = piece.start;
        }
        let skip = usize::try_from(at - self.from).unwrap_or(usize::MAX);
        let held = self.piece.get(skip..).filter(|held| !held.is_empty());
        let held = held.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let count = held.len().min(buffer.len());
        buffer[..count].copy_from_slice(&held[..count]);
        Ok(count)
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Pieces {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_files() {
        assert_eq!(place_of("debug/video.mp4"), Some((true, "video.mp4".to_owned())));
        assert_eq!(place_of("a b.jpg"), Some((false, "a b.jpg".to_owned())));
        for bad in ["", ".saved", "../x", "a/b", "debug/", "debug/../x", "debug/a/b", "debug/.x", "/etc/passwd", "a\nb"]
        {
            assert_eq!(place_of(bad), None, "{bad:?}");
        }
    }
}
