//! The expirer's thread: a pass every check interval, a look at the clock and at the free space every 10 s, and waiting
//! passes handed to the reaper. What is retired is decided elsewhere.
//!
//! Pressure: with a rule of free space, and less free than its mark, the reaper hurries and the delete queue is emptied,
//! pass after pass, on that disk whatever their undo times; once it is empty, days are retired for what is still missing. It
//! ends at 1.05 times the mark.

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

/// How often the clock and the free space are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How often, while the reaper works against pressure.
const SOON: Duration = Duration::from_millis(500);

/// The thread's work and what it remembers.
pub(super) struct Scheduler<'a> {
    shared: &'a Handle,
    interval: Duration,
    passes: &'a Sender<QueuedPass>,
    stop: &'a Stop,
    /// When the next pass is due.
    due: Instant,
    /// How many passes were handed to the reaper so far.
    handed: u64,
    /// While there is pressure: the passes that were handed over because of it.
    pressure: Option<Tried>,
    /// The generation of the catalog at the last look at the time zone.
    zone_of: Option<u64>,
}

/// How often a pass is handed over before space is made in another way: what failed may have been of a moment.
const TRIES: u32 = 2;

/// How often each pass was handed over.
#[derive(Debug, Default)]
struct Tried(BTreeMap<PathBuf, u32>);

impl Tried {
    /// Which of these is to be tried next, if one is: each once in their order, then each that still waits once more.
    fn next(&mut self, waiting: &[&Path]) -> Option<usize> {
        let tries = |at: &usize| self.0.get(waiting[*at]).copied().unwrap_or(0);
        let next = (0..waiting.len()).min_by_key(tries).filter(|at| tries(at) < TRIES)?;
        *self.0.entry(waiting[next].to_path_buf()).or_default() += 1;
        Some(next)
    }

    /// Has all that were tried be tried once more.
    fn again(&mut self) {
        self.0.values_mut().for_each(|tries| *tries = (*tries).min(TRIES - 1));
    }
}

/// Why the wait ended.
enum Wake {
    /// A pass is due, or waiting passes are to be handed over.
    Round,
    /// It is time to look at the space.
    Look,
    Stop,
}

impl<'a> Scheduler<'a> {
    pub fn new(shared: &'a Handle, interval: Duration, passes: &'a Sender<QueuedPass>, stop: &'a Stop) -> Self {
        Self { shared, interval, passes, stop, due: Instant::now(), handed: 0, pressure: None, zone_of: None }
    }

    /// Runs until told to stop. The first pass waits for the preload. Every round ends by handing waiting passes to the
    /// reaper, those that a crash or an error left behind among them.
    pub fn run(mut self) -> Result<()> {
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
                    self.shared.expirer.remove_emptied(emptied::LOOK, self.stop); // else the pass does so
                }
                self.pass()?;
                self.shared.status.set_next_check(self.due); // only now: who sees it finds the pass made
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

    /// Compares the names of the newest frames with the times of their files, where anything has changed since the last look.
    fn look_at_zone(&mut self) {
        let generation = self.shared.generation();
        if !self.shared.status.may_expire() || self.zone_of == Some(generation) {
            return;
        }
        self.zone_of = Some(generation);
        match zone::warning(&self.shared.catalog, &self.shared.tree, self.shared.now()) {
            Ok(warning) => self.shared.status.set_zone(warning),
            Err(error) => tracing::debug!("time zone: {}", error.chain()),
        }
    }

    /// What could not be removed is tried again at every check interval, and before another pass is made.
    fn try_again(&mut self) {
        if let Some(tried) = &mut self.pressure {
            tried.again();
        }
    }

    /// The next pass is due one interval from now.
    fn put_off(&mut self) {
        self.due = Instant::now() + self.interval;
        self.shared.status.set_next_check(self.due);
    }

    /// A pass by the rules; answers whether it retired something.
    fn pass(&mut self) -> Result<bool> {
        if !self.shared.expirer.policy().can_expire() {
            self.shared.expirer.note_volumes(); // as a pass does: there may be a rule one day
            return Ok(false);
        }
        match self.shared.pass(None) {
            Ok(Pass { refused: Some(refused), mut alerts, .. }) => {
                if self.pressure.is_some() {
                    let why = format!("the guard {:?} holds every pass: {}", refused.guard, refused.message);
                    alerts.push(format!("space is short, and {why}"));
                } else {
                    tracing::warn!("the pass is held by the guard {:?}: {}", refused.guard, refused.message);
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
                    self.due = Instant::now() + LOOK; // it is being rebuilt
                }
                Ok(false)
            }
        }
    }

    /// Hands every pass whose undo time is over to the reaper.
    fn hand_over(&mut self) {
        if self.is_reaping() {
            return; // it has them already; what came since is handed over in the next round
        }
        match self.shared.expirer.due() {
            Ok(queued) => {
                let may_go = |pass: &QueuedPass| pass.stuck.as_ref().is_none_or(StuckPass::is_due);
                for pass in queued.into_iter().filter(may_go) {
                    if self.passes.try_send(pass).is_err() {
                        break; // the reaper has enough to do; what it has not got lies on disk until the next time
                    }
                    self.handed += 1;
                }
            }
            Err(error) => tracing::error!("delete queue: {}", error.chain()),
        }
    }

    fn look_at_space(&mut self) -> Result<()> {
        self.shared.status.set_standing(super::health::alerts(self.shared));
        self.shared.reserve.look(self.shared.expirer.policy().can_expire());
        match self.shared.catalog.leave_danger() {
            Ok(true) => tracing::warn!("the disk is nearly full: the catalog is built anew in a temporary folder"),
            Ok(false) => {}
            Err(error) => tracing::debug!("{}", error.chain()), // it is tried again
        }
        match self.shared.catalog.return_to_disk() {
            Ok(true) => tracing::info!("there is room again: the catalog is in the state directory"),
            Ok(false) => {}
            Err(error) => tracing::debug!("{}", error.chain()), // it is tried again
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

    /// One step against pressure, once the reaper has done the one before.
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
                tracing::warn!("space is short: pass {} is removed now, and not after {until}", pass.manifest.pass);
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

    /// Whether the reaper has not yet done all that it was handed.
    fn is_reaping(&self) -> bool {
        self.shared.reaped.passes.load(Ordering::Acquire) < self.handed
    }

    fn wait(&mut self) -> Wake {
        let most = if self.pressure.is_some() && self.is_reaping() { SOON } else { LOOK };
        let wait = self.due.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(200), most);
        select! {
            recv(self.stop.receiver()) -> _ => return Wake::Stop,
            recv(self.shared.reap_now.1) -> _ => return Wake::Round,
            default(wait) => {}
        }
        if self.shared.expirer.clock.look() {
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
    fn a_pass_that_could_not_be_removed_is_tried_once_more_before_another_is_made() {
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
