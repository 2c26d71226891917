//! `.details.json`: when it is used, when it is written, and the details of an event without it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::world::{Daemon, World, days_ago, event_id, unfinished_mp4, wait_for, wait_until, whole_mp4};

const ID: &str = "Camera1/2025-03-01/10-04-36";

/// What strix writes for that event, with one movie and one thumbnail.
fn strix_sidecar() -> Value {
    json!({
        "start": "2025-03-01 10:04:30",
        "end": "2025-03-01 10:04:55",
        "title": "Sat Mar 01 10:04:30 AM",
        "video": format!("motion/{ID}/video.mp4"),
        "debug_video": "images/missing.jpg",
        "thumbnail": format!("motion/{ID}/10-04-37-00.jpg"),
        "images": [],
        "saved": false,
        "event_path": format!("/var/lib/motion/{ID}"),
    })
}

/// An event whose frames say 10:04:36 to 10:04:38, with this sidecar in it.
fn with_sidecar(text: &str) -> World {
    let world = World::new();
    world.event(ID).file(".details.json", text).old().make();
    world
}

fn read_sidecar(dir: &Path) -> Value {
    serde_json::from_slice(&fs::read(dir.join(".details.json")).unwrap()).unwrap()
}

#[test]
fn a_plausible_sidecar_is_believed() {
    let world = with_sidecar(&strix_sidecar().to_string());
    let told = world.listed(ID);
    assert_eq!((&told["start"], &told["end"]), (&json!("2025-03-01T10:04:30"), &json!("2025-03-01T10:04:55")));
    assert_eq!(told["thumbnail"], format!("/media/{ID}/10-04-37-00.jpg"));
}

/// They are ignored.
#[test]
fn wrong_and_stale_sidecars_are_reported() {
    let change = |key: &str, value: Value| {
        let mut sidecar = strix_sidecar();
        sidecar[key] = value;
        sidecar.to_string()
    };
    let without = |key: &str| {
        let mut sidecar = strix_sidecar();
        sidecar.as_object_mut().unwrap().remove(key);
        sidecar.to_string()
    };
    for (text, why) in [
        (change("video", json!(format!("motion/{ID}/video.m4v"))), "it names video.m4v, which is gone"),
        (change("thumbnail", json!(format!("motion/{ID}/thumbnail.jpg"))), "it names thumbnail.jpg, which is gone"),
        (change("video", json!("images/missing.jpg")), "it names no movie, but video.mp4 is there"),
        (change("video", json!("motion/Camera10/2025-03-01/10-04-36/video.mp4")), "is not in this event"),
        (change("video", json!(format!("motion/{ID}/../../../../etc/passwd"))), "is not a movie"),
        (change("thumbnail", json!(format!("motion/{ID}/10-04-37-00m.jpg"))), "is not a picture"),
        (change("start", json!("2025-03-01 10:34:30")), "does not fit"),
        (change("end", json!("2025-03-01 10:04:29")), "does not fit"),
        (change("end", json!("2035-03-01 10:04:55")), "does not fit"),
        (change("start", json!("2025-02-30 10:04:30")), "is not a time"),
        (change("start", Value::Null), "its format is invalid"),
        (change("title", json!(["Sat", "Mar"])), "its format is invalid"),
        (change("saved", json!("no")), "its format is invalid"),
        (without("end"), "its format is invalid"),
        ("{}".to_owned(), "its format is invalid"),
        ("[]".to_owned(), "its format is invalid"),
        ("null".to_owned(), "its format is invalid"),
        (String::new(), "its format is invalid"),
        ("\u{0}\u{1}".to_owned(), "its format is invalid"),
    ] {
        let world = with_sidecar(&text);
        let ran = world.run("list", &["--json"]);
        assert_eq!(ran.code, 0, "what is found is data: {text} {ran:?}");
        let path = world.path(ID).canonicalize().unwrap().join(".details.json");
        let said = ran.stderr.lines().filter(|line| line.contains(path.to_str().unwrap()));
        let said: Vec<&str> = said.filter(|line| line.contains("sidecar ignored") && line.contains(why)).collect();
        assert!(!said.is_empty(), "{text}: {}", ran.stderr);
        let told = &ran.json()["events"][0];
        assert_eq!(told["start"], "2025-03-01T10:04:36", "from the frames instead: {text}");
        assert_eq!(told["end"], "2025-03-01T10:04:38", "{text}");
        assert_eq!(told["video"], format!("/media/{ID}/video.mp4"), "{text}");
        assert_eq!(fs::read_to_string(path).unwrap(), text, "and it is left as it is");
    }
}

