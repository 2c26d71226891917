//! Defects that were seen in an existing manager of this very layout, each with a test named for what went wrong.

use std::fs;

use serde_json::{Value, json};

use crate::world::{KEEP_45_DAYS, Ran, World, days_ago, event_id, today, wait_until};

fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn saved_events_were_deleted() {
    let world = World::new();
    for days in [46, 60, 4000] {
        world.old_event("Camera1", days, "10-00-00");
        world.event(event_id("Camera1", days, "11-00-00")).saved().old().make();
        // Whatever the mark is, and whatever the sidecar says.
        let dir = world.old_event("Camera1", days, "12-00-00");
        fs::create_dir(dir.join(".saved")).unwrap();
    }
    let daemon = world.serve(&KEEP_45_DAYS);
    wait_until("everything else is gone", || daemon.events().len() == 6 && world.queued().is_empty());
    assert!(daemon.events().iter().all(|event| event["saved"] == true));
    assert_eq!(daemon.stop(), 0);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    for days in [46, 60, 4000] {
        for name in ["11-00-00", "12-00-00"] {
            assert!(world.has(format!("Camera1/{}/{name}/video.mp4", days_ago(days))));
        }
    }
}

#[test]
fn camera1_included_camera10() {
    let world = World::empty();
    for camera in ["Camera1", "Camera10", "Camera100"] {
        world.old_event(camera, 60, "10-00-00");
        world.old_event(camera, 1, "10-00-00");
    }
    let daemon = world.serve(&[]);
    let of =
        |camera: &str| ids(daemon.get(&format!("/api/v1/events?camera={camera}")).json()["events"].as_array().unwrap());
    for camera in ["Camera1", "Camera10", "Camera100"] {
        let expected = [1, 60].map(|days| event_id(camera, days, "10-00-00"));
        assert_eq!(of(camera), expected);
    }
    let strix = daemon.get("/api/events/Camera1?limit=0").json();
    assert_eq!(strix["events"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Camera1"]);
    assert_eq!(strix["events"]["Camera1"].as_array().unwrap().len(), 2);
    assert_eq!(daemon.stop(), 0);
    let listed = world.run("list", &["--json", "--camera", "Camera10"]).json();
    assert!(ids(listed["events"].as_array().unwrap()).iter().all(|id| id.starts_with("Camera10/")));
    let rules = ["--keep-days", "Camera1=45", "--max-share", "1"];
    assert_eq!(world.run("expire", &rules).code, 0);
    assert!(!world.has(format!("Camera1/{}", days_ago(60))));
    assert!(world.has(format!("Camera10/{}", days_ago(60))) && world.has(format!("Camera100/{}", days_ago(60))));
}

#[test]
fn json_of_the_wrong_shape_stops_no_start() {
    let world = World::new();
    let bad = [
        "{}",
        "[]",
        "null",
        "0",
        "\"details\"",
        "",
        "{\"start\":null}",
        "{\"start\":\"2026-02-31 10:00:00\",\"end\":\"2026-02-31 10:00:02\"}",
        "{\"start\":[],\"end\":{},\"title\":1,\"video\":null,\"images\":\"\",\"saved\":2}",
        "\u{feff}{}",
    ];
    for (number, text) in bad.iter().enumerate() {
        let name = format!("10-00-{number:02}");
        world.event(event_id("Camera1", 3, name)).file(".details.json", *text).old().make();
    }
    let daemon = world.serve(&[]);
    let events = daemon.events();
    assert_eq!(events.len(), bad.len(), "each is an event nevertheless");
    for event in &events {
        let name = event["id"].as_str().unwrap().rsplit('/').next().unwrap().replace('-', ":");
        assert_eq!(event["start"], format!("{}T{name}", days_ago(3)), "told by its frames");
    }
    wait_until("and each ignored sidecar is named", || {
        (0..bad.len()).all(|number| daemon.log().contains(&format!("10-00-{number:02}/.details.json")))
    });
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn an_old_empty_event_does_not_start_now() {
    let world = World::new();
    let dir = world.event(event_id("Camera1", 400, "10-20-30")).frames(0).old().make();
    world.event(event_id("Camera1", 400, "11-20-30")).frames(0).no_movie().old().make();
    let daemon = world.serve(&["--sidecars", "all"]);
    wait_until("measured", || daemon.events().iter().all(|event| event["bytes"].is_u64()));
    // The one without any file is removed by and by.
    for event in daemon.events() {
        let time = event["id"].as_str().unwrap().rsplit('/').next().unwrap().replace('-', ":");
        assert_eq!(event["start"], format!("{}T{time}", days_ago(400)));
        assert_eq!(event["end"], event["start"]);
    }
    assert_eq!(daemon.stop(), 0);
    if let Ok(written) = fs::read_to_string(dir.join(".details.json")) {
        assert!(written.contains(&format!("\"start\":\"{} 10:20:30\"", days_ago(400))), "{written}");
        assert!(!written.contains(&today().to_string()), "{written}");
    }
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert_eq!(world.list().len(), 0, "and so they expire in their time");
}

#[test]
fn a_vanished_directory_stops_no_expiry() {
    let world = World::new();
    for days in [58, 59, 60] {
        world.old_event("Camera1", days, "10-00-00");
        world.old_event("Camera1", days, "11-00-00");
    }
    let daemon = world.serve(&["--keep-days", "45"]); // held by the share, so that there is a plan to confirm
    let id = world.run("expire", &["--json"]).json()["pass"].as_str().unwrap().to_owned();
    // By hand, and where no notification comes from: an event of an old day, then a whole day.
    fs::remove_dir_all(world.path(event_id("Camera1", 60, "10-00-00"))).unwrap();
    let ran = world.run("expire", &["--confirm", &id]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for days in [58, 59, 60] {
        assert!(!world.has(format!("Camera1/{}", days_ago(days))), "{days}");
    }
    world.old_event("Camera1", 57, "10-00-00");
    wait_until("it is known", || daemon.events().len() == 1);
    fs::remove_dir_all(world.path(format!("Camera1/{}", days_ago(57)))).unwrap();
    assert_eq!(world.run("expire", &["--json"]).json()["failures"], json!([]), "what is gone is no failure");
    world.old_event("Camera1", 56, "10-00-00");
    let only = [event_id("Camera1", 56, "10-00-00")];
    wait_until("it alone is known", || ids(&daemon.events()) == only);
    let id = world.run("expire", &["--json"]).json()["pass"].as_str().unwrap().to_owned();
    assert_eq!(world.run("expire", &["--confirm", &id]).code, 0);
    assert!(!world.has(format!("Camera1/{}", days_ago(56))), "later passes go on");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_failed_pass_leaves_no_directory() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    for _ in 0..3 {
        let command = world.command("expire", KEEP_45_DAYS);
        let inject = ["strace", "-f", "-o", "/dev/null", "-e", "inject=renameat2:error=EIO"];
        let ran = Ran::of(crate::world::run_by(&inject, &command));
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(world.queued().is_empty(), "nothing is left: {:?}", world.queued());
    }
    assert!(world.has(format!("Camera1/{}/10-00-00/video.mp4", days_ago(60))));
}

#[test]
fn a_missing_delete_queue_crashed_the_start() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    assert!(!world.has("delete_queue"));
    let daemon = world.serve(&[]);
    assert_eq!(daemon.stop(), 0);
    assert!(!world.has("delete_queue"), "and none is made before it is needed");
    let daemon = world.serve(&KEEP_45_DAYS);
    wait_until("expired and reaped", || {
        !world.has(format!("Camera1/{}", days_ago(60))) && world.has("delete_queue") && world.queued().is_empty()
    });
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn empty_day_directories_were_left_for_ever() {
    let world = World::new();
    fs::create_dir_all(world.path(format!("Camera1/{}", days_ago(61)))).unwrap();
    let saved = world.event(event_id("Camera1", 60, "10-00-00")).saved().old().make();
    world.old_event("Camera1", 60, "11-00-00");
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!world.has(format!("Camera1/{}", days_ago(61))));
    assert!(saved.is_dir());
    fs::remove_file(saved.join(".saved")).unwrap();
    world.make_old();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(!world.has(format!("Camera1/{}", days_ago(60))), "when the last event goes, the day goes");
    let left: Vec<String> = world.tree().into_iter().filter(|path| !path.starts_with("delete_queue")).collect();
    assert_eq!(left, ["Camera1"]);
}

/// What the existing manager wrote beside an event's files, with this in place of some keys.
fn strix_details(id: &str, changes: &Value) -> String {
    let (day, name) = id.rsplit_once('/').map(|(day, name)| (day.rsplit('/').next().unwrap(), name)).unwrap();
    let start = format!("{day} {}", name.replace('-', ":"));
    let mut details = json!({
        "start": start, "end": start, "title": "x", "video": format!("motion/{id}/video.mp4"),
        "debug_video": "images/missing.jpg", "thumbnail": format!("motion/{id}/{name}-00.jpg"), "images": [],
        "saved": false, "event_path": format!("/var/lib/motion/{id}"),
    });
    for (key, value) in changes.as_object().unwrap() {
        details[key] = value.clone();
    }
    details.to_string()
}

#[test]
fn debug_video_named_the_wrong_file() {
    let world = World::new();
    let with = event_id("Camera1", 3, "10-00-00");
    let without = event_id("Camera1", 3, "11-00-00");
    for id in [&with, &without] {
        // It named the movie itself.
        let wrong = strix_details(id, &json!({"debug_video": format!("motion/{id}/video.mp4")}));
        world.event(id).file(".details.json", wrong).old().make();
    }
    fs::create_dir(world.path(format!("{with}/debug"))).unwrap();
    fs::write(world.path(format!("{with}/debug/video.mp4")), "x").unwrap();
    let daemon = world.serve(&[]);
    let told = |id: &str| daemon.event(id).unwrap()["debug_video"].clone();
    assert_eq!(told(&with), format!("/media/{with}/debug/video.mp4"));
    assert_eq!(told(&without), Value::Null);
    let strix = daemon.get("/api/events/Camera1?limit=0").json();
    assert_eq!(strix["events"]["Camera1"][0]["debug_video"], format!("motion/{with}/debug/video.mp4"));
    assert_eq!(strix["events"]["Camera1"][1]["debug_video"], "images/missing.jpg");
    assert_eq!(daemon.get(&format!("/motion/{with}/debug/video.mp4")).body, b"x");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_title_became_a_list() {
    let world = World::new();
    let id = event_id("Camera1", 3, "10-04-35");
    let list = strix_details(&id, &json!({"title": ["Fri Nov 20 10:04:35 AM"]}));
    world.event(&id).file(".details.json", list).old().make();
    let daemon = world.serve(&[]);
    let strix = daemon.get("/api/events/Camera1?limit=0").json();
    let title = strix["events"]["Camera1"][0]["title"].as_str().expect("a text");
    assert!(title.ends_with("10:04:35 AM"), "{title}");
    assert_eq!(daemon.stop(), 0);
}
