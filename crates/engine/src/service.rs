//! The entry points of the library. [`Archive`] is an archive that was found at a root; [`Service`] runs it: preload,
//! watch, expire and reap on threads of their own. This module builds the components, supervises them and stops them in
//! order. It contains no rules and works without `http`.

mod activity;
mod counters;
mod feed;
mod handle;
mod health;
mod lineage;
mod lock;
mod notifications;
mod observer;
mod options;
mod outlook;
pub mod pulse;
mod retention;
mod scheduler;
mod state_dir;
mod status;
mod survey;
mod sweep;
mod workers;
mod writer;
pub mod zone;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

pub use activity::{Activity, Reaped, Retired};
pub use counters::{Histogram, HistogramSnapshot};
pub use handle::{CameraInfo, Handle};
pub use notifications::{Notification, Subscription};
pub use options::Options;
pub use outlook::Stats;
pub use retention::{Preview, Queue, RetentionState};
pub use state_dir::{Holder, StateDir};
pub use status::{Component, Status};
pub use survey::{CameraSurvey, Survey};

use crate::archive::{Depth, Tree};
use crate::audit::Audit;
use crate::catalog::Catalog;
use crate::clock::{Stop, StopHandle};
use crate::command_line::CommandLine;
use crate::error::{Error, Result};
use crate::expirer::{ClockGuard, Expirer, Reserve, emptied};
use crate::reaper::Reaper;
use crate::scan::{Progress, Scanner};
use crate::watch::Watch;
use feed::ChangeSender;
use scheduler::Scheduler;
use workers::Workers;
use writer::CatalogWriter;

/// How often one command walks the archive again because the catalog turned out to be damaged.
const MAX_REBUILDS: usize = 3;

/// An archive that was opened. Opening changes nothing on disk.
#[derive(Debug)]
pub struct Archive {
    options: Options,
    tree: Arc<Tree>,
}

