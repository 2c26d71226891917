//! Copies that are encrypted, from the configuration to the files that come back: a daemon copies with the public key alone, its rules wait for
//! that, and the identity, which lies elsewhere, brings all of it back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::world::{KEEP_45_DAYS, Ran, World, event_id, program, wait_until};

/// A key that protects nothing: the public half, and the secret one.
const PUBLIC: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
const SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

/// Another one.
const OTHER: &str = "AGE-SECRET-KEY-1YSDU8XLX69HNW33DKJZ5E357T886AVXH4N4C0Q40STTMPYXDWXSSWU842L";

/// What is in every plain file of the events.
const MARK: &str = "a face that nobody else is to see";

/// A world whose store `nas` encrypts.
struct Encrypted {
    world: World,
    config: PathBuf,
    identity: PathBuf,
}

impl Encrypted {
    fn new() -> Self {
        let world = World::new();
        let (config, identity) = (world.outside("etc").join("owlery.toml"), world.outside("vault").join("key.txt"));
        fs::write(&identity, format!("# public key: {PUBLIC}\n{SECRET}\n")).unwrap();
        world.outside("nas");
        let made = Self { world, config, identity };
        made.configure(&format!("encrypt = \"{PUBLIC}\""));
        for (days, name) in [(50, "10-00-00"), (50, "11-00-00"), (3, "10-00-00")] {
            let event = made.world.event(event_id("Camera1", days, name)).old();
            let event = event.movie("video.mp4", MARK.repeat(200_000)).file("notes.txt", MARK);
            event.file("10-00-00-00.jpg", MARK.repeat(9)).file("debug/10-00-00-00m.jpg", MARK).make();
        }
        made.world.make_old();
        made
    }

    fn configure(&self, lines: &str) {
        let url = format!("file://{}", self.nas().display());
        let include =
            "include = [\"movie\", \"thumbnail\", \"frames\", \"best-frame\"]\nhost = \"garage\"\ncopy = \"complete\"";
        fs::write(&self.config, format!("[stores.nas]\nurl = \"{url}\"\n{include}\n{lines}\n")).unwrap();
    }

    fn nas(&self) -> PathBuf {
        self.world.root.parent().unwrap().join("nas")
    }

    /// Runs a command with the archive, more words, and the configuration.
    fn run(&self, command: &[&str], words: &[&str]) -> Ran {
        let mut ran = program();
        ran.args(command).arg(self.world.path("")).args(words).arg("--config").arg(&self.config);
        Ran::of(ran)
    }

    fn with_identity(&self, command: &[&str], words: &[&str]) -> Ran {
        self.run(command, &[words, &["--identity", self.identity.to_str().unwrap()]].concat())
    }

    /// All files of the archive's events.
    fn recordings(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.world.root.join("Camera1"))
    }
}

/// All files below a folder that are not hidden.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let found = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let found = found.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let below = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
    found.map(|file| (below(file.path()), fs::read(file.path()).unwrap())).collect()
}

/// The daemon copies, its rule waits for the copy and retires, and the identity brings all of it back byte for byte.
#[test]
fn retired_events_come_back_with_the_identity() {
    let test = Encrypted::new();
    let before = test.recordings();
    let stale = event_id("Camera1", 50, "10-00-00");
    let flags = [&KEEP_45_DAYS[..], &["--check-interval", "1s", "--config", test.config.to_str().unwrap()]].concat();
    let daemon = test.world.serve(&flags);
    wait_until("the rule has retired what was copied", || !test.world.has(&stale));
    wait_until("all is copied", || daemon.get("/api/v1/stores").json()["stores"][0]["copying"]["waiting"] == 0);
    assert_eq!(daemon.get("/api/v1/stores").json()["stores"][0]["encrypted"], true);
    assert_eq!(daemon.stop(), 0);

    for (name, bytes) in files(&test.nas()) {
        assert!(!bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()), "{name} has plain bytes");
        assert!([".age", ".json"].iter().any(|end| name.ends_with(end)), "{name}");
    }
    let list = test.run(&["store", "list"], &[]);
    let line = list.stdout.lines().find(|line| line.starts_with("nas")).unwrap().to_owned();
    assert!(line.split_whitespace().any(|word| word == "yes"), "{list:?}");
    let verified = test.run(&["store", "verify"], &["nas", "--json"]);
    assert_eq!((verified.code, verified.json()["decrypted"].as_u64()), (0, Some(0)), "{verified:?}");
    let verified = test.with_identity(&["store", "verify"], &["nas", "--json"]);
    assert_eq!((verified.code, &verified.json()["decrypted"]), (0, &verified.json()["objects"]), "{verified:?}");

    let ran = test.run(&["recall"], &["--all"]);
    assert!(ran.code == 1 && ran.stderr.contains("--identity FILE") && ran.stderr.contains(PUBLIC), "{ran:?}");
    assert!(!test.world.has(&stale), "nothing of it is placed");
    let wrong = test.world.outside("wrong").join("key.txt");
    fs::write(&wrong, OTHER).unwrap();
    let ran = test.run(&["recall"], &["--all", "--identity", wrong.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.stderr.contains("the identity that was given is of age1"), "{ran:?}");
    let ran = test.with_identity(&["recall"], &["--all", "--json"]);
    assert_eq!((ran.code, ran.json()["recalled"].as_u64(), ran.json()["known"].as_u64()), (0, Some(2), Some(1)));
    assert!(test.recordings() == before, "a file differs");
    // What came back is the copy, byte for byte: nothing is sent again.
    let ran = test.run(&["store", "push"], &["nas", "--again", "--json"]);
    assert_eq!((ran.code, ran.json()["objects"].as_u64()), (0, Some(0)), "{ran:?}");
}

