//! The HTTP listener of a real daemon: slow clients, oversized requests, aborted connections and many clients affect no other
//! client, and delay no stop. Times and numbers are lowered for the tests (`fault.rs`).

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::world::{Daemon, LONGEST_STOP, PATIENCE, Response, World, event_id, wait_for, wait_until};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Starts a daemon with other limits than usual, and waits until it is ready.
fn serve(world: &World, limits: &str) -> Daemon {
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"]);
    command.env("OWLERY_LIMITS", limits).env("OWLERY_LOG", "owlery=debug");
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    daemon
}

/// A connection that is kept.
struct Client(TcpStream);

impl Client {
    fn of(daemon: &Daemon) -> Self {
        let stream = TcpStream::connect(&daemon.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    fn send(&mut self, text: &str) -> &mut Self {
        self.0.write_all(text.as_bytes()).unwrap();
        self
    }

    /// The same for the last request on this connection.
    fn send_last(&mut self, text: &str) -> &mut Self {
        self.send(&text.replace("Host:", "Connection: close\r\nHost:"))
    }

    /// One response, with the length in its head; `HEAD` has no body whatever the head says.
    fn answer_to(&mut self, method: &str) -> Response {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0
                .read_exact(&mut byte)
                .unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&bytes)));
            bytes.push(byte[0]);
        }
        let length = Response::parse(&bytes).header("content-length").map_or(0, |length| length.parse().unwrap());
        if method != "HEAD" {
            let head = bytes.len();
            bytes.resize(head + length, 0);
            self.0.read_exact(&mut bytes[head..]).unwrap();
        }
        Response::parse(&bytes)
    }

    fn answer(&mut self) -> Response {
        self.answer_to("GET")
    }

    /// Everything until the other end closes; a reset is an end too.
    fn rest(&mut self) -> Vec<u8> {
        let (mut bytes, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            match self.0.read(&mut chunk) {
                Ok(0) => return bytes,
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return bytes,
                Err(error) => panic!("{error} after {} bytes", bytes.len()),
            }
        }
    }
}

/// Makes an event with a movie that no socket's buffers hold; returns its path.
fn movie(world: &World, len: u64) -> String {
    let id = event_id("Camera1", 1, "10-00-00");
    let dir = world.event(&*id).old().make();
    fs::File::options().write(true).open(dir.join("video.mp4")).unwrap().set_len(len).unwrap();
    format!("/media/{id}/video.mp4")
}

const BIG: u64 = 64 << 20;

#[test]
fn a_missing_request_head_times_out() {
    let world = World::new();
    let daemon = serve(&world, "head=300ms");
    let mut silent = Client::of(&daemon);
    let mut slow = Client::of(&daemon);
    slow.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    slow.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    wait_until("a head that comes byte by byte is cut off", || {
        let sent = slow.0.write_all(b"x");
        let closed = match slow.0.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        };
        closed || sent.is_err()
    });
    assert_eq!(silent.rest(), b"", "and who says nothing is left without a word");
    assert_eq!(daemon.get("/healthz").status, 200);
}

#[test]
fn idle_connections_are_kept_for_a_while() {
    let world = World::new();
    let daemon = serve(&world, "head=200ms,idle=1m");
    let mut kept = Client::of(&daemon);
    assert_eq!(kept.send(HEALTH).answer().status, 200);
    assert_eq!(Client::of(&daemon).rest(), b"", "longer than a head may take");
    assert_eq!(kept.send(HEALTH).answer().status, 200, "it is still there");
    kept.send("GET /healthz HT");
    assert_eq!(kept.rest(), b"", "but its next head has no more time than any");

    let world = World::new();
    let daemon = serve(&world, "head=10m,idle=200ms");
    let mut idle = Client::of(&daemon);
    assert_eq!(idle.send(HEALTH).answer().status, 200);
    assert_eq!(idle.rest(), b"");
}

#[test]
fn a_too_long_head_is_431() {
    let world = World::new();
    let daemon = serve(&world, "linger=30s");
    let long = format!("X-Long: {}\r\n", "x".repeat(20_000));
    let very_long = format!("X-Long: {}\r\n", "x".repeat(3_000_000));
    let many = "X-Other: x\r\n".repeat(101);
    for (what, fields) in [("long", &long), ("very long", &very_long), ("many", &many)] {
        let mut client = Client::of(&daemon);
        // All of it can be sent: a client that cannot finish might not read a response.
        client.send(&format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"));
        assert_eq!(Response::parse(&client.rest()).status, 431, "{what}");
    }
    let path = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(14_000));
    assert_eq!(Client::of(&daemon).send(&path).answer().status, 404, "within the limit");
}

