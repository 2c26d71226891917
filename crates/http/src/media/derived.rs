//! Derived media of events: `/media/{event}/thumbnail`, `preview.webp`, `preview.gif`, `sprite.jpg`, `sprite.json` and `playable.mp4`.
//! The engine makes them and the cache keeps them; here is what a client gets meanwhile. A small one is waited for; a movie is
//! `202` with the progress, until it is made.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::oneshot;
use utoipa::IntoParams;

use super::cached::{send, version};
use super::files::response::FileResponse;
use super::files::{Binary, body, decode, file_version};
use super::state_cache::StateCache;
use crate::api::located;
use crate::auth::Viewer;
use crate::engine::cache::{Content, Media};
use crate::engine::derive::{Error as MediaError, JobState, Outcome, Ticket, Width};
use crate::engine::{Derivative, Derived, DerivedError, Handle, Made};
use crate::error::Error;
use crate::event::{Event, EventId, EventName, Located, Location, State as EventState};
use crate::extract::Params;
use crate::extract::schema::{EventPath, ThumbnailPixels};
use crate::extract::values::ThumbnailWidth;
use crate::limits::{Reads, blocking};
use crate::problem::{CommonResponses, Problem};
use crate::protocol::Progress;
use crate::response::json;

/// How long a request waits for a picture that is being made.
const WAIT: Duration = Duration::from_secs(10);
/// The same for a movie: for a failure at once, such as a missing ffmpeg.
pub(super) const WAIT_FOR_MOVIE: Duration = Duration::from_millis(500);
/// When a client asks again for what is being made, in seconds.
const RETRY: &str = "1";

/// Whether a path below `/media/` is that of derived media, and not that of a file of an event.
pub(crate) fn is_derived(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(above, name)| kind_of(name, None).is_some() && above.split('/').count() == 5)
}

/// The parameters of derived media.
#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DerivedParams {
    /// the width of a thumbnail in pixels: 160, 240, 320 (the default) or 640
    #[param(value_type = Option<ThumbnailPixels>)]
    w: Option<ThumbnailWidth>,
}

/// A small JPEG of an event: of its `thumbnail.jpg`, else of the frame in which most pixels changed, else of its movie. It is never
/// larger than its source.
#[utoipa::path(get, operation_id = "thumbnail", path = "/media/{camera}/{date}/{time}/thumbnail", tag = "files", params(
    EventPath, DerivedParams,
    ("If-None-Match" = Option<String>, Header, description = "tags"),
), responses(
    (status = 200, description = "the picture", body = Binary, content_type = "image/jpeg", headers(("ETag", description = "of these bytes"))),
    (status = 202, description = "it is still being made after ten seconds", body = Progress, headers(("Retry-After", description = "when to ask again"))),
    (status = 206, description = "the part that `Range` requests", body = Binary, content_type = "image/jpeg"),
    (status = 304, description = "the client has this version"),
    (status = 404, description = "there is no such event, or no picture of it", body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "it is another version", body = Problem, content_type = "application/problem+json"),
    (status = 416, description = "it has no such part", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "it cannot be made of what the event has", body = Problem, content_type = "application/problem+json"),
    (status = 507, description = "it is larger than the media cache", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "ffmpeg is missing, or too many jobs wait", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn derived(
    State(handle): State<Arc<Handle>>,
    State((states, reads)): State<(Arc<StateCache>, Arc<Reads>)>,
    viewer: Viewer,
    params: Result<Params<DerivedParams>, Problem>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = decode(uri.path(), "/media/")?;
    let (event, name) = path.rsplit_once('/').ok_or_else(Problem::not_found)?;
    let id: EventId = event.parse().map_err(|_| Problem::not_found())?;
    viewer.check_visible(&id.camera)?;
    let Params(DerivedParams { w }) = params?;
    let kind = kind_of(name, w).ok_or_else(Problem::not_found)?;
    if w.is_some() && !matches!(kind, Derivative::Thumbnail(_)) {
        return Err(Problem::parameter("w", "w: only thumbnails have a width"));
    }
    let (event, location) = event_of(&handle, &states, &viewer, &id).await?;
    if kind == Derivative::Playable && event.details.videos.is_empty() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "the event has no movie"));
    }
    let request = (&method, &headers);
    let caching = caching(&event);
    if let Some(content) = handle.derived_at_once(&event, &location, kind) {
        return respond(content, kind, caching, request).await;
    }
    let (maker, place) = (Arc::clone(&handle), location.clone());
    let look_for = move || Ok(maker.derived(&event, &place, kind));
    // What a movie needs is looked up in the movie itself.
    let looked_for = match &location {
        Location::Store(_) if kind == Derivative::Playable => reads.of_stores(look_for).await?,
        _ => blocking(look_for).await?,
    };
    let source = SourceOf { handle: &handle, viewer: &viewer, location };
    match looked_for.map_err(|error| source.problem(error))? {
        Derived::Ready(content) => respond(content, kind, caching, request).await,
        Derived::Movie(movie, kind) => {
            let response = FileResponse::new(file_version(&movie), movie.len, &method, &headers);
            let kind = HeaderValue::from_static(kind.mime());
            response.respond(|from, count| body::of(movie, from, count), kind, caching).await
        }
        #[cfg(feature = "stores")]
        Derived::StoredMovie(movie, kind) => {
            let kind = HeaderValue::from_static(kind.mime());
            Box::pin(source.of_store()?.respond(&movie, (kind, caching), request)).await
        }
        Derived::Making(ticket) => {
            let wait = if kind == Derivative::Playable { WAIT_FOR_MOVIE } else { WAIT };
            wait_or_accept(ticket, wait, kind, caching, request).await?.map_err(|error| source.problem_of_media(&error))
        }
    }
}

