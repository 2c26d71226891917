//! The entry points of the library. [`Archive`] is an archive that was found at a root; [`Service`] runs it: preload,
//! watch, expire and reap on threads of their own. This module builds the components, supervises them and stops them in
//! order. It contains no rules and works without `http`.

mod activity;
mod camera_info;
mod catalog_reader;
mod change_sender;
mod changes;
mod check;
#[cfg(feature = "stores")]
mod copier;
mod counters;
#[cfg(feature = "media")]
mod derived;
mod disk_monitor;
mod event_files;
#[cfg(feature = "stores")]
mod event_source;
#[cfg(feature = "media")]
mod finisher;
mod handle;
mod health;
#[cfg(feature = "media")]
mod leftovers;
mod lineage;
mod located;
mod lock;
#[cfg(feature = "media")]
mod media_cache;
#[cfg(feature = "media")]
mod media_files;
mod notifications;
mod observer;
mod open_archive;
mod options;
mod preloader;
mod recall;
mod retention;
mod reviewed;
mod scheduler;
mod snapshot;
#[cfg(feature = "media")]
mod start_media;
mod state_dir;
mod stats;
mod status;
#[cfg(feature = "stores")]
mod store_thread;
#[cfg(feature = "stores")]
mod stored;
#[cfg(all(feature = "media", feature = "stores"))]
mod stored_media;
#[cfg(feature = "stores")]
mod stores;
mod workers;
mod writer;
mod zone;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

pub use activity::{Activity, Reaped, Retired};
pub use camera_info::CameraInfo;
pub use catalog_reader::CatalogReader;
pub use check::Findings;
#[cfg(feature = "stores")]
pub use copier::{CopyActivity, CopyState};
pub use counters::{Histogram, HistogramSnapshot};
#[cfg(feature = "media")]
pub use derived::{
    DerivationCounts, Derivative, Derived, DerivedError, JoinError, Joined, JoinedMovie, Made, store_of_key,
};
pub use disk_monitor::DirectoryChecks;
#[cfg(feature = "stores")]
pub use event_source::EventSource;
#[cfg(feature = "media")]
pub use finisher::FinishingFigures;
pub use handle::Handle;
pub use located::{LocatedPage, UsableStores};
#[cfg(feature = "media")]
pub use media_cache::{CacheOptions, check_cache_dir, give_cache, open_cache};
#[cfg(feature = "media")]
pub use media_files::MediaFiles;
pub use notifications::{Notification, Subscription};
pub use open_archive::{Measure, OpenArchive};
pub use options::Options;
pub use retention::{Preview, Queue, RetentionState};
pub use reviewed::{Marks, Reviewer};
pub use snapshot::{ArchiveSnapshot, CameraSnapshot};
pub use stats::Stats;
pub use status::{Component, Status};
#[cfg(all(feature = "media", feature = "stores"))]
pub use stored_media::{PrefetchCounts, PrefetchedDay, Reading, StoredError, StoredFile, StoredFiles};

use crate::archive::{EventFiles, Layouts, Tree};
use crate::audit::Audit;
use crate::catalog::Catalog;
use crate::clock::Stop;
use crate::command_line::CommandLine;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId, EventName};
use crate::expirer::{self, ClockGuard, Expirer, HeldPass, Reserve, with_cure};
use crate::layout_survey::recognised_layouts;
use crate::reaper::Reaper;
use crate::scan::Scanner;
use crate::watch::Watch;
use change_sender::ChangeSender;
use scheduler::Scheduler;
use state_dir::StateDir;
use workers::Workers;
use writer::CatalogWriter;

/// Opens the tree with the layouts of the options. Without any, a root that holds no event is looked at: its files may have
/// a layout of Motion's.
fn open_tree(options: &Options) -> Result<Tree> {
    let layouts = Layouts::of_patterns(&options.layouts)?;
    let is_given = !layouts.is_empty();
    let opened = Tree::open_with(&options.root, &options.camera_pattern, options.may_be_empty, layouts);
    let is_without_events = match &opened {
        Ok(tree) => matches!(tree.has_events(), Ok(false)),
        Err(error) => matches!(error, Error::NoArchive { .. }),
    };
    if is_given || !is_without_events {
        return opened;
    }
    match recognised_layouts(&options.root, &options.camera_pattern) {
        Some((pattern, layouts)) => Tree::open_with(&options.root, &pattern, options.may_be_empty, layouts),
        None => opened,
    }
}

/// An archive that was opened. Opening changes nothing on disk.
#[derive(Debug, Clone)]
pub struct Archive {
    options: Options,
    tree: Arc<Tree>,
    #[cfg(feature = "stores")]
    stores: Arc<owlery_store::Stores>,
}

