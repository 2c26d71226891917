//! Derived media over HTTP: thumbnails, previews, sprites and playable movies of real events; what is cached, what is missing without
//! ffmpeg, and what a client gets where nothing can be made.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::assert_problem;
use super::auth::{TOKEN, serve_with, users};
use crate::world::{Daemon, Response, World, event_id, wait_for, wait_until};

/// An event of the sample with frames and a movie.
const EVENT: &str = "Camera1/2026-11-21/05-44-39";

/// The response for what may still be made: requests it again as long as it is 202.
pub fn made(daemon: &Daemon, path: &str) -> Response {
    wait_for(path, || {
        let response = daemon.get(path);
        if response.status == 202 {
            let progress = response.json()["progress"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&progress), "{progress}");
            assert_eq!(response.header("retry-after"), Some("1"));
            return None;
        }
        Some(response)
    })
}

/// The width and height of a JPEG.
fn jpeg_size(jpeg: &[u8]) -> (u16, u16) {
    assert_eq!(jpeg[..2], [0xff, 0xd8]);
    let number = |at: usize| u16::from_be_bytes([jpeg[at], jpeg[at + 1]]);
    let mut at = 2;
    while !matches!(jpeg[at + 1], 0xc0..=0xc2) {
        at += 2 + usize::from(number(at + 2));
    }
    (number(at + 7), number(at + 5))
}

/// The codecs of a movie, by ffprobe, which reads it to its end.
fn codecs(movie: &[u8]) -> Vec<String> {
    let mut probe = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_entries", "stream=codec_name,pix_fmt", "-of", "csv=p=0", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = probe.stdin.take().unwrap();
    let movie = movie.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&movie);
    });
    let output = probe.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The jobs that have made something since the start.
pub fn jobs(daemon: &Daemon) -> u64 {
    let metrics = daemon.get("/metrics").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("owlery_media_made_total ")).unwrap();
    line.parse().unwrap()
}

/// A thumbnail is made once for each width, never larger than asked for, and cached by the browser for good.
#[test]
fn thumbnails_are_made_once() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    daemon.wait_for_event(EVENT, "is measured", |event| !event["bytes"].is_null());
    let before = world.tree();
    for (query, width) in [("?w=160", 160), ("?w=240", 240), ("", 320), ("?w=320", 320), ("?w=640", 320)] {
        let response = made(&daemon, &format!("/media/{EVENT}/thumbnail{query}"));
        assert_eq!((response.status, response.header("content-type")), (200, Some("image/jpeg")), "{query}");
        assert_eq!(jpeg_size(&response.body).0, width, "{query}: the frames are 320 pixels wide");
        assert_eq!(response.header("cache-control"), Some("private, max-age=31536000, immutable"));
    }
    assert_eq!(jobs(&daemon), 4);
    let path = format!("/media/{EVENT}/thumbnail?w=160");
    let first = daemon.get(&path);
    let etag = first.header("etag").unwrap();
    let made_first = made(&daemon, &format!("/media/{EVENT}/sprite.jpg"));
    let again = daemon.get(&format!("/media/{EVENT}/sprite.jpg"));
    assert_eq!(made_first.header("etag"), again.header("etag"), "the tag does not depend on where the bytes come from");
    assert_eq!(daemon.request("GET", &path, &[("If-None-Match", etag)]).status, 304);
    let head = daemon.request("HEAD", &path, &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(first.body.len().to_string().as_str()));
    assert_eq!(jobs(&daemon), 5);
    assert!(daemon.get("/api/v1/cache").json()["hits"].as_u64().unwrap() >= 3);
    for (bad, name) in [("w=100", "w"), ("w=", "w"), ("w=320px", "w"), ("x=1", "x"), ("w=160&w=320", "w")] {
        assert_problem(&daemon.get(&format!("/media/{EVENT}/thumbnail?{bad}")), 400, Some(name));
    }
    assert_problem(&daemon.get(&format!("/media/{EVENT}/sprite.jpg?w=160")), 400, Some("w"));
    assert_eq!(world.tree(), before, "nothing is written into the archive");
    assert_eq!(daemon.stop(), 0);
    let daemon = world.serve(&[]);
    daemon.wait_for_event(EVENT, "is measured", |event| !event["bytes"].is_null());
    assert_eq!(made(&daemon, &path).body, first.body);
    assert_eq!(jobs(&daemon), 0, "the cache outlives the daemon");
}

