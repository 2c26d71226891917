//! The media cache over HTTP: entries, ranges, queue, who may use it, and what browsers may do with what is stored.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::assert_problem;
use super::auth::{TOKEN, cookie, serve_with, users};
use crate::cache::{HOSTILE, Holder, is_writing};
use crate::world::{Daemon, PATIENCE, Response, World, wait_until};

const ENTRIES: &str = "/api/v1/cache/entries";

/// The path of a key.
fn path(key: &str) -> String {
    let encoded = key.bytes().fold(String::new(), |all, byte| {
        if byte.is_ascii_alphanumeric() { all + &char::from(byte).to_string() } else { all + &format!("%{byte:02X}") }
    });
    format!("{ENTRIES}/{encoded}")
}

/// A request with a body.
fn send(daemon: &Daemon, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut stream = TcpStream::connect(&daemon.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", daemon.address);
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    let _ = stream.write_all(body); // a refusal may come first
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes); // the rest of a body that is not read resets the connection
    Response::parse(&bytes)
}

fn put(daemon: &Daemon, key: &str, bytes: &[u8]) -> Response {
    send(daemon, "PUT", &path(key), &[("Content-Type", "image/jpeg")], bytes)
}

fn large(len: u32) -> Vec<u8> {
    (0..len).map(|number| (number ^ (number >> 7)).to_le_bytes()[0]).collect()
}

fn stats(daemon: &Daemon) -> Value {
    daemon.get("/api/v1/cache").json()
}

/// From the first PUT to the last DELETE, in memory and on disk alike.
#[test]
fn entries_are_stored_sent_and_removed() {
    let world = World::new();
    for memory in ["64MiB", "0"] {
        let daemon = world.serve(&["--cache-memory", memory]);
        for (key, bytes) in [("small", large(1000)), ("large", large(3_000_001))] {
            let stored = put(&daemon, key, &bytes);
            assert_eq!((stored.status, stored.json()), (201, json!({"stored": "new"})));
            let again = put(&daemon, key, b"others");
            assert_eq!((again.status, again.json()), (200, json!({"stored": "kept"})));
            for _ in 0..2 {
                let got = daemon.get(&path(key));
                assert!(got.status == 200 && got.body == bytes, "{key} {}", got.status);
                assert_eq!(got.header("content-type"), Some("image/jpeg"));
                assert_eq!(got.header("content-length"), Some(bytes.len().to_string().as_str()));
                assert_eq!(got.header("content-disposition"), Some("inline; filename=\"attachment\""));
                assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
            }
            ranges_are_sent(&daemon, key, &bytes);
        }
        assert_problem(&daemon.get(&path("none")), 404, None);
        assert_eq!(daemon.request("DELETE", &path("small"), &[]).json(), json!({"removed": 1}));
        assert_eq!(daemon.request("DELETE", &path("small"), &[]).json(), json!({"removed": 0}));
        assert_problem(&daemon.get(&path("small")), 404, None);
        assert_eq!(daemon.request("DELETE", ENTRIES, &[]).json(), json!({"removed": 1}));
        assert_eq!(daemon.stop(), 0);
    }
}

fn ranges_are_sent(daemon: &Daemon, key: &str, bytes: &[u8]) {
    let get = |headers: &[(&str, &str)]| daemon.request("GET", &path(key), headers);
    let whole = get(&[]);
    let tag = whole.header("etag").unwrap().to_owned();
    assert_eq!(tag.len(), 66, "a SHA-256: {tag}");
    let part = get(&[("Range", "bytes=10-99")]);
    assert!(part.status == 206 && part.body == bytes[10..100]);
    assert_eq!(part.header("content-range"), Some(format!("bytes 10-99/{}", bytes.len()).as_str()));
    let rest = get(&[("Range", "bytes=-500"), ("If-Range", &tag)]);
    assert!(rest.status == 206 && rest.body == bytes[bytes.len() - 500..]);
    let other = get(&[("Range", "bytes=-500"), ("If-Range", "\"another\"")]);
    assert!(other.status == 200 && other.body == bytes);
    assert_problem(&get(&[("Range", "bytes=99999999-")]), 416, None);
    let known = get(&[("If-None-Match", &tag)]);
    assert!(known.status == 304 && known.body.is_empty());
    assert_problem(&get(&[("If-Match", "\"another\"")]), 412, None);
    let head = daemon.request("HEAD", &path(key), &[]);
    assert!(head.status == 200 && head.body.is_empty() && head.header("etag") == Some(&tag));
    assert_eq!(head.header("content-length"), Some(bytes.len().to_string().as_str()));
}