/// Seen in CI: the preload and the watcher's first look each warned of the same file.
#[test]
fn a_sidecar_not_believed_is_one_warning() {
    let world = World::new();
    let days = [0, 1, 60].map(days_ago);
    let ids = days.each_ref().map(|day| format!("Camera1/{day}/10-00-00"));
    for id in &ids {
        world.event(id).file(".details.json", "{}").old().make();
    }
    // Its names are checked when it is measured, after the walk.
    let mut stale = strix_sidecar();
    stale["video"] = json!(format!("motion/{ID}/video.m4v"));
    world.event(ID).file(".details.json", stale.to_string()).old().make();
    let daemon = world.serve(&["--check-interval", "1s"]);
    let is_measured = || daemon.events().iter().all(|event| event["bytes"].is_u64());
    wait_until("all is measured", is_measured);
    for id in &ids {
        assert_eq!(world.run("save", &[id]).code, 0, "another look");
    }
    fs::write(world.path(format!("{}/10-00-05-00.jpg", ids[0])), "a frame").unwrap();
    wait_until("and another", || daemon.events().iter().any(|event| event["frames"] == 4));
    let warnings = |id: &str| -> Vec<String> {
        let is_it = |line: &&str| line.contains(&format!("{id}/.details.json")) && line.contains("sidecar ignored: ");
        daemon.log().lines().filter(is_it).map(str::to_owned).collect()
    };
    wait_until("the missing movie is named", || {
        warnings(ID).iter().any(|line| line.contains("it names video.m4v, which is gone"))
    });
    assert_eq!(world.run("scan", &[]).code, 0, "another walk");
    for id in ids.iter().map(String::as_str).chain([ID]) {
        assert_eq!(warnings(id).len(), 1, "{:?}", warnings(id));
    }
}

#[test]
fn the_daemon_starts_with_bad_sidecars() {
    let world = World::new();
    for (second, text) in ["{}", "[]", "null", "{\"start\":null}", "", "\u{feff}{}", "[[[[[[[["].into_iter().enumerate()
    {
        world.event(format!("Camera1/2025-03-01/10-00-{second:02}")).file(".details.json", text).old().make();
    }
    let huge = "[".repeat(300_000);
    world.event("Camera1/2025-03-01/10-00-59").file(".details.json", huge).old().make();
    let link = world.event("Camera1/2025-03-01/10-01-00").old().make();
    std::os::unix::fs::symlink("/dev/zero", link.join(".details.json")).unwrap();
    let folder = world.event("Camera1/2025-03-01/10-01-01").old().make();
    fs::create_dir(folder.join(".details.json")).unwrap();
    let daemon = world.serve(&[]);
    let events = daemon.events();
    assert_eq!(events.len(), 10);
    for event in events {
        let (_, name) = event["id"].as_str().unwrap().rsplit_once('/').unwrap();
        assert_eq!(event["start"], format!("2025-03-01T{}", name.replace('-', ":")), "from its frames: {event}");
    }
    assert_eq!(daemon.stop(), 0);
}

/// In both directions.
#[test]
fn saved_on_disk_outranks_the_sidecar() {
    for (told, marked) in [(true, false), (false, true), (true, true)] {
        let mut sidecar = strix_sidecar();
        sidecar["saved"] = told.into();
        let world = with_sidecar(&sidecar.to_string());
        if marked {
            fs::write(world.path(ID).join(".saved"), "").unwrap();
        }
        assert_eq!(world.listed(ID)["start"], "2025-03-01T10:04:30", "the sidecar is believed");
        assert_eq!(world.listed(ID)["saved"], marked);
        assert_eq!(world.serve(&[]).event(ID).unwrap()["saved"], marked);
    }
}

