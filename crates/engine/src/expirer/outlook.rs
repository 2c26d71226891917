//! What keeps an event beside its rules, for those who look at it. Passes ask for themselves, right before they retire something.

use super::Expirer;
use crate::clock::Now;
use crate::event::{Camera, Day, EventId};

impl Expirer {
    /// The first day on which rules may take a restored day again; `None` if nothing keeps it, or if that cannot be read.
    pub(crate) fn restored_until(&self, camera: &Camera, day: Day, now: Now) -> Option<Day> {
        let kept = self.restored.at(now).ok()?;
        let until =
            kept.iter().filter(|kept| kept.camera == *camera && kept.day == day).map(|kept| kept.until).max()?;
        let local = now.local.checked_add_signed(until - now.utc)?;
        Day::try_from(local.date()).ok()
    }

    /// Whether a store is to have a copy of an event, and has none that is proved.
    pub(crate) fn lacks_copy(&self, id: &EventId) -> bool {
        let Some(proofs) = self.copies.get() else { return false };
        proofs.lacking(&id.camera, id.day, &[id.name]).is_ok_and(|lacking| lacking.contains_key(&id.name))
    }
}
