//! Real causes for which a removal cannot be done as it was planned: other filesystems, full ones, ones that became
//! read-only, disks that fail, and programs that change something between the plan and the rename. Nothing is lost, the
//! cause is named, and everything goes on when it is gone.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::world::{Daemon, Disk, KEEP_45_DAYS, Pause, Ran, World, days_ago, run_by, unprivileged, wait_until};

/// The directory of a day below the root: `Camera1/2026-09-20`.
fn day(camera: &str, days: u64) -> String {
    format!("{camera}/{}", days_ago(days))
}

/// A stale day with two events, its only one.
fn stale_day() -> (World, PathBuf) {
    let world = World::new();
    for name in ["10-00-00", "11-00-00"] {
        world.old_event("Camera1", 60, name);
    }
    let old = world.path(day("Camera1", 60));
    (world, old)
}

fn expire(world: &World, flags: &[&str]) -> Ran {
    world.run("expire", &[&KEEP_45_DAYS[..], flags].concat())
}

/// Runs a pass that waits at a step of `doc/retention.md` while `work` is done.
fn expire_while<T>(world: &World, step: &str, flags: &[&str], work: impl FnOnce() -> T) -> Ran {
    let mut command = world.command("expire", [&KEEP_45_DAYS[..], flags].concat());
    let pause = Pause::at(world, step, &mut command);
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    pause.meanwhile(work);
    Ran::from(command.wait_with_output().unwrap())
}

/// Runs the program with every such system call changed: `inject=renameat2:error=EIO`.
fn injected(world: &World, command: &str, flags: &[&str], inject: &str) -> Ran {
    Ran::of(run_by(&["strace", "-f", "-o", "/dev/null", "-e", inject], &world.command(command, flags)))
}

/// How many files lie below.
fn files(below: &Path) -> usize {
    walkdir::WalkDir::new(below).into_iter().flatten().filter(|entry| entry.file_type().is_file()).count()
}

#[test]
fn nothing_is_copied_to_another_filesystem() {
    let (world, old) = stale_day();
    let (inode, whole) = (old.metadata().unwrap().ino(), files(&old));
    let queue = world.path("delete_queue");
    let _disk = Disk::mount(&queue, "1m");
    let ran = expire(&world, &["--undo-window", "1h", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let pass = ran.json()["pass"].as_str().unwrap().to_owned();
    let retired = world.path("Camera1/delete_queue").join(&pass).join(day("Camera1", 60));
    assert_eq!((retired.metadata().unwrap().ino(), files(&retired)), (inode, whole), "it is the same directory");
    assert_eq!(files(&queue), 1, "a manifest, and no copy of anything");
    assert_eq!(world.run("restore", &[&pass]).code, 0);
    assert_eq!((old.metadata().unwrap().ino(), files(&old)), (inode, whole), "and it comes back");
}

/// It is reported.
#[test]
fn a_day_that_is_a_mount_point_stays() {
    let (world, old) = stale_day();
    world.old_event("Camera1", 59, "10-00-00");
    let elsewhere = world.outside("elsewhere").join("day");
    fs::rename(&old, &elsewhere).unwrap();
    let bound = Disk::bind(&elsewhere, &old);
    let whole = files(&elsewhere);
    let ran = expire(&world, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains(&days_ago(60)), "{}", ran.stderr);
    assert_eq!(files(&elsewhere), whole);
    assert!(!world.has(day("Camera1", 59)), "the others go on");
    assert!(world.queued().is_empty(), "{:?}", world.queued());
    drop(bound);
}

/// Nothing could be retired on a full disk without a reserve. More cases are in `full_disk.rs`.
#[test]
fn on_a_full_disk_a_pass_makes_room() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "2m");
    for days in [3, 60] {
        world.old_event("Camera1", days, "10-00-00");
    }
    let state = world.outside("state");
    let state = ["--state-dir", state.to_str().unwrap()];
    assert_eq!(world.run("scan", &state).code, 0);
    let old = world.path(day("Camera1", 60));
    disk.fill();
    let ran = expire(&world, &state);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!old.exists() && world.has(day("Camera1", 3)) && world.queued().is_empty());
}

