//! Zip files of events, read back by the zip crate and unzip: complete ones, with vanishing files, with slow and disconnected clients.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Local, Timelike};
use zip::ZipArchive;

use super::assert_problem;
use crate::world::{Daemon, PATIENCE, Response, World, wait_for, wait_until};

const EVENT: &str = "Camera1/2025-03-01/10-00-00";

/// Names and contents, in their order in the file.
fn unpack(response: &Response) -> Vec<(String, Vec<u8>)> {
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("application/zip")),
        "{}",
        response.text()
    );
    let mut zip = ZipArchive::new(Cursor::new(&response.body)).unwrap();
    let count = zip.len();
    let entry = |at| {
        let mut entry = zip.by_index(at).unwrap();
        assert_eq!(entry.compression(), zip::CompressionMethod::Stored);
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    (0..count).map(entry).collect()
}

fn names(response: &Response) -> Vec<String> {
    unpack(response).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn an_event_is_zipped_with_all_its_files() {
    let world = World::sample("strix-done");
    let event = "Camera1/2026-11-21/05-45-25";
    let dir = world.path(event);
    fs::write(dir.join(".hidden"), "x").unwrap();
    fs::write(dir.join("debug/.hidden"), "x").unwrap();
    fs::create_dir(dir.join("other")).unwrap();
    fs::write(dir.join("other/x.jpg"), "x").unwrap();
    symlink("/etc/hostname", dir.join("link.jpg")).unwrap();
    fs::write(dir.join("Tür & Tor.jpg"), "a door").unwrap();
    assert!(Command::new("mkfifo").arg(dir.join("pipe.jpg")).status().unwrap().success());
    let daemon = world.serve(&[]);
    let response = daemon.get(&format!("/api/v1/events/{event}.zip"));
    let mut expected = BTreeMap::new();
    for below in ["", "debug/"] {
        for entry in fs::read_dir(dir.join(below)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_file() && !name.starts_with('.') {
                expected.insert(format!("{event}/{below}{name}"), fs::read(entry.path()).unwrap());
            }
        }
    }
    let got: BTreeMap<String, Vec<u8>> = unpack(&response).into_iter().collect();
    assert!(expected.len() > 3 && expected.contains_key(&format!("{event}/debug/video.m4v")));
    assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert!(got == expected, "the bytes of a file differ");
    let disposition = "attachment; filename=\"Camera1_2026-11-21_05-45-25.zip\"";
    assert_eq!(response.header("content-disposition"), Some(disposition));
    assert_eq!(response.header("cache-control"), Some("no-store"));
}

#[test]
fn unzip_reads_exports_with_local_times() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let response = daemon.get("/api/v1/export?camera=Camera1");
    let path = world.outside("zips").join("all.zip");
    fs::write(&path, &response.body).unwrap();
    let python =
        "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint(len(z.infolist()))";
    for tested in
        [Command::new("unzip").arg("-tqq").arg(&path), Command::new("python3").args(["-c", python]).arg(&path)]
    {
        let output = tested.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let mut zip = ZipArchive::new(Cursor::new(&response.body)).unwrap();
    let movie = "Camera1/2026-11-21/05-44-39/video.mp4";
    let written = fs::metadata(world.path(movie)).unwrap().modified().unwrap();
    let wall = DateTime::<Local>::from(written).naive_local();
    let received = zip.by_name(movie).unwrap().last_modified().unwrap();
    assert_eq!(
        received.to_string(),
        wall.with_second(wall.second() / 2 * 2).unwrap().format("%Y-%m-%d %H:%M:%S").to_string()
    );
}

#[test]
fn exports_have_the_requested_events_in_order() {
    let world = World::new();
    let event = |id: &str| world.event(id).frames(1).no_movie().old().make();
    for id in ["Camera1/2025-03-01/10-00-00", "Camera1/2025-03-02/10-00-00", "Camera2/2025-03-01/11-00-00"] {
        event(id);
    }
    event("Camera10/2025-03-01/10-30-00");
    fs::write(event("Camera1/2025-03-03/10-00-00").join(".saved"), "").unwrap();
    let daemon = world.serve(&[]);
    for (query, expected, file) in [
        (
            "",
            &[
                "Camera1/2025-03-01/10-00-00",
                "Camera10/2025-03-01/10-30-00",
                "Camera2/2025-03-01/11-00-00",
                "Camera1/2025-03-02/10-00-00",
                "Camera1/2025-03-03/10-00-00",
            ][..],
            "events_2025-03-01_2025-03-03.zip",
        ),
        (
            "?camera=Camera2&camera=Camera10&camera=Camera99",
            &["Camera10/2025-03-01/10-30-00", "Camera2/2025-03-01/11-00-00"],
            "events_2025-03-01.zip",
        ),
        (
            "?camera=Camera1&from=2025-03-01%2010:00:01&to=2025-03-02",
            &["Camera1/2025-03-02/10-00-00"],
            "events_2025-03-02.zip",
        ),
        ("?saved=true&state=complete", &["Camera1/2025-03-03/10-00-00"], "events_2025-03-03.zip"),
    ] {
        let response = daemon.get(&format!("/api/v1/export{query}"));
        let frame = |id: &&str| format!("{id}/{}-00.jpg", id.rsplit('/').next().unwrap());
        assert_eq!(names(&response), expected.iter().map(frame).collect::<Vec<_>>(), "{query}");
        let disposition = format!("attachment; filename=\"{file}\"");
        assert_eq!(response.header("content-disposition"), Some(disposition.as_str()), "{query}");
    }
}

#[test]
fn an_export_spans_catalog_pages() {
    let world = World::new();
    for second in 0..450 {
        let id = format!("Camera1/2025-03-01/10-{:02}-{:02}", second / 60, second % 60);
        world.event(id).frames(1).no_movie().old().make();
    }
    let daemon = world.serve(&[]);
    let names = names(&daemon.get("/api/v1/export"));
    assert_eq!(names.len(), 450);
    assert!(names.is_sorted());
}

#[test]
fn exports_are_limited_to_10000_events() {
    let world = World::new();
    for second in 0..10_001 {
        let id = format!("Camera1/2025-03-01/{:02}-{:02}-{:02}", second / 3600, second / 60 % 60, second % 60);
        fs::create_dir_all(world.path(id)).unwrap();
    }
    let daemon = world.serve(&[]);
    let refused = daemon.get("/api/v1/export");
    assert_problem(&refused, 413, None);
    assert!(refused.json()["detail"].as_str().unwrap().contains("shorter period"), "{}", refused.text());
    let rest = daemon.get("/api/v1/export?from=2025-03-01%2000:00:01");
    assert_eq!(names(&rest), [""; 0], "ten thousand, and none has a file");
}

#[test]
fn unknown_paths_and_methods_are_problems() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    let event = "/api/v1/events/Camera1/2026-11-21";
    for path in [
        format!("{event}/05-44-40.zip"),
        format!("{event}/.zip"),
        format!("{event}/05-44-39.zip.zip"),
        format!("{event}/05-44-39.ZIP"),
        "/api/v1/events/Camera9/2026-11-21/05-44-39.zip".to_owned(),
        "/api/v1/events/..%2f/2026-11-21/05-44-39.zip".to_owned(),
        "/api/v1/events/queue/2026-11-21/05-44-39.zip".to_owned(),
        "/api/v1/export?camera=Camera9".to_owned(),
        "/api/v1/export?from=2027-01-01&to=2027-02-01".to_owned(),
        "/api/v1/export?state=interrupted".to_owned(),
    ] {
        assert_problem(&daemon.get(&path), 404, None);
        assert_eq!(daemon.request("HEAD", &path, &[]).status, 404, "{path}");
    }
    for (query, parameter) in [
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("camera=..", "camera"),
        ("saved=maybe", "saved"),
        ("state=half", "state"),
        ("limit=1", "limit"),
        ("from=1d&from=2d", "from"),
    ] {
        assert_problem(&daemon.get(&format!("/api/v1/export?{query}")), 400, Some(parameter));
    }
    assert_problem(&daemon.get(&format!("{event}/05-44-39.zip?x=1")), 400, Some("x"));
    assert_eq!(
        daemon.get(&format!("{event}/05-44-39")).json()["state"],
        "complete",
        "the event itself is still served"
    );
}

