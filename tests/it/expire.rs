//! What expires, what never does, and what is refused: `owlery plan` and `owlery expire` on real archives.
//!
//! `OWLERY_FAULT=retire-8` ends the process when everything is retired and nothing is reaped yet, so that the pass can
//! be looked at.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::{Disk, KEEP_45_DAYS, Ran, World, days_ago, event_id, run_by, unprivileged, wait_until};

fn event(world: &World, camera: &str, days: u64, name: &str) -> PathBuf {
    world.old_event(camera, days, name)
}

/// The directory of a day below the root: `Camera1/2026-09-20`.
fn day(camera: &str, days: u64) -> String {
    format!("{camera}/{}", days_ago(days))
}

fn expire(world: &World) -> Ran {
    world.run("expire", &KEEP_45_DAYS)
}

/// Retires and stops before anything is reaped; returns the pass's directory in the root's queue.
fn retire_only(world: &World) -> PathBuf {
    let mut command = world.command("expire", KEEP_45_DAYS);
    command.env("OWLERY_FAULT", "retire-8");
    let ran = Ran::of(command);
    assert_eq!(ran.code, -1, "{ran:?}");
    let queued = world.queued();
    assert_eq!(queued.len(), 1, "{queued:?}");
    queued[0].clone()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_whole_stale_day_is_renamed_whole() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 60, "11-00-00");
    let inode = world.path(day("Camera1", 60)).metadata().unwrap().ino();
    let pass = retire_only(&world);
    let retired = pass.join(day("Camera1", 60));
    assert_eq!(retired.metadata().unwrap().ino(), inode, "it is the same directory");
    assert!(retired.join("10-00-00/video.mp4").is_file());
    assert!(!world.has(day("Camera1", 60)));
    assert!(world.has("Camera1"));

    assert_eq!(expire(&world).code, 0);
    assert!(world.queued().is_empty(), "what a crash left is reaped by the next run");
}

#[test]
fn the_manifest_has_plan_time_and_reasons() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 50, "10-00-00");
    world.event(event_id("Camera1", 50, "11-00-00")).saved().old().make();
    let planned = world.run("plan", &["--keep-days", "45", "--json"]).json();
    let pass = retire_only(&world);
    let manifest = read_json(&pass.join("pass.json"));
    let name = pass.file_name().unwrap().to_str().unwrap();
    assert_eq!(manifest["owlery"], 1);
    assert_eq!(manifest["pass"], name);
    assert_eq!(manifest["archive"], read_json(&world.path(".owlery/archive.json"))["archive"]);
    assert_eq!(manifest["undo_until"], Value::Null);
    assert_eq!(manifest["items"], planned["items"]);
    let started = manifest["started"].as_str().unwrap();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).take(14).collect::<String>();
    assert_eq!(digits(name), digits(started), "the name begins with the same moment in UTC");
    assert!(started.ends_with('Z'));
}

#[test]
fn the_manifest_precedes_the_first_rename() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    let before = world.tree();
    let mut command = world.command("expire", KEEP_45_DAYS);
    command.env("OWLERY_FAULT", "retire-3");
    assert_eq!(Ran::of(command).code, -1);
    let queued = world.queued();
    assert_eq!(queued.len(), 1);
    assert_eq!(fs::read_dir(&queued[0]).unwrap().count(), 1, "nothing but the manifest");
    assert_eq!(read_json(&queued[0].join("retiring.json"))["items"][0]["events"], "all");
    let archive: Vec<String> = world.tree().into_iter().filter(|path| !path.starts_with("delete_queue")).collect();
    assert_eq!(archive, before);
}

/// The other events of its day are retired one by one.
#[test]
fn a_saved_event_stays_while_its_day_goes() {
    let world = World::new();
    let saved = world.event(event_id("Camera1", 60, "11-00-00")).saved().old().make();
    event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 60, "12-00-00");
    let inode = world.path(day("Camera1", 60)).metadata().unwrap().ino();
    let before = fs::read_dir(&saved).unwrap().count();
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["items"][0]["events"], serde_json::json!(["10-00-00", "12-00-00"]));
    assert_eq!(world.path(day("Camera1", 60)).metadata().unwrap().ino(), inode, "the day itself was not moved");
    assert_eq!(fs::read_dir(&saved).unwrap().count(), before);
    assert_eq!(world.list().len(), 1);
    assert_eq!(world.list()[0]["saved"], true);
}

