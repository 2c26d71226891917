//! Directories that look like events or cameras and are not, or have unusual names: nothing of them is lost, and all
//! are reported.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::world::{KEEP_45_DAYS, World, days_ago, event_id, wait_until};

/// Motion with `%Y-%m-%d/%H/%M-%S`: what is named `08` is an hour, with files that Owlery does not know.
#[test]
fn hour_directories_are_kept_and_told() {
    let world = World::new();
    for (days, hour) in [(60, "00"), (60, "08"), (60, "23"), (1, "08")] {
        let dir = world.path(event_id("Camera1", days, hour));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("15-30.mp4"), "x").unwrap();
        fs::write(dir.join("15-30-00.jpg"), "x").unwrap();
    }
    world.make_old();
    assert_eq!(world.list(), Vec::<serde_json::Value>::new());
    let plan = world.run("plan", &KEEP_45_DAYS);
    assert!(plan.stdout.contains("no events") && plan.stdout.contains("each hour"), "{plan:?}");
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(world.has(format!("Camera1/{}/08/15-30.mp4", days_ago(60))), "{ran:?}");
    let check = world.run("check", &[]);
    assert!(check.stdout.contains(&format!("{}/08: not an event's", days_ago(60))), "{check:?}");
}

/// Hour directories with frames of their own hour; beside them Motion's numbers still expire.
#[test]
fn hours_of_frames_stay_where_numbers_expire() {
    let world = World::new();
    let make = |camera: &str, name: &str, frames: &[&str]| {
        let dir = world.path(event_id(camera, 60, name));
        fs::create_dir_all(&dir).unwrap();
        for frame in frames {
            fs::write(dir.join(frame), "x").unwrap();
        }
    };
    make("Camera1", "08", &["08-15-30-00.jpg", "08-40-00-00.jpg"]);
    make("Camera1", "09", &["09-15-30-00.jpg"]);
    // Event 08 happened to be at eight; 07 before it proves that these are numbers.
    make("Camera2", "07", &["06-50-00-00.jpg"]);
    make("Camera2", "08", &["08-15-30-00.jpg"]);
    world.make_old();
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(world.has(format!("Camera1/{}/08/08-15-30-00.jpg", days_ago(60))), "{ran:?}");
    assert!(world.has(format!("Camera1/{}/09/09-15-30-00.jpg", days_ago(60))), "{ran:?}");
    assert!(!world.has(format!("Camera2/{}", days_ago(60))), "{ran:?}");
}

/// While the daemon runs, a number is an event as soon as its frames show it, and an hour is not.
#[test]
fn a_new_hour_directory_becomes_no_event() {
    let world = World::new();
    let day = days_ago(0);
    fs::create_dir_all(world.path(format!("Camera1/{day}"))).unwrap();
    let daemon = world.serve(&[]);
    for (name, file) in [("08", "15-30.mp4"), ("45", "10-00-00-00.jpg")] {
        let dir = world.path(format!("Camera1/{day}/{name}"));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(file), "x").unwrap();
    }
    let ids = || daemon.events().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    wait_until("the event alone is listed", || ids() == [format!("Camera1/{day}/45")]);
    assert_eq!(daemon.stop(), 0);
}

/// Cameras that the pattern leaves out, and names that are no text, are named with the cure.
#[test]
fn directories_with_days_are_named_as_cameras() {
    let world = World::new();
    world.old_event("Camera1", 1, "10-00-00");
    world.old_event("Frontdoor", 1, "10-00-00");
    fs::create_dir_all(world.path(OsStr::from_bytes(b"Camera\xff")).join(days_ago(2))).unwrap();
    for not in ["backup/notes", "lost+found/2026-01-01", "queue/2026-01-01", "delete_queue/2026-01-01", ".x/2026-01-01"]
    {
        fs::create_dir_all(world.path(not)).unwrap();
    }
    let check = world.run("check", &[]);
    assert_eq!(check.code, 1, "{check:?}");
    assert!(check.stdout.contains("--camera-pattern 'Camera.*|Frontdoor'"), "{check:?}");
    assert!(check.stdout.contains("not UTF-8"), "{check:?}");
    let daemon = world.serve(&[]);
    let alerts = || daemon.get("/readyz").json()["alerts"].as_array().unwrap().clone();
    wait_until("both are alerts", || alerts().len() == 2);
    assert!(
        alerts().iter().any(|alert| alert.as_str().unwrap().contains("Frontdoor: it holds days")),
        "{:?}",
        alerts()
    );
    daemon.wait_for_log("Frontdoor");
    assert_eq!(daemon.get("/readyz").json()["ready"], true);
    assert_eq!(daemon.stop(), 0);
    let check = world.run("check", &["--camera-pattern", "Camera.*|Frontdoor"]);
    assert!(!check.stdout.contains("Frontdoor: it holds days"), "{check:?}");
}
