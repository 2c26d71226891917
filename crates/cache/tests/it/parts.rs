//! Entries that are filled part by part.

use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{LazyLock, Mutex};

use bytes::Bytes;
use owlery_cache::{Cache, FetchError, Label, PART_SIZE, Stored, Whole};

use crate::world::{World, media};

/// Two parts and a half.
const SIZE: u64 = 2 * PART_SIZE + PART_SIZE / 2;

fn whole() -> Whole {
    Whole { size: SIZE, label: Label::new("video/mp4", "a.mp4") }
}

/// The object: lines of 1,000 bytes, so that no part is like another.
static OBJECT: LazyLock<Bytes> = LazyLock::new(|| {
    let line = |number: u64| (0..1_000).map(move |at: u64| u8::try_from((number + at % 251) % 256).unwrap());
    let first: Vec<u8> = (0..=SIZE / 1_000).flat_map(|number| line(number % 7)).collect();
    Bytes::from(first).slice(..usize::try_from(SIZE).unwrap())
});

fn data(range: Range<u64>) -> Bytes {
    OBJECT.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap())
}

/// An object store that notes which ranges were asked for.
#[derive(Default)]
struct Store(Mutex<Vec<u64>>);

impl Store {
    async fn get(&self, range: Range<u64>) -> io::Result<Bytes> {
        assert_eq!(range.start % PART_SIZE, 0);
        self.0.lock().unwrap().push(range.start / PART_SIZE);
        tokio::task::yield_now().await;
        Ok(data(range))
    }

    /// The parts that were fetched since the last call.
    fn fetched(&self) -> Vec<u64> {
        let mut parts = std::mem::take(&mut *self.0.lock().unwrap());
        parts.sort_unstable();
        parts
    }
}

async fn read(cache: &Cache, store: &Store, range: Range<u64>) -> Bytes {
    cache.read_parts("k", &whole(), range, |range| store.get(range)).await.unwrap()
}

/// A range fetches the parts that it touches, once, and the sum counts the bytes that are there.
#[tokio::test]
async fn a_range_fetches_its_parts_only() {
    let world = World::new();
    let cache = world.open();
    let store = Store::default();
    let range = PART_SIZE + 10..PART_SIZE + 1_010;
    assert_eq!(read(&cache, &store, range.clone()).await, data(range.clone()));
    assert_eq!(store.fetched(), [1]);
    assert_eq!(read(&cache, &store, range.clone()).await, data(range));
    assert_eq!(store.fetched(), [0; 0]);
    assert!(!cache.contains("k") && cache.get("k").is_none() && cache.size_of("k").is_none());
    let entry = cache.entry("k").unwrap();
    assert_eq!((entry.size, entry.whole, cache.total_bytes()), (PART_SIZE, false, PART_SIZE));
    assert!(fs::metadata(world.file("k", "part")).unwrap().blocks() * 512 <= PART_SIZE + 4096, "a sparse file");
    let end = 2 * PART_SIZE - 5..SIZE + 100;
    assert_eq!(read(&cache, &store, end).await, data(2 * PART_SIZE - 5..SIZE), "a range is cut off at the end");
    assert_eq!(store.fetched(), [2]);
    assert!(read(&cache, &store, SIZE..SIZE + 1).await.is_empty());
    assert!(read(&cache, &store, 7..7).await.is_empty());
    assert_eq!(store.fetched(), [0; 0]);
}

/// With its last part an entry is whole, and its files are those of every entry.
#[tokio::test]
async fn the_last_part_makes_an_entry_whole() {
    let world = World::new();
    let cache = world.open();
    let store = Store::default();
    assert!(cache.enqueue("k").unwrap());
    for part in [2, 0, 1] {
        assert!(!cache.contains("k") && cache.is_queued("k"));
        read(&cache, &store, part * PART_SIZE..part * PART_SIZE + 1).await;
    }
    assert!(cache.contains("k") && !cache.is_queued("k"));
    assert_eq!((cache.size_of("k"), cache.total_bytes()), (Some(SIZE), SIZE));
    let endings: Vec<_> = world.files().iter().map(|name| name[65..].to_owned()).collect();
    assert_eq!(endings, ["dat", "json"]);
    let content = cache.get("k").unwrap();
    assert!(content.sha256().is_some() && content.bytes().unwrap() == data(0..SIZE));
    store.fetched();
    assert_eq!(read(&cache, &store, 5..PART_SIZE + 5).await, data(5..PART_SIZE + 5), "a range of a whole entry");
    drop(cache);
    let cache = world.open();
    assert_eq!(read(&cache, &store, 0..SIZE).await, data(0..SIZE));
    assert_eq!(store.fetched(), [0; 0]);
}

/// Parts survive a restart, and one that changed on disk meanwhile is never served.
#[tokio::test]
async fn parts_are_verified_after_a_restart() {
    let world = World::new();
    let store = Store::default();
    let cache = world.open();
    read(&cache, &store, 0..PART_SIZE + 1).await;
    drop(cache);
    let cache = world.open();
    assert_eq!(cache.total_bytes(), 2 * PART_SIZE);
    store.fetched();
    assert_eq!(read(&cache, &store, 3..PART_SIZE + 9).await, data(3..PART_SIZE + 9));
    assert_eq!(store.fetched(), [0; 0]);
    drop(cache);
    let file = fs::File::options().write(true).open(world.file("k", "part")).unwrap();
    file.write_all_at(b"garbled", PART_SIZE + 100).unwrap();
    let cache = world.open();
    assert_eq!(read(&cache, &store, 0..SIZE).await, data(0..SIZE));
    assert!(store.fetched().contains(&1));
    assert_eq!(read(&cache, &store, 0..SIZE).await, data(0..SIZE));
    assert!(cache.total_bytes() <= SIZE);
}

