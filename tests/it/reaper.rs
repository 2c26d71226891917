//! What the reaper removes, and what it never does: only passes with our manifest, no saved event, nothing behind a
//! link or a mount point; and how it works: at its rate, in its window, at the lowest priority.
//! `OWLERY_FAULT=retire-8` leaves a pass whose removal has not begun.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Local, NaiveDateTime, TimeDelta};
use owlery::{Archive, ManualClock, Options};
use serde_json::Value;

use crate::world::{Daemon, Disk, KEEP_45_DAYS, LONGEST_STOP, Ran, World, days_ago, run_by, wait_for, wait_until};

/// Retires what is stale; returns the pass's directory, full.
fn retire_only(world: &World) -> PathBuf {
    let mut command = world.command("expire", KEEP_45_DAYS);
    command.env("OWLERY_FAULT", "retire-8");
    assert_eq!(Ran::of(command).code, -1);
    let queued = world.queued();
    assert_eq!(queued.len(), 1, "{queued:?}");
    queued[0].clone()
}

/// An archive with one stale day of these events, retired; returns the pass and the day in it.
fn retired(names: &[&str]) -> (World, PathBuf, PathBuf) {
    let world = World::new();
    for name in names {
        world.old_event("Camera1", 60, name);
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

/// Starts the daemon so that every removal takes a while; returns it and its own process id (it runs below strace).
fn serve_slowly(world: &World, each: &str) -> (Daemon, String) {
    let delay = format!("inject=unlinkat:delay_enter={each}");
    let serve = world.command("serve", ["--listen", "127.0.0.1:0"]);
    let daemon = Daemon::start(run_by(&["strace", "-f", "-o", "/dev/null", "-e", &delay], &serve));
    (daemon, world.daemon_pid())
}

/// So many events, one a minute.
fn minutes(count: u32) -> Vec<String> {
    (0..count).map(|minute| format!("10-{minute:02}-00")).collect()
}

/// The same as [`retired`] with so many events.
fn retired_many(count: u32) -> (World, PathBuf, PathBuf) {
    retired(&minutes(count).iter().map(String::as_str).collect::<Vec<_>>())
}

/// Files and directories of a pass, itself among them.
fn entries(pass: &Path) -> usize {
    walkdir::WalkDir::new(pass).into_iter().count()
}

/// A window from and to so many hours from now.
#[allow(clippy::disallowed_methods)]
pub fn window(from: i64, to: i64) -> String {
    let at = |hours| (Local::now() + TimeDelta::hours(hours)).format("%H:%M").to_string();
    format!("{}-{}", at(from), at(to))
}

const MIB: u64 = 1024 * 1024;

/// A file of a gibibyte whose blocks are all allocated, though nothing was written to them.
fn large(path: &Path) {
    let file = File::create(path).unwrap();
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, 1024 * MIB).unwrap();
}

/// Empties the queue; returns to which sizes files were cut down meanwhile, in MiB.
fn cuts(world: &World) -> (Ran, Vec<u64>) {
    let log = world.outside("log").join("strace");
    let strace = ["strace", "-f", "-e", "trace=ftruncate", "-o", log.to_str().unwrap()];
    let ran = Ran::of(run_by(&strace, &world.command("expire", KEEP_45_DAYS)));
    let log = fs::read_to_string(log).unwrap();
    // A call during which another thread makes one is cut off after its arguments.
    let size = |line: &str| line.split_once(", ")?.1.split([')', ' ']).next()?.parse::<u64>().ok();
    // SQLite cuts its own files, too, but not to sizes such as these.
    let sizes = log.lines().filter_map(size).filter(|size| *size >= 64 * MIB);
    (ran, sizes.map(|size| size / MIB).collect())
}

fn signal(pid: &str, signal: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

/// Each of 2,001 files that could not be removed was a line of the log, twice.
#[test]
fn files_that_stay_are_summed_up() {
    let (world, _, day) = retired(&["10-00-00"]);
    let event = day.join("10-00-00");
    for file in 0..200 {
        fs::write(event.join(format!("{file}.jpg")), "").unwrap();
    }
    let inject =
        ["strace", "-f", "-o", "/dev/null", "-P", event.to_str().unwrap(), "-e", "inject=unlinkat:error=EACCES"];
    let ran = Ran::of(run_by(&inject, &world.command("expire", KEEP_45_DAYS)));
    assert_eq!(ran.code, 1, "{ran:?}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("entries stay, the first: ") && lines[0].contains("ermission denied"), "{lines:?}");
}

/// Without a daemon `queue` showed a stuck pass as one that goes at the next occasion.
#[test]
fn stuck_removal_is_known_without_a_daemon() {
    let (world, pass, day) = retired(&["10-00-00"]);
    assert_eq!(world.run("queue", &[]).code, 0);
    let disk = Disk::mount(day.join("10-00-00/disk"), "1m");
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 1);
    for flags in [&[][..], &["--json"]] {
        let ran = world.run("queue", flags);
        assert!(
            ran.code == 1 && ran.stdout.contains("cannot be removed") && ran.stdout.contains("10-00-00/disk"),
            "{ran:?}"
        );
    }
    let ran = world.run("check", &[]);
    assert!(ran.code == 1 && ran.stdout.contains("cannot be removed"), "{ran:?}");
    let daemon = world.serve(&["--reap-rate", "1"]);
    let alerts = daemon.get("/readyz").json()["alerts"].clone();
    assert!(alerts.to_string().contains("10-00-00/disk"), "known from the start: {alerts}");
    assert_eq!(world.run("queue", &[]).code, 1);
    assert_eq!(daemon.stop(), 0);
    drop(disk);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!pass.exists() && !world.has(".owlery/stuck.json"));
    assert_eq!(world.run("queue", &[]).code, 0);
}

/// What a daemon could not remove was one line of its log, and reported nowhere else.
#[test]
fn stuck_removal_is_an_alert() {
    let (world, pass, day) = retired(&["10-00-00"]);
    let at = day.join("10-00-00/disk");
    let disk = Disk::mount(&at, "1m");
    let daemon = world.serve(&["--check-interval", "1s"]);
    let alert = || daemon.get("/readyz").json()["alerts"].as_array().unwrap().first().cloned();
    let alert = wait_for("an alert", alert);
    assert!(alert.as_str().unwrap().contains("10-00-00/disk"), "{alert}");
    let metrics = daemon.get("/metrics").text();
    assert!(
        metrics.contains("\nowlery_reaper_stuck_passes 1\n") && metrics.contains("\nowlery_reaper_stuck_entries 1\n")
    );
    assert!(metrics.contains("\nowlery_alerts 1\n"), "{metrics}");
    let queued = daemon.get("/api/v1/queue").json();
    assert!(queued["passes"][0]["problem"].as_str().unwrap().contains("cannot be removed"), "{queued}");
    assert!(world.run("queue", &[]).stdout.contains("cannot be removed"));
    assert_eq!(world.run("expire", &[]).code, 0);
    drop(disk);
    assert_eq!(world.run("expire", &[]).code, 0, "a person's word has it tried at once");
    wait_until("it is gone", || !pass.exists());
    wait_until("the alert is over", || daemon.get("/readyz").json()["alerts"].as_array().unwrap().is_empty());
    assert_eq!(daemon.log().matches("10-00-00/disk").count(), 1, "{}", daemon.log());
    assert_eq!(daemon.stop(), 0);
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

    let ran = world.run("expire", &KEEP_45_DAYS);
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

/// They are reported.
#[test]
fn saved_events_stay_in_the_queue() {
    let (world, pass, day) = retired(&["10-00-00", "11-00-00"]);
    fs::write(day.join("10-00-00/.saved"), "").unwrap();
    let files = fs::read_dir(day.join("10-00-00")).unwrap().count();
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(ran.stderr.contains("10-00-00") && ran.stderr.contains("saved"), "{ran:?}");
    assert_eq!(fs::read_dir(day.join("10-00-00")).unwrap().count(), files, "whole");
    assert!(!day.join("11-00-00").exists(), "what is not saved goes");
    assert!(pass.join("pass.json").is_file(), "it is still known as ours");

    fs::remove_file(day.join("10-00-00/.saved")).unwrap();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!pass.exists());
}

#[test]
fn the_next_daemon_continues_a_killed_reaper() {
    let (world, pass, day) = retired_many(30);
    let events = || fs::read_dir(&day).map_or(0, Iterator::count);
    assert_eq!(events(), 30);
    let (mut daemon, pid) = serve_slowly(&world, "50000");
    wait_until("it has begun", || events() < 30);
    signal(&pid, "-KILL");
    daemon.wait();
    assert!(events() > 0 && pass.join("reaping.json").is_file(), "killed amidst the work, the manifest goes last");

    let daemon = world.serve(&[]);
    wait_until("the pass is gone", || !pass.exists());
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_big_pass_stops_within_a_second() {
    let (world, pass, day) = retired_many(50);
    let (mut daemon, pid) = serve_slowly(&world, "100000"); // 200 files: 20 seconds
    wait_until("it has begun", || fs::read_dir(&day).unwrap().count() < 50);
    let asked = Instant::now();
    signal(&pid, "-TERM");
    assert_eq!(daemon.wait(), 0);
    assert!(asked.elapsed() < LONGEST_STOP, "{:?}", asked.elapsed());
    assert!(fs::read_dir(&day).unwrap().count() > 0 && pass.join("reaping.json").is_file());
}

/// They are removed themselves.
#[test]
fn links_in_a_pass_are_not_followed() {
    let (world, pass, day) = retired(&["10-00-00"]);
    let outside = world.outside("elsewhere");
    fs::write(outside.join("precious"), "x").unwrap();
    symlink(&outside, day.join("10-00-00/folder")).unwrap();
    symlink(outside.join("precious"), day.join("10-00-00/file")).unwrap();
    symlink("/nowhere/at/all", day.join("10-00-00/nowhere")).unwrap();
    symlink(&outside, day.join("11-00-00")).unwrap();
    symlink(&world.root, pass.join("Camera2")).unwrap();
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!pass.exists());
    assert_eq!(fs::read(outside.join("precious")).unwrap(), b"x");
    assert!(world.has("Camera1"));
}

#[test]
fn disks_mounted_in_passes_are_not_entered() {
    let (world, pass, day) = retired(&["10-00-00", "11-00-00"]);
    let at = day.join("10-00-00/disk");
    let disk = Disk::mount(&at, "1m");
    fs::write(at.join("precious"), "x").unwrap();
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("10-00-00/disk"), "{}", ran.stderr);
    assert!(at.join("precious").is_file());
    assert!(!day.join("11-00-00").exists(), "the rest goes on");
    drop(disk);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!pass.exists());
}