/// The disk becomes read-only while the command runs: nothing is changed.
#[test]
fn a_command_names_a_read_only_disk() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "4m");
    world.old_event("Camera1", 60, "10-00-00");
    let state = world.outside("state");
    let state = ["--state-dir", state.to_str().unwrap()];
    assert_eq!(world.run("scan", &state).code, 0);
    let before = world.tree();
    let ran = expire_while(&world, "retire-1", &state, || disk.remount("ro"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("Read-only file system"), "{}", ran.stderr);
    assert_eq!(world.tree(), before);
    disk.remount("rw");
    assert_eq!(expire(&world, &state).code, 0);
    assert!(!world.has(day("Camera1", 60)) && world.queued().is_empty());
}

/// The disk becomes read-only while the daemon runs; it is reported, and passes continue when it is writable again.
#[test]
fn a_daemon_survives_a_read_only_disk() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "4m");
    world.old_event("Camera1", 60, "10-00-00");
    let state = world.outside("state");
    let state = ["--state-dir", state.to_str().unwrap()];
    assert_eq!(world.run("scan", &state).code, 0);
    let before = world.tree();
    let flags = [&KEEP_45_DAYS[..], &state, &["--listen", "127.0.0.1:0", "--check-interval", "1s"]].concat();
    let mut command = world.command("serve", flags);
    let pause = Pause::at(&world, "retire-1", &mut command);
    let daemon = Daemon::start(command);
    pause.meanwhile(|| disk.remount("ro"));
    wait_until("it is named, and tried again", || daemon.log().matches("Read-only file system").count() >= 2);
    assert_eq!(world.tree(), before);
    assert_eq!(daemon.events().len(), 1, "and it is served all the while");
    disk.remount("rw");
    wait_until("the stale day is gone", || !world.has(day("Camera1", 60)) && world.queued().is_empty());
    wait_until("and listed no more", || daemon.events().is_empty());
    assert_eq!(daemon.stop(), 0);
}

/// The event vanishes between the plan and the rename.
#[test]
fn a_vanished_event_is_no_error() {
    for step in ["retire-1", "retire-4"] {
        for is_saved in [false, true] {
            let (world, old) = stale_day();
            if is_saved {
                // With a saved one in it, the events of a day go one by one.
                world.event(format!("{}/12-00-00", day("Camera1", 60))).saved().old().make();
            }
            let ran = expire_while(&world, step, &[], || fs::remove_dir_all(old.join("10-00-00")).unwrap());
            assert_eq!(ran.code, 0, "{step}: {ran:?}");
            assert_eq!(expire(&world, &[]).code, 0, "{step}");
            assert!(world.queued().is_empty(), "{step}: {:?}", world.queued());
            assert_eq!(old.exists(), is_saved, "{step}");
            assert_eq!(world.list().len(), usize::from(is_saved), "{step}");
        }
    }
}

/// Another event took its place between the plan and the rename.
#[test]
fn a_replaced_event_is_not_retired() {
    let (world, old) = stale_day();
    let ran = expire_while(&world, "retire-4", &[], || {
        fs::rename(old.join("11-00-00"), old.join("11-30-00")).unwrap(); // as many as before
    });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(old.join("11-30-00").is_dir(), "{:?}", world.tree());
    assert!(!old.join("10-00-00").exists(), "the second try takes what was planned: {:?}", world.tree());
    assert!(world.queued().is_empty(), "{:?}", world.queued());
}

