//! Events that Motion still writes in days long past, and days that no clock can have meant: they stay, and are
//! reported.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::world::{KEEP_45_DAYS, Ran, World, days_ago, event_id, unfinished_mp4, wait_until, whole_mp4};

fn expire(world: &World) -> Ran {
    world.run("expire", &KEEP_45_DAYS)
}

/// Appends to a file, as `FFmpeg` does to a movie: no directory's time changes.
fn append(path: PathBuf) {
    File::options().append(true).create(true).open(path).unwrap().write_all(b"more").unwrap();
}

/// Appends to a file so long ago.
#[allow(clippy::disallowed_methods)] // it is older than now
fn append_ago(path: &Path, age: Duration) {
    append(path.to_path_buf());
    File::options().append(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

#[allow(clippy::needless_pass_by_value)] // of the type that the signs share
fn touch_dir(path: PathBuf) {
    fs::write(path.join("new.tmp"), "").unwrap();
    fs::remove_file(path.join("new.tmp")).unwrap();
}

/// Each sign of writing alone keeps an event of a stale day, in the list, in the plan and in the pass.
#[test]
fn what_is_being_written_stays_whatever_its_day() {
    type Write = fn(PathBuf);
    let signs: [(&str, Write); 5] = [
        ("the movie", |event| append(event.join("video.mp4"))),
        ("a frame", |event| append(event.join("10-00-00-00.jpg"))),
        ("the directory", touch_dir),
        ("the debug movie", |event| append(event.join("debug/video.mp4"))),
        ("a new frame", |event| append(event.join("16-01-02-00.jpg"))),
    ];
    for (what, write) in signs {
        let world = World::new();
        let maker = world.event(event_id("Camera1", 60, "10-00-00")).movie("video.mp4", unfinished_mp4());
        let written = maker.file("debug/video.mp4", b"x").old().make();
        world.old_event("Camera1", 60, "11-00-00");
        world.make_old();
        write(written.clone());
        assert_eq!(world.list().iter().filter(|event| event["state"] == "open").count(), 1, "{what}");
        let plan = world.run("plan", &[&KEEP_45_DAYS[..], &["--json"]].concat()).json();
        assert_eq!(plan["kept"][0]["reason"], "open", "{what}: {plan}");
        assert_eq!(plan["items"][0]["count"], 1, "{what}: {plan}");
        let ran = expire(&world);
        assert_eq!(ran.code, 1, "{what}: the output names what stays: {ran:?}");
        assert!(ran.stderr.contains("10-00-00: it is being written"), "{what}: {ran:?}");
        assert!(written.is_dir(), "{what}");
        assert_eq!(world.list().len(), 1, "{what}: the other event of the day went");
    }
}

/// The catalog says that the event is over, and then it is written again: the disk is asked at the rename.
#[test]
fn an_event_written_again_is_not_retired() {
    let world = World::new();
    let again = world.old_event("Camera1", 60, "10-00-00");
    world.old_event("Camera1", 60, "11-00-00");
    world.old_event("Camera1", 61, "10-00-00");
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    append(again.join("video.mp4"));
    let ran = expire(&world);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(again.is_dir());
    assert_eq!(world.list().len(), 1, "{ran:?}");
    let audit = world.run("audit", &["--json"]).stdout;
    assert!(audit.contains("it is being written"), "{audit}");
}

/// A copy of an old archive whose files did not keep their times: all of an event is of this moment, and nothing goes on.
#[test]
fn a_copy_that_kept_no_times_is_retired() {
    let world = World::new();
    let copied = world.event(event_id("Camera1", 60, "10-00-00")).make();
    let movie = world.event(event_id("Camera1", 60, "12-00-00")).movie("video.mp4", unfinished_mp4()).make();
    let ran = expire(&world);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!copied.exists(), "{ran:?}");
    assert!(movie.is_dir(), "its movie is unfinished, so it may be one that Motion has just begun: {ran:?}");
}

#[test]
fn open_events_of_old_days_stay() {
    let world = World::new();
    let written = world.old_event("Camera1", 60, "10-00-00");
    append(written.join("video.mp4"));
    let id = event_id("Camera1", 60, "10-00-00");
    let ran = world.run("delete", &[&id]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(written.is_dir());
}

/// `FFmpeg` writes 256 KiB at a time: a movie without frames beside it may be silent for minutes while Motion records. Neither
/// a rule nor a person takes it before half an hour, and no longer than that.
#[test]
fn a_silent_movie_of_an_old_day_stays() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    for (frames, movie, age, stays) in [
        (0, unfinished_mp4(), 10, true),
        (1, unfinished_mp4(), 10, true), // `picture_output best`
        (0, unfinished_mp4(), 29, true),
        (0, unfinished_mp4(), 31, false),
        (0, whole_mp4(), 31, false),
        (0, whole_mp4(), 10, false),
        (2, unfinished_mp4(), 10, false), // a third frame would have come
    ] {
        for command in ["expire", "delete"] {
            let what = format!("{command}, {frames} frames, a movie of {} bytes {age} minutes ago", movie.len());
            let world = World::new();
            let id = event_id("Camera1", 60, "10-00-00");
            world.event(&id).frames(frames).movie("video.mp4", movie.clone()).age(minutes(age)).make();
            let other = world.old_event("Camera1", 60, "11-00-00");
            let ran = if command == "expire" { expire(&world) } else { world.run(command, &[&id]) };
            let refused = if command == "expire" { 1 } else { 3 };
            assert_eq!(ran.code, if stays { refused } else { 0 }, "{what}: {ran:?}");
            assert_eq!(world.has(format!("{id}/video.mp4")), stays, "{what}: {ran:?}");
            assert_eq!(other.exists(), command == "delete", "{what}: {ran:?}");
        }
    }
}

/// The same for an event that the catalog knows as over: the disk is asked at the rename, for the last half an hour too.
#[test]
fn a_movie_that_went_on_in_silence_stays() {
    for (age, stays) in [(10, true), (31, false)] {
        let world = World::new();
        let id = event_id("Camera1", 60, "10-00-00");
        let event = world.event(&id).frames(0).movie("video.mp4", unfinished_mp4()).old().make();
        let other = world.old_event("Camera1", 60, "11-00-00");
        assert_eq!(world.run("scan", &["--measure"]).code, 0);
        assert_eq!(world.listed(&id)["state"], "interrupted");
        append_ago(&event.join("video.mp4"), Duration::from_secs(60 * age));
        let ran = expire(&world);
        assert_eq!(ran.code, i32::from(stays), "{age} minutes ago: {ran:?}");
        assert_eq!(ran.stderr.contains("10-00-00: it is being written"), stays, "{age} minutes ago: {ran:?}");
        assert_eq!((event.exists(), other.exists()), (stays, false), "{age} minutes ago: {ran:?}");
    }
}

/// The gap that Motion was given counts at the rename too, longer or shorter than its default of 60 s.
#[test]
fn the_configured_gap_counts_at_the_rename() {
    let minute = Duration::from_secs(60);
    for (gap, age, stays) in [
        (None, 50 * minute, false),
        (Some(2400), 50 * minute, true), // an hour of silence
        (Some(2400), 61 * minute, false),
        (None, minute, true),
        (Some(2), minute / 2, false),
    ] {
        for by_motion_conf in [false, true] {
            let what = format!("{gap:?}, {age:?}, motion.conf: {by_motion_conf}");
            let world = World::new();
            let written = world.event(event_id("Camera1", 60, "10-00-00")).age(300 * minute).make();
            world.event(event_id("Camera1", 60, "11-00-00")).age(300 * minute).make();
            let conf = world.outside("etc").join("motion.conf");
            let line = gap.map(|gap| format!("event_gap {gap}\n")).unwrap_or_default();
            fs::write(&conf, format!("target_dir {}\n{line}", world.root.display())).unwrap();
            let gap = gap.map(|gap| format!("{gap}s"));
            let flags: Vec<&str> = match (by_motion_conf, &gap) {
                (true, _) => vec!["--motion-conf", conf.to_str().unwrap()],
                (false, Some(gap)) => vec!["--event-gap", gap],
                (false, None) => Vec::new(),
            };
            assert_eq!(world.run("scan", &[&["--measure"][..], &flags].concat()).code, 0, "{what}");
            append_ago(&written.join("video.mp4"), age);
            let ran = world.run("expire", &[&KEEP_45_DAYS[..], &flags].concat());
            assert_eq!(ran.code, i32::from(stays), "{what}: {ran:?}");
            assert_eq!(ran.stderr.contains("10-00-00: it is being written"), stays, "{what}: {ran:?}");
            assert_eq!((written.exists(), world.list().len()), (stays, usize::from(stays)), "{what}: {ran:?}");
        }
    }
}

/// `owlery unsave` removes a file, which changes the time of the event's directory.
#[test]
fn what_was_unsaved_can_be_deleted_at_once() {
    let world = World::new();
    let saved = world.event(event_id("Camera1", 60, "10-00-00")).saved().old().make();
    let id = event_id("Camera1", 60, "10-00-00");
    assert_eq!(world.run("unsave", &[&id]).code, 0);
    let ran = world.run("delete", &[&id]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!saved.exists());
}

/// A clock that was years ahead has written it; by that time alone it would be open for years.
#[test]
fn a_future_time_keeps_no_old_event() {
    let world = World::new();
    let ahead = world.old_event("Camera1", 60, "10-00-00");
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    for path in [ahead.join("video.mp4"), ahead.clone()] {
        File::open(path).unwrap().set_modified(far).unwrap();
    }
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ahead.exists());
}

