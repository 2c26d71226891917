//! One movie of a camera's events: `GET /api/v1/export.mp4`. The engine joins it and the cache keeps it; while it is made, the response
//! is `202` with the progress.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::cached::{send, version};
use super::derived::{SourceOf, WAIT_FOR_MOVIE, accepted, outcome_of};
use super::files::Binary;
use super::files::response::FileResponse;
use super::zip::{ExportParams, query};
use crate::auth::Viewer;
use crate::engine::derive::Error as MediaError;
use crate::engine::{DerivedError, Handle, JoinError, Joined, JoinedMovie};
use crate::error::Error;
use crate::event::{Camera, State as EventState};
use crate::extract::Params;
use crate::extract::schema::Moment;
use crate::extract::values::{Flag, TimeText};
use crate::limits::{Reads, blocking};
use crate::problem::{CommonResponses, NoSuchEvent, Problem};
use crate::protocol::Progress;
use crate::response::{Disposition, disposition};

/// `Retry-After` while others are being made, in seconds.
const RETRY_AFTER: i64 = 10;
/// The header with the events of which something is missing.
const LEFT_OUT: HeaderName = HeaderName::from_static("owlery-left-out");
/// The most ids in it.
const MAX_LEFT_OUT: usize = 100;
/// The characters of an id that need no encoding in a header.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/').remove(b':');

/// The parameters of a joined movie.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MovieParams {
    /// the camera; required
    #[param(value_type = Camera, required = true)]
    camera: Option<Camera>,
    /// only events that start then or later
    #[param(value_type = Option<Moment>)]
    from: Option<TimeText>,
    /// only events that start then or earlier; a bare day is included
    #[param(value_type = Option<Moment>)]
    to: Option<TimeText>,
    /// only saved events, or only others
    #[param(value_type = Option<bool>)]
    saved: Option<Flag>,
    /// only events in this state; events that are still being recorded are left out
    state: Option<EventState>,
}

/// The movies of a camera's events in a period as one MP4, oldest first. `Owlery-Left-Out` names events that could not be used as a whole.
#[utoipa::path(
    get,
    operation_id = "export_movie",
    path = "/api/v1/export.mp4",
    tag = "events",
    params(MovieParams, ("Range" = Option<String>, Header, description = "of several ranges, the response has the first")),
    responses(
        (status = 200, description = "the movie", body = Binary, content_type = "video/mp4", headers(
            ("ETag", description = "of these bytes"),
            ("Owlery-Left-Out", description = "the ids of events of which nothing, or not all, is in the movie, percent-encoded, with commas between"),
        )),
        (status = 202, description = "it is being made", body = Progress, headers(("Retry-After", description = "when to ask again"))),
        (status = 206, description = "the part that `Range` requests", body = Binary, content_type = "video/mp4"),
        (status = 304, description = "the client has this version"),
        (status = 409, description = "the events are in several stores", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "it is another version", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too many events, or too large movies", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "it has no such part", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "no event has a movie that can be used", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "ffmpeg is missing, too many movies are being joined, or the cache cannot be used", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "the disk of the media cache is too full", body = Problem, content_type = "application/problem+json"),
        NoSuchEvent, CommonResponses
    )
)]
pub(crate) async fn export_movie(
    State(handle): State<Arc<Handle>>,
    State(reads): State<Arc<Reads>>,
    viewer: Viewer,
    method: Method,
    headers: HeaderMap,
    Params(MovieParams { camera, from, to, saved, state }): Params<MovieParams>,
) -> Result<Response, Problem> {
    let camera = camera.ok_or_else(|| Problem::parameter("camera", "camera: name the camera of the movie"))?;
    viewer.check_visible(&camera)?;
    let query = query(ExportParams { camera: vec![camera.clone()], from, to, saved, state }, &viewer, &handle)?;
    let (reader, stores) = (Arc::clone(&handle), viewer.usable_stores(&handle));
    let listed = reads.long(move || Ok(reader.events_to_join(&camera, query, &stores))).await?;
    let movie = match listed {
        Ok(movie) => movie,
        Err(error) => return Ok(refused(error, None, &handle, &viewer)),
    };
    let ticket = match joined(&handle, &movie).await? {
        Ok(Joined::Ready(content, left_out)) => {
            let response = FileResponse::new(version(&content), content.size(), &method, &headers);
            let (kind, caching) =
                (HeaderValue::from_static("video/mp4"), HeaderValue::from_static("private, no-cache"));
            let response = response.respond(|from, count| send(content, from, count), kind, caching).await?;
            return Ok(with_names(response, &movie, &left_out));
        }
        Ok(Joined::Making(ticket)) => ticket,
        Err(error) => return Ok(refused(error, Some(&movie), &handle, &viewer)),
    };
    match outcome_of(&ticket, WAIT_FOR_MOVIE).await {
        Some(Err(error)) => {
            Err(SourceOf { handle: &handle, viewer: &viewer, location: movie.first_location() }
                .problem_of_media(&error))
        }
        // Also if it has just been made: the next request gets it from the cache.
        _ => Ok(accepted(&ticket)),
    }
}

