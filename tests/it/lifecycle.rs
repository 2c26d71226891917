//! How the daemon starts, is refused, and ends: signals, failing workers, locks, links among cameras, long paths.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::world::{Daemon, LONGEST_STOP, Ran, World, days_ago, event_id, program, run_by, wait_until};

/// Many small events, made quickly: all of one directory's files are links to one file.
fn many_events(world: &World, days: u64, of_a_day: u32) {
    let file = world.outside("made").join("frame");
    fs::write(&file, "x").unwrap();
    for day in 0..days {
        for number in 0..of_a_day {
            let dir = world.path(format!("Camera1/{}/{number:02}", days_ago(day + 2)));
            if number > 0 {
                fs::create_dir_all(&dir).unwrap();
                fs::hard_link(&file, dir.join("10-00-00-00.jpg")).unwrap();
            }
        }
    }
}

#[test]
fn a_signal_stops_the_daemon_in_order() {
    for signal in ["-TERM", "-INT"] {
        let world = World::new();
        world.old_event("Camera1", 0, "10-00-00");
        let mut daemon = world.serve(&["--keep-days", "45"]);
        let asked = Instant::now();
        daemon.signal(signal);
        assert_eq!(daemon.wait(), 0, "{signal}: {}", daemon.log());
        assert!(asked.elapsed() < LONGEST_STOP, "{signal}: {:?}", asked.elapsed());
        assert!(!daemon.log().contains("ERROR"), "{}", daemon.log());
    }
}

#[test]
fn sighup_without_tls_stops_nothing() {
    let world = World::new();
    let daemon = world.serve(&[]);
    daemon.signal("-HUP");
    daemon.wait_for_log("SIGHUP: no certificate to reload");
    assert_eq!(daemon.get("/healthz").status, 200);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_signal_ends_it_amidst_the_preload() {
    let world = World::new();
    many_events(&world, 60, 100);
    // Every directory that is opened takes 20 ms, as on a slow disk, so that the preload is still at work.
    let mut daemon = world.serve_slowly(Duration::from_millis(20), &[]);
    let pid = world.daemon_pid();
    assert_eq!(daemon.get("/readyz").status, 503, "it is still reading");
    assert_eq!(daemon.get("/healthz").status, 200);
    signal(&pid, "-TERM");
    assert_eq!(daemon.wait(), 0, "{}", daemon.log());
    assert!(!daemon.log().contains("could not be read, in"), "it does not wait for the preload: {}", daemon.log());
}

#[test]
fn a_signal_interrupts_scans_of_open_events() {
    let world = World::new();
    for number in 0..100 {
        world.event(format!("Camera1/{}/{number:02}", days_ago(0))).frames(1).no_movie().make();
    }
    // One scan of an event takes some 50 ms, and from the moment that it is ready each is scanned again and again.
    let mut daemon = world.serve_slowly(Duration::from_millis(10), &["--event-gap", "1h"]);
    let pid = world.daemon_pid();
    wait_until("ready", || daemon.get("/readyz").status == 200);
    let asked = Instant::now();
    signal(&pid, "-TERM");
    assert_eq!(daemon.wait(), 0, "{}", daemon.log());
    assert!(asked.elapsed() < LONGEST_STOP, "{:?}", asked.elapsed());
}

fn signal(pid: &str, signal: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    let mut command = world.command("expire", ["--keep-days", "45", "--max-share", "1"]);
    command.env("OWLERY_FAULT", "retire-8");
    assert_eq!(Ran::of(command).code, -1);
    // One removal takes five seconds, and a stop waits for the one that is under way.
    let delay = ["strace", "-f", "-o", "/dev/null", "-e", "inject=unlinkat:delay_enter=5000000"];
    let mut daemon = Daemon::start(run_by(&delay, &world.command("serve", ["--listen", "127.0.0.1:0"])));
    let pid = world.daemon_pid();
    wait_until("the reaper has begun", || world.queued().iter().any(|pass| pass.join("reaping.json").is_file()));
    signal(&pid, "-TERM");
    daemon.wait_for_log("stopping (signal 15)");
    signal(&pid, "-INT");
    daemon.wait_for_log("second signal: stopped at once");
    assert_eq!(daemon.wait(), 128 + 2);
}

#[test]
fn a_panic_in_a_worker_ends_the_process() {
    for (fault, worker) in [
        ("reaper", "owlery-reaper"),
        ("watch", "owlery-watch"),
        ("expirer", "owlery-expirer"),
        ("preload", "owlery-preload"),
        ("catalog", "owlery-catalog"),
    ] {
        let world = World::new();
        world.old_event("Camera1", 60, "10-00-00");
        world.old_event("Camera1", 0, "10-00-00");
        let mut command = world.command("serve", ["--listen", "127.0.0.1:0", "--keep-days", "45"]);
        command.env("OWLERY_FAULT", fault);
        let ran = Ran::of(command);
        assert_eq!(ran.code, 1, "{fault}: {ran:?}");
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.starts_with("owlery: ") && last.contains(worker), "{fault}: {last}");
    }
}

