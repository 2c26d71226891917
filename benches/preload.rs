//! How fast Owlery knows an archive, against the fastest walk over the same tree in the same run, and how soon it serves
//! a new event. `cargo bench --bench preload`; what the figures mean is in `doc/performance.md`.
//!
//! `OWLERY_BENCH_EVENTS`, `OWLERY_BENCH_ROUNDS` and `OWLERY_BENCH_ARRIVALS` change the size, `OWLERY_BENCH_DIR` where
//! the trees lie. Without `--bench` (as `cargo test --benches` runs it) it is tiny and proves only that it works.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

#[path = "common/arrivals.rs"]
mod arrivals;
#[path = "common/caches.rs"]
mod caches;
#[path = "common/daemon.rs"]
mod daemon;
#[path = "common/floor.rs"]
mod floor;
#[allow(dead_code)]
#[path = "../examples/make_archive.rs"]
mod make_archive;
#[path = "common/program.rs"]
mod program;
#[path = "common/summary.rs"]
mod summary;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How much to measure.
struct Size {
    events: u32,
    rounds: u32,
    arrivals: u32,
}

impl Size {
    fn of_this_run() -> Self {
        let is_bench = std::env::args().any(|arg| arg == "--bench");
        let usual = if is_bench { [20_000, 9, 40] } else { [200, 1, 1] };
        let number = |name: &str, usual: u32| {
            std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?}")))
        };
        Self {
            events: number("OWLERY_BENCH_EVENTS", usual[0]),
            rounds: number("OWLERY_BENCH_ROUNDS", usual[1]).max(1),
            arrivals: number("OWLERY_BENCH_ARRIVALS", usual[2]).max(1),
        }
    }
}

impl Size {
    /// The more events, the more cameras and days they are spread over, and the fewer frames each has: a disk has only
    /// so many inodes.
    fn wish(&self, sidecars: bool) -> make_archive::Wish {
        let (cameras, days, frames) = match self.events {
            0..50_000 => (4, 25, 8),
            50_000..500_000 => (10, 100, 4),
            _ => (20, 365, 2),
        };
        make_archive::Wish { events: self.events, cameras, days, frames, sidecars, ..Default::default() }
    }
}

fn main() {
    let size = Size::of_this_run();
    let parent =
        std::env::var_os("OWLERY_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    std::fs::create_dir_all(&parent).unwrap();
    let folder = tempfile::Builder::new().prefix("owlery-bench-").tempdir_in(parent).unwrap();
    let mut rows = Vec::new();
    println!(
        "{:<24}{:>14}{:>14}{:>14}{:>14}{:>9}{:>8}{:>10}",
        "", "floor min", "median", "owlery min", "median", "ratio", "wanted", "most MiB"
    );
    for sidecars in [true, false] {
        let root = folder.path().join(if sidecars { "with" } else { "without" });
        let wish = size.wish(sidecars);
        let made = make_archive::make(&root, &wish).unwrap();
        assert_eq!(made.events, size.events);
        for cold in [false, true] {
            let row = compare(&root, folder.path(), &size, sidecars, cold);
            println!("{}", line(&row));
            rows.push(row);
        }
        std::fs::remove_dir_all(&root).unwrap();
    }
    let root = folder.path().join("flat");
    make_flat(&root, size.events * 5);
    for cold in [false, true] {
        let row = compare_flat(&root, folder.path(), &size, cold);
        println!("{}", line(&row));
        rows.push(row);
    }
    std::fs::remove_dir_all(&root).unwrap();
    let arrivals = arrivals::measure(folder.path(), size.arrivals);
    println!();
    for row in &arrivals {
        println!(
            "{:<40} median {:>4.0} ms, worst {:>4.0} ms of {}",
            row["what"].as_str().unwrap(),
            row["median_ms"].as_f64().unwrap(),
            row["worst_ms"].as_f64().unwrap(),
            row["times"]
        );
    }
    let figures = json!({ "machine": machine(), "rows": rows, "arrivals": arrivals });
    summary::save(&format!("preload_{}", size.events), figures);
}

/// What is wanted of the ratio; the more events, the more a sorted catalog costs beside a walk that keeps nothing.
fn wanted(events: u32, sidecars: bool, cold: bool) -> f64 {
    if !sidecars && events >= 50_000 {
        0.7
    } else if cold {
        0.8
    } else if events < 500_000 {
        0.5
    } else {
        0.4
    }
}

/// What is compared over one tree.
struct Comparison<'a> {
    what: String,
    /// What is wanted of the ratio.
    wanted: f64,
    /// The fastest walk; it checks what it meets.
    floor: &'a dyn Fn(),
    /// The program; how long it takes, and the most memory in MiB.
    owlery: &'a dyn Fn() -> (Duration, f64),
}

impl Comparison<'_> {
    /// Floor and program in turns.
    fn measure(&self, rounds: u32, cold: bool) -> Value {
        let (mut floors, mut owlerys, mut most) = (Vec::new(), Vec::new(), 0.0_f64);
        for _ in 0..rounds {
            if let Err(why) = if cold { caches::drop_all() } else { Ok(()) } {
                return json!({ "what": self.what, "impossible": why });
            }
            let begun = Instant::now();
            (self.floor)();
            floors.push(begun.elapsed());
            if cold {
                caches::drop_all().unwrap();
            }
            let (took, resident) = (self.owlery)();
            owlerys.push(took);
            most = most.max(resident);
        }
        let ratios =
            floors.iter().zip(&owlerys).map(|(floor, owlery)| floor.as_secs_f64() / owlery.as_secs_f64()).collect();
        json!({
            "what": self.what,
            "floor_ms": least_and_median(&floors), "owlery_ms": least_and_median(&owlerys),
            "ratio": median(ratios), "wanted": self.wanted, "rounds": rounds,
            "resident_mib": most,
        })
    }
}

