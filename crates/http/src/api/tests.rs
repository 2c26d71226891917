//! Users who cannot see all cameras: every route under `/api/v1` over an archive, for different users, without `authenticate`.

mod bulk;
mod expires;
mod reviewed;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::{Extension, Router};
use chrono::NaiveDate;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::auth::{Access, Account, AccountKind, Role, Viewer};
use crate::clock::ManualClock;
use crate::engine::{Archive, Depth, OpenArchive, Options, Progress};
use crate::event::EventId;
use crate::retention::{Policy, Rules};
use crate::routes::routes;
use crate::state::AppState;

/// An archive of three cameras, read and measured, whose clock stands at noon of 2026-11-20.
struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    open: OpenArchive,
    state: AppState,
}

/// Each camera has these, with a file of 100 bytes in each.
const EVENTS: [&str; 3] = ["2026-09-01/10-00-00", "2026-09-01/11-00-00", "2026-11-19/12-00-00"];

impl World {
    fn new(rules: &Rules) -> Self {
        let folder = tempfile::Builder::new().prefix("owlery-api-").tempdir().unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 56); // in 2025: nothing is open
        for camera in ["Camera1", "Camera2", "Camera3"] {
            for event in EVENTS {
                let dir = folder.path().join(camera).join(event);
                fs::create_dir_all(&dir).unwrap();
                let frame = dir.join(format!("{}-00.jpg", &event[11..]));
                fs::write(&frame, [0; 100]).unwrap();
                for written in [&frame, &dir] {
                    File::open(written).unwrap().set_modified(long_ago).unwrap();
                }
            }
        }
        let noon = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
        let options = Options::new(folder.path()).policy(Policy::parse(rules).unwrap());
        let options = options.undo_window(Duration::from_hours(24));
        let clock = Arc::new(ManualClock::new(noon));
        let open = Archive::open(options.clock(clock.clone())).unwrap().open_catalog().unwrap();
        open.preload(Depth::Measure, &Progress::default()).unwrap();
        let state = AppState::new(Arc::clone(open.handle()), folder.path(), Access::default());
        Self { folder, clock, open, state }
    }

    /// A user who can see these cameras.
    fn user(&self, role: Role, cameras: &[&str]) -> User {
        let cameras = Some(cameras.iter().map(|camera| camera.parse().unwrap()).collect::<BTreeSet<_>>());
        self.as_user(Viewer::new(Arc::new(Account { name: "anna".to_owned(), kind: AccountKind::User, role, cameras })))
    }

    fn viewer(&self, cameras: &[&str]) -> User {
        self.user(Role::Viewer, cameras)
    }

    fn admin(&self, cameras: &[&str]) -> User {
        self.user(Role::Admin, cameras)
    }

    /// An admin of everything.
    fn unrestricted(&self) -> User {
        self.as_user(Viewer::unrestricted())
    }

    fn as_user(&self, viewer: Viewer) -> User {
        User(routes().layer(Extension(viewer)).with_state(self.state.clone()))
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Moves events into the delete queue, as one pass.
    fn delete(&self, events: &[&str]) -> String {
        let events: Vec<EventId> = events.iter().map(|event| event.parse().unwrap()).collect();
        self.open.handle().delete(&events).unwrap().pass.unwrap()
    }
}

/// The routes as one user reaches them.
struct User(Router);

struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.body))
    }

    fn tag(&self) -> String {
        self.headers[header::ETAG].to_str().unwrap().to_owned()
    }
}

impl User {
    fn request(&self, request: Request<Body>) -> Received {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = self.0.clone().oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            Received { status: head.status, headers: head.headers, body }
        })
    }

    fn send(&self, method: &str, path: &str) -> Received {
        self.request(Request::builder().method(method).uri(path).body(Body::empty()).unwrap())
    }

    /// The JSON of a successful response.
    fn get(&self, path: &str) -> Value {
        let response = self.send("GET", path);
        assert_eq!(response.status, StatusCode::OK, "{path}: {:?}", response.body);
        response.json()
    }

    fn has_it(&self, path: &str, tag: &str) -> bool {
        let request = Request::builder().uri(path).header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap();
        self.request(request).status == StatusCode::NOT_MODIFIED
    }

    fn confirm(&self, kind: Option<&str>, body: impl Into<Body>) -> Received {
        let mut request = Request::builder().method("POST").uri("/api/v1/retention/confirm");
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        self.request(request.body(body.into()).unwrap())
    }
}

