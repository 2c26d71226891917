//! One pass: guards, plan, retire, changes. It deletes nothing; retired days wait in the delete queue for the reaper.

mod audit_entries;
mod clock_guard;
pub(crate) mod emptied;
mod guards;
mod held;
mod manual;
mod queue_sums;
mod read_ahead;
mod reapable;
mod recover;
mod reserve;
mod restored;
mod room;
mod undo_timer;
mod view;
mod volumes;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde::Serialize;

pub use clock_guard::ClockGuard;
pub use guards::{GuardState, Refusals, Standing};
pub use held::HeldPass;
pub use manual::Restoration;
pub use queue_sums::QueueSums;
pub use reserve::Reserve;
pub(crate) use reserve::is_same_disk;

use crate::audit::Audit;

use crate::archive::{BEING_WRITTEN, Depth, QueuedPass, Report, RetiringPass, Tree, rfc3339};
use crate::catalog::Catalog;
use crate::clock::Now;
use crate::command_line::CommandLine;
use crate::error::{Error, Result};
use crate::event::{Actor, Entry, EventId, EventName, EventSelection, Guard, Item, Reason};
use crate::retention::{Plan, Policy, Refusal, View, check_rules, hold};
use crate::scan::Scanner;
use emptied::Memory;
use held::Held;
use read_ahead::ReadAhead;
use restored::RestoredDays;
use undo_timer::UndoTimer;
use volumes::Volumes;

/// Carries out the policy, and the requests of users.
#[derive(Debug)]
pub struct Expirer {
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
    waited: UndoTimer,
    volumes: Volumes,
    held: Held,
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
    /// Events that were removed in place and are in the audit log already. Moved to `items` at the end.
    #[serde(skip)]
    pub removed: Vec<Item>,
}

/// Events to retire, and the names that the plan saw.
type Planned = (Item, Vec<EventName>);

/// A part of a plan that a guard holds: the id to confirm it, its items, and why.
type HeldApart = (String, Vec<Item>, Refusal);

/// What a pass is to do.
enum Decision {
    /// Retire these, which can be restored for this time.
    Do(Vec<Planned>, TimeDelta),
    /// Nothing, since a guard refuses it; the id to confirm it, and its items.
    Refuse(String, Vec<Item>, Refusal),
}

