//! Which passes of the delete queue may be reaped now.

use std::collections::BTreeSet;

use chrono::DateTime;

use super::Expirer;
use crate::archive::{Manifest, QueuedPass, Stage};
use crate::error::Result;

/// For how many seconds a restorable pass waits at least, whatever the wall clock does, or for its undo window if that
/// is shorter. A longer window is not waited for completely: a host that is off at night would take months for it.
const MIN_WAIT: i64 = 24 * 3600;

impl Expirer {
    /// All passes that may be reaped now: those of rules first, oldest first, then those of users.
    pub(crate) fn due(&self) -> Result<Vec<QueuedPass>> {
        self.reapable(false)
    }

    /// Like `reapable`, while space is short on the root's disk: includes passes there whose undo window is not over,
    /// unless the clock is held.
    pub(crate) fn due_for_space(&self) -> Result<Vec<QueuedPass>> {
        self.reapable(true)
    }

    fn reapable(&self, is_short: bool) -> Result<Vec<QueuedPass>> {
        let mut passes = self.waiting()?;
        let (now, doubt) = self.clock.moment();
        let is_held = doubt.is_some();
        let long_enough = self.long_enough(&passes);
        let unrecorded = self.audit.unrecorded();
        let is_over = |manifest: &Manifest| manifest.is_due(now) && long_enough.contains(&manifest.pass);
        passes.retain(|pass| {
            if pass.stage == Stage::Retiring {
                return false; // its contents were not compared yet
            }
            if unrecorded.contains(&pass.manifest.pass) {
                return false; // removed only after it is in the audit log
            }
            let can_be_undone = pass.manifest.undo_until.is_some() && pass.stage != Stage::Reaping;
            !can_be_undone || (!is_held && ((is_short && pass.is_on_root) || is_over(&pass.manifest)))
        });
        Ok(passes)
    }

    /// Begins to count the waiting time of passes that are new in the queue.
    pub(super) fn count_from_now(&self) {
        match self.tree.passes() {
            Ok((passes, _)) => _ = self.long_enough(&passes),
            Err(error) => tracing::debug!("{}", error.chain()), // counted from the next time that the queue is read
        }
    }

    /// The passes that have waited long enough by the clock that cannot be set.
    fn long_enough(&self, passes: &[QueuedPass]) -> BTreeSet<String> {
        let undoable = passes.iter().filter(|pass| pass.manifest.undo_until.is_some());
        let manifests = undoable.map(|pass| &pass.manifest);
        let name = |manifest: &Manifest| manifest.pass.clone();
        // A clock that is moved on purpose is always accepted.
        let Some(boot) = self.scanner.clock.boot() else { return manifests.map(name).collect() };
        let waited = self.undo_timer.update(manifests.clone().map(|manifest| manifest.pass.as_str()).collect(), &boot);
        let has_waited = |manifest: &&Manifest| waited.get(&manifest.pass).is_some_and(|s| *s >= least_wait(manifest));
        manifests.filter(has_waited).map(name).collect()
    }
}

/// For how many seconds a pass waits at least.
fn least_wait(manifest: &Manifest) -> u64 {
    let moment = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let until = manifest.undo_until.as_deref().and_then(moment);
    let undo =
        until.zip(moment(&manifest.started)).map_or(MIN_WAIT, |(until, started)| (until - started).num_seconds());
    undo.clamp(0, MIN_WAIT).unsigned_abs()
}
