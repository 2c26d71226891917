//! The state directory and the marker: which archive they belong to, who may write there, who may hold the lock.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::world::{Disk, KEEP_45_DAYS, Ran, World, event_id, run_by, unprivileged, wait_until};

/// An archive with a stale day, and a state directory that has seen it.
fn seen() -> (World, String) {
    let world = World::new();
    world.old_event("Camera1", 3, "10-00-00");
    let state = world.outside("state").to_str().unwrap().to_owned();
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &["--state-dir", &state]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    (world, state)
}

/// Puts another folder at the root, as a mount that failed does, with a stale day in it.
fn replace_root(world: &World) -> std::path::PathBuf {
    fs::rename(&world.root, world.root.with_extension("first")).unwrap();
    world.old_event("Camera1", 60, "10-00-00")
}

/// A state directory that knows archive A: an unmarked archive B at the root was marked as new and expired.
#[test]
fn a_used_state_refuses_an_unmarked_root() {
    let (world, state) = seen();
    let day = replace_root(&world);
    let id = event_id("Camera1", 60, "10-00-00");
    let movie = world.path(&id).join("video.mp4").display().to_string();
    for (command, args) in [
        ("expire", vec![]),
        ("scan", vec![]),
        ("list", vec![]),
        ("plan", vec![]),
        ("stats", vec![]),
        ("check", vec![]),
        ("queue", vec![]),
        ("delete", vec![id.as_str()]),
        ("save", vec![id.as_str()]),
        ("unsave", vec![id.as_str()]),
        ("ended", vec![movie.as_str()]),
        ("restore", vec!["20200101T000000Z-abc"]),
        ("serve", vec!["--listen", "127.0.0.1:0"]),
    ] {
        let rule: &[&str] = if ["expire", "plan", "serve"].contains(&command) { &KEEP_45_DAYS } else { &[] };
        let ran = world.run(command, &[&args[..], &["--state-dir", &state], rule].concat());
        assert_eq!(ran.code, 3, "{command}: {ran:?}");
        assert!(ran.stderr.contains("owlery accept"), "{command}: {ran:?}");
    }
    assert!(day.exists() && !world.has(".owlery"));
    assert_eq!(world.run("audit", &["--state-dir", &state]).code, 0, "the state can still be read");
    let ran = world.run("accept", &["--state-dir", &state]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &["--state-dir", &state]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!day.exists());
}

#[test]
fn another_archives_root_is_refused_too() {
    let (world, state) = seen();
    let day = replace_root(&world);
    assert_eq!(world.run("scan", &[]).code, 0); // it has its own marker now
    let flags = [&KEEP_45_DAYS[..], &["--state-dir", &state]].concat();
    let ran = world.run("expire", &flags);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(day.exists());
    // The first archive comes back: nothing of its state was lost.
    fs::rename(&world.root, world.root.with_extension("second")).unwrap();
    fs::rename(world.root.with_extension("first"), &world.root).unwrap();
    assert_eq!(world.run("expire", &flags).code, 0);
}

#[test]
fn an_empty_mount_point_is_no_new_archive() {
    let (world, state) = seen();
    fs::rename(&world.root, world.root.with_extension("first")).unwrap();
    fs::create_dir(&world.root).unwrap();
    let ran = world.run("expire", &[&KEEP_45_DAYS[..], &["--state-dir", &state]].concat());
    assert!(ran.code == 3 || ran.code == 4, "{ran:?}");
    assert!(!world.has(".owlery"));
}

