//! Changes over HTTP: saving, unsaving and deleting events, restoring passes; with the state on disk afterwards.

use serde_json::{Value, json};

use super::assert_problem;
use crate::reaper::window;
use crate::world::{Daemon, Response, World, days_ago, today, unfinished_mp4};

const ONE: &str = "Camera1/2026-03-01/10-00-00";
const TWO: &str = "Camera1/2026-03-01/11-00-00";

fn archive() -> World {
    let world = World::new();
    world.event(ONE).old().make();
    world.event(TWO).old().make();
    world
}

fn put_saved(daemon: &Daemon, id: &str) -> Response {
    daemon.request("PUT", &format!("/api/v1/events/{id}/saved"), &[])
}

fn unsave(daemon: &Daemon, id: &str) -> Response {
    daemon.request("DELETE", &format!("/api/v1/events/{id}/saved"), &[])
}

fn delete(daemon: &Daemon, id: &str) -> Response {
    daemon.request("DELETE", &format!("/api/v1/events/{id}"), &[])
}

fn restore(daemon: &Daemon, pass: &str) -> Response {
    daemon.request("POST", &format!("/api/v1/queue/{pass}/restore"), &[])
}

fn queue(daemon: &Daemon) -> Vec<Value> {
    daemon.get("/api/v1/queue").json()["passes"].as_array().unwrap().clone()
}

/// The audit log, newest first: actions and their events.
fn audited(daemon: &Daemon) -> Vec<(String, Value)> {
    let received = daemon.get("/api/v1/audit").json();
    let entries = received["entries"].as_array().unwrap().iter();
    entries.map(|entry| (entry["what"].as_str().unwrap().to_owned(), entry["events"].clone())).collect()
}

#[test]
fn saving_and_unsaving_take_effect_at_once() {
    let world = archive();
    let daemon = world.serve(&[]);
    let mark = format!("{ONE}/.saved");
    for _ in 0..2 {
        // The second time changes nothing.
        let saved = put_saved(&daemon, ONE);
        assert_eq!(saved.status, 200, "{}", saved.text());
        assert!(world.has(&mark));
        assert_eq!((&saved.json()["id"], &saved.json()["saved"]), (&json!(ONE), &json!(true)));
        assert_eq!(daemon.event(ONE), Some(saved.json()), "the list changes at once");
    }
    for _ in 0..2 {
        let unsaved = unsave(&daemon, ONE);
        assert_eq!((unsaved.status, &unsaved.json()["saved"]), (200, &json!(false)));
        assert!(!world.has(&mark));
        assert_eq!(daemon.event(ONE), Some(unsaved.json()));
    }
    let audited: Vec<String> = audited(&daemon).into_iter().map(|(what, _)| what).collect();
    assert_eq!(audited, ["unsaved", "unsaved", "saved", "saved"]);
}

#[test]
fn a_deleted_event_can_be_restored() {
    let world = archive();
    let before = world.tree();
    let daemon = world.serve(&[]);
    let deleted = delete(&daemon, ONE);
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    let pass = deleted.json();
    let name = pass["pass"].as_str().unwrap().to_owned();
    assert_eq!(pass["items"][0]["events"], json!(["10-00-00"]));
    assert!(pass["undo_until"].is_string() && pass["refused"].is_null() && pass["failures"] == json!([]), "{pass}");
    assert!(!world.has(ONE) && world.has(TWO));
    assert!(world.has(format!("delete_queue/{name}/{ONE}/video.mp4")));
    assert_eq!(daemon.events().len(), 1, "the list changes at once");
    assert_problem(&daemon.get(&format!("/api/v1/events/{ONE}")), 404, None);

    let waiting = queue(&daemon);
    assert_eq!((waiting.len(), &waiting[0]["pass"], &waiting[0]["by"]), (1, &json!(name), &json!("hand")));
    assert_eq!((&waiting[0]["items"], &waiting[0]["reaping"]), (&pass["items"], &json!(false)));
    assert_eq!(waiting[0]["path"], json!(world.path(format!("delete_queue/{name}"))));

    let restored = restore(&daemon, &name);
    assert_eq!(restored.status, 200, "{}", restored.text());
    let received = restored.json();
    assert_eq!(
        (&received["pass"], &received["left"], &received["items"][0]["count"]),
        (&json!(name), &json!([]), &json!(1))
    );
    assert!(received["kept_until"].is_string());
    let after: Vec<String> = world.tree().into_iter().filter(|path| path != "delete_queue").collect();
    assert_eq!(after, before);
    assert_eq!(daemon.events().len(), 2);
    assert!(queue(&daemon).is_empty());
    assert_problem(&restore(&daemon, &name), 404, None);
    let names = json!(["10-00-00"]);
    assert_eq!(audited(&daemon), [("restored".to_owned(), names.clone()), ("deleted".to_owned(), names)]);
}

