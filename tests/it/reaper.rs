//! What the reaper removes, and what it never does: only passes with our manifest, no saved event, nothing behind a
//! link or a mount point. `OWLERY_FAULT=retire-7` leaves a pass that nobody has begun to remove.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{Daemon, Disk, Ran, World, days_ago, run_by, wait_for, wait_until};

const RULE: [&str; 4] = ["--keep-days", "45", "--max-share", "1"];

/// Retires what is stale; answers the pass's directory, full.
fn retire_only(world: &World) -> PathBuf {
    let mut command = world.command("expire", RULE);
    command.env("OWLERY_FAULT", "retire-7");
    assert_eq!(Ran::of(command).code, -1);
    let queued = world.queued();
    assert_eq!(queued.len(), 1, "{queued:?}");
    queued[0].clone()
}

/// An archive with one stale day of these events, retired; answers the pass and the day in it.
fn retired(names: &[&str]) -> (World, PathBuf, PathBuf) {
    let world = World::new();
    for name in names {
        world.event(format!("Camera1/{}/{name}", days_ago(60))).old().make();
    }
    let pass = retire_only(&world);
    let day = pass.join("Camera1").join(days_ago(60));
    assert!(day.is_dir());
    (world, pass, day)
}

/// Another pass directory with the manifest of `pass`, changed.
fn forge(pass: &Path, name: &str, change: impl Fn(&mut Value)) -> PathBuf {
    let mut manifest: Value = serde_json::from_slice(&fs::read(pass.join("pass.json")).unwrap()).unwrap();
    manifest["pass"] = name.into();
    change(&mut manifest);
    let forged = pass.with_file_name(name);
    fs::create_dir(&forged).unwrap();
    fs::write(forged.join("pass.json"), manifest.to_string()).unwrap();
    fs::write(forged.join("precious"), "x").unwrap();
    forged
}

/// Starts the daemon so that every removal takes a while; answers it and its own process id (it runs below strace).
fn serve_slowly(world: &World, each: &str) -> (Daemon, String) {
    let delay = format!("inject=unlinkat:delay_enter={each}");
    let serve = world.command("serve", ["--listen", "127.0.0.1:0"]);
    let daemon = Daemon::start(run_by(&["strace", "-f", "-o", "/dev/null", "-e", &delay], &serve));
    let lock: Value = wait_for("the lock file tells who holds it", || {
        serde_json::from_slice(&fs::read(world.path(".owlery/lock")).ok()?).ok()
    });
    (daemon, lock["pid"].to_string())
}

fn signal(pid: &str, signal: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

#[test]
fn only_passes_with_our_manifest_are_removed() {
    let (world, pass, _) = retired(&["10-00-00"]);
    let queue = world.path("delete_queue");
    let name = "20261120T100436Z-AbCdEf";
    let kept = [
        forge(&pass, name, |manifest| manifest["archive"] = "00000000000000000000000000000000".into()),
        forge(&pass, "20261120T100436Z-AbCdEg", |manifest| manifest["owlery"] = 2.into()),
        forge(&pass, "20261120T100436Z-AbCdEh", |manifest| manifest["pass"] = name.into()),
        forge(&pass, "20261120T100436Z-AbCdEi", |manifest| manifest["items"] = "all".into()),
        queue.join("trash/of/another/tool"),
        queue.join("20261120T100436Z-AbCdEj/Camera1"),
        queue.join("a_file"),
        queue.join("20261120T100436Z-AbCdEk"),
    ];
    fs::create_dir_all(&kept[4]).unwrap();
    fs::create_dir_all(&kept[5]).unwrap();
    fs::write(&kept[6], "x").unwrap();
    let elsewhere = world.outside("elsewhere");
    fs::copy(pass.join("pass.json"), elsewhere.join("pass.json")).unwrap();
    symlink(&elsewhere, &kept[7]).unwrap();
    let before: Vec<String> = world.tree();

    let ran = world.run("expire", &RULE);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!pass.exists(), "ours went");
    let gone = pass.strip_prefix(&world.root).unwrap().to_str().unwrap();
    let expected: Vec<String> = before.into_iter().filter(|path| !path.starts_with(gone)).collect();
    assert_eq!(world.tree(), expected);
    assert!(elsewhere.join("pass.json").is_file());

    let told = world.run("check", &[]);
    for path in kept {
        let name = path.strip_prefix(&queue).unwrap().components().next().unwrap().as_os_str().to_str().unwrap();
        let text = told.stdout.clone() + &told.stderr;
        assert!(text.contains(&format!("delete_queue/{name}")), "check lists {name}: {told:?}");
    }
}

#[test]
fn what_is_saved_stays_in_the_queue_and_is_reported() {
    let (world, pass, day) = retired(&["10-00-00", "11-00-00"]);
    fs::write(day.join("10-00-00/.saved"), "").unwrap();
    let files = fs::read_dir(day.join("10-00-00")).unwrap().count();
    let ran = world.run("expire", &RULE);
    assert!(ran.stderr.contains("10-00-00") && ran.stderr.contains("saved"), "{ran:?}");
    assert_eq!(fs::read_dir(day.join("10-00-00")).unwrap().count(), files, "whole");
    assert!(!day.join("11-00-00").exists(), "what is not saved goes");
    assert!(pass.join("pass.json").is_file(), "it is still known as ours");

    fs::remove_file(day.join("10-00-00/.saved")).unwrap();
    assert_eq!(world.run("expire", &RULE).code, 0);
    assert!(!pass.exists());
}

