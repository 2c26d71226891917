//! Problem documents, `application/problem+json` (RFC 9457). The only place that maps errors to statuses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Error, Kind};

/// A problem document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    title: &'static str,
    #[schema(value_type = u16, minimum = 400, maximum = 599)]
    #[serde(serialize_with = "number")]
    status: StatusCode,
    detail: String,
    /// The parameter that is invalid.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem with this status.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { title, status, detail: detail.into(), parameter: None }
    }

    /// 404.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    /// 403.
    pub(crate) fn forbidden(why: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, why)
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed for this path")
    }

    /// 404 in place of a client error: a file or an event that cannot be opened for a reason of its name does not exist.
    pub(crate) fn or_not_found(self) -> Self {
        if self.status.is_server_error() { self } else { Self::not_found() }
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What went wrong, as a sentence.
    pub(crate) fn into_detail(self) -> String {
        self.detail
    }

    /// Whether it is a 404.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// 500.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }

    /// 507: the archive's disk is full.
    pub(crate) fn full() -> Self {
        let detail = "the disk is full: remove some files by hand, 64 kB and 10 files are enough";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, detail)
    }

    /// The response with `Retry-After`, in seconds.
    pub(crate) fn retry_in(self, seconds: i64) -> Response {
        ([(header::RETRY_AFTER, HeaderValue::from(seconds))], self).into_response()
    }

    /// 400: a parameter is unknown or invalid.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
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
        if matches!(&error, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::TimedOut) {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "the disk does not respond; see /readyz"); // it is in the log once
        }
        let status = match error.kind() {
            Kind::Usage => StatusCode::BAD_REQUEST,
            Kind::Refused => StatusCode::CONFLICT,
            Kind::Unknown => StatusCode::NOT_FOUND,
            Kind::NoArchive => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Failed if matches!(error, Error::Stopped) => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if let Error::Unavailable(why) = error {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, why); // it is in the log once
        }
        if status.is_server_error() {
            tracing::warn!("{}", error.chain());
            // The log has the paths and the messages of the system.
            return Self::new(status, "internal error; see the log");
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

/// The problem of routes of an event, for the OpenAPI document.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code)] // only its description is used
pub(crate) enum NoSuchEvent {
    /// There is no such event.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// The problem of routes of the media cache, for the OpenAPI document.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code)] // only its description is used
pub(crate) enum NoCache {
    /// The media cache cannot be used now; the detail says why.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// The problems of every route, for the OpenAPI document.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code)] // only its description is used
pub(crate) enum CommonResponses {
    /// A parameter is unknown, repeated or invalid.
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
    /// Authentication is required.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// Access is denied to this user or origin.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// Internal error; see the log.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// The disk is full.
    #[response(status = 507, content_type = "application/problem+json")]
    Full(Problem),
    /// The service is stopping or not ready.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}
