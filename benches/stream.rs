//! How soon all clients of the live stream receive a new event, and what a thousand of them cost the daemon.
//! `cargo bench --bench stream`; what the figures mean is in `doc/performance.md`.
//!
//! `OWLERY_BENCH_CLIENTS` and `OWLERY_BENCH_ARRIVALS` change the size. Without `--bench` (as `cargo test --benches` runs it) it
//! is tiny and proves only that it works.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "common/daemon.rs"]
mod daemon;
#[allow(dead_code)]
#[path = "../examples/make_archive.rs"]
mod make_archive;
#[path = "common/program.rs"]
mod program;
#[path = "common/summary.rs"]
mod summary;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use memchr::memmem;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use daemon::{Daemon, PATIENCE};
use make_archive::{Event, Wish, days_ago, make};

/// Between two events that come one after the other.
const APART: Duration = Duration::from_millis(100);
/// The beginning of each message of a new event.
const ADDED: &[u8] = b"event: event-added\ndata: {\"id\":\"";
/// An upper bound for the bytes of an id.
const LONGEST_ID: usize = 64;

thread_local! {
    /// Where clients read into.
    static SPACE: RefCell<Vec<u8>> = RefCell::new(vec![0; 256 * 1024]);
}

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let number = |name: &str, usual: usize| {
        std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?}")))
    };
    let clients = number("OWLERY_BENCH_CLIENTS", if is_bench { 1000 } else { 20 });
    let arrivals = number("OWLERY_BENCH_ARRIVALS", if is_bench { 100 } else { 3 });
    raise_descriptors(clients);

    let parent =
        std::env::var_os("OWLERY_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    fs::create_dir_all(&parent).unwrap();
    let folder = tempfile::Builder::new().prefix("owlery-bench-").tempdir_in(parent).unwrap();
    let root = folder.path().join("live");
    make(&root, &Wish { events: 500, ..Wish::default() }).unwrap();
    for camera in ["Camera1", "Camera2"] {
        fs::create_dir_all(root.join(camera).join(days_ago(0).to_string())).unwrap();
    }
    let program = std::env::var_os("OWLERY_BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_owlery").into());
    let daemon = Daemon::start(program, &root, &folder.path().join("state"));
    let connection = daemon.connect_ready();
    let before = memory(daemon.id(), "VmRSS");

    let mut heard = listen(&daemon.address, clients);
    let idle = memory(daemon.id(), "VmRSS");
    let rows = [
        round(&root, "Camera1", arrivals, Some(APART), clients, &mut heard),
        round(&root, "Camera2", arrivals, None, clients, &mut heard),
    ];
    for row in &rows {
        println!("{}", line(row));
    }
    let most = memory(daemon.id(), "VmHWM");
    println!(
        "resident: {before:.1} MiB without clients, {idle:.1} MiB with {clients}, at most {most:.1} MiB (wanted: 64)"
    );
    drop(connection);
    let resident = json!({ "before": before, "idle": idle, "most": most, "wanted": 64 });
    summary::save("stream", json!({ "clients": clients, "rows": rows, "resident_mib": resident }));
}

/// Each client is a descriptor here and one in the daemon, which raises its own limit.
fn raise_descriptors(clients: usize) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    assert!(maximum.is_none_or(|most| most > clients as u64 + 100), "{maximum:?} descriptors are too few");
}

/// Which client received which event, and when.
type Heard = mpsc::UnboundedReceiver<(String, Instant)>;

/// Connects that many clients, all on one thread, and waits until each is greeted. Whatever they hear of new events arrives.
fn listen(address: &str, clients: usize) -> Heard {
    let (out, heard) = mpsc::unbounded_channel();
    let (greeted, is_greeted) = std::sync::mpsc::channel();
    let address = address.to_owned();
    std::thread::Builder::new()
        .name("clients".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut listening = Vec::new();
                for _ in 0..clients {
                    let stream = TcpStream::connect(&address).await.unwrap();
                    listening.push(tokio::spawn(client(stream, address.clone(), greeted.clone(), out.clone())));
                }
                for client in listening {
                    client.await.unwrap();
                }
            });
        })
        .unwrap();
    for _ in 0..clients {
        is_greeted.recv_timeout(PATIENCE).expect("a greeting");
    }
    heard
}

