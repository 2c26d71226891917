//! Files over HTTP: whole files, ranges, conditional requests; and the list of pictures of an event for strix.

use std::fs;

use super::assert_problem;
use crate::world::{Daemon, Response, World};

const EVENT: &str = "Camera1/2026-11-21/05-44-39";
/// The size of its movie.
const LEN: usize = 118_483;

/// A daemon over the sample, the path of a real movie on it, and the movie's bytes.
fn with_movie() -> (World, Daemon, String, Vec<u8>) {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let bytes = fs::read(world.path(EVENT).join("video.mp4")).unwrap();
    assert_eq!(bytes.len(), LEN);
    (world, daemon, format!("/motion/{EVENT}/video.mp4"), bytes)
}

fn assert_whole(response: &Response, bytes: &[u8]) {
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-range"), None);
    assert_eq!(response.header("content-length"), Some(bytes.len().to_string().as_str()));
    assert!(response.body == bytes, "{} bytes, not the file's {}", response.body.len(), bytes.len());
}

#[test]
fn a_movie_is_served_whole_under_both_paths() {
    let (_world, daemon, path, bytes) = with_movie();
    for path in [path.clone(), path.replace("/motion/", "/media/")] {
        let response = daemon.get(&path);
        assert_whole(&response, &bytes);
        assert_eq!(response.header("content-type"), Some("video/mp4"));
        assert_eq!(response.header("accept-ranges"), Some("bytes"));
        assert!(response.header("etag").is_some_and(|etag| etag.starts_with('"')), "a strong tag");
        assert!(response.header("last-modified").is_some_and(|time| time == "Sat, 21 Nov 2026 05:44:52 GMT"));
    }
}

#[test]
fn a_range_returns_just_its_bytes() {
    let (_world, daemon, path, bytes) = with_movie();
    for (range, from, to) in [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=118000-", 118_000, LEN - 1),
        ("bytes=-500", LEN - 500, LEN - 1),
        ("bytes=-999999", 0, LEN - 1),
        ("bytes=118482-999999", LEN - 1, LEN - 1),
        ("bytes=0-18446744073709551615", 0, LEN - 1),
        ("bytes=0-", 0, LEN - 1),
    ] {
        let response = daemon.request("GET", &path, &[("Range", range)]);
        assert_eq!(response.status, 206, "{range}");
        assert_eq!(response.header("content-range"), Some(format!("bytes {from}-{to}/{LEN}").as_str()), "{range}");
        assert_eq!(response.header("content-length"), Some((to - from + 1).to_string().as_str()), "{range}");
        assert!(response.body == bytes[from..=to], "{range}: the wrong bytes");
    }
}

#[test]
fn a_range_past_the_end_cannot_be_satisfied() {
    let (_world, daemon, path, _) = with_movie();
    for range in ["bytes=118483-", "bytes=118483-118484", "bytes=999999999-", "bytes=-0"] {
        let response = daemon.request("GET", &path, &[("Range", range)]);
        assert_eq!(response.status, 416, "{range}");
        assert_eq!(response.header("content-range"), Some("bytes */118483"), "{range}");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{range}");
        assert_problem(&response, 416, None);
    }
}

#[test]
fn the_first_satisfiable_range_is_sent() {
    let (_world, daemon, path, bytes) = with_movie();
    for (range, from, to) in [
        ("bytes=0-1,5-6", 0, 1),
        ("bytes=5-6, 0-1", 5, 6),
        ("bytes=999999-,-2", LEN - 2, LEN - 1),
        ("bytes=0-0,0-0,0-0,0-0", 0, 0),
    ] {
        let response = daemon.request("GET", &path, &[("Range", range)]);
        assert_eq!(response.status, 206, "{range}");
        assert_eq!(response.header("content-range"), Some(format!("bytes {from}-{to}/{LEN}").as_str()), "{range}");
        assert_eq!(response.header("content-type"), Some("video/mp4"), "{range}: one part, not several");
        assert!(response.body == bytes[from..=to], "{range}: the wrong bytes");
    }
    let none = daemon.request("GET", &path, &[("Range", "bytes=118483-, 999999-")]);
    assert_eq!((none.status, none.header("content-range")), (416, Some("bytes */118483")));
}

