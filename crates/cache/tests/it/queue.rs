//! The queue and the prefetcher.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use owlery_cache::{Backoff, Cache};

use crate::world::{World, media, put, wait_until};

fn queued(cache: &Cache) -> Vec<String> {
    cache.queued().into_iter().map(|queued| queued.key).collect()
}

/// Keys are queued once and in order; cached ones are not, and leave the queue when they are cached.
#[test]
fn keys_are_queued_once() {
    let world = World::new();
    let cache = world.open();
    put(&cache, &["cached"]);
    let added = ["b", "a", "b", "cached", "c"].map(|key| cache.enqueue(key).unwrap());
    assert_eq!(added, [true, true, false, false, true]);
    assert_eq!(queued(&cache), ["b", "a", "c"]);
    assert!(cache.is_queued("a") && !cache.is_queued("cached"));
    assert!(cache.queued()[0].since > 1_700_000_000);
    put(&cache, &["a"]);
    assert_eq!(queued(&cache), ["b", "c"]);
    assert_eq!(cache.stats().queued, 2);
    assert_eq!(cache.remove_queued(&["b", "none"]).unwrap(), 1);
    drop(cache);
    let cache = world.open();
    assert_eq!(queued(&cache), ["c"], "the queue survives a restart");
    assert_eq!((cache.clear_queue().unwrap(), cache.clear_queue().unwrap()), (1, 0));
    assert!(queued(&cache).is_empty());
}

/// Removing an entry does not queue it, and a queued key of a removed entry stays out of the queue.
#[test]
fn removed_entries_can_be_queued() {
    let world = World::new();
    let cache = world.open();
    put(&cache, &["a"]);
    assert!(!cache.enqueue("a").unwrap());
    cache.remove(&["a"]);
    assert!(queued(&cache).is_empty() && cache.enqueue("a").unwrap());
}

/// The prefetcher fetches in order; a key that fails stays queued, is tried again later, and does not stop the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_prefetches_stay_queued() {
    let world = World::new();
    let cache = world.open();
    for key in ["fails twice", "b", "empty", "c"] {
        cache.enqueue(key).unwrap();
    }
    let log = Arc::new(Mutex::new(Vec::new()));
    let fetches = Arc::clone(&log);
    let fetch = move |key: String| {
        let count = {
            let mut log = fetches.lock().unwrap();
            log.push(key.clone());
            log.iter().filter(|logged| **logged == key).count()
        };
        async move {
            match &*key {
                "fails twice" if count <= 2 => Err(io::Error::other("not yet")),
                "empty" => Ok(media("")),
                _ => Ok(media(key)),
            }
        }
    };
    let backoff = Backoff { first: Duration::from_millis(40), max: Duration::from_secs(60) };
    let prefetcher = cache.prefetcher(backoff, fetch);
    wait_until("all but one are fetched", || queued(&cache) == ["empty"]);
    assert_eq!(log.lock().unwrap()[..4], ["fails twice", "b", "empty", "c"]);
    assert!(["fails twice", "b", "c"].iter().all(|key| cache.contains(key)));
    cache.enqueue("added later").unwrap();
    wait_until("a key that is added later is fetched", || !cache.is_queued("added later"));
    drop(prefetcher);
    // The task, which holds the other reference, has ended.
    wait_until("the prefetcher ends", || Arc::strong_count(&log) == 1);
    cache.enqueue("after the end").unwrap();
    assert!(cache.is_queued("after the end"));
}

/// A prefetcher that is still held does not keep the directory of a cache that was dropped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefetcher_keeps_no_cache_open() {
    let world = World::new();
    let cache = world.open();
    let prefetcher = cache.prefetcher(Backoff::default(), |key| async { Ok::<_, io::Error>(media(key)) });
    cache.enqueue("a").unwrap();
    wait_until("it is fetched", || cache.contains("a"));
    drop(cache);
    wait_until("the directory is free", || Cache::open(world.options()).is_ok());
    drop(prefetcher);
}