/// One tree of event directories.
fn compare(root: &Path, folder: &Path, size: &Size, sidecars: bool, cold: bool) -> Value {
    let saved = floor::walk(root, sidecars).saved;
    let floor = || {
        let met = floor::walk(root, sidecars);
        assert_eq!((met.events, met.saved), (size.events as usize, saved));
        assert_eq!(met.sidecars, if sidecars { size.events as usize } else { 0 });
    };
    let owlery = || preload(root, folder, size.events, saved);
    owlery();
    Comparison {
        what: format!("{} sidecars, {}", if sidecars { "with" } else { "without" }, if cold { "cold" } else { "warm" }),
        wanted: wanted(size.events, sidecars, cold),
        floor: &floor,
        owlery: &owlery,
    }
    .measure(size.rounds, cold)
}

/// The pattern of motionEye.
const FLAT: &str = "%Y-%m-%d/%H-%M-%S";

/// Flat events of motionEye, a movie and a thumbnail each, of 10 cameras in 100 days.
fn make_flat(root: &Path, events: u32) {
    let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    for n in 0..events {
        let (camera, day, nth) = (n % 10 + 1, u64::from(n / 10 % 100), n / 1000);
        let day = root.join(format!("Camera{camera}")).join((first + chrono::Days::new(day)).to_string());
        if nth == 0 {
            std::fs::create_dir_all(&day).unwrap();
        }
        let second = nth * (86_400 / (events / 1000 + 1)).max(1);
        let name = format!("{:02}-{:02}-{:02}.mp4", second / 3600, second / 60 % 60, second % 60);
        std::fs::write(day.join(&name), "x").unwrap();
        std::fs::write(day.join(format!("{name}.thumb")), "x").unwrap();
    }
}

/// One tree of flat events.
fn compare_flat(root: &Path, folder: &Path, size: &Size, cold: bool) -> Value {
    let events = size.events * 5;
    let floor = || assert_eq!(floor::walk_flat(root), 2 * events as usize);
    let owlery = || preload_with(root, folder, (events, 0), &["--layout", FLAT]);
    let what = format!("flat, {}", if cold { "cold" } else { "warm" });
    Comparison { what, wanted: 0.7, floor: &floor, owlery: &owlery }.measure(size.rounds, cold)
}

/// The program to measure: the one that was built with this, or another to compare it with.
fn program() -> std::ffi::OsString {
    std::env::var_os("OWLERY_BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_owlery").into())
}

/// The whole program, from its start until it says that every event can be queried, with a state directory that is not
/// there yet. When it has ended the catalog is asked whether everything is in it.
fn preload(root: &Path, folder: &Path, events: u32, saved: usize) -> (Duration, f64) {
    preload_with(root, folder, (events, saved), &[])
}

fn preload_with(root: &Path, folder: &Path, (events, saved): (u32, usize), flags: &[&str]) -> (Duration, f64) {
    let state = folder.join("state");
    let mut command = program::command(program());
    command.arg("scan").arg(root).arg("--state-dir").arg(&state).args(flags).stdout(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let (said, is_said) = std::sync::mpsc::channel::<()>();
    let pid = child.id();
    let watching = std::thread::spawn(move || most_resident(pid, &is_said));
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let elapsed = begun.elapsed();
    drop(said);
    let most = watching.join().unwrap();
    let status = child.wait().unwrap();
    assert!(line.starts_with(&format!("{events} events of")), "{line}");
    assert!(status.success(), "{status}");
    let catalog = rusqlite::Connection::open(state.join("catalog.db")).unwrap();
    let counted: (u32, u32) = catalog
        .query_row("SELECT count(*), coalesce(sum(saved), 0) FROM event", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(counted, (events, u32::try_from(saved).unwrap()), "every event is in the catalog");
    drop(catalog);
    std::fs::remove_dir_all(&state).unwrap();
    (elapsed, most)
}

/// The maximum resident memory of a process in MiB, sampled until the other end is dropped.
fn most_resident(pid: u32, until: &std::sync::mpsc::Receiver<()>) -> f64 {
    let mut most: f64 = 0.0;
    loop {
        let is_over = until.recv_timeout(Duration::from_millis(20)) != Err(std::sync::mpsc::RecvTimeoutError::Timeout);
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        most = most.max(kib.unwrap_or(0.0) / 1024.0);
        if is_over {
            return most;
        }
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 { numbers[middle] } else { f64::midpoint(numbers[middle - 1], numbers[middle]) }
}

fn least_and_median(times: &[Duration]) -> [f64; 2] {
    let times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
    [times.iter().copied().fold(f64::INFINITY, f64::min), median(times)]
}

fn line(row: &Value) -> String {
    let what = row["what"].as_str().unwrap();
    if let Some(why) = row["impossible"].as_str() {
        return format!("{what:<24}  not measured: {why}");
    }
    let ms = |key: &str, at: usize| format!("{:.1} ms", row[key][at].as_f64().unwrap());
    format!(
        "{what:<24}{:>14}{:>14}{:>14}{:>14}{:>9.2}{:>8}{:>10.1}",
        ms("floor_ms", 0),
        ms("floor_ms", 1),
        ms("owlery_ms", 0),
        ms("owlery_ms", 1),
        row["ratio"].as_f64().unwrap(),
        row["wanted"].as_f64().unwrap(),
        row["resident_mib"].as_f64().unwrap()
    )
}

fn machine() -> Value {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    json!({ "cores": cores, "kernel": kernel.trim() })
}
