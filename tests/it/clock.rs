//! The guard "clock": the real program with its wall clock moved by libfaketime. `CLOCK_BOOTTIME` stays what it is, so
//! this is a clock that was set wrong within one boot; of another boot the record tells, which a test can write.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::Value;

use crate::world::{Daemon, Ran, World, days_ago, event_id, wait_until};

const RULE: [&str; 5] = ["--keep-days", "45", "--max-share", "1", "--json"];
const DAY: i64 = 24 * 3600;

/// The library that comes with Debian's `faketime`, wherever this architecture has it.
fn libfaketime() -> PathBuf {
    let below = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let found = below("/usr/lib".into()).map(|dir| dir.join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file());
    found.expect("faketime is installed")
}

/// The command with nothing but its wall clock faked, as another variable then says.
pub fn faked(mut command: Command) -> Command {
    command.env("LD_PRELOAD", libfaketime()).env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    command
}

/// Runs a command whose wall clock is so many seconds ahead.
fn run_ahead(world: &World, command: &str, flags: &[&str], seconds: i64) -> Ran {
    let mut command = faked(world.command(command, flags));
    command.env("FAKETIME", format!("{seconds:+}"));
    Ran::of(command)
}

#[allow(clippy::disallowed_methods)]
fn seconds_to(moment: DateTime<Utc>) -> i64 {
    (moment - Utc::now()).num_seconds()
}

fn events(world: &World, days: &[u64]) {
    for days in days {
        world.old_event("Camera1", *days, "10-00-00");
    }
}

fn record(world: &World) -> String {
    fs::read_to_string(world.path(".owlery/clock.json")).unwrap()
}

/// Asserts that a pass was held by the clock; returns the id to confirm it with.
fn held(ran: &Ran) -> String {
    assert_eq!(ran.code, 3, "{ran:?}");
    let pass = ran.json();
    assert_eq!(pass["refused"]["guard"], "clock", "{pass}");
    assert_eq!(pass["items"], serde_json::json!([]));
    let id = pass["pass"].as_str().unwrap().to_owned();
    let message = pass["refused"]["message"].as_str().unwrap();
    assert!(message.contains("owlery expire /") && message.ends_with(&format!(" --confirm {id}")), "{message}");
    id
}

/// The first run is not held.
#[test]
fn every_run_records_the_clocks() {
    for (command, flags) in [("expire", &RULE[..]), ("scan", &[])] {
        let world = World::new();
        events(&world, &[60, 3, 2]);
        let ran = run_ahead(&world, command, flags, 10 * DAY);
        assert_eq!(ran.code, 0, "{ran:?}");
        let record: Value = serde_json::from_str(&record(&world)).unwrap();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert_eq!(record["clock"]["boot_id"], boot.trim());
        assert_eq!(record["clock"]["longest_gap"], 0);
        let wall = DateTime::from_timestamp(record["clock"]["wall"].as_i64().unwrap(), 0).unwrap();
        assert!((10 * DAY - 600..=10 * DAY).contains(&seconds_to(wall)), "{record}");
    }
}

/// Until a pass is confirmed.
#[test]
fn a_clock_far_ahead_holds_passes() {
    let world = World::new();
    events(&world, &[60, 3]);
    assert_eq!(world.run("scan", &[]).code, 0);
    let (before, recorded) = (world.tree(), record(&world));
    let rule = ["--keep-days", "45", "--json"];
    let ahead = |flags: &[&str]| run_ahead(&world, "expire", &[&rule[..], flags].concat(), 400 * DAY);
    let id = held(&ahead(&[]));
    held(&ahead(&["--confirm", "0000000000000000"]));
    let plan = || run_ahead(&world, "plan", &rule, 400 * DAY).json();
    assert_eq!(plan()["held"]["guard"], "clock");
    fs::remove_file(world.path(".owlery/catalog.db")).unwrap();
    assert_eq!(plan()["held"]["guard"], "clock", "a plan that leaves no trace looks at the record too");
    assert_eq!((world.tree(), record(&world)), (before, recorded), "nothing is retired, and nothing learned from it");

    let ran = ahead(&["--confirm", &id]);
    assert_eq!(ran.code, 0, "that it takes everything is confirmed with it: {ran:?}");
    assert_eq!(ran.json()["items"].as_array().unwrap().len(), 2);
    assert!(world.list().is_empty());
}

