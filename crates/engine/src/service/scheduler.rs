//! The expirer's thread: makes a pass every check interval, checks the clock and the free space every 10 s, and hands
//! waiting passes to the reaper. The expirer decides what is retired.
//!
//! Pressure begins when a rule of free space is configured and less than its mark is free. Then the reaper hurries and
//! removes the passes in the delete queue of that disk one after another, whatever their undo windows. When the queue
//! is empty, days are retired for what is still missing. Pressure ends at 1.05 times the mark.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, select};

use super::handle::Handle;
use super::status::Component;
use super::zone;
use crate::archive::{QueuedPass, StuckPass};
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::expirer::{Pass, emptied};
use crate::retention::enough;

/// How often the clock and the free space are checked.
const CHECK_PERIOD: Duration = Duration::from_secs(10);
/// How often, while the reaper works under pressure.
const PRESSURE_PERIOD: Duration = Duration::from_millis(500);

/// The scheduler and its state.
pub(super) struct Scheduler<'a> {
    shared: &'a Handle,
    interval: Duration,
    passes: &'a Sender<QueuedPass>,
    stop: &'a Stop,
    /// When the next pass is due.
    due: Instant,
    /// How many passes were handed to the reaper so far.
    handed: u64,
    /// During pressure: the passes that were handed over because of it.
    pressure: Option<Tried>,
    /// The generation of the catalog at the last check of the time zone.
    zone_of: Option<u64>,
}

/// How often a pass is handed over before days are retired for the space: a failure may have been temporary.
const MAX_TRIES: u32 = 2;

/// How often each pass was handed over.
#[derive(Debug, Default)]
struct Tried(BTreeMap<PathBuf, u32>);

impl Tried {
    /// The index of the pass to try next: each once in order, then each that still waits once more.
    fn next(&mut self, waiting: &[&Path]) -> Option<usize> {
        let tries = |at: &usize| self.0.get(waiting[*at]).copied().unwrap_or(0);
        let next = (0..waiting.len()).min_by_key(tries).filter(|at| tries(at) < MAX_TRIES)?;
        *self.0.entry(waiting[next].to_path_buf()).or_default() += 1;
        Some(next)
    }

    /// Allows one more try for each that was tried.
    fn again(&mut self) {
        self.0.values_mut().for_each(|tries| *tries = (*tries).min(MAX_TRIES - 1));
    }
}

/// Why the wait ended.
enum Wake {
    /// A pass is due, or waiting passes are to be handed over.
    Round,
    /// The free space is to be checked.
    Look,
    Stop,
}

impl<'a> Scheduler<'a> {
    pub(super) fn new(shared: &'a Handle, interval: Duration, passes: &'a Sender<QueuedPass>, stop: &'a Stop) -> Self {
        Self { shared, interval, passes, stop, due: Instant::now(), handed: 0, pressure: None, zone_of: None }
    }

    /// Runs until stopped. The first pass waits for the preload. Every round ends by handing waiting passes to the
    /// reaper, including those that a crash or an error left behind.
    pub(super) fn run(mut self) -> Result<()> {
        self.shared.expirer.recover();
        if let Err(error) = self.shared.tree.tidy_queue() {
            tracing::warn!("{}", error.chain());
        }
        loop {
            crate::fault::point("expirer");
            self.look_at_zone();
            if Instant::now() >= self.due && self.shared.status.may_expire() {
                self.due = Instant::now() + self.interval;
                self.try_again();
                self.shared.expirer.clock.check();
                if !self.shared.expirer.policy().has_size_rule() {
                    self.shared.expirer.remove_emptied(emptied::SEARCH_TIME, self.stop); // otherwise the pass does it
                }
                self.pass()?;
                self.shared.tidy_reviewed();
                self.shared.status.set_next_check(self.due); // set last: a client that sees it finds the pass made
            }
            self.look_at_space()?;
            if self.pressure.is_none() {
                self.hand_over();
            }
            self.shared.expirer.settle();
            loop {
                match self.wait() {
                    Wake::Stop => return Ok(()),
                    Wake::Round => break,
                    Wake::Look => {
                        self.look_at_zone();
                        self.look_at_space()?;
                        self.shared.expirer.settle(); // there may be room by now
                    }
                }
            }
        }
    }

