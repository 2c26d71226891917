//! Loading the metadata when a cache is opened, in the background: rows of the index whose files are there, sidecars of all others,
//! and the removal of what a crash left behind. It reads no bytes of entries.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::entry::Record;
use crate::index::Row;
use crate::media::Label;
use crate::name::{Hash, Kind};
use crate::shared::{Shared, lock};

/// The most entries that are added under one lock.
const BATCH: usize = 512;

/// Which files there are of a stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Files(u8);

impl Files {
    fn bit(kind: Kind) -> u8 {
        match kind {
            Kind::Data => 1,
            Kind::Sidecar => 2,
            Kind::PartData => 4,
            Kind::PartList => 8,
            Kind::Temporary => 0,
        }
    }

    fn add(&mut self, kind: Kind) {
        self.0 |= Self::bit(kind);
    }

    fn has(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    fn is_entry(self) -> bool {
        self.has(Kind::Data) && self.has(Kind::Sidecar)
    }
}

impl Shared {
    /// Loads all metadata. Operations that come meanwhile look for their entries on disk.
    pub(crate) fn load(&self) {
        let mut files = self.list_files();
        self.load_rows(&mut files);
        self.load_files(files);
        self.with_index(|index| index.complete());
        lock(&self.table).loaded();
        self.loaded.notify_all();
        self.enforce();
    }

    /// Lists the files of all stems, and removes temporary files of earlier sessions.
    fn list_files(&self) -> HashMap<Hash, Files> {
        let mut files: HashMap<Hash, Files> = HashMap::new();
        let mut leftovers = Vec::new();
        let listed = self.folder.list(|name, found| match found.kind {
            Kind::Temporary if self.folder.is_current(name) => {}
            Kind::Temporary => leftovers.push(name.to_owned()),
            kind => files.entry(found.stem).or_default().add(kind),
        });
        if let Err(error) = listed {
            tracing::warn!("{error}; the cache begins empty");
        }
        for name in leftovers {
            if let Err(error) = self.folder.remove_named(&name) {
                tracing::warn!("{error}");
            }
        }
        files
    }

    /// Adds the entries of the index whose files are there, and takes them out of `files`. Rows without files are removed.
    fn load_rows(&self, files: &mut HashMap<Hash, Files>) {
        let (mut records, mut stale, mut labels) = (Vec::new(), Vec::new(), Labels::default());
        let is_complete = self.with_index(|index| {
            index.load(&mut |row| {
                let stem = row.stem();
                if files.get(&stem).is_some_and(|files| files.is_entry()) && row.size > 0 {
                    records.push(Arc::new(Record::from_row(&row, stem, labels.label(&row))));
                } else {
                    stale.push((stem, row.key));
                }
            })
        });
        if is_complete != Some(true) {
            return; // the sidecars are read
        }
        for record in &records {
            if files.get(&record.stem) == Some(&Files(Files::bit(Kind::Data) | Files::bit(Kind::Sidecar))) {
                files.remove(&record.stem);
            }
        }
        self.add_records(records, false);
        for stale in stale.chunks(BATCH) {
            let table = lock(&self.table);
            let gone = stale.iter().filter(|(stem, _)| !table.has_changed(*stem));
            let keys: Vec<&str> = gone.map(|(_, key)| key.as_str()).collect();
            self.with_index(|index| index.remove(&keys));
        }
    }

    /// Adds records in batches, so that other threads need not wait long; also to the index if it lacks them.
    fn add_records(&self, records: Vec<Arc<Record>>, is_indexed: bool) {
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let mut table = lock(&self.table);
            let mut rows = Vec::new();
            for record in records.by_ref().take(BATCH) {
                if table.has_changed(record.stem) || table.get(&record.key).is_some() {
                    continue;
                }
                self.uses.after(record.used());
                if is_indexed && record.parts.is_none() {
                    rows.push(record.to_row());
                }
                table.add_loaded(record);
            }
            if !rows.is_empty() {
                self.with_index(|index| index.add(&rows));
            }
        }
    }

    /// Reads the sidecars that the index did not have, and removes files that are no entry.
    fn load_files(&self, files: HashMap<Hash, Files>) {
        let mut unreadable = Unreadable::default();
        let mut records = Vec::new();
        for (stem, files) in files {
            if files.is_entry() {
                match self.read_record(stem) {
                    Ok(record) => records.extend(record.map(Arc::new)),
                    Err(why) => unreadable.add(stem, why),
                }
                self.remove_orphans(stem, files, &[Kind::PartData, Kind::PartList]);
            } else if files.has(Kind::PartData) && files.has(Kind::PartList) {
                let record = self.read_partial(stem);
                if record.is_none() {
                    self.remove_orphans(stem, files, &[Kind::PartData, Kind::PartList]);
                }
                records.extend(record.map(Arc::new));
                self.remove_orphans(stem, files, &[Kind::Data, Kind::Sidecar]);
            } else {
                self.remove_orphans(stem, files, &[Kind::Data, Kind::Sidecar, Kind::PartData, Kind::PartList]);
            }
            if records.len() >= BATCH {
                self.add_records(std::mem::take(&mut records), true);
            }
        }
        self.add_records(records, true);
        unreadable.warn(self);
    }

    /// Removes files of a stem, unless the entry changed since they were listed.
    fn remove_orphans(&self, stem: Hash, files: Files, kinds: &[Kind]) {
        let orphans: Vec<Kind> = kinds.iter().copied().filter(|kind| files.has(*kind)).collect();
        if orphans.is_empty() {
            return;
        }
        let table = lock(&self.table);
        if table.has_changed(stem) {
            return;
        }
        for kind in orphans {
            if let Err(error) = self.folder.remove(stem, kind) {
                tracing::warn!("{error}");
            }
        }
    }
}

/// Shares the types and names that many entries have.
#[derive(Default)]
struct Labels(HashSet<Arc<str>>);

impl Labels {
    /// More are not remembered: names that differ from entry to entry would only take room.
    const MAX: usize = 64;

    fn label(&mut self, row: &Row) -> Label {
        Label { mime_type: self.share(&row.mime_type), file_name: self.share(&row.file_name) }
    }

    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(shared) = self.0.get(text) {
            return Arc::clone(shared);
        }
        let shared: Arc<str> = text.into();
        if self.0.len() < Self::MAX {
            self.0.insert(Arc::clone(&shared));
        }
        shared
    }
}

/// Sidecars that cannot be read, for one warning.
#[derive(Default)]
struct Unreadable {
    count: usize,
    first: Option<(Hash, String)>,
}

impl Unreadable {
    fn add(&mut self, stem: Hash, why: String) {
        self.count += 1;
        self.first.get_or_insert((stem, why));
    }

    fn warn(self, shared: &Shared) {
        if let Some((stem, why)) = self.first {
            let path = shared.folder.path_of(stem, Kind::Sidecar);
            let (path, count) = (path.display(), self.count);
            tracing::warn!(
                "{count} entries of the cache are skipped, the first is {path}: {why}; `clean` removes them"
            );
        }
    }
}
