//! What Owlery makes of the output of other versions of Motion, and of motionEye: real files, counted by hand.
//!
//! A row holds what is settled; what is left out of it, no test keeps as it is.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::world::{World, wait_for, wait_until};

/// What every event of the samples has.
fn common() -> Value {
    json!({ "state": "complete", "saved": false, "problems": [] })
}

/// What is settled of an event: the camera, the name, and fields as `list --json` gives them, with file names for URLs.
type Row = (&'static str, &'static str, Value);

const DAY: &str = "2026-11-28";

/// The row's fields as `list --json` gives them.
fn expected((camera, name, fields): &Row) -> Value {
    let id = format!("{camera}/{DAY}/{name}");
    let mut all = common();
    for (key, value) in fields.as_object().unwrap() {
        all[key] = match (key.as_str(), value.as_str()) {
            ("start" | "end", Some(time)) => format!("{DAY}T{time}").into(),
            ("video" | "debug_video" | "thumbnail", Some(file)) => format!("/media/{id}/{file}").into(),
            ("videos", _) => value.as_array().unwrap().iter().map(|movie| video(&id, movie)).collect(),
            _ => value.clone(),
        };
    }
    let derived = |name: &str, is_there: bool| is_there.then(|| format!("/media/{id}/{name}"));
    let has_movie = !all["video"].is_null();
    all["playable"] = derived("playable.mp4", has_movie).into();
    all["preview"] =
        derived("preview.webp", has_movie || all["frames"].as_u64().is_some_and(|frames| frames > 0)).into();
    all["id"] = id.into();
    all
}

/// A movie of an event, given its name and size.
fn video(id: &str, movie: &Value) -> Value {
    let (name, bytes) = (movie[0].as_str().unwrap(), &movie[1]);
    json!({ "name": name, "bytes": bytes, "url": format!("/media/{id}/{name}") })
}

/// Compares what `list` and a daemon give, in any order, with the rows.
fn assert_told(sample: &str, part: &str, rows: &[Row]) {
    let mut expected: Vec<Value> = rows.iter().map(expected).collect();
    expected.sort_by_key(|event| event["id"].to_string());
    let settled = |mut events: Vec<Value>| -> Vec<Value> {
        events.sort_by_key(|event| event["id"].to_string());
        for (event, row) in events.iter_mut().zip(&expected) {
            event.as_object_mut().unwrap().retain(|key, _| row.get(key).is_some());
        }
        events
    };
    let world = World::unpacked(&format!("versions/{sample}"), part);
    assert_eq!(settled(world.list()), expected, "{sample} by list");
    let daemon = world.serve(&[]);
    let served = wait_for("everything measured", || {
        let events = daemon.events();
        let is_measured = |event: &Value| !event["bytes"].is_null();
        (events.len() >= rows.len() && events.iter().all(is_measured)).then_some(events)
    });
    assert_eq!(settled(served), expected, "{sample} by the daemon");
    assert_eq!(daemon.stop(), 0);
}

/// An event with frames and one movie.
fn direct(at: [&str; 2], frames: u32, bytes: u64, video: &str, thumbnail: &str) -> Value {
    let [start, end] = at;
    json!({
        "start": start, "end": end, "frames": frames, "bytes": bytes,
        "video": video, "debug_video": null, "thumbnail": thumbnail,
    })
}

/// `movie_codec` mpeg4, flv and hevc.
#[test]
fn old_codecs_are_shown() {
    assert_told(
        "motion-4.5.1-old-codecs",
        "motion-4.5.1-old-codecs",
        &[
            ("CameraFlv", "12-56-10", direct(["12:56:09", "12:56:15"], 29, 323_898, "video.flv", "12-56-11-00.jpg")),
            ("CameraHevc", "12-56-12", direct(["12:56:12", "12:56:17"], 29, 322_165, "video.mp4", "12-56-13-03.jpg")),
            ("CameraMpeg4", "12-55-41", direct(["12:55:41", "12:55:50"], 48, 466_057, "video.avi", "12-55-43-03.jpg")),
        ],
    );
}

#[test]
fn motion_4_7_direct_is_two_events() {
    assert_told(
        "motion-4.7.1-direct",
        "motion-4.7.1-direct",
        &[
            ("Camera1", "13-17-34", direct(["13:17:33", "13:17:39"], 28, 268_841, "video.mp4", "13-17-35-00.jpg")),
            ("Camera2", "13-17-36", direct(["13:17:36", "13:17:41"], 29, 280_499, "video.mp4", "13-17-37-03.jpg")),
        ],
    );
}

