//! `get_or_fetch`: one fetch for many callers, and sources that fail, stall, panic or give nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use owlery_cache::{Cache, Content, Conversion, Converter, FetchError, GifToMp4, Media};
use tokio::sync::{Notify, Semaphore};

use crate::world::{World, media, put, wait_until};

type Fetched = Result<Content, FetchError>;

/// A source that counts its fetches and waits until it may go on.
#[derive(Default)]
struct Source {
    fetches: AtomicUsize,
    started: Notify,
    go: Option<Arc<Semaphore>>,
}

impl Source {
    fn held() -> Arc<Self> {
        Arc::new(Self { go: Some(Arc::new(Semaphore::new(0))), ..Self::default() })
    }

    fn release(&self) {
        self.go.as_ref().unwrap().close();
    }

    async fn fetch(&self, result: io::Result<Media>) -> io::Result<Media> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        self.started.notify_one();
        if let Some(go) = &self.go {
            let _ = go.acquire().await;
        }
        result
    }

    fn count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

fn bytes(fetched: Fetched) -> Vec<u8> {
    fetched.unwrap().bytes().unwrap().to_vec()
}

/// Starts `count` callers of one key, and returns when the first one fetches.
async fn callers(
    cache: &Cache,
    source: &Arc<Source>,
    count: usize,
    result: fn() -> io::Result<Media>,
) -> Vec<tokio::task::JoinHandle<Fetched>> {
    let call = |_| {
        let (cache, source) = (cache.clone(), Arc::clone(source));
        tokio::spawn(async move { cache.get_or_fetch("k", async { source.fetch(result()).await }).await })
    };
    let callers = (0..count).map(call).collect();
    source.started.notified().await;
    callers
}

/// Waits until every caller looked for the key in vain.
fn wait_for_misses(cache: &Cache, count: u64) {
    wait_until("every caller missed", || cache.stats().misses >= count);
}

/// 64 callers at once cause one fetch, and all get its bytes; later ones cause none.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_cause_one_fetch() {
    let world = World::new();
    let cache = world.open();
    let source = Source::held();
    let callers = callers(&cache, &source, 64, || Ok(media("fetched"))).await;
    wait_for_misses(&cache, 64);
    assert!(!cache.enqueue("k").unwrap(), "it is being cached");
    source.release();
    for caller in callers {
        assert_eq!(bytes(caller.await.unwrap()), b"fetched");
    }
    assert_eq!(source.count(), 1);
    assert_eq!(bytes(cache.get_or_fetch("k", source.fetch(Ok(media("again")))).await), b"fetched");
    assert_eq!(source.count(), 1);
    assert_eq!(cache.size_of("k"), Some(7));
    assert!(cache.get_or_fetch("", source.fetch(Ok(media("x")))).await.is_err());
}

/// Keys do not wait for each other: a fetch runs under no lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_fetch_stops_no_other_key() {
    let world = World::new();
    let cache = world.open();
    let source = Source::held();
    let callers = callers(&cache, &source, 1, || Ok(media("slow"))).await;
    assert_eq!(bytes(cache.get_or_fetch("other", Source::default().fetch(Ok(media("quick")))).await), b"quick");
    put(&cache, &["a"]);
    cache.prune(0);
    assert!(cache.get("k").is_none() && cache.clean(std::time::Duration::ZERO).is_ok());
    source.release();
    for caller in callers {
        assert_eq!(bytes(caller.await.unwrap()), b"slow");
    }
}

/// An error reaches all callers, stores nothing, and the next caller fetches again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_error_reaches_all_callers() {
    let world = World::new();
    let cache = world.open();
    let source = Source::held();
    let callers = callers(&cache, &source, 16, || Err(io::Error::other("no such camera"))).await;
    wait_for_misses(&cache, 16);
    source.release();
    for caller in callers {
        let error = caller.await.unwrap().unwrap_err();
        assert!(matches!(error, FetchError::Source(_)));
        assert_eq!(error.to_string(), "no such camera");
    }
    assert_eq!(source.count(), 1);
    assert!(!cache.contains("k") && world.files().is_empty());
    assert_eq!(bytes(cache.get_or_fetch("k", source.fetch(Ok(media("now")))).await), b"now");
}

/// If the caller that fetches is dropped, the others get an error, and the next one fetches again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancelled_fetch_reaches_all_callers() {
    let world = World::new();
    let cache = world.open();
    let source = Source::held();
    let first = callers(&cache, &source, 1, || Ok(media("x"))).await;
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get_or_fetch("k", async { Ok::<_, io::Error>(media("y")) }).await })
        })
        .collect();
    wait_for_misses(&cache, 9);
    first.iter().for_each(tokio::task::JoinHandle::abort);
    let mut cancelled = 0;
    for caller in waiting {
        match caller.await.unwrap() {
            Err(FetchError::Cancelled) => cancelled += 1,
            other => assert_eq!(bytes(other), b"y", "it came after the end of the first"),
        }
    }
    assert!(cancelled > 0);
    assert_eq!(bytes(cache.get_or_fetch("k", async { Ok::<_, io::Error>(media("y")) }).await), b"y");
}