impl Archive {
    /// Opens an archive. Fails if the root is not an archive, or if a rule is invalid or cannot be applied here.
    ///
    /// Fails with [`Error::Refused`] (guard `marker`) if the state directory belongs to another archive, or if it
    /// belongs to one and the root has no marker, unless all passes in its delete queue are of that one.
    /// [`Archive::accept`] confirms that the root is the right one.
    pub fn open(options: Options) -> Result<Self> {
        let archive = Self::open_any(options)?;
        lineage::check(&archive.tree, &archive.state_path())?;
        archive.check_rules()?;
        Ok(archive)
    }

    /// Makes the archive at the root the one of the state directory, whatever archive that belonged to, and marks a
    /// root whose marker is missing or broken. Removes what was derived from another archive (catalog, known volumes, a
    /// held pass) and keeps the audit log. Returns the archive's id. Fails with [`Error::Locked`] while another process
    /// manages either.
    pub fn accept(options: Options) -> Result<String> {
        let archive = Self::open_any(options)?;
        let state = StateDir::open(&archive.tree, archive.options.state_dir.as_deref())?;
        state.lock(&archive.tree)?;
        let now = archive.options.clock.now().utc;
        let id = lineage::accept(&archive.tree, &archive.state_path(), now).map_err(with_cure)?;
        state.give_to_owner(&archive.tree);
        Ok(id)
    }

    /// Like [`Archive::open`], without the check whose state directory it is. For commands that only read the state.
    pub fn open_any(options: Options) -> Result<Self> {
        options.policy.check()?;
        let tree = Arc::new(open_tree(&options)?);
        if tree.was_blank() && !options.every_host {
            tracing::info!("{} is empty: waiting for the first camera directory", tree.root().display());
        }
        #[cfg(feature = "stores")]
        let stores = stores::open(&options, &tree)?;
        let archive = Self {
            options,
            tree,
            #[cfg(feature = "stores")]
            stores,
        };
        archive.tree.set_command(archive.command());
        archive.tree.set_numbered(archive.options.numbered.clone());
        Ok(archive)
    }

    fn check_rules(&self) -> Result<()> {
        if self.options.policy.can_expire() && !self.tree.can_be_marked() {
            let root = self.tree.root().display();
            return Err(Error::Config(format!(
                "{root} cannot be written, so retention rules cannot be applied there (run as the user that owns it, and \
                 check that it is not mounted read-only)"
            )));
        }
        Ok(())
    }

    /// The absolute path of the root, links resolved.
    pub fn root(&self) -> &Path {
        self.tree.root()
    }

    /// The cameras whose directories can be used now, by name, whether they have events or not.
    pub fn cameras(&self) -> Result<Vec<Camera>> {
        Ok(self.tree.cameras()?.open.iter().map(|camera| camera.camera().clone()).collect())
    }

    /// Its id, which the marker in the root has; a root without a marker is marked. `None` if that cannot be done.
    pub fn id(&self) -> Option<&str> {
        self.tree.identify()
    }

    /// Whether the marker with its id is on the disk. Without room for it, the next start may have another id.
    pub fn is_marked(&self) -> bool {
        self.tree.is_marked()
    }

    /// The events in a camera's day, as its directory lists them now.
    pub fn event_names(&self, camera: &Camera, day: Day) -> Result<Vec<EventName>> {
        Ok(self.tree.camera(camera)?.day(day)?.list()?.events)
    }

    /// The files of an event, opened so that they can be listed and read later.
    pub fn event_files(&self, id: &EventId) -> Result<EventFiles> {
        self.tree.event_files(id)
    }

    /// The options that it was opened with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The path of the state directory, whether it exists or not.
    pub fn state_path(&self) -> PathBuf {
        self.options.state_dir.clone().unwrap_or_else(|| StateDir::default_path(&self.tree))
    }

    /// Whether the state directory has a catalog.
    pub fn has_catalog(&self) -> bool {
        self.catalog_path().is_file()
    }

    fn catalog_path(&self) -> PathBuf {
        self.state_path().join("catalog.db")
    }

    /// The pass that waits for confirmation, if there is one and it can be read.
    pub fn held_pass(&self) -> Option<HeldPass> {
        HeldPass::read(&self.state_path())
    }

