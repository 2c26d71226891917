//! `owlery cache`: the media cache on the command line, alone and beside a daemon.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::world::{Disk, Ran, World, program, run_by, wait_for, wait_until};

/// Keys that would leave the directory, or confuse what prints or parses them.
pub const HOSTILE: [&str; 10] = [
    "../..",
    "/etc/passwd",
    ".",
    "..",
    "a\nb",
    "a\u{1b}[2Jb",
    "ключ 🦉 キー",
    "a%2Fb%00?c=d&e#f",
    " ",
    "http://camera/1.jpg?token=x y\"'\\",
];

/// The command on an archive's cache (`--root`) or on a directory (`--dir`).
fn command(place: &[&str], args: &[&str]) -> Command {
    let mut command = program();
    command.arg("cache").args(place).args(args);
    command
}

/// Runs it with these bytes on standard input; returns also the bytes that it prints.
fn run_with(place: &[&str], args: &[&str], input: &[u8]) -> (i32, Vec<u8>, String) {
    let mut child = start(&mut command(place, args));
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input); // it may end before it has read all
    drop(stdin);
    let done = child.wait_with_output().unwrap();
    (done.status.code().unwrap(), done.stdout, String::from_utf8(done.stderr).unwrap())
}

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn run(place: &[&str], args: &[&str]) -> Ran {
    Ran::of(command(place, args))
}

/// Stores bytes, which must succeed.
fn put(place: &[&str], key: &str, bytes: &[u8]) {
    let (code, _, said) = run_with(place, &["put", "--", key], bytes);
    assert_eq!((code, said.as_str()), (0, ""), "{key:?}");
}

/// The bytes of an entry.
fn get(place: &[&str], key: &str) -> Vec<u8> {
    let (code, bytes, said) = run_with(place, &["get", "--", key], b"");
    assert_eq!((code, said.as_str()), (0, ""), "{key:?}");
    bytes
}

/// A few bytes of every kind, more than a piece on the socket.
fn large() -> Vec<u8> {
    (0..1_000_003_u32).map(|number| (number ^ (number >> 7)).to_le_bytes()[0]).collect()
}

/// A command that has the cache of a directory until it is ended, and then has stored `bytes` as `k`.
pub struct Holder(Child);

impl Holder {
    pub fn start(dir: &Path) -> Self {
        let mut child = start(&mut command(&["--dir", dir.to_str().unwrap()], &["put", "k"]));
        child.stdin.as_mut().unwrap().write_all(b"bytes").unwrap();
        // Another command could not wait for the lock: it would take it itself.
        wait_until("it writes", || is_writing(dir));
        Self(child)
    }

    pub fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

/// Whether an entry is being written.
pub fn is_writing(dir: &Path) -> bool {
    files(dir).iter().any(|name| name.contains(".tmp"))
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(dir).min_depth(1).into_iter().flatten();
    all.map(|entry| entry.path().display().to_string()).collect()
}

/// All commands, in the same words and numbers alone, on a directory, and beside a daemon.
#[test]
fn commands_agree_with_and_without_a_daemon() {
    let world = World::new();
    let root = ["--root", world.root.to_str().unwrap()];
    let dir = world.outside("media").join("cache");
    let dir = ["--dir", dir.to_str().unwrap()];
    let alone = World::new();
    let alone = ["--root", alone.root.to_str().unwrap()];
    let daemon = world.serve(&[]);
    let told = [dir, alone, root].map(|place| all_commands(&place));
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], told[2]);
    assert_eq!(daemon.stop(), 0);
    // What the daemon has cached is there after it.
    assert_eq!(get(&root, "b"), large());
}

