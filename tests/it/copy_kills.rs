//! A daemon that is killed while it copies and retires: the manifests in the store name nothing that is not there, and each event is in the
//! archive or in the store. `OWLERY_CASES` says how often it is killed, `OWLERY_SEED` where the moments come from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::s3_server::S3Server;
use crate::servers::Offsite;
use crate::world::{Daemon, KEEP_45_DAYS, World, event_id, number, wait_until, whole_mp4};

/// How often the daemon is killed, unless `OWLERY_CASES` says another number.
const KILLS: u64 = 6;

/// What a daemon does at the moment of a kill.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// Anything: so long after it listens.
    Any,
    /// It has begun to send a movie in parts. A folder has no such record, and the moment is any.
    InParts,
    /// It has sent an event, and the manifest comes.
    Manifest,
    /// It has just retired an event.
    Retired,
}

/// An event that was made.
struct Made {
    id: String,
    /// From which the bytes of its movie come.
    seed: u64,
    size: usize,
    /// Whether a rule wants it gone.
    is_due: bool,
}

impl Made {
    /// A movie that is whole, with as many more bytes as the event says.
    fn movie(&self) -> Vec<u8> {
        let mut more = vec![0; self.size];
        fastrand::Rng::with_seed(self.seed).fill(&mut more);
        let length = u32::try_from(8 + self.size).unwrap().to_be_bytes();
        [&whole_mp4()[..], &length, b"free", &more].concat()
    }
}

/// A store that is being copied to, whose objects are files.
struct Story<'a> {
    world: &'a World,
    offsite: Offsite<'a>,
    objects: PathBuf,
    made: Vec<Made>,
    rng: fastrand::Rng,
    /// How often each moment was met.
    moments: BTreeMap<String, u32>,
}

impl<'a> Story<'a> {
    fn new(world: &'a World, offsite: Offsite<'a>, objects: PathBuf) -> Self {
        let rng = fastrand::Rng::with_seed(number("OWLERY_SEED", 1));
        let mut story = Self { world, offsite, objects, made: Vec::new(), rng, moments: BTreeMap::new() };
        for nth in 0..20 {
            story.make(nth % 2 == 0, 100);
        }
        story
    }

    /// Makes an event of a random day, which a rule wants gone or not.
    fn make(&mut self, is_due: bool, size: usize) {
        let nth = self.made.len();
        let days = self.rng.u64(0..3) + if is_due { 50 } else { 2 };
        let name = format!("{:02}-{:02}-{:02}", 10 + nth / 3600, nth / 60 % 60, nth % 60);
        let made = Made { id: event_id("Camera1", days, name), seed: self.rng.u64(..), size, is_due };
        self.world.event(&made.id).frames(2).movie("video.mp4", made.movie()).old().make();
        self.made.push(made);
    }

    /// A few small events, now and then a large one.
    fn make_some(&mut self, round: u64) {
        for is_due in [true, false, round.is_multiple_of(2)] {
            self.make(is_due, 1000);
        }
        if round % 4 == 1 {
            let size = self.rng.usize(6 << 20..12 << 20);
            self.make(round % 8 == 1, size);
        }
    }

    fn serve(&self) -> Daemon {
        self.offsite.serve(&[&KEEP_45_DAYS[..], &["--check-interval", "1s", "--event-gap", "1s"]].concat())
    }

    /// Runs a daemon to this moment, and a little further.
    fn run_to(&mut self, moment: Moment) -> Daemon {
        let daemon = self.serve();
        let (sent, gone) = (self.sent(), self.gone());
        let record = self.world.path(".owlery/stores/offsite.state/uploads.json");
        let most = match moment {
            Moment::Any => 1500,
            Moment::InParts => {
                let begun = Instant::now();
                wait_until("an upload in parts", || record.exists() || begun.elapsed() > Duration::from_secs(1));
                300
            }
            Moment::Manifest => {
                wait_until("an event is sent", || self.sent() > sent);
                60
            }
            Moment::Retired => {
                wait_until("an event is retired", || self.gone() > gone);
                100
            }
        };
        self.make(false, 1000); // its watch sees this one
        let wait = Duration::from_millis(self.rng.u64(0..most));
        let reached = Instant::now();
        wait_until("the moment", || reached.elapsed() >= wait);
        daemon
    }

    fn kill(&mut self, round: u64) {
        let moment = match round % 4 {
            0 => Moment::Any,
            1 => Moment::InParts,
            2 => Moment::Manifest,
            _ => Moment::Retired,
        };
        self.make_some(round);
        let mut daemon = self.run_to(moment);
        daemon.child.kill().unwrap();
        daemon.child.wait().unwrap();
        *self.moments.entry(format!("{moment:?}")).or_default() += 1;
    }

    /// How many events are not in the archive any more.
    fn gone(&self) -> usize {
        self.made.iter().filter(|made| !self.world.has(&made.id)).count()
    }

    /// How many movies lie in the store, named or not.
    fn sent(&self) -> usize {
        let copy = |made: &&Made| self.objects.join("garage").join(&made.id).join("video.mp4").exists();
        self.made.iter().filter(copy).count()
    }

