//! The story: what happens to the host, drawn from a seed. After every step the oracle compares.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use fastrand::Rng;

use super::clock::{DAY, HOUR, begin, date, seconds};
use super::host::Host;
use super::motion::{Motion, files_in};
use super::oracle::{Oracle, Place, day_of};
use super::rules;

/// How long Motion had run before Owlery was installed, in days.
const HISTORY: i64 = 8;
/// The steps at which a fault ends the daemon, as in `src/fault.rs`.
const FAULTS: [&str; 12] = [
    "retire-2",
    "retire-3",
    "retire-5",
    "retire-6",
    "retire-7",
    "retire-8",
    "reap-1",
    "reap-2",
    "reap-3",
    "restore-2",
    "restore-4",
    "recover-1",
];
/// A page of the catalog, of SQLite's usual size, that is of no kind: what reads it notices.
const PAGE: [u8; 4096] = [0xff; 4096];
/// The files that a state directory may hold, those of SQLite without their endings.
const STATE_FILES: [&str; 14] = [
    "archive.json",
    "audit.jsonl",
    "cache",
    "catalog.db",
    "clock.json",
    "control.sock",
    "held.json",
    "lock",
    "reserve",
    "restored.json",
    "stuck.json",
    "volumes.json",
    "waited.json",
    "catalog.db.aside",
];

pub struct Story {
    seed: u64,
    rng: Rng,
    days: i64,
    host: Host,
    motion: Motion,
    oracle: Oracle,
    fills: u32,
    catalogs: u32,
    jumped: bool,
    steps: u32,
    cleaned: u32,
}

impl Story {
    pub fn new(seed: u64, days: i64) -> Self {
        let host = Host::new(seed, begin());
        let (motion, oracle) = (Motion::new(host.root()), Oracle::new(host.root()));
        let rng = Rng::with_seed(seed);
        Self { seed, rng, days, host, motion, oracle, fills: 0, catalogs: 0, jumped: false, steps: 0, cleaned: 0 }
    }

    /// How much of the story is over, from 0 to 1.
    #[allow(clippy::cast_precision_loss)]
    fn progress(&self) -> f64 {
        (self.host.clock.planned() - begin()) as f64 / (self.days * DAY) as f64
    }

    /// In the middle of the story nothing ends the daemon: its memory is checked.
    fn is_calm(&self) -> bool {
        (0.4..0.6).contains(&self.progress())
    }

    pub fn run(mut self) {
        let mut at = begin() - HISTORY * DAY;
        while at < begin() {
            for camera in rules::CAMERAS {
                self.motion.record(&mut self.oracle, &mut self.rng, camera, at, at + 4 * HOUR);
            }
            at += 4 * HOUR;
            self.motion.stop(&mut self.oracle, at);
        }
        self.host.start(None);
        while self.progress() < 1.0 {
            self.step();
        }
        self.finish();
    }

    /// One step: time passes, Motion records, things happen, all is compared.
    fn step(&mut self) {
        self.steps += 1;
        let spans = [20, 5 * 60, 30 * 60, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR];
        let from = self.host.clock.planned();
        let to = from + self.rng.choice(spans).unwrap();
        self.go_to(from, to);
        self.disk_events();
        for _ in 0..self.rng.usize(0..3) {
            self.act();
        }
        if !self.host.is_full() && self.rng.u32(0..3) > 0 {
            self.host.pass();
        }
        self.host.revive();
        if self.host.is_full() {
            self.sync();
            self.host.wait_for_relief();
        }
        self.check();
        self.host.sample();
    }

    fn go_to(&mut self, from: i64, to: i64) {
        self.sync();
        self.motion.go_on(&mut self.oracle, to);
        self.host.clock.set(to);
        for camera in rules::CAMERAS {
            self.motion.record(&mut self.oracle, &mut self.rng, camera, from, to);
        }
    }

    /// The audit's entries so far are judged by what is known so far.
    fn sync(&mut self) {
        if let Err(why) = self.oracle.replay(&self.host.state_dir(), &self.host.clock) {
            self.fail(&[why]);
        }
    }

    /// The disk is full twice, and the clock is wrong once for two steps.
    fn disk_events(&mut self) {
        let progress = self.progress();
        let should = (0.25..0.33).contains(&progress) || (0.66..0.75).contains(&progress);
        if should {
            if !self.host.is_full() {
                self.fills += 1;
                self.oracle.begin_short();
            }
            self.host.fill();
        } else if !should && self.host.is_full() {
            self.host.unfill();
            self.oracle.end_short();
        }
        if progress > 0.8 && !self.jumped {
            self.jumped = true;
            let right = self.host.clock.planned();
            for wrong in [right - 3 * HOUR, right, right + 5 * HOUR] {
                self.go_to(wrong, wrong + 60);
                self.host.pass();
                self.host.revive();
                self.check();
            }
            self.host.clock.set(right + 60);
        }
    }

