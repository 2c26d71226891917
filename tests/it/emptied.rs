//! Events that another program has emptied in place: Motion 5's `cleandir`, `find -delete`.

use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use crate::clock::faked;
use crate::world::{Disk, Ran, World, days_ago, event_id, wait_until};

/// What Motion's `cleandir` left of two events, as an archive of ten days ago.
#[allow(clippy::disallowed_methods)] // of the real files
fn cleaned() -> (World, String) {
    let world = World::new();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/versions/motion-5.0.0-cleandir.tar.gz");
    let root = world.path("");
    let untar = Command::new("tar").args(["xzf", sample, "--strip-components=1", "-C"]).arg(&root).status().unwrap();
    assert!(untar.success());
    let day = format!("Camera1/{}", days_ago(10));
    fs::rename(world.path("Camera1/2026-11-28"), world.path(&day)).unwrap();
    for name in ["13-16-38", "13-16-25"] {
        let long_ago = std::time::SystemTime::now() - Duration::from_hours(24);
        File::open(world.path(format!("{day}/{name}"))).unwrap().set_modified(long_ago).unwrap();
    }
    (world, day)
}

fn empty(event: &std::path::Path) {
    for entry in fs::read_dir(event).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && !path.file_name().unwrap().to_string_lossy().starts_with('.') {
            fs::remove_file(path).unwrap();
        }
    }
}

/// What `cleandir` leaves goes although no rule is given, but for what is saved, which `check` names.
#[test]
fn what_cleandir_leaves_goes_but_for_saved() {
    let (world, day) = cleaned();
    let ran = world.run("expire", &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("13-16-38") && ran.stdout.contains("of 1 emptied event\n"), "{ran:?}");
    assert!(!ran.stdout.contains("13-16-25") && !ran.stdout.contains("nothing to do"), "{ran:?}");
    assert_eq!(world.run("expire", &[]).stdout, "nothing to do\n");
    assert!(!world.path(format!("{day}/13-16-38")).exists());
    assert!(world.path(format!("{day}/13-16-25/.saved")).exists());
    let audit = world.run("audit", &[]);
    assert!(audit.stdout.contains("emptied"), "{audit:?}");
    let check = world.run("check", &[]);
    let all = format!("{check:?}");
    assert!(all.contains("13-16-25") && all.contains("neither frames nor a movie"), "{all}");
}

/// A daemon whose catalog knew recordings in an event removes its directory, and the day's with the last one.
#[test]
fn a_daemon_removes_an_event_that_was_emptied() {
    let world = World::new();
    let one = world.old_event("Camera1", 10, "10-00-00");
    let two = world.old_event("Camera1", 10, "11-00-00");
    let other = world.old_event("Camera1", 20, "10-00-00");
    let new = world.old_event("Camera1", 1, "10-00-00");
    let stranger = world.old_event("Camera1", 30, "10-00-00");
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    // A directory that is first measured when it is empty counts as one that Motion has just made, for as long as the gap.
    let _daemon = world.serve(&["--check-interval", "1s", "--event-gap", "2s"]);
    fs::write(stranger.join("notes.txt"), "not ours").unwrap();
    for event in [&one, &two, &new] {
        empty(event);
    }
    wait_until("the emptied events are gone", || !one.exists() && !two.exists());
    wait_until("the day is gone", || !one.parent().unwrap().exists());
    assert!(other.exists() && new.exists() && stranger.join("notes.txt").exists());
}

/// `find -type f -delete` leaves Motion's `debug/`, which is no recording. A directory that holds any file stays.
#[test]
fn empty_directories_below_an_event_go_with_it() {
    let world = World::new();
    let events = ["10-00-00", "11-00-00", "12-00-00"].map(|name| {
        let event = world.old_event("Camera1", 10, name);
        fs::create_dir_all(event.join("debug/deeper")).unwrap();
        event
    });
    let [bare, foreign, link] = &events;
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    // A directory that is first measured when it is empty counts as one that Motion has just made, for as long as the gap.
    let _daemon = world.serve(&["--check-interval", "1s", "--event-gap", "2s"]);
    fs::write(foreign.join("debug/deeper/notes.txt"), "not ours").unwrap();
    std::os::unix::fs::symlink("/nowhere", link.join("debug/link")).unwrap();
    for event in &events {
        empty(event);
    }
    wait_until("the emptied event is gone", || !bare.exists());
    assert!(foreign.join("debug/deeper/notes.txt").exists());
    assert!(link.join("debug/link").is_symlink());
}

