//! A process that is killed while it uploads in parts: a copy of this test program, with a fault at one of the steps of an upload.

use std::path::Path;
use std::process::Command;

use owlery_store::{Environment, Look, StoreOptions, Stores};

use crate::counted::{Counted, InParts};
use crate::encrypted::{Key, movie, push, verified_with};
use crate::server::{OWNER, Server, login, name, s3s_fs};
use crate::world::{EVENTS, World, resume, verified};

each!([s3s_fs][
    a_killed_process_leaves_no_spool
    a_killed_process_sends_one_part_again
]);

const EVENT: &str = EVENTS[0];

/// What the process that is killed has to know.
const URL: &str = "OWLERY_TEST_URL";
const STATE: &str = "OWLERY_TEST_STATE";
const ROOT: &str = "OWLERY_TEST_ROOT";
/// The secret key, if it is to encrypt.
const SECRET: &str = "OWLERY_TEST_SECRET";

/// A key that protects nothing.
const NO_SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

/// The steps, and how many of three parts are sent after a kill there.
const STEPS: [(&str, usize); 5] =
    [("upload-1", 3), ("upload-2", 2), ("upload-1#3", 1), ("upload-3", 0), ("upload-4", 0)];

/// The same, encrypted: the next start goes on, and leaves nothing behind, even if the event is gone.
async fn a_killed_process_leaves_no_spool(server: &Server) {
    let key = Key::of(NO_SECRET);
    let steps = [("spool-1", 3), ("spool-2", 3), ("upload-2", 2), ("upload-1#3", 1), ("spool-3", 0), ("spool-4", 0)];
    for (nth, (step, rest)) in steps.into_iter().enumerate() {
        let (world, state) = (World::of(&[EVENT]), tempfile::tempdir().unwrap());
        let mut movie = movie();
        movie[0] = u8::try_from(nth).unwrap();
        world.write(EVENT, "video.mp4", &movie);
        login(state.path(), OWNER);
        let mut child = child(step, server, &world, state.path());
        child.env(SECRET, NO_SECRET);
        let ended = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        assert!(!ended.status.success(), "{step}: it was not killed");

        let gone = tempfile::tempdir().unwrap();
        let spool = state.path().join("stores/offsite.state/spool.age");
        assert!(spool.exists(), "{step}");
        std::fs::create_dir(gone.path().join("stores")).unwrap();
        std::fs::create_dir(gone.path().join("stores/offsite.state")).unwrap();
        std::fs::copy(&spool, gone.path().join("stores/offsite.state/spool.age")).unwrap();

        let counted = Counted::all(&(server.s3() as std::sync::Arc<dyn InParts>));
        push(&counted.client(), &world, state.path(), Some(&key.recipients), Look::AtObjects).await.unwrap();
        assert_eq!(counted.counts()[0], rest, "{step}");
        assert!(!spool.exists(), "{step}");
        let found = verified_with(&counted.client(), &key.identities).await;
        assert_eq!((found.decrypted, &found.wrong[..]), (3, &[][..]), "{step}");
        push(&counted.client(), &world, gone.path(), Some(&key.recipients), Look::AtObjects).await.unwrap();
        assert!(!gone.path().join("stores/offsite.state/spool.age").exists(), "{step}: it belongs to no upload");
    }
}

/// A process that copies until it comes to a step.
fn child(step: &str, server: &Server, world: &World, state: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "killed::copy_until_killed", "--test-threads", "1"]);
    child.env("OWLERY_FAULT", step).env(URL, server.url());
    child.env(STATE, state).env(ROOT, world.root());
    child
}

async fn a_killed_process_sends_one_part_again(server: &Server) {
    for (step, rest) in STEPS {
        let (world, state) = (World::of(&[EVENT]), tempfile::tempdir().unwrap());
        world.write(EVENT, "video.mp4", &[step.as_bytes().repeat(2 << 20), vec![1]].concat()[..(10 << 20) + 9]);
        login(state.path(), OWNER);
        let mut child = child(step, server, &world, state.path());
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
    let client = stores.get(None, "offsite").unwrap();
    if let Ok(secret) = std::env::var(SECRET) {
        let key = Key::of(&secret);
        push(&client, &world, Path::new(&state), Some(&key.recipients), Look::AtObjects).await.unwrap();
        return;
    }
    resume(&client, &world, Path::new(&state), &[EVENT]).await.unwrap();
}
