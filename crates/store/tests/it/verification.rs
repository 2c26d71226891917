//! What a verification finds, and that a share of each day reaches everything.

use std::sync::Arc;
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use owlery_model::event::Day;
use owlery_store::{Client, Error, Share, verify};

use crate::world::{World, client_of, copy, host, verified};

const EVENT: &str = "Camera1/2026-11-20/10-04-36";

async fn copied() -> (Arc<dyn ObjectStore>, Client) {
    let (world, store) = (World::new(), Arc::new(InMemory::new()) as Arc<dyn ObjectStore>);
    world.add_event(EVENT);
    world.write(EVENT, "video.mp4", &vec![7; 9 << 20]);
    let client = client_of(Arc::clone(&store));
    copy(&client, &world, &[EVENT]).await.unwrap();
    (store, client)
}

#[tokio::test]
async fn damage_is_found() {
    let movie = Path::from(format!("site/garage/{EVENT}/video.mp4"));
    let manifest = Path::from("site/garage/Camera1/2026-11-20/manifest.json");
    let index = Path::from("site/garage/.owlery/index.json");
    let mut garbled = vec![7; 9 << 20];
    garbled[5 << 20] = 8;
    let cases: [(&Path, Option<Vec<u8>>, &str); 7] = [
        (&movie, None, "it is not there"),
        (&movie, Some(vec![7; 100]), "it has 100 bytes"),
        (&movie, Some(garbled), "the bytes of part 1 are not"),
        (&manifest, None, "is missing"),
        (&manifest, Some(b"{}".to_vec()), "missing field"),
        (&index, Some(b"no JSON".to_vec()), "is damaged"),
        (&index, None, "has copied nothing"),
    ];
    for (key, bytes, expected) in cases {
        let (store, client) = copied().await;
        assert_eq!(verified(&client).await.wrong, [""; 0]);
        match bytes {
            None => store.delete(key).await.unwrap(),
            Some(bytes) => drop(store.put(key, PutPayload::from(bytes)).await.unwrap()),
        }
        let wrong = verified(&client).await.wrong;
        assert!(wrong.len() == 1 && wrong[0].contains(expected), "{key} {expected}: {wrong:?}");
    }
}

/// Sizes are always compared; bytes are read of another part each day.
#[tokio::test]
async fn a_share_a_day_reaches_all() {
    let (_store, client) = copied().await;
    let mut read = 0;
    for day in 0..4 {
        let share = Share::percent(25.0, Day::from_number(20_000 + day).unwrap()).unwrap();
        let found = verify(&client, &host(), share).await.unwrap();
        assert_eq!((found.objects, &found.wrong[..]), (3, &[][..]));
        read += found.read;
    }
    assert_eq!(read, 3);
    let day = Day::from_number(20_000).unwrap();
    assert_eq!(Share::percent(100.0, day), Some(Share::All));
    for wrong in [0.0, -1.0, 100.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Share::percent(wrong, day), None);
    }
}

/// A store that has lost its quorum accepts requests and never responds.
#[tokio::test(start_paused = true)]
async fn a_store_that_never_responds_is_an_error() {
    let silent = object_store::throttle::ThrottledStore::new(
        InMemory::new(),
        object_store::throttle::ThrottleConfig {
            wait_get_per_call: Duration::from_hours(1),
            ..object_store::throttle::ThrottleConfig::default()
        },
    );
    let client = client_of(Arc::new(silent)).with_stall(Duration::from_secs(5));
    let error = verify(&client, &host(), Share::All).await.unwrap_err();
    assert!(matches!(&error, Error::OutOfReach { why, .. } if why.contains("5 s")), "{error}");
}
