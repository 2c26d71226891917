use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::body::to_bytes;
use axum::extract::Query;

use super::*;
use crate::http::Role;
use crate::http::viewer::Account;
use crate::service::{Archive, Options, Service};

fn service(root: &Path) -> Service {
    for id in ["Camera1/2026-11-18/12-00-00", "Camera10/2026-11-19/12-00-00"] {
        fs::create_dir_all(root.join(id)).unwrap();
    }
    let service = Archive::open(Options::new(root).keep_days(9000)).unwrap().start().unwrap();
    assert!(service.wait_ready(Duration::from_secs(60)));
    service
}

fn web(service: &Service) -> Web {
    Web::new(Arc::clone(service.handle()), service.state_dir(), crate::http::Access::default())
}

fn viewer(cameras: Option<&[&str]>, role: Role) -> Viewer {
    let cameras = cameras.map(|cameras| cameras.iter().map(|camera| camera.parse().unwrap()).collect());
    Viewer::new(Arc::new(Account { name: "somebody".to_owned(), role, cameras }))
}

/// What the route answers this viewer.
fn told(web: &Web, viewer: Viewer) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let response = metrics(State(web.clone()), viewer, HeaderMap::new(), Ok(Query(Vec::new()))).await.unwrap();
        String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
    })
}

fn series(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_whitespace().next()).collect()
}

#[test]
fn a_limited_viewer_sees_the_series_of_his_cameras_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(folder.path());
    let web = web(&service);
    let all = told(&web, viewer(None, Role::Viewer));
    assert!(
        all.contains("camera=\"Camera1\"") && all.contains("camera=\"Camera10\"") && all.contains("owlery_ready 1")
    );
    for role in [Role::Viewer, Role::Admin] {
        let text = told(&web, viewer(Some(&["Camera1", "Camera7"]), role));
        let seen = series(&text);
        assert!(seen.contains("owlery_camera_events{camera=\"Camera1\"}"), "{text}");
        assert!(seen.iter().all(|name| name.starts_with("owlery_camera_") && name.contains("=\"Camera1\"}")), "{text}");
        assert!(!text.contains("Camera10") && !text.contains("process_"), "{text}");
    }
    for nobody in [Viewer::nobody(), viewer(Some(&[]), Role::Admin), viewer(Some(&["Camera7"]), Role::Viewer)] {
        assert_eq!(told(&web, nobody), "");
    }
}

#[test]
fn without_an_answer_of_the_archive_the_rest_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(folder.path());
    let text = write(web(&service), Viewer::anybody(), None).unwrap();
    let seen = series(&text);
    assert!(text.contains("owlery_scrape_complete 0\n") && text.ends_with("# EOF\n"), "{text}");
    assert!(seen.contains("owlery_ready") && seen.contains("process_threads"), "{text}");
    assert!(
        !seen.iter().any(|name| name.contains("camera") || name.contains("disk_") || name.contains("queue")),
        "{text}"
    );
}

#[test]
fn names_that_hurt_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let name = "Camera\"} 1\\";
    fs::create_dir_all(folder.path().join(name).join("2026-11-18/12-00-00")).unwrap();
    let service = service(folder.path());
    let text = told(&web(&service), Viewer::anybody());
    assert!(text.contains("owlery_camera_events{camera=\"Camera\\\"} 1\\\\\"} 1\n"), "{text}");
}