/// Writes frames until the daemon lists the event as open, as Motion would.
fn film_until_open(daemon: &Daemon, dir: &Path, id: &str) {
    let mut sub = 10;
    wait_until(&format!("{id} is open"), || {
        sub = if sub < 99 { sub + 1 } else { 10 };
        fs::write(dir.join(format!("10-04-40-{sub}.jpg")), "a frame").unwrap();
        daemon.event(id).is_some_and(|event| event["state"] == "open")
    });
}

/// The event completes while Owlery runs.
#[test]
fn a_completed_event_gets_a_strix_sidecar() {
    let world = World::new();
    let daemon = world.serve(&["--event-gap", "1s"]);
    let day = days_ago(0);
    let id = format!("Camera1/{day}/10-04-36");
    let dir = world.event(&id).file("debug/video.m4v", whole_mp4()).make();
    film_until_open(&daemon, &dir, &id);
    assert!(!dir.join(".details.json").exists(), "not before it is over");
    let told = daemon.wait_for_event(&id, "is complete", |event| event["state"] == "complete");
    let sidecar = wait_for("the sidecar", || dir.join(".details.json").exists().then(|| read_sidecar(&dir)));
    let frames = told["frames"].as_u64().unwrap();
    let len = fs::metadata(dir.join(".details.json")).unwrap().len();
    let quarter = told["thumbnail"].as_str().unwrap().rsplit('/').next().unwrap();
    let date = chrono::NaiveDate::parse_from_str(&day, "%Y-%m-%d").unwrap();
    assert_eq!(
        sidecar,
        json!({
            "start": format!("{day} 10:04:36"),
            "end": format!("{day} 10:04:40"),
            "title": format!("{} 10:04:36 AM", date.format("%a %b %d")),
            "video": format!("motion/{id}/video.mp4"),
            "debug_video": format!("motion/{id}/debug/video.m4v"),
            "thumbnail": format!("motion/{id}/{quarter}"),
            "images": [],
            "saved": false,
            "event_path": world.root.canonicalize().unwrap().join(&id),
            "owlery": {
                "version": 1,
                "state": "complete",
                "frames": frames,
                "bytes": told["bytes"].as_u64().unwrap() - len,
                "peak_change": null,
                "problems": [],
                "container": "mp4",
                "videos": [{ "name": "video.mp4", "bytes": len_of(dir.join("video.mp4")) }],
            },
        })
    );
    let names: Vec<String> =
        fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let count = |ending: &str| names.iter().filter(|name| name.ends_with(ending)).count() as u64;
    assert_eq!(count(".tmp"), 0, "no temporary file is left: {names:?}");
    assert_eq!(count(".jpg"), frames);
    let size: u64 = names.iter().filter(|name| *name != "debug").map(|name| dir.join(name)).map(len_of).sum();
    assert_eq!(told["bytes"], size + len_of(dir.join("debug/video.m4v")));
    // strix reads it: the keys are in its order.
    let text = fs::read_to_string(dir.join(".details.json")).unwrap();
    let places: Vec<usize> =
        ["start", "end", "title", "video", "debug_video", "thumbnail", "images", "saved", "event_path", "owlery"]
            .iter()
            .map(|key| text.find(&format!("\"{key}\":")).unwrap())
            .collect();
    assert!(places.is_sorted(), "{text}");
}

fn len_of(path: std::path::PathBuf) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// `.saved` was set before the event completed.
#[test]
fn an_early_mark_is_in_the_sidecar() {
    let world = World::new();
    let daemon = world.serve(&["--event-gap", "1s"]);
    let id = event_id("Camera1", 0, "10-04-36");
    let dir = world.event(&id).saved().make();
    film_until_open(&daemon, &dir, &id);
    daemon.wait_for_event(&id, "is complete", |event| event["state"] == "complete");
    wait_until("the sidecar", || dir.join(".details.json").exists());
    assert_eq!(read_sidecar(&dir)["saved"], true);
}

