//! The requests of users: restore a pass, delete an event, save one. Each sends its changes to the catalog.

use chrono::TimeDelta;
use serde::Serialize;

use super::restored::RestoredDay;
use super::{Expirer, Pass, audit_entries};
use crate::archive::{Depth, QueuedPass, Report};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Actor, AuditAction, Camera, Day, Entry, EventId, EventSelection, Guard, Item, Reason, State};
use crate::fault::crash;
use crate::scan::{Occasion, Scanner};
use crate::time::rfc3339;

/// For how many days rules keep what was restored, or for the undo window if that is longer.
pub(super) const KEPT_DAYS: i64 = 7;
/// For how many hours a partly restored pass is not reaped.
const MIN_RESTORE_HOURS: i64 = 24;
/// For how many hours a user's deletion can be restored.
const DELETION_RESTORE_HOURS: i64 = 24;

/// The result of a restore, as users see it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Restoration {
    /// The pass.
    pub pass: String,
    /// What is in the archive again.
    pub items: Vec<Item>,
    /// Until when no rule takes it, RFC 3339.
    pub kept_until: Option<String>,
    /// What stays in the queue, and why.
    pub left: Vec<Report>,
    /// What else could not be done.
    pub failures: Vec<Report>,
}

impl Expirer {
    /// All passes in the queues, and reports of foreign entries.
    pub(crate) fn queue(&self) -> Result<(Vec<QueuedPass>, Vec<Report>)> {
        let _queue = self.tree.lock_queue();
        self.tree.passes()
    }

    /// Restores a pass. Never overwrites: an event whose name is taken stays in the queue and is reported.
    pub(crate) fn restore(&self, name: &str) -> Result<Restoration> {
        let _queue = self.tree.lock_queue();
        let (now, doubt) = self.clock.moment();
        let mut pass = self.tree.begin_restore(name).inspect_err(|error| self.restore_failed(name, error, now))?;
        let (days, others) = pass.days();
        let from = self.clock.undo_from(now.utc);
        let until = from + TimeDelta::days(KEPT_DAYS).max(self.undo_window);
        // Step 1: no pass from now on takes what comes back.
        let kept = |(camera, day): &(Camera, Day)| RestoredDay { camera: camera.clone(), day: *day, until };
        let kept: Vec<_> = days.iter().map(kept).collect();
        let believed = doubt.is_none().then_some(now);
        self.with_room(|| self.restored.add(&kept, believed))
            .inspect_err(|error| self.restore_failed(name, error, now))?;
        crash("restore-1");
        let mut done = Restoration { pass: name.to_owned(), left: others, ..Restoration::default() };
        let mut entries = Vec::new();
        for (camera, day) in &days {
            let _lock = self.scanner.day_locks.take(camera, *day);
            let restored = pass.restore_day(camera, *day);
            let of = |report: &Report| Entry {
                pass: Some(name.to_owned()),
                ..audit_entries::left_of_day(camera, *day, report)
            };
            entries.extend(restored.left.iter().map(of));
            let is_without_events = restored.events.is_empty() && restored.left.is_empty();
            done.left.extend(restored.left);
            done.items.extend(Item::restored(camera, *day, restored.events, Reason::Restored));
            if is_without_events {
                done.items.push(Item::without_events(camera, *day, Reason::Restored)); // its loose files are back
            }
        }
        let finished = pass.finish(from + TimeDelta::hours(MIN_RESTORE_HOURS), None);
        for failure in &finished.failures {
            entries.push(Entry {
                pass: Some(name.to_owned()),
                by: Actor::Hand,
                ..Entry::new(AuditAction::Failed, line_of(failure))
            });
        }
        done.left.extend(finished.failures); // what is back is reported, even if tidying up the rest failed
        self.undo_timer.forget(name); // what is left of it waits again
        self.count_from_now();
        done.kept_until = (!done.items.is_empty()).then(|| rfc3339(until));
        for (camera, day) in &days {
            // Recent days are measured at once; the background measuring covers older ones.
            let depth = if Scanner::is_recent(*day, now) { Depth::Measure } else { Depth::NamesOnly };
            if let Err(error) = self.scanner.scan_day(camera, *day, depth) {
                tracing::warn!("{}", error.chain()); // the next scan of the day updates the catalog
            }
        }
        let mut back = audit_entries::by_hand(AuditAction::Restored, Some(name), &done.items);
        for entry in &mut back {
            let until = done.kept_until.as_ref();
            entry.reason = until.map_or_else(String::new, |until| format!("kept until {until}")).into();
        }
        self.audit.note(now, back.into_iter().chain(entries));
        let events: u64 = done.items.iter().map(|item| item.count).sum();
        tracing::info!(pass = name, events, "restored");
        Ok(done)
    }

    /// Records a pass that could not be restored at all.
    fn restore_failed(&self, name: &str, error: &Error, now: Now) {
        self.refusals.count_error(error);
        let entry = match error {
            Error::Unknown { .. } => return, // a typo concerns no recording
            Error::Refused { guard, message } => {
                Entry { guard: Some((*guard).into()), ..Entry::new(AuditAction::Refused, message.clone()) }
            }
            other => Entry::new(AuditAction::Failed, format!("restore: {}", other.chain())),
        };
        self.audit.note(now, [Entry { pass: Some(name.to_owned()), by: Actor::Hand, ..entry }]);
    }

