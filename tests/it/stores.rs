//! `owlery store`: copies in a folder that stands for a NAS, without a daemon and beside one, of event directories and flat files.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::world::{Daemon, Ran, World, days_ago, event_id, program, unprivileged, wait_until};

/// Writes a configuration with the store `nas` in a folder, and returns the flags that name it.
fn configure(world: &World) -> [String; 2] {
    let folder = world.outside("nas");
    let file = world.outside("etc").join("owlery.toml");
    let text = format!(
        "[stores.nas]\nurl = \"file://{}\"\nhost = \"garage\"\ninclude = [\"movie\", \"thumbnail\", \"frames\"]\n\n\
         [stores.off]\nurl = \"file:///nowhere\"\nactive = false\n",
        folder.display()
    );
    fs::write(&file, text).unwrap();
    ["--config".to_owned(), file.to_str().unwrap().to_owned()]
}

/// Runs `owlery store ACTION ROOT WORD… --config FILE`.
fn store(world: &World, config: &[String], action: &str, words: &[&str]) -> Ran {
    Ran::of(command(world, config, action, words))
}

fn command(world: &World, config: &[String], action: &str, words: &[&str]) -> Command {
    let mut command = program();
    command.args(["store", action]).arg(world.path("")).args(words).args(config);
    command
}

/// `owlery store login ROOT nas` with this text on standard input.
fn login(world: &World, config: &[String], text: &str) -> Ran {
    let mut login = command(world, config, "login", &["nas"]);
    let piped = login.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Ran::from(child.wait_with_output().unwrap())
}

fn copied(ran: &Ran) -> (u64, u64, u64) {
    assert_eq!(ran.code, 0, "{ran:?}");
    let number = |key: &str| ran.json()[key].as_u64().unwrap();
    (number("copied"), number("known"), number("open"))
}