/// Other programs would believe it before its values are final.
#[test]
fn no_sidecar_is_written_too_early() {
    let world = World::new();
    fs::create_dir(world.path("queue")).unwrap();
    for day in [days_ago(0), days_ago(1)] {
        fs::write(world.path(format!("queue/Camera1_{day}_10-04-04")), "").unwrap();
    }
    for sidecars in ["new", "all"] {
        // Each time in a day of its own: overwriting in place changes no directory.
        let day = days_ago(u64::from(sidecars == "new"));
        let daemon = world.serve(&["--event-gap", "1s", "--sidecars", sidecars]);
        // A raw number, no movie, a movie cut off, a marker that a manager is processing, frames from after the clock was set
        // back by three hours; and one that has all it takes.
        let raw = world.event(format!("Camera1/{day}/01")).make();
        let frames_only = world.event(format!("Camera2/{day}/10-04-02")).no_movie().make();
        let cut = world.event(format!("Camera3/{day}/10-04-03")).movie("video.mp4", unfinished_mp4()).make();
        let marked = world.event(format!("Camera1/{day}/10-04-04")).make();
        // It appears as a whole: without its last frame it would be one that may have a sidecar.
        let aside = world.event(format!("Aside/{day}/10-04-06")).file("07-04-20-00.jpg", "a frame").make();
        let set_back = world.path(format!("Camera2/{day}/10-04-06"));
        // Taken before the others, also where file times tick slowly.
        let early = fs::File::open(aside.join("07-04-20-00.jpg")).unwrap();
        let taken = early.metadata().unwrap().modified().unwrap();
        early.set_modified(taken - std::time::Duration::from_secs(1)).unwrap();
        fs::rename(aside, &set_back).unwrap();
        let fine = world.event(format!("Camera4/{day}/10-04-05")).make();
        wait_until("all are over", || {
            let events = daemon.events();
            let of_day = events.iter().filter(|event| event["id"].as_str().unwrap().contains(&day));
            of_day.filter(|event| event["state"] != "open").count() == 6
        });
        wait_until("the sidecar of the one that may have it", || fine.join(".details.json").exists());
        assert_eq!(daemon.stop(), 0);
        for dir in [raw, frames_only, cut, marked, set_back] {
            assert!(!dir.join(".details.json").exists(), "--sidecars {sidecars}: {}", dir.display());
        }
    }
}

#[test]
fn old_events_get_no_sidecar_by_default() {
    for (flag, is_written) in [("new", false), ("off", false), ("all", true)] {
        let world = World::sample("direct");
        world.event(ID).old().make();
        let before = world.tree();
        let daemon = world.serve(&["--sidecars", flag]);
        let sidecars = || world.tree().iter().filter(|path| path.ends_with("/.details.json")).count();
        if is_written {
            wait_until("every event has one", || sidecars() == 6);
            assert_eq!(read_sidecar(&world.path(ID))["start"], "2025-03-01 10:04:36");
        } else {
            let is_measured = |event: &Value| !event["bytes"].is_null();
            wait_until("everything is measured", || daemon.events().iter().all(is_measured));
            assert_eq!(world.tree(), before, "--sidecars {flag}");
        }
        assert_eq!(daemon.stop(), 0);
    }
}

/// The measuring finds an event open again; it is followed to its end.
#[test]
fn an_event_reopened_while_measured_is_followed() {
    let world = World::new();
    let id = event_id("Camera1", 0, "01");
    let dir = world.event(&id).old().make();
    let daemon = world.serve(&["--event-gap", "1s"]);
    daemon.wait_for_event(&id, "is complete", |event| event["state"] == "complete");
    // Motion counts from 01 again: a frame of the same name is written over, and no directory changes by that.
    wait_until("it is met open", || {
        fs::write(dir.join("00-00-00-00.jpg"), "another frame").unwrap();
        assert_eq!(world.run("scan", &["--measure"]).code, 0);
        daemon.event(&id).unwrap()["state"] == "open"
    });
    daemon.wait_for_event(&id, "is complete again", |event| event["state"] == "complete");
}

