//! Stores: what is configured, what was copied, what a verification found, and what lies in a folder.

use serde::{Deserialize, Serialize};

/// The stores that a user may use.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Stores {
    /// By name.
    pub stores: Vec<Store>,
}

/// A store.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Store {
    /// Its name in the configuration.
    pub name: String,
    /// Where it lies; not shown to users who only look.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub url: Option<String>,
    /// Whether it is switched on.
    pub active: bool,
    /// What of an event is copied to it.
    pub include: Vec<String>,
    /// Since when it has been out of reach, RFC 3339; null while it responds, and before it was used.
    #[cfg_attr(feature = "schema", schema(required))]
    pub out_of_reach_since: Option<String>,
}

/// A page of a folder of a store.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoreFolder {
    /// The names of the folders in it.
    pub folders: Vec<String>,
    /// The objects in it.
    pub objects: Vec<StoreObject>,
    /// The `cursor` of the next page; null on the last.
    #[cfg_attr(feature = "schema", schema(required))]
    pub next: Option<String>,
}

/// An object of a store.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoreObject {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, RFC 3339.
    pub modified: String,
}

/// What `owlery store push` did.
#[derive(Debug, Default, Serialize)]
pub struct PushedEvents {
    /// The events that were sent, wholly or in part.
    pub copied: u64,
    /// The objects that were sent.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The events of which the store had everything.
    pub known: u64,
    /// The events that are still being recorded.
    pub open: u64,
    /// The events that could not be copied.
    pub failed: Vec<FailedEvent>,
}

/// What `owlery recall` did.
#[derive(Debug, Default, Serialize)]
pub struct RecalledEvents {
    /// The store.
    pub store: String,
    /// The name of the host that had copied the events.
    pub host: String,
    /// The events that came back, wholly or in part.
    pub recalled: u64,
    /// Their files.
    pub files: u64,
    /// The bytes that were read for them.
    pub bytes: u64,
    /// The events of which the archive had everything.
    pub known: u64,
    /// Until when no rule takes what came back, RFC 3339; null if nothing did.
    pub kept_until: Option<String>,
    /// The events of which something could not be brought back.
    pub failed: Vec<FailedEvent>,
}

/// An event that was put in its place by `owlery recall`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RecalledEvent {
    /// How many of its files are in the archive now that were not.
    pub files: u64,
    /// Until when no rule takes it, RFC 3339.
    pub kept_until: String,
    /// What could not be done, a sentence each.
    pub left: Vec<String>,
}

/// An event that could not be copied, or not brought back.
#[derive(Debug, Serialize)]
pub struct FailedEvent {
    /// Its id.
    pub event: String,
    /// Why, as a sentence.
    pub problem: String,
}

/// What `owlery store verify` found.
#[derive(Debug, Serialize)]
pub struct VerifiedStore {
    /// The events that the manifests name.
    pub events: u64,
    /// Their objects.
    pub objects: u64,
    /// The objects that were read back.
    pub read: u64,
    /// The bytes of these.
    pub bytes: u64,
    /// What differs, a sentence each.
    pub wrong: Vec<String>,
}
