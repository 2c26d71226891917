//! The expirer's thread: a pass every check interval, a look at the clock and at the free space every 10 s, and waiting
//! passes handed to the reaper. What is retired is decided elsewhere.
//!
//! Pressure: with a rule of free space, and less free than its mark, the reaper hurries and the delete queue is emptied,
//! pass after pass, whatever their undo times; once it is empty, days are retired for what is still missing. It ends at 1.05
//! times the mark.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, select};

use super::handle::Handle;
use super::status::Part;
use crate::archive::QueuedPass;
use crate::clock::Stop;
use crate::error::{Error, Result};
use crate::expirer::Pass;
use crate::retention::enough;

/// How often the clock and the free space are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How often, while the reaper works against pressure.
const SOON: Duration = Duration::from_millis(500);

/// The thread's work and what it remembers.
pub(super) struct Expiry<'a> {
    shared: &'a Handle,
    interval: Duration,
    passes: &'a Sender<QueuedPass>,
    stop: &'a Stop,
    /// When the next pass is due.
    due: Instant,
    /// How many passes were handed to the reaper so far.
    handed: u64,
    /// While there is pressure: the passes that were handed over because of it.
    pressure: Option<BTreeSet<PathBuf>>,
}

/// Why the wait ended.
enum Wake {
    /// A pass is due, or waiting passes are to be handed over.
    Round,
    /// It is time to look at the space.
    Look,
    Stop,
}

impl<'a> Expiry<'a> {
    pub fn new(shared: &'a Handle, interval: Duration, passes: &'a Sender<QueuedPass>, stop: &'a Stop) -> Self {
        Self { shared, interval, passes, stop, due: Instant::now(), handed: 0, pressure: None }
    }

    /// Runs until told to stop. The first pass waits for the preload. Every round ends by handing waiting passes to the
    /// reaper, those that a crash or an error left behind among them.
    pub fn run(mut self) -> Result<()> {
        if let Err(error) = self.shared.tree.tidy_queue() {
            tracing::warn!("{}", error.chain());
        }
        loop {
            crate::fault::point("expirer");
            if Instant::now() >= self.due && self.shared.status.may_expire() {
                self.put_off();
                self.shared.expirer.clock.check();
                self.pass()?;
            }
            self.look_at_space()?;
            if self.pressure.is_none() {
                self.hand_over();
            }
            self.shared.expirer.audit.retry();
            loop {
                match self.wait() {
                    Wake::Stop => return Ok(()),
                    Wake::Round => break,
                    Wake::Look => self.look_at_space()?,
                }
            }
        }
    }

    /// The next pass is due one interval from now.
    fn put_off(&mut self) {
        self.due = Instant::now() + self.interval;
        self.shared.status.set_next_check(self.due);
    }

    /// A pass by the rules; answers whether it retired something.
    fn pass(&self) -> Result<bool> {
        if !self.shared.expirer.policy().can_expire() {
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
                for pass in queued {
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
        self.shared.reserve.look(self.shared.expirer.policy().can_expire());
        let Some(min_free) = self.shared.expirer.policy().min_free else { return Ok(()) };
        let disk = match self.shared.tree.disk() {
            Ok(disk) => disk,
            Err(error) => {
                if self.shared.status.set(Part::Space, Some(&error.chain())) {
                    tracing::error!("{}", error.chain());
                }
                return Ok(());
            }
        };
        self.shared.status.set(Part::Space, None);
        let mark = min_free.mark(disk.total);
        match &self.pressure {
            None if disk.free < mark => {
                tracing::warn!(
                    "space is short: {} bytes are free, and {mark} should be; the queue is emptied",
                    disk.free
                );
                self.pressure = Some(BTreeSet::new());
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
        let waiting = match self.shared.expirer.due_for_space() {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!("delete queue: {}", error.chain());
                return Ok(());
            }
        };
        let now = self.shared.now();
        let Some(tried) = &mut self.pressure else { return Ok(()) };
        if let Some(pass) = waiting.into_iter().find(|pass| !tried.contains(&pass.path)) {
            if !pass.manifest.is_due(now) {
                let until = pass.manifest.undo_until.as_deref().unwrap_or_default();
                tracing::warn!("space is short: pass {} is removed now, and not after {until}", pass.manifest.pass);
            }
            tried.insert(pass.path.clone());
            if self.passes.try_send(pass).is_ok() {
                self.handed += 1;
            }
            return Ok(());
        }
        if self.shared.status.may_expire() && self.pass()? {
            self.put_off();
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