#[test]
fn head_of_a_zip_makes_no_zip() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    for path in ["/api/v1/export", "/api/v1/events/Camera1/2026-11-21/05-44-39.zip"] {
        for _ in 0..20 {
            let head = daemon.request("HEAD", path, &[]);
            assert_eq!((head.status, head.body.len()), (200, 0));
            assert_eq!(head.header("content-length"), None, "it is not known; 0 would be a lie");
            let get = daemon.get(path);
            for name in ["content-type", "content-disposition", "cache-control"] {
                assert_eq!(head.header(name), get.header(name), "{name}");
            }
        }
    }
}

/// A client that reads only the first byte of the response.
fn idle(daemon: &Daemon, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&daemon.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", daemon.address).unwrap();
    stream.peek(&mut [0]).unwrap();
    stream
}

fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes); // cut off, where something is missing
    bytes
}

/// Events with a large movie each: more bytes than the buffers to a client hold.
fn large() -> World {
    let world = World::new();
    for minute in 0..3 {
        let movie = world.event(format!("Camera1/2025-03-01/10-0{minute}-00")).old().make().join("video.mp4");
        resize(&movie, 24 << 20);
    }
    world
}

/// Makes a file longer, with zeros that take no room, or shorter; it stays an hour old.
#[allow(clippy::disallowed_methods)]
fn resize(file: &Path, size: u64) {
    let file = File::options().write(true).open(file).unwrap();
    file.set_len(size).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
}

