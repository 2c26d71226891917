//! Rules of size and space on a catalog with wrong sizes: too large, and nothing goes although all fits; too small, and the
//! rule holds all the same.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::world::{Disk, World, days_ago, event_id, today, wait_until};

/// A day in the catalog.
fn number(ago: i64) -> i64 {
    today().signed_duration_since(chrono::NaiveDate::default()).num_days() - ago
}

/// Wrong sizes that SQLite accepts, of days that may go and of those that no rule takes, in rows and in sums.
fn damages() -> [(&'static str, String); 9] {
    let huge = "1000000000000000";
    let days = |ago| format!("UPDATE days SET bytes = {huge} WHERE day = {};", number(ago));
    let events = |ago| format!("UPDATE events SET bytes = {huge} WHERE day = {};", number(ago));
    [
        ("every day", format!("UPDATE days SET bytes = {huge}")),
        ("the largest number", "UPDATE days SET bytes = 9223372036854775807".to_owned()),
        ("a day that may go", days(5)),
        ("yesterday", days(1)),
        ("a saved event's day", days(20)),
        ("an event", events(3)),
        ("an event and its day", [events(1), days(1)].concat()),
        ("the cameras", format!("UPDATE cameras SET bytes = {huge}")),
        ("less than nothing", "UPDATE days SET bytes = -5; UPDATE cameras SET bytes = -1".to_owned()),
    ]
}

/// An event on each of the last twelve days, and a saved one, all measured; also a copy of the catalog.
fn measured() -> (World, PathBuf) {
    let world = World::new();
    for ago in 0..12 {
        world.old_event("Camera1", ago, "00-00-00");
    }
    world.event(event_id("Camera1", 20, "10-00-00")).saved().old().make();
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    let sound = world.outside("sound").join("catalog.db");
    fs::copy(world.path(".owlery/catalog.db"), &sound).unwrap();
    (world, sound)
}

fn sql(world: &World, statements: &str) {
    let catalog = rusqlite::Connection::open(world.path(".owlery/catalog.db")).unwrap();
    catalog.execute_batch(statements).unwrap();
}

/// Runs a pass on each damaged catalog by each rule, and asserts that nothing goes.
fn assert_nothing_goes(pass: impl Fn(&World, &[&str])) {
    let (world, sound) = measured();
    let before = world.tree();
    for (what, statements) in damages() {
        for rule in [["--max-size", "10MB"], ["--max-size", "Camera1=10MB"], ["--min-free", "1MB"]] {
            fs::copy(&sound, world.path(".owlery/catalog.db")).unwrap();
            sql(&world, &statements);
            pass(&world, &[&rule[..], &["--max-share", "1"]].concat());
            assert_eq!(world.tree(), before, "{what} {rule:?}");
        }
    }
}

/// Sums of petabytes for an archive of some kilobytes made a rule of size take all days before yesterday.
#[test]
fn wrong_sums_retire_nothing() {
    assert_nothing_goes(|world, rule| {
        let plan = world.run("plan", &[rule, &["--json"]].concat()).json();
        assert_eq!(plan["items"].as_array().map(Vec::len), Some(0), "{plan}");
        let ran = world.run("expire", rule);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "nothing to do\n"), "{ran:?}");
    });
}

/// The same for a daemon, which starts with the catalog of an earlier run.
#[test]
fn wrong_sums_retire_nothing_in_a_daemon() {
    assert_nothing_goes(|world, rule| {
        let daemon = world.serve(rule);
        let ran = world.run("expire", &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "nothing to do\n"), "{ran:?}");
        assert_eq!(daemon.stop(), 0);
    });
}

/// Makes a file of a measured event larger or smaller, an hour ago; no directory changes.
#[allow(clippy::disallowed_methods)]
fn resize(world: &World, ago: u64, bytes: u64) {
    let movie = world.path(event_id("Camera1", ago, "00-00-00")).join("video.mp4");
    let movie = File::options().write(true).open(movie).unwrap();
    movie.set_len(bytes).unwrap();
    movie.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
}

