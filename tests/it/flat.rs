//! Flat layouts: the real output of Motion and motionEye without event directories, listed, opened, saved, retired and
//! restored by the library.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use owlery::{Archive, Depth, Event, EventId, ManualClock, MediaPath, OpenArchive, Options, Progress, Query};

use crate::world::World;

const MOTIONEYE: &str = "%Y-%m-%d/%H-%M-%S";
const MOTION_5: &str = "%v-%{movienbr}-%Y%m%d%H%M%S";

fn options(world: &World, pattern: &str) -> Options {
    Options::new(world.path("")).layout(None, pattern.parse().unwrap())
}

/// Opens an archive and measures all of it.
fn measured(options: Options) -> OpenArchive {
    let open = Archive::open(options).unwrap().open_aside().unwrap();
    open.preload(Depth::Full, &Progress::default()).unwrap();
    open
}

/// Every event, oldest first.
fn events(open: &OpenArchive) -> Vec<Event> {
    let mut events = open.handle().events(&Query::new().limit(1000)).unwrap().events;
    events.sort_by_key(|event| event.id.clone());
    events
}

/// An event in a line: its id, start, length, frames, bytes, movies, debug movie and thumbnail.
fn line(event: &Event) -> String {
    let details = &event.details;
    let videos: Vec<&str> = details.videos.iter().map(|movie| movie.name.as_str()).collect();
    format!(
        "{} {} {}s {} frames {} bytes, {}; {}; {}",
        event.id,
        details.start.format("%H:%M:%S"),
        (details.end - details.start).num_seconds(),
        details.frames.unwrap(),
        details.bytes.unwrap(),
        videos.join(" "),
        details.debug_video.as_ref().map_or_else(|| "-".to_owned(), |debug| debug.path().into_owned()),
        details.thumbnail.as_ref().unwrap().file_name(),
    )
}

/// What `check` notes, without the root.
fn notes(world: &World, pattern: &str) -> Vec<String> {
    let findings = Archive::open(options(world, pattern)).unwrap().check().unwrap();
    assert_eq!(findings.problems, []);
    let root = world.path("").canonicalize().unwrap();
    let below = |path: &std::path::Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
    let notes = findings.notes.iter().filter(|note| !note.problem.contains("no catalog yet"));
    notes.map(|note| format!("{}: {}", below(&note.path), note.problem)).collect()
}

/// motionEye's own names. Camera1 keeps the best picture of an event, Camera2 all of them, Camera3 takes a snapshot every 10 s.
#[test]
fn motioneye_events_are_movies() {
    let world = World::unpacked("versions/motioneye-0.44.0-flat", "motioneye-0.44.0-flat/media");
    let open = measured(options(&world, MOTIONEYE));
    let lines: Vec<String> = events(&open).iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "Camera1/2026-11-28/13-10-02 13:10:02 9s 1 frames 155447 bytes, 13-10-02.mp4; -; 13-10-02.mp4.thumb",
            "Camera1/2026-11-28/13-10-17 13:10:17 8s 1 frames 136661 bytes, 13-10-17.mp4; -; 13-10-17.mp4.thumb",
            "Camera1/2026-11-28/13-10-32 13:10:32 5s 1 frames 98591 bytes, 13-10-32.mp4; -; 13-10-32.mp4.thumb",
            "Camera1/2026-11-28/13-10-52 13:10:52 6s 1 frames 101051 bytes, 13-10-52.mp4; -; 13-10-52.mp4.thumb",
            "Camera1/2026-11-28/13-11-04 13:11:04 6s 1 frames 97875 bytes, 13-11-04.mp4; -; 13-11-05-00.jpg",
            "Camera2/2026-11-28/13-10-02 13:10:02 36s 38 frames 812293 bytes, 13-10-02.mp4; -; 13-10-02.mp4.thumb",
            "Camera2/2026-11-28/13-10-55 13:10:55 5s 6 frames 122578 bytes, 13-10-55.mp4; -; 13-10-55.mp4.thumb",
            "Camera2/2026-11-28/13-11-08 13:11:08 2s 3 frames 62327 bytes, 13-11-08.mp4; -; 13-11-08-00.jpg",
            "Camera3/2026-11-28/13-10-02 13:10:02 9s 2 frames 198034 bytes, 13-10-02.mp4; 13-10-02m.mp4; 13-10-02.mp4.thumb",
            "Camera3/2026-11-28/13-10-17 13:10:17 8s 1 frames 154598 bytes, 13-10-17.mp4; 13-10-17m.mp4; 13-10-17.mp4.thumb",
            "Camera3/2026-11-28/13-10-32 13:10:32 6s 1 frames 113228 bytes, 13-10-32.mp4; 13-10-32m.mp4; 13-10-32.mp4.thumb",
            "Camera3/2026-11-28/13-10-52 13:10:52 6s 2 frames 118803 bytes, 13-10-52.mp4; 13-10-52m.mp4; 13-10-52.mp4.thumb",
            "Camera3/2026-11-28/13-11-04 13:11:04 6s 2 frames 112732 bytes, 13-11-04.mp4; 13-11-04m.mp4; 13-11-00-00.jpg",
        ]
    );
    assert_eq!(notes(&world, MOTIONEYE), ["Camera3/lastsnap.jpg: not an event's; it is never touched"]);
}

