//! Taking back, deleting by hand, saving: `owlery queue`, `restore`, `delete`, `save` and `unsave`, with and without a
//! running daemon.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{Daemon, KEEP_45_DAYS, Ran, World, days_ago, event_id, wait_until};

fn id(days: u64, name: &str) -> String {
    event_id("Camera1", days, name)
}

/// Retires what is stale, to be taken back for an hour; returns the pass's name.
fn retire(world: &World) -> String {
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &["--undo-window", "1h", "--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()["pass"].as_str().unwrap().to_owned()
}

fn queue(world: &World) -> Vec<Value> {
    let ran = world.run("queue", &["--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()["passes"].as_array().unwrap().clone()
}

#[test]
fn a_pass_is_restorable_in_its_window() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    world.old_event("Camera1", 60, "11-00-00");
    world.old_event("Camera1", 3, "10-00-00");
    let before = world.tree();
    let pass = retire(&world);
    assert_eq!(world.queued().len(), 1, "it is not reaped before its time");
    assert_eq!(world.list().len(), 1);
    let queued = queue(&world);
    assert_eq!((queued[0]["pass"].as_str(), queued[0]["by"].as_str()), (Some(pass.as_str()), Some("rule")));
    assert!(queued[0]["undo_until"].is_string() && queued[0]["items"][0]["reason"].is_string());
    assert!(world.run("queue", &[]).stdout.contains(&pass));

    let ran = world.run("restore", &[&pass, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["items"][0]["count"], 2);
    let after: Vec<String> = world.tree().into_iter().filter(|path| path != "delete_queue").collect();
    assert_eq!(after, before);
    assert_eq!(world.list().len(), 3);
    assert!(queue(&world).is_empty());
}

/// Without the catalog too.
#[test]
fn restored_days_are_kept_by_every_rule() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    let pass = retire(&world);
    assert_eq!(world.run("restore", &[&pass]).code, 0);
    fs::remove_file(world.path(".owlery/catalog.db")).unwrap();
    for rule in
        [&KEEP_45_DAYS[..], &["--max-size", "1B", "--max-share", "1"], &["--min-free", "99%", "--max-share", "1"]]
    {
        let ran = world.run("expire", rule);
        assert_eq!(ran.code, 0, "{ran:?}");
        let plan = world.run("plan", &[rule, &["--json"]].concat()).json();
        assert_eq!(plan["kept"][0]["reason"], "restored", "{plan}");
    }
    assert_eq!(world.list().len(), 1);
}

/// Events whose names are taken stay in the queue and are reported.
#[test]
fn a_restore_never_overwrites() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    world.old_event("Camera1", 60, "11-00-00");
    let pass = retire(&world);
    let new = world.event(id(60, "10-00-00")).frames(1).old().make();
    let names = || fs::read_dir(&new).unwrap().count();
    let before = names();
    let ran = world.run("restore", &[&pass]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("10-00-00: an event of that name exists again"), "{}", ran.stderr);
    assert!(world.has(id(60, "11-00-00")), "the other is back");
    assert_eq!(names(), before);
    let queued = queue(&world);
    assert_eq!(queued.len(), 1);
    let until = queued[0]["undo_until"].as_str().unwrap().to_owned();
    let in_23_hours = chrono::DateTime::parse_from_rfc3339(&until).unwrap() - chrono::TimeDelta::hours(23);
    assert!(in_23_hours > chrono::DateTime::parse_from_rfc3339(queued[0]["started"].as_str().unwrap()).unwrap());
    // Once its name is free again, it comes back too.
    fs::remove_dir_all(&new).unwrap();
    assert_eq!(world.run("restore", &[&pass]).code, 0);
    assert!(world.has(format!("{}/video.mp4", id(60, "10-00-00"))));
    assert!(queue(&world).is_empty() && world.queued().is_empty());
}

#[test]
fn a_pass_that_is_not_there_is_named() {
    let world = World::new();
    let ran = world.run("restore", &["20260101T000000Z-AbCdEf"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "owlery: there is no queued pass 20260101T000000Z-AbCdEf\n"));
    let ran = world.run("restore", &["../../etc"]);
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn a_deleted_event_is_restorable_for_a_day() {
    let world = World::new();
    world.old_event("Camera1", 3, "10-00-00");
    world.old_event("Camera1", 3, "11-00-00");
    let ran = world.run("delete", &[&id(3, "10-00-00"), "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let pass = ran.json()["pass"].as_str().unwrap().to_owned();
    assert!(!world.has(id(3, "10-00-00")) && world.has(id(3, "11-00-00")));
    assert_eq!(world.list().len(), 1);
    assert_eq!(world.run("expire", &[]).code, 0);
    assert_eq!(queue(&world)[0]["by"], "hand", "no pass removes it before its time");
    assert_eq!(world.run("restore", &[&pass]).code, 0);
    assert_eq!(world.list().len(), 2);
}

#[test]
fn a_complete_event_of_today_can_be_deleted() {
    let world = World::new();
    world.old_event("Camera1", 0, "00-00-01");
    let ran = world.run("delete", &[&id(0, "00-00-01")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(world.list().is_empty());
    assert!(world.has(format!("Camera1/{}", days_ago(0))), "Motion may be about to write there");
}

#[test]
fn saved_and_open_events_are_not_deleted() {
    let world = World::new();
    world.old_event("Camera1", 3, "10-00-00");
    world.event(id(3, "11-00-00")).saved().old().make();
    let today = crate::world::today();
    let open = format!("Camera1/{today}/23-59-59");
    world.event(&open).movie("video.mp4", crate::world::unfinished_mp4()).make();
    for (event, why) in [(id(3, "11-00-00"), "is saved"), (open.clone(), "still being written")] {
        let ran = world.run("delete", &[&id(3, "10-00-00"), &event]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert!(world.has(id(3, "10-00-00")) && world.has(event), "all or none");
    }
    let ran = world.run("delete", &["Camera1/2001-01-01/10-00-00"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(world.run("delete", &["Camera1/../../etc"]).code, 2);
}

/// Unsaving removes an entry `.saved` of any kind.
#[test]
fn saving_and_unsaving_change_the_mark() {
    let world = World::new();
    let dir = world.old_event("Camera1", 60, "10-00-00");
    assert_eq!(world.run("save", &[&id(60, "10-00-00")]).code, 0);
    assert!(dir.join(".saved").is_file());
    assert_eq!(world.run("save", &[&id(60, "10-00-00")]).code, 0, "twice is no error");
    assert_eq!(world.list()[0]["saved"], true);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(dir.is_dir(), "no rule takes it");
    assert_eq!(world.run("unsave", &[&id(60, "10-00-00")]).code, 0);
    assert_eq!(world.list()[0]["saved"], false);
    fs::create_dir(dir.join(".saved")).unwrap();
    assert_eq!(world.run("unsave", &[&id(60, "10-00-00")]).code, 0);
    std::os::unix::fs::symlink("/etc/passwd", dir.join(".saved")).unwrap();
    assert_eq!(world.run("unsave", &[&id(60, "10-00-00")]).code, 0);
    assert!(!dir.join(".saved").is_symlink() && std::path::Path::new("/etc/passwd").exists());
    assert_eq!(world.run("save", &["Camera1/2001-01-01/10-00-00"]).code, 1);
}

fn run_beside(world: &World, daemon: &Daemon) {
    let ask = |command: &str, flags: &[&str]| -> Ran { world.run(command, flags) };
    let victim = id(3, "10-00-00");
    assert_eq!(ask("save", &[&victim]).code, 0);
    assert_eq!(daemon.event(&victim).unwrap()["saved"], true);
    let ran = ask("delete", &[&victim]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("is saved"), "{}", ran.stderr);
    assert_eq!(ask("unsave", &[&victim]).code, 0);
    let ran = ask("delete", &[&victim, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(daemon.event(&victim).is_none());
    let pass = ran.json()["pass"].as_str().unwrap().to_owned();
    assert_eq!(queue(world)[0]["pass"], pass.as_str());
    assert_eq!(ask("restore", &[&pass]).code, 0);
    assert!(daemon.event(&victim).is_some());
    assert_eq!(ask("restore", &[&pass]).code, 1, "there is none any more");
}

#[test]
fn all_of_it_beside_a_daemon() {
    let world = World::new();
    world.old_event("Camera1", 3, "10-00-00");
    let daemon = world.serve(&[]);
    run_beside(&world, &daemon);
    assert_eq!(daemon.stop(), 0);
}

/// In one request.
#[test]
fn a_daemon_deletes_thousands_of_events() {
    let world = World::new();
    let day = days_ago(3);
    let id = |n: u32| format!("Camera_of_the_front_door/{day}/{:02}-{:02}-{:02}", n / 3600, n / 60 % 60, n % 60);
    let ids: Vec<String> = (0..2000).map(id).collect();
    for id in &ids {
        world.event(id).no_movie().old().make();
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let daemon = world.serve(&[]);
    let ran = world.run("delete", &[&ids[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["items"].as_array().unwrap().len(), 2000);
    assert!(daemon.events().is_empty());
}

#[test]
fn a_daemon_reaps_after_the_undo_window() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    let flags = [&KEEP_45_DAYS[..], &["--undo-window", "2s", "--check-interval", "1s"]].concat();
    let begun = Instant::now();
    let daemon = world.serve(&flags);
    wait_until("retired", || !world.has(format!("Camera1/{}", days_ago(60))));
    wait_until("reaped", || world.queued().is_empty());
    assert!(begun.elapsed() >= Duration::from_secs(1), "2 s, less what whole seconds leave out: {:?}", begun.elapsed());
    assert_eq!(daemon.stop(), 0);
}
