//! A crash after each numbered step of `doc/retention.md`: the process is ended there, another one starts, and nothing
//! is lost, doubled or left behind.

use crate::world::{Disk, Ran, World, days_ago, event_id, run_by, wait_until};

/// A whole stale day, a stale day with a saved event, and a recent one.
fn world() -> World {
    let world = World::new();
    for name in ["10-00-00", "11-00-00"] {
        world.old_event("Camera1", 60, name);
        world.old_event("Camera1", 50, name);
    }
    world.event(event_id("Camera1", 50, "12-00-00")).saved().old().make();
    world.old_event("Camera1", 0, "10-00-00");
    world
}

/// The event directories below the root, wherever they are now, as `day/name`.
fn events(world: &World) -> Vec<String> {
    let mut events: Vec<String> = world
        .tree()
        .into_iter()
        .filter(|path| path.ends_with("-00-00"))
        .map(|path| path.rsplit('/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/"))
        .collect();
    events.sort();
    events
}

fn crash_at(world: &World, step: &str) {
    crash_with(world, &["--keep-days", "45", "--max-share", "1"], step);
}

fn crash_with(world: &World, rules: &[&str], step: &str) {
    let mut command = world.command("expire", rules);
    let ran = Ran::of({
        command.env("OWLERY_FAULT", step);
        command
    });
    assert_eq!(ran.code, -1, "{step} did not end the process: {ran:?}");
}

/// What must hold in the end: the saved and the recent event are where they were, all else is gone.
fn finish(world: &World, step: &str) {
    finish_but(world, step, &[]);
    assert!(!world.has(format!("Camera1/{}", days_ago(60))), "{step}");
    assert_eq!(world.list().len(), 2, "{step}");
}

/// The same with others that stay.
fn finish_but(world: &World, step: &str, others: &[String]) {
    let ran = world.run("expire", &["--keep-days", "45", "--max-share", "1"]);
    assert_eq!(ran.code, 0, "{step}: {ran:?}");
    assert!(world.queued().is_empty(), "{step}: {:?}", world.queued());
    let left = [format!("{}/12-00-00", days_ago(50)), format!("{}/10-00-00", days_ago(0))];
    assert_eq!(events(world), [others, &left].concat(), "{step}");
    assert!(world.has(format!("Camera1/{}/12-00-00/.saved", days_ago(50))), "{step}");
}

/// After a crash at any step, every event is in exactly one place.
#[test]
fn a_crash_while_retiring_loses_nothing() {
    for step in 1..=8 {
        let step = format!("retire-{step}");
        let world = world();
        let before = events(&world);
        crash_at(&world, &step);
        assert_eq!(events(&world), before, "{step}: an event is gone or doubled");
        finish(&world, &step);
    }
}

/// A crash at any step: the next reaper continues.
#[test]
fn a_crash_while_reaping_is_recovered() {
    for step in 1..=4 {
        let step = format!("reap-{step}");
        let world = world();
        crash_at(&world, &step);
        assert!(world.has(format!("Camera1/{}/12-00-00/.saved", days_ago(50))), "{step}");
        finish(&world, &step);
    }
}

/// After a crash at any step, every event is in exactly one place, and the restore can be repeated.
#[test]
fn a_crash_while_restoring_loses_nothing() {
    for step in 1..=5 {
        let step = format!("restore-{step}");
        let world = world();
        let before = events(&world);
        let flags = ["--keep-days", "45", "--max-share", "1", "--undo-window", "1h", "--json"];
        let pass = world.run("expire", &flags).json()["pass"].as_str().unwrap().to_owned();
        let mut command = world.command("restore", [&pass]);
        command.env("OWLERY_FAULT", &step);
        assert_eq!(Ran::of(command).code, -1, "{step}");
        assert_eq!(events(&world), before, "{step}: an event is gone or doubled");
        // Days restored before the crash are not taken again, and the rest can still be restored.
        assert_eq!(world.run("expire", &flags).code, 0, "{step}");
        assert_eq!(events(&world), before, "{step}");
        let again = world.run("restore", &[&pass]).code;
        assert!(again == 0 || again == 1, "{step}: {again}");
        assert_eq!(world.list().len(), before.len(), "{step}: all of it is in the archive");
        assert!(world.run("queue", &["--json"]).json()["passes"].as_array().unwrap().is_empty(), "{step}");
    }
}

#[test]
fn a_crash_while_recovering_is_recovered() {
    // What to move back after the first crash, what to remove, and what to finish.
    for first in ["retire-5", "retire-2", "retire-7"] {
        for step in ["recover-1", "restore-2", "restore-3", "restore-4", "restore-5", "recover-6"] {
            let is_put_back = first != "retire-2";
            if !is_put_back && step.starts_with("restore") {
                continue; // nothing was moved
            }
            let world = world();
            let before = events(&world);
            crash_at(&world, first);
            crash_at(&world, step);
            assert_eq!(events(&world), before, "{first}, {step}: an event is gone or doubled");
            finish(&world, step);
        }
    }
}

/// Files that were added to a retired day before a crash come back with it.
#[test]
fn files_added_before_a_crash_come_back() {
    let world = world();
    crash_at(&world, "retire-5");
    let moved = world.queued().remove(0).join("Camera1").join(days_ago(60));
    std::fs::create_dir(moved.join("10-30-00")).unwrap();
    std::fs::write(moved.join("11-00-00/.saved"), "").unwrap();
    let daemon = world.serve(&[]);
    let day = format!("Camera1/{}", days_ago(60));
    wait_until("it is back", || world.has(format!("{day}/11-00-00/.saved")) && world.queued().is_empty());
    assert!(world.has(format!("{day}/10-00-00/video.mp4")) && world.has(format!("{day}/10-30-00")));
    daemon.wait_for_log("was interrupted while it was made: 3 events are moved back");
    assert_eq!(daemon.stop(), 0);
    world.make_old();
    finish_but(&world, "retire-5", &[format!("{}/11-00-00", days_ago(60))]);
}

/// A pass that was finished in one queue is finished in the other after a crash.
#[test]
fn a_half_finished_pass_is_finished() {
    let world = World::new();
    let _disk = Disk::mount(world.path("Camera2"), "4m");
    for camera in ["Camera1", "Camera2"] {
        world.old_event(camera, 60, "10-00-00");
    }
    crash_at(&world, "retire-7");
    let part = world.queued().remove(0);
    std::fs::rename(part.join("retiring.json"), part.join("pass.json")).unwrap();
    let daemon = world.serve(&[]);
    wait_until("both parts are reaped", || events(&world).is_empty());
    assert_eq!(daemon.stop(), 0);
}

/// Files of an emptied event never come back half: each crash leaves directories that a later look removes.
#[test]
fn a_crash_while_removing_emptied_events() {
    for step in 2..=4 {
        let step = format!("emptied-{step}");
        let world = world();
        let emptied = world.old_event("Camera1", 10, "10-00-00");
        let other = world.old_event("Camera1", 10, "11-00-00");
        let alone = world.old_event("Camera1", 20, "10-00-00");
        assert_eq!(world.run("scan", &["--measure"]).code, 0);
        for event in [&emptied, &alone] {
            for file in std::fs::read_dir(event).unwrap().flatten().filter(|file| file.file_name() != ".details.json") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        world.make_old();
        let kept = events(&world).into_iter().filter(|event| !event.ends_with("10-00-00")).collect::<Vec<_>>();
        crash_with(&world, &[], &step);
        assert!(other.join("video.mp4").exists(), "{step}");
        let _daemon = world.serve(&["--check-interval", "1s"]);
        wait_until("the emptied events are gone", || !emptied.exists() && !alone.exists());
        assert!(kept.iter().all(|event| events(&world).contains(event)), "{step}");
    }
}

/// Flat events of a whole stale day, of a stale day with a saved event, and of today; each a movie, a thumbnail and two
/// pictures.
fn flat_world() -> World {
    let world = World::new();
    for (back, hour) in [(60, "10"), (60, "11"), (50, "10"), (50, "11"), (50, "12"), (0, "10")] {
        let day = world.path(format!("Camera1/{}", days_ago(back)));
        std::fs::create_dir_all(&day).unwrap();
        for ending in ["-00.mkv", "-00.mkv.thumb", "-00.jpg", "-00m.jpg"] {
            std::fs::write(day.join(format!("{hour}-00{ending}")), format!("{back} {hour}{ending}")).unwrap();
        }
    }
    std::fs::write(world.path(format!("Camera1/{}/.12-00-00.saved", days_ago(50))), "").unwrap();
    std::fs::write(world.path(format!("Camera1/{}/23-00-00-snapshot.jpg", days_ago(60))), "loose").unwrap();
    world.make_old();
    world
}

const FLAT: [&str; 6] = ["--keep-days", "45", "--max-share", "1", "--layout", "%Y-%m-%d/%H-%M-%S"];

/// Every flat file, wherever it is, as its contents.
fn flat_files(world: &World) -> Vec<String> {
    let all = walkdir::WalkDir::new(world.path("")).into_iter().flatten();
    let is_recording = |path: &std::path::Path| {
        path.extension().is_some_and(|ending| ["mkv", "thumb", "jpg"].iter().any(|other| ending == *other))
    };
    let files = all.filter(|entry| entry.file_type().is_file() && is_recording(entry.path()));
    let mut contents: Vec<String> = files.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect();
    contents.sort();
    contents
}

/// After a crash at any step of any file, every file is in exactly one place, and the next pass ends as one without a crash.
#[test]
fn a_crash_while_retiring_files_loses_none() {
    let steps = (1..=8).map(|step| format!("retire-{step}"));
    let of_files = (2..=9).flat_map(|nth| [format!("retire-5#{nth}"), format!("retire-6#{nth}")]);
    for step in steps.chain(of_files) {
        let world = flat_world();
        let before = flat_files(&world);
        crash_with(&world, &FLAT, &step);
        assert_eq!(flat_files(&world), before, "{step}: a file is gone or doubled");
        let ran = world.run("expire", &FLAT);
        assert_eq!(ran.code, 0, "{step}: {ran:?}");
        assert!(world.queued().is_empty(), "{step}: {:?}", world.queued());
        assert!(!world.has(format!("Camera1/{}", days_ago(60))), "{step}");
        let left = flat_files(&world);
        assert_eq!(left.len(), 8, "{step}: {left:?}");
        assert!(left.iter().all(|file| file.starts_with("50 12") || file.starts_with("0 10")), "{step}: {left:?}");
    }
}

/// After a crash at any step of any file, every file is in exactly one place, and the restore can be repeated.
#[test]
fn a_crash_while_restoring_files_loses_none() {
    let of_files = (2..=8).map(|nth| format!("restore-2#{nth}"));
    for step in (1..=5).map(|step| format!("restore-{step}")).chain(of_files) {
        let world = flat_world();
        let before = flat_files(&world);
        let flags = [&FLAT[..], &["--undo-window", "1h", "--json"]].concat();
        let pass = world.run("expire", &flags).json()["pass"].as_str().unwrap().to_owned();
        let mut command = world.command("restore", [&pass]);
        command.env("OWLERY_FAULT", &step);
        assert_eq!(Ran::of(command).code, -1, "{step}");
        assert_eq!(flat_files(&world), before, "{step}: a file is gone or doubled");
        let again = world.run("restore", &[&pass]).code;
        assert!(again == 0 || again == 1 || again == 4, "{step}: {again}");
        assert_eq!(flat_files(&world), before, "{step}");
        let events = world.run("list", &["--json", "--layout", FLAT[5]]).json()["events"].as_array().unwrap().len();
        assert_eq!(events, 6, "{step}: all of it is in the archive");
        let passes = world.run("queue", &["--json"]).json()["passes"].as_array().unwrap().len();
        assert_eq!(passes, 0, "{step}");
    }
}

/// A disk without room for a queue loses files in place; none may come back after a power cut.
#[test]
fn hours_that_lose_files_are_synced() {
    let world = World::empty();
    let disk = Disk::mount(&world.root, "8M");
    let day = days_ago(60);
    let date = day.replace('-', "");
    for (hour, file) in [("09", "095958.mkv"), ("10", "100001-00.jpg")] {
        let hour = world.path(format!("Camera1/{day}/{hour}"));
        std::fs::create_dir_all(&hour).unwrap();
        std::fs::write(hour.join(format!("01-{date}{file}")), "x").unwrap();
    }
    world.make_old();
    disk.fill();
    let log = world.outside("log").join("strace");
    let strace = ["strace", "-f", "-y", "-e", "trace=fsync", "-o", log.to_str().unwrap()];
    let flags = [&FLAT[..5], &["%Y-%m-%d/%H/%v-%Y%m%d%H%M%S"]].concat();
    let ran = Ran::of(run_by(&strace, &world.command("expire", flags)));
    assert!(ran.code == 0 && !world.has(format!("Camera1/{day}")), "{ran:?}");
    let log = std::fs::read_to_string(log).unwrap();
    for hour in ["09", "10"] {
        assert!(log.contains(&format!("Camera1/{day}/{hour}>")), "{hour}: {log}");
    }
}

/// Directories that a restore makes must survive a power cut, since the pass is removed after it.
#[test]
fn directories_made_by_a_restore_are_synced() {
    let world = World::new();
    let day = |back: u64| format!("Camera1/{}", days_ago(back).replace('-', "/"));
    for file in [format!("{}/10/00-00.mkv", day(800)), format!("{}/10/00-00.mkv", day(50))] {
        std::fs::create_dir_all(world.path(&file).parent().unwrap()).unwrap();
        std::fs::write(world.path(&file), "x").unwrap();
    }
    let saved = world.path(format!("{}/12", day(50)));
    std::fs::create_dir(&saved).unwrap();
    for name in ["00-00.mkv", ".00-00.saved"] {
        std::fs::write(saved.join(name), "x").unwrap();
    }
    world.make_old();
    let flags = [&FLAT[..5], &["%Y/%m/%d/%H/%M-%S", "--undo-window", "1h", "--json"]].concat();
    let pass = world.run("expire", &flags).json()["pass"].as_str().unwrap().to_owned();
    assert!(!world.has(format!("{}/10", day(50))), "moved one by one");
    let (month, _) = day(800).rsplit_once('/').map(|(month, day)| (month.to_owned(), day.to_owned())).unwrap();
    let (year, _) = month.rsplit_once('/').unwrap();
    assert!(!world.has(year), "moved as a whole");
    let log = world.outside("log").join("strace");
    let strace = ["strace", "-f", "-y", "-e", "trace=fsync", "-o", log.to_str().unwrap()];
    let ran = Ran::of(run_by(&strace, &world.command("restore", [&pass])));
    assert!(ran.code == 0 && world.has(day(800)), "{ran:?}");
    let log = std::fs::read_to_string(log).unwrap();
    for changed in ["Camera1", year, &month, &day(50), &format!("{}/10", day(50))] {
        assert!(log.contains(&format!("{}>", world.path(changed).display())), "{changed}: {log}");
    }
}