/// Everything of Motion 5 in one directory without one for the camera, two movies for each event.
#[test]
fn numbers_make_events_of_stamps() {
    let world = World::unpacked("versions/motion-5.0.0-default-flat", "motion-5.0.0-default-flat");
    let lines: Vec<String> = events(&measured(options(&world, MOTION_5))).iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "motion/2026-11-28/13-17-08 13:17:07 6s 28 frames 205381 bytes, \
             01-1-20261128131708.mkv 01-2-20261128131713.mkv; -; 13-17-09-01.jpg",
            "motion/2026-11-28/13-17-20 13:17:20 8s 41 frames 289842 bytes, \
             02-1-20261128131720.mkv 02-2-20261128131725.mkv; -; 13-17-22-01.jpg",
            "motion/2026-11-28/13-17-35 13:17:35 5s 29 frames 214255 bytes, \
             03-1-20261128131735.mkv 03-2-20261128131741.mkv; -; 13-17-36-04.jpg",
            "motion/2026-11-28/13-17-54 13:17:54 5s 29 frames 214181 bytes, \
             04-1-20261128131754.mkv 04-2-20261128131800.mkv; -; 13-17-55-03.jpg",
        ]
    );
    assert_eq!(
        notes(&world, MOTION_5),
        [
            ": 4 files of 2026-11-28 belong to no event (snapshots, stills, timelapses); they go with their day",
            "lastsnap.jpg: not an event's; it is never touched",
        ]
    );
}

/// The name of the camera comes from the flag, the root's name, or the names of the files.
#[test]
fn cameras_of_files_in_the_root() {
    let names = |pattern: &str, files: &[&str], camera: Option<&str>| {
        let world = World::empty();
        for file in files {
            fs::write(world.path(file), "x").unwrap();
        }
        world.make_old();
        let camera = camera.map(|camera| camera.parse().unwrap());
        let options = Options::new(world.path("")).layout(camera, pattern.parse().unwrap());
        let found: BTreeSet<String> = events(&measured(options)).iter().map(|event| event.id.to_string()).collect();
        found.into_iter().collect::<Vec<_>>()
    };
    let stamps = ["1-01-20261128131002.mkv", "2-01-20261128131002.mkv", "2-02-20261128131102.mkv", "notes.txt"];
    assert_eq!(
        names("%t-%v-%Y%m%d%H%M%S", &stamps, None),
        ["Camera1/2026-11-28/13-10-02", "Camera2/2026-11-28/13-10-02", "Camera2/2026-11-28/13-11-02"]
    );
    let one = ["01-20261128131002.mkv", "01-20261128131002-05.jpg"];
    assert_eq!(names("%v-%Y%m%d%H%M%S", &one, None), ["motion/2026-11-28/13-10-02"]);
    assert_eq!(names("%v-%Y%m%d%H%M%S", &one, Some("Garden")), ["Garden/2026-11-28/13-10-02"]);
}

