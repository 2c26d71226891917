//! Real servers that speak S3, over a socket: `s3s-fs`, which keeps the objects of a bucket as files, and a node of Garage. Each is a
//! process with one bucket, and ends with its value. If the test is killed, the server ends with the thread that has started it. The
//! tests of the program use this file too.

#![allow(dead_code)] // each of the two programs of tests uses a part of it

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A key and its secret, in the form that Garage demands.
pub(crate) const OWNER: [&str; 2] =
    ["GK00112233445566778899aabb", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"];

/// The region of `s3s-fs`, which does not look at it, and that of Garage.
const ANY_REGION: &str = "us-east-1";
pub(crate) const GARAGE_REGION: &str = "garage";

/// How long a server may take to start on a machine under load, and how often it is looked at meanwhile.
const START: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);

/// How many servers may fail to start: a port may be taken between its choice and its use.
pub(crate) const STARTS: usize = 10;

/// What the log of `s3s-fs` says, before its port.
const S3S_FS_LISTENS: &str = "server is running at http://127.0.0.1:";

/// A process of a server, with a log.
pub(crate) struct Process {
    child: Mutex<Child>,
    log: PathBuf,
}

impl Process {
    /// Starts a program that is installed by `scripts/test`. What it says is appended to the file `log` of the folder.
    pub(crate) fn start(program: &str, args: &[&str], envs: &[(&str, &str)], folder: &Path) -> Self {
        let path = std::env::var_os("PATH").unwrap();
        let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
        assert!(is_there, "{program} is not in PATH; `scripts/test` installs it");
        let log = folder.join("log");
        let file = File::options().append(true).create(true).open(&log).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", program]).args(args).envs(envs.iter().copied());
        command.env("RUST_LOG", "s3s_fs=info,garage=info").stdin(Stdio::null());
        let child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Self { child: Mutex::new(child), log }
    }

    pub(crate) fn says(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Whether it has ended by itself, or failed: without a port of its own, Garage goes on.
    pub(crate) fn has_failed(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some() || self.says().contains("server exited with error")
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        // A thread that has the processor may still respond.
        while signal == "STOP" && !is_stopped(&id) {
            pause();
        }
    }

    /// Ends it at once.
    pub(crate) fn end(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether all threads of a process are stopped.
fn is_stopped(process: &str) -> bool {
    let is_stopped = |thread: fs::DirEntry| {
        let stat = fs::read_to_string(thread.path().join("stat"));
        stat.is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, state)| state.trim_start().starts_with('T')))
    };
    fs::read_dir(format!("/proc/{process}/task")).unwrap().all(|thread| thread.is_ok_and(is_stopped))
}

#[allow(clippy::disallowed_methods)] // between two looks at a condition
fn pause() {
    std::thread::sleep(POLL);
}

/// A running server.
pub(crate) struct S3Server {
    process: Process,
    /// What it keeps.
    folder: TempDir,
    /// Known to no other server.
    pub(crate) bucket: String,
    pub(crate) region: &'static str,
    pub(crate) port: u16,
}

impl S3Server {
    /// A running `s3s-fs`.
    pub(crate) fn s3s_fs() -> Self {
        Self::started(|folder, bucket| {
            fs::create_dir(folder.path().join(&bucket)).unwrap();
            let options = ["--host", "127.0.0.1", "--port", "0", "--access-key", OWNER[0], "--secret-key", OWNER[1]];
            let args = [&options[..], &[folder.path().to_str().unwrap()]].concat();
            let process = Process::start("s3s-fs", &args, &[], folder.path());
            Self { process, folder, bucket, region: ANY_REGION, port: 0 }
        })
    }

    /// A running node of Garage.
    pub(crate) fn garage() -> Self {
        Self::started(|folder, bucket| {
            let [rpc, port] = free_ports();
            let config = folder.path().join("garage.toml");
            fs::write(&config, garage_config(folder.path(), 1, rpc, port)).unwrap();
            let args = ["-c", config.to_str().unwrap(), "server", "--single-node", "--default-bucket"];
            let envs = [
                ("GARAGE_DEFAULT_BUCKET", bucket.as_str()),
                ("GARAGE_DEFAULT_ACCESS_KEY", OWNER[0]),
                ("GARAGE_DEFAULT_SECRET_KEY", OWNER[1]),
            ];
            let process = Process::start("garage", &args, &envs, folder.path());
            Self { process, folder, bucket, region: GARAGE_REGION, port }
        })
    }

