//! The API: every parameter, paging to the end, ETags, and the list of cameras.

use std::fs;

use serde_json::{Value, json};

use super::{assert_problem, serve_measured};
use crate::world::{Daemon, World, unfinished_mp4, wait_until};

fn ids(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect()
}

/// The sample, and one saved event of a third camera that was cut off, a day before.
fn six_events() -> World {
    let world = World::sample("direct");
    world.event("Camera3/2026-11-20/10-00-00").movie("video.mp4", unfinished_mp4()).saved().old().make();
    world
}

/// The six, newest first.
const ALL: [&str; 6] = [
    "Camera2/2026-11-21/05-45-29",
    "Camera1/2026-11-21/05-45-26",
    "Camera1/2026-11-21/05-45-07",
    "Camera1/2026-11-21/05-44-52",
    "Camera1/2026-11-21/05-44-39",
    "Camera3/2026-11-20/10-00-00",
];

#[test]
fn every_parameter_restricts_the_list() {
    let world = six_events();
    let daemon = serve_measured(&world, &[]);
    for (query, expected) in [
        ("", &[0, 1, 2, 3, 4, 5][..]),
        ("order=desc", &[0, 1, 2, 3, 4, 5]),
        ("order=asc", &[5, 4, 3, 2, 1, 0]),
        ("limit=2", &[0, 1]),
        ("limit=2&order=asc", &[5, 4]),
        ("limit=1000", &[0, 1, 2, 3, 4, 5]),
        ("camera=Camera1", &[1, 2, 3, 4]),
        ("camera=Camera3&camera=Camera2", &[0, 5]),
        ("camera=Camera2&camera=Camera2", &[0]),
        ("camera=Camera", &[]),
        ("camera=Camera10", &[]),
        // Bounds are inclusive and compare the start, which is a second before the name of the directory here.
        ("from=2026-11-21T05:44:51", &[0, 1, 2, 3]),
        ("from=2026-11-21%2005:44:52", &[0, 1, 2]),
        ("to=2026-11-21T05:44:51", &[3, 4, 5]),
        ("to=2026-11-21T05:44:50", &[4, 5]),
        ("from=2026-11-21", &[0, 1, 2, 3, 4]),
        ("to=2026-11-21", &[0, 1, 2, 3, 4, 5]),
        ("to=2026-11-20", &[5]),
        ("from=2026-11-21T05:45:06&to=2026-11-21T05:45:25", &[1, 2]),
        ("from=2026-11-22&to=2026-11-01", &[]),
        ("from=1000y", &[0, 1, 2, 3, 4, 5]),
        ("to=1000y", &[]),
        ("saved=true", &[5]),
        ("saved=false", &[0, 1, 2, 3, 4]),
        ("min_seconds=0", &[0, 1, 2, 3, 4, 5]),
        ("min_seconds=6", &[1, 2, 3, 4]),
        ("min_seconds=7", &[3, 4]),
        ("min_seconds=10", &[]),
        ("min_change=3068", &[0, 1, 2, 3, 4]),
        ("min_change=3069", &[4]),
        ("min_change=75867", &[]),
        // The masks are those of `region.rs`.
        ("region=0,0,1,1", &[0, 1, 2, 3, 4]),
        ("region=0,0.875,1,1", &[4]),
        ("region=0,0,0.125,0.125", &[0, 2, 4]),
        ("region=0.625,0.75,1,0.875", &[1, 3, 4]),
        ("region=0.63,0.76,0.64,0.77&order=asc&limit=2", &[4, 3]),
        ("region=0,0,.1,.1&camera=Camera2", &[0]),
        ("region=0,0,.1,.1&camera=Camera2&camera=Camera1&to=2026-11-21T05:45:06", &[2, 4]),
        ("region=0,0,1,1&min_change=3069&saved=false&state=complete", &[4]),
        ("region=0,0,1,1&saved=true", &[]),
        ("region=0,0,.1,.1&cursor=2026-11-21T05:45:06/Camera1/2026-11-21/05-45-07", &[4]),
        ("state=complete", &[0, 1, 2, 3, 4]),
        ("state=interrupted", &[5]),
        ("state=open", &[]),
        ("camera=Camera1&min_seconds=7&min_change=3069&state=complete&saved=false&order=asc&limit=1", &[4]),
    ] {
        let answer = daemon.get(&format!("/api/v1/events?{query}")).json();
        let expected: Vec<&str> = expected.iter().map(|at| ALL[*at]).collect();
        assert_eq!(ids(&answer), expected, "{query}");
    }
}

