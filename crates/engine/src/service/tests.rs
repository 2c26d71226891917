//! Retention against a simple model: random archives, rules, clocks, saves, restores, deletions, crashes after any step
//! and restarts, on real directories. `OWLERY_CASES` says how many cases; each is a story of several steps.

#![allow(clippy::disallowed_methods)] // for the files of a test

mod copies;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::archive::Depth;
use crate::clock::ManualClock;
use crate::event::{Camera, Day, EventId, EventName, EventSelection, Guard, Item, Reason};
use crate::fault::stop_at;
use crate::retention::{Keep, MinFree, Policy, WhenFull};
use crate::scan::Progress;
use copies::{Copy, Store};

/// One step of a story. Numbers choose among the existing things.
#[derive(Debug, Clone)]
enum Step {
    Event {
        camera: u32,
        back: u64,
        kilobytes: u64,
        flat: bool,
    },
    /// What the store has of an event.
    Copy {
        event: usize,
        copy: Copy,
    },
    /// The store loses a copy in the middle of the next pass, after so many questions.
    Vanish {
        event: usize,
        questions: usize,
    },
    Save(usize),
    Unsave(usize),
    Pass {
        crash: Option<u32>,
    },
    Confirm {
        crash: Option<u32>,
    },
    Restore {
        pass: usize,
        crash: Option<u32>,
    },
    Delete {
        event: usize,
        crash: Option<u32>,
    },
    Reap {
        crash: Option<u32>,
    },
    Wait {
        hours: i64,
    },
    Restart {
        forget: bool,
    },
}

fn any_crash(steps: u32) -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.3, 1..=steps)
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1u32..3, 0u64..12, 1u64..40, any::<bool>())
            .prop_map(|(camera, back, kilobytes, flat)| Step::Event { camera, back, kilobytes, flat }),
        4 => any_step_of_store(),
        3 => (any::<usize>(), 0..3).prop_map(|(n, kind)| if kind == 0 { Step::Unsave(n) } else { Step::Save(n) }),
        4 => any_crash(8).prop_map(|crash| Step::Pass { crash }),
        1 => any_crash(8).prop_map(|crash| Step::Confirm { crash }),
        2 => (any::<usize>(), any_crash(5)).prop_map(|(pass, crash)| Step::Restore { pass, crash }),
        1 => (any::<usize>(), any_crash(8)).prop_map(|(event, crash)| Step::Delete { event, crash }),
        2 => any_crash(4).prop_map(|crash| Step::Reap { crash }),
        2 => (-30i64..200).prop_map(|hours| Step::Wait { hours }),
        1 => any::<bool>().prop_map(|forget| Step::Restart { forget }),
    ]
}

fn any_step_of_store() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (any::<usize>(), any_copy()).prop_map(|(event, copy)| Step::Copy { event, copy }),
        1 => (any::<usize>(), 0usize..20).prop_map(|(event, questions)| Step::Vanish { event, questions }),
    ]
}

fn any_copy() -> impl Strategy<Value = Copy> {
    prop_oneof![
        2 => Just(Copy::Proved),
        1 => Just(Copy::Lacking(WhenFull::Keep)),
        1 => Just(Copy::Lacking(WhenFull::Expire)),
        1 => Just(Copy::Outdated),
        1 => Just(Copy::Unknown),
    ]
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let keep = || prop::option::of(prop_oneof![3 => (1u32..10).prop_map(Keep::Days), 1 => Just(Keep::Forever)]);
    let size = || prop::option::of(10_000u64..100_000);
    // More than any disk has (always short of space), or less (never short).
    let min_free = prop::option::weighted(0.3, prop_oneof![Just(MinFree::Bytes(1 << 60)), Just(MinFree::Bytes(1))]);
    let share = prop_oneof![Just(1.0), Just(0.4)];
    (keep(), keep(), size(), size(), min_free, 1u32..7, share).prop_map(
        |(keep, of_first, max_size, of_second, min_free, floor_days, max_share)| Policy {
            keep,
            cameras: of_first.map(|keep| (camera(1), keep)).into_iter().collect(),
            max_size,
            camera_sizes: of_second.map(|size| (camera(2), size)).into_iter().collect(),
            min_free,
            floor_days,
            max_share,
        },
    )
}

