//! Copies that are encrypted: what lies there has no plain byte, is verified without a key, and is read with one alone; uploads go on, and
//! leave nothing on the disk. `killed` has a process that is killed.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path as FilePath;
use std::process::{Command, Stdio};
use std::time::Duration;

use age::secrecy::ExposeSecret;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use owlery_model::event::EventId;
use owlery_store::{
    Client, Copied, CopiedEvent, Copies, Error, Evidence, Host, Identities, Look, Recipients, Result, Share,
    UploadRecord, Verified, unpack_frames, verify_with,
};
use tempfile::TempDir;

use crate::backend::{Backend, folder, memory, s3s_fs};
use crate::counted::{Counted, InParts, Then};
use crate::world::{EVENTS, World, event, everything, host, verified};

each!([memory folder s3s_fs] [
    encrypted_copies_come_back
    settings_that_change_are_followed_again
    what_has_no_room_is_sent_all_the_same
]);

each!([memory_in_parts s3s_fs_in_parts] [
    an_encrypted_upload_goes_on
    a_complete_encrypted_object_stays
]);

async fn memory_in_parts() -> Backend {
    memory().await
}

async fn s3s_fs_in_parts() -> Backend {
    s3s_fs().await
}

const EVENT: &str = EVENTS[0];

/// What is in every plain file of a test.
const MARK: &[u8] = b"a face that nobody else is to see";

/// A key of its own for a test: the public one, the secret one, and its file.
pub(crate) struct Key {
    pub(crate) recipients: Recipients,
    pub(crate) identities: Identities,
    pub(crate) text: String,
}

impl Key {
    pub(crate) fn new() -> Self {
        Self::of(age::x25519::Identity::generate().to_string().expose_secret())
    }

    pub(crate) fn of(secret: &str) -> Self {
        let text = format!("# created today\n\n{secret}\n");
        let identities: Identities = text.parse().unwrap();
        Self { recipients: Recipients::parse(identities.recipients()).unwrap(), identities, text }
    }
}

/// A movie in three parts of an upload, with the mark everywhere.
pub(crate) fn movie() -> Vec<u8> {
    let mut bytes: Vec<u8> = MARK.iter().copied().cycle().take((10 << 20) + 777).collect();
    bytes.chunks_mut(4096).enumerate().for_each(|(nth, chunk)| chunk[..8].copy_from_slice(&(nth as u64).to_le_bytes()));
    bytes
}

/// An event whose files all have the mark.
fn world() -> (World, TempDir) {
    let world = World::of(&[EVENT]);
    world.write(EVENT, "video.mp4", &movie());
    world.write(EVENT, "notes.txt", MARK);
    world.write(EVENT, "thumbnail.jpg", MARK);
    world.write(EVENT, "10-04-36-02.jpg", MARK);
    (world, tempfile::tempdir().unwrap())
}

/// Copies an event with a record of uploads.
pub(crate) async fn push(
    client: &Client,
    world: &World,
    state: &FilePath,
    recipients: Option<&Recipients>,
    look: Look,
) -> Result<Copied> {
    let record = UploadRecord::new(state, client.name());
    let host = Host::open(client.clone(), &host(), "home").await?.resuming(record);
    let mut host = host.encrypting(recipients.cloned());
    let copied = host.copy(&event(EVENT), &world.source(EVENT), &everything(), look).await;
    host.finish().await?;
    copied
}

pub(crate) async fn verified_with(client: &Client, identities: &Identities) -> Verified {
    verify_with(client, &host(), Share::All, Some(identities)).await.unwrap()
}

/// What the manifest says of the event.
async fn copied(client: &Client) -> (Copies, CopiedEvent) {
    let copies = Copies::open(client.clone(), &host()).await.unwrap();
    let id: EventId = EVENT.parse().unwrap();
    let manifest = copies.manifest(&id.camera, id.day).await.unwrap().unwrap();
    let event = manifest.event(id.name).unwrap().clone();
    (copies, event)
}

fn names(event: &CopiedEvent) -> Vec<&str> {
    event.files.iter().map(|file| file.name.as_str()).collect()
}

/// All files of the event as they come back, by their names; the frames one by one.
async fn read_back(client: &Client, identities: Option<&Identities>) -> Result<Vec<(String, Vec<u8>)>> {
    let (copies, event) = copied(client).await;
    let mut files = Vec::new();
    for file in &event.files {
        let mut bytes = Vec::new();
        let mut take = |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        copies.read_plain(&EVENT.parse().unwrap(), file, identities, &mut take).await?;
        if file.is_frames() {
            let mut zip = tempfile::tempfile().unwrap();
            std::io::Write::write_all(&mut zip, &bytes).unwrap();
            let mut frame = |name: &str, _: u64, contents: &mut dyn Read| {
                let mut bytes = Vec::new();
                contents.read_to_end(&mut bytes)?;
                files.push((name.to_owned(), bytes));
                Ok(())
            };
            unpack_frames(zip, &mut frame).unwrap();
        } else {
            files.push((file.own_name().to_owned(), bytes));
        }
    }
    files.sort();
    Ok(files)
}