#[test]
fn what_is_not_ours_is_never_touched() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    let of_day = world.path(day("Camera1", 60));
    fs::write(of_day.join("note.txt"), "the thief!").unwrap();
    fs::create_dir(of_day.join("police")).unwrap();
    fs::write(of_day.join("police/copy.mp4"), "x").unwrap();
    fs::write(world.path("Camera1/lastsnap.jpg"), "x").unwrap();
    fs::create_dir_all(world.path(event_id("Garden", 60, "10-00-00"))).unwrap();
    fs::create_dir_all(world.path(format!("Camera1/old-{}/10-00-00", days_ago(60)))).unwrap();
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "what is not ours is data, not an error: {ran:?}");
    assert!(!of_day.join("10-00-00").exists(), "the event itself went");
    let left: Vec<String> = world.tree().into_iter().filter(|path| !path.starts_with("delete_queue")).collect();
    let (day, old) = (day("Camera1", 60), days_ago(60));
    let mut expected = vec![
        "Camera1".to_owned(),
        day.clone(),
        format!("{day}/note.txt"),
        format!("{day}/police"),
        format!("{day}/police/copy.mp4"),
        "Camera1/lastsnap.jpg".to_owned(),
        format!("Camera1/old-{old}"),
        format!("Camera1/old-{old}/10-00-00"),
        "Garden".to_owned(),
        format!("Garden/{old}"),
        format!("Garden/{old}/10-00-00"),
    ];
    expected.sort();
    assert_eq!(left, expected);
}

#[test]
fn a_day_expires_after_more_than_n_days() {
    let world = World::new();
    for days in [0, 1, 2, 44, 45, 46] {
        event(&world, "Camera1", days, "10-00-00");
    }
    assert_eq!(expire(&world).code, 0);
    assert!(!world.has(day("Camera1", 46)));
    assert!(world.has(day("Camera1", 45)));
    assert_eq!(world.run("expire", &["--keep-days", "1", "--max-share", "1"]).code, 0);
    assert!(!world.has(day("Camera1", 2)));
    assert!(world.has(format!("{}/10-00-00", day("Camera1", 1))), "yesterday");
    assert!(world.has(format!("{}/10-00-00", day("Camera1", 0))), "today");
}

#[test]
fn without_a_rule_nothing_expires() {
    let world = World::new();
    event(&world, "Camera1", 9000, "10-00-00");
    fs::create_dir(world.path(day("Camera1", 8999))).unwrap();
    let before = world.tree();
    for flags in [&[][..], &["--keep-days", "forever"], &["--max-share", "1"]] {
        let ran = world.run("expire", flags);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "nothing to do\n"), "{ran:?}");
    }
    assert_eq!(world.tree(), before);
    assert!(world.run("plan", &[]).stdout.contains("no retention rule"));
}

#[test]
fn empty_days_before_yesterday_are_removed() {
    let world = World::new();
    for days in [0, 1, 20, 60] {
        fs::create_dir(world.path(day("Camera1", days))).unwrap();
    }
    assert_eq!(expire(&world).code, 0);
    assert!(!world.has(day("Camera1", 60)));
    assert!(world.has(day("Camera1", 20)), "its time is not over");
    assert_eq!(world.run("expire", &["--keep-days", "1"]).code, 0);
    assert!(!world.has(day("Camera1", 20)));
    assert!(world.has(day("Camera1", 1)), "Motion may be about to write there");
    assert!(world.has(day("Camera1", 0)));
}

