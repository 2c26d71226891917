//! What one user has reviewed: in memory, and in a journal of the state directory. A change is in the journal before it is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use owlery_state::journal::{Appended, Journal};

use super::counts::Counts;
use super::text::{self, Days};
use super::{OfDay, Reviewer};
use crate::catalog::NamesByDay;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, EventId, EventName};

/// A journal is rewritten when it is twice as long as it has to be, and this many bytes more.
const SLACK: u64 = 64 << 10;

/// What one user has reviewed.
#[derive(Debug)]
pub struct Marks {
    reviewer: Reviewer,
    days: RwLock<Days>,
    /// Grows with each change.
    version: AtomicU64,
    /// Held while marks are changed.
    file: Mutex<MarksFile>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct MarksFile {
    journal: Journal,
    /// Why it must not be written: what it says is not understood.
    problem: Option<String>,
}

impl Marks {
    /// Reads what a folder has of a user, or what `kept` has, if the folder has nothing. A file that cannot be used is logged, and stays as
    /// it is.
    pub(super) fn load(reviewer: Reviewer, folder: &Path, kept: Option<&Path>, counts: Arc<Counts>) -> Self {
        let mut journal = Journal::new(folder, reviewer.file_name());
        let (mut days, mut problem) = (Days::new(), None);
        match read(&mut journal) {
            Ok(Some(known)) => days = known,
            Ok(None) => {
                let kept = kept.map(|kept| read(&mut Journal::new(kept, reviewer.file_name())));
                days = kept.and_then(Result::ok).flatten().unwrap_or_default();
            }
            Err(error) => {
                tracing::warn!("{}; nothing is shown as reviewed", error.chain());
                problem = Some(error.chain());
            }
        }
        let (days, file) = (RwLock::new(days), Mutex::new(MarksFile { journal, problem }));
        Self { reviewer, days, version: AtomicU64::new(0), file, counts }
    }

    /// Whose they are.
    pub fn reviewer(&self) -> &Reviewer {
        &self.reviewer
    }

    /// Grows with each change, in one run of a service. What is read after it is at least as new.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether the user has reviewed this event.
    pub fn has(&self, id: &EventId) -> bool {
        self.has_name(&id.camera, id.day, id.name)
    }

    /// The same for each of these events.
    pub fn has_each<'a>(&self, ids: impl IntoIterator<Item = &'a EventId>) -> Vec<bool> {
        let days = self.days();
        let has = |id: &EventId| {
            days.get(&id.camera).and_then(|days| days.get(&id.day)).is_some_and(|names| names.has(id.name))
        };
        ids.into_iter().map(has).collect()
    }

    pub(super) fn has_name(&self, camera: &Camera, day: Day, name: EventName) -> bool {
        self.days().get(camera).and_then(|days| days.get(&day)).is_some_and(|names| names.has(name))
    }

    /// Whether the user has reviewed any event of a day, which may be gone.
    pub(super) fn has_day(&self, camera: &Camera, day: Day) -> bool {
        self.days().get(camera).is_some_and(|days| days.contains_key(&day))
    }

    /// How many of these events of a day the user has reviewed.
    pub(super) fn count(&self, camera: &Camera, day: Day, names: &BTreeSet<EventName>) -> u64 {
        let days = self.days();
        let marked = days.get(camera).and_then(|days| days.get(&day));
        marked.map_or(0, |marked| names.iter().filter(|name| marked.has(**name)).count() as u64)
    }

    /// How many events of a day the user has reviewed, also those that are gone.
    pub(super) fn count_all(&self, camera: &Camera, day: Day) -> u64 {
        self.days().get(camera).and_then(|days| days.get(&day)).map_or(0, |names| names.len() as u64)
    }

    /// The days with reviewed events, which may be gone.
    pub(super) fn marked_days(&self) -> BTreeSet<OfDay> {
        let days = self.days();
        days.iter().flat_map(|(camera, days)| days.keys().map(move |day| (camera.clone(), *day))).collect()
    }

