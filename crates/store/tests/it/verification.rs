//! That a share of each day reaches everything, and that a verification ends. What it finds is in `conformance`.

use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use owlery_model::event::Day;
use owlery_store::{Error, Share, verify};

use crate::world::{EVENTS, World, client_of, copy, host, verified};

/// Sizes are always compared; bytes are read of another part each day.
#[tokio::test]
async fn a_share_a_day_reaches_all() {
    let client = client_of(Arc::new(InMemory::new()));
    copy(&client, &World::of(&EVENTS[..1]), &EVENTS[..1]).await.unwrap();
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

/// A changed byte that still is JSON is found; a manifest and an index of an older Owlery, which have no checksum, are read.
#[tokio::test]
async fn manifests_have_checksums_of_their_own() {
    let store = Arc::new(InMemory::new());
    let client = client_of(Arc::clone(&store) as _);
    copy(&client, &World::of(&EVENTS[..1]), &EVENTS[..1]).await.unwrap();
    for name in ["Camera1/2026-11-20/manifest.json", ".owlery/index.json"] {
        let key = Path::from(format!("site/garage/{name}"));
        let whole = store.get(&key).await.unwrap().bytes().await.unwrap();
        let text = std::str::from_utf8(&whole).unwrap();
        let (rest, sum) = text.rsplit_once(",\"sha256\":\"").unwrap();
        let digits = (0..rest.len()).filter(|at| rest.as_bytes()[*at].is_ascii_digit());
        for at in digits.step_by(7) {
            let mut garbled = whole.to_vec();
            garbled[at] ^= 1; // another digit
            store.put(&key, garbled.into()).await.unwrap();
            let wrong = verified(&client).await.wrong;
            assert!(wrong.iter().any(|wrong| wrong.contains("its checksum is another")), "{at}: {wrong:?}");
        }
        for garbled in [format!("{rest},\"sha25\":\"{sum}"), format!("{rest},\"sha256\":\"{}", &sum[1..])] {
            store.put(&key, garbled.into()).await.unwrap();
            let wrong = verified(&client).await.wrong;
            assert!(wrong.iter().any(|wrong| wrong.contains("it is damaged (unknown field")), "{wrong:?}");
        }
        store.put(&key, format!("{rest}}}").into()).await.unwrap();
        assert_eq!(verified(&client).await.wrong, [""; 0], "{name}");
        store.put(&key, whole.into()).await.unwrap();
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