    /// The events of which the daemon holds a proof.
    fn proved(&self) -> BTreeSet<String> {
        let mut proved = BTreeSet::new();
        let folders = fs::read_dir(self.world.path(".owlery/stores")).into_iter().flatten().flatten();
        for days in folders.filter_map(|folder| fs::read_dir(folder.path().join("Camera1")).ok()) {
            for day in days.flatten().map(|day| day.path()) {
                let Ok(text) = fs::read(day.join("copied.json")) else { continue };
                let proofs: Value = serde_json::from_slice(&text).unwrap();
                let day = day.file_name().unwrap().to_str().unwrap();
                proved.extend(proofs["events"].as_object().unwrap().keys().map(|name| format!("Camera1/{day}/{name}")));
            }
        }
        proved
    }

    /// The events that manifests name whole, after a look at each object that a manifest names.
    fn named(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        let days = fs::read_dir(self.objects.join("garage/Camera1")).into_iter().flatten().flatten();
        for day in days.map(|day| day.path()) {
            let Ok(text) = fs::read(day.join("manifest.json")) else { continue };
            let manifest: Value = serde_json::from_slice(&text).unwrap();
            for event in manifest["events"].as_array().unwrap() {
                let name = event["name"].as_str().unwrap();
                for file in event["files"].as_array().unwrap() {
                    let path = day.join(name).join(file["name"].as_str().unwrap());
                    let size = fs::metadata(&path).map(|found| found.len()).ok();
                    assert_eq!(size, file["bytes"].as_u64(), "{}", path.display());
                }
                if event["whole"] == true {
                    named.insert(format!("Camera1/{}/{name}", manifest["day"].as_str().unwrap()));
                }
            }
        }
        named
    }

    /// Looks at all that must be true at any time, without a daemon.
    fn check(&mut self, share: &str) {
        let (named, proved) = (self.named(), self.proved());
        let unfounded: Vec<&String> = proved.difference(&named).collect();
        assert!(unfounded.is_empty(), "proved, and in no manifest: {unfounded:?}");
        for made in &self.made {
            let is_there = self.world.path(&made.id).join("video.mp4").exists();
            assert!(is_there || (made.is_due && named.contains(&made.id)), "{} is lost", made.id);
        }
        let copied: Vec<&Made> = self.made.iter().filter(|made| named.contains(&made.id)).collect();
        for _ in 0..5.min(copied.len()) {
            let made = copied[self.rng.usize(..copied.len())];
            let copy = fs::read(self.objects.join("garage").join(&made.id).join("video.mp4")).unwrap();
            assert!(copy == made.movie(), "the copy of {} is another", made.id);
        }
        let found = self.offsite.verify(share);
        let may_be = |wrong: &str| {
            wrong.starts_with("the index says other sums")
                || (named.is_empty() && wrong.starts_with("garage has copied nothing"))
        };
        let wrong = found["wrong"].as_array().unwrap();
        assert!(wrong.iter().all(|wrong| may_be(wrong.as_str().unwrap())), "{found}");
    }

    /// Lets a daemon do all that is left; in the end the store has everything, and what is due is gone.
    fn end(&mut self) {
        let daemon = self.serve();
        wait_until("all events are copied", || self.named().len() == self.made.len());
        let due = self.made.iter().filter(|made| made.is_due).count();
        wait_until("all that is due is retired", || self.gone() == due);
        assert_eq!(daemon.stop(), 0);
        self.check("100%");
        assert_eq!(self.proved().len(), self.made.len());
        let found = self.offsite.verify("1%");
        assert_eq!(found["wrong"].as_array().unwrap().len(), 0, "{found}");
    }
}

fn kills_lose_nothing(world: &World, offsite: Offsite<'_>, objects: PathBuf) {
    let (kills, begun) = (number("OWLERY_CASES", KILLS), Instant::now());
    let mut story = Story::new(world, offsite, objects);
    for round in 0..kills {
        story.kill(round);
        story.check("5%");
    }
    let gone = story.gone();
    story.end();
    let (events, moments) = (story.made.len(), story.moments);
    println!(
        "{kills} kills in {:.0?}: {events} events, {gone} retired before the last start; {moments:?}",
        begun.elapsed()
    );
}

#[test]
fn kills_lose_nothing_with_a_folder() {
    let world = World::new();
    let folder = world.outside("nas");
    let offsite =
        Offsite::configure(&world, &format!("file://{}", folder.display()), "include = [\"movie\", \"frames\"]");
    kills_lose_nothing(&world, offsite, folder);
}

/// Where movies are sent in parts, and uploads go on after a kill.
#[test]
fn kills_lose_nothing_with_a_bucket() {
    let (world, server) = (World::new(), S3Server::s3s_fs());
    let offsite = Offsite::configure(&world, &server.url(), "include = [\"movie\", \"frames\"]");
    offsite.login();
    kills_lose_nothing(&world, offsite, server.objects());
}
