//! Changes of many events in one request: what is done, what stays, and how long it takes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::auth::{JSON, send_to};
use super::{assert_problem, serve_measured};
use crate::world::{Daemon, Response, World, today, unfinished_mp4};

fn post(daemon: &Daemon, what: &str, body: &Value) -> Response {
    daemon.send("POST", &format!("/api/v1/events/{what}"), &body.to_string())
}

/// The events of a list of failures, with the status of each.
fn statuses(list: &Value) -> Vec<(String, u64)> {
    let one = |failed: &Value| (failed["event"].as_str().unwrap().to_owned(), failed["status"].as_u64().unwrap());
    list.as_array().unwrap().iter().map(one).collect()
}

#[test]
fn many_events_are_saved_and_unsaved() {
    let world = World::new();
    let events: Vec<String> = (0..5).map(|nth| format!("Camera1/2026-03-01/10-00-0{nth}")).collect();
    for id in &events {
        world.event(id).old().make();
    }
    let daemon = world.serve(&[]);
    let mut asked = events.clone();
    asked.push("Camera1/2026-03-01/11-00-00".to_owned());
    for saved in [true, true, false] {
        let done = post(&daemon, "save", &json!({"events": asked, "saved": saved}));
        assert_eq!(done.status, 200, "{}", done.text());
        assert_eq!(done.json()["changed"], json!(events));
        assert_eq!(statuses(&done.json()["failed"]), [("Camera1/2026-03-01/11-00-00".to_owned(), 404)]);
        assert!(events.iter().all(|id| world.has(format!("{id}/.saved")) == saved));
        assert!(daemon.events().iter().all(|event| event["saved"] == saved), "the list changes at once");
    }
    let audit = daemon.get("/api/v1/audit").json();
    assert_eq!(audit["entries"].as_array().unwrap().len(), 15);
}

#[test]
fn what_may_go_goes_in_one_pass() {
    let world = World::new();
    let events: Vec<String> =
        (0..4).map(|nth| format!("Camera{}/2026-03-0{}/10-00-0{nth}", 1 + nth % 2, 1 + nth / 2)).collect();
    for id in &events {
        world.event(id).old().make();
    }
    let (saved, open) = ("Camera1/2026-03-01/12-00-00".to_owned(), format!("Camera1/{}/23-59-59", today()));
    world.event(&saved).saved().old().make();
    world.event(&open).movie("video.mp4", unfinished_mp4()).make();
    let before: Vec<String> = world.tree();
    let daemon = world.serve(&[]);
    let mut asked = events.clone();
    asked.extend([saved.clone(), open.clone(), "Camera1/2026-03-01/13-00-00".to_owned()]);
    let done = post(&daemon, "delete", &json!({"events": asked}));
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    let expected = [(saved, 409), ("Camera1/2026-03-01/13-00-00".to_owned(), 404), (open, 409)];
    assert_eq!(statuses(&done["left"]), expected);
    assert!(done["left"][0]["problem"].as_str().unwrap().contains("is saved"), "{done}");
    assert!(events.iter().all(|id| !world.has(id)));
    let queue = daemon.get("/api/v1/queue").json();
    assert_eq!((queue["passes"].as_array().unwrap().len(), &queue["passes"][0]["pass"]), (1, &done["pass"]));
    let restored = daemon.request("POST", &format!("/api/v1/queue/{}/restore", done["pass"].as_str().unwrap()), &[]);
    assert_eq!((restored.status, &restored.json()["left"]), (200, &json!([])));
    assert_eq!(world.tree().into_iter().filter(|path| path != "delete_queue").collect::<Vec<_>>(), before);
    // Nothing of this may go.
    let none = post(&daemon, "delete", &json!({"events": asked[4..]})).json();
    assert!(none["pass"].is_null() && none["items"] == json!([]) && statuses(&none["left"]).len() == 3, "{none}");
}

/// Two hundred events of some days, as a user selects them in the page.
#[test]
fn two_hundred_events_are_changed_quickly() {
    let world = World::new();
    let id = |nth: u32| format!("Camera{}/2026-03-{:02}/10-{:02}-{:02}", 1 + nth % 2, 1 + nth / 50, nth / 60, nth % 60);
    let events: Vec<String> = (0..200).map(id).collect();
    for id in &events {
        world.event(id).old().make();
    }
    let daemon = serve_measured(&world, &[]);
    let timed = |what: &str, body: Value| {
        let begun = Instant::now();
        let done = post(&daemon, what, &body);
        assert_eq!(done.status, 200, "{}", done.text());
        eprintln!("{what} took {:?}", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} took {:?}", begun.elapsed());
        done.json()
    };
    assert_eq!(timed("save", json!({"events": events, "saved": true}))["changed"].as_array().unwrap().len(), 200);
    assert_eq!(timed("save", json!({"events": events, "saved": false}))["failed"], json!([]));
    let done = timed("delete", json!({"events": events}));
    assert_eq!((done["items"].as_array().unwrap().len(), &done["left"]), (8, &json!([])));
    assert!(daemon.events().is_empty());
}

#[test]
fn foreign_pages_and_large_bodies_are_refused() {
    let world = World::new();
    world.event("Camera1/2026-03-01/10-00-00").old().make();
    let daemon = world.serve(&[]);
    for (what, body) in [
        ("save", r#"{"events":["Camera1/2026-03-01/10-00-00"],"saved":true}"#),
        ("delete", r#"{"events":["Camera1/2026-03-01/10-00-00"]}"#),
    ] {
        let path = format!("/api/v1/events/{what}");
        let foreign = send_to(&daemon.address, "POST", &path, &[JSON, ("Sec-Fetch-Site", "cross-site")], body);
        assert_problem(&foreign, 403, None);
        assert_problem(&daemon.send("POST", &path, &" ".repeat(600_000)), 413, None);
    }
    assert!(world.has("Camera1/2026-03-01/10-00-00/video.mp4") && !world.has("Camera1/2026-03-01/10-00-00/.saved"));
}
