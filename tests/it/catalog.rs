//! The catalog is derived from the tree and disposable: whatever happens to it, responses match the tree in the end.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::world::{Daemon, Disk, Ran, World, days_ago, event_id, run_by, wait_until};

/// Events of several cameras and days, saved, interrupted and raw ones among them.
fn world() -> World {
    let world = World::empty();
    for camera in ["Camera1", "Camera2", "Camera10"] {
        for days in [0, 1, 2, 40, 400] {
            world.old_event(camera, days, "10-00-00");
            world.event(event_id(camera, days, "11-00-00")).saved().frames(7).old().make();
            world.event(event_id(camera, days, "01")).no_movie().old().make();
        }
        world.event(event_id(camera, 3, "12-00-00")).movie("video.mp4", "").old().make();
    }
    world
}

/// Many small events of one camera, two days ago.
fn many_events(world: &World, from: u32, to: u32) {
    for number in from..to {
        let dir = world.path(event_id("Camera1", 2, number));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("10-00-00-00.jpg"), "x").unwrap();
    }
}

/// All responses once everything is measured.
fn pages(daemon: &Daemon) -> [Value; 2] {
    wait_until("all is measured", || daemon.events().iter().all(|event| event["bytes"].is_u64()));
    // Without the forecast of the archive, which has the free space of the disk.
    let cameras = daemon.get("/api/v1/cameras").json()["cameras"].take();
    [daemon.get("/api/v1/events?limit=1000").json(), cameras]
}

fn catalog(world: &World) -> PathBuf {
    world.path(".owlery/catalog.db")
}

/// Runs the daemon once; returns its responses.
fn served(world: &World) -> [Value; 2] {
    let daemon = world.serve(&[]);
    let pages = pages(&daemon);
    assert_eq!(daemon.stop(), 0);
    pages
}

/// Something done to the catalog's file.
type Damage<'a> = &'a dyn Fn(&Path);

/// It is set aside with one warning.
#[test]
fn an_unusable_catalog_is_rebuilt() {
    let garbage = |path: &Path| fs::write(path, [0x5a; 9000]).unwrap();
    let foreign = |path: &Path| {
        fs::remove_file(path).unwrap();
        let other = rusqlite::Connection::open(path).unwrap();
        other.execute_batch("PRAGMA user_version = 1; CREATE TABLE event (precious TEXT)").unwrap();
    };
    let newer = |path: &Path| {
        let catalog = rusqlite::Connection::open(path).unwrap();
        catalog.pragma_update(None, "user_version", 99).unwrap();
    };
    let other_tables = |path: &Path| {
        let catalog = rusqlite::Connection::open(path).unwrap();
        catalog.execute_batch("DROP TABLE events; CREATE TABLE events (precious TEXT)").unwrap();
    };
    let cut = |path: &Path| {
        let whole = fs::metadata(path).unwrap().len();
        OpenOptions::new().write(true).open(path).unwrap().set_len(whole / 2).unwrap();
    };
    let world = world();
    let before = served(&world);
    assert_eq!(before[0]["events"].as_array().unwrap().len(), 48);
    let damages: [(&str, Damage<'_>); 5] = [
        ("garbage", &garbage),
        ("foreign", &foreign),
        ("newer", &newer),
        ("other tables", &other_tables),
        ("cut", &cut),
    ];
    for (what, spoil) in damages {
        spoil(&catalog(&world));
        let spoilt = fs::read(catalog(&world)).unwrap();
        let mut daemon = world.serve(&[]);
        wait_until(&format!("{what}: all events are back"), || daemon.events().len() == 48);
        assert_eq!(pages(&daemon), before, "{what}");
        daemon.signal("-TERM");
        assert_eq!(daemon.wait(), 0);
        let log = daemon.log();
        // Near each quarter of an hour, what was written just now looks like the time of another zone.
        let warnings = log.lines().filter(|line| line.contains("WARN") && !line.contains("WARN time zone:"));
        assert_eq!(warnings.count(), 1, "{what}: {log}");
        assert_eq!(log.matches("set aside as").count(), 1, "{what}: {log}");
        assert_eq!(fs::read(world.path(".owlery/catalog.db.aside")).unwrap(), spoilt, "{what}: kept to look at");
    }
}

#[test]
fn deleting_the_catalog_changes_no_answer() {
    let world = world();
    let before = served(&world);
    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        let _ = fs::remove_file(world.path(".owlery").join(name));
    }
    assert_eq!(served(&world), before);
    assert_eq!(served(&world), before, "nor does keeping it");
    fs::write(catalog(&world), "").unwrap();
    assert_eq!(served(&world), before, "nor does an empty file");
}

