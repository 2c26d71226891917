//! The live pictures of cameras through the daemon: who gets them, one connection to Motion for all, what ends them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::assert_problem;
use super::auth::{TOKEN, config, cookie, users};
use crate::fake_motion::{FakeMotion, PADDING};
use crate::world::{Daemon, PATIENCE, Response, World, wait_until};

/// A client of a camera's stream.
pub struct Watcher {
    stream: BufReader<TcpStream>,
    pub head: Response,
    bytes: Vec<u8>,
    /// Whether the response ended properly.
    pub is_complete: bool,
}

impl Watcher {
    /// Requests a stream; panics unless it begins.
    pub fn open(daemon: &Daemon, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(&daemon.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", daemon.address).unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_until(b'\n', &mut head).unwrap(), 0, "it ended within its head");
        }
        let text = String::from_utf8(head).unwrap();
        let head = Response::parse(text.replace("chunked", "as one").as_bytes());
        assert_eq!(head.status, 200, "{text}");
        assert_eq!(head.header("content-type"), Some("multipart/x-mixed-replace; boundary=owlery"));
        assert_eq!(head.header("cache-control"), Some("no-store"));
        Self { stream, head, bytes: Vec::new(), is_complete: false }
    }

    fn chunk(&mut self) -> Option<()> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        if size == 0 {
            self.is_complete = true;
            return None;
        }
        let before = self.bytes.len();
        self.bytes.resize(before + size + 2, 0);
        self.stream.read_exact(&mut self.bytes[before..]).ok()?;
        self.bytes.truncate(before + size);
        Some(())
    }

    /// The next picture; `None` at the end.
    pub fn picture(&mut self) -> Option<Vec<u8>> {
        let end = |bytes: &[u8]| bytes.windows(4).position(|window| window == b"\r\n\r\n");
        while end(&self.bytes).is_none() {
            self.chunk()?;
        }
        let head = String::from_utf8(self.bytes.drain(..end(&self.bytes).unwrap() + 4).collect()).unwrap();
        assert!(head.starts_with("--owlery\r\nContent-Type: image/jpeg\r\n"), "{head}");
        let length: usize = head.split("Content-Length: ").nth(1).unwrap().trim().parse().unwrap();
        while self.bytes.len() < length + 2 {
            self.chunk()?;
        }
        let picture = self.bytes.drain(..length + 2).take(length).collect();
        Some(picture)
    }

    /// The number of the next picture of the fake.
    pub fn number(&mut self) -> Option<usize> {
        let picture = self.picture()?;
        assert_eq!(picture.len(), 10 + PADDING);
        Some(std::str::from_utf8(&picture[2..10]).unwrap().parse().unwrap())
    }
}

