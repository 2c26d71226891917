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

/// A place in the order of use: the time, and an address that tells entries of the same time apart.
type Place = (Use, usize);

/// All entries of a cache.
#[derive(Debug, Default)]
pub(crate) struct Table {
    by_key: BTreeSet<ByKey>,
    /// By a time of use that may have passed: a use does not move its entry here, the search for the oldest one does.
    by_use: BTreeMap<Place, Arc<Record>>,
    /// The bytes of all entries.
    bytes: u64,
    /// Whether the metadata are still being loaded.
    is_loading: bool,
    /// While the loader or clean runs: the entries that were added or removed since it began, which it leaves alone.
    changed: Option<HashSet<Hash>>,
}

impl Table {
    /// An empty table whose entries are still to be loaded.
    pub(crate) fn loading() -> Self {
        Self { is_loading: true, changed: Some(HashSet::new()), ..Self::default() }
    }

    /// Whether the metadata are still being loaded.
    pub(crate) fn is_loading(&self) -> bool {
        self.is_loading
    }

    /// All metadata are loaded.
    pub(crate) fn loaded(&mut self) {
        self.is_loading = false;
        self.changed = None;
    }

    /// Begins to note which entries are added or removed.
    pub(crate) fn note_changes(&mut self) {
        self.changed = Some(HashSet::new());
    }

    /// Ends what [`Table::note_changes`] began.
    pub(crate) fn end_changes(&mut self) {
        self.changed = None;
    }

    /// Whether an entry with this stem was added or removed since the loading, or the noting, began.
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
        self.place(Arc::clone(&record));
        self.by_key.insert(ByKey(record));
    }

    /// Puts a record at its place in the order of use.
    fn place(&mut self, record: Arc<Record>) {
        let used = record.used();
        record.set_placed(used);
        self.by_use.insert((used, Arc::as_ptr(&record).addr()), record);
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
        self.by_use.remove(&(record.placed(), Arc::as_ptr(record).addr()));
        true
    }

    /// The entry that was used least recently.
    pub(crate) fn oldest(&mut self) -> Option<Arc<Record>> {
        loop {
            let first = self.by_use.first_entry()?;
            if first.get().used() <= first.key().0 {
                return Some(Arc::clone(first.get()));
            }
            let record = first.remove();
            self.place(record);
        }
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

    fn record(key: &str, used: u64, size: u64) -> Arc<Record> {
        Arc::new(Record::example(key, Use(used), size))
    }

    /// The order is that of the last use, also after uses and removals.
    #[test]
    fn the_oldest_is_least_recently_used() {
        let mut table = Table::default();
        let [a, b, c, d] = [("a", 1), ("b", 2), ("c", 3), ("d", 4)].map(|(key, used)| record(key, used, 10));
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

    /// Entries of the same time are all found, in any order: that of their addresses, which the allocator gives.
    #[test]
    fn equal_times_hide_no_entry() {
        let mut table = Table::default();
        for key in ["a", "b", "c"] {
            table.add(record(key, 3, 10));
        }
        let oldest = std::iter::from_fn(|| table.oldest().inspect(|oldest| assert!(table.remove(oldest))));
        let mut keys: Vec<_> = oldest.map(|oldest| oldest.key.to_string()).collect();
        keys.sort();
        assert_eq!(keys, ["a", "b", "c"]);
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

    /// What is removed leaves nothing behind, however often it comes back, and equal times cost no search.
    #[test]
    fn removed_records_leave_no_place() {
        let mut table = Table::default();
        let records: Vec<_> = (0..20_000).map(|number| record(&number.to_string(), 0, 1)).collect();
        for record in &records {
            table.add(Arc::clone(record));
            record.touch(Use(5));
        }
        assert_eq!(table.oldest().unwrap().used(), Use(5));
        for record in &records {
            assert!(table.remove(record));
        }
        assert_eq!((table.by_use.len(), table.by_key.len(), table.bytes()), (0, 0, 0));
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
