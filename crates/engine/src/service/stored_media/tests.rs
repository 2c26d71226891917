//! Files of events of a store, a folder here: what is fetched, what is kept, and what is never passed on.

#![allow(clippy::disallowed_methods)] // for the files of a test

use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use chrono::TimeDelta;
use owlery_store::{Environment, FileKind, Host, Look, PART, Source, StoreOptions};

use super::*;
use crate::event::{Details, Event, Location, Movies, State, Thumbnail};
use crate::service::derived::{Derivative, Derived};
use crate::service::{Archive, Options, Service};

const ID: &str = "Camera1/2026-11-20/10-04-36";

/// A service without events, and a folder with the copy of one.
struct World {
    service: Service,
    folder: tempfile::TempDir,
    event: Event,
}

/// The files of an event before they are copied.
struct Files(Vec<String>, tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (nth, (_, bytes)) in files.iter().enumerate() {
            fs::write(folder.path().join(nth.to_string()), bytes).unwrap();
        }
        Self(files.iter().map(|(name, _)| (*name).to_owned()).collect(), folder)
    }
}

impl Source for Files {
    fn best_frame(&self) -> Option<String> {
        None
    }

    fn names(&self) -> Vec<String> {
        self.0.clone()
    }

    fn open(&self, name: &str) -> io::Result<fs::File> {
        let nth = self.0.iter().position(|file| file == name).unwrap();
        fs::File::open(self.1.path().join(nth.to_string()))
    }
}

fn bytes(count: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(count as u64);
    std::iter::repeat_with(|| rng.u8(..)).take(count).collect()
}

/// A picture.
fn jpeg() -> Vec<u8> {
    include_bytes!("../../../../../ui/images/missing.jpg").to_vec()
}

impl World {
    fn new(files: &[(&str, Vec<u8>)], cache_bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["root/Camera1", "nas", "state"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let url = format!("file://{}", folder.path().join("nas").display()).parse().unwrap();
        let mut store = StoreOptions::new("nas".parse().unwrap(), url);
        store.host = Some("garage".parse().unwrap());
        let stores = Stores::new(vec![store.clone()], &folder.path().join("state"), Environment::default()).unwrap();
        let event = event();
        let source = Files::new(files);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = stores.get(None, "nas").unwrap();
            let mut host = Host::open(client, &store.host_name().unwrap(), "home").await.unwrap();
            let kinds = [FileKind::Movie, FileKind::Thumbnail, FileKind::Frame].into();
            host.copy(&event, &source, &kinds, Look::AtObjects).await.unwrap();
            host.finish().await.unwrap();
        });
        let mut options = Options::new(folder.path().join("root")).stores(vec![store]);
        options.state_dir = Some(folder.path().join("state"));
        options.cache.max_bytes = cache_bytes;
        let service = Archive::open(options).unwrap().start().unwrap();
        Self { service, folder, event }
    }

    fn object(&self, name: &str) -> PathBuf {
        self.folder.path().join("nas/garage").join(ID).join(name)
    }

    fn files(&self) -> StoredFiles {
        wait(self.service.stored_files("nas", &ID.parse().unwrap())).unwrap()
    }

    fn open(&self, name: &str) -> Result<StoredFile, StoredError> {
        wait(self.files().open(name))
    }

    fn cached(&self) -> u64 {
        self.service.cache().unwrap().total_bytes()
    }
}

