//! Totals of the delete queues.

use std::collections::BTreeMap;

use super::Expirer;
use crate::clock::Now;
use crate::error::Result;
use crate::event::{Camera, Day};

/// Totals of the delete queues, by the passes' manifests: what was planned, until the last of a pass is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueSums {
    /// The number of passes.
    pub passes: u64,
    /// The number of their events.
    pub events: u64,
    /// Their bytes, where known.
    pub bytes: u64,
}

impl Expirer {
    /// Reads each pass's manifest. Does not wait for a pass that is being made.
    pub(crate) fn queue_sums(&self) -> Result<QueueSums> {
        let (passes, _) = self.tree.passes()?;
        // A pass may be in several queues, each part with the same manifest.
        let passes: BTreeMap<_, _> = passes.iter().map(|pass| (&pass.manifest.pass, &pass.manifest.items)).collect();
        let items = || passes.values().copied().flatten();
        Ok(QueueSums {
            passes: passes.len() as u64,
            events: items().map(|item| item.count).sum(),
            bytes: items().filter_map(|item| item.bytes).fold(0, u64::saturating_add),
        })
    }

    /// The days that every rule keeps now because of a restore; none if that is unknown.
    pub(crate) fn restored_at(&self, now: Now) -> Vec<(Camera, Day)> {
        let days = self.restored.at(now).unwrap_or_default();
        days.into_iter().map(|day| (day.camera, day.day)).collect()
    }
}
