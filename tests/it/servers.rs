//! Stores as a configuration has them, and a cluster of three nodes of Garage. Single servers are in `s3_server`.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::s3_server::{self, GARAGE_REGION, OWNER, Process, STARTS, free_ports, garage_config};
use crate::world::{Daemon, Ran, World, program, wait_until};

/// The name of the bucket of a cluster.
const BUCKET: &str = "events";

/// The store `offsite` of a world, as its configuration has it.
pub struct Offsite<'a> {
    world: &'a World,
    flags: Vec<String>,
}

impl<'a> Offsite<'a> {
    /// A store at this URL, to which the host `garage` copies all events. Its table has more lines.
    pub fn configure(world: &'a World, url: &str, lines: &str) -> Self {
        let file = world.outside("etc").join("owlery.toml");
        let table = format!("[stores.offsite]\nurl = \"{url}\"\nhost = \"garage\"\ncopy = \"complete\"\n{lines}\n");
        fs::write(&file, table).unwrap();
        Self { world, flags: vec!["--config".to_owned(), file.to_str().unwrap().to_owned()] }
    }

    /// Keeps the credentials of the servers.
    pub fn login(&self) {
        let mut login = self.command("login", &[]);
        let mut child = login.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let [key, secret] = OWNER;
        let text = format!("access_key = {key}\nsecret_key = {secret}\n");
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
    }

    /// `owlery store ACTION ROOT offsite WORD…`.
    pub fn command(&self, action: &str, words: &[&str]) -> Command {
        let mut command = program();
        command.args(["store", action]).arg(&self.world.root).arg("offsite").args(words).args(&self.flags);
        command
    }

    /// `owlery recall ROOT WORD…`.
    pub fn recall(&self, words: &[&str]) -> Command {
        let mut command = program();
        command.arg("recall").arg(&self.world.root).args(words).args(&self.flags);
        command
    }

    /// Starts a daemon, and waits until it listens.
    pub fn serve(&self, flags: &[&str]) -> Daemon {
        let ours = self.flags.iter().map(String::as_str);
        Daemon::start(
            self.world
                .command("serve", ["--listen", "127.0.0.1:0"].into_iter().chain(ours).chain(flags.iter().copied())),
        )
    }

    /// Reads this share of the copies back; returns what `store verify` found.
    pub fn verify(&self, share: &str) -> Value {
        let ran = Ran::of(self.command("verify", &["--subset", share, "--json"]));
        assert!(matches!(ran.code, 0 | 1), "{ran:?}");
        ran.json()
    }
}

/// The URL of a store in the bucket of a cluster, or of no server, at this port.
pub fn url(port: u16, region: &str) -> String {
    s3_server::url(BUCKET, port, region)
}

/// The region of servers that do not look at it.
pub const REGION: &str = "us-east-1";

/// Three nodes of Garage; each object is on all of them, and two must be there to read and to write.
pub struct Cluster {
    nodes: [Node; 3],
    _folder: TempDir,
}

/// A node, running or not.
struct Node {
    folder: PathBuf,
    /// The address at which other nodes reach it.
    rpc: String,
    port: u16,
    server: Option<Process>,
}

impl Cluster {
    /// The region of its bucket.
    pub const REGION: &str = GARAGE_REGION;

    /// Three nodes that know each other, and the bucket.
    pub fn start() -> Self {
        for _ in 0..STARTS {
            let folder = tempfile::tempdir().unwrap();
            let nodes = [0, 1, 2].map(|nth| Node::new(&folder.path().join(nth.to_string())));
            let mut cluster = Self { nodes, _folder: folder };
            if (0..3).all(|nth| cluster.begin(nth)) {
                cluster.join();
                return cluster;
            }
        }
        panic!("no cluster has started");
    }

    /// The port of each node.
    pub fn ports(&self) -> [u16; 3] {
        [0, 1, 2].map(|nth| self.nodes[nth].port)
    }

    /// Ends a node at once.
    pub fn kill(&mut self, nth: usize) {
        self.nodes[nth].server = None;
    }

    /// Starts nodes again, and waits until all nodes know each other.
    pub fn restart(&mut self, nodes: &[usize]) {
        for &nth in nodes {
            assert!(self.begin(nth), "{}", fs::read_to_string(self.nodes[nth].folder.join("log")).unwrap());
        }
        self.wait_whole();
    }

    /// Waits until each node is connected to all others.
    fn wait_whole(&self) {
        for node in &self.nodes {
            wait_until("the nodes are connected", || {
                let status = node.run(&["status"]);
                !status.contains("FAILED NODES") && self.nodes.iter().all(|other| status.contains(&other.rpc))
            });
        }
    }

    /// Starts a node; false if it ends at once.
    fn begin(&mut self, nth: usize) -> bool {
        let node = &mut self.nodes[nth];
        let server = Process::start("garage", &["-c", node.config().to_str().unwrap(), "server"], &[], &node.folder);
        let mut is_running = true;
        wait_until("a node of Garage listens", || {
            is_running = !server.has_failed();
            !is_running || TcpStream::connect(("127.0.0.1", node.port)).is_ok()
        });
        node.server = Some(server);
        is_running
    }

    /// Makes a cluster of the nodes, and the bucket in it.
    fn join(&self) {
        let run = |args: &[&str]| self.nodes[0].run(args);
        let ids = [0, 1, 2].map(|nth| self.nodes[nth].run(&["node", "id", "-q"]).trim().to_owned());
        for node in &self.nodes {
            // A node that starts again finds the others.
            let text = fs::read_to_string(node.config()).unwrap();
            fs::write(node.config(), format!("bootstrap_peers = {ids:?}\n{text}")).unwrap();
        }
        for id in &ids[1..] {
            run(&["node", "connect", id]);
        }
        for (nth, id) in ids.iter().enumerate() {
            let (id, _) = id.split_once('@').unwrap();
            run(&["layout", "assign", "-z", &format!("zone{nth}"), "-c", "1G", id]);
        }
        run(&["layout", "apply", "--version", "1"]);
        let [key, secret] = OWNER;
        run(&["key", "import", "--yes", key, secret]);
        run(&["bucket", "create", BUCKET]);
        run(&["bucket", "allow", "--read", "--write", "--owner", "--key", key, BUCKET]);
        self.wait_whole();
    }
}

impl Node {
    fn new(folder: &Path) -> Self {
        fs::create_dir(folder).unwrap();
        let [rpc, port] = free_ports();
        let text = garage_config(folder, 3, rpc, port);
        let rpc = format!("127.0.0.1:{rpc}");
        let node = Self { folder: folder.to_owned(), rpc, port, server: None };
        fs::write(node.config(), text).unwrap();
        node
    }

    fn config(&self) -> PathBuf {
        self.folder.join("garage.toml")
    }

    /// Runs a command of Garage; returns what it prints. A cluster that has just begun refuses some.
    fn run(&self, args: &[&str]) -> String {
        let mut printed = String::new();
        wait_until(&format!("garage {args:?}"), || {
            let ran = Command::new("garage").arg("-c").arg(self.config()).args(args).stdin(Stdio::null()).output();
            let ran = ran.unwrap();
            printed = String::from_utf8(ran.stdout).unwrap();
            ran.status.success()
        });
        printed
    }
}
