//! What a restart, a page, a plan and a check cost as the archive grows: `cargo bench --bench scale`. What the figures
//! mean is in `doc/performance.md`.
//!
//! `OWLERY_BENCH_SIZES` (events, separated by commas) changes the sizes, `OWLERY_BENCH_DIR` where the files lie. Without
//! `--bench` (as `cargo test --benches` runs it) it is tiny and proves only that it works.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

#[path = "common/caches.rs"]
mod caches;
#[path = "common/daemon.rs"]
mod daemon;
#[path = "common/program.rs"]
mod program;
#[path = "common/shell.rs"]
mod shell;
#[path = "common/summary.rs"]
mod summary;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use daemon::{Connection, Daemon, PATIENCE, pause};
use owlery::{Keep, Policy, SystemClock};
use owlery_catalog::Catalog;
use owlery_model::retention::{newest_needed, plan};
use serde_json::{Value, json};
use shell::{DAILY, FREQUENT, NEVER, RARE, Shape};

const CAMERAS: u32 = 20;
/// The archive that is verified: 2,000 days.
const VERIFIED: Shape = Shape { cameras: 20, days: 100, a_day: 500 };

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let sizes = std::env::var("OWLERY_BENCH_SIZES")
        .unwrap_or_else(|_| if is_bench { "10000,1000000,10000000" } else { "8000" }.to_owned());
    let sizes: Vec<u32> = sizes.split(',').map(|size| size.trim().parse().expect("a number of events")).collect();
    let parent =
        std::env::var_os("OWLERY_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    std::fs::create_dir_all(&parent).unwrap();
    let folder = tempfile::Builder::new().prefix("owlery-scale-").tempdir_in(parent).unwrap();
    let rounds = if is_bench { 2000 } else { 5 };
    let mut rows = Vec::new();
    println!("{:<52}{:>12}{:>14}{:>14}", "", "events", "measured", "wanted");
    for size in sizes {
        let row = measure(folder.path(), size, rounds);
        for (what, path, wanted) in FIGURES {
            let figure = path.iter().fold(&row, |value, key| &value[key]);
            print_row(what, &row["events"], figure, wanted);
        }
        rows.push(row);
    }
    let growth = |key: &str| {
        let of = |row: &Value| row["page_ms"][key].as_f64().unwrap();
        json!(of(&rows[rows.len() - 1]) / of(&rows[0]))
    };
    let growth = json!({ "all": growth("all"), "one_camera": growth("one_camera"), "deep": growth("deep") });
    for key in ["all", "one_camera", "deep"] {
        print_row(&format!("growth of that median from first to last: {key}"), &Value::Null, &growth[key], "1.5");
    }
    let shape = if is_bench { VERIFIED } else { Shape { a_day: 5, ..VERIFIED } };
    let verify = verify(folder.path(), shape, if is_bench { 9 } else { 1 });
    for (what, key, wanted) in [
        ("verify 2,000 unchanged days, warm, ms", "warm_ms", "20"),
        ("  find over the same directories", "find_warm_ms", ""),
        ("verify 2,000 unchanged days, cold, ms", "cold_ms", "400"),
        ("  find over the same directories", "find_cold_ms", ""),
    ] {
        print_row(what, &json!(shape.events()), &verify[key], wanted);
    }
    summary::save("scale", json!({ "sizes": rows, "growth": growth, "verify": verify }));
}

/// A line of the table, its key in a row, and the wanted value at a million events.
const FIGURES: [(&str, &[&str], &str); 22] = [
    ("process start to the first page, ms", &["start_to_first_page_ms"], "50"),
    ("page of 50 newest, all cameras, median, ms", &["page_ms", "all"], "0.3"),
    ("page of 50 newest, one camera, median, ms", &["page_ms", "one_camera"], "0.3"),
    ("page of 50, deep by cursor, median, ms", &["page_ms", "deep"], "0.3"),
    ("page of a region, one event in ten, median, ms", &["page_ms", "region_frequent"], "0.5"),
    ("  of one camera", &["page_ms", "region_of_one_camera"], ""),
    ("page of a region, one event a day, median, ms", &["page_ms", "region_daily"], "20"),
    ("page of a region, three events, median, ms", &["page_ms", "region_rare"], "20"),
    ("page of a region, no event, median, ms", &["page_ms", "region_never"], "20"),
    ("page that was just asked for, median, ms", &["kept_page_ms"], "0.3"),
    ("pages a second, 32 connections, one hot page", &["pages_a_second", "hot"], "10000"),
    ("pages a second, 32 connections, mixed", &["pages_a_second", "mixed"], "7000"),
    ("pages a second, 32 connections, all different", &["pages_a_second", "all_different"], ""),
    ("resident after 10,000 pages, MiB", &["resident_mib"], "48"),
    ("deciding what to expire, a day of each camera, ms", &["decide_ms"], "5"),
    ("catalog, bytes an event", &["bytes_an_event"], "80"),
    ("events fed to the catalog a second", &["fed_events_a_second"], ""),
    ("page by sorting all in memory, ms", &["naive_page_ms"], ""),
    ("  that against ours, all cameras", &["page_against_naive"], ""),
    ("page from the catalog alone, median, ms", &["query_ms"], ""),
    ("a scrape of the metrics, median, ms", &["scrape_ms"], "5"),
    ("clock of one empty answer (/healthz), median, ms", &["health_ms"], ""),
];

