//! What a service has done since its start, as numbers for metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::counters::{HistogramSnapshot, Passes};
use super::handle::Handle;
use crate::archive::StuckPass;
use crate::event::Guard;

/// What a service has done since its start, and what waits. A snapshot.
#[derive(Debug, Clone)]
pub struct Activity {
    /// How long the last walk at a start took.
    pub preload: Option<Duration>,
    /// How long the last reconcile took.
    pub reconcile: Option<Duration>,
    /// The number of reconciles.
    pub reconciles: u64,
    /// How often everything was scanned because notifications were lost.
    pub rescans: u64,
    /// The directories that have changed and are not scanned yet.
    pub dirty_directories: u64,
    /// From the kernel's notification of a change until the change can be queried.
    pub visible_after_notification: HistogramSnapshot,
    /// From the change itself until it can be queried, for events that were added or removed.
    pub visible_after_change: HistogramSnapshot,
    /// When the rules were last applied, whether the pass retired something or was refused.
    pub checked: Option<DateTime<Utc>>,
    /// What passes by rules have retired.
    pub by_rules: Retired,
    /// What passes that users confirmed, and deletions, have retired.
    pub by_users: Retired,
    /// Every guard, and how often it has refused.
    pub refusals: Vec<(Guard, u64)>,
    /// The passes with entries that the reaper cannot remove.
    pub stuck: Vec<StuckPass>,
    /// What the reaper has removed.
    pub reaped: Reaped,
}

/// Totals of passes that retired something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retired {
    /// The number of passes.
    pub passes: u64,
    /// The number of events in them.
    pub events: u64,
    /// The bytes of these events, where measured.
    pub bytes: u64,
}

/// Totals of what the reaper has removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaped {
    /// The number of passes that are gone.
    pub passes: u64,
    /// The number of files and directories.
    pub entries: u64,
    /// The bytes of the files.
    pub bytes: u64,
}

impl Handle {
    /// What the service has done since its start. Does not read the disk.
    pub fn activity(&self) -> Activity {
        let counters = &self.counters;
        let checked = Some(counters.checked.load(Ordering::Relaxed)).filter(|checked| *checked != 0);
        Activity {
            preload: counters.preload.get(),
            reconcile: counters.verify.get(),
            reconciles: read(&counters.verifies),
            rescans: read(&counters.rescans),
            dirty_directories: self.backlog.waiting(),
            visible_after_notification: counters.noticed.read(),
            visible_after_change: counters.changed.read(),
            checked: checked.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            by_rules: retired(&counters.by_rule),
            by_users: retired(&counters.by_hand),
            refusals: self.expirer.refusals.all().collect(),
            stuck: self.tree.stuck(),
            reaped: Reaped {
                passes: read(&self.reaped.passes),
                entries: read(&self.reaped.entries),
                bytes: read(&self.reaped.bytes),
            },
        }
    }
}

fn read(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

fn retired(sums: &Passes) -> Retired {
    Retired { passes: read(&sums.count), events: read(&sums.events), bytes: read(&sums.bytes) }
}