#[test]
fn pipelined_requests_keep_their_order() {
    let world = World::new();
    let daemon = serve(&world, "");
    let mut client = Client::of(&daemon);
    let paths = ["/healthz", "/nothing", "/api/cameras/list", "/style.css", "/readyz"];
    let all: String = paths.iter().map(|path| HEALTH.replace("/healthz", path)).collect();
    client.send(&all);
    let responses: Vec<Response> = paths.iter().map(|_| client.answer()).collect();
    for (path, answer) in paths.iter().zip(responses) {
        assert_eq!(
            (answer.status, answer.body),
            {
                let alone = daemon.get(path);
                (alone.status, alone.body)
            },
            "{path}"
        );
    }
    let head = client.send("HEAD /style.css HTTP/1.1\r\nHost: localhost\r\n\r\n").answer_to("HEAD");
    let length: usize = head.header("content-length").unwrap().parse().unwrap();
    assert_eq!((head.status, length), (200, daemon.get("/style.css").body.len()));
    assert_eq!(client.send(HEALTH).answer().text(), "ok\n", "nothing of a body was sent after the head");
    client.send("GET /healthz HTTP/1.0\r\n\r\n");
    assert!(client.rest().ends_with(b"ok\n"), "an old client's connection is closed");
}

#[test]
fn a_half_closed_client_gets_its_response() {
    let world = World::new();
    let path = movie(&world, BIG);
    let daemon = serve(&world, "head=10m,idle=10m");
    let mut client = Client::of(&daemon);
    client.send(&(HEALTH.repeat(2) + &HEALTH.replace("/healthz", &path)));
    client.0.shutdown(Shutdown::Write).unwrap();
    assert_eq!((client.answer().text(), client.answer().text()), ("ok\n".to_owned(), "ok\n".to_owned()));
    let answer = Response::parse(&client.rest());
    assert_eq!((answer.status, answer.body.len() as u64), (200, BIG));
    let mut client = Client::of(&daemon);
    client.send("GET /healthz HT").0.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.rest(), b"", "half a request is none");
}

#[test]
fn a_client_that_takes_nothing_is_left() {
    let world = World::new();
    let path = movie(&world, BIG);
    let daemon = serve(&world, "stall=300ms");
    let mut client = Client::of(&daemon);
    client.send(&HEALTH.replace("/healthz", &path));
    daemon.wait_for_log("the client accepts no data");
    assert!((client.rest().len() as u64) < BIG);
}