#[test]
fn two_daemons_on_one_archive_are_refused() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let elsewhere = world.outside("state");
    let link = world.outside("links").join("motion");
    symlink(&world.root, &link).unwrap();
    let pid = daemon.child.id().to_string();
    let plain = world.command("serve", ["--listen", "127.0.0.1:0"]);
    let other_state = world.command("serve", ["--listen", "127.0.0.1:0", "--state-dir", elsewhere.to_str().unwrap()]);
    let mut by_link = program();
    by_link.arg("serve").arg(&link).args(["--listen", "127.0.0.1:0"]);
    for (what, command) in [("the same", plain), ("another state", other_state), ("by a link", by_link)] {
        let ran = Ran::of(command);
        assert_eq!(ran.code, 2, "{what}: {ran:?}");
        assert!(ran.stderr.contains("another owlery runs on this archive"), "{what}: {}", ran.stderr);
        assert!(what == "another state" || ran.stderr.contains(&pid), "{what}: {}", ran.stderr);
    }
    assert_eq!(daemon.get("/readyz").status, 200, "the first goes on");
    assert_eq!(daemon.stop(), 0);
    assert_eq!(world.serve(&[]).stop(), 0, "and when it has ended there is room for another");
}

/// Neither its lock nor its socket stops the next start.
#[test]
fn a_killed_daemon_leaves_no_obstacle() {
    let world = World::new();
    let mut daemon = world.serve(&[]);
    daemon.signal("-KILL");
    assert_eq!(daemon.wait(), -9);
    assert!(world.has(".owlery/control.sock"), "a crash leaves its socket");
    let ran = world.run("expire", &["--keep-days", "45"]);
    assert_eq!(ran.code, 0, "commands see that no daemon responds: {ran:?}");
    let daemon = world.serve(&["--keep-days", "45"]);
    assert_eq!(world.run("expire", &["--keep-days", "45"]).code, 2, "the new one responds");
    assert_eq!(daemon.stop(), 0);
}

/// They would show events twice; the other cameras are served.
#[test]
fn links_that_repeat_cameras_are_refused() {
    let world = World::new();
    world.event(event_id("Camera1", 60, "10-00-00")).saved().old().make();
    world.old_event("Camera1", 60, "11-00-00");
    let elsewhere = world.outside("disk");
    for (link, target) in [
        ("Camera2", world.path("Camera1")),
        ("Camera3", world.root.clone()),
        ("Camera4", world.root.parent().unwrap().to_path_buf()),
        ("Camera5", PathBuf::from("/")),
        ("Camera6", world.path("Camera1").join(days_ago(60))),
        ("Camera7", PathBuf::from("Camera1")),
        ("Camera8", world.path("nowhere")),
        ("Camera9", elsewhere.clone()),
    ] {
        symlink(target, world.path(link)).unwrap();
    }
    let there = elsewhere.join(days_ago(60)).join("10-00-00");
    fs::create_dir_all(&there).unwrap();
    fs::File::open(there).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1"]);
    for link in 2..=8 {
        let path = world.path(format!("Camera{link}"));
        let named = |line: &str| line.ends_with(&format!(" path={}", path.display()));
        wait_until(&format!("Camera{link} is named"), || daemon.log().lines().any(named));
    }
    wait_until("a link to another place is a camera like any other", || {
        !elsewhere.join(days_ago(60)).join("10-00-00").exists()
    });
    wait_until("and the rest of Camera1 has expired", || daemon.events().len() == 1);
    assert_eq!(daemon.events()[0]["id"], event_id("Camera1", 60, "10-00-00"));
    let cameras = daemon.get("/api/v1/cameras").json();
    let names: Vec<&str> =
        cameras["cameras"].as_array().unwrap().iter().map(|camera| camera["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Camera1", "Camera9"]);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn the_control_socket_is_for_its_owner_only() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let mode = world.path(".owlery/control.sock").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn paths_longer_than_a_socket_s_address_work() {
    let world = World::new();
    let deep = world.outside(&["a-folder-with-a-rather-long-name"; 6].join("/")).join("motion");
    fs::create_dir_all(deep.join("Camera1")).unwrap();
    assert!(deep.as_os_str().len() > 108);
    let of = |command: &str, flags: &[&str]| {
        let mut program = program();
        program.arg(command).arg(&deep).args(flags);
        program
    };
    let daemon = Daemon::start(of("serve", &["--listen", "127.0.0.1:0", "--keep-days", "45"]));
    wait_until("ready", || daemon.get("/readyz").status == 200);
    let ran = Ran::of(of("expire", &["--keep-days", "45"]));
    assert_eq!(ran.code, 2, "the command reaches the daemon: {ran:?}");
    assert_eq!(Ran::of(of("expire", &[])).code, 0);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn the_state_directory_can_lie_elsewhere() {
    let world = World::new();
    let state = world.outside("state");
    let flags = ["--state-dir", state.to_str().unwrap()];
    let daemon = world.serve(&flags);
    let names = |dir: &Path| -> Vec<String> {
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names(&world.path(".owlery")), ["archive.json"], "the identity is always in the root");
    assert!(names(&state).contains(&"catalog.db".to_owned()));
    assert_eq!(world.run("expire", &[&flags[..], &["--keep-days", "45"]].concat()).code, 2, "found there");
    assert_eq!(daemon.stop(), 0);
}
