//! What is counted of requests: by the template of a route, whatever is asked for.

use std::collections::BTreeSet;

use super::scrape::Scrape;
use crate::http::serve_measured;
use crate::world::{Daemon, World};

fn requests(scrape: &Scrape, route: &str, method: &str, code: &str) -> u64 {
    let name = format!("owlery_http_requests_total{{route=\"{route}\",method=\"{method}\",code=\"{code}\"}}");
    if scrape.has(&name) { scrape.count(&name) } else { 0 }
}

#[test]
fn requests_are_counted_by_route_and_code() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let event = "/api/v1/events/Camera1/2026-11-21/05-44-39";
    let picture = "/media/Camera1/2026-11-21/05-44-39/05-44-39-00.jpg";
    let before = Scrape::of(&daemon);
    assert_eq!(daemon.get(event).status, 200);
    assert_eq!(daemon.get("/api/v1/events/Camera9/2026-11-21/05-44-39").status, 404);
    assert_eq!(daemon.get("/api/v1/events?limit=0").status, 400);
    assert_eq!(daemon.request("POST", event, &[("Content-Length", "0")]).status, 405);
    let bytes = daemon.get(picture).body.len() as u64;
    assert_eq!(daemon.request("HEAD", picture, &[]).status, 200);
    assert_eq!(daemon.get("/nothing").status, 404);
    let after = Scrape::of(&daemon);
    let template = "/api/v1/events/{camera}/{date}/{time}";
    for (route, method, code) in [
        (template, "GET", "200"),
        (template, "GET", "404"),
        (template, "POST", "405"),
        ("/api/v1/events", "GET", "400"),
        ("/media/{*path}", "GET", "200"),
        ("/media/{*path}", "HEAD", "200"),
        ("other", "GET", "404"),
    ] {
        assert_eq!(requests(&before, route, method, code), 0, "{route} {method} {code}");
        assert_eq!(requests(&after, route, method, code), 1, "{route} {method} {code}");
    }
    let told = |scrape: &Scrape, what: &str| scrape.count(&format!("owlery_http_{what}{{route=\"{template}\"}}"));
    assert_eq!(told(&after, "request_seconds_count"), 3);
    assert!(after.value(&format!("owlery_http_request_seconds_sum{{route=\"{template}\"}}")) > 0.0);
    let media = "owlery_http_response_bytes_total{route=\"/media/{*path}\"}";
    assert_eq!(after.count(media), bytes, "what a HEAD would have been answered is not counted");
    assert_eq!(after.count("owlery_http_requests_in_flight"), 1, "the scrape itself");
    let metrics = |scrape: &Scrape| requests(scrape, "/metrics", "GET", "200");
    assert_eq!(metrics(&after), metrics(&before) + 1);
}

/// Requests that are all different and mean nothing.
fn hostile(daemon: &Daemon, numbers: std::ops::Range<u32>) {
    for n in numbers {
        let (path, method) = match n % 8 {
            0 => (format!("/x{n}"), "GET"),
            1 => (format!("/media/x{n}/%2e%2e/y"), "GET"),
            2 => (format!("/motion/..%2f{n}"), "GET"),
            3 => (format!("/api/v1/events/Camera{n}/2026-01-01/00-00-00"), "GET"),
            4 => (format!("/api/v1/events?x{n}=1"), "GET"),
            5 => (format!("/api/events/Camera{n}"), "GET"),
            6 => (format!("/metrics/{n}%22%7d%20666"), "GET"),
            _ => (format!("/{n}"), "BREW"),
        };
        let method = if method == "BREW" { format!("BREW{n}") } else { method.to_owned() };
        let response = daemon.request(&method, &path, &[]);
        assert!(response.status < 500, "{method} {path}: {}", response.status);
    }
}

/// Whatever paths are requested.
#[test]
fn requests_add_no_series() {
    let world = World::sample("direct");
    let daemon = serve_measured(&world, &[]); // some series are there when it is
    let names = || Scrape::of(&daemon).series.into_keys().collect::<BTreeSet<_>>();
    hostile(&daemon, 0..16);
    names(); // the first scrape is counted by the second
    let before = names();
    hostile(&daemon, 16..216);
    assert_eq!(names(), before);
    let strange: Vec<&String> = before.iter().filter(|name| name.contains("BREW") || name.contains("666")).collect();
    assert_eq!(strange, Vec::<&String>::new());
    assert!(before.iter().any(|name| name.contains("route=\"other\",method=\"other\"")), "{before:?}");
}

/// `/metrics` has no parameters.
#[test]
fn the_request_selects_the_format() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let kind = |accept: &str| {
        let response = daemon.request("GET", "/metrics", &[("Accept", accept)]);
        let is_open = response.text().ends_with("# EOF\n");
        (response.header("content-type").unwrap().split("; charset").next().unwrap().to_owned(), is_open)
    };
    let open = ("application/openmetrics-text; version=1.0.0".to_owned(), true);
    let classic = ("text/plain; version=0.0.4".to_owned(), false);
    // As Prometheus 2.42 asks.
    let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    assert_eq!(kind(prometheus), open);
    assert_eq!(kind("text/plain, application/openmetrics-text;q=0"), classic);
    assert_eq!(kind("text/html,*/*;q=0.8"), classic);
    assert_eq!(daemon.get("/metrics?name=x").status, 400);
    assert_eq!(daemon.request("POST", "/metrics", &[("Content-Length", "0")]).status, 405);
}
