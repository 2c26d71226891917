//! The local files of an event that is copied: what they are by their names, and how they are read. A file that changes meanwhile
//! is an error, so that no half of a recording counts as a copy.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

use bytes::Bytes;
use owlery_model::event::frames::Frame;
use owlery_model::event::{MovieName, Thumbnail};

use crate::error::{Error, Result};
use crate::keys::{FRAMES, best_frame};
use crate::upload::sha256;

/// How many bytes are read at a time.
const PIECE: u64 = 2 << 20;

/// A kind of file of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A movie, also a debug movie.
    Movie,
    /// `thumbnail.jpg`, or the picture that motionEye makes of a movie.
    Thumbnail,
    /// A frame, also a debug frame. All frames of an event are one object.
    Frame,
    /// Anything else in its directory.
    Other,
    /// The strongest frame by itself. No name of a file means it.
    BestFrame,
}

impl FileKind {
    /// The kind of a file with this name: a name in the event's directory, or `debug/NAME`.
    pub fn of(name: &str) -> Self {
        let file = name.rsplit('/').next().unwrap_or(name).as_bytes();
        if Frame::parse(file).is_some() {
            return Self::Frame;
        }
        match Thumbnail::of(file) {
            Some(_) => Self::Thumbnail,
            None if MovieName::parse(file).is_some() => Self::Movie,
            None => Self::Other,
        }
    }
}

/// The files of one event. Opening one may block.
pub trait Source: Send + Sync {
    /// The names of its files: in the event's directory, or `debug/NAME`; each once.
    fn names(&self) -> Vec<String>;

    /// The name of the frame in which most pixels changed. May read the beginning of every frame.
    fn best_frame(&self) -> Option<String> {
        None
    }

    /// Opens one of them.
    ///
    /// # Errors
    /// It is gone, or cannot be read.
    fn open(&self, name: &str) -> io::Result<File>;
}

/// A file of an event as it was found. It is opened again to be read: an event may have more files than a process may open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    modified: (i64, i64),
}

impl Found {
    pub(crate) fn of(source: &dyn Source, name: &str) -> Result<Self> {
        let file = source.open(name).map_err(|error| Error::io("read", name, error))?;
        Self::of_file(name, &file)
    }

    fn of_file(name: &str, file: &File) -> Result<Self> {
        let meta = file.metadata().map_err(|error| Error::io("read", name, error))?;
        Ok(Self { name: name.to_owned(), bytes: meta.len(), modified: (meta.mtime(), meta.mtime_nsec()) })
    }

    /// Opens it to read it.
    ///
    /// # Errors
    /// It is not any more what it was.
    pub(crate) fn open(&self, source: &dyn Source) -> Result<Opened<'_>> {
        let file = source.open(&self.name).map_err(|error| Error::io("read", &self.name, error))?;
        let opened = Opened { found: self, file: Arc::new(file) };
        opened.check_unchanged()?;
        Ok(opened)
    }

    /// Identifies its contents as far as that is possible without reading them.
    fn identity(&self) -> String {
        format!("{}\0{}\0{}.{:09}\n", self.name, self.bytes, self.modified.0, self.modified.1)
    }
}

/// An open file of an event.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    found: &'a Found,
    file: Arc<File>,
}

impl Opened<'_> {
    /// The pieces to read, as their offsets and lengths.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (u64, u64)> + use<> {
        let bytes = self.found.bytes;
        (0..bytes.div_ceil(PIECE)).map(move |nth| (nth * PIECE, PIECE.min(bytes - nth * PIECE)))
    }

    /// Reads a piece, on a thread that may block.
    pub(crate) async fn read(&self, (at, length): (u64, u64)) -> Result<Bytes> {
        let file = Arc::clone(&self.file);
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
            file.read_exact_at(&mut piece, at).map(|()| piece)
        });
        match read.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.changed()),
            Err(error) => Err(Error::io("read", &self.found.name, error)),
            Ok(piece) => Ok(piece.into()),
        }
    }

    /// Fails if it is not any more what it was when it was found.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        let now = Found::of_file(&self.found.name, &self.file)?;
        if now == *self.found { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> Error {
        Error::Changed { file: self.found.name.clone() }
    }
}

/// The objects of an event: each file by its name, and all frames as one. Frames come last, so that a movie is safe soon. They stand in for a
/// movie where there is none: otherwise nothing of such an event would be copied.
pub(crate) fn objects_of(source: &dyn Source, kinds: &BTreeSet<FileKind>) -> Result<Vec<(String, Vec<Found>)>> {
    let mut names = source.names();
    names.sort_unstable();
    let lacks_movie =
        kinds.contains(&FileKind::Movie) && !names.iter().any(|name| FileKind::of(name) == FileKind::Movie);
    let is_wanted =
        |kind: FileKind| kind == FileKind::Other || kinds.contains(&kind) || (kind == FileKind::Frame && lacks_movie);
    let (mut objects, mut frames) = (Vec::new(), Vec::new());
    for name in names {
        let kind = FileKind::of(&name);
        // A file of this name would be taken for the frames.
        if !is_wanted(kind) || name == FRAMES {
            continue;
        }
        let found = Found::of(source, &name)?;
        if kind == FileKind::Frame {
            frames.push(found);
        } else {
            objects.push((name, vec![found]));
        }
    }
    objects.sort_by_key(|(name, _)| FileKind::of(name));
    if kinds.contains(&FileKind::BestFrame)
        && let Some(name) = source.best_frame()
    {
        objects.insert(0, (best_frame(&name), vec![Found::of(source, &name)?]));
    }
    if !frames.is_empty() {
        objects.push((FRAMES.to_owned(), frames));
    }
    Ok(objects)
}

/// A digest of what files are, as far as that is known without reading them: while it is the same, they need not be copied again.
pub(crate) fn digest(files: &[Found]) -> String {
    let text: String = files.iter().map(Found::identity).collect();
    sha256(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_file_is() {
        for (name, kind) in [
            ("video.mp4", FileKind::Movie),
            ("debug/video.mkv", FileKind::Movie),
            ("13-10-02m.mp4", FileKind::Movie),
            ("thumbnail.jpg", FileKind::Thumbnail),
            ("13-10-02.mp4.thumb", FileKind::Thumbnail),
            ("10-04-35-04.jpg", FileKind::Frame),
            ("debug/10-04-35-04m.jpg", FileKind::Frame),
            ("notes.txt", FileKind::Other),
        ] {
            assert_eq!(FileKind::of(name), kind, "{name}");
        }
    }
}
