//! Journals of the state directory: files of whole lines, which grow at their end. What a write returned for is on the disk; after a crash
//! the last line may be torn, and is then cut off by the next write. Only the owner may read them. Who keeps a journal decides what
//! its lines say, and rewrites it when it has grown.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::{Error, Result};
use crate::state_file::{give, read_file};
use crate::whole::write_state;

/// The mode of a journal, and of the folder that is made for it.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// What became of lines that were to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// They are on the disk.
    Done,
    /// The file is missing, or shorter than it was: it has to be written as a whole.
    Incomplete,
}

/// A journal.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    name: String,
    /// The bytes of the whole lines that are known to be in the file.
    len: u64,
}

impl Journal {
    /// The journal of this name in a folder. Reads nothing, and neither needs to exist.
    pub fn new(folder: &Path, name: String) -> Self {
        Self { folder: folder.to_path_buf(), name, len: 0 }
    }

    /// Its path.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The bytes of its lines.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its whole lines; `None` if there is no file.
    ///
    /// # Errors
    /// It cannot be read, or is no regular file.
    pub fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = match read_file(&self.path()) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            other => other?,
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        bytes.truncate(whole);
        self.len = whole as u64;
        Ok(Some(bytes))
    }

    /// Appends lines, each with its end; they are durable on return. If it fails, the journal is as before.
    ///
    /// # Errors
    /// The file cannot be written, or the disk has no room.
    pub fn append(&mut self, lines: &[u8]) -> Result<Appended> {
        let path = self.path();
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut file = match OpenOptions::new().append(true).custom_flags(flags).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Appended::Incomplete),
            other => other.map_err(|e| Error::io("open", &path, e))?,
        };
        let fail = |e: io::Error| Error::io("write", &path, e);
        let meta = file.metadata().map_err(fail)?;
        if !meta.is_file() || meta.len() < self.len {
            return Ok(Appended::Incomplete);
        }
        if meta.len() > self.len {
            file.set_len(self.len).map_err(fail)?; // a torn line
        }
        if let Err(error) = file.write_all(lines).and_then(|()| file.sync_data()) {
            let _ = file.set_len(self.len); // else the next call cuts it off
            return Err(fail(error));
        }
        self.len += lines.len() as u64;
        Ok(Appended::Done)
    }

    /// Replaces the journal atomically, and makes its folder if that is missing; durable on return.
    ///
    /// # Errors
    /// The folder cannot be made or written, or the disk has no room. The old file is unchanged.
    pub fn replace(&mut self, lines: &[u8]) -> Result<()> {
        make_private(&self.folder)?;
        write_state(&self.folder, &self.name, lines, FILE_MODE)?;
        self.len = lines.len() as u64;
        Ok(())
    }
}

/// Makes a folder that only the owner may enter, and the folders above it as usual.
fn make_private(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        crate::state_file::make_folder(above)?;
    }
    DirBuilder::new().mode(FOLDER_MODE).create(folder).map_err(|e| Error::io("make", folder, e))?;
    give(folder);
    let above = folder.parent().unwrap_or(Path::new("."));
    File::open(above).and_then(|above| above.sync_all()).map_err(|e| Error::io("sync", above, e))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn journal(dir: &tempfile::TempDir) -> Journal {
        Journal::new(&dir.path().join("folder"), "one".to_owned())
    }

    #[test]
    fn lines_are_appended_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut written = journal(&dir);
        assert_eq!(written.read().unwrap(), None);
        assert_eq!(written.append(b"a\n").unwrap(), Appended::Incomplete);
        written.replace(b"head\n").unwrap();
        assert_eq!(written.append(b"a\nb\n").unwrap(), Appended::Done);
        let mut read = journal(&dir);
        assert_eq!(read.read().unwrap().unwrap(), b"head\na\nb\n");
        assert_eq!((read.len(), written.len()), (9, 9));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&read.path()), mode(&dir.path().join("folder"))), (0o600, 0o700));
    }

    #[test]
    fn a_torn_line_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        journal(&dir).replace(b"head\na\ntor").unwrap();
        let mut torn = journal(&dir);
        assert_eq!(torn.read().unwrap().unwrap(), b"head\na\n");
        assert_eq!(torn.append(b"b\n").unwrap(), Appended::Done);
        assert_eq!(fs::read(torn.path()).unwrap(), b"head\na\nb\n");
    }

    #[test]
    fn a_file_that_was_removed_is_incomplete() {
        let dir = tempfile::tempdir().unwrap();
        let mut removed = journal(&dir);
        removed.replace(b"head\n").unwrap();
        fs::write(removed.path(), "").unwrap();
        assert_eq!(removed.append(b"a\n").unwrap(), Appended::Incomplete);
        fs::remove_file(removed.path()).unwrap();
        assert_eq!(removed.append(b"a\n").unwrap(), Appended::Incomplete);
        removed.replace(b"head\na\n").unwrap();
        assert_eq!(journal(&dir).read().unwrap().unwrap(), b"head\na\n");
    }

    #[test]
    fn links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (elsewhere, mut link) = (dir.path().join("elsewhere"), journal(&dir));
        link.replace(b"head\n").unwrap();
        fs::remove_file(link.path()).unwrap();
        fs::write(&elsewhere, "head\n").unwrap();
        symlink(&elsewhere, link.path()).unwrap();
        link.append(b"a\n").unwrap_err();
        link.read().unwrap_err();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"head\n");
        link.replace(b"head\na\n").unwrap();
        assert!(!link.path().is_symlink() && fs::read(&elsewhere).unwrap() == b"head\n");
    }

    #[test]
    fn a_device_is_no_journal() {
        let mut full = Journal { folder: "/dev".into(), name: "full".to_owned(), len: 0 };
        // A device is no file: nothing is written to it.
        assert_eq!(full.append(b"a\n").unwrap(), Appended::Incomplete);
        full.read().unwrap_err();
    }
}
