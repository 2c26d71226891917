//! The present state of each guard, and how often it has refused. The checks themselves are in the modules that refuse.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::Expirer;
use super::held::HeldPass;
use crate::error::{Error, Result};
use crate::event::Guard;
use crate::retention::{Plan, View, check_rules};

/// The state of a guard. Serialized as an object of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuardState {
    /// The guard.
    pub name: Guard,
    /// Whether it allows everything.
    pub ok: bool,
    /// What it found and what to do; empty if it allows everything.
    pub message: String,
}

/// The present plan, and the state of each guard.
#[derive(Debug)]
pub(crate) struct Standing {
    /// The view and the plan; `None` if the guard `restored` prevents a plan.
    pub plan: Option<(View, Plan)>,
    /// In the order of [`Guard::ALL`].
    pub guards: Vec<GuardState>,
}

/// How often each guard has refused since the start. Counted where passes, deletions and restores are refused.
#[derive(Debug, Default)]
pub(crate) struct Refusals([AtomicU64; Guard::ALL.len()]);

impl Refusals {
    /// Counts a refusal.
    pub(crate) fn count(&self, guard: Guard) {
        self.0[guard as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an error if it is a refusal.
    pub(crate) fn count_error(&self, error: &Error) {
        if let Error::Refused { guard, .. } = error {
            self.count(*guard);
        }
    }

    /// Every guard and how often it has refused.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Guard, u64)> {
        Guard::ALL.into_iter().zip(self.0.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}

impl Expirer {
    /// The present state of every guard, in the order of [`Guard::ALL`]. `is_read` says whether the cameras are known
    /// by now.
    ///
    /// Makes no plan: `share` has its state from the last plan. Reads the clock, the catalog's cameras if a rule names
    /// one, and the disk for the marker and for each camera's directory: some system calls for each camera, whatever it
    /// contains. Guards of single events, days or passes (`today`, `saved`, `open`, `reaping`, `confirmation`) hold
    /// nothing by themselves. Fails if the catalog cannot be read.
    pub(crate) fn guards(&self, is_read: bool) -> Result<Vec<GuardState>> {
        let now = self.scanner.clock.now();
        let says = |name: Guard| -> Result<GuardState> {
            let why = match name {
                Guard::Configuration if self.layout_doubt().is_some() => {
                    self.layout_doubt().map(|refusal| refusal.message)
                }
                Guard::Configuration if is_read && self.policy.names_cameras() => {
                    check_rules(&self.catalog.retention_view(None)?, &self.policy).map(|refusal| refusal.message)
                }
                Guard::Clock => self.clock.held(),
                Guard::Restored => why_held(self.restored.at(now)),
                Guard::Share => self.held.by(Guard::Share).filter(|_| self.policy.can_expire()),
                Guard::Marker => why_held(self.tree.verify_identity().and_then(|_| self.tree.verify_writable())),
                Guard::Disk => why_held(self.volumes.check().and_then(|()| {
                    let cameras = self.tree.cameras()?.open;
                    cameras.iter().try_for_each(|camera| self.tree.check_disk(camera))
                }))
                .map(|why| self.held.by(Guard::Disk).unwrap_or(why)), // which says how it is confirmed
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

    /// Why all rules are held until a user acts, as sentences; `None` if nothing holds them. The guards `marker` and
    /// `disk` have alerts of their own.
    pub(crate) fn held_alert(&self) -> Option<String> {
        if !self.policy.can_expire() {
            return None;
        }
        let held = |guard: Guard| {
            Some(format!("the pass is held by the guard {:?}: {}", guard.as_str(), self.held.by(guard)?))
        };
        [Guard::Configuration, Guard::Clock, Guard::Share].into_iter().find_map(held)
    }

    /// The held pass, if there is one.
    pub(crate) fn held_pass(&self) -> Option<HeldPass> {
        let _queue = self.tree.lock_queue();
        self.held.get()
    }

    /// The present plan and the state of each guard, of `share` and `configuration` for that plan.
    pub(crate) fn standing(&self) -> Result<Standing> {
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

    /// Counts a refusal and returns it.
    pub(super) fn counted<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| self.refusals.count_error(error))
    }
}

/// The error of a check as a sentence. A guard that cannot check holds too.
fn why_held<T>(result: Result<T>) -> Option<String> {
    match result {
        Ok(_) => None,
        Err(Error::Refused { message, .. }) => Some(message),
        Err(error) => Some(error.chain()),
    }
}

#[cfg(test)]
mod tests;