async fn client(
    mut stream: TcpStream,
    host: String,
    greeted: std::sync::mpsc::Sender<()>,
    out: mpsc::UnboundedSender<(String, Instant)>,
) {
    let request = format!("GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut rest, mut is_greeted) = (Vec::new(), false);
    let added = memmem::Finder::new(ADDED);
    while stream.readable().await.is_ok() {
        // One buffer for all clients, which take turns on this thread: their cost is not what is measured.
        let is_open = SPACE.with_borrow_mut(|space| {
            space[..rest.len()].copy_from_slice(&rest);
            let read = match stream.try_read(&mut space[rest.len()..]) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return true,
                Err(_) | Ok(0) => return false,
                Ok(read) => read,
            };
            let (now, told) = (Instant::now(), &space[..rest.len() + read]);
            if !is_greeted && memmem::find(told, b"retry: ").is_some() {
                is_greeted = true;
                let _ = greeted.send(()); // fails only when the program ends
            }
            let mut done = 0;
            for at in added.find_iter(told) {
                let id = &told[at + ADDED.len()..];
                let Some(end) = memchr::memchr(b'"', id) else { break };
                let _ = out.send((String::from_utf8(id[..end].to_vec()).unwrap(), now));
                done = at + ADDED.len() + end;
            }
            // A possible beginning of a message is kept.
            rest = told[done.max(told.len().saturating_sub(ADDED.len() + LONGEST_ID))..].to_vec();
            true
        });
        if !is_open {
            return;
        }
    }
}

/// Makes events as Motion begins them, a directory and in it the first frame, and waits until all clients have received each.
#[allow(clippy::disallowed_methods)] // it sleeps between two events
fn round(
    root: &Path,
    camera: &str,
    arrivals: usize,
    apart: Option<Duration>,
    clients: usize,
    heard: &mut Heard,
) -> Value {
    let midnight = days_ago(0).and_hms_opt(0, 0, 0).unwrap();
    let mut made = HashMap::new();
    for n in 0..arrivals {
        let start = midnight + TimeDelta::seconds(1000 + 10 * i64::try_from(n).unwrap());
        let event = Event { root, camera, start, frames: 0, saved: false };
        let first = event.folder().join(format!("{}-00.jpg", start.format("%H-%M-%S")));
        made.insert(event.id(), Instant::now());
        fs::create_dir(event.folder()).unwrap();
        fs::write(first, [0xFF, 0xD8, 0xFF, 0xD9]).unwrap();
        if let Some(apart) = apart {
            std::thread::sleep(apart);
        }
    }
    let mut all: HashMap<String, Vec<Instant>> = HashMap::new();
    let begun = Instant::now();
    while all.len() < arrivals || all.values().any(|times| times.len() < clients) {
        match heard.try_recv() {
            Ok((id, at)) if made.contains_key(&id) => all.entry(id).or_default().push(at),
            Ok(_) => {}
            Err(_) => {
                assert!(begun.elapsed() < PATIENCE, "{} of {arrivals} events were heard of", all.len());
                daemon::pause();
            }
        }
    }
    let (mut since_made, mut since_first) = (Vec::new(), Vec::new());
    for (id, times) in &all {
        assert_eq!(times.len(), clients, "{id} was told twice");
        let first = times.iter().min().unwrap();
        since_made.extend(times.iter().map(|time| *time - made[id]));
        since_first.extend(times.iter().map(|time| *time - *first));
    }
    json!({
        "what": if apart.is_some() { "one after the other" } else { "all at once" }, "events": arrivals, "clients": clients,
        "since_made_ms": spread(since_made), "since_first_ms": spread(since_first), "wanted_p99_ms": 100,
    })
}

/// The median, the 99th of a hundred and the worst.
fn spread(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    [times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1]].map(ms)
}

fn line(row: &Value) -> String {
    let spread = |key: &str| {
        let of = |at: usize| row[key][at].as_f64().unwrap();
        format!("median {:.1}, p99 {:.1}, worst {:.1} ms", of(0), of(1), of(2))
    };
    format!(
        "{} events, {}, to {} clients: since the first of them {}; since the mkdir {}",
        row["events"],
        row["what"].as_str().unwrap(),
        row["clients"],
        spread("since_first_ms"),
        spread("since_made_ms")
    )
}

/// Memory of a process in MiB: `VmRSS` now, `VmHWM` at most.
fn memory(pid: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
