//! The entries of a cache in memory: by key, in the order of their use, and their sum. It does no I/O and takes no lock; the cache
//! holds it under one.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::entry::Record;
use crate::name::Hash;
use crate::time::Use;

/// An entry in the order of keys.
#[derive(Debug)]
struct ByKey(Arc<Record>);

impl Borrow<str> for ByKey {
    fn borrow(&self) -> &str {
        &self.0.key
    }
}

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for ByKey {}

impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key.cmp(&other.0.key)
    }
}

/// All entries of a cache.
#[derive(Debug, Default)]
pub(crate) struct Table {
    by_key: BTreeSet<ByKey>,
    /// By a time of use that may have passed: a use does not move its entry here, the search for the oldest one does.
    by_use: BTreeMap<Use, Arc<Record>>,
    /// The bytes of all entries.
    bytes: u64,
    /// While the metadata are loaded: the entries that changed since, which the loader leaves alone. `None` afterwards.
    changed: Option<HashSet<Hash>>,
}

impl Table {
    /// An empty table whose entries are still to be loaded.
    pub(crate) fn loading() -> Self {
        Self { changed: Some(HashSet::new()), ..Self::default() }
    }

    /// Whether the metadata are still being loaded.
    pub(crate) fn is_loading(&self) -> bool {
        self.changed.is_some()
    }

    /// All metadata are loaded.
    pub(crate) fn loaded(&mut self) {
        self.changed = None;
    }

    /// Whether an entry with this stem was added or removed since the loading began.
    pub(crate) fn has_changed(&self, stem: Hash) -> bool {
        self.changed.as_ref().is_some_and(|changed| changed.contains(&stem))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Record>> {
        self.by_key.get(key).map(|ByKey(record)| record)
    }

    /// Whether this record is the one of its key.
    pub(crate) fn holds(&self, record: &Arc<Record>) -> bool {
        self.get(&record.key).is_some_and(|held| Arc::ptr_eq(held, record))
    }

    /// Adds a record. There must be none of its key.
    pub(crate) fn add(&mut self, record: Arc<Record>) {
        if let Some(changed) = &mut self.changed {
            changed.insert(record.stem);
        }
        self.add_loaded(record);
    }

    /// Adds a record that the loader found, which is no change.
    pub(crate) fn add_loaded(&mut self, record: Arc<Record>) {
        self.bytes += record.size();
        let mut at = record.used();
        while self.by_use.contains_key(&at) {
            at.0 += 1; // several entries of another program have the same second
        }
        record.touch(at);
        record.clear_touch();
        self.by_use.insert(at, Arc::clone(&record));
        self.by_key.insert(ByKey(record));
    }

    /// Removes a record; false if it is not the one of its key.
    pub(crate) fn remove(&mut self, record: &Arc<Record>) -> bool {
        if !self.holds(record) {
            return false;
        }
        if let Some(changed) = &mut self.changed {
            changed.insert(record.stem);
        }
        self.by_key.remove(&*record.key);
        record.set_removed();
        self.bytes -= record.size();
        // Its place in the order is found by the search for the oldest.
        true
    }

    /// The entry that was used least recently.
    pub(crate) fn oldest(&mut self) -> Option<Arc<Record>> {
        while let Some((at, record)) = self.by_use.pop_first() {
            let used = record.used();
            if record.is_removed() {
                continue;
            }
            if used <= at {
                let oldest = Arc::clone(&record);
                self.by_use.insert(at, record);
                return Some(oldest);
            }
            self.by_use.insert(used, record);
        }
        None
    }

    /// Sets the size of an entry that grew part by part.
    pub(crate) fn resize(&mut self, record: &Arc<Record>, size: u64) {
        if self.holds(record) {
            self.bytes = self.bytes - record.size() + size;
            record.set_size(size);
        }
    }

    /// The bytes of all entries.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is an entry with this stem. It looks at all of them.
    pub(crate) fn has_stem(&self, stem: Hash) -> bool {
        self.all().any(|record| record.stem == stem)
    }

    /// All entries.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.by_key.iter().map(|ByKey(record)| record)
    }

    /// The entries with keys after `after`, in the order of their keys.
    pub(crate) fn after(&self, after: Option<&str>) -> impl Iterator<Item = &Arc<Record>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_key.range::<str, _>((from, Bound::Unbounded)).map(|ByKey(record)| record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Label;
    use crate::sidecar::Sidecar;

    fn record(key: &str, used: u64, size: u64) -> Arc<Record> {
        let sidecar = Sidecar {
            key: key.into(),
            label: Label::default(),
            size: Some(size),
            used: Use(used),
            created: None,
            modified: None,
            hits: 0,
            sha256: None,
            is_synced: true,
        };
        Arc::new(Record::new(sidecar, Hash::of(key.as_bytes()), size, 0, true))
    }

    /// The order is that of the last use, also after uses, removals and for equal times.
    #[test]
    fn the_oldest_is_least_recently_used() {
        let mut table = Table::default();
        let [a, b, c, d] = [("a", 1), ("b", 2), ("c", 3), ("d", 3)].map(|(key, used)| record(key, used, 10));
        for record in [&a, &b, &c, &d] {
            table.add(Arc::clone(record));
        }
        assert_eq!((table.len(), table.bytes()), (4, 40));
        a.touch(Use(100));
        assert_eq!(&*table.oldest().unwrap().key, "b");
        assert!(table.remove(&b) && !table.remove(&b));
        assert_eq!(&*table.oldest().unwrap().key, "c");
        assert!(table.remove(&c));
        assert_eq!(&*table.oldest().unwrap().key, "d");
        assert!(table.remove(&d));
        assert_eq!(&*table.oldest().unwrap().key, "a");
        assert!(table.remove(&a) && table.oldest().is_none());
        assert_eq!((table.len(), table.bytes()), (0, 0));
    }

    /// A key that was removed and added again is another entry.
    #[test]
    fn a_removed_record_stays_removed() {
        let mut table = Table::default();
        let (old, new) = (record("k", 1, 3), record("k", 2, 5));
        table.add(Arc::clone(&old));
        table.remove(&old);
        table.add(Arc::clone(&new));
        assert!(!table.remove(&old) && table.holds(&new));
        table.resize(&old, 100);
        table.resize(&new, 7);
        assert_eq!(table.bytes(), 7);
        assert!(Arc::ptr_eq(&table.oldest().unwrap(), &new));
    }

    /// Pages follow each other without gaps, whatever is removed meanwhile.
    #[test]
    fn pages_are_in_the_order_of_keys() {
        let mut table = Table::default();
        for key in ["b", "a", "é", "a/b", "c"] {
            table.add(record(key, 1, 1));
        }
        let keys = |after| table.after(after).map(|record| record.key.to_string()).collect::<Vec<_>>();
        assert_eq!(keys(None), ["a", "a/b", "b", "c", "é"]);
        assert_eq!(keys(Some("aa")), ["b", "c", "é"]);
        assert!(keys(Some("é")).is_empty());
    }
}