/// Runs every command once; returns what they print, without times.
fn all_commands(place: &[&str]) -> Vec<(i32, Value, String)> {
    put(place, "a", b"some bytes");
    put(place, "b", &large());
    let (code, out, said) =
        run_with(place, &["put", "c", "--type", "image/jpeg", "--name", "1.jpg", "--json"], b"picture");
    let mut told = vec![(code, serde_json::from_slice(&out).unwrap(), said)];
    let (code, out, said) = run_with(place, &["put", "c", "--json"], b"another");
    told.push((code, serde_json::from_slice(&out).unwrap(), said));
    assert_eq!(get(place, "b"), large());
    assert_eq!(get(place, "c"), b"picture");
    let missing = run_with(place, &["get", "none"], b"");
    assert_eq!((missing.0, missing.1.len(), missing.2.as_str()), (1, 0, "owlery: \"none\" is not cached\n"));
    for args in [
        &["list", "--json"][..],
        &["list", "--json", "--limit", "1", "--after", "a"],
        &["queue", "add", "x", "y", "--json"],
        &["queue", "add", "x", "z", "c", "--json"],
        &["queue", "--json"],
        &["queue", "list", "--json"],
        &["queue", "remove", "x", "none", "--json"],
        &["queue", "clear", "--json"],
        &["clean", "--stall", "0", "--json"],
        &["remove", "a", "none", "--json"],
        &["prune", "--max-size", "20B", "--json"],
        &["clear", "--json"],
        &["prune", "--json"],
    ] {
        let ran = run(place, args);
        told.push((ran.code, without_times(ran.json()), ran.stderr));
    }
    let stats = run(place, &["stats", "--json"]).json();
    assert_eq!((&stats["entries"], &stats["queued"], &stats["max_mb"]), (&json!(0), &json!(0), &json!(500.0)));
    let keys: Vec<&String> = stats.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 10, "{keys:?}");
    put(place, "b", &large());
    told
}

/// Checks the form of the times in a result, and blanks them.
fn without_times(mut value: Value) -> Value {
    let lists = ["entries", "queued"].map(|name| value.get_mut(name).and_then(Value::as_array_mut).map(std::mem::take));
    let items: Vec<Value> = lists.into_iter().flatten().flatten().collect();
    let mut kept = Vec::new();
    for mut item in items {
        for name in ["created", "modified", "accessed", "since"] {
            if let Some(time) = item.get_mut(name) {
                chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap();
                *time = Value::Null;
            }
        }
        kept.push(item);
    }
    json!({ "items": kept, "rest": value })
}

/// The shapes that other programs rely on.
#[test]
fn json_has_the_documented_shapes() {
    let world = World::new();
    let dir = world.outside("cache");
    let place = ["--dir", dir.to_str().unwrap()];
    let (_, out, _) = run_with(&place, &["put", "k", "--type", "image/jpeg", "--name", "1.jpg", "--json"], b"bytes");
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), json!({"stored": "new"}));
    let listed = run(&place, &["list", "--json"]).json();
    let (entry, next) = (&listed["entries"][0], &listed["next"]);
    assert!(next.is_null() && entry["whole"] == true, "{listed}");
    let shown = ["key", "type", "file_name", "size", "hits"].map(|name| entry[name].clone());
    assert_eq!(json!(shown), json!(["k", "image/jpeg", "1.jpg", 5, 0]));
    assert_eq!(run(&place, &["queue", "add", "q", "--json"]).json(), json!({"added": 1, "refused": []}));
    let refused = run(&place, &["queue", "add", "q", "k", "--json"]);
    let why = json!([{"key": "q", "why": "queued"}, {"key": "k", "why": "cached"}]);
    assert_eq!((refused.code, refused.json()), (1, json!({"added": 0, "refused": why})));
    assert_eq!(refused.stderr, "owlery: \"q\" is queued already\nowlery: \"k\" is cached\n");
    assert_eq!(run(&place, &["queue", "--json"]).json()["queued"][0]["key"], "q");
    assert_eq!(run(&place, &["remove", "k", "--json"]).json(), json!({"removed": 1}));
    assert_eq!(run(&place, &["prune", "--json"]).json(), json!({"files": 0, "bytes": 0}));
    assert_eq!(run(&place, &["clean", "--json"]).json(), json!({"files": 0, "bytes": 0, "failures": []}));
}

