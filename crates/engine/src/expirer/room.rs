//! Makes room for a pass on a full disk. The way into the delete queue needs a few blocks and inodes, and without them
//! nothing could ever expire. So our own files go first: the reserve, then the catalog, which is derived. If nothing of
//! ours is left, the files of one planned event are removed in place, then the next one's, until the queue can be
//! created.

use std::sync::atomic::Ordering;

use super::{Expirer, Pass, audit_entries, is_same_disk};
use crate::archive::{DayDir, Depth, InPlace, Retired, RetiringPass, Stay, WhyStays};
use crate::error::{Error, Result, is_full};
use crate::event::{Actor, AuditAction, Entry, EventId, EventName, EventSelection, Interrupted, Item, Reason};

/// How many events are removed in place in one pass at most: if that made no room, more would not either.
const MAX_IN_PLACE: usize = 64;

impl Expirer {
    /// Retires an item, and makes room if the disk has none for that. Called with the day lock. Adds events removed in
    /// place to `pass`, also if this fails.
    pub(super) fn retire_with_room(
        &self,
        retiring: &mut RetiringPass<'_>,
        item: &Item,
        names: &[EventName],
        by: Actor,
        pass: &mut Pass,
    ) -> Result<Retired> {
        let scanner = &self.scanner;
        let copies = (by == Actor::Rule).then(|| self.copies_of(item, names));
        let why_stays = |day: &DayDir, name: EventName, newest: i64| {
            if scanner.is_being_written(day, name, newest, by)? {
                return Ok(Some(Stay::BeingWritten));
            }
            copies.as_ref().map_or(Ok(None), |copies| copies.why_stays(&self.tree, &day.id(name)))
        };
        let mut candidates = names.iter().copied();
        loop {
            match retiring.retire(item, names, &why_stays) {
                Err(error) if error.is_full() => {
                    let has_room = self.give_up_ours(&error)
                        || (by == Actor::Rule
                            && self.helps_in_place(&error, item, pass)
                            && self.remove_one(retiring, (item, names), &mut candidates, &why_stays, pass));
                    if !has_room {
                        return Err(with_cure(error));
                    }
                }
                other => return other,
            }
        }
    }

    /// Does something for a user that needs a little room, giving up our own space for it.
    pub(super) fn with_room<T>(&self, work: impl Fn() -> Result<T>) -> Result<T> {
        loop {
            match work() {
                Err(error) if error.is_full() => {
                    if !self.give_up_ours(&error) {
                        return Err(with_cure(error));
                    }
                }
                other => return other,
            }
        }
    }

    /// Gives up something of ours on the disk that had no room; false if nothing is left there.
    fn give_up_ours(&self, error: &Error) -> bool {
        let Error::Io { path, .. } = error else { return false };
        if self.reserve.give_up(path) {
            return true;
        }
        if !is_same_disk(&self.catalog.path(), path) {
            return false;
        }
        match self.catalog.leave_disk() {
            Ok(has_left) => {
                if has_left {
                    tracing::warn!("the disk is full: the catalog moves to a temporary folder to make room for a pass");
                }
                has_left
            }
            Err(error) => {
                tracing::error!("{}", error.chain());
                false
            }
        }
    }

    /// Whether removing something in place can make room: in a quota only our own user's files count.
    fn helps_in_place(&self, error: &Error, item: &Item, pass: &Pass) -> bool {
        let is_quota = matches!(error, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::QuotaExceeded);
        let is_own = || self.tree.camera(&item.camera).is_ok_and(|camera| camera.is_own());
        pass.removed.len() < MAX_IN_PLACE && (!is_quota || is_own())
    }

    /// Removes the next of the candidates that may be removed in place; false if there is none.
    fn remove_one(
        &self,
        retiring: &mut RetiringPass<'_>,
        (item, names): (&Item, &[EventName]),
        candidates: &mut impl Iterator<Item = EventName>,
        why_stays: &WhyStays<'_>,
        pass: &mut Pass,
    ) -> bool {
        for name in candidates {
            let id = EventId { camera: item.camera.clone(), day: item.day, name };
            let about = removed(&id, Reason::InPlace { rule: Some(Box::new(item.reason.clone())) });
            let note = || {
                tracing::warn!(camera = %id.camera, day = %id.day, event = %id.name, "{}", about.reason);
                self.audit.note(self.scanner.clock.now(), [Entry::of(AuditAction::Removed, &about)]);
            };
            self.has_in_place.store(true, Ordering::Release);
            match retiring.remove_in_place(item, names, name, why_stays, note) {
                Ok(true) => {
                    pass.removed.push(about);
                    self.end_removal(&id);
                    return true;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::error!("{}", error.chain());
                    return false;
                }
            }
        }
        false
    }

