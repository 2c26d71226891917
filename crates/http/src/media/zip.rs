//! Zip files of one event or of a period. A zip file is made while it is sent, by a thread of the blocking pool at the speed of the
//! client: `writer` writes to `pipe`, and the body reads from it. Only the table of contents is kept in memory, and nothing on disk.

mod pipe;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDateTime;
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;

use super::files::Binary;
use crate::auth::Viewer;
use crate::engine::{Handle, MediaFiles, Order, Query, UsableStores};
use crate::event::{Camera, Day, EventId, State as EventState};
use crate::extract::schema::{EventPath, Moment};
use crate::extract::values::{Flag, TimeText};
use crate::extract::{Names, NoParams, Params};
use crate::limits::Reads;
use crate::problem::{CommonResponses, NoSuchEvent, Problem};
use crate::response::{Disposition, disposition, no_body};
use crate::time::End;
use writer::{Content, MAX_FILES};

/// The most events of an export: its table of contents is kept in memory.
const MAX_EVENTS: usize = 10_000;
/// How many events a query of the catalog returns.
const PAGE: usize = 200;
/// How long a client may read nothing before its zip file is aborted.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// `Retry-After` when all permits are taken, in seconds. An estimate: the duration of an export depends on its client.
const RETRY_AFTER: i64 = 10;

/// The permits of zip files. Each file takes a thread, and time of the disk that Motion writes to.
#[derive(Debug)]
pub(crate) struct ZipPermits {
    exports: Arc<Semaphore>,
    events: Arc<Semaphore>,
}

impl Default for ZipPermits {
    fn default() -> Self {
        Self { exports: Arc::new(Semaphore::new(2)), events: Arc::new(Semaphore::new(8)) }
    }
}

/// One event as a zip file.
#[utoipa::path(
    get,
    path = "/api/v1/events/{camera}/{date}/{time}.zip",
    operation_id = "event_zip",
    params(EventPath),
    tag = "events",
    responses(
        (status = 200, description = "its files", body = Binary, content_type = "application/zip"),
        NoSuchEvent, CommonResponses
    )
)]
pub(crate) async fn event_zip(
    State(handle): State<Arc<Handle>>,
    State(reads): State<Arc<Reads>>,
    State(permits): State<Arc<ZipPermits>>,
    viewer: Viewer,
    method: Method,
    Names((camera, date, time)): Names<(String, String, String)>,
    _: NoParams,
) -> Result<Response, Problem> {
    let time = time.strip_suffix(".zip").unwrap_or_default();
    let id = viewer.event_id(&camera, &date, time)?;
    // From the tree: the event may not be in the catalog yet.
    let files = files_of(&handle, &viewer, &reads, &id).await.map_err(Problem::or_not_found)?;
    let name = format!("{}_{}_{}.zip", id.camera, id.day, id.name);
    Ok(respond(handle, &method, &permits.events, &name, Content::One(id, files)))
}

/// The files of an event of the archive, or of a store that the user may use.
async fn files_of(handle: &Arc<Handle>, viewer: &Viewer, reads: &Reads, id: &EventId) -> Result<MediaFiles, Problem> {
    let (reader, event) = (Arc::clone(handle), id.clone());
    let files = reads.listing(move || reader.event_files(&event)).await.map(MediaFiles::from);
    #[cfg(feature = "stores")]
    if files.as_ref().is_err_and(Problem::is_not_found)
        && let Some(files) = Box::pin(super::stored::stored_files(handle, viewer, id)).await?
    {
        return Ok(MediaFiles::Store(files));
    }
    let _ = viewer;
    files
}

/// The parameters of an export.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// only events of this camera; repeats
    #[serde(default)]
    #[param(value_type = Option<Vec<Camera>>)]
    pub(super) camera: Vec<Camera>,
    /// only events that start then or later
    #[param(value_type = Option<Moment>)]
    pub(super) from: Option<TimeText>,
    /// only events that start then or earlier; a bare day is included
    #[param(value_type = Option<Moment>)]
    pub(super) to: Option<TimeText>,
    /// only saved events, or only others
    #[param(value_type = Option<bool>)]
    pub(super) saved: Option<Flag>,
    /// only events in this state
    pub(super) state: Option<EventState>,
}

