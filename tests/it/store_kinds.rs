//! What the program does with each kind of store: a folder, `s3s-fs` and Garage. `owlery recall`, rules that wait for copies, and a daemon that
//! is killed while it copies. What needs no program is in `conformance` of the store's tests. The memory of `object_store` is tested
//! there alone: it ends with its process, and no configuration names it.

use std::fs;
use std::path::PathBuf;

use crate::recall::{INCLUDE, assert_same, done, lose, recordings, world_of_many};
use crate::s3_server::S3Server;
use crate::servers::Offsite;
use crate::world::{KEEP_45_DAYS, Ran, World, event_id, wait_until};

/// Makes tests of each function: one for each kind of store, as `FUNCTION::KIND`.
macro_rules! each {
    ($($test:ident)*) => { $(
        mod $test {
            #[test]
            fn folder() {
                super::$test(super::Kind::Folder);
            }

            #[test]
            fn s3s_fs() {
                super::$test(super::Kind::S3sFs);
            }

            #[test]
            fn garage() {
                super::$test(super::Kind::Garage);
            }
        }
    )* };
}

each!(a_killed_daemon_goes_on events_are_recalled rules_wait_for_the_copy);

/// A kind of store.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Folder,
    S3sFs,
    Garage,
}

/// A store that can be out of reach.
enum Backing {
    Folder(PathBuf),
    Server(S3Server),
}

impl Backing {
    fn new(kind: Kind, world: &World) -> Self {
        match kind {
            Kind::Folder => Self::Folder(world.outside("nas")),
            Kind::S3sFs => Self::Server(S3Server::s3s_fs()),
            Kind::Garage => Self::Server(S3Server::garage()),
        }
    }

    /// The store as a configuration has it.
    fn configure<'a>(&self, world: &'a World) -> Offsite<'a> {
        match self {
            Self::Folder(folder) => Offsite::configure(world, &format!("file://{}", folder.display()), INCLUDE),
            Self::Server(server) => {
                let offsite = Offsite::configure(world, &server.url(), INCLUDE);
                offsite.login();
                offsite
            }
        }
    }

    /// Takes it out of reach: the folder is not mounted, or the server hangs.
    fn leave(&self) {
        match self {
            Self::Folder(folder) => fs::rename(folder, folder.with_extension("away")).unwrap(),
            Self::Server(server) => server.signal("STOP"),
        }
    }

    fn come_back(&self) {
        match self {
            Self::Folder(folder) => fs::rename(folder.with_extension("away"), folder).unwrap(),
            Self::Server(server) => server.signal("CONT"),
        }
    }

    /// Ends it for good.
    fn end(&self) {
        match self {
            Self::Folder(folder) => fs::remove_dir_all(folder).unwrap(),
            Self::Server(server) => server.end(),
        }
    }
}

/// The whole events that the manifests name; no copy is wrong. An index that is older than a manifest is no fault.
fn copied(offsite: &Offsite<'_>) -> u64 {
    let found = offsite.verify("100%");
    let may_be =
        |wrong: &str| wrong.starts_with("the index says other sums") || wrong.starts_with("garage has copied nothing");
    assert!(found["wrong"].as_array().unwrap().iter().all(|wrong| may_be(wrong.as_str().unwrap())), "{found}");
    found["events"].as_u64().unwrap()
}

/// Byte for byte; from a store that is gone, nothing.
fn events_are_recalled(kind: Kind) {
    let world = world_of_many();
    let backing = Backing::new(kind, &world);
    let offsite = backing.configure(&world);
    let pushed = Ran::of(offsite.command("push", &[]));
    assert_eq!(pushed.code, 0, "{pushed:?}");
    let before = recordings(&world.root);
    lose(&world);
    let ran = Ran::of(offsite.recall(&["--all", "--json"]));
    assert_eq!((ran.code, done(&ran)), (0, (7, 0, 0)), "{ran:?}");
    assert_same(&before, &recordings(&world.root), "recalled");

    lose(&world);
    backing.end();
    let ran = Ran::of(offsite.recall(&["--all"]));
    assert!(ran.code == 1 && ran.stderr.contains("in the store offsite"), "{ran:?}");
    assert!(recordings(&world.root).is_empty());
}

/// What is due stays while its store is away, and goes when its copy is proved.
fn rules_wait_for_the_copy(kind: Kind) {
    let world = World::new();
    let backing = Backing::new(kind, &world);
    let offsite = backing.configure(&world);
    let [stale, fresh] = [50, 3].map(|days| event_id("Camera1", days, "10-00-00"));
    world.old_event("Camera1", 50, "10-00-00");
    world.old_event("Camera1", 3, "10-00-00");
    backing.leave();
    let daemon = offsite.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "1s"]].concat());
    wait_until("the rule waits", || daemon.get("/readyz").text().contains("until offsite has"));
    assert!(world.has(&stale));
    backing.come_back();
    wait_until("it is retired", || !world.has(&stale));
    wait_until("both are copied", || copied(&offsite) == 2);
    assert!(world.has(&fresh));
    assert_eq!(daemon.stop(), 0);
}

/// In the middle of many events, one of which is sent in parts.
fn a_killed_daemon_goes_on(kind: Kind) {
    const EVENTS: u64 = 40;
    let world = World::new();
    let backing = Backing::new(kind, &world);
    let offsite = backing.configure(&world);
    for nth in 0..EVENTS {
        let event = world.event(event_id("Camera1", 1 + nth % 3, format!("10-00-{nth:02}"))).old();
        let movie = (0..3_000_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>();
        if nth == EVENTS / 2 {
            event.movie("video.mp4", movie).make()
        } else {
            event.make()
        };
    }
    for kill in 1..4 {
        let mut daemon = offsite.serve(&[]);
        let so_far = || daemon.get("/api/v1/stores").json()["stores"][0]["copying"]["copied"].as_u64();
        wait_until("some are copied", || so_far().is_some_and(|copied| copied >= 4));
        daemon.child.kill().unwrap();
        daemon.child.wait().unwrap();
        assert!(copied(&offsite) <= EVENTS, "{kill}");
    }
    let daemon = offsite.serve(&[]);
    wait_until("all are copied", || copied(&offsite) == EVENTS);
    assert_eq!(daemon.stop(), 0);
    let found = offsite.verify("100%");
    assert_eq!(found["wrong"].as_array().unwrap().len(), 0, "{found}");
    let before = recordings(&world.root);
    lose(&world);
    let ran = Ran::of(offsite.recall(&["--all", "--json"]));
    assert_eq!((ran.code, done(&ran)), (0, (EVENTS, 0, 0)), "{ran:?}");
    assert_same(&before, &recordings(&world.root), "what was copied between the kills");
}
