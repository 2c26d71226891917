use std::collections::BTreeMap;
use std::future::pending;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::{self, Next};
use axum::routing::get;
use futures_util::FutureExt;
use tower::ServiceExt;

use super::*;
use crate::clock::{Clock, SystemClock};

/// These routes with the meter around them.
fn metered(routes: Router) -> (Arc<Meters>, Router) {
    let meters = Arc::new(Meters::new(SystemClock.now()));
    let counted = async |State(meters): State<Arc<Meters>>, request, next: Next| {
        meter(&meters, request, |request| next.run(request)).await
    };
    (Arc::clone(&meters), routes.layer(middleware::from_fn_with_state(meters, counted)))
}

fn request(method: &str, path: &str) -> Request {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// The counters by route, method and status.
fn counted(meters: &Meters) -> BTreeMap<(String, &'static str, u16), u64> {
    let routes = meters.routes();
    let responses = routes.iter().flat_map(|(route, meter)| {
        meter.responses().map(move |(method, code, count)| ((route.to_string(), method, code), count))
    });
    responses.collect()
}

#[test]
fn a_cancelled_request_is_counted() {
    let (meters, router) = metered(Router::new().route("/slow/{n}", get(pending::<()>)));
    let mut waiting = Box::pin(router.oneshot(request("GET", "/slow/1")));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!((meters.in_flight(), counted(&meters).len()), (1, 0));
    drop(waiting);
    assert_eq!(meters.in_flight(), 0);
    assert_eq!(counted(&meters), [(("/slow/{n}".to_owned(), "GET", CLIENT_CLOSED), 1)].into());
}

#[test]
fn unlisted_labels_are_counted_as_other() {
    let mut many = Router::new().route("/teapot", get(|| async { StatusCode::IM_A_TEAPOT }));
    for n in 0..MAX_ROUTES + 10 {
        many = many.route(&format!("/{n}"), get(|| async { "ten bytes!" }));
    }
    let (meters, router) = metered(many);
    let send = |method: &str, path: String| {
        let response = router.clone().oneshot(request(method, &path)).now_or_never();
        response.expect("ready at once").unwrap();
    };
    send("GET", "/teapot".to_owned());
    send("BREW", "/teapot".to_owned());
    (0..MAX_ROUTES + 10).for_each(|n| send("GET", format!("/{n}")));
    let counted = counted(&meters);
    assert_eq!(counted[&("/teapot".to_owned(), "GET", 0)], 1);
    assert_eq!(counted[&("/teapot".to_owned(), "other", 405)], 1);
    assert_eq!(counted[&("/0".to_owned(), "GET", 200)], 1);
    assert_eq!(counted[&("other".to_owned(), "GET", 200)], 11);
    let measured = meters.routes();
    assert_eq!(measured.len(), MAX_ROUTES + 1);
    let bytes: u64 = measured.iter().map(|(_, meter)| meter.bytes.load(Ordering::Relaxed)).sum();
    assert_eq!(bytes, 10 * (MAX_ROUTES as u64 + 10), "including the others");
}
