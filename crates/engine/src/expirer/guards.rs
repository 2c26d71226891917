//! The guards by name: what each says at this moment, and how often it has refused. The refusing is done where each of them
//! looks.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::Expirer;
use super::held::HeldPass;
use crate::error::{Error, Result};
use crate::event::Guard;
use crate::retention::{Plan, View, check_rules};

/// What a guard says now. Serialized as an object of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuardState {
    /// Which.
    pub name: Guard,
    /// Whether it holds nothing back.
    pub ok: bool,
    /// What it saw and what to do if it does; else empty.
    pub message: String,
}

/// The plan as it is now, and what each guard says of it.
#[derive(Debug)]
pub struct Standing {
    /// What it was made of, and the plan; `None` where the guard `restored` lets none be made.
    pub plan: Option<(View, Plan)>,
    /// In the order of [`Guard::ALL`].
    pub guards: Vec<GuardState>,
}

/// How often each guard has refused since the start. Counted by whoever deletes, retires or restores; read by whoever asks.
#[derive(Debug, Default)]
pub struct Refusals([AtomicU64; Guard::ALL.len()]);

impl Refusals {
    /// Counts a refusal.
    pub fn count(&self, guard: Guard) {
        self.0[guard as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an error if it is a refusal.
    pub fn count_error(&self, error: &Error) {
        if let Error::Refused { guard, .. } = error {
            self.count(*guard);
        }
    }

    /// Every guard and how often it has refused.
    pub fn all(&self) -> impl Iterator<Item = (Guard, u64)> {
        Guard::ALL.into_iter().zip(self.0.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}

impl Expirer {
    /// Every guard by name, in the order of [`Guard::ALL`], and what it says now. `is_read` tells whether the cameras are known
    /// by now.
    ///
    /// No plan is made for it: `share` says what it said of the last plan. Asks the clock, the catalog for the cameras if a
    /// rule names one, and the disk for the marker and for each camera's directory: some system calls a camera, whatever
    /// lies in it. What looks at a single event, day or pass when somebody asks for it (`today`, `saved`, `open`, `reaping`,
    /// `confirmation`) holds nothing by itself. Fails if the catalog cannot be read.
    pub fn guards(&self, is_read: bool) -> Result<Vec<GuardState>> {
        let now = self.scanner.clock.now();
        let says = |name: Guard| -> Result<GuardState> {
            let why = match name {
                Guard::Configuration if is_read && self.policy.names_cameras() => {
                    check_rules(&self.catalog.retention_view(None)?, &self.policy).map(|refusal| refusal.message)
                }
                Guard::Clock => self.clock.held(),
                Guard::Restored => told(self.restored.at(now)),
                Guard::Share => self.held.by(Guard::Share).filter(|_| self.policy.can_expire()),
                Guard::Marker => told(self.tree.verify_identity().and_then(|_| self.tree.verify_writable())),
                Guard::Disk => told(self.volumes.check().and_then(|()| {
                    let cameras = self.tree.cameras()?.open;
                    cameras.iter().try_for_each(|camera| self.tree.check_disk(camera))
                }))
                .map(|why| self.held.by(Guard::Disk).unwrap_or(why)), // which tells how it is confirmed
                Guard::Configuration
                | Guard::Today
                | Guard::Saved
                | Guard::Open
                | Guard::Reaping
                | Guard::Confirmation => None,
            };
            Ok(GuardState { name, ok: why.is_none(), message: why.unwrap_or_default() })
        };
        Guard::ALL.into_iter().map(says).collect()
    }

    /// What holds all that rules would take, in words, until a person acts; `None` if nothing does. The guards `marker` and
    /// `disk` have alerts of their own.
    pub fn held_alert(&self) -> Option<String> {
        if !self.policy.can_expire() {
            return None;
        }
        let held = |guard: Guard| {
            Some(format!("the pass is held by the guard {:?}: {}", guard.as_str(), self.held.by(guard)?))
        };
        [Guard::Configuration, Guard::Clock, Guard::Share].into_iter().find_map(held)
    }

    /// The pass that is held, if one is.
    pub fn held_pass(&self) -> Option<HeldPass> {
        let _queue = self.tree.lock_queue();
        self.held.get()
    }

    /// The plan now, and what each guard says, `share` and `configuration` of that plan.
    pub fn standing(&self) -> Result<Standing> {
        let plan = match self.plan(None) {
            Ok(made) => Some(made),
            Err(Error::Refused { guard: Guard::Restored, .. }) => None,
            Err(error) => return Err(error),
        };
        let mut guards = self.guards(plan.is_none())?;
        if let Some((view, plan)) = &plan {
            let refusal = self.ruled(plan, view, &self.policy);
            for guard in guards.iter_mut().filter(|guard| matches!(guard.name, Guard::Configuration | Guard::Share)) {
                let refused = refusal.as_ref().filter(|refusal| refusal.guard == guard.name);
                guard.ok = refused.is_none();
                guard.message = refused.map(|refusal| refusal.message.clone()).unwrap_or_default();
            }
        }
        Ok(Standing { plan, guards })
    }

    /// Counts a refusal on its way.
    pub(super) fn counted<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| self.refusals.count_error(error))
    }
}

/// What went wrong, in words: a guard that cannot look holds too.
fn told<T>(result: Result<T>) -> Option<String> {
    match result {
        Ok(_) => None,
        Err(Error::Refused { message, .. }) => Some(message),
        Err(error) => Some(error.chain()),
    }
}

#[cfg(test)]
mod tests;
