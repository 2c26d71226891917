//! Passes in a delete queue whose archive is not known any more: `.owlery` was removed, or the queue came from elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::world::{Disk, KEEP_45_DAYS, Ran, World, event_id};

/// An archive with one retired event, due at once, and without its `.owlery`; returns the event and the pass.
fn orphaned() -> (World, String, PathBuf) {
    let world = World::new();
    let (id, pass) = retire(&world, "Camera1", 60);
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    (world, id, pass)
}

/// Retires one event, to be removed at once; returns it and the pass.
fn retire(world: &World, camera: &str, days: u64) -> (String, PathBuf) {
    let id = event_id(camera, days, "10-00-00");
    world.event(&id).no_movie().old().make();
    let mut command = world.command("expire", KEEP_45_DAYS);
    command.env("OWLERY_FAULT", "retire-8");
    assert_eq!(Ran::of(command).code, -1);
    let pass = world.queued().into_iter().find(|pass| pass.join(&id).exists());
    (id, pass.unwrap_or_default())
}

fn name(pass: &Path) -> &str {
    pass.file_name().unwrap().to_str().unwrap()
}

/// Makes a pass one of another archive.
fn make_foreign(pass: &Path) {
    let path = pass.join("pass.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["archive"] = "0123456789abcdef0123456789abcdef".into();
    fs::write(path, manifest.to_string()).unwrap();
}

/// After `.owlery` was removed the archive got a new id, and waiting passes belonged to no archive.
#[test]
fn lost_marker_is_made_again_from_the_queue() {
    let (world, id, pass) = orphaned();
    let told = world.run("check", &[]);
    assert!(told.code == 1 && told.stdout.contains("archive.json"), "{told:?}");
    assert!(world.run("queue", &[]).stdout.contains(name(&pass)));
    assert!(!world.has(".owlery"), "asking changes nothing");
    let ran = world.run("restore", &[name(&pass)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(world.has(&id) && world.queued().is_empty());
    assert_eq!(world.run("check", &[]).code, 0);
}

/// What is adopted was due, or was being removed: it can be restored for a day all the same.
#[test]
fn adopted_passes_are_spared_for_a_day() {
    for manifest in ["pass.json", "reaping.json"] {
        let (world, id, pass) = orphaned();
        fs::rename(pass.join("pass.json"), pass.join(manifest)).unwrap();
        let ran = world.run("expire", &KEEP_45_DAYS);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(pass.join(&id).exists(), "{manifest}");
        let waits = world.run("queue", &["--json"]).json()["passes"][0].clone();
        let until: DateTime<Utc> = waits["undo_until"].as_str().unwrap().parse().unwrap();
        let started: DateTime<Utc> = waits["started"].as_str().unwrap().parse().unwrap();
        assert!(until - started >= TimeDelta::hours(24), "{waits}");
        assert_eq!(world.run("restore", &[name(&pass)]).code, 0);
        assert!(world.has(&id));
    }
}

/// Queues of several archives: none is adopted, none is reaped, each is reported and can be restored.
#[test]
fn passes_of_several_archives_are_offered() {
    let world = World::new();
    let passes = [retire(&world, "Camera1", 60), retire(&world, "Camera2", 61)];
    make_foreign(&passes[0].1);
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    let daemon = world.serve(&["--check-interval", "1s"]);
    assert_eq!(world.run("expire", &[]).code, 0);
    assert_eq!(daemon.stop(), 0);
    let told = world.run("check", &[]);
    assert_eq!(told.code, 1, "{told:?}");
    for (id, pass) in &passes {
        assert!(pass.join(id).exists() && told.stdout.contains(name(pass)), "{told:?}");
        assert!(world.run("queue", &[]).stdout.contains(name(pass)));
        assert_eq!(world.run("restore", &[name(pass)]).code, 0);
        assert!(world.has(id) && !pass.exists());
    }
    assert_eq!(world.run("check", &[]).code, 0);
}

/// A foreign pass in a root that has its marker stays what it is, and a person can take it back.
#[test]
fn foreign_pass_is_never_reaped() {
    let world = World::new();
    let (id, pass) = retire(&world, "Camera1", 60);
    make_foreign(&pass);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(pass.join(&id).exists());
    assert_eq!(world.run("check", &[]).code, 1);
    assert_eq!(world.run("restore", &[name(&pass)]).code, 0);
    assert!(world.has(&id) && !pass.exists());
}

/// A camera on a disk of its own has its own queue, which is searched for the id too.
#[test]
fn cameras_own_queue_is_adopted() {
    let world = World::new();
    let _disk = Disk::mount(world.path("Camera2"), "4m");
    let (id, _) = retire(&world, "Camera2", 60);
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    let pass = world.run("queue", &["--json"]).json()["passes"][0]["pass"].as_str().unwrap().to_owned();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert_eq!(world.run("restore", &[&pass]).code, 0);
    assert!(world.has(&id));
}