#[test]
fn a_pass_that_a_killed_daemon_left_is_taken_up_by_the_next() {
    let names: Vec<String> = (0..30).map(|minute| format!("10-{minute:02}-00")).collect();
    let (world, pass, day) = retired(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let events = || fs::read_dir(&day).map_or(0, Iterator::count);
    assert_eq!(events(), 30);
    let (mut daemon, pid) = serve_slowly(&world, "50000");
    wait_until("it has begun", || events() < 30);
    signal(&pid, "-KILL");
    daemon.wait();
    assert!(events() > 0 && pass.join("pass.json").is_file(), "killed amidst the work, the manifest goes last");

    let daemon = world.serve(&[]);
    wait_until("the pass is gone", || !pass.exists());
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn it_stops_within_a_second_amidst_a_big_pass() {
    let names: Vec<String> = (0..50).map(|minute| format!("10-{minute:02}-00")).collect();
    let (world, pass, day) = retired(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut daemon, pid) = serve_slowly(&world, "100000"); // 200 files: 20 seconds
    wait_until("it has begun", || fs::read_dir(&day).unwrap().count() < 50);
    let asked = Instant::now();
    signal(&pid, "-TERM");
    assert_eq!(daemon.wait(), 0);
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert!(fs::read_dir(&day).unwrap().count() > 0 && pass.join("pass.json").is_file());
}

#[test]
fn links_in_a_pass_are_removed_and_not_followed() {
    let (world, pass, day) = retired(&["10-00-00"]);
    let outside = world.outside("elsewhere");
    fs::write(outside.join("precious"), "x").unwrap();
    symlink(&outside, day.join("10-00-00/folder")).unwrap();
    symlink(outside.join("precious"), day.join("10-00-00/file")).unwrap();
    symlink("/nowhere/at/all", day.join("10-00-00/nowhere")).unwrap();
    symlink(&outside, day.join("11-00-00")).unwrap();
    symlink(&world.root, pass.join("Camera2")).unwrap();
    let ran = world.run("expire", &RULE);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!pass.exists());
    assert_eq!(fs::read(outside.join("precious")).unwrap(), b"x");
    assert!(world.has("Camera1"));
}

#[test]
fn another_disk_mounted_in_a_pass_is_not_entered() {
    let (world, pass, day) = retired(&["10-00-00", "11-00-00"]);
    let at = day.join("10-00-00/disk");
    let disk = Disk::mount(&at, "1m");
    fs::write(at.join("precious"), "x").unwrap();
    let ran = world.run("expire", &RULE);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("10-00-00/disk"), "{}", ran.stderr);
    assert!(at.join("precious").is_file());
    assert!(!day.join("11-00-00").exists(), "the rest goes on");
    drop(disk);
    assert_eq!(world.run("expire", &RULE).code, 0);
    assert!(!pass.exists());
}

#[test]
fn a_folder_of_the_same_disk_mounted_in_a_pass_is_not_entered() {
    let (world, pass, day) = retired(&["10-00-00"]);
    let outside = world.outside("elsewhere");
    fs::write(outside.join("precious"), "x").unwrap();
    let at = day.join("10-00-00/disk");
    let bound = Disk::bind(&outside, &at);
    let ran = world.run("expire", &RULE);
    assert!(outside.join("precious").is_file(), "the device is the same, and yet it is not in the pass");
    assert_eq!(ran.code, 1, "{ran:?}");
    drop(bound);
    assert_eq!(world.run("expire", &RULE).code, 0);
    assert!(!pass.exists());
}

#[test]
fn pass_directories_that_never_got_a_manifest_are_tidied_at_the_start() {
    let world = World::new();
    let queue = world.path("delete_queue");
    let half_made = ["20261120T100436Z-AbCdEf", "20261120T100437Z-AbCdEf"].map(|name| queue.join(name));
    let others = ["20261120T100438Z-AbCdEf", "empty", "20261120T100439Z-AbCdE"].map(|name| queue.join(name));
    for dir in half_made.iter().chain(&others) {
        fs::create_dir_all(dir).unwrap();
    }
    fs::write(half_made[1].join(".pass.json.Ab12Cd.tmp"), "{\"owl").unwrap();
    fs::write(others[0].join("precious"), "x").unwrap();
    let daemon = world.serve(&[]);
    wait_until("tidied", || half_made.iter().all(|dir| !dir.exists()));
    assert_eq!(daemon.stop(), 0);
    assert!(others.iter().all(|dir| dir.is_dir()), "an empty folder of another name is somebody's");
    assert!(others[0].join("precious").is_file());
}

#[test]
fn the_queue_itself_is_not_removed_and_a_missing_one_is_made() {
    let (world, pass, _) = retired(&["10-00-00"]);
    assert_eq!(world.run("expire", &RULE).code, 0);
    assert!(!pass.exists() && world.has("delete_queue"));
    fs::remove_dir(world.path("delete_queue")).unwrap();
    world.event(format!("Camera1/{}/10-00-00", days_ago(60))).old().make();
    assert_eq!(world.run("expire", &RULE).code, 0);
    assert_eq!(world.list().len(), 0);
}
