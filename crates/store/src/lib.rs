//! Copies of events in object storage: named stores, what lies in them, upload, verification, and listings of their folders. The
//! engine behind it is the crate `object_store`; which requests it makes, and how they fail, is decided here.

// Tests make and remove what they work with.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod backend;
mod browse;
mod client;
mod copies;
mod copy;
mod credentials;
mod encrypt;
mod encrypt_ranges;
mod environment;
mod error;
mod evidence;
mod files;
mod folder_store;
mod frames_zip;
mod hashing;
mod host_files;
mod keys;
mod listing;
mod manifest;
mod name;
mod options;
mod proofs;
mod rate;
mod recorded;
mod resume;
mod sealed;
mod source;
mod sources;
mod spool;
mod stores;
mod upload;
mod url;
mod vault;
mod verify;

pub use browse::{Folder, Listing, Object, Page};
pub use client::{Client, Reading, Version};
pub use copies::{Copies, TakeFrame, unpack_frames};
pub use copy::{Copied, Host, Look};
pub use credentials::Credentials;
pub use encrypt::{Guarded, Identities, Recipients};
pub use encrypt_ranges::SealedRanges;
pub use environment::Environment;
pub use error::{Error, Result};
pub use evidence::Evidence;
pub use frames_zip::{FrameAt, FramesCache, FramesDirectory};
pub use host_files::HostFiles;
pub use keys::HostName;
pub use listing::ListingCache;
pub use manifest::{CopiedEvent, CopiedFile, CopiedState, DaySums, Encrypted, HostIndex, Manifest, PART};
pub use name::StoreName;
pub use options::{CopyRule, OptionValue, Part, StoreOptions};
pub use proofs::{DayProofs, Proofs};
pub use resume::UploadRecord;
pub use source::{FileKind, Source};
pub use stores::{Outage, Stores};
pub use url::{Bucket, Place, StoreUrl};
pub use vault::{CopyLock, Vault};
pub use verify::{Share, Verified, verify, verify_with};