    /// Compares the names of the newest frames or movies with the times of their files, if the catalog changed since the last
    /// check.
    fn look_at_zone(&mut self) {
        let generation = self.shared.catalog.generation();
        if !self.shared.status.may_expire() || self.zone_of == Some(generation) {
            return;
        }
        self.zone_of = Some(generation);
        let (shared, gap) = (&self.shared, self.shared.scanner.event_gap());
        match zone::warning(&shared.catalog, &shared.tree, gap, shared.now()) {
            Ok(warning) => self.shared.status.set_zone(warning),
            Err(error) => tracing::debug!("time zone: {}", error.chain()),
        }
    }

    /// Retries what could not be removed, at every check interval and before another pass is made.
    fn try_again(&mut self) {
        if let Some(tried) = &mut self.pressure {
            tried.again();
        }
    }

    /// Schedules the next pass one interval from now.
    fn put_off(&mut self) {
        self.due = Instant::now() + self.interval;
        self.shared.status.set_next_check(self.due);
    }

    /// Makes a pass by the rules; returns whether it retired something.
    fn pass(&mut self) -> Result<bool> {
        if !self.shared.expirer.policy().can_expire() {
            self.shared.expirer.note_volumes(); // a pass does it otherwise; a rule may be added one day
            return Ok(false);
        }
        match self.shared.pass(None) {
            Ok(Pass { refused: Some(refused), mut alerts, .. }) => {
                if self.pressure.is_some() {
                    let why = format!("the guard {:?} holds every pass: {}", refused.guard.as_str(), refused.message);
                    alerts.push(format!("space is short, and {why}"));
                } else {
                    tracing::warn!(
                        guard = refused.guard.as_str(),
                        "the pass is held by the guard {:?}: {}",
                        refused.guard.as_str(),
                        refused.message
                    );
                }
                self.shared.status.set_alerts(alerts);
                Ok(false)
            }
            Ok(pass) => {
                self.shared.status.set_alerts(pass.alerts);
                Ok(!pass.items.is_empty())
            }
            Err(Error::Stopped) => Err(Error::Stopped),
            Err(error) => {
                tracing::error!("expire: {}", error.chain());
                if error.is_damaged_catalog() {
                    self.due = Instant::now() + CHECK_PERIOD; // it is being rebuilt
                }
                Ok(false)
            }
        }
    }

    /// Hands every pass whose undo window is over to the reaper.
    fn hand_over(&mut self) {
        if self.is_reaping() {
            return; // the reaper has them already; later ones are handed over in the next round
        }
        match self.shared.expirer.due() {
            Ok(queued) => {
                let may_go = |pass: &QueuedPass| pass.stuck.as_ref().is_none_or(StuckPass::is_due);
                for pass in queued.into_iter().filter(may_go) {
                    if self.passes.try_send(pass).is_err() {
                        break; // the reaper has enough to do; the rest waits on disk until the next round
                    }
                    self.handed += 1;
                }
            }
            Err(error) => tracing::error!("delete queue: {}", error.chain()),
        }
    }

