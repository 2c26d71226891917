//! Passes in a delete queue whose archive is not known any more: `.owlery` was removed, or the queue came from elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::world::{Daemon, Disk, KEEP_45_DAYS, Pause, Ran, World, event_id, wait_until};

/// An archive with one retired event, due at once, and without its `.owlery`; returns the event and the pass.
fn orphaned() -> (World, String, PathBuf) {
    let world = World::new();
    let (id, pass) = retire(&world, "Camera1", 60);
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    (world, id, pass)
}

/// Retires one event, to be removed at once; returns it and the pass.
fn retire(world: &World, camera: &str, days: u64) -> (String, PathBuf) {
    retire_with(world, camera, days, &[])
}

/// Like `retire`, with these flags.
fn retire_with(world: &World, camera: &str, days: u64, flags: &[&str]) -> (String, PathBuf) {
    let id = event_id(camera, days, "10-00-00");
    world.event(&id).no_movie().old().make();
    let mut command = world.command("expire", KEEP_45_DAYS.iter().chain(flags));
    command.env("OWLERY_FAULT", "retire-8");
    assert_eq!(Ran::of(command).code, -1);
    let pass = world.queued().into_iter().find(|pass| pass.join(&id).exists());
    (id, pass.unwrap_or_default())
}

fn name(pass: &Path) -> &str {
    pass.file_name().unwrap().to_str().unwrap()
}

/// The id of another archive.
const FOREIGN: &str = "0123456789abcdef0123456789abcdef";

fn manifest(pass: &Path) -> Value {
    serde_json::from_slice(&fs::read(pass.join("pass.json")).unwrap()).unwrap()
}

/// The id of the archive that a pass belongs to.
fn archive_of(pass: &Path) -> String {
    manifest(pass)["archive"].as_str().unwrap().to_owned()
}

/// Makes a pass one of another archive.
fn make_foreign(pass: &Path) {
    let mut manifest = manifest(pass);
    manifest["archive"] = FOREIGN.into();
    fs::write(pass.join("pass.json"), manifest.to_string()).unwrap();
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

/// A daemon that adopts, and whose reaper has passed by: what was due is spared for a day.
fn assert_spared(world: &World, daemon: &Daemon, id: &str, pass: &Path) {
    let next = world.old_event("Camera1", 70, "12-00-00");
    let is_reaped = || world.queued().iter().all(|queued| queued == pass);
    wait_until("a pass of its own is removed", || !next.exists() && is_reaped());
    assert!(pass.join(id).join("video.mp4").exists() || pass.join(id).join("10-00-00-00.jpg").exists());
    let waits = daemon.get("/api/v1/queue").json()["passes"][0].clone();
    let moment = |field: &str| -> DateTime<Utc> { waits[field].as_str().unwrap().parse().unwrap() };
    assert!(moment("undo_until") - moment("started") >= TimeDelta::hours(24), "{waits}");
    let ran = world.run("restore", &[name(pass)]);
    assert!(ran.code == 0 && world.has(id) && !pass.exists(), "{ran:?}");
}

/// The first that opens the archive without its marker may be a daemon, whose reaper takes what is due.
#[test]
fn a_daemon_spares_what_it_adopts() {
    for manifest in ["pass.json", "reaping.json"] {
        let (world, id, pass) = orphaned();
        fs::rename(pass.join("pass.json"), pass.join(manifest)).unwrap();
        let daemon = world.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "1s"]].concat());
        daemon.wait_for_log("is marked as archive");
        assert_spared(&world, &daemon, &id, &pass);
        assert_eq!(daemon.stop(), 0);
        assert_eq!(world.run("check", &[]).code, 0);
    }
}

