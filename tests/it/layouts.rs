//! Directories that look like events or cameras and are not, or have unusual names: nothing of them is lost, and all
//! are reported.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::world::{KEEP_45_DAYS, Ran, World, days_ago, event_id, wait_until};

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

/// Makes a directory with these frames, as old as its day; returns its id.
fn numbered(world: &World, camera: &str, days: u64, name: &str, frames: &[&str]) -> String {
    let id = event_id(camera, days, name);
    fs::create_dir_all(world.path(&id)).unwrap();
    for frame in frames {
        fs::write(world.path(&id).join(frame), "x").unwrap();
    }
    world.make_old();
    id
}

/// The ids that `owlery list` prints with these flags, sorted.
fn ids(world: &World, flags: &[&str]) -> Vec<String> {
    let ran = world.run("list", &[&["--json"], flags].concat());
    let listed = ran.json()["events"].as_array().unwrap().clone();
    let mut ids: Vec<String> = listed.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Motion's marker names the event `01` of one o'clock, which its frames alone do not tell from an hour.
#[test]
fn a_marker_makes_a_number_an_event() {
    let world = World::new();
    let id = numbered(&world, "Camera1", 60, "01", &["01-05-00-00.jpg", "01-05-09-00.jpg"]);
    assert_eq!(ids(&world, &[]), [""; 0]);
    assert_eq!(world.run("scan", &[]).code, 0);
    let marker = world.path("queue").join(id.replace('/', "_"));
    fs::create_dir(world.path("queue")).unwrap();
    fs::write(marker.with_file_name(format!("Camera2_{}_01", days_ago(60))), "").unwrap();
    assert_eq!(ids(&world, &[]), [""; 0], "another camera's");
    fs::write(&marker, "").unwrap();
    assert_eq!(world.run("scan", &[]).code, 0);
    assert_eq!(ids(&world, &[]), std::slice::from_ref(&id));
    let next = numbered(&world, "Camera1", 60, "02", &["02-30-00-00.jpg"]);
    assert_eq!(world.run("scan", &[]).code, 0);
    assert_eq!(ids(&world, &[]), [id.clone(), next.clone()], "the numbers beside it are events too");
    fs::remove_dir_all(world.path(next)).unwrap();
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &["--undo-window", "1d"]].concat());
    assert!(ran.code == 0 && !world.has(format!("Camera1/{}", days_ago(60))), "{ran:?}");
    fs::remove_file(&marker).unwrap();
    let pass = world.queued()[0].file_name().unwrap().to_str().unwrap().to_owned();
    let ran = world.run("restore", &[&pass]);
    assert!(ran.code == 0 && ran.stdout.contains("restored 1 event") && world.has(&id), "{ran:?}");
}

/// Motion goes on counting after midnight: the first event of a day proves the last of the day before. What it is taken for
/// follows that evidence, although its own day does not change.
#[test]
fn numbers_go_on_in_the_next_day() {
    let world = World::new();
    let last = numbered(&world, "Camera1", 61, "03", &["03-10-00-00.jpg"]);
    assert_eq!(world.run("scan", &[]).code, 0);
    assert_eq!(ids(&world, &[]), [""; 0]);
    let first = numbered(&world, "Camera1", 60, "04", &["10-20-00-00.jpg"]);
    assert_eq!(world.run("scan", &[]).code, 0);
    assert_eq!(ids(&world, &[]), [&last, &first].map(String::clone));
    assert_eq!(world.run("check", &[]).code, 0);
    // Two numbers that are the hours of their contents are rather hours.
    let hour = numbered(&world, "Camera1", 61, "01", &["01-00-00-00.jpg"]);
    assert_eq!(world.run("scan", &[]).code, 0);
    assert_eq!(ids(&world, &[]), std::slice::from_ref(&first));
    fs::remove_dir_all(world.path(hour)).unwrap();
    // The count begins anew here.
    let again = numbered(&world, "Camera1", 60, "03", &["09-00-00-00.jpg"]);
    assert_eq!(world.run("scan", &[]).code, 0);
    assert_eq!(ids(&world, &[]), [again.clone(), first]);
    fs::remove_dir_all(world.path(again)).unwrap();
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(ran.code == 0 && ran.stdout.contains("retired 2 events") && !world.has(last), "{ran:?}");
}

/// Motion's configuration says that numbers are events, unless the day looks like a day of hours.
#[test]
fn motion_conf_makes_a_number_an_event() {
    let world = World::new();
    let id = numbered(&world, "Camera1", 60, "01", &["01-05-00-00.jpg"]);
    let conf = world.outside("conf").join("motion.conf");
    let flags = ["--motion-conf", conf.to_str().unwrap()];
    let write = |names: &str| {
        let root = world.root.display();
        fs::write(&conf, format!("target_dir {root}/Camera1\npicture_output on\n{names}\n")).unwrap();
    };
    write("picture_filename %Y-%m-%d/%v/%H-%M-%S-%q\nmovie_output off");
    assert_eq!(ids(&world, &[]), [""; 0]);
    assert_eq!(ids(&world, &flags), [id]);
    for hours in [
        "movie_output off\npicture_filename %Y-%m-%d/%H/%H-%M-%S-%q",
        "picture_filename %Y-%m-%d/%v/%H-%M-%S-%q\nmovie_filename %Y-%m-%d/%H/%H-%M-%S",
    ] {
        write(hours);
        assert_eq!(ids(&world, &flags), [""; 0], "{hours}");
    }
    write("picture_filename %Y-%m-%d/%v/%H-%M-%S-%q\nmovie_output off");
    numbered(&world, "Camera1", 60, "05", &["05-05-00-00.jpg"]);
    assert_eq!(ids(&world, &flags), [""; 0], "two hours");
}

/// A numbered event that was alone in its pass was missing in the audit log after a crash.
#[test]
fn a_lone_number_in_a_pass_is_recorded() {
    let world = World::new();
    numbered(&world, "Camera1", 60, "07", &["06-50-00-00.jpg"]);
    let id = numbered(&world, "Camera1", 60, "08", &["08-15-00-00.jpg"]);
    let mut command = world.command("delete", [&id]);
    command.env("OWLERY_FAULT", "retire-8");
    assert_eq!(Ran::of(command).code, -1);
    assert_eq!(world.run("expire", &[]).code, 0);
    let audit = world.run("audit", &[]);
    assert!(audit.stdout.contains(&id), "{audit:?}");
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
        alerts().iter().any(|alert| alert.as_str().unwrap().contains("Frontdoor: it contains days")),
        "{:?}",
        alerts()
    );
    daemon.wait_for_log("Frontdoor");
    assert_eq!(daemon.get("/readyz").json()["ready"], true);
    assert_eq!(daemon.stop(), 0);
    let check = world.run("check", &["--camera-pattern", "Camera.*|Frontdoor"]);
    assert!(!check.stdout.contains("Frontdoor: it contains days"), "{check:?}");
}
