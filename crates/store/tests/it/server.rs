//! A real server that speaks S3, over a socket: `s3s-fs`, which keeps the objects of a bucket as files.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use owlery_store::{Credentials, Environment, Folder, StoreName, StoreOptions, Stores, Vault};
use tempfile::TempDir;

const BUCKET: &str = "recordings";

/// A running server; it ends with this value.
pub(crate) struct Server {
    child: Child,
    address: String,
    /// A bucket is a folder in it.
    root: TempDir,
}

impl Server {
    /// A server with one bucket on a free port.
    pub(crate) fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(BUCKET)).unwrap();
        let mut command = Command::new("s3s-fs");
        command.args(["--host", "127.0.0.1", "--port", "0", "--access-key", "access", "--secret-key", "right"]);
        command.arg(root.path()).env("RUST_LOG", "s3s_fs=info").stdin(Stdio::null()).stdout(Stdio::piped());
        let missing =
            "s3s-fs cannot be started; `scripts/test` installs it, or: cargo install s3s-fs --features binary";
        let child = command.spawn().expect(missing);
        let mut server = Self { child, address: String::new(), root };
        let mut lines = BufReader::new(server.child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let begin = "server is running at ";
        let line = lines.find(|line| line.contains(begin)).expect("the server says where it listens");
        let address = line.split(begin).nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        address.clone_into(&mut server.address);
        // So that it never waits for a reader; ends with the server.
        std::thread::spawn(move || lines.for_each(drop));
        server
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.root.path().join(BUCKET).join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn remove_bucket(&self) {
        fs::remove_dir(self.root.path().join(BUCKET)).unwrap();
    }

    /// The bucket's prefix `owl` as the store `offsite`.
    pub(crate) fn stores(&self, state_dir: &Path) -> Arc<Stores> {
        let url = format!("s3://{BUCKET}/owl?endpoint={}", self.address);
        let options = StoreOptions::new(name(), url.parse().unwrap());
        Arc::new(Stores::new(vec![options], state_dir, Environment::default()).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn name() -> StoreName {
    "offsite".parse().unwrap()
}

pub(crate) fn login(state_dir: &Path, secret_key: &str) {
    Vault::new(state_dir).login(&name(), &Credentials::new("access", secret_key, None).unwrap()).unwrap();
}

pub(crate) fn folder(text: &str) -> Folder {
    text.parse().unwrap()
}
