//! When an event expires, as its users may know.

use super::*;

fn expires(user: &User, event: &str) -> Value {
    user.get(&format!("/api/v1/events/{event}"))["expires"].clone()
}

const OLD: &str = "Camera1/2026-09-01/10-00-00";
const NEW: &str = "Camera1/2026-11-19/12-00-00";

#[test]
fn rules_of_age_have_a_day() {
    let world = World::new(&Rules { keep_days: vec!["45".to_owned(), "Camera2=forever".to_owned()], ..no_rules() });
    let user = world.unrestricted();
    let new = json!({"at": "2027-01-04", "reason": "kept for 45 days", "rule": {"kind": "older-than", "days": 45, "ended": "2026-11-19"}});
    assert_eq!(expires(&user, NEW), new);
    assert_eq!(expires(&user, OLD)["at"], "2026-11-20", "the next pass takes it");
    assert_eq!(expires(&world.viewer(&["Camera1"]), NEW), new);
    let forever = json!({"at": null, "reason": "no rule: Camera2 is kept forever", "rule": null});
    assert_eq!(expires(&user, &NEW.replace("Camera1", "Camera2")), forever);
    user.send("PUT", &format!("/api/v1/events/{OLD}/saved"));
    assert_eq!(
        expires(&user, OLD),
        json!({"at": null, "reason": "saved: no rule takes it", "rule": {"kind": "saved"}})
    );
    let pass = world.delete(&["Camera1/2026-09-01/11-00-00"]);
    user.send("POST", &format!("/api/v1/queue/{pass}/restore"));
    let restored = expires(&user, "Camera1/2026-09-01/11-00-00");
    assert_eq!(restored["at"], "2026-11-27", "{restored}");
    assert!(restored["reason"].as_str().unwrap().contains("restored, so not before"), "{restored}");
    assert!(user.get("/api/v1/events")["events"][0].get("expires").is_none(), "only of a single event");
}

#[test]
fn limited_users_learn_nothing_of_the_disk() {
    let none = expires(&World::new(&no_rules()).unrestricted(), OLD);
    assert_eq!(none, json!({"at": null, "reason": "no rule", "rule": null}));
    let world = World::new(&Rules { max_size: vec!["700B".to_owned()], min_free: Some("1B".to_owned()), ..no_rules() });
    let whole = expires(&world.unrestricted(), OLD);
    assert_eq!(
        (&whole["rule"], &whole["at"]),
        (&json!({"kind": "archive-over", "limit": 700, "excess": 200}), &json!("2026-11-20"))
    );
    let hidden = json!({"at": null, "reason": "by a rule of the whole archive", "rule": {"kind": "whole-archive"}});
    assert_eq!(expires(&world.viewer(&["Camera1"]), OLD), hidden);
}