/// A preview is a small animation, a sprite a picture with the place and time of each frame.
#[test]
fn previews_and_sprites_show_the_event() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let event = daemon.wait_for_event(EVENT, "is measured", |event| !event["bytes"].is_null());
    for (name, kind, magic) in [
        ("preview.webp", "image/webp", b"RIFF".as_slice()),
        ("preview.gif", "image/gif", b"GIF8"),
        ("sprite.jpg", "image/jpeg", b"\xff\xd8\xff"),
    ] {
        let response = made(&daemon, &format!("/media/{EVENT}/{name}"));
        assert_eq!((response.status, response.header("content-type")), (200, Some(kind)), "{name}");
        assert!(response.body.starts_with(magic) && response.body.len() <= 400_000, "{name}");
    }
    assert_eq!(event["preview"], format!("/media/{EVENT}/preview.webp"));
    let index = made(&daemon, &format!("/media/{EVENT}/sprite.json")).json();
    let frames = event["frames"].as_u64().unwrap();
    assert_eq!(index["times"].as_array().unwrap().len() as u64, frames.min(100));
    let (width, height) = jpeg_size(&daemon.get(&format!("/media/{EVENT}/sprite.jpg")).body);
    let total = |tile: &str, count: &str| index[tile].as_u64().unwrap() * index[count].as_u64().unwrap();
    assert_eq!((u64::from(width), u64::from(height)), (total("tile_width", "columns"), total("tile_height", "rows")));
}

/// Movies that browsers play are sent as they are, all others as mp4 with H.264, made once; with ranges.
#[test]
fn movies_of_every_container_are_playable() {
    let world = World::unpacked("versions/motion-5.0.0-containers", "motion-5.0.0-containers");
    let daemon = world.serve(&[]);
    let is_measured = |event: &Value| !event["bytes"].is_null();
    for (camera, name, is_made) in [
        ("CameraFlv", "12-58-01", true),
        ("CameraHevc", "12-58-04", true),
        ("CameraMkv", "12-58-01", true),
        ("CameraMov", "12-58-04", true),
        ("CameraOgg", "12-58-04", true),
        ("CameraWebm", "12-58-01", false),
    ] {
        let id = format!("{camera}/2026-11-28/{name}");
        let event = daemon.wait_for_event(&id, "is measured", is_measured);
        let path = event["playable"].as_str().unwrap();
        let response = made(&daemon, path);
        assert_eq!(response.status, 200, "{camera}: {}", response.text());
        let original = fs::read(world.path(event["video"].as_str().unwrap().strip_prefix("/media/").unwrap())).unwrap();
        if is_made {
            assert_eq!(response.header("content-type"), Some("video/mp4"), "{camera}");
            let at = |name: &[u8]| memchr::memmem::find(&response.body, name).unwrap();
            assert!(at(b"moov") < at(b"mdat"), "{camera}: it does not start before it is loaded");
            assert_eq!(codecs(&response.body), ["h264,yuv420p"], "{camera}");
        } else {
            assert_eq!(response.header("content-type"), Some("video/webm"), "{camera}");
            assert!(response.body == original, "{camera}");
        }
        let part = daemon.request("GET", path, &[("Range", "bytes=100-199")]);
        assert_eq!(part.status, 206, "{camera}");
        assert!(part.body == response.body[100..200], "{camera}");
    }
    assert_eq!(jobs(&daemon), 5);
}

