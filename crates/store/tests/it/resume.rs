//! Uploads in parts that are interrupted, and go on: by a crash, which is a host that is dropped, or by an error. A store of a folder
//! starts over.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStoreExt;
use object_store::path::Path;
use owlery_store::Copied;
use tempfile::TempDir;

use crate::backend::{Backend, folder, garage, memory, s3s_fs};
use crate::counted::{Counted, InParts, Then};
use crate::world::{EVENTS, World, resume, verified};

each!([memory s3s_fs garage] [
    a_crash_costs_one_part_at_most
    a_lost_answer_costs_nothing
    what_the_store_has_forgotten_starts_over
]);

each!([memory_alone] [
    a_complete_object_is_not_sent_again
    an_outage_costs_one_part_at_most
    another_file_gives_the_upload_up
    changed_bytes_start_over
    frames_go_on_too
    refusals_start_over_in_the_end
]);

each!([folder][a_folder_starts_over]);

async fn memory_alone() -> Backend {
    memory().await
}

/// How many parts the movie of a test has: the last one is shorter.
const PARTS: usize = 3;
const EVENT: &str = EVENTS[0];

/// Bytes that are others in each part.
fn movie(seed: u8) -> Vec<u8> {
    let size = (PARTS - 1) * (5 << 20) + 777;
    let mut bytes: Vec<u8> =
        (0..=size >> 12).flat_map(|nth| [u8::try_from(nth % 251).unwrap() ^ seed; 1 << 12]).collect();
    bytes.truncate(size);
    bytes
}

/// The same in two parts.
fn short(seed: u8) -> Vec<u8> {
    let mut bytes = movie(seed);
    bytes.truncate((5 << 20) + 777);
    bytes
}

fn parts(backend: &Backend) -> &Arc<dyn InParts> {
    backend.parts.as_ref().unwrap()
}

/// A host with a movie that is sent in parts, and its state directory.
fn world() -> (World, TempDir) {
    let world = World::of(&[EVENT]);
    world.write(EVENT, "video.mp4", &movie(0));
    (world, tempfile::tempdir().unwrap())
}

fn is_recorded(state: &FilePath) -> bool {
    state.join("stores/offsite.state/uploads.json").exists()
}

/// The object is whole, also to one who reads it without Owlery, and nothing is left to remember.
async fn assert_whole(backend: &Backend, state: &TempDir, name: &str, bytes: Option<&[u8]>) {
    let found = verified(&backend.client).await;
    assert_eq!((found.objects, found.read, &found.wrong[..]), (3, 3, &[][..]));
    if let Some(bytes) = bytes {
        let object = backend.objects.get(&Path::from(format!("garage/{EVENT}/{name}"))).await.unwrap();
        assert!(object.bytes().await.unwrap() == bytes, "{name} has other bytes");
    }
    assert!(!is_recorded(state.path()), "it is in a manifest now");
}

