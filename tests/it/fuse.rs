//! Archives on FUSE: what is written behind the mount, and a filesystem that stops responding. bindfs shows a folder at
//! another place; stopping its process (SIGSTOP) does to the mount what a server that is off does to NFS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::world::{Daemon, KEEP_45_DAYS, Ran, World, days_ago, event_id, wait_until};

/// A folder shown by bindfs; unmounted when dropped.
struct Fuse {
    process: Child,
    at: PathBuf,
    /// Where the kernel shows its FUSE connections (`fusectl`).
    control: tempfile::TempDir,
}

impl Fuse {
    fn mount(what: &Path, at: PathBuf) -> Self {
        fs::create_dir_all(&at).unwrap();
        let process = Command::new("bindfs").arg("-f").args([what, &at]).spawn().unwrap();
        let control = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "fusectl", "none"]).arg(control.path()).status();
        assert!(mounted.unwrap().success());
        let fuse = Self { process, at, control };
        wait_until("mounted", || fs::read_dir(&fuse.at).unwrap().next().is_some());
        fuse
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Fuse {
    /// Has it respond no more, at a moment without requests: the kernel ends a process whose request waits to be read, but none whose
    /// request bindfs has read already.
    fn hang(&self) {
        let is_stopped = || {
            let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap().flatten();
            let stats: Vec<String> =
                tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok()).collect();
            stats.iter().all(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
        };
        wait_until("no request is under way", || {
            self.signal("-STOP");
            wait_until("stopped", is_stopped);
            let is_idle = self.requests() == 0;
            if !is_idle {
                self.signal("-CONT");
            }
            is_idle
        });
    }

    /// The requests that bindfs has not answered.
    fn requests(&self) -> u64 {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let fields = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mount = mounts.lines().map(fields).find(|fields| Path::new(&fields[4]) == self.at).unwrap();
        let device = mount[2].rsplit_once(':').unwrap().1;
        fs::read_to_string(self.control.path().join(device).join("waiting")).unwrap().trim().parse().unwrap()
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        self.signal("-CONT");
        let _ = Command::new("umount").arg(self.control.path()).status();
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes an event in a folder that is no archive by itself.
fn event(camera: &Path, day: &str, time: &str) {
    let dir = camera.join(day).join(time);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join(format!("{time}-00.jpg")), b"\xff\xd8\xff\xd9").unwrap();
}

fn is_listed(daemon: &Daemon, id: &str) -> bool {
    daemon.get(&format!("/api/v1/events/{id}")).status == 200
}

/// The kernel sends no notification for what another process writes behind a FUSE mount, so the mount is polled.
#[test]
fn events_behind_a_fuse_mount_are_seen() {
    let world = World::new();
    let camera = world.path("Camera1");
    event(&camera, &days_ago(1), "08-00-00");
    let pool = Fuse::mount(&world.root, world.outside("pool"));
    let state = world.outside("state");
    let flags = ["--listen", "127.0.0.1:0", "--state-dir", state.to_str().unwrap()];
    let mut command = crate::world::program();
    command.arg("serve").arg(&pool.at).args(flags);
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    event(&camera, &days_ago(0), "09-00-00");
    wait_until("seen", || is_listed(&daemon, &event_id("Camera1", 0, "09-00-00")));
    assert_eq!(daemon.stop(), 0);
}

/// Only the camera that is on FUSE is polled; the others are watched.
#[test]
fn a_camera_on_fuse_is_polled() {
    let world = World::new();
    let behind = world.outside("behind");
    event(&behind, &days_ago(1), "08-00-00");
    let _camera = Fuse::mount(&behind, world.path("Camera2"));
    let daemon = world.serve(&[]);
    event(&behind, &days_ago(0), "09-00-00");
    wait_until("seen", || is_listed(&daemon, &event_id("Camera2", 0, "09-00-00")));
    assert!(daemon.log().contains("Camera2 is on a filesystem without notifications"), "{}", daemon.log());
    assert_eq!(daemon.stop(), 0);
}

/// Every command on an archive.
const COMMANDS: [(&str, &[&str]); 15] = [
    ("serve", &["--listen", "127.0.0.1:0"]),
    ("scan", &[]),
    ("list", &[]),
    ("stats", &[]),
    ("plan", &["--keep-days", "45"]),
    ("expire", &["--keep-days", "45"]),
    ("queue", &[]),
    ("restore", &["20261120T100436Z-AbCdEf"]),
    ("delete", &["Camera1/2026-11-20/10-04-36"]),
    ("save", &["Camera1/2026-11-20/10-04-36"]),
    ("unsave", &["Camera1/2026-11-20/10-04-36"]),
    ("audit", &[]),
    ("check", &[]),
    ("accept", &[]),
    ("ended", &["Camera1/2026-11-20/10-04-36/video.mp4"]),
];

/// Runs every command on `root` and asserts that it ends with 1 and names `hung`.
fn assert_all_end(root: &Path, flags: &[&str], hung: &Path) {
    let running = COMMANDS.map(|(command, own)| {
        let mut program = crate::world::program();
        program.arg(command).arg(root).args(own).args(flags).env("OWLERY_LIMITS", "hung=1s");
        (command, std::thread::spawn(move || Ran::of(program)))
    });
    for (command, ran) in running {
        let ran = ran.join().unwrap();
        assert_eq!(ran.code, 1, "{command}: {ran:?}");
        let is_named = ran.stderr.contains(hung.to_str().unwrap()) && ran.stderr.contains("has not responded");
        assert!(is_named, "{command}: {ran:?}");
    }
}

/// Without a daemon they waited for as long as the disk hung.
#[test]
fn commands_end_on_a_hung_disk() {
    let world = World::new();
    event(&world.path("Camera1"), "2026-11-20", "10-04-36");
    assert_eq!(world.run("scan", &[]).code, 0);
    let nas = Fuse::mount(&world.root, world.outside("nas"));
    nas.hang();
    assert_all_end(&nas.at, &[], &nas.at);
}

#[test]
fn commands_end_on_a_hung_camera() {
    let world = World::new();
    event(&world.path("Camera1"), "2026-11-20", "10-04-36");
    let behind = world.outside("behind");
    event(&behind, &days_ago(1), "08-00-00");
    let camera = Fuse::mount(&behind, world.path("Camera2"));
    camera.hang();
    for command in ["scan", "check", "expire"] {
        let mut program = crate::world::program();
        let ran = Ran::of({
            program.arg(command).arg(&world.root).env("OWLERY_LIMITS", "hung=1s");
            program
        });
        assert!(ran.code == 1 && ran.stderr.contains("Camera2: its disk has not responded"), "{command}: {ran:?}");
    }
}

/// A state directory that hangs is an alert of the daemon, and ends every command.
#[test]
fn a_hung_state_directory_is_noticed() {
    let world = World::new();
    event(&world.path("Camera1"), "2026-11-20", "10-04-36");
    let behind = world.outside("behind");
    fs::write(behind.join("x"), "").unwrap();
    let state = Fuse::mount(&behind, world.outside("state"));
    let flags = ["--state-dir", state.at.to_str().unwrap()];
    let daemon = world.serve(&flags);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    state.hang();
    assert_all_end(&world.root, &flags, &state.at);
    wait_until("not ready", || daemon.get("/readyz").status == 503);
    let text = daemon.get("/readyz").text();
    assert!(text.contains("does not respond") && text.contains("/state"), "{text}");
    // The kernel ends no process that has files open on a FUSE mount before that responds.
    state.signal("-CONT");
    wait_until("ready again", || daemon.get("/readyz").status == 200);
    assert_eq!(daemon.stop(), 0);
}

/// A disk that hangs makes the daemon not ready, with an alert that names it once; what the catalog knows is still shown,
/// and all is well when the disk is back.
#[test]
fn a_hung_disk_is_an_alert_and_recovers() {
    let world = World::new();
    let camera = world.path("Camera1");
    event(&camera, &days_ago(1), "08-00-00");
    let nas = Fuse::mount(&world.root, world.outside("nas"));
    let state = world.outside("state");
    let flags = ["--listen", "127.0.0.1:0", "--state-dir", state.to_str().unwrap(), "--keep-days", "45"];
    let mut command = crate::world::program();
    command.arg("serve").arg(&nas.at).args(flags);
    command.env("OWLERY_LIMITS", "stop=2700ms"); // the usual limit
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    nas.hang();
    wait_until("not ready", || daemon.get("/readyz").status == 503);
    let text = daemon.get("/readyz").text();
    assert!(text.contains("does not respond") && text.contains("nas"), "{text}");
    assert_eq!(daemon.get("/api/v1/cameras").status, 200);
    assert_eq!(daemon.get("/api/v1/events").status, 200);
    assert_eq!(daemon.get("/metrics").status, 200);
    nas.signal("-CONT");
    wait_until("ready again", || daemon.get("/readyz").status == 200);
    event(&camera, &days_ago(0), "09-00-00");
    wait_until("seen", || is_listed(&daemon, &event_id("Camera1", 0, "09-00-00")));
    assert_eq!(daemon.log().matches("does not respond (").count(), 1, "{}", daemon.log());
    nas.hang();
    assert_eq!(daemon.stop(), 0, "a stop ends in time although threads wait for the disk");
}

/// Whether a thread of the daemon waits for FUSE, other than those that wait in place of others.
fn reads_fuse(daemon: &Daemon) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.child.id())).unwrap().flatten();
    let told = |task: &fs::DirEntry, what| fs::read_to_string(task.path().join(what)).unwrap_or_default();
    let mut waiting = tasks.filter(|task| told(task, "wchan") == "request_wait_answer");
    waiting.any(|task| told(&task, "comm").trim() != "owlery-open")
}

