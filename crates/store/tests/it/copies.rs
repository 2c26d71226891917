//! What is copied, when it is copied again, and what an interruption leaves.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use owlery_model::event::State;
use owlery_store::{Client, Copied, Error, FileKind, Host, HostIndex, Look};

use crate::faulty::Faulty;
use crate::world::{World, client_of, copy, event, everything, host, stores, verified};

const EVENTS: [&str; 3] =
    ["Camera1/2026-11-20/10-04-36", "Camera1/2026-11-20/11-00-00", "Camera 2/2026-11-21/09-00-00"];

fn world() -> World {
    let world = World::new();
    for event in EVENTS {
        world.add_event(event);
    }
    world
}

async fn keys(store: &Arc<dyn ObjectStore>) -> Vec<String> {
    let all: Vec<_> = store.list(None).try_collect().await.unwrap();
    let mut keys: Vec<String> = all.into_iter().map(|found| found.location.to_string()).collect();
    keys.sort();
    keys
}

/// In every kind of store: the layout, the sums of the index, and that nothing is sent twice.
#[tokio::test]
async fn events_are_copied_once() {
    let (stores, _folder) = stores();
    for (kind, store) in stores {
        let (world, client) = (world(), client_of(Arc::clone(&store)));
        let sent = copy(&client, &world, &EVENTS).await.unwrap();
        assert!(sent.iter().all(|sent| matches!(sent, Copied::Sent { objects: 3, .. })), "{kind}: {sent:?}");
        let of_event = |event: &str| {
            ["frames.zip", "thumbnail.jpg", "video.mp4"].map(|name| format!("site/garage/{event}/{name}"))
        };
        let mut expected = EVENTS.map(of_event).concat();
        expected.extend(
            [".owlery/index.json", "Camera1/2026-11-20/manifest.json", "Camera 2/2026-11-21/manifest.json"]
                .map(|key| format!("site/garage/{key}")),
        );
        expected.sort();
        assert_eq!(keys(&store).await, expected, "{kind}");
        let found = verified(&client).await;
        assert_eq!((found.events, found.objects, found.read, &found.wrong[..]), (3, 9, 9, &[][..]), "{kind}");
        assert_eq!(copy(&client, &world, &EVENTS).await.unwrap(), [Copied::Known; 3], "{kind}");
        let index = HostIndex::read(&client, &host()).await.unwrap().unwrap();
        let days: Vec<_> =
            index.days().iter().map(|(camera, day, sums)| format!("{camera}/{day} {}", sums.events)).collect();
        assert_eq!(days, ["Camera 2/2026-11-21 1", "Camera1/2026-11-20 2"], "{kind}");
    }
}

/// The frames are a zip file without compression.
#[tokio::test]
async fn frames_are_one_stored_zip() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    copy(&client_of(Arc::clone(&store)), &world(), &EVENTS[..1]).await.unwrap();
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

/// Only what changed is sent again, and what a later copy does not ask for stays.
#[tokio::test]
async fn changes_are_copied() {
    let (world, store) = (world(), Arc::new(InMemory::new()) as Arc<dyn ObjectStore>);
    let client = client_of(Arc::clone(&store));
    copy(&client, &world, &EVENTS[..1]).await.unwrap();
    world.write(EVENTS[0], "video.mp4", b"another movie");
    world.write(EVENTS[0], "notes.txt", b"mine");
    let mut host = Host::open(client.clone(), &host(), "home").await.unwrap();
    let movies = BTreeSet::from([FileKind::Movie]);
    let mut changed = event(EVENTS[0]);
    changed.details.saved = true;
    let sent = host.copy(&changed, &world.source(EVENTS[0]), &movies, Look::AtObjects).await.unwrap();
    assert_eq!(sent, Copied::Sent { objects: 2, bytes: 17 });
    host.finish().await.unwrap();
    let found = verified(&client).await;
    assert_eq!((found.objects, &found.wrong[..]), (4, &[][..]));
    changed.details.state = State::Open;
    let refused = host.copy(&changed, &world.source(EVENTS[0]), &movies, Look::AtObjects).await.unwrap_err();
    assert!(matches!(refused, Error::BeingRecorded(_)), "{refused}");
}

