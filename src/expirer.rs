//! One pass: guards, plan, retire, news. It deletes nothing; what it retires waits in the delete queue for the reaper.

mod notes;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::SecondsFormat;
use serde::Serialize;

use crate::archive::{Depth, QueuedPass, Report, Retired, RetiringPass, Tree};
use crate::audit::Audit;
use crate::catalog::Catalog;
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{By, Change, Entry, Item, Which};
use crate::retention::{Plan, Policy, Refusal, View, hold, newest_stale, plan};
use crate::scan::Scanner;

/// Carries out the policy.
#[derive(Debug)]
pub struct Expirer {
    tree: Arc<Tree>,
    catalog: Arc<Catalog>,
    scanner: Arc<Scanner>,
    policy: Policy,
    /// Where every pass, refusal, restore and deletion by hand is noted.
    pub(crate) audit: Arc<Audit>,
    /// Held over a pass, and while passes are listed for the reaper, which must not see one that is being made.
    passing: Mutex<()>,
}

/// What a pass did, as users see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pass {
    /// Its name in the delete queue; with `refused`, the id to confirm; `None`: there was nothing to do.
    pub pass: Option<String>,
    /// When it began, RFC 3339.
    pub started: String,
    /// What was retired.
    pub items: Vec<Item>,
    /// Until when it can be taken back.
    pub undo_until: Option<String>,
    /// The guard that held it.
    pub refused: Option<Refusal>,
    /// What could not be done.
    pub failures: Vec<Report>,
}

impl Expirer {
    /// An expirer for these rules.
    pub fn new(
        tree: Arc<Tree>,
        catalog: Arc<Catalog>,
        scanner: Arc<Scanner>,
        policy: Policy,
        audit: Arc<Audit>,
    ) -> Self {
        Self { tree, catalog, scanner, policy, audit, passing: Mutex::new(()) }
    }

    /// The rules.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What would be retired now by these rules, or by `policy` as a what-if.
    pub fn plan(&self, policy: Option<&Policy>) -> Result<(View, Plan)> {
        let now = self.scanner.clock.now();
        let policy = policy.unwrap_or(&self.policy);
        let view = self.catalog.retention_view(newest_stale(policy, now))?;
        let plan = plan(&view, policy, now);
        Ok((view, plan))
    }

    /// Every pass that waits in the queues. Those that the audit does not know, since a crash came between, are noted.
    pub fn queued(&self) -> Result<Vec<QueuedPass>> {
        let _passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        let (passes, others) = self.tree.passes()?;
        for other in others {
            tracing::debug!("{}: {}", other.path.display(), other.problem);
        }
        notes::found(&self.audit, &self.tree, &passes, self.scanner.clock.now());
        Ok(passes)
    }

    /// One pass now. `confirmed` is the id of a plan that a person has seen and wants done although it was held.
    pub fn pass(&self, confirmed: Option<&str>) -> Result<Pass> {
        let _passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.scanner.clock.now();
        let mut pass = Pass { started: now.utc.to_rfc3339_opts(SecondsFormat::Secs, true), ..Pass::default() };
        let (view, plan) = self.plan(None)?;
        if plan.items.is_empty() {
            return Ok(pass);
        }
        if let Some(refusal) = hold(&plan, &view, &self.policy)
            && !(refusal.guard == "share" && confirmed == Some(plan.id().as_str()))
        {
            return Ok(self.refused(pass, &plan, refusal, now));
        }
        let mut retiring = match self.tree.begin_pass(plan.items.clone(), now) {
            Err(Error::Refused { guard, message }) => {
                return Ok(self.refused(pass, &plan, Refusal { guard, message }, now));
            }
            other => other?,
        };
        let mut left = Vec::new();
        for item in &plan.items {
            self.retire(&mut retiring, item, &mut pass, &mut left);
        }
        pass.pass = retiring.finish()?.filter(|_| !pass.items.is_empty());
        let by = if confirmed.is_some() { By::Hand } else { By::Rule };
        self.audit.note(now, notes::of(&pass, by, left));
        if let Some(name) = &pass.pass {
            tracing::info!("pass {name}: retired {} events of {} days", pass.count(), pass.items.len());
        }
        for failure in &pass.failures {
            tracing::error!("{}: {}", failure.path.display(), failure.problem);
        }
        Ok(pass)
    }

    /// A pass that a guard holds.
    fn refused(&self, mut pass: Pass, plan: &Plan, refusal: Refusal, now: Now) -> Pass {
        pass.pass = Some(plan.id());
        self.audit.note(now, [notes::refused(plan, &refusal)]);
        pass.refused = Some(refusal);
        pass
    }

    /// Retires one item; whatever goes wrong with it never stops the next. `left` gets what the audit tells of what stays.
    fn retire(&self, retiring: &mut RetiringPass<'_>, item: &Item, pass: &mut Pass, left: &mut Vec<Entry>) {
        let retired = {
            let _ticket = self.scanner.tickets.take(&item.camera, item.day);
            let names = self.catalog.names_of(&item.camera, item.day);
            let retired = names.and_then(|expected| retiring.retire(item, &expected));
            if let Ok(retired) = &retired
                && let Err(error) = self.tell(item, retired)
            {
                tracing::error!("{}", error.chain());
            }
            retired
        };
        match retired {
            Ok(retired) => {
                let is_all = retired.day_gone && item.events == Which::All;
                for kept in &retired.kept {
                    tracing::info!("kept {}: {}", kept.path.display(), kept.problem);
                }
                let count = retired.events.len() as u64;
                left.extend(retired.kept.iter().chain(&retired.failures).map(|report| notes::left(item, report)));
                let is_surprise = !retired.kept.is_empty() || !retired.failures.is_empty();
                pass.failures.extend(retired.failures);
                if count > 0 {
                    let bytes = item.bytes.filter(|_| count == item.count);
                    let events = if is_all { Which::All } else { Which::Some(retired.events) };
                    tracing::info!("retired {}/{}: {count} events, {}", item.camera, item.day, item.reason);
                    pass.items.push(Item { events, count, bytes, ..item.clone() });
                }
                if is_surprise && let Err(error) = self.scanner.scan_day(&item.camera, item.day, Depth::Glance) {
                    tracing::warn!("{}", error.chain());
                }
            }
            Err(error) => {
                let path = self.tree.root().join(item.camera.as_str()).join(item.day.to_string());
                let failure = Report::of(&error, &path);
                left.push(notes::left(item, &failure));
                pass.failures.push(failure);
            }
        }
    }

    fn tell(&self, item: &Item, retired: &Retired) -> Result<()> {
        if retired.day_gone {
            return self.scanner.send(Change::DayGone(item.camera.clone(), item.day));
        }
        for name in &retired.events {
            let id = crate::event::EventId { camera: item.camera.clone(), day: item.day, name: *name };
            self.scanner.send(Change::Gone(id))?;
        }
        Ok(())
    }
}

impl Pass {
    /// How many events were retired.
    pub fn count(&self) -> u64 {
        self.items.iter().map(|item| item.count).sum()
    }
}
