//! When an event will expire, for those who look at it. `retention` computes it; nothing here decides.

use std::collections::{BTreeMap, BTreeSet};

use super::sums_and_disk;
use crate::error::Result;
use crate::event::{Camera, Day, Event, Located, Location};
use crate::retention::{CameraSums, Candidate, Disk, Expiry, Sight, expiry};
use crate::service::handle::Handle;

/// The totals and the disk that rules of size and space look at.
type Figures = (Vec<CameraSums>, Option<Disk>, BTreeMap<Camera, Option<u64>>);

impl Handle {
    /// When a rule takes an event, and which, as someone may know it who sees these cameras (`None`: all). `None` for an event of a store: no
    /// rule takes it. Reads the totals of days from the catalog if there is a rule of size or space.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn expiry(&self, event: &Located, cameras: Option<&BTreeSet<Camera>>) -> Result<Option<Expiry>> {
        let Located { event: Event { id, details }, location: Location::Local } = event else { return Ok(None) };
        let (policy, now) = (self.expirer.policy(), self.now());
        let (sums, disk, newer) =
            if policy.looks_at_space() && !details.saved { self.figures(id.day, cameras)? } else { Figures::default() };
        let candidate = Candidate {
            camera: id.camera.clone(),
            day: id.day,
            saved: details.saved,
            restored_until: self.expirer.restored_until(&id.camera, id.day, now),
            lacks_copy: !details.saved && self.expirer.lacks_copy(id),
            newer,
        };
        let sight = if cameras.is_none() { Sight::Whole } else { Sight::Limited };
        Ok(Some(expiry(&candidate, &sums, disk, (policy, sight), now)))
    }

    fn figures(&self, day: Day, cameras: Option<&BTreeSet<Camera>>) -> Result<Figures> {
        let (mut sums, mut disk) = sums_and_disk(&self.catalog, &self.tree, self.now())?;
        if let Some(cameras) = cameras {
            sums.retain(|sums| cameras.contains(&sums.camera));
            disk = None;
        }
        let mut newer: BTreeMap<Camera, Option<u64>> = BTreeMap::new();
        for summary in self.days(cameras, Some(day), None)? {
            let sum = newer.entry(summary.camera).or_insert(Some(0));
            *sum = sum.zip(summary.bytes).map(|(sum, bytes)| sum.saturating_add(bytes));
        }
        Ok((sums, disk, newer))
    }
}
