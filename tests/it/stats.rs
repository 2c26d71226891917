//! `owlery stats` and what `/api/v1/cameras` looks ahead: rates, when the disk is full, what the rules keep, and the
//! warning at the start.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Daemon, Disk, World, days_ago, event_id, wait_until};

/// An event of exactly so many bytes, so many days ago. It was written too long ago to tell of a zone: at some times of the day
/// its name would be just hours and quarters ahead.
fn event(world: &World, camera: &str, days: u64, bytes: usize) {
    let id = event_id(camera, days, "10-00-00");
    world.event(id).frames(0).movie("video.mkv", vec![0; bytes]).age(Duration::from_hours(72)).make();
}

/// Two cameras: one that recorded 7000 bytes in the last week and 15000 in the last month, and one that began 2 days ago.
fn two_cameras() -> World {
    let world = World::empty();
    for (days, bytes) in [(40, 100), (20, 8000), (3, 4000), (1, 3000), (0, 999)] {
        event(&world, "Camera1", days, bytes);
    }
    event(&world, "Camera2", 2, 600);
    world
}

fn stats(world: &World, flags: &[&str]) -> Value {
    let ran = world.run("stats", &[flags, &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

/// The output without the numbers of the disk, which other tests fill too.
fn steady(mut told: Value) -> Value {
    let zone = told["zone"].take();
    assert!(zone.as_str().is_some_and(|zone| zone.starts_with(['+', '-']) && zone.len() == 6), "{zone}");
    told.as_object_mut().unwrap().remove("zone");
    let forecast = told["forecast"].as_object_mut().unwrap();
    let disk = forecast.remove("disk").unwrap();
    assert!(disk["total"].as_u64() >= disk["free"].as_u64() && disk["free"].is_u64(), "{disk}");
    assert!(forecast.remove("days_until_full").unwrap().is_u64());
    for kept in forecast["kept"].as_array_mut().unwrap().iter_mut().filter(|kept| kept["rule"] == "min-free") {
        assert!(kept["days"].is_u64() && kept["bytes"].is_u64(), "{kept}");
        *kept = json!("min-free");
    }
    told
}

fn expected(keep: &Value, kept: &Value) -> Value {
    let camera = |name: &str, events: u64, bytes: u64, days: (u64, u64), week: u64, month: u64, keeps: u64| {
        let kept = keep.as_u64().map(|days| json!({"rule": "keep-days", "days": days, "bytes": keeps * days}));
        json!({"name": name, "port": 0, "live": false, "events": events, "saved": 0, "bytes": bytes,
               "first_day": days_ago(days.0), "last_day": days_ago(days.1),
               "forecast": {"bytes_per_day_7": week, "bytes_per_day_30": month,
                            "kept": kept.into_iter().collect::<Vec<_>>()}})
    };
    json!({
        "cameras": [
            camera("Camera1", 5, 16_099, (40, 0), 1000, 500, 1000),
            camera("Camera2", 1, 600, (2, 2), 300, 300, 300),
        ],
        "forecast": {"bytes_per_day_7": 1300, "bytes_per_day_30": 800, "kept": kept, "warnings": []},
    })
}

fn wait_measured(daemon: &Daemon) {
    wait_until("all is measured", || daemon.events().iter().all(|event| event["bytes"].is_u64()));
}

/// Nothing is left behind.
#[test]
fn without_a_catalog_everything_is_measured() {
    let world = two_cameras();
    let before = world.tree();
    assert_eq!(steady(stats(&world, &[])), expected(&Value::Null, &json!([])));
    assert_eq!(world.tree(), before);
    assert!(!world.has(".owlery"));
}

#[test]
fn unmeasured_sizes_are_unknown() {
    let world = World::new();
    event(&world, "Camera1", 8, 1000);
    event(&world, "Camera1", 4, 700);
    assert_eq!(world.run("scan", &[]).code, 0);
    let told = stats(&world, &["--keep-days", "45"]);
    assert_eq!(told["cameras"][0]["bytes"], Value::Null);
    assert_eq!(told["cameras"][0]["forecast"]["bytes_per_day_7"], Value::Null);
    assert_eq!(told["forecast"]["days_until_full"], Value::Null);
    assert_eq!(told["forecast"]["kept"], json!([{"rule": "keep-days", "days": 45, "bytes": null}]));
    let text = world.run("stats", &[]).stdout;
    assert!(text.contains('?') && text.contains("no estimate of when it is full"), "{text}");
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    let told = stats(&world, &["--keep-days", "45"]);
    assert_eq!(told["cameras"][0]["bytes"], 1700);
    assert_eq!(told["cameras"][0]["forecast"]["bytes_per_day_7"], 100);
    assert_eq!(told["cameras"][0]["forecast"]["bytes_per_day_30"], 1700 / 8);
    assert_eq!(told["forecast"]["kept"], json!([{"rule": "keep-days", "days": 45, "bytes": 4500}]));
}

/// Other rules are a what-if.
#[test]
fn stats_beside_a_daemon_uses_its_rules() {
    let world = two_cameras();
    let daemon = world.serve(&["--keep-days", "60", "--min-free", "1B"]);
    wait_measured(&daemon);
    let kept = json!([{"rule": "keep-days", "days": 60, "bytes": 78_000}, "min-free"]);
    assert_eq!(steady(stats(&world, &[])), expected(&json!(60), &kept));
    assert_eq!(steady(daemon.get("/api/v1/cameras").json()), expected(&json!(60), &kept), "the same over HTTP");
    let what_if = json!([kept[0], {"rule": "max-size", "days": 10, "bytes": 13_000}, kept[1]]);
    assert_eq!(steady(stats(&world, &["--max-size", "13000B"])), expected(&json!(60), &what_if));
    assert_eq!(daemon.events().len(), 6, "it was only asked");
    let ran = world.run("stats", &["--max-size", "much"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

/// What rules have left of old days does not count in the rate.
#[test]
fn kept_events_do_not_lower_the_rate() {
    let world = World::new();
    world.event(event_id("Camera1", 300, "10-00-00")).saved().old().make();
    event(&world, "Camera1", 2, 600);
    let told = stats(&world, &[]);
    assert_eq!(told["cameras"][0]["first_day"], days_ago(300));
    assert_eq!(told["cameras"][0]["forecast"]["bytes_per_day_30"], 300);
}

/// A camera on another disk does not count in the forecast of the archive's disk.
#[test]
fn other_disks_do_not_fill_the_archives() {
    let world = World::empty();
    let _mounted = Disk::mount(world.path("Camera2"), "4m");
    event(&world, "Camera2", 1, 700);
    let told = stats(&world, &["--keep-days", "4000000000"]);
    assert_eq!(told["forecast"]["bytes_per_day_7"], 700);
    assert_eq!(told["forecast"]["days_until_full"], Value::Null);
    assert_eq!(told["forecast"]["warnings"], json!([]));
    event(&world, "Camera1", 1, 300);
    let told = stats(&world, &[]);
    assert_eq!(told["forecast"]["bytes_per_day_7"], 1000);
    assert_eq!(
        told["forecast"]["days_until_full"].as_u64(),
        told["forecast"]["disk"]["free"].as_u64().map(|free| free / 300)
    );
}

/// A rule that no disk holds: recordings of 10 MB a day for 4 billion days.
const TOO_LONG: [&str; 2] = ["--keep-days", "4000000000"];

/// At the start.
#[test]
fn unfit_rules_are_warned_of_once() {
    let world = World::new();
    event(&world, "Camera1", 1, 10_000_000);
    let daemon = world.serve(&[&TOO_LONG[..], &["--check-interval", "50ms"]].concat());
    daemon.wait_for_log("keeping 4000000000 days takes about 40.0 PB at 10.0 MB a day, and the disk has");
    wait_measured(&daemon);
    let told = stats(&world, &[]);
    let warning = told["forecast"]["warnings"][0].as_str().unwrap();
    assert!(warning.contains("it will be full in"), "{warning}");
    assert_eq!(daemon.log().matches("forecast: ").count(), 1, "{}", daemon.log());
    drop(daemon);
    let daemon = world.serve(&["--keep-days", "45"]);
    wait_measured(&daemon);
    assert_eq!(stats(&world, &[])["forecast"]["warnings"], json!([]));
    assert!(!daemon.log().contains("forecast: "), "{}", daemon.log());
}

#[test]
fn stats_prints_a_table_and_a_few_lines() {
    let world = two_cameras();
    let ran = world.run("stats", &["--keep-days", "45"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("CAMERA ") && lines[0].contains("FIRST DAY"), "{lines:?}");
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    let (first, last) = (days_ago(40), days_ago(0));
    let camera = ["Camera1", "5", "0", "16.1", "kB", &first, &last, "1.0", "kB", "500", "B"];
    assert_eq!(words, camera, "{lines:?}");
    assert_eq!(lines[2].trim(), "keep-days keeps 45 days, 45.0 kB");
    let rest = lines[5..].join("\n");
    assert!(rest.contains("all cameras: 1.3 kB a day over the last 7 days, 800 B over the last 30"), "{rest}");
    assert!(rest.contains(" free, full in ") && rest.contains(" days if nothing expires"), "{rest}");
    assert!(rest.contains("keep-days keeps 45 days, 58.5 kB"), "{rest}");
    let ran = world.run("stats", &TOO_LONG);
    assert!(ran.stdout.contains("days if nothing expires"), "{ran:?}");
    let empty = World::empty();
    std::fs::create_dir(empty.path("Camera1")).unwrap();
    assert_eq!(empty.run("stats", &[]).code, 0);
}

/// Reported: after a restore, the sizes of restored events are not known, and `stats` summed the others as if they were all.
#[test]
fn stats_after_a_restore_do_not_guess() {
    let world = two_cameras();
    assert_eq!(world.run("scan", &["--measure"]).code, 0);
    let id =
        world.list().into_iter().find(|event| event["camera"] == "Camera1").unwrap()["id"].as_str().unwrap().to_owned();
    let before = stats(&world, &[])["cameras"][0]["bytes"].clone();
    let pass = world.run("delete", &["--json", &id]).json()["pass"].as_str().unwrap().to_owned();
    assert_eq!(world.run("restore", &[&pass]).code, 0);
    let after = stats(&world, &[])["cameras"][0]["bytes"].clone();
    assert!(after.is_null() || after == before, "{after}, of {before}");
}
