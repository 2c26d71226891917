//! `/api/v1/retention`: rules, plan, guards and forecast as they stand; a pass now; the word that a held pass waits for.

use std::fs;

use serde_json::{Value, json};

use super::{assert_problem, serve_measured};
use crate::world::{Daemon, Response, World, days_ago, wait_until};

fn id(days: u64, name: &str) -> String {
    format!("Camera1/{}/{name}", days_ago(days))
}

/// Two stale events and a young one.
fn archive() -> World {
    let world = World::new();
    for event in [id(60, "10-00-00"), id(60, "11-00-00"), id(3, "10-00-00")] {
        world.event(event).old().make();
    }
    world
}

fn retention(daemon: &Daemon) -> Value {
    daemon.get("/api/v1/retention").json()
}

/// The guards that refuse, by name.
fn refusing(told: &Value) -> Vec<&str> {
    let guards = told["guards"].as_array().unwrap().iter();
    guards.filter(|guard| guard["ok"] != true).map(|guard| guard["name"].as_str().unwrap()).collect()
}

fn run(daemon: &Daemon) -> Response {
    daemon.request("POST", "/api/v1/retention/run", &[])
}

fn confirm(daemon: &Daemon, pass: &str) -> Response {
    daemon.send("POST", "/api/v1/retention/confirm", &json!({ "pass": pass }).to_string())
}

#[test]
fn without_a_rule_nothing_is_planned_and_a_pass_does_nothing() {
    let world = archive();
    let before = world.tree();
    let daemon = serve_measured(&world, &["--check-interval", "2h"]);
    wait_until("the timer has run", || !retention(&daemon)["next_check"].is_null());
    let told = retention(&daemon);
    let rules = json!({"keep_days": [], "max_size": [], "min_free": null, "floor_days": "1", "max_share": "0.5"});
    assert_eq!(told["rules"], rules);
    let plan = json!({"items": [], "kept": [], "alerts": [], "held": null, "has_rule": false});
    assert_eq!((&told["plan"], &told["passes"]), (&plan, &json!([])));
    let names: Vec<&str> =
        told["guards"].as_array().unwrap().iter().map(|guard| guard["name"].as_str().unwrap()).collect();
    assert_eq!(names[..6], ["configuration", "clock", "restored", "share", "marker", "disk"]);
    assert_eq!(names[6..], ["today", "saved", "open", "reaping", "confirmation"], "of single events and requests");
    assert!(refusing(&told).is_empty(), "{told}");
    let forecast = |told: &Value| {
        ["bytes_per_day_7", "bytes_per_day_30", "kept", "warnings"].map(|key| told["forecast"][key].clone())
    };
    assert_eq!(forecast(&told), forecast(&daemon.get("/api/v1/cameras").json()));
    assert!(told["forecast"]["disk"]["free"].is_u64());
    let pass = run(&daemon);
    assert_eq!(pass.status, 200, "{}", pass.text());
    let pass = pass.json();
    assert_eq!((&pass["pass"], &pass["items"], &pass["refused"]), (&Value::Null, &json!([]), &Value::Null));
    assert_eq!(world.tree(), before);
}

#[test]
fn the_next_check_is_when_the_timer_runs() {
    let world = archive();
    let daemon = world.serve(&["--check-interval", "2h"]);
    wait_until("the timer has run", || !retention(&daemon)["next_check"].is_null());
    let told = retention(&daemon);
    let next = chrono::DateTime::parse_from_rfc3339(told["next_check"].as_str().unwrap()).unwrap();
    #[allow(clippy::disallowed_methods)]
    let left = next.to_utc() - chrono::Utc::now();
    assert!(left > chrono::TimeDelta::minutes(115) && left <= chrono::TimeDelta::minutes(120), "{left}");
}

