//! Opening the files of events for whoever serves them: by strict names, beneath the archive, never through a link.

use std::fs::File;
use std::io;
use std::str::FromStr;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::Tree;
use super::dir::{file_type, join, mtime, statx};
use crate::error::{Error, Result};
use crate::event::EventId;

/// A file of an event: `{event}/{file}` or `{event}/debug/{file}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPath {
    /// Whose file.
    pub event: EventId,
    /// Whether it lies in the event's `debug/`.
    pub in_debug: bool,
    /// Its name: not hidden, no separator, no control character.
    pub file: String,
}

/// An open file of an event.
#[derive(Debug)]
pub struct MediaFile {
    /// The file itself.
    pub file: File,
    /// Its size in bytes.
    pub len: u64,
    /// Its modification time, nanoseconds since 1970.
    pub modified: i64,
    /// Its inode number: with size and time it makes a strong enough tag.
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
        let mut dir = self.event_dir(&path.event).map_err(hide)?;
        if path.in_debug {
            dir = dir.open_dir(b"debug").map_err(hide)?;
        }
        let name = path.file.as_bytes();
        let fail = |e: io::Error| Error::io("open", join(dir.path(), name), e);
        let fd = dir.open_file(name).map_err(hide)?;
        let stat = statx(&fd, b"", rustix::fs::AtFlags::EMPTY_PATH).map_err(|e| fail(e.into()))?;
        if file_type(&stat) != FileType::RegularFile {
            return Err(fail(io::ErrorKind::NotFound.into()));
        }
        Ok(MediaFile { file: File::from(fd), len: stat.stx_size, modified: mtime(&stat), inode: stat.stx_ino })
    }

    /// The event's pictures by name, with their sizes, sorted by name; hidden files and links left out.
    pub fn images(&self, event: &EventId) -> Result<Vec<(String, u64)>> {
        let dir = self.event_dir(event).map_err(hide)?;
        let mut names = Vec::new();
        dir.list(|name, _| {
            if let Ok(name) = std::str::from_utf8(name)
                && !name.starts_with('.')
                && name.strip_suffix(".jpg").is_some()
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
}

/// To whoever asks for a file, what is refused is not there: a link, a file in a directory's place, a directory that is no
/// camera of this archive. What cannot be read although it is there stays an error.
fn hide(error: Error) -> Error {
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