/// A list of parts that is torn or damaged costs parts, never bytes.
#[tokio::test]
async fn a_damaged_list_costs_parts() {
    for damage in ["torn", "header", "lines", "foreign"] {
        let world = World::new();
        let store = Store::default();
        read(&world.open(), &store, 0..PART_SIZE + 1).await;
        let list = world.file("k", "parts");
        let text = fs::read_to_string(&list).unwrap();
        let damaged = match damage {
            "torn" => text[..text.len() - 9].to_owned(),
            "header" => text.replacen("\"size\"", "\"siz\"", 1),
            "lines" => text.replace("\"part\":", "\"part\":9"),
            _ => text.replace("\"url\":\"k\"", "\"url\":\"other\""),
        };
        fs::write(&list, damaged).unwrap();
        let cache = world.open();
        assert_eq!(read(&cache, &store, 0..SIZE).await, data(0..SIZE), "{damage}");
        assert!(cache.contains("k"), "{damage}");
        assert_eq!(world.files().len(), 2, "{damage}");
    }
}

/// A source that fails, stops short or gives too much is an error, and the part is fetched again.
#[tokio::test]
async fn wrong_parts_are_not_stored() {
    let world = World::new();
    let cache = world.open();
    let wrong = |len| async move { Ok::<_, io::Error>(Bytes::from(vec![0; len])) };
    for len in [0, 5, usize::try_from(PART_SIZE).unwrap() + 1] {
        let result = cache.read_parts("k", &whole(), 0..10, |_| wrong(len)).await;
        assert!(matches!(result, Err(FetchError::Mismatch(_))), "{len}");
    }
    let failed = cache.read_parts("k", &whole(), 0..10, |_| async { Err::<Bytes, _>(io::Error::other("403")) }).await;
    assert_eq!(failed.unwrap_err().to_string(), "403");
    assert!(cache.entry("k").is_none() && world.files().is_empty());
    assert_eq!(read(&cache, &Store::default(), 0..10).await, data(0..10));
}

/// Callers that read one part at once cause one fetch.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_part_is_fetched_once() {
    let world = World::new();
    let cache = world.open();
    let store = std::sync::Arc::new(Store::default());
    let callers = (0..16_u64).map(|number| {
        let (cache, store) = (cache.clone(), std::sync::Arc::clone(&store));
        tokio::spawn(async move {
            let range = number * 100..PART_SIZE + number * 100;
            assert_eq!(read(&cache, &store, range.clone()).await, data(range));
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    assert_eq!(store.fetched(), [0, 1]);
}

/// An object that changed in the store replaces what is cached of the old one.
#[tokio::test]
async fn another_object_replaces_the_parts() {
    let world = World::new();
    let cache = world.open();
    read(&cache, &Store::default(), 0..10).await;
    let other = Whole { size: 10, label: Label::new("video/mp4", "b.mp4") };
    let fetch = |range: Range<u64>| async move {
        Ok::<_, io::Error>(Bytes::from(vec![9; usize::try_from(range.end).unwrap()]))
    };
    assert_eq!(&*cache.read_parts("k", &other, 0..20, fetch).await.unwrap(), [9; 10]);
    assert_eq!((cache.contains("k"), cache.total_bytes(), world.files().len()), (true, 10, 2));
    assert_eq!(read(&cache, &Store::default(), 0..10).await, data(0..10));
    assert_eq!((cache.contains("k"), cache.total_bytes(), world.files().len()), (false, PART_SIZE, 2));
}

/// Parts count for the size of the cache, and go like every entry; a put makes the entry whole.
#[tokio::test]
async fn parts_are_evicted_and_replaced() {
    let world = World::new();
    let cache = World::open_with(world.options().max_bytes(SIZE));
    let store = Store::default();
    read(&cache, &store, 0..10).await;
    cache.put("large", &media(vec![1; usize::try_from(SIZE).unwrap() - 10])).unwrap();
    assert!(cache.entry("k").is_none() && cache.contains("large"));
    assert_eq!(world.files().len(), 2);
    read(&cache, &store, 0..10).await;
    assert!(!cache.contains("large"));
    assert_eq!(cache.put("k", &media("all of it")).unwrap(), Stored::New);
    assert_eq!((cache.total_bytes(), world.files().len()), (9, 2));
    assert_eq!(cache.remove(&["k"]), 1);
    read(&cache, &store, 0..10).await;
    assert_eq!((cache.clean(std::time::Duration::from_secs(60)).unwrap().files, cache.stats().entries), (0, 1));
    assert_eq!((cache.clean(std::time::Duration::ZERO).unwrap().files, cache.stats().entries), (1, 0));
    assert!(world.files().is_empty());
    let small = World::open_with(owlery_cache::Options::new(world.path().join("small")).max_bytes(SIZE - 1));
    assert_eq!(read(&small, &store, 0..10).await, data(0..10), "larger than the cache: served");
    assert!(small.entry("k").is_none());
}
