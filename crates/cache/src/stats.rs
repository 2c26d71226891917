//! Figures of a cache.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// Bytes in a megabyte.
const MEGABYTE: f64 = 1_000_000.0;

/// Figures of a cache. As JSON it has `entries`, `entries_in_memory`, `total_bytes`, `total_mb`, `max_mb`, `hits`, `misses`,
/// `hit_rate`, `evictions` and `queued`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Entries on disk.
    pub entries: u64,
    /// Entries whose bytes are in memory too.
    pub entries_in_memory: u64,
    /// Bytes of all entries on disk.
    pub total_bytes: u64,
    /// The most bytes on disk.
    pub max_bytes: u64,
    /// Reads that found an entry, since the cache was made.
    pub hits: u64,
    /// Reads that found none, since the cache was made.
    pub misses: u64,
    /// Entries that were removed to keep the maximum size, and not by hand, since the cache was made.
    pub evictions: u64,
    /// Keys in the queue.
    pub queued: u64,
    /// Whether all metadata are loaded; before that, entries may be missing here.
    pub is_loaded: bool,
}

impl Stats {
    /// [`Stats::total_bytes`] in megabytes of 1,000,000 bytes, with two places.
    pub fn total_mb(&self) -> f64 {
        megabytes(self.total_bytes)
    }

    /// [`Stats::max_bytes`] in megabytes of 1,000,000 bytes, with two places.
    pub fn max_mb(&self) -> f64 {
        megabytes(self.max_bytes)
    }

    /// The share of reads that found an entry, with three places; 0.0 before the first read.
    pub fn hit_rate(&self) -> f64 {
        let reads = self.hits.saturating_add(self.misses);
        if reads == 0 { 0.0 } else { round(ratio(self.hits, reads), 1_000.0) }
    }
}

#[allow(clippy::cast_precision_loss)] // rounded to three places
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[allow(clippy::cast_precision_loss)] // rounded to two places
fn megabytes(bytes: u64) -> f64 {
    round(bytes as f64 / MEGABYTE, 100.0)
}

fn round(value: f64, places: f64) -> f64 {
    (value * places).round() / places
}

impl Serialize for Stats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stats = serializer.serialize_struct("Stats", 10)?;
        stats.serialize_field("entries", &self.entries)?;
        stats.serialize_field("entries_in_memory", &self.entries_in_memory)?;
        stats.serialize_field("total_bytes", &self.total_bytes)?;
        stats.serialize_field("total_mb", &self.total_mb())?;
        stats.serialize_field("max_mb", &self.max_mb())?;
        stats.serialize_field("hits", &self.hits)?;
        stats.serialize_field("misses", &self.misses)?;
        stats.serialize_field("hit_rate", &self.hit_rate())?;
        stats.serialize_field("evictions", &self.evictions)?;
        stats.serialize_field("queued", &self.queued)?;
        stats.end()
    }
}

/// The counters of a cache. Every thread counts; the background thread writes them to the disk.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub hits: AtomicU64,
    pub misses: AtomicU64,
    pub evictions: AtomicU64,
}

/// Counters as they are kept on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Totals {
    pub hits: u64,
    pub misses: u64,
    pub evictions: u64,
}

impl Counters {
    pub(crate) fn from_totals(totals: Totals) -> Self {
        Self { hits: totals.hits.into(), misses: totals.misses.into(), evictions: totals.evictions.into() }
    }

    pub(crate) fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals { hits: read(&self.hits), misses: read(&self.misses), evictions: read(&self.evictions) }
    }

    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names, the order and the places of the JSON are an interface.
    #[test]
    fn stats_have_the_documented_form() {
        let unused = serde_json::to_string(&Stats { max_bytes: 500_000_000, ..Stats::default() }).unwrap();
        assert_eq!(
            unused,
            r#"{"entries":0,"entries_in_memory":0,"total_bytes":0,"total_mb":0.0,"max_mb":500.0,"hits":0,"misses":0,"hit_rate":0.0,"evictions":0,"queued":0}"#
        );
        let stats = Stats { total_bytes: 1_234_567, hits: 2, misses: 1, ..Stats::default() };
        assert_eq!((stats.total_mb().to_string(), stats.hit_rate().to_string()), ("1.23".into(), "0.667".into()));
    }
}
