//! A media cache with two tiers: files on disk up to a size, least recently used out first, and the bytes of those that are used
//! most in memory. It knows nothing of what it holds but a type and a file name.
//!
//! ```
//! use owlery_cache::{Cache, Media, Options};
//!
//! # let dir = tempfile::tempdir()?;
//! let cache = Cache::open(Options::new(dir.path()).max_bytes(100_000_000))?;
//! cache.put("http://camera/1.jpg", &Media::new("the bytes", "image/jpeg", "1.jpg"))?;
//! let content = cache.get("http://camera/1.jpg").ok_or("not cached")?;
//! assert_eq!((&*content.bytes()?, &*content.label().mime_type), (b"the bytes".as_slice(), "image/jpeg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On disk, an entry is two files that can be read without this library: `{stem}.dat` has the bytes, and `{stem}.json` a JSON object
//! with `url` (the key), `mimetype`, `filename`, `size` and `ts` (the last use, in seconds since 1970). The stem is the SHA-256 of
//! the key. A directory of such pairs that another program wrote opens as a cache.
//!
//! A process that is killed at any point leaves no wrong bytes and no entry without its files.

mod cache;
mod checksum;
mod clean;
mod content;
mod convert;
mod entry;
mod error;
mod fetch;
mod folder;
mod index;
mod load;
mod media;
mod memory;
mod name;
mod options;
mod parts;
mod prefetch;
mod queue;
mod shared;
mod sidecar;
mod stats;
mod table;
mod tee;
mod time;
mod upkeep;
mod writer;

pub use cache::{Cache, EntryPage};
pub use checksum::{Checksum, Expected};
pub use clean::Cleaned;
pub use content::{Body, Content};
pub use convert::{Conversion, Converter, GifToMp4};
pub use entry::Entry;
pub use error::{Error, Result};
pub use fetch::{FetchError, SourceError};
pub use index::{Index, Row, Touch};
pub use media::{DEFAULT_NAME, DEFAULT_TYPE, Label, Media};
pub use options::{Driver, Durability, Options};
pub use parts::{PART_SIZE, Whole};
pub use prefetch::{Backoff, Prefetched, Prefetcher};
pub use queue::{MAX_QUEUED, Queued};
pub use stats::Stats;
pub use upkeep::Pruned;
pub use writer::{Stored, Writer};

/// The longest key, in bytes.
pub const MAX_KEY: usize = 4_096;

fn is_valid_key(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len())
}

/// Compiles and runs the code of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../doc/cache.md")]
struct Documentation;
