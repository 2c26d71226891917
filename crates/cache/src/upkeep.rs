//! Upkeep: prune, and the background thread, which loads the metadata and then writes uses and counters to the disk.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::entry::Record;
use crate::error::Result;
use crate::index::Touch;
use crate::name::{Hash, Kind};
use crate::options::Driver;
use crate::shared::{Evicted, Shared, lock};
use crate::sidecar;
use crate::stats::Totals;

const TOTALS: &str = "totals.json";
/// How often uses are written to the index.
const FLUSH_INTERVAL: Duration = Duration::from_secs(5);
/// How often they are written to the sidecars too, in flushes.
const FLUSHES_PER_SIDECARS: u32 = 12;
/// The most uses that are written in one transaction.
const BATCH: usize = 1_024;
/// The time for writing sidecars when the cache is closed. The index has all uses by then.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// What [`Cache::prune`](crate::Cache::prune) removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct Pruned {
    /// The number of entries.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Shared {
    /// Removes the least recently used entries down to `cap` bytes. Waits until the metadata are loaded.
    pub(crate) fn prune(&self, cap: u64) -> Pruned {
        let _upkeep = lock(&self.upkeep);
        drop(self.wait_loaded());
        let mut pruned = Pruned::default();
        loop {
            let mut evicted = Evicted::default();
            let is_done = self.evict(&mut lock(&self.table), cap, &mut evicted);
            pruned.files += evicted.files;
            pruned.bytes += evicted.bytes;
            if is_done {
                return pruned;
            }
        }
    }

    /// Writes the uses since the last time to the index, and returns the entries whose sidecars have an older one.
    fn flush(&self) -> Vec<Arc<Record>> {
        let mut touched = std::mem::take(&mut *lock(&self.touched));
        touched.retain(|record| !record.is_removed());
        for record in &touched {
            record.clear_touch();
        }
        // Of an entry that is filled part by part, the time of its list of parts is that of its last use.
        touched.retain(|record| record.parts.is_none());
        let uses = touched.iter().map(|record| Touch { key: &record.key, used: record.used().0, hits: record.hits() });
        let uses: Vec<Touch<'_>> = uses.collect();
        for uses in uses.chunks(BATCH) {
            self.with_index(|index| index.touch(uses));
        }
        touched
    }

    /// Writes the sidecar of an entry anew.
    fn rewrite_sidecar(&self, record: &Arc<Record>) -> Result<()> {
        let before = self.folder.read_small(record.stem, Kind::Sidecar, sidecar::MAX_BYTES).ok().flatten();
        let text = record.to_sidecar().to_json(before.as_deref());
        let temporary = self.folder.write_temporary(record.stem, &text, false)?;
        let table = lock(&self.table);
        if table.holds(record) { self.folder.publish(temporary, record.stem, Kind::Sidecar) } else { Ok(()) }
    }

    /// Writes sidecars anew until `until`; the others keep an older time of use, and the index has the newer one.
    fn rewrite_sidecars(&self, records: impl IntoIterator<Item = Arc<Record>>, until: Option<Instant>) {
        for record in records {
            if until.is_some_and(|until| Instant::now() >= until) {
                return;
            }
            if let Err(error) = self.rewrite_sidecar(&record) {
                tracing::warn!("{error}; the last uses of entries may be forgotten");
                return;
            }
        }
    }

    fn write_totals(&self, written: &mut Totals) {
        let totals = self.counters.totals();
        if totals == *written {
            return;
        }
        let text = serde_json::to_vec(&totals).unwrap_or_default(); // numbers are JSON
        match self.folder.write_whole(TOTALS, &text) {
            Ok(()) => *written = totals,
            Err(error) => tracing::debug!("{error}"),
        }
    }
}

/// The counters as they were written last. Damaged ones begin anew.
pub(crate) fn read_totals(folder: &crate::folder::Folder) -> Totals {
    let read = folder.read_own(TOTALS).ok().flatten();
    read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The background thread: loads the metadata, then writes uses and counters until the other end of `stop` is dropped.
pub(crate) fn run(shared: &Shared, stop: &Receiver<()>) {
    let mut written = read_totals(&shared.folder);
    shared.load();
    let mut outdated: HashMap<Hash, Arc<Record>> = HashMap::new();
    let per_sidecars = if matches!(shared.options.driver, Driver::Sidecars) { 1 } else { FLUSHES_PER_SIDECARS };
    for round in 1_u32.. {
        let is_stopped = matches!(stop.recv_timeout(FLUSH_INTERVAL), Err(RecvTimeoutError::Disconnected));
        outdated.extend(shared.flush().into_iter().map(|record| (record.stem, record)));
        shared.write_totals(&mut written);
        if is_stopped {
            let until = Instant::now() + CLOSE_LIMIT;
            shared.rewrite_sidecars(outdated.into_values(), Some(until));
            return;
        }
        if round.is_multiple_of(per_sidecars) {
            shared.rewrite_sidecars(outdated.drain().map(|(_, record)| record), None);
        }
    }
}