/// Where the event is that media are derived from, and who asks.
pub(super) struct SourceOf<'a> {
    pub handle: &'a Handle,
    pub viewer: &'a Viewer,
    pub location: Location,
}

impl SourceOf<'_> {
    #[cfg(feature = "stores")]
    fn of_store(&self) -> Result<super::stored::OfStore<'_>, Problem> {
        match &self.location {
            Location::Store(store) => Ok(super::stored::OfStore::new(self.handle, self.viewer, store)),
            Location::Local => Err(Problem::not_found()),
        }
    }

    /// The problem of a source that cannot be read now.
    fn away(&self, why: &str) -> Problem {
        #[cfg(feature = "stores")]
        if let Ok(of_store) = self.of_store() {
            return of_store.away(why);
        }
        let _ = (self.handle, self.viewer, &self.location);
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }

    /// The problem of a copy that is not what it was.
    fn damaged(&self, why: &str) -> Problem {
        #[cfg(feature = "stores")]
        if let Ok(of_store) = self.of_store() {
            return of_store.damaged(why);
        }
        let _ = self; // without stores
        Problem::new(StatusCode::BAD_GATEWAY, why)
    }

    pub(super) fn problem(&self, error: DerivedError) -> Problem {
        match error {
            DerivedError::Archive(Error::Store(why)) => self.away(&why),
            DerivedError::Archive(Error::DamagedCopy(why)) => self.damaged(&why),
            DerivedError::Archive(error) => error.into(),
            DerivedError::Media(error) => self.problem_of_media(&error),
        }
    }

    pub(super) fn problem_of_media(&self, error: &MediaError) -> Problem {
        match error {
            MediaError::Away(why) => self.away(why),
            MediaError::Damaged(why) => self.damaged(why),
            other => problem_of_media(other),
        }
    }
}

/// An event, and where its files are. Only those of the archive are in the cache of events, which has no users.
async fn event_of(
    handle: &Arc<Handle>,
    states: &StateCache,
    viewer: &Viewer,
    id: &EventId,
) -> Result<(Arc<Event>, Location), Problem> {
    if let Some(event) = states.event(handle, id) {
        return Ok((event, Location::Local));
    }
    let Located { event, location } = located(handle, viewer, id).await?;
    Ok((Arc::new(event), location))
}

fn kind_of(name: &str, width: Option<ThumbnailWidth>) -> Option<Derivative> {
    Derivative::of_file_name(name, width.map_or(Width::W320, |width| width.0))
}

