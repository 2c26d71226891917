//! Rules of size and of free space, on real disks: what goes, what stays, and what a daemon does when space is short.

use std::fs;
use std::path::PathBuf;

use crate::clock::faked;
use crate::world::{Daemon, Disk, World, days_ago, event_id, wait_for, wait_until};

/// An event of about so many kilobytes.
fn event(world: &World, camera: &str, days: u64, kilobytes: usize) -> PathBuf {
    let id = event_id(camera, days, "10-00-00");
    world.event(id).frames(1).movie("video.mkv", vec![7; kilobytes * 1000]).old().make()
}

/// An archive on a disk of its own, with its state elsewhere.
fn on_disk(size: &str) -> (World, Disk, String) {
    let world = World::empty();
    let disk = Disk::mount(&world.root, size);
    fs::create_dir(world.path("Camera1")).unwrap();
    let state = world.outside("state").to_str().unwrap().to_owned();
    (world, disk, state)
}

fn days_left(world: &World, camera: &str) -> usize {
    let entries = fs::read_dir(world.path(camera)).unwrap().flatten();
    entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".")).count()
}

#[test]
fn the_oldest_days_go_until_the_archive_fits() {
    let world = World::new();
    for days in 3..8 {
        event(&world, "Camera1", days, 100);
    }
    let rule = ["--max-size", "350kB", "--max-share", "1"];
    let plan = world.run("plan", &rule);
    assert!(plan.stdout.contains("archive over 350.0 kB by"), "{}", plan.stdout);
    let ran = world.run("expire", &rule);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!world.has(format!("Camera1/{}", days_ago(7))) && !world.has(format!("Camera1/{}", days_ago(6))));
    assert_eq!(days_left(&world, "Camera1"), 3);
    assert_eq!(world.run("expire", &rule).stdout, "nothing to do\n");
}

