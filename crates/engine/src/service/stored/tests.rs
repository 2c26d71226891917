//! Events that only a store has, in a folder that stands for a NAS: when they are listed beside those of the archive, and what never knows them.

#![allow(clippy::disallowed_methods)] // for the files of a test

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use owlery_store::{CopyRule, Host, Look, StoreOptions};

use super::super::{Archive, EventSource, Options, Service};
use super::*;
use crate::catalog::Query;
use crate::event::{Camera, EventId, Location};
use crate::retention::{Keep, Policy};

/// These machines are slow at times.
const TIME: Duration = Duration::from_mins(1);

const OLD: &str = "Camera1/2024-11-20/10-04-36";
const SAME_DAY: &str = "Camera1/2024-11-20/11-00-00";
const NEW: &str = "Camera1/2024-11-21/09-00-00";
const OTHER: &str = "Camera2/2024-11-20/10-30-00";

struct World {
    dir: tempfile::TempDir,
    stores: Vec<StoreOptions>,
    policy: Policy,
    interval: Duration,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["root/Camera1", "root/Camera2", "state"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let mut world = Self { dir, stores: Vec::new(), policy: Policy::default(), interval: Duration::from_hours(1) };
        world.add_store("nas");
        world
    }

    /// Two events, old and new, that a service has copied by the rule of the store; it has ended.
    fn copied_by_rule() -> Self {
        let mut world = Self::new();
        world.stores[0].copy = CopyRule::Complete;
        for id in [OLD, NEW] {
            world.event(id);
        }
        let service = world.start();
        wait("all are copied", || service.copying()[0].waiting == Some(0) && service.copying()[0].copied == 2);
        service.shutdown().unwrap();
        world
    }

    fn add_store(&mut self, name: &str) -> &mut StoreOptions {
        let folder = self.path(name);
        fs::create_dir_all(&folder).unwrap();
        let url = format!("file://{}", folder.display()).parse().unwrap();
        let mut options = StoreOptions::new(name.parse().unwrap(), url);
        options.host = Some("garage".parse().unwrap());
        self.stores.push(options);
        self.stores.last_mut().unwrap()
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn event(&self, id: &str) {
        let folder = self.path("root").join(id);
        fs::create_dir_all(&folder).unwrap();
        let long_ago = SystemTime::now() - Duration::from_hours(24 * 300);
        for (name, contents) in [("video.mkv", &b"movie"[..]), ("thumbnail.jpg", b"jpg")] {
            fs::write(folder.join(name), contents).unwrap();
            File::open(folder.join(name)).unwrap().set_modified(long_ago).unwrap();
        }
        File::open(&folder).unwrap().set_modified(long_ago).unwrap();
    }

    fn archive(&self) -> Archive {
        let options = Options::new(self.path("root"))
            .state_dir(self.path("state"))
            .stores(self.stores.clone())
            .policy(self.policy.clone())
            .check_interval(self.interval)
            .undo_window(Duration::from_hours(1))
            .may_be_empty(true);
        Archive::open(options).unwrap()
    }

    fn start(&self) -> Service {
        let service = self.archive().start().unwrap();
        assert!(service.wait_ready(TIME));
        service
    }

    /// Copies events to a store, as `owlery store push` does.
    fn copy(&self, service: &Service, store: &str, ids: &[&str]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = self.stores.iter().find(|options| options.name.as_str() == store).unwrap();
        let client = service.stores().get(None, store).unwrap();
        let archive = self.archive();
        runtime.block_on(async {
            let mut host = Host::open(client, &options.host_name().unwrap(), archive.id().unwrap()).await.unwrap();
            for id in ids {
                let id: EventId = id.parse().unwrap();
                let source = EventSource::from(service.event_files(&id).unwrap());
                let event = service.event(&id).unwrap().unwrap();
                host.copy(&event, &source, &options.kinds(), Look::AtManifest).await.unwrap();
            }
            host.finish().await.unwrap();
        });
    }

    /// An archive whose events were copied to the store `nas`.
    fn copied(ids: &[&str]) -> (Self, Service) {
        let world = Self::new();
        for id in ids {
            world.event(id);
        }
        let service = world.start();
        world.copy(&service, "nas", ids);
        (world, service)
    }

    /// Another disk in place of that of the recordings, and no state.
    fn lose_disk(&self) {
        fs::remove_dir_all(self.path("root")).unwrap();
        fs::remove_dir_all(self.path("state")).unwrap();
        fs::create_dir_all(self.path("root")).unwrap();
        fs::create_dir_all(self.path("state")).unwrap();
    }
}

fn wait(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + TIME;
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn all(service: &Service) -> UsableStores {
    service.usable_stores(None)
}

/// What is listed, newest first: the ids, and where each is.
fn listed_for(service: &Service, stores: &UsableStores) -> Vec<(String, String)> {
    let page = service.located_events(&Query::new(), stores).unwrap();
    page.events.iter().map(|located| (located.event.id.to_string(), located.location.to_string())).collect()
}

fn listed(service: &Service) -> Vec<(String, String)> {
    listed_for(service, &all(service))
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, location)| ((*id).to_owned(), (*location).to_owned())).collect()
}

