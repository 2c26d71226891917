//! The HTTP routes of a daemon: strix, files, the API, and refused requests.

mod api;
mod audit;
pub mod auth;
mod bulk;
mod cache;
mod compression;
mod days;
mod derived;
mod expires;
mod files;
mod gate;
mod hostile;
mod joined;
pub mod live_pictures;
mod nginx;
mod passwd;
mod prefix;
mod retention;
mod reviewed;
mod sending;
mod stores;
mod stream;
mod strix;
mod writes;
mod zip;

use serde_json::{Value, json};

use crate::world::{Daemon, Response, World, wait_until};

/// Starts a daemon and waits until it has measured all events, and has read `peak_change` from the frames of the first two cameras,
/// which are real in these tests.
pub fn serve_measured(world: &World, flags: &[&str]) -> Daemon {
    let daemon = world.serve(flags);
    let is_measured = |event: &Value| {
        let id = event["id"].as_str().unwrap();
        let is_real = id.starts_with("Camera1/2026-11-21/") || id.starts_with("Camera2/2026-11-21/");
        let has_exif = is_real && event["frames"] != 0;
        let has_peak = !has_exif || !event["peak_change"].is_null();
        has_peak && !event["bytes"].is_null()
    };
    wait_until("everything measured", || daemon.events().iter().all(is_measured));
    daemon
}

/// Asserts that a response is a problem document, with this parameter if one is given.
fn assert_problem(response: &Response, status: u16, parameter: Option<&str>) {
    assert_eq!(response.status, status, "{}", response.text());
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    let problem = response.json();
    assert_eq!(problem["status"], status);
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    assert_eq!(problem.get("parameter").and_then(Value::as_str), parameter, "{problem}");
}

#[test]
fn health_and_readiness_are_served() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let health = daemon.get("/healthz");
    assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
    let ready = daemon.get("/readyz");
    assert_eq!(ready.status, 200);
    let all = json!({"ready": true, "waiting": {}, "days": 2, "days_done": 2, "events": 5, "alerts": [], "stores": {}});
    assert_eq!(ready.json(), all);
}

#[test]
fn a_missing_root_removes_no_event() {
    let world = World::sample("direct");
    let daemon = world.serve(&["--check-interval", "100ms"]);
    let away = world.root.with_extension("away");
    std::fs::rename(&world.root, &away).unwrap();
    let picture = "/media/Camera1/2026-11-21/05-44-39/05-44-39-00.jpg";
    assert_problem(&daemon.get(picture), 404, None);
    daemon.wait_for_log("cannot open");
    assert_eq!(daemon.get("/healthz").status, 200);
    assert_eq!(daemon.events().len(), 5, "events are still listed");
    std::fs::rename(&away, &world.root).unwrap();
    assert_eq!(daemon.get(picture).status, 200);
    assert_eq!(daemon.events().len(), 5);
}

#[test]
fn the_page_is_served_without_foreign_scripts() {
    let world = World::new();
    let daemon = world.serve(&[]);
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/texts/en.ftl", "text/plain; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/images/missing.jpg", "image/jpeg"),
        ("/api/v1/events", "application/json"),
        ("/nothing", "application/problem+json"),
    ] {
        let response = daemon.get(path);
        assert_eq!(response.header("content-type"), Some(kind), "{path}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
}

#[test]
fn asking_changes_nothing() {
    let world = World::sample("direct");
    let daemon = world.serve(&["--keep-days", "45"]);
    let before = world.tree();
    for path in [
        "/",
        "/api/v1/events",
        "/api/v1/cameras",
        "/api/v1/days",
        "/api/v1/queue",
        "/api/v1/retention",
        "/api/v1/audit",
        "/api/v1/openapi.json",
        "/api/v1/events/Camera1/2026-11-21/05-44-39",
        "/api/cameras/list",
        "/api/events/Camera1",
        "/api/v1/events/Camera1/2026-11-21/05-44-39.zip",
        "/api/v1/export",
        "/media/Camera1/2026-11-21/05-44-39/video.mp4",
        "/motion/Camera1/2026-11-21/05-44-39/video.mp4",
        "/healthz",
        "/readyz",
    ] {
        let received = daemon.get(path);
        assert_eq!(received.status, 200, "{path}");
        let head = daemon.request("HEAD", path, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-type"), received.header("content-type"), "{path}");
    }
    assert_eq!(world.tree(), before);
}