    /// A command line that runs `owlery` on this archive with the same options.
    pub fn command(&self) -> CommandLine {
        let (options, usual) = (&self.options, Options::new(self.tree.root()));
        let mut flags = Vec::new();
        if options.camera_pattern != usual.camera_pattern {
            flags.push(("--camera-pattern", options.camera_pattern.clone()));
        }
        for (camera, pattern) in &options.layouts {
            let value = camera.as_ref().map_or_else(|| pattern.to_string(), |camera| format!("{camera}={pattern}"));
            flags.push(("--layout", value));
        }
        if options.event_gap != usual.event_gap {
            flags.push(("--event-gap", humantime::format_duration(options.event_gap).to_string()));
        }
        if options.sidecars != usual.sidecars {
            flags.push(("--sidecars", options.sidecars.as_str().to_owned()));
        }
        if let Some(rate) = options.reap_rate {
            flags.push(("--reap-rate", rate.to_string()));
        }
        let elsewhere = self.state_path() != StateDir::default_path(&self.tree);
        let state_dir = options.state_dir.as_deref().filter(|_| elsewhere);
        CommandLine::new(self.tree.root(), state_dir, &flags).with_rules(&(&options.policy).into())
    }

    /// Locks the archive and opens its catalog, without starting a service: for work that ends. Fails with
    /// [`Error::Locked`] while another process manages the archive.
    pub fn open_catalog(&self) -> Result<OpenArchive> {
        let state = StateDir::open(&self.tree, self.options.state_dir.as_deref())?;
        state.lock(&self.tree)?;
        self.open_in(state)
    }

    /// Like [`Archive::open_catalog`], to remove recordings or to change what rules may remove. Fails where the audit
    /// log cannot be kept.
    pub fn open_to_change(&self) -> Result<OpenArchive> {
        let state = StateDir::open_lasting(&self.tree, self.options.state_dir.as_deref())?;
        state.lock(&self.tree)?;
        self.open_in(state)
    }

    /// Like [`Archive::open_catalog`], with an empty catalog in a temporary folder and without the lock. Changes nothing
    /// in the archive, and works while another process manages it.
    pub fn open_aside(&self) -> Result<OpenArchive> {
        self.open_in(StateDir::temporary()?)
    }

    /// Opens the archive's catalog to read it beside the process that keeps it up to date.
    pub fn read_catalog(&self) -> Result<CatalogReader> {
        CatalogReader::open(self)
    }

    /// Finds out which archive this is, and marks a new one, unless the state directory is temporary.
    fn identify(&self, state: &StateDir) -> Result<()> {
        let mut may_mark = !state.is_temporary();
        if may_mark {
            lineage::check(&self.tree, state.path())?; // again, under the lock
            match self.tree.spare_adoptable(self.options.clock.now().utc) {
                Ok(spared) => expirer::wait_again(state.path(), &spared),
                Err(error) => {
                    tracing::error!("{}; the root is not marked, so nothing here will be expired", error.chain());
                    may_mark = false;
                }
            }
        }
        if may_mark {
            lineage::expect(&self.tree, state.path());
        }
        self.tree.identify_if(may_mark);
        if may_mark {
            lineage::note(&self.tree, state.path());
        }
        Ok(())
    }

    fn open_in(&self, state: StateDir) -> Result<OpenArchive> {
        self.identify(&state)?;
        let (catalog, opened) = Catalog::open(state.path())?;
        state.give_to_owner(&self.tree);
        if let crate::catalog::Opened::SetAside(aside, why) = opened {
            tracing::warn!("the catalog could not be used ({why}); it is set aside as {} and rebuilt", aside.display());
        }
        let catalog = Arc::new(catalog);
        let audit = Audit::new(state.path(), Arc::clone(&catalog));
        let audit = Arc::new(if state.is_temporary() { audit.temporary() } else { audit });
        audit.catch_up();
        let (stop_writer, writer_stop) = Stop::new();
        let (stop_handle, stop) = Stop::new();
        let (changes, messages) = ChangeSender::new(stop.clone());
        let scanner = Arc::new(Scanner::new(
            Arc::clone(&self.tree),
            Arc::clone(&self.options.clock),
            self.options.event_gap,
            self.options.sidecars,
            changes.out(),
            stop.clone(),
        ));
        let kept = if state.is_temporary() { self.state_path() } else { state.path().to_path_buf() };
        self.tree.recall_stuck(&kept, !state.is_temporary());
        let reserve = Arc::new(Reserve::new(state.path(), &self.tree));
        let clock = Arc::clone(&self.options.clock);
        let expirer = Expirer::new(
            Arc::clone(&self.tree),
            Arc::clone(&catalog),
            Arc::clone(&scanner),
            (self.options.policy.clone(), self.options.undo_window),
            (ClockGuard::open(&self.state_path(), clock, !state.is_temporary()), audit),
            (&kept, self.command(), Arc::clone(&reserve)),
        );
        let shared = Arc::new(Handle::new(self, catalog, scanner, expirer, (changes, reserve, state.path())));
        #[cfg(feature = "stores")]
        self.require_copies(&shared, &kept)?;
        let workers = Workers::new();
        let (again, rescan) = bounded(1);
        let insists = Arc::new(AtomicBool::new(false));
        let writer = CatalogWriter::new(Arc::clone(&shared), messages, again, Arc::clone(&insists));
        let writing = workers.spawn("owlery-catalog", move || writer.run(&writer_stop))?;
        Ok(OpenArchive {
            shared,
            stop: Some(stop_handle),
            stopping: stop,
            stop_writer: Some(stop_writer),
            workers,
            writing: Some(writing),
            rescan: Some(rescan),
            insists,
            state,
        })
    }