#[test]
fn invalid_ranges_return_the_whole_file() {
    let (_world, daemon, path, bytes) = with_movie();
    for range in ["bytes=0-1,x", "bytes=x-y", "bytes=9-3", "bytes=", "items=0-1", "0-1"] {
        assert_whole(&daemon.request("GET", &path, &[("Range", range)]), &bytes);
    }
}

#[test]
fn a_long_file_is_streamed_and_any_part_of_it() {
    let world = World::new();
    let bytes: Vec<u8> = (0..1_000_003u32).flat_map(u32::to_le_bytes).collect();
    world.event("Camera1/2025-03-01/10-00-00").movie("video.mkv", bytes.clone()).old().make();
    let daemon = world.serve(&[]);
    let path = "/media/Camera1/2025-03-01/10-00-00/video.mkv";
    let whole = daemon.get(path);
    assert_whole(&whole, &bytes);
    assert_eq!(whole.header("content-type"), Some("video/x-matroska"));
    for (from, to) in [(262_143, 262_144), (1, 3_000_000), (262_144, 524_287), (3_999_000, 4_000_011)] {
        let range = format!("bytes={from}-{to}");
        let part = daemon.request("GET", path, &[("Range", &range)]);
        assert_eq!(part.status, 206, "{range}");
        assert!(part.body == bytes[from..=to], "{range}: the wrong bytes");
    }
}

#[test]
fn an_empty_movie_has_no_ranges() {
    let world = World::sample("failures/sigkill-direct-mkv");
    let daemon = world.serve(&[]);
    let path = "/motion/Camera1/2026-11-21/05-39-40/video.mkv";
    assert_whole(&daemon.get(path), b"");
    let part = daemon.request("GET", path, &[("Range", "bytes=0-")]);
    assert_eq!((part.status, part.header("content-range")), (416, Some("bytes */0")));
}

#[test]
fn head_has_the_headers_of_get() {
    let (_world, daemon, path, _) = with_movie();
    let known = daemon.request("HEAD", &path, &[("If-None-Match", "*")]);
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(known.header("content-length"), Some("118483"), "of what is not sent; 0 would be a lie");
    let whole = daemon.get(&path);
    for range in ["bytes=10-19", "bytes=118483-"] {
        let head = daemon.request("HEAD", &path, &[("Range", range)]);
        assert_eq!((head.status, head.header("content-range")), (200, None), "ranges are for GET (RFC 9110, 14.2)");
        assert_eq!(head.header("content-length"), whole.header("content-length"), "{range}");
    }
    for headers in [&[][..], &[("If-Match", "\"other\"")]] {
        let (get, head) = (daemon.request("GET", &path, headers), daemon.request("HEAD", &path, headers));
        assert_eq!(head.status, get.status, "{headers:?}");
        for name in ["content-length", "content-range", "content-type", "etag", "last-modified", "accept-ranges"] {
            assert_eq!(head.header(name), get.header(name), "{headers:?} {name}");
        }
        assert!(head.body.is_empty(), "{headers:?}");
    }
}