#[test]
fn rules_are_told_as_they_could_be_typed() {
    let world = archive();
    fs::create_dir(world.path("Camera2")).unwrap();
    let rules = [
        ["--keep-days", "45"],
        ["--keep-days", "Camera2=forever"],
        ["--max-size", "2TB"],
        ["--max-size", "Camera1=500GiB"],
        ["--min-free", "2.5%"],
        ["--floor-days", "3"],
        ["--max-share", "0.75"],
    ];
    let told = retention(&world.serve(rules.as_flattened()));
    assert_eq!(
        told["rules"],
        json!({"keep_days": ["45", "Camera2=forever"], "max_size": ["2000000000000B", "Camera1=536870912000B"],
               "min_free": "2.5%", "floor_days": "3", "max_share": "0.75"})
    );
    // They mean the same when they are typed so.
    let same: Vec<[&str; 2]> = vec![
        ["--keep-days", "45"],
        ["--keep-days", "Camera2=forever"],
        ["--max-size", "2000000000000B"],
        ["--max-size", "Camera1=536870912000B"],
        ["--min-free", "2.5%"],
        ["--floor-days", "3"],
        ["--max-share", "0.75"],
    ];
    assert_eq!(retention(&world.serve(same.as_flattened()))["rules"], told["rules"]);
}

#[test]
fn a_pass_now_retires_what_is_planned_and_waits_to_be_taken_back() {
    let world = archive();
    // Nothing is stale yet when the timer runs.
    let young = id(3, "10-00-00");
    let away = world.outside("away");
    fs::rename(world.path(format!("Camera1/{}", days_ago(60))), away.join("day")).unwrap();
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1", "--undo-window", "1h"]);
    wait_until("the timer has run", || !retention(&daemon)["next_check"].is_null());
    fs::rename(away.join("day"), world.path(format!("Camera1/{}", days_ago(60)))).unwrap();
    assert_eq!(world.run("scan", &[]).code, 0);
    wait_until("the events are there", || daemon.events().len() == 3);

    let told = retention(&daemon);
    let planned = &told["plan"]["items"][0];
    assert_eq!(
        (&planned["day"], &planned["events"], &planned["count"]),
        (&json!(days_ago(60)), &json!("all"), &json!(2))
    );
    let pass = run(&daemon);
    assert_eq!(pass.status, 200, "{}", pass.text());
    let pass = pass.json();
    let name = pass["pass"].as_str().unwrap();
    assert_eq!((&pass["items"][0]["count"], &pass["refused"]), (&json!(2), &Value::Null));
    assert!(pass["undo_until"].is_string());
    assert!(world.has(format!("delete_queue/{name}/{}/video.mp4", id(60, "10-00-00"))));
    assert!(!world.has(id(60, "10-00-00")) && world.has(&young));

    let told = retention(&daemon);
    assert_eq!(told["plan"]["items"], json!([]), "it is done");
    let waiting = &told["passes"][0];
    assert_eq!((&waiting["pass"], &waiting["by"]), (&json!(name), &json!("rule")));
    assert_eq!((&waiting["refused"], &waiting["reaping"]), (&Value::Null, &json!(false)));
    assert_eq!(daemon.events().len(), 1);
    let restored = daemon.request("POST", &format!("/api/v1/queue/{name}/restore"), &[]);
    assert_eq!(restored.status, 200, "{}", restored.text());
    assert_eq!(retention(&daemon)["plan"]["kept"][0]["reason"], "restored");
}

