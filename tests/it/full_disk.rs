//! A disk that is full to its last byte, or without inodes: every command ends, and what is past its time goes.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{Disk, KEEP_45_DAYS, Ran, World, days_ago, event_id, run_by, unfinished_mp4, wait_for, wait_until};

/// A small ext4 on a loop device; taken away when dropped.
struct Loop {
    device: String,
    at: PathBuf,
}

fn tool(program: &str, args: &[&str]) -> String {
    let ran = Command::new(program).args(args).output().unwrap();
    assert!(ran.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

impl Loop {
    fn mount(world: &World, at: &Path, mkfs: &[&str]) -> Self {
        let image = world.outside("images").join("disk");
        File::create(&image).unwrap().set_len(8 << 20).unwrap();
        tool("mkfs.ext4", &[&["-q", "-F"], mkfs, &[image.to_str().unwrap()]].concat());
        let device = tool("losetup", &["-f", "--show", image.to_str().unwrap()]);
        fs::create_dir_all(at).unwrap();
        let mounted = Self { device, at: at.to_path_buf() };
        tool("mount", &[&mounted.device, at.to_str().unwrap()]);
        mounted
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
        let _ = Command::new("losetup").args(["-d", &self.device]).status();
    }
}

/// Takes every byte and then every block that a directory could have.
fn fill(at: &Path) {
    let mut file = File::options().append(true).create(true).open(at.join("filler")).unwrap();
    for size in [1 << 20, 4096, 1024, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
    file.sync_all().ok();
    let _ = (0..10_000).take_while(|n| fs::create_dir(at.join(format!("filler{n}"))).is_ok()).count();
    while file.write_all(&[7]).is_ok() {}
}

fn take_inodes(at: &Path) {
    let _ = (0..1_000_000).take_while(|n| File::create(at.join(format!("filler{n}"))).is_ok()).count();
}

/// Days 60 to 64 are stale; day 3 is not, and one stale event is saved.
fn events(world: &World) {
    for days in [3, 60, 61, 62, 63, 64] {
        for name in ["10-00-00", "11-00-00"] {
            world.event(event_id("Camera1", days, name)).frames(2).old().make();
        }
    }
    world.event(event_id("Camera1", 64, "12-00-00")).saved().old().make();
}

fn check_expired(world: &World) {
    for days in 60..64 {
        assert!(!world.has(format!("Camera1/{}", days_ago(days))), "{days}");
    }
    assert!(world.has(format!("Camera1/{}/12-00-00/video.mp4", days_ago(64))), "what is saved stays");
    assert!(!world.has(event_id("Camera1", 64, "10-00-00")));
    for name in ["10-00-00", "11-00-00"] {
        assert!(world.has(format!("Camera1/{}/{name}/video.mp4", days_ago(3))), "what is young stays");
    }
}

fn expire_before_the_first_start(world: &World, flags: &[&str]) {
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], flags].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    check_expired(world);
    assert!(world.queued().is_empty());
}

fn state_elsewhere(world: &World) -> [String; 2] {
    ["--state-dir".to_owned(), world.outside("state").to_str().unwrap().to_owned()]
}

#[test]
fn a_full_ext4_expires_at_the_first_start() {
    for is_elsewhere in [false, true] {
        let world = World::empty();
        let _disk = Loop::mount(&world, &world.root, &[]);
        events(&world);
        fill(&world.root);
        let flags = if is_elsewhere { state_elsewhere(&world).to_vec() } else { Vec::new() };
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        expire_before_the_first_start(&world, &flags);
    }
}

/// The state knew an archive whose root carries no marker, and refused it for ever.
#[test]
fn an_unmarked_full_root_is_known_again() {
    let world = World::empty();
    let disk = Loop::mount(&world, &world.root, &[]);
    events(&world);
    fill(&world.root);
    let flags = state_elsewhere(&world);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    for _ in 0..2 {
        assert_eq!(world.run("scan", &flags).code, 0);
    }
    drop(disk);
    let _other = Loop::mount(&world, &world.root, &[]);
    events(&world);
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &flags].concat());
    assert_eq!(ran.code, 3, "another disk is not that archive: {ran:?}");
}

#[test]
fn a_full_tmpfs_expires_at_the_first_start() {
    for is_elsewhere in [false, true] {
        let world = World::empty();
        let disk = Disk::mount(&world.root, "8M");
        events(&world);
        disk.fill();
        let flags = if is_elsewhere { state_elsewhere(&world).to_vec() } else { Vec::new() };
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        expire_before_the_first_start(&world, &flags);
    }
}

