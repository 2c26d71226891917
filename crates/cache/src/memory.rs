//! The memory tier: the bytes of entries that are also on disk.

use std::sync::Arc;

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::content::Body;
use crate::entry::Record;

/// With fewer items a shard would hold too few to choose from.
const ITEMS_PER_SHARD: u64 = 512;
/// More shards gain nothing.
const MAX_SHARDS: u64 = 16;

/// An entry in memory.
#[derive(Debug)]
pub(crate) struct Item {
    pub body: Body,
    pub record: Arc<Record>,
    size: u64,
}

impl Item {
    /// An entry with its bytes.
    pub(crate) fn new(record: Arc<Record>, bytes: Bytes) -> Self {
        Self { size: bytes.len() as u64, body: Body::Memory(bytes), record }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

/// Weighs an item by its bytes, and at least the share of one item, so that one weight limits both.
#[derive(Debug, Clone)]
struct Weight {
    least: u64,
}

impl Weighter<Arc<str>, Arc<Item>> for Weight {
    fn weight(&self, _: &Arc<str>, item: &Arc<Item>) -> u64 {
        item.size.max(self.least)
    }
}

/// The memory tier.
#[derive(Debug)]
pub(crate) struct Memory {
    items: Option<Cache<Arc<str>, Arc<Item>, Weight>>,
    /// A larger item is not kept.
    max_item: u64,
}

impl Memory {
    /// A tier of at most so many bytes and items; if either is 0, of none.
    pub(crate) fn new(max_bytes: u64, max_items: u64) -> Self {
        if max_bytes == 0 || max_items == 0 {
            return Self { items: None, max_item: 0 };
        }
        // Rounded up, so that `max_items` of the least weight fill the tier and one more does not fit.
        let least = max_bytes.div_ceil(max_items).max(1);
        let shards = (max_items / ITEMS_PER_SHARD).clamp(1, MAX_SHARDS);
        let capacity = max_bytes.max(least);
        let options = OptionsBuilder::new()
            .shards(usize::try_from(shards).unwrap_or(1))
            .estimated_items_capacity(usize::try_from(max_items).unwrap_or(usize::MAX).min(1 << 24))
            .weight_capacity(capacity)
            .build();
        let Ok(options) = options else { return Self { items: None, max_item: 0 } };
        let cache =
            Cache::with_options(options, Weight { least }, DefaultHashBuilder::default(), DefaultLifecycle::default());
        // One item must not take the place of nearly all others.
        let max_item = (cache.shard_capacity() / 4).max(least);
        Self { items: Some(cache), max_item }
    }

    /// Whether an entry of this size is kept in memory.
    pub(crate) fn takes(&self, size: u64) -> bool {
        self.items.is_some() && size <= self.max_item
    }

    pub(crate) fn get(&self, key: &str) -> Option<Arc<Item>> {
        self.items.as_ref()?.get(key)
    }

    /// Keeps the bytes of an entry, unless it was removed from disk meanwhile.
    pub(crate) fn add(&self, item: Arc<Item>) {
        let Some(items) = self.items.as_ref().filter(|_| self.takes(item.size)) else { return };
        let record = Arc::clone(&item.record);
        items.insert(Arc::clone(&record.key), item);
        if record.is_removed() {
            self.remove(&record);
        }
    }

    /// Drops the bytes of an entry.
    pub(crate) fn remove(&self, record: &Arc<Record>) {
        if let Some(items) = &self.items {
            items.remove_if(&*record.key, |item| Arc::ptr_eq(&item.record, record));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.as_ref().map_or(0, Cache::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Use;

    fn record(key: &str, size: u64) -> Arc<Record> {
        Arc::new(Record::example(key, Use(1), size))
    }

    fn item(record: &Arc<Record>, bytes: Vec<u8>) -> Arc<Item> {
        Arc::new(Item::new(Arc::clone(record), bytes.into()))
    }

    fn fill(memory: &Memory, count: usize, size: usize) -> u64 {
        for number in 0..count {
            memory.add(item(&record(&number.to_string(), size as u64), vec![0; size]));
        }
        let held = (0..count).filter_map(|number| memory.get(&number.to_string()));
        held.map(|item| item.size()).sum()
    }

    /// Neither the bytes nor the items exceed their caps, whatever the sizes.
    #[test]
    fn both_caps_hold() {
        for (max_bytes, max_items) in
            [(1_000, 10), (1_000, 1), (64 << 10, 64), (1_000, 3), (10, 1_000), (1 << 20, 4_096)]
        {
            for size in [1, 7, 100, 1_000] {
                let memory = Memory::new(max_bytes, max_items);
                let bytes = fill(&memory, 5_000, size);
                assert!(bytes <= max_bytes, "{bytes} of {max_bytes}");
                assert!(memory.len() as u64 <= max_items, "{} of {max_items}", memory.len());
                if memory.takes(size as u64) && size as u64 <= max_bytes / max_items {
                    assert!(memory.len() as u64 >= max_items * 3 / 4, "{} of {max_items}", memory.len());
                }
            }
        }
    }

    /// A tier of nothing keeps nothing.
    #[test]
    fn a_cap_of_0_keeps_nothing() {
        for memory in [Memory::new(0, 64), Memory::new(1 << 20, 0)] {
            assert_eq!((fill(&memory, 10, 1), memory.len(), memory.takes(0)), (0, 0, false));
        }
    }

    /// An entry that is removed from disk leaves the memory, also while it is being added.
    #[test]
    fn removed_entries_leave_the_memory() {
        let memory = Memory::new(1_000, 10);
        let (old, new) = (record("k", 1), record("k", 1));
        memory.add(item(&old, vec![1]));
        memory.remove(&new);
        assert!(memory.get("k").is_some(), "another entry of the key");
        memory.remove(&old);
        assert!(memory.get("k").is_none());
        new.set_removed();
        memory.add(item(&new, vec![2]));
        assert!(memory.get("k").is_none());
    }
}
