//! The guard `disk`: a camera that is elsewhere than it was, noticed also by the next run.

use std::fs;

use crate::world::{Disk, KEEP_45_DAYS, Ran, World, days_ago, event_id, wait_until};

fn expire(world: &World) -> Ran {
    world.run("expire", &KEEP_45_DAYS)
}

/// A stale day of this camera.
fn stale(world: &World, camera: &str) -> std::path::PathBuf {
    world.old_event(camera, 60, "10-00-00")
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

/// The next run notices another disk at a camera's path.
#[test]
fn a_swapped_disk_is_held_until_confirmed() {
    let (world, _other) = swapped();
    let (here, there) = (stale(&world, "Camera1"), stale(&world, "Camera2"));
    let ran = expire(&world);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!here.exists(), "the others go on");
    assert!(there.exists());
    assert!(ran.stderr.contains("Camera2 is on another disk than before"), "{ran:?}");
    let id = id_of(&ran.stderr);
    let plan = world.run("plan", &[&KEEP_45_DAYS[..], &["--json"]].concat()).json();
    assert_eq!(plan["held"]["guard"], "disk");
    assert_eq!(id_of(plan["held"]["message"].as_str().unwrap()), id);
    let again = expire(&world);
    assert_eq!((again.code, id_of(&again.stderr)), (3, id.clone()), "{again:?}");
    assert_eq!(world.run("expire", &[&KEEP_45_DAYS[..], &["--confirm", "0123456789abcdef"]].concat()).code, 3);
    assert!(there.exists());
    let confirmed = world.run("expire", &[&KEEP_45_DAYS[..], &["--confirm", &id]].concat());
    assert_eq!(confirmed.code, 0, "{confirmed:?}");
    assert!(!there.exists());
    let next = stale(&world, "Camera2");
    assert_eq!(expire(&world).code, 0, "it is there by right now");
    assert!(!next.exists());
}

/// Events that were recorded below a mount point while its mount was missing.
#[test]
fn events_below_a_missing_mount_are_held() {
    let world = World::empty();
    let disk = Disk::mount(world.path("Camera2"), "4M");
    assert_eq!(expire(&world).code, 0);
    drop(disk);
    let stray = stale(&world, "Camera2");
    let ran = expire(&world);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("Camera2 was on its own disk and is now on the archive's"), "{ran:?}");
    assert!(stray.exists());
}

#[test]
fn a_remounted_disk_is_the_same_disk() {
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
fn users_may_delete_on_an_unconfirmed_disk() {
    let (world, _other) = swapped();
    let old = stale(&world, "Camera2");
    let id = event_id("Camera2", 60, "10-00-00");
    let ran = world.run("delete", &[&id]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!old.exists());
}

/// A daemon records the disks also without a rule, and reports a swap.
#[test]
fn a_daemon_without_rules_notices_a_swap() {
    let world = World::empty();
    let first = Disk::mount(world.path("Camera2"), "4M");
    let daemon = world.serve(&["--check-interval", "200ms"]);
    wait_until("it is noted", || world.has(".owlery/volumes.json"));
    assert_eq!(daemon.stop(), 0);
    drop(first);
    let _other = Disk::mount(world.path("Camera2"), "4M");
    let old = stale(&world, "Camera2");
    let daemon = world.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "200ms"]].concat());
    let guard = || {
        let told = daemon.get("/api/v1/retention").json();
        let guards = told["guards"].as_array().unwrap().clone();
        guards.into_iter().find(|guard| guard["name"] == "disk").unwrap()
    };
    wait_until("the guard names the command that confirms", || {
        guard()["message"].as_str().unwrap().contains("--confirm ")
    });
    assert!(old.exists() && guard()["ok"] == false);
    let id = id_of(guard()["message"].as_str().unwrap());
    assert_eq!(world.run("expire", &["--confirm", &id]).code, 0);
    assert!(!old.exists() && guard()["ok"] == true);
}