#[test]
fn moves_into_the_queue_never_overwrite() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 50, "10-00-00");
    world.event(event_id("Camera1", 50, "11-00-00")).saved().old().make();
    let calls = world.outside("strace").join("calls");
    let trace = ["strace", "-f", "-e", "trace=rename,renameat,renameat2", "-o", calls.to_str().unwrap()];
    let ran = Ran::of(run_by(&trace, &world.command("expire", KEEP_45_DAYS)));
    assert_eq!(ran.code, 0, "{ran:?}");
    let calls = fs::read_to_string(calls).unwrap();
    let moves: Vec<&str> =
        calls.lines().filter(|call| call.contains(&days_ago(60)) || call.contains("\"10-00-00\"")).collect();
    assert_eq!(moves.len(), 2, "a day and an event: {calls}");
    assert!(moves.iter().all(|call| call.contains("RENAME_NOREPLACE")), "{moves:?}");
}

/// On filesystems without no-replace renames.
#[test]
fn a_plain_rename_is_the_fallback() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    let inject = ["strace", "-f", "-o", "/dev/null", "-e", "inject=renameat2:error=EINVAL"];
    let ran = Ran::of(run_by(&inject, &world.command("expire", KEEP_45_DAYS)));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!world.has(day("Camera1", 60)));
    assert!(world.queued().is_empty());
}

#[test]
fn exdev_selects_the_cameras_own_queue() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 59, "10-00-00");
    let inject = ["strace", "-f", "-o", "/dev/null", "-e", "inject=renameat2:error=EXDEV:when=1"];
    let ran = Ran::of(run_by(&inject, &world.command("expire", KEEP_45_DAYS)));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!world.has(day("Camera1", 60)) && !world.has(day("Camera1", 59)));
    assert_eq!(fs::read_dir(world.path("Camera1/delete_queue")).unwrap().count(), 0, "used, and reaped");
    assert!(world.queued().is_empty());
}

