//! What a request may take of the service: how long its answer and its body, how much its body; and that a handler which
//! panics is answered for. All of it ends in problem documents.

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

use super::error::Problem;

/// The longest body of a request: the routes take small JSON.
const LONGEST_BODY: usize = 64 * 1024;

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Until the head of the answer is there; what follows may take as long as it does.
    answer: Duration,
    /// Until the request's own body is there.
    body: Duration,
}

impl Limits {
    pub fn usual() -> Self {
        let span = |name, secs| crate::fault::span(name, Duration::from_secs(secs));
        Self { answer: span("answer", 30), body: span("body", 15) }
    }
}

/// Takes the request's body, and has the handler answer in time: else 503. Only where nothing is changed: a pass may take
/// its time, cannot be called back, and whoever asked for it must hear what became of it.
pub(super) async fn limit<F: Future<Output = Response>>(
    limits: Limits,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let request = match with_body(limits, request).await {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    if !request.method().is_safe() {
        return next(request).await;
    }
    let uri = request.uri().clone();
    let mut answer = pin!(next(request));
    // Most are answered at once and need no timer, which would also make every answer's future a large one.
    if let Poll::Ready(answer) = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
        return answer;
    }
    if let Ok(answer) = Box::pin(tokio::time::timeout(limits.answer, answer)).await {
        return answer;
    }
    tracing::warn!("HTTP: {} was not answered within {:?}", uri.path(), limits.answer);
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the answer takes too long; try again later").into_response()
}

/// The request with its body at hand: 408 if that does not come, 413 if it is too long.
async fn with_body(limits: Limits, request: Request) -> Result<Request, Response> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let late = || Problem::new(StatusCode::REQUEST_TIMEOUT, "the request's body did not come");
    let read = Box::pin(tokio::time::timeout(limits.body, read(body))).await.unwrap_or_else(|_| Err(late()));
    read.map(|bytes| Request::from_parts(parts, bytes.into())).map_err(|problem| {
        let mut answer = problem.into_response();
        // What is left of the body is not read, so no other request can follow it.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        answer
    })
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    let too_long = || {
        let detail = format!("the request's body is longer than {LONGEST_BODY} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    if body.size_hint().lower() > LONGEST_BODY as u64 {
        return Err(too_long());
    }
    let (mut whole, mut chunks) = (Vec::new(), body.into_data_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the request's body broke off: {error}")))?;
        if whole.len() + chunk.len() > LONGEST_BODY {
            return Err(too_long());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.into())
}

/// Answers for a handler that panics.
pub(super) async fn caught(answer: impl Future<Output = Response>) -> Response {
    // Whatever is shared is either whole after each step of its own, or behind a lock whose poison is looked through.
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| panicked(&*panic))
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    tracing::error!("HTTP: a handler panicked: {}", message.unwrap_or("without a word"));
    Problem::internal("the request made it stumble; the log says why").into_response()
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

    /// What a router of some handlers answers within these limits: the status, and the text unless it is a problem.
    fn ask(limits: Limits, request: Request) -> (u16, String) {
        let router = Router::new()
            .route("/never", any(|| async { pending::<()>().await }))
            .route("/echo", post(async |body: Bytes| body))
            .route(
                "/endless",
                get(async move || Body::from_stream(futures_util::stream::once(after(limits.answer * 2)))),
            )
            .route("/slow", post(async move || after(limits.answer * 2).await.unwrap_or_default()))
            .route("/panic", get(async || -> String { panic!("{}", "on purpose") }))
            .layer(from_fn(move |request, next: Next| caught(limit(limits, request, |request| next.run(request)))));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = router.oneshot(request).await.unwrap();
            let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
            let text = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
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

    const SHORT: Limits = Limits { answer: Duration::from_millis(20), body: Duration::from_millis(20) };
    const LONG: Limits = Limits { answer: Duration::from_secs(60), body: Duration::from_secs(60) };

    fn request(method: &str, path: &str, body: impl Into<Body>) -> Request {
        Request::builder().method(method).uri(path).body(body.into()).unwrap()
    }

    #[test]
    fn an_answer_that_does_not_come_is_a_503_but_one_that_goes_on_is_none() {
        assert_eq!(ask(SHORT, request("GET", "/never", "")).0, 503);
        assert_eq!(ask(SHORT, request("GET", "/endless", "")), (200, "at last".to_owned()));
    }

    #[test]
    fn who_changes_something_is_told_what_became_of_it() {
        assert_eq!(ask(SHORT, request("POST", "/slow", "")), (200, "at last".to_owned()));
    }

    #[test]
    fn a_body_comes_whole_or_not_at_all() {
        let long = "x".repeat(LONGEST_BODY);
        assert_eq!(ask(LONG, request("POST", "/echo", long.clone())), (200, long.clone()));
        assert_eq!(ask(LONG, request("POST", "/echo", long.clone() + "x")).0, 413);
        let chunks = |count: usize| {
            let chunk = long[..LONGEST_BODY / 4].to_owned();
            Body::from_stream(futures_util::stream::iter(vec![Ok::<_, std::convert::Infallible>(chunk); count]))
        };
        assert_eq!(ask(LONG, request("POST", "/echo", chunks(4))), (200, long.clone()));
        assert_eq!(ask(LONG, request("POST", "/echo", chunks(5))).0, 413);
        let broken = futures_util::stream::iter([Ok("x"), Err(std::io::Error::other("gone"))]);
        assert_eq!(ask(LONG, request("POST", "/echo", Body::from_stream(broken))).0, 400);
        let slow = futures_util::stream::once(async { pending::<Result<&str, std::io::Error>>().await });
        assert_eq!(ask(SHORT, request("POST", "/echo", Body::from_stream(slow))).0, 408);
    }

    #[test]
    fn a_panic_is_a_500() {
        assert_eq!(ask(LONG, request("GET", "/panic", "")).0, 500);
    }
}
