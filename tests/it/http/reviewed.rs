//! Reviewed events of a daemon: what survives, whose they are, and what happens where they cannot be kept.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::assert_problem;
use super::auth::{JSON, TOKEN, cookie, get, send_to, serve_with, users};
use super::stream::client::Listener;
use crate::world::{Daemon, Disk, World, days_ago, wait_for, wait_until};

const ONE: &str = "Camera1/2026-03-01/10-00-00";
const TWO: &str = "Camera1/2026-03-01/11-00-00";
const THREE: &str = "Camera1/2026-03-02/11-00-00";

fn archive() -> World {
    let world = World::new();
    for id in [ONE, TWO, THREE] {
        world.event(id).old().make();
    }
    world
}

fn path(id: &str) -> String {
    format!("/api/v1/events/{id}/reviewed")
}

fn review(daemon: &Daemon, id: &str) {
    let marked = daemon.request("PUT", &path(id), &[]);
    assert_eq!(marked.status, 200, "{}", marked.text());
    assert_eq!((&marked.json()["id"], &marked.json()["reviewed"]), (&json!(id), &json!(true)));
    assert_eq!(daemon.event(id).unwrap()["reviewed"], true, "the list has it at once");
}

/// The reviewed events, and the sum over the days.
fn reviewed(daemon: &Daemon) -> (Vec<String>, u64) {
    let events = daemon.events().into_iter().filter(|event| event["reviewed"] == true);
    let events = events.map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    let days = daemon.get("/api/v1/days").json();
    (events, days["days"].as_array().unwrap().iter().map(|day| day["reviewed"].as_u64().unwrap()).sum())
}

fn file(world: &World) -> std::path::PathBuf {
    world.path(".owlery/reviewed/anonymous")
}

#[test]
fn reviews_survive_kills_and_a_new_catalog() {
    let world = archive();
    let mut daemon = world.serve(&[]);
    assert_eq!(reviewed(&daemon), (vec![], 0));
    review(&daemon, ONE);
    review(&daemon, THREE);
    assert_eq!(daemon.request("DELETE", &path(THREE), &[]).json()["reviewed"], false);
    daemon.signal("-KILL");
    daemon.wait();
    assert_eq!(file(&world).metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        let _ = fs::remove_file(world.path(".owlery").join(name));
    }
    // Another kill, in the middle of a line.
    let text = fs::read_to_string(file(&world)).unwrap();
    fs::write(file(&world), format!("{text}+Camera1/2026-03-0")).unwrap();
    let daemon = world.serve(&[]);
    assert_eq!(reviewed(&daemon), (vec![ONE.to_owned()], 1));
    review(&daemon, TWO);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(reviewed(&world.serve(&[])), (vec![TWO.to_owned(), ONE.to_owned()], 2));
}

#[test]
fn a_restored_event_is_still_reviewed() {
    let world = archive();
    let daemon = world.serve(&[]);
    review(&daemon, THREE);
    let pass = daemon.request("DELETE", &format!("/api/v1/events/{THREE}"), &[]).json();
    assert_eq!(reviewed(&daemon), (vec![], 0));
    assert_problem(&daemon.request("PUT", &path(THREE), &[]), 404, None);
    let pass = pass["pass"].as_str().unwrap();
    assert_eq!(daemon.request("POST", &format!("/api/v1/queue/{pass}/restore"), &[]).status, 200);
    assert_eq!(reviewed(&daemon), (vec![THREE.to_owned()], 1));
}

/// A day that is gone takes its marks along; one that waits in the delete queue does not.
#[test]
fn marks_go_with_their_day() {
    let world = archive();
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0", "--check-interval", "100ms"]);
    command.env("OWLERY_LIMITS", "reviewed-gone=100ms");
    let daemon = Daemon::start(command);
    wait_until("the archive was read", || daemon.get("/readyz").status == 200);
    for id in [ONE, TWO, THREE] {
        review(&daemon, id);
    }
    assert_eq!(daemon.request("DELETE", &format!("/api/v1/events/{THREE}"), &[]).status, 200);
    fs::remove_dir_all(world.path(ONE)).unwrap();
    wait_until("the event is gone", || daemon.events().len() == 1);
    let kept = || fs::read_to_string(file(&world)).unwrap();
    let before = kept();
    world.event("Camera1/2026-03-03/10-00-00").old().make();
    wait_until("a new day", || daemon.events().len() == 2);
    fs::remove_dir_all(world.path("Camera1/2026-03-01")).unwrap();
    wait_until("its marks are dropped", || !kept().contains("2026-03-01"));
    assert!(before.contains("2026-03-01") && kept().contains("2026-03-02"), "{}", kept());
    assert_eq!(reviewed(&daemon), (vec![], 0));
}

