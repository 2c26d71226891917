//! The files of the audit log: `audit.jsonl` in the state directory, a JSON line for each entry, and older ones as
//! `audit.jsonl.1` (the newest of them) to `.9`. Appends, rotates and reads; does not use the catalog and keeps no file
//! open.
//!
//! A crash can only leave an incomplete last line: readers skip it, and the next write begins on a line of its own. The
//! rotation only renames, oldest first; at a missing number (after a crash) the next rotation stops.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::{Error, Result};
use crate::event::Entry;
use crate::state_file::make_folder;
use owlery_state::give_state;

/// A file that would become larger than this is followed by a new one.
const MAX_FILE_BYTES: u64 = 10_000_000;
/// How many older files are kept.
const OLDER_FILES: usize = 9;
/// How much of a file's end is read first to find its last line.
const TAIL_BYTES: u64 = 64 * 1024;

/// The files of one state directory. One process writes, under the archive's lock.
#[derive(Debug)]
pub(super) struct Log {
    dir: PathBuf,
    /// The number of the last entry in the files; `None` while they have to be read. Written by `append`.
    last: Option<u64>,
    /// The largest number that is used elsewhere. Written by `raise`.
    taken: u64,
    /// Whether the directory could not be created at the start, since its disk had no room.
    is_unmade: bool,
    /// `MAX_FILE_BYTES`, except in tests.
    largest: u64,
}

/// The result of an append.
#[derive(Debug, Default)]
pub(super) struct Appended {
    /// The last number of a file that was removed for it.
    pub dropped: Option<u64>,
}

