//! `/api/v1/retention`: rules, plan, guards and forecast; running a pass; confirming a held pass.

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
fn refusing(received: &Value) -> Vec<&str> {
    let guards = received["guards"].as_array().unwrap().iter();
    guards.filter(|guard| guard["ok"] != true).map(|guard| guard["name"].as_str().unwrap()).collect()
}

fn run(daemon: &Daemon) -> Response {
    daemon.request("POST", "/api/v1/retention/run", &[])
}

fn confirm(daemon: &Daemon, pass: &str) -> Response {
    daemon.send("POST", "/api/v1/retention/confirm", &json!({ "pass": pass }).to_string())
}

#[test]
fn without_a_rule_a_pass_does_nothing() {
    let world = archive();
    let before = world.tree();
    let daemon = serve_measured(&world, &["--check-interval", "2h"]);
    wait_until("the timer has run", || !retention(&daemon)["next_check"].is_null());
    let received = retention(&daemon);
    let rules = json!({"keep_days": [], "max_size": [], "min_free": null, "floor_days": "1", "max_share": "0.5"});
    assert_eq!(received["rules"], rules);
    let plan = json!({"items": [], "kept": [], "alerts": [], "held": null, "has_rule": false, "wrong_date": null});
    assert_eq!((&received["plan"], &received["passes"]), (&plan, &json!([])));
    let names: Vec<&str> =
        received["guards"].as_array().unwrap().iter().map(|guard| guard["name"].as_str().unwrap()).collect();
    assert_eq!(names[..6], ["configuration", "clock", "restored", "share", "marker", "disk"]);
    assert_eq!(names[6..], ["today", "saved", "open", "reaping", "confirmation"], "of single events and requests");
    assert!(refusing(&received).is_empty(), "{received}");
    let forecast = |received: &Value| {
        ["bytes_per_day_7", "bytes_per_day_30", "kept", "warnings"].map(|key| received["forecast"][key].clone())
    };
    assert_eq!(forecast(&received), forecast(&daemon.get("/api/v1/cameras").json()));
    assert!(received["forecast"]["disk"]["free"].is_u64());
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
    let received = retention(&daemon);
    let next = chrono::DateTime::parse_from_rfc3339(received["next_check"].as_str().unwrap()).unwrap();
    #[allow(clippy::disallowed_methods)]
    let left = next.to_utc() - chrono::Utc::now();
    assert!(left > chrono::TimeDelta::minutes(115) && left <= chrono::TimeDelta::minutes(120), "{left}");
}

#[test]
fn rules_are_shown_as_options() {
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
    let received = retention(&world.serve(rules.as_flattened()));
    assert_eq!(
        received["rules"],
        json!({"keep_days": ["45", "Camera2=forever"], "max_size": ["2000000000000B", "Camera1=536870912000B"],
               "min_free": "2.5%", "floor_days": "3", "max_share": "0.75"})
    );
    // They have the same meaning as options.
    let same: Vec<[&str; 2]> = vec![
        ["--keep-days", "45"],
        ["--keep-days", "Camera2=forever"],
        ["--max-size", "2000000000000B"],
        ["--max-size", "Camera1=536870912000B"],
        ["--min-free", "2.5%"],
        ["--floor-days", "3"],
        ["--max-share", "0.75"],
    ];
    assert_eq!(retention(&world.serve(same.as_flattened()))["rules"], received["rules"]);
}

#[test]
fn a_requested_pass_retires_the_plan() {
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

    let received = retention(&daemon);
    let planned = &received["plan"]["items"][0];
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

    let received = retention(&daemon);
    assert_eq!(received["plan"]["items"], json!([]), "it is done");
    let waiting = &received["passes"][0];
    assert_eq!((&waiting["pass"], &waiting["by"]), (&json!(name), &json!("rule")));
    assert_eq!((&waiting["refused"], &waiting["reaping"]), (&Value::Null, &json!(false)));
    assert_eq!(daemon.events().len(), 1);
    let restored = daemon.request("POST", &format!("/api/v1/queue/{name}/restore"), &[]);
    assert_eq!(restored.status, 200, "{}", restored.text());
    assert_eq!(retention(&daemon)["plan"]["kept"][0]["reason"], "restored");
}