/// An event that began before midnight two days ago, or under a clock that was then set.
#[test]
fn a_daemon_follows_events_of_old_days() {
    let world = World::new();
    world.old_event("Camera1", 0, "10-00-00");
    world.old_event("Camera1", 1, "10-00-00");
    world.old_event("Camera1", 2, "10-00-00");
    let written = world.old_event("Camera1", 60, "10-00-00");
    append(written.join("10-00-09-00.jpg"));
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1", "--event-gap", "2s"]);
    let state = || {
        let id = event_id("Camera1", 60, "10-00-00");
        daemon.events().iter().find(|event| event["id"] == id.as_str()).map(|event| event["state"].clone())
    };
    assert_eq!(state().unwrap(), "open", "{:?}", daemon.events());
    wait_until("it completes by time alone", || state().is_some_and(|state| state == "complete"));
    assert!(written.is_dir());
}

/// A clock without a battery starts in 1970; only the owner of the recordings may know the real day.
#[test]
fn days_before_2001_are_kept_until_confirmed() {
    let world = World::new();
    for day in ["1969-12-31", "1970-01-01", "2000-01-01"] {
        world.event(format!("Camera1/{day}/00-00-42")).old().make();
    }
    world.event("Camera1/1970-01-01/00-01-00").saved().old().make();
    world.old_event("Camera1", 60, "10-00-00");
    world.old_event("Camera1", 0, "10-00-00");
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(world.list().len(), 5, "only the day of 60 days ago went");
    let plan = world.run("plan", &[&KEEP_45_DAYS[..], &["--json"]].concat()).json();
    assert_eq!(plan["items"].as_array().unwrap().len(), 0, "{plan}");
    assert_eq!(plan["kept"].as_array().unwrap().iter().filter(|kept| kept["reason"] == "wrong date").count(), 3);
    let alert = plan["alerts"][0].as_str().unwrap();
    assert!(alert.contains("dated before 2001"), "{alert}");
    let id = alert.rsplit(' ').next().unwrap();
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &["--confirm", id]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let left: Vec<_> = world.list().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(left.len(), 2, "the saved one and today's: {left:?}");
    assert!(left.contains(&"Camera1/1970-01-01/00-01-00".to_owned()));
}