/// Wherever the line is cut, the manifests name nothing that is not there, and the next copy completes it.
#[tokio::test]
async fn an_interruption_leaves_no_wrong_manifest() {
    let world = world();
    world.write(EVENTS[1], "video.mp4", &vec![7; 11 << 20]); // in parts
    for requests in 0.. {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let cut = client_of(Faulty::after(Arc::clone(&store), requests));
        let result = copy(&cut, &world, &EVENTS).await;
        let client = client_of(store);
        let found = verified(&client).await;
        let is_whole = result.is_ok();
        if let Err(error) = result {
            assert!(error.may_pass(), "{requests}: {error}");
        }
        let is_expected = |wrong: &String| wrong.contains("has copied nothing") || wrong.contains("other sums");
        assert!(found.wrong.iter().all(is_expected), "{requests}: {:?}", found.wrong);
        copy(&client, &world, &EVENTS).await.unwrap();
        let found = verified(&client).await;
        assert_eq!((found.events, found.objects, &found.wrong[..]), (3, 9, &[][..]), "{requests}");
        if is_whole {
            assert!(requests > 20, "{requests}");
            return;
        }
    }
}

/// The same while a movie and a frame are replaced that were copied before: never does a manifest name bytes that are not there.
#[tokio::test]
async fn an_interrupted_change_leaves_none_either() {
    for requests in 0.. {
        let (world, store) = (world(), Arc::new(InMemory::new()) as Arc<dyn ObjectStore>);
        let client = client_of(Arc::clone(&store));
        copy(&client, &world, &EVENTS).await.unwrap();
        world.write(EVENTS[0], "video.mp4", b"a movie of another size");
        world.write(EVENTS[1], "10-04-36-02.jpg", &[9; 99]);
        let is_whole = copy(&client_of(Faulty::after(store, requests)), &world, &EVENTS).await.is_ok();
        let wrong = verified(&client).await.wrong;
        assert!(wrong.iter().all(|wrong| wrong.contains("other sums")), "{requests}: {wrong:?}");
        copy(&client, &world, &EVENTS).await.unwrap();
        let found = verified(&client).await;
        assert_eq!((found.objects, &found.wrong[..]), (9, &[][..]), "{requests}");
        if is_whole {
            return;
        }
    }
}

/// An event may have more frames than a process may have open files.
#[tokio::test]
async fn many_frames_are_not_open_at_once() {
    struct Counting(crate::world::Directory, std::sync::atomic::AtomicUsize);
    impl owlery_store::Source for Counting {
        fn names(&self) -> Vec<String> {
            self.0.names()
        }

        fn open(&self, name: &str) -> std::io::Result<std::fs::File> {
            let open = std::fs::read_dir("/proc/self/fd")?.count();
            self.1.fetch_max(open, std::sync::atomic::Ordering::Relaxed);
            self.0.open(name)
        }
    }
    let world = World::new();
    for n in 0..3000 {
        world.write(EVENTS[0], &format!("10-{:02}-{:02}-00.jpg", n / 60, n % 60), b"x");
    }
    let client = client_of(Arc::new(InMemory::new()));
    let open_files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open_files();
    let source = Counting(world.source(EVENTS[0]), 0.into());
    let mut host = Host::open(client.clone(), &host(), "home").await.unwrap();
    host.copy(&event(EVENTS[0]), &source, &everything(), Look::AtObjects).await.unwrap();
    let most = source.1.load(std::sync::atomic::Ordering::Relaxed);
    assert!(most < before + 1000, "{most} of 3000 were open");
}

/// A host's place belongs to the archive that took it, also if its index is lost.
#[tokio::test]
async fn another_archive_is_refused() {
    let (world, store) = (world(), Arc::new(InMemory::new()) as Arc<dyn ObjectStore>);
    let client = client_of(Arc::clone(&store));
    copy(&client, &world, &EVENTS).await.unwrap();
    let open = |client: Client, archive: &'static str| async move { Host::open(client, &host(), archive).await };
    let refused = open(client.clone(), "other").await.unwrap_err();
    assert!(matches!(&refused, Error::OfAnotherArchive { theirs, .. } if theirs == "home"), "{refused}");
    let index = Path::from("site/garage/.owlery/index.json");
    store.delete(&index).await.unwrap();
    assert!(open(client.clone(), "other").await.is_err(), "the manifests say whose it is");
    store.delete(&index).await.ok();
    assert_eq!(copy(&client, &world, &EVENTS).await.unwrap(), [Copied::Known; 3]);
    let found = verified(&client).await;
    assert_eq!((found.events, &found.wrong[..]), (3, &[][..]), "the index was made again");
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
    let (world, client) = (world(), client_of(Arc::new(InMemory::new())));
    let mut host = Host::open(client.clone(), &host(), "home").await.unwrap();
    let source = Vanishing(world.source(EVENTS[0]));
    let error = host.copy(&event(EVENTS[0]), &source, &everything(), Look::AtObjects).await.unwrap_err();
    assert!(error.to_string().contains("gone.mp4"), "{error}");
    host.copy(&event(EVENTS[1]), &world.source(EVENTS[1]), &everything(), Look::AtObjects).await.unwrap();
    host.finish().await.unwrap();
    assert_eq!(verified(&client).await.events, 1);
}
