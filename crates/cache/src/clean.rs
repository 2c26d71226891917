//! Clean: the removal of files that are no entry.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::entry::Record;
use crate::error::{Error, Result};
use crate::name::{Hash, Kind};
use crate::shared::{Evicted, Shared, lock};
use crate::sidecar;

/// What [`Cache::clean`](crate::Cache::clean) removed.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Cleaned {
    /// The number of files; an entry whose bytes changed on disk counts as one.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that could not be removed, and were skipped.
    pub failures: Vec<Error>,
}

/// What files of a stem are that the cache does not have as an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// They can never become an entry.
    Invalid,
    /// A program that was interrupted, or is still at it, left them.
    Incomplete,
}

impl Shared {
    /// Removes files that are no entry: invalid ones of any age, and incomplete ones that nothing has written to for `stall`.
    pub(crate) fn clean(&self, stall: Duration, now: SystemTime) -> Result<Cleaned> {
        let _upkeep = lock(&self.upkeep);
        drop(self.wait_loaded());
        let is_old = |modified: SystemTime| now.duration_since(modified).unwrap_or_default() >= stall;
        let mut cleaned = Cleaned::default();
        self.clean_entries(&is_old, &mut cleaned);
        let held: HashSet<Hash> = {
            let mut table = lock(&self.table);
            table.note_changes();
            table.all().map(|record| record.stem).collect()
        };
        let listed = self.clean_rest(&held, &is_old, &mut cleaned);
        lock(&self.table).end_changes();
        listed.map(|()| cleaned)
    }

    /// Removes files that belong to none of the entries in `held`.
    fn clean_rest(
        &self,
        held: &HashSet<Hash>,
        is_old: &impl Fn(SystemTime) -> bool,
        cleaned: &mut Cleaned,
    ) -> Result<()> {
        let mut strays: HashMap<Hash, Vec<(String, Kind)>> = HashMap::new();
        self.folder.list(|name, found| {
            let is_free = match found.kind {
                Kind::Temporary => !self.folder.is_live(name),
                _ => !held.contains(&found.stem),
            };
            if is_free {
                strays.entry(found.stem).or_default().push((name.to_owned(), found.kind));
            }
        })?;
        for (stem, files) in strays {
            self.clean_strays(stem, &files, is_old, cleaned);
        }
        Ok(())
    }

    /// Removes entries whose bytes are not those that were stored, and those that are filled part by part and stalled.
    fn clean_entries(&self, is_old: &impl Fn(SystemTime) -> bool, cleaned: &mut Cleaned) {
        let records: Vec<Arc<Record>> = lock(&self.table).all().cloned().collect();
        for record in records {
            let kind = if record.parts.is_some() { Kind::PartList } else { Kind::Data };
            let is_sound = match self.folder.stat(record.stem, kind) {
                Ok(Some(stat)) if record.parts.is_some() => !is_old(stat.modified) || self.is_filling(&record.key),
                Ok(Some(stat)) => stat.is_file && stat.bytes == record.size(),
                Ok(None) => false,
                Err(error) => {
                    cleaned.failures.push(Error::io("read", &self.folder.path_of(record.stem, kind), error));
                    continue;
                }
            };
            if !is_sound {
                let mut evicted = Evicted::default();
                self.remove_records(&mut lock(&self.table), &[record], &mut evicted);
                cleaned.files += evicted.files;
                cleaned.bytes += evicted.bytes;
            }
        }
    }

    /// Removes files of a stem that is no entry.
    fn clean_strays(
        &self,
        stem: Hash,
        files: &[(String, Kind)],
        is_old: &impl Fn(SystemTime) -> bool,
        cleaned: &mut Cleaned,
    ) {
        let verdict = self.judge(stem, files);
        // Held, so that no entry of this stem begins meanwhile.
        let table = lock(&self.table);
        if files.iter().any(|(_, kind)| *kind != Kind::Temporary) && table.has_changed(stem) {
            return;
        }
        for (name, kind) in files {
            let Ok(Some(stat)) = self.folder.stat_named(name) else { continue };
            let is_invalid = verdict == Verdict::Invalid && *kind != Kind::Temporary;
            if !(is_invalid || is_old(stat.modified)) {
                continue;
            }
            match self.folder.remove_named(name) {
                Ok(true) => {
                    cleaned.files += 1;
                    cleaned.bytes += stat.bytes;
                }
                Ok(false) => {}
                Err(error) => cleaned.failures.push(error),
            }
        }
    }

    fn judge(&self, stem: Hash, files: &[(String, Kind)]) -> Verdict {
        let has = |kind| files.iter().any(|(_, found)| *found == kind);
        if !has(Kind::Sidecar) {
            return Verdict::Incomplete;
        }
        let read = self.folder.read_small(stem, Kind::Sidecar, sidecar::MAX_BYTES);
        let Ok(Some(bytes)) = read else { return Verdict::Invalid };
        let Ok(sidecar) = sidecar::parse(&bytes) else { return Verdict::Invalid };
        if Hash::of(sidecar.key.as_bytes()) != stem {
            return Verdict::Invalid;
        }
        match self.folder.stat(stem, Kind::Data) {
            Ok(None) => Verdict::Incomplete,
            // Another program may still be writing it.
            Ok(Some(stat)) if stat.is_file && sidecar.size.is_some_and(|size| stat.bytes < size) => Verdict::Incomplete,
            _ => Verdict::Invalid,
        }
    }
}
