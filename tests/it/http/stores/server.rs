//! A real server that speaks S3: `s3s-fs`, which keeps the objects of a bucket as files.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::world::World;

/// A running server with the bucket `recordings`; it ends with this value.
pub struct Server {
    child: Child,
    pub address: String,
    pub bucket: PathBuf,
}

impl Server {
    pub fn start(world: &World) -> Self {
        let root = world.outside("s3");
        let bucket = root.join("recordings");
        fs::create_dir(&bucket).unwrap();
        let mut command = Command::new("s3s-fs");
        command.args(["--host", "127.0.0.1", "--port", "0", "--access-key", "access", "--secret-key", "right"]);
        command.arg(&root).env("RUST_LOG", "s3s_fs=info").stdin(Stdio::null()).stdout(Stdio::piped());
        let missing =
            "s3s-fs cannot be started; `scripts/test` installs it, or: cargo install s3s-fs --features binary";
        let mut server = Self { child: command.spawn().expect(missing), address: String::new(), bucket };
        let mut lines = BufReader::new(server.child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let begin = "server is running at ";
        let line = lines.find(|line| line.contains(begin)).expect("the server says where it listens");
        let address = line.split(begin).nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        address.clone_into(&mut server.address);
        // So that it never waits for a reader; ends with the server.
        std::thread::spawn(move || lines.for_each(drop));
        server
    }

    pub fn put(&self, key: &str) {
        let path = self.bucket.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"12345").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
