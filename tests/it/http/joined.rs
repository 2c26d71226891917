//! One movie of a camera's events over HTTP: real movies, joined once; what is left out, and what is refused.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::assert_problem;
use super::auth::{TOKEN, serve_with, users};
use super::derived::{jobs, made};
use crate::browser::Browser;
use crate::world::{Daemon, Response, World, event_id, unfinished_mp4, wait_until};

const CAMERA: &str = "/api/v1/export.mp4?camera=Camera1";

/// What `ffprobe` says of a movie, which it decodes to its end without an error.
fn probe(path: &Path) -> Value {
    let mut command = Command::new("ffprobe");
    command.args(["-loglevel", "error", "-count_frames", "-of", "json", "-show_streams", "-show_format"]);
    let probed = command.arg(path).output().unwrap();
    assert!(probed.status.success() && probed.stderr.is_empty(), "{}", String::from_utf8_lossy(&probed.stderr));
    serde_json::from_slice(&probed.stdout).unwrap()
}

/// The length in seconds, and the number of frames.
fn size(probed: &Value) -> (f64, u64) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (secs, frames) = (text(&probed["format"]["duration"]), text(&probed["streams"][0]["nb_read_frames"]));
    (secs.parse().unwrap(), frames.parse().unwrap())
}

/// The same of a response, which has one track of H.264.
fn size_of(world: &World, response: &Response) -> (f64, u64) {
    let path = world.outside("got").join("export.mp4");
    fs::write(&path, &response.body).unwrap();
    let probed = probe(&path);
    let streams = probed["streams"].as_array().unwrap();
    assert!(streams.len() == 1 && streams[0]["codec_name"] == "h264", "{probed}");
    size(&probed)
}

fn wait_measured(daemon: &Daemon) {
    wait_until("all is measured", || daemon.events().iter().all(|event| event["bytes"].is_u64()));
}

fn assert_alike((secs, frames): (f64, u64), (expected, count): (f64, u64)) {
    assert!((secs - expected).abs() < 0.5 && frames == count, "{secs} s, {frames} frames: not {expected} s, {count}");
}