/// The disk of one camera hangs: it is named, the other cameras are shown, watched and expired, and the stop is in time.
#[test]
fn a_hung_camera_stops_no_other() {
    let world = World::new();
    let here = event_id("Camera1", 1, "08-00-00");
    world.event(&here).old().make();
    let behind = world.outside("behind");
    event(&behind, &days_ago(1), "08-00-00");
    let there = event_id("Camera2", 1, "08-00-00");
    let camera = Fuse::mount(&behind, world.path("Camera2"));
    let flags = [&KEEP_45_DAYS[..], &["--check-interval", "1s", "--listen", "127.0.0.1:0"]].concat();
    let mut serve = world.command("serve", flags);
    serve.env("OWLERY_LIMITS", "stop=2700ms"); // the usual limit
    let daemon = Daemon::start(serve);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    wait_until("both are listed", || is_listed(&daemon, &here) && is_listed(&daemon, &there));
    wait_until("it hangs, and no thread was just reading a day there", || {
        camera.hang();
        wait_until("not ready", || daemon.get("/readyz").status == 503);
        if reads_fuse(&daemon) {
            camera.signal("-CONT");
            wait_until("ready again", || daemon.get("/readyz").status == 200);
            return false;
        }
        true
    });
    let text = daemon.get("/readyz").text();
    assert!(text.contains("does not respond") && text.contains("Camera2") && !text.contains("Camera1"), "{text}");
    for page in ["/api/v1/cameras", "/api/v1/events", "/api/v1/days", "/api/v1/retention", "/metrics"] {
        assert_eq!(daemon.get(page).status, 200, "{page}");
    }
    assert!(daemon.event(&here).is_some() && daemon.event(&there).is_some(), "known data is still shown");
    let details = |id: &str| daemon.get(&format!("/api/v1/events/{id}")).status;
    assert_eq!((details(&here), details(&there)), (200, 503));
    assert_eq!(daemon.get(&format!("/media/{here}/video.mp4")).status, 200);
    let new = event_id("Camera1", 0, "00-00-01");
    world.event(&new).old().make();
    wait_until("a new event is seen", || is_listed(&daemon, &new));
    let stale = world.old_event("Camera1", 60, "10-00-00");
    wait_until("the pass goes on", || !stale.exists());
    assert_eq!(daemon.log().matches("does not respond (").count(), 1, "{}", daemon.log());
    assert_eq!(daemon.stop(), 0);
}