#[test]
fn a_restore_lists_what_stays() {
    let world = archive();
    let daemon = world.serve(&[]);
    let pass = delete(&daemon, ONE).json()["pass"].as_str().unwrap().to_owned();
    let new = world.event(ONE).frames(1).no_movie().old().make();
    let received = restore(&daemon, &pass);
    assert_eq!(received.status, 200, "{}", received.text());
    let left = received.json()["left"].as_array().unwrap().clone();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0]["problem"].as_str().unwrap().contains("exists again"), "{left:?}");
    assert!(!new.join("video.mp4").exists(), "nothing is overwritten");
    assert!(world.has(format!("delete_queue/{pass}/{ONE}/video.mp4")));
    assert_eq!(queue(&daemon).len(), 1);
}

#[test]
fn a_saved_and_an_open_event_are_not_deleted() {
    let world = archive();
    let open = format!("Camera1/{}/23-59-59", today());
    world.event(&open).movie("video.mp4", unfinished_mp4()).make();
    let daemon = world.serve(&[]);
    assert_eq!(put_saved(&daemon, ONE).status, 200);
    for (id, why) in [(ONE, "is saved"), (&open, "still being written")] {
        let refused = delete(&daemon, id);
        assert_problem(&refused, 409, None);
        assert!(refused.json()["detail"].as_str().unwrap().contains(why), "{}", refused.text());
        assert!(world.has(id));
    }
    assert!(queue(&daemon).is_empty() && world.queued().is_empty());
    assert_eq!(unsave(&daemon, ONE).status, 200);
    assert_eq!(delete(&daemon, ONE).status, 200);
}

#[test]
fn changes_of_unknown_events_are_404() {
    let world = archive();
    world.event("Garden/2026-03-01/10-00-00").old().make(); // its name is no camera's here
    std::os::unix::fs::symlink(world.path(ONE), world.path("Camera1/2026-03-01/12-00-00")).unwrap();
    let daemon = world.serve(&[]);
    let before = world.tree();
    let long = "0".repeat(255);
    for id in [
        "Camera1/2026-03-01/10-00-01",
        "Camera1/2026-03-02/10-00-00",
        "Camera2/2026-03-01/10-00-00",
        "Camera/2026-03-01/10-00-00",
        "Garden/2026-03-01/10-00-00",
        "Camera1/2026-03-01/12-00-00",
        "Camera1/2026-03-01/x",
        "Camera1/2026-3-1/10-00-00",
        "Camera1/2026-03-01/..",
        "Camera1/..%2f..%2fetc/10-00-00",
        "..%2fCamera1/2026-03-01/10-00-00",
        "%ff/2026-03-01/10-00-00",
        "Camera1%00/2026-03-01/10-00-00",
        "delete_queue/2026-03-01/10-00-00",
        ".owlery/2026-03-01/10-00-00",
        &format!("{long}/2026-03-01/10-00-00"),
    ] {
        for response in [put_saved(&daemon, id), unsave(&daemon, id), delete(&daemon, id)] {
            assert_problem(&response, 404, None);
        }
    }
    for pass in ["20260101T000000Z-AbCdEf", "..", "..%2f..", "%2e%2e", "x%00y", "%ff", &long] {
        assert_problem(&restore(&daemon, pass), 404, None);
    }
    assert_eq!(world.tree(), before);
    assert_eq!(audited(&daemon), []);
}

