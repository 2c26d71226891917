//! Real servers that speak S3, over a socket: `s3s-fs`, which keeps the objects of a bucket as files, and a node of Garage. Each is a
//! process with one bucket, and ends with its value. If the test is killed, the server ends with the thread that has started it.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use object_store::ObjectStore;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use owlery_store::{Credentials, Environment, StoreName, StoreOptions, Stores, Vault};
use tempfile::TempDir;

/// A key and its secret, in the form that Garage demands.
pub(crate) const OWNER: [&str; 2] =
    ["GK00112233445566778899aabb", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"];

/// How long a server may take to start on a machine under load, how often it is looked at meanwhile, and for how long one listing may
/// take.
const START: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);
const ASK: Duration = Duration::from_secs(10);

/// How many servers may fail to start: a port may be taken between its choice and its use.
const STARTS: usize = 10;

/// What the log of `s3s-fs` says, before its port.
const S3S_FS_LISTENS: &str = "server is running at http://127.0.0.1:";

/// A running server.
pub(crate) struct Server {
    child: Mutex<Child>,
    /// What it keeps, and its log.
    folder: TempDir,
    /// Known to no other server, so that one on the same port is not taken for this one.
    pub(crate) bucket: String,
    pub(crate) region: &'static str,
    /// What its log says when it listens.
    listens: String,
    /// `None` until the log says it.
    port: Option<u16>,
}

/// A running `s3s-fs`.
pub(crate) async fn s3s_fs() -> Server {
    let region = "us-east-1";
    let start = |folder: TempDir, bucket: String| {
        fs::create_dir(folder.path().join(&bucket)).unwrap();
        let mut command = command("s3s-fs", &folder);
        command.args(["--host", "127.0.0.1", "--port", "0", "--access-key", OWNER[0], "--secret-key", OWNER[1]]);
        command.arg(folder.path()).env("RUST_LOG", "s3s_fs=info");
        Server {
            child: Mutex::new(command.spawn().unwrap()),
            folder,
            bucket,
            region,
            listens: S3S_FS_LISTENS.into(),
            port: None,
        }
    };
    Server::started(start).await
}

/// A running node of Garage.
pub(crate) async fn garage() -> Server {
    let region = "garage";
    let start = |folder: TempDir, bucket: String| {
        let [rpc, port] = free_ports();
        fs::write(folder.path().join("garage.toml"), config_of_garage(&folder, region, rpc, port)).unwrap();
        let mut command = command("garage", &folder);
        command.args(["server", "--single-node", "--default-bucket"]).env("GARAGE_DEFAULT_BUCKET", &bucket);
        command.env("GARAGE_DEFAULT_ACCESS_KEY", OWNER[0]).env("GARAGE_DEFAULT_SECRET_KEY", OWNER[1]);
        // Where it cannot listen for this, it ends, and until then it serves S3.
        let listens = format!("Listening on 127.0.0.1:{rpc}\n");
        Server { child: Mutex::new(command.spawn().unwrap()), folder, bucket, region, listens, port: Some(port) }
    };
    Server::started(start).await
}

fn config_of_garage(folder: &TempDir, region: &str, rpc: u16, port: u16) -> String {
    let (folder, secret) = (folder.path().display(), OWNER[1]);
    format!(
        r#"metadata_dir = "{folder}/meta"
data_dir = "{folder}/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:{rpc}"
rpc_public_addr = "127.0.0.1:{rpc}"
rpc_secret = "{secret}"
[s3_api]
s3_region = "{region}"
api_bind_addr = "127.0.0.1:{port}"
"#
    )
}

/// Two ports that are free now.
fn free_ports() -> [u16; 2] {
    let both = [0; 2].map(|any| TcpListener::bind(("127.0.0.1", any)).unwrap());
    both.map(|listener| listener.local_addr().unwrap().port())
}

/// A command of a server, with a log in its folder.
fn command(program: &str, folder: &TempDir) -> Command {
    let path = std::env::var_os("PATH").unwrap();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(is_there, "{program} is not in PATH; `scripts/test` installs it");
    let log = File::options().append(true).create(true).open(log_in(folder)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]).stdin(Stdio::null());
    command.stdout(log.try_clone().unwrap()).stderr(log);
    command.env("GARAGE_CONFIG_FILE", folder.path().join("garage.toml"));
    command
}

fn log_in(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("log")
}