/// An event without frames has a thumbnail, a preview and a sprite from its movie; one that has nothing has none.
#[test]
fn movies_alone_have_pictures() {
    let world = World::new();
    let movie = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/movies/whole.mkv")).unwrap();
    let (with, without) = (event_id("Camera1", 3, "10-04-36"), event_id("Camera1", 3, "11-00-00"));
    world.event(&with).frames(0).no_movie().movie("video.mkv", movie).old().make();
    world.event(&without).frames(0).no_movie().file("notes.txt", "x").old().make();
    let daemon = world.serve(&[]);
    for id in [&with, &without] {
        daemon.wait_for_event(id, "is measured", |event| !event["bytes"].is_null());
    }
    for name in ["thumbnail?w=160", "preview.webp", "preview.gif", "sprite.jpg", "sprite.json", "playable.mp4"] {
        let response = made(&daemon, &format!("/media/{with}/{name}"));
        assert_eq!(response.status, 200, "{name}: {}", response.text());
        assert_problem(&made(&daemon, &format!("/media/{without}/{name}")), 404, None);
    }
    let event = daemon.event(&without).unwrap();
    assert!(event["playable"].is_null() && event["preview"].is_null());
    assert_problem(&daemon.get("/media/Camera1/2020-01-01/10-00-00/thumbnail"), 404, None);
    assert_problem(&daemon.get("/media/Camera1/2020-01-01/no-event/thumbnail"), 404, None);
}

/// A picture that is damaged is passed over, a movie that cannot be played is a problem that says why.
#[test]
fn damaged_media_are_passed_over() {
    let world = World::new();
    let frame = world_frame();
    let id = event_id("Camera1", 3, "10-04-36");
    let maker =
        world.event(&id).frames(0).no_movie().file("thumbnail.jpg", "no picture").file("10-04-36-00.jpg", "damaged");
    maker.file("10-04-37-00.jpg", frame).movie("video.mp4", crate::world::unfinished_mp4()).old().make();
    let daemon = world.serve(&[]);
    daemon.wait_for_event(&id, "is measured", |event| !event["bytes"].is_null());
    let response = made(&daemon, &format!("/media/{id}/thumbnail?w=160"));
    assert_eq!((response.status, jpeg_size(&response.body).0), (200, 160), "{}", response.text());
    let problem = made(&daemon, &format!("/media/{id}/playable.mp4"));
    assert_problem(&problem, 422, None);
    assert!(problem.text().contains("moov"), "{}", problem.text());
    let alone = event_id("Camera1", 3, "11-00-00");
    world.event(&alone).frames(0).no_movie().movie("video.mp4", crate::world::unfinished_mp4()).old().make();
    daemon.wait_for_event(&alone, "is measured", |event| !event["bytes"].is_null());
    for name in ["thumbnail", "preview.webp", "sprite.json"] {
        assert_problem(&made(&daemon, &format!("/media/{alone}/{name}")), 422, None);
    }
    let none = event_id("Camera1", 3, "12-00-00");
    world.event(&none).frames(0).no_movie().movie("video.mp4", "no movie").old().make();
    daemon.wait_for_event(&none, "is measured", |event| !event["bytes"].is_null());
    assert_problem(&made(&daemon, &format!("/media/{none}/thumbnail")), 422, None);
}

/// A real frame of Motion.
fn world_frame() -> Vec<u8> {
    let sample = World::sample("direct");
    let dir = sample.path(EVENT);
    let name = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "jpg"));
    fs::read(name.unwrap()).unwrap()
}

/// What was made of an event is gone for clients as soon as the event is.
#[test]
fn derived_media_go_with_their_event() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    daemon.wait_for_event(EVENT, "is measured", |event| !event["bytes"].is_null());
    let path = format!("/media/{EVENT}/thumbnail");
    assert_eq!(made(&daemon, &path).status, 200);
    let deleted = daemon.request("DELETE", &format!("/api/v1/events/{EVENT}"), &[]);
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    wait_until("the thumbnail is gone", || daemon.get(&path).status == 404);
    let pass = deleted.json()["pass"].as_str().unwrap().to_owned();
    daemon.send("POST", &format!("/api/v1/queue/{pass}/restore"), "");
    wait_until("it is there again", || daemon.get(&path).status == 200);
}

