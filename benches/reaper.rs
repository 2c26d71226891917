//! How fast the delete queue is emptied, against `rm -rf` of an equal tree in the same run, and how well a rate is kept.
//! `cargo bench --bench reaper`; what the figures mean is in `doc/performance.md`.
//!
//! `OWLERY_BENCH_EVENTS` and `OWLERY_BENCH_ROUNDS` change the size, `OWLERY_BENCH_DIR` where the trees lie. Without
//! `--bench` (as `cargo test --benches` runs it) it is tiny and proves only that it works.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

#[path = "common/program.rs"]
mod program;
#[path = "common/summary.rs"]
mod summary;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PASS: &str = "20261120T100436Z-AbCdEf";
const CAMERAS: u32 = 4;
const DAYS: u32 = 3;
const FRAME: usize = 20 * 1024;
/// `rm` with normal priority, and with the reaper's: on a busy machine the two differ.
const RMS: [(&str, &[&str]); 2] =
    [("rm -rf", &["rm"]), ("rm -rf at the lowest priorities", &["nice", "-n", "19", "ionice", "-c", "3", "rm"])];
/// The wanted ratio.
const WANTED: f64 = 1.2;
/// The requested rate in entries a second, and the tolerance.
const RATE: u32 = 500;
const TOLERANCE: f64 = 0.1;

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let number = |name: &str, usual: u32| {
        std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?}")))
    };
    let events = number("OWLERY_BENCH_EVENTS", if is_bench { 480 } else { 4 });
    let rounds = number("OWLERY_BENCH_ROUNDS", if is_bench { 7 } else { 1 }).max(1);
    let parent =
        std::env::var_os("OWLERY_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    fs::create_dir_all(&parent).unwrap();
    let folder = tempfile::Builder::new().prefix("owlery-reaper-").tempdir_in(parent).unwrap();

    let speed = RMS.map(|(what, rm)| against_rm(folder.path(), what, rm, events, rounds));
    for row in &speed {
        println!(
            "{} entries, {} MiB: {} {:.0} ms, owlery {:.0} ms (medians of {rounds}); ratio {:.2}, wanted {WANTED}",
            row["entries"],
            row["mib"],
            row["what"].as_str().unwrap(),
            row["rm_ms"].as_f64().unwrap(),
            row["owlery_ms"].as_f64().unwrap(),
            row["ratio"].as_f64().unwrap(),
        );
    }
    let paced = at_a_rate(folder.path(), if is_bench { 100 } else { 4 });
    println!(
        "{} entries at --reap-rate {RATE}: {:.1} a second, wanted within {:.0} %",
        paced["entries"],
        paced["a_second"].as_f64().unwrap(),
        TOLERANCE * 100.0
    );
    summary::save("reaper", json!({ "speed": speed, "rate": paced }));
}

/// Both in turns, each on a tree of its own; the order alternates.
fn against_rm(folder: &Path, what: &str, rm: &[&str], events: u32, rounds: u32) -> Value {
    let archive = Archive::new(folder);
    let plain = folder.join("plain");
    let (mut rms, mut owlerys, mut made) = (Vec::new(), Vec::new(), Made::default());
    for round in 0..rounds {
        made = make(&plain, events);
        assert_eq!(archive.queue(events), made);
        rustix::fs::sync();
        let mut rm = || rms.push(timed(Command::new(rm[0]).args(&rm[1..]).arg("-rf").arg(&plain)));
        let mut owlery = || owlerys.push(archive.drain(&[]));
        if round % 2 == 0 {
            rm();
            owlery();
        } else {
            owlery();
            rm();
        }
        assert!(!plain.exists());
    }
    let ratios = rms.iter().zip(&owlerys).map(|(rm, owlery)| rm / owlery).collect();
    json!({
        "what": what, "entries": made.entries, "mib": made.bytes >> 20, "rounds": rounds,
        "rm_ms": median(rms) * 1000.0, "owlery_ms": median(owlerys) * 1000.0,
        "ratio": median(ratios), "wanted": WANTED,
    })
}

