//! The stores of an archive, for those who copy events or look at what was copied.

use std::path::Path;
use std::sync::Arc;

use owlery_store::{Environment, Proofs, Stores};

use super::copier::{self, CopyState, StoreProofs};
use super::handle::Handle;
use super::open_archive::OpenArchive;
use super::state_dir::StateDir;
use super::stored::view::View;
use super::stored::{Bucket, Filler, Refresher, ShownHosts};
use super::{Archive, Options};
use crate::archive::Tree;
use crate::error::{Error, Result};
use crate::time::rfc3339;

/// The stores of the options. None is opened.
pub(super) fn open(options: &Options, tree: &Tree) -> Result<Arc<Stores>> {
    let state_dir = options.state_dir.clone().unwrap_or_else(|| StateDir::default_path(tree));
    let stores = Stores::new(options.stores.clone(), &state_dir, Environment::of_process());
    stores.map(Arc::new).map_err(|error| Error::Config(error.to_string()))
}

impl Archive {
    /// Starts what works for stores: copiers, and what lists their events.
    pub(super) fn start_store_threads(&self, open: &mut OpenArchive) -> Result<()> {
        self.start_copiers(open)?;
        self.start_stored(open)
    }

    /// Starts a copier for each store that has a rule.
    fn start_copiers(&self, open: &mut OpenArchive) -> Result<()> {
        #[cfg(feature = "media")]
        let finishes = self.options.finish;
        #[cfg(not(feature = "media"))]
        let finishes = false;
        let handle = Arc::clone(open.handle());
        let stop = open.stopping.clone();
        copier::start(&handle, (self.id(), self.options.check_interval, finishes), |name, worker| {
            let stop = stop.clone();
            open.spawn(&name, move || worker.run(&stop))
        })
    }

    /// Opens the list of the events of each active store, and starts what keeps it up to date. A store whose list cannot be opened has no
    /// events; nothing else depends on it.
    fn start_stored(&self, open: &mut OpenArchive) -> Result<()> {
        if self.options.every_host {
            return self.start_bucket(open);
        }
        let handle = Arc::clone(open.handle());
        let state_dir = open.state.path().to_path_buf();
        let all = self.stores.names(None).into_iter();
        for options in all.filter_map(|name| self.stores.options(None, name.as_str()).ok()) {
            if !options.active {
                continue;
            }
            let name = &options.name;
            let host = match options.host_name() {
                Ok(host) => host,
                Err(error) => {
                    tracing::warn!(store = %name, "{error}; its events are not listed");
                    continue;
                }
            };
            let view = match View::open(&state_dir, &options, ShownHosts::Own(host.clone())) {
                Ok(view) => Arc::new(view),
                Err(error) => {
                    tracing::warn!(store = %name, "{}; its events are not listed", error.chain());
                    continue;
                }
            };
            handle.stored.add(Arc::clone(&view));
            let proofs = self.id().map(|id| Proofs::new(&state_dir, &options.url, &host, id));
            let filler = Filler::new(&handle, view, host, proofs, self.options.check_interval);
            let stop = open.stopping.clone();
            open.spawn(&format!("owlery-stored-{name}"), move || filler.run(&stop))?;
        }
        Ok(())
    }

    /// Serves the events of all hosts of the one store.
    fn start_bucket(&self, open: &mut OpenArchive) -> Result<()> {
        let handle = Arc::clone(open.handle());
        let [name] = &self.stores.names(None)[..] else {
            return Err(Error::Config("all hosts are shown of one store alone; name one".to_owned()));
        };
        let options = self.stores.options(None, name.as_str()).map_err(|error| Error::Config(error.to_string()))?;
        let view = Arc::new(View::open(open.state.path(), &options, ShownHosts::All)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Error::io("start the runtime of", "the requests to the store", e))?;
        let bucket = Arc::new(Bucket::new(Arc::clone(&self.stores), Arc::clone(&view), runtime.handle().clone()));
        handle.stored.add(view);
        handle.stored.serve(Arc::clone(&bucket));
        let refresher = Refresher::new(&handle, &bucket, runtime);
        let stop = open.stopping.clone();
        open.spawn(&format!("owlery-bucket-{name}"), move || {
            refresher.run(&stop);
            Ok(())
        })
    }

    /// Makes the rules wait for the copies that stores are to have.
    pub(super) fn require_copies(&self, handle: &Handle, state_dir: &Path) -> Result<()> {
        let proofs = StoreProofs::of(&self.options.stores, state_dir, self.id(), &handle.copying)?;
        if let Some(proofs) = proofs {
            handle.expirer.require_copies(Arc::new(proofs));
        }
        Ok(())
    }

    /// Its stores.
    pub fn stores(&self) -> &Arc<Stores> {
        &self.stores
    }
}

impl Handle {
    /// What each copier is doing: one for each active store with a rule `copy`, while a service runs.
    pub fn copying(&self) -> Vec<CopyState> {
        self.copying.states()
    }

    /// The stores that events are to be copied to and cannot be, and events that cannot be copied. Without the errors, which can name places of
    /// this host that not everyone who sees alerts may know.
    pub(super) fn copy_alerts(&self) -> Vec<String> {
        let alert = |state: CopyState| {
            let store = &state.store;
            if let Some(trouble) = &state.trouble {
                let since = rfc3339(trouble.since);
                let waiting = match state.waiting {
                    Some(waiting) => format!("{waiting} events wait"),
                    None => "how many events wait is not known yet".to_owned(),
                };
                return Some(format!(
                    "nothing has been copied to the store {store} since {since}, and {waiting}; `stores` of /readyz says why"
                ));
            }
            let (event, _) = state.failed.first()?;
            Some(format!(
                "events are not copied to the store {store}, and are tried again; the first is {event}; /api/v1/stores says why"
            ))
        };
        self.copying().into_iter().filter_map(alert).collect()
    }

    /// The stores of the archive.
    pub fn stores(&self) -> &Arc<Stores> {
        &self.stores
    }
}