#[test]
fn a_disk_without_inodes_expires() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &["-N", "256"]);
    events(&world);
    take_inodes(&world.root);
    expire_before_the_first_start(&world, &[]);
}

/// It never became ready: the preload waited for the catalog, and the pass for the preload.
#[test]
fn a_daemon_expires_on_a_full_disk() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &[]);
    events(&world);
    fill(&world.root);
    let daemon = world.serve(&KEEP_45_DAYS);
    wait_until("the stale days are gone", || {
        !world.has(format!("Camera1/{}", days_ago(60))) && world.queued().is_empty()
    });
    wait_until("all of them", || !world.has(event_id("Camera1", 64, "10-00-00")));
    check_expired(&world);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_full_disk_alerts_and_keeps_the_reserve() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "32M");
    world.old_event("Camera1", 3, "10-00-00");
    let flags = [&KEEP_45_DAYS[..], &["--check-interval", "1s"]].concat();
    let daemon = world.serve(&flags);
    wait_until("a reserve", || world.has(".owlery/reserve"));
    wait_until("an alert", || {
        disk.fill(); // also what the daemon has freed meanwhile, such as the log of a database
        daemon.get("/readyz").json()["alerts"].to_string().contains("is full")
    });
    assert!(world.has(".owlery/reserve"), "no rule could use it");
    // A person deletes: that is what the reserve is for, and the command ends.
    let ran = world.run("delete", &[&event_id("Camera1", 3, "10-00-00")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_disk_filled_under_a_daemon_is_expired() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &[]);
    world.old_event("Camera1", 3, "10-00-00");
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1", "--check-interval", "1s"]);
    events(&world);
    fill(&world.root);
    wait_until("the stale days are gone", || !world.has(format!("Camera1/{}", days_ago(60))));
    wait_until("all of them", || !world.has(event_id("Camera1", 64, "10-00-00")));
    check_expired(&world);
    assert_eq!(daemon.stop(), 0);
}

/// A deletion by a person may remove nothing else: without any room it is refused, with one error and the cure.
#[test]
fn a_delete_without_room_names_the_remedy() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &[]);
    events(&world);
    fill(&world.root);
    let id = event_id("Camera1", 3, "10-00-00");
    let ran = world.run("delete", &[&id]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("make room by hand"), "{ran:?}");
    assert!(world.queued().is_empty(), "no empty pass is left");
    assert!(world.has(format!("{id}/video.mp4")));
}

/// `SQLite`'s memory-mapped file took a block of 1 KiB when there was none: the process ended with SIGBUS.
#[test]
fn a_full_disk_with_small_blocks_is_safe() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &["-b", "1024"]);
    events(&world);
    fill(&world.root);
    let filler = File::options().write(true).open(world.path("filler")).unwrap();
    filler.set_len(filler.metadata().unwrap().len() - 200 * 1024).unwrap();
    assert_eq!(world.run("scan", &[]).code, 0);
    assert!(world.has(".owlery/archive.json") && !world.has(".owlery/catalog.db"), "the catalog is elsewhere");
    let daemon = world.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "1s"]].concat());
    wait_until("the stale days are gone", || !world.has(format!("Camera1/{}", days_ago(60))));
    assert_eq!(daemon.stop(), 0);
}

/// Where directories can never be made, whatever is removed.
fn expire_without_room(world: &World, errno: &str) -> usize {
    let inject = format!("inject=mkdirat:error={errno}");
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=mkdirat", "-e", &inject];
    let ran = Ran::of(run_by(&strace, &world.command("expire", KEEP_45_DAYS)));
    assert_eq!(ran.code, 1, "{ran:?}");
    fs::read_dir(world.path(format!("Camera1/{}", days_ago(60)))).unwrap().count()
}

/// A quota counts what its user has, so removing what is another's helps nothing; and nothing helps a broken disk.
#[test]
fn a_disk_that_gains_no_room_keeps_events() {
    let world = World::empty();
    for second in 10..90 {
        let name = format!("10-0{}-{:02}", second / 60, second % 60);
        world.event(event_id("Camera1", 60, name)).frames(1).old().make();
    }
    let camera = world.path("Camera1");
    std::os::unix::fs::chown(&camera, Some(1234), None).unwrap();
    assert_eq!(expire_without_room(&world, "EDQUOT"), 80, "of a quota of ours they are no part");
    assert_eq!(expire_without_room(&world, "ENOSPC"), 80 - 64, "and the next pass goes on");
}