fn print_row(what: &str, events: &Value, figure: &Value, wanted: &str) {
    let figure = match figure.as_f64() {
        Some(number) if number >= 1000.0 => format!("{number:.0}"),
        Some(number) if number >= 10.0 => format!("{number:.1}"),
        Some(number) => format!("{number:.3}"),
        None => "not measured".to_owned(),
    };
    let events = events.as_u64().map_or_else(String::new, |events| events.to_string());
    println!("{what:<52}{events:>12}{figure:>14}{wanted:>14}");
}

/// All results for one size.
fn measure(folder: &Path, size: u32, rounds: u32) -> Value {
    let days = (size / CAMERAS / 100).clamp(5, 365);
    let shape = Shape { cameras: CAMERAS, days, a_day: (size / CAMERAS / days).max(1) };
    let (root, state) = (folder.join("archive"), folder.join("state"));
    let begun = Instant::now();
    let catalog = shell::make(&root, &state, shape, yesterday(2));
    let fed = begun.elapsed();
    let decide = decide(&catalog, days);
    let query = |_| timed(|| assert_eq!(catalog.events(&owlery::Query::new()).unwrap().events.len(), 50));
    let query = median((0..rounds).map(query).collect());
    drop(catalog);
    let bytes = std::fs::metadata(state.join("catalog.db")).unwrap().len();
    let starts: Vec<f64> = (0..if rounds > 100 { 9 } else { 1 }).map(|_| start_to_first_page(&root, &state)).collect();

    let daemon = Daemon::start(env!("CARGO_BIN_EXE_owlery"), &root, &state);
    let mut connection = daemon.connect_ready();
    wait_until_idle(daemon.id());
    let pages = pages(&mut connection, days, rounds);
    let kept = kept_page(&mut connection, rounds);
    let health = median((0..rounds).map(|_| timed(|| assert_eq!(connection.get("/healthz").0, 200))).collect());
    let scrape = median((0..rounds).map(|_| timed(|| assert_eq!(connection.get("/metrics").0, 200))).collect());
    for n in 0..if rounds > 100 { 10_000 } else { 10 } {
        connection.page(&mixed(n, days));
    }
    let memory = memory(daemon.id());
    let load = json!({ "hot": wrk(folder, &daemon.address, "hot", days), "mixed": wrk(folder, &daemon.address, "mixed", days),
        "all_different": wrk(folder, &daemon.address, "different", days) });
    drop(daemon);
    let naive = naive(shape, if rounds > 100 { 5 } else { 1 });
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::remove_dir_all(&state).unwrap();
    #[allow(clippy::cast_precision_loss)]
    let events = shape.events() as f64;
    #[allow(clippy::cast_precision_loss)]
    let each = bytes as f64 / events;
    json!({
        "events": shape.events(), "fed_events_a_second": events / fed.as_secs_f64(),
        "bytes_an_event": each, "start_to_first_page_ms": median(starts),
        "page_ms": pages, "kept_page_ms": kept, "scrape_ms": scrape, "health_ms": health, "resident_mib": memory, "pages_a_second": load,
        "decide_ms": decide, "query_ms": query, "naive_page_ms": naive,
        "page_against_naive": naive / pages["all"].as_f64().unwrap(),
    })
}

#[allow(clippy::disallowed_methods)] // what is measured lies in the past, as the program's own clock says
fn yesterday(days: u64) -> NaiveDate {
    chrono::Local::now().date_naive() - Days::new(days)
}

