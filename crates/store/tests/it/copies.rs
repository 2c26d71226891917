//! What is copied of an event's files. What every kind of store must do is in `conformance`.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use owlery_store::{Environment, Host, Look, StoreOptions, Stores};

use crate::world::{EVENTS, World, client_of, copy, event, everything, host, resume, verified};

/// The frames are a zip file without compression.
#[tokio::test]
async fn frames_are_one_stored_zip() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    copy(&client_of(Arc::clone(&store)), &World::of(&EVENTS[..1]), &EVENTS[..1]).await.unwrap();
    let key = Path::from(format!("site/garage/{}/frames.zip", EVENTS[0]));
    let bytes = store.get(&key).await.unwrap().bytes().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
    let mut names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    let expected =
        ["10-04-36-00.jpg", "10-04-36-01.jpg", "10-04-36-02.jpg", "10-04-36-03.jpg", "debug/10-04-36-00m.jpg"];
    assert_eq!(names, expected);
    let mut frame = zip.by_name("10-04-36-02.jpg").unwrap();
    assert_eq!(frame.compression(), zip::CompressionMethod::Stored);
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut frame, &mut read).unwrap();
    assert_eq!(read, [2; 100]);
}

/// A file that is gone, or grows, while it is copied is an error, and its event is not in the manifest.
#[tokio::test]
async fn a_file_that_changes_is_not_copied() {
    struct Vanishing(crate::world::Directory);
    impl owlery_store::Source for Vanishing {
        fn names(&self) -> Vec<String> {
            [self.0.names(), vec!["gone.mp4".to_owned()]].concat()
        }

        fn open(&self, name: &str) -> std::io::Result<std::fs::File> {
            self.0.open(name)
        }
    }
    let (world, client) = (World::of(&EVENTS[..2]), client_of(Arc::new(InMemory::new())));
    let mut host = Host::open(client.clone(), &host(), "home").await.unwrap();
    let source = Vanishing(world.source(EVENTS[0]));
    let error = host.copy(&event(EVENTS[0]), &source, &everything(), Look::AtObjects).await.unwrap_err();
    assert!(error.to_string().contains("gone.mp4"), "{error}");
    host.copy(&event(EVENTS[1]), &world.source(EVENTS[1]), &everything(), Look::AtObjects).await.unwrap();
    host.finish().await.unwrap();
    assert_eq!(verified(&client).await.events, 1);
}

/// An event may have more frames than a process may have open files.
#[tokio::test]
async fn many_frames_are_not_open_at_once() {
    struct Counting(crate::world::Directory, AtomicUsize);
    impl owlery_store::Source for Counting {
        fn names(&self) -> Vec<String> {
            self.0.names()
        }

        fn open(&self, name: &str) -> std::io::Result<std::fs::File> {
            self.1.fetch_max(open_files(), Ordering::Relaxed);
            self.0.open(name)
        }
    }
    let world = World::of(&[]);
    for n in 0..3000 {
        world.write(EVENTS[0], &format!("10-{:02}-{:02}-00.jpg", n / 60, n % 60), b"x");
    }
    let client = client_of(Arc::new(InMemory::new()));
    let before = open_files();
    let source = Counting(world.source(EVENTS[0]), AtomicUsize::new(0));
    let mut host = Host::open(client.clone(), &host(), "home").await.unwrap();
    host.copy(&event(EVENTS[0]), &source, &everything(), Look::AtObjects).await.unwrap();
    let most = source.1.load(Ordering::Relaxed);
    assert!(most < before + 1000, "{most} of 3000 were open");
}

/// The open files of this process.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// What a process that was killed has left of an upload goes with the next one.
#[tokio::test]
async fn rests_of_uploads_are_removed() {
    let (world, folder) = (World::of(&EVENTS[..1]), tempfile::tempdir().unwrap());
    let url = format!("file://{}", folder.path().display());
    let options = StoreOptions::new("offsite".parse().unwrap(), url.parse().unwrap());
    let state = tempfile::tempdir().unwrap();
    let stores = Stores::new(vec![options], state.path(), Environment::default()).unwrap();
    let place = folder.path().join("garage").join(EVENTS[0]);
    std::fs::create_dir_all(&place).unwrap();
    for rest in ["video.mp4#1", "video.mp4#2", "frames.zip#1"] {
        std::fs::write(place.join(rest), "part of it").unwrap();
    }
    copy(&stores.get(None, "offsite").unwrap(), &world, &EVENTS[..1]).await.unwrap();
    let mut names: Vec<String> =
        std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["frames.zip", "thumbnail.jpg", "video.mp4"]);
}

/// A copy that is stopped has recorded most of what it sent, also within a day.
#[tokio::test]
async fn a_long_day_is_recorded_in_between() {
    let world = World::of(&EVENTS[..2]);
    world.write(EVENTS[0], "video.mp4", &vec![7; 33 << 20]);
    let client = client_of(Arc::new(InMemory::new()));
    let mut host = Host::open(client.clone(), &crate::world::host(), "home").await.unwrap();
    for id in &EVENTS[..2] {
        host.copy(&event(id), &world.source(id), &everything(), Look::AtObjects).await.unwrap();
    }
    drop(host); // stopped before it has finished
    let found = verified(&client).await;
    assert_eq!((found.events, &found.wrong[..]), (1, &[][..]));
}

/// All clones of a client share its rate, and to wait for it is no stall.
#[tokio::test(start_paused = true)]
async fn a_rate_is_kept_by_all_clones() {
    let rate = NonZeroU64::new(50 << 10);
    let memory = Arc::new(InMemory::new());
    let client = client_of(Arc::clone(&memory) as _).with_parts(memory).with_rate(rate);
    let client = client.with_stall(Duration::from_secs(5));
    let world = World::of(&EVENTS[..1]);
    world.write(EVENTS[0], "video.mp4", &vec![7; 6 << 20]);
    let state = tempfile::tempdir().unwrap();
    let (begin, clone) = (tokio::time::Instant::now(), client.clone());
    let checking = async {
        for _ in 0..50 {
            clone.check(&host()).await.unwrap();
        }
    };
    let (copied, ()) = tokio::join!(resume(&client, &world, state.path(), &EVENTS[..1]), checking);
    copied.unwrap();
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(6 * 1024 / 50) && took < Duration::from_secs(6 * 1024 / 50 + 5), "{took:?}");
    let fast = client.with_rate(None);
    let begin = tokio::time::Instant::now();
    world.write(EVENTS[0], "video.mp4", &vec![8; 6 << 20]);
    copy(&fast, &world, &EVENTS[..1]).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(1));
}

/// Files that a recall has brought back, or that were touched: the manifest learns their times, and no byte is sent.
#[tokio::test]
async fn the_same_bytes_are_not_sent_again() {
    let (world, client) = (World::of(&EVENTS[..1]), client_of(Arc::new(InMemory::new())));
    copy(&client, &world, &EVENTS[..1]).await.unwrap();
    let again = World::of(&EVENTS[..1]);
    assert_eq!(copy(&client, &again, &EVENTS[..1]).await.unwrap(), [owlery_store::Copied::Known]);
    assert_eq!(verified(&client).await.wrong, Vec::<String>::new());
    again.write(EVENTS[0], "thumbnail.jpg", &EVENTS[0].replace('C', "c").into_bytes());
    let sent = copy(&client, &again, &EVENTS[..1]).await.unwrap();
    assert!(matches!(sent[..], [owlery_store::Copied::Sent { objects: 1, .. }]), "{sent:?}");
}