#[test]
fn a_held_pass_is_told_with_its_id_and_carried_out_once_when_that_is_confirmed() {
    let world = archive();
    let daemon = world.serve(&["--keep-days", "45", "--undo-window", "1h"]);
    wait_until("a pass is held", || retention(&daemon)["passes"].as_array().unwrap().len() == 1);
    let told = retention(&daemon);
    assert_eq!(refusing(&told), ["share"]);
    let held = &told["passes"][0];
    let id_held = held["pass"].as_str().unwrap();
    assert_eq!((&held["refused"]["guard"], &held["items"]), (&json!("share"), &told["plan"]["items"]));
    assert_eq!(told["plan"]["held"]["guard"], "share");

    // A pass now is refused in the same words, and that is no error.
    let refused = run(&daemon);
    assert_eq!((refused.status, &refused.json()["pass"]), (200, &json!(id_held)));
    assert_eq!(refused.json()["refused"], held["refused"]);
    assert_eq!(refused.json()["items"], json!([]));

    let before = world.tree();
    for unknown in ["", "x", "0000000000000000", "../held"] {
        assert_problem(&confirm(&daemon, unknown), 404, None);
    }
    assert_eq!(world.tree(), before);

    // What is saved since is left out.
    let saved = daemon.request("PUT", &format!("/api/v1/events/{}/saved", id(60, "11-00-00")), &[]);
    assert_eq!(saved.status, 200);
    let done = confirm(&daemon, id_held);
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    assert_eq!((&done["refused"], &done["items"][0]["events"]), (&Value::Null, &json!(["10-00-00"])));
    assert!(!world.has(id(60, "10-00-00")) && world.has(id(60, "11-00-00")) && world.has(id(3, "10-00-00")));
    let told = retention(&daemon);
    assert_eq!((told["passes"].as_array().unwrap().len(), &told["passes"][0]["pass"]), (1, &done["pass"]));
    assert!(refusing(&told).is_empty(), "{told}");
    assert_problem(&confirm(&daemon, id_held), 404, None);
}

#[test]
fn what_is_wrong_with_the_rules_the_marker_or_the_notes_is_told_by_its_guard() {
    let world = archive();
    let daemon = world.serve(&["--keep-days", "Camera7=45", "--keep-days", "45", "--max-share", "1"]);
    let told = retention(&daemon);
    assert_eq!(refusing(&told), ["configuration"]);
    let pass = run(&daemon);
    assert_eq!((pass.status, &pass.json()["refused"]["guard"]), (200, &json!("configuration")));
    // It cannot be confirmed: the answer is the same refusal.
    let pass = confirm(&daemon, pass.json()["pass"].as_str().unwrap());
    assert_eq!((pass.status, &pass.json()["refused"]["guard"]), (200, &json!("configuration")));
    drop(daemon);

    let daemon = world.serve(&["--keep-days", "45"]);
    // Not the one that is held for the configuration still.
    wait_until("a pass is held", || retention(&daemon)["passes"][0]["refused"]["guard"] == "share");
    let marker = world.path(".owlery/archive.json");
    let aside = world.outside("aside").join("archive.json");
    fs::rename(&marker, &aside).unwrap();
    assert_eq!(refusing(&retention(&daemon)), ["share", "marker"]);
    let held = retention(&daemon)["passes"][0]["pass"].as_str().unwrap().to_owned();
    let pass = confirm(&daemon, &held);
    assert_eq!((pass.status, &pass.json()["refused"]["guard"]), (200, &json!("marker")), "{}", pass.text());
    drop(daemon);

    let world = archive(); // where no pass is held, of which the share would say what it said
    assert_eq!(world.run("scan", &[]).code, 0);
    fs::write(world.path(".owlery/restored.json"), "?").unwrap(); // which is read at the start
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1"]);
    let told = retention(&daemon);
    assert_eq!(refusing(&told), ["restored"], "no plan can be made, so its share is not known");
    assert!(told["plan"].is_null());
    let pass = run(&daemon);
    assert_eq!((pass.status, &pass.json()["pass"]), (200, &Value::Null), "{}", pass.text());
    assert_eq!(pass.json()["refused"]["guard"], "restored");
    assert!(world.has(id(60, "10-00-00")) && world.has(id(60, "11-00-00")));
}

#[test]
fn it_takes_no_parameters() {
    let world = World::new();
    let daemon = world.serve(&[]);
    assert_problem(&daemon.get("/api/v1/retention?keep_days=1"), 400, Some("keep_days"));
    for path in ["/healthz", "/readyz", "/api/v1/openapi.json", "/api/cameras/list", "/api/v1/cameras"] {
        assert_problem(&daemon.get(&format!("{path}?x=1")), 400, Some("x"));
    }
}