#[test]
fn bind_mounts_in_passes_are_not_entered() {
    let (world, pass, day) = retired(&["10-00-00"]);
    let outside = world.outside("elsewhere");
    fs::write(outside.join("precious"), "x").unwrap();
    let at = day.join("10-00-00/disk");
    let bound = Disk::bind(&outside, &at);
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(outside.join("precious").is_file(), "the device is the same, and yet it is not in the pass");
    assert_eq!(ran.code, 1, "{ran:?}");
    drop(bound);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!pass.exists());
}

/// The others are tidied.
#[test]
fn an_unreadable_queue_stops_no_other() {
    let world = World::new();
    let half_made = world.path("Camera1/delete_queue/20261120T100436Z-AbCdEf");
    fs::create_dir_all(&half_made).unwrap();
    fs::write(world.path("delete_queue"), "no directory").unwrap();
    world.run("expire", &[]);
    assert!(!half_made.exists());
}

/// At the start.
#[test]
fn passes_without_a_manifest_are_tidied() {
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
    assert!(others.iter().all(|dir| dir.is_dir()), "an empty folder of another name is foreign");
    assert!(others[0].join("precious").is_file());
}

#[test]
fn the_queue_directory_is_kept_or_created() {
    let (world, pass, _) = retired(&["10-00-00"]);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!pass.exists() && world.has("delete_queue"));
    fs::remove_dir(world.path("delete_queue")).unwrap();
    world.old_event("Camera1", 60, "10-00-00");
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert_eq!(world.list().len(), 0);
}