    fn days(&self) -> RwLockReadGuard<'_, Days> {
        self.days.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that these events were reviewed, or no longer are; durable on return. Returns how many changed.
    ///
    /// # Errors
    /// The journal cannot be written; nothing has changed then.
    pub(super) fn set(&self, events: NamesByDay, reviewed: bool) -> Result<u64> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.changes(events, reviewed);
        let count = changes.values().map(|names| names.len() as u64).sum();
        if count == 0 {
            return Ok(0);
        }
        if let Some(problem) = &file.problem {
            let why = std::io::Error::other(format!("{problem}; move the file away to begin anew"));
            return Err(Error::io("write", file.journal.path(), why));
        }
        let line = |((camera, day), names): (&OfDay, &Vec<EventName>)| {
            text::line(camera, *day, names.iter().copied(), reviewed)
        };
        let lines: String = changes.iter().map(line).collect();
        if file.journal.append(lines.as_bytes())? == Appended::Incomplete {
            let all = text::write(&self.days()) + &lines;
            file.journal.replace(all.as_bytes())?;
        }
        let touched: BTreeSet<OfDay> = changes.keys().cloned().collect();
        let mut days = self.days.write().unwrap_or_else(PoisonError::into_inner);
        for ((camera, day), names) in changes {
            text::apply(&mut days, &camera, day, names, reviewed);
        }
        drop(days);
        self.counts.forget(&self.reviewer, &touched);
        self.version.fetch_add(1, Ordering::Release); // last: what is read after it is as new
        Ok(count)
    }

    /// Those of these events whose state differs.
    fn changes(&self, events: NamesByDay, reviewed: bool) -> NamesByDay {
        let days = self.days();
        let mut changes = NamesByDay::new();
        for ((camera, day), names) in events {
            let names: BTreeSet<EventName> = names.into_iter().collect();
            let different = match days.get(&camera).and_then(|days| days.get(&day)) {
                Some(marked) => marked.among(&names, !reviewed),
                None if reviewed => names.into_iter().collect(),
                None => continue,
            };
            if !different.is_empty() {
                changes.insert((camera, day), different);
            }
        }
        changes
    }

    /// Forgets days, which are gone, and rewrites the journal if it has become long. Best effort: it is tried again.
    pub(super) fn tidy(&self, gone: &BTreeSet<OfDay>) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let is_here = gone.iter().any(|(camera, day)| self.has_day(camera, *day));
        let is_long = file.journal.len() > SLACK + 2 * text::size(&self.days());
        if file.problem.is_some() || file.journal.is_empty() || !(is_here || is_long) {
            return;
        }
        let mut left: Days = self.days().clone();
        for (camera, day) in gone {
            let names = left.get(camera).and_then(|days| days.get(day)).map(|names| names.iter().collect());
            if let Some(names) = names {
                text::apply(&mut left, camera, *day, names, false);
            }
        }
        if let Err(error) = file.journal.replace(text::write(&left).as_bytes()) {
            tracing::debug!("{}", error.chain());
            return;
        }
        *self.days.write().unwrap_or_else(PoisonError::into_inner) = left;
        self.counts.forget(&self.reviewer, gone);
        self.version.fetch_add(1, Ordering::Release);
    }
}

/// What a journal says; `None` if there is none.
fn read(journal: &mut Journal) -> Result<Option<Days>> {
    let path = journal.path();
    let fail = |e: std::io::Error| Error::io("read", &path, e);
    let Some(bytes) = journal.read().map_err(fail)? else { return Ok(None) };
    let unknown = || fail(std::io::Error::other("it is no list of reviewed events of this version"));
    let (days, bad) = text::read(&bytes).ok_or_else(unknown)?;
    if bad > 0 {
        tracing::warn!("{bad} lines of {} are damaged; their events are not shown as reviewed", path.display());
    }
    Ok(Some(days))
}

