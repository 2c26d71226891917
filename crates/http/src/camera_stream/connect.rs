//! Opens the stream of a camera: one request over plain HTTP, with a login if the server asks for one. Redirects are not followed.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use owlery_model::printable::printable;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::failure::Failure;
use super::login;
use crate::stream_url::StreamUrl;

/// The limit for the head of a response.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// How much of another program's text is shown, in characters.
const MAX_SHOWN: usize = 80;

/// An open stream.
#[derive(Debug)]
pub(super) struct Opened {
    pub body: Incoming,
    /// The boundary between its pictures.
    pub boundary: String,
    _connection: Connection,
}

/// The task that drives a connection; dropping it closes the connection.
#[derive(Debug)]
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Opens a stream within `limit`.
pub(super) async fn open(url: &StreamUrl, limit: Duration) -> Result<Opened, Failure> {
    timeout(limit, open_with_login(url)).await.unwrap_or(Err(Failure::Silent(limit)))
}

async fn open_with_login(url: &StreamUrl) -> Result<Opened, Failure> {
    let (mut response, mut connection) = request(url, None).await?;
    let mut was_sent = false;
    if response.status() == StatusCode::UNAUTHORIZED
        && let Some(login) = url.login()
        && let Some(authorization) = login::authorization(response.headers(), url.target(), login)
    {
        was_sent = true;
        // On another connection: a server may close the first one.
        (response, connection) = request(url, Some(authorization)).await?;
    }
    let boundary = boundary_of(response.status(), response.headers(), was_sent)?;
    Ok(Opened { body: response.into_body(), boundary, _connection: connection })
}

async fn request(
    url: &StreamUrl,
    authorization: Option<HeaderValue>,
) -> Result<(Response<Incoming>, Connection), Failure> {
    let unreachable = |error: std::io::Error| Failure::Unreachable(shown(&error.to_string()));
    let stream = TcpStream::connect((url.host(), url.port())).await.map_err(unreachable)?;
    let handshake = http1::Builder::new().max_buf_size(MAX_HEAD_BYTES).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| failure_of(&error))?;
    let connection = Connection(tokio::spawn(async move {
        let _ = connection.await; // the body of the response has the error
    }));
    let mut request = Request::get(url.target())
        .header(header::HOST, url.authority())
        .header(header::USER_AGENT, "owlery")
        .header(header::ACCEPT, "multipart/x-mixed-replace, */*;q=0.1");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let request = request.body(Body::empty()).map_err(|_| Failure::NoStream("its URL is invalid".to_owned()))?;
    let response = sender.send_request(request).await.map_err(|error| failure_of(&error))?;
    Ok((response, connection))
}

/// An error of a connection. Messages of hyper have neither the URL nor headers.
pub(super) fn failure_of(error: &hyper::Error) -> Failure {
    if error.is_parse() {
        return Failure::NoStream("it does not speak plain HTTP".to_owned());
    }
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::Unreachable(shown(&format!("{error}{cause}")))
}

/// The boundary that a response announces.
fn boundary_of(status: StatusCode, headers: &HeaderMap, was_sent: bool) -> Result<String, Failure> {
    if status == StatusCode::UNAUTHORIZED {
        return Err(Failure::Login { was_sent });
    }
    if status.is_redirection() {
        return Err(Failure::NoStream("it redirects to another address, which is not followed".to_owned()));
    }
    if status != StatusCode::OK {
        return Err(Failure::NoStream(format!("it responds with status {}", status.as_u16())));
    }
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
    let kind = kind.unwrap_or_else(|| "nothing".to_owned());
    boundary(&kind).ok_or_else(|| Failure::NoStream(format!("its Content-Type is {}", shown(&kind))))
}

/// The boundary of a `Content-Type`, if that is one of a stream.
fn boundary(kind: &str) -> Option<String> {
    let (essence, parameters) = kind.split_once(';')?;
    if !essence.trim().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim())
    })?;
    Some(value.trim_matches('"').to_owned())
}

/// A text of another program, made printable and short.
fn shown(text: &str) -> String {
    printable(text).chars().take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_found() {
        for (kind, expected) in [
            ("multipart/x-mixed-replace; boundary=BoundaryString", Some("BoundaryString")),
            ("Multipart/X-Mixed-Replace;x=y; Boundary = \"--a b\"", Some("--a b")),
            ("multipart/x-mixed-replace", None),
            ("multipart/x-mixed-replace; charset=x", None),
            ("image/jpeg; boundary=x", None),
            ("text/html", None),
        ] {
            assert_eq!(boundary(kind).as_deref(), expected, "{kind}");
        }
    }

    #[test]
    fn other_responses_are_failures() {
        let of = |status: u16, kind: &'static str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
            boundary_of(StatusCode::from_u16(status).unwrap(), &headers, true).unwrap_err()
        };
        assert_eq!(of(401, "text/html"), Failure::Login { was_sent: true });
        assert_eq!(of(200, "text/html"), Failure::NoStream("its Content-Type is text/html".to_owned()));
        for status in [302, 404, 503, 204] {
            assert!(matches!(of(status, "multipart/x-mixed-replace; boundary=x"), Failure::NoStream(_)), "{status}");
        }
    }
}
