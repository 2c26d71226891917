//! Counts requests by route, method and status, and measures the time until the response begins. A route is the template of the
//! router, so the number of series is bounded. Counters are allocated once per route, and none per request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use tokio::sync::Semaphore;

use super::process;
use crate::clock::Now;
use crate::engine::Histogram;

/// The methods with a series of their own; the others are "other".
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
/// The same for statuses.
const CODES: [u16; 24] = [
    200,
    204,
    206,
    301,
    302,
    303,
    304,
    400,
    401,
    403,
    404,
    405,
    406,
    408,
    409,
    412,
    413,
    415,
    416,
    422,
    429,
    CLIENT_CLOSED,
    500,
    503,
];
/// Counted, not sent: the client disconnected before the response began.
const CLIENT_CLOSED: u16 = 499;
/// The label of methods, statuses and routes without a series.
const OTHER: &str = "other";
/// The most routes; further ones are "other". A program that embeds the router may mount it under many paths.
const MAX_ROUTES: usize = 256;
/// The buckets of the time until a response begins, in seconds: most come from memory, some from a disk that has to spin up.
const LATENCIES: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// The counters of all requests, and the state of scrapes.
#[derive(Debug)]
pub(crate) struct Meters {
    /// Requests whose responses have not begun.
    in_flight: AtomicU64,
    /// The requested routes.
    routes: RwLock<HashMap<Arc<str>, Arc<RouteMeter>>>,
    /// Requests without a route.
    other: Arc<RouteMeter>,
    /// Held while a scrape takes a snapshot of the archive, so that a disk that does not respond blocks one thread and not one for every scrape.
    pub snapshot_permit: Arc<Semaphore>,
    /// When the process started, in seconds since 1970; `None` if that cannot be read.
    pub process_start: Option<f64>,
}

/// The counters of one route.
#[derive(Debug)]
pub(super) struct RouteMeter {
    /// Responses by method and status, the last of each being "other".
    responses: [[AtomicU64; CODES.len() + 1]; METHODS.len() + 1],
    /// The time until responses began.
    pub seconds: Histogram,
    /// The bytes of the responses' bodies, as far as known when they began.
    pub bytes: AtomicU64,
}

impl Default for RouteMeter {
    fn default() -> Self {
        Self { responses: Default::default(), seconds: Histogram::new(LATENCIES), bytes: AtomicU64::new(0) }
    }
}

impl RouteMeter {
    /// The method, status and number of responses.
    pub(super) fn responses(&self) -> impl Iterator<Item = (&'static str, u16, u64)> {
        self.responses.iter().zip(METHODS.into_iter().chain([OTHER])).flat_map(|(codes, method)| {
            let counted = codes.iter().zip(CODES.into_iter().chain([0]));
            let counted = counted.map(move |(count, code)| (method, code, count.load(Ordering::Relaxed)));
            counted.filter(|(_, _, count)| *count > 0)
        })
    }

    fn add(&self, request: &MeteredRequest) {
        let method = METHODS.iter().position(|method| *method == request.method).unwrap_or(METHODS.len());
        let code = CODES.iter().position(|code| *code == request.code).unwrap_or(CODES.len());
        self.responses[method][code].fetch_add(1, Ordering::Relaxed);
        self.seconds.observe(request.begun.elapsed());
        self.bytes.fetch_add(request.bytes, Ordering::Relaxed);
    }
}

impl Meters {
    /// Without requests. `now` is the present time.
    pub(crate) fn new(now: Now) -> Self {
        #[allow(clippy::cast_precision_loss)] // milliseconds are far below 2^52
        let process_start = process::started(now.utc.timestamp_millis() as f64 / 1000.0);
        Self {
            in_flight: AtomicU64::new(0),
            routes: RwLock::default(),
            other: Arc::default(),
            snapshot_permit: Arc::new(Semaphore::new(1)),
            process_start,
        }
    }

    /// The number of requests whose responses have not begun.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The requested routes in order, and the requests without one.
    pub(super) fn routes(&self) -> Vec<(Arc<str>, Arc<RouteMeter>)> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = routes.iter().map(|(route, meter)| (Arc::clone(route), Arc::clone(meter))).collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        all.push((OTHER.into(), Arc::clone(&self.other)));
        all.retain(|(_, meter)| meter.responses().next().is_some());
        all
    }

    fn add(&self, request: &MeteredRequest) {
        let Some(route) = &request.route else { return self.other.add(request) };
        if let Some(meter) = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(route.as_str()) {
            return meter.add(request);
        }
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        if routes.len() >= MAX_ROUTES && !routes.contains_key(route.as_str()) {
            return self.other.add(request);
        }
        routes.entry(route.as_str().into()).or_default().add(request);
    }
}

/// A request, counted when its response begins or when its client disconnects.
struct MeteredRequest {
    meters: Arc<Meters>,
    route: Option<MatchedPath>,
    method: &'static str,
    begun: Instant,
    code: u16,
    bytes: u64,
}

impl Drop for MeteredRequest {
    fn drop(&mut self) {
        self.meters.add(self);
        self.meters.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn method_label(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

/// The outermost middleware: counts a request, also if it is refused.
pub(crate) async fn meter<F: Future<Output = Response>>(
    meters: &Arc<Meters>,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    meters.in_flight.fetch_add(1, Ordering::Relaxed);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = method_label(request.method());
    let begun = Instant::now();
    let mut metered =
        MeteredRequest { meters: Arc::clone(meters), route, method, begun, code: CLIENT_CLOSED, bytes: 0 };
    let response = next(request).await;
    metered.code = response.status().as_u16();
    let has_body = method != "HEAD" && response.status() != StatusCode::NOT_MODIFIED;
    metered.bytes = response.body().size_hint().exact().filter(|_| has_body).unwrap_or(0);
    response
}

#[cfg(test)]
mod tests;