/// All files of the event on the disk.
fn on_disk(world: &World) -> Vec<(String, Vec<u8>)> {
    let names = owlery_store::Source::names(&world.source(EVENT)).into_iter();
    let mut files: Vec<_> =
        names.map(|name| (name.clone(), std::fs::read(world.path(EVENT, &name)).unwrap())).collect();
    files.sort();
    files
}

fn has_mark(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK)
}

/// The names of all objects of the host, each of which has no plain byte.
async fn objects_without_mark(backend: &Backend) -> Vec<String> {
    let found: Vec<_> = backend.objects.list(Some(&Path::from("garage"))).try_collect().await.unwrap();
    for object in &found {
        let bytes = backend.objects.get(&object.location).await.unwrap().bytes().await.unwrap();
        assert!(!has_mark(&bytes), "{} has plain bytes", object.location);
    }
    found.iter().map(|found| found.location.to_string()).collect()
}

/// Whether anything of a spool is left.
fn has_spool(state: &FilePath) -> bool {
    ["spool.age", "encrypted.json"].iter().any(|name| state.join("stores/offsite.state").join(name).exists())
}

/// Byte for byte, with the identity alone; and nothing of it can be seen by who has the store.
async fn encrypted_copies_come_back(backend: &Backend) {
    let ((world, state), key, other) = (world(), Key::new(), Key::new());
    let client = &backend.client;
    let both = Recipients::parse([key.recipients.texts(), Key::new().recipients.texts()].concat()).unwrap();
    let sent = push(client, &world, state.path(), Some(&both), Look::AtManifest).await.unwrap();
    assert!(matches!(sent, Copied::Sent { objects: 4, .. }), "{sent:?}");
    assert!(!has_spool(state.path()));
    for name in objects_without_mark(backend).await {
        assert!([".age", "manifest.json", "index.json"].iter().any(|end| name.ends_with(end)), "{name}");
    }
    let (_, event) = copied(client).await;
    assert_eq!(names(&event), ["frames.zip.age", "notes.txt.age", "thumbnail.jpg.age", "video.mp4.age"]);
    assert_eq!(event.files[3].encrypted.as_ref().unwrap().bytes, movie().len() as u64);

    let found = verified(client).await;
    assert_eq!((found.objects, found.read, found.decrypted, &found.wrong[..]), (4, 4, 0, &[][..]));
    let found = verified_with(client, &key.identities).await;
    assert_eq!((found.read, found.decrypted, &found.wrong[..]), (4, 4, &[][..]));
    let found = verified_with(client, &other.identities).await;
    assert!(found.wrong.len() == 4 && found.wrong[0].contains("--identity FILE"), "{found:?}");

    assert!(read_back(client, Some(&key.identities)).await.unwrap() == on_disk(&world));
    let none = read_back(client, None).await.unwrap_err();
    let text = none.to_string();
    assert!(matches!(none, Error::Encrypted { .. }) && text.contains("no identity was given"), "{text}");
    assert!(text.contains("--identity FILE") && text.contains(&key.recipients.texts()[0]), "{text}");
    let wrong = read_back(client, Some(&other.identities)).await.unwrap_err().to_string();
    assert!(wrong.contains(&other.recipients.texts()[0]) && wrong.contains("--identity FILE"), "{wrong}");

    // Files that a recall has brought back have other times, and are compared by their plain bytes.
    let newer = world.modified(EVENT, "video.mp4") + Duration::from_secs(60);
    world.set_modified(EVENT, "video.mp4", newer);
    world.set_modified(EVENT, "10-04-36-02.jpg", newer);
    let known = push(client, &world, state.path(), Some(&both), Look::AtObjects).await.unwrap();
    assert_eq!(known, Copied::Known);
}