/// Movies that no layout describes. The plan listed such days as "whole day", at every pass, for ever.
#[test]
fn days_without_events_are_told_and_not_planned() {
    let world = World::new();
    for days in [60, 80] {
        let day = world.path(format!("Camera1/{}", days_ago(days)));
        fs::create_dir_all(&day).unwrap();
        fs::write(day.join("08.01.02.mp4"), "x").unwrap();
        fs::write(day.join("08.01.02.mp4.thumb"), "x").unwrap();
    }
    let empty = world.path(format!("Camera1/{}", days_ago(70)));
    fs::create_dir(&empty).unwrap();
    for rule in [&KEEP_45_DAYS[..], &["--max-size", "1GB"]] {
        let plan = world.run("plan", &[rule, &["--json"]].concat()).json();
        assert!(plan["items"].as_array().unwrap().len() <= 1, "only the empty day: {plan}");
        assert_eq!(plan["kept"].as_array().unwrap().len(), 2, "{plan}");
        assert_eq!(plan["kept"][0]["reason"], "no events");
        let alert = plan["alerts"][0].as_str().unwrap();
        assert!(alert.contains("4 files that are none") && alert.contains("owlery layout"), "{alert}");
    }
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("ALERT"), "{ran:?}");
    assert!(!empty.exists(), "an empty day goes");
    let ran = world.run("check", &[]);
    assert!(ran.stdout.contains("no event directories"), "{ran:?}");
    let daemon = world.serve(&KEEP_45_DAYS);
    wait_until("/readyz tells", || daemon.get("/readyz").json()["alerts"].to_string().contains("files that are none"));
}

