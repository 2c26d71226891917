//! A world to test in: a temporary archive of real files, the real program, a real daemon on a free port.
#![allow(dead_code)] // which parts are used depends on the features

mod response;

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use chrono::{Days, Local, NaiveDate};
use serde_json::Value;

pub use response::Response;

/// How long anything may take before a test gives up. These machines are slow at times.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A rule of age that holds no pass for its size.
pub const KEEP_45_DAYS: [&str; 4] = ["--keep-days", "45", "--max-share", "1"];

/// More than the 3 s in which a daemon is promised to stop.
pub const LONGEST_STOP: Duration = Duration::from_secs(6);

/// Waits until `check` returns a value; panics with `what` if it never does.
#[allow(clippy::disallowed_methods)] // the one place in the tests that sleeps, between two looks at a condition
pub fn wait_for<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until `check` is true.
pub fn wait_until(what: &str, mut check: impl FnMut() -> bool) {
    wait_for(what, || check().then_some(()));
}

/// A number from the environment, or this one.
pub fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Today on the wall, as the program sees it.
#[allow(clippy::disallowed_methods)]
pub fn today() -> NaiveDate {
    Local::now().date_naive()
}

/// The name of the day so many days ago.
pub fn days_ago(days: u64) -> String {
    (today() - Days::new(days)).to_string()
}

/// The id of an event of the day so many days ago: `Camera1/2026-11-20/10-04-36`.
pub fn event_id(camera: impl Display, days: u64, name: impl Display) -> String {
    format!("{camera}/{}/{name}", days_ago(days))
}

/// An mp4 with all necessary boxes.
pub fn whole_mp4() -> Vec<u8> {
    let mut bytes = unfinished_mp4();
    bytes.extend(mp4_box(b"moov", 200));
    bytes
}

/// An mp4 as Motion leaves it when it is killed: no moov box.
pub fn unfinished_mp4() -> Vec<u8> {
    [mp4_box(b"ftyp", 24), mp4_box(b"mdat", 500)].concat()
}

fn mp4_box(kind: &[u8; 4], body: usize) -> Vec<u8> {
    let mut bytes = u32::try_from(8 + body).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(kind);
    bytes.resize(8 + body, 0);
    bytes
}

/// A temporary folder with an archive in it.
pub struct World {
    folder: tempfile::TempDir,
    pub root: PathBuf,
}

