//! Large bodies of requests, which their handlers read piece by piece. The handler bounds their size; here is the time limit.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::StatusCode;
use futures_util::StreamExt;

use crate::problem::Problem;

/// The body of a request. A client that sends nothing for 15 s has failed.
pub(crate) struct Upload {
    body: BodyDataStream,
    patience: Duration,
}

impl Upload {
    pub(crate) fn new(body: Body) -> Self {
        Self { body: body.into_data_stream(), patience: crate::fault::span("body", Duration::from_secs(15)) }
    }

    /// The next bytes; `None` at the end of the body. 408 if they do not come in time, 400 if the body breaks off.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let late = || Problem::new(StatusCode::REQUEST_TIMEOUT, "the request's body is not complete in time");
        let next = tokio::time::timeout(self.patience, self.body.next()).await.map_err(|_| late())?;
        next.transpose()
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("cannot read the request's body: {error}")))
    }
}