/// Keys are never paths: nothing is written outside of the directory, and every key names its own entry.
#[test]
fn hostile_keys_are_only_keys() {
    let world = World::new();
    let dir = world.outside("cache/inner");
    let place = ["--dir", dir.to_str().unwrap()];
    let root = ["--root", world.root.to_str().unwrap()];
    let daemon = world.serve(&[]);
    let longest = "x".repeat(4096);
    let keys: Vec<&str> = HOSTILE.into_iter().chain([longest.as_str()]).collect();
    for place in [place, root] {
        for key in &keys {
            put(&place, key, key.as_bytes());
        }
        for key in &keys {
            assert_eq!(get(&place, key), key.as_bytes());
        }
        let mut listed = Vec::new();
        let mut after = None::<String>;
        loop {
            let mut args = vec!["list", "--json", "--limit", "4"];
            let from = after.map(|key| format!("--after={key}"));
            args.extend(from.as_deref());
            let page = run(&place, &args).json();
            listed.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["key"].clone()));
            after = page["next"].as_str().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        assert_eq!(json!(sorted), json!(listed));
        let shown = run(&place, &["list"]).stdout;
        assert!(!shown.contains('\u{1b}') && shown.lines().count() == keys.len() + 1, "{shown}");
        for bad in ["", &"x".repeat(4097)] {
            for args in [&["put", "--", bad][..], &["queue", "add", "--", bad]] {
                let (code, _, said) = run_with(&place, args, b"bytes");
                assert!(code == 2 && said.contains("invalid key"), "{said}");
            }
            assert_eq!(run(&place, &["get", "--", bad]).code, 1);
        }
    }
    assert_eq!(files(&world.outside("cache")).len(), files(&dir).len() + 1, "nothing is beside the directory");
    assert_eq!(daemon.stop(), 0);
}

/// What is not whole or does not fit is never stored, and the exit code says so.
#[test]
fn refused_data_are_not_stored() {
    let world = World::new();
    let dir = world.outside("cache");
    let place = ["--dir", dir.to_str().unwrap(), "--cache-size", "500kB"];
    let root = ["--root", world.root.to_str().unwrap()];
    let daemon = world.serve(&["--cache-size", "500kB"]);
    let right = "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9"; // printf bytes | sha256sum
    for place in [&place[..], &root] {
        for (args, input, code, words) in [
            (&["put", "k", "--sha256", &"0".repeat(64)][..], &b"bytes"[..], 1, "checksum"),
            (&["put", "k"], b"", 1, "no data"),
            (&["put", "k"], &large(), 1, "larger than the cache"),
            (&["put", "k", "--sha256", "12"], b"bytes", 2, "64 hexadecimal digits"),
            (&["put", "k", "--type", "a\nb"], b"bytes", 2, "control characters"),
        ] {
            let (ended, _, said) = run_with(place, args, input);
            assert!(ended == code && said.contains(words), "{args:?} {ended} {said}");
        }
        assert_eq!(run(place, &["stats", "--json"]).json()["entries"], 0);
        let (code, _, said) = run_with(place, &["put", "k", "--sha256", right], b"bytes");
        assert_eq!((code, said.as_str()), (0, ""));
        // A sender that is killed has not sent the whole.
        let mut killed = start(&mut command(place, &["put", "half"]));
        killed.stdin.as_mut().unwrap().write_all(&large()[..400_000]).unwrap();
        let writes = if place[0] == "--dir" { dir.clone() } else { world.path(".owlery/cache") };
        wait_until("it writes", || is_writing(&writes));
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert_eq!(run(place, &["get", "half"]).code, 1);
        wait_until("half of it is removed", || {
            run(place, &["clean", "--stall", "0"]).code == 0 && !is_writing(&writes)
        });
        assert_eq!(run(place, &["stats", "--json"]).json()["entries"], 1);
    }
    assert_eq!(daemon.stop(), 0);
}

