//! Events as zip files: one, or all of some time. A zip is made while it is sent, in one thread of the blocking pool that
//! goes no faster than the client takes it: `pipe` leads from there to the body, `writer` fills it. Nothing of it lies on
//! disk, and in memory only its table of contents.

mod pipe;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use axum::RequestExt;
use axum::extract::{Path, Query as Pairs, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;

use super::api::Common;
use super::described::Moment;
use super::error::Problem;
use super::files::Binary;
use super::params::{Params, RawParams};
use super::viewer::Viewer;
use super::web::Web;
use super::wire::StateSchema;
use super::{api, error, no_body};
use crate::catalog::{Order, Query};
use crate::event::{Camera, Day, EventId, EventName};
use crate::service::Handle;
use crate::time::End;
use writer::Content;

/// The most events of an export: its table of contents is kept in memory until the end.
const MOST_EVENTS: usize = 10_000;
/// The most files, for the same reason: about 220 bytes each.
const MOST_FILES: u64 = 200_000;
/// How many events are asked of the catalog at a time.
const PAGE: usize = 200;
/// How long a client may take nothing before it loses its place.
const PATIENCE: Duration = Duration::from_secs(60);
/// When to come back where others are being served, in seconds. A guess: an export takes as long as its client takes.
const LATER: i64 = 10;

/// How many zips may be made at a time. Each takes a thread, and time of the disk that Motion writes to.
#[derive(Debug)]
pub(super) struct Places {
    exports: Arc<Semaphore>,
    events: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        Self { exports: Arc::new(Semaphore::new(2)), events: Arc::new(Semaphore::new(8)) }
    }
}

/// What is asked of an event: where its name ends with `.zip`, its files, else what is known of it. (One segment of a route
/// cannot be both a name and a suffix.)
pub(super) async fn event(State(web): State<Web>, viewer: Viewer, request: Request) -> Response {
    if is_zip(request.uri()) {
        zipped(web, viewer, request).await.unwrap_or_else(Problem::into_response)
    } else {
        api::event.call(request, web).await
    }
}

/// The other thing that is done with an event, and not with its zip.
pub(super) async fn delete(State(web): State<Web>, request: Request) -> Response {
    if is_zip(request.uri()) {
        error::method_not_allowed(request.uri().clone()).await
    } else {
        api::delete.call(request, web).await
    }
}

/// Whether a path of an event is that of its zip.
pub(super) fn is_zip(uri: &Uri) -> bool {
    uri.path().strip_suffix(".zip").is_some()
}

/// One event as a zip file.
#[utoipa::path(
    get,
    path = "/api/v1/events/{camera}/{date}/{time}.zip",
    operation_id = "event_zip",
    params(
        ("camera" = Camera, Path), ("date" = Day, Path), ("time" = EventName, Path),
    ),
    tag = "events",
    responses(
        (status = 200, description = "its files", body = Binary, content_type = "application/zip"),
        (status = 404, description = "there is no such event", body = Problem, content_type = "application/problem+json"),
        Common
    )
)]
pub(super) async fn zipped(web: Web, viewer: Viewer, mut request: Request) -> Result<Response, Problem> {
    let raw: RawParams = request.extract_parts::<Pairs<Vec<(String, String)>>>().await;
    Params::new(raw)?.end()?;
    let Path((camera, date, time)): Path<(String, String, String)> =
        request.extract_parts().await.map_err(|_| Problem::not_found())?;
    let time = time.strip_suffix(".zip").unwrap_or_default();
    let parse = || -> crate::Result<EventId> {
        Ok(EventId { camera: camera.parse()?, day: date.parse()?, name: time.parse()? })
    };
    let id = parse().map_err(|_| Problem::not_found())?;
    if !viewer.sees(&id.camera) {
        return Err(Problem::not_found());
    }
    // The tree decides what there is; the catalog may not know the event yet.
    let (handle, asked) = (Arc::clone(&web.handle), id.clone());
    let files = web.list(move || handle.event_files(&asked)).await.map_err(Problem::or_not_found)?;
    let name = format!("{}_{}_{}.zip", id.camera, id.day, id.name);
    Ok(answer(&web, request.method(), &web.zips.events, &name, Content::One(id, files)))
}

