//! What finishing does when it is interrupted, and when something fails: crashes, kills, full disks, bad frames and programs.

use super::*;
use crate::world::{Disk, Pause, unprivileged};

/// Without ffmpeg nothing is lost or half done, and an alert says why; with it the events are finished.
#[test]
fn without_ffmpeg_events_wait() {
    let world = World::sample("strix-raw");
    let before = frames(&world.root);
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&FINISH));
    command.env("PATH", world.outside("no-programs"));
    let daemon = Daemon::start(command);
    daemon.wait_for_log("no event can be finished");
    assert!(daemon.log().contains("install ffmpeg"), "{}", daemon.log());
    wait_until("all else works", || daemon.get("/readyz").status == 200);
    assert_eq!(daemon.log().matches("can be finished").count(), 1, "one event is enough to know it");
    assert_eq!(daemon.stop(), 0);
    assert_eq!((frames(&world.root), fs::read_dir(world.path("queue")).unwrap().count()), (before, 8));
    let _daemon = world.serve(&FINISH);
    wait_until("all are finished", || is_done(&world));
}

/// Neither a rule nor a user takes an event that is being finished.
#[test]
fn an_event_being_finished_is_not_retired() {
    let world = World::new();
    let other = world.old_event("Camera1", 70, "10-00-00");
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0", "--keep-days", "45", "--max-share", "1"]);
    command.args(FINISH);
    let pause = Pause::at(&world, "finish-6", &mut command);
    let daemon = Daemon::start(command);
    wait_until("the first pass is made", || !other.exists());
    let id = event_id("Camera1", 60, "45");
    numbered(&world, &id, &["10-00-00-00", "10-00-01-00"]);
    mark(&world, &id);
    pause.meanwhile(|| {
        daemon.wait_for_event(&id, "is shown as being written", |event| event["state"] == "open");
        let pass = world.run("expire", &[]);
        assert!(pass.code == 1 && pass.stderr.contains("being written"), "{pass:?}");
        let deleted = world.run("delete", &[&id]);
        assert!(deleted.code == 3 && deleted.stderr.contains("open"), "{deleted:?}");
        assert!(world.has(&id) && world.queued().is_empty());
    });
    let new = event_id("Camera1", 60, "10-00-00");
    wait_until("it is finished", || world.has(&new) && is_done(&world));
    assert_eq!(world.run("expire", &[]).code, 0);
    assert!(!world.has(&new));
    assert_eq!(daemon.stop(), 0);
}

/// A crash after each step, at its first time: no frame is lost, and the next run ends in the same state.
#[test]
fn a_crash_after_each_step_is_recovered() {
    let expected = finished();
    let crash_at = &|step: u32| {
        let world = restarted();
        let before = frames(&world.root);
        let mut command = world.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&FINISH));
        command.env("OWLERY_FAULT", format!("finish-{step}"));
        let mut crash = command.spawn_quietly();
        wait_until(&format!("finish-{step} ends it"), || crash.try_wait().unwrap().is_some());
        assert_eq!(frames(&world.root), before, "finish-{step}");
        let daemon = world.serve(&FINISH);
        wait_until("all are finished", || is_done(&world));
        assert_eq!(daemon.stop(), 0);
        assert!(without_sidecars(&world.root) == expected, "finish-{step}: {:?}", world.tree());
    };
    // Each waits for some seconds until what it had begun to change is over again.
    std::thread::scope(|scope| (1..=9).for_each(|step| _ = scope.spawn(move || crash_at(step))));
}

/// Killed at twenty moments: no frame is lost, and it ends in the same state.
#[test]
fn kills_while_finishing_lose_nothing() {
    let expected = finished();
    let world = restarted();
    let before = frames(&world.root);
    for kill in 0..20u64 {
        let mut serve = world.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&FINISH)).spawn_quietly();
        #[allow(clippy::disallowed_methods)] // a moment that no condition describes
        std::thread::sleep(Duration::from_millis(60 + kill * 37 % 200));
        serve.kill().unwrap();
        serve.wait().unwrap();
        assert_eq!(frames(&world.root), before, "kill {kill}");
    }
    let daemon = world.serve(&FINISH);
    wait_until("all are finished", || is_done(&world));
    assert_eq!(daemon.stop(), 0);
    assert!(without_sidecars(&world.root) == expected, "{:?}", world.tree());
}