/// Yesterday's movie shrinks while a daemon runs; by what the catalog still says, a new event would push old days out.
#[test]
fn a_size_outdated_in_a_daemon_retires_nothing() {
    let (world, _) = measured();
    resize(&world, 1, 50_000_000);
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    for rule in ["60MB", "Camera1=60MB"] {
        let daemon = world.serve(&["--max-size", rule, "--max-share", "1"]);
        resize(&world, 1, 1000);
        let new = event_id("Camera1", 0, "00-10-00");
        world.event(&new).file("sound.bin", vec![0; 20_000_000]).old().make();
        daemon.wait_for_event(&new, "is measured", |event| event["bytes"].as_u64() > Some(19_000_000));
        let ran = world.run("expire", &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "nothing to do\n"), "{rule}: {ran:?}");
        assert_eq!(daemon.stop(), 0);
        fs::remove_dir_all(world.path(&new)).unwrap();
        resize(&world, 1, 50_000_000);
        assert_eq!(world.run("scan", &["--measure"]).code, 0);
    }
}

/// What grew in place after it was measured counted with its old size for ever: the rule of `expire` in a cron job never
/// acted.
#[test]
fn a_rule_of_size_sees_what_grew_in_place() {
    for rule in ["10MB", "Camera1=10MB"] {
        let (world, _) = measured();
        resize(&world, 5, 20_000_000);
        let ran = world.run("expire", &["--max-size", rule, "--max-share", "1"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let left: Vec<u64> = (0..12).filter(|ago| world.has(event_id("Camera1", *ago, "00-00-00"))).collect();
        assert_eq!(left, [0, 1, 2, 3, 4], "{rule}: {ran:?}");
    }
}

/// A daemon measures again what it measured long ago, or under a clock that was years ahead: that was never measured again.
#[test]
fn a_daemon_finds_what_grew_in_place() {
    for measured_at in ["0", "4000000000"] {
        let (world, _) = measured();
        resize(&world, 5, 20_000_000);
        sql(&world, &format!("UPDATE days SET measured_at = {measured_at} WHERE day = {}", number(5)));
        let flags = ["--max-size", "10MB", "--max-share", "1", "--check-interval", "1s"];
        let daemon = world.serve(&flags);
        wait_until("the rule is satisfied", || !world.has(event_id("Camera1", 5, "00-00-00")));
        wait_until("the others of it too", || !world.has(event_id("Camera1", 6, "00-00-00")));
        assert!(world.has(event_id("Camera1", 4, "00-00-00")), "{measured_at}");
        assert_eq!(daemon.stop(), 0);
    }
}

/// A rule of free space counted what a rule of age takes with the catalog's bytes: with a sum of zero, it took more days.
#[test]
fn free_space_counts_what_age_takes_by_the_disk() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "16M");
    for (ago, bytes) in [(60, 4 << 20), (30, 1 << 20), (20, 1 << 20)] {
        world.event(event_id("Camera1", ago, "10-00-00")).file("sound.bin", vec![0; bytes]).old().make();
    }
    let state = world.outside("state").display().to_string();
    let named = ["--state-dir", state.as_str()];
    assert_eq!(world.run("scan", &[&["--measure"], &named[..]].concat()).code, 0);
    let catalog = rusqlite::Connection::open(PathBuf::from(&state).join("catalog.db")).unwrap();
    catalog.execute_batch("UPDATE events SET bytes = 0; UPDATE days SET bytes = 0").unwrap();
    drop(catalog);
    let mark = (disk.free() + (2 << 20)).to_string() + "B";
    let rules = ["--keep-days", "45", "--max-share", "1", "--min-free", &mark];
    let ran = world.run("expire", &[&rules[..], &named].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!world.has(format!("Camera1/{}", days_ago(60))), "{ran:?}");
    assert!([20, 30].iter().all(|ago| world.has(event_id("Camera1", *ago, "10-00-00"))), "{ran:?}");
}
