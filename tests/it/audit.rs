//! Owlery can always say why it deleted a recording: whatever happens to the catalog, the disk or the process.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::world::{Disk, KEEP_45_DAYS, Ran, World, days_ago, event_id, wait_until};

/// The entries of `owlery audit`, newest first.
fn audit(world: &World) -> Vec<Value> {
    audit_with(world, &[])
}

fn audit_with(world: &World, flags: &[&str]) -> Vec<Value> {
    let ran = world.run("audit", &[flags, &["--json", "--limit", "1000"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()["entries"].as_array().unwrap().clone()
}

/// The entries of the catalog's own view, oldest first: what they are about, and why.
fn view(catalog: &Path) -> Vec<(String, Option<String>, String)> {
    let Ok(catalog) = rusqlite::Connection::open(catalog) else { return Vec::new() };
    let Ok(mut rows) = catalog.prepare("SELECT what, day, reason FROM audit ORDER BY id") else { return Vec::new() };
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.map_or_else(|_| Vec::new(), |rows| rows.map_while(Result::ok).collect())
}

fn words(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect()
}

fn reason(days: u64) -> String {
    format!("older than 45 days: ended {}", days_ago(days))
}

/// Only the log said that the audit log lacked a user's action; the command ended with 0.
#[test]
fn acts_that_the_audit_lacks_end_with_1() {
    for is_beside in [false, true] {
        let world = World::new();
        let ids = ["10-00-00", "11-00-00"].map(|name| event_id("Camera1", 5, name));
        for id in &ids {
            world.event(id).old().make();
        }
        world.old_event("Camera1", 60, "10-00-00");
        let blocked = world.path(".owlery/audit.jsonl");
        fs::create_dir_all(&blocked).unwrap();
        let daemon = is_beside.then(|| world.serve(&KEEP_45_DAYS[..2]));
        let daemon = daemon.inspect(|daemon| wait_until("ready", || daemon.get("/readyz").status == 200));
        let [one, two] = &ids;
        let act = |command: &str, names: &[&str]| {
            let ran = world.run(command, names);
            assert_eq!(ran.code, 1, "{is_beside} {command}: {ran:?}");
            assert!(ran.stderr.contains("audit could not be written") && ran.stderr.contains("--state-dir"), "{ran:?}");
            ran
        };
        act("save", &[one, two]);
        assert!(ids.iter().all(|id| world.has(format!("{id}/.saved"))), "it is done");
        let ran = act("unsave", &["--json", one]);
        assert_eq!(ran.json()["events"], json!([one]), "and told as done");
        let pass = act("delete", &["--json", one]).json()["pass"].as_str().unwrap().to_owned();
        assert!(!world.has(one));
        act("restore", &[&pass]);
        assert!(world.has(one));
        if let Some(daemon) = &daemon {
            assert_eq!(
                daemon.request("PUT", &format!("/api/v1/events/{one}/saved"), &[]).status,
                200,
                "an alert tells it"
            );
        }
        fs::remove_dir(&blocked).unwrap();
        assert_eq!(world.run("save", &[one]).code, 0);
        if is_beside {
            let told = audit(&world);
            for what in ["saved", "unsaved", "deleted", "restored"] {
                assert!(words(&told).contains(&what), "what waited is written: {told:?}");
            }
        }
    }
}

#[test]
fn passes_and_items_are_recorded_with_reasons() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    world.old_event("Camera1", 60, "11-00-00");
    world.old_event("Camera1", 50, "10-00-00");
    world.event(event_id("Camera1", 50, "11-00-00")).saved().old().make();
    let pass = world.run("expire", &[&KEEP_45_DAYS[..], &["--json"]].concat()).json();
    let told = audit(&world);
    assert_eq!(words(&told), ["item", "item", "pass"], "newest first");
    for (entry, item) in told[..2].iter().rev().zip(pass["items"].as_array().unwrap()) {
        for key in ["camera", "day", "events", "count", "bytes", "reason"] {
            assert_eq!(entry[key], item[key], "{key}");
        }
    }
    assert_eq!(told[0]["events"], json!(["10-00-00"]));
    assert_eq!(told[0]["reason"], reason(50));
    assert!(told.iter().all(|entry| entry["pass"] == pass["pass"] && entry["at"] == pass["started"]));
    assert!(told.iter().all(|entry| entry["by"] == "rule"));
    let bytes: u64 = pass["items"].as_array().unwrap().iter().map(|item| item["bytes"].as_u64().unwrap()).sum();
    assert_eq!((&told[2]["count"], &told[2]["bytes"]), (&json!(3), &json!(bytes)));
    assert_eq!(told.iter().map(|entry| entry["id"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 2, 1]);

    let lines = world.run("audit", &["--limit", "2"]).stdout;
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 3, "a line an entry, and that there are more: {lines:?}");
    assert!(lines[0].contains(&event_id("Camera1", 50, "10-00-00")) && lines[0].contains(&reason(50)));
    assert!(lines[0].contains(pass["pass"].as_str().unwrap()), "{lines:?}");
    assert!(lines[2].contains("--before 2"), "{lines:?}");
    let page = world.run("audit", &["--json", "--limit", "2"]).json();
    assert_eq!(page["next"], 2);
    let page = world.run("audit", &["--json", "--before", "2"]).json();
    assert_eq!((page["entries"][0]["what"].as_str(), &page["next"]), (Some("pass"), &Value::Null));

    assert_eq!(world.run("expire", &KEEP_45_DAYS).stdout, "nothing to do\n");
    assert_eq!(audit(&world), told, "and the audit has no entry of it");
}

/// An event that a rule wants to retire, and that stays, has one entry however many passes there are.
#[test]
fn an_event_that_stays_is_recorded_once() {
    let world = World::empty();
    for camera in ["Camera1", "Camera2"] {
        world.old_event(camera, 60, "10-00-00");
    }
    let inject = ["strace", "-f", "-o", "/dev/null", "-e", "inject=renameat2:error=EIO"];
    for _ in 0..2 {
        let ran = Ran::of(crate::world::run_by(&inject, &world.command("expire", KEEP_45_DAYS)));
        assert_eq!(ran.code, 1, "{ran:?}");
    }
    let told = audit(&world);
    assert_eq!(words(&told), ["left", "left"]);
    assert_eq!((&told[1]["camera"], &told[1]["day"]), (&json!("Camera1"), &json!(days_ago(60))));
    assert!(told[1]["reason"].as_str().unwrap().contains("Input/output error"), "{told:?}");
}

#[test]
fn a_repeated_refusal_is_recorded_once() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    world.old_event("Camera1", 3, "10-00-00");
    world.old_event("Camera1", 59, "10-00-00");
    let flags = ["--keep-days", "45"];
    let daemon = world.serve(&[&flags[..], &["--check-interval", "1s"]].concat());
    let log = || daemon.log().matches("is held by the guard").count();
    wait_until("it was checked twice", || log() >= 2);
    let told = audit(&world);
    assert_eq!(words(&told), ["refused"], "{told:?}");
    assert_eq!((&told[0]["guard"], &told[0]["count"]), (&json!("share"), &json!(2)));
    assert_eq!(daemon.stop(), 0);
    let id = world.run("expire", &[&flags[..], &["--json"]].concat()).json()["pass"].clone();
    assert_eq!(audit(&world), told, "another process has no news either");
    assert_eq!(told[0]["pass"], id);

    assert_eq!(world.run("expire", &[&flags[..], &["--confirm", id.as_str().unwrap()]].concat()).code, 0);
    let told = audit(&world);
    assert_eq!(words(&told), ["item", "item", "pass", "refused"]);
    assert_eq!((&told[2]["by"], &told[1]["by"]), (&json!("hand"), &json!("rule")), "who said go, and who chose");
    assert!(world.run("audit", &[]).stdout.contains("(manual)"));
}

#[test]
fn it_outlives_the_catalog() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    world.old_event("Camera1", 3, "10-00-00");
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    let told = audit(&world);
    assert_eq!(words(&told), ["item", "pass"]);
    let catalog = world.path(".owlery/catalog.db");
    let rows = view(&catalog);
    assert_eq!(rows[1], ("item".to_owned(), Some(days_ago(60)), reason(60)));

    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        let _ = fs::remove_file(world.path(".owlery").join(name));
    }
    assert_eq!(audit(&world), told, "without a catalog");
    assert!(!catalog.exists(), "asking makes none");
    let daemon = world.serve(&[]);
    assert_eq!(view(&catalog), rows, "made anew");
    assert_eq!(audit(&world), told, "beside a daemon");

    for name in ["catalog.db", "catalog.db-wal"] {
        let path = world.path(".owlery").join(name);
        let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().write_all(&vec![0xa5; length]).unwrap();
    }
    wait_until("the damage is found and the catalog is rebuilt", || {
        let _ = daemon.get("/api/v1/events?min_seconds=1");
        daemon.log().contains("rebuilt")
    });
    wait_until("with the audit in it", || view(&catalog) == rows);
    assert_eq!(audit(&world), told);
    assert_eq!(daemon.stop(), 0);

    fs::write(&catalog, [0x5a; 9000]).unwrap();
    assert_eq!(audit(&world), told, "past a damaged one");
    assert_eq!(world.run("scan", &[]).code, 0);
    assert_eq!(view(&catalog), rows, "set aside and rebuilt");
}

