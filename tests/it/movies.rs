//! Movies by any name, several of an event, and what is said and served of each.

use std::fs;
use std::io::Cursor;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::world::{World, days_ago, event_id, wait_for, wait_until, whole_mp4};

/// The JSON of the movies of an event.
fn videos(id: &str, files: &[(&str, usize)]) -> Value {
    let video = |(name, bytes): &(&str, usize)| json!({ "name": name, "bytes": bytes, "url": format!("/media/{}/{}", id.replace(' ', "%20"), name.replace(' ', "%20")) });
    files.iter().map(video).collect()
}

/// `movie_filename %C/%H-%M-%S`, with `movie_max_time`: everywhere an event is shown, all movies are.
#[test]
fn several_movies_are_shown_everywhere() {
    let world = World::new();
    let id = event_id("Camera1", 3, "23-59-50");
    let movie = whole_mp4();
    let dir = world.event(&id).no_movie().file("00-00-20.mp4", "x").file("23-59-50.mp4", movie.clone());
    let dir = dir.file("23-59-50m.mp4", movie.clone()).file("00-00-05 b.mkv", "abc").old().make();
    let expected = videos(&id, &[("23-59-50.mp4", movie.len()), ("00-00-05 b.mkv", 3), ("00-00-20.mp4", 1)]);
    let listed = world.listed(&id);
    assert_eq!((&listed["videos"], &listed["container"]), (&expected, &json!("mp4")));
    assert_eq!(listed["video"], expected[0]["url"]);
    assert_eq!(listed["debug_video"], format!("/media/{id}/23-59-50m.mp4"));

    let daemon = world.serve(&["--sidecars", "all"]);
    let event = daemon.wait_for_event(&id, "is measured", |event| !event["bytes"].is_null());
    assert_eq!(event["videos"], expected);
    let one = daemon.get(&format!("/api/v1/events/{id}")).json();
    assert_eq!((&one["videos"], &one["container"]), (&expected, &json!("mp4")));
    for video in expected.as_array().unwrap() {
        let response = daemon.get(video["url"].as_str().unwrap());
        assert_eq!(
            (response.status, response.body.len()),
            (200, usize::try_from(video["bytes"].as_u64().unwrap()).unwrap())
        );
    }
    let strix = daemon.get("/api/events/Camera1").json();
    assert_eq!(strix["events"]["Camera1"][0]["video"], format!("motion/{id}/23-59-50.mp4"));
    let zip = daemon.get(&format!("/api/v1/events/{id}.zip")).body;
    let zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    for name in ["23-59-50.mp4", "00-00-05 b.mkv", "00-00-20.mp4", "23-59-50m.mp4"] {
        assert!(zip.file_names().any(|file| file.is_ok_and(|file| file == format!("{id}/{name}"))), "{name}");
    }
    assert_eq!(daemon.stop(), 0);
    assert!(!dir.join(".details.json").exists(), "one of them is cut off, so it is not complete");
}

/// A sidecar names all movies; a later catalog uses it, and one that lacks a movie that came later is ignored.
#[test]
fn sidecars_name_every_movie() {
    let world = World::new();
    let id = event_id("Camera1", 3, "10-04-36");
    let movie = whole_mp4();
    let dir =
        world.event(&id).no_movie().file("video-1.mp4", movie.clone()).file("video-2.mp4", movie.clone()).old().make();
    let daemon = world.serve(&["--sidecars", "all"]);
    let sidecar = wait_for("the sidecar", || fs::read(dir.join(".details.json")).ok());
    assert_eq!(daemon.stop(), 0);
    let sidecar: Value = serde_json::from_slice(&sidecar).unwrap();
    assert_eq!(sidecar["video"], format!("motion/{id}/video-1.mp4"));
    assert_eq!(sidecar["owlery"]["container"], "mp4");
    let named =
        json!([{ "name": "video-1.mp4", "bytes": movie.len() }, { "name": "video-2.mp4", "bytes": movie.len() }]);
    assert_eq!(sidecar["owlery"]["videos"], named);

    fs::remove_dir_all(world.path(".owlery")).unwrap();
    let two = [("video-1.mp4", movie.len()), ("video-2.mp4", movie.len())];
    assert_eq!(world.listed(&id)["videos"], videos(&id, &two));
    fs::write(dir.join("video-3.mp4"), &movie).unwrap();
    world.make_old();
    let listed = world.run("list", &["--json"]);
    let three = [two[0], two[1], ("video-3.mp4", movie.len())];
    assert_eq!(listed.json()["events"][0]["videos"], videos(&id, &three), "{listed:?}");
}