/// A directory that does not exist is an error for those who read, and is made by those who write.
#[test]
fn only_writers_make_a_directory() {
    let world = World::new();
    let dir = world.outside("media").join("cache");
    let place = ["--dir", dir.to_str().unwrap()];
    for args in [
        &["stats"][..],
        &["list"],
        &["get", "k"],
        &["remove", "k"],
        &["clear"],
        &["prune"],
        &["clean"],
        &["queue"],
        &["queue", "remove", "k"],
        &["queue", "clear"],
    ] {
        let ran = run(&place, args);
        assert!(ran.code == 4 && ran.stderr.contains("is not a cache"), "{args:?} {ran:?}");
    }
    assert!(!dir.exists());
    assert_eq!(run(&place, &["queue", "add", "k"]).code, 0);
    assert!(dir.is_dir());
    // The cache of an archive is empty as long as there is none.
    let root = ["--root", world.root.to_str().unwrap()];
    assert_eq!(run(&root, &["stats", "--json"]).json()["entries"], 0);
    assert_eq!(run(&root, &["list", "--json"]).json(), json!({"entries": [], "next": null}));
    assert!(!world.has(".owlery"));
    put(&root, "k", b"bytes");
    assert!(world.has(".owlery/cache") && get(&root, "k") == b"bytes");
}

#[test]
fn wrong_usage_is_refused() {
    let world = World::new();
    let dir = world.outside("cache");
    let (root, dir) = (world.root.to_str().unwrap(), dir.to_str().unwrap());
    for (args, words) in [
        (&["stats"][..], "--root"),
        (&["--root", root, "--dir", dir, "stats"], "cannot be used with"),
        (&["--dir", dir], "Usage"),
        (&["--dir", dir, "--state-dir", dir, "stats"], "no effect with --dir"),
        (&["--dir", dir, "--keep-days", "3", "stats"], "no effect"),
        (&["--dir", dir, "prune", "--max-size", "5"], "5MB or 5GB"),
        (&["--dir", dir, "clean", "--stall", "5"], "5s or 5h"),
        (&["--dir", dir, "--cache-size", "0", "stats"], "above 0"),
    ] {
        let ran = run(&[], args);
        assert!(ran.code == 2 && ran.stderr.contains(words), "{args:?} {ran:?}");
    }
    assert_eq!(run(&["--root", "/nonexistent"], &["stats"]).code, 4);
}

/// Two processes never have one directory.
#[test]
fn a_second_process_is_refused() {
    let world = World::new();
    let dir = world.outside("cache");
    let place = ["--dir", dir.to_str().unwrap()];
    let first = Holder::start(&dir);
    let (code, _, said) = run_with(&place, &["put", "l"], b"bytes");
    assert!(code == 2 && said.contains("in use by another process"), "{said}");
    first.end();
    assert_eq!(get(&place, "k"), b"bytes");
}

/// A daemon whose cache another process has serves everything else, says so, and takes the cache when it is free.
#[test]
fn a_daemon_waits_for_a_cache_in_use() {
    let world = World::new();
    let dir = world.outside("cache");
    let root = ["--root", world.root.to_str().unwrap()];
    let first = Holder::start(&dir);
    let daemon = world.serve(&["--cache-dir", dir.to_str().unwrap()]);
    let unusable = || daemon.get("/readyz").json()["alerts"].to_string().contains("the media cache cannot be used");
    wait_until("an alert", unusable);
    let ran = run(&root, &["stats"]);
    assert!(ran.code == 1 && ran.stderr.contains("in use by another process"), "{ran:?}");
    first.end();
    daemon.wait_for_log("the media cache can be used now");
    wait_until("no alert", || daemon.get("/readyz").json()["alerts"] == json!([]));
    assert_eq!(get(&root, "k"), b"bytes");
    assert_eq!(daemon.stop(), 0);
}