#[test]
fn two_exports_run_at_a_time() {
    let world = large();
    let daemon = world.serve(&[]);
    let idlers = [idle(&daemon, "/api/v1/export"), idle(&daemon, "/api/v1/export?camera=Camera1")];
    let refused = daemon.get("/api/v1/export");
    assert_problem(&refused, 503, None);
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(daemon.request("HEAD", "/api/v1/export", &[]).status, 200, "a head takes no place");
    assert_eq!(daemon.get(&format!("/api/v1/events/{EVENT}.zip")).status, 200, "an event is another matter");
    drop(idlers);
    let whole = wait_for("a place", || Some(daemon.get("/api/v1/export")).filter(|response| response.status == 200));
    assert_eq!(names(&whole).len(), 12);
}

#[test]
fn a_slow_client_gets_all_of_it() {
    let world = large();
    let daemon = world.serve(&[]);
    let mut stream = idle(&daemon, "/api/v1/export");
    let mut bytes = Vec::new();
    let mut some = vec![0; 4 << 20];
    while let Some(count) = Some(stream.read(&mut some).unwrap()).filter(|count| *count > 0) {
        bytes.extend_from_slice(&some[..count]);
        assert_eq!(daemon.get("/healthz").status, 200); // takes its time between two reads
    }
    assert_eq!(names(&Response::parse(&bytes)).len(), 12);
}

#[test]
fn a_stop_aborts_a_zip() {
    let world = large();
    let daemon = world.serve(&[]);
    let idler = idle(&daemon, "/api/v1/export");
    let begun = std::time::Instant::now();
    assert_eq!(daemon.stop(), 0);
    assert!(begun.elapsed() < crate::world::LONGEST_STOP);
    let bytes = rest(idler);
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "the last chunk, which says that it was all");
    assert!(ZipArchive::new(Cursor::new(&bytes)).is_err());
}

