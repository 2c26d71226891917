//! The checks of the host and the origin of a request.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::assert_problem;
use super::auth::{serve_with, users};
use crate::world::{Daemon, PATIENCE, Response, World};

/// Sends raw bytes; returns the first response.
pub fn send(daemon: &Daemon, head: &str) -> Response {
    let mut stream = TcpStream::connect(&daemon.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Response::parse(&bytes)
}

fn for_host(daemon: &Daemon, path: &str, host: &str) -> Response {
    send(daemon, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
}

const PATHS: &[&str] = &[
    "/",
    "/app.js",
    "/login",
    "/healthz",
    "/readyz",
    "/api/v1/me",
    "/api/v1/events",
    "/api/v1/cameras",
    "/api/cameras/list",
    "/api/events/Camera1",
    "/media/Camera1/2026-11-21/05-44-39/video.mp4",
    "/motion/Camera1/2026-11-21/05-44-39/video.mp4",
    "/nothing",
];

#[test]
fn unknown_host_names_are_refused() {
    let world = World::sample("direct");
    let daemon = world.serve(&["--allow-host", "owl.example", "--allow-host", "nas:8000"]);
    for host in
        ["evil.example", "evil.example:8000", "owl.example.evil.example", "localhost.evil.example", "127.1", "nas"]
    {
        for path in PATHS {
            assert_problem(&for_host(&daemon, path, host), 403, None);
        }
    }
    for host in [
        "localhost",
        "LocalHost:8000",
        "x.localhost",
        "127.0.0.1:1",
        "[::1]:8000",
        "192.0.2.1",
        "OWL.example:99",
        "nas:8000",
    ] {
        assert_eq!(for_host(&daemon, "/api/v1/me", host).status, 200, "{host}");
    }
    let received = for_host(&daemon, "/", "nas.example");
    assert!(received.json()["detail"].as_str().unwrap().contains("--allow-host"), "the message names the option");
}

#[test]
fn a_request_is_for_exactly_one_host() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let ask =
        |target: &str, rest: &str| send(&daemon, &format!("GET {target} HTTP/1.1\r\n{rest}Connection: close\r\n\r\n"));
    let here = format!("Host: {}\r\n", daemon.address);
    let target = format!("http://{}/api/v1/me", daemon.address);
    assert_eq!(ask(&target, &here).status, 200, "the absolute form");
    assert_eq!(ask(&target, "").status, 200);
    for (target, rest) in [
        ("/api/v1/me", ""),
        ("/api/v1/me", "Host:\r\n"),
        ("/api/v1/me", "Host: a b\r\n"),
        ("/api/v1/me", "Host: user@127.0.0.1\r\n"),
        ("/api/v1/me", "Host: 127.0.0.1/\r\n"),
        ("/api/v1/me", "Host: 127.0.0.1, evil.example\r\n"),
        ("/api/v1/me", &format!("{here}{here}")),
        ("/api/v1/me", &format!("{here}Host: evil.example\r\n")),
        ("/api/v1/me", &format!("Host: evil.example\r\n{here}")),
        ("http://evil.example/api/v1/me", &here),
        (&target, "Host: evil.example\r\n"),
    ] {
        assert_eq!(ask(target, rest).status, 400, "{target} {rest:?}");
    }
    assert_problem(&ask("http://evil.example/api/v1/me", ""), 403, None);
    assert_problem(&ask("http://evil.example/api/v1/me", "Host: evil.example\r\n"), 403, None);
    assert_eq!(
        send(&daemon, "GET /api/v1/me HTTP/1.0\r\n\r\n").status,
        200,
        "which knew no Host, and no browser speaks it"
    );
    assert_eq!(send(&daemon, "GET /api/v1/me HTTP/1.0\r\nHost: localhost\r\n\r\n").status, 200);
}

/// The headers of requests by a page of another site.
pub fn foreign(here: &str) -> Vec<Vec<(&'static str, String)>> {
    let port = here.rsplit_once(':').unwrap().1;
    let origin = |text: &str| vec![("Origin", text.to_owned())];
    let site = |text: &str| vec![("Sec-Fetch-Site", text.to_owned())];
    vec![
        site("cross-site"),
        site("same-site"),
        site("Same-Origin"),
        site(""),
        site("same-origin, cross-site"),
        vec![("Sec-Fetch-Site", "same-origin".to_owned()), ("Sec-Fetch-Site", "cross-site".to_owned())],
        origin("null"),
        origin(""),
        origin("http://evil.example"),
        origin(&format!("http://127.0.0.1.evil.example:{port}")),
        origin("http://127.0.0.1:1"),
        origin("http://127.0.0.1"),
        origin(&format!("http://localhost:{port}")),
        origin(&format!("ftp://{here}")),
        origin(here),
        origin(&format!("http://{here}/")),
        origin(&format!("http://evil.example@{here}")),
        origin(&format!("http://{here} http://evil.example")),
        vec![("Origin", format!("http://{here}")), ("Origin", "http://evil.example".to_owned())],
        vec![("Origin", format!("http://{here}")), ("Sec-Fetch-Site", "cross-site".to_owned())],
        vec![("Origin", "http://evil.example".to_owned()), ("Sec-Fetch-Site", "same-origin".to_owned())],
    ]
}

#[test]
fn changes_by_foreign_pages_are_refused() {
    let world = World::new();
    for daemon in [world.serve(&["--allow-host", "owl.example"]), serve_with(&World::new(), &users())] {
        for headers in foreign(&daemon.address) {
            let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            headers.push(("Content-Length", "0"));
            for (method, path) in [
                ("POST", "/login"),
                ("POST", "/logout"),
                ("PUT", "/api/v1/x"),
                ("DELETE", "/"),
                ("PATCH", "/"),
                ("BREW", "/"),
            ] {
                assert_problem(&daemon.request(method, path, &headers), 403, None);
            }
        }
    }
}

#[test]
fn own_pages_and_programs_may_change() {
    let world = World::new();
    let daemon = world.serve(&["--allow-host", "owl.example"]);
    let (http, https) = (format!("http://{}", daemon.address), format!("https://{}", daemon.address));
    for headers in [
        &[][..],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", &*http)],
        &[("Origin", &*https)],
        &[("Origin", &*http), ("Sec-Fetch-Site", "same-origin")],
        &[("Origin", "https://owl.example")],
        &[("Origin", "https://owl.example:8443")],
    ] {
        let headers = [headers, &[("Content-Length", "0")]].concat();
        assert_eq!(daemon.request("POST", "/logout", &headers).status, 204, "{headers:?}");
    }
}

#[test]
fn foreign_pages_may_only_link_here() {
    let world = World::sample("direct");
    let flags = ["--allow-host", "owl.example", "--allow-host", "nas:8123"];
    let open = world.serve(&flags);
    let other = World::sample("direct");
    let private = serve_with(&other, &format!("allow-host = [\"owl.example\", \"nas:8123\"]\n{}", users()));
    let (cross, same_site) = (("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"));
    let (embeds, fetches) = (("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Mode", "cors"));
    let (leads, in_window) = (("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"));
    let by = |page| ("Referer", page);
    for (headers, may) in [
        (&[][..], true), // a program, or a browser at an address without TLS
        (&[("Sec-Fetch-Site", "none")], true),
        (&[("Sec-Fetch-Site", "same-origin"), fetches], true),
        (&[("Sec-Fetch-Site", "same-origin"), by("http://evil.example/")], true),
        (&[same_site, embeds, by("http://127.0.0.1:8123/")], true),
        (&[cross, leads, in_window], true),
        (&[cross, leads], true),
        (&[cross, leads, in_window, by("http://evil.example/")], true),
        (&[cross, leads, ("Sec-Fetch-Dest", "iframe")], false),
        (&[cross, leads, ("Sec-Fetch-Dest", "frame")], false),
        (&[cross, leads, ("Sec-Fetch-Dest", "object")], false),
        (&[cross, leads, ("Sec-Fetch-Dest", "embed")], false),
        (&[cross], false),
        (&[cross, embeds], false),
        (&[cross, fetches], false),
        (&[cross, ("Sec-Fetch-Site", "same-origin")], false),
        (&[cross, embeds, by("http://evil.example/")], false),
        (&[cross, embeds, by("http://owl.example.evil.example/")], false),
        (&[cross, embeds, by("http://evil.example/http://owl.example/")], false),
        (&[cross, embeds, by("http://owl.example@evil.example/")], false),
        (&[cross, embeds, by("http://nas/")], false),
        (&[cross, fetches, ("Origin", "null")], false),
        (&[cross, fetches, ("Origin", "http://evil.example")], false),
        (&[cross, fetches, ("Origin", "http://evil.example"), by("http://owl.example/")], false),
        (&[cross, fetches, ("Origin", "https://owl.example")], true),
        (&[cross, fetches, ("Origin", "http://nas:8123")], true),
        (&[cross, embeds, by("http://nas:8123/dashboard?a=/b#c")], true),
        (&[cross, embeds, by("https://owl.example")], true),
    ] {
        for method in ["GET", "HEAD"] {
            for path in ["/api/v1/export", "/api/v1/events", "/media/Camera1/2026-11-21/05-44-39/video.mp4"] {
                let received = open.request(method, path, headers);
                assert_eq!(received.status, if may { 200 } else { 403 }, "{method} {path} {headers:?}");
                let received = private.request(method, path, headers);
                assert_eq!(received.status, if may { 401 } else { 403 }, "{method} {path} {headers:?}");
            }
        }
    }
}

#[test]
fn only_allowed_pages_embed_responses() {
    let world = World::sample("direct");
    let daemon = world.serve(&["--allow-host", "nas:8123"]);
    for (headers, policy) in [
        (&[][..], "same-site"),
        (&[("Referer", "http://evil.example/")], "same-site"),
        (&[("Origin", "http://nas"), ("Referer", "http://nas:8123/")], "same-site"),
        (&[("Referer", "http://nas:8123/dashboard")], "cross-origin"),
        (&[("Origin", "http://nas:8123")], "cross-origin"),
    ] {
        for path in PATHS {
            let received = daemon.request("GET", path, headers);
            assert_eq!(received.header("cross-origin-resource-policy"), Some(policy), "{path} {headers:?}");
        }
    }
}
