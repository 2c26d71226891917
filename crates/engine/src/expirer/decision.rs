//! Decides what a pass does: it carries out the plan that a user confirmed, or the plan of the rules, unless a guard holds
//! it. A refused plan is held until it is confirmed or replaced.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::TimeDelta;

use super::{Expirer, HeldPass, Pass, Planned};
use crate::archive::{BEING_WRITTEN, Report};
use crate::clock::Now;
use crate::error::Result;
use crate::event::{EventId, EventName, EventSelection, Guard, Item, Reason};
use crate::retention::{Plan, Policy, Refusal, View, check_rules, hold};
use crate::time::rfc3339;

/// A part of a plan that a guard holds: the id to confirm it, its items, and why.
pub(super) type HeldApart = (String, Vec<Item>, Refusal);

/// What a pass is to do.
pub(super) enum Decision {
    /// Retire these, which can be restored for this time.
    Do(Vec<Planned>, TimeDelta),
    /// Nothing, since a guard refuses it; the id to confirm it, and its items.
    Refuse(String, Vec<Item>, Refusal),
}

impl Expirer {
    /// The guard that holds this plan now, or a part of it.
    pub(crate) fn held(&self, plan: &Plan, view: &View, policy: &Policy) -> Option<Refusal> {
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

    /// Holds every rule while the layout of the files is only a guess.
    pub(super) fn layout_doubt(&self) -> Option<Refusal> {
        let message = self.tree.layouts().doubt().filter(|_| self.policy.can_expire())?;
        Some(Refusal { guard: Guard::Configuration, message })
    }

    /// What the rules themselves say against this plan, and how it is confirmed.
    pub(super) fn ruled(&self, plan: &Plan, view: &View, policy: &Policy) -> Option<Refusal> {
        let mut refusal = self.layout_doubt().or_else(|| hold(plan, view, policy))?;
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
            "{camera} is not a camera by this --camera-pattern; the pass was planned with another: {}",
            held.message
        );
        Some(Refusal { guard: Guard::Confirmation, message })
    }

    /// What is to be done now: what a user confirmed, or what the rules demand, if no guard refuses it. The time comes
    /// with why it was not accepted when it was read; the clock may have been corrected since, or become wrong.
    pub(super) fn decide(
        &self,
        confirmed: Option<&str>,
        (now, doubt): (Now, Option<String>),
        pass: &mut Pass,
    ) -> Result<Decision> {
        let held = self.held.get().filter(|held| Some(held.id.as_str()) == confirmed);
        // The confirmation of a large pass does not say that the clock is right.
        if let Some(held) = held.filter(|held| held.guard == Guard::Clock || doubt.is_none()) {
            // A typo in the rules cannot be confirmed.
            let refusal = self.layout_doubt();
            if let Some(refusal) = refusal.or(check_rules(&self.catalog.retention_view(None)?, &self.policy)) {
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
            let message = format!("no pass {id} is held; owlery plan shows what would be done now");
            return Ok(Decision::Refuse(id.to_owned(), Vec::new(), Refusal { guard: Guard::Confirmation, message }));
        }
        Ok(Decision::Do(self.with_names(plan.items)?, self.undo_window))
    }

    /// An event of a day that is past its time and is being written: a clock was wrong, or the event lasts for days. It
    /// stays, and the pass has not done all that the rules demand.
    fn report_open(&self, plan: &Plan, pass: &mut Pass) {
        for item in plan.kept.iter().filter(|item| item.reason == Reason::Open) {
            let report = |name: &EventName| {
                let id = EventId { camera: item.camera.clone(), day: item.day, name: *name };
                Report::failure(self.tree.event_path(&id), BEING_WRITTEN)
            };
            pass.failures.extend(item.names().iter().map(report));
        }
    }

    /// Holds the items of cameras on another volume; returns the other items, and what was held.
    pub(super) fn hold_apart(
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

    /// The events of each item. A day that changed since the plan waits for the next one.
    pub(super) fn with_names(&self, items: Vec<Item>) -> Result<Vec<Planned>> {
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

    /// Stores a refused plan, so that exactly it can be confirmed. An id counts the events of a whole day and does not
    /// name them, so a plan of an id that is held already keeps only the events that both plans have: a user may have
    /// looked at either. The next pass plans the others.
    fn hold(
        &self,
        id: &str,
        items: impl FnOnce() -> Result<Vec<Planned>>,
        refusal: &Refusal,
        undo_window: TimeDelta,
        now: Now,
    ) -> Result<()> {
        let mut held = HeldPass {
            id: id.to_owned(),
            guard: refusal.guard.into(),
            message: refusal.message.clone(),
            since: rfc3339(now.utc),
            undo_seconds: undo_window.num_seconds().max(0).unsigned_abs(),
            items: items()?,
        };
        if let Some(before) = self.held.get().filter(|before| before.id == id) {
            held.keep_common(&before);
            if held == before {
                return Ok(());
            }
        }
        if let Err(error) = self.held.set(&held) {
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
            let copies = self.copies_of(&item, &names);
            let may_go = |name: &EventName| there.contains(name) && !kept.contains(name) && copies.allow(*name);
            let names: Vec<EventName> = names.into_iter().filter(may_go).collect();
            // A day of loose files alone is planned without events, and stays so.
            let is_without_events = item.count == 0 && there.is_empty();
            if names.is_empty() && !is_without_events {
                continue;
            }
            if names.len() as u64 != item.count {
                (item.count, item.bytes, item.frees) = (names.len() as u64, None, None);
            }
            if !is_without_events && (item.events != EventSelection::All || names.len() != there.len()) {
                item.events = EventSelection::Some(names.clone());
            }
            left.push((item, names));
        }
        Ok(left)
    }
}
