//! Kills at random moments: caps hold, no wrong byte is served, nothing is left over.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use owlery_cache::{Cache, Driver, Durability, Label, Options, PART_SIZE, Whole};

use crate::world::{World, media, wait_until};

/// How often a process is killed; `OWLERY_CASES` sets another number.
const KILLS: u64 = 40;
/// The cap of the cache: a few objects of two parts, or many small entries.
const CAP: u64 = 3 * PART_SIZE;

/// The bytes of a small entry follow from its key.
fn bytes(key: &str) -> Vec<u8> {
    let number: usize = key.rsplit(' ').next().unwrap().parse().unwrap();
    let byte = u8::try_from(number % 251).unwrap();
    vec![byte; 1 + number * 3_571 % 200_000]
}

/// An object of two parts whose bytes follow from its number.
fn whole() -> Whole {
    Whole { size: PART_SIZE + 1_000, label: Label::new("video/mp4", "a.mp4") }
}

fn options(dir: &Path, seed: u64) -> Options {
    let driver = if seed.is_multiple_of(3) { Driver::Sidecars } else { Driver::Sqlite };
    let durability = if seed.is_multiple_of(2) { Durability::None } else { Durability::Data };
    Options::new(dir).max_bytes(CAP).memory(100_000, 8).driver(driver).durability(durability)
}

/// The process that is killed: puts, reads, evicts, prunes, cleans and fills parts until then. Does nothing by itself.
#[test]
fn work_until_killed() {
    let Some(dir) = std::env::var_os("OWLERY_CACHE_WORK") else { return };
    let seed: u64 = std::env::var("OWLERY_CACHE_SEED").unwrap().parse().unwrap();
    let mut random = fastrand::Rng::with_seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cache = Cache::open(options(Path::new(&dir), seed)).unwrap();
    println!("working");
    loop {
        let key = format!("small {}", random.usize(0..300));
        match random.u8(0..20) {
            0..10 => assert!(cache.put(&key, &media(bytes(&key))).is_ok()),
            10..13 => check(&cache, &key),
            13 => assert!(cache.remove(&[&key]) <= 1),
            14 => assert!(cache.prune(random.u64(0..CAP)).bytes <= 2 * CAP),
            15 => assert!(cache.clean(Duration::from_secs(3_600)).is_ok()),
            _ => {
                let number = random.u8(0..4);
                let at = random.u64(0..whole().size - 1);
                let fetch = |range: std::ops::Range<u64>| async move {
                    let len = usize::try_from(range.end - range.start).unwrap();
                    Ok::<_, std::io::Error>(Bytes::from(vec![number; len]))
                };
                let key = format!("large {number}");
                let read = runtime.block_on(cache.read_parts(&key, &whole(), at..at + 1, fetch)).unwrap();
                assert_eq!(*read, [number]);
            }
        }
    }
}

fn check(cache: &Cache, key: &str) {
    if let Some(content) = cache.get(key) {
        assert!(content.bytes().unwrap() == bytes(key), "wrong bytes of {key}");
    }
}

/// Runs the process above, kills it after a random time, and returns what it complained about.
fn run_and_kill(dir: &Path, seed: u64) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::work_until_killed", "--nocapture"]);
    command.env("OWLERY_CACHE_WORK", dir).env("OWLERY_CACHE_SEED", seed.to_string());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("working"));
    std::thread::park_timeout(Duration::from_micros(fastrand::Rng::with_seed(seed).u64(0..40_000)));
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if started { [rest.join("\n"), stderr].concat() } else { format!("it did not start: {stderr}") }
}

/// After kills at random: what is served is what was stored, the cap holds, and no file is left that is no entry.
#[test]
fn kills_leave_no_wrong_byte_and_no_orphan() {
    let world = World::new();
    let start = fastrand::u64(..1 << 32);
    let kills = std::env::var("OWLERY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(KILLS);
    for seed in start..start + kills {
        let complaint = run_and_kill(world.path(), seed);
        assert!(!complaint.contains("panicked") && !complaint.contains("not start"), "seed {seed}: {complaint}");
        let cache = World::open_with(options(world.path(), seed + 1));
        wait_until("the cap holds", || cache.total_bytes() <= CAP);
        let entries = cache.entries(None, usize::MAX).entries;
        for entry in &entries {
            match entry.key.strip_prefix("large ") {
                Some(number) => check_large(&cache, number.parse().unwrap(), entry.whole),
                None => check(&cache, &entry.key),
            }
        }
        let sum: u64 = entries.iter().map(|entry| entry.size).sum();
        assert_eq!(sum, cache.total_bytes(), "seed {seed}");
        // What was evicted at the start is removed in the background.
        wait_until(&format!("2 files an entry, seed {seed}"), || world.files().len() == 2 * entries.len());
        let checked = cache.stats();
        assert_eq!(checked.entries, entries.len() as u64, "seed {seed}: entries were gone or changed");
    }
}

fn check_large(cache: &Cache, number: u8, is_whole: bool) {
    let key = format!("large {number}");
    if is_whole {
        let bytes = cache.get(&key).unwrap().bytes().unwrap();
        assert!(bytes.len() as u64 == whole().size && bytes.iter().all(|byte| *byte == number), "wrong bytes of {key}");
        return;
    }
    assert!(cache.get(&key).is_none(), "an entry that is not whole");
}
