//! A catalog that is damaged at random, by a seeded generator: it is rebuilt, and what it says wrong takes no recording.

use std::fs;
use std::path::Path;

use owlery::{Archive, Keep, Options, Policy, Query};

use crate::world::{PATIENCE, World, days_ago, event_id, wait_until};

/// How a random damage is done. Every choice comes from one seeded stream, so a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// Values that SQLite accepts and that no event has.
const ABSURD: [&str; 9] = [
    "UPDATE days SET bytes = 9223372036854775807",
    "UPDATE days SET events = 9223372036854775807, saved = -5",
    "UPDATE days SET day = day - 20000 WHERE day = (SELECT max(day) FROM days)",
    "UPDATE events SET start = 9223372036854775807, length = 9223372036854775807",
    "UPDATE events SET state = 77, video = 99, thumbnail = -9223372036854775808",
    "UPDATE events SET saved = 0, state = 1",
    "UPDATE cameras SET early = -1, late = 9223372036854775807",
    "UPDATE cameras SET name = 'no/camera' WHERE id = (SELECT max(id) FROM cameras)",
    "UPDATE events SET day = -9223372036854775808, name = -7 WHERE rowid IN (SELECT 1)",
];

/// Damages the catalog in a state directory in one of many ways; returns which.
fn damage(state: &Path, dice: &mut Dice) -> String {
    let path = state.join("catalog.db");
    let mut bytes = fs::read(&path).unwrap();
    let page = |at: usize| at * 4096..(at + 1) * 4096;
    let pages = bytes.len() / 4096;
    let what = match dice.below(12) {
        0..=4 => {
            let flips: Vec<(usize, u8)> =
                (0..=dice.below(3)).map(|_| (dice.below(bytes.len()), 1 << dice.below(8))).collect();
            for (at, bit) in &flips {
                bytes[*at] ^= bit;
            }
            format!("flips {flips:?}")
        }
        5 => {
            bytes.truncate(dice.below(bytes.len()));
            format!("cut to {}", bytes.len())
        }
        6 => {
            let at = dice.below(pages);
            bytes[page(at)].fill(0);
            format!("page {at} zeroed")
        }
        7 => {
            let (a, b) = (dice.below(pages), dice.below(pages));
            let (one, other) = (bytes[page(a)].to_vec(), bytes[page(b)].to_vec());
            bytes[page(a)].copy_from_slice(&other);
            bytes[page(b)].copy_from_slice(&one);
            format!("pages {a} and {b} swapped")
        }
        8 => {
            let garbage: Vec<u8> = (0..dice.below(9000)).map(|_| dice.next().to_le_bytes()[0]).collect();
            let name = ["catalog.db-wal", "catalog.db-shm"][dice.below(2)];
            fs::write(state.join(name), garbage).unwrap();
            format!("garbage in {name}")
        }
        9 => {
            let name = ["catalog.db", "catalog.db-wal", "catalog.db-shm"][dice.below(3)];
            let _ = fs::remove_file(state.join(name));
            fs::create_dir_all(state.join(name).join("in it")).unwrap();
            return format!("a directory as {name}");
        }
        10 => {
            let begin = dice.below(bytes.len());
            let end = (begin + 1 + dice.below(600)).min(bytes.len());
            bytes[begin..end].iter_mut().for_each(|byte| *byte = dice.next().to_le_bytes()[0]);
            format!("garbage in {begin}..{end}")
        }
        _ => {
            let sql = ABSURD[dice.below(ABSURD.len())];
            let _ = rusqlite::Connection::open(&path).unwrap().execute_batch(sql);
            return sql.to_owned();
        }
    };
    fs::write(&path, bytes).unwrap();
    what
}

/// 30 damages, or as many as `OWLERY_CASES` says, from a fixed seed or that in `OWLERY_SEED`. Whatever is wrong with the
/// catalog: the service starts, shows every event, and a pass by age takes the one day that is due and nothing else.
#[test]
fn random_damage_ends_nothing_and_takes_nothing() {
    let number = |name, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (cases, mut dice) = (number("OWLERY_CASES", 30), Dice(number("OWLERY_SEED", 0x5eed_0013)));
    let world = World::empty();
    for camera in ["Camera1", "Camera2"] {
        for days in 2..6 {
            for hour in 0..6 {
                world.event(format!("{camera}/{}/{hour:02}-00-00", days_ago(days))).no_movie().old().make();
            }
        }
    }
    world.event(event_id("Camera1", 30, "10-00-00")).saved().no_movie().old().make();
    let due = event_id("Camera2", 40, "10-00-00");
    let options = |days: u32| {
        let policy = Policy { keep: Some(Keep::Days(days)), max_share: 1.0, ..Policy::default() };
        Options::new(&world.root).policy(policy)
    };
    // The state as a run leaves it, to begin each case with.
    Archive::open(options(1000)).unwrap().start().unwrap().wait_ready(PATIENCE);
    let sound = world.outside("sound");
    for name in ["catalog.db", "archive.json"] {
        fs::copy(world.path(".owlery").join(name), sound.join(name)).unwrap();
    }
    let kept: Vec<String> = world.tree();
    for case in 0..cases {
        let state = world.path(".owlery");
        for entry in fs::read_dir(&state).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("catalog.db") {
                let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
            }
        }
        fs::copy(sound.join("catalog.db"), state.join("catalog.db")).unwrap();
        world.event(&due).no_movie().old().make();
        let what = format!("case {case}: {}", damage(&state, &mut dice));
        let service = Archive::open(options(20))
            .and_then(|archive| archive.start())
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let all = || service.events(&Query::new().limit(1000)).map(|page| page.events.len());
        wait_until(&what, || service.wait_ready(PATIENCE) && matches!(all(), Ok(49 | 50)));
        wait_until(&format!("{what}: the due day goes"), || {
            let _ = service.expire(None);
            !world.has(&due)
        });
        assert!(service.failures().try_recv().is_err(), "{what}");
        service.shutdown().unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let mut left = world.tree();
        left.retain(|path| !path.starts_with("delete_queue"));
        assert_eq!(left.iter().filter(|path| path.matches('/').count() == 2).count(), 49, "{what}");
    }
    assert!(kept.iter().all(|path| world.has(path)), "something was taken that was not due");
}
