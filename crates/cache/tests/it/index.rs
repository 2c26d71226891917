//! The index: SQLite, sidecars, one of the program's own; damage, and falling back.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use owlery_cache::{Driver, Index, Row, Touch};

use crate::world::{World, keys, media, put};

fn database(world: &World) -> std::path::PathBuf {
    world.path().join("index.db")
}

/// Whatever is in the database, the entries are those of the sidecars, and it is made again.
#[test]
fn a_damaged_database_is_made_again() {
    for damage in ["empty", "text", "zeros", "cut", "pages", "directory", "version", "gone"] {
        let world = World::new();
        let cache = world.open();
        put(&cache, &["a", "b", "c"]);
        cache.get("a").unwrap();
        drop(cache);
        let path = database(&world);
        let bytes = fs::read(&path).unwrap();
        match damage {
            "empty" => fs::write(&path, "").unwrap(),
            "text" => fs::write(&path, "this is no database").unwrap(),
            "zeros" => fs::write(&path, vec![0; bytes.len()]).unwrap(),
            "cut" => fs::write(&path, &bytes[..bytes.len() / 2]).unwrap(),
            "pages" => {
                let mut bytes = bytes;
                bytes[4_096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
                fs::write(&path, bytes).unwrap();
            }
            "version" => {
                let db = rusqlite::Connection::open(&path).unwrap();
                db.pragma_update(None, "user_version", 99).unwrap();
            }
            "directory" => {
                fs::remove_file(&path).unwrap();
                fs::create_dir(&path).unwrap();
            }
            _ => fs::remove_file(&path).unwrap(),
        }
        let cache = world.open();
        assert_eq!(keys(&cache), ["a", "b", "c"], "{damage}");
        put(&cache, &["d"]);
        cache.prune(200);
        assert_eq!(keys(&cache), ["a", "d"], "the order of use is that of the sidecars: {damage}");
        drop(cache);
        assert_eq!(keys(&world.open()), ["a", "d"], "{damage}");
    }
}

/// A database that describes other files than there are is corrected by the directory.
#[test]
fn the_files_decide_what_there_is() {
    let world = World::new();
    put(&world.open(), &["a", "b"]);
    fs::remove_file(world.file("a", "dat")).unwrap();
    world.write_foreign("c", b"three", r#"{"url":"c"}"#);
    let cache = world.open();
    assert_eq!((keys(&cache), cache.total_bytes()), (vec!["b".to_owned(), "c".to_owned()], 105));
    assert!(!world.file("a", "json").exists());
    drop(cache);
    assert_eq!(keys(&world.open()), ["b", "c"]);
}

/// A database of another run of the system may lack its last transactions, and is not believed.
#[test]
fn a_database_of_another_boot_is_not_believed() {
    let world = World::new();
    put(&world.open(), &["a"]);
    let db = rusqlite::Connection::open(database(&world)).unwrap();
    db.execute("UPDATE entry SET mime_type = 'text/wrong'", []).unwrap();
    drop(db);
    assert_eq!(world.open().entry("a").unwrap().mime_type, "text/wrong", "it is believed within a boot");
    let db = rusqlite::Connection::open(database(&world)).unwrap();
    db.execute("UPDATE entry SET mime_type = 'text/wrong'", []).unwrap();
    db.execute("UPDATE complete SET boot = 'another'", []).unwrap();
    drop(db);
    assert_eq!(world.open().entry("a").unwrap().mime_type, "image/jpeg");
}

/// Both kinds of index open each other's directories.
#[test]
fn drivers_can_be_exchanged() {
    let world = World::new();
    put(&World::open_with(world.options().driver(Driver::Sidecars)), &["a", "b"]);
    assert!(!database(&world).exists());
    let cache = world.open();
    cache.put("c", &media("x")).unwrap();
    cache.remove(&["a"]);
    drop(cache);
    let cache = World::open_with(world.options().driver(Driver::Sidecars));
    assert_eq!(keys(&cache), ["b", "c"]);
    cache.remove(&["b"]);
    cache.put("d", &media("x")).unwrap();
    drop(cache);
    assert_eq!(keys(&world.open()), ["c", "d"]);
}

/// Fails every operation once `FAILS` is set.
struct Failing;

static FAILS: AtomicBool = AtomicBool::new(false);

fn result<T>(value: T) -> io::Result<T> {
    if FAILS.load(Ordering::SeqCst) { Err(io::Error::other("a test asks for it")) } else { Ok(value) }
}

impl Index for Failing {
    fn load(&mut self, _: &mut dyn FnMut(Row)) -> io::Result<bool> {
        result(false)
    }

    fn add(&mut self, _: &[Row]) -> io::Result<()> {
        result(())
    }

    fn remove(&mut self, _: &[&str]) -> io::Result<()> {
        result(())
    }

    fn touch(&mut self, _: &[Touch<'_>]) -> io::Result<()> {
        result(())
    }

    fn complete(&mut self) -> io::Result<()> {
        result(())
    }

    fn destroy(self: Box<Self>) -> io::Result<()> {
        result(())
    }
}

/// An index that cannot be opened, or fails later, costs nothing but speed.
#[test]
fn a_failing_index_loses_nothing() {
    let world = World::new();
    let none = |_: &Path| Err(io::Error::other("there is none"));
    put(&World::open_with(world.options().driver(Driver::Custom(none))), &["a"]);
    let cache = World::open_with(world.options().driver(Driver::Custom(|_| Ok(Box::new(Failing)))));
    put(&cache, &["b"]);
    FAILS.store(true, Ordering::SeqCst);
    put(&cache, &["c"]);
    assert_eq!(cache.remove(&["a"]), 1);
    assert_eq!(keys(&cache), ["b", "c"]);
    drop(cache);
    assert_eq!(keys(&world.open()), ["b", "c"]);
}
