//! JSON for clients that accept gzip: the same data, tags that hold for both forms, and everything else as it is.

use std::io::Read as _;
use std::time::Instant;

use super::auth::{cookie, serve_with, users};
use super::serve_measured;
use crate::world::{Daemon, Response, World};

const GZIP: (&str, &str) = ("Accept-Encoding", "br, gzip;q=0.8");

fn archive() -> World {
    let world = World::new();
    for nth in 0..60 {
        world.event(format!("Camera1/2026-03-{:02}/10-00-{nth:02}", 1 + nth / 20)).old().make();
    }
    world
}

fn unpacked(response: &Response) -> Vec<u8> {
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&response.body[..]).read_to_end(&mut plain).unwrap();
    plain
}

fn varies(response: &Response) -> bool {
    response.headers.iter().any(|(name, value)| name == "vary" && value.to_lowercase().contains("accept-encoding"))
}

fn get(daemon: &Daemon, path: &str, headers: &[(&str, &str)]) -> Response {
    daemon.request("GET", path, headers)
}

#[test]
fn both_forms_have_the_same_data_and_tag() {
    let world = archive();
    let daemon = serve_measured(&world, &[]);
    for path in ["/api/v1/events", "/api/v1/events?limit=60", "/api/v1/openapi.json"] {
        let (plain, packed) = (get(&daemon, path, &[]), get(&daemon, path, &[GZIP]));
        assert_eq!((plain.header("content-encoding"), varies(&plain), varies(&packed)), (None, true, true), "{path}");
        assert_eq!(unpacked(&packed), plain.body, "{path}");
        assert!(packed.body.len() * 5 < plain.body.len(), "{path}: {} of {}", packed.body.len(), plain.body.len());
        assert_eq!(packed.header("content-length"), Some(&*packed.body.len().to_string()));
        assert_eq!(
            (packed.header("content-type"), packed.header("etag")),
            (plain.header("content-type"), plain.header("etag"))
        );
        for (headers, of_get) in [(&[GZIP][..], &packed), (&[], &plain)] {
            let head = daemon.request("HEAD", path, headers);
            assert!(head.body.is_empty());
            for name in ["content-length", "content-encoding", "content-type", "etag", "vary"] {
                assert_eq!(head.header(name), of_get.header(name), "{path}: {name}");
            }
        }
        let Some(tag) = plain.header("etag") else { continue };
        assert!(tag.starts_with("W/"), "{tag}");
        for headers in [&[("If-None-Match", tag), GZIP][..], &[("If-None-Match", tag)]] {
            let unchanged = get(&daemon, path, headers);
            assert_eq!((unchanged.status, unchanged.header("etag"), varies(&unchanged)), (304, Some(tag), true));
            assert!(unchanged.body.is_empty() && unchanged.header("content-encoding").is_none());
        }
    }
}

#[test]
fn small_bodies_and_media_stay_as_they_are() {
    let world = archive();
    let daemon = world.serve(&[]);
    let small = get(&daemon, "/api/v1/events?limit=1", &[GZIP]);
    assert_eq!((small.header("content-encoding"), varies(&small)), (None, true));
    assert_eq!(get(&daemon, "/api/v1/nothing", &[GZIP]).header("content-encoding"), None);
    let event = "Camera1/2026-03-01/10-00-00";
    for path in [
        format!("/media/{event}/video.mp4"),
        format!("/media/{event}/10-00-00-00.jpg"),
        format!("/api/v1/events/{event}.zip"),
        "/metrics".to_owned(),
    ] {
        let sent = get(&daemon, &path, &[GZIP]);
        assert_eq!((sent.status, sent.header("content-encoding"), varies(&sent)), (200, None, false), "{path}");
    }
}

/// The tags of users with some cameras are made of the body, before it is compressed.
#[test]
fn tags_of_limited_users_hold_for_both_forms() {
    let world = archive();
    let daemon = serve_with(&world, &users());
    let bert = cookie(&daemon, "bert");
    crate::world::wait_until("everything measured", || {
        let events = get(&daemon, "/api/v1/events?limit=60", &[("Cookie", &bert)]).json();
        events["events"].as_array().unwrap().iter().all(|event| !event["bytes"].is_null())
    });
    let plain = get(&daemon, "/api/v1/events", &[("Cookie", &bert)]);
    let packed = get(&daemon, "/api/v1/events", &[("Cookie", &bert), GZIP]);
    assert_eq!((unpacked(&packed), packed.header("etag")), (plain.body.clone(), plain.header("etag")));
    let tag = packed.header("etag").unwrap();
    assert_eq!(get(&daemon, "/api/v1/events", &[("Cookie", &bert), GZIP, ("If-None-Match", tag)]).status, 304);
    let vary: Vec<&str> =
        packed.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value.as_str()).collect();
    assert!(vary.join(", ").to_lowercase().contains("cookie"), "{vary:?}");
}

/// Prints how long a page takes in both forms.
#[test]
fn compression_costs_little_time() {
    let world = archive();
    let daemon = serve_measured(&world, &[]);
    let fastest = |headers: &[(&str, &str)]| {
        let one = || {
            let begun = Instant::now();
            assert_eq!(get(&daemon, "/api/v1/events", headers).status, 200);
            begun.elapsed()
        };
        (0..30).map(|_| one()).min().unwrap()
    };
    let (plain, packed) = (fastest(&[]), fastest(&[GZIP]));
    eprintln!("a page of 50 events takes {plain:?}, compressed {packed:?}");
    assert!(packed < std::time::Duration::from_millis(500), "{packed:?}");
}
