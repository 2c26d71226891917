//! Sending files: caching, files that change while they are sent, and slow disks that must not delay other requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::world::{Daemon, Response, World, days_ago, run_by, wait_until};

const EVENT: &str = "Camera1/2025-03-01/10-00-00";
const FOR_EVER: Option<&str> = Some("private, max-age=31536000, immutable");

/// Bytes of which no two pieces are the same.
fn bytes(count: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count as usize);
    for n in 0..count.div_ceil(4) {
        bytes.extend_from_slice(&n.wrapping_mul(2_654_435_761).to_le_bytes());
    }
    bytes.truncate(count as usize);
    bytes
}

#[test]
fn files_of_finished_events_are_immutable() {
    let world = World::sample("failures/sigkill-direct-mp4");
    world.event(EVENT).old().make();
    let daemon = world.serve(&[]);
    // The truncated movie is found when the event is measured.
    daemon.wait_for_event("Camera1/2026-11-21/05-39-40", "is interrupted", |event| event["state"] == "interrupted");
    daemon.wait_for_event(EVENT, "is complete", |event| event["state"] == "complete");
    for path in ["Camera1/2026-11-21/05-39-40/video.mp4", &format!("{EVENT}/10-00-00-00.jpg")] {
        let path = format!("/media/{path}");
        let whole = daemon.get(&path);
        assert_eq!((whole.status, whole.header("cache-control")), (200, FOR_EVER), "{path}");
        let tag = whole.header("etag").unwrap();
        for (headers, status) in [(("Range", "bytes=0-3"), 206), (("If-None-Match", tag), 304)] {
            let response = daemon.request("GET", &path, &[headers]);
            assert_eq!((response.status, response.header("cache-control")), (status, FOR_EVER), "{path}");
        }
    }
}

#[test]
fn files_that_may_still_change_are_not_kept() {
    let world = World::new();
    let today = days_ago(0);
    let (open, late) = (format!("Camera1/{today}/00-00-01"), format!("Camera1/{today}/00-00-02"));
    world.event(&open).make();
    world.event(EVENT).old().make();
    world.event("Camera1/2025-03-01/07").old().make();
    let daemon = world.serve(&["--poll", "1h"]);
    let caching = |file: &str| {
        let response = daemon.get(&format!("/media/{file}"));
        assert_eq!(response.status, 200, "{file}");
        response.header("cache-control").unwrap().to_owned()
    };
    assert_eq!(daemon.event(&open).unwrap()["state"], "open");
    assert_eq!(caching(&format!("{open}/00-00-01-00.jpg")), "no-store");
    // The next event after Motion's start gets this number again, and a movie of the same name.
    assert_eq!(caching("Camera1/2025-03-01/07/video.mp4"), "no-cache");
    // A file that was made later may be unfinished.
    fs::write(world.path(EVENT).join("thumbnail.jpg"), "half of it").unwrap();
    assert_eq!(caching(&format!("{EVENT}/thumbnail.jpg")), "no-cache");
    // The event is not in the catalog yet.
    world.event(&late).old().make();
    assert_eq!(daemon.event(&late), None);
    assert_eq!(caching(&format!("{late}/video.mp4")), "no-cache");
}

#[test]
fn what_may_be_kept_follows_the_events_state() {
    let world = World::new();
    let id = format!("Camera1/{}/00-00-01", days_ago(0));
    let dir = world.event(&id).make();
    let daemon = world.serve(&[]);
    let caching = || daemon.get(&format!("/media/{id}/00-00-01-00.jpg")).header("cache-control").unwrap().to_owned();
    assert_eq!(caching(), "no-store");
    assert_eq!(world.run("ended", &[dir.join("video.mp4").to_str().unwrap()]).code, 0);
    daemon.wait_for_event(&id, "is over", |event| event["state"] == "complete");
    assert_ne!(caching(), "no-store");
    wait_until("the files have rested", || Some(caching().as_str()) == FOR_EVER);
}

