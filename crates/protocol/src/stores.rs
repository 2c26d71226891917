//! Stores: what is configured, what was copied, what a verification found, and what lies in a folder.

use serde::Serialize;

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

/// An event that could not be copied.
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
