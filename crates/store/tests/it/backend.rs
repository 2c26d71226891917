//! The kinds of stores, each open as the configuration opens it, and its objects without Owlery.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use owlery_store::{Client, Environment, StoreOptions, Stores};
use tempfile::TempDir;

use crate::counted::InParts;
use crate::server::{self, OWNER, Server, login, name};

/// An open store, which is removed with this value.
pub(crate) struct Backend {
    pub(crate) client: Client,
    /// What lies below the client's prefix.
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// Of so many requests, one is tried as the one where the line is cut.
    pub(crate) step: usize,
    /// The same store without the client's prefix, if its uploads in parts outlive a process.
    pub(crate) parts: Option<Arc<dyn InParts>>,
    _server: Option<Server>,
    _folder: TempDir,
}

pub(crate) async fn memory() -> Backend {
    let memory = Arc::new(InMemory::new());
    let objects = Arc::new(PrefixStore::new(Arc::clone(&memory), "owl"));
    let client = Client::new(name(), Arc::clone(&memory) as _, Path::from("owl")).with_parts(Arc::clone(&memory) as _);
    Backend { client, objects, step: 1, parts: Some(memory), _server: None, _folder: tempfile::tempdir().unwrap() }
}

pub(crate) async fn folder() -> Backend {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions::new(name(), format!("file://{}", folder.path().display()).parse().unwrap());
    let stores = Stores::new(vec![options], &folder.path().join("state"), Environment::default()).unwrap();
    let objects = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    let client = stores.get(None, "offsite").unwrap();
    Backend { client, objects, step: 7, parts: None, _server: None, _folder: folder }
}

pub(crate) async fn s3s_fs() -> Backend {
    Backend::of(server::s3s_fs().await)
}

pub(crate) async fn garage() -> Backend {
    Backend::of(server::garage().await)
}

impl Backend {
    fn of(server: Server) -> Self {
        let state = tempfile::tempdir().unwrap();
        login(state.path(), OWNER);
        let client = server.stores(state.path()).get(None, "offsite").unwrap();
        let objects = Arc::new(PrefixStore::new(server.objects(), "owl"));
        let parts = Some(server.s3() as Arc<dyn InParts>);
        Self { client, objects, step: 7, parts, _server: Some(server), _folder: state }
    }
}