/// A read of names does not forget measured sizes.
#[test]
fn sizes_of_movies_outlive_a_quick_look() {
    let world = World::new();
    let id = event_id("Camera1", 3, "10-04-36");
    world.event(&id).file("more.mkv", "abc").old().make();
    let daemon = world.serve(&[]);
    let known = daemon.wait_for_event(&id, "is measured", |event| !event["bytes"].is_null());
    assert_eq!(daemon.stop(), 0);
    // Another event in the day: it is listed again.
    world.old_event("Camera1", 3, "11-00-00");
    let daemon = world.serve(&[]);
    wait_until("both are there", || daemon.events().len() == 2);
    assert_eq!(daemon.event(&id).unwrap()["videos"], known["videos"]);
    assert_eq!(daemon.stop(), 0);
}

/// Motion ends a movie and begins the next (`movie_max_time`): the event goes on, and `owlery ended` is no error.
#[test]
fn the_end_of_a_part_ends_no_event() {
    let world = World::new();
    let daemon = world.serve(&["--event-gap", "60s"]);
    let id = event_id("Camera1", 0, "10-04-36");
    let dir = world.event(&id).no_movie().file("10-04-36.mp4", whole_mp4()).make();
    daemon.wait_for_event(&id, "is open", |event| event["state"] == "open");
    let ended = world.run("ended", &[dir.join("10-04-36.mp4").to_str().unwrap()]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    fs::write(dir.join("10-05-36.mp4"), "x").unwrap();
    let is_second = |event: &Value| event["videos"].as_array().unwrap().len() == 2;
    assert_eq!(daemon.wait_for_event(&id, "has two movies", is_second)["state"], "open");
    assert_eq!(daemon.stop(), 0);
}

/// A movie of every container that `FFmpeg` wrote, without frames: how long it is, whether it is whole, and when it is over.
#[test]
fn movies_alone_tell_length_and_state() {
    let world = World::new();
    let movies = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/movies/");
    let (day, now) = (days_ago(0), days_ago(3));
    let cases: [(&str, &str, &[&str]); 9] = [
        ("whole.mkv", "complete", &["13"]),
        ("whole.webm", "complete", &["13"]),
        ("whole.avi", "complete", &["13"]),
        ("whole.flv", "complete", &["13"]),
        ("whole.ogg", "complete", &["13"]),
        ("fragments.mp4", "complete", &["13"]),
        ("killed.mkv", "interrupted", &["12", "13", "14"]),
        ("killed.avi", "interrupted", &["12", "13", "14"]),
        ("whole.ts", "complete", &["13"]),
    ];
    let id = |day: &str, at: usize| format!("Camera1/{day}/{at:02}-00-10");
    for (at, (name, ..)) in cases.iter().enumerate() {
        let bytes = fs::read(format!("{movies}{name}")).unwrap();
        world.event(id(&now, at)).frames(0).no_movie().file(name, bytes.clone()).old().make();
        // Silent for longer than the event gap, not for half an hour; each of a camera of its own.
        let other = id(&day, at).replacen("Camera1", &format!("Camera{}", at + 2), 1);
        world.event(other).frames(0).no_movie().file(name, bytes).age(Duration::from_secs(600)).make();
    }
    let daemon = world.serve(&[]);
    wait_until("all are measured", || daemon.events().iter().filter(|event| event["bytes"].is_u64()).count() == 18);
    for (at, (name, state, ends)) in cases.iter().enumerate() {
        let event = daemon.event(&id(&now, at)).unwrap();
        assert_eq!(event["state"], *state, "{name}");
        let end = event["end"].as_str().unwrap();
        assert!(ends.contains(&&end[17..]), "{name}: {event}");
        assert_eq!(event["problems"].as_array().unwrap().len(), usize::from(*state == "interrupted"), "{name}");
        let other = id(&day, at).replacen("Camera1", &format!("Camera{}", at + 2), 1);
        let silent = if *state == "interrupted" || *name == "whole.ts" { "open" } else { "complete" };
        assert_eq!(daemon.event(&other).unwrap()["state"], silent, "{name} after ten minutes");
    }
    assert_eq!(daemon.stop(), 0);
}

/// Frames that stopped long before the movie did do not say that it is over.
#[allow(clippy::disallowed_methods)] // files are older than now
#[test]
fn a_movie_that_outlives_its_frames_is_open() {
    let world = World::new();
    let id = |time: &str| event_id("Camera1", 0, time);
    let dir = world.event(id("00-00-10")).frames(2).movie("video.mp4", "x").age(Duration::from_secs(1200)).make();
    let touch = |file: &str, age: u64| {
        let file = fs::File::options().append(true).open(dir.join(file)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    };
    touch("video.mp4", 600);
    assert_eq!(world.listed(&id("00-00-10"))["state"], "open");
    touch("video.mp4", 1190);
    assert_eq!(world.listed(&id("00-00-10"))["state"], "interrupted");
}

/// motionEye's picture of a movie is the event's thumbnail, unless it is empty or missing.
#[test]
fn a_thumb_is_the_picture_of_a_movie() {
    let world = World::new();
    let day = days_ago(3);
    let with = format!("Camera1/{day}/10-00-00");
    world.event(&with).frames(0).file("video.mp4.thumb", "\u{ff}").old().make();
    world.event(format!("Camera1/{day}/11-00-00")).frames(0).file("video.mp4.thumb", "").old().make();
    let daemon = world.serve(&[]);
    let thumbnails = || {
        daemon.events().iter().map(|event| (event["thumbnail"].clone(), event["bytes"].is_u64())).collect::<Vec<_>>()
    };
    let picture = format!("/media/{with}/video.mp4.thumb");
    wait_until("both are measured", || thumbnails() == [(Value::Null, true), (json!(picture), true)]);
    assert_eq!(daemon.get(&picture).header("content-type"), Some("image/jpeg"));
    assert_eq!(daemon.stop(), 0);
}

/// Frames of every format of Motion's `picture_type` count, and are served and listed.
#[test]
fn webp_and_ppm_are_frames() {
    let world = World::new();
    let id = event_id("Camera1", 3, "10-04-36");
    let event = world.event(&id).frames(0).file("10-04-37-01.webp", "webp").file("10-04-39-01.ppm", "ppm");
    event.file("10-04-50-01r.jpg", "a region").file("10-04-51-01m.webp", "what moved").old().make();
    let daemon = world.serve(&[]);
    let told = daemon.wait_for_event(&id, "is measured", |event| !event["bytes"].is_null());
    assert_eq!(
        (&told["frames"], &told["start"], &told["end"]),
        (&json!(2), &json!(format!("{}T10:04:37", days_ago(3))), &json!(format!("{}T10:04:39", days_ago(3))),)
    );
    let one = daemon.get(&format!("/api/v1/events/{id}")).json();
    let names: Vec<&str> =
        one["images"].as_array().unwrap().iter().map(|image| image["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["10-04-37-01.webp", "10-04-39-01.ppm", "10-04-50-01r.jpg", "10-04-51-01m.webp"]);
    let kind = |name: &str| daemon.get(&format!("/media/{id}/{name}")).header("content-type").unwrap().to_owned();
    assert_eq!(kind("10-04-37-01.webp"), "image/webp");
    assert_eq!(daemon.stop(), 0);
}
