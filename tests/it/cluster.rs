//! A daemon that copies to three nodes of Garage, of which one, then two are lost: all events arrive, none is sent twice without need, what
//! the daemon serves does not wait for the store, and nothing is retired before its copy. Takes minutes, so it runs with
//! `OWLERY_CLUSTER=1` alone (`scripts/stores-nightly`), and prints what it measured.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::line::Line;
use crate::servers::{Cluster, Offsite, url};
use crate::world::{Daemon, KEEP_45_DAYS, World, event_id, wait_until};

/// How many events there are at first, and how many of them are due.
const EVENTS: usize = 500;
const DUE: usize = 40;
/// How long the store lacks two nodes.
const OUTAGE: Duration = Duration::from_secs(30);
/// Within what time the daemon serves its page, and shows that the store has trouble.
const SERVED: Duration = Duration::from_secs(1);
const SHOWN: Duration = Duration::from_secs(10);
/// How long hundreds of events may take.
const LONG: Duration = Duration::from_secs(600);

/// What a daemon serves without the store.
const PAGES: [&str; 6] = ["/", "/readyz", "/api/v1/events?limit=50", "/api/v1/stores", "/api/v1/retention", "/metrics"];

/// A daemon, its archive and its store.
struct Story<'a> {
    world: &'a World,
    daemon: Daemon,
    line: Line,
    cluster: Cluster,
    /// All events that were made; true for those that a rule wants gone.
    made: BTreeMap<String, bool>,
}

impl Story<'_> {
    /// Makes so many small events of these days.
    fn make(&mut self, count: usize, days: std::ops::Range<u64>) {
        make(self.world, &mut self.made, count, days);
    }

    /// The events that the manifests name whole which the store has accepted.
    fn named(&self) -> BTreeSet<String> {
        let manifests: Vec<Value> = self
            .line
            .written(|written| written.manifests.values().map(|text| serde_json::from_slice(text).unwrap()).collect());
        let mut named = BTreeSet::new();
        for manifest in manifests {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let day = format!("{}/{}", text(&manifest["camera"]), text(&manifest["day"]));
            let events = manifest["events"].as_array().unwrap().iter().filter(|event| event["whole"] == true);
            named.extend(events.map(|event| format!("{day}/{}", text(&event["name"]))));
        }
        named
    }

    /// The events that are not in the archive any more. Each is due, and was copied before.
    fn gone(&self) -> BTreeSet<String> {
        let gone: BTreeSet<String> = self.made.keys().filter(|id| !self.world.has(id)).cloned().collect();
        let named = self.named();
        for id in &gone {
            assert!(self.made[id] && named.contains(id), "{id} is gone without a copy");
        }
        gone
    }

    fn due(&self) -> usize {
        self.made.values().filter(|is_due| **is_due).count()
    }

    /// Waits until all events are copied and those that are due are retired; returns how long both took.
    fn wait_for_all(&self) -> [f64; 2] {
        let begun = Instant::now();
        self.wait_long("all events are copied", || self.named().len() == self.made.len());
        let copied = begun.elapsed();
        self.wait_long("what is due is retired", || self.gone().len() == self.due());
        [copied, begun.elapsed()].map(|time| time.as_secs_f64())
    }

    /// Like `wait_until`, for what may take minutes.
    fn wait_long(&self, what: &str, mut check: impl FnMut() -> bool) {
        let begun = Instant::now();
        let mut is_met = false;
        while !is_met {
            assert!(begun.elapsed() < LONG, "waited in vain: {what}\n{}", self.daemon.log());
            // Each look reads all manifests.
            let looked = Instant::now();
            wait_until("the next look", || looked.elapsed() > Duration::from_millis(200));
            is_met = check();
        }
    }

    /// Waits until so many files were accepted after now.
    fn wait_for_more(&self, more: usize) {
        let accepted = || self.line.written(|written| written.accepted.keys().filter(|key| is_file(key)).count());
        let before = accepted();
        self.wait_long("events are copied", || accepted() >= before + more);
    }

    /// Whether the daemon says that it cannot copy.
    fn shows_trouble(&self) -> bool {
        self.daemon.get("/readyz").text().contains("to the store offsite since")
    }

    /// Looks at all that the daemon serves while the store cannot be used; returns what it saw.
    fn watch_outage(&self) -> Outage {
        let begun = Instant::now();
        let named = self.named();
        let mut seen = Outage::default();
        while begun.elapsed() < OUTAGE || seen.shown.is_none() {
            for page in PAGES {
                let asked = Instant::now();
                let response = self.daemon.get(page);
                let took = asked.elapsed();
                assert!(matches!(response.status, 200 | 503), "{page}: {response:?}");
                let slowest = seen.slowest.entry(page).or_default();
                *slowest = took.max(*slowest);
                if page == "/readyz" && seen.shown.is_none() && response.text().contains("to the store offsite since") {
                    seen.shown = Some(begun.elapsed());
                }
            }
            for id in self.gone() {
                assert!(named.contains(&id), "{id} was retired while the store was away");
            }
            let looked = Instant::now();
            wait_until("the next look", || looked.elapsed() > Duration::from_millis(100));
        }
        println!("  trouble was shown after {:.1?}", seen.shown.unwrap());
        println!("  slowest responses: {:.0?}", seen.slowest);
        println!("  retired meanwhile, copied before: {}", self.gone().intersection(&named).count());
        seen
    }

    /// `store verify` finds nothing wrong, and every event.
    fn verify(&self, offsite: &Offsite<'_>) {
        let begun = Instant::now();
        let found = offsite.verify("100%");
        assert_eq!(found["wrong"].as_array().unwrap().len(), 0, "{found}");
        assert_eq!(found["events"].as_u64(), Some(self.made.len() as u64), "{found}");
        println!("  verified in {:.1?}: {} events, {} objects", begun.elapsed(), found["events"], found["objects"]);
    }
}