    /// Something happens.
    fn act(&mut self) {
        match self.rng.u32(0..17) {
            0..=2 => self.save(),
            3 => self.unsave(),
            4 | 5 => self.delete(),
            6 | 7 => self.restore(),
            8 => self.clean(),
            9 => self.damage_sidecar(),
            _ if self.is_calm() => {}
            10 => {
                self.host.kill();
                self.restart();
            }
            11 => {
                self.host.kill_amid_pass();
                self.restart();
            }
            12 => {
                self.host.stop();
                self.restart();
            }
            13 => {
                self.host.stop();
                let flags = rules::flags();
                let flags: Vec<&str> =
                    flags.iter().map(String::as_str).filter(|flag| !flag.contains("listen")).collect();
                self.host.run("expire", &flags);
                self.restart();
            }
            14 => {
                self.host.stop();
                let fault = *self.rng.choice(&FAULTS).unwrap();
                self.host.start(Some(fault));
            }
            15 => {
                self.host.kill();
                self.damage_catalog();
                self.restart();
            }
            _ => self.damage_catalog_beside(),
        }
        self.sync();
    }

    fn restart(&mut self) {
        self.sync();
        self.host.start(None);
    }

    fn pick(&mut self, ids: Vec<String>) -> Option<String> {
        self.rng.choice(ids)
    }

    /// A person keeps an event: by the API, the command line, or a file.
    fn save(&mut self) {
        let Some(id) = self.pick(self.oracle.ids(|_, event| !event.saved)) else { return };
        match self.rng.u32(0..3) {
            0 => _ = self.host.request("PUT", &format!("/api/v1/events/{id}/saved")),
            1 => _ = self.host.run("save", &[&id]),
            _ => {
                let _ = fs::write(self.host.root().join(&id).join(".saved"), "");
                self.oracle.events.get_mut(&id).unwrap().saved_by_file = true;
            }
        }
        self.note_saved(&id);
    }

    fn unsave(&mut self) {
        let Some(id) = self.pick(self.oracle.ids(|_, event| event.saved)) else { return };
        let event = self.oracle.events.get_mut(&id).unwrap();
        (event.saved, event.saved_by_file) = (false, false);
        match self.rng.u32(0..2) {
            0 => _ = self.host.request("DELETE", &format!("/api/v1/events/{id}/saved")),
            _ => _ = self.host.run("unsave", &[&id]),
        }
        self.note_saved(&id);
    }

    /// What the disk says counts: a full one may have taken no file, and a daemon may have been killed.
    fn note_saved(&mut self, id: &str) {
        self.oracle.events.get_mut(id).unwrap().saved = self.host.root().join(id).join(".saved").exists();
    }

    fn delete(&mut self) {
        let Some(id) = self.pick(self.oracle.ids(|_, _| true)) else { return };
        self.oracle.delete_asked.insert(id.clone());
        match self.rng.u32(0..2) {
            0 => _ = self.host.request("DELETE", &format!("/api/v1/events/{id}")),
            _ => _ = self.host.run("delete", &[&id]),
        }
    }

    fn restore(&mut self) {
        let Some(pass) = self.pick(self.host.waiting()) else { return };
        self.oracle.restore_asked.insert(pass.clone());
        match self.rng.u32(0..2) {
            0 => _ = self.host.request("POST", &format!("/api/v1/queue/{pass}/restore")),
            _ => _ = self.host.run("restore", &[&pass]),
        }
    }

    /// Another program takes files of a day: all but the directories, or the day as a whole.
    fn clean(&mut self) {
        let now = self.host.clock.now();
        let motion = &self.motion;
        let ids = self.oracle.ids(|id, _| day_of(id) < date(now - DAY) && !motion.writes(id));
        let Some(id) = self.pick(ids) else { return };
        let day = id.rsplit_once('/').unwrap().0.to_owned() + "/";
        let in_place = self.rng.bool();
        self.cleaned += 1;
        self.oracle.note_limited();
        for id in self.oracle.ids(|id, _| id.starts_with(&day)) {
            let dir = self.host.root().join(&id);
            let event = self.oracle.events.get_mut(&id).unwrap();
            event.cleaned = true;
            if in_place {
                for name in files_in(&dir).keys() {
                    let _ = fs::remove_file(dir.join(name));
                }
                event.files.clear();
            } else {
                let _ = fs::remove_dir_all(&dir);
                self.oracle.events.get_mut(&id).unwrap().place = Place::Gone;
            }
        }
        if !in_place {
            let _ = fs::remove_dir(self.host.root().join(day));
        }
    }

    fn damage_sidecar(&mut self) {
        let root = self.host.root().to_path_buf();
        let ids = self.oracle.ids(|id, _| root.join(id).join(".details.json").exists());
        let Some(id) = self.pick(ids) else { return };
        let damage: [&[u8]; 5] = [b"", b"{}", b"[]", b"{\"owlery\":{\"bytes\":1}}", b"\xff\xfe\0"];
        let _ = fs::write(root.join(&id).join(".details.json"), self.rng.choice(damage).unwrap());
    }

    /// Some pages of the catalog are overwritten beside a running daemon.
    fn damage_catalog_beside(&mut self) {
        let path = self.host.state_dir().join("catalog.db");
        let Ok(file) = File::options().write(true).open(path) else { return };
        self.catalogs += 1;
        let size = PAGE.len() as u64;
        let pages = file.metadata().unwrap().len() / size;
        for _ in 0..self.rng.u64(1..4) {
            let page = self.rng.u64(0..pages.max(1));
            let _ = file.write_all_at(&PAGE, page * size);
        }
    }