/// A disk that is too full for a movie: nothing is left half done, and the event is finished once there is room.
#[test]
fn a_full_disk_keeps_the_event() {
    let world = World::new();
    let disk = Disk::mount(world.path("Camera1"), "1m");
    let id = event_id("Camera1", 3, "45");
    let times: Vec<String> = (0..20).map(|n| format!("10-00-{n:02}-00")).collect();
    let dir = numbered(&world, &id, &times.iter().map(String::as_str).collect::<Vec<_>>());
    let filler = disk.fill();
    let before = contents(&dir);
    let state = world.outside("state");
    let flags = [&FINISH[..], &["--state-dir", state.to_str().unwrap()]].concat();
    let daemon = world.serve(&flags);
    daemon.wait_for_log("no event of Camera1 can be finished");
    assert!(daemon.log().contains("No space left"), "{}", daemon.log());
    assert_eq!(contents(&dir), before);
    assert_eq!(daemon.stop(), 0);
    fs::remove_file(filler).unwrap();
    let _daemon = world.serve(&flags);
    wait_until("it is finished", || !world.has(&id));
}

/// Motion is restarted while its event is being finished, and goes on in the same directory: nothing is missing in the movie.
#[test]
fn a_restart_while_finishing_is_in_the_movie() {
    let world = World::new();
    let id = event_id("Camera1", 3, "45");
    let dir = numbered(&world, &id, &["10-00-00-00", "10-00-01-00"]);
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&FINISH));
    let pause = Pause::at(&world, "finish-6", &mut command);
    let daemon = Daemon::start(command);
    pause.meanwhile(|| {
        fs::copy(dir.join("10-00-01-00.jpg"), dir.join("10-00-03-00.jpg")).unwrap();
        set_time(&dir.join("10-00-03-00.jpg"), "10-00-03-00");
    });
    let new = event_id("Camera1", 3, "10-00-00");
    wait_until("it is finished", || world.has(&new));
    assert_eq!(probe(&world.path(new).join("video.mp4")).2, 3);
    daemon.wait_for_log("frames were added while it was being finished");
}

/// Only movies that Owlery was making are removed from its folder, and nothing behind a link.
#[test]
fn other_files_are_no_leftovers() {
    let world = World::new();
    numbered(&world, &event_id("Camera1", 3, "45"), &["10-00-00-00"]);
    let work = world.path(".owlery/finishing");
    fs::create_dir_all(&work).unwrap();
    fs::write(work.join("notes.txt"), "mine").unwrap();
    fs::write(work.join(".owlery-media-AbCdEf.mp4"), "a part").unwrap();
    let daemon = world.serve(&FINISH);
    wait_until("it is finished", || is_done(&world));
    assert_eq!(daemon.stop(), 0);
    let left: Vec<_> = fs::read_dir(&work).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["notes.txt"]);
}

/// An ffmpeg that says it succeeded and made nothing is a failure of ffmpeg, and not of the frames.
#[test]
fn a_bad_ffmpeg_is_a_failure() {
    let world = World::new();
    let id = event_id("Camera1", 3, "45");
    numbered(&world, &id, &["10-00-00-00", "10-00-01-00"]);
    let programs = world.outside("programs");
    for program in ["ffmpeg", "ffprobe"] {
        let path = programs.join(program);
        // Another process writes it: the kernel runs no file that a program of another test has inherited open for writing.
        let write = "printf '#!/bin/sh\\necho ffmpeg version 5.1\\ncat > /dev/null\\n' > \"$0\" && chmod 755 \"$0\"";
        assert!(Command::new("sh").args(["-c", write]).arg(&path).status().unwrap().success());
    }
    let path = std::env::var("PATH").unwrap();
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&FINISH));
    command.env("PATH", format!("{}:{path}", programs.display()));
    let daemon = Daemon::start(command);
    daemon.wait_for_log("cannot be finished");
    assert!(daemon.log().contains("ffmpeg made no frame of it"), "{}", daemon.log());
    assert!(world.has(&id));
    let metrics = daemon.get("/metrics").text();
    assert!(
        metrics.contains("owlery_finish_waiting 1") && metrics.contains("owlery_finish_failures_total 1"),
        "{metrics}"
    );
}

/// A frame that may not be read is left out, as a damaged one is.
#[test]
fn an_unreadable_frame_is_left_out() {
    let world = World::new();
    let dir = numbered(&world, &event_id("Camera1", 3, "45"), &["10-00-00-00", "10-00-01-00", "10-00-02-00"]);
    let forbidden = Command::new("chmod").arg("0").arg(dir.join("10-00-01-00.jpg")).status();
    assert!(forbidden.unwrap().success());
    let daemon =
        Daemon::start(unprivileged(&world.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&FINISH))));
    wait_until("it is finished", || is_done(&world));
    assert_eq!(probe(&world.path(event_id("Camera1", 3, "10-00-00")).join("video.mp4")).2, 2);
    daemon.wait_for_log("lacks 1 of 3 frames");
    assert!(daemon.log().contains("Permission denied"), "{}", daemon.log());
}

