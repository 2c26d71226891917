//! What may be removed in place, and what an interruption after each step leaves.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveDateTime};

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::event::{Camera, EventSelection, Guard};
use crate::fault::stop_at;
use crate::{DayDir, Stay};

const DAY: &str = "2026-09-30";
const EVENT: &str = "10-04-36";

struct Root {
    folder: tempfile::TempDir,
    tree: Tree,
    clock: ManualClock,
}

impl Root {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let event = folder.path().join("Camera1").join(DAY).join(EVENT);
        fs::create_dir_all(event.join("debug")).unwrap();
        for file in ["10-04-36-00.jpg", "video.mp4", ".details.json", "debug/10-04-36-00m.jpg"] {
            fs::write(event.join(file), file).unwrap();
        }
        let tree = Tree::open(folder.path(), "Camera.*").unwrap();
        let noon: NaiveDateTime = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
        Self { folder, tree, clock: ManualClock::new(noon) }
    }

    fn event(&self) -> PathBuf {
        self.folder.path().join("Camera1").join(DAY).join(EVENT)
    }

    fn id() -> EventId {
        format!("Camera1/{DAY}/{EVENT}").parse().unwrap()
    }

    fn item() -> Item {
        let id = Self::id();
        let (camera, day): (Camera, Day) = (id.camera, id.day);
        Item { camera, day, events: EventSelection::All, count: 1, bytes: None, frees: None, reason: "old".into() }
    }

    /// Removes the event in a pass of `by` with these planned items. Returns whether it was removed, and whether that
    /// was noted.
    fn remove_as(&self, by: Actor, planned: Vec<Item>, is_open: bool) -> (Result<bool>, bool) {
        let id = Self::id();
        let mut pass = self.tree.begin_pass(planned, by, None, self.clock.now()).unwrap();
        let mut is_noted = false;
        let inspection = |_: &DayDir, _: EventName, _: i64| Ok(is_open.then_some(Stay::BeingWritten));
        let done = pass.remove_in_place(&Self::item(), &[id.name], id.name, &inspection, || is_noted = true);
        (done, is_noted)
    }

    fn remove(&self) -> (Result<bool>, bool) {
        self.remove_as(Actor::Rule, vec![Self::item()], false)
    }

    fn files(&self) -> usize {
        let event = self.event();
        ["10-04-36-00.jpg", "video.mp4", ".details.json", "debug/10-04-36-00m.jpg"]
            .iter()
            .filter(|file| event.join(file).is_file())
            .count()
    }

    /// Nothing was removed, moved or noted.
    fn check_stays(&self, (done, is_noted): (Result<bool>, bool), why: &str) {
        assert!(!done.unwrap_or(false) && !is_noted, "{why}");
        assert_eq!(self.files(), 4, "{why}");
        assert!(self.tree.in_place().unwrap().is_empty(), "{why}");
    }
}

#[test]
fn an_event_goes_and_its_name_stays() {
    let root = Root::new();
    let (done, is_noted) = root.remove();
    assert!(done.unwrap() && is_noted);
    assert!(!root.event().exists());
    assert_eq!(root.tree.in_place().unwrap(), [(Root::id(), InPlace::Removing)]);
    root.tree.forget_in_place(&Root::id()).unwrap();
    assert!(root.tree.in_place().unwrap().is_empty());
}

#[test]
fn only_what_a_rule_planned_goes_in_place() {
    let root = Root::new();
    root.check_stays(root.remove_as(Actor::Hand, vec![Root::item()], false), "a person's pass");
    root.check_stays(root.remove_as(Actor::Rule, Vec::new(), false), "an item of no plan");
    let others = Item { events: EventSelection::Some(vec!["10-04-37".parse().unwrap()]), ..Root::item() };
    root.check_stays(root.remove_as(Actor::Rule, vec![others], false), "another event of the day");
}

#[test]
fn what_must_stay_is_not_removed_in_place() {
    let root = Root::new();
    root.check_stays(root.remove_as(Actor::Rule, vec![Root::item()], true), "it is being written");
    fs::write(root.event().join(".saved"), "").unwrap();
    root.check_stays(root.remove(), "saved");
    fs::rename(root.event().join(".saved"), root.event().join("debug/.saved")).unwrap();
    root.check_stays(root.remove(), "saved below");
    fs::remove_file(root.event().join("debug/.saved")).unwrap();
    fs::create_dir_all(root.event().join("debug/deeper")).unwrap();
    fs::write(root.event().join("debug/deeper/notes"), "").unwrap();
    root.check_stays(root.remove(), "nested");
    fs::remove_dir_all(root.event().join("debug/deeper")).unwrap();
    std::os::unix::fs::symlink("/etc/hosts", root.event().join("link")).unwrap();
    root.check_stays(root.remove(), "a link");
    fs::remove_file(root.event().join("link")).unwrap();
    assert!(root.remove().0.unwrap(), "and nothing else was in its way");
}