/// What was seen while the store could not be used.
#[derive(Default)]
struct Outage {
    /// When `/readyz` said so.
    shown: Option<Duration>,
    /// The slowest response of each page.
    slowest: BTreeMap<&'static str, Duration>,
}

impl Outage {
    fn judge(&self) {
        assert!(self.shown.is_some_and(|shown| shown <= SHOWN), "shown after {:?}", self.shown);
        assert!(self.slowest.values().all(|took| *took <= SERVED), "{:?}", self.slowest);
    }
}

/// Whether the path of a request is that of an event's file.
fn is_file(path: &str) -> bool {
    path.contains("/Camera") && !path.ends_with("/manifest.json")
}

fn make(world: &World, made: &mut BTreeMap<String, bool>, count: usize, days: std::ops::Range<u64>) {
    for _ in 0..count {
        let nth = made.len();
        let day = days.start + nth as u64 % (days.end - days.start);
        let name = format!("{:02}-{:02}-{:02}", 10 + nth / 3600, nth / 60 % 60, nth % 60);
        let id = event_id(format!("Camera{}", 1 + nth % 3), day, name);
        world.event(&id).frames(2).old().make();
        made.insert(id, day > 45);
    }
}

#[test]
fn a_cluster_may_lose_nodes() {
    if std::env::var_os("OWLERY_CLUSTER").is_none() {
        return;
    }
    let (world, cluster) = (World::new(), Cluster::start());
    let line = Line::to(&cluster.ports(), None);
    let offsite = Offsite::configure(&world, &url(line.port, Cluster::REGION), "");
    offsite.login();
    let mut made = BTreeMap::new();
    make(&world, &mut made, EVENTS - DUE, 1..21);
    make(&world, &mut made, DUE, 50..54);
    let daemon = offsite.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "2s"]].concat());
    let mut story = Story { world: &world, daemon, line, cluster, made };
    one_node_is_lost(&mut story, &offsite);
    for is_busy in [false, true] {
        two_nodes_are_lost(&mut story, is_busy);
        story.verify(&offsite);
    }
    assert_eq!(story.daemon.stop(), 0);
}

/// The node that the daemon speaks to, while it copies.
fn one_node_is_lost(story: &mut Story<'_>, offsite: &Offsite<'_>) {
    story.wait_for_more(300);
    println!("one node of three is killed after {} of {EVENTS} events", story.named().len());
    story.cluster.kill(0);
    let [copied, retired] = story.wait_for_all();
    println!("  all were copied {copied:.1} s later, and {DUE} that were due retired after {retired:.1} s");
    let (sent, accepted) = story.line.written(|written| {
        let twice =
            |counts: &BTreeMap<String, u32>| counts.iter().filter(|(key, count)| is_file(key) && **count > 1).count();
        (twice(&written.sent), twice(&written.accepted))
    });
    let stores = story.daemon.get("/api/v1/stores").json();
    let counted = stores["stores"][0]["copying"]["copied"].as_u64();
    println!("  files sent twice: {sent}, accepted twice: {accepted}; events that the daemon counts: {counted:?}");
    assert_eq!(counted, Some(EVENTS as u64));
    assert!(sent <= 1 && accepted <= 1, "only what was on its way is sent again");
    story.verify(offsite);
    story.cluster.restart(&[0]);
}

/// While nothing waits, or while events are copied.
fn two_nodes_are_lost(story: &mut Story<'_>, is_busy: bool) {
    if is_busy {
        story.make(100, 1..21);
        story.make(100, 50..54);
        story.wait_for_more(60);
    }
    assert!(!story.shows_trouble(), "{}", story.daemon.get("/readyz").text());
    println!("two nodes are killed, {}", if is_busy { "while events are copied" } else { "while nothing is copied" });
    story.cluster.kill(1);
    story.cluster.kill(2);
    if !is_busy {
        story.make(20, 1..21);
        story.make(20, 50..54);
    }
    let seen = story.watch_outage();
    story.cluster.restart(&[1, 2]);
    let [copied, retired] = story.wait_for_all();
    println!("  the nodes are back: all was copied {copied:.1} s later, what was due retired after {retired:.1} s");
    seen.judge();
}