/// The values of one key in a list.
fn all<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap()).collect()
}

fn no_rules() -> Rules {
    Rules::default()
}

/// Rules of every kind, so that each day of September is past its time.
fn all_rules() -> Rules {
    Rules {
        keep_days: vec!["45".to_owned(), "Camera2=30".to_owned()],
        max_size: vec!["1GB".to_owned(), "Camera1=1MB".to_owned(), "Camera2=1MB".to_owned()],
        min_free: Some("1B".to_owned()),
        ..Rules::default()
    }
}

#[test]
fn lists_and_counts_are_of_visible_cameras() {
    let world = World::new(&no_rules());
    let user = world.viewer(&["Camera1", "Camera3", "Camera9"]);
    let events = user.get("/api/v1/events");
    assert_eq!(events["events"].as_array().unwrap().len(), 6);
    assert!(all(&events["events"], "camera").iter().all(|camera| *camera != "Camera2"), "{events}");
    for (query, expected) in [
        ("camera=Camera1", 3),
        ("camera=Camera2", 0),
        ("camera=Camera1&camera=Camera2", 3),
        ("camera=Camera9", 0),
        ("saved=false&order=asc&limit=4", 4),
    ] {
        let json = user.get(&format!("/api/v1/events?{query}"));
        assert_eq!(json["events"].as_array().unwrap().len(), expected, "{query}");
        assert!(!json.to_string().contains("Camera2"), "{json}");
    }
    // A cursor that names another camera's event is a place in time and nothing else: of the newest day, Camera1's is left.
    let cursor = "2026-11-19T12:00:00/Camera2/2026-11-19/12-00-00";
    let json = user.get(&format!("/api/v1/events?cursor={cursor}"));
    assert_eq!(json["events"].as_array().unwrap().len(), 5, "{json}");

    let cameras = user.get("/api/v1/cameras");
    assert_eq!(all(&cameras["cameras"], "name"), ["Camera1", "Camera3"]);
    let days = user.get("/api/v1/days");
    assert_eq!(all(&days["days"], "camera"), ["Camera1", "Camera3", "Camera1", "Camera3"]);
    assert_eq!(days["days"][2]["events"], 2);
    assert_eq!(user.get("/api/v1/days?camera=Camera2"), json!({"days": []}));
    assert_eq!(user.get("/api/v1/days?camera=Camera2&camera=Camera3")["days"].as_array().unwrap().len(), 2);

    let blind = world.as_user(Viewer::without_access());
    assert_eq!(blind.get("/api/v1/events"), json!({"events": [], "next": null}));
    assert_eq!(blind.get("/api/v1/days"), json!({"days": []}));
    assert_eq!(blind.get("/api/v1/cameras")["cameras"], json!([]));
    assert_eq!(blind.get("/api/v1/audit"), json!({"entries": [], "next": null}));
    assert_eq!(blind.get("/api/v1/queue"), json!({"passes": [], "others": []}));
}