fn at_a_rate(folder: &Path, events: u32) -> Value {
    let archive = Archive::new(folder);
    let made = archive.queue(events);
    let took = archive.drain(&["--reap-rate", &RATE.to_string()]);
    json!({ "entries": made.entries, "rate": RATE, "a_second": f64::from(made.entries) / took, "tolerance": TOLERANCE })
}

/// An archive with nothing but its delete queue.
struct Archive {
    root: PathBuf,
    /// Its id.
    id: Value,
}

impl Archive {
    fn new(folder: &Path) -> Self {
        let root = folder.join("motion");
        fs::create_dir_all(root.join("Camera1")).unwrap();
        timed(&mut expire(&root));
        let marker: Value = serde_json::from_slice(&fs::read(root.join(".owlery/archive.json")).unwrap()).unwrap();
        Self { root, id: marker["archive"].clone() }
    }

    fn pass(&self) -> PathBuf {
        self.root.join("delete_queue").join(PASS)
    }

    /// Puts this many events into the delete queue.
    fn queue(&self, events: u32) -> Made {
        let made = make(&self.pass(), events);
        let manifest = json!({
            "owlery": 1, "archive": self.id, "pass": PASS, "started": "2026-11-20T10:04:36Z", "items": [],
        });
        fs::write(self.pass().join("pass.json"), manifest.to_string()).unwrap();
        made
    }

    /// The whole program, from its start until it has emptied the queue and ended, in seconds.
    fn drain(&self, flags: &[&str]) -> f64 {
        let took = timed(expire(&self.root).args(flags));
        assert!(!self.pass().exists());
        took
    }
}

/// The program, or another one to compare it with.
fn expire(root: &Path) -> Command {
    let program = std::env::var_os("OWLERY_BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_owlery").into());
    let mut command = program::command(program);
    command.arg("expire").arg(root).stdout(Stdio::null());
    command
}

fn timed(command: &mut Command) -> f64 {
    let begun = Instant::now();
    assert!(command.status().unwrap().success(), "{command:?}");
    Duration::as_secs_f64(&begun.elapsed())
}

/// What was made: files and directories, and the files' sizes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Made {
    entries: u32,
    bytes: u64,
}

/// Events as Motion writes them, the same for the same number: 6 to 85 frames of 20 KB and a movie of 1 to 2 MB each.
fn make(root: &Path, events: u32) -> Made {
    let mut made = Made { entries: 1 + CAMERAS * (1 + DAYS), bytes: 0 };
    let bytes = vec![0xAB; 2 * 1024 * 1024];
    let mut file = |path: PathBuf, size: usize| {
        fs::write(path, &bytes[..size]).unwrap();
        made.entries += 1;
        made.bytes += size as u64;
    };
    for camera in 1..=CAMERAS {
        for day in 1..=DAYS {
            fs::create_dir_all(root.join(format!("Camera{camera}/2026-09-0{day}"))).unwrap();
        }
    }
    for event in 0..events {
        let (camera, day) = (event % CAMERAS + 1, event / CAMERAS % DAYS + 1);
        let time = format!("{:02}-{:02}-{:02}", event / 3600 % 24, event / 60 % 60, event % 60);
        let dir = root.join(format!("Camera{camera}/2026-09-0{day}/{time}"));
        fs::create_dir(&dir).unwrap();
        for frame in 0..6 + event * 37 % 80 {
            file(dir.join(format!("{time}-{frame:02}.jpg")), FRAME);
        }
        let more = event as usize * 7919 % 1024;
        file(dir.join("video.mp4"), (1024 + more) * 1024);
    }
    made.entries += events;
    made
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 { numbers[middle] } else { f64::midpoint(numbers[middle - 1], numbers[middle]) }
}
