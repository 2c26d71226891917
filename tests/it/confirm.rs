//! A held pass and its confirmation: what was promised when it was planned holds, and the command that a message prints can
//! be pasted as it is.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::world::{Daemon, Ran, World, event_id, wait_until};

/// Three events, two of them stale: more than half.
fn world(root: &str) -> World {
    let mut world = World::empty();
    fs::remove_dir(&world.root).unwrap();
    world.root = world.root.with_file_name(root);
    fs::create_dir(&world.root).unwrap();
    for days in [60, 59, 3] {
        world.event(event_id("Camera1", days, "10-00-00")).no_movie().old().make();
    }
    world
}

/// The id that confirms what was refused.
fn id(ran: &Ran) -> String {
    assert_eq!(ran.code, 3, "{ran:?}");
    ran.json()["pass"].as_str().unwrap().to_owned()
}

/// How many events can still be had.
fn events(world: &World) -> usize {
    world.tree().iter().filter(|path| path.ends_with("/10-00-00")).count()
}

/// Runs the command that a message ends with, as a shell does.
fn paste(message: &str) -> Ran {
    let (_, command) = message.trim_end().rsplit_once("with: owlery ").unwrap();
    let shell = format!("{} {command}", env!("CARGO_BIN_EXE_owlery"));
    let mut bash = Command::new("bash");
    bash.args(["-c", &shell]).current_dir("/").env_remove("OWLERY_FAULT");
    Ran::of(bash)
}

