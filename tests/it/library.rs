//! The library inside another program, without the `owlery` program: open, ask, follow, expire by a clock that is moved
//! by hand, and stop.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use owlery::{
    Archive, Boot, Camera, Clock, Error, EventId, Guard, Keep, Kind, ManualClock, Notification, Now, Options, Policy,
    Query, Service, State,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// An archive whose clock stands at noon of 2026-11-20.
struct Embedded {
    _folder: tempfile::TempDir,
    root: PathBuf,
    clock: Arc<ManualClock>,
}

fn at(day: &str, hour: u32, minute: u32, second: u32) -> NaiveDateTime {
    let time = NaiveTime::from_hms_opt(hour, minute, second).unwrap();
    day.parse::<NaiveDate>().unwrap().and_time(time)
}

impl Embedded {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("owlery-it-").tempdir().unwrap();
        let root = folder.path().join("motion");
        fs::create_dir_all(root.join("Camera1")).unwrap();
        let clock = Arc::new(ManualClock::new(at("2026-11-20", 12, 0, 0)));
        Self { _folder: folder, root, clock }
    }

    fn options(&self) -> Options {
        Options::new(&self.root).clock(self.clock.clone()).check_interval(Duration::from_millis(50))
    }

    fn event(&self, id: &str) -> PathBuf {
        let dir = self.root.join(id);
        fs::create_dir_all(&dir).unwrap();
        let name = id.rsplit('/').next().unwrap();
        fs::write(dir.join(format!("{name}-00.jpg")), "x").unwrap();
        dir
    }
}

fn start(options: Options) -> Service {
    let service = Archive::open(options).unwrap().start().unwrap();
    assert!(service.wait_ready(PATIENCE));
    service
}

