//! The delete queue when something fails: what was done is recorded item by item, what was cut off is put back item by
//! item, and nothing in the queue is ever without an owner.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::world::{KEEP_45_DAYS, Ran, World, days_ago, event_id, run_by};

/// An old event of a camera, so many days ago.
fn old(world: &World, camera: &str, days: u64, name: &str) -> String {
    let id = event_id(camera, days, name);
    world.event(&id).no_movie().old().make();
    id
}

/// Runs a command with system calls on `path` failing: `fsync:error=EIO`.
fn failing(world: &World, command: &str, flags: &[&str], path: &Path, inject: &str) -> Ran {
    let (inject, path) = (format!("inject={inject}"), path.to_str().unwrap());
    let strace = ["strace", "-f", "-o", "/dev/null", "-P", path, "-e", &inject];
    Ran::of(run_by(&strace, &world.command(command, flags)))
}

fn audit(world: &World, what: &str) -> Vec<Value> {
    let entries = world.run("audit", &["--json", "--limit", "1000"]).json()["entries"].as_array().unwrap().clone();
    entries.into_iter().filter(|entry| entry["what"] == what).collect()
}

fn queue(world: &World) -> Vec<Value> {
    world.run("queue", &["--json"]).json()["passes"].as_array().unwrap().clone()
}

fn crash(world: &World, step: &str, command: &str, flags: &[&str]) {
    let mut command = world.command(command, flags);
    command.env("OWLERY_FAULT", step);
    assert_eq!(Ran::of(command).code, -1, "{step}");
}

/// Events that went one by one were forgotten when the `rmdir` of their day failed: removed, without a line in the audit.
#[test]
fn failed_rmdir_keeps_the_audit_entry() {
    let world = World::new();
    let gone = old(&world, "Camera1", 60, "10-00-00");
    world.event(event_id("Camera1", 60, "11-00-00")).saved().old().make();
    let ran = failing(&world, "expire", &KEEP_45_DAYS, &world.path("Camera1"), "unlinkat:error=EPERM");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!world.has(&gone) && world.queued().is_empty());
    let items = audit(&world, "item");
    assert_eq!((items.len(), &items[0]["events"][0]), (1, &"10-00-00".into()), "{items:?}");
    assert_eq!(audit(&world, "left").len(), 1);
}

/// If the renames cannot be made durable, all is moved back, and the audit log and the output report each item that
/// stays.
#[test]
fn failed_sync_is_put_back_and_recorded() {
    let world = World::new();
    let ids = ["Camera1", "Camera2"].map(|camera| old(&world, camera, 60, "10-00-00"));
    let ran = failing(&world, "expire", &KEEP_45_DAYS, &world.path("Camera1"), "fsync:error=EIO");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ids.iter().all(|id| world.has(id)), "{ran:?}");
    let left = audit(&world, "left");
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(|entry| entry["reason"].as_str().unwrap().contains("moved back")), "{left:?}");
    assert!(audit(&world, "item").is_empty() && audit(&world, "pass").is_empty());
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert_eq!((audit(&world, "item").len(), world.queued().len()), (2, 0));
}

/// A deletion that failed was recorded as "by rule"; saving, unsaving and restoring were not recorded at all.
#[test]
fn failures_by_hand_are_recorded_by_hand() {
    let world = World::new();
    let id = old(&world, "Camera1", 3, "10-00-00");
    let day = world.path(format!("Camera1/{}", days_ago(3)));
    let ran = failing(&world, "delete", &[&id], &day, "renameat2:error=EIO");
    assert_eq!(ran.code, 1, "{ran:?}");
    let left = audit(&world, "left");
    assert_eq!((left.len(), &left[0]["by"]), (1, &"hand".into()), "{left:?}");

    assert_eq!(failing(&world, "save", &[&id], &world.path(&id), "openat:error=EACCES").code, 1);
    assert_eq!(world.run("save", &[&id]).code, 0);
    assert_eq!(failing(&world, "unsave", &[&id], &world.path(&id), "unlinkat:error=EACCES").code, 1);
    assert_eq!(world.run("unsave", &[&id]).code, 0);
    let failed = audit(&world, "failed");
    assert_eq!(failed.len(), 2, "{failed:?}");

    let pass = world.run("delete", &[&id, "--json"]).json()["pass"].as_str().unwrap().to_owned();
    let part = world.path(format!("delete_queue/{pass}/Camera1"));
    let ran = failing(&world, "restore", &[&pass], &part, "renameat2:error=EIO");
    assert_eq!(ran.code, 1, "{ran:?}");
    let left = audit(&world, "left");
    assert_eq!((left.len(), &left[0]["pass"]), (2, &pass.clone().into()), "{left:?}");
    assert!([left, failed].concat().iter().all(|entry| entry["by"] == "hand"));
    assert_eq!(world.run("restore", &[&pass]).code, 0);
    assert!(world.has(&id));
}

