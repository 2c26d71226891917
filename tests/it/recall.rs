//! `owlery recall`: copied events come back byte for byte from a folder, without a daemon and beside one; wrong copies, full disks and
//! crashes leave nothing wrong in the archive. Kills at any moment are in `recall_kills`, other kinds of stores in `store_kinds`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use crate::world::{Disk, KEEP_45_DAYS, Ran, World, days_ago, event_id, program, wait_until};

/// The line of a store that has all of an event.
pub const INCLUDE: &str = "include = [\"movie\", \"thumbnail\", \"frames\", \"best-frame\"]";

/// Writes a configuration with the store `nas` in a folder, and returns the flags that name it.
fn configure(world: &World) -> [String; 2] {
    let url = format!("file://{}", world.outside("nas").display());
    let file = world.outside("etc").join("owlery.toml");
    fs::write(&file, format!("[stores.nas]\nurl = \"{url}\"\n{INCLUDE}\nhost = \"garage\"\n")).unwrap();
    ["--config".to_owned(), file.to_str().unwrap().to_owned()]
}

fn recall_command(world: &World, config: &[String], words: &[&str]) -> Command {
    let mut command = program();
    command.arg("recall").arg(world.path("")).args(words).args(config);
    command
}

fn recall(world: &World, config: &[String], words: &[&str]) -> Ran {
    Ran::of(recall_command(world, config, words))
}

fn push(world: &World, config: &[String]) {
    let mut command = program();
    command.args(["store", "push"]).arg(world.path("")).args(["nas", "--json"]).args(config);
    let ran = Ran::of(command);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// The recalled events, those that were there, and the failures of a run.
pub fn done(ran: &Ran) -> (u64, u64, usize) {
    let json = ran.json();
    let number = |key: &str| json[key].as_u64().unwrap();
    (number("recalled"), number("known"), json["failed"].as_array().unwrap().len())
}

/// Every visible file of an event and every mark of saved ones, with its contents.
pub fn recordings(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let all = walkdir::WalkDir::new(root).into_iter();
    let is_own = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with('.') && name != ".saved");
    let files = all.filter_entry(|entry| entry.depth() == 0 || !is_own(entry.file_name())).flatten();
    let files = files.filter(|entry| entry.file_type().is_file() && entry.depth() > 3);
    files
        .map(|file| {
            let below = file.path().strip_prefix(root).unwrap().to_string_lossy().into_owned();
            (below, fs::read(file.path()).unwrap())
        })
        .collect()
}

/// Removes every camera's directory.
pub fn lose(world: &World) {
    for entry in fs::read_dir(world.path("")).unwrap().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with("Camera")) {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}

pub fn assert_same(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>, what: &str) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(before), names(after), "{what}");
    assert!(before == after, "{what}: a file has other bytes");
}

/// Events with movies of several parts, frames, debug files, and a saved one.
pub fn world_of_many() -> World {
    let world = World::new();
    for (nth, name) in (0u32..).zip(["10-00-00", "11-00-00", "12-00-00"]) {
        let movie: Vec<u8> = (0..2_500_000 + nth).flat_map(u32::to_le_bytes).collect();
        let event = world.event(event_id("Camera1", 50, name)).movie("video.mp4", movie).old();
        let event = event.file("debug/10-00-00-00m.jpg", "debug").file("notes.txt", "kept");
        if nth == 0 {
            event.saved().make()
        } else {
            event.make()
        };
    }
    for camera in ["Camera1", "Camera2"] {
        for name in ["10-00-00", "11-00-00"] {
            world.old_event(camera, 60, name);
        }
    }
    world
}

/// All comes back as it was, is over at once, and is not taken by the next pass, although it is far beyond the rule.
#[test]
fn lost_events_come_back_byte_for_byte() {
    let world = world_of_many();
    let config = configure(&world);
    push(&world, &config);
    let before = recordings(&world.root);
    lose(&world);
    let ran = recall(&world, &config, &["--all", "--json"]);
    assert_eq!((ran.code, done(&ran)), (0, (7, 0, 0)), "{ran:?}");
    assert_same(&before, &recordings(&world.root), "recalled");
    assert!(!world.tree().iter().any(|path| path.contains(".owlery-recall")), "{:?}", world.tree());
    let again = recall(&world, &config, &["--all", "--json"]);
    assert_eq!((again.code, done(&again), again.json()["bytes"].as_u64()), (0, (0, 7, 0), Some(0)), "{again:?}");

    let listed = world.list();
    assert_eq!(listed.len(), 7, "{listed:?}");
    assert!(listed.iter().all(|event| event["state"] == "complete" || event["state"] == "interrupted"), "{listed:?}");
    assert_eq!(listed.iter().filter(|event| event["saved"] == true).count(), 1, "{listed:?}");
    let ran = world.run("expire", &KEEP_45_DAYS);
    assert_eq!((ran.code, world.list().len()), (0, 7), "{ran:?}");
    let audit = world.run("audit", &["--json"]);
    assert!(audit.stdout.contains("recalled from the store nas"), "{audit:?}");
}

