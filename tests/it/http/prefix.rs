//! The path at which a reverse proxy serves Owlery: from which clients it is trusted, what it changes, and that no cached response
//! is sent for another path. With nginx: `nginx`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::auth::serve_with;
use super::serve_measured;
use crate::world::{Daemon, PATIENCE, Response, World, days_ago, wait_until};

/// An archive with one event.
fn world() -> (World, String) {
    let world = World::new();
    let id = format!("Camera1/{}/10-00-00", days_ago(2));
    world.event(&*id).frames(1).old().make();
    (world, id)
}

fn get(daemon: &Daemon, path: &str, prefix: &str) -> Response {
    match prefix {
        "" => daemon.get(path),
        prefix => daemon.request("GET", path, &[("X-Forwarded-Prefix", prefix)]),
    }
}

fn thumbnail(answer: &Response) -> String {
    let json = answer.json();
    let event = if json["events"].is_array() { &json["events"][0] } else { &json };
    event["thumbnail"].as_str().unwrap().to_owned()
}

/// The page cache and the log of the stream are separate for each prefix.
#[test]
fn no_page_is_served_for_another_prefix() {
    let (world, id) = world();
    let daemon = serve_measured(&world, &[]);
    wait_until("everything written", || {
        let tag = || daemon.get("/api/v1/events").header("etag").unwrap().to_owned();
        let (before, _, after) = (tag(), daemon.get("/readyz"), tag());
        before == after
    });
    let mut tags = Vec::new();
    for _ in 0..2 {
        for prefix in ["", "/a", "/b", "/a/b"] {
            let page = get(&daemon, "/api/v1/events", prefix);
            assert!(thumbnail(&page).starts_with(&format!("{prefix}/media/Camera1/")), "{prefix}: {}", page.text());
            let vary: String = page.header("vary").unwrap_or_default().to_owned();
            assert!(vary.contains("X-Forwarded-Prefix"), "{vary}");
            tags.push(page.header("etag").unwrap().to_owned());
            let one = get(&daemon, &format!("/api/v1/events/{id}"), prefix).json();
            assert!(one["images"][0]["url"].as_str().unwrap().starts_with(&format!("{prefix}/media/")), "{one}");
        }
    }
    assert_eq!(tags[..4], tags[4..], "and the tag stays");
    tags.truncate(4);
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4, "a tag is of one prefix");
    let mut streams: Vec<_> = ["", "/a", "/b"].map(|prefix| (prefix, follow(&daemon, prefix))).into();
    let saved = daemon.request("PUT", &format!("/api/v1/events/{id}/saved"), &[("X-Forwarded-Prefix", "/a")]);
    assert!(thumbnail(&saved).starts_with("/a/media/"), "{}", saved.text());
    for (prefix, stream) in &mut streams {
        let event = changed(stream);
        assert!(event["thumbnail"].as_str().unwrap().starts_with(&format!("{prefix}/media/")), "{prefix}: {event}");
    }
}

fn follow(daemon: &Daemon, prefix: &str) -> BufReader<TcpStream> {
    try_follow(daemon, prefix).expect("a stream")
}

/// A stream after its greeting; `None` if the limit is reached.
fn try_follow(daemon: &Daemon, prefix: &str) -> Option<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(&daemon.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let header = if prefix.is_empty() { String::new() } else { format!("X-Forwarded-Prefix: {prefix}\r\n") };
    write!(stream, "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n{header}\r\n").unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    if !line.starts_with("HTTP/1.1 200") {
        return None;
    }
    while !line.starts_with("id: ") {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    Some(reader)
}

/// The next event of the stream.
fn changed(stream: &mut BufReader<TcpStream>) -> Value {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0);
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str(data).unwrap();
        }
    }
}

/// More prefixes than the limit of runs do not lock out the prefix in use.
#[test]
fn made_up_prefixes_leave_the_stream_its_place() {
    let (world, _) = world();
    let daemon = world.serve(&[]);
    for n in 0..20 {
        wait_until("a place for a stream", || try_follow(&daemon, &format!("/made-up-{n}")).is_some());
    }
    wait_until("a place for people", || try_follow(&daemon, "/owlery").is_some());
}

