//! How fast files are sent over HTTP, against nginx on the same files in the same run. `cargo bench --bench http`; what the
//! figures mean is in `doc/performance.md`.
//!
//! `OWLERY_BENCH_ROUNDS` changes how often, `OWLERY_BENCH_DIR` where the files lie, `OWLERY_BENCH_PROGRAM` which owlery. It needs
//! nginx, and for some figures wrk. Without `--bench` (as `cargo test --benches` runs it) it is tiny and proves only that it
//! works.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

#[path = "common/daemon.rs"]
mod daemon;
#[path = "common/program.rs"]
mod program;
#[path = "common/summary.rs"]
mod summary;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use daemon::{Daemon, PATIENCE, pause};
use serde_json::json;

const FRAMES: u32 = 1000;
const FRAME: usize = 20 * 1024;
/// The folder of the frames and the movie.
const EVENT: &str = "Camera1/2026-01-20/10-04-36";
/// Where the same files are as entries of the media cache.
const CACHE: &str = "/api/v1/cache/entries/";
/// How many bytes a client reads at a time.
const READ: usize = 256 * 1024;

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let rounds = std::env::var("OWLERY_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds: usize = rounds.unwrap_or(if is_bench { 9 } else { 1 }).max(1);
    let parent =
        std::env::var_os("OWLERY_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    fs::create_dir_all(&parent).unwrap();
    let folder = tempfile::Builder::new().prefix("owlery-http-").tempdir_in(parent).unwrap();
    let root = folder.path().join("motion");
    let movie_size = if is_bench { 100_000_000 } else { 1_000_000 };
    make(&root, movie_size);
    let Some(nginx) = Nginx::start(folder.path(), &root) else {
        println!("nothing to compare with: nginx cannot be started (apt-get install nginx)");
        return;
    };
    let program = std::env::var_os("OWLERY_BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_owlery").into());
    let owlery = Daemon::start(program, &root, &folder.path().join("state"));
    drop(owlery.connect_ready());
    fill_cache(&owlery.address, &root);

    let servers = [nginx.child.id(), owlery.id()];
    let load = Load::new(folder.path(), movie_size, if is_bench { 2 } else { 1 });
    println!("{:<52}{:>10}{:>12}{:>12}{:>8}{:>8}", "", "", "nginx", "owlery", "ratio", "wanted");
    let mut rows = Vec::new();
    for (what, way, unit, wanted) in FIGURES {
        place(way, &servers);
        let measure = |address: &str| load.measure(way, address);
        let Some((theirs, ours)) = compare(&nginx.address, &owlery.address, rounds, &measure) else {
            println!("{what:<52} not measured: wrk cannot be run (apt-get install wrk)");
            continue;
        };
        let ratio = ours / theirs;
        println!("{what:<52}{unit:>10}{theirs:>12.0}{ours:>12.0}{ratio:>8.2}{wanted:>8}");
        rows.push(json!({
            "what": what, "unit": unit, "nginx": theirs, "owlery": ours, "ratio": ratio, "wanted": wanted, "rounds": rounds,
        }));
    }
    let memory = resident(owlery.id());
    println!("owlery's resident memory afterwards: {memory:.1} MiB");
    summary::save("http", json!({ "files": rows, "resident_mib": memory }));
}

/// A way to request files.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// The movie, by our client.
    Movie(Where),
    /// The movie, by this many connections of wrk.
    MovieWrk(u32),
    /// All frames, one after the other, by our client.
    Frames(Where),
    /// Frames, by this many connections of wrk.
    FramesWrk(u32),
    /// The movie as an entry of the media cache, too large for its memory, by this many connections of wrk.
    CachedMovieWrk(u32),
    /// Frames as entries of the media cache, most of which are not in memory, by this many connections of wrk.
    CachedFramesWrk(u32),
}

/// Where our client runs. By default the kernel chooses for each connection, and the results differ by a factor of
/// four.
#[derive(Debug, Clone, Copy)]
enum Where {
    /// The client has a processor of its own, and the server another.
    Apart,
    /// Both share one.
    Together,
}

/// A line of the table, how it is measured, its unit, and the wanted ratio.
const FIGURES: [(&str, Way, &str, f64); 10] = [
    ("movie, a client that reads 256 KiB, apart", Way::Movie(Where::Apart), "MiB/s", 1.0),
    ("movie, a client that reads 256 KiB, together", Way::Movie(Where::Together), "MiB/s", 1.0),
    ("movie, wrk, 2 connections", Way::MovieWrk(2), "MiB/s", 1.0),
    ("1,000 frames of 20 KB, a client, apart", Way::Frames(Where::Apart), "frames/s", 0.65),
    ("1,000 frames of 20 KB, a client, together", Way::Frames(Where::Together), "frames/s", 0.65),
    ("frames, wrk, 1 connection", Way::FramesWrk(1), "frames/s", 0.65),
    ("frames, wrk, 16 connections", Way::FramesWrk(16), "frames/s", 0.65),
    ("movie in the media cache, wrk, 2 connections", Way::CachedMovieWrk(2), "MiB/s", 0.9),
    ("frames in the media cache, wrk, 1 connection", Way::CachedFramesWrk(1), "frames/s", 0.9),
    ("frames in the media cache, wrk, 16 connections", Way::CachedFramesWrk(16), "frames/s", 0.9),
];

