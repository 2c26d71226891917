//! Limits of a request: the time for its body and for the response, and the size of its body. A handler that panics becomes a 500.

use std::any::Any;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, StreamExt};

use crate::problem::Problem;

/// The largest body of a request, in bytes: most routes take small JSON.
const MAX_BODY: usize = 64 * 1024;
/// The same where a request may name many events, whose cameras have long names.
const MAX_LIST: usize = 512 * 1024;

/// The times of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimits {
    /// Until the response begins; its body may take longer.
    response: Duration,
    /// Until the request's body is complete.
    body: Duration,
    /// The largest body, in bytes.
    size: usize,
}

impl RequestLimits {
    /// The limits of the service.
    pub(crate) fn usual() -> Self {
        let span = |name, secs| crate::fault::span(name, Duration::from_secs(secs));
        Self { response: span("answer", 30), body: span("body", 15), size: MAX_BODY }
    }

    /// The same for a request that may name many events.
    pub(crate) fn of_lists() -> Self {
        Self { size: MAX_LIST, ..Self::usual() }
    }

    /// The same for what waits for a store, which is given up after 30 s. The response then says which one, and why.
    pub(crate) fn of_stores() -> Self {
        Self { response: crate::fault::span("answer", Duration::from_secs(40)), ..Self::usual() }
    }
}

/// Reads the request's body and calls the handler; 503 if the response does not begin in time. Requests that change something
/// have no time limit: a pass cannot be cancelled, and its client needs the result.
pub(crate) async fn limit<F: Future<Output = Response>>(
    limits: RequestLimits,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let request = match with_body(limits, request).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    if !request.method().is_safe() {
        return next(request).await;
    }
    let uri = request.uri().clone();
    let mut response = pin!(next(request));
    // Most responses are ready at once. The timer, which makes the future large, is only for the others.
    if let Poll::Ready(response) = poll_fn(|context| Poll::Ready(response.as_mut().poll(context))).await {
        return response;
    }
    if let Ok(response) = Box::pin(tokio::time::timeout(limits.response, response)).await {
        return response;
    }
    tracing::warn!("HTTP: no response to {} within {:?}", uri.path(), limits.response);
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the response takes too long; try again later").into_response()
}

/// Reads the request's body: 408 if it is not complete in time, 413 if it is too large.
async fn with_body(limits: RequestLimits, request: Request) -> Result<Request, Response> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let late = || Problem::new(StatusCode::REQUEST_TIMEOUT, "the request's body is not complete in time");
    let read =
        Box::pin(tokio::time::timeout(limits.body, read(body, limits.size))).await.unwrap_or_else(|_| Err(late()));
    read.map(|bytes| Request::from_parts(parts, bytes.into())).map_err(|problem| {
        let mut response = problem.into_response();
        // The rest of the body is not read, so no other request can follow on this connection.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    })
}

async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the request's body is larger than {most} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let (mut whole, mut chunks) = (Vec::new(), body.into_data_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, format!("cannot read the request's body: {error}"))
        })?;
        if whole.len() + chunk.len() > most {
            return Err(too_large());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.into())
}

/// Returns a 500 for a handler that panics.
pub(crate) async fn catch_panic(response: impl Future<Output = Response>) -> Response {
    // Unwind safe: shared state is consistent after each step, and poisoned locks are used as they are.
    AssertUnwindSafe(response).catch_unwind().await.unwrap_or_else(|panic| panicked(&*panic))
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    tracing::error!("HTTP: a handler panicked: {}", message.unwrap_or("no message"));
    Problem::internal("internal error; see the log").into_response()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::Router;
    use axum::body::to_bytes;
    use axum::middleware::{Next, from_fn};
    use axum::routing::{any, get, post};
    use tower::ServiceExt;

    use super::*;

    /// Sends a request to a router with these limits; returns the status, and the text unless it is a problem.
    fn send(limits: RequestLimits, request: Request) -> (u16, String) {
        let router = Router::new()
            .route("/never", any(|| async { pending::<()>().await }))
            .route("/echo", post(async |body: Bytes| body))
            .route(
                "/endless",
                get(async move || Body::from_stream(futures_util::stream::once(after(limits.response * 2)))),
            )
            .route("/slow", post(async move || after(limits.response * 2).await.unwrap_or_default()))
            .route("/panic", get(async || -> String { panic!("{}", "on purpose") }))
            .layer(from_fn(move |request, next: Next| {
                catch_panic(limit(limits, request, |request| next.run(request)))
            }));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = router.oneshot(request).await.unwrap();
            let (status, kind) = (response.status(), response.headers().get(header::CONTENT_TYPE).cloned());
            let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let text = String::from_utf8(text.into()).unwrap();
            if status == StatusCode::OK {
                return (200, text);
            }
            assert_eq!(kind.unwrap(), "application/problem+json");
            let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(problem["status"], status.as_u16());
            (status.as_u16(), String::new())
        })
    }

    async fn after(span: Duration) -> Result<String, std::convert::Infallible> {
        tokio::time::sleep(span).await;
        Ok("at last".to_owned())
    }

    const SHORT: RequestLimits =
        RequestLimits { response: Duration::from_millis(20), body: Duration::from_millis(20), size: MAX_BODY };
    const LONG: RequestLimits =
        RequestLimits { response: Duration::from_secs(60), body: Duration::from_secs(60), size: MAX_BODY };

    fn request(method: &str, path: &str, body: impl Into<Body>) -> Request {
        Request::builder().method(method).uri(path).body(body.into()).unwrap()
    }

    #[test]
    fn a_response_that_does_not_begin_is_a_503() {
        assert_eq!(send(SHORT, request("GET", "/never", "")).0, 503);
        assert_eq!(send(SHORT, request("GET", "/endless", "")), (200, "at last".to_owned()));
    }

    #[test]
    fn changes_have_no_time_limit() {
        assert_eq!(send(SHORT, request("POST", "/slow", "")), (200, "at last".to_owned()));
    }

    #[test]
    fn bodies_are_complete_and_bounded() {
        let long = "x".repeat(MAX_BODY);
        assert_eq!(send(LONG, request("POST", "/echo", long.clone())), (200, long.clone()));
        assert_eq!(send(LONG, request("POST", "/echo", long.clone() + "x")).0, 413);
        let chunks = |count: usize| {
            let chunk = long[..MAX_BODY / 4].to_owned();
            Body::from_stream(futures_util::stream::iter(vec![Ok::<_, std::convert::Infallible>(chunk); count]))
        };
        assert_eq!(send(LONG, request("POST", "/echo", chunks(4))), (200, long.clone()));
        assert_eq!(send(LONG, request("POST", "/echo", chunks(5))).0, 413);
        let broken = futures_util::stream::iter([Ok("x"), Err(std::io::Error::other("gone"))]);
        assert_eq!(send(LONG, request("POST", "/echo", Body::from_stream(broken))).0, 400);
        let slow = futures_util::stream::once(async { pending::<Result<&str, std::io::Error>>().await });
        assert_eq!(send(SHORT, request("POST", "/echo", Body::from_stream(slow))).0, 408);
    }

    #[test]
    fn a_panic_is_a_500() {
        assert_eq!(send(LONG, request("GET", "/panic", "")).0, 500);
    }
}
