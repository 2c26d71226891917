//! What Owlery makes of every part of the sample: real output of Motion, counted by hand.
//!
//! The files keep the times at which Motion wrote them, on 2026-11-21, hours before this was written; the clock only
//! goes on from there, so every event here has been silent for longer than any event gap and none is ever judged open,
//! whether its day is today, past or still to come.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::world::{World, wait_for};

/// An expected event: complete, not saved, without a debug movie or problems, unless changed.
struct Told {
    id: &'static str,
    start: &'static str,
    end: &'static str,
    frames: u32,
    bytes: u64,
    video: Option<&'static str>,
    thumbnail: Option<&'static str>,
    peak: Option<u32>,
}

impl Told {
    fn json(&self) -> Value {
        let media = |file: Option<&str>| file.map(|file| format!("/media/{}/{file}", self.id));
        json!({
            "id": self.id,
            "camera": self.id.split('/').next(),
            "start": self.start,
            "end": self.end,
            "state": "complete",
            "saved": false,
            "frames": self.frames,
            "bytes": self.bytes,
            "video": media(self.video),
            "debug_video": null,
            "thumbnail": media(self.thumbnail),
            "playable": media(self.video.map(|_| "playable.mp4")),
            "preview": media(Some("preview.webp")),
            "peak_change": self.peak,
            "problems": [],
            "location": "local",
        })
    }

    /// Cut off by SIGKILL.
    fn interrupted(&self, problem: &str) -> Value {
        let mut json = self.json();
        json["state"] = "interrupted".into();
        json["problems"] = json!([problem]);
        json
    }
}

/// What was never finished, in words.
const NO_MOOV: &str = "video.mp4 was never finished or is cut off (no moov box, or data is missing) and does not play";

/// Every path with its size and the time of its last change, but for Owlery's own state.
fn inventory(world: &World) -> Vec<(String, u64, std::time::SystemTime)> {
    let look = |path: String| {
        let stat = world.path(&path).symlink_metadata().unwrap();
        (path, stat.len(), stat.modified().unwrap())
    };
    world.tree().into_iter().map(look).collect()
}

/// The event with what `list` says of its only movie.
fn with_videos(world: &World, event: &Value) -> Value {
    let mut event = event.clone();
    let video = event["video"].as_str().map(str::to_owned);
    (event["container"], event["videos"]) = (Value::Null, json!([]));
    if let Some(url) = video {
        let len = world.path(url.strip_prefix("/media/").unwrap()).metadata().unwrap().len();
        let name = url.rsplit('/').next().unwrap();
        event["container"] = name.rsplit('.').next().into();
        event["videos"] = json!([{ "name": name, "bytes": len, "url": url }]);
    }
    event
}

/// Asserts that `list` and a daemon, once it has measured, tell the same and exactly this, newest first, and that
/// neither leaves a trace among Motion's files.
fn assert_told(world: &World, expected: &[Value]) {
    let before = inventory(world);
    let expected: &[Value] = &expected.iter().map(|event| with_videos(world, event)).collect::<Vec<_>>();
    assert_eq!(world.list(), expected, "by owlery list");
    assert!(!world.has(".owlery"), "listing leaves nothing behind");
    let daemon = world.serve(&[]);
    let is_measured = |event: &Value, told: &Value| {
        !event["bytes"].is_null() && event["peak_change"].is_null() == told["peak_change"].is_null()
    };
    let served = wait_for("everything measured", || {
        let events = daemon.events();
        events.iter().zip(expected).all(|(event, told)| is_measured(event, told)).then_some(events)
    });
    let of_nobody = |mut event: Value| {
        assert_eq!(event.as_object_mut().unwrap().remove("reviewed"), Some(json!(false)));
        event
    };
    let served: Vec<Value> = served.into_iter().map(of_nobody).collect();
    assert_eq!(served, expected, "by the daemon");
    assert_eq!(daemon.stop(), 0);
    assert_eq!(inventory(world), before, "nothing of Motion's was touched");
}