/// A cache that cannot be written stops neither the daemon nor `check`, which names it.
#[test]
fn an_unusable_cache_is_reported() {
    let world = World::new();
    let disk = Disk::mount(world.outside("disk"), "1m");
    let dir = world.outside("disk").join("cache");
    fs::create_dir(&dir).unwrap();
    disk.remount("ro");
    let flags = ["--cache-dir", dir.to_str().unwrap()];
    let daemon = world.serve(&flags);
    daemon.wait_for_log("the media cache cannot be used");
    let checked = world.run("check", &flags);
    assert!(checked.code == 1 && checked.stdout.contains("on a read-only filesystem"), "{checked:?}");
    assert_eq!(world.run("check", &[]).code, 0);
    assert_eq!(daemon.stop(), 0);
}

/// A daemon that is killed leaves a cache that the next one, and a command, can open.
#[test]
fn a_killed_daemon_leaves_a_sound_cache() {
    let world = World::new();
    let root = ["--root", world.root.to_str().unwrap()];
    let mut daemon = world.serve(&[]);
    put(&root, "k", &large());
    daemon.signal("-KILL");
    daemon.wait();
    // A program that the daemon was just starting has its lock until it runs.
    wait_until("the cache is free", || run(&root, &["stats"]).code == 0);
    assert_eq!(get(&root, "k"), large());
    let daemon = world.serve(&[]);
    assert_eq!(get(&root, "k"), large());
    assert_eq!(run(&root, &["clean", "--stall", "0", "--json"]).json()["files"], 0);
    assert_eq!(daemon.stop(), 0);
}

/// A reader that is slow or ends early does not hold up the daemon, and gets no wrong byte.
#[test]
fn an_early_end_of_the_reader_is_no_error() {
    let world = World::new();
    let root = ["--root", world.root.to_str().unwrap()];
    let daemon = world.serve(&[]);
    put(&root, "k", &large());
    let mut reader = start(&mut command(&root, &["get", "k"]));
    let mut first = vec![0; 1000];
    reader.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(first, large()[..1000]);
    drop(reader.stdout.take());
    assert!(reader.wait().unwrap().success());
    let mut slow = start(&mut command(&root, &["get", "k"]));
    slow.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(daemon.stop(), 0);
    let _ = slow.kill();
    slow.wait().unwrap();
}

/// What root makes belongs to the owner of the archive, so that the service of that user can open it.
#[test]
fn root_leaves_the_cache_to_its_owner() {
    let world = World::new();
    let root = ["--root", world.root.to_str().unwrap()];
    let folder = world.root.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    for path in [world.root.clone(), world.path("Camera1")] {
        std::os::unix::fs::chown(path, Some(1234), Some(1234)).unwrap();
    }
    put(&root, "k", b"bytes");
    assert_eq!(get(&root, "k"), b"bytes");
    let foreign = |dir: &Path| -> Vec<String> {
        let is_roots = |path: &String| Path::new(path).symlink_metadata().unwrap().uid() != 1234;
        files(dir).into_iter().filter(is_roots).collect()
    };
    assert_eq!(foreign(&world.path(".owlery")), Vec::<String>::new());
    let daemon = world.serve(&[]);
    put(&root, "l", b"bytes");
    assert_eq!(daemon.stop(), 0);
    assert_eq!(foreign(&world.path(".owlery/cache")), Vec::<String>::new());
    let mut as_owner =
        run_by(&["setpriv", "--reuid", "1234", "--regid", "1234", "--clear-groups"], &command(&root, &["get", "l"]));
    let read = wait_for("the owner reads it", || Some(as_owner.stdin(Stdio::null()).output().unwrap()));
    assert_eq!(read.stdout, b"bytes", "{read:?}");
}