#[test]
fn a_camera_s_own_limit_and_forever() {
    let world = World::empty();
    for camera in ["Camera1", "Camera2", "Camera3"] {
        for days in 3..6 {
            event(&world, camera, days, 100);
        }
    }
    let rules = ["--max-size", "Camera1=150kB", "--max-size", "550kB", "--keep-days", "Camera2=forever"];
    let ran = world.run("expire", &[&rules[..], &["--max-share", "1"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!((days_left(&world, "Camera1"), days_left(&world, "Camera2")), (1, 3));
    assert_eq!(days_left(&world, "Camera3"), 1, "the archive's limit takes the rest");
    let both = world.run("plan", &["--max-size", "Camera2=1GB", "--keep-days", "Camera2=forever"]);
    assert_eq!(both.code, 2, "{both:?}");
}

/// The alert says what holds the space.
#[test]
fn the_floor_keeps_young_days() {
    let world = World::new();
    event(&world, "Camera1", 3, 100);
    let saved = event(&world, "Camera1", 9, 100);
    fs::write(saved.join(".saved"), "").unwrap();
    let rule = ["--max-size", "50kB", "--floor-days", "7", "--max-share", "1"];
    let ran = world.run("expire", &rule);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stdout.contains("ALERT") && ran.stdout.contains("saved: 1") && ran.stdout.contains("floor: 1"),
        "{ran:?}"
    );
    assert_eq!(world.list().len(), 2);
}

/// Files with other names count nothing.
#[test]
fn freed_space_is_counted_in_blocks() {
    let (world, _disk, state) = on_disk("64M");
    let linked = event(&world, "Camera1", 9, 4000);
    fs::hard_link(linked.join("video.mkv"), world.path("kept.mkv")).unwrap();
    event(&world, "Camera1", 8, 4000);
    event(&world, "Camera1", 7, 4000);
    let free = free_kilobytes(&world);
    let rule = format!("{}kB", free + 2000);
    let plan = world.run("plan", &["--min-free", &rule, "--state-dir", &state, "--json"]).json();
    let items = plan["items"].as_array().unwrap();
    assert!(items[0]["frees"].as_u64().unwrap() < 100_000, "the movie has another name: {plan}");
    assert!(items[0]["bytes"].as_u64().unwrap() > 4_000_000);
    assert!(items.len() > 1 && items[1]["frees"].as_u64().unwrap() > 4_000_000, "{plan}");
}

/// Kilobytes that may still be written.
fn free_kilobytes(world: &World) -> u64 {
    let ran = std::process::Command::new("df").args(["-B1000", "--output=avail"]).arg(&world.root).output().unwrap();
    String::from_utf8(ran.stdout).unwrap().lines().nth(1).unwrap().trim().parse().unwrap()
}

/// Then the oldest days are retired.
#[test]
fn pressure_empties_the_queue_first() {
    let (world, _disk, state) = on_disk("64M");
    for days in 3..9 {
        event(&world, "Camera1", days, 4000);
    }
    let deleted = event_id("Camera1", 3, "10-00-00");
    assert_eq!(world.run("delete", &["--state-dir", &state, &deleted]).code, 0);
    assert_eq!(world.queued().len(), 1);
    let flags =
        |rule: &'static str| ["--state-dir", &state, "--min-free", rule, "--max-share", "1", "--undo-window", "9d"];
    // Of 67 MB 25 are used, with the reserve. A user's deletion would wait for a day.
    let daemon = world.serve(&flags("43MB"));
    wait_until("the queue is emptied", || world.queued().is_empty());
    daemon.wait_for_log("is removed now, and not after");
    assert_eq!(days_left(&world, "Camera1"), 5, "that was enough");
    daemon.wait_for_log("space is no longer short");
    assert_eq!(daemon.stop(), 0);
    let daemon = world.serve(&flags("50MB"));
    wait_until("there is space", || free_kilobytes(&world) > 50_000 && world.queued().is_empty());
    daemon.wait_for_log("space is no longer short");
    assert_eq!(days_left(&world, "Camera1"), 3, "no more than needed");
    assert!(!world.has(format!("Camera1/{}", days_ago(8))), "the oldest first");
    assert_eq!(daemon.stop(), 0);
}

/// Pressure on the root's disk ends no undo window of a pass on another disk.
#[test]
fn pressure_spares_passes_on_other_disks() {
    let (world, _disk, state) = on_disk("64M");
    let _other = Disk::mount(world.path("Camera2"), "16M");
    for camera in ["Camera1", "Camera2"] {
        event(&world, camera, 3, 4000);
        let deleted = event_id(camera, 3, "10-00-00");
        assert_eq!(world.run("delete", &["--state-dir", &state, &deleted]).code, 0);
    }
    event(&world, "Camera1", 4, 10_000);
    let daemon = world.serve(&["--state-dir", &state, "--min-free", "60MB", "--max-share", "1"]);
    wait_until("there is space", || world.queued().is_empty() && !world.has(format!("Camera1/{}", days_ago(4))));
    daemon.wait_for_log("space is no longer short");
    let others = fs::read_dir(world.path("Camera2/delete_queue")).unwrap().count();
    assert_eq!(others, 1, "it would have freed nothing here");
    assert_eq!(daemon.stop(), 0);
}

/// While the clock is held, passes that can be restored stay.
#[test]
fn pressure_under_a_held_clock_keeps_passes() {
    let (world, _disk, state) = on_disk("64M");
    event(&world, "Camera1", 3, 4000);
    event(&world, "Camera1", 4, 4000);
    let deleted = event_id("Camera1", 3, "10-00-00");
    assert_eq!(world.run("delete", &["--state-dir", &state, &deleted]).code, 0);
    let flags = ["--listen", "127.0.0.1:0", "--state-dir", &state, "--min-free", "90%", "--max-share", "1"];
    let mut command = faked(world.command("serve", flags));
    command.env("FAKETIME", "+400d");
    let daemon = Daemon::start(command);
    wait_until("an alert", || daemon.get("/readyz").json()["alerts"].to_string().contains("clock"));
    assert_eq!(world.queued().len(), 1);
    assert_eq!(days_left(&world, "Camera1"), 1);
    assert_eq!(daemon.stop(), 0);
}

/// Bytes in a camera's own queue on the root's disk count as freed.
#[test]
fn queued_space_is_not_freed_twice() {
    let (world, _disk, state) = on_disk("64M");
    let elsewhere = world.path(".elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let _bound = Disk::bind(&elsewhere, world.path("Camera2"));
    for days in 3..9 {
        event(&world, "Camera2", days, 4000);
    }
    assert_eq!(world.run("expire", &["--keep-days", "90", "--state-dir", &state]).code, 0); // makes the reserve
    let rule = format!("{}kB", free_kilobytes(&world) + 6000);
    let flags = ["--state-dir", &state, "--min-free", &rule, "--max-share", "1", "--undo-window", "9d"];
    let ran = world.run("expire", &flags);
    assert_eq!(ran.code, 0, "{ran:?}");
    let left = days_left(&world, "Camera2");
    assert_eq!(left, 4, "three days, and its own queue with the three that were missing");
    assert_eq!(world.run("expire", &flags).stdout, "nothing to do\n");
    assert_eq!(days_left(&world, "Camera2"), left);
}

#[test]
fn pressure_retries_a_stuck_pass() {
    let (world, _disk, state) = on_disk("64M");
    event(&world, "Camera1", 3, 4000);
    let deleted = event_id("Camera1", 3, "10-00-00");
    assert_eq!(world.run("delete", &["--state-dir", &state, &deleted]).code, 0);
    let stuck = world.queued()[0].join(&deleted).join("disk");
    let mounted = Disk::mount(&stuck, "1m");
    let daemon =
        world.serve(&["--state-dir", &state, "--min-free", "98%", "--max-share", "1", "--check-interval", "1s"]);
    daemon.wait_for_log("10-00-00/disk");
    drop(mounted);
    wait_until("it is removed", || world.queued().is_empty());
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn no_candidates_under_pressure_is_an_alert() {
    let (world, _disk, state) = on_disk("32M");
    let saved = event(&world, "Camera1", 9, 10_000);
    fs::write(saved.join(".saved"), "").unwrap();
    let daemon = world.serve(&["--state-dir", &state, "--min-free", "90%", "--max-share", "1"]);
    let alerts = wait_for("an alert", || {
        let alerts = daemon.get("/readyz").json()["alerts"].clone();
        alerts.as_array().is_some_and(|alerts| !alerts.is_empty()).then_some(alerts)
    });
    let alert = alerts[0].as_str().unwrap();
    assert!(alert.contains("nothing more may be deleted") && alert.contains("saved: 1"), "{alert}");
    daemon.wait_for_log("ALERT");
    assert!(saved.join("video.mkv").is_file());
    // The person unsaves it: then it may go.
    assert_eq!(world.run("unsave", &["--state-dir", &state, &event_id("Camera1", 9, "10-00-00")]).code, 0);
    wait_until("it is gone", || !saved.exists());
    assert_eq!(daemon.stop(), 0);
}

/// A clock without a battery named a day of 1970: rules of age kept it, and the others must not take it as the oldest.
#[test]
fn days_of_1970_outlast_rules_of_space() {
    let wrong = "Camera1/1970-01-01/10-00-00";
    let movie = format!("{wrong}/video.mkv");
    let make = |world: &World, kilobytes: usize| {
        world.event(wrong).frames(1).movie("video.mkv", vec![7; kilobytes * 1000]).old().make();
        for days in 3..6 {
            event(world, "Camera1", days, kilobytes);
        }
    };
    let world = World::new();
    make(&world, 100);
    let ran = world.run("expire", &["--max-size", "250kB", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("dated before 2001"), "{ran:?}");
    assert!(world.has(&movie) && world.has(event_id("Camera1", 3, "10-00-00")), "{ran:?}");
    assert_eq!(days_left(&world, "Camera1"), 2, "it counts, and the oldest of the others go: {ran:?}");

    let (world, disk, state) = on_disk("64M");
    make(&world, 4000);
    assert_eq!(world.run("expire", &["--keep-days", "90", "--state-dir", &state]).code, 0); // makes the reserve
    let free = format!("{}kB", (disk.free() + 3_000_000) / 1000);
    let flags = ["--min-free", &free, "--max-share", "1", "--state-dir", &state];
    let ran = world.run("expire", &flags);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!world.has(event_id("Camera1", 5, "10-00-00")), "{ran:?}");
    assert!(world.has(&movie) && world.has(event_id("Camera1", 3, "10-00-00")), "{ran:?}");

    // The disk is full: neither a pass nor a removal in place takes it, and a daemon tells whose decision it is.
    disk.fill();
    let flags = ["--keep-days", "45", "--min-free", "90%", "--max-share", "1", "--state-dir", &state];
    let daemon = world.serve(&[&flags[..], &["--check-interval", "1s"]].concat());
    let alerts = || daemon.get("/readyz").json()["alerts"].clone();
    let told = wait_for("an alert", || {
        let alerts = alerts();
        let told = alerts.as_array()?.iter().find(|alert| alert.to_string().contains("dated before 2001"))?;
        (days_left(&world, "Camera1") == 1).then(|| told.as_str().unwrap().to_owned())
    });
    assert!(world.has(&movie), "{told}");
    let id = told.rsplit(' ').next().unwrap();
    let ran = world.run("expire", &["--state-dir", &state, "--confirm", id]);
    assert!(!world.has(&movie), "{told}: {ran:?}");
    wait_until("the alert ends", || !alerts().to_string().contains("dated before 2001"));
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn rules_of_space_that_mean_nothing_are_refused() {
    let world = World::new();
    for rule in [
        ["--max-size", "0"],
        ["--max-size", "much"],
        ["--max-size", "Camera1="],
        ["--min-free", "0%"],
        ["--min-free", "100%"],
        ["--min-free", "x%"],
        ["--min-free", "0"],
        ["--floor-days", "0"],
        ["--floor-days", "-1"],
        ["--undo-window", "soon"],
    ] {
        let ran = world.run("plan", &rule);
        assert_eq!(ran.code, 2, "{rule:?}: {ran:?}");
    }
}

/// It also expires events.
#[test]
fn a_daemon_starts_with_a_full_state_disk() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "32M");
    fs::create_dir(world.path("Camera1")).unwrap();
    event(&world, "Camera1", 3, 100);
    let rule = ["--keep-days", "45", "--max-share", "1"];
    let daemon = world.serve(&rule);
    wait_until("a reserve", || world.has(".owlery/reserve"));
    assert_eq!(daemon.stop(), 0);
    let stale = event(&world, "Camera1", 60, 10_000);
    disk.fill();
    let daemon = world.serve(&rule);
    wait_until("the stale day is gone", || !stale.exists() && world.queued().is_empty());
    wait_until("and listed no more", || daemon.events().len() == 1);
    assert_eq!(daemon.stop(), 0);
    assert!(world.has(".owlery/reserve"), "there is room again");
}

/// While the daemon runs.
#[test]
fn a_disk_that_fills_up_is_relieved() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "64M");
    fs::create_dir(world.path("Camera1")).unwrap();
    for days in 3..6 {
        event(&world, "Camera1", days, 4000);
    }
    let daemon = world.serve(&["--min-free", "2MB", "--max-share", "1"]);
    wait_until("a reserve", || world.has(".owlery/reserve"));
    disk.fill();
    wait_until("the oldest day is gone", || !world.has(format!("Camera1/{}", days_ago(5))));
    daemon.wait_for_log("space is no longer short");
    wait_until("ready", || daemon.get("/readyz").status == 200);
    assert_eq!(daemon.stop(), 0);
}

/// When the state directory is on another disk.
#[test]
fn the_archives_disk_has_its_own_reserve() {
    let (world, disk, state) = on_disk("32M");
    let old = event(&world, "Camera1", 60, 10_000);
    let rule = ["--keep-days", "45", "--max-share", "1", "--state-dir", &state];
    assert_eq!(world.run("plan", &rule[..4]).code, 0);
    assert_eq!(world.run("expire", &["--keep-days", "90", "--state-dir", &state]).code, 0);
    assert!(world.has(".owlery/reserve"), "a run with a rule makes it");
    disk.fill();
    let ran = world.run("expire", &rule);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!old.exists() && world.queued().is_empty());
}
