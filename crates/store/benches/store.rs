//! What copying costs beside `object_store` alone, which reads the same files and writes the same objects, in turns in one run:
//! `cargo bench -p owlery-store --bench store`; with `-- movies` or `-- files`, one of the two. Copying also hashes the whole and each part,
//! asks the store for each size, and writes manifests. The store is a folder, opened as the configuration opens it, whose disk each object
//! reaches before it counts: both sync each file and its directory. The files are in the memory of the system, for both. Without
//! `--bench` each is done once with few files, as a test.

#![allow(unreachable_pub)] // a program has no public API
#![allow(missing_docs)]
#![allow(clippy::disallowed_methods)] // it makes and removes what it works with

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use owlery_model::event::{Details, Event, EventId, Movies, State};
use owlery_store::{Client, Environment, FileKind, Host, Look, Source, StoreOptions, Stores};

/// The size of a part of an upload, as Owlery sends it.
const PART: usize = 5 << 20;

/// The files of the events, one each.
struct Files {
    folder: tempfile::TempDir,
    name: &'static str,
    count: u32,
}

impl Files {
    fn new(name: &'static str, count: u32, bytes: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for nth in 0..count {
            std::fs::write(folder.path().join(nth.to_string()), vec![7; bytes]).expect("a file");
        }
        Self { folder, name, count }
    }

    fn path(&self, nth: u32) -> PathBuf {
        self.folder.path().join(nth.to_string())
    }
}

/// The one file of an event.
struct One<'a>(&'a Path, &'static str);

impl Source for One<'_> {
    fn names(&self) -> Vec<String> {
        vec![self.1.to_owned()]
    }

    fn open(&self, _: &str) -> io::Result<File> {
        File::open(self.0)
    }
}

fn event(nth: u32) -> Event {
    let (day, secs) = (nth / 1000, nth % 1000);
    let id = format!("Camera1/2026-11-{:02}/10-{:02}-{:02}", day + 1, secs / 60, secs % 60);
    let id: EventId = id.parse().expect("an id");
    let start = id.day.at(0);
    let details = Details {
        start,
        end: start,
        state: State::Complete,
        saved: false,
        frames: None,
        bytes: None,
        videos: Movies::new(),
        debug_video: None,
        thumbnail: None,
        peak_change: None,
        motion_mask: None,
        problems: Vec::new(),
    };
    Event { id, details }
}

/// Reads and writes the same with `object_store` alone.
async fn alone(files: &Files, store: &dyn ObjectStore) {
    for nth in 0..files.count {
        let (key, bytes) = (Key::from(format!("alone/{nth}/{}", files.name)), std::fs::read(files.path(nth)));
        let bytes = bytes::Bytes::from(bytes.expect("the file"));
        if bytes.len() <= PART {
            store.put(&key, bytes.into()).await.expect("written");
            continue;
        }
        let mut upload = store.put_multipart(&key).await.expect("begun");
        for from in (0..bytes.len()).step_by(PART) {
            let part = bytes.slice(from..(from + PART).min(bytes.len()));
            upload.put_part(part.into()).await.expect("sent");
        }
        upload.complete().await.expect("ended");
    }
}

/// Copies the same with Owlery.
async fn copied(files: &Files, client: Client) {
    let kinds = BTreeSet::from([FileKind::Movie, FileKind::Thumbnail]);
    let mut host = Host::open(client, &"host".parse().expect("a name"), "archive").await.expect("opened");
    for nth in 0..files.count {
        let path = files.path(nth);
        host.copy(&event(nth), &One(&path, files.name), &kinds, Look::AtManifest).await.expect("copied");
    }
    host.finish().await.expect("finished");
}

/// A folder as the store of a configuration.
fn configured(folder: &Path) -> Client {
    let url = format!("file://{}", folder.display()).parse().expect("a URL");
    let options = StoreOptions::new("nas".parse().expect("a name"), url);
    let stores = Stores::new(vec![options], Path::new("/nowhere"), Environment::default()).expect("stores");
    stores.get(None, "nas").expect("the store")
}

/// Both in turns, each into an empty folder; the median ratio of their times.
fn compare(what: &str, files: &Files, rounds: usize, wanted: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let timed = |work: &dyn Fn(&Path)| -> Duration {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let begun = Instant::now();
        work(folder.path());
        begun.elapsed()
    };
    let mut rounds: Vec<(f64, Duration, Duration)> = (0..rounds)
        .map(|_| {
            let alone = timed(&|folder| {
                let store = LocalFileSystem::new_with_prefix(folder).expect("a store").with_fsync(true);
                runtime.block_on(alone(files, &store));
            });
            let owlery = timed(&|folder| runtime.block_on(copied(files, configured(folder))));
            (alone.as_secs_f64() / owlery.as_secs_f64(), alone, owlery)
        })
        .collect();
    rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, alone, owlery) = rounds[rounds.len() / 2];
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("{what:<28}{:>12.1} ms{:>12.1} ms{ratio:>8.2}   wanted {wanted}", ms(alone), ms(owlery));
}

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let is_wanted = |what: &str| std::env::args().skip(1).all(|arg| arg.starts_with("--") || arg == what);
    let (movies, small, rounds) = if is_bench { (25, 10_000, 5) } else { (1, 20, 1) };
    println!("{:<28}{:>15}{:>15}{:>8}", "", "alone", "owlery", "ratio");
    if is_wanted("movies") {
        let files = Files::new("video.mp4", movies, 8_000_000);
        compare(&format!("{movies} movies of 8 MB"), &files, 3 * rounds, "0.8");
    }
    if is_wanted("files") {
        compare(&format!("{small} files of 1 kB"), &Files::new("thumbnail.jpg", small, 1000), rounds, "0.67");
    }
}