    /// Does what waited for room: marks the root, writes the audit log, finishes removals in place.
    pub(crate) fn settle(&self) {
        if let Err(error) = self.tree.settle_identity() {
            tracing::debug!("{}", error.chain()); // there is no room yet
        }
        self.audit.retry();
        let _queue = self.tree.lock_queue();
        self.settle_in_place();
    }

    /// Finishes removals in place: at the start, and until nothing is left. Undecided events are moved back, decided
    /// ones are removed, and their directories stay until the audit log has the entries.
    pub(super) fn settle_in_place(&self) {
        if !self.has_in_place.swap(false, Ordering::AcqRel) {
            return;
        }
        match self.tree.in_place() {
            Ok(found) => found.iter().for_each(|(id, stage)| self.settle_one(id, *stage)),
            Err(error) => {
                tracing::debug!("{}", error.chain()); // a missing root has none either
                self.has_in_place.store(true, Ordering::Release);
            }
        }
    }

    fn settle_one(&self, id: &EventId, stage: InPlace) {
        match stage {
            InPlace::Moved => self.put_back_one(id),
            InPlace::Removing => {
                if !self.audit.has(|entry| audit_entries::is_removal_of(entry, id)) {
                    let about = removed(id, Reason::InPlace { rule: None });
                    self.audit.note(self.scanner.clock.now(), [Entry::of(AuditAction::Removed, &about)]);
                }
                self.end_removal(id);
            }
        }
    }

    fn put_back_one(&self, id: &EventId) {
        let put_back = {
            let _lock = self.scanner.day_locks.take(&id.camera, id.day);
            self.tree.put_back_in_place(id)
        };
        if let Err(error) = put_back {
            tracing::error!("{}; the event lies beside its day, and the next pass tries again", error.chain());
            return self.is_in_place_stuck.store(true, Ordering::Release);
        }
        tracing::warn!(
            camera = %id.camera,
            day = %id.day,
            event = %id.name,
            "the removal of an event was interrupted before it was decided; the event is back in the archive"
        );
        if self.audit.has(|entry| audit_entries::is_removal_of(entry, id)) {
            let back = removed(id, Reason::PutBack { interrupted: Interrupted::Removal });
            self.audit.note(self.scanner.clock.now(), [Entry::of(AuditAction::Restored, &back)]);
        }
        if let Err(error) = self.scanner.scan_day(&id.camera, id.day, Depth::NamesOnly) {
            tracing::warn!("{}", error.chain()); // the next scan of the day updates the catalog
        }
    }

    /// Removes what is left of an event, and then its directory if the audit log has the entry. Until then, the
    /// directory is the record of the removal.
    fn end_removal(&self, id: &EventId) {
        let ended = self.tree.go_on_in_place(id).and_then(|()| {
            if self.audit.retry() == 0 {
                return self.tree.forget_in_place(id);
            }
            self.has_in_place.store(true, Ordering::Release);
            Ok(())
        });
        if let Err(error) = ended {
            tracing::error!("{}; the next pass tries again", error.chain());
            self.is_in_place_stuck.store(true, Ordering::Release);
        }
    }
}

/// One event, for the audit log.
fn removed(id: &EventId, reason: Reason) -> Item {
    Item {
        camera: id.camera.clone(),
        day: id.day,
        events: EventSelection::Some(vec![id.name]),
        count: 1,
        bytes: None,
        frees: None,
        reason,
    }
}

/// The error of a full disk with the remedy; others as they are.
pub(crate) fn with_cure(error: Error) -> Error {
    match error {
        Error::Io { op, path, source } if is_full(&source) => {
            let text = format!("{source}; make room by hand first: 64 kB and 10 files are enough");
            Error::Io { op, path, source: std::io::Error::new(source.kind(), text) }
        }
        other => other,
    }
}
