//! A line to a server that is not what it should be: a TCP proxy on this host that cuts connections, delays, throttles, changes bytes,
//! or passes nothing on. What it does comes from a seed.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How many bytes are passed on at a time.
const CHUNK: usize = 16 << 10;

/// What happens on a line. The default is that it is good.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// Of so many connections one is cut, and after how many bytes of both directions.
    pub(crate) cut: Option<(u32, Range<u64>)>,
    /// The longest delay of a chunk.
    pub(crate) delay: Duration,
    /// The bytes a second of each direction.
    pub(crate) rate: Option<u64>,
    /// Of so many bytes to the server one is changed.
    pub(crate) garbled_requests: Option<u32>,
    /// Of so many bytes from the server one is changed.
    pub(crate) garbled_responses: Option<u32>,
    /// Whether connections are accepted, and all bytes lost.
    pub(crate) is_silent: bool,
    /// What was sent to the server.
    pub(crate) sent: Arc<Mutex<Vec<u8>>>,
}

/// A running proxy. It ends with this value.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

/// What one direction does.
struct Direction {
    is_to_server: bool,
    garbled: Option<u32>,
    line: Line,
    rng: fastrand::Rng,
    /// What is left of the connection; both directions share it.
    left: Arc<Mutex<Option<u64>>>,
}

impl Proxy {
    /// A line to the server at this port.
    pub(crate) async fn to(server: u16, line: Line, seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                connections.spawn(connection(client, server, line.clone(), rng.fork()));
            }
        });
        Self { port, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connection(client: TcpStream, server: u16, line: Line, mut rng: fastrand::Rng) {
    if line.is_silent {
        // The connection stays open as long as the proxy.
        std::future::pending::<()>().await;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let cut = line.cut.clone().filter(|(of, _)| rng.u32(..*of) == 0);
    let left = Arc::new(Mutex::new(cut.map(|(_, after)| rng.u64(after))));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut direction = |is_to_server| {
        let garbled = if is_to_server { line.garbled_requests } else { line.garbled_responses };
        Direction { is_to_server, garbled, line: line.clone(), rng: rng.fork(), left: Arc::clone(&left) }
    };
    let (there, back) = (direction(true), direction(false));
    // Where one direction ends, the connection does.
    tokio::select! {
        () = there.pass(from_client, to_server) => {}
        () = back.pass(from_server, to_client) => {}
    }
}

impl Direction {
    async fn pass(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut buffer = vec![0; CHUNK];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let mut chunk = &mut buffer[..read];
            self.garble(chunk);
            if self.is_to_server {
                self.line.sent.lock().unwrap().extend_from_slice(chunk);
            }
            if !self.line.delay.is_zero() {
                tokio::time::sleep(self.line.delay.mul_f64(self.rng.f64())).await;
            }
            if let Some(rate) = self.line.rate {
                tokio::time::sleep(Duration::from_micros(chunk.len() as u64 * 1_000_000 / rate)).await;
            }
            let is_cut = self.take(chunk.len() as u64).is_some_and(|left| {
                chunk = &mut std::mem::take(&mut chunk)[..usize::try_from(left).unwrap()];
                true
            });
            if to.write_all(chunk).await.is_err() || is_cut {
                return;
            }
        }
    }

    /// How many of these bytes still pass; `None` if all do.
    fn take(&self, bytes: u64) -> Option<u64> {
        let mut left = self.left.lock().unwrap();
        let before = (*left)?;
        *left = Some(before.saturating_sub(bytes));
        (before < bytes).then_some(before)
    }

    fn garble(&mut self, chunk: &mut [u8]) {
        let Some(of) = self.garbled else { return };
        for byte in chunk {
            if self.rng.u32(..of) == 0 {
                *byte ^= 1 << self.rng.u32(..8);
            }
        }
    }
}
