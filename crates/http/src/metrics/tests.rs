use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::body::to_bytes;

use super::*;
use crate::auth::{Account, AccountKind, Role};
use crate::clock::{Clock, SystemClock};
use crate::engine::{Archive, Options, Service};

fn service(root: &Path) -> Service {
    for id in ["Camera1/2026-11-18/12-00-00", "Camera10/2026-11-19/12-00-00"] {
        fs::create_dir_all(root.join(id)).unwrap();
    }
    let service = Archive::open(Options::new(root).keep_days(9000)).unwrap().start().unwrap();
    assert!(service.wait_ready(Duration::from_secs(60)));
    service
}

fn scrape(service: &Service, viewer: Viewer) -> Scrape {
    let handle = Arc::clone(service.handle());
    let (meters, live) = (Arc::new(Meters::new(SystemClock.now())), Live::new(Arc::clone(&handle)));
    let pictures = CameraStreams::new(Arc::clone(&handle));
    Scrape { handle, meters, live, pictures, viewer, snapshot: None }
}

fn viewer(cameras: Option<&[&str]>, role: Role) -> Viewer {
    let cameras = cameras.map(|cameras| cameras.iter().map(|camera| camera.parse().unwrap()).collect());
    Viewer::new(Arc::new(Account { name: "anna".to_owned(), kind: AccountKind::User, role, cameras }))
}

/// The response of the route for this user.
fn get(service: &Service, viewer: Viewer) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Scrape { handle, meters, live, pictures, viewer, .. } = scrape(service, viewer);
        let state = (State(handle), State(meters), State((live, pictures)));
        let response = metrics(state.0, state.1, state.2, viewer, HeaderMap::new(), NoParams::default()).await.unwrap();
        String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
    })
}

fn series(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_whitespace().next()).collect()
}

#[test]
fn limited_users_get_only_their_series() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(folder.path());
    let all = get(&service, viewer(None, Role::Viewer));
    assert!(
        all.contains("camera=\"Camera1\"") && all.contains("camera=\"Camera10\"") && all.contains("owlery_ready 1")
    );
    for role in [Role::Viewer, Role::Admin] {
        let text = get(&service, viewer(Some(&["Camera1", "Camera7"]), role));
        let seen = series(&text);
        assert!(seen.contains("owlery_camera_events{camera=\"Camera1\"}"), "{text}");
        assert!(seen.iter().all(|name| name.starts_with("owlery_camera_") && name.contains("=\"Camera1\"}")), "{text}");
        assert!(!text.contains("Camera10") && !text.contains("process_"), "{text}");
    }
    for blind in [Viewer::without_access(), viewer(Some(&[]), Role::Admin), viewer(Some(&["Camera7"]), Role::Viewer)] {
        assert_eq!(get(&service, blind), "");
    }
}

#[test]
fn metrics_without_a_snapshot_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(folder.path());
    let text = write(scrape(&service, Viewer::unrestricted())).unwrap();
    let seen = series(&text);
    assert!(text.contains("owlery_scrape_complete 0\n") && text.ends_with("# EOF\n"), "{text}");
    assert!(seen.contains("owlery_ready") && seen.contains("process_threads"), "{text}");
    assert!(
        !seen.iter().any(|name| name.contains("camera") || name.contains("disk_") || name.contains("queue")),
        "{text}"
    );
}

#[test]
fn camera_names_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let name = "Camera\"} 1\\";
    fs::create_dir_all(folder.path().join(name).join("2026-11-18/12-00-00")).unwrap();
    let service = service(folder.path());
    let text = get(&service, Viewer::unrestricted());
    assert!(text.contains("owlery_camera_events{camera=\"Camera\\\"} 1\\\\\"} 1\n"), "{text}");
}