/// The requested files.
struct Load {
    movie: String,
    /// Its size in MiB.
    mib: f64,
    frames: Vec<String>,
    /// A script that makes wrk request one frame after the other.
    script: PathBuf,
    /// The same for the media cache.
    cached_script: PathBuf,
    /// How long wrk runs.
    seconds: u32,
}

impl Load {
    fn new(folder: &Path, movie_size: usize, seconds: u32) -> Self {
        let frames: Vec<String> = (0..FRAMES).map(|number| format!("/media/{EVENT}/{}", frame(number))).collect();
        let script = |name: &str, paths: &[String]| {
            let script = folder.join(name);
            let list = paths.iter().map(|path| format!("{path:?}")).collect::<Vec<_>>().join(",");
            let request = "request = function() at = at % #paths + 1; return wrk.format(\"GET\", paths[at]) end";
            fs::write(&script, format!("paths = {{{list}}}\nat = 0\n{request}\n")).unwrap();
            script
        };
        let cached: Vec<String> = (0..FRAMES).map(|number| format!("{CACHE}{}", frame(number))).collect();
        let (script, cached_script) = (script("frames.lua", &frames), script("cached.lua", &cached));
        let mib = f64::from(u32::try_from(movie_size).unwrap()) / f64::from(1 << 20);
        Self { movie: format!("/media/{EVENT}/video.mp4"), mib, frames, script, cached_script, seconds }
    }

    fn measure(&self, way: Way, address: &str) -> Option<f64> {
        match way {
            Way::Movie(_) => Some(self.mib / by_client(std::slice::from_ref(&self.movie), address)),
            Way::Frames(_) => Some(f64::from(FRAMES) / by_client(&self.frames, address)),
            Way::MovieWrk(connections) => {
                let url = format!("http://{address}{}", self.movie);
                wrk(connections, self.seconds, None, &url).map(|(_, bytes)| bytes)
            }
            Way::CachedMovieWrk(connections) => {
                let url = format!("http://{address}{CACHE}video.mp4");
                wrk(connections, self.seconds, None, &url).map(|(_, bytes)| bytes)
            }
            Way::FramesWrk(connections) | Way::CachedFramesWrk(connections) => {
                let is_cached = matches!(way, Way::CachedFramesWrk(_));
                let script = if is_cached { &self.cached_script } else { &self.script };
                let url = format!("http://{address}/");
                wrk(connections, self.seconds, Some(script), &url).map(|(rate, _)| rate)
            }
        }
    }
}

/// Pins this process and the servers, with their children; processes that they start later inherit that.
fn place(way: Way, servers: &[u32]) {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let all = 0..processors.max(2);
    let (ours, theirs) = match way {
        Way::MovieWrk(_) | Way::FramesWrk(_) | Way::CachedMovieWrk(_) | Way::CachedFramesWrk(_) => (all.clone(), all),
        Way::Movie(Where::Apart) | Way::Frames(Where::Apart) if processors > 1 => (0..1, 1..2),
        Way::Movie(_) | Way::Frames(_) => (0..1, 0..1),
    };
    put(rustix::thread::gettid(), ours);
    for server in servers {
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap_or_default();
        let children = children.split_whitespace().map(|pid| pid.parse::<u32>().unwrap());
        for pid in children.chain([*server]) {
            for thread in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
                let thread = thread.unwrap().file_name().to_str().unwrap().parse().unwrap();
                put(rustix::thread::Pid::from_raw(thread).unwrap(), theirs.clone());
            }
        }
    }
}

fn put(thread: rustix::thread::Pid, processors: std::ops::Range<usize>) {
    let mut set = rustix::thread::CpuSet::new();
    processors.for_each(|processor| set.set(processor));
    let done = rustix::thread::sched_setaffinity(Some(thread), &set);
    if let Err(error) = done.or_else(|error| if error == rustix::io::Errno::SRCH { Ok(()) } else { Err(error) }) {
        println!("a thread stays where the kernel puts it: {error}");
    }
}

/// How long a client takes to get all of these, in seconds.
fn by_client(paths: &[String], address: &str) -> f64 {
    let mut client = Client::connect(address);
    client.get(&paths[0]); // the connection is there
    let begun = Instant::now();
    for path in paths {
        client.get(path);
    }
    begun.elapsed().as_secs_f64()
}

/// The medians of both, in turns; the order alternates with every round. `None` if it cannot be measured.
fn compare(nginx: &str, owlery: &str, rounds: usize, measure: &dyn Fn(&str) -> Option<f64>) -> Option<(f64, f64)> {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let mut both = [(nginx, &mut theirs), (owlery, &mut ours)];
        if round % 2 == 1 {
            both.reverse();
        }
        for (address, figures) in both {
            let figure = measure(address)?;
            if round > 0 {
                figures.push(figure); // the first round is for the caches
            }
        }
    }
    Some((median(theirs), median(ours)))
}