#[test]
fn a_deleted_catalog_makes_no_file_garbage() {
    let world = world();
    served(&world);
    fs::remove_file(catalog(&world)).unwrap();
    let before = world.tree();
    let ran = world.run("expire", &["--keep-days", "1000", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(world.tree(), before);
}

#[test]
fn damage_while_running_loses_no_event() {
    let world = World::new();
    many_events(&world, 100, 600);
    let daemon = world.serve(&[]);
    assert_eq!(daemon.events().len(), 500);
    let garbage = |name: &str| {
        let path = world.path(".owlery").join(name);
        let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().write_all(&vec![0xa5; length]).unwrap();
    };
    garbage("catalog.db");
    garbage("catalog.db-wal");
    many_events(&world, 600, 700);
    wait_until("old and new events are listed", || {
        let answer = daemon.get("/api/v1/events?limit=1000");
        answer.status == 200 && answer.json()["events"].as_array().unwrap().len() == 600
    });
    assert_eq!(daemon.stop(), 0);
    let daemon = world.serve(&[]);
    wait_until("and by the next run too", || daemon.events().len() == 600);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_killed_preload_is_completed_next_time() {
    let world = world();
    many_events(&world, 100, 900);
    let mut daemon = world.serve_slowly(Duration::from_millis(3), &[]);
    wait_until("something is in the catalog", || !daemon.events().is_empty());
    assert_eq!(daemon.get("/readyz").status, 503, "not all of it is");
    let pid = world.daemon_pid();
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    daemon.wait();
    let after = served(&world);
    assert_eq!(after[0]["events"].as_array().unwrap().len(), 848);
    fs::remove_file(catalog(&world)).unwrap();
    assert_eq!(served(&world), after, "as if it had never been killed");
}

#[test]
fn a_catalog_leaves_a_full_disk() {
    let world = World::new();
    let state = world.outside("state");
    let disk = Disk::mount(&state, "32m");
    many_events(&world, 100, 110);
    let daemon = world.serve(&["--state-dir", state.to_str().unwrap()]);
    let filler = disk.fill();
    many_events(&world, 110, 2110);
    daemon.wait_for_log("rebuilt in a temporary folder");
    wait_until("everything is listed all the same", || {
        daemon.get("/api/v1/cameras").json()["cameras"][0]["events"].as_u64() == Some(2010)
    });
    wait_until("and it is ready", || daemon.get("/readyz").status == 200);
    assert!(!state.join("catalog.db").exists(), "what it took is room");
    fs::remove_file(filler).unwrap();
    wait_until("it is back where it belongs", || state.join("catalog.db").exists());
    daemon.wait_for_log("the catalog is in the state directory");
    assert_eq!(daemon.events().len(), 1000, "a page");
    assert_eq!(daemon.stop(), 0);
    let ran = world.run("scan", &["--state-dir", state.to_str().unwrap(), "--json"]);
    assert_eq!((ran.code, ran.json()["events"].as_u64()), (0, Some(2010)), "{ran:?}");
}

/// Days that were in the catalog before the kill are not read again.
#[test]
fn after_a_kill_only_missing_days_are_read() {
    let world = World::empty();
    for days in 10..60 {
        let day = world.path(format!("Camera1/{}", days_ago(days)));
        for number in 100..110 {
            fs::create_dir_all(day.join(number.to_string())).unwrap();
            fs::write(day.join(format!("{number}/10-00-00-00.jpg")), "x").unwrap();
            fs::File::open(day.join(number.to_string())).unwrap().set_modified(UNIX_EPOCH).unwrap(); // not being written
        }
        // Long enough ago for its time to prove that nothing was added since.
        fs::File::open(&day).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    }
    let mut daemon = world.serve_slowly(Duration::from_millis(10), &[]);
    wait_until("some days are in the catalog", || daemon.events().len() >= 100);
    let pid = world.daemon_pid();
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    daemon.wait();
    let there: i64 = rusqlite::Connection::open(catalog(&world))
        .unwrap()
        .query_row("SELECT count(*) FROM day", [], |row| row.get(0))
        .unwrap();
    assert!(there >= 10, "what was listed is in the catalog: {there} days");

    let daemon = world.serve(&[]);
    wait_until("all are there", || daemon.get("/api/v1/cameras").json()["cameras"][0]["events"] == 500);
    daemon.wait_for_log(&format!("500 events of 1 cameras in 50 days ({there} unchanged)"));
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn the_documented_views_tell_what_the_api_tells() {
    let world = world();
    let [events, cameras] = served(&world);
    let catalog = rusqlite::Connection::open(catalog(&world)).unwrap();
    let mut view = catalog
        .prepare(
            "SELECT id, camera, start, end, state, saved, frames, bytes, peak_change, problems, video
             FROM event ORDER BY start_secs DESC, id DESC",
        )
        .unwrap();
    let rows = view.query_map([], |row| {
        let video: Option<String> = row.get(10)?;
        let id: String = row.get(0)?;
        let problems: String = row.get(9)?;
        Ok(serde_json::json!({
            "id": id, "camera": row.get::<_, String>(1)?, "start": row.get::<_, String>(2)?,
            "end": row.get::<_, String>(3)?, "state": row.get::<_, String>(4)?, "saved": row.get::<_, bool>(5)?,
            "frames": row.get::<_, u32>(6)?, "bytes": row.get::<_, i64>(7)?, "peak_change": row.get::<_, Option<u32>>(8)?,
            "problems": serde_json::from_str::<Value>(&problems).unwrap(),
            "video": video.map(|name| format!("/media/{id}/{name}")),
        }))
    });
    let rows: Vec<Value> = rows.unwrap().map(Result::unwrap).collect();
    let mut told = events["events"].as_array().unwrap().clone();
    for event in &mut told {
        for key in ["thumbnail", "debug_video", "container", "videos", "playable", "preview", "location", "reviewed"] {
            event.as_object_mut().unwrap().remove(key);
        }
    }
    assert_eq!(rows, told);

    let mut days = catalog.prepare("SELECT camera, events, saved, bytes, hours FROM day").unwrap();
    let days = days.query_map([], |row| {
        let hours: Vec<i64> = serde_json::from_str(&row.get::<_, String>(4)?).unwrap();
        Ok((row.get::<_, String>(0)?, [row.get(1)?, row.get(2)?, row.get(3)?], hours))
    });
    let days: Vec<(String, [i64; 3], Vec<i64>)> = days.unwrap().map(Result::unwrap).collect();
    for camera in cameras.as_array().unwrap() {
        let own = || days.iter().filter(|(name, ..)| camera["name"] == name.as_str());
        for (at, key) in ["events", "saved", "bytes"].into_iter().enumerate() {
            assert_eq!(
                own().map(|(_, sums, _)| sums[at]).sum::<i64>(),
                camera[key].as_i64().unwrap(),
                "{camera} {key}"
            );
        }
    }
    for (camera, [events, ..], hours) in &days {
        assert_eq!((hours.len(), hours.iter().sum::<i64>()), (24, *events), "{camera}");
        assert_eq!(hours[11], i64::from(*events == 3), "11:00 of the days of three: {camera} {hours:?}");
    }
}

#[test]
fn an_unchanged_archive_opens_no_event() {
    let world = World::empty();
    for days in 10..20 {
        let day = world.path(format!("Camera1/{}", days_ago(days)));
        world.old_event("Camera1", days, "10-00-00");
        fs::File::open(&day).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    }
    let trace = world.outside("state").join("trace");
    let scan = || {
        let strace = ["strace", "-f", "-o", trace.to_str().unwrap(), "-e", "trace=openat,openat2,newfstatat,statx"];
        let ran = Ran::of(run_by(&strace, &world.command("scan", ["--json"])));
        assert_eq!((ran.code, ran.json()["events"].as_u64()), (0, Some(10)), "{ran:?}");
        fs::read_to_string(&trace).unwrap().matches("10-00-00").count()
    };
    assert!(scan() >= 10, "the first looks at each");
    assert_eq!(scan(), 0, "the second at none");
}

/// A link that leads nowhere, a directory with the journal's name, and an immutable file ended every
/// command.
#[test]
fn odd_files_at_the_catalog_are_no_end() {
    let world = world();
    let chattr = |how: &str| {
        let done = std::process::Command::new("chattr").arg(how).arg(catalog(&world)).status().unwrap();
        assert!(done.success());
    };
    let link = |path: &Path| {
        fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink("/nowhere/catalog.db", path).unwrap();
    };
    let journal = |path: &Path| fs::create_dir_all(path.with_extension("db-journal").join("x")).unwrap();
    let immutable = |_: &Path| chattr("+i");
    let before = served(&world);
    let damages: [(&str, Damage<'_>); 3] = [("link", &link), ("journal", &journal), ("immutable", &immutable)];
    for (what, spoil) in damages {
        spoil(&catalog(&world));
        let ran = world.run("expire", &["--keep-days", "4000"]);
        let list = world.list().len();
        let served = served(&world);
        if what == "immutable" {
            chattr("-i");
        }
        assert_eq!(ran.code, 0, "{what}: {ran:?}");
        assert_eq!((list, &served), (48, &before), "{what}");
    }
}