#[test]
fn a_page_has_fifty_events_by_default() {
    let world = World::new();
    for second in 0..52 {
        world.event(format!("Camera1/2025-03-01/10-00-{second:02}")).frames(0).old().make();
    }
    let daemon = world.serve(&[]);
    let page = daemon.get("/api/v1/events").json();
    assert_eq!(ids(&page).len(), 50);
    let rest = daemon.get(&format!("/api/v1/events?cursor={}", page["next"].as_str().unwrap())).json();
    assert_eq!(ids(&rest), ["Camera1/2025-03-01/10-00-01", "Camera1/2025-03-01/10-00-00"]);
    assert_eq!(rest["next"], Value::Null);
}

/// Follows the cursor from page to page until there is no next.
fn walk(daemon: &Daemon, query: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = String::new();
    loop {
        let page = daemon.get(&format!("/api/v1/events?{query}{next}")).json();
        let events = page["events"].as_array().unwrap();
        assert!(!events.is_empty(), "a page that was promised is empty: {query}{next}");
        all.extend(events.iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return all,
        }
    }
}

/// Cameras whose events tie in their starts, among them names that are prefixes of each other, and raw directories.
fn ties() -> World {
    let world = World::empty();
    for camera in ["Camera1", "Camera10", "Camera2"] {
        for name in ["10-00-00", "10-00-01", "23-59-59"] {
            world.event(format!("{camera}/2025-03-01/{name}")).frames(1).old().make();
        }
        for name in ["00-00-00", "01", "02"] {
            world.event(format!("{camera}/2025-03-02/{name}")).frames(0).old().make();
        }
    }
    world
}

#[test]
fn pages_of_any_size_join_to_the_whole_list() {
    let world = ties();
    let daemon = serve_measured(&world, &[]);
    for filter in ["", "&camera=Camera1", "&camera=Camera2&camera=Camera1", "&from=2025-03-02", "&min_seconds=0"] {
        for order in ["asc", "desc"] {
            let query = format!("order={order}{filter}");
            let whole = daemon.get(&format!("/api/v1/events?limit=1000&{query}")).json();
            assert_eq!(whole["next"], Value::Null);
            for limit in [1, 2, 3, 5, 17, 18, 19] {
                assert_eq!(json!(walk(&daemon, &format!("limit={limit}&{query}"))), whole["events"], "{limit} {query}");
            }
        }
    }
}

#[test]
fn ties_in_the_start_are_ordered_by_id() {
    let world = ties();
    let daemon = world.serve(&[]);
    let answer = daemon.get("/api/v1/events?order=asc&to=2025-03-01T10:00:00").json();
    let at_ten = ["Camera1", "Camera10", "Camera2"].map(|camera| format!("{camera}/2025-03-01/10-00-00"));
    assert_eq!(ids(&answer), at_ten);
    let answer = daemon.get("/api/v1/events?order=desc&from=2025-03-02").json();
    // A raw number has only a day: it ties with midnight and comes after it.
    let midnight = ["Camera2", "Camera10", "Camera1"]
        .iter()
        .flat_map(|camera| ["02", "01", "00-00-00"].map(|name| format!("{camera}/2025-03-02/{name}")))
        .collect::<Vec<_>>();
    assert_eq!(ids(&answer), midnight);
}

