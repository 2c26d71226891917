//! The daemon that is measured, and one connection to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A response later than this counts as lost.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon; killed when dropped.
pub struct Daemon {
    child: Child,
    /// Its address.
    pub address: String,
}

impl Daemon {
    /// Starts one, and waits until it listens.
    #[allow(dead_code)] // one of the benchmarks needs more
    pub fn start(program: impl AsRef<std::ffi::OsStr>, root: &Path, state: &Path) -> Self {
        Self::start_with(program, root, state, &[])
    }

    /// The same with these variables.
    pub fn start_with(
        program: impl AsRef<std::ffi::OsStr>,
        root: &Path,
        state: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child = crate::program::command(program)
            .envs(variables.iter().copied())
            .arg("serve")
            .arg(root)
            .arg("--state-dir")
            .arg(state)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect("it listens").to_owned();
        Self { child, address }
    }

    /// Connects at once.
    pub fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { stream: BufReader::new(stream), host: self.address.clone() }
    }

    /// Connects, and waits until the preload is done.
    #[allow(dead_code)] // one of the benchmarks does not wait
    pub fn connect_ready(&self) -> Connection {
        let mut connection = self.connect();
        let begun = Instant::now();
        while connection.get("/readyz").0 != 200 {
            assert!(begun.elapsed() < PATIENCE, "it is not ready");
            pause();
        }
        connection
    }

    /// Its process id.
    #[allow(dead_code)] // one of the benchmarks asks
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A persistent connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// Asks once; returns the status and the body.
    pub fn get(&mut self, path: &str) -> (u16, Vec<u8>) {
        write!(self.stream.get_mut(), "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host).unwrap();
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            if line.trim_end().is_empty() {
                break;
            }
            lines.push(line.to_ascii_lowercase());
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        let mut body = vec![0; length.trim().parse().unwrap()];
        self.stream.read_exact(&mut body).unwrap();
        (status, body)
    }
}

/// Between two checks.
#[allow(clippy::disallowed_methods)]
pub fn pause() {
    std::thread::sleep(Duration::from_millis(1));
}
