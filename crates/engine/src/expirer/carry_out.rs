//! Carries out a decided pass: retires item after item, and reports what stays.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::read_ahead::ReadAhead;
use super::{Expirer, Pass, Planned, audit_entries};
use crate::archive::{Depth, Report, RetiringPass};
use crate::error::Error;
use crate::event::{Actor, Entry, EventId, EventName, EventSelection, Item};

impl Expirer {
    /// Retires what was decided, for the actor `by`. Whatever fails, `pass` has what is in the queue at the end.
    /// Returns audit entries for what stays.
    pub(super) fn carry_out(
        &self,
        mut retiring: RetiringPass<'_>,
        planned: &[Planned],
        by: Actor,
        pass: &mut Pass,
    ) -> Vec<Entry> {
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
                        let report = Report::failure(self.tree.event_path(id), "it is being written again");
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
    pub(super) fn log_failures(&self, failures: &[Report], by: Actor) {
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
    /// `pass` gets the items that are still in the queue. Returns audit entries for the items that are back.
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
                format!("the pass was moved back, since it could not be made durable: cannot {op}: {source}")
            }
            other => format!("the pass was moved back, since it could not be made durable: {}", other.chain()),
        };
        let retired = std::mem::replace(&mut pass.items, stays);
        let is_back =
            |item: &&Item| !pass.items.iter().any(|stays| stays.camera == item.camera && stays.day == item.day);
        let report = |item: &Item| Report::failure(self.tree.day_path(&item.camera, item.day), why.clone());
        let left = retired.iter().filter(is_back).map(|item| audit_entries::left(item, &report(item), by)).collect();
        if pass.items.is_empty() {
            (pass.pass, pass.undo_until) = (None, None);
        }
        pass.failures.push(Report::of(error, self.tree.root()));
        left
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
                if count > 0 || retired.loose > 0 {
                    let is_as_planned = count == item.count;
                    let (bytes, frees) = (item.bytes.filter(|_| is_as_planned), item.frees.filter(|_| is_as_planned));
                    let events = if is_all { EventSelection::All } else { EventSelection::Some(retired.events) };
                    tracing::info!(camera = %item.camera, day = %item.day, "retired {count} events: {}", item.reason);
                    pass.items.push(Item { events, count, bytes, frees, ..item.clone() });
                }
            }
            Err(error) => {
                self.refusals.count_error(&error);
                let path = self.tree.day_path(&item.camera, item.day);
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