/// What is there stays until it is asked for again; then each object is as the configuration says now.
async fn settings_that_change_are_followed_again(backend: &Backend) {
    let ((world, state), one, two) = (world(), Key::new(), Key::new());
    let client = &backend.client;
    let push = |recipients: Option<Recipients>, look| {
        let (client, world, state) = (client.clone(), &world, state.path());
        async move { push(&client, world, state, recipients.as_ref(), look).await.unwrap() }
    };
    push(None, Look::AtManifest).await;
    let manifest = Path::from("garage/Camera1/2026-11-20/manifest.json");
    let text = backend.objects.get(&manifest).await.unwrap().bytes().await.unwrap();
    assert!(!String::from_utf8_lossy(&text).contains("encrypted"), "a plain manifest is what it was before");
    for (recipients, suffix, reader) in
        [(Some(&one), ".age", Some(&one)), (Some(&two), ".age", Some(&two)), (None, "", None)]
    {
        let recipients = recipients.map(|key| key.recipients.clone());
        assert_eq!(push(recipients.clone(), Look::AtManifest).await, Copied::Known);
        let sent = push(recipients.clone(), Look::AtObjects).await;
        assert!(matches!(sent, Copied::Sent { objects: 4, .. }), "{sent:?}");
        assert_eq!(push(recipients, Look::AtObjects).await, Copied::Known);
        let (_, event) = copied(client).await;
        let expected = ["frames.zip", "notes.txt", "thumbnail.jpg", "video.mp4"].map(|name| format!("{name}{suffix}"));
        assert_eq!(names(&event), expected);
        let identities = reader.map(|key| &key.identities);
        assert!(read_back(client, identities).await.unwrap() == on_disk(&world));
        assert_eq!(verified(client).await.wrong, [""; 0]);
    }

    // A file whose name is that of another one's encrypted object.
    world.write(EVENT, "notes.txt.age", b"not of age");
    push(None, Look::AtObjects).await;
    for _ in 0..2 {
        push(Some(one.recipients.clone()), Look::AtObjects).await;
    }
    assert!(read_back(client, Some(&one.identities)).await.unwrap() == on_disk(&world));
    assert_eq!(verified(client).await.wrong, [""; 0]);
    assert!(!has_spool(state.path()));
}

/// On a full disk copies must go on: rules may wait for them.
async fn what_has_no_room_is_sent_all_the_same(backend: &Backend) {
    let ((world, state), key) = (world(), Key::new());
    // A folder that is not empty is in the way of the file.
    std::fs::create_dir_all(state.path().join("stores/offsite.state/spool.age/full")).unwrap();
    push(&backend.client, &world, state.path(), Some(&key.recipients), Look::AtObjects).await.unwrap();
    assert!(read_back(&backend.client, Some(&key.identities)).await.unwrap() == on_disk(&world));
    objects_without_mark(backend).await;
}

fn parts(backend: &Backend) -> &std::sync::Arc<dyn InParts> {
    backend.parts.as_ref().unwrap()
}

/// After an outage with the parts that have not arrived, of the same bytes.
async fn an_encrypted_upload_goes_on(backend: &Backend) {
    let ((world, state), key) = (world(), Key::new());
    let spool = state.path().join("stores/offsite.state/spool.age");
    let to = Some(&key.recipients);
    for arrived in 1..3 {
        let counted = Counted::after(parts(backend), 1, Then::Fail);
        push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap_err();
        assert_eq!(counted.counts(), [2, usize::from(arrived == 1), 0], "{arrived}");
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&spool.metadata().unwrap().permissions()) & 0o777, 0o600);
        assert!(!has_mark(&std::fs::read(&spool).unwrap()));
    }
    let counted = Counted::all(parts(backend));
    push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap();
    assert_eq!(counted.counts(), [1, 0, 0]);
    assert!(!has_spool(state.path()));
    assert!(read_back(&backend.client, Some(&key.identities)).await.unwrap() == on_disk(&world));

    // A spool that a power cut has damaged, and another key, are other uploads.
    for change in ["damage", "key", "loss"] {
        let newer = world.modified(EVENT, "video.mp4") + Duration::from_secs(60);
        let mut changed = movie();
        changed[0] = change.as_bytes()[0];
        world.write(EVENT, "video.mp4", &changed);
        world.set_modified(EVENT, "video.mp4", newer);
        let counted = Counted::after(parts(backend), 1, Then::Fail);
        push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap_err();
        let (counted, other) = (Counted::all(parts(backend)), Key::new());
        let mut reader = &key;
        match change {
            "damage" => {
                let mut bytes = std::fs::read(&spool).unwrap();
                bytes[9 << 20] ^= 1;
                std::fs::write(&spool, bytes).unwrap();
                let error = push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap_err();
                assert!(matches!(error, Error::Changed { .. }), "{error}");
                assert!(!has_spool(state.path()));
                push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap();
            }
            "key" => {
                reader = &other;
                let to = Some(&other.recipients);
                push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap();
            }
            _ => {
                std::fs::remove_file(&spool).unwrap();
                push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap();
            }
        }
        assert!(!has_spool(state.path()), "{change}");
        let back = read_back(&backend.client, Some(&reader.identities)).await;
        assert!(back.is_ok_and(|back| back == on_disk(&world)), "{change}");
        push(&backend.client, &world, state.path(), to, Look::AtObjects).await.unwrap();
    }
}

