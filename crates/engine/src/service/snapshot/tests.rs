use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::archive::Depth;
use crate::clock::ManualClock;
use crate::retention::{Keep, Policy};
use crate::scan::Progress;
use crate::service::{Archive, OpenArchive, Options};

const DAY: u64 = 86_400;

/// An archive with these events, at noon of 20 November.
fn open(root: &Path, events: &[&str], policy: Policy) -> OpenArchive {
    for id in events {
        fs::create_dir_all(root.join(id)).unwrap();
    }
    let clock = ManualClock::new("2026-11-20T12:00:00".parse().unwrap());
    let parts =
        Archive::open(Options::new(root).policy(policy).clock(Arc::new(clock))).unwrap().open_catalog().unwrap();
    parts.preload(Depth::Full, &Progress::default()).unwrap();
    parts
}

fn ten_days() -> Policy {
    Policy { keep: Some(Keep::Days(10)), max_share: 1.0, ..Policy::default() }
}

fn overdue(parts: &OpenArchive) -> Vec<Option<u64>> {
    let snapshot = parts.handle().snapshot();
    assert_eq!(snapshot.troubles, Vec::<String>::new());
    snapshot.cameras.into_iter().map(|camera| camera.overdue).collect()
}

#[test]
fn a_day_is_overdue_from_midnight_on() {
    let folder = tempfile::tempdir().unwrap();
    let events = [
        "Camera1/2026-11-10/10-00-00", // the tenth day before today is kept
        "Camera2/2026-11-09/10-00-00", // the eleventh is overdue since midnight
        "Camera3/2026-10-31/10-00-00", // the twentieth since nine days before
        "Camera4/2026-01-01/10-00-00",
    ];
    let mut policy = ten_days();
    policy.cameras.insert("Camera4".parse().unwrap(), Keep::Forever);
    let parts = open(folder.path(), &events, policy);
    let noon = DAY / 2;
    assert_eq!(overdue(&parts), [Some(0), Some(noon), Some(9 * DAY + noon), None]);
    parts.handle().pass(None).unwrap();
    assert_eq!(overdue(&parts), [Some(0), Some(0), Some(0), None]);
}

#[test]
fn saved_and_restored_days_are_not_overdue() {
    let folder = tempfile::tempdir().unwrap();
    let events = ["Camera1/2026-11-01/10-00-00", "Camera1/2026-11-02/10-00-00", "Camera1/2026-11-05/10-00-00"];
    let parts = open(folder.path(), &events, ten_days());
    let id = |at: usize| events[at].parse().unwrap();
    assert_eq!(overdue(&parts), [Some(8 * DAY + DAY / 2)]);
    parts.handle().set_saved(&id(0), true).unwrap();
    assert_eq!(overdue(&parts), [Some(7 * DAY + DAY / 2)]);
    let pass = parts.handle().delete(&[id(1)]).unwrap().pass.unwrap();
    assert_eq!(overdue(&parts), [Some(4 * DAY + DAY / 2)]);
    parts.handle().restore(&pass).unwrap();
    assert_eq!(overdue(&parts), [Some(4 * DAY + DAY / 2)], "it is there again, and kept for a while");
}

#[test]
fn ages_are_of_the_first_and_last_event() {
    let folder = tempfile::tempdir().unwrap();
    let events = ["Camera1/2026-11-18/12-00-00", "Camera1/2026-11-19/12-00-00", "Camera1/2026-11-20/11-00-00"];
    let parts = open(folder.path(), &events, Policy::default());
    fs::create_dir(folder.path().join("Camera2")).unwrap();
    parts.preload(Depth::Full, &Progress::default()).unwrap();
    let snapshot = parts.handle().snapshot();
    let ages: Vec<_> = snapshot.cameras.iter().map(|camera| camera.ages).collect();
    assert_eq!(ages, [Some((2 * 86_400, 3600)), None]);
    let days: Vec<_> = snapshot.cameras.iter().map(|camera| camera.info.summary.day_count).collect();
    assert_eq!(days, [3, 0]);
    assert_eq!(snapshot.guards.len(), 11);
}

#[test]
fn a_pass_in_several_queues_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let parts = open(folder.path(), &["Camera1/2026-11-01/10-00-00", "Camera1/2026-11-02/10-00-00"], ten_days());
    let pass = parts.handle().pass(None).unwrap().pass.unwrap();
    let sums = parts.handle().snapshot().queue.unwrap();
    assert_eq!((sums.passes, sums.events), (1, 2));
    let part = folder.path().join("Camera1/delete_queue").join(&pass);
    fs::create_dir_all(&part).unwrap();
    fs::copy(folder.path().join("delete_queue").join(&pass).join("pass.json"), part.join("pass.json")).unwrap();
    assert_eq!(parts.handle().snapshot().queue.unwrap(), sums);
}