/// A day that changed in the rename cannot be moved back, because it was created again.
#[test]
fn a_day_stuck_in_its_pass_is_kept() {
    let (world, old) = stale_day();
    let (anew, kept) = (old.join("10-00-00"), old.join("11-00-00"));
    let ran = expire_while(&world, "retire-5", &["--json"], || {
        let pass = world.queued().remove(0);
        fs::write(pass.join(day("Camera1", 60)).join("11-00-00/.saved"), "").unwrap();
        fs::create_dir_all(&anew).unwrap();
        fs::write(anew.join("anew.jpg"), "x").unwrap();
    });
    assert_eq!(ran.code, 1, "what stays in the queue is named: {ran:?}");
    assert!(kept.join(".saved").is_file() && kept.join("video.mp4").is_file(), "{:?}", world.tree());
    assert_eq!(fs::read_dir(&anew).unwrap().count(), 1, "nothing is put over it");
    let passes = world.run("queue", &["--json"]).json()["passes"].as_array().unwrap().clone();
    assert_eq!(passes.len(), 1, "{passes:?}");
    assert!(passes[0]["undo_until"].is_string(), "it can be taken back: {passes:?}");
    let left = world.queued().remove(0).join(day("Camera1", 60)).join("10-00-00");
    assert!(left.join("video.mp4").is_file());
    fs::remove_dir_all(&anew).unwrap();
    assert_eq!(world.run("restore", &[passes[0]["pass"].as_str().unwrap()]).code, 0);
    assert!(anew.join("video.mp4").is_file());
}

/// The day vanishes between the plan and the rename; the other days are retired.
#[test]
fn a_vanished_day_is_no_error() {
    for step in ["retire-1", "retire-4"] {
        let (world, old) = stale_day();
        world.old_event("Camera1", 59, "10-00-00");
        let ran = expire_while(&world, step, &[], || fs::remove_dir_all(&old).unwrap());
        assert_eq!(ran.code, 0, "{step}: {ran:?}");
        assert!(!world.has(day("Camera1", 59)) && world.queued().is_empty(), "{step}");
        assert!(world.list().is_empty(), "{step}");
    }
}

/// The day becomes a link between the plan and the rename.
#[test]
fn a_day_turned_link_is_not_followed() {
    for step in ["retire-1", "retire-4"] {
        let (world, old) = stale_day();
        world.old_event("Camera1", 59, "10-00-00");
        let outside = world.outside("elsewhere").join("day");
        let whole = files(&old);
        let ran = expire_while(&world, step, &[], || {
            fs::rename(&old, &outside).unwrap();
            symlink(&outside, &old).unwrap();
        });
        assert_eq!(files(&outside), whole, "{step}: nothing outside is touched: {ran:?}");
        assert!(old.is_symlink(), "{step}: nor the link: {ran:?}");
        assert!(!world.has(day("Camera1", 59)), "{step}: the others go: {ran:?}");
        assert!(world.queued().is_empty(), "{step}: {:?}", world.queued());
        let again = expire(&world, &[]);
        assert!(again.code == 1 && again.stderr.contains(&days_ago(60)), "{step}: it is named: {again:?}");
        assert_eq!((files(&outside), old.is_symlink()), (whole, true), "{step}");
    }
}

#[test]
fn an_event_saved_after_the_rename_goes_back() {
    for is_whole in [true, false] {
        let (world, old) = stale_day();
        if !is_whole {
            world.event(format!("{}/12-00-00", day("Camera1", 60))).saved().old().make();
        }
        let inode = old.join("10-00-00").metadata().unwrap().ino();
        // The program that saves it has its directory open, which still refers to it after the move.
        let ran = expire_while(&world, "retire-5", &[], || {
            let moved = world.queued().remove(0).join(day("Camera1", 60)).join("10-00-00");
            assert_eq!(moved.metadata().unwrap().ino(), inode, "it is in the queue already");
            fs::write(moved.join(".saved"), "").unwrap();
        });
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(old.join("10-00-00").metadata().unwrap().ino(), inode, "it is back");
        assert!(old.join("10-00-00/.saved").exists() && old.join("10-00-00/video.mp4").exists());
        assert_eq!(expire(&world, &[]).code, 0);
        assert!(!old.join("11-00-00").exists() && old.join("10-00-00/video.mp4").exists());
        assert!(world.queued().is_empty(), "{:?}", world.queued());
        assert_eq!(world.list().len(), if is_whole { 1 } else { 2 });
    }
}