/// A crash between the renames and the audit log: the entries are written before the pass is reaped.
#[test]
fn a_pass_cut_off_by_crash_is_recorded() {
    for step in ["retire-8", "reap-1"] {
        let world = World::new();
        world.old_event("Camera1", 60, "10-00-00");
        world.old_event("Camera1", 59, "10-00-00");
        let mut command = world.command("expire", KEEP_45_DAYS);
        command.env("OWLERY_FAULT", step);
        assert_eq!(Ran::of(command).code, -1, "{step}");
        assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0, "{step}");
        assert!(world.queued().is_empty(), "{step}");
        let told = audit(&world);
        let mut items: Vec<&Value> = told.iter().filter(|entry| entry["what"] == "item").collect();
        items.sort_by_key(|entry| entry["day"].to_string());
        assert_eq!(items.len(), 2, "{step}: each once: {told:?}");
        assert_eq!((&items[0]["day"], &items[0]["reason"]), (&json!(days_ago(60)), &json!(reason(60))), "{step}");
        let of_crash = told.iter().find(|entry| entry["reason"].as_str().unwrap().contains("cut off"));
        assert_eq!(of_crash.is_some(), step != "reap-1", "{step}: {told:?}");
        assert!(of_crash.is_none_or(|entry| entry["count"] == 2), "{step}: {told:?}");
    }
}

