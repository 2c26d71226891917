#![allow(clippy::disallowed_methods)] // for the files of a test

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::archive::Depth;
use crate::clock::ManualClock;
use crate::event::{EventId, Guard};
use crate::retention::{Keep, Policy};
use crate::scan::Progress;
use crate::service::{Archive, OpenArchive, Options};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// An archive of one camera whose days are all stale but one, by a rule of ten days.
fn stale(root: &Path, policy: Policy) -> OpenArchive {
    for id in ["Camera1/2026-09-01/10-00-00", "Camera1/2026-09-02/10-00-00", "Camera1/2026-11-15/10-00-00"] {
        fs::create_dir_all(root.join(id)).unwrap();
    }
    open(root, policy)
}

fn open(root: &Path, policy: Policy) -> OpenArchive {
    let clock = ManualClock::new("2026-11-20T12:00:00".parse().unwrap());
    let parts =
        Archive::open(Options::new(root).policy(policy).clock(Arc::new(clock))).unwrap().open_catalog().unwrap();
    parts.preload(Depth::Full, &Progress::default()).unwrap();
    parts
}

fn ten_days() -> Policy {
    Policy { keep: Some(Keep::Days(10)), ..Policy::default() }
}

/// The guards that hold something back, and what they say.
fn holding(parts: &OpenArchive) -> Vec<(Guard, String)> {
    let states = parts.handle().expirer.guards(true).unwrap();
    assert_eq!(states.iter().map(|state| state.name).collect::<Vec<_>>(), Guard::ALL);
    assert!(states.iter().all(|state| state.ok == state.message.is_empty()), "{states:?}");
    states.into_iter().filter(|state| !state.ok).map(|state| (state.name, state.message)).collect()
}