#[test]
fn users_and_tokens_have_marks_of_their_own() {
    let world = archive();
    world.event("Camera2/2026-03-01/10-00-00").old().make();
    let daemon = serve_with(&world, &users());
    let (anna, bert) = (cookie(&daemon, "anna"), cookie(&daemon, "bert"));
    let token = format!("Bearer {TOKEN}");
    let count = |header: (&str, &str)| {
        let json = daemon.request("GET", "/api/v1/events?reviewed=true", &[header]).json();
        json["events"].as_array().unwrap().len()
    };
    let put = |header: (&str, &str), id: &str| daemon.request("PUT", &path(id), &[header]);
    // Bert may only read, and has reviewed for himself.
    assert_eq!(put(("Cookie", &bert), ONE).status, 200);
    assert_problem(&put(("Cookie", &bert), "Camera2/2026-03-01/10-00-00"), 404, None);
    assert_eq!([("Cookie", &*anna), ("Cookie", &bert), ("Authorization", &token)].map(count), [0, 1, 0]);
    assert_eq!(put(("Authorization", &token), TWO).status, 200);
    assert_eq!(put(("Cookie", &anna), "Camera2/2026-03-01/10-00-00").status, 200);
    assert_eq!([("Cookie", &*anna), ("Cookie", &bert), ("Authorization", &token)].map(count), [1, 1, 1]);
    let body = json!({"reviewed": true, "from": "2026-03-01"}).to_string();
    let many = send_to(&daemon.address, "POST", "/api/v1/reviewed", &[JSON, ("Cookie", &bert)], &body);
    assert_eq!((many.status, many.json()), (200, json!({"events": 2})));
    let names = fs::read_dir(world.path(".owlery/reviewed")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: std::collections::BTreeSet<_> = names.collect();
    assert_eq!(names, ["user-anna", "user-bert", "token-home"].map(Into::into).into());

    // Anna is removed from the configuration, and comes back later.
    drop(daemon);
    let without =
        users().lines().filter(|line| !line.starts_with("anna")).fold(String::new(), |all, line| all + line + "\n");
    let daemon = serve_with(&world, &without);
    assert_eq!(get(&daemon, "/api/v1/events", &anna).status, 401);
    drop(daemon);
    let daemon = serve_with(&world, &users());
    let anna = cookie(&daemon, "anna");
    let json = get(&daemon, "/api/v1/events?reviewed=true", &anna).json();
    assert_eq!(json["events"].as_array().unwrap().len(), 1, "her marks were kept");
}

#[test]
fn pages_of_other_sites_review_nothing() {
    let world = archive();
    let daemon = world.serve(&[]);
    for header in [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://evil.example")] {
        assert_problem(&daemon.request("PUT", &path(ONE), &[header]), 403, None);
        let body = r#"{"reviewed":true,"from":"2026-03-01"}"#;
        assert_problem(&send_to(&daemon.address, "POST", "/api/v1/reviewed", &[JSON, header], body), 403, None);
    }
    assert_eq!(reviewed(&daemon), (vec![], 0));
    assert!(!file(&world).exists());
}

#[test]
fn the_stream_says_nothing_of_reviews() {
    let world = archive();
    let daemon = world.serve(&[]);
    let mut listener = Listener::start(&daemon, "");
    review(&daemon, ONE);
    assert_eq!(world.run("save", &[ONE]).code, 0);
    let message = listener.until("it is saved", |message| message.data["saved"] == true);
    assert_eq!((message.about(), message.data.get("reviewed")), (("event-changed", ONE), None));
}

/// A full disk fails the request and nothing else.
#[test]
fn a_full_disk_refuses_a_review() {
    let mut world = World::empty();
    let disk = Disk::mount(world.outside("disk"), "4M");
    world.root = world.outside("disk").join("archive");
    for id in [ONE, TWO] {
        world.event(id).old().make();
    }
    let daemon = world.serve(&[]);
    review(&daemon, ONE);
    // What the last block of the file still takes is marked; then no more is. The daemon gives up room of its own meanwhile.
    let mut is_marked = false;
    let refused = wait_for("a refusal", || {
        disk.fill();
        let changed = daemon.request(if is_marked { "DELETE" } else { "PUT" }, &path(TWO), &[]);
        is_marked ^= changed.status == 200;
        (changed.status != 200).then_some(changed)
    });
    let filler = disk.fill();
    assert_problem(&refused, 507, None);
    let before = reviewed(&daemon);
    assert_eq!(daemon.get("/healthz").status, 200);
    fs::remove_file(filler).unwrap();
    assert_eq!(reviewed(&daemon), before);
    drop(daemon);
    let daemon = world.serve(&[]);
    assert_eq!(reviewed(&daemon), before);
    review(&daemon, TWO);
}

/// Where nothing can be written, reviews are kept until the end of the daemon.
#[test]
fn a_read_only_root_forgets_reviews() {
    let mut world = World::empty();
    let disk = Disk::mount(world.outside("disk"), "4M");
    world.root = world.outside("disk").join("archive");
    for id in [ONE, TWO] {
        world.event(id).old().make();
    }
    let daemon = world.serve(&[]);
    review(&daemon, ONE);
    assert_eq!(daemon.stop(), 0);
    disk.remount("ro");
    let daemon = world.serve(&[]);
    assert_eq!(reviewed(&daemon), (vec![ONE.to_owned()], 1));
    review(&daemon, TWO);
    assert_eq!(reviewed(&daemon).1, 2);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(reviewed(&world.serve(&[])), (vec![ONE.to_owned()], 1));
}

/// New events of a day that was reviewed are found, although whole days are passed over.
#[test]
fn new_events_are_not_reviewed() {
    let world = World::new();
    let day = days_ago(3);
    for second in 0..30 {
        world.event(format!("Camera1/{day}/10-00-{second:02}")).old().make();
    }
    let daemon = world.serve(&[]);
    let marked =
        daemon.send("POST", "/api/v1/reviewed", &json!({"reviewed": true, "from": day, "to": day}).to_string());
    assert_eq!(marked.json(), json!({"events": 30}));
    let left =
        || -> Vec<Value> { daemon.get("/api/v1/events?reviewed=false").json()["events"].as_array().unwrap().clone() };
    assert!(left().is_empty());
    let new = format!("Camera1/{day}/09-00-00");
    world.event(&new).old().make();
    wait_until("the new event", || left().iter().any(|event| event["id"] == new));
    assert_eq!(daemon.get("/api/v1/days").json()["days"][0]["reviewed"], 30);
}
