//! What a person asks for: take a pass back, delete an event, save one. Each tells the catalog what it did.

use chrono::TimeDelta;
use serde::Serialize;

use super::restored::RestoredDay;
use super::{Expirer, Pass, notes};
use crate::archive::{Depth, QueuedPass, Report, rfc3339};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{By, Camera, Day, Entry, EventId, Item, State, What, Which};
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
        let now = self.scanner.clock.now();
        let mut pass = self.counted(self.tree.begin_restore(name))?;
        let (days, others) = pass.days()?;
        let from = self.clock.undo_from(now.utc);
        let until = from + TimeDelta::days(KEPT_DAYS).max(self.undo_window);
        // Step 1: no pass from now on takes what comes back.
        let kept = |(camera, day): &(Camera, Day)| RestoredDay { camera: camera.clone(), day: *day, until };
        self.restored.add(&days.iter().map(kept).collect::<Vec<_>>(), self.clock.held().is_none().then_some(now))?;
        crash("restore-1");
        let mut done = Restoration { pass: name.to_owned(), left: others, ..Restoration::default() };
        for (camera, day) in &days {
            let _ticket = self.scanner.tickets.take(camera, *day);
            match pass.restore_day(camera, *day) {
                Ok(day_done) => {
                    done.left.extend(day_done.left);
                    if !day_done.events.is_empty() {
                        done.items.push(Item {
                            camera: camera.clone(),
                            day: *day,
                            count: day_done.events.len() as u64,
                            events: Which::Some(day_done.events),
                            bytes: None,
                            frees: None,
                            reason: "restored".to_owned(),
                        });
                    }
                }
                Err(error) => {
                    let path = self.tree.root().join(camera.as_str()).join(day.to_string());
                    done.left.push(Report::of(&error, &path));
                }
            }
        }
        let finished = pass.finish(from + TimeDelta::hours(SPARED_HOURS));
        self.waited.forget(name); // what is left of it is spared anew
        self.count_from_now();
        done.kept_until = (!done.items.is_empty()).then(|| rfc3339(until));
        for (camera, day) in &days {
            // What can still change is judged; of older days the sweep measures what came back.
            let depth = if Scanner::is_recent(*day, now) { Depth::Measure } else { Depth::Glance };
            if let Err(error) = self.scanner.scan_day(camera, *day, depth) {
                tracing::warn!("{}", error.chain()); // the next look at the day tells the catalog
            }
        }
        let mut told = notes::by_hand(What::Restored, Some(name), &done.items);
        for entry in &mut told {
            entry.reason = done.kept_until.as_ref().map_or_else(String::new, |until| format!("kept until {until}"));
        }
        self.audit.note(now, told);
        finished?; // what is back is back, and told, also where the rest of the pass could not be tidied up
        tracing::info!("pass {name}: restored {} days", done.items.len());
        Ok(done)
    }

    /// Retires these events because a person says so. All or none: one that is saved or open, or not there, refuses.
    pub fn delete(&self, ids: &[EventId]) -> Result<Pass> {
        let _queue = self.tree.lock_queue();
        let now = self.scanner.clock.now();
        let mut items: Vec<Item> = Vec::new();
        for id in ids {
            let state = self.scanner.scan_event(id, Occasion::Found)?;
            let state = state.ok_or_else(|| Error::Unknown { what: "event", name: id.to_string() })?;
            if state == State::Open {
                let message = format!("{id} is still being written; it can be deleted when it is complete");
                return Err(self.refuse(id, "open", message, now));
            }
            if self.tree.is_saved(id)? {
                let message = format!("{id} is saved; unsave it first");
                return Err(self.refuse(id, "saved", message, now));
            }
            let weight = self.tree.camera(&id.camera)?.day(id.day)?.weigh(id.name)?;
            items.push(Item {
                camera: id.camera.clone(),
                day: id.day,
                events: Which::Some(vec![id.name]),
                count: 1,
                bytes: Some(weight.bytes),
                frees: Some(weight.frees),
                reason: "deleted by hand".to_owned(),
            });
        }
        let until = self.clock.undo_from(now.utc) + TimeDelta::hours(BY_HAND_HOURS).max(self.undo_window);
        let mut pass = Pass::begun(now);
        let retiring = self.counted(self.tree.begin_pass(items.clone(), By::Hand, Some(until), now))?;
        let planned: Vec<_> = items.into_iter().map(|item| (item.clone(), item.names().to_vec())).collect();
        let left = self.carry_out(retiring, &planned, &mut pass)?;
        self.count_from_now();
        let undo_until = pass.undo_until.clone();
        let deleted = notes::by_hand(What::Deleted, pass.pass.as_deref(), &pass.items).into_iter();
        self.audit.note(now, deleted.map(|entry| Entry { undo_until: undo_until.clone(), ..entry }).chain(left));
        Ok(pass)
    }

    /// A deletion that is refused, noted.
    fn refuse(&self, id: &EventId, guard: &'static str, message: String, now: Now) -> Error {
        self.refusals.count(guard);
        let entry = Entry { guard: Some(guard.to_owned()), ..notes::about(What::Refused, id, &message) };
        self.audit.note(now, [entry]);
        Error::Refused { guard, message }
    }

    /// Saves an event: no rule takes it.
    pub fn save(&self, id: &EventId) -> Result<()> {
        self.tree.save(id)?;
        self.audit.note(self.scanner.clock.now(), [notes::about(What::Saved, id, "saved by hand")]);
        self.scanner.scan_event(id, Occasion::Found).map(|_| ())
    }

    /// Makes an event one like others.
    pub fn unsave(&self, id: &EventId) -> Result<()> {
        self.tree.unsave(id)?;
        self.audit.note(self.scanner.clock.now(), [notes::about(What::Unsaved, id, "unsaved by hand")]);
        self.scanner.scan_event(id, Occasion::Found).map(|_| ())
    }
}

impl Pass {
    /// One that begins now.
    pub(super) fn begun(now: Now) -> Self {
        Self { started: rfc3339(now.utc), ..Self::default() }
    }
}