/// Embedders can send what the library returns without types of their own.
#[test]
fn public_data_is_serialized() {
    fn can<T: serde::Serialize>() {}
    can::<(owlery::QueuedPass, owlery::Policy)>();
    can::<(Notification, owlery::Stats, owlery::CameraInfo, owlery::DaySummary, owlery::Summary, owlery::Report)>();
    can::<(owlery::Plan, owlery::Pass, owlery::Restoration, owlery::Refusal, owlery::GuardState, owlery::AuditPage)>();
    can::<(Camera, owlery::Day, owlery::EventName, Kind, owlery::Order, owlery::Sidecars, owlery::Forecast)>();
    for state in [State::Open, State::Complete, State::Interrupted] {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    for container in owlery::Container::ALL {
        assert_eq!(serde_json::to_value(container).unwrap(), container.extension());
    }
    for part in owlery::Component::ALL {
        assert_eq!(serde_json::to_value(part).unwrap(), part.as_str());
    }

    let embedded = Embedded::new();
    embedded.event("Camera1/2026-11-19/10-04-36");
    let service = start(embedded.options());
    let page = service.events(&Query::new()).unwrap();
    let event = &serde_json::to_value(&page).unwrap()["events"][0];
    assert_eq!(event["id"], "Camera1/2026-11-19/10-04-36");
    assert_eq!(event["details"]["start"], "2026-11-19T10:04:36");
    assert_eq!(event["details"]["thumbnail"], "10-04-36-00.jpg");
    let notice = serde_json::to_value(Notification::Removed(page.events[0].id.clone())).unwrap();
    assert_eq!(notice, serde_json::json!({"removed": "Camera1/2026-11-19/10-04-36"}));
    service.shutdown().unwrap();
}

fn ids(service: &Service) -> Vec<String> {
    service.events(&Query::new()).unwrap().events.iter().map(|event| event.id.to_string()).collect()
}

/// Waits until a condition holds, between two pieces of news at the latest.
fn wait_until(what: &str, mut check: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !check() {
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[test]
fn an_embedding_program_asks_follows_and_stops() {
    let embedded = Embedded::new();
    embedded.event("Camera1/2026-11-10/10-00-00");
    let service = start(embedded.options());
    assert_eq!(ids(&service), ["Camera1/2026-11-10/10-00-00"]);
    let mut news = service.subscribe();
    embedded.event("Camera1/2026-11-11/10-00-00");
    let id: EventId = "Camera1/2026-11-11/10-00-00".parse().unwrap();
    let heard = loop {
        match news.wait().expect("the service runs") {
            Notification::Added(event) if event.id == id => break event,
            other => assert!(!matches!(other, Notification::Removed(_)), "{other:?}"),
        }
    };
    assert_eq!(heard.details.state, State::Complete, "nothing of a day before yesterday is open");
    assert_eq!(service.event(&id).unwrap().unwrap().id, id);
    assert_eq!(service.cameras().unwrap()[0].summary.camera, "Camera1".parse::<Camera>().unwrap());
    service.shutdown().unwrap();
    while news.wait().is_some() {} // what was said before the end, and then the end
}

/// Not a second earlier.
#[test]
fn a_day_expires_at_midnight() {
    let embedded = Embedded::new();
    let day = |day: &str| embedded.root.join("Camera1").join(day);
    for name in ["2026-11-08", "2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12", "2026-11-19", "2026-11-20"] {
        embedded.event(&format!("Camera1/{name}/10-00-00"));
    }
    let service =
        start(embedded.options().policy(Policy { keep: Some(Keep::Days(10)), max_share: 1.0, ..Policy::default() }));
    let news = service.subscribe();
    wait_until("what is older than ten days goes", || !is_there(&day("2026-11-09")));
    assert!(is_there(&day("2026-11-10")), "exactly ten days old");

    embedded.clock.set(at("2026-11-20", 23, 59, 59));
    let pass = service.expire(None).unwrap();
    assert_eq!((pass.pass, pass.items), (None, Vec::new()), "the day has a second to go");
    assert!(is_there(&day("2026-11-10")));

    embedded.clock.set(at("2026-11-21", 0, 0, 0));
    wait_until("its time is over", || !is_there(&day("2026-11-10")));
    assert!(is_there(&day("2026-11-11")));
    embedded.clock.set(at("2026-11-22", 0, 0, 0));
    wait_until("and so on", || !is_there(&day("2026-11-11")));
    wait_until("the queue is emptied", || fs::read_dir(embedded.root.join("delete_queue")).unwrap().count() == 0);
    let left = ["2026-11-20", "2026-11-19", "2026-11-12"].map(|day| format!("Camera1/{day}/10-00-00"));
    assert_eq!(ids(&service), left);
    drop(news);
    service.shutdown().unwrap();
}

#[test]
fn a_clock_set_back_expires_nothing() {
    let embedded = Embedded::new();
    for name in ["2026-11-10", "2026-11-19", "2026-11-20"] {
        embedded.event(&format!("Camera1/{name}/10-00-00"));
    }
    embedded.clock.set(at("1970-01-01", 0, 0, 0)); // a host without a clock of its own
    let service =
        start(embedded.options().policy(Policy { keep: Some(Keep::Days(1)), max_share: 1.0, ..Policy::default() }));
    assert_eq!(service.expire(None).unwrap().pass, None);
    assert_eq!(ids(&service).len(), 3);
    service.shutdown().unwrap();
}

#[test]
fn the_share_guard_holds_a_clock_jump() {
    let embedded = Embedded::new();
    for name in ["2026-11-16", "2026-11-17", "2026-11-18"] {
        embedded.event(&format!("Camera1/{name}/10-00-00"));
    }
    let service = start(embedded.options().keep_days(45));
    embedded.clock.set(at("2036-01-01", 0, 0, 0));
    let pass = service.expire(None).unwrap();
    assert_eq!(pass.refused.unwrap().guard, Guard::Share);
    assert_eq!(ids(&service).len(), 3);
    let confirmed = service.expire(pass.pass.as_deref()).unwrap();
    assert_eq!(confirmed.count(), 3);
    assert_eq!(ids(&service), [""; 0]);
    service.shutdown().unwrap();
}

/// A host's clock for which half a minute passes with every query of the kernel's state.
#[derive(Debug, Default)]
struct HostClock {
    ahead: AtomicI64,
    passed: AtomicU32,
    is_synchronised: AtomicBool,
    /// How much had passed at the first synchronised result.
    told: OnceLock<u32>,
}

impl Clock for HostClock {
    fn now(&self) -> Now {
        let passed = i64::from(self.passed.load(SeqCst)) + self.ahead.load(SeqCst);
        let local = at("2026-11-20", 12, 0, 0) + TimeDelta::seconds(passed);
        Now { utc: local.and_utc(), local }
    }

    fn boot(&self) -> Option<Boot> {
        let elapsed = Duration::from_secs(self.passed.load(SeqCst).into());
        Some(Boot { id: "only".to_owned(), elapsed })
    }

    fn is_synchronised(&self) -> bool {
        let passed = self.passed.fetch_add(30, SeqCst);
        let is_synchronised = self.is_synchronised.load(SeqCst);
        if is_synchronised {
            self.told.get_or_init(|| passed);
        }
        is_synchronised
    }
}

/// A clock that is set at the n-th look that one thread takes, counted from when it was armed.
#[derive(Debug)]
struct LeapingClock {
    thread: ThreadId,
    looks: AtomicU32,
    leap_at: u32,
    /// How many hours after the first time it shows until then, and from then on.
    hours: [AtomicI64; 2],
    /// Whether it is a host's clock, which is never accepted.
    is_host: bool,
}

impl LeapingClock {
    fn new(leap_at: u32, hours: [i64; 2], is_host: bool) -> Arc<Self> {
        let (thread, looks) = (thread::current().id(), AtomicU32::new(0));
        Arc::new(Self { thread, looks, leap_at, hours: hours.map(AtomicI64::new), is_host })
    }
}

impl Clock for LeapingClock {
    fn now(&self) -> Now {
        let is_watched = thread::current().id() == self.thread;
        let looks = if is_watched { self.looks.fetch_add(1, SeqCst) + 1 } else { self.looks.load(SeqCst) };
        let hours = self.hours[usize::from(looks >= self.leap_at)].load(SeqCst);
        let local = at("2026-11-20", 20, 0, 0) + TimeDelta::hours(hours);
        Now { utc: local.and_utc(), local }
    }

    fn boot(&self) -> Option<Boot> {
        self.is_host.then(|| Boot { id: "only".to_owned(), elapsed: Duration::from_mins(1) })
    }
}

/// Reported by CI: the clock was set amid a pass, and its audit entries told of an earlier time than its plan was made for.
#[test]
fn a_pass_has_one_time() {
    for leap_at in 1..12 {
        let embedded = Embedded::new();
        for day in 17..20 {
            embedded.event(&format!("Camera1/2026-11-{day}/10-00-00"));
        }
        let policy = Policy { keep: Some(Keep::Days(3)), max_share: 1.0, ..Policy::default() };
        let clock = LeapingClock::new(leap_at, [0, 5], false);
        let options = embedded.options().check_interval(Duration::from_hours(1)).clock(clock.clone()).policy(policy);
        let service = start(options);
        clock.looks.store(0, SeqCst);
        let pass = service.expire(None).unwrap();
        let is_late = pass.started.starts_with("2026-11-21");
        assert!(is_late || pass.items.is_empty(), "leap at {leap_at}: {pass:?}");
        service.shutdown().unwrap();
    }
}

/// A clock that was 40 days ahead is put right amid a pass: the plan is of the wrong time, and the guard saw only the right one.
#[test]
fn a_clock_corrected_in_a_pass_expires_nothing() {
    for leap_at in 1..12 {
        let embedded = Embedded::new();
        for day in 17..20 {
            embedded.event(&format!("Camera1/2026-11-{day}/10-00-00"));
        }
        let policy = Policy { keep: Some(Keep::Days(3)), max_share: 1.0, ..Policy::default() };
        let clock = LeapingClock::new(leap_at, [0, 0], true);
        let options = embedded.options().check_interval(Duration::from_hours(1)).clock(clock.clone()).policy(policy);
        let service = start(options);
        wait_until("the first pass is over", || embedded.root.join(".owlery/clock.json").exists());
        clock.looks.store(0, SeqCst);
        clock.hours[0].store(40 * 24, SeqCst);
        let pass = service.expire(None).unwrap();
        assert!(pass.items.is_empty(), "leap at {leap_at}: {pass:?}");
        assert_eq!(ids(&service).len(), 3);
        service.shutdown().unwrap();
    }
}

/// A held clock is accepted once the kernel has it synchronised for ten minutes.
#[test]
fn a_synchronised_clock_is_released() {
    let embedded = Embedded::new();
    for name in ["2026-11-16", "2026-11-17", "2026-11-18"] {
        embedded.event(&format!("Camera1/{name}/10-00-00"));
    }
    let clock = Arc::new(HostClock::default());
    let policy = Policy { keep: Some(Keep::Days(45)), max_share: 1.0, ..Policy::default() };
    let service = start(embedded.options().clock(clock.clone()).policy(policy));
    clock.ahead.store(60 * 24 * 3600, SeqCst);
    assert_eq!(service.expire(None).unwrap().refused.unwrap().guard, Guard::Clock);
    wait_until("a quarter of an hour passes", || clock.passed.load(SeqCst) > 900);
    assert_eq!(service.expire(None).unwrap().refused.unwrap().guard, Guard::Clock, "nothing says that it is right");

    clock.is_synchronised.store(true, SeqCst);
    wait_until("what its time shows as expired goes", || ids(&service).is_empty());
    let minutes = (clock.passed.load(SeqCst) - clock.told.get().unwrap()) / 60;
    assert!((10..=11).contains(&minutes), "after {minutes} minutes");
    service.shutdown().unwrap();
}

#[test]
fn dropping_the_service_frees_the_archive() {
    let embedded = Embedded::new();
    embedded.event("Camera1/2026-11-10/10-00-00");
    let service = start(embedded.options());
    let mut news = service.subscribe();
    let second = Archive::open(embedded.options()).unwrap().start().expect_err("one at a time");
    assert!(matches!(second, Error::Locked { .. }), "{second}");
    assert_eq!(second.kind(), Kind::Usage);
    drop(service);
    while news.wait().is_some() {}
    let service = start(embedded.options());
    assert_eq!(ids(&service).len(), 1);
    service.shutdown().unwrap();
}

/// It refuses a folder that is not an archive.
#[test]
fn opening_changes_nothing() {
    let embedded = Embedded::new();
    Archive::open(embedded.options()).unwrap();
    assert!(!embedded.root.join(".owlery").exists());
    let kind = |options: Options| Archive::open(options).err().map(|error| error.kind());
    assert_eq!(kind(Options::new(embedded.root.join("Camera1"))), Some(Kind::NoArchive), "no camera in it");
    assert_eq!(kind(Options::new(embedded.root.join("nowhere"))), Some(Kind::NoArchive));
    assert_eq!(kind(embedded.options().keep_days(0)), Some(Kind::Usage));
}
