//! `owlery recall` that is killed at random moments: no wrong and no partial event is ever visible, nothing that is there is overwritten, and
//! the next recall brings the rest, byte for byte. `OWLERY_CASES` says how often it is killed, `OWLERY_SEED` where the moments come from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::recall::{INCLUDE, assert_same, done, lose, recordings, world_of_many};
use crate::s3_server::S3Server;
use crate::servers::Offsite;
use crate::world::{Ran, World, event_id, number, wait_until};

/// How often a recall is killed, unless `OWLERY_CASES` says another number.
const KILLS: u64 = 10;

/// How many events the world has.
const EVENTS: usize = 7;

/// Files by their paths below the root.
type Files = BTreeMap<String, Vec<u8>>;

/// What the archive has when a recall begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// Nothing.
    Empty,
    /// All files of an event but two, one of which somebody has changed.
    Part,
}

/// An archive whose events a store has.
struct Story<'a> {
    world: &'a World,
    offsite: &'a Offsite<'a>,
    /// All of its files.
    all: Files,
    /// The event that may be there in part.
    part: String,
}

impl Story<'_> {
    /// Loses the archive, but for what it has in the beginning. Returns what it must have in the end.
    fn begin(&self, begin: Begin) -> Files {
        lose(self.world);
        let mut end = self.all.clone();
        if begin == Begin::Part {
            for (name, bytes) in self.all.iter().filter(|(name, _)| name.starts_with(&self.part)) {
                let path = self.world.path(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                if !name.ends_with("video.mp4") && !name.ends_with("11-00-01-00.jpg") {
                    fs::write(path, bytes).unwrap();
                }
            }
            // As long as the copy, which tells them apart for nobody who does not read them.
            let changed = format!("{}/notes.txt", self.part);
            fs::write(self.world.path(&changed), "mine").unwrap();
            end.insert(changed, b"mine".to_vec());
            self.world.make_old();
        }
        end
    }

    /// Runs a recall for so long at most; returns how long it took.
    fn recall_for(&self, most: Duration) -> Duration {
        let mut command = self.offsite.recall(&["--all"]);
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("the moment", || begun.elapsed() >= most || child.try_wait().unwrap().is_some());
        let took = begun.elapsed();
        let _ = child.kill();
        child.wait().unwrap();
        took
    }

    /// Looks at what is visible after a kill; returns how many events are there.
    fn check(&self, begin: Begin, end: &Files) -> usize {
        let found = recordings(&self.world.root);
        let event = |name: &str| name.split('/').take(3).collect::<Vec<_>>().join("/");
        for (name, bytes) in &found {
            assert!(end.get(name) == Some(bytes), "{name} has other bytes");
        }
        let events: BTreeSet<String> = found.keys().map(|name| event(name)).collect();
        for name in end.keys().filter(|name| events.contains(&event(name))) {
            let may_lack = begin == Begin::Part && name.starts_with(&self.part);
            assert!(may_lack || found.contains_key(name), "{name} is missing");
        }
        let listed = Ran::of(self.world.command("list", ["--json"]));
        assert!(matches!(listed.code, 0 | 4), "{listed:?}");
        events.len()
    }

    /// The next recall brings all that is missing, and leaves nothing else.
    fn end(&self, end: &Files) {
        let ran = Ran::of(self.offsite.recall(&["--all", "--json"]));
        let (brought, known, failed) = done(&ran);
        assert_eq!((ran.code, brought + known, failed), (0, EVENTS as u64, 0), "{ran:?}");
        assert_same(end, &recordings(&self.world.root), "after the last recall");
        let tree = self.world.tree();
        assert!(!tree.iter().any(|path| path.contains(".owlery-recall")), "{tree:?}");
    }
}

fn kills_leave_whole_events(world: &World, offsite: &Offsite<'_>) {
    let pushed = Ran::of(offsite.command("push", &[]));
    assert_eq!(pushed.code, 0, "{pushed:?}");
    let story = Story { world, offsite, all: recordings(&world.root), part: event_id("Camera1", 50, "11-00-00") };
    let (kills, mut rng) = (number("OWLERY_CASES", KILLS), fastrand::Rng::with_seed(number("OWLERY_SEED", 1)));
    let started = Instant::now();
    story.begin(Begin::Empty);
    let whole = story.recall_for(Duration::from_secs(60));
    let (mut partly, mut ended) = (0, 0);
    for nth in 0..kills {
        let begin = if nth % 2 == 0 { Begin::Empty } else { Begin::Part };
        let end = story.begin(begin);
        let most = whole.mul_f64(rng.f64() * 1.1);
        story.recall_for(most);
        let least = usize::from(begin == Begin::Part);
        let found = story.check(begin, &end);
        partly += usize::from((least + 1..EVENTS).contains(&found));
        ended += usize::from(found == EVENTS);
        story.end(&end);
    }
    println!("{kills} kills in {:.0?}: {partly} between two events, {ended} when all were there", started.elapsed());
    assert!(partly > 0, "no recall was killed between two events");
}

#[test]
fn kills_leave_whole_events_of_a_folder() {
    let world = world_of_many();
    let url = format!("file://{}", world.outside("nas").display());
    kills_leave_whole_events(&world, &Offsite::configure(&world, &url, INCLUDE));
}

#[test]
fn kills_leave_whole_events_of_a_bucket() {
    let (world, server) = (world_of_many(), S3Server::s3s_fs());
    let offsite = Offsite::configure(&world, &server.url(), INCLUDE);
    offsite.login();
    kills_leave_whole_events(&world, &offsite);
}