/// A hit counts when the bytes were sent, whether they come from memory or from the disk.
#[test]
fn hits_and_misses_are_counted() {
    let world = World::new();
    let daemon = world.serve(&["--cache-memory", "2MiB"]);
    assert_eq!(put(&daemon, "small", &large(1000)).status, 201);
    assert_eq!(put(&daemon, "large", &large(3_000_000)).status, 201);
    for key in ["small", "large", "none", "small", "large"] {
        daemon.get(&path(key));
    }
    wait_until("four hits, one miss", || {
        let stats = stats(&daemon);
        (&stats["hits"], &stats["misses"]) == (&json!(4), &json!(1))
    });
    assert_eq!(stats(&daemon)["entries_in_memory"], 1, "the large one does not fit");
    daemon.request("GET", &path("large"), &[("Range", "bytes=0-9")]);
    assert_eq!(stats(&daemon)["hits"], 4, "its end was not read");
    assert_eq!(stats(&daemon)["hit_rate"], 0.8);
    let listed = daemon.get(&format!("{ENTRIES}?limit=1")).json();
    assert_eq!((&listed["entries"][0]["key"], &listed["entries"][0]["hits"]), (&json!("large"), &json!(2)));
    assert_eq!(listed["next"], "large");
    let next = daemon.get(&format!("{ENTRIES}?limit=1&cursor=large")).json();
    assert_eq!((&next["entries"][0]["key"], &next["next"]), (&json!("small"), &Value::Null));
    let metrics = daemon.get("/metrics").text();
    for line in [
        "owlery_cache_usable 1",
        "owlery_cache_entries 2",
        "owlery_cache_memory_entries 1",
        "owlery_cache_bytes 3001000",
        "owlery_cache_max_bytes 500000000",
        "owlery_cache_queued_keys 0",
        "owlery_cache_hits_total 4",
        "owlery_cache_misses_total 1",
        "owlery_cache_evictions_total 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    assert_eq!(daemon.stop(), 0);
}

/// What does not fit, is empty, or is not what was announced is not stored.
#[test]
fn refused_bodies_are_not_stored() {
    let world = World::new();
    let daemon = world.serve(&["--cache-size", "100kB"]);
    assert_problem(&put(&daemon, "k", b""), 400, None);
    assert_problem(&put(&daemon, "k", &large(100_001)), 413, None);
    let wrong = format!("{}?sha256={}", path("k"), "0".repeat(64));
    assert_problem(&send(&daemon, "PUT", &wrong, &[], b"bytes"), 409, None);
    for query in ["sha256=12", "sha256=", "name=", "name=a%0Ab", "nam=x"] {
        let response = send(&daemon, "PUT", &format!("{}?{query}", path("k")), &[], b"bytes");
        assert_problem(&response, 400, Some(query.split('=').next().unwrap()));
    }
    // Without a length, the size is known only at the end.
    let mut chunked = TcpStream::connect(&daemon.address).unwrap();
    chunked.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("PUT {} HTTP/1.1\r\nHost: x.localhost\r\nTransfer-Encoding: chunked\r\n\r\n", path("k"));
    chunked.write_all(head.as_bytes()).unwrap();
    for _ in 0..3 {
        let _ = chunked.write_all(format!("{:x}\r\n", 50_000).as_bytes());
        let _ = chunked.write_all(&[&large(50_000)[..], b"\r\n"].concat());
    }
    let mut answer = [0; 12];
    chunked.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    // A client that disconnects has not sent the whole.
    let mut cut = TcpStream::connect(&daemon.address).unwrap();
    let head = format!("PUT {} HTTP/1.1\r\nHost: x.localhost\r\nContent-Length: 90000\r\n\r\n", path("k"));
    cut.write_all(&[head.as_bytes(), &large(80_000)].concat()).unwrap();
    drop(cut);
    let dir = world.path(".owlery/cache");
    wait_until("the rest is removed", || !is_writing(&dir));
    assert_problem(&daemon.get(&path("k")), 404, None);
    assert_eq!(stats(&daemon)["entries"], 0);
    assert_eq!(put(&daemon, "k", &large(100_000)).status, 201);
    assert_eq!(daemon.stop(), 0);
}

/// Keys are never paths, and any text is one.
#[test]
fn hostile_keys_are_only_keys() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let longest = "x".repeat(4096);
    let keys = HOSTILE.into_iter().chain(["a\0b", "a/b/../c", &longest]);
    for key in keys.clone() {
        assert_eq!(put(&daemon, key, key.as_bytes()).status, 201, "{key:?}");
    }
    for key in keys.clone() {
        let got = daemon.get(&path(key));
        assert!(got.status == 200 && got.body == key.as_bytes(), "{key:?}");
    }
    let listed = daemon.get(&format!("{ENTRIES}?limit=1000")).json();
    assert_eq!(listed["entries"].as_array().unwrap().len(), keys.count());
    let too_long = "%41".repeat(4097);
    for method in ["GET", "PUT", "DELETE"] {
        assert_problem(&send(&daemon, method, &format!("{ENTRIES}/{too_long}"), &[], b"bytes"), 400, Some("key"));
    }
    for bad in ["%ff", "%", "a/b"] {
        let status = send(&daemon, "PUT", &format!("{ENTRIES}/{bad}"), &[], b"bytes").status;
        assert!(status == 404 || (bad == "%" && status < 300), "{bad}: {status}");
    }
    assert_eq!(daemon.stop(), 0);
}

