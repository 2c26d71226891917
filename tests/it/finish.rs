//! Finishing events of the frames-only layout: the sample of real Motion, crashes, kills, and what must not be touched.

mod failures;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::world::{Daemon, Ran, World, event_id, wait_until};

/// The gap of the sample's Motion.
const FINISH: [&str; 3] = ["--finish", "--event-gap", "4s"];

/// What `ffprobe` says of a movie: its codec and pixels, its length in milliseconds, and how many frames it really has.
fn probe(movie: &Path) -> (String, u64, u32) {
    let entries = "stream=codec_name,pix_fmt,nb_read_frames:format=duration";
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-count_frames", "-show_entries", entries, "-of", "json"]).arg(movie);
    let ran = Ran::of(probe);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", movie.display());
    let told = ran.json();
    let stream = &told["streams"][0];
    let form = format!("{} {}", stream["codec_name"].as_str().unwrap(), stream["pix_fmt"].as_str().unwrap());
    let secs: f64 = told["format"]["duration"].as_str().unwrap().parse().unwrap();
    let frames = stream["nb_read_frames"].as_str().unwrap().parse().unwrap();
    (form, Duration::from_secs_f64(secs).as_millis().try_into().unwrap(), frames)
}

/// Whether the index of an MP4 comes before its pictures.
fn is_fast_to_start(movie: &Path) -> bool {
    let bytes = fs::read(movie).unwrap();
    let at = |kind: &[u8]| bytes.windows(4).position(|window| window == kind);
    at(b"moov") < at(b"mdat")
}

fn count(dir: &Path, ending: &str) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(ending) && name.as_bytes()[0].is_ascii_digit()).count()
}

/// Every file below the root with its contents, but for Owlery's own state.
fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let walk = walkdir::WalkDir::new(root).into_iter().filter_entry(|entry| entry.file_name() != ".owlery");
    let files = walk.map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| (entry.path().strip_prefix(root).unwrap().to_path_buf(), fs::read(entry.path()).unwrap()))
        .collect()
}

/// The contents of all camera and debug frames, sorted, wherever they are.
fn frames(root: &Path) -> Vec<Vec<u8>> {
    let is_frame = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(".jpg") && name.as_bytes()[0].is_ascii_digit()
    };
    let mut frames: Vec<_> =
        contents(root).into_iter().filter(|(path, _)| is_frame(path)).map(|(_, bytes)| bytes).collect();
    frames.sort();
    frames
}

/// Whether no number and no marker of a camera that is there is left.
fn is_done(world: &World) -> bool {
    let is_numbered = |path: &String| path.split('/').nth(2).is_some_and(|name| name.len() == 2);
    let is_marker = |path: &String| {
        let camera = path.strip_prefix("queue/").and_then(|marker| marker.split('_').next());
        camera.is_some_and(|camera| world.has(camera))
    };
    !world.tree().iter().any(|path| is_numbered(path) || is_marker(path))
}