#[test]
fn a_too_large_pass_is_held_until_confirmed() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 59, "10-00-00");
    event(&world, "Camera1", 3, "10-00-00");
    let before = world.tree();
    let ran = world.run("expire", &["--keep-days", "45", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let pass = ran.json();
    assert_eq!(pass["refused"]["guard"], "share");
    assert_eq!(pass["items"], serde_json::json!([]));
    let id = pass["pass"].as_str().unwrap();
    assert_eq!(world.tree(), before, "nothing is changed, not even a queue made");

    let ran = world.run("expire", &["--keep-days", "45"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.stderr.contains(&format!("owlery expire {} --confirm {id}\n", world.root.display())),
        "it says what to do: {}",
        ran.stderr
    );
    assert_eq!(world.run("expire", &["--keep-days", "45", "--confirm", "0000000000000000"]).code, 3);
    assert_eq!(world.tree(), before);

    let ran = world.run("expire", &["--keep-days", "45", "--confirm", id]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(world.list().len(), 1);
}

/// It takes what was held, without events that were saved since.
#[test]
fn a_confirmed_pass_takes_no_more_than_held() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    let saved = event(&world, "Camera1", 60, "11-00-00");
    event(&world, "Camera1", 58, "10-00-00");
    let rule = ["--keep-days", "45", "--json"];
    let id = world.run("expire", &rule).json()["pass"].as_str().unwrap().to_owned();
    fs::write(saved.join(".saved"), "").unwrap();
    event(&world, "Camera1", 60, "12-00-00");
    event(&world, "Camera1", 59, "10-00-00");
    let gone = world.path(day("Camera1", 58));
    fs::remove_dir_all(&gone).unwrap();
    let ran = world.run("expire", &[&rule[..], &["--confirm", &id]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let items = ran.json()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
    assert_eq!(items[0]["events"], serde_json::json!(["10-00-00"]));
    let mut left: Vec<Value> = world.list().iter().map(|event| event["id"].clone()).collect();
    left.sort_by_key(ToString::to_string);
    let (a, b) = (days_ago(60), days_ago(59));
    assert_eq!(
        left,
        [format!("Camera1/{a}/11-00-00"), format!("Camera1/{a}/12-00-00"), format!("Camera1/{b}/10-00-00")]
    );
    let again = world.run("expire", &[&rule[..], &["--confirm", &id]].concat());
    assert_eq!(again.code, 3, "it is done once, and what came since is another plan: {again:?}");
    assert_ne!(again.json()["pass"], id.as_str());
}

#[test]
fn a_new_plan_replaces_the_held_one() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    let hold = || world.run("expire", &["--keep-days", "45", "--json"]).json()["pass"].as_str().unwrap().to_owned();
    let first = hold();
    assert_eq!(hold(), first, "the same plan keeps its id");
    event(&world, "Camera1", 59, "10-00-00");
    assert_ne!(hold(), first);
    assert_eq!(world.run("expire", &["--keep-days", "45", "--confirm", &first]).code, 3);
    assert_eq!(world.list().len(), 2);
}

#[test]
fn cameras_can_have_rules_of_their_own() {
    let world = World::empty();
    for camera in ["Camera1", "Camera2", "Camera3", "Camera10"] {
        event(&world, camera, 20, "10-00-00");
    }
    let rules = ["--keep-days", "10", "--keep-days", "Camera1=forever", "--keep-days", "Camera2=30"];
    let ran = world.run("expire", &[&rules[..], &["--max-share", "1"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(world.has(day("Camera1", 20)) && world.has(day("Camera2", 20)));
    assert!(!world.has(day("Camera3", 20)) && !world.has(day("Camera10", 20)));
}

#[test]
fn a_rule_for_an_unknown_camera_holds_all() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    let before = world.tree();
    let rules = ["--keep-days", "45", "--keep-days", "Camera2=forever", "--max-share", "1", "--json"];
    let ran = world.run("expire", &rules);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.json()["refused"]["guard"], "configuration");
    let id = ran.json()["pass"].as_str().unwrap().to_owned();
    let ran = world.run("expire", &[&rules[..], &["--confirm", &id]].concat());
    assert_eq!(ran.code, 3, "a typo cannot be confirmed: {ran:?}");
    assert_eq!(world.tree(), before);
    // The alert comes at once, not only when something would be due.
    fs::remove_dir_all(world.path(day("Camera1", 60))).unwrap();
    assert_eq!(world.run("expire", &rules).code, 3);
}

#[test]
fn one_cameras_error_stops_no_other() {
    let world = World::empty();
    for camera in ["Camera1", "Camera2", "Camera3"] {
        event(&world, camera, 60, "10-00-00");
    }
    fs::set_permissions(world.path("Camera2"), fs::Permissions::from_mode(0o555)).unwrap();
    let ran = Ran::of(unprivileged(&world.command("expire", KEEP_45_DAYS)));
    fs::set_permissions(world.path("Camera2"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("Camera2") && ran.stderr.contains("Permission denied"), "{}", ran.stderr);
    assert!(!world.has(day("Camera1", 60)) && !world.has(day("Camera3", 60)));
    assert!(world.has(format!("{}/10-00-00/video.mp4", day("Camera2", 60))));
    assert_eq!(expire(&world).code, 0, "and when the cause is gone, so is the error");
    assert!(!world.has(day("Camera2", 60)));
}

/// The next pass retires the day.
#[test]
fn one_failed_rename_stops_nothing_else() {
    let world = World::new();
    event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 59, "10-00-00");
    let inject = ["strace", "-f", "-o", "/dev/null", "-e", "inject=renameat2:error=EIO:when=1"];
    let ran = Ran::of(run_by(&inject, &world.command("expire", KEEP_45_DAYS)));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains(&days_ago(60)) && ran.stderr.contains("Input/output error"), "{}", ran.stderr);
    assert!(world.has(day("Camera1", 60)) && !world.has(day("Camera1", 59)));
    assert!(world.queued().is_empty());
    assert_eq!(expire(&world).code, 0);
    assert!(!world.has(day("Camera1", 60)));
}

#[test]
fn cameras_on_other_disks_have_own_queues() {
    let world = World::empty();
    let _mounted = Disk::mount(world.path("Camera2"), "4m");
    let disk = world.outside("disk");
    let _linked = Disk::mount(&disk, "4m");
    fs::create_dir(disk.join("third")).unwrap();
    symlink(disk.join("third"), world.path("Camera3")).unwrap();
    for camera in ["Camera1", "Camera2", "Camera3"] {
        event(&world, camera, 60, "10-00-00");
    }
    let pass = retire_only(&world);
    let name = pass.file_name().unwrap();
    for (camera, queue) in [
        ("Camera1", world.path("delete_queue")),
        ("Camera2", world.path("Camera2/delete_queue")),
        ("Camera3", disk.join("third/delete_queue")),
    ] {
        let part = queue.join(name);
        assert!(part.join("pass.json").is_file(), "{camera}: one pass, with its manifest in each queue");
        assert!(part.join(day(camera, 60)).join("10-00-00").is_dir(), "{camera}");
    }
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    for queue in [world.path("delete_queue"), world.path("Camera2/delete_queue"), disk.join("third/delete_queue")] {
        assert_eq!(fs::read_dir(&queue).unwrap().count(), 0, "{}", queue.display());
    }
    assert_eq!(world.list().len(), 0);
}

#[test]
fn a_plan_is_what_expire_then_does() {
    let world = World::empty();
    event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 60, "11-00-00");
    event(&world, "Camera2", 50, "10-00-00");
    let saved = world.event(event_id("Camera2", 50, "11-00-00")).saved().old().make();
    event(&world, "Camera2", 3, "10-00-00");
    let before = world.tree();
    let bytes = |below: &str| -> u64 {
        let files = walkdir::WalkDir::new(world.path(below)).into_iter().flatten();
        files.filter(|entry| entry.file_type().is_file()).map(|entry| entry.metadata().unwrap().len()).sum()
    };
    let planned = world.run("plan", &[&KEEP_45_DAYS[..], &["--json"]].concat()).json();
    let reason = |days| format!("older than 45 days: ended {}", days_ago(days));
    let rule = |days| serde_json::json!({"kind": "older-than", "days": 45, "ended": days_ago(days)});
    assert_eq!(
        planned["items"],
        serde_json::json!([
            {"camera": "Camera1", "day": days_ago(60), "events": "all", "count": 2,
             "bytes": bytes(&day("Camera1", 60)), "reason": reason(60), "rule": rule(60)},
            {"camera": "Camera2", "day": days_ago(50), "events": ["10-00-00"], "count": 1,
             "bytes": bytes(&format!("{}/10-00-00", day("Camera2", 50))), "reason": reason(50), "rule": rule(50)},
        ])
    );
    assert_eq!(planned["kept"][0]["events"], serde_json::json!(["11-00-00"]));
    assert_eq!(planned["kept"][0]["reason"], "saved");
    assert_eq!(world.tree(), before, "a dry run changes nothing");

    let done = world.run("expire", &[&KEEP_45_DAYS[..], &["--json"]].concat()).json();
    assert_eq!(done["items"], planned["items"]);
    assert_eq!(done["refused"], Value::Null);
    assert_eq!(done["undo_until"], Value::Null);
    assert!(done["pass"].is_string() && done["started"].is_string());
    assert!(saved.is_dir());
    let again = world.run("expire", &[&KEEP_45_DAYS[..], &["--json"]].concat()).json();
    assert_eq!(again["pass"], Value::Null, "nothing more to do");
    assert!(world.queued().is_empty());
}

/// `plan` with rules of its own shows what they would do.
#[test]
fn beside_a_daemon_its_rules_apply() {
    let world = World::new();
    for days in [3, 20, 60] {
        event(&world, "Camera1", days, "10-00-00");
    }
    let daemon = world.serve(&["--keep-days", "100"]);
    let before = world.tree();
    for flags in [&["--keep-days", "45"][..], &["--max-share", "1"]] {
        let ran = world.run("expire", flags);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("a daemon runs on this archive and applies its own rules"), "{}", ran.stderr);
    }
    let days = |flags: &[&str]| -> Vec<String> {
        let planned = world.run("plan", &[flags, &["--json"]].concat()).json();
        planned["items"].as_array().unwrap().iter().map(|item| item["day"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(days(&[]), [""; 0]);
    assert_eq!(days(&["--keep-days", "45"]), [days_ago(60)]);
    assert_eq!(days(&["--keep-days", "10"]), [days_ago(60), days_ago(20)]);
    assert_eq!(world.run("plan", &["--keep-days", "0"]).code, 2);
    assert_eq!(world.tree(), before, "asking changes nothing");
    assert_eq!(daemon.events().len(), 3);
    assert_eq!(daemon.stop(), 0);
}

/// Beside a daemon, `expire` runs there, and can confirm what the daemon holds.
#[test]
fn expire_runs_in_the_daemon() {
    let world = World::new();
    for days in [59, 60] {
        event(&world, "Camera1", days, "10-00-00");
    }
    event(&world, "Camera1", 3, "10-00-00");
    let daemon = world.serve(&["--keep-days", "45"]);
    let ran = world.run("expire", &["--json"]);
    assert_eq!(ran.code, 3, "two of three events: {ran:?}");
    assert_eq!(daemon.events().len(), 3);
    let id = ran.json()["pass"].as_str().unwrap().to_owned();
    let ran = world.run("expire", &["--json", "--confirm", &id]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["items"][0]["day"], days_ago(60));
    assert_eq!(daemon.events().len(), 1, "it is listed at once");
    assert!(!world.has(day("Camera1", 60)) && !world.has(day("Camera1", 59)));
    wait_until("the daemon reaps", || world.queued().is_empty());
    assert_eq!(daemon.stop(), 0);
}

/// `.saved` was set after the last scan.
#[test]
fn a_mark_missing_in_the_catalog_protects() {
    let world = World::new();
    let marked = event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 60, "11-00-00");
    event(&world, "Camera1", 59, "10-00-00");
    let rules = ["--keep-days", "45"]; // held by the share, so that the daemon's own timer takes nothing
    let daemon = world.serve(&rules);
    wait_until("all is measured and will not be looked at for a day", || {
        daemon.events().iter().all(|event| event["bytes"].is_u64())
    });
    let id = world.run("expire", &["--json"]).json()["pass"].as_str().unwrap().to_owned();
    fs::write(marked.join(".saved"), "").unwrap();
    let known = daemon.event(&format!("{}/10-00-00", day("Camera1", 60))).unwrap();
    assert_eq!(known["saved"], false, "days that old are not watched");
    let ran = world.run("expire", &["--json", "--confirm", &id]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(marked.join("video.mp4").is_file());
    assert!(!world.has(format!("{}/11-00-00", day("Camera1", 60))));
    let left = daemon.events();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["saved"], true, "and known from then on");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn links_in_place_of_days_are_refused() {
    let world = World::new();
    for days in [59, 60] {
        event(&world, "Camera1", days, "10-00-00");
    }
    let daemon = world.serve(&["--keep-days", "45"]);
    let id = world.run("expire", &["--json"]).json()["pass"].as_str().unwrap().to_owned();
    let outside = world.outside("elsewhere").join("day");
    fs::rename(world.path(day("Camera1", 60)), &outside).unwrap();
    symlink(&outside, world.path(day("Camera1", 60))).unwrap();
    let _ = world.run("expire", &["--json", "--confirm", &id]);
    wait_until("it is listed no more", || daemon.event(&format!("{}/10-00-00", day("Camera1", 60))).is_none());
    assert_eq!(daemon.stop(), 0);
    let ran = expire(&world);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("refused"), "the link is named: {}", ran.stderr);
    assert!(outside.join("10-00-00/video.mp4").is_file(), "nothing outside is touched");
    assert!(world.path(day("Camera1", 60)).is_symlink());
    assert!(!world.has(day("Camera1", 59)));
}

#[test]
fn links_in_place_of_events_are_refused() {
    let world = World::new();
    let moved = event(&world, "Camera1", 60, "10-00-00");
    event(&world, "Camera1", 60, "11-00-00");
    let outside = world.outside("elsewhere").join("event");
    fs::rename(&moved, &outside).unwrap();
    symlink(&outside, &moved).unwrap();
    let ran = expire(&world);
    assert_eq!(ran.code, 1, "the link is named: {ran:?}");
    assert!(outside.join("video.mp4").is_file() && moved.is_symlink());
    assert!(!world.has(format!("{}/11-00-00", day("Camera1", 60))));
}