/// The second refusal by the same guard was taken for the first, although it was about another event.
#[test]
fn each_refused_delete_is_recorded() {
    let world = World::new();
    let ids = [3, 4].map(|days| {
        let id = event_id("Camera1", days, "10-00-00");
        world.event(&id).saved().old().make();
        id
    });
    for id in &ids {
        assert_eq!(world.run("delete", &[id]).code, 3);
    }
    let refused = audit(&world, "refused");
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused.iter().all(|entry| entry["by"] == "hand" && entry["guard"] == "saved"));
}

/// The process ends between the renames of a deletion and its record: the next start completes it from the manifest.
#[test]
fn killed_delete_is_recorded_by_hand() {
    let world = World::new();
    let ids = ["10-00-00", "11-00-00"].map(|name| old(&world, "Camera1", 3, name));
    crash(&world, "retire-8", "delete", &[&ids[0], &ids[1]]);
    assert_eq!(world.run("expire", &[]).code, 0);
    let deleted = audit(&world, "deleted");
    assert_eq!(deleted.len(), 2, "{deleted:?}");
    assert!(deleted.iter().all(|entry| entry["by"] == "hand" && entry["count"] == 1), "{deleted:?}");
    assert!(audit(&world, "pass").is_empty());
}

/// The process ends before a confirmed pass is recorded: the manifest says that a person confirmed it.
#[test]
fn killed_confirmed_pass_is_recorded_by_hand() {
    let world = World::new();
    old(&world, "Camera1", 60, "10-00-00");
    let ran = world.run("expire", &["--keep-days", "45", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let id = ran.json()["pass"].as_str().unwrap().to_owned();
    crash(&world, "retire-8", "expire", &["--keep-days", "45", "--confirm", &id]);
    assert_eq!(world.run("expire", &[]).code, 0);
    assert_eq!(audit(&world, "pass")[0]["by"], "hand");
    assert_eq!(audit(&world, "item")[0]["by"], "rule");
}

/// A pass that was cut off was moved back only up to the first failing day; the rest belonged to no pass.
#[test]
fn a_cut_off_pass_goes_back_by_item() {
    let world = World::new();
    let ids = ["Camera1", "Camera2", "Camera3"].map(|camera| old(&world, camera, 60, "10-00-00"));
    crash(&world, "retire-7", "expire", &KEEP_45_DAYS);
    let in_the_way = world.path(format!("Camera1/{}", days_ago(60)));
    fs::write(&in_the_way, "another note").unwrap();
    let pass = queue(&world)[0]["pass"].as_str().unwrap().to_owned();
    assert_eq!(world.run("check", &[]).code, 1, "it is named before it is put back, too");

    world.run("expire", &KEEP_45_DAYS[..2]);
    assert!(!world.has(&ids[0]) && world.has(&ids[1]) && world.has(&ids[2]));
    let waits = queue(&world);
    assert_eq!((waits.len(), waits[0]["items"].as_array().unwrap().len()), (1, 1), "{waits:?}");
    assert_eq!((&waits[0]["pass"], &waits[0]["items"][0]["camera"]), (&pass.clone().into(), &"Camera1".into()));
    assert!(waits[0]["problem"].as_str().unwrap().contains("interrupted"), "{waits:?}");
    let until: chrono::DateTime<chrono::Utc> = waits[0]["undo_until"].as_str().unwrap().parse().unwrap();
    let started: chrono::DateTime<chrono::Utc> = waits[0]["started"].as_str().unwrap().parse().unwrap();
    assert!(until - started > chrono::TimeDelta::hours(23));
    let told = world.run("check", &[]);
    assert!(told.code == 1 && told.stdout.contains(&pass), "{told:?}");
    assert!(world.run("queue", &[]).stdout.contains("interrupted"));
    assert!(audit(&world, "item").iter().any(|entry| entry["pass"] == *pass && entry["camera"] == "Camera1"));

    fs::remove_file(&in_the_way).unwrap();
    let ran = world.run("restore", &[&pass]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(world.has(&ids[0]) && world.queued().is_empty());
    assert_eq!(world.run("check", &[]).code, 0);
}

/// A pass that was cut off can be restored by its name before any start has put it back.
#[test]
fn cut_off_pass_can_be_restored() {
    let world = World::new();
    let id = old(&world, "Camera1", 60, "10-00-00");
    crash(&world, "retire-7", "expire", &KEEP_45_DAYS);
    let pass = queue(&world)[0]["pass"].as_str().unwrap().to_owned();
    let ran = world.run("restore", &[&pass]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(world.has(&id) && world.queued().is_empty());
}

/// After one failure to open the pass's directory every later item failed with "File exists".
#[test]
fn emfile_fails_one_item_only() {
    for call in ["openat:error=EMFILE:when=1", "openat:error=ENOMEM:when=2", "mkdirat:error=ENFILE:when=1"] {
        let world = World::new();
        let cameras = ["Camera1", "Camera2", "Camera3"];
        let ids = cameras.map(|camera| old(&world, camera, 60, "10-00-00"));
        fs::create_dir(world.path("delete_queue")).unwrap();
        let ran = failing(&world, "expire", &KEEP_45_DAYS, &world.path("delete_queue"), call);
        let output = ran.stdout.clone() + &ran.stderr;
        assert!(!output.contains("File exists"), "{call}: {ran:?}");
        assert!(ids.iter().filter(|id| world.has(id)).count() <= 1, "{call}: {ran:?}");
        assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0, "{call}");
        assert!(ids.iter().all(|id| !world.has(id)) && world.queued().is_empty(), "{call}");
        assert_eq!(audit(&world, "item").len(), 3, "{call}");
    }
}

/// Every day that goes event by event kept two directories open until the end of the pass.
#[test]
fn long_pass_needs_few_descriptors() {
    let world = World::new();
    for days in 60..200 {
        old(&world, "Camera1", days, "10-00-00");
        world.event(event_id("Camera1", days, "11-00-00")).no_movie().frames(1).saved().old().make();
    }
    let ran = Ran::of(run_by(&["prlimit", "--nofile=160:160"], &world.command("expire", KEEP_45_DAYS)));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(audit(&world, "item").len(), 140);
}

/// A pass whose record could not be written ended with exit 0.
#[test]
fn unwritten_audit_is_exit_1() {
    let world = World::new();
    old(&world, "Camera1", 60, "10-00-00");
    assert_eq!(world.run("scan", &[]).code, 0);
    fs::create_dir(world.path(".owlery/audit.jsonl")).unwrap(); // nothing can be appended to a directory
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(
        ran.code == 1 && ran.stderr.contains("entries of the audit") && ran.stderr.contains("--state-dir"),
        "{ran:?}"
    );
}

/// A pass without an undo window was removed although the audit did not have it.
#[test]
fn unrecorded_passes_are_not_removed() {
    let world = World::new();
    let id = old(&world, "Camera1", 60, "10-00-00");
    assert_eq!(world.run("scan", &[]).code, 0);
    let file = world.path(".owlery/audit.jsonl");
    fs::create_dir(&file).unwrap(); // nothing can be appended to a directory
    let rule = [&KEEP_45_DAYS[..], &["--undo-window", "0"]].concat();
    assert_eq!(world.run("expire", &rule).code, 1);
    assert!(!world.has(&id), "it is retired");
    let queued = || world.run("queue", &["--json"]).json().to_string().contains("Camera1");
    assert!(queued(), "and not removed");
    fs::remove_dir(&file).unwrap();
    assert_eq!(world.run("expire", &rule).code, 0);
    assert_eq!((queued(), audit(&world, "item").len()), (false, 1));
}

/// An event that cannot be moved was reported twice: a second time as a day that cannot be removed, though it was not
/// empty.
#[test]
fn a_failed_move_is_recorded_once() {
    let world = World::new();
    let id = old(&world, "Camera1", 60, "10-00-00");
    let day = world.path(format!("Camera1/{}", days_ago(60)));
    fs::write(day.join("notes.txt"), "not ours").unwrap();
    let ran = failing(&world, "expire", &KEEP_45_DAYS, &day, "renameat2:error=EIO");
    assert_eq!((ran.code, world.has(&id)), (1, true), "{ran:?}");
    assert!(!ran.stderr.contains("remove the empty"), "{ran:?}");
    assert_eq!(audit(&world, "left").len(), 1);
}

/// What a newer version retired, and passes with a manifest that cannot be read, waited for ever; `check` found nothing wrong.
#[test]
fn passes_with_strange_manifests_are_problems() {
    let world = World::new();
    old(&world, "Camera1", 60, "10-00-00");
    assert_eq!(world.run("expire", &[&KEEP_45_DAYS[..], &["--undo-window", "1d"]].concat()).code, 0);
    let pass = world.queued()[0].clone();
    let manifest = fs::read_to_string(pass.join("pass.json")).unwrap();
    let newer = r#"{"owlery":2,"moved":[]}"#.to_owned();
    let name = pass.file_name().unwrap().to_str().unwrap();
    let renamed = manifest.replace(name, "20200101T000000Z-abcdef");
    for (text, says) in
        [(newer, "a newer owlery"), (String::new(), "is not of our form"), (renamed, "names another pass")]
    {
        fs::write(pass.join("pass.json"), text).unwrap();
        let check = world.run("check", &[]);
        assert_eq!(check.code, 1, "{says}: {check:?}");
        let line = check.stdout.lines().find(|line| line.contains(says));
        assert!(line.is_some_and(|line| line.starts_with("problem") && line.contains("never removed")), "{check:?}");
        assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    }
    fs::write(pass.join("pass.json"), manifest).unwrap();
    fs::create_dir_all(world.path("delete_queue/of-another-tool")).unwrap();
    assert_eq!(world.run("check", &[]).code, 0, "folders of others are no problem");
}
