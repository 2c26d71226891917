//! What is kept in the state directory of what is proved to be in a store.

use std::collections::BTreeSet;
use std::sync::Arc;

use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use owlery_store::{Client, DayProofs, FileKind, Host, HostIndex, Look, Proofs};

use crate::world::{EVENTS, World, client_of, event, everything, host};

const URL: &str = "s3://bucket/site";

fn proofs(state: &std::path::Path) -> Proofs {
    Proofs::new(state, &URL.parse().unwrap(), &host(), "home")
}

fn day_of(proofs: &Proofs, id: &str) -> DayProofs {
    let id = event(id).id;
    proofs.of_day(&id.camera, id.day)
}

async fn open(client: &Client, state: &std::path::Path) -> Host {
    Host::open(client.clone(), &host(), "home").await.unwrap().proving(proofs(state))
}

async fn copy(client: &Client, state: &std::path::Path, world: &World, id: &str, kinds: &BTreeSet<FileKind>) {
    let mut host = open(client, state).await;
    host.copy(&event(id), &world.source(id), kinds, Look::AtManifest).await.unwrap();
    assert!(!day_of(&proofs(state), id).has(event(id).id.name), "the manifest does not name it yet");
    host.finish().await.unwrap();
}

#[tokio::test]
async fn what_a_manifest_names_is_proved() {
    let (world, client) = (World::of(&EVENTS[..2]), client_of(Arc::new(InMemory::new())));
    let state = tempfile::tempdir().unwrap();
    copy(&client, state.path(), &world, EVENTS[0], &everything()).await;
    let (first, second) = (event(EVENTS[0]).id.name, event(EVENTS[1]).id.name);
    let day = day_of(&proofs(state.path()), EVENTS[0]);
    assert!(day.has(first) && !day.has(second));
    assert!(day.hold(first, &world.source(EVENTS[0]), &everything()).unwrap());
    assert!(!day.hold(second, &world.source(EVENTS[1]), &everything()).unwrap());

    let elsewhere = Proofs::new(state.path(), &URL.parse().unwrap(), &host(), "another archive");
    assert_eq!(day_of(&elsewhere, EVENTS[0]), DayProofs::default());
    let other_place = Proofs::new(state.path(), &"s3://bucket/other".parse().unwrap(), &host(), "home");
    assert_eq!(day_of(&other_place, EVENTS[0]), DayProofs::default());
}

/// A file that came later, or changed, is not proved; neither is a kind that was not copied.
#[tokio::test]
async fn a_proof_is_of_the_files_that_were_copied() {
    let (world, client) = (World::of(&EVENTS[..2]), client_of(Arc::new(InMemory::new())));
    let state = tempfile::tempdir().unwrap();
    let movie = BTreeSet::from([FileKind::Movie]);
    copy(&client, state.path(), &world, EVENTS[0], &movie).await;
    let name = event(EVENTS[0]).id.name;
    let day = day_of(&proofs(state.path()), EVENTS[0]);
    assert!(day.hold(name, &world.source(EVENTS[0]), &movie).unwrap());
    assert!(!day.hold(name, &world.source(EVENTS[0]), &everything()).unwrap());
    world.write(EVENTS[0], "debug/video.mkv", b"it came later");
    assert!(!day.hold(name, &world.source(EVENTS[0]), &movie).unwrap());
    copy(&client, state.path(), &world, EVENTS[1], &movie).await;
    let mut again = open(&client, state.path()).await;
    again.copy(&event(EVENTS[0]), &world.source(EVENTS[0]), &movie, Look::AtManifest).await.unwrap();
    again.finish().await.unwrap();
    let day = day_of(&proofs(state.path()), EVENTS[0]);
    assert!(day.hold(name, &world.source(EVENTS[0]), &movie).unwrap());
    world.write(EVENTS[0], "video.mp4", b"another movie");
    assert!(!day.hold(name, &world.source(EVENTS[0]), &movie).unwrap());
}

/// Otherwise nothing at all of it would be copied, and it would count as copied.
#[tokio::test]
async fn frames_stand_in_for_a_movie() {
    let (world, client) = (World::of(&[]), client_of(Arc::new(InMemory::new())));
    let state = tempfile::tempdir().unwrap();
    world.write(EVENTS[0], "10-04-36-00.jpg", b"frame");
    let kinds = BTreeSet::from([FileKind::Movie, FileKind::Thumbnail]);
    copy(&client, state.path(), &world, EVENTS[0], &kinds).await;
    let index = HostIndex::read(&client, &host()).await.unwrap().unwrap();
    assert!(index.days()[0].2.bytes > 0);
}

/// The proofs are made again from the manifests, and vanish when the store was emptied.
#[tokio::test]
async fn proofs_follow_the_store() {
    let store = Arc::new(InMemory::new());
    let (world, client) = (World::of(&EVENTS[..2]), client_of(store.clone()));
    let (lost, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copy(&client, lost.path(), &world, EVENTS[0], &everything()).await;
    copy(&client, state.path(), &world, EVENTS[1], &everything()).await;
    let day = day_of(&proofs(state.path()), EVENTS[0]);
    assert!(day.has(event(EVENTS[0]).id.name), "by the manifest, which another state directory wrote");

    let known = proofs(state.path());
    let host = open(&client, state.path()).await;
    assert_eq!(known.compare(Some(host.index())).unwrap(), BTreeSet::new());
    for object in ["Camera1/2026-11-20/manifest.json", ".owlery/index.json"] {
        store.delete(&Path::from(format!("site/garage/{object}"))).await.unwrap();
    }
    let host = open(&client, state.path()).await;
    let id = event(EVENTS[0]).id;
    assert_eq!(known.compare(Some(host.index())).unwrap(), BTreeSet::from([(id.day, id.camera.clone())]));
    assert_eq!(day_of(&known, EVENTS[0]), DayProofs::default());
}

/// A file that is damaged proves nothing.
#[tokio::test]
async fn a_damaged_proof_proves_nothing() {
    let (world, client) = (World::of(&EVENTS[..1]), client_of(Arc::new(InMemory::new())));
    let state = tempfile::tempdir().unwrap();
    copy(&client, state.path(), &world, EVENTS[0], &everything()).await;
    let mut folders = vec![state.path().to_path_buf()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                std::fs::write(path, "{").unwrap();
                files += 1;
            }
        }
    }
    assert_eq!(files, 1);
    assert_eq!(day_of(&proofs(state.path()), EVENTS[0]), DayProofs::default());
}