/// The events of some time as one zip file, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/export",
    tag = "events",
    params(
        ("camera" = Option<Vec<Camera>>, Query, description = "only of these cameras; repeats"),
        ("from" = Option<Moment>, Query, description = "that start at this time or later"),
        ("to" = Option<Moment>, Query, description = "that start at this time or earlier; a bare day is included"),
        ("saved" = Option<bool>, Query, description = "only saved ones, or only others"),
        ("state" = Option<StateSchema>, Query, description = "only events in this state"),
    ),
    responses(
        (status = 200, description = "their files", body = Binary, content_type = "application/zip"),
        (status = 404, description = "there is no such event", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too much at once", body = Problem, content_type = "application/problem+json"),
        Common
    )
)]
pub(super) async fn export(
    State(web): State<Web>,
    viewer: Viewer,
    method: Method,
    raw: RawParams,
) -> Result<Response, Problem> {
    let query = query(Params::new(raw)?, &viewer, &web.handle)?;
    let (handle, asked) = (Arc::clone(&web.handle), query.clone());
    let survey = web.read_long(move || survey(&handle, asked)).await?;
    let (first, last) = survey.days()?;
    // What begins while this is sent is not part of it. That is not "until now": Motion's clock may be ahead of ours.
    let query = survey.newest.into_iter().fold(query, Query::to);
    let days = if first == last { first.to_string() } else { format!("{first}_{last}") };
    Ok(answer(&web, &method, &web.zips.exports, &format!("events_{days}.zip"), Content::Many(query)))
}

/// The events that are asked for, as far as they exist for whoever asks.
fn query(mut params: Params, viewer: &Viewer, handle: &Handle) -> Result<Query, Problem> {
    let now = handle.now();
    let mut query = Query::new().order(Order::Asc).limit(PAGE);
    for camera in params.cameras("camera")? {
        query = query.camera(camera.as_str());
    }
    if let Some(from) = params.time("from", End::From, now)? {
        query = query.from(from);
    }
    if let Some(to) = params.time("to", End::To, now)? {
        query = query.to(to);
    }
    if let Some(saved) = params.parsed("saved", "true or false")? {
        query = query.saved(saved);
    }
    if let Some(state) = params.state("state")? {
        query = query.state(state);
    }
    params.end()?;
    Ok(match viewer.cameras() {
        Some(cameras) => query.within(cameras),
        None => query,
    })
}

fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such event")
}

/// What an export would hold, as far as the catalog knows.
#[derive(Default)]
struct Survey {
    events: usize,
    files: u64,
    days: Option<(Day, Day)>,
    newest: Option<NaiveDateTime>,
}

fn survey(handle: &Handle, mut query: Query) -> crate::Result<Survey> {
    let mut survey = Survey::default();
    loop {
        let page = handle.events(&query)?;
        for event in &page.events {
            let (day, details) = (event.id.day, &event.details);
            survey.events += 1;
            survey.newest = survey.newest.max(Some(details.start));
            // Debug frames are not counted; where there are too many after all, the writer stops.
            survey.files += u64::from(details.frames.unwrap_or(0)) + details.videos.len() as u64;
            survey.days = Some(survey.days.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
        }
        match page.next {
            Some(next) if !survey.is_too_much() => query = query.cursor(next),
            _ => return Ok(survey),
        }
    }
}

impl Survey {
    fn is_too_much(&self) -> bool {
        self.events > MOST_EVENTS || self.files > MOST_FILES
    }

    /// The first and the last day of it; a problem where it is nothing or too much.
    fn days(&self) -> Result<(Day, Day), Problem> {
        if self.is_too_much() {
            let detail = format!(
                "this is more than {MOST_EVENTS} events or {MOST_FILES} files: ask for a shorter time (from, to) or for fewer \
                 cameras (camera)"
            );
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        self.days.ok_or_else(nothing)
    }
}

/// The zip of this name, if there is a place to make it; its head alone takes none.
fn answer(web: &Web, method: &Method, places: &Arc<Semaphore>, name: &str, what: Content) -> Response {
    let body = if method == Method::HEAD {
        no_body()
    } else {
        let Ok(place) = Arc::clone(places).try_acquire_owned() else {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "others are being made: try again later");
            return problem.retry_in(LATER);
        };
        let (pipe, body) = pipe::new(PATIENCE, web.handle.stop().clone());
        let handle = Arc::clone(&web.handle);
        // It ends by itself: when it is done, when the client is gone or idle, or when the service stops.
        drop(tokio::task::spawn_blocking(move || {
            writer::write(&handle, what, pipe);
            drop(place);
        }));
        body
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, attachment(name)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

/// What RFC 8187 lets stand as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The name under which it is kept: for everybody in plain letters, and as it is for who can read that.
fn attachment(name: &str) -> HeaderValue {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut value = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        value.extend(["; filename*=UTF-8''", &utf8_percent_encode(name, PLAIN).to_string()]);
    }
    HeaderValue::try_from(value).expect("plain letters are a header's value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leaves_its_quotes_or_its_folder() {
        for (name, expected) in [
            ("Camera1_2026-11-20_10-04-36.zip", "attachment; filename=\"Camera1_2026-11-20_10-04-36.zip\""),
            ("a\"; x=\"b.zip", "attachment; filename=\"a___x__b.zip\"; filename*=UTF-8''a%22%3B%20x%3D%22b.zip"),
            ("Tür\\..zip", "attachment; filename=\"T_r_..zip\"; filename*=UTF-8''T%C3%BCr%5C..zip"),
        ] {
            assert_eq!(attachment(name).to_str().unwrap(), expected);
        }
    }
}