#[test]
fn an_archive_that_moved_keeps_its_state() {
    let (world, state) = seen();
    let moved = world.root.with_extension("moved");
    fs::rename(&world.root, &moved).unwrap();
    let mut command = crate::world::program();
    command.arg("expire").arg(&moved).args(KEEP_45_DAYS).args(["--state-dir", &state]);
    let ran = Ran::of(command);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// A broken `archive.json` was reported as missing, and `check` found nothing although nothing would ever expire.
#[test]
fn a_broken_marker_is_named_everywhere() {
    let world = World::new();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    for broken in ["", "{", "[]", r#"{"owlery":7,"archive":"x"}"#] {
        fs::write(world.path(".owlery/archive.json"), broken).unwrap();
        for (command, code) in [("expire", 3), ("check", 1)] {
            let ran = world.run(command, if command == "check" { &[] } else { &KEEP_45_DAYS });
            assert_eq!(ran.code, code, "{command} {broken:?}: {ran:?}");
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(said.contains("archive.json is broken") && said.contains("owlery accept"), "{said}");
        }
    }
    let daemon = world.serve(&KEEP_45_DAYS);
    wait_until("an alert", || daemon.get("/readyz").json()["alerts"].to_string().contains("is broken"));
    assert_eq!(daemon.stop(), 0);
    assert_eq!(world.run("accept", &[]).code, 0);
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
}

/// What was no file at all was named without a cure, and `accept` failed without one.
#[test]
fn a_marker_of_another_kind_is_explained() {
    let world = World::new();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    let marker = world.path(".owlery/archive.json");
    for (what, cure) in [("link", "it is a link"), ("huge", "larger than"), ("directory", "remove that first")] {
        fs::remove_file(&marker).unwrap();
        match what {
            "link" => std::os::unix::fs::symlink("/dev/null", &marker).unwrap(),
            "huge" => fs::write(&marker, vec![b' '; 9000]).unwrap(),
            _ => fs::create_dir(&marker).unwrap(),
        }
        let ran = world.run("expire", &KEEP_45_DAYS);
        let told = format!("with: owlery accept {}\n", world.root.display());
        assert!(ran.code == 3 && ran.stderr.contains(cure) && ran.stderr.contains(&told), "{what}: {ran:?}");
        if what == "directory" {
            assert_eq!(world.run("accept", &[]).code, 1);
            fs::remove_dir(&marker).unwrap();
        }
        assert_eq!(world.run("accept", &[]).code, 0, "{what}");
        assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0, "{what}");
    }
}

/// The folder above the root may be one that Motion's user can pass through and not list.
#[test]
fn a_folder_above_need_not_be_readable() {
    let world = World::new();
    world.old_event("Camera1", 1, "10-00-00");
    let above = world.root.parent().unwrap();
    fs::set_permissions(above, fs::Permissions::from_mode(0o311)).unwrap();
    for command in ["expire", "check"] {
        let mut program = crate::world::program();
        program.arg(command).arg(&world.root);
        let ran = Ran::of(unprivileged(&program));
        assert_eq!(ran.code, 0, "{command}: {ran:?}");
    }
    fs::set_permissions(above, fs::Permissions::from_mode(0o700)).unwrap();
}