#[test]
fn problems_are_listed_in_the_zip() {
    let world = World::new();
    let movie = world.event(EVENT).old().make().join("video.mp4");
    resize(&movie, 256 << 20);
    world.event("Camera1/2025-03-01/10-02-00").old().make();
    let gone = world.event("Camera1/2025-03-01/11-00-00").old().make();
    let daemon = world.serve(&[]);
    let mut stream = idle(&daemon, "/api/v1/export");
    let mut first = vec![0; 2 << 20];
    stream.read_exact(&mut first).unwrap();
    // The large movie is being sent, and later files wait for it.
    fs::remove_file(world.path("Camera1/2025-03-01/10-02-00/10-02-01-00.jpg")).unwrap();
    fs::remove_dir_all(gone).unwrap();
    resize(&movie, 1 << 20);
    let response = Response::parse(&[first, rest(stream)].concat());
    let all = unpack(&response);
    let (name, problems) = all.last().unwrap();
    assert_eq!(name, "PROBLEMS.txt");
    let problems = String::from_utf8(problems.clone()).unwrap();
    assert!(problems.contains("10-00-00/video.mp4: cut off at byte "), "{problems}");
    assert!(problems.contains("Camera1/2025-03-01/11-00-00"), "{problems}");
    assert!(!all.iter().any(|(name, _)| name.contains("11-00-00") || name.contains("10-02-01")), "{all:?}");
    let shrunk = all.iter().find(|(name, _)| name.ends_with("10-00-00/video.mp4")).unwrap();
    assert!(shrunk.1.len() < 256 << 20);
}

#[test]
fn movies_beyond_4_gib_are_zipped() {
    let world = World::new();
    let size = (4u64 << 30) + 12_345;
    resize(&world.event(EVENT).old().make().join("video.mp4"), size);
    world.event("Camera1/2025-03-01/10-00-09").no_movie().file("last.jpg", "the last one").old().make();
    let daemon = world.serve(&[]);
    // The zeros are stored as holes.
    let path = world.outside("zips").join("large.zip");
    let mut kept = File::create_new(&path).unwrap();
    let mut stream = std::io::BufReader::with_capacity(1 << 20, idle(&daemon, "/api/v1/export"));
    let mut line = String::new();
    while std::io::BufRead::read_line(&mut stream, &mut line).unwrap() > 2 {
        line.clear();
    }
    let (mut chunk, zeros) = (Vec::new(), vec![0; 1 << 20]);
    loop {
        line.clear();
        std::io::BufRead::read_line(&mut stream, &mut line).unwrap();
        let count = usize::from_str_radix(line.trim(), 16).unwrap();
        chunk.resize(count + 2, 0);
        stream.read_exact(&mut chunk).unwrap();
        if count == 0 {
            break;
        }
        if zeros.get(..count).is_some_and(|zeros| chunk[..count] == *zeros) {
            kept.seek(SeekFrom::Current(i64::try_from(count).unwrap())).unwrap();
        } else {
            kept.write_all(&chunk[..count]).unwrap();
        }
    }
    let mut zip = ZipArchive::new(File::open(path).unwrap()).unwrap();
    assert_eq!(zip.by_name(&format!("{EVENT}/video.mp4")).unwrap().size(), size);
    let mut last = String::new();
    zip.by_name("Camera1/2025-03-01/10-00-09/last.jpg").unwrap().read_to_string(&mut last).unwrap();
    assert_eq!(last, "the last one");
    wait_until("the place is free again", || daemon.request("HEAD", "/api/v1/export", &[]).status == 200);
}

#[test]
fn the_methods_of_a_zip_are_get_and_head() {
    let world = World::new();
    world.event(EVENT).old().make();
    let daemon = world.serve(&[]);
    let allowed = |method: &str, path: &str| {
        let refused = daemon.request(method, path, &[("Content-Length", "0")]);
        assert_problem(&refused, 405, None);
        refused.header("allow").unwrap().to_owned()
    };
    for method in ["PATCH", "DELETE"] {
        assert_eq!(allowed(method, &format!("/api/v1/events/{EVENT}.zip")), "GET,HEAD");
    }
    assert_eq!(allowed("PATCH", &format!("/api/v1/events/{EVENT}")), "GET,HEAD,DELETE");
}