/// `.owlery` goes while a daemon has a pass that is due: nothing is removed, and the next start adopts the pass.
#[test]
fn a_daemon_without_its_marker_removes_nothing() {
    let world = World::new();
    let (id, pass) = retire(&world, "Camera1", 60);
    let flags = [&KEEP_45_DAYS[..], &["--check-interval", "1s", "--listen", "127.0.0.1:0"]].concat();
    let mut command = world.command("serve", &flags);
    let pause = Pause::at(&world, "reaper", &mut command);
    let daemon = Daemon::start(command);
    pause.meanwhile(|| fs::remove_dir_all(world.path(".owlery")).unwrap());
    let alerts = || daemon.get("/readyz").json()["alerts"].to_string();
    wait_until("the reaper was refused", || alerts().contains("cannot be removed"));
    wait_until("an alert", || alerts().contains("archive.json is gone"));
    assert!(pass.join(&id).join("10-00-00-00.jpg").exists());
    assert_eq!(daemon.stop(), 0);
    assert!(pass.join(&id).join("10-00-00-00.jpg").exists());
    let daemon = world.serve(&flags[..6]);
    assert_spared(&world, &daemon, &id, &pass);
    assert_eq!(daemon.stop(), 0);
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

/// A state directory elsewhere names the same archive as the waiting passes: the root is that archive, without `owlery accept`.
#[test]
fn state_dir_and_queue_that_agree_adopt() {
    let world = World::new();
    let state = world.outside("state").display().to_string();
    let named = ["--state-dir", state.as_str()];
    let (id, pass) = retire_with(&world, "Camera1", 60, &named);
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    assert_eq!(world.run("check", &named).code, 1, "it names the missing marker");
    let ran = world.run("restore", &[&[name(&pass)][..], &named].concat());
    assert!(ran.code == 0 && world.has(&id) && world.has(".owlery/archive.json"), "{ran:?}");
    assert_eq!(world.run("check", &named).code, 0);
}

/// A root is refused where the state directory names another archive than the passes: the message names both.
#[test]
fn refusal_names_the_archive_of_the_passes() {
    let (world, id, pass) = orphaned();
    let other = World::new();
    let state = world.outside("state").display().to_string();
    let named = ["--state-dir", state.as_str()];
    assert_eq!(other.run("expire", &[&KEEP_45_DAYS[..], &named].concat()).code, 0);
    let of_passes = archive_of(&pass);
    for command in ["check", "queue", "list", "expire"] {
        let ran = world.run(command, &named);
        assert!(ran.code == 3 && ran.stderr.contains(&of_passes) && ran.stderr.contains("owlery accept"), "{ran:?}");
    }
    let ran = world.run("accept", &named);
    assert!(ran.code == 0 && ran.stdout.contains(&of_passes), "{ran:?}");
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &named].concat());
    assert!(ran.code == 0 && pass.join(&id).exists(), "it can be restored for a day: {ran:?}");
    assert_eq!(world.run("restore", &[&[name(&pass)][..], &named].concat()).code, 0);
    assert!(world.has(&id));
}

/// `owlery accept` replaced a broken marker, and the next `expire` removed passes that were due.
#[test]
fn accept_spares_passes_for_a_day() {
    let world = World::new();
    let (id, pass) = retire(&world, "Camera1", 60);
    fs::write(world.path(".owlery/archive.json"), "{").unwrap();
    let told = world.run("check", &[]);
    assert!(told.code == 1 && told.stdout.contains("is broken") && told.stdout.contains("problem"), "{told:?}");
    assert!(world.run("queue", &[]).stdout.contains(name(&pass)));
    assert_eq!(world.run("accept", &[]).code, 0);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert!(pass.join(&id).exists());
    assert_eq!(world.run("restore", &[name(&pass)]).code, 0);
    assert!(world.has(&id));
}

/// A pass had waited long enough before it was adopted; with a clock set ahead it was removed at once: found by breaking it.
#[test]
fn adopted_passes_wait_again() {
    for command in ["expire", "accept"] {
        let world = World::new();
        let state = world.outside("state");
        let named = ["--state-dir", state.to_str().unwrap()];
        let (_, pass) = retire_with(&world, "Camera1", 60, &[&named[..], &["--undo-window", "1d"]].concat());
        assert_eq!(world.run("expire", &named).code, 0);
        let waited = || -> Value { serde_json::from_slice(&fs::read(state.join("waited.json")).unwrap()).unwrap() };
        let mut timers = waited();
        timers["passes"][name(&pass)] = 1_000_000.into();
        fs::write(state.join("waited.json"), timers.to_string()).unwrap();
        match command {
            "accept" => fs::write(world.path(".owlery/archive.json"), "{").unwrap(),
            _ => fs::remove_dir_all(world.path(".owlery")).unwrap(),
        }
        let ran = world.run(command, &named);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(world.run("expire", &named).code, 0);
        assert!(waited()["passes"][name(&pass)].as_u64().unwrap() < 1000, "{command}: {}", waited());
    }
}