fn camera(number: u32) -> Camera {
    format!("Camera{number}").parse().unwrap()
}

/// A reaper that neither waits nor stops.
struct AtOnce;

impl crate::archive::RateLimiter for AtOnce {
    fn next(&self) -> bool {
        true
    }

    fn may_go_on(&self) -> bool {
        true
    }
}

/// The place of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Archive,
    Queue(String),
    Gone,
}

/// The layout of the flat events of a story; none: every event has a directory.
#[derive(Debug, Clone, Copy)]
struct Shape {
    pattern: &'static str,
    /// Whether the files are in the root, so that no camera has a directory.
    in_root: bool,
}

const SHAPES: [Option<Shape>; 7] = [
    None,
    Some(Shape { pattern: "%Y-%m-%d/%H-%M-%S", in_root: false }),
    Some(Shape { pattern: "%Y-%m-%d/%H/%M-%S", in_root: false }),
    Some(Shape { pattern: "%Y%m%d/%H%M%S", in_root: false }),
    Some(Shape { pattern: "%Y/%m/%d/%v-%H%M%S", in_root: false }),
    Some(Shape { pattern: "%v-%Y%m%d%H%M%S", in_root: false }),
    Some(Shape { pattern: "%t-%v-%Y%m%d%H%M%S", in_root: true }),
];

impl Shape {
    /// The files of an event, the movie first, below the root, and below the base of its day.
    fn files(self, id: &EventId, number: usize) -> Vec<(PathBuf, PathBuf)> {
        let secs = id.name.secs().unwrap();
        let values = [
            ("%Y", id.day.date().format("%Y").to_string()),
            ("%m", id.day.date().format("%m").to_string()),
            ("%d", id.day.date().format("%d").to_string()),
            ("%H", format!("{:02}", secs / 3600)),
            ("%M", format!("{:02}", secs / 60 % 60)),
            ("%S", format!("{:02}", secs % 60)),
            ("%v", format!("{number:02}")),
            ("%t", id.camera.as_str().trim_start_matches("Camera").to_owned()),
        ];
        let stem = values.iter().fold(self.pattern.to_owned(), |stem, (field, value)| stem.replace(field, value));
        let levels = self.pattern.find("%d").map_or(0, |at| self.pattern[at..].find('/').map_or(0, |to| at + to + 1));
        let base = self.pattern[..levels].matches('/').count();
        let camera = if self.in_root { PathBuf::new() } else { PathBuf::from(id.camera.as_str()) };
        let file = |ending: &str| {
            let path = PathBuf::from(format!("{stem}{ending}"));
            (camera.join(&path), path.iter().skip(base).collect())
        };
        [".mkv", ".jpg", "m.jpg", ".mkv.thumb"].into_iter().map(file).collect()
    }
}

struct Story {
    shape: Option<Shape>,
    /// The files of flat events.
    files: BTreeMap<EventId, Vec<(PathBuf, PathBuf)>>,
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    policy: Policy,
    undo: Duration,
    parts: Option<OpenArchive>,
    /// Every event that was ever made, and where it must be.
    events: BTreeMap<EventId, Place>,
    saved: BTreeSet<EventId>,
    /// Days that no rule may take, and until when.
    restored: BTreeMap<(Camera, Day), DateTime<Utc>>,
    /// The pass that a guard holds.
    held: BTreeSet<EventId>,
    /// The store that is to have every event, if there is one.
    store: Option<Arc<Store>>,
    /// What the store loses in the middle of the next pass.
    vanishes: Option<(usize, EventId)>,
    /// Whether a crash has just cut off a step, and nothing was recovered yet.
    is_cut_off: Cell<bool>,
}

impl Story {
    fn new(policy: Policy, undo_hours: u64, shape: Option<Shape>) -> Self {
        let memory = Path::new("/dev/shm"); // thousands of archives
        let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("owlery-story-").tempdir_in(place).unwrap();
        // Far after the real date: the kernel gives some directories its own time, which must not be recent in the
        // story.
        let noon = NaiveDate::from_ymd_opt(2096, 11, 20).unwrap().and_hms_opt(12, 0, 0).unwrap();
        for number in (1..3).filter(|_| shape.is_none_or(|shape| !shape.in_root)) {
            fs::create_dir(folder.path().join(camera(number).as_str())).unwrap();
        }
        let mut story = Self {
            shape,
            files: BTreeMap::new(),
            folder,
            clock: Arc::new(ManualClock::new(noon)),
            policy,
            undo: Duration::from_hours(undo_hours),
            parts: None,
            events: BTreeMap::new(),
            saved: BTreeSet::new(),
            restored: BTreeMap::new(),
            held: BTreeSet::new(),
            store: None,
            vanishes: None,
            is_cut_off: Cell::new(false),
        };
        story.restart();
        story
    }