/// Many clients share one connection to Motion, which is closed when the last has gone.
#[test]
fn clients_share_one_connection_to_motion() {
    let (world, motion) = (World::sample("direct"), FakeMotion::start());
    let daemon = world.serve(&["--live", &motion.flag("Camera1")]);
    let mut watchers: Vec<Watcher> = (0..3).map(|_| Watcher::open(&daemon, "/live/Camera1", "")).collect();
    for watcher in &mut watchers {
        let first = watcher.number().unwrap();
        assert!(watcher.number().unwrap() > first);
    }
    let metrics = daemon.get("/metrics").text();
    assert!(metrics.contains("\nowlery_live_picture_clients 3\n"), "{metrics}");
    let still = daemon.get("/live/Camera1/still.jpg");
    assert_eq!((still.status, still.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!((still.header("cache-control"), still.body.len()), (Some("no-store"), 10 + PADDING));
    assert_eq!((motion.open(), motion.requests()), (1, vec!["GET / HTTP/1.1".to_owned()]));
    for path in ["/live/Camera1", "/live/Camera1/still.jpg"] {
        let head = daemon.request("HEAD", path, &[]);
        assert_eq!((head.status, head.body.len(), head.header("cache-control")), (200, 0, Some("no-store")), "{path}");
        assert_problem(&daemon.request("POST", path, &[]), 405, None);
        assert_problem(&daemon.get(&format!("{path}?x=1")), 400, Some("x"));
    }
    let live = |name: &str| {
        let cameras = daemon.get("/api/v1/cameras").json();
        let cameras = cameras["cameras"].as_array().unwrap();
        cameras.iter().find(|camera| camera["name"] == name).unwrap()["live"].clone()
    };
    assert_eq!((live("Camera1"), live("Camera2")), (true.into(), false.into()));
    drop(watchers);
    wait_until("the connection to Motion is closed", || motion.open() == 0);
    assert_problem(&daemon.get("/live/Camera2"), 503, None);
    assert_problem(&daemon.get("/live/Camera9"), 404, None);
}

/// Motion restarts while a client watches; then it stays away.
#[test]
fn pictures_go_on_when_motion_restarts() {
    let (world, motion) = (World::sample("direct"), FakeMotion::start());
    let daemon = world.serve(&["--live", &motion.flag("Camera1")]);
    let mut watcher = Watcher::open(&daemon, "/live/Camera1", "");
    while watcher.number().unwrap() < 5 {}
    let address = motion.address;
    drop(motion);
    let motion = FakeMotion::start_at(address);
    while watcher.number().expect("the stream goes on") >= 5 {}
    drop(motion);
    while watcher.number().is_some() {}
    assert!(watcher.is_complete, "it ends in order");
    let refused = daemon.get("/live/Camera1");
    assert_problem(&refused, 503, None);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("cannot be reached") && detail.contains(&address.to_string()), "{detail}");
    assert!(refused.header("retry-after").is_some());
}

/// Only those who see the camera see its pictures, and passwords of streams appear nowhere.
#[test]
fn live_pictures_have_the_rights_of_users() {
    let (world, motion) = (World::sample("direct"), FakeMotion::start());
    let tables = format!(
        "{}[live]\nCamera1 = \"http://motion:geheim@{}/\"\nCamera2 = \"http://motion:geheim@127.0.0.1:1/\"\n",
        users(),
        motion.address
    );
    let file = config(&world, &tables);
    let daemon = world.serve(&["--config", file.to_str().unwrap()]);
    for path in ["/live/Camera1", "/live/Camera2", "/live/Camera9", "/live/Camera1/still.jpg"] {
        assert_problem(&daemon.get(path), 401, None);
    }
    let token = format!("Authorization: Bearer {TOKEN}\r\n");
    let bearer = format!("Bearer {TOKEN}");
    let authorized = [("Authorization", bearer.as_str())];
    assert!(Watcher::open(&daemon, "/live/Camera1", &token).number().is_some());
    assert_eq!(daemon.request("GET", "/live/Camera1/still.jpg", &authorized).status, 200);
    for path in ["/live/Camera2", "/live/Camera9", "/live/Camera2/still.jpg"] {
        let refused = daemon.request("GET", path, &authorized);
        assert_problem(&refused, 404, None);
        assert_eq!(refused.text(), daemon.request("GET", "/live/Camera8", &authorized).text(), "{path}");
    }
    let anna = cookie(&daemon, "anna");
    let admin = [("Cookie", anna.as_str())];
    let away = daemon.request("GET", "/live/Camera2", &admin);
    assert_problem(&away, 503, None);
    assert!(away.text().contains("127.0.0.1:1:") && !away.text().contains("geheim"), "{}", away.text());
    let cameras = daemon.request("GET", "/api/v1/cameras", &admin).text();
    assert!(cameras.contains("\"live\":true") && !cameras.contains("geheim"), "{cameras}");
    assert!(!daemon.log().contains("geheim"), "{}", daemon.log());

    let mut watcher = Watcher::open(&daemon, "/live/Camera1", &format!("Cookie: {anna}\r\n"));
    assert_eq!(watcher.head.header("vary"), Some("Cookie, Authorization"));
    assert!(watcher.number().is_some());
    let out = daemon.request("POST", "/logout", &[("Cookie", anna.as_str())]);
    assert!(out.status < 400, "{}", out.text());
    while watcher.number().is_some() {}
    assert!(watcher.is_complete, "it ends with the session");
}

/// A client that reads nothing holds up neither the others nor the end of the daemon.
#[test]
fn the_daemon_stops_while_clients_watch() {
    let (world, motion) = (World::sample("direct"), FakeMotion::start());
    let daemon = world.serve(&["--live", &motion.flag("Camera1")]);
    let stalled = Watcher::open(&daemon, "/live/Camera1", "");
    let mut watcher = Watcher::open(&daemon, "/live/Camera1", "");
    let first = watcher.number().unwrap();
    while watcher.number().unwrap() < first + 100 {}
    let begun = Instant::now();
    assert_eq!(daemon.stop(), 0);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    while watcher.number().is_some() {}
    drop(stalled);
    wait_until("the connection to Motion is closed", || motion.open() == 0);
}

/// Names of cameras may have spaces, other letters and percent signs.
#[test]
fn cameras_of_any_name_have_live_pictures() {
    let (world, motion) = (World::new(), FakeMotion::start());
    let names =
        [("Camera vorn 50%", "Camera%20vorn%2050%25"), ("Camera Tür", "Camera%20T%C3%BCr"), ("Camera=1", "Camera=1")];
    let flags: Vec<String> = names.iter().flat_map(|(name, _)| ["--live".to_owned(), motion.flag(name)]).collect();
    let daemon = world.serve(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    for (name, path) in names {
        assert_eq!(daemon.get(&format!("/live/{path}/still.jpg")).status, 200, "{name}");
    }
}

/// Streams are found in Motion's configuration; a flag replaces them camera by camera.
#[test]
fn streams_are_found_in_motions_configuration() {
    let (world, motion) = (World::sample("direct"), FakeMotion::start());
    let etc = world.outside("etc");
    let camera = |number: u32, text: &str| {
        let text =
            format!("camera_id {number}\ntarget_dir {}\n{text}\n", world.path(format!("Camera{number}")).display());
        std::fs::write(etc.join(format!("{number}.conf")), text).unwrap();
    };
    let port = motion.address.port();
    std::fs::write(etc.join("motion.conf"), format!("stream_port {port}\ncamera 1.conf\ncamera 2.conf\n")).unwrap();
    camera(1, "");
    camera(2, "stream_port 1");
    let conf = etc.join("motion.conf");
    let daemon = world.serve(&["--motion-conf", conf.to_str().unwrap()]);
    assert_eq!(daemon.get("/live/Camera1/still.jpg").status, 200);
    assert_eq!(motion.requests(), ["GET /1/stream HTTP/1.1"]);
    assert_problem(&daemon.get("/live/Camera2/still.jpg"), 503, None);
    assert_eq!(daemon.stop(), 0);
    let daemon = world.serve(&["--motion-conf", conf.to_str().unwrap(), "--live", &motion.flag("Camera2")]);
    for camera in ["Camera1", "Camera2"] {
        assert_eq!(daemon.get(&format!("/live/{camera}/still.jpg")).status, 200, "{camera}");
    }
}

#[test]
fn invalid_streams_are_refused_at_the_start() {
    let world = World::new();
    for (flag, part) in [
        ("Camera1=https://motion:geheim@127.0.0.1/", "https is not supported"),
        ("http://motion:geheim@127.0.0.1/", "expected CAMERA=URL"),
    ] {
        let ran = world.run("serve", &["--listen", "127.0.0.1:0", "--live", flag]);
        assert!(ran.code == 2 && ran.stderr.contains(part) && !ran.stderr.contains("geheim"), "{}", ran.stderr);
    }
    let ran = world.run("list", &["--live", "Camera1=http://127.0.0.1/"]);
    assert!(ran.code == 2 && ran.stderr.contains("--live has no effect"), "{}", ran.stderr);
}