/// Motion 5 counts the frames of a second from 01.
#[test]
fn motion_5_direct_is_three_events() {
    assert_told(
        "motion-5.0.0-direct",
        "motion-5.0.0-direct",
        &[
            ("Camera1", "12-53-32", direct(["12:53:32", "12:53:37"], 29, 290_038, "video.mp4", "12-53-33-03.jpg")),
            ("Camera1", "12-54-00", direct(["12:53:59", "12:54:05"], 29, 284_294, "video.mp4", "12-54-01-01.jpg")),
            ("Camera2", "12-53-36", direct(["12:53:35", "12:53:40"], 24, 239_426, "video.mp4", "12-53-36-04.jpg")),
        ],
    );
}

#[test]
fn containers_of_motion_5_are_shown() {
    assert_told(
        "motion-5.0.0-containers",
        "motion-5.0.0-containers",
        &[
            ("CameraFlv", "12-58-01", direct(["12:58:00", "12:58:06"], 28, 596_645, "video.flv", "12-58-02-01.jpg")),
            ("CameraHevc", "12-58-04", direct(["12:58:04", "12:58:08"], 22, 266_969, "video.mp4", "12-58-05-02.jpg")),
            ("CameraMkv", "12-58-01", direct(["12:58:00", "12:58:06"], 28, 237_894, "video.mkv", "12-58-02-01.jpg")),
            ("CameraMov", "12-58-04", direct(["12:58:04", "12:58:08"], 24, 210_100, "video.mov", "12-58-05-03.jpg")),
            ("CameraOgg", "12-58-04", direct(["12:58:03", "12:58:08"], 25, 440_478, "video.ogg", "12-58-05-01.jpg")),
            ("CameraWebm", "12-58-01", direct(["12:58:00", "12:58:06"], 28, 261_044, "video.webm", "12-58-02-02.jpg")),
        ],
    );
}

/// Several movies in one event, none of them named `video.mp4`.
#[test]
fn an_event_of_several_movies_is_one() {
    let of = |at: [&str; 2], frames: u32, bytes: u64, thumbnail: &str, videos: Value| {
        let mut row = direct(at, frames, bytes, videos[0][0].as_str().unwrap(), thumbnail);
        row["container"] = "mp4".into();
        row["videos"] = videos;
        row
    };
    assert_told(
        "motion-5.0.0-movies-per-event",
        "motion-5.0.0-movies-per-event",
        &[
            (
                "CameraMax",
                "12-59-59",
                of(
                    ["12:59:58", "13:00:03"],
                    22,
                    196_529,
                    "13-00-00-02.jpg",
                    json!([["12-59-59.mp4", 32_001], ["13-00-02.mp4", 29_578], ["13-00-05.mp4", 12_548]]),
                ),
            ),
            (
                "CameraMaxNbr",
                "12-59-59",
                of(
                    ["12:59:58", "13:00:03"],
                    22,
                    195_577,
                    "13-00-00-02.jpg",
                    json!([["video-1.mp4", 26_078], ["video-2.mp4", 25_970], ["video-3.mp4", 21_826]]),
                ),
            ),
            (
                "CameraMaxV",
                "12-59-56",
                of(
                    ["12:59:55", "13:00:01"],
                    28,
                    234_204,
                    "12-59-57-01.jpg",
                    json!([
                        ["01-20261128125956.mp4", 29_920],
                        ["01-20261128125958.mp4", 28_827],
                        ["01-20261128130001.mp4", 19_965]
                    ]),
                ),
            ),
        ],
    );
}

/// An event with one frame or none lasts as long as its movie says.
#[test]
fn pictures_of_every_kind_make_events() {
    let best = json!({
        "start": "12:59:57", "end": "13:00:06", "frames": 1, "bytes": 97_153,
        "video": "video.mp4", "debug_video": "videom.mp4", "thumbnail": "12-59-57-03.jpg",
    });
    let no_movie = json!({
        "start": "13:00:00", "end": "13:00:05", "frames": 24, "bytes": 133_112,
        "video": null, "debug_video": null, "thumbnail": "13-00-01-04.jpg",
    });
    assert_told(
        "motion-5.0.0-pictures",
        "motion-5.0.0-pictures",
        &[
            ("CameraBest", "12-59-57", best),
            (
                "CameraCenter",
                "12-59-57",
                json!({ "start": "12:59:57", "end": "13:00:06", "bytes": 103_776, "frames": 1, "video": "video.mkv", "debug_video": "videom.mkv", "thumbnail": "12-59-57-03.jpg" }),
            ),
            ("CameraFirst", "13-00-00", direct(["13:00:00", "13:00:08"], 1, 114_921, "video.mp4", "13-00-00-04.jpg")),
            ("CameraNoMovie", "13-00-01", no_movie),
            (
                "CameraNoPics",
                "12-59-57",
                json!({ "start": "12:59:57", "end": "13:00:05", "frames": 0, "bytes": 79_448, "thumbnail": null, "video": "video.mp4", "debug_video": null }),
            ),
            (
                "CameraNoPicsMkv",
                "13-00-01",
                json!({ "start": "13:00:01", "end": "13:00:08", "frames": 0, "bytes": 76_940, "thumbnail": null, "video": "video.mkv", "debug_video": null }),
            ),
            ("CameraRoi", "13-25-09", direct(["13:25:09", "13:25:17"], 1, 103_993, "video.mp4", "13-25-09-02.jpg")),
            ("CameraWebp", "12-59-57", direct(["12:59:56", "13:00:02"], 27, 136_992, "video.mp4", "12-59-58-03.webp")),
        ],
    );
}