impl World {
    /// An empty archive: a root with no camera yet.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("owlery-it-").tempdir().unwrap();
        let root = folder.path().join("motion");
        fs::create_dir(&root).unwrap();
        Self { folder, root }
    }

    /// An archive with an empty `Camera1`.
    pub fn new() -> Self {
        let world = Self::empty();
        fs::create_dir(world.root.join("Camera1")).unwrap();
        world
    }

    /// A part of the real sample of Motion's output: `direct`, `failures/midnight-direct`, …
    pub fn sample(part: &str) -> Self {
        Self::unpacked("motion-4.5.1-sample", part)
    }

    /// An archive that is `part` of the archive `fixtures/NAME.tar.gz`, with the files' own times.
    pub fn unpacked(name: &str, part: &str) -> Self {
        let world = Self::empty();
        fs::remove_dir(&world.root).unwrap();
        let unpacked = world.outside("sample");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let sample = File::open(fixtures.join(format!("{name}.tar.gz"))).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(sample));
        let mut dirs = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            entry.unpack_in(&unpacked).unwrap();
            if entry.header().entry_type().is_dir() {
                let written = SystemTime::UNIX_EPOCH + Duration::from_secs(entry.header().mtime().unwrap());
                dirs.push((unpacked.join(entry.path().unwrap()), written));
            }
        }
        // The directories' own times, once nothing is put into them any more: an event just touched would be open.
        for (dir, written) in dirs {
            File::open(dir).unwrap().set_modified(written).unwrap();
        }
        fs::rename(unpacked.join(part), &world.root).unwrap();
        world
    }

    /// A folder beside the archive, outside of it.
    pub fn outside(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// A path below the root.
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.root.join(below)
    }

    /// Whether there is anything at this path below the root.
    pub fn has(&self, below: impl AsRef<Path>) -> bool {
        self.path(below).symlink_metadata().is_ok()
    }

    /// Begins to make an event: `Camera1/2026-11-20/10-04-36`.
    pub fn event(&self, id: impl Into<String>) -> EventMaker<'_> {
        EventMaker {
            world: self,
            id: id.into(),
            frames: 3,
            movie: Some(whole_mp4()),
            name: "video.mp4",
            age: None,
            files: Vec::new(),
        }
    }

    /// Makes an event of the day so many days ago that is long over, with frames and a movie; returns its path.
    pub fn old_event(&self, camera: impl Display, days: u64, name: impl Display) -> PathBuf {
        self.event(event_id(camera, days, name)).old().make()
    }

    /// Makes every file and directory below the root an hour older than now.
    #[allow(clippy::disallowed_methods)]
    pub fn make_old(&self) {
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        for path in self.tree() {
            let path = self.path(path);
            if path.is_dir() || path.is_file() {
                File::open(path).unwrap().set_modified(hour_ago).unwrap();
            }
        }
    }

    /// Every path below the root, sorted, but for Owlery's own state.
    pub fn tree(&self) -> Vec<String> {
        let mut all: Vec<String> = walkdir::WalkDir::new(&self.root)
            .min_depth(1)
            .into_iter()
            .filter_entry(|entry| entry.file_name() != ".owlery")
            .flatten()
            .map(|entry| entry.path().strip_prefix(&self.root).unwrap().to_string_lossy().into_owned())
            .collect();
        all.sort();
        all
    }

    /// The directories that wait in the root's delete queue.
    pub fn queued(&self) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.path("delete_queue"));
        listed.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }

    /// The program with a command, the root, and flags: `owlery COMMAND ROOT FLAGS…`.
    pub fn command<S: AsRef<OsStr>>(&self, command: &str, flags: impl IntoIterator<Item = S>) -> Command {
        let mut program = program();
        program.arg(command).arg(&self.root).args(flags);
        program
    }

    /// Runs the program to its end.
    pub fn run(&self, command: &str, flags: &[&str]) -> Ran {
        Ran::of(self.command(command, flags))
    }

    /// The events of `owlery list`, by id.
    pub fn list(&self) -> Vec<Value> {
        let ran = self.run("list", &["--json", "--limit", "10000"]);
        assert!(ran.code == 0 || ran.code == 1, "{ran:?}");
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["events"].as_array().unwrap().clone()
    }

    /// One event of `owlery list`.
    pub fn listed(&self, id: &str) -> Value {
        let all = self.list();
        all.iter().find(|event| event["id"] == id).unwrap_or_else(|| panic!("{id} is not among {all:?}")).clone()
    }

    /// Starts `owlery serve` on a free port and waits until it is ready.
    pub fn serve(&self, flags: &[&str]) -> Daemon {
        let daemon = Daemon::start(self.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(flags)));
        daemon.wait_until_ready();
        daemon
    }

    /// Starts `owlery serve` so that it takes `delay` to open each file or directory, as on a slow disk, and does not wait
    /// until it is ready. The program is a child of `strace`: end it by [`World::daemon_pid`].
    pub fn serve_slowly(&self, delay: Duration, flags: &[&str]) -> Daemon {
        let inject = format!("inject=openat:delay_enter={}", delay.as_micros());
        // Programs that the daemon runs would be slow too, and strace would wait for them after the daemon is killed.
        let no_programs = ["env", "PATH=/nonexistent"];
        let strace = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=openat", "-e", &inject];
        let strace = [&strace[..], &no_programs].concat();
        let serve = self.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(flags));
        Daemon::start(run_by(&strace, &serve))
    }

    /// The process id of the daemon of this archive, from its lock file.
    pub fn daemon_pid(&self) -> String {
        let lock = || serde_json::from_slice(&fs::read(self.path(".owlery/lock")).ok()?).ok();
        let lock: serde_json::Value = wait_for("the lock file names the daemon", lock);
        lock["pid"].to_string()
    }
}

/// The program, without the environment's settings.
pub fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_owlery"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OWLERY_")) {
        program.env_remove(name);
    }
    program
}

/// The same command run by another program: `strace …`, `setpriv …`, `unshare …`.
pub fn run_by(runner: &[&str], command: &Command) -> Command {
    let mut run = Command::new(runner[0]);
    run.args(&runner[1..]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => run.env(name, value),
            None => run.env_remove(name),
        };
    }
    run
}

/// The same command bound by file permissions, as an ordinary user is.
pub fn unprivileged(command: &Command) -> Command {
    run_by(&["setpriv", "--bounding-set", "-dac_override,-dac_read_search"], command)
}

/// A filesystem of its own (a tmpfs) at a folder; unmounted when dropped.
pub struct Disk(PathBuf);

impl Disk {
    pub fn mount(at: impl Into<PathBuf>, size: &str) -> Self {
        let at = at.into();
        fs::create_dir_all(&at).unwrap();
        let options = format!("size={size},mode=755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "owlery-it"]).arg(&at).status();
        assert!(mounted.unwrap().success(), "mounting needs root");
        Self(at)
    }

    /// Changes how it is mounted: `ro`, `rw`. A file that is open for writing keeps it from becoming `ro` for a while.
    pub fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        wait_until(&options, || {
            Command::new("mount").args(["-o", &options]).arg(&self.0).output().unwrap().status.success()
        });
    }

