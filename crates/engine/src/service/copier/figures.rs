//! What a copier is doing, for HTTP, metrics and alerts, and what retention tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDateTime, Utc};
use owlery_store::{Copied, CopyRule, Outage, StoreName, StoreOptions};

use super::lacking::Lacking;
use crate::event::EventId;

/// What a copier does at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyActivity {
    /// The store lacks nothing that can be copied now.
    Idle,
    /// This event is being copied.
    Copying(EventId),
    /// It waits for its window.
    Window,
    /// The store cannot be used; it is tried again.
    Failing,
}

impl CopyActivity {
    /// The name in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Copying(_) => "copying",
            Self::Window => "window",
            Self::Failing => "failing",
        }
    }
}

/// What a copier is doing, and has done since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyState {
    /// The store.
    pub store: StoreName,
    /// Which events it copies.
    pub rule: CopyRule,
    /// What it does.
    pub activity: CopyActivity,
    /// The number of events that the store lacks; `None` until the catalog was compared with the proofs.
    pub waiting: Option<u64>,
    /// Their bytes, as far as they are measured; `None` until then.
    pub waiting_bytes: Option<u64>,
    /// The start of the oldest of them, in the camera's wall time.
    pub oldest: Option<NaiveDateTime>,
    /// Since when nothing can be copied, and why.
    pub trouble: Option<Outage>,
    /// The events that could not be copied and are tried again, and why: the first few.
    pub failed: Vec<(EventId, String)>,
    /// How many events were copied since the start.
    pub copied: u64,
    /// How many bytes were sent.
    pub sent_bytes: u64,
    /// How many attempts failed.
    pub failures: u64,
}

/// The state of one copier. Written by its thread, read by others; `suspects` is written by retention.
#[derive(Debug)]
pub(in crate::service) struct Figures {
    state: Mutex<CopyState>,
    /// Events whose copies are of something else than what lies on the disk.
    suspects: Mutex<BTreeSet<EventId>>,
    /// Whether the proofs were compared with the store's index in this run, and the place is this archive's. Until then nothing is
    /// known of what has become of the copies.
    is_compared: AtomicBool,
    /// Whether a probe found the trouble: then a probe may end it.
    is_of_probe: AtomicBool,
}

impl Figures {
    fn new(options: &StoreOptions) -> Self {
        let state = CopyState {
            store: options.name.clone(),
            rule: options.copy,
            activity: CopyActivity::Idle,
            waiting: None,
            waiting_bytes: None,
            oldest: None,
            trouble: None,
            failed: Vec::new(),
            copied: 0,
            sent_bytes: 0,
            failures: 0,
        };
        Self {
            state: Mutex::new(state),
            suspects: Mutex::default(),
            is_compared: AtomicBool::new(false),
            is_of_probe: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, CopyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, activity: CopyActivity) {
        self.lock().activity = activity;
    }

    pub(super) fn copied(&self, copied: Copied) {
        let mut state = self.lock();
        if let Copied::Sent { bytes, .. } = copied {
            state.copied += 1;
            state.sent_bytes = state.sent_bytes.saturating_add(bytes);
        }
    }

    pub(super) fn set_compared(&self, is_compared: bool) {
        self.is_compared.store(is_compared, Ordering::Release);
    }

    /// Whether the proofs say what the store has.
    pub(super) fn is_compared(&self) -> bool {
        self.is_compared.load(Ordering::Acquire)
    }

    /// A probe found that the store does not respond.
    pub(super) fn set_trouble_of_probe(&self, now: DateTime<Utc>, why: String) {
        if self.lock().trouble.is_none() {
            self.is_of_probe.store(true, Ordering::Release);
            self.set_trouble(now, why);
        }
    }

    /// A probe found that the store responds. What other requests found stays: a full store responds too.
    pub(super) fn clear_trouble_of_probe(&self) {
        if self.is_of_probe.load(Ordering::Acquire) {
            self.clear_trouble();
        }
    }

    /// The store cannot be used now; true if it could before.
    pub(super) fn set_trouble(&self, now: DateTime<Utc>, why: String) -> bool {
        let mut state = self.lock();
        let since = state.trouble.as_ref().map_or(now, |trouble| trouble.since);
        state.trouble.replace(Outage { since, why }).is_none()
    }

    /// Whether nothing can be copied now.
    pub(super) fn has_trouble(&self) -> bool {
        self.lock().trouble.is_some()
    }

    /// The store can be used.
    pub(super) fn clear_trouble(&self) {
        self.is_of_probe.store(false, Ordering::Release);
        self.lock().trouble = None;
    }

    /// Copying ended for the store's trouble.
    pub(super) fn failed(&self) {
        let mut state = self.lock();
        state.activity = CopyActivity::Failing;
        state.failures += 1;
    }

    /// An event could not be copied.
    pub(super) fn failed_event(&self) {
        self.lock().failures += 1;
    }

    /// Shows what the store lacks, once all days were compared.
    pub(super) fn count(&self, lacking: &Lacking) {
        let sums = lacking.is_complete().then(|| lacking.sums());
        let failed = lacking.failed();
        let mut state = self.lock();
        state.waiting = sums.map(|sums| sums.events);
        state.waiting_bytes = sums.map(|sums| sums.bytes);
        state.oldest = sums.and_then(|sums| sums.oldest);
        state.failed = failed;
    }

    /// Makes the copier compare these events with their copies.
    pub(in crate::service) fn suspect(&self, events: impl IntoIterator<Item = EventId>) {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
    }

    pub(super) fn take_suspects(&self) -> BTreeSet<EventId> {
        std::mem::take(&mut *self.suspects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The states of all copiers, by store. Written at the start.
#[derive(Debug, Default)]
pub(in crate::service) struct AllFigures(Mutex<BTreeMap<StoreName, Arc<Figures>>>);

impl AllFigures {
    pub(super) fn add(&self, options: &StoreOptions) -> Arc<Figures> {
        let figures = Arc::new(Figures::new(options));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(options.name.clone(), Arc::clone(&figures));
        figures
    }

    /// The state of each copier, by store.
    pub(in crate::service) fn states(&self) -> Vec<CopyState> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().map(|figures| figures.lock().clone()).collect()
    }

    /// The figures of a store's copier, if it has one.
    pub(in crate::service) fn of(&self, store: &StoreName) -> Option<Arc<Figures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(store).cloned()
    }
}

#[cfg(test)]
mod tests {
    use owlery_store::Proofs;

    use super::*;

    #[test]
    fn what_waits_is_unknown_at_first() {
        let state = tempfile::tempdir().unwrap();
        let options = StoreOptions::new("nas".parse().unwrap(), "file:///nowhere".parse().unwrap());
        let proofs = Proofs::new(state.path(), &options.url, &"host".parse().unwrap(), "archive");
        let mut lacking = Lacking::new(CopyRule::Complete, options.kinds(), proofs, false);
        let all = AllFigures::default();
        let figures = all.add(&options);
        let seen = || all.states().into_iter().map(|state| (state.waiting, state.waiting_bytes)).collect::<Vec<_>>();
        figures.count(&lacking);
        assert_eq!(seen(), [(None, None)]);
        lacking.read_all([]);
        figures.count(&lacking);
        assert_eq!(seen(), [(Some(0), Some(0))]);
    }
}
