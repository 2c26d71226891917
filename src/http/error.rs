//! Errors as `application/problem+json` (RFC 9457), and the one place where an error becomes a status.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::zip;
use crate::error::{Error, Kind};

/// A problem document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Problem {
    title: &'static str,
    #[schema(value_type = u16, minimum = 400, maximum = 599)]
    #[serde(serialize_with = "number")]
    status: StatusCode,
    detail: String,
    /// The parameter that is wrong, if one is.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { title, status, detail: detail.into(), parameter: None }
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    /// What must not happen has.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }

    /// The archive's disk has no room for what was asked.
    pub fn full() -> Self {
        let detail = "the disk is full: remove some files by hand, 64 kB and 10 files are enough";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, detail)
    }

    pub fn is_server_error(&self) -> bool {
        self.status.is_server_error()
    }

    /// The answer, with the word to try again in so many seconds.
    pub fn retry_in(self, seconds: i64) -> Response {
        ([(header::RETRY_AFTER, HeaderValue::from(seconds))], self).into_response()
    }

    /// A parameter that is unknown or wrong.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { parameter: Some(name.to_owned()), ..Self::new(StatusCode::BAD_REQUEST, detail) }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if error.is_not_found() {
            return Self::not_found();
        }
        if error.is_full() {
            tracing::warn!("{}", error.chain());
            return Self::full();
        }
        let status = match error.kind() {
            Kind::Usage => StatusCode::BAD_REQUEST,
            Kind::Refused => StatusCode::CONFLICT,
            Kind::Unknown => StatusCode::NOT_FOUND,
            Kind::NoArchive => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Failed if matches!(error, Error::Stopped) => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::warn!("{}", error.chain());
            // Paths and system messages are for the log.
            return Self::new(status, "the request could not be answered; the log says why");
        }
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        (self.status, [(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

pub(super) async fn not_found() -> Problem {
    Problem::not_found()
}

pub(super) async fn method_not_allowed(uri: Uri) -> Response {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this cannot be done here");
    if zip::is_zip(&uri) {
        // It shares the route of its event, which can be deleted (see `zip::event`).
        return ([(header::ALLOW, HeaderValue::from_static("GET,HEAD"))], problem).into_response();
    }
    problem.into_response()
}