#[test]
fn the_rate_is_kept() {
    let (world, pass, _) = retired_many(25);
    let entries = entries(&pass);
    assert_eq!(entries, 25 * 5 + 4);
    let begun = Instant::now();
    let ran = world.run("expire", &["--reap-rate", "50"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!pass.exists());
    let a_second = f64::from(u32::try_from(entries).unwrap()) / begun.elapsed().as_secs_f64();
    assert!(a_second <= 55.0, "{a_second}");
}

#[test]
fn a_waiting_reaper_stops_at_once() {
    let (world, pass, _) = retired_many(10);
    let before = entries(&pass);
    let daemon = world.serve(&["--reap-rate", "1"]);
    wait_until("it has begun", || entries(&pass) < before);
    let asked = Instant::now();
    assert_eq!(daemon.stop(), 0);
    assert!(asked.elapsed() < LONGEST_STOP, "{:?}", asked.elapsed());
    assert!(pass.join("reaping.json").is_file());
}

#[test]
fn outside_its_window_nothing_is_removed() {
    let (world, pass, _) = retired(&["10-00-00", "11-00-00"]);
    let before = world.tree();
    let closed = window(8, 9);
    let daemon = world.serve(&["--window", &closed]);
    daemon.wait_for_log("waits for the window");
    assert_eq!(world.run("expire", &[]).code, 0);
    assert_eq!(world.tree(), before);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(world.tree(), before);

    let daemon = world.serve(&["--window", &window(-8, 8)]);
    wait_until("the pass is gone", || !pass.exists());
    assert_eq!(daemon.stop(), 0);
}

/// Without a daemon, `expire` empties the queue at any hour.
#[test]
fn expire_alone_ignores_the_window() {
    let (world, pass, _) = retired(&["10-00-00"]);
    let mut expire = world.command("expire", [""; 0]);
    expire.env("OWLERY_WINDOW", window(8, 9));
    assert_eq!(Ran::of(expire).code, 0);
    assert!(!pass.exists());
}

/// It is continued when the window opens, or in a hurry.
#[test]
fn the_window_interrupts_a_pass() {
    let at = |time: &str| format!("2026-11-20T{time}").parse::<NaiveDateTime>().unwrap();
    let (world, pass, _) = retired_many(40);
    let all = entries(&pass) as u64;
    let clock = Arc::new(ManualClock::new(at("12:00:00")));
    let options = Options::new(&world.root).clock(clock.clone()).check_interval(Duration::from_millis(50));
    let options = options.window("22:00-04:00".parse().unwrap()).reap_rate(40);
    let service = Archive::open(options).unwrap().start().unwrap();
    let removed = || service.reaped().0;
    let stays_shut = || {
        let (before, begun) = (removed(), Instant::now());
        wait_until("half a second", || begun.elapsed() > Duration::from_millis(500));
        assert!(removed() <= before + 2, "but for what each thread had in hand");
    };
    stays_shut();
    assert_eq!(removed(), 0);
    clock.set(at("22:00:00"));
    wait_until("it has begun", || removed() > 0);
    clock.set(at("04:00:00"));
    stays_shut();
    let before = removed();
    clock.set(at("23:00:00"));
    wait_until("it goes on", || removed() > before);
    clock.set(at("12:00:00"));
    stays_shut();
    assert!(removed() < all);
    service.hurry(true);
    wait_until("the rest is gone", || !pass.exists() && removed() == all);
    service.shutdown().unwrap();
}

#[test]
fn invalid_rates_and_windows_are_refused() {
    let world = World::new();
    for flags in [["--window", "05:00-05:00"], ["--window", "5-6"], ["--reap-rate", "-1"], ["--reap-rate", "many"]] {
        let ran = world.run("serve", &flags);
        assert_eq!(ran.code, 2, "{flags:?}: {ran:?}");
        assert!(ran.stderr.contains(flags[1]), "{ran:?}");
    }
}

#[test]
fn a_large_file_is_truncated_first() {
    let (world, pass, day) = retired(&["10-00-00"]);
    large(&day.join("10-00-00/large.mkv"));
    let (ran, cuts) = cuts(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(cuts, (1..16).rev().map(|step| step * 64).collect::<Vec<_>>());
    assert!(!pass.exists());
}

/// A sparse file of 1 EiB in an expired event was cut down 64 MiB at a time, which took a day. It goes as what it holds.
#[test]
fn sparse_file_is_removed_at_once() {
    let (world, pass, day) = retired(&["10-00-00"]);
    let _disk = Disk::mount(world.path("Camera2"), "16m");
    let event = world.old_event("Camera2", 60, "10-00-00");
    let sparse = File::create(event.join("video.mkv")).unwrap();
    sparse.set_len(1 << 60).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"x", 1 << 59).unwrap();
    world.make_old();
    let file = File::create(day.join("10-00-00/sparse.mkv")).unwrap();
    file.set_len(1 << 43).unwrap(); // ext4 takes no larger one
    let (ran, cuts) = cuts(&world);
    assert_eq!((ran.code, cuts), (0, vec![]), "{ran:?}");
    assert!(!pass.exists() && !event.exists());
    assert_eq!(fs::read_dir(world.path("Camera2/delete_queue")).unwrap().count(), 0);
}

/// In the pass, where the next reaper continues.
#[test]
fn a_crash_leaves_a_truncated_file() {
    let (world, pass, day) = retired(&["10-00-00"]);
    large(&day.join("10-00-00/large.mkv"));
    let mut command = world.command("expire", KEEP_45_DAYS);
    command.env("OWLERY_FAULT", "reap-2a");
    assert_eq!(Ran::of(command).code, -1);
    assert_eq!(fs::metadata(day.join("10-00-00/large.mkv")).unwrap().len(), 960 * MIB);
    assert!(pass.join("reaping.json").is_file());
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!pass.exists());
}

