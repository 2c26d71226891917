//! An open archive without background threads, for commands and for programs that need no service. [`Service`] adds the
//! threads.
//!
//! [`Service`]: super::Service

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossbeam_channel::Receiver;

use super::handle::Handle;
use super::state_dir::StateDir;
use super::stats::Stats;
use super::status::Component;
use super::workers::{Worker, Workers, panicked};
use super::zone;
use crate::archive::{Depth, Report};
use crate::clock::{Stop, StopHandle};
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId};
use crate::expirer::{Pass, emptied};
use crate::reaper::Reaper;
use crate::scan::{Occasion, Progress, Summary};

/// How often one command walks the archive again because the catalog turned out to be damaged.
const MAX_REBUILDS: usize = 3;

/// What [`OpenArchive::measure`] reads.
#[derive(Debug, Clone, Copy)]
pub enum Measure<'a> {
    /// All days with events that are not measured.
    Unmeasured,
    /// All days that were never measured, with what Motion recorded in the frames. A search for a region needs that.
    NewDays,
    /// What a plan would retire, since a plan says how much space it frees; with a rule of size, everything that the rule
    /// counts.
    Plan,
    /// These events, measured or not.
    Events(&'a [EventId]),
}

/// An archive with an open catalog, without a service. Of the service's threads only the catalog's writer runs. It holds
/// the archive's lock, except after [`Archive::open_aside`](super::Archive::open_aside).
#[derive(Debug)]
pub struct OpenArchive {
    pub(super) shared: Arc<Handle>,
    /// Dropped first: it stops every worker except the writer.
    pub(super) stop: Option<StopHandle>,
    pub(super) stopping: Stop,
    /// Dropped after all other workers ended.
    pub(super) stop_writer: Option<StopHandle>,
    pub(super) workers: Workers,
    pub(super) writing: Option<Worker>,
    pub(super) rescan: Option<Receiver<()>>,
    /// Whether the writer retries until it succeeds (a service) or fails (a command). Set by `start`.
    pub(super) insists: Arc<AtomicBool>,
    pub(super) state: StateDir,
}