/// What cannot be done was logged once for every day and every pass, also where only the manifest of a pass has no room.
#[test]
fn a_disk_that_stays_full_is_logged_once() {
    for is_tmpfs in [false, true] {
        let world = World::empty();
        let _loop = (!is_tmpfs).then(|| Loop::mount(&world, &world.root, &[]));
        let disk = is_tmpfs.then(|| Disk::mount(&world.root, "8M"));
        for days in 60..70 {
            let event = world.event(event_id("Camera1", days, "10-00-00")).frames(1).old().make();
            fs::create_dir_all(event.join("folder/folder")).unwrap(); // no event of Motion's: it is not removed in place
        }
        world.make_old();
        let state = state_elsewhere(&world);
        let state: &[&str] = if is_tmpfs { &[&state[0], &state[1]] } else { &[] };
        match &disk {
            Some(disk) => {
                assert_eq!(world.run("scan", state).code, 0); // it is marked, so the manifest is the first that fails
                _ = disk.fill();
            }
            None => fill(&world.root),
        }
        let flags = [&KEEP_45_DAYS[..], state].concat();
        let ran = world.run("expire", &flags);
        assert_eq!(ran.code, 1, "{ran:?}");
        let told = |log: &str| log.lines().filter(|line| line.contains("by hand")).count();
        assert!(told(&ran.stderr) <= 3, "an error, an entry of the audit and the result: {ran:?}");
        let daemon = world.serve(&[&flags[..], &["--check-interval", "1s"]].concat());
        daemon.wait_for_log("make room by hand");
        for _ in 0..3 {
            daemon.send("POST", "/api/v1/retention/run", "");
        }
        let log = daemon.log();
        assert!(told(&log) <= 3, "an error, an entry of the audit and an alert: {log}");
        assert_eq!(daemon.stop(), 0);
    }
}

/// The daemon has no rule here, so the disk stays full until a person makes room.
#[test]
fn a_full_disk_is_told_by_the_api() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &[]);
    events(&world);
    fill(&world.root);
    let daemon = world.serve(&[]);
    let id = event_id("Camera1", 3, "10-00-00");
    let deleted = daemon.send("DELETE", &format!("/api/v1/events/{id}"), "");
    assert_eq!(deleted.status, 507, "{}", deleted.text());
    assert!(deleted.text().contains("remove some files by hand"), "{}", deleted.text());
    assert!(world.has(format!("{id}/video.mp4")) && world.queued().is_empty());
    // The control socket is in the runtime directory.
    let ran = world.run("queue", &["--json"]);
    assert_eq!((ran.code, ran.json()["passes"].as_array().map(Vec::len)), (0, Some(0)), "{ran:?}");
    assert_eq!(world.run("delete", &[&id]).code, 1);
    for n in 0..10_000 {
        let _ = fs::remove_dir(world.path(format!("filler{n}")));
    }
    fs::remove_file(world.path("filler")).unwrap();
    wait_until("the archive is marked, and the catalog is back", || {
        world.has(".owlery/archive.json") && world.has(".owlery/catalog.db")
    });
    wait_until("nothing is alerted", || daemon.get("/readyz").json()["alerts"].as_array().is_some_and(Vec::is_empty));
    let deleted = daemon.send("DELETE", &format!("/api/v1/events/{id}"), "");
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_full_state_disk_is_an_alert() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    let disk = Disk::mount(world.outside("disk"), "4M");
    disk.fill();
    let state = world.outside("disk").join("state");
    let flags = [&KEEP_45_DAYS[..], &["--state-dir", state.to_str().unwrap()]].concat();
    let daemon = world.serve(&flags);
    wait_until("it is expired all the same", || !world.has(format!("Camera1/{}", days_ago(60))));
    wait_until("an alert", || {
        daemon.get("/readyz").json()["alerts"].to_string().contains("the disk of the state directory")
    });
    assert_eq!(daemon.stop(), 0);
}

/// Nothing of ours can go here, and only events that must stay would be left to remove.
#[test]
fn a_full_disk_keeps_saved_and_open_events() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &[]);
    let (saved, open) = (event_id("Camera1", 60, "10-00-00"), event_id("Camera1", 60, "11-00-00"));
    world.event(&saved).frames(2).saved().old().make();
    world.event(&open).frames(2).movie("video.mp4", unfinished_mp4()).make();
    fill(&world.root);
    world.run("expire", &KEEP_45_DAYS);
    assert!(world.has(format!("{saved}/video.mp4")) && world.has(format!("{open}/video.mp4")));
}