/// Copies until the store hangs, and crashes.
async fn crash(backend: &Backend, world: &World, state: &TempDir, counted: &Arc<Counted>, sent: usize) {
    let client = counted.client();
    let copying = resume(&client, world, state.path(), &[EVENT]);
    let hung = async {
        while counted.counts()[0] < sent {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        ended = copying => panic!("{ended:?}"),
        () = hung => {}
    }
    assert!(is_recorded(state.path()));
    let found = verified(&backend.client).await.wrong;
    assert!(found.iter().all(|wrong| wrong.contains("has copied nothing")), "{found:?}");
}

async fn a_crash_costs_one_part_at_most(backend: &Backend) {
    let (world, state) = world();
    for arrived in 0..2 {
        // Each crash after one more part: the part on its way is sent again.
        let counted = Counted::after(parts(backend), 1, Then::Hang);
        crash(backend, &world, &state, &counted, 2).await;
        assert_eq!(counted.counts(), [2, usize::from(arrived == 0), 0], "{arrived}");
    }
    let counted = Counted::all(parts(backend));
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
    assert_eq!(counted.counts(), [PARTS - 2, 0, 0]);
    assert_whole(backend, &state, "video.mp4", Some(&movie(0))).await;
}

async fn an_outage_costs_one_part_at_most(backend: &Backend) {
    for (then, arrived) in [(Then::Fail, 0), (Then::Lose, 1), (Then::Fail, PARTS - 1)] {
        let (world, state) = world();
        world.write(EVENT, "video.mp4", &movie(u8::try_from(arrived).unwrap()));
        let counted = Counted::after(parts(backend), arrived, then);
        let error = resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
        assert!(error.may_pass(), "{error}");
        let counted = Counted::all(parts(backend));
        resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
        assert_eq!(counted.counts(), [PARTS - arrived, 0, 0], "{then:?} {arrived}");
        assert_whole(backend, &state, "video.mp4", Some(&movie(u8::try_from(arrived).unwrap()))).await;
    }
}

/// The zip of the frames has the same bytes each time.
async fn frames_go_on_too(backend: &Backend) {
    let (world, state) = world();
    world.write(EVENT, "video.mp4", b"small");
    for n in 0..6 {
        world.write(EVENT, &format!("10-04-36-0{n}.jpg"), &movie(n)[..(2 << 20) + 5]);
    }
    let counted = Counted::after(parts(backend), 2, Then::Fail);
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
    let counted = Counted::all(parts(backend));
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
    assert_eq!(counted.counts(), [1, 0, 0]);
    assert_whole(backend, &state, "", None).await;
    let zip = backend.objects.get(&Path::from(format!("garage/{EVENT}/frames.zip"))).await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip.bytes().await.unwrap().to_vec())).unwrap();
    let mut frame = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_name("10-04-36-05.jpg").unwrap(), &mut frame).unwrap();
    assert!(frame == movie(5)[..(2 << 20) + 5]);
}

/// After the end of the upload and before the manifest.
async fn a_complete_object_is_not_sent_again(backend: &Backend) {
    let (world, state) = world();
    let frames = movie(1);
    world.write(EVENT, "10-04-36-00.jpg", &frames);
    // The movie arrives; the frames come last, and are cut off.
    let counted = Counted::after(parts(backend), PARTS + 1, Then::Hang);
    crash(backend, &world, &state, &counted, PARTS + 2).await;
    let counted = Counted::all(parts(backend));
    let sent = resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
    assert_eq!(counted.counts(), [PARTS - 1, 0, 0]);
    assert!(matches!(sent[..], [Copied::Sent { objects: 3, .. }]), "{sent:?}");
    assert_whole(backend, &state, "video.mp4", Some(&movie(0))).await;
}

/// The answer to the last request of the upload.
async fn a_lost_answer_costs_nothing(backend: &Backend) {
    let (world, state) = world();
    world.write(EVENT, "video.mp4", &short(0));
    let counted = Counted::without_end(parts(backend), Then::Lose);
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
    let counted = Counted::all(parts(backend));
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
    assert_eq!(counted.counts(), [0, 0, 0]);
    assert_whole(backend, &state, "video.mp4", Some(&short(0))).await;
}

/// Its parts are removed at the store, and it is not in the way.
async fn another_file_gives_the_upload_up(backend: &Backend) {
    let (world, state) = world();
    let counted = Counted::after(parts(backend), 2, Then::Fail);
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
    // The same file, with other contents and another size.
    world.write(EVENT, "video.mp4", &[movie(9), vec![1]].concat());
    let counted = Counted::after(parts(backend), 2, Then::Fail);
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
    assert_eq!(counted.counts(), [3, 1, 1]);
    // The same file again, small now.
    world.write(EVENT, "video.mp4", b"small");
    let counted = Counted::all(parts(backend));
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
    assert_eq!(counted.counts(), [0, 0, 1]);
    assert_whole(backend, &state, "video.mp4", Some(b"small")).await;
    // Another file.
    world.write(EVENT, "video.mp4", &movie(3));
    let counted = Counted::after(parts(backend), 2, Then::Fail);
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
    let other = World::of(&[EVENTS[1]]);
    other.write(EVENTS[1], "video.mp4", &movie(4));
    let counted = Counted::all(parts(backend));
    resume(&counted.client(), &other, state.path(), &[EVENTS[1]]).await.unwrap();
    assert_eq!(counted.counts(), [PARTS, 1, 1]);
}

