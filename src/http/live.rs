//! The live stream, `GET /api/v1/stream`: server-sent events. This answers the request; a task encodes the news
//! (`encoder`) into a bounded log (`log`) that every client reads at its own pace (`run`, `client`).

mod client;
mod encoder;
mod flood;
mod log;
mod message;
mod run;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::api::Common;
use super::closer::Closer;
use super::error::Problem;
use super::no_body;
use super::params::{Params, RawParams};
use super::prefix::Prefix;
use super::viewer::Viewer;
use super::web::Web;
use crate::event::Camera;
use crate::service::Handle;
use log::Bounds;
use message::Scope;
use run::{Run, Sitter};

/// How the stream behaves; tests have less patience.
#[derive(Debug, Clone)]
struct Settings {
    /// After so long a silence a client is sent a comment, so that nobody takes the connection for dead.
    heartbeat: Duration,
    /// How often the encoder looks after its clients.
    look: Duration,
    /// A client that takes nothing for so long, though something waits for it, is dropped.
    stall: Duration,
    /// How long the news are followed after the last client has left, for whoever comes back.
    linger: Duration,
    /// What is kept for whoever comes back.
    bounds: Bounds,
    /// The most clients at once.
    clients: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(15),
            look: Duration::from_secs(1),
            stall: Duration::from_secs(20),
            linger: Duration::from_secs(300),
            bounds: Bounds { messages: 4096, bytes: 4 << 20 },
            clients: 2000,
        }
    }
}

/// The most places where one router can be mounted and listened to at once.
const MOUNTS: usize = 8;

/// The stream of one router.
#[derive(Debug)]
pub(super) struct Live {
    handle: Arc<Handle>,
    settings: Settings,
    /// The runs under way, one for each place where the router is mounted, which is one as a rule. Added by the first client,
    /// taken away by the encoder when it ends.
    runs: Mutex<Vec<Arc<Run>>>,
    /// How often an encoder has looked after its clients and gone on, which tests wait for.
    #[cfg(test)]
    looks: AtomicU64,
}

/// Why nobody can sit down any more.
#[derive(Debug)]
struct Full;

/// How many runs this process has begun, so that no two of them have the same ids. Written and read by whoever begins one.
static BEGUN: AtomicU64 = AtomicU64::new(0);

impl Live {
    pub fn new(handle: Arc<Handle>) -> Arc<Self> {
        Self::with(handle, Settings::default())
    }

    fn with(handle: Arc<Handle>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            handle,
            settings,
            runs: Mutex::default(),
            #[cfg(test)]
            looks: AtomicU64::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Run>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat in the run under way, or in a new one.
    fn join(self: &Arc<Self>, prefix: &Prefix, last: Option<&str>, closer: Option<Closer>) -> Result<Sitter, Full> {
        let mut runs = self.lock();
        if runs.iter().map(|run| run.seats()).sum::<usize>() >= self.settings.clients {
            return Err(Full);
        }
        if let Some(run) = runs.iter().find(|run| run.prefix == prefix.as_str()) {
            return Ok(run.sit(last, closer));
        }
        if runs.len() >= MOUNTS {
            // A client may have named prefixes of its own: what is only kept for its return makes room.
            let Some(deserted) = runs.iter().position(|run| run.seats() == 0) else { return Err(Full) };
            runs.remove(deserted).retire();
        }
        let epoch = format!("{:016x}{:x}", self.handle.epoch(), BEGUN.fetch_add(1, Ordering::Relaxed));
        let run = Arc::new(Run::new(prefix.as_str(), epoch, self.settings.bounds));
        let news = self.handle.subscribe();
        let sitter = run.sit(last, closer);
        runs.push(Arc::clone(&run));
        drop(runs);
        // On the runtime of this request, which an embedding program may have started. One that is being shut down drops the
        // task here and now, which needs the lock.
        tokio::spawn(encoder::follow(encoder::Ending::new(self, run), news));
        Ok(sitter)
    }

    /// Forgets a run that has ended.
    fn forget(&self, run: &Arc<Run>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, run));
    }

    /// Forgets a run that nobody has joined meanwhile; false if somebody has.
    fn forget_deserted(&self, run: &Arc<Run>) -> bool {
        let mut runs = self.lock();
        let is_deserted = run.seats() == 0;
        runs.retain(|other| !(is_deserted && Arc::ptr_eq(other, run)));
        is_deserted
    }

    /// How many clients listen: the metrics tell.
    pub fn clients(&self) -> usize {
        self.lock().iter().map(|run| run.seats()).sum()
    }
}

/// What changes, as it happens: server-sent events.
///
/// `event-added` and `event-changed` carry the event as the lists do, `event-removed` its id, `pass` what a pass has
/// retired, restored or was refused, and `reset` says that messages are missing: look at everything anew. Every message
/// has an `id`; whoever reconnects with the last one is sent what came after it.
#[utoipa::path(get, path = "/api/v1/stream", tag = "stream", params(
    ("camera" = Option<Vec<Camera>>, Query, description = "only what concerns this camera; repeats"),
    ("last-event-id" = Option<String>, Query, description = "as the header `Last-Event-ID`, for whoever cannot send it; the header is believed first"),
    ("Last-Event-ID" = Option<String>, Header, description = "the id of the last message received: what came after it is sent first"),
), responses(
    (status = 200, description = "the stream, until one of both ends it", body = String, content_type = "text/event-stream"),
    Common
))]
pub(super) async fn stream(
    State(web): State<Web>,
    viewer: Viewer,
    method: Method,
    prefix: Prefix,
    closer: Option<Extension<Closer>>,
    headers: HeaderMap,
    raw: RawParams,
) -> Result<Response, Problem> {
    let mut params = Params::new(raw)?;
    let asked: BTreeSet<Camera> = params.cameras("camera")?.into_iter().collect();
    let asked_last = params.text("last-event-id")?;
    params.end()?;
    // A client that reconnects by itself repeats the address of its first request, but its header is of now. One that
    // cannot be read is of no message of ours.
    let header = headers.get("last-event-id").map(|last| String::from_utf8_lossy(last.as_bytes()).into_owned());
    let last = header.or(asked_last).filter(|last| !last.is_empty());
    let body = if method == Method::HEAD {
        no_body()
    } else {
        let Ok(sitter) = web.live.join(&prefix, last.as_deref(), closer.map(|Extension(closer)| closer)) else {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many clients listen; try again later");
            return Ok(problem.retry_in(10));
        };
        let scope = Scope::new(viewer, (!asked.is_empty()).then_some(asked));
        client::body(sitter, scope, web.live.settings.heartbeat)
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")), // nginx would wait for more
    ];
    Ok((headers, body).into_response())
}

#[cfg(test)]
mod tests;
