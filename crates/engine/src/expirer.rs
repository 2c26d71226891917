//! One pass: guards, plan, retire, changes. It deletes nothing; retired days wait in the delete queue for the reaper.

mod audit_entries;
mod carry_out;
mod clock_guard;
mod copies;
mod decision;
pub(crate) mod emptied;
mod guards;
mod held;
mod manual;
mod measured_days;
mod outlook;
mod queue_sums;
mod read_ahead;
mod reapable;
mod recalled;
mod recover;
mod reserve;
mod restored;
mod room;
mod undo_timer;
mod view;
mod volumes;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;

pub(crate) use clock_guard::ClockGuard;
pub use guards::GuardState;
pub(crate) use guards::Refusals;
pub use held::HeldPass;
pub use manual::Restoration;
pub use queue_sums::QueueSums;
pub use recalled::Recalled;
pub(crate) use reserve::{Reserve, is_same_disk};
pub(crate) use room::with_cure;

use crate::archive::{QueuedPass, Report, Tree};
use crate::audit::Audit;
use crate::catalog::Catalog;
use crate::command_line::CommandLine;
use crate::copy_proofs::CopyProofs;
use crate::error::{Error, Result};
use crate::event::{Actor, EventName, Item};
use crate::retention::{Plan, Policy, Refusal};
use crate::scan::Scanner;
use decision::Decision;
use emptied::Memory;
use held::Held;
use measured_days::MeasuredDays;
use restored::RestoredDays;
use undo_timer::UndoTimer;
use volumes::Volumes;

/// Carries out the policy, and the requests of users.
#[derive(Debug)]
pub(crate) struct Expirer {
    tree: Arc<Tree>,
    catalog: Arc<Catalog>,
    scanner: Arc<Scanner>,
    policy: Policy,
    /// How long a pass of a rule can be restored.
    undo_window: TimeDelta,
    /// Whether the clock is accepted.
    pub(crate) clock: ClockGuard,
    /// The audit log of every pass, refusal, restore and deletion.
    pub audit: Arc<Audit>,
    /// How often each guard has refused.
    pub refusals: Refusals,
    restored: RestoredDays,
    undo_timer: UndoTimer,
    volumes: Volumes,
    held: Held,
    /// What proves that stores have copies. Set at most once, before the first plan.
    copies: OnceLock<Arc<dyn CopyProofs>>,
    /// How many events the last plan of the rules kept for want of a copy. Read by the forecast.
    not_copied: AtomicU64,
    /// Space that is given up if a pass has no room.
    reserve: Arc<Reserve>,
    /// Whether there may be events that `RetiringPass::remove_in_place` renamed. Set by `remove_one`, and at the start.
    has_in_place: AtomicBool,
    /// Whether some of them could be neither removed nor moved back: the next pass retries.
    is_in_place_stuck: AtomicBool,
    /// Commands for messages.
    pub(crate) command: CommandLine,
    /// Whether space is short. Written by the scheduler between passes, read by every plan.
    pressed: AtomicBool,
    /// The days whose sizes are known from the disk.
    measured_days: MeasuredDays,
    /// The state of the last search for emptied events.
    emptied: Memory,
    /// The failures of the last pass of a rule. Written by `log_failures`.
    logged: Mutex<BTreeSet<String>>,
}

/// The result of a pass, as users see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pass {
    /// Its name in the delete queue; with `refused`, the id to confirm; `None` if there was nothing to do.
    pub pass: Option<String>,
    /// When it began, RFC 3339.
    pub started: String,
    /// What was retired.
    pub items: Vec<Item>,
    /// Until when it can be restored.
    pub undo_until: Option<String>,
    /// The guard that refused it.
    pub refused: Option<Refusal>,
    /// What a rule demands and cannot be done.
    pub alerts: Vec<String>,
    /// What could not be done.
    pub failures: Vec<Report>,
    /// Events that another program had emptied, and whose directories were removed at the same time.
    pub emptied: Vec<Item>,
    /// Events that were removed in place and are in the audit log already. Moved to `items` at the end.
    #[serde(skip)]
    pub removed: Vec<Item>,
}

/// Lets passes wait again from the beginning before they are reaped. Called before an expirer is made.
pub(crate) fn wait_again(state_dir: &Path, passes: &BTreeSet<String>) {
    if !passes.is_empty() {
        UndoTimer::open(state_dir).forget_all(passes.iter().map(String::as_str));
    }
}

/// Events to retire, and the names that the plan saw.
type Planned = (Item, Vec<EventName>);

impl Expirer {
    /// An expirer for these rules, with its state from a state directory.
    pub(crate) fn new(
        tree: Arc<Tree>,
        catalog: Arc<Catalog>,
        scanner: Arc<Scanner>,
        (policy, undo_window): (Policy, Duration),
        (clock, audit): (ClockGuard, Arc<Audit>),
        (state_dir, command, reserve): (&Path, CommandLine, Arc<Reserve>),
    ) -> Self {
        let volumes = Volumes::open(state_dir, &tree);
        Self {
            tree,
            catalog,
            scanner,
            policy,
            undo_window: TimeDelta::from_std(undo_window).unwrap_or(TimeDelta::MAX / 2),
            clock,
            audit,
            refusals: Refusals::default(),
            restored: RestoredDays::open(state_dir),
            undo_timer: UndoTimer::open(state_dir),
            volumes,
            held: Held::new(state_dir),
            copies: OnceLock::new(),
            not_copied: AtomicU64::new(0),
            reserve,
            has_in_place: AtomicBool::new(true),
            is_in_place_stuck: AtomicBool::new(false),
            command,
            pressed: AtomicBool::new(false),
            measured_days: MeasuredDays::default(),
            emptied: Memory::default(),
            logged: Mutex::default(),
        }
    }