/// Events by camera and day.
pub(super) fn by_day(events: impl IntoIterator<Item = EventId>) -> NamesByDay {
    let mut days: NamesByDay = BTreeMap::new();
    for EventId { camera, day, name } in events {
        days.entry((camera, day)).or_default().push(name);
    }
    days
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn load(dir: &Path, kept: Option<&Path>) -> Marks {
        Marks::load(Reviewer::User("anna".to_owned()), dir, kept, Arc::default())
    }

    fn ids(texts: &[&str]) -> NamesByDay {
        by_day(texts.iter().map(|text| text.parse().unwrap()))
    }

    const ONE: &str = "Camera1/2026-11-20/10-04-36";
    const TWO: &str = "Camera1/2026-11-20/007";

    fn has(marks: &Marks) -> Vec<bool> {
        marks.has_each(&[ONE.parse().unwrap(), TWO.parse().unwrap()])
    }

    #[test]
    fn marks_survive_and_count_once() {
        let dir = tempfile::tempdir().unwrap();
        let marks = load(dir.path(), None);
        assert_eq!(marks.set(ids(&[ONE]), false).unwrap(), 0);
        assert!(dir.path().read_dir().unwrap().next().is_none(), "nothing changed, so nothing is written");
        assert_eq!((marks.set(ids(&[ONE, TWO, ONE]), true).unwrap(), marks.version()), (2, 1));
        assert_eq!((marks.set(ids(&[ONE]), true).unwrap(), marks.version()), (0, 1));
        assert_eq!((marks.set(ids(&[ONE]), false).unwrap(), marks.version()), (1, 2));
        for marks in [&marks, &load(dir.path(), None)] {
            assert_eq!(has(marks), [false, true]);
        }
    }

    /// A kill while a line is written.
    #[test]
    fn a_torn_line_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        load(dir.path(), None).set(ids(&[ONE]), true).unwrap();
        let path = dir.path().join("user-anna");
        let whole = fs::read(&path).unwrap();
        for torn in ["+", "+Camera1/2026-11-20/10-05", "+Camera1/2026-11-20/10-05-00"] {
            fs::write(&path, [&whole, torn.as_bytes()].concat()).unwrap();
            let marks = load(dir.path(), None);
            assert_eq!(has(&marks), [true, false], "{torn}");
            marks.set(ids(&[TWO]), true).unwrap();
            assert_eq!(has(&load(dir.path(), None)), [true, true], "{torn}");
        }
    }

    #[test]
    fn a_file_of_another_version_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("user-anna");
        fs::write(&path, "owlery reviewed 2\n").unwrap();
        let marks = load(dir.path(), None);
        let error = marks.set(ids(&[ONE]), true).unwrap_err().chain();
        assert!(error.contains("move the file away"), "{error}");
        marks.tidy(&BTreeSet::new());
        assert_eq!(
            (has(&marks), fs::read_to_string(&path).unwrap().as_str()),
            (vec![false, false], "owlery reviewed 2\n")
        );
    }

    #[test]
    fn days_that_are_gone_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let marks = load(dir.path(), None);
        marks.set(ids(&[ONE, TWO, "Camera2/2026-11-21/10-00-00"]), true).unwrap();
        let gone: BTreeSet<OfDay> = [("Camera1".parse().unwrap(), "2026-11-20".parse().unwrap())].into();
        marks.tidy(&gone);
        for marks in [&marks, &load(dir.path(), None)] {
            assert_eq!(marks.marked_days(), [("Camera2".parse().unwrap(), "2026-11-21".parse().unwrap())].into());
        }
        assert_eq!(marks.version(), 2);
        marks.tidy(&gone);
        assert_eq!(marks.version(), 2);
    }

    #[test]
    fn a_long_journal_is_rewritten() {
        let dir = tempfile::tempdir().unwrap();
        let marks = load(dir.path(), None);
        let many: Vec<String> = (0..5000u32)
            .map(|nth| format!("Camera1/2026-11-20/{:02}-{:02}-{:02}", nth / 3600, nth / 60 % 60, nth % 60))
            .collect();
        let many = || by_day(many.iter().map(|id| id.parse().unwrap()));
        for reviewed in [true, false, true, false] {
            assert_eq!(marks.set(many(), reviewed).unwrap(), 5000);
        }
        marks.set(ids(&[TWO]), true).unwrap();
        let len = || fs::metadata(dir.path().join("user-anna")).unwrap().len();
        assert!(len() > 150_000);
        marks.tidy(&BTreeSet::new());
        assert!(len() < 100, "{}", len());
        assert_eq!(has(&load(dir.path(), None)), [false, true]);
    }

    /// A root that cannot be written: what it has is shown, and what is added is kept elsewhere.
    #[test]
    fn kept_marks_are_read_and_not_written() {
        let (dir, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        load(kept.path(), None).set(ids(&[ONE]), true).unwrap();
        let before = fs::read(kept.path().join("user-anna")).unwrap();
        let marks = load(dir.path(), Some(kept.path()));
        assert_eq!(has(&marks), [true, false]);
        marks.set(ids(&[TWO]), true).unwrap();
        assert_eq!(has(&load(dir.path(), Some(kept.path()))), [true, true]);
        assert_eq!(fs::read(kept.path().join("user-anna")).unwrap(), before);
    }

    #[test]
    fn what_cannot_be_written_is_not_marked() {
        let marks = load(Path::new("/proc/self/nothing"), None);
        marks.set(ids(&[ONE]), true).unwrap_err();
        assert_eq!((has(&marks), marks.version()), (vec![false, false], 0));
    }
}