/// A root that was remounted read-only stayed ready without an alert.
#[test]
fn a_read_only_root_is_an_alert() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "8M");
    fs::create_dir(world.path("Camera1")).unwrap();
    let state = world.outside("state").to_str().unwrap().to_owned();
    let daemon = world.serve(&[&KEEP_45_DAYS[..], &["--state-dir", &state, "--check-interval", "1s"]].concat());
    disk.remount("ro");
    wait_until("an alert", || daemon.get("/readyz").json()["alerts"].to_string().contains("read-only"));
    let ran = world.run("expire", &["--state-dir", &state]);
    assert!(ran.code == 1 || ran.code == 3, "{ran:?}");
    disk.remount("rw");
    wait_until("no alert", || daemon.get("/readyz").json()["alerts"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(daemon.stop(), 0);
}

/// Everything in a folder that every user may write.
fn open_to_others(folder: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(folder).into_iter().flatten();
    let is_open = |entry: &walkdir::DirEntry| {
        let meta = entry.metadata().unwrap();
        !meta.is_symlink() && meta.permissions().mode() & 0o002 != 0
    };
    all.filter(is_open).map(|entry| entry.path().display().to_string()).collect()
}

/// Under umask 0 the state directory was 0777 and its files 0666.
#[test]
fn nothing_of_ours_is_writable_for_everybody() {
    let world = World::new();
    world.old_event("Camera1", 60, "10-00-00");
    let id = event_id("Camera1", 3, "10-00-00");
    world.event(id.as_str()).old().make();
    let state = world.outside("new").join("state");
    let named = ["--state-dir", state.to_str().unwrap()];
    let run = |command: &str, flags: &[&str]| {
        let ran = Ran::of(run_by(&["sh", "-c", "umask 0; exec \"$@\"", "sh"], &world.command(command, flags)));
        assert_eq!(ran.code, 0, "{command}: {ran:?}");
    };
    for flags in [&[][..], &named] {
        run("expire", &[&KEEP_45_DAYS[..], &["--undo-window", "1d", "--sidecars", "all"], flags].concat());
        run("save", &[&[id.as_str()], flags].concat());
        run("scan", &[&["--measure"], flags].concat());
        let folder = if flags.is_empty() { world.path(".owlery") } else { state.clone() };
        assert_eq!(open_to_others(&folder), [] as [&str; 0]);
    }
    assert_eq!(open_to_others(&world.root), [] as [&str; 0]);
}

#[test]
fn a_state_open_to_everybody_is_closed() {
    let world = World::new();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    for path in [".owlery", ".owlery/audit.jsonl", ".owlery/catalog.db", ".owlery/lock"] {
        let path = world.path(path);
        if !path.exists() {
            fs::write(&path, "").unwrap();
        }
        let mode = if path.is_dir() { 0o777 } else { 0o666 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("could be written by every user"), "{ran:?}");
    assert_eq!(open_to_others(&world.path(".owlery")), [] as [&str; 0]);
}

/// Any user who could read ROOT could hold the lock and keep `serve` from starting.
#[test]
fn a_strangers_lock_does_not_stop_us() {
    let world = World::new();
    assert_eq!(world.run("expire", &KEEP_45_DAYS).code, 0);
    fs::set_permissions(world.root.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    // The lock file as an earlier build left it.
    fs::set_permissions(world.path(".owlery/lock"), fs::Permissions::from_mode(0o666)).unwrap();
    let mut holders: Vec<_> = [world.root.clone(), world.path(".owlery/lock")]
        .iter()
        .map(|path| {
            let mut holder = Command::new("setpriv");
            holder.args(["--reuid=65534", "--regid=65534", "--clear-groups", "flock"]).arg(path).args(["sleep", "600"]);
            holder.stdout(Stdio::null()).process_group(0).spawn().unwrap()
        })
        .collect();
    let is_held = |path: &Path| !Command::new("flock").args(["-n"]).arg(path).arg("true").status().unwrap().success();
    wait_until("both are held", || is_held(&world.root) && is_held(&world.path(".owlery/lock")));
    let daemon = world.serve(&KEEP_45_DAYS);
    daemon.wait_for_log("it is ignored");
    let other = world.run("serve", &["--listen", "127.0.0.1:0"]);
    assert_eq!(other.code, 2, "{other:?}");
    assert!(other.stderr.contains(&format!("process {}", daemon.child.id())), "{other:?}");
    assert_eq!(daemon.stop(), 0);
    for holder in &mut holders {
        let group = format!("-{}", holder.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        holder.wait().unwrap();
    }
}

#[test]
fn the_holder_of_the_lock_is_named() {
    let world = World::new();
    let mut holder = Command::new("flock").arg(&world.root).args(["sleep", "600"]).process_group(0).spawn().unwrap();
    let is_held = || !Command::new("flock").args(["-n"]).arg(&world.root).arg("true").status().unwrap().success();
    wait_until("it is held", is_held);
    let ran = world.run("expire", &KEEP_45_DAYS);
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", holder.id())]).status();
    holder.wait().unwrap();
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains(&format!("process {} (flock)", holder.id())), "{ran:?}");
}
