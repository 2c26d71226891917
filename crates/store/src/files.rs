//! Reading small files, and noticing that one has changed.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// The most bytes that a small file may have.
const MAX_BYTES: u64 = 1024 * 1024;

/// What tells one state of a file from another: its device, inode, size, and the times of its last changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// A file that is replaced by one with the same times still differs in this one.
    changed: (i64, i64),
}

/// Whether a symbolic link may be followed to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    Follow,
    Refuse,
}

/// The state of a file; `None` if there is none, or none that can be reached.
pub(crate) fn stamp(path: &Path) -> Option<FileStamp> {
    let metadata = path.metadata().ok()?;
    Some(FileStamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// Reads a regular file of at most 1 MiB, and does not wait for a pipe. `None` if there is no file.
pub(crate) fn read(path: &Path, links: Links) -> io::Result<Option<(Metadata, Vec<u8>)>> {
    let follow = if links == Links::Refuse { OFlags::NOFOLLOW } else { OFlags::empty() };
    let flags = (follow | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        other => other?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it has more than 1 MiB"));
    }
    Ok(Some((metadata, bytes)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        assert!(read(&file, Links::Refuse).unwrap().is_none());
        assert!(read(&file.join("below"), Links::Refuse).unwrap().is_none());
        fs::write(&file, "x").unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(read(&file, Links::Refuse).unwrap().unwrap().1, b"x");
        assert!(read(&file.join("below"), Links::Refuse).unwrap().is_none(), "a file is no directory");
        assert_eq!(read(&link, Links::Follow).unwrap().unwrap().1, b"x");
        read(&link, Links::Refuse).unwrap_err();
        read(dir.path(), Links::Follow).unwrap_err();
        fs::File::create(&file).unwrap().set_len(MAX_BYTES + 1).unwrap();
        read(&file, Links::Refuse).unwrap_err();
    }

    #[test]
    fn a_replaced_file_has_another_stamp() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        assert_eq!(stamp(&file), None);
        fs::write(&file, "one").unwrap();
        let first = stamp(&file).unwrap();
        assert_eq!(stamp(&file), Some(first));
        let other = dir.path().join("other");
        fs::write(&other, "two").unwrap();
        fs::rename(&other, &file).unwrap();
        assert_ne!(stamp(&file), Some(first));
    }
}