    /// Starts the service. Preload, watch, expire and reap run on threads of their own.
    pub fn start(&self) -> Result<Service> {
        #[cfg(feature = "media")]
        check_cache_dir(&self.options.cache, self.tree.root())?;
        let mut open = if self.options.policy.can_expire() { self.open_to_change()? } else { self.open_catalog()? };
        let rescan = open.rescan.take().ok_or(Error::Stopped)?;
        open.insists.store(true, Ordering::Release);
        let shared = Arc::clone(&open.shared);
        shared.expirer.command.serve();
        if let Err(error) = self.tree.remove_recall_leftovers() {
            tracing::warn!("{}", error.chain()); // the next recall of the camera tries again
        }
        let stop = open.stopping.clone();
        if let Some(flags) = self.tree.layouts().recognised_flags() {
            tracing::info!("recognised the layout of the files by their names, as with {flags}; rules need that flag");
        }

        let (reaper, passes) =
            Reaper::new(Arc::clone(&self.tree), Arc::clone(&shared.reaped), Arc::clone(&shared.pace));
        let reaper_stop = stop.clone();
        open.spawn("owlery-reaper", move || {
            reaper.run(&reaper_stop);
            Ok(())
        })?;
        let (monitor_shared, monitor_stop) = (Arc::clone(&shared), stop.clone());
        let state_dir = open.state.path().to_path_buf();
        #[cfg(feature = "media")]
        self.start_media(&mut open)?;
        #[cfg(feature = "stores")]
        self.start_store_threads(&mut open)?;
        open.spawn("owlery-disks", move || disk_monitor::run(&monitor_shared, &state_dir, &monitor_stop))?;
        let observer = observer::WatchObserver(Arc::clone(&shared));
        let backlog = Arc::clone(&shared.backlog);
        let (interval, poll) = (self.options.check_interval, self.options.poll);
        let watch = Watch::new(Arc::clone(&shared.scanner), observer, interval, poll, backlog);
        let watch_stop = stop.clone();
        open.spawn("owlery-watch", move || watch.run(&watch_stop))?;
        let (preload_shared, preload_stop) = (Arc::clone(&shared), stop.clone());
        open.spawn("owlery-preload", move || preloader::run(&preload_shared, &rescan, &preload_stop))?;

        open.spawn("owlery-expirer", move || Scheduler::new(&shared, interval, &passes, &stop).run())?;
        Ok(Service { open })
    }
}

/// A running archive. Dropping it stops it.
#[derive(Debug)]
pub struct Service {
    open: OpenArchive,
}

/// All methods of [`Handle`].
impl std::ops::Deref for Service {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.open.shared
    }
}

impl Service {
    /// The methods that can be shared with other threads. A handle does not keep the service running.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.open.shared
    }

    /// The path of the state directory.
    pub fn state_dir(&self) -> &Path {
        self.open.state.path()
    }

    /// Writes the path of a control socket into the lock file.
    pub fn announce(&self, socket: &Path) -> Result<()> {
        self.open.state.announce(Some(socket))
    }

    /// The control socket that a service announced in this state directory, running or not.
    pub fn announced(state_dir: &Path) -> Option<PathBuf> {
        StateDir::holder(state_dir)?.socket
    }

    /// Receives the error of a worker that failed. The service should be stopped then.
    pub fn failures(&self) -> &Receiver<Error> {
        self.open.workers.failures()
    }

    /// Waits until every event can be queried; false after `timeout`.
    pub fn wait_ready(&self, timeout: Duration) -> bool {
        self.status.wait_ready(timeout)
    }

    /// Stops everything in order. Returns the first error.
    pub fn shutdown(self) -> Result<()> {
        self.open.shutdown()
    }
}

#[cfg(test)]
mod tests;
