//! How soon a bucket of many hosts is shown, and in how much memory: `cargo bench --bench store`. The program is started with the URL of a
//! server that speaks as much of S3 as it needs, has the manifests in the memory of another process (`InMemory` of `object_store`), and
//! waits 20 ms before each response. What the figures mean is in `doc/performance.md`.
//!
//! `OWLERY_BENCH_PROGRAM` names another owlery. Without `--bench` the bucket is tiny, and only proves that it works.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

#[path = "common/daemon.rs"]
mod daemon;
#[path = "common/program.rs"]
mod program;
#[path = "common/summary.rs"]
mod summary;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate};
use daemon::{Daemon, PATIENCE, pause};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What each response waits.
const LATENCY: Duration = Duration::from_millis(20);
/// In which hours each camera has an event.
const HOURS: [u32; 8] = [1, 4, 7, 10, 13, 16, 19, 22];

/// The size of a bucket.
#[derive(Clone, Copy)]
struct Shape {
    hosts: u32,
    days: u64,
    cameras: u32,
}

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let shape =
        if is_bench { Shape { hosts: 40, days: 365, cameras: 10 } } else { Shape { hosts: 2, days: 3, cameras: 2 } };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let store = Arc::new(InMemory::new());
    let bytes = runtime.block_on(fill(&store, shape));
    let (events, manifests) = (manifests(shape) * HOURS.len() as u64, manifests(shape));
    println!(
        "{manifests} manifests, {} MB, {events} events; each response waits {} ms",
        bytes / 1_000_000,
        LATENCY.as_millis()
    );
    let url = runtime.block_on(serve(Arc::clone(&store), shape));
    let mut rounds: Vec<Figures> = (0..if is_bench { 3 } else { 1 }).map(|_| measure(&url)).collect();
    rounds.sort_by_key(|round| round.newest);
    let figures = &rounds[rounds.len() / 2];
    let (ms, mib) = (|time: Duration| time.as_millis(), |kib: u64| kib / 1024);
    println!("{:<58}{:>10}{:>14}", "", "", "wanted");
    println!("{:<58}{:>7} ms{:>14}", "start of the program until the newest page", ms(figures.newest), "1000 ms");
    println!("{:<58}{:>7} MiB{:>13}", "resident then", mib(figures.resident), "128 MiB");
    println!("{:<58}{:>7} MiB", "resident at most until then", mib(figures.peak));
    println!("{:<58}{:>7} ms", "another page", ms(figures.another));
    println!("{:<58}{:>7} MiB{:>13}", "resident after 200 pages", mib(figures.resident_after), "128 MiB");
    println!("{:<58}{:>7} MiB", "resident at most until then", mib(figures.peak_after));
    let seconds = |time: Duration| time.as_secs_f64();
    summary::save(
        "store",
        json!({
            "manifests": manifests, "newest_page_ms": seconds(figures.newest) * 1000.0, "resident_mib": mib(figures.resident),
            "another_page_ms": seconds(figures.another) * 1000.0, "resident_after_mib": mib(figures.resident_after),
        }),
    );
}

fn manifests(shape: Shape) -> u64 {
    u64::from(shape.hosts) * shape.days * u64::from(shape.cameras)
}

struct Figures {
    newest: Duration,
    another: Duration,
    resident: u64,
    peak: u64,
    resident_after: u64,
    peak_after: u64,
}

/// Starts the program, and asks for the newest page, then for the ones before it.
fn measure(url: &str) -> Figures {
    let state = tempfile::tempdir().unwrap();
    let program = std::env::var_os("OWLERY_BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_owlery").into());
    let begun = Instant::now();
    let credentials = [("AWS_ACCESS_KEY_ID", "anna"), ("AWS_SECRET_ACCESS_KEY", "not-a-secret")];
    let owlery = Daemon::start_with(program, std::path::Path::new(url), state.path(), &credentials);
    let mut connection = owlery.connect();
    let page = |connection: &mut daemon::Connection, cursor: &str| -> Value {
        let (status, body) = connection.get(&format!("/api/v1/events?limit=50{cursor}"));
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    };
    let mut last = page(&mut connection, "");
    let newest = begun.elapsed();
    assert!(begun.elapsed() < PATIENCE && !last["events"].as_array().unwrap().is_empty(), "{last}");
    let (resident, peak) = memory(owlery.id());
    let (mut times, mut seen) = (Vec::new(), 0);
    while let (true, Some(next)) = (seen < 200, last["next"].as_str()) {
        let begun = Instant::now();
        last = page(&mut connection, &format!("&cursor={}", next.replace(':', "%3A")));
        times.push(begun.elapsed());
        seen += 1;
    }
    times.sort();
    pause();
    let (resident_after, peak_after) = memory(owlery.id());
    let another = times.get(times.len() / 2).copied().unwrap_or_default();
    Figures { newest, another, resident, peak, resident_after, peak_after }
}