/// The events of a period as one zip file, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/export",
    tag = "events",
    params(ExportParams),
    responses(
        (status = 200, description = "their files", body = Binary, content_type = "application/zip"),
        (status = 413, description = "too many events or files", body = Problem, content_type = "application/problem+json"),
        NoSuchEvent, CommonResponses
    )
)]
pub(crate) async fn export(
    State(handle): State<Arc<Handle>>,
    State(reads): State<Arc<Reads>>,
    State(permits): State<Arc<ZipPermits>>,
    viewer: Viewer,
    method: Method,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let query = query(params, &viewer, &handle)?;
    let stores = viewer.usable_stores(&handle);
    let (reader, requested, of_user) = (Arc::clone(&handle), query.clone(), stores.clone());
    let size = reads.long(move || measure(&reader, requested, &of_user)).await?;
    let (first, last) = size.days()?;
    // Events that begin meanwhile are not part of it. The limit is the newest event and not now: Motion's clock may be ahead of ours.
    let query = size.newest.into_iter().fold(query, Query::to);
    let days = if first == last { first.to_string() } else { format!("{first}_{last}") };
    Ok(respond(handle, &method, &permits.exports, &format!("events_{days}.zip"), Content::Many(query, stores)))
}

/// The requested events of the cameras that the user can see.
pub(super) fn query(params: ExportParams, viewer: &Viewer, handle: &Handle) -> Result<Query, Problem> {
    let now = handle.now();
    let query = Query::new().order(Order::Asc).limit(PAGE);
    let mut query = params.camera.iter().fold(query, |query, camera| query.camera(camera.as_str()));
    if let Some(from) = params.from {
        query = query.from(from.resolve("from", End::From, now)?);
    }
    if let Some(to) = params.to {
        query = query.to(to.resolve("to", End::To, now)?);
    }
    if let Some(Flag(saved)) = params.saved {
        query = query.saved(saved);
    }
    if let Some(state) = params.state {
        query = query.state(state);
    }
    Ok(match viewer.cameras() {
        Some(cameras) => query.within(cameras),
        None => query,
    })
}

/// The size of an export by the catalog.
#[derive(Default)]
struct ExportSize {
    events: usize,
    files: u64,
    days: Option<(Day, Day)>,
    newest: Option<NaiveDateTime>,
}

fn measure(handle: &Handle, mut query: Query, stores: &UsableStores) -> crate::error::Result<ExportSize> {
    let mut size = ExportSize::default();
    loop {
        let page = handle.located_events(&query, stores)?;
        for event in page.events.iter().map(|located| &located.event) {
            let (day, details) = (event.id.day, &event.details);
            size.events += 1;
            size.newest = size.newest.max(Some(details.start));
            // Without debug frames; the writer stops at the limit.
            size.files += u64::from(details.frames.unwrap_or(0)) + details.videos.len() as u64;
            size.days = Some(size.days.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
        }
        match page.next {
            Some(next) if !size.is_too_large() => query = query.cursor(next),
            _ => return Ok(size),
        }
    }
}

impl ExportSize {
    fn is_too_large(&self) -> bool {
        self.events > MAX_EVENTS || self.files > MAX_FILES
    }

    /// The first and the last day; a problem if there are no events or too many.
    fn days(&self) -> Result<(Day, Day), Problem> {
        if self.is_too_large() {
            let detail = format!(
                "more than {MAX_EVENTS} events or {MAX_FILES} files: choose a shorter period (from, to) or fewer cameras \
                 (camera)"
            );
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        self.days.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no such event"))
    }
}

/// The response with a zip file of this name; 503 if all permits are taken. HEAD takes none.
fn respond(handle: Arc<Handle>, method: &Method, permits: &Arc<Semaphore>, name: &str, content: Content) -> Response {
    let body = if method == Method::HEAD {
        no_body()
    } else {
        let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
            let problem =
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many zip files at the same time; try again later");
            return problem.retry_in(RETRY_AFTER);
        };
        let (pipe, body) = pipe::new(STALL_TIMEOUT, handle.stop().clone());
        // The thread ends when the file is complete, when the client has disconnected or stalled, or when the service stops.
        drop(tokio::task::spawn_blocking(move || {
            writer::write(&handle, content, pipe);
            drop(permit);
        }));
        body
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, disposition(Disposition::Attachment, name)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}