/// Motion appended to a movie after the last check: no directory's time shows it, and the recording went.
#[test]
fn an_event_written_after_the_rename_goes_back() {
    for is_whole in [true, false] {
        let (world, old) = stale_day();
        if !is_whole {
            world.event(format!("{}/12-00-00", day("Camera1", 60))).saved().old().make();
        }
        let ran = expire_while(&world, "retire-5", &[], || {
            let moved = world.queued().remove(0).join(day("Camera1", 60)).join("10-00-00/video.mp4");
            fs::File::options().append(true).open(moved).unwrap().write_all(b"more").unwrap();
        });
        let movie = old.join("10-00-00/video.mp4");
        assert!(movie.exists() && !old.join("11-00-00").exists(), "{is_whole}: {ran:?}");
        let audit = world.run("audit", &["--json"]).stdout;
        assert!(audit.contains("being written") || audit.contains("it changed while"), "{is_whole}: {audit}");
        let again = expire(&world, &[]);
        assert!(again.code == 1 && again.stderr.contains("10-00-00: it is being written"), "{is_whole}: {again:?}");
        assert!(movie.exists() && world.queued().is_empty(), "{is_whole}: {:?}", world.tree());
    }
}

/// A day that changes at every try would be moved and moved back at every pass, with exit 0.
#[test]
fn a_day_put_back_twice_is_an_error() {
    let (world, old) = stale_day();
    let whole = files(&old);
    let mut command = world.command("expire", KEEP_45_DAYS);
    let pause = Pause::at(&world, "retire-5", &mut command);
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let change = |hours: u64| {
        let moved = world.queued().remove(0).join(day("Camera1", 60)).join("10-00-00");
        let time = moved.metadata().unwrap().modified().unwrap() - Duration::from_secs(3600 * hours);
        fs::File::open(moved).unwrap().set_modified(time).unwrap();
    };
    pause.meanwhile_at_first(|| change(1));
    pause.meanwhile(|| change(2));
    let ran = Ran::from(command.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    let told = "it changed while it was being retired; moved back until the next pass";
    assert!(ran.stderr.contains(&days_ago(60)) && ran.stderr.contains(told), "{ran:?}");
    assert_eq!(files(&old), whole, "all of it is back");
    assert!(world.queued().is_empty(), "{:?}", world.queued());
    let audit = world.run("audit", &["--json"]).stdout;
    assert!(audit.contains(told) && audit.contains(r#""left""#), "{audit}");
    assert_eq!(expire(&world, &[]).code, 0, "and it goes once it stays as it is");
    assert!(!old.exists());
}

/// An event that cannot be read may be saved, or Motion may be writing it: it stays and is reported, and the others are retired.
#[test]
fn an_unreadable_event_stays_and_is_told() {
    for by in ["EIO", "EACCES", "a daemon"] {
        let (world, old) = stale_day();
        assert_eq!(world.run("scan", &["--measure"]).code, 0);
        let unknown = old.join("10-00-00");
        fs::write(unknown.join(".saved"), "").unwrap(); // the catalog does not know it
        let set_mode = |mode| fs::set_permissions(&unknown, fs::Permissions::from_mode(mode)).unwrap();
        set_mode(if by == "EIO" { 0o755 } else { 0 });
        if by == "a daemon" {
            let serve = ["--listen", "127.0.0.1:0", "--check-interval", "1s"].iter().chain(&KEEP_45_DAYS);
            let daemon = Daemon::start(unprivileged(&world.command("serve", serve)));
            wait_until("an alert names it", || {
                daemon.get("/readyz").json()["alerts"].to_string().contains("cannot determine whether it is saved")
            });
            assert!(unknown.is_dir() && !old.join("11-00-00").exists());
            set_mode(0o755);
            wait_until("no alert", || daemon.get("/readyz").json()["alerts"].as_array().is_some_and(Vec::is_empty));
            assert_eq!(daemon.stop(), 0);
        } else {
            let command = world.command("expire", KEEP_45_DAYS);
            let inject = [
                "strace",
                "-f",
                "-o",
                "/dev/null",
                "-P",
                unknown.to_str().unwrap(),
                "-e",
                "inject=getdents64:error=EIO",
            ];
            let ran = Ran::of(if by == "EIO" { run_by(&inject, &command) } else { unprivileged(&command) });
            assert_eq!(ran.code, 1, "{by}: {ran:?}");
            let told = "10-00-00: cannot determine whether it is saved or being written";
            assert!(ran.stderr.contains(told), "{by}: {ran:?}");
            assert!(unknown.is_dir() && !old.join("11-00-00").exists(), "{by}: {ran:?}");
            let left = world.run("audit", &["--json"]).stdout;
            assert!(left.contains("cannot determine whether it is saved"), "{by}: {left}");
            set_mode(0o755);
            assert_eq!(expire(&world, &[]).code, 0, "{by}: it can be read again");
        }
        assert!(unknown.join("video.mp4").exists() && world.queued().is_empty(), "{by}: what is saved stays");
    }
}

/// What a failing disk does not remove is reported and retried; the rest is removed.
#[test]
fn a_failing_disk_leaves_only_what_fails() {
    let (world, old) = stale_day();
    for name in ["12-00-00", "13-00-00"] {
        world.old_event("Camera1", 60, name);
    }
    let whole = files(&old);
    let ran = injected(&world, "expire", &KEEP_45_DAYS, "inject=unlinkat:error=EIO:when=3");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("Input/output error"), "{}", ran.stderr);
    let pass = world.queued().remove(0);
    // Each of the two threads that remove counts for itself; the manifest stays as long as anything does.
    let left = files(&pass) - 1;
    assert!((1..=2).contains(&left) && left < whole, "{:?}", world.tree());
    assert!(pass.join("reaping.json").is_file());
    assert_eq!(expire(&world, &[]).code, 0);
    assert!(world.queued().is_empty(), "it is tried again: {:?}", world.queued());
}

#[test]
fn a_daemon_retries_after_disk_errors() {
    let (world, old) = stale_day();
    let inject = ["strace", "-f", "-o", "/dev/null", "-e", "inject=unlinkat:error=EIO:when=3"];
    let flags = [&KEEP_45_DAYS[..], &["--listen", "127.0.0.1:0", "--check-interval", "1s"]].concat();
    let mut daemon = Daemon::start(run_by(&inject, &world.command("serve", flags)));
    daemon.wait_for_log("Input/output error");
    wait_until("all is removed", || !old.exists() && world.queued().is_empty());
    assert!(Command::new("kill").args(["-TERM", &world.daemon_pid()]).status().unwrap().success());
    assert_eq!(daemon.wait(), 0);
}

/// An archive with something old to lose, and with an identity of its own.
fn other_archive() -> (World, Vec<String>) {
    let (other, _) = stale_day();
    assert_eq!(other.run("scan", &[]).code, 0);
    let tree = other.tree();
    (other, tree)
}

/// Another archive is mounted at the same path before the confirmation.
#[test]
fn a_held_pass_is_for_one_archive_only() {
    let (other, before) = other_archive();
    let (world, old) = stale_day();
    let state = world.outside("state");
    let state = ["--state-dir", state.to_str().unwrap(), "--json"];
    let daemon = world.serve(&["--keep-days", "45", "--check-interval", "1h", state[0], state[1]]);
    let held = || -> String {
        let held = world.run("expire", &state).json();
        assert_eq!(held["refused"]["guard"], "share", "{held}");
        held["pass"].as_str().unwrap().to_owned()
    };
    let id = held();
    let bound = Disk::bind(&other.root, &world.root);
    let ran = world.run("expire", &[&state[..], &["--confirm", &id]].concat());
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("guard \"marker\"") && ran.stderr.contains("is that of the archive"), "{ran:?}");
    wait_until("the daemon says so too", || {
        let told = daemon.get("/api/v1/retention").json();
        told.to_string().contains("archive.json is that of another archive")
    });
    assert_eq!(other.tree(), before);

    drop(bound);
    assert_eq!(world.run("expire", &[&state[..], &["--confirm", &held()]].concat()).code, 0);
    assert!(!old.exists());
    assert_eq!(daemon.stop(), 0);
}

/// Another archive is mounted at the same path while the daemon runs.
#[test]
fn a_swapped_archive_loses_nothing() {
    let (other, before) = other_archive();
    let (world, old) = stale_day();
    let state = world.outside("state");
    let flags = [&KEEP_45_DAYS[..], &["--state-dir", state.to_str().unwrap(), "--check-interval", "1s"]].concat();
    let saved = world.old_event("Camera1", 59, "10-00-00");
    fs::write(saved.join(".saved"), "").unwrap();
    let daemon = world.serve(&flags);
    wait_until("what is stale is gone", || !old.exists() && world.queued().is_empty());

    let bound = Disk::bind(&other.root, &world.root);
    let says_so = || daemon.log().matches("archive.json is that of another archive").count();
    wait_until("it says so, again and again", || says_so() >= 3);
    assert_eq!(daemon.get("/readyz").status, 503);
    assert_eq!(other.tree(), before);
    assert!(daemon.events().iter().any(|event| event["saved"] == true), "what is not there is not gone");

    drop(bound);
    wait_until("it is well again", || daemon.get("/readyz").status == 200);
    world.old_event("Camera1", 60, "10-00-00");
    wait_until("and goes on", || !old.exists() && world.queued().is_empty());
    assert!(saved.join("video.mp4").is_file());
    assert_eq!(daemon.stop(), 0);
}

/// On filesystems without no-replace renames a pass is made and restored, and overwrites nothing.
#[test]
fn a_pass_works_without_rename_noreplace() {
    const EINVAL: &str = "inject=renameat2:error=EINVAL";
    let (world, old) = stale_day();
    world.old_event("Camera1", 59, "10-00-00");
    let ran = injected(&world, "expire", &[&KEEP_45_DAYS[..], &["--undo-window", "1h", "--json"]].concat(), EINVAL);
    assert_eq!(ran.code, 0, "{ran:?}");
    let pass = ran.json()["pass"].as_str().unwrap().to_owned();
    assert!(!old.exists() && !world.has(day("Camera1", 59)));
    // A plain rename replaces an empty directory.
    fs::create_dir_all(old.join("10-00-00")).unwrap();
    let inode = old.join("10-00-00").metadata().unwrap().ino();
    let ran = injected(&world, "restore", &[&pass], EINVAL);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("10-00-00: an event of that name exists again"), "{}", ran.stderr);
    assert_eq!(old.join("10-00-00").metadata().unwrap().ino(), inode, "it is as it was");
    assert!(old.join("11-00-00/video.mp4").is_file(), "the others are back");
    assert!(world.has(format!("{}/10-00-00/video.mp4", day("Camera1", 59))), "a whole day too");
    let kept = world.path("delete_queue").join(&pass).join(day("Camera1", 60)).join("10-00-00/video.mp4");
    assert!(kept.is_file(), "and what has no place stays in the queue");
}

/// A camera is suddenly on another disk; the other cameras are retired.
#[test]
fn a_camera_on_another_disk_is_skipped() {
    let world = World::empty();
    std::fs::create_dir(world.path("Camera1")).unwrap();
    let disk = Disk::mount(world.path("Camera2"), "4M");
    world.old_event("Camera2", 3, "10-00-00");
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1", "--check-interval", "1s"]);
    drop(disk);
    let _other = Disk::mount(world.path("Camera2"), "4M");
    for camera in ["Camera1", "Camera2"] {
        world.old_event(camera, 60, "10-00-00");
    }
    wait_until("Camera1's stale day is gone", || !world.has(format!("Camera1/{}", days_ago(60))));
    daemon.wait_for_log("Camera2 is on another disk");
    assert!(world.has(format!("Camera2/{}/10-00-00/video.mp4", days_ago(60))));
    assert_eq!(daemon.stop(), 0);
}