fn event() -> Event {
    let id: EventId = ID.parse().unwrap();
    let start = id.day.at(i64::from(id.name.secs().unwrap()));
    let details = Details {
        start,
        end: start + TimeDelta::seconds(9),
        state: State::Complete,
        saved: false,
        frames: Some(3),
        bytes: Some(1),
        videos: Movies::new(),
        debug_video: None,
        thumbnail: Some(Thumbnail::File),
        peak_change: None,
        motion_mask: None,
        problems: Vec::new(),
    };
    Event { id, details }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn a_range_fetches_the_parts_that_it_touches() {
    let movie = bytes(20 << 20);
    let world = World::new(&[("video.mp4", movie.clone())], 1 << 30);
    let file = world.open("video.mp4").unwrap();
    assert_eq!((file.len(), world.cached()), (20 << 20, 0), "to open it reads nothing");
    assert!(file.tag().len() == 64 && world.files().is_final());
    let read = |range: std::ops::Range<u64>| wait(file.read(range)).unwrap();
    assert_eq!(*read(5_000_000..5_000_001), movie[5_000_000..5_000_001]);
    assert_eq!(world.cached(), PART);
    assert!(*read(PART + 7..PART + 9_000_007) == movie[(4 << 20) + 7..(4 << 20) + 9_000_007]);
    assert_eq!(world.cached(), 3 * PART);
    let pieces: Vec<_> = file.pieces(PART - 1..2 * PART + 1).collect();
    assert_eq!(pieces, [PART - 1..PART, PART..2 * PART, 2 * PART..2 * PART + 1]);
    assert_eq!(file.pieces(10..10).count(), 0);

    // What is cached needs no store, and what is not needs it.
    fs::rename(world.folder.path().join("nas"), world.folder.path().join("away")).unwrap();
    assert_eq!(read(5_000_000..5_000_004).len(), 4);
    assert!(matches!(wait(file.read(0..1)).unwrap_err(), StoredError::Store(error) if error.may_pass()));
}

/// Flipped on the disk of the store, before and after other parts were read.
#[test]
fn a_flipped_byte_is_never_passed_on() {
    for cache_bytes in [1 << 30, 1] {
        let mut movie = bytes((8 << 20) + 5);
        let world = World::new(&[("video.mp4", movie.clone())], cache_bytes);
        let file = world.open("video.mp4").unwrap();
        assert!(*wait(file.read(10..20)).unwrap() == movie[10..20]);
        movie[5 << 20] ^= 4;
        fs::write(world.object("video.mp4"), &movie).unwrap();
        for range in [4 << 20..(4 << 20) + 1, 8_000_000..8_000_010] {
            let error = wait(file.read(range)).unwrap_err();
            assert!(
                matches!(&error, StoredError::Store(error) if matches!(**error, owlery_store::Error::Wrong { .. })),
                "{error}"
            );
        }
        assert!(*wait(file.read(8 << 20..(8 << 20) + 5)).unwrap() == movie[8 << 20..], "the last part is right");
    }
}

#[test]
fn frames_are_what_they_were() {
    let frames: Vec<_> = (0..40).map(|n| (format!("10-04-{:02}-00.jpg", 36 + n % 20), n)).collect();
    let mut files: Vec<(&str, Vec<u8>)> =
        frames.iter().take(20).map(|(name, n)| (name.as_str(), bytes(250_000 + n))).collect();
    files.push(("debug/10-04-36-00m.jpg", b"debug".to_vec()));
    files.push(("thumbnail.jpg", b"small".to_vec()));
    for cache_bytes in [1 << 30, 1] {
        let world = World::new(&files, cache_bytes);
        for (name, bytes) in &files {
            let file = world.open(name).unwrap();
            assert_eq!(file.len(), bytes.len() as u64);
            assert!(*wait(file.read(0..file.len())).unwrap() == *bytes, "{name}");
            assert!(*wait(file.read(1..3)).unwrap() == bytes[1..3]);
        }
        let images = wait(world.files().images()).unwrap();
        assert_eq!((images.len(), &images[20]), (21, &("thumbnail.jpg".to_owned(), 5)));
        let listed = wait(world.files().list()).unwrap();
        assert_eq!((listed.len(), &listed[21].0), (22, &(true, "10-04-36-00m.jpg".to_owned())));
        for missing in ["frames.zip", "manifest.json", "../x", "", "10-00-00-00.jpg", "debug/video.mp4", "video.mp4"] {
            assert!(matches!(world.open(missing).unwrap_err(), StoredError::NoFile), "{missing}");
        }
    }
    let none = World::new(&files[20..], 1);
    let missing = wait(none.service.stored_files("nas", &"Camera1/2026-11-20/11-00-00".parse().unwrap()));
    assert!(matches!(missing.unwrap_err(), StoredError::NoFile));
    let unknown = wait(none.service.stored_files("none", &ID.parse().unwrap())).unwrap_err();
    assert!(matches!(unknown, StoredError::Store(_)), "{unknown}");
}

/// The movie is not touched for a thumbnail.
#[test]
fn a_thumbnail_fetches_one_file() {
    let files = [("video.mp4", bytes(5 << 20)), ("thumbnail.jpg", jpeg())];
    let world = World::new(&files, 1 << 30);
    let kind = Derivative::Thumbnail(owlery_media::Width::W160);
    let location = Location::Store("nas".into());
    let handle = world.service.handle();
    let Derived::Making(ticket) = handle.derived(&world.event, &location, kind).unwrap() else { panic!("no job") };
    let made = ticket.wait(std::time::Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!((made.len(), made[0].0), (1, kind));
    let cached = world.cached();
    assert!(cached >= files[1].1.len() as u64 && cached < 100_000, "{cached}");
    assert!(handle.derived_at_once(&world.event, &location, kind).is_some());
    assert!(handle.derived_at_once(&world.event, &Location::Local, kind).is_none());
}

/// Programs get a file with the bytes, and nothing of it stays.
#[test]
fn whole_files_are_fetched_for_programs() {
    let movie = bytes((4 << 20) + 3);
    let world = World::new(&[("video.mp4", movie.clone())], 1 << 30);
    let files = world.service.files_of(&world.event.id, &Location::Store("nas".into())).unwrap();
    assert_eq!(*files.names().unwrap(), [(false, "video.mp4".to_owned())]);
    let mut media = files.open(&(false, "video.mp4".to_owned())).unwrap();
    let mut read = Vec::new();
    media.file.read_to_end(&mut read).unwrap();
    assert!(read == movie && media.len == movie.len() as u64);
    let work = world.service.cache().unwrap().options().dir.join(super::super::derived::WORK);
    assert_eq!(fs::read_dir(work).unwrap().count(), 0);
    assert!(files.open(&(true, "video.mp4".to_owned())).unwrap_err().is_not_found());
}

/// Who waits for a store when the service stops gets an error at once.
#[test]
fn a_stop_ends_what_waits() {
    let world = World::new(&[("video.mp4", bytes(10))], 1 << 30);
    let file = world.open("video.mp4").unwrap();
    drop(world.service);
    assert!(matches!(wait(file.read(0..1)).unwrap_err(), StoredError::Stopped));
}