/// The movies of a camera become one, which is as long as all of them, and is made once.
#[test]
fn movies_of_a_range_become_one() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    wait_measured(&daemon);
    let before = world.tree();
    let events = daemon.events();
    let of_camera = events.iter().filter(|event| event["camera"] == "Camera1");
    let mut sizes: Vec<(String, (f64, u64))> = of_camera
        .map(|event| {
            let id = event["id"].as_str().unwrap().to_owned();
            (id.clone(), size(&probe(&world.path(format!("{id}/video.mp4")))))
        })
        .collect();
    sizes.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(sizes.len(), 4);
    let sum = |sizes: &[(String, (f64, u64))]| {
        sizes.iter().fold((0.0, 0), |(secs, frames), (_, size)| (secs + size.0, frames + size.1))
    };
    let response = made(&daemon, CAMERA);
    assert_eq!((response.status, response.header("content-type")), (200, Some("video/mp4")), "{}", response.text());
    let name = response.header("content-disposition").unwrap();
    assert!(name.starts_with("attachment; filename=\"Camera1_2026-11-21_05-44_05-4") && name.is_ascii(), "{name}");
    assert_eq!(response.header("owlery-left-out"), None);
    assert_alike(size_of(&world, &response), sum(&sizes));
    assert_eq!(jobs(&daemon), 1);

    let part = daemon.request("GET", CAMERA, &[("Range", "bytes=100-199")]);
    assert_eq!((part.status, part.body.as_slice()), (206, &response.body[100..200]));
    let etag = response.header("etag").unwrap();
    assert_eq!(daemon.request("GET", CAMERA, &[("If-None-Match", etag)]).status, 304);
    let head = daemon.request("HEAD", CAMERA, &[]);
    assert_eq!((head.status, head.header("content-length")), (200, Some(response.body.len().to_string().as_str())));
    assert_eq!(jobs(&daemon), 1, "it is made once");

    let start = |id: &str| daemon.event(id).unwrap()["start"].as_str().unwrap().to_owned();
    let range = format!("{CAMERA}&from={}&to={}", start(&sizes[1].0), start(&sizes[2].0));
    let two = made(&daemon, &range);
    assert_alike(size_of(&world, &two), sum(&sizes[1..3]));
    Browser::open(&world, &daemon).plays_to_its_end(&range);
    assert_eq!(world.tree(), before, "nothing is written into the archive");
    let left: Vec<_> = fs::read_dir(world.root.join(".owlery/cache/work")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Frames without a movie, and movies of another size, are parts; what cannot be used is named.
#[test]
fn broken_movies_are_left_out_by_name() {
    let (world, sample) = (World::new(), World::sample("direct"));
    let source = sample.path("Camera1/2026-11-21/05-44-39");
    let id = |hour: u32| event_id("Camera1", 3, format!("{hour}-00-00"));
    let movie = fs::read(source.join("video.mp4")).unwrap();
    let mkv = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/movies/whole.mkv")).unwrap();
    world.event(id(10)).frames(0).no_movie().movie("video.mp4", movie).old().make();
    world.event(id(11)).frames(0).no_movie().movie("video.mp4", unfinished_mp4()).old().make();
    world.event(id(12)).frames(0).no_movie().movie("video.mkv", mkv).old().make();
    world.event(id(13)).frames(0).no_movie().file("notes.txt", "x").old().make();
    let mut frames: Vec<_> = fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path()).collect();
    frames.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    frames.sort();
    let texts: Vec<String> = (0..5).map(|second| format!("14-00-0{second}-00.jpg")).collect();
    let maker = world.event(id(14)).frames(0).no_movie();
    let maker = texts.iter().zip(&frames).fold(maker, |maker, (name, path)| maker.file(name, fs::read(path).unwrap()));
    maker.old().make();
    let daemon = world.serve(&[]);
    wait_measured(&daemon);
    let response = made(&daemon, CAMERA);
    assert_eq!(response.status, 200, "{}", response.text());
    let again = daemon.get(CAMERA);
    for response in [&response, &again] {
        assert_eq!(response.header("owlery-left-out"), Some(format!("{}, {}", id(11), id(13)).as_str()));
    }
    let whole: f64 = [10, 12]
        .map(|hour| {
            let name = if hour == 10 { "video.mp4" } else { "video.mkv" };
            size(&probe(&world.path(format!("{}/{name}", id(hour))))).0
        })
        .iter()
        .sum();
    let (secs, _) = size_of(&world, &response);
    assert!((secs - whole - 5.0).abs() < 1.0, "{secs} s: {whole} s of movies and 5 s of frames");
    let broken = made(&daemon, &format!("{CAMERA}&from={}&to={}", at(&id(11)), at(&id(11))));
    assert_problem(&broken, 422, None);
    assert!(broken.text().contains("moov"), "{}", broken.text());
}

/// The time in the name of an event.
fn at(id: &str) -> String {
    let (_, rest) = id.split_once('/').unwrap();
    let (day, time) = rest.split_once('/').unwrap();
    format!("{day}T{}", time.replace('-', ":"))
}

/// A range needs a camera that the user sees, events, and room.
#[test]
fn exports_that_cannot_be_are_refused() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    let get = |query: &str| daemon.request("GET", &format!("/api/v1/export.mp4{query}"), &headers);
    assert_problem(&daemon.get(CAMERA), 401, None);
    for camera in ["Camera2", "Camera9"] {
        assert_problem(&get(&format!("?camera={camera}")), 404, None);
    }
    for (query, parameter) in [
        ("", "camera"),
        ("?camera=Camera1&camera=Camera1", "camera"),
        ("?camera=Camera1&from=x", "from"),
        ("?x=1", "x"),
    ] {
        assert_problem(&get(query), 400, Some(parameter));
    }
    for query in ["&to=2020-01-01", "&saved=true", "&state=interrupted"] {
        assert_problem(&get(&format!("?camera=Camera1{query}")), 404, None);
    }
    assert_problem(&daemon.request("POST", CAMERA, &headers), 405, None);
    assert_eq!(daemon.stop(), 0);

    let daemon = world.serve(&["--cache-size", "100kB"]);
    wait_measured(&daemon);
    let large = daemon.get(CAMERA);
    assert_problem(&large, 413, None);
    assert!(large.text().contains("--cache-size") && large.text().contains("100000"), "{}", large.text());
    assert_eq!(daemon.stop(), 0);

    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"]);
    command.env("PATH", world.outside("no-programs"));
    let daemon = Daemon::start(command);
    wait_measured(&daemon);
    let problem = made(&daemon, CAMERA);
    assert_problem(&problem, 503, None);
    assert!(problem.text().contains("install ffmpeg"), "{}", problem.text());
}
