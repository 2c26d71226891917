//! How many events of each day a user has reviewed, as far as it was counted: a list of days may have thousands, and seldom changes. A count
//! is forgotten before the catalog shows a change of the day, so none is older than what else is read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{OfDay, Reviewer};
use crate::event::{Camera, Change, Day};
use crate::service::located::UsableStores;

/// Whose events are counted: those of the archive and of these stores, in this generation of their lists.
pub(super) type Basis = (UsableStores, u64);

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    users: BTreeMap<Reviewer, OfUser>,
    /// The days that the catalog is changing; of all days of a camera, the camera alone. Their counts are not kept.
    changing: BTreeSet<(Camera, Option<Day>)>,
    /// Grows with everything that is forgotten.
    forgotten: u64,
}

#[derive(Debug, Default)]
struct OfUser {
    basis: Basis,
    days: HashMap<OfDay, u64>,
}

impl State {
    fn is_changing(&self, (camera, day): &OfDay) -> bool {
        !self.changing.is_empty()
            && [None, Some(*day)].into_iter().any(|day| self.changing.contains(&(camera.clone(), day)))
    }
}

impl Counts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The known counts, and a number for [`Counts::keep`].
    pub(super) fn known(&self, reviewer: &Reviewer, basis: &Basis) -> (HashMap<OfDay, u64>, u64) {
        let state = self.state();
        let known = state.users.get(reviewer).filter(|user| user.basis == *basis);
        (known.map(|user| user.days.clone()).unwrap_or_default(), state.forgotten)
    }

    /// Keeps counts that were made since then, unless something was forgotten in the meantime.
    pub(super) fn keep(&self, reviewer: &Reviewer, basis: &Basis, since: u64, counts: Vec<(OfDay, u64)>) {
        let mut state = self.state();
        if state.forgotten != since {
            return;
        }
        let counts: Vec<_> = counts.into_iter().filter(|(day, _)| !state.is_changing(day)).collect();
        let user = state.users.entry(reviewer.clone()).or_default();
        if user.basis != *basis {
            *user = OfUser { basis: basis.clone(), days: HashMap::new() };
        }
        user.days.extend(counts);
    }

    /// Forgets what a user has in these days.
    pub(super) fn forget(&self, reviewer: &Reviewer, days: &BTreeSet<OfDay>) {
        let mut state = self.state();
        state.forgotten += 1;
        if let Some(user) = state.users.get_mut(reviewer) {
            user.days.retain(|day, _| !days.contains(day));
        }
    }

    /// The catalog is about to show these changes: what they concern is counted anew until [`Counts::changed`], and after it.
    pub(crate) fn change(&self, changes: &[Change]) {
        let mut state = self.state();
        state.forgotten += 1;
        state.changing = changes.iter().filter_map(concerned).collect();
        let mut users = std::mem::take(&mut state.users);
        for user in users.values_mut() {
            user.days.retain(|day, _| !state.is_changing(day));
        }
        state.users = users;
    }

    /// The catalog shows the changes, or will not.
    pub(crate) fn changed(&self) {
        let mut state = self.state();
        state.changing.clear();
        state.forgotten += 1;
    }
}

/// The days that a change may add events to, or take them from.
fn concerned(change: &Change) -> Option<(Camera, Option<Day>)> {
    match change {
        Change::Camera(_) | Change::Loose(..) => None,
        Change::CameraGone(camera) => Some((camera.clone(), None)),
        Change::Day(scan) => Some((scan.camera.clone(), Some(scan.day))),
        Change::DayGone(camera, day) => Some((camera.clone(), Some(*day))),
        Change::Event(id, _) | Change::Gone(id) => Some((id.camera.clone(), Some(id.day))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(camera: &str, day: &str) -> OfDay {
        (camera.parse().unwrap(), day.parse().unwrap())
    }

    #[test]
    fn counts_are_forgotten_before_catalog_changes() {
        let (counts, user, basis) = (Counts::default(), Reviewer::Anonymous, Basis::default());
        let (one, two) = (day("Camera1", "2026-11-20"), day("Camera2", "2026-11-20"));
        let keep = |since| counts.keep(&user, &basis, since, vec![(one.clone(), 1), (two.clone(), 2)]);
        let known = || counts.known(&user, &basis).0;
        keep(counts.known(&user, &basis).1);
        assert_eq!(known().len(), 2);
        counts.change(&[Change::DayGone(one.0.clone(), one.1)]);
        assert_eq!(known(), [(two.clone(), 2)].into());
        let during = counts.known(&user, &basis).1;
        keep(during);
        assert_eq!(known(), [(two.clone(), 2)].into(), "it may be of before the change");
        counts.changed();
        keep(during);
        assert_eq!(known(), [(two.clone(), 2)].into(), "this too");
        keep(counts.known(&user, &basis).1);
        assert_eq!(known().len(), 2);
        counts.change(&[Change::CameraGone(two.0.clone())]);
        counts.changed();
        assert_eq!(known(), [(one.clone(), 1)].into());
        counts.forget(&user, &[one.clone()].into());
        assert!(known().is_empty());
    }

    #[test]
    fn counts_are_of_a_user_and_of_stores() {
        let (counts, basis) = (Counts::default(), Basis::default());
        let one = day("Camera1", "2026-11-20");
        counts.keep(&Reviewer::Anonymous, &basis, 0, vec![(one.clone(), 1)]);
        assert!(counts.known(&Reviewer::User("anna".into()), &basis).0.is_empty());
        let others = (UsableStores::new(["garage".into()]), 1);
        assert!(counts.known(&Reviewer::Anonymous, &others).0.is_empty());
        counts.keep(&Reviewer::Anonymous, &others, 0, vec![]);
        assert!(counts.known(&Reviewer::Anonymous, &basis).0.is_empty(), "each user has one basis");
    }
}