/// On a full disk a pass continues; its entries are written when there is room.
#[test]
fn a_full_disk_delays_the_audit_log() {
    let world = World::new();
    for days in 50..90 {
        world.old_event("Camera1", days, "10-00-00");
    }
    let state = world.outside("state");
    let disk = Disk::mount(&state, "32m");
    let flags = ["--state-dir", state.to_str().unwrap()];
    let daemon = world.serve(&[&flags[..], &["--keep-days", "45"]].concat());
    wait_until("the pass is held", || audit_with(&world, &flags).len() == 1);
    wait_until("all is measured", || daemon.events().iter().all(|event| event["bytes"].is_u64()));
    let id = audit_with(&world, &flags)[0]["pass"].as_str().unwrap().to_owned();
    // Again and again: the daemon gives up its reserve when it notices.
    let filler = disk.fill();

    let mut expire = world.command("expire", [&flags[..], &["--confirm", &id]].concat());
    let mut expire = expire.stdout(Stdio::null()).spawn().unwrap();
    wait_until("every day is retired", || {
        disk.fill();
        !world.has(format!("Camera1/{}", days_ago(50)))
    });
    wait_until("it is said that the audit log cannot be written", || {
        disk.fill();
        daemon.log().contains("the audit log cannot be written")
    });
    // The catalog moves off the full disk, and for a moment there is room for the entries themselves.
    wait_until("and the log, or the audit, has each entry", || {
        let in_log = || daemon.log().contains(&format!("\"reason\":\"{}\"", reason(50)));
        in_log() || audit_with(&world, &flags).len() == 1 + 1 + 40
    });
    fs::remove_file(filler).unwrap();
    wait_until("the command is answered", || expire.try_wait().unwrap().is_some());
    let code = expire.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 1)), "1: the pass had ended before there was room for its entries: {code:?}");
    wait_until("the audit has all", || audit_with(&world, &flags).len() == 1 + 1 + 40);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(words(&audit_with(&world, &flags))[38..], ["item", "item", "pass", "refused"]);
    assert_eq!(world.run("scan", &flags).code, 0); // the catalog was elsewhere while the disk was full
    assert_eq!(view(&state.join("catalog.db")).len(), 42);
}

/// `owlery audit` creates nothing, and skips an incomplete last line.
#[test]
fn reading_leaves_no_trace() {
    let world = World::new();
    let ran = world.run("audit", &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "no entries\n"), "{ran:?}");
    assert!(!world.has(".owlery"));
    assert_eq!(world.run("audit", &["--json"]).json(), json!({"entries": [], "next": null}));

    let file = world.path(".owlery/audit.jsonl");
    for (days, torn) in [(60, 7), (59, 0)] {
        world.old_event("Camera1", days, "10-00-00");
        assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
        let whole = fs::metadata(&file).unwrap().len();
        OpenOptions::new().write(true).open(&file).unwrap().set_len(whole - torn).unwrap();
        let _ = fs::remove_file(world.path(".owlery/catalog.db"));
    }
    let ran = world.run("audit", &["--json"]);
    assert_eq!(words(ran.json()["entries"].as_array().unwrap()), ["item", "pass", "pass"]);
    assert!(ran.stderr.contains("1 line of the audit log cannot be parsed"), "{}", ran.stderr);
}

#[test]
fn the_audit_file_belongs_to_the_roots_owner() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    std::os::unix::fs::chown(&world.root, Some(4321), Some(4321)).unwrap();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    let file = world.path(".owlery/audit.jsonl").metadata().unwrap();
    assert_eq!((file.uid(), file.gid()), (4321, 4321));
}

/// A deletion by a user was recorded a second time, as a pass that was cut off.
#[test]
fn a_deletion_is_not_recorded_twice() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    world.old_event("Camera1", 50, "10-00-00");
    let id = event_id("Camera1", 60, "10-00-00");
    assert_eq!(world.run("delete", &[&id]).code, 0);
    assert_eq!(words(&audit(&world)), ["deleted"]);
    // A pass looks through what waits in the queue.
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert_eq!(words(&audit(&world)), ["item", "pass", "deleted"]);
}