impl Archive {
    /// Opens an archive. Fails if the root is not an archive, or if a rule is invalid or cannot be applied here.
    ///
    /// Fails with [`Error::Refused`] (guard `marker`) if the state directory belongs to another archive, or if it
    /// belongs to one and the root has no marker. [`Archive::accept`] confirms that the root is the right one.
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
        let id = lineage::accept(&archive.tree, &archive.state_path(), archive.options.clock.now().utc)?;
        state.give_to_owner(&archive.tree);
        Ok(id)
    }

    /// Like [`Archive::open`], without the check whose state directory it is. For commands that only read the state.
    pub fn open_any(options: Options) -> Result<Self> {
        options.policy.check()?;
        let open = if options.may_be_empty { Tree::open_blank } else { Tree::open };
        let tree = Arc::new(open(&options.root, &options.camera_pattern)?);
        let archive = Self { options, tree };
        archive.tree.set_command(archive.command());
        archive.tree.set_numbered(archive.options.numbered.clone());
        Ok(archive)
    }

    fn check_rules(&self) -> Result<()> {
        if self.options.policy.can_expire() && !self.tree.can_be_marked() {
            let root = self.tree.root().display();
            return Err(Error::Config(format!("{root} is read-only, so a retention rule cannot be kept there")));
        }
        Ok(())
    }

    /// The problems of the archive as a whole, such as a missing marker.
    pub fn problems(&self) -> Vec<crate::archive::Report> {
        health::problems(&self.tree, self.options.clock.now())
    }

    /// The tree below the root.
    pub fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// The options that it was opened with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The path of the state directory, whether it exists or not.
    pub fn state_path(&self) -> std::path::PathBuf {
        self.options.state_dir.clone().unwrap_or_else(|| StateDir::default_path(&self.tree))
    }

    /// A command line that runs `owlery` on this archive with the same options.
    pub fn command(&self) -> CommandLine {
        let (options, usual) = (&self.options, Options::new(self.tree.root()));
        let mut flags = Vec::new();
        if options.camera_pattern != usual.camera_pattern {
            flags.push(("--camera-pattern", options.camera_pattern.clone()));
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

    /// Locks the archive and opens the catalog without starting threads other than the catalog's writer. For one-shot
    /// commands.
    pub fn parts(&self) -> Result<Parts> {
        let state = StateDir::open(&self.tree, self.options.state_dir.as_deref())?;
        state.lock(&self.tree)?;
        self.parts_in(state)
    }

    /// Like `parts`, for commands that remove recordings or change what rules may remove. Fails where the audit log
    /// cannot be kept.
    pub fn parts_to_act(&self) -> Result<Parts> {
        let state = StateDir::open_lasting(&self.tree, self.options.state_dir.as_deref())?;
        state.lock(&self.tree)?;
        self.parts_in(state)
    }

    /// Like `parts`, with a catalog in a temporary folder and without the lock. Changes nothing in the archive.
    pub fn parts_aside(&self) -> Result<Parts> {
        self.parts_in(StateDir::temporary()?)
    }

    fn parts_in(&self, state: StateDir) -> Result<Parts> {
        let mut may_mark = !state.is_temporary();
        if may_mark {
            lineage::check(&self.tree, state.path())?; // again, under the lock
            if let Err(error) = self.tree.spare_adoptable(self.options.clock.now().utc) {
                tracing::error!("{}; the root is not marked, so nothing here will be expired", error.chain());
                may_mark = false;
            }
        }
        if may_mark {
            lineage::expect(&self.tree, state.path());
        }
        self.tree.identify_if(may_mark);
        if may_mark {
            lineage::note(&self.tree, state.path());
        }
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
        let shared =
            Arc::new(Handle::new(&self.options, Arc::clone(&self.tree), catalog, scanner, expirer, (changes, reserve)));
        let workers = Workers::new();
        let (again, rescan) = bounded(1);
        let insists = Arc::new(AtomicBool::new(false));
        let writer = CatalogWriter::new(Arc::clone(&shared), messages, again, Arc::clone(&insists));
        let writing = workers.spawn("owlery-catalog", move || writer.run(&writer_stop))?;
        Ok(Parts {
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
        let mut parts = if self.options.policy.can_expire() { self.parts_to_act()? } else { self.parts()? };
        let rescan = parts.rescan.take().ok_or(Error::Stopped)?;
        parts.insists.store(true, Ordering::Release);
        let shared = Arc::clone(&parts.shared);
        shared.expirer.command.serve();
        let stop = parts.stopping.clone();

        let (reaper, passes) =
            Reaper::new(Arc::clone(&self.tree), Arc::clone(&shared.reaped), Arc::clone(&shared.pace));
        let reaper_stop = stop.clone();
        parts.spawn("owlery-reaper", move || {
            reaper.run(&reaper_stop);
            Ok(())
        })?;

        let (pulse_shared, pulse_stop, state_dir) =
            (Arc::clone(&shared), stop.clone(), parts.state.path().to_path_buf());
        parts.spawn("owlery-disks", move || pulse::run(&pulse_shared, &state_dir, &pulse_stop))?;

        let observer = observer::WatchObserver(Arc::clone(&shared));
        let backlog = Arc::clone(&shared.backlog);
        let (interval, poll) = (self.options.check_interval, self.options.poll);
        let watch = Watch::new(Arc::clone(&shared.scanner), observer, interval, poll, backlog);
        let watch_stop = stop.clone();
        parts.spawn("owlery-watch", move || watch.run(&watch_stop))?;

        let (preload_shared, preload_stop) = (Arc::clone(&shared), stop.clone());
        parts.spawn("owlery-preload", move || sweep::run(&preload_shared, &rescan, &preload_stop))?;

        parts.spawn("owlery-expirer", move || Scheduler::new(&shared, interval, &passes, &stop).run())?;
        Ok(Service { parts })
    }
}

/// An archive with an open catalog and a held lock. Only the catalog's writer runs.
#[derive(Debug)]
pub struct Parts {
    shared: Arc<Handle>,
    /// Dropped first: it stops every worker except the writer.
    stop: Option<StopHandle>,
    stopping: Stop,
    /// Dropped after all other workers ended.
    stop_writer: Option<StopHandle>,
    workers: Workers,
    writing: Option<workers::Worker>,
    rescan: Option<Receiver<()>>,
    /// Whether the writer retries until it succeeds (a service) or fails (a command). Set by `start`.
    insists: Arc<AtomicBool>,
    state: StateDir,
}

impl Parts {
    /// The methods that are shared with other threads.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.shared
    }

    /// Waits until all changes sent so far can be queried.
    pub fn flush(&self) -> Result<()> {
        self.shared.changes.flush().map_err(|error| match self.shared.status.troubles().remove(&Component::Catalog) {
            Some(trouble) => Error::io("keep", self.state.path(), std::io::Error::other(trouble)),
            None => error,
        })
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
        let worker = self.workers.spawn(name, work)?;
        self.workers.keep(worker);
        Ok(())
    }

    /// Updates the catalog from the tree, on this thread. Rebuilds a damaged catalog and walks the archive again.
    pub fn preload(&self, depth: Depth, progress: &Progress) -> Result<crate::scan::Summary> {
        let catalog = &self.shared.catalog;
        for _ in 0..MAX_REBUILDS {
            let rebuilt = catalog.rebuilt();
            let known = match catalog.known() {
                Ok(known) if depth == Depth::NamesOnly => known,
                Ok(known) => known.without_stamps(),
                Err(error) if catalog.is_damaged() => {
                    tracing::warn!("{}; it is rebuilt", error.chain());
                    catalog.mend()?;
                    self.shared.expirer.audit.catch_up();
                    continue;
                }
                Err(error) => return Err(error),
            };
            let summary = self.shared.scanner.preload(&known, depth, &self.stopping, progress)?;
            match self.flush() {
                Err(_) if catalog.is_damaged() => {
                    catalog.mend()?;
                }
                Err(error) => return Err(error),
                Ok(()) if catalog.rebuilt() == rebuilt && !catalog.is_damaged() => return Ok(summary),
                Ok(()) => {}
            }
        }
        let again = io::Error::other("it is damaged again each time it is rebuilt; see the disk's log (dmesg)");
        Err(Error::io("keep the catalog in", self.state.path(), again))
    }

    /// Removes the directories of emptied events, as the daemon does at every check interval, but searches for a
    /// shorter time.
    pub fn remove_emptied(&self) -> Result<()> {
        self.shared.expirer.remove_emptied(emptied::SHORT_SEARCH_TIME, &self.stopping);
        self.flush()
    }

    /// Reaps everything that waits, on a thread of its own, and waits for it. Uses the configured rate but ignores the
    /// window, since a user asked for it. Returns what could not be removed.
    pub fn drain(&self) -> Result<Vec<crate::archive::Report>> {
        self.shared.tree.tidy_queue()?;
        let pace = Arc::new(self.shared.pace.at_all_hours());
        let (reaper, passes) = Reaper::new(Arc::clone(&self.shared.tree), Arc::clone(&self.shared.reaped), pace);
        let stop = self.stopping.clone();
        let reaping = std::thread::Builder::new()
            .name("owlery-reaper".to_owned())
            .spawn(move || reaper.quiet().run(&stop))
            .map_err(|e| Error::io("start a thread for", self.shared.tree.root(), e))?;
        for pass in self.shared.expirer.due()? {
            if passes.send(pass).is_err() {
                break;
            }
        }
        drop(passes);
        reaping.join().map_err(|panic| workers::panicked("owlery-reaper", &*panic))
    }

    fn shutdown(mut self) -> Result<()> {
        self.stop_all()
    }

    /// Stops everything. This is the only place that defines the order: first the subscriptions, so that no client
    /// waits for more; then the threads that read the disk or delete; then the catalog's writer, which applies what
    /// they sent; then the catalog's log is checkpointed. The lock is released last, with `state`.
    fn stop_all(&mut self) -> Result<()> {
        self.shared.end_subscriptions();
        drop(self.stop.take());
        let mut result = self.workers.join_all();
        drop(self.stop_writer.take());
        if let Some(writing) = self.writing.take() {
            result = result.and(writing.join());
            self.shared.reserve.look(!self.state.is_temporary() && self.shared.expirer.policy().can_expire());
            let waiting = self.shared.expirer.audit.retry();
            if waiting > 0 {
                tracing::error!("{waiting} entries of the audit could not be written; only this log has them");
            }
            if let Err(error) = self.shared.catalog.checkpoint() {
                tracing::debug!("{}", error.chain());
            }
            self.shared.catalog.leave();
        }
        result
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if let Err(error) = self.stop_all() {
            tracing::error!("{}", error.chain());
        }
    }
}

/// A running archive. Dropping it stops it.
#[derive(Debug)]
pub struct Service {
    parts: Parts,
}

/// All methods of [`Handle`].
impl std::ops::Deref for Service {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.parts.shared
    }
}

impl Service {
    /// The methods that can be shared with other threads. A handle does not keep the service running.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.parts.shared
    }

    /// The path of the state directory.
    pub fn state_dir(&self) -> &Path {
        self.parts.state.path()
    }

    /// Writes the path of the control socket into the lock file.
    pub fn announce(&self, socket: &Path) -> Result<()> {
        self.parts.state.announce(Some(socket))
    }

    /// Receives the error of a worker that failed. The service should be stopped then.
    pub fn failures(&self) -> &Receiver<Error> {
        self.parts.workers.failures()
    }

    /// Waits until every event can be queried; false after `timeout`.
    pub fn wait_ready(&self, timeout: Duration) -> bool {
        self.status.wait_ready(timeout)
    }

    /// Stops everything in order. Returns the first error.
    pub fn shutdown(self) -> Result<()> {
        self.parts.shutdown()
    }
}

#[cfg(test)]
mod tests;