/// Two cameras in the root, each with a pattern of its own, and one in a directory whose files name a camera as well.
#[test]
fn cameras_have_patterns_of_their_own() {
    let world = World::new();
    for file in ["CAM01_01-20261128131002.mkv", "CAM02_01-20261128131002.mkv", "CAM02_02-20261128131102.mkv"] {
        fs::write(world.path(file), "x").unwrap();
    }
    fs::write(world.path("notes.txt"), "x").unwrap();
    fs::write(world.path("Camera1/7-01-20261128131202.mkv"), "x").unwrap();
    world.make_old();
    let options = || {
        let options = Options::new(world.path("")).layout(None, "%t-%v-%Y%m%d%H%M%S".parse().unwrap());
        [("Door", "CAM01"), ("Yard", "CAM02")].into_iter().fold(options, |options, (camera, prefix)| {
            options.layout(Some(camera.parse().unwrap()), format!("{prefix}_%v-%Y%m%d%H%M%S").parse().unwrap())
        })
    };
    let found: Vec<String> = events(&measured(options())).iter().map(|event| event.id.to_string()).collect();
    assert_eq!(
        found,
        [
            "Camera1/2026-11-28/13-12-02",
            "Door/2026-11-28/13-10-02",
            "Yard/2026-11-28/13-10-02",
            "Yard/2026-11-28/13-11-02",
        ]
    );
    let notes = Archive::open(options()).unwrap().check().unwrap().notes;
    let mut strays: Vec<_> = notes.iter().filter_map(|note| note.path.file_name()).collect();
    strays.sort_unstable();
    assert_eq!(strays, [".owlery", "notes.txt"]);
}

/// Frames have the names of an event directory, whatever the files are called; nothing else of the folder can be opened.
#[test]
fn files_open_by_their_names_in_the_event() {
    let world = World::unpacked("versions/motioneye-0.44.0-flat", "motioneye-0.44.0-flat/media");
    let open = measured(options(&world, MOTIONEYE));
    let handle = open.handle();
    let id: EventId = "Camera2/2026-11-28/13-10-55".parse().unwrap();
    let images = handle.images(&id).unwrap();
    assert_eq!(images.len(), 6);
    assert!(images.iter().all(|(name, bytes)| name.len() == "13-10-55-00.jpg".len() && *bytes > 0), "{images:?}");
    let size = |name: &str| {
        let path: MediaPath = format!("{id}/{name}").parse().unwrap();
        handle.open_media(&path).map(|media| media.len).ok()
    };
    let on_disk = |name: &str| fs::metadata(world.path(format!("Camera2/2026-11-28/{name}"))).unwrap().len();
    assert_eq!(size("13-10-56-00.jpg"), Some(on_disk("13-10-56.jpg")));
    assert_eq!(size("13-10-55.mp4"), Some(on_disk("13-10-55.mp4")));
    assert_eq!(size("13-10-55.mp4.thumb"), Some(on_disk("13-10-55.mp4.thumb")));
    for other in ["13-10-02.mp4", "13-10-20-00.jpg", "13-10-56.jpg", "../13-10-55.mp4", "notes.txt"] {
        let path = format!("{id}/{other}").parse::<MediaPath>();
        assert!(path.is_err() || size(other).is_none(), "{other}");
    }
    let files = handle.event_files(&id).unwrap();
    assert_eq!(files.names.len(), 8, "{:?}", files.names);
    assert!(files.names.iter().all(|name| files.open(name).is_ok_and(|file| file.len > 0)));
}

