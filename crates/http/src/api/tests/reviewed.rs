//! Reviewed events: of each user, in lists, days and tags.

use super::*;

fn one(camera: &str, event: usize) -> String {
    format!("{camera}/{}", EVENTS[event])
}

fn reviewed_of(user: &User, query: &str) -> Vec<(String, bool)> {
    let json = user.get(&format!("/api/v1/events{query}"));
    let event = |event: &Value| (event["id"].as_str().unwrap().to_owned(), event["reviewed"].as_bool().unwrap());
    json["events"].as_array().unwrap().iter().map(event).collect()
}

/// How many events are reviewed by the lists, and by the days.
fn counts(user: &User) -> (u64, u64) {
    let by_list = reviewed_of(user, "").iter().filter(|(_, reviewed)| *reviewed).count() as u64;
    let days = user.get("/api/v1/days");
    (by_list, days["days"].as_array().unwrap().iter().map(|day| day["reviewed"].as_u64().unwrap()).sum())
}

fn account(name: &str, kind: AccountKind) -> Viewer {
    Viewer::new(Arc::new(Account { name: name.to_owned(), kind, role: Role::Viewer, cameras: None }))
}

#[test]
fn each_user_and_token_reviews_for_itself() {
    let world = World::new(&no_rules());
    let accounts = [
        world.unrestricted(),
        world.as_user(account("anna", AccountKind::User)),
        world.as_user(account("anna", AccountKind::Token)),
        world.as_user(account("bert", AccountKind::User)),
    ];
    let path = format!("/api/v1/events/{}/reviewed", one("Camera1", 0));
    for (nth, user) in accounts.iter().enumerate() {
        for method in ["PUT", "PUT"] {
            let marked = user.send(method, &path);
            assert_eq!((marked.status, &marked.json()["reviewed"]), (StatusCode::OK, &json!(true)));
        }
        assert_eq!(counts(user), (1, 1));
        assert!(accounts[nth + 1..].iter().all(|other| counts(other) == (0, 0)));
        let single = user.get(&format!("/api/v1/events/{}", one("Camera1", 0)));
        assert_eq!((&single["reviewed"], single["images"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    }
    assert_eq!(accounts[1].send("DELETE", &path).json()["reviewed"], false);
    assert_eq!(accounts.each_ref().map(counts), [(1, 1), (0, 0), (1, 1), (1, 1)]);
    let same = world.user(Role::Admin, &["Camera1"]); // the user anna, whose rights were changed
    assert_eq!(counts(&same), (0, 0));
}

#[test]
fn tags_change_with_the_user_alone() {
    let world = World::new(&no_rules());
    let (anna, bert) = (account("anna", AccountKind::User), account("bert", AccountKind::User));
    let users = [world.as_user(anna), world.as_user(bert), world.viewer(&["Camera1"])]; // the last is anna too
    for path in ["/api/v1/events", "/api/v1/days", "/api/v1/events?reviewed=false"] {
        let before = users.each_ref().map(|user| user.send("GET", path).tag());
        assert_ne!(before[0], before[1], "{path}");
        let event = format!("/api/v1/events/{}/reviewed", one("Camera1", 1));
        assert_eq!(users[0].send("PUT", &event).status, StatusCode::OK);
        let matches = [0, 1, 2].map(|nth| users[nth].has_it(path, &before[nth]));
        assert_eq!(matches, [false, true, false], "{path}");
        let marked = users[0].send("GET", path).tag();
        assert_eq!(users[0].send("PUT", &event).status, StatusCode::OK);
        assert!(users[0].has_it(path, &marked), "nothing changed");
        users[0].send("DELETE", &event);
        assert!(!users[0].has_it(path, &marked), "{path}");
    }
}

#[test]
fn pages_hold_only_what_is_asked_for() {
    let world = World::new(&no_rules());
    let user = world.unrestricted();
    let every: Vec<String> = reviewed_of(&user, "").into_iter().map(|(id, _)| id).collect();
    for (nth, marked) in every.iter().enumerate() {
        assert_eq!(user.send("PUT", &format!("/api/v1/events/{marked}/reviewed")).status, StatusCode::OK);
        for (reviewed, expected) in [(false, &every[nth + 1..]), (true, &every[..=nth])] {
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = user.get(&format!("/api/v1/events?reviewed={reviewed}&limit=2{cursor}"));
                let events = page["events"].as_array().unwrap();
                assert!(events.iter().all(|event| event["reviewed"] == reviewed), "{page}");
                found.extend(all(&page["events"], "id").into_iter().map(str::to_owned));
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(found, expected);
        }
    }
    let of_camera = reviewed_of(&world.viewer(&["Camera1"]), "?reviewed=false&order=asc&camera=Camera1&camera=Camera2");
    assert_eq!(of_camera.len(), 3);
}

#[test]
fn days_count_events_that_exist() {
    let world = World::new(&no_rules());
    let user = world.unrestricted();
    assert_eq!(user.post("/api/v1/reviewed", &json!({"reviewed": true, "from": "2026-09-01"})).json()["events"], 9);
    let pass = world.delete(&[&one("Camera1", 0)]);
    assert_eq!(counts(&user), (8, 8));
    assert_eq!(reviewed_of(&user, "?reviewed=false"), []);
    let restored = user.send("POST", &format!("/api/v1/queue/{pass}/restore"));
    assert_eq!(restored.status, StatusCode::OK);
    assert_eq!(counts(&user), (9, 9), "it was reviewed before");
}

#[test]
fn many_events_are_reviewed_at_once() {
    let world = World::new(&no_rules());
    let (user, limited) = (world.unrestricted(), world.viewer(&["Camera1", "Camera9"]));
    let post = |user: &User, body: Value| {
        let received = user.post("/api/v1/reviewed", &body);
        assert_eq!(received.status, StatusCode::OK, "{body}: {:?}", received.body);
        received.json()["events"].as_u64().unwrap()
    };
    let named = json!([
        one("Camera1", 0),
        one("Camera1", 0),
        one("Camera2", 1),
        "Camera1/2026-09-01/10-00-01",
        "Camera9/2026-09-01/10-00-00"
    ]);
    assert_eq!(post(&user, json!({"reviewed": true, "events": named})), 2);
    assert_eq!(post(&user, json!({"reviewed": true, "events": named})), 0);
    assert_eq!(post(&limited, json!({"reviewed": true, "events": named})), 1, "Camera2 does not exist");
    assert_eq!(post(&limited, json!({"reviewed": true, "from": "2026-09-01", "to": "2026-09-01"})), 1);
    assert_eq!(post(&limited, json!({"reviewed": true, "camera": ["Camera2"], "to": "2026-09-01"})), 0);
    assert_eq!(post(&user, json!({"reviewed": true, "from": "2026-09-01 10:00:00", "to": "2026-09-01 10:59:59"})), 2);
    assert_eq!(counts(&user), (4, 4));
    assert_eq!(post(&user, json!({"reviewed": false, "camera": ["Camera2", "Camera3"]})), 3);
    assert_eq!(post(&user, json!({"reviewed": true, "camera": []})), 0);
    assert_eq!(post(&user, json!({"reviewed": true, "from": "999y"})), 8);
    assert_eq!((counts(&user), counts(&limited)), ((9, 9), (2, 2)));
}

#[test]
fn invalid_reviews_are_refused() {
    let world = World::new(&no_rules());
    let user = world.unrestricted();
    let many: Vec<String> = (0..1001).map(|nth| format!("Camera1/2026-09-01/{nth:04}")).collect();
    for body in [
        json!({"reviewed": true}),
        json!({"events": [one("Camera1", 0)]}),
        json!({"reviewed": true, "events": [one("Camera1", 0)], "from": "2026-09-01"}),
        json!({"reviewed": true, "events": many}),
        json!({"reviewed": true, "events": ["Camera1/../10-00-00"]}),
        json!({"reviewed": true, "camera": [".."]}),
        json!({"reviewed": true, "from": "yesterday"}),
        json!({"reviewed": true, "from": "2026-09-01", "to": null}),
        json!({"reviewed": "yes", "from": "2026-09-01"}),
        json!({"reviewed": true, "from": "2026-09-01", "saved": true}),
    ] {
        let refused = user.post("/api/v1/reviewed", &body);
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(user.send("POST", "/api/v1/reviewed").status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(counts(&user), (0, 0));
}