/// Clients that are connected when the limit is reached are still served.
#[test]
fn the_connection_limit_harms_no_client() {
    let world = World::new();
    let daemon = serve(&world, "connections=2,per-address=2");
    let (mut first, mut second) = (Client::of(&daemon), Client::of(&daemon));
    first.send(HEALTH).answer();
    second.send(HEALTH).answer();
    let mut third = Client::of(&daemon);
    third.send(HEALTH);
    daemon.wait_for_log("2 connections are open; more wait until one ends");
    for _ in 0..3 {
        assert_eq!(first.send(HEALTH).answer().status, 200);
        assert_eq!(second.send(HEALTH).answer().status, 200);
    }
    drop(first);
    assert_eq!(third.answer().status, 200, "it has only waited");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn running_out_of_descriptors_passes() {
    let world = World::new();
    let daemon = serve(&world, "");
    let limit = |limit: &str| {
        let pid = daemon.child.id().to_string();
        assert!(Command::new("prlimit").args(["--pid", &pid, limit]).status().unwrap().success());
    };
    let mut before = Client::of(&daemon);
    before.send(HEALTH).answer();
    limit("--nofile=8:"); // fewer than are open
    let mut client = Client::of(&daemon);
    client.send(HEALTH);
    daemon.wait_for_log("cannot accept connections for now");
    assert_eq!(before.send(HEALTH).answer().status, 200, "who is there notices nothing");
    limit("--nofile=1000:");
    assert_eq!(client.answer().status, 200, "and who came meanwhile has only waited");
    assert_eq!(daemon.log().matches("cannot accept connections").count(), 1);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_stop_closes_idle_connections() {
    let world = World::new();
    let mut daemon = serve(&world, "drain=2s");
    let mut clients: Vec<Client> = (0..20).map(|_| Client::of(&daemon)).collect();
    for client in &mut clients[..10] {
        client.send(HEALTH).answer(); // the others have not said anything yet
    }
    let asked = Instant::now();
    daemon.signal("-TERM");
    assert!(clients.iter_mut().all(|client| client.rest().is_empty()));
    assert_eq!(daemon.wait(), 0);
    assert!(asked.elapsed() < LONGEST_STOP, "{:?}", asked.elapsed());
    assert!(!daemon.log().contains("cut off"), "{}", daemon.log());
    TcpStream::connect(&daemon.address).expect_err("no listener");
}

#[test]
fn a_short_download_survives_a_stop() {
    let world = World::new();
    let len = BIG / 4;
    let path = movie(&world, len);
    let mut daemon = serve(&world, "drain=2500ms");
    let mut client = Client::of(&daemon);
    client.send(&HEALTH.replace("/healthz", &path));
    let mut begun = vec![0; 1000];
    client.0.read_exact(&mut begun).unwrap();
    daemon.signal("-TERM");
    daemon.wait_for_log("stopping (signal 15)");
    begun.extend(client.rest());
    assert_eq!(Response::parse(&begun).body.len() as u64, len);
    assert_eq!(daemon.wait(), 0);
}

/// Neither other clients nor the stop.
#[test]
fn a_stalled_client_delays_nothing() {
    let world = World::new();
    let path = movie(&world, BIG);
    let mut daemon = serve(&world, "");
    let mut stalled: Vec<Client> = (0..8).map(|_| Client::of(&daemon)).collect();
    for client in &mut stalled {
        client.send(&HEALTH.replace("/healthz", &path));
        client.0.read_exact(&mut [0; 100]).unwrap();
    }
    let movie = daemon.get(&path);
    assert_eq!((movie.status, movie.body.len() as u64), (200, BIG));
    let asked = Instant::now();
    daemon.signal("-TERM");
    assert_eq!(daemon.wait(), 0, "{}", daemon.log());
    assert!(asked.elapsed() < LONGEST_STOP, "{:?}", asked.elapsed());
    assert!(daemon.log().contains("8 requests under way are cut off"), "{}", daemon.log());
    assert!(stalled.iter_mut().all(|client| (client.rest().len() as u64) < BIG));
}

/// With a problem document.
#[test]
fn too_long_and_missing_bodies_are_refused() {
    let world = World::new();
    let daemon = serve(&world, "body=300ms,linger=30s");
    let head = |field: &str| format!("POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\n{field}\r\n\r\n");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for (what, request, status) in [
        ("too long", head("Content-Length: 9000000") + &"x".repeat(9_000_000), 413),
        ("said to be too long", head("Content-Length: 99999999999"), 413),
        ("too long in pieces", head("Transfer-Encoding: chunked") + &chunk.repeat(100), 413),
        ("not there", head("Content-Length: 10") + "12345", 408),
    ] {
        let mut client = Client::of(&daemon);
        client.send(&request);
        let answer = Response::parse(&client.rest());
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(answer.json()["status"], status, "{what}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
    }
    let mut client = Client::of(&daemon);
    client.send(&(head("Content-Length: 5") + "12345" + HEALTH));
    assert_eq!((client.answer().status, client.answer().status), (405, 200), "a body within the limits");
}

/// It affects no other request.
#[test]
fn a_panicking_handler_is_a_500() {
    let world = World::new();
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"]);
    command.env("OWLERY_FAULT", "healthz");
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    let mut client = Client::of(&daemon);
    for _ in 0..3 {
        let answer = client.send(HEALTH).answer();
        assert_eq!((answer.status, answer.json()["status"].as_u64()), (500, Some(500)));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    daemon.wait_for_log("a handler panicked: OWLERY_FAULT=healthz");
    assert_eq!(client.send(&HEALTH.replace("healthz", "readyz")).answer().status, 200, "on the same connection");
    assert_eq!(daemon.stop(), 0);
}

/// Reported: one client could take every connection there is.
#[test]
fn one_client_does_not_take_every_connection() {
    let world = World::new();
    let daemon = serve(&world, "connections=16,per-address=2");
    // The connection that found the daemon ready may still count.
    let connect = || {
        wait_for("a connection", || {
            let (mut client, mut head) = (Client::of(&daemon), [0; 12]);
            let _ = client.0.write_all(HEALTH.as_bytes()); // fails if it was refused
            let is_open = client.0.peek(&mut head).is_ok() && head == *b"HTTP/1.1 200";
            is_open.then(|| client.answer())?;
            Some(client)
        })
    };
    let (mut first, second) = (connect(), connect());
    let refused = Response::parse(&Client::of(&daemon).rest());
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    daemon.wait_for_log("127.0.0.1 has 2 connections, as many as one client may");
    assert_eq!(first.send(HEALTH).answer().status, 200, "the others are not disturbed");
    drop(second);
    wait_until("room again", || {
        let bytes = Client::of(&daemon).send_last(HEALTH).rest();
        bytes.starts_with(b"HTTP/1.1 200")
    });
}

/// A trusted proxy speaks for many clients.
#[test]
fn a_trusted_proxy_has_all_connections() {
    let world = World::new();
    let config = world.outside("proxy").join("owlery.toml");
    fs::write(&config, "[proxy]\nfrom = [\"127.0.0.1\"]\n").unwrap();
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()]);
    command.env("OWLERY_LIMITS", "connections=16,per-address=1");
    let daemon = Daemon::start(command);
    let mut clients: Vec<Client> = (0..4).map(|_| Client::of(&daemon)).collect();
    for client in &mut clients {
        assert_eq!(client.send(HEALTH).answer().status, 200);
    }
}