/// The resident memory of a process and its peak, in KiB.
fn memory(process: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    };
    (field("VmRSS"), field("VmHWM"))
}

fn host(nth: u32) -> String {
    format!("host-{nth:02}")
}

/// Writes the indexes and the manifests; returns their bytes.
async fn fill(store: &InMemory, shape: Shape) -> u64 {
    let last = NaiveDate::from_ymd_opt(2026, 11, 29).unwrap();
    let mut bytes = 0;
    for nth in 0..shape.hosts {
        let mut cameras = serde_json::Map::new();
        for camera in 1..=shape.cameras {
            let camera_name = format!("Camera{camera}");
            let mut sums = serde_json::Map::new();
            for back in 0..shape.days {
                let day = (last - Days::new(back)).to_string();
                let text = manifest(&camera_name, &day, nth * 7 + camera);
                let mut hours = [0u32; 24];
                for hour in HOURS {
                    hours[hour as usize] += 1;
                }
                let of_day = json!({"events": HOURS.len(), "bytes": 1_000_000, "saved": 0, "hours": hours});
                sums.insert(day.clone(), of_day);
                bytes += text.len() as u64;
                let key = Key::from(format!("p/{}/{camera_name}/{day}/manifest.json", host(nth)));
                store.put(&key, text.into()).await.unwrap();
            }
            cameras.insert(camera_name, sums.into());
        }
        let index = sealed(json!({"version": 1, "archive": format!("archive-{nth}"), "cameras": cameras}).to_string());
        store.put(&Key::from(format!("p/{}/.owlery/index.json", host(nth))), index.into()).await.unwrap();
    }
    bytes
}

fn manifest(camera: &str, day: &str, salt: u32) -> String {
    let mut events = String::new();
    let sum = "0123456789abcdef".repeat(4);
    for hour in HOURS {
        let (minute, comma) = ((salt * 13 + hour) % 60, if events.is_empty() { "" } else { "," });
        let time = |sign: char, second: u32| format!("{hour:02}{sign}{minute:02}{sign}{second:02}");
        let (name, start, end) = (time('-', 5), time(':', 5), time(':', 40));
        let _ = write!(
            events,
            r#"{comma}{{"name":"{name}","start":"{day}T{start}","end":"{day}T{end}","state":"complete","saved":false,"frames":25,"peak_change":700,"motion_mask":null,"whole":true,"files":[{{"name":"thumbnail.jpg","bytes":9000,"sha256":"{sum}","parts":["{sum}"],"source":"0123456789abcdef"}},{{"name":"video.mp4","bytes":116000,"sha256":"{sum}","parts":["{sum}"],"source":"0123456789abcdef"}}]}}"#
        );
    }
    sealed(format!(r#"{{"version":1,"archive":"a","camera":"{camera}","day":"{day}","events":[{events}]}}"#))
}

/// With the checksum as the last member, as Owlery writes it.
fn sealed(mut text: String) -> String {
    let sum: String =
        Sha256::digest(text.as_bytes()).iter().fold(String::new(), |sum, byte| sum + &format!("{byte:02x}"));
    text.pop();
    text + &format!(r#","sha256":"{sum}"}}"#)
}

/// Serves the bucket; returns its URL.
async fn serve(store: Arc<InMemory>, shape: Shape) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(respond).with_state((store, shape));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("s3://bucket/p?endpoint=http://{address}")
}

/// The few requests that a reader sends: a list of the hosts, and objects.
async fn respond(State((store, shape)): State<(Arc<InMemory>, Shape)>, request: Request) -> Response {
    tokio::time::sleep(LATENCY).await;
    if request.uri().query().is_some_and(|query| query.contains("list-type=2")) {
        let folder = |nth| format!("<CommonPrefixes><Prefix>p/{}/</Prefix></CommonPrefixes>", host(nth));
        let folders = (0..shape.hosts).map(folder).collect::<Vec<_>>().concat();
        let list = format!(
            "<ListBucketResult><Name>bucket</Name><Prefix>p/</Prefix><KeyCount>{}</KeyCount><IsTruncated>false</IsTruncated>{folders}</ListBucketResult>",
            shape.hosts
        );
        return ([(header::CONTENT_TYPE, "application/xml")], list).into_response();
    }
    let key = Key::from(request.uri().path().trim_start_matches("/bucket/"));
    let Ok(found) = store.get(&key).await else { return StatusCode::NOT_FOUND.into_response() };
    let tag = found.meta.e_tag.clone().unwrap_or_default();
    let modified = found.meta.last_modified.to_rfc2822().replace("+0000", "GMT");
    let bytes = found.bytes().await.unwrap();
    ([(header::ETAG, tag), (header::LAST_MODIFIED, modified)], bytes).into_response()
}
