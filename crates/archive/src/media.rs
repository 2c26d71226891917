//! Opens the files of events for reading: by strict names, within the archive, never through a link. The caller reads
//! from them and decides whether to wait for a disk.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::str::FromStr;
use std::sync::PoisonError;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::Tree;
use super::day_dir::DayDir;
use super::dir::{Dir, file_type, join, mtime, open_cached, statx};
use super::filesystem::opens_at_once;
use crate::error::{Error, Result};
use crate::event::frames::Format;
use crate::event::{EventId, EventName};
use crate::layout::FileKind;

/// The path of an event's file: `{event}/{file}` or `{event}/debug/{file}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPath {
    /// The event.
    pub event: EventId,
    /// Whether the file is in the event's `debug/`.
    pub in_debug: bool,
    /// The file name: not hidden, no separator, no control character.
    pub file: String,
}

/// An open file of an event.
#[derive(Debug)]
pub struct MediaFile {
    /// The open file.
    pub file: File,
    /// Its size in bytes.
    pub len: u64,
    /// Its modification time in nanoseconds since 1970.
    pub modified: i64,
    /// Its inode number. Together with size and time it makes a strong enough `ETag`.
    pub inode: u64,
}

impl FromStr for MediaPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = || Error::Name { what: "a file of an event", text: text.to_owned() };
        let mut parts = text.splitn(4, '/');
        let (Some(camera), Some(day), Some(name), Some(rest)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refuse());
        };
        let event = EventId { camera: camera.parse()?, day: day.parse()?, name: name.parse()? };
        let (in_debug, file) = rest.strip_prefix("debug/").map_or((false, rest), |file| (true, file));
        let fits = !file.is_empty()
            && file.len() <= 255
            && !file.starts_with('.')
            && !file.chars().any(|c| c == '/' || c.is_control());
        if fits { Ok(Self { event, in_debug, file: file.to_owned() }) } else { Err(refuse()) }
    }
}

impl Tree {
    /// Opens a file of an event. Links, directories and special files are "not found".
    pub fn open_media(&self, path: &MediaPath) -> Result<MediaFile> {
        let media = match self.open_event(&path.event).map_err(hide)? {
            OpenEvent::Directory(mut dir) => {
                if path.in_debug {
                    dir = dir.open_dir(b"debug").map_err(hide)?;
                }
                open_in(&dir, path.file.as_bytes())?
            }
            OpenEvent::Flat(day) => {
                let file = if path.in_debug { None } else { Some(&path.file) };
                let fail = |e: io::Error| Error::io("open", self.event_path(&path.event).join(&path.file), e);
                let file = file.ok_or_else(|| fail(io::ErrorKind::NotFound.into()))?;
                open_flat(&day, path.event.name, file)?
            }
        };
        let mut at_once = self.at_once.lock().unwrap_or_else(PoisonError::into_inner);
        at_once.insert(path.event.camera.clone(), opens_at_once(media.file.as_fd()));
        Ok(media)
    }

    /// Like `open_media`, with one system call that never waits for a disk. `None` if that is impossible: something on
    /// the path is not cached, is a link, or does not exist; or the camera's disk is remote or was not used yet. Then
    /// use [`Tree::open_media`].
    pub fn open_media_at_once(&self, path: &MediaPath) -> Option<MediaFile> {
        let MediaPath { event, in_debug, file } = path;
        let known = self.at_once.lock().unwrap_or_else(PoisonError::into_inner).get(&event.camera).copied();
        if known != Some(true) {
            return None;
        }
        // The root's path has no links (it was resolved when the archive was opened), and none is followed. So this
        // opens the same file as going from directory to directory would.
        let mut whole = Vec::with_capacity(256);
        whole.extend_from_slice(self.root.as_os_str().as_encoded_bytes());
        let day = event.day.to_string();
        let name = event.name.text();
        let debug: &[&str] = if *in_debug { &["debug"] } else { &[] };
        for part in [event.camera.as_str(), &day, &name].iter().chain(debug).chain(&[file.as_str()]) {
            whole.push(b'/');
            whole.extend_from_slice(part.as_bytes());
        }
        MediaFile::of(open_cached(&whole)?).ok()?
    }

