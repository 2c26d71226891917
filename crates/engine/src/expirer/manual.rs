//! What a person asks for: take a pass back, delete an event, save one. Each tells the catalog what it did.

use chrono::TimeDelta;
use serde::Serialize;

use super::restored::RestoredDay;
use super::{Expirer, Pass, audit_entries};
use crate::archive::{Depth, QueuedPass, Report, rfc3339};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Actor, AuditAction, Camera, Day, Entry, EventId, EventSelection, Guard, Item, Reason, State};
use crate::fault::crash;
use crate::scan::{Occasion, Scanner};

/// What was restored is kept by every rule for so many days, or for the undo window if that is longer.
const KEPT_DAYS: i64 = 7;
/// A pass of which something could not be restored is not reaped for so many hours.
const SPARED_HOURS: i64 = 24;
/// What a person has deleted can be taken back for so many hours.
const BY_HAND_HOURS: i64 = 24;

/// What taking a pass back did, as users see it.
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
    /// Every pass that waits in the queues, and what lies there and is not ours.
    pub fn queue(&self) -> Result<(Vec<QueuedPass>, Vec<Report>)> {
        let _queue = self.tree.lock_queue();
        self.tree.passes()
    }

    /// Takes a pass back. It never overwrites: what has no place any more stays in the queue and is named.
    pub fn restore(&self, name: &str) -> Result<Restoration> {
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
        let mut told = Vec::new();
        for (camera, day) in &days {
            let _lock = self.scanner.day_locks.take(camera, *day);
            let restored = pass.restore_day(camera, *day);
            let of = |report: &Report| Entry {
                pass: Some(name.to_owned()),
                ..audit_entries::left_of_day(camera, *day, report)
            };
            told.extend(restored.left.iter().map(of));
            done.left.extend(restored.left);
            done.items.extend(Item::restored(camera, *day, restored.events, Reason::Restored));
        }
        let finished = pass.finish(from + TimeDelta::hours(SPARED_HOURS), None);
        for failure in &finished.failures {
            told.push(Entry {
                pass: Some(name.to_owned()),
                by: Actor::Hand,
                ..Entry::new(AuditAction::Failed, told_of(failure))
            });
        }
        done.left.extend(finished.failures); // what is back is back, and told, also where the rest could not be tidied up
        self.waited.forget(name); // what is left of it is spared anew
        self.count_from_now();
        done.kept_until = (!done.items.is_empty()).then(|| rfc3339(until));
        for (camera, day) in &days {
            // What can still change is judged; of older days the sweep measures what came back.
            let depth = if Scanner::is_recent(*day, now) { Depth::Measure } else { Depth::NamesOnly };
            if let Err(error) = self.scanner.scan_day(camera, *day, depth) {
                tracing::warn!("{}", error.chain()); // the next look at the day tells the catalog
            }
        }
        let mut back = audit_entries::by_hand(AuditAction::Restored, Some(name), &done.items);
        for entry in &mut back {
            let until = done.kept_until.as_ref();
            entry.reason = until.map_or_else(String::new, |until| format!("kept until {until}")).into();
        }
        self.audit.note(now, back.into_iter().chain(told));
        tracing::info!(pass = name, "restored {} days", done.items.len());
        Ok(done)
    }

    /// A pass that could not be taken back at all, noted.
    fn restore_failed(&self, name: &str, error: &Error, now: Now) {
        self.refusals.count_error(error);
        let entry = match error {
            Error::Unknown { .. } => return, // a typo tells nothing of any recording
            Error::Refused { guard, message } => {
                Entry { guard: Some((*guard).into()), ..Entry::new(AuditAction::Refused, message.clone()) }
            }
            other => Entry::new(AuditAction::Failed, format!("restore: {}", other.chain())),
        };
        self.audit.note(now, [Entry { pass: Some(name.to_owned()), by: Actor::Hand, ..entry }]);
    }

    /// Retires these events because a person says so. All or none: one that is saved or open, or not there, refuses.
    pub fn delete(&self, ids: &[EventId]) -> Result<Pass> {
        let _queue = self.tree.lock_queue();
        let now = self.scanner.clock.now();
        let items: Vec<Item> = ids.iter().map(|id| self.to_delete(id, now)).collect::<Result<_>>()?;
        let until = self.clock.undo_from(now.utc) + TimeDelta::hours(BY_HAND_HOURS).max(self.undo_window);
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
            return Err(Error::Unknown { what: "event", name }); // gone in the last moment
        }
        let undo_until = pass.undo_until.clone();
        let deleted = audit_entries::by_hand(AuditAction::Deleted, pass.pass.as_deref(), &pass.items).into_iter();
        self.audit.note(now, deleted.map(|entry| Entry { undo_until: undo_until.clone(), ..entry }).chain(left));
        Ok(pass)
    }

    /// What is to be retired for one event that a person names. Why that is not possible is noted.
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

    /// A deletion that is refused, noted.
    fn refuse(&self, id: &EventId, guard: Guard, message: String, now: Now) -> Error {
        self.refusals.count(guard);
        let entry = Entry { guard: Some(guard.into()), ..audit_entries::about(AuditAction::Refused, id, &message) };
        self.audit.note(now, [entry]);
        Error::Refused { guard, message }
    }

    /// Saves an event: no rule takes it.
    pub fn save(&self, id: &EventId) -> Result<()> {
        self.mark(id, AuditAction::Saved, self.with_room(|| self.tree.save(id)))
    }

    /// Makes an event one like others.
    pub fn unsave(&self, id: &EventId) -> Result<()> {
        self.mark(id, AuditAction::Unsaved, self.tree.unsave(id))
    }

    /// Notes what became of saving or unsaving an event.
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
fn told_of(report: &Report) -> String {
    format!("{}: {}", report.path.display(), report.problem)
}

impl Pass {
    /// One that begins now.
    pub(super) fn begun(now: Now) -> Self {
        Self { started: rfc3339(now.utc), ..Self::default() }
    }
}

/// Whether what was asked for does not exist: such a request concerns no recording and is not noted.
fn is_unknown(error: &Error) -> bool {
    matches!(error, Error::Unknown { .. }) || error.is_not_found()
}