/// A crash at any step of a removal in place loses no event that a rule has not taken, and no entry of the audit.
#[test]
fn a_crash_in_place_is_made_up_for() {
    for is_elsewhere in [false, true] {
        for step in 1..=5 {
            let step = format!("in-place-{step}");
            let world = World::empty();
            let _disk = Loop::mount(&world, &world.root, &[]);
            events(&world);
            fill(&world.root);
            let flags = if is_elsewhere { state_elsewhere(&world).to_vec() } else { Vec::new() };
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            let mut command = world.command("expire", [&KEEP_45_DAYS[..], &flags].concat());
            command.env("OWLERY_FAULT", &step);
            assert_eq!(Ran::of(command).code, -1, "{step}");
            expire_before_the_first_start(&world, &flags);
            let left: Vec<String> = world.tree().into_iter().filter(|path| path.contains(".owlery-")).collect();
            assert!(left.is_empty(), "{step}: {left:?}");
            check_audit(&world, &flags, &step);
        }
    }
}

/// Every event that is gone is recorded once: as removed in place, or in an item of a pass.
fn check_audit(world: &World, flags: &[&str], step: &str) {
    let (gone, removed) = audited(world, flags);
    assert_eq!(gone, 10, "{step}");
    assert!(removed > 0, "{step}");
}

/// How many events went, and how many of them in place, by the audit log.
fn audited(world: &World, flags: &[&str]) -> (u64, u64) {
    let ran = world.run("audit", &[&["--json", "--limit", "1000"], flags].concat());
    let told = ran.json();
    let count = |what: &str| -> u64 {
        let of = told["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == what);
        of.map(|entry| entry["count"].as_u64().unwrap()).sum()
    };
    (count("removed") + count("item") - count("restored"), count("removed"))
}

/// No inode is free but that of the reserve.
#[test]
fn events_can_be_saved_on_a_full_disk() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &["-N", "256"]);
    let id = event_id("Camera1", 3, "10-00-00");
    world.event(&id).old().make();
    let daemon = world.serve(&KEEP_45_DAYS);
    wait_until("a reserve", || world.has(".owlery/reserve"));
    take_inodes(&world.root);
    let ran = world.run("save", &[&id]);
    let is_recorded = !ran.stderr.contains("audit could not be written");
    assert_eq!(ran.code, i32::from(!is_recorded), "{ran:?}");
    assert!(world.has(format!("{id}/.saved")));
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn held_passes_remove_nothing_on_full_disks() {
    let world = World::empty();
    let _disk = Loop::mount(&world, &world.root, &[]);
    events(&world);
    fill(&world.root);
    let ran = world.run("expire", &["--keep-days", "45", "--max-share", "0.1"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    for days in 60..65 {
        for name in ["10-00-00", "11-00-00"] {
            assert!(world.has(format!("Camera1/{}/{name}/video.mp4", days_ago(days))), "{ran:?}");
        }
    }
}

/// Only the disk of one camera is full, from the first start or later: its days go too, and the alert names that disk.
#[test]
fn a_full_disk_of_a_camera_expires() {
    for (is_ext4, is_new) in [(false, false), (false, true), (true, false), (true, true)] {
        let what = format!("ext4: {is_ext4}, at the first start: {is_new}");
        let world = World::empty();
        let at = world.path("Camera1");
        let _loop = is_ext4.then(|| Loop::mount(&world, &at, &[]));
        let disk = (!is_ext4).then(|| Disk::mount(&at, "8M"));
        events(&world);
        let other = world.old_event("Camera2", 60, "10-00-00");
        if !is_new {
            assert_eq!(world.run("expire", &["--keep-days", "90"]).code, 0, "{what}");
        }
        if let Some(disk) = &disk {
            disk.fill();
        } else {
            fill(&at);
        }
        let ran = world.run("expire", &KEEP_45_DAYS);
        assert_eq!(ran.code, 0, "{what}: {ran:?}");
        check_expired(&world);
        assert!(!other.exists() && world.queued().is_empty(), "{what}: {ran:?}");
        assert!(!world.tree().iter().any(|path| path.contains(".owlery-")), "{what}: {:?}", world.tree());
        let (gone, removed) = audited(&world, &[]);
        assert!(gone == 11 && removed > 0, "{what}: {gone} events went, {removed} in place");

        // It is full again, and nothing there is past its time.
        if let Some(disk) = &disk {
            disk.fill();
        } else {
            fill(&at);
        }
        let daemon = world.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "1s"]].concat());
        let full = || {
            let alerts = daemon.get("/readyz").json()["alerts"].clone();
            alerts.as_array().unwrap().iter().find(|alert| alert.to_string().contains("is full")).cloned()
        };
        let told = wait_for("an alert", full);
        assert!(told.to_string().contains("Camera1"), "{what}: {told}");
        world.old_event("Camera2", 61, "10-00-00");
        wait_until("the other camera goes on", || !world.has(event_id("Camera2", 61, "10-00-00")));
        fs::remove_file(at.join("filler")).unwrap();
        wait_until("the alert ends", || full().is_none());
        assert_eq!(daemon.stop(), 0);
    }
}

