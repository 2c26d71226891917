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
use crate::http::Access;
use crate::service::{Archive, Options, Service};

/// A service, since what is shared needs one; nothing is asked of it.
fn service() -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("Camera1")).unwrap();
    let service = Archive::open(Options::new(folder.path())).unwrap().start().unwrap();
    (folder, service)
}

/// These routes with the meter around them.
fn metered(service: &Service, routes: Router) -> (Web, Router) {
    let web = Web::new(Arc::clone(service.handle()), service.state_dir(), Access::default());
    let counted = |State(web): State<Web>, request, next: Next| meter(web, request, |request| next.run(request));
    (web.clone(), routes.layer(middleware::from_fn_with_state(web, counted)))
}

fn request(method: &str, path: &str) -> Request {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// What was counted: route, method and code, and how often.
fn counted(web: &Web) -> BTreeMap<(String, &'static str, u16), u64> {
    let seen = web.meters.seen();
    let answers = seen.iter().flat_map(|(route, meter)| {
        meter.answers().map(move |(method, code, count)| ((route.to_string(), method, code), count))
    });
    answers.collect()
}

#[test]
fn a_request_that_is_given_up_is_counted_and_in_flight_no_more() {
    let (_folder, service) = service();
    let (web, router) = metered(&service, Router::new().route("/slow/{n}", get(pending::<()>)));
    let mut waiting = Box::pin(router.oneshot(request("GET", "/slow/1")));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!((web.meters.in_flight(), counted(&web).len()), (1, 0));
    drop(waiting);
    assert_eq!(web.meters.in_flight(), 0);
    assert_eq!(counted(&web), [(("/slow/{n}".to_owned(), "GET", GONE), 1)].into());
}

#[test]
fn routes_methods_and_codes_beyond_what_is_kept_are_others() {
    let (_folder, service) = service();
    let mut many = Router::new().route("/teapot", get(|| async { StatusCode::IM_A_TEAPOT }));
    for n in 0..MOST_ROUTES + 10 {
        many = many.route(&format!("/{n}"), get(|| async { "ten bytes!" }));
    }
    let (web, router) = metered(&service, many);
    let answer = |method: &str, path: String| {
        let response = router.clone().oneshot(request(method, &path)).now_or_never();
        response.expect("nothing waits").unwrap();
    };
    answer("GET", "/teapot".to_owned());
    answer("BREW", "/teapot".to_owned());
    (0..MOST_ROUTES + 10).for_each(|n| answer("GET", format!("/{n}")));
    let counted = counted(&web);
    assert_eq!(counted[&("/teapot".to_owned(), "GET", 0)], 1);
    assert_eq!(counted[&("/teapot".to_owned(), "other", 405)], 1);
    assert_eq!(counted[&("/0".to_owned(), "GET", 200)], 1);
    assert_eq!(counted[&("other".to_owned(), "GET", 200)], 11);
    let seen = web.meters.seen();
    assert_eq!(seen.len(), MOST_ROUTES + 1);
    let bytes: u64 = seen.iter().map(|(_, meter)| meter.bytes.load(Ordering::Relaxed)).sum();
    assert_eq!(bytes, 10 * (MOST_ROUTES as u64 + 10), "the others' too");
}