/// A request whose response is read piece by piece.
fn begin(daemon: &Daemon, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&daemon.address).unwrap();
    stream.set_read_timeout(Some(crate::world::PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", daemon.address).unwrap();
    let mut first = [0; 1];
    assert_eq!(stream.peek(&mut first).unwrap(), 1, "it has begun");
    stream
}

fn rest(mut stream: TcpStream) -> Response {
    let mut all = Vec::new();
    // An aborted connection tells a client that bytes are missing.
    let _ = stream.read_to_end(&mut all);
    Response::parse(&all)
}

#[test]
fn a_shrinking_file_aborts_the_response() {
    const MIB: u64 = 1 << 20;
    let world = World::new();
    let begins = bytes(8 << 20);
    let movie = world.event(EVENT).movie("video.mp4", begins.clone()).old().make().join("video.mp4");
    let resize = |size| File::options().write(true).open(&movie).unwrap().set_len(size).unwrap();
    resize(512 * MIB); // more than can be under way to a client that does not read
    let daemon = world.serve(&[]);
    let path = format!("/media/{EVENT}/video.mp4");
    let answer = begin(&daemon, &path);
    resize(100 * MIB);
    let cut = rest(answer);
    assert_eq!(cut.header("content-length"), Some("536870912"));
    assert!(cut.body.len() as u64 <= 100 * MIB, "{} bytes: more than there were", cut.body.len());
    assert!(cut.body.starts_with(&begins), "what came is what was there");
    assert_eq!(daemon.request("HEAD", &path, &[]).header("content-length"), Some("104857600"), "it lives");
}

const LARGE: u32 = 32 << 20;

#[test]
fn a_growing_file_ends_at_its_announced_length() {
    let world = World::new();
    let movie = world.event(EVENT).movie("video.mp4", bytes(LARGE)).old().make().join("video.mp4");
    let daemon = world.serve(&[]);
    let answer = begin(&daemon, &format!("/media/{EVENT}/video.mp4"));
    File::options().append(true).open(&movie).unwrap().write_all(&vec![7; 1 << 20]).unwrap();
    let whole = rest(answer);
    assert_eq!(whole.header("content-length"), Some("33554432"));
    assert!(whole.body == bytes(LARGE), "{} bytes", whole.body.len());
}

/// Removes a file from the page cache of the kernel.
fn make_cold(path: &Path) {
    let file = File::open(path).unwrap();
    file.sync_all().unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
}

/// The system calls in the output of strace, each with its thread. Calls that strace prints in two lines are joined.
fn whole_calls(log: &str) -> Vec<(String, String)> {
    let (mut calls, mut begun) = (Vec::new(), BTreeMap::new());
    for line in log.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(begins) = call.strip_suffix("<unfinished ...>") {
            begun.insert(thread, begins);
        } else if let Some((_, ends)) = call.split_once(" resumed>").filter(|_| call.starts_with("<... ")) {
            calls.push((thread.to_owned(), format!("{}{ends}", begun.remove(thread).unwrap_or_default())));
        } else {
            calls.push((thread.to_owned(), call.to_owned()));
        }
    }
    calls
}

#[test]
fn a_cold_disk_is_read_on_the_blocking_pool() {
    let world = World::new();
    let large = bytes(8 << 20);
    let dir = world.event(EVENT).movie("video.mp4", large.clone()).file("small.jpg", bytes(9000)).old().make();
    let log = world.outside("log").join("strace");
    let calls = "trace=pread64,preadv2,openat,openat2,epoll_wait,epoll_pwait";
    let strace = ["strace", "-f", "-y", "-e", calls, "-o", log.to_str().unwrap()];
    let mut daemon = Daemon::start(run_by(&strace, &world.command("serve", ["--listen", "127.0.0.1:0"])));
    wait_until("ready", || daemon.get("/readyz").status == 200);
    for _ in 0..3 {
        make_cold(&dir.join("video.mp4"));
        make_cold(&dir.join("small.jpg"));
        assert!(daemon.get(&format!("/media/{EVENT}/video.mp4")).body == large);
        assert!(daemon.get(&format!("/media/{EVENT}/small.jpg")).body == bytes(9000));
    }
    assert!(std::process::Command::new("kill").arg(world.daemon_pid()).status().unwrap().success());
    daemon.wait();
    let log = whole_calls(&fs::read_to_string(log).unwrap());
    let serving: BTreeSet<&str> =
        log.iter().filter(|(_, call)| call.starts_with("epoll_")).map(|(thread, _)| thread.as_str()).collect();
    let is_media = |call: &str| call.contains("/10-00-00/video.mp4") || call.contains("/10-00-00/small.jpg");
    let media = log.iter().filter(|(_, call)| is_media(call));
    let (of_serving, of_others): (Vec<_>, Vec<_>) = media.partition(|(thread, _)| serving.contains(thread.as_str()));
    for (_, call) in of_serving {
        assert!(call.contains("RWF_NOWAIT") || call.contains("RESOLVE_CACHED"), "this can wait for the disk: {call}");
    }
    assert!(of_others.iter().any(|(_, call)| call.starts_with("pread64(")), "nothing was cold: {of_others:#?}");
}

#[test]
fn a_linked_camera_is_served() {
    let world = World::new();
    let elsewhere = world.outside("disk2");
    world.event(EVENT).old().make();
    fs::rename(world.path("Camera1"), elsewhere.join("recordings")).unwrap();
    std::os::unix::fs::symlink(elsewhere.join("recordings"), world.path("Camera1")).unwrap();
    let daemon = world.serve(&[]);
    for _ in 0..3 {
        assert_eq!(daemon.get(&format!("/media/{EVENT}/10-00-00-00.jpg")).status, 200);
    }
    // A file that is replaced by a link is not followed, also after earlier requests for the camera.
    fs::remove_file(world.path("Camera1")).unwrap();
    let secret = world.outside("secret");
    world.event("Camera2/2025-03-01/10-00-00").old().make();
    fs::rename(world.path("Camera2/2025-03-01"), secret.join("2025-03-01")).unwrap();
    fs::create_dir(world.path("Camera1")).unwrap();
    std::os::unix::fs::symlink(secret.join("2025-03-01"), world.path("Camera1/2025-03-01")).unwrap();
    assert_eq!(daemon.get(&format!("/media/{EVENT}/10-00-00-00.jpg")).status, 404);
}
