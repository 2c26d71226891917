//! Bad input: each ends with one clear line and the right exit code, and nothing is changed on disk.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::world::{Daemon, Disk, Ran, World, days_ago, event_id, program, run_by, unprivileged, wait_until};

/// Every entry of the world's folder, within the archive and beside it, with what a change of it would change.
fn snapshot(world: &World) -> Vec<String> {
    let mut all: Vec<String> = walkdir::WalkDir::new(world.root.parent().unwrap())
        .into_iter()
        .map(|entry| {
            let entry = entry.unwrap();
            let stat = entry.metadata().unwrap();
            let (mode, time, len) = (stat.mode(), (stat.ctime(), stat.ctime_nsec()), stat.len());
            format!("{} {mode:o} {len} {} {time:?}", entry.path().display(), stat.ino())
        })
        .collect();
    all.sort();
    all
}

/// Runs to the end, which must come: a daemon that starts although it should not is stopped after a while (124).
fn run(command: &Command) -> Ran {
    Ran::of(run_by(&["timeout", "60"], command))
}

/// Asserts that a command was refused with this code and one line that says so, and changed nothing.
fn assert_refused(world: &World, command: &Command, code: i32, says: &str) {
    let before = snapshot(world);
    let ran = run(command);
    assert_eq!(ran.code, code, "{command:?} {ran:?}");
    assert_eq!(ran.stdout, "", "{command:?} {ran:?}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "one line: {command:?} {ran:?}");
    assert!(lines[0].starts_with("owlery: ") && lines[0].contains(says), "{says:?}: {command:?} {ran:?}");
    assert_eq!(snapshot(world), before, "{command:?} changed something on disk");
}

const COMMANDS: [&str; 6] = ["serve", "scan", "list", "plan", "expire", "check"];

/// `owlery COMMAND ROOT` on whatever is named as the root.
fn on(command: &str, root: &Path) -> Command {
    let mut program = program();
    program.arg(command).arg(root);
    if command == "serve" {
        program.args(["--listen", "127.0.0.1:0"]);
    }
    program
}

#[test]
fn every_command_refuses_an_unknown_root() {
    let world = World::empty();
    let beside = world.outside("beside");
    fs::write(beside.join("file"), "not a folder").unwrap();
    symlink("nowhere", beside.join("dangling")).unwrap();
    // A folder of pictures; a camera's name that is a file; a hidden camera.
    let pictures = world.outside("pictures");
    fs::create_dir_all(pictures.join("2025-03-01/10-04-36")).unwrap();
    fs::write(pictures.join("Camera1"), "").unwrap();
    fs::create_dir(pictures.join(".Camera2")).unwrap();
    for (root, why) in [
        (world.root.clone(), "it contains no directory that matches"),
        (pictures, "it contains no directory that matches"),
        (beside.join("missing"), "No such file or directory"),
        (beside.join("dangling"), "No such file or directory"),
        (beside.join("file"), "Not a directory"),
        (beside.join("file/below"), "Not a directory"),
    ] {
        // An empty root is one that waits for its first camera.
        for command in COMMANDS.into_iter().filter(|command| *command != "serve" || root != world.root) {
            let mut command = on(command, &root);
            command.env("OWLERY_KEEP_DAYS", "1");
            assert_refused(&world, &command, 4, &format!("{} is not an archive: ", root.display()));
            assert_refused(&world, &command, 4, why);
        }
    }
}

/// A copy of the program that all users may run, wherever the build directory is.
fn program_for_all(world: &World) -> std::path::PathBuf {
    let folder = world.outside("bin");
    let copy = folder.join("owlery");
    // By another process: what is open for writing here, if only in a child of another test, cannot be run.
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_owlery")).arg(&copy).status().unwrap().success());
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(world.root.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

/// The same command, run from that copy by an ordinary user.
fn as_nobody(copy: &Path, command: &Command) -> Command {
    let mut ordinary = Command::new(copy);
    ordinary.args(command.get_args());
    for (name, _) in command.get_envs() {
        ordinary.env_remove(name); // what `program` keeps away from it
    }
    run_by(&["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], &ordinary)
}

#[test]
fn an_unreadable_root_is_refused() {
    let world = World::new();
    world.event("Camera1/2025-03-01/10-04-36").old().make();
    let copy = program_for_all(&world);
    for mode in [0o700, 0o711, 0o000] {
        fs::set_permissions(&world.root, fs::Permissions::from_mode(mode)).unwrap();
        for command in COMMANDS {
            let command = as_nobody(&copy, &on(command, &world.root));
            assert_refused(&world, &command, 4, "Permission denied");
        }
    }
    // Its own user too, where the permissions say so.
    assert_refused(&world, &unprivileged(&on("serve", &world.root)), 4, "Permission denied");
}

/// An archive with something old to lose.
fn archive() -> World {
    let world = World::new();
    world.event("Camera1/2020-02-29/10-04-36").old().make();
    world.old_event("Camera1", 0, "10-04-36");
    world
}

#[test]
fn a_rule_that_means_nothing_is_refused() {
    let world = archive();
    for command in ["serve", "plan", "expire"] {
        for days in
            ["0", "-1", "-100", "x", "", "1.5", "1d", " 1", "99999999999", "Camera1=0", "=5", "Camera1=", "../x=5"]
        {
            let mut command = on(command, &world.root);
            assert_refused(&world, command.args(["--keep-days", days]), 2, "--keep-days");
        }
        for share in ["0", "-0.5", "1.01", "x", "", "NaN", "50%"] {
            let mut command = on(command, &world.root);
            assert_refused(&world, command.args(["--max-share", share, "--keep-days", "1"]), 2, "--max-share");
        }
    }
}

/// A rule without a meaning is refused in flags, environment and file.
#[test]
fn invalid_rules_are_refused_from_every_source() {
    let world = archive();
    assert_refused(&world, on("serve", &world.root).env("OWLERY_KEEP_DAYS", "0"), 2, "\"0\"");
    let config = world.outside("etc").join("owlery.toml");
    for text in ["keep-days = 0", "keep-days = -1", "keep-days = \"x\"", "keep-days = [45, 0]"] {
        fs::write(&config, text).unwrap();
        assert_refused(&world, on("serve", &world.root).arg("--config").arg(&config), 2, "--keep-days");
    }
}

#[test]
fn a_setting_that_means_nothing_is_refused() {
    let world = archive();
    for (flag, value, says) in [
        ("--check-interval", "0s", "--check-interval"),
        ("--check-interval", "soon", "--check-interval"),
        ("--check-interval", "60", "--check-interval"),
        ("--event-gap", "0s", "--event-gap"),
        ("--event-gap", "", "--event-gap"),
        ("--poll", "never", "--poll"),
        ("--sidecars", "some", "--sidecars"),
        ("--camera-pattern", "Camera(", "--camera-pattern"),
        ("--listen", "localhost", "--listen"),
        ("--listen", "127.0.0.1", "--listen"),
        ("--listen", "127.0.0.1:99999", "--listen"),
        ("--motion-conf", "/nonexistent/motion.conf", "/nonexistent/motion.conf"),
        ("--config", "/nonexistent/owlery.toml", "/nonexistent/owlery.toml"),
    ] {
        let mut command = program();
        command.arg("serve").arg(&world.root).args([flag, value]);
        assert_refused(&world, &command, 2, says);
    }
}

/// Unknown keys, and values of a wrong form.
#[test]
fn an_invalid_configuration_is_refused() {
    let world = archive();
    let config = world.outside("etc").join("owlery.toml");
    for (text, says) in [
        ("keep_days = 3", "unknown field `keep_days`"),
        ("keep-days = 3\nkeep-dayz = 3", "unknown field `keep-dayz`"),
        ("[retention]\nkeep-days = 3", "unknown field `retention`"),
        ("keep-days = true", "owlery.toml"),
        ("keep-days = ", "owlery.toml"),
        ("keep-days = 3\nkeep-days = 4", "duplicate key"),
        ("\u{0}", "owlery.toml"),
    ] {
        fs::write(&config, text).unwrap();
        for command in ["serve", "plan"] {
            let mut command = on(command, &world.root);
            command.arg("--config").arg(&config);
            assert_refused(&world, &command, 2, says);
            assert_refused(&world, &command, 2, config.to_str().unwrap());
        }
    }
    // What is no text at all.
    fs::write(&config, [0xff, 0xfe]).unwrap();
    assert_refused(&world, on("serve", &world.root).arg("--config").arg(&config), 2, "owlery.toml");
}

#[test]
fn usage_errors_exit_with_two() {
    let world = archive();
    let root = world.root.to_str().unwrap();
    for args in [
        &["serve"][..],
        &["serve", root, root],
        &["serve", root, "--keep-day", "3"],
        &["serve", root, "--keep-days"],
        &["list", root, "--limit", "0"],
        &["list", root, "--limit", "-1"],
        &["list", root, "--limit", "x"],
        &["list", root, "--from", "yesterday"],
        &["list", root, "--to", "2025-02-30"],
        &["list", root, "--camera", "../etc"],
        &["remove", root],
        &[],
    ] {
        let before = snapshot(&world);
        let mut command = program();
        let ran = run(command.args(args));
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?} {ran:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
        assert_eq!(snapshot(&world), before, "{args:?}");
    }
}

/// A port in use ends the start before any file is created.
#[test]
fn a_port_in_use_is_refused_first() {
    let world = archive();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = program();
    command.arg("serve").arg(&world.root).args(["--keep-days", "1", "--listen", &address]);
    assert_refused(&world, &command, 2, &format!("cannot listen on {address}: Address already in use"));
    assert!(!world.has(".owlery"));
    drop(taken);
    let daemon = world.serve(&[]);
    assert_eq!(daemon.stop(), 0, "and there was nothing else wrong with it");
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let world = archive();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8000"] {
        let mut command = program();
        command.arg("serve").arg(&world.root).args(["--listen", address]);
        assert_refused(&world, &command, 2, "--insecure");
    }
}

/// The first daemon continues.
#[test]
fn a_second_daemon_is_refused() {
    let world = archive();
    let daemon = world.serve(&[]);
    let state = world.outside("state");
    let says = format!("another owlery runs on this archive: process {}", daemon.child.id());
    let elsewhere = ["--state-dir", state.to_str().unwrap()];
    for (flags, says) in [(&[][..], says.as_str()), (&elsewhere, "another owlery runs on this archive")] {
        let ran = run(on("serve", &world.root).args(flags));
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.lines().count()), (2, "", 1), "{ran:?}");
        assert!(ran.stderr.contains(says), "{says:?}: {ran:?}");
    }
    wait_until("ready", || daemon.get("/readyz").status == 200);
    assert_eq!(daemon.events().len(), 2);
    assert_eq!(daemon.stop(), 0);
}

/// An archive on a disk of its own that is mounted read-only, as a snapshot or a broken disk is.
fn read_only() -> (World, Disk) {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "8m");
    world.event("Camera1/2020-02-29/10-04-36").old().make();
    world.event("Camera1/2020-02-29/11-00-00").saved().old().make();
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&world.root).status();
    assert!(remounted.unwrap().success());
    (world, disk)
}