impl Expirer {
    /// An expirer for these rules, with its state from a state directory.
    pub fn new(
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
            waited: UndoTimer::open(state_dir),
            volumes,
            held: Held::new(state_dir),
            reserve,
            has_in_place: AtomicBool::new(true),
            is_in_place_stuck: AtomicBool::new(false),
            command,
            pressed: AtomicBool::new(false),
            emptied: Memory::default(),
            logged: Mutex::default(),
        }
    }

    /// The rules.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Sets whether space is short: then plans continue beyond the mark, until there is enough.
    pub fn press(&self, is_short: bool) {
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

    /// The guard that holds this plan now, or a part of it.
    pub fn held(&self, plan: &Plan, view: &View, policy: &Policy) -> Option<Refusal> {
        let doubt = self.clock.held();
        self.held_as_a_whole(plan, view, policy, doubt).or_else(|| Some(self.moved(plan.items.iter())?.refusal))
    }

    /// The guard that refuses the whole plan. A rule for an unknown camera comes first, because it cannot be confirmed;
    /// then the clock, by which even an empty plan may be wrong: `doubt` says why.
    fn held_as_a_whole(&self, plan: &Plan, view: &View, policy: &Policy, doubt: Option<String>) -> Option<Refusal> {
        let refusal = self.ruled(plan, view, policy);
        if refusal.as_ref().is_some_and(|refusal| refusal.guard == Guard::Configuration) {
            return refusal;
        }
        let clock = doubt.map(|why| Refusal {
            guard: Guard::Clock,
            message: format!(
                "{why}; an owlery that runs goes on by itself once the kernel has reported the clock as synchronised for \
                 10 minutes; if the clock is right, confirm it with: {}",
                self.command.confirm(&plan.id())
            ),
        });
        clock.or(refusal)
    }

    /// What the rules themselves say against this plan, and how it is confirmed.
    fn ruled(&self, plan: &Plan, view: &View, policy: &Policy) -> Option<Refusal> {
        let mut refusal = hold(plan, view, policy)?;
        if refusal.guard == Guard::Share {
            let _ =
                write!(refusal.message, "; if that is meant, confirm it with: {}", self.command.confirm(&plan.id()));
        }
        Some(refusal)
    }

    /// Whether a held pass has cameras that are not cameras for this run: it was planned with another pattern.
    fn of_other_cameras(&self, held: &HeldPass) -> Option<Refusal> {
        let mut cameras = held.items.iter().map(|(item, _)| &item.camera);
        let camera = cameras.find(|camera| self.tree.is_camera(camera.as_str()).is_none())?;
        let message = format!(
            "{camera} is no camera by this --camera-pattern; the pass was planned with another: {}",
            held.message
        );
        Some(Refusal { guard: Guard::Confirmation, message })
    }

    /// Makes a pass now. `confirmed` is the id of a held pass that a user confirmed: then just that pass is carried
    /// out, without events that have since been saved, opened, restored or removed.
    pub fn pass(&self, confirmed: Option<&str>) -> Result<Pass> {
        let _queue = self.tree.lock_queue();
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
            pass.alerts.push(format!("not all that is past its time could be retired: {text}"));
        }
        Ok(pass)
    }

    /// What is to be done now: what a user confirmed, or what the rules demand, if no guard refuses it. The time comes
    /// with why it was not accepted when it was read; the clock may have been corrected since, or become wrong.
    fn decide(
        &self,
        confirmed: Option<&str>,
        (now, doubt): (Now, Option<String>),
        pass: &mut Pass,
    ) -> Result<Decision> {
        let held = self.held.get().filter(|held| Some(held.id.as_str()) == confirmed);
        // The confirmation of a large pass does not say that the clock is right.
        if let Some(held) = held.filter(|held| held.guard == Guard::Clock || doubt.is_none()) {
            // A typo in the rules cannot be confirmed.
            if let Some(refusal) = check_rules(&self.catalog.retention_view(None)?, &self.policy) {
                return Ok(Decision::Refuse(held.id, Vec::new(), refusal));
            }
            if doubt.is_some() {
                self.clock.accept()?;
            }
            if held.guard == Guard::Disk {
                self.accept_volumes(held.items.iter().map(|(item, _)| item))?;
            }
            if let Some(refusal) = self.of_other_cameras(&held) {
                return Ok(Decision::Refuse(held.id, Vec::new(), refusal));
            }
            // The longer of both windows applies, whatever the confirming command says.
            let promised = TimeDelta::from_std(held.undo_window()).unwrap_or(TimeDelta::MAX / 2);
            let undo_window = self.undo_window.max(promised);
            return Ok(Decision::Do(self.less_what_changed(held, now)?, undo_window));
        }
        let (view, plan) = self.plan_at(None, now)?;
        pass.alerts.clone_from(&plan.alerts);
        self.report_open(&plan, pass);
        let doubt = doubt.or_else(|| self.clock.held());
        let refusal = self.held_as_a_whole(&plan, &view, &self.policy, doubt);
        let early = plan.of_wrong_date();
        let is_held = refusal.as_ref().is_some_and(|refusal| refusal.guard != Guard::Share);
        if !is_held && !early.items.is_empty() && confirmed == Some(early.id().as_str()) {
            pass.alerts.clear();
            return Ok(Decision::Do(self.with_names(early.items)?, self.undo_window));
        }
        if let Some(refusal) = refusal.filter(|refusal| refusal.guard != Guard::Share || !plan.items.is_empty()) {
            self.hold(&plan.id(), || self.with_names(plan.items.clone()), &refusal, self.undo_window, now)?;
            return Ok(Decision::Refuse(plan.id(), plan.items, refusal));
        }
        if let Some(id) = confirmed {
            let message = format!("no pass {id} is held; owlery plan tells what would be done now");
            return Ok(Decision::Refuse(id.to_owned(), Vec::new(), Refusal { guard: Guard::Confirmation, message }));
        }
        Ok(Decision::Do(self.with_names(plan.items)?, self.undo_window))
    }

    /// An event of a day that is past its time and is being written: a clock was wrong, or the event lasts for days. It
    /// stays, and the pass has not done all that the rules demand.
    fn report_open(&self, plan: &Plan, pass: &mut Pass) {
        for item in plan.kept.iter().filter(|item| item.reason == Reason::Open) {
            let day = self.tree.root().join(item.camera.as_str()).join(item.day.to_string());
            let report = |name: &EventName| Report::failure(day.join(name.to_string()), BEING_WRITTEN);
            pass.failures.extend(item.names().iter().map(report));
        }
    }

    /// Holds the items of cameras on another volume; returns the other items, and what was held.
    fn hold_apart(
        &self,
        planned: Vec<Planned>,
        undo_window: TimeDelta,
        now: Now,
    ) -> Result<(Vec<Planned>, Option<HeldApart>)> {
        let Some(moved) = self.moved(planned.iter().map(|(item, _)| item)) else { return Ok((planned, None)) };
        let (apart, rest): (Vec<Planned>, _) = planned.into_iter().partition(|(item, _)| moved.has(item));
        let items = apart.iter().map(|(item, _)| item.clone()).collect();
        self.hold(&moved.id, || Ok(apart), &moved.refusal, undo_window, now)?;
        Ok((rest, Some((moved.id, items, moved.refusal))))
    }

    /// Retires what was decided, for the actor `by`. Whatever fails, `pass` has what is in the queue at the end.
    /// Returns audit entries for what stays.
    fn carry_out(&self, mut retiring: RetiringPass<'_>, planned: &[Planned], by: Actor, pass: &mut Pass) -> Vec<Entry> {
        let begun = Instant::now();
        let mut left = Vec::new();
        // also what was found open since the catalog was read
        let open = self.scanner.found_open();
        std::thread::scope(|scope| {
            let mut ahead = ReadAhead::begin(scope, &self.tree, planned);
            for (at, (item, names)) in planned.iter().enumerate() {
                retiring.set_early(ahead.reached(at));
                let is_its = |id: &EventId| id.camera == item.camera && id.day == item.day && names.contains(&id.name);
                if let Some(id) = open.iter().find(|id| is_its(id)) {
                    tracing::info!(camera = %id.camera, day = %id.day, event = %id.name, "an event is being written; its day waits for the next pass");
                    if by == Actor::Hand {
                        let report =
                            Report::failure(self.tree.root().join(id.to_string()), "it is being written again");
                        left.push(audit_entries::left(item, &report, by));
                        pass.failures.push(report);
                    }
                    continue;
                }
                left.extend(self.retire(&mut retiring, item, names, by, pass));
            }
        });
        let name = retiring.name().to_owned();
        match retiring.finish() {
            Ok(manifest) => {
                if let Some(manifest) = manifest.filter(|_| !pass.items.is_empty()) {
                    (pass.pass, pass.undo_until) = (Some(manifest.pass), manifest.undo_until);
                }
            }
            Err(error) => left.extend(self.not_finished(&name, &error, by, pass)),
        }
        let took =
            humantime::format_duration(Duration::from_millis(u64::try_from(begun.elapsed().as_millis()).unwrap_or(0)));
        // The catalog takes longer to remove events than the disk to rename them, so it is updated when all are
        // retired: each day is scanned once more, whatever happened to it.
        for (item, _) in planned {
            if let Err(error) = self.scanner.scan_day(&item.camera, item.day, Depth::NamesOnly) {
                tracing::error!("{}", error.chain());
            }
        }
        if let Some(name) = &pass.pass {
            tracing::info!(pass = %name, "retired {} events of {} days, in {took}", pass.count(), pass.items.len());
        }
        self.log_failures(&pass.failures, by);
        left
    }

    /// Logs what could not be done. Failures that the previous pass of a rule had too were logged then.
    fn log_failures(&self, failures: &[Report], by: Actor) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = failures.iter().map(|failure| format!("{}: {}", failure.path.display(), failure.problem));
        let lines: BTreeSet<String> = lines.collect();
        for line in lines.iter().filter(|line| by == Actor::Hand || !logged.contains(*line)) {
            tracing::error!("{line}");
        }
        if by == Actor::Rule {
            *logged = lines;
        }
    }

    /// A pass whose last steps failed is moved back, since something that may not survive a power cut is not retired.
    /// `pass` gets what is in the queue all the same. Returns audit entries for what is back.
    fn not_finished(&self, name: &str, error: &Error, by: Actor, pass: &mut Pass) -> Vec<Entry> {
        self.put_back_unfinished();
        let parts = match self.tree.passes() {
            Ok((passes, _)) => passes,
            Err(error) => {
                tracing::error!("{}", error.chain());
                Vec::new()
            }
        };
        let mut stays: Vec<Item> = Vec::new();
        for part in parts.iter().filter(|part| part.manifest.pass == name) {
            match self.tree.retired_in(part) {
                Ok(items) => stays.extend(items),
                Err(error) => tracing::error!("{}", error.chain()),
            }
            (pass.pass, pass.undo_until) = (Some(name.to_owned()), part.manifest.undo_until.clone());
        }
        let why = match error {
            Error::Io { op, source, .. } => {
                format!("the pass was put back, since it could not be made durable: cannot {op}: {source}")
            }
            other => format!("the pass was put back, since it could not be made durable: {}", other.chain()),
        };
        let retired = std::mem::replace(&mut pass.items, stays);
        let is_back =
            |item: &&Item| !pass.items.iter().any(|stays| stays.camera == item.camera && stays.day == item.day);
        let report = |item: &Item| {
            Report::failure(self.tree.root().join(item.camera.as_str()).join(item.day.to_string()), why.clone())
        };
        let left = retired.iter().filter(is_back).map(|item| audit_entries::left(item, &report(item), by)).collect();
        if pass.items.is_empty() {
            (pass.pass, pass.undo_until) = (None, None);
        }
        pass.failures.push(Report::of(error, self.tree.root()));
        left
    }

    /// The events of each item. A day that changed since the plan waits for the next one.
    fn with_names(&self, items: Vec<Item>) -> Result<Vec<Planned>> {
        let mut planned = Vec::with_capacity(items.len());
        for item in items {
            let names = match &item.events {
                EventSelection::All => self.catalog.names_of(&item.camera, item.day)?,
                EventSelection::Some(names) => names.clone(),
            };
            let is_all = item.events == EventSelection::All;
            if is_all && (names.len() as u64 != item.count || !self.catalog.kept_of(&item.camera, item.day)?.is_empty())
            {
                tracing::info!(camera = %item.camera, day = %item.day, "a day has changed since it was planned; it waits for the next pass");
                continue;
            }
            planned.push((item, names));
        }
        Ok(planned)
    }

    /// Stores a refused plan, so that exactly it can be confirmed.
    fn hold(
        &self,
        id: &str,
        items: impl FnOnce() -> Result<Vec<Planned>>,
        refusal: &Refusal,
        undo_window: TimeDelta,
        now: Now,
    ) -> Result<()> {
        let before = self.held.get().filter(|held| held.id == id && held.guard == refusal.guard);
        // The same pass may be planned again with a shorter window; the longer one applies.
        let promised = before.map(|held| held.undo_seconds);
        let undo_seconds = undo_window.num_seconds().max(0).unsigned_abs().max(promised.unwrap_or(0));
        if promised == Some(undo_seconds) {
            return Ok(());
        }
        let set = self.held.set(&HeldPass {
            id: id.to_owned(),
            guard: refusal.guard.into(),
            message: refusal.message.clone(),
            since: rfc3339(now.utc),
            undo_seconds,
            items: items()?,
        });
        if let Err(error) = set {
            tracing::warn!("{}; the pass cannot be confirmed", error.chain());
        }
        Ok(())
    }

    /// What is left to do of a held pass.
    fn less_what_changed(&self, held: HeldPass, now: Now) -> Result<Vec<Planned>> {
        let restored = self.restored.at(now)?;
        let mut left = Vec::new();
        for (mut item, names) in held.items {
            if restored.iter().any(|day| day.camera == item.camera && day.day == item.day) {
                continue;
            }
            let there: BTreeSet<EventName> = self.catalog.names_of(&item.camera, item.day)?.into_iter().collect();
            let kept = self.catalog.kept_of(&item.camera, item.day)?;
            let may_go = |name: &EventName| there.contains(name) && !kept.contains(name);
            let names: Vec<EventName> = names.into_iter().filter(may_go).collect();
            if names.is_empty() {
                continue;
            }
            if names.len() as u64 != item.count {
                (item.count, item.bytes, item.frees) = (names.len() as u64, None, None);
            }
            if item.events != EventSelection::All || names.len() != there.len() {
                item.events = EventSelection::Some(names.clone());
            }
            left.push((item, names));
        }
        Ok(left)
    }

    /// Retires one item; its errors never stop the next. Returns audit entries for what stays.
    fn retire(
        &self,
        retiring: &mut RetiringPass<'_>,
        item: &Item,
        names: &[EventName],
        by: Actor,
        pass: &mut Pass,
    ) -> Vec<Entry> {
        let mut left = Vec::new();
        let retired = {
            let _lock = self.scanner.day_locks.take(&item.camera, item.day);
            self.retire_with_room(retiring, item, names, by, pass)
        };
        match retired {
            Ok(retired) => {
                let is_all = retired.day_gone && item.events == EventSelection::All;
                for kept in &retired.kept {
                    tracing::info!(path = %kept.path.display(), "kept: {}", kept.problem);
                }
                let count = retired.events.len() as u64;
                left.extend(
                    retired.kept.iter().chain(&retired.failures).map(|report| audit_entries::left(item, report, by)),
                );
                pass.failures.extend(retired.failures);
                if by == Actor::Hand {
                    pass.failures.extend(retired.kept); // a user who requested it has to know
                }
                if count > 0 {
                    let is_as_planned = count == item.count;
                    let (bytes, frees) = (item.bytes.filter(|_| is_as_planned), item.frees.filter(|_| is_as_planned));
                    let events = if is_all { EventSelection::All } else { EventSelection::Some(retired.events) };
                    tracing::info!(camera = %item.camera, day = %item.day, "retired {count} events: {}", item.reason);
                    pass.items.push(Item { events, count, bytes, frees, ..item.clone() });
                }
            }
            Err(error) => {
                self.refusals.count_error(&error);
                let path = self.tree.root().join(item.camera.as_str()).join(item.day.to_string());
                let failure = Report::of(&error, &path);
                // A full disk fails for each item in the same way; it is reported once.
                if !failure.is_full() || !pass.failures.contains(&failure) {
                    left.push(audit_entries::left(item, &failure, by));
                    pass.failures.push(failure);
                }
            }
        }
        left
    }
}

impl Pass {
    /// The number of retired events.
    pub fn count(&self) -> u64 {
        self.items.iter().map(|item| item.count).sum()
    }
}