#[test]
fn motioneyes_thumb_is_the_picture() {
    let row = direct(["13:29:48", "13:29:55"], 34, 347_443, "video.mp4", "video.mp4.thumb");
    assert_told("motioneye-0.44.0-direct", "motioneye-0.44.0-direct/media", &[("Camera1", "13-29-48", row)]);
}

/// A layout that was only recognised is served, and no rule takes anything of it until a flag gives it.
#[test]
fn recognised_layouts_are_served_and_kept() {
    for (sample, part, events, flag) in [
        ("motion-5.0.0-default-flat", "", 4, "--layout '%v-%{movienbr}-%Y%m%d%H%M%S'"),
        ("motioneye-0.44.0-flat", "/media", 13, "--layout '%Y-%m-%d/%H-%M-%S'"),
    ] {
        let world = World::unpacked(&format!("versions/{sample}"), &format!("{sample}{part}"));
        let before = world.tree();
        assert_eq!(world.list().len(), events, "{sample}");
        let rules = ["--keep-days", "1", "--max-share", "1"];
        let ran = world.run("expire", &rules);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.contains("recognised by looking") && ran.stderr.contains(flag), "{ran:?}");
        let daemon = world.serve(&rules);
        wait_for("the guard", || {
            let guards = daemon.get("/api/v1/retention").json()["guards"].clone();
            let held =
                guards.as_array().unwrap().iter().any(|guard| guard["name"] == "configuration" && guard["ok"] == false);
            held.then_some(())
        });
        assert_eq!(daemon.events().len(), events, "{sample}");
        assert_eq!(daemon.stop(), 0);
        let is_recording = |path: &&String| !path.contains(".owlery");
        let after = world.tree();
        assert_eq!(after.iter().filter(is_recording).count(), before.len(), "{sample}: nothing of it expires");
    }
}

/// Motion's `cleandir` deleted the files of both events; the saved one stays, and once it is measured, its entry says what is missing.
#[test]
fn a_saved_event_outlives_cleandir_empty() {
    let world = World::unpacked("versions/motion-5.0.0-cleandir", "motion-5.0.0-cleandir");
    // A command believes the sidecar of an old day; a daemon measures.
    let daemon = world.serve(&[]);
    let event = || daemon.get("/api/v1/events/Camera1/2026-11-28/13-16-25").json();
    wait_until("it is measured", || event()["frames"] == 0);
    let told = event();
    assert_eq!((&told["saved"], &told["start"]), (&json!(true), &json!("2026-11-28T13:16:25")));
    assert_eq!((&told["video"], &told["thumbnail"], &told["frames"]), (&Value::Null, &Value::Null, &json!(0)));
    assert_eq!(told["problems"], json!(["it has neither frames nor a movie"]));
}

/// A sample that no test names would be there for nothing.
#[test]
fn every_sample_has_a_test() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = walkdir::WalkDir::new(here.join("tests/it")).into_iter().flatten();
    let sources = sources.filter(|file| file.path().extension().is_some_and(|extension| extension == "rs"));
    let code: Vec<String> = sources
        .flat_map(|file| fs::read_to_string(file.path()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let is_named = |sample: &str| {
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-');
        code.iter().any(|line| line.match_indices(sample).any(|(at, _)| ends(&line[at + sample.len()..])))
    };
    let mut samples = 0;
    for entry in fs::read_dir(here.join("fixtures/versions")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let sample = name.strip_suffix(".tar.gz").unwrap_or(&name);
        assert!(is_named(sample), "no test names fixtures/versions/{name}");
        samples += 1;
    }
    assert!(samples >= 10, "{samples}");
}
