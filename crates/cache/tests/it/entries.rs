//! Single entries and pages: put, get, hits, sizes, limits, remove, clear, prune, stats.

use std::io::Write;
use std::sync::Arc;

use owlery_cache::{Body, Checksum, Content, Error, Expected, Label, Stored};

use crate::world::{World, keys, media, put};

/// An entry has its bytes, type and name, and its files are as documented.
#[test]
fn an_entry_is_read_back() {
    let world = World::new();
    let cache = world.open();
    assert!(cache.get("a").is_none());
    assert_eq!(cache.put("a", &media("the bytes")).unwrap(), Stored::New);
    let content = cache.get("a").unwrap();
    assert_eq!(content.label(), &Label::new("image/jpeg", "a.jpg"));
    assert_eq!((content.size(), &*content.bytes().unwrap()), (9, b"the bytes".as_slice()));
    assert_eq!(&*content.read_at(4, 3).unwrap(), b"byt");
    assert_eq!(content.read_at(100, 3).unwrap().len(), 0);
    assert!(content.sha256().is_some() && content.modified() > 1_700_000_000);
    assert_eq!(std::fs::read(world.file("a", "dat")).unwrap(), b"the bytes");
    let sidecar = std::fs::read(world.file("a", "json")).unwrap();
    let sidecar: serde_json::Value = serde_json::from_slice(&sidecar).unwrap();
    assert_eq!(sidecar["url"], "a");
    assert_eq!((&sidecar["mimetype"], &sidecar["filename"]), (&"image/jpeg".into(), &"a.jpg".into()));
    assert_eq!(sidecar["size"], 9);
    assert!(sidecar["ts"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(world.files().len(), 2);
}

/// Keys are any text up to 4,096 bytes, and name no file.
#[test]
fn any_key_names_an_entry() {
    let world = World::new();
    let cache = world.open();
    let long = "x".repeat(4_096);
    for key in ["../../etc/passwd", "a\0b", "a\nb", "/", ".", "é😀", "%2e%2e", &long] {
        assert_eq!(cache.put(key, &media(key)).unwrap(), Stored::New, "{key:?}");
        assert_eq!(&*cache.get(key).unwrap().bytes().unwrap(), key.as_bytes());
    }
    for key in ["", &"x".repeat(4_097)] {
        assert!(matches!(cache.put(key, &media("x")), Err(Error::InvalidKey(_))));
        assert!(matches!(cache.enqueue(key), Err(Error::InvalidKey(_))));
        assert!(cache.get(key).is_none() && !cache.contains(key));
    }
    drop(cache);
    assert_eq!(keys(&world.open()).len(), 8);
}

/// An entry of the key that is there keeps its bytes, and only becomes the newest.
#[test]
fn an_existing_key_only_moves_up() {
    let world = World::new();
    let cache = World::open_with(world.options().max_bytes(300));
    put(&cache, &["a", "b", "c"]);
    assert_eq!(cache.put("a", &media(vec![9; 50])).unwrap(), Stored::Kept);
    put(&cache, &["d"]);
    assert_eq!(keys(&cache), ["a", "c", "d"]);
    assert_eq!(&*cache.get("a").unwrap().bytes().unwrap(), [b'a'; 100]);
}

/// The least recently used entries make room, by the order of their reads.
#[test]
fn the_least_recently_used_is_evicted() {
    for memory in [0, 1 << 20] {
        let world = World::new();
        let cache = World::open_with(world.options().max_bytes(350).memory(memory, 64));
        put(&cache, &["a", "b", "c"]);
        cache.get("a").unwrap();
        put(&cache, &["d", "e"]);
        assert_eq!(keys(&cache), ["a", "d", "e"]);
        let stats = cache.stats();
        assert_eq!((stats.entries, stats.total_bytes, stats.evictions), (3, 300, 2));
        assert_eq!(world.files().len(), 6);
    }
}

/// What is larger than the cache, or empty, is not stored and evicts nothing.
#[test]
fn too_large_and_empty_are_not_stored() {
    let world = World::new();
    let cache = World::open_with(world.options().max_bytes(300));
    put(&cache, &["a"]);
    assert_eq!(cache.put("b", &media(vec![0; 301])).unwrap(), Stored::TooLarge);
    assert_eq!(cache.put("c", &media("")).unwrap(), Stored::Empty);
    let mut writer = cache.writer("d", Label::default(), Expected::default()).unwrap();
    for _ in 0..10 {
        writer.write_all(&[0; 100]).unwrap();
    }
    assert_eq!(writer.commit().unwrap(), Stored::TooLarge);
    assert_eq!(cache.writer("e", Label::default(), Expected::default()).unwrap().commit().unwrap(), Stored::Empty);
    assert_eq!((keys(&cache), world.files().len()), (vec!["a".to_owned()], 2));
    assert_eq!(cache.put("f", &media(vec![0; 300])).unwrap(), Stored::New);
    assert_eq!(keys(&cache), ["f"]);
}

/// An entry whose bytes are gone, cut off, or replaced by a directory is not kept: it is stored anew.
#[test]
fn a_put_replaces_what_is_gone() {
    let world = World::new();
    let cache = World::open_with(world.options().memory(0, 0));
    for damage in ["gone", "cut", "directory"] {
        put(&cache, &["a"]);
        let data = world.file("a", "dat");
        match damage {
            "cut" => std::fs::write(&data, "x").unwrap(),
            _ => std::fs::remove_file(&data).unwrap(),
        }
        if damage == "directory" {
            std::fs::create_dir(&data).unwrap();
        }
        assert_eq!(cache.put("a", &media("new")).unwrap(), Stored::New, "{damage}");
        assert_eq!(&*cache.get("a").unwrap().bytes().unwrap(), b"new", "{damage}");
        cache.remove(&["a"]);
    }
}

/// What is counted right after the opening is kept, as by a command that reads one entry.
#[test]
fn counts_of_short_sessions_add_up() {
    let world = World::new();
    put(&world.open(), &["a"]);
    for _ in 0..5 {
        let cache = owlery_cache::Cache::open(world.options()).unwrap();
        assert!(cache.get("a").is_some() && cache.get("none").is_none());
    }
    let stats = world.open().stats();
    assert_eq!((stats.hits, stats.misses), (5, 5));
}

/// A writer stores nothing before its commit, and only what was expected.
#[test]
fn a_writer_stores_what_was_expected() {
    let world = World::new();
    let cache = world.open();
    let sha256 = Checksum::parse("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let expected = Expected { size: Some(3), checksum: sha256 };
    let write = |data: &[u8]| {
        let mut writer = cache.writer("k", Label::default(), expected).unwrap();
        let _ = writer.write_all(data);
        writer
    };
    assert!(!cache.enqueue("k").unwrap() || cache.clear_queue().unwrap() == 1);
    let writer = write(b"abc");
    assert!(!cache.contains("k") && !cache.enqueue("k").unwrap(), "it is being cached");
    drop(writer);
    assert!(world.files().is_empty());
    for wrong in [b"abd".as_slice(), b"ab", b"abcd", b""] {
        assert!(matches!(write(wrong).commit(), Err(Error::Mismatch { .. })), "{wrong:?}");
        assert!(!cache.contains("k") && world.files().is_empty());
    }
    assert_eq!(write(b"abc").commit().unwrap(), Stored::New);
    assert_eq!(&*cache.get("k").unwrap().bytes().unwrap(), b"abc");
}

/// A hit is counted when the content was read to its end, once; misses are counted at once.
#[test]
fn a_hit_is_counted_when_it_was_read() {
    let world = World::new();
    let cache = World::open_with(world.options().memory(0, 0));
    put(&cache, &["a"]);
    let content = cache.get("a").unwrap();
    assert!(matches!(content.body(), Body::File(_)));
    content.read_at(0, 50).unwrap();
    assert_eq!((cache.hits("a"), cache.stats().hits), (Some(0), 0));
    content.read_at(50, 50).unwrap();
    content.bytes().unwrap();
    content.finish();
    assert_eq!((cache.hits("a"), cache.stats().hits), (Some(1), 1));
    drop(cache.get("a").unwrap());
    assert_eq!(cache.hits("a"), Some(1), "it was not read");
    assert!(cache.get("b").is_none());
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.hit_rate().to_string().as_str()), (1, 1, "0.5"));
    drop(cache);
    let stats = world.open().stats();
    assert_eq!((stats.hits, stats.misses), (1, 1), "counters survive a restart");
}

/// Small entries are in memory after they were stored or read, as far as the caps allow.
#[test]
fn entries_are_kept_in_memory() {
    let world = World::new();
    let cache = World::open_with(world.options().memory(1_000, 4));
    put(&cache, &["a", "b", "c", "d", "e", "f"]);
    let stats = cache.stats();
    assert!(stats.entries == 6 && (1..=4).contains(&stats.entries_in_memory), "{stats:?}");
    cache.put("large", &media(vec![1; 900])).unwrap();
    assert!(matches!(cache.get("large").unwrap().body(), Body::File(_)));
    drop(cache);
    let cache = world.open();
    assert_eq!(cache.stats().entries_in_memory, 0);
    assert!(cache.get_from_memory("a").is_none());
    cache.get("a").unwrap();
    assert_eq!(&*cache.get_from_memory("a").unwrap().bytes().unwrap(), [b'a'; 100]);
    assert_eq!(cache.hits("a"), Some(2));
}

/// What the kernel has cached is read without a thread that may block; what it does not know is left to `get`.
#[test]
fn cached_files_are_read_at_once() {
    let world = World::new();
    for (memory, in_memory) in [((0, 0), false), ((1 << 20, 64), true)] {
        let options = || world.options().memory(memory.0, memory.1);
        let cache = World::open_with(options());
        put(&cache, &["a", "b"]);
        drop(cache);
        let cache = World::open_with(options());
        drop(std::fs::read(world.file("a", "dat")).unwrap());
        let content = cache.get_at_once("a").unwrap();
        assert_eq!(matches!(content.body(), Body::Memory(_)), in_memory);
        assert_eq!((&*content.bytes().unwrap(), cache.hits("a")), ([b'a'; 100].as_slice(), Some(1)));
        assert!(cache.get_at_once("none").is_none());
        std::fs::write(world.file("b", "dat"), "changed").unwrap();
        assert!(cache.get_at_once("b").is_none() && cache.get("b").is_none());
        assert_eq!((cache.stats().hits, cache.stats().misses), (1, 1));
        cache.clear();
        cache.clean(std::time::Duration::ZERO).unwrap();
        drop(cache);
        std::fs::remove_file(world.path().join("totals.json")).unwrap();
    }
}

/// Remove and clear return how many went; files and memory go with the entries.
#[test]
fn removed_entries_are_gone() {
    let world = World::new();
    let cache = world.open();
    put(&cache, &["a", "b", "c", "d"]);
    assert_eq!(cache.remove(&["a", "none", "a", "b"]), 2);
    assert!(cache.get("a").is_none());
    assert_eq!((keys(&cache).len(), world.files().len(), cache.total_bytes()), (2, 4, 200));
    assert_eq!((cache.clear(), cache.clear()), (2, 0));
    assert_eq!((world.files().len(), cache.total_bytes(), cache.stats().entries_in_memory), (0, 0, 0));
    assert_eq!(cache.stats().evictions, 0, "nothing made room");
    drop(cache);
    assert!(keys(&world.open()).is_empty());
}

/// Prune removes the least recently used first; what is being read stays readable.
#[test]
fn prune_leaves_open_contents_readable() {
    let world = World::new();
    let cache = World::open_with(world.options().memory(0, 0));
    put(&cache, &["a", "b", "c", "d"]);
    let content = cache.get("a").unwrap();
    let pruned = cache.prune(150);
    assert_eq!((pruned.files, pruned.bytes), (3, 300));
    assert_eq!(keys(&cache), ["a"]);
    let pruned = cache.prune(0);
    assert_eq!((pruned.files, pruned.bytes), (1, 100));
    assert_eq!(&*content.bytes().unwrap(), [b'a'; 100]);
    assert_eq!(cache.prune(0).files, 0);
    assert!(world.files().is_empty());
}

/// More entries than fit under one lock are pruned too.
#[test]
fn prune_removes_many() {
    let world = World::new();
    let cache = World::open_with(world.options().memory(0, 0).durability(owlery_cache::Durability::None));
    for number in 0..700 {
        cache.put(&number.to_string(), &media("x")).unwrap();
    }
    assert_eq!(cache.prune(10).files, 690);
    assert_eq!((keys(&cache).len(), world.files().len()), (10, 20));
}

/// Pages follow each other in the order of keys, and describe each entry.
#[test]
fn entries_come_by_page() {
    let world = World::new();
    let cache = world.open();
    put(&cache, &["b", "d", "a", "e", "c"]);
    let first = cache.entries(None, 2);
    assert_eq!(first.entries.iter().map(|entry| &*entry.key).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(first.next.as_deref(), Some("b"));
    cache.remove(&["b", "c"]);
    let second = cache.entries(first.next.as_deref(), 2);
    assert_eq!(second.entries.iter().map(|entry| &*entry.key).collect::<Vec<_>>(), ["d", "e"]);
    assert_eq!(second.next, None);
    let entry = &second.entries[0];
    assert_eq!((entry.size, entry.hits, &*entry.mime_type, &*entry.file_name), (100, 0, "image/jpeg", "a.jpg"));
    assert!(entry.created > 0 && entry.created <= entry.modified && entry.modified <= entry.accessed && entry.whole);
    assert_eq!(cache.entry("d").as_ref(), Some(entry));
    assert_eq!((cache.size_of("d"), cache.size_of("b")), (Some(100), None));
    assert!(cache.entries(Some("z"), 10).entries.is_empty());
}

/// Threads that put, read, remove and prune at once see whole entries only, and the sums are right at the end.
#[test]
fn threads_share_a_cache() {
    let world = World::new();
    let options = world.options().max_bytes(2_000).memory(500, 5).durability(owlery_cache::Durability::None);
    let cache = Arc::new(World::open_with(options));
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let cache = Arc::clone(&cache);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(thread);
                for _ in 0..400 {
                    let number = random.usize(0..40);
                    let key = format!("key {number}");
                    match random.u8(0..10) {
                        0..5 => {
                            assert!(cache.put(&key, &media(vec![u8::try_from(number).unwrap(); 50 + number])).is_ok());
                        }
                        5..8 => check(number, cache.get(&key)),
                        8 => assert!(cache.remove(&[&key]) <= 1),
                        _ => assert!(cache.prune(1_000).bytes <= 4_000),
                    }
                }
            });
        }
    });
    let entries = cache.entries(None, usize::MAX).entries;
    assert_eq!(entries.iter().map(|entry| entry.size).sum::<u64>(), cache.total_bytes());
    assert!(cache.total_bytes() <= 2_000);
    assert_eq!(world.files().len(), 2 * entries.len(), "{:?}", world.files());
    drop(cache);
    assert_eq!(world.open().stats().entries, entries.len() as u64);
}

fn check(number: usize, content: Option<Content>) {
    if let Some(content) = content {
        assert_eq!(content.bytes().unwrap(), vec![u8::try_from(number).unwrap(); 50 + number]);
    }
}
