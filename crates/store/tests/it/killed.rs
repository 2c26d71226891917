//! A process that is killed while it uploads in parts: a copy of this test program, with a fault at one of the steps of an upload.

use std::path::Path;
use std::process::Command;

use owlery_store::{Environment, StoreOptions, Stores};

use crate::counted::{Counted, InParts};
use crate::server::{OWNER, Server, login, name, s3s_fs};
use crate::world::{EVENTS, World, resume, verified};

each!([s3s_fs][a_killed_process_sends_one_part_again]);

const EVENT: &str = EVENTS[0];

/// What the process that is killed has to know.
const URL: &str = "OWLERY_TEST_URL";
const STATE: &str = "OWLERY_TEST_STATE";
const ROOT: &str = "OWLERY_TEST_ROOT";

/// The steps, and how many of three parts are sent after a kill there.
const STEPS: [(&str, usize); 5] =
    [("upload-1", 3), ("upload-2", 2), ("upload-1#3", 1), ("upload-3", 0), ("upload-4", 0)];

async fn a_killed_process_sends_one_part_again(server: &Server) {
    for (step, rest) in STEPS {
        let (world, state) = (World::of(&[EVENT]), tempfile::tempdir().unwrap());
        world.write(EVENT, "video.mp4", &[step.as_bytes().repeat(2 << 20), vec![1]].concat()[..(10 << 20) + 9]);
        login(state.path(), OWNER);
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "killed::copy_until_killed", "--test-threads", "1"]);
        child.env("OWLERY_FAULT", step).env(URL, server.url());
        child.env(STATE, state.path()).env(ROOT, world.root());
        let ended = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        assert!(!ended.status.success(), "{step}: it was not killed");

        let counted = Counted::all(&(server.s3() as std::sync::Arc<dyn InParts>));
        resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
        assert_eq!(counted.counts()[0], rest, "{step}");
        let found = verified(&counted.client()).await;
        assert_eq!((found.objects, found.read, &found.wrong[..]), (3, 3, &[][..]), "{step}");
    }
}

/// The process that is killed; without its environment it does nothing.
#[tokio::test]
async fn copy_until_killed() {
    let [Ok(url), Ok(state), Ok(root)] = [URL, STATE, ROOT].map(std::env::var) else { return };
    let options = StoreOptions::new(name(), url.parse().unwrap());
    let stores = Stores::new(vec![options], Path::new(&state), Environment::default()).unwrap();
    let world = World::at(Path::new(&root));
    resume(&stores.get(None, "offsite").unwrap(), &world, Path::new(&state), &[EVENT]).await.unwrap();
}
