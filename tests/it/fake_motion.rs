//! A fake of Motion's stream server: it sends numbered pictures as Motion does, and counts who reads them.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// The bytes that each picture has beside its number.
pub const PADDING: usize = 40_000;

/// A running server; dropping it closes all of its connections.
pub struct FakeMotion {
    pub address: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    is_over: AtomicBool,
    /// The number of the next picture, of all connections.
    next: AtomicUsize,
    open: AtomicUsize,
    /// The request lines so far.
    requests: Mutex<Vec<String>>,
}

impl FakeMotion {
    /// Starts a server on a free port.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    /// Starts a server at this address.
    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let acceptor = std::thread::spawn(move || {
            let mut clients = Vec::new();
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let state = Arc::clone(&shared);
                clients.push(std::thread::spawn(move || serve(stream.unwrap(), &state)));
            }
            for client in clients {
                client.join().unwrap();
            }
        });
        Self { address, state, acceptor: Some(acceptor) }
    }

    /// `CAMERA=URL` for `--live`.
    pub fn flag(&self, camera: &str) -> String {
        format!("{camera}=http://{}/", self.address)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// The request lines so far.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }
}

impl Drop for FakeMotion {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes the acceptor
        self.acceptor.take().into_iter().for_each(|acceptor| acceptor.join().unwrap());
    }
}

fn serve(stream: TcpStream, state: &State) {
    state.open.fetch_add(1, Ordering::SeqCst);
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    if let Some(request) = lines.next().filter(|line| !line.is_empty()) {
        state.requests.lock().unwrap().push(request);
        if lines.any(|line| line.is_empty()) {
            let _ = send(stream, state);
        }
    }
    state.open.fetch_sub(1, Ordering::SeqCst);
}

/// Sends pictures until the client has gone, or the server ends.
fn send(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    // In chunks, as Motion's server does with HTTP/1.1.
    let head = "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=BoundaryString\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    while !state.is_over.load(Ordering::SeqCst) {
        let number = state.next.fetch_add(1, Ordering::SeqCst);
        let picture = [b"\xff\xd8".as_slice(), format!("{number:08}").as_bytes(), &vec![b'x'; PADDING]].concat();
        let head =
            format!("--BoundaryString\r\nContent-type: image/jpeg\r\nContent-Length: {:9}\r\n\r\n", picture.len());
        let part = [head.as_bytes(), &picture, b"\r\n"].concat();
        for piece in part.chunks(1024) {
            stream.write_all(&[format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat())?;
        }
        std::thread::park_timeout(Duration::from_millis(10)); // its rate
    }
    Ok(())
}
