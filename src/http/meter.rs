//! Counts requests as they go by: by route, method and code, and how long each took until its answer began. A route is the
//! template that it was added with, so whatever is asked for, the numbers stay as few as the routes are. Places to count in
//! are made once for each route; a request allocates nothing here but what the middleware itself takes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use tokio::sync::Semaphore;

use super::web::Web;
use crate::service::Histogram;

/// The methods that are told apart; the rest are "other".
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
/// The same for the codes of answers.
const CODES: [u16; 24] = [
    200, 204, 206, 301, 302, 303, 304, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 416, 422, 429, GONE, 500,
    503,
];
/// Not sent to anybody: whoever asked was gone before the answer began.
const GONE: u16 = 499;
/// What is none of the known.
const OTHER: &str = "other";
/// More routes than this are "other": a program that embeds the router may mount it in many places.
const MOST_ROUTES: usize = 256;
/// Until an answer begins, in seconds: most come from memory, some from a disk that has to wake up.
const LATENCIES: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// What is counted of requests, and what others may count with it.
#[derive(Debug)]
pub(super) struct Meters {
    /// Requests whose answers have not begun. Written by every request.
    in_flight: AtomicU64,
    /// The routes that were asked for. Filled by the first request for each, read by every request and by the metrics.
    routes: RwLock<HashMap<Arc<str>, Arc<RouteMeter>>>,
    /// What met no route.
    other: Arc<RouteMeter>,
    /// Held while the archive is looked at for the metrics: a disk that does not answer holds one thread, not one for
    /// every scrape.
    pub looking: Arc<Semaphore>,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            in_flight: AtomicU64::new(0),
            routes: RwLock::default(),
            other: Arc::default(),
            looking: Arc::new(Semaphore::new(1)),
        }
    }
}

/// What is counted of one route. Written by its requests, read by the metrics.
#[derive(Debug)]
pub(super) struct RouteMeter {
    /// Answers by method and code, the last of each being "other".
    answers: [[AtomicU64; CODES.len() + 1]; METHODS.len() + 1],
    /// Until the answers began.
    pub seconds: Histogram,
    /// The bytes of the answers' bodies, where that was known when they began.
    pub bytes: AtomicU64,
}

impl Default for RouteMeter {
    fn default() -> Self {
        Self { answers: Default::default(), seconds: Histogram::new(LATENCIES), bytes: AtomicU64::new(0) }
    }
}

impl RouteMeter {
    /// Method and code of the answers that there were, and how many.
    pub fn answers(&self) -> impl Iterator<Item = (&'static str, u16, u64)> {
        self.answers.iter().zip(METHODS.into_iter().chain([OTHER])).flat_map(|(codes, method)| {
            let counted = codes.iter().zip(CODES.into_iter().chain([0]));
            let counted = counted.map(move |(count, code)| (method, code, count.load(Ordering::Relaxed)));
            counted.filter(|(_, _, count)| *count > 0)
        })
    }

    fn add(&self, answer: &Answer) {
        let method = METHODS.iter().position(|method| *method == answer.method).unwrap_or(METHODS.len());
        let code = CODES.iter().position(|code| *code == answer.code).unwrap_or(CODES.len());
        self.answers[method][code].fetch_add(1, Ordering::Relaxed);
        self.seconds.observe(answer.begun.elapsed());
        self.bytes.fetch_add(answer.bytes, Ordering::Relaxed);
    }
}

impl Meters {
    /// How many requests wait for their answers.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Every route that was asked for, sorted, and what met none.
    pub fn seen(&self) -> Vec<(Arc<str>, Arc<RouteMeter>)> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = routes.iter().map(|(route, meter)| (Arc::clone(route), Arc::clone(meter))).collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        all.push((OTHER.into(), Arc::clone(&self.other)));
        all.retain(|(_, meter)| meter.answers().next().is_some());
        all
    }

    fn add(&self, answer: &Answer) {
        let Some(route) = &answer.route else { return self.other.add(answer) };
        if let Some(meter) = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(route.as_str()) {
            return meter.add(answer);
        }
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        if routes.len() >= MOST_ROUTES && !routes.contains_key(route.as_str()) {
            return self.other.add(answer);
        }
        routes.entry(route.as_str().into()).or_default().add(answer);
    }
}

/// A request on its way, which counts itself when its answer begins or when it is given up.
struct Answer {
    web: Web,
    route: Option<MatchedPath>,
    method: &'static str,
    begun: Instant,
    code: u16,
    bytes: u64,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.web.meters.add(self);
        self.web.meters.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn known(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

/// Counts a request. To be put around everything else, so that what is refused is counted too.
pub(super) async fn meter<F: Future<Output = Response>>(
    web: Web,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    web.meters.in_flight.fetch_add(1, Ordering::Relaxed);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = known(request.method());
    let mut answer = Answer { web, route, method, begun: Instant::now(), code: GONE, bytes: 0 };
    let response = next(request).await;
    answer.code = response.status().as_u16();
    let has_body = method != "HEAD" && response.status() != StatusCode::NOT_MODIFIED;
    answer.bytes = response.body().size_hint().exact().filter(|_| has_body).unwrap_or(0);
    response
}

#[cfg(test)]
mod tests;