#[test]
fn a_confirmed_wrong_clock_holds_the_right_one() {
    let world = World::new();
    assert_eq!(world.run("expire", &RULE).code, 0);
    let ahead = |flags: &[&str]| run_ahead(&world, "expire", &[&RULE, flags].concat(), 400 * DAY);
    let id = held(&ahead(&[]));
    assert_eq!(ahead(&["--confirm", &id]).code, 0);
    assert_eq!(ahead(&[]).code, 0, "it is believed from then on");

    events(&world, &[60, 3, 2]);
    let id = held(&world.run("expire", &RULE));
    assert_eq!(world.list().len(), 3);
    assert_eq!(world.run("expire", &[&RULE[..], &["--confirm", &id]].concat()).code, 0);
    assert_eq!(world.list().len(), 2);
    assert_eq!(world.run("expire", &RULE).code, 0);
}

#[test]
fn a_clock_that_begins_in_1970_holds() {
    let world = World::new();
    events(&world, &[60, 3, 2]);
    assert_eq!(world.run("scan", &[]).code, 0);
    let (before, recorded) = (world.tree(), record(&world));
    for seconds in [-20 * DAY, seconds_to(DateTime::UNIX_EPOCH) + 60] {
        held(&run_ahead(&world, "expire", &RULE, seconds));
        assert_eq!((world.tree(), record(&world)), (before.clone(), recorded.clone()));
    }
    let ran = run_ahead(&world, "expire", &["--keep-days", "45"], -20 * DAY);
    assert!(ran.stderr.contains("the clock shows") && ran.stderr.contains("last accepted"), "{ran:?}");
    held(&run_ahead(&world, "expire", &["--json"], -20 * DAY)); // without a rule too: what was deleted by hand may wait
    assert_eq!(world.run("expire", &RULE).code, 0, "the right clock is not held by what the wrong one showed");
}

/// After a reboot the clock may be ahead by a week, or by twice the longest gap.
#[test]
fn a_reboot_allows_a_bounded_clock_jump() {
    let world = World::new();
    events(&world, &[60, 3, 2]);
    assert_eq!(world.run("scan", &[]).code, 0);
    let of_this_boot: Value = serde_json::from_str(&record(&world)).unwrap();
    let expire_after = |days: i64, longest_gap: i64| {
        let mut record = of_this_boot.clone();
        record["clock"]["boot_id"] = "another".into();
        record["clock"]["wall"] = (record["clock"]["wall"].as_i64().unwrap() - days * DAY).into();
        record["clock"]["longest_gap"] = (longest_gap * DAY).into();
        fs::write(world.path(".owlery/clock.json"), record.to_string()).unwrap();
        world.run("expire", &RULE)
    };
    held(&expire_after(8, 0));
    held(&expire_after(21, 10));
    assert_eq!(world.list().len(), 3);
    assert_eq!(expire_after(19, 10).code, 0);
    let learned: Value = serde_json::from_str(&record(&world)).unwrap();
    assert!((19 * DAY..19 * DAY + 600).contains(&learned["clock"]["longest_gap"].as_i64().unwrap()), "{learned}");
    assert_eq!(expire_after(6, 0).code, 0);
}

#[test]
fn a_held_clock_keeps_restorable_passes() {
    let world = World::new();
    events(&world, &[60, 3, 2]);
    assert_eq!(world.run("expire", &[&RULE[..], &["--undo-window", "30d"]].concat()).code, 0);
    assert_eq!(world.queued().len(), 1);
    let ahead = |flags: &[&str]| run_ahead(&world, "expire", &[&RULE[..], flags].concat(), 40 * DAY);
    let id = held(&ahead(&[]));
    assert_eq!(world.queued().len(), 1, "by that clock its time is over");
    assert_eq!(ahead(&["--confirm", &id]).code, 0);
    assert_eq!(world.queued().len(), 1, "that the clock is right now was confirmed, not that it was before");
    wait_a_day(&world);
    assert_eq!(ahead(&[]).code, 0);
    assert!(world.queued().is_empty());
}

/// Has what waits in the queue be known to have waited for a day.
fn wait_a_day(world: &World) {
    let path = world.path(".owlery/waited.json");
    let mut waited: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    waited["passes"].as_object_mut().unwrap().values_mut().for_each(|seconds| *seconds = DAY.into());
    fs::write(path, waited.to_string()).unwrap();
}