    fn look_at_space(&mut self) -> Result<()> {
        self.shared.status.set_standing(super::health::alerts(self.shared));
        #[cfg(feature = "media")]
        self.shared.media_cache.open_again();
        #[cfg(all(feature = "media", feature = "stores"))]
        self.shared.resume_prefetching();
        self.shared.reserve.refill(self.shared.expirer.policy().can_expire());
        match self.shared.catalog.leave_danger() {
            Ok(true) => tracing::warn!("the disk is nearly full: the catalog is rebuilt in a temporary folder"),
            Ok(false) => {}
            Err(error) => tracing::debug!("{}", error.chain()), // retried in the next round
        }
        match self.shared.catalog.return_to_disk() {
            Ok(true) => tracing::info!("there is room again: the catalog is in the state directory"),
            Ok(false) => {}
            Err(error) => tracing::debug!("{}", error.chain()), // retried in the next round
        }
        let Some(min_free) = self.shared.expirer.policy().min_free else { return Ok(()) };
        let disk = match self.shared.tree.disk() {
            Ok(disk) => disk,
            Err(error) => {
                if self.shared.status.set(Component::Space, Some(&error.chain())) {
                    tracing::error!("{}", error.chain());
                }
                return Ok(());
            }
        };
        self.shared.status.set(Component::Space, None);
        let mark = min_free.mark(disk.total);
        match &self.pressure {
            None if disk.free < mark => {
                tracing::warn!(
                    "space is short: {} bytes are free, and {mark} should be; the queue is emptied",
                    disk.free
                );
                self.pressure = Some(Tried::default());
                self.shared.hurry(true);
                self.shared.expirer.press(true);
            }
            Some(_) if disk.free >= enough(mark) => {
                tracing::info!("space is no longer short: {} bytes are free", disk.free);
                self.pressure = None;
                self.shared.hurry(false);
                self.shared.expirer.press(false);
                self.shared.status.set_alerts(Vec::new());
            }
            _ => {}
        }
        if self.pressure.is_some() { self.relieve() } else { Ok(()) }
    }

    /// Takes one step against pressure, if the reaper has finished the previous one.
    fn relieve(&mut self) -> Result<()> {
        if self.is_reaping() {
            return Ok(());
        }
        let mut waiting = match self.shared.expirer.due_for_space() {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!("delete queue: {}", error.chain());
                return Ok(());
            }
        };
        let now = self.shared.now();
        let Some(tried) = &mut self.pressure else { return Ok(()) };
        let paths: Vec<&Path> = waiting.iter().map(|pass| pass.path.as_path()).collect();
        if let Some(next) = tried.next(&paths) {
            let pass = waiting.swap_remove(next);
            if !pass.manifest.is_due(now) {
                let until = pass.manifest.undo_until.as_deref().unwrap_or_default();
                tracing::warn!(pass = %pass.manifest.pass, "space is short: a pass is removed now, and not after {until}");
            }
            if self.passes.try_send(pass).is_ok() {
                self.handed += 1;
            }
            return Ok(());
        }
        if self.shared.status.may_expire() && self.pass()? {
            self.put_off();
            self.try_again();
        }
        Ok(())
    }

    /// Whether the reaper is still working on what it received.
    fn is_reaping(&self) -> bool {
        self.shared.reaped.passes.load(Ordering::Acquire) < self.handed
    }

    fn wait(&mut self) -> Wake {
        let most = if self.pressure.is_some() && self.is_reaping() { PRESSURE_PERIOD } else { CHECK_PERIOD };
        let wait = self.due.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(200), most);
        select! {
            recv(self.stop.receiver()) -> _ => return Wake::Stop,
            recv(self.shared.reap_now.1) -> _ => return Wake::Round,
            default(wait) => {}
        }
        if self.shared.expirer.clock.observe() {
            self.due = Instant::now();
            self.shared.status.set_next_check(self.due);
        }
        if Instant::now() >= self.due { Wake::Round } else { Wake::Look }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stuck_pass_is_retried_first() {
        let [a, b, c] = ["a", "b", "c"].map(Path::new);
        let mut tried = Tried::default();
        assert_eq!(tried.next(&[a, b]), Some(0));
        assert_eq!(tried.next(&[a, b]), Some(1), "what is stuck lets the others go first");
        assert_eq!(tried.next(&[a]), Some(0), "b is gone, a is tried again");
        assert_eq!(tried.next(&[a]), None, "now a pass may be made");
        tried.again();
        assert_eq!(tried.next(&[a, c]), Some(1));
        assert_eq!(tried.next(&[a]), Some(0), "once more for every pass that is made");
        assert_eq!(tried.next(&[a]), None);
    }
}