/// A rule of size counts what is on the disk, also in a pass that a person asks for between two check intervals: what a
/// cleaner took counts no more. Found by the soak.
#[test]
fn cleaned_events_count_no_more_for_size_rules() {
    let world = World::new();
    let movie = || vec![0; 100_000];
    let [taken, oldest, new] = [11, 12, 1].map(|ago| event_id("Camera1", ago, "10-00-00"));
    for id in [&taken, &oldest] {
        world.event(id).file("sound.bin", movie()).old().make();
    }
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    let daemon = world.serve(&["--max-size", "250kB", "--max-share", "1"]);
    // Its first pass, after which it makes none for an hour, would have removed the emptied event.
    empty(&world.path(&taken));
    world.event(&new).file("sound.bin", movie()).old().make();
    daemon.wait_for_event(&new, "is measured", |event| !event["bytes"].is_null());
    let ran = world.run("expire", &["--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let emptied = &ran.json()["emptied"][0];
    assert_eq!((&emptied["events"][0], &emptied["rule"]["kind"]), (&"10-00-00".into(), &"emptied".into()), "{ran:?}");
    assert!(world.path(&oldest).exists() && !world.path(&taken).exists(), "{ran:?}");
}

/// A directory that another program just made, to fill it, never had recordings: it stays for a while.
#[test]
fn a_directory_that_is_being_filled_stays() {
    let world = World::new();
    let old = world.old_event("Camera1", 10, "10-00-00");
    let new = old.with_file_name("11-00-00");
    fs::create_dir(&new).unwrap();
    assert_eq!(world.run("expire", &[]).code, 0);
    assert!(new.exists() && old.exists());
}

/// Cleaners also take a part: the movies, some frames, or the recordings beside files of others. The list said for a day that
/// all was there.
#[test]
fn partly_cleaned_events_are_noticed() {
    let world = World::new();
    let day = format!("Camera1/{}", days_ago(10));
    let [movie, frames, others] = ["10-00-00", "11-00-00", "12-00-00"].map(|name| format!("{day}/{name}"));
    let paths = [&movie, &frames, &others].map(|id| world.event(id).old().make());
    assert_eq!(world.run("scan", &["--measure", "--sidecars", "all"]).code, 0);
    let daemon = world.serve(&["--check-interval", "1s"]);
    fs::remove_file(paths[0].join("video.mp4")).unwrap();
    fs::remove_file(paths[1].join("11-00-02-00.jpg")).unwrap();
    empty(&paths[2]);
    fs::write(paths[2].join("notes.txt"), "not ours").unwrap();
    daemon.wait_for_event(&movie, "no movie", |event| event["video"].is_null() && event["frames"] == 3);
    daemon.wait_for_event(&frames, "two frames", |event| event["frames"] == 2 && !event["video"].is_null());
    daemon.wait_for_event(&others, "no recordings", |event| event["frames"] == 0 && event["video"].is_null());
    assert!(paths[2].join("notes.txt").exists());
}

/// Makes a directory's last change an hour old.
#[allow(clippy::disallowed_methods)]
fn make_quiet(event: &std::path::Path) {
    let long_ago = std::time::SystemTime::now() - Duration::from_hours(1);
    File::open(event).unwrap().set_modified(long_ago).unwrap();
}

/// A clock that is months ahead says of every day that it is past: nothing is removed by it.
#[test]
fn a_held_clock_removes_no_emptied_event() {
    let world = World::new();
    let event = world.old_event("Camera1", 10, "10-00-00");
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    empty(&event);
    make_quiet(&event);
    for rule in [&[][..], &["--max-size", "1GB"]] {
        let mut command = faked(world.command("expire", rule));
        command.env("FAKETIME", "+400d");
        let ran = Ran::of(command);
        assert!(event.exists() && !ran.stdout.contains("emptied"), "{ran:?}");
    }
    let ran = world.run("expire", &[]);
    assert!(ran.code == 0 && !event.exists(), "{ran:?}");
}

/// Another archive at the root is not ours to tidy.
#[test]
fn another_archives_emptied_events_stay() {
    let (world, other) = (World::new(), World::new());
    world.old_event("Camera1", 10, "10-00-00");
    let theirs = other.old_event("Camera1", 10, "10-00-00");
    assert_eq!(other.run("scan", &["--measure"]).code, 0);
    empty(&theirs);
    make_quiet(&theirs);
    let state = world.outside("state");
    let daemon = world.serve(&["--state-dir", state.to_str().unwrap(), "--check-interval", "1s"]);
    let bound = Disk::bind(&other.root, &world.root);
    let refused = || daemon.log().matches("archive.json is that of another archive").count();
    wait_until("the search was refused, again and again", || refused() >= 3);
    drop(bound);
    assert_eq!(daemon.stop(), 0);
    assert!(theirs.exists());
    let ran = other.run("expire", &[]);
    assert!(ran.code == 0 && !theirs.exists(), "it would go: {ran:?}");
}