fn ids(daemon: &Daemon) -> Vec<String> {
    let mut ids: Vec<String> = daemon.events().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// A number's directory with real frames of these times, as old as their names, and its marker.
fn numbered(world: &World, id: &str, times: &[&str]) -> PathBuf {
    let sample = World::sample("strix-raw");
    let mut pictures: Vec<_> =
        fs::read_dir(sample.path("Camera1/2026-11-21/01")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pictures.retain(|path| !path.to_string_lossy().ends_with("m.jpg"));
    pictures.sort();
    let dir = world.path(id);
    fs::create_dir_all(&dir).unwrap();
    for (at, time) in times.iter().enumerate() {
        let frame = dir.join(format!("{time}.jpg"));
        fs::copy(&pictures[at % pictures.len()], &frame).unwrap();
        set_time(&frame, time);
    }
    set_time(&dir, times.last().unwrap_or(&"00-00-00-00"));
    dir
}

/// Sets a file's time to this time of a day long past.
fn set_time(path: &Path, time: &str) {
    let parts: Vec<u64> = time.trim_end_matches('m').split('-').map(|part| part.parse().unwrap()).collect();
    let secs = 1_750_000_000 + parts[0] * 3600 + parts[1] * 60 + parts[2];
    File::open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
}

fn mark(world: &World, id: &str) -> PathBuf {
    fs::create_dir_all(world.path("queue")).unwrap();
    let marker = world.path("queue").join(id.replace('/', "_"));
    fs::write(&marker, "").unwrap();
    marker
}

/// Real events of Motion: each becomes what a web UI of that layout makes of it.
#[test]
fn the_sample_is_finished() {
    let world = World::sample("strix-raw");
    let before = frames(&world.root);
    let daemon = world.serve(&FINISH);
    wait_until("all are finished", || is_done(&world));
    assert_eq!(frames(&world.root), before);
    let names = ["05-44-39", "05-44-51", "05-45-06", "05-45-25", "05-44-39", "05-44-55", "05-45-09", "05-45-29"];
    let expected = names.iter().enumerate().map(|(n, name)| format!("Camera{}/2026-11-21/{name}", n / 4 + 1));
    let expected: Vec<String> = expected.collect();
    wait_until("all are listed", || ids(&daemon) == expected);
    for id in &expected {
        let dir = world.path(id);
        let (camera, debug) = (count(&dir, ".jpg"), count(&dir.join("debug"), "m.jpg"));
        assert_eq!(count(&dir, "m.jpg"), 0, "{id}");
        let (form, length, shown) = probe(&dir.join("video.mp4"));
        assert_eq!((form.as_str(), shown as usize), ("h264 yuv420p", camera), "{id}");
        let took = daemon.event(id).unwrap();
        let secs = |key: &str| took[key].as_str().unwrap()[17..].parse::<i64>().unwrap();
        let seconds = u64::try_from((secs("end") - secs("start")).rem_euclid(60)).unwrap();
        assert!(length.abs_diff(seconds * 1000) <= 1000, "{id}: {length} ms of {seconds} s");
        assert_eq!(probe(&dir.join("debug/video.mp4")).2 as usize, debug, "{id}");
        for movie in ["video.mp4", "debug/video.mp4"] {
            assert!(is_fast_to_start(&dir.join(movie)), "{id}/{movie}");
        }
        let image = image_size(&dir.join("thumbnail.jpg"));
        assert_eq!(image, (320, 240), "{id}: as large as its frames");
        assert_eq!(took["state"], "complete");
        assert_eq!(took["thumbnail"], format!("/media/{id}/thumbnail.jpg"));
        assert_eq!(took["debug_video"], format!("/media/{id}/debug/video.mp4"));
        assert_eq!(daemon.get(took["playable"].as_str().unwrap()).header("content-type"), Some("video/mp4"));
    }
    let metrics = daemon.get("/metrics").text();
    for line in ["owlery_finish_events_total 8", "owlery_finish_waiting 0", "owlery_finish_failures_total 0"] {
        assert!(metrics.lines().any(|other| other == line), "{line}: {metrics}");
    }
    assert_eq!(daemon.stop(), 0);
    assert_eq!(world.run("check", &[]).code, 0);
}

fn image_size(path: &Path) -> (usize, usize) {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-show_entries", "stream=width,height", "-of", "json"]).arg(path);
    let told = Ran::of(probe).json();
    let number = |key: &str| usize::try_from(told["streams"][0][key].as_u64().unwrap()).unwrap();
    (number("width"), number("height"))
}

/// Without the flag nothing is touched, and the markers stay for another program.
#[test]
fn without_the_flag_nothing_is_finished() {
    let world = World::sample("strix-raw");
    let before = contents(&world.root);
    let daemon = world.serve(&FINISH[1..]);
    wait_until("all are measured", || daemon.events().iter().all(|event| !event["bytes"].is_null()));
    assert!(!daemon.get("/metrics").text().contains("owlery_finish"));
    assert_eq!(daemon.stop(), 0);
    assert_eq!(contents(&world.root), before);
}

/// Motion was killed and began its numbers anew: its directory 01 holds two events.
#[test]
fn a_restart_of_motion_is_two_events() {
    let world = World::sample("failures/sigkill-strix-then-restart");
    let before = frames(&world.root);
    let daemon = world.serve(&FINISH);
    wait_until("all are finished", || is_done(&world));
    assert_eq!(frames(&world.root), before);
    let expected = ["05-39-51", "05-40-03", "05-40-16"].map(|name| format!("Camera1/2026-11-21/{name}"));
    wait_until("all are listed", || ids(&daemon) == expected);
    let shown = expected.map(|id| probe(&world.path(id).join("video.mp4")).2);
    assert_eq!(shown, [29, 48, 26]);
    assert!(daemon.get("/metrics").text().contains("owlery_finish_splits_total 1"));
}

/// Motion splits an event at midnight, and gives a marker to the second part alone.
#[test]
fn both_sides_of_midnight_are_finished() {
    let world = World::sample("failures/midnight-strix");
    let daemon = world.serve(&FINISH);
    wait_until("both are finished", || ids(&daemon) == ["Camera1/2026-12-31/23-59-55", "Camera1/2027-01-01/00-00-00"]);
    wait_until("the markers are gone", || !world.has("queue/Camera1_2027-01-01_01"));
    // Another camera's markers, whose recordings are elsewhere.
    assert!(world.has("queue/Camera2_2027-01-01_01"));
}

/// Frames over midnight in one directory: by their times, not by their names.
#[test]
fn frames_are_in_true_order_over_midnight() {
    let world = World::new();
    let id = event_id("Camera1", 3, "07");
    let times = ["23-59-58-00", "23-59-59-00", "00-00-00-00", "00-00-01-00"];
    let dir = numbered(&world, &id, &times);
    for after in &times[2..] {
        let frame = dir.join(format!("{after}.jpg"));
        let time = frame.metadata().unwrap().modified().unwrap() + Duration::from_secs(86_400);
        File::open(frame).unwrap().set_modified(time).unwrap();
    }
    let _daemon = world.serve(&FINISH);
    wait_until("it is finished", || is_done(&world));
    let (_, length, shown) = probe(&world.path(event_id("Camera1", 3, "23-59-58")).join("video.mp4"));
    assert_eq!((length, shown), (4000, 4));
}

/// Above five minutes the movie is a timelapse of one.
#[test]
fn a_long_event_becomes_a_timelapse() {
    let world = World::new();
    let times: Vec<String> = (0..62).map(|n| format!("10-{:02}-{:02}-00", n * 5 / 60, n * 5 % 60)).collect();
    numbered(&world, &event_id("Camera1", 3, "45"), &times.iter().map(String::as_str).collect::<Vec<_>>());
    let _daemon = world.serve(&["--finish", "--event-gap", "10s"]);
    wait_until("it is finished", || is_done(&world));
    let (_, length, shown) = probe(&world.path(event_id("Camera1", 3, "10-00-00")).join("video.mp4"));
    assert!(shown == 62 && (59_000..=61_500).contains(&length), "{shown} frames, {length} ms");
}

/// The name of its first frame's time is taken by another event, which stays as it is.
#[test]
fn a_taken_name_is_not_overwritten() {
    let world = World::new();
    let other = world.event(event_id("Camera1", 3, "10-04-36")).old().make();
    let before = contents(&other);
    let id = event_id("Camera1", 3, "05");
    numbered(&world, &id, &["10-04-36-00", "10-04-37-00"]);
    mark(&world, &id);
    let daemon = world.serve(&["--finish", "--sidecars", "off"]);
    wait_until("it is finished", || is_done(&world));
    assert_eq!(contents(&other), before);
    wait_until("both are listed", || {
        ids(&daemon) == [event_id("Camera1", 3, "10-04-36"), event_id("Camera1", 3, "10-04-37")]
    });
}

/// A saved event stays saved, and so do both events of a directory.
#[test]
fn saved_events_stay_saved() {
    let world = World::new();
    let dir = numbered(&world, &event_id("Camera1", 3, "05"), &["10-04-36-00", "10-04-37-00", "14-00-00-00"]);
    fs::write(dir.join(".saved"), "").unwrap();
    let daemon = world.serve(&FINISH);
    wait_until("it is finished", || is_done(&world));
    for name in ["10-04-36", "14-00-00"] {
        daemon.wait_for_event(&event_id("Camera1", 3, name), "is saved", |event| event["saved"] == true);
    }
}

/// An event that Motion writes is left alone until it is over.
#[test]
fn an_open_event_is_not_finished() {
    let world = World::new();
    let id = event_id("Camera1", 0, "05");
    let now = numbered(&world, &id, &["10-04-36-00", "10-04-37-00"]);
    for frame in fs::read_dir(&now).unwrap().map(|entry| entry.unwrap().path()) {
        fs::write(&frame, fs::read(&frame).unwrap()).unwrap(); // just now
    }
    let old = event_id("Camera1", 3, "45");
    numbered(&world, &old, &["10-00-00-00"]);
    let daemon = world.serve(&["--finish"]);
    wait_until("the old one is finished", || !world.has(&old));
    assert_eq!(daemon.event(&id).unwrap()["state"], "open");
    assert_eq!(count(&now, ".jpg"), 2);
    assert!(!now.join("video.mp4").exists());
    mark(&world, &id);
    let new = event_id("Camera1", 0, "10-04-36");
    daemon.wait_for_event(&new, "is complete at once", |event| event["state"] == "complete");
    wait_until("no marker is left", || is_done(&world));
    assert!(world.has(format!("{new}/.details.json")), "it completed while Owlery ran");
}

/// A debug picture under the number of the next event is no event yet; hours are none at all.
#[test]
fn strays_and_hours_are_left_alone() {
    let world = World::new();
    numbered(&world, &event_id("Camera1", 3, "45"), &["10-00-00-00m"]);
    // Two hours of a day, and the first one of another.
    for (day, hour) in [(4, "08"), (4, "10"), (5, "07")] {
        let times = ["00-00-00", "50-00-00"].map(|time| format!("{hour}-{time}"));
        numbered(&world, &event_id("Camera1", day, hour), &times.each_ref().map(String::as_str));
    }
    numbered(&world, &event_id("Camera2", 3, "44"), &["10-00-00-00"]);
    let before = contents(&world.path("Camera1"));
    let daemon = world.serve(&FINISH);
    wait_until("the event is finished", || world.has(event_id("Camera2", 3, "10-00-00")));
    wait_until("nothing waits", || daemon.get("/metrics").text().contains("owlery_finish_waiting 0"));
    assert_eq!(contents(&world.path("Camera1")), before);
}

/// Numbers that could also be hours are events by the numbers beside them, which get other names.
#[test]
fn numbers_of_their_own_hour_are_finished() {
    let world = World::new();
    for number in ["08", "09", "10", "11"] {
        numbered(&world, &event_id("Camera1", 3, number), &[&format!("{number}-00-00-00")]);
    }
    numbered(&world, &event_id("Camera1", 3, "12"), &["11-30-00-00"]);
    numbered(&world, &event_id("Camera1", 3, "07"), &["07-59-00-00", "08-00-00-00"]);
    let daemon = world.serve(&FINISH);
    wait_until("all are finished", || is_done(&world));
    // The only event of a day says nothing but its marker.
    let lone = event_id("Camera1", 5, "10");
    numbered(&world, &lone, &["10-00-00-00"]);
    numbered(&world, &event_id("Camera1", 5, "08"), &["08-00-00-00"]);
    // Motion touched one of these markers when the event ended, and the other one hours later, for another event.
    set_time(&mark(&world, &lone), "10-00-04-00");
    let hour = mark(&world, &event_id("Camera1", 5, "08"));
    wait_until("it is finished", || !world.has(&lone) && world.has(event_id("Camera1", 5, "10-00-00")));
    daemon.wait_for_log("it may be the directory of an hour");
    assert!(hour.exists() && world.has(event_id("Camera1", 5, "08/08-00-00-00.jpg")));
}

/// A marker whose event is gone means nothing; one of a camera that is not there may mean something again.
#[test]
fn markers_without_events_are_removed() {
    let world = World::new();
    let gone = mark(&world, &event_id("Camera1", 3, "05"));
    let unknown = mark(&world, &event_id("Camera7", 3, "05"));
    let other = mark(&world, &event_id("Garage", 3, "05"));
    fs::write(world.path("queue/README"), "").unwrap();
    let daemon = world.serve(&FINISH);
    wait_until("it is removed", || !gone.exists());
    assert!(unknown.exists() && other.exists() && world.has("queue/README"));
    assert!(!daemon.log().contains("cannot be finished"), "{}", daemon.log());
}

/// A debug frame under the number of the next event, long before it: the event is seen, and finished at once.
#[test]
fn an_event_after_a_stray_is_finished() {
    let world = World::new();
    let id = event_id("Camera1", 0, "45");
    let dir = numbered(&world, &id, &["10-00-00-00m"]);
    let daemon = world.serve(&FINISH);
    daemon.wait_for_event(&id, "is complete", |event| event["state"] == "complete" && event["frames"] == 0);
    let event = numbered(&world, &event_id("Camera1", 5, "44"), &["11-00-00-00", "11-00-01-00"]);
    for name in ["11-00-00-00.jpg", "11-00-01-00.jpg"] {
        fs::rename(event.join(name), dir.join(name)).unwrap();
    }
    daemon.wait_for_event(&id, "has frames", |event| event["frames"] == 2);
    mark(&world, &id);
    let new = event_id("Camera1", 0, "11-00-00");
    wait_until("it is finished", || world.has(&new));
    assert_eq!(count(&world.path(&new).join("debug"), "m.jpg"), 1);
    assert!(!world.path(new).join("debug/video.mp4").exists(), "the stray is no part of its movie");
}

/// The flag is a key of the configuration file too, and no command but `serve` has it.
#[test]
fn settings_know_the_flag() {
    let world = World::new();
    let file = world.outside("settings").join("owlery.toml");
    fs::write(&file, "finish = true\n").unwrap();
    let daemon = world.serve(&["--config", file.to_str().unwrap()]);
    assert!(daemon.get("/metrics").text().contains("owlery_finish_waiting"));
    assert_eq!(daemon.get("/readyz").json()["alerts"], json!([]) as Value);
    assert_eq!(daemon.stop(), 0);
    let refused = world.run("list", &["--finish"]);
    assert!(refused.code == 2 && refused.stderr.contains("--finish has no effect"), "{refused:?}");
}