/// Asserts the result of `owlery check`: its exit code, the problems by event and the notes by path below the root.
fn assert_checked(world: &World, code: i32, problems: &[(&str, &str)], strays: &[&str]) {
    let ran = world.run("check", &["--json"]);
    assert_eq!(ran.code, code, "{ran:?}");
    let found = ran.json();
    let root = world.root.canonicalize().unwrap();
    let pairs = |list: &Value| -> Vec<(String, String)> {
        let pair = |report: &Value| {
            let path = Path::new(report["path"].as_str().unwrap()).strip_prefix(&root).unwrap();
            (path.to_str().unwrap().to_owned(), report["problem"].as_str().unwrap().to_owned())
        };
        list.as_array().unwrap().iter().map(pair).filter(|(path, _)| path != ".owlery").collect()
    };
    assert_eq!(found["differences"], json!([]));
    let owned = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(path, problem)| ((*path).to_owned(), (*problem).to_owned())).collect()
    };
    assert_eq!(pairs(&found["problems"]), owned(problems));
    let strays: Vec<(&str, &str)> = strays.iter().map(|path| (*path, "not an event's; it is never touched")).collect();
    assert_eq!(pairs(&found["notes"]), owned(&strays));
}

const DIRECT: [Told; 5] = [
    Told {
        id: "Camera2/2026-11-21/05-45-29",
        start: "2026-11-21T05:45:29",
        end: "2026-11-21T05:45:33",
        frames: 25,
        bytes: 240_484,
        video: Some("video.mp4"),
        thumbnail: Some("05-45-30-01.jpg"),
        peak: Some(3068),
    },
    Told {
        id: "Camera1/2026-11-21/05-45-26",
        start: "2026-11-21T05:45:25",
        end: "2026-11-21T05:45:31",
        frames: 28,
        bytes: 268_094,
        video: Some("video.mp4"),
        thumbnail: Some("05-45-27-01.jpg"),
        peak: Some(3068),
    },
    Told {
        id: "Camera1/2026-11-21/05-45-07",
        start: "2026-11-21T05:45:06",
        end: "2026-11-21T05:45:12",
        frames: 29,
        bytes: 279_264,
        video: Some("video.mp4"),
        thumbnail: Some("05-45-08-01.jpg"),
        peak: Some(3068),
    },
    Told {
        id: "Camera1/2026-11-21/05-44-52",
        start: "2026-11-21T05:44:51",
        end: "2026-11-21T05:45:00",
        frames: 42,
        bytes: 412_263,
        video: Some("video.mp4"),
        thumbnail: Some("05-44-53-04.jpg"),
        peak: Some(3068),
    },
    Told {
        id: "Camera1/2026-11-21/05-44-39",
        start: "2026-11-21T05:44:39",
        end: "2026-11-21T05:44:48",
        frames: 48,
        bytes: 382_277,
        video: Some("video.mp4"),
        thumbnail: Some("05-44-41-02.jpg"),
        peak: Some(75866),
    },
];

/// What Motion leaves beside the days of the part `direct`.
const STRAYS: [&str; 6] = [
    "Camera1/02-20261121054454-snapshot.jpg",
    "Camera1/05-44-52-01m.jpg",
    "Camera1/05-45-07-01m.jpg",
    "Camera1/05-45-26-01m.jpg",
    "Camera1/lastsnap.jpg",
    "Camera2/05-45-29-02m.jpg",
];

/// Its stray files are not events.
#[test]
fn direct_is_five_events() {
    let world = World::sample("direct");
    assert_told(&world, &DIRECT.map(|event| event.json()));
    assert_checked(&World::sample("direct"), 0, &[], &STRAYS);
}

