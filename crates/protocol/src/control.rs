//! Requests on the control socket and replies to them. Each is one line. The bytes of a cache entry follow a line: those that are
//! read after the reply, in the number that it gives; those that are stored after the request, in pieces of [`PIECE`] bytes at
//! most, each after its length (4 bytes, the highest first), and an empty one at the end.

use std::path::PathBuf;

use owlery_model::event::EventId;
use owlery_model::retention::Rules;
use serde::{Deserialize, Serialize};

use crate::pass::Report;

/// The most bytes of a piece of an entry.
pub const PIECE: usize = 256 * 1024;

/// A request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// The pattern of the directories that are cameras.
    CameraPattern,
    /// The plan by the daemon's rules.
    Plan {
        /// What-if rules, which go over the daemon's.
        rules: Option<Rules>,
    },
    /// The cameras and the forecast by the daemon's rules.
    Stats {
        /// What-if rules, which go over the daemon's.
        rules: Option<Rules>,
    },
    /// Run a pass.
    Expire {
        /// The id of a held pass to carry out.
        confirm: Option<String>,
    },
    /// List the delete queue.
    Queue,
    /// The stores of the daemon's configuration, and what it copies to them.
    Stores,
    /// Restore a pass from the delete queue.
    Restore {
        /// Its name.
        pass: String,
    },
    /// Move events into the delete queue.
    Delete {
        /// The events.
        events: Vec<EventId>,
    },
    /// Save or unsave events.
    Save {
        /// The events.
        events: Vec<EventId>,
        /// Whether they are to be saved.
        saved: bool,
    },
    /// Put an event in place that was gathered from a store. The reply is `RecalledEvent`.
    PlaceRecalled {
        /// The event.
        event: EventId,
        /// The store's name.
        store: String,
    },
    /// Scan the whole archive.
    Scan {
        /// Whether to read every file, too.
        measure: bool,
    },
    /// Note that Motion finished a movie.
    Ended {
        /// The movie's path.
        path: PathBuf,
    },
    /// An operation on the media cache.
    Cache {
        /// Which.
        request: CacheRequest,
    },
    /// Read an entry of the media cache. The reply is [`CachedFile`], or null if there is none.
    CacheGet {
        /// The key.
        key: String,
    },
    /// Store an entry in the media cache. The reply is `StoredMedia`.
    CachePut(CachePut),
}

/// An operation on the media cache.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheRequest {
    /// The figures.
    Stats,
    /// A page of entries.
    List {
        /// The last key of the page before.
        after: Option<String>,
        /// The most entries.
        limit: usize,
    },
    /// Remove entries.
    Remove {
        /// Their keys.
        keys: Vec<String>,
    },
    /// Remove all entries.
    Clear,
    /// Remove the least recently used entries.
    Prune {
        /// The most bytes to leave; the size of the cache if none.
        max_bytes: Option<u64>,
    },
    /// Remove files that are no entry.
    Clean {
        /// The age of incomplete files, in seconds.
        stall: u64,
    },
    /// The queue.
    Queue,
    /// Add keys to the queue.
    QueueAdd {
        /// The keys.
        keys: Vec<String>,
    },
    /// Remove keys from the queue.
    QueueRemove {
        /// The keys.
        keys: Vec<String>,
    },
    /// Remove all keys from the queue.
    QueueClear,
}

/// What is to be stored in the media cache.
#[derive(Debug, Serialize, Deserialize)]
pub struct CachePut {
    /// The key.
    pub key: String,
    /// The media type.
    pub mime_type: String,
    /// The file name.
    pub file_name: String,
    /// The SHA-256 that the bytes must have, in hexadecimal digits.
    pub sha256: Option<String>,
}

/// An entry of the media cache whose bytes follow.
#[derive(Debug, Serialize, Deserialize)]
pub struct CachedFile {
    /// The number of bytes.
    pub size: u64,
}

/// The reply to a request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The result.
    Ok(serde_json::Value),
    /// A guard or a protection refused: its message.
    Refused(String),
    /// The request is invalid: the reason.
    Usage(String),
    /// It is done but not in the audit log: what, and why.
    Unrecorded(String, String),
    /// It failed: the reason.
    Error(String),
}

/// The summary of a scan.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScanSummary {
    /// The number of cameras.
    pub cameras: u64,
    /// The number of days.
    pub days: u64,
    /// The number of events.
    pub events: u64,
    /// What is wrong, or could not be read.
    pub problems: Vec<Report>,
    /// How many of the problems are read failures.
    pub failures: u64,
    /// The duration in milliseconds.
    pub elapsed_ms: u64,
}
