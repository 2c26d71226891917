//! Measures how long restorable passes have waited, by a clock that cannot be set. The wall clock may be accepted and
//! still be days ahead of the truth, so it alone ends no undo window. The times are in a file of the state directory,
//! since another run, or another boot, continues counting.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Boot;
use crate::state_file::{IfUnusable, StateContent, StateFile};

/// How much of the passed time may be lost with the process, in seconds.
const STALE: u64 = 60;

/// The measured times, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timers {
    /// `CLOCK_BOOTTIME` at that moment, in seconds.
    boottime: u64,
    /// The boot that it counted from.
    boot_id: String,
    /// How many seconds each pass had waited, by name.
    passes: BTreeMap<String, u64>,
}

impl StateContent for Timers {
    const NAME: &'static str = "waited.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::StartOver("all passes wait again from the beginning");
}

impl Timers {
    /// How much time has certainly passed since: in another boot, the time since its start.
    fn since(&self, boot: &Boot) -> u64 {
        let now = boot.elapsed.as_secs();
        if boot.id == self.boot_id { now.saturating_sub(self.boottime) } else { now }
    }

    /// Whether to count from now on: enough time has passed, or a clock that cannot go back went back.
    fn is_stale(&self, boot: &Boot) -> bool {
        self.since(boot) >= STALE || boot.elapsed.as_secs() < self.boottime
    }
}

/// Where the times are stored.
#[derive(Debug)]
pub(super) struct UndoTimer {
    file: StateFile<Timers>,
    /// As on disk, except for what could not be written. Written when the queue is read.
    known: Mutex<Timers>,
}

impl UndoTimer {
    /// Reads the times. If they cannot be read, all passes begin to wait again, which removes nothing.
    pub(super) fn open(state_dir: &Path) -> Self {
        let file = StateFile::<Timers>::new(state_dir);
        let known = Mutex::new(file.load_or_default());
        Self { file, known }
    }

    fn lock(&self) -> MutexGuard<'_, Timers> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records which passes wait now, new ones from now on; returns for how many seconds each has waited.
    pub(super) fn update(&self, waiting: BTreeSet<&str>, boot: &Boot) -> BTreeMap<String, u64> {
        let mut known = self.lock();
        let since = known.since(boot);
        let waited = |name: &str| known.passes.get(name).map_or(0, |before| before.saturating_add(since));
        let passes: BTreeMap<String, u64> = waiting.into_iter().map(|name| (name.to_owned(), waited(name))).collect();
        let is_same = passes.keys().eq(known.passes.keys());
        if !is_same || (known.is_stale(boot) && !passes.is_empty()) {
            let boottime = boot.elapsed.as_secs();
            *known = Timers { boottime, boot_id: boot.id.clone(), passes: passes.clone() };
            self.write(&known);
        }
        passes
    }

    /// Lets a pass wait again from the beginning.
    pub(super) fn forget(&self, pass: &str) {
        self.forget_all(std::iter::once(pass));
    }

    /// Lets passes wait again from the beginning.
    pub(super) fn forget_all<'a>(&self, passes: impl Iterator<Item = &'a str>) {
        let mut known = self.lock();
        let before = known.passes.len();
        passes.for_each(|pass| _ = known.passes.remove(pass));
        if known.passes.len() < before {
            self.write(&known);
        }
    }

    fn write(&self, known: &Timers) {
        if let Err(error) = self.file.write(known) {
            tracing::warn!("{}", error.chain()); // after the next start they wait longer
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FILE: &str = Timers::NAME;

    fn boot(id: &str, elapsed: u64) -> Boot {
        Boot { id: id.to_owned(), elapsed: Duration::from_secs(elapsed) }
    }

    fn update(waited: &UndoTimer, passes: &[&str], boot: &Boot) -> Vec<u64> {
        waited.update(passes.iter().copied().collect(), boot).into_values().collect()
    }

    /// Only time that has certainly passed counts.
    #[test]
    fn waiting_times_survive_runs_and_boots() {
        let dir = tempfile::tempdir().unwrap();
        let run = || UndoTimer::open(dir.path());
        let waited = run();
        assert!(update(&waited, &[], &boot("a", 10)).is_empty());
        assert!(!dir.path().join(FILE).exists(), "nothing to know");
        assert_eq!(update(&waited, &["p"], &boot("a", 1000)), [0]);
        assert_eq!(update(&waited, &["p"], &boot("a", 1030)), [30]);
        assert_eq!(update(&waited, &["p", "q"], &boot("a", 1100)), [100, 0]);
        assert_eq!(update(&run(), &["p", "q"], &boot("a", 1200)), [200, 100], "another run");
        assert_eq!(
            update(&run(), &["p", "q"], &boot("b", 70)),
            [270, 170],
            "another boot: what has passed since its start"
        );
        assert_eq!(
            update(&run(), &["p", "q"], &boot("b", 30)),
            [270, 170],
            "a clock that goes back takes nothing away"
        );
        assert_eq!(update(&run(), &["q"], &boot("b", 130)), [270]);
        assert_eq!(update(&run(), &["p", "q"], &boot("b", 200)), [0, 340], "it was away");
        let waited = run();
        waited.forget("q");
        assert_eq!(update(&waited, &["p", "q"], &boot("b", 300)), [100, 0]);
        assert_eq!(update(&run(), &["p", "q"], &boot("b", 300)), [100, 0], "on disk too");
    }

    #[test]
    fn an_invalid_file_restarts_all_waits() {
        let dir = tempfile::tempdir().unwrap();
        for broken in ["", "{", "[]", r#"{"owlery":9,"boottime":0,"boot_id":"a","passes":{"p":99999}}"#] {
            std::fs::write(dir.path().join(FILE), broken).unwrap();
            assert_eq!(update(&UndoTimer::open(dir.path()), &["p"], &boot("a", 99)), [0]);
        }
    }
}
