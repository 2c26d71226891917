//! The directory: other programs' entries, what a crash leaves, damage, two processes, clean, full disks.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, SystemTime};

use owlery_cache::{Cache, Durability, Error, Expected, Label, Options, Stored};

use crate::world::{World, file, keys, media, put};

/// A day, which is the default stall time of the commands.
const DAY: Duration = Duration::from_secs(86_400);

/// Sets the time of the last change of a file to two days ago.
fn age(path: &std::path::Path) {
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - 2 * DAY).unwrap();
}

/// A directory that another program wrote opens as a cache; what its sidecars lack has defaults.
#[test]
fn a_foreign_directory_opens_as_a_cache() {
    let world = World::new();
    world.write_foreign(
        "http://x/1",
        b"one",
        r#"{"url":"http://x/1","mimetype":"image/png","filename":"1.png","size":3,"ts":1700000000.5,"etag":"W/x"}"#,
    );
    world.write_foreign("http://x/2", b"three", r#"{"url":"http://x/2"}"#);
    fs::write(world.path().join("README.txt"), "not ours").unwrap();
    fs::create_dir(world.path().join("folder")).unwrap();
    let cache = world.open();
    let [one, two] = [cache.entry("http://x/1").unwrap(), cache.entry("http://x/2").unwrap()];
    assert_eq!((&*one.mime_type, &*one.file_name, one.size, one.accessed), ("image/png", "1.png", 3, 1_700_000_000));
    assert_eq!(
        (&*two.mime_type, &*two.file_name, two.size, two.accessed),
        ("application/octet-stream", "attachment", 5, 0)
    );
    assert_eq!(&*cache.get("http://x/2").unwrap().bytes().unwrap(), b"three");
    assert_eq!(&*cache.get("http://x/1").unwrap().bytes().unwrap(), b"one");
    assert_eq!(cache.total_bytes(), 8);
    drop(cache);
    let sidecar: serde_json::Value =
        serde_json::from_slice(&fs::read(world.file("http://x/1", "json")).unwrap()).unwrap();
    assert_eq!(sidecar["etag"], "W/x", "another program's keys stay");
    assert!(sidecar["ts"].as_u64().unwrap() > 1_700_000_000, "and it sees the use");
    let cache = world.open();
    cache.clear();
    assert!(world.path().join("README.txt").exists() && world.path().join("folder").exists());
}

/// The order of use survives restarts with both kinds of index, also within one second.
#[test]
fn the_order_of_use_survives_restarts() {
    for driver in [owlery_cache::Driver::Sqlite, owlery_cache::Driver::Sidecars] {
        let world = World::new();
        let cache = World::open_with(world.options().driver(driver));
        put(&cache, &["a", "b", "c", "d"]);
        cache.get("a").unwrap();
        drop(cache);
        let cache = World::open_with(world.options().driver(driver));
        cache.get("c").unwrap();
        drop(cache);
        let cache = World::open_with(world.options().driver(driver));
        cache.prune(200);
        assert_eq!(keys(&cache), ["a", "c"], "{driver:?}");
    }
}

/// Leftovers of a crash and halves of entries go when the cache is opened; other files stay.
#[test]
fn orphans_go_at_the_start() {
    let world = World::new();
    put(&world.open(), &["a"]);
    let lone = world.file("lone", "dat");
    let stem = lone.file_stem().unwrap().to_str().unwrap().to_owned();
    fs::write(&lone, "x").unwrap();
    fs::write(world.file("half", "json"), r#"{"url":"half"}"#).unwrap();
    fs::write(world.path().join(format!("{stem}.0123456789abcdef-1.tmp")), "x").unwrap();
    fs::write(world.file("part", "part"), "x").unwrap();
    fs::write(world.file("parts", "parts"), "x").unwrap();
    fs::write(world.file("both", "part"), "x").unwrap();
    fs::write(world.file("both", "parts"), "damaged\n").unwrap();
    let other = world.path().join(format!("{stem}.dat.bak"));
    fs::write(&other, "x").unwrap();
    let cache = world.open();
    assert_eq!(keys(&cache), ["a"]);
    assert_eq!(world.files().len(), 3, "{:?}", world.files());
    assert!(other.exists());
}

/// Sidecars that cannot be read are skipped, and stay until clean; their keys can be stored again.
#[test]
fn unreadable_sidecars_are_skipped() {
    let world = World::new();
    world.write_foreign("damaged", b"x", "{");
    world.write_foreign("other", b"x", r#"{"url":"not this key"}"#);
    world.write_foreign("short", b"x", r#"{"url":"short","size":5}"#);
    world.write_foreign("empty", b"", r#"{"url":"empty"}"#);
    fs::write(world.file("link", "json"), r#"{"url":"link"}"#).unwrap();
    symlink("/etc/passwd", world.file("link", "dat")).unwrap();
    let cache = world.open();
    assert!(keys(&cache).is_empty());
    assert_eq!(world.files().len(), 10);
    for key in ["damaged", "short", "link"] {
        assert!(cache.get(key).is_none());
    }
    assert_eq!(cache.put("damaged", &media("new")).unwrap(), Stored::New);
    assert_eq!(&*cache.get("damaged").unwrap().bytes().unwrap(), b"new");
    let cleaned = cache.clean(DAY).unwrap();
    assert_eq!((cleaned.files, cleaned.failures.len()), (6, 0), "all but the short one, which may be growing");
    assert_eq!(cache.clean(Duration::ZERO).unwrap().files, 2);
    assert_eq!((keys(&cache), world.files().len()), (vec!["damaged".to_owned()], 2));
    assert!(std::path::Path::new("/etc/passwd").exists());
}

/// An entry whose file is gone, or has another size, is a miss and goes.
#[test]
fn vanished_files_are_misses() {
    let world = World::new();
    let cache = World::open_with(world.options().memory(0, 0));
    put(&cache, &["a", "b", "c"]);
    fs::remove_file(world.file("a", "dat")).unwrap();
    fs::write(world.file("b", "dat"), "short").unwrap();
    assert!(cache.get("a").is_none() && cache.get("b").is_none());
    assert_eq!((keys(&cache), cache.total_bytes()), (vec!["c".to_owned()], 100));
    assert_eq!(world.files().len(), 2);
    assert_eq!(cache.stats().misses, 2);
    put(&cache, &["a"]);
    assert_eq!(&*cache.get("a").unwrap().bytes().unwrap(), [b'a'; 100]);
}

/// An entry that another program wrote anew while the cache was closed is that program's entry.
#[test]
fn a_rewritten_entry_is_read_anew() {
    let world = World::new();
    put(&world.open(), &["a"]);
    world.write_foreign("a", b"other bytes", r#"{"url":"a","mimetype":"text/plain","size":11}"#);
    let cache = world.open();
    let content = cache.get("a").unwrap();
    assert_eq!((&*content.bytes().unwrap(), &*content.label().mime_type), (b"other bytes".as_slice(), "text/plain"));
    assert_eq!((cache.total_bytes(), cache.stats().misses), (11, 0));
}

/// A time of use that cannot be, such as one in nanoseconds, is the oldest, and does not disturb the order of the others.
#[test]
fn impossible_times_are_the_oldest() {
    let world = World::new();
    world.write_foreign("ns", &[1; 100], r#"{"url":"ns","ts":1764000000000000000}"#);
    world.write_foreign("old", &[1; 100], r#"{"url":"old","ts":1700000000}"#);
    let cache = world.open();
    put(&cache, &["new"]);
    cache.get("old").unwrap();
    assert!(cache.entry("new").unwrap().accessed > 1_700_000_000);
    cache.prune(100);
    assert_eq!(keys(&cache), ["old"]);
}

/// Files of the cache that are links lead nowhere.
#[test]
fn links_are_not_followed() {
    let world = World::new();
    let victim = tempfile::NamedTempFile::new().unwrap();
    for name in ["queue.jsonl", "queue.jsonl.new", "totals.json", "totals.json.new", "index.db", "index.db-wal"] {
        let link = world.path().join(name);
        let _ = fs::remove_file(&link);
        symlink(victim.path(), &link).unwrap();
        if let Ok(cache) = Cache::open(world.options()) {
            put(&cache, &["a"]);
            cache.get("none");
            let _ = cache.enqueue("b");
        }
        assert_eq!(fs::read(victim.path()).unwrap(), b"", "{name}");
        let _ = fs::remove_file(&link);
    }
}

/// Clean removes what is incomplete and old, and never what is being written.
#[test]
fn clean_spares_what_is_young_or_written() {
    let world = World::new();
    let cache = world.open();
    put(&cache, &["a", "changed"]);
    fs::write(world.file("young", "dat"), "x").unwrap();
    fs::write(world.file("old", "dat"), "xx").unwrap();
    age(&world.file("old", "dat"));
    fs::write(world.file("changed", "dat"), "other").unwrap();
    let mut writer = cache.writer("w", Label::default(), Expected::default()).unwrap();
    std::io::Write::write_all(&mut writer, b"abc").unwrap();
    let temporary = world.files().into_iter().find(|name| name.contains(".tmp")).unwrap();
    age(&world.path().join(temporary));
    let cleaned = cache.clean(DAY).unwrap();
    assert_eq!((cleaned.files, cleaned.bytes), (2, 102), "the changed entry, and the old half");
    assert!(world.file("young", "dat").exists());
    assert_eq!(cache.clean(Duration::ZERO).unwrap().files, 1);
    assert_eq!(writer.commit().unwrap(), Stored::New);
    assert_eq!(keys(&cache), ["a", "w"]);
}

/// A file that cannot be removed is reported, and the others go.
#[test]
fn clean_goes_on_after_a_failure() {
    let world = World::new();
    let cache = world.open();
    fs::create_dir(world.file("folder", "dat")).unwrap();
    fs::write(world.file("old", "dat"), "x").unwrap();
    let cleaned = cache.clean(Duration::ZERO).unwrap();
    assert_eq!((cleaned.files, cleaned.failures.len()), (1, 1));
    let why = cleaned.failures[0].to_string();
    assert!(why.starts_with("cannot remove ") && why.contains(".dat: "), "{why}");
}

/// A directory has one process, and is free again when that one is gone.
#[test]
fn a_second_process_is_refused() {
    let world = World::new();
    let cache = world.open();
    assert!(matches!(Cache::open(world.options()), Err(Error::InUse(_))));
    let exe = std::env::current_exe().unwrap();
    let second = |dir: &std::path::Path| {
        let mut command = Command::new(&exe);
        command.args(["--exact", "disk::open_for_another_process", "--nocapture"]).env("OWLERY_CACHE_OPEN", dir);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let refused = second(world.path());
    assert!(refused.contains("is in use by another process"), "{refused}");
    drop(cache);
    let opened = second(world.path());
    assert!(opened.contains("opened"), "{opened}");
}

/// The second process of `a_second_process_is_refused`; does nothing by itself.
#[test]
fn open_for_another_process() {
    if let Some(dir) = std::env::var_os("OWLERY_CACHE_OPEN") {
        match Cache::open(Options::new(dir)) {
            Ok(_) => println!("opened"),
            Err(error) => println!("{error}"),
        }
    }
}

/// What cannot be a directory of a cache is an error that names it.
#[test]
fn an_unusable_directory_is_an_error() {
    let world = World::new();
    fs::write(world.path().join("file"), "x").unwrap();
    let error = Cache::open(Options::new(world.path().join("file"))).unwrap_err();
    assert!(error.to_string().contains("/file: "), "{error}");
    let nested = world.path().join("a/b/c");
    Cache::open(Options::new(&nested)).unwrap();
    assert!(nested.is_dir());
}

/// Without syncs, an entry is compared with its checksum after a restart: wrong bytes of the right size are never served.
#[test]
fn bytes_that_were_not_synced_are_verified() {
    for durability in [Durability::None, Durability::Data, Durability::Full] {
        let world = World::new();
        let options = || world.options().durability(durability).memory(0, 0);
        put(&World::open_with(options()), &["a", "b"]);
        fs::write(world.file("a", "dat"), [0; 100]).unwrap();
        let cache = World::open_with(options());
        let is_verified = durability == Durability::None;
        assert_eq!(cache.get("a").is_none(), is_verified, "{durability:?}");
        assert_eq!(&*cache.get("b").unwrap().bytes().unwrap(), [b'b'; 100]);
        assert_eq!(world.files().len(), if is_verified { 2 } else { 4 });
    }
}

/// Operations on single entries work while the metadata are loaded, and agree with what is loaded.
#[test]
fn entries_are_usable_while_loading() {
    let world = World::new();
    let cache = World::open_with(world.options().durability(Durability::None));
    let keys_of = |numbers: std::ops::Range<usize>| numbers.map(|number| format!("key {number}")).collect::<Vec<_>>();
    for key in keys_of(0..1_500) {
        cache.put(&key, &media(key.as_str())).unwrap();
    }
    drop(cache);
    for name in ["index.db", "index.db-wal", "index.db-shm"] {
        let _ = fs::remove_file(world.path().join(name));
    }
    let cache = Cache::open(world.options()).unwrap();
    assert_eq!(&*cache.get("key 700").unwrap().bytes().unwrap(), b"key 700");
    assert_eq!(cache.remove(&["key 701", "key 702", "none"]), 2);
    assert_eq!(cache.put("key 703", &media("other")).unwrap(), Stored::Kept);
    assert_eq!(cache.put("key 701", &media("again")).unwrap(), Stored::New);
    assert!(cache.contains("key 1499") && !cache.contains("key 702") && !cache.contains("none"));
    cache.wait_loaded();
    assert!(cache.stats().is_loaded);
    assert_eq!(cache.stats().entries, 1_499);
    assert_eq!(&*cache.get("key 701").unwrap().bytes().unwrap(), b"again");
    assert_eq!(&*cache.get("key 703").unwrap().bytes().unwrap(), b"key 703");
    assert_eq!(world.files().len(), 2 * 1_499);
    drop(cache);
    assert_eq!(world.open().stats().entries, 1_499);
}

/// A smaller size than before is enforced when the cache is opened.
#[test]
fn a_smaller_size_is_enforced_at_the_start() {
    let world = World::new();
    put(&world.open(), &["a", "b", "c"]);
    let cache = World::open_with(world.options().max_bytes(150));
    crate::world::wait_until("the oldest are gone", || cache.total_bytes() <= 150);
    assert_eq!(keys(&cache), ["c"]);
}

/// A disk without room refuses a put and keeps what is there.
#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let disk = SmallDisk::new();
    let cache = Cache::open(Options::new(disk.path()).memory(0, 0)).unwrap();
    cache.put("a", &media(vec![1; 10_000])).unwrap();
    let error = cache.put("b", &media(vec![2; 4_000_000])).unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert!(!cache.contains("b") && !file(disk.path(), "b", "dat").exists());
    assert_eq!(cache.get("a").unwrap().bytes().unwrap().len(), 10_000);
    assert_eq!(cache.put("c", &media(vec![3; 10_000])).unwrap(), Stored::New);
    assert!(cache.enqueue("queued").unwrap());
    drop(cache);
    let rest = disk.path().join("rest");
    let _full = fs::write(&rest, vec![0; 2_000_000]);
    let cache = Cache::open(Options::new(disk.path())).unwrap();
    cache.wait_loaded();
    assert_eq!((keys(&cache), crate::world::files(disk.path()).len()), (vec!["a".to_owned(), "c".to_owned()], 4));
    assert!(cache.is_queued("queued"));
    assert_eq!(cache.get("a").unwrap().bytes().unwrap().len(), 10_000);
    assert_eq!(cache.clear(), 2);
}

/// A write that fails frees its room at once, also while another process still has the file open, as one that is being started.
#[test]
fn a_failed_write_frees_its_room() {
    let disk = SmallDisk::new();
    let cache = Cache::open(Options::new(disk.path()).memory(0, 0)).unwrap();
    let mut writer = cache.writer("b", Label::default(), Expected::default()).unwrap();
    std::io::Write::write_all(&mut writer, &[1; 1_000]).unwrap();
    let temporary = crate::world::files(disk.path()).into_iter().find(|name| name.contains(".tmp")).unwrap();
    let _held = File::open(disk.path().join(temporary)).unwrap();
    assert!(std::io::Write::write_all(&mut writer, &vec![2; 4_000_000]).is_err());
    drop(writer);
    assert_eq!(cache.put("c", &media(vec![3; 100_000])).unwrap(), Stored::New);
}

/// A tmpfs of 1 MiB.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(dir.path()).status();
        assert!(mount.unwrap().success(), "the tests mount disks, so they need root");
        Self(dir)
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
