//! The audit as a whole: files and catalog have the same entries, whatever is taken away from either.

#![allow(clippy::disallowed_methods)] // for the files of a test

use std::fs;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::*;
use crate::event::{EventSelection, Guard, Item};

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("audit.jsonl")
    }

    fn open(&self) -> (Audit, Arc<Catalog>) {
        let catalog = Arc::new(Catalog::open(self.dir.path()).unwrap().0);
        let audit = Audit::new(self.dir.path(), Arc::clone(&catalog));
        audit.catch_up();
        (audit, catalog)
    }

    fn forget_catalog(&self) {
        for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
            let _ = fs::remove_file(self.dir.path().join(name));
        }
    }
}

fn now() -> Now {
    let local = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(10, 0, 0).unwrap();
    Now { utc: local.and_utc(), local }
}

fn item(reason: &str) -> Entry {
    let day = "2026-09-20".parse().unwrap();
    let camera = "Camera1".parse().unwrap();
    let item =
        Item { camera, day, events: EventSelection::All, count: 2, bytes: Some(7), frees: None, reason: reason.into() };
    Entry::of(AuditAction::Item, &item)
}

fn pass(name: &str) -> Entry {
    Entry { pass: Some(name.to_owned()), ..Entry::new(AuditAction::Pass, "retired 2 events") }
}

fn refused(plan: &str) -> Entry {
    Entry {
        pass: Some(plan.to_owned()),
        guard: Some(Guard::Share.into()),
        ..Entry::new(AuditAction::Refused, "too much")
    }
}

fn reasons(catalog: &Catalog) -> Vec<String> {
    let mut reasons: Vec<String> =
        catalog.audit(1000, None).unwrap().entries.into_iter().map(|entry| entry.reason.to_string()).collect();
    reasons.reverse();
    reasons
}

#[test]
fn catalog_and_files_have_the_same_pages() {
    let place = Place::new();
    let (audit, catalog) = place.open();
    audit.note(now(), (0..5).map(|n| item(&n.to_string())));
    let first = catalog.audit(2, None).unwrap();
    assert_eq!(first.entries.iter().map(|entry| entry.reason.to_string()).collect::<Vec<_>>(), ["4", "3"]);
    assert_eq!(first.entries[0].at, "2026-11-21T10:00:00Z");
    assert_eq!(first.next, Some(4));
    let second = catalog.audit(3, first.next).unwrap();
    assert_eq!((second.entries.len(), second.next), (3, None));
    for (limit, before) in [(2, None), (3, Some(4)), (0, None), (9, Some(1))] {
        let of_files = from_files(place.dir.path(), limit, before).unwrap();
        assert_eq!(of_files, (catalog.audit(limit, before).unwrap(), 0));
    }
    assert!(is_in(&catalog, place.dir.path()).unwrap());
}

/// Also a catalog that missed a write; no entry is added twice.
#[test]
fn a_lost_catalog_is_filled_from_the_files() {
    let place = Place::new();
    let (audit, catalog) = place.open();
    audit.note(now(), [pass("p"), item("a")]);
    assert!(audit.has_pass("p") && !audit.has_pass("q"));
    audit.catalog.forget_audit(u64::MAX).unwrap(); // as in one that was built anew a moment ago
    assert!(audit.has_pass("p"), "the soak saw it noted twice");
    drop((audit, catalog));
    Log::new(place.dir.path()).append(&mut [item("b")]).unwrap(); // as a crash before the catalog was written leaves it
    let (audit, catalog) = place.open();
    assert_eq!(reasons(&catalog), ["retired 2 events", "a", "b"]);
    drop((audit, catalog));
    place.forget_catalog();
    let (audit, catalog) = place.open();
    assert_eq!(reasons(&catalog), ["retired 2 events", "a", "b"]);
    assert!(audit.has_pass("p"));
    catalog.distrust();
    catalog.mend().unwrap().unwrap();
    audit.note(now(), [item("c")]); // before the catalog caught up
    assert_eq!(reasons(&catalog), ["retired 2 events", "a", "b", "c"]);
}

#[test]
fn removed_files_leave_the_catalog_alone() {
    let place = Place::new();
    let (audit, catalog) = place.open();
    audit.note(now(), [item("a"), item("b")]);
    drop((audit, catalog));
    fs::remove_file(place.file()).unwrap();
    let (audit, catalog) = place.open();
    audit.note(now(), [item("c")]);
    assert_eq!(reasons(&catalog), ["a", "b", "c"]);
    assert_eq!(catalog.audit(1, None).unwrap().entries[0].id, 3);
}

