//! A bucket on each real server: logins, what a server refuses, and outages.

use std::time::Duration;

use owlery_store::{Client, Error, Folder, Host, Result};

use crate::server::{OWNER, Server, garage, login, name, s3s_fs};
use crate::world::{EVENTS, World, copy, host, verified};

each!([s3s_fs garage] [
    a_missing_bucket_is_an_error
    a_server_that_ends_is_out_of_reach
    a_server_that_hangs_is_out_of_reach
    another_login_takes_effect_at_once
]);

// `s3s-fs` knows neither regions nor permissions.
each!([garage_only] [
    a_key_that_only_reads_is_refused
    another_region_is_refused
]);

async fn garage_only() -> Server {
    garage().await
}

const WRONG_SECRET: [&str; 2] = [OWNER[0], "wrong"];
const UNKNOWN_KEY: [&str; 2] = ["GKffffffffffffffffffffffff", OWNER[1]];

/// What each request of a client returns.
pub(crate) async fn results(client: &Client) -> [Result<()>; 4] {
    let world = World::of(&EVENTS[..1]);
    [
        client.browse(&Folder::default()).await.map(drop),
        client.check(&host()).await,
        copy(client, &world, &EVENTS[..1]).await.map(drop),
        owlery_store::verify(client, &host(), owlery_store::Share::All).await.map(drop),
    ]
}

async fn another_login_takes_effect_at_once(server: &Server) {
    let state = tempfile::tempdir().unwrap();
    let (stores, root) = (server.stores(state.path()), Folder::default());
    for wrong in [WRONG_SECRET, UNKNOWN_KEY] {
        login(state.path(), wrong);
        let error = stores.browse(None, "offsite", &root).await.unwrap_err();
        assert!(matches!(&*error, Error::Refused { .. }), "the cache is no way around: {error}");
        assert!(stores.outage(&name()).is_some());
        for result in results(&stores.get(None, "offsite").unwrap()).await {
            let error = result.unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, Error::Refused { .. }), "{text}");
            assert!(!text.contains(wrong[1]) && !text.contains('<'), "{text}");
        }

        login(state.path(), OWNER);
        stores.browse(None, "offsite", &root).await.unwrap();
        assert_eq!(stores.outage(&name()), None);
    }
}

async fn a_server_that_ends_is_out_of_reach(server: &Server) {
    let state = tempfile::tempdir().unwrap();
    login(state.path(), OWNER);
    let stores = server.stores(state.path());
    let root = Folder::default();
    stores.browse(None, "offsite", &root).await.unwrap();
    server.end();
    stores.browse(None, "offsite", &root).await.unwrap(); // from the cache
    let error = stores.browse(None, "offsite", &"garage".parse().unwrap()).await.unwrap_err();
    assert!(error.may_pass() && matches!(&*error, Error::OutOfReach { .. }), "{error}");
    assert!(stores.outage(&name()).is_some());
}

/// It accepts connections, as a node of Garage does that has lost the others.
async fn a_server_that_hangs_is_out_of_reach(server: &Server) {
    let state = tempfile::tempdir().unwrap();
    login(state.path(), OWNER);
    let client = server.stores(state.path()).get(None, "offsite").unwrap();
    server.signal("STOP");
    for result in results(&client.clone().with_stall(Duration::from_millis(200))).await {
        let error = result.unwrap_err();
        assert!(error.may_pass() && error.to_string().contains("no response within"), "{error}");
    }
    server.signal("CONT");
    client.check(&host()).await.unwrap();
}

/// A bucket that does not exist is not an empty one.
async fn a_missing_bucket_is_an_error(server: &Server) {
    let state = tempfile::tempdir().unwrap();
    login(state.path(), OWNER);
    let client = server.stores_at(state.path(), "missing", server.region).get(None, "offsite").unwrap();
    for result in results(&client).await {
        let error = result.unwrap_err();
        assert!(error.to_string().contains("NoSuchBucket"), "{error}");
    }
}

/// Garage says which it expects.
async fn another_region_is_refused(server: &Server) {
    let state = tempfile::tempdir().unwrap();
    login(state.path(), OWNER);
    let client = server.stores_at(state.path(), &server.bucket, "us-east-1").get(None, "offsite").unwrap();
    for result in results(&client).await {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert!(error.to_string().contains("/garage/s3/aws4_request' (set the `region`"), "{error}");
    }
}

/// Also where it sends a movie in parts.
async fn a_key_that_only_reads_is_refused(server: &Server) {
    const READER: [&str; 2] = ["GKbbaa99887766554433221100", OWNER[1]];
    let (state, world) = (tempfile::tempdir().unwrap(), World::of(&EVENTS));
    login(state.path(), OWNER);
    let stores = server.stores(state.path());
    copy(&stores.get(None, "offsite").unwrap(), &world, &EVENTS[..1]).await.unwrap();
    server.add_reader(READER);
    login(state.path(), READER);
    let client = stores.get(None, "offsite").unwrap();
    assert_eq!(verified(&client).await.wrong, [""; 0]);
    world.write(EVENTS[1], "video.mp4", &vec![7; 11 << 20]);
    for event in &EVENTS[1..] {
        let error = copy(&client, &world, &[event]).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{event}: {error}");
    }
    Host::open(client, &host(), "home").await.unwrap();
}