impl Server {
    /// A server that has responded.
    async fn started(start: impl Fn(TempDir, String) -> Self) -> Self {
        let deadline = Instant::now() + START;
        let mut log = String::new();
        for _ in 0..STARTS {
            let mut server = start(tempfile::tempdir().unwrap(), format!("owlery-{:016x}", fastrand::u64(..)));
            if server.is_ready(deadline).await {
                return server;
            }
            log = server.log();
        }
        panic!("no server has started; the last one says: {log}");
    }

    /// Waits until the server lists its bucket; false if it has failed to start.
    async fn is_ready(&mut self, deadline: Instant) -> bool {
        loop {
            let log = self.log();
            // Without its port, Garage goes on.
            if self.child.get_mut().unwrap().try_wait().unwrap().is_some() || log.contains("server exited with error") {
                return false;
            }
            self.port = self.port.or_else(|| port_of_s3s_fs(&log));
            if self.port.is_some() && log.contains(&self.listens) {
                let objects = self.objects();
                // A stranger on its port may never respond.
                let listing = tokio::time::timeout(ASK, objects.list_with_delimiter(None)).await;
                if matches!(listing, Ok(Ok(_))) {
                    return true;
                }
            }
            assert!(Instant::now() < deadline, "the server does not respond: {log}");
            tokio::time::sleep(POLL).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(log_in(&self.folder)).unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap()
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The objects of the bucket, without Owlery.
    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        self.s3()
    }

    /// The bucket as the engine opens it.
    pub(crate) fn s3(&self) -> Arc<AmazonS3> {
        // `object_store` needs one; an error means that there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = AmazonS3Builder::new().with_endpoint(self.endpoint()).with_allow_http(true);
        let builder = builder.with_bucket_name(&self.bucket).with_region(self.region);
        let builder = builder.with_checksum_algorithm(Checksum::SHA256);
        let [key, secret] = OWNER;
        Arc::new(builder.with_access_key_id(key).with_secret_access_key(secret).build().unwrap())
    }

    /// The bucket's prefix `owl` as the store `offsite`.
    pub(crate) fn stores(&self, state_dir: &Path) -> Arc<Stores> {
        self.stores_at(state_dir, &self.bucket, self.region)
    }

    /// The same of another bucket, or with another region.
    pub(crate) fn stores_at(&self, state_dir: &Path, bucket: &str, region: &str) -> Arc<Stores> {
        Self::opened(state_dir, &format!("s3://{bucket}/owl?endpoint={}&region={region}", self.endpoint()))
    }

    /// The URL of the bucket's prefix `owl`.
    pub(crate) fn url(&self) -> String {
        format!("s3://{}/owl?endpoint={}&region={}", self.bucket, self.endpoint(), self.region)
    }

    /// The same through a proxy at this port.
    pub(crate) fn stores_through(&self, state_dir: &Path, port: u16) -> Arc<Stores> {
        let (bucket, region) = (&self.bucket, self.region);
        Self::opened(state_dir, &format!("s3://{bucket}/owl?endpoint=http://127.0.0.1:{port}&region={region}"))
    }

    fn opened(state_dir: &Path, url: &str) -> Arc<Stores> {
        let options = StoreOptions::new(name(), url.parse().unwrap());
        Arc::new(Stores::new(vec![options], state_dir, Environment::default()).unwrap())
    }

    /// Adds a key that may read, and not write, to a node of Garage.
    pub(crate) fn add_reader(&self, [key, secret]: [&str; 2]) {
        let run = |args: &[&str]| {
            let status = command("garage", &self.folder).args(args).status().unwrap();
            assert!(status.success(), "{args:?}: {}", self.log());
        };
        run(&["key", "import", "--yes", key, secret]);
        run(&["bucket", "allow", "--read", "--key", key, &self.bucket]);
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        // A thread that has the processor may still respond.
        while signal == "STOP" && !is_stopped(&id) {
            std::thread::sleep(POLL);
        }
    }

    /// Ends the server.
    pub(crate) fn end(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Server {
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

/// The port that `s3s-fs` says in a line of its log.
fn port_of_s3s_fs(log: &str) -> Option<u16> {
    let (line, _) = log.split_once(S3S_FS_LISTENS)?.1.split_once('\n')?;
    line.trim().parse().ok()
}

pub(crate) fn name() -> StoreName {
    "offsite".parse().unwrap()
}

pub(crate) fn login(state_dir: &Path, [key, secret]: [&str; 2]) {
    Vault::new(state_dir).login(&name(), &Credentials::new(key, secret, None).unwrap()).unwrap();
}