/// What an admin stores must not become a page or a script of this origin.
#[test]
fn stored_markup_is_never_a_page() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for kind in ["text/html", "image/svg+xml", "text/javascript", "application/xhtml+xml", "TEXT/HTML; charset=x"] {
        let at = format!("{}?name=..%2F%22x%22.html", path(kind));
        assert_eq!(send(&daemon, "PUT", &at, &[("Content-Type", kind)], script).status, 201);
        let got = daemon.get(&path(kind));
        assert_eq!(got.header("content-type"), Some("application/octet-stream"), "{kind}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
        let saved = "attachment; filename=\"_x_.html\"; filename*=UTF-8''%22x%22.html";
        assert_eq!(got.header("content-disposition"), Some(saved));
        let part = daemon.request("GET", &path(kind), &[("Range", "bytes=0-5")]);
        assert_eq!(part.header("content-type"), Some("application/octet-stream"));
    }
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn the_queue_takes_a_key_once() {
    let world = World::new();
    let daemon = world.serve(&[]);
    put(&daemon, "cached", b"bytes");
    let queue = |key: &str| path(key).replace("entries", "queue");
    assert_eq!(daemon.request("PUT", &queue("a/b?c"), &[]).status, 201);
    assert_eq!(daemon.request("PUT", &queue("x"), &[]).status, 201);
    for key in ["a/b?c", "cached"] {
        assert_problem(&daemon.request("PUT", &queue(key), &[]), 409, None);
    }
    let listed = daemon.get("/api/v1/cache/queue").json();
    let keys: Vec<&Value> = listed["queued"].as_array().unwrap().iter().map(|queued| &queued["key"]).collect();
    assert_eq!(keys, ["a/b?c", "x"]);
    assert_eq!(daemon.request("DELETE", &queue("x"), &[]).json(), json!({"removed": 1}));
    assert_eq!(daemon.request("DELETE", "/api/v1/cache/queue", &[]).json(), json!({"removed": 1}));
    assert_eq!(stats(&daemon)["queued"], 0);
    let pruned = daemon.request("POST", "/api/v1/cache/prune?max_size=0", &[]).json();
    assert_eq!(pruned, json!({"files": 1, "bytes": 5}));
    let cleaned = daemon.request("POST", "/api/v1/cache/clean?stall=0", &[]).json();
    assert_eq!(cleaned, json!({"files": 0, "bytes": 0, "failures": []}));
    assert_problem(&daemon.request("POST", "/api/v1/cache/prune?max_size=x", &[]), 400, Some("max_size"));
    assert_eq!(daemon.stop(), 0);
}

/// The cache holds media of all cameras: only admins of all of them may use it, and no page of another site.
#[test]
fn only_admins_may_use_the_cache() {
    let world = World::new();
    let daemon = serve_with(&world, &users());
    let anna = cookie(&daemon, "anna");
    let key = path("k");
    assert_eq!(send(&daemon, "PUT", &key, &[("Cookie", &anna)], b"bytes").status, 201);
    let bert = cookie(&daemon, "bert");
    let bearer = format!("Bearer {TOKEN}");
    for (method, path) in [
        ("GET", "/api/v1/cache"),
        ("GET", ENTRIES),
        ("DELETE", ENTRIES),
        ("GET", &key),
        ("HEAD", &key),
        ("PUT", &key),
        ("DELETE", &key),
        ("POST", "/api/v1/cache/prune"),
        ("POST", "/api/v1/cache/clean"),
        ("GET", "/api/v1/cache/queue"),
        ("DELETE", "/api/v1/cache/queue"),
        ("PUT", "/api/v1/cache/queue/k"),
        ("DELETE", "/api/v1/cache/queue/k"),
    ] {
        assert_eq!(send(&daemon, method, path, &[], b"bytes").status, 401, "{method} {path}");
        for credentials in [("Cookie", bert.as_str()), ("Authorization", &bearer)] {
            assert_eq!(send(&daemon, method, path, &[credentials], b"bytes").status, 403, "{method} {path}");
        }
        if !matches!(method, "GET" | "HEAD") {
            for foreign in [("Origin", "http://evil.example"), ("Sec-Fetch-Site", "same-site")] {
                let response = send(&daemon, method, path, &[("Cookie", &anna), foreign], b"bytes");
                assert_problem(&response, 403, None);
            }
        }
    }
    let read = daemon.request("GET", &key, &[("Cookie", &anna)]);
    assert!(read.status == 200 && read.body == b"bytes");
    assert!(read.header("cache-control").unwrap().contains("private"));
    assert_eq!(daemon.stop(), 0);
}

/// While another process has the cache, its routes say so, and everything else is served.
#[test]
fn an_unusable_cache_is_a_503() {
    let world = World::new();
    let dir = world.outside("cache");
    let holder = Holder::start(&dir);
    let daemon = world.serve(&["--cache-dir", dir.to_str().unwrap()]);
    for (method, path) in [
        ("GET", "/api/v1/cache".to_owned()),
        ("GET", path("k")),
        ("PUT", path("k")),
        ("DELETE", ENTRIES.to_owned()),
        ("PUT", "/api/v1/cache/queue/k".to_owned()),
    ] {
        let response = send(&daemon, method, &path, &[], b"bytes");
        assert_problem(&response, 503, None);
        assert!(response.json()["detail"].as_str().unwrap().contains("in use by another process"));
    }
    assert_eq!(daemon.get("/api/v1/events").status, 200);
    let metrics = daemon.get("/metrics").text();
    assert!(metrics.contains("\nowlery_cache_usable 0\n") && !metrics.contains("owlery_cache_entries"), "{metrics}");
    holder.end();
    wait_until("it is used when it is free", || daemon.get("/api/v1/cache").status == 200);
    assert_eq!(daemon.stop(), 0);
}