/// Without a daemon, then beside one; the copies are byte for byte the files.
#[test]
fn events_are_pushed_and_verified() {
    let world = World::sample("direct");
    let config = configure(&world);
    assert_eq!(copied(&store(&world, &config, "push", &["nas", "--json"])), (5, 0, 0));
    let daemon = world.serve(&config.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(copied(&store(&world, &config, "push", &["nas", "--json"])), (0, 5, 0));
    let found = store(&world, &config, "verify", &["nas", "--json"]).json();
    assert_eq!((found["events"].as_u64(), found["read"].as_u64()), (Some(5), Some(10)), "{found}");
    let checked = store(&world, &config, "check", &["nas"]);
    assert!(checked.stdout.contains("garage has 5 events of 2 days there"), "{checked:?}");
    assert_eq!(daemon.stop(), 0);

    let copy = world.outside("nas").join("garage/Camera1/2026-11-21/05-44-52/video.mp4");
    assert_eq!(fs::read(&copy).unwrap(), fs::read(world.path("Camera1/2026-11-21/05-44-52/video.mp4")).unwrap());
    fs::write(&copy, "x").unwrap();
    let wrong = store(&world, &config, "verify", &["nas"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.stderr.contains("05-44-52/video.mp4 in the store nas is wrong"), "{wrong:?}");
    assert_eq!(copied(&store(&world, &config, "push", &["nas", "--json"])), (0, 5, 0), "old days are believed");
    assert_eq!(copied(&store(&world, &config, "push", &["nas", "--again", "--json"])), (1, 4, 0));
    assert_eq!(store(&world, &config, "verify", &["nas"]).code, 0);
}

/// Single events, also of a flat layout; one that does not exist is named.
#[test]
fn single_events_are_pushed() {
    let world = World::new();
    let config = configure(&world);
    let day = world.path(format!("Camera1/{}", days_ago(3)));
    fs::create_dir_all(&day).unwrap();
    for name in ["10-00-00.mkv", "10-00-00.mkv.thumb", "10-00-01-00.jpg", "12-00-00.mkv"] {
        fs::write(day.join(name), name).unwrap();
    }
    world.make_old();
    let (event, missing) = (event_id("Camera1", 3, "10-00-00"), event_id("Camera1", 3, "11-00-00"));
    let layout = ["--layout", "%Y-%m-%d/%H-%M-%S"];
    let ran = store(&world, &config, "push", &[&["nas", &event, &missing], &layout[..]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains(&format!("{missing}: there is no such event")), "{ran:?}");
    assert!(ran.stdout.contains("copied 1 event "), "{ran:?}");
    let copies = world.outside("nas").join("garage").join(&event);
    let mut names: Vec<String> =
        fs::read_dir(copies).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["10-00-00.mkv", "10-00-00.mkv.thumb", "frames.zip"]);
}

/// Another archive of the same name does not mix its copies in, and wrong names say what there is.
#[test]
fn wrong_stores_are_refused() {
    let world = World::sample("direct");
    let config = configure(&world);
    assert_eq!(store(&world, &config, "push", &["nas"]).code, 0);
    let other = World::sample("direct");
    let refused = store(&other, &config, "push", &["nas"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("belongs to another archive"), "{refused:?}");
    for (words, code, said) in [
        (["push", "nass"], 2, "there are: nas, off"),
        (["push", "off"], 1, "is not active"),
        (["verify", "off"], 1, "is not active"),
        (["check", "N/AS"], 2, "there is no store"),
    ] {
        let ran = store(&world, &config, words[0], &words[1..]);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    }
    fs::remove_dir_all(world.outside("nas")).unwrap();
    let gone = store(&world, &config, "push", &["nas"]);
    assert!(gone.code == 1 && gone.stderr.contains("nas"), "a NAS that is not mounted is not made: {gone:?}");
}

/// The secret is nowhere in the state directory as text.
#[test]
fn a_login_is_kept_encrypted() {
    let world = World::sample("direct");
    let config = configure(&world);
    let ran = login(&world, &config, "access_key = AKIAEXAMPLE\nsecret_key = not-to-be-found\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    let kept = world.path(".owlery/stores/nas.login");
    assert!(!String::from_utf8_lossy(&fs::read(kept).unwrap()).contains("not-to-be-found"));
    let ran = login(&world, &config, "nonsense");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(store(&world, &config, "logout", &["nas"]).stdout.contains("are removed"));
    assert!(!world.has(".owlery/stores/nas.login"));
}

/// An event that its daemon cannot read is named, not passed over.
#[test]
fn unreadable_events_are_named() {
    let world = World::sample("direct");
    let config = configure(&world);
    let event = world.path("Camera1/2026-11-21/05-44-52");
    fs::set_permissions(&event, fs::Permissions::from_mode(0o000)).unwrap();
    let flags = [&["--listen".to_owned(), "127.0.0.1:0".to_owned()], &config[..]].concat();
    let daemon = Daemon::start(unprivileged(&world.command("serve", flags)));
    wait_until("the others are listed", || {
        let days = daemon.get("/api/v1/days").json();
        days["days"]
            .as_array()
            .is_some_and(|days| days.iter().map(|day| day["events"].as_u64().unwrap()).sum::<u64>() == 4)
    });
    let ran = Ran::of(unprivileged(&command(&world, &config, "push", &["nas", "--json"])));
    fs::set_permissions(&event, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.json()["failed"].to_string().contains("05-44-52"), "{ran:?}");
    assert_eq!(daemon.stop(), 0);
}

/// With the rule of each store, and, from a running daemon, the number of events that it lacks.
#[test]
fn the_list_shows_rules_and_what_waits() {
    let world = World::new();
    world.old_event("Camera1", 3, "10-00-00");
    let file = world.outside("etc").join("owlery.toml");
    let away = world.outside("mnt").join("away");
    let text = format!(
        "[stores.away]\nurl = \"file://{}\"\ncopy = \"expire\"\n\
         [stores.nas]\nurl = \"file://{1}\"\ncopy = \"complete\"\n[stores.plain]\nurl = \"file://{1}\"\n",
        away.display(),
        world.outside("nas").display()
    );
    fs::write(&file, text).unwrap();
    let config = ["--config".to_owned(), file.to_str().unwrap().to_owned()];
    let list = |words: &[&str]| {
        let mut list = program();
        list.args(["store", "list"]).arg(world.path("")).args(words).args(&config);
        let ran = Ran::of(list);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran
    };
    let columns = |name: &str| {
        let text = list(&[]).stdout;
        let line = text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        let [rule, waiting] = words[words.len() - 3..words.len() - 1] else { panic!("{text}") };
        (rule.to_owned(), waiting.to_owned())
    };
    let pair = |rule: &str, waiting: &str| (rule.to_owned(), waiting.to_owned());
    assert_eq!(columns("NAME"), pair("RULE", "WAITING"));
    assert_eq!(["away", "nas", "plain"].map(columns), [pair("expire", "-"), pair("complete", "-"), pair("off", "-")]);
    assert!(list(&["--json"]).json()["stores"][1].get("copying").is_none());

    let flags: Vec<&str> = config.iter().map(String::as_str).chain(["--keep-days", "2", "--max-share", "1"]).collect();
    let daemon = world.serve(&flags);
    wait_until("one waits", || columns("away") == pair("expire", "1"));
    wait_until("it is copied", || columns("nas") == pair("complete", "0"));
    assert_eq!(columns("plain"), pair("off", "-"));
    let listed = list(&["--json"]).json();
    let why = listed["stores"][0]["copying"]["trouble"]["why"].as_str().unwrap();
    assert!(why.contains(away.to_str().unwrap()), "{listed}");
    assert_eq!(daemon.stop(), 0);
    assert_eq!(columns("away"), pair("expire", "-"));
}