#[test]
fn rules_on_a_read_only_root_are_refused() {
    let (world, _disk) = read_only();
    for command in ["serve", "plan", "expire"] {
        let mut command = on(command, &world.root);
        assert_refused(
            &world,
            command.args(["--keep-days", "45"]),
            2,
            "cannot be written, so retention rules cannot be applied",
        );
    }
    assert_refused(&world, on("serve", &world.root).env("OWLERY_KEEP_DAYS", "45"), 2, "cannot be written");
}

#[test]
fn a_read_only_root_is_served_without_rules() {
    let (world, _disk) = read_only();
    let before = snapshot(&world);
    let daemon = world.serve(&["--sidecars", "all"]);
    daemon.wait_for_log("temporary folder"); // where the state lies is said
    let saved = daemon.wait_for_event("Camera1/2020-02-29/11-00-00", "is measured", |event| !event["bytes"].is_null());
    assert_eq!((&saved["saved"], &saved["frames"]), (&serde_json::json!(true), &serde_json::json!(3)));
    assert_eq!(daemon.events().len(), 2);
    assert_eq!(daemon.get("/media/Camera1/2020-02-29/10-04-36/10-04-36-00.jpg").status, 200);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(world.list().len(), 2);
    assert_eq!(world.run("check", &[]).code, 0);
    assert_eq!(snapshot(&world), before);
}

