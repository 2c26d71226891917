//! Reading single parts, frames and manifests: nothing else is fetched, and no wrong byte is passed on.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use owlery_model::event::EventId;
use owlery_store::{
    CopiedFile, Environment, Error, FramesCache, FramesDirectory, HostFiles, PART, StoreOptions, Stores,
};

use crate::counted::{Counted, InParts};
use crate::proxy::{Line, Proxy};
use crate::server::{OWNER, Server, login, s3s_fs};
use crate::world::{EVENTS, World, client_of, copy, host};

each!([s3s_fs][no_garbled_part_is_passed_on]);

/// Bytes of which no two parts are the same.
fn movie(bytes: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| rng.u8(..)).take(bytes).collect()
}

fn id() -> EventId {
    EVENTS[0].parse().unwrap()
}

/// A file of the first event, by its manifest.
async fn file(files: &HostFiles, name: &str) -> CopiedFile {
    let manifest = files.manifest(&id().camera, id().day).await.unwrap().unwrap();
    manifest.event(id().name).unwrap().files.iter().find(|file| file.name == name).unwrap().clone()
}

#[tokio::test]
async fn a_part_costs_no_more_than_itself() {
    let memory: Arc<dyn InParts> = Arc::new(InMemory::new());
    let (world, counted, movie) = (World::of(&EVENTS[..1]), Counted::all(&memory), movie(5 * (4 << 20) + 1));
    world.write(EVENTS[0], "video.mp4", &movie);
    copy(&client_of(Arc::clone(&memory) as _), &world, &EVENTS[..1]).await.unwrap();
    let client = owlery_store::Client::new("offsite".parse().unwrap(), Arc::clone(&counted) as _, Path::from("site"));
    let files = HostFiles::new(client, &host());
    let video = file(&files, "video.mp4").await;
    assert_eq!(video.part_count(), 6);
    for nth in [2, 5, 0] {
        let before = counted.read.load(SeqCst);
        let part = files.read_part(&id(), &video, nth).await.unwrap();
        let from = usize::try_from(nth * PART).unwrap();
        assert!(part == movie[from..movie.len().min(from + (4 << 20))]);
        assert_eq!(counted.read.load(SeqCst) - before, part.len() as u64);
    }
    let error = files.read_part(&id(), &video, 6).await.unwrap_err();
    assert!(matches!(error, Error::Wrong { .. }), "{error}");
}

#[tokio::test]
async fn changed_objects_are_wrong() {
    let (world, store) = (World::of(&EVENTS[..1]), Arc::new(InMemory::new()));
    let mut movie = movie(4 << 20);
    movie.extend_from_slice(b"the end");
    world.write(EVENTS[0], "video.mp4", &movie);
    let client = client_of(Arc::clone(&store) as Arc<dyn ObjectStore>);
    copy(&client, &world, &EVENTS[..1]).await.unwrap();
    let files = HostFiles::new(client, &host());
    let video = file(&files, "video.mp4").await;
    let key = Path::from(format!("site/garage/{}/video.mp4", EVENTS[0]));
    let mut flipped = movie.clone();
    flipped[4 << 20] ^= 1;
    store.put(&key, flipped.into()).await.unwrap();
    files.read_part(&id(), &video, 0).await.unwrap();
    for object in [None, Some(&movie[..4 << 20]), Some(&movie[..10])] {
        if let Some(object) = object {
            store.put(&key, object.to_vec().into()).await.unwrap();
        }
        let error = files.read_part(&id(), &video, 1).await.unwrap_err();
        assert!(matches!(&error, Error::Wrong { object, .. } if *object == key.to_string()), "{error}");
    }
    store.delete(&key).await.unwrap();
    assert!(files.read_part(&id(), &video, 1).await.unwrap_err().is_not_found());
}

/// A file that counts what is read of it.
struct Counting(io::Cursor<Vec<u8>>, Arc<std::sync::atomic::AtomicUsize>);

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.fetch_add(count, SeqCst);
        Ok(count)
    }
}