impl OpenArchive {
    /// The methods that are shared with other threads.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.shared
    }

    /// Waits until all changes sent so far can be queried.
    pub(super) fn flush(&self) -> Result<()> {
        self.shared.changes.flush().map_err(|error| match self.shared.status.troubles().remove(&Component::Catalog) {
            Some(trouble) => Error::io("keep", self.state.path(), io::Error::other(trouble)),
            None => error,
        })
    }

    pub(super) fn spawn(&mut self, name: &str, work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
        let worker = self.workers.spawn(name, work)?;
        self.workers.keep(worker);
        Ok(())
    }

    /// Updates the catalog from the tree, on this thread. Rebuilds a damaged catalog and walks the archive again.
    pub fn preload(&self, depth: Depth, progress: &Progress) -> Result<Summary> {
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

    /// Reads from the disk what `what` names, and returns what could not be read. What was read can be queried then.
    pub fn measure(&self, what: Measure<'_>) -> Result<Vec<Error>> {
        let mut failures = Vec::new();
        match what {
            Measure::Unmeasured => self.measure_days(self.shared.catalog.unmeasured()?, &mut failures),
            Measure::NewDays => {
                let days = self.shared.catalog.days_to_measure(i64::MIN, i64::MAX)?;
                let days = days.into_iter().filter(|(_, _, is_new)| *is_new);
                let read = |(camera, day, _)| self.shared.scanner.scan_day(&camera, day, Depth::Full).err();
                failures.extend(days.filter_map(read));
            }
            Measure::Plan => self.measure_plan(&mut failures)?,
            Measure::Events(ids) => {
                let read = |id: &EventId| self.shared.scanner.scan_event(id, Occasion::Found).err();
                failures.extend(ids.iter().filter_map(read));
            }
        }
        self.flush()?;
        Ok(failures)
    }

    fn measure_plan(&self, failures: &mut Vec<Error>) -> Result<()> {
        let (catalog, expirer) = (&self.shared.catalog, &self.shared.expirer);
        if !expirer.policy().has_size_rule() {
            let (_, plan) = expirer.plan(None)?;
            let unmeasured = plan.items.into_iter().filter(|item| item.bytes.is_none());
            self.measure_days(unmeasured.map(|item| (item.camera, item.day)), failures);
            return Ok(());
        }
        // A file can grow or shrink in place without a change of its directory, so all that the rule counts is measured.
        let days = catalog.days_to_measure(i64::MAX, i64::MAX)?;
        self.measure_days(days.into_iter().map(|(camera, day, _)| (camera, day)), failures);
        Ok(())
    }

    fn measure_days(&self, days: impl IntoIterator<Item = (Camera, Day)>, failures: &mut Vec<Error>) {
        let read = |(camera, day)| self.shared.scanner.scan_day(&camera, day, Depth::Measure).err();
        failures.extend(days.into_iter().filter_map(read));
    }

    /// The cameras and their forecast by the archive's rules, with a warning about the time zone if that seems wrong.
    pub fn stats(&self) -> Result<Stats> {
        let mut stats = self.shared.stats(None)?;
        let (shared, gap) = (&self.shared, self.shared.scanner.event_gap());
        let warning = zone::warning(&shared.catalog, &shared.tree, gap, shared.now())?;
        stats.forecast.archive.warnings.extend(warning);
        Ok(stats)
    }

    /// Makes a pass ([`Handle::pass`]), and then what a service does after one: removes the directories of emptied
    /// events and everything in the delete queues that may be removed, and catches up with the audit log. Uses the
    /// configured rate but ignores the window, since a user asked for it. Returns also what could not be removed or
    /// recorded.
    pub fn expire(&self, confirmed: Option<&str>) -> Result<(Pass, Vec<Report>)> {
        #[cfg(feature = "stores")]
        super::copier::compare_all(&self.shared)?;
        let mut pass = self.shared.pass(confirmed)?;
        if !self.shared.expirer.policy().has_size_rule() {
            // With a rule of size the pass has done it.
            pass.emptied.extend(self.shared.expirer.remove_emptied(emptied::SHORT_SEARCH_TIME, &self.stopping));
            self.flush()?;
        }
        let mut left = self.reap()?;
        if self.shared.expirer.audit.lacks_room() {
            left.extend(self.shared.settle());
        }
        Ok((pass, left))
    }

    /// Reaps everything that waits, on a thread of its own, and waits for it.
    fn reap(&self) -> Result<Vec<Report>> {
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
        reaping.join().map_err(|panic| panicked("owlery-reaper", &*panic))
    }

    pub(super) fn shutdown(mut self) -> Result<()> {
        self.stop_all()
    }

    /// Stops everything. This is the only place that defines the order: first the subscriptions, so that no client
    /// waits for more; then the threads that read the disk or delete; then the catalog's writer, which applies what
    /// they sent; then the catalog's log is checkpointed; then the jobs that make media end, and the media cache
    /// writes its last uses, which it can lose without harm. The lock is released last, with `state`.
    fn stop_all(&mut self) -> Result<()> {
        self.shared.end_subscriptions();
        drop(self.stop.take());
        let mut result = self.workers.join_all();
        drop(self.stop_writer.take());
        if let Some(writing) = self.writing.take() {
            result = result.and(writing.join());
            self.shared.reserve.refill(!self.state.is_temporary() && self.shared.expirer.policy().can_expire());
            let waiting = self.shared.expirer.audit.retry();
            if waiting > 0 {
                tracing::error!("{waiting} entries of the audit could not be written; only this log has them");
            }
            if let Err(error) = self.shared.catalog.checkpoint() {
                tracing::debug!("{}", error.chain());
            }
            self.shared.catalog.leave();
        }
        // Jobs may wait for a store.
        #[cfg(all(feature = "media", feature = "stores"))]
        self.shared.stored_reader.stop();
        #[cfg(feature = "media")]
        {
            self.shared.derivation.stop();
            self.shared.media_cache.close();
        }
        result
    }
}

impl Drop for OpenArchive {
    fn drop(&mut self) {
        if let Err(error) = self.stop_all() {
            tracing::error!("{}", error.chain());
        }
    }
}
