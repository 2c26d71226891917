//! `owlery demo`: a real sample archive, a camera that keeps adding events, and nothing left behind.

use std::collections::BTreeSet;
use std::fs;

use crate::world::{Daemon, World, days_ago, program, wait_for, wait_until};

/// The demo serves a week of events, adds new ones, and leaves nothing behind.
#[test]
fn the_demo_serves_and_records_events() {
    let world = World::empty();
    let tmp = world.outside("tmp");
    let mut command = program();
    command.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", &tmp);
    let mut daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);

    let day_of = |event: &serde_json::Value| event["id"].as_str().unwrap().split('/').nth(1).unwrap().to_owned();
    let days: BTreeSet<String> = daemon.events().iter().map(day_of).collect();
    for back in 1..=7 {
        assert!(days.contains(&days_ago(back)), "{} is not among {days:?}", days_ago(back));
    }
    let open: Vec<_> = daemon.events().into_iter().filter(|event| event["state"] != "complete").collect();
    assert!(open.iter().all(|event| day_of(event) == days_ago(0)), "long over, and yet: {open:?}");
    assert!(open.len() <= 1, "the one that is being filmed, and yet: {open:?}");
    let cameras = daemon.get("/api/v1/cameras").json();
    let names: Vec<&str> = cameras["cameras"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Camera1", "Camera2", "Camera3"]);
    assert_eq!(daemon.get("/").status, 200);
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 1, "everything lies in one folder");

    let id = wait_for("the camera films", || daemon.events().into_iter().find(|event| event["state"] == "open"));
    let id = id["id"].as_str().unwrap();
    let filmed = daemon.wait_for_event(id, "is complete", |event| event["state"] == "complete");
    assert!(filmed["frames"].as_u64().unwrap() > 3 && filmed["problems"].as_array().unwrap().is_empty(), "{filmed}");
    assert_eq!(daemon.get(filmed["video"].as_str().unwrap()).status, 200);
    wait_for("the camera films again", || {
        daemon.events().into_iter().find(|event| event["state"] == "open" && event["id"] != id)
    });

    daemon.signal("-HUP"); // the terminal is closed
    assert_eq!(daemon.wait(), 0);
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0);
}