#[test]
fn an_unreadable_volumes_file_holds_every_pass() {
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

/// A disk image with a filesystem, on a loop device, mounted at a folder; all taken away when dropped.
struct Image {
    device: String,
    at: std::path::PathBuf,
}

fn tool(program: &str, args: &[&str]) -> String {
    let ran = std::process::Command::new(program).args(args).output().unwrap();
    assert!(ran.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

impl Image {
    /// Makes an image of so many bytes, and on it a filesystem by `mkfs` (a program and its flags).
    fn make(world: &World, name: &str, bytes: u64, mkfs: &[&str]) -> std::path::PathBuf {
        let image = world.outside("images").join(name);
        fs::File::create(&image).unwrap().set_len(bytes).unwrap();
        tool(mkfs[0], &[&mkfs[1..], &[image.to_str().unwrap()]].concat());
        image
    }

    /// Mounts it by `mount` (a program and its flags, before the device and the folder).
    fn mount(image: &std::path::Path, at: impl Into<std::path::PathBuf>, mount: &[&str]) -> Self {
        let at = at.into();
        fs::create_dir_all(&at).unwrap();
        let device = tool("losetup", &["-f", "--show", image.to_str().unwrap()]);
        let mounted = Self { device, at };
        tool(mount[0], &[&mount[1..], &[&mounted.device, mounted.at.to_str().unwrap()]].concat());
        mounted
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.at).status();
        let _ = std::process::Command::new("losetup").args(["-d", &self.device]).status();
    }
}

/// FUSE reports no filesystem id and no birth time, and the top of every NTFS is inode 5.
#[test]
fn two_ntfs_disks_are_told_apart() {
    let world = World::empty();
    let mkfs = ["mkntfs", "-F", "-Q"];
    let [first, second] = ["1", "2"].map(|name| Image::make(&world, name, 40 << 20, &mkfs));
    let disk = Image::mount(&first, world.path("Camera2"), &["ntfs-3g"]);
    assert_eq!(expire(&world).code, 0);
    assert!(world.has("Camera2/.owlery/volume.json"));
    drop(disk);
    let other = Image::mount(&second, world.path("Camera2"), &["ntfs-3g"]);
    let theirs = stale(&world, "Camera2");
    let ran = expire(&world);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(theirs.exists() && ran.stderr.contains("is on another disk than before"), "{ran:?}");
    drop(other);
    let _again = Image::mount(&first, world.path("Camera2"), &["ntfs-3g"]);
    let ours = stale(&world, "Camera2");
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ours.exists());
}

/// Two filesystems that one script makes have the same root inode and the same second of birth, and here the same id.
#[test]
fn disks_made_in_one_second_are_distinguished() {
    let world = World::empty();
    let mkfs = ["mkfs.ext4", "-q", "-F", "-U", "6d1c0b53-1c1d-4d8b-a2a7-111111111111"];
    let first = Image::make(&world, "1", 8 << 20, &mkfs);
    let second = world.outside("images").join("2");
    fs::copy(&first, &second).unwrap();
    let disk = Image::mount(&first, world.path("Camera2"), &["mount"]);
    assert_eq!(expire(&world).code, 0);
    drop(disk);
    let _other = Image::mount(&second, world.path("Camera2"), &["mount"]);
    let theirs = stale(&world, "Camera2");
    let ran = expire(&world);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(theirs.exists());
}

/// `volumes.json` of a build that knew no marks.
#[test]
fn disks_known_by_an_earlier_build_go_on() {
    let world = World::empty();
    let image = Image::make(&world, "1", 40 << 20, &["mkntfs", "-F", "-Q"]);
    let _disk = Image::mount(&image, world.path("Camera2"), &["ntfs-3g"]);
    assert_eq!(expire(&world).code, 0);
    let file = world.path(".owlery/volumes.json");
    let mut known: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert!(known["cameras"]["Camera2"]["own"].as_object_mut().unwrap().remove("mark").is_some(), "{known}");
    fs::write(&file, known.to_string()).unwrap();
    fs::remove_dir_all(world.path("Camera2/.owlery")).unwrap();
    let old = stale(&world, "Camera2");
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!old.exists() && world.has("Camera2/.owlery/volume.json"));
}

/// A view of a folder by bindfs, which has no id of its own. With a file in the mark's place it takes no mark.
fn unmarkable(world: &World, folder: &std::path::Path) -> Mounted {
    fs::write(folder.join(".owlery"), "").unwrap();
    fs::create_dir_all(world.path("Camera2")).unwrap();
    tool("bindfs", &[folder.to_str().unwrap(), world.path("Camera2").to_str().unwrap()]);
    Mounted(world.path("Camera2"))
}

/// Another disk, and the same one again: neither can be told from the first. A person can say that it is right.
#[test]
fn a_disk_that_takes_no_mark_is_held() {
    for next in ["first", "second"] {
        let world = World::empty();
        let disk = unmarkable(&world, &world.outside("first"));
        let ran = expire(&world);
        assert!(ran.code == 0 && ran.stderr.contains("the disk of Camera2 cannot be marked"), "{ran:?}");
        drop(disk);
        let _next = unmarkable(&world, &world.outside(next));
        let event = stale(&world, "Camera2");
        let ran = expire(&world);
        assert_eq!(ran.code, 3, "{next}: {ran:?}");
        let why = ["is on a disk that cannot be distinguished from others", "is on another disk than before"];
        assert!(why.iter().any(|why| ran.stderr.contains(&format!("Camera2 {why}"))), "{next}: {ran:?}");
        assert!(next != "first" || ran.stderr.contains(why[0]), "it is the same disk, perhaps: {ran:?}");
        assert!(event.exists());
        let confirmed = world.run("expire", &[&KEEP_45_DAYS[..], &["--confirm", &id_of(&ran.stderr)]].concat());
        assert_eq!(confirmed.code, 0, "{next}: {confirmed:?}");
        assert!(!event.exists(), "{next}: {confirmed:?}");
        let event = stale(&world, "Camera2");
        let ran = expire(&world);
        assert!(ran.code == 3 && event.exists(), "{next}: it was confirmed for one pass: {ran:?}");
    }
}

