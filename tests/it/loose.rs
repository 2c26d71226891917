//! Loose files of flat layouts: recordings that belong to no event. They count in their day's sums, and for the rules of
//! size.

use std::fs;

use crate::world::{World, days_ago, wait_until};

const LAYOUT: [&str; 2] = ["--layout", "%Y-%m-%d/%H-%M-%S"];

fn write(world: &World, back: u64, name: &str, bytes: usize) {
    let day = world.path(format!("Camera1/{}", days_ago(back)));
    fs::create_dir_all(&day).unwrap();
    fs::write(day.join(name), vec![b'x'; bytes]).unwrap();
}

/// The events, loose files and bytes of each day, newest first.
fn days(daemon: &crate::world::Daemon) -> Vec<(u64, u64, Option<u64>)> {
    let days = daemon.get("/api/v1/days").json()["days"].clone();
    let number = |day: &serde_json::Value, key: &str| day[key].as_u64().unwrap();
    let days = days.as_array().unwrap().iter();
    days.map(|day| (number(day, "events"), number(day, "loose"), day["bytes"].as_u64())).collect()
}

/// Also in a day without an event, and while they arrive.
#[test]
fn loose_files_count_in_the_sums() {
    let world = World::new();
    write(&world, 3, "10-00-00.mkv", 1000);
    write(&world, 3, "10-00-00.jpg", 10); // the event's
    write(&world, 3, "15-00-00.jpg", 200);
    write(&world, 4, "10-00-00-snapshot.jpg", 30);
    write(&world, 4, "notes.txt", 5000); // not a recording
    write(&world, 0, "10-00-00-snapshot.jpg", 1);
    world.make_old();
    let daemon = world.serve(&LAYOUT);
    let old = [(1, 1, Some(1210)), (0, 1, Some(30))];
    let with = |loose, bytes| [&[(0, loose, Some(bytes))][..], &old].concat();
    wait_until("the days are measured", || days(&daemon) == with(1, 1));
    for n in 1..4 {
        write(&world, 0, &format!("10-00-0{n}-snapshot.jpg"), 1);
    }
    wait_until("new files are counted", || days(&daemon) == with(4, 4));
    fs::remove_file(world.path(format!("Camera1/{}/10-00-01-snapshot.jpg", days_ago(0)))).unwrap();
    wait_until("a file is gone", || days(&daemon) == with(3, 3));
    let cameras = daemon.get("/api/v1/cameras").json();
    assert_eq!(cameras["cameras"][0]["bytes"], 1243, "{cameras}");
    assert_eq!(cameras["cameras"][0]["last_day"], days_ago(3), "the last day with an event: {cameras}");
    assert_eq!(daemon.stop(), 0);
}

/// The oldest days go until the archive fits, whether their recordings are of events or loose.
#[test]
fn a_rule_of_size_takes_loose_files() {
    let world = World::new();
    for (back, name) in [(9, "10-00-00.jpg"), (8, "10-00-00.mkv"), (7, "10-00-00.jpg"), (6, "10-00-00.mkv")] {
        write(&world, back, name, 1000);
    }
    world.make_old();
    let expire = |size: &str| {
        let ran = world.run("expire", &[&LAYOUT[..], &["--max-share", "1", "--max-size", size]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        [9, 8, 7, 6].map(|back| world.has(format!("Camera1/{}", days_ago(back))))
    };
    assert_eq!(expire("4000B"), [true; 4]);
    assert_eq!(expire("3500B"), [false, true, true, true]);
    assert_eq!(expire("1500B"), [false, false, false, true]);
}

/// A held pass that takes days of loose files is carried out when it is confirmed.
#[test]
fn a_confirmed_pass_takes_loose_files() {
    let world = World::new();
    for back in [60, 61, 62] {
        write(&world, back, "10-00-00.jpg", 1000);
    }
    write(&world, 3, "10-00-00.mkv", 1);
    world.make_old();
    let flags = [&LAYOUT[..], &["--keep-days", "45"]].concat();
    let held = world.run("expire", &flags);
    assert_eq!(held.code, 3, "{held:?}");
    let id = held.stderr.split("--confirm ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let ran = world.run("expire", &[&flags[..], &["--confirm", &id, "--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!([60, 61, 62].iter().all(|back| !world.has(format!("Camera1/{}", days_ago(*back)))), "{ran:?}");
    assert_eq!(world.run("expire", &flags).code, 0, "nothing is held any more");
}

/// Without a measured event, a few small loose files are not taken for the whole archive.
#[test]
fn few_loose_files_are_a_small_share() {
    let world = World::new();
    write(&world, 60, "10-00-00.jpg", 1000);
    for minute in 10..40 {
        write(&world, 3, &format!("10-{minute}-00.mkv"), 1000);
    }
    world.make_old();
    let ran = world.run("expire", &[&LAYOUT[..], &["--keep-days", "45"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!world.has(format!("Camera1/{}", days_ago(60))), "{ran:?}");
}