    /// From now on a store is to have every event.
    fn add_store(&mut self) {
        let store = Arc::<Store>::default();
        self.handle().expirer.require_copies(Arc::<Store>::clone(&store));
        self.store = Some(store);
    }

    fn is_short(&self) -> bool {
        self.policy.min_free == Some(MinFree::Bytes(1 << 60))
    }

    /// Whether the last answer of the store allows that a rule takes this event.
    fn store_allows(&self, id: &EventId) -> bool {
        self.store.as_ref().is_none_or(|store| store.allowed(id, self.is_short()))
    }

    /// Begins a step that asks the store. Returns whether a copy may vanish in its middle.
    fn begin_with_store(&mut self) -> bool {
        let vanishes = self.vanishes.take();
        let is_fickle = self.store.is_some() && vanishes.is_some();
        if let Some(store) = &self.store {
            store.begin(vanishes);
        }
        is_fickle
    }

    fn now(&self) -> NaiveDateTime {
        crate::clock::Clock::now(&*self.clock).local
    }

    fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(below)
    }

    fn handle(&self) -> &Handle {
        self.parts.as_ref().unwrap().handle()
    }

    /// Works until a step of a procedure; `None` if it came to that step.
    fn stop_at<T>(&self, crash: Option<&str>, work: impl FnOnce() -> T) -> Option<T> {
        let done = stop_at(crash, work);
        self.is_cut_off.set(done.is_none());
        done
    }

    /// Stops the service, if it runs, and starts it again.
    fn restart(&mut self) {
        self.is_cut_off.set(false);
        self.parts = None;
        let mut options = Options::new(self.folder.path()).policy(self.policy.clone()).undo_window(self.undo);
        options.may_be_empty = true;
        if let Some(shape) = self.shape {
            options = options.layout(None, shape.pattern.parse().unwrap());
        }
        let parts = Archive::open(options.clock(self.clock.clone())).unwrap().open_catalog().unwrap();
        if let Some(store) = &self.store {
            parts.shared.expirer.require_copies(Arc::<Store>::clone(store));
        }
        parts.shared.expirer.recover();
        parts.shared.tree.tidy_queue().unwrap();
        parts.preload(Depth::Measure, &Progress::default()).unwrap();
        self.parts = Some(parts);
    }

    /// The events on the disk: in the archive, and in passes of the queue.
    fn on_disk(&self) -> BTreeMap<EventId, Place> {
        let mut found = BTreeMap::new();
        let mut add = |base: PathBuf, place: &Place| {
            for entry in walk(&base, 3) {
                let below = entry.strip_prefix(&base).unwrap().to_str().unwrap();
                if let Ok(id) = below.parse::<EventId>() {
                    assert!(entry.join("00-00-00-00.jpg").is_file(), "{below} has lost a file");
                    assert_eq!(found.insert(id, place.clone()), None, "{below} is in two places");
                }
            }
        };
        add(self.folder.path().to_path_buf(), &Place::Archive);
        for pass in list(&self.path("delete_queue")) {
            let name = pass.file_name().unwrap().to_str().unwrap().to_owned();
            add(pass, &Place::Queue(name));
        }
        for id in self.files.keys() {
            if let Some(place) = self.place_of_flat(id) {
                assert_eq!(found.insert(id.clone(), place), None, "{id} is in two places");
            }
        }
        found
    }

    /// Where the files of a flat event are. Each is in one place; in the archive all are, unless a crash has just cut off
    /// a step: then the event is where its movie is.
    fn place_of_flat(&self, id: &EventId) -> Option<Place> {
        let passes = list(&self.path("delete_queue"));
        let mut places = Vec::new();
        for (path, below) in &self.files[id] {
            let mut there: Vec<Place> = self.path(path).is_file().then_some(Place::Archive).into_iter().collect();
            for pass in &passes {
                let day = pass.join(id.camera.as_str()).join(id.day.to_string());
                let flat = PathBuf::from(format!("{}.flat", day.display()));
                if day.join(below).is_file() || flat.join(below).is_file() {
                    there.push(Place::Queue(pass.file_name().unwrap().to_str().unwrap().to_owned()));
                }
            }
            assert!(there.len() < 2, "{} of {id} is in two places: {there:?}", path.display());
            places.push(there.pop());
        }
        let of_movie = places[0].clone();
        if !self.is_cut_off.get() && of_movie == Some(Place::Archive) {
            assert!(places.iter().all(|place| *place == of_movie), "{id} has lost a file: {places:?}");
        }
        of_movie.or_else(|| places.into_iter().flatten().find(|place| *place != Place::Archive))
    }

    /// Compares the disk with the model and adopts the changes. `may` says which changes this step may make.
    fn check(&mut self, what: &Step, may: impl Fn(&EventId, &Place, &Place) -> bool) -> BTreeSet<EventId> {
        let disk = self.on_disk();
        let mut moved = BTreeSet::new();
        for (id, before) in &mut self.events {
            let now = disk.get(id).cloned().unwrap_or(Place::Gone);
            if now != *before {
                assert!(may(id, before, &now), "{what:?}: {id} went from {before:?} to {now:?}");
                moved.insert(id.clone());
                *before = now;
            }
        }
        assert!(disk.keys().all(|id| self.events.contains_key(id)), "{what:?}: an event came from nowhere");
        for id in &self.saved {
            assert_eq!(self.events[id], Place::Archive, "{what:?}: {id} is saved");
        }
        moved
    }

    fn there(&self) -> Vec<EventId> {
        self.events.iter().filter(|(_, place)| **place == Place::Archive).map(|(id, _)| id.clone()).collect()
    }

    /// Whether a rule may take an event now, by the documentation.
    fn may_go(&self, id: &EventId) -> bool {
        let age = (self.now().date() - id.day.date()).num_days();
        let rule = self.policy.cameras.get(&id.camera).or(self.policy.keep.as_ref());
        let is_stale = matches!(rule, Some(Keep::Days(days)) if age > i64::from(*days));
        let is_forever = self.policy.cameras.get(&id.camera) == Some(&Keep::Forever);
        let is_sized = self.policy.max_size.is_some() || self.policy.camera_sizes.contains_key(&id.camera);
        let is_beyond = (is_sized || self.is_short()) && !is_forever && age >= i64::from(self.policy.floor_days);
        let is_restored = self.is_restored(id);
        age >= 2 && (is_stale || is_beyond) && !self.saved.contains(id) && !is_restored
    }

    fn is_restored(&self, id: &EventId) -> bool {
        let until = self.restored.get(&(id.camera.clone(), id.day));
        until.is_some_and(|until| *until > self.now().and_utc())
    }

    fn step(&mut self, step: &Step) {
        // A flat event comes to a step with each of its files.
        let nth = self.events.len() % 6 + 1;
        let name = |procedure: &str, step: Option<u32>| {
            step.map(|step| match (procedure, step) {
                ("retire", 5 | 6) | ("restore", 2) => format!("{procedure}-{step}#{nth}"),
                _ => format!("{procedure}-{step}"),
            })
        };
        match step {
            Step::Event { camera: number, back, kilobytes, flat } => {
                self.add_event(*number, *back, *kilobytes, *flat);
            }
            Step::Copy { event, .. } | Step::Vanish { event, .. } => {
                let there = self.there();
                let (Some(store), false) = (&self.store, there.is_empty()) else { return };
                let id = there[event % there.len()].clone();
                match step {
                    Step::Copy { copy, .. } => store.set(&id, *copy),
                    Step::Vanish { questions, .. } => self.vanishes = Some((*questions, id)),
                    _ => {}
                }
            }
            Step::Save(n) | Step::Unsave(n) => {
                let there = self.there();
                let Some(id) = (!there.is_empty()).then(|| there[n % there.len()].clone()) else { return };
                let is_saved = matches!(step, Step::Save(_));
                self.handle().set_saved(&id, is_saved).unwrap();
                if is_saved {
                    self.saved.insert(id)
                } else {
                    self.saved.remove(&id)
                };
                self.check(step, |_, _, _| false);
            }
            Step::Pass { crash } => self.pass(step, name("retire", *crash).as_deref()),
            Step::Confirm { crash } => self.confirm(step, name("retire", *crash).as_deref()),
            Step::Restore { pass, crash } => self.restore(step, *pass, name("restore", *crash).as_deref()),
            Step::Delete { event, crash } => self.delete(step, *event, name("retire", *crash).as_deref()),
            Step::Reap { crash } => self.reap(step, name("reap", *crash).as_deref()),
            Step::Wait { hours } => self.clock.set(self.now() + TimeDelta::hours(*hours)),
            Step::Restart { forget } => {
                if *forget {
                    self.parts = None;
                    fs::remove_file(self.path(".owlery/catalog.db")).unwrap();
                }
                self.restart();
                self.check(step, |_, _, _| false);
            }
        }
    }

    fn add_event(&mut self, number: u32, back: u64, kilobytes: u64, flat: bool) {
        let day = Day::try_from(self.now().date() - Days::new(back)).unwrap();
        let name = EventName::Time(u32::try_from(self.events.len()).unwrap()); // never the same twice
        let id = EventId { camera: camera(number), day, name };
        // Before the day begins: at midnight, the event would be open, and stay so, since no watcher judges it again.
        let midnight = day.date().and_hms_opt(0, 0, 0).unwrap().and_utc();
        let written = SystemTime::from(midnight - TimeDelta::hours(1));
        let make = |path: &Path| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = File::create(path).unwrap();
            if self.store.is_some() {
                // What frees nothing is not taken without a copy.
                file.write_all(&vec![1; usize::try_from(kilobytes * 1000).unwrap()]).unwrap();
            } else {
                file.set_len(kilobytes * 1000).unwrap();
            }
            file.set_modified(written).unwrap();
            File::open(path.parent().unwrap()).unwrap().set_modified(written).unwrap();
        };
        match self.shape.filter(|shape| flat || shape.in_root) {
            Some(shape) => {
                let files = shape.files(&id, self.events.len() + 1);
                for (path, _) in &files {
                    make(&self.path(path));
                }
                self.files.insert(id.clone(), files);
            }
            None => make(&self.path(id.to_string()).join("00-00-00-00.jpg")),
        }
        self.events.insert(id.clone(), Place::Archive);
        if let Some(store) = &self.store {
            let copies = [Copy::Lacking(WhenFull::Keep), Copy::Lacking(WhenFull::Expire), Copy::Proved, Copy::Proved];
            store.set(&id, copies[usize::try_from(kilobytes % 4).unwrap()]);
        }
        self.handle().scanner.scan_event(&id, crate::scan::Occasion::Found).unwrap();
        self.handle().changes.flush().unwrap();
    }

    fn pass(&mut self, step: &Step, crash: Option<&str>) {
        // A copy that was to vanish in an earlier step stays: the plan and the pass see the same store.
        self.store.iter().for_each(|store| store.begin(None));
        let plan = self.handle().plan(None).unwrap();
        assert!(plan.needs.is_empty());
        let mut planned = self.events_of(&plan.items);
        let is_fickle = self.begin_with_store();
        let done = self.stop_at(crash, || self.handle().pass(None).unwrap());
        let may_go: BTreeSet<EventId> = self.events.keys().filter(|id| self.may_go(id)).cloned().collect();
        let allowed: BTreeSet<EventId> = may_go.iter().filter(|id| self.store_allows(id)).cloned().collect();
        let moved = self.check(step, |id, before, now| {
            *before == Place::Archive && matches!(now, Place::Queue(_)) && allowed.contains(id)
        });
        match done {
            None => self.restart_after_retiring(step, &moved, crash),
            Some(pass) if pass.refused.is_some() => {
                assert!(moved.is_empty(), "a pass that is refused does nothing");
                self.held = if is_fickle { may_go } else { planned };
            }
            Some(pass) => {
                assert_eq!(pass.failures, []);
                if let Some(store) = &self.store {
                    planned.retain(|id| store.get(id) != Copy::Outdated);
                }
                assert!(is_fickle || moved == planned, "the plan that is shown is the plan that is done");
                self.held.clear();
            }
        }
    }

    fn confirm(&mut self, step: &Step, crash: Option<&str>) {
        let file = fs::read(self.path(".owlery/held.json")).unwrap_or_default();
        let held: serde_json::Value = serde_json::from_slice(&file).unwrap_or_default();
        let Some(id) = held["id"].as_str() else { return };
        self.begin_with_store();
        let done = self.stop_at(crash, || self.handle().pass(Some(id)).unwrap());
        let today = self.now().date();
        let may_go = |id: &&EventId| !self.saved.contains(id) && !self.is_restored(id) && self.store_allows(id);
        let allowed: BTreeSet<EventId> = self.held.iter().filter(may_go).cloned().collect();
        let moved = self.check(step, |id, before, now| {
            *before == Place::Archive && matches!(now, Place::Queue(_)) && allowed.contains(id)
        });
        assert!(moved.iter().all(|id| (today - id.day.date()).num_days() >= 2), "today and yesterday never go");
        if done.is_none() {
            return self.restart_after_retiring(step, &moved, crash);
        }
        self.held.clear();
    }

    fn restore(&mut self, step: &Step, n: usize, crash: Option<&str>) {
        let passes = self.handle().queue().unwrap().passes;
        if passes.is_empty() {
            return;
        }
        let pass = &passes[n % passes.len()];
        let name = pass.manifest.pass.clone();
        if pass.stage == crate::archive::Stage::Reaping {
            let refused = self.handle().restore(&name);
            assert!(matches!(refused, Err(Error::Refused { guard: Guard::Reaping, .. })), "{refused:?}");
            return;
        }
        let done = self.stop_at(crash, || self.handle().restore(&name).unwrap());
        let moved = self.check(step, |_, before, now| *before == Place::Queue(name.clone()) && *now == Place::Archive);
        let until = self.now().and_utc() + TimeDelta::days(7).max(TimeDelta::from_std(self.undo).unwrap());
        for id in moved {
            let known = self.restored.entry((id.camera, id.day)).or_insert(until);
            *known = until.max(*known);
        }
        if done.is_none() {
            // The next start goes on where files move back one by one.
            self.restart();
            let is_flat = self.shape.is_some();
            let more = self.check(step, |_, before, now| {
                is_flat && *before == Place::Queue(name.clone()) && *now == Place::Archive
            });
            for id in more {
                self.restored.entry((id.camera, id.day)).or_insert(until);
            }
            return;
        }
        assert!(!self.events.values().any(|place| *place == Place::Queue(name.clone())), "all of it is back");
        assert!(!self.path("delete_queue").join(&name).exists());
    }

    fn delete(&mut self, step: &Step, n: usize, crash: Option<&str>) {
        let there = self.there();
        if there.is_empty() {
            return;
        }
        let victim = there[n % there.len()].clone();
        let done = self.stop_at(crash, || self.handle().delete(std::slice::from_ref(&victim)));
        let is_saved = self.saved.contains(&victim);
        let moved = self.check(step, |id, before, now| {
            *id == victim && !is_saved && *before == Place::Archive && matches!(now, Place::Queue(_))
        });
        match done {
            None => self.restart_after_retiring(step, &moved, crash),
            Some(Ok(_)) => assert!(!is_saved && matches!(self.events[&victim], Place::Queue(_))),
            Some(Err(Error::Refused { guard: Guard::Saved, .. })) => assert!(is_saved),
            Some(Err(Error::Refused { guard: Guard::Open, .. })) => {
                assert!((self.now().date() - victim.day.date()).num_days() < 2, "{victim} is long over");
            }
            Some(Err(error)) => panic!("{error}"),
        }
    }

    fn reap(&mut self, step: &Step, crash: Option<&str>) {
        let due = self.handle().expirer.due().unwrap();
        let names: BTreeSet<String> = due.iter().map(|pass| pass.manifest.pass.clone()).collect();
        let now = self.now().and_utc();
        for pass in &due {
            let until = pass.manifest.undo_until.as_ref().map(|until| until.parse::<DateTime<Utc>>().unwrap());
            assert!(
                pass.stage == crate::archive::Stage::Reaping || until.is_none_or(|until| until <= now),
                "its undo time is not over"
            );
        }
        let done = self.stop_at(crash, || {
            for pass in &due {
                let reaped = self.handle().tree.reap(pass, &self.handle().reaped, &AtOnce);
                assert!(reaped.is_gone, "{:?}", reaped.left);
            }
        });
        self.check(step, |_, before, now| {
            matches!(before, Place::Queue(pass) if names.contains(pass)) && *now == Place::Gone
        });
        if done.is_none() {
            return self.restart_after_crash(step);
        }
        let is_left = |place: &Place| matches!(place, Place::Queue(pass) if names.contains(pass));
        assert!(!self.events.values().any(is_left));
    }

    /// A pass becomes one at its last step; before that, everything moved must be back.
    fn restart_after_retiring(&mut self, step: &Step, moved: &BTreeSet<EventId>, crash: Option<&str>) {
        let is_finished = crash == Some("retire-8");
        self.restart();
        let back = self.check(step, |id, before, now| {
            !is_finished && moved.contains(id) && matches!(before, Place::Queue(_)) && *now == Place::Archive
        });
        assert!(is_finished || back == *moved, "{step:?}: not all is back");
    }

    fn restart_after_crash(&mut self, step: &Step) {
        self.restart();
        self.check(step, |_, _, _| false);
    }

    fn events_of(&self, items: &[Item]) -> BTreeSet<EventId> {
        let of_item = |item: &Item| match &item.events {
            EventSelection::All => {
                self.there().into_iter().filter(|id| id.camera == item.camera && id.day == item.day).collect()
            }
            EventSelection::Some(names) => {
                let id = |name: &EventName| EventId { camera: item.camera.clone(), day: item.day, name: *name };
                names.iter().map(id).collect::<Vec<_>>()
            }
        };
        items.iter().flat_map(of_item).collect()
    }
}

