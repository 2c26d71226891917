//! Why a camera's stream shows no picture, and what clients are told of it: users who are not admins get no address and no message
//! of a system, and nobody a login.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::multipart::Malformed;
use crate::auth::{Role, Viewer};
use crate::event::Camera;
use crate::problem::Problem;
use crate::stream_url::StreamUrl;

/// `Retry-After` where another attempt may succeed, in seconds.
const RETRY_AFTER: i64 = 2;

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no connection, or it was lost.
    Unreachable(String),
    /// No picture came in this time.
    Silent(Duration),
    /// It wants a login that is not known, or another one.
    Login {
        /// Whether one was sent.
        was_sent: bool,
    },
    /// It sends something else.
    NoStream(String),
    /// It sends something that looks like a stream.
    Malformed(Malformed),
    /// The service stops.
    Stopped,
}

impl Failure {
    /// Whether it is no use to try again soon. A server may lock out who sends a wrong login several times, as Motion does.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Login { .. } | Self::Stopped)
    }

    /// The response to a client that waits for a picture.
    pub(super) fn response(&self, camera: &Camera, url: &StreamUrl, viewer: &Viewer) -> Response {
        let (status, what, detail) = self.parts();
        let mut text = format!("the live stream of {camera} {what}");
        if viewer.account().role == Role::Admin && !matches!(self, Self::Stopped) {
            text.push_str(&format!(" ({}{detail})", url.authority()));
        }
        let problem = Problem::new(status, text);
        if status == StatusCode::SERVICE_UNAVAILABLE { problem.retry_in(RETRY_AFTER) } else { problem.into_response() }
    }

    /// The status, what happened, and for admins why.
    fn parts(&self) -> (StatusCode, &'static str, String) {
        let (away, bad) = (StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_GATEWAY);
        match self {
            Self::Unreachable(why) => (away, "cannot be reached: does Motion run?", format!(": {why}")),
            Self::Silent(time) => (away, "sends no picture", format!(": none in {} s", time.as_secs_f32())),
            Self::Login { was_sent: false } => {
                let cure =
                    ": set stream_authentication in Motion's configuration, or USER:PASSWORD@ in the URL of --live";
                (bad, "wants a login, and none is configured", cure.to_owned())
            }
            Self::Login { was_sent: true } => {
                let cure = ": it is tried again after 5 minutes, or when owlery starts".to_owned();
                (bad, "refuses the configured login", cure)
            }
            Self::NoStream(why) => (bad, "is no stream of pictures (multipart/x-mixed-replace)", format!(": {why}")),
            Self::Malformed(why) => (bad, "cannot be read", format!(": {}", why.text())),
            Self::Stopped => (away, "ends: the service stops", String::new()),
        }
    }
}
