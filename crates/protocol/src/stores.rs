//! Stores: what is configured, what a service copies, what was copied, what a verification found, and what lies in a folder.

use serde::{Deserialize, Serialize};

/// The stores that a user may use.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Stores {
    /// By name.
    pub stores: Vec<Store>,
}

/// A store.
#[derive(Debug, Serialize, Deserialize)]
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
    /// Which events the service copies to it by itself: `complete`, `saved`, `expire` or `off`.
    pub copy: String,
    /// Since when it has been out of reach, RFC 3339; null while it responds, and before it was used.
    #[cfg_attr(feature = "schema", schema(required))]
    pub out_of_reach_since: Option<String>,
    /// What the service copies to it; missing if it copies nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub copying: Option<Copying>,
}

/// What the service copies to a store, and has copied since it started.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Copying {
    /// `idle`: nothing can be copied now; `copying`; `window`: it waits for its hours; `failing`: the store is tried again.
    pub activity: String,
    /// The id of the event that is being copied.
    #[cfg_attr(feature = "schema", schema(required))]
    pub event: Option<String>,
    /// The number of events that the store lacks; null after a start, until all days were compared with what is proved.
    #[cfg_attr(feature = "schema", schema(required))]
    pub waiting: Option<u64>,
    /// Their bytes on the disk, as far as they are measured; also of files that are not copied. Null as `waiting`.
    #[cfg_attr(feature = "schema", schema(required))]
    pub waiting_bytes: Option<u64>,
    /// When the oldest of them began, in the camera's wall time.
    #[cfg_attr(feature = "schema", schema(required))]
    pub oldest: Option<String>,
    /// The number of events that were sent, wholly or in part.
    pub copied: u64,
    /// The bytes that were sent.
    pub sent_bytes: u64,
    /// The number of attempts that failed.
    pub failures: u64,
    /// Why nothing can be copied; null while the store responds.
    #[cfg_attr(feature = "schema", schema(required))]
    pub trouble: Option<StoreTrouble>,
    /// The first events that could not be copied, and are tried again.
    pub failed: Vec<NotCopied>,
}

/// A store that cannot be used.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoreTrouble {
    /// Since when, RFC 3339.
    pub since: String,
    /// Why, as a sentence; not shown to users who only look.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub why: Option<String>,
}

/// An event that could not be copied, and is tried again.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NotCopied {
    /// Its id.
    pub event: String,
    /// Why, as a sentence; not shown to users who only look.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub problem: Option<String>,
}

impl Store {
    /// Removes what only admins see: where the store lies, and error texts, which can name that place and files of this host.
    pub fn hide_places(&mut self) {
        self.url = None;
        if let Some(copying) = &mut self.copying {
            copying.trouble.iter_mut().for_each(|trouble| trouble.why = None);
            copying.failed.iter_mut().for_each(|event| event.problem = None);
        }
    }
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

/// What is brought back of a day.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Prefetch {
    /// The events of the day that only the store has.
    pub events: u64,
    /// Their movies and thumbnails that this request has added to the queue; the others are cached or queued already.
    pub added: u64,
    /// The bytes of these.
    pub bytes: u64,
    /// The files of the store in the queue, of all days.
    pub queued: u64,
    /// The files that were fetched from all stores since the start.
    pub fetched: u64,
    /// The attempts that failed since the start; they are repeated while that may help.
    pub failed: u64,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_places_are_not_in_the_text() {
        let place = || Some("/mnt/nas/secret".to_owned());
        let copying = Copying {
            activity: "failing".to_owned(),
            event: None,
            waiting: Some(2),
            waiting_bytes: Some(7),
            oldest: None,
            copied: 0,
            sent_bytes: 0,
            failures: 1,
            trouble: Some(StoreTrouble { since: "2026-11-20T10:00:00Z".to_owned(), why: place() }),
            failed: vec![NotCopied { event: "Camera1/2026-11-20/10-04-36".to_owned(), problem: place() }],
        };
        let mut store = Store {
            name: "nas".to_owned(),
            url: place(),
            active: true,
            include: Vec::new(),
            copy: "complete".to_owned(),
            out_of_reach_since: None,
            copying: Some(copying),
        };
        let text = |store: &Store| serde_json::to_string(store).unwrap();
        assert_eq!(text(&store).matches("secret").count(), 3);
        store.hide_places();
        let hidden = text(&store);
        assert!(!hidden.contains("secret") && !hidden.contains("why") && !hidden.contains("problem"), "{hidden}");
        assert!(hidden.contains("10-04-36") && hidden.contains("\"since\":\"2026-11-20T10:00:00Z\""), "{hidden}");
    }
}