/// Without the identity, every file of a stored event is a 503, also one that is to be made of it: nothing is damaged.
#[test]
fn stored_events_need_the_identity() {
    let test = Encrypted::new();
    let stale = event_id("Camera1", 50, "10-00-00");
    let flags = [&KEEP_45_DAYS[..], &["--check-interval", "1s", "--config", test.config.to_str().unwrap()]].concat();
    let daemon = test.world.serve(&flags);
    wait_until("the rule has retired what was copied", || !test.world.has(&stale));
    wait_until("it is listed", || daemon.event(&stale).is_some_and(|event| event["location"] == "nas"));
    for file in ["video.mp4", "10-00-00-00.jpg", "thumbnail", "preview.webp", "sprite.jpg", "playable.mp4"] {
        let response = daemon.get(&format!("/media/{stale}/{file}"));
        assert_eq!(response.status, 503, "{file}: {}", response.text());
        assert!(response.text().contains("identity"), "{file}: {}", response.text());
    }
}

/// An identity that is read from a pipe need not lie on any disk.
#[test]
fn an_identity_may_come_from_a_pipe() {
    let test = Encrypted::new();
    assert_eq!(test.run(&["store", "push"], &["nas"]).code, 0);
    let before = test.recordings();
    fs::remove_dir_all(test.world.root.join("Camera1")).unwrap();
    let mut command = program();
    command.args(["recall"]).arg(test.world.path("")).args(["--all", "--identity", "/dev/stdin", "--config"]);
    command.arg(&test.config).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), SECRET.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(test.recordings() == before);
}

/// Exit 2, before anything is done, with what is expected, and without what may be a secret.
#[test]
fn wrong_keys_are_refused_at_the_start() {
    let test = Encrypted::new();
    for (value, expected) in [
        (format!("\"{SECRET}\""), "must not be on this host"),
        (format!("[\"{PUBLIC}\", \"{}\"]", SECRET.to_lowercase()), "must not be on this host"),
        ("\"age1nonsense\"".to_owned(), "age1 and 58 letters and digits"),
        ("[]".to_owned(), "the list is empty"),
    ] {
        test.configure(&format!("encrypt = {value}"));
        for ran in [test.run(&["store", "list"], &[]), test.run(&["serve"], &["--listen", "127.0.0.1:0"])] {
            assert!(ran.code == 2 && ran.stderr.contains(expected), "{ran:?}");
            assert!(!ran.stderr.to_uppercase().contains("GQ9778"), "{ran:?}");
        }
    }
    test.configure("");
    for (text, expected) in [(PUBLIC, "a public key in line 1"), ("age-encryption.org/v1\n", "is encrypted itself")] {
        fs::write(&test.identity, text).unwrap();
        let ran = test.with_identity(&["recall"], &["--all"]);
        assert!(ran.code == 2 && ran.stderr.contains(expected), "{ran:?}");
    }
    fs::remove_file(&test.identity).unwrap();
    let ran = test.with_identity(&["store", "verify"], &["nas"]);
    assert!(ran.code == 2 && ran.stderr.contains("cannot be read"), "{ran:?}");
}
