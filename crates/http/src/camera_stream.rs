//! Live pictures: `GET /live/{camera}`, the stream of a camera as Motion serves it, and `/live/{camera}/still.jpg`, one picture of it.
//! A stream is read once for all clients (`upstream`, `connect`, `login`, `multipart`), which share its present picture (`feed`).

mod connect;
mod failure;
mod feed;
mod login;
mod multipart;
mod settings;
mod streams;
mod upstream;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::auth::Viewer;
use super::extract::{Names, NoParams};
use super::live::Disconnect;
use super::media::Binary;
use super::problem::{CommonResponses, Problem};
use super::response::no_body;
use crate::event::Camera;
use crate::limits::blocking;
use crate::stream_url::StreamUrl;
use failure::Failure;
use feed::{BOUNDARY, Client, Picture};
pub(crate) use streams::CameraStreams;
use streams::{Refused, Want};

/// `Retry-After` where there are too many clients, in seconds.
const RETRY_AFTER: i64 = 10;

/// The live pictures of a camera as `multipart/x-mixed-replace`, which an `img` element shows. The response begins with the first
/// picture. It ends with the session of the user, with the service, or when the camera's stream was lost for ten seconds.
#[utoipa::path(get, operation_id = "live_pictures", path = "/live/{camera}", tag = "files", params(
    ("camera" = Camera, Path),
), responses(
    (status = 200, description = "JPEG pictures, each with its `Content-Length`", body = Binary, content_type = "multipart/x-mixed-replace"),
    (status = 404, description = "there is no such camera", body = Problem, content_type = "application/problem+json"),
    (status = 502, description = "what Motion sends is no stream, or it wants another login", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "no stream of the camera is configured, or it cannot be reached, or there are too many clients", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn live_pictures(
    State(streams): State<Arc<CameraStreams>>,
    viewer: Viewer,
    method: Method,
    disconnect: Option<Extension<Disconnect>>,
    Names(camera): Names<String>,
    _: NoParams,
) -> Result<Response, Problem> {
    let (camera, url) = find(&streams, &viewer, &camera).await?;
    let body = if method == Method::HEAD {
        no_body()
    } else {
        let want = Want::Stream(disconnect.map(|Extension(disconnect)| disconnect));
        let mut client = match subscribe(&streams, &camera, &url, &viewer, want) {
            Ok(client) => client,
            Err(response) => return Ok(*response),
        };
        match client.first(streams.settings.max_age, streams.settings.first_limit).await {
            Ok(first) => body(client, first),
            Err(failure) => return Ok(failure.response(&camera, &url, &viewer)),
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("multipart/x-mixed-replace; boundary=owlery")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")), // keeps nginx from buffering
    ];
    Ok((headers, body).into_response())
}

/// The present picture of a camera: at most two seconds old, else the next one, for which the request waits five seconds.
#[utoipa::path(get, operation_id = "live_still", path = "/live/{camera}/still.jpg", tag = "files", params(
    ("camera" = Camera, Path),
), responses(
    (status = 200, description = "the picture", body = Binary, content_type = "image/jpeg"),
    (status = 404, description = "there is no such camera", body = Problem, content_type = "application/problem+json"),
    (status = 502, description = "what Motion sends is no stream, or it wants another login", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "no stream of the camera is configured, or it cannot be reached, or there are too many clients", body = Problem, content_type = "application/problem+json"),
    CommonResponses
))]
pub(crate) async fn live_still(
    State(streams): State<Arc<CameraStreams>>,
    viewer: Viewer,
    Names(camera): Names<String>,
    _: NoParams,
) -> Result<Response, Problem> {
    let (camera, url) = find(&streams, &viewer, &camera).await?;
    let mut client = match subscribe(&streams, &camera, &url, &viewer, Want::Still) {
        Ok(client) => client,
        Err(response) => return Ok(*response),
    };
    match client.first(streams.settings.max_age, streams.settings.still_limit).await {
        Ok(picture) => {
            let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")];
            Ok((headers, Body::from(picture.jpeg)).into_response())
        }
        Err(failure) => Ok(failure.response(&camera, &url, &viewer)),
    }
}

/// The camera of this name, and where its stream is.
async fn find(streams: &CameraStreams, viewer: &Viewer, name: &str) -> Result<(Camera, StreamUrl), Problem> {
    let camera: Camera = name.parse().map_err(|_| Problem::not_found())?;
    viewer.check_visible(&camera)?;
    if let Some(url) = streams.handle().live_stream(&camera) {
        return Ok((camera, url.clone()));
    }
    let (handle, stores) = (Arc::clone(streams.handle()), viewer.usable_stores(streams.handle()));
    let cameras = blocking(move || handle.located_cameras(&stores)).await?;
    if !cameras.iter().any(|info| info.summary.camera == camera) {
        return Err(Problem::not_found());
    }
    let why = format!(
        "no live stream of {camera} is configured: start owlery with --motion-conf FILE, where Motion's configuration has a \
         stream_port, or with --live '{camera}=http://HOST:PORT/'"
    );
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, why))
}

fn subscribe(
    streams: &CameraStreams,
    camera: &Camera,
    url: &StreamUrl,
    viewer: &Viewer,
    want: Want,
) -> Result<Client, Box<Response>> {
    streams.subscribe(camera, url, want).map_err(|refused| {
        Box::new(match refused {
            Refused::Login => Failure::Login { was_sent: true }.response(camera, url, viewer),
            Refused::Full => {
                let why = "too many clients of live pictures; try again later";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).retry_in(RETRY_AFTER)
            }
        })
    })
}

/// The body of a client's response: the first boundary, then each picture that it can take. Dropping it ends the subscription.
fn body(client: Client, first: Picture) -> Body {
    let opening = Bytes::from(format!("--{BOUNDARY}\r\n"));
    let pictures =
        futures_util::stream::unfold((client, Some(first.part), Some(opening)), async |(client, first, opening)| {
            let mut client = client;
            if let Some(opening) = opening {
                return Some((Ok::<_, Infallible>(opening), (client, first, None)));
            }
            let part = match first {
                Some(part) => part,
                None => client.next().await?.part,
            };
            Some((Ok(part), (client, None, None)))
        });
    Body::from_stream(pictures)
}

#[cfg(test)]
mod tests;
