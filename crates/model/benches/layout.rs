//! Whether the work on a flat layout grows only with the number of files: `cargo bench -p owlery-model --bench layout`. Prints
//! what a file costs among 20,000 and among 200,000, and the ratio of the two: 1 to 3, since more files do not fit into caches. A
//! search among all files for each of them would make it 10. Without `--bench` each is done once with few files, as a test.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Instant;

use owlery_model::layout::recognise::{CameraNames, Entry, recognise};
use owlery_model::layout::{FlatFile, Layout, Parsed, group};

/// The names of a camera's files: events of 50 files, every twentieth file a movie.
fn names(count: u32) -> Vec<String> {
    let name = |n: u32| {
        let secs = u32::try_from(u64::from(n) * 86_399 / u64::from(count)).expect("a second of a day");
        let at = format!("20261128{:02}{:02}{:02}", secs / 3600, secs / 60 % 60, secs % 60);
        if n.is_multiple_of(20) {
            format!("{:02}-{}-{at}.mkv", n / 50 + 1, n % 4 + 1)
        } else {
            format!("{:02}-{at}-{:02}.jpg", n / 50 + 1, n % 9)
        }
    };
    (0..count).map(name).collect()
}

/// The shortest of some rounds, in nanoseconds for each of `count` files.
fn cost(rounds: u32, count: u32, work: impl Fn()) -> f64 {
    let round = |_| {
        let begin = Instant::now();
        work();
        begin.elapsed()
    };
    let shortest = (0..rounds).map(round).min().unwrap_or_default();
    shortest.as_secs_f64() * 1e9 / f64::from(count)
}

/// What reading, grouping and recognising cost for each of so many files.
fn costs(rounds: u32, count: u32) -> [f64; 3] {
    let layout = Layout::new(vec!["%v-%{movienbr}-%Y%m%d%H%M%S".parse().expect("a pattern")]).expect("a layout");
    let names = names(count);
    let parse = || -> Vec<FlatFile> {
        let file = |name: &String| match layout.parse(name) {
            Parsed::File(file) => Some(file),
            Parsed::None | Parsed::Ambiguous => None,
        };
        names.iter().filter_map(file).collect()
    };
    let files = parse();
    assert_eq!(files.len(), names.len(), "each name is described");
    let entries: Vec<Entry<'_>> = names.iter().map(|path| Entry { path, is_dir: false }).collect();
    let cameras = CameraNames { pattern: "Camera.*", matches: &|name| name.starts_with("Camera") };
    [
        cost(rounds, count, || drop(black_box(parse()))),
        cost(rounds, count, || drop(black_box(group(&files)))),
        cost(rounds, count, || drop(black_box(recognise(&entries, cameras)))),
    ]
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (rounds, few, many) = if is_bench { (10, 20_000, 200_000) } else { (1, 200, 2000) };
    let (of_few, of_many) = (costs(rounds, few), costs(rounds, many));
    for (what, (few, many)) in ["read", "group", "recognise"].into_iter().zip(of_few.into_iter().zip(of_many)) {
        println!("{what:9}: {few:6.0} ns a file, among ten times as many {many:6.0} ns: {:.2}", many / few);
    }
}