#[test]
fn unchanged_files_are_304() {
    let (world, daemon, path, bytes) = with_movie();
    let first = daemon.get(&path);
    let (tag, time) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
    let listed = format!("\"other\", {tag}");
    for headers in [
        [("If-None-Match", tag)],
        [("If-None-Match", listed.as_str())],
        [("If-None-Match", "*")],
        [("If-Modified-Since", time)],
    ] {
        let response = daemon.request("GET", &path, &headers);
        assert_eq!((response.status, response.body.len()), (304, 0), "{headers:?}");
        assert_eq!(response.header("etag"), Some(tag));
    }
    assert_whole(&daemon.request("GET", &path, &[("If-None-Match", "\"other\"")]), &bytes);
    // The tag takes precedence over the time (RFC 9110, section 13.1.3).
    assert_whole(&daemon.request("GET", &path, &[("If-None-Match", "\"other\""), ("If-Modified-Since", time)]), &bytes);
    assert_whole(&daemon.request("GET", &path, &[("If-Modified-Since", "Sat, 21 Nov 2026 05:44:51 GMT")]), &bytes);
    fs::write(world.path(EVENT).join("video.mp4"), b"other bytes").unwrap();
    assert_whole(&daemon.request("GET", &path, &[("If-None-Match", tag)]), b"other bytes");
}

#[test]
fn preconditions_are_evaluated() {
    let (_world, daemon, path, bytes) = with_movie();
    let tag = daemon.get(&path).header("etag").unwrap().to_owned();
    for same in
        [("If-Match", tag.as_str()), ("If-Match", "*"), ("If-Unmodified-Since", "Sat, 21 Nov 2026 05:44:52 GMT")]
    {
        assert_whole(&daemon.request("GET", &path, &[same]), &bytes);
    }
    for other in [("If-Match", "\"other\""), ("If-Unmodified-Since", "Sat, 21 Nov 2026 05:44:51 GMT")] {
        let response = daemon.request("GET", &path, &[other]);
        assert_problem(&response, 412, None);
        assert_eq!(response.header("cache-control"), Some("no-store"), "{other:?}");
    }
}

#[test]
fn a_range_of_another_version_returns_the_file() {
    let (world, daemon, path, bytes) = with_movie();
    let first = daemon.get(&path);
    let (tag, time) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
    let ask = |condition: &str| daemon.request("GET", &path, &[("Range", "bytes=5-9"), ("If-Range", condition)]);
    for same in [tag, time] {
        let part = ask(same);
        assert_eq!((part.status, &part.body[..]), (206, &bytes[5..10]), "{same}");
    }
    let weak = format!("W/{tag}");
    for other in ["\"other\"", "Sat, 21 Nov 2026 05:44:51 GMT", "Sat, 21 Nov 2026 05:44:53 GMT", &weak, "neither"] {
        assert_whole(&ask(other), &bytes);
    }
    fs::write(world.path(EVENT).join("video.mp4"), b"other bytes").unwrap();
    assert_whole(&ask(tag), b"other bytes");
}

#[test]
fn content_types_follow_from_names() {
    let world = World::new();
    let event = "Camera1/2025-03-01/10-00-00";
    let mut maker = world.event(event).old();
    for name in ["video.webm", "video.ogg", "video.m4v", "thumbnail.jpg", "note.txt", "page.html", "debug/video.m4v"] {
        maker = maker.file(name, "x");
    }
    maker.make();
    let daemon = world.serve(&[]);
    for (name, kind) in [
        ("video.webm", "video/webm"),
        ("video.ogg", "video/ogg"),
        ("video.m4v", "video/mp4"),
        ("thumbnail.jpg", "image/jpeg"),
        ("10-00-00-00.jpg", "image/jpeg"),
        ("debug/video.m4v", "video/mp4"),
        ("note.txt", "application/octet-stream"),
        // Never HTML: its scripts would run in our origin.
        ("page.html", "application/octet-stream"),
    ] {
        let response = daemon.get(&format!("/media/{event}/{name}"));
        assert_eq!((response.status, response.header("content-type")), (200, Some(kind)), "{name}");
    }
}

