//! Room for a pass on a full disk. The way into the delete queue needs a few blocks and inodes, and with none free nothing
//! could ever expire. So what is ours goes first: the reserve, then the catalog, which is derived. If there is nothing of ours,
//! an event that a rule has planned is removed where it lies, after the audit has it.

use super::Expirer;
use crate::archive::{DayDir, Retired, RetiringPass};
use crate::error::{Error, Result};
use crate::event::{By, Entry, EventId, EventName, Item, What, Which};

impl Expirer {
    /// Retires an item, and makes room where the disk has none for that. Called with the day's ticket.
    pub(super) fn retire_with_room(
        &self,
        retiring: &mut RetiringPass<'_>,
        item: &Item,
        names: &[EventName],
        by: By,
    ) -> Result<Retired> {
        let scanner = &self.scanner;
        let is_open = |day: &DayDir, name: EventName, newest: i64| scanner.is_being_written(day, name, newest, by);
        let mut removed = Vec::new();
        let mut candidates = names.iter().filter(|name| match &item.events {
            Which::All => true,
            Which::Some(planned) => planned.contains(name),
        });
        loop {
            match retiring.retire(item, names, &is_open) {
                Err(error) if error.is_no_room() => {
                    let has_room =
                        self.give_up_ours() || (by == By::Rule && self.remove_one(item, &mut candidates, &mut removed));
                    if !has_room {
                        return Err(no_room(error));
                    }
                }
                Ok(mut retired) => {
                    retired.events.extend(removed);
                    retired.events.sort_unstable();
                    return Ok(retired);
                }
                other => return other,
            }
        }
    }

    /// Gives up something of ours that takes room; false if nothing is left.
    fn give_up_ours(&self) -> bool {
        if self.reserve.give_up() {
            return true;
        }
        match self.catalog.leave_disk() {
            Ok(has_left) => {
                if has_left {
                    tracing::warn!("the disk is full: the catalog makes room for a pass and is built anew elsewhere");
                }
                has_left
            }
            Err(error) => {
                tracing::error!("{}", error.chain());
                false
            }
        }
    }

    /// Removes the next of the candidates that may go; false if there is none.
    fn remove_one<'a>(
        &self,
        item: &Item,
        candidates: &mut impl Iterator<Item = &'a EventName>,
        removed: &mut Vec<EventName>,
    ) -> bool {
        let open = self.scanner.found_open();
        let Ok(camera) = self.tree.camera(&item.camera) else { return false };
        for name in candidates {
            let id = EventId { camera: item.camera.clone(), day: item.day, name: *name };
            if open.contains(&id) || self.tree.is_saved(&id).unwrap_or(true) {
                continue;
            }
            let reason = format!("{}; removed at once, since the disk had no room for the delete queue", item.reason);
            let about =
                Item { events: Which::Some(vec![*name]), count: 1, bytes: None, frees: None, reason, ..item.clone() };
            let note = || {
                tracing::warn!("{id}: {}", about.reason);
                self.audit.note(self.scanner.clock.now(), [Entry::of(What::Item, &about)]);
            };
            let is_open =
                |day: &DayDir, name: EventName, newest: i64| self.scanner.is_being_written(day, name, newest, By::Rule);
            match self.tree.sacrifice(&camera, item.day, *name, &is_open, note) {
                Ok(true) => {
                    removed.push(*name);
                    return true;
                }
                Ok(false) => {}
                Err(error) => {
                    // What fails for one may have removed a part of it, and the next must not follow.
                    tracing::error!("{}", error.chain());
                    return false;
                }
            }
        }
        false
    }
}

/// The error with the cure.
fn no_room(error: Error) -> Error {
    match error {
        Error::Io { op, path, source } => {
            let text = format!("{source}; nothing can be retired until a file is removed by hand (64 kB are enough)");
            Error::Io { op, path, source: std::io::Error::new(source.kind(), text) }
        }
        other => other,
    }
}
