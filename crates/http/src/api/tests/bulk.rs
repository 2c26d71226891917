//! Changes of many events by users who may see some cameras, or change nothing.

use super::*;

impl User {
    /// Sends JSON.
    pub(super) fn post(&self, path: &str, body: &Value) -> Received {
        let request = Request::builder().method("POST").uri(path).header(header::CONTENT_TYPE, "application/json");
        self.request(request.body(Body::from(body.to_string())).unwrap())
    }
}

const ROUTES: [&str; 2] = ["/api/v1/events/save", "/api/v1/events/delete"];

fn body(route: &str, events: &[String]) -> Value {
    if route == ROUTES[0] { json!({"events": events, "saved": true}) } else { json!({"events": events}) }
}

fn ids(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn only_visible_events_are_changed() {
    let world = World::new(&no_rules());
    let (limited, viewer) = (world.admin(&["Camera1"]), world.viewer(&["Camera1"]));
    let (seen, unseen) = ("Camera1/2026-09-01/10-00-00", "Camera2/2026-09-01/10-00-00");
    for route in ROUTES {
        let request =
            body(route, &ids(&[unseen, seen, seen, "Camera1/2026-09-01/10-00-01", "Camera9/2026-09-01/10-00-00"]));
        assert_eq!(viewer.post(route, &request).status, StatusCode::FORBIDDEN);
        let done = limited.post(route, &request);
        assert_eq!(done.status, StatusCode::OK, "{:?}", done.body);
        let done = done.json();
        let others = if route == ROUTES[0] { &done["failed"] } else { &done["left"] };
        let about = |other: &Value| {
            (
                other["event"].as_str().unwrap().to_owned(),
                other["status"].as_u64(),
                other["problem"].as_str().unwrap().to_owned(),
            )
        };
        let mut others: Vec<_> = others.as_array().unwrap().iter().map(about).collect();
        others.sort();
        let expected = ["Camera1/2026-09-01/10-00-01", unseen, "Camera9/2026-09-01/10-00-00"];
        assert_eq!(others, expected.map(|id| (id.to_owned(), Some(404), format!("there is no event {id}"))));
        if route == ROUTES[0] {
            assert_eq!(done["changed"], json!([seen]));
            assert!(world.path(seen).join(".saved").exists() && !world.path(unseen).join(".saved").exists());
            let again = limited.post(route, &json!({"events": [seen], "saved": false})).json();
            assert_eq!((&again["changed"], &again["failed"]), (&json!([seen]), &json!([])));
        } else {
            assert_eq!(
                (&done["items"][0]["events"], done["items"].as_array().unwrap().len()),
                (&json!(["10-00-00"]), 1)
            );
            assert!(!world.path(seen).exists() && world.path(unseen).exists());
        }
    }
}

#[test]
fn invalid_changes_change_nothing() {
    let world = World::new(&no_rules());
    let user = world.unrestricted();
    let many: Vec<String> = (0..1001).map(|nth| format!("Camera1/2026-09-01/{nth:04}")).collect();
    for route in ROUTES {
        for bad in [
            body(route, &many),
            body(route, &ids(&["Camera1/../x"])),
            json!({}),
            json!({"events": "all"}),
            json!({"events": [], "x": 1}),
        ] {
            assert_eq!(user.post(route, &bad).status, StatusCode::BAD_REQUEST, "{route}");
        }
        assert_eq!(user.send("POST", route).status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(user.send("GET", route).status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(user.post(&format!("{route}?x=1"), &body(route, &[])).status, StatusCode::BAD_REQUEST);
    }
    let nothing = user.post(ROUTES[1], &body(ROUTES[1], &[])).json();
    assert!(nothing["pass"].is_null() && nothing["left"] == json!([]), "{nothing}");
    assert_eq!(user.get("/api/v1/audit")["entries"], json!([]));
}

#[test]
fn a_day_is_one_item_of_the_pass() {
    let world = World::new(&no_rules());
    let user = world.unrestricted();
    let events: Vec<String> =
        ["Camera1", "Camera2"].iter().flat_map(|camera| EVENTS.map(|event| format!("{camera}/{event}"))).collect();
    let done = user.post(ROUTES[1], &body(ROUTES[1], &events)).json();
    let counts: Vec<u64> =
        done["items"].as_array().unwrap().iter().map(|item| item["count"].as_u64().unwrap()).collect();
    assert_eq!((counts, &done["left"], &done["failures"]), (vec![2, 2, 1, 1], &json!([]), &json!([])));
    assert_eq!(done["items"][0]["bytes"], 200);
    assert_eq!(user.get("/api/v1/events")["events"].as_array().unwrap().len(), 3);
    let restored = user.send("POST", &format!("/api/v1/queue/{}/restore", done["pass"].as_str().unwrap()));
    assert_eq!((restored.status, &restored.json()["left"]), (StatusCode::OK, &json!([])));
    assert_eq!(user.get("/api/v1/events")["events"].as_array().unwrap().len(), 9);
}
