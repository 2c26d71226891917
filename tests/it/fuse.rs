//! Archives on FUSE: what is written behind the mount, and a filesystem that stops responding. bindfs shows a folder at
//! another place; stopping its process (SIGSTOP) does to the mount what a server that is off does to NFS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::world::{Daemon, World, days_ago, wait_until};

/// A folder shown by bindfs; unmounted when dropped.
struct Fuse {
    process: Child,
    at: PathBuf,
}

impl Fuse {
    fn mount(what: &Path, at: PathBuf) -> Self {
        fs::create_dir_all(&at).unwrap();
        let process = Command::new("bindfs").arg("-f").args([what, &at]).spawn().unwrap();
        let fuse = Self { process, at };
        wait_until("mounted", || fs::read_dir(&fuse.at).unwrap().next().is_some());
        fuse
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        self.signal("-CONT");
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
    wait_until("seen", || is_listed(&daemon, &format!("Camera1/{}/09-00-00", days_ago(0))));
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
    wait_until("seen", || is_listed(&daemon, &format!("Camera2/{}/09-00-00", days_ago(0))));
    assert!(daemon.log().contains("Camera2 is on a filesystem without notifications"), "{}", daemon.log());
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
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    nas.signal("-STOP");
    wait_until("not ready", || daemon.get("/readyz").status == 503);
    let text = daemon.get("/readyz").text();
    assert!(text.contains("does not respond") && text.contains("nas"), "{text}");
    assert_eq!(daemon.get("/api/v1/cameras").status, 200);
    assert_eq!(daemon.get("/api/v1/events").status, 200);
    assert_eq!(daemon.get("/metrics").status, 200);
    nas.signal("-CONT");
    wait_until("ready again", || daemon.get("/readyz").status == 200);
    event(&camera, &days_ago(0), "09-00-00");
    wait_until("seen", || is_listed(&daemon, &format!("Camera1/{}/09-00-00", days_ago(0))));
    assert_eq!(daemon.log().matches("does not respond (").count(), 1, "{}", daemon.log());
    nas.signal("-STOP");
    assert_eq!(daemon.stop(), 0, "a stop ends in time although threads wait for the disk");
}
