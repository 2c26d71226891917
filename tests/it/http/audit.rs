//! `/api/v1/audit`: pages of the audit log, as the command line prints them.

use serde_json::{Value, json};

use super::assert_problem;
use crate::world::{World, days_ago, wait_until};

#[test]
fn audit_pages_join_to_the_whole_log() {
    let world = World::new();
    for minute in 0..20 {
        world.event(format!("Camera1/{}/10-{minute:02}-00", days_ago(60))).frames(0).old().make();
    }
    world.event(format!("Camera1/{}/10-00-00", days_ago(59))).frames(0).old().make();
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1", "--undo-window", "1h"]);
    wait_until("the pass is in the audit log", || {
        daemon.get("/api/v1/audit").json()["entries"].as_array().unwrap().len() == 3
    });
    let pass = daemon.get("/api/v1/queue").json()["passes"][0]["pass"].as_str().unwrap().to_owned();
    assert_eq!(daemon.request("POST", &format!("/api/v1/queue/{pass}/restore"), &[]).status, 200);

    let whole = daemon.get("/api/v1/audit").json();
    assert_eq!(whole["next"], Value::Null);
    let entries = whole["entries"].as_array().unwrap();
    let what: Vec<&str> = entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["restored", "restored", "item", "item", "pass"]);
    assert_eq!((&entries[4]["count"], &entries[4]["pass"]), (&json!(21), &json!(pass)));
    assert_eq!(world.run("audit", &["--json"]).json(), whole, "the command line prints the same");
    for limit in 1..=6 {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let page = daemon.get(&format!("/api/v1/audit?limit={limit}{next}")).json();
            all.extend(page["entries"].as_array().unwrap().iter().cloned());
            match page["next"].as_u64() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(&all, entries, "{limit}");
    }
    assert_eq!(daemon.get("/api/v1/audit?cursor=0").json(), json!({"entries": [], "next": null}));
}

#[test]
fn invalid_parameters_are_refused_by_name() {
    let world = World::new();
    let daemon = world.serve(&[]);
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=-1", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=9223372036854775808", "cursor"),
        ("before=1", "before"),
        ("camera=Camera1", "camera"),
    ] {
        assert_problem(&daemon.get(&format!("/api/v1/audit?{query}")), 400, Some(parameter));
    }
}
