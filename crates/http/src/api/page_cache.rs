//! A cache of pages of events, as they are sent: many clients request the same page, which changes only with the catalog.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;

use super::reviewed::Review;
use crate::auth::Prefix;
use crate::engine::{Query, UsableStores};

/// What a page depends on: its URLs begin with the prefix, it has events of the archive and of these stores, and says which of them the user
/// has reviewed.
pub(super) type Key = (Prefix, Query, UsableStores, Review);

/// The most bytes of the cache; it is cleared when they are exceeded.
const MAX_BYTES: usize = 2 << 20;
/// The approximate bytes of an entry beside its page and its query.
const ENTRY: usize = 128;

/// Pages of one generation of the catalog.
#[derive(Debug, Default)]
pub(crate) struct PageCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    generation: u64,
    /// The approximate bytes of pages and queries.
    bytes: usize,
    pages: HashMap<Key, Bytes>,
}

impl PageCache {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page of this generation, if it is cached.
    pub(crate) fn get(&self, generation: u64, key: &Key) -> Option<Bytes> {
        let entries = self.lock();
        if entries.generation == generation { entries.pages.get(key).cloned() } else { None }
    }

    /// Caches a page. `generation` is the one before the page was made.
    pub(crate) fn put(&self, generation: u64, key: Key, page: Bytes) {
        let mut entries = self.lock();
        // An empty page can have a long query.
        let weight = ENTRY + key.0.as_str().len() + key.1.weight() + page.len();
        if generation < entries.generation || weight > MAX_BYTES / 4 {
            return; // outdated, or too large
        }
        if generation > entries.generation || entries.bytes + weight > MAX_BYTES {
            *entries = Entries { generation, ..Entries::default() };
        }
        if entries.pages.insert(key, page).is_none() {
            entries.bytes += weight; // a query has one page at a generation
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(query: Query) -> Key {
        (Prefix::default(), query, UsableStores::default(), Review::default())
    }

    #[test]
    fn a_page_has_a_generation_and_a_query() {
        let pages = PageCache::default();
        let (all, one) = (key(Query::new()), key(Query::new().camera("Camera1")));
        pages.put(1, all.clone(), Bytes::from_static(b"all"));
        pages.put(1, one.clone(), Bytes::from_static(b"one"));
        assert_eq!(pages.get(1, &all).as_deref(), Some(&b"all"[..]));
        assert_eq!(pages.get(2, &all), None, "the catalog has changed");
        pages.put(2, one.clone(), Bytes::from_static(b"new"));
        pages.put(1, all.clone(), Bytes::from_static(b"late"));
        assert_eq!((pages.get(1, &all), pages.get(2, &all)), (None, None));
        assert_eq!(pages.get(2, &one).as_deref(), Some(&b"new"[..]));
    }

    #[test]
    fn the_cache_is_bounded() {
        let pages = PageCache::default();
        for limit in 1..=50 {
            pages.put(1, key(Query::new().limit(limit)), Bytes::from(vec![0; MAX_BYTES / 10]));
            assert!(pages.lock().bytes <= MAX_BYTES && pages.lock().pages.len() <= 10);
        }
    }

    /// Empty pages of long queries once filled the memory, since only pages counted.
    #[test]
    fn long_queries_with_empty_pages_are_bounded() {
        let pages = PageCache::default();
        let cameras = |query: Query, n: usize| query.camera(format!("Camera{n}"));
        for seconds in 0..2000 {
            let query = (0..1000).fold(Query::new().min_seconds(seconds), cameras);
            pages.put(1, key(query), Bytes::from_static(b"{}"));
        }
        let entries = pages.lock();
        let keys: usize = entries.pages.keys().map(|(_, query, ..)| query.weight()).sum();
        assert!(!entries.pages.is_empty() && keys <= MAX_BYTES, "{} pages", entries.pages.len());
    }
}