    /// The rules.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// From now on rules take an event only if these prove its copies. Called before the first plan; a second call changes
    /// nothing.
    #[cfg(any(test, feature = "stores"))]
    pub(crate) fn require_copies(&self, copies: Arc<dyn CopyProofs>) {
        let _ = self.copies.set(copies);
    }

    /// Whether space is short.
    #[cfg(feature = "stores")]
    pub(crate) fn is_pressed(&self) -> bool {
        self.pressed.load(Ordering::Acquire)
    }

    /// Sets whether space is short: then plans continue beyond the mark, until there is enough.
    pub(crate) fn press(&self, is_short: bool) {
        self.pressed.store(is_short, Ordering::Release);
    }

    /// All passes in the queues: those of rules first, oldest first, then those of users. Passes that are missing in
    /// the audit log are recorded.
    fn waiting(&self) -> Result<Vec<QueuedPass>> {
        let _queue = self.tree.lock_queue();
        let (mut passes, others) = self.tree.passes()?;
        for other in others {
            tracing::debug!(path = %other.path.display(), "{}", other.problem);
        }
        audit_entries::found(&self.audit, &self.tree, &passes, self.scanner.clock.now());
        passes.sort_by_key(|pass| pass.manifest.by == Actor::Hand);
        Ok(passes)
    }

    /// Makes a pass now. `confirmed` is the id of a held pass that a user confirmed: then just that pass is carried
    /// out, without events that have since been saved, opened, restored or removed.
    pub(crate) fn pass(&self, confirmed: Option<&str>) -> Result<Pass> {
        let _queue = self.tree.lock_queue();
        let pass = self.pass_by(confirmed);
        self.tree.end_confirmation();
        pass
    }

    fn pass_by(&self, confirmed: Option<&str>) -> Result<Pass> {
        let (now, doubt) = self.clock.moment();
        let mut pass = Pass::begun(now);
        let by = if confirmed.is_some() { Actor::Hand } else { Actor::Rule };
        let refused = |mut pass: Pass, id: String, items: &[Item], refusal: Refusal| {
            self.refusals.count(refusal.guard);
            self.audit.note(now, [audit_entries::refused(&id, items, &refusal, by)]);
            (pass.pass, pass.refused) = (Some(id), Some(refusal));
            Ok(pass)
        };
        self.note_volumes();
        self.counted(self.volumes.check())?;
        let (planned, undo_window) = match self.counted(self.decide(confirmed, (now, doubt), &mut pass))? {
            Decision::Do(planned, undo_window) => (planned, undo_window),
            Decision::Refuse(id, items, refusal) => return refused(pass, id, &items, refusal),
        };
        let (planned, apart) = self.hold_apart(planned, undo_window, now)?;
        let is_held = apart.is_some();
        if let Some((id, items, refusal)) = apart {
            if planned.is_empty() {
                return refused(pass, id, &items, refusal);
            }
            self.refusals.count(refusal.guard);
            self.audit.note(now, [audit_entries::refused(&id, &items, &refusal, by)]);
            pass.failures.push(Report::failure(self.tree.root(), refusal.message));
        }
        if planned.is_empty()
            && self.policy.can_expire()
            && let Err(Error::Refused { guard, message }) =
                self.tree.verify_identity().and_then(|_| self.tree.verify_writable())
        {
            // it would never be carried out
            return refused(pass, Plan::default().id(), &[], Refusal { guard, message });
        }
        if !planned.is_empty() {
            let undo_until = (!undo_window.is_zero()).then(|| now.utc + undo_window);
            let items: Vec<Item> = planned.iter().map(|(item, _)| item.clone()).collect();
            let retiring = match self.tree.begin_pass(items.clone(), Actor::Rule, undo_until, now) {
                Err(Error::Refused { guard, message }) => {
                    let id = Plan { items: items.clone(), ..Plan::default() }.id();
                    return refused(pass, id, &items, Refusal { guard, message });
                }
                other => other?,
            };
            let left = self.carry_out(retiring.confirmed(confirmed.is_some()), &planned, Actor::Rule, &mut pass);
            self.audit.note(now, audit_entries::of(&pass, by, left));
            let removed = std::mem::take(&mut pass.removed);
            pass.items.extend(removed);
            self.settle_in_place();
        }
        if !is_held {
            self.held.clear();
        }
        if let Some(first) = pass.failures.first() {
            let more = pass.failures.len() - 1;
            let rest = if more > 0 { format!(" (and {more} more; see the log)") } else { String::new() };
            let text = format!("{}: {}{rest}", first.path.display(), first.problem);
            pass.alerts.push(format!("some expired events could not be retired: {text}"));
        }
        Ok(pass)
    }
}

impl Pass {
    /// The number of retired events.
    pub fn count(&self) -> u64 {
        self.items.iter().map(|item| item.count).sum()
    }
}