/// The files below a folder, sorted.
fn files(world: &World, below: &str) -> Vec<String> {
    let base = world.path(below);
    let all = walkdir::WalkDir::new(&base).into_iter().flatten().filter(|entry| !entry.file_type().is_dir());
    let name = |entry: walkdir::DirEntry| entry.path().strip_prefix(&base).unwrap().display().to_string();
    let mut names: Vec<String> = all.map(name).filter(|name| !name.starts_with(".owlery")).collect();
    names.sort();
    names
}

/// A day with a saved event: the saved one stays with all its files, the other goes with all of its own, and comes back.
#[test]
fn a_saved_event_keeps_its_files() {
    let world = World::unpacked("versions/motioneye-0.44.0-flat", "motioneye-0.44.0-flat/media");
    let noon = NaiveDate::from_ymd_opt(2027, 3, 1).unwrap().and_hms_opt(12, 0, 0).unwrap();
    let clock = Arc::new(ManualClock::new(noon));
    let rules = || options(&world, MOTIONEYE).clock(clock.clone()).keep_days(45).undo_window(Duration::from_secs(3600));
    let open = Archive::open(rules()).unwrap().open_catalog().unwrap();
    open.preload(Depth::Full, &Progress::default()).unwrap();
    let handle = open.handle();
    let before = files(&world, "");
    let saved: EventId = "Camera2/2026-11-28/13-10-55".parse().unwrap();
    handle.set_saved(&saved, true).unwrap();
    assert!(world.has("Camera2/2026-11-28/.13-10-55.saved"));
    let held = handle.pass(None).unwrap();
    let held_id = held.refused.map(|_| held.pass.unwrap());
    let pass = handle.pass(held_id.as_deref()).unwrap();
    assert_eq!(pass.failures, []);
    let left = files(&world, "Camera2/2026-11-28");
    assert_eq!(left.len(), 9, "{left:?}");
    assert!(left.contains(&"13-10-55.mp4".to_owned()) && left.contains(&".13-10-55.saved".to_owned()), "{left:?}");
    assert!(!world.has("Camera1/2026-11-28") && !world.has("Camera3/2026-11-28"), "whole days go by one rename");
    assert!(world.has("Camera1/.keep"), "a file that no pattern describes stays");
    handle.restore(&pass.pass.unwrap()).unwrap();
    handle.set_saved(&saved, false).unwrap();
    assert_eq!(files(&world, ""), before);
}

/// Files in the root go one by one, the snapshots and the timelapse of the day with them; what no pattern describes stays.
#[test]
fn stamps_go_with_their_day() {
    let world = World::unpacked("versions/motion-5.0.0-default-flat", "motion-5.0.0-default-flat");
    for name in ["notes.txt", "01-20261128131702.doc", "IMG_20261128131702.jpg", "99-20261128131702.jpg.part"] {
        fs::write(world.path(name), "mine").unwrap();
    }
    let noon = NaiveDate::from_ymd_opt(2027, 3, 1).unwrap().and_hms_opt(12, 0, 0).unwrap();
    let rules = options(&world, MOTION_5).clock(Arc::new(ManualClock::new(noon))).keep_days(45);
    let open = Archive::open(rules.undo_window(Duration::from_secs(3600))).unwrap().open_catalog().unwrap();
    open.preload(Depth::Full, &Progress::default()).unwrap();
    let before = files(&world, "");
    let handle = open.handle();
    let held = handle.pass(None).unwrap();
    let pass = handle.pass(held.pass.as_deref()).unwrap();
    assert_eq!((pass.failures.as_slice(), pass.items.len()), (&[][..], 1));
    let left: Vec<String> = files(&world, "").into_iter().filter(|name| !name.starts_with("delete_queue")).collect();
    assert_eq!(
        left,
        ["01-20261128131702.doc", "99-20261128131702.jpg.part", "IMG_20261128131702.jpg", "lastsnap.jpg", "notes.txt"]
    );
    handle.restore(&pass.pass.unwrap()).unwrap();
    assert_eq!(files(&world, ""), before);
}