#[test]
fn the_directory_is_a_list_of_pictures() {
    let world = World::sample("direct");
    let dir = world.path("Camera1/2026-11-21/05-44-52");
    for (name, text) in [(".hidden.jpg", "x"), ("note.txt", "x"), ("a\"<b>&c d.jpg", "odd")] {
        fs::write(dir.join(name), text).unwrap();
    }
    std::os::unix::fs::symlink("/etc/hostname", dir.join("link.jpg")).unwrap();
    let daemon = world.serve(&[]);
    let slash = daemon.get("/motion/Camera1/2026-11-21/05-44-52/");
    assert_eq!((slash.status, slash.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let page = slash.text();
    let links: Vec<&str> = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(links.len(), 42 + 34 + 1, "frames, debug frames and the odd one: {links:?}");
    assert!(links.contains(&"05-44-51-04.jpg") && links.contains(&"05-44-53-00m.jpg"), "{links:?}");
    assert!(!page.contains("<b>") && page.contains("a&quot;&lt;b&gt;&amp;c d.jpg"), "{page}");
    for link in links {
        assert_eq!(daemon.get(&format!("/motion/Camera1/2026-11-21/05-44-52/{link}")).status, 200, "{link}");
    }
    // Without the slash the links are relative to the day.
    let bare = daemon.get("/motion/Camera1/2026-11-21/05-44-52").text();
    assert!(bare.contains("href=\"05-44-52/05-44-51-04.jpg\""), "{bare}");
    assert!(!bare.contains("href=\"05-44-51-04.jpg\""), "{bare}");
}

#[test]
fn only_event_directories_are_listed() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    for path in [
        "/motion/",
        "/motion/Camera1",
        "/motion/Camera1/",
        "/motion/Camera1/2026-11-21",
        "/motion/Camera1/2026-11-21/",
        "/motion/queue",
        "/motion/Camera1/2026-11-21/05-44-40/",
        "/media/Camera1/2026-11-21/05-44-39",
        "/media/Camera1/2026-11-21/05-44-39/",
        "/motion/Camera1/2026-11-21/05-44-39//",
    ] {
        assert_problem(&daemon.get(path), 404, None);
    }
}

/// The files of the page once had no ETag and were not compressed. A file that is added under `ui/dist/` needs no line of Rust.
#[test]
fn every_file_of_the_page_is_served() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let ui = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/ui/dist"));
    let files = walkdir::WalkDir::new(ui).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    for file in files {
        let name = file.path().strip_prefix(ui).unwrap().to_str().unwrap();
        let (path, content) = (format!("/{name}"), fs::read(file.path()).unwrap());
        let path = match name {
            "login.html" => continue, // a template: see `auth`
            "index.html" => "/",
            _ => path.as_str(),
        };
        let plain = daemon.get(path);
        assert_eq!((plain.status, &plain.body), (200, &content), "{path}");
        let kind = match name.rsplit_once('.').unwrap().1 {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "jpg" => "image/jpeg",
            "png" => "image/png",
            "ftl" => "text/plain; charset=utf-8",
            "webmanifest" => "application/manifest+json",
            other => panic!("add the type of .{other} to this test"),
        };
        assert_eq!(plain.header("content-type"), Some(kind), "{path}");
        let gzipped = daemon.request("GET", path, &[("Accept-Encoding", "gzip")]);
        let tags = [&plain, &gzipped].map(|response| response.header("etag").unwrap().to_owned());
        if gzipped.header("content-encoding").is_some() {
            assert_ne!(tags[0], tags[1], "{path}");
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gzipped.body[..]), &mut text).unwrap();
            assert_eq!(text, content, "{path}");
            assert!(gzipped.body.len() < content.len(), "{path}");
        } else {
            assert!(kind == "image/jpeg" || kind == "image/png", "{path}");
        }
        for (tag, encoding) in [(&tags[0], "identity"), (&tags[1], "gzip")] {
            let unchanged = daemon.request("GET", path, &[("If-None-Match", tag), ("Accept-Encoding", encoding)]);
            assert_eq!((unchanged.status, unchanged.body.len()), (304, 0), "{path}");
        }
    }
}