#[test]
fn missing_events_and_links_are_no_candidates() {
    let root = Root::new();
    let away = root.folder.path().join("away");
    fs::rename(root.event(), &away).unwrap();
    assert!(!root.remove().0.unwrap(), "vanished");
    std::os::unix::fs::symlink(&away, root.event()).unwrap();
    assert!(!root.remove().0.unwrap_or(false), "a link");
    assert!(away.join("video.mp4").is_file());
    fs::remove_file(root.event()).unwrap();
    fs::remove_dir(root.event().parent().unwrap()).unwrap();
    assert!(!root.remove().0.unwrap(), "its day vanished");
}

#[test]
fn another_archive_loses_nothing_in_place() {
    let root = Root::new();
    root.tree.identify();
    let id = Root::id();
    let mut pass = root.tree.begin_pass(vec![Root::item()], Actor::Rule, None, root.clock.now()).unwrap();
    fs::write(root.tree.marker_path(), r#"{"owlery":1,"archive":"another"}"#).unwrap();
    let done = pass.remove_in_place(&Root::item(), &[id.name], id.name, &|_, _, _| Ok(None), || {});
    assert!(matches!(done, Err(Error::Refused { guard: Guard::Marker, .. })), "{done:?}");
    assert_eq!(root.files(), 4);
}

#[test]
fn an_event_changed_meanwhile_goes_back() {
    let changes: [fn(PathBuf); 3] = [
        |event| fs::write(event.join(".saved"), "").unwrap(),
        |event| append(&event.join("video.mp4")), // no directory's time shows it
        |event| fs::write(event.join("debug/10-04-37-00m.jpg"), "").unwrap(),
    ];
    for (nth, change) in changes.iter().enumerate() {
        let root = Root::new();
        let id = Root::id();
        let mut pass = root.tree.begin_pass(vec![Root::item()], Actor::Rule, None, root.clock.now()).unwrap();
        // The last check before the rename.
        let inspection = |_: &DayDir, _: EventName, _: i64| {
            change(root.event());
            Ok(None)
        };
        let done = pass.remove_in_place(&Root::item(), &[id.name], id.name, &inspection, || panic!("{nth} is noted"));
        assert!(!done.unwrap(), "{nth}");
        assert_eq!(root.files(), 4, "{nth}");
    }
}

fn append(path: &Path) {
    fs::File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
}

#[test]
fn a_stop_leaves_an_event_whole_or_decided() {
    for (step, stage) in [
        ("in-place-1", None),
        ("in-place-2", Some(InPlace::Moved)),
        ("in-place-3", Some(InPlace::Moved)),
        ("in-place-4", Some(InPlace::Removing)),
        ("in-place-5", Some(InPlace::Removing)),
    ] {
        let root = Root::new();
        assert!(stop_at(Some(step), || root.remove()).is_none(), "{step}");
        let left: Vec<InPlace> = root.tree.in_place().unwrap().into_iter().map(|(_, stage)| stage).collect();
        assert_eq!(left, stage.into_iter().collect::<Vec<_>>(), "{step}");
        match stage {
            None => assert_eq!(root.files(), 4, "{step}"),
            Some(InPlace::Moved) => {
                root.tree.put_back_in_place(&Root::id()).unwrap();
                assert_eq!(root.files(), 4, "{step}");
            }
            Some(InPlace::Removing) => {
                root.tree.go_on_in_place(&Root::id()).unwrap();
                root.tree.forget_in_place(&Root::id()).unwrap();
                assert!(!root.event().exists(), "{step}");
            }
        }
        assert!(root.tree.in_place().unwrap().is_empty(), "{step}");
    }
}

#[test]
fn what_goes_back_overwrites_nothing() {
    let root = Root::new();
    stop_at(Some("in-place-2"), || root.remove());
    fs::create_dir_all(root.event()).unwrap();
    fs::write(root.event().join("new.jpg"), "").unwrap();
    assert!(root.tree.put_back_in_place(&Root::id()).is_err());
    assert!(root.event().join("new.jpg").is_file());
    assert_eq!(root.tree.in_place().unwrap(), [(Root::id(), InPlace::Moved)]);
}