    /// The event's pictures with their sizes in bytes, sorted by name, without hidden files and links.
    pub fn images(&self, event: &EventId) -> Result<Vec<(String, u64)>> {
        let dir = match self.open_event(event).map_err(hide)? {
            OpenEvent::Directory(dir) => dir,
            OpenEvent::Flat(day) => return flat_images(&day, event.name),
        };
        let mut names = Vec::new();
        dir.list(|name, _| {
            if let Ok(name) = std::str::from_utf8(name)
                && !name.starts_with('.')
                && Format::ALL.into_iter().any(|format| name.ends_with(format.ending()))
                && !name.chars().any(char::is_control)
            // its URL would not work
            {
                names.push(name.to_owned());
            }
        })?;
        names.sort_unstable();
        let size = |name: String| {
            let stat = dir.stat(name.as_bytes()).ok()?;
            (file_type(&stat) == FileType::RegularFile).then_some((name, stat.stx_size))
        };
        Ok(names.into_iter().filter_map(size).collect())
    }

    /// The files of an event, from its directory and its `debug/`, without hidden ones.
    pub fn event_files(&self, event: &EventId) -> Result<EventFiles> {
        let dir = match self.open_event(event).map_err(hide)? {
            OpenEvent::Directory(dir) => dir,
            OpenEvent::Flat(day) => return EventFiles::of_flat(day, event.name),
        };
        let debug = dir.open_dir_if_there(b"debug").or_else(|error| match error {
            error if error.is_no_directory() => Ok(None),
            error => Err(error),
        })?;
        let mut files = Names::default();
        for in_debug in [false, true] {
            let from = files.names.len();
            let Some(dir) = (if in_debug { debug.as_ref() } else { Some(&dir) }) else { continue };
            dir.list(|name, kind| {
                // If the directory does not report the kind, opening it shows it.
                let may_be_file = matches!(kind, FileType::RegularFile | FileType::Unknown);
                if !may_be_file || name.starts_with(b".") {
                    return;
                }
                match std::str::from_utf8(name) {
                    Ok(name) if !name.chars().any(char::is_control) => files.names.push((in_debug, name.to_owned())),
                    _ => files.was_odd.push(String::from_utf8_lossy(name).escape_default().to_string()),
                }
            })?;
            files.names[from..].sort_unstable();
        }
        let Names { names, was_odd } = files;
        Ok(EventFiles { names, was_odd, place: Place::Directory { dir, debug } })
    }

    /// Opens an event to read its files. One that is flat is found by the listing at hand, which may be a moment old.
    fn open_event(&self, id: &EventId) -> Result<OpenEvent> {
        let camera = self.camera(&id.camera)?;
        if camera.has_directory() {
            let opened = camera.dir.open_dir(id.day.to_string().as_bytes());
            match opened.and_then(|day| day.open_dir(id.name.text().as_bytes())) {
                Err(error) if camera.layout.is_some() && error.is_no_directory() => {}
                other => return other.map(OpenEvent::Directory),
            }
        }
        let day = camera.day(id.day)?;
        if day.flat_event(id.name)?.is_none() {
            return Err(Error::io("open", self.event_path(id), io::ErrorKind::NotFound));
        }
        Ok(OpenEvent::Flat(day))
    }
}

/// An event that is read: its directory, or the day of its flat files.
enum OpenEvent {
    Directory(Dir),
    Flat(DayDir),
}

/// The names in an event's directory.
#[derive(Default)]
struct Names {
    names: Vec<(bool, String)>,
    was_odd: Vec<String>,
}

/// Opens a file of a flat event by its name within the event.
fn open_flat(day: &DayDir, event: EventName, file: &str) -> Result<MediaFile> {
    let missing = || Error::io("open", day.event_path(event).join(file), io::ErrorKind::NotFound);
    let flat = day.flat_event(event)?.ok_or_else(missing)?;
    let fail = |e: io::Error| Error::io("open", flat.path(), e);
    MediaFile::of(flat.open(file).map_err(hide)?).map_err(fail)?.ok_or_else(missing)
}

/// The pictures of a flat event with their sizes, sorted by name.
fn flat_images(day: &DayDir, event: EventName) -> Result<Vec<(String, u64)>> {
    let Some(flat) = day.flat_event(event)? else { return Ok(Vec::new()) };
    let mut images = Vec::new();
    for entry in flat.files()? {
        let is_picture = matches!(entry.file.kind, FileKind::Picture(_) | FileKind::DebugPicture(_));
        if let Some(stat) = is_picture.then(|| flat.stat(entry).ok()).flatten()
            && file_type(&stat) == FileType::RegularFile
        {
            images.push((entry.name().into_owned(), stat.stx_size));
        }
    }
    images.sort_unstable();
    images.dedup_by(|one, other| one.0 == other.0);
    Ok(images)
}

