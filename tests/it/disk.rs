//! The guard `disk`: a camera that is elsewhere than it was, noticed also by the next run.

use std::fs;

use crate::world::{Disk, Ran, World, days_ago, wait_until};

const RULE: [&str; 4] = ["--keep-days", "45", "--max-share", "1"];

fn expire(world: &World) -> Ran {
    world.run("expire", &RULE)
}

/// A stale day of this camera.
fn stale(world: &World, camera: &str) -> std::path::PathBuf {
    world.event(format!("{camera}/{}/10-00-00", days_ago(60))).old().make()
}

/// An archive of which a pass has seen one disk at Camera2's place, where there is another now.
fn swapped() -> (World, Disk) {
    let world = World::empty();
    let first = Disk::mount(world.path("Camera2"), "4M");
    assert_eq!(expire(&world).code, 0);
    drop(first);
    let other = Disk::mount(world.path("Camera2"), "4M");
    (world, other)
}

/// The id by which what is held is confirmed.
fn id_of(said: &str) -> String {
    said.trim_end().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn another_disk_at_a_cameras_place_is_noticed_by_the_next_run_and_held_until_confirmed() {
    let (world, _other) = swapped();
    let (here, there) = (stale(&world, "Camera1"), stale(&world, "Camera2"));
    let ran = expire(&world);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!here.exists(), "the others go on");
    assert!(there.exists());
    assert!(ran.stderr.contains("Camera2 is on another disk than before"), "{ran:?}");
    let id = id_of(&ran.stderr);
    let plan = world.run("plan", &[&RULE[..], &["--json"]].concat()).json();
    assert_eq!(plan["held"]["guard"], "disk");
    assert_eq!(id_of(plan["held"]["message"].as_str().unwrap()), id);
    let again = expire(&world);
    assert_eq!((again.code, id_of(&again.stderr)), (3, id.clone()), "{again:?}");
    assert_eq!(world.run("expire", &[&RULE[..], &["--confirm", "0123456789abcdef"]].concat()).code, 3);
    assert!(there.exists());
    let confirmed = world.run("expire", &[&RULE[..], &["--confirm", &id]].concat());
    assert_eq!(confirmed.code, 0, "{confirmed:?}");
    assert!(!there.exists());
    let next = stale(&world, "Camera2");
    assert_eq!(expire(&world).code, 0, "it is there by right now");
    assert!(!next.exists());
}

#[test]
fn what_was_recorded_below_a_mount_point_while_the_mount_was_missing_is_held() {
    let world = World::empty();
    let disk = Disk::mount(world.path("Camera2"), "4M");
    assert_eq!(expire(&world).code, 0);
    drop(disk);
    let stray = stale(&world, "Camera2");
    let ran = expire(&world);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("Camera2 was on a disk of its own and is on the archive's"), "{ran:?}");
    assert!(stray.exists());
}

#[test]
fn a_disk_that_is_mounted_again_is_the_same_disk() {
    let world = World::empty();
    let elsewhere = world.outside("disk");
    let _disk = Disk::mount(&elsewhere, "4M");
    fs::create_dir(elsewhere.join("second")).unwrap();
    let bound = Disk::bind(&elsewhere.join("second"), world.path("Camera2"));
    assert_eq!(expire(&world).code, 0);
    drop(bound);
    let _again = Disk::bind(&elsewhere.join("second"), world.path("Camera2"));
    let old = stale(&world, "Camera2");
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!old.exists());
}

#[test]
fn a_person_may_delete_on_a_disk_that_is_not_confirmed() {
    let (world, _other) = swapped();
    let old = stale(&world, "Camera2");
    let id = format!("Camera2/{}/10-00-00", days_ago(60));
    let ran = world.run("delete", &[&id]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!old.exists());
}

#[test]
fn a_daemon_notes_the_disks_also_where_no_rule_asks_and_tells_of_a_swap() {
    let world = World::empty();
    let first = Disk::mount(world.path("Camera2"), "4M");
    let daemon = world.serve(&["--check-interval", "200ms"]);
    wait_until("it is noted", || world.has(".owlery/volumes.json"));
    assert_eq!(daemon.stop(), 0);
    drop(first);
    let _other = Disk::mount(world.path("Camera2"), "4M");
    let old = stale(&world, "Camera2");
    let daemon = world.serve(&[&RULE[..], &["--check-interval", "200ms"]].concat());
    let guard = || {
        let told = daemon.get("/api/v1/retention").json();
        let guards = told["guards"].as_array().unwrap().clone();
        guards.into_iter().find(|guard| guard["name"] == "disk").unwrap()
    };
    wait_until("it is told how to confirm it", || guard()["message"].as_str().unwrap().contains("--confirm "));
    assert!(old.exists() && guard()["ok"] == false);
    let id = id_of(guard()["message"].as_str().unwrap());
    assert_eq!(world.run("expire", &["--confirm", &id]).code, 0);
    assert!(!old.exists() && guard()["ok"] == true);
}

#[test]
fn a_file_of_the_disks_that_cannot_be_read_holds_every_pass() {
    let world = World::new();
    assert_eq!(expire(&world).code, 0);
    fs::write(world.path(".owlery/volumes.json"), "{").unwrap();
    let old = stale(&world, "Camera1");
    let ran = expire(&world);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("volumes.json") && old.exists(), "{ran:?}");
    fs::remove_file(world.path(".owlery/volumes.json")).unwrap();
    assert_eq!(expire(&world).code, 0);
    assert!(!old.exists());
}
