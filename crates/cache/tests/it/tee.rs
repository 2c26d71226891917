//! `tee`: to the caller and into the cache at once, with checks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use owlery_cache::{Cache, Checksum, Expected, FetchError, Label, Options};
use sha2::Digest;

use crate::disk::SmallDisk;
use crate::world::{World, put, wait_until};

fn chunks(count: u8, size: usize) -> Vec<Bytes> {
    (0..count).map(|number| Bytes::from(vec![number; size])).collect()
}

fn source(chunks: Vec<Bytes>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::iter(chunks.into_iter().map(Ok))
}

fn label() -> Label {
    Label::new("video/mp4", "a.mp4")
}

/// Reads a stream to its end: the bytes, and the error that ended it.
async fn drain(stream: impl Stream<Item = Result<Bytes, FetchError>>) -> (Vec<u8>, Option<FetchError>) {
    let mut stream = std::pin::pin!(stream);
    let mut bytes = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error is the last item");
                return (bytes, Some(error));
            }
        }
    }
    (bytes, None)
}

fn sha256(data: &[u8]) -> Checksum {
    Checksum::Sha256(sha2::Sha256::digest(data).into())
}

/// Waits until the writer in the background has rolled back.
fn wait_for_no_files(world: &World) {
    wait_until("the writer rolls back", || world.files().is_empty());
}

/// The caller gets every byte, and the entry is there at the end, with each kind of checksum.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_stored_on_the_way() {
    let data = chunks(40, 1_000).concat();
    let md5 = Checksum::Md5(md5::Md5::digest(&data).into());
    for checksum in [None, Some(sha256(&data)), Some(md5)] {
        for size in [None, Some(40_000)] {
            let world = World::new();
            let cache = world.open();
            let tee = cache.tee("k", label(), Expected { size, checksum }, source(chunks(40, 1_000)));
            let (bytes, error) = drain(tee).await;
            assert!(bytes == data && error.is_none());
            let content = cache.get("k").unwrap();
            assert_eq!((content.label(), content.bytes().unwrap() == data), (&label(), true));
        }
    }
}

/// Garbled, short and long data, and a source that fails, are errors of the caller; nothing is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_data_are_not_stored() {
    let world = World::new();
    let cache = world.open();
    let data = chunks(4, 100).concat();
    let right = Expected { size: Some(400), checksum: Some(sha256(&data)) };
    let md5 = Expected { size: None, checksum: Some(Checksum::Md5([7; 16])) };
    let mut garbled = chunks(4, 100);
    garbled[2] = Bytes::from(vec![9; 100]);
    for (chunks, expected) in
        [(garbled, right), (chunks(3, 100), right), (chunks(5, 100), right), (vec![], right), (chunks(4, 100), md5)]
    {
        let (_, error) = drain(cache.tee("k", label(), expected, source(chunks))).await;
        assert!(matches!(error, Some(FetchError::Mismatch(_))), "{error:?}");
        wait_for_no_files(&world);
    }
    let broken = source(chunks(2, 100)).chain(stream::once(async { Err(io::Error::other("connection reset")) }));
    let (bytes, error) = drain(cache.tee("k", label(), Expected::default(), broken)).await;
    assert_eq!((bytes.len(), error.unwrap().to_string().as_str()), (200, "connection reset"));
    wait_for_no_files(&world);
    assert!(!cache.contains("k"));
}

/// A caller that stops early stores nothing, and the key is free again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_stops_early_rolls_back() {
    let world = World::new();
    let cache = world.open();
    {
        let mut tee = std::pin::pin!(cache.tee("k", label(), Expected::default(), source(chunks(10, 100))));
        tee.next().await.unwrap().unwrap();
        assert!(!cache.enqueue("k").unwrap(), "it is being cached");
    }
    wait_for_no_files(&world);
    assert!(!cache.contains("k"));
    wait_until("the key is free", || cache.enqueue("k").unwrap());
}

/// An entry that is there stays; an empty stream and one that is too large store nothing and are no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_streams_only_pass() {
    let world = World::new();
    let cache = World::open_with(world.options().max_bytes(1_000));
    put(&cache, &["k"]);
    let (bytes, error) = drain(cache.tee("k", label(), Expected::default(), source(chunks(2, 100)))).await;
    assert!(bytes.len() == 200 && error.is_none());
    assert_eq!(&*cache.get("k").unwrap().bytes().unwrap(), [b'k'; 100]);
    for size in [None, Some(2_000)] {
        let expected = Expected { size, checksum: None };
        let (bytes, error) = drain(cache.tee("large", label(), expected, source(chunks(20, 100)))).await;
        assert!(bytes.len() == 2_000 && error.is_none());
    }
    assert_eq!(drain(cache.tee("empty", label(), Expected::default(), source(vec![]))).await.0, b"");
    assert_eq!(drain(cache.tee("", label(), Expected::default(), source(chunks(1, 3)))).await.0, [0; 3]);
    assert!(!cache.contains("large") && !cache.contains("empty"));
    wait_until("nothing else is left", || world.files().len() == 2);
}

/// An entry whose file is gone is stored anew by the next stream, and can be queued.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_replaces_what_is_gone() {
    let world = World::new();
    let cache = World::open_with(world.options().memory(0, 0));
    put(&cache, &["k", "q"]);
    for key in ["k", "q"] {
        std::fs::remove_file(world.file(key, "dat")).unwrap();
    }
    drain(cache.tee("k", label(), Expected::default(), source(chunks(2, 100)))).await;
    assert_eq!(cache.get("k").unwrap().size(), 200);
    assert!(cache.enqueue("q").unwrap() && !cache.enqueue("k").unwrap());
}

/// Two callers that stream one key at once both get all bytes, and one entry comes of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_streams_of_a_key_agree() {
    let world = World::new();
    let cache = world.open();
    let tee = || drain(cache.tee("k", label(), Expected::default(), source(chunks(30, 100))));
    let (one, two) = tokio::join!(tee(), tee());
    assert!(one.0 == two.0 && one.0.len() == 3_000 && one.1.is_none() && two.1.is_none());
    assert_eq!(cache.get("k").unwrap().bytes().unwrap(), one.0);
    assert_eq!(world.files().len(), 2);
}

/// A disk that is full, or gone, fails no caller; what was there stays, and nothing is left of the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_fails_no_caller() {
    let disk = SmallDisk::new();
    let cache = Cache::open(Options::new(disk.path()).memory(0, 0)).unwrap();
    put(&cache, &["a"]);
    let (bytes, error) = drain(cache.tee("k", label(), Expected::default(), source(chunks(60, 100_000)))).await;
    assert!(bytes.len() == 6_000_000 && error.is_none());
    assert!(!cache.contains("k") && cache.contains("a"));
    wait_until("nothing else is left", || crate::world::files(disk.path()).len() == 2);
    let world = World::new();
    let cache = world.open();
    std::fs::remove_dir_all(world.path()).unwrap();
    let (bytes, error) = drain(cache.tee("k", label(), Expected::default(), source(chunks(2, 100)))).await;
    assert!(bytes.len() == 200 && error.is_none());
}

/// The source is read as fast as the caller reads, and not ahead of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_source_is_not_read_ahead() {
    let world = World::new();
    let cache = world.open();
    let read = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&read);
    let noted = source(chunks(100, 10)).inspect(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let mut tee = std::pin::pin!(cache.tee("k", label(), Expected::default(), noted));
    for count in 1..=50 {
        tee.next().await.unwrap().unwrap();
        assert_eq!(read.load(Ordering::SeqCst), count);
    }
}
