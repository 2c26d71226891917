//! The stores of an archive, for those who copy events or look at what was copied.

use std::sync::Arc;

use owlery_store::{Environment, Stores};

use super::handle::Handle;
use super::state_dir::StateDir;
use super::{Archive, Options};
use crate::archive::Tree;
use crate::error::{Error, Result};

/// The stores of the options. None is opened.
pub(super) fn open(options: &Options, tree: &Tree) -> Result<Arc<Stores>> {
    let state_dir = options.state_dir.clone().unwrap_or_else(|| StateDir::default_path(tree));
    let stores = Stores::new(options.stores.clone(), &state_dir, Environment::of_process());
    stores.map(Arc::new).map_err(|error| Error::Config(error.to_string()))
}

impl Archive {
    /// Its stores.
    pub fn stores(&self) -> &Arc<Stores> {
        &self.stores
    }
}

impl Handle {
    /// The stores of the archive.
    pub fn stores(&self) -> &Arc<Stores> {
        &self.stores
    }
}