    /// Writes until not a byte more goes onto it; returns the file that takes the room, and that can be made to take more.
    pub fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::options().append(true).create(true).open(&path).unwrap();
        for size in [1 << 20, 4096, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
        path
    }

    /// How many bytes may still be written onto it.
    pub fn free(&self) -> u64 {
        let told = rustix::fs::statvfs(&self.0).unwrap();
        told.f_bavail * told.f_frsize
    }

    /// Shows a folder, or a file, at another place too.
    pub fn bind(what: &Path, at: impl Into<PathBuf>) -> Self {
        let at = at.into();
        if what.is_file() {
            fs::write(&at, "").unwrap();
        } else {
            fs::create_dir_all(&at).unwrap();
        }
        assert!(Command::new("mount").arg("--bind").args([what, &at]).status().unwrap().success());
        Self(at)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a test that failed may have left a process in it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A step of `doc/retention.md` at which the program waits until the test has done something.
pub struct Pause(PathBuf);

impl Pause {
    /// Makes `command` wait at the step, which is named as in `src/fault.rs`: `retire-4`.
    pub fn at(world: &World, step: &str, command: &mut Command) -> Self {
        let fifo = world.outside("pause").join(step);
        command.env("OWLERY_FAULT", format!("{step}@{}", fifo.display()));
        let pause = Self(fifo);
        pause.make();
        pause
    }

    fn make(&self) {
        assert!(Command::new("mkfifo").arg(&self.0).status().unwrap().success());
    }

    /// Waits until the program is there, does `work`, and lets the program go on, for good.
    pub fn meanwhile<T>(self, work: impl FnOnce() -> T) -> T {
        self.wait(false, work)
    }

    /// The same, but the program waits when it is there again.
    pub fn meanwhile_at_first<T>(&self, work: impl FnOnce() -> T) -> T {
        self.wait(true, work)
    }

    fn wait<T>(&self, is_again: bool, work: impl FnOnce() -> T) -> T {
        let mut gate = File::options();
        gate.write(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        // It can be opened for writing, without waiting, once a reader has it open.
        let gate = wait_for("the program is at the step", || gate.open(&self.0).ok());
        fs::remove_file(&self.0).unwrap();
        if is_again {
            self.make(); // another one: the program may still read the first when the next wait begins
        }
        let done = work();
        drop(gate);
        done
    }
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(mut command: Command) -> Self {
        Self::from(command.stdin(Stdio::null()).output().unwrap())
    }

    /// What was printed with `--json`.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Makes an event's directory. By default: three frames and a whole mp4.
pub struct EventMaker<'a> {
    world: &'a World,
    id: String,
    frames: u32,
    movie: Option<Vec<u8>>,
    name: &'static str,
    age: Option<Duration>,
    files: Vec<(String, Vec<u8>)>,
}

impl EventMaker<'_> {
    /// How many frames, one a second from the time in the directory's name.
    pub fn frames(mut self, frames: u32) -> Self {
        self.frames = frames;
        self
    }

    /// The movie's bytes.
    pub fn movie(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.name = name;
        self.movie = Some(bytes.into());
        self
    }

    pub fn no_movie(mut self) -> Self {
        self.movie = None;
        self
    }

    /// A person keeps it.
    pub fn saved(self) -> Self {
        self.file(".saved", "")
    }

    /// Another file.
    pub fn file(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), bytes.into()));
        self
    }

    /// How long ago everything in it was written; else just now.
    pub fn age(mut self, age: Duration) -> Self {
        self.age = Some(age);
        self
    }

    /// An hour old: long over.
    pub fn old(self) -> Self {
        self.age(Duration::from_secs(3600))
    }

    /// Makes it; returns its path.
    #[allow(clippy::disallowed_methods)]
    pub fn make(self) -> PathBuf {
        let dir = self.world.path(&self.id);
        fs::create_dir_all(&dir).unwrap();
        let name = self.id.rsplit('/').next().unwrap();
        let parts: Vec<u32> = name.split('-').map(|part| part.parse().unwrap()).collect();
        let start = if let [h, m, s] = parts[..] { h * 3600 + m * 60 + s } else { 0 };
        let mut files = self.files;
        for frame in 0..self.frames {
            let at = (start + frame) % 86_400;
            let name = format!("{:02}-{:02}-{:02}-00.jpg", at / 3600, at / 60 % 60, at % 60);
            files.push((name, b"\xff\xd8\xff\xe0 not really a picture".to_vec()));
        }
        files.extend(self.movie.map(|bytes| (self.name.to_owned(), bytes)));
        let written = SystemTime::now() - self.age.unwrap_or_default();
        for (name, bytes) in files {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = File::create(&path).unwrap();
            file.write_all(&bytes).unwrap();
            if self.age.is_some() {
                file.set_modified(written).unwrap();
            }
        }
        if self.age.is_some() {
            File::open(&dir).unwrap().set_modified(written).unwrap();
        }
        dir
    }
}

