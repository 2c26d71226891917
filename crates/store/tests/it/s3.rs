//! A bucket on a real server: listings, logins, outages, and copies.

use owlery_store::{Copied, Error};

use crate::server::{Server, folder, login, name};
use crate::world::{World, copy, verified};

#[tokio::test]
async fn folders_of_a_bucket_are_listed() {
    let server = Server::start();
    let state = tempfile::tempdir().unwrap();
    for key in ["owl/host/camera 1/b.mp4", "owl/host/camera 1/a.mp4", "owl/host/z/1", "other/x", "owlet/y"] {
        server.put(key, b"12345");
    }
    login(state.path(), "right");
    let stores = server.stores(state.path());
    assert_eq!(stores.browse(None, "offsite", &folder("")).await.unwrap().folders, ["host"]);
    assert_eq!(stores.browse(None, "offsite", &folder("host")).await.unwrap().folders, ["camera 1", "z"]);
    let files = stores.browse(None, "offsite", &folder("host/camera 1")).await.unwrap();
    let sizes: Vec<_> = files.objects.iter().map(|object| (object.name.as_str(), object.bytes)).collect();
    assert_eq!(sizes, [("a.mp4", 5), ("b.mp4", 5)]);
}

#[tokio::test]
async fn another_login_takes_effect_at_once() {
    let server = Server::start();
    let state = tempfile::tempdir().unwrap();
    server.put("owl/host/1", b"x");
    login(state.path(), "wrong");
    let stores = server.stores(state.path());
    let error = stores.browse(None, "offsite", &folder("")).await.unwrap_err();
    assert!(matches!(&*error, Error::Refused { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("SignatureDoesNotMatch") && !text.contains("wrong") && !text.contains('<'), "{text}");
    assert!(stores.outage(&name()).is_some());

    login(state.path(), "right");
    assert_eq!(stores.browse(None, "offsite", &folder("")).await.unwrap().folders, ["host"]);
    assert_eq!(stores.outage(&name()), None);

    login(state.path(), "wrong");
    let error = stores.browse(None, "offsite", &folder("")).await.unwrap_err();
    assert!(matches!(&*error, Error::Refused { .. }), "the cache is no way around: {error}");
}

#[tokio::test]
async fn a_server_that_ends_is_out_of_reach() {
    let server = Server::start();
    let state = tempfile::tempdir().unwrap();
    login(state.path(), "right");
    let stores = server.stores(state.path());
    stores.browse(None, "offsite", &folder("")).await.unwrap();
    drop(server);
    stores.browse(None, "offsite", &folder("")).await.unwrap(); // from the cache
    let error = stores.browse(None, "offsite", &folder("host")).await.unwrap_err();
    assert!(error.may_pass() && matches!(&*error, Error::OutOfReach { .. }), "{error}");
    assert!(stores.outage(&name()).is_some());
}

/// One request for small files, several for a large one; read back by ranges.
#[tokio::test]
async fn copies_in_a_bucket_are_verified() {
    const EVENT: &str = "Camera 1/2026-11-20/10-04-36";
    let (server, state, world) = (Server::start(), tempfile::tempdir().unwrap(), World::new());
    world.add_event(EVENT);
    world.write(EVENT, "video.mp4", &vec![7; 11 << 20]);
    login(state.path(), "right");
    let client = server.stores(state.path()).get(None, "offsite").unwrap();
    let sent = copy(&client, &world, &[EVENT]).await.unwrap();
    assert!(matches!(sent[..], [Copied::Sent { objects: 3, bytes: 11_534_336.. }]), "{sent:?}");
    let found = verified(&client).await;
    assert_eq!((found.objects, found.read, &found.wrong[..]), (3, 3, &[][..]));
    assert_eq!(copy(&client, &world, &[EVENT]).await.unwrap(), [Copied::Known]);
    server.put(&format!("owl/garage/{EVENT}/thumbnail.jpg"), b"another");
    let wrong = verified(&client).await.wrong;
    assert!(wrong.len() == 1 && wrong[0].contains("thumbnail.jpg"), "{wrong:?}");
}

/// A bucket that does not exist is not an empty one.
#[tokio::test]
async fn a_missing_bucket_is_an_error() {
    let (server, state, world) = (Server::start(), tempfile::tempdir().unwrap(), World::new());
    world.add_event("Camera1/2026-11-20/10-04-36");
    login(state.path(), "right");
    server.remove_bucket();
    let client = server.stores(state.path()).get(None, "offsite").unwrap();
    let error = copy(&client, &world, &["Camera1/2026-11-20/10-04-36"]).await.unwrap_err();
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
}
