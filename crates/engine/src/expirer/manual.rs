//! The requests of users: restore a pass, delete an event, save one. Each sends its changes to the catalog.

use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::Serialize;

use super::restored::RestoredDay;
use super::{Expirer, Pass, audit_entries};
use crate::archive::{Depth, QueuedPass, Report, Unsynced};
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

/// How many saved events are synced together; as many directories are open meanwhile.
const SYNCED_AT_A_TIME: usize = 64;

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
        let inspect = |id| {
            self.to_delete(id).map_err(|Refused { error, entry }| {
                self.audit.note(now, entry.map(|entry| *entry));
                error
            })
        };
        let items: Vec<Item> = ids.iter().map(inspect).collect::<Result<_>>()?;
        let mut pass = Pass::begun(now);
        let entries = self.retire_by_hand(items, now, &mut pass)?;
        if pass.items.is_empty() && pass.failures.is_empty() {
            let name = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(Error::Unknown { what: "event", name }); // gone at the last moment
        }
        self.audit.note(now, entries);
        Ok(pass)
    }

    /// Retires those of these events that may go, in one pass. Returns the others, and why each stays; the failures of the pass say more of
    /// those that should have gone.
    pub(crate) fn delete_each(&self, ids: &BTreeSet<EventId>) -> Result<(Pass, Vec<(EventId, Error)>)> {
        let _queue = self.tree.lock_queue();
        let now = self.scanner.clock.now();
        let (mut items, mut left, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids {
            match self.to_delete(id) {
                Ok(item) => items.push(item),
                Err(Refused { error, entry }) => {
                    entries.extend(entry.map(|entry| *entry));
                    left.push((id.clone(), error));
                }
            }
        }
        self.audit.note(now, entries);
        let mut pass = Pass::begun(now);
        let items = by_day(items);
        if !items.is_empty() {
            let entries = self.retire_by_hand(items.clone(), now, &mut pass)?;
            self.audit.note(now, entries);
        }
        let gone: BTreeSet<EventId> = pass.items.iter().flat_map(ids_of).collect();
        for id in items.iter().flat_map(ids_of).filter(|id| !gone.contains(id)) {
            let path = self.tree.event_path(&id);
            let error = match pass.failures.iter().find(|failure| failure.path == path) {
                Some(failure) => Error::io("retire", &path, std::io::Error::other(failure.problem.clone())),
                None if pass.failures.is_empty() => Error::Unknown { what: "event", name: id.to_string() },
                None => Error::io("retire", &path, std::io::Error::other("its day could not be retired")),
            };
            left.push((id, error));
        }
        left.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok((pass, left))
    }

    /// Carries out a user's deletion. Returns the audit entries for what was retired, and for what stays.
    fn retire_by_hand(&self, items: Vec<Item>, now: Now, pass: &mut Pass) -> Result<Vec<Entry>> {
        let until = self.clock.undo_from(now.utc) + TimeDelta::hours(DELETION_RESTORE_HOURS).max(self.undo_window);
        let retiring = self.tree.begin_pass(items.clone(), Actor::Hand, Some(until), now).inspect_err(|error| {
            self.refusals.count_error(error);
            let of = |id: EventId| match error {
                Error::Refused { guard, message } => {
                    Entry { guard: Some((*guard).into()), ..audit_entries::about(AuditAction::Refused, &id, message) }
                }
                other => audit_entries::failed(&id, "delete", other),
            };
            self.audit.note(now, items.iter().flat_map(ids_of).map(of));
        })?;
        let planned: Vec<_> = items.into_iter().map(|item| (item.clone(), item.names().to_vec())).collect();
        let left = self.carry_out(retiring, &planned, Actor::Hand, pass);
        self.count_from_now();
        let undo_until = pass.undo_until.clone();
        let deleted = audit_entries::by_hand(AuditAction::Deleted, pass.pass.as_deref(), &pass.items).into_iter();
        Ok(deleted.map(|entry| Entry { undo_until: undo_until.clone(), ..entry }).chain(left).collect())
    }

    /// What is to be retired for one event that a user named, or why that is not possible.
    fn to_delete(&self, id: &EventId) -> Result<Item, Refused> {
        let failed = |error: Error| {
            let entry = (!is_unknown(&error)).then(|| Box::new(audit_entries::failed(id, "delete", &error)));
            Refused { error, entry }
        };
        let state = self.scanner.scan_event(id, Occasion::Found).map_err(failed)?;
        let state = state.ok_or_else(|| failed(Error::Unknown { what: "event", name: id.to_string() }))?;
        if state == State::Open {
            let message = format!("{id} is still being written; it can be deleted when it is complete");
            return Err(self.refuse(id, Guard::Open, message));
        }
        if self.tree.is_saved(id).map_err(failed)? {
            let message = format!("{id} is saved; unsave it first");
            return Err(self.refuse(id, Guard::Saved, message));
        }
        let day = self.tree.camera(&id.camera).and_then(|camera| camera.day(id.day));
        let weight = day.and_then(|day| day.weigh(id.name)).map_err(failed)?;
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

    /// A refused deletion.
    fn refuse(&self, id: &EventId, guard: Guard, message: String) -> Refused {
        self.refusals.count(guard);
        let entry = Entry { guard: Some(guard.into()), ..audit_entries::about(AuditAction::Refused, id, &message) };
        Refused { error: Error::Refused { guard, message }, entry: Some(Box::new(entry)) }
    }

    /// Saves events, so that no rule takes them, or removes their protection. Returns the result of each.
    pub(crate) fn set_saved(&self, ids: &[EventId], is_saved: bool) -> Vec<Result<()>> {
        let change = |id: &EventId| {
            if is_saved { self.with_room(|| self.tree.save(id)) } else { self.tree.unsave(id) }
        };
        let mut results: Vec<Result<()>> = Vec::with_capacity(ids.len());
        for ids in ids.chunks(SYNCED_AT_A_TIME) {
            let changed: Vec<_> = ids.iter().map(change).collect();
            results.extend(changed.into_iter().map(|changed| changed.and_then(Unsynced::sync)));
        }
        let (what, asked) = if is_saved { (AuditAction::Saved, "save") } else { (AuditAction::Unsaved, "unsave") };
        let entry = |(id, result): (&EventId, &Result<()>)| match result {
            Ok(()) => Some(audit_entries::about(what, id, &format!("{} by hand", what.as_str()))),
            Err(error) => (!is_unknown(error)).then(|| audit_entries::failed(id, asked, error)),
        };
        self.audit.note(self.scanner.clock.now(), ids.iter().zip(&results).filter_map(entry));
        for (id, result) in ids.iter().zip(&mut results).filter(|(_, result)| result.is_ok()) {
            *result = self.scanner.scan_event(id, Occasion::Found).map(|_| ());
        }
        results
    }
}

/// Why an event cannot be deleted, and the audit entry about that, if there is to be one.
struct Refused {
    error: Error,
    entry: Option<Box<Entry>>,
}

/// The events that an item names.
fn ids_of(item: &Item) -> impl Iterator<Item = EventId> {
    item.names().iter().map(|name| EventId { camera: item.camera.clone(), day: item.day, name: *name })
}

/// One item for each camera's day: a day is read and updated once for each item.
fn by_day(items: Vec<Item>) -> Vec<Item> {
    let mut days: BTreeMap<(Day, Camera), Item> = BTreeMap::new();
    for item in items {
        match days.entry((item.day, item.camera.clone())) {
            Place::Vacant(place) => _ = place.insert(item),
            Place::Occupied(place) => {
                let known = place.into_mut();
                let names = [known.names(), item.names()].concat();
                known.events = EventSelection::Some(names);
                known.count += item.count;
                known.bytes = known.bytes.zip(item.bytes).map(|(one, other)| one.saturating_add(other));
                known.frees = known.frees.zip(item.frees).map(|(one, other)| one.saturating_add(other));
            }
        }
    }
    days.into_values().collect()
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
