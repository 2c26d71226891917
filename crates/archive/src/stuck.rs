//! Entries of the delete queue that could not be removed, counted and summarized: a directory of another user may
//! contain 100,000 files, each of which fails. A file of the state directory keeps the summary, for commands without a
//! daemon and for the next start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Cause, Report};
use crate::state_file::{IfUnusable, StateContent, StateFile};

/// How many directories of a pass are named; the rest is a number.
const MAX_NAMED: usize = 3;
/// How long a stuck pass waits before it is retried; doubled with every try.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_hours(6);

/// What stays of one directory.
#[derive(Debug)]
struct InDirectory {
    count: u64,
    first: Report,
}

/// What stays of one pass while it is removed.
#[derive(Debug, Default)]
pub(super) struct Left {
    directories: BTreeMap<PathBuf, InDirectory>,
    entries: u64,
    /// Whether something could not be removed, rather than being saved.
    has_failed: bool,
}

impl Left {
    /// Records that an entry of this directory stays, and why.
    pub(crate) fn add(&mut self, directory: &Path, report: Report) {
        self.entries += 1;
        self.has_failed |= report.unreadable;
        if let Some(known) = self.directories.get_mut(directory) {
            known.count += 1;
        } else if self.directories.len() < MAX_NAMED {
            self.directories.insert(directory.to_path_buf(), InDirectory { count: 1, first: report });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Whether everything that stays is saved.
    pub(crate) fn is_saved(&self) -> bool {
        !self.is_empty() && !self.has_failed
    }

    /// The number of entries that stay.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// One report for each of a few directories, and one for all others.
    pub(crate) fn reports(self, pass: &Path) -> Vec<Report> {
        let named: u64 = self.directories.values().map(|directory| directory.count).sum();
        let others = self.entries - named;
        let mut reports: Vec<Report> =
            self.directories.into_iter().map(|(path, directory)| directory.report(path)).collect();
        if others > 0 {
            let problem = format!("{others} more entries in other directories of this pass stay");
            reports.push(if self.has_failed { Report::failure(pass, problem) } else { Report::note(pass, problem) });
        }
        reports
    }
}

impl InDirectory {
    fn report(self, path: PathBuf) -> Report {
        if self.count == 1 {
            return self.first;
        }
        let name = self.first.path.strip_prefix(&path).unwrap_or(&self.first.path);
        let problem = format!("{} entries stay, the first: {}: {}", self.count, name.display(), self.first.problem);
        Report { path, problem, ..self.first.clone() }
    }
}

/// A pass of which something could not be removed.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StuckPass {
    /// The number of entries that stay.
    pub entries: u64,
    /// What stays and why, in one line.
    pub problem: String,
    #[serde(skip)]
    tries: u32,
    #[serde(skip)]
    next: Instant,
}

/// The passes of which something stayed at the reaper's last try. Written by the reaper, read when passes are listed.
#[derive(Debug, Default)]
pub(super) struct Stuck {
    passes: Mutex<BTreeMap<PathBuf, StuckPass>>,
    /// The state directory; unset in a process that writes no state. Written once, by `recall`.
    file: OnceLock<StateFile<Kept>>,
}

/// The file's format.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// By paths below the root.
    passes: BTreeMap<PathBuf, KeptPass>,
}

impl StateContent for Kept {
    const NAME: &'static str = "stuck.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::StartOver("the reaper finds again what is stuck");
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptPass {
    entries: u64,
    problem: String,
}

impl Stuck {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, StuckPass>> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what a state directory has about the queues below `root`; with `writes`, keeps the file up to date from
    /// now on. Stuck passes may be retried at once.
    pub(crate) fn recall(&self, root: &Path, state_dir: &Path, writes: bool) {
        let file = StateFile::<Kept>::new(state_dir);
        let kept = file.load_or_default();
        let recalled = kept.passes.into_iter().map(|(path, KeptPass { entries, problem })| {
            (root.join(path), StuckPass { entries, problem, tries: 0, next: Instant::now() })
        });
        *self.lock() = recalled.filter(|(path, _)| path.symlink_metadata().is_ok()).collect();
        if writes {
            let _ = self.file.set(file);
        }
    }

    /// Writes the present state. Without stuck passes the file is removed.
    fn keep(&self, root: &Path) {
        let Some(file) = self.file.get() else { return };
        let kept = |(path, pass): (&PathBuf, &StuckPass)| {
            let kept = KeptPass { entries: pass.entries, problem: pass.problem.clone() };
            Some((path.strip_prefix(root).ok()?.to_path_buf(), kept))
        };
        let passes: BTreeMap<PathBuf, KeptPass> = self.lock().iter().filter_map(kept).collect();
        let done = if passes.is_empty() { file.remove() } else { file.write(&Kept { passes }) };
        if let Err(error) = done {
            tracing::warn!("{}; commands without a daemon do not know what is stuck", error.chain());
        }
    }

    /// Records that the pass was removed completely.
    pub(crate) fn clear(&self, root: &Path, pass: &Path) {
        if self.lock().remove(pass).is_some() {
            self.keep(root);
        }
    }

