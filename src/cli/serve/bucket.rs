//! `owlery serve URL`: what hosts have copied to a bucket or a folder, served as an archive. The service runs on an empty root of its
//! own, and only reads the store.

use std::path::{Path, PathBuf};

use super::super::Outcome;
use super::super::hung::Watch;
use super::super::settings::{Settings, Values};
use super::super::store::{Requests, error};
use super::run_until_stopped;
use crate::daemon::Daemon;
use crate::store::StoreUrl;
use crate::{Archive, Error, Result, TemporaryFolder};

/// The root within the state directory.
const ROOT: &str = "root";

/// What a service of a bucket needs on this host's disk.
struct Place {
    root: PathBuf,
    state_dir: PathBuf,
    /// Removed at the end.
    _temporary: Option<TemporaryFolder>,
}

impl Place {
    /// Makes the places: in the state directory of the options, or in a temporary folder.
    fn make(state_dir: Option<&Path>) -> Result<Self> {
        let temporary = match state_dir {
            Some(_) => None,
            None => Some(TemporaryFolder::new()?),
        };
        let state_dir =
            state_dir.or(temporary.as_ref().map(TemporaryFolder::path)).map_or_else(PathBuf::new, Path::to_path_buf);
        let root = state_dir.join(ROOT);
        if state_dir.join("archive.json").exists() && !root.exists() {
            return Err(Error::Config(format!(
                "--state-dir {}: it is that of an archive; name one of its own for the bucket, or leave it out",
                state_dir.display()
            )));
        }
        std::fs::create_dir_all(&root).map_err(|e| Error::io("make", &root, e))?;
        Ok(Self { root, state_dir, _temporary: temporary })
    }
}

pub(super) fn run(typed: &Values, url: &StoreUrl) -> Result<Outcome> {
    let mut settings = Settings::resolve_bucket(typed, url)?;
    let tls = settings.open_tls()?;
    let place = Place::make(settings.options.state_dir.as_deref())?;
    let watch = Watch::start(&place.root, typed);
    watch.also(&place.state_dir);
    settings.options.root.clone_from(&place.root);
    settings.options.state_dir = Some(place.state_dir.clone());
    let archive = Archive::open(settings.options.may_be_empty(true).every_host(true))?;
    let listener = crate::daemon::bind(settings.listen)?; // a port in use fails before the store is asked
    check(&archive)?;
    let daemon = Daemon::start_bound(&archive, listener, tls, settings.access)?;
    drop(watch);
    run_until_stopped(daemon)
}

/// Proves that the store can be used.
fn check(archive: &Archive) -> Result<()> {
    for name in archive.stores().names(None) {
        let client = archive.stores().get(None, name.as_str()).map_err(error)?;
        Requests::new()?.run(client.hosts())?;
    }
    Ok(())
}
