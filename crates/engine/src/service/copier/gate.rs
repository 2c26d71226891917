//! What the stores of an archive prove to the expirer: which events have no copy yet, and whether a copy is of what lies on the disk. It
//! reads the proofs in the state directory, and sends no request.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use owlery_store::{DayProofs, FileKind, Proofs, StoreName, StoreOptions};

use super::super::event_source::EventSource;
use super::figures::AllFigures;
use crate::archive::Tree;
use crate::copy_proofs::CopyProofs;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId, EventName};
use crate::retention::WhenFull;

/// The stores without whose copies no rule retires an event.
#[derive(Debug)]
pub(in crate::service) struct StoreProofs {
    stores: Vec<StoreProof>,
    /// The figures of the running copiers, which learn here of outdated copies.
    figures: Arc<AllFigures>,
    /// The proofs of the day that was asked for last, by each store: a pass asks for the day, then for each of its events.
    last: Mutex<Option<LastDay>>,
}

/// A day, and its proofs by each store.
type LastDay = (Camera, Day, Arc<Vec<DayProofs>>);

/// One of them.
#[derive(Debug)]
struct StoreProof {
    name: StoreName,
    when_full: WhenFull,
    kinds: BTreeSet<FileKind>,
    proofs: Proofs,
    /// The copies that were not of what lay on the disk when an event was to be retired, by what they were made of: until there is
    /// another copy, the event lacks one.
    outdated: Mutex<BTreeMap<EventId, BTreeMap<String, String>>>,
}

impl StoreProof {
    fn outdated(&self) -> MutexGuard<'_, BTreeMap<EventId, BTreeMap<String, String>>> {
        self.outdated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a copy that is not known to be outdated.
    fn has(&self, proofs: &DayProofs, id: &EventId) -> bool {
        let Some(copy) = proofs.copy_of(id.name) else { return false };
        self.outdated().get(id) != Some(copy)
    }
}

impl StoreProofs {
    /// The proofs of the active stores whose rule holds events; `None` if there is no such store.
    pub(in crate::service) fn of(
        stores: &[StoreOptions],
        state_dir: &Path,
        archive: Option<&str>,
        figures: &Arc<AllFigures>,
    ) -> Result<Option<Self>> {
        let mut proofs = Vec::new();
        for store in stores.iter().filter(|store| store.active && store.copy.holds_events()) {
            let host = store.host_name().map_err(|error| Error::Config(error.to_string()))?;
            proofs.push(StoreProof {
                name: store.name.clone(),
                when_full: store.when_full,
                kinds: store.kinds(),
                // An archive without an id has no copies, and retires nothing.
                proofs: Proofs::new(state_dir, &store.url, &host, archive.unwrap_or_default()),
                outdated: Mutex::default(),
            });
        }
        let figures = Arc::clone(figures);
        Ok((!proofs.is_empty()).then_some(Self { stores: proofs, figures, last: Mutex::default() }))
    }
}

impl StoreProofs {
    /// Reads the proofs of a day.
    fn read(&self, camera: &Camera, day: Day) -> Arc<Vec<DayProofs>> {
        let of_day: Arc<Vec<DayProofs>> =
            Arc::new(self.stores.iter().map(|store| store.proofs.of_day(camera, day)).collect());
        *self.last() = Some((camera.clone(), day, Arc::clone(&of_day)));
        of_day
    }

    fn last(&self) -> MutexGuard<'_, Option<LastDay>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CopyProofs for StoreProofs {
    fn lacking(&self, camera: &Camera, day: Day, names: &[EventName]) -> Result<BTreeMap<EventName, WhenFull>> {
        let mut lacking = BTreeMap::new();
        for (store, proofs) in self.stores.iter().zip(&*self.read(camera, day)) {
            // Before the first comparison with the store, a proof may be of a copy that was removed since.
            let figures = self.figures.of(&store.name);
            let is_compared = figures.as_ref().is_none_or(|figures| figures.is_compared());
            // Until the store was asked at all, nothing is given up for want of a copy that it may well have.
            let is_asked = is_compared || figures.is_some_and(|figures| figures.has_trouble());
            let of_store = if is_asked { store.when_full } else { WhenFull::Keep };
            let id = |name: EventName| EventId { camera: camera.clone(), day, name };
            for name in names.iter().filter(|name| !is_compared || !store.has(proofs, &id(**name))) {
                let when_full = lacking.entry(*name).or_insert(of_store);
                if of_store == WhenFull::Keep {
                    *when_full = WhenFull::Keep;
                }
            }
        }
        Ok(lacking)
    }

    fn is_proved(&self, tree: &Tree, id: &EventId) -> Result<bool> {
        let source = EventSource::from(tree.event_files(id)?);
        let known =
            self.last().as_ref().filter(|last| last.0 == id.camera && last.1 == id.day).map(|last| Arc::clone(&last.2));
        let of_day = known.unwrap_or_else(|| self.read(&id.camera, id.day));
        let mut is_proved = true;
        for (store, proofs) in self.stores.iter().zip(&*of_day) {
            let held = proofs.hold(id.name, &source, &store.kinds);
            if held.map_err(|error| Error::Store(error.to_string()))? {
                store.outdated().remove(id);
                continue;
            }
            if let Some(copy) = proofs.copy_of(id.name) {
                store.outdated().insert(id.clone(), copy.clone());
            }
            is_proved = false;
            if let Some(figures) = self.figures.of(&store.name) {
                figures.suspect([id.clone()]);
            }
        }
        Ok(is_proved)
    }

    fn names(&self) -> Vec<String> {
        self.stores.iter().map(|store| store.name.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use owlery_store::CopyRule;

    use super::*;

    /// A full disk right after a start: what the store has is not known yet, and nothing is given up for that.
    #[test]
    fn nothing_is_given_up_before_a_store_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = StoreOptions::new("nas".parse().unwrap(), "file:///nowhere".parse().unwrap());
        (store.copy, store.when_full) = (CopyRule::Complete, WhenFull::Expire);
        let all: Arc<AllFigures> = Arc::default();
        let proofs = StoreProofs::of(std::slice::from_ref(&store), dir.path(), Some("id"), &all).unwrap().unwrap();
        let id: EventId = "Camera1/2026-11-20/10-04-36".parse().unwrap();
        let lacking = || proofs.lacking(&id.camera, id.day, &[id.name]).unwrap().remove(&id.name);
        assert_eq!(lacking(), Some(WhenFull::Expire), "of a command, which asks before it retires");
        let figures = all.add(&store);
        assert_eq!(lacking(), Some(WhenFull::Keep));
        figures.set_trouble(chrono::DateTime::UNIX_EPOCH, "away".to_owned());
        assert_eq!(lacking(), Some(WhenFull::Expire));
        figures.clear_trouble();
        figures.set_compared(true);
        assert_eq!(lacking(), Some(WhenFull::Expire), "it is known that there is none");
    }
}