#[test]
fn what_is_no_plain_path_is_ignored() {
    let (world, _) = world();
    let daemon = world.serve(&[]);
    for bad in
        ["//evil.example", "https://evil.example", "/a/../b", "/a\"><script>", "owlery", "/a//b", "/%2e%2e", "/a?b"]
    {
        let page = get(&daemon, "/api/v1/events", bad);
        assert!(thumbnail(&page).starts_with("/media/"), "{bad}: {}", page.text());
        assert!(!get(&daemon, "/", bad).text().contains("<base"), "{bad}");
    }
    let twice = daemon.request("GET", "/api/v1/events", &[("X-Forwarded-Prefix", "/a"), ("X-Forwarded-Prefix", "/b")]);
    assert!(thumbnail(&twice).starts_with("/media/"));
}

#[test]
fn only_the_configured_proxy_names_a_prefix() {
    for (from, prefix) in [("127.0.0.1/32", "/owlery"), ("127.0.0.9/32", "")] {
        let (world, _) = world();
        let daemon = serve_with(&world, &format!("[proxy]\nfrom = [\"{from}\"]\n"));
        let received = thumbnail(&get(&daemon, "/api/v1/events", "/owlery"));
        assert!(received.starts_with(&format!("{prefix}/media/")), "{from}: {received}");
    }
}

/// Some proxies remove the path before they forward a request, and some do not.
#[test]
fn a_base_path_holds_with_and_without_stripping() {
    let (world, _) = world();
    let daemon = world.serve(&["--base-path", "/my/owlery/"]);
    for below in ["", "/my/owlery"] {
        let page = get(&daemon, &format!("{below}/api/v1/events"), "/ignored");
        let received = thumbnail(&page);
        assert!(received.starts_with("/my/owlery/media/"), "{received}");
        assert_eq!(daemon.get(&received).status, 200, "{received}");
        assert_eq!(daemon.get(received.strip_prefix("/my/owlery").unwrap()).status, 200, "{received}");
        let page = daemon.get(&format!("{below}/"));
        assert!(page.text().contains("<base href=\"/my/owlery/\">"), "{}", page.text());
    }
    assert_eq!(daemon.get("/my/owlery").status, 200);
    assert_eq!(daemon.get("/my/owlery?camera=Camera1").status, 200);
    for nothing in ["/my/owleryx/api/v1/events", "/my/api/v1/events", "/my/owlery/my/owlery/api/v1/events"] {
        assert_eq!(daemon.get(nothing).status, 404, "{nothing}");
    }
}

#[test]
fn a_base_path_like_a_route_is_served() {
    let (world, id) = world();
    let daemon = world.serve(&["--base-path", "/media"]);
    let received = thumbnail(&daemon.get("/api/v1/events"));
    assert!(received.starts_with(&format!("/media/media/{id}")), "{received}");
    assert_eq!(daemon.get(received.strip_prefix("/media").unwrap()).status, 200);
}

#[test]
fn invalid_base_paths_and_sources_are_refused() {
    let world = World::new();
    for flags in [["--base-path", "owlery"], ["--base-path", "//x"], ["--frame-ancestors", "a;b"]] {
        let ran = world.run("serve", &flags);
        assert_eq!(ran.code, 2, "{flags:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(flags[0]) && ran.stderr.contains(flags[1]), "{}", ran.stderr);
    }
}

#[test]
fn only_named_pages_may_frame_the_page() {
    let (world, _) = world();
    let framed = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")];
    let policy = |answer: &Response| answer.header("content-security-policy").unwrap().to_owned();
    let daemon = world.serve(&[]);
    assert!(policy(&daemon.get("/")).contains("frame-ancestors 'none'"));
    assert_eq!(daemon.request("GET", "/", &framed).status, 403);
    assert_eq!(daemon.stop(), 0);
    let daemon = world.serve(&["--frame-ancestors", "https://home.example:8123", "self"]);
    let page = daemon.request("GET", "/", &framed);
    assert_eq!(page.status, 200);
    assert!(policy(&page).contains("frame-ancestors https://home.example:8123 'self';"), "{}", policy(&page));
    let export = daemon.request("GET", "/api/v1/export", &framed);
    assert_eq!(export.status, 403, "nothing that costs more than the page");
}