/// The window was forgotten: more than half of the archive was removed at once, with no way back.
#[test]
fn confirm_keeps_the_undo_window() {
    let world = world("motion");
    let id = id(&world.run("expire", &["--keep-days", "45", "--undo-window", "7d", "--json"]));
    let ran = world.run("expire", &["--confirm", &id, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.json()["undo_until"].is_string());
    assert_eq!((events(&world), world.list().len()), (3, 1));
    assert_eq!(world.run("restore", &[ran.json()["pass"].as_str().unwrap()]).code, 0);
    assert_eq!(world.list().len(), 3);
}

/// A daemon that holds the same pass with a shorter window took the longer one away.
#[allow(clippy::disallowed_methods)] // of the real program
#[test]
fn replanning_keeps_the_longer_undo_window() {
    let world = world("motion");
    let id = id(&world.run("expire", &["--keep-days", "45", "--undo-window", "7d", "--json"]));
    let daemon = world.serve(&["--keep-days", "45", "--undo-window", "1h"]);
    let held = |daemon: &Daemon| daemon.get("/api/v1/retention").json()["plan"]["held"].clone();
    wait_until("the daemon holds it too", || held(&daemon)["guard"] == "share");
    let again = world.run("expire", &["--json"]);
    assert_eq!(self::id(&again), id, "{again:?}");
    let ran = world.run("expire", &["--confirm", &id, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let pass = ran.json();
    let time = |key: &str| chrono::DateTime::parse_from_rfc3339(pass[key].as_str().unwrap()).unwrap();
    assert!(time("undo_until") > time("started") + chrono::TimeDelta::days(6), "{ran:?}");
}

/// Beside a daemon without a window of its own, too; by the command and by HTTP.
#[test]
fn daemon_confirm_keeps_the_undo_window() {
    for by_http in [false, true] {
        let world = world("motion");
        let id = id(&world.run("expire", &["--keep-days", "45", "--undo-window", "7d", "--json"]));
        let daemon = world.serve(&[]);
        if by_http {
            let body = format!("{{\"pass\":\"{id}\"}}");
            let reply = daemon.send("POST", "/api/v1/retention/confirm", &body);
            assert_eq!(reply.status, 200, "{}", reply.text());
        } else {
            assert_eq!(world.run("expire", &["--confirm", &id]).code, 0);
        }
        assert_eq!((events(&world), daemon.events().len()), (3, 1));
        assert_eq!(world.run("expire", &[]).code, 0, "it is not due");
        assert_eq!(events(&world), 3);
        assert_eq!(daemon.stop(), 0);
    }
}

/// A shorter window than the promised one would be ignored, so it is refused; a longer one counts.
#[test]
fn confirm_refuses_a_shorter_window() {
    let world = world("motion");
    let id = id(&world.run("expire", &["--keep-days", "45", "--undo-window", "7d", "--json"]));
    let ran = world.run("expire", &["--confirm", &id, "--undo-window", "1h"]);
    assert!(ran.code == 2 && ran.stderr.contains("7days"), "{ran:?}");
    assert_eq!(world.list().len(), 3);
    let ran = world.run("expire", &["--confirm", &id, "--undo-window", "20d", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let until: chrono::DateTime<chrono::Utc> = ran.json()["undo_until"].as_str().unwrap().parse().unwrap();
    let started: chrono::DateTime<chrono::Utc> = ran.json()["started"].as_str().unwrap().parse().unwrap();
    assert_eq!((until - started).num_days(), 20);
}

/// What a message says can be pasted: with the root, the state directory and what else the archive was opened with.
#[test]
fn printed_commands_can_be_pasted() {
    let world = world("it's a $(root)");
    let state = world.outside("state dir");
    let state: PathBuf = state.join("owl's");
    let flags = ["--state-dir", state.to_str().unwrap(), "--camera-pattern", "Camera[0-9]", "--undo-window", "1h"];
    let ran = world.run("expire", &[&flags[..], &["--keep-days", "45"]].concat());
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("--camera-pattern 'Camera[0-9]'"), "{}", ran.stderr);
    let done = paste(&ran.stderr);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(events(&world), 3, "it waits to be taken back");
    let id = event_id("Camera1", 3, "10-00-00");
    let deleted = world.run("delete", &[&flags[..4], &[&id]].concat());
    assert_eq!(deleted.code, 0, "{deleted:?}");
    assert!(!world.has(&id));
    let done = paste(&deleted.stdout);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(world.has(&id));
}

/// With another pattern the held cameras seem not to exist: the confirmation did nothing, and forgot what was held.
#[test]
fn confirm_with_another_pattern_is_refused() {
    let world = world("motion");
    fs::rename(world.path("Camera1"), world.path("garden")).unwrap();
    fs::create_dir(world.path("Camera2")).unwrap();
    let pattern = ["--keep-days", "45", "--camera-pattern", "garden", "--json"];
    let id = id(&world.run("expire", &pattern));
    let ran = world.run("expire", &["--confirm", &id]);
    assert!(ran.code == 3 && ran.stderr.contains("--camera-pattern"), "{ran:?}");
    let done = paste(&ran.stderr);
    assert_eq!((done.code, events(&world)), (0, 1), "{done:?}");
}

/// The alert about days of a wrong date named `owlery expire --confirm ID` alone, which no shell could run; messages about
/// another archive did not quote paths.
#[test]
fn commands_in_messages_run_as_they_stand() {
    let world = World::new();
    let state = world.outside("my state");
    let state = state.to_str().unwrap();
    world.event("Camera1/1970-01-01/00-00-10").old().make();
    world.old_event("Camera1", 1, "10-00-00");
    let paste = |ran: &Ran| {
        let text = format!("{}{}", ran.stdout, ran.stderr);
        let command = text.lines().find_map(|line| line.split_once("owlery ").filter(|(_, rest)| rest.contains(' ')));
        let (_, words) = command.unwrap_or_else(|| panic!("no command: {ran:?}"));
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("\"$0\" {words}")]).arg(crate::world::program().get_program());
        Ran::of(shell)
    };
    let ran = paste(&world.run("expire", &["--keep-days", "45", "--state-dir", state]));
    assert!(ran.code == 0 && !world.has("Camera1/1970-01-01"), "{ran:?}");
    world.old_event("Camera1", 1, "11-00-00");
    let first = world.run("list", &["--limit", "1", "--camera", "Camera1", "--state-dir", state]);
    assert!(first.stdout.contains("11-00-00"), "{first:?}");
    let next = paste(&first);
    assert!(next.code == 0 && next.stdout.contains("10-00-00") && !next.stdout.contains("owlery"), "{next:?}");
    let older = paste(&world.run("audit", &["--limit", "1", "--state-dir", state]));
    assert_eq!(older.code, 0, "{older:?}");
    std::fs::remove_dir_all(world.path(".owlery")).unwrap();
    let ran = paste(&world.run("expire", &["--keep-days", "45", "--state-dir", state]));
    assert!(ran.code == 0 && ran.stdout.contains("is accepted"), "{ran:?}");
}

/// A rule with a typo, or a pass that takes too much, kept everything for ever, and `/readyz` had no alert.
#[test]
fn a_held_pass_is_an_alert() {
    for (rule, guard) in [("Camrea1=5", "configuration"), ("45", "share")] {
        let world = world("motion");
        let daemon = world.serve(&["--keep-days", rule]);
        let alerts = || daemon.get("/readyz").json()["alerts"].to_string();
        wait_until("an alert", || alerts().contains(&format!("guard \\\"{guard}")));
        assert!(daemon.get("/metrics").text().contains("\nowlery_alerts 1\n"));
        if guard == "share" {
            let id = id(&world.run("expire", &["--json"]));
            assert_eq!(world.run("expire", &["--confirm", &id]).code, 0);
            assert_eq!(alerts(), "[]", "it is confirmed");
        }
    }
}