/// The real sample, beside a daemon that lists what comes back.
#[test]
fn a_daemon_lists_what_comes_back() {
    let world = World::sample("direct");
    let config = configure(&world);
    push(&world, &config);
    let before = recordings(&world.root);
    lose(&world);
    let daemon = world.serve(&config.iter().map(String::as_str).collect::<Vec<_>>());
    // It lists what the store has as soon as it knows it.
    let local = || daemon.events().iter().filter(|event| event["location"] == "local").count();
    assert_eq!(local(), 0);
    let ran = recall(&world, &config, &["--all", "--json"]);
    assert_eq!((ran.code, done(&ran)), (0, (5, 0, 0)), "{ran:?}");
    wait_until("they are listed", || local() == 5);
    assert!(daemon.events().iter().all(|event| event["state"] != "open"), "{:?}", daemon.events());
    assert_same(&before, &recordings(&world.root), "recalled");
    assert!(world.path(".owlery/restored.json").exists());
    let one = recall(&world, &config, &["Camera1/2026-11-21/05-44-52", "Camera1/2026-11-21/05-44-53"]);
    assert_eq!(one.code, 1, "{one:?}");
    assert!(one.stderr.contains("05-44-53: the store has no such event"), "{one:?}");
    assert!(one.stdout.contains("1 there already; 1 failed"), "{one:?}");
    assert_eq!(daemon.stop(), 0);
}

/// Files that are there are left as they are, whatever they hold; what is missing is added; another event of the name stays alone.
#[test]
fn nothing_is_overwritten() {
    let world = world_of_many();
    let config = configure(&world);
    push(&world, &config);
    let before = recordings(&world.root);
    let at = |name: &str, file: &str| world.path(event_id("Camera1", 50, name)).join(file);
    fs::remove_file(at("10-00-00", "video.mp4")).unwrap();
    fs::remove_file(at("10-00-00", "10-00-01-00.jpg")).unwrap();
    fs::remove_file(at("10-00-00", ".saved")).unwrap();
    fs::write(at("11-00-00", "video.mp4"), "mine").unwrap();
    fs::remove_file(at("11-00-00", "notes.txt")).unwrap();
    fs::remove_dir_all(at("12-00-00", "")).unwrap();
    fs::create_dir(at("12-00-00", "")).unwrap();
    fs::write(at("12-00-00", "own.txt"), "another event").unwrap();
    let ran = recall(&world, &config, &["--day", &days_ago(50), "--camera", "Camera1", "--json"]);
    assert_eq!((ran.code, done(&ran)), (1, (2, 0, 2)), "{ran:?}");
    let failed = ran.json()["failed"].to_string();
    assert!(failed.contains("video.mp4 is there already") && failed.contains("another event of this name"), "{failed}");
    let mut expected = before;
    expected.retain(|name, _| !name.contains("12-00-00") && !name.ends_with("/.saved"));
    let path = |name: &str, file: &str| format!("{}/{file}", event_id("Camera1", 50, name));
    expected.insert(path("11-00-00", "video.mp4"), b"mine".to_vec());
    expected.insert(path("12-00-00", "own.txt"), b"another event".to_vec());
    assert_same(&expected, &recordings(&world.root), "merged");
}

/// A changed or missing byte in the store stops that event alone, and nothing of it gets into the archive.
#[test]
fn wrong_copies_do_not_come_back() {
    let world = world_of_many();
    let config = configure(&world);
    push(&world, &config);
    let before = recordings(&world.root);
    lose(&world);
    let nas = world.outside("nas").join("garage");
    let object = |name: &str, file: &str| nas.join(event_id("Camera1", 50, name)).join(file);
    let movie = object("10-00-00", "video.mp4");
    let mut bytes = fs::read(&movie).unwrap();
    bytes[9_000_000] ^= 1;
    fs::write(&movie, bytes).unwrap();
    let frames = object("11-00-00", "frames.zip");
    let mut bytes = fs::read(&frames).unwrap();
    let last = bytes.len() - 1;
    bytes[last / 2] ^= 1;
    fs::write(&frames, &bytes).unwrap();
    let short = nas.join(event_id("Camera2", 60, "10-00-00")).join("video.mp4");
    File::options().write(true).open(&short).unwrap().set_len(100).unwrap();
    fs::remove_file(nas.join(event_id("Camera2", 60, "11-00-00")).join("video.mp4")).unwrap();
    let ran = recall(&world, &config, &["--all", "--json"]);
    assert_eq!((ran.code, done(&ran)), (1, (3, 0, 4)), "{ran:?}");
    let mut expected = before;
    let wrong = [event_id("Camera1", 50, "10-00-00"), event_id("Camera1", 50, "11-00-00")];
    expected.retain(|name, _| !wrong.iter().any(|wrong| name.starts_with(wrong)) && !name.starts_with("Camera2"));
    assert_same(&expected, &recordings(&world.root), "the others");
    assert!(!world.tree().iter().any(|path| path.contains(".owlery-recall")), "{:?}", world.tree());
}

