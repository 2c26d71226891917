//! Events that change between an early inspection and their turn in the pass.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::NaiveDate;

use crate::clock::{Clock, ManualClock, Now};
use crate::event::{Actor, Camera, Day, EventName, EventSelection, Item};
use crate::{DayDir, EarlyInspections, Retired, Stay, Tree};

const DAY: &str = "2026-09-30";
const NAMES: [&str; 2] = ["10-04-36", "11-00-00"];

fn event(root: &Path, name: &str) -> PathBuf {
    root.join("Camera1").join(DAY).join(name)
}

fn make(root: &Path) {
    for name in NAMES {
        let event = event(root, name);
        fs::create_dir_all(&event).unwrap();
        fs::write(event.join("video.mp4"), name).unwrap();
        make_old(&event);
    }
}

/// The whole day.
fn item() -> Item {
    let (camera, day): (Camera, Day) = ("Camera1".parse().unwrap(), DAY.parse().unwrap());
    Item { camera, day, events: EventSelection::All, count: 2, bytes: None, frees: None, reason: "old".into() }
}

fn noon() -> Now {
    let noon = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
    ManualClock::new(noon).now()
}

/// Makes an event's directory and the files in it of long ago.
fn make_old(event: &Path) {
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for path in fs::read_dir(event).unwrap().map(|entry| entry.unwrap().path()).chain([event.to_path_buf()]) {
        fs::File::open(path).unwrap().set_modified(old).unwrap();
    }
}

/// Appends to a file, or begins it.
fn append(path: &Path) {
    fs::File::options().append(true).create(true).open(path).unwrap().write_all(b"more").unwrap();
}

/// Retires the day with inspections that were made before `change`. Returns the result, and how often an event's time
/// was judged.
fn retire_after(root: &Path, change: impl FnOnce()) -> (Retired, u32) {
    retire_on(root, true, change)
}

/// The same on a filesystem that has change times, or has none (FAT).
fn retire_on(root: &Path, has_change_times: bool, change: impl FnOnce()) -> (Retired, u32) {
    let tree = Tree::open(root, "Camera.*").unwrap();
    let names = NAMES.map(|name| name.parse::<EventName>().unwrap());
    let cameras = tree.cameras().unwrap().open;
    let seen = cameras[0].day(item().day).unwrap();
    let mut early = EarlyInspections::of(&seen).unwrap();
    early.has_change_times &= has_change_times;
    for name in names {
        early.add(name, seen.inspect_event(name).unwrap());
    }
    change();
    let mut pass = tree.begin_pass(vec![item()], Actor::Rule, None, noon()).unwrap();
    pass.set_early(early);
    let judged = Cell::new(0);
    let why_stays = |_: &DayDir, _: EventName, newest: i64| {
        judged.set(judged.get() + 1);
        Ok((newest > 1_000_000_000 * 1_000_000_000).then_some(Stay::BeingWritten))
    };
    let retired = pass.retire(&item(), &names, &why_stays).unwrap();
    pass.finish().unwrap();
    (retired, judged.get())
}

#[test]
fn early_looks_serve_unchanged_events() {
    let root = tempfile::tempdir().unwrap();
    make(root.path());
    let (retired, judged) = retire_after(root.path(), || {});
    assert_eq!((retired.events.len(), retired.day_gone, judged), (2, true, 2));
    assert!(!root.path().join("Camera1").join(DAY).exists());
}

#[test]
fn an_event_saved_after_its_early_look_stays() {
    let root = tempfile::tempdir().unwrap();
    make(root.path());
    let (retired, _) =
        retire_after(root.path(), || fs::write(event(root.path(), NAMES[1]).join(".saved"), "").unwrap());
    assert_eq!(retired.events.len(), 1, "{retired:?}");
    assert!(event(root.path(), NAMES[1]).join("video.mp4").exists());
    assert!(!event(root.path(), NAMES[0]).exists());
}