fn list(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// All paths `depth` levels below `dir`.
fn walk(dir: &Path, depth: u32) -> Vec<PathBuf> {
    if depth == 0 {
        vec![dir.to_path_buf()]
    } else {
        list(dir).iter().flat_map(|below| walk(below, depth - 1)).collect()
    }
}

/// How many threads run stories. Each waits for its disk now and then.
const STORY_THREADS: u32 = 4;

fn cases() -> u32 {
    std::env::var("OWLERY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

#[test]
fn random_stories_lose_no_event() {
    let story = (
        any_policy(),
        prop_oneof![Just(0u64), Just(30)],
        prop::collection::vec((1u32..3, 2u64..12, 1u64..40, any::<bool>()), 2..8),
        prop::collection::vec(any_step(), 4..14),
        prop::sample::select(SHAPES.to_vec()),
        any::<bool>(),
    );
    let run = || {
        let config = ProptestConfig { cases: cases().div_ceil(STORY_THREADS), ..ProptestConfig::default() };
        let result = TestRunner::new(config).run(&story, |(policy, undo_hours, first, steps, shape, has_store)| {
            let mut story = Story::new(policy, undo_hours, shape);
            if has_store {
                story.add_store();
            }
            for (camera, back, kilobytes, flat) in first {
                story.add_event(camera, back, kilobytes, flat);
            }
            for step in &steps {
                story.step(step);
            }
            Ok(())
        });
        if let Err(error) = result {
            panic!("{error}");
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..STORY_THREADS {
            scope.spawn(run);
        }
    });
}

/// The id of a plan counts the events of a whole day and does not name them: the held pass loses an event that was
/// not in the last plan of its id, and gains none.
#[test]
fn a_held_pass_keeps_what_all_its_plans_had() {
    let policy = Policy { keep: Some(Keep::Days(3)), max_share: 0.4, ..Policy::default() };
    let mut story = Story::new(policy, 0, None);
    story.add_event(1, 5, 1, false);
    story.step(&Step::Pass { crash: None });
    let first = story.held.clone();
    assert_eq!(first.len(), 1, "all of the archive is more than the share");
    story.step(&Step::Delete { event: 0, crash: None });
    story.add_event(1, 5, 1, false);
    story.step(&Step::Pass { crash: None });
    assert_ne!(story.held, first);
    story.step(&Step::Restore { pass: 0, crash: None });
    story.step(&Step::Wait { hours: 8 * 24 });
    story.step(&Step::Confirm { crash: None });
    assert_eq!(story.there().len(), 2, "neither was in both plans");
}

/// A copy, or the permission to go without one, that is lost between the plan and the rename; and a copy of which only the
/// files show that it is outdated.
#[test]
fn a_pass_asks_for_copies_again() {
    for copy in [Copy::Proved, Copy::Lacking(WhenFull::Expire), Copy::Outdated] {
        let policy = Policy { min_free: Some(MinFree::Bytes(1 << 60)), max_share: 1.0, ..Policy::default() };
        let mut story = Story::new(policy, 0, None);
        story.add_store();
        story.add_event(1, 5, 1, false);
        story.step(&Step::Copy { event: 0, copy });
        let pass = || Step::Pass { crash: None };
        if copy != Copy::Outdated {
            story.step(&Step::Vanish { event: 0, questions: 1 });
        }
        story.step(&pass());
        assert_eq!(story.there().len(), 1, "{copy:?}");
        story.step(&Step::Copy { event: 0, copy: Copy::Lacking(WhenFull::Expire) });
        let plan = story.handle().plan(None).unwrap();
        assert!(matches!(plan.items[0].reason, Reason::WithoutCopy { .. }), "{plan:?}");
        story.step(&pass());
        assert_eq!(story.there().len(), 0, "{copy:?}");
    }
}

/// What a user confirms is what the plan showed: copied events.
#[test]
fn a_confirmed_pass_asks_for_copies_again() {
    let policy = Policy { keep: Some(Keep::Days(3)), max_share: 0.4, ..Policy::default() };
    let mut story = Story::new(policy, 0, None);
    story.add_store();
    for back in [5, 6, 7] {
        story.add_event(1, back, 2, false); // copied
    }
    story.step(&Step::Pass { crash: None });
    assert_eq!((story.held.len(), story.there().len()), (3, 3), "held");
    story.step(&Step::Copy { event: 0, copy: Copy::Lacking(WhenFull::Expire) });
    story.step(&Step::Copy { event: 1, copy: Copy::Outdated });
    story.step(&Step::Confirm { crash: None });
    assert_eq!(story.there().len(), 2, "one has its copy");
}

/// Also for a full disk: what is unknown is lacking, and nobody has given it up.
#[test]
fn a_day_of_unknown_copies_stays() {
    let policy = Policy { min_free: Some(MinFree::Bytes(1 << 60)), keep: Some(Keep::Days(3)), ..Policy::default() };
    let mut story = Story::new(Policy { max_share: 1.0, ..policy }, 0, None);
    story.add_store();
    for back in [5, 5, 6] {
        story.add_event(1, back, 2, false); // copied
    }
    story.step(&Step::Copy { event: 1, copy: Copy::Unknown });
    let unknown = story.there()[1].day;
    let plan = story.handle().plan(None).unwrap();
    assert!(plan.alerts.iter().any(|alert| alert.contains("the proofs cannot be read")), "{:?}", plan.alerts);
    story.step(&Step::Pass { crash: None });
    assert!(!story.there().is_empty() && story.there().iter().all(|id| id.day == unknown), "{:?}", story.there());
}

#[test]
fn a_rescan_forgets_days_that_are_gone() {
    let mut story = Story::new(Policy::default(), 0, None);
    for back in [2, 3, 4] {
        story.add_event(1, back, 1, false);
    }
    let parts = story.parts.as_ref().unwrap();
    let known = || parts.handle().catalog.known().unwrap().days.len();
    let remove = |day: &str| fs::remove_dir_all(story.path(format!("Camera1/{day}"))).unwrap();
    assert_eq!(known(), 3);
    remove("2096-11-16");
    parts.preload(Depth::Measure, &Progress::default()).unwrap();
    assert_eq!(known(), 2);
    remove("2096-11-17");
    parts.handle().rescan(false).unwrap();
    assert_eq!(known(), 1);
}

/// A pass makes space, so it must not wait until there is enough.
#[test]
fn expire_works_while_space_is_short() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("Camera1")).unwrap();
    let open = Archive::open(Options::new(folder.path())).unwrap().open_catalog().unwrap();
    let handle = open.handle();
    assert!(handle.expire_when_read(None).unwrap().is_none(), "the archive is still being read");
    handle.status.set(Component::Preload, None);
    handle.status.set(Component::Watch, None);
    handle.status.set(Component::Space, Some("less than the rules require"));
    assert!(!handle.status.is_ready());
    assert!(handle.expire_when_read(None).unwrap().is_some(), "a pass makes space");
}