/// A fetch that panics is an error for all callers.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_reaches_all_callers() {
    let world = World::new();
    let cache = world.open();
    let source = Source::held();
    let call = |_| {
        let (cache, source) = (cache.clone(), Arc::clone(&source));
        let fetch = async move {
            source.fetch(Ok(media("x"))).await?;
            panic!("a test asks for it")
        };
        tokio::spawn(async move { cache.get_or_fetch::<_, io::Error>("k", fetch).await })
    };
    let callers: Vec<_> = (0..4).map(call).collect();
    wait_for_misses(&cache, 4);
    source.release();
    for caller in callers {
        assert!(matches!(caller.await.unwrap(), Err(FetchError::Panicked)));
    }
    assert!(!cache.contains("k"));
    assert_eq!(bytes(cache.get_or_fetch("k", async { Ok::<_, io::Error>(media("y")) }).await), b"y");
}

/// An empty result reaches the callers and is never stored, and neither is one that is too large.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_and_large_results_are_not_stored() {
    let world = World::new();
    let cache = World::open_with(world.options().max_bytes(100));
    let source = Source::default();
    for size in [0, 101] {
        for _ in 0..2 {
            assert_eq!(bytes(cache.get_or_fetch("k", source.fetch(Ok(media(vec![7; size])))).await), vec![7; size]);
        }
    }
    assert_eq!(source.count(), 4);
    assert!(world.files().is_empty());
}

/// A disk that fails is no error of the callers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_disk_fails_no_caller() {
    let world = World::new();
    let cache = world.open();
    std::fs::remove_dir_all(world.path()).unwrap();
    let source = Source::default();
    assert_eq!(bytes(cache.get_or_fetch("k", source.fetch(Ok(media("x")))).await), b"x");
    assert!(!cache.contains("k"));
}

/// Doubles text; fails for "bad", and makes "none" empty.
struct Doubler;

impl Converter for Doubler {
    fn convert(&self, key: &str, media: &Media) -> Result<Conversion, Box<dyn std::error::Error + Send + Sync>> {
        match (key, &*media.bytes) {
            ("same", _) => Ok(Conversion::Unchanged),
            (_, b"bad") => Err("it is bad".into()),
            (_, b"none") => Ok(Conversion::Changed(Media::new("", "text/plain", "none"))),
            (_, b"panic") => panic!("a test asks for it"),
            (_, bytes) => Ok(Conversion::Changed(Media::new(bytes.repeat(2), "text/double", "double.txt"))),
        }
    }
}

/// A converter changes data, type and name before any caller gets them, also the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_converter_changes_what_is_stored() {
    let world = World::new();
    let cache = World::open_with(world.options().converter(Doubler).memory(0, 0));
    let fetch = |text: &'static str| async move { Ok::<_, io::Error>(media(text)) };
    for _ in 0..2 {
        let content = cache.get_or_fetch("k", fetch("ab")).await.unwrap();
        assert_eq!((&*content.bytes().unwrap(), &*content.label().mime_type), (b"abab".as_slice(), "text/double"));
        assert_eq!(&*content.label().file_name, "double.txt");
    }
    assert_eq!(bytes(cache.get_or_fetch("same", fetch("ab")).await), b"ab");
    assert_eq!(bytes(cache.get_or_fetch("fails", fetch("bad")).await), b"bad", "served as it is");
    assert_eq!(bytes(cache.get_or_fetch("empty", fetch("none")).await), b"");
    assert!(matches!(cache.get_or_fetch("panics", fetch("panic")).await, Err(FetchError::Panicked)));
    let stored = ["k", "same", "fails", "empty", "panics"].map(|key| cache.contains(key));
    assert_eq!(stored, [true, true, false, false, false]);
}

/// Animated GIFs are stored as mp4.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gifs_are_stored_as_mp4() {
    let world = World::new();
    let cache = World::open_with(world.options().converter(GifToMp4::default()));
    let gif = world.path().join("x.gif");
    let made = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=32x32:rate=5", "-frames:v", "3"])
        .arg(&gif)
        .status();
    assert!(made.unwrap().success());
    let gif = Media::new(std::fs::read(gif).unwrap(), "image/gif", "cam.gif");
    let content = cache.get_or_fetch("k", async { Ok::<_, io::Error>(gif) }).await.unwrap();
    assert_eq!((&*content.label().mime_type, &*content.label().file_name), ("video/mp4", "cam.mp4"));
    assert_eq!(cache.entry("k").unwrap().mime_type, "video/mp4");
}