#[test]
fn marks_and_sidecars_reopen_no_event() {
    let world = World::new();
    for (second, name) in [".saved", ".details.json"].into_iter().enumerate() {
        let id = format!("Camera1/{}/10-00-0{second}", days_ago(0));
        fs::write(world.event(&id).old().make().join(name), "{}").unwrap();
        assert_eq!(world.listed(&id)["state"], "complete", "{name}");
    }
}

#[test]
fn off_means_none_for_new_events_too() {
    let world = World::new();
    let daemon = world.serve(&["--event-gap", "1s", "--sidecars", "off"]);
    let id = event_id("Camera1", 0, "10-04-36");
    let dir = world.event(&id).make();
    film_until_open(&daemon, &dir, &id);
    daemon.wait_for_event(&id, "is complete", |event| event["state"] == "complete");
    assert_eq!(daemon.stop(), 0);
    assert!(!dir.join(".details.json").exists());
}

#[test]
fn a_believed_strix_sidecar_is_unchanged() {
    let world = World::sample("strix-done");
    let path = world.path("Camera1/2026-11-21/05-45-25/.details.json");
    let look = || {
        let stat = fs::metadata(&path).unwrap();
        (fs::read(&path).unwrap(), stat.ino(), stat.modified().unwrap())
    };
    let before = look();
    // The other event shows when the sweep has been there: newer days come first, so an older day is the last.
    let last = world.event(ID).old().make();
    let daemon = world.serve(&["--sidecars", "all"]);
    wait_until("the sweep has come to the last day", || last.join(".details.json").exists());
    wait_until("everything measured", || daemon.events().iter().all(|event| !event["frames"].is_null()));
    assert_eq!(daemon.stop(), 0);
    assert!(look() == before, "it was touched");
}

/// A walk believes a plausible sidecar; whether its files exist is checked when the event is measured.
#[test]
fn files_of_a_sidecar_are_checked_when_measured() {
    let mut sidecar = strix_sidecar();
    sidecar["video"] = json!(format!("motion/{ID}/video.m4v"));
    let world = with_sidecar(&sidecar.to_string());
    let scanned = world.run("scan", &[]);
    assert!(scanned.code == 0 && scanned.stderr.is_empty(), "the walk takes its word: {scanned:?}");
    let measured = world.run("scan", &["--measure"]);
    assert!(measured.code == 0 && measured.stderr.contains("it names video.m4v, which is gone"), "{measured:?}");
    assert_eq!(world.listed(ID)["video"], format!("/media/{ID}/video.mp4"));
}

/// Where a sidecar may be written.
#[test]
fn a_stale_sidecar_is_replaced() {
    let mut sidecar = strix_sidecar();
    sidecar["video"] = json!(format!("motion/{ID}/video.m4v"));
    let world = with_sidecar(&sidecar.to_string());
    let daemon = world.serve(&["--sidecars", "all"]);
    wait_until("it is replaced", || read_sidecar(&world.path(ID))["video"] == format!("motion/{ID}/video.mp4"));
    assert_eq!(daemon.stop(), 0);
    let ran = world.run("list", &["--json"]);
    assert!(!ran.stderr.contains("sidecar ignored"), "{ran:?}");
}

/// Without the catalog, the sidecars that Owlery wrote give the same events.
#[test]
fn own_sidecars_rebuild_the_same_events() {
    let world = World::sample("direct");
    let daemon = world.serve(&["--sidecars", "all"]);
    let count = || world.tree().iter().filter(|path| path.ends_with("/.details.json")).count();
    wait_until("all have sidecars", || count() == 5);
    let is_told = |event: &Value| !event["bytes"].is_null() && !event["peak_change"].is_null();
    let before = wait_for("all is measured", || {
        let events = daemon.events();
        events.iter().all(is_told).then_some(events)
    });
    assert_eq!(daemon.stop(), 0);
    fs::remove_dir_all(world.path(".owlery")).unwrap();
    let after = world.list();
    let by_id = |events: &[Value]| -> Vec<Value> {
        let keys = ["id", "start", "end", "frames", "peak_change", "video", "thumbnail", "saved", "problems"];
        events.iter().map(|event| keys.iter().map(|key| event[key].clone()).collect()).collect()
    };
    assert_eq!(by_id(&after), by_id(&before));
    for event in &after {
        let dir = world.path(event["id"].as_str().unwrap());
        let sum: u64 = fs::read_dir(dir).unwrap().map(|entry| len_of(entry.unwrap().path())).sum();
        assert_eq!(event["bytes"], sum, "the sidecar's own bytes included");
    }
}