impl Seek for Counting {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[tokio::test]
async fn a_frame_is_a_range_of_the_zip() {
    let (world, store) = (World::of(&EVENTS[..1]), Arc::new(InMemory::new()));
    let frame = movie(100_000);
    for n in 0..20 {
        world.write(EVENTS[0], &format!("10-04-37-{n:02}.jpg"), &[&[n][..], &frame].concat());
    }
    copy(&client_of(Arc::clone(&store) as _), &world, &EVENTS[..1]).await.unwrap();
    let key = Path::from(format!("site/garage/{}/frames.zip", EVENTS[0]));
    let zip = store.get(&key).await.unwrap().bytes().await.unwrap().to_vec();
    let read = Arc::default();
    let directory = FramesDirectory::read(Counting(io::Cursor::new(zip.clone()), Arc::clone(&read))).unwrap();
    assert!(read.load(SeqCst) < 100_000, "{read:?}");
    assert_eq!(directory.iter().count(), 25);
    for (name, at) in directory.iter() {
        let range = at.header();
        let header = &zip[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
        let from = usize::try_from(at.start(header).unwrap()).unwrap();
        let found = &zip[from..from + usize::try_from(at.bytes).unwrap()];
        assert!(found == std::fs::read(world.path(EVENTS[0], name)).unwrap(), "{name}");
        assert_eq!(at.start(&header[..29]), None);
        assert_eq!(at.start(&zip[from..]), None);
    }
    assert_eq!(directory.get("none"), None);

    let cache = FramesCache::default();
    let fails = async { Err::<FramesDirectory, _>("no") };
    assert_eq!(*cache.get("a", fails).await.unwrap_err(), "no");
    let fetched = cache.get("a", async { Ok::<_, &str>(directory) }).await.unwrap();
    let again = cache.get("a", async { Err::<FramesDirectory, _>("it is known") }).await.unwrap();
    assert!(Arc::ptr_eq(&fetched, &again));
}

#[tokio::test]
async fn manifests_are_kept_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("nas");
    std::fs::create_dir(&place).unwrap();
    let url = format!("file://{}", place.display());
    let options = StoreOptions::new("offsite".parse().unwrap(), url.parse().unwrap());
    let stores = Stores::new(vec![options.clone()], folder.path(), Environment::default()).unwrap();
    let (stores, world) = (Arc::new(stores), World::of(&EVENTS));
    copy(&stores.get(None, "offsite").unwrap(), &world, &EVENTS).await.unwrap();
    let (id, other): (EventId, EventId) = (id(), EVENTS[2].parse().unwrap());
    let (garage, days) = (host(), [(&id.camera, id.day), (&other.camera, other.day)]);
    let day = |nth: usize| stores.manifest("offsite", (&garage, days[nth].0, days[nth].1));
    let first = day(0).await.unwrap();
    assert_eq!(first.events.len(), 2);

    std::fs::rename(&place, folder.path().join("away")).unwrap();
    assert!(Arc::ptr_eq(&day(0).await.unwrap(), &first));
    assert!(matches!(&*day(1).await.unwrap_err(), Error::OutOfReach { .. }));
    assert!(stores.outage(&options.name).is_some());
    let file = &first.event(id.name).unwrap().files[0];
    assert!(stores.read_part("offsite", &garage, (&id, file), 0).await.unwrap_err().may_pass());

    std::fs::rename(folder.path().join("away"), &place).unwrap();
    let (one, same) = tokio::join!(day(1), day(1));
    assert!(Arc::ptr_eq(&one.unwrap(), &same.unwrap()), "callers share a request");
    assert!(stores.outage(&options.name).is_none());
    let part = stores.read_part("offsite", &garage, (&id, file), 0).await.unwrap();
    assert_eq!(part.len() as u64, file.bytes);
    let nothing = stores.manifest("offsite", (&garage, &id.camera, other.day)).await.unwrap_err();
    assert!(nothing.is_not_found(), "{nothing}");

    let inactive = StoreOptions { active: false, ..options };
    stores.configure(vec![inactive]).unwrap();
    assert!(matches!(&*day(0).await.unwrap_err(), Error::Inactive(_)));
    stores.configure(Vec::new()).unwrap();
    assert!(matches!(&*day(0).await.unwrap_err(), Error::Unknown(_)));
}

async fn no_garbled_part_is_passed_on(server: &Server) {
    let (world, movie, state) = (World::of(&EVENTS[..1]), movie((4 << 20) + 100_000), tempfile::tempdir().unwrap());
    world.write(EVENTS[0], "video.mp4", &movie);
    login(state.path(), OWNER);
    let direct = server.stores(state.path()).get(None, "offsite").unwrap();
    copy(&direct, &world, &EVENTS[..1]).await.unwrap();
    let video = file(&HostFiles::new(direct, &host()), "video.mp4").await;
    let line = Line {
        garbled_responses: Some(4_000_000),
        cut: Some((4, 1..5_000_000)),
        delay: Duration::from_millis(1),
        ..Line::default()
    };
    let proxy = Proxy::to(server.port, line, 11).await;
    let client = server.stores_through(state.path(), proxy.port).get(None, "offsite").unwrap();
    let files = HostFiles::new(client.with_stall(Duration::from_secs(2)), &host());
    let mut read = [0, 0];
    for nth in [0, 1].repeat(10) {
        let at = usize::try_from(nth).unwrap();
        match files.read_part(&id(), &video, nth).await {
            Ok(part) => {
                assert!(part == movie[at << 22..movie.len().min((at + 1) << 22)]);
                read[at] += 1;
            }
            Err(error) => println!("part {nth}: {error}"),
        }
    }
    assert!(read.iter().all(|count| *count > 0), "{read:?}");
}
