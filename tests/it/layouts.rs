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

/// A host with hour directories has markers `queue/CAMERA_DAY_08` too, from `text_event %Y-%m-%d/%H`: found by breaking it.
#[test]
fn markers_do_not_make_hours_events() {
    let world = World::new();
    let day = days_ago(60);
    fs::create_dir(world.path("queue")).unwrap();
    for hour in ["07", "08", "09"] {
        numbered(&world, "Camera1", 60, hour, &[&format!("{hour}-15-30-00.jpg")]);
        fs::write(world.path("queue").join(format!("Camera1_{day}_{hour}")), "").unwrap();
    }
    let id = numbered(&world, "Camera2", 60, "08", &["08-15-30-00.jpg"]);
    fs::write(world.path("queue").join(format!("Camera2_{day}_08")), "").unwrap();
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(world.has(event_id("Camera1", 60, "07")) && world.has(&id), "{ran:?}");
    assert_eq!(ids(&world, &[]), [""; 0]);
}

/// The next day's number after an hour, or a directory in which only a desktop left a file, proves no event.
#[test]
fn other_days_and_hidden_files_prove_no_event() {
    let world = World::new();
    let last = numbered(&world, "Camera1", 61, "23", &["23-10-00-00.jpg"]);
    numbered(&world, "Camera1", 60, "24", &["00-20-00-00.jpg"]);
    let hour = numbered(&world, "Camera2", 60, "08", &["08-15-30-00.jpg"]);
    for hidden in [".DS_Store", ".nfs0000000000000001", ".saved", ".owlery.json"] {
        numbered(&world, "Camera2", 60, "09", &[hidden]);
        assert!(!ids(&world, &[]).contains(&hour), "{hidden}");
        fs::remove_file(world.path(event_id("Camera2", 60, "09")).join(hidden)).unwrap();
    }
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(world.has(last) && world.has(hour), "{ran:?}");
}

/// What is wrong with Motion's configuration was only in the log of a daemon's start.
#[test]
fn warnings_of_motion_conf_reach_a_person() {
    let world = World::new();
    world.old_event("Camera1", 1, "10-00-00");
    let conf = world.outside("conf").join("motion.conf");
    let write = |options: &str| fs::write(&conf, format!("target_dir {}/Camera1\n{options}", world.root.display()));
    let flags = ["--motion-conf", conf.to_str().unwrap()];
    let events = "text_event %Y-%m-%d/%H-%M-%S\nmovie_filename %C/video\n";
    for (options, word, code) in [
        (format!("{events}movie_max_time 60\n"), "problem", 1),
        (format!("{events}movie_max_time 0\nevent_gap 0\n"), "note", 0),
        ("movie_filename %Y-%m-%d/%H-%M-%S/movies/video\nmovie_max_time 0\n".to_owned(), "note", 0),
        ("target_dir /elsewhere\n".to_owned(), "note", 0),
    ] {
        write(&options).unwrap();
        let said = owlery::MotionConf::read(&conf).unwrap().warnings(&world.root).remove(0);
        let ran = world.run("check", &flags);
        assert_eq!(ran.code, code, "{options}: {ran:?}");
        assert!(ran.stdout.contains(&format!("{word}: {}: {said}\n", conf.display())), "{options}: {ran:?}");
        let told = world.run("check", &[&flags[..], &["--json"]].concat()).json();
        assert_eq!(told[format!("{word}s")][0]["problem"], said.as_str(), "{told}");
        let daemon = world.serve(&flags);
        daemon.wait_for_log(&format!("Motion's configuration: {said}"));
        assert_eq!(daemon.stop(), 0);
    }
    write(&format!("{events}movie_max_time 0\n")).unwrap();
    let ran = world.run("check", &flags);
    assert!(ran.code == 0 && !ran.stdout.contains("motion.conf"), "{ran:?}");
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
    assert_eq!(ids(&world, &flags), std::slice::from_ref(&id));
    for hours in [
        "movie_output off\npicture_filename %Y-%m-%d/%H/%H-%M-%S-%q",
        "picture_filename %Y-%m-%d/%v/%H-%M-%S-%q\nmovie_filename %Y-%m-%d/%H/%H-%M-%S",
        "picture_filename %Y-%m-%d/%v/%H-%M-%S-%q\nmovie_output off\nsnapshot_filename %Y-%m-%d/%H/%H-%M-%S-00",
    ] {
        write(hours);
        assert_eq!(ids(&world, &flags), [""; 0], "{hours}");
    }
    write("picture_filename %Y-%m-%d/%v/%H-%M-%S-%q\nmovie_output off");
    // The day may be older than the configuration: it has directories of hours.
    for (hour, file) in [("05", "05-05-00-00.jpg"), ("10", "15-30.mp4"), ("10", "notes.txt")] {
        let other = numbered(&world, "Camera1", 60, hour, &[file]);
        assert_eq!(ids(&world, &flags), [""; 0], "{hour}/{file}");
        fs::remove_dir_all(world.path(other)).unwrap();
    }
    let other = numbered(&world, "Camera1", 60, "30", &["12-00-00-00.jpg"]);
    assert_eq!(ids(&world, &flags), [id, other], "an event");
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