/// The movie has arrived, the frames are cut off: the movie is not sent again although its spool is gone.
async fn a_complete_encrypted_object_stays(backend: &Backend) {
    let ((world, state), key) = (world(), Key::new());
    world.write(EVENT, "10-04-36-00.jpg", &movie());
    let to = Some(&key.recipients);
    let counted = Counted::after(parts(backend), 4, Then::Fail);
    push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap_err();
    let counted = Counted::all(parts(backend));
    push(&counted.client(), &world, state.path(), to, Look::AtObjects).await.unwrap();
    assert_eq!(counted.counts(), [2, 0, 0]);
    assert!(!has_spool(state.path()));
    assert!(read_back(&backend.client, Some(&key.identities)).await.unwrap() == on_disk(&world));
}

/// A changed byte of the encrypted object is found before anything of its part is used.
#[tokio::test]
async fn damaged_parts_are_not_decrypted() {
    let (backend, (world, state), key) = (memory().await, world(), Key::new());
    push(&backend.client, &world, state.path(), Some(&key.recipients), Look::AtObjects).await.unwrap();
    let object = Path::from(format!("garage/{EVENT}/video.mp4.age"));
    let mut bytes = backend.objects.get(&object).await.unwrap().bytes().await.unwrap().to_vec();
    bytes[5 << 20] ^= 1;
    backend.objects.put(&object, PutPayload::from(bytes)).await.unwrap();
    let (copies, event) = copied(&backend.client).await;
    let movie = event.files.iter().find(|file| file.own_name() == "video.mp4").unwrap();
    let mut read = 0;
    let mut take = |piece: &[u8]| {
        read += piece.len();
        Ok(())
    };
    let result = copies.read_plain(&EVENT.parse().unwrap(), movie, Some(&key.identities), &mut take).await;
    assert!(result.unwrap_err().to_string().contains("part 1"));
    assert!(read <= 4 << 20, "{read}");
}

/// Sizes around those of the chunks of age and of the parts, also nothing at all.
#[tokio::test]
async fn every_size_comes_back() {
    let (backend, (world, state), key) = (memory().await, world(), Key::new());
    for size in [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 128 << 10, 4 << 20, (4 << 20) + 1] {
        world.write(EVENT, "notes.txt", &movie()[..size]);
        push(&backend.client, &world, state.path(), Some(&key.recipients), Look::AtObjects).await.unwrap();
        assert!(read_back(&backend.client, Some(&key.identities)).await.unwrap() == on_disk(&world), "{size}");
        assert_eq!(verified_with(&backend.client, &key.identities).await.wrong, [""; 0], "{size}");
    }
}

/// An early frame, too; its name is none that a manifest will have.
#[tokio::test]
async fn early_frames_are_encrypted() {
    let (backend, (world, state), key) = (memory().await, world(), Key::new());
    push(&backend.client, &world, state.path(), Some(&key.recipients), Look::AtObjects).await.unwrap();
    let evidence = Evidence::open(backend.client.clone(), &host(), "home").await.unwrap().unwrap();
    let evidence = evidence.encrypting(Some(key.recipients.clone()));
    evidence.send(&EVENT.parse().unwrap(), "10-04-36-02.jpg", MARK.to_vec()).await.unwrap();
    let names: BTreeSet<String> = objects_without_mark(&backend).await.into_iter().collect();
    assert!(names.contains(&format!("garage/{EVENT}/best-frame/early/10-04-36-02.jpg.age")), "{names:?}");
}

/// Whoever has the identity needs no Owlery. Does nothing where the program `age` is not installed.
#[tokio::test]
async fn the_program_age_decrypts_a_copy() {
    if Command::new("age").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let (backend, (world, state), key) = (memory().await, world(), Key::new());
    push(&backend.client, &world, state.path(), Some(&key.recipients), Look::AtObjects).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (identity, object) = (folder.path().join("key.txt"), folder.path().join("video.mp4.age"));
    std::fs::write(&identity, &key.text).unwrap();
    let bytes = backend.objects.get(&Path::from(format!("garage/{EVENT}/video.mp4.age"))).await.unwrap();
    std::fs::write(&object, bytes.bytes().await.unwrap()).unwrap();
    let ran = Command::new("age").arg("-d").arg("-i").args([&identity, &object]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(ran.stdout == movie());
}