/// The `Cache-Control`. What is derived from a finished event does not change. The event must have been measured: before that, the
/// catalog may not know all of its files.
fn caching(event: &Event) -> HeaderValue {
    let is_measured = event.details.is_measured();
    HeaderValue::from_static(match (event.details.state, event.id.name) {
        (EventState::Open, _) => "no-store",
        (_, EventName::Time(_)) if is_measured => "private, max-age=31536000, immutable",
        _ => "no-cache",
    })
}

type Request<'a> = (&'a Method, &'a HeaderMap);

async fn respond(
    content: Content,
    kind: Derivative,
    caching: HeaderValue,
    (method, headers): Request<'_>,
) -> Result<Response, Problem> {
    let response = FileResponse::new(version(&content), content.size(), method, headers);
    let kind = HeaderValue::from_static(kind.mime());
    response.respond(|from, count| send(content, from, count), kind, caching).await
}

/// Waits for a job, and responds with what it made; with 202 if it is not done by then. The inner error is that of the job.
async fn wait_or_accept(
    ticket: Ticket<Made>,
    wait: Duration,
    kind: Derivative,
    caching: HeaderValue,
    request: Request<'_>,
) -> Result<Result<Response, Arc<MediaError>>, Problem> {
    let Some(outcome) = outcome_of(&ticket, wait).await else { return Ok(Ok(accepted(&ticket))) };
    match outcome {
        Ok(made) => match made.iter().find(|(made, _)| *made == kind) {
            Some((_, media)) => respond(Content::fetched(Media::clone(media)), kind, caching, request).await.map(Ok),
            // It went into the cache while this request was under way.
            None => Ok(Ok(accepted(&ticket))),
        },
        Err(error) => Ok(Err(error)),
    }
}

/// Waits for the result of a job; `None` if it has none by then.
pub(super) async fn outcome_of(ticket: &Ticket<Made>, wait: Duration) -> Option<Outcome<Made>> {
    let (ended, outcome) = oneshot::channel();
    ticket.on_end(|outcome| {
        let _ = ended.send(outcome);
    });
    match ticket.state() {
        JobState::Ended(outcome) => Some(outcome),
        _ => tokio::time::timeout(wait, outcome).await.ok()?.ok(),
    }
}

/// 202 with the progress.
pub(super) fn accepted(ticket: &Ticket<Made>) -> Response {
    let progress = match ticket.state() {
        JobState::Queued => 0.0,
        JobState::Running(part) => part,
        JobState::Ended(_) => 1.0,
    };
    let headers = [(header::RETRY_AFTER, RETRY), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::ACCEPTED, headers, json(&Progress { progress })).into_response()
}

fn problem_of_media(error: &MediaError) -> Problem {
    let status = match error {
        MediaError::NoFrame => StatusCode::NOT_FOUND,
        MediaError::Unplayable(_) | MediaError::Picture(_) | MediaError::TooManyPixels | MediaError::TooManyBytes => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        // It gave up by itself: the movie is not what it seems. Killed by a signal, it may do better another time.
        MediaError::Program { status, .. } if status.code().is_some() => StatusCode::UNPROCESSABLE_ENTITY,
        MediaError::Missing { .. } | MediaError::Busy | MediaError::Away(_) | MediaError::Cancelled => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        MediaError::Damaged(_) => StatusCode::BAD_GATEWAY,
        MediaError::NotKept(_) => StatusCode::INSUFFICIENT_STORAGE,
        MediaError::TimedOut { .. } | MediaError::Program { .. } | MediaError::Panicked(_) | MediaError::Io { .. } => {
            StatusCode::INTERNAL_SERVER_ERROR // it is in the log
        }
    };
    Problem::new(status, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the names directly below an event are derived.
    #[test]
    fn derived_names_lie_below_an_event() {
        for name in ["thumbnail", "preview.webp", "preview.gif", "sprite.jpg", "sprite.json", "playable.mp4"] {
            assert!(is_derived(&format!("/media/Camera1/2026-11-20/10-04-36/{name}")), "{name}");
            assert!(!is_derived(&format!("/media/Camera1/2026-11-20/10-04-36/debug/{name}")));
            assert!(!is_derived(&format!("/media/Camera1/2026-11-20/{name}")));
        }
        assert!(!is_derived("/media/Camera1/2026-11-20/10-04-36/thumbnail.jpg"));
    }
}