/// The audit went into a temporary folder and was lost, and `expire` ended with 0.
#[test]
fn nothing_is_removed_without_a_lasting_audit() {
    let world = archive();
    let copy = program_for_all(&world);
    let old = "Camera1/2020-02-29/10-04-36";
    let young = event_id("Camera1", 0, "10-04-36");
    assert_eq!(world.run("scan", &[]).code, 0);
    let give = |path: &Path, user| std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
    for path in world.tree() {
        give(&world.path(path), 65534);
    }
    give(&world.root, 65534);
    let state = world.path(".owlery");
    for entry in fs::read_dir(&state).unwrap() {
        give(&entry.unwrap().path(), 0);
    }
    give(&state, 0);
    let rule = ["--keep-days", "45", "--max-share", "1"];
    let run = |name: &str, flags: &[&str]| as_nobody(&copy, on(name, &world.root).args(flags));
    for (name, flags) in [
        ("expire", &rule[..]),
        ("serve", &rule[..]),
        ("delete", &[old]),
        ("save", &[&young]),
        ("unsave", &[&young]),
        ("restore", &["20261120T100436Z-AbCdEf"]),
    ] {
        let ran = Ran::of(run(name, flags));
        assert_eq!(ran.code, 1, "{name}: {ran:?}");
        let told = |text: &str| ran.stderr.contains(text);
        assert!(told(".owlery") && told("ermission denied") && told("--state-dir"), "{name}: {ran:?}");
    }
    assert!(world.has(old) && !world.has(format!("{young}/.saved")));
    let daemon = Daemon::start(run("serve", &[]));
    wait_until("ready", || daemon.get("/readyz").status == 200);
    daemon.wait_for_log("temporary folder");
    let deleted = daemon.request("DELETE", &format!("/api/v1/events/{old}"), &[]);
    assert!(deleted.status == 200 && deleted.text().contains("temporary folder"), "{deleted:?}");
    assert_eq!(daemon.stop(), 0);
    let ran = Ran::of(run("expire", &[]));
    assert_eq!(ran.code, 0, "nothing to do: {ran:?}");
    let elsewhere = world.outside("state");
    give(&elsewhere, 65534);
    let named = [&rule[..], &["--state-dir", elsewhere.to_str().unwrap()]].concat();
    let ran = Ran::of(run("expire", &named));
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// The root's permissions allow only reading: it is served, and a rule is refused.
#[test]
fn an_unwritable_root_is_served_without_rules() {
    let world = archive();
    let copy = program_for_all(&world);
    for command in ["serve", "plan", "expire"] {
        let mut command = on(command, &world.root);
        assert_refused(&world, &as_nobody(&copy, command.args(["--keep-days", "45"])), 2, "cannot be written");
    }
    let before = snapshot(&world);
    let daemon = Daemon::start(as_nobody(&copy, &on("serve", &world.root)));
    wait_until("ready", || daemon.get("/readyz").status == 200);
    assert_eq!(daemon.events().len(), 2);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(snapshot(&world), before);
}

#[test]
fn a_state_directory_that_cannot_be_is_refused() {
    let world = archive();
    let blocker = world.outside("beside").join("file");
    fs::write(&blocker, "").unwrap();
    let state = blocker.join("state");
    let mut command = on("serve", &world.root);
    assert_refused(&world, command.arg("--state-dir").arg(&state), 1, state.to_str().unwrap());
}

/// The name of the root, of the state directory and of what lies in them can be any bytes: `--json` panicked, and so did a
/// daemon on such a root.
#[test]
fn names_that_are_no_text_stop_no_command() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"o\xffdd");
    let mut world = World::empty();
    fs::remove_dir(&world.root).unwrap();
    world.root = world.root.with_file_name(odd);
    world.old_event("Camera1", 1, "10-00-00");
    let day = world.path(format!("Camera1/{}", days_ago(1)));
    for folder in [world.root.join("delete_queue"), world.root.join("Camera1"), day.clone()] {
        fs::create_dir_all(folder.join(odd)).unwrap();
    }
    fs::write(day.join("10-00-00").join(std::ffi::OsStr::from_bytes(b"\xff.jpg")), "").unwrap();
    fs::write(day.join("10-00-00/a\nb.jpg"), "").unwrap();
    let state = world.outside("x").with_file_name(std::ffi::OsStr::from_bytes(b"st\xff"));
    for state in [None, Some(&state)] {
        let run_all = || {
            for command in ["scan", "list", "stats", "plan", "check", "expire", "queue", "audit"] {
                for json in [&[][..], &["--json"]] {
                    let mut command = on(command, &world.root);
                    command.args(json).args(state.map(|_| "--state-dir")).args(state);
                    let ran = run(&command);
                    assert_eq!(ran.code, 0, "{command:?}: {ran:?}");
                }
            }
        };
        run_all();
        let mut serve = on("serve", &world.root);
        serve.args(state.map(|_| "--state-dir")).args(state);
        let daemon = Daemon::start(serve);
        wait_until("ready", || daemon.get("/readyz").status == 200);
        run_all();
        let others = daemon.get("/api/v1/queue").json()["others"].to_string();
        assert!(others.contains("o\u{fffd}dd"), "{others}");
        let event = daemon.get(&format!("/api/v1/events/Camera1/{}/10-00-00", days_ago(1))).json();
        for image in event["images"].as_array().unwrap() {
            assert_eq!(daemon.get(image["url"].as_str().unwrap()).status, 200, "{image}");
        }
        assert_eq!(daemon.stop(), 0);
    }
}

/// For a folder that is not an archive the error names the contents and the remedy: a camera of another name, a camera's own
/// directory, files without event directories, nothing yet.
#[test]
fn a_folder_that_is_no_archive_is_described() {
    let world = World::empty();
    let folder = |name: &str, inside: &str| {
        let folder = world.outside(name);
        let path = folder.join(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if inside.contains('.') {
            fs::write(path, "").unwrap();
        } else {
            fs::create_dir_all(path).unwrap();
        }
        folder
    };
    for (root, cure) in [
        (folder("other", "garage/2026-11-20/10-04-36"), "--camera-pattern 'Camera.*|garage'"),
        (folder("within", "2026-11-20/10-04-36"), "use the folder above it"),
        (folder("flat", "01-20261121054454.mkv"), "files such as 01-20261121054454.mkv"),
        (folder("empty", ".keep"), "owlery serve waits"),
    ] {
        let ran = run(&on("list", &root));
        assert!(ran.code == 4 && ran.stderr.contains(cure) && ran.stderr.lines().count() == 1, "{ran:?}");
    }
}