/// The same for disks that are read-only, and so take no mark.
#[test]
fn a_read_only_disk_is_held() {
    let world = World::empty();
    let [first, second] = ["first", "second"].map(|name| world.outside(name));
    fs::create_dir_all(world.path("Camera2")).unwrap();
    let bindfs = |of: &std::path::Path| {
        tool("bindfs", &["-r", of.to_str().unwrap(), world.path("Camera2").to_str().unwrap()]);
        Mounted(world.path("Camera2"))
    };
    let disk = bindfs(&first);
    expire(&world);
    drop(disk);
    let event = second.join(days_ago(60)).join("10-00-00");
    fs::create_dir_all(&event).unwrap();
    fs::write(event.join("10-00-00-00.jpg"), "x").unwrap();
    let _other = bindfs(&second);
    let ran = expire(&world);
    assert!(ran.code == 3 && ran.stderr.contains("guard \"disk\": Camera2 is on "), "{ran:?}");
    assert!(event.exists());
}

/// A mark that is broken, or another disk's, proves nothing.
#[test]
fn a_broken_or_foreign_mark_is_held() {
    let world = World::empty();
    let disk = Disk::mount(world.path("Camera2"), "4M");
    assert_eq!(expire(&world).code, 0);
    let mark = world.path("Camera2/.owlery/volume.json");
    let foreign = r#"{"owlery":1,"volume":"0123456789abcdef0123456789abcdef"}"#;
    for broken in ["", "{", r#"{"owlery":7,"volume":"x"}"#, r#"{"owlery":1,"volume":""}"#, foreign] {
        fs::write(&mark, broken).unwrap();
        let event = stale(&world, "Camera2");
        let ran = expire(&world);
        assert_eq!(ran.code, 3, "{broken}: {ran:?}");
        assert!(ran.stderr.contains("Camera2 is on another disk than before"), "{broken}: {ran:?}");
        let is_named = ran.stderr.contains("volume.json");
        assert_eq!(is_named, broken != foreign, "{broken}: {ran:?}");
        assert!(event.exists());
        let ran = world.run("expire", &[&KEEP_45_DAYS[..], &["--confirm", &id_of(&ran.stderr)]].concat());
        assert!(ran.code == 0 && !event.exists(), "{broken}: {ran:?}");
        let marked: serde_json::Value = serde_json::from_slice(&fs::read(&mark).unwrap()).unwrap();
        assert_eq!(marked["volume"].as_str().map(str::len), Some(32), "it has a mark again: {marked}");
    }
    drop(disk);
}

/// A mount by another program; unmounted when dropped.
struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// exFAT has no sockets: the control socket is elsewhere, and commands beside the daemon find it.
#[test]
fn a_daemon_on_exfat_serves_and_is_reached() {
    let world = World::empty();
    let image = Image::make(&world, "1", 64 << 20, &["mkfs.exfat"]);
    let _disk = Image::mount(&image, &world.root, &["mount.exfat-fuse"]);
    let old = stale(&world, "Camera1");
    let id = event_id("Camera1", 3, "10-00-00");
    let young = world.event(id.as_str()).old().make();
    let daemon = world.serve(&["--keep-days", "90", "--event-gap", "1s"]);
    daemon.wait_for_log("the control socket is");
    // exFAT gives the directory a later time than it was set to, so the event is open for a moment.
    wait_until("it can be deleted", || world.run("delete", &[&id]).code == 0);
    assert!(!young.exists());
    assert_eq!(daemon.events().len(), 1, "the daemon did it");
    assert_eq!(daemon.stop(), 0);
    let ran = expire(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!old.exists());
}

/// The disk of a camera is not mounted: its events left the list, `check` counted differences, and nothing named the cause.
#[test]
fn a_missing_disk_of_a_camera_is_told() {
    let world = World::empty();
    fs::create_dir(world.path("Camera1")).unwrap();
    let disk = Disk::mount(world.path("Camera2"), "4M");
    stale(&world, "Camera2");
    assert_eq!(world.run("expire", &["--keep-days", "4000"]).code, 0);
    assert_eq!(world.run("check", &[]).code, 0);
    drop(disk);
    let check = world.run("check", &[]);
    assert!(check.code == 1 && check.stdout.contains("a disk of its own, which is not there"), "{check:?}");
    let daemon = world.serve(&["--keep-days", "4000"]);
    wait_until("an alert", || daemon.get("/readyz").text().contains("Camera2: it was on a disk of its own"));
    drop(daemon);
    fs::remove_dir(world.path("Camera2")).unwrap();
    let daemon = world.serve(&["--keep-days", "4000"]);
    wait_until("no alert", || daemon.get("/readyz").json()["alerts"].as_array().is_some_and(Vec::is_empty));
}