    /// Retires these events at a user's request. All or none: refuses if one is saved, open or missing.
    pub(crate) fn delete(&self, ids: &[EventId]) -> Result<Pass> {
        let _queue = self.tree.lock_queue();
        let now = self.scanner.clock.now();
        let items: Vec<Item> = ids.iter().map(|id| self.to_delete(id, now)).collect::<Result<_>>()?;
        let until = self.clock.undo_from(now.utc) + TimeDelta::hours(DELETION_RESTORE_HOURS).max(self.undo_window);
        let mut pass = Pass::begun(now);
        let retiring = self.tree.begin_pass(items.clone(), Actor::Hand, Some(until), now).inspect_err(|error| {
            self.refusals.count_error(error);
            let of = |id| match error {
                Error::Refused { guard, message } => {
                    Entry { guard: Some((*guard).into()), ..audit_entries::about(AuditAction::Refused, id, message) }
                }
                other => audit_entries::failed(id, "delete", other),
            };
            self.audit.note(now, ids.iter().map(of));
        })?;
        let planned: Vec<_> = items.into_iter().map(|item| (item.clone(), item.names().to_vec())).collect();
        let left = self.carry_out(retiring, &planned, Actor::Hand, &mut pass);
        self.count_from_now();
        if pass.items.is_empty() && pass.failures.is_empty() {
            let name = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(Error::Unknown { what: "event", name }); // gone at the last moment
        }
        let undo_until = pass.undo_until.clone();
        let deleted = audit_entries::by_hand(AuditAction::Deleted, pass.pass.as_deref(), &pass.items).into_iter();
        self.audit.note(now, deleted.map(|entry| Entry { undo_until: undo_until.clone(), ..entry }).chain(left));
        Ok(pass)
    }

    /// What is to be retired for one event that a user named. Records why that is not possible.
    fn to_delete(&self, id: &EventId, now: Now) -> Result<Item> {
        let failed = |error: &Error| {
            if !is_unknown(error) {
                self.audit.note(now, [audit_entries::failed(id, "delete", error)]);
            }
        };
        let state = self.scanner.scan_event(id, Occasion::Found).inspect_err(failed)?;
        let state = state.ok_or_else(|| Error::Unknown { what: "event", name: id.to_string() })?;
        if state == State::Open {
            let message = format!("{id} is still being written; it can be deleted when it is complete");
            return Err(self.refuse(id, Guard::Open, message, now));
        }
        if self.tree.is_saved(id).inspect_err(failed)? {
            let message = format!("{id} is saved; unsave it first");
            return Err(self.refuse(id, Guard::Saved, message, now));
        }
        let day = self.tree.camera(&id.camera).and_then(|camera| camera.day(id.day));
        let weight = day.and_then(|day| day.weigh(id.name)).inspect_err(failed)?;
        Ok(Item {
            camera: id.camera.clone(),
            day: id.day,
            events: EventSelection::Some(vec![id.name]),
            count: 1,
            bytes: Some(weight.bytes),
            frees: Some(weight.frees),
            reason: Reason::Deleted,
        })
    }

    /// Records a refused deletion.
    fn refuse(&self, id: &EventId, guard: Guard, message: String, now: Now) -> Error {
        self.refusals.count(guard);
        let entry = Entry { guard: Some(guard.into()), ..audit_entries::about(AuditAction::Refused, id, &message) };
        self.audit.note(now, [entry]);
        Error::Refused { guard, message }
    }

    /// Saves an event: no rule takes it.
    pub(crate) fn save(&self, id: &EventId) -> Result<()> {
        self.mark(id, AuditAction::Saved, self.with_room(|| self.tree.save(id)))
    }

    /// Removes an event's protection.
    pub(crate) fn unsave(&self, id: &EventId) -> Result<()> {
        self.mark(id, AuditAction::Unsaved, self.tree.unsave(id))
    }

    /// Records the result of saving or unsaving an event.
    fn mark(&self, id: &EventId, what: AuditAction, marked: Result<()>) -> Result<()> {
        let now = self.scanner.clock.now();
        if let Err(error) = marked {
            if !is_unknown(&error) {
                let asked = if what == AuditAction::Saved { "save" } else { "unsave" };
                self.audit.note(now, [audit_entries::failed(id, asked, &error)]);
            }
            return Err(error);
        }
        self.audit.note(now, [audit_entries::about(what, id, &format!("{} by hand", what.as_str()))]);
        self.scanner.scan_event(id, Occasion::Found).map(|_| ())
    }
}

/// A report in one line.
fn line_of(report: &Report) -> String {
    format!("{}: {}", report.path.display(), report.problem)
}

impl Pass {
    /// A pass that begins now.
    pub(super) fn begun(now: Now) -> Self {
        Self { started: rfc3339(now.utc), ..Self::default() }
    }
}

/// Whether the requested thing does not exist: such a request concerns no recording and is not recorded.
fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::Unknown { .. }) || error.is_not_found()
}