#[test]
fn invisible_cameras_look_unknown() {
    let world = World::new(&no_rules());
    let user = world.admin(&["Camera1"]);
    for (method, path) in [
        ("GET", "/api/v1/events/CAMERA/2026-09-01/10-00-00"),
        ("DELETE", "/api/v1/events/CAMERA/2026-09-01/10-00-00"),
        ("PUT", "/api/v1/events/CAMERA/2026-09-01/10-00-00/saved"),
        ("DELETE", "/api/v1/events/CAMERA/2026-09-01/10-00-00/saved"),
        ("PUT", "/api/v1/events/CAMERA/2026-09-01/10-00-00/reviewed"),
        ("DELETE", "/api/v1/events/CAMERA/2026-09-01/10-00-00/reviewed"),
        ("GET", "/api/v1/events?camera=CAMERA"),
        ("GET", "/api/v1/days?camera=CAMERA"),
    ] {
        let [unseen, unknown] = ["Camera2", "Camera9"].map(|camera| user.send(method, &path.replace("CAMERA", camera)));
        assert_eq!((unseen.status, &unseen.headers), (unknown.status, &unknown.headers), "{method} {path}");
        assert_eq!(unseen.body, unknown.body, "{method} {path}");
        let expected = if path.contains('?') { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(unseen.status, expected, "{method} {path}");
    }
    assert!(world.path("Camera2/2026-09-01/10-00-00/10-00-00-00.jpg").exists());
    assert!(!world.path("Camera2/2026-09-01/10-00-00/.saved").exists());
    assert_eq!(world.unrestricted().get("/api/v1/audit")["entries"], json!([]), "nothing was done, nor refused");
}

#[test]
fn tags_of_other_users_do_not_match() {
    let world = World::new(&no_rules());
    let users = [world.unrestricted(), world.viewer(&["Camera1"]), world.viewer(&["Camera2"]), world.viewer(&[])];
    for path in ["/api/v1/events", "/api/v1/events?camera=Camera1", "/api/v1/days", "/api/v1/cameras"] {
        let responses = users.each_ref().map(|user| user.send("GET", path));
        for (at, user) in users.iter().enumerate() {
            for (of, response) in responses.iter().enumerate() {
                assert_eq!(user.has_it(path, &response.tag()), at == of, "{path}: {at} with the tag of {of}");
            }
            // Requested again, now that all pages are cached. The free space of the disk changes by itself.
            let again = user.send("GET", path);
            assert!(again.body == responses[at].body || path.ends_with("/cameras") && at == 0, "{path}: {at}");
        }
        assert!(!String::from_utf8_lossy(&responses[1].body).contains("Camera2"), "{path}");
        assert_eq!(responses[1].headers[header::CACHE_CONTROL], "private, no-cache");
    }
    let same = world.admin(&["Camera1"]);
    assert!(same.has_it("/api/v1/days", &users[1].send("GET", "/api/v1/days").tag()), "it is the cameras that count");
}

#[test]
fn tags_of_relative_times_expire() {
    let world = World::new(&no_rules());
    let user = world.unrestricted();
    let now = crate::clock::Clock::now(&*world.clock).local;
    for (path, moves) in [
        ("/api/v1/events?from=2d", true),
        ("/api/v1/days?from=2d", true),
        ("/api/v1/events", false),
        ("/api/v1/days", false),
    ] {
        world.clock.set(now);
        let before = user.send("GET", path);
        assert!(user.has_it(path, &before.tag()), "{path}");
        world.clock.set(now + chrono::TimeDelta::days(3));
        assert_eq!(user.has_it(path, &before.tag()), !moves, "{path}");
        assert_eq!(user.send("GET", path).body != before.body, moves, "{path}");
    }
}

#[test]
fn tags_do_not_reveal_changes_of_other_cameras() {
    let world = World::new(&no_rules());
    let paths = ["/api/v1/events", "/api/v1/days", "/api/v1/cameras"];
    let tags = |cameras: &[&str]| paths.map(|path| world.viewer(cameras).send("GET", path).tag());
    let (seen, changed) = (tags(&["Camera1"]), tags(&["Camera2"]));
    world.open.handle().set_saved(&format!("Camera2/{}", EVENTS[0]).parse().unwrap(), true).unwrap();
    assert_eq!(tags(&["Camera1"]), seen);
    assert!(tags(&["Camera2"]).iter().zip(&changed).all(|(now, before)| now != before));
}

#[test]
fn limited_users_get_no_disk_forecast() {
    let world = World::new(&all_rules());
    let whole = world.unrestricted().get("/api/v1/cameras");
    assert!(whole["forecast"]["disk"].is_object() && whole["forecast"]["days_until_full"].is_u64(), "{whole}");
    let rules = |forecast: &Value| all(&forecast["kept"], "rule").join(" ");
    assert_eq!(rules(&whole["forecast"]), "keep-days max-size min-free");
    let user = world.viewer(&["Camera1"]);
    let json = user.get("/api/v1/cameras");
    let forecast = &json["forecast"];
    assert!(forecast["disk"].is_null() && forecast["days_until_full"].is_null(), "{json}");
    assert_eq!(rules(forecast), "keep-days");
    assert_eq!(forecast["bytes_per_day_7"], json["cameras"][0]["forecast"]["bytes_per_day_7"]);
    assert_eq!(
        forecast["bytes_per_day_7"].as_u64().map(|rate| rate * 3),
        whole["forecast"]["bytes_per_day_7"].as_u64()
    );
    assert_eq!(rules(&json["cameras"][0]["forecast"]), "keep-days max-size");
    assert_eq!(user.get("/api/v1/retention")["forecast"], *forecast);
}

#[test]
fn changes_require_an_admin() {
    let world = World::new(&all_rules());
    let held = world.open.handle().pass(None).unwrap();
    assert!(held.refused.is_some());
    let id = held.pass.unwrap();
    let pass = world.delete(&["Camera1/2026-11-19/12-00-00"]);
    let viewer = world.viewer(&["Camera1"]);
    let restore = format!("/api/v1/queue/{pass}/restore");
    for (method, path) in [
        ("PUT", "/api/v1/events/Camera1/2026-09-01/10-00-00/saved"),
        ("DELETE", "/api/v1/events/Camera1/2026-09-01/10-00-00/saved"),
        ("DELETE", "/api/v1/events/Camera1/2026-09-01/10-00-00"),
        ("DELETE", "/api/v1/events/Camera2/2026-09-01/10-00-00"),
        ("DELETE", "/api/v1/events/x/y/z"),
        ("PUT", "/api/v1/events/Camera1/2026-09-01/10-00-00/saved?x=1"),
        ("POST", &restore),
        ("POST", "/api/v1/queue/x/restore"),
        ("POST", "/api/v1/retention/run"),
        ("POST", "/api/v1/retention/confirm"),
    ] {
        assert_eq!(viewer.send(method, path).status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    let admin = world.admin(&["Camera1", "Camera2", "Camera3"]);
    assert_eq!(admin.send("POST", "/api/v1/retention/run").status, StatusCode::FORBIDDEN);
    let body = json!({"pass": id}).to_string();
    assert_eq!(admin.confirm(Some("application/json"), body).status, StatusCode::FORBIDDEN);
    assert!(!world.path("Camera1/2026-09-01/10-00-00/.saved").exists());
    assert!(world.path(&format!("delete_queue/{pass}/Camera1")).exists());
    assert!(EVENTS[..2].iter().all(|event| world.path("Camera2").join(event).exists()));
}

#[test]
fn the_queue_is_redacted() {
    let world = World::new(&no_rules());
    let own = world.delete(&["Camera1/2026-09-01/10-00-00"]);
    let others = world.delete(&["Camera2/2026-09-01/10-00-00"]);
    let mixed = world.delete(&["Camera1/2026-09-01/11-00-00", "Camera2/2026-09-01/11-00-00"]);
    fs::create_dir(world.path("delete_queue/foreign")).unwrap();
    let user = world.admin(&["Camera1"]);
    for (json, at) in [(user.get("/api/v1/queue"), "passes"), (user.get("/api/v1/retention"), "passes")] {
        assert_eq!(all(&json[at], "pass").into_iter().collect::<BTreeSet<_>>(), [&*own, &*mixed].into(), "{json}");
        for pass in json[at].as_array().unwrap() {
            assert_eq!(all(&pass["items"], "camera"), ["Camera1"], "{json}");
        }
        assert!(!json.to_string().contains("Camera2"), "{json}");
    }
    let queue = user.get("/api/v1/queue");
    assert!(queue["passes"][0]["path"].is_null() && queue["others"] == json!([]), "{queue}");
    let whole = world.unrestricted().get("/api/v1/queue");
    assert_eq!((whole["passes"].as_array().unwrap().len(), whole["others"].as_array().unwrap().len()), (3, 1));

    let restore = |user: &User, pass: &str| user.send("POST", &format!("/api/v1/queue/{pass}/restore"));
    let (unseen, unknown) = (restore(&user, &others), restore(&user, "20260101T000000Z-AbCdEf"));
    assert_eq!((unseen.status, &unseen.body), (StatusCode::NOT_FOUND, &unknown.body));
    let refused = restore(&user, &mixed);
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!String::from_utf8_lossy(&refused.body).contains("Camera2"));
    assert!(!world.path("Camera1/2026-09-01/11-00-00").exists() && !world.path("Camera2/2026-09-01/10-00-00").exists());
    assert_eq!(restore(&user, &own).status, StatusCode::OK);
    assert!(world.path("Camera1/2026-09-01/10-00-00").exists());
    assert_eq!(restore(&world.admin(&["Camera1", "Camera2"]), &mixed).status, StatusCode::OK);
    assert!(world.path("Camera2/2026-09-01/11-00-00").exists());
}

#[test]
fn plans_and_guards_are_redacted() {
    let rules =
        Rules { keep_days: vec!["45".to_owned(), "Camera2=30".to_owned(), "Camera9=7".to_owned()], ..all_rules() };
    for (rules, guard) in [(all_rules(), "share"), (rules, "configuration")] {
        let world = World::new(&rules);
        let held = world.open.handle().pass(None).unwrap();
        assert_eq!(held.refused.as_ref().unwrap().guard.as_str(), guard);
        let whole = world.unrestricted().get("/api/v1/retention");
        assert_eq!(whole["rules"]["keep_days"][0], "45");
        assert_eq!(all(&whole["plan"]["items"], "camera"), ["Camera1", "Camera2", "Camera3"]);
        assert_eq!(whole["plan"]["held"]["guard"], guard);
        assert_eq!(whole["passes"][0]["pass"].as_str(), held.pass.as_deref());
        let of =
            |json: &Value| json["guards"].as_array().unwrap().iter().find(|one| one["name"] == guard).unwrap().clone();
        assert!(!of(&whole)["ok"].as_bool().unwrap());
        assert_eq!(of(&whole)["message"].as_str().unwrap(), held.refused.unwrap().message);

        let json = world.viewer(&["Camera1"]).get("/api/v1/retention");
        let text = json.to_string();
        for secret in ["Camera2", "Camera3", "Camera9", "of 9 events", "1000000000B", "1B\""] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!(json["rules"]["keep_days"], json!(["45"]));
        assert_eq!(json["rules"]["max_size"], json!(["Camera1=1000000B"]));
        assert_eq!(all(&json["plan"]["items"], "camera"), ["Camera1"]);
        assert_eq!(json["plan"]["held"]["guard"], guard);
        assert!(!of(&json)["ok"].as_bool().unwrap());
        assert_eq!(all(&json["passes"][0]["items"], "camera"), ["Camera1"]);
        assert_eq!(json["passes"][0]["refused"]["guard"], guard);
        let nothing = world.viewer(&["Camera9"]).get("/api/v1/retention");
        assert_eq!((&nothing["plan"]["items"], &nothing["passes"]), (&json!([]), &json!([])));
    }
}

#[test]
fn reasons_of_the_whole_archive_are_redacted() {
    let rules = Rules { max_size: vec!["100B".to_owned()], max_share: Some("1".to_owned()), ..no_rules() };
    let world = World::new(&rules);
    let (whole, user) = (world.unrestricted(), world.viewer(&["Camera1"]));
    let is_shown = |json: &Value| json.to_string().contains("archive over");
    assert!(is_shown(&whole.get("/api/v1/retention")["plan"]));
    let json = user.get("/api/v1/retention");
    assert_eq!(all(&json["plan"]["items"], "reason"), ["by a rule of the whole archive"], "{json}");
    assert!(world.open.handle().pass(None).unwrap().refused.is_none());
    for path in ["/api/v1/queue", "/api/v1/retention", "/api/v1/audit"] {
        assert!(is_shown(&whole.get(path)), "{path}");
        let json = user.get(path);
        assert!(!is_shown(&json) && json.to_string().contains("by a rule of the whole archive"), "{path}: {json}");
    }
}

#[test]
fn limited_users_get_full_audit_pages() {
    let world = World::new(&Rules { keep_days: vec!["45".to_owned()], max_share: Some("1".to_owned()), ..no_rules() });
    for event in EVENTS {
        for camera in ["Camera1", "Camera2", "Camera3"] {
            let id: EventId = format!("{camera}/{event}").parse().unwrap();
            world.open.handle().set_saved(&id, true).unwrap();
            world.open.handle().set_saved(&id, false).unwrap();
        }
    }
    assert_eq!(world.open.handle().pass(None).unwrap().items.len(), 3);
    let user = world.viewer(&["Camera2"]);
    let whole = user.get("/api/v1/audit");
    assert_eq!(whole["next"], Value::Null);
    let entries = whole["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 7, "three saved, three unsaved, one retired; neither the pass's sums nor others'");
    assert!(entries.iter().all(|entry| entry["camera"] == "Camera2"), "{whole}");
    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let page = user.get(&format!("/api/v1/audit?limit=2{next}"));
        let entries = page["entries"].as_array().unwrap();
        paged.extend(entries.iter().cloned());
        match page["next"].as_u64() {
            Some(cursor) => {
                assert_eq!(entries.len(), 2, "a page before the last is full");
                next = format!("&cursor={cursor}");
            }
            None => break,
        }
    }
    assert_eq!(&paged, entries);
    let all_entries = world.unrestricted().get("/api/v1/audit");
    assert_eq!(all_entries["entries"].as_array().unwrap().len(), 18 + 1 + 3);
}

#[test]
fn no_pass_runs_before_the_preload_is_complete() {
    let world = World::new(&all_rules()); // nothing runs here, so nothing ever says that all is read
    let id = world.open.handle().pass(None).unwrap().pass.unwrap();
    let user = world.unrestricted();
    let json = user.get("/api/v1/retention");
    assert!(json["next_check"].is_null(), "{json}");
    assert_eq!(user.send("POST", "/api/v1/retention/run").status, StatusCode::SERVICE_UNAVAILABLE);
    let body = json!({"pass": id}).to_string();
    assert_eq!(user.confirm(Some("application/json"), body).status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(world.path("Camera1/2026-09-01/10-00-00").exists());
}

#[test]
fn a_body_is_json_of_the_known_shape() {
    let user = World::new(&no_rules()).unrestricted();
    let is = |kind: Option<&str>, body: String| {
        let response = user.confirm(kind, body);
        assert_eq!(response.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.json()["status"], response.status.as_u16());
        response.status.as_u16()
    };
    let (json, good) = (Some("application/json"), r#"{"pass":"x"}"#.to_owned());
    for kind in
        [None, Some(""), Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")]
    {
        assert_eq!(is(kind, good.clone()), 415, "{kind:?}");
    }
    for bad in
        ["", "{", "[]", "{}", "null", r#"{"pass":1}"#, r#"{"pass":"x","force":true}"#, r#"{"pass":"x","pass":"y"}"#]
    {
        assert_eq!(is(json, bad.to_owned()), 400, "{bad}");
    }
    // A valid body passes this check, and the service is not ready here.
    assert_eq!(is(json, good.clone()), 503);
    assert_eq!(is(Some("Application/JSON; charset=utf-8"), good), 503);
}