#[test]
fn unknown_parameters_prevent_a_change() {
    let world = archive();
    let daemon = world.serve(&[]);
    let pass = delete(&daemon, TWO).json()["pass"].as_str().unwrap().to_owned();
    let before = world.tree();
    let paths = [
        ("PUT", format!("/api/v1/events/{ONE}/saved")),
        ("DELETE", format!("/api/v1/events/{ONE}/saved")),
        ("DELETE", format!("/api/v1/events/{ONE}")),
        ("POST", format!("/api/v1/queue/{pass}/restore")),
        ("POST", "/api/v1/retention/run".to_owned()),
        ("POST", "/api/v1/retention/confirm".to_owned()),
    ];
    for (method, path) in paths {
        assert_problem(&daemon.request(method, &format!("{path}?force=1"), &[]), 400, Some("force"));
    }
    assert_eq!(world.tree(), before);
}

#[test]
fn a_pass_in_removal_is_not_restored() {
    let world = World::new();
    world.event(format!("Camera1/{}/10-00-00", days_ago(60))).old().make();
    let daemon = world.serve(&["--window", &window(8, 9)]); // the reaper itself would go on with it
    let pass =
        delete(&daemon, &format!("Camera1/{}/10-00-00", days_ago(60))).json()["pass"].as_str().unwrap().to_owned();
    let dir = world.path("delete_queue").join(&pass);
    std::fs::rename(dir.join("pass.json"), dir.join("reaping.json")).unwrap(); // as the reaper does
    assert_eq!(queue(&daemon)[0]["reaping"], true);
    let refused = restore(&daemon, &pass);
    assert_problem(&refused, 409, None);
    assert!(refused.json()["detail"].as_str().unwrap().contains("is being removed"), "{}", refused.text());
    assert!(dir.join("reaping.json").exists());
}

#[test]
fn the_queue_lists_foreign_entries() {
    let world = archive();
    std::fs::create_dir_all(world.path("delete_queue/foreign")).unwrap();
    let daemon = world.serve(&[]);
    let received = daemon.get("/api/v1/queue").json();
    assert_eq!(received["passes"], json!([]));
    assert!(received["others"][0]["path"].as_str().unwrap().ends_with("delete_queue/foreign"), "{received}");
    assert_problem(&daemon.get("/api/v1/queue?limit=1"), 400, Some("limit"));
    let printed = world.run("queue", &["--json"]);
    assert_eq!(printed.json(), received, "the command line prints the same");
}

#[test]
fn what_cannot_be_done_somewhere_says_what_can() {
    let world = archive();
    let daemon = world.serve(&[]);
    let before = world.tree();
    for (path, allowed) in [
        ("/api/v1/events", "GET,HEAD"),
        ("/api/v1/cameras", "GET,HEAD"),
        ("/api/v1/days", "GET,HEAD"),
        ("/api/v1/queue", "GET,HEAD"),
        ("/api/v1/retention", "GET,HEAD"),
        ("/api/v1/audit", "GET,HEAD"),
        ("/api/v1/openapi.json", "GET,HEAD"),
        ("/readyz", "GET,HEAD"),
        ("/api/cameras/list", "GET,HEAD"),
        ("/api/events/Camera1", "GET,HEAD"),
        (&format!("/media/{ONE}/video.mp4"), "GET,HEAD"),
        (&format!("/motion/{ONE}/video.mp4"), "GET,HEAD"),
        (&format!("/api/v1/events/{ONE}"), "GET,HEAD,DELETE"),
        (&format!("/api/v1/events/{ONE}/saved"), "PUT,DELETE"),
        ("/api/v1/queue/x/restore", "POST"),
        ("/api/v1/retention/run", "POST"),
        ("/api/v1/retention/confirm", "POST"),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            if !allowed.split(',').any(|allowed| allowed == method) {
                let refused = daemon.request(method, path, &[("Content-Length", "0")]);
                assert_problem(&refused, 405, None);
                assert_eq!(refused.header("allow"), Some(allowed), "{method} {path}");
            }
        }
    }
    assert_eq!(world.tree(), before);
}