#[test]
fn strays_stay_when_the_days_beside_them_expire() {
    let world = World::sample("direct");
    for camera in ["Camera1", "Camera2"] {
        fs::rename(world.path(camera).join("2026-11-21"), world.path(camera).join("2020-02-29")).unwrap();
    }
    let before = inventory(&world);
    let ran = world.run("expire", &["--keep-days", "30", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut left = vec!["Camera1", "Camera2", "delete_queue", "queue"];
    left.extend(STRAYS);
    left.sort_unstable();
    assert_eq!(world.tree(), left);
    let stray = |all: Vec<(String, u64, _)>| -> Vec<_> {
        all.into_iter().filter(|(path, ..)| STRAYS.contains(&path.as_str())).collect()
    };
    assert_eq!(stray(inventory(&world)), stray(before));
    assert_eq!(fs::read_link(world.path("Camera1/lastsnap.jpg")).unwrap(), Path::new("02-20261121054454-snapshot.jpg"));
}

/// An event of the part `strix-raw`: frames only.
fn raw(id: &'static str, at: [&'static str; 2], frames: u32, bytes: u64, thumbnail: &'static str, peak: u32) -> Value {
    let [start, end] = at;
    Told { id, start, end, frames, bytes, video: None, thumbnail: Some(thumbnail), peak: Some(peak) }.json()
}

#[test]
fn strix_raw_is_eight_events_without_a_movie() {
    let world = World::sample("strix-raw");
    let at = |start, end| [start, end];
    let expected = [
        raw(
            "Camera2/2026-11-21/04",
            at("2026-11-21T05:45:29", "2026-11-21T05:45:33"),
            25,
            176_769,
            "05-45-30-01.jpg",
            3068,
        ),
        raw(
            "Camera1/2026-11-21/04",
            at("2026-11-21T05:45:25", "2026-11-21T05:45:31"),
            28,
            199_939,
            "05-45-27-01.jpg",
            3068,
        ),
        raw(
            "Camera2/2026-11-21/03",
            at("2026-11-21T05:45:09", "2026-11-21T05:45:15"),
            29,
            207_314,
            "05-45-10-04.jpg",
            3068,
        ),
        raw(
            "Camera1/2026-11-21/03",
            at("2026-11-21T05:45:06", "2026-11-21T05:45:12"),
            29,
            206_943,
            "05-45-08-01.jpg",
            3068,
        ),
        raw(
            "Camera2/2026-11-21/02",
            at("2026-11-21T05:44:55", "2026-11-21T05:45:03"),
            41,
            300_500,
            "05-44-57-01.jpg",
            3068,
        ),
        raw(
            "Camera1/2026-11-21/02",
            at("2026-11-21T05:44:51", "2026-11-21T05:44:59"),
            41,
            299_372,
            "05-44-53-04.jpg",
            3068,
        ),
        // The same start: the tie is broken by id.
        raw(
            "Camera2/2026-11-21/01",
            at("2026-11-21T05:44:39", "2026-11-21T05:44:48"),
            48,
            346_112,
            "05-44-41-02.jpg",
            75355,
        ),
        raw(
            "Camera1/2026-11-21/01",
            at("2026-11-21T05:44:39", "2026-11-21T05:44:48"),
            48,
            346_403,
            "05-44-41-02.jpg",
            75866,
        ),
    ];
    assert_told(&world, &expected);
    assert_checked(&World::sample("strix-raw"), 0, &[], &[]);
}

const DONE: Told = Told {
    id: "Camera1/2026-11-21/05-45-25",
    start: "2026-11-21T05:45:25",
    end: "2026-11-21T05:45:31",
    frames: 28,
    bytes: 711_088,
    video: Some("video.m4v"),
    thumbnail: Some("thumbnail.jpg"),
    peak: Some(3068),
};

/// Except for the debug movie, which strix names wrongly.
#[test]
fn strix_done_is_believed() {
    let world = World::sample("strix-done");
    let sidecar: Value = serde_json::from_slice(&fs::read(world.path(DONE.id).join(".details.json")).unwrap()).unwrap();
    assert_eq!(sidecar["debug_video"], sidecar["video"], "the defect is in the sample");
    let mut expected = DONE.json();
    expected["debug_video"] = format!("/media/{}/debug/video.m4v", DONE.id).into();
    assert_told(&world, &[expected]);
    assert_checked(&World::sample("strix-done"), 0, &[], &[]);
}

/// The values come from the sidecar, not from frames that happen to agree.
#[test]
fn strix_sidecars_outrank_frames() {
    let world = World::sample("strix-done");
    let path = world.path(DONE.id).join(".details.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("05:45:31", "05:45:59")).unwrap();
    assert_eq!(world.listed(DONE.id)["end"], "2026-11-21T05:45:59");
}

/// It is one event.
#[test]
fn midnight_direct_ends_in_the_new_year() {
    let world = World::sample("failures/midnight-direct");
    let event = Told {
        id: "Camera1/2026-12-31/23-59-54",
        start: "2026-12-31T23:59:53",
        end: "2027-01-01T00:00:03",
        frames: 48,
        bytes: 469_062,
        video: Some("video.mp4"),
        // The 13th of 48 in the order of time; by name that would be a frame from after midnight.
        thumbnail: Some("23-59-56-00.jpg"),
        peak: Some(75866),
    };
    assert_told(&world, &[event.json()]);
    assert_checked(&World::sample("failures/midnight-direct"), 0, &[], &["Camera1/00-00-09-00m.jpg"]);
}

#[test]
fn midnight_strix_is_two_events_of_two_days() {
    let world = World::sample("failures/midnight-strix");
    let new_year = raw(
        "Camera1/2027-01-01/01",
        ["2027-01-01T00:00:00", "2027-01-01T00:00:16"],
        68,
        492_965,
        "00-00-03-02.jpg",
        75354,
    );
    let old_year = raw(
        "Camera1/2026-12-31/01",
        ["2026-12-31T23:59:55", "2026-12-31T23:59:59"],
        22,
        161_203,
        "23-59-56-03.jpg",
        75866,
    );
    assert_told(&world, &[new_year, old_year]);
    // The markers also name a Camera2 that is not there: that is no fault of the archive.
    assert_checked(&World::sample("failures/midnight-strix"), 0, &[], &[]);
}

/// It has no frame.
#[test]
fn sigkill_direct_mkv_has_an_empty_movie() {
    let world = World::sample("failures/sigkill-direct-mkv");
    let event = Told {
        id: "Camera1/2026-11-21/05-39-40",
        start: "2026-11-21T05:39:40",
        end: "2026-11-21T05:39:40",
        frames: 0,
        bytes: 0,
        video: Some("video.mkv"),
        thumbnail: None,
        peak: None,
    };
    assert_told(&world, &[event.interrupted("video.mkv is empty")]);
    let world = World::sample("failures/sigkill-direct-mkv");
    assert_checked(&world, 1, &[(event.id, "video.mkv is empty")], &[]);
}

/// Motion left 48 bytes, which never play.
#[test]
fn sigkill_direct_mp4_is_unfinished() {
    let world = World::sample("failures/sigkill-direct-mp4");
    let event = Told {
        id: "Camera1/2026-11-21/05-39-40",
        start: "2026-11-21T05:39:40",
        end: "2026-11-21T05:39:45",
        frames: 29,
        bytes: 218_280,
        video: Some("video.mp4"),
        thumbnail: Some("05-39-41-03.jpg"),
        peak: Some(75866),
    };
    assert_eq!(fs::metadata(world.path(event.id).join("video.mp4")).unwrap().len(), 48);
    assert_told(&world, &[event.interrupted(NO_MOOV)]);
    assert_checked(&World::sample("failures/sigkill-direct-mp4"), 1, &[(event.id, NO_MOOV)], &[]);
}

#[test]
fn sigkill_long_mkv_is_interrupted() {
    let world = World::sample("failures/sigkill-long-mkv");
    let event = Told {
        id: "Camera1/2026-11-21/05-41-57",
        start: "2026-11-21T05:41:57",
        end: "2026-11-21T05:41:59",
        frames: 3,
        bytes: 147_904,
        video: Some("video.mkv"),
        thumbnail: Some("05-41-57-00.jpg"),
        peak: Some(75770),
    };
    let problem = "video.mkv was never finished or is cut off; players may show it as far as it goes";
    assert_told(&world, &[event.interrupted(problem)]);
    assert_checked(&World::sample("failures/sigkill-long-mkv"), 1, &[(event.id, problem)], &[]);
}

#[test]
fn sigkill_long_mp4_is_cut_and_never_plays() {
    let world = World::sample("failures/sigkill-long-mp4");
    let event = Told {
        id: "Camera1/2026-11-21/05-41-57",
        start: "2026-11-21T05:41:57",
        end: "2026-11-21T05:41:59",
        frames: 3,
        bytes: 147_343,
        video: Some("video.mp4"),
        thumbnail: Some("05-41-57-00.jpg"),
        peak: Some(75835),
    };
    assert_told(&world, &[event.interrupted(NO_MOOV)]);
    assert_checked(&World::sample("failures/sigkill-long-mp4"), 1, &[(event.id, NO_MOOV)], &[]);
}

/// Two events are in the directory `01`.
#[test]
fn sigkill_strix_restart_reuses_directory_01() {
    let world = World::sample("failures/sigkill-strix-then-restart");
    // Motion cannot tell them apart in its names, so they are one: from the first frame of one to the last of the other.
    let second = raw(
        "Camera1/2026-11-21/02",
        ["2026-11-21T05:40:16", "2026-11-21T05:40:21"],
        26,
        145_720,
        "05-40-17-01.jpg",
        3068,
    );
    let both = raw(
        "Camera1/2026-11-21/01",
        ["2026-11-21T05:39:51", "2026-11-21T05:40:12"],
        77,
        425_856,
        "05-39-55-03.jpg",
        75866,
    );
    assert_told(&world, &[second, both]);
    assert_checked(&World::sample("failures/sigkill-strix-then-restart"), 0, &[], &[]);
}

#[test]
fn check_after_a_daemon_finds_its_catalog_right() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    wait_for("everything measured", || daemon.events().iter().all(|event| !event["bytes"].is_null()).then_some(()));
    assert_eq!(daemon.stop(), 0);
    assert_checked(&world, 0, &[], &STRAYS);
    // And it is compared: a change that Owlery did not make is reported. The directory keeps its time, or it would be open again.
    let event = world.path(DIRECT[0].id);
    let written = fs::metadata(&event).unwrap().modified().unwrap();
    fs::write(event.join("note.txt"), "12 bytes new").unwrap();
    for touched in [event.join("note.txt"), event] {
        fs::File::open(touched).unwrap().set_modified(written).unwrap();
    }
    let ran = world.run("check", &["--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let found = ran.json();
    assert_eq!(found["differences"].as_array().unwrap().len(), 1, "{found}");
    let told = "the number of bytes is 240496, the catalog says 240484";
    assert_eq!(found["differences"][0]["problem"], told);
}

#[test]
fn every_part_of_the_sample_is_tested() {
    let sample = fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/motion-4.5.1-sample.tar.gz")).unwrap();
    let mut parts = std::collections::BTreeSet::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(sample));
    for entry in archive.entries().unwrap() {
        let path = entry.unwrap().path().unwrap().into_owned();
        let names: Vec<_> =
            path.components().filter_map(|part| part.as_os_str().to_str()).filter(|part| *part != ".").collect();
        match names[..] {
            ["failures", part, ..] => parts.insert(format!("failures/{part}")),
            [part, _, ..] => parts.insert(part.to_owned()),
            _ => false,
        };
    }
    let tested = [
        "direct",
        "failures/midnight-direct",
        "failures/midnight-strix",
        "failures/sigkill-direct-mkv",
        "failures/sigkill-direct-mp4",
        "failures/sigkill-long-mkv",
        "failures/sigkill-long-mp4",
        "failures/sigkill-strix-then-restart",
        "strix-done",
        "strix-raw",
    ];
    assert!(parts.iter().eq(tested), "{parts:?}");
}