/// The files of an event by name. Keeps its directories open, so that the files of an event with a directory can be read
/// even if it is moved into the delete queue meanwhile.
#[derive(Debug)]
pub struct EventFiles {
    /// Whether it is in `debug/`, and its name; the event's own files first, each group sorted.
    pub names: Vec<(bool, String)>,
    /// Names that are not UTF-8, with replaced bytes.
    pub was_odd: Vec<String>,
    place: Place,
}

/// Where the files of an event are.
#[derive(Debug)]
enum Place {
    Directory { dir: Dir, debug: Option<Dir> },
    Flat { day: DayDir, event: EventName },
}

impl EventFiles {
    fn of_flat(day: DayDir, event: EventName) -> Result<Self> {
        let mut names = Vec::new();
        if let Some(flat) = day.flat_event(event)? {
            let files = flat.files()?;
            let visible = files.iter().filter(|entry| entry.is_recording());
            names.extend(visible.map(|entry| (false, entry.name().into_owned())));
        }
        names.sort_unstable();
        names.dedup();
        Ok(Self { names, was_odd: Vec::new(), place: Place::Flat { day, event } })
    }

    /// Opens one of them. A file that is not regular, or is gone, is "not found".
    pub fn open(&self, (in_debug, name): &(bool, String)) -> Result<MediaFile> {
        match &self.place {
            Place::Directory { dir, debug } => {
                let dir = if *in_debug { debug.as_ref().unwrap_or(dir) } else { dir };
                open_in(dir, name.as_bytes())
            }
            Place::Flat { day, event } => open_flat(day, *event, name),
        }
    }
}

/// Opens a regular file of a directory.
fn open_in(dir: &Dir, name: &[u8]) -> Result<MediaFile> {
    let fail = |e: io::Error| Error::io("open", join(dir.path(), name), e);
    let fd = dir.open_file(name).map_err(hide)?;
    MediaFile::of(fd).map_err(fail)?.ok_or_else(|| fail(io::ErrorKind::NotFound.into()))
}

impl MediaFile {
    /// `None` if it is not a regular file.
    pub(super) fn of(fd: OwnedFd) -> io::Result<Option<Self>> {
        let stat = statx(&fd, b"", rustix::fs::AtFlags::EMPTY_PATH)?;
        let is_regular = file_type(&stat) == FileType::RegularFile;
        Ok(is_regular.then(|| Self {
            file: File::from(fd),
            len: stat.stx_size,
            modified: mtime(&stat),
            inode: stat.stx_ino,
        }))
    }
}

/// Maps what is refused (a link, a file in place of a directory, a directory that is not a camera of this archive) to
/// "not found". Other read errors stay errors.
pub(super) fn hide(error: Error) -> Error {
    let is_refused = |source: &io::Error| match source.raw_os_error() {
        Some(code) => [Errno::LOOP, Errno::NOTDIR, Errno::NAMETOOLONG].iter().any(|errno| errno.raw_os_error() == code),
        None => source.kind() == io::ErrorKind::Other,
    };
    match error {
        Error::Io { op, path, source } if is_refused(&source) => Error::io(op, path, io::ErrorKind::NotFound),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_paths_are_refused() {
        const EVENT: &str = "Camera1/2026-11-20/10-04-36";
        for bad in [
            "",
            "..",
            ".saved",
            ".details.json",
            "../x",
            "debug/",
            "debug/.x",
            "debug/../x",
            "debug/a/b",
            "a/b",
            "a\0b",
            "a\nb",
            "/etc/passwd",
        ] {
            assert!(format!("{EVENT}/{bad}").parse::<MediaPath>().is_err(), "{bad:?}");
        }
        assert!(format!("{EVENT}/{}", "x".repeat(256)).parse::<MediaPath>().is_err());
        let good: MediaPath = format!("{EVENT}/debug/video.m4v").parse().unwrap();
        assert_eq!((good.in_debug, good.file.as_str()), (true, "video.m4v"));
        assert!(format!("{EVENT}/10-04-35-04.jpg").parse::<MediaPath>().is_ok());
    }
}