/// A daemon notices files that appear and vanish in a directory of flat files, and follows an event until it is complete.
#[test]
fn a_daemon_follows_flat_files() {
    let world = World::empty();
    let day = crate::world::today().format("%Y%m%d");
    for n in 0..200 {
        fs::write(world.path(format!("01-{day}000000-{n:02}.jpg")), "x").unwrap();
    }
    world.make_old();
    let daemon = world.serve(&["--layout", "Garden=%v-%Y%m%d%H%M%S", "--event-gap", "1s"]);
    let id = crate::world::event_id("Garden", 0, "00-00-05");
    let movie = world.path(format!("02-{day}000005.mp4"));
    fs::write(&movie, crate::world::unfinished_mp4()).unwrap();
    daemon.wait_for_event(&id, "open", |event| event["state"] == "open");
    fs::write(world.path(format!("02-{day}000006-00.jpg")), "x").unwrap();
    daemon.wait_for_event(&id, "with a frame", |event| event["frames"] == 1);
    fs::write(&movie, crate::world::whole_mp4()).unwrap();
    let event = daemon.wait_for_event(&id, "complete", |event| event["state"] == "complete");
    assert_eq!(event["thumbnail"], format!("/media/{id}/00-00-06-00.jpg"));
    assert_eq!(daemon.get(event["video"].as_str().unwrap()).status, 200);
    assert_eq!(daemon.get(event["thumbnail"].as_str().unwrap()).body, b"x");
    let saved = format!("/api/v1/events/{id}/saved");
    assert_eq!(daemon.send("PUT", &saved, "").status, 200);
    assert!(world.has(format!(".02-{day}000005.saved")));
    daemon.wait_for_event(&id, "saved", |event| event["saved"] == true);
    assert_eq!(daemon.send("DELETE", &saved, "").status, 200);
    fs::remove_file(&movie).unwrap();
    fs::remove_file(world.path(format!("02-{day}000006-00.jpg"))).unwrap();
    crate::world::wait_until("the event is gone", || daemon.event(&id).is_none());
    assert_eq!(daemon.stop(), 0);
}

