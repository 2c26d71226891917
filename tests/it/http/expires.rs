//! When an event expires: what a daemon says of it, compared with its passes.

use serde_json::json;

use super::serve_measured;
use crate::world::{World, days_ago, wait_until};

#[test]
fn the_named_day_is_that_of_the_pass() {
    let world = World::new();
    let ids = [44, 45, 46].map(|days| format!("Camera1/{}/10-00-00", days_ago(days)));
    for id in &ids {
        world.event(id).old().make();
    }
    let kept = world.serve(&[]);
    let none = json!({"at": null, "reason": "no rule", "rule": null});
    assert!(ids.iter().all(|id| kept.get(&format!("/api/v1/events/{id}")).json()["expires"] == none));
    drop(kept);
    // The pass is held, so that all three are there.
    let daemon = serve_measured(&world, &["--keep-days", "45", "--max-share", "0.1"]);
    let at =
        |id: &String| daemon.get(&format!("/api/v1/events/{id}")).json()["expires"]["at"].as_str().unwrap().to_owned();
    let tomorrow = (crate::world::today() + chrono::TimeDelta::days(1)).to_string();
    let after = (crate::world::today() + chrono::TimeDelta::days(2)).to_string();
    assert_eq!(ids.each_ref().map(at), [after, tomorrow, days_ago(0)]);
    assert_eq!(daemon.request("PUT", &format!("/api/v1/events/{}/saved", ids[2]), &[]).status, 200);
    assert_eq!(daemon.get(&format!("/api/v1/events/{}", ids[2])).json()["expires"]["rule"], json!({"kind": "saved"}));
    drop(daemon);
    let daemon = world.serve(&["--keep-days", "45", "--max-share", "1"]);
    assert_eq!(daemon.request("DELETE", &format!("/api/v1/events/{}/saved", ids[2]), &[]).status, 200);
    assert_eq!(daemon.request("POST", "/api/v1/retention/run", &[("Content-Length", "0")]).status, 200);
    wait_until("the day is gone", || daemon.event(&ids[2]).is_none());
    assert!(daemon.event(&ids[1]).is_some() && daemon.event(&ids[0]).is_some());
}

#[test]
fn rules_of_size_are_an_estimate() {
    let world = World::new();
    for days in 0..10 {
        world
            .event(format!("Camera1/{}/10-00-00", days_ago(days)))
            .frames(0)
            .movie("video.mp4", vec![0; 1000])
            .old()
            .make();
    }
    let daemon = serve_measured(&world, &["--max-size", "20kB", "--max-share", "0.1"]);
    let id = format!("Camera1/{}/10-00-00", days_ago(9));
    let expires = daemon.get(&format!("/api/v1/events/{id}")).json()["expires"].clone();
    // 10 kB of 20 kB are used, at a kilobyte a day.
    assert_eq!(expires["at"], json!((crate::world::today() + chrono::TimeDelta::days(10)).to_string()), "{expires}");
    assert_eq!(expires["rule"], json!({"kind": "archive-over", "limit": 20000, "excess": 0}));
    assert!(expires["reason"].as_str().unwrap().contains("an estimate"), "{expires}");
}