/// The archive: an event of an hour ago with its frames and its movie.
fn make(root: &Path, movie_size: usize) {
    let dir = root.join(EVENT);
    fs::create_dir_all(&dir).unwrap();
    let mut bytes = vec![0; movie_size];
    let mut seed = 1u32;
    for byte in &mut bytes {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = seed.to_be_bytes()[0];
    }
    let written = fs::metadata(root).unwrap().modified().unwrap() - Duration::from_hours(1);
    let write = |name: &str, bytes: &[u8]| {
        let mut file = File::create(dir.join(name)).unwrap();
        file.write_all(bytes).unwrap();
        file.set_modified(written).unwrap();
    };
    write("video.mp4", &bytes);
    for number in 0..FRAMES {
        let from = number as usize * 97;
        write(&frame(number), &bytes[from..from + FRAME]);
    }
    File::open(dir).unwrap().set_modified(written).unwrap();
}

/// Stores the movie and the frames in the media cache of a daemon.
fn fill_cache(address: &str, root: &Path) {
    for file in fs::read_dir(root.join(EVENT)).unwrap() {
        let file = file.unwrap();
        let (name, bytes) = (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap());
        if name.starts_with('.') {
            continue;
        }
        let kind = if name.ends_with("mp4") { "video/mp4" } else { "image/jpeg" };
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "PUT {CACHE}{name} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            bytes.len()
        );
        stream.write_all(&[head.as_bytes(), &bytes].concat()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{name}: {answer}");
    }
}

/// Ten a second.
fn frame(number: u32) -> String {
    let secs = 10 * 3600 + 4 * 60 + 36 + number / 10;
    format!("{:02}-{:02}-{:02}-{:02}.jpg", secs / 3600, secs / 60 % 60, secs % 60, number % 10)
}

/// A running nginx; stopped when dropped.
struct Nginx {
    child: Child,
    address: String,
}

impl Nginx {
    /// Starts one with a worker for each core that serves the files of `root`; `None` without nginx.
    fn start(folder: &Path, root: &Path) -> Option<Self> {
        // A port that is free now. If another program takes it meanwhile, this fails and measures nothing wrong.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let here = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {here}/nginx-{what};\n"))
            .concat();
        let config = format!(
            "{user} daemon off; worker_processes auto; pid {here}/nginx.pid; error_log {here}/nginx.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;\n\
             types {{ image/jpeg jpg; video/mp4 mp4; }}\n{temporary}\
             server {{ listen {address}; location /media/ {{ alias {0}/; }} location {CACHE} {{ alias {0}/{EVENT}/; }} }} }}\n",
            root.display()
        );
        let path = folder.join("nginx.conf");
        fs::write(&path, config).unwrap();
        let start = |program| {
            Command::new(program).arg("-c").arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        };
        let child = start("nginx").or_else(|| start("/usr/sbin/nginx"))?;
        let mut nginx = Self { child, address };
        let begun = Instant::now();
        while TcpStream::connect(&nginx.address).is_err() {
            assert!(nginx.child.try_wait().unwrap().is_none(), "nginx ended at once");
            assert!(begun.elapsed() < PATIENCE, "nginx does not listen");
            pause();
        }
        Some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed outright, the first process would leave its workers behind.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

/// A persistent connection and its buffer.
struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = BufReader::with_capacity(16 * 1024, stream);
        Self { stream, host: address.to_owned(), buffer: vec![0; READ] }
    }

    /// Sends one request and reads the whole response.
    fn get(&mut self, path: &str) {
        write!(self.stream.get_mut(), "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host).unwrap();
        let mut length = None;
        let mut line = String::new();
        let mut is_first = true;
        while self.stream.read_line(&mut line).unwrap() > 2 {
            assert!(!is_first || line.contains(" 200 "), "{path}: {line}");
            is_first = false;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = Some(value.trim().parse().unwrap());
            }
            line.clear();
        }
        let mut left: usize = length.expect("a length");
        while left > 0 {
            let most = left.min(READ);
            let count = self.stream.read(&mut self.buffer[..most]).unwrap();
            assert!(count > 0, "{path} was cut off");
            left -= count;
        }
    }
}

/// Requests and MiB a second with this many connections, by `wrk`; `None` without it.
fn wrk(connections: u32, seconds: u32, script: Option<&Path>, url: &str) -> Option<(f64, f64)> {
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}"), "--timeout", "30"]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    let output = command.arg(url).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !text.contains("Non-2xx"), "{text}");
    let figure =
        |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(|rest| rest.trim().to_owned());
    let rate = figure("Requests/sec:")?.parse().unwrap();
    let bytes = figure("Transfer/sec:")?;
    let digits = bytes.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &bytes[digits.len()..] {
        "GB" => 1024.0,
        "MB" => 1.0,
        "KB" => 1.0 / 1024.0,
        other => panic!("wrk tells {other:?}"),
    };
    Some((rate, digits.parse::<f64>().unwrap() * unit))
}

/// A process's memory, in MiB.
fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 { numbers[middle] } else { f64::midpoint(numbers[middle - 1], numbers[middle]) }
}