    /// A server that listens.
    fn started(start: impl Fn(TempDir, String) -> Self) -> Self {
        let deadline = Instant::now() + START;
        let mut log = String::new();
        for _ in 0..STARTS {
            let mut server = start(tempfile::tempdir().unwrap(), format!("owlery-{:016x}", fastrand::u64(..)));
            if server.listens(deadline) {
                return server;
            }
            log = server.process.says();
        }
        panic!("no server has started; the last one says: {log}");
    }

    /// Waits until the server says that it listens: it is no other one that has its port. False if it has failed to start.
    fn listens(&mut self, deadline: Instant) -> bool {
        loop {
            if self.process.has_failed() {
                return false;
            }
            let log = self.process.says();
            if self.port == 0 {
                self.port = port_of_s3s_fs(&log).unwrap_or(0);
            }
            let of_s3s_fs = format!("{S3S_FS_LISTENS}{}", self.port);
            let of_garage = format!("S3 API server listening on http://127.0.0.1:{}", self.port);
            if self.port > 0 && (log.contains(&of_s3s_fs) || log.contains(&of_garage)) {
                return true;
            }
            assert!(Instant::now() < deadline, "the server does not listen: {log}");
            pause();
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The URL of the bucket's prefix `owl`.
    pub(crate) fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The same through a proxy at this port.
    pub(crate) fn url_at(&self, port: u16) -> String {
        url(&self.bucket, port, self.region)
    }

    /// The folder with the objects of the prefix `owl` of an `s3s-fs`.
    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.path().join(&self.bucket).join("owl")
    }

    /// Adds a key that may read, and not write, to a node of Garage.
    pub(crate) fn add_reader(&self, [key, secret]: [&str; 2]) {
        let config = self.folder.path().join("garage.toml");
        let run = |args: &[&str]| {
            let ran = Command::new("garage").arg("-c").arg(&config).args(args).stdin(Stdio::null()).output().unwrap();
            assert!(ran.status.success(), "{args:?}: {ran:?}");
        };
        run(&["key", "import", "--yes", key, secret]);
        run(&["bucket", "allow", "--read", "--key", key, &self.bucket]);
    }

    pub(crate) fn log(&self) -> String {
        self.process.says()
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&self, signal: &str) {
        self.process.signal(signal);
    }

    /// Ends the server.
    pub(crate) fn end(&self) {
        self.process.end();
    }
}

/// The URL of a store in a bucket of the server at this port.
pub(crate) fn url(bucket: &str, port: u16, region: &str) -> String {
    format!("s3://{bucket}/owl?endpoint=http://127.0.0.1:{port}&region={region}")
}

/// The port that `s3s-fs` says in a line of its log.
fn port_of_s3s_fs(log: &str) -> Option<u16> {
    let (line, _) = log.split_once(S3S_FS_LISTENS)?.1.split_once('\n')?;
    line.trim().parse().ok()
}

/// The configuration of a node of Garage in this folder, of which each object is on so many nodes.
pub(crate) fn garage_config(folder: &Path, replicas: u32, rpc: u16, port: u16) -> String {
    let (folder, secret) = (folder.display(), OWNER[1]);
    format!(
        r#"metadata_dir = "{folder}/meta"
data_dir = "{folder}/data"
db_engine = "sqlite"
replication_factor = {replicas}
rpc_bind_addr = "127.0.0.1:{rpc}"
rpc_public_addr = "127.0.0.1:{rpc}"
rpc_secret = "{secret}"
[s3_api]
s3_region = "{GARAGE_REGION}"
api_bind_addr = "127.0.0.1:{port}"
"#
    )
}

/// Two ports that are free now.
pub(crate) fn free_ports() -> [u16; 2] {
    let both = [0; 2].map(|any| TcpListener::bind(("127.0.0.1", any)).unwrap());
    both.map(|listener| listener.local_addr().unwrap().port())
}