#[test]
fn a_cursor_stays_valid_while_events_change() {
    let world = ties();
    let daemon = world.serve(&["--check-interval", "200ms"]);
    let before = daemon.get("/api/v1/events?limit=1000").json();
    let page = daemon.get("/api/v1/events?limit=5").json();
    let cursor = page["next"].as_str().unwrap().to_owned();
    // The last event of the page is removed with its camera; a newer and an older event are added.
    let last = ids(&page)[4];
    assert!(last.starts_with("Camera10/"), "{last}");
    fs::rename(world.path("Camera10"), world.outside("away").join("Camera10")).unwrap();
    world.event("Camera1/2025-03-03/10-00-00").frames(1).old().make();
    world.event("Camera1/2025-02-28/10-00-00").frames(1).old().make();
    wait_until("the changes are known", || {
        let events = daemon.events();
        let has = |id: &str| events.iter().any(|event| event["id"] == id);
        has("Camera1/2025-03-03/10-00-00") && has("Camera1/2025-02-28/10-00-00") && !has(last)
    });
    let mut expected: Vec<&str> = ids(&before)[5..].iter().copied().filter(|id| !id.starts_with("Camera10/")).collect();
    expected.push("Camera1/2025-02-28/10-00-00");
    let rest = daemon.get(&format!("/api/v1/events?limit=1000&cursor={cursor}")).json();
    assert_eq!(ids(&rest), expected, "no event is missing or repeated");
}

#[test]
fn invalid_parameters_are_refused_by_name() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=1", "limit"),
        ("from=soon", "from"),
        ("from=2026-11-31", "from"),
        ("from=2026-11-20T10:04:36Z", "from"),
        ("to=", "to"),
        ("to=2026-11-20&to=2026-11-21", "to"),
        ("saved=yes", "saved"),
        ("saved=true&saved=false", "saved"),
        ("min_seconds=-1", "min_seconds"),
        ("min_seconds=4294967296", "min_seconds"),
        ("min_change=1.5", "min_change"),
        ("region=", "region"),
        ("region=0,0,1", "region"),
        ("region=0,0,1,1,1", "region"),
        ("region=0,0,1,1.1", "region"),
        ("region=-0.5,0,1,1", "region"),
        ("region=0.5,0,0.5,1", "region"),
        ("region=0,1,1,0", "region"),
        ("region=0,0,nan,1", "region"),
        ("region=0,0,1,1&region=0,0,1,1", "region"),
        ("state=closed", "state"),
        ("state=Open", "state"),
        ("order=newest", "order"),
        ("order=asc&order=asc", "order"),
        ("cursor=x", "cursor"),
        ("cursor=2026-11-20T10:04:35/..%2f..%2fetc", "cursor"),
        ("camera=..%2fetc", "camera"),
        ("camera=", "camera"),
        ("kamera=Camera1", "kamera"),
        ("Limit=1", "Limit"),
        ("=1", ""),
    ] {
        assert_problem(&daemon.get(&format!("/api/v1/events?{query}")), 400, Some(parameter));
    }
    assert_problem(&daemon.get("/api/v1/cameras?limit=1"), 400, Some("limit"));
    assert_problem(&daemon.get("/api/v1/events/Camera1/2026-11-21/05-44-39?x=1"), 400, Some("x"));
}