#[test]
fn large_files_with_two_names_stay_whole() {
    let (world, pass, day) = retired(&["10-00-00"]);
    let kept = world.outside("elsewhere").join("kept.mkv");
    large(&kept);
    fs::hard_link(&kept, day.join("10-00-00/large.mkv")).unwrap();
    symlink(&kept, day.join("10-00-00/link.mkv")).unwrap();
    let (ran, cuts) = cuts(&world);
    assert_eq!((ran.code, cuts), (0, vec![]));
    assert!(!pass.exists());
    assert_eq!(fs::metadata(&kept).unwrap().len(), 1024 * MIB);
}

#[test]
fn a_large_mounted_file_is_not_truncated() {
    let (world, pass, day) = retired(&["10-00-00"]);
    let kept = world.outside("elsewhere").join("kept.mkv");
    large(&kept);
    let bound = Disk::bind(&kept, day.join("10-00-00/large.mkv"));
    let (ran, cuts) = cuts(&world);
    assert_eq!((ran.code, cuts), (1, vec![]));
    assert!(ran.stderr.contains("10-00-00/large.mkv"), "{}", ran.stderr);
    assert_eq!(fs::metadata(&kept).unwrap().len(), 1024 * MIB);
    drop(bound);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!pass.exists());
}

#[test]
fn everything_else_goes_before_the_reaper() {
    let (world, _, _) = retired_many(10);
    let mut serve = world.command("serve", ["--listen", "127.0.0.1:0", "--reap-rate", "1"]);
    serve.env("OWLERY_LIMITS", "nice=19"); // as usual
    let daemon = Daemon::start(serve);
    let threads = PathBuf::from(format!("/proc/{}/task", daemon.child.id()));
    // The thread's id and its nice value, the 19th field of proc_pid_stat(5).
    let named = |name: &str| -> Vec<(String, i32)> {
        let all = fs::read_dir(&threads).unwrap().flatten().filter_map(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).ok()?;
            let (before, after) = stat.rsplit_once(") ")?;
            let (id, comm) = before.split_once(" (")?;
            (comm == name).then(|| Some((id.to_owned(), after.split(' ').nth(16)?.parse().ok()?)))?
        });
        all.collect()
    };
    let reapers = wait_for("two threads remove", || Some(named("owlery-reaper")).filter(|found| found.len() == 2));
    for (id, nice) in &reapers {
        assert_eq!(*nice, 19);
        let class = Command::new("ionice").args(["-p", id]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&class.stdout).trim(), "idle");
    }
    for (_, nice) in named("owlery-expirer") {
        assert_eq!(nice, named("owlery")[0].1, "the others are as the process was started");
    }
    assert_eq!(daemon.stop(), 0);
}