/// One sidecar with a size of a petabyte made a rule of size take every day that the floor did not keep.
#[test]
fn a_wrong_size_in_a_sidecar_retires_nothing() {
    let world = World::new();
    for days in 2..12 {
        world.old_event("Camera1", days, "10-00-00");
    }
    assert_eq!(world.run("scan", &["--measure", "--sidecars", "all"]).code, 0);
    let sidecar = world.path(format!("Camera1/{}/10-00-00/.details.json", days_ago(5)));
    let mut told: serde_json::Value = serde_json::from_slice(&fs::read(&sidecar).unwrap()).unwrap();
    told["owlery"]["bytes"] = 1_000_000_000_000_000_u64.into();
    fs::write(&sidecar, told.to_string()).unwrap();
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    world.make_old();
    let ran = world.run("expire", &["--max-size", "10MB", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(world.list().len(), 10, "{ran:?}");
}

/// Files were truncated after they were measured, which changes no directory's time.
#[test]
fn an_outdated_size_retires_nothing() {
    let world = World::new();
    for days in 2..6 {
        world.old_event("Camera1", days, "10-00-00");
    }
    let large = world.path(format!("Camera1/{}/10-00-00/video.mp4", days_ago(3)));
    File::options().write(true).open(&large).unwrap().set_len(50_000_000).unwrap();
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    File::options().write(true).open(&large).unwrap().set_len(1000).unwrap();
    world.make_old();
    let ran = world.run("expire", &["--max-size", "10MB", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(world.list().len(), 4, "{ran:?}");
}

/// A size near the largest number made the walk panic; others made rules of size, and `stats`, count terabytes.
#[test]
fn absurd_sizes_in_sidecars_are_not_believed() {
    let world = World::new();
    for days in 2..6 {
        world.old_event("Camera1", days, "10-00-00");
    }
    assert_eq!(world.run("scan", &["--measure", "--sidecars", "all"]).code, 0);
    for (days, bytes) in [(2, "18446744073709551615"), (3, "9007199254740993"), (4, "-1"), (5, "1e30")] {
        let sidecar = world.path(format!("Camera1/{}/10-00-00/.details.json", days_ago(days)));
        let text = fs::read_to_string(&sidecar).unwrap();
        let (before, after) = text.split_once("\"bytes\":").unwrap();
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        fs::write(&sidecar, format!("{before}\"bytes\":{bytes}{rest}")).unwrap();
    }
    fs::remove_file(world.path(".owlery/catalog.db")).unwrap();
    let stats = world.run("stats", &["--json"]);
    assert_eq!(stats.code, 0, "{stats:?}");
    let bytes = stats.json()["cameras"][0]["bytes"].as_u64();
    assert!(bytes.is_none_or(|bytes| bytes < 1 << 20), "{stats:?}");
    let ran = world.run("expire", &["--max-size", "1MB", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!((2..6).all(|days| world.has(event_id("Camera1", days, "10-00-00"))), "{ran:?}");
}

/// A copy of an event with a sparse movie (a power loss, a cut-off download) was taken for one that Motion writes.
#[test]
fn a_copy_with_a_blank_movie_is_retired() {
    let world = World::new();
    for days in [60, 61] {
        let (name, bytes) = if days == 60 { ("video.mkv", 1 << 20) } else { ("video.mp4", 600) };
        world.event(event_id("Camera1", days, "10-00-00")).movie(name, vec![0; bytes]).make();
    }
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!([60, 61].iter().all(|days| !world.has(event_id("Camera1", *days, "10-00-00"))), "{ran:?}");
}
