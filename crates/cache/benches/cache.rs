//! What the cache costs: `cargo bench --bench cache`. What the figures mean is in `doc/performance.md`.
//!
//! Without `--bench` (as `cargo test --benches` runs it) it is tiny and proves only that it works.

#![allow(missing_docs)]
#![allow(clippy::disallowed_methods, clippy::cast_precision_loss)] // files of a temporary directory, and figures

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lru::LruCache;
use owlery_cache::{Cache, Durability, Media, Options};

/// What is measured.
struct Size {
    keys: usize,
    requests: usize,
}

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let size = if is_bench { Size { keys: 100_000, requests: 1_000_000 } } else { Size { keys: 500, requests: 5_000 } };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let options = || Options::new(folder.path()).durability(Durability::None).max_bytes(1 << 40);
    let keys: Vec<String> =
        (0..size.keys).map(|number| format!("http://camera/events/{number:08}/thumbnail.jpg")).collect();
    println!("{:<66}{:>14}{:>10}", "", "measured", "wanted");
    fill(options(), &keys);
    open(&options().memory(0, 0), &keys);
    let trace = zipf(&size);
    let memory = u64::try_from(size.keys / 10).expect("a small number");
    hits(options().memory(memory * 10_000, memory), &keys, &trace);
}

fn row(what: &str, measured: impl std::fmt::Display, wanted: &str) {
    println!("{what:<66}{measured:>14}{wanted:>10}");
}

/// Stores an entry of each key.
fn fill(options: Options, keys: &[String]) {
    let cache = Cache::open(options.memory(0, 0)).expect("the cache opens");
    let begun = Instant::now();
    for key in keys {
        cache.put(key, &Media::new(vec![7; 1_000], "image/jpeg", "thumbnail.jpg")).expect("it is stored");
    }
    row(
        "put of 1,000 bytes, without syncs, µs",
        format!("{:.1}", begun.elapsed().as_secs_f64() * 1e6 / keys.len() as f64),
        "",
    );
}

/// How soon the entries are usable, and what they cost in memory.
fn open(options: &Options, keys: &[String]) {
    let mut firsts = Vec::new();
    let mut alls = Vec::new();
    let mut growth = 0;
    for round in 0..5 {
        let before = resident();
        let begun = Instant::now();
        let cache = Cache::open(options.clone()).expect("the cache opens");
        assert!(cache.get(&keys[keys.len() * 7 / 10]).is_some());
        firsts.push(begun.elapsed());
        cache.wait_loaded();
        alls.push(begun.elapsed());
        assert_eq!(cache.stats().entries, keys.len() as u64);
        if round == 0 {
            growth = resident().saturating_sub(before);
        }
    }
    row(&format!("open with {} entries to the first entry, ms", keys.len()), ms(&mut firsts), "300");
    row("  to all entries", ms(&mut alls), "300");
    row("  memory beyond the memory tier, MB", format!("{:.1}", growth as f64 / 1e6), "40");
}

fn ms(times: &mut [Duration]) -> String {
    times.sort_unstable();
    format!("{:.2}", times[times.len() / 2].as_secs_f64() * 1e3)
}

/// The resident memory of this process in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process has a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Requests of keys by a Zipf distribution with exponent 1.
fn zipf(size: &Size) -> Vec<usize> {
    let mut sums = Vec::with_capacity(size.keys);
    let mut sum = 0.0;
    for rank in 1..=size.keys {
        sum += 1.0 / rank as f64;
        sums.push(sum);
    }
    let mut random = fastrand::Rng::with_seed(7);
    let mut order: Vec<usize> = (0..size.keys).collect();
    random.shuffle(&mut order);
    let draw = |random: &mut fastrand::Rng| {
        let at = random.f64() * sum;
        order[sums.partition_point(|&sum| sum < at).min(size.keys - 1)]
    };
    (0..size.requests).map(|_| draw(&mut random)).collect()
}

/// The hit rate of the memory tier over the trace, and the rate of hits, beside an LRU behind a mutex in the same run.
fn hits(options: Options, keys: &[String], trace: &[usize]) {
    let items = NonZeroUsize::new(usize::try_from(options.memory_items).expect("a small number")).expect("some");
    let cache = Cache::open(options).expect("the cache opens");
    cache.wait_loaded();
    let found = trace.iter().filter(|&&key| {
        let is_hit = cache.get_from_memory(&keys[key]).is_some();
        if !is_hit {
            assert!(cache.get(&keys[key]).is_some());
        }
        is_hit
    });
    let rate = found.count() as f64 / trace.len() as f64;
    let lru = Mutex::new(LruCache::<String, Bytes>::new(items));
    let found = trace.iter().filter(|&&key| {
        let mut lru = lru.lock().expect("one thread");
        let is_hit = lru.get(&keys[key]).is_some();
        if !is_hit {
            lru.put(keys[key].clone(), Bytes::from(vec![7; 1_000]));
        }
        is_hit
    });
    let lru_rate = found.count() as f64 / trace.len() as f64;
    row("hit rate of the memory tier, Zipf(1.0), memory for 10 %", format!("{rate:.3}"), "0.775");
    row("  an LRU behind a mutex", format!("{lru_rate:.3}"), "");
    let resident: HashSet<usize> =
        trace.iter().copied().filter(|&key| cache.get_from_memory(&keys[key]).is_some()).collect();
    let replay: Vec<usize> = trace.iter().copied().filter(|key| resident.contains(key)).collect();
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..5 {
        ours.push(rate_of(&replay, |key| cache.get_from_memory(&keys[key]).is_some()));
        theirs.push(rate_of(&replay, |key| lru.lock().expect("one thread").get(&keys[key]).cloned().is_some()));
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    row("hits on one thread, millions a second", format!("{ours:.2}"), "3");
    row("  an LRU behind a mutex", format!("{theirs:.2}"), "");
}

/// Millions of requests a second.
fn rate_of(replay: &[usize], get: impl Fn(usize) -> bool) -> f64 {
    let begun = Instant::now();
    let found = replay.iter().filter(|&&key| std::hint::black_box(get(key))).count();
    std::hint::black_box(found);
    replay.len() as f64 / begun.elapsed().as_secs_f64() / 1e6
}