/// One request on a connection of its own. The path is sent as it is.
pub fn request(address: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    exchange(address, (method, path), headers, b"")
}

fn exchange(address: &str, (method, path): (&str, &str), headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Response::parse(&bytes)
}

/// Lets a daemon take long to stop in order, as it may on a loaded machine with a slow disk, unless its test sets the limit. What
/// it does at the lowest priority gets its share beside the tests.
fn suit_to_load(command: &mut Command) {
    let of_test = command.get_envs().find(|(name, _)| *name == "OWLERY_LIMITS").and_then(|(_, limits)| limits);
    let of_test = of_test.map_or("", |limits| limits.to_str().unwrap()).to_owned();
    command.env("OWLERY_LIMITS", format!("{of_test},stop=60s,nice=0")); // the first one of a name counts
}

/// A running daemon; ended when dropped, by its own process id.
pub struct Daemon {
    pub child: Child,
    pub address: String,
    log: std::sync::Arc<std::sync::Mutex<String>>,
    /// Reads what it says on standard error, to the end.
    listener: Option<std::thread::JoinHandle<()>>,
}

impl Daemon {
    /// Starts a command that serves, and waits until it says where.
    pub fn start(command: Command) -> Self {
        Self::try_start(command).unwrap_or_else(|why| panic!("{why}"))
    }

    /// The same; says why where it ends instead.
    pub fn try_start(mut command: Command) -> Result<Self, String> {
        suit_to_load(&mut command);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let (stderr, kept) = (child.stderr.take().unwrap(), std::sync::Arc::clone(&log));
        let listener = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.trim().strip_prefix("listening on ").and_then(|url| Some(url.split_once("://")?.1.to_owned()));
        let Some(address) = address else {
            child.kill().unwrap();
            child.wait().unwrap();
            listener.join().unwrap();
            return Err(format!("it did not start: {line:?} {}", log.lock().unwrap()));
        };
        Ok(Self { child, address, log, listener: Some(listener) })
    }

    /// Waits until the archive is read and the first pass is over, which otherwise could come in the middle of a test. A test with users
    /// waits for that pass itself.
    pub fn wait_until_ready(&self) {
        wait_until("ready", || self.get("/readyz").status == 200);
        wait_until("the first pass is over", || {
            let retention = self.get("/api/v1/retention");
            matches!(retention.status, 401 | 403 | 404)
                || (retention.status == 200 && !retention.json()["next_check"].is_null())
        });
    }

    /// What it has said on standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has said this on standard error.
    pub fn wait_for_log(&self, text: &str) {
        wait_until(&format!("{text:?} in the log"), || self.log().contains(text));
    }

    pub fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[])
    }

    /// The same with a body of JSON.
    pub fn send(&self, method: &str, path: &str, json: &str) -> Response {
        let length = json.len().to_string();
        exchange(
            &self.address,
            (method, path),
            &[("Content-Type", "application/json"), ("Content-Length", &length)],
            json.as_bytes(),
        )
    }

    /// One request on a connection of its own. The path is sent as it is.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        request(&self.address, method, path, headers)
    }

    /// The events of the API, newest first.
    pub fn events(&self) -> Vec<Value> {
        self.get("/api/v1/events?limit=1000").json()["events"].as_array().unwrap().clone()
    }

    /// One event of the API, if it exists.
    pub fn event(&self, id: &str) -> Option<Value> {
        self.events().into_iter().find(|event| event["id"] == id)
    }

    /// Waits until an event is there and `check` is true of it.
    pub fn wait_for_event(&self, id: &str, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        wait_for(&format!("{id} {what}"), || self.event(id).filter(&check))
    }

    /// Sends a signal to this process and no other.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits for the end; returns the exit code (or minus the signal). After that the log is whole.
    pub fn wait(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let status = wait_for("the end of the daemon", || self.child.try_wait().unwrap());
        self.listener.take().into_iter().for_each(|listener| listener.join().unwrap());
        if !status.success() {
            eprintln!("a daemon ended with {status}: {}", self.log());
        }
        status.code().unwrap_or_else(|| -status.signal().unwrap())
    }

    /// Stops it as a service manager does.
    pub fn stop(mut self) -> i32 {
        self.signal("-TERM");
        self.wait()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