/// Deletes an event by a clock that is `seconds` ahead, and returns the pass.
fn delete_ahead(world: &World, seconds: i64) -> Value {
    let id = event_id("Camera1", 60, "10-00-00");
    world.event(&id).age(Duration::from_secs(50 * 24 * 3600)).make();
    assert_eq!(world.run("scan", &[]).code, 0);
    let ran = run_ahead(world, "delete", &[&id, "--json"], seconds);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

/// Asserts that a pass still waits, and can be restored.
fn comes_back(world: &World, pass: &Value) {
    assert_eq!(world.queued().len(), 1, "it was removed within its undo time");
    let ran = world.run("restore", &[pass["pass"].as_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// An event deleted while the clock was held is not reaped when the clock is corrected.
#[test]
fn deletions_under_a_held_clock_are_kept() {
    let world = World::new();
    let pass = delete_ahead(&world, -20 * DAY);
    let until: DateTime<Utc> = pass["undo_until"].as_str().unwrap().parse().unwrap();
    assert!(seconds_to(until) > DAY - 600, "a day from when the clock was last accepted: {until}");
    assert_eq!(world.run("expire", &RULE).code, 0, "the clock is right again");
    comes_back(&world, &pass);
}

/// A pass restored in part while the clock was held is not reaped when the clock is corrected.
#[test]
fn partial_restores_under_a_held_clock_are_kept() {
    let world = World::new();
    events(&world, &[60]);
    assert_eq!(world.run("expire", &[&RULE[..], &["--undo-window", "1s"]].concat()).code, 0);
    let manifest = fs::read_to_string(world.queued()[0].join("pass.json")).unwrap();
    let pass: Value = serde_json::from_str(&manifest).unwrap();
    events(&world, &[60]); // its name is taken
    let ran = run_ahead(&world, "restore", &[pass["pass"].as_str().unwrap()], -20 * DAY);
    assert_eq!(ran.code, 1, "{ran:?}");
    let until: DateTime<Utc> = pass["undo_until"].as_str().unwrap().parse().unwrap();
    wait_until("the first undo time is over", || seconds_to(until) < 0);
    assert_eq!(world.run("expire", &RULE).code, 0);
    assert_eq!(world.queued().len(), 1, "it is spared for a day");
}

/// A clock that moves ahead in small steps ends no undo window of a deletion.
#[test]
fn small_clock_steps_end_no_undo_window() {
    let world = World::new();
    let pass = delete_ahead(&world, 0);
    for hours in [13, 26] {
        let ran = run_ahead(&world, "expire", &RULE, hours * 3600);
        assert_eq!(ran.code, 0, "each is believed: {ran:?}");
    }
    comes_back(&world, &pass);
}

/// Has the record, and what is known of the queue, be of another boot.
fn start_the_host_anew(world: &World) {
    for file in ["clock.json", "waited.json"] {
        let path = world.path(".owlery").join(file);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        assert!(text.contains(boot.trim()), "{text}");
        fs::write(&path, text.replace(boot.trim(), "another")).unwrap();
    }
}

/// A clock that is days ahead after a reboot ends no undo window of a deletion.
#[test]
fn a_boot_with_wrong_clock_reaps_nothing() {
    let world = World::new();
    let pass = delete_ahead(&world, 0);
    start_the_host_anew(&world);
    let ahead = || run_ahead(&world, "expire", &RULE, 3 * DAY);
    assert_eq!(ahead().code, 0, "it is believed");
    assert_eq!(world.queued(), [world.path("delete_queue").join(pass["pass"].as_str().unwrap())]);
    wait_a_day(&world);
    assert_eq!(ahead().code, 0);
    assert!(world.queued().is_empty(), "a day has passed, by the time since the boot");
}

#[test]
fn a_damaged_record_is_no_first_run() {
    let world = World::new();
    events(&world, &[60, 3, 2]);
    assert_eq!(world.run("scan", &[]).code, 0);
    fs::write(world.path(".owlery/clock.json"), "{\"owlery\":1,").unwrap();
    let ran = world.run("expire", &RULE);
    let id = held(&ran);
    assert!(ran.stdout.contains("cannot understand"), "{ran:?}");
    assert_eq!(world.list().len(), 3);
    assert_eq!(world.run("expire", &[&RULE[..], &["--confirm", &id]].concat()).code, 0);
    assert_eq!(world.list().len(), 2);
    assert!(record(&world).contains("boottime"));
}

/// Runs a pass at each of these moments and checks that exactly the days of 45 days before the date on the wall are left.
fn expire_around(change: &str, moments: &[(&str, i64)]) {
    let world = World::new();
    let change: NaiveDate = change.parse().unwrap();
    for days in 40..50 {
        let age = Duration::from_secs(20 * 365 * 24 * 3600);
        world.event(format!("Camera1/{}/10-00-00", change - Days::new(days))).age(age).make();
    }
    for (moment, day) in moments {
        let mut command = faked(world.command("expire", ["--keep-days", "45", "--max-share", "1"]));
        let ahead = seconds_to(moment.parse().unwrap());
        command.env("FAKETIME", format!("{ahead:+}")).env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3");
        let ran = Ran::of(command);
        assert_eq!(ran.code, 0, "{moment}: {ran:?}");
        let oldest = change + chrono::TimeDelta::days(day - 45);
        let mut left: Vec<_> =
            fs::read_dir(world.path("Camera1")).unwrap().map(|day| day.unwrap().file_name()).collect();
        left.sort();
        let expected: Vec<_> = oldest
            .iter_days()
            .take_while(|day| *day <= change - Days::new(40))
            .map(|day| OsString::from(day.to_string()))
            .collect();
        assert_eq!(left, expected, "{moment}");
    }
}

#[test]
fn daylight_saving_changes_no_expiry() {
    let autumn = [
        ("2020-10-24T21:30:00Z", -1), // 23:30 in summer
        ("2020-10-24T22:30:00Z", 0),  // 00:30
        ("2020-10-25T00:30:00Z", 0),  // 02:30
        ("2020-10-25T01:30:00Z", 0),  // 02:30 again, in winter
        ("2020-10-25T22:30:00Z", 0),  // 23:30, the 25th hour of the day
        ("2020-10-25T23:30:00Z", 1),  // 00:30
    ];
    expire_around("2020-10-25", &autumn);
    let spring = [
        ("2020-03-28T22:30:00Z", -1), // 23:30 in winter
        ("2020-03-28T23:30:00Z", 0),  // 00:30
        ("2020-03-29T00:30:00Z", 0),  // 01:30
        ("2020-03-29T01:30:00Z", 0),  // 03:30 in summer
        ("2020-03-29T21:30:00Z", 0),  // 23:30
        ("2020-03-29T22:30:00Z", 1),  // 00:30, after 23 hours
    ];
    expire_around("2020-03-29", &spring);
}

/// Sets the clock of the programs that read this file.
fn set(file: &Path, time: &str) {
    let new = file.with_extension("new");
    fs::write(&new, time).unwrap();
    fs::rename(new, file).unwrap();
}

/// The clock jumps while the daemon runs; passes are held until it is right again.
#[test]
fn a_clock_jump_holds_a_running_daemon() {
    let world = World::new();
    events(&world, &[50, 3, 2]);
    let file = world.outside("clock").join("time");
    set(&file, "+0");
    let flags = ["--listen", "127.0.0.1:0", "--keep-days", "60", "--max-share", "1", "--check-interval", "1s"];
    let mut command = faked(world.command("serve", flags));
    command.env("FAKETIME_TIMESTAMP_FILE", &file).env("FAKETIME_NO_CACHE", "1");
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    assert_eq!(world.run("expire", &["--json"]).code, 0);
    let before = world.tree();

    set(&file, "+30d");
    daemon.wait_for_log("held by the guard \"clock\"");
    held(&world.run("expire", &["--json"]));
    assert_eq!(world.run("plan", &["--json"]).json()["held"]["guard"], "clock");
    assert_eq!(world.tree(), before);

    set(&file, "+0");
    assert_eq!(world.run("expire", &["--json"]).code, 0);
    set(&file, "+30d");
    let id = held(&world.run("expire", &["--json"]));
    let confirmed = world.run("expire", &["--json", "--confirm", &id]);
    assert_eq!(confirmed.json()["items"][0]["day"], days_ago(50), "{confirmed:?}");
    assert_eq!(world.run("expire", &["--json"]).code, 0, "it is believed from then on");
    assert_eq!(daemon.events().len(), 2);
    assert_eq!(daemon.stop(), 0);
}

/// Reported: Owlery in a container is in UTC, Motion's host east of it. The newest hours were missing from strix's list and from
/// exports, and nothing warned.
#[test]
#[allow(clippy::disallowed_methods)] // names are made by the real time
fn events_ahead_of_the_clock_are_listed() {
    let world = World::new();
    let name = |hours: i64| {
        let time = chrono::Utc::now() + chrono::TimeDelta::hours(hours);
        (format!("Camera1/{}", time.format("%Y-%m-%d/%H-%M-%S")), format!("{}.jpg", time.format("%H-%M-%S-00")))
    };
    for (ahead, age) in [(2, 0), (-3, 5)] {
        let (id, frame) = name(ahead);
        let age = std::time::Duration::from_secs(age * 3600);
        world.event(id).frames(0).no_movie().file(&frame, "x").age(age).make();
    }
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"]);
    command.env("TZ", "UTC");
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    let strix = daemon.get("/api/events/Camera1").json();
    assert_eq!(strix["events"]["Camera1"].as_array().unwrap().len(), 2, "{strix}");
    assert!(strix["end"].as_str() >= strix["events"]["Camera1"][1]["start"].as_str(), "{strix}");
    assert_eq!(daemon.get("/api/events/Camera1?limit=0").json()["events"], strix["events"]);
    let export = daemon.get("/api/v1/export?from=1d");
    assert_eq!(
        String::from_utf8_lossy(&export.body).matches(".jpg").count(),
        4,
        "each twice: at its file and in the table"
    );
    let warns = |text: &str| text.contains("time zone: Camera1 names its frames 2 h ahead");
    wait_until("an alert", || warns(&daemon.get("/readyz").text()));
    wait_until("a line of the log", || daemon.log().contains("names its frames 2 h ahead"));
    assert_eq!(daemon.log().matches("names its frames 2 h ahead").count(), 1);
    let stats = daemon.get("/api/v1/cameras").json();
    assert_eq!(stats["zone"], "+00:00");
    assert!(warns(&stats["forecast"]["warnings"].to_string()), "{stats}");
    let check = Ran::of({
        let mut command = world.command("check", [""; 0]);
        command.env("TZ", "UTC");
        command
    });
    assert!(warns(&check.stdout) && check.code == 1, "{}", check.stdout);
}

/// An mp4 of so many seconds, as Motion closes it.
fn mp4_of(seconds: u32) -> Vec<u8> {
    let mvhd = [&[0; 12][..], &1000u32.to_be_bytes(), &(seconds * 1000).to_be_bytes(), &[0; 80]].concat();
    let boxed = |kind: &[u8], body: &[u8]| {
        let len = u32::try_from(8 + body.len()).unwrap();
        [&len.to_be_bytes()[..], kind, body].concat()
    };
    [boxed(b"ftyp", &[0; 24]), boxed(b"mdat", &[7; 500]), boxed(b"moov", &boxed(b"mvhd", &mvhd))].concat()
}

/// Makes events without frames, each `(minutes ago, seconds, seconds from its end until it was closed)`, by a clock that is
/// `ahead` of this one; returns the warning that `owlery stats` prints.
#[allow(clippy::disallowed_methods)] // names are made by the real time
fn zone_of_movies(ahead: chrono::TimeDelta, events: &[(i64, u32, i64)], bytes: impl Fn(u32) -> Vec<u8>) -> String {
    let world = World::new();
    for &(ago, seconds, until_closed) in events {
        let closed = chrono::Utc::now() - chrono::TimeDelta::minutes(ago);
        let start = closed + ahead - chrono::TimeDelta::seconds(i64::from(seconds) + until_closed);
        let age = std::time::Duration::from_secs(u64::try_from(ago).unwrap() * 60);
        let event = world.event(format!("Camera1/{}", start.format("%Y-%m-%d/%H-%M-%S")));
        event.frames(0).movie("video.mp4", bytes(seconds)).age(age).make();
    }
    let mut command = world.command("stats", ["--json"]);
    command.env("TZ", "UTC");
    let stats = Ran::of(command).json();
    stats["forecast"]["warnings"].to_string()
}

/// Motion's default layout for movies: no frame shows its zone, the ends of the movies do.
#[test]
fn movies_show_another_zone() {
    let hours = chrono::TimeDelta::hours;
    let ends = [(2, 20, 61), (40, 300, 60), (300, 3600, 62)];
    assert!(zone_of_movies(hours(2), &ends, mp4_of).contains("Camera1 names its movies 2 h ahead"));
    assert!(zone_of_movies(hours(-5), &ends, mp4_of).contains("Camera1 names its movies 5 h behind"));
    // Its name alone lies in the future.
    assert!(zone_of_movies(hours(2), &[(0, 20, 10)], mp4_of).contains("Camera1 names its movies 2 h ahead"));
}

/// Long movies, those that were cut off, other gaps and other lengths are no other zone.
#[test]
fn movies_of_this_zone_give_no_warning() {
    let none = chrono::TimeDelta::zero();
    let unfinished = |_| crate::world::unfinished_mp4();
    for (what, events, bytes) in [
        ("long", &[(10, 7200, 60), (200, 3600, 60)][..], &mp4_of as &dyn Fn(u32) -> Vec<u8>),
        ("other gap", &[(10, 30, 900), (100, 30, 900), (200, 30, 900)], &mp4_of),
        ("cut off", &[(10, 3600, 0), (200, 3600, 0)], &unfinished),
        ("length unknown", &[(10, 3600, 0), (200, 3600, 0)], &|_| crate::world::whole_mp4()),
        ("one of another time", &[(10, 30, 3600), (200, 30, 60)], &mp4_of),
    ] {
        assert_eq!(zone_of_movies(none, events, bytes), "[]", "{what}");
    }
}
