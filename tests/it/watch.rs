//! Events that come, change and go while the daemon runs: noticed by the kernel's notifications, by polling where there
//! are none, and by the reconcile where neither could tell.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::world::{Daemon, World, days_ago, event_id, run_by, unfinished_mp4, wait_until, whole_mp4};

/// `Camera1/<so many days ago>/<name>`
fn id(camera: &str, days: u64, name: &str) -> String {
    event_id(camera, days, name)
}

/// How many events the daemon counts, of all cameras.
fn count(daemon: &Daemon) -> u64 {
    let cameras = daemon.get("/api/v1/cameras").json();
    cameras["cameras"].as_array().unwrap().iter().map(|camera| camera["events"].as_u64().unwrap()).sum()
}

fn wait_for_state(daemon: &Daemon, id: &str, state: &str) {
    daemon.wait_for_event(id, state, |event| event["state"] == state);
}

/// Makes an event beside the cameras and renames it in: it appears as a whole.
fn rename_in(world: &World, id: &str) -> PathBuf {
    let made = world.event(format!("staging/{}", id.rsplit('/').next().unwrap())).old().make();
    fs::rename(made, world.path(id)).unwrap();
    world.path(id)
}

#[test]
fn events_moved_into_recent_days_are_served() {
    let world = World::new();
    for days in [0, 1] {
        world.event(id("Camera1", days, "09-00-00")).old().make();
    }
    let daemon = world.serve(&[]);
    for days in [0, 1] {
        rename_in(&world, &id("Camera1", days, "10-00-00"));
        wait_for_state(&daemon, &id("Camera1", days, "10-00-00"), "complete");
    }
    assert_eq!(daemon.stop(), 0);
}

/// With their contents.
#[test]
fn new_cameras_and_days_are_found() {
    let world = World::empty();
    world.event(id("Camera1", 5, "09-00-00")).old().make();
    let daemon = world.serve(&[]);
    for (camera, days) in [("Camera1", 0), ("Camera1", 3), ("Camera2", 0), ("Camera2", 200)] {
        let new = id(camera, days, "10-00-00");
        world.event(&new).old().make();
        wait_for_state(&daemon, &new, "complete");
    }
    // And they are watched from then on.
    rename_in(&world, &id("Camera2", 0, "11-00-00"));
    wait_for_state(&daemon, &id("Camera2", 0, "11-00-00"), "complete");
    assert_eq!(daemon.stop(), 0);
}

/// And removed cameras.
#[test]
fn removed_events_and_days_leave_the_list() {
    let world = World::empty();
    for (camera, days, name) in [
        ("Camera1", 0, "10-00-00"),
        ("Camera1", 0, "11-00-00"),
        ("Camera1", 300, "10-00-00"),
        ("Camera10", 0, "10-00-00"),
        ("Camera2", 0, "10-00-00"),
    ] {
        world.event(id(camera, days, name)).old().make();
    }
    let daemon = world.serve(&[]);
    assert_eq!(count(&daemon), 5);
    fs::remove_dir_all(world.path(id("Camera1", 0, "10-00-00"))).unwrap();
    wait_until("the event is gone", || daemon.event(&id("Camera1", 0, "10-00-00")).is_none());
    fs::remove_dir_all(world.path("Camera1").join(days_ago(300))).unwrap();
    wait_until("the day is gone, though it is not watched itself", || {
        daemon.event(&id("Camera1", 300, "10-00-00")).is_none()
    });
    assert_eq!(count(&daemon), 3);
    fs::remove_dir_all(world.path("Camera1")).unwrap();
    // Its events go before it does.
    wait_until("the camera is gone", || {
        let cameras = daemon.get("/api/v1/cameras").json();
        cameras["cameras"].as_array().unwrap().iter().map(|camera| &camera["name"]).eq(["Camera10", "Camera2"])
    });
    assert_eq!(count(&daemon), 2);
    assert_eq!(daemon.stop(), 0);
}