/// A button in the page confirms them: the command of the alert is not the only way.
#[test]
fn days_of_a_wrong_date_can_be_confirmed() {
    let world = archive();
    world.event("Camera1/2000-01-01/00-00-42").old().make();
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1", "--undo-window", "1h"]);
    assert!(daemon.get("/readyz").json()["alerts"].to_string().contains("dated before 2001"));
    let early = retention(&daemon)["plan"]["wrong_date"].clone();
    assert_eq!((&early["items"][0]["day"], &early["items"][0]["count"]), (&json!("2000-01-01"), &json!(1)));
    assert_problem(&confirm(&daemon, "0000000000000000"), 404, None);
    let pass = early["pass"].as_str().unwrap();
    let done = confirm(&daemon, pass);
    assert_eq!((done.status, &done.json()["items"][0]["day"]), (200, &json!("2000-01-01")), "{}", done.text());
    assert!(!world.has("Camera1/2000-01-01") && world.has(id(3, "10-00-00")));
    assert_eq!(daemon.get("/readyz").json()["alerts"], json!([]), "at once");
    assert_eq!(retention(&daemon)["plan"]["wrong_date"], Value::Null);
    assert_problem(&confirm(&daemon, pass), 404, None);
}

/// It was a 404, as if there were nothing to confirm.
#[test]
fn a_guard_says_why_a_wrong_date_stays() {
    let world = archive();
    world.event("Camera1/2000-01-01/00-00-42").old().make();
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1", "--keep-days", "Camera9=3"]);
    let early = retention(&daemon)["plan"]["wrong_date"].clone();
    let refused = confirm(&daemon, early["pass"].as_str().unwrap());
    assert_eq!(
        (refused.status, &refused.json()["refused"]["guard"]),
        (200, &json!("configuration")),
        "{}",
        refused.text()
    );
    assert!(world.has("Camera1/2000-01-01/00-00-42"));
}

#[test]
fn a_held_pass_runs_once_when_confirmed() {
    let world = archive();
    let daemon = world.serve(&["--keep-days", "45", "--undo-window", "1h"]);
    wait_until("a pass is held", || retention(&daemon)["passes"].as_array().unwrap().len() == 1);
    let received = retention(&daemon);
    assert_eq!(refusing(&received), ["share"]);
    let held = &received["passes"][0];
    let id_held = held["pass"].as_str().unwrap();
    // The pass may have been held before its events were measured.
    let items = |of: &Value| of.as_array().unwrap().iter().map(|item| item["events"].clone()).collect::<Vec<_>>();
    assert_eq!(held["refused"]["guard"], "share");
    assert_eq!(items(&held["items"]), items(&received["plan"]["items"]));
    assert_eq!(received["plan"]["held"]["guard"], "share");

    // A requested pass is refused with the same message, which is no error.
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
    let received = retention(&daemon);
    assert_eq!((received["passes"].as_array().unwrap().len(), &received["passes"][0]["pass"]), (1, &done["pass"]));
    assert!(refusing(&received).is_empty(), "{received}");
    assert_problem(&confirm(&daemon, id_held), 404, None);
}

#[test]
fn guards_report_problems_of_rules_and_state() {
    let world = archive();
    let daemon = world.serve(&["--keep-days", "Camera7=45", "--keep-days", "45", "--max-share", "1"]);
    let received = retention(&daemon);
    assert_eq!(refusing(&received), ["configuration"]);
    let pass = run(&daemon);
    assert_eq!((pass.status, &pass.json()["refused"]["guard"]), (200, &json!("configuration")));
    // It cannot be confirmed: the response is the same refusal.
    let pass = confirm(&daemon, pass.json()["pass"].as_str().unwrap());
    assert_eq!((pass.status, &pass.json()["refused"]["guard"]), (200, &json!("configuration")));
    drop(daemon);

    let daemon = world.serve(&["--keep-days", "45"]);
    // Not the pass that is still held by the guard `configuration`.
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
    let received = retention(&daemon);
    assert_eq!(refusing(&received), ["restored"], "no plan can be made, so its share is not known");
    assert!(received["plan"].is_null());
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