impl Log {
    /// The files in this directory, which need not exist yet.
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), last: None, taken: 0, is_unmade: !dir.exists(), largest: MAX_FILE_BYTES }
    }

    #[cfg(test)]
    pub(super) fn with_largest(dir: &Path, largest: u64) -> Self {
        Self { largest, ..Self::new(dir) }
    }

    /// The path of the file `age` rotations old.
    fn path(&self, age: usize) -> PathBuf {
        let suffix = if age == 0 { String::new() } else { format!(".{age}") };
        self.dir.join(format!("audit.jsonl{suffix}"))
    }

    /// Marks numbers up to this one as used, whatever the files have: files may have been removed.
    pub(super) fn raise(&mut self, taken: u64) {
        self.taken = taken;
    }

    /// The number of the newest entry in the files; 0 without any.
    pub(super) fn last_id(&self) -> Result<u64> {
        if let Some(last) = self.last {
            return Ok(last);
        }
        for age in 0..=OLDER_FILES {
            if let Some(id) = last_id(&self.path(age))? {
                return Ok(id);
            }
        }
        Ok(0)
    }

    /// Numbers the entries and writes them, all or none, with one write that is on disk when this returns.
    pub(super) fn append(&mut self, entries: &mut [Entry]) -> Result<Appended> {
        let mut last = self.last_id()?.max(self.taken);
        let mut text = String::new();
        for entry in entries {
            last += 1;
            entry.id = last;
            text.push_str(&entry.line());
            text.push('\n');
        }
        let mut appended = Appended::default();
        let length = self.path(0).metadata().map_or(0, |meta| meta.len());
        if length > 0 && length.saturating_add(text.len() as u64) > self.largest {
            match self.rotate() {
                Ok(dropped) => appended.dropped = dropped,
                Err(error) => tracing::warn!("{}; the audit's file grows on", error.chain()),
            }
        }
        let written = self.write(text);
        self.last = written.is_ok().then_some(last); // after a failure only the files are certain
        written.map(|()| appended)
    }

    fn write(&self, mut text: String) -> Result<()> {
        if self.is_unmade {
            make_folder(&self.dir)?;
        }
        let path = self.path(0);
        let fail = |op| move |e: io::Error| Error::io(op, self.path(0), e);
        let mut options = OpenOptions::new();
        options.read(true).append(true).mode(0o644).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let (mut file, is_new) = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (options.create_new(true).open(&path).map_err(fail("make"))?, true)
            }
            other => (other.map_err(fail("open"))?, false),
        };
        if is_new {
            give_state(&self.dir, &file);
        }
        let length = file.metadata().map_err(fail("stat"))?.len();
        let mut end = [b'\n'];
        if length > 0 {
            file.read_exact_at(&mut end, length - 1).map_err(fail("read"))?;
        }
        if end != [b'\n'] {
            text.insert(0, '\n'); // a crash left an incomplete line
        }
        if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
            // A part of it may be written; if it cannot be removed, it is an incomplete line.
            let _ = file.set_len(length);
            return Err(fail("write to")(error));
        }
        if is_new {
            // The entries are in the file; only its name might not survive a power cut.
            let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
            if let Err(error) = synced {
                tracing::warn!("{}", Error::io("sync", &self.dir, error).chain());
            }
        }
        Ok(())
    }

    /// Rotates the files. Every rename is atomic, and a crash between two leaves a number free, up to which the next
    /// rotation moves the files: so only a full row loses its oldest file, whose last number is returned.
    fn rotate(&self) -> Result<Option<u64>> {
        let free = (1..=OLDER_FILES).find(|age| !self.path(*age).exists());
        let dropped = if free.is_none() { last_id(&self.path(OLDER_FILES))? } else { None };
        for age in (0..free.unwrap_or(OLDER_FILES)).rev() {
            let (from, to) = (self.path(age), self.path(age + 1));
            owlery_state::rename(&from, &to).map_err(|e| Error::io("rename", &from, e))?;
        }
        Ok(dropped)
    }

    /// Calls `each` for every entry with a larger number than `after`, in the order of writing. Returns how many lines
    /// of the files that were read could not be parsed. Keeps one line in memory at a time.
    pub(super) fn after(&self, after: u64, mut each: impl FnMut(Entry) -> Result<()>) -> Result<u64> {
        let mut wanted = Vec::new();
        for age in 0..=OLDER_FILES {
            match last_id(&self.path(age))? {
                Some(last) if last <= after => break,
                Some(_) => wanted.push(age),
                None => {}
            }
        }
        let mut unreadable = 0;
        for age in wanted.into_iter().rev() {
            unreadable += read(&self.path(age), |entry| if entry.id > after { each(entry) } else { Ok(()) })?;
        }
        Ok(unreadable)
    }

    /// At most `most` entries with a smaller number than `before`, newest first, and how many lines of the files that
    /// were read could not be parsed.
    pub(super) fn newest(&self, most: usize, before: u64) -> Result<(Vec<Entry>, u64)> {
        let (mut found, mut unreadable) = (Vec::new(), 0);
        for age in 0..=OLDER_FILES {
            let room = most - found.len();
            if room == 0 {
                break;
            }
            let mut kept = VecDeque::new();
            unreadable += read(&self.path(age), |entry| {
                if entry.id < before {
                    kept.push_back(entry);
                    if kept.len() > room {
                        kept.pop_front();
                    }
                }
                Ok(())
            })?;
            found.extend(kept.into_iter().rev());
        }
        Ok((found, unreadable))
    }
}

/// Opens an audit file for reading; `None` if there is none.
fn open(path: &Path) -> Result<Option<File>> {
    let opened = OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path);
    match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some).map_err(|e| Error::io("open", path, e)),
    }
}

/// Calls `each` for every entry of a file; returns how many lines could not be parsed.
fn read(path: &Path, mut each: impl FnMut(Entry) -> Result<()>) -> Result<u64> {
    let Some(file) = open(path)? else { return Ok(0) };
    let mut lines = BufReader::new(file);
    let (mut line, mut unreadable) = (Vec::new(), 0);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(|e| Error::io("read", path, e))? == 0 {
            return Ok(unreadable);
        }
        match Entry::parse(&line) {
            Some(entry) => each(entry)?,
            None => unreadable += u64::from(!line.trim_ascii().is_empty()),
        }
    }
}

