//! The simulated host: the archive on disks of its own, the daemon on it (started, stopped, killed), and the commands that
//! are run beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use serde_json::Value;

use super::clock::{SimClock, seconds};
use super::rules;
use crate::world::{Daemon, Disk, Ran, Response, World, wait_until};

/// What a process takes, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub rss_kib: u64,
    pub descriptors: usize,
}

/// An event as the daemon lists it.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    pub saved: bool,
    /// `None`: not measured yet.
    pub bytes: Option<u64>,
}

pub struct Host {
    seed: u64,
    /// Fields are dropped in this order: first who uses the disks.
    daemon: Option<Daemon>,
    _apart: Disk,
    disk: Disk,
    pub world: World,
    pub clock: SimClock,
    filler: Option<PathBuf>,
    /// Whether the running daemon ends by a fault.
    is_armed: bool,
    /// Of the running daemon, one for each step.
    samples: Vec<Sample>,
    /// The first and the last sample of each process that lived for long.
    pub lives: Vec<(Sample, Sample)>,
    pub kills: u32,
    pub starts: u32,
}

/// What is not as it must be after this is a fault.
const SETTLED: Duration = Duration::from_secs(25);
/// A command or a request that takes longer than this hangs.
const LONGEST: Duration = Duration::from_secs(120);
/// Processes with fewer samples than this are not judged: memory grows at first.
const LONG_LIFE: usize = 14;
/// The samples that are passed over at the begin of a life.
const WARM: usize = 4;

impl Host {
    pub fn new(seed: u64, begin: i64) -> Self {
        let world = World::empty();
        let disk = Disk::mount(&world.root, "80M");
        let apart = Disk::mount(world.path(rules::APART), "16M");
        for camera in rules::CAMERAS {
            fs::create_dir_all(world.path(camera)).unwrap();
        }
        let clock = SimClock::new(&world.outside("clock"), begin);
        let (samples, lives) = (Vec::new(), Vec::new());
        let (filler, is_armed) = (None, false);
        let daemon = None;
        Self { seed, daemon, _apart: apart, disk, world, clock, filler, is_armed, samples, lives, kills: 0, starts: 0 }
    }

    pub fn root(&self) -> &Path {
        &self.world.root
    }

    pub fn state_dir(&self) -> PathBuf {
        self.world.path(".owlery")
    }

    /// The running daemon's log.
    pub fn log(&self) -> String {
        self.daemon.as_ref().map(Daemon::log).unwrap_or_default()
    }

    /// Takes all the space of the archive's disk.
    pub fn fill(&mut self) {
        self.filler = Some(self.disk.fill());
    }

    pub fn is_full(&self) -> bool {
        self.filler.is_some()
    }

    pub fn unfill(&mut self) {
        if let Some(filler) = self.filler.take() {
            fs::remove_file(filler).unwrap();
        }
    }

    /// Waits until the daemon has made room on a full disk, or says that it may not.
    pub fn wait_for_relief(&mut self) {
        let problems = self.settle("space, or an alert", |host| {
            host.revive();
            let ready = host.get("/readyz").map(|ready| ready.json()).unwrap_or_default();
            let has_alert = ready["alerts"].as_array().is_some_and(|alerts| !alerts.is_empty());
            let is_told = has_alert || ready["waiting"]["catalog"].is_string();
            let free = host.disk.free();
            let is_done = is_told || free >= rules::MIN_FREE;
            if is_done { Vec::new() } else { vec![format!("{free} bytes are free: {ready}")] }
        });
        assert!(problems.is_empty(), "{problems:?}; {}", self.log());
    }

    /// Starts the daemon, with a fault if one is named, and waits until it is ready. One that ends by its fault is started
    /// again without it.
    pub fn start(&mut self, fault: Option<&str>) {
        self.credit_waiting();
        let mut fault = fault;
        loop {
            let flags = rules::flags();
            let mut command = self.clock.faked(self.world.command("serve", &flags));
            if let Some(step) = fault {
                command.env("OWLERY_FAULT", step);
            }
            self.starts += 1;
            self.is_armed = fault.is_some();
            match Daemon::try_start(command) {
                Ok(daemon) => self.daemon = Some(daemon),
                Err(why) if fault.is_none() => panic!("the daemon does not start: {why}"),
                Err(_) => self.daemon = None,
            }
            if self.daemon.is_some() {
                self.wait_until_ready();
            }
            if !self.is_dead() {
                return;
            }
            assert!(fault.is_some(), "the daemon ended: {}", self.log());
            self.kills += 1;
            self.bury();
            fault = None;
        }
    }

    /// Waits until the daemon is ready, or was ended by its fault. On a full disk it need not become ready.
    pub fn wait_until_ready(&mut self) {
        let is_full = self.is_full();
        wait_until("the daemon is ready, or was ended by its fault", || {
            self.is_dead() || self.get("/readyz").is_some_and(|ready| is_full || ready.status == 200)
        });
    }