/// `rsync -a` restores the directory's time after it has written `.saved`.
#[test]
fn an_event_saved_by_rsync_early_stays() {
    for (other_is_saved, has_change_times) in [(false, true), (true, true), (false, false), (true, false)] {
        let root = tempfile::tempdir().unwrap();
        make(root.path());
        if other_is_saved {
            fs::write(event(root.path(), NAMES[0]).join(".saved"), "").unwrap(); // then events go one by one
        }
        let (retired, _) = retire_on(root.path(), has_change_times, || {
            let event = event(root.path(), NAMES[1]);
            let time = event.metadata().unwrap().modified().unwrap();
            fs::write(event.join(".saved"), "").unwrap();
            fs::File::open(event).unwrap().set_modified(time).unwrap();
        });
        assert!(
            event(root.path(), NAMES[1]).join("video.mp4").exists(),
            "{other_is_saved} {has_change_times}: {retired:?}"
        );
    }
}

/// Motion appended to a movie after the look: no directory's time shows it, and the recording went with the day.
#[test]
fn an_event_appended_to_after_its_look_stays() {
    for (grown, other_is_saved) in
        [("video.mp4", false), ("video.mp4", true), ("debug/video.mp4", false), ("debug/m.jpg", true)]
    {
        let root = tempfile::tempdir().unwrap();
        make(root.path());
        if other_is_saved {
            fs::write(event(root.path(), NAMES[0]).join(".saved"), "").unwrap(); // then events go one by one
        }
        let event = event(root.path(), NAMES[1]);
        fs::create_dir(event.join("debug")).unwrap();
        fs::write(event.join("debug/video.mp4"), "").unwrap();
        make_old(&event.join("debug"));
        make_old(&event);
        let (retired, _) = retire_after(root.path(), || append(&event.join(grown)));
        assert!(event.join(grown).exists(), "{grown}, {other_is_saved}: {retired:?}");
    }
}

/// A day that changes between each inspection and its move is moved back twice, which is a failure; nothing is lost.
#[test]
fn a_second_put_back_is_a_failure() {
    let root = tempfile::tempdir().unwrap();
    make(root.path());
    let tree = Tree::open(root.path(), "Camera.*").unwrap();
    let names = NAMES.map(|name| name.parse::<EventName>().unwrap());
    let mut pass = tree.begin_pass(vec![item()], Actor::Rule, None, noon()).unwrap();
    let judged = Cell::new(0);
    let why_stays = |_: &DayDir, name: EventName, _: i64| {
        append(&event(root.path(), &name.text()).join("video.mp4"));
        judged.set(judged.get() + 1);
        Ok(None)
    };
    let retired = pass.retire(&item(), &names, &why_stays).unwrap();
    pass.finish().unwrap();
    assert_eq!(judged.get(), 4, "there is no third try");
    assert!(retired.put_back && retired.events.is_empty() && !retired.day_gone, "{retired:?}");
    assert!(retired.kept.is_empty() && retired.failures.len() == 1, "{retired:?}");
    assert!(retired.failures[0].unreadable && retired.failures[0].problem.contains("it changed"), "{retired:?}");
    assert!(NAMES.iter().all(|name| event(root.path(), name).join("video.mp4").exists()));
}

/// Inspections of another directory of that name say nothing about this one.
#[test]
fn looks_at_a_replaced_day_are_dropped() {
    let root = tempfile::tempdir().unwrap();
    make(root.path());
    let (retired, _) = retire_after(root.path(), || {
        let day = root.path().join("Camera1").join(DAY);
        fs::rename(&day, root.path().join("aside")).unwrap();
        make(root.path());
        fs::write(event(root.path(), NAMES[0]).join(".saved"), "").unwrap();
    });
    assert_eq!(retired.events.len(), 1, "{retired:?}");
    assert!(event(root.path(), NAMES[0]).join("video.mp4").exists());
}

/// It stays, its day goes event by event, and that is no failure.
#[test]
fn an_event_without_its_copy_stays() {
    let root = tempfile::tempdir().unwrap();
    make(root.path());
    let tree = Tree::open(root.path(), "Camera.*").unwrap();
    let names = NAMES.map(|name| name.parse::<EventName>().unwrap());
    let mut pass = tree.begin_pass(vec![item()], Actor::Rule, None, noon()).unwrap();
    let why_stays = |_: &DayDir, name: EventName, _: i64| Ok((name == names[0]).then_some(Stay::NotCopied));
    let retired = pass.retire(&item(), &names, &why_stays).unwrap();
    pass.finish().unwrap();
    assert_eq!((&retired.events[..], retired.failures.len(), retired.day_gone), (&names[1..], 0, false));
    assert!(retired.kept[0].problem.contains("no copy"), "{retired:?}");
    assert!(event(root.path(), NAMES[0]).join("video.mp4").exists());
}