fn wait_listed(service: &Service, expected: &[(&str, &str)]) {
    let until = Instant::now() + TIME;
    while listed(service) != pairs(expected) {
        assert!(Instant::now() < until, "{:?} instead of {expected:?}", listed(service));
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn delete(service: &Service, ids: &[&str]) -> String {
    let ids: Vec<EventId> = ids.iter().map(|id| id.parse().unwrap()).collect();
    service.delete(&ids).unwrap().pass.unwrap()
}

/// The days: camera, day, events, and how many of them began at ten.
fn days(service: &Service) -> Vec<(String, u64, u32)> {
    let days = service.located_days(None, (None, None), &all(service)).unwrap();
    let text = |day: &crate::catalog::DaySummary| format!("{}/{}", day.camera, day.day);
    days.iter().map(|day| (text(day), day.events, day.hours[10])).collect()
}

#[test]
fn events_that_left_the_archive_stay_listed() {
    let (_world, service) = World::copied(&[OLD, SAME_DAY, NEW, OTHER]);
    let before = service.generation();
    let pass = delete(&service, &[OLD, OTHER]);
    wait_listed(&service, &[(NEW, "local"), (SAME_DAY, "local"), (OTHER, "nas"), (OLD, "nas")]);
    assert!(service.generation() > before);
    let located = service.located_event(&OLD.parse().unwrap(), &all(&service)).unwrap().unwrap();
    let details = &located.event.details;
    assert_eq!(details.video().unwrap().as_str(), "video.mkv");
    assert_eq!((details.bytes, details.videos[0].bytes), (Some(8), Some(5)));
    assert_eq!(details.thumbnail.as_ref().unwrap().file_name(), "thumbnail.jpg");
    let of_days = |days: &[(&str, u64, u32)]| -> Vec<(String, u64, u32)> {
        days.iter().map(|(day, events, at_ten)| ((*day).to_owned(), *events, *at_ten)).collect()
    };
    let expected = [("Camera1/2024-11-21", 1, 0), ("Camera1/2024-11-20", 2, 1), ("Camera2/2024-11-20", 1, 1)];
    assert_eq!(days(&service), of_days(&expected));
    let cameras = service.located_cameras(&all(&service)).unwrap();
    let sums = |at: usize| {
        let summary = &cameras[at].summary;
        (summary.camera.to_string(), summary.events, summary.day_count)
    };
    assert_eq!([sums(0), sums(1)], [("Camera1".to_owned(), 3, 2), ("Camera2".to_owned(), 1, 1)]);
    // What decides about recordings does not know them.
    assert_eq!(service.event(&OLD.parse().unwrap()).unwrap(), None);
    assert_eq!(service.cameras().unwrap()[1].summary.events, 0);
    service.restore(&pass).unwrap();
    let local = [(NEW, "local"), (SAME_DAY, "local"), (OTHER, "local"), (OLD, "local")];
    wait_listed(&service, &local);
    wait("each is counted once", || days(&service) == of_days(&expected));
    service.shutdown().unwrap();
}

/// The events of the store are no input of a plan: not when rules demand more, and not when the store alone has any.
#[test]
fn no_rule_knows_events_of_a_store() {
    let mut world = World::new();
    world.policy = Policy { keep: Some(Keep::Days(45)), max_share: 1.0, ..Policy::default() };
    world.stores[0].copy = CopyRule::Complete;
    for id in [OLD, SAME_DAY, NEW] {
        world.event(id);
    }
    let service = world.start();
    wait("all are copied and retired", || {
        service.expire(None).unwrap();
        service.cameras().unwrap()[0].summary.events == 0
    });
    wait_listed(&service, &[(NEW, "nas"), (SAME_DAY, "nas"), (OLD, "nas")]);
    let plan = service.plan(None).unwrap();
    assert!(plan.items.is_empty(), "{plan:?}");
    let pass = service.expire(None).unwrap();
    assert!(pass.items.is_empty() && pass.refused.is_none(), "{pass:?}");
    assert!(service.catalog.days(None, None, None).unwrap().is_empty());
    assert!(service.delete(&[OLD.parse().unwrap()]).is_err(), "there is nothing to delete");
    assert_eq!(listed(&service).len(), 3);
    let retired = service.audit(100, None).unwrap().entries;
    assert!(!retired.is_empty());
    service.shutdown().unwrap();
    assert!(world.path("nas/garage/Camera1/2024-11-20/10-04-36/video.mkv").exists());
}

#[test]
fn an_empty_archive_lists_what_the_store_has() {
    let (world, service) = World::copied(&[OLD, NEW, OTHER]);
    service.shutdown().unwrap();
    world.lose_disk();
    let service = world.start();
    let expected = [(NEW, "nas"), (OTHER, "nas"), (OLD, "nas")];
    wait_listed(&service, &expected);
    service.shutdown().unwrap();
    // Nothing is read from the store before it is listed again.
    fs::rename(world.path("nas"), world.path("elsewhere")).unwrap();
    let service = world.start();
    assert_eq!(listed(&service), pairs(&expected));
    wait("the outage is noted", || service.stores().outage(&"nas".parse().unwrap()).is_some());
    assert_eq!(listed(&service), pairs(&expected));
    service.shutdown().unwrap();
    // The list is disposable.
    fs::rename(world.path("elsewhere"), world.path("nas")).unwrap();
    fs::remove_dir_all(world.path("state")).unwrap();
    fs::create_dir(world.path("state")).unwrap();
    let service = world.start();
    wait_listed(&service, &expected);
    service.shutdown().unwrap();
}

#[test]
fn a_store_that_comes_later_is_listed_then() {
    let (world, service) = World::copied(&[OLD]);
    service.shutdown().unwrap();
    world.lose_disk();
    fs::rename(world.path("nas"), world.path("elsewhere")).unwrap();
    let service = world.start();
    wait("the outage is noted", || service.stores().outage(&"nas".parse().unwrap()).is_some());
    assert!(listed(&service).is_empty());
    fs::rename(world.path("elsewhere"), world.path("nas")).unwrap();
    wait_listed(&service, &[(OLD, "nas")]);
    assert_eq!(service.stores().outage(&"nas".parse().unwrap()), None);
    service.shutdown().unwrap();
}

/// To a user who may not use the store, its events do not exist; nor to anyone while it is switched off, or once it lies elsewhere.
#[test]
fn only_events_of_usable_stores_are_listed() {
    let (mut world, service) = World::copied(&[OLD, NEW]);
    service.shutdown().unwrap();
    world.stores[0].users = Some(["anna".to_owned()].into());
    let service = world.start();
    delete(&service, &[OLD]);
    wait_listed(&service, &[(NEW, "local"), (OLD, "nas")]);
    let listed_for = |user: &str| listed_for(&service, &service.usable_stores(Some(user)));
    assert_eq!(listed_for("anna").len(), 2);
    assert_eq!(listed_for("ben"), pairs(&[(NEW, "local")]));
    let ben = service.usable_stores(Some("ben"));
    assert_eq!(service.located_event(&OLD.parse().unwrap(), &ben).unwrap(), None);
    assert_eq!(service.located_days(None, (None, None), &ben).unwrap().len(), 1);
    assert_eq!(service.located_cameras(&ben).unwrap()[0].summary.events, 1);
    service.shutdown().unwrap();
    world.stores[0].active = false;
    let service = world.start();
    assert_eq!(listed(&service), pairs(&[(NEW, "local")]));
    service.shutdown().unwrap();
    (world.stores[0].active, world.stores[0].host) = (true, Some("other".parse().unwrap()));
    let service = world.start();
    assert_eq!(listed(&service), pairs(&[(NEW, "local")]), "another place has another list");
    service.shutdown().unwrap();
}

/// An event that two stores have is one event, of the first of them; days count it once.
#[test]
fn an_event_of_two_stores_is_listed_once() {
    let mut world = World::new();
    world.add_store("away");
    for id in [OLD, SAME_DAY, NEW] {
        world.event(id);
    }
    let service = world.start();
    world.copy(&service, "nas", &[OLD, SAME_DAY, NEW]);
    world.copy(&service, "away", &[OLD, NEW]);
    delete(&service, &[OLD, SAME_DAY, NEW]);
    wait_listed(&service, &[(NEW, "away"), (SAME_DAY, "nas"), (OLD, "away")]);
    let expected = [("Camera1/2024-11-21".to_owned(), 1, 0), ("Camera1/2024-11-20".to_owned(), 2, 1)];
    wait("each is counted once", || days(&service) == expected);
    assert_eq!(service.located_cameras(&all(&service)).unwrap()[0].summary.events, 3);
    service.shutdown().unwrap();
}

/// The manifests of days that the archive has, or that are known, are not read. Here they cannot be.
#[test]
fn manifests_are_not_read_in_vain() {
    let mut world = World::copied_by_rule();
    world.interval = Duration::from_millis(300);
    let damaged = world.path("nas/garage/Camera1/2024-11-20/manifest.json");
    let manifest = fs::read(&damaged).unwrap();
    fs::write(&damaged, "damaged").unwrap();
    let service = world.start();
    let stamp = |day: &str| {
        let (camera, day): (Camera, _) = ("Camera1".parse().unwrap(), day.parse().unwrap());
        let views = service.stored.views.read().unwrap();
        views[0].catalog().stamp_of(&camera, day).unwrap()
    };
    wait("the proofs say that all is here", || stamp("2024-11-20").is_some());
    delete(&service, &[NEW]);
    wait_listed(&service, &[(NEW, "nas"), (OLD, "local")]);
    delete(&service, &[OLD]);
    wait("it is not known", || listed(&service) == pairs(&[(NEW, "nas")]));
    fs::write(&damaged, manifest).unwrap();
    wait_listed(&service, &[(NEW, "nas"), (OLD, "nas")]);
    service.shutdown().unwrap();
}

/// What is no catalog, or cannot be one, costs the list of the store and nothing else.
#[test]
fn a_list_that_cannot_be_opened_is_left_out() {
    let (world, service) = World::copied(&[OLD, NEW]);
    delete(&service, &[OLD]);
    wait_listed(&service, &[(NEW, "local"), (OLD, "nas")]);
    service.shutdown().unwrap();
    let folder = fs::read_dir(world.path("state/stores/nas.state")).unwrap().next().unwrap().unwrap().path();
    fs::write(folder.join("catalog.db"), "no catalog").unwrap();
    let service = world.start();
    wait_listed(&service, &[(NEW, "local"), (OLD, "nas")]);
    service.shutdown().unwrap();
    fs::remove_dir_all(world.path("state/stores/nas.state")).unwrap();
    fs::write(world.path("state/stores/nas.state"), "in the way").unwrap();
    let service = world.start();
    assert_eq!(listed(&service), pairs(&[(NEW, "local")]));
    service.shutdown().unwrap();
}

/// Pages go on where the one before has ended, whichever source its last event was of.
#[test]
fn pages_go_on_across_the_sources() {
    let ids: Vec<String> = (0..12).map(|n| format!("Camera{}/2024-11-20/10-00-{n:02}", 1 + n % 2)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (_world, service) = World::copied(&ids);
    let gone: Vec<&str> = ids.iter().copied().filter(|id| id.ends_with(['1', '2', '5', '6', '9'])).collect();
    delete(&service, &gone);
    wait("all are listed", || listed(&service).len() == ids.len());
    let (mut found, mut query) = (Vec::new(), Query::new().limit(5));
    loop {
        let page = service.located_events(&query, &all(&service)).unwrap();
        for located in page.events {
            let id = located.event.id.to_string();
            assert_eq!(located.location != Location::Local, gone.contains(&id.as_str()), "{id}");
            found.push(id);
        }
        let Some(next) = page.next else { break };
        query = query.cursor(next);
    }
    found.reverse();
    assert_eq!(found, ids);
    service.shutdown().unwrap();
}

/// The index is written after the manifest, and what a rule retires in between is in the manifest alone. The proofs tell.
#[test]
fn an_index_that_lags_behind_loses_no_event() {
    let mut world = World::copied_by_rule();
    let path = world.path("nas/garage/.owlery/index.json");
    let mut index: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    index.as_object_mut().unwrap().remove("sha256");
    index["cameras"]["Camera1"].as_object_mut().unwrap().remove("2024-11-20").unwrap();
    fs::write(&path, index.to_string()).unwrap();
    world.stores[0].copy = CopyRule::Off; // a copier would correct it
    let service = world.start();
    delete(&service, &[OLD, NEW]);
    wait_listed(&service, &[(NEW, "nas"), (OLD, "nas")]);
    service.shutdown().unwrap();
}