    /// Whether no daemon runs; one with a fault ends by itself.
    pub fn is_dead(&mut self) -> bool {
        self.daemon.as_mut().is_none_or(|daemon| daemon.child.try_wait().unwrap().is_some())
    }

    /// Starts another daemon where a fault has ended it.
    pub fn revive(&mut self) {
        if self.is_dead() {
            assert!(self.is_armed, "seed {}: the daemon ended by itself: {}", self.seed, self.log());
            self.kills += 1;
            self.bury();
            self.start(None);
        }
    }

    /// Ends the daemon on the spot.
    pub fn kill(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            daemon.child.kill().unwrap();
            self.kills += 1;
        }
        self.bury();
    }

    /// Ends the daemon on the spot while it makes a pass: at the first sign of one, if there is one to make.
    pub fn kill_amid_pass(&mut self) {
        let queue = self.world.path("delete_queue");
        let is_retiring = || {
            let passes = fs::read_dir(&queue).into_iter().flatten().flatten();
            passes.into_iter().any(|pass| pass.path().join("retiring.json").exists())
        };
        let mut pass = self.spawn("expire", &["--json"]);
        wait_until("a pass", || is_retiring() || pass.try_wait().unwrap().is_some());
        self.kill();
        wait_until("the end of the command", || pass.try_wait().unwrap().is_some());
    }

    /// Stops the daemon as a service manager does.
    pub fn stop(&mut self) {
        if self.is_dead() {
            return self.bury();
        }
        let daemon = self.daemon.as_mut().unwrap();
        daemon.signal("-TERM");
        let code = daemon.wait();
        assert!(code == 0 || self.is_armed, "a stop ended with {code}: {}", self.log());
        self.bury();
    }

    /// Judges what the daemon that ended took.
    fn bury(&mut self) {
        self.daemon = None;
        let samples = std::mem::take(&mut self.samples);
        if samples.len() < LONG_LIFE {
            return;
        }
        let rest = &samples[WARM..];
        let third = rest.len() / 3;
        let lowest = |part: &[Sample], of: fn(&Sample) -> u64| part.iter().map(of).min().unwrap();
        let compare = |what: &str, of: fn(&Sample) -> u64, slack: u64| {
            let (first, last) = (lowest(&rest[..third], of), lowest(&rest[rest.len() - third..], of));
            assert!(last <= first + first / 5 + slack, "{what} grew from {first} to {last}: {samples:?}");
        };
        compare("memory (KiB)", |sample| sample.rss_kib, 2048);
        compare("descriptors", |sample| sample.descriptors as u64, 3);
        self.lives.push((rest[0], rest[rest.len() - 1]));
    }

    /// Notes what the daemon takes now.
    pub fn sample(&mut self) {
        let Some(daemon) = &self.daemon else { return };
        let process = PathBuf::from(format!("/proc/{}", daemon.child.id()));
        let Ok(status) = fs::read_to_string(process.join("status")) else { return };
        let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmRSS:")) else { return };
        let rss_kib = line.trim().trim_end_matches(" kB").parse().unwrap();
        let descriptors = fs::read_dir(process.join("fd")).map_or(0, Iterator::count);
        self.samples.push(Sample { rss_kib, descriptors });
    }

    /// Has what waits in the queue have waited for the simulated time, which `CLOCK_BOOTTIME` knows nothing of.
    fn credit_waiting(&self) {
        let queues = [self.world.path("delete_queue"), self.world.path(rules::APART).join("delete_queue")];
        let passes = queues.iter().flat_map(|queue| fs::read_dir(queue).into_iter().flatten().flatten());
        let waited = passes.filter_map(|pass| {
            let name = pass.file_name().into_string().unwrap();
            let made = NaiveDateTime::parse_from_str(name.split('-').next()?, "%Y%m%dT%H%M%SZ").ok()?;
            Some((name, Value::from((self.clock.now() - made.and_utc().timestamp()).max(0))))
        });
        let read = |path: &str| fs::read_to_string(path).unwrap();
        let uptime: u64 = read("/proc/uptime").split('.').next().unwrap().parse().unwrap();
        let boot_id = read("/proc/sys/kernel/random/boot_id");
        let passes: serde_json::Map<String, Value> = waited.collect();
        let waited =
            serde_json::json!({ "owlery": 1, "boottime": uptime, "boot_id": boot_id.trim(), "passes": passes });
        let (path, beside) = (self.state_dir().join("waited.json"), self.state_dir().join("waited.json.new"));
        if fs::write(&beside, waited.to_string()).and_then(|()| fs::rename(&beside, path)).is_err() {
            let _ = fs::remove_file(beside); // no state yet, or the disk is full: they wait longer
        }
    }

    /// A request; nothing where the daemon ends meanwhile.
    pub fn request(&self, method: &str, path: &str) -> Option<Response> {
        let address = &self.daemon.as_ref()?.address;
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(LONGEST)).unwrap();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).ok()?;
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            let hangs = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            assert!(!hangs, "seed {}: {method} {path} has no answer after {LONGEST:?}: {}", self.seed, self.log());
            return None;
        }
        let is_whole = bytes.windows(4).any(|window| window == b"\r\n\r\n");
        is_whole.then(|| Response::parse(&bytes))
    }

    pub fn get(&self, path: &str) -> Option<Response> {
        self.request("GET", path)
    }

    /// What a route returns, if it returns JSON.
    pub fn json(&self, path: &str) -> Option<Value> {
        self.get(path).filter(|response| response.status == 200).and_then(|got| serde_json::from_slice(&got.body).ok())
    }

    /// Every event that the daemon lists, by its id.
    pub fn listed(&self) -> Option<BTreeMap<String, Listed>> {
        let (mut all, mut cursor) = (BTreeMap::new(), String::new());
        loop {
            let page = self.json(&format!("/api/v1/events?limit=1000{cursor}"))?;
            let events = page["events"].as_array()?;
            all.extend(events.iter().map(|event| {
                let listed = Listed { saved: event["saved"] == true, bytes: event["bytes"].as_u64() };
                (event["id"].as_str().unwrap().to_owned(), listed)
            }));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Some(all),
            }
        }
    }

    /// Whether the guard of the clock holds every pass.
    pub fn is_clock_held(&self) -> bool {
        let retention = self.json("/api/v1/retention").unwrap_or_default();
        let mut guards = retention["guards"].as_array().into_iter().flatten();
        guards.any(|guard| guard["name"] == "clock" && guard["ok"] == false)
    }

    /// The passes that can be restored now.
    pub fn waiting(&self) -> Vec<String> {
        let Some(queue) = self.json("/api/v1/queue") else { return Vec::new() };
        let passes = queue["passes"].as_array().unwrap().iter().filter(|pass| pass["reaping"] == false);
        let is_due = |pass: &&Value| pass["undo_until"].as_str().is_none_or(|until| seconds(until) <= self.clock.now());
        passes.filter(|pass| !is_due(pass)).map(|pass| pass["pass"].as_str().unwrap().to_owned()).collect()
    }

    /// The program, beside the daemon or alone; its rules are given only where no daemon has them.
    fn command(&self, command: &str, flags: &[&str]) -> Command {
        self.clock.faked(self.world.command(command, flags))
    }

    /// Runs the program to its end. One that hangs is killed, and fails the story.
    pub fn run(&self, command: &str, flags: &[&str]) -> Ran {
        let mut program = self.command(command, flags);
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = program.spawn().unwrap();
        let pid = child.id();
        let (ended, end) = mpsc::channel();
        thread::spawn(move || ended.send(child.wait_with_output()));
        let Ok(output) = end.recv_timeout(LONGEST) else {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
            panic!("seed {}: owlery {command} {flags:?} did not end in {LONGEST:?}: {}", self.seed, self.log());
        };
        Ran::from(output.unwrap())
    }

    fn spawn(&self, command: &str, flags: &[&str]) -> Child {
        let mut command = self.command(command, flags);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap()
    }

    /// A pass now. The simulated clock runs faster than the time since the boot, so it is held at times: then a person
    /// confirms it, and once more where the daemon has held another one meanwhile.
    pub fn pass(&mut self) {
        self.wait_until_ready();
        let mut ran = self.run("expire", &["--json"]);
        for _ in 0..20 {
            if ran.stderr.contains("is still reading the archive") {
                self.wait_until_ready(); // the catalog was just found to be damaged
                ran = self.run("expire", &["--json"]);
                continue;
            }
            let Ok(pass) = serde_json::from_str::<Value>(&ran.stdout) else {
                assert!(self.is_armed || self.is_full(), "expire: {ran:?}; {}", self.log());
                return;
            };
            ran = match pass["refused"]["guard"].as_str() {
                None => return,
                Some("clock") => self.run("expire", &["--json", "--confirm", pass["pass"].as_str().unwrap()]),
                Some("confirmation") => self.run("expire", &["--json"]),
                // A catalog that was set aside just before the pass knows no or not all cameras yet: nothing expires by it.
                Some("configuration") => {
                    self.wait_until_ready();
                    self.run("expire", &["--json"])
                }
                Some(_) => break,
            };
        }
        panic!("seed {}: the pass is refused: {ran:?}", self.seed);
    }

    /// Waits until `check` finds nothing wrong; returns what is wrong where that does not end.
    pub fn settle(&mut self, what: &str, mut check: impl FnMut(&mut Self) -> Vec<String>) -> Vec<String> {
        let begun = Instant::now();
        let mut last = Vec::new();
        wait_until(what, || {
            last = check(self);
            last.is_empty() || begun.elapsed() > SETTLED
        });
        last
    }
}