/// The guards that have refused, and how often.
fn refused(parts: &OpenArchive) -> Vec<(Guard, u64)> {
    parts.handle().expirer.refusals.all().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn the_guards_match_documentation_and_sources() {
    let listed: BTreeSet<String> = Guard::ALL.map(|guard| guard.to_string()).into();
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../doc/retention.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| guard |")).skip(2);
    let first = |row: &str| row.split('|').nth(1).unwrap_or_default().to_owned();
    let names = rows
        .take_while(|line| line.starts_with('|'))
        .flat_map(|row| first(row).split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(names.collect::<BTreeSet<_>>(), listed);

    let literal = regex::Regex::new(r"(?:guard: |refuse\(id, )Guard::([A-Z][a-z]+)").unwrap();
    let mut used = BTreeSet::new();
    let is_test = |path: &Path| path.ends_with("tests.rs");
    for file in walkdir::WalkDir::new(SOURCES)
        .into_iter()
        .flatten()
        .filter(|entry| !is_test(entry.path()) && entry.path().extension().is_some_and(|end| end == "rs"))
    {
        let text = fs::read_to_string(file.path()).unwrap_or_default();
        used.extend(literal.captures_iter(&text).map(|found| found[1].to_lowercase()));
    }
    assert_eq!(used, listed);
}

#[test]
fn at_first_none_holds_and_none_has_refused() {
    let folder = tempfile::tempdir().unwrap();
    let parts = stale(folder.path(), ten_days());
    assert_eq!((holding(&parts), refused(&parts)), (vec![], vec![]));
}

/// Also over a restart.
#[test]
fn share_holds_until_a_smaller_pass() {
    let folder = tempfile::tempdir().unwrap();
    let parts = stale(folder.path(), ten_days());
    let held = parts.handle().pass(None).unwrap();
    let says = holding(&parts);
    assert_eq!(says[0], (Guard::Share, held.refused.unwrap().message));
    assert_eq!((says.len(), refused(&parts)), (1, vec![(Guard::Share, 1)]));
    parts.handle().pass(None).unwrap();
    assert_eq!(refused(&parts), [(Guard::Share, 2)]);

    drop(parts);
    let parts = open(folder.path(), ten_days());
    assert_eq!((holding(&parts), refused(&parts)), (says, vec![]));
    let done = parts.handle().pass(held.pass.as_deref()).unwrap();
    assert_eq!((done.count(), holding(&parts)), (2, vec![]));
}

#[test]
fn without_rules_an_old_hold_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let parts = stale(folder.path(), ten_days());
    parts.handle().pass(None).unwrap();
    drop(parts);
    assert_eq!(holding(&open(folder.path(), Policy::default())), []);
}

/// Not before the cameras are known.
#[test]
fn configuration_holds_for_unknown_cameras() {
    let folder = tempfile::tempdir().unwrap();
    let rule = [("Camera9".parse().unwrap(), Keep::Days(3))].into();
    let parts = stale(folder.path(), Policy { cameras: rule, ..Policy::default() });
    let says = holding(&parts);
    assert!(says.len() == 1 && says[0].0 == Guard::Configuration && says[0].1.contains("Camera9"), "{says:?}");
    assert!(parts.handle().expirer.guards(false).unwrap().iter().all(|state| state.ok));
    assert!(parts.handle().pass(None).unwrap().refused.is_some());
    assert_eq!(refused(&parts), [(Guard::Configuration, 1)]);
}

#[test]
fn marker_holds_while_it_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let parts = stale(folder.path(), Policy { max_share: 1.0, ..ten_days() });
    let marker = folder.path().join(".owlery/archive.json");
    let away = folder.path().join(".owlery/away.json");
    fs::rename(&marker, &away).unwrap();
    let says = holding(&parts);
    assert!(says.len() == 1 && says[0].0 == Guard::Marker && says[0].1.contains("is gone"), "{says:?}");
    assert_eq!(parts.handle().pass(None).unwrap().refused.unwrap().guard, Guard::Marker);
    let event: EventId = "Camera1/2026-11-15/10-00-00".parse().unwrap();
    assert!(matches!(parts.handle().delete(&[event]), Err(Error::Refused { guard: Guard::Marker, .. })));
    assert_eq!(refused(&parts), [(Guard::Marker, 2)]);
    fs::rename(&away, &marker).unwrap();
    assert_eq!(holding(&parts), []);
}

#[test]
fn restored_holds_while_its_file_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    drop(stale(folder.path(), ten_days()));
    fs::write(folder.path().join(".owlery/restored.json"), "{").unwrap();
    let parts = open(folder.path(), ten_days());
    let says = holding(&parts);
    assert!(says.len() == 1 && says[0].0 == Guard::Restored && says[0].1.contains("repair or remove"), "{says:?}");
    assert!(parts.handle().pass(None).is_err());
    assert_eq!(refused(&parts), [(Guard::Restored, 1)]);
}

#[test]
fn single_refusals_are_counted_and_hold_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("Camera1/2026-11-16/10-00-00")).unwrap();
    fs::write(folder.path().join("Camera1/2026-11-16/10-00-00/.saved"), "").unwrap();
    let parts = stale(folder.path(), Policy { max_share: 1.0, ..ten_days() });
    let event: EventId = "Camera1/2026-11-16/10-00-00".parse().unwrap();
    assert!(parts.handle().delete(&[event]).is_err());
    assert!(parts.handle().pass(Some("0123456789abcdef")).unwrap().refused.is_some());
    let pass = parts.handle().pass(None).unwrap().pass.unwrap();
    let in_queue = folder.path().join("delete_queue").join(&pass);
    fs::rename(in_queue.join("pass.json"), in_queue.join("reaping.json")).unwrap();
    assert!(matches!(parts.handle().restore(&pass), Err(Error::Refused { guard: Guard::Reaping, .. })));
    assert_eq!(refused(&parts), [(Guard::Saved, 1), (Guard::Reaping, 1), (Guard::Confirmation, 1)]);
    assert_eq!(holding(&parts), []);
}