/// The time to read what a plan needs and to make it, when one day of each camera has become stale.
fn decide(catalog: &Catalog, keep: u32) -> f64 {
    let policy = Policy { keep: Some(Keep::Days(keep)), ..Policy::default() };
    let now = owlery::Clock::now(&SystemClock);
    let times = (0..9).map(|_| {
        let begun = Instant::now();
        let mut view = catalog.retention_view(newest_needed(&policy, now)).unwrap();
        // Something is saved in most days: of those it must know each event.
        let needs = plan(&view, &policy, now).needs;
        let place = |(camera, day, _): &(_, _, _)| {
            view.days.iter().position(|known| known.camera == *camera && known.day == *day).expect("a day of the view")
        };
        let places: Vec<usize> = needs.iter().map(place).collect();
        catalog.add_events(&mut view, &places).unwrap();
        let plan = plan(&view, &policy, now);
        let took = ms(begun.elapsed());
        assert!(plan.needs.is_empty() && !plan.items.is_empty(), "a day of each camera is stale");
        took
    });
    median(times.collect())
}

/// From the start of the process until a page of the newest events has come.
fn start_to_first_page(root: &Path, state: &Path) -> f64 {
    let begun = Instant::now();
    let daemon = Daemon::start(env!("CARGO_BIN_EXE_owlery"), root, state);
    daemon.connect().page("limit=50");
    ms(begun.elapsed())
}

impl Connection {
    /// A whole page.
    fn page(&mut self, query: &str) {
        let (status, body) = self.get(&format!("/api/v1/events?{query}"));
        assert_eq!(status, 200);
        let page: &[u8] = &body;
        assert!(page.starts_with(b"{\"events\":[{\"id\":\"Camera") && page.ends_with(b"}"), "a page of events");
    }
}

/// The median of pages that were not requested before, so none is cached: each has another `to` in the future, or another
/// cursor in the past.
fn pages(connection: &mut Connection, days: u32, rounds: u32) -> Value {
    // The daemon reads the two newest days again, whose directories are empty.
    let daily = days.saturating_sub(2);
    let [frequent, daily] = [region(connection, FREQUENT, 50, rounds), region(connection, DAILY, daily, rounds)];
    let [rare, never] = [region(connection, RARE, 3, rounds), region(connection, NEVER, 0, rounds)];
    let of_one_camera =
        region(connection, &format!("{FREQUENT}&camera=Camera1"), 50.min(days.saturating_sub(2) * 8), rounds);
    let mut of =
        |query: &dyn Fn(u32) -> String| median((0..rounds).map(|n| timed(|| connection.page(&query(n)))).collect());
    json!({
        "all": of(&|n| format!("limit=50&{}", later(n))),
        "one_camera": of(&|n| format!("limit=50&camera=Camera{}&{}", n % CAMERAS + 1, later(n))),
        "deep": of(&|n| format!("limit=50&cursor={}", cursor(n, days))),
        "region_frequent": frequent, "region_of_one_camera": of_one_camera, "region_daily": daily, "region_rare": rare,
        "region_never": never,
    })
}

/// An end of the page's time in the future, another for each number, so that no page is cached.
fn later(n: u32) -> String {
    format!("to=2099-01-01T{:02}:{:02}:{:02}", n / 3600 % 24, n / 60 % 60, n % 60)
}

/// The median of pages of the events in a region, of which there are so many.
fn region(connection: &mut Connection, filter: &str, events: u32, rounds: u32) -> f64 {
    let once = |n: u32| {
        let query = format!("/api/v1/events?limit=50&region={filter}&{}", later(n));
        let mut answer = (0, Vec::new());
        let took = timed(|| answer = connection.get(&query));
        let found = answer.1.windows(7).filter(|text| text == b"{\"id\":\"").count();
        assert_eq!((answer.0, u32::try_from(found)), (200, Ok(events.min(50))), "{query}");
        took
    };
    median((0..rounds).map(once).collect())
}

/// A page that was just asked for.
fn kept_page(connection: &mut Connection, rounds: u32) -> f64 {
    median((0..rounds).map(|_| timed(|| connection.page("limit=50"))).collect())
}

/// A position in the archive, another for each number.
fn cursor(n: u32, days: u32) -> String {
    let date = yesterday(2) - Days::new(u64::from(n * 7 % (days - 1)));
    let (camera, second) = (n % CAMERAS + 1, n % 60);
    format!("{date}T12:{:02}:{second:02}/Camera{camera}/{date}/12-00-00", n / 60 % 60)
}