#[test]
fn the_tag_of_lists_changes_with_the_catalog() {
    let world = World::sample("direct");
    let daemon = serve_measured(&world, &[]);
    for path in ["/api/v1/events?limit=2", "/api/v1/cameras"] {
        let first = daemon.get(path);
        let tag = first.header("etag").unwrap().to_owned();
        let again = daemon.request("GET", path, &[("If-None-Match", &tag)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert_eq!(daemon.request("GET", path, &[("If-None-Match", "\"other\"")]).status, 200);
    }
    let tag = daemon.get("/api/v1/events").header("etag").unwrap().to_owned();
    let event = format!("Camera5/{}/10-00-00", crate::world::days_ago(0));
    world.event(&event).old().make();
    daemon.wait_for_event(&event, "is there", |_| true);
    let changed = daemon.request("GET", "/api/v1/events", &[("If-None-Match", &tag)]);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    // Another process counts its changes from 0 again; its tags must not match.
    let tag = changed.header("etag").unwrap().to_owned();
    drop(daemon);
    let daemon = serve_measured(&world, &[]);
    assert_eq!(daemon.request("GET", "/api/v1/events", &[("If-None-Match", &tag)]).status, 200);
}

#[test]
fn invalid_parameters_are_refused_despite_a_tag() {
    let world = World::sample("direct");
    let daemon = serve_measured(&world, &[]);
    let tag = daemon.get("/api/v1/events").header("etag").unwrap().to_owned();
    let response = daemon.request("GET", "/api/v1/events?limit=0", &[("If-None-Match", &tag)]);
    assert_problem(&response, 400, Some("limit"));
}

#[test]
fn cameras_have_their_sums() {
    let world = six_events();
    fs::create_dir(world.path("Camera9")).unwrap();
    let conf = world.outside("etc").join("motion.conf");
    fs::write(&conf, format!("stream_port 8081\ntarget_dir {}\n", world.path("Camera1").display())).unwrap();
    let daemon = serve_measured(&world, &["--motion-conf", conf.to_str().unwrap()]);
    let frame = fs::metadata(world.path("Camera3/2026-11-20/10-00-00/10-00-00-00.jpg")).unwrap().len();
    let cut = unfinished_mp4().len() as u64 + 3 * frame;
    let camera = |name: &str, port: u16, events: u64, saved: u64, bytes: u64, day: Option<&str>| {
        json!({"name": name, "port": port, "live": port > 0, "events": events, "saved": saved, "bytes": bytes,
               "first_day": day, "last_day": day})
    };
    let expected = json!([
        // The snapshot that `lastsnap.jpg` leads to belongs to no event.
        camera("Camera1", 8081, 4, 0, 382_277 + 412_263 + 279_264 + 268_094 + 5798, Some("2026-11-21")),
        camera("Camera2", 0, 1, 0, 240_484, Some("2026-11-21")),
        camera("Camera3", 0, 1, 1, cut, Some("2026-11-20")),
        camera("Camera9", 0, 0, 0, 0, None),
    ]);
    let mut received = daemon.get("/api/v1/cameras").json();
    for camera in received["cameras"].as_array_mut().unwrap() {
        assert!(camera.as_object_mut().unwrap().remove("forecast").unwrap().is_object()); // see stats.rs
    }
    assert_eq!(received["cameras"], expected);
}

#[test]
fn one_event_has_its_pictures() {
    let world = World::sample("direct");
    let daemon = serve_measured(&world, &[]);
    let id = "Camera1/2026-11-21/05-44-39";
    let received = daemon.get(&format!("/api/v1/events/{id}")).json();
    let images = received["images"].as_array().unwrap().clone();
    let mut rest = received.clone();
    rest.as_object_mut().unwrap().remove("images");
    assert_eq!(rest.as_object_mut().unwrap().remove("expires").unwrap()["reason"], "no rule");
    assert_eq!(Some(rest), daemon.event(id), "the same as in the list");
    assert_eq!(images.len(), 48);
    let first = world.path(id).join("05-44-39-00.jpg");
    let bytes = fs::metadata(first).unwrap().len();
    assert_eq!(
        images[0],
        json!({"name": "05-44-39-00.jpg", "bytes": bytes, "url": format!("/media/{id}/05-44-39-00.jpg")})
    );
    for image in images {
        let picture = daemon.get(image["url"].as_str().unwrap());
        assert_eq!((picture.status, picture.body.len() as u64), (200, image["bytes"].as_u64().unwrap()));
    }
    for other in [
        "Camera1/2026-11-21/05-44-40",
        "Camera10/2026-11-21/05-44-39",
        "Camera1/2026-11-21/x",
        "queue/a/b",
        "../../etc",
    ] {
        assert_problem(&daemon.get(&format!("/api/v1/events/{other}")), 404, None);
    }
}
