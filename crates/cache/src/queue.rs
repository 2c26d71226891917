//! The queue of keys to prefetch, in the order of insertion. It is kept in `queue.jsonl`, a line for each change, and written anew
//! when most of its lines are of the past.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::time;

const FILE: &str = "queue.jsonl";
/// The most keys in the queue; more are refused.
pub const MAX_QUEUED: usize = 100_000;
/// The file is not written anew for fewer lines of the past.
const MIN_PAST_LINES: usize = 1_000;

/// A key in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Queued {
    /// The key.
    pub key: String,
    /// Since when it is in the queue, in seconds since 1970.
    pub since: u64,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Add { key: String, since: u64 },
    Remove { key: String },
}

/// The queue in memory.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// By the number of the insertion.
    keys: BTreeMap<u64, Queued>,
    numbers: HashMap<String, u64>,
    next: u64,
    /// The lines of the file.
    lines: usize,
}

impl Queue {
    /// Reads the file. Lines that cannot be parsed are skipped with one warning: the last one is torn if the system went down.
    pub(crate) fn load(folder: &Folder) -> Result<Self> {
        let path = folder.path().join(FILE);
        let read = folder.read_own(FILE).map_err(|error| Error::io("read", &path, error))?;
        let Some(bytes) = read else { return Ok(Self::default()) };
        let mut queue = Self::default();
        let mut unreadable = 0;
        for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            queue.lines += 1;
            match serde_json::from_slice(line) {
                Ok(Line::Add { key, since }) if crate::is_valid_key(&key) && queue.keys.len() < MAX_QUEUED => {
                    queue.insert(key, since);
                }
                Ok(Line::Remove { key }) => {
                    queue.take(&key);
                }
                Ok(Line::Add { .. }) | Err(_) => unreadable += 1,
            }
        }
        if unreadable > 0 {
            tracing::warn!("{unreadable} lines of {} cannot be read and are skipped", path.display());
        }
        if let Err(error) = queue.write_anew(folder) {
            // On a full disk the cache must open, so that it can be cleared.
            tracing::warn!("{error}; the queue is kept as it was");
        }
        Ok(queue)
    }

    fn insert(&mut self, key: String, since: u64) -> bool {
        if self.numbers.contains_key(&key) {
            return false;
        }
        self.numbers.insert(key.clone(), self.next);
        self.keys.insert(self.next, Queued { key, since });
        self.next += 1;
        true
    }

    fn take(&mut self, key: &str) -> bool {
        let Some(number) = self.numbers.remove(key) else { return false };
        self.keys.remove(&number);
        true
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.numbers.contains_key(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// All keys, in the order of insertion.
    pub(crate) fn all(&self) -> Vec<Queued> {
        self.keys.values().cloned().collect()
    }

    /// The same, borrowed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.keys.values()
    }

    /// Adds a key at the end. False if it is there, or if the queue is full.
    pub(crate) fn add(&mut self, folder: &Folder, key: &str) -> Result<bool> {
        if self.contains(key) || self.keys.len() >= MAX_QUEUED {
            return Ok(false);
        }
        let since = time::now();
        self.append(folder, &[Line::Add { key: key.to_owned(), since }])?;
        Ok(self.insert(key.to_owned(), since))
    }

    /// Removes keys, and returns how many were there.
    pub(crate) fn remove(&mut self, folder: &Folder, keys: &[&str]) -> Result<usize> {
        let there = keys.iter().filter(|key| self.take(key)).map(|key| Line::Remove { key: (*key).to_owned() });
        let lines: Vec<Line> = there.collect();
        self.append(folder, &lines)?;
        Ok(lines.len())
    }

    /// Removes all keys, and returns how many there were.
    pub(crate) fn clear(&mut self, folder: &Folder) -> Result<usize> {
        let count = self.keys.len();
        (self.keys, self.numbers) = Default::default();
        self.write_anew(folder)?;
        Ok(count)
    }

    fn append(&mut self, folder: &Folder, lines: &[Line]) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let path = folder.path().join(FILE);
        let fail = |error| Error::io("write", &path, error);
        let text: String = lines.iter().map(line).collect();
        let mut file = folder.append_to(FILE).map_err(fail)?;
        file.write_all(text.as_bytes()).map_err(fail)?;
        self.lines += lines.len();
        if self.lines > MIN_PAST_LINES + 2 * self.keys.len() {
            self.write_anew(folder)?;
        }
        Ok(())
    }

    fn write_anew(&mut self, folder: &Folder) -> Result<()> {
        let add = |queued: &Queued| line(&Line::Add { key: queued.key.clone(), since: queued.since });
        let text: String = self.keys.values().map(add).collect();
        if text.is_empty() {
            folder.remove_named(FILE)?;
        } else {
            folder.write_whole(FILE, text.as_bytes())?;
        }
        self.lines = self.keys.len();
        Ok(())
    }
}

fn line(line: &Line) -> String {
    let mut text = serde_json::to_string(line).unwrap_or_default(); // texts and numbers are JSON
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    fn keys(queue: &Queue) -> Vec<&str> {
        queue.iter().map(|queued| queued.key.as_str()).collect()
    }

    /// The order of insertion survives a restart, and a torn line costs that line alone.
    #[test]
    fn the_queue_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let mut queue = Queue::load(&folder).unwrap();
        for key in ["c", "a", "b \"x\"\n", "d"] {
            assert!(queue.add(&folder, key).unwrap());
        }
        assert!(!queue.add(&folder, "a").unwrap());
        assert_eq!(queue.remove(&folder, &["d", "none", "d"]).unwrap(), 1);
        assert_eq!(keys(&Queue::load(&folder).unwrap()), ["c", "a", "b \"x\"\n"]);
        let mut file = OpenOptions::new().append(true).open(dir.path().join(FILE)).unwrap();
        file.write_all(b"{\"add\":{\"key\":\"torn").unwrap();
        let mut queue = Queue::load(&folder).unwrap();
        assert_eq!(keys(&queue), ["c", "a", "b \"x\"\n"]);
        assert_eq!((queue.clear(&folder).unwrap(), queue.clear(&folder).unwrap()), (3, 0));
        assert_eq!(Queue::load(&folder).unwrap().len(), 0);
    }

    /// The file does not grow with what is no longer in the queue.
    #[test]
    fn the_file_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let mut queue = Queue::load(&folder).unwrap();
        for number in 0..3_000 {
            queue.add(&folder, &number.to_string()).unwrap();
            queue.remove(&folder, &[&number.to_string()]).unwrap();
        }
        queue.add(&folder, "last").unwrap();
        assert!(dir.path().join(FILE).metadata().unwrap().len() < 100_000);
        assert_eq!(keys(&Queue::load(&folder).unwrap()), ["last"]);
    }
}