/// They are not counted again.
#[test]
fn numbers_of_own_sidecars_are_believed() {
    let mut sidecar = strix_sidecar();
    sidecar["owlery"] = json!({"version": 1, "state": "complete", "frames": 4711, "bytes": 1_000_000,
                               "peak_change": 17, "problems": ["seen before"]});
    let text = sidecar.to_string();
    let told = with_sidecar(&text).listed(ID);
    assert_eq!((&told["frames"], &told["peak_change"]), (&json!(4711), &json!(17)));
    assert_eq!(told["bytes"], 1_000_000 + text.len(), "the others' bytes and its own");
    assert_eq!(told["problems"], json!(["seen before"]));
    // A form that is not ours yet is as good as none: it is counted.
    let told = with_sidecar(&text.replace("\"version\":1", "\"version\":2")).listed(ID);
    assert_eq!((&told["frames"], &told["problems"]), (&json!(3), &json!([])));
}

/// Its start is never the present time.
#[test]
fn an_event_without_images_starts_at_its_name() {
    let world = World::new();
    let old = event_id("Camera1", 400, "10-04-36");
    world.event(&old).frames(0).old().make();
    let empty = event_id("Camera1", 400, "11-00-00");
    world.event(&empty).frames(0).no_movie().old().make();
    world.old_event("Camera1", 1, "10-00-00");
    let start = format!("{}T10:04:36", days_ago(400));
    let told = world.listed(&old);
    assert_eq!((&told["start"], &told["end"], &told["frames"]), (&json!(start), &json!(start), &json!(0)));
    let told = world.listed(&empty);
    assert_eq!(told["start"], format!("{}T11:00:00", days_ago(400)));
    assert_eq!(told["problems"], json!(["it has neither frames nor a movie"]));
    // What is persisted says the same, and it expires as old as it is.
    let daemon = world.serve(&["--sidecars", "all"]);
    wait_until("its sidecar", || world.path(&old).join(".details.json").exists());
    assert_eq!(daemon.stop(), 0);
    assert_eq!(read_sidecar(&world.path(&old))["start"], format!("{} 10:04:36", days_ago(400)));
    let ran = world.run("expire", &["--keep-days", "45", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!world.has(format!("Camera1/{}", days_ago(400))) && world.has(format!("Camera1/{}", days_ago(1))));
}

/// Makes frames with these names, each a second younger than the one before, in an event of an hour ago.
#[allow(clippy::disallowed_methods)] // file times are the real clock's
fn frames_in_order(world: &World, id: &str, names: &[&str]) {
    let dir = world.event(id).frames(0).old().make();
    let begun = fs::metadata(&dir).unwrap().modified().unwrap();
    for (second, name) in (0..).zip(names) {
        let mut file = fs::File::create(dir.join(name)).unwrap();
        file.write_all(b"a frame").unwrap();
        file.set_modified(begun + Duration::from_secs(second)).unwrap();
    }
    fs::File::open(dir).unwrap().set_modified(SystemTime::now() - Duration::from_secs(3000)).unwrap();
}

#[test]
fn a_clock_fallback_adds_the_elapsed_time() {
    let world = World::new();
    let id = "Camera1/2025-10-26/02-59-56";
    // 02:59:59 is followed by 02:00:00, an hour that comes twice.
    let names = ["02-59-56-00.jpg", "02-59-58-00.jpg", "02-00-00-00.jpg", "02-00-03-00.jpg", "02-00-04-00.jpg"];
    frames_in_order(&world, id, &names);
    let told = world.listed(id);
    assert_eq!((&told["start"], &told["end"]), (&json!("2025-10-26T02:59:56"), &json!("2025-10-26T03:00:04")));
    assert_eq!(told["thumbnail"], format!("/media/{id}/02-59-58-00.jpg"), "the second of five in time");
}

/// A frame named before its directory is from pre-capture or from after midnight: the order of writing decides.
#[test]
fn write_order_explains_early_frame_names() {
    let world = World::new();
    // An event of the night whose directory was named late: the early frame is older than all others.
    let id = "Camera1/2025-10-26/02-59-56";
    frames_in_order(&world, id, &["02-57-00-00.jpg", "02-59-56-00.jpg", "02-59-58-00.jpg"]);
    let told = world.listed(id);
    assert_eq!((&told["start"], &told["end"]), (&json!("2025-10-26T02:57:00"), &json!("2025-10-26T02:59:58")));
}

/// In whatever order frames are named.
#[test]
fn the_end_is_never_before_the_start() {
    let world = World::new();
    for (id, names) in [
        ("Camera1/2025-10-26/02-59-56", ["02-00-00-00.jpg", "02-59-57-00.jpg", "01-59-59-00.jpg"]),
        ("Camera1/2025-10-26/23-59-59", ["00-00-00-00.jpg", "23-59-58-00.jpg", "12-00-00-00.jpg"]),
        ("Camera1/2025-10-26/00-00-01", ["23-59-59-00.jpg", "00-00-02-00.jpg", "00-00-01-00.jpg"]),
        ("Camera1/2025-10-26/01", ["23-59-59-00.jpg", "00-00-02-00.jpg", "12-00-00-00.jpg"]),
    ] {
        frames_in_order(&world, id, &names);
        let told = world.listed(id);
        assert!(told["start"].as_str().unwrap() <= told["end"].as_str().unwrap(), "{told}");
    }
    let told = world.listed("Camera1/2025-10-26/00-00-01");
    assert_eq!(told["start"], "2025-10-25T23:59:59", "pre-capture reaches back over midnight");
}

/// Motion 4 writes `video.avi` with `movie_codec mpeg4`; Motion 5 also writes mov and flv.
#[test]
fn movies_of_every_ending_are_shown() {
    let world = World::new();
    let movies = [
        ("video.avi", "video/x-msvideo"),
        ("video.mov", "video/quicktime"),
        ("video.flv", "video/x-flv"),
        ("video.mpg", "video/mpeg"),
        ("video.mpeg", "video/mpeg"),
        ("video.ts", "video/mp2t"),
    ];
    let id = |n: usize| format!("Camera1/{}/10-00-0{n}", days_ago(3));
    for (n, (name, _)) in movies.iter().enumerate() {
        world.event(id(n)).no_movie().movie(name, whole_mp4()).old().make();
    }
    let daemon = world.serve(&[]);
    for (n, (name, kind)) in movies.iter().enumerate() {
        let told = daemon.wait_for_event(&id(n), "measured", |event| !event["bytes"].is_null());
        let url = format!("/media/{}/{name}", id(n));
        assert_eq!((&told["video"], &told["state"]), (&json!(url), &json!("complete")), "{name}");
        assert_eq!(daemon.get(&url).header("content-type"), Some(*kind), "{name}");
    }
}

/// `%3v` in a file name of motion.conf gives 001, 002 and so on.
#[test]
fn numbers_with_a_width_are_events() {
    let world = World::new();
    let ids = ["01", "001", "042", "100"].map(|name| event_id("Camera1", 60, name));
    for id in &ids {
        world.event(id.as_str()).file("10-00-00-00.jpg", "frame").old().make();
    }
    for id in &ids {
        assert_eq!(world.listed(id)["id"], id.as_str());
    }
    let ran = world.run("expire", &["--keep-days", "45", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ids.iter().all(|id| !world.has(id)), "{:?}", world.tree());
}