    fn damage_catalog(&mut self) {
        self.catalogs += 1;
        let catalog = self.host.state_dir().join("catalog.db");
        match self.rng.u32(0..3) {
            0 => {
                for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
                    let _ = fs::remove_file(self.host.state_dir().join(name));
                }
            }
            // It need not be there, nor room for it: it leaves a full disk.
            1 => _ = fs::write(catalog, "this is no database, and never was one"),
            _ => {
                if let Ok(file) = File::options().write(true).open(catalog) {
                    let half = file.metadata().unwrap().len() / 2;
                    file.set_len(half).unwrap();
                }
            }
        }
    }

    /// Compares the audit, the disk and the catalog with what must be, waiting for what is under way.
    fn check(&mut self) {
        let oracle = &mut self.oracle;
        let problems = self.host.settle("the disk is as it must be", |host| {
            host.revive();
            match oracle.replay(&host.state_dir(), &host.clock) {
                Err(why) => vec![why],
                Ok(()) => oracle.compare(&host.clock, host.is_full()),
            }
        });
        self.fail(&problems);
        if self.host.is_full() {
            return; // the catalog cannot be written
        }
        let oracle = &mut self.oracle;
        let problems = self.host.settle("the catalog is as it must be", |host| {
            host.revive();
            if let Err(why) = oracle.replay(&host.state_dir(), &host.clock) {
                return vec![why];
            }
            let is_clock_held = host.is_clock_held();
            let Some(listed) = host.listed() else { return vec!["no list".to_owned()] };
            oracle.compare_list(&listed, is_clock_held)
        });
        self.fail(&problems);
    }

    /// Ends the story with what is wrong, if there is anything.
    fn fail(&self, problems: &[String]) {
        assert!(
            problems.is_empty(),
            "seed {}, step {}, {} ({:.0} %): {:#?}\nthe daemon's log:\n{}",
            self.seed,
            self.steps,
            super::clock::local(self.host.clock.planned()),
            self.progress() * 100.0,
            &problems[..problems.len().min(8)],
            self.host.log().lines().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"),
        );
    }

    /// Motion ends, time goes on, and all that waits is removed.
    fn finish(mut self) {
        self.host.unfill();
        self.oracle.end_short();
        let at = self.host.clock.planned();
        self.motion.stop(&mut self.oracle, at);
        // At last so often on one day that the rules take nothing more, and what they took before is due.
        let at = self.host.clock.planned();
        let morning = seconds(&format!("{}T01:00:00Z", date(at + 4 * DAY)));
        let later = (0..9).map(|round| morning + round * 7 * HOUR);
        for at in [at + DAY, at + 2 * DAY, at + 3 * DAY].into_iter().chain(later) {
            self.host.stop();
            self.sync();
            self.host.clock.set(at - 60);
            self.restart();
            self.host.clock.set(at);
            self.host.pass();
            self.check();
            if at >= morning + 7 * HOUR && self.host.waiting().is_empty() {
                break;
            }
        }
        let host = &mut self.host;
        let problems = host.settle("the queue is empty", |host| {
            let queues = [host.root().join("delete_queue"), host.root().join(rules::APART).join("delete_queue")];
            let left = queues.iter().flat_map(|queue| fs::read_dir(queue).into_iter().flatten().flatten());
            left.map(|entry| format!("{} waits", entry.path().display())).collect()
        });
        self.fail(&problems);
        self.check();
        let mut problems: Vec<String> = self
            .motion
            .strays
            .iter()
            .filter(|stray| !stray.exists())
            .map(|stray| format!("{} is gone", stray.display()))
            .collect();
        self.host.stop();
        let state = fs::read_dir(self.host.state_dir()).unwrap().flatten();
        let unknown = state.map(|entry| entry.file_name().into_string().unwrap());
        problems.extend(
            unknown
                .filter(|name| !STATE_FILES.contains(&name.trim_end_matches("-wal").trim_end_matches("-shm")))
                .map(|name| format!("{name} in the state directory")),
        );
        self.fail(&problems);
        self.report();
    }

    fn report(&self) {
        let (counts, host) = (&self.oracle.counts, &self.host);
        println!(
            "seed {}: {} days in {} steps; {} events made, {} retired by {} passes, {} deleted, {} restored, {} refusals; \
             {} starts, {} kills, {} catalogs damaged, {} days cleaned, disk full {} times",
            self.seed,
            self.days,
            self.steps,
            self.oracle.events.len(),
            counts.retired,
            counts.passes,
            counts.deleted,
            counts.restored,
            counts.refused,
            host.starts,
            host.kills,
            self.catalogs,
            self.cleaned,
            self.fills
        );
        for (first, last) in &host.lives {
            println!(
                "a long life: {} to {} KiB, {} to {} descriptors",
                first.rss_kib, last.rss_kib, first.descriptors, last.descriptors
            );
        }
    }
}