/// What stops all finishing is an alert, and is logged once; a `queue` that is a link costs the markers alone.
#[test]
fn trouble_is_an_alert() {
    let world = World::new();
    numbered(&world, &event_id("Camera1", 3, "45"), &["10-00-00-00"]);
    std::os::unix::fs::symlink("/nowhere", world.path("queue")).unwrap();
    fs::create_dir_all(world.path(".owlery")).unwrap();
    fs::write(world.path(".owlery/finishing"), "").unwrap();
    let daemon = world.serve(&FINISH);
    let alert = || daemon.get("/readyz").json()["alerts"][0].as_str().map(str::to_owned);
    wait_until("there is an alert", || alert().is_some_and(|alert| alert.starts_with("no event is finished")));
    assert_eq!(daemon.log().matches("no event is finished").count(), 1);
    assert_eq!(ids(&daemon).len(), 1, "all else works");
    fs::remove_file(world.path(".owlery/finishing")).unwrap();
    fs::remove_file(world.path("queue")).unwrap();
    wait_until("it is finished", || is_done(&world));
    wait_until("the alert ends", || alert().is_none());
}

/// Frames that a full disk left empty: without any other there is no movie, and the event is finished all the same.
#[test]
fn damaged_frames_are_left_out() {
    let world = World::new();
    let dir = numbered(&world, &event_id("Camera1", 3, "45"), &["10-00-00-00", "10-00-01-00", "10-00-02-00"]);
    fs::write(dir.join("10-00-01-00.jpg"), "").unwrap();
    set_time(&dir.join("10-00-01-00.jpg"), "10-00-01-00");
    let empty = numbered(&world, &event_id("Camera1", 3, "44"), &["09-00-00-00"]);
    fs::write(empty.join("09-00-00-00.jpg"), "").unwrap();
    set_time(&empty.join("09-00-00-00.jpg"), "09-00-00-00");
    let daemon = world.serve(&FINISH);
    wait_until("both are finished", || is_done(&world));
    assert_eq!(probe(&world.path(event_id("Camera1", 3, "10-00-00")).join("video.mp4")).2, 2);
    daemon.wait_for_log("lacks 1 of 3 frames");
    let dir = world.path(event_id("Camera1", 3, "09-00-00"));
    assert!(!dir.join("video.mp4").exists() && !dir.join("thumbnail.jpg").exists());
    daemon.wait_for_log("it gets no movie, since none of its 1 frames can be used");
}

/// The sample in which Motion began its numbers anew, with debug frames in both events of directory 01.
fn restarted() -> World {
    let world = World::sample("failures/sigkill-strix-then-restart");
    let sample = World::sample("strix-raw");
    let debug = sample.path("Camera1/2026-11-21/01");
    let names = fs::read_dir(&debug).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with("m.jpg")).collect();
    names.sort();
    let dir = world.path("Camera1/2026-11-21/01");
    for (name, time) in names.iter().zip(["05-39-52-00", "05-39-53-00", "05-40-04-00", "05-40-05-00"]) {
        let frame = dir.join(format!("{time}m.jpg"));
        fs::copy(debug.join(name), &frame).unwrap();
        let time = dir.join(format!("{time}.jpg")).metadata().unwrap().modified().unwrap();
        File::open(frame).unwrap().set_modified(time).unwrap();
    }
    File::open(&dir)
        .unwrap()
        .set_modified(dir.join("05-40-12-03.jpg").metadata().unwrap().modified().unwrap())
        .unwrap();
    world
}

/// What a daemon that is not interrupted makes of it.
fn finished() -> BTreeMap<PathBuf, Vec<u8>> {
    let world = restarted();
    let daemon = world.serve(&FINISH);
    wait_until("all are finished", || is_done(&world));
    assert_eq!(daemon.stop(), 0);
    without_sidecars(&world.root)
}

/// All contents but the sidecars, which a daemon writes for what it finished itself.
fn without_sidecars(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut contents = contents(root);
    // A file that a killed process was writing keeps its temporary name; it goes with its event.
    let is_temporary = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with('.') && name.ends_with(".tmp")
    };
    contents.retain(|path, _| !path.ends_with(".details.json") && !is_temporary(path));
    contents
}

trait SpawnQuietly {
    fn spawn_quietly(&mut self) -> std::process::Child;
}

impl SpawnQuietly for Command {
    fn spawn_quietly(&mut self) -> std::process::Child {
        use std::process::Stdio;
        self.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}