/// A camera that takes only snapshots: the day has no event, and expires all the same.
#[test]
fn days_of_snapshots_expire() {
    let world = World::new();
    for back in [60, 3] {
        let day = world.path(format!("Camera1/{}", crate::world::days_ago(back)));
        fs::create_dir_all(&day).unwrap();
        for n in 0..3 {
            fs::write(day.join(format!("10-0{n}-00.jpg")), "x").unwrap();
        }
    }
    world.make_old();
    let before = files(&world, "Camera1");
    let flags = [&crate::world::KEEP_45_DAYS[..], &["--layout", MOTIONEYE, "--undo-window", "1h", "--json"]].concat();
    let ran = world.run("expire", &flags);
    assert_eq!(ran.code, 0, "{ran:?}");
    let old = format!("Camera1/{}", crate::world::days_ago(60));
    assert!(!world.has(&old), "{ran:?}");
    assert!(world.has(format!("Camera1/{}/10-00-00.jpg", crate::world::days_ago(3))));
    let audit = world.run("audit", &["--json"]).json()["entries"].to_string();
    assert!(audit.contains(&crate::world::days_ago(60)), "{audit}");
    let pass = ran.json()["pass"].as_str().unwrap().to_owned();
    let restored = world.run("restore", &[&pass, "--json"]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert_eq!(restored.json()["items"][0]["day"], crate::world::days_ago(60), "{restored:?}");
    let audit = world.run("audit", &["--json"]).json()["entries"].to_string();
    assert!(audit.contains("kept until"), "{audit}");
    assert_eq!(files(&world, "Camera1"), before);
}

/// Frames on the other side of midnight belong to the saved event too.
#[test]
fn a_saved_event_keeps_frames_across_midnight() {
    let sample = World::unpacked("versions/motioneye-0.44.0-flat", "motioneye-0.44.0-flat/media");
    let movie = fs::read(sample.path("Camera1/2026-11-28/13-10-02.mp4")).unwrap(); // of 9 s
    for (pattern, numbered) in [(MOTIONEYE, false), ("%v-%Y%m%d%H%M%S", true)] {
        let world = World::new();
        let (first, second) = (crate::world::days_ago(60), crate::world::days_ago(59));
        let path = |day: &str, number: &str, time: &str, ending: &str| {
            let (date, clock) = (day.replace('-', ""), time.replace('-', ""));
            let name = if numbered {
                format!("Camera1/{number}-{date}{clock}{ending}")
            } else {
                format!("Camera1/{day}/{time}{ending}")
            };
            let path = world.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        let mut own = vec![
            path(&first, "07", "23-59-58", ".mp4"),
            path(&first, "07", "23-59-59", "-00.jpg"),
            path(&second, "07", "00-00-01", "-00.jpg"),
            path(&second, "07", "00-00-31", "-00.jpg"),
        ];
        if numbered {
            own.push(path(&second, "07", "00-00-40", ".mp4")); // the next piece of the same event
        }
        fs::write(&own[0], &movie).unwrap();
        own[1..].iter().for_each(|frame| fs::write(frame, "x").unwrap());
        fs::write(path(&second, "08", "12-00-00", ".mp4"), &movie).unwrap();
        world.make_old();
        let flags = [&crate::world::KEEP_45_DAYS[..], &["--layout", pattern]].concat();
        let id = format!("Camera1/{first}/23-59-58");
        assert_eq!(world.run("save", &["--layout", pattern, &id]).code, 0);
        let ran = world.run("expire", &flags);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(own.iter().all(|file| file.is_file()), "{pattern}: {ran:?}");
        assert!(!path(&second, "08", "12-00-00", ".mp4").exists(), "{pattern}: {ran:?}");
    }
}

/// An entry of any kind protects, as in an event's directory.
#[test]
fn a_marker_may_be_a_link() {
    let world = World::new();
    let day = world.path(format!("Camera1/{}", crate::world::days_ago(60)));
    fs::create_dir_all(day.join(".11-00-00.saved")).unwrap();
    std::os::unix::fs::symlink("/nonexistent", day.join(".10-00-00.saved")).unwrap();
    for time in ["10-00-00", "11-00-00", "12-00-00"] {
        fs::write(day.join(format!("{time}.mkv")), "x").unwrap();
    }
    world.make_old();
    let flags = [&crate::world::KEEP_45_DAYS[..], &["--layout", MOTIONEYE]].concat();
    let plan = world.run("plan", &[&flags[..], &["--json"]].concat()).json();
    assert_eq!(plan["items"][0]["count"], 1, "{plan}");
    assert_eq!(world.run("expire", &flags).code, 0);
    assert!(
        day.join("10-00-00.mkv").exists() && day.join("11-00-00.mkv").exists() && !day.join("12-00-00.mkv").exists()
    );
    for time in ["10-00-00", "11-00-00"] {
        let id = format!("Camera1/{}/{time}", crate::world::days_ago(60));
        assert_eq!(world.run("unsave", &["--layout", MOTIONEYE, &id]).code, 0);
    }
    assert_eq!(world.run("expire", &flags).code, 0);
    assert!(!day.exists());
}

/// Pictures that belong to no event have a list and URLs of their own.
#[test]
fn other_pictures_of_a_day_are_served() {
    let world = World::new();
    let day = crate::world::days_ago(3);
    let dir = world.path(format!("Camera1/{day}"));
    fs::create_dir_all(&dir).unwrap();
    for name in ["10-00-00.mkv", "10-00-00.jpg", "10-00-00-snapshot.jpg", "15-00-00.jpg", "notes.txt"] {
        fs::write(dir.join(name), name).unwrap();
    }
    world.make_old();
    let daemon = world.serve(&["--layout", MOTIONEYE]);
    let path = format!("/api/v1/days/Camera1/{day}/pictures");
    let pictures = daemon.get(&path).json()["pictures"].clone();
    let names: Vec<&str> = pictures.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["10-00-00-snapshot.jpg", "15-00-00.jpg"]);
    for picture in pictures.as_array().unwrap() {
        let sent = daemon.get(picture["url"].as_str().unwrap());
        assert_eq!((sent.status, sent.text()), (200, picture["name"].as_str().unwrap().to_owned()));
        assert_eq!(sent.header("content-type"), Some("image/jpeg"));
    }
    for other in ["notes.txt", "10-00-00.mkv", "..%2f..%2fqueue", "../10-00-00.jpg", ".owlery", "x.jpg"] {
        assert_eq!(daemon.get(&format!("{path}/{other}")).status, 404, "{other}");
    }
    assert_eq!(daemon.get("/api/v1/days/Camera9/2026-11-20/pictures").status, 200, "no such camera: none");
    assert_eq!(daemon.get("/api/v1/days/Camera1/yesterday/pictures").status, 404);
    assert_eq!(daemon.stop(), 0);
}

/// Days that were read with another layout, or without one, are read again.
#[test]
fn another_layout_is_another_reading() {
    let world = World::new();
    let day = world.path(format!("Camera1/{}", crate::world::days_ago(60)));
    fs::create_dir_all(&day).unwrap();
    for n in 1..4 {
        fs::write(day.join(format!("0{n}-10-0{n}-00.mkv")), "x").unwrap();
    }
    world.make_old();
    let listed =
        |layout: &str| world.run("list", &["--json", "--layout", layout]).json()["events"].as_array().unwrap().len();
    assert_eq!(world.run("scan", &[]).code, 0);
    assert_eq!(world.run("scan", &["--layout", MOTIONEYE]).code, 0);
    assert_eq!(listed(MOTIONEYE), 0);
    let right = "%Y-%m-%d/%v-%H-%M-%S";
    assert_eq!(world.run("scan", &["--layout", right]).code, 0);
    assert_eq!(listed(right), 3);
}

/// Another program deletes the file that a marker is named after: what is left of the event is still saved.
#[test]
fn a_marker_outlives_its_file() {
    let world = World::new();
    let day = crate::world::days_ago(60).replace('-', "");
    let layout = ["--layout", "%v-%{movienbr}-%Y%m%d%H%M%S"];
    let piece = |n: u32| world.path(format!("Camera1/05-{n}-{day}10{n}000.mkv"));
    for n in 1..4 {
        fs::write(piece(n), "x").unwrap();
    }
    world.make_old();
    let id = crate::world::event_id("Camera1", 60, "10-10-00");
    assert_eq!(world.run("save", &[&layout[..], &[&id]].concat()).code, 0);
    fs::remove_file(piece(1)).unwrap();
    let ran = world.run("expire", &[&crate::world::KEEP_45_DAYS[..], &layout].concat());
    assert!(piece(2).exists() && piece(3).exists(), "{ran:?}");
}

/// A pass that takes nearly all of an archive is held, also if that is no event.
#[test]
fn days_of_snapshots_count_for_the_share() {
    let world = World::new();
    for back in [60, 61, 62, 3] {
        let day = world.path(format!("Camera1/{}", crate::world::days_ago(back)));
        fs::create_dir_all(&day).unwrap();
        fs::write(day.join("10-00-00.jpg"), [b'x'; 1000]).unwrap();
    }
    fs::write(world.path(format!("Camera1/{}/10-00-30.mkv", crate::world::days_ago(3))), "x").unwrap();
    world.make_old();
    let flags = ["--keep-days", "45", "--layout", MOTIONEYE];
    let ran = world.run("expire", &flags);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("\"share\""), "{ran:?}");
    assert_eq!(files(&world, "Camera1").len(), 5, "{ran:?}");
    assert_eq!(world.run("expire", &[&flags[..], &["--max-share", "1"]].concat()).code, 0);
    assert_eq!(files(&world, "Camera1").len(), 2);
}