#[test]
fn unwritten_entries_wait_and_overflow_is_logged() {
    let place = Place::new();
    let (audit, catalog) = place.open();
    fs::create_dir(place.file()).unwrap(); // in the way, also of root
    audit.note(now(), [pass("p"), item("a")]);
    assert!(audit.has_pass("p"), "it will be");
    audit.note(now(), [item("b")]);
    assert_eq!(audit.retry(), 3);
    assert_eq!(reasons(&catalog), [""; 0]);
    fs::remove_dir(place.file()).unwrap();
    assert_eq!(audit.retry(), 0);
    assert_eq!(reasons(&catalog), ["retired 2 events", "a", "b"]);

    fs::rename(place.file(), place.dir.path().join("kept")).unwrap();
    fs::create_dir(place.file()).unwrap();
    audit.note(now(), (0..MAX_WAITING).map(|n| item(&n.to_string())));
    audit.note(now(), [item("x"), item("y")]);
    fs::remove_dir(place.file()).unwrap();
    fs::rename(place.dir.path().join("kept"), place.file()).unwrap();
    audit.note(now(), [item("z")]);
    let (page, unreadable) = from_files(place.dir.path(), MAX_WAITING * 2, None).unwrap();
    assert_eq!((page.entries.len(), unreadable), (3 + 1 + MAX_WAITING + 1, 0));
    let lost = &page.entries[page.entries.len() - 4];
    assert_eq!((lost.what, lost.count), (AuditAction::Lost, 2));
    assert_eq!(page.entries[1].reason, "y".into());
    assert!(is_in(&catalog, place.dir.path()).unwrap());
}

/// A pass was reaped while its entries waited in memory, and a crash then lost them.
#[test]
fn unrecorded_passes_are_named_until_written() {
    let place = Place::new();
    let (audit, _catalog) = place.open();
    fs::create_dir(place.file()).unwrap(); // in the way, also of root
    audit.note(now(), [pass("p"), item("a")]);
    assert_eq!(audit.unrecorded(), BTreeSet::from(["p".to_owned()]));
    audit.note(now(), (0..=MAX_WAITING).map(|n| item(&n.to_string()))); // the entry of the pass is given up
    assert_eq!(audit.unrecorded().len(), 1);
    fs::remove_dir(place.file()).unwrap();
    assert_eq!(audit.retry(), 0);
    assert!(audit.unrecorded().is_empty());
}

/// A full disk must always be able to expire.
#[test]
fn a_full_disk_holds_no_pass() {
    let place = Place::new();
    let (audit, _catalog) = place.open();
    std::os::unix::fs::symlink("/dev/full", place.file()).unwrap();
    audit.note(now(), [pass("p")]);
    assert_eq!(audit.unrecorded().len(), 1, "a link is not followed");
    let mut inner = audit.lock();
    let full = std::io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
    inner.keep(&Error::io("write to", place.file(), full), 1);
    assert!(inner.unrecorded.is_empty());
}

/// A refusal until a pass is made, a leftover for ever.
#[test]
fn repeated_refusals_are_recorded_once() {
    let left = |reason: &str| Entry { what: AuditAction::Left, ..item(reason) };
    let place = Place::new();
    let (audit, catalog) = place.open();
    audit.note(now(), [refused("1"), refused("1"), left("saved")]);
    audit.note(now(), [refused("1"), left("saved"), left("no permission")]);
    drop((audit, catalog));
    let (audit, catalog) = place.open();
    audit.note(now(), [refused("1"), left("saved"), refused("2")]);
    assert_eq!(reasons(&catalog), ["too much", "saved", "no permission", "too much"]);
    audit.note(now(), [pass("p"), refused("1"), left("saved")]);
    assert_eq!(reasons(&catalog)[4..], ["retired 2 events", "too much"]);
    audit.note(now(), [item("a"), item("a")]);
    assert_eq!(reasons(&catalog).len(), 8, "deeds are never the same");
}

#[test]
fn concurrent_entries_get_unique_numbers() {
    let place = Place::new();
    let (audit, catalog) = place.open();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let audit = &audit;
            scope.spawn(move || (0..10).for_each(|n| audit.note(now(), [item(&format!("{thread} {n}")), item("x")])));
        }
    });
    let page = catalog.audit(1000, None).unwrap();
    assert_eq!(page.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), (1..=80).rev().collect::<Vec<_>>());
    assert_eq!(from_files(place.dir.path(), 1000, None).unwrap(), (page, 0));
}