/// A time to restore that cannot be read never ends, also after the adoption.
#[test]
fn adoption_sets_no_end_to_an_unreadable_time() {
    let (world, _, pass) = orphaned();
    let mut manifest = manifest(&pass);
    manifest["undo_until"] = "some day".into();
    fs::write(pass.join("pass.json"), manifest.to_string()).unwrap();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    assert_eq!(self::manifest(&pass)["undo_until"], "some day");
}

/// Passes of two archives, one of them the state directory's: `owlery accept` takes that one.
#[test]
fn accept_prefers_the_archive_of_the_state() {
    let world = World::new();
    let state = world.outside("state").display().to_string();
    let named = ["--state-dir", state.as_str()];
    let (id, pass) = retire_with(&world, "Camera1", 60, &named);
    let (other, foreign) = retire_with(&world, "Camera2", 61, &named);
    make_foreign(&foreign);
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    let own = archive_of(&pass);
    let ran = world.run("expire", &named);
    assert!(ran.code == 3 && ran.stderr.contains(&own) && ran.stderr.contains(FOREIGN), "{ran:?}");
    let ran = world.run("accept", &named);
    assert!(ran.code == 0 && ran.stdout.contains(&own), "{ran:?}");
    for (id, pass) in [(&id, &pass), (&other, &foreign)] {
        assert_eq!(world.run("restore", &[&[name(pass)][..], &named].concat()).code, 0);
        assert!(world.has(id));
    }
}

/// An archive id that would forge a line of the log, or change a terminal.
#[test]
fn ids_of_foreign_passes_are_escaped() {
    let world = World::new();
    let state = world.outside("state").display().to_string();
    let named = ["--state-dir", state.as_str()];
    let (_, pass) = retire_with(&world, "Camera1", 60, &named);
    let mut manifest = manifest(&pass);
    manifest["archive"] = "\u{1b}[31m\nowlery: all is well".repeat(1000).into();
    fs::write(pass.join("pass.json"), manifest.to_string()).unwrap();
    let daemon = world.serve(&named);
    wait_until("an alert", || daemon.log().contains("of another archive"));
    assert!(!daemon.log().contains("\nowlery") && daemon.log().len() < 10_000, "{}", daemon.log());
    assert_eq!(daemon.stop(), 0);
    fs::remove_file(world.path(".owlery/archive.json")).unwrap();
    let ran = world.run("expire", &named);
    assert!(ran.code == 3 && ran.stderr.matches("owlery:").count() <= 2, "{ran:?}");
    assert!(!ran.stderr.contains('\u{1b}') && ran.stderr.len() < 2000, "{ran:?}");
}

/// A daemon said nothing about passes that no archive has, and `owlery queue` called the queue empty.
#[test]
fn foreign_passes_are_reported_everywhere() {
    let world = World::new();
    let (id, pass) = retire(&world, "Camera1", 60);
    make_foreign(&pass);
    let restore = format!("owlery restore {} {}", world.root.display(), name(&pass));
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert!(ran.code == 0 && ran.stderr.contains(&restore), "{ran:?}");
    let ran = world.run("queue", &[]);
    assert!(ran.stdout.contains(&restore) && !ran.stdout.contains("empty"), "{ran:?}");
    assert!(world.run("check", &[]).stdout.contains(&restore));
    let (begun, reaping) = (pass.join("pass.json"), pass.join("reaping.json"));
    fs::rename(&begun, &reaping).unwrap();
    let ran = world.run("check", &[]);
    assert!(ran.stdout.contains("cannot be restored") && !ran.stdout.contains(&restore), "{ran:?}");
    fs::rename(&reaping, &begun).unwrap();
    let daemon = world.serve(&KEEP_45_DAYS);
    let alerts = || daemon.get("/readyz").json()["alerts"].to_string();
    wait_until("an alert", || alerts().contains(&restore));
    assert_eq!(world.run("restore", &[name(&pass)]).code, 0);
    assert!(world.has(&id));
    wait_until("no alert", || alerts() == "[]");
}