/// The number of a file's last entry, read from its end; `None` if there is none.
fn last_id(path: &Path) -> Result<Option<u64>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let fail = |e: io::Error| Error::io("read", path, e);
    let length = file.metadata().map_err(fail)?.len();
    let mut window = TAIL_BYTES;
    loop {
        let from = length.saturating_sub(window);
        let mut bytes = vec![0; usize::try_from(length - from).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, from).map_err(fail)?;
        // Bytes before the first line's end may be the rest of a line.
        let whole = if from == 0 { 0 } else { bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len()) };
        let found = bytes[whole..].rsplit(|byte| *byte == b'\n').find_map(Entry::parse);
        if found.is_some() || from == 0 {
            return Ok(found.map(|entry| entry.id));
        }
        window = window.saturating_mul(8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AuditAction;

    fn entries(count: usize, reason: &str) -> Vec<Entry> {
        (0..count).map(|_| Entry::new(AuditAction::Item, reason)).collect()
    }

    fn ids(log: &Log) -> Vec<u64> {
        let mut ids = Vec::new();
        log.after(0, |entry| {
            ids.push(entry.id);
            Ok(())
        })
        .unwrap();
        ids
    }

    #[test]
    fn entries_are_numbered_on_across_runs() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::new(dir.path());
        assert_eq!((log.last_id().unwrap(), ids(&log)), (0, Vec::new()));
        log.append(&mut entries(2, "a")).unwrap();
        let mut log = Log::new(dir.path());
        log.append(&mut entries(1, &"long".repeat(100_000))).unwrap();
        let mut log = Log::new(dir.path());
        log.append(&mut entries(1, "b")).unwrap();
        assert_eq!(ids(&log), [1, 2, 3, 4]);
        let (newest, unreadable) = log.newest(2, 4).unwrap();
        assert_eq!((newest.iter().map(|entry| entry.id).collect::<Vec<_>>(), unreadable), (vec![3, 2], 0));
        let mut log = Log::new(dir.path());
        log.raise(9);
        log.append(&mut entries(1, "c")).unwrap();
        assert_eq!(ids(&log), [1, 2, 3, 4, 10]);
    }

    /// The next entry begins on a line of its own.
    #[test]
    fn a_torn_line_is_skipped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        Log::new(dir.path()).append(&mut entries(3, "x")).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let cases = [
            (&whole[..whole.len() - 5], 2, 1),
            (&whole[..whole.len() - 1], 3, 0), // all of it but the end of the line
            (&[&whole[..], &[0; 3000]].concat(), 3, 1),
        ];
        for (torn, left, bad) in cases {
            std::fs::write(&path, torn).unwrap();
            assert_eq!(ids(&Log::new(dir.path())).len(), left);
            Log::new(dir.path()).append(&mut entries(1, "y")).unwrap();
            let (found, unreadable) = Log::new(dir.path()).newest(10, u64::MAX).unwrap();
            assert_eq!((found.len(), unreadable), (left + 1, bad));
            assert_eq!(found[0].reason, "y".into());
        }
    }

    /// The oldest file is removed.
    #[test]
    fn a_full_file_is_rotated() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::with_largest(dir.path(), 1);
        let mut dropped = Vec::new();
        for _ in 0..12 {
            dropped.extend(log.append(&mut entries(2, "x")).unwrap().dropped);
        }
        assert_eq!(dropped, [2, 4], "the last numbers of the two that went");
        assert_eq!(ids(&log), (5..=24).collect::<Vec<_>>());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 10);
        let (newest, _) = log.newest(5, 12).unwrap();
        assert_eq!(newest.iter().map(|entry| entry.id).collect::<Vec<_>>(), [11, 10, 9, 8, 7]);
    }

    #[test]
    fn a_crash_amidst_a_rotation_loses_nothing() {
        // After each rename of a row that is not full: its files, with one number free.
        for free in 0..=4 {
            let dir = tempfile::tempdir().unwrap();
            let mut log = Log::with_largest(dir.path(), 1);
            for _ in 0..4 {
                log.append(&mut entries(1, "x")).unwrap();
            }
            for age in (free..4).rev() {
                assert!(owlery_state::rename(&log.path(age), &log.path(age + 1)).unwrap());
            }
            let mut log = Log::with_largest(dir.path(), 1);
            assert_eq!(ids(&log), [1, 2, 3, 4], "{free}");
            log.append(&mut entries(1, "y")).unwrap();
            log.append(&mut entries(1, "z")).unwrap();
            assert_eq!(ids(&log), [1, 2, 3, 4, 5, 6], "{free}");
        }
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        std::fs::write(&outside, "precious").unwrap();
        std::os::unix::fs::symlink(&outside, dir.path().join("audit.jsonl")).unwrap();
        let mut log = Log::new(dir.path());
        assert!(log.append(&mut entries(1, "x")).is_err());
        assert_eq!(std::fs::read(&outside).unwrap(), b"precious");
    }
}