/// A crash after each step: nothing half, the day is kept before its first file is in place, and the next recall goes on.
#[test]
fn a_crash_while_recalling_is_recovered() {
    let world = world_of_many();
    let config = configure(&world);
    push(&world, &config);
    let before = recordings(&world.root);
    for step in 1..=6 {
        lose(&world);
        let _ = fs::remove_file(world.path(".owlery/restored.json"));
        let mut command = recall_command(&world, &config, &["--all"]);
        command.env("OWLERY_FAULT", format!("recall-{step}"));
        assert_eq!(Ran::of(command).code, -1, "{step}");
        let found = recordings(&world.root);
        assert!(found.is_empty() || world.path(".owlery/restored.json").exists(), "{step}");
        assert_eq!(found.is_empty(), step < 5, "{step}: {found:?}");
        let daemon = world.serve(&[]);
        assert!(!world.tree().iter().any(|path| path.contains(".owlery-recall")), "{step}: a start tidies up");
        let ran = recall(&world, &config, &["--all", "--json"]);
        assert_eq!(ran.code, 0, "{step}: {ran:?}");
        assert_same(&before, &recordings(&world.root), "after the second recall");
        assert_eq!(daemon.stop(), 0);
    }
}

/// A full disk is said, and leaves neither half an event nor what was gathered.
#[test]
fn a_full_disk_leaves_no_half_event() {
    let world = world_of_many();
    let config = configure(&world);
    push(&world, &config);
    let small = World::empty();
    let _disk = Disk::mount(&small.root, "25M");
    let ran = recall(&small, &config, &["--all"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("the disk is full") && ran.stderr.contains("No space left"), "{ran:?}");
    assert!(ran.stderr.contains("those of another archive"), "{ran:?}");
    let original = recordings(&world.root);
    let found = recordings(&small.root);
    assert!(!found.is_empty() && found.iter().all(|(name, bytes)| original.get(name) == Some(bytes)));
    assert!(!small.tree().iter().any(|path| path.contains(".owlery-recall")), "{:?}", small.tree());
}

/// Another host with an empty disk reads the place of the one that is lost; wrong words say what there is.
#[test]
fn another_host_recalls_to_an_empty_disk() {
    let world = world_of_many();
    let config = configure(&world);
    push(&world, &config);
    let fresh = World::empty();
    let [flag, file] = &config;
    let text = fs::read_to_string(file).unwrap();
    let both = format!("{text}[stores.spare]\nurl = \"file:///nowhere\"\n");
    let other = fresh.outside("etc").join("owlery.toml");
    fs::write(&other, both.replace("host = \"garage\"", "host = \"new\"")).unwrap();
    let config = [flag.clone(), other.to_str().unwrap().to_owned()];
    for (words, code, said) in [
        (&["--all"][..], 2, "choose one with --store (there are: nas, spare)"),
        (&["--all", "--store", "nos"], 2, "there are: nas, spare"),
        (&["--all", "--store", "nas"], 1, "new has copied nothing to the store nas; these hosts have: garage"),
        (&["--all", "--store", "nas", "--host", "a/b"], 2, "is not a name of a host"),
        (&["--store", "nas"], 2, "required"),
        (&["--day", "2001-01-01", "--store", "nas", "--host", "garage"], 1, "no copies of that day"),
    ] {
        let ran = recall(&fresh, &config, words);
        assert_eq!(ran.code, code, "{words:?}: {ran:?}");
        assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    }
    let mut list = program();
    list.args(["store", "list"]).arg(fresh.path("")).args(&config);
    let list = Ran::of(list);
    assert!(list.code == 0 && list.stdout.contains("spare"), "as the drill says: {list:?}");
    let ran = recall(&fresh, &config, &["--all", "--store", "nas", "--host", "garage"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("those of another archive"), "{ran:?}");
    assert_same(&recordings(&world.root), &recordings(&fresh.root), "on another host");
    let again = recall(&fresh, &config, &["--all", "--store", "nas", "--host", "garage"]);
    assert!(again.stdout.contains("recalled 0 events (0 files, 0 B); 7 there already"), "as the drill says: {again:?}");
    assert_eq!(fresh.list().len(), 7);
}

/// Flat events come back under their own names, saved as before; those with pictures are refused, and nothing of them is placed.
#[test]
fn flat_events_come_back() {
    let world = World::new();
    let config = configure(&world);
    let day = world.path(format!("Camera1/{}", days_ago(50)));
    fs::create_dir_all(&day).unwrap();
    let files = ["10-00-00.mkv", "10-00-00.mkv.thumb", "11-00-00.mkv", ".11-00-00.saved"];
    for name in files.iter().chain(&["12-00-00.mkv", "12-00-01-00.jpg"]) {
        fs::write(day.join(name), name).unwrap();
    }
    world.make_old();
    let layout = ["--layout", "%Y-%m-%d/%H-%M-%S"];
    let mut push = program();
    push.args(["store", "push"]).arg(world.path("")).arg("nas").args(&config).args(layout);
    assert_eq!(Ran::of(push).code, 0);
    lose(&world);
    let flags = [&["--keep-days", "45", "--max-share", "1", "--check-interval", "1s"], &layout[..]].concat();
    for is_beside in [false, true] {
        let daemon = is_beside.then(|| world.serve(&flags));
        if is_beside {
            let without = recall(&world, &config, &["--all", "--json"]);
            assert_eq!((without.code, done(&without)), (1, (0, 0, 3)), "{without:?}");
            assert!(without.json()["failed"].to_string().contains("same --layout"), "{without:?}");
        }
        let ran = recall(&world, &config, &[&["--all", "--json"], &layout[..]].concat());
        assert_eq!((ran.code, done(&ran)), (1, (2, 0, 1)), "{ran:?}");
        assert!(ran.json()["failed"].to_string().contains("flat layout"), "{ran:?}");
        let mut there: Vec<String> =
            fs::read_dir(&day).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        there.sort();
        let mut expected = files.to_vec();
        expected.sort_unstable();
        assert_eq!(there, expected);
        for name in files.iter().filter(|name| !name.starts_with('.')) {
            assert_eq!(fs::read_to_string(day.join(name)).unwrap(), *name);
        }
        if let Some(daemon) = daemon {
            wait_until("both are listed", || daemon.events().len() == 2);
            assert!(daemon.events().iter().all(|event| event["state"] != "open"), "{:?}", daemon.events());
            assert_eq!(daemon.stop(), 0);
        }
        let ran = world.run("expire", &[&flags[..4], &layout[..]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(day.join("10-00-00.mkv").exists(), "the day is kept");
        lose(&world);
    }
}

/// Without the others, the strongest frame comes back by its own name.
#[test]
fn the_best_frame_comes_back() {
    let world = World::sample("direct");
    let config = configure(&world);
    let text = fs::read_to_string(&config[1]).unwrap();
    fs::write(&config[1], text.replace("\"frames\", ", "")).unwrap();
    push(&world, &config);
    let mut expected = recordings(&world.root);
    lose(&world);
    let ran = recall(&world, &config, &["--all", "--json"]);
    assert_eq!((ran.code, done(&ran)), (0, (5, 0, 0)), "{ran:?}");
    let found = recordings(&world.root);
    expected.retain(|name, _| found.contains_key(name));
    assert_same(&expected, &found, "movies and one frame each");
    assert!(found.keys().any(|name| name.contains(".jpg")), "{:?}", found.keys());
    assert_eq!(done(&recall(&world, &config, &["--all", "--json"])), (0, 5, 0));
}

/// Times are those of the event, not the present.
#[test]
fn recalled_files_are_as_old_as_their_event() {
    let world = World::sample("direct");
    let config = configure(&world);
    push(&world, &config);
    lose(&world);
    assert_eq!(recall(&world, &config, &["--all"]).code, 0);
    let newest = walkdir::WalkDir::new(world.path("Camera1/2026-11-21")).min_depth(1).into_iter().flatten();
    let newest = newest.map(|entry| entry.metadata().unwrap().modified().unwrap()).max().unwrap();
    let end = chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap().and_hms_opt(14, 0, 0).unwrap().and_utc();
    let end = UNIX_EPOCH + Duration::from_secs(end.timestamp().try_into().unwrap());
    assert!(newest < end, "{newest:?}");
}