/// Every command ends on a full disk, with what it was asked for or with the remedy: `delete` hung for nine minutes.
/// `is_known`: the disk filled up later; `is_elsewhere`: the state directory is on another one, so that nothing of ours is
/// left to give up.
#[test]
fn commands_end_on_a_full_disk() {
    for (is_known, is_elsewhere) in [(false, false), (true, false), (true, true)] {
        let world = World::empty();
        let _disk = Loop::mount(&world, &world.root, &[]);
        events(&world);
        let state = state_elsewhere(&world);
        let state: &[&str] = if is_elsewhere { &[&state[0], &state[1]] } else { &[] };
        let (young, saved) = (event_id("Camera1", 3, "10-00-00"), event_id("Camera1", 64, "12-00-00"));
        let mut pass = "20261120T100436Z-AbCdEf".to_owned();
        if is_known {
            let deleted = world.run("delete", &[&[&event_id("Camera1", 3, "11-00-00"), "--json"], state].concat());
            deleted.json()["pass"].as_str().unwrap().clone_into(&mut pass);
        }
        fill(&world.root);
        let run = |command: &str, flags: &[&str], code: i32| {
            let ran = Ran::of(run_by(&["timeout", "20"], &world.command(command, [flags, state].concat())));
            assert_eq!(ran.code, code, "{is_known} {is_elsewhere} {command}: {ran:?}");
            let is_told = code == 0 || ran.stderr.contains("make room");
            assert!(is_told || ran.stderr.contains("no queued pass"), "{is_known} {is_elsewhere} {command}: {ran:?}");
            ran
        };
        // What cannot be marked or recorded was not done, or its command says that only the log has it.
        let failed = i32::from(!is_known);
        assert_eq!(run("list", &["--json"], 0).json()["events"].as_array().unwrap().len(), 13 - usize::from(is_known));
        assert!(run("stats", &[], 0).stdout.contains("disk: 0 B of"));
        let plan = run("plan", &[&KEEP_45_DAYS[..], &["--json"]].concat(), 0).json();
        assert_eq!(plan["items"].as_array().unwrap().len(), 5, "{plan}");
        run("check", &[], 0);
        assert_eq!(run("queue", &["--json"], 0).json()["passes"].as_array().unwrap().len(), usize::from(is_known));
        run("audit", &[], 0);
        run("scan", &[], 0);
        let deleted = run("delete", &[&young], i32::from(!is_known || is_elsewhere));
        assert_eq!(world.has(format!("{young}/video.mp4")), deleted.code == 1, "{deleted:?}");
        run("restore", &[&pass], failed);
        assert!(world.has(event_id("Camera1", 3, "11-00-00")));
        run("unsave", &[&saved], failed);
        assert!(!world.has(format!("{saved}/.saved")) && world.has(format!("{saved}/video.mp4")));
        run("accept", &[], failed);
    }
}

/// Flat files have no directory that one rename could set aside.
#[test]
fn flat_events_expire_on_a_full_tmpfs() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "8M");
    let make = |back: u64, time: &str| {
        let day = world.path(format!("Camera1/{}", days_ago(back)));
        fs::create_dir_all(&day).unwrap();
        for ending in [".mkv", ".mkv.thumb", ".jpg"] {
            fs::write(day.join(format!("{time}{ending}")), "x").unwrap();
        }
    };
    for back in [3, 60, 61, 62, 63, 64] {
        make(back, "10-00-00");
        make(back, "11-00-00");
    }
    make(64, "12-00-00");
    fs::write(world.path(format!("Camera1/{}/.12-00-00.saved", days_ago(64))), "").unwrap();
    world.make_old();
    disk.fill();
    let flags = [&KEEP_45_DAYS[..], &["--layout", "%Y-%m-%d/%H-%M-%S"]].concat();
    let ran = world.run("expire", &flags);
    assert_eq!(ran.code, 0, "{ran:?}");
    for back in 60..64 {
        assert!(!world.has(format!("Camera1/{}", days_ago(back))), "{back}: {ran:?}");
    }
    let names = |back: u64| {
        let entries = fs::read_dir(world.path(format!("Camera1/{}", days_ago(back)))).unwrap().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(64), [".12-00-00.saved", "12-00-00.jpg", "12-00-00.mkv", "12-00-00.mkv.thumb"]);
    assert_eq!(names(3).len(), 6, "what is young stays");
}