/// What many clients request: the newest of all and of a camera, and sometimes old events.
fn mixed(n: u32, days: u32) -> String {
    match n % 4 {
        0 => "limit=50".to_owned(),
        1 | 2 => format!("limit=50&camera=Camera{}", n / 4 % CAMERAS + 1),
        _ => format!("limit=50&cursor={}", cursor(n, days)),
    }
}

/// Pages a second with 32 connections on the same processors, by `wrk`; null where there is none.
fn wrk(folder: &Path, address: &str, what: &str, days: u32) -> Value {
    let queries: Vec<String> = match what {
        "hot" => vec!["limit=50".to_owned()],
        "mixed" => (0..4000).map(|n| mixed(n, days)).collect(),
        _ => (0..4000).map(|n| format!("limit=50&cursor={}", cursor(n, days))).collect(),
    };
    let quoted: Vec<String> = queries.iter().map(|query| format!("\"/api/v1/events?{query}\"")).collect();
    let script = folder.join("wrk.lua");
    let text = format!(
        "local paths = {{{}}}\nlocal n = 0\nfunction request()\n  n = n % #paths + 1\n  \
         return wrk.format(\"GET\", paths[n])\nend\n",
        quoted.join(",\n")
    );
    std::fs::write(&script, text).unwrap();
    let url = format!("http://{address}/");
    let run = Command::new("wrk").args(["-c32", "-t1", "-d5", "-s"]).arg(&script).arg(url).output();
    let Ok(output) = run else { return Value::Null };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{text}");
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    rate.and_then(|rate| rate.trim().parse::<f64>().ok()).map_or(Value::Null, Value::from)
}

/// The page of a program without a catalog: all events in memory, sorted for each page.
fn naive(shape: Shape, rounds: u32) -> f64 {
    let count = u32::try_from(shape.events()).unwrap();
    let events: Vec<(u32, u32)> = (0..count).map(|n| (n.wrapping_mul(2_654_435_761), n)).collect();
    let times = (0..rounds).map(|_| {
        let begun = Instant::now();
        let mut sorted: Vec<&(u32, u32)> = events.iter().collect();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(std::hint::black_box(&sorted[..50.min(sorted.len())]).len(), 50.min(sorted.len()));
        ms(begun.elapsed())
    });
    median(times.collect())
}

/// The time to see that nothing has changed, beside `find` over the same directories; warm and cold.
fn verify(folder: &Path, shape: Shape, rounds: u32) -> Value {
    let (root, state) = (folder.join("archive"), folder.join("state"));
    drop(shell::make(&root, &state, shape, yesterday(2)));
    let scan = || -> f64 {
        let output = program::command(env!("CARGO_BIN_EXE_owlery"))
            .arg("scan")
            .arg(&root)
            .arg("--state-dir")
            .arg(&state)
            .arg("--json")
            .output()
            .unwrap();
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["events"].as_u64(), Some(shape.events()), "every day is as it was");
        summary["elapsed_ms"].as_f64().unwrap()
    };
    let find = || {
        let begun = Instant::now();
        let args = ["-mindepth", "2", "-maxdepth", "2", "-printf", "%T@ %i\\n"];
        assert!(Command::new("find").arg(&root).args(args).output().unwrap().status.success());
        ms(begun.elapsed())
    };
    let times = |cold: bool, what: &dyn Fn() -> f64| -> Value {
        let mut times = Vec::new();
        for _ in 0..rounds {
            if cold && let Err(why) = caches::drop_all() {
                return json!(why);
            }
            times.push(what());
        }
        json!(median(times))
    };
    scan();
    let result = json!({
        "days": shape.cameras * shape.days, "warm_ms": times(false, &scan), "find_warm_ms": times(false, &find),
        "cold_ms": times(true, &scan), "find_cold_ms": times(true, &find),
    });
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::remove_dir_all(&state).unwrap();
    result
}

/// Waits until the process has used almost no processor time for a while: its check of the whole catalog is over.
fn wait_until_idle(pid: u32) {
    let used = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let begun = Instant::now();
    let (mut before, mut since) = (used(), Instant::now());
    while since.elapsed() < Duration::from_millis(500) {
        pause();
        if used() > before + 1 {
            (before, since) = (used(), Instant::now());
        }
        assert!(begun.elapsed() < 4 * PATIENCE, "it never rests");
    }
}

/// The resident memory of a process in MiB.
fn memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// How many milliseconds that takes.
fn timed(what: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    what();
    ms(begun.elapsed())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
