//! `/api/v1/days`: the sums of each day and hour.

use serde_json::{Value, json};

use super::{assert_problem, serve_measured};
use crate::world::{World, days_ago, wait_until};

fn hours(counts: &[(usize, u64)]) -> Value {
    let mut hours = [0; 24];
    for (hour, count) in counts {
        hours[*hour] = *count;
    }
    json!(hours)
}

/// Two cameras and three days; the movie of each event has 700 bytes and more.
fn archive() -> World {
    let world = World::new();
    for id in [
        "Camera1/2026-03-01/00-00-00",
        "Camera1/2026-03-01/00-59-59",
        "Camera1/2026-03-01/23-59-59",
        "Camera1/2026-03-02/12-00-00",
        "Camera2/2026-03-01/07-30-00",
    ] {
        world.event(id).frames(0).movie("video.mp4", vec![0; 100]).old().make();
    }
    world.event("Camera2/2026-03-03/08-00-00").frames(0).movie("video.mp4", vec![0; 50]).saved().old().make();
    world
}

#[test]
fn days_have_sums_and_hours_newest_first() {
    let world = archive();
    let daemon = serve_measured(&world, &[]);
    let day = |camera: &str, day: &str, sums: (u64, u64, u64), counts: &[(usize, u64)]| {
        let (events, saved, bytes) = sums;
        json!({"camera": camera, "day": day, "events": events, "saved": saved, "reviewed": 0, "loose": 0, "bytes": bytes, "hours": hours(counts)})
    };
    let all = [
        day("Camera2", "2026-03-03", (1, 1, 50), &[(8, 1)]),
        day("Camera1", "2026-03-02", (1, 0, 100), &[(12, 1)]),
        day("Camera1", "2026-03-01", (3, 0, 300), &[(0, 2), (23, 1)]),
        day("Camera2", "2026-03-01", (1, 0, 100), &[(7, 1)]),
    ];
    for (query, expected) in [
        ("", &[0, 1, 2, 3][..]),
        ("?camera=Camera1", &[1, 2]),
        ("?camera=Camera2&camera=Camera1&camera=Camera2", &[0, 1, 2, 3]),
        ("?camera=Camera", &[]),
        ("?from=2026-03-02", &[0, 1]),
        ("?from=2026-03-02T23:00:00", &[0, 1]),
        ("?to=2026-03-02", &[1, 2, 3]),
        ("?to=2026-03-01%2000:00:00", &[2, 3]),
        ("?from=2026-03-01&to=2026-03-01&camera=Camera2", &[3]),
        ("?from=2026-03-04", &[]),
        ("?from=999y", &[0, 1, 2, 3]),
        ("?to=999y", &[]),
    ] {
        let received = daemon.get(&format!("/api/v1/days{query}")).json();
        let expected: Vec<&Value> = expected.iter().map(|at| &all[*at]).collect();
        assert_eq!(received, json!({ "days": expected }), "{query}");
    }
}

#[test]
fn a_day_has_no_bytes_until_it_is_measured() {
    let world = World::new();
    std::fs::create_dir_all(world.path("Camera1/2026-03-01")).unwrap();
    let ran = world.run("scan", &[]); // reads names, and measures nothing
    assert_eq!(ran.code, 0, "{ran:?}");
    let daemon = world.serve(&[]);
    assert_eq!(daemon.get("/api/v1/days").json(), json!({"days": []}));
    // A new event is listed before it is measured; later it has a size.
    let id = format!("Camera1/{}/00-00-01", days_ago(0));
    world.event(&id).frames(0).movie("video.mp4", vec![0; 100]).old().make();
    daemon.wait_for_event(&id, "is there", |_| true);
    wait_until("the day is measured", || {
        let received = daemon.get("/api/v1/days").json();
        let bytes = &received["days"][0]["bytes"];
        assert!(bytes.is_null() || *bytes == 100, "{received}");
        *bytes == 100
    });
}

#[test]
fn the_tag_of_days_changes_with_the_catalog() {
    let world = archive();
    let daemon = serve_measured(&world, &[]);
    let tag = daemon.get("/api/v1/days").header("etag").unwrap().to_owned();
    assert_eq!(daemon.request("GET", "/api/v1/days", &[("If-None-Match", &tag)]).status, 304);
    let head = daemon.request("HEAD", "/api/v1/days", &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    let saved = daemon.request("PUT", "/api/v1/events/Camera1/2026-03-02/12-00-00/saved", &[]);
    assert_eq!(saved.status, 200, "{}", saved.text());
    let changed = daemon.request("GET", "/api/v1/days?from=2026-03-02&to=2026-03-02", &[("If-None-Match", &tag)]);
    assert_eq!((changed.status, &changed.json()["days"][0]["saved"]), (200, &json!(1)));
}

#[test]
fn invalid_parameters_are_refused_by_name() {
    let world = World::new();
    let daemon = world.serve(&[]);
    for (query, parameter) in [
        ("from=soon", "from"),
        ("from=", "from"),
        ("from=2026-02-30", "from"),
        ("from=2026-1-2", "from"),
        ("from=0", "from"),
        ("to=2026-03-01&to=2026-03-01", "to"),
        ("from=99999y", "from"),
        ("camera=a%2fb", "camera"),
        ("limit=1", "limit"),
        ("hours=1", "hours"),
    ] {
        assert_problem(&daemon.get(&format!("/api/v1/days?{query}")), 400, Some(parameter));
    }
}
