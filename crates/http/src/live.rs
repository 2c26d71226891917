//! The live stream, `GET /api/v1/stream`: server-sent events. A task encodes the notifications of the service (`encoder`) into a
//! bounded log (`log`), which every client reads at its own pace (`run`, `client`).

mod client;
mod coalescer;
mod disconnect;
mod encoder;
mod log;
mod message;
mod run;
mod runs;
mod settings;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

pub use disconnect::Disconnect;

use super::auth::{Prefix, Viewer};
use super::extract::Params;
use super::problem::{CommonResponses, Problem};
use super::response::no_body;
use crate::engine::Handle;
use crate::event::Camera;
use encoder::RunGuard;
use message::Scope;
use run::{Run, Subscriber};
use runs::{Full, NewRun, Runs};
use settings::Settings;

/// The live stream of one router.
#[derive(Debug)]
pub(crate) struct Live {
    handle: Arc<Handle>,
    settings: Settings,
    runs: Arc<Runs>,
}

/// The number of runs that this process has begun, which makes their ids unique.
static RUNS_BEGUN: AtomicU64 = AtomicU64::new(0);

impl Live {
    /// A stream without clients.
    pub(crate) fn new(handle: Arc<Handle>) -> Arc<Self> {
        Self::with(handle, Settings::default())
    }

    fn with(handle: Arc<Handle>, settings: Settings) -> Arc<Self> {
        Arc::new(Self { handle, settings, runs: Arc::default() })
    }

    /// Subscribes to the run of this prefix, or to a new one. `last` is the id of the last message that the client has.
    fn subscribe(
        &self,
        prefix: &Prefix,
        last: Option<&str>,
        disconnect: Option<Disconnect>,
    ) -> Result<Subscriber, Full> {
        let make = || {
            let epoch = format!("{:016x}{:x}", self.handle.epoch(), RUNS_BEGUN.fetch_add(1, Ordering::Relaxed));
            let run = Arc::new(Run::new(prefix.as_str(), epoch, self.settings.bounds));
            NewRun { run, notifications: self.handle.subscribe() }
        };
        let (subscriber, new) =
            self.runs.subscribe(prefix.as_str(), last, disconnect, self.settings.max_clients, make)?;
        if let Some(NewRun { run, notifications }) = new {
            // `runs` is not locked here: a runtime that is shutting down drops the task at once, which locks it.
            let run = RunGuard::new(Arc::clone(&self.runs), run);
            tokio::spawn(encoder::follow(run, Arc::clone(&self.handle), self.settings.clone(), notifications));
        }
        Ok(subscriber)
    }

    /// The number of clients.
    pub(crate) fn clients(&self) -> usize {
        self.runs.clients()
    }
}

/// The parameters of the stream.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// only changes of this camera; repeats
    #[serde(default)]
    #[param(value_type = Option<Vec<Camera>>)]
    camera: BTreeSet<Camera>,
    /// in place of the header `Last-Event-ID`, which takes precedence
    #[serde(rename = "last-event-id")]
    last_event_id: Option<String>,
}

/// Changes as they happen: server-sent events.
///
/// `event-added` and `event-changed` carry the event as in lists, `event-removed` its id, `pass` what a pass has retired or
/// restored, or its refusal. `reset` means that messages are missing: load all data again. Every message has an `id`; a client that
/// reconnects with the last one gets the messages after it.
#[utoipa::path(get, path = "/api/v1/stream", tag = "stream", params(
    StreamParams,
    ("Last-Event-ID" = Option<String>, Header, description = "the id of the last message received: the stream begins with the messages after it"),
), responses(
    (status = 200, description = "the stream, until the client or the service ends it", body = String, content_type = "text/event-stream"),
    CommonResponses
))]
pub(crate) async fn stream(
    State(live): State<Arc<Live>>,
    viewer: Viewer,
    method: Method,
    prefix: Prefix,
    disconnect: Option<Extension<Disconnect>>,
    headers: HeaderMap,
    Params(params): Params<StreamParams>,
) -> Result<Response, Problem> {
    let StreamParams { camera: cameras, last_event_id: last_parameter } = params;
    // A browser that reconnects repeats the URL of its first request with a new header. An unreadable value matches no message.
    let header = headers.get("last-event-id").map(|last| String::from_utf8_lossy(last.as_bytes()).into_owned());
    let last = header.or(last_parameter).filter(|last| !last.is_empty());
    let body = if method == Method::HEAD {
        no_body()
    } else {
        let disconnect = disconnect.map(|Extension(disconnect)| disconnect);
        let Ok(subscriber) = live.subscribe(&prefix, last.as_deref(), disconnect) else {
            let problem =
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many clients of the stream; try again later");
            return Ok(problem.retry_in(10));
        };
        let scope = Scope::new(viewer, (!cameras.is_empty()).then_some(cameras));
        client::body(subscriber, scope, live.settings.heartbeat)
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")), // keeps nginx from buffering
    ];
    Ok((headers, body).into_response())
}

#[cfg(test)]
mod tests;
