//! Pools of disks (mergerfs), and containers that forbid newer system calls: days expire there too, and failures are
//! reported.

use std::path::PathBuf;
use std::process::Command;

use crate::world::{Ran, World, days_ago, event_id, run_by};

const RULE: [&str; 6] = ["--keep-days", "45", "--max-share", "1", "--undo-window", "1d"];

/// The root as a pool of two folders; unmounted when dropped.
struct Pool {
    root: PathBuf,
    branches: [PathBuf; 2],
}

impl Pool {
    /// The second day lies on both of them.
    fn mount(world: &World, policy: &str) -> Self {
        for (branch, days) in [("one", 0), ("one", 60), ("one", 70), ("two", 70), ("two", 80)] {
            let name = if branch == "one" { "10-00-00" } else { "11-00-00" };
            world.event(format!("../{branch}/Camera1/{}/{name}", days_ago(days))).old().make();
        }
        let branches = ["one", "two"].map(|branch| world.outside(branch));
        let of = branches.each_ref().map(|branch| branch.to_str().unwrap()).join(":");
        let options = format!("allow_other,minfreespace=1M,category.create={policy}");
        let mounted = Command::new("mergerfs").args(["-o", &options, &of]).arg(&world.root).status().unwrap();
        assert!(mounted.success());
        Self { root: world.root.clone(), branches }
    }

    fn has(&self, branch: usize, days: u64, name: &str) -> bool {
        self.branches[branch].join(format!("Camera1/{}/{name}/video.mp4", days_ago(days))).is_file()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.root).status();
    }
}

fn restore(world: &World) -> Ran {
    let pass = world.queued()[0].file_name().unwrap().to_str().unwrap().to_owned();
    world.run("restore", &[&pass])
}

/// Every day "changed while it was being retired", at every pass, and the exit code was 0.
#[test]
fn days_of_a_pool_are_retired_and_restored() {
    let world = World::empty();
    let pool = Pool::mount(&world, "mfs");
    let ran = world.run("expire", &RULE);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(world.list().len(), 1, "{ran:?}");
    let ran = restore(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(pool.has(0, 60, "10-00-00") && pool.has(1, 80, "11-00-00"), "{ran:?}");
    assert!(pool.has(0, 70, "10-00-00") && pool.has(1, 70, "11-00-00"), "{ran:?}");
}

/// A policy that keeps paths on their disks moves a part of a day: the rest stays and is reported, and the part comes
/// back.
#[test]
fn a_day_torn_by_a_pool_is_restored() {
    let world = World::empty();
    let pool = Pool::mount(&world, "epmfs");
    let ran = world.run("expire", &RULE);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("cannot rename"), "{ran:?}");
    let ran = restore(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(pool.has(0, 70, "10-00-00") && pool.has(1, 70, "11-00-00"), "{ran:?}");
}

/// An older container runtime refuses what it does not know with EPERM. Then every event seemed to be saved.
#[test]
fn forbidden_system_calls_keep_nothing() {
    let world = World::new();
    let old = world.old_event("Camera1", 60, "10-00-00");
    let saved = world.event(event_id("Camera1", 61, "10-00-00")).saved().old().make();
    let forbid = ["strace", "-f", "-o", "/dev/null", "-e", "inject=openat2,faccessat2,renameat2:error=EPERM"];
    let ran = Ran::of(run_by(&forbid, &world.command("expire", RULE)));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!old.exists() && saved.is_dir(), "{ran:?}");
}

/// `statx` is as new as these: without it nothing could be read. Shared folders of virtual machines cannot sync
/// directories.
#[test]
fn forbidden_statx_and_syncs_are_no_end() {
    for inject in ["statx:error=EPERM", "statx:error=ENOSYS"] {
        let world = World::new();
        let old = world.old_event("Camera1", 60, "10-00-00");
        let inject = format!("inject={inject}");
        let forbid = ["strace", "-f", "-o", "/dev/null", "-e", &inject];
        let ran = Ran::of(run_by(&forbid, &world.command("expire", RULE)));
        assert_eq!(ran.code, 0, "{inject}: {ran:?}");
        assert!(!old.exists(), "{inject}: {ran:?}");
    }
    let world = World::new();
    let old = world.old_event("Camera1", 60, "10-00-00");
    let camera = world.path("Camera1");
    let forbid = ["strace", "-f", "-o", "/dev/null", "-P", camera.to_str().unwrap(), "-e", "inject=fsync:error=EINVAL"];
    let ran = Ran::of(run_by(&forbid, &world.command("expire", RULE)));
    assert_eq!((ran.code, old.exists()), (0, false), "{ran:?}");
}

/// An event lies on both disks of a pool that keeps paths: one half was retired, said to be all, and could not come back.
#[test]
fn an_event_torn_by_a_pool_is_restored() {
    let world = World::empty();
    for (branch, file) in [("one", "first.txt"), ("two", "second.txt")] {
        let event = world.event(format!("../{branch}/Camera1/{}/12-00-00", days_ago(90))).no_movie();
        let event = if branch == "one" { event } else { event.frames(0) };
        event.file(file, "x").old().make();
    }
    let pool = Pool::mount(&world, "epmfs");
    let parts = [(0, "first.txt"), (1, "second.txt")].map(|(branch, file): (usize, &str)| {
        pool.branches[branch].join(format!("Camera1/{}/12-00-00/{file}", days_ago(90)))
    });
    let ran = world.run("expire", &RULE);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("12-00-00") && ran.stderr.contains("category.create=mfs"), "{ran:?}");
    assert_eq!(parts.iter().filter(|part| part.exists()).count(), 1, "{ran:?}");
    let ran = restore(&world);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(parts.iter().all(|part| part.exists()), "{ran:?}");
}
