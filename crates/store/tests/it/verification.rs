//! That a share of each day reaches everything, and that a verification ends. What it finds is in `conformance`.

use std::sync::Arc;
use std::time::Duration;

use object_store::memory::InMemory;
use owlery_model::event::Day;
use owlery_store::{Error, Share, verify};

use crate::world::{EVENTS, World, client_of, copy, host};

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
