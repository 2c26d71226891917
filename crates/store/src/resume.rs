//! What this host remembers of its uploads in parts to a store, so that a crash does not send them again: the one that is under way, with
//! the parts that have arrived, and those that are complete and that no manifest names yet. A file of the state directory. Without it, or
//! where it cannot be written, uploads start over; it is never needed for what is right.

use std::path::Path;

use owlery_state::state_file::{IfUnusable, StateContent, StateFile};
use serde::{Deserialize, Serialize};

use crate::name::StoreName;
use crate::upload::Written;
use crate::vault::Vault;

/// The file of the state directory in which a host remembers its uploads in parts to a store: `stores/NAME.state/uploads.json`. It
/// is used by the one process that copies to the store.
#[derive(Debug, Clone)]
pub struct UploadRecord {
    vault: Vault,
    store: StoreName,
}

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Uploads {
    pub(crate) under_way: Option<UnderWay>,
    /// Objects that are complete, and may not be in a manifest yet.
    #[serde(default)]
    pub(crate) complete: Vec<Complete>,
}

/// An upload that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnderWay {
    pub(crate) key: String,
    /// The store's id of the upload.
    pub(crate) id: String,
    /// The digest of what it is made of.
    pub(crate) source: String,
    /// The entity tag of the object that it replaces; null if there was none.
    pub(crate) replaces: Option<String>,
    /// The parts that have arrived, the first one first.
    pub(crate) parts: Vec<ArrivedPart>,
    /// What the object is, once all parts have arrived.
    pub(crate) written: Option<Written>,
    /// How many attempts to go on with it were refused, one after the other.
    #[serde(default)]
    pub(crate) refused: u32,
}

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ArrivedPart {
    /// The store's id of it.
    pub(crate) id: String,
    /// The SHA-256 of the object up to its end: bytes that have changed do not go on.
    pub(crate) sha256: String,
}

/// An object that is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Complete {
    pub(crate) key: String,
    pub(crate) source: String,
    pub(crate) written: Written,
}

impl StateContent for Uploads {
    const NAME: &'static str = "uploads.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::StartOver("uploads that were interrupted start over");
}

impl UploadRecord {
    /// The record of a store in this state directory. Reads and makes nothing.
    pub fn new(state_dir: &Path, store: &StoreName) -> Self {
        Self { vault: Vault::new(state_dir), store: store.clone() }
    }

    /// The state directory and the store.
    pub(crate) fn place(&self) -> (&Vault, &StoreName) {
        (&self.vault, &self.store)
    }

    /// What is remembered.
    pub(crate) async fn read(&self) -> Uploads {
        let folder = self.vault.folder_of(&self.store);
        let read = tokio::task::spawn_blocking(move || StateFile::<Uploads>::new(&folder).load_or_default());
        read.await.unwrap_or_default()
    }

    /// Remembers this alone. It is durable when this returns; what cannot be written is logged, and at worst is sent again.
    pub(crate) async fn write(&self, uploads: Uploads) {
        let (vault, store) = (self.vault.clone(), self.store.clone());
        let write = move || -> Result<(), String> {
            if uploads == Uploads::default() {
                return StateFile::<Uploads>::new(&vault.folder_of(&store)).remove().map_err(|error| error.chain());
            }
            let folder = vault.make_folder_of(&store).map_err(|error| error.to_string())?;
            StateFile::new(&folder).write(&uploads).map_err(|error| error.chain())
        };
        let written = tokio::task::spawn_blocking(write).await.unwrap_or_else(|error| Err(error.to_string()));
        if let Err(error) = written {
            tracing::warn!("an interrupted upload to the store {} will start over: {error}", self.store);
        }
    }

    /// Forgets objects that a manifest names now.
    pub(crate) async fn forget(&self, named: &[String]) {
        let mut uploads = self.read().await;
        let before = uploads.complete.len();
        uploads.complete.retain(|done| !named.contains(&done.key));
        if uploads.complete.len() < before {
            self.write(uploads).await;
        }
    }
}

impl Uploads {
    /// The object that is complete, made of this source.
    pub(crate) fn completed(&self, key: &str, source: &str) -> Option<&Written> {
        let is_it = |done: &&Complete| done.key == key && done.source == source;
        self.complete.iter().find(is_it).map(|done| &done.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uploads() -> Uploads {
        let written = Written { bytes: 1, sha256: "s".into(), parts: vec!["s".into()] };
        let parts = vec![ArrivedPart { id: "<etag>\"&".into(), sha256: "p".into() }];
        let (key, source) = ("a/b".to_owned(), "digest".to_owned());
        let complete = vec![Complete { key: key.clone(), source: source.clone(), written: written.clone() }];
        let under_way =
            UnderWay { key, id: "7".into(), source, replaces: None, parts, written: Some(written), refused: 0 };
        Uploads { under_way: Some(under_way), complete }
    }

    #[tokio::test]
    async fn stores_have_records_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let [one, key] = ["one", "key"].map(|name| UploadRecord::new(dir.path(), &name.parse().unwrap()));
        assert_eq!(one.read().await, Uploads::default());
        one.write(Uploads::default()).await;
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing to remember makes nothing");
        one.write(uploads()).await;
        assert_eq!((one.read().await, key.read().await), (uploads(), Uploads::default()));
        one.write(Uploads::default()).await;
        assert_eq!(one.read().await, Uploads::default());
        assert!(!dir.path().join("stores/one.state/uploads.json").exists());
    }

    #[tokio::test]
    async fn an_unusable_record_starts_over() {
        let dir = tempfile::tempdir().unwrap();
        let record = UploadRecord::new(dir.path(), &"one".parse().unwrap());
        record.write(uploads()).await;
        let file = dir.path().join("stores/one.state/uploads.json");
        for text in ["", "{", r#"{"owlery":9}"#, r#"{"owlery":1,"under_way":7}"#] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(record.read().await, Uploads::default(), "{text}");
        }
        let full = tempfile::tempdir().unwrap();
        std::fs::write(full.path().join("stores"), "no folder").unwrap();
        let record = UploadRecord::new(full.path(), &"one".parse().unwrap());
        record.write(uploads()).await;
        assert_eq!(record.read().await, Uploads::default());
    }
}