/// It is open before.
#[test]
fn an_event_completes_when_frames_stop() {
    let world = World::new();
    let event = id("Camera1", 0, "10-00-00");
    let daemon = world.serve(&["--event-gap", "1s"]);
    let dir = world.event(&event).make();
    let mut frame = 10;
    wait_until("it is open while it grows", || {
        fs::write(dir.join(format!("10-00-{:02}-{:02}.jpg", frame / 100 % 60, frame % 100)), "x").unwrap();
        frame += 1;
        daemon.event(&event).is_some_and(|event| event["state"] == "open")
    });
    let grown = fs::read_dir(&dir).unwrap().count() as u64 - 1; // one is the movie
    let complete = daemon.wait_for_event(&event, "complete", |event| event["state"] == "complete");
    assert_eq!(complete["frames"], grown);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn an_event_open_at_the_start_completes() {
    let world = World::new();
    let event = id("Camera1", 0, "10-00-00");
    world.event(&event).movie("video.mp4", unfinished_mp4()).make();
    let daemon = world.serve(&["--event-gap", "2s"]);
    wait_for_state(&daemon, &event, "interrupted");
    assert_eq!(daemon.stop(), 0);
}

/// And no other.
#[test]
fn a_newer_event_ends_a_finished_one() {
    let world = World::empty();
    let (first, second) = (id("Camera1", 0, "10-00-00"), id("Camera1", 0, "10-10-00"));
    let (cut, after) = (id("Camera2", 0, "10-00-00"), id("Camera2", 0, "10-10-00"));
    for camera in ["Camera1", "Camera2", "Camera3"] {
        fs::create_dir(world.path(camera)).unwrap();
    }
    let daemon = world.serve(&[]);
    world.event(&first).make();
    let dir = world.event(&cut).movie("video.mp4", unfinished_mp4()).make();
    for event in [&first, &cut] {
        wait_for_state(&daemon, event, "open");
    }
    world.event(&second).make();
    world.event(&after).make();
    wait_for_state(&daemon, &first, "complete");
    wait_for_state(&daemon, &after, "open");
    assert_eq!(daemon.event(&cut).unwrap()["state"], "open", "Motion may still be at its movie");
    assert_eq!(daemon.event(&second).unwrap()["state"], "open");
    fs::write(dir.join("video.mp4"), whole_mp4()).unwrap();
    // Written last now, so its neighbour is the one that was written before: another sign is needed to end it.
    let third = id("Camera2", 0, "10-20-00");
    world.event(&third).make();
    wait_for_state(&daemon, &cut, "complete");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_marker_ends_an_event_of_frames() {
    let world = World::new();
    let event = id("Camera1", 0, "01");
    let daemon = world.serve(&[]);
    let dir = world.event(&event).no_movie().make();
    wait_for_state(&daemon, &event, "open");
    fs::create_dir(world.path("queue")).unwrap();
    File::create(world.path(format!("queue/Camera1_{}_01", days_ago(0)))).unwrap();
    wait_for_state(&daemon, &event, "complete");
    assert!(!dir.join(".details.json").exists(), "a manager that works on it must not find one");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn motion_s_word_ends_an_event_at_once() {
    let world = World::new();
    let event = id("Camera1", 0, "10-00-00");
    let daemon = world.serve(&[]);
    let dir = world.event(&event).make();
    wait_for_state(&daemon, &event, "open");
    let movie = dir.join("video.mp4");
    let ran = world.run("ended", &[movie.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(daemon.event(&event).unwrap()["state"], "complete", "when the command returns, it is known");
    let elsewhere = world.outside("elsewhere").join("video.mp4");
    assert_eq!(world.run("ended", &[elsewhere.to_str().unwrap()]).code, 0, "not an event's: nothing for Motion's log");
    assert_eq!(daemon.stop(), 0);
    assert_eq!(world.run("ended", &[movie.to_str().unwrap()]).code, 0, "without a daemon there is nothing to do");
}

#[test]
fn the_reconcile_finds_new_marks() {
    let world = World::new();
    let event = id("Camera1", 0, "10-00-00");
    let dir = world.event(&event).old().make();
    let daemon = world.serve(&["--check-interval", "1s"]);
    assert_eq!(daemon.event(&event).unwrap()["saved"], false);
    fs::write(dir.join(".saved"), "").unwrap();
    daemon.wait_for_event(&event, "saved", |event| event["saved"] == true);
    fs::remove_file(dir.join(".saved")).unwrap();
    daemon.wait_for_event(&event, "not saved", |event| event["saved"] == false);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn the_reconcile_finds_changes_in_old_days() {
    let world = World::new();
    for days in [0, 1, 2, 3, 100] {
        world.event(id("Camera1", days, "10-00-00")).old().make();
    }
    let daemon = world.serve(&["--check-interval", "1s"]);
    rename_in(&world, &id("Camera1", 100, "11-00-00"));
    wait_for_state(&daemon, &id("Camera1", 100, "11-00-00"), "complete");
    fs::remove_dir_all(world.path(id("Camera1", 100, "10-00-00"))).unwrap();
    wait_until("gone", || daemon.event(&id("Camera1", 100, "10-00-00")).is_none());
    assert_eq!(count(&daemon), 5);
    assert_eq!(daemon.stop(), 0);
}

/// The daemon in a user namespace with a limit of its own: `/proc/sys/user/<limit>` is set to `value`.
fn serve_limited(world: &World, limit: &str, value: u32, flags: &[&str]) -> Daemon {
    let script = format!("echo {value} > /proc/sys/user/{limit} && exec \"$@\"");
    let flags = [&["--listen", "127.0.0.1:0"], flags].concat();
    let daemon = Daemon::start(run_by(&["unshare", "-Ur", "sh", "-c", &script, "sh"], &world.command("serve", flags)));
    wait_until("ready", || daemon.get("/readyz").status == 200);
    daemon
}

/// The log names the limit to raise.
#[test]
fn the_watch_limit_causes_polling() {
    let world = World::empty();
    for camera in ["Camera1", "Camera2"] {
        for days in [0, 1] {
            world.event(id(camera, days, "09-00-00")).old().make();
        }
    }
    let mut daemon = serve_limited(&world, "max_inotify_watches", 3, &[]);
    daemon.wait_for_log("sysctl fs.inotify.max_user_watches");
    for camera in ["Camera1", "Camera2", "Camera3"] {
        world.event(id(camera, 0, "10-00-00")).old().make();
        wait_for_state(&daemon, &id(camera, 0, "10-00-00"), "complete");
    }
    fs::remove_dir_all(world.path(id("Camera2", 0, "10-00-00"))).unwrap();
    wait_until("gone", || daemon.event(&id("Camera2", 0, "10-00-00")).is_none());
    daemon.signal("-TERM");
    assert_eq!(daemon.wait(), 0);
    assert_eq!(daemon.log().matches("max_user_watches").count(), 1, "said once: {}", daemon.log());
}

/// The log names the limit to raise.
#[test]
fn missing_notifications_cause_polling() {
    let world = World::new();
    let daemon = serve_limited(&world, "max_inotify_instances", 0, &[]);
    daemon.wait_for_log("sysctl fs.inotify.max_user_instances");
    let event = id("Camera1", 0, "10-00-00");
    world.event(&event).old().make();
    wait_for_state(&daemon, &event, "complete");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn configured_polling_warns_of_nothing() {
    let world = World::new();
    let mut daemon = serve_limited(&world, "max_inotify_instances", 0, &["--poll", "100ms", "--event-gap", "1s"]);
    // Not a name ahead of the clock, which may look like another time zone.
    let event = id("Camera1", 0, "00-00-00");
    world.event(&event).make();
    wait_for_state(&daemon, &event, "complete");
    fs::remove_dir_all(world.path(&event)).unwrap();
    wait_until("gone", || daemon.event(&event).is_none());
    world.event(id("Camera2", 0, "00-00-00")).old().make();
    wait_for_state(&daemon, &id("Camera2", 0, "00-00-00"), "complete");
    daemon.signal("-TERM");
    assert_eq!(daemon.wait(), 0);
    assert!(!daemon.log().contains("WARN"), "{}", daemon.log());
}

#[test]
fn a_burst_of_events_is_listed_completely() {
    let world = World::new();
    let daemon = world.serve(&[]);
    for number in 0..2000 {
        let dir = world.path(id("Camera1", number / 1000, &format!("10-{:02}-{:02}", number / 60 % 17, number % 60)));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("video.mp4"), whole_mp4()).unwrap();
    }
    wait_until("all are listed", || count(&daemon) == 2000);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn lost_notifications_cause_a_full_scan() {
    let world = World::new();
    world.event(id("Camera1", 0, "09-00-00")).old().make();
    let daemon = world.serve(&[]);
    let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let most: u32 = most.trim().parse().unwrap();
    daemon.signal("-STOP"); // it cannot take them from the kernel now
    for number in 0..=most {
        File::create(world.path(format!("Camera1/stray-{number}.jpg"))).unwrap();
    }
    world.event(id("Camera1", 0, "10-00-00")).old().make();
    daemon.signal("-CONT");
    wait_for_state(&daemon, &id("Camera1", 0, "10-00-00"), "complete");
    daemon.wait_for_log("the kernel lost notifications");
    let told = daemon.get("/metrics").text();
    assert!(
        told.contains("\nowlery_watch_rescans_total ") && !told.contains("\nowlery_watch_rescans_total 0"),
        "{told}"
    );
    assert_eq!(daemon.stop(), 0);
}

/// A time in the future counts as the moment when it was first seen.
#[test]
fn a_future_time_counts_as_first_seen() {
    let world = World::new();
    let event = id("Camera1", 0, "10-00-00");
    let dir = world.event(&event).make();
    #[allow(clippy::disallowed_methods)] // a file's time, not the program's
    let ahead = SystemTime::now() + Duration::from_secs(7 * 86_400);
    File::open(dir.join("video.mp4")).unwrap().set_modified(ahead).unwrap();
    let daemon = world.serve(&["--event-gap", "1s"]);
    wait_for_state(&daemon, &event, "complete");
    assert_eq!(daemon.stop(), 0);
}

/// It is reported.
#[test]
fn a_vanished_root_removes_no_event() {
    let world = World::new();
    world.old_event("Camera1", 3, "10-00-00");
    let daemon = world.serve(&["--check-interval", "1s"]);
    assert_eq!(daemon.events().len(), 1);

    let elsewhere = world.outside("elsewhere").join("motion");
    std::fs::rename(&world.root, &elsewhere).unwrap();
    wait_until("it says that it is not well", || daemon.get("/readyz").status == 503);
    assert!(daemon.get("/readyz").text().contains("watch"), "{}", daemon.get("/readyz").text());
    assert_eq!(daemon.events().len(), 1, "what is not there is not gone");

    std::fs::rename(&elsewhere, &world.root).unwrap();
    wait_until("it is well again", || daemon.get("/readyz").status == 200);
    assert_eq!(daemon.events().len(), 1);
}

#[test]
fn writing_a_sidecar_reopens_no_event() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let id = event_id("Camera1", 0, "00-00-01");
    world.event(&id).make();
    daemon.wait_for_event(&id, "is open", |event| event["state"] == "open");

    let movie = world.path(&id).join("video.mp4");
    assert_eq!(world.run("ended", &[movie.to_str().unwrap()]).code, 0);
    wait_until("the sidecar", || world.has(format!("{id}/.details.json")));
    // The watcher takes what is dirty in order: when it has looked twice at a later event, it has looked again at this.
    let later = event_id("Camera2", 0, "00-00-02");
    world.event(&later).make();
    daemon.wait_for_event(&later, "is listed", |event| event["frames"] == 3);
    world.event(&later).frames(4).make();
    daemon.wait_for_event(&later, "is listed again", |event| event["frames"] == 4);

    assert_eq!(daemon.event(&id).unwrap()["state"], "complete");
}

#[test]
fn saving_reopens_no_event() {
    let world = World::new();
    let id = event_id("Camera1", 0, "00-00-01");
    world.event(&id).old().make();
    File::create(world.path(&id).join(".saved")).unwrap();

    assert_eq!(
        (world.listed(&id)["state"].as_str(), world.listed(&id)["saved"].as_bool()),
        (Some("complete"), Some(true))
    );
}