/// The size and the time are those of before: only the bytes tell.
async fn changed_bytes_start_over(backend: &Backend) {
    let (world, state) = world();
    let time = world.modified(EVENT, "video.mp4");
    let counted = Counted::after(parts(backend), 2, Then::Fail);
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
    world.write(EVENT, "video.mp4", &movie(9));
    world.set_modified(EVENT, "video.mp4", time);
    let counted = Counted::all(parts(backend));
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
    assert_eq!(counted.counts(), [PARTS, 1, 1]);
    assert_whole(backend, &state, "video.mp4", Some(&movie(9))).await;
}

/// By its own rule for incomplete uploads.
async fn what_the_store_has_forgotten_starts_over(backend: &Backend) {
    for arrived in 0..=2 {
        let (world, state) = world();
        world.write(EVENT, "video.mp4", &short(u8::try_from(arrived).unwrap()));
        let counted = if arrived == 2 {
            Counted::without_end(parts(backend), Then::Fail)
        } else {
            Counted::after(parts(backend), arrived, Then::Fail)
        };
        resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
        let text = std::fs::read_to_string(state.path().join("stores/offsite.state/uploads.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        let id = record["under_way"]["id"].as_str().unwrap().to_owned();
        let key = Path::from(format!("owl/garage/{EVENT}/video.mp4"));
        parts(backend).abort_multipart(&key, &id).await.unwrap();
        let counted = Counted::all(parts(backend));
        resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
        let refused = usize::from(arrived < 2);
        assert_eq!(counted.counts(), [2 + refused, 1, 1], "{arrived}");
        assert_whole(backend, &state, "video.mp4", Some(&short(u8::try_from(arrived).unwrap()))).await;
    }
}

/// One may be of a single request. A store that always refuses to go on, in words that nobody knows, is no dead end.
async fn refusals_start_over_in_the_end(backend: &Backend) {
    let (world, state) = world();
    let counted = Counted::after(parts(backend), 1, Then::Fail);
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
    for _ in 0..3 {
        let counted = Counted::after(parts(backend), 0, Then::Refuse);
        resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap_err();
        assert_eq!(counted.counts(), [1, 0, 0]);
    }
    let counted = Counted::all(parts(backend));
    resume(&counted.client(), &world, state.path(), &[EVENT]).await.unwrap();
    assert_eq!(counted.counts(), [PARTS, 1, 1]);
    assert_whole(backend, &state, "video.mp4", Some(&movie(0))).await;
}

async fn a_folder_starts_over(backend: &Backend) {
    let (world, state) = world();
    let client = backend.client.clone().with_rate(std::num::NonZeroU64::new(5 << 20));
    let copying = resume(&client, &world, state.path(), &[EVENT]);
    assert!(tokio::time::timeout(Duration::from_millis(1_500), copying).await.is_err());
    assert!(!is_recorded(state.path()));
    resume(&backend.client, &world, state.path(), &[EVENT]).await.unwrap();
    assert_whole(backend, &state, "video.mp4", Some(&movie(0))).await;
}

/// A file that changes while it is sent is given up at once.
#[tokio::test]
async fn a_file_that_changes_is_given_up() {
    struct Growing(crate::world::Directory, std::sync::atomic::AtomicUsize, std::path::PathBuf);
    impl owlery_store::Source for Growing {
        fn names(&self) -> Vec<String> {
            vec!["video.mp4".to_owned()]
        }

        fn open(&self, name: &str) -> std::io::Result<std::fs::File> {
            let file = self.0.open(name)?;
            // It is found first, then read.
            if self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1 {
                std::fs::File::options().write(true).open(&self.2)?.set_len(8 << 20)?;
            }
            Ok(file)
        }
    }
    let backend = memory().await;
    let (world, state) = world();
    let counted = Counted::all(parts(&backend));
    let client = counted.client();
    let record = owlery_store::UploadRecord::new(state.path(), client.name());
    let host = owlery_store::Host::open(client, &crate::world::host(), "home").await.unwrap();
    let mut host = host.resuming(record);
    let source = Growing(world.source(EVENT), 0.into(), world.path(EVENT, "video.mp4"));
    let (event, kinds) = (crate::world::event(EVENT), crate::world::everything());
    let error = host.copy(&event, &source, &kinds, owlery_store::Look::AtObjects).await.unwrap_err();
    assert!(matches!(error, owlery_store::Error::Changed { .. }), "{error}");
    let [_, begun, given_up] = counted.counts();
    assert_eq!((begun, given_up, is_recorded(state.path())), (begun, begun, false));
}
