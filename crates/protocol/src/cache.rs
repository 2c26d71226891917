//! The media cache: its figures, entries and queue.

use serde::{Deserialize, Serialize};

use crate::pass::Report;

/// The figures of the media cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CacheStats {
    /// Entries on disk.
    pub entries: u64,
    /// Entries whose bytes are in memory too.
    pub entries_in_memory: u64,
    /// Bytes of all entries on disk.
    pub total_bytes: u64,
    /// The same in megabytes of 1,000,000 bytes, with two places.
    pub total_mb: f64,
    /// The most megabytes on disk.
    pub max_mb: f64,
    /// Reads that found an entry, since the cache was made.
    pub hits: u64,
    /// Reads that found none, since the cache was made.
    pub misses: u64,
    /// The share of reads that found an entry, with three places; 0.0 before the first read.
    pub hit_rate: f64,
    /// Entries that were removed to make room, since the cache was made.
    pub evictions: u64,
    /// Keys in the queue.
    pub queued: u64,
}

/// An entry of the media cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CacheEntry {
    /// The key.
    pub key: String,
    /// The media type, as it was stored.
    #[serde(rename = "type")]
    pub mime_type: String,
    /// The file name.
    pub file_name: String,
    /// The bytes on disk.
    pub size: u64,
    /// How often it was read.
    pub hits: u64,
    /// When it was stored, RFC 3339.
    pub created: String,
    /// When its bytes were written, RFC 3339.
    pub modified: String,
    /// The last use, RFC 3339.
    pub accessed: String,
    /// Whether all of its bytes are there. Others are being filled part by part.
    pub whole: bool,
}

/// A page of entries, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CacheEntries {
    /// The entries.
    pub entries: Vec<CacheEntry>,
    /// The cursor of the next page; null on the last one.
    #[cfg_attr(feature = "schema", schema(required))]
    pub next: Option<String>,
}

/// The queue of keys to prefetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CacheQueue {
    /// The keys, in the order of insertion.
    pub queued: Vec<QueuedKey>,
}

/// A key in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QueuedKey {
    /// The key.
    pub key: String,
    /// Since when it is in the queue, RFC 3339.
    pub since: String,
}

/// How many entries or keys were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RemovedCount {
    /// The number.
    pub removed: u64,
}

/// What a prune of the cache removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PrunedCache {
    /// The number of entries.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a clean of the cache removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CleanedCache {
    /// The number of files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What could not be removed.
    pub failures: Vec<Report>,
}

/// The result of storing media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoredMedia {
    /// What became of them.
    pub stored: StoredAs,
}

/// What became of media that were to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StoredAs {
    /// They are an entry now.
    New,
    /// The key is cached already. Its bytes are kept, and it counts as used now.
    Kept,
    /// They are empty; nothing is stored.
    Empty,
    /// They are larger than the cache; nothing is stored.
    TooLarge,
}

/// The result of adding keys to the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enqueued {
    /// How many were added.
    pub added: u64,
    /// The others.
    pub refused: Vec<RefusedKey>,
}

/// A key that was not added to the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedKey {
    /// The key.
    pub key: String,
    /// Why.
    pub why: NotQueued,
}

/// Why a key was not added to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotQueued {
    /// It is cached.
    Cached,
    /// It is in the queue.
    Queued,
    /// It is being cached.
    BeingCached,
    /// The queue has 100,000 keys.
    Full,
}

impl NotQueued {
    /// The reason, as the end of a sentence that begins with the key.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cached => "is cached",
            Self::Queued => "is queued already",
            Self::BeingCached => "is being cached",
            Self::Full => "does not fit: the queue is full",
        }
    }
}