async fn joined(handle: &Arc<Handle>, movie: &JoinedMovie) -> Result<Result<Joined, JoinError>, Problem> {
    let (maker, movie) = (Arc::clone(handle), movie.clone());
    blocking(move || Ok(maker.joined_movie(&movie))).await
}

/// The response where no movie is made.
fn refused(error: JoinError, movie: Option<&JoinedMovie>, handle: &Handle, viewer: &Viewer) -> Response {
    let status = match &error {
        JoinError::Nothing => StatusCode::NOT_FOUND,
        JoinError::AllOpen => StatusCode::UNPROCESSABLE_ENTITY,
        JoinError::TooMany | JoinError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        JoinError::SeveralStores => StatusCode::CONFLICT,
        JoinError::NoRoom { .. } => StatusCode::INSUFFICIENT_STORAGE,
        JoinError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        JoinError::Derived(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    match error {
        JoinError::Busy => Problem::new(status, error.to_string()).retry_in(RETRY_AFTER),
        JoinError::Derived(error) => of_derived(error, movie, handle, viewer).into_response(),
        error => Problem::new(status, error.to_string()).into_response(),
    }
}

fn of_derived(error: DerivedError, movie: Option<&JoinedMovie>, handle: &Handle, viewer: &Viewer) -> Problem {
    match (error, movie) {
        (error, Some(movie)) => SourceOf { handle, viewer, location: movie.first_location() }.problem(error),
        (DerivedError::Archive(error), None) => error.into(),
        (DerivedError::Media(MediaError::Cancelled), None) => Error::Stopped.into(),
        (DerivedError::Media(error), None) => Problem::internal(error),
    }
}

/// Adds the name of the file, and the events of which something is missing.
fn with_names(mut response: Response, movie: &JoinedMovie, left_out: &[String]) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let name = movie.span().map_or_else(|| "movie.mp4".to_owned(), |span| file_name(movie.camera(), span));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, disposition(Disposition::Attachment, &name));
    if let Some(list) = names(left_out) {
        headers.insert(LEFT_OUT, list);
    }
    response
}

/// `Camera1 2026-11-20 10-04–11-30.mp4`; with the second day where that is another.
fn file_name(camera: &Camera, (start, end): (NaiveDateTime, NaiveDateTime)) -> String {
    let end_format = if start.date() == end.date() { "%H-%M" } else { "%Y-%m-%d %H-%M" };
    format!("{camera} {}–{}.mp4", start.format("%Y-%m-%d %H-%M"), end.format(end_format))
}

/// Ids for a header; `None` without any. Of many, only the first are named, and the number of the others.
fn names(left_out: &[String]) -> Option<HeaderValue> {
    let mut names: Vec<String> =
        left_out.iter().take(MAX_LEFT_OUT).map(|id| utf8_percent_encode(id, PLAIN).to_string()).collect();
    if left_out.len() > MAX_LEFT_OUT {
        names.push(format!("+{}", left_out.len() - MAX_LEFT_OUT));
    }
    (!names.is_empty()).then(|| HeaderValue::try_from(names.join(", ")).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_camera_and_time() {
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let camera: Camera = "Camera1".parse().unwrap();
        let day = (at("2026-11-20T10:04:36"), at("2026-11-20T11:30:00"));
        let night = (at("2026-11-20T23:59:59"), at("2026-11-21T00:00:09"));
        assert_eq!(file_name(&camera, day), "Camera1 2026-11-20 10-04–11-30.mp4");
        assert_eq!(file_name(&camera, night), "Camera1 2026-11-20 23-59–2026-11-21 00-00.mp4");
        assert_eq!(
            disposition(Disposition::Attachment, &file_name(&camera, day)),
            "attachment; filename=\"Camera1_2026-11-20_10-04_11-30.mp4\"; \
             filename*=UTF-8''Camera1%202026-11-20%2010-04%E2%80%9311-30.mp4"
        );
    }

    #[test]
    fn left_out_events_are_named_in_ascii() {
        assert_eq!(names(&[]), None);
        let ids = ["Camera1/2026-11-20/10-04-36".to_owned(), "Tür, 1%/2026-11-20/01".to_owned()];
        assert_eq!(names(&ids).unwrap(), "Camera1/2026-11-20/10-04-36, T%C3%BCr%2C%201%25/2026-11-20/01");
        let many = names(&vec![ids[0].clone(); 230]).unwrap();
        assert!(many.to_str().unwrap().ends_with(", +130") && many.len() < 4096);
    }
}