    /// Records what stays; returns whether that differs from the last try.
    pub(crate) fn set(&self, root: &Path, pass: &Path, entries: u64, reports: &[Report]) -> bool {
        let problem = reports.first().map_or_else(String::new, |first| {
            format!("cannot be removed: {}: {}{}", first.path.display(), first.problem, cure(first.cause))
        });
        let mut all = self.lock();
        let tries = all.get(pass).map_or(0, |known| known.tries);
        let wait = FIRST_WAIT.saturating_mul(1 << tries.min(20)).min(LONGEST_WAIT);
        let new = StuckPass { entries, problem, tries: tries + 1, next: Instant::now() + wait };
        let before = all.insert(pass.to_path_buf(), new.clone());
        drop(all);
        let is_news = before.is_none_or(|before| before.problem != new.problem || before.entries != new.entries);
        if is_news {
            self.keep(root);
        }
        is_news
    }

    pub(crate) fn get(&self, pass: &Path) -> Option<StuckPass> {
        self.lock().get(pass).cloned()
    }

    /// All stuck passes.
    pub(crate) fn all(&self) -> Vec<StuckPass> {
        self.lock().values().cloned().collect()
    }

    /// Allows all to be retried at once.
    pub(crate) fn try_again(&self) {
        let now = Instant::now();
        self.lock().values_mut().for_each(|pass| pass.next = now);
    }

    /// Forgets passes that are no longer in the queue.
    pub(crate) fn retain(&self, root: &Path, is_there: impl Fn(&Path) -> bool) {
        let mut all = self.lock();
        let before = all.len();
        all.retain(|path, _| is_there(path));
        let is_same = all.len() == before;
        drop(all);
        if !is_same {
            self.keep(root);
        }
    }
}

impl StuckPass {
    /// Whether it is to be retried now.
    pub fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }
}

/// What a user can do about it.
fn cure(cause: Cause) -> &'static str {
    match cause {
        Cause::NotPermitted => {
            "; give it to the user that owlery runs as (chown -R), take away attributes (chattr -R -i -a), or remove it yourself"
        }
        Cause::ReadOnly => "; mount the filesystem writable",
        Cause::NoRoom | Cause::Other => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = Kept::NAME;

    #[test]
    fn many_entries_are_few_reports() {
        let mut left = Left::default();
        for directory in 0..50 {
            let path = PathBuf::from(format!("/q/p/{directory:02}"));
            for file in 0..1000 {
                left.add(&path, Report::failure(path.join(format!("{file}.jpg")), "cannot remove: Permission denied"));
            }
        }
        assert_eq!(left.entries(), 50_000);
        let reports = left.reports(Path::new("/q/p"));
        assert_eq!(reports.len(), MAX_NAMED + 1);
        assert!(reports[0].problem.starts_with("1000 entries stay, the first: 0.jpg"), "{:?}", reports[0]);
        assert!(reports[MAX_NAMED].problem.starts_with("47000 more"), "{:?}", reports[MAX_NAMED]);
    }

    #[test]
    fn the_cure_follows_from_the_error() {
        let (root, pass) = (Path::new("/q"), Path::new("/q/p"));
        for (errno, cure) in [(1, "chown -R"), (13, "chown -R"), (30, "writable"), (5, "")] {
            let stuck = Stuck::default();
            let error = crate::error::Error::io("remove", "/q/p/x", std::io::Error::from_raw_os_error(errno));
            stuck.set(root, pass, 1, &[Report::of(&error, pass)]);
            let problem = stuck.get(pass).unwrap().problem;
            assert!(problem.contains(cure) && problem.contains("; ") != cure.is_empty(), "{problem}");
        }
    }

    #[test]
    fn repeated_tries_back_off() {
        let stuck = Stuck::default();
        let report = [Report::failure("/q/p/x", "cannot remove: Permission denied")];
        let (root, pass) = (Path::new("/q"), Path::new("/q/p"));
        assert!(stuck.set(root, pass, 1, &report), "it is news");
        assert!(!stuck.get(pass).unwrap().is_due());
        let first = stuck.get(pass).unwrap().next;
        assert!(!stuck.set(root, pass, 1, &report), "it is not");
        assert!(stuck.get(pass).unwrap().next >= first + FIRST_WAIT);
        for _ in 0..100 {
            stuck.set(root, pass, 1, &report);
        }
        stuck.try_again();
        assert!(stuck.get(pass).unwrap().is_due());
    }

    #[test]
    fn what_is_stuck_outlasts_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let (root, state, pass) = (dir.path(), dir.path().join("state"), dir.path().join("delete_queue/p"));
        std::fs::create_dir_all(&pass).unwrap();
        std::fs::create_dir(&state).unwrap();
        let run = |writes| {
            let stuck = Stuck::default();
            stuck.recall(root, &state, writes);
            stuck
        };
        let report = [Report::failure(pass.join("x"), "cannot remove: Permission denied")];
        let first = run(true);
        first.set(root, &pass, 7, &report);
        let reader = run(false);
        assert_eq!(reader.get(&pass).unwrap().entries, 7);
        assert!(reader.get(&pass).unwrap().is_due(), "it is tried at once");
        reader.clear(root, &pass);
        assert!(run(true).get(&pass).is_some(), "a reader writes nothing");
        first.clear(root, &pass);
        assert!(run(true).get(&pass).is_none() && !state.join(FILE).exists());
        first.set(root, &pass, 7, &report);
        std::fs::remove_dir(&pass).unwrap();
        assert!(run(true).get(&pass).is_none(), "it is gone");
        std::fs::write(state.join(FILE), "{").unwrap();
        assert!(run(true).all().is_empty());
    }
}
