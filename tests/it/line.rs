//! A line to servers that speak HTTP: a proxy on this host that passes each request on to the first server that takes it, as slowly as it
//! is told, and notes what was written. Each request has a connection of its own to the server.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many bytes are passed on at a time.
const CHUNK: usize = 4 << 10;

/// A running proxy. It ends with the test's process; connections end with their clients.
pub struct Line {
    pub port: u16,
    shared: Arc<Shared>,
}

/// What all connections share.
struct Shared {
    servers: Vec<u16>,
    /// The bytes a second of each direction, whatever the number of connections.
    rate: Option<u32>,
    /// Whether nothing is passed on any more.
    is_silent: AtomicBool,
    /// The end of the path at whose `PUT` that begins.
    silent_at: Option<&'static str>,
    /// Until when each direction is busy: that to the server, and back.
    busy: [Mutex<Option<Instant>>; 2],
    written: Mutex<Written>,
}

/// What was written, by the path of the request.
#[derive(Debug, Default)]
pub struct Written {
    /// How often a `PUT` was sent.
    pub sent: BTreeMap<String, u32>,
    /// How often it was accepted.
    pub accepted: BTreeMap<String, u32>,
    /// The manifests that were accepted last.
    pub manifests: BTreeMap<String, Vec<u8>>,
}

impl Line {
    /// A line to the first of these ports that takes connections.
    pub fn to(servers: &[u16], rate: Option<u32>) -> Self {
        Self::new(servers, rate, None)
    }

    /// A line to this port that passes nothing on any more once something is written to a path with this end.
    pub fn silent_at(server: u16, end: &'static str) -> Self {
        Self::new(&[server], None, Some(end))
    }

    fn new(servers: &[u16], rate: Option<u32>, silent_at: Option<&'static str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            servers: servers.to_vec(),
            rate,
            is_silent: AtomicBool::new(false),
            silent_at,
            busy: Default::default(),
            written: Mutex::default(),
        });
        let of_connections = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&of_connections);
                std::thread::spawn(move || _ = shared.exchange(client)); // a side that is gone is no error of the line
            }
        });
        Self { port, shared }
    }

    /// Looks at what was written.
    pub fn written<T>(&self, look: impl FnOnce(&Written) -> T) -> T {
        look(&self.shared.written.lock().unwrap())
    }
}

impl Shared {
    /// One request and its response.
    fn exchange(&self, mut client: TcpStream) -> std::io::Result<()> {
        let (head, body) = read_request(&mut client)?;
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_owned());
        if method == "PUT" {
            *self.written.lock().unwrap().sent.entry(path.clone()).or_default() += 1;
        }
        if method == "PUT" && self.silent_at.is_some_and(|end| path.ends_with(end)) {
            self.is_silent.store(true, Ordering::Relaxed);
        }
        if self.is_silent.load(Ordering::Relaxed) {
            return client.read(&mut [0]).map(drop); // until the client gives up
        }
        let connect = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).ok();
        let Some(mut server) = self.servers.iter().find_map(connect) else { return Ok(()) };
        // A client that gives up is noticed: the server's end ends the response then.
        let (gone, mut watched) = (server.try_clone()?, client.try_clone()?);
        let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
        self.pass(0, format!("{first}\r\nConnection: close\r\n{rest}").as_bytes(), &mut server)?;
        self.pass(0, &body, &mut server)?;
        std::thread::spawn(move || {
            let _ = watched.read(&mut [0; 1]);
            let _ = gone.shutdown(Shutdown::Both);
        });
        let mut response = Vec::new();
        let mut buffer = [0; CHUNK];
        while let Ok(read @ 1..) = server.read(&mut buffer) {
            if response.is_empty() && method == "PUT" && buffer[..read].starts_with(b"HTTP/1.1 200") {
                self.accept(path.clone(), &body);
            }
            response.extend_from_slice(&buffer[..read]);
            self.pass(1, &buffer[..read], &mut client)?;
        }
        client.shutdown(Shutdown::Both)
    }

    fn accept(&self, path: String, body: &[u8]) {
        let mut written = self.written.lock().unwrap();
        if path.ends_with("/manifest.json") {
            written.manifests.insert(path.clone(), body.to_vec());
        }
        *written.accepted.entry(path).or_default() += 1;
    }

    /// Passes bytes on in one direction, at the rate of the line.
    #[allow(clippy::disallowed_methods)]
    fn pass(&self, direction: usize, bytes: &[u8], to: &mut TcpStream) -> std::io::Result<()> {
        for chunk in bytes.chunks(CHUNK) {
            if let Some(rate) = self.rate {
                let takes = Duration::from_secs_f64(f64::from(u32::try_from(chunk.len()).unwrap()) / f64::from(rate));
                let until = {
                    let mut busy = self.busy[direction].lock().unwrap();
                    let now = Instant::now();
                    let until = busy.map_or(now, |busy| busy.max(now)) + takes;
                    *busy = Some(until);
                    until
                };
                std::thread::sleep(until.saturating_duration_since(Instant::now()));
            }
            to.write_all(chunk)?;
        }
        Ok(())
    }
}

/// The head of a request, to its empty line, and its body.
fn read_request(client: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let (mut read, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    let end = loop {
        if let Some(at) = memchr::memmem::find(&read, b"\r\n\r\n") {
            break at + 4;
        }
        let more = client.read(&mut buffer)?;
        if more == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&buffer[..more]);
    };
    let mut body = read.split_off(end);
    let head = String::from_utf8_lossy(&read).into_owned();
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let length: usize = lengths.next().unwrap_or(0);
    let begun = body.len();
    body.resize(length.max(begun), 0);
    client.read_exact(&mut body[begun..])?;
    Ok((head, body))
}