/// Users see derived media of their own cameras alone.
#[test]
fn other_cameras_have_no_thumbnails() {
    let world = World::sample("direct");
    let day = fs::read_dir(world.path("Camera2/2026-11-21")).unwrap().next().unwrap().unwrap();
    let other = format!("Camera2/2026-11-21/{}", day.file_name().to_str().unwrap());
    let daemon = serve_with(&world, &users());
    let token = format!("Bearer {TOKEN}");
    let headers = [("Authorization", token.as_str())];
    assert_eq!(daemon.get(&format!("/media/{EVENT}/thumbnail")).status, 401);
    for name in ["thumbnail", "preview.webp", "sprite.json", "playable.mp4"] {
        assert_problem(&daemon.request("GET", &format!("/media/{other}/{name}"), &headers), 404, None);
    }
    let own = || daemon.request("GET", &format!("/media/{EVENT}/thumbnail"), &headers).status;
    wait_until("its own camera is seen", || own() == 200);
}

/// Without ffmpeg, what needs it is a problem that says so; everything else works, and log, `/readyz` and `check` name it.
#[test]
fn without_ffmpeg_the_rest_works() {
    let world = World::unpacked("versions/motion-5.0.0-containers", "motion-5.0.0-containers");
    let empty = world.outside("no-programs");
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"]);
    command.env("PATH", &empty);
    let daemon = Daemon::start(command);
    let mkv = "CameraMkv/2026-11-28/12-58-01";
    daemon.wait_for_event(mkv, "is measured", |event| !event["bytes"].is_null());
    assert_eq!(made(&daemon, &format!("/media/{mkv}/thumbnail")).status, 200, "its frames need no ffmpeg");
    let webm = daemon.get("/media/CameraWebm/2026-11-28/12-58-01/playable.mp4");
    assert_eq!((webm.status, webm.header("content-type")), (200, Some("video/webm")));
    for _ in 0..2 {
        let problem = made(&daemon, &format!("/media/{mkv}/playable.mp4"));
        assert_problem(&problem, 503, None);
        assert!(problem.text().contains("install ffmpeg"), "{}", problem.text());
    }
    wait_until("readyz names it", || {
        daemon.get("/readyz").json()["missing"][0].as_str().is_some_and(|text| text.contains("install ffmpeg"))
    });
    daemon.wait_for_log("install ffmpeg");
    assert_eq!(daemon.stop(), 0);
    let mut check = world.command("check", ["--json"]);
    check.env("PATH", &empty);
    let found = crate::world::Ran::of(check);
    assert!(found.json().to_string().contains("install ffmpeg"), "{found:?}");
}

/// A cache among the recordings would be expired and served with them.
#[test]
fn a_cache_among_recordings_is_refused() {
    let world = World::sample("direct");
    let root = world.root.to_str().unwrap();
    for dir in [root.to_owned(), format!("{root}/Camera1"), format!("{root}/CameraCache/x")] {
        let ran = world.run("serve", &["--listen", "127.0.0.1:0", "--cache-dir", &dir]);
        assert!(ran.code == 2 && ran.stderr.contains("among the recordings"), "{dir}: {ran:?}");
    }
    let daemon = world.serve(&["--cache-dir", &format!("{root}/.owlery/other")]);
    assert_eq!(daemon.get("/api/v1/cache").status, 200);
}

/// A movie that is larger than the cache cannot be kept: the problem names the setting.
#[test]
fn a_movie_larger_than_the_cache_is_a_problem() {
    let world = World::unpacked("versions/motion-5.0.0-containers", "motion-5.0.0-containers");
    let daemon = world.serve(&["--cache-size", "10kB"]);
    let id = "CameraMkv/2026-11-28/12-58-01";
    daemon.wait_for_event(id, "is measured", |event| !event["bytes"].is_null());
    let problem = made(&daemon, &format!("/media/{id}/playable.mp4"));
    assert_problem(&problem, 507, None);
    assert!(problem.text().contains("--cache-size"), "{}", problem.text());
    let left: Vec<_> = fs::read_dir(world.root.join(".owlery/cache/work")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
